//! American option prices, greeks and implied volatilities of arrays.
#![expect(clippy::doc_markdown, reason = "these docstrings are read in Python")]

use alvh_core::pricing::american::{self, Greek};
use pyo3::{prelude::*, types::PyTuple};

use crate::{
    arguments::{Argument, broadcast, columns, named},
    door::detached,
    outputs::{filled, single},
};

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
/// Finance 20 (2016): the exercise boundary as a polynomial, found by a fixed-point iteration. The error is below
/// 1e-6 of the strike for deviations vol · √years up to 1, mostly some 1e-7, and below 1e-4 of it beyond. A row takes a
/// fraction of a millisecond, or no more than a European price where early exercise is never worth while, as for calls
/// without dividends.
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
    let yearly = [(rate, 0.0), (dividend, 0.0)];
    let columns = columns(american::ARGUMENTS, right, [spot, strike, years, vol], &yearly, true)?;
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
    let yearly = [(rate, 0.0), (dividend, 0.0)];
    let columns = columns(american::ARGUMENTS, right, [spot, strike, years, vol], &yearly, true)?;
    let arguments = broadcast(american::ARGUMENTS, &columns)?;
    let selected =
        which.map_or_else(|| Ok(Greek::ALL.to_vec()), |which| named(which, &Greek::ALL, Greek::name))?;
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
    let yearly = [(rate, 0.0), (dividend, 0.0)];
    let columns = columns(names, right, [price, spot, strike, years], &yearly, true)?;
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
