//! What the books of a comparison trade: checked, and equal packages and rules found once.

use std::collections::BTreeMap;

use super::{
    fill::Contract,
    plan::{positive, within},
    spec::{
        BookSpec, ContractSpec, CostSpec, LayerSpec, LegSpec, ProgressionSpec, Settlement, SizeSpec,
        SizeTarget, StrikeSpec, Width,
    },
};
use crate::{
    Error, Result,
    margin::{self, Leg},
    rules::{
        compile::Program,
        expr::{Expr, Rule},
        names::Scope,
    },
    schedule::{DaysWindow, Every, Schedule},
};

/// Slots of a layer that reopens whenever it is flat: packages closed early are followed to expiry in the others.
const FLAT_SLOTS: usize = 4;

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
    days: DaysWindow,
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

/// What all books trade, equal things once.
#[derive(Debug)]
pub(super) struct Layout {
    pub pools: Vec<PoolPlan>,
    pub enters: Vec<RulePlan>,
    pub exits: Vec<ExitPlan>,
    pub books: Vec<BookPlan>,
}

impl Layout {
    /// Checks every layer of every book and finds what they share.
    pub fn new(
        schedule: &Schedule,
        contracts: &BTreeMap<String, ContractSpec>,
        costs: CostSpec,
        books: &[BookSpec],
    ) -> Result<Self> {
        let mut builder =
            Builder { schedule, contracts, costs, pools: vec![], enters: vec![], exits: vec![] };
        let books = builder.books(books)?;
        let Builder { pools, enters, exits, .. } = builder;
        Ok(Self { pools, enters, exits, books })
    }
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
    if rule.max_lots == Some(0) {
        return Err(Error::domain(format!("{path}.progression.max_lots"), 0, "at least 1"));
    }
    if let Some(share) = rule.max_margin_share {
        positive(&format!("{path}.progression.max_margin_share"), share)?;
    }
    Ok(())
}
