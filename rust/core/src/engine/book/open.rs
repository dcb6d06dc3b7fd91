//! Openings: a core layer sells by its share of margin and may be refused; a hedge buys what its limits allow.

use super::{
    Book, Context, TOLERANCE, about, entries,
    hedge::NOTHING,
    margin::{brings, unit},
};
use crate::{
    engine::{
        layout::PoolPlan,
        package::{Package, Pool},
        select::Selection,
        size::{Contracts, Room, Streak, base_lots, buffered_lots, progressed_lots},
        spec::{Right, SizeBase, SizeBasis},
        summary::first,
        trace::Event,
    },
    math::lanes::Mask,
};

/// Has a side of a package that is sold no wing? Wings by delta may come to lie on the shorts, or inside of them.
fn wingless(plan: &PoolPlan, package: &Package, lane: usize) -> bool {
    if plan.legs.iter().all(|leg| leg.ratio > 0) {
        return false;
    }
    let inverted = |right: Right| {
        let side = || plan.legs.iter().zip(&package.strikes).filter(|(leg, _)| leg.right == right);
        // How far out the farthest leg lies of those that are sold, or bought.
        let farthest = |sold: bool| {
            let kind = side().filter(|(leg, _)| (leg.ratio < 0) == sold);
            kind.map(|(_, strike)| right.sign() * strike[lane]).reduce(f64::max)
        };
        matches!((farthest(true), farthest(false)), (Some(short), Some(wing)) if wing <= short)
    };
    package.risk[lane] <= 0.0 || [Right::Put, Right::Call].into_iter().any(inverted)
}

impl Book {
    /// Opens the layer's new package in those `lanes` that ordered it.
    pub fn open(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        choice: &Selection,
        [lanes, chosen]: [Mask; 2],
    ) {
        let ordered = &mut self.layers[layer].open;
        let orders = *ordered & lanes;
        *ordered = *ordered & !lanes;
        if !orders.any() {
            return;
        }
        let pool = &pools[ctx.layer(layer).pool];
        let none = [
            (choice.no_expiry, "no expiry"),
            (choice.no_strikes, "no strikes"),
            (choice.off_credit, "no such credit"),
        ];
        for (lanes, reason) in none {
            for i in (orders & lanes).lanes() {
                self.skip(ctx, layer, pool.due_slot[i], None, i, reason.into());
            }
        }
        for i in (orders & chosen).lanes() {
            let slot = pool.due_slot[i];
            let package = &pool.packages[slot];
            if ctx.layer(layer).hedges() {
                self.open_hedge(ctx, pools, layer, slot, package, choice, i);
            } else {
                let lots = self.open_core(ctx, pools, layer, slot, package, i);
                if let Some(rows) = self.entries.as_mut().filter(|_| lots > 0.0) {
                    let at = [i, ctx.tick as usize, layer];
                    rows.push(entries::row(at, lots, ctx.pool(layer), package, choice));
                }
            }
        }
    }

    pub(super) fn skip(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: Option<&Package>,
        lane: usize,
        reason: String,
    ) {
        self.skip_lots(ctx, layer, slot, package, lane, f64::NAN, reason);
    }

    /// Skips what came to less than one lot, and says to how much of one (R42).
    #[allow(clippy::too_many_arguments, reason = "an order has this many parts")]
    pub(super) fn skip_lots(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: Option<&Package>,
        lane: usize,
        unrounded: f64,
        reason: String,
    ) {
        if !ctx.layer(layer).hedges() {
            self.sum.skipped[lane] += 1.0;
        }
        let price = package.map_or(f64::NAN, |package| package.credit[lane]);
        self.log(ctx, lane, || Event {
            reason,
            price,
            // Where a limit left nothing there was nothing to round.
            unrounded: if unrounded < NOTHING { f64::NAN } else { unrounded },
            ..about(ctx, "skip", layer, slot, package)
        });
    }

    /// Sells as many lots as size, funds and liquidity allow; returns how many.
    fn open_core(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
    ) -> f64 {
        let plan = ctx.pool(layer);
        let ledger = ctx.layer(layer).ledger;
        // The package of an earlier tranche makes room: what it would have brought stays unresolved.
        let state = &mut self.layers[layer].slots[slot];
        if state.followed.get(lane) {
            state.followed.set(lane, false);
            state.early.iter_mut().for_each(|early| early.lots[lane] = 0.0);
        }
        let credit = package.credit[lane];
        if package.value[lane] < 0.0 && credit <= 0.0 {
            self.skip(ctx, layer, slot, Some(package), lane, "no credit".into());
            return 0.0;
        }
        if wingless(plan, package, lane) {
            self.skip(ctx, layer, slot, Some(package), lane, "no wing".into());
            return 0.0;
        }
        let dpp = plan.contract.dpp;
        let requirement = self.required(ctx, pools, ledger, lane);
        let nav = self.nav_now(ctx, pools, lane);
        let room = Room {
            nav,
            invested: nav - (1.0 - ctx.layer(layer).size.reinvest) * self.gained(ctx, nav, lane).max(0.0),
            available: self.available(ctx, pools, ledger, lane),
            requirement,
            layer: self.required_by(ctx, pools, layer, lane),
            unit: unit(ctx, layer, package, lane),
            profit: credit * dpp - plan.fees,
            brings: brings(ctx, layer, package, lane),
            tranches: plan.tranches as f64,
        };
        // By the notional of the wings a layer is as large whatever margin asks of it (C21).
        let wings = Room {
            unit: package.risk[lane] * dpp,
            layer: self.held(ctx, pools, layer, |package| package.risk[lane], lane),
            ..room
        };
        let counted = [room, wings][usize::from(ctx.layer(layer).size.basis == SizeBasis::WingNotional)];
        let rooms = [counted, room];
        let (base, lots) = self.core_lots(ctx, layer, slot, lane, rooms, Contracts::Whole);
        let (_, unrounded) = self.core_lots(ctx, layer, slot, lane, rooms, Contracts::Divisible);
        if lots <= 0.0 {
            self.skip_lots(ctx, layer, slot, Some(package), lane, unrounded, "no lots".into());
            return 0.0;
        }
        let after = room.available + lots * room.brings;
        if after + TOLERANCE < self.required_with(ctx, pools, layer, package, lots, lane) {
            self.sum.refused[lane] += 1.0;
            first(&mut self.sum.refused_tick, lane, ctx.tick);
            self.log(ctx, lane, || Event {
                reason: "free funds".into(),
                lots,
                price: credit,
                ..about(ctx, "refuse", layer, slot, Some(package))
            });
            return 0.0;
        }
        if self.blocks(ctx, pools, layer, slot, package, lane, (lots, room.profit)) {
            return 0.0;
        }
        if self.layers[layer].base[lane].is_nan() {
            self.layers[layer].base[lane] = base;
            self.sum.first_requirement[lane] += base * room.tranches * room.unit;
        }
        self.enter(
            ctx,
            layer,
            slot,
            package,
            lane,
            [lots, unrounded],
            format!("schedule{}", self.times_words(layer, lane)),
        );
        self.sum.opened[lane] += 1.0;
        self.sum.increased[lane] += f64::from(lots > base);
        self.sum.lots[lane] += lots;
        self.sum.max_lots[lane] = self.sum.max_lots[lane].max(lots);
        lots
    }

    /// In words how many times the target counts, where that is not once.
    pub(super) fn times_words(&self, layer: usize, lane: usize) -> String {
        let factor = self.layers[layer].factor[lane];
        if factor == 1.0 { String::new() } else { format!("; the target counts {factor:.2} times") }
    }

    /// Puts lots in a slot and pays for them; beside them stands how many they were before they were made whole.
    #[allow(clippy::too_many_arguments, reason = "a fill has this many parts")]
    pub(super) fn enter(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        [lots, unrounded]: [f64; 2],
        reason: String,
    ) {
        let plan = ctx.pool(layer);
        let dollars = lots * plan.contract.dpp;
        let (credit, fees) = (package.credit[lane], lots * plan.fees);
        self.count_fill(package, lane);
        // credit = −worth − slip
        self.pay(ctx, layer, lane, dollars * credit, -dollars * (credit + package.worth[lane]), fees);
        if let Some(tally) = self.tally.as_mut().filter(|_| ctx.layer(layer).hedges()) {
            tally.flow[lane] += dollars * credit - fees;
        }
        let state = &mut self.layers[layer].slots[slot];
        state.lots[lane] = lots;
        state.entry_lots[lane] = lots;
        state.sold[lane] = 0.0;
        state.reached[lane] = 0.0;
        state.pressed.set(lane, false);
        let variances = self.rolled_variances(ctx, layer, lane);
        let (of, covered) = (ctx.layer(layer).of, ctx.layer(layer).covered);
        if !covered {
            self.layers[of].bought[lane] = self.layers[of].adding[lane];
        }
        self.log(ctx, lane, || Event {
            reason,
            lots,
            price: credit,
            cash: dollars * credit - fees,
            variances: [variances.sold, variances.forward],
            unrounded,
            ..about(ctx, if covered { "write" } else { "open" }, layer, slot, Some(package))
        });
    }

    /// Base lots, fixed at the start or set anew, and the lots that progression and buffer make of them.
    fn core_lots(
        &self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        lane: usize,
        [counted, room]: [Room; 2],
        contracts: Contracts,
    ) -> (f64, f64) {
        let plan = ctx.layer(layer);
        let state = &self.layers[layer];
        let first = state.base[lane];
        let fixed = plan.size.base == SizeBase::Start && !first.is_nan();
        let base = if fixed { first } else { base_lots(&plan.size, state.factor[lane], counted, contracts) };
        let lots = plan.progression.as_ref().map_or(base, |rule| {
            let chain = &state.chains[slot % ctx.pool(layer).tranches];
            let streak = Streak { losses: chain.losses[lane], deficit: chain.deficit[lane] };
            progressed_lots(base, rule, streak, room, contracts)
        });
        (base, buffered_lots(lots, plan.size.buffer, room, contracts))
    }
}
