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

/// (2 artanh s − 2s)/s³ as a polynomial in s² ≤ 0.0401; minimax fit, error 2e-17 of the whole.
const ARTANH: [f64; 7] = [
    0.6666666666667281,
    0.3999999999610375,
    0.2857142940563606,
    0.22222137658362093,
    0.18186390582320264,
    0.15249497792651956,
    0.15373568424496023,
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
#[inline(always)]
pub fn ln_ratio<const FMA: bool>(base: f64, excess: f64) -> f64 {
    let sum = base + excess;
    let Octaves { near, k } = octaves(base, sum);
    let s = (if k == 0.0 { excess } else { sum - near }) / (sum + near);
    from_artanh::<FMA>(k, s)
}

/// ln(larger/smaller) and 1/over for one division; relative errors below 5e-16.
///
/// Domain: smaller ≤ larger, all three positive, and no overflow in larger · over.
#[inline(always)]
pub fn ln_ratio_over<const FMA: bool>(smaller: f64, larger: f64, over: f64) -> (f64, f64) {
    let Octaves { near, k } = octaves(smaller, larger);
    // The difference is exact.
    let (numerator, denominator) = (larger - near, larger + near);
    let both = 1.0 / (denominator * over);
    let (per_denominator, per_over) = (both * over, both * denominator);
    let s = numerator * per_denominator;
    let s = if FMA {
        fma::<FMA>(fma::<FMA>(-s, denominator, numerator), per_denominator, s)
    } else {
        numerator / denominator
    };
    (from_artanh::<FMA>(k, s), per_over)
}

/// A number brought close to a larger one by a power of two: near = 2ᵏ base.
struct Octaves {
    near: f64,
    k: f64,
}

/// The power that takes the ratio of the two closest to one.
#[inline(always)]
fn octaves(base: f64, larger: f64) -> Octaves {
    const HALF_EXPONENT_STEP: u64 = 1 << (MANTISSA_BITS - 1);
    let distance = larger.to_bits().wrapping_sub(base.to_bits()).wrapping_add(HALF_EXPONENT_STEP);
    let exponent = distance & EXPONENT;
    Octaves {
        near: f64::from_bits(base.to_bits().wrapping_add(exponent)),
        k: f64::from_bits((exponent >> MANTISSA_BITS) | TWO_52.to_bits()) - TWO_52,
    }
}

/// k ln 2 + 2 artanh s: with s = (b − 2ᵏ a)/(b + 2ᵏ a) this is ln(b/a). One division, no table.
#[inline(always)]
fn from_artanh<const FMA: bool>(k: f64, s: f64) -> f64 {
    let z = s * s;
    fma::<FMA>(k, LN2_HIGH, fma::<FMA>(s * z, polynomial::<FMA, _>(&ARTANH, z), s + s))
}
