//! Polynomials by Estrin's scheme.

use crate::math::simd::fma;

/// `Σ coefficients[i] xⁱ`, for 1 to 40 coefficients.
///
/// Estrin's scheme (pairs, pairs of pairs, …) has a depth of log₂ N instead of Horner's N, which keeps the
/// multipliers busy. All indices are known at compile time: the closures unroll into straight code.
#[inline(always)]
pub fn polynomial<const FMA: bool, const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    const { assert!(N >= 1 && N <= 40, "polynomial: 1 to 40 coefficients") };
    let x2 = x * x;
    let x4 = x2 * x2;
    let x8 = x4 * x4;
    let x16 = x8 * x8;
    let x32 = x16 * x16;
    let of2 = |i: usize| {
        if i + 1 < N { fma::<FMA>(coefficients[i + 1], x, coefficients[i]) } else { coefficients[i] }
    };
    let of4 = |i: usize| if i + 2 < N { fma::<FMA>(of2(i + 2), x2, of2(i)) } else { of2(i) };
    let of8 = |i: usize| if i + 4 < N { fma::<FMA>(of4(i + 4), x4, of4(i)) } else { of4(i) };
    let of16 = |i: usize| if i + 8 < N { fma::<FMA>(of8(i + 8), x8, of8(i)) } else { of8(i) };
    let of32 = |i: usize| if i + 16 < N { fma::<FMA>(of16(i + 16), x16, of16(i)) } else { of16(i) };
    if N > 32 { fma::<FMA>(of8(32), x32, of32(0)) } else { of32(0) }
}
