//! Options near the money, in stages over a block of rows: where nearly all options that trade are.
//!
//! A stage is a loop over the block that keeps what it found in columns. One loop over everything would be slower:
//! its chain of dependent operations is longer than what a processor looks ahead, and it would wait for itself.
//!
//! Rows outside the domain get NaN as their time value and density; the caller values them by the general formulas.
//! The test for it belongs to the first stage, which waits for its division and its root anyway.

use super::series;
use crate::math::{
    simd::fma,
    special::{exp_normal, ln_ratio_over, product_error},
};

/// 1/√(2π)
const FRAC_1_SQRT_TAU: f64 = 0.39894228040143267794;
/// |ln(F/K)|/s up to this: the density is a normal number.
const LARGEST_A: f64 = 37.0;
/// s from 2⁻²⁰⁰, F and K from 2⁻⁵⁰⁰ to 2⁵⁰⁰: no product under- or overflows.
const SMALLEST_SD: f64 = f64::from_bits((1023 - 200) << 52);
const SMALLEST_AMOUNT: f64 = f64::from_bits((1023 - 500) << 52);
const LARGEST_AMOUNT: f64 = f64::from_bits((1023 + 500) << 52);

/// Where the forward stands against the strike: x = |ln(F/K)|, a = x/s, 1/s, and 1/other for one more number.
#[inline(always)]
pub(super) fn moneyness<const FMA: bool>(forward: f64, strike: f64, total_sd: f64, other: f64) -> [f64; 4] {
    let (smaller, larger) = if forward < strike { (forward, strike) } else { (strike, forward) };
    let (x, both) = ln_ratio_over::<FMA>(smaller, larger, total_sd * other);
    let (per_sd, per_other) = (both * other, both * total_sd);
    [x, in_sds::<FMA>(x, total_sd, per_sd), per_sd, per_other]
}

/// a = x/s from 1/s.
#[inline(always)]
pub(super) fn in_sds<const FMA: bool>(x: f64, total_sd: f64, per_sd: f64) -> f64 {
    let a = x * per_sd;
    // The rounding error of a would be multiplied by a².
    if FMA { fma::<FMA>(fma::<FMA>(-a, total_sd, x), per_sd, a) } else { x / total_sd }
}

/// min(F, K)/√(2π) inside the domain of this module, NaN outside.
#[inline(always)]
pub(super) fn scale(forward: f64, strike: f64, x: f64, a: f64, total_sd: f64) -> f64 {
    let (smaller, larger) = if forward < strike { (forward, strike) } else { (strike, forward) };
    let near = (x <= series::LARGEST_NEAR) & (total_sd <= series::LARGEST_NEAR) & (a <= LARGEST_A);
    let normal = (total_sd >= SMALLEST_SD) & (smaller >= SMALLEST_AMOUNT) & (larger <= LARGEST_AMOUNT);
    if near & normal { smaller * FRAC_1_SQRT_TAU } else { f64::NAN }
}

/// √(F K) φ(a) = min(F, K) exp((x − a²)/2)/√(2π), from [`scale`].
#[inline(always)]
pub(super) fn level<const FMA: bool>(scale: f64, x: f64, a: f64) -> f64 {
    let square = a * a;
    let e = exp_normal::<FMA>(0.5 * (x - square));
    scale * fma::<FMA>(-0.5 * product_error::<FMA>(a, a, square), e, e)
}

/// The price minus the intrinsic value, from [`level`].
#[inline(always)]
pub(super) fn time_value<const FMA: bool>(level: f64, x: f64, a: f64, total_sd: f64) -> f64 {
    (level * total_sd) * series::bracket::<FMA>(x, a, total_sd)
}

/// F φ(d₁) = K φ(d₂), from [`level`].
#[inline(always)]
pub(super) fn density<const FMA: bool>(level: f64, total_sd: f64) -> f64 {
    level * series::decay::<FMA>(total_sd)
}
