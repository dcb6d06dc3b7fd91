//! What ends a position before its expiry: exits, rolls, partial sales, ruin, forced liquidation; and transfers.

use super::{Book, CORE, Closing, Context, LEDGERS, TOLERANCE, about};
use crate::engine::{
    package::{Package, Pool},
    size::FLOOR_SLACK,
    summary::first,
    trace::Event,
};

/// Sessions within which a forced closing on one side counts as brought on by the other (R63).
const CONTAGION: f64 = 10.0;

impl Book {
    /// Everything that the last tick decided but the openings.
    pub fn close_out(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        self.transfer(ctx, pools);
        for layer in 0..self.layers.len() {
            for slot in 0..self.layers[layer].slots.len() {
                let state = &mut self.layers[layer].slots[slot];
                let (exits, rolls) = (std::mem::take(&mut state.exit), std::mem::take(&mut state.roll));
                for (lanes, why) in [(exits, Closing::Rule), (rolls, Closing::Roll)] {
                    for i in lanes.lanes() {
                        self.close(ctx, layer, slot, ctx.package(pools, layer, slot), i, why);
                    }
                }
            }
        }
        self.monetise(ctx, pools);
        for i in std::mem::take(&mut self.closing).lanes() {
            for ledger in ctx.ledgers() {
                while let Some((layer, slot)) = self.nearest_expiry(ctx, pools, ledger, i) {
                    self.close(ctx, layer, slot, ctx.package(pools, layer, slot), i, Closing::Ruin);
                }
            }
        }
        self.liquidate(ctx, pools);
    }

    /// Meets the calls that still stand.
    fn liquidate(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let called = (self.call[CORE] | self.call[LEDGERS - 1]) & !self.ruined;
        for i in called.lanes() {
            let mut forced = [false; 2];
            for ledger in ctx.ledgers().filter(|&ledger| self.call[ledger].get(i)).collect::<Vec<_>>() {
                while self.free_funds(ctx, pools, ledger, i) + TOLERANCE < 0.0 {
                    let Some((layer, slot)) = self.nearest_expiry(ctx, pools, ledger, i) else { break };
                    self.close(ctx, layer, slot, ctx.package(pools, layer, slot), i, Closing::Call);
                    self.sum.forced[i] += 1.0;
                    first(&mut self.sum.forced_tick, i, ctx.tick);
                    forced[usize::from(ctx.layer(layer).hedges())] = true;
                }
            }
            self.count_contagion(ctx, i, forced);
        }
    }

    /// R63: does a forced closing on one side follow one on the other?
    fn count_contagion(&mut self, ctx: Context<'_>, lane: usize, forced: [bool; 2]) {
        let Some(tally) = self.tally.as_mut() else { return };
        let now = f64::from(ctx.tick);
        for (side, _) in forced.iter().enumerate().filter(|(_, forced)| **forced) {
            let other = tally.last_forced[1 - side][lane];
            self.sum.contagion[lane] += f64::from(other > 0.0 && now - other <= CONTAGION);
            tally.last_forced[side][lane] = now;
        }
    }

    /// Transfers between the ledgers, by their rules alone (R60).
    fn transfer(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        for (index, rule) in ctx.book.transfers.iter().enumerate() {
            for i in std::mem::take(&mut self.transfers[index]).lanes() {
                let amount = rule.share * self.free_funds(ctx, pools, rule.from, i).max(0.0);
                self.cash[rule.from][i] -= amount;
                self.cash[rule.to][i] += amount;
                self.sum.transferred[i] += amount;
                let text = &ctx.plan.enters[rule.when].text;
                self.log(ctx, i, || Event {
                    kind: "transfer",
                    reason: format!(
                        "{}: {text}",
                        if rule.to == CORE { "sleeve to core" } else { "core to sleeve" }
                    ),
                    cash: amount,
                    ..Event::default()
                });
            }
        }
    }

    /// Sells what the rungs reached so far want sold (R36).
    fn monetise(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        for layer in (0..self.layers.len()).filter(|&layer| !ctx.layer(layer).monetise.is_empty()) {
            for slot in 0..self.layers[layer].slots.len() {
                for i in self.holds(layer, slot).lanes() {
                    let state = &self.layers[layer].slots[slot];
                    let due = (state.reached[i] * state.entry_lots[i] + FLOOR_SLACK).floor() - state.sold[i];
                    let lots = due.min(state.lots[i]);
                    if lots > 0.0 {
                        self.sell(ctx, layer, slot, ctx.package(pools, layer, slot), i, lots);
                    }
                }
            }
        }
    }

    fn sell(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        lots: f64,
    ) {
        let (received, fees) =
            self.unwind(ctx, layer, package, lane, lots, ctx.pool(layer).order_share(&ctx.plan.costs));
        let state = &mut self.layers[layer].slots[slot];
        state.lots[lane] -= lots;
        state.sold[lane] += lots;
        self.sum.monetised[lane] += 1.0;
        let pool = ctx.pool(layer);
        let dollars = lots * pool.contract.dpp;
        let unit = package.earned(pool, lane, received);
        self.log(ctx, lane, || Event {
            reason: format!("value at {:.1} times its cost", package.value[lane] / -package.credit[lane]),
            lots,
            price: received,
            pnl: dollars * unit - 2.0 * fees,
            cash: dollars * received - fees,
            ..about(ctx, "monetise", layer, slot, Some(package))
        });
    }

    /// The tranche of a ledger that liquidation takes next: nearest expiry, then earlier layer, then lower slot.
    fn nearest_expiry(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        ledger: usize,
        lane: usize,
    ) -> Option<(usize, usize)> {
        let layers = self.layers.iter().enumerate().filter(|(index, _)| ctx.layer(*index).ledger == ledger);
        let held = layers.flat_map(|(index, layer)| {
            let packages = &pools[ctx.layer(index).pool].packages;
            layer
                .slots
                .iter()
                .zip(packages)
                .enumerate()
                .filter(|(_, (slot, _))| slot.lots[lane] > 0.0)
                .map(move |(slot, (_, package))| (package.expiry[lane], index, slot))
        });
        held.min().map(|(_, layer, slot)| (layer, slot))
    }

    /// Pays for closing some lots; cash per unit and fees.
    fn unwind(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        package: &Package,
        lane: usize,
        lots: f64,
        share: f64,
    ) -> (f64, f64) {
        let pool = ctx.pool(layer);
        let spread = share * package.half_spreads(pool, &ctx.plan.costs, lane, ctx.market.vix[lane]);
        // Nobody pays to be rid of what was bought.
        let gives_up = ctx.layer(layer).hedges() && pool.pays_premium();
        let mut slip = if gives_up { spread.min(package.worth[lane].max(0.0)) } else { spread };
        let mut received = package.worth[lane] - slip;
        let dollars = lots * pool.contract.dpp;
        let mut fees = lots * pool.fees;
        if gives_up && dollars * received <= fees {
            // Nor a fee for selling what brings less: it is written off.
            (slip, received, fees) = (package.worth[lane], 0.0, 0.0);
        }
        self.count_fill(package, lane);
        self.pay(ctx, layer, lane, dollars * received, dollars * slip, fees);
        if let Some(tally) = self.tally.as_mut().filter(|_| ctx.layer(layer).hedges()) {
            tally.flow[lane] += dollars * received - fees;
        }
        (received, fees)
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
        let lots = self.layers[layer].slots[slot].lots[lane];
        if lots == 0.0 {
            return;
        }
        let costs = &ctx.plan.costs;
        let ordered = matches!(why, Closing::Rule | Closing::Roll);
        let share = if ordered { ctx.pool(layer).order_share(costs) } else { costs.liquidation_share };
        let (received, fees) = self.unwind(ctx, layer, package, lane, lots, share);
        if ctx.layer(layer).hedges() {
            self.sum.rolled[lane] += f64::from(why == Closing::Roll);
        } else {
            self.sum.closed_early[lane] += 1.0;
            self.sum.unresolved[lane] += 1.0;
            let early = &mut self.layers[layer].slots[slot].early;
            early.lots[lane] = lots;
            early.cash[lane] = received;
            early.by_rule.set(lane, why == Closing::Rule);
        }
        let reason = match why {
            Closing::Rule => {
                ctx.layer(layer).exit.map_or_else(String::new, |exit| ctx.plan.exits[exit].rule.text.clone())
            }
            Closing::Roll => "roll".into(),
            Closing::Call => "margin call".into(),
            Closing::Ruin => "ruin".into(),
        };
        self.realise(ctx, layer, slot, package, lane, received, fees, ("close", reason));
    }
}
