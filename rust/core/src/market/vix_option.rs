//! VIX options: displaced lognormal around the VX future of the same expiry.

use super::curve::VixCurve;
use super::parameters::VixSmile;
use super::quote::{ImpliedKernel, Surface};
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
        let floor = self.floor::<FMA>(forward, years);
        let nu = self.nu::<FMA>(vix, years);
        let moved = (forward - curve.floor) / (forward - floor);
        (forward, floor, nu * variance.sqrt() * moved)
    }

    /// Displacement of options that expire in `years`, on a future.
    #[inline(always)]
    pub(super) fn floor<const FMA: bool>(&self, forward: f64, years: f64) -> f64 {
        let raised = self.floor + self.floor_front * special::exp::<FMA>(-self.floor_decay * years);
        raised.min(self.floor_share * forward)
    }

    /// ν: deviation of options that expire in `years` over that of the curve, at a VIX.
    #[inline(always)]
    pub(super) fn nu<const FMA: bool>(&self, vix: f64, years: f64) -> f64 {
        let m = special::ln::<FMA>(vix * (1.0 / REFERENCE_VIX));
        let level = special::exp::<FMA>(self.level + m * (self.slope + m * self.curvature));
        level * (1.0 - self.front * special::exp::<FMA>(-self.front_decay * years))
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

    /// The strike of VIX options at which Black's d1 on the future takes a value, at the strike's own implied vol.
    ///
    /// That is the delta a trader reads off a screen. The hedge ratio of the displaced lognormal is another one, and
    /// far from it where the floor comes close to the future.
    pub fn vix_strike(slice: &VixSlice, d1: f64, out: &mut Col) {
        simd::dispatch(StrikeKernel { slice, d1, out });
    }

    /// The total standard deviation on the future that Black's formula needs for the price of VIX options; 0 where no
    /// volatility gives it, as at strikes up to the floor.
    pub fn vix_implied_sd(slice: &VixSlice, strike: &Col, out: &mut Col) {
        simd::dispatch(ImpliedSdKernel { slice, strike, out });
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

/// Bracket of ln(strike / forward): no delta that a layer may ask for lies outside.
const BRACKET: f64 = 16.0;
/// Halvings: 32 / 2^50 is 3e-14 of the strike.
const HALVINGS: usize = 50;

impl Kernel for StrikeKernel<'_> {
    type Output = ();
    /// Bisection without a search for the implied vol. At strike K, d1(s) = ln(F/K)/s + s/2 takes the wanted value at
    /// s = d1 ± √(d1² − 2 ln(F/K)), above it outside these two, and everywhere where they are not real; the implied
    /// vol lies outside just where the option's price lies outside Black's at the two.
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, d1, out } = self;
        // Out of the money at the strike that is looked for, so that prices are time values.
        let sign = if d1 > 0.0 { -1.0 } else { 1.0 };
        // Where −2 ln(strike / forward) is above this, no vol has so small a d1; one below 0 needs a strike above the
        // forward.
        let real = d1.max(0.0) * d1.max(0.0);
        let (mut low, mut high) = (Col::splat(-BRACKET), Col::splat(BRACKET));
        let (mut strike, mut price, mut bound) = (Col::default(), Col::default(), Col::default());
        let mut ends = [Col::default(); 2];
        for _ in 0..HALVINGS {
            for i in 0..LANES {
                let u = 0.5 * (low[i] + high[i]);
                strike[i] = slice.forward[i] * special::exp::<FMA>(u);
                let root = (d1 * d1 + 2.0 * u).max(0.0).sqrt();
                ends[0][i] = (d1 - root).max(0.0);
                ends[1][i] = (d1 + root).max(0.0);
            }
            undiscounted::<FMA>(slice, sign, &strike, &mut price);
            let mut above = [false; LANES];
            black76::undiscounted_columns::<FMA>(sign, &*slice.forward, &*strike, &*ends[1], &mut *bound);
            for i in 0..LANES {
                above[i] = price[i] > bound[i] || -(low[i] + high[i]) > real;
            }
            if d1 > 0.0 {
                black76::undiscounted_columns::<FMA>(sign, &*slice.forward, &*strike, &*ends[0], &mut *bound);
                for i in 0..LANES {
                    above[i] |= price[i] < bound[i];
                }
            }
            for i in 0..LANES {
                // The delta of a call falls in its strike.
                let u = 0.5 * (low[i] + high[i]);
                low[i] = if above[i] { u } else { low[i] };
                high[i] = if above[i] { high[i] } else { u };
            }
        }
        for i in 0..LANES {
            out[i] = slice.forward[i] * special::exp::<FMA>(0.5 * (low[i] + high[i]));
        }
    }
}

/// Undiscounted prices of VIX options.
#[inline(always)]
pub(super) fn undiscounted<const FMA: bool>(slice: &VixSlice, sign: f64, strike: &Col, out: &mut Col) {
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
        out[i] = if above <= 0.0 { intrinsic } else { out[i] };
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
        undiscounted::<FMA>(slice, sign, strike, out);
        for i in 0..LANES {
            out[i] *= slice.discount[i];
        }
    }
}

/// [`Surface::vix_implied_sd`] inside another kernel.
pub(super) struct ImpliedSdKernel<'a> {
    pub slice: &'a VixSlice,
    pub strike: &'a Col,
    pub out: &'a mut Col,
}

impl Kernel for ImpliedSdKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, strike, out } = self;
        let (mut time_value, mut sign) = (Col::default(), Col::default());
        undiscounted::<FMA>(slice, 0.0, strike, &mut time_value);
        // The option out of the money has no intrinsic value for its time value to drown in.
        for i in 0..LANES {
            sign[i] = if strike[i] < slice.forward[i] { -1.0 } else { 1.0 };
        }
        ImpliedKernel { sign: &sign, price: &time_value, forward: &slice.forward, strike, out }.run::<FMA>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::special::{inv_norm_cdf, norm_cdf};

    /// One lane a slice, from a floor of nothing to one close under the future.
    fn slices() -> VixSlice {
        let mut slice = VixSlice { discount: Col::splat(0.99), ..VixSlice::default() };
        for i in 0..LANES {
            let share = [0.0, 0.4, 0.7, 0.82][i % 4];
            slice.forward[i] = 9.5 + 0.3 * i as f64;
            slice.floor[i] = share * slice.forward[i];
            slice.total_sd[i] = (0.05 + 0.005 * (i / 4) as f64) / (1.0 - share);
        }
        slice
    }

    fn priced(slice: &VixSlice, sign: f64, strike: &Col) -> Col {
        let mut price = Col::default();
        Surface::vix_option(slice, sign, strike, &mut price);
        price
    }

    /// The strike's own implied vol, by bisection of Black's price, has the wanted delta.
    #[test]
    fn a_strike_has_the_delta_that_was_asked_for_at_its_own_vol() {
        let slice = slices();
        for (sign, delta) in
            [(1.0, 0.3), (1.0, 0.05), (1.0, 0.5), (1.0, 0.7), (-1.0, 0.3), (-1.0, 0.1), (-1.0, 0.65)]
        {
            let d1 = sign * inv_norm_cdf::<false>(delta);
            let mut strike = Col::default();
            Surface::vix_strike(&slice, d1, &mut strike);
            let otm = if d1 > 0.0 { -1.0 } else { 1.0 };
            let price = priced(&slice, otm, &strike);
            for i in 0..LANES {
                let (forward, value) = (slice.forward[i], price[i] / slice.discount[i]);
                let (mut low, mut high) = (0.0, 20.0);
                for _ in 0..200 {
                    let sd = 0.5 * (low + high);
                    let mut black = [0.0];
                    black76::undiscounted_columns::<false>(otm, &[forward], &[strike[i]], &[sd], &mut black);
                    (low, high) = if black[0] < value { (sd, high) } else { (low, sd) };
                }
                let own = (forward / strike[i]).ln() / low + 0.5 * low;
                let found = norm_cdf::<false>(sign * own);
                assert!((found - delta).abs() < 1e-9, "{found} is not {delta} in lane {i}");
            }
        }
    }

    /// Black's formula gives back the price of call and put.
    #[test]
    fn the_implied_deviation_gives_both_prices() {
        let slice = slices();
        for moneyness in [0.5, 0.9, 1.0, 1.1, 1.6] {
            let strike = Col(std::array::from_fn(|i| moneyness * slice.forward[i]));
            let mut sds = Col::default();
            Surface::vix_implied_sd(&slice, &strike, &mut sds);
            for sign in [1.0, -1.0] {
                let (price, mut black) = (priced(&slice, sign, &strike), Col::default());
                black76::undiscounted_columns::<false>(sign, &*slice.forward, &*strike, &*sds, &mut *black);
                for i in 0..LANES {
                    let (price, black) = (price[i], slice.discount[i] * black[i]);
                    assert!(
                        (price - black).abs() < 1e-13 * slice.forward[i],
                        "{price} is not {black} in lane {i}"
                    );
                }
            }
            let below = strike.iter().zip(slice.floor.iter()).zip(sds.iter());
            assert!(below.filter(|((strike, floor), _)| strike <= floor).all(|(_, sd)| *sd == 0.0));
        }
    }

    #[test]
    fn where_vix_does_not_move_every_delta_is_at_the_future() {
        let slice = VixSlice { forward: Col::splat(16.0), discount: Col::splat(1.0), ..VixSlice::default() };
        for d1 in [-0.5, 0.5] {
            let mut strike = Col::default();
            Surface::vix_strike(&slice, d1, &mut strike);
            assert!((strike[0] - 16.0).abs() < 1e-11, "{}", strike[0]);
        }
    }
}
