//! What one step of a program does to columns: branch-free bodies over the lanes, vectorised by whoever inlines them.
//!
//! Whatever is not finite (a quotient by zero, an overflow, a missing input) is written as NaN, which means missing.

use super::step::{Answer, Arithmetic, Comparison, Term};
use crate::math::lanes::{Col, LANES, Mask, Tri};

/// Known terms below which a score is missing: none decides alone (C24).
const LEAST_TERMS: f64 = 2.0;

#[inline(always)]
fn finite_or_missing(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

/// The number that `f` makes of another.
#[inline(always)]
pub(super) fn map(a: &Col, out: &mut Col, f: impl Fn(f64) -> f64) {
    for lane in 0..LANES {
        out[lane] = finite_or_missing(f(a[lane]));
    }
}

#[inline(always)]
fn zip(a: &Col, b: &Col, out: &mut Col, f: impl Fn(f64, f64) -> f64) {
    for lane in 0..LANES {
        out[lane] = finite_or_missing(f(a[lane], b[lane]));
    }
}

/// The number that an operator makes of two.
#[inline(always)]
pub(super) fn arithmetic(op: Arithmetic, a: &Col, b: &Col, out: &mut Col) {
    match op {
        Arithmetic::Add => zip(a, b, out, |a, b| a + b),
        Arithmetic::Sub => zip(a, b, out, |a, b| a - b),
        Arithmetic::Mul => zip(a, b, out, |a, b| a * b),
        Arithmetic::Div => zip(a, b, out, |a, b| a / b),
        // Not f64::min and max, which ignore a NaN: here a missing operand makes the result missing.
        Arithmetic::Min => zip(a, b, out, |a, b| if a < b || a.is_nan() { a } else { b }),
        Arithmetic::Max => zip(a, b, out, |a, b| if a > b || a.is_nan() { a } else { b }),
    }
}

/// The condition that a comparison makes of two numbers; unknown where either is missing.
#[inline(always)]
pub(super) fn compare(op: Comparison, a: &Col, b: &Col) -> Tri {
    let holds = match op {
        Comparison::Lt => Mask::from_fn(|lane| a[lane] < b[lane]),
        Comparison::Le => Mask::from_fn(|lane| a[lane] <= b[lane]),
        Comparison::Gt => Mask::from_fn(|lane| a[lane] > b[lane]),
        Comparison::Ge => Mask::from_fn(|lane| a[lane] >= b[lane]),
        Comparison::Eq => Mask::from_fn(|lane| a[lane] == b[lane]),
        Comparison::Ne => Mask::from_fn(|lane| a[lane] != b[lane]),
    };
    let known = known(a) & known(b);
    Tri { truth: holds & known, known }
}

/// Where the number is there.
#[inline(always)]
pub(super) fn known(a: &Col) -> Mask {
    Mask::from_fn(|lane| !a[lane].is_nan())
}

/// Sessions since the condition was last true; an unknown session makes the count missing until it is true again.
#[inline(always)]
pub(super) fn since(a: Tri, count: &mut Col) {
    for lane in 0..LANES {
        let next = if a.known.get(lane) { count[lane] + 1.0 } else { f64::NAN };
        count[lane] = if a.truth.get(lane) { 0.0 } else { next };
    }
}

/// The weighted mean of the known terms; missing with fewer than two of them, where they are of one family, and where
/// valuation outweighs the other families that are known (C11).
#[inline(always)]
pub(super) fn score(terms: &[Term], numbers: &[Col], truths: &[Tri], out: &mut Col) {
    let (mut weights, mut known) = (Col::default(), Col::default());
    let (mut valuation, mut other) = (Col::default(), Col::default());
    let mut families = [0_u64; LANES];
    *out = Col::default();
    for &Term { weight, column, of } in terms {
        let capped = if of.valuation { weight } else { 0.0 };
        let uncapped = if of.valuation || of.families == 0 { 0.0 } else { weight };
        let mut hear = |lane: usize, there: bool, value: f64| {
            out[lane] += if there { value } else { 0.0 };
            weights[lane] += if there { weight } else { 0.0 };
            valuation[lane] += if there { capped } else { 0.0 };
            other[lane] += if there { uncapped } else { 0.0 };
            known[lane] += f64::from(u8::from(there));
            families[lane] |= if there { of.families } else { 0 };
        };
        match column {
            Answer::Number(a) => {
                for lane in 0..LANES {
                    hear(lane, !numbers[a][lane].is_nan(), weight * numbers[a][lane]);
                }
            }
            Answer::Truth(a) => {
                for lane in 0..LANES {
                    let value = if truths[a].truth.get(lane) { weight } else { 0.0 };
                    hear(lane, truths[a].known.get(lane), value);
                }
            }
        }
    }
    for lane in 0..LANES {
        // More than one bit: something is left without the lowest.
        let several = families[lane] & families[lane].wrapping_sub(1) != 0;
        let led = valuation[lane] > other[lane];
        out[lane] = if several && known[lane] >= LEAST_TERMS && !led {
            finite_or_missing(out[lane] / weights[lane])
        } else {
            f64::NAN
        };
    }
}

/// A condition that is known in every lane.
#[inline(always)]
pub(super) fn certain(truth: Mask) -> Tri {
    Tri { truth, known: Mask::ALL }
}
