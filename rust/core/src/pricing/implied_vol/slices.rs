//! Implied volatility of many quotes: broadcast arguments in, columns out.

use super::{ABOVE, Quote, Status, TimeValue, above_intrinsic, direct, refined::refined};
use crate::math::{
    broadcast::Broadcast,
    chunks::in_chunks,
    simd::{Kernel, dispatch},
};
use crate::pricing::black76::is_right;
use crate::pricing::rows::{BLOCK, Column, outside};

/// The arguments of the slice functions, in order.
pub const ARGUMENTS: [&str; 6] = ["right", "price", "forward", "strike", "years", "discount"];

type Terms<'a> = [&'a [f64]; ARGUMENTS.len()];
type Arguments<'a> = Broadcast<'a, { ARGUMENTS.len() }>;

/// Volatilities, one per row of the arguments; NaN where there is none.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn implied_vol_slice(arguments: &Arguments<'_>, out: &mut [f64]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_chunks(vec![out], |start, mut chunks| dispatch(Vols { arguments, start, out: chunks.remove(0) }));
}

/// The [`Status`] codes, one per row of the arguments.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn status_slice(arguments: &Arguments<'_>, out: &mut [u8]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_chunks(vec![out], |start, mut chunks| {
        let mut reader = arguments.reader::<BLOCK>();
        for (block, out) in chunks.remove(0).chunks_mut(BLOCK).enumerate() {
            let columns = reader.rows(start + block * BLOCK, out.len());
            for (i, code) in out.iter_mut().enumerate() {
                *code = quote(&columns, i).status() as u8;
            }
        }
    });
}

#[inline(always)]
fn quote(columns: &[&[f64]; ARGUMENTS.len()], i: usize) -> Quote {
    let [sign, price, forward, strike, years, discount] = columns.each_ref().map(|column| column[i]);
    Quote { sign, price, forward, strike, years, discount }
}

pub(super) struct Vols<'a> {
    pub(super) arguments: &'a Arguments<'a>,
    pub(super) start: usize,
    pub(super) out: &'a mut [f64],
}

impl Kernel for Vols<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut reader = self.arguments.reader::<BLOCK>();
        let mut near = Near::default();
        let mut vols = [0.0; BLOCK];
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let terms = reader.rows(self.start + block * BLOCK, out.len());
            let vols = &mut vols[..terms[0].len()];
            near.solve::<FMA>(&terms, vols);
            if let Some(rows) = outside(vols) {
                others::<FMA>(&terms.map(|column| rows.gather(column)), rows.get(), vols);
            }
            out.copy_from_slice(&vols[..out.len()]);
        }
    }
}

/// s from 2⁻²⁰⁰, amounts from 2⁻⁵⁰⁰ to 2⁵⁰⁰: no product under- or overflows.
const SHORTEST: f64 = f64::from_bits((1023 - 200) << 52);
const LONGEST: f64 = f64::from_bits((1023 + 200) << 52);
const SMALLEST: f64 = f64::from_bits((1023 - 250) << 52);
const LARGEST: f64 = f64::from_bits((1023 + 250) << 52);

/// The direct formula in stages over a block of rows, as in `black76::near`.
struct Near {
    gap: Column,
    mean: Column,
    l: Column,
    tau: Column,
    relative_gap: Column,
    per_root: Column,
}

impl Default for Near {
    #[inline(always)]
    fn default() -> Self {
        let column = [0.0; BLOCK];
        Self { gap: column, mean: column, l: column, tau: column, relative_gap: column, per_root: column }
    }
}

impl Near {
    /// Volatilities; NaN in rows outside the domain of the direct formula, which others solve.
    #[inline(always)]
    fn solve<const FMA: bool>(&mut self, terms: &Terms<'_>, out: &mut [f64]) {
        let n = out.len();
        let [sign, price, forward, strike, years, discount] = terms.map(|column| &column[..n]);
        let Self { gap, mean, l, tau, relative_gap, per_root } = self;
        for i in 0..n {
            let difference = forward[i] - strike[i];
            let intrinsic = sign[i] * difference;
            let intrinsic = if intrinsic < 0.0 { 0.0 } else { intrinsic };
            let value = above_intrinsic::<FMA>(price[i], discount[i], intrinsic);
            (gap[i], l[i]) = direct::log_price_ratio::<FMA>(value, discount[i] * difference.abs());
            mean[i] = (0.5 * discount[i]) * (forward[i] + strike[i]);

            let least = ABOVE * price[i];
            let least = if least < direct::TINY { direct::TINY } else { least };
            let smaller = if forward[i] < strike[i] { forward[i] } else { strike[i] };
            let normal =
                smaller >= SMALLEST && mean[i] <= LARGEST && discount[i] >= SMALLEST && is_right(sign[i]);
            l[i] = if value > least && normal { l[i] } else { f64::NAN };
        }
        for i in 0..n {
            let [t, d, per_years] = direct::bachelier::<FMA>(gap[i], mean[i], l[i], years[i]);
            (tau[i], relative_gap[i], per_root[i]) = (t, d, per_years.sqrt());
        }
        for i in 0..n {
            let (s, inside) = direct::black::<FMA>(tau[i], relative_gap[i]);
            let dated = years[i] >= SHORTEST && years[i] <= LONGEST;
            out[i] = if inside && l[i] <= direct::NEAR && dated { s * per_root[i] } else { f64::NAN };
        }
    }
}

/// Solves packed rows by the formulas for all cases and puts the results where they belong.
#[inline(always)]
fn others<const FMA: bool>(terms: &[Column; ARGUMENTS.len()], origin: &[u8], out: &mut [f64]) {
    let n = origin.len();
    let [sign, price, forward, strike, years, discount] = terms.each_ref().map(|column| &column[..n]);
    let mut rows = Packed::default();
    let mut total_sd = [0.0; BLOCK];
    let mut rest = 0;
    let mut to = [0; BLOCK];
    for i in 0..n {
        let (sign, price, forward, strike) = (sign[i], price[i], forward[i], strike[i]);
        let quote = Quote { sign, price, forward, strike, years: years[i], discount: discount[i] };
        let row = quote.time_value::<FMA>();
        let (s, inside) = direct::far::<FMA>(row);
        total_sd[i] = if quote.status() != Status::Ok {
            f64::NAN
        } else if row.value == 0.0 {
            0.0
        } else if inside {
            s
        } else {
            rows.set(rest, row);
            to[rest] = i;
            rest += 1;
            0.0
        };
    }
    let mut solved = [0.0; BLOCK];
    for i in 0..rest {
        solved[i] = refined::<FMA>(rows.get(i));
    }
    for i in 0..rest {
        total_sd[to[i]] = solved[i];
    }
    for i in 0..n {
        out[usize::from(origin[i])] = total_sd[i] / years[i].sqrt();
    }
}

/// Time values side by side.
struct Packed {
    value: Column,
    gap: Column,
    smaller: Column,
    room: Column,
    mean: Column,
}

impl Default for Packed {
    #[inline(always)]
    fn default() -> Self {
        let column = [0.0; BLOCK];
        Self { value: column, gap: column, smaller: column, room: column, mean: column }
    }
}

impl Packed {
    #[inline(always)]
    fn get(&self, i: usize) -> TimeValue {
        TimeValue {
            value: self.value[i],
            gap: self.gap[i],
            smaller: self.smaller[i],
            room: self.room[i],
            mean: self.mean[i],
        }
    }

    #[inline(always)]
    fn set(&mut self, i: usize, row: TimeValue) {
        self.value[i] = row.value;
        self.gap[i] = row.gap;
        self.smaller[i] = row.smaller;
        self.room[i] = row.room;
        self.mean[i] = row.mean;
    }
}
