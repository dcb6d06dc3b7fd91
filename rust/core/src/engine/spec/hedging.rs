//! What a hedge layer does besides opening and closing: partial sales, a cash press, further tranches, limits of a roll,
//! a nearer call sold against what it buys.

use serde::Deserialize;

use super::StrikeSpec;
use crate::{rules::expr::Rule, schedule::DaysWindow};

/// A partial sale (R36).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Reached when the value is this many times the cost.
    pub at: f64,
    /// Share of the lots at entry to sell then.
    pub sell: f64,
}

/// A partial sale while a rule holds, once a tranche (R84, R89).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PressSpec {
    /// Rule on market and book.
    pub when: Rule,
    /// Of what is worth at least this many times its cost …
    pub at: f64,
    /// … this share of the lots at entry is sold.
    pub sell: f64,
}

/// A part of the target that is bought by itself (R28).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrancheSpec {
    /// Share of the target.
    pub share: f64,
    /// Rule on market and book that adds it to what the layer holds; the first tranche has that of the layer.
    #[serde(default)]
    pub when: Option<Rule>,
}

/// What a roll may cost at most (R58); absent: whatever it costs.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollLimits {
    /// Time value a day of what is bought over that of what is sold.
    #[serde(default)]
    pub extrinsic_per_day: Option<f64>,
    /// Variance a session between the two expiries over that until the nearer one.
    #[serde(default)]
    pub forward_variance: Option<f64>,
}

/// Another package that a layer may buy in place of its own: another contract, or another tenor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherSpec {
    /// Key of the contract table.
    pub product: String,
    /// Calendar days to expiry.
    pub days: DaysWindow,
    /// When it is bought.
    pub prefer: PreferSpec,
}

/// When another package is bought in place of a layer's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum PreferSpec {
    /// Where at least so many lots of it result (R42).
    Lots {
        /// Whole lots.
        least: f64,
    },
    /// While a rule holds, where time takes less from it for a VIX point (R32).
    ThetaPerVega {
        /// Rule on market and book, read when the opening is decided.
        when: Rule,
    },
}

/// The short leg of a call diagonal: a nearer call at a higher strike, sold against the call that a layer buys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortSpec {
    /// Calendar days to its expiry.
    pub days: DaysWindow,
    /// How its strike is chosen: by delta, or an offset in points from that of the bought call.
    pub strike: StrikeSpec,
    /// Lots sold for a lot held.
    pub share: f64,
    /// Share of the bought call's dollars per VIX point that is left at least, or none is bought by them.
    #[serde(default)]
    pub least_kept: f64,
    /// Is another one sold when it has settled, while the bought call is held and has more days left?
    pub again: bool,
    /// Rule on market and book that must be true to sell; absent: always.
    #[serde(default)]
    pub when: Option<Rule>,
}
