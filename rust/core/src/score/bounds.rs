//! Between what a figure lies over all pairs of two groups of spreads: interval arithmetic.

use super::{ADDITIVE, Additive as A, Column, Column as C, Expiry, Limit, Sides, TERMS, law::Table};

/// Least and most of what makes up the figures, over some spreads.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub short: (f64, f64),
    pub width: (f64, f64),
    pub added: [(f64, f64); ADDITIVE],
    pub terms: Option<[(f64, f64); TERMS]>,
}

/// Bounds are widened by this share: what is computed in another order must not fall outside.
const SLACK: f64 = 1e-12;

impl Column {
    /// Least and most of the figure over all pairs of two groups of spreads.
    pub(super) fn range(self, expiry: &Expiry, puts: &Bounds, calls: &Bounds) -> (f64, f64) {
        let (low, high) = self.exact_range(expiry, puts, calls);
        let slack = SLACK * (1.0 + low.abs().max(high.abs()));
        (low - slack, high + slack)
    }

    fn exact_range(self, expiry: &Expiry, puts: &Bounds, calls: &Bounds) -> (f64, f64) {
        let sum = |of: A| plus(puts.added[of as usize], calls.added[of as usize]);
        let wider = || (puts.width.0.max(calls.width.0), puts.width.1.max(calls.width.1));
        let terms = puts.terms.as_ref().zip(calls.terms.as_ref());
        let requirement = || match (terms, expiry.sides) {
            (Some((puts, calls)), _) => {
                let sums = puts.iter().zip(calls).map(|(&put, &call)| plus(put, call));
                sums.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1))).expect("there are terms")
            }
            (None, Sides::Wider) => wider(),
            (None, Sides::Apart) => {
                let (both, one) = (plus(puts.width, calls.width), wider());
                let may_equal = puts.width.0 <= calls.width.1 && calls.width.0 <= puts.width.1;
                (if may_equal { one.0 } else { both.0 }, both.1)
            }
        };
        let low_end = || minus(puts.short, sum(A::Credit));
        let high_end = || plus(calls.short, sum(A::Credit));
        let cover = |factor: f64| {
            let (low, high) = sum(A::VixLoss);
            let ends = [factor * low.max(0.0), factor * high.max(0.0)];
            (ends[0].min(ends[1]), ends[0].max(ends[1]))
        };
        let profit = |table: Option<&Table>| match table {
            None => (f64::NEG_INFINITY, f64::INFINITY),
            Some(table) => {
                let (credit, low, high) = (sum(A::Credit), low_end(), high_end());
                // where some pair, or every pair, has a wing that cannot lose
                let (some, all) =
                    (|wing: (f64, f64)| credit.1 >= wing.0, |wing: (f64, f64)| credit.0 >= wing.1);
                let or = |sure: bool, value: f64, x: f64| if sure { value } else { table.at(x) };
                let below = (or(some(puts.width), 0.0, low.0), or(all(puts.width), 0.0, low.1));
                let within = (or(all(calls.width), 1.0, high.0), or(some(calls.width), 1.0, high.1));
                ((within.0 - below.1).max(0.0), (within.1 - below.0).max(0.0))
            }
        };
        let hedged = || minus(sum(A::ExpectedPnlModel), cover(expiry.hedge.drag));
        match self {
            C::Sum(of) => sum(of),
            C::MaxLoss => minus(wider(), sum(A::Credit)),
            C::Requirement => requirement(),
            C::BreakEvenLow => low_end(),
            C::BreakEvenHigh => high_end(),
            C::Profit => profit(expiry.tables[0].as_ref()),
            C::ProfitModel => profit(expiry.tables[1].as_ref()),
            C::TouchEither => {
                let (low, high) = sum(A::Touch);
                (low.min(1.0), high.min(1.0))
            }
            C::HedgeCost => cover(expiry.hedge.cost),
            C::HedgedPnl => hedged(),
            C::ReturnOnMargin => over(sum(A::Credit), requirement()),
            C::ExpectedReturn => over(sum(A::ExpectedPnl), requirement()),
            C::ExpectedReturnModel => over(sum(A::ExpectedPnlModel), requirement()),
            C::HedgedReturn => over(hedged(), requirement()),
        }
    }
}

impl Limit {
    /// Whether no pair of two groups can satisfy it.
    pub(super) fn shuts_out(&self, expiry: &Expiry, puts: &Bounds, calls: &Bounds) -> bool {
        let (low, high) = self.column.range(expiry, puts, calls);
        high < self.low || low > self.high
    }
}

fn plus(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 + b.0, a.1 + b.1)
}

fn minus(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 - b.1, a.1 - b.0)
}

/// The quotient by what is above 0.
fn over(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 / if a.0 < 0.0 { b.0 } else { b.1 }, a.1 / if a.1 < 0.0 { b.1 } else { b.0 })
}
