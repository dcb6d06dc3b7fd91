//! Array arguments: numbers of any element type and rights, read where they lie.
//!
//! What the core reads in place, block by block: float64, float32 and integers of every size in native byte order,
//! one-character strings, in C or Fortran order or with axes that are permuted, reversed or repeated, and Arrow's string views
//! in C order. Arrays with gaps (`a[::2]`, a field of a structured array), other types and other byte orders are copied once, at their
//! own size.

use std::ops::Range;

use alvh_core::{
    Error,
    math::broadcast::{Argument, Broadcast, Meaning, Values},
};
use numpy::{
    Element, PyArray1, PyArrayDescr, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn,
    PyUntypedArray, PyUntypedArrayMethods,
    ndarray::{ArrayViewD, Axis},
};
use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBool, PyFloat, PyInt, PyList, PyString, PyType},
};

use crate::door::to_python;

/// Up to so many elements are copied: that costs less than the book-keeping of a borrow.
const SMALL: usize = 512;

/// The most axes that `ndarray` views have.
const MOST_AXES: usize = 32;

/// One argument, kept alive and unchanged while the core reads it.
pub struct Column<'py> {
    elements: Elements<'py>,
    meaning: Meaning,
    /// The array that has the shape; none for a scalar.
    array: Option<Bound<'py, PyUntypedArray>>,
    /// In elements; none for C order.
    strides: Option<Vec<isize>>,
}

enum Elements<'py> {
    Scalar(f64),
    Own(Vec<f64>),
    Borrowed(Box<dyn Memory + 'py>),
}

/// A borrowed array of some element type.
trait Memory {
    fn values(&self) -> Values<'_>;
}

impl<T: Element> Memory for PyReadonlyArrayDyn<'_, T>
where
    for<'a> Values<'a>: From<&'a [T]>,
{
    fn values(&self) -> Values<'_> {
        let slice = self.as_slice().ok().or_else(|| in_memory_order(self.as_array()));
        slice.expect("checked when it was borrowed").into()
    }
}

/// The words of string views, two each.
struct Views<'py>(PyReadonlyArrayDyn<'py, u64>);

impl Memory for Views<'_> {
    fn values(&self) -> Values<'_> {
        let words = self.0.as_slice().expect("checked when it was borrowed");
        words.as_chunks().0.into()
    }
}

/// All elements, repeated ones once, if they lie without gaps.
fn in_memory_order<T>(mut view: ArrayViewD<'_, T>) -> Option<&[T]> {
    for axis in 0..view.ndim() {
        if view.strides()[axis] == 0 && view.shape()[axis] > 1 {
            view.collapse_axis(Axis(axis), 0);
        }
    }
    view.to_slice_memory_order()
}

impl<'py> Column<'py> {
    /// The addresses that the core reads, empty for what is copied.
    pub fn addresses(&self) -> Range<usize> {
        match &self.elements {
            Elements::Borrowed(memory) => memory.values().addresses(),
            Elements::Scalar(_) | Elements::Own(_) => 0..0,
        }
    }

    pub fn scalar(value: f64) -> Self {
        Self { elements: Elements::Scalar(value), meaning: Meaning::Number, array: None, strides: None }
    }

    /// A number or anything that `numpy.asarray` turns into numbers. `copy` allows a copy of small arrays.
    pub fn numbers(name: &str, object: &Bound<'py, PyAny>, copy: bool) -> PyResult<Self> {
        if let Some(value) = number(object) {
            return Ok(Self::scalar(value));
        }
        let refuse = || refused(name, object, "a number, or an array or column of numbers");
        let array = match series(object, intern!(object.py(), "numbers"))? {
            Some(numbers) => numbers,
            None => as_array(object).map_err(|_| refuse())?,
        };
        match array.dtype().kind() {
            // One object: None, for which an array has NaN, is no number.
            b'O' if array.ndim() == 0 => object.extract().map(Self::scalar).map_err(|_| refuse()),
            b'i' | b'u' | b'f' | b'O' => Self::of(array, Meaning::Number, copy)
                .map_err(|_| refuse())?
                .ok_or_else(|| busy(name, object)),
            _ => Err(refuse()),
        }
    }

    /// "C" or "P", +1 or −1, or an array or column of either; elements that are none of these become NaN.
    pub fn rights(name: &str, object: &Bound<'py, PyAny>, copy: bool) -> PyResult<Self> {
        let refuse = || refused(name, object, "\"C\" or \"P\", +1 or -1, or an array or column of these");
        let one = |sign: f64| if sign.is_nan() { Err(refuse()) } else { Ok(Self::scalar(sign)) };
        if object.is_instance_of::<PyString>()
            || object.is_instance_of::<PyBool>()
            || number(object).is_some()
        {
            return one(sign_of(object));
        }
        let array = match series(object, intern!(object.py(), "rights"))? {
            Some(words) => words,
            None => as_array(object).map_err(|_| refuse())?,
        };
        let dtype = array.dtype();
        let column = match (dtype.kind(), dtype.itemsize()) {
            (b'i' | b'u' | b'f', _) => Self::of(array, Meaning::Sign, copy)?,
            (b'U', 4) if dtype.is_native_byteorder() == Some(false) => {
                let foreign = if cfg!(target_endian = "little") { ">u4" } else { "<u4" };
                Self::of(codes(&array, foreign)?, Meaning::Letter, copy)?
            }
            (b'U', 4) => Self::of(codes(&array, "=u4")?, Meaning::Letter, copy)?,
            (b'S', 1) => Self::of(codes(&array, "u1")?, Meaning::Letter, copy)?,
            (b'U' | b'S' | b'O' | b'T', _) => Self::of(signs(&array)?, Meaning::Number, copy)?,
            _ if dtype.is_equiv_to(view_dtype(object.py())?) => Self::views(array)?,
            _ => return Err(refuse()),
        };
        let column = column.ok_or_else(|| busy(name, object))?;
        if column.shape().is_empty() {
            let value = Broadcast::of([column.argument(name)]).map_err(to_python)?;
            return one(value.reader::<8>().rows(0, 1)[0][0]);
        }
        Ok(column)
    }

    /// String views: in place where they lie side by side, else copied once.
    fn views(array: Bound<'py, PyUntypedArray>) -> PyResult<Option<Self>> {
        let py = array.py();
        let row = array.call_method0(intern!(py, "ravel"))?;
        let mut words = row.call_method1(intern!(py, "view"), ("u8",))?.cast_into::<PyArrayDyn<u64>>()?;
        if !words.is_aligned() {
            words = words.call_method0(intern!(py, "copy"))?.cast_into()?;
        }
        let Ok(words) = words.try_readonly() else { return Ok(None) };
        let elements = Elements::Borrowed(Box::new(Views(words)));
        Ok(Some(Self { elements, meaning: Meaning::Letter, array: Some(array), strides: None }))
    }

    /// The elements of an array: in place where the core can read them, else as float64 in C order. None if
    /// another call is writing to it.
    fn of(array: Bound<'py, PyUntypedArray>, meaning: Meaning, copy: bool) -> PyResult<Option<Self>> {
        if copy
            && array.len() <= SMALL
            && array.is_c_contiguous()
            && let Ok(array) = array.cast::<PyArrayDyn<f64>>()
            && let Ok(values) = array.to_vec()
        {
            let array = Some(array.as_untyped().clone());
            return Ok(Some(Self { elements: Elements::Own(values), meaning, array, strides: None }));
        }
        let dtype = array.dtype();
        let readable = array.is_aligned() && array.ndim() <= MOST_AXES && array.len() > 0;
        let place = match (dtype.kind(), dtype.itemsize()) {
            _ if !readable => Place::Unreadable,
            (b'f', 8) => place::<f64>(&array),
            (b'f', 4) => place::<f32>(&array),
            (b'i', 1) => place::<i8>(&array),
            (b'i', 2) => place::<i16>(&array),
            (b'i', 4) => place::<i32>(&array),
            (b'i', 8) => place::<i64>(&array),
            (b'u', 1) => place::<u8>(&array),
            (b'u', 2) => place::<u16>(&array),
            (b'u', 4) => place::<u32>(&array),
            (b'u', 8) => place::<u64>(&array),
            _ => Place::Unreadable,
        };
        let (array, memory) = match place {
            Place::Busy => return Ok(None),
            Place::Readable(memory) => (array, memory),
            Place::Unreadable => {
                let copied = array.call_method1(intern!(array.py(), "astype"), ("f8", "C"))?;
                let copied = copied.cast_into::<PyArrayDyn<f64>>()?;
                let memory: Box<dyn Memory + 'py> = Box::new(copied.readonly());
                (copied.as_untyped().clone(), memory)
            }
        };
        let strides = (!array.is_c_contiguous()).then(|| {
            let bytes = array.dtype().itemsize().cast_signed();
            array.strides().iter().map(|stride| stride / bytes).collect()
        });
        Ok(Some(Self { elements: Elements::Borrowed(memory), meaning, array: Some(array), strides }))
    }

    /// The argument as the core takes it.
    pub fn argument<'a>(&'a self, name: &'a str) -> Argument<'a> {
        Argument {
            name,
            values: match &self.elements {
                Elements::Scalar(value) => Values::F64(std::slice::from_ref(value)),
                Elements::Own(values) => Values::F64(values),
                Elements::Borrowed(memory) => memory.values(),
            },
            meaning: self.meaning,
            shape: self.shape(),
            strides: self.strides.as_deref(),
        }
    }

    fn shape(&self) -> &[usize] {
        self.array.as_ref().map_or(&[], |array| array.shape())
    }
}

/// Can the elements of an array be read where they are?
enum Place<'py> {
    Readable(Box<dyn Memory + 'py>),
    /// Another type, byte order, or gaps.
    Unreadable,
    /// Another call is writing to it.
    Busy,
}

fn place<'py, T: Element + 'py>(array: &Bound<'py, PyUntypedArray>) -> Place<'py>
where
    for<'a> Values<'a>: From<&'a [T]>,
{
    let Ok(array) = array.cast::<PyArrayDyn<T>>() else { return Place::Unreadable };
    let Ok(borrowed) = array.try_readonly() else { return Place::Busy };
    if array.is_c_contiguous() || in_memory_order(borrowed.as_array()).is_some() {
        Place::Readable(Box::new(borrowed))
    } else {
        Place::Unreadable
    }
}

/// An exception that names the argument, its value and what is allowed.
pub fn refused(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> PyErr {
    const LONGEST: usize = 60;
    let mut text = value
        .repr()
        .map_or_else(|_| "<unprintable>".to_owned(), |repr| repr.to_string().replace(['\n', '\t'], " "));
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain("…".chars()).collect();
    }
    to_python(Error::domain(name, text, format!("allowed: {allowed}")))
}

fn busy(name: &str, value: &Bound<'_, PyAny>) -> PyErr {
    refused(name, value, "an array that no other call is writing to")
}

/// The value of a Python or `NumPy` float, or of a Python integer.
fn number(object: &Bound<'_, PyAny>) -> Option<f64> {
    if let Ok(value) = object.cast::<PyFloat>() {
        return Some(value.value());
    }
    object.cast_exact::<PyInt>().ok()?.extract().ok()
}

fn as_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    static ASARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MASKED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if let Ok(array) = object.cast_exact::<PyUntypedArray>() {
        return Ok(array.clone());
    }
    if let Ok(array) = object.cast::<PyUntypedArray>()
        && object.is_instance(MASKED.import(object.py(), "numpy.ma", "MaskedArray")?)?
    {
        return unmasked(array);
    }
    let asarray = ASARRAY.import(object.py(), "numpy", "asarray")?;
    Ok(asarray.call1((object,))?.cast_into::<PyUntypedArray>()?)
}

/// A Polars column by a function of `alvh.series`: no string of Python per row, and not by way of
/// `numpy.asarray`. None for other objects, and for columns that the function does not know.
fn series<'py>(
    object: &Bound<'py, PyAny>,
    reader: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    if object.cast_exact::<PyUntypedArray>().is_ok() {
        return Ok(None);
    }
    let kind = object.get_type();
    let named = kind.name().is_ok_and(|name| name == "Series");
    if !named || !kind.module().is_ok_and(|module| module.to_string_lossy().starts_with("polars.")) {
        return Ok(None);
    }
    let py = object.py();
    let module = MODULE.get_or_try_init(py, || py.import("alvh.series").map(Bound::unbind))?;
    Ok(module.bind(py).call_method1(reader, (object,))?.extract::<Option<_>>()?)
}

/// A masked array as one in which what is masked is missing: what lies beneath a mask means nothing.
fn unmasked<'py>(array: &Bound<'py, PyUntypedArray>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = array.py();
    let dtype = match array.dtype().kind() {
        b'i' | b'u' | b'f' => "f8",
        b'U' | b'S' | b'O' | b'T' => "O",
        // Of string views the words; whatever else is neither number nor right is refused by its type.
        _ if array.dtype().is_equiv_to(view_dtype(py)?) => {
            let words = array.call_method1(intern!(py, "__getitem__"), ("bytes",))?;
            return unmasked(words.cast()?);
        }
        _ => return Ok(array.clone()),
    };
    let array = array.call_method1(intern!(py, "astype"), (dtype,))?;
    Ok(array.call_method1(intern!(py, "filled"), (f64::NAN,))?.cast_into()?)
}

/// The type of an element of `alvh.strings`.
fn view_dtype(py: Python<'_>) -> PyResult<&Bound<'_, PyArrayDescr>> {
    static VIEW: PyOnceLock<Py<PyArrayDescr>> = PyOnceLock::new();
    VIEW.import(py, "alvh.strings", "VIEW")
}

/// One-character strings as an array of their codes, in place.
fn codes<'py>(array: &Bound<'py, PyUntypedArray>, dtype: &str) -> PyResult<Bound<'py, PyUntypedArray>> {
    Ok(array.call_method1(intern!(array.py(), "view"), (dtype,))?.cast_into()?)
}

/// The signs of rights, one object at a time. Columns hold the same few objects again and again: the last two that
/// differ are known again by their address.
fn signs<'py>(array: &Bound<'py, PyUntypedArray>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = array.py();
    // NumPy's own list: what an object does when it is asked for its number cannot move what is read here.
    let items = array.call_method0(intern!(py, "ravel"))?.call_method0(intern!(py, "tolist"))?;
    let mut known: [Option<(Bound<'py, PyAny>, f64)>; 2] = [None, None];
    let sign = |item: Bound<'py, PyAny>| {
        if let Some((_, sign)) = known.iter().flatten().find(|(object, _)| object.is(&item)) {
            return *sign;
        }
        let sign = sign_of(&item);
        known.swap(0, 1);
        known[0] = Some((item, sign));
        sign
    };
    let signs = items.cast::<PyList>()?.iter().map(sign).collect();
    Ok(PyArray1::from_vec(py, signs).reshape(array.shape())?.as_untyped().clone())
}

/// The sign of one right; NaN for anything that is none.
fn sign_of(object: &Bound<'_, PyAny>) -> f64 {
    let text = object.extract::<&str>().map(str::as_bytes).or_else(|_| object.extract::<&[u8]>());
    if let Ok(text) = text {
        return match text {
            b"C" => 1.0,
            b"P" => -1.0,
            _ => f64::NAN,
        };
    }
    match object.extract::<f64>() {
        Ok(sign) if sign.abs() == 1.0 && !object.is_instance_of::<PyBool>() => sign,
        _ => f64::NAN,
    }
}
