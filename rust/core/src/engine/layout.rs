//! What the books of a comparison trade: checked, and equal packages and rules found once.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    check::{
        check_begins, check_calls, check_contract, check_entry, check_layer, check_ledgers, check_legs,
        check_liquidity, check_quoted_at, check_share, check_short, check_weight,
    },
    exposure::Asked,
    fill::Contract,
    instrument::Instrument,
    permits::Permit,
    spec::{
        BookSpec, CallsSpec, Cap, ContractSpec, CostSpec, HeldSpec, LayerSpec, LedgerMode, LedgerName,
        LedgersSpec, LegSpec, LiquiditySpec, OverrideSpec, PermitSpec, PreferSpec, ProgressionSpec, Right,
        Role, RollLimits, Rung, ShortSpec, SizeSpec, SizeTarget, TrancheSpec, WeightSpec,
    },
    weight::Weight,
};
use crate::{
    Error, Result,
    margin::{Basis, Leg, MarginRule, Moved},
    market::{generator::Generator, recorded_chain::RecordedChain},
    math::lanes::Col,
    rules::{
        compile::Program,
        expr::{Expr, Rule},
        input::Input,
        names::{Name, Scope},
    },
    schedule::{DaysWindow, Every, NO_EXPIRY, Schedule},
};

/// Slots of a layer that reopens whenever it is flat: packages closed early are followed to expiry in the others.
const FLAT_SLOTS: usize = 4;

/// Layers of a book: each has a column of its own among the figures.
pub(super) const MAX_LAYERS: usize = 10;

/// A timeline of packages: who opens it may differ, what is opened does not.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "questions that are asked apart")]
pub(super) struct PoolPlan {
    pub contract: Contract,
    /// Product points → points of the underlying.
    pub to_underlying: f64,
    pub legs: Vec<LegSpec>,
    pub margin_legs: Vec<Leg>,
    /// Fees of one lot and trade, dollars.
    pub fees: f64,
    /// Recorded quotes of its product.
    pub chain: Option<Arc<RecordedChain>>,
    /// Expiry by fill session.
    pub expiry: Vec<u32>,
    /// Decision sessions; `None`: whenever flat.
    pub decides: Option<Vec<bool>>,
    /// Chains that share the layer's size.
    pub tranches: usize,
    pub slots: usize,
    /// Slots behind these for what a book begins with: no opening uses them.
    pub begun: usize,
    /// Some book that trades it hedges: dollars per VIX point and challenges are wanted every session.
    pub hedged: bool,
    /// Calendar days left at the planned end (R61).
    pub end_days: i32,
    /// Fall of ln S in which the gain of one unit is wanted (R24).
    pub crash: Option<f64>,
    /// The gain of one unit when S falls by 1% is wanted (R24).
    pub falls: bool,
    /// What a day takes from one unit is wanted: its theta per vega is compared (R32).
    pub dated: bool,
    /// Move of ln S in the one-day stress, where what one unit changes by is wanted every session (R64).
    pub stress: Option<f64>,
    /// SPX puts are bought: R44 is checked at the entry.
    pub buys_puts: bool,
    /// What exit rules read of the exposure of a package.
    pub asked: Asked,
    /// What it does inside sessions.
    pub inside: InsidePlan,
    /// The pool of the calls that cover what is sold here, slot by slot: the short legs of diagonals.
    pub covered_by: Option<usize>,
    key: PoolKey,
}

/// What a pool does inside sessions.
#[derive(Debug)]
pub(super) struct InsidePlan {
    /// Minutes since the opening at which it is opened; `None`: at the close.
    pub at: Option<u32>,
    /// Its packages are priced at every instant.
    pub marked: bool,
}

impl PoolPlan {
    /// Contracts of one lot.
    pub fn contracts(&self) -> i32 {
        if self.legs.is_empty() { 1 } else { self.legs.iter().map(|leg| leg.ratio.abs()).sum() }
    }

    /// Packages that it has room for.
    pub fn places(&self) -> usize {
        self.slots + self.begun
    }

    /// Is an expiry listed, at a fill on this session, that is nearer than that of the call which would cover it?
    pub fn sold_against(&self, session: u32, expiry: u32) -> bool {
        let listed = self.expiry[session as usize];
        listed != NO_EXPIRY && listed < expiry
    }

    /// Are its longs paid for in full, rather than margined?
    pub fn pays_premium(&self) -> bool {
        self.contract.instrument != Instrument::VixFuture
    }

    /// A package as portfolio margin sees it.
    pub fn moved<'a>(&'a self, strikes: &'a [Col], prices: &'a [Col], basis: &'a Basis) -> Moved<'a> {
        let Contract { instrument, dpp, multiplier, leverage, .. } = self.contract;
        let (class, legs) = (instrument.class(), &self.margin_legs);
        // A share tells what it moves by itself.
        let leverage = if instrument.is_share() { 1.0 } else { leverage };
        Moved { class, legs, strikes, prices, basis, dpp, multiplier, leverage }
    }

    /// Share of the summed half-spreads that an order pays.
    pub fn order_share(&self, costs: &CostSpec) -> f64 {
        if self.legs.len() > 1 { costs.order_share } else { costs.single_share }
    }
}

/// Two layers share packages when all of this agrees.
#[derive(Clone, Debug, PartialEq)]
struct PoolKey {
    product: String,
    legs: Vec<LegSpec>,
    days: DaysWindow,
    after: Option<String>,
    every: Every,
    at: Option<u32>,
    end_days: i32,
    crash: Option<u64>,
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
    fn compile(rule: &Rule, scope: Scope, given: &[Arc<str>], book: usize) -> Result<Self> {
        Ok(Self::owned(rule, Program::compile_given(rule, scope, given)?, book))
    }

    /// A number on market and book.
    fn number(rule: &Rule, given: &[Arc<str>], book: usize) -> Result<Self> {
        Ok(Self::owned(rule, Program::compile_number(rule, Scope::Book, given)?, book))
    }

    fn owned(rule: &Rule, program: Program, book: usize) -> Self {
        let owned = program.inputs().iter().any(|input| input.scope() == Scope::Book);
        Self { text: rule.text.clone(), tree: rule.tree.clone(), program, owner: owned.then_some(book) }
    }

    fn serves(&self, rule: &Rule, book: usize) -> bool {
        self.tree == rule.tree && self.owner.is_none_or(|owner| owner == book)
    }
}

#[derive(Debug)]
pub(super) struct ExitPlan {
    pub pool: usize,
    pub rule: RulePlan,
    /// It is asked at every instant of a session, not at the close alone (R13).
    pub watched: bool,
}

#[derive(Debug)]
pub(super) struct LayerPlan {
    pub pool: usize,
    pub role: Role,
    /// Index of the ledger whose cash it uses.
    pub ledger: usize,
    pub enter: Option<usize>,
    /// What an opening and a roll need besides.
    pub permits: Vec<Permit>,
    pub overrides: Vec<OverrideSpec>,
    pub exit: Option<usize>,
    pub roll_below: Option<i32>,
    pub monetise: Vec<Rung>,
    pub press: Option<PressPlan>,
    /// Parts of the target; none: all of it at once.
    pub tranches: Vec<TranchePlan>,
    pub roll_limits: Option<RollLimits>,
    /// The layer of the specification that it belongs to, by index: another package of a layer has one of its own.
    pub of: usize,
    /// What may be bought in its place, in order of preference.
    pub others: Vec<OtherPlan>,
    pub size: SizeSpec,
    /// Rules of `size.reduced` and `size.reductions`, and what they multiply the target with.
    pub reduced: Vec<(usize, f64)>,
    /// How many times its target counts.
    pub weight: Option<Weight>,
    pub progression: Option<ProgressionSpec>,
    /// Its tranches are followed inside sessions: excursions there count.
    pub followed_inside: bool,
    /// Shares of a fund, which have no expiry.
    pub holds_shares: bool,
    /// What is sold against what it buys.
    pub short: Option<ShortPlan>,
    /// It is what is sold against the calls of another layer, which cover it slot by slot.
    pub covered: bool,
}

impl LayerPlan {
    pub fn hedges(&self) -> bool {
        self.role == Role::Hedge
    }

    /// May a tranche be sold in part?
    pub fn sells_in_part(&self) -> bool {
        !self.monetise.is_empty() || self.press.is_some()
    }

    /// Share of the target that these tranches have together; each is a bit.
    pub fn share_of(&self, tranches: u32) -> f64 {
        let counted = self.tranches.iter().enumerate().filter(|(index, _)| tranches >> index & 1 == 1);
        if self.tranches.is_empty() { 1.0 } else { counted.map(|(_, tranche)| tranche.share).sum() }
    }
}

/// Another package of a layer: a layer of its own, of which one opens at a time.
#[derive(Debug)]
pub(super) struct OtherPlan {
    pub layer: usize,
    pub prefer: Prefer,
}

/// The short legs of diagonals: a layer of its own, of which each slot is covered by the same slot of the layer that buys.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortPlan {
    pub layer: usize,
    /// Lots sold for a lot held.
    pub share: f64,
    /// Share of the bought call's dollars per VIX point that is left at least, or none is bought by them.
    pub least_kept: f64,
    pub again: bool,
    /// The rule that must be true to sell, one of those that open.
    pub when: Option<usize>,
}

/// When it is bought; rules are among those that open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Prefer {
    Lots { least: f64 },
    ThetaPerVega { when: usize },
}

/// Partial sales while a rule holds; the rule is one of those that open.
#[derive(Debug)]
pub(super) struct PressPlan {
    pub when: usize,
    pub at: f64,
    pub sell: f64,
}

/// A part of the target, and the rule that adds it, one of those that open; the first has that of the layer.
#[derive(Debug)]
pub(super) struct TranchePlan {
    pub share: f64,
    pub when: Option<usize>,
}

/// A rule that moves money: indices of ledgers.
#[derive(Debug)]
pub(super) struct TransferPlan {
    pub when: usize,
    pub from: usize,
    pub to: usize,
    pub share: f64,
}

#[derive(Debug)]
pub(super) struct BookPlan {
    pub arm: String,
    pub share: f64,
    pub layers: Vec<LayerPlan>,
    /// Share of the capital in the second ledger; `None`: one ledger.
    pub sleeve_share: Option<f64>,
    pub budget_per_year: Option<f64>,
    /// How many times budgets count.
    pub budget_weight: Option<Weight>,
    pub transfers: Vec<TransferPlan>,
    /// Share at which the hedge counts towards what the core requires; `None`: it does not (R62).
    pub offset: Option<f64>,
    pub calls: CallsSpec,
    pub liquidity: Option<LiquiditySpec>,
    /// Some layer is a hedge.
    pub hedged: bool,
    /// What its rules read of it.
    pub reads: Reads,
    /// What it holds at session 0; `None`: its capital in cash.
    pub begins: Option<BeginPlan>,
}

/// What some rule of a book reads of it.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// What its core has gone through, though nothing hedges it.
    pub core: bool,
    /// The greeks of its core.
    pub greeks: bool,
    /// What its requirement earns.
    pub earned: bool,
}

/// What a book holds at session 0.
#[derive(Debug)]
pub(super) struct BeginPlan {
    /// Per ledger, dollars.
    pub cash: [f64; 2],
    /// Expected cost committed before, dollars.
    pub committed: f64,
    /// Each tranche with its slot.
    pub held: Vec<(usize, HeldSpec)>,
}

impl BookPlan {
    /// The layers of the specification: those behind them are other packages of theirs.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &LayerPlan)> {
        self.layers.iter().enumerate().filter(|(index, layer)| layer.of == *index)
    }

    /// A layer of the specification and its other packages.
    pub fn family(&self, layer: usize) -> impl Iterator<Item = usize> + '_ {
        let of = self.layers[layer].of;
        std::iter::once(of).chain(self.layers[of].others.iter().map(|other| other.layer))
    }

    /// The same, and behind them what is sold against what they buy.
    pub fn packages(&self, layer: usize) -> impl Iterator<Item = usize> + '_ {
        let of = self.layers[layer].of;
        self.family(layer).chain(self.layers[of].short.map(|short| short.layer))
    }

    /// The layers that trade the packages of this pool.
    pub fn layers_on(&self, pool: usize) -> impl Iterator<Item = usize> + '_ {
        self.layers.iter().enumerate().filter(move |(_, layer)| layer.pool == pool).map(|(index, _)| index)
    }
}

/// What all books trade, equal things once.
#[derive(Debug)]
pub(super) struct Layout {
    pub pools: Vec<PoolPlan>,
    pub enters: Vec<RulePlan>,
    /// What weights are made of.
    pub numbers: Vec<RulePlan>,
    pub exits: Vec<ExitPlan>,
    pub books: Vec<BookPlan>,
    /// Move of ln S in the one-day stress, where some book asks for it (R64).
    pub stress: Option<f64>,
}

impl Layout {
    /// Checks every layer of every book and finds what they share; `inside`: sessions have instants inside.
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a part of the specification, and nothing joins them"
    )]
    pub fn new(
        schedule: &Schedule,
        contracts: &BTreeMap<String, ContractSpec>,
        costs: CostSpec,
        margin: &MarginRule,
        books: &[BookSpec],
        market: &dyn Generator,
        given: &[Arc<str>],
        inside: bool,
    ) -> Result<Self> {
        for (product, row) in contracts {
            check_contract(product, row, contracts)?;
        }
        let mut builder = Builder {
            schedule,
            contracts,
            costs,
            margin,
            market,
            given,
            inside,
            pools: vec![],
            enters: vec![],
            numbers: vec![],
            exits: vec![],
        };
        let mut books = builder.books(books)?;
        let Builder { mut pools, enters, numbers, exits, .. } = builder;
        for short in 0..pools.len() {
            // A slot for each of those that cover, whichever layers they are of.
            if let Some(long) = pools[short].covered_by {
                pools[short].begun = pools[long].begun;
            }
        }
        for rule in enters.iter().chain(&numbers).chain(exits.iter().map(|exit| &exit.rule)) {
            let Some(book) = rule.owner.map(|owner| &mut books[owner]) else { continue };
            observe_core(rule.program.inputs(), book, &mut pools);
        }
        for layer in books.iter().filter(|book| book.hedged).flat_map(|book| &book.layers) {
            pools[layer.pool].hedged = true;
            if layer.size.target == SizeTarget::ThreatenedDelta {
                pools[layer.pool].falls = true;
            }
        }
        let stress = one_stress(&books)?;
        for layer in books.iter().filter(|book| book.liquidity.is_some()).flat_map(|book| &book.layers) {
            let pool = &mut pools[layer.pool];
            pool.stress = stress.filter(|_| pool.contract.instrument != Instrument::VixFuture);
        }
        for ExitPlan { pool, rule, watched } in &exits {
            let pool = &mut pools[*pool];
            pool.inside.marked |= *watched;
            pool.asked = pool.asked.or(Asked::new(rule.program.inputs(), pool.contract.instrument));
        }
        // What is sized inside a session is sized on the marks of that instant, whoever else watches them.
        for book in &books {
            if book.layers.iter().any(|layer| pools[layer.pool].inside.at.is_some()) {
                for layer in &book.layers {
                    let pool = &mut pools[layer.pool];
                    // Shares are priced at closes, and so is what is on them.
                    let instrument = pool.contract.instrument;
                    pool.inside.marked |= !instrument.is_outright() && instrument.fund().is_none();
                }
            }
        }
        Ok(Self { pools, enters, numbers, exits, books, stress })
    }
}

/// What the names of a book in a rule ask of it and of the packages of its core.
fn observe_core(inputs: &[Input], book: &mut BookPlan, pools: &mut [PoolPlan]) {
    const CORE: [Name; 4] = [Name::CoreChallenge, Name::CoreLossMultiple, Name::CoreSdMove, Name::CoreVega];
    let reads_core = CORE.iter().any(|name| inputs.contains(&Input::Name(*name)));
    book.reads.core |= reads_core;
    book.reads.earned |= inputs.contains(&Input::Name(Name::ReturnOnMargin));
    for layer in book.layers.iter().filter(|layer| !layer.hedges()) {
        let pool = &mut pools[layer.pool];
        pool.hedged |= reads_core;
        let asked = Asked::of_book(inputs, pool.contract.instrument);
        book.reads.greeks |= asked.any();
        pool.asked = pool.asked.or(asked);
    }
}

/// Can a rule be asked inside a session, and does it gain by it?
///
/// It reads the mark or where SPX stands, and remembers nothing: what looks back counts sessions. What it reads besides
/// of market and book is that of the close before; of a position's greeks that would be too old.
fn watches_the_mark(program: &Program) -> bool {
    let names = || {
        program.inputs().iter().filter_map(|input| match input {
            Input::Name(name) => Some(*name),
            Input::Given { .. } => None,
        })
    };
    let mark = [Name::Mark, Name::Loss, Name::Profit, Name::BreakevenChallenge];
    !program.remembers()
        && names().any(|name| mark.contains(&name))
        && !Asked::new(program.inputs(), Instrument::SpxOption).any()
}

/// The move of the one-day stress: books share packages, so it is the same wherever it is asked for.
fn one_stress(books: &[BookPlan]) -> Result<Option<f64>> {
    let mut moves = books.iter().filter_map(|book| book.liquidity.map(|rule| (&book.arm, rule.ln_move)));
    let Some((_, first)) = moves.next() else { return Ok(None) };
    match moves.find(|(_, other)| *other != first) {
        Some((arm, other)) => Err(Error::domain(
            format!("{arm}.liquidity.ln_move"),
            other,
            format!("{first}, as in the other arms: the stress of a package is the same for all of them"),
        )),
        None => Ok(Some(first)),
    }
}

struct Builder<'a> {
    schedule: &'a Schedule,
    contracts: &'a BTreeMap<String, ContractSpec>,
    costs: CostSpec,
    margin: &'a MarginRule,
    market: &'a dyn Generator,
    /// Names of the signals from outside.
    given: &'a [Arc<str>],
    /// Are there instants inside sessions?
    inside: bool,
    pools: Vec<PoolPlan>,
    enters: Vec<RulePlan>,
    numbers: Vec<RulePlan>,
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
        if spec.layers.len() > MAX_LAYERS {
            let allowed = format!("at most {MAX_LAYERS}");
            return Err(Error::domain(format!("{}.layers", spec.arm), spec.layers.len(), allowed));
        }
        check_ledgers(&spec.arm, spec.ledgers.as_ref())?;
        check_calls(&spec.arm, &spec.calls)?;
        check_liquidity(&spec.arm, spec.liquidity.as_ref())?;
        let separate = spec.ledgers.as_ref().filter(|ledgers| ledgers.mode == LedgerMode::Separate);
        let place = |name: LedgerName| usize::from(separate.is_some() && name == LedgerName::Sleeve);
        let mut layers: Vec<LayerPlan> = spec
            .layers
            .iter()
            .enumerate()
            .map(|(l, layer)| {
                let path = format!("{}.{}", spec.arm, layer.name);
                self.layer(&path, (index, l), layer, place(layer.ledger), spec.ledgers.as_ref())
            })
            .collect::<Result<_>>()?;
        for (l, layer) in spec.layers.iter().enumerate() {
            self.others(index, l, layer, &format!("{}.{}", spec.arm, layer.name), &mut layers)?;
        }
        for (l, layer) in spec.layers.iter().enumerate() {
            if let Some(short) = &layer.short {
                let path = format!("{}.{}.short", spec.arm, layer.name);
                self.short((index, l), layer, short, &path, &mut layers)?;
            }
        }
        if let Some(begins) = &spec.begins {
            check_begins(spec, begins)?;
        }
        let transfers = match separate {
            Some(ledgers) => ledgers
                .transfers
                .iter()
                .map(|transfer| {
                    let when = self.enter(index, &transfer.when)?;
                    Ok(TransferPlan {
                        when,
                        from: place(transfer.from),
                        to: place(transfer.to),
                        share: transfer.share,
                    })
                })
                .collect::<Result<_>>()?,
            None => vec![],
        };
        let weight = spec.ledgers.as_ref().and_then(|ledgers| ledgers.budget_weight.as_ref());
        let at = format!("{}.ledgers.budget_weight", spec.arm);
        let budget_weight = weight.map(|weight| self.weight(&at, index, weight)).transpose()?;
        let budgeted = |layer: &LayerSpec| layer.size.caps.iter().any(Cap::is_budget);
        if budget_weight.is_some() && !spec.layers.iter().any(budgeted) {
            return Err(Error::domain(at, "a weight", "none, or a layer with a budget among its caps"));
        }
        let begins = spec.begins.as_ref().map(|begins| {
            let mut held: Vec<_> = vec![];
            for position in begins.positions.iter().filter(|position| position.covered_by.is_none()) {
                let others = &layers[position.layer].others;
                let other = position.other.checked_sub(1).map(|other| others[other].layer);
                let layer = other.unwrap_or(position.layer);
                let pool = &mut self.pools[layers[layer].pool];
                pool.begun += 1;
                held.push((pool.slots + pool.begun - 1, HeldSpec { layer, ..position.clone() }));
            }
            // Behind what covers them, in the same slots.
            for position in &begins.positions {
                let covered = position.covered_by.zip(layers[position.layer].short);
                let Some((by, short)) = covered else { continue };
                let before = &begins.positions[..by];
                let slot = held[before.iter().filter(|each| each.covered_by.is_none()).count()].0;
                held.push((slot, HeldSpec { layer: short.layer, ..position.clone() }));
            }
            BeginPlan { cash: begins.cash, committed: begins.committed, held }
        });
        Ok(BookPlan {
            arm: spec.arm.clone(),
            begins,
            share: spec.share,
            hedged: layers.iter().any(LayerPlan::hedges),
            reads: Reads::default(),
            layers,
            sleeve_share: separate.map(|ledgers| ledgers.sleeve_share),
            budget_per_year: spec.ledgers.as_ref().and_then(|ledgers| ledgers.budget_per_year),
            budget_weight,
            transfers,
            offset: spec
                .ledgers
                .as_ref()
                .filter(|l| l.mode == LedgerMode::Offset)
                .map(|_| self.margin.offset()),
            calls: spec.calls.clone(),
            liquidity: spec.liquidity,
        })
    }

    fn layer(
        &mut self,
        path: &str,
        owner: (usize, usize),
        spec: &LayerSpec,
        ledger: usize,
        ledgers: Option<&LedgersSpec>,
    ) -> Result<LayerPlan> {
        check_layer(path, spec, ledgers)?;
        self.acting(path, owner, spec, ledger)
    }

    fn acting(
        &mut self,
        path: &str,
        owner: (usize, usize),
        spec: &LayerSpec,
        ledger: usize,
    ) -> Result<LayerPlan> {
        let pool = self.pool(path, owner, spec, None)?;
        self.on_pool(path, owner, spec, (pool, ledger))
    }

    fn on_pool(
        &mut self,
        path: &str,
        owner: (usize, usize),
        spec: &LayerSpec,
        (pool, ledger): (usize, usize),
    ) -> Result<LayerPlan> {
        let enter = spec.enter.as_ref().map(|rule| self.enter(owner.0, rule)).transpose()?;
        let core = spec.role == Role::Core;
        let exit = spec.exit.as_ref().map(|rule| self.exit(owner.0, pool, core, rule)).transpose()?;
        let watched = exit.is_some_and(|exit| self.exits[exit].watched);
        let permit = |permit: &PermitSpec| {
            let rule = self.enter(owner.0, &permit.when)?;
            Ok(Permit { name: permit.name.clone(), rule, rolls_only: permit.rolls_only })
        };
        let permits = spec.permits.iter().map(permit).collect::<Result<_>>()?;
        let press = spec.press.as_ref().map(|press| {
            Ok(PressPlan { when: self.enter(owner.0, &press.when)?, at: press.at, sell: press.sell })
        });
        let press = press.transpose()?;
        let tranche = |tranche: &TrancheSpec| {
            let when = tranche.when.as_ref().map(|rule| self.enter(owner.0, rule)).transpose()?;
            Ok(TranchePlan { share: tranche.share, when })
        };
        let tranches = spec.tranches.iter().map(tranche).collect::<Result<_>>()?;
        let reduced = spec.size.reduced.iter().chain(&spec.size.reductions);
        let reduced = reduced.map(|r| Ok((self.enter(owner.0, &r.when)?, r.to))).collect::<Result<_>>()?;
        let at = format!("{path}.size.weight");
        let weight = spec.size.weight.as_ref();
        let weight = weight.map(|weight| self.weight(&at, owner.0, weight)).transpose()?;
        Ok(LayerPlan {
            pool,
            role: spec.role,
            ledger,
            enter,
            permits,
            overrides: spec.overrides.clone(),
            exit,
            roll_below: spec.roll_below,
            monetise: spec.monetise.clone(),
            press,
            tranches,
            roll_limits: spec.roll_limits,
            of: owner.1,
            others: vec![],
            size: spec.size.clone(),
            reduced,
            weight,
            progression: spec.progression,
            followed_inside: watched || spec.at.is_some(),
            holds_shares: self.pools[pool].contract.instrument.is_share(),
            short: None,
            covered: self.pools[pool].covered_by.is_some(),
        })
    }

    /// Appends a layer for what is sold against the calls that a layer buys.
    ///
    /// It decides nothing by itself: its tranches are opened and closed with those that cover them.
    fn short(
        &mut self,
        (book, of): (usize, usize),
        spec: &LayerSpec,
        short: &ShortSpec,
        path: &str,
        layers: &mut Vec<LayerPlan>,
    ) -> Result<()> {
        let size = SizeSpec {
            target: SizeTarget::Lots,
            caps: vec![],
            reduced: None,
            reductions: vec![],
            band: 0.0,
            review: false,
            weight: None,
            ..spec.size.clone()
        };
        let acting = LayerSpec {
            legs: vec![LegSpec { right: Right::Call, ratio: -1, strike: short.strike }],
            days: short.days,
            after: None,
            every: Every::Flat,
            enter: None,
            exit: None,
            permits: vec![],
            overrides: vec![],
            roll_below: None,
            monetise: vec![],
            press: None,
            tranches: vec![],
            roll_limits: None,
            short: None,
            size,
            ..spec.clone()
        };
        let LayerPlan { pool: long, ledger, .. } = layers[of];
        check_short(path, spec, short, &self.pools[long].contract)?;
        let owner = (book, layers.len());
        let pool = self.pool(path, owner, &acting, Some(long))?;
        let plan = self.on_pool(path, owner, &acting, (pool, ledger))?;
        let layer = layers.len();
        layers.push(LayerPlan { of, ..plan });
        let when = short.when.as_ref().map(|rule| self.enter(book, rule)).transpose()?;
        let ShortSpec { share, least_kept, again, .. } = *short;
        layers[of].short = Some(ShortPlan { layer, share, least_kept, again, when });
        Ok(())
    }

    /// Appends a layer for each other package of one of the specification.
    ///
    /// It is decided with that layer: rules that open, permits and overrides stay with it alone.
    fn others(
        &mut self,
        book: usize,
        of: usize,
        spec: &LayerSpec,
        path: &str,
        layers: &mut Vec<LayerPlan>,
    ) -> Result<()> {
        for (index, other) in spec.others.iter().enumerate() {
            let path = format!("{path}.others[{index}]");
            let acting = LayerSpec {
                product: other.product.clone(),
                days: other.days,
                enter: None,
                permits: vec![],
                overrides: vec![],
                others: vec![],
                ..spec.clone()
            };
            let ledger = layers[of].ledger;
            // Its caps were checked with its layer, by the ledgers of the book.
            let plan = self.acting(&path, (book, layers.len()), &acting, ledger)?;
            let prefer = match &other.prefer {
                PreferSpec::Lots { least } => Prefer::Lots { least: *least },
                PreferSpec::ThetaPerVega { when } => {
                    for pool in [plan.pool, layers[of].pool] {
                        self.pools[pool].dated = true;
                    }
                    Prefer::ThetaPerVega { when: self.enter(book, when)? }
                }
            };
            let layer = layers.len();
            layers.push(LayerPlan { of, ..plan });
            layers[of].others.push(OtherPlan { layer, prefer });
        }
        Ok(())
    }

    /// Finds or makes the timeline of packages that a layer trades; `covered_by`: that of the calls that cover them.
    fn pool(
        &mut self,
        path: &str,
        owner: (usize, usize),
        spec: &LayerSpec,
        covered_by: Option<usize>,
    ) -> Result<usize> {
        let crash = spec.size.caps.iter().find_map(|cap| match cap {
            Cap::CrashGain { ln_move } => Some(*ln_move),
            _ => None,
        });
        let key = PoolKey {
            product: spec.product.clone(),
            legs: spec.legs.clone(),
            days: spec.days,
            after: spec.after.clone(),
            every: spec.every,
            at: spec.at,
            end_days: spec.roll_below.unwrap_or(0),
            crash: crash.map(f64::to_bits),
            owner: (spec.every == Every::Flat).then_some(owner),
        };
        if let Some(known) = self.pools.iter().position(|pool| pool.key == key) {
            return Ok(known);
        }
        let row = self.contracts.get(&spec.product).ok_or_else(|| {
            let known: Vec<_> = self.contracts.keys().cloned().collect();
            Error::domain(format!("{path}.product"), &spec.product, format!("one of {}", known.join(", ")))
        })?;
        let shares = self.contracts.iter().filter_map(|(product, row)| Some((product, row.fund?)));
        let of = row.on.as_ref().unwrap_or(&spec.product);
        let fund = shares.enumerate().find(|(_, (product, _))| *product == of);
        let fund = fund.map(|(number, (_, fund))| (number as u8, fund));
        let contract = Contract::new(row, &self.costs, fund);
        let margin_legs = check_legs(path, &contract, &spec.legs, covered_by.is_some())?;
        if spec.days.low < 1 || spec.days.high < spec.days.low {
            return Err(Error::domain(
                format!("{path}.days"),
                format!("{:?}", spec.days),
                "1 <= low <= high",
            ));
        }
        let chain = self.market.recorded_chain(&spec.product);
        check_entry(path, spec, &contract, self.inside)?;
        check_share(path, spec, &contract, self.schedule)?;
        if let (Some(at), Some(chain)) = (spec.at, &chain) {
            check_quoted_at(path, at, chain)?;
        }
        // Where quotes are recorded, an expiry that has none on a session cannot be traded on it: neither at the time of
        // its opening nor at the close, at which it is marked first.
        let quoted = |session, expiry| {
            let at =
                |minute| chain.as_ref().is_none_or(|chain| chain.slice(session, expiry, minute).is_some());
            at(None) && spec.at.is_none_or(|minute| at(Some(minute)))
        };
        let after = spec.after.as_deref().map(|event| (event, contract.morning));
        let expiry = if contract.instrument.is_share() {
            // No session that a path reaches.
            vec![self.schedule.len() as u32 - 1; self.schedule.len()]
        } else {
            self.schedule.expiry_table(&spec.product, spec.days, after, quoted)?
        };
        let decides = self.schedule.decision_sessions(spec.every);
        let (tranches, slots) = match (&decides, covered_by) {
            // Linked slots: each is covered by the same slot of the calls that are bought.
            (_, Some(long)) => (1, self.pools[long].slots),
            // A roll needs a slot beside those of what is held.
            (None, None) => (1, FLAT_SLOTS.max(spec.tranches.len() + 1)),
            (Some(decides), None) => {
                let needed = self.schedule.slots_needed(decides, &expiry);
                (needed, needed)
            }
        };
        let spx = contract.instrument == Instrument::SpxOption;
        let contract_is_share = contract.instrument.is_share();
        let mut pool = PoolPlan {
            fees: contract.fee,
            contract,
            to_underlying: 1.0 / row.index_fraction,
            legs: spec.legs.clone(),
            margin_legs,
            chain,
            expiry,
            decides,
            tranches,
            slots,
            begun: 0,
            hedged: false,
            end_days: if contract_is_share { spec.days.target } else { spec.roll_below.unwrap_or(0) },
            crash,
            falls: false,
            dated: false,
            stress: None,
            buys_puts: spx
                && spec.role == Role::Hedge
                && spec.legs.iter().any(|leg| leg.right == Right::Put && leg.ratio > 0),
            asked: Asked::default(),
            inside: InsidePlan { at: spec.at, marked: spec.at.is_some() },
            covered_by,
            key,
        };
        pool.fees *= f64::from(pool.contracts());
        self.pools.push(pool);
        Ok(self.pools.len() - 1)
    }

    fn enter(&mut self, book: usize, rule: &Rule) -> Result<usize> {
        if let Some(known) = self.enters.iter().position(|plan| plan.serves(rule, book)) {
            return Ok(known);
        }
        self.enters.push(RulePlan::compile(rule, Scope::Book, self.given, book)?);
        Ok(self.enters.len() - 1)
    }

    fn weight(&mut self, at: &str, book: usize, spec: &WeightSpec) -> Result<Weight> {
        check_weight(at, spec)?;
        let known = self.numbers.iter().position(|plan| plan.serves(&spec.by, book));
        let number = known.unwrap_or(self.numbers.len());
        if known.is_none() {
            self.numbers.push(RulePlan::number(&spec.by, self.given, book)?);
        }
        Ok(Weight { number, low: spec.low, high: spec.high, unknown: spec.unknown })
    }

    fn exit(&mut self, book: usize, pool: usize, core: bool, rule: &Rule) -> Result<usize> {
        let compiled = RulePlan::compile(rule, Scope::Position, self.given, book)?;
        let option = self.pools[pool].contract.instrument == Instrument::SpxOption;
        let watched = self.inside && core && option && watches_the_mark(&compiled.program);
        let same =
            |plan: &ExitPlan| plan.pool == pool && plan.watched == watched && plan.rule.serves(rule, book);
        if let Some(known) = self.exits.iter().position(same) {
            return Ok(known);
        }
        self.exits.push(ExitPlan { pool, rule: compiled, watched });
        Ok(self.exits.len() - 1)
    }
}
