//! Domain checks of parameters: each names the parameter, its value and what is allowed.

use crate::{Error, Result};

/// Neither missing nor infinite.
pub(super) fn finite(name: &str, value: f64) -> Result<()> {
    when(value.is_finite(), name, value, "must be finite")
}

/// Finite and above a bound.
pub(super) fn above(name: &str, value: f64, bound: f64) -> Result<()> {
    when(value.is_finite() && value > bound, name, value, &format!("must be above {bound}"))
}

/// Finite and not below a bound.
pub(super) fn at_least(name: &str, value: f64, bound: f64) -> Result<()> {
    when(value.is_finite() && value >= bound, name, value, &format!("must be at least {bound}"))
}

/// Inside a closed interval.
pub(super) fn between(name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    when(value >= low && value <= high, name, value, &format!("must lie between {low} and {high}"))
}

/// A rate, yield or premium a year: a decimal, so that a number of percent is refused.
pub(super) fn a_year(name: &str, value: f64) -> Result<()> {
    when((-1.0..=1.0).contains(&value), name, value, "must lie between -1 and 1 a year: 0.04 is 4%")
}

/// One check for every element of a vector parameter.
pub(super) fn each(name: &str, values: &[f64], check: impl Fn(&str, f64) -> Result<()>) -> Result<()> {
    values.iter().enumerate().try_for_each(|(i, &value)| check(&format!("{name}[{i}]"), value))
}

fn when(holds: bool, name: &str, value: f64, allowed: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::domain(name, value, allowed)) }
}
