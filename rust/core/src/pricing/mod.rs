//! Prices of European options on a forward: Black-76, its greeks and implied volatility.

pub mod black76;
#[cfg(test)]
mod golden;
pub mod implied_vol;
mod rows;
