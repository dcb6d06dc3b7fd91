//! Rules and indicators over one series: what Python needs to check, test and explore them.
//!
//! Lane 0 of a block carries the series, session by session; the engine runs the same programs on all lanes.

#![expect(clippy::needless_pass_by_value, reason = "arguments come from Python by value")]

use std::{collections::HashMap, sync::Arc};

use alvh_core::{
    Error, Result,
    math::lanes::{Col, Mask},
    rules::{
        Memory, Name, Program, Rule, Scope,
        indicator::{Closes, indicator as registered},
        names::{NAMES, in_scope},
    },
};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::door::{detached, to_python};

/// Arrays by name, one value per session.
type Columns<'py> = HashMap<String, PyReadonlyArray1<'py, f64>>;
/// The arrays (truth, known).
type Answers<'py> = (Bound<'py, PyArray1<bool>>, Bound<'py, PyArray1<bool>>);
/// A row of the registry: name, unit, scope, source, sentence, warm-up sessions, family.
type NameRow = (&'static str, &'static str, &'static str, &'static str, &'static str, u32, &'static str);

/// The names that a rule uses, in the order in which they are met; raises if it does not compile.
///
/// `json` is {"text": ..., "tree": ...}; `scope` is "market", "book" or "position"; the rule is a condition, or a number
/// if `number` is true. `given` are the names of signals from outside.
#[pyfunction]
#[pyo3(signature = (json, scope, *, number=false, given=vec![]))]
pub fn check_rule(
    py: Python<'_>,
    json: &str,
    scope: &str,
    number: bool,
    given: Vec<String>,
) -> PyResult<Vec<String>> {
    detached(py, || {
        let program = compiled(json, scope, number, given)?;
        Ok(program.inputs().iter().map(|input| input.as_str().to_owned()).collect())
    })
}

/// Sessions of data before session 0 that a condition needs; `given` as for [`check_rule`].
#[pyfunction]
#[pyo3(signature = (json, scope, *, given=vec![]))]
pub fn rule_warm_up(py: Python<'_>, json: &str, scope: &str, given: Vec<String>) -> PyResult<u32> {
    detached(py, || compiled(json, scope, false, given).map(|program| program.warm_up()))
}

/// A condition over series, one session per element: the arrays (truth, known).
#[pyfunction]
pub fn evaluate_rule<'py>(
    py: Python<'py>,
    json: &str,
    scope: &str,
    columns: Columns<'py>,
) -> PyResult<Answers<'py>> {
    let (truth, known) = evaluated(py, json, scope, &columns, false, |program, inputs, memory| {
        let answer = program.evaluate(inputs, memory);
        (answer.truth.get(0), answer.known.get(0))
    })?
    .into_iter()
    .unzip();
    Ok((PyArray1::from_vec(py, truth), PyArray1::from_vec(py, known)))
}

/// A number rule over series, one session per element; NaN is missing.
#[pyfunction]
pub fn evaluate_number<'py>(
    py: Python<'py>,
    json: &str,
    scope: &str,
    columns: Columns<'py>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let values = evaluated(py, json, scope, &columns, true, |program, inputs, memory| {
        let mut out = Col::default();
        program.evaluate_number(inputs, memory, &mut out);
        out[0]
    })?;
    Ok(PyArray1::from_vec(py, values))
}

/// An indicator over a series of closes; NaN until it is warm. `week_ends` says which are the last of their week; `broad`
/// are the closes of a broader index, if there is one.
#[pyfunction]
#[pyo3(signature = (name, spot, vix, week_ends, broad=None))]
pub fn indicator<'py>(
    py: Python<'py>,
    name: &str,
    spot: PyReadonlyArray1<'py, f64>,
    vix: PyReadonlyArray1<'py, f64>,
    week_ends: PyReadonlyArray1<'py, bool>,
    broad: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (spot, vix, week_ends) = (spot.as_array(), vix.as_array(), week_ends.as_array());
    let broad = broad.as_ref().map(|closes| closes.as_array());
    let values = detached(py, || {
        let mut signal = registered(name).ok_or_else(|| {
            let known: Vec<_> =
                in_scope(Scope::Market).filter(|n| n.is_indicator()).map(Name::as_str).collect();
            Error::domain("name", format!("{name:?}"), format!("the indicators are {}", known.join(", ")))
        })?;
        if spot.len() != vix.len() {
            return Err(lengths("vix", vix.len(), spot.len()));
        }
        if spot.len() != week_ends.len() {
            return Err(lengths("week_ends", week_ends.len(), spot.len()));
        }
        if let Some(closes) = broad.filter(|closes| closes.len() != spot.len()) {
            return Err(lengths("broad", closes.len(), spot.len()));
        }
        let mut out = Col::default();
        Ok((0..spot.len())
            .map(|session| {
                let week_ends = if week_ends[session] { Mask::ALL } else { Mask::NONE };
                let (spot, vix) = (Col::splat(spot[session]), Col::splat(vix[session]));
                let broad = broad.map(|closes| Col::splat(closes[session]));
                signal.step(&Closes { spot: &spot, vix: &vix, broad: broad.as_ref(), week_ends }, &mut out);
                out[0]
            })
            .collect())
    })?;
    Ok(PyArray1::from_vec(py, values))
}

/// The registry of names: (name, unit, scope, source, sentence, warm-up sessions, family).
#[pyfunction]
pub fn rule_names() -> Vec<NameRow> {
    NAMES
        .iter()
        .map(|row| {
            (row.text, row.unit, row.scope.as_str(), row.source, row.doc, row.warm_up, row.name.family())
        })
        .collect()
}

fn compiled(json: &str, scope: &str, number: bool, given: Vec<String>) -> Result<Program> {
    let scope = Scope::parse(scope).ok_or_else(|| {
        let known: Vec<_> = Scope::ALL.into_iter().map(Scope::as_str).collect();
        Error::domain("scope", format!("{scope:?}"), format!("one of {}", known.join(", ")))
    })?;
    let rule: Rule = serde_json::from_str(json).map_err(|error| Error::Spec(format!("rule: {error}")))?;
    let given: Vec<Arc<str>> = given.into_iter().map(Arc::from).collect();
    if number {
        Program::compile_number(&rule, scope, &given)
    } else {
        Program::compile_given(&rule, scope, &given)
    }
}

/// Compiles the rule and walks the sessions; `answer` takes the value of lane 0.
fn evaluated<T: Send>(
    py: Python<'_>,
    json: &str,
    scope: &str,
    columns: &Columns<'_>,
    number: bool,
    answer: impl Fn(&Program, &[&Col], &mut Memory) -> T + Send + Sync,
) -> PyResult<Vec<T>> {
    let registered = |column: &&String| NAMES.iter().any(|row| row.text == *column);
    let given = columns.keys().filter(|column| !registered(column)).cloned().collect();
    let program = detached(py, || compiled(json, scope, number, given))?;
    let mut series = Vec::new();
    for name in program.inputs() {
        let column = columns.get(name.as_str()).ok_or_else(|| {
            to_python(Error::Shape {
                name: "columns".to_owned(),
                problem: format!("the rule uses {}, and there is no such column", name.as_str()),
            })
        })?;
        series.push(column.as_array());
    }
    // A rule of constants alone still has one value per session of whatever columns are there.
    let sessions = match series.first() {
        Some(column) => column.len(),
        None => columns.values().next().map_or(1, |column| column.as_array().len()),
    };
    detached(py, || {
        for (name, column) in program.inputs().iter().zip(&series) {
            if column.len() != sessions {
                return Err(lengths(name.as_str(), column.len(), sessions));
            }
        }
        let mut memory = program.memory();
        let mut inputs = vec![Col::default(); series.len()];
        Ok((0..sessions)
            .map(|session| {
                for (input, column) in inputs.iter_mut().zip(&series) {
                    input[0] = column[session];
                }
                let inputs: Vec<&Col> = inputs.iter().collect();
                answer(&program, &inputs, &mut memory)
            })
            .collect())
    })
}

fn lengths(name: &str, found: usize, wanted: usize) -> Error {
    Error::Shape {
        name: name.to_owned(),
        problem: format!("{found} sessions, where the other columns have {wanted}"),
    }
}
