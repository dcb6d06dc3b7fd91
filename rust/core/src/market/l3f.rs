//! L3F: three Ornstein–Uhlenbeck factors drive ln(VIX − floor); SPX moves jointly with them.
//!
//! One session, Δ = 1/252 year, with W the session's variance (wild with a small probability, else quiet,
//! mean 1) and n four independent normals:
//! ```text
//! (z, g) = γ (W − 1) + √W · chol(C − Var(W) γγᵀ) n            so that Cov(z, g) = C
//! xᵢ     ← mᵢ + e^{−kᵢΔ} (xᵢ − mᵢ) + sᵢ √Δ gᵢ
//! h      = (c σ₀ / 100)² Δ                                     σ₀ the spot vol before the move
//! ln S   ← ln S + (r − q + ERP) Δ − h/2 − κ₃ h^{3/2} / 6 + √h z  κ₃ the skewness of z
//! ```

use super::PERCENT;
use super::SESSIONS_PER_YEAR;
use super::generator::{Generator, Lanes};
use super::parameters::{Curve, Dynamics};
use super::quote::{Essvi, Surface};
use super::spec::L3fSpec;
use super::state::{FACTORS, Point, State};
use super::warm_up;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::{Purpose, Stream};
use crate::math::simd::{self, Kernel, fma};
use crate::math::special;
use crate::{Error, Result};

/// Shocks of a session: SPX, then the factors.
const SHOCKS: usize = 1 + FACTORS;

/// The model, ready to run.
#[derive(Clone, Debug)]
pub(super) struct L3f {
    start: Point,
    surface: Essvi,
    mean: [f64; FACTORS],
    /// e^{−kΔ}
    keep: [f64; FACTORS],
    /// s√Δ
    scale: [f64; FACTORS],
    /// Lower triangle that correlates the normals.
    mix: [[f64; SHOCKS]; SHOCKS],
    shift: [f64; SHOCKS],
    wild_probability: f64,
    wild_variance: f64,
    quiet_variance: f64,
    /// c √Δ / 100: from spot vol in points to the standard deviation of a session.
    session_sd: f64,
    erp: f64,
    /// κ₃ / 6
    skew_drift: f64,
}

impl L3f {
    pub(super) fn new(spec: &L3fSpec) -> Result<Self> {
        spec.check()?;
        let L3fSpec { curve, dynamics, .. } = spec;
        let surface = Essvi::new(curve, &spec.smile, &spec.vix_smile);
        let factors = FactorsOfVix::new(curve, dynamics)?;
        let session: f64 = 1.0 / SESSIONS_PER_YEAR;
        let quiet_variance = dynamics.quiet_variance();
        let p = dynamics.wild_probability;
        let central = |power: i32| {
            p * (dynamics.wild_variance - 1.0).powi(power) + (1.0 - p) * (quiet_variance - 1.0).powi(power)
        };
        let shift = dynamics.wild_shift;
        let spot_shift = shift[0];
        let skew = spot_shift.powi(3) * central(3)
            + 3.0 * spot_shift * central(2) * (1.0 - central(2) * spot_shift * spot_shift);
        Ok(Self {
            start: Point {
                ln_s: special::ln::<false>(spec.spot),
                x: factors.at(spec.vix),
                r: spec.rate,
                q: spec.dividend_yield,
            },
            surface,
            mean: dynamics.mean,
            keep: dynamics.reversion.map(|k| special::exp::<false>(-k * session)),
            scale: curve.vol.map(|s| s * session.sqrt()),
            mix: residual_mix(curve, dynamics, central(2))?,
            shift,
            wild_probability: p,
            wild_variance: dynamics.wild_variance,
            quiet_variance,
            session_sd: dynamics.realised_share * session.sqrt() / PERCENT,
            erp: spec.erp,
            skew_drift: skew / 6.0,
        })
    }

    fn advance(&self, lanes: &Lanes, step: u32, [normals, mixture]: [Purpose; 2], state: &mut State) {
        let stream = |purpose| Stream { seed: lanes.seed, purpose };
        let (normals, mixture) = (stream(normals), stream(mixture));
        simd::dispatch(Session { model: self, normals, mixture, first_path: lanes.first_path, step, state });
    }
}

impl Generator for L3f {
    fn start(&self, _: &Lanes, state: &mut State) {
        state.fill(&self.start);
    }

    fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        self.advance(lanes, step, [Purpose::Dynamics, Purpose::Mixture], state);
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut start = State::default();
        self.start(lanes, &mut start);
        let purposes = [Purpose::WarmUp, Purpose::WarmUpMixture];
        warm_up::bridged(&start, window, |step, state| self.advance(lanes, step, purposes, state), visit);
    }

    fn surface(&self) -> Surface {
        Surface::Essvi(self.surface)
    }
}

/// One session of 256 paths.
struct Session<'a> {
    model: &'a L3f,
    normals: Stream,
    mixture: Stream,
    first_path: u64,
    step: u32,
    state: &'a mut State,
}

impl Kernel for Session<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, normals, mixture, first_path, step, state } = self;
        let mut n = [Col::default(); SHOCKS];
        let [a, b, c, d] = &mut n;
        normals.normal_columns::<FMA>(first_path, step, 0, a, b);
        normals.normal_columns::<FMA>(first_path, step, 1, c, d);
        let (mut chance, mut unused) = (Col::default(), Col::default());
        mixture.uniform_columns(first_path, step, 0, &mut chance, &mut unused);

        let mut variance = chance;
        for i in 0..LANES {
            let wild = chance[i] < model.wild_probability;
            variance[i] = if wild { model.wild_variance } else { model.quiet_variance };
        }
        // In place, last row first: a row of the triangle reads only itself and those before it.
        for row in (0..SHOCKS).rev() {
            for i in 0..LANES {
                let mut sum = 0.0;
                for column in 0..=row {
                    sum = fma::<FMA>(model.mix[row][column], n[column][i], sum);
                }
                n[row][i] = fma::<FMA>(variance[i].sqrt(), sum, model.shift[row] * (variance[i] - 1.0));
            }
        }
        let [spot_shock, shocks @ ..] = &n;
        for i in 0..LANES {
            let sd = model.session_sd * model.surface.curve.spot_vol::<FMA>(state.factors(i));
            let drift = (state.r[i] - state.q[i] + model.erp) * (1.0 / SESSIONS_PER_YEAR);
            let convexity = sd * sd * fma::<FMA>(model.skew_drift, sd, 0.5);
            state.ln_s[i] += fma::<FMA>(sd, spot_shock[i], drift - convexity);
        }
        for f in 0..FACTORS {
            let (mean, keep, scale) = (model.mean[f], model.keep[f], model.scale[f]);
            for i in 0..LANES {
                let kept = fma::<FMA>(keep, state.x[f][i] - mean, mean);
                state.x[f][i] = fma::<FMA>(scale, shocks[f][i], kept);
            }
        }
    }
}

/// The factors that belong to a VIX when nothing else is known: their stationary mean given
/// `x₀ + x₁ + x₂ = ln(VIX − floor) − level`,
/// `x = m + Σ1 (1ᵀΣ1)⁻¹ (ln(VIX − floor) − level − 1ᵀm)` with `Σᵢⱼ = sᵢsⱼρᵢⱼ / (kᵢ + kⱼ)`.
#[derive(Clone, Debug)]
pub(super) struct FactorsOfVix {
    floor: f64,
    level: f64,
    mean: [f64; FACTORS],
    direction: [f64; FACTORS],
}

impl FactorsOfVix {
    pub(super) fn new(curve: &Curve, dynamics: &Dynamics) -> Result<Self> {
        let covariance = curve.covariance();
        let k = dynamics.reversion;
        let row = |i: usize| (0..FACTORS).map(|j| covariance[i][j] / (k[i] + k[j])).sum();
        let rows: [f64; FACTORS] = std::array::from_fn(row);
        let total: f64 = rows.iter().sum();
        if total <= 0.0 {
            let allowed = "the factors' sum must have positive variance";
            return Err(Error::domain("curve.correlation", format!("{:?}", curve.correlation), allowed));
        }
        Ok(Self {
            floor: curve.floor,
            level: curve.level,
            mean: dynamics.mean,
            direction: rows.map(|row| row / total),
        })
    }

    /// `vix` must be above the floor.
    pub(super) fn at(&self, vix: f64) -> [f64; FACTORS] {
        let mean_sum: f64 = self.mean.iter().sum();
        let excess = special::ln::<false>(vix - self.floor) - self.level - mean_sum;
        std::array::from_fn(|f| self.mean[f] + self.direction[f] * excess)
    }
}

/// Cholesky factor of the shocks' correlation, less what the common shift of wild sessions explains.
fn residual_mix(
    curve: &Curve,
    dynamics: &Dynamics,
    variance_of_variance: f64,
) -> Result<[[f64; SHOCKS]; SHOCKS]> {
    let [r01, r02, r12] = curve.correlation;
    let [s0, s1, s2] = dynamics.spot_correlation;
    let correlation = [[1.0, s0, s1, s2], [s0, 1.0, r01, r02], [s1, r01, 1.0, r12], [s2, r02, r12, 1.0]];
    let shift = dynamics.wild_shift;
    let mut lower = [[0.0; SHOCKS]; SHOCKS];
    for i in 0..SHOCKS {
        for j in 0..=i {
            let explained: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = correlation[i][j] - variance_of_variance * shift[i] * shift[j] - explained;
            if i != j {
                lower[i][j] = left / lower[j][j];
            } else if left > 0.0 {
                lower[i][i] = left.sqrt();
            } else {
                let value = format!("{:?}", dynamics.spot_correlation);
                let allowed = "must form a positive definite matrix with curve.correlation, also after \
                               dynamics.wild_shift has taken its share";
                return Err(Error::domain("dynamics.spot_correlation", value, allowed));
            }
        }
    }
    Ok(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_return_shock_has_the_fitted_skewness() {
        let model = L3f::new(&L3fSpec::default()).expect("defaults");
        assert!((6.0 * model.skew_drift + 0.484).abs() < 1e-3);
        assert!((model.quiet_variance - 0.8541667).abs() < 1e-7);
    }

    #[test]
    fn factors_of_a_vix_give_that_vix_back() {
        let spec = L3fSpec::default();
        let factors = FactorsOfVix::new(&spec.curve, &spec.dynamics).expect("defaults");
        for vix in [6.1, 9.0, 16.0, 40.0, 150.0] {
            let found = spec.curve.floor + (spec.curve.level + factors.at(vix).iter().sum::<f64>()).exp();
            assert!((found / vix - 1.0).abs() < 1e-14);
        }
    }
}
