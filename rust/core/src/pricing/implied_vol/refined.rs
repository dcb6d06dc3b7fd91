//! The refined formula: a guess from normal quantiles and two Householder steps on the logarithm of the price.

use super::{
    TimeValue,
    coefficients::{
        GUESS_0, GUESS_1, GUESS_2, GUESS_3, GUESS_4, GUESS_5, QUANTILE_DENOMINATOR, QUANTILE_NUMERATOR,
    },
    packed::Packed,
};
use crate::math::{
    simd::fma,
    special::{ln, ln_normal, ln_ratio, mills_difference, polynomial},
};
use crate::pricing::rows::{BLOCK, Column};

/// ln √(2π)
const LN_SQRT_TAU: f64 = 0.91893853320467274178;
/// At the money x = |ln(F/K)| is taken as this, so that x/s is not 0/0 in the limit.
const LEAST_X: f64 = 1e-300;

/// Quotients below this are subnormal or close to it.
const SUBNORMAL: f64 = 1e-290;

const STEPS: usize = 2;
/// Where the logarithm of the tail is below this, some 38 standard deviations out, the guess is an extrapolation.
const FITTED: f64 = -740.0;
/// That many steps are taken from there.
const MOST_STEPS: usize = 5;

/// Rows under way to their total standard deviation s, 0 < q < min(F, K).
///
/// With P = q/min(F, K), x = |ln(F/K)|, d = x/s − s/2, d' = x/s + s/2 and Mills' ratio Y, the equation solved is
///
/// - P ≤ ½: ln P = −d²/2 − ln √(2π) + ln(Y(d) − Y(d'))
/// - P > ½: ln(1 − P) = −d²/2 − ln √(2π) + ln(Y(−d) + Y(d'))
///
/// whose sides are close to quadratic in s: the third-order Householder step multiplies the number of correct
/// digits by four, and two take the guess's 1 % to the last place.
///
/// In stages, as near the money.
#[derive(Default)]
pub(super) struct Search {
    x: Column,
    /// +1 for P ≤ ½, else −1
    side: Column,
    ln_tail: Column,
    s: Column,
    /// Y(±d) ∓ Y(d')
    ratio: Column,
    per_ratio: Column,
}

impl Search {
    /// s of the first `n` rows.
    #[inline(always)]
    pub(super) fn solve<const FMA: bool>(&mut self, rows: &Packed, n: usize) -> &Column {
        assert!(n <= BLOCK, "at most a block");
        let Self { x, side, ln_tail, s, ratio, per_ratio } = self;
        for i in 0..n {
            (x[i], side[i], ln_tail[i]) = tail::<FMA>(rows.get(i));
        }
        for i in 0..n {
            s[i] = guess::<FMA>(x[i], side[i], ln_tail[i]);
        }
        for round in 0..MOST_STEPS {
            let mut any = round < STEPS;
            for i in 0..n {
                any |= ln_tail[i] < FITTED;
            }
            if !any {
                break;
            }
            for i in 0..n {
                let (a, t) = (x[i] / s[i], 0.5 * s[i]);
                (ratio[i], per_ratio[i]) = mills_difference::<FMA>(side[i] * (a - t), side[i], a + t);
            }
            for i in 0..n {
                let target = ln_tail[i] + LN_SQRT_TAU;
                let step = step::<FMA>(x[i], s[i], side[i], target, [ratio[i], per_ratio[i]]);
                // A row takes its own number of steps, whatever its neighbours need.
                s[i] += if (round < STEPS) | (ln_tail[i] < FITTED) { step } else { 0.0 };
            }
        }
        s
    }
}

/// x, the side and the logarithm of the smaller of P and 1 − P.
#[inline(always)]
fn tail<const FMA: bool>(row: TimeValue) -> (f64, f64, f64) {
    let x = ln_ratio::<FMA>(row.smaller, row.gap);
    let x = if x > LEAST_X { x } else { LEAST_X };

    let per_bound = 1.0 / row.smaller;
    let (part, complement) = (row.value * per_bound, row.room * per_bound);
    let upper = part > 0.5;
    let side = if upper { -1.0 } else { 1.0 };
    let tail = if upper { complement } else { part };
    // A quotient this small loses digits; its parts do not.
    let subnormal = tail < SUBNORMAL;
    let (numerator, denominator) = if subnormal { (row.value, row.smaller) } else { (tail, 1.0) };
    (x, side, ln::<FMA>(numerator) - ln_normal::<FMA>(denominator))
}

/// s good to 1 %: d is the normal quantile z of the tail less a smooth function of z and x, and s solves
/// d = x/s − s/2.
#[inline(always)]
fn guess<const FMA: bool>(x: f64, side: f64, ln_tail: f64) -> f64 {
    let t = (-2.0 * ln_tail).sqrt();
    let correction =
        polynomial::<FMA, _>(&QUANTILE_NUMERATOR, t) / polynomial::<FMA, _>(&QUANTILE_DENOMINATOR, t);
    let z = side * (t - correction);
    let twice_x = x + x;
    let (scale_z, scale_x) = (fma::<FMA>(z, z, 4.0).sqrt(), fma::<FMA>(0.5, twice_x.sqrt(), 1.0));
    let both = 1.0 / (scale_z * scale_x);
    let (bounded_z, bounded_x) = (z * (both * scale_x), both * scale_z);
    let rows = [
        polynomial::<FMA, _>(&GUESS_0, bounded_x),
        polynomial::<FMA, _>(&GUESS_1, bounded_x),
        polynomial::<FMA, _>(&GUESS_2, bounded_x),
        polynomial::<FMA, _>(&GUESS_3, bounded_x),
        polynomial::<FMA, _>(&GUESS_4, bounded_x),
        GUESS_5[0],
    ];
    let d = z - polynomial::<FMA, _>(&rows, bounded_z);
    let root = fma::<FMA>(d, d, twice_x).sqrt();
    // The root of s² + 2ds − 2x = 0, without cancellation.
    if d > 0.0 { twice_x / (root + d) } else { root - d }
}

/// Householder's third-order step for f(s) = −d²/2 + ln(Y(±d) ∓ Y(d')) − target.
#[inline(always)]
fn step<const FMA: bool>(x: f64, s: f64, side: f64, target: f64, [ratio, per_ratio]: [f64; 2]) -> f64 {
    let per_s = 1.0 / s;
    let (a, t) = (x * per_s, 0.5 * s);
    let (d, far) = (a - t, a + t);
    let slope = side * per_ratio; // f'
    let newton = -((ln_normal::<FMA>(ratio) - 0.5 * d * d) - target) * (side * ratio);
    // f''/f' and f'''/f'
    let b = d * far * per_s;
    let a_per_s = a * per_s;
    let second = b - slope;
    let third = fma::<FMA>(
        b,
        b,
        fma::<FMA>(-3.0, a_per_s * a_per_s, fma::<FMA>(slope, 2.0 * slope - 3.0 * b, -0.25)),
    );
    let numerator = fma::<FMA>(0.5 * second, newton, 1.0);
    let denominator = fma::<FMA>(newton, fma::<FMA>(third * (1.0 / 6.0), newton, second), 1.0);
    newton * numerator / denominator
}
