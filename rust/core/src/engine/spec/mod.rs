//! The serde mirror of what Python sends: one comparison, its market, calendar and books. Unknown fields are errors.

mod begins;
mod calls;
mod contract;
mod governance;
mod hedging;
mod legs;
mod signals;
mod size;
mod weight;

pub use begins::{BeginsSpec, HeldSpec};
pub use calls::{CallOrder, CallPolicy, CallsSpec, LiquiditySpec};
pub use contract::{ContractSpec, HalfSpread, Kind, Settlement, Underlying};
pub use governance::{OverrideSpec, PermitSpec};
pub use hedging::{OtherSpec, PreferSpec, PressSpec, RollLimits, Rung, ShortSpec, TrancheSpec};
pub use legs::{Drift, LegSpec, Right, StrikeSpec, Width};
pub use signals::{ModelledSpec, SignalsSpec};
pub use size::{Cap, ProgressionMode, ProgressionSpec, Reduced, SizeBase, SizeBasis, SizeSpec, SizeTarget};
pub use weight::WeightSpec;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::bar::BarSpec;
use crate::{
    margin::MarginRule,
    market::{spec::MarketSpec, strategy_index::RollSpec},
    rules::expr::Rule,
    schedule::{DaysWindow, Every, ScheduleSpec},
};

/// Version of this format.
pub const SCHEMA: u32 = 1;

/// One comparison: everything that determines its result.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// Version of the format, [`SCHEMA`].
    pub schema: u32,
    /// Capital of every book, dollars.
    pub capital: f64,
    /// Sessions T after the start.
    pub sessions: u32,
    /// Seed of every draw.
    pub seed: u64,
    /// The generator and its parameters.
    pub market: MarketSpec,
    /// The dated calendar.
    pub schedule: ScheduleSpec,
    /// Session 0 of each path for replayed markets; empty for simulated ones.
    #[serde(default)]
    pub starts: Vec<u32>,
    /// Signals from outside (R76 to R82); absent: no rule names any.
    #[serde(default)]
    pub signals: SignalsSpec,
    /// Spreads and fees.
    pub costs: CostSpec,
    /// Contracts by product.
    pub contracts: BTreeMap<String, ContractSpec>,
    /// What the index of short-term VIX futures holds; absent: nobody trades shares of funds on it.
    #[serde(default)]
    pub roll: Option<RollSpec>,
    /// Ruin is NAV at or below this share of capital.
    pub ruin_share: f64,
    /// Margin rule of every book.
    pub margin: MarginRule,
    /// A bar within each session at which the requirement is asked again; absent: at closes alone.
    #[serde(default)]
    pub worst_bar: Option<BarSpec>,
    /// Bars of a session; absent: books trade at closes alone.
    #[serde(default)]
    pub bars: Option<u32>,
    /// The books: arms at margin shares.
    pub books: Vec<BookSpec>,
}

/// Spreads and fees that belong to the trader, not to a contract: see [`crate::engine::fill`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostSpec {
    /// Share of the summed half-spreads that an order of several legs pays.
    pub order_share: f64,
    /// The same for an order of one leg.
    pub single_share: f64,
    /// The same for forced and ruin closings.
    pub liquidation_share: f64,
    /// Multiplies every half-spread.
    pub half_spread_factor: f64,
    /// VIX below which spreads do not narrow.
    pub vix_knee: f64,
    /// Exponent of max(VIX, knee) / knee.
    pub vix_power: f64,
    /// Commission per contract and trade, dollars.
    pub commission: f64,
}

/// One arm at one margin share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookSpec {
    /// Name of the arm.
    pub arm: String,
    /// Margin share of the ladder that this book stands on.
    pub share: f64,
    /// Its layers, in order.
    pub layers: Vec<LayerSpec>,
    /// A hedge sleeve (R60); absent: one ledger.
    #[serde(default)]
    pub ledgers: Option<LedgersSpec>,
    /// What its margin calls lead to.
    #[serde(default)]
    pub calls: CallsSpec,
    /// How liquid its ledgers must be after an opening (R64); absent: nobody asks.
    #[serde(default)]
    pub liquidity: Option<LiquiditySpec>,
    /// What it holds at session 0; absent: its capital in cash.
    #[serde(default)]
    pub begins: Option<BeginsSpec>,
}

/// Two ledgers, or one on purpose (R60–R62).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgersSpec {
    /// Ring-fenced or not.
    pub mode: LedgerMode,
    /// Share of the capital that starts in the sleeve.
    pub sleeve_share: f64,
    /// Expected cost of hedge purchases within 365 days, as a share of NAV (R61); absent: no budget.
    #[serde(default)]
    pub budget_per_year: Option<f64>,
    /// How many times that budget counts, and those of layers (R34, R67); absent: once.
    #[serde(default)]
    pub budget_weight: Option<WeightSpec>,
    /// The only ways in which money moves between the ledgers.
    #[serde(default)]
    pub transfers: Vec<TransferSpec>,
}

/// Are the ledgers kept apart (R62)?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerMode {
    /// Core and sleeve each have their own cash and requirement.
    Separate,
    /// One ledger for everything.
    Commingled,
    /// One ledger for everything, in which the hedge counts towards what the core requires.
    Offset,
}

/// A logged rule that moves money between the ledgers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferSpec {
    /// Rule on market and book.
    pub when: Rule,
    /// Source.
    pub from: LedgerName,
    /// Destination.
    pub to: LedgerName,
    /// Share of the source's free funds.
    pub share: f64,
}

/// A ledger of a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerName {
    /// What the condors are traded from.
    #[default]
    Core,
    /// The hedge's own capital.
    Sleeve,
}

/// What a layer is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What the arm lives from.
    #[default]
    Core,
    /// What it pays for.
    Hedge,
}

/// A layer: what is traded, when, and how much.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// Name, unique in its book.
    pub name: String,
    /// Core or hedge.
    #[serde(default)]
    pub role: Role,
    /// Whose cash it uses.
    #[serde(default)]
    pub ledger: LedgerName,
    /// Key of the contract table.
    pub product: String,
    /// The legs of one unit; none for a future, of which one is bought.
    pub legs: Vec<LegSpec>,
    /// Calendar days to expiry.
    pub days: DaysWindow,
    /// Of the listed expiries the first that settles after the next announcement of this kind (R23); absent: the one
    /// nearest to the target.
    #[serde(default)]
    pub after: Option<String>,
    /// How often the layer decides whether to open.
    pub every: Every,
    /// Minutes since the opening at which what was decided at the close before is opened (R2); absent: the close.
    #[serde(default)]
    pub at: Option<u32>,
    /// Rule on market and book that must be true to open; absent: always.
    #[serde(default)]
    pub enter: Option<Rule>,
    /// What an opening and a roll need besides (R87, R88); none: neither is governed.
    #[serde(default)]
    pub permits: Vec<PermitSpec>,
    /// Sessions for which a person decided otherwise.
    #[serde(default)]
    pub overrides: Vec<OverrideSpec>,
    /// Position rule that closes a tranche early; absent: held to expiry (R7).
    #[serde(default)]
    pub exit: Option<Rule>,
    /// A tranche with fewer calendar days left is rolled (R35).
    #[serde(default)]
    pub roll_below: Option<i32>,
    /// Partial sales of what has gained (R36), ascending in `at`.
    #[serde(default)]
    pub monetise: Vec<Rung>,
    /// Partial sales while a rule holds (R84, R89).
    #[serde(default)]
    pub press: Option<PressSpec>,
    /// Parts of the target that are bought one after the other (R28); none: all of it at once.
    #[serde(default)]
    pub tranches: Vec<TrancheSpec>,
    /// A roll that costs more is not done (R58).
    #[serde(default)]
    pub roll_limits: Option<RollLimits>,
    /// What may be bought in place of product and days, the first that is preferred (R32, R42); none: nothing.
    #[serde(default)]
    pub others: Vec<OtherSpec>,
    /// A nearer call that is sold against the one that is bought; absent: none.
    #[serde(default)]
    pub short: Option<ShortSpec>,
    /// How many lots.
    pub size: SizeSpec,
    /// What a loss does to the next size (R10); absent: nothing.
    #[serde(default)]
    pub progression: Option<ProgressionSpec>,
}
