//! Standard moves of a state, for hedge ratios: by how much the factors follow VIX, or SPX.

use super::curve::VixCurve;
use super::parameters::{Curve, Dynamics};
use super::state::{FACTORS, State};
use super::{PERCENT, SESSIONS_PER_YEAR};
use crate::math::lanes::LANES;
use crate::math::simd::{self, Kernel, fma};
use crate::math::special;

/// The regressions of a session's factor moves on that of VIX and on that of SPX.
#[derive(Clone, Copy, Debug)]
pub struct Shock {
    curve: VixCurve,
    /// `Cov(dx, d Σx) / Var(d Σx) = Σ1 / (1ᵀΣ1)`; adds up to 1.
    vix_direction: [f64; FACTORS],
    /// `corrᵢ sᵢ √Δ`: divided by the standard deviation of ln S, the slope of xᵢ on ln S.
    spot_covariance: [f64; FACTORS],
    /// From spot vol in points to the standard deviation of a session.
    session_sd: f64,
}

impl Shock {
    pub(super) fn new(curve: &Curve, dynamics: &Dynamics) -> Self {
        let rows = curve.covariance().map(|row| row.iter().sum::<f64>());
        let total: f64 = rows.iter().sum();
        let root = (1.0 / SESSIONS_PER_YEAR).sqrt();
        Self {
            curve: VixCurve::new(curve),
            vix_direction: rows.map(|row| row / total),
            spot_covariance: std::array::from_fn(|f| dynamics.spot_correlation[f] * curve.vol[f] * root),
            session_sd: dynamics.realised_share * root / PERCENT,
        }
    }

    /// VIX rises by `points`, SPX stays: the factors move as they do on average with such a move of VIX in one
    /// session, `xᵢ += wᵢ [ln(VIX + points − floor) − ln(VIX − floor)]`, `w = Σ1 / (1ᵀΣ1)`.
    ///
    /// NaN in lanes where VIX + points is not above the floor.
    pub fn vix_point(&self, state: &State, points: f64, out: &mut State) {
        simd::dispatch(VixPoint { shock: self, state, points, out });
    }

    /// VIX becomes `factor` of what it is, SPX stays: the factors move as in [`Self::vix_point`].
    pub fn vix_factor(&self, state: &State, factor: f64, out: &mut State) {
        simd::dispatch(VixFactor { shock: self, state, factor, out });
    }

    /// ln S moves by `ln_move`, and the factors by their mean given that move in one session:
    /// `xᵢ += corrᵢ sᵢ √Δ / sd · ln_move`, sd the standard deviation of the session's ln S in this state.
    pub fn spot_move(&self, state: &State, ln_move: f64, out: &mut State) {
        simd::dispatch(SpotMove { shock: self, state, ln_move, out });
    }
}

struct VixPoint<'a> {
    shock: &'a Shock,
    state: &'a State,
    points: f64,
    out: &'a mut State,
}

impl Kernel for VixPoint<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shock, state, points, out } = self;
        out.clone_from(state);
        for i in 0..LANES {
            let above = shock.curve.vix::<FMA>(state.factors(i)) - shock.curve.floor;
            let moved = special::ln::<FMA>((above + points) / above);
            for f in 0..FACTORS {
                out.x[f][i] = fma::<FMA>(shock.vix_direction[f], moved, state.x[f][i]);
            }
        }
    }
}

struct VixFactor<'a> {
    shock: &'a Shock,
    state: &'a State,
    factor: f64,
    out: &'a mut State,
}

impl Kernel for VixFactor<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shock, state, factor, out } = self;
        out.clone_from(state);
        for i in 0..LANES {
            let vix = shock.curve.vix::<FMA>(state.factors(i));
            let above = vix - shock.curve.floor;
            let moved = special::ln::<FMA>((factor * vix - shock.curve.floor) / above);
            for f in 0..FACTORS {
                out.x[f][i] = fma::<FMA>(shock.vix_direction[f], moved, state.x[f][i]);
            }
        }
    }
}

struct SpotMove<'a> {
    shock: &'a Shock,
    state: &'a State,
    ln_move: f64,
    out: &'a mut State,
}

impl Kernel for SpotMove<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shock, state, ln_move, out } = self;
        out.clone_from(state);
        for i in 0..LANES {
            let sd = shock.session_sd * shock.curve.spot_vol::<FMA>(state.factors(i));
            out.ln_s[i] += ln_move;
            for f in 0..FACTORS {
                out.x[f][i] = fma::<FMA>(shock.spot_covariance[f], ln_move / sd, state.x[f][i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::DAYS_PER_YEAR;
    use crate::market::kalman::Filter;
    use crate::market::state::Point;

    fn shock() -> Shock {
        Shock::new(&Curve::default(), &Dynamics::default())
    }

    fn state(vix: f64) -> State {
        let mut filter = Filter::new(&Curve::default(), &Dynamics::default());
        let mut state = State::default();
        state.fill(&Point { ln_s: 8.5, x: filter.observe(vix), r: 0.04, q: 0.013 });
        state
    }

    /// A 45-day future moves .50 points per VIX point at VIX 13–17 and .38 at 25–35 (the direction in which
    /// x is initialised would give .88).
    #[test]
    fn a_vix_point_moves_the_future_as_measured() {
        let (shock, mut out) = (shock(), State::default());
        let curve = shock.curve;
        let future = |state: &State| curve.future::<false>(state.factors(3), 45.0 / DAYS_PER_YEAR).0;
        let mut per_point = Vec::new();
        for vix in [13.0, 15.0, 17.0, 25.0, 30.0, 35.0] {
            let before = state(vix);
            shock.vix_point(&before, 1.0, &mut out);
            assert!((curve.vix::<false>(out.factors(3)) - vix - 1.0).abs() < 1e-12);
            assert_eq!((out.ln_s, out.r, out.q), (before.ln_s, before.r, before.q));
            per_point.push(future(&out) - future(&before));
        }
        for (found, measured) in per_point.iter().zip([0.50, 0.50, 0.50, 0.38, 0.38, 0.38]) {
            assert!((found - measured).abs() < 0.04, "{per_point:?}");
        }
    }

    #[test]
    fn vix_points_add_up_and_go_back() {
        let (shock, mut there, mut back) = (shock(), State::default(), State::default());
        let start = state(22.0);
        shock.vix_point(&start, 7.5, &mut there);
        shock.vix_point(&there, -7.5, &mut back);
        for f in 0..FACTORS {
            assert!((back.x[f][0] - start.x[f][0]).abs() < 1e-13);
        }
        shock.vix_point(&start, -16.5, &mut there);
        assert!(there.x[0][0].is_nan(), "VIX would be below its floor");
    }

    #[test]
    fn vix_is_multiplied() {
        let (shock, mut out) = (shock(), State::default());
        let before = state(22.0);
        shock.vix_factor(&before, 1.7, &mut out);
        assert!((shock.curve.vix::<false>(out.factors(3)) - 1.7 * 22.0).abs() < 1e-11);
        assert_eq!(out.ln_s, before.ln_s);
    }

    /// The conditional mean: linear in the move, against it, and stronger in calm states.
    #[test]
    fn factors_follow_spot_against_its_move() {
        let (shock, mut out) = (shock(), State::default());
        let moved = |vix: f64, ln_move: f64, out: &mut State| {
            let before = state(vix);
            shock.spot_move(&before, ln_move, out);
            assert_eq!(out.ln_s[9], before.ln_s[9] + ln_move);
            std::array::from_fn::<_, FACTORS, _>(|f| out.x[f][9] - before.x[f][9])
        };
        let (down, up) = (moved(18.0, -0.01, &mut out), moved(18.0, 0.02, &mut out));
        let wild = moved(50.0, -0.01, &mut out);
        for f in 0..FACTORS {
            assert!(down[f] > 0.0 && wild[f] > 0.0 && wild[f] < down[f]);
            assert!((up[f] + 2.0 * down[f]).abs() < 1e-14);
        }
    }
}
