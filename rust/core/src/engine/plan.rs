//! The only constructor of a comparison: everything is checked and turned into tables here.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{
    block::Block,
    fill::Contract,
    spec::{
        BookSpec, ContractSpec, CostSpec, LayerSpec, LegSpec, PlanSpec, ProgressionSpec, SCHEMA, Settlement,
        SizeSpec, SizeTarget, StrikeSpec, Width,
    },
    summary::NAMES,
    trace::Trace,
};
use crate::{
    Error, Result,
    margin::{self, Leg, MarginModel},
    market::{
        generator::{Generator, generator},
        quote::Surface,
    },
    math::lanes::LANES,
    rules::{
        compile::Program,
        expr::{Expr, Rule},
        names::{Name, Scope},
    },
    schedule::{Every, Schedule},
};

/// Slots of a layer that reopens whenever it is flat: packages closed early are followed to expiry in the others.
const FLAT_SLOTS: usize = 4;

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
    pub(super) margin: Box<dyn MarginModel>,
    pub(super) costs: CostSpec,
    pub(super) pools: Vec<PoolPlan>,
    pub(super) enters: Vec<RulePlan>,
    pub(super) exits: Vec<ExitPlan>,
    pub(super) indicators: Vec<Name>,
    pub(super) books: Vec<BookPlan>,
}

/// A timeline of packages: who opens it may differ, what is opened does not.
#[derive(Debug)]
pub(super) struct PoolPlan {
    pub contract: Contract,
    /// Product points → SPX points.
    pub points_to_spx: f64,
    pub legs: Vec<LegSpec>,
    pub margin_legs: Vec<Leg>,
    /// Fees of one lot and trade, dollars.
    pub fees: f64,
    /// Expiry by fill session.
    pub expiry: Vec<u32>,
    /// Decision sessions; `None`: whenever flat.
    pub decides: Option<Vec<bool>>,
    /// Chains that share the layer's size.
    pub tranches: usize,
    pub slots: usize,
    key: PoolKey,
}

/// Two layers share packages when all of this agrees.
#[derive(Clone, Debug, PartialEq)]
struct PoolKey {
    product: String,
    legs: Vec<LegSpec>,
    days: crate::schedule::DaysWindow,
    every: Every,
    /// A layer that follows its own book shares with nobody.
    owner: Option<(usize, usize)>,
}

#[derive(Debug)]
pub(super) struct RulePlan {
    pub text: String,
    tree: Expr,
    pub program: Program,
    /// The book whose figures the rule reads; `None`: every book sees the same value.
    pub owner: Option<usize>,
}

impl RulePlan {
    fn compile(rule: &Rule, scope: Scope, book: usize) -> Result<Self> {
        let program = Program::compile(rule, scope)?;
        let owned = program.inputs().iter().any(|name| name.entry().scope == Scope::Book);
        Ok(Self { text: rule.text.clone(), tree: rule.tree.clone(), program, owner: owned.then_some(book) })
    }

    fn serves(&self, rule: &Rule, book: usize) -> bool {
        self.tree == rule.tree && self.owner.is_none_or(|owner| owner == book)
    }
}

#[derive(Debug)]
pub(super) struct ExitPlan {
    pub pool: usize,
    pub rule: RulePlan,
}

#[derive(Debug)]
pub(super) struct LayerPlan {
    pub pool: usize,
    pub enter: Option<usize>,
    pub exit: Option<usize>,
    pub size: SizeSpec,
    pub progression: Option<ProgressionSpec>,
}

#[derive(Debug)]
pub(super) struct BookPlan {
    pub arm: String,
    pub share: f64,
    pub layers: Vec<LayerPlan>,
}

impl BookPlan {
    /// The layers that trade the packages of this pool.
    pub fn layers_on(&self, pool: usize) -> impl Iterator<Item = usize> + '_ {
        self.layers.iter().enumerate().filter(move |(_, layer)| layer.pool == pool).map(|(index, _)| index)
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
        let schedule = Schedule::new(spec.schedule)?;
        let generator = generator(&spec.market)?;
        let mut builder = Builder {
            schedule: &schedule,
            contracts: &spec.contracts,
            costs: spec.costs,
            pools: vec![],
            enters: vec![],
            exits: vec![],
        };
        let books = builder.books(&spec.books)?;
        let Builder { pools, enters, exits, .. } = builder;
        let programs = || enters.iter().map(|r| &r.program).chain(exits.iter().map(|e| &e.rule.program));
        let warm_up = programs().map(Program::warm_up).max().unwrap_or(0);
        let mut indicators: Vec<Name> =
            programs().flat_map(Program::inputs).copied().filter(|name| name.is_indicator()).collect();
        indicators.sort();
        indicators.dedup();
        check_horizon(&schedule, generator.rows(), &spec.starts, spec.sessions, warm_up)?;
        Ok(Self {
            capital: spec.capital,
            sessions: spec.sessions,
            seed: spec.seed,
            ruin_nav: spec.ruin_share * spec.capital,
            starts: spec.starts,
            warm_up,
            surface: generator.surface(),
            schedule,
            generator,
            margin: margin::model(spec.margin),
            costs: spec.costs,
            pools,
            enters,
            exits,
            indicators,
            books,
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
        Ok(self.books[book].layers.iter().map(|layer| self.pools[layer.pool].tranches).collect())
    }

    fn check_book(&self, book: usize) -> Result<()> {
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
        if self.paths().is_some_and(|have| first_path as usize + paths > have) {
            return Err(Error::domain(
                "paths",
                first_path as usize + paths,
                format!("the replayed market has {} starts", self.starts.len()),
            ));
        }
        // A pool per call: the global one does not survive a fork.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| Error::Spec(format!("threads: {e}")))?;
        let blocks: Vec<Vec<f64>> = pool.install(|| {
            (0..paths.div_ceil(LANES))
                .into_par_iter()
                .map_init(
                    || Block::new(self),
                    |block, index| {
                        let offset = index * LANES;
                        let live = LANES.min(paths - offset);
                        block.run(first_path + offset as u64, live);
                        block.rows(live)
                    },
                )
                .collect()
        });
        let mut columns = vec![Vec::with_capacity(paths * self.books()); NAMES.len()];
        for block in &blocks {
            let rows = block.len() / NAMES.len();
            for (column, values) in columns.iter_mut().zip(block.chunks_exact(rows)) {
                column.extend_from_slice(values);
            }
        }
        Ok(Paths { paths, columns })
    }

    /// One path of one book, day by day.
    pub fn trace(&self, path: u64, book: usize) -> Result<Trace> {
        self.check_book(book)?;
        if self.paths().is_some_and(|have| path as usize >= have) {
            return Err(Error::domain("path", path, format!("0 to {}", self.starts.len() - 1)));
        }
        let mut block = Block::new(self);
        block.watch(book);
        block.run(path, 1);
        Ok(block.into_trace())
    }
}

fn positive(name: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::domain(name, value, "a positive finite number"))
}

fn within(name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::domain(name, value, format!("between {low} and {high}")))
}

fn check_costs(costs: &CostSpec) -> Result<()> {
    within("costs.order_share", costs.order_share, 0.0, 2.0)?;
    within("costs.liquidation_share", costs.liquidation_share, 0.0, 10.0)?;
    within("costs.half_spread_scale", costs.half_spread_scale, 0.0, 10.0)?;
    within("costs.half_spread_power", costs.half_spread_power, 0.0, 2.0)?;
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

struct Builder<'a> {
    schedule: &'a Schedule,
    contracts: &'a BTreeMap<String, ContractSpec>,
    costs: CostSpec,
    pools: Vec<PoolPlan>,
    enters: Vec<RulePlan>,
    exits: Vec<ExitPlan>,
}

impl Builder<'_> {
    fn books(&mut self, specs: &[BookSpec]) -> Result<Vec<BookPlan>> {
        if specs.is_empty() {
            return Err(Error::Spec("books: at least one is needed".into()));
        }
        specs.iter().enumerate().map(|(index, spec)| self.book(index, spec)).collect()
    }

    fn book(&mut self, index: usize, spec: &BookSpec) -> Result<BookPlan> {
        if spec.layers.is_empty() {
            return Err(Error::Spec(format!("arm {}: at least one layer is needed", spec.arm)));
        }
        let layers = spec
            .layers
            .iter()
            .enumerate()
            .map(|(l, layer)| self.layer(&format!("{}.{}", spec.arm, layer.name), (index, l), layer))
            .collect::<Result<_>>()?;
        Ok(BookPlan { arm: spec.arm.clone(), share: spec.share, layers })
    }

    fn layer(&mut self, path: &str, owner: (usize, usize), spec: &LayerSpec) -> Result<LayerPlan> {
        check_size(path, &spec.size)?;
        check_progression(path, spec.progression.as_ref())?;
        if spec.size.target == SizeTarget::MarginShare && spec.legs.iter().all(|leg| leg.ratio > 0) {
            let allowed = "a layer that sells something: bought options tie up premium, not margin";
            return Err(Error::domain(format!("{path}.size.target"), "margin_share", allowed));
        }
        let pool = self.pool(path, owner, spec)?;
        let enter = spec.enter.as_ref().map(|rule| self.enter(owner.0, rule)).transpose()?;
        let exit = spec.exit.as_ref().map(|rule| self.exit(owner.0, pool, rule)).transpose()?;
        Ok(LayerPlan { pool, enter, exit, size: spec.size, progression: spec.progression })
    }

    fn pool(&mut self, path: &str, owner: (usize, usize), spec: &LayerSpec) -> Result<usize> {
        let key = PoolKey {
            product: spec.product.clone(),
            legs: spec.legs.clone(),
            days: spec.days,
            every: spec.every,
            owner: (spec.every == Every::Flat).then_some(owner),
        };
        if let Some(known) = self.pools.iter().position(|pool| pool.key == key) {
            return Ok(known);
        }
        let row = self.contracts.get(&spec.product).ok_or_else(|| {
            let known: Vec<_> = self.contracts.keys().cloned().collect();
            Error::domain(format!("{path}.product"), &spec.product, format!("one of {}", known.join(", ")))
        })?;
        if row.settlement == Settlement::Opening {
            let allowed = "a product that settles to the close: opening settlement is not built yet";
            return Err(Error::domain(format!("{path}.product"), &spec.product, allowed));
        }
        let margin_legs = check_legs(path, &spec.legs)?;
        if spec.days.low < 1 || spec.days.high < spec.days.low {
            return Err(Error::domain(
                format!("{path}.days"),
                format!("{:?}", spec.days),
                "1 <= low <= high",
            ));
        }
        let contract = Contract::new(row, &self.costs);
        let expiry = self.schedule.expiry_table(&spec.product, spec.days)?;
        let decides = self.schedule.decision_sessions(spec.every);
        let (tranches, slots) = match &decides {
            None => (1, FLAT_SLOTS),
            Some(decides) => {
                let needed = self.schedule.slots_needed(decides, &expiry);
                (needed, needed)
            }
        };
        let contracts: i32 = spec.legs.iter().map(|leg| leg.ratio.abs()).sum();
        let fees = f64::from(contracts) * contract.fee;
        self.pools.push(PoolPlan {
            contract,
            points_to_spx: 1.0 / row.index_fraction,
            legs: spec.legs.clone(),
            margin_legs,
            fees,
            expiry,
            decides,
            tranches,
            slots,
            key,
        });
        Ok(self.pools.len() - 1)
    }

    fn enter(&mut self, book: usize, rule: &Rule) -> Result<usize> {
        if let Some(known) = self.enters.iter().position(|plan| plan.serves(rule, book)) {
            return Ok(known);
        }
        self.enters.push(RulePlan::compile(rule, Scope::Book, book)?);
        Ok(self.enters.len() - 1)
    }

    fn exit(&mut self, book: usize, pool: usize, rule: &Rule) -> Result<usize> {
        let same = |plan: &ExitPlan| plan.pool == pool && plan.rule.serves(rule, book);
        if let Some(known) = self.exits.iter().position(same) {
            return Ok(known);
        }
        self.exits.push(ExitPlan { pool, rule: RulePlan::compile(rule, Scope::Position, book)? });
        Ok(self.exits.len() - 1)
    }
}

fn check_legs(path: &str, legs: &[LegSpec]) -> Result<Vec<Leg>> {
    if legs.is_empty() {
        return Err(Error::Spec(format!("{path}.legs: at least one is needed")));
    }
    for (index, leg) in legs.iter().enumerate() {
        let at = format!("{path}.legs[{index}]");
        if leg.ratio == 0 {
            return Err(Error::domain(format!("{at}.ratio"), 0, "not zero: negative is sold"));
        }
        match leg.strike {
            StrikeSpec::Delta { value } if !(value > 0.0 && value < 1.0) => {
                return Err(Error::domain(format!("{at}.strike.value"), value, "a |delta| between 0 and 1"));
            }
            StrikeSpec::ExpectedMove { multiple, .. } if !(multiple >= 0.0 && multiple.is_finite()) => {
                return Err(Error::domain(format!("{at}.strike.multiple"), multiple, "0 or more"));
            }
            StrikeSpec::Offset { from, .. } if from >= index => {
                return Err(Error::domain(format!("{at}.strike.from"), from, "an earlier leg"));
            }
            StrikeSpec::Offset { width: Width::Fraction(w) | Width::Points(w), .. }
                if w.is_nan() || w <= 0.0 =>
            {
                return Err(Error::domain(format!("{at}.strike.width"), w, "positive"));
            }
            _ => {}
        }
    }
    let legs: Vec<Leg> =
        legs.iter().map(|leg| Leg { sign: leg.right.sign(), ratio: f64::from(leg.ratio) }).collect();
    if !margin::defined_risk(&legs) {
        return Err(Error::domain(
            format!("{path}.legs"),
            "net short",
            "defined risk: every short call or put needs a long one of the same right (C13)",
        ));
    }
    Ok(legs)
}

fn check_size(path: &str, size: &SizeSpec) -> Result<()> {
    within(&format!("{path}.size.value"), size.value, 0.0, 1e9)?;
    within(&format!("{path}.size.multiplier"), size.multiplier, 0.0, 1e6)
}

fn check_progression(path: &str, rule: Option<&ProgressionSpec>) -> Result<()> {
    let Some(rule) = rule else { return Ok(()) };
    within(&format!("{path}.progression.max_doublings"), f64::from(rule.max_doublings), 0.0, 40.0)?;
    if let Some(lots) = rule.max_lots {
        positive(&format!("{path}.progression.max_lots"), lots)?;
    }
    if let Some(share) = rule.max_margin_share {
        positive(&format!("{path}.progression.max_margin_share"), share)?;
    }
    Ok(())
}
