//! A book: cash, lots and chains. This is the only code that changes a position.

use super::{
    package::{Market, Package, Pool},
    plan::{BookPlan, LayerPlan, Plan, PoolPlan},
    size::{Room, Streak, base_lots, progressed_lots},
    spec::SizeBase,
    summary::{Summary, first},
    trace::Event,
};
use crate::math::lanes::{Col, LANES, Mask};

/// Money comparisons (refusal, call, liquidation) ignore differences below this, dollars.
const TOLERANCE: f64 = 1e-6;

/// What a chain remembers between its tranches (R10).
#[derive(Clone, Debug, Default)]
struct Chain {
    losses: Col,
    deficit: Col,
}

/// A tranche closed before expiry, followed to see what holding would have brought (R14, R17).
#[derive(Clone, Debug, Default)]
struct Early {
    lots: Col,
    cash: Col,
    by_rule: Mask,
}

/// Lots and pending orders of one layer.
#[derive(Clone, Debug)]
struct Layer {
    lots: Vec<Col>,
    exit: Vec<Mask>,
    open: Mask,
    chains: Vec<Chain>,
    base: Col,
    early: Vec<Early>,
}

impl Layer {
    fn new(pool: &PoolPlan) -> Self {
        Self {
            lots: vec![Col::default(); pool.slots],
            exit: vec![Mask::NONE; pool.slots],
            open: Mask::NONE,
            chains: vec![Chain::default(); pool.tranches],
            base: Col::splat(f64::NAN),
            early: vec![Early::default(); pool.slots],
        }
    }
}

/// Why a tranche is closed before its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Rule,
    Call,
    Ruin,
}

/// What a fill needs to know besides the book.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The compiled comparison.
    pub plan: &'a Plan,
    /// The book's part of it.
    pub book: &'a BookPlan,
    /// The market of this tick.
    pub market: &'a Market,
    /// This tick.
    pub tick: u32,
}

impl<'a> Context<'a> {
    fn pool(&self, layer: usize) -> &'a PoolPlan {
        &self.plan.pools[self.book.layers[layer].pool]
    }

    fn layer(&self, layer: usize) -> &'a LayerPlan {
        &self.book.layers[layer]
    }
}

/// The ledger of one lane, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// Cash.
    pub cash: f64,
    /// Cash and marks.
    pub nav: f64,
    /// Σ risk.
    pub requirement: f64,
    /// Does a call stand?
    pub call: bool,
}

/// One arm at one share, for every lane of the block.
#[derive(Debug)]
pub struct Book {
    cash: Col,
    nav: Col,
    requirement: Col,
    peak: Col,
    layers: Vec<Layer>,
    call: Mask,
    ruined: Mask,
    /// Ruined at the previous tick: to be closed at this one.
    closing: Mask,
    /// Figures of the path so far.
    pub sum: Summary,
    /// Events of lane 0, when the book is watched.
    pub events: Option<Vec<Event>>,
}

impl Book {
    /// A book with its capital in bills.
    pub fn new(plan: &Plan, book: &BookPlan) -> Self {
        let capital = Col::splat(plan.capital);
        Self {
            cash: capital,
            nav: capital,
            requirement: Col::default(),
            peak: capital,
            layers: book.layers.iter().map(|layer| Layer::new(&plan.pools[layer.pool])).collect(),
            call: Mask::NONE,
            ruined: Mask::NONE,
            closing: Mask::NONE,
            sum: Summary::default(),
            events: None,
        }
    }

    /// The ledger of one lane.
    pub fn ledger(&self, lane: usize) -> Ledger {
        Ledger {
            cash: self.cash[lane],
            nav: self.nav[lane],
            requirement: self.requirement[lane],
            call: self.call.get(lane),
        }
    }

    /// Lanes of a layer that want to open at the next fill.
    pub fn wants(&self, layer: usize) -> Mask {
        self.layers[layer].open
    }

    /// Lanes that are still in business.
    pub fn trading(&self) -> Mask {
        !self.ruined
    }

    /// Lanes in which a layer holds lots of a slot.
    pub fn holds(&self, layer: usize, slot: usize) -> Mask {
        let lots = &self.layers[layer].lots[slot];
        Mask::from_fn(|i| lots[i] > 0.0)
    }

    /// Lanes in which a layer holds nothing at all.
    pub fn flat(&self, layer: usize) -> Mask {
        let lots = &self.layers[layer].lots;
        Mask::from_fn(|i| lots.iter().all(|slot| slot[i] == 0.0))
    }

    /// Orders decided at this tick: to be filled at the next.
    pub fn order_open(&mut self, layer: usize, lanes: Mask) {
        self.layers[layer].open = lanes;
    }

    /// Exit orders of one slot.
    pub fn order_exit(&mut self, layer: usize, slot: usize, lanes: Mask) {
        self.layers[layer].exit[slot] = lanes;
    }

    /// Market P&L of what was carried over the night, and interest on the cash that was.
    pub fn carry(&mut self, ctx: Context<'_>, pools: &[Pool], interest: &Col) {
        let sum = &mut self.sum;
        for i in 0..LANES {
            let earned = self.cash[i] * interest[i];
            self.cash[i] += earned;
            sum.interest[i] += earned;
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let dpp = ctx.pool(index).contract.dpp;
            let packages = &pools[ctx.layer(index).pool].packages;
            for (lots, package) in layer.lots.iter().zip(packages) {
                if !package.held.any() {
                    continue;
                }
                let [time, spot, level, smile] = &package.steps;
                for i in 0..LANES {
                    let dollars = lots[i] * dpp;
                    sum.time[i] += dollars * time[i];
                    sum.spot[i] += dollars * spot[i];
                    sum.level[i] += dollars * level[i];
                    sum.smile[i] += dollars * smile[i];
                }
            }
        }
    }

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
        self.log(ctx, kind, reason, lane, Some((layer, slot, package)), lots, received, pnl);
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
                    Some((layer, slot, &pool.packages[slot])),
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
        let at = Some((layer, slot, package));
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

    /// Σ risk held, dollars.
    fn risk_held(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> f64 {
        self.held(ctx, pools, |package| package.risk[lane], lane)
    }

    /// Σ V held, dollars.
    fn value_held(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> f64 {
        self.held(ctx, pools, |package| package.value[lane], lane)
    }

    fn held(&self, ctx: Context<'_>, pools: &[Pool], unit: impl Fn(&Package) -> f64, lane: usize) -> f64 {
        let mut total = 0.0;
        for (index, layer) in self.layers.iter().enumerate() {
            let dpp = ctx.pool(index).contract.dpp;
            for (lots, package) in layer.lots.iter().zip(&pools[ctx.layer(index).pool].packages) {
                if lots[lane] > 0.0 {
                    total += lots[lane] * dpp * unit(package);
                }
            }
        }
        total
    }

    /// NAV and requirement after the fills; then calls, ruin and the record of the tick.
    pub fn mark(&mut self, ctx: Context<'_>, pools: &[Pool], bills: &Col) {
        self.nav = self.cash;
        self.requirement = Col::default();
        for (index, layer) in self.layers.iter().enumerate() {
            let dpp = ctx.pool(index).contract.dpp;
            let packages = &pools[ctx.layer(index).pool].packages;
            for (lots, package) in layer.lots.iter().zip(packages) {
                if !package.held.any() {
                    continue;
                }
                for i in 0..LANES {
                    let dollars = lots[i] * dpp;
                    self.nav[i] += dollars * package.value[i];
                    self.requirement[i] += dollars * package.risk[i];
                }
            }
        }
        self.calls(ctx);
        self.ruin(ctx);
        let capital = ctx.plan.capital;
        let sum = &mut self.sum;
        for i in 0..LANES {
            let nav = self.nav[i];
            self.peak[i] = self.peak[i].max(nav);
            sum.nav[i] = nav;
            sum.bills[i] = bills[i];
            sum.max_drawdown[i] = sum.max_drawdown[i].max(1.0 - nav / self.peak[i]);
            sum.peak_requirement[i] = sum.peak_requirement[i].max(self.requirement[i]);
            let error = (nav - capital - sum.buckets(i)).abs() / capital;
            sum.identity_error[i] = sum.identity_error[i].max(error);
            if nav < 0.0 {
                first(&mut sum.negative_tick, i, ctx.tick);
            }
        }
    }

    /// A call stands when NAV < deposit, which is cash < Σ risk: NAV already carries the mark.
    fn calls(&mut self, ctx: Context<'_>) {
        let short = Mask::from_fn(|i| self.cash[i] + TOLERANCE < self.requirement[i]) & !self.ruined;
        for i in (short & !self.call).lanes() {
            self.sum.calls[i] += 1.0;
            first(&mut self.sum.call_tick, i, ctx.tick);
            self.log(ctx, "call", "cash below requirement".into(), i, None, 0.0, f64::NAN, f64::NAN);
        }
        self.call = short;
    }

    fn ruin(&mut self, ctx: Context<'_>) {
        let empty = |i: usize| self.layers.iter().all(|layer| layer.lots.iter().all(|lots| lots[i] == 0.0));
        let dead = Mask::from_fn(|i| self.nav[i] <= ctx.plan.ruin_nav || (self.cash[i] < 0.0 && empty(i)))
            & !self.ruined;
        for i in dead.lanes() {
            first(&mut self.sum.ruin_tick, i, ctx.tick);
            self.log(ctx, "ruin", "NAV at the ruin share".into(), i, None, 0.0, f64::NAN, f64::NAN);
        }
        self.ruined = self.ruined | dead;
        self.closing = dead;
        self.call = self.call & !dead;
    }

    #[allow(clippy::too_many_arguments, reason = "an event has this many parts")]
    fn log(
        &mut self,
        ctx: Context<'_>,
        kind: &'static str,
        reason: String,
        lane: usize,
        at: Option<(usize, usize, &Package)>,
        lots: f64,
        price: f64,
        pnl: f64,
    ) {
        let Some(events) = self.events.as_mut().filter(|_| lane == 0) else { return };
        events.push(Event {
            tick: ctx.tick,
            kind,
            reason,
            layer: at.map(|(layer, ..)| layer),
            slot: at.map(|(_, slot, _)| slot),
            lots,
            price,
            pnl,
            strikes: at.map_or_else(Vec::new, |(.., package)| package.strikes.iter().map(|k| k[0]).collect()),
            expiry_day: at.map_or(0, |(.., package)| ctx.plan.schedule.day(package.expiry[0])),
        });
    }
}
