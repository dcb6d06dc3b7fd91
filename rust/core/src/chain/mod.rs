//! Surfaces of recorded quotes: one slice for each expiry, none with arbitrage.
//!
//! Every expiry is fitted by itself. Where a slice admits butterfly arbitrage it is fitted anew behind a fence;
//! where it rises above that of the next expiry, both are fences. What a fence still lets through is removed by
//! drawing the slice towards one that is admissible: the eSSVI slice of the same quotes, or that of the
//! next expiry, scaled down. The pass against calendar arbitrage goes from the last expiry to the first: a log-moneyness at which
//! slices cross is mostly beyond the strikes of the nearer expiry and within those of the farther one. It is the
//! only one that goes from expiry to expiry; results do not depend on the number of threads.

mod form;
mod hyperbola;
mod least_squares;
mod objective;
mod slice;
mod smile;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::pricing::svi::{Essvi, Svi};
use crate::{Error, Result, threads};
use slice::Next;
use smile::Smile;

/// How many parameters a slice has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Five: a raw SVI slice.
    Svi,
    /// Three: an eSSVI slice, as the engine has it.
    Essvi,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Svi, Self::Essvi];

    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Svi => "svi",
            Self::Essvi => "essvi",
        }
    }

    /// Different strikes that determine a slice.
    pub const fn least_strikes(self) -> usize {
        match self {
            Self::Svi => 5,
            Self::Essvi => 3,
        }
    }
}

/// What had to be removed from a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Repair {
    /// Nothing.
    None = 0,
    /// Butterfly arbitrage.
    Butterfly = 1,
    /// Calendar arbitrage against the next expiry.
    Calendar = 2,
}

/// The usable quotes of a snapshot, expiry by expiry.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// Per expiry, which share a calendar: those of one root and settlement.
    pub kind: &'a [u32],
    /// Per expiry, years > 0 to it.
    pub years: &'a [f64],
    /// Per expiry, the index behind its last quote.
    pub ends: &'a [usize],
    /// Per quote, ln(K/F).
    pub k: &'a [f64],
    /// Per quote, implied volatility of the mid, decimal.
    pub vol: &'a [f64],
    /// Per quote, half of the spread in volatility, decimal.
    pub half_spread: &'a [f64],
}

/// The slice of one expiry.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// In raw parameters, whatever the form.
    pub svi: Svi,
    /// Of an eSSVI slice its own parameters.
    pub essvi: Option<Essvi>,
    /// The least g over all log-moneyness: ≥ 0 without butterfly arbitrage.
    pub durrleman: f64,
    /// The least rise of w since the expiry before of its kind over all log-moneyness, if there is one.
    pub rise: Option<f64>,
    /// What had to be removed.
    pub repair: Repair,
}

/// Fits a slice to each expiry; None where it has too few strikes.
pub fn fit(form: Form, snapshot: &Snapshot<'_>, threads: Option<usize>) -> Result<Vec<Option<Slice>>> {
    snapshot.check()?;
    let smiles: Vec<Smile> = (0..snapshot.years.len()).map(|i| snapshot.smile(i)).collect();
    let single = |smile: &Smile| (smile.strikes >= form.least_strikes()).then(|| Fit::alone(form, smile));
    let mut fits: Vec<Option<Fit>> = if threads == Some(1) || smiles.len() < 2 {
        smiles.iter().map(single).collect()
    } else {
        threads::pool(threads)?.install(|| smiles.par_iter().map(single).collect())
    };
    for (i, next) in snapshot.pairs(&fits).into_iter().rev() {
        if let (Some(fit), Some(later)) = (&fits[i], &fits[next]) {
            let fit = fit.below(form, &smiles[i], &later.slice);
            let rise = later.slice.svi.least_rise(&fit.slice.svi).1;
            fits[i] = Some(fit);
            if let Some(later) = &mut fits[next] {
                later.slice.rise = Some(rise);
            }
        }
    }
    Ok(fits.into_iter().map(|fit| fit.map(|fit| fit.slice)).collect())
}

/// A slice, and the eSSVI slice of the same quotes.
struct Fit {
    curved: Essvi,
    slice: Slice,
}

impl Fit {
    /// Of an expiry by itself.
    fn alone(form: Form, smile: &Smile) -> Self {
        let curved = slice::essvi(smile);
        if form == Form::Essvi {
            return Self { curved, slice: Slice::of(curved.raw(), Some(curved), Repair::None) };
        }
        let free = Slice::of(slice::svi(smile, &curved), None, Repair::None);
        if free.durrleman >= 0.0 {
            return Self { curved, slice: free };
        }
        let found = slice::admissible_svi(smile, &curved, &free.svi, None);
        Self { curved, slice: Slice::of(found, None, Repair::Butterfly) }
    }

    /// Nowhere above the slice of the next expiry.
    fn below(&self, form: Form, smile: &Smile, later: &Slice) -> Self {
        let curved = self.curved;
        if later.svi.least_rise(&self.slice.svi).1 >= 0.0 {
            return Self { curved, slice: self.slice };
        }
        let next = Next { svi: later.svi, essvi: later.essvi };
        let slice = match form {
            Form::Essvi => {
                let found = slice::admissible_essvi(smile, &curved, &next);
                Slice::of(found.raw(), Some(found), Repair::Calendar)
            }
            Form::Svi => {
                let found = slice::admissible_svi(smile, &curved, &self.slice.svi, Some(&next));
                Slice::of(found, None, Repair::Calendar)
            }
        };
        Self { curved, slice }
    }
}

impl Slice {
    fn of(svi: Svi, essvi: Option<Essvi>, repair: Repair) -> Self {
        Self { svi, essvi, durrleman: svi.least_durrleman().1, rise: None, repair }
    }
}

impl Snapshot<'_> {
    /// Each expiry that has a slice with the next of its kind that has one, in order of time. Of expiries of one
    /// moment the first stands for all.
    fn pairs(&self, fits: &[Option<Fit>]) -> Vec<(usize, usize)> {
        let mut order: Vec<usize> = (0..fits.len()).filter(|&i| fits[i].is_some()).collect();
        order.sort_by(|&i, &j| {
            let time = self.years[i].total_cmp(&self.years[j]);
            self.kind[i].cmp(&self.kind[j]).then(time).then(i.cmp(&j))
        });
        let next = |place: usize| {
            let i = order[place];
            let after = order[place..]
                .iter()
                .find(|&&j| self.kind[j] != self.kind[i] || self.years[j] > self.years[i]);
            after.filter(|&&j| self.kind[j] == self.kind[i]).map(|&j| (i, j))
        };
        (0..order.len()).filter_map(next).collect()
    }

    fn smile(&self, i: usize) -> Smile {
        let range = if i == 0 { 0 } else { self.ends[i - 1] }..self.ends[i];
        Smile::new(self.years[i], &self.k[range.clone()], &self.vol[range.clone()], &self.half_spread[range])
    }

    fn check(&self) -> Result<()> {
        let shape = |name: &str, length: usize, other: &str, wanted: usize| {
            let problem = format!("{length} elements, but {other} has {wanted}");
            if length == wanted { Ok(()) } else { Err(Error::Shape { name: name.into(), problem }) }
        };
        shape("kind", self.kind.len(), "years", self.years.len())?;
        shape("ends", self.ends.len(), "years", self.years.len())?;
        shape("vol", self.vol.len(), "k", self.k.len())?;
        shape("half_spread", self.half_spread.len(), "k", self.k.len())?;
        let last = self.ends.last().copied().unwrap_or(0);
        if last != self.k.len() || self.ends.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(Error::domain("ends", last, "must ascend to the number of quotes"));
        }
        let numbers = [
            ("years", self.years, "must be finite and above 0"),
            ("vol", self.vol, "must be finite and above 0, decimal"),
        ];
        for (name, values, allowed) in numbers {
            if let Some(value) = values.iter().find(|x| !(x.is_finite() && **x > 0.0)) {
                return Err(Error::domain(name, value, allowed));
            }
        }
        if let Some(value) = self.k.iter().find(|x| !x.is_finite()) {
            return Err(Error::domain("k", value, "must be finite"));
        }
        match self.half_spread.iter().find(|x| !(x.is_finite() && **x >= 0.0)) {
            Some(value) => Err(Error::domain("half_spread", value, "must be finite, 0 or more")),
            None => Ok(()),
        }
    }
}
