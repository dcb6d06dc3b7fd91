//! The parameters of the market models, with units, sources and every default.
//!
//! Defaults were estimated on SPX 1990–2023, VIX 1990–2026, the Cboe volatility indices, all VX contracts of
//! 2004–2014, and SPX and VIX option snapshots of 2011–2024. They are starting values with evidence behind
//! them: re-estimate when better data is at hand.

use serde::{Deserialize, Serialize};

use super::check;
use super::state::FACTORS;
use crate::{Error, Result};

/// Most that logarithms of VIX, volatilities of the factors and the realised share can be, several times what any market had:
/// percent and points for decimals lie beyond.
const FARTHEST: f64 = 10.0;
/// Slowest and fastest reversion, a year.
const SPEEDS: [f64; 2] = [1e-6, 1e4];

fn speed(name: &str, k: f64) -> Result<()> {
    let [slowest, fastest] = SPEEDS;
    check::between(name, k, slowest, fastest)
}

/// The VIX, its futures and the variance-swap curve as functions of the three factors:
/// `VIX = floor + exp(level + x₀ + x₁ + x₂)`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Curve {
    /// Floor of VIX, in points.
    pub floor: f64,
    /// Level of ln(VIX − floor) to which futures revert.
    pub level: f64,
    /// Speeds of mean reversion under the pricing measure, a year (calendar).
    pub reversion: [f64; FACTORS],
    /// Volatilities of the factors, a √year; used under both measures.
    pub vol: [f64; FACTORS],
    /// Correlations of the factors: (0,1), (0,2), (1,2).
    pub correlation: [f64; FACTORS],
    /// Slope of ln(K − floor) in ln(tenor / 30 days) below 30 days, where K is the variance-swap vol.
    pub slope_short: f64,
    /// The same above 30 days.
    pub slope_long: f64,
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            floor: 6.0,
            level: 2.635,
            reversion: [17.5, 3.13, 0.086],
            vol: [1.03, 0.83, 0.33],
            correlation: [0.19, 0.43, 0.04],
            slope_short: 0.023,
            slope_long: 0.0765,
        }
    }
}

impl Curve {
    /// Every parameter inside its domain?
    pub fn check(&self) -> Result<()> {
        check::at_least("curve.floor", self.floor, 0.0)?;
        check::between("curve.level", self.level, -FARTHEST, FARTHEST)?;
        check::each("curve.reversion", &self.reversion, speed)?;
        check::each("curve.vol", &self.vol, |name, s| check::up_to(name, s, FARTHEST))?;
        check::each("curve.correlation", &self.correlation, |name, rho| {
            check::between(name, rho, -1.0, 1.0)
        })?;
        let [r01, r02, r12] = self.correlation;
        let determinant = 1.0 + 2.0 * r01 * r02 * r12 - r01 * r01 - r02 * r02 - r12 * r12;
        if determinant <= 0.0 {
            let allowed = "must form a positive definite matrix: no factor may follow from the others";
            return Err(Error::domain("curve.correlation", format!("{:?}", self.correlation), allowed));
        }
        check::at_least("curve.slope_short", self.slope_short, 0.0)?;
        check::at_least("curve.slope_long", self.slope_long, 0.0)
    }

    /// Instantaneous covariances of the factors, a year.
    pub(super) fn covariance(&self) -> [[f64; FACTORS]; FACTORS] {
        let [r01, r02, r12] = self.correlation;
        let rho = [[1.0, r01, r02], [r01, 1.0, r12], [r02, r12, 1.0]];
        std::array::from_fn(|i| std::array::from_fn(|j| self.vol[i] * self.vol[j] * rho[i][j]))
    }
}

/// How the factors and SPX move from session to session, under the real-world measure.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Dynamics {
    /// Speeds of mean reversion of the factors, a year.
    pub reversion: [f64; FACTORS],
    /// Means of the factors.
    pub mean: [f64; FACTORS],
    /// Realised over implied volatility: the instantaneous vol of SPX is this share of the spot VIX.
    pub realised_share: f64,
    /// Correlations of the SPX shock with those of the factors (fitted −.592, −.601, −.56, scaled by .95).
    pub spot_correlation: [f64; FACTORS],
    /// Probability that a session is wild.
    pub wild_probability: f64,
    /// Variance of a wild session, relative to the average one.
    pub wild_variance: f64,
    /// Shift of the shocks (SPX, then the factors) per unit of excess variance: the skew of wild sessions.
    pub wild_shift: [f64; 1 + FACTORS],
    /// Share of a session's variance that falls between the close before and the opening.
    pub overnight_share: f64,
    /// Standard deviation of ln(special quotation / VIX at the opening).
    pub soq_sd: f64,
}

/// Overnight share of a day's variance that pairs of AM- and PM-settled options imply (realised: .37).
pub(super) const OVERNIGHT_SHARE: f64 = 0.45;

impl Default for Dynamics {
    fn default() -> Self {
        Self {
            reversion: [20.0, 2.5, 0.6],
            mean: [-0.03, -0.24, 0.10],
            realised_share: 0.82,
            spot_correlation: [-0.5624, -0.57095, -0.532],
            wild_probability: 0.04,
            wild_variance: 4.5,
            wild_shift: [-0.30, 0.25, 0.15, 0.15],
            overnight_share: OVERNIGHT_SHARE,
            soq_sd: 0.02,
        }
    }
}

impl Dynamics {
    /// Every parameter inside its domain? (That the correlations fit together is checked by [`super::l3f`].)
    pub fn check(&self) -> Result<()> {
        check::each("dynamics.reversion", &self.reversion, speed)?;
        check::each("dynamics.mean", &self.mean, |name, m| check::between(name, m, -FARTHEST, FARTHEST))?;
        check::up_to("dynamics.realised_share", self.realised_share, FARTHEST)?;
        check::each("dynamics.spot_correlation", &self.spot_correlation, |name, rho| {
            check::between(name, rho, -1.0, 1.0)
        })?;
        check::between("dynamics.wild_probability", self.wild_probability, 0.0, 0.5)?;
        check::at_least("dynamics.wild_variance", self.wild_variance, 1.0)?;
        // The quiet sessions must be left with some variance.
        let most = 1.0 / self.wild_probability.abs(); // of −0, too
        check::between("dynamics.wild_variance", self.wild_variance, 1.0, most)?;
        check::each("dynamics.wild_shift", &self.wild_shift, check::finite)?;
        check::between("dynamics.overnight_share", self.overnight_share, 0.0, 1.0)?;
        check::between("dynamics.soq_sd", self.soq_sd, 0.0, 0.5)
    }

    /// Central moment of a session's variance.
    pub(super) fn wild_moment(&self, power: i32) -> f64 {
        let (p, quiet) = (self.wild_probability, self.quiet_variance());
        p * (self.wild_variance - 1.0).powi(power) + (1.0 - p) * (quiet - 1.0).powi(power)
    }

    /// Variance of a quiet session, so that the average is 1.
    pub(super) fn quiet_variance(&self) -> f64 {
        (1.0 - self.wild_probability * self.wild_variance) / (1.0 - self.wild_probability)
    }
}

/// The SPX volatility surface: eSSVI slices whose shape follows from tenor and variance.
///
/// With l = ln(n / 21), n sessions to expiry, and t = ln(θ / 0.0025):
/// `|ρ| = clip(skew_level + skew_slope t)` and `ln ζ = curvature_level + curvature_tenor l +
/// curvature_variance t`. Below `low_vix` every volatility falls behind VIX: the swap is multiplied by
/// `1 − low_vix_lag (1 − VIX / low_vix)`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Smile {
    /// |ρ| at 30 days and 17.3 vol.
    pub skew_level: f64,
    /// Slope of |ρ| in ln θ.
    pub skew_slope: f64,
    /// Bounds of |ρ|.
    pub skew_bounds: [f64; 2],
    /// ln ζ at 30 days and 17.3 vol.
    pub curvature_level: f64,
    /// Slope of ln ζ in ln(tenor).
    pub curvature_tenor: f64,
    /// Slope of ln ζ in ln θ.
    pub curvature_variance: f64,
    /// By how much the shortest variance swaps lie below the curve: share at one session.
    pub short_dip: f64,
    /// Sessions over which that dip fades by a factor e.
    pub short_dip_sessions: f64,
    /// Level κ of the index against the variance swap of the slice (strike-grid and averaging effects).
    pub index_scale: f64,
    /// VIX below which volatilities fall faster than VIX, in points.
    pub low_vix: f64,
    /// How far they fall behind: share of the swap per share of VIX.
    pub low_vix_lag: f64,
}

impl Default for Smile {
    fn default() -> Self {
        Self {
            skew_level: 0.543,
            skew_slope: 0.079,
            skew_bounds: [0.15, 0.85],
            curvature_level: -0.1055,
            curvature_tenor: 0.2249,
            curvature_variance: -0.1114,
            short_dip: 0.0436,
            short_dip_sessions: 7.6,
            index_scale: 1.0287,
            low_vix: 14.0,
            low_vix_lag: 0.231,
        }
    }
}

impl Smile {
    /// Every parameter inside its domain?
    pub fn check(&self) -> Result<()> {
        check::finite("smile.skew_level", self.skew_level)?;
        check::finite("smile.skew_slope", self.skew_slope)?;
        let [low, high] = self.skew_bounds;
        check::between("smile.skew_bounds[1]", high, 0.0, 0.99)?;
        check::between("smile.skew_bounds[0]", low, 0.0, high)?;
        check::finite("smile.curvature_level", self.curvature_level)?;
        check::finite("smile.curvature_tenor", self.curvature_tenor)?;
        check::finite("smile.curvature_variance", self.curvature_variance)?;
        // Below 0 the short end is dearer than the curve: the sides of one-day results lie there.
        check::between("smile.short_dip", self.short_dip, -0.5, 0.5)?;
        check::above("smile.short_dip_sessions", self.short_dip_sessions, 0.0)?;
        check::above("smile.index_scale", self.index_scale, 0.0)?;
        check::above("smile.low_vix", self.low_vix, 0.0)?;
        check::between("smile.low_vix_lag", self.low_vix_lag, 0.0, 1.0)
    }
}

/// VIX options: displaced lognormal around the future.
///
/// The displacement is what VIX cannot fall below until expiry, and rises as that nears:
/// `min(floor + floor_front exp(−floor_decay τ), floor_share × future)`. The total standard deviation is `ν √v(τ)`
/// with v the variance of the future's logarithm and, with m = ln(VIX / 18),
/// `ν = exp(level + slope m + curvature m²)(1 − front exp(−front_decay τ))`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct VixSmile {
    /// Displacement of the longest options, in points.
    pub floor: f64,
    /// By how much that of the shortest lies above, in points.
    pub floor_front: f64,
    /// How fast that fades with tenor, a year.
    pub floor_decay: f64,
    /// Share of the future above which no displacement goes.
    pub floor_share: f64,
    /// ln ν at VIX 18, long tenors.
    pub level: f64,
    /// Slope of ln ν in m.
    pub slope: f64,
    /// Curvature of ln ν in m.
    pub curvature: f64,
    /// By how much the shortest options lie below: share at tenor 0.
    pub front: f64,
    /// How fast that fades, a year.
    pub front_decay: f64,
}

impl Default for VixSmile {
    fn default() -> Self {
        Self {
            floor: 6.0,
            floor_front: 6.37,
            floor_decay: 1.64,
            floor_share: 0.82,
            level: 0.344,
            slope: 0.011,
            curvature: 0.1755,
            front: 0.434,
            front_decay: 12.45,
        }
    }
}

impl VixSmile {
    /// Every parameter inside its domain?
    pub fn check(&self) -> Result<()> {
        check::at_least("vix_smile.floor", self.floor, 0.0)?;
        check::at_least("vix_smile.floor_front", self.floor_front, 0.0)?;
        check::at_least("vix_smile.floor_decay", self.floor_decay, 0.0)?;
        check::between("vix_smile.floor_share", self.floor_share, 0.0, 0.99)?;
        check::finite("vix_smile.level", self.level)?;
        check::finite("vix_smile.slope", self.slope)?;
        check::finite("vix_smile.curvature", self.curvature)?;
        check::between("vix_smile.front", self.front, 0.0, 1.0)?;
        check::at_least("vix_smile.front_decay", self.front_decay, 0.0)
    }
}
