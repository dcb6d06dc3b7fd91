//! Condors of chains: spreads once, then the best by any figure.

use alvh_core::pricing::svi::Svi;
use alvh_core::score::{
    Column, Condor, Expiry, Hedge, Law, Legs, Limit, Sides, Spreads, Wanted, Widths, Wings, columns,
    exhaustive, figures, search,
};
use alvh_core::{Error, Result};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::door::{detached, to_python};

type Floats<'py> = PyReadonlyArray1<'py, f64>;
type Flags<'py> = PyReadonlyArray1<'py, bool>;
type Table<'py> = PyReadonlyArray2<'py, f64>;

/// The quotes of one right of one expiry.
#[derive(FromPyObject)]
pub struct Side<'py> {
    strike: Floats<'py>,
    sell: Flags<'py>,
    buy: Flags<'py>,
    sold: Table<'py>,
    bought: Table<'py>,
    terms: Option<(Table<'py>, Table<'py>)>,
}

/// What an expiry is scored with.
#[derive(FromPyObject)]
pub struct Quoted<'py> {
    puts: Side<'py>,
    calls: Side<'py>,
    forward: f64,
    raw: Option<[f64; 5]>,
    sample: Option<Floats<'py>>,
    hedge_cost: f64,
    hedge_drag: f64,
}

impl Side<'_> {
    fn legs(&self) -> PyResult<Legs<'_>> {
        Ok(Legs {
            strike: self.strike.as_slice()?,
            sell: self.sell.as_slice()?,
            buy: self.buy.as_slice()?,
            sold: rows(&self.sold, "sold")?,
            bought: rows(&self.bought, "bought")?,
            terms: match &self.terms {
                None => None,
                Some((sold, bought)) => Some([rows(sold, "terms")?, rows(bought, "terms")?]),
            },
        })
    }
}

fn rows<'a, const N: usize>(table: &'a Table<'_>, name: &str) -> PyResult<[&'a [f64]; N]> {
    let (all, n) = (table.as_slice()?, table.as_array().ncols());
    if table.as_array().nrows() != N {
        let problem = format!("{} rows, but there are {N} figures", table.as_array().nrows());
        return Err(to_python(Error::Shape { name: name.into(), problem }));
    }
    Ok(std::array::from_fn(|k| &all[k * n..(k + 1) * n]))
}

/// The spreads of some expiries.
#[pyclass(frozen, module = "alvh._core")]
pub struct Condors {
    expiries: Vec<Expiry>,
}

/// What a search found: values, then expiry, short put, long put, short call and long call of each condor; the numbers of
/// condors scored and accepted, by expiry.
type Best<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<u32>>, Vec<u64>, Vec<u64>);

#[pymethods]
impl Condors {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python objects")]
    fn new(
        expiries: Vec<Quoted<'_>>,
        widths: Option<Vec<f64>>,
        between: (f64, f64),
        sides_apart: bool,
    ) -> PyResult<Self> {
        let widths = widths.map_or(Widths::Range(between.0, between.1), Widths::Listed);
        let sides = if sides_apart { Sides::Apart } else { Sides::Wider };
        let spreads = |side: &Side<'_>, sign| Spreads::of(&side.legs()?, sign, &widths).map_err(to_python);
        let of = |quoted: &Quoted<'_>| {
            let slice = quoted.raw.map(|[a, b, rho, m, sigma]| Law::Slice {
                forward: quoted.forward,
                svi: Svi { a, b, rho, m, sigma },
            });
            let sample = quoted.sample.as_ref().map(|s| Ok::<_, PyErr>(Law::Sample(s.as_slice()?.into())));
            let hedge = Hedge { cost: quoted.hedge_cost, drag: quoted.hedge_drag };
            let (puts, calls) = (spreads(&quoted.puts, -1.0)?, spreads(&quoted.calls, 1.0)?);
            Ok(Expiry::new(puts, calls, [slice, sample.transpose()?], hedge, sides))
        };
        Ok(Self { expiries: expiries.iter().map(of).collect::<PyResult<_>>()? })
    }

    /// Put spreads, call spreads and candidates of each expiry.
    fn counts(&self, equal: bool) -> Vec<(usize, usize, u64)> {
        let wings = if equal { Wings::Equal } else { Wings::Any };
        let of = |expiry: &Expiry| (expiry.puts.len(), expiry.calls.len(), expiry.candidates(wings));
        self.expiries.iter().map(of).collect()
    }

    /// The best condors by a column, within limits (column, low, high).
    #[expect(clippy::too_many_arguments, reason = "what is sought, once")]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python objects")]
    fn best<'py>(
        &self,
        py: Python<'py>,
        rank: &str,
        descending: bool,
        top: usize,
        limits: Vec<(String, f64, f64)>,
        equal: bool,
        searched: bool,
        threads: Option<usize>,
    ) -> PyResult<Best<'py>> {
        let found = detached(py, || {
            let limit = |(name, low, high): &(String, f64, f64)| {
                Ok(Limit { column: named(name)?, low: *low, high: *high })
            };
            let wanted = Wanted {
                rank: named(rank)?,
                descending,
                top,
                limits: limits.iter().map(limit).collect::<Result<_>>()?,
                wings: if equal { Wings::Equal } else { Wings::Any },
            };
            if searched {
                Ok(search(&self.expiries, &wanted))
            } else {
                exhaustive(&self.expiries, &wanted, threads)
            }
        })?;
        let values: Vec<f64> = found.best.iter().map(|each| each.value).collect();
        let legs = found.best.iter().map(|each| {
            let Condor { expiry, puts, calls } = each.condor;
            vec![expiry, puts[0], puts[1], calls[0], calls[1]]
        });
        let legs = PyArray2::from_vec2(py, &legs.collect::<Vec<_>>())?;
        Ok((values.into_pyarray(py), legs, found.visited, found.accepted))
    }

    /// Short and long leg of each spread of an expiry, puts and calls.
    fn spreads<'py>(&self, py: Python<'py>, expiry: usize) -> PyResult<[Bound<'py, PyArray2<u32>>; 2]> {
        let expiry = self.expiry(expiry)?;
        let of = |side: &Spreads| {
            PyArray2::from_vec2(py, &side.legs.iter().map(|legs| legs.to_vec()).collect::<Vec<_>>())
        };
        Ok([of(&expiry.puts)?, of(&expiry.calls)?])
    }

    /// Columns of some put spreads beside every call spread, put by put.
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python objects")]
    fn columns<'py>(
        &self,
        py: Python<'py>,
        expiry: usize,
        names: Vec<String>,
        first: usize,
        last: usize,
    ) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
        let expiry = self.expiry(expiry)?;
        let out = detached(py, || {
            let wanted = names.iter().map(|name| named(name)).collect::<Result<Vec<_>>>()?;
            let mut out = vec![Vec::new(); wanted.len()];
            let last = last.min(expiry.puts.len());
            columns(expiry, &wanted, (first.min(last), last), &mut out);
            Ok(out)
        })?;
        Ok(out.into_iter().map(|column| column.into_pyarray(py)).collect())
    }

    /// Every figure of some condors, a row each: rows of expiry, short put, long put, short call, long call.
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python objects")]
    fn figures<'py>(
        &self,
        py: Python<'py>,
        condors: Vec<[u32; 5]>,
    ) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
        let row = |&[number, sp, lp, sc, lc]: &[u32; 5]| {
            let expiry = self.expiry(number as usize)?;
            let condor = Condor { expiry: number, puts: [sp, lp], calls: [sc, lc] };
            if !expiry.puts.legs.contains(&condor.puts) || !expiry.calls.legs.contains(&condor.calls) {
                let problem = format!("{condor:?}");
                return Err(to_python(Error::domain(
                    "condors",
                    problem,
                    "made of the spreads of the expiry",
                )));
            }
            Ok(figures(expiry, &condor))
        };
        let found = condors.iter().map(row).collect::<PyResult<Vec<_>>>()?;
        let column = |k: usize| found.iter().map(|row| row[k]).collect::<Vec<_>>().into_pyarray(py);
        Ok((0..Column::NAMED.len()).map(column).collect())
    }
}

impl Condors {
    fn expiry(&self, number: usize) -> PyResult<&Expiry> {
        let allowed = || format!("0 to {}", self.expiries.len().saturating_sub(1));
        self.expiries.get(number).ok_or_else(|| to_python(Error::domain("expiry", number, allowed())))
    }
}

/// The names of the figures of a condor, in their order.
#[pyfunction]
pub fn score_columns() -> Vec<&'static str> {
    Column::NAMED.map(|(name, _)| name).to_vec()
}

fn named(name: &str) -> Result<Column> {
    let names = || Column::NAMED.map(|(name, _)| name).join(", ");
    Column::named(name).ok_or_else(|| Error::domain("column", name, format!("one of {}", names())))
}
