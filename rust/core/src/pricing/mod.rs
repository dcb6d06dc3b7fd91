//! Stand-in.
pub mod black76;
