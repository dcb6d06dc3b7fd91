//! Implied volatility of many quotes: broadcast arguments in, columns out.

use super::{Quote, Status, TimeValue, direct, refined::refined};
use crate::math::{
    broadcast::Broadcast,
    chunks::in_chunks,
    simd::{Kernel, dispatch},
};

/// The arguments of the slice functions, in order.
pub const ARGUMENTS: [&str; 6] = ["right", "price", "forward", "strike", "years", "discount"];

/// Rows per pass of the kernel.
const BLOCK: usize = 64;

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

/// Time values side by side.
struct Rows {
    value: [f64; BLOCK],
    gap: [f64; BLOCK],
    smaller: [f64; BLOCK],
    mean: [f64; BLOCK],
}

impl Rows {
    #[inline(always)]
    fn get(&self, i: usize) -> TimeValue {
        TimeValue { value: self.value[i], gap: self.gap[i], smaller: self.smaller[i], mean: self.mean[i] }
    }

    #[inline(always)]
    fn set(&mut self, i: usize, row: TimeValue) {
        (self.value[i], self.gap[i], self.smaller[i], self.mean[i]) =
            (row.value, row.gap, row.smaller, row.mean);
    }
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
        let mut rows =
            Rows { value: [0.0; BLOCK], gap: [0.0; BLOCK], smaller: [0.0; BLOCK], mean: [0.0; BLOCK] };
        let (mut total_sd, mut rest) = ([0.0; BLOCK], [false; BLOCK]);
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let n = out.len();
            let columns = reader.rows(self.start + block * BLOCK, n);
            for i in 0..n {
                rows.set(i, quote(&columns, i).time_value());
                let (s, inside) = direct::near::<FMA>(rows.get(i));
                let priced = quote(&columns, i).status() == Status::Ok;
                // A time value of zero is the limit of zero volatility.
                let known = if rows.value[i] == 0.0 { 0.0 } else { s };
                total_sd[i] = if priced { known } else { f64::NAN };
                rest[i] = priced && !inside && rows.value[i] > 0.0;
            }
            if rest[..n].contains(&true) {
                others::<FMA>(&mut rows, &rest[..n], &mut total_sd);
            }
            let [.., years, _] = &columns;
            for i in 0..n {
                out[i] = total_sd[i] / years[i].sqrt();
            }
        }
    }
}

/// Solves the rows marked in `rest`, packed side by side so that the loops stay full.
#[inline(always)]
fn others<const FMA: bool>(rows: &mut Rows, rest: &[bool], total_sd: &mut [f64; BLOCK]) {
    let mut origin = [0; BLOCK];
    let mut count = 0;
    for i in 0..rest.len() {
        if rest[i] {
            let row = rows.get(i);
            let (s, inside) = direct::far::<FMA>(row);
            if inside {
                total_sd[i] = s;
            } else {
                rows.set(count, row);
                origin[count] = i;
                count += 1;
            }
        }
    }
    let mut solved = [0.0; BLOCK];
    for i in 0..count {
        solved[i] = refined::<FMA>(rows.get(i));
    }
    for i in 0..count {
        total_sd[origin[i]] = solved[i];
    }
}
