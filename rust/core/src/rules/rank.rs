//! The memory of `percentile`: the last n sessions, lane by lane.

use super::run::Run;
use crate::math::lanes::{Col, LANES, Mask};

/// The n - 1 sessions before this one in a ring.
///
/// The rank is counted anew in every session: a comparison and an addition per session of the window and lane, eight lanes at
/// a time, is less than a search tree per lane up to windows of years, and the answer is a whole count with no rounding.
#[derive(Clone, Debug)]
pub(super) struct Rank {
    run: Run,
    before: Box<[Col]>,
    oldest: usize,
}

impl Rank {
    /// A window that has seen nothing.
    pub fn new(sessions: u32) -> Self {
        let before = vec![Col::default(); sessions as usize - 1].into_boxed_slice();
        Self { run: Run::default(), before, oldest: 0 }
    }

    /// Forgets what the lanes have seen.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        self.run.reset_lanes(lanes);
    }

    /// Takes in this session's value; writes the share of the sessions before that were strictly lower, 0 to 100.
    #[inline(always)]
    pub fn push(&mut self, value: &Col, out: &mut Col) {
        let others = self.before.len();
        self.run.push(value);
        *out = Col::default();
        for before in &self.before {
            for lane in 0..LANES {
                out[lane] += if before[lane] < value[lane] { 1.0 } else { 0.0 };
            }
        }
        for lane in 0..LANES {
            let there = self.run.at_least(lane, others as u32 + 1);
            out[lane] = if there { 100.0 * out[lane] / others as f64 } else { f64::NAN };
        }
        self.before[self.oldest] = *value;
        self.oldest = (self.oldest + 1) % others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_of_the_sessions_before_that_were_lower() {
        let mut rank = Rank::new(5);
        let mut out = Col::default();
        let nan = f64::NAN;
        for (value, expected) in [
            (3.0, nan),
            (1.0, nan),
            (4.0, nan),
            (1.0, nan),
            (5.0, 100.0),
            (1.0, 0.0),
            (4.0, 50.0),
            (nan, nan),
            (2.0, nan),
            (2.0, nan),
            (9.0, nan),
            (1.0, nan),
            (8.0, 75.0),
        ] {
            rank.push(&Col::splat(value), &mut out);
            assert!(out[0] == expected || (out[0].is_nan() && expected.is_nan()), "{value}: {}", out[0]);
        }
        rank.reset_lanes(Mask::first(1));
        rank.push(&Col::splat(1.0), &mut out);
        assert!(out[0].is_nan() && out[1] == 0.0);
    }
}
