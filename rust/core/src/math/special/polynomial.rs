//! Polynomials by Estrin's scheme.

use crate::math::simd::fma;

/// `Σ coefficients[i] xⁱ`, for 1 to 32 coefficients.
///
/// Estrin's scheme (pairs, pairs of pairs, …) has a depth of log₂ N instead of Horner's N, which keeps the
/// multipliers busy. All indices are known at compile time: the calls unroll into straight code. They are functions,
/// not closures, because a closure need not be inlined into a function of another instruction set.
#[inline(always)]
pub fn polynomial<const FMA: bool, const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    const { assert!(N >= 1 && N <= 32, "polynomial: 1 to 32 coefficients") };
    let x2 = x * x;
    let x4 = x2 * x2;
    let x8 = x4 * x4;
    let low = of16::<FMA, N>(coefficients, 0, [x, x2, x4, x8]);
    if N > 16 { fma::<FMA>(of16::<FMA, N>(coefficients, 16, [x, x2, x4, x8]), x8 * x8, low) } else { low }
}

#[inline(always)]
fn of2<const FMA: bool, const N: usize>(c: &[f64; N], i: usize, [x, ..]: [f64; 4]) -> f64 {
    if i + 1 < N { fma::<FMA>(c[i + 1], x, c[i]) } else { c[i] }
}

#[inline(always)]
fn of4<const FMA: bool, const N: usize>(c: &[f64; N], i: usize, powers: [f64; 4]) -> f64 {
    let low = of2::<FMA, N>(c, i, powers);
    if i + 2 < N { fma::<FMA>(of2::<FMA, N>(c, i + 2, powers), powers[1], low) } else { low }
}

#[inline(always)]
fn of8<const FMA: bool, const N: usize>(c: &[f64; N], i: usize, powers: [f64; 4]) -> f64 {
    let low = of4::<FMA, N>(c, i, powers);
    if i + 4 < N { fma::<FMA>(of4::<FMA, N>(c, i + 4, powers), powers[2], low) } else { low }
}

#[inline(always)]
fn of16<const FMA: bool, const N: usize>(c: &[f64; N], i: usize, powers: [f64; 4]) -> f64 {
    let low = of8::<FMA, N>(c, i, powers);
    if i + 8 < N { fma::<FMA>(of8::<FMA, N>(c, i + 8, powers), powers[3], low) } else { low }
}
