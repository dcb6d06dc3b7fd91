//! Margin rules: what a package ties up, apart from what it is worth, and what a ledger must hold for its packages.

pub mod book;
mod grid;
mod losses;
mod scenarios;
mod strategy;

pub use grid::{CLASSES, Class, Grid, MOVES, Ranges};
pub use losses::{Exposure, Holding, Losses};
pub use scenarios::{Basis, Loss, Moved};
pub use strategy::{defined_risk, worst_payoff};

use serde::Deserialize;

/// Share of the marks of bought hedges that an offset would count under strategy-based margin, which knows none:
/// that of portfolio margin within a product group (FINRA 4210(g)).
const HYPOTHETICAL_OFFSET: f64 = 0.90;

/// The margin rules, a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginRule {
    /// Strategy-based, package by package: cash against the worst payoff of each, longs lend nothing.
    Strategy,
    /// Portfolio margin: equity, marks of longs included, against the worst move of all packages together.
    Portfolio(Grid),
}

impl MarginRule {
    /// The grid of moves, where there is one.
    pub const fn grid(&self) -> Option<&Grid> {
        match self {
            Self::Strategy => None,
            Self::Portfolio(grid) => Some(grid),
        }
    }

    /// Share of a hedge that counts towards what the core requires, where a ledger says that it does (R62).
    pub const fn offset(&self) -> f64 {
        match self {
            Self::Strategy => HYPOTHETICAL_OFFSET,
            Self::Portfolio(grid) => grid.offset,
        }
    }

    /// What counts against a requirement, in words.
    pub const fn counted(&self) -> &'static str {
        match self {
            Self::Strategy => "cash",
            Self::Portfolio(_) => "equity",
        }
    }
}

/// Sign and ratio of a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// +1 call, −1 put.
    pub sign: f64,
    /// Signed contracts per lot.
    pub ratio: f64,
}
