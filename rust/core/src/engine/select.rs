//! Strikes and expiry from fill-time quotes, snapped to the listed grid.

use super::{
    instrument::{Instrument, Quotes},
    layout::PoolPlan,
    package::{MORNING, Market, Package},
    plan::Plan,
    recorded::{self, Anchor, QuotedLegs},
    spec::{Drift, LegSpec, Right, StrikeSpec, Width},
};
use crate::{
    margin::Basis,
    market::{
        DAYS_PER_YEAR, SESSIONS_PER_MONTH,
        quote::{Slice, Surface},
        recorded_chain::SliceSpec,
        state::State,
    },
    math::{
        lanes::{Col, LANES, Mask},
        simd::{Kernel, dispatch},
        special::{exp, inv_norm_cdf, ln},
    },
    schedule::NO_EXPIRY,
};

/// ln of a fall by 1%, to which a future's response is measured (R24).
const ONE_PERCENT_DOWN: f64 = 0.99;
/// A rise of the index that shows the sign of a delta (R44).
const ONE_PERCENT_UP: f64 = 1.01;

/// A package chosen per lane, and why not where none was.
#[derive(Debug)]
pub struct Selection {
    /// Session of expiry.
    pub expiry: [u32; LANES],
    /// No listed expiry in the window.
    pub no_expiry: Mask,
    /// Strikes that are not positive or that cross.
    pub no_strikes: Mask,
    /// No credit that is accepted (C1).
    pub off_credit: Mask,
    /// Strikes per leg.
    pub strikes: Vec<Col>,
    /// Mid prices per leg.
    pub leg_prices: Vec<Col>,
    /// Recorded half-spreads per leg, as in a package.
    pub leg_spreads: Vec<Col>,
    /// Recorded slices over the model's, where quotes are recorded.
    pub anchor: Option<Box<Anchor>>,
    /// V less its value on the slice.
    pub residual: Col,
    /// V of one unit.
    pub value: Col,
    /// Recorded over modelled price of the future.
    pub basis: Col,
    /// V at today's state with as many days left as at the planned end (R61).
    pub end_value: Col,
    /// Change of V for one VIX point (R22).
    pub sens: Col,
    /// Change of V in the crash of the pool's cap (R24).
    pub crash_gain: Col,
    /// Change of V in the one-day stress (R64).
    pub stress: Col,
    /// Change of V when a calendar day passes and nothing moves (R32).
    pub day_change: Col,
    /// Change of V when SPX falls by 1% (R24).
    pub fall_gain: Col,
    /// Change of V when SPX alone rises by 1% (R44).
    pub rise_gain: Col,
    /// Standard deviation of ln S to the expiry.
    pub entry_sd: Col,
    /// Net delta of the put legs and of the call legs; of their sold legs alone.
    pub entry_delta: [[Col; 2]; 2],
    /// What portfolio margin reprices it off, where it does.
    pub repriced_off: Option<Box<Basis>>,
    /// Forward of the expiry, where openings are told.
    pub forward: Col,
    /// Openings are told: deltas and expected moves are wanted, whoever hedges.
    pub told: bool,
    /// Strike of the call that covers what is chosen, where something does: it lies below.
    pub cover: Option<Box<Col>>,
    quotes: Quotes,
    /// |delta| of the legs that are chosen by the credit.
    common: Col,
    moved: State,
    sessions: Col,
    days: Col,
    price: Col,
}

impl Selection {
    /// Scratch for the packages of a pool, which margin may reprice.
    pub fn new(pool: &PoolPlan, moved: bool) -> Self {
        let (legs, recorded) = (pool.legs.len(), pool.chain.is_some());
        Self {
            expiry: [0; LANES],
            no_expiry: Mask::NONE,
            no_strikes: Mask::NONE,
            off_credit: Mask::NONE,
            strikes: vec![Col::splat(1.0); legs],
            leg_prices: vec![Col::default(); legs.max(1)],
            leg_spreads: vec![Col::splat(f64::NAN); if recorded { legs } else { 0 }],
            anchor: recorded.then(|| Box::new(Anchor::new())),
            residual: Col::default(),
            value: Col::default(),
            basis: Col::splat(1.0),
            end_value: Col::default(),
            sens: Col::default(),
            crash_gain: Col::default(),
            stress: Col::default(),
            day_change: Col::default(),
            fall_gain: Col::default(),
            rise_gain: Col::default(),
            entry_sd: Col::default(),
            entry_delta: [[Col::default(); 2]; 2],
            repriced_off: moved.then(|| Box::new(Basis::new(legs))),
            forward: Col::default(),
            told: false,
            cover: pool.covered_by.map(|_| Box::new(Col::splat(1.0))),
            quotes: Quotes::default(),
            common: Col::default(),
            moved: State::default(),
            sessions: Col::default(),
            days: Col::default(),
            price: Col::default(),
        }
    }

    /// Chooses for the lanes of `due`; the others hold harmless numbers.
    pub fn select(&mut self, plan: &Plan, pool: &PoolPlan, market: &Market, due: Mask) {
        self.no_expiry = Mask::NONE;
        let less = if pool.contract.morning { MORNING } else { 0.0 };
        for i in 0..LANES {
            let now = market.session[i];
            let listed = pool.expiry[now as usize];
            let found = due.get(i) && listed != NO_EXPIRY;
            self.no_expiry.set(i, due.get(i) && !found);
            self.expiry[i] = if found { listed } else { now };
            let (sessions, days) = if found {
                (plan.schedule.sessions_between(now, listed), plan.schedule.days_between(now, listed))
            } else {
                (1, 1)
            };
            self.sessions[i] = f64::from(sessions) - less + market.left(i).sessions;
            self.days[i] = f64::from(days) + market.left(i).days;
        }
        let instrument = pool.contract.instrument;
        if instrument.has_basis() {
            plan.generator.vx_basis(&market.lanes, market.tick, &self.expiry, &mut self.basis);
        }
        if let (Some(fund), Some(funds)) = (instrument.fund(), &market.now.funds) {
            self.basis = *funds.merged(fund);
        }
        self.quotes.quote(instrument, &plan.surface, &market.now, &self.sessions, &self.days, &self.basis);
        let slices = self.take_up(pool, market);
        let goal = Goal::of(pool);
        let asked = due & !self.no_expiry;
        if let Some(goal) = goal {
            self.seek(goal, pool, market, (&slices, asked));
        }
        self.choose(pool, market, (&slices, asked));
        let out = Mask::from_fn(|i| crossed(&pool.legs, &self.strikes, i));
        self.no_strikes = due & !self.no_expiry & out;
        let off = |goal: Goal| Mask::from_fn(|i| !goal.accepts(-self.value[i]));
        self.off_credit = goal.map_or(Mask::NONE, off) & due & !self.no_expiry & !out;
        if let Some(basis) = &mut self.repriced_off {
            self.quotes.basis(pool, &self.strikes, &self.leg_prices, &self.leg_spreads, basis);
        }
        if self.told {
            self.forward = self.quotes.spx.forward;
        }
        if pool.hedged || self.told {
            self.measure(pool);
        }
        if pool.stress.is_some() {
            self.moved.clone_from(&market.stressed);
            self.change(plan, pool, |selection| &mut selection.stress);
        }
        if pool.hedged {
            self.respond(plan, pool, market);
        }
    }

    /// Lanes of `due` in which there is something to open.
    pub fn chosen(&self, due: Mask) -> Mask {
        due & !self.no_expiry & !self.no_strikes & !self.off_credit
    }

    /// Strikes and prices of every leg, those by the credit at the common |delta|, in the lanes that are asked.
    fn choose(&mut self, pool: &PoolPlan, market: &Market, (slices, asked): (&Slices<'_>, Mask)) {
        for index in 0..pool.legs.len() {
            let (earlier, rest) = self.strikes.split_at_mut(index);
            let (leg, out) = (&pool.legs[index], &mut rest[0]);
            let earlier = self.cover.as_deref().map_or(&*earlier, std::slice::from_ref);
            let wanted = (&self.days, &self.common, asked);
            strike(pool, leg, market, slices, &self.quotes, wanted, earlier, out);
            if let Some(cover) = &self.cover {
                keep_above(pool, leg, slices, cover, out);
            }
        }
        self.quotes.value(pool, &self.strikes, &mut self.value, Some(&mut self.leg_prices));
        if pool.chain.is_some() {
            let Self { strikes, leg_prices, leg_spreads, value, .. } = self;
            self.residual = Col::default();
            let legs =
                QuotedLegs { legs: &pool.legs, strikes, prices: leg_prices, half_spreads: leg_spreads };
            legs.overlay(slices, value, &mut self.residual);
        }
    }

    /// The common |delta| at which the credit of listed strikes comes nearest to the goal (C1).
    ///
    /// The credit rises in steps with the delta: halving ends on both sides of the step that passes the goal, and the
    /// nearer side is taken.
    fn seek(&mut self, goal: Goal, pool: &PoolPlan, market: &Market, at: (&Slices<'_>, Mask)) {
        let (mut low, mut high) = (Col::splat(LEAST_DELTA), Col::splat(MOST_DELTA));
        for _ in 0..CREDIT_HALVINGS {
            for i in 0..LANES {
                self.common[i] = 0.5 * (low[i] + high[i]);
            }
            self.choose(pool, market, at);
            for i in 0..LANES {
                // Where a wing has no quote there is no credit: nearer the money there is.
                let enough = -self.value[i] >= goal.value;
                low[i] = if enough { low[i] } else { self.common[i] };
                high[i] = if enough { self.common[i] } else { high[i] };
            }
        }
        let missed = [low, high].map(|side| {
            self.common = side;
            self.choose(pool, market, at);
            self.value
        });
        let [below, above] = missed.map(|value| {
            col_of(|i| {
                let off = (-value[i] - goal.value).abs();
                if off.is_nan() { f64::INFINITY } else { off }
            })
        });
        self.common = col_of(|i| if below[i] <= above[i] { low[i] } else { high[i] });
    }

    /// What hedging wants to know of the package, from today's quotes.
    fn measure(&mut self, pool: &PoolPlan) {
        if pool.contract.instrument == Instrument::SpxOption {
            for i in 0..LANES {
                self.entry_sd[i] = self.quotes.spx.theta[i].sqrt();
            }
            self.deltas(pool);
        }
        if pool.buys_puts {
            for forward in &mut self.quotes.spx.forward.0 {
                *forward *= ONE_PERCENT_UP;
            }
            self.quotes.value(pool, &self.strikes, &mut self.rise_gain, None);
            less(&mut self.rise_gain, &self.value, &self.residual);
        }
    }

    /// What would have been measured of a package at the close at which it was opened.
    pub fn look_back(
        &mut self,
        plan: &Plan,
        pool: &PoolPlan,
        (state, session): (&State, [u32; LANES]),
        package: &mut Package,
    ) {
        if pool.contract.instrument != Instrument::SpxOption {
            return;
        }
        let less = if pool.contract.morning { MORNING } else { 0.0 };
        for (i, from) in session.into_iter().enumerate() {
            let (schedule, to) = (&plan.schedule, package.expiry[i]);
            self.sessions[i] = f64::from(schedule.sessions_between(from, to)) - less;
            self.days[i] = f64::from(schedule.days_between(from, to));
        }
        let (sessions, days) = (&self.sessions, &self.days);
        self.quotes.quote(pool.contract.instrument, &plan.surface, state, sessions, days, &self.basis);
        self.strikes.clone_from(&package.strikes);
        for i in 0..LANES {
            package.entry_sd[i] = self.quotes.spx.theta[i].sqrt();
        }
        self.deltas(pool);
        package.entry_delta = self.entry_delta;
    }

    /// How its value answers to moves of the market, and what is left of it at its planned end.
    fn respond(&mut self, plan: &Plan, pool: &PoolPlan, market: &Market) {
        if market.shocks {
            self.moved.clone_from(&market.shocked);
            self.change(plan, pool, |selection| &mut selection.sens);
        }
        if let Some(ln_move) = pool.crash {
            spot_move(plan, market, ln_move, &mut self.moved);
            self.change(plan, pool, |selection| &mut selection.crash_gain);
        }
        if pool.falls {
            spot_move(plan, market, ln::<false>(ONE_PERCENT_DOWN), &mut self.moved);
            self.change(plan, pool, |selection| &mut selection.fall_gain);
        }
        if pool.dated {
            let left = (self.days, self.sessions);
            for i in 0..LANES {
                self.days[i] = (self.days[i] - 1.0).max(0.0);
                self.sessions[i] = (self.sessions[i] - SESSIONS_PER_MONTH / DAYS_PER_MONTH).max(0.0);
            }
            self.pass(plan, pool, market, &left.0);
            self.change(plan, pool, |selection| &mut selection.day_change);
            (self.days, self.sessions) = left;
        }
        if let Instrument::Share(fund) = pool.contract.instrument {
            self.roll(plan, pool, market, usize::from(fund));
            return;
        }
        let left = self.days;
        for i in 0..LANES {
            let end = f64::from(pool.end_days);
            self.days[i] = self.days[i].min(end);
            self.sessions[i] = self.sessions[i].min(end * (SESSIONS_PER_MONTH / DAYS_PER_MONTH));
        }
        self.pass(plan, pool, market, &left);
        self.reprice(plan, pool);
        self.quotes.value(pool, &self.strikes, &mut self.end_value, None);
        for i in 0..LANES {
            self.end_value[i] += self.residual[i];
        }
    }

    /// Today's state when `left` days have become `days`: a share does not stay where it is on a curve that does, but rolls
    /// down it until then.
    fn pass(&mut self, plan: &Plan, pool: &PoolPlan, market: &Market, left: &Col) {
        let Self { moved, days, price, .. } = self;
        moved.clone_from(&market.now);
        if let (Instrument::ShareOption(fund), Some(funds)) = (pool.contract.instrument, &mut moved.funds) {
            let fund = usize::from(fund);
            funds.rolled(&plan.surface, &market.now, fund, price);
            for i in 0..LANES {
                price[i] = exp::<false>((left[i] - days[i]) * ln::<false>(price[i]));
            }
            funds.times(fund, price);
        }
    }

    /// What a share is worth at its planned end if the curve stays as it is: the roll of a day, as often as there are days.
    fn roll(&mut self, plan: &Plan, pool: &PoolPlan, market: &Market, fund: usize) {
        self.end_value = self.value;
        let Some(funds) = &market.now.funds else { return };
        funds.rolled(&plan.surface, &market.now, fund, &mut self.price);
        for i in 0..LANES {
            let days = f64::from(pool.end_days);
            self.end_value[i] *= exp::<false>(days * ln::<false>(self.price[i]));
        }
    }

    /// Puts today's slices where recorded ones are, and returns those.
    fn take_up<'p>(&mut self, pool: &'p PoolPlan, market: &Market) -> Slices<'p> {
        let (Some(chain), Some(anchor)) = (&pool.chain, &mut self.anchor) else { return [None; LANES] };
        // What is opened inside a session is opened at the quotes of its time, what waits for the close at those of the close.
        let minute = std::array::from_fn(|i| market.minute(i).and(pool.inside.at));
        anchor.observe(chain, &market.session, &self.expiry, &minute, &self.quotes.spx);
        anchor.apply(&mut self.quotes.spx);
        recorded::quoted(chain, &market.session, &self.expiry, &minute)
    }

    /// V at the moved state less V.
    fn change(&mut self, plan: &Plan, pool: &PoolPlan, out: impl Fn(&mut Self) -> &mut Col) {
        self.reprice(plan, pool);
        let mut moved = Col::default();
        self.quotes.value(pool, &self.strikes, &mut moved, None);
        less(&mut moved, &self.value, &self.residual);
        *out(self) = moved;
    }

    fn reprice(&mut self, plan: &Plan, pool: &PoolPlan) {
        let Self { quotes, moved, sessions, days, basis, anchor, .. } = self;
        quotes.quote(pool.contract.instrument, &plan.surface, moved, sessions, days, basis);
        if let Some(anchor) = anchor {
            anchor.apply(&mut quotes.spx);
        }
    }

    fn deltas(&mut self, pool: &PoolPlan) {
        self.entry_delta = [[Col::default(); 2]; 2];
        for (leg, strike) in pool.legs.iter().zip(&self.strikes) {
            Surface::delta(&self.quotes.spx, leg.right.sign(), strike, &mut self.price);
            let [net, sold] = &mut self.entry_delta;
            for i in 0..LANES {
                let delta = f64::from(leg.ratio) * self.price[i];
                net[leg.right as usize][i] += delta;
                if leg.ratio < 0 {
                    sold[leg.right as usize][i] += delta;
                }
            }
        }
    }
}

/// The credit at mid that strikes are chosen by, points of the underlying.
#[derive(Clone, Copy, Debug)]
struct Goal {
    value: f64,
    within: (f64, f64),
}

impl Goal {
    /// That of the first leg which is chosen so: check.rs holds the others to the same.
    fn of(pool: &PoolPlan) -> Option<Self> {
        pool.legs.iter().find_map(|leg| match leg.strike {
            StrikeSpec::Credit { value, within } => {
                let (least, most) = within.unwrap_or((0.0, f64::INFINITY));
                let points = pool.to_underlying;
                Some(Self { value: value * points, within: (least * points, most * points) })
            }
            _ => None,
        })
    }

    fn accepts(self, credit: f64) -> bool {
        (self.within.0..=self.within.1).contains(&credit)
    }
}

/// Days of the month that has [`SESSIONS_PER_MONTH`].
const DAYS_PER_MONTH: f64 = 30.0;

/// One value per lane.
fn col_of(value: impl FnMut(usize) -> f64) -> Col {
    Col(std::array::from_fn(value))
}

/// Takes off what the package is worth on its slice.
fn less(column: &mut Col, value: &Col, residual: &Col) {
    for i in 0..LANES {
        column[i] -= value[i] - residual[i];
    }
}

/// SPX moves and x follows by its conditional mean; where VIX does not move, SPX alone.
pub(super) fn spot_move(plan: &Plan, market: &Market, ln_move: f64, out: &mut State) {
    if let Some(shock) = &plan.shock {
        shock.spot_move(&market.now, ln_move, out);
        return;
    }
    out.clone_from(&market.now);
    for ln_s in &mut out.ln_s.0 {
        *ln_s += ln_move;
    }
}

/// Does the package of this lane have a strike that is not positive, or a put above a call?
fn crossed(legs: &[LegSpec], strikes: &[Col], lane: usize) -> bool {
    let (mut put, mut call) = (0.0_f64, f64::INFINITY);
    for (leg, strike) in legs.iter().zip(strikes) {
        let k = strike[lane];
        if !(k > 0.0 && k.is_finite()) {
            return true;
        }
        match leg.right {
            Right::Put => put = put.max(k),
            Right::Call => call = call.min(k),
        }
    }
    put > call
}

#[allow(clippy::too_many_arguments, reason = "a strike depends on as much")]
fn strike(
    pool: &PoolPlan,
    leg: &LegSpec,
    market: &Market,
    slices: &Slices<'_>,
    quotes: &Quotes,
    (days, common, asked): (&Col, &Col, Mask),
    earlier: &[Col],
    out: &mut Col,
) {
    let contract = &pool.contract;
    let sign = leg.right.sign();
    let by_delta = |target: &Col, out: &mut Col| {
        for i in 0..LANES {
            let raw = out[i];
            let grid = contract.grid(raw);
            out[i] = slices[i].map_or_else(
                || (raw / grid + 0.5).floor() * grid,
                |slice| slice.side(sign).nearest_delta(target[i]).unwrap_or(f64::NAN),
            );
        }
    };
    // N(d1) = delta for calls, N(-d1) = delta for puts.
    let d1 = |delta: f64| sign * inv_norm_cdf::<false>(delta);
    match leg.strike {
        StrikeSpec::Delta { value } => {
            if contract.instrument.is_volatility_option() {
                Surface::vix_strike(&quotes.vix, d1(value), out);
                for i in 0..LANES {
                    out[i] *= quotes.basis[i];
                }
            } else {
                dispatch(StrikeAtD1 {
                    slice: &quotes.spx,
                    d1: &Col::splat(d1(value)),
                    halvings: HALVINGS,
                    asked,
                    out,
                });
            }
            by_delta(&Col::splat(value), out);
        }
        StrikeSpec::Credit { .. } => {
            let d1 = col_of(|i| d1(common[i]));
            dispatch(StrikeAtD1 { slice: &quotes.spx, d1: &d1, halvings: HALVINGS_TO_GRID, asked, out });
            by_delta(common, out);
        }
        StrikeSpec::ExpectedMove { multiple, drift, erp } => {
            let slice = &quotes.spx;
            for i in 0..LANES {
                let spot = market.spot[i];
                let centre = match drift {
                    Drift::Forward => slice.forward[i],
                    Drift::Capm => {
                        let rate = market.now.r[i] + erp - market.now.q[i];
                        spot * exp::<false>(rate * days[i] / DAYS_PER_YEAR)
                    }
                };
                let edge = centre + sign * multiple * spot * slice.theta[i].sqrt();
                let grid = contract.grid(edge);
                let outside = |strike: f64| sign * (strike - edge) >= 0.0;
                out[i] = listed(slices[i], sign, edge, outside, || {
                    let steps = match leg.right {
                        Right::Put => (edge / grid).floor(),
                        Right::Call => (edge / grid).ceil(),
                    };
                    steps * grid
                });
            }
        }
        StrikeSpec::Offset { from, width } => {
            for i in 0..LANES {
                let distance = match width {
                    Width::Fraction(fraction) => fraction * market.spot[i],
                    Width::Points(points) => points * pool.to_underlying,
                };
                let from = earlier[from][i];
                let beyond = |strike: f64| sign * (strike - from) > 0.0;
                out[i] = listed(slices[i], sign, from + sign * distance, beyond, || {
                    let grid = contract.grid(from);
                    let steps = (distance / grid + 0.5).floor().max(1.0);
                    from + sign * steps * grid
                });
            }
        }
    }
}

/// Puts strikes of calls that are not above those that cover them on the next listed one that is.
fn keep_above(
    pool: &PoolPlan,
    leg: &LegSpec,
    slices: &[Option<&SliceSpec>; LANES],
    cover: &Col,
    out: &mut Col,
) {
    for i in 0..LANES {
        let from = cover[i];
        if out[i] <= from {
            let next = from + pool.contract.grid(from);
            out[i] = listed(slices[i], leg.right.sign(), next, |strike| strike > from, || next);
        }
    }
}

/// The quoted strike nearest to `raw` among those that are `allowed`, missing where there is none; by the grid of the
/// contract where quotes are not recorded.
fn listed(
    slice: Option<&SliceSpec>,
    sign: f64,
    raw: f64,
    allowed: impl Fn(f64) -> bool,
    by_grid: impl FnOnce() -> f64,
) -> f64 {
    slice.map_or_else(by_grid, |slice| slice.side(sign).nearest(raw, allowed).unwrap_or(f64::NAN))
}

/// The recorded slice of each lane, where there is one.
type Slices<'a> = [Option<&'a SliceSpec>; LANES];

/// The strike at which d1 takes a given value on the lane's own smile, in the lanes that are asked; elsewhere the forward.
struct StrikeAtD1<'a> {
    slice: &'a Slice,
    d1: &'a Col,
    halvings: usize,
    asked: Mask,
    out: &'a mut Col,
}

/// Common |delta| at which a credit is sought, from far out of the money to at the money …
const LEAST_DELTA: f64 = 0.005;
const MOST_DELTA: f64 = 0.5;
/// … and how often the bracket is halved: to less than the delta of a step of any grid.
const CREDIT_HALVINGS: usize = 12;

/// Bracket of the bisection in units of √θ: |delta| below 1e-8 lies outside it at any skew.
const BRACKET: f64 = 40.0;
/// Halvings: 80 / 2^64 of √θ is below the last bit of the strike.
const HALVINGS: usize = 64;
/// Halvings where many strikes are tried: 80 / 2^32 of √θ is far below a step of the grid that they are put on.
const HALVINGS_TO_GRID: usize = 32;

/// Lanes that are halved side by side: wide enough for vectors, and few lanes ask at most closes.
const GROUP: usize = 16;

impl Kernel for StrikeAtD1<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, d1, halvings, asked, out } = self;
        *out = slice.forward;
        let (mut lanes, mut count) = ([0; LANES], 0);
        for lane in asked.lanes() {
            lanes[count] = lane;
            count += 1;
        }
        for group in lanes[..count].chunks(GROUP) {
            // The last group repeats its last lane.
            let of = |column: &Col| -> [f64; GROUP] {
                std::array::from_fn(|j| column[group[j.min(group.len() - 1)]])
            };
            let (rho, zeta, theta, d1) = (of(&slice.rho), of(&slice.zeta), of(&slice.theta), of(d1));
            let (mut low, mut high) = ([-BRACKET; GROUP], [BRACKET; GROUP]);
            for _ in 0..halvings {
                for j in 0..GROUP {
                    // u = k/√θ: on the eSSVI slice total variance is θ times a function of u alone.
                    let u = 0.5 * (low[j] + high[j]);
                    let (rho, z) = (rho[j], zeta[j] * u);
                    let shape = 0.5 * (1.0 + rho * z + ((z + rho) * (z + rho) + (1.0 - rho * rho)).sqrt());
                    let ratio = shape.sqrt();
                    // d1 = −k/√w + √w/2 falls in k.
                    let too_low = 0.5 * theta[j].sqrt() * ratio - u / ratio > d1[j];
                    low[j] = if too_low { u } else { low[j] };
                    high[j] = if too_low { high[j] } else { u };
                }
            }
            for (j, &lane) in group.iter().enumerate() {
                let u = 0.5 * (low[j] + high[j]);
                out[lane] = slice.forward[lane] * exp::<FMA>(u * theta[j].sqrt());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::simd::{available, dispatch_on};

    /// A lane has the same strike whichever lanes are asked beside it; where none is asked it is the forward.
    #[test]
    fn a_strike_does_not_depend_on_the_lanes_beside_it() {
        let spread =
            |low: f64, high: f64| col_of(|i| low + (high - low) * ((i * 37) % LANES) as f64 / LANES as f64);
        let slice = Slice {
            forward: spread(3000.0, 7000.0),
            discount: Col::splat(1.0),
            theta: spread(1e-5, 0.3),
            rho: spread(-0.9, 0.2),
            zeta: spread(0.05, 1.9),
        };
        let d1 = spread(-3.0, 3.0);
        for variant in available() {
            for halvings in [HALVINGS_TO_GRID, HALVINGS] {
                let found = |asked: Mask| {
                    let mut out = Col::default();
                    dispatch_on(
                        variant,
                        StrikeAtD1 { slice: &slice, d1: &d1, halvings, asked, out: &mut out },
                    );
                    out
                };
                let all = found(Mask::ALL);
                for every in [2, 3, 5, 17, LANES] {
                    let asked = Mask::from_fn(|i| i % every == 1);
                    let some = found(asked);
                    for i in 0..LANES {
                        let expected = if asked.get(i) { all[i] } else { slice.forward[i] };
                        assert_eq!(some[i].to_bits(), expected.to_bits(), "lane {i} of every {every}");
                    }
                }
            }
        }
    }
}
