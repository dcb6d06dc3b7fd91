//! Every iron condor of a chain, scored; the best of them kept.
//!
//! A condor is a put spread beside a call spread of one expiry. What adds up over the two (credits, expected P&L, greeks)
//! is computed once for each spread; what does not (the larger width, probability of profit) is a formula of few such
//! sums: [`Column`]. Two ways find the same best condors to the last bit: [`exhaustive`](fn@exhaustive) scores all of
//! them, column by column over the call spreads; [`search`](fn@search) scores only those that an upper bound does not rule out.
//! Neither keeps more than the best.

mod best;
mod bounds;
mod column;
mod exhaustive;
mod law;
mod search;
mod spreads;
#[cfg(test)]
mod tests;

pub use best::{Condor, Ranked};
pub use column::{ADDITIVE, Additive, Column};
pub use exhaustive::{columns, exhaustive, figures};
pub use law::Law;
pub use search::search;
pub use spreads::{Legs, Spreads, TERMS, Widths};

use law::Table;

/// How a rule book of margin counts the two sides; portfolio margin has terms for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// One can lose: the wider wing.
    Wider,
    /// Unequal wings are two spreads, each for itself.
    Apart,
}

/// Which pairs of wings make a condor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wings {
    /// Any.
    Any,
    /// Of equal width.
    Equal,
}

/// What VIX calls against the condors of an expiry cost, points per point of the index that a VIX point moves.
#[derive(Clone, Copy, Debug)]
pub struct Hedge {
    /// Premium.
    pub cost: f64,
    /// Premium less the discounted mean payoff.
    pub drag: f64,
}

/// The spreads of one expiry and what they are scored with.
#[derive(Debug)]
pub struct Expiry {
    /// Put spreads.
    pub puts: Spreads,
    /// Call spreads.
    pub calls: Spreads,
    /// Laws of the settlement: the chain's own, and that of a market model.
    pub laws: [Option<Law>; 2],
    /// NaN where nothing hedges.
    pub hedge: Hedge,
    /// How margin counts the sides.
    pub sides: Sides,
    tables: [Option<Table>; 2],
}

impl Expiry {
    /// Puts the sides together and tabulates the laws where break-evens can lie.
    pub fn new(puts: Spreads, calls: Spreads, laws: [Option<Law>; 2], hedge: Hedge, sides: Sides) -> Self {
        let credit = |spreads: &Spreads| spreads.range(Additive::Credit);
        let most = credit(&puts).1.max(0.0) + credit(&calls).1.max(0.0);
        let least = credit(&puts).0.min(0.0) + credit(&calls).0.min(0.0);
        let (low, high) = (puts.shorts().0 - most, calls.shorts().1 + most);
        let (low, high) = (low.min(calls.shorts().0 + least), high.max(puts.shorts().1 - least));
        let tables = [0, 1].map(|i| laws[i].as_ref().map(|law| Table::of(law, low, high)));
        Self { puts, calls, laws, hedge, sides, tables }
    }

    /// How many pairs have their short put below their short call.
    pub fn candidates(&self, wings: Wings) -> u64 {
        let sorted = |spreads: &Spreads, width: Option<f64>| {
            let own = |i: &usize| width.is_none_or(|width| spreads.width[*i] == width);
            let mut shorts: Vec<f64> = (0..spreads.len()).filter(own).map(|i| spreads.short[i]).collect();
            shorts.sort_by(f64::total_cmp);
            shorts
        };
        let pairs = |width: Option<f64>| -> u64 {
            let (puts, calls) = (sorted(&self.puts, width), sorted(&self.calls, width));
            puts.iter().map(|put| (calls.len() - calls.partition_point(|call| call <= put)) as u64).sum()
        };
        if wings == Wings::Any {
            return pairs(None);
        }
        let mut widths = self.puts.width.clone();
        widths.sort_by(f64::total_cmp);
        widths.dedup();
        widths.into_iter().map(|width| pairs(Some(width))).sum()
    }
}

/// A range that a column of a condor must lie in, ends included.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Which figure.
    pub column: Column,
    /// Least.
    pub low: f64,
    /// Most.
    pub high: f64,
}

/// What is sought.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The figure condors are ranked by.
    pub rank: Column,
    /// Whether the largest are best.
    pub descending: bool,
    /// How many are kept.
    pub top: usize,
    /// What each of them must satisfy.
    pub limits: Vec<Limit>,
    /// Which wings go together.
    pub wings: Wings,
}

/// The best condors, and how many were looked at.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The best first; ties by number of the expiry, then of the legs.
    pub best: Vec<Ranked>,
    /// Condors scored, by expiry.
    pub visited: Vec<u64>,
    /// Condors scored that satisfy the limits and have a rank, by expiry.
    pub accepted: Vec<u64>,
}
