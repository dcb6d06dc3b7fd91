//! VIX options: displaced lognormal around the VX future of the same expiry.

use super::curve::VixCurve;
use super::parameters::VixSmile;
use super::quote::Surface;
use super::state::{FACTORS, State};
use super::{DAYS_PER_YEAR, PERCENT};
use crate::math::lanes::{Col, LANES};
use crate::math::simd::{self, Kernel};
use crate::math::special;
use crate::pricing::black76;

/// VIX at which the level of the VIX smile is quoted.
const REFERENCE_VIX: f64 = 18.0;

/// One VIX expiry per lane.
#[derive(Clone, Debug, Default)]
pub struct VixSlice {
    /// VX future of the expiry, in points.
    pub forward: Col,
    /// Discount factor.
    pub discount: Col,
    /// Displacement: no option is worth more than intrinsic value at strikes up to here.
    pub floor: Col,
    /// Total standard deviation of ln(VIX at expiry − floor).
    pub total_sd: Col,
}

/// A [`VixSmile`] as the kernels read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct VixSmileRule {
    floor: f64,
    floor_front: f64,
    floor_decay: f64,
    floor_share: f64,
    level: f64,
    slope: f64,
    curvature: f64,
    front: f64,
    front_decay: f64,
}

impl VixSmileRule {
    pub(super) fn new(smile: &VixSmile) -> Self {
        Self {
            floor: smile.floor,
            floor_front: smile.floor_front,
            floor_decay: smile.floor_decay,
            floor_share: smile.floor_share,
            level: smile.level,
            slope: smile.slope,
            curvature: smile.curvature,
            front: smile.front,
            front_decay: smile.front_decay,
        }
    }

    /// Forward, floor and total standard deviation of an expiry in `years`.
    #[inline(always)]
    fn slice<const FMA: bool>(&self, curve: &VixCurve, x: [f64; FACTORS], years: f64) -> (f64, f64, f64) {
        let vix = curve.vix::<FMA>(x);
        let (forward, variance) = curve.future::<FMA>(x, years);
        let raised = self.floor + self.floor_front * special::exp::<FMA>(-self.floor_decay * years);
        let floor = raised.min(self.floor_share * forward);
        let m = special::ln::<FMA>(vix * (1.0 / REFERENCE_VIX));
        let level = special::exp::<FMA>(self.level + m * (self.slope + m * self.curvature));
        let nu = level * (1.0 - self.front * special::exp::<FMA>(-self.front_decay * years));
        let moved = (forward - curve.floor) / (forward - floor);
        (forward, floor, nu * variance.sqrt() * moved)
    }
}

impl Surface {
    /// The VIX options that expire in `days` calendar days, per lane.
    pub fn vix_slice(&self, state: &State, days: &Col, out: &mut VixSlice) {
        match *self {
            Self::Flat { vol, .. } => {
                out.forward = Col::splat(PERCENT * vol);
                out.floor = Col::default();
                out.total_sd = Col::default();
            }
            Self::Essvi(surface) => {
                simd::dispatch(SliceKernel {
                    curve: &surface.curve,
                    rule: &surface.vix_smile,
                    state,
                    days,
                    out,
                });
            }
        }
        simd::dispatch(super::quote::Discount { rate: &state.r, days, out: &mut out.discount });
    }

    /// The strike of VIX options at which d1 takes a value: floor + (forward − floor) exp(sd²/2 − d1 sd).
    pub fn vix_strike(slice: &VixSlice, d1: f64, out: &mut Col) {
        simd::dispatch(StrikeKernel { slice, d1, out });
    }

    /// Discounted price of VIX options in index points; `sign` is +1 for calls, −1 for puts.
    pub fn vix_option(slice: &VixSlice, sign: f64, strike: &Col, out: &mut Col) {
        simd::dispatch(OptionKernel { slice, sign, strike, out });
    }
}

struct SliceKernel<'a> {
    curve: &'a VixCurve,
    rule: &'a VixSmileRule,
    state: &'a State,
    days: &'a Col,
    out: &'a mut VixSlice,
}

impl Kernel for SliceKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { curve, rule, state, days, out } = self;
        for i in 0..LANES {
            let years = days[i] * (1.0 / DAYS_PER_YEAR);
            (out.forward[i], out.floor[i], out.total_sd[i]) =
                rule.slice::<FMA>(curve, state.factors(i), years);
        }
    }
}

struct StrikeKernel<'a> {
    slice: &'a VixSlice,
    d1: f64,
    out: &'a mut Col,
}

impl Kernel for StrikeKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, d1, out } = self;
        for i in 0..LANES {
            let sd = slice.total_sd[i];
            let ratio = special::exp::<FMA>(sd * (0.5 * sd - d1));
            out[i] = slice.floor[i] + (slice.forward[i] - slice.floor[i]) * ratio;
        }
    }
}

struct OptionKernel<'a> {
    slice: &'a VixSlice,
    sign: f64,
    strike: &'a Col,
    out: &'a mut Col,
}

impl Kernel for OptionKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, sign, strike, out } = self;
        let (mut forward, mut usable) = (Col::default(), Col::default());
        for i in 0..LANES {
            forward[i] = slice.forward[i] - slice.floor[i];
            let above = strike[i] - slice.floor[i];
            usable[i] = if above <= 0.0 { forward[i] } else { above };
        }
        black76::undiscounted_columns::<FMA>(sign, &*forward, &*usable, &*slice.total_sd, &mut **out);
        for i in 0..LANES {
            let above = strike[i] - slice.floor[i];
            // VIX cannot end below the floor: such a strike is worth what the future says. NaN goes on.
            let intrinsic = (sign * (forward[i] - above)).max(0.0);
            out[i] = slice.discount[i] * if above <= 0.0 { intrinsic } else { out[i] };
        }
    }
}
