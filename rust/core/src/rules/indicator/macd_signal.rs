//! Moving average convergence and divergence: the signal line.

use super::{
    Closes, Indicator,
    macd::{Macd, Mean},
    weekly::PerLane,
};
use crate::math::lanes::{Col, LANES};

/// Exponential mean over 9 sessions of the line.
#[derive(Debug)]
pub(super) struct MacdSignal {
    line: Macd,
    mean: Mean,
}

impl MacdSignal {
    pub fn new() -> Self {
        Self { line: Macd::new(), mean: Mean::new(9) }
    }
}

impl Indicator for MacdSignal {
    fn warm_up(&self) -> u32 {
        self.line.warm_up() + self.mean.sessions - 1
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        for lane in 0..LANES {
            out[lane] = self.push(lane, now.spot[lane]);
        }
    }
}

impl PerLane for MacdSignal {
    #[inline]
    fn push(&mut self, lane: usize, spot: f64) -> f64 {
        let line = self.line.push(lane, spot);
        self.mean.push(lane, line)
    }
}
