//! Drawdown: how far the spot lies below its running maximum.

use super::{Closes, Indicator};
use crate::math::lanes::{Col, LANES};

/// `1 − S / max S` over the sessions seen so far, 0 or more. A missing spot gives a missing drawdown in its session and
/// leaves the maximum as it was.
#[derive(Debug)]
pub(super) struct Drawdown {
    maximum: Col,
}

impl Drawdown {
    pub fn new() -> Self {
        Self { maximum: Col::splat(f64::NAN) }
    }
}

impl Indicator for Drawdown {
    fn warm_up(&self) -> u32 {
        0
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        for lane in 0..LANES {
            let spot = if now.spot[lane].is_finite() { now.spot[lane] } else { f64::NAN };
            self.maximum[lane] = self.maximum[lane].max(spot); // f64::max ignores a missing operand
            out[lane] = 1.0 - spot / self.maximum[lane];
        }
    }
}
