//! The instants inside a session at which books may trade: its opening, the ends of its bars, and times of entry.

use crate::{
    Error, Result,
    market::{
        bars::{
            Grid, LEAST_BARS, Ranges,
            profile::{MINUTES, Profile},
        },
        generator::Generator,
    },
};

const MINUTES_PER_DAY: f64 = 1_440.0;

/// What is left of a session at one of its instants; nothing at its close.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// Share of a session's variance that is still to come: the clock of options (R7).
    pub sessions: f64,
    /// Calendar days.
    pub days: f64,
}

/// The instants of every session of a plan.
#[derive(Debug)]
pub(super) struct Clock {
    /// Where bars begin and end; cut once more at every time of entry.
    pub grid: Grid,
    /// What recorded days have in common on it.
    pub ranges: Ranges,
    left: Vec<Left>,
}

impl Clock {
    /// `bars` bars of equal length, and an instant at each of the `entries` (minutes since the opening).
    pub fn new(bars: u32, entries: &[u32], market: &dyn Generator) -> Result<Self> {
        let profile = Profile::default();
        let grid = Grid::with(bars, entries, profile)?;
        let replayed = market.rows().is_some();
        if replayed && (bars as usize) < LEAST_BARS {
            let allowed = format!("at least {LEAST_BARS} in a replayed market: days have a high and a low");
            return Err(Error::domain("bars", bars, allowed));
        }
        let day = 1.0 - market.overnight_share();
        let left = |&minute: &u32| Left {
            sessions: day * (1.0 - profile.before(minute)),
            days: f64::from(MINUTES - minute) / MINUTES_PER_DAY,
        };
        Ok(Self {
            left: grid.edges.iter().map(left).collect(),
            ranges: if replayed { Ranges::new(&grid) } else { Ranges::default() },
            grid,
        })
    }

    /// Instants of a session, its close among them.
    pub fn instants(&self) -> usize {
        self.left.len()
    }

    /// Minutes from the opening to an instant, and what is left of the session there.
    pub fn at(&self, instant: usize) -> (u32, Left) {
        (self.grid.edges[instant], self.left[instant])
    }
}
