//! How many lots: targets, caps, progressions.

use serde::Deserialize;

use super::WeightSpec;
use crate::rules::expr::Rule;

/// How many lots a tranche gets.
#[derive(Clone, Debug, Deserialize)]
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
    /// Share of NAV that must stay free in the ledger after an opening (R19); core layers only.
    #[serde(default)]
    pub buffer: f64,
    /// What limits a hedge besides its target and its ledger's free funds.
    #[serde(default)]
    pub caps: Vec<Cap>,
    /// A smaller hedge while a rule holds (C3).
    #[serde(default)]
    pub reduced: Option<Reduced>,
    /// `threatened_delta` of the sold legs alone (C4).
    #[serde(default)]
    pub gross_short_leg: bool,
    /// Further rules for a smaller hedge: of those that hold the smallest multiplier counts (R40).
    #[serde(default)]
    pub reductions: Vec<Reduced>,
    /// Share of the wanted size by which a hedge may lie below it without a trade (R82), and above it where it is reviewed.
    #[serde(default)]
    pub band: f64,
    /// At every close, what a hedge holds beyond its band is sold down to the wanted size (R40).
    #[serde(default)]
    pub review: bool,
    /// What a margin share counts of a core layer (C21).
    #[serde(default)]
    pub basis: SizeBasis,
    /// How many times the target counts, by a number of the rules (R33, R43, R69); absent: once.
    #[serde(default)]
    pub weight: Option<WeightSpec>,
    /// Share of what has been gained that the target of a margin share counts (R70).
    #[serde(default = "one")]
    pub reinvest: f64,
}

/// What a margin share counts of a core layer (C21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeBasis {
    /// What the margin rule requires.
    #[default]
    Requirement,
    /// Σ width × multiplier × lots, whatever the margin rule requires.
    WingNotional,
}

/// A limit on the lots of a hedge, a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cap {
    /// The sleeve's yearly budget of expected cost (R61).
    Budget,
    /// Expected cost that this layer may commit within 365 days (R34).
    LayerBudget {
        /// As a share of NAV.
        per_year: f64,
    },
    /// Premium held by the layer as a share of NAV (R43).
    Premium {
        /// The share.
        share: f64,
    },
    /// What the layer gains in a fall of ln S, against what the core can still lose (R24).
    CrashGain {
        /// The fall, negative.
        ln_move: f64,
    },
}

impl Cap {
    /// Does it count the expected cost of a year?
    pub const fn is_budget(&self) -> bool {
        matches!(self, Self::Budget | Self::LayerBudget { .. })
    }
}

/// A multiplier of the target while a rule is true.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduced {
    /// Rule on market and book, read when the opening is decided.
    pub when: Rule,
    /// The multiplier.
    pub to: f64,
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
    /// Lots per tranche; of a hedge layer, lots that it holds in all.
    Lots,
    /// Share of the core's dollars per VIX point that all hedges together offset (R22).
    CoreVega,
    /// Share of the net delta of the threatened credit spreads at their entry (R24).
    ThreatenedDelta,
    /// Premium as a share of Σ width × multiplier × lots of the core (R42).
    CoreNotional,
    /// Lots as a share of the core's lots, per dollar of index (R42).
    CoreIndexNotional,
    /// Premium as a share of NAV.
    PremiumShare,
    /// Value of the futures held as a share of Σ width × multiplier × lots of the core (R29).
    CoreMaxLoss,
}

impl SizeTarget {
    /// Can what is held be measured against what is wanted at any close, without a package on offer?
    pub const fn reviewed(self) -> bool {
        !matches!(self, Self::MarginShare | Self::ThreatenedDelta | Self::PremiumShare)
    }

    /// Is it measured against a core, so that only a hedge can have it?
    pub const fn hedges(self) -> bool {
        !matches!(self, Self::MarginShare | Self::Lots)
    }
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
