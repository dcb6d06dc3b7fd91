//! The only constructor of a comparison: everything is checked and turned into tables here.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{
    bar::BarSpec,
    block::Block,
    check::check_begun,
    clock::Clock,
    foresight::NAMES as FORESIGHT,
    given::{Given, Source},
    greeks::NAMES as GREEKS,
    hours::HourGrid,
    layout::{BookPlan, ExitPlan, Layout, PoolPlan, RulePlan},
    readings::{LayerRule, Readings, Which},
    spec::{ContractSpec, CostSpec, PlanSpec, SCHEMA},
    summary::NAMES,
    term_structure::TermStructure,
    trace::Trace,
};
use crate::{
    Error, Result,
    margin::MarginRule,
    market::{
        generator::{Generator, Lanes, generator},
        quote::Surface,
        shock::Shock,
        state::State,
        strategy_index::{FundSpec, Roll, RollSpec},
    },
    math::lanes::LANES,
    rules::{compile::Program, input::Input, limits::MAX_WINDOW, names::Name},
    schedule::Schedule,
    threads,
};

/// Sessions of simulated past that every path draws when some rule looks back: the longest window a rule may ask
/// for and a year for what feeds it.
pub(super) const WARM_UP_DRAWN: u32 = MAX_WINDOW + 252;

/// A compiled comparison: a pure function from path numbers to figures.
#[derive(Debug)]
pub struct Plan {
    pub(super) capital: f64,
    pub(super) sessions: u32,
    pub(super) seed: u64,
    pub(super) ruin_nav: f64,
    pub(super) starts: Vec<u32>,
    pub(super) warm_up: u32,
    pub(super) schedule: Schedule,
    pub(super) generator: Box<dyn Generator>,
    pub(super) surface: Surface,
    pub(super) margin: MarginRule,
    pub(super) worst_bar: Option<BarSpec>,
    /// Instants inside the sessions; `None`: closes alone.
    pub(super) clock: Option<Clock>,
    pub(super) costs: CostSpec,
    pub(super) pools: Vec<PoolPlan>,
    pub(super) enters: Vec<RulePlan>,
    /// What weights are made of.
    pub(super) numbers: Vec<RulePlan>,
    pub(super) exits: Vec<ExitPlan>,
    /// Names that some rule reads, each as early as windows over it want it.
    pub(super) inputs: Vec<(Name, u32)>,
    /// Signals from outside, and which of them some rule reads.
    pub(super) given: Given,
    pub(super) given_read: Vec<usize>,
    /// Where hours end; `None` where no rule reads an indicator over them.
    pub(super) hours: Option<HourGrid>,
    /// ln S at session 0 of a simulated path.
    pub(super) ln_start: f64,
    /// Per book: does some rule read it?
    pub(super) observed: Vec<bool>,
    pub(super) books: Vec<BookPlan>,
    /// Move of ln S in the one-day stress (R64); `None` where no book asks.
    pub(super) stress: Option<f64>,
    /// How the factors follow VIX and SPX; `None` where VIX does not move.
    pub(super) shock: Option<Shock>,
    /// Funds of VIX futures; `None` where no layer buys shares of one.
    pub(super) funds: Option<FundsPlan>,
}

/// The funds of the contract table, and what their index holds.
#[derive(Debug)]
pub(super) struct FundsPlan {
    pub rows: Vec<FundSpec>,
    pub roll: Roll,
}

impl FundsPlan {
    /// What shares need of a plan, where some layer buys them.
    fn new(
        traded: bool,
        spec: Option<RollSpec>,
        contracts: &BTreeMap<String, ContractSpec>,
        schedule: &Schedule,
    ) -> Result<Option<Self>> {
        if !traded {
            return Ok(None);
        }
        let Some(spec) = spec else {
            return Err(Error::Spec(
                "roll: what the index holds, for layers of shares of funds and of options on them".into(),
            ));
        };
        let rows = contracts.values().filter_map(|row| row.fund).collect();
        Ok(Some(Self { rows, roll: Roll::new(spec, schedule)? }))
    }
}

/// Figures of a range of paths, rows in path order and, within a path, in book order.
#[derive(Debug)]
pub struct Paths {
    /// Number of paths.
    pub paths: usize,
    /// One vector of `paths × books` values per name of [`super::SUMMARY_NAMES`].
    pub columns: Vec<Vec<f64>>,
}

/// Stack of a thread, bytes. Kernels keep their columns there, and a thread that waits takes up another piece of work on
/// top of its own: the usual two megabytes are not enough.
pub(super) const STACK: usize = 64 << 20;

impl Plan {
    /// Parses and checks a specification; every error is found here.
    pub fn from_json(json: &str) -> Result<Self> {
        let spec: PlanSpec = serde_json::from_str(json).map_err(|e| Error::Spec(e.to_string()))?;
        Self::compile(spec)
    }

    /// Checks a specification and builds its tables.
    pub fn compile(spec: PlanSpec) -> Result<Self> {
        if spec.schema != SCHEMA {
            return Err(Error::domain("schema", spec.schema, format!("this version reads schema {SCHEMA}")));
        }
        positive("capital", spec.capital)?;
        if spec.sessions == 0 {
            return Err(Error::domain("sessions", 0, "at least 1"));
        }
        within("ruin_share", spec.ruin_share, 0.0, 1.0)?;
        check_costs(&spec.costs)?;
        if let Some(grid) = spec.margin.grid() {
            grid.check()?;
        }
        if let Some(bar) = spec.worst_bar {
            bar.check()?;
        }
        let schedule = Schedule::new(spec.schedule)?;
        let generator = generator(&spec.market)?;
        let given = Given::new(spec.signals, generator.rows(), &schedule)?;
        let Layout { pools, enters, numbers, exits, books, stress } = Layout::new(
            &schedule,
            &spec.contracts,
            spec.costs,
            &spec.margin,
            &spec.books,
            &*generator,
            given.names(),
            spec.bars.is_some(),
        )?;
        let shares = pools.iter().any(|pool| pool.contract.instrument.fund().is_some());
        let funds = FundsPlan::new(shares, spec.roll, &spec.contracts, &schedule)?;
        let entries: Vec<u32> = pools.iter().filter_map(|pool| pool.inside.at).collect();
        let clock = spec.bars.map(|bars| Clock::new(bars, &entries, &*generator, &schedule)).transpose()?;
        let rules = || enters.iter().chain(&numbers).chain(exits.iter().map(|exit| &exit.rule));
        let programs = || rules().map(|rule| &rule.program);
        let warm_up = programs().map(Program::warm_up).max().unwrap_or(0);
        let (mut inputs, mut given_read) = (vec![], vec![]);
        for (input, &lead) in programs().flat_map(|program| program.inputs().iter().zip(program.leads())) {
            match input {
                Input::Name(name) => inputs.push((*name, if name.is_indicator() { lead } else { 0 })),
                Input::Given { index, .. } => given_read.push(*index),
            }
        }
        inputs.sort();
        inputs.dedup();
        given_read.sort_unstable();
        given_read.dedup();
        let over_hours = given_read.iter().any(|&index| matches!(given.source(index), Source::Hourly(_)));
        let hours = over_hours.then(|| HourGrid::new(&schedule)).transpose()?;
        let names: Vec<Name> = inputs.iter().map(|(name, _)| *name).collect();
        TermStructure::check(&names, &schedule)?;
        let mut start = State::default();
        if spec.starts.is_empty() {
            generator.start(&Lanes::default(), &mut start);
        }
        let observed = (0..books.len()).map(|book| rules().any(|rule| rule.owner == Some(book))).collect();
        check_horizon(&schedule, generator.rows(), &spec.starts, spec.sessions, warm_up)?;
        check_begun(&spec.books, &schedule, &spec.starts)?;
        Ok(Self {
            capital: spec.capital,
            sessions: spec.sessions,
            seed: spec.seed,
            ruin_nav: spec.ruin_share * spec.capital,
            starts: spec.starts,
            warm_up,
            surface: generator.surface(),
            shock: generator.shock(),
            schedule,
            generator,
            margin: spec.margin,
            worst_bar: spec.worst_bar,
            clock,
            costs: spec.costs,
            pools,
            enters,
            numbers,
            exits,
            inputs,
            given,
            given_read,
            hours,
            ln_start: start.ln_s[0],
            observed,
            books,
            stress,
            funds,
        })
    }

    /// Number of books.
    pub fn books(&self) -> usize {
        self.books.len()
    }

    /// Arm and margin share of each book.
    pub fn book_names(&self) -> impl Iterator<Item = (&str, f64)> {
        self.books.iter().map(|book| (book.arm.as_str(), book.share))
    }

    /// Sessions of history that every path needs before its start.
    pub fn warm_up(&self) -> u32 {
        self.warm_up
    }

    /// Tranches of each layer of a book.
    pub fn tranches(&self, book: usize) -> Result<Vec<usize>> {
        self.check_book(book)?;
        Ok(self.books[book].shown().map(|(_, layer)| self.pools[layer.pool].tranches).collect())
    }

    /// Per layer of a book: is its exit rule asked at every instant of a session, not at the close alone (R13)?
    pub fn watched(&self, book: usize) -> Result<Vec<bool>> {
        self.check_book(book)?;
        let asked = |exit: usize| self.exits[exit].watched;
        Ok(self.books[book].shown().map(|(_, layer)| layer.exit.is_some_and(asked)).collect())
    }

    pub(super) fn check_book(&self, book: usize) -> Result<()> {
        if book < self.books() {
            return Ok(());
        }
        Err(Error::domain("book", book, format!("0 to {}", self.books() - 1)))
    }

    /// Paths that exist: as many as starts in a replayed market, unlimited in a simulated one.
    pub fn paths(&self) -> Option<usize> {
        (!self.starts.is_empty()).then_some(self.starts.len())
    }

    /// Figures of paths `first_path … first_path + paths − 1`, on `threads` threads (0: one per core).
    ///
    /// The result depends on neither the threads nor how the paths are cut into calls.
    pub fn run(&self, first_path: u64, paths: usize, threads: usize) -> Result<Paths> {
        let columns = self.columns(first_path, paths, threads, NAMES.len(), |block, first, live| {
            block.run(first, live);
            block.rows(live)
        })?;
        Ok(Paths { paths, columns })
    }

    /// The greek view of one book (R6): per name of [`super::GREEK_NAMES`] paths × (sessions + 1) values.
    ///
    /// A session that trades at bars is not explained from one close to the next: refused.
    pub fn greeks(
        &self,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> Result<Vec<Vec<f64>>> {
        self.check_book(book)?;
        self.closes_alone("greeks")?;
        self.columns(first_path, paths, threads, GREEKS.len(), |block, first, live| {
            block.follow_greeks(book);
            block.run(first, live);
            block.take_greeks(live).concat()
        })
    }

    /// What the hedge tranches of one book could have been closed for: per name of [`super::FORESIGHT_NAMES`] a value
    /// per tranche; lanes are path numbers from `first_path`.
    pub fn foresight(
        &self,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> Result<Vec<Vec<f64>>> {
        self.check_book(book)?;
        self.closes_alone("foresight")?;
        if self.books[book].layers.iter().any(|layer| layer.short.is_some()) {
            let problem = "foresight: what a tranche is worth with hindsight is not defined while calls are sold against it: \
                           ask a book without short";
            return Err(Error::Spec(problem.into()));
        }
        let blocks = self.blocks(first_path, paths, threads, |block, first, live| {
            block.follow_foresight(book);
            block.run(first, live);
            block.take_foresight(live)
        })?;
        Ok(joined(&blocks, FORESIGHT.len()))
    }

    /// Refuses what is followed from one close to the next where a plan trades between them.
    fn closes_alone(&self, what: &str) -> Result<()> {
        if self.clock.is_none() {
            return Ok(());
        }
        Err(Error::Spec(format!("{what}: a plan with bars trades between closes; ask one without")))
    }

    /// Runs blocks in parallel and joins their columns in path order.
    fn columns(
        &self,
        first_path: u64,
        paths: usize,
        threads: usize,
        columns: usize,
        run: impl Fn(&mut Block<'_>, u64, usize) -> Vec<f64> + Sync,
    ) -> Result<Vec<Vec<f64>>> {
        let blocks = self.blocks(first_path, paths, threads, run)?;
        let mut joined = vec![Vec::new(); columns];
        for block in &blocks {
            for (column, values) in joined.iter_mut().zip(block.chunks_exact(block.len() / columns)) {
                column.extend_from_slice(values);
            }
        }
        Ok(joined)
    }

    /// Runs blocks in parallel; what each gives, in path order.
    pub(super) fn blocks<T: Send>(
        &self,
        first_path: u64,
        paths: usize,
        threads: usize,
        run: impl Fn(&mut Block<'_>, u64, usize) -> T + Sync,
    ) -> Result<Vec<T>> {
        if self.paths().is_some_and(|have| first_path as usize + paths > have) {
            return Err(Error::domain(
                "paths",
                first_path as usize + paths,
                format!("the replayed market has {} starts", self.starts.len()),
            ));
        }
        Ok(threads::pool_with_stack(Some(threads), STACK)?.install(|| {
            (0..paths.div_ceil(LANES))
                .into_par_iter()
                .map_init(
                    || Box::new(Block::new(self)),
                    |block, index| {
                        let offset = index * LANES;
                        run(block, first_path + offset as u64, LANES.min(paths - offset))
                    },
                )
                .collect()
        }))
    }

    /// One path of one book, day by day.
    pub fn trace(&self, path: u64, book: usize) -> Result<Trace> {
        self.check_book(book)?;
        self.check_path(path)?;
        let mut block = Block::new(self);
        block.watch(book);
        block.run(path, 1);
        Ok(block.into_trace())
    }
}

impl Plan {
    /// What a rule of a layer read on one path and what it said; `None` where the layer has no such rule. The rule that
    /// closes is asked of every package of the layer, slots as events number them.
    pub fn readings(
        &self,
        path: u64,
        book: usize,
        layer: usize,
        rule: LayerRule,
    ) -> Result<Option<Readings>> {
        self.check_path(path)?;
        self.check_book(book)?;
        let book = &self.books[book];
        let Some((_, layer)) = book.shown().nth(layer) else {
            return Err(Error::domain("layer", layer, format!("0 to {}", book.shown().count() - 1)));
        };
        let which = match rule {
            LayerRule::Opens => layer.enter.map(Which::Enter),
            LayerRule::Closes => layer.exit.map(Which::Exit),
            LayerRule::Weight => layer.weight.as_ref().map(|weight| Which::Number(weight.number)),
            LayerRule::Permit(index) => layer.permits.get(index).map(|permit| Which::Enter(permit.rule)),
        };
        let Some(which) = which else { return Ok(None) };
        let mut found = self.read(path, which);
        let mut places = self.pools[layer.pool].places();
        for other in layer.others.iter().map(|other| &book.layers[other.layer]) {
            if let (LayerRule::Closes, Some(exit), Some(found)) = (rule, other.exit, found.as_mut()) {
                found.append(&self.read(path, Which::Exit(exit)).unwrap_or_default(), places);
            }
            places += self.pools[other.pool].places();
        }
        Ok(found)
    }

    fn read(&self, path: u64, which: Which) -> Option<Readings> {
        let mut block = Block::new(self);
        block.read(which);
        block.run(path, 1);
        block.into_readings()
    }

    pub(super) fn check_path(&self, path: u64) -> Result<()> {
        match self.paths() {
            Some(have) if path as usize >= have => {
                Err(Error::domain("path", path, format!("0 to {}", have - 1)))
            }
            _ => Ok(()),
        }
    }
}

/// Rows of blocks after one another; the first column, lanes, counts on from block to block.
fn joined(blocks: &[Vec<Vec<f64>>], names: usize) -> Vec<Vec<f64>> {
    let mut joined = vec![Vec::new(); names];
    for (block, columns) in blocks.iter().enumerate() {
        joined[0].extend(columns[0].iter().map(|lane| lane + (block * LANES) as f64));
        for (column, values) in joined.iter_mut().zip(columns).skip(1) {
            column.extend_from_slice(values);
        }
    }
    joined
}

pub(super) fn positive(name: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::domain(name, value, "a positive finite number"))
}

pub(super) fn within(name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::domain(name, value, format!("between {low} and {high}")))
}

fn check_costs(costs: &CostSpec) -> Result<()> {
    within("costs.order_share", costs.order_share, 0.0, 2.0)?;
    within("costs.liquidation_share", costs.liquidation_share, 0.0, 10.0)?;
    within("costs.single_share", costs.single_share, 0.0, 2.0)?;
    within("costs.half_spread_factor", costs.half_spread_factor, 0.0, 100.0)?;
    positive("costs.vix_knee", costs.vix_knee)?;
    within("costs.vix_power", costs.vix_power, 0.0, 5.0)?;
    within("costs.commission", costs.commission, 0.0, 100.0)
}

/// Every path must have its sessions and its warm-up inside the tradable part of the calendar.
fn check_horizon(
    schedule: &Schedule,
    rows: Option<usize>,
    starts: &[u32],
    sessions: u32,
    warm_up: u32,
) -> Result<()> {
    match rows {
        Some(_) if starts.is_empty() => {
            return Err(Error::Spec("starts: a replayed market needs them".into()));
        }
        None if !starts.is_empty() => return Err(Error::Spec("starts: a simulated market has none".into())),
        Some(rows) if rows != schedule.tradable() as usize => {
            let problem =
                format!("{rows} rows, but the calendar has {} tradable sessions", schedule.tradable());
            return Err(Error::Shape { name: "market".into(), problem });
        }
        _ => {}
    }
    let first = starts.iter().copied().min();
    let last = starts.iter().copied().max().unwrap_or(schedule.origin());
    if starts.is_empty() && warm_up > WARM_UP_DRAWN {
        return Err(Error::domain(
            "warm_up",
            warm_up,
            format!("rules may look back {WARM_UP_DRAWN} sessions"),
        ));
    }
    // A simulated market draws its warm-up; a replayed one reads it.
    if first.is_some_and(|start| start < warm_up) {
        return Err(Error::domain(
            "starts",
            first.unwrap_or(0),
            format!("at least {warm_up}: the rules need that many sessions before the start"),
        ));
    }
    if last + sessions >= schedule.tradable() {
        return Err(Error::domain(
            "sessions",
            sessions,
            format!("the calendar has {} tradable sessions, session 0 is number {last}", schedule.tradable()),
        ));
    }
    Ok(())
}
