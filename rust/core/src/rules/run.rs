//! How many sessions in a row a number was there, lane by lane.

use crate::math::lanes::{Col, LANES, Mask};

/// Sessions in a row, up to now, in which the number was known.
#[derive(Clone, Debug)]
pub(super) struct Run([u32; LANES]);

impl Default for Run {
    fn default() -> Self {
        Self([0; LANES])
    }
}

impl Run {
    /// Forgets what the lanes have seen.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        for lane in lanes.lanes() {
            self.0[lane] = 0;
        }
    }

    /// Takes in this session's value.
    #[inline(always)]
    pub fn push(&mut self, value: &Col) {
        for lane in 0..LANES {
            self.0[lane] = if value[lane].is_nan() { 0 } else { self.0[lane].saturating_add(1) };
        }
    }

    /// Was the number there in each of the last n sessions?
    #[inline(always)]
    pub fn at_least(&self, lane: usize, sessions: u32) -> bool {
        self.0[lane] >= sessions
    }
}
