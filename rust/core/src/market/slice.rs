//! One SPX expiry of 256 paths: θ, ρ and ζ from the states.

use super::PERCENT;
use super::curve::{VixCurve, session_years};
use super::quote::Slice;
use super::smile::{Aim, NEWTON_STEPS, SmileRule, TYPICAL_R};
use super::state::State;
use crate::math::lanes::{Col, LANES};
use crate::math::simd::{Kernel, fma};
use crate::math::special;

/// Stands in for an expiry that is now, where logarithms of the tenor need a positive one.
const SHORTEST_SESSIONS: f64 = 1e-6;
/// A shift leaves at least this share of the at-the-money vol.
const LEAST_LEFT: f64 = 0.5;

/// Slices of the factor model.
pub(super) struct SliceKernel<'a> {
    pub curve: &'a VixCurve,
    pub smile: &'a SmileRule,
    pub state: &'a State,
    pub sessions: &'a Col,
    pub out: &'a mut Slice,
}

impl Kernel for SliceKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { curve, smile, state, sessions, out } = self;
        let (mut target, mut skew, mut curvature) = (Col::default(), Col::default(), Col::default());
        let mut kept = Col::default();
        for i in 0..LANES {
            kept[i] = curve.slope_kept::<FMA>(state.factors(i));
        }
        for i in 0..LANES {
            let n = if sessions[i] > 0.0 { sessions[i] } else { SHORTEST_SESSIONS };
            let x = state.factors(i);
            let share = smile.tenor_share::<FMA>(n) * smile.level_share::<FMA>(curve.vix::<FMA>(x));
            let swap = curve.variance_swap::<FMA>(x, kept[i], n) * share;
            let aim = smile.aim::<FMA>(swap * (1.0 / PERCENT), n, session_years(n));
            (target[i], skew[i], curvature[i]) = (aim.target, aim.skew, aim.curvature);
        }
        let [level, skews, curvatures] = &state.smile;
        // A market without a state of its surface pays nothing for the exponentials.
        if level.iter().any(|&level| level != 0.0) {
            for i in 0..LANES {
                target[i] *= special::exp::<FMA>(2.0 * level[i]);
            }
        }
        let mut theta = Col::default();
        for i in 0..LANES {
            skew[i] += skews[i];
            curvature[i] += curvatures[i];
            theta[i] = target[i] * (1.0 / TYPICAL_R);
        }
        let aim = |i: usize| Aim { target: target[i], skew: skew[i], curvature: curvature[i] };
        // A pass per step keeps the loop bodies small enough to be inlined and vectorised.
        for _ in 0..NEWTON_STEPS {
            for i in 0..LANES {
                theta[i] = smile.improve::<FMA>(aim(i), theta[i]);
            }
        }
        for i in 0..LANES {
            let slice = smile.slice::<FMA>(aim(i), theta[i]);
            out.theta[i] = if sessions[i] > 0.0 { slice.theta } else { 0.0 };
            out.rho[i] = slice.rho;
            out.zeta[i] = slice.zeta;
        }
    }
}

/// Slices of one volatility for all strikes.
pub(super) struct FlatKernel<'a> {
    pub vol: f64,
    pub sessions: &'a Col,
    pub out: &'a mut Slice,
}

impl Kernel for FlatKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { vol, sessions, out } = self;
        for i in 0..LANES {
            out.theta[i] = vol * vol * session_years(sessions[i].max(0.0));
        }
        out.rho = Col::default();
        out.zeta = Col::default();
    }
}

/// Adds to the at-the-money vol of a slice: `√θ ← max(√θ + shift √years, √θ / 2)`, ρ and ζ stay.
///
/// A strike's vol moves by as much where the smile is straight in k; where it bends, two standard deviations out, by
/// that within a sixth. Of the conditions that exclude butterfly arbitrage, ζ² (1 + |ρ|) ≤ 4 does not see θ, and
/// ζ √θ (1 + |ρ|) ≤ 4 follows from it up to √θ = 1.4.
pub(super) struct ShiftKernel<'a> {
    pub shift: f64,
    pub sessions: &'a Col,
    pub theta: &'a mut Col,
}

impl Kernel for ShiftKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shift, sessions, theta } = self;
        for i in 0..LANES {
            let sd = theta[i].sqrt();
            let shifted = fma::<FMA>(shift, session_years(sessions[i].max(0.0)).sqrt(), sd);
            let least = shifted.max(LEAST_LEFT * sd);
            theta[i] = least * least;
        }
    }
}
