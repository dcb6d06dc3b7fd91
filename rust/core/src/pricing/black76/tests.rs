use super::{
    ARGUMENTS, Greek, delta_forward, greeks_slices, price_slice, slices, undiscounted, undiscounted_columns,
};
use crate::math::{
    broadcast::Broadcast,
    simd::{Kernel, Variant, detected, dispatch_on},
    special::norm_cdf,
};
use proptest::prelude::*;

const PRICES: &str = include_str!("../../../../../tests/golden/black76_price.csv");
const SENSITIVITIES: &str = include_str!("../../../../../tests/golden/black76_greeks.csv");
const EXTREMES: &str = include_str!("../../../../../tests/golden/iv_normalised_black_extremes.csv");

const CALL: f64 = 1.0;
const PUT: f64 = -1.0;
const INF: f64 = f64::INFINITY;

/// The numbers of a table, row by row; the source is dropped.
fn table<const N: usize>(csv: &str) -> Vec<[f64; N]> {
    let number = |cell: &str| cell.parse().unwrap();
    let row = |line: &str| {
        let cells: Vec<f64> = line.split(',').take(N).map(number).collect();
        cells.try_into().unwrap()
    };
    csv.lines().skip(1).map(row).collect()
}

fn variants() -> impl Iterator<Item = Variant> {
    [Variant::Baseline, Variant::Avx2, Variant::Avx512].into_iter().filter(|v| *v <= detected())
}

/// One price in eight lanes, so that the vector body runs.
struct Undiscounted([f64; 4]);

/// The same by the general formulas alone.
struct General([f64; 4]);

impl Kernel for General {
    type Output = f64;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        let [sign, forward, strike, total_sd] = self.0;
        undiscounted::<FMA>(sign, forward, strike, total_sd)
    }
}

impl Kernel for Undiscounted {
    type Output = [f64; 8];
    #[inline(always)]
    fn run<const FMA: bool>(self) -> [f64; 8] {
        let [sign, forward, strike, total_sd] = self.0;
        let mut out = [0.0; 8];
        undiscounted_columns::<FMA>(sign, &[forward; 8], &[strike; 8], &[total_sd; 8], &mut out);
        out
    }
}

fn price(sign: f64, forward: f64, strike: f64, total_sd: f64) -> f64 {
    let lanes = dispatch_on(detected(), Undiscounted([sign, forward, strike, total_sd]));
    assert!(lanes.iter().all(|x| x.to_bits() == lanes[0].to_bits()));
    lanes[0]
}

/// All greeks of one contract.
fn greeks_of(on: Variant, terms: [f64; 6]) -> [f64; 14] {
    let shape: [usize; 0] = [];
    let arguments = std::array::from_fn(|i| (ARGUMENTS[i], &terms[i..=i], &shape[..]));
    let broadcast = Broadcast::new(arguments).unwrap();

    let mut out = [0.0; 14];
    let columns = out.chunks_mut(1).collect();
    dispatch_on(on, slices::Greeks { arguments: &broadcast, start: 0, selected: &Greek::ALL, out: columns });
    out
}

fn one_contract(terms: [f64; 6]) -> [f64; 14] {
    greeks_of(detected(), terms)
}

#[test]
fn golden_prices_on_every_variant() {
    for [sign, forward, strike, total_sd, want] in table::<5>(PRICES) {
        let a = (forward / strike).ln() / total_sd;
        // Rounding s moves the price by a² half units in the last place.
        let tolerance = 4e-15 + 4e-16 * a * a;
        for variant in variants() {
            let terms = [sign, forward, strike, total_sd];
            for got in [dispatch_on(variant, Undiscounted(terms))[3], dispatch_on(variant, General(terms))] {
                let error = (got - want).abs() / want;
                assert!(error <= tolerance, "{terms:?} {}: {got} {want} {error:e}", variant.name());
            }
        }
    }
}

#[test]
fn normalised_extremes() {
    for [x, total_sd, want, _] in table::<4>(EXTREMES) {
        // The table's x is a decimal; the forward nearest to eˣ shifts it by one rounding.
        let got = price(CALL, x.exp(), 1.0, total_sd) / (0.5 * x).exp();
        let a = x / total_sd;
        let moved = 2e-16 / total_sd * a.abs().max(1.0) + 1e-14 + 4e-16 * a * a;
        assert!((got / want - 1.0).abs() <= moved, "{x} {total_sd}: {got} {want}");
    }
}

#[test]
fn golden_greeks_on_every_variant() {
    for row in table::<20>(SENSITIVITIES) {
        let terms: [f64; 6] = row[..6].try_into().unwrap();
        let [_, forward, strike, years, vol, _] = terms;
        let a = (forward / strike).ln() / (vol * years.sqrt());
        let tolerance = 4e-15 + 1e-15 * a * a;
        let (vega, gamma) = (row[9], row[8]);
        // The size of the terms that greeks of second and third order are sums of, and which may cancel.
        let terms_size = |name: &str| match name {
            "theta" => vega * vol / (2.0 * years),
            "vanna" => vega * (1.0 + a.abs()) / (forward * vol),
            "volga" => vega * a.abs() / vol,
            "charm" => vega * (1.0 + a.abs()) / (2.0 * forward * years),
            "speed" => gamma * (1.0 + a.abs() / (vol * years.sqrt())) / forward,
            "zomma" => gamma * (1.0 + a * a) / vol,
            "color" => gamma * (1.0 + a * a) / (2.0 * years),
            "veta" => vega * (1.0 + a * a) / (2.0 * years),
            "ultima" => vega * (1.0 + a * a) * a * a / (vol * vol),
            _ => 0.0,
        };
        for variant in variants() {
            for ((greek, got), want) in Greek::ALL.iter().zip(greeks_of(variant, terms)).zip(&row[6..]) {
                let name = greek.name();
                let error = (got - want).abs() / want.abs().max(terms_size(name));
                assert!(error <= tolerance, "{name} of {terms:?}: {got} {want} {error:e}");
            }
        }
    }
}

#[test]
fn zero_vol() {
    for (forward, strike) in [(100.0, 90.0), (90.0, 100.0), (100.0, 100.0), (0.1, 0.3)] {
        assert_eq!(price(CALL, forward, strike, 0.0), f64::max(forward - strike, 0.0));
        assert_eq!(price(PUT, forward, strike, 0.0), f64::max(strike - forward, 0.0));
    }
    let discount = 0.9;
    let [price, delta, gamma, vega, theta, rho, vanna, volga, charm, rest @ ..] =
        one_contract([CALL, 110.0, 100.0, 2.0, 0.0, discount]);
    let rate = -f64::ln(discount) / 2.0;
    assert_eq!([price, delta, gamma, vega, vanna, volga], [9.0, 0.9, 0.0, 0.0, 0.0, 0.0]);
    assert!((theta / (rate * 9.0) - 1.0).abs() < 1e-15 && (charm / (rate * 0.9) - 1.0).abs() < 1e-15);
    assert_eq!(rho, -18.0);
    assert_eq!(rest, [0.0; 5]);
}

#[test]
fn zero_expiry() {
    assert_eq!(one_contract([PUT, 90.0, 100.0, 0.0, 0.2, 1.0])[..6], [10.0, -1.0, 0.0, 0.0, 0.0, 0.0]);
    let at_the_money = one_contract([CALL, 100.0, 100.0, 0.0, 0.2, 1.0]);
    assert_eq!(at_the_money[..6], [0.0, 0.5, INF, 0.0, -INF, 0.0]);
    assert!(at_the_money.iter().all(|x| !x.is_nan()), "{at_the_money:?}");
}

#[test]
fn tiny_vol() {
    // At the money the price is F s φ(0).
    for total_sd in [1e-300, 1e-100, 1e-16, 1e-9] {
        let want = 50.0 * total_sd * 0.3989422804014327;
        assert!((price(CALL, 50.0, 50.0, total_sd) / want - 1.0).abs() < 1e-15);
        assert_eq!(price(CALL, 50.0, 51.0, total_sd), 0.0);
        assert_eq!(price(PUT, 50.0, 51.0, total_sd), 1.0);
    }
}

#[test]
fn deep_wing() {
    // Subnormal and zero prices are reached without NaN, and never below zero.
    for i in 1..400 {
        let value = price(CALL, 1.0, f64::from(i).exp(), 1.0);
        assert!((0.0..1.0).contains(&value));
    }
    assert_eq!(price(CALL, f64::MIN_POSITIVE, 1e300, 1.0), 0.0);
    assert_eq!(price(PUT, 1e300, 1e-300, 1.0), 0.0);
}

#[test]
fn massive_vol() {
    for total_sd in [100.0, 1e10, 1e300, INF] {
        assert_eq!(price(CALL, 100.0, 120.0, total_sd), 100.0);
        assert_eq!(price(PUT, 100.0, 120.0, total_sd), 120.0);
    }
}

#[test]
fn zero_strike_and_zero_forward() {
    for total_sd in [0.0, 0.5, 10.0, INF] {
        assert_eq!([price(CALL, 7.0, 0.0, total_sd), price(PUT, 7.0, 0.0, total_sd)], [7.0, 0.0]);
        assert_eq!([price(CALL, 0.0, 7.0, total_sd), price(PUT, 0.0, 7.0, total_sd)], [0.0, 7.0]);
        assert_eq!(price(CALL, 0.0, 0.0, total_sd), 0.0);
    }
    let mut expected = [0.0; 14];
    (expected[0], expected[1], expected[5]) = (7.0, 1.0, -7.0);
    assert_eq!(one_contract([CALL, 7.0, 0.0, 1.0, 0.3, 1.0]), expected);
}

#[test]
fn nan_in_nan_out() {
    let good = [CALL, 100.0, 95.0, 0.5, 0.2, 0.99];
    assert!(one_contract(good).iter().all(|x| x.is_finite()));
    let domain =
        [(1, -1.0), (2, -1.0), (3, -1.0), (4, -0.1), (5, 0.0), (5, -1.0), (1, INF), (2, INF), (5, INF)];
    for (term, value) in (0..6).map(|term| (term, f64::NAN)).chain(domain) {
        let mut bad = good;
        bad[term] = value;
        let got = one_contract(bad);
        assert!(got.iter().all(|x| x.is_nan()), "{} = {value}: {got:?}", ARGUMENTS[term]);
    }
    for bad in
        [[f64::NAN, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, f64::NAN], [1.0, 1.0, 1.0, -1.0], [1.0, 0.0, INF, 1.0]]
    {
        assert!(price(bad[0], bad[1], bad[2], bad[3]).is_nan());
    }
}

#[test]
fn slices_broadcast_and_do_not_depend_on_threads() {
    let strikes: Vec<f64> = (0..400).map(|i| 60.0 + 0.2 * f64::from(i)).collect();
    let vols: Vec<f64> = (0..500).map(|i| 0.05 + 0.001 * f64::from(i)).collect();
    let (rows, columns, scalar) = ([500, 1], [400], []);
    let arguments = [
        ("right", &[PUT][..], &scalar[..]),
        ("forward", &[100.0], &scalar),
        ("strike", &strikes, &columns),
        ("years", &[0.25], &scalar),
        ("vol", &vols, &rows),
        ("discount", &[1.0], &scalar),
    ];
    let broadcast = Broadcast::new(arguments).unwrap();
    let mut out = vec![0.0; broadcast.rows()];
    price_slice(&broadcast, &mut out);
    let (mut again, mut gamma) = (vec![0.0; out.len()], vec![0.0; out.len()]);
    greeks_slices(&broadcast, &[Greek::Price, Greek::Gamma], vec![&mut again, &mut gamma]);
    for (i, &value) in out.iter().enumerate() {
        assert_eq!(value, price(PUT, 100.0, strikes[i % 400], vols[i / 400] * 0.5));
        assert_eq!(value, again[i]);
    }
}

/// The formula as in books.
fn naive(sign: f64, forward: f64, strike: f64, total_sd: f64) -> f64 {
    let d1 = (forward / strike).ln() / total_sd + 0.5 * total_sd;
    let (n1, n2) = (norm_cdf::<false>(sign * d1), norm_cdf::<false>(sign * (d1 - total_sd)));
    sign * (forward * n1 - strike * n2)
}

proptest! {
    #[test]
    fn agrees_with_the_naive_twin(f in 1.0f64..1e4, m in 0.2f64..5.0, s in 1e-3f64..5.0, call: bool) {
        let sign = if call { CALL } else { PUT };
        let k = f * m;
        prop_assert!((price(sign, f, k, s) - naive(sign, f, k, s)).abs() <= 3e-15 * f.max(k) * (1.0 + 1.0 / s));
        // Φ'(d) times the error of the naive d₁
        let delta = Delta([sign, f, k, s]);
        let twin = sign * norm_cdf::<false>(sign * ((f / k).ln() / s + 0.5 * s));
        prop_assert!((dispatch_on(detected(), delta) - twin).abs() <= 4e-16 * (2.0 + 1.0 / s));
    }

    #[test]
    fn put_call_parity_and_bounds(f in 1e-3f64..1e5, m in 1e-3f64..1e3, s in 0.0f64..20.0) {
        let k = f * m;
        let (call, put) = (price(CALL, f, k, s), price(PUT, f, k, s));
        prop_assert!((call - put - (f - k)).abs() <= 4.0 * f64::EPSILON * f.max(k));
        prop_assert!(call >= f64::max(f - k, 0.0) && call <= f * (1.0 + f64::EPSILON));
        prop_assert!(put >= f64::max(k - f, 0.0) && put <= k * (1.0 + f64::EPSILON));
    }

    #[test]
    fn increases_with_volatility(f in 1.0f64..1e4, m in 0.1f64..10.0, s in 1e-6f64..8.0, step in 1e-9f64..1.0) {
        let k = f * m;
        let low = price(CALL, f, k, s);
        prop_assert!(price(CALL, f, k, s * (1.0 + step)) >= low * (1.0 - 4e-15));
    }

    #[test]
    fn homogeneous(f in 1.0f64..1e4, m in 0.1f64..10.0, s in 1e-6f64..8.0, power in -200i32..200) {
        let (k, scale) = (f * m, 2f64.powi(power));
        prop_assert_eq!(price(PUT, scale * f, scale * k, s), scale * price(PUT, f, k, s));
    }

    #[test]
    fn variants_agree(f in 1.0f64..1e4, m in 0.3f64..3.0, s in 1e-3f64..3.0) {
        let k = f * m;
        let reference = price(CALL, f, k, s);
        let a = m.ln() / s;
        for variant in variants() {
            let got = dispatch_on(variant, Undiscounted([CALL, f, k, s]))[0];
            prop_assert!((got - reference).abs() <= (4e-15 + 4e-16 * a * a) * reference);
        }
    }
}

struct Delta([f64; 4]);

impl Kernel for Delta {
    type Output = f64;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        let [sign, forward, strike, total_sd] = self.0;
        delta_forward::<FMA>(sign, forward, strike, total_sd)
    }
}
