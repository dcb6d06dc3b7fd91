//! Expected cost committed within a year (R61): what a budget counts.

use super::Context;
use crate::math::lanes::{Col, LANES};

/// The budget covers what was committed in fewer days than this.
const YEAR_DAYS: i32 = 365;

#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Dollars.
    pub spent: Col,
    /// Tick by tick.
    committed: Vec<Col>,
    /// First tick of the window.
    oldest: Vec<u32>,
}

impl Window {
    pub fn new(sessions: u32) -> Self {
        Self {
            spent: Col::default(),
            committed: vec![Col::default(); sessions as usize + 1],
            oldest: vec![0; LANES],
        }
    }

    /// A new tick begins: what is a year old counts no more.
    pub fn begin(&mut self, ctx: Context<'_>) {
        for i in 0..LANES {
            let start = ctx.market.session[i] - ctx.tick;
            let today = ctx.plan.schedule.day(ctx.market.session[i]);
            while today - ctx.plan.schedule.day(start + self.oldest[i]) >= YEAR_DAYS {
                self.spent[i] -= self.committed[self.oldest[i] as usize][i];
                self.oldest[i] += 1;
            }
        }
    }

    /// Expected cost of a purchase.
    pub fn commit(&mut self, tick: u32, lane: usize, dollars: f64) {
        self.committed[tick as usize][lane] += dollars;
        self.spent[lane] += dollars;
    }
}
