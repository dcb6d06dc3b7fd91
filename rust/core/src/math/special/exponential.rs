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

/// (eʳ − 1 − r)/r² on |r| ≤ ln 2 / 2; minimax fit, error 4e-18 of eʳ.
const REMAINDER: [f64; 10] = [
    0.5000000000000011,
    0.16666666666666413,
    0.04166666666653036,
    0.008333333333494768,
    0.0013888888943574837,
    0.00019841269505748452,
    2.4801493158279304e-05,
    2.7557587224913904e-06,
    2.7630226606007536e-07,
    2.4999764445442702e-08,
];

/// eˣ for every x; relative error below 3e-16 where the result is normal, ∞ and 0 beyond the range.
///
/// Cody and Waite's reduction x = n ln 2 + r, then 2ⁿ in two factors, so that subnormal results round once.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f64) -> f64 {
    let x = if x > OVERFLOW { OVERFLOW } else { x };
    let x = if x < UNDERFLOW { UNDERFLOW } else { x };
    let (rounded, mantissa) = reduced::<FMA>(x);
    let n = rounded - ROUNDER;
    let half = fma::<FMA>(n, 0.5, ROUNDER) - ROUNDER;
    mantissa * power_of_two(half) * power_of_two(n - half)
}

/// eˣ for |x| ≤ 708, where the result is normal; relative error below 3e-16. Elsewhere the value is meaningless.
#[inline(always)]
pub fn exp_normal<const FMA: bool>(x: f64) -> f64 {
    let (rounded, mantissa) = reduced::<FMA>(x);
    let exponent = rounded.to_bits() << MANTISSA_BITS;
    f64::from_bits(mantissa.to_bits().wrapping_add(exponent))
}

/// x = n ln 2 + r: n + `ROUNDER`, whose low bits are the integer n, and eʳ in [√½, √2].
#[inline(always)]
fn reduced<const FMA: bool>(x: f64) -> (f64, f64) {
    let rounded = fma::<FMA>(x, std::f64::consts::LOG2_E, ROUNDER);
    let n = rounded - ROUNDER;
    let r = fma::<FMA>(-n, LN2_LOW, fma::<FMA>(-n, LN2_HIGH, x));
    (rounded, 1.0 + fma::<FMA>(r * r, polynomial::<FMA, _>(&REMAINDER, r), r))
}

/// 2ⁿ for an integer n in −1022 ..= 1023.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits((n + ROUNDER).to_bits().wrapping_add(EXPONENT_BIAS) << MANTISSA_BITS)
}
