//! What a user can say about a market: the mirror of the JSON.

use serde::{Deserialize, Serialize};

use super::bates::BatesSpec;
use super::check;
use super::fhs::FhsSpec;
use super::parameters::{Curve, Dynamics, Smile, VixSmile};
use super::pdv4::Pdv4Spec;
use super::recorded_chain::ChainSpec;
use super::recorded_vx::VxSpec;
use super::smile_state::SmileState;
use super::state::{FACTORS, Point};
use crate::math::special;
use crate::{Error, Result};

/// A market model and its parameters.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum MarketSpec {
    /// Three-factor displaced log-Ornstein–Uhlenbeck VIX with a joint SPX.
    L3f(Box<L3fSpec>),
    /// Path-dependent volatility.
    Pdv4(Box<Pdv4Spec>),
    /// Bootstrap of a history's innovations.
    Fhs(Box<FhsSpec>),
    /// Stochastic variance and jumps: the second oracle.
    Bates(Box<BatesSpec>),
    /// Geometric Brownian motion with constant volatility: the oracle.
    Gbm(GbmSpec),
    /// Recorded sessions.
    Replay(Box<ReplaySpec>),
}

impl MarketSpec {
    /// Reads a specification; unknown fields are errors, missing ones take their defaults.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::Spec(format!("market: {error}")))
    }

    /// The specification as JSON, every field written out.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Spec(format!("market: {error}")))
    }
}

/// `{"model": "l3f", …}`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct L3fSpec {
    /// VIX at session 0, in points.
    pub vix: f64,
    /// SPX at session 0.
    pub spot: f64,
    /// Interest rate, continuously compounded, a year.
    pub rate: f64,
    /// Dividend yield, continuously compounded, a year.
    pub dividend_yield: f64,
    /// Equity risk premium: excess of the arithmetic mean return over `rate`, a year.
    pub erp: f64,
    /// The VIX and its futures.
    pub curve: Curve,
    /// How the factors and SPX move.
    pub dynamics: Dynamics,
    /// The SPX volatility surface.
    pub smile: Smile,
    /// The VIX option surface.
    pub vix_smile: VixSmile,
    /// How the SPX surface departs from its template from day to day.
    pub smile_state: SmileState,
    /// Vol points by which the SPX surface lies above what the state says, at every strike and tenor.
    pub surface_shift: f64,
}

impl Default for L3fSpec {
    fn default() -> Self {
        Self {
            vix: 16.0,
            spot: SPOT,
            rate: RATE,
            dividend_yield: DIVIDEND_YIELD,
            erp: ERP,
            curve: Curve::default(),
            dynamics: Dynamics::default(),
            smile: Smile::default(),
            vix_smile: VixSmile::default(),
            smile_state: SmileState::default(),
            surface_shift: 0.0,
        }
    }
}

impl L3fSpec {
    /// Every parameter inside its domain?
    pub fn check(&self) -> Result<()> {
        self.curve.check()?;
        self.dynamics.check()?;
        self.smile.check()?;
        self.vix_smile.check()?;
        self.smile_state.check()?;
        check_shift(self.surface_shift)?;
        check::above("vix", self.vix, self.curve.floor)?;
        check::above("spot", self.spot, 0.0)?;
        check_rates(self.rate, self.dividend_yield, self.erp)
    }
}

/// `{"model": "gbm", …}`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct GbmSpec {
    /// Volatility, a year; VIX is 100 times as much at every session.
    pub vol: f64,
    /// SPX at session 0.
    pub spot: f64,
    /// Interest rate, continuously compounded, a year.
    pub rate: f64,
    /// Dividend yield, continuously compounded, a year.
    pub dividend_yield: f64,
    /// Equity risk premium: excess of the arithmetic mean return over `rate`, a year.
    pub erp: f64,
    /// Vol points by which options cost more than `vol` says; VIX and SPX stay.
    pub surface_shift: f64,
}

impl Default for GbmSpec {
    fn default() -> Self {
        Self {
            vol: 0.16,
            spot: SPOT,
            rate: RATE,
            dividend_yield: DIVIDEND_YIELD,
            erp: ERP,
            surface_shift: 0.0,
        }
    }
}

impl GbmSpec {
    /// Every parameter inside its domain?
    pub fn check(&self) -> Result<()> {
        check::decimal("vol", self.vol, 0.0, MOST_VOL)?;
        check_shift(self.surface_shift)?;
        check::above("spot", self.spot, 0.0)?;
        check_rates(self.rate, self.dividend_yield, self.erp)
    }
}

/// `{"model": "replay", …}`: one value per session and column.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ReplaySpec {
    /// SPX.
    pub spot: Vec<f64>,
    /// VIX, in points.
    pub vix: Vec<f64>,
    /// VIX3M, in points, where it is known; empty where it never is.
    #[serde(default)]
    pub vix3m: Vec<Option<f64>>,
    /// VIX6M likewise.
    #[serde(default)]
    pub vix6m: Vec<Option<f64>>,
    /// Interest rate, continuously compounded, a year.
    pub rate: Vec<f64>,
    /// Dividend yield, continuously compounded, a year.
    pub dividend_yield: Vec<f64>,
    /// Row at which the filter of the factors starts; a row before it, and that row, take the factors' mean given its
    /// own VIX.
    #[serde(default)]
    pub filter_from: usize,
    /// SPX at the opening where it is known; empty where it never is.
    #[serde(default)]
    pub open: Vec<Option<f64>>,
    /// Highest SPX of the day likewise; bars alone read it, on days with an opening and a lowest, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub high: Vec<Option<f64>>,
    /// Lowest SPX of the day likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub low: Vec<Option<f64>>,
    /// Recorded VX futures; without them VX are the model's.
    #[serde(default)]
    pub vx: Option<VxSpec>,
    /// Do recorded VX take part in the filter of the factors, too?
    #[serde(default)]
    pub vx_in_state: bool,
    /// Recorded option quotes; without them options are the model's.
    #[serde(default)]
    pub chain: Option<ChainSpec>,
    /// The VIX and its futures.
    #[serde(default)]
    pub curve: Curve,
    /// How the factors move, for the filter that finds them.
    #[serde(default)]
    pub dynamics: Dynamics,
    /// The SPX volatility surface.
    #[serde(default)]
    pub smile: Smile,
    /// The VIX option surface.
    #[serde(default)]
    pub vix_smile: VixSmile,
    /// Vol points by which the SPX surface lies above what the row says, at every strike and tenor.
    #[serde(default)]
    pub surface_shift: f64,
}

impl ReplaySpec {
    /// Every parameter and every row inside its domain, and as many rows in each column?
    pub fn check(&self) -> Result<()> {
        self.curve.check()?;
        self.dynamics.check()?;
        self.smile.check()?;
        self.vix_smile.check()?;
        check_shift(self.surface_shift)?;
        let rows = self.spot.len();
        if rows == 0 {
            return Err(Error::Shape { name: "spot".into(), problem: "no rows".into() });
        }
        for (name, column) in
            [("vix", &self.vix), ("rate", &self.rate), ("dividend_yield", &self.dividend_yield)]
        {
            if column.len() != rows {
                let problem = format!("{} rows, but spot has {rows}", column.len());
                return Err(Error::Shape { name: name.into(), problem });
            }
        }
        if self.filter_from >= rows {
            return Err(Error::domain("filter_from", self.filter_from, format!("there are {rows} rows")));
        }
        for row in 0..rows {
            let named = |name: &str| format!("{name}[{row}]");
            check::above(&named("spot"), self.spot[row], 0.0)?;
            check::above(&named("vix"), self.vix[row], self.curve.floor)?;
            check::finite(&named("rate"), self.rate[row])?;
            check::finite(&named("dividend_yield"), self.dividend_yield[row])?;
        }
        let floor = self.curve.floor;
        for (name, column, bound) in [
            ("open", &self.open, 0.0),
            ("high", &self.high, 0.0),
            ("low", &self.low, 0.0),
            ("vix3m", &self.vix3m, floor),
            ("vix6m", &self.vix6m, floor),
        ] {
            if !column.is_empty() && column.len() != rows {
                let problem = format!("{} rows, but spot has {rows}", column.len());
                return Err(Error::Shape { name: name.into(), problem });
            }
            for (row, value) in column.iter().enumerate() {
                value.map_or(Ok(()), |value| check::above(&format!("{name}[{row}]"), value, bound))?;
            }
        }
        self.check_ranges()?;
        self.vx.as_ref().map_or(Ok(()), |vx| vx.check(rows))?;
        if self.vx_in_state && self.vx.is_none() {
            return Err(Error::domain("vx_in_state", true, "no VX futures are recorded: give vx as well"));
        }
        self.chain.as_ref().map_or(Ok(()), |chain| chain.check(rows))
    }
}

impl ReplaySpec {
    /// Do opening and close lie between low and high, where these are recorded?
    fn check_ranges(&self) -> Result<()> {
        let allowed = "the row's opening and close must lie between low and high: leave out both where they are unknown";
        let recorded = |column: &[Option<f64>], row: usize| column.get(row).copied().flatten();
        for (row, &close) in self.spot.iter().enumerate() {
            for price in [Some(close), recorded(&self.open, row)].into_iter().flatten() {
                if let Some(high) = recorded(&self.high, row).filter(|&high| high < price) {
                    return Err(Error::domain(format!("high[{row}]"), high, allowed));
                }
                if let Some(low) = recorded(&self.low, row).filter(|&low| low > price) {
                    return Err(Error::domain(format!("low[{row}]"), low, allowed));
                }
            }
        }
        Ok(())
    }

    /// The state of a row whose factors are known.
    pub(super) fn point(&self, row: usize, x: [f64; FACTORS]) -> Point {
        let ln_s = special::ln::<false>(self.spot[row]);
        Point { ln_s, x, r: self.rate[row], q: self.dividend_yield[row] }
    }
}

/// Largest shift of the surface, in vol points.
const WIDEST_SHIFT: f64 = 5.0;

fn check_shift(points: f64) -> Result<()> {
    check::between("surface_shift", points, -WIDEST_SHIFT, WIDEST_SHIFT)
}

pub(super) const SPOT: f64 = 5000.0;
pub(super) const RATE: f64 = 0.04;
pub(super) const DIVIDEND_YIELD: f64 = 0.013;
/// Reports show 0 and 0.08 beside it.
pub(super) const ERP: f64 = 0.05;
/// Largest rate, yield and premium, either sign: the range catches percent.
const MOST_A_YEAR: f64 = 1.0;
/// Largest volatility of [`GbmSpec`]: the range catches percent, and VIX for volatility.
const MOST_VOL: f64 = 5.0;

fn check_rates(rate: f64, dividend_yield: f64, erp: f64) -> Result<()> {
    check::decimal("rate", rate, -MOST_A_YEAR, MOST_A_YEAR)?;
    check::decimal("dividend_yield", dividend_yield, -MOST_A_YEAR, MOST_A_YEAR)?;
    check::decimal("erp", erp, -MOST_A_YEAR, MOST_A_YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> String {
        let spec = MarketSpec::from_json(json).and_then(|spec| crate::market::generator::generator(&spec));
        spec.expect_err("the specification is wrong").to_string()
    }

    #[test]
    fn missing_fields_take_defaults_and_survive_a_round_trip() {
        let spec = MarketSpec::from_json(r#"{"model": "l3f"}"#).expect("defaults");
        assert_eq!(spec, MarketSpec::L3f(Box::default()));
        let json = spec.to_json().expect("JSON");
        assert_eq!(MarketSpec::from_json(&json).expect("its own JSON"), spec);
    }

    #[test]
    fn mistakes_are_named() {
        for (json, words) in [
            (r#"{"model": "l3f", "vixx": 20}"#, "vixx"),
            (r#"{"model": "heston"}"#, "heston"),
            (r#"{"model": "l3f", "vix": 5}"#, "vix = 5: must be above 6"),
            (r#"{"model": "pdv4", "rate": 4}"#, "rate = 4: must lie between"),
            (r#"{"model": "l3f", "curve": {"reversion": [1, -2, 3]}}"#, "curve.reversion[1] = -2"),
            (r#"{"model": "l3f", "curve": {"correlation": [2, 0, 0]}}"#, "curve.correlation[0] = 2"),
            (
                r#"{"model": "l3f", "curve": {"correlation": [0.9, 0.9, 0]}}"#,
                "curve.correlation = [0.9, 0.9, 0.0]: must form a positive definite matrix",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [9], "rate": [0], "dividend_yield": [0], "filter_from": 1}"#,
                "filter_from = 1: there are 1 rows",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [9], "rate": [0], "dividend_yield": [0], "vx_in_state": true}"#,
                "vx_in_state = true: no VX futures are recorded",
            ),
            (
                r#"{"model": "l3f", "dynamics": {"spot_correlation": [-0.9, -0.9, -0.9]}}"#,
                "dynamics.spot_correlation",
            ),
            (r#"{"model": "gbm", "vol": -0.1}"#, "vol = -0.1"),
            (r#"{"model": "gbm", "vol": 16}"#, "vol = 16: must lie between 0 and 5, a decimal a year"),
            (
                r#"{"model": "l3f", "rate": 4}"#,
                "rate = 4: must lie between -1 and 1, a decimal a year: 0.04 is 4%",
            ),
            (r#"{"model": "pdv4", "dividend_yield": 1.3}"#, "dividend_yield = 1.3: must lie between"),
            (r#"{"model": "bates", "erp": 5}"#, "erp = 5: must lie between"),
            (r#"{"model": "l3f", "curve": {"reversion": [17.5, 1e-320, 0.1]}}"#, "curve.reversion[1] = "),
            (
                r#"{"model": "l3f", "curve": {"vol": [103, 0.8, 0.3]}}"#,
                "curve.vol[0] = 103: must be above 0, and at most 10",
            ),
            (r#"{"model": "l3f", "curve": {"level": 16}}"#, "curve.level = 16: must lie between -10 and 10"),
            (
                r#"{"model": "l3f", "dynamics": {"realised_share": 82}}"#,
                "dynamics.realised_share = 82: must be above 0",
            ),
            (
                r#"{"model": "l3f", "dynamics": {"mean": [0, -24, 0]}}"#,
                "dynamics.mean[1] = -24: must lie between",
            ),
            (
                r#"{"model": "replay", "spot": [], "vix": [], "rate": [], "dividend_yield": []}"#,
                "spot: no rows",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [], "rate": [0], "dividend_yield": [0]}"#,
                "vix: 0 rows",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [3], "rate": [0], "dividend_yield": [0]}"#,
                "vix[0] = 3",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [9], "rate": [0], "dividend_yield": [0], "open": [1, null]}"#,
                "open: 2 rows, but spot has 1",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [9], "rate": [0], "dividend_yield": [0], "open": [-1]}"#,
                "open[0] = -1",
            ),
            (
                r#"{"model": "replay", "spot": [1], "vix": [9], "rate": [0], "dividend_yield": [0], "vix3m": [6]}"#,
                "vix3m[0] = 6: must be above 6",
            ),
        ] {
            let text = message(json);
            assert!(text.contains(words), "{json} says {text:?}, not {words:?}");
        }
    }
}
