//! The short legs of diagonals: nearer calls sold against those that a layer holds, slot by slot, and bought back with them.

use super::{Book, Context, about, calls::forced_share};
use crate::{
    engine::{
        package::{Package, Pool},
        size::FLOOR_SLACK,
        trace::Event,
    },
    math::lanes::{Mask, Tri},
    rules::program::Memory,
};

impl Book {
    /// Lanes in which a call is to be sold against what is held in a slot, at the next fill.
    pub fn writes(&self, short: usize, slot: usize) -> Mask {
        self.layers[short].slots[slot].write
    }

    /// Lanes in which something may be sold at the next fill.
    pub fn sells(&self, short: usize) -> Mask {
        self.layers[short].sells
    }

    /// Where nothing is sold any more against what a layer holds and keeps, and a nearer expiry is listed at the next fill,
    /// another call is to be sold; none without the rule that allows it.
    pub fn order_shorts(&mut self, ctx: Context<'_>, layer: usize, pools: &[Pool], enters: &[(Memory, Tri)]) {
        let Some(short) = ctx.layer(layer).short else { return };
        let may = short.when.map_or(Mask::ALL, |rule| enters[rule].1.is_true());
        self.layers[short.layer].sells = may;
        if !short.again {
            return;
        }
        let (pool, wanted) = (ctx.pool(short.layer), self.trading() & may);
        for slot in 0..self.layers[layer].slots.len() {
            let calls = ctx.package(pools, layer, slot);
            let state = &self.layers[layer].slots[slot];
            let bare = self.holds(layer, slot) & !state.exit & !state.roll & !self.holds(short.layer, slot);
            let listed = |i: usize| pool.sold_against(ctx.market.session[i] + 1, calls.expiry[i]);
            let orders = bare & wanted;
            self.layers[short.layer].slots[slot].write = Mask::from_fn(|i| orders.get(i) && listed(i));
        }
    }

    /// Sells against what was held at the last close, before anything is bought.
    pub fn write_again(&mut self, ctx: Context<'_>, pools: &[Pool], layer: usize) {
        let Some(short) = ctx.layer(layer).short else { return };
        for slot in 0..self.layers[short.layer].slots.len() {
            let orders = std::mem::take(&mut self.layers[short.layer].slots[slot].write);
            for i in (orders & self.holds(layer, slot)).lanes() {
                self.write(ctx, pools, layer, slot, i);
            }
        }
    }

    /// Sells calls against those of a slot, where some are on offer that bring more than their fees.
    pub(super) fn write(&mut self, ctx: Context<'_>, pools: &[Pool], layer: usize, slot: usize, lane: usize) {
        let Some(short) = ctx.layer(layer).short else { return };
        let Some(package) = on_offer(ctx, pools, layer, slot, lane) else { return };
        let pool = ctx.pool(short.layer);
        let wanted = short.share * self.layers[layer].slots[slot].lots[lane];
        let slip = -(package.credit[lane] + package.worth[lane]);
        let outlay = package.risk[lane] * pool.contract.dpp;
        let cost = slip * pool.contract.dpp + pool.fees;
        let room = self.room(ctx, pools, short.layer, package, outlay, cost, lane);
        let lots = (wanted.min(room) + FLOOR_SLACK).floor();
        if lots < 1.0 {
            let reason = if room < wanted { "free funds" } else { "less than one lot" };
            self.skip(ctx, short.layer, slot, Some(package), lane, reason.into());
            return;
        }
        let profit = package.credit[lane] * pool.contract.dpp - pool.fees;
        if self.blocks(ctx, pools, short.layer, slot, package, lane, (lots, profit)) {
            return;
        }
        // Its lots follow those that cover it: what rounding left out is told of those.
        self.enter(ctx, short.layer, slot, package, lane, [lots, f64::NAN], "against what is held".into());
    }

    /// Buys back what the calls of a slot that are left no longer cover: in the fill that closed the others.
    pub(super) fn buy_back(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        (layer, slot): (usize, usize),
        lane: usize,
        (forced, reason): (bool, &str),
    ) {
        let Some(short) = ctx.layer(layer).short else { return };
        let lots = self.uncovered(ctx, layer, slot, lane, self.layers[layer].slots[slot].lots[lane]);
        if lots <= 0.0 {
            return;
        }
        let (pool, package) = (ctx.pool(short.layer), ctx.package(pools, short.layer, slot));
        let share = if forced { forced_share(ctx, lane) } else { pool.order_share(&ctx.plan.costs) };
        let (received, fees) = self.unwind(ctx, short.layer, package, lane, lots, share);
        self.layers[short.layer].slots[slot].lots[lane] -= lots;
        let dollars = lots * pool.contract.dpp;
        let unit = package.earned(pool, lane, received);
        self.log(ctx, lane, || Event {
            reason: reason.into(),
            lots,
            price: received,
            pnl: dollars * unit - lots * pool.fees - fees,
            cash: dollars * received - fees,
            ..about(ctx, "buy_back", short.layer, slot, Some(package))
        });
    }

    /// Dollars per VIX point of what is sold against a slot; `None` where nothing is.
    pub(super) fn vega_sold(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        slot: usize,
        lane: usize,
    ) -> Option<f64> {
        let short = ctx.layer(layer).short?;
        let lots = self.layers[short.layer].slots[slot].lots[lane];
        let dollars = lots * ctx.pool(short.layer).contract.dpp;
        (lots > 0.0).then(|| dollars * ctx.package(pools, short.layer, slot).sens[lane])
    }

    /// Lots sold against a slot that so many lots of it would not cover.
    pub(super) fn uncovered(
        &self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        lane: usize,
        left: f64,
    ) -> f64 {
        ctx.layer(layer).short.map_or(0.0, |short| {
            let held = self.layers[short.layer].slots[slot].lots[lane];
            (held - (short.share * left + FLOOR_SLACK).floor()).max(0.0)
        })
    }
}

/// Dollars per VIX point of what is sold against a lot of a package on offer; 0 where nothing is.
pub(super) fn short_vega(ctx: Context<'_>, pools: &[Pool], layer: usize, slot: usize, lane: usize) -> f64 {
    let Some(short) = ctx.layer(layer).short else { return 0.0 };
    let dpp = ctx.pool(short.layer).contract.dpp;
    on_offer(ctx, pools, layer, slot, lane).map_or(0.0, |package| short.share * package.sens[lane] * dpp)
}

/// The call that this fill may sell against a slot, if it brings more than its fees.
fn on_offer<'p>(
    ctx: Context<'_>,
    pools: &'p [Pool],
    layer: usize,
    slot: usize,
    lane: usize,
) -> Option<&'p Package> {
    let short = ctx.layer(layer).short?;
    let (pool, package) = (ctx.pool(short.layer), ctx.package(pools, short.layer, slot));
    let today = package.alive.get(lane) && package.entered[lane] == f64::from(ctx.tick);
    let brings = package.credit[lane] * pool.contract.dpp > pool.fees;
    (today && brings).then_some(package)
}
