//! Price and thirteen sensitivities of one contract in one pass.

use super::{TimeValue, in_domain, intrinsic, time_value};
use crate::math::special::{ln, norm_cdf};

/// The names and the order of the outputs of [`greeks`].
pub const GREEKS: [&str; 14] = [
    "price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "speed", "zomma", "color", "veta",
    "ultima",
];

/// A European option on a forward and the market it is valued in.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// +1 call, −1 put
    pub sign: f64,
    /// Forward for the option's expiry, ≥ 0.
    pub forward: f64,
    /// Strike, ≥ 0.
    pub strike: f64,
    /// Time to expiry in years, ≥ 0.
    pub years: f64,
    /// Volatility, decimal per square root of a year, ≥ 0.
    pub vol: f64,
    /// Discount factor to expiry, > 0.
    pub discount: f64,
}

impl Contract {
    /// The contract, with a NaN forward if any of its terms lies outside its domain.
    #[inline(always)]
    pub(super) fn checked(self) -> Self {
        let valid = in_domain(self.forward, self.strike, self.vol)
            && self.years >= 0.0
            && self.discount > 0.0
            && self.discount < f64::INFINITY;
        Self { forward: if valid { self.forward } else { f64::NAN }, ..self }
    }
}

/// Price and greeks in the order of [`GREEKS`]; the derivatives are those of the discounted price
/// V = D (w F Φ(w d₁) − w K Φ(w d₂)), D = exp(−r T):
///
/// | name | derivative | name | derivative |
/// |---|---|---|---|
/// | delta | ∂V/∂F | charm | −∂delta/∂T |
/// | gamma | ∂²V/∂F² | speed | ∂³V/∂F³ |
/// | vega | ∂V/∂σ, per 1.00 of volatility | zomma | ∂³V/∂F²∂σ |
/// | theta | −∂V/∂T, per year | color | −∂gamma/∂T |
/// | rho | ∂V/∂r = −T V | veta | −∂vega/∂T |
/// | vanna | ∂²V/∂F∂σ | ultima | ∂³V/∂σ³ |
/// | volga | ∂²V/∂σ² | | |
///
/// The forward is held fixed in all of them. Time derivatives let the discount run at its own rate
/// r = −ln(D)/T, taken as zero at T = 0.
///
/// Limits: where the density F φ(d₁) is zero (σ√T = 0 away from the money, the far wings, a zero forward or
/// strike) all greeks but delta, theta, rho and charm are zero. At σ√T = 0 and F = K delta is w D/2 and the rest
/// are limits, which may be infinite: gamma is ∞. A term outside its domain gives NaN in all outputs.
#[inline(always)]
pub fn greeks<const FMA: bool>(contract: Contract) -> [f64; 14] {
    let Contract { sign, forward, strike, years, vol, discount } = contract.checked();
    let root = years.sqrt();
    let s = vol * root;
    let TimeValue { value, density, h } = time_value::<FMA>(forward, strike, s);
    let rate = if years == 0.0 { 0.0 } else { -ln::<FMA>(discount) / years };

    let price = discount * (intrinsic(sign, forward, strike) + value);
    let delta = discount * (sign * norm_cdf::<FMA>(sign * (h + 0.5 * s)));

    // Without density every term below is zero, but its factors may be infinite: take them as zero as well.
    let silent = density == 0.0;
    let reciprocal = |x: f64| if silent { 0.0 } else { 1.0 / x };
    let h = if silent { 0.0 } else { h };
    let per_forward = reciprocal(forward);
    let per_sd = reciprocal(s);
    let half_per_root = 0.5 * reciprocal(root);
    // σ/(2√T), the rate at which s decays
    let decay = if vol == 0.0 { 0.0 } else { vol * half_per_root };

    let (d1, d2) = (h + 0.5 * s, h - 0.5 * s);
    let product = d1 * d2;
    // d₁/s and d₂/s, which stay finite at the money as s vanishes
    let centred = if h == 0.0 { 0.0 } else { h * per_sd };
    let (u1, u2) = (centred + 0.5, centred - 0.5);

    let dollar_density = discount * density;
    let normal = dollar_density * per_forward;
    let gamma = normal * per_forward * per_sd;
    let vega = dollar_density * root;
    [
        price,
        delta,
        gamma,
        vega,
        rate * price - dollar_density * decay,
        -years * price,
        -normal * u2 * root,
        vega * root * (d1 * u2),
        rate * delta + normal * u2 * decay,
        -gamma * per_forward * (u1 + 1.0),
        gamma * (product - 1.0) * reciprocal(vol),
        gamma * (rate + (1.0 - product) * 0.5 * reciprocal(years)),
        rate * vega - dollar_density * half_per_root * (1.0 + product),
        vega * years * (u1 * u2 * (product - 1.0) - (u1 * u1 + u2 * u2)),
    ]
}
