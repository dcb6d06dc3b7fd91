//! Change of the spot from one session to the next.

use super::{Closes, Indicator};
use crate::math::lanes::{Col, LANES};

/// `S / S before - 1`; missing where either is.
#[derive(Debug)]
pub(super) struct Return {
    previous: Col,
}

impl Return {
    pub fn new() -> Self {
        Self { previous: Col::splat(f64::NAN) }
    }
}

impl Indicator for Return {
    fn warm_up(&self) -> u32 {
        1
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        let spot = now.spot;
        for lane in 0..LANES {
            let change = spot[lane] / self.previous[lane] - 1.0;
            out[lane] = if change.is_finite() { change } else { f64::NAN };
        }
        self.previous = *spot;
    }
}
