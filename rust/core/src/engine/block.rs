//! A block of 256 paths through all sessions: the data flow of the engine.

use super::{
    bar::Bar,
    begin,
    book::{Book, Context, Ledger},
    call_log::INDICATORS,
    exposure::{self, Exposure},
    foresight::Foresight,
    gates::{Gate, Gates, RuleOf},
    greeks::GreekLog,
    hours::Hours,
    inside::{Inside, Work},
    instrument::Instrument,
    layout::{PoolPlan, Prefer},
    logs::{Columns, Log, Logs},
    package::{Asked, Market, Package, Pool},
    permits::{Governed, Permits},
    plan::{Plan, WARM_UP_DRAWN},
    readings::{Readings, Which},
    select::{Selection, spot_move},
    signals::Signals,
    trace::{LedgerRow, Step, Trace},
};
use crate::{
    market::{DAYS_PER_YEAR, generator::Lanes, state::State},
    math::{
        lanes::{Col, LANES, Mask, Tri},
        simd::{Kernel, dispatch},
        special::exp,
    },
    rules::program::{Memory, Program},
};

/// Everything that 256 lanes need; made once per thread, used for block after block.
#[derive(Debug)]
pub struct Block<'p> {
    plan: &'p Plan,
    market: Market,
    /// Growth of cash over the last night, less one.
    interest: Col,
    bills: Col,
    signals: Signals,
    /// Per rule that opens: its memory, and what it said.
    enters: Vec<(Memory, Tri)>,
    /// Per number that a weight is made of: its memory, and what it was.
    numbers: Vec<(Memory, Col)>,
    exits: Vec<ExitMemory>,
    pools: Vec<Pool>,
    /// Per pool whose exit rules ask, and slot.
    exposures: Vec<Vec<Exposure>>,
    exposed: exposure::Scratch,
    selections: Vec<Selection>,
    books: Vec<Book>,
    watched: Option<usize>,
    trace: Trace,
    logs: Logs,
    greeks: Option<GreekLog>,
    foresight: Option<Foresight>,
    readings: Option<(Which, Readings)>,
    gates: Option<Gates>,
    permits: Option<Permits>,
    /// Sessions before session 0 that indicators and rules see.
    looks_back: u32,
    opening: State,
    special: Col,
    bar: Bar,
    inside: Option<Inside<'p>>,
    /// Indicators over hours, where some rule reads one.
    hours: Option<Hours<'p>>,
    /// State at the close before, where something lies between it and the next.
    before: State,
}

impl<'p> Block<'p> {
    /// Columns for a plan.
    pub fn new(plan: &'p Plan) -> Self {
        let lanes = Lanes { seed: plan.seed, start: [plan.schedule.origin(); LANES], ..Lanes::default() };
        let shocks = plan.shock.is_some() && plan.pools.iter().any(|pool| pool.hedged);
        let asked = Asked { moved: plan.margin.grid().is_some(), bar: plan.worst_bar.is_some() };
        Self {
            plan,
            inside: Inside::new(plan, lanes.clone(), shocks),
            hours: Hours::new(plan),
            before: State::default(),
            market: Market::new(lanes, shocks),
            interest: Col::default(),
            bills: Col::default(),
            signals: Signals::new(&plan.inputs, &plan.given, &plan.given_read, &plan.schedule),
            enters: plan.enters.iter().map(|rule| (rule.program.memory(), Tri::default())).collect(),
            numbers: plan.numbers.iter().map(|rule| (rule.program.memory(), Col::default())).collect(),
            exits: plan
                .exits
                .iter()
                .map(|exit| ExitMemory::new(&exit.rule.program, plan.pools[exit.pool].places()))
                .collect(),
            pools: plan.pools.iter().map(|pool| Pool::new(pool, asked)).collect(),
            exposures: plan
                .pools
                .iter()
                .map(|pool| {
                    let slots = if pool.asked.any() { pool.places() } else { 0 };
                    (0..slots).map(|_| Exposure::new(pool)).collect()
                })
                .collect(),
            exposed: exposure::Scratch::default(),
            selections: plan.pools.iter().map(|pool| Selection::new(pool, asked.moved)).collect(),
            books: vec![],
            watched: None,
            trace: Trace::default(),
            logs: Logs::default(),
            greeks: None,
            foresight: None,
            readings: None,
            gates: None,
            permits: None,
            looks_back: plan.warm_up,
            opening: State::default(),
            special: Col::splat(1.0),
            bar: Bar::default(),
        }
    }

    /// Keeps the ledger and the events of lane 0 of one book.
    pub fn watch(&mut self, book: usize) {
        self.watched = Some(book);
    }

    /// Keeps logs of books, in every lane.
    ///
    /// For calls indicators have the past that rules over them would ask for: drawn in a simulated market, in a replayed
    /// one what it has of that before the start.
    pub fn follow(&mut self, books: &[usize], logs: &[Log]) {
        if logs.contains(&Log::Calls) {
            let mut inputs = self.plan.inputs.clone();
            inputs.extend(INDICATORS.map(|name| (name, 0)));
            inputs.sort();
            inputs.dedup();
            self.signals =
                Signals::new(&inputs, &self.plan.given, &self.plan.given_read, &self.plan.schedule);
            let wanted = INDICATORS.iter().map(|name| name.entry().warm_up).max().unwrap_or(0);
            self.looks_back = self.looks_back.max(wanted);
        }
        if logs.contains(&Log::Entries) {
            self.selections.iter_mut().for_each(|choice| choice.told = true);
        }
        self.logs = Logs::new(books, logs, !self.plan.starts.is_empty());
    }

    /// What was followed, in the first `live` lanes: book by book, log by log.
    pub fn take_logs(&mut self, live: usize) -> Vec<Columns> {
        self.logs.take(&mut self.books, live)
    }

    /// Keeps the greek view of one book, in every lane.
    pub fn follow_greeks(&mut self, book: usize) {
        self.greeks = Some(GreekLog::new(self.plan, book));
    }

    /// What was followed, in the first `live` lanes.
    pub fn take_greeks(&mut self, live: usize) -> Vec<Vec<f64>> {
        self.greeks.as_mut().map_or_else(Vec::new, |greeks| greeks.take(live))
    }

    /// Keeps what the hedge tranches of one book could have been closed for, in every lane.
    pub fn follow_foresight(&mut self, book: usize) {
        self.foresight = Some(Foresight::new(self.plan, book));
    }

    /// What was followed, in the first `live` lanes.
    pub fn take_foresight(&mut self, live: usize) -> Vec<Vec<f64>> {
        self.foresight.as_mut().map_or_else(Vec::new, |foresight| foresight.take(live))
    }

    /// Counts how often the rules of layers could not be told for want of data.
    pub fn follow_gates(&mut self) {
        self.gates = Some(Gates::new(self.plan));
    }

    /// What was counted.
    pub fn take_gates(&mut self) -> Vec<Gate> {
        self.gates.as_mut().map_or_else(Vec::new, Gates::take)
    }

    /// Counts what governance withheld of openings and rolls.
    pub fn follow_permits(&mut self) {
        self.permits = Some(Permits::new(self.plan));
    }

    /// What was counted.
    pub fn take_permits(&mut self) -> Vec<Governed> {
        self.permits.as_mut().map_or_else(Vec::new, Permits::take)
    }

    /// What was watched.
    pub fn into_trace(mut self) -> Trace {
        if let Some(book) = self.watched {
            self.trace.events = self.books[book].events.take().unwrap_or_default();
        }
        self.trace
    }

    /// What was watched since the last time: one session of it.
    pub fn take_step(&mut self) -> Option<Step> {
        let events = self.books.get_mut(self.watched?)?.events.as_mut()?;
        Some(Step {
            ledger: self.trace.ledger.pop()?,
            events: std::mem::take(events),
            decision: self.trace.decisions.pop(),
        })
    }

    /// Keeps what one rule reads and says in lane 0.
    pub fn read(&mut self, which: Which) {
        let rule = match which {
            Which::Enter(index) => &self.plan.enters[index],
            Which::Number(index) => &self.plan.numbers[index],
            Which::Exit(index) => &self.plan.exits[index].rule,
        };
        self.readings = Some((which, Readings::new(rule)));
    }

    /// What was read.
    pub fn into_readings(self) -> Option<Readings> {
        self.readings.map(|(_, readings)| readings)
    }

    /// Runs paths `first_path … first_path + live − 1` from session 0 to T.
    pub fn run(&mut self, first_path: u64, live: usize) {
        self.begin(first_path, live);
        for tick in 1..=self.plan.sessions {
            self.step(tick);
        }
        self.end();
    }

    /// Tick 0 of paths `first_path … first_path + live − 1`, after their warm-up.
    pub fn begin(&mut self, first_path: u64, live: usize) {
        self.start(first_path, live);
        self.decide(0);
    }

    /// One session.
    pub fn step(&mut self, tick: u32) {
        self.move_market(tick);
        self.earn(tick);
        self.trade_inside();
        self.see_close();
        self.revalue();
        self.carry(tick);
        self.settle(tick);
        self.fill(tick);
        self.price_at_bar();
        self.mark(tick);
        if tick < self.plan.sessions {
            self.decide(tick);
        }
    }

    /// The figures that are known only at T.
    fn end(&mut self) {
        let Self { plan, market, pools, books, .. } = self;
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            book.finish(Context { plan, book: layers, market, tick: plan.sessions }, pools);
        }
    }

    /// The figures of the first `live` lanes: column after column, rows in path order, books within a path.
    pub fn rows(&self, live: usize) -> Vec<f64> {
        let columns: Vec<_> = self.books.iter().map(|book| book.sum.columns()).collect();
        let figures = super::summary::NAMES.len();
        let mut rows = Vec::with_capacity(figures * live * columns.len());
        for figure in 0..figures {
            for lane in 0..live {
                rows.extend(columns.iter().map(|column| column[figure][lane]));
            }
        }
        rows
    }

    fn start(&mut self, first_path: u64, live: usize) {
        let plan = self.plan;
        self.market.lanes.first_path = first_path;
        if !plan.starts.is_empty() {
            // Lanes beyond the last path repeat it; nobody reads them.
            let last = first_path as usize + live - 1;
            self.market.lanes.start =
                std::array::from_fn(|i| plan.starts[(first_path as usize + i).min(last)]);
        }
        self.market.session = self.market.lanes.start;
        self.market.tick = 0;
        if let Some(inside) = &mut self.inside {
            inside.begin(&self.market.lanes, live);
        }
        self.signals.reset();
        if let Some(hours) = &mut self.hours {
            hours.reset();
        }
        for (memory, _) in &mut self.enters {
            memory.reset();
        }
        for (memory, _) in &mut self.numbers {
            memory.reset();
        }
        for memory in self.exits.iter_mut().flat_map(ExitMemory::all) {
            memory.reset();
        }
        if let Some(gates) = &mut self.gates {
            gates.begin(live);
        }
        if let Some(permits) = &mut self.permits {
            permits.begin(live);
        }
        if self.looks_back > 0 {
            self.warm_up();
        }
        plan.generator.start(&self.market.lanes, &mut self.market.now);
        if let Some(funds) = &plan.funds {
            let Market { lanes, now, .. } = &mut self.market;
            funds.roll.begin(&funds.rows, &plan.schedule, (&*plan.generator, &plan.surface), lanes, now);
        }
        observe(plan, &self.market.now, &mut self.market.spot, &mut self.market.vix);
        let Market { spot, vix, session, .. } = &self.market;
        self.signals.step(plan, spot, vix, 0, |lane| i64::from(session[lane]));
        self.bills = Col::splat(1.0);
        self.pools.iter_mut().for_each(Pool::reset);
        self.books = plan.books.iter().map(|book| Book::new(plan, book)).collect();
        self.logs.begin(&mut self.books);
        if let Some(foresight) = &self.foresight {
            foresight.watch(&mut self.books);
        }
        if let Some(watched) = self.watched {
            self.books[watched].events = Some(vec![]);
            self.trace = Trace::default();
        }
        if plan.books.iter().any(|book| book.begins.is_some()) {
            self.take_over();
        }
        if let Some(watched) = self.watched {
            self.record(watched);
        }
        self.log();
    }

    /// The sessions before session 0: indicators, windows and latches over the market see them; books do not exist yet.
    ///
    /// Each rule sees as many as it asks for: what another arm looks back on does not change where its latches begin.
    fn warm_up(&mut self) {
        let Self { plan, signals, market, enters, numbers, exits, gates, looks_back, readings, .. } = self;
        let lanes = market.lanes.clone();
        // A simulated past is drawn over a fixed length: what one arm looks back on does not change it for another.
        let drawn = if plan.starts.is_empty() { WARM_UP_DRAWN } else { *looks_back };
        plan.generator.warm_up(&lanes, drawn, &mut |k, state| {
            let before = drawn - k;
            if before > *looks_back {
                return;
            }
            let Market { spot, vix, .. } = market;
            observe(plan, state, spot, vix);
            let session = |lane: usize| i64::from(lanes.start[lane]) - i64::from(before);
            signals.step(plan, spot, vix, before, session);
            signals.observe_warm_up(plan, &lanes, spot, vix, state, before);
            let tick = -i64::from(before);
            for (index, (rule, (memory, _))) in plan.enters.iter().zip(enters.iter_mut()).enumerate() {
                if before <= rule.program.warm_up() {
                    let said = signals.evaluate_before(before, rule, memory);
                    read(readings, Which::Enter(index), tick, None, signals, said.number(0));
                    if let Some(gates) = gates {
                        gates.observe(index, rule, !said.known, signals);
                    }
                }
            }
            for (index, (rule, (memory, number))) in plan.numbers.iter().zip(numbers.iter_mut()).enumerate() {
                if before <= rule.program.warm_up() {
                    signals.number_before(before, rule, memory, number);
                    read(readings, Which::Number(index), tick, None, signals, number[0]);
                    if let Some(gates) = gates {
                        gates.observe(plan.enters.len() + index, rule, missing(number), signals);
                    }
                }
            }
            for (index, (exit, memory)) in plan.exits.iter().zip(exits.iter_mut()).enumerate() {
                let program = &exit.rule.program;
                if before > program.warm_up() || !program.needs_every_session() {
                    continue;
                }
                let ExitMemory { shared, slots } = memory;
                signals.evaluate_shared(before, &exit.rule, shared);
                // There are no positions yet: the first slot is told, the others run where they must.
                let run = if program.needs_every_position() { slots.len() } else { 1 };
                for (slot, own) in slots[..run].iter_mut().enumerate() {
                    let said = signals.evaluate_own(before, &exit.rule, shared, own);
                    if slot == 0 {
                        read(readings, Which::Exit(index), tick, None, signals, said.number(0));
                    }
                }
            }
        });
    }

    /// Phase 1: the state moves.
    fn move_market(&mut self, tick: u32) {
        let plan = self.plan;
        let market = &mut self.market;
        if let Some(greeks) = &mut self.greeks {
            greeks.begin(market);
        }
        market.tick = tick;
        market.aged.clone_from(&market.now);
        plan.generator.session(&market.lanes, tick, &mut market.now);
        let (mut night, mut nights) = (Col::default(), Col::default());
        for i in 0..LANES {
            let session = market.session[i] + 1;
            let days = f64::from(plan.schedule.days_between(market.session[i], session));
            night[i] = market.aged.r[i] * days / DAYS_PER_YEAR;
            nights[i] = days;
            market.session[i] = session;
        }
        dispatch(Growth { night: &night, interest: &mut self.interest, bills: &mut self.bills });
        if let Some(funds) = &plan.funds {
            let Market { lanes, session, aged, now, .. } = market;
            let (priced, over) = ((&*plan.generator, &plan.surface), (&self.interest, &nights));
            let rows = &funds.rows;
            funds.roll.night(rows, &plan.schedule, priced, (lanes, tick), session, over, [aged, now]);
        }
        let mornings = self.pools.iter().zip(&plan.pools);
        if mornings.into_iter().any(|(pool, layout)| pool.settles_this_morning(layout, market)) {
            let opening = &mut self.opening;
            plan.generator.opening(&market.lanes, tick, &market.aged, &market.now, opening);
            plan.generator.special_quotation(&market.lanes, tick, &mut self.special);
            let [spot, vix] = &mut market.settled;
            observe(plan, opening, spot, vix);
            for i in 0..LANES {
                vix[i] *= self.special[i];
            }
            market.opening.clone_from(opening);
        }
        if self.inside.is_some() || self.hours.is_some() {
            self.before.clone_from(&market.aged);
        }
        market.aged.r = market.now.r;
        market.aged.q = market.now.q;
        self.shock_market();
        let market = &mut self.market;
        observe(plan, &market.now, &mut market.spot, &mut market.vix);
    }

    /// The states that hedges and stresses are measured in.
    fn shock_market(&mut self) {
        let Self { plan, market, .. } = self;
        if let Some(shock) = plan.shock.as_ref().filter(|_| market.shocks) {
            shock.vix_point(&market.now, 1.0, &mut market.shocked);
        }
        if let Some(ln_move) = plan.stress {
            let mut stressed = std::mem::take(&mut market.stressed);
            spot_move(plan, market, ln_move, &mut stressed);
            market.stressed = stressed;
        }
    }

    /// Books that begin with positions: they are priced at session 0, and what they need is asked there.
    fn take_over(&mut self) {
        self.market.aged.clone_from(&self.market.now);
        self.shock_market();
        let Self { plan, market, pools, exposures, books, exits, selections, .. } = self;
        begin::take_over(plan, market, (pools, exposures), books, exits, selections);
        self.price_at_bar();
        let Self { plan, market, pools, books, bills, .. } = self;
        for (book, layers) in books.iter_mut().zip(&plan.books).filter(|(_, plan)| plan.begins.is_some()) {
            book.mark(Context { plan, book: layers, market, tick: 0 }, pools, bills);
        }
    }

    /// The night's interest.
    fn earn(&mut self, tick: u32) {
        let Self { plan, market, books, interest, .. } = self;
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            book.earn(Context { plan, book: layers, market, tick }, interest);
        }
    }

    /// From the opening to the last bar before the close.
    fn trade_inside(&mut self) {
        let Self { plan, market, inside, before, pools, books, selections, signals, exits, .. } = self;
        if let Some(inside) = inside {
            inside.run(market, before, &mut Work { plan, pools, books, selections, signals, exits });
        }
    }

    /// What looks back sees the close: until it comes, rules have that of the session before.
    fn see_close(&mut self) {
        let Self { plan, market, signals, hours, before, .. } = self;
        let session = |lane: usize| i64::from(market.session[lane]);
        signals.step(plan, &market.spot, &market.vix, 0, session);
        if let Some(hours) = hours {
            hours.run(plan, &market.lanes, market.tick, market.session[0], [&*before, &market.now]);
            signals.see_hours(hours.told());
        }
    }

    /// Phase 2: packages at today's market, step by step.
    fn revalue(&mut self) {
        if let Some(greeks) = &mut self.greeks {
            greeks.expand(self.plan, &self.pools, &self.market);
        }
        for (pool, layout) in self.pools.iter_mut().zip(&self.plan.pools) {
            pool.revalue(self.plan, layout, &self.market);
        }
    }

    /// Phase 3: the session's P&L of what was carried.
    fn carry(&mut self, tick: u32) {
        let Self { plan, market, pools, books, .. } = self;
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            book.carry(Context { plan, book: layers, market, tick }, pools);
        }
        if let Some(greeks) = &mut self.greeks {
            greeks.record(plan, books, pools);
        }
        if let Some(foresight) = &mut self.foresight {
            foresight.observe(plan, books, pools, market);
        }
    }

    /// Phase 4: packages that expire today.
    fn settle(&mut self, tick: u32) {
        let Self { plan, market, pools, books, .. } = self;
        for (index, pool) in pools.iter_mut().enumerate() {
            for (slot, package) in pool.packages.iter_mut().enumerate() {
                let alive = package.alive;
                let lanes = Mask::from_fn(|i| alive.get(i) && package.expiry[i] == market.session[i]);
                if !lanes.any() {
                    continue;
                }
                package.alive = alive & !lanes;
                for (book, layers) in books.iter_mut().zip(&plan.books) {
                    for layer in layers.layers_on(index) {
                        let ctx = Context { plan, book: layers, market, tick };
                        book.settle(ctx, layer, slot, package, lanes);
                    }
                }
            }
        }
    }

    /// Phase 5: what the last tick decided.
    fn fill(&mut self, tick: u32) {
        let Self { plan, market, pools, books, selections, exits, .. } = self;
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            for (index, layer) in layers.shown() {
                // What a cadence rolls, nothing is bought in place of.
                if plan.pools[layer.pool].decides.is_none() && book.has_rolls(layers, index) {
                    let ctx = Context { plan, book: layers, market, tick };
                    book.weigh_rolls(ctx, index, pools, selections);
                }
            }
        }
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            let ctx = Context { plan, book: layers, market, tick };
            book.close_out(ctx, pools);
            for (index, _) in layers.shown() {
                book.drop_lone_parts(ctx, index);
            }
        }
        let mut chosen = vec![Mask::NONE; plan.pools.len()];
        for (index, layout) in plan.pools.iter().enumerate() {
            let wanted = any_layer(plan, books, index, Book::wants);
            if !wanted.any() {
                continue;
            }
            let choice = &mut selections[index];
            choice.select(plan, layout, market, wanted);
            chosen[index] = choice.chosen(wanted);
            enter_packages(plan, layout, &mut pools[index], choice, market, chosen[index]);
            let rules_here = plan.exits.iter().zip(exits.iter_mut()).filter(|(exit, _)| exit.pool == index);
            for (_, memory) in rules_here {
                for (slot, memory) in memory.slots.iter_mut().enumerate() {
                    let due_slot = &pools[index].due_slot;
                    memory.reset_lanes(Mask::from_fn(|i| chosen[index].get(i) && due_slot[i] == slot));
                }
            }
        }
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            let ctx = Context { plan, book: layers, market, tick };
            for (shown, layer) in layers.shown() {
                if layer.short.is_some() {
                    offer_shorts(ctx, book, shown, pools, selections, chosen[layer.pool]);
                    book.write_again(ctx, pools, shown);
                }
                if !layer.others.is_empty() {
                    book.settle_on(ctx, pools, shown, selections, &chosen);
                }
                for index in layers.family(shown) {
                    let pool = layers.layers[index].pool;
                    book.open(ctx, pools, index, &selections[pool], [Mask::ALL, chosen[pool]]);
                }
            }
            book.meet_at_once(ctx, pools);
        }
        if let Some(foresight) = &mut self.foresight {
            foresight.enter(books);
        }
        for index in 0..pools.len() {
            hold(plan, pools, books, index);
        }
    }

    /// What is held, at the worst bar of the session.
    fn price_at_bar(&mut self) {
        let Self { plan, market, pools, bar, .. } = self;
        let Some(spec) = &plan.worst_bar else { return };
        spec.state(plan.shock.as_ref(), &market.now, &mut bar.state);
        plan.surface.vix(&bar.state, &mut bar.vix);
        for (pool, layout) in pools.iter_mut().zip(&plan.pools) {
            for package in pool.packages.iter_mut().filter(|package| package.held.any()) {
                bar.price(plan, layout, market, package);
            }
        }
    }

    /// Phases 6, 7 and 9: calls, ruin, the record.
    fn mark(&mut self, tick: u32) {
        let Self { plan, market, pools, books, bills, .. } = self;
        for (book, layers) in books.iter_mut().zip(&plan.books) {
            book.mark(Context { plan, book: layers, market, tick }, pools, bills);
        }
        if let Some(watched) = self.watched {
            self.record(watched);
        }
        self.log();
    }

    /// Phase 8: orders for the next tick.
    fn decide(&mut self, tick: u32) {
        let Self {
            plan,
            market,
            pools,
            books,
            signals,
            enters,
            numbers,
            exits,
            exposures,
            exposed,
            gates,
            permits,
            readings,
            ..
        } = self;
        signals.observe_market(plan, market);
        for ((pool, layout), exposures) in pools.iter().zip(&plan.pools).zip(exposures.iter_mut()) {
            let held = pool.packages.iter().zip(exposures).filter(|(package, _)| package.held.any());
            held.for_each(|(package, exposure)| exposure.observe(plan, layout, package, market, exposed));
        }
        for (index, (book, layers)) in books.iter_mut().zip(&plan.books).enumerate() {
            if plan.observed[index] {
                let ctx = Context { plan, book: layers, market, tick };
                book.observe(ctx, pools);
                book.observe_greeks(ctx, exposures);
            }
        }
        for (index, (rule, (memory, opens))) in plan.enters.iter().zip(enters.iter_mut()).enumerate() {
            if let Some(owner) = rule.owner {
                signals.observe_book(&books[owner].view);
            }
            let said = signals.evaluate(rule, memory);
            read(readings, Which::Enter(index), i64::from(tick), None, signals, said.number(0));
            *opens = said;
            if let Some(gates) = gates {
                gates.observe(index, rule, !said.known, signals);
            }
        }
        for (index, (rule, (memory, number))) in plan.numbers.iter().zip(numbers.iter_mut()).enumerate() {
            if let Some(owner) = rule.owner {
                signals.observe_book(&books[owner].view);
            }
            signals.number_before(0, rule, memory, number);
            read(readings, Which::Number(index), i64::from(tick), None, signals, number[0]);
            if let Some(gates) = gates {
                gates.observe(plan.enters.len() + index, rule, missing(number), signals);
            }
        }
        decide_exits(plan, market, (pools, exposures), books, signals, exits, readings);
        for (pool, layout) in pools.iter_mut().zip(&plan.pools) {
            let Some(decides) = &layout.decides else { continue };
            pool.due = Mask::from_fn(|i| decides[market.session[i] as usize]);
            for i in pool.due.lanes() {
                pool.due_slot[i] = pool.decisions[i] as usize % layout.slots;
                pool.decisions[i] += 1;
            }
        }
        for (number, (book, layers)) in books.iter_mut().zip(&plan.books).enumerate() {
            let ctx = Context { plan, book: layers, market, tick };
            book.order_rolls_and_sales(ctx, pools, enters);
            if let Some(weight) = &layers.budget_weight {
                let mut factor = Col::splat(1.0);
                weight.weigh(&numbers[weight.number].1, &mut factor);
                book.order_budget(&factor);
                if let Some(gates) = gates.as_mut() {
                    let index = plan.enters.len() + weight.number;
                    gates.count(number, RuleOf::Budget, index, book.trading(), Mask::NONE);
                }
            }
            for (index, transfer) in layers.transfers.iter().enumerate() {
                book.order_transfer(index, enters[transfer.when].1.is_true() & book.trading());
            }
            for (layer, layout) in layers.shown() {
                let wanted = book.trading() & layout.enter.map_or(Mask::ALL, |rule| enters[rule].1.is_true());
                let due = pools[layout.pool].due;
                let flat = plan.pools[layout.pool].decides.is_none();
                let [opens, rolls] =
                    [false, true].map(|rolls| layout.permitted(rolls, enters, &market.session));
                let may = wanted & opens;
                let further = book.further_tranche(ctx, layer, enters);
                book.withhold_parts(layer, further & !opens);
                if layout.governed() {
                    let opening = (wanted & if flat { book.flat(layers, layer) } else { due }) | further;
                    let rolling = book.withhold_rolls(layers, layer, rolls);
                    for (lanes, permitted, rolls) in [(opening, opens, false), (rolling, rolls, true)] {
                        book.tell_withheld(ctx, layer, lanes & !permitted, || {
                            layout.objections(rolls, enters, 0)
                        });
                        if let Some(permits) = permits.as_mut() {
                            permits.count((number, layer, rolls), layout, (lanes, permitted), enters);
                        }
                    }
                }
                if let (Some(gates), Some(rule)) = (gates.as_mut(), layout.enter) {
                    let flat = plan.pools[layout.pool].decides.is_none();
                    let due = if flat { book.flat(layers, layer) } else { due };
                    gates.count(number, RuleOf::Enter(layer), rule, book.trading(), due);
                }
                let (mut orders, mut rolled) = (due & may, Mask::NONE);
                if flat {
                    rolled = book.rolls(layers, layer);
                    orders = (book.flat(layers, layer) & may) | rolled | (further & opens);
                }
                let mut factor = Col::splat(1.0);
                for &(rule, to) in &layout.reduced {
                    for i in enters[rule].1.is_true().lanes() {
                        factor[i] = factor[i].min(to);
                    }
                }
                if let Some(weight) = &layout.weight {
                    weight.weigh(&numbers[weight.number].1, &mut factor);
                    if let Some(gates) = gates.as_mut() {
                        let (of, index) = (RuleOf::Weight(layer), plan.enters.len() + weight.number);
                        gates.count(number, of, index, book.trading(), Mask::NONE);
                    }
                }
                book.order_open(layers, layer, [orders, rolled], &factor, |prefer| match prefer {
                    Prefer::Lots { .. } => Mask::ALL,
                    Prefer::ThetaPerVega { when } => enters[when].1.is_true(),
                });
                book.order_shorts(ctx, layer, pools, enters);
                for each in layers.family(layer).filter(|_| flat) {
                    // This pool follows this layer alone: a decision is an opening that it orders.
                    let pool = &mut pools[layers.layers[each].pool];
                    pool.due = book.wants(each);
                    for i in pool.due.lanes() {
                        // The slots behind these are those of what the book began with.
                        let slots = &pool.packages[..plan.pools[layers.layers[each].pool].slots];
                        let free = slots.iter().position(|package| !package.alive.get(i));
                        pool.due_slot[i] = free.unwrap_or(pool.decisions[i] as usize % slots.len());
                        pool.decisions[i] += 1;
                    }
                }
            }
            book.order_reviews(ctx, pools);
        }
        if let Some(watched) = self.watched {
            let Self { plan, market, pools, books, enters, trace, .. } = self;
            let ctx = Context { plan, book: &plan.books[watched], market, tick };
            trace.decisions.push(books[watched].decided(ctx, pools, enters));
        }
    }

    fn log(&mut self) {
        let Self { plan, market, pools, books, bills, signals, logs, .. } = self;
        logs.record(plan, books, pools, (market, bills), signals);
    }

    fn record(&mut self, watched: usize) {
        let book = &self.books[watched];
        let Ledger { cash: [cash, sleeve], nav, requirement, sleeve_requirement, call, hedge, .. } =
            book.ledger(0);
        let State { ln_s, x, smile: [level, skew, curvature], r, q, memory: _, funds: _ } = &self.market.now;
        let sum = &book.sum;
        self.trace.ledger.push(LedgerRow {
            state: [ln_s, &x[0], &x[1], &x[2], level, skew, curvature, r, q].map(|column| column[0]),
            day: self.plan.schedule.day(self.market.session[0]),
            spot: self.market.spot[0],
            vix: self.market.vix[0],
            cash,
            sleeve,
            hedge,
            nav,
            requirement,
            sleeve_requirement,
            call,
            buckets: [
                sum.time[0],
                sum.spot[0],
                sum.level[0],
                sum.smile[0],
                sum.settlement[0],
                sum.fills[0],
                sum.fees[0],
                sum.interest[0],
            ],
        });
    }
}

/// Exit rules, per tranche.
fn decide_exits(
    plan: &Plan,
    market: &Market,
    (pools, exposures): (&[Pool], &[Vec<Exposure>]),
    books: &mut [Book],
    signals: &mut Signals,
    exits: &mut [ExitMemory],
    readings: &mut Option<(Which, Readings)>,
) {
    for (index, (exit, ExitMemory { shared, slots })) in plan.exits.iter().zip(exits.iter_mut()).enumerate() {
        let layout: &PoolPlan = &plan.pools[exit.pool];
        let program = &exit.rule.program;
        // Whoever asks what was read is told of every slot.
        let asked = readings.as_ref().is_some_and(|(which, _)| *which == Which::Exit(index));
        let every = program.needs_every_position() || (asked && program.needs_every_session());
        let held = |package: &Package| package.held.any();
        if !pools[exit.pool].packages.iter().any(held) && !program.needs_every_session() {
            continue;
        }
        if let Some(owner) = exit.rule.owner {
            signals.observe_book(&books[owner].view);
        }
        signals.evaluate_shared(0, &exit.rule, shared);
        for (slot, memory) in slots.iter_mut().enumerate() {
            let package = &pools[exit.pool].packages[slot];
            if !held(package) && !every {
                continue;
            }
            signals.observe_package(&plan.schedule, layout, package, market);
            signals.observe_exposure(exposures[exit.pool].get(slot).map(|exposure| &exposure.columns));
            let said = signals.evaluate_own(0, &exit.rule, shared, memory);
            let at = Some((slot, package));
            read(readings, Which::Exit(index), i64::from(market.tick), at, signals, said.number(0));
            let leave = said.is_true();
            for (book, layers) in books.iter_mut().zip(&plan.books) {
                for layer in layers.layers_on(exit.pool) {
                    if layers.layers[layer].exit == Some(index) {
                        book.order_exit(layer, slot, leave & book.holds(layer, slot));
                    }
                }
            }
        }
    }
}

/// What an exit rule remembers: of market and book once, of each position beside it.
#[derive(Debug)]
pub(super) struct ExitMemory {
    pub shared: Memory,
    pub slots: Vec<Memory>,
}

impl ExitMemory {
    fn new(program: &Program, slots: usize) -> Self {
        Self { shared: program.shared_memory(), slots: vec![program.own_memory(); slots] }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Memory> {
        std::iter::once(&mut self.shared).chain(&mut self.slots)
    }
}

/// Keeps what a rule read and said, if it is the one that is asked about.
fn read(
    readings: &mut Option<(Which, Readings)>,
    rule: Which,
    tick: i64,
    at: Option<(usize, &Package)>,
    signals: &Signals,
    said: f64,
) {
    if let Some((_, readings)) = readings.as_mut().filter(|(which, _)| *which == rule) {
        readings.record(tick, at, signals, said);
    }
}

/// Lanes in which a number is missing.
fn missing(number: &Col) -> Mask {
    Mask::from_fn(|lane| number[lane].is_nan())
}

/// SPX and VIX of a state.
pub(super) fn observe(plan: &Plan, state: &State, spot: &mut Col, vix: &mut Col) {
    plan.surface.vix(state, vix);
    dispatch(Spot { ln_s: &state.ln_s, spot });
}

/// Lanes in which `some` holds of any layer, of any book, that trades this pool.
pub(super) fn any_layer(
    plan: &Plan,
    books: &[Book],
    pool: usize,
    some: impl Fn(&Book, usize) -> Mask,
) -> Mask {
    let mut lanes = Mask::NONE;
    for (book, layers) in books.iter().zip(&plan.books) {
        for layer in layers.layers_on(pool) {
            lanes = lanes | some(book, layer);
        }
    }
    lanes
}

/// Which packages of a pool somebody holds.
pub(super) fn hold(plan: &Plan, pools: &mut [Pool], books: &[Book], index: usize) {
    for (slot, package) in pools[index].packages.iter_mut().enumerate() {
        package.held = any_layer(plan, books, index, |book, layer| book.holds(layer, slot));
        // What nobody holds, nor follows after an early closing, is gone.
        let followed = any_layer(plan, books, index, |book, layer| book.follows(layer, slot));
        package.alive = package.held | (package.alive & followed);
    }
}

/// Puts the chosen packages in their slots, priced at this tick's quotes.
pub(super) fn enter_packages(
    plan: &Plan,
    layout: &PoolPlan,
    pool: &mut Pool,
    choice: &Selection,
    market: &Market,
    chosen: Mask,
) {
    let future = layout.contract.instrument == Instrument::VixFuture;
    for i in chosen.lanes() {
        let package = &mut pool.packages[pool.due_slot[i]];
        package.alive.set(i, true);
        package.expiry[i] = choice.expiry[i];
        package.entered[i] = f64::from(market.tick);
        package.entry_spot[i] = market.spot[i];
        for (strikes, chosen) in package.strikes.iter_mut().zip(&choice.strikes) {
            strikes[i] = chosen[i];
        }
        for (prices, chosen) in package.leg_prices.iter_mut().zip(&choice.leg_prices) {
            prices[i] = chosen[i];
        }
        for (spreads, chosen) in package.leg_spreads.iter_mut().zip(&choice.leg_spreads) {
            spreads[i] = chosen[i];
        }
        if let (Some(anchor), Some(chosen)) = (&mut package.anchor, &choice.anchor) {
            anchor.copy_lane(i, chosen);
        }
        if let (Some(moved), Some(chosen)) = (&mut package.moved, &choice.repriced_off) {
            moved.basis.copy_lane(i, chosen);
        }
        if let (Some(cover), Some(chosen)) = (&mut package.cover, &choice.cover) {
            cover[i] = chosen[i];
        }
        package.residual[i] = choice.residual[i];
        package.value[i] = choice.value[i];
        package.entry_value[i] = choice.value[i];
        package.worth[i] = if future { 0.0 } else { choice.value[i] };
        package.basis[i] = choice.basis[i];
        package.merged[i] = 1.0;
        package.sens[i] = choice.sens[i];
        package.stress[i] = choice.stress[i];
        package.entry_sd[i] = choice.entry_sd[i];
        for (columns, chosen) in
            package.entry_delta.iter_mut().flatten().zip(choice.entry_delta.iter().flatten())
        {
            columns[i] = chosen[i];
        }
        package.challenge[i] = 0.0;
        let share = layout.order_share(&plan.costs);
        let slip = share * package.half_spreads(layout, &plan.costs, i, market.vix[i]);
        package.credit[i] = -package.worth[i] - slip;
        for column in package.excursions.iter_mut().flatten() {
            column[i] = -slip;
        }
    }
    for (slot, package) in pool.packages.iter_mut().enumerate() {
        let entered = Mask::from_fn(|i| chosen.get(i) && pool.due_slot[i] == slot);
        if entered.any() {
            package.require(plan, layout, market, entered);
        }
    }
}

/// Puts the calls that may be sold against those of a layer in the linked slots: against what is held and was decided to be
/// sold against, and against what this fill may buy.
fn offer_shorts(
    ctx: Context<'_>,
    book: &Book,
    layer: usize,
    pools: &mut [Pool],
    selections: &mut [Selection],
    chosen: Mask,
) {
    let Some(short) = ctx.book.layers[layer].short else { return };
    let [long, index] = [layer, short.layer].map(|layer| ctx.book.layers[layer].pool);
    let (layout, choice) = (&ctx.plan.pools[index], &mut selections[index]);
    let opens = chosen & book.wants(layer) & book.sells(short.layer);
    for slot in 0..pools[long].packages.len() {
        let (calls, due_slot) = (&pools[long].packages[slot], &pools[long].due_slot);
        let nearer = |i: usize| layout.sold_against(ctx.market.session[i], calls.expiry[i]);
        let wanted = book.writes(short.layer, slot) & book.holds(layer, slot);
        let wanted = wanted | Mask::from_fn(|i| opens.get(i) && due_slot[i] == slot);
        let wanted = Mask::from_fn(|i| wanted.get(i) && nearer(i));
        if !wanted.any() {
            continue;
        }
        if let Some(cover) = &mut choice.cover {
            **cover = calls.strikes[0];
        }
        choice.select(ctx.plan, layout, ctx.market, wanted);
        let found = choice.chosen(wanted);
        let pool = &mut pools[index];
        for i in found.lanes() {
            pool.due_slot[i] = slot;
        }
        enter_packages(ctx.plan, layout, pool, choice, ctx.market, found);
    }
}

struct Spot<'a> {
    ln_s: &'a Col,
    spot: &'a mut Col,
}

impl Kernel for Spot<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            self.spot[i] = exp::<FMA>(self.ln_s[i]);
        }
    }
}

struct Growth<'a> {
    night: &'a Col,
    interest: &'a mut Col,
    bills: &'a mut Col,
}

impl Kernel for Growth<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            let growth = exp::<FMA>(self.night[i]);
            self.interest[i] = growth - 1.0;
            self.bills[i] *= growth;
        }
    }
}
