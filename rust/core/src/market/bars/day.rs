//! What a session's move consists of: what every generator says to the bars inside it.

use crate::market::state::FACTORS;
use crate::math::lanes::Col;

/// What moves: ln S, then the factors.
pub(crate) const MOVES: usize = 1 + FACTORS;
/// The time of a jump where there is none.
pub(crate) const NEVER: f64 = 2.0;

/// The parts of the move from one close to the next, one path a lane.
///
/// What the closes and the draws between them leave open is a diffusion, and at most one jump of known size.
#[derive(Debug)]
pub struct Day {
    /// `root[row][column]`: what a normal of the column adds to the row, over a whole session of the diffusion.
    /// Row 0, ln S, has nothing but its first column.
    pub root: [[Col; MOVES]; MOVES],
    /// The part of the session's move that is a jump.
    pub jump: [Col; MOVES],
    /// When it happens, on the session's clock of variance from 0 at the close before to 1: overnight below the
    /// overnight share; [`NEVER`] where there is none.
    pub at: Col,
    /// ln S at the opening where that is recorded; NaN where it is to be drawn.
    pub open: Col,
    /// Highest ln S of the day where it is recorded with the opening and the lowest, else NaN.
    pub high: Col,
    /// Lowest.
    pub low: Col,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            root: Default::default(),
            jump: Default::default(),
            at: Col::splat(NEVER),
            open: Col::splat(f64::NAN),
            high: Col::splat(f64::NAN),
            low: Col::splat(f64::NAN),
        }
    }
}

impl Day {
    /// A jump of a lane, at a time of the session's clock.
    pub(crate) fn jump(&mut self, lane: usize, at: f64, sizes: [f64; MOVES]) {
        self.at[lane] = at;
        for (column, size) in self.jump.iter_mut().zip(sizes) {
            column[lane] = size;
        }
    }

    /// No jump, in any lane.
    pub(crate) fn calm(&mut self) {
        self.at = Col::splat(NEVER);
        self.jump = Default::default();
    }

    /// Is the lane's jump before the opening, after it, or nowhere?
    #[inline]
    pub(crate) fn jump_in(&self, lane: usize, overnight_share: f64) -> Interval {
        match self.at[lane] {
            at if at < overnight_share => Interval::Night,
            at if at < 1.0 => Interval::Day,
            _ => Interval::None,
        }
    }

    /// Lanes of which high and low are recorded.
    pub(crate) fn ranged(&self, lane: usize) -> bool {
        self.high[lane] > self.low[lane]
    }
}

/// Which part of a session a jump falls in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    None,
    Night,
    Day,
}
