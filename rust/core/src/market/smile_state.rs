//! The daily state of the SPX surface: what no function of VIX and its past knows of level, skew and curvature.
//!
//! Three numbers u = (level, skew, curvature) revert to 0 session by session, with standard deviations, half-lives and
//! correlations of their stationary law:
//! ```text
//! u ← a u + N(0, Σ ∘ (1 − a aᵀ))        a = 2^(−1 / half-life),  Σᵢⱼ = sdᵢ sdⱼ ρᵢⱼ
//! ```
//! A path starts with a draw of N(0, Σ). VIX, its futures and SPX do not see them: the draws have a purpose of their
//! own, and the paths are the same bits with and without.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::check;
use super::generator::Lanes;
use super::state::{SMILE, State};
use crate::math::cholesky::cholesky;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::Purpose;
use crate::math::simd::{self, Kernel, fma};
use crate::math::special;
use crate::{Error, Result};

/// How the surface departs from its template from day to day, apart from VIX.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct SmileState {
    /// Standard deviation of the level, the logarithm of the surface's variance-swap vol over that of the VIX curve.
    pub level_sd: f64,
    /// Sessions after which half of a departure of the level is left.
    pub level_half_life: f64,
    /// Standard deviation of the skew, added to |ρ| before its bounds.
    pub skew_sd: f64,
    /// The same of the skew, sessions.
    pub skew_half_life: f64,
    /// Standard deviation of the curvature, added to ln ζ before its bound.
    pub curvature_sd: f64,
    /// The same of the curvature, sessions.
    pub curvature_half_life: f64,
    /// Correlations on one day: (level, skew), (level, curvature), (skew, curvature).
    pub correlation: [f64; SMILE],
}

/// The template with three numbers added, fitted day by day: 29 days of SPX chains of 2011–2024 and 148 of SPY of 2010–2017.
impl Default for SmileState {
    fn default() -> Self {
        Self {
            level_sd: 0.05,
            level_half_life: 20.0,
            skew_sd: 0.10,
            skew_half_life: 20.0,
            curvature_sd: 0.10,
            curvature_half_life: 10.0,
            correlation: [-0.3, -0.4, 0.4],
        }
    }
}

impl SmileState {
    /// A surface that is its template on every day.
    pub fn none() -> Self {
        Self { level_sd: 0.0, skew_sd: 0.0, curvature_sd: 0.0, ..Self::default() }
    }

    /// Every parameter inside its domain?
    pub fn check(&self) -> Result<()> {
        check::between("smile_state.level_sd", self.level_sd, 0.0, 0.5)?;
        check::between("smile_state.skew_sd", self.skew_sd, 0.0, 0.5)?;
        check::between("smile_state.curvature_sd", self.curvature_sd, 0.0, 1.0)?;
        check::above("smile_state.level_half_life", self.level_half_life, 0.0)?;
        check::above("smile_state.skew_half_life", self.skew_half_life, 0.0)?;
        check::above("smile_state.curvature_half_life", self.curvature_half_life, 0.0)?;
        check::each("smile_state.correlation", &self.correlation, |name, rho| {
            check::between(name, rho, -1.0, 1.0)
        })
    }

    fn sd(&self) -> [f64; SMILE] {
        [self.level_sd, self.skew_sd, self.curvature_sd]
    }

    /// Share of a departure that is left after one session.
    fn keep(&self) -> [f64; SMILE] {
        [self.level_half_life, self.skew_half_life, self.curvature_half_life]
            .map(|life| special::exp::<false>(-LN_2 / life))
    }
}

/// A [`SmileState`], ready to run.
#[derive(Clone, Debug)]
pub(super) struct SmileProcess {
    keep: [f64; SMILE],
    /// Lower triangles that turn normals into a stationary state, and into the shocks of a session.
    start: [[f64; SMILE]; SMILE],
    shock: [[f64; SMILE]; SMILE],
}

impl SmileProcess {
    /// The process of a description that was checked; `None` where every standard deviation is 0: there is nothing
    /// to draw.
    pub(super) fn new(spec: &SmileState) -> Result<Option<Self>> {
        let (sd, keep) = (spec.sd(), spec.keep());
        if sd == [0.0; SMILE] {
            return Ok(None);
        }
        let [level_skew, level_curvature, skew_curvature] = spec.correlation;
        let correlation = [
            [1.0, level_skew, level_curvature],
            [level_skew, 1.0, skew_curvature],
            [level_curvature, skew_curvature, 1.0],
        ];
        let shocks: [[f64; SMILE]; SMILE] =
            std::array::from_fn(|i| std::array::from_fn(|j| correlation[i][j] * (1.0 - keep[i] * keep[j])));
        let refused = || {
            let allowed = "must form a positive definite matrix, also for the shocks of a session: where half-lives differ \
                           much, correlations must be weaker";
            Error::domain("smile_state.correlation", format!("{:?}", spec.correlation), allowed)
        };
        let scaled = |lower: [[f64; SMILE]; SMILE]| -> [[f64; SMILE]; SMILE] {
            std::array::from_fn(|i| lower[i].map(|weight| sd[i] * weight))
        };
        let start = scaled(cholesky(&correlation).ok_or_else(refused)?);
        let shock = scaled(cholesky(&shocks).ok_or_else(refused)?);
        Ok(Some(Self { keep, start, shock }))
    }

    /// Draws the state of session 0 from the stationary law.
    pub(super) fn start(&self, lanes: &Lanes, state: &mut State) {
        simd::dispatch(Move {
            lanes,
            step: 0,
            keep: [0.0; SMILE],
            mix: &self.start,
            smile: &mut state.smile,
        });
    }

    /// Moves the state from session `step - 1` to session `step`.
    pub(super) fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        simd::dispatch(Move { lanes, step, keep: self.keep, mix: &self.shock, smile: &mut state.smile });
    }
}

struct Move<'a> {
    lanes: &'a Lanes,
    step: u32,
    keep: [f64; SMILE],
    mix: &'a [[f64; SMILE]; SMILE],
    smile: &'a mut [Col; SMILE],
}

impl Kernel for Move<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { lanes, step, keep, mix, smile } = self;
        let mut n = [Col::default(); SMILE + 1];
        let [a, b, c, d] = &mut n;
        lanes.normals::<FMA>(Purpose::SmileState, step, 0, a, b);
        lanes.normals::<FMA>(Purpose::SmileState, step, 1, c, d);
        for (row, column) in smile.iter_mut().enumerate() {
            for i in 0..LANES {
                let mut moved = keep[row] * column[i];
                for f in 0..=row {
                    moved = fma::<FMA>(mix[row][f], n[f][i], moved);
                }
                column[i] = moved;
            }
        }
    }
}
