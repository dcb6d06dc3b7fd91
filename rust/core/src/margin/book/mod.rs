//! The strategy-based requirement of a whole book: the least that a pairing of its longs with its shorts ties up.
//!
//! Options of one underlying are sorted into groups. A *spread group* holds longs and shorts such that every short
//! is covered by a long of its right that expires no earlier; it ties up the worst of its payoffs over all prices
//! at which the underlying may settle (the exchanges' universal spread rule, SEC release 34-67752). A short that is
//! in no such group is *uncovered*: its value plus a share of the underlying. An uncovered put beside an uncovered
//! call ties up the greater of the two (and the value of both).
//!
//! Which short is covered by which long, which is left uncovered and which two make a strangle is one linear
//! programme; contracts are divisible in it. Its optimum has the properties that a requirement must have: scaling
//! lots scales it, and two books together never need more than each alone.

mod many;
mod pairing;
mod programme;
mod simplex;
#[cfg(test)]
mod tests;

pub use many::{Columns, Headers, pairings, risks};
pub use pairing::{Desk, Pairing, SpreadGroup};

/// Options of one series, net, in units of the underlying: 10 contracts of a tenth of the index are 100 units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// +1 call, −1 put.
    pub sign: f64,
    /// Strike in points of the underlying.
    pub strike: f64,
    /// Order of the expiry among those of the book: greater is later.
    pub expiry: u32,
    /// Units of the underlying, negative if short.
    pub units: f64,
    /// Market value per unit.
    pub price: f64,
}

impl Position {
    /// What a unit pays at a settlement.
    #[inline]
    fn payoff(&self, settle: f64) -> f64 {
        (self.sign * (settle - self.strike)).max(0.0)
    }
}

/// The rates and choices of a rule book.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of the underlying that an uncovered short ties up, less what it is out of the money.
    pub basic: f64,
    /// The least share: of the underlying for a call, of the strike for a put.
    pub minimum: f64,
    /// May a long cover a short that expires before it?
    pub calendars: bool,
    /// Are the sides of a condor charged one by one unless both are equal?
    pub sides_apart: bool,
    /// May a short that a long could cover be left uncovered where that ties up less?
    pub cheaper_uncovered: bool,
}

impl Rates {
    /// What an uncovered short ties up beside its value, per unit.
    fn uncovered(&self, position: &Position, spot: f64) -> f64 {
        let out_of_the_money = (position.sign * (position.strike - spot)).max(0.0);
        let base = if position.sign > 0.0 { spot } else { position.strike };
        (self.basic * spot - out_of_the_money).max(self.minimum * base)
    }
}

/// One underlying of a book.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Options, at most one position a series.
    pub positions: &'a [Position],
    /// Units of the underlying itself: they cover short calls, or short puts where they are short.
    pub stock: f64,
    /// Price of the underlying.
    pub spot: f64,
    /// The rule book.
    pub rates: &'a Rates,
}
