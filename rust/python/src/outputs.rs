//! Results: new arrays, numbers, or the caller's arrays.

use std::ops::Range;

use alvh_core::math::broadcast::addresses;
use numpy::{Element, PyArray1, PyArrayDyn, PyArrayMethods, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::{IntoPyObjectExt, prelude::*};

use crate::{columns::refused, door::detached, pages::empty};

/// Results with up to so many rows are computed first and copied into arrays of Python after: that costs less than
/// the book-keeping of a borrow.
const SMALL: usize = 512;

/// From so many rows on, the interpreter is released meanwhile.
const LONG: usize = 4096;

/// What the rows of a result are.
pub trait Output<'py>: Element + Copy + Default + IntoPyObjectExt<'py> {}
impl<'py, T: Element + Copy + Default + IntoPyObjectExt<'py>> Output<'py> for T {}

/// `count` new arrays of the shape, filled by `work`; Python numbers if the shape has no axes.
pub fn filled<'py, T: Output<'py>>(
    py: Python<'py>,
    shape: &[usize],
    count: usize,
    work: impl FnOnce(Vec<&mut [T]>) + Send,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let rows = shape.iter().product();
    if rows > SMALL {
        let arrays = (0..count).map(|_| empty::<T>(py, shape)).collect::<PyResult<Vec<_>>>()?;
        let targets = arrays.iter().map(|array| Ok(array.try_readwrite()?)).collect::<PyResult<_>>()?;
        write(py, targets, work)?;
        return Ok(arrays.into_iter().map(Bound::into_any).collect());
    }
    let mut values = vec![T::default(); rows * count];
    let mut rest = &mut values[..];
    work((0..count).map_while(|_| rest.split_off_mut(..rows)).collect());
    let result = |k| {
        let values = &values[k * rows..(k + 1) * rows];
        match shape {
            [] => values[0].into_bound_py_any(py),
            [_] => Ok(PyArray1::from_slice(py, values).into_any()),
            _ => Ok(PyArray1::from_slice(py, values).reshape(shape)?.into_any()),
        }
    };
    (0..count).map(result).collect()
}

/// One new array, or a Python number if the shape has no axes.
pub fn single<'py, T: Output<'py>>(
    py: Python<'py>,
    shape: &[usize],
    work: impl FnOnce(&mut [T]) + Send,
) -> PyResult<Bound<'py, PyAny>> {
    if shape.is_empty() {
        let mut value = [T::default()];
        work(&mut value);
        return value[0].into_bound_py_any(py);
    }
    Ok(filled(py, shape, 1, |mut slices| work(slices.remove(0)))?.remove(0))
}

/// Fills arrays that are borrowed for it.
pub fn write<'py, T: Element>(
    py: Python<'py>,
    mut targets: Vec<PyReadwriteArrayDyn<'py, T>>,
    work: impl FnOnce(Vec<&mut [T]>) + Send,
) -> PyResult<()> {
    let slices = targets.iter_mut().map(|target| target.as_slice_mut()).collect::<Result<Vec<_>, _>>()?;
    if slices.first().is_some_and(|slice| slice.len() >= LONG) {
        return detached(py, || {
            work(slices);
            Ok(())
        });
    }
    work(slices);
    Ok(())
}

/// The caller's array for a result, if its type, shape and order fit and nothing else reads or writes it: `taken` are
/// the addresses of the arguments and of earlier outputs, to which it is added.
pub fn given<'py>(
    name: &str,
    item: &Bound<'py, PyAny>,
    shape: &[usize],
    taken: &mut Vec<Range<usize>>,
) -> PyResult<PyReadwriteArrayDyn<'py, f64>> {
    let Ok(array) = item.cast::<PyArrayDyn<f64>>() else { return Err(unfit(name, item, shape)) };
    if array.shape() != shape || !array.is_c_contiguous() || !array.is_aligned() {
        return Err(unfit(name, item, shape));
    }
    let shares = || refused(name, item, "a writable array that shares no memory with another argument");
    let target = array.try_readwrite().map_err(|_| shares())?;
    // The borrow above knows views of one array, but not two arrays over one buffer.
    let own = addresses(target.as_slice()?);
    if taken.iter().any(|other| own.start < other.end && other.start < own.end) {
        return Err(shares());
    }
    taken.push(own);
    Ok(target)
}

fn unfit(name: &str, item: &Bound<'_, PyAny>, shape: &[usize]) -> PyErr {
    refused(name, item, &format!("a float64 array in C order of shape {shape:?}"))
}
