//! The rank of the VIX in its own past.

use super::{Closes, Indicator};
use crate::{math::lanes::Col, rules::rank::Rank};

/// Share of the sessions before, N with this one, in which the VIX was lower, 0 to 100: `vix.percentile(N)` by name.
#[derive(Debug)]
pub(super) struct VixPercentile {
    sessions: u32,
    rank: Rank,
}

impl VixPercentile {
    pub fn new(sessions: u32) -> Self {
        Self { sessions, rank: Rank::new(sessions) }
    }
}

impl Indicator for VixPercentile {
    fn warm_up(&self) -> u32 {
        self.sessions - 1
    }

    fn reset(&mut self) {
        *self = Self::new(self.sessions);
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        let finite = |x: f64| if x.is_finite() { x } else { f64::NAN };
        self.rank.push(&Col(std::array::from_fn(|lane| finite(now.vix[lane]))), out);
    }
}
