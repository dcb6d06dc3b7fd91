//! The market: state, dynamics, and every quote that follows from the state.
//!
//! A [`state::State`] is all there is to know about the market of one path at one session. A [`generator::Generator`] moves it
//! from session to session; a [`quote::Surface`] turns it into VIX, futures and option prices, and is the only place
//! that does. Generators are listed once, in [`generator::generator`].

mod arranged;
pub mod bars;
pub mod bates;
mod check;
mod curve;
pub mod draws;
pub mod fhs;
pub mod filtering;
mod followed;
mod gbm;
pub mod generator;
pub mod inspect;
mod kalman;
mod l3f;
mod lanes;
mod opening;
pub mod parameters;
pub mod pdv4;
pub mod quote;
pub mod recorded_chain;
pub mod recorded_vx;
mod replay;
mod share_option;
pub mod shock;
pub mod simulate;
mod slice;
mod smile;
pub mod smile_state;
pub mod spec;
pub mod state;
pub mod strategy_index;
pub mod vix_option;
mod warm_up;

/// Trading sessions a year: the clock of SPX variance.
pub const SESSIONS_PER_YEAR: f64 = 252.0;
/// Calendar days a year: the clock of discounting and of the VIX factors.
pub const DAYS_PER_YEAR: f64 = 365.0;
/// Trading sessions of a month of 30 calendar days: the one clock where a tenor is given in days.
pub const SESSIONS_PER_MONTH: f64 = 21.0;
/// VIX is quoted in percent.
pub const PERCENT: f64 = 100.0;
