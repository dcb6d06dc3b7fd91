//! A contract row.

use serde::Deserialize;

use crate::market::strategy_index::FundSpec;

/// A contract row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSpec {
    /// Root symbol.
    pub product: String,
    /// What it is written on.
    #[serde(default)]
    pub underlying: Underlying,
    /// Option or future.
    #[serde(default)]
    pub kind: Kind,
    /// Product points per point of the underlying (XSP 0.1).
    pub index_fraction: f64,
    /// Dollars per product point.
    pub multiplier: f64,
    /// From this price on, this tick: product points, ascending, the first from 0.
    pub ticks: Vec<(f64, f64)>,
    /// From this strike on, this grid: product points, ascending, the first from 0; none for futures.
    pub strike_steps: Vec<(f64, f64)>,
    /// To the close or to the opening auction.
    pub settlement: Settlement,
    /// Exchange fee per contract and trade, dollars.
    pub exchange_fee: f64,
    /// Half of the bid–ask spread.
    pub half_spread: HalfSpread,
    /// Futures: from these calendar days to settlement on, margin as a share of the contract's value.
    #[serde(default)]
    pub margin: Vec<(f64, f64)>,
    /// Futures: from this VIX on, so many times that margin; once below the first.
    #[serde(default)]
    pub margin_stress: Vec<(f64, f64)>,
    /// Futures: fall of the price in one day that a purchase must leave funds for (R64).
    #[serde(default)]
    pub stress: f64,
    /// Shares: what fund they are of.
    #[serde(default)]
    pub fund: Option<FundSpec>,
    /// Options on shares: the product that they deliver.
    #[serde(default)]
    pub on: Option<String>,
}

/// Half-spread = max(tick / 2, floor, scale · mid^power), product points (MODELS, fills).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HalfSpread {
    /// From this price on, at least this much: ascending.
    #[serde(default)]
    pub floors: Vec<(f64, f64)>,
    /// Coefficient.
    pub scale: f64,
    /// Exponent of the mid price.
    pub power: f64,
}

/// What a contract is written on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Underlying {
    /// The S&P 500 index.
    #[default]
    #[serde(rename = "SPX")]
    Spx,
    /// The VIX: options are priced off the future that settles with them.
    #[serde(rename = "VIX")]
    Vix,
}

/// Option or future.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// European, cash-settled; on shares American, delivered.
    #[default]
    Option,
    /// Gains are paid out every session.
    Future,
    /// Of a fund of VIX futures: paid in full, held without an expiry.
    Share,
}

/// What it settles to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Settlement {
    /// The closing index.
    #[serde(rename = "PM")]
    Close,
    /// The special opening quotation.
    #[serde(rename = "AM")]
    Opening,
}
