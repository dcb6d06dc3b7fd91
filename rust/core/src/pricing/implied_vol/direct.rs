//! The direct formula: Bachelier's inverse, then from Bachelier to Black.
//!
//! Bachelier's model, in which the forward is normal with standard deviation τ A, gives the out-of-the-money
//! price q = τ A (φ(a) − a Φ(−a)) with a = d/(τ A), and the in-the-money price q + d. So l = ln((q + d)/q) is a
//! function of a alone, and its inverse W(l) = l/a(l) is smooth, also at the money: τ = (d/A) W(l)/l.
//!
//! Black's s and Bachelier's τ for the same price are related analytically in s² and w = (d/A)²:
//! s = s₀ (1 + s₀² E(s₀², w)) with s₀ = τ artanh(√w/2)/(√w/2).

use super::{
    TimeValue,
    coefficients::{
        BACHELIER_DENOMINATOR, BACHELIER_NUMERATOR, BACHELIER_TABLE, CORRECTION_0, CORRECTION_1,
        CORRECTION_2, CORRECTION_3, CORRECTION_4, CORRECTION_5, CORRECTION_6, CORRECTION_7, CORRECTION_8,
        LARGEST_SQUARE, LARGEST_W, NORMAL_TO_LOGNORMAL,
    },
};
use crate::math::{
    simd::fma,
    special::{ln_ratio, polynomial},
};

/// l reaches this far in the rational function and in the table.
pub(super) const NEAR: f64 = 17.0;
const FAR: f64 = 764.0;

/// Below this part of the time value the gap no longer matters; it must not be zero, though (2⁻⁶⁰).
const NO_GAP: f64 = 8.673617379884035e-19;
/// Smaller time values would make the gap subnormal.
pub(super) const TINY: f64 = 1e-280;

/// Bachelier's τ, d/A and 1/number, for one more number, from l = ln((q + d)/q): one division serves all three.
#[inline(always)]
pub(super) fn bachelier<const FMA: bool>(gap: f64, mean: f64, l: f64, number: f64) -> [f64; 3] {
    let numerator = polynomial::<FMA, _>(&BACHELIER_NUMERATOR, l);
    let denominator = l * polynomial::<FMA, _>(&BACHELIER_DENOMINATOR, l);
    let product = mean * denominator;
    let both = 1.0 / (product * number);
    let quotient = gap * (both * number);
    [quotient * numerator, quotient * denominator, both * product]
}

/// The total standard deviation s, and whether the row lies in the formula's domain: the far wings, where a table
/// takes the place of the rational function.
#[inline(always)]
pub(super) fn far<const FMA: bool>(row: TimeValue) -> (f64, bool) {
    const LOWER_HALF: u64 = (1 << 51) - 1;
    const MIDDLE: f64 = 1.25;
    let (gap, l) = log_price_ratio::<FMA>(row.value, row.gap);
    // 2l/3 + 2 runs over [2, 512): the interval is its three exponent bits and first mantissa bit, the argument
    // is made of its other mantissa bits.
    let bits = fma::<FMA>(l, 2.0 / 3.0, 2.0).to_bits();
    let interval = (bits >> 51) as usize & 15;
    let x = f64::from_bits(bits & LOWER_HALF | 1.0f64.to_bits()) - MIDDLE;
    let mut w = 0.0;
    for row in BACHELIER_TABLE.iter().rev() {
        w = fma::<FMA>(w, x, row[interval]);
    }
    let quotient = gap / (row.mean * l);
    let (s, inside) = black::<FMA>(quotient * w, quotient * l);
    (s, inside & (l > 0.0) & (l <= FAR) & (row.value > TINY))
}

/// The gap, never zero, and l = ln((q + d)/q).
#[inline(always)]
pub(super) fn log_price_ratio<const FMA: bool>(value: f64, gap: f64) -> (f64, f64) {
    let least = value * NO_GAP;
    let gap = if gap > least { gap } else { least };
    (gap, ln_ratio::<FMA>(value, gap))
}

/// Black's s from Bachelier's τ and d/A, and whether they lie in the fit's domain.
#[inline(always)]
pub(super) fn black<const FMA: bool>(tau: f64, relative_gap: f64) -> (f64, bool) {
    let w = relative_gap * relative_gap;
    let first = tau * polynomial::<FMA, _>(&NORMAL_TO_LOGNORMAL, w);
    let square = first * first;
    let correction = [
        polynomial::<FMA, _>(&CORRECTION_0, w),
        polynomial::<FMA, _>(&CORRECTION_1, w),
        polynomial::<FMA, _>(&CORRECTION_2, w),
        polynomial::<FMA, _>(&CORRECTION_3, w),
        polynomial::<FMA, _>(&CORRECTION_4, w),
        polynomial::<FMA, _>(&CORRECTION_5, w),
        polynomial::<FMA, _>(&CORRECTION_6, w),
        polynomial::<FMA, _>(&CORRECTION_7, w),
        CORRECTION_8[0],
    ];
    let s = fma::<FMA>(first * square, polynomial::<FMA, _>(&correction, square), first);
    (s, (square <= LARGEST_SQUARE) & (w <= LARGEST_W))
}
