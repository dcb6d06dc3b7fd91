//! The path engine: every book of a comparison on the same market paths, 256 lanes at a time.
//!
//! `docs/engine.md` defines one session exactly. [`Plan::compile`] is the only constructor and finds all errors;
//! after it nothing can fail.

mod bar;
mod block;
mod book;
mod call_log;
mod check;
mod clock;
mod entries;
mod exposure;
mod fill;
mod gates;
mod given;
mod inside;
mod instrument;
mod layout;
mod modelled;
mod package;
mod permits;
mod plan;
mod readings;
mod recorded;
mod select;
mod series;
mod signals;
mod size;
pub mod spec;
mod summary;
mod term_structure;
mod trace;

pub use call_log::NAMES as CALL_NAMES;
pub use entries::NAMES as ENTRY_NAMES;
pub use gates::Gate;
pub use permits::Governed;
pub use plan::{Paths, Plan};
pub use readings::Readings;
pub use series::NAMES as SERIES_NAMES;
pub use summary::NAMES as SUMMARY_NAMES;
pub use trace::{Event, LedgerRow, Trace};
