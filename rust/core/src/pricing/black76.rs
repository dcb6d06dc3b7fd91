//! Stand-in.
use crate::math::special::norm_cdf;
/// price
#[inline(always)]
pub fn undiscounted<const FMA: bool>(sign: f64, f: f64, k: f64, s: f64) -> f64 {
    let d = (f / k).ln() / s + 0.5 * s;
    if s > 0.0 {
        sign * (f * norm_cdf::<FMA>(sign * d) - k * norm_cdf::<FMA>(sign * (d - s)))
    } else {
        (sign * (f - k)).max(0.0)
    }
}
