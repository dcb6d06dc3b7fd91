use super::{
    exp, inv_norm_cdf, inv_norm_cdf_column, ln, ln_ratio, mills, mills_difference, norm_cdf, norm_pdf,
};
use crate::math::lanes::{Col, LANES};
use crate::math::simd::{Kernel, available, dispatch_on, variant};
use proptest::prelude::*;

const GOLDEN: &str = include_str!("../../../../../tests/golden/special.csv");
const INVERSE_NORMAL: &str = include_str!("../../../../../tests/golden/inverse_normal.csv");

/// Applies a function by name, as a loop that the compiler vectorises.
struct Apply<'a>(&'a str, &'a [f64]);

impl Kernel for Apply<'_> {
    type Output = Vec<f64>;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> Vec<f64> {
        let Self(function, xs) = self;
        match function {
            "exp" => xs.iter().map(|&x| exp::<FMA>(x)).collect(),
            "ln" => xs.iter().map(|&x| ln::<FMA>(x)).collect(),
            "ln_1p" => xs.iter().map(|&x| ln_ratio::<FMA>(1.0, x)).collect(),
            "mills" => xs.iter().map(|&x| mills::<FMA>(x)).collect(),
            // Y(x) + Y(x), halved
            "mills_difference" => xs.iter().map(|&x| 0.5 * mills_difference::<FMA>(x, -1.0, x).0).collect(),
            "norm_pdf" => xs.iter().map(|&x| norm_pdf::<FMA>(x)).collect(),
            "norm_cdf" => xs.iter().map(|&x| norm_cdf::<FMA>(x)).collect(),
            "inv_norm_cdf" => xs.iter().map(|&x| inv_norm_cdf::<FMA>(x)).collect(),
            other => panic!("no function {other}"),
        }
    }
}

/// ln((base + excess)/base)
struct Ratio(f64, f64);

impl Kernel for Ratio {
    type Output = f64;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        ln_ratio::<FMA>(self.0, self.1)
    }
}

fn one(function: &str, x: f64) -> f64 {
    dispatch_on(variant(), Apply(function, &[x]))[0]
}

#[test]
fn golden_values_on_every_variant() {
    for (function, tolerance) in [
        ("exp", 3e-16),
        ("ln", 4e-16),
        ("ln_1p", 5e-16),
        ("mills", 8e-16),
        ("mills_difference", 1.5e-15),
        ("norm_pdf", 4e-16),
        ("norm_cdf", 1e-15),
        ("inv_norm_cdf", 1e-15),
    ] {
        let table = if function == "mills_difference" { "mills" } else { function };
        let rows = GOLDEN.lines().filter_map(|line| line.strip_prefix(&format!("{table},")));
        let (xs, expected): (Vec<f64>, Vec<f64>) = rows
            .map(|row| row.split(',').map(|x| x.parse::<f64>().unwrap_or(f64::NAN)))
            .map(|mut row| (row.next().unwrap(), row.next().unwrap()))
            .filter(|&(x, _)| function != "mills" || x >= 0.0)
            .unzip();
        assert!(xs.len() > 100, "{function}: {} rows", xs.len());
        for variant in available() {
            let got = dispatch_on(variant, Apply(function, &xs));
            let mut worst = (0.0, 0.0);
            for ((&x, &want), &got) in xs.iter().zip(&expected).zip(&got) {
                // A subnormal result has fewer bits: half of its last one is allowed on top.
                let error =
                    ((got - want).abs() - f64::from_bits(1)).max(0.0) / want.abs().max(f64::MIN_POSITIVE);
                if error > worst.0 || error.is_nan() {
                    worst = (error, x);
                }
            }
            println!("{function} {} {worst:?}", variant.name());
            assert!(worst.0 <= tolerance, "{function} on {}: {worst:?}", variant.name());
        }
    }
}

/// A column in place, and the same number by number.
struct Quantiles(Col);

impl Kernel for Quantiles {
    type Output = [Col; 2];
    #[inline(always)]
    fn run<const FMA: bool>(self) -> [Col; 2] {
        let (mut column, mut single) = (self.0, self.0);
        inv_norm_cdf_column::<FMA>(&mut column);
        for p in &mut single[..] {
            *p = inv_norm_cdf::<FMA>(*p);
        }
        [column, single]
    }
}

/// Columns without a tail, of tails alone, with both, and with one so deep that the third quotient is due.
#[test]
fn a_column_of_quantiles_has_the_bits_of_each() {
    let tiniest = f64::EPSILON / 2.0;
    let even = |i: usize| (i as f64 + 0.5) / LANES as f64;
    let columns: [fn(usize) -> f64; 5] = [
        |_| 0.5,
        |i| 0.075 * (i as f64 + 0.5) / LANES as f64,
        |i| 1.0 - 1e-3 / (i as f64 + 1.0),
        |i| 0.5 + 0.425 * if i % 2 == 0 { 1.0 } else { -1.0 },
        |i| 0.5f64.powf((i % 53 + 1) as f64),
    ];
    for variant in available() {
        for p in columns.into_iter().map(std::array::from_fn).chain([std::array::from_fn(even)]) {
            let [column, single] = dispatch_on(variant, Quantiles(Col(p)));
            assert_eq!(column, single, "{}", variant.name());
        }
        let [column, _] = dispatch_on(variant, Quantiles(Col([1.0 - tiniest; LANES])));
        assert!((column[0] - 8.209536151601387).abs() < 1e-14);
    }
}

#[test]
fn published_inverse_normal() {
    for row in INVERSE_NORMAL.lines().skip(1) {
        let mut cells = row.split(',');
        let p: f64 = cells.next().unwrap().parse().unwrap();
        let want: f64 = cells.nth(1).unwrap().parse().unwrap();
        // p is given in decimal: its own rounding moves the answer by dz = dp/φ(z).
        let slack = (1.0 - p).min(p) * f64::EPSILON.max(f64::EPSILON * p / (1.0 - p)) / one("norm_pdf", want);
        let got = one("inv_norm_cdf", p);
        assert!((got - want).abs() <= 1e-15 * want.abs() + slack, "{p}: {got} {want}");
    }
}

#[test]
fn edges() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (function, x, want) in [
        ("exp", 0.0, 1.0),
        ("exp", inf, inf),
        ("exp", 709.8, inf),
        ("exp", -inf, 0.0),
        ("exp", -745.2, 0.0),
        ("ln", 0.0, -inf),
        ("ln", 1.0, 0.0),
        ("ln", inf, inf),
        ("ln", -1.0, nan),
        ("ln", -inf, nan),
        ("ln_1p", 0.0, 0.0),
        ("mills", inf, 1e-20),
        ("norm_pdf", inf, 0.0),
        ("norm_cdf", inf, 1.0),
        ("norm_cdf", -inf, 0.0),
        ("inv_norm_cdf", 0.0, -inf),
        ("inv_norm_cdf", 1.0, inf),
        ("inv_norm_cdf", 0.5, 0.0),
        ("inv_norm_cdf", -0.1, nan),
        ("inv_norm_cdf", 1.1, nan),
    ] {
        for variant in available() {
            let got = dispatch_on(variant, Apply(function, &[x]))[0];
            assert!(
                got == want || got.is_nan() && want.is_nan(),
                "{function}({x}) = {got} on {}",
                variant.name()
            );
        }
    }
}

#[test]
fn nan_in_nan_out() {
    for function in ["exp", "ln", "ln_1p", "mills", "norm_pdf", "norm_cdf", "inv_norm_cdf"] {
        for variant in available() {
            // Eight lanes, so that the vector body runs and not only its remainder.
            let got = dispatch_on(variant, Apply(function, &[f64::NAN; 8]));
            assert!(got.iter().all(|y| y.is_nan()), "{function} on {}", variant.name());
        }
    }
}

#[test]
fn inverse_normal_increases() {
    // Dense around the joints of the three rationals and over twelve decades of the tail.
    let joints = [0.075, 0.925, 0.5, (-25.0f64).exp(), 1e-3, 0.3].into_iter();
    let mut grid: Vec<f64> =
        joints.flat_map(|p| (-2000..2000).map(move |i| p + p * f64::from(i) * 1e-13)).collect();
    grid.extend((1..30_000).map(|i| 10f64.powf(-f64::from(i) / 100.0)));
    grid.extend((1..10_000).map(|i| f64::from(i) / 10_000.0));
    grid.sort_by(f64::total_cmp);
    grid.dedup_by(|b, a| (*b - *a) <= 1e-14 * a.min(1.0 - *a));
    for variant in available() {
        let z = dispatch_on(variant, Apply("inv_norm_cdf", &grid));
        let fault = (1..z.len()).find(|&i| z[i] <= z[i - 1]);
        assert_eq!(fault.map(|i| (grid[i - 1], grid[i], z[i - 1], z[i])), None);
    }
}

proptest! {
    #[test]
    fn exp_and_ln_agree_with_the_library(x in -700.0f64..700.0) {
        let e = one("exp", x);
        prop_assert!((e - x.exp()).abs() <= 4e-16 * e);
        prop_assert!((one("ln", e) - x).abs() <= 4e-16 * x.abs().max(1.0));
    }

    #[test]
    fn normal_distribution_is_symmetric(x in -38.0f64..38.0) {
        prop_assert!((one("norm_cdf", x) + one("norm_cdf", -x) - 1.0).abs() <= f64::EPSILON);
    }

    #[test]
    fn inverse_undoes_the_distribution(x in -37.0f64..0.0) {
        let p = one("norm_cdf", x);
        // dx = dp/φ(x), and dp/p = 1e-15 is the error of Φ
        let attainable = 2e-15 * (x.abs() + one("mills", -x));
        prop_assert!((one("inv_norm_cdf", p) - x).abs() <= attainable);
    }

    #[test]
    fn ln_ratio_is_ln_1p(base in 1e-290f64..1e290, ratio in 1e-18f64..1e6) {
        let excess = base * ratio;
        let want = (excess / base).ln_1p();
        prop_assert!((dispatch_on(variant(), Ratio(base, excess)) - want).abs() <= 1e-15 * want);
    }
}
