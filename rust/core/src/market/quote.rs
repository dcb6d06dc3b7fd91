//! The only place where a state becomes a price.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::curve::VixCurve;
use super::parameters::{Curve, Smile, VixSmile};
use super::slice::{FlatKernel, ShiftKernel, SliceKernel};
use super::smile::{self, SmileRule};
use super::state::State;
use super::vix_option::VixSmileRule;
use super::{DAYS_PER_YEAR, PERCENT};
use crate::math::lanes::{Col, LANES};
use crate::math::simd::{self, Kernel};
use crate::math::special;
use crate::pricing::{black76, implied_vol};

/// How a model's states are priced.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "a handful exist, and Copy spares every caller a lifetime")]
pub enum Surface {
    /// One volatility for every strike, tenor and state.
    Flat {
        /// Volatility of SPX, a year (decimal).
        vol: f64,
        /// What options cost more than that: see [`Essvi`].
        shift: f64,
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
    /// By how much SPX options lie above what the state says: vol, a year (decimal). VIX does not see it.
    shift: f64,
}

impl Essvi {
    /// `shift` is in vol points.
    pub(super) fn new(curve: &Curve, smile: &Smile, vix_smile: &VixSmile, shift: f64) -> Self {
        Self {
            curve: VixCurve::new(curve),
            smile: SmileRule::new(smile),
            vix_smile: VixSmileRule::new(vix_smile),
            shift: shift / PERCENT,
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
            Self::Flat { vol, .. } => *out = Col::splat(PERCENT * vol),
            Self::Essvi(surface) => simd::dispatch(VixKernel { curve: &surface.curve, state, out }),
        }
    }

    /// VX future that settles in `days` calendar days, in points.
    pub fn vx(&self, state: &State, days: f64, out: &mut Col) {
        match self {
            Self::Flat { vol, .. } => *out = Col::splat(PERCENT * vol),
            Self::Essvi(surface) => simd::dispatch(VxOfTenor { curve: &surface.curve, state, days, out }),
        }
    }

    /// VX future that settles in `days[i]` calendar days, in points.
    pub fn vx_dated(&self, state: &State, days: &Col, out: &mut Col) {
        match self {
            Self::Flat { vol, .. } => *out = Col::splat(PERCENT * vol),
            Self::Essvi(surface) => simd::dispatch(VxKernel { curve: &surface.curve, state, days, out }),
        }
    }

    /// Volatility of the SPX variance swap over `sessions` > 0 trading sessions, in points; over a month of 21 it is VIX.
    pub fn variance_swap(&self, state: &State, sessions: f64, out: &mut Col) {
        match self {
            Self::Flat { vol, .. } => *out = Col::splat(PERCENT * vol),
            Self::Essvi(surface) => {
                simd::dispatch(SwapKernel { curve: &surface.curve, state, sessions, out });
            }
        }
    }

    /// The SPX options that expire in `sessions` trading sessions, `days` calendar days: variance runs in
    /// sessions (0 leaves none), carry and discount in days. Fractions are allowed in both.
    pub fn slice(&self, state: &State, sessions: &Col, days: &Col, out: &mut Slice) {
        simd::dispatch(Forward { state, days, out: &mut out.forward });
        simd::dispatch(Discount { rate: &state.r, days, out: &mut out.discount });
        let shift = match self {
            Self::Flat { vol, shift } => {
                simd::dispatch(FlatKernel { vol: *vol, sessions, out });
                *shift
            }
            Self::Essvi(Essvi { curve, smile, shift, .. }) => {
                simd::dispatch(SliceKernel { curve, smile, state, sessions, out });
                *shift
            }
        };
        if shift != 0.0 {
            simd::dispatch(ShiftKernel { shift, sessions, theta: &mut out.theta });
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

    /// Total standard deviation s to expiry at a strike, and the discounted D F φ(d₁) of which gamma and time decay of
    /// Black's formula are made: D F φ / (F² s) by the forward, and D F φ s / 2T.
    pub fn density(slice: &Slice, strike: &Col, sd: &mut Col, density: &mut Col) {
        simd::dispatch(DensityKernel { slice, strike, sd, density });
    }

    /// Discounted price of SPX options in index points; `sign` is +1 for calls, −1 for puts.
    pub fn option(slice: &Slice, sign: f64, strike: &Col, out: &mut Col) {
        simd::dispatch(OptionKernel { slice, sign, strike, out });
    }
}

/// Total standard deviation that an undiscounted price implies; 0 where it implies none.
pub fn implied_sd(sign: &Col, price: &Col, forward: &Col, strike: &Col, out: &mut Col) {
    simd::dispatch(ImpliedKernel { sign, price, forward, strike, out });
}

/// [`implied_sd`] inside another kernel.
pub(super) struct ImpliedKernel<'a> {
    pub sign: &'a Col,
    pub price: &'a Col,
    pub forward: &'a Col,
    pub strike: &'a Col,
    pub out: &'a mut Col,
}

impl Kernel for ImpliedKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { sign, price, forward, strike, out } = self;
        implied_vol::total_sd_columns::<FMA>(&**sign, &**price, &**forward, &**strike, &mut **out);
        for i in 0..LANES {
            out[i] = if out[i].is_nan() { 0.0 } else { out[i] };
        }
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

struct SwapKernel<'a> {
    curve: &'a VixCurve,
    state: &'a State,
    sessions: f64,
    out: &'a mut Col,
}

impl Kernel for SwapKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for i in 0..LANES {
            self.out[i] = self.curve.variance_swap::<FMA>(self.state.factors(i), self.sessions);
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

/// As [`VxKernel`] where every lane has the same tenor.
struct VxOfTenor<'a> {
    curve: &'a VixCurve,
    state: &'a State,
    days: f64,
    out: &'a mut Col,
}

impl Kernel for VxOfTenor<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let line = self.curve.future_line::<FMA>(self.days * (1.0 / DAYS_PER_YEAR));
        for i in 0..LANES {
            self.out[i] = line.at::<FMA>(self.state.factors(i));
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

struct DensityKernel<'a> {
    slice: &'a Slice,
    strike: &'a Col,
    sd: &'a mut Col,
    density: &'a mut Col,
}

impl Kernel for DensityKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, strike, sd, density } = self;
        for i in 0..LANES {
            let moneyness = special::ln::<FMA>(slice.forward[i] / strike[i]);
            let s = slice.total_sd::<FMA>(i, strike[i]);
            let d1 = moneyness / s + 0.5 * s;
            let normal = special::exp::<FMA>(-0.5 * d1 * d1) * (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2);
            (sd[i], density[i]) = (s, slice.discount[i] * slice.forward[i] * normal);
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
