//! Margin rules behind one trait: what a package ties up, apart from what it is worth.

pub mod book;
mod strategy;

pub use strategy::{Strategy, defined_risk};

use serde::Deserialize;

use crate::math::lanes::Col;

/// The margin rules, a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginRule {
    /// Strategy-based, package by package.
    Strategy,
}

/// The legs of a package, with the strikes of each lane.
#[derive(Clone, Copy, Debug)]
pub struct Legs<'a> {
    /// +1 call, −1 put, and signed contracts per lot.
    pub legs: &'a [Leg],
    /// Strike columns, SPX points, one per leg.
    pub strikes: &'a [Col],
}

/// Sign and ratio of a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// +1 call, −1 put.
    pub sign: f64,
    /// Signed contracts per lot.
    pub ratio: f64,
}

/// What the market is when a requirement is asked for.
#[derive(Clone, Copy, Debug)]
pub struct MarketView<'a> {
    /// SPX.
    pub spot: &'a Col,
    /// VIX.
    pub vix: &'a Col,
}

/// A margin rule: the `risk` part of the requirement of one package (DESIGN: requirement = premium + risk).
pub trait MarginModel: Send + Sync + std::fmt::Debug {
    /// Risk per lot in SPX points, written to every lane of `out`.
    fn requirement(&self, legs: Legs<'_>, market: MarketView<'_>, out: &mut Col);
}

/// The one registry of margin rules.
pub fn model(rule: MarginRule) -> Box<dyn MarginModel> {
    match rule {
        MarginRule::Strategy => Box::new(Strategy),
    }
}
