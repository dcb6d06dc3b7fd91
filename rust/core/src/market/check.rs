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

/// Finite, above 0, and not above what no market has had by far.
pub(super) fn up_to(name: &str, value: f64, most: f64) -> Result<()> {
    when(value > 0.0 && value <= most, name, value, &format!("must be above 0, and at most {most}"))
}

/// A rate or volatility a year, as a decimal: whoever gives 4 for 4% is told.
pub(super) fn decimal(name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    let allowed = format!("must lie between {low} and {high}, a decimal a year: 0.04 is 4%");
    when(value >= low && value <= high, name, value, &allowed)
}

/// Can so many arrays of so many cells be had at all? Where one cannot the process ends, so that is asked before. A system that
/// promises more than it has may still end it later.
pub(super) fn room(paths: usize, columns: usize, arrays: usize) -> Result<()> {
    let cells = paths.checked_mul(columns).and_then(|cells| cells.checked_mul(arrays));
    if cells.is_some_and(|cells| Vec::<f64>::new().try_reserve_exact(cells).is_ok()) {
        return Ok(());
    }
    let cell = size_of::<f64>() as f64;
    let gigabytes = (cell * paths as f64 * columns as f64 * arrays as f64 / 1e9).ceil();
    let allowed = format!(
        "{arrays} figures of {columns} columns take {gigabytes} GB, more than there is memory for: ask for portions \
         of the paths with first_path"
    );
    Err(Error::domain("paths", paths, allowed))
}

/// One check for every element of a vector parameter.
pub(super) fn each(name: &str, values: &[f64], check: impl Fn(&str, f64) -> Result<()>) -> Result<()> {
    values.iter().enumerate().try_for_each(|(i, &value)| check(&format!("{name}[{i}]"), value))
}

fn when(holds: bool, name: &str, value: f64, allowed: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::domain(name, value, allowed)) }
}
