//! The factors of the curve given the volatility indices and VIX futures so far: a Kalman filter.
//!
//! An index K of `n` sessions is the variance swap of the curve, `ln(K − floor) = a + ℓᵀx` ([`super::curve`]), seen with
//! an error of variance v; factors move linearly too ([`super::l3f`]), so that nothing is approximated. With estimate
//! x and covariance P of its error, Δ one session, `Σᵢⱼ = sᵢsⱼρᵢⱼ`:
//! ```text
//! start    x = m,  Pᵢⱼ = Σᵢⱼ / (kᵢ + kⱼ)                          the stationary law
//! session  xᵢ ← mᵢ + e^{−kᵢΔ} (xᵢ − mᵢ),  Pᵢⱼ ← e^{−(kᵢ+kⱼ)Δ} Pᵢⱼ + Σᵢⱼ Δ
//! index    x ← x + Pℓ (ℓᵀPℓ + v)⁻¹ (ln(K − floor) − a − ℓᵀx),  P ← P − Pℓ (ℓᵀPℓ + v)⁻¹ ℓᵀP
//! ```
//! VIX has a = level, ℓ = 1 and v = 0: the estimate has exactly that VIX. A VIX without a past gives the stationary
//! mean of the factors given that VIX: where L3F starts. A VIX future is such an index, too: `ln(F − floor) = level +
//! v(τ)/2 + Σ e^{−kτ}x`. Errors are of ln K and ln F; the filter is extended in this alone, that it takes them to
//! ln(K − floor) at the observed K.

use super::SESSIONS_PER_YEAR;
use super::curve::{FutureLine, VixCurve};
use super::parameters::{Curve, Dynamics};
use super::state::FACTORS;
use crate::math::special;

/// Sessions of VIX3M and VIX6M.
pub(super) const QUARTER: f64 = 63.0;
pub(super) const HALF_YEAR: f64 = 126.0;
/// Standard deviation of ln(VIX3M) and ln(VIX6M) around the curve's, which has three factors only.
const SWAP_SD: f64 = 0.03;

/// Standard deviation of ln(VX settlement) around the model's.
const FUTURE_SD: f64 = 0.015;

/// Sessions after which the gain no longer changes: a hundred years.
const SETTLED: u32 = 25_200;

/// What is known of the factors.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    curve: VixCurve,
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
            curve: VixCurve::new(curve),
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

    /// VIX is seen, in points above the floor, last of a session's indices. Returns the factors, whose VIX it is.
    pub(super) fn observe(&mut self, vix: f64) -> [f64; FACTORS] {
        self.update(self.level, [1.0; FACTORS], vix, 0.0);
        self.x
    }

    /// An index of so many sessions is seen, in points above the floor.
    pub(super) fn observe_swap(&mut self, sessions: f64, index: f64) {
        let (level, loading) = self.curve.swap_line::<false>(sessions);
        self.observe_near(level, loading, index, SWAP_SD);
    }

    /// The settlement price of a VIX future is seen, `years` before it settles, in points above the floor.
    pub(super) fn observe_future(&mut self, years: f64, settle: f64) {
        let FutureLine { level, decay: loading, .. } = self.curve.future_line::<false>(years);
        self.observe_near(level, loading, settle, FUTURE_SD);
    }

    /// What a surprise of 1 in ln(VIX − floor) moves the factors by, once years of VIX are known; adds up to 1.
    pub(super) fn steady_gain(mut self) -> [f64; FACTORS] {
        for _ in 0..SETTLED {
            self.update(self.level, [1.0; FACTORS], self.curve.floor + 1.0, 0.0);
            self.step();
        }
        let rows = self.covariance.map(|row| dot(row, [1.0; FACTORS]));
        let total: f64 = rows.iter().sum();
        rows.map(|row| row / total)
    }

    /// Variance of the error of each factor.
    pub(super) fn variance(&self) -> [f64; FACTORS] {
        std::array::from_fn(|f| self.covariance[f][f])
    }

    /// A price is seen whose logarithm has an error of that standard deviation.
    fn observe_near(&mut self, level: f64, loading: [f64; FACTORS], price: f64, sd: f64) {
        // From the deviation of ln K to that of ln(K − floor).
        let sd = sd * price / (price - self.curve.floor);
        self.update(level, loading, price, sd * sd);
    }

    fn update(&mut self, level: f64, loading: [f64; FACTORS], index: f64, variance: f64) {
        let rows = self.covariance.map(|row| dot(row, loading));
        let total = dot(rows, loading) + variance;
        let surprise = special::ln::<false>(index - self.curve.floor) - level - dot(self.x, loading);
        for (factor, row) in self.x.iter_mut().zip(rows) {
            *factor += row / total * surprise;
        }
        let Self { covariance, .. } = *self;
        self.covariance = matrix(|i, j| covariance[i][j] - rows[i] * rows[j] / total);
    }
}

fn dot(a: [f64; FACTORS], b: [f64; FACTORS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
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

    /// Longer indices tell the factors apart; VIX stays exact, and without news of them nothing is learnt.
    #[test]
    fn longer_indices_are_believed_as_far_as_their_error_allows() {
        let curve = VixCurve::new(&Curve::default());
        let truth = [0.9, -0.1, -0.2];
        let now = curve.vix::<false>(truth);
        let alone = filter().observe(now);
        let mut informed = filter();
        for sessions in [QUARTER, HALF_YEAR] {
            informed.observe_swap(sessions, curve.variance_swap::<false>(truth, 1.0, sessions));
        }
        let found = informed.observe(now);
        assert!((vix(found) / now - 1.0).abs() < 1e-13);
        for sessions in [QUARTER, HALF_YEAR] {
            let miss = |x| {
                curve.variance_swap::<false>(x, 1.0, sessions)
                    - curve.variance_swap::<false>(truth, 1.0, sessions)
            };
            assert!(miss(found).abs() < 0.2 * miss(alone).abs(), "{} of {}", miss(found), miss(alone));
        }
        for i in 0..FACTORS {
            assert!(informed.covariance[i][i] < filter().covariance[i][i]);
        }
    }

    /// The gain is that of the filter itself after a long time, and a VIX kept for as long again changes it no more.
    #[test]
    fn the_gain_settles() {
        let gain = filter().steady_gain();
        assert!((gain.iter().sum::<f64>() - 1.0).abs() < 1e-13 && gain.iter().all(|&share| share > 0.0));
        let mut long = filter();
        for _ in 0..2 * SETTLED {
            long.observe(20.0);
            long.step();
        }
        let before = long.x;
        let surprise = (34f64 / 14.0).ln() - (before.iter().sum::<f64>() - (14f64.ln() - long.level));
        let after = long.observe(40.0);
        for f in 0..FACTORS {
            assert!(((after[f] - before[f]) / surprise - gain[f]).abs() < 1e-12);
        }
    }

    /// Nine futures without error leave little of the curve open, and VIX none of itself.
    #[test]
    fn futures_tell_the_curve() {
        let curve = VixCurve::new(&Curve::default());
        let truth = [0.9, -0.1, -0.2];
        let now = curve.vix::<false>(truth);
        let mut informed = filter();
        let tenors = (1..=9).map(|month| f64::from(month) / 12.0);
        for years in tenors.clone() {
            informed.observe_future(years, curve.future::<false>(truth, years).0);
        }
        let found = informed.observe(now);
        assert!((vix(found) / now - 1.0).abs() < 1e-13);
        for years in tenors {
            let miss = curve.future::<false>(found, years).0 / curve.future::<false>(truth, years).0 - 1.0;
            assert!(miss.abs() < 0.015, "{miss} at {years}");
        }
        let alone = filter();
        for (informed, alone) in informed.variance().into_iter().zip(alone.variance()) {
            assert!(informed < 0.2 * alone, "{informed} of {alone}");
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
