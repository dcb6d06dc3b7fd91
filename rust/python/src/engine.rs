//! `_core.Plan`: a compiled comparison.

use std::sync::Arc;

use alvh_core::engine::{
    self, Columns, DEAL_KINDS, FORESIGHT_NAMES, GREEK_NAMES, LayerRule, Log, RuleOf, SUMMARY_NAMES, Trace,
};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, ToPyArray};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    door::detached,
    steps::{Steps, decision_row},
};

/// A compiled comparison: a pure function from path numbers to figures.
#[pyclass(frozen, module = "alvh._core")]
pub struct Plan(Arc<engine::Plan>);

#[pymethods]
impl Plan {
    /// Checks a specification (JSON) and builds its tables.
    #[new]
    fn new(py: Python<'_>, spec: &str) -> PyResult<Self> {
        detached(py, || engine::Plan::from_json(spec)).map(|plan| Self(Arc::new(plan)))
    }

    /// Arm and margin share of each book, in row order.
    #[getter]
    fn books(&self) -> Vec<(String, f64)> {
        self.0.book_names().map(|(arm, share)| (arm.to_owned(), share)).collect()
    }

    /// Number of paths: the starts of a replayed market; None where they are unlimited.
    #[getter]
    fn paths(&self) -> Option<usize> {
        self.0.paths()
    }

    /// Sessions of history that the rules need before session 0.
    #[getter]
    fn warm_up(&self) -> u32 {
        self.0.warm_up()
    }

    /// Tranches of each layer of a book.
    fn tranches(&self, book: usize) -> PyResult<Vec<usize>> {
        self.0.tranches(book).map_err(crate::door::to_python)
    }

    /// Per layer of a book: whether its exit rule is asked at every instant of a session.
    fn watched(&self, book: usize) -> PyResult<Vec<bool>> {
        self.0.watched(book).map_err(crate::door::to_python)
    }

    /// Figures of `paths` paths from `first_path`: name -> array of paths x books values, rows in path order.
    #[pyo3(signature = (first_path, paths, *, threads = 0))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let figures = detached(py, || self.0.run(first_path, paths, threads))?;
        by_name(py, SUMMARY_NAMES, figures.columns)
    }

    /// Several logs of several books, kept in one run of the paths: per book a dict of log -> name -> values.
    #[pyo3(signature = (first_path, paths, books, logs, *, threads = 0))]
    #[allow(clippy::needless_pass_by_value, reason = "lists of Python come as values")]
    fn logs<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        books: Vec<usize>,
        logs: Vec<String>,
        threads: usize,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        once("books", &books)?;
        once("logs", &logs)?;
        let logs = logs.iter().map(|name| log_named(name)).collect::<PyResult<Vec<_>>>()?;
        let kept = detached(py, || self.0.logs(first_path, paths, (&books, &logs), threads))?;
        kept.into_iter()
            .map(|of_book| {
                let out = PyDict::new(py);
                for (log, columns) in logs.iter().zip(of_book) {
                    out.set_item(log.as_str(), told(py, *log, columns, paths)?)?;
                }
                Ok(out)
            })
            .collect()
    }

    /// What one book is worth at every tick: name -> array of paths x (sessions + 1) values.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn series<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.one_log(py, (first_path, paths, threads), book, Log::Series)
    }

    /// Margin calls of one book and the state in which they opened: name -> array of paths x (sessions + 1) values.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn calls<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.one_log(py, (first_path, paths, threads), book, Log::Calls)
    }

    /// Taylor terms of the P&L of one book's packages, a session: name -> array of paths x (sessions + 1) values.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn greeks<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let columns = detached(py, || self.0.greeks(first_path, paths, book, threads))?;
        by_tick(py, GREEK_NAMES, columns, paths)
    }

    /// What one book did on every path: name -> array with an element per deal, and "kinds", what `kind` counts.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn deals<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.one_log(py, (first_path, paths, threads), book, Log::Deals)
    }

    /// What the hedge tranches of one book could have been closed for: name -> array with an element per tranche.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn foresight<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let columns = detached(py, || self.0.foresight(first_path, paths, book, threads))?;
        by_name(py, FORESIGHT_NAMES, columns)
    }

    /// Openings of the core of one book: name -> array of one value per opening, in path order.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn entries<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.one_log(py, (first_path, paths, threads), book, Log::Entries)
    }

    /// The core of one book at its last close before each expiry: name -> array of one value per tranche, in path order.
    #[pyo3(signature = (first_path, paths, book, *, threads = 0))]
    fn pins<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        book: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.one_log(py, (first_path, paths, threads), book, Log::Pins)
    }

    /// How often data were missing for the enter rules and weights of layers and for what budgets count times, over some
    /// paths: a dict each; "of" says which, and "layer" is None for a budget.
    #[pyo3(signature = (first_path, paths, *, threads = 0))]
    fn gates<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        threads: usize,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let gates = detached(py, || self.0.gates(first_path, paths, threads))?;
        gates
            .into_iter()
            .map(|gate| {
                let row = PyDict::new(py);
                row.set_item("book", gate.book)?;
                let (of, layer) = match gate.of {
                    RuleOf::Enter(layer) => ("enter", Some(layer)),
                    RuleOf::Weight(layer) => ("weight", Some(layer)),
                    RuleOf::Budget => ("budget", None),
                };
                row.set_item("of", of)?;
                row.set_item("layer", layer)?;
                row.set_item("rule", gate.rule)?;
                row.set_item("sessions", gate.sessions)?;
                row.set_item("unknown", gate.unknown)?;
                row.set_item("withheld", gate.withheld)?;
                row.set_item("missing", gate.missing)?;
                Ok(row)
            })
            .collect()
    }

    /// What governance did with the openings and rolls of each governed layer, over some paths: a dict per layer and action.
    #[pyo3(signature = (first_path, paths, *, threads = 0))]
    fn governed<'py>(
        &self,
        py: Python<'py>,
        first_path: u64,
        paths: usize,
        threads: usize,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let rows = detached(py, || self.0.governed(first_path, paths, threads))?;
        rows.into_iter()
            .map(|governed| {
                let row = PyDict::new(py);
                row.set_item("book", governed.book)?;
                row.set_item("layer", governed.layer)?;
                row.set_item("rolls", governed.rolls)?;
                row.set_item("wanted", governed.wanted)?;
                row.set_item("withheld", governed.withheld)?;
                row.set_item("overridden", governed.overridden)?;
                row.set_item("by", governed.by)?;
                Ok(row)
            })
            .collect()
    }

    /// One path of one book, to be driven one session at a time from `tick` on.
    #[pyo3(signature = (path, book, *, tick = 0))]
    fn begin(&self, py: Python<'_>, path: u64, book: usize, tick: u32) -> PyResult<Steps> {
        Steps::begin(py, Arc::clone(&self.0), path, book, tick)
    }

    /// One path of one book, day by day: {"ledger": name -> array over ticks, "events": list of dicts, "decisions":
    /// list of dicts}.
    fn trace<'py>(&self, py: Python<'py>, path: u64, book: usize) -> PyResult<Bound<'py, PyDict>> {
        let trace = detached(py, || self.0.trace(path, book))?;
        let out = PyDict::new(py);
        out.set_item("ledger", ledger(py, &trace)?)?;
        out.set_item("events", trace.events.iter().map(|e| event_row(py, e)).collect::<PyResult<Vec<_>>>()?)?;
        let decisions = trace.decisions.iter().map(|d| decision_row(py, d)).collect::<PyResult<Vec<_>>>()?;
        out.set_item("decisions", decisions)?;
        Ok(out)
    }

    /// What the rule that opens a layer, or closes its tranches, or the permit of that place, or its weight, read on one
    /// path and what it said, an element per evaluation: "tick", "slot", "entered" (tick of the fill; NaN without a
    /// position), "answer" (1, 0, NaN unknown; of a weight the number, NaN missing) and "names" -> what they were. None
    /// where the layer has no such rule.
    #[pyo3(signature = (path, book, layer, *, closes=false, permit=None, weight=false))]
    #[allow(clippy::too_many_arguments, reason = "Python names them")]
    fn readings<'py>(
        &self,
        py: Python<'py>,
        path: u64,
        book: usize,
        layer: usize,
        closes: bool,
        permit: Option<usize>,
        weight: bool,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let opens = match (weight, closes) {
            (true, _) => LayerRule::Weight,
            (false, true) => LayerRule::Closes,
            (false, false) => LayerRule::Opens,
        };
        let rule = permit.map_or(opens, LayerRule::Permit);
        let Some(found) = detached(py, || self.0.readings(path, book, layer, rule))? else {
            return Ok(None);
        };
        let (out, names) = (PyDict::new(py), PyDict::new(py));
        for (name, values) in found.names().zip(&found.values) {
            names.set_item(name, values.to_pyarray(py))?;
        }
        out.set_item("tick", found.tick.into_pyarray(py))?;
        out.set_item("slot", found.slot.into_pyarray(py))?;
        out.set_item("entered", found.entered.into_pyarray(py))?;
        out.set_item("answer", found.answer.into_pyarray(py))?;
        out.set_item("names", names)?;
        Ok(Some(out))
    }
}

impl Plan {
    fn one_log<'py>(
        &self,
        py: Python<'py>,
        (first_path, paths, threads): (u64, usize, usize),
        book: usize,
        log: Log,
    ) -> PyResult<Bound<'py, PyDict>> {
        let kept = detached(py, || self.0.logs(first_path, paths, (&[book], &[log]), threads))?;
        told(py, log, kept.into_iter().flatten().next().unwrap_or_default(), paths)
    }
}

/// Refuses what is asked for twice: a book hands out what it kept once.
fn once<T: PartialEq + std::fmt::Debug>(name: &str, asked: &[T]) -> PyResult<()> {
    match asked.iter().enumerate().find(|(i, each)| asked[..*i].contains(each)) {
        None => Ok(()),
        Some((_, twice)) => {
            Err(crate::door::to_python(alvh_core::Error::domain(name, format!("{twice:?}"), "each once")))
        }
    }
}

fn log_named(name: &str) -> PyResult<Log> {
    Log::ALL.into_iter().find(|log| log.as_str() == name).ok_or_else(|| {
        let known = Log::ALL.map(Log::as_str).join(", ");
        crate::door::to_python(alvh_core::Error::domain("logs", name, format!("of {known}")))
    })
}

/// The columns of a log, by name.
fn told(py: Python<'_>, log: Log, columns: Columns, paths: usize) -> PyResult<Bound<'_, PyDict>> {
    if log.every_tick() {
        return by_tick(py, log.names(), columns, paths);
    }
    let out = by_name(py, log.names(), columns)?;
    if log == Log::Deals {
        out.set_item("kinds", DEAL_KINDS)?;
    }
    Ok(out)
}

/// Columns by name.
fn by_name<'py>(py: Python<'py>, names: &[&str], columns: Vec<Vec<f64>>) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (name, column) in names.iter().zip(columns) {
        out.set_item(name, column.into_pyarray(py))?;
    }
    Ok(out)
}

/// Columns of paths x ticks, by name.
fn by_tick<'py>(
    py: Python<'py>,
    names: &[&str],
    columns: Vec<Vec<f64>>,
    paths: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (name, column) in names.iter().zip(columns) {
        let ticks = column.len() / paths.max(1);
        out.set_item(name, column.into_pyarray(py).reshape([paths, ticks])?)?;
    }
    Ok(out)
}

const STATE: [&str; 9] = [
    "ln_s",
    "x0",
    "x1",
    "x2",
    "surface_level",
    "surface_skew",
    "surface_curvature",
    "rate",
    "dividend_yield",
];
const BUCKETS: [&str; 8] = ["time", "spot", "level", "smile", "settlement", "fills", "fees", "interest"];

type Figure = (&'static str, fn(&engine::LedgerRow) -> f64);

/// What a row of the ledger says beside its state and its buckets, in dollars or points.
const FIGURES: [Figure; 8] = [
    ("index", |row| row.spot),
    ("vix", |row| row.vix),
    ("cash", |row| row.cash),
    ("sleeve", |row| row.sleeve),
    ("hedge", |row| row.hedge),
    ("nav", |row| row.nav),
    ("requirement", |row| row.requirement),
    ("sleeve_requirement", |row| row.sleeve_requirement),
];

fn ledger<'py>(py: Python<'py>, trace: &Trace) -> PyResult<Bound<'py, PyDict>> {
    let rows = &trace.ledger;
    let out = PyDict::new(py);
    let column = |value: &dyn Fn(&engine::LedgerRow) -> f64| -> Bound<'py, PyArray1<f64>> {
        rows.iter().map(value).collect::<Vec<_>>().into_pyarray(py)
    };
    out.set_item("day", rows.iter().map(|row| row.day).collect::<Vec<i32>>().into_pyarray(py))?;
    for (index, name) in STATE.iter().enumerate() {
        out.set_item(name, column(&|row| row.state[index]))?;
    }
    for (name, value) in FIGURES {
        out.set_item(name, column(&value))?;
    }
    out.set_item("call", rows.iter().map(|row| row.call).collect::<Vec<bool>>().into_pyarray(py))?;
    for (index, name) in BUCKETS.iter().enumerate() {
        out.set_item(name, column(&|row| row.buckets[index]))?;
    }
    Ok(out)
}

/// One tick of the ledger.
pub fn ledger_row<'py>(py: Python<'py>, row: &engine::LedgerRow) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("day", row.day)?;
    for (name, value) in STATE.iter().zip(row.state) {
        out.set_item(name, value)?;
    }
    for (name, value) in FIGURES {
        out.set_item(name, value(row))?;
    }
    out.set_item("call", row.call)?;
    for (name, value) in BUCKETS.iter().zip(row.buckets) {
        out.set_item(name, value)?;
    }
    Ok(out)
}

/// One event.
pub fn event_row<'py>(py: Python<'py>, event: &engine::Event) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("tick", event.tick)?;
    row.set_item("minute", event.minute)?;
    row.set_item("event", event.kind)?;
    row.set_item("reason", &event.reason)?;
    row.set_item("layer", event.layer)?;
    row.set_item("slot", event.slot)?;
    row.set_item("other", event.other)?;
    row.set_item("lots", event.lots)?;
    row.set_item("price", event.price)?;
    row.set_item("cash", event.cash)?;
    row.set_item("pnl", event.pnl)?;
    row.set_item("strikes", &event.strikes)?;
    row.set_item("leg_prices", &event.leg_prices)?;
    row.set_item("expiry_day", event.expiry_day)?;
    row.set_item("variances", event.variances)?;
    row.set_item("unrounded", event.unrounded)?;
    Ok(row)
}
