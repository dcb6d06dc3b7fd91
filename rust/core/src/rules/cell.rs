//! What a program remembers between sessions: one cell per operator that looks back.

use super::{latch::Latch, limits::LATCH_MEMORY, moments::Moments, names::Scope, rank::Rank, window::Window};
use crate::math::lanes::{Col, Mask, Tri};

/// What a cell remembers; lengths are sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// The conjunction of the last n values.
    Window(u32),
    /// The state of a latch.
    Latch,
    /// The condition in the session before.
    Truth,
    /// The number in the session before.
    Number,
    /// Sessions since a condition was last true.
    Since,
    /// Mean and spread of the last n values.
    Moments(u32),
    /// The last n values.
    Rank(u32),
}

impl Past {
    /// Sessions whose values the cell keeps, rather than a count of them.
    pub const fn kept(self) -> u32 {
        match self {
            Self::Moments(sessions) | Self::Rank(sessions) => sessions,
            _ => 0,
        }
    }
}

/// What a cell remembers, of what, and from when on.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellPlan {
    pub past: Past,
    /// The narrowest scope that sees everything that it looks at.
    pub scope: Scope,
    /// It takes part from so many sessions before session 0 on.
    pub begins: u32,
}

impl CellPlan {
    /// Must the cell see every session? Those of the market and the book do; moments do, because their last bits depend
    /// on how many sessions they saw, and must not on the positions of other lanes.
    pub fn needs_every_session(self) -> bool {
        self.scope != Scope::Position || matches!(self.past, Past::Moments(_))
    }

    /// Sessions of the past that it wants beforehand: those of a position or a book have none.
    pub fn looks_back(self) -> u32 {
        match (self.scope, self.past) {
            (Scope::Book | Scope::Position, _) => 0,
            (_, Past::Window(sessions) | Past::Moments(sessions) | Past::Rank(sessions)) => sessions - 1,
            (_, Past::Truth | Past::Number) => 1,
            (_, Past::Latch | Past::Since) => LATCH_MEMORY,
        }
    }

    /// A cell that has seen nothing.
    pub fn cell(self) -> Cell {
        match self.past {
            Past::Window(sessions) => Cell::Window(Box::new(Window::new(sessions))),
            Past::Latch => Cell::Latch(Latch::default()),
            Past::Truth => Cell::Truth(Tri::default()),
            Past::Number => Cell::Number(missing()),
            Past::Since => Cell::Since(missing()),
            Past::Moments(sessions) => Cell::Moments(Moments::new(sessions)),
            Past::Rank(sessions) => Cell::Rank(Rank::new(sessions)),
        }
    }
}

fn missing() -> Box<Col> {
    Box::new(Col::splat(f64::NAN))
}

/// The memory of one operator in every lane.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Window(Box<Window>),
    Latch(Latch),
    Truth(Tri),
    Number(Box<Col>),
    Since(Box<Col>),
    Moments(Moments),
    Rank(Rank),
}

impl Cell {
    /// Forgets every session: a new block of paths starts.
    pub fn reset(&mut self) {
        match self {
            Self::Moments(moments) => moments.reset(),
            other => other.reset_lanes(Mask::ALL),
        }
    }

    /// Forgets what the lanes have seen.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        match self {
            Self::Window(window) => window.reset_lanes(lanes),
            Self::Latch(latch) => latch.reset_lanes(lanes),
            Self::Truth(before) => {
                *before = Tri { truth: before.truth & !lanes, known: before.known & !lanes };
            }
            Self::Number(before) | Self::Since(before) => {
                for lane in lanes.lanes() {
                    before[lane] = f64::NAN;
                }
            }
            Self::Moments(moments) => moments.reset_lanes(lanes),
            Self::Rank(rank) => rank.reset_lanes(lanes),
        }
    }
}
