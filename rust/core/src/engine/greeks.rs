//! The greek view of one book: what a Taylor expansion about the last close says that a session brought (R6, R75).
//!
//! A term is the derivative of V at the last close along what moved by then, from the market of the close before; it
//! knows neither products nor models, so that one body serves all of them. What the terms do not say is the residual.

use super::{
    book::Book,
    clock::Left,
    instrument::{Instrument, Quotes},
    layout::{BookPlan, PoolPlan},
    package::{Market, Package, Pool, remaining, remaining_at},
    plan::Plan,
};
use crate::{
    market::state::{FACTORS, SMILE, State},
    math::lanes::{Col, LANES, Mask},
};

/// First-order terms of the factors, then of the surface's own state, begin here.
const FACTOR: usize = 3;
const SURFACE: usize = FACTOR + FACTORS;
const RATE: usize = SURFACE + SMILE;
const DIVIDEND: usize = RATE + 1;
const VOLGA: usize = DIVIDEND + 1;
const VANNA: usize = VOLGA + 1;
const TERMS: usize = VANNA + 1;

/// Names of the columns, in order: of the core layers, then of the hedge layers. `revalued` is what full revaluation
/// says, dollars a session; the others are its terms.
pub const NAMES: &[&str] = &[
    "core_revalued",
    "core_delta",
    "core_gamma",
    "core_theta",
    "core_vega_fast",
    "core_vega_medium",
    "core_vega_slow",
    "core_surface_level",
    "core_surface_skew",
    "core_surface_curvature",
    "core_rate",
    "core_dividend",
    "core_volga",
    "core_vanna",
    "hedge_revalued",
    "hedge_delta",
    "hedge_gamma",
    "hedge_theta",
    "hedge_vega_fast",
    "hedge_vega_medium",
    "hedge_vega_slow",
    "hedge_surface_level",
    "hedge_surface_skew",
    "hedge_surface_curvature",
    "hedge_rate",
    "hedge_dividend",
    "hedge_volga",
    "hedge_vanna",
];

/// Part of a session's move over which a derivative is taken: far above rounding, far below what curves.
const STEP: f64 = 1.0 / 256.0;

/// Terms of one book by tick.
#[derive(Debug)]
pub struct GreekLog {
    book: usize,
    /// The close before: its state and its session.
    before: State,
    since: [u32; LANES],
    /// Per pool and slot, of one unit.
    terms: Vec<Vec<Box<[Col]>>>,
    ticks: Vec<Vec<Col>>,
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    quotes: Quotes,
    state: State,
    now: State,
    /// Sessions and days left, then and now, and at a point in between.
    left: [[Col; 2]; 2],
    at: [Col; 2],
    base: Col,
    up: Col,
    down: Col,
}

/// What of the market moves in a direction.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each moves or does not, apart from the others")]
struct Direction {
    spot: bool,
    clock: bool,
    factors: [bool; FACTORS],
    surface: [bool; SMILE],
    rate: bool,
    dividend: bool,
}

impl Direction {
    const VOL: Self = Self {
        factors: [true; FACTORS],
        surface: [true; SMILE],
        spot: false,
        clock: false,
        rate: false,
        dividend: false,
    };
}

impl Direction {
    /// Does anything move at all? A rate that never does has no term.
    fn moves(self, from: &State, to: &State) -> bool {
        let differ = |wanted: &[bool], from: &[Col], to: &[Col]| {
            wanted.iter().zip(from.iter().zip(to)).any(|(&wanted, (from, to))| wanted && from != to)
        };
        self.clock
            || (self.spot && from.ln_s != to.ln_s)
            || (self.rate && from.r != to.r)
            || (self.dividend && from.q != to.q)
            || differ(&self.factors, &from.x, &to.x)
            || differ(&self.surface, &from.smile, &to.smile)
    }
}

impl GreekLog {
    /// Nothing recorded yet.
    pub fn new(plan: &Plan, book: usize) -> Self {
        let slots = |pool: &PoolPlan| vec![vec![Col::default(); TERMS].into_boxed_slice(); pool.places()];
        Self {
            book,
            before: State::default(),
            since: [0; LANES],
            terms: plan.pools.iter().map(slots).collect(),
            ticks: vec![vec![Col::default(); NAMES.len()]],
            scratch: Scratch::default(),
        }
    }

    /// The close from which the next session is explained.
    pub fn begin(&mut self, market: &Market) {
        self.before.clone_from(&market.now);
        self.since = market.session;
    }

    /// Expands what was carried over the night, before it is revalued.
    pub fn expand(&mut self, plan: &Plan, pools: &[Pool], market: &Market) {
        let Self { before, since, terms, scratch, .. } = self;
        for ((pool, layout), slots) in pools.iter().zip(&plan.pools).zip(terms) {
            for (package, terms) in pool.packages.iter().zip(slots) {
                if package.held.any() {
                    scratch.expand(plan, layout, package, (before, since), market, terms);
                }
            }
        }
    }

    /// One more tick, after what was carried has been revalued and before anything trades.
    pub fn record(&mut self, plan: &Plan, books: &[Book], pools: &[Pool]) {
        let layers: &BookPlan = &plan.books[self.book];
        let mut row = vec![Col::default(); NAMES.len()];
        for (index, layer) in layers.layers.iter().enumerate() {
            let (own, others) = row.split_at_mut(TERMS + 1);
            let side = if layer.hedges() { others } else { own };
            let dpp = plan.pools[layer.pool].contract.dpp;
            for (slot, package) in pools[layer.pool].packages.iter().enumerate() {
                let lots = books[self.book].lots(index, slot);
                if !package.held.any() {
                    continue;
                }
                for i in (0..LANES).filter(|&i| lots[i] > 0.0) {
                    let dollars = lots[i] * dpp;
                    side[0][i] += dollars * package.steps.iter().map(|step| step[i]).sum::<f64>();
                    for (column, term) in side[1..].iter_mut().zip(&self.terms[layer.pool][slot]) {
                        column[i] += dollars * term[i];
                    }
                }
            }
        }
        self.ticks.push(row);
    }

    /// Per name, rows of paths, columns of ticks; what was recorded is gone then.
    pub fn take(&mut self, live: usize) -> Vec<Vec<f64>> {
        super::series::by_path(&std::mem::take(&mut self.ticks), live)
    }
}

impl Scratch {
    fn expand(
        &mut self,
        plan: &Plan,
        layout: &PoolPlan,
        package: &Package,
        (before, since): (&State, &[u32; LANES]),
        market: &Market,
        terms: &mut [Col],
    ) {
        let [then, now] = &mut self.left;
        let [sessions, days] = then;
        remaining_at(plan, layout, (since, |_| Left::default()), &package.expiry, sessions, days);
        let [sessions, days] = now;
        remaining(plan, layout, market, &package.expiry, sessions, days);
        self.now.clone_from(&market.now);
        if layout.contract.morning {
            let settling = Mask::from_fn(|i| package.alive.get(i) && package.expiry[i] == market.session[i]);
            for i in settling.lanes() {
                self.now.copy_lane(i, &market.opening);
            }
        }
        let price = |scratch: &mut Self, direction: Direction, part: f64, out: &mut Col| {
            scratch.price(plan, layout, package, before, direction, part, out);
        };
        let mut base = std::mem::take(&mut self.base);
        price(self, Direction::default(), 0.0, &mut base);
        let (mut up, mut down) = (std::mem::take(&mut self.up), std::mem::take(&mut self.down));
        let mut both = |scratch: &mut Self, direction: Direction| -> [Col; 2] {
            if !direction.moves(before, &scratch.now) {
                return [Col::default(); 2];
            }
            price(scratch, direction, STEP, &mut up);
            price(scratch, direction, -STEP, &mut down);
            let first = |i: usize| (up[i] - down[i]) / (2.0 * STEP);
            let second = |i: usize| (up[i] - 2.0 * base[i] + down[i]) / (2.0 * STEP * STEP);
            [Col(std::array::from_fn(first)), Col(std::array::from_fn(second))]
        };
        let [delta, gamma] = both(self, Direction { spot: true, ..Direction::default() });
        [terms[0], terms[1]] = [delta, gamma];
        terms[2] = both(self, Direction { clock: true, ..Direction::default() })[0];
        for factor in 0..FACTORS {
            let mut direction = Direction::default();
            direction.factors[factor] = true;
            terms[FACTOR + factor] = both(self, direction)[0];
        }
        for part in 0..SMILE {
            let mut direction = Direction::default();
            direction.surface[part] = true;
            terms[SURFACE + part] = both(self, direction)[0];
        }
        terms[RATE] = both(self, Direction { rate: true, ..Direction::default() })[0];
        terms[DIVIDEND] = both(self, Direction { dividend: true, ..Direction::default() })[0];
        let volga = both(self, Direction::VOL)[1];
        // The mixed derivative: what the second one along both is more than those along each.
        let joint = both(self, Direction { spot: true, ..Direction::VOL })[1];
        terms[VOLGA] = volga;
        terms[VANNA] = Col(std::array::from_fn(|i| joint[i] - gamma[i] - volga[i]));
        (self.base, self.up, self.down) = (base, up, down);
    }

    /// V where a part of what moved has moved, of one unit.
    #[allow(clippy::too_many_arguments, reason = "what is priced, from where, which way and how far")]
    fn price(
        &mut self,
        plan: &Plan,
        layout: &PoolPlan,
        package: &Package,
        before: &State,
        direction: Direction,
        part: f64,
        out: &mut Col,
    ) {
        let Self { quotes, state, now, left: [then, after], at, .. } = self;
        state.clone_from(before);
        for i in 0..LANES {
            if direction.spot {
                // Along SPX, not its logarithm: delta and gamma are by the point.
                let moved = (now.ln_s[i] - before.ln_s[i]).exp_m1();
                state.ln_s[i] += (part * moved).ln_1p();
            }
            for k in (0..FACTORS).filter(|&k| direction.factors[k]) {
                state.x[k][i] += part * (now.x[k][i] - before.x[k][i]);
            }
            for k in (0..SMILE).filter(|&k| direction.surface[k]) {
                state.smile[k][i] += part * (now.smile[k][i] - before.smile[k][i]);
            }
            if direction.rate {
                state.r[i] += part * (now.r[i] - before.r[i]);
            }
            if direction.dividend {
                state.q[i] += part * (now.q[i] - before.q[i]);
            }
            for ((at, then), after) in at.iter_mut().zip(then.iter()).zip(after.iter()) {
                at[i] = then[i] + if direction.clock { part * (after[i] - then[i]) } else { 0.0 };
            }
        }
        let [sessions, days] = at;
        let instrument = layout.contract.instrument;
        quotes.quote(instrument, &plan.surface, state, sessions, days, &package.basis);
        if let Some(anchor) = package.anchor.as_ref().filter(|_| instrument == Instrument::SpxOption) {
            anchor.apply(&mut quotes.spx);
        }
        quotes.value(layout, &package.strikes, out, None);
    }
}
