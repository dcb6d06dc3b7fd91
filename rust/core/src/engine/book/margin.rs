//! What a ledger must hold, and what it has to hold it with: the one place that knows which margin rule is in force.

use super::{Book, Context, LEDGERS, TOLERANCE};
use crate::{
    engine::{
        instrument::Instrument,
        package::{Package, Pool},
        summary::first,
        trace::Event,
    },
    margin::{Exposure, Holding, MarginRule},
    math::lanes::{Col, LANES, Mask},
};

impl Book {
    /// Requirement of one ledger, dollars: under strategy-based margin Σ risk and margin of its packages; under
    /// portfolio margin the worst move of all of them together.
    pub(super) fn required(&self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) -> f64 {
        let layers = ctx.layers_of(ledger);
        match ctx.plan.margin {
            MarginRule::Strategy => layers
                .map(|layer| self.held(ctx, pools, layer, |p| p.risk[lane] + p.margin[lane], lane))
                .sum(),
            MarginRule::Portfolio(_) => self.exposure_of(ctx, pools, layers, lane).requirement(),
        }
    }

    /// What counts against the requirement of one ledger, dollars: its cash, and with an offset a share of what its bought
    /// options are worth; under portfolio margin its equity, because there a mark is money.
    pub(super) fn available(&self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) -> f64 {
        let cash = self.cash[ledger][lane];
        let layers = ctx.layers_of(ledger);
        match ctx.plan.margin {
            MarginRule::Strategy => {
                cash + ctx.book.offset.map_or(0.0, |share| {
                    let bought = layers.filter(|&layer| ctx.layer(layer).hedges());
                    // What is sold against them counts against them.
                    let counted =
                        |l: usize, worth: f64| if ctx.layer(l).covered { worth } else { worth.max(0.0) };
                    share
                        * bought
                            .map(|l| self.held(ctx, pools, l, |p| counted(l, p.worth[lane]), lane))
                            .sum::<f64>()
                })
            }
            MarginRule::Portfolio(_) => {
                cash + layers.map(|layer| self.held(ctx, pools, layer, |p| p.worth[lane], lane)).sum::<f64>()
            }
        }
    }

    /// Of it, what nothing needs, dollars.
    pub(super) fn free_funds(&self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) -> f64 {
        self.available(ctx, pools, ledger, lane) - self.required(ctx, pools, ledger, lane)
    }

    /// Requirement of one layer by itself, dollars: what its share of margin is measured by.
    pub(super) fn required_by(&self, ctx: Context<'_>, pools: &[Pool], layer: usize, lane: usize) -> f64 {
        match ctx.plan.margin {
            MarginRule::Strategy => self.held(ctx, pools, layer, |package| package.risk[lane], lane),
            MarginRule::Portfolio(_) => self.exposure_of(ctx, pools, [layer], lane).requirement(),
        }
    }

    /// Requirement of one ledger with so many lots more, dollars.
    pub(super) fn required_with(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        package: &Package,
        lots: f64,
        lane: usize,
    ) -> f64 {
        let ledger = ctx.layer(layer).ledger;
        match holding(ctx, layer, package, lane) {
            None => {
                let unit = (package.risk[lane] + package.margin[lane]) * ctx.pool(layer).contract.dpp;
                self.required(ctx, pools, ledger, lane) + lots * unit
            }
            Some(unit) => {
                let layers = ctx.layers_of(ledger);
                self.exposure_of(ctx, pools, layers, lane).with(unit.times(lots)).requirement()
            }
        }
    }

    /// Lots that the free funds of a ledger bear beside what its futures may lose in a day (R64), where each takes
    /// `outlay` of cash and requirement, or, where the moves say what it requires, `cost` of equity.
    #[allow(clippy::too_many_arguments, reason = "a ledger, a package and its costs")]
    pub(super) fn room(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        package: &Package,
        outlay: f64,
        cost: f64,
        lane: usize,
    ) -> f64 {
        let ledger = ctx.layer(layer).ledger;
        let stress = self.stress(ctx, pools, ledger, lane);
        match holding(ctx, layer, package, lane) {
            None if outlay > 0.0 => ((self.free_funds(ctx, pools, ledger, lane) - stress) / outlay).max(0.0),
            None => f64::INFINITY,
            Some(unit) => {
                let layers = ctx.layers_of(ledger);
                let funds = self.available(ctx, pools, ledger, lane) - stress;
                self.exposure_of(ctx, pools, layers, lane).room(&unit, cost, funds)
            }
        }
    }

    /// The one test of a margin call: what counts against the requirement is below it.
    pub(super) fn short(&self, ledger: usize) -> Mask {
        let (available, requirement) = (&self.available[ledger], &self.requirement[ledger]);
        Mask::from_fn(|i| available[i] + TOLERANCE < requirement[i]) & !self.ruined
    }

    /// Keeps requirement and what counts against it, of every ledger, as they stand after the fills.
    pub(super) fn mark_margin(&mut self, ctx: Context<'_>, pools: &[Pool], strategy: &[Col; LEDGERS]) {
        self.available = self.cash;
        self.requirement.clone_from(strategy);
        if ctx.plan.margin == MarginRule::Strategy && ctx.book.offset.is_none() {
            return;
        }
        for ledger in ctx.ledgers() {
            for i in 0..LANES {
                self.available[ledger][i] = self.available(ctx, pools, ledger, i);
                self.requirement[ledger][i] = self.required(ctx, pools, ledger, i);
            }
        }
    }

    /// Counts the calls that stand at the worst bar of the session and not at its close: nothing is closed for them.
    pub(super) fn count_bar_calls(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        if ctx.plan.worst_bar.is_none() {
            return;
        }
        for ledger in ctx.ledgers() {
            let free = |i| self.free_at_bar(ctx, pools, ledger, i) + TOLERANCE;
            let short = Mask::from_fn(|i| free(i) < 0.0) & !self.ruined & !self.calls.standing[ledger];
            for i in (short & !self.bar_call[ledger]).lanes() {
                self.sum.bar_calls[i] += 1.0;
                first(&mut self.sum.bar_call_tick, i, ctx.tick);
                self.log(ctx, i, || Event {
                    kind: "bar_call",
                    reason: format!("at the worst bar {} below requirement", ctx.plan.margin.counted()),
                    ..Event::default()
                });
            }
            self.bar_call[ledger] = short;
        }
    }

    /// Free funds of one ledger at the worst bar, dollars: futures have paid their variation until then.
    fn free_at_bar(&self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) -> f64 {
        let (mut funds, mut risk, mut exposure) =
            (self.cash[ledger][lane], 0.0, Exposure::new(ctx.book.offset));
        for (index, layer) in self.layers.iter().enumerate().filter(|(l, _)| ctx.layer(*l).ledger == ledger) {
            let contract = &ctx.pool(index).contract;
            let bought = ctx.book.offset.filter(|_| ctx.layer(index).hedges());
            for (slot, package) in layer.slots.iter().zip(&pools[ctx.layer(index).pool].packages) {
                let dollars = slot.lots[lane] * contract.dpp;
                let Some(at) = package.at_bar.as_ref().filter(|_| dollars > 0.0) else { continue };
                let value = at.value[lane];
                funds += match (ctx.plan.margin, contract.instrument) {
                    (_, Instrument::VixFuture) => dollars * (value - package.value[lane]),
                    (MarginRule::Portfolio(_), _) => dollars * value,
                    (MarginRule::Strategy, _) if ctx.layer(index).covered => {
                        bought.unwrap_or(0.0) * dollars * value
                    }
                    (MarginRule::Strategy, _) => bought.unwrap_or(0.0) * dollars * value.max(0.0),
                };
                risk += dollars * (package.risk[lane] + at.margin[lane]);
                if let Some(loss) = &at.loss {
                    let class = contract.instrument.class();
                    exposure.add(class, dollars, &loss.moves[lane], loss.minimum[lane]);
                }
            }
        }
        funds - if ctx.plan.margin == MarginRule::Strategy { risk } else { exposure.requirement() }
    }

    /// What the packages of some layers lose together in each move.
    fn exposure_of(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layers: impl IntoIterator<Item = usize>,
        lane: usize,
    ) -> Exposure {
        let mut exposure = Exposure::new(ctx.book.offset);
        for layer in layers {
            let pool = ctx.pool(layer);
            let packages = &pools[ctx.layer(layer).pool].packages;
            for (slot, package) in self.layers[layer].slots.iter().zip(packages) {
                let lots = slot.lots[lane];
                let Some(moved) = package.moved.as_ref().filter(|_| lots > 0.0) else { continue };
                let (losses, minimum) = (&moved.loss.moves[lane], moved.loss.minimum[lane]);
                exposure.add(pool.contract.instrument.class(), lots * pool.contract.dpp, losses, minimum);
            }
        }
        exposure
    }
}

/// Requirement of one lot by itself, dollars.
pub(super) fn unit(ctx: Context<'_>, layer: usize, package: &Package, lane: usize) -> f64 {
    holding(ctx, layer, package, lane).map_or_else(
        || package.risk[lane] * ctx.pool(layer).contract.dpp,
        |unit| Exposure::new(ctx.book.offset).with(unit).requirement(),
    )
}

/// What an opened lot does to what counts against the requirement, dollars: its cash; under portfolio margin less what
/// it is worth.
pub(super) fn brings(ctx: Context<'_>, layer: usize, package: &Package, lane: usize) -> f64 {
    let pool = ctx.pool(layer);
    let profit = package.credit[lane] * pool.contract.dpp - pool.fees;
    match ctx.plan.margin {
        MarginRule::Strategy => profit,
        MarginRule::Portfolio(_) => profit + package.worth[lane] * pool.contract.dpp,
    }
}

/// One lot as the moves see it; `None` under strategy-based margin.
fn holding(ctx: Context<'_>, layer: usize, package: &Package, lane: usize) -> Option<Holding> {
    let contract = &ctx.pool(layer).contract;
    let loss = &package.moved.as_ref()?.loss;
    let one =
        Holding { class: contract.instrument.class(), losses: loss.moves[lane], minimum: loss.minimum[lane] };
    Some(one.times(contract.dpp))
}
