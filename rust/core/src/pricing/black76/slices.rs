//! Price and greeks of many contracts: broadcast arguments in, columns out.

use super::{Contract, GREEKS, greeks, undiscounted};
use crate::math::{
    broadcast::Broadcast,
    chunks::in_chunks,
    simd::{Kernel, dispatch},
};

/// The arguments of the slice functions, in order: the terms of a [`Contract`].
pub const ARGUMENTS: [&str; 6] = ["right", "forward", "strike", "years", "vol", "discount"];

/// Rows per pass of a kernel: eight vectors, and a call with one row clears little memory.
const BLOCK: usize = 64;

type Arguments<'a> = Broadcast<'a, { ARGUMENTS.len() }>;

/// Discounted prices, one per row of the arguments; NaN where a term is outside its domain.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn price_slice(arguments: &Arguments<'_>, out: &mut [f64]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_chunks(vec![out], |start, mut chunks| dispatch(Prices { arguments, start, out: chunks.remove(0) }));
}

/// The greeks that `selected` names by their position in [`GREEKS`], one output each.
///
/// # Panics
/// If an output has another length than the arguments have rows, or there are not as many as selected.
pub fn greeks_slices(arguments: &Arguments<'_>, selected: &[usize], out: Vec<&mut [f64]>) {
    assert_eq!(selected.len(), out.len(), "one output per selected greek");
    assert!(out.iter().all(|output| output.len() == arguments.rows()), "one output per row");
    in_chunks(out, |start, chunks| dispatch(Greeks { arguments, start, selected, out: chunks }));
}

/// The first `n` rows of the columns as contracts.
#[inline(always)]
fn contracts(columns: &[&[f64]; ARGUMENTS.len()], n: usize) -> impl Iterator<Item = Contract> {
    let [sign, forward, strike, years, vol, discount] = columns.each_ref().map(|column| &column[..n]);
    (0..n).map(move |i| Contract {
        sign: sign[i],
        forward: forward[i],
        strike: strike[i],
        years: years[i],
        vol: vol[i],
        discount: discount[i],
    })
}

pub(super) struct Prices<'a> {
    pub(super) arguments: &'a Arguments<'a>,
    pub(super) start: usize,
    pub(super) out: &'a mut [f64],
}

impl Kernel for Prices<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut reader = self.arguments.reader::<BLOCK>();
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let n = out.len();
            let columns = reader.rows(self.start + block * BLOCK, n);
            for (out, contract) in out.iter_mut().zip(contracts(&columns, n)) {
                let Contract { sign, forward, strike, years, vol, discount } = contract.checked();
                *out = discount * undiscounted::<FMA>(sign, forward, strike, vol * years.sqrt());
            }
        }
    }
}

pub(super) struct Greeks<'a> {
    pub(super) arguments: &'a Arguments<'a>,
    pub(super) start: usize,
    pub(super) selected: &'a [usize],
    pub(super) out: Vec<&'a mut [f64]>,
}

impl Kernel for Greeks<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let rows = self.out.first().map_or(0, |out| out.len());
        let mut reader = self.arguments.reader::<BLOCK>();
        let mut results = [[0.0; BLOCK]; GREEKS.len()];
        for from in (0..rows).step_by(BLOCK) {
            let n = BLOCK.min(rows - from);
            let columns = reader.rows(self.start + from, n);
            for (i, contract) in contracts(&columns, n).enumerate() {
                let values = greeks::<FMA>(contract);
                for k in 0..GREEKS.len() {
                    results[k][i] = values[k];
                }
            }
            for (out, &k) in self.out.iter_mut().zip(self.selected) {
                out[from..from + n].copy_from_slice(&results[k][..n]);
            }
        }
    }
}
