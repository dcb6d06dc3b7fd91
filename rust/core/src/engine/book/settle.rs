//! Packages that reach their expiry.

use super::{Book, Context, about};
use crate::{
    engine::{
        package::{Package, Pool},
        trace::Event,
    },
    math::lanes::Mask,
};

/// Share of the risk from which a loss counts as the largest one.
const MAXIMUM_LOSS: f64 = 0.99;

impl Book {
    /// Settles the packages of `slot` that expire today in `lanes`.
    pub fn settle(&mut self, ctx: Context<'_>, layer: usize, slot: usize, package: &Package, lanes: Mask) {
        let pool = ctx.pool(layer);
        for i in lanes.lanes() {
            let payoff = package.payoff(pool, ctx.market, i);
            // Net of the fees that closing spared it: those of the opening.
            let profit = package.credit[i] + payoff - pool.fees / pool.contract.dpp;
            self.follow_early(layer, slot, i, payoff, profit > 0.0, pool.contract.dpp);
            let state = &mut self.layers[layer].slots[slot];
            state.exit.set(i, false);
            state.roll.set(i, false);
            let lots = state.lots[i];
            if lots > 0.0 {
                let dollars = lots * pool.contract.dpp;
                let paid = payoff - package.value[i] + package.worth[i];
                let against_mark = dollars * (payoff - package.value[i]);
                self.cash[ctx.layer(layer).ledger][i] += dollars * paid;
                self.sum.settlement[i] += against_mark;
                self.layers[layer].pnl[i] += against_mark;
                self.count_settlement(ctx, layer, slot, package, i, payoff, dollars * paid);
                let kind = if ctx.layer(layer).covered { "settle_short" } else { "settle" };
                self.realise(ctx, layer, slot, package, i, paid, 0.0, (kind, "expiry".into()));
            }
        }
    }

    /// What a tranche closed early would have brought, now that its package has settled.
    fn follow_early(&mut self, layer: usize, slot: usize, lane: usize, paid: f64, profit: bool, dpp: f64) {
        let followed = &mut self.layers[layer].slots[slot].followed;
        if !followed.get(lane) {
            return;
        }
        followed.set(lane, false);
        for forced in [false, true] {
            let early = &mut self.layers[layer].slots[slot].early[usize::from(forced)];
            if early.lots[lane] == 0.0 {
                continue;
            }
            let regret = (paid - early.cash[lane]) * early.lots[lane] * dpp;
            early.lots[lane] = 0.0;
            self.sum.unresolved[lane] -= 1.0;
            if forced {
                self.sum.regret_forced[lane] += regret;
                self.sum.unresolved_forced[lane] -= 1.0;
            } else {
                self.sum.regret_rule[lane] += regret;
                self.sum.recovered[lane] += f64::from(regret > 0.0);
                self.sum.whipsawed[lane] += f64::from(profit);
            }
        }
    }

    /// A loss of all that a core tranche can lose; of a hedged book also what the hedge did over its life, and the cash
    /// that the hedge's own settlements raise.
    #[allow(clippy::too_many_arguments, reason = "a settlement has this many parts")]
    fn count_settlement(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        payoff: f64,
        cash: f64,
    ) {
        let lost_all = !ctx.layer(layer).hedges() && -payoff >= MAXIMUM_LOSS * package.risk[lane];
        self.sum.max_losses[lane] += f64::from(lost_all);
        let Some(tally) = self.tally.as_mut() else { return };
        if ctx.layer(layer).hedges() {
            tally.flow[lane] += cash;
        } else if lost_all {
            let before = self.layers[layer].slots[slot].hedge_before[lane];
            self.sum.max_losses_hedge_lost[lane] += f64::from(tally.hedge_overnight[lane] < before);
        }
    }

    /// How far tranches that are held at the end of the path went either way so far: `lots` counts them, too (R14).
    pub(super) fn note_held(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        for layer in (0..self.layers.len()).filter(|&layer| !ctx.layer(layer).hedges()) {
            for slot in 0..self.layers[layer].slots.len() {
                for i in self.holds(layer, slot).lanes() {
                    let dollars = self.layers[layer].slots[slot].lots[i] * ctx.pool(layer).contract.dpp;
                    self.note_excursions(ctx, layer, ctx.package(pools, layer, slot), i, dollars);
                }
            }
        }
    }

    fn note_excursions(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        package: &Package,
        lane: usize,
        dollars: f64,
    ) {
        let [worst, best] = &package.excursions[usize::from(ctx.layer(layer).followed_inside)];
        self.sum.adverse[lane] += dollars * worst[lane];
        self.sum.favourable[lane] += dollars * best[lane];
    }

    /// The end of a tranche: its P&L moves the chain on, and the slot is empty.
    #[allow(clippy::too_many_arguments, reason = "the one place where a tranche ends needs all of it")]
    pub(super) fn realise(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        received: f64,
        fees: f64,
        (kind, reason): (&'static str, String),
    ) {
        let pool = ctx.pool(layer);
        let state = &mut self.layers[layer].slots[slot];
        let lots = std::mem::replace(&mut state.lots[lane], 0.0);
        let before = std::mem::replace(&mut state.realised[lane], 0.0);
        let dollars = lots * pool.contract.dpp;
        let unit = package.earned(pool, lane, received);
        let pnl = dollars * unit - lots * pool.fees - fees;
        if !ctx.layer(layer).hedges() {
            self.note_excursions(ctx, layer, package, lane, dollars);
            let pnl = pnl + before;
            let lost = pnl < 0.0;
            let chain = &mut self.layers[layer].chains[slot % pool.tranches];
            chain.losses[lane] = if lost { chain.losses[lane] + 1.0 } else { 0.0 };
            chain.deficit[lane] = (chain.deficit[lane] - pnl).max(0.0);
            self.sum.lost[lane] += f64::from(lost);
        }
        self.log(ctx, lane, || Event {
            reason,
            lots,
            price: received,
            pnl,
            cash: dollars * received - fees,
            ..about(ctx, kind, layer, slot, Some(package))
        });
    }
}
