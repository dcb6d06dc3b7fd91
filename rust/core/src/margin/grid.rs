//! The moves of portfolio margin: five equidistant falls and five equidistant rises of each underlying.

use serde::Deserialize;

use crate::{Error, Result};

/// Equidistant moves to each side.
const STEPS: usize = 5;
/// Moves of a grid, ascending.
pub const MOVES: usize = 2 * STEPS;

/// Underlyings that move together; what gains in one class pays for nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Options on the S&P 500.
    Index,
    /// Options and futures on VIX, each moving with the future of its own expiry.
    Volatility,
}

/// Classes that there are.
pub const CLASSES: usize = 2;

/// The largest fall, negative, and the largest rise of each class, shares of the underlying.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranges {
    /// Of the index.
    pub index: (f64, f64),
    /// Of a VIX future.
    pub volatility: (f64, f64),
}

impl Ranges {
    fn of(&self, class: Class) -> (f64, f64) {
        match class {
            Class::Index => self.index,
            Class::Volatility => self.volatility,
        }
    }
}

/// A rule of portfolio margin: ranges that may widen with VIX, and a minimum.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Ranges up to the lower VIX.
    pub calm: Ranges,
    /// Ranges from the upper VIX on; between the two, linear in VIX.
    pub wild: Ranges,
    /// The lower and the upper VIX, points.
    pub vix: (f64, f64),
    /// Dollars for each standard contract of 100 dollars a point; a long not above its worth.
    pub minimum: f64,
    /// Share of a gain that offsets losses of another class, where a ledger says that hedges do (R62).
    pub offset: f64,
}

impl Grid {
    /// Refuses what is no grid.
    pub fn check(&self) -> Result<()> {
        for (name, ranges) in [("calm", &self.calm), ("wild", &self.wild)] {
            for (class, (down, up)) in [("index", ranges.index), ("volatility", ranges.volatility)] {
                if !(-1.0 < down && down <= 0.0 && 0.0 <= up && up.is_finite()) {
                    let allowed = "[fall, rise]: shares, the fall above -1 and at most 0, the rise 0 or more";
                    return Err(Error::domain(
                        format!("margin.{name}.{class}"),
                        format!("{down}, {up}"),
                        allowed,
                    ));
                }
            }
        }
        let (low, high) = self.vix;
        if !(0.0 < low && low < high && high.is_finite()) {
            return Err(Error::domain("margin.vix", format!("{low}, {high}"), "0 < lower < upper, points"));
        }
        if !(0.0..1e6).contains(&self.minimum) {
            return Err(Error::domain("margin.minimum", self.minimum, "dollars a contract, 0 or more"));
        }
        if !(0.0..=1.0).contains(&self.offset) {
            return Err(Error::domain("margin.offset", self.offset, "a share between 0 and 1"));
        }
        Ok(())
    }

    /// How far between calm and wild a VIX is, from 0 to 1.
    #[inline(always)]
    pub fn wildness(&self, vix: f64) -> f64 {
        let (low, high) = self.vix;
        ((vix - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Move `k` of a class, ascending in `k`, at both ends: shares of the underlying. In between it is linear.
    #[inline(always)]
    pub fn ends(&self, class: Class, k: usize) -> (f64, f64) {
        let (calm, wild) = (self.calm.of(class), self.wild.of(class));
        if k < STEPS {
            let part = (STEPS - k) as f64 / STEPS as f64;
            (calm.0 * part, wild.0 * part)
        } else {
            let part = (k - STEPS + 1) as f64 / STEPS as f64;
            (calm.1 * part, wild.1 * part)
        }
    }
}
