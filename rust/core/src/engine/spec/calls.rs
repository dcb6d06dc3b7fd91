//! What happens when a requirement is not met, and how liquid a ledger must stay.

use serde::Deserialize;

/// What a margin call leads to, and when. The defaults: liquidation at the next fill, at the prices of any forced closing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallsSpec {
    /// Sessions from the one on which a call opens to the fill that meets it; 0: at once, in the same tick (a house rule).
    pub deadline: u32,
    /// How it is met.
    pub policy: CallPolicy,
    /// Which tranche goes first.
    pub order: CallOrder,
    /// Cash from outside that all calls of a path may draw on, as a share of the capital; only with `add_cash`.
    pub outside: f64,
    /// From this VIX on, forced closings multiply the half-spreads by this: ascending, the first from 0; none: 1.
    pub half_spreads: Vec<(f64, f64)>,
    /// Sessions within which what happens to one side or ledger counts as brought on by the other (R63).
    pub contagion: u32,
    /// Is a book ruined by a ledger that is empty and still short when its call is due?
    pub ruin_on_debt: bool,
}

impl Default for CallsSpec {
    fn default() -> Self {
        Self {
            deadline: 1,
            policy: CallPolicy::default(),
            order: CallOrder::default(),
            outside: 0.0,
            half_spreads: vec![],
            contagion: 10,
            ruin_on_debt: false,
        }
    }
}

/// How a call is met, a closed list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPolicy {
    /// Tranches are closed whole until it is.
    #[default]
    Liquidate,
    /// The same, but of the last tranche only as many lots as it takes.
    Reduce,
    /// Cash comes from outside; what it does not reach is liquidated.
    AddCash,
    /// Not at all: the counterfactual (R17).
    Hold,
}

/// In which order tranches are closed by force; ties: the earlier layer, then the lower slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOrder {
    /// What expires first.
    #[default]
    NearestExpiry,
    /// What raises the free funds of its ledger most when it is closed whole.
    LargestRelief,
}
/// How liquid a ledger must be after an opening (R64).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiquiditySpec {
    /// Share of the worth of what was bought that does not count.
    pub haircut: f64,
    /// Move of ln S in the one-day stress of what was sold; the factors follow by their mean.
    pub ln_move: f64,
    /// Below this ratio an opening is counted as warned of.
    pub warn: f64,
    /// Below this ratio an opening is not made.
    pub block: f64,
}

impl Default for LiquiditySpec {
    fn default() -> Self {
        Self { haircut: 0.5, ln_move: -0.05, warn: 1.25, block: 1.0 }
    }
}
