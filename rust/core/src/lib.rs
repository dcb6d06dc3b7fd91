//! Kernels of `alvh`: pricing, market models, margin, rules and the path engine.
//!
//! This crate knows neither Python nor files. Lower floors know nothing of higher ones:
//! `math` → `pricing`, `schedule` → `chain`, `market`, `margin`, `rules` → `engine`, `score`.

pub mod chain;
pub mod engine;
mod error;
pub mod margin;
pub mod market;
pub mod math;
pub mod pricing;
pub mod rules;
pub mod schedule;
pub mod score;
mod threads;

pub use error::{Error, Result};

/// Version of the package, the same for the crates and the wheel.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
