//! Options on shares of funds of VIX futures: American, off the share's own price, at the volatility of VIX options.
//!
//! A fund that is rolled every day always holds futures of about M days, so that what its price moves by a year does not
//! depend on the day: L times what a future of M days moves by. What VIX options of the same expiry pay over the curve's
//! deviation, options on shares pay, too; and a share cannot fall below what it is worth where the future stands at the floor of
//! those options:
//!
//! ```text
//! G = P exp((r − f) τ)                                   forward of the share, f the fund's fee
//! s = L ν(τ) √(v'(M) τ) (F − floor) / F                  deviation of ln P, F the future of M days
//! c = max(0, 1 − L (1 − φ(τ) / F))                       share of G below which P does not fall
//! ```
//!
//! and G − c G is lognormal with the deviation s / (1 − c). `docs/etp.md` has its limits.

use super::DAYS_PER_YEAR;
use super::curve::VixCurve;
use super::quote::{Discount, Surface};
use super::state::State;
use super::vix_option::{ImpliedSdKernel, VixSlice, VixSmileRule, undiscounted};
use crate::math::lanes::{Col, LANES};
use crate::math::simd::{self, Kernel};
use crate::math::special;
use crate::pricing::american::American;

/// A share as its options see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Underlying<'a> {
    /// What it is worth, dollars.
    pub price: &'a Col,
    /// Mean calendar days to the settlement of the futures that its fund holds.
    pub held: &'a Col,
    /// Multiple of the index's daily change, above 0.
    pub leverage: f64,
    /// Share of its value that the fund costs a year.
    pub fee: f64,
}

impl Surface {
    /// The options on a share that expire in `days` calendar days, as European ones.
    pub(super) fn share_slice(&self, state: &State, share: Underlying<'_>, days: &Col, out: &mut VixSlice) {
        let (curve, rule) = match self {
            Self::Flat { .. } => (None, None),
            Self::Essvi(surface) => (Some(&surface.curve), Some(&surface.vix_smile)),
        };
        simd::dispatch(SliceKernel { smile: curve.zip(rule), state, share, days, out });
        simd::dispatch(Discount { rate: &state.r, days, out: &mut out.discount });
    }

    /// Price of American options on a share that is worth `share`; `sign` is +1 for calls, −1 for puts.
    ///
    /// A call is held until its end: exercising saves the fund's fee, at most f τ of the share, and costs the interest on the
    /// strike, mostly more. So it is worth the more of holding and having it. A put is exercised as soon as its interest is worth more than what it may still gain: by the American formula, at the
    /// volatility that its European price implies.
    pub fn share_option(slice: &VixSlice, share: &Col, sign: f64, strike: &Col, out: &mut Col) {
        simd::dispatch(OptionKernel { slice, share, sign, strike, out });
    }
}

struct SliceKernel<'a> {
    /// `None`: VIX does not move.
    smile: Option<(&'a VixCurve, &'a VixSmileRule)>,
    state: &'a State,
    share: Underlying<'a>,
    days: &'a Col,
    out: &'a mut VixSlice,
}

impl Kernel for SliceKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { smile, state, share, days, out } = self;
        for i in 0..LANES {
            let years = days[i] * (1.0 / DAYS_PER_YEAR);
            // What has reached 0 stays there; its options keep a forward that formulas can take.
            let price = share.price[i].max(f64::MIN_POSITIVE);
            let forward = price * special::exp::<FMA>((state.r[i] - share.fee) * years);
            let (mut kept, mut total_sd) = (0.0, 0.0);
            if let Some((curve, rule)) = smile {
                let (x, month) = (state.factors(i), share.held[i] * (1.0 / DAYS_PER_YEAR));
                let (future, _) = curve.future::<FMA>(x, month);
                let floor = rule.floor::<FMA>(future, years);
                kept = (1.0 - share.leverage * (1.0 - floor / future)).max(0.0);
                let variance = curve.variance_rate::<FMA>(month) * years;
                let nu = rule.nu::<FMA>(curve.vix::<FMA>(x), years);
                let moved = (future - curve.floor) / future;
                total_sd = share.leverage * nu * variance.sqrt() * moved / (1.0 - kept);
            }
            (out.forward[i], out.floor[i], out.total_sd[i]) = (forward, forward * kept, total_sd);
        }
    }
}

struct OptionKernel<'a> {
    slice: &'a VixSlice,
    share: &'a Col,
    sign: f64,
    strike: &'a Col,
    out: &'a mut Col,
}

impl Kernel for OptionKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, share, sign, strike, out } = self;
        undiscounted::<FMA>(slice, sign, strike, out);
        if sign > 0.0 {
            for i in 0..LANES {
                out[i] = (slice.discount[i] * out[i]).max(share[i] - strike[i]);
            }
            return;
        }
        let mut implied = Col::default();
        ImpliedSdKernel { slice, strike, out: &mut implied }.run::<FMA>();
        for i in 0..LANES {
            let spot = share[i].max(f64::MIN_POSITIVE);
            // In units of the time that is left, so that a slice needs to know no more than its discount and forward.
            let rate = -special::ln::<FMA>(slice.discount[i]);
            let dividend = rate - special::ln::<FMA>(slice.forward[i] / spot);
            let put = American { sign, spot, strike: strike[i], years: 1.0, vol: implied[i], rate, dividend };
            out[i] = put.price::<FMA>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::parameters::{Curve, Smile, VixSmile};
    use crate::market::quote::Essvi;

    const MONTH: f64 = 30.0;

    fn surface() -> Surface {
        Surface::Essvi(Essvi::new(&Curve::default(), &Smile::default(), &VixSmile::default(), 0.0))
    }

    /// From calm to wild, lane by lane.
    fn state(rate: f64) -> State {
        let mut state = State { r: Col::splat(rate), ..State::default() };
        for i in 0..LANES {
            state.x[0][i] = -0.4 + 2.0 * i as f64 / LANES as f64;
        }
        state
    }

    fn slice(state: &State, leverage: f64, days: f64) -> VixSlice {
        let (price, held) = (Col::splat(20.0), Col::splat(31.0));
        let share = Underlying { price: &price, held: &held, leverage, fee: 0.0089 };
        let mut out = VixSlice::default();
        surface().share_slice(state, share, &Col::splat(days), &mut out);
        out
    }

    fn priced(slice: &VixSlice, sign: f64, strike: f64) -> Col {
        let mut out = Col::default();
        Surface::share_option(slice, &Col::splat(20.0), sign, &Col::splat(strike), &mut out);
        out
    }

    fn european(slice: &VixSlice, sign: f64, strike: f64) -> Col {
        let mut out = Col::default();
        Surface::vix_option(slice, sign, &Col::splat(strike), &mut out);
        out
    }

    /// The variance of a future is the sum of what its rates say on the way to its settlement.
    #[test]
    fn the_rate_is_the_slope_of_the_variance() {
        let curve = VixCurve::new(&Curve::default());
        for years in [0.02, 0.08, 0.4, 2.0] {
            let v = |years: f64| curve.future::<false>([0.0; 3], years).1;
            let slope = (v(years + 1e-5) - v(years - 1e-5)) / 2e-5;
            assert!((curve.variance_rate::<false>(years) / slope - 1.0).abs() < 1e-7);
        }
    }

    /// A fund of once and a half its index moves once and a half as much: at the money its options cost that much more.
    #[test]
    fn leverage_multiplies_the_volatility_at_the_money() {
        let state = state(0.0089);
        let [once, more] = [1.0, 1.5].map(|leverage| {
            let slice = slice(&state, leverage, 3.0);
            european(&slice, 1.0, slice.forward[0])
        });
        for i in 0..LANES {
            assert!((more[i] / once[i] - 1.5).abs() < 0.01, "{} in lane {i}", more[i] / once[i]);
        }
    }

    /// An option on a month moves less than one on VIX, whose futures are nearer the longer they are held.
    #[test]
    fn a_share_moves_less_than_the_future_of_the_same_expiry() {
        let (state, mut vix) = (state(0.03), VixSlice::default());
        surface().vix_slice(&state, &Col::splat(MONTH), &mut vix);
        let share = slice(&state, 1.0, MONTH);
        for i in 0..LANES {
            let relative =
                |slice: &VixSlice| slice.total_sd[i] * (slice.forward[i] - slice.floor[i]) / slice.forward[i];
            let ratio = relative(&share) / relative(&vix);
            assert!((0.6..0.85).contains(&ratio), "{ratio} in lane {i}");
        }
    }

    /// What early exercise adds to a call is at most the fee of the fund, and next to nothing where money earns more.
    #[test]
    fn a_call_is_worth_as_much_without_early_exercise() {
        for rate in [0.0, 0.02, 0.08] {
            let state = state(rate);
            let slice = slice(&state, 1.5, MONTH);
            for strike in [10.0, 19.0, 25.0, 40.0] {
                let (found, mut implied) = (priced(&slice, 1.0, strike), Col::default());
                Surface::vix_implied_sd(&slice, &Col::splat(strike), &mut implied);
                for i in 0..LANES {
                    let years = MONTH / DAYS_PER_YEAR;
                    let vol = implied[i] / years.sqrt();
                    let terms =
                        American { sign: 1.0, spot: 20.0, strike, years, vol, rate, dividend: 0.0089 };
                    let more = terms.price::<false>() - found[i];
                    let fee = 20.0 * (1.0 - (-0.0089 * years).exp());
                    assert!((-1e-9..=fee).contains(&more), "{more} at {rate}, {strike}, lane {i}");
                    assert!(rate < 0.08 || more < 1e-3 * fee, "{more} at {rate}, {strike}, lane {i}");
                }
            }
        }
    }

    /// A put is worth what exercising gives, and more than a European one where money earns something.
    #[test]
    fn a_put_has_its_early_exercise() {
        let state = state(0.08);
        let slice = slice(&state, 1.0, MONTH);
        for strike in [15.0, 20.0, 30.0, 60.0] {
            let (found, held) = (priced(&slice, -1.0, strike), european(&slice, -1.0, strike));
            for i in 0..LANES {
                assert!(found[i] >= (strike - 20.0).max(held[i] - 1e-12), "{} in lane {i}", found[i]);
                let most = strike * (1.0 - slice.discount[i]);
                assert!(found[i] - held[i] <= most, "{} in lane {i}", found[i]);
            }
        }
        let (deep, held) = (priced(&slice, -1.0, 60.0)[0], european(&slice, -1.0, 60.0)[0]);
        assert_eq!(deep, 40.0);
        assert!(held < 40.0);
    }

    #[test]
    fn at_its_end_an_option_is_worth_its_payoff() {
        let state = state(0.05);
        let slice = slice(&state, 1.5, 0.0);
        for (sign, strike, payoff) in
            [(1.0, 15.0, 5.0), (1.0, 25.0, 0.0), (-1.0, 25.0, 5.0), (-1.0, 15.0, 0.0)]
        {
            let found = priced(&slice, sign, strike);
            assert!(
                found.iter().all(|price| (price - payoff).abs() < 1e-12),
                "{sign} {strike}: {}",
                found[0]
            );
        }
    }

    #[test]
    fn where_vix_stands_still_an_option_has_no_time_value_but_interest() {
        let surface = Surface::Flat { vol: 0.2, shift: 0.0 };
        let (price, held) = (Col::splat(20.0), Col::splat(31.0));
        let share = Underlying { price: &price, held: &held, leverage: 1.0, fee: 0.0 };
        let mut out = VixSlice::default();
        surface.share_slice(&state(0.05), share, &Col::splat(MONTH), &mut out);
        let call = priced(&out, 1.0, 15.0);
        assert!((call[0] - (20.0 - 15.0 * out.discount[0])).abs() < 1e-12, "{}", call[0]);
    }
}
