//! `_core.Steps`: one path of one book, one session at a time.

use std::sync::{Arc, Mutex, PoisonError};

use alvh_core::engine::{self, Decision, Held, LayerDecision, Step};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    door::detached,
    engine::{event_row, ledger_row},
};

/// A book between two sessions.
#[pyclass(frozen, module = "alvh._core")]
pub struct Steps(Mutex<engine::Steps>);

impl Steps {
    /// Stands before tick `from` of a path.
    pub fn begin(
        py: Python<'_>,
        plan: Arc<engine::Plan>,
        path: u64,
        book: usize,
        from: u32,
    ) -> PyResult<Self> {
        detached(py, || engine::Steps::begin(plan, path, book, from)).map(|steps| Self(Mutex::new(steps)))
    }
}

#[pymethods]
impl Steps {
    /// The next session: {"ledger": dict, "events": list of dicts, "decision": dict, None at T}; None after T.
    fn step<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let step = detached(py, || self.0.lock().unwrap_or_else(PoisonError::into_inner).step())?;
        let Some(Step { ledger, events, decision }) = step else { return Ok(None) };
        let out = PyDict::new(py);
        out.set_item("ledger", ledger_row(py, &ledger)?)?;
        out.set_item("events", events.iter().map(|e| event_row(py, e)).collect::<PyResult<Vec<_>>>()?)?;
        out.set_item("decision", decision.map(|decision| decision_row(py, &decision)).transpose()?)?;
        Ok(Some(out))
    }
}

/// What a book decided at a close.
pub fn decision_row<'py>(py: Python<'py>, decision: &Decision) -> PyResult<Bound<'py, PyDict>> {
    let Decision { tick, available, requirement, vega, transfers, layers } = decision;
    let row = PyDict::new(py);
    row.set_item("tick", tick)?;
    row.set_item("available", available)?;
    row.set_item("requirement", requirement)?;
    row.set_item("vega", vega)?;
    row.set_item("transfers", transfers)?;
    row.set_item("layers", layers.iter().map(|l| layer_row(py, l)).collect::<PyResult<Vec<_>>>()?)?;
    Ok(row)
}

fn layer_row<'py>(py: Python<'py>, layer: &LayerDecision) -> PyResult<Bound<'py, PyDict>> {
    let LayerDecision { due, enter, press, withheld, open, factor, parts, further, held } = layer;
    let row = PyDict::new(py);
    row.set_item("due", due)?;
    row.set_item("enter", enter)?;
    row.set_item("press", press)?;
    row.set_item("withheld", withheld)?;
    row.set_item("open", open)?;
    row.set_item("factor", factor)?;
    row.set_item("parts", parts)?;
    row.set_item("further", further)?;
    row.set_item("held", held.iter().map(|h| held_row(py, h)).collect::<PyResult<Vec<_>>>()?)?;
    Ok(row)
}

fn held_row<'py>(py: Python<'py>, held: &Held) -> PyResult<Bound<'py, PyDict>> {
    let Held {
        slot,
        other,
        lots: [lots, entry_lots],
        entered,
        expiry_day,
        days,
        strikes,
        leg_prices,
        credit,
        value,
        challenge,
        exit,
        roll,
        sell,
        resize,
        write,
    } = held;
    let row = PyDict::new(py);
    row.set_item("slot", slot)?;
    row.set_item("other", other)?;
    row.set_item("lots", lots)?;
    row.set_item("entry_lots", entry_lots)?;
    row.set_item("entered", entered)?;
    row.set_item("expiry_day", expiry_day)?;
    row.set_item("days", days)?;
    row.set_item("strikes", strikes)?;
    row.set_item("leg_prices", leg_prices)?;
    row.set_item("credit", credit)?;
    row.set_item("value", value)?;
    row.set_item("challenge", challenge)?;
    row.set_item("exit", exit)?;
    row.set_item("roll", roll)?;
    row.set_item("sell", sell)?;
    row.set_item("resize", resize)?;
    row.set_item("write", write)?;
    Ok(row)
}
