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
