//! Factors that follow a VIX which a model makes in its own way.
//!
//! The filter of [`super::kalman`] sees that VIX alone, exactly. Its gain depends on how many sessions it has seen, and
//! hardly any more after years: with the gain K of the long run a session is
//! ```text
//! x ← m + e^{−kΔ} (x − m) + K (ln(VIX − floor) − level − Σ (m + e^{−kΔ} (x − m))),   Σ K = 1
//! ```
//! a few operations a lane, and x has exactly that VIX.

use super::SESSIONS_PER_YEAR;
use super::kalman::Filter;
use super::parameters::{Curve, Dynamics};
use super::state::{FACTORS, State};
use crate::math::lanes::{Col, LANES};
use crate::math::simd::fma;
use crate::math::special;

/// The filter's step, ready to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Followed {
    floor: f64,
    level: f64,
    mean: [f64; FACTORS],
    /// e^{−kΔ}
    keep: [f64; FACTORS],
    gain: [f64; FACTORS],
}

impl Followed {
    /// Both must have passed their checks.
    pub(super) fn new(curve: &Curve, dynamics: &Dynamics) -> Self {
        Self {
            floor: curve.floor,
            level: curve.level,
            mean: dynamics.mean,
            keep: dynamics.reversion.map(|k| special::exp::<false>(-k / SESSIONS_PER_YEAR)),
            gain: Filter::new(curve, dynamics).steady_gain(),
        }
    }

    /// VIX less its floor, in points.
    #[inline(always)]
    pub(super) fn above_floor<const FMA: bool>(&self, [x0, x1, x2]: [f64; FACTORS]) -> f64 {
        special::exp::<FMA>(self.level + x0 + x1 + x2)
    }

    /// VIX in points.
    #[inline(always)]
    pub(super) fn vix<const FMA: bool>(&self, x: [f64; FACTORS]) -> f64 {
        self.floor + self.above_floor::<FMA>(x)
    }

    /// What a VIX in points has above the floor.
    #[inline(always)]
    pub(super) fn above(&self, vix: f64) -> f64 {
        vix - self.floor
    }

    /// A session later VIX is seen.
    #[inline(always)]
    pub(super) fn see<const FMA: bool>(&self, vix: &Col, state: &mut State) {
        for i in 0..LANES {
            let mut surprise = special::ln::<FMA>(vix[i] - self.floor) - self.level;
            for f in 0..FACTORS {
                state.x[f][i] = fma::<FMA>(self.keep[f], state.x[f][i] - self.mean[f], self.mean[f]);
                surprise -= state.x[f][i];
            }
            for f in 0..FACTORS {
                state.x[f][i] = fma::<FMA>(self.gain[f], surprise, state.x[f][i]);
            }
        }
    }

    /// A factor of a bridge at which VIX departs from the line by `points`.
    #[inline(always)]
    pub(super) fn off_line(&self, factor: usize, line: f64, points: f64, above: f64) -> f64 {
        line + self.gain[factor] * (points / above)
    }
}
