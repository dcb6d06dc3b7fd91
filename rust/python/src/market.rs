//! Market models: specification, paths, quotes of the start state, and the raw draws behind the paths.

use alvh_core::market::bars::arrays::{self as bars, bars as draw_bars};
use alvh_core::market::bars::profile::Profile;
use alvh_core::market::draws::Draws;
use alvh_core::market::filtering::filtered;
use alvh_core::market::generator::{Generator, generator};
use alvh_core::market::inspect::{
    Move, OptionQuote, OptionTerms, openings, shocked, smile_states, spx_quotes, start_factors, vix_quotes,
    vx_bases,
};
use alvh_core::market::simulate::{Request, simulate};
use alvh_core::market::spec::MarketSpec;
use alvh_core::market::strategy_index::{Roll, changes};
use alvh_core::math::philox::{MAX_PATHS, Purpose, Stream};
use alvh_core::math::simd::{self, Kernel};
use alvh_core::math::special;
use alvh_core::schedule::Schedule;
use alvh_core::{Error, Result};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::door::{detached, to_python};

type Array1<'py> = Bound<'py, PyArray1<f64>>;
type Array2<'py> = Bound<'py, PyArray2<f64>>;

/// A market specification (JSON) checked, with every default written out.
#[pyfunction]
pub fn market_spec(py: Python<'_>, spec: &str) -> PyResult<String> {
    detached(py, || {
        let spec = MarketSpec::from_json(spec)?;
        generator(&spec)?;
        spec.to_json()
    })
}

/// SPX, VIX and one array per VX tenor, each paths × sessions; weights, for importance draws.
type Paths<'py> = (Array2<'py>, Array2<'py>, Vec<Array2<'py>>, Option<Array1<'py>>);

/// Paths of a market.
#[pyfunction]
#[pyo3(signature = (spec, paths, sessions, *, seed, warm_up, vx_days, first_path, threads=None, draws=None))]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.market's simulate")]
pub fn market_paths<'py>(
    py: Python<'py>,
    spec: &str,
    paths: usize,
    sessions: u32,
    seed: u64,
    warm_up: u32,
    vx_days: Vec<f64>,
    first_path: u64,
    threads: Option<usize>,
    draws: Option<&str>,
) -> PyResult<Paths<'py>> {
    let found = detached(py, || {
        let draws = draws.map_or(Ok(Draws::Plain), Draws::from_json)?;
        let request = Request { paths, sessions, warm_up, seed, draws, first_path, vx_days, threads };
        simulate(&*model(spec)?, &request)
    })?;
    let shape = [paths, found.columns];
    let array = |values: Vec<f64>| values.into_pyarray(py).reshape(shape);
    let vx = found.vx.into_iter().map(array).collect::<PyResult<_>>()?;
    let weight = found.weight.map(|weight| weight.into_pyarray(py));
    Ok((array(found.spot)?, array(found.vix)?, vx, weight))
}

type Array3<'py, T> = Bound<'py, PyArray3<T>>;
/// SPX, VIX and, of a replay, the recorded extremes, each paths × sessions × (bars + 1); minutes since the opening;
/// sessions that reproduce a record; weights, for importance draws; minutes since the opening on half days.
type Bars<'py> = (
    Array3<'py, f64>,
    Array3<'py, f64>,
    Option<Array3<'py, bool>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<bool>>,
    Option<Array1<'py>>,
    Bound<'py, PyArray1<u32>>,
);

/// Bars inside the sessions of a market. `profile`: variance at the opening, at the close, minutes of decay.
#[pyfunction]
#[pyo3(signature = (spec, paths, sessions, *, bars, profile, seed, first_path, start=0, threads=None, draws=None, half_days=vec![]))]
#[expect(clippy::too_many_arguments, reason = "the keyword arguments of alvh.market's bars")]
pub fn market_bars<'py>(
    py: Python<'py>,
    spec: &str,
    paths: usize,
    sessions: u32,
    bars: u32,
    profile: [f64; 3],
    seed: u64,
    first_path: u64,
    start: u32,
    threads: Option<usize>,
    draws: Option<&str>,
    half_days: Vec<bool>,
) -> PyResult<Bars<'py>> {
    let found = detached(py, || {
        let draws = draws.map_or(Ok(Draws::Plain), Draws::from_json)?;
        let [open, close, decay] = profile;
        let profile = Profile { open, close, decay };
        let request = bars::Request {
            paths,
            sessions,
            bars,
            profile,
            seed,
            draws,
            first_path,
            start,
            threads,
            half_days,
        };
        draw_bars(&*model(spec)?, &request)
    })?;
    let shape = [paths, sessions as usize, found.minutes.len()];
    let extreme = found.extreme.map(|flags| flags.into_pyarray(py).reshape(shape)).transpose()?;
    Ok((
        found.spot.into_pyarray(py).reshape(shape)?,
        found.vix.into_pyarray(py).reshape(shape)?,
        extreme,
        found.minutes.into_pyarray(py),
        found.recorded.into_pyarray(py),
        found.weight.map(|weight| weight.into_pyarray(py)),
        found.half_minutes.into_pyarray(py),
    ))
}

/// The default profile of [`market_bars`].
#[pyfunction]
pub fn market_profile() -> [f64; 3] {
    let Profile { open, close, decay } = Profile::default();
    [open, close, decay]
}

/// Forward, discount factor, volatility and price of options on the start state; arrays of one length. `smile` is the
/// state of the SPX surface: level, skew, curvature; `factors` are those of the curve, the start's unless given.
#[pyfunction]
#[pyo3(signature = (spec, product, sessions, days, strike, sign, *, smile=[0.0; 3], factors=None))]
#[expect(clippy::needless_pass_by_value, reason = "pyo3 hands arrays over by value")]
#[expect(clippy::too_many_arguments, reason = "the columns of the options and the state of the surface")]
pub fn market_quotes<'py>(
    py: Python<'py>,
    spec: &str,
    product: &str,
    sessions: PyReadonlyArray1<'py, f64>,
    days: PyReadonlyArray1<'py, f64>,
    strike: PyReadonlyArray1<'py, f64>,
    sign: PyReadonlyArray1<'py, f64>,
    smile: [f64; 3],
    factors: Option<[f64; 3]>,
) -> PyResult<[Array1<'py>; 4]> {
    let (sessions, days) = (sessions.as_slice()?, days.as_slice()?);
    let (strike, sign) = (strike.as_slice()?, sign.as_slice()?);
    let quotes = detached(py, || {
        let options = terms(sessions, days, strike, sign)?;
        let model = model(spec)?;
        match product {
            "SPX" => spx_quotes(&*model, &options, smile, factors),
            "VIX" => vix_quotes(&*model, &options, factors),
            _ => Err(Error::domain("product", product, "must be SPX or VIX")),
        }
    })?;
    let array =
        |field: fn(&OptionQuote) -> f64| quotes.iter().map(field).collect::<Vec<_>>().into_pyarray(py);
    Ok([array(|q| q.forward), array(|q| q.discount), array(|q| q.vol), array(|q| q.price)])
}

/// Level, skew and curvature of the SPX surface at sessions 0 … `sessions`, each paths × (sessions + 1).
#[pyfunction]
#[pyo3(signature = (spec, first_path, paths, sessions, *, seed))]
pub fn market_smile_states<'py>(
    py: Python<'py>,
    spec: &str,
    first_path: u64,
    paths: usize,
    sessions: u32,
    seed: u64,
) -> PyResult<[Array2<'py>; 3]> {
    let found = detached(py, || smile_states(&*model(spec)?, seed, first_path, paths, sessions))?;
    let array = |values: Vec<f64>| values.into_pyarray(py).reshape([paths, sessions as usize + 1]);
    let [level, skew, curvature] = found;
    Ok([array(level)?, array(skew)?, array(curvature)?])
}

/// Openings of sessions 1 … `sessions`: ln S, x0, x1, x2 and the special quotation, each paths × sessions.
#[pyfunction]
#[pyo3(signature = (spec, first_path, paths, sessions, *, seed, start=0))]
pub fn market_openings<'py>(
    py: Python<'py>,
    spec: &str,
    first_path: u64,
    paths: usize,
    sessions: u32,
    seed: u64,
    start: u32,
) -> PyResult<[Array2<'py>; 5]> {
    let found = detached(py, || openings(&*model(spec)?, seed, first_path, paths, sessions, start))?;
    let array = |values: Vec<f64>| values.into_pyarray(py).reshape([paths, sessions as usize]);
    let [x0, x1, x2] = found.x;
    Ok([array(found.ln_s)?, array(x0)?, array(x1)?, array(x2)?, array(found.special_quotation)?])
}

/// Changes of the index of short-term VIX futures on sessions 1 … `sessions`, paths × sessions; `schedule` and `roll` are
/// JSON.
#[pyfunction]
#[pyo3(signature = (spec, schedule, roll, first_path, paths, sessions, *, seed))]
#[expect(clippy::too_many_arguments, reason = "a market, its calendar and the paths")]
pub fn market_strategy_index<'py>(
    py: Python<'py>,
    spec: &str,
    schedule: &str,
    roll: &str,
    first_path: u64,
    paths: usize,
    sessions: u32,
    seed: u64,
) -> PyResult<Array2<'py>> {
    let found = detached(py, || {
        let mistake = |error: serde_json::Error| Error::Spec(format!("schedule and roll: {error}"));
        let schedule = Schedule::new(serde_json::from_str(schedule).map_err(mistake)?)?;
        let roll = Roll::new(serde_json::from_str(roll).map_err(mistake)?, &schedule)?;
        changes(&*model(spec)?, &schedule, &roll, seed, first_path, paths, sessions)
    })?;
    found.into_pyarray(py).reshape([paths, sessions as usize])
}

/// The factors x0, x1, x2 of a model's start.
#[pyfunction]
pub fn market_start(spec: &str) -> PyResult<[f64; 3]> {
    Ok(start_factors(&*model(spec).map_err(to_python)?))
}

/// Recorded over modelled price of VX futures, by row of a replay and session of expiry; None without records.
#[pyfunction]
pub fn market_vx_basis<'py>(
    py: Python<'py>,
    spec: &str,
    row: Vec<u32>,
    expiry: Vec<u32>,
) -> PyResult<Option<Array1<'py>>> {
    let found = detached(py, move || vx_bases(&*model(spec)?, &row, &expiry))?;
    Ok(found.map(|values| values.into_pyarray(py)))
}

/// A replay's rows filtered: x0, x1, x2, then z, g0, g1, g2, then the variances of g0, g1, g2.
#[pyfunction]
pub fn market_filter<'py>(py: Python<'py>, spec: &str, erp: f64) -> PyResult<Array2<'py>> {
    let rows = detached(py, || match MarketSpec::from_json(spec)? {
        MarketSpec::Replay(spec) => filtered(&spec, erp),
        _ => Err(Error::Spec("market: only recorded sessions, a replay, are filtered".into())),
    })?;
    let values: Vec<f64> =
        rows.iter().flat_map(|row| row.x.into_iter().chain(row.shocks).chain(row.variance)).collect();
    let columns = values.len() / rows.len();
    values.into_pyarray(py).reshape([rows.len(), columns])
}

/// States (ln S, x0, x1, x2), one a row, after VIX moved by points ("vix") or ln S by its logarithm ("spot"); None
/// where VIX does not move.
#[pyfunction]
pub fn market_shocked<'py>(
    py: Python<'py>,
    spec: &str,
    moved: &str,
    by: f64,
    states: Vec<[f64; 4]>,
) -> PyResult<Option<Array2<'py>>> {
    let shape = [states.len(), 4];
    let found = detached(py, move || {
        let by = match moved {
            "vix" => Move::Vix(by),
            "spot" => Move::Spot(by),
            _ => return Err(Error::domain("moved", moved, "must be vix or spot")),
        };
        Ok(shocked(&*model(spec)?, by, &states))
    })?;
    found.map(|rows| rows.concat().into_pyarray(py).reshape(shape)).transpose()
}

/// The uniforms of a block of draws and their normals: arrays of paths × 2.
#[pyfunction]
pub fn draws<'py>(
    py: Python<'py>,
    seed: u64,
    first_path: u64,
    paths: usize,
    step: u32,
    purpose: &str,
    block: u32,
) -> PyResult<(Array2<'py>, Array2<'py>)> {
    let (uniforms, normals) = detached(py, || {
        let names = Purpose::ALL.map(Purpose::name);
        let purpose = Purpose::ALL.into_iter().find(|p| p.name() == purpose).ok_or_else(|| {
            Error::domain("purpose", purpose, format!("must be one of {}", names.join(", ")))
        })?;
        let end = first_path.checked_add(paths as u64).filter(|&end| end <= MAX_PATHS).ok_or_else(|| {
            Error::domain("first_path", first_path, "first_path + paths must not exceed 2^48")
        })?;
        let stream = Stream { seed, purpose };
        let uniforms: Vec<f64> =
            (first_path..end).flat_map(|path| stream.uniforms(path, step, block)).collect();
        let normals = simd::dispatch(Normals(&uniforms));
        Ok((uniforms, normals))
    })?;
    let shape = [paths, 2];
    Ok((uniforms.into_pyarray(py).reshape(shape)?, normals.into_pyarray(py).reshape(shape)?))
}

fn model(spec: &str) -> Result<Box<dyn Generator>> {
    generator(&MarketSpec::from_json(spec)?)
}

fn terms(sessions: &[f64], days: &[f64], strike: &[f64], sign: &[f64]) -> Result<Vec<OptionTerms>> {
    for (name, other) in [("days", days), ("strike", strike), ("sign", sign)] {
        if other.len() != sessions.len() {
            let problem = format!("{} elements, but sessions has {}", other.len(), sessions.len());
            return Err(Error::Shape { name: name.into(), problem });
        }
    }
    let option = |i| OptionTerms { sessions: sessions[i], days: days[i], strike: strike[i], sign: sign[i] };
    Ok((0..sessions.len()).map(option).collect())
}

/// The inverse normal distribution function over a slice.
struct Normals<'a>(&'a [f64]);

impl Kernel for Normals<'_> {
    type Output = Vec<f64>;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> Vec<f64> {
        self.0.iter().map(|&u| special::inv_norm_cdf::<FMA>(u)).collect()
    }
}
