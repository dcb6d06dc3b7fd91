//! Black-76 prices, greeks and implied volatilities of arrays.
#![expect(clippy::doc_markdown, clippy::doc_link_with_quotes, reason = "these docstrings are read in Python")]

use alvh_core::{
    math::broadcast::Broadcast,
    pricing::{
        black76::{self, Greek},
        implied_vol as inverse,
    },
};
use pyo3::{prelude::*, types::PyTuple};

use crate::{
    arguments::{Argument, broadcast, columns, named},
    columns::{Column, refused},
    outputs::{filled, given, single, write},
};

/// Discounted Black-76 price of European options on a forward.
///
/// Arguments broadcast as in NumPy. Scalars in, a float out.
///
/// Parameters
/// ----------
/// forward : array_like
///     Forward price for the expiry of the option, ≥ 0.
/// strike : array_like
///     Strike, ≥ 0, in the unit of the forward.
/// years : array_like
///     Time to expiry in years, ≥ 0.
/// vol : array_like
///     Volatility, decimal, per square root of a year, ≥ 0.
/// right : array_like
///     "C" or "P", +1 or -1, or an array or column of either.
/// discount : array_like, default 1.0
///     Discount factor to expiry, > 0.
/// out : ndarray, optional
///     Where to write: float64 in C order, of the broadcast shape, sharing no memory with arguments.
///
/// Returns
/// -------
/// float or ndarray
///     Price in the unit of the forward, `out` if given. NaN in rows with a term outside its domain.
///
/// Raises
/// ------
/// AlvhError
///     If shapes do not broadcast, or an argument is no number, right or array of them.
///
/// Notes
/// -----
/// F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976). The relative error is
/// below 4e-15 + 6e-16 (ln(F/K)/σ√T)², for out-of-the-money options too, as long as the time value is above 1e-307 of
/// the smaller of forward and strike. At zero volatility or time the price is the discounted intrinsic value. Amounts
/// from 1e301 on and subnormal discounts are outside the domain; a subnormal forward or strike counts as 0.
///
/// Examples
/// --------
/// >>> from alvh import pricing
/// >>> round(pricing.price(5000.0, 4800.0, 30 / 365, 0.16, "P", discount=0.996), 6)
/// 22.892348
/// >>> pricing.price(100.0, [90.0, 110.0], 0.0, 0.2, ["C", "P"])
/// array([10., 10.])
#[pyfunction]
#[pyo3(
    signature = (forward, strike, years, vol, right, *, discount=None, out=None),
    text_signature = "(forward, strike, years, vol, right, *, discount=1.0, out=None)"
)]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.pricing.price")]
pub fn price<'py>(
    py: Python<'py>,
    forward: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    vol: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    discount: Option<Argument<'_, 'py>>,
    out: Option<Argument<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let numbers = [forward, strike, years, vol];
    let columns = columns(black76::ARGUMENTS, right, numbers, &[(discount, 1.0)], out.is_none())?;
    let arguments = broadcast(black76::ARGUMENTS, &columns)?;
    column(py, &arguments, &columns, out, |out| black76::price_slice(&arguments, out))
}

/// Price and thirteen greeks: the tuple behind `alvh.pricing.greeks`, None where not selected.
#[pyfunction]
#[pyo3(
    signature = (forward, strike, years, vol, right, *, discount=None, which=None, out=None),
    text_signature = "(forward, strike, years, vol, right, *, discount=1.0, which=None, out=None)"
)]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.pricing.greeks")]
pub fn greeks<'py>(
    py: Python<'py>,
    forward: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    vol: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    discount: Option<Argument<'_, 'py>>,
    which: Option<Argument<'_, 'py>>,
    out: Option<Argument<'_, 'py>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let out = out.map(greeks_of).transpose()?;
    let numbers = [forward, strike, years, vol];
    let columns = columns(black76::ARGUMENTS, right, numbers, &[(discount, 1.0)], out.is_none())?;
    let arguments = broadcast(black76::ARGUMENTS, &columns)?;
    let selected = selection(which, out.as_ref())?;
    let work = |slices: Vec<&mut [f64]>| black76::greeks_slices(&arguments, &selected, slices);
    let mut results = vec![py.None().into_bound(py); Greek::ALL.len()];
    if let Some(out) = out {
        let mut taken = columns.each_ref().map(Column::addresses).to_vec();
        let mut targets = Vec::with_capacity(selected.len());
        for &k in &selected {
            let item = &mut results[k as usize];
            *item = out.get_item(k as usize)?;
            targets.push(given(&format!("out.{}", k.name()), item, arguments.shape(), &mut taken)?);
        }
        write(py, targets, work)?;
    } else {
        let arrays = filled(py, arguments.shape(), selected.len(), work)?;
        for (&k, array) in selected.iter().zip(arrays) {
            results[k as usize] = array;
        }
    }
    PyTuple::new(py, results)
}

/// Black-76 implied volatility of discounted option prices.
///
/// Arguments broadcast as in NumPy. Scalars in, a float out.
///
/// Parameters
/// ----------
/// price : array_like
///     Discounted price, in the unit of the forward.
/// forward : array_like
///     Forward price for the expiry of the option, > 0.
/// strike : array_like
///     Strike, > 0.
/// years : array_like
///     Time to expiry in years, > 0.
/// right : array_like
///     "C" or "P", +1 or -1, or an array or column of either.
/// discount : array_like, default 1.0
///     Discount factor to expiry, > 0.
/// status : bool, default False
///     Also return why a row has a volatility or none.
/// out : ndarray, optional
///     Where to write the volatilities: float64 in C order, of the broadcast shape, sharing no memory with
///     arguments.
///
/// Returns
/// -------
/// vol : float or ndarray
///     Volatility, decimal, per square root of a year; 0 for a price at the intrinsic value (up to rounding), NaN
///     in rows without one.
/// status : int or ndarray of uint8
///     Codes of `alvh.pricing.Status`: 0 ok, 1 below_intrinsic, 2 above_max, 3 invalid. Only with `status=True`.
///
/// Raises
/// ------
/// AlvhError
///     If shapes do not broadcast, or an argument is no number, right or array of them. Bad rows do not raise.
///
/// Notes
/// -----
/// A direct formula without iteration over the price; rows far in the wings or far from usual take two steps. Its
/// relative error of some 1e-15 is exceeded by what rounding the price causes: 1.1e-16 · price/(vega · vol), much for
/// options deep in the money. Forwards, strikes, years and discounts that are subnormal or from 1e301 on are invalid.
///
/// Examples
/// --------
/// >>> from alvh import pricing
/// >>> value = pricing.price(5000.0, 4800.0, 30 / 365, 0.16, "P")
/// >>> round(pricing.implied_vol(value, 5000.0, 4800.0, 30 / 365, "P"), 14)
/// 0.16
/// >>> pricing.implied_vol([9.0, 12.0], 110.0, 100.0, 0.25, "C", status=True)[1]
/// array([1, 0], dtype=uint8)
#[pyfunction]
#[pyo3(
    signature = (price, forward, strike, years, right, *, discount=None, status=false, out=None),
    text_signature = "(price, forward, strike, years, right, *, discount=1.0, status=False, out=None)"
)]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.pricing.implied_vol")]
pub fn implied_vol<'py>(
    py: Python<'py>,
    price: Argument<'_, 'py>,
    forward: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    discount: Option<Argument<'_, 'py>>,
    status: bool,
    out: Option<Argument<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let numbers = [price, forward, strike, years];
    let columns = columns(inverse::ARGUMENTS, right, numbers, &[(discount, 1.0)], out.is_none())?;
    let arguments = broadcast(inverse::ARGUMENTS, &columns)?;
    let vol = column(py, &arguments, &columns, out, |out| inverse::implied_vol_slice(&arguments, out))?;
    if !status {
        return Ok(vol);
    }
    let codes = single(py, arguments.shape(), |out| inverse::status_slice(&arguments, out))?;
    Ok((vol, codes).into_pyobject(py)?.into_any())
}

/// One result: `out` if given, else a new array or a number.
fn column<'py>(
    py: Python<'py>,
    arguments: &Broadcast<'_, 6>,
    columns: &[Column<'_>; 6],
    out: Option<Argument<'_, 'py>>,
    work: impl FnOnce(&mut [f64]) + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(out) = out else { return single(py, arguments.shape(), work) };
    let mut taken = columns.each_ref().map(Column::addresses).to_vec();
    let target = given("out", out, arguments.shape(), &mut taken)?;
    write(py, vec![target], |mut slices| work(slices.remove(0)))?;
    Ok(out.clone())
}

/// The greeks to compute: those named, else those that `out` has arrays for, else all.
fn selection(which: Option<Argument<'_, '_>>, out: Option<&Bound<'_, PyTuple>>) -> PyResult<Vec<Greek>> {
    Ok(match (which, out) {
        (Some(which), _) => named(which, &Greek::ALL, Greek::name)?,
        (None, Some(out)) => {
            Greek::ALL.into_iter().zip(out).filter(|(_, item)| !item.is_none()).map(|(k, _)| k).collect()
        }
        (None, None) => Greek::ALL.to_vec(),
    })
}

/// The fields of `out`.
fn greeks_of<'py>(out: Argument<'_, 'py>) -> PyResult<Bound<'py, PyTuple>> {
    match out.cast::<PyTuple>() {
        Ok(fields) if fields.len() == Greek::ALL.len() => Ok(fields.clone()),
        _ => Err(refused("out", out, "a Greeks with an array or None in each field")),
    }
}
