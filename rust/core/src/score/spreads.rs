//! The spreads of one side of an expiry: what adds up, once for each.

use std::cmp::Ordering;

use super::column::{ADDITIVE, Additive};
use crate::margin::MOVES;
use crate::{Error, Result};

/// Widths are compared to this part of a point: strikes are decimal, binary numbers are not.
const TOLERANCE: f64 = 1e-6;

/// What portfolio margin is the largest of: the loss in each move, and last the minimum of the contracts.
pub const TERMS: usize = MOVES + 1;

/// The quotes of one right of one expiry, strikes ascending.
#[derive(Clone, Copy, Debug)]
pub struct Legs<'a> {
    /// Points.
    pub strike: &'a [f64],
    /// Which may be sold.
    pub sell: &'a [bool],
    /// Which may be bought.
    pub buy: &'a [bool],
    /// By additive figure: what a leg brings where it is sold.
    pub sold: [&'a [f64]; ADDITIVE],
    /// By additive figure: what is taken off where it is bought.
    pub bought: [&'a [f64]; ADDITIVE],
    /// Under portfolio margin, by term: what a leg brings where it is sold, and what is taken off where it is bought.
    pub terms: Option<[[&'a [f64]; TERMS]; 2]>,
}

/// Which widths a spread may have, points.
#[derive(Clone, Debug)]
pub enum Widths {
    /// From and to.
    Range(f64, f64),
    /// One of these.
    Listed(Vec<f64>),
}

impl Widths {
    fn allow(&self, width: f64) -> bool {
        match self {
            Self::Range(low, high) => (low - TOLERANCE..=high + TOLERANCE).contains(&width),
            Self::Listed(listed) => listed.iter().any(|each| (each - width).abs() <= TOLERANCE),
        }
    }

    fn most(&self) -> f64 {
        TOLERANCE
            + match self {
                Self::Range(_, high) => *high,
                Self::Listed(listed) => listed.iter().copied().fold(0.0, f64::max),
            }
    }
}

/// Columns over spreads.
#[derive(Clone, Debug, Default)]
pub struct Spreads {
    /// Short and long leg.
    pub legs: Vec<[u32; 2]>,
    /// Strike of the short leg.
    pub short: Vec<f64>,
    /// Distance of the legs, above 0.
    pub width: Vec<f64>,
    /// By additive figure.
    pub added: [Vec<f64>; ADDITIVE],
    /// By term of portfolio margin, where that is asked for.
    pub terms: Option<[Vec<f64>; TERMS]>,
}

impl Spreads {
    /// All credit spreads of one right (`sign` 1: calls, −1: puts): the long is further out of the money.
    pub fn of(legs: &Legs<'_>, sign: f64, widths: &Widths) -> Result<Self> {
        legs.check()?;
        let (n, most) = (legs.strike.len(), widths.most());
        let terms = legs.terms.map(|_| std::array::from_fn(|_| Vec::new()));
        let mut found = Self { terms, ..Self::default() };
        for short in (0..n).filter(|&i| legs.sell[i]) {
            let beyond: &mut dyn Iterator<Item = usize> =
                if sign > 0.0 { &mut (short + 1..n) } else { &mut (0..short).rev() };
            for long in beyond {
                let width = (legs.strike[long] - legs.strike[short]).abs();
                if width > most {
                    break;
                }
                if legs.buy[long] && width > 0.0 && widths.allow(width) {
                    found.push(legs, short, long, width);
                }
            }
        }
        Ok(found)
    }

    fn push(&mut self, legs: &Legs<'_>, short: usize, long: usize, width: f64) {
        self.legs.push([short as u32, long as u32]);
        self.short.push(legs.strike[short]);
        self.width.push((width * 1e6).round() / 1e6);
        for (k, column) in self.added.iter_mut().enumerate() {
            column.push(legs.sold[k][short] - legs.bought[k][long]);
        }
        if let (Some(terms), Some([sold, bought])) = (&mut self.terms, &legs.terms) {
            for (k, column) in terms.iter_mut().enumerate() {
                column.push(sold[k][short] - bought[k][long]);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Least and most of an additive figure; NaN does not count.
    pub fn range(&self, of: Additive) -> (f64, f64) {
        extent(&self.added[of as usize])
    }

    /// Least and most of the short strikes.
    pub fn shorts(&self) -> (f64, f64) {
        extent(&self.short)
    }

    /// The same spreads in another order.
    pub(super) fn ordered(&self, order: &[u32]) -> Self {
        let pick = |column: &Vec<f64>| order.iter().map(|&i| column[i as usize]).collect();
        Self {
            legs: order.iter().map(|&i| self.legs[i as usize]).collect(),
            short: pick(&self.short),
            width: pick(&self.width),
            added: std::array::from_fn(|k| pick(&self.added[k])),
            terms: self.terms.as_ref().map(|terms| std::array::from_fn(|k| pick(&terms[k]))),
        }
    }
}

/// Least and most; NaN does not count.
pub(super) fn extent(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
}

impl Legs<'_> {
    fn check(&self) -> Result<()> {
        let n = self.strike.len();
        let lengths = [("sell", self.sell.len()), ("buy", self.buy.len())];
        let columns = self.sold.iter().map(|c| ("sold", c.len()));
        let columns = columns.chain(self.bought.iter().map(|c| ("bought", c.len())));
        let columns = columns.chain(self.terms.iter().flatten().flatten().map(|c| ("terms", c.len())));
        if let Some((name, length)) = lengths.into_iter().chain(columns).find(|(_, length)| *length != n) {
            let problem = format!("{length} elements, but strike has {n}");
            return Err(Error::Shape { name: name.into(), problem });
        }
        match self.strike.windows(2).find(|pair| pair[0].partial_cmp(&pair[1]).is_none_or(Ordering::is_ge)) {
            Some(pair) => Err(Error::domain("strike", pair[1], "strikes ascend and differ")),
            None => Ok(()),
        }
    }
}
