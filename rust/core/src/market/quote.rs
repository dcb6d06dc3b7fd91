//! The only place where a state becomes a price.

use super::curve::{VixCurve, session_years};
use super::parameters::{Curve, Smile, VixSmile};
use super::smile::{self, Aim, NEWTON_STEPS, SmileRule, TYPICAL_R};
use super::state::State;
use super::vix_option::VixSmileRule;
use super::{DAYS_PER_YEAR, PERCENT};
use crate::math::lanes::{Col, LANES};
use crate::math::simd::{self, Kernel};
use crate::math::special;
use crate::pricing::black76;

/// Stands in for an expiry that is now, where logarithms of the tenor need a positive one.
const SHORTEST_SESSIONS: f64 = 1e-6;

/// How a model's states are priced.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "a handful exist, and Copy spares every caller a lifetime")]
pub enum Surface {
    /// One volatility for every strike, tenor and state.
    Flat {
        /// Volatility, a year (decimal).
        vol: f64,
    },
    /// Skewed slices from the factors of the state.
    Essvi(Essvi),
}

/// The surface of the factor model.
#[derive(Clone, Copy, Debug)]
pub struct Essvi {
    pub(super) curve: VixCurve,
    pub(super) smile: SmileRule,
    pub(super) vix_smile: VixSmileRule,
}

impl Essvi {
    pub(super) fn new(curve: &Curve, smile: &Smile, vix_smile: &VixSmile) -> Self {
        Self {
            curve: VixCurve::new(curve),
            smile: SmileRule::new(smile),
            vix_smile: VixSmileRule::new(vix_smile),
        }
    }
}

/// One SPX expiry per lane.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Forward price of SPX.
    pub forward: Col,
    /// Discount factor.
    pub discount: Col,
    /// At-the-money total variance θ.
    pub theta: Col,
    /// Skew ρ.
    pub rho: Col,
    /// Scaled curvature ζ = φ√θ.
    pub zeta: Col,
}

impl Surface {
    /// VIX in points.
    pub fn vix(&self, state: &State, out: &mut Col) {
        match self {
            Self::Flat { vol } => *out = Col::splat(PERCENT * vol),
            Self::Essvi(surface) => simd::dispatch(VixKernel { curve: &surface.curve, state, out }),
        }
    }

    /// VX future that settles in `days` calendar days, in points.
    pub fn vx(&self, state: &State, days: f64, out: &mut Col) {
        self.vx_dated(state, &Col::splat(days), out);
    }

    /// VX future that settles in `days[i]` calendar days, in points.
    pub fn vx_dated(&self, state: &State, days: &Col, out: &mut Col) {
        match self {
            Self::Flat { vol } => *out = Col::splat(PERCENT * vol),
            Self::Essvi(surface) => simd::dispatch(VxKernel { curve: &surface.curve, state, days, out }),
        }
    }

    /// The SPX options that expire in `sessions` trading sessions, `days` calendar days: variance runs in
    /// sessions (0 leaves none), carry and discount in days. Fractions are allowed in both.
    pub fn slice(&self, state: &State, sessions: &Col, days: &Col, out: &mut Slice) {
        simd::dispatch(Forward { state, days, out: &mut out.forward });
        simd::dispatch(Discount { rate: &state.r, days, out: &mut out.discount });
        match self {
            Self::Flat { vol } => {
                for i in 0..LANES {
                    out.theta[i] = vol * vol * session_years(sessions[i].max(0.0));
                }
                out.rho = Col::default();
                out.zeta = Col::default();
            }
            Self::Essvi(surface) => simd::dispatch(SliceKernel { surface, state, sessions, out }),
        }
    }

    /// Total standard deviation to expiry at a strike, the square root of total variance: 0 where θ is 0.
    pub fn total_sd(slice: &Slice, strike: &Col, out: &mut Col) {
        simd::dispatch(SdKernel { slice, strike, out });
    }

    /// Undiscounted forward delta of SPX options at the strike's own vol: in [0, 1] for calls, [−1, 0] for puts.
    pub fn delta(slice: &Slice, sign: f64, strike: &Col, out: &mut Col) {
        simd::dispatch(DeltaKernel { slice, sign, strike, out });
    }

    /// Discounted price of SPX options in index points; `sign` is +1 for calls, −1 for puts.
    pub fn option(slice: &Slice, sign: f64, strike: &Col, out: &mut Col) {
        simd::dispatch(OptionKernel { slice, sign, strike, out });
    }
}

impl Slice {
    #[inline(always)]
    fn total_sd<const FMA: bool>(&self, lane: usize, strike: f64) -> f64 {
        let essvi = smile::Essvi { theta: self.theta[lane], rho: self.rho[lane], zeta: self.zeta[lane] };
        smile::total_sd::<FMA>(essvi, special::ln::<FMA>(strike / self.forward[lane]))
    }
}

struct VixKernel<'a> {
    curve: &'a VixCurve,
    state: &'a State,
    out: &'a mut Col,
}

impl Kernel for VixKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            self.out[i] = self.curve.vix::<FMA>(self.state.factors(i));
        }
    }
}

struct VxKernel<'a> {
    curve: &'a VixCurve,
    state: &'a State,
    days: &'a Col,
    out: &'a mut Col,
}

impl Kernel for VxKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            let years = self.days[i] * (1.0 / DAYS_PER_YEAR);
            (self.out[i], _) = self.curve.future::<FMA>(self.state.factors(i), years);
        }
    }
}

/// `S exp((r − q) days / 365)`
struct Forward<'a> {
    state: &'a State,
    days: &'a Col,
    out: &'a mut Col,
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { state, days, out } = self;
        for i in 0..LANES {
            let carry = (state.r[i] - state.q[i]) * (days[i] * (1.0 / DAYS_PER_YEAR));
            out[i] = special::exp::<FMA>(state.ln_s[i] + carry);
        }
    }
}

/// `exp(−r days / 365)`
pub(super) struct Discount<'a> {
    pub rate: &'a Col,
    pub days: &'a Col,
    pub out: &'a mut Col,
}

impl Kernel for Discount<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            self.out[i] = special::exp::<FMA>(-self.rate[i] * (self.days[i] * (1.0 / DAYS_PER_YEAR)));
        }
    }
}

struct SliceKernel<'a> {
    surface: &'a Essvi,
    state: &'a State,
    sessions: &'a Col,
    out: &'a mut Slice,
}

impl Kernel for SliceKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { surface: Essvi { curve, smile, .. }, state, sessions, out } = self;
        let (mut target, mut curvature, mut theta) = (Col::default(), Col::default(), Col::default());
        for i in 0..LANES {
            let n = if sessions[i] > 0.0 { sessions[i] } else { SHORTEST_SESSIONS };
            let x = state.factors(i);
            let share = smile.tenor_share::<FMA>(n) * smile.level_share::<FMA>(curve.vix::<FMA>(x));
            let swap = curve.variance_swap::<FMA>(x, n) * share;
            let aim = smile.aim::<FMA>(swap * (1.0 / PERCENT), n, session_years(n));
            (target[i], curvature[i]) = (aim.target, aim.curvature);
            theta[i] = aim.target * (1.0 / TYPICAL_R);
        }
        // A pass per step keeps the loop bodies small enough to be inlined and vectorised.
        for _ in 0..NEWTON_STEPS {
            for i in 0..LANES {
                let aim = Aim { target: target[i], curvature: curvature[i] };
                theta[i] = smile.improve::<FMA>(aim, theta[i]);
            }
        }
        for i in 0..LANES {
            let aim = Aim { target: target[i], curvature: curvature[i] };
            let slice = smile.slice::<FMA>(aim, theta[i]);
            out.theta[i] = if sessions[i] > 0.0 { slice.theta } else { 0.0 };
            out.rho[i] = slice.rho;
            out.zeta[i] = slice.zeta;
        }
    }
}

struct SdKernel<'a> {
    slice: &'a Slice,
    strike: &'a Col,
    out: &'a mut Col,
}

impl Kernel for SdKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            self.out[i] = self.slice.total_sd::<FMA>(i, self.strike[i]);
        }
    }
}

struct DeltaKernel<'a> {
    slice: &'a Slice,
    sign: f64,
    strike: &'a Col,
    out: &'a mut Col,
}

impl Kernel for DeltaKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, sign, strike, out } = self;
        for i in 0..LANES {
            let sd = slice.total_sd::<FMA>(i, strike[i]);
            out[i] = black76::delta_forward::<FMA>(sign, slice.forward[i], strike[i], sd);
        }
    }
}

struct OptionKernel<'a> {
    slice: &'a Slice,
    sign: f64,
    strike: &'a Col,
    out: &'a mut Col,
}

impl Kernel for OptionKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, sign, strike, out } = self;
        let mut total_sd = Col::default();
        for i in 0..LANES {
            total_sd[i] = slice.total_sd::<FMA>(i, strike[i]);
        }
        black76::undiscounted_columns::<FMA>(sign, &*slice.forward, &**strike, &*total_sd, &mut **out);
        for i in 0..LANES {
            out[i] *= slice.discount[i];
        }
    }
}
