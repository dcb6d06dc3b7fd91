//! Array arguments: anything numeric or any column of rights becomes float64 in C order with a shape.

use alvh_core::Error;
use numpy::{
    PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyBool, PyFloat, PyString},
};

use crate::door::to_python;

/// Values in C order and their shape; no axes for a scalar.
pub struct Column<'py> {
    values: Values<'py>,
    shape: Vec<usize>,
}

enum Values<'py> {
    Own(Vec<f64>),
    /// Borrowed from the caller's array, which is contiguous.
    Borrowed(PyReadonlyArrayDyn<'py, f64>),
}

impl<'py> Column<'py> {
    pub fn scalar(value: f64) -> Self {
        Self { values: Values::Own(vec![value]), shape: Vec::new() }
    }

    /// A number or anything that `numpy.asarray` turns into numbers.
    ///
    /// An array of float64 in C order is used in place; everything else is converted at its own size.
    pub fn numbers(name: &str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(value) = object.cast_exact::<PyFloat>() {
            return Ok(Self::scalar(value.value()));
        }
        if let Ok(array) = object.cast::<PyArrayDyn<f64>>()
            && array.is_c_contiguous()
            && let Ok(borrowed) = array.try_readonly()
            && borrowed.as_slice().is_ok()
        {
            return Ok(Self { shape: array.shape().to_vec(), values: Values::Borrowed(borrowed) });
        }
        let refuse = || refused(name, object, "a number, or an array or column of numbers");
        let array = as_array(object).map_err(|_| refuse())?;
        match kind(&array) {
            // One object: None, for which an array has NaN, is no number.
            b'O' if array.ndim() == 0 => object.extract().map(Self::scalar).map_err(|_| refuse()),
            b'i' | b'u' | b'f' | b'O' => Self::converted(&array).map_err(|_| refuse()),
            _ => Err(refuse()),
        }
    }

    /// "C" or "P", +1 or −1, or an array or column of either; elements that are none of these become NaN.
    pub fn rights(name: &str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let refuse = || refused(name, object, "\"C\" or \"P\", +1 or -1, or an array or column of these");
        if object.is_instance_of::<PyString>() || object.is_instance_of::<PyBool>() {
            let sign = sign_of(object);
            return if sign.is_nan() { Err(refuse()) } else { Ok(Self::scalar(sign)) };
        }
        let array = as_array(object).map_err(|_| refuse())?;
        let shape = array.shape().to_vec();
        let bytes = array.dtype().itemsize();
        let values = match kind(&array) {
            b'i' | b'u' | b'f' => {
                let mut column = Self::converted(&array).map_err(|_| refuse())?;
                let signs =
                    column.as_slice().iter().map(|&x| if x.abs() == 1.0 { x } else { f64::NAN }).collect();
                column.values = Values::Own(signs);
                if shape.is_empty() && column.as_slice()[0].is_nan() {
                    return Err(refuse());
                }
                return Ok(column);
            }
            b'U' if bytes == size_of::<u32>() => codes::<u32>(&array, "u4")?,
            b'S' if bytes == size_of::<u8>() => codes::<u8>(&array, "u1")?,
            b'U' | b'S' | b'O' | b'T' => array
                .call_method1("astype", ("O",))?
                .call_method0("ravel")?
                .try_iter()?
                .map(|item| Ok(sign_of(&item?)))
                .collect::<PyResult<_>>()?,
            _ => return Err(refuse()),
        };
        Ok(Self { values: Values::Own(values), shape })
    }

    fn converted(array: &Bound<'py, PyUntypedArray>) -> PyResult<Self> {
        let copied = array.call_method1("astype", ("f8", "C"))?.cast_into::<PyArrayDyn<f64>>()?;
        Ok(Self {
            values: Values::Own(copied.readonly().as_slice()?.to_vec()),
            shape: array.shape().to_vec(),
        })
    }

    pub fn as_slice(&self) -> &[f64] {
        match &self.values {
            Values::Own(values) => values,
            Values::Borrowed(array) => array.as_slice().expect("checked when it was borrowed"),
        }
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// An exception that names the argument, its value and what is allowed.
pub fn refused(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> PyErr {
    const LONGEST: usize = 60;
    let mut text = value.repr().map_or_else(|_| "<unprintable>".to_owned(), |repr| repr.to_string());
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain("…".chars()).collect();
    }
    to_python(Error::domain(name, text, format!("allowed: {allowed}")))
}

fn as_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    static ASARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let asarray = ASARRAY.import(object.py(), "numpy", "asarray")?;
    Ok(asarray.call1((object,))?.cast_into::<PyUntypedArray>()?)
}

/// `NumPy`'s letter for the kind of element.
fn kind(array: &Bound<'_, PyUntypedArray>) -> u8 {
    array.dtype().kind()
}

/// One-character strings by their code, without a Python object per element.
fn codes<T: numpy::Element + Copy + Into<u32>>(
    array: &Bound<'_, PyUntypedArray>,
    dtype: &str,
) -> PyResult<Vec<f64>> {
    let flat = array.call_method0("ravel")?.call_method1("view", (dtype,))?.cast_into::<PyArrayDyn<T>>()?;
    let sign = |code: T| match char::from_u32(code.into()) {
        Some('C') => 1.0,
        Some('P') => -1.0,
        _ => f64::NAN,
    };
    Ok(flat.readonly().as_slice()?.iter().copied().map(sign).collect())
}

/// The sign of one right; NaN for anything that is none.
fn sign_of(object: &Bound<'_, PyAny>) -> f64 {
    if let Ok(text) = object.extract::<&str>() {
        return match text {
            "C" => 1.0,
            "P" => -1.0,
            _ => f64::NAN,
        };
    }
    match object.extract::<f64>() {
        Ok(sign) if sign.abs() == 1.0 && !object.is_instance_of::<PyBool>() => sign,
        _ => f64::NAN,
    }
}
