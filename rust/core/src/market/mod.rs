//! The market: state, dynamics, and every quote that follows from the state.
//!
//! A [`State`] is all there is to know about the market of one path at one session. A [`Generator`] moves it
//! from session to session; a [`Surface`] turns it into VIX, futures and option prices, and is the only place
//! that does. Generators are listed once, in [`generator`].

mod check;
mod curve;
mod gbm;
mod generator;
mod l3f;
pub mod parameters;
mod quote;
mod replay;
mod simulate;
mod smile;
pub mod spec;
mod state;
mod vix_option;
mod warm_up;

pub use generator::{Generator, Lanes, generator};
pub use quote::{Essvi, Slice, Surface};
pub use simulate::{Request, Simulation, simulate};
pub use spec::MarketSpec;
pub use state::State;
pub use vix_option::VixSlice;

/// Trading sessions a year: the clock of SPX variance.
pub const SESSIONS_PER_YEAR: f64 = 252.0;
/// Calendar days a year: the clock of discounting and of the VIX factors.
pub const DAYS_PER_YEAR: f64 = 365.0;
/// VIX is quoted in percent.
pub const PERCENT: f64 = 100.0;
