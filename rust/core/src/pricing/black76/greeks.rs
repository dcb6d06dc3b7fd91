//! Price and thirteen sensitivities of one contract in one pass.

use super::{
    columns::Stages,
    general::{TimeValue, time_value},
    in_domain, intrinsic, is_right, near,
    slices::Terms,
};
use crate::math::{
    simd::fma,
    special::{ln, ln_normal, mills, norm_cdf},
};
use crate::pricing::rows::{BLOCK, Column};

/// The outputs of [`greeks`], in order; the derivatives are those of the discounted price
/// V = D (w F Φ(w d₁) − w K Φ(w d₂)), D = exp(−r T), at a fixed forward. Time derivatives let the discount run at its
/// own rate r = −ln(D)/T, taken as zero at T = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greek {
    /// V
    Price,
    /// ∂V/∂F
    Delta,
    /// ∂²V/∂F²
    Gamma,
    /// ∂V/∂σ, per 1.00 of volatility
    Vega,
    /// −∂V/∂T, per year
    Theta,
    /// ∂V/∂r = −T V
    Rho,
    /// ∂²V/∂F∂σ
    Vanna,
    /// ∂²V/∂σ²
    Volga,
    /// −∂delta/∂T
    Charm,
    /// ∂³V/∂F³
    Speed,
    /// ∂³V/∂F²∂σ
    Zomma,
    /// −∂gamma/∂T
    Color,
    /// −∂vega/∂T
    Veta,
    /// ∂³V/∂σ³
    Ultima,
}

impl Greek {
    /// All, in order.
    pub const ALL: [Self; 14] = [
        Self::Price,
        Self::Delta,
        Self::Gamma,
        Self::Vega,
        Self::Theta,
        Self::Rho,
        Self::Vanna,
        Self::Volga,
        Self::Charm,
        Self::Speed,
        Self::Zomma,
        Self::Color,
        Self::Veta,
        Self::Ultima,
    ];

    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Delta => "delta",
            Self::Gamma => "gamma",
            Self::Vega => "vega",
            Self::Theta => "theta",
            Self::Rho => "rho",
            Self::Vanna => "vanna",
            Self::Volga => "volga",
            Self::Charm => "charm",
            Self::Speed => "speed",
            Self::Zomma => "zomma",
            Self::Color => "color",
            Self::Veta => "veta",
            Self::Ultima => "ultima",
        }
    }
}

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
    /// The contract, with a NaN forward if any of its terms lies outside its domain. A time or volatility of −0 is 0,
    /// so that what is divided by them has the sign of its limit.
    #[inline(always)]
    pub(super) fn checked(self) -> Self {
        let valid = in_domain(self.forward, self.strike, self.vol)
            && self.years >= 0.0
            && is_discount(self.discount)
            && is_right(self.sign);
        let forward = if valid { self.forward } else { f64::NAN };
        Self { forward, years: self.years.abs(), vol: self.vol.abs(), ..self }
    }
}

/// Positive and finite, and normal: logarithms of others lose digits. False for NaN, too.
#[inline(always)]
#[expect(clippy::manual_range_contains, reason = "`contains` is lazy")]
pub(super) fn is_discount(discount: f64) -> bool {
    (discount >= f64::MIN_POSITIVE) & (discount < f64::INFINITY)
}

/// Price and greeks in the order of [`Greek::ALL`], by the general formulas.
///
/// Limits: where the density F φ(d₁) is zero (σ√T = 0 away from the money, the far wings, a zero forward or
/// strike) all greeks but delta, theta, rho and charm are zero. At σ√T = 0 and F = K delta is w D/2 and the rest
/// are limits, which may be infinite: gamma is ∞. A term outside its domain gives NaN in all outputs.
#[inline(always)]
pub fn contract_greeks<const FMA: bool>(contract: Contract) -> [f64; 14] {
    let Contract { sign, forward, strike, years, vol, discount } = contract.checked();
    let root = years.sqrt();
    let s = vol * root;
    let TimeValue { value, density, h } = time_value::<FMA>(forward, strike, s);
    let rate = if years < f64::MIN_POSITIVE { 0.0 } else { -ln::<FMA>(discount) / years };

    let price = discount * (intrinsic(sign, forward, strike) + value);
    let delta = discount * (sign * norm_cdf::<FMA>(sign * (h + 0.5 * s)));

    // Without density every term below is zero, but its factors may be infinite: take them as zero as well.
    let silent = density == 0.0;
    let reciprocal = |x: f64| if silent { 0.0 } else { 1.0 / x };
    let finite = |x: f64| if silent { 0.0 } else { x };
    let (h, s, root, vol, term) = (finite(h), finite(s), finite(root), finite(vol), finite(years));
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
        gamma * (rate + (1.0 - product) * 0.5 * reciprocal(term)),
        rate * vega - dollar_density * half_per_root * (1.0 + product),
        vega * term * (u1 * u2 * (product - 1.0) - (u1 * u1 + u2 * u2)),
    ]
}

/// Which of the dearer columns the selected greeks read.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    price: bool,
    delta: bool,
    rate: bool,
}

impl Needs {
    pub(super) fn of(selected: &[Greek]) -> Self {
        use Greek::{Charm, Color, Delta, Price, Rho, Theta, Veta};
        let any = |greeks: &[Greek]| selected.iter().any(|greek| greeks.contains(greek));
        Self {
            price: any(&[Price, Theta, Rho]),
            delta: any(&[Delta, Charm]),
            rate: any(&[Theta, Charm, Color, Veta]),
        }
    }
}

/// What the greeks of a block have in common, near the money: see [`near`].
pub(super) struct Shared {
    stages: Stages,
    /// √T
    root: Column,
    /// 1/F
    per_forward: Column,
    /// ln(F/K)/s
    h: Column,
    /// D F φ(d₁); NaN outside the domain
    pub(super) density: Column,
    price: Column,
    delta: Column,
    rate: Column,
}

impl Default for Shared {
    #[inline(always)]
    fn default() -> Self {
        let column = Column::default();
        Self {
            stages: Stages::default(),
            root: column,
            per_forward: column,
            h: column,
            density: column,
            price: column,
            delta: column,
            rate: column,
        }
    }
}

impl Shared {
    #[inline(always)]
    pub(super) fn fill<const FMA: bool>(&mut self, terms: &Terms<'_>, needs: Needs) {
        let [sign, forward, strike, years, vol, discount] = *terms;
        let n = sign.len();
        assert!(n <= BLOCK, "at most a block");
        let (forward, strike, years) = (&forward[..n], &strike[..n], &years[..n]);
        let (vol, discount) = (&vol[..n], &discount[..n]);
        let Self { stages, root, per_forward, h, density, price, delta, rate } = self;
        for i in 0..n {
            root[i] = years[i].sqrt();
            let valid = is_discount(discount[i]) & is_right(sign[i]);
            let terms = [forward[i], strike[i], vol[i] * root[i], forward[i]];
            per_forward[i] = stages.moneyness::<FMA>(i, terms, valid);
            h[i] = if forward[i] < strike[i] { -stages.a[i] } else { stages.a[i] };
        }
        stages.level::<FMA>(n);
        for i in 0..n {
            density[i] = discount[i] * near::density::<FMA>(stages.level[i], stages.total_sd[i]);
        }
        if needs.price {
            for i in 0..n {
                let intrinsic = intrinsic(sign[i], forward[i], strike[i]);
                price[i] = discount[i] * (intrinsic + stages.time_value::<FMA>(i));
            }
        }
        if needs.delta {
            for i in 0..n {
                let d1 = h[i] + 0.5 * stages.total_sd[i];
                let tail = (density[i] * mills::<FMA>(d1.abs())) * per_forward[i];
                delta[i] = sign[i] * if sign[i] * d1 > 0.0 { discount[i] - tail } else { tail };
            }
        }
        if needs.rate {
            for i in 0..n {
                let per_root = vol[i] * stages.per_sd[i];
                rate[i] = -ln_normal::<FMA>(discount[i]) * (per_root * per_root);
            }
        }
    }

    /// One greek of the first rows, as many as `out` has; the formulas are those of [`contract_greeks`].
    #[inline(always)]
    pub(super) fn write<const FMA: bool>(&self, greek: Greek, terms: &Terms<'_>, out: &mut [f64]) {
        let [_, _, _, years, vol, _] = *terms;
        let n = out.len();
        assert!(n <= BLOCK, "at most a block");
        let (years, vol) = (&years[..n], &vol[..n]);
        // A loop per greek, not a closure: see `polynomial`.
        macro_rules! rows {
            ($i:ident => $value:expr) => {
                for $i in 0..n {
                    out[$i] = $value;
                }
            };
        }
        let Self { root, per_forward, density, price, delta, rate, .. } = self;
        match greek {
            Greek::Price => out.copy_from_slice(&price[..n]),
            Greek::Delta => out.copy_from_slice(&delta[..n]),
            Greek::Gamma => rows!(i => self.gamma(i)),
            Greek::Vega => rows!(i => self.vega(i)),
            Greek::Theta => rows!(i => {
                fma::<FMA>(rate[i], price[i], -0.5 * density[i] * (vol[i] * self.per_root(i, vol)))
            }),
            Greek::Rho => rows!(i => -years[i] * price[i]),
            Greek::Vanna => rows!(i => -self.normal(i) * self.u2(i) * root[i]),
            Greek::Volga => rows!(i => density[i] * years[i] * (self.d1(i) * self.u2(i))),
            Greek::Charm => rows!(i => {
                let drift = self.normal(i) * self.u2(i) * (0.5 * vol[i] * self.per_root(i, vol));
                fma::<FMA>(rate[i], delta[i], drift)
            }),
            Greek::Speed => rows!(i => -self.gamma(i) * per_forward[i] * (self.u2(i) + 2.0)),
            Greek::Zomma => {
                rows!(i => self.gamma(i) * (self.d1_d2(i) - 1.0) * (root[i] * self.stages.per_sd[i]));
            }
            Greek::Color => rows!(i => {
                let per_root = self.per_root(i, vol);
                self.gamma(i) * fma::<FMA>(0.5 * (1.0 - self.d1_d2(i)), per_root * per_root, rate[i])
            }),
            Greek::Veta => rows!(i => {
                density[i] * fma::<FMA>(rate[i], root[i], -0.5 * self.per_root(i, vol) * (1.0 + self.d1_d2(i)))
            }),
            Greek::Ultima => rows!(i => {
                let (u2, product) = (self.u2(i), self.d1_d2(i));
                let u1 = u2 + 1.0;
                self.vega(i) * years[i] * (u1 * u2 * (product - 1.0) - (u1 * u1 + u2 * u2))
            }),
        }
    }

    #[inline(always)]
    fn d1(&self, i: usize) -> f64 {
        self.h[i] + 0.5 * self.stages.total_sd[i]
    }

    #[inline(always)]
    fn d1_d2(&self, i: usize) -> f64 {
        self.d1(i) * (self.h[i] - 0.5 * self.stages.total_sd[i])
    }

    /// d₂/s
    #[inline(always)]
    fn u2(&self, i: usize) -> f64 {
        self.h[i] * self.stages.per_sd[i] - 0.5
    }

    /// D φ(d₁)
    #[inline(always)]
    fn normal(&self, i: usize) -> f64 {
        self.density[i] * self.per_forward[i]
    }

    #[inline(always)]
    fn gamma(&self, i: usize) -> f64 {
        self.normal(i) * self.per_forward[i] * self.stages.per_sd[i]
    }

    #[inline(always)]
    fn vega(&self, i: usize) -> f64 {
        self.density[i] * self.root[i]
    }

    /// 1/√T
    #[inline(always)]
    fn per_root(&self, i: usize, vol: &[f64]) -> f64 {
        vol[i] * self.stages.per_sd[i]
    }
}
