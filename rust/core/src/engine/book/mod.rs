//! A book: ledgers, lots and chains. This module is the only code that changes a position.

mod begin;
mod calls;
mod close;
mod decided;
mod diagonal;
mod efficiency;
mod hedge;
mod inside;
mod liquidity;
mod margin;
mod mark;
mod open;
mod others;
mod review;
mod roll;
mod settle;
mod tally;
mod tranches;
mod window;

use super::{
    deals::{Deal, deal},
    entries,
    exposure::Exposure,
    foresight::Bought,
    layout::{BookPlan, LayerPlan, PoolPlan, Prefer},
    package::{Market, Package, Pool},
    plan::Plan,
    summary::Summary,
    trace::Event,
};
use crate::{
    math::lanes::{Col, LANES, Mask, Tri},
    rules::program::Memory,
};
use calls::Calls;
pub use close::closed_for;
use efficiency::Efficiency;
use tally::Tally;
use tranches::{NO_PARTS, Parts};

/// Money comparisons (refusal, call, liquidation) ignore differences below this, dollars.
const TOLERANCE: f64 = 1e-6;

/// Ledgers of a book at most: core and sleeve (R60).
const LEDGERS: usize = 2;
/// The ledger that core layers trade from; the only one of a book without a sleeve.
const CORE: usize = 0;
/// The ledger of a ring-fenced hedge.
const SLEEVE: usize = 1;

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
}

/// What one slot of a layer holds, and what was ordered for it.
#[derive(Clone, Debug, Default)]
struct Slot {
    lots: Col,
    /// Lots closed inside this session, until the close says what brought them there.
    left: Col,
    exit: Mask,
    roll: Mask,
    /// Of the short leg of a diagonal: it is to be sold.
    write: Mask,
    /// Closed by rule, and by force.
    early: [Early; 2],
    /// Lanes in which one of them is followed.
    followed: Mask,
    /// P&L of the lots closed by force so far, while some are left.
    realised: Col,
    /// Lots at the entry, those sold since, and the share that the rungs reached so far want sold (R36).
    entry_lots: Col,
    sold: Col,
    reached: Col,
    /// Lanes in which the cash press has reached it, and those in which it does at this close (R84).
    pressed: Mask,
    pressing: Mask,
    /// Hedge P&L of the book at the end of the entry tick.
    hedge_before: Col,
}

/// Positions and pending orders of one layer.
#[derive(Clone, Debug)]
struct Layer {
    slots: Vec<Slot>,
    open: Mask,
    /// Of them, those that replace a tranche that is rolled, whatever the rule that opens says.
    rolled: Mask,
    /// What the target is multiplied with by its weight, and by the rules that were true when the opening was decided
    /// (C3, R33, R40).
    factor: Col,
    /// Per slot, lots that are to be sold because they are beyond the band; none in a layer that is not reviewed.
    trims: Vec<Col>,
    /// Parts of the target that it has bought since it was flat, and those that it has after the pending opening (R28).
    bought: Parts,
    adding: Parts,
    /// The further part that its rule asks for at this close, permitted or not.
    asked: Parts,
    /// Variances a year that the pending roll trades: until the old expiry, and from there until the new one (R83).
    traded: [Col; 2],
    /// Of the short legs of diagonals: where some may be sold at the next fill.
    sells: Mask,
    /// Theta per vega of the layer's own package and of the other one, where they were compared (R32).
    weighed: [Col; 2],
    chains: Vec<Chain>,
    base: Col,
    /// Every bucket but interest.
    pnl: Col,
}

impl Layer {
    fn new(pool: &PoolPlan, layer: &LayerPlan) -> Self {
        Self {
            trims: vec![Col::default(); if layer.size.review { pool.places() } else { 0 }],
            slots: vec![Slot::default(); pool.places()],
            open: Mask::NONE,
            rolled: Mask::NONE,
            factor: Col::splat(1.0),
            bought: NO_PARTS,
            adding: NO_PARTS,
            asked: NO_PARTS,
            traded: [Col::splat(f64::NAN); 2],
            sells: Mask::NONE,
            weighed: [Col::splat(f64::NAN); 2],
            chains: vec![Chain::default(); pool.tranches],
            base: Col::splat(f64::NAN),
            pnl: Col::default(),
        }
    }
}

/// Why a tranche is closed before its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Rule,
    Roll,
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

    fn package<'p>(&self, pools: &'p [Pool], layer: usize, slot: usize) -> &'p Package {
        &pools[self.book.layers[layer].pool].packages[slot]
    }

    /// Which of its layer's packages this is: 0 its own, then the others, then what is sold against it.
    fn other(&self, layer: usize) -> usize {
        self.book.packages(layer).position(|each| each == layer).unwrap_or(0)
    }

    /// A slot among those of all the packages of a layer; of a short leg that of the call which covers it.
    fn place(&self, layer: usize, slot: usize) -> usize {
        let layer = if self.layer(layer).covered { self.layer(layer).of } else { layer };
        let before = self.book.family(layer).take_while(|&each| each != layer);
        before.map(|each| self.pool(each).places()).sum::<usize>() + slot
    }

    /// Layers that use the cash of a ledger.
    fn layers_of(&self, ledger: usize) -> impl Iterator<Item = usize> + use<'a> {
        let layers = self.book.layers.iter().enumerate();
        layers.filter(move |(_, layer)| layer.ledger == ledger).map(|(index, _)| index)
    }

    /// Ledgers that the book has.
    fn ledgers(&self) -> std::ops::Range<usize> {
        0..if self.book.sleeve_share.is_some() { LEDGERS } else { 1 }
    }
}

/// The ledger of one lane, all accounts together, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// Cash of the core ledger, and of the sleeve.
    pub cash: [f64; LEDGERS],
    /// Cash and marks.
    pub nav: f64,
    /// What all ledgers must hold, each by the margin rule.
    pub requirement: f64,
    /// Of it, the sleeve's.
    pub sleeve_requirement: f64,
    /// What counts against the requirement of the core ledger, and of the sleeve.
    pub available: [f64; LEDGERS],
    /// Does a call stand?
    pub call: bool,
    /// P&L of the hedge layers so far.
    pub hedge: f64,
    /// Expected cost that hedge purchases have committed so far (R61).
    pub committed: f64,
    /// Cash from outside so far.
    pub deposited: f64,
}

/// What rules on a book read: one column each, as the book stood when it was observed.
#[derive(Clone, Debug)]
pub struct View {
    /// NAV, dollars.
    pub nav: Col,
    /// NAV / C.
    pub nav_share: Col,
    /// Requirement / NAV.
    pub margin_share: Col,
    /// NAV of the sleeve / C; missing without one.
    pub sleeve_nav_share: Col,
    /// Largest break-even challenge of the core tranches held; missing without any.
    pub core_challenge: Col,
    /// Largest loss as a multiple of the credit.
    pub core_loss_multiple: Col,
    /// Largest move since the entry in standard deviations.
    pub core_sd_move: Col,
    /// Dollars per point of the spot.
    pub core_delta: Col,
    /// Change of it per point of the spot.
    pub core_gamma: Col,
    /// Dollars per VIX point.
    pub core_vega: Col,
    /// Dollars a session.
    pub core_theta: Col,
    /// Largest gamma percentile of the core tranches held.
    pub core_gamma_percentile: Col,
    /// Largest acceleration of their time decay.
    pub core_theta_acceleration: Col,
    /// Smallest share of their credit that is time value still.
    pub core_extrinsic_share: Col,
    /// What the layers earned in a year over their mean requirement.
    pub return_on_margin: Col,
}

impl View {
    /// Before there is a book.
    pub const MISSING: Self = {
        const NAN: Col = Col::splat(f64::NAN);
        Self {
            nav: NAN,
            nav_share: NAN,
            margin_share: NAN,
            sleeve_nav_share: NAN,
            core_challenge: NAN,
            core_loss_multiple: NAN,
            core_sd_move: NAN,
            core_delta: NAN,
            core_gamma: NAN,
            core_vega: NAN,
            core_theta: NAN,
            core_gamma_percentile: NAN,
            core_theta_acceleration: NAN,
            core_extrinsic_share: NAN,
            return_on_margin: NAN,
        }
    };
}

/// One arm at one share, for every lane of the block.
#[derive(Debug)]
pub struct Book {
    cash: [Col; LEDGERS],
    nav: Col,
    requirement: [Col; LEDGERS],
    /// What counts against it, as it stood when the tick was marked.
    available: [Col; LEDGERS],
    peak: Col,
    /// NAV at session 0 less C, where the book began with positions.
    begun: Col,
    layers: Vec<Layer>,
    calls: Calls,
    /// Where the worst bar of the session would have brought a call that its close did not.
    bar_call: [Mask; LEDGERS],
    ruined: Mask,
    /// Ruined at the previous tick: to be closed at this one.
    closing: Mask,
    transfers: Vec<Mask>,
    /// How many times budgets count (R67).
    budget_factor: Col,
    /// Where a rule reads what its requirement earns.
    efficiency: Option<Box<Efficiency>>,
    /// What only a hedged book keeps.
    tally: Option<Box<Tally>>,
    /// What its rules read.
    pub view: View,
    /// Figures of the path so far.
    pub sum: Summary,
    /// What each ledger lacked, and had, when a call opened on this tick: when calls are logged.
    pub opened: Option<Box<[[Col; LEDGERS]; 2]>>,
    /// Openings of the core, when they are told.
    pub entries: Option<entries::Rows>,
    /// Events of lane 0, when the book is watched.
    pub events: Option<Vec<Event>>,
    /// Deals of every lane, when they are followed.
    pub deals: Option<Vec<Deal>>,
    /// Hedge tranches of every lane, when they are followed.
    pub bought: Option<Vec<Bought>>,
    /// What rules moved into the sleeve, less what they took out, and the interest that it earned, dollars.
    received: Col,
    sleeve_interest: Col,
}

impl Book {
    /// A book with its capital in bills.
    pub fn new(plan: &Plan, book: &BookPlan) -> Self {
        let capital = Col::splat(plan.capital);
        let share = book.sleeve_share.unwrap_or(0.0);
        let cash = [Col::splat(plan.capital * (1.0 - share)), Col::splat(plan.capital * share)];
        Self {
            cash,
            nav: capital,
            requirement: [Col::default(); LEDGERS],
            available: cash,
            peak: capital,
            begun: Col::default(),
            layers: book.layers.iter().map(|layer| Layer::new(&plan.pools[layer.pool], layer)).collect(),
            calls: Calls::default(),
            bar_call: [Mask::NONE; LEDGERS],
            ruined: Mask::NONE,
            closing: Mask::NONE,
            transfers: vec![Mask::NONE; book.transfers.len()],
            budget_factor: Col::splat(1.0),
            efficiency: book.reads.earned.then(Box::default),
            tally: book.hedged.then(|| Box::new(Tally::new(plan.sessions, book))),
            view: View::MISSING,
            sum: Summary { liquidity_low: Col::splat(f64::NAN), ..Summary::default() },
            opened: None,
            entries: None,
            events: None,
            deals: None,
            bought: None,
            received: Col::default(),
            sleeve_interest: Col::default(),
        }
    }

    /// Lots that a layer holds of a slot.
    pub fn lots(&self, layer: usize, slot: usize) -> &Col {
        &self.layers[layer].slots[slot].lots
    }

    /// Worth of what the sleeve holds, dollars.
    pub fn sleeve_worth(&self, book: &BookPlan, plan: &Plan, pools: &[Pool]) -> Col {
        let mut sum = Col::default();
        let layers = book.layers.iter().zip(&self.layers).filter(|(layer, _)| layer.ledger == SLEEVE);
        for (layer, state) in layers {
            let dpp = plan.pools[layer.pool].contract.dpp;
            for (slot, package) in state.slots.iter().zip(&pools[layer.pool].packages) {
                for i in (0..LANES).filter(|&i| slot.lots[i] > 0.0) {
                    sum[i] += slot.lots[i] * dpp * package.worth[i];
                }
            }
        }
        sum
    }

    /// Of the sleeve in one lane: cash from outside, cash by rules from the core, interest, so far.
    pub fn sleeve_flows(&self, lane: usize) -> [f64; 3] {
        [self.calls.deposited[SLEEVE][lane], self.received[lane], self.sleeve_interest[lane]]
    }

    /// P&L of the core layers in one lane so far.
    pub fn earned(&self, book: &BookPlan, lane: usize) -> f64 {
        let layers = book.layers.iter().zip(&self.layers).filter(|(layer, _)| !layer.hedges());
        layers.map(|(_, state)| state.pnl[lane]).sum()
    }

    /// What the yearly budget leaves for the next fill, dollars of expected cost (R61); missing without one.
    pub fn budget_left(&self, book: &BookPlan, lane: usize) -> f64 {
        let window = self.tally.as_ref().and_then(|tally| tally.window.as_ref());
        let Some((yearly, window)) = book.budget_per_year.zip(window) else { return f64::NAN };
        yearly * self.budget_factor[lane] * self.nav[lane] - window.spent[lane]
    }

    /// The ledger of one lane.
    pub fn ledger(&self, lane: usize) -> Ledger {
        Ledger {
            cash: self.cash.each_ref().map(|cash| cash[lane]),
            nav: self.nav[lane],
            requirement: self.requirement.iter().map(|column| column[lane]).sum(),
            sleeve_requirement: self.requirement[SLEEVE][lane],
            available: self.available.each_ref().map(|available| available[lane]),
            call: self.calls.standing.iter().any(|call| call.get(lane)),
            hedge: self.tally.as_ref().map_or(0.0, |tally| tally.hedge[lane]),
            committed: self.sum.expected_cost[lane],
            deposited: self.sum.deposited[lane],
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
        let lots = &self.layers[layer].slots[slot].lots;
        Mask::from_fn(|i| lots[i] > 0.0)
    }

    /// Lanes in which a layer follows an early closing of a slot.
    pub fn follows(&self, layer: usize, slot: usize) -> Mask {
        self.layers[layer].slots[slot].followed
    }

    /// Slots of a layer and of its other packages.
    fn slots_of(&self, book: &BookPlan, layer: usize) -> impl Iterator<Item = &Slot> {
        book.family(layer).flat_map(|each| &self.layers[each].slots)
    }

    /// Lanes in which a layer holds nothing at all, of none of its packages.
    pub fn flat(&self, book: &BookPlan, layer: usize) -> Mask {
        let held = self.slots_of(book, layer).fold(Mask::NONE, |held, slot| {
            let lots = &slot.lots;
            held | Mask::from_fn(|i| lots[i] > 0.0)
        });
        !held
    }

    /// Lanes of a layer that are rolled at the next fill.
    pub fn rolls(&self, book: &BookPlan, layer: usize) -> Mask {
        self.slots_of(book, layer).fold(Mask::NONE, |lanes, slot| lanes | slot.roll)
    }

    /// Is anything of the layer being rolled, or was it to be?
    pub fn has_rolls(&self, book: &BookPlan, layer: usize) -> bool {
        self.rolls(book, layer).any() || self.layers[layer].rolled.any()
    }

    /// Orders decided at this tick, to be filled at the next, and which of them replace what is rolled; their targets count
    /// `factor` times. Which of the layer's packages is bought is found at the fill: another one may
    /// be in the lanes of `may`.
    pub fn order_open(
        &mut self,
        book: &BookPlan,
        layer: usize,
        [lanes, rolled]: [Mask; 2],
        factor: &Col,
        may: impl Fn(Prefer) -> Mask,
    ) {
        let adding = self.layers[layer].adding;
        for each in book.family(layer) {
            let state = &mut self.layers[each];
            (state.open, state.rolled, state.adding) = (lanes, rolled, adding);
            state.factor.clone_from(factor);
            if book.layers[each].of != each || !book.layers[each].others.is_empty() {
                state.weighed = [Col::splat(f64::NAN); 2];
            }
            state.traded = [Col::splat(f64::NAN); 2];
        }
        for other in &book.layers[layer].others {
            let state = &mut self.layers[other.layer];
            state.open = state.open & may(other.prefer);
        }
    }

    /// How many times budgets count at the next fill (R67).
    pub fn order_budget(&mut self, factor: &Col) {
        self.budget_factor.clone_from(factor);
    }

    /// Exit orders of one slot.
    pub fn order_exit(&mut self, layer: usize, slot: usize, lanes: Mask) {
        self.layers[layer].slots[slot].exit = lanes;
    }

    /// A transfer between the ledgers.
    pub fn order_transfer(&mut self, transfer: usize, lanes: Mask) {
        self.transfers[transfer] = lanes;
    }

    /// Rolls and partial sales of the hedge layers, from this tick's marks (R35, R36, R84).
    pub fn order_rolls_and_sales(&mut self, ctx: Context<'_>, pools: &[Pool], enters: &[(Memory, Tri)]) {
        for layer in 0..self.layers.len() {
            let plan = ctx.layer(layer);
            if plan.roll_below.is_none() && plan.monetise.is_empty() && plan.press.is_none() {
                continue;
            }
            let press = plan.press.as_ref();
            let pressing = press.map_or(Mask::NONE, |press| enters[press.when].1.is_true());
            for slot in 0..self.layers[layer].slots.len() {
                let package = ctx.package(pools, layer, slot);
                let held = self.holds(layer, slot);
                let state = &mut self.layers[layer].slots[slot];
                (state.roll, state.pressing) = (Mask::NONE, Mask::NONE);
                for i in held.lanes() {
                    let days = ctx.plan.schedule.days_between(ctx.market.session[i], package.expiry[i]);
                    let due = plan.roll_below.is_some_and(|below| days < below);
                    state.roll.set(i, due && !state.exit.get(i) && !self.ruined.get(i));
                    let cost = -package.credit[i];
                    let reached = plan.monetise.iter().filter(|rung| package.value[i] >= rung.at * cost);
                    let share = reached.map(|rung| rung.sell).sum::<f64>();
                    state.reached[i] = state.reached[i].max(share);
                    let gained = press.is_some_and(|press| package.value[i] >= press.at * cost);
                    state.pressing.set(i, gained && pressing.get(i) && !state.pressed.get(i));
                }
                state.pressed = state.pressed | state.pressing;
            }
        }
    }

    /// Takes back the rolls that are not permitted; returns those that were ordered.
    pub fn withhold_rolls(&mut self, book: &BookPlan, layer: usize, permitted: Mask) -> Mask {
        let ordered = self.rolls(book, layer);
        for each in book.family(layer) {
            for slot in &mut self.layers[each].slots {
                slot.roll = slot.roll & permitted;
            }
        }
        ordered
    }

    /// Notes in the trace that an action was not permitted.
    pub fn tell_withheld(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        lanes: Mask,
        why: impl FnOnce() -> String,
    ) {
        if lanes.get(0) {
            let layer = Some(layer);
            self.log(ctx, 0, || Event { kind: "withhold", reason: why(), layer, ..Event::default() });
        }
    }

    /// Reads the book for its rules.
    pub fn observe(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let capital = ctx.plan.capital;
        let view = &mut self.view;
        for i in 0..LANES {
            let requirement = self.requirement[CORE][i] + self.requirement[SLEEVE][i];
            view.nav[i] = self.nav[i];
            view.nav_share[i] = self.nav[i] / capital;
            view.margin_share[i] = requirement / self.nav[i];
        }
        if let Some(efficiency) = &mut self.efficiency {
            let earned = |i: usize| self.layers.iter().map(|layer| layer.pnl[i]).sum();
            let required = |i: usize| self.requirement[CORE][i] + self.requirement[SLEEVE][i];
            let [earned, required] = [Col(std::array::from_fn(earned)), Col(std::array::from_fn(required))];
            view.return_on_margin = efficiency.observe(&earned, &required);
        }
        if !(ctx.book.hedged || ctx.book.reads.core) {
            return;
        }
        if ctx.book.sleeve_share.is_some() {
            view.sleeve_nav_share = self.cash[SLEEVE];
            for (index, layer) in
                self.layers.iter().enumerate().filter(|(l, _)| ctx.layer(*l).ledger == SLEEVE)
            {
                for (slot, state) in layer.slots.iter().enumerate() {
                    let package = ctx.package(pools, index, slot);
                    for i in 0..LANES {
                        view.sleeve_nav_share[i] +=
                            state.lots[i] * ctx.pool(index).contract.dpp * package.worth[i];
                    }
                }
            }
            view.sleeve_nav_share.iter_mut().for_each(|nav| *nav /= capital);
        }
        let View { core_challenge, core_loss_multiple, core_sd_move, core_vega, .. } = view;
        *core_vega = Col::splat(if ctx.market.shocks { 0.0 } else { f64::NAN });
        for column in [&mut *core_challenge, core_loss_multiple, core_sd_move] {
            *column = Col::splat(f64::NAN);
        }
        for (index, layer) in self.layers.iter().enumerate().filter(|(l, _)| !ctx.layer(*l).hedges()) {
            for (slot, state) in layer.slots.iter().enumerate() {
                let package = ctx.package(pools, index, slot);
                if !package.held.any() {
                    continue;
                }
                for i in (0..LANES).filter(|&i| state.lots[i] > 0.0) {
                    // max ignores what is missing on either side.
                    core_challenge[i] = core_challenge[i].max(package.challenge[i]);
                    core_loss_multiple[i] = core_loss_multiple[i].max(package.loss_multiple(i));
                    core_sd_move[i] = core_sd_move[i].max(package.sd_move(i, ctx.market.spot[i]));
                    core_vega[i] += state.lots[i] * ctx.pool(index).contract.dpp * package.sens[i];
                }
            }
        }
    }

    /// Greeks and flags of the core tranches held, from what was observed of their packages.
    pub fn observe_greeks(&mut self, ctx: Context<'_>, exposures: &[Vec<Exposure>]) {
        if !ctx.book.reads.greeks {
            return;
        }
        let View { core_delta, core_gamma, core_theta, .. } = &mut self.view;
        for sum in [core_delta, core_gamma, core_theta] {
            *sum = Col::default();
        }
        let View { core_gamma_percentile, core_theta_acceleration, core_extrinsic_share, .. } =
            &mut self.view;
        for extreme in [core_gamma_percentile, core_theta_acceleration, core_extrinsic_share] {
            *extreme = Col::splat(f64::NAN);
        }
        let view = &mut self.view;
        for (index, layer) in self.layers.iter().enumerate().filter(|(l, _)| !ctx.layer(*l).hedges()) {
            let dpp = ctx.pool(index).contract.dpp;
            for (state, Exposure { unit, columns, .. }) in
                layer.slots.iter().zip(&exposures[ctx.layer(index).pool])
            {
                for i in (0..LANES).filter(|&i| state.lots[i] > 0.0) {
                    let dollars = state.lots[i] * dpp;
                    view.core_delta[i] += dollars * unit.delta[i];
                    view.core_gamma[i] += dollars * unit.gamma[i];
                    view.core_theta[i] += dollars * unit.theta[i];
                    // max and min ignore what is missing on either side.
                    view.core_gamma_percentile[i] =
                        view.core_gamma_percentile[i].max(columns.gamma_percentile[i]);
                    view.core_theta_acceleration[i] =
                        view.core_theta_acceleration[i].max(columns.theta_acceleration[i]);
                    view.core_extrinsic_share[i] =
                        view.core_extrinsic_share[i].min(columns.extrinsic_share[i]);
                }
            }
        }
    }

    /// What of a NAV has been earned, dollars: neither the capital nor what came from outside.
    fn gained(&self, ctx: Context<'_>, nav: f64, lane: usize) -> f64 {
        nav - self.sum.deposited[lane] - ctx.plan.capital - self.begun[lane]
    }

    /// Cash and marks, dollars.
    fn nav_now(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> f64 {
        let worth = |layer| self.held(ctx, pools, layer, |p| p.worth[lane], lane);
        ctx.ledgers().map(|ledger| self.cash[ledger][lane]).sum::<f64>()
            + (0..self.layers.len()).map(worth).sum::<f64>()
    }

    /// Σ lots × dpp × `unit` of one layer, dollars.
    fn held(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        unit: impl Fn(&Package) -> f64,
        lane: usize,
    ) -> f64 {
        let dpp = ctx.pool(layer).contract.dpp;
        let packages = &pools[ctx.layer(layer).pool].packages;
        let held = self.layers[layer].slots.iter().zip(packages).filter(|(slot, _)| slot.lots[lane] > 0.0);
        held.map(|(slot, package)| slot.lots[lane] * dpp * unit(package)).sum()
    }

    /// Money that moves with a position: to its ledger's cash, and to the buckets of its layer.
    fn pay(&mut self, ctx: Context<'_>, layer: usize, lane: usize, cash: f64, slip: f64, fees: f64) {
        self.cash[ctx.layer(layer).ledger][lane] += cash - fees;
        self.sum.fills[lane] -= slip;
        self.sum.fees[lane] -= fees;
        self.layers[layer].pnl[lane] -= slip + fees;
        if ctx.layer(layer).hedges() {
            self.sum.hedge_trading[lane] -= slip + fees;
            self.sum.hedge_fees[lane] -= fees;
        }
    }

    /// Counts the leg prices at which a package is traded by where they come from.
    fn count_fill(&mut self, package: &Package, lane: usize) {
        let [recorded, modelled] = package.provenance(lane);
        self.sum.fills_recorded[lane] += recorded;
        self.sum.fills_modelled[lane] += modelled;
    }

    fn log(&mut self, ctx: Context<'_>, lane: usize, event: impl FnOnce() -> Event) {
        let watched = self.events.as_mut().filter(|_| lane == 0);
        if watched.is_none() && self.deals.is_none() {
            return;
        }
        let event = event();
        if let Some(deals) = self.deals.as_mut() {
            deals.extend(deal(lane, ctx.tick, &event));
        }
        if let Some(events) = watched {
            events.push(Event { tick: ctx.tick, minute: ctx.market.minute(lane), ..event });
        }
    }
}

/// An event about the package of a slot, or about what was to be one.
fn about(
    ctx: Context<'_>,
    kind: &'static str,
    layer: usize,
    slot: usize,
    package: Option<&Package>,
) -> Event {
    Event {
        kind,
        layer: Some(ctx.layer(layer).of),
        other: ctx.other(layer),
        slot: Some(ctx.place(layer, slot)),
        strikes: package.map_or_else(Vec::new, |package| package.strikes.iter().map(|k| k[0]).collect()),
        leg_prices: package
            .map_or_else(Vec::new, |package| package.leg_prices.iter().map(|p| p[0]).collect()),
        // Shares have none.
        expiry_day: package
            .filter(|_| !ctx.layer(layer).holds_shares)
            .map_or(0, |package| ctx.plan.schedule.day(package.expiry[0])),
        ..Event::default()
    }
}
