//! The exponential function.

use super::polynomial;
use crate::math::simd::fma;

/// ln 2 in two parts; the high one has 32 trailing zero bits, so its product with an exponent is exact.
const LN2_HIGH: f64 = 6.93147180369123816490e-01;
const LN2_LOW: f64 = 1.90821492927058770002e-10;

/// 1.5·2⁵²: adding it rounds to an integer and leaves that integer in the low bits.
const ROUNDER: f64 = 6755399441055744.0;

const EXPONENT_BIAS: u64 = 1023;
const MANTISSA_BITS: u32 = 52;

/// Beyond these the result is ∞ or 0 in double precision.
const OVERFLOW: f64 = 710.0;
const UNDERFLOW: f64 = -746.0;

/// (eʳ − 1 − r)/r² on |r| ≤ ln 2 / 2: the Taylor series, truncated below 2⁻⁵⁶ of eʳ.
const SERIES: [f64; 12] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40320.0,
    1.0 / 362880.0,
    1.0 / 3628800.0,
    1.0 / 39916800.0,
    1.0 / 479001600.0,
    1.0 / 6227020800.0,
];

/// eˣ for every x; relative error below 3e-16 where the result is normal, ∞ and 0 beyond the range.
///
/// Cody and Waite's reduction x = n ln 2 + r, then 2ⁿ in two factors, so that subnormal results round once.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f64) -> f64 {
    let x = if x > OVERFLOW { OVERFLOW } else { x };
    let x = if x < UNDERFLOW { UNDERFLOW } else { x };
    let n = fma::<FMA>(x, std::f64::consts::LOG2_E, ROUNDER) - ROUNDER;
    let r = fma::<FMA>(-n, LN2_LOW, fma::<FMA>(-n, LN2_HIGH, x));
    let mantissa = 1.0 + fma::<FMA>(r * r, polynomial::<FMA, _>(&SERIES, r), r);
    let half = fma::<FMA>(n, 0.5, ROUNDER) - ROUNDER;
    mantissa * power_of_two(half) * power_of_two(n - half)
}

/// 2ⁿ for an integer n in −1022 ..= 1023.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits((n + ROUNDER).to_bits().wrapping_add(EXPONENT_BIAS) << MANTISSA_BITS)
}
