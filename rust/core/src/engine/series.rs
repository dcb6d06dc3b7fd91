//! What one book is worth at every tick of every path: for fans over sessions.

use super::{
    book::Book,
    package::{Market, Pool},
    plan::Plan,
};
use crate::math::lanes::Col;

/// Names of the series, in order.
pub const NAMES: &[&str] = &[
    "nav",
    "requirement",
    "hedge",
    "committed",
    "deposited",
    "spot",
    "vix",
    "bills",
    "sleeve_nav",
    "sleeve_requirement",
    "sleeve_deposited",
    "sleeve_received",
    "interest",
    "sleeve_interest",
    "core",
    "available",
    "sleeve_available",
    "budget_left",
];

/// Columns by tick of one book.
#[derive(Debug)]
pub struct Series {
    book: usize,
    ticks: Vec<Vec<Col>>,
}

impl Series {
    /// Nothing recorded yet.
    pub fn new(book: usize) -> Self {
        Self { book, ticks: vec![] }
    }

    /// One more tick.
    pub fn record(&mut self, plan: &Plan, books: &[Book], pools: &[Pool], market: &Market, bills: &Col) {
        let book = &books[self.book];
        let mut row = vec![Col::default(); NAMES.len()];
        let worth = book.sleeve_worth(&plan.books[self.book], plan, pools);
        for lane in 0..row[0].len() {
            let ledger = book.ledger(lane);
            let [deposited, received, interest] = book.sleeve_flows(lane);
            let values = [
                ledger.nav,
                ledger.requirement,
                ledger.hedge,
                ledger.committed,
                ledger.deposited,
                market.spot[lane],
                market.vix[lane],
                bills[lane],
                ledger.cash[1] + worth[lane],
                ledger.sleeve_requirement,
                deposited,
                received,
                book.sum.interest[lane],
                interest,
                book.earned(&plan.books[self.book], lane),
                ledger.available.iter().sum(),
                ledger.available[1],
                book.budget_left(&plan.books[self.book], lane),
            ];
            for (column, value) in row.iter_mut().zip(values) {
                column[lane] = value;
            }
        }
        self.ticks.push(row);
    }

    /// Per name, rows of paths, columns of ticks; what was recorded is gone then.
    pub fn take(&mut self, live: usize) -> Vec<Vec<f64>> {
        by_path(&std::mem::take(&mut self.ticks), live)
    }
}

/// Columns by tick, turned into rows of paths with a column per tick, name by name.
pub(super) fn by_path(ticks: &[impl AsRef<[Col]>], live: usize) -> Vec<Vec<f64>> {
    let names = ticks.first().map_or(0, |row| row.as_ref().len());
    let rows = |name: usize| {
        (0..live).flat_map(|lane| ticks.iter().map(move |row| row.as_ref()[name][lane])).collect()
    };
    (0..names).map(rows).collect()
}
