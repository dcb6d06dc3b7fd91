//! Packages: what is traded, apart from who holds how much of it.
//!
//! Books that open the same layer on the same session get the same strikes at the same quotes, whatever their
//! size: a package is selected, priced and revalued once for all of them, and books only hold lots of it.

use super::{
    bar::AtBar,
    clock::{Instant, Left},
    instrument::{Instrument, Quotes},
    layout::PoolPlan,
    plan::Plan,
    recorded::{self, AT_THE_CLOSE, Anchor, QuotedLegs},
    signals::challenge,
    spec::{CostSpec, Right},
};
use crate::{
    margin::{Basis, Loss, worst_payoff},
    market::{generator::Lanes, state::State, strategy_index::Funds},
    math::lanes::{Col, LANES, Mask},
};

/// Part of a day's variance before the opening, in sessions: what a morning settlement leaves out of its last day.
pub const MORNING: f64 = 0.55;

/// The market of one tick as the packages see it.
#[derive(Debug)]
pub struct Market {
    /// Which paths these are.
    pub lanes: Lanes,
    /// This tick.
    pub tick: u32,
    /// State at this tick.
    pub now: State,
    /// Spot at this tick.
    pub spot: Col,
    /// VIX at this tick.
    pub vix: Col,
    /// Yesterday's spot and x with today's r and q: the state of the time step.
    pub aged: State,
    /// State at this session's opening; only where something settles to it.
    pub opening: State,
    /// Spot and VIX that the morning settles to.
    pub settled: [Col; 2],
    /// The state one VIX point up along the common shock (R22); only where a book hedges.
    pub shocked: State,
    /// The state after the one-day stress (R64); only where a book asks.
    pub stressed: State,
    /// Does VIX move at all?
    pub shocks: bool,
    /// Session of each lane in the schedule.
    pub session: [u32; LANES],
    /// Lanes whose session is a half day, inside it; none at a close.
    pub short: Mask,
    /// Where the session stands, in lanes of a whole day and of a half day.
    pub at: [Instant; 2],
    /// Lanes whose session has no instant now, while others have one: they stand at their last.
    pub still: Mask,
}

impl Market {
    /// Minutes since the opening, inside a lane's session; `None` at its close.
    pub fn minute(&self, lane: usize) -> Option<u32> {
        self.at[usize::from(self.short.get(lane))].minute
    }

    /// What is left of a lane's session.
    pub fn left(&self, lane: usize) -> Left {
        self.at[usize::from(self.short.get(lane))].left
    }

    /// A market that has not begun.
    pub fn new(lanes: Lanes, shocks: bool) -> Self {
        Self {
            tick: 0,
            now: State::default(),
            spot: Col::default(),
            vix: Col::default(),
            aged: State::default(),
            opening: State::default(),
            settled: [Col::default(); 2],
            shocked: State::default(),
            stressed: State::default(),
            shocks,
            session: lanes.start,
            short: Mask::NONE,
            at: [Instant::default(); 2],
            still: Mask::NONE,
            lanes,
        }
    }
}

/// One package per lane, in one slot.
#[derive(Clone, Debug)]
pub struct Package {
    /// Selected and not yet settled.
    pub alive: Mask,
    /// Some book holds lots of it.
    pub held: Mask,
    /// Session of expiry.
    pub expiry: [u32; LANES],
    /// Tick of the fill that selected it.
    pub entered: Col,
    /// SPX at that fill.
    pub entry_spot: Col,
    /// Strikes per leg, points of the underlying.
    pub strikes: Vec<Col>,
    /// Mid prices per leg at this tick; of a future its price.
    pub leg_prices: Vec<Col>,
    /// Recorded half-spreads per leg, missing where the model's hold; no legs where nothing is recorded.
    pub leg_spreads: Vec<Col>,
    /// Recorded slices over the model's, where quotes are recorded.
    pub anchor: Option<Box<Anchor>>,
    /// V less its value on the slice: what the legs' recorded prices add.
    pub residual: Col,
    /// V: value of one unit to its holder, at the close up to which its changes are explained.
    pub value: Col,
    /// What one unit adds to NAV: V, or nothing where gains are paid out; inside a session V at its last instant.
    pub worth: Col,
    /// Change of V since yesterday: time, spot, level, smile.
    pub steps: [Col; 4],
    /// Cash received per unit at the opening.
    pub credit: Col,
    /// V at the opening.
    pub entry_value: Col,
    /// Risk per unit.
    pub risk: Col,
    /// Margin of a future per unit.
    pub margin: Col,
    /// Recorded over modelled price of the future; of shares and their options, shares of session 0 that one was at the
    /// opening: V is that of what was bought, whatever it was merged into since.
    pub basis: Col,
    /// Of shares: how many of those bought are one by now.
    pub merged: Col,
    /// Change of V for one VIX point (R22); 0 where nobody asks.
    pub sens: Col,
    /// Change of V in the one-day stress (R64); 0 where nobody asks.
    pub stress: Col,
    /// Standard deviation of ln S to the expiry, at the entry.
    pub entry_sd: Col,
    /// Net delta at the entry of the put legs and of the call legs; of their sold legs alone.
    pub entry_delta: [[Col; 2]; 2],
    /// Lowest and highest P&L of a unit since its opening, before what closing costs: at closes, and at every instant.
    pub excursions: [[Col; 2]; 2],
    /// R49: break-even challenge.
    pub challenge: Col,
    /// What portfolio margin sees of it; `None` under strategy-based margin.
    pub moved: Option<Box<MovedPackage>>,
    /// The package at the worst bar of the session, where one is asked for.
    pub at_bar: Option<Box<AtBar>>,
    /// Strike of the call that covers it, of the short leg of a diagonal.
    pub cover: Option<Box<Col>>,
}

/// What a plan asks to be known of every package.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// What the moves of portfolio margin do to it.
    pub moved: bool,
    /// What it is at the worst bar.
    pub bar: bool,
}

/// What portfolio margin sees of a package.
#[derive(Clone, Debug)]
pub struct MovedPackage {
    /// What it is repriced off.
    pub basis: Basis,
    /// What the moves do to one unit.
    pub loss: Loss,
}

impl Package {
    fn empty(legs: usize, recorded: bool, asked: Asked, covered: bool) -> Self {
        Self {
            alive: Mask::NONE,
            held: Mask::NONE,
            expiry: [0; LANES],
            entered: Col::default(),
            entry_spot: Col::splat(1.0),
            // Any positive strike keeps dead lanes finite: 0 lots × a finite price is 0.
            strikes: vec![Col::splat(1.0); legs],
            leg_prices: vec![Col::default(); legs.max(1)],
            leg_spreads: vec![Col::splat(f64::NAN); if recorded { legs } else { 0 }],
            anchor: recorded.then(|| Box::new(Anchor::new())),
            residual: Col::default(),
            value: Col::default(),
            worth: Col::default(),
            steps: [Col::default(); 4],
            credit: Col::default(),
            entry_value: Col::default(),
            risk: Col::default(),
            margin: Col::default(),
            basis: Col::splat(1.0),
            merged: Col::splat(1.0),
            sens: Col::default(),
            stress: Col::default(),
            entry_sd: Col::default(),
            entry_delta: [[Col::default(); 2]; 2],
            excursions: Default::default(),
            challenge: Col::default(),
            at_bar: asked.bar.then(|| Box::new(AtBar::new(legs, asked.moved))),
            cover: covered.then(|| Box::new(Col::splat(1.0))),
            moved: asked
                .moved
                .then(|| Box::new(MovedPackage { basis: Basis::new(legs), loss: Loss::default() })),
        }
    }

    /// Inside a session no quotes are recorded: the residual of the close before goes on, half-spreads are the model's.
    fn unquoted(&mut self) {
        for i in 0..LANES {
            self.worth[i] += self.residual[i];
        }
        self.leg_spreads.fill(Col::splat(f64::NAN));
    }

    /// V at the last instant at which it was priced.
    pub fn mark(&self, plan: &PoolPlan, lane: usize) -> f64 {
        let future = plan.contract.instrument == Instrument::VixFuture;
        if future { self.value[lane] } else { self.worth[lane] }
    }

    /// What the P&L of a unit that is worth this much has been so far at worst and at best (R14).
    pub fn note_excursions(&mut self, at_close: bool, lanes: Mask) {
        let [closes, instants] = &mut self.excursions;
        for i in lanes.lanes() {
            let now = self.credit[i] + self.worth[i];
            if at_close {
                closes[0][i] = closes[0][i].min(now);
                closes[1][i] = closes[1][i].max(now);
            }
            instants[0][i] = instants[0][i].min(now);
            instants[1][i] = instants[1][i].max(now);
        }
    }

    /// What one unit pays its holder at its settlement, and the price of a future then.
    pub fn payoff(&self, plan: &PoolPlan, market: &Market, lane: usize) -> f64 {
        let [spot, vix] = &market.settled;
        let end = match plan.contract.instrument {
            Instrument::SpxOption if !plan.contract.morning => market.spot[lane],
            Instrument::SpxOption => spot[lane],
            Instrument::VixOption | Instrument::VixFuture => vix[lane] * self.basis[lane],
            Instrument::Share(_) => return self.value[lane],
            Instrument::ShareOption(fund) => {
                let close = |funds: &Funds| funds.close(usize::from(fund), lane);
                market.now.funds.as_deref().map_or(0.0, close) * self.basis[lane]
            }
        };
        if plan.contract.instrument == Instrument::VixFuture { end } else { self.exercised(plan, end, lane) }
    }

    /// What one unit of options would pay if its underlying ended here.
    pub fn exercised(&self, plan: &PoolPlan, end: f64, lane: usize) -> f64 {
        plan.legs
            .iter()
            .zip(&self.strikes)
            .map(|(leg, strike)| f64::from(leg.ratio) * (leg.right.sign() * (end - strike[lane])).max(0.0))
            .sum()
    }

    /// What one unit has earned from its opening to a closing that brings `received`; a future was paid out on the way.
    pub fn earned(&self, plan: &PoolPlan, lane: usize, received: f64) -> f64 {
        let future = plan.contract.instrument == Instrument::VixFuture;
        let paid_out = if future { self.value[lane] - self.entry_value[lane] } else { 0.0 };
        self.credit[lane] + received + paid_out
    }

    /// Risk and margin of one unit; what the moves of portfolio margin do to it in `lanes`, from its basis.
    ///
    /// Inside a session the other lanes hold prices of the instant beside a basis of the close: theirs stays as it was.
    pub fn require(&mut self, plan: &Plan, pool: &PoolPlan, market: &Market, lanes: Mask) {
        if pool.contract.instrument == Instrument::VixFuture {
            for i in 0..LANES {
                let to = self.expiry[i].max(market.session[i]);
                let days = f64::from(plan.schedule.days_between(market.session[i], to));
                self.margin[i] = pool.contract.margin(self.value[i], days, market.vix[i]);
            }
        } else if let Some(cover) = &self.cover {
            // Covered by a call that expires no earlier: what its strike lies above this one.
            for i in 0..LANES {
                self.risk[i] = (cover[i] - self.strikes[0][i]).max(0.0);
            }
        } else if !pool.contract.instrument.is_share() {
            worst_payoff(&pool.margin_legs, &self.strikes, &mut self.risk);
        }
        if let (Some(grid), Some(moved)) = (plan.margin.grid(), &mut self.moved) {
            let package = pool.moved(&self.strikes, &self.leg_prices, &moved.basis);
            if lanes == Mask::ALL {
                grid.losses(package, &market.vix, &mut moved.loss);
                return;
            }
            let mut fresh = Loss::default();
            grid.losses(package, &market.vix, &mut fresh);
            for i in lanes.lanes() {
                moved.loss.moves[i] = fresh.moves[i];
                moved.loss.minimum[i] = fresh.minimum[i];
            }
        }
    }

    /// Lanes in which it settled to this session's opening: nobody can trade it any more, its close clears what is held.
    pub fn settled_this_morning(&self, plan: &PoolPlan, market: &Market) -> Mask {
        if plan.contract.morning { settling(self, market) } else { Mask::NONE }
    }

    /// Break-even challenge at this tick's spot.
    pub fn challenge(&mut self, plan: &PoolPlan, market: &Market) {
        for i in 0..LANES {
            self.challenge[i] = challenge(plan, self, i, market.spot[i]);
        }
    }

    /// Loss as a multiple of the credit; missing where there was none.
    pub fn loss_multiple(&self, lane: usize) -> f64 {
        let credit = self.credit[lane];
        if credit > 0.0 { (-self.value[lane] - credit) / credit } else { f64::NAN }
    }

    /// Distance of the spot from the entry in standard deviations to the expiry as seen then; missing where they were 0.
    pub fn sd_move(&self, lane: usize, spot: f64) -> f64 {
        let entry = self.entry_spot[lane];
        let sd = entry * self.entry_sd[lane];
        if sd > 0.0 { (spot - entry).abs() / sd } else { f64::NAN }
    }

    /// |net delta| at the entry of the side towards which the spot has moved; its sold legs alone if asked.
    pub fn threatened_delta(&self, lane: usize, spot: f64, sold_only: bool) -> f64 {
        let side = if spot < self.entry_spot[lane] { Right::Put } else { Right::Call };
        self.entry_delta[usize::from(sold_only)][side as usize][lane].abs()
    }

    /// Σ ratio × half-spread of the legs in one lane; a future is one leg.
    pub fn half_spreads(&self, plan: &PoolPlan, costs: &CostSpec, lane: usize, vix: f64) -> f64 {
        let ratio = |leg: usize| plan.legs.get(leg).map_or(1.0, |leg| f64::from(leg.ratio.abs()));
        let half_spread = |leg: usize, price: f64| match self.leg_spreads.get(leg).map(|spread| spread[lane])
        {
            Some(recorded) if !recorded.is_nan() => costs.half_spread_factor * recorded,
            // Quoted are the shares of today, of which a unit has fewer the more of them have become one.
            _ => {
                let merged = self.merged[lane];
                plan.contract.half_spread(costs, price * merged, vix) / merged
            }
        };
        let price = self.leg_prices.iter().enumerate();
        price.map(|(leg, price)| ratio(leg) * half_spread(leg, price[lane])).sum()
    }

    /// Legs whose prices are recorded, and legs priced on the slice although their product's quotes are recorded.
    pub fn provenance(&self, lane: usize) -> [f64; 2] {
        let recorded = self.leg_spreads.iter().filter(|spread| !spread[lane].is_nan()).count();
        [recorded, self.leg_spreads.len() - recorded].map(|legs| legs as f64)
    }
}

/// The slots of one timeline of packages.
#[derive(Debug)]
pub struct Pool {
    /// Its slots.
    pub packages: Vec<Package>,
    /// Decisions taken so far, per lane: decision j uses slot j mod slots.
    pub decisions: [u32; LANES],
    /// Lanes with an opening due at the next fill.
    pub due: Mask,
    /// The slot it will use.
    pub due_slot: [usize; LANES],
    /// State at which packages were opened inside the session, where a pool opens there.
    pub entered: Option<Box<State>>,
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    since: State,
    sessions: Col,
    days: Col,
    state: State,
    aged: Quotes,
    now: Quotes,
    mixed: Quotes,
    /// Worth and leg prices as they were, of lanes that stand still.
    stood: (Col, Vec<Col>),
}

impl Pool {
    /// Empty slots.
    pub fn new(plan: &PoolPlan, asked: Asked) -> Self {
        let empty = Package::empty(plan.legs.len(), plan.chain.is_some(), asked, plan.covered_by.is_some());
        Self {
            packages: vec![empty; plan.places()],
            decisions: [0; LANES],
            due: Mask::NONE,
            due_slot: [0; LANES],
            entered: plan.inside.at.map(|_| Box::default()),
            scratch: Scratch::default(),
        }
    }

    /// Forgets everything: a new block of paths begins.
    pub fn reset(&mut self) {
        for package in &mut self.packages {
            let recorded = package.anchor.is_some();
            let asked = Asked { moved: package.moved.is_some(), bar: package.at_bar.is_some() };
            *package = Package::empty(package.strikes.len(), recorded, asked, package.cover.is_some());
        }
        self.decisions = [0; LANES];
        self.due = Mask::NONE;
    }

    /// Does anything settle to this session's opening?
    pub fn settles_this_morning(&self, plan: &PoolPlan, market: &Market) -> bool {
        plan.contract.morning && self.packages.iter().any(|package| settling(package, market).any())
    }

    /// Revalues every package that matters today, step by step (attribution), and asks its requirement.
    pub fn revalue(&mut self, plan: &Plan, layout: &PoolPlan, market: &Market) {
        let Self { packages, entered, scratch, .. } = self;
        let instrument = layout.contract.instrument;
        for package in packages {
            let settling = settling(package, market);
            if !(package.held | settling).any() {
                continue;
            }
            remaining(plan, layout, market, &package.expiry, &mut scratch.sessions, &mut scratch.days);
            let (sessions, days, surface) = (&scratch.sessions, &scratch.days, &plan.surface);
            let old = package.basis;
            if instrument.has_basis() {
                plan.generator.vx_basis(&market.lanes, market.tick, &package.expiry, &mut package.basis);
            }
            if let (Instrument::Share(fund), Some(funds)) = (instrument, &market.now.funds) {
                let merged = funds.merged(usize::from(fund));
                for i in 0..LANES {
                    package.merged[i] = merged[i] / package.basis[i];
                }
            }
            let now = if layout.contract.morning && settling.any() {
                scratch.state.clone_from(&market.now);
                for i in settling.lanes() {
                    scratch.state.copy_lane(i, &market.opening);
                }
                &scratch.state
            } else {
                &market.now
            };
            let aged = since(entered.as_deref(), package, market, &mut scratch.since);
            scratch.aged.quote(instrument, surface, aged, sessions, days, &old);
            scratch.now.quote(instrument, surface, now, sessions, days, &package.basis);
            if let (Some(chain), Some(anchor)) = (&layout.chain, &mut package.anchor) {
                anchor.apply(&mut scratch.aged.spx);
                anchor.observe(chain, &market.session, &package.expiry, &AT_THE_CLOSE, &scratch.now.spx);
                anchor.apply(&mut scratch.now.spx);
            }
            let (before, off) = (package.value, package.residual);
            let quotes = [&mut scratch.aged, &mut scratch.now, &mut scratch.mixed];
            walk(quotes, layout, &package.strikes, &mut package.steps, Some(&mut package.leg_prices));
            let [time, spot, level, smile] = &mut package.steps;
            if let Some(chain) = &layout.chain {
                let slices = recorded::quoted(chain, &market.session, &package.expiry, &AT_THE_CLOSE);
                for i in settling.lanes() {
                    package.residual[i] = 0.0;
                }
                let legs = QuotedLegs {
                    legs: &layout.legs,
                    strikes: &package.strikes,
                    prices: &mut package.leg_prices,
                    half_spreads: &mut package.leg_spreads,
                };
                legs.overlay(&slices, smile, &mut package.residual);
            }
            package.value = *smile;
            for i in 0..LANES {
                smile[i] -= level[i] + off[i];
                level[i] -= spot[i];
                spot[i] -= time[i];
                time[i] -= before[i] - off[i];
            }
            let moved = [
                (layout.hedged && market.shocks, &market.shocked, &mut package.sens),
                (layout.stress.is_some(), &market.stressed, &mut package.stress),
            ];
            for (_, state, change) in moved.into_iter().filter(|(wanted, ..)| *wanted) {
                scratch.mixed.quote(instrument, surface, state, sessions, days, &package.basis);
                if let Some(anchor) = &package.anchor {
                    anchor.apply(&mut scratch.mixed.spx);
                }
                scratch.mixed.value(layout, &package.strikes, change, None);
                for i in 0..LANES {
                    change[i] -= package.value[i] - package.residual[i];
                }
            }
            let Package { strikes, leg_prices, leg_spreads, moved, .. } = package;
            if let Some(moved) = moved {
                scratch.now.basis(layout, strikes, leg_prices, leg_spreads, &mut moved.basis);
            }
            if instrument != Instrument::VixFuture {
                package.worth = package.value;
            }
            package.require(plan, layout, market, Mask::ALL);
            package.note_excursions(true, Mask::ALL);
            if layout.hedged {
                package.challenge(layout, market);
            }
        }
    }

    /// Prices what is held at an instant inside a session; what its changes consist of is left to the close.
    pub fn mark(&mut self, plan: &Plan, layout: &PoolPlan, market: &Market) {
        let Scratch { sessions, days, now, stood, .. } = &mut self.scratch;
        for package in self.packages.iter_mut().filter(|package| package.held.any()) {
            remaining(plan, layout, market, &package.expiry, sessions, days);
            let instrument = layout.contract.instrument;
            if market.still.any() {
                stood.0 = package.worth;
                stood.1.clone_from(&package.leg_prices);
            }
            now.quote(instrument, &plan.surface, &market.now, sessions, days, &package.basis);
            if let Some(anchor) = &package.anchor {
                anchor.apply(&mut now.spx);
            }
            now.value(layout, &package.strikes, &mut package.worth, Some(&mut package.leg_prices));
            if package.anchor.is_some() {
                package.unquoted();
            }
            // What was opened at the last instant has its prices of the fill.
            for i in market.still.lanes() {
                package.worth[i] = stood.0[i];
                for (price, stood) in package.leg_prices.iter_mut().zip(&stood.1) {
                    price[i] = stood[i];
                }
            }
            let settled = package.settled_this_morning(layout, market);
            package.note_excursions(false, !settled & !market.still);
        }
    }

    /// What the changes of V consist of, for tranches closed inside the session: from the close before, or from their
    /// opening this session, to the instant of their fill.
    pub fn explain(
        &mut self,
        plan: &Plan,
        layout: &PoolPlan,
        market: &Market,
        slot: usize,
        left: &mut Closed,
    ) {
        let Self { packages, entered, scratch, .. } = self;
        let (package, instrument) = (&packages[slot], layout.contract.instrument);
        let aged = since(entered.as_deref(), package, market, &mut scratch.since);
        let Closed { state, sessions, days, steps, .. } = left;
        scratch.aged.quote(instrument, &plan.surface, aged, sessions, days, &package.basis);
        scratch.now.quote(instrument, &plan.surface, state, sessions, days, &package.basis);
        if let Some(anchor) = &package.anchor {
            anchor.apply(&mut scratch.aged.spx);
            anchor.apply(&mut scratch.now.spx);
        }
        let quotes = [&mut scratch.aged, &mut scratch.now, &mut scratch.mixed];
        walk(quotes, layout, &package.strikes, steps, None);
        let [time, spot, level, smile] = steps;
        for i in 0..LANES {
            smile[i] -= level[i];
            level[i] -= spot[i];
            spot[i] -= time[i];
            time[i] -= package.value[i] - package.residual[i];
        }
    }
}

/// Tranches of one slot that one rule closed inside a session: the market of their fills, and what brought them there.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    /// Where there are any.
    pub lanes: Mask,
    /// State at the fill.
    pub state: State,
    /// Sessions to the expiry at the fill.
    pub sessions: Col,
    /// Calendar days likewise.
    pub days: Col,
    /// Change of V: time, spot, level, smile.
    pub steps: [Col; 4],
}

/// The state from which a session's changes of V are explained: that of the close before, or of an opening inside it.
fn since<'a>(
    entered: Option<&State>,
    package: &Package,
    market: &'a Market,
    out: &'a mut State,
) -> &'a State {
    let today = f64::from(market.tick);
    let lanes = Mask::from_fn(|i| package.entered[i] == today);
    let Some(entered) = entered.filter(|_| lanes.any()) else { return &market.aged };
    out.clone_from(&market.aged);
    for i in lanes.lanes() {
        out.copy_lane(i, entered);
    }
    out
}

/// V after each step from the aged quotes to today's: the quotes of the time step, then today's spot, then today's level
/// of volatility, then the shape of the smile.
fn walk(
    [aged, now, mixed]: [&mut Quotes; 3],
    layout: &PoolPlan,
    strikes: &[Col],
    [time, spot, level, smile]: &mut [Col; 4],
    legs: Option<&mut [Col]>,
) {
    let instrument = layout.contract.instrument;
    aged.value(layout, strikes, time, None);
    mixed.clone_from(aged);
    mixed.move_spot(instrument, now);
    mixed.value(layout, strikes, spot, None);
    mixed.move_level(instrument, now);
    mixed.value(layout, strikes, level, None);
    now.value(layout, strikes, smile, legs);
}

/// Exchange sessions and calendar days that packages have left.
pub fn remaining(
    plan: &Plan,
    pool: &PoolPlan,
    market: &Market,
    expiry: &[u32; LANES],
    sessions: &mut Col,
    days: &mut Col,
) {
    remaining_at(plan, pool, (&market.session, |lane| market.left(lane)), expiry, sessions, days);
}

/// The same from a session of each lane, of which so much is left.
pub fn remaining_at(
    plan: &Plan,
    pool: &PoolPlan,
    (session, left): (&[u32; LANES], impl Fn(usize) -> Left),
    expiry: &[u32; LANES],
    sessions: &mut Col,
    days: &mut Col,
) {
    let less = if pool.contract.morning { MORNING } else { 0.0 };
    for i in 0..LANES {
        // Dead lanes price at expiry: intrinsic and finite.
        let to = expiry[i].max(session[i]);
        let [between, calendar] =
            [plan.schedule.sessions_between(session[i], to), plan.schedule.days_between(session[i], to)];
        let left = left(i);
        sessions[i] = (f64::from(between) - less + left.sessions).max(0.0);
        days[i] = f64::from(calendar) + left.days;
    }
}

/// Lanes in which a package settles this session.
fn settling(package: &Package, market: &Market) -> Mask {
    Mask::from_fn(|i| package.alive.get(i) && package.expiry[i] == market.session[i])
}
