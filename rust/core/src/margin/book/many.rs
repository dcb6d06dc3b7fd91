//! Many accounts at once: columns of positions, cut into accounts.

use rayon::prelude::*;

use super::{Account, Desk, Position, Rates};
use crate::{Error, Result};

/// Accounts that one thread takes at a time.
const BATCH: usize = 256;

/// The positions of all accounts, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// +1 call, −1 put.
    pub sign: &'a [f64],
    /// Strike in points of the underlying.
    pub strike: &'a [f64],
    /// Order of the expiry.
    pub expiry: &'a [u32],
    /// Units of the underlying, negative if short.
    pub units: &'a [f64],
    /// Market value per unit.
    pub price: &'a [f64],
}

/// What an account has once.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// Where the positions of an account begin, and at last the number of positions.
    pub starts: &'a [usize],
    /// Units of the underlying itself.
    pub stock: &'a [f64],
    /// Price of the underlying.
    pub spot: &'a [f64],
    /// Share of the underlying and least share that an uncovered short ties up.
    pub rates: [&'a [f64]; 2],
}

impl Columns<'_> {
    /// Row `i`.
    fn position(&self, i: usize) -> Position {
        Position {
            sign: self.sign[i],
            strike: self.strike[i],
            expiry: self.expiry[i],
            units: self.units[i],
            price: self.price[i],
        }
    }

    fn check(&self) -> Result<()> {
        let rows = self.sign.len();
        for (name, found) in [
            ("strike", self.strike.len()),
            ("expiry", self.expiry.len()),
            ("units", self.units.len()),
            ("price", self.price.len()),
        ] {
            same_length(name, found, rows)?;
        }
        for i in 0..rows {
            let Position { sign, strike, units, price, .. } = self.position(i);
            let refuse = |name: &str, value: f64, allowed: &str| {
                Err(Error::domain(format!("{name}[{i}]"), value, allowed))
            };
            if sign.abs() != 1.0 {
                return refuse("sign", sign, "+1 for a call, -1 for a put");
            }
            if !(strike > 0.0 && strike.is_finite()) {
                return refuse("strike", strike, "a finite number above 0");
            }
            if units == 0.0 || !units.is_finite() {
                return refuse("units", units, "a finite number, not 0");
            }
            if !(price >= 0.0 && price.is_finite()) {
                return refuse("price", price, "a finite number, 0 or more");
            }
        }
        Ok(())
    }
}

impl Headers<'_> {
    fn accounts(&self) -> usize {
        self.spot.len()
    }

    fn check(&self, rows: usize) -> Result<()> {
        let accounts = self.accounts();
        same_length("stock", self.stock.len(), accounts)?;
        same_length("basic", self.rates[0].len(), accounts)?;
        same_length("minimum", self.rates[1].len(), accounts)?;
        same_length("starts", self.starts.len(), accounts + 1)?;
        let ascending = self.starts.is_sorted() && self.starts.first() == Some(&0);
        if !ascending || self.starts.last() != Some(&rows) {
            let problem = format!("must ascend from 0 to the number of positions, {rows}");
            return Err(Error::Shape { name: "starts".into(), problem });
        }
        for i in 0..accounts {
            let refuse = |name: &str, value: f64, allowed: &str| {
                Err(Error::domain(format!("{name}[{i}]"), value, allowed))
            };
            if !(self.spot[i] > 0.0 && self.spot[i].is_finite()) {
                return refuse("spot", self.spot[i], "a finite number above 0");
            }
            if !self.stock[i].is_finite() {
                return refuse("stock", self.stock[i], "a finite number");
            }
            for (name, rates) in ["basic", "minimum"].into_iter().zip(self.rates) {
                if !(rates[i] > 0.0 && rates[i].is_finite()) {
                    return refuse(name, rates[i], "a share above 0");
                }
            }
        }
        Ok(())
    }
}

fn same_length(name: &str, found: usize, wanted: usize) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::Shape { name: name.into(), problem: format!("{found} elements where {wanted} are needed") })
}

/// Works on each account: `rules` has the choices; the rates come from the account.
fn each<T: Send>(
    columns: &Columns<'_>,
    headers: &Headers<'_>,
    rules: &Rates,
    work: impl Fn(&mut Desk, &Account<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    columns.check()?;
    headers.check(columns.sign.len())?;
    let one = |(desk, positions): &mut (Desk, Vec<Position>), i: usize| {
        positions.clear();
        positions.extend((headers.starts[i]..headers.starts[i + 1]).map(|row| columns.position(row)));
        let rates = Rates { basic: headers.rates[0][i], minimum: headers.rates[1][i], ..*rules };
        work(desk, &Account { positions, stock: headers.stock[i], spot: headers.spot[i], rates: &rates })
    };
    let accounts = (0..headers.accounts()).into_par_iter().with_min_len(BATCH);
    accounts.map_init(Default::default, one).collect()
}

/// The risk part of every account, in US dollars where units are those of dollars a point.
pub fn risks(columns: &Columns<'_>, headers: &Headers<'_>, rules: &Rates) -> Result<Vec<f64>> {
    each(columns, headers, rules, Desk::risk)
}

/// The risk part of every account, with its pairing.
pub fn pairings(columns: &Columns<'_>, headers: &Headers<'_>, rules: &Rates) -> Result<Vec<super::Pairing>> {
    each(columns, headers, rules, Desk::pairing)
}
