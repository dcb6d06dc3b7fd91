//! Surfaces of recorded quotes: one slice for each expiry, none with arbitrage.
//!
//! Every expiry is fitted by itself. Where a slice admits butterfly arbitrage it is fitted anew behind a fence;
//! where it lies below that of the expiry before, both are fences. What a fence still lets through is removed by
//! drawing the slice towards one that is admissible: the eSSVI slice of the same quotes, or that of the expiry
//! before. Only the second pass goes from expiry to expiry; results do not depend on the number of threads.

mod form;
mod least_squares;
mod objective;
mod slice;
mod smile;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::pricing::svi::{Essvi, Svi};
use crate::{Error, Result};
use objective::Fences;
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
    /// Calendar arbitrage against the expiry before.
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
    let single = |smile: &Smile| (smile.strikes >= form.least_strikes()).then(|| alone(form, smile));
    let mut slices: Vec<Option<Slice>> = if threads == Some(1) || smiles.len() < 2 {
        smiles.iter().map(single).collect()
    } else {
        // A pool of its own: the global one does not survive a fork.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .build()
            .map_err(|error| Error::Spec(format!("threads: {error}")))?;
        pool.install(|| smiles.par_iter().map(single).collect())
    };
    let mut order: Vec<usize> = (0..slices.len()).filter(|&i| slices[i].is_some()).collect();
    let time = |&i: &usize| (snapshot.kind[i], snapshot.years[i]);
    order.sort_by(|i, j| time(i).0.cmp(&time(j).0).then(time(i).1.total_cmp(&time(j).1)).then(i.cmp(j)));
    for pair in order.windows(2) {
        let (before, i) = (pair[0], pair[1]);
        let (earlier, later) = (time(&before), time(&i));
        if earlier.0 == later.0
            && earlier.1 < later.1
            && let (Some(earlier), Some(found)) = (slices[before], slices[i])
        {
            slices[i] = Some(above(form, &smiles[i], &found, &earlier));
        }
    }
    Ok(slices)
}

/// The slice of an expiry by itself.
fn alone(form: Form, smile: &Smile) -> Slice {
    let curved = slice::essvi(smile, None);
    let essvi = match form {
        Form::Essvi => return Slice::of(curved.raw(), Some(curved), Repair::None),
        Form::Svi => curved,
    };
    let free = Slice::of(slice::svi(smile, &essvi, Fences::default(), None), None, Repair::None);
    if free.durrleman >= 0.0 {
        return free;
    }
    let fences = Fences { butterfly: true, earlier: None };
    Slice::of(slice::svi(smile, &essvi, fences, Some(&essvi.raw())), None, Repair::Butterfly)
}

/// The slice of an expiry, nowhere below that of the expiry before.
fn above(form: Form, smile: &Smile, found: &Slice, earlier: &Slice) -> Slice {
    let rise = found.svi.least_rise(&earlier.svi);
    if rise >= 0.0 {
        return Slice { rise: Some(rise), ..*found };
    }
    let mut repaired = match (form, &earlier.essvi) {
        (Form::Essvi, Some(before)) => {
            let curved = slice::essvi(smile, Some(before));
            Slice::of(curved.raw(), Some(curved), Repair::Calendar)
        }
        _ => {
            let fences = Fences { butterfly: true, earlier: Some(&earlier.svi) };
            let curved = slice::essvi(smile, None);
            let anchor = Some(curved.raw()).filter(|slice| slice::admissible(slice, fences));
            let anchor = anchor.unwrap_or(earlier.svi);
            Slice::of(slice::svi(smile, &curved, fences, Some(&anchor)), None, Repair::Calendar)
        }
    };
    repaired.rise = Some(repaired.svi.least_rise(&earlier.svi));
    repaired
}

impl Slice {
    fn of(svi: Svi, essvi: Option<Essvi>, repair: Repair) -> Self {
        Self { svi, essvi, durrleman: svi.least_durrleman().1, rise: None, repair }
    }
}

impl Snapshot<'_> {
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
