//! Indicators over the last closes of weeks (R55).

use super::{Closes, Indicator};
use crate::math::lanes::Col;

/// Most sessions of a week.
const WEEK: u32 = 5;

/// An indicator of the spot that takes in a close of one lane: lanes of a replay end their weeks on different days.
pub(super) trait PerLane: Indicator {
    /// Takes in a close; NaN until it is warm.
    fn push(&mut self, lane: usize, spot: f64) -> f64;
}

/// An indicator that takes in the last close of each week, and stands still until the next: a week is known when it is over.
#[derive(Debug)]
pub(super) struct Weekly<I: PerLane> {
    of_weeks: I,
    fresh: fn() -> I,
    last: Col,
}

impl<I: PerLane> Weekly<I> {
    pub fn new(fresh: fn() -> I) -> Self {
        Self { of_weeks: fresh(), fresh, last: Col::splat(f64::NAN) }
    }
}

impl<I: PerLane> Indicator for Weekly<I> {
    fn warm_up(&self) -> u32 {
        WEEK * (self.of_weeks.warm_up() + 1) - 1
    }

    fn reset(&mut self) {
        *self = Self::new(self.fresh);
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        for lane in now.week_ends.lanes() {
            self.last[lane] = self.of_weeks.push(lane, now.spot[lane]);
        }
        *out = self.last;
    }
}
