//! What changes a position: openings, early closings, settlements, forced liquidation.

use super::{Book, Closing, Context, TOLERANCE};
use crate::{
    engine::{
        package::{Package, Pool},
        size::{Room, Streak, base_lots, progressed_lots},
        spec::SizeBase,
        summary::first,
    },
    math::lanes::Mask,
};

impl Book {
    /// Settles the packages of `slot` that expire today in `lanes`.
    pub fn settle(&mut self, ctx: Context<'_>, layer: usize, slot: usize, package: &Package, lanes: Mask) {
        let pool = ctx.pool(layer);
        for i in lanes.lanes() {
            let paid = package.settlement(pool, i, ctx.market.spot[i]);
            self.follow_early(layer, slot, i, paid, pool.contract.dpp);
            let lots = self.layers[layer].lots[slot][i];
            self.layers[layer].exit[slot].set(i, false);
            if lots > 0.0 {
                let dollars = lots * pool.contract.dpp;
                self.cash[i] += dollars * paid;
                self.sum.settlement[i] += dollars * (paid - package.value[i]);
                self.realise(ctx, layer, slot, package, i, paid, 0.0, ("settle", "expiry".into()));
            }
        }
    }

    /// What a tranche closed early would have brought, now that its package has settled.
    fn follow_early(&mut self, layer: usize, slot: usize, lane: usize, paid: f64, dpp: f64) {
        let early = &mut self.layers[layer].early[slot];
        if early.lots[lane] == 0.0 {
            return;
        }
        let regret = (paid - early.cash[lane]) * early.lots[lane] * dpp;
        early.lots[lane] = 0.0;
        self.sum.unresolved[lane] -= 1.0;
        if early.by_rule.get(lane) {
            self.sum.regret_rule[lane] += regret;
            self.sum.recovered[lane] += f64::from(regret > 0.0);
        } else {
            self.sum.regret_forced[lane] += regret;
        }
    }

    /// Fills the exits decided yesterday, closes ruined lanes, and meets the calls that still stand.
    pub fn close_out(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        for layer in 0..self.layers.len() {
            for slot in 0..self.layers[layer].lots.len() {
                let exits = std::mem::take(&mut self.layers[layer].exit[slot]);
                for i in exits.lanes() {
                    self.close(
                        ctx,
                        layer,
                        slot,
                        &pools[ctx.layer(layer).pool].packages[slot],
                        i,
                        Closing::Rule,
                    );
                }
            }
        }
        for i in std::mem::take(&mut self.closing).lanes() {
            while let Some((layer, slot)) = self.nearest_expiry(ctx, pools, i) {
                self.close(ctx, layer, slot, &pools[ctx.layer(layer).pool].packages[slot], i, Closing::Ruin);
            }
        }
        for i in (self.call & !self.ruined).lanes() {
            while self.cash[i] + TOLERANCE < self.risk_held(ctx, pools, i) {
                let Some((layer, slot)) = self.nearest_expiry(ctx, pools, i) else { break };
                self.close(ctx, layer, slot, &pools[ctx.layer(layer).pool].packages[slot], i, Closing::Call);
                self.sum.forced[i] += 1.0;
                first(&mut self.sum.forced_tick, i, ctx.tick);
            }
        }
    }

    /// The tranche that liquidation takes next: nearest expiry, then earlier layer, then lower slot.
    fn nearest_expiry(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> Option<(usize, usize)> {
        let held = self.layers.iter().enumerate().flat_map(|(index, layer)| {
            let packages = &pools[ctx.layer(index).pool].packages;
            layer
                .lots
                .iter()
                .zip(packages)
                .enumerate()
                .filter(|(_, (lots, _))| lots[lane] > 0.0)
                .map(move |(slot, (_, package))| (package.expiry[lane], index, slot))
        });
        held.min().map(|(_, layer, slot)| (layer, slot))
    }

    /// Closes a whole tranche, all legs together.
    fn close(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        why: Closing,
    ) {
        let lots = self.layers[layer].lots[slot][lane];
        if lots == 0.0 {
            return;
        }
        let pool = ctx.pool(layer);
        let costs = &ctx.plan.costs;
        let share = if why == Closing::Rule { costs.order_share } else { costs.liquidation_share };
        let slip = share * package.half_spreads(pool, costs, lane, ctx.market.vix[lane]);
        let received = package.value[lane] - slip;
        let dollars = lots * pool.contract.dpp;
        let fees = lots * pool.fees;
        self.cash[lane] += dollars * received - fees;
        self.sum.fills[lane] -= dollars * slip;
        self.sum.fees[lane] -= fees;
        self.sum.closed_early[lane] += 1.0;
        self.sum.unresolved[lane] += 1.0;
        let early = &mut self.layers[layer].early[slot];
        early.lots[lane] = lots;
        early.cash[lane] = received;
        early.by_rule.set(lane, why == Closing::Rule);
        let reason = match why {
            Closing::Rule => {
                ctx.layer(layer).exit.map_or_else(String::new, |exit| ctx.plan.exits[exit].rule.text.clone())
            }
            Closing::Call => "margin call".into(),
            Closing::Ruin => "ruin".into(),
        };
        self.realise(ctx, layer, slot, package, lane, received, fees, ("close", reason));
    }

    /// The end of a tranche: its P&L moves the chain on, and the slot is empty.
    #[allow(clippy::too_many_arguments, reason = "the one place where a tranche ends needs all of it")]
    fn realise(
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
        let lots = std::mem::replace(&mut self.layers[layer].lots[slot][lane], 0.0);
        let pnl = lots * pool.contract.dpp * (package.credit[lane] + received) - lots * pool.fees - fees;
        let lost = pnl < 0.0;
        let chain = &mut self.layers[layer].chains[slot % pool.tranches];
        chain.losses[lane] = if lost { chain.losses[lane] + 1.0 } else { 0.0 };
        chain.deficit[lane] = (chain.deficit[lane] - pnl).max(0.0);
        self.sum.lost[lane] += f64::from(lost);
        self.log(ctx, kind, reason, lane, Some((layer, slot, Some(package))), lots, received, pnl);
    }

    /// Opens the layer's new package in the lanes that ordered it.
    pub fn open(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        chosen: Mask,
        skipped: &[(Mask, &'static str)],
    ) {
        let orders = std::mem::take(&mut self.layers[layer].open);
        let pool = &pools[ctx.layer(layer).pool];
        for (lanes, reason) in skipped {
            for i in (orders & *lanes).lanes() {
                self.sum.skipped[i] += 1.0;
                let slot = pool.due_slot[i];
                self.log(
                    ctx,
                    "skip",
                    (*reason).into(),
                    i,
                    Some((layer, slot, None)),
                    0.0,
                    f64::NAN,
                    f64::NAN,
                );
            }
        }
        for i in (orders & chosen).lanes() {
            self.open_lane(ctx, pools, layer, i);
        }
    }

    fn open_lane(&mut self, ctx: Context<'_>, pools: &[Pool], layer: usize, lane: usize) {
        let plan = ctx.pool(layer);
        let slot = pools[ctx.layer(layer).pool].due_slot[lane];
        let package = &pools[ctx.layer(layer).pool].packages[slot];
        let at = Some((layer, slot, Some(package)));
        // The package of an earlier tranche makes room: what it would have brought stays unresolved.
        self.layers[layer].early[slot].lots[lane] = 0.0;
        let credit = package.credit[lane];
        if package.value[lane] < 0.0 && credit <= 0.0 {
            self.sum.skipped[lane] += 1.0;
            self.log(ctx, "skip", "no credit".into(), lane, at, 0.0, credit, f64::NAN);
            return;
        }
        let dpp = plan.contract.dpp;
        let requirement = self.risk_held(ctx, pools, lane);
        let room = Room {
            nav: self.cash[lane] + self.value_held(ctx, pools, lane),
            requirement,
            layer: self.layer_held(ctx, pools, layer, |package| package.risk[lane], lane),
            unit: package.risk[lane] * dpp,
            tranches: plan.tranches as f64,
        };
        let (base, lots) = self.lots(ctx, layer, slot, lane, room, credit * dpp - plan.fees);
        if lots <= 0.0 {
            self.sum.skipped[lane] += 1.0;
            self.log(ctx, "skip", "no lots".into(), lane, at, 0.0, credit, f64::NAN);
            return;
        }
        let after = self.cash[lane] + lots * (credit * dpp - plan.fees);
        if after + TOLERANCE < requirement + lots * room.unit {
            self.sum.refused[lane] += 1.0;
            first(&mut self.sum.refused_tick, lane, ctx.tick);
            self.log(ctx, "refuse", "free funds".into(), lane, at, lots, credit, f64::NAN);
            return;
        }
        if self.layers[layer].base[lane].is_nan() {
            self.layers[layer].base[lane] = base;
            self.sum.first_requirement[lane] += base * room.tranches * room.unit;
        }
        self.cash[lane] = after;
        self.layers[layer].lots[slot][lane] = lots;
        // credit = −V − slip, so −slip = credit + V.
        self.sum.fills[lane] += lots * dpp * (credit + package.value[lane]);
        self.sum.fees[lane] -= lots * plan.fees;
        self.sum.opened[lane] += 1.0;
        self.sum.max_lots[lane] = self.sum.max_lots[lane].max(lots);
        self.log(ctx, "open", "schedule".into(), lane, at, lots, credit, f64::NAN);
    }

    /// Base lots, fixed at the start or set anew, and the lots that the progression makes of them.
    fn lots(
        &self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        lane: usize,
        room: Room,
        profit: f64,
    ) -> (f64, f64) {
        let plan = ctx.layer(layer);
        let state = &self.layers[layer];
        let first = state.base[lane];
        let fixed = plan.size.base == SizeBase::Start && !first.is_nan();
        let base = if fixed { first } else { base_lots(&plan.size, room) };
        let lots = plan.progression.as_ref().map_or(base, |rule| {
            let chain = &state.chains[slot % ctx.pool(layer).tranches];
            let streak = Streak { losses: chain.losses[lane], deficit: chain.deficit[lane], profit };
            progressed_lots(base, rule, streak, room)
        });
        (base, lots)
    }
}
