//! The natural logarithm, of a number and of a ratio close to one.

use super::polynomial;
use crate::math::simd::fma;

const LN2_HIGH: f64 = std::f64::consts::LN_2;
/// ln 2 minus its nearest double.
const LN2_LOW: f64 = 2.3190468138462996e-17;

const MANTISSA_BITS: u32 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
const EXPONENT: u64 = 0x7ff << MANTISSA_BITS;
const ONE: u64 = 1.0f64.to_bits();
/// √½: mantissas are taken in [√½, √2), so that the logarithm of a number near one has exponent zero.
const SQRT_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
/// 2⁵²: an integer below it, put into its mantissa bits, becomes a double without a conversion.
const TWO_52: f64 = 4503599627370496.0;

/// Subnormal numbers are multiplied by 2⁵⁴ first.
const SUBNORMAL_SCALE: f64 = 18014398509481984.0;
const SUBNORMAL_SHIFT: f64 = 54.0;

/// (2 artanh s − 2s)/s³ as a polynomial in s² on s² ≤ (3 − 2√2)² · 1.36; minimax fit, error 2⁻⁵⁶ of the whole.
const ARTANH: [f64; 8] = [
    0.66666666666666664155,
    0.40000000000007997985,
    0.285714285672531725,
    0.22222223051762294998,
    0.18181737383008072144,
    0.15388876712590915686,
    0.13209546573512166604,
    0.13610182927411001296,
];

/// ln x; relative error below 4e-16. ln 0 = −∞, ln ∞ = ∞, NaN for x < 0.
#[inline(always)]
pub fn ln<const FMA: bool>(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let normal = if subnormal { x * SUBNORMAL_SCALE } else { x };
    // x = 2ᵏ m with m in [√½, √2)
    let t = normal.to_bits().wrapping_sub(SQRT_HALF).wrapping_add(ONE);
    let m = f64::from_bits((t & MANTISSA).wrapping_add(SQRT_HALF));
    let k = f64::from_bits((t >> MANTISSA_BITS) | TWO_52.to_bits()) - (TWO_52 + 1023.0);
    let k = if subnormal { k - SUBNORMAL_SHIFT } else { k };
    // ln(1 + f) = f − (f²/2 − s (f²/2 + s² R)), s = f/(2 + f): the leading f enters exactly
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    let tail = half_square - s * (half_square + z * polynomial::<FMA, _>(&ARTANH, z));
    let finite = fma::<FMA>(k, LN2_HIGH, fma::<FMA>(k, LN2_LOW, f - tail));
    let edge = if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    let edge = if x == f64::INFINITY { x } else { edge };
    if x > 0.0 && x < f64::INFINITY { finite } else { edge }
}

/// ln((base + excess)/base), relatively accurate also where excess ≪ base; relative error below 5e-16.
///
/// Domain: base positive and normal, excess ≥ 0, their sum below 2¹⁰²²; NaN in excess gives NaN.
///
/// With 2ᵏ the power of two nearest to the ratio: k ln 2 + 2 artanh((base + excess − 2ᵏ base)/(… + …)), where
/// for k = 0 the numerator is `excess` itself. One division, no table.
#[inline(always)]
pub fn ln_ratio<const FMA: bool>(base: f64, excess: f64) -> f64 {
    const HALF_EXPONENT_STEP: u64 = 1 << (MANTISSA_BITS - 1);
    let sum = base + excess;
    let distance = sum.to_bits().wrapping_sub(base.to_bits()).wrapping_add(HALF_EXPONENT_STEP);
    let exponent = distance & EXPONENT;
    let k = f64::from_bits((exponent >> MANTISSA_BITS) | TWO_52.to_bits()) - TWO_52;
    let near = f64::from_bits(base.to_bits().wrapping_add(exponent));
    let s = (if exponent == 0 { excess } else { sum - near }) / (sum + near);
    let z = s * s;
    fma::<FMA>(k, LN2_HIGH, fma::<FMA>(s * z, polynomial::<FMA, _>(&ARTANH, z), s + s))
}
