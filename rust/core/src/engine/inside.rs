//! One session from its opening to its last bar: tranches are closed on their mark, and opened at times of their own.
//!
//! What is decided at an instant is filled at the next one, at its quotes, wherever a gap has brought them; never at a bar
//! that is a recorded high or low. The close of a session is a tick of its own, in [`super::block`].

use super::{
    block::{ExitMemory, any_layer, enter_packages, hold, observe},
    book::{Book, Context},
    clock::{Clock, Hours, on_half_day},
    layout::ExitPlan,
    package::{Closed, Market, Pool, remaining},
    plan::Plan,
    select::{Selection, spot_move},
    signals::Signals,
};
use crate::{
    market::{bars::Session, generator::Lanes, state::State},
    math::lanes::{LANES, Mask},
};

/// What a block keeps for the instants inside sessions.
#[derive(Debug)]
pub struct Inside<'p> {
    clock: &'p Clock,
    whole: Box<Session<'p>>,
    half: Option<Box<Session<'p>>>,
    /// The instants of a half day, with the lanes in which each is a recorded extreme.
    early: Vec<(State, Mask)>,
    market: Box<Market>,
    /// Per exit rule and slot; no slots where a rule is asked at closes alone.
    closed: Vec<Vec<Closed>>,
}

/// What the instants of a session work on.
pub struct Work<'a> {
    /// The compiled comparison.
    pub plan: &'a Plan,
    /// Its packages.
    pub pools: &'a mut [Pool],
    /// Its books.
    pub books: &'a mut [Book],
    /// Scratch of openings, per pool.
    pub selections: &'a mut [Selection],
    /// What rules read, as of the close before.
    pub signals: &'a mut Signals,
    /// Memory of exit rules.
    pub exits: &'a mut [ExitMemory],
}

impl<'p> Inside<'p> {
    /// `None` where books trade at closes alone.
    pub fn new(plan: &'p Plan, lanes: Lanes, shocks: bool) -> Option<Self> {
        let clock = plan.clock.as_ref().filter(|_| plan.pools.iter().any(|pool| pool.inside.marked))?;
        let session =
            |hours: &'p Hours| Box::new(Session::new(&*plan.generator, &hours.grid, &hours.ranges, LANES));
        let slots = |exit: &ExitPlan| if exit.watched { plan.pools[exit.pool].places() } else { 0 };
        Some(Self {
            clock,
            whole: session(&clock.whole),
            half: clock.half.as_ref().map(session),
            early: vec![],
            market: Box::new(Market::new(lanes, shocks)),
            closed: plan.exits.iter().map(|exit| vec![Closed::default(); slots(exit)]).collect(),
        })
    }

    /// A block of paths begins, of which so many lanes have one.
    pub fn begin(&mut self, lanes: &Lanes, live: usize) {
        self.whole.live(live);
        if let Some(half) = &mut self.half {
            half.live(live);
        }
        self.market.lanes = lanes.clone();
    }

    /// Runs the instants of a session up to its close, whose market is `close`; `before` is the close before it.
    pub fn run(&mut self, close: &Market, before: &State, work: &mut Work<'_>) {
        let plan = work.plan;
        let Self { clock, whole, half, early, market, closed } = self;
        (market.tick, market.session) = (close.tick, close.session);
        closed.iter_mut().flatten().for_each(|closed| closed.lanes = Mask::NONE);
        let (lanes, ends) = (market.lanes.clone(), [before, &close.now]);
        let hours = [Some(&clock.whole), clock.half.as_ref()];
        market.short = Mask::NONE;
        let mut instants = [clock.whole.before_close(), 0];
        if let (Some(half), Some(hours)) = (half, hours[1]) {
            market.short = Mask::from_fn(|i| plan.schedule.half_day(close.session[i]));
            if market.short.any() {
                instants[1] = hours.before_close();
                early.resize_with(instants[1] + 1, Default::default);
                let mut visited = early.iter_mut();
                half.run(&lanes, close.tick, ends, &mut |state, extreme| {
                    if let Some((kept, touched)) = visited.next() {
                        copy(state, kept);
                        *touched = extreme;
                    }
                });
            }
        }
        // Sessions of both lengths go side by side; that with fewer instants stands still at its last one until the close.
        let mut go = |instant: usize, whole_fills: Mask, market: &mut Market| {
            let mut can_fill = whole_fills & !market.short;
            market.still = if instant < instants[0] { Mask::NONE } else { !market.short };
            for ((at, hours), count) in market.at.iter_mut().zip(hours).zip(instants) {
                if let (Some(hours), Some(last)) = (hours, count.checked_sub(1)) {
                    *at = hours.at(instant.min(last));
                }
            }
            if let Some(last) = instants[1].checked_sub(1) {
                let (state, extreme) = &early[instant.min(last)];
                market.short.lanes().for_each(|lane| market.now.copy_lane(lane, state));
                if instant <= last {
                    can_fill = can_fill | (market.short & !*extreme);
                } else {
                    market.still = market.still | market.short;
                }
            }
            observe(plan, &market.now, &mut market.spot, &mut market.vix);
            work.trade(market, closed, can_fill);
        };
        let mut instant = 0;
        whole.run(&lanes, close.tick, ends, &mut |state, extreme| {
            if instant < instants[0] {
                copy(state, &mut market.now);
                go(instant, !extreme, market);
            } else {
                (instant..instants[1]).for_each(|later| go(later, Mask::NONE, market));
            }
            instant += 1;
        });
        for ((exit, slots), index) in plan.exits.iter().zip(closed).zip(0..) {
            for (slot, closed) in slots.iter_mut().enumerate().filter(|(_, closed)| closed.lanes.any()) {
                work.pools[exit.pool].explain(plan, &plan.pools[exit.pool], close, slot, closed);
                for (book, layers) in work.books.iter_mut().zip(&plan.books) {
                    let ctx = Context { plan, book: layers, market: close, tick: close.tick };
                    for layer in layers.layers_on(exit.pool).filter(|&l| layers.layers[l].exit == Some(index))
                    {
                        book.carry_closed(ctx, layer, slot, closed);
                    }
                }
            }
        }
    }
}

impl Work<'_> {
    /// One instant: marks, fills of what the last one decided, openings, orders.
    fn trade(&mut self, market: &mut Market, closed: &mut [Vec<Closed>], can_fill: Mask) {
        let plan = self.plan;
        for (pool, layout) in
            self.pools.iter_mut().zip(&plan.pools).filter(|(_, layout)| layout.inside.marked)
        {
            pool.mark(plan, layout, market);
        }
        self.close(market, closed, can_fill);
        let [whole, half] = market.at.map(|at| at.minute);
        for (index, pool) in plan.pools.iter().enumerate() {
            let Some(at) = pool.inside.at else { continue };
            let on_whole = if whole == Some(at) { !market.short } else { Mask::NONE };
            let on_half = if half == Some(on_half_day(at)) { market.short } else { Mask::NONE };
            let now = on_whole | on_half;
            if now.any() {
                // Quotes that are recorded then were there, wherever the drawn path has its extremes.
                let chain = pool.chain.as_ref();
                let spot = |i: usize| chain.and_then(|chain| chain.spot(market.session[i], at));
                let recorded = Mask::from_fn(|i| spot(i).is_some()) & !market.still;
                self.open(market, index, (can_fill | recorded) & now);
            }
        }
        self.decide(market);
    }

    /// Exits that were ordered at an earlier instant.
    fn close(&mut self, market: &Market, closed: &mut [Vec<Closed>], can_fill: Mask) {
        let plan = self.plan;
        for ((exit, slots), index) in plan.exits.iter().zip(closed).zip(0..) {
            for (slot, closed) in slots.iter_mut().enumerate() {
                let package = &self.pools[exit.pool].packages[slot];
                if !package.held.any() {
                    continue;
                }
                let can_fill = can_fill & !package.settled_this_morning(&plan.pools[exit.pool], market);
                let mut filled = Mask::NONE;
                for (book, layers) in self.books.iter_mut().zip(&plan.books) {
                    let ctx = Context { plan, book: layers, market, tick: market.tick };
                    for layer in layers.layers_on(exit.pool).filter(|&l| layers.layers[l].exit == Some(index))
                    {
                        filled = filled | book.close_inside(ctx, layer, slot, package, can_fill);
                    }
                }
                if filled.any() {
                    let layout = &plan.pools[exit.pool];
                    let Closed { lanes, state, sessions, days, .. } = closed;
                    let (mut n, mut d) = Default::default();
                    remaining(plan, layout, market, &package.expiry, &mut n, &mut d);
                    *lanes = *lanes | filled;
                    for i in filled.lanes() {
                        state.copy_lane(i, &market.now);
                        (sessions[i], days[i]) = (n[i], d[i]);
                    }
                }
            }
        }
    }

    /// Openings decided at the close before, in a pool that opens now.
    fn open(&mut self, market: &mut Market, index: usize, can_fill: Mask) {
        let Self { plan, pools, books, selections, exits, .. } = self;
        let (plan, layout) = (*plan, &plan.pools[index]);
        let wanted = any_layer(plan, books, index, Book::wants) & can_fill;
        if !wanted.any() {
            return;
        }
        // Where its quotes are recorded, SPX then is what they name; the path goes on as it was drawn.
        let drawn = (market.now.ln_s, market.spot);
        if let (Some(chain), Some(at)) = (&layout.chain, layout.inside.at) {
            for i in wanted.lanes() {
                if let Some(spot) = chain.spot(market.session[i], at) {
                    (market.now.ln_s[i], market.spot[i]) = (spot.ln(), spot);
                }
            }
        }
        if let Some(shock) = plan.shock.as_ref().filter(|_| market.shocks) {
            shock.vix_point(&market.now, 1.0, &mut market.shocked);
        }
        if let Some(ln_move) = plan.stress {
            let mut stressed = std::mem::take(&mut market.stressed);
            spot_move(plan, market, ln_move, &mut stressed);
            market.stressed = stressed;
        }
        let choice = &mut selections[index];
        choice.select(plan, layout, market, wanted);
        let chosen = choice.chosen(wanted);
        enter_packages(plan, layout, &mut pools[index], choice, market, chosen);
        if let Some(entered) = &mut pools[index].entered {
            chosen.lanes().for_each(|i| entered.copy_lane(i, &market.now));
        }
        for (_, memories) in plan.exits.iter().zip(exits.iter_mut()).filter(|(exit, _)| exit.pool == index) {
            for (slot, memory) in memories.slots.iter_mut().enumerate() {
                let due_slot = &pools[index].due_slot;
                memory.reset_lanes(Mask::from_fn(|i| chosen.get(i) && due_slot[i] == slot));
            }
        }
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            let ctx = Context { plan, book: layers, market, tick: market.tick };
            for layer in layers.layers_on(index) {
                book.open(ctx, pools, layer, &selections[index], [can_fill, chosen]);
            }
        }
        (market.now.ln_s, market.spot) = drawn;
        hold(plan, pools, books, index);
    }

    /// Exit rules that watch the mark.
    fn decide(&mut self, market: &Market) {
        let Self { plan, pools, books, signals, exits, .. } = self;
        let watched = plan.exits.iter().zip(exits.iter_mut()).enumerate();
        for (index, (exit, ExitMemory { shared, slots })) in watched.filter(|(_, (exit, _))| exit.watched) {
            if !pools[exit.pool].packages.iter().any(|package| package.held.any()) {
                continue;
            }
            if let Some(owner) = exit.rule.owner {
                signals.observe_book(&books[owner].view);
            }
            signals.evaluate_shared(0, &exit.rule, shared);
            for (slot, memory) in slots.iter_mut().enumerate() {
                let package = &pools[exit.pool].packages[slot];
                if !package.held.any() {
                    continue;
                }
                signals.observe_package(&plan.schedule, &plan.pools[exit.pool], package, market);
                let trades = !package.settled_this_morning(&plan.pools[exit.pool], market);
                let leave = signals.evaluate_own(0, &exit.rule, shared, memory).is_true() & trades;
                for (book, layers) in books.iter_mut().zip(&plan.books) {
                    for layer in layers.layers_on(exit.pool).filter(|&l| layers.layers[l].exit == Some(index))
                    {
                        book.add_exit(layer, slot, leave & book.holds(layer, slot));
                    }
                }
            }
        }
    }
}

/// A state that is priced; what a model remembers of the path stays behind, as do shares of funds, which are priced at closes.
fn copy(state: &State, out: &mut State) {
    let State { ln_s, x, smile, r, q, memory: _, funds: _ } = state;
    (out.ln_s, out.x, out.smile, out.r, out.q) = (*ln_s, *x, *smile, *r, *q);
}
