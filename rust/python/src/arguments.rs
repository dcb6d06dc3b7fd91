//! What the pricing functions ask for alike: columns in the core's order, of one shape, and greeks by name.

use alvh_core::math::broadcast::Broadcast;
use pyo3::{prelude::*, types::PyString};

use crate::{
    columns::{Column, refused},
    door::to_python,
};

pub type Argument<'a, 'py> = &'a Bound<'py, PyAny>;

/// The arguments in the core's order: right, four numbers, those that have a default. Without `copy` all of them are
/// borrowed, so that an output which shares their memory is noticed.
pub fn columns<'py, const N: usize>(
    names: [&str; N],
    right: Argument<'_, 'py>,
    numbers: [Argument<'_, 'py>; 4],
    optional: &[(Option<Argument<'_, 'py>>, f64)],
    copy: bool,
) -> PyResult<[Column<'py>; N]> {
    let given = numbers.into_iter().map(|number| (Some(number), f64::NAN)).chain(optional.iter().copied());
    let mut columns = std::array::from_fn(|_| Column::scalar(f64::NAN));
    columns[0] = Column::rights(names[0], right, copy)?;
    for ((column, name), (number, default)) in columns.iter_mut().zip(names).skip(1).zip(given) {
        *column = number.map_or_else(|| Ok(Column::scalar(default)), |n| Column::numbers(name, n, copy))?;
    }
    Ok(columns)
}

/// Columns as the core reads them, if they have one shape.
pub fn broadcast<'a, const N: usize>(
    names: [&'a str; N],
    columns: &'a [Column<'_>; N],
) -> PyResult<Broadcast<'a, N>> {
    Broadcast::of(std::array::from_fn(|i| columns[i].argument(names[i]))).map_err(to_python)
}

/// Those of `all` that `which` names, one or several, each once.
pub fn named<K: Copy + PartialEq>(
    which: Argument<'_, '_>,
    all: &[K],
    name: impl Fn(K) -> &'static str,
) -> PyResult<Vec<K>> {
    let known = || all.iter().map(|&each| name(each)).collect::<Vec<_>>().join(" ");
    let unknown = || refused("which", which, &format!("a name or several of: {}", known()));
    let one = |given: &Bound<'_, PyAny>| {
        let given = given.extract::<&str>().ok();
        let found = given.and_then(|given| all.iter().copied().find(|&each| name(each) == given));
        found.ok_or_else(unknown)
    };
    if which.is_instance_of::<PyString>() {
        return Ok(vec![one(which)?]);
    }
    let mut found = Vec::with_capacity(all.len());
    for each in which.try_iter().map_err(|_| unknown())? {
        let each = one(&each?)?;
        if !found.contains(&each) {
            found.push(each);
        }
    }
    Ok(found)
}
