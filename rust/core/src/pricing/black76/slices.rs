//! Price and greeks of many contracts: broadcast arguments in, columns out.

use super::{
    Contract, Greek,
    columns::Stages,
    greeks::{self, Needs, contract_greeks},
    intrinsic, is_right, undiscounted,
};
use crate::math::{
    broadcast::Broadcast,
    chunks::in_chunks,
    simd::{Kernel, dispatch},
};
use crate::pricing::rows::{BLOCK, Column, Rows, outside};

/// The arguments of the slice functions, in order: the terms of a [`Contract`].
pub const ARGUMENTS: [&str; 6] = ["right", "forward", "strike", "years", "vol", "discount"];

type Arguments<'a> = Broadcast<'a, { ARGUMENTS.len() }>;

/// A block of rows of the arguments.
pub(super) type Terms<'a> = [&'a [f64]; ARGUMENTS.len()];

/// Discounted prices, one per row of the arguments; NaN where a term is outside its domain.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn price_slice(arguments: &Arguments<'_>, out: &mut [f64]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_chunks(out, |start, out| dispatch(Prices { arguments, start, out }));
}

/// The selected greeks, one output each.
///
/// # Panics
/// If an output has another length than the arguments have rows, or there are not as many as selected.
pub fn greeks_slices(arguments: &Arguments<'_>, selected: &[Greek], out: Vec<&mut [f64]>) {
    assert_eq!(selected.len(), out.len(), "one output per selected greek");
    assert!(out.iter().all(|output| output.len() == arguments.rows()), "one output per row");
    in_chunks(out, |start, chunks| dispatch(Greeks { arguments, start, selected, out: chunks }));
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
        let mut stages = Stages::default();
        let mut prices = Column::default();
        let mut contracts = None;
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let terms = reader.rows(self.start + block * BLOCK, out.len());
            let [sign, forward, strike, years, vol, discount] = terms;
            let n = sign.len();
            assert!(n <= BLOCK, "at most a block");
            let (forward, strike, years) = (&forward[..n], &strike[..n], &years[..n]);
            let (vol, discount, prices) = (&vol[..n], &discount[..n], &mut prices[..n]);
            for i in 0..n {
                let valid = greeks::is_discount(discount[i]) & is_right(sign[i]);
                let total_sd = vol[i] * years[i].sqrt();
                stages.moneyness::<FMA>(i, [forward[i], strike[i], total_sd, 1.0], valid);
            }
            stages.level::<FMA>(n);
            for i in 0..n {
                let intrinsic = intrinsic(sign[i], forward[i], strike[i]);
                prices[i] = discount[i] * (intrinsic + stages.time_value::<FMA>(i));
            }
            if let Some(rows) = outside(prices) {
                let contracts = contracts.get_or_insert_with(Box::<Contracts>::default);
                contracts.gather(&terms, &rows);
                // The level has served.
                let general = &mut stages.level;
                for i in 0..rows.padded() {
                    let Contract { sign, forward, strike, years, vol, discount } = contracts.get(i).checked();
                    general[i] = discount * undiscounted::<FMA>(sign, forward, strike, vol * years.sqrt());
                }
                rows.scatter(general, prices);
            }
            out.copy_from_slice(&prices[..out.len()]);
        }
    }
}

pub(super) struct Greeks<'a> {
    pub(super) arguments: &'a Arguments<'a>,
    pub(super) start: usize,
    pub(super) selected: &'a [Greek],
    pub(super) out: Vec<&'a mut [f64]>,
}

impl Kernel for Greeks<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let needs = Needs::of(self.selected);
        let rows = self.out.first().map_or(0, |out| out.len());
        let mut reader = self.arguments.reader::<BLOCK>();
        let mut shared = greeks::Shared::default();
        let mut contracts = None;
        for from in (0..rows).step_by(BLOCK) {
            let to = rows.min(from + BLOCK);
            let terms = reader.rows(self.start + from, to - from);
            shared.fill::<FMA>(&terms, needs);
            for (out, &greek) in self.out.iter_mut().zip(self.selected) {
                shared.write::<FMA>(greek, &terms, &mut out[from..to]);
            }
            if let Some(outside) = outside(&shared.density[..to - from]) {
                let contracts = contracts.get_or_insert_with(Box::<Contracts>::default);
                contracts.gather(&terms, &outside);
                for (i, &row) in outside.get().iter().enumerate() {
                    let values = contract_greeks::<FMA>(contracts.get(i));
                    for (out, &greek) in self.out.iter_mut().zip(self.selected) {
                        out[from + usize::from(row)] = values[greek as usize];
                    }
                }
            }
        }
    }
}

/// Some contracts of a block, side by side.
#[derive(Default)]
struct Contracts([Column; ARGUMENTS.len()]);

impl Contracts {
    #[inline(always)]
    fn gather(&mut self, terms: &Terms<'_>, rows: &Rows) {
        for (packed, column) in self.0.iter_mut().zip(terms) {
            rows.gather(column, packed);
        }
    }

    #[inline(always)]
    fn get(&self, i: usize) -> Contract {
        let [sign, forward, strike, years, vol, discount] = self.0.each_ref().map(|column| column[i]);
        Contract { sign, forward, strike, years, vol, discount }
    }
}
