//! What only a hedged book keeps on its way: budget window, coverage, the P&L of core and hedge side by side.

use super::{Context, Layer, hedge::Exposure};
use crate::{
    engine::{layout::BookPlan, summary::Summary},
    math::lanes::{Col, LANES},
};

/// R22: coverage from here on meets the lower end of 40–60%.
const MET: f64 = 0.40;
/// … and beyond this one is above its upper end.
const ENOUGH: f64 = 0.60;
/// R61: the budget covers what was committed in fewer days than this.
const YEAR_DAYS: i32 = 365;

#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// P&L of hedge and core layers so far, and at the last tick.
    pub hedge: Col,
    core: Col,
    last: [Col; 2],
    /// Hedge P&L after the night, before anything settled today.
    pub hedge_overnight: Col,
    /// Hedge cash flow of this tick, what openings cost included: a roll raises only its difference.
    pub flow: Col,
    /// Expected cost committed within a year (R61), and tick by tick.
    pub window: Col,
    committed: Vec<Col>,
    /// First tick of the window.
    oldest: Vec<u32>,
    /// Σ dollars per VIX point over sizing decisions with a core to cover: the core's, wanted, affordable.
    pub decided: Col,
    pub wanted: Col,
    pub affordable: Col,
    /// The same over sessions with a core to cover: the core's, held; how many they were, and with enough.
    exposed: Col,
    achieved: Col,
    sessions: Col,
    met: Col,
    over: Col,
    /// Ticks of the last forced closing on the core's and on the hedge's side.
    pub last_forced: [Col; 2],
    /// n, Σa, Σb, Σa², Σb², Σab of the daily changes.
    moments: [Col; 5],
    ticks: f64,
}

impl Tally {
    pub fn new(sessions: u32, book: &BookPlan) -> Self {
        let budgeted = book.budget_per_year.is_some();
        let committed = if budgeted { vec![Col::default(); sessions as usize + 1] } else { vec![] };
        Self { committed, oldest: vec![0; LANES], ..Self::default() }
    }

    /// A new tick begins: the night is over, nothing has settled yet.
    pub fn begin(&mut self, ctx: Context<'_>, layers: &[Layer]) {
        self.flow = Col::default();
        self.sum_layers(ctx, layers);
        self.hedge_overnight = self.hedge;
        if self.committed.is_empty() {
            return;
        }
        for i in 0..LANES {
            let start = ctx.market.session[i] - ctx.tick;
            let today = ctx.plan.schedule.day(ctx.market.session[i]);
            while today - ctx.plan.schedule.day(start + self.oldest[i]) >= YEAR_DAYS {
                self.window[i] -= self.committed[self.oldest[i] as usize][i];
                self.oldest[i] += 1;
            }
        }
    }

    /// Expected cost of a purchase.
    pub fn commit(&mut self, tick: u32, lane: usize, dollars: f64) {
        if let Some(column) = self.committed.get_mut(tick as usize) {
            column[lane] += dollars;
            self.window[lane] += dollars;
        }
    }

    /// Coverage of one session.
    pub fn cover(&mut self, lane: usize, Exposure { core, hedge }: Exposure) {
        self.exposed[lane] += core;
        self.achieved[lane] += hedge;
        self.sessions[lane] += 1.0;
        self.met[lane] += f64::from(hedge >= MET * core);
        self.over[lane] += f64::from(hedge > ENOUGH * core);
    }

    /// A tick ends: daily changes of core and hedge, and what was raised while the core was pressed (R39, R66).
    pub fn end(
        &mut self,
        ctx: Context<'_>,
        layers: &[Layer],
        pressed: impl Fn(usize) -> bool,
        sum: &mut Summary,
    ) {
        self.sum_layers(ctx, layers);
        self.ticks += 1.0;
        for i in 0..LANES {
            let (core, hedge) = (self.core[i] - self.last[0][i], self.hedge[i] - self.last[1][i]);
            for (moment, value) in
                self.moments.iter_mut().zip([core, hedge, core * core, hedge * hedge, core * hedge])
            {
                moment[i] += value;
            }
            if pressed(i) {
                sum.stress_cash[i] += self.flow[i];
                sum.stress_core_pnl[i] += core;
            }
        }
        self.last = [self.core, self.hedge];
    }

    fn sum_layers(&mut self, ctx: Context<'_>, layers: &[Layer]) {
        (self.core, self.hedge) = (Col::default(), Col::default());
        for (index, layer) in layers.iter().enumerate() {
            let side = if ctx.layer(index).hedges() { &mut self.hedge } else { &mut self.core };
            for i in 0..LANES {
                side[i] += layer.pnl[i];
            }
        }
    }

    /// Means and correlation of the path.
    pub fn finish(&self, sum: &mut Summary) {
        sum.over_covered = self.over;
        let share = |top: f64, bottom: f64| if bottom > 0.0 { top / bottom } else { f64::NAN };
        for i in 0..LANES {
            // Ratios of sums: a core that is about to lose its last vega would dominate a mean of ratios.
            sum.coverage_wanted[i] = share(self.wanted[i], self.decided[i]);
            sum.coverage_affordable[i] = share(self.affordable[i], self.decided[i]);
            sum.coverage_achieved[i] = share(self.achieved[i], self.exposed[i]);
            sum.coverage_met[i] = share(self.met[i], self.sessions[i]);
            let [a, b, aa, bb, ab] = self.moments.each_ref().map(|column| column[i] / self.ticks);
            let (va, vb) = (aa - a * a, bb - b * b);
            sum.hedge_correlation[i] = share(ab - a * b, (va * vb).max(0.0).sqrt());
        }
    }
}
