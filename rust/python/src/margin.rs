//! Requirements of whole books.

use alvh_core::margin::book::{self, Columns, Headers, Pairing, Rates};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::{prelude::*, types::PyDict};

use crate::door::detached;

type Floats<'py> = PyReadonlyArray1<'py, f64>;

/// Positions and accounts as arrays.
#[derive(FromPyObject)]
pub struct Book<'py> {
    sign: Floats<'py>,
    strike: Floats<'py>,
    expiry: PyReadonlyArray1<'py, u32>,
    units: Floats<'py>,
    price: Floats<'py>,
    starts: PyReadonlyArray1<'py, usize>,
    stock: Floats<'py>,
    spot: Floats<'py>,
    basic: Floats<'py>,
    minimum: Floats<'py>,
}

/// The choices of a rule book; rates come with the accounts.
#[derive(FromPyObject)]
pub struct Choices {
    calendars: bool,
    sides_apart: bool,
    cheaper_uncovered: bool,
}

impl Book<'_> {
    fn columns(&self) -> PyResult<(Columns<'_>, Headers<'_>)> {
        let columns = Columns {
            sign: self.sign.as_slice()?,
            strike: self.strike.as_slice()?,
            expiry: self.expiry.as_slice()?,
            units: self.units.as_slice()?,
            price: self.price.as_slice()?,
        };
        let headers = Headers {
            starts: self.starts.as_slice()?,
            stock: self.stock.as_slice()?,
            spot: self.spot.as_slice()?,
            rates: [self.basic.as_slice()?, self.minimum.as_slice()?],
        };
        Ok((columns, headers))
    }
}

impl Choices {
    fn rates(&self) -> Rates {
        // The rates proper are those of each account.
        Rates {
            basic: 0.0,
            minimum: 0.0,
            calendars: self.calendars,
            sides_apart: self.sides_apart,
            cheaper_uncovered: self.cheaper_uncovered,
        }
    }
}

/// The risk part of the strategy-based requirement of each account.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "extracted from Python objects")]
pub fn margin_risk<'py>(
    py: Python<'py>,
    book: Book<'py>,
    choices: Choices,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (columns, headers) = book.columns()?;
    let risks = detached(py, || book::risks(&columns, &headers, &choices.rates()))?;
    Ok(risks.into_pyarray(py))
}

/// The pairing behind the requirement of each account: a list of dicts.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "extracted from Python objects")]
pub fn margin_pairing<'py>(
    py: Python<'py>,
    book: Book<'py>,
    choices: Choices,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let (columns, headers) = book.columns()?;
    let pairings = detached(py, || book::pairings(&columns, &headers, &choices.rates()))?;
    pairings.into_iter().map(|pairing| told(py, pairing)).collect()
}

fn told(py: Python<'_>, pairing: Pairing) -> PyResult<Bound<'_, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("risk", pairing.risk)?;
    let spreads = pairing.spreads.into_iter().map(|group| (group.units, group.requirement, group.worst));
    out.set_item("spreads", spreads.collect::<Vec<_>>())?;
    out.set_item("uncovered", pairing.uncovered)?;
    out.set_item("by_stock", pairing.by_stock)?;
    out.set_item("strangles", pairing.strangles)?;
    out.set_item("singles", pairing.singles)?;
    Ok(out)
}
