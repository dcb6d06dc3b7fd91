//! Prices of European options on a forward: Black-76, its greeks, implied volatility, and smiles; of American options.

pub mod american;
pub mod black76;
#[cfg(test)]
mod golden;
pub mod implied_vol;
mod rows;
pub mod svi;
