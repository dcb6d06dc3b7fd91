//! New arrays for results.

use numpy::{Element, PyArrayDyn};
use pyo3::{prelude::*, sync::PyOnceLock, types::PyTuple};

/// Results of so many bytes get their memory from `alvh.memory`, which tells why.
const LARGE: usize = 4 << 20;

/// A new array whose values are whatever its memory holds: clearing it would cost a tenth of a price.
pub fn empty<'py, T: Element>(py: Python<'py>, shape: &[usize]) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let bytes = shape.iter().product::<usize>() * size_of::<T>();
    let make = if bytes < LARGE {
        EMPTY.import(py, "numpy", "empty")?
    } else {
        ARRAY.import(py, "alvh.memory", "array")?
    };
    Ok(make.call1((PyTuple::new(py, shape)?, T::get_dtype(py)))?.cast_into::<PyArrayDyn<T>>()?)
}
