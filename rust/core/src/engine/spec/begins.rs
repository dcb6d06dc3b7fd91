//! A book that does not begin with cash alone: what it holds, as a person wrote it down.

use serde::Deserialize;

/// Ledgers and positions at session 0. The plan has one book then, and a replay of it one start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginsSpec {
    /// Cash of the core ledger and of the sleeve, dollars; 0 for a sleeve that the arm does not have.
    pub cash: [f64; 2],
    /// Expected cost that hedge purchases of the last 365 days have committed (R61), dollars.
    #[serde(default)]
    pub committed: f64,
    /// What is held.
    pub positions: Vec<HeldSpec>,
}

/// A tranche that is held at session 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldSpec {
    /// Index of the layer that it belongs to.
    pub layer: usize,
    /// Which of its packages it is: 0 its own, then its others in order, then what is sold against it.
    #[serde(default)]
    pub other: usize,
    /// Of what is sold against another: the index of the position that covers it.
    #[serde(default)]
    pub covered_by: Option<usize>,
    /// Lots held.
    pub lots: f64,
    /// Lots at the opening: more where a part has been sold (R36).
    pub entry_lots: f64,
    /// Sessions since the opening; 0: opened at the close of session 0.
    pub age: u32,
    /// SPX at the opening; absent: that of the record.
    #[serde(default)]
    pub entry_spot: Option<f64>,
    /// Session of the calendar on which it expires.
    pub expiry: u32,
    /// Strikes per leg of the layer, points of the underlying.
    pub strikes: Vec<f64>,
    /// Cash received per unit at the opening, points of the underlying; negative where it was paid.
    pub credit: f64,
    /// V at the opening; the price of a future.
    pub entry_value: f64,
    /// Parts of its layer that it is, counted from 1 (R28); none: the first that no other position is.
    #[serde(default)]
    pub parts: Vec<usize>,
}
