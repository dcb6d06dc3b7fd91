//! Surfaces of recorded quotes.

use alvh_core::chain::{Form, Slice, Snapshot, fit};
use alvh_core::{Error, Result};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::door::detached;

type Numbers<'py> = PyReadonlyArray1<'py, f64>;

/// One slice an expiry: a, b, ρ, m, σ, θ, ζ, least g, least rise, each NaN where there is none, and the repair.
#[pyfunction]
#[pyo3(signature = (form, kind, years, ends, k, vol, half_spread, *, threads=None))]
#[expect(clippy::too_many_arguments, clippy::type_complexity, reason = "the columns of a snapshot")]
#[expect(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]
pub fn fit_surface<'py>(
    py: Python<'py>,
    form: &str,
    kind: Vec<u32>,
    years: Numbers<'py>,
    ends: Vec<usize>,
    k: Numbers<'py>,
    vol: Numbers<'py>,
    half_spread: Numbers<'py>,
    threads: Option<usize>,
) -> PyResult<([Bound<'py, PyArray1<f64>>; 9], Vec<u8>)> {
    let (years, k) = (years.as_slice()?, k.as_slice()?);
    let (vol, half_spread) = (vol.as_slice()?, half_spread.as_slice()?);
    let slices = detached(py, || {
        let snapshot = Snapshot { kind: &kind, years, ends: &ends, k, vol, half_spread };
        fit(named(form)?, &snapshot, threads)
    })?;
    let column = |field: fn(&Slice) -> Option<f64>| {
        let values = slices.iter().map(|slice| slice.as_ref().and_then(field).unwrap_or(f64::NAN));
        values.collect::<Vec<_>>().into_pyarray(py)
    };
    let columns = [
        column(|s| Some(s.svi.a)),
        column(|s| Some(s.svi.b)),
        column(|s| Some(s.svi.rho)),
        column(|s| Some(s.svi.m)),
        column(|s| Some(s.svi.sigma)),
        column(|s| s.essvi.map(|e| e.theta)),
        column(|s| s.essvi.map(|e| e.zeta)),
        column(|s| Some(s.durrleman)),
        column(|s| s.rise),
    ];
    Ok((columns, slices.iter().map(|slice| slice.map_or(0, |s| s.repair as u8)).collect()))
}

fn named(form: &str) -> Result<Form> {
    let names = Form::ALL.map(Form::name);
    Form::ALL
        .into_iter()
        .find(|known| known.name() == form)
        .ok_or_else(|| Error::domain("form", form, format!("must be one of {}", names.join(", "))))
}
