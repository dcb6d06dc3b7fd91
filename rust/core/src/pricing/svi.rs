//! One smile: total implied variance w as a function of log-moneyness k = ln(K/F).
//!
//! Raw SVI, w(k) = a + b (ρ (k − m) + √((k − m)² + σ²)), is a hyperbola: its wings are straight lines, as R. Lee
//! (2004) says they must be at most. J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces",
//! Quantitative Finance 14 (2014), is the source of what follows; its eSSVI slices are special raw ones.
//!
//! A slice admits no butterfly arbitrage where Durrleman's
//! g = (1 − k w′/2w)² − w′²/4 (1/w + 1/4) + w″/2 is nowhere negative: the density of ln(K/F) is
//! g φ(d₂)/√w. As k → ±∞ g → (4 − slope²)/16, so that slopes stay below 2.

mod jump_wings;
#[cfg(test)]
mod tests;

pub use jump_wings::JumpWings;

use crate::math::least::least;

/// Points at which a slice is looked at before its valleys are searched.
const SCAN: usize = 192;
/// The scan ends where the hyperbola is its asymptote to one part in 10⁸: sinh(u) = 5,000.
const SCAN_END: f64 = 9.2;

/// Raw SVI: b ≥ 0, |ρ| < 1, σ > 0 and `minimum` ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Svi {
    /// Level.
    pub a: f64,
    /// Opening of the wings.
    pub b: f64,
    /// Skew.
    pub rho: f64,
    /// Log-moneyness about which the hyperbola is centred.
    pub m: f64,
    /// Roundness.
    pub sigma: f64,
}

/// An eSSVI slice, the form of the engine: at-the-money total variance, skew, and curvature ζ = φ(θ) √θ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Essvi {
    /// w(0) > 0.
    pub theta: f64,
    /// |ρ| < 1.
    pub rho: f64,
    /// ζ > 0. With ζ² (1 + |ρ|) ≤ 4 and √θ ζ (1 + |ρ|) < 4 there is no butterfly arbitrage.
    pub zeta: f64,
}

/// w and its first two derivatives in k.
#[derive(Clone, Copy, Debug)]
pub struct Curve {
    /// w
    pub value: f64,
    /// w′
    pub slope: f64,
    /// w″
    pub curvature: f64,
}

impl Svi {
    /// Total variance at log-moneyness k.
    #[inline]
    pub fn total_variance(&self, k: f64) -> f64 {
        let x = k - self.m;
        self.a + self.b * (self.rho * x + (x * x + self.sigma * self.sigma).sqrt())
    }

    /// w, w′ and w″ at log-moneyness k.
    #[inline]
    pub fn curve(&self, k: f64) -> Curve {
        let x = k - self.m;
        let variance = self.sigma * self.sigma;
        let q = (x * x + variance).sqrt();
        Curve {
            value: self.a + self.b * (self.rho * x + q),
            slope: self.b * (self.rho + x / q),
            curvature: self.b * variance / (q * q * q),
        }
    }

    /// The least total variance, that of the vertex.
    pub fn minimum(&self) -> f64 {
        self.a + self.b * self.sigma * (1.0 - self.rho * self.rho).sqrt()
    }

    /// How steeply w rises towards −∞ and +∞, both ≥ 0: b (1 − ρ) and b (1 + ρ).
    pub fn wings(&self) -> [f64; 2] {
        [self.b * (1.0 - self.rho), self.b * (1.0 + self.rho)]
    }

    /// Durrleman's g at log-moneyness k.
    #[inline]
    pub fn durrleman(&self, k: f64) -> f64 {
        durrleman(k, self.curve(k))
    }

    /// The log-moneyness at which g is least, and g there; the limits at ±∞ count.
    pub fn least_durrleman(&self) -> (f64, f64) {
        let inside = least(&places(self.m, self.sigma), |k| self.durrleman(k));
        let [left, right] = self.wings().map(|slope| (4.0 - slope * slope) / 16.0);
        [(f64::NEG_INFINITY, left), (f64::INFINITY, right)]
            .into_iter()
            .fold(inside, |found, end| if end.1 < found.1 { end } else { found })
    }

    /// Where w rises least above that of an earlier slice, and by how much; −∞ where a wing is flatter than the
    /// earlier one.
    pub fn least_rise(&self, earlier: &Self) -> (f64, f64) {
        let ends = [f64::NEG_INFINITY, f64::INFINITY];
        for ((later, earlier), end) in self.wings().into_iter().zip(earlier.wings()).zip(ends) {
            if later < earlier {
                return (end, f64::NEG_INFINITY);
            }
        }
        let rise = |k| self.total_variance(k) - earlier.total_variance(k);
        let [first, second] = [self, earlier].map(|slice| least(&places(slice.m, slice.sigma), rise));
        if second.1 < first.1 || second.1.is_nan() { second } else { first }
    }
}

/// Dense where a hyperbola bends, sparse along its wings.
fn places(m: f64, sigma: f64) -> [f64; SCAN + 1] {
    std::array::from_fn(|i| m + sigma * (SCAN_END * (2.0 * i as f64 / SCAN as f64 - 1.0)).sinh())
}

impl Essvi {
    /// The same slice in raw parameters.
    pub fn raw(&self) -> Svi {
        let Self { theta, rho, zeta } = *self;
        let scale = theta.sqrt() / zeta;
        let rest = 1.0 - rho * rho;
        Svi {
            a: 0.5 * theta * rest,
            b: 0.5 * theta / scale,
            rho,
            m: -rho * scale,
            sigma: rest.sqrt() * scale,
        }
    }

    /// The largest ζ without butterfly arbitrage.
    pub fn most_zeta(theta: f64, rho: f64) -> f64 {
        let skewed = 1.0 + rho.abs();
        (2.0 / skewed.sqrt()).min(4.0 / (theta.sqrt() * skewed))
    }
}

/// Durrleman's g of a curve at log-moneyness k.
#[inline]
pub fn durrleman(k: f64, Curve { value, slope, curvature }: Curve) -> f64 {
    let lean = 1.0 - 0.5 * k * slope / value;
    lean * lean - 0.25 * slope * slope * (1.0 / value + 0.25) + 0.5 * curvature
}
