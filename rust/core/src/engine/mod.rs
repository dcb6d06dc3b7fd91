//! The path engine: every book of a comparison on the same market paths, 256 lanes at a time.
//!
//! `docs/engine.md` defines one session exactly. [`Plan::compile`] is the only constructor and finds all errors;
//! after it nothing can fail.

mod bar;
mod begin;
mod block;
mod book;
mod call_log;
mod check;
mod clock;
mod deals;
mod entries;
mod exposure;
mod fill;
mod foresight;
mod gates;
mod given;
mod greeks;
mod hours;
mod inside;
mod instrument;
mod layout;
mod logs;
mod modelled;
mod package;
mod permits;
mod pins;
mod plan;
mod readings;
mod recorded;
mod select;
mod series;
mod signals;
mod size;
pub mod spec;
mod steps;
mod summary;
mod term_structure;
mod trace;
mod weight;

pub use deals::KINDS as DEAL_KINDS;
pub use foresight::NAMES as FORESIGHT_NAMES;
pub use gates::{Gate, RuleOf};
pub use greeks::NAMES as GREEK_NAMES;
pub use logs::{Columns, Log};
pub use permits::Governed;
pub use plan::{Paths, Plan};
pub use readings::{LayerRule, Readings};
pub use steps::Steps;
pub use summary::NAMES as SUMMARY_NAMES;
pub use trace::{Decision, Event, Held, LayerDecision, LedgerRow, Step, Trace};
