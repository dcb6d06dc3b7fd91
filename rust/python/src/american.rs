//! American option prices, greeks and implied volatilities of arrays.
#![expect(clippy::doc_markdown, reason = "these docstrings are read in Python")]

use alvh_core::{
    math::broadcast::Broadcast,
    pricing::american::{self, Greek},
};
use pyo3::{
    prelude::*,
    types::{PyString, PyTuple},
};

use crate::{
    columns::{Column, refused},
    door::{detached, to_python},
    outputs::{filled, single},
};

type Argument<'a, 'py> = &'a Bound<'py, PyAny>;

/// Price of American options on an asset with a continuous dividend yield.
///
/// Arguments broadcast as in NumPy. Scalars in, a float out.
///
/// Parameters
/// ----------
/// spot : array_like
///     Price of the asset, ≥ 0.
/// strike : array_like
///     Strike, ≥ 0, in the unit of the spot.
/// years : array_like
///     Time to expiry in years, ≥ 0.
/// vol : array_like
///     Volatility, decimal, per square root of a year, ≥ 0.
/// right : array_like
///     "C" or "P", +1 or -1, or an array or column of either.
/// rate : array_like, default 0.0
///     Interest a year, continuously compounded.
/// dividend : array_like, default 0.0
///     Dividend yield a year, continuously compounded; the fee of a fund counts as one.
///
/// Returns
/// -------
/// float or ndarray
///     Price in the unit of the spot. NaN in rows with a term outside its domain, and where exercise has two
///     boundaries: puts with dividend < rate < 0, calls with rate < dividend < 0.
///
/// Raises
/// ------
/// AlvhError
///     If shapes do not broadcast, or an argument is no number, right or array of them.
///
/// Notes
/// -----
/// L. Andersen, M. Lake and D. Offengenden, "High-performance American option pricing", Journal of Computational
/// Finance 20 (2016): the exercise boundary as a polynomial, found by a fixed-point iteration. The error is some
/// 1e-7 of the strike for deviations vol · √years up to 1, below 1e-4 of it beyond. A row takes a fraction of a
/// millisecond, or no more than a European price where early exercise is never worth while, as for calls without
/// dividends.
///
/// Examples
/// --------
/// >>> from alvh import pricing
/// >>> round(pricing.price_american(40.0, 45.0, 7 / 12, 0.3, "P", rate=0.0488), 3)
/// 6.244
/// >>> pricing.price_american(90.0, [100.0, 140.0], 0.25, 0.3, "P", rate=0.05).round(4)
/// array([11.364, 50.   ])
#[pyfunction]
#[pyo3(
    signature = (spot, strike, years, vol, right, *, rate=None, dividend=None),
    text_signature = "(spot, strike, years, vol, right, *, rate=0.0, dividend=0.0)"
)]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.pricing.price_american")]
pub fn price_american<'py>(
    py: Python<'py>,
    spot: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    vol: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    rate: Option<Argument<'_, 'py>>,
    dividend: Option<Argument<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let columns = columns(american::ARGUMENTS, right, [spot, strike, years, vol], [rate, dividend])?;
    let arguments = broadcast(american::ARGUMENTS, &columns)?;
    single(py, arguments.shape(), |out| american::price_slice(&arguments, out))
}

/// Price and greeks: the tuple behind `alvh.pricing.greeks_american`, None where not selected.
#[pyfunction]
#[pyo3(
    signature = (spot, strike, years, vol, right, *, rate=None, dividend=None, which=None),
    text_signature = "(spot, strike, years, vol, right, *, rate=0.0, dividend=0.0, which=None)"
)]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.pricing.greeks_american")]
pub fn greeks_american<'py>(
    py: Python<'py>,
    spot: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    vol: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    rate: Option<Argument<'_, 'py>>,
    dividend: Option<Argument<'_, 'py>>,
    which: Option<Argument<'_, 'py>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let columns = columns(american::ARGUMENTS, right, [spot, strike, years, vol], [rate, dividend])?;
    let arguments = broadcast(american::ARGUMENTS, &columns)?;
    let selected = selection(which)?;
    let arrays = filled(py, arguments.shape(), selected.len(), |slices| {
        american::greeks_slices(&arguments, &selected, slices);
    })?;
    let mut results = vec![py.None().into_bound(py); Greek::ALL.len()];
    for (&greek, array) in selected.iter().zip(arrays) {
        results[greek as usize] = array;
    }
    PyTuple::new(py, results)
}

/// Implied volatility of American option prices.
///
/// Arguments broadcast as in NumPy. Scalars in, a float out.
///
/// Parameters
/// ----------
/// price : array_like
///     Price, in the unit of the spot.
/// spot : array_like
///     Price of the asset, > 0.
/// strike : array_like
///     Strike, > 0.
/// years : array_like
///     Time to expiry in years, > 0.
/// right : array_like
///     "C" or "P", +1 or -1, or an array or column of either.
/// rate : array_like, default 0.0
///     Interest a year, continuously compounded.
/// dividend : array_like, default 0.0
///     Dividend yield a year, continuously compounded.
/// status : bool, default False
///     Also return why a row has a volatility or none.
///
/// Returns
/// -------
/// vol : float or ndarray
///     The least volatility that gives the price, decimal, per square root of a year: 0 for a price at what the
///     option is worth without any, as at the intrinsic value of what is exercised now; NaN in rows without one.
/// status : int or ndarray of uint8
///     Codes of `alvh.pricing.Status`: 0 ok, 1 below_intrinsic (below the value without volatility), 2 above_max (above
///     that at 12 deviations), 3 invalid. Only with `status=True`.
///
/// Raises
/// ------
/// AlvhError
///     If shapes do not broadcast, or an argument is no number, right or array of them. Bad rows do not raise.
///
/// Notes
/// -----
/// A bracketed secant search over `price_american`, some ten prices a row; as exact as the price tells:
/// deep in the money little of it depends on volatility.
///
/// Examples
/// --------
/// >>> from alvh import pricing
/// >>> value = pricing.price_american(40.0, 45.0, 7 / 12, 0.3, "P", rate=0.0488)
/// >>> round(pricing.implied_vol_american(value, 40.0, 45.0, 7 / 12, "P", rate=0.0488), 10)
/// 0.3
/// >>> pricing.implied_vol_american([9.9, 10.0, 11.0], 90.0, 100.0, 0.25, "P", rate=0.05, status=True)[1]
/// array([1, 0, 0], dtype=uint8)
#[pyfunction]
#[pyo3(
    signature = (price, spot, strike, years, right, *, rate=None, dividend=None, status=false),
    text_signature = "(price, spot, strike, years, right, *, rate=0.0, dividend=0.0, status=False)"
)]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.pricing.implied_vol_american")]
pub fn implied_vol_american<'py>(
    py: Python<'py>,
    price: Argument<'_, 'py>,
    spot: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    rate: Option<Argument<'_, 'py>>,
    dividend: Option<Argument<'_, 'py>>,
    status: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let names = american::IMPLIED_ARGUMENTS;
    let columns = columns(names, right, [price, spot, strike, years], [rate, dividend])?;
    let arguments = broadcast(names, &columns)?;
    let (mut vols, mut codes) = (vec![0.0; arguments.rows()], vec![0.0; arguments.rows()]);
    detached(py, || {
        american::implied_vol_slices(&arguments, &mut vols, &mut codes);
        Ok(())
    })?;
    let vol = single(py, arguments.shape(), |out| out.copy_from_slice(&vols))?;
    if !status {
        return Ok(vol);
    }
    let codes = single(py, arguments.shape(), |out: &mut [u8]| {
        for (out, code) in out.iter_mut().zip(&codes) {
            *out = *code as u8;
        }
    })?;
    Ok((vol, codes).into_pyobject(py)?.into_any())
}

/// The arguments in the core's order: right, four numbers, rate and dividend yield.
fn columns<'py>(
    names: [&str; 7],
    right: Argument<'_, 'py>,
    numbers: [Argument<'_, 'py>; 4],
    yearly: [Option<Argument<'_, 'py>>; 2],
) -> PyResult<[Column<'py>; 7]> {
    let number = |name: usize, given: Argument<'_, 'py>| Column::numbers(names[name], given, true);
    let or_zero = |name: usize, given: Option<Argument<'_, 'py>>| {
        given.map_or_else(|| Ok(Column::scalar(0.0)), |given| number(name, given))
    };
    let [a, b, c, d] = numbers;
    let [rate, dividend] = yearly;
    Ok([
        Column::rights(names[0], right, true)?,
        number(1, a)?,
        number(2, b)?,
        number(3, c)?,
        number(4, d)?,
        or_zero(5, rate)?,
        or_zero(6, dividend)?,
    ])
}

fn broadcast<'a>(names: [&'a str; 7], columns: &'a [Column<'_>; 7]) -> PyResult<Broadcast<'a, 7>> {
    Broadcast::of(std::array::from_fn(|i| columns[i].argument(names[i]))).map_err(to_python)
}

/// The greeks to compute: those named, else all.
fn selection(which: Option<Argument<'_, '_>>) -> PyResult<Vec<Greek>> {
    let Some(which) = which else { return Ok(Greek::ALL.to_vec()) };
    let known = Greek::ALL.map(Greek::name).join(" ");
    let unknown = || refused("which", which, &format!("a name or several of: {known}"));
    let one = |name: &Bound<'_, PyAny>| {
        let name = name.extract::<&str>().ok();
        let found = name.and_then(|name| Greek::ALL.into_iter().find(|greek| greek.name() == name));
        found.ok_or_else(unknown)
    };
    if which.is_instance_of::<PyString>() {
        return Ok(vec![one(which)?]);
    }
    let mut selected = Vec::with_capacity(Greek::ALL.len());
    for name in which.try_iter().map_err(|_| unknown())? {
        let greek = one(&name?)?;
        if !selected.contains(&greek) {
            selected.push(greek);
        }
    }
    Ok(selected)
}
