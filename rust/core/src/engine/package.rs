//! Packages: what is traded, apart from who holds how much of it.
//!
//! Books that open the same layer on the same session get the same strikes at the same quotes, whatever their
//! size: a package is selected, priced and revalued once for all of them, and books only hold lots of it.

use super::{layout::PoolPlan, spec::CostSpec};
use crate::{
    margin::{Legs, MarginModel, MarketView},
    market::{
        quote::{Slice, Surface},
        state::State,
    },
    math::lanes::{Col, LANES, Mask},
    schedule::Schedule,
};

/// The market of one tick as the packages see it.
#[derive(Debug)]
pub struct Market {
    /// State at this tick.
    pub now: State,
    /// Spot at this tick.
    pub spot: Col,
    /// VIX at this tick.
    pub vix: Col,
    /// Yesterday's spot and x with today's r and q: the state of the time step.
    pub aged: State,
    /// Session of each lane in the schedule.
    pub session: [u32; LANES],
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
    /// Strikes per leg, SPX points.
    pub strikes: Vec<Col>,
    /// Mid prices per leg at this tick, SPX points.
    pub leg_prices: Vec<Col>,
    /// V: value of one unit to its holder, SPX points.
    pub value: Col,
    /// Change of V since yesterday: time, spot, level, smile.
    pub steps: [Col; 4],
    /// Cash received per unit at the opening, SPX points.
    pub credit: Col,
    /// Risk per unit, SPX points.
    pub risk: Col,
}

impl Package {
    fn empty(legs: usize) -> Self {
        Self {
            alive: Mask::NONE,
            held: Mask::NONE,
            expiry: [0; LANES],
            entered: Col::default(),
            entry_spot: Col::splat(1.0),
            // Any positive strike keeps dead lanes finite: 0 lots × a finite price is 0.
            strikes: vec![Col::splat(1.0); legs],
            leg_prices: vec![Col::default(); legs],
            value: Col::default(),
            steps: [Col::default(); 4],
            credit: Col::default(),
            risk: Col::default(),
        }
    }

    /// What one unit pays its holder at expiry if SPX ends at `spot`, SPX points.
    pub fn settlement(&self, plan: &PoolPlan, lane: usize, spot: f64) -> f64 {
        plan.legs
            .iter()
            .zip(&self.strikes)
            .map(|(leg, strike)| f64::from(leg.ratio) * (leg.right.sign() * (spot - strike[lane])).max(0.0))
            .sum()
    }

    /// Asks the margin rule for the risk of one unit.
    pub fn require(&mut self, plan: &PoolPlan, margin: &dyn MarginModel, market: &Market) {
        let legs = Legs { legs: &plan.margin_legs, strikes: &self.strikes };
        margin.requirement(legs, MarketView { spot: &market.spot, vix: &market.vix }, &mut self.risk);
    }

    /// Σ ratio × half-spread of the legs in one lane, SPX points.
    pub fn half_spreads(&self, plan: &PoolPlan, costs: &CostSpec, lane: usize, vix: f64) -> f64 {
        plan.legs
            .iter()
            .zip(&self.leg_prices)
            .map(|(leg, price)| {
                f64::from(leg.ratio.abs()) * plan.contract.half_spread(costs, price[lane], vix)
            })
            .sum()
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
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    sessions: Col,
    days: Col,
    aged: Slice,
    now: Slice,
    mixed: Slice,
    price: Col,
}

impl Pool {
    /// Empty slots.
    pub fn new(plan: &PoolPlan) -> Self {
        Self {
            packages: vec![Package::empty(plan.legs.len()); plan.slots],
            decisions: [0; LANES],
            due: Mask::NONE,
            due_slot: [0; LANES],
            scratch: Scratch::default(),
        }
    }

    /// Forgets everything: a new block of paths begins.
    pub fn reset(&mut self) {
        for package in &mut self.packages {
            let legs = package.strikes.len();
            *package = Package::empty(legs);
        }
        self.decisions = [0; LANES];
        self.due = Mask::NONE;
    }

    /// Revalues every package that matters today, step by step (attribution), and asks its requirement.
    pub fn revalue(
        &mut self,
        plan: &PoolPlan,
        schedule: &Schedule,
        surface: &Surface,
        margin: &dyn MarginModel,
        market: &Market,
    ) {
        let Self { packages, scratch, .. } = self;
        for package in packages {
            let settling = Mask::from_fn(|i| package.alive.get(i) && package.expiry[i] == market.session[i]);
            if !(package.held | settling).any() {
                continue;
            }
            for i in 0..LANES {
                // Dead lanes price at expiry: intrinsic and finite.
                let to = package.expiry[i].max(market.session[i]);
                scratch.sessions[i] = f64::from(schedule.sessions_between(market.session[i], to));
                scratch.days[i] = f64::from(schedule.days_between(market.session[i], to));
            }
            surface.slice(&market.aged, &scratch.sessions, &scratch.days, &mut scratch.aged);
            surface.slice(&market.now, &scratch.sessions, &scratch.days, &mut scratch.now);
            let [time, spot, level, smile] = &mut package.steps;
            // Each step changes one thing: the slice of the time step, then today's forward, then today's θ,
            // then today's ρ and ζ.
            let before = package.value;
            value(plan, &package.strikes, &scratch.aged, &mut scratch.price, time, None);
            scratch.mixed.clone_from(&scratch.aged);
            scratch.mixed.forward = scratch.now.forward;
            value(plan, &package.strikes, &scratch.mixed, &mut scratch.price, spot, None);
            scratch.mixed.theta = scratch.now.theta;
            value(plan, &package.strikes, &scratch.mixed, &mut scratch.price, level, None);
            let legs = Some(package.leg_prices.as_mut_slice());
            value(plan, &package.strikes, &scratch.now, &mut scratch.price, smile, legs);
            package.value = *smile;
            for i in 0..LANES {
                smile[i] -= level[i];
                level[i] -= spot[i];
                spot[i] -= time[i];
                time[i] -= before[i];
            }
            package.require(plan, margin, market);
        }
    }
}

/// V of one unit on a slice: Σ ratio × price; keeps the legs' prices when asked.
pub fn value(
    plan: &PoolPlan,
    strikes: &[Col],
    slice: &Slice,
    price: &mut Col,
    out: &mut Col,
    mut legs: Option<&mut [Col]>,
) {
    *out = Col::default();
    for (index, (leg, strike)) in plan.legs.iter().zip(strikes).enumerate() {
        Surface::option(slice, leg.right.sign(), strike, price);
        let ratio = f64::from(leg.ratio);
        for i in 0..LANES {
            out[i] += ratio * price[i];
        }
        if let Some(legs) = legs.as_deref_mut() {
            legs[index] = *price;
        }
    }
}
