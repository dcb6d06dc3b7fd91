//! The general formulas: every forward, strike and deviation, one row at a time.

use super::{in_domain, intrinsic, series};
use crate::math::special::{ln_ratio, mills, norm_cdf, norm_pdf};

/// The undiscounted price; sign +1 is a call, −1 a put, and 0 whichever of the two is out of the money.
///
/// Limits: s = 0 or a zero forward or strike gives the intrinsic value exactly; s = ∞ gives F for a call and K
/// for a put. NaN for a NaN, negative or infinite (≥ 2¹⁰⁰⁰) forward or strike, and for a NaN or negative s.
#[inline(always)]
pub fn undiscounted<const FMA: bool>(sign: f64, forward: f64, strike: f64, total_sd: f64) -> f64 {
    let forward = if in_domain(forward, strike, total_sd) { forward } else { f64::NAN };
    intrinsic(sign, forward, strike) + time_value::<FMA>(forward, strike, total_sd).value
}

/// The undiscounted delta ∂price/∂forward = w Φ(w d₁): in [0, 1] for calls and [−1, 0] for puts.
///
/// At s = 0 it is the slope of the intrinsic value, and w/2 at the kink F = K. Domain and NaN as for
/// [`undiscounted`].
#[inline(always)]
pub fn delta_forward<const FMA: bool>(sign: f64, forward: f64, strike: f64, total_sd: f64) -> f64 {
    let forward = if in_domain(forward, strike, total_sd) { forward } else { f64::NAN };
    let Moneyness { h, .. } = moneyness::<FMA>(forward, strike, total_sd);
    sign * norm_cdf::<FMA>(sign * (h + 0.5 * total_sd))
}

/// Where the forward stands against the strike.
struct Moneyness {
    /// min(F, K)
    smaller: f64,
    /// |ln(F/K)|; ∞ where F or K is zero
    x: f64,
    /// ln(F/K)/s
    h: f64,
}

#[inline(always)]
fn moneyness<const FMA: bool>(forward: f64, strike: f64, total_sd: f64) -> Moneyness {
    let smaller = if forward < strike { forward } else { strike };
    let gap = (forward - strike).abs();
    let x = ln_ratio::<FMA>(smaller, gap);
    // The sum is ∞, but NaN for a NaN gap.
    let x = if smaller < f64::MIN_POSITIVE { gap + f64::INFINITY } else { x };
    // The deviation of −0 is 0: a is not negative.
    let a = if x == 0.0 || x == f64::INFINITY { x } else { x / total_sd.abs() };
    Moneyness { smaller, x, h: if forward < strike { -a } else { a } }
}

/// The time value and what the greeks share with it.
pub(super) struct TimeValue {
    /// Price minus intrinsic value.
    pub(super) value: f64,
    /// F φ(d₁) = K φ(d₂)
    pub(super) density: f64,
    /// ln(F/K)/s
    pub(super) h: f64,
}

/// Price minus intrinsic value, which is the undiscounted price of the out-of-the-money option.
///
/// With x = |ln(F/K)|, a = x/s, t = s/2, d = a − t, density = F φ(d₁) = min(F, K) φ(d), and Mills' ratio Y:
///
/// - d ≥ 0: density · (Y(d) − Y(a + t));
/// - d < 0: min(F, K) − density · (Y(−d) + Y(a + t)), the complement of a sum of positive terms;
/// - x ≤ 3 and s ≤ 1, where the first difference would cancel: [`series::wide_bracket`].
#[inline(always)]
pub(super) fn time_value<const FMA: bool>(forward: f64, strike: f64, total_sd: f64) -> TimeValue {
    let Moneyness { smaller, x, h } = moneyness::<FMA>(forward, strike, total_sd);
    let (a, t) = (h.abs(), 0.5 * total_sd);
    let d = a - t;
    let density = smaller * norm_pdf::<FMA>(d);
    let density = if x == f64::INFINITY { 0.0 } else { density };
    let (near, far) = (mills::<FMA>(d.abs()), mills::<FMA>(a + t));
    let difference = if d < 0.0 { smaller - density * (near + far) } else { density * (near - far) };
    let bounded = if a > series::LARGEST_A { series::LARGEST_A } else { a };
    let bracket = series::wide_bracket::<FMA>(x, bounded, total_sd);
    let value = if x <= series::wide::LARGEST_X && total_sd <= series::LARGEST_NEAR {
        (density / series::decay::<FMA>(total_sd)) * total_sd * bracket
    } else {
        difference
    };
    TimeValue { value: if x == f64::INFINITY { 0.0 } else { value }, density, h }
}
