//! Geometric Brownian motion: constant volatility, the oracle with closed forms.

use super::bars::day::Day;
use super::draws::{MAX_SHOCKS, Shocks};
use super::generator::{Generator, Lanes};
use super::opening;
use super::parameters::OVERNIGHT_SHARE;
use super::quote::Surface;
use super::shock::Shock;
use super::spec::GbmSpec;
use super::state::{FACTORS, Point, State};
use super::warm_up;
use super::{PERCENT, SESSIONS_PER_YEAR};
use crate::Result;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::Purpose;
use crate::math::simd::{self, Kernel};
use crate::math::special;

/// The model, ready to run: `ln S ← ln S + (r − q + ERP) Δ − σ²Δ/2 + σ√Δ n`, exact at any step.
#[derive(Clone, Debug)]
pub(super) struct Gbm {
    start: Point,
    vol: f64,
    surface_shift: f64,
    erp: f64,
}

impl Gbm {
    pub(super) fn new(spec: &GbmSpec) -> Result<Self> {
        spec.check()?;
        let start = Point {
            ln_s: special::ln::<false>(spec.spot),
            x: [0.0; FACTORS],
            r: spec.rate,
            q: spec.dividend_yield,
        };
        Ok(Self { start, vol: spec.vol, surface_shift: spec.surface_shift / PERCENT, erp: spec.erp })
    }

    /// Variance of ln S over a session.
    #[inline(always)]
    fn variance(&self) -> f64 {
        self.vol * self.vol * (1.0 / SESSIONS_PER_YEAR)
    }

    fn advance(&self, lanes: &Lanes, step: u32, purpose: Purpose, state: &mut State) {
        simd::dispatch(Session { model: self, lanes, purpose, step, state });
    }
}

impl Generator for Gbm {
    fn start(&self, _: &Lanes, state: &mut State) {
        state.fill(&self.start);
    }

    fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        self.advance(lanes, step, Purpose::Dynamics, state);
    }

    fn opening(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut State) {
        opening::interpolate(OVERNIGHT_SHARE, before, after, out);
        let variance = OVERNIGHT_SHARE * (1.0 - OVERNIGHT_SHARE) * self.variance();
        simd::dispatch(Noise { lanes, step, sd: variance.sqrt(), out });
    }

    fn overnight_share(&self) -> f64 {
        OVERNIGHT_SHARE
    }

    fn day(&self, _: &Lanes, _: u32, _: &State, _: &State, out: &mut Day) {
        out.root[0][0] = Col::splat(self.variance().sqrt());
    }

    fn shocks(&self) -> Option<Shocks> {
        let mut principal = [0.0; MAX_SHOCKS];
        principal[0] = -1.0;
        Some(Shocks { count: 1, principal })
    }

    fn shock(&self) -> Option<Shock> {
        None
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut start = State::default();
        self.start(lanes, &mut start);
        let advance = |step, state: &mut State| self.advance(lanes, step, Purpose::WarmUp, state);
        warm_up::bridged(&start, window, advance, visit);
    }

    fn surface(&self) -> Surface {
        Surface::Flat { vol: self.vol, shift: self.surface_shift }
    }
}

struct Session<'a> {
    model: &'a Gbm,
    lanes: &'a Lanes,
    purpose: Purpose,
    step: u32,
    state: &'a mut State,
}

impl Kernel for Session<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, purpose, step, state } = self;
        let mut n = Col::default();
        lanes.normal::<FMA>(purpose, step, 0, &mut n);
        let variance = model.variance();
        let sd = variance.sqrt();
        for i in 0..LANES {
            let drift = (state.r[i] - state.q[i] + model.erp) * (1.0 / SESSIONS_PER_YEAR);
            state.ln_s[i] += drift - 0.5 * variance + sd * n[i];
        }
    }
}

/// Adds the noise of the Brownian bridge to ln S.
struct Noise<'a> {
    lanes: &'a Lanes,
    step: u32,
    sd: f64,
    out: &'a mut State,
}

impl Kernel for Noise<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { lanes, step, sd, out } = self;
        let mut n = Col::default();
        lanes.normal::<FMA>(Purpose::Opening, step, 0, &mut n);
        for i in 0..LANES {
            out.ln_s[i] += sd * n[i];
        }
    }
}
