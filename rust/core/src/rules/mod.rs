//! Rules: described as a tree, compiled once, evaluated by column in three-valued logic.
//!
//! - [`expr`]: the tree, one to one with the JSON that Python sends.
//! - [`names`]: what a rule may speak of, by scope.
//! - [`compile`]: tree → [`Program`]; every error of a rule is found here.
//! - [`program`]: one session of a compiled rule for a block of paths.
//! - [`indicator`]: signals computed from the market's own past.
//!
//! A number that is not finite is *missing*; a comparison with a missing number is *unknown*; a gate opens only on
//! true. Nothing is filled in: `known(x)` is the way back to two values.

mod cell;
pub mod compile;
pub mod expr;
pub mod family;
pub mod indicator;
pub mod input;
mod kernels;
mod latch;
mod leads;
pub mod limits;
mod moments;
pub mod names;
mod nearest;
mod operators;
mod parted;
mod print;
pub mod program;
mod rank;
mod run;
mod step;
mod window;

pub use expr::{Expr, Op, Rule};
pub use input::Input;
pub use names::{Name, Scope};
pub use program::{Memory, Program};
