//! American options on an asset with a continuous dividend yield.
//!
//! S spot, K strike, T years, σ volatility, r rate, q dividend yield. A put that is held pays its European value and what
//! exercising early adds, an integral over the exercise boundary B:
//!
//! ```text
//! V = E + ∫₀ᵀ (r K e^{−rs} Φ(−d₋) − q S e^{−qs} Φ(−d₊)) ds,   d± = (ln(S/B(T−s)) + (r−q) s)/(σ√s) ± σ√s/2
//! ```
//!
//! and B solves a fixed-point equation of its own (`boundary`). I. J. Kim (1990) for the integral; L. Andersen, M. Lake and
//! D. Offengenden, "High-performance American option pricing", Journal of Computational Finance 20 (2016), for the method.
//! A call is a put with S and K, r and q exchanged (R. `McDonald` and M. Schroder, 1998).
//!
//! Where r > 0 there is one boundary; where it is never worth while to exercise early, as for calls with r ≥ 0 = q, the value is
//! the European one. With q < r < 0 there are two boundaries, which this does not solve: NaN.

mod boundary;
mod greeks;
mod implied;
mod nodes;
mod slices;
#[cfg(test)]
mod tests;

pub use greeks::Greek;
pub use slices::{ARGUMENTS, IMPLIED_ARGUMENTS, greeks_slices, implied_vol_slices, price_slice};

use super::black76::{TOO_LARGE, is_right, undiscounted};
use crate::math::special::{exp, ln, norm_cdf, norm_pdf};
use boundary::Boundary;

/// σ√T below which nothing is random: what volatility adds is lost in the last digits of the price.
const STILL: f64 = 1e-7;

/// One American option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct American {
    /// +1 call, −1 put
    pub sign: f64,
    /// Price of the asset, ≥ 0.
    pub spot: f64,
    /// Strike, ≥ 0.
    pub strike: f64,
    /// Time to expiry, years, ≥ 0.
    pub years: f64,
    /// Volatility, ≥ 0.
    pub vol: f64,
    /// Interest a year, continuously compounded.
    pub rate: f64,
    /// Dividend yield a year, continuously compounded.
    pub dividend: f64,
}

/// A put on terms of its own: the option itself, or what a call is by symmetry.
#[derive(Clone, Copy, Debug)]
struct Put {
    spot: f64,
    strike: f64,
    years: f64,
    vol: f64,
    rate: f64,
    dividend: f64,
}

/// Value of a put and its first two derivatives in the spot.
#[derive(Clone, Copy, Debug)]
struct Value {
    price: f64,
    delta: f64,
    gamma: f64,
    /// It is exercised now.
    exercised: bool,
}

/// When early exercise can be worth while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exercise {
    Never,
    BelowOneBoundary,
    BetweenTwo,
}

impl American {
    /// Price in the unit of the spot; NaN for terms outside the domain, or with two boundaries.
    #[inline(always)]
    pub fn price<const FMA: bool>(self) -> f64 {
        match self.put() {
            Some(put) => put.value::<FMA>().price,
            None => f64::NAN,
        }
    }

    /// The put that it is or stands for, if its terms are in the domain.
    fn put(self) -> Option<Put> {
        let Self { sign, spot, strike, years, vol, rate, dividend } = self;
        let amount = |x: f64| (0.0..TOO_LARGE).contains(&x);
        let valid = is_right(sign)
            && amount(spot)
            && amount(strike)
            && (0.0..f64::INFINITY).contains(&years)
            && (0.0..f64::INFINITY).contains(&vol)
            && rate.is_finite()
            && dividend.is_finite();
        let put = if sign < 0.0 {
            Put { spot, strike, years, vol, rate, dividend }
        } else {
            Put { spot: strike, strike: spot, years, vol, rate: dividend, dividend: rate }
        };
        (valid && put.exercise() != Exercise::BetweenTwo).then_some(put)
    }
}

impl Put {
    fn exercise(self) -> Exercise {
        if self.rate > 0.0 || (self.rate == 0.0 && self.dividend < 0.0) {
            Exercise::BelowOneBoundary
        } else if self.dividend < self.rate {
            Exercise::BetweenTwo
        } else {
            Exercise::Never
        }
    }

    #[inline(always)]
    fn value<const FMA: bool>(self) -> Value {
        let Self { spot, strike, years, vol, .. } = self;
        if spot == 0.0 || strike == 0.0 || vol * years.sqrt() < STILL {
            return self.still::<FMA>().0;
        }
        let held = self.european::<FMA>();
        if self.exercise() == Exercise::Never {
            return held;
        }
        let boundary = Boundary::solve::<FMA>(self);
        if spot <= boundary.now::<FMA>() {
            return Value { price: strike - spot, delta: -1.0, gamma: 0.0, exercised: true };
        }
        let premium = self.premium::<FMA>(&boundary);
        let price = held.price + premium.price;
        // What is left of the method's error never makes it less than what everybody can have.
        let least = held.price.max(strike - spot);
        Value {
            price: if price < least { least } else { price },
            delta: held.delta + premium.delta,
            gamma: held.gamma + premium.gamma,
            exercised: false,
        }
    }

    #[inline(always)]
    fn european<const FMA: bool>(self) -> Value {
        let Self { spot, strike, years, vol, rate, dividend } = self;
        let forward = spot * exp::<FMA>((rate - dividend) * years);
        let (sd, kept) = (vol * years.sqrt(), exp::<FMA>(-dividend * years));
        let d = ln::<FMA>(forward / strike) / sd + 0.5 * sd;
        Value {
            price: exp::<FMA>(-rate * years) * undiscounted::<FMA>(-1.0, forward, strike, sd),
            delta: -kept * norm_cdf::<FMA>(-d),
            gamma: kept * norm_pdf::<FMA>(d) / (spot * sd),
            exercised: false,
        }
    }

    /// What early exercise adds, above the boundary.
    #[inline(always)]
    fn premium<const FMA: bool>(self, boundary: &Boundary) -> Value {
        let Self { spot, strike, years, vol, rate, dividend } = self;
        let above = ln::<FMA>(spot / boundary.top);
        let (mut price, mut delta, mut gamma) = (0.0, 0.0, 0.0);
        // s = T position²: the integrand is smooth in √s.
        let depths = boundary.depths_at(&nodes::FINE.map(|(at, _)| 2.0 * (1.0 - at * at).sqrt() - 1.0));
        for ((position, weight), depth) in nodes::FINE.into_iter().zip(depths) {
            let lag = years * position * position;
            let sd = vol * years.sqrt() * position;
            let middle = (above + depth + (rate - dividend) * lag) / sd;
            let (low, high) = (middle - 0.5 * sd, middle + 0.5 * sd);
            let step = 2.0 * weight * years * position;
            let interest = step * rate * strike * exp::<FMA>(-rate * lag);
            let yielded = step * dividend * exp::<FMA>(-dividend * lag);
            let (low_density, high_density) = (norm_pdf::<FMA>(low), norm_pdf::<FMA>(high));
            let beyond = norm_cdf::<FMA>(-high);
            price += interest * norm_cdf::<FMA>(-low) - yielded * spot * beyond;
            delta += yielded * (high_density / sd - beyond) - interest * low_density / (spot * sd);
            gamma += interest * low_density * (1.0 + low / sd) / (spot * spot * sd)
                + yielded * high_density * (1.0 - high / sd) / (spot * sd);
        }
        Value { price, delta, gamma, exercised: false }
    }

    /// Nothing is random: exercised when that is worth most. Its value, and when.
    #[inline(always)]
    fn still<const FMA: bool>(self) -> (Value, f64) {
        let Self { spot, strike, years, rate, dividend, .. } = self;
        let worth = |at: f64| strike * exp::<FMA>(-rate * at) - spot * exp::<FMA>(-dividend * at);
        let turn = ln::<FMA>(rate * strike / (dividend * spot)) / (rate - dividend);
        let (mut best, mut when) = (worth(0.0), 0.0);
        for at in [turn, years] {
            if at > 0.0 && at <= years && worth(at) > best {
                (best, when) = (worth(at), at);
            }
        }
        if best > 0.0 {
            let delta = -exp::<FMA>(-dividend * when);
            return (Value { price: best, delta, gamma: 0.0, exercised: when < years }, when);
        }
        // A worthless call by symmetry has a NaN of no consequence in `turn` only.
        let price = if best.is_nan() { f64::NAN } else { 0.0 };
        (Value { price, delta: 0.0, gamma: 0.0, exercised: false }, when)
    }
}
