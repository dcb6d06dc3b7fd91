use super::{ARGUMENTS, Status, implied_vol_slice, slices, status_slice};
use crate::{
    math::{
        broadcast::Broadcast,
        simd::{Kernel, Variant, available, dispatch_on, variant},
    },
    pricing::black76::undiscounted,
};
use proptest::prelude::*;

const PRICES: &str = include_str!("../../../../../tests/golden/black76_price.csv");
const EXTREMES: &str = include_str!("../../../../../tests/golden/iv_normalised_black_extremes.csv");

const CALL: f64 = 1.0;
const PUT: f64 = -1.0;
const INF: f64 = f64::INFINITY;
/// Relative error of the formulas themselves.
const OWN: f64 = 2e-15;

fn numbers(row: &str) -> Vec<f64> {
    row.split(',').map_while(|cell| cell.parse().ok()).collect()
}

/// Terms in the order of the arguments.
fn with_broadcast<T>(terms: [f64; 6], work: impl FnOnce(&Broadcast<'_, 6>) -> T) -> T {
    let shape: [usize; 0] = [];
    let arguments = std::array::from_fn(|i| (ARGUMENTS[i], &terms[i..=i], &shape[..]));
    work(&Broadcast::new(arguments).unwrap())
}

fn vol_on(on: Variant, terms: [f64; 6]) -> f64 {
    let mut out = [0.0];
    with_broadcast(terms, |b| dispatch_on(on, slices::Vols { arguments: b, start: 0, out: &mut out }));
    out[0]
}

/// The total standard deviation of an undiscounted price.
fn total_sd(sign: f64, price: f64, forward: f64, strike: f64) -> f64 {
    vol_on(variant(), [sign, price, forward, strike, 1.0, 1.0])
}

fn status(terms: [f64; 6]) -> Status {
    let mut out = [0];
    with_broadcast(terms, |b| status_slice(b, &mut out));
    Status::ALL[usize::from(out[0])]
}

struct Undiscounted([f64; 4]);

impl Kernel for Undiscounted {
    type Output = f64;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        let [sign, forward, strike, total_sd] = self.0;
        undiscounted::<FMA>(sign, forward, strike, total_sd)
    }
}

fn price(sign: f64, forward: f64, strike: f64, total_sd: f64) -> f64 {
    dispatch_on(variant(), Undiscounted([sign, forward, strike, total_sd]))
}

/// What a relative error of the price costs in s: price/(s ∂price/∂s).
fn condition(price: f64, forward: f64, strike: f64, s: f64) -> f64 {
    let d1 = (forward / strike).ln() / s + 0.5 * s;
    price / (s * forward * (-0.5 * d1 * d1).exp() * 0.3989422804014327)
}

#[test]
fn golden_prices_give_back_their_deviation() {
    for row in PRICES.lines().skip(1).map(numbers) {
        let [sign, forward, strike, s, price] = row[..] else { panic!("{row:?}") };
        let bound = if sign > 0.0 { forward } else { strike };
        let intrinsic = f64::max(sign * (forward - strike), 0.0);
        // Prices that a double cannot tell from a bound carry no volatility.
        if price - intrinsic <= 1e-6 * intrinsic || price >= bound * (1.0 - 1e-6) {
            continue;
        }
        for variant in available() {
            let got = vol_on(variant, [sign, price, forward, strike, 1.0, 1.0]);
            let attainable = OWN + f64::EPSILON * condition(price, forward, strike, s);
            let error = (got / s - 1.0).abs();
            assert!(error <= attainable, "{sign} {forward} {strike} {s}: {got} {error:e} {attainable:e}");
        }
    }
}

#[test]
fn normalised_extremes() {
    for row in EXTREMES.lines().skip(1).map(numbers) {
        let [x, s, beta, complement] = row[..] else { panic!("{row:?}") };
        let (forward, strike) = ((0.5 * x).exp(), (-0.5 * x).exp());
        if complement < 1e-6 * forward || s < 1e-7 * x.abs() {
            continue;
        }
        let got = total_sd(CALL, beta, forward, strike);
        // Rounding the forward and the strike moves x by 2e-16 max(1, |x|).
        let moved = 2e-16 * (1.0 + x.abs()) / s.min(x.abs() + s) * (1.0 + x.abs() / s);
        let attainable = OWN + f64::EPSILON * condition(beta, forward, strike, s) + moved;
        assert!((got / s - 1.0).abs() <= attainable, "{x} {s}: {got} {attainable:e}");
    }
}

#[test]
fn at_the_money_below_1e_290() {
    for price in [1e-280, 1e-290, 1e-295, 1e-300, 1e-305, 2.5e-308] {
        for forward in [1e-3, 1.0, 5000.0] {
            let want = price / forward / 0.3989422804014327;
            if want < f64::MIN_POSITIVE {
                continue;
            }
            let got = total_sd(PUT, price, forward, forward);
            assert!((got / want - 1.0).abs() <= 1e-15, "{price} {forward}: {got} {want}");
        }
    }
}

#[test]
fn deep_wing() {
    // Down to subnormal prices of far strikes.
    for i in 1..100 {
        let (strike, s) = (1.5 + 0.3 * f64::from(i), 0.04 * f64::from(i).sqrt());
        let value = price(CALL, 1.0, strike, s);
        if value >= f64::MIN_POSITIVE {
            let got = total_sd(CALL, value, 1.0, strike);
            assert!((got / s - 1.0).abs() <= OWN, "{strike} {s}: {got}");
        }
    }
}

#[test]
fn massive_vol() {
    for s in [3.0, 8.0, 12.0] {
        let value = price(PUT, 100.0, 110.0, s);
        let got = total_sd(PUT, value, 100.0, 110.0);
        let attainable = OWN + f64::EPSILON * condition(value, 100.0, 110.0, s);
        assert!((got / s - 1.0).abs() <= attainable, "{s}: {got}");
    }
}

#[test]
fn statuses() {
    let good = [CALL, 12.0, 100.0, 95.0, 0.5, 0.99];
    assert_eq!(status(good), Status::Ok);
    for (sign, price, forward, strike, want) in [
        (CALL, 5.0, 100.0, 95.0, Status::Ok),
        (CALL, 4.9, 100.0, 95.0, Status::BelowIntrinsic),
        (PUT, 0.0, 100.0, 95.0, Status::Ok),
        (PUT, -1e-9, 100.0, 95.0, Status::BelowIntrinsic),
        (PUT, -INF, 100.0, 95.0, Status::BelowIntrinsic),
        (CALL, 100.0, 100.0, 95.0, Status::AboveMax),
        (PUT, 95.0, 100.0, 95.0, Status::AboveMax),
        (PUT, INF, 100.0, 95.0, Status::AboveMax),
        (0.0, 1.0, 100.0, 95.0, Status::Invalid),
        (CALL, 1.0, 0.0, 95.0, Status::Invalid),
        (CALL, 1.0, 100.0, -1.0, Status::Invalid),
        (CALL, 1.0, INF, 95.0, Status::Invalid),
    ] {
        let terms = [sign, price, forward, strike, 0.5, 1.0];
        assert_eq!(status(terms), want, "{terms:?}");
        let vol = vol_on(variant(), terms);
        assert_eq!(vol.is_nan(), want != Status::Ok, "{terms:?}: {vol}");
        let no_time_value = price == f64::max(sign * (forward - strike), 0.0);
        assert!(want != Status::Ok || (vol == 0.0) == no_time_value, "{terms:?}: {vol}");
    }
    for term in 0..6 {
        let mut bad = good;
        bad[term] = f64::NAN;
        assert_eq!(status(bad), Status::Invalid, "{}", ARGUMENTS[term]);
        assert!(vol_on(variant(), bad).is_nan());
    }
    for (term, value) in [(4, 0.0), (4, -1.0), (4, INF), (5, 0.0), (5, -1.0), (5, INF)] {
        let mut bad = good;
        bad[term] = value;
        assert_eq!(status(bad), Status::Invalid, "{} = {value}", ARGUMENTS[term]);
    }
}

#[test]
fn discounting_an_intrinsic_value_leaves_it_one() {
    for i in 1..200 {
        let discount = 1.0 - 0.001 * f64::from(i);
        let terms = [PUT, discount * 30.7, 70.1, 70.1 + 30.7, 0.5, discount];
        assert_eq!(status(terms), Status::Ok, "{discount}");
    }
}

#[test]
fn slices_mix_all_ways_and_do_not_depend_on_the_block() {
    // Near, far and refined rows side by side, and bad ones between them.
    let rows = 1000;
    let strikes: Vec<f64> = (0..rows).map(|i| 100.0 * (f64::from(i % 37 - 18) * 0.1).exp()).collect();
    let vols: Vec<f64> = (0..rows).map(|i| 0.1 + f64::from(i % 23) * 0.11).collect();
    let prices: Vec<f64> = strikes.iter().zip(&vols).map(|(&k, &s)| price(CALL, 100.0, k, s)).collect();
    let prices: Vec<f64> =
        prices.iter().enumerate().map(|(i, &p)| if i % 41 == 0 { -1.0 } else { p }).collect();
    let (shape, scalar) = ([strikes.len()], []);
    let arguments = [
        ("right", &[CALL][..], &scalar[..]),
        ("price", &prices, &shape),
        ("forward", &[100.0], &scalar),
        ("strike", &strikes, &shape),
        ("years", &[1.0], &scalar),
        ("discount", &[1.0], &scalar),
    ];
    let mut out = vec![0.0; strikes.len()];
    implied_vol_slice(&Broadcast::new(arguments).unwrap(), &mut out);
    for i in 0..out.len() {
        let alone = total_sd(CALL, prices[i], 100.0, strikes[i]);
        assert_eq!(out[i].to_bits(), alone.to_bits(), "row {i}");
    }
}

proptest! {
    #[test]
    fn undoes_the_price(f in 1e-2f64..1e5, m in -3.0f64..3.0, s in 1e-3f64..6.0, call: bool) {
        let sign = if call { CALL } else { PUT };
        let k = f * (m * s).exp();
        let value = price(sign, f, k, s);
        let attainable = OWN + 4.0 * f64::EPSILON * condition(value, f, k, s);
        prop_assume!(attainable < 1e-3);
        for variant in available() {
            let got = vol_on(variant, [sign, value, f, k, 1.0, 1.0]);
            prop_assert!((got / s - 1.0).abs() <= attainable, "{got} {attainable:e}");
        }
    }

    #[test]
    fn increases_with_the_price(k in 50.0f64..200.0, part in 1e-9f64..0.999, step in 1e-6f64..1e-3) {
        let (least, most) = (f64::max(100.0 - k, 0.0), 100.0);
        let low = least + part * (most - least);
        let high = f64::min(low * (1.0 + step), 99.99);
        prop_assume!(high > low);
        prop_assert!(total_sd(CALL, high, 100.0, k) > total_sd(CALL, low, 100.0, k));
    }

    #[test]
    fn never_panics_and_is_nan_exactly_where_the_status_says(
        sign in prop::sample::select(vec![CALL, PUT, 0.0, f64::NAN]), price: f64, forward: f64, strike: f64,
        years: f64, discount: f64,
    ) {
        let terms = [sign, price, forward, strike, years, discount];
        prop_assert_eq!(vol_on(variant(), terms).is_nan(), status(terms) != Status::Ok, "{:?}", terms);
    }
}

/// A discount so large that price and discount, each brought to their units alone, once underflowed apart.
#[test]
fn a_status_of_ok_has_a_volatility_at_the_edge_of_the_range() {
    let terms = [
        CALL,
        1.9165465367037683e-52,
        1.0416645408831564e216,
        1.4558214241793594e254,
        0.004785532495407192,
        6.638009534897861e224,
    ];
    for variant in available() {
        assert_eq!(status(terms) == Status::Ok, !vol_on(variant, terms).is_nan());
    }
}
