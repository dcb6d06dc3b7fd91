//! Black-76 prices, greeks and implied volatilities of arrays.
#![expect(clippy::doc_markdown, clippy::doc_link_with_quotes, reason = "these docstrings are read in Python")]

use alvh_core::{
    math::broadcast::Broadcast,
    pricing::{
        black76::{self, Greek},
        implied_vol as inverse,
    },
};
use numpy::{PyArrayDyn, PyArrayMethods, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    types::{PyString, PyTuple},
};

use crate::{
    columns::{Column, refused},
    door::{detached, to_python},
};

type Argument<'a, 'py> = &'a Bound<'py, PyAny>;

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
///
/// Returns
/// -------
/// float or ndarray
///     Price in the unit of the forward. NaN in rows with a term outside its domain.
///
/// Raises
/// ------
/// AlvhError
///     If shapes do not broadcast, or an argument is no number, right or array of them.
///
/// Notes
/// -----
/// F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976). The relative error is
/// below 4e-15 + 4e-16 (ln(F/K)/σ√T)², for out-of-the-money options too. At zero volatility or time the price is
/// the discounted intrinsic value.
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
    signature = (forward, strike, years, vol, right, *, discount=None),
    text_signature = "(forward, strike, years, vol, right, *, discount=1.0)"
)]
pub fn price<'py>(
    py: Python<'py>,
    forward: Argument<'_, 'py>,
    strike: Argument<'_, 'py>,
    years: Argument<'_, 'py>,
    vol: Argument<'_, 'py>,
    right: Argument<'_, 'py>,
    discount: Option<Argument<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let columns = columns(black76::ARGUMENTS, right, [forward, strike, years, vol], discount)?;
    let arguments = broadcast(black76::ARGUMENTS, &columns)?;
    filled(py, &arguments, |out| black76::price_slice(&arguments, out))
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
    out: Option<&Bound<'py, PyTuple>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let columns = columns(black76::ARGUMENTS, right, [forward, strike, years, vol], discount)?;
    let arguments = broadcast(black76::ARGUMENTS, &columns)?;
    let selected = selection(which, out)?;
    let mut results = vec![py.None().into_bound(py); Greek::ALL.len()];

    if arguments.shape().is_empty() && out.is_none() {
        let mut values = vec![0.0; selected.len()];
        black76::greeks_slices(&arguments, &selected, values.chunks_mut(1).collect());
        for (&k, value) in selected.iter().zip(values) {
            results[k as usize] = value.into_pyobject(py)?.into_any();
        }
        return PyTuple::new(py, results);
    }

    let mut targets = Vec::with_capacity(selected.len());
    for &k in &selected {
        let array = match out {
            Some(out) => given(k.name(), &out.get_item(k as usize)?, arguments.shape())?,
            None => PyArrayDyn::zeros(py, arguments.shape(), false),
        };
        results[k as usize] = array.clone().into_any();
        targets.push(writable(k.name(), &array)?);
    }
    let slices = targets.iter_mut().map(|target| target.as_slice_mut()).collect::<Result<Vec<_>, _>>()?;
    detached(py, || {
        black76::greeks_slices(&arguments, &selected, slices);
        Ok(())
    })?;
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
/// A direct formula without iteration. Its relative error of some 1e-15 is exceeded by what rounding the price
/// causes: 1.1e-16 · price/(vega · vol), much for options deep in the money.
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
    signature = (price, forward, strike, years, right, *, discount=None, status=false),
    text_signature = "(price, forward, strike, years, right, *, discount=1.0, status=False)"
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
) -> PyResult<Bound<'py, PyAny>> {
    let columns = columns(inverse::ARGUMENTS, right, [price, forward, strike, years], discount)?;
    let arguments = broadcast(inverse::ARGUMENTS, &columns)?;
    let vol = filled(py, &arguments, |out| inverse::implied_vol_slice(&arguments, out))?;
    if !status {
        return Ok(vol);
    }
    let codes = filled(py, &arguments, |out| inverse::status_slice(&arguments, out))?;
    Ok((vol, codes).into_pyobject(py)?.into_any())
}

/// The arguments in the core's order: right, the four numbers, discount.
fn columns<'py>(
    names: [&str; 6],
    right: Argument<'_, 'py>,
    numbers: [Argument<'_, 'py>; 4],
    discount: Option<Argument<'_, 'py>>,
) -> PyResult<[Column<'py>; 6]> {
    let [a, b, c, d] = numbers;
    let [right_name, a_name, b_name, c_name, d_name, discount_name] = names;
    Ok([
        Column::rights(right_name, right)?,
        Column::numbers(a_name, a)?,
        Column::numbers(b_name, b)?,
        Column::numbers(c_name, c)?,
        Column::numbers(d_name, d)?,
        discount
            .map_or_else(|| Ok(Column::scalar(1.0)), |discount| Column::numbers(discount_name, discount))?,
    ])
}

fn broadcast<'a>(names: [&str; 6], columns: &'a [Column<'_>; 6]) -> PyResult<Broadcast<'a, 6>> {
    let named = std::array::from_fn(|i| (names[i], columns[i].as_slice(), columns[i].shape()));
    Broadcast::new(named).map_err(to_python)
}

/// A new array of the arguments' shape, filled without the interpreter; a Python number if they are all scalars.
fn filled<'py, T>(
    py: Python<'py>,
    arguments: &Broadcast<'_, 6>,
    work: impl FnOnce(&mut [T]) + Send,
) -> PyResult<Bound<'py, PyAny>>
where
    T: numpy::Element + Copy + Default + IntoPyObjectExt<'py>,
{
    if arguments.shape().is_empty() {
        let mut value = [T::default()];
        work(&mut value);
        return value[0].into_bound_py_any(py);
    }
    let array = PyArrayDyn::<T>::zeros(py, arguments.shape(), false);
    let mut target = array.readwrite();
    let out = target.as_slice_mut()?;
    detached(py, || {
        work(out);
        Ok(())
    })?;
    drop(target);
    Ok(array.into_any())
}

/// The positions of the greeks to compute: those named, else those that `out` has arrays for, else all.
fn selection(which: Option<Argument<'_, '_>>, out: Option<&Bound<'_, PyTuple>>) -> PyResult<Vec<Greek>> {
    let names = match which {
        None => None,
        Some(which) if which.is_instance_of::<PyString>() => Some(vec![which.extract::<String>()?]),
        Some(which) => Some(which.extract::<Vec<String>>().map_err(|_| unknown(which))?),
    };
    match (names, which, out) {
        (Some(names), Some(which), _) => {
            let mut selected = Vec::with_capacity(names.len());
            for name in names {
                let k = Greek::ALL
                    .into_iter()
                    .find(|known| known.name() == name)
                    .ok_or_else(|| unknown(which))?;
                if !selected.contains(&k) {
                    selected.push(k);
                }
            }
            Ok(selected)
        }
        (_, _, Some(out)) => {
            if out.len() != Greek::ALL.len() {
                return Err(refused("out", out, "a Greeks with an array or None in each field"));
            }
            Ok(Greek::ALL.into_iter().zip(out).filter(|(_, item)| !item.is_none()).map(|(k, _)| k).collect())
        }
        _ => Ok(Greek::ALL.to_vec()),
    }
}

fn unknown(which: Argument<'_, '_>) -> PyErr {
    refused("which", which, &format!("a name or several of: {}", Greek::ALL.map(Greek::name).join(" ")))
}

/// The user's array for a greek, if its type and shape fit.
fn given<'py>(
    name: &str,
    item: &Bound<'py, PyAny>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    match item.cast::<PyArrayDyn<f64>>() {
        Ok(array) if array.shape() == shape && array.is_c_contiguous() => Ok(array.clone()),
        _ => {
            let allowed = format!("a float64 array in C order of shape {shape:?}");
            Err(refused(&format!("out.{name}"), item, &allowed))
        }
    }
}

fn writable<'py>(name: &str, array: &Bound<'py, PyArrayDyn<f64>>) -> PyResult<PyReadwriteArrayDyn<'py, f64>> {
    array.try_readwrite().map_err(|_| {
        let allowed = "a writable array that shares no memory with another argument";
        refused(&format!("out.{name}"), array, allowed)
    })
}
