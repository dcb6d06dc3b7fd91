//! Moving average convergence and divergence: the signal line.

use super::{
    Indicator,
    macd::{Macd, Mean},
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

    fn step(&mut self, spot: &Col, vix: &Col, out: &mut Col) {
        self.line.step(spot, vix, out);
        for lane in 0..LANES {
            out[lane] = self.mean.push(lane, out[lane]);
        }
    }
}
