//! What a hedge layer does besides opening and closing: partial sales, a cash press, further tranches, limits of a roll.

use serde::Deserialize;

use crate::rules::expr::Rule;

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
