//! What ends a position before its expiry: exits, rolls, partial sales, ruin, forced liquidation; and transfers.

use super::{Book, CORE, Closing, Context, about, calls::forced_share};
use crate::engine::{
    layout::BookPlan,
    package::{Market, Package, Pool},
    plan::Plan,
    size::FLOOR_SLACK,
    trace::Event,
};

/// A closing: slip and cash per unit, fees in dollars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub slip: f64,
    pub received: f64,
    pub fees: f64,
}

impl Closing {
    /// What events say of it.
    pub(super) fn words(self, ctx: Context<'_>, layer: usize) -> String {
        match self {
            Self::Rule => {
                ctx.layer(layer).exit.map_or_else(String::new, |exit| ctx.plan.exits[exit].rule.text.clone())
            }
            Self::Roll => "roll".into(),
            Self::Call => "margin call".into(),
            Self::Ruin => "ruin".into(),
        }
    }
}

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
                        self.buy_back(ctx, pools, (layer, slot), i, (false, &why.words(ctx, layer)));
                    }
                }
            }
        }
        self.monetise(ctx, pools);
        self.trim(ctx, pools);
        for i in std::mem::take(&mut self.closing).lanes() {
            for ledger in ctx.ledgers() {
                while let Some((layer, slot)) = self.next_tranche(ctx, pools, ledger, i) {
                    self.close(ctx, layer, slot, ctx.package(pools, layer, slot), i, Closing::Ruin);
                    self.buy_back(ctx, pools, (layer, slot), i, (true, &Closing::Ruin.words(ctx, layer)));
                }
            }
        }
        self.meet_calls(ctx, pools);
    }

    /// Transfers between the ledgers, by their rules alone (R60).
    fn transfer(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        for (index, rule) in ctx.book.transfers.iter().enumerate() {
            for i in std::mem::take(&mut self.transfers[index]).lanes() {
                let amount = rule.share * self.free_funds(ctx, pools, rule.from, i).max(0.0);
                self.cash[rule.from][i] -= amount;
                self.cash[rule.to][i] += amount;
                self.sum.transferred[i] += amount;
                self.received[i] += if rule.to == CORE { -amount } else { amount };
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
        if self.bought.is_some() {
            return; // followed for foresight: every tranche is held as it was bought
        }
        for layer in (0..self.layers.len()).filter(|&layer| ctx.layer(layer).sells_in_part()) {
            for slot in 0..self.layers[layer].slots.len() {
                for i in self.holds(layer, slot).lanes() {
                    let lots = self.lots_to_sell(ctx, layer, slot, i);
                    if lots > 0.0 {
                        self.sell(ctx, layer, slot, ctx.package(pools, layer, slot), i, lots, "monetise");
                        self.buy_back(ctx, pools, (layer, slot), i, (false, "monetise"));
                    }
                }
            }
        }
    }

    /// Lots that the rungs and the press reached so far want sold, less what was sold before, at most those held.
    pub(super) fn lots_to_sell(&self, ctx: Context<'_>, layer: usize, slot: usize, lane: usize) -> f64 {
        let state = &self.layers[layer].slots[slot];
        let press = ctx.layer(layer).press.as_ref().filter(|_| state.pressed.get(lane));
        let share = state.reached[lane] + press.map_or(0.0, |press| press.sell);
        let due = (share * state.entry_lots[lane] + FLOOR_SLACK).floor() - state.sold[lane];
        due.min(state.lots[lane])
    }

    /// Sells a part of a tranche: at a profit ("monetise"), or because it is beyond its band ("resize").
    #[allow(clippy::too_many_arguments, reason = "a fill has this many parts")]
    pub(super) fn sell(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        lots: f64,
        kind: &'static str,
    ) {
        let resized = kind == "resize";
        let (received, fees) =
            self.unwind(ctx, layer, package, lane, lots, ctx.pool(layer).order_share(&ctx.plan.costs));
        let state = &mut self.layers[layer].slots[slot];
        state.lots[lane] -= lots;
        let press = if state.pressing.get(lane) { "cash press: " } else { "" };
        if resized {
            // As if they had never been bought: the rungs sell their parts of the others.
            state.entry_lots[lane] -= lots;
        } else {
            state.sold[lane] += lots;
            self.sum.monetised[lane] += 1.0;
            self.sum.pressed[lane] += f64::from(!press.is_empty());
        }
        let pool = ctx.pool(layer);
        let dollars = lots * pool.contract.dpp;
        let unit = package.earned(pool, lane, received);
        self.log(ctx, lane, || Event {
            reason: if resized {
                "beyond its band".into()
            } else {
                format!("{press}value at {:.1} times its cost", package.value[lane] / -package.credit[lane])
            },
            lots,
            price: received,
            pnl: dollars * unit - 2.0 * fees,
            cash: dollars * received - fees,
            ..about(ctx, kind, layer, slot, Some(package))
        });
    }

    /// Pays for closing some lots; cash per unit and fees.
    pub(super) fn unwind(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        package: &Package,
        lane: usize,
        lots: f64,
        share: f64,
    ) -> (f64, f64) {
        let Fill { slip, received, fees } = price_closing(ctx, layer, package, lane, lots, share);
        let dollars = lots * ctx.pool(layer).contract.dpp;
        self.count_fill(package, lane);
        self.pay(ctx, layer, lane, dollars * received, dollars * slip, fees);
        if let Some(tally) = self.tally.as_mut().filter(|_| ctx.layer(layer).hedges()) {
            tally.flow[lane] += dollars * received - fees;
        }
        (received, fees)
    }

    /// Remembers an early closing of a core layer until its package expires (R14, R17).
    pub(super) fn follow_closing(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        lane: usize,
        (lots, received): (f64, f64),
        why: Closing,
    ) {
        if ctx.layer(layer).hedges() {
            return;
        }
        let forced = why != Closing::Rule;
        let state = &mut self.layers[layer].slots[slot];
        state.followed.set(lane, true);
        let early = &mut state.early[usize::from(forced)];
        if early.lots[lane] == 0.0 {
            early.cash[lane] = received;
            self.sum.closed_early[lane] += 1.0;
            self.sum.unresolved[lane] += 1.0;
            self.sum.closed_forced[lane] += f64::from(forced);
            self.sum.unresolved_forced[lane] += f64::from(forced);
        } else {
            let cash = early.lots[lane] * early.cash[lane] + lots * received;
            early.cash[lane] = cash / (early.lots[lane] + lots);
        }
        early.lots[lane] += lots;
    }

    /// Closes a whole tranche, all legs together.
    pub(super) fn close(
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
        let share = if ordered { ctx.pool(layer).order_share(costs) } else { forced_share(ctx, lane) };
        let (received, fees) = self.unwind(ctx, layer, package, lane, lots, share);
        if ctx.layer(layer).hedges() {
            self.sum.rolled[lane] += f64::from(why == Closing::Roll);
        }
        self.follow_closing(ctx, layer, slot, lane, (lots, received), why);
        if why == Closing::Rule && !ctx.layer(layer).hedges() {
            let pool = ctx.pool(layer);
            let extrinsic = package.exercised(pool, ctx.market.spot[lane], lane) - package.worth[lane];
            self.sum.given_up[lane] += lots * pool.contract.dpp * extrinsic;
        }
        let reason = why.words(ctx, layer);
        self.realise(ctx, layer, slot, package, lane, received, fees, ("close", reason));
    }
}

/// P&L of a lot of a hedge tranche if it were closed at today's quotes, or settles today; at T no less than its mark.
pub fn closed_for(
    plan: &Plan,
    book: &BookPlan,
    pools: &[Pool],
    market: &Market,
    (lane, layer, slot): (usize, usize, usize),
) -> f64 {
    let ctx = Context { plan, book, market, tick: market.tick };
    let (pool, package) = (ctx.pool(layer), ctx.package(pools, layer, slot));
    let net = |received: f64, fees: f64| {
        package.earned(pool, lane, received) * pool.contract.dpp - pool.fees - fees
    };
    if package.expiry[lane] == market.session[lane] {
        let paid = package.payoff(pool, market, lane) - package.value[lane] + package.worth[lane];
        return net(paid, 0.0);
    }
    let Fill { received, fees, .. } =
        price_closing(ctx, layer, package, lane, 1.0, pool.order_share(&plan.costs));
    let closed = net(received, fees);
    if market.tick == plan.sessions { closed.max(net(package.worth[lane], 0.0)) } else { closed }
}

/// What closing some lots costs and brings; nothing moves yet.
pub(super) fn price_closing(
    ctx: Context<'_>,
    layer: usize,
    package: &Package,
    lane: usize,
    lots: f64,
    share: f64,
) -> Fill {
    let pool = ctx.pool(layer);
    let spread = share * package.half_spreads(pool, &ctx.plan.costs, lane, ctx.market.vix[lane]);
    // Nobody pays to be rid of what was bought.
    let gives_up = ctx.layer(layer).hedges() && pool.pays_premium() && !ctx.layer(layer).covered;
    let slip = if gives_up { spread.min(package.worth[lane].max(0.0)) } else { spread };
    let received = package.worth[lane] - slip;
    let fees = lots * pool.fees;
    if gives_up && lots * pool.contract.dpp * received <= fees {
        // Nor a fee for selling what brings less: it is written off.
        return Fill { slip: package.worth[lane], received: 0.0, fees: 0.0 };
    }
    Fill { slip, received, fees }
}
