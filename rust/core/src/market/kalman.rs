//! The factors of the curve given VIX so far: a Kalman filter.
//!
//! `y = ln(VIX − floor) − level` is the sum of the factors, and those move linearly ([`super::l3f`]). With estimate
//! x and covariance P of its error, Δ one session, `Σᵢⱼ = sᵢsⱼρᵢⱼ`:
//! ```text
//! start    x = m,  Pᵢⱼ = Σᵢⱼ / (kᵢ + kⱼ)                          the stationary law
//! session  xᵢ ← mᵢ + e^{−kᵢΔ} (xᵢ − mᵢ),  Pᵢⱼ ← e^{−(kᵢ+kⱼ)Δ} Pᵢⱼ + Σᵢⱼ Δ
//! VIX      x ← x + P1 (1ᵀP1)⁻¹ (y − 1ᵀx),  P ← P − P1 (1ᵀP1)⁻¹ 1ᵀP
//! ```
//! VIX is observed without error, so that the estimate has exactly that VIX. A VIX without a past gives the
//! stationary mean of the factors given that VIX: where L3F starts.

use super::SESSIONS_PER_YEAR;
use super::parameters::{Curve, Dynamics};
use super::state::FACTORS;
use crate::math::special;

/// What is known of the factors.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    floor: f64,
    level: f64,
    mean: [f64; FACTORS],
    /// e^{−kΔ}
    keep: [f64; FACTORS],
    /// ΣΔ
    noise: [[f64; FACTORS]; FACTORS],
    x: [f64; FACTORS],
    /// P, symmetric.
    covariance: [[f64; FACTORS]; FACTORS],
}

impl Filter {
    /// Before any VIX is known. Both must have passed their checks.
    pub(super) fn new(curve: &Curve, dynamics: &Dynamics) -> Self {
        let covariance = curve.covariance();
        let k = dynamics.reversion;
        let session = 1.0 / SESSIONS_PER_YEAR;
        Self {
            floor: curve.floor,
            level: curve.level,
            mean: dynamics.mean,
            keep: k.map(|k| special::exp::<false>(-k * session)),
            noise: matrix(|i, j| covariance[i][j] * session),
            x: dynamics.mean,
            covariance: matrix(|i, j| covariance[i][j] / (k[i] + k[j])),
        }
    }

    /// A session goes by.
    pub(super) fn step(&mut self) {
        let Self { mean, keep, noise, covariance, .. } = *self;
        self.x = std::array::from_fn(|f| mean[f] + keep[f] * (self.x[f] - mean[f]));
        self.covariance = matrix(|i, j| keep[i] * keep[j] * covariance[i][j] + noise[i][j]);
    }

    /// VIX is seen, in points above the floor. Returns the factors, whose VIX it is.
    pub(super) fn observe(&mut self, vix: f64) -> [f64; FACTORS] {
        let rows = self.covariance.map(|row| row.iter().sum::<f64>());
        let total: f64 = rows.iter().sum();
        let expected: f64 = self.x.iter().sum();
        let surprise = special::ln::<false>(vix - self.floor) - self.level - expected;
        for (factor, row) in self.x.iter_mut().zip(rows) {
            *factor += row / total * surprise;
        }
        let Self { covariance, .. } = *self;
        self.covariance = matrix(|i, j| covariance[i][j] - rows[i] * rows[j] / total);
        self.x
    }
}

fn matrix(element: impl Fn(usize, usize) -> f64) -> [[f64; FACTORS]; FACTORS] {
    std::array::from_fn(|i| std::array::from_fn(|j| element(i, j)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> Filter {
        Filter::new(&Curve::default(), &Dynamics::default())
    }

    /// A calm, a crash and its end.
    fn path() -> impl Iterator<Item = f64> {
        (0..600).map(|day: u32| match day % 200 {
            0..=120 => 14.0 + f64::from(day % 7) / 3.0,
            121..=125 => 82.7,
            _ => 25.0 + f64::from(day % 11),
        })
    }

    fn vix(x: [f64; FACTORS]) -> f64 {
        let Curve { floor, level, .. } = Curve::default();
        floor + (level + x.iter().sum::<f64>()).exp()
    }

    #[test]
    fn the_factors_have_the_vix_that_was_seen() {
        let mut filter = filter();
        for seen in path().chain([6.0 + 1e-9, 9.0, 150.0, 6.1]) {
            let found = vix(filter.observe(seen));
            assert!((found / seen - 1.0).abs() < 1e-13, "{found} is not {seen}");
            filter.step();
        }
    }

    /// What VIX leaves open stays open: variances of each factor, none of their sum.
    #[test]
    fn the_covariance_of_the_error_stays_one() {
        let mut filter = filter();
        for seen in path() {
            filter.observe(seen);
            let p = filter.covariance;
            for i in 0..FACTORS {
                assert!(p[i][i] > 0.0 && p[i].iter().sum::<f64>().abs() < 1e-15);
                for j in 0..FACTORS {
                    assert!(p[i][j] == p[j][i] && p[i][j].powi(2) <= p[i][i] * p[j][j]);
                }
            }
            filter.step();
        }
    }

    /// After years of the same VIX a jump is put down to the fast factor, which a VIX without a past is not.
    #[test]
    fn a_jump_is_put_down_to_the_fast_factor() {
        let mut calm = filter();
        for _ in 0..1000 {
            calm.observe(14.0);
            calm.step();
        }
        let before = calm.x;
        let after = calm.observe(40.0);
        let alone = filter().observe(40.0);
        assert!(after[0] - before[0] > 0.4 && after[0] > alone[0]);
        assert!(after[1] < alone[1] && after[2] < alone[2]);
    }
}
