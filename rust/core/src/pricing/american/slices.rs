//! Prices, greeks and implied volatilities of many American options: broadcast arguments in, columns out.

use super::{American, Greek, implied::implied};
use crate::math::{
    broadcast::{Broadcast, Reader},
    chunks::in_pieces,
    simd::{Kernel, dispatch},
};

/// The arguments of [`price_slice`] and [`greeks_slices`], in order: the terms of an [`American`].
pub const ARGUMENTS: [&str; 7] = ["right", "spot", "strike", "years", "vol", "rate", "dividend"];
/// The arguments of [`implied_vol_slice`], in order.
pub const IMPLIED_ARGUMENTS: [&str; 7] = ["right", "price", "spot", "strike", "years", "rate", "dividend"];

type Arguments<'a> = Broadcast<'a, { ARGUMENTS.len() }>;

/// Rows that are read at a time, and that are worth a thread's turn: some 0.1 ms each.
const BLOCK: usize = 16;
/// Fewer rows than this are not worth a thread.
const ROWS_PER_THREAD: usize = 64;

/// Prices, one per row of the arguments; NaN where a term is outside its domain.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn price_slice(arguments: &Arguments<'_>, out: &mut [f64]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_pieces((ROWS_PER_THREAD, BLOCK), out, |start, out| dispatch(Prices { arguments, start, out }));
}

/// The selected greeks, one output each.
///
/// # Panics
/// If an output has another length than the arguments have rows, or there are not as many as selected.
pub fn greeks_slices(arguments: &Arguments<'_>, selected: &[Greek], out: Vec<&mut [f64]>) {
    assert_eq!(selected.len(), out.len(), "one output per selected greek");
    assert!(out.iter().all(|output| output.len() == arguments.rows()), "one output per row");
    in_pieces((ROWS_PER_THREAD, BLOCK), out, |start, out| {
        dispatch(Greeks { arguments, start, selected, out });
    });
}

/// Volatilities, one per row of the arguments, NaN where there is none; and the codes of their [`Status`].
///
/// # Panics
/// If an output has another length than the arguments have rows.
pub fn implied_vol_slices(arguments: &Arguments<'_>, vols: &mut [f64], codes: &mut [f64]) {
    assert!([vols.len(), codes.len()] == [arguments.rows(); 2], "one output per row");
    in_pieces((ROWS_PER_THREAD, BLOCK), vec![vols, codes], |start, out| {
        dispatch(Vols { arguments, start, out });
    });
}

/// Visits `rows` rows from `start` on, as numbers in the order of the arguments.
#[inline(always)]
fn visit(arguments: &Arguments<'_>, start: usize, rows: usize, mut at: impl FnMut(usize, [f64; 7])) {
    let mut reader: Reader<'_, 7, BLOCK> = arguments.reader();
    for from in (0..rows).step_by(BLOCK) {
        let n = BLOCK.min(rows - from);
        let terms = reader.rows(start + from, n);
        for i in 0..n {
            at(from + i, terms.map(|column| column[i]));
        }
    }
}

fn american([sign, spot, strike, years, vol, rate, dividend]: [f64; 7]) -> American {
    American { sign, spot, strike, years, vol, rate, dividend }
}

struct Prices<'a> {
    arguments: &'a Arguments<'a>,
    start: usize,
    out: &'a mut [f64],
}

impl Kernel for Prices<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { arguments, start, out } = self;
        visit(arguments, start, out.len(), |i, terms| out[i] = american(terms).price::<FMA>());
    }
}

struct Greeks<'a> {
    arguments: &'a Arguments<'a>,
    start: usize,
    selected: &'a [Greek],
    out: Vec<&'a mut [f64]>,
}

impl Kernel for Greeks<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { arguments, start, selected, mut out } = self;
        let rows = out.first().map_or(0, |out| out.len());
        visit(arguments, start, rows, |i, terms| {
            let greeks = american(terms).greeks::<FMA>();
            for (out, &greek) in out.iter_mut().zip(selected) {
                out[i] = greeks[greek as usize];
            }
        });
    }
}

struct Vols<'a> {
    arguments: &'a Arguments<'a>,
    start: usize,
    out: Vec<&'a mut [f64]>,
}

impl Kernel for Vols<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { arguments, start, mut out } = self;
        let rows = out.first().map_or(0, |out| out.len());
        visit(arguments, start, rows, |i, [sign, price, spot, strike, years, rate, dividend]| {
            let option = American { sign, spot, strike, years, vol: 0.0, rate, dividend };
            let (vol, status) = implied::<FMA>(option, price);
            for (out, value) in out.iter_mut().zip([vol, f64::from(status as u8)]) {
                out[i] = value;
            }
        });
    }
}
