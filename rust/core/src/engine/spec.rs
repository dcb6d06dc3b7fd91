//! The serde mirror of what Python sends: one comparison, its market, calendar and books. Unknown fields are errors.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    margin::MarginRule,
    market::spec::MarketSpec,
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
    /// Spreads and fees.
    pub costs: CostSpec,
    /// Contracts by product.
    pub contracts: BTreeMap<String, ContractSpec>,
    /// Ruin is NAV at or below this share of capital.
    pub ruin_share: f64,
    /// Margin rule of every book.
    pub margin: MarginRule,
    /// The books: arms at margin shares.
    pub books: Vec<BookSpec>,
}

/// Spreads and fees of [`crate::engine::fill`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostSpec {
    /// Share of the summed half-spreads that an order pays.
    pub order_share: f64,
    /// The same for forced and ruin closings.
    pub liquidation_share: f64,
    /// Half-spread = max(tick/2, scale · mid^power) · (max(VIX, knee)/knee)^`vix_power`.
    pub half_spread_scale: f64,
    /// Exponent of the mid price.
    pub half_spread_power: f64,
    /// VIX below which spreads do not narrow.
    pub vix_knee: f64,
    /// Exponent of VIX.
    pub vix_power: f64,
    /// Commission per contract and trade, dollars.
    pub commission: f64,
}

/// A contract row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSpec {
    /// Root symbol.
    pub product: String,
    /// Product points per SPX point (XSP 0.1).
    pub index_fraction: f64,
    /// Dollars per product point.
    pub multiplier: f64,
    /// From this price on, this tick: product points, ascending, the first from 0.
    pub ticks: Vec<(f64, f64)>,
    /// Strike grid, product points.
    pub strike_step: f64,
    /// To the close or to the opening auction.
    pub settlement: Settlement,
    /// Exchange fee per contract and trade, dollars.
    pub exchange_fee: f64,
}

/// What an option settles to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Settlement {
    /// The closing index.
    #[serde(rename = "PM")]
    Close,
    /// The special opening quotation.
    #[serde(rename = "AM")]
    Opening,
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
}

/// A layer: what is traded, when, and how much.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// Name, unique in its book.
    pub name: String,
    /// Key of the contract table.
    pub product: String,
    /// The legs of one unit.
    pub legs: Vec<LegSpec>,
    /// Calendar days to expiry.
    pub days: DaysWindow,
    /// How often the layer decides whether to open.
    pub every: Every,
    /// Rule on market and book that must be true to open; absent: always.
    #[serde(default)]
    pub enter: Option<Rule>,
    /// Position rule that closes a tranche early; absent: held to expiry (R7).
    #[serde(default)]
    pub exit: Option<Rule>,
    /// How many lots.
    pub size: SizeSpec,
    /// What a loss does to the next size (R10); absent: nothing.
    #[serde(default)]
    pub progression: Option<ProgressionSpec>,
}

/// Call or put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Right {
    /// Call.
    #[serde(rename = "C")]
    Call,
    /// Put.
    #[serde(rename = "P")]
    Put,
}

impl Right {
    /// +1 for calls, −1 for puts: the sign convention of the pricing kernels.
    pub const fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }
}

/// One leg of a package.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegSpec {
    /// Call or put.
    pub right: Right,
    /// Signed contracts per lot: negative is sold.
    pub ratio: i32,
    /// How the strike is chosen.
    pub strike: StrikeSpec,
}

/// How a strike is chosen, from fill-time quotes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum StrikeSpec {
    /// |undiscounted forward delta| at the strike's own vol.
    Delta {
        /// Target, between 0 and 1.
        value: f64,
    },
    /// Outside a multiple of the expected move (R3).
    ExpectedMove {
        /// Multiple of S √θ.
        multiple: f64,
        /// What the move is centred on.
        drift: Drift,
        /// Equity risk premium of the CAPM drift, per year.
        erp: f64,
    },
    /// Further out of the money than an earlier leg.
    Offset {
        /// Index of the earlier leg.
        from: usize,
        /// Distance.
        width: Width,
    },
}

/// Centre of the expected move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// S exp((r + erp − q) T).
    Capm,
    /// The forward.
    Forward,
}

/// Distance between strikes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Width {
    /// Fraction of the spot at the fill.
    Fraction(f64),
    /// Product points.
    Points(f64),
}

/// How many lots a tranche gets.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeSpec {
    /// What the value measures.
    pub target: SizeTarget,
    /// The value.
    pub value: f64,
    /// Multiplies the target (R19: fewer lots).
    #[serde(default = "one")]
    pub multiplier: f64,
    /// Sized at each opening, or once per path.
    #[serde(default)]
    pub base: SizeBase,
}

fn one() -> f64 {
    1.0
}

/// What the size measures: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeTarget {
    /// Share of NAV that the layer's requirements may sum to, spread evenly over its tranches (R4).
    MarginShare,
    /// Lots per tranche.
    Lots,
}

/// When the base lots are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeBase {
    /// Anew at each opening.
    #[default]
    Entry,
    /// At the path's first opening (R10: base lots fixed at the start).
    Start,
}

/// What a loss does to the next size of its chain (R10).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressionSpec {
    /// The rule.
    pub mode: ProgressionMode,
    /// Doublings after which the size stays.
    pub max_doublings: u32,
    /// Most lots of one tranche.
    #[serde(default)]
    pub max_lots: Option<u32>,
    /// Most requirement of the book as a share of NAV.
    #[serde(default)]
    pub max_margin_share: Option<f64>,
}

/// How the size grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressionMode {
    /// 1, 2, 4, 8 … times the base.
    Replace,
    /// 1, 3, 7, 15 … times the base: everything kept and doubled on top.
    Add,
    /// The base and what would earn the chain's open deficit back.
    Recoup,
}
