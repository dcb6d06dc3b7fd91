//! Greeks of American options: with respect to the spot.

use super::{American, Put, STILL};

/// Half the step of the differences that give vega, as a share of the volatility.
const VOL_STEP: f64 = 1e-3;
/// Half the step of the differences that give rho.
const RATE_STEP: f64 = 1e-4;

/// What `American::greeks` gives, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greek {
    /// V
    Price = 0,
    /// ∂V/∂S
    Delta = 1,
    /// ∂²V/∂S²
    Gamma = 2,
    /// ∂V/∂σ
    Vega = 3,
    /// −∂V/∂T
    Theta = 4,
    /// ∂V/∂r
    Rho = 5,
}

impl Greek {
    /// All, in the order of the values.
    pub const ALL: [Self; 6] = [Self::Price, Self::Delta, Self::Gamma, Self::Vega, Self::Theta, Self::Rho];

    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Delta => "delta",
            Self::Gamma => "gamma",
            Self::Vega => "vega",
            Self::Theta => "theta",
            Self::Rho => "rho",
        }
    }
}

impl American {
    /// Price and greeks; NaN outside the domain.
    ///
    /// Delta and gamma are the derivatives of the integral; theta follows from them by Black and Scholes's equation where the
    /// option is held, and is 0 where it is exercised; vega and rho are central differences.
    #[inline(always)]
    pub(super) fn greeks<const FMA: bool>(self) -> [f64; Greek::ALL.len()] {
        let Some(put) = self.put() else { return [f64::NAN; Greek::ALL.len()] };
        let Self { sign, spot, strike, years, vol, rate, dividend } = self;
        let still = spot == 0.0 || strike == 0.0 || vol * years.sqrt() < STILL;
        if still {
            return self.still::<FMA>(put);
        }
        let value = put.value::<FMA>();
        let price = value.price;
        // Homogeneous of degree one in S and K: V = S ∂V/∂S + K ∂V/∂K, and S² ∂²V/∂S² = K² ∂²V/∂K².
        let (delta, gamma) = if sign < 0.0 {
            (value.delta, value.gamma)
        } else {
            let ratio = strike / spot;
            ((price - strike * value.delta) / spot, value.gamma * ratio * ratio)
        };
        let theta = if value.exercised {
            0.0
        } else {
            rate * price - (rate - dividend) * spot * delta - 0.5 * vol * vol * spot * spot * gamma
        };
        let vega = Self::slope(VOL_STEP * vol, price, |step| Self { vol: vol + step, ..self }.price::<FMA>());
        let rho = Self::slope(RATE_STEP, price, |step| Self { rate: rate + step, ..self }.price::<FMA>());
        [price, delta, gamma, vega, theta, rho]
    }

    /// Central difference; one-sided where the other side has two boundaries.
    #[inline(always)]
    fn slope(step: f64, here: f64, at: impl Fn(f64) -> f64) -> f64 {
        let (below, above) = (at(-step), at(step));
        match (below.is_nan(), above.is_nan()) {
            (true, _) => (above - here) / step,
            (_, true) => (here - below) / step,
            _ => (above - below) / (2.0 * step),
        }
    }

    /// Nothing is random: derivatives at the best time of exercise.
    #[inline(always)]
    fn still<const FMA: bool>(self, put: Put) -> [f64; Greek::ALL.len()] {
        let (value, when) = put.still::<FMA>();
        if value.price.is_nan() {
            return [f64::NAN; Greek::ALL.len()];
        }
        if value.price == 0.0 {
            return [0.0; Greek::ALL.len()];
        }
        let Self { sign, spot, strike, years, rate, dividend, .. } = self;
        let [kept, paid] = [dividend, rate].map(|yearly| crate::math::special::exp::<FMA>(-yearly * when));
        let theta = sign * (dividend * spot * kept - rate * strike * paid);
        // Positive only at expiry, where more time would not be used: it is exercised now.
        let theta = if when < years || theta > 0.0 { 0.0 } else { theta };
        [value.price, sign * kept, 0.0, 0.0, theta, sign * when * strike * paid]
    }
}
