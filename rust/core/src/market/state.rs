//! The pricing state of a block of paths.

use super::strategy_index::Funds;
use crate::math::lanes::{Col, LANES};

/// Factors of the VIX curve: fast, medium, slow.
pub const FACTORS: usize = 3;
/// What the SPX surface has of its own, beside the factors: [`LEVEL`], [`SKEW`], [`CURVATURE`].
pub const SMILE: usize = 3;
/// Logarithm of the surface's variance-swap vols over those of the VIX curve.
pub const LEVEL: usize = 0;
/// |ρ| less that of the template, before its bounds.
pub const SKEW: usize = 1;
/// ln ζ less that of the template, before its bound.
pub const CURVATURE: usize = 2;

/// Everything that prices follow from, one path a lane; and what the model alone reads.
#[derive(Debug, Default, PartialEq)]
pub struct State {
    /// Logarithm of the SPX level.
    pub ln_s: Col,
    /// Factors of ln(VIX − floor): fast, medium, slow. Zero where the model has none.
    pub x: [Col; FACTORS],
    /// What the day adds to the template of the SPX surface: level, skew, curvature. Zero is the template.
    pub smile: [Col; SMILE],
    /// Interest rate, continuously compounded, a year.
    pub r: Col,
    /// Dividend yield, continuously compounded, a year.
    pub q: Col,
    /// What the model remembers of the path beside all that, which no price follows from; empty where the state is all.
    /// [`Generator::start`](super::generator::Generator::start) gives it its columns, and sessions move them.
    pub memory: Vec<Col>,
    /// What prices shares of funds of VIX futures about these factors; `None` where nobody trades any. No model moves it: it
    /// belongs to a close and follows the copies that are made of it.
    pub funds: Option<Box<Funds>>,
}

/// Field by field, so that copying into a state that was a copy before allocates nothing.
impl Clone for State {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, from: &Self) {
        let Self { ln_s, x, smile, r, q, memory, funds } = self;
        (*ln_s, *x, *smile, *r, *q) = (from.ln_s, from.x, from.smile, from.r, from.q);
        memory.clone_from(&from.memory);
        match (funds, &from.funds) {
            (Some(funds), Some(from)) => funds.take(from),
            (funds, from) => funds.clone_from(from),
        }
    }
}

/// The state of one path, with the template's surface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub ln_s: f64,
    pub x: [f64; FACTORS],
    pub r: f64,
    pub q: f64,
}

impl State {
    /// The factors of one lane.
    #[inline(always)]
    pub(crate) fn factors(&self, lane: usize) -> [f64; FACTORS] {
        [self.x[0][lane], self.x[1][lane], self.x[2][lane]]
    }

    /// Puts one path's state in a lane.
    #[inline(always)]
    pub(crate) fn set(&mut self, lane: usize, point: &Point) {
        self.ln_s[lane] = point.ln_s;
        for (column, factor) in self.x.iter_mut().zip(point.x) {
            column[lane] = factor;
        }
        for column in &mut self.smile {
            column[lane] = 0.0;
        }
        self.r[lane] = point.r;
        self.q[lane] = point.q;
    }

    /// The state of one path, less what its surface has of its own.
    pub(crate) fn point(&self, lane: usize) -> Point {
        Point { ln_s: self.ln_s[lane], x: self.factors(lane), r: self.r[lane], q: self.q[lane] }
    }

    /// Takes one lane from another state.
    pub(crate) fn copy_lane(&mut self, lane: usize, other: &Self) {
        self.ln_s[lane] = other.ln_s[lane];
        let ours = self.x.iter_mut().chain(&mut self.smile).chain(&mut self.memory);
        let theirs = other.x.iter().chain(&other.smile).chain(&other.memory);
        for (column, from) in ours.zip(theirs) {
            column[lane] = from[lane];
        }
        self.r[lane] = other.r[lane];
        self.q[lane] = other.q[lane];
    }

    /// Gives the memory so many columns, and hands them out.
    pub(crate) fn memory_of<const N: usize>(&mut self) -> &mut [Col; N] {
        self.memory.resize(N, Col::default());
        self.memory.as_mut_slice().try_into().expect("as many columns as asked for")
    }

    /// Puts one path's state in every lane.
    pub(crate) fn fill(&mut self, point: &Point) {
        for lane in 0..LANES {
            self.set(lane, point);
        }
    }
}
