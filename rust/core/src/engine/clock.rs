//! The instants inside a session at which books may trade: its opening, the ends of its bars, and times of entry.

use crate::{
    Error, Result,
    market::{
        bars::{
            Grid, LEAST_BARS, Ranges,
            profile::{HALF_DAY, MINUTES, Profile},
        },
        generator::Generator,
    },
    schedule::Schedule,
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

/// An instant inside a session, or its close.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instant {
    /// Minutes since the opening; `None` at the close.
    pub minute: Option<u32>,
    /// What is left of the session.
    pub left: Left,
}

/// The instants of every session of a plan.
#[derive(Debug)]
pub(super) struct Clock {
    /// Of sessions that close at 16:00.
    pub whole: Hours,
    /// Of half days, where the calendar has any.
    pub half: Option<Hours>,
}

/// The instants of sessions of one length.
#[derive(Debug)]
pub(super) struct Hours {
    /// Where bars begin and end; cut once more at every time of entry.
    pub grid: Grid,
    /// What recorded days have in common on it.
    pub ranges: Ranges,
    left: Vec<Left>,
}

impl Clock {
    /// `bars` bars of equal length, and an instant at each of the `entries` (minutes since the opening of a whole day).
    pub fn new(bars: u32, entries: &[u32], market: &dyn Generator, schedule: &Schedule) -> Result<Self> {
        if market.rows().is_some() && (bars as usize) < LEAST_BARS {
            let allowed = format!("at least {LEAST_BARS} in a replayed market: days have a high and a low");
            return Err(Error::domain("bars", bars, allowed));
        }
        let shorter: Vec<u32> = entries.iter().map(|&minute| on_half_day(minute)).collect();
        let half = || Hours::new(HALF_DAY, bars, &shorter, market);
        Ok(Self {
            whole: Hours::new(MINUTES, bars, entries, market)?,
            half: schedule.any_half_day().then(half).transpose()?,
        })
    }
}

/// A time of entry on a half day: as far from the end of the session to which it is nearer on a whole one. What opens 15
/// minutes before the close does so, and what opens an hour after the opening, too.
pub(super) const fn on_half_day(minute: u32) -> u32 {
    if 2 * minute <= MINUTES { minute } else { minute - (MINUTES - HALF_DAY) }
}

impl Hours {
    fn new(minutes: u32, bars: u32, entries: &[u32], market: &dyn Generator) -> Result<Self> {
        let profile = Profile::default();
        let grid = Grid::of(minutes, bars, entries, profile)?;
        let day = 1.0 - market.overnight_share();
        let left = |&minute: &u32| Left {
            sessions: day * (1.0 - profile.before_of(minute, minutes)),
            days: f64::from(minutes - minute) / MINUTES_PER_DAY,
        };
        Ok(Self {
            left: grid.edges.iter().map(left).collect(),
            ranges: if market.rows().is_some() { Ranges::new(&grid) } else { Ranges::default() },
            grid,
        })
    }

    /// Instants before the close.
    pub fn before_close(&self) -> usize {
        self.left.len() - 1
    }

    /// One of them.
    pub fn at(&self, instant: usize) -> Instant {
        Instant { minute: Some(self.grid.edges[instant]), left: self.left[instant] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_distance_from_the_nearer_end() {
        for (minute, expected) in [(1, 1), (60, 60), (195, 195), (196, 16), (375, 195), (389, 209)] {
            assert_eq!(on_half_day(minute), expected);
        }
    }
}
