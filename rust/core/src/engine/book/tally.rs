//! What only a hedged book keeps on its way: budget windows, coverage, the P&L of core and hedge side by side.

use super::{Context, Layer, hedge::Exposure, window::Window};
use crate::{
    engine::{layout::BookPlan, spec::Cap, summary::Summary},
    math::lanes::{Col, LANES},
};

/// R22: coverage from here on meets the lower end of 40–60%.
const MET: f64 = 0.40;
/// … and beyond this one is above its upper end.
const ENOUGH: f64 = 0.60;

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
    /// Expected cost committed within a year by all layers (R61), and by each that has a budget of its own (R34).
    pub window: Option<Window>,
    pub windows: Vec<Option<Window>>,
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
        let kept = |budgeted: bool| budgeted.then(|| Window::new(sessions));
        let budgeted = |cap: &Cap| matches!(cap, Cap::LayerBudget { .. });
        let own = book.layers.iter().map(|layer| kept(layer.size.caps.iter().any(budgeted)));
        Self { window: kept(book.budget_per_year.is_some()), windows: own.collect(), ..Self::default() }
    }

    /// A new tick begins: the night is over, nothing has settled yet.
    pub fn begin(&mut self, ctx: Context<'_>, layers: &[Layer]) {
        self.flow = Col::default();
        self.sum_layers(ctx, layers);
        self.hedge_overnight = self.hedge;
        self.window.iter_mut().chain(self.windows.iter_mut().flatten()).for_each(|window| window.begin(ctx));
    }

    /// Expected cost of a purchase of a layer; of one before session 0 nobody knows whose it was, and it counts for each.
    pub fn commit(&mut self, tick: u32, lane: usize, layer: Option<usize>, dollars: f64) {
        let own = self.windows.iter_mut().enumerate().filter(|(index, _)| layer.is_none_or(|l| l == *index));
        let windows = self.window.iter_mut().chain(own.filter_map(|(_, window)| window.as_mut()));
        windows.for_each(|window| window.commit(tick, lane, dollars));
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
