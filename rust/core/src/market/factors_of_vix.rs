//! From a VIX alone to the factors of the curve.

use super::parameters::{Curve, Dynamics};
use super::state::FACTORS;
use crate::math::special;
use crate::{Error, Result};

/// The factors that belong to a VIX when nothing else is known: their stationary mean given
/// `x₀ + x₁ + x₂ = ln(VIX − floor) − level`,
/// `x = m + Σ1 (1ᵀΣ1)⁻¹ (ln(VIX − floor) − level − 1ᵀm)` with `Σᵢⱼ = sᵢsⱼρᵢⱼ / (kᵢ + kⱼ)`.
#[derive(Clone, Debug)]
pub(super) struct FactorsOfVix {
    floor: f64,
    level: f64,
    mean: [f64; FACTORS],
    direction: [f64; FACTORS],
}

impl FactorsOfVix {
    pub(super) fn new(curve: &Curve, dynamics: &Dynamics) -> Result<Self> {
        let covariance = curve.covariance();
        let k = dynamics.reversion;
        let row = |i: usize| (0..FACTORS).map(|j| covariance[i][j] / (k[i] + k[j])).sum();
        let rows: [f64; FACTORS] = std::array::from_fn(row);
        let total: f64 = rows.iter().sum();
        if total <= 0.0 {
            let allowed = "the factors' sum must have positive variance";
            return Err(Error::domain("curve.correlation", format!("{:?}", curve.correlation), allowed));
        }
        Ok(Self {
            floor: curve.floor,
            level: curve.level,
            mean: dynamics.mean,
            direction: rows.map(|row| row / total),
        })
    }

    /// `vix` must be above the floor.
    pub(super) fn at(&self, vix: f64) -> [f64; FACTORS] {
        let mean_sum: f64 = self.mean.iter().sum();
        let excess = special::ln::<false>(vix - self.floor) - self.level - mean_sum;
        std::array::from_fn(|f| self.mean[f] + self.direction[f] * excess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_of_a_vix_give_that_vix_back() {
        let (curve, dynamics) = (Curve::default(), Dynamics::default());
        let factors = FactorsOfVix::new(&curve, &dynamics).expect("defaults");
        for vix in [6.1, 9.0, 16.0, 40.0, 150.0] {
            let found = curve.floor + (curve.level + factors.at(vix).iter().sum::<f64>()).exp();
            assert!((found / vix - 1.0).abs() < 1e-14);
        }
    }
}
