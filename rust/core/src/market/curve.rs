//! VIX, VX futures and the variance-swap curve from the factors.

use super::parameters::Curve;
use super::state::FACTORS;
use super::{DAYS_PER_YEAR, SESSIONS_PER_YEAR};
use crate::math::simd::fma;
use crate::math::special;

/// Tenor of VIX, in years.
const MONTH: f64 = 30.0 / DAYS_PER_YEAR;
/// Sessions of that month: the one clock maps 21 sessions to 30 days.
pub(super) const MONTH_SESSIONS: f64 = super::SESSIONS_PER_MONTH;
/// Steepest fall of ln(K − floor) of the variance-swap curve per unit of ln(tenor). See [`VixCurve::slope_kept`].
const STEEPEST_FALL: f64 = 0.35;
/// Tenors at which the fall is measured, sessions: the fast factor's is steepest at 26, the medium one's at 146.
const MEASURED: [f64; 12] = [3.0, 4.25, 6.0, 8.5, 12.0, 17.0, 24.0, 34.0, 48.0, 68.0, 96.0, 136.0];
/// Pairs of factors, (0,0) (1,1) (2,2) (0,1) (0,2) (1,2).
const PAIRS: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];

/// A [`Curve`] with what follows from it.
#[derive(Clone, Copy, Debug)]
pub struct VixCurve {
    pub(super) floor: f64,
    level: f64,
    reversion: [f64; FACTORS],
    /// ℓ(0) = 1 / φ(30 days): loadings of the spot vol.
    spot_loading: [f64; FACTORS],
    /// Per pair of factors, covariance / (kᵢ + kⱼ), twice that off the diagonal.
    pair_weight: [f64; 6],
    slope_short: f64,
    slope_long: f64,
    /// −dℓ / d ln τ at each measured tenor.
    fall: [[f64; FACTORS]; MEASURED.len()],
}

impl VixCurve {
    pub(super) fn new(curve: &Curve) -> Self {
        let covariance = curve.covariance();
        let k = curve.reversion;
        let spot_loading = k.map(|k| 1.0 / mean_decay::<false>(k * MONTH));
        let fall = |sessions: f64, f: usize| {
            let y = k[f] * MONTH * sessions / MONTH_SESSIONS;
            spot_loading[f] * (mean_decay::<false>(y) - special::exp::<false>(-y))
        };
        Self {
            floor: curve.floor,
            level: curve.level,
            reversion: k,
            spot_loading,
            fall: MEASURED.map(|sessions| std::array::from_fn(|f| fall(sessions, f))),
            pair_weight: PAIRS.map(|(i, j)| {
                let times = if i == j { 1.0 } else { 2.0 };
                times * covariance[i][j] / (k[i] + k[j])
            }),
            slope_short: curve.slope_short,
            slope_long: curve.slope_long,
        }
    }

    /// VIX in points.
    #[inline(always)]
    pub(super) fn vix<const FMA: bool>(&self, x: [f64; FACTORS]) -> f64 {
        self.floor + special::exp::<FMA>(self.level + x[0] + x[1] + x[2])
    }

    /// Spot volatility in points: the variance-swap curve at tenor 0, without its slope.
    #[inline(always)]
    pub(super) fn spot_vol<const FMA: bool>(&self, x: [f64; FACTORS]) -> f64 {
        self.floor + special::exp::<FMA>(dot::<FMA>(self.spot_loading, x, self.level))
    }

    /// The VX future that settles in `years` (calendar days / 365), in points, and the variance v of its
    /// logarithm until then.
    #[inline(always)]
    pub(super) fn future<const FMA: bool>(&self, x: [f64; FACTORS], years: f64) -> (f64, f64) {
        let line = self.future_line::<FMA>(years);
        (line.at::<FMA>(x), line.variance)
    }

    /// The same future whatever the state: what a day of settlement decides alone.
    #[inline(always)]
    pub(super) fn future_line<const FMA: bool>(&self, years: f64) -> FutureLine {
        let mut decay = [0.0; FACTORS];
        for f in 0..FACTORS {
            decay[f] = special::exp::<FMA>(-self.reversion[f] * years);
        }
        let mut variance = 0.0;
        for pair in 0..PAIRS.len() {
            let (i, j) = PAIRS[pair];
            variance = fma::<FMA>(self.pair_weight[pair], 1.0 - decay[i] * decay[j], variance);
        }
        FutureLine { floor: self.floor, level: self.level + 0.5 * variance, decay, variance }
    }

    /// What the variance v of a future grows by a year where it settles in `years`: that of a position which is rolled so
    /// that it always does.
    #[inline(always)]
    pub(super) fn variance_rate<const FMA: bool>(&self, years: f64) -> f64 {
        let mut decay = [0.0; FACTORS];
        for f in 0..FACTORS {
            decay[f] = special::exp::<FMA>(-self.reversion[f] * years);
        }
        let mut rate = 0.0;
        for pair in 0..PAIRS.len() {
            let (i, j) = PAIRS[pair];
            let covariance = self.pair_weight[pair] * (self.reversion[i] + self.reversion[j]);
            rate = fma::<FMA>(covariance, decay[i] * decay[j], rate);
        }
        rate
    }

    /// Volatility of the SPX variance swap over `sessions` > 0, in points:
    /// `K = floor + exp(level + c + Σ xᵢ + κ Σ (ℓᵢ − 1) xᵢ)`, `ℓᵢ = φᵢ(τ) / φᵢ(30 days)`, `c` piecewise linear in ln τ,
    /// κ what [`Self::slope_kept`] says of these factors.
    ///
    /// One clock: the factors' τ is `sessions / 21` months of 30 days, so that VIX is the swap of 21 sessions
    /// whatever the weekends, and total variance cannot jump where a calendar would.
    #[inline(always)]
    pub(super) fn variance_swap<const FMA: bool>(&self, x: [f64; FACTORS], kept: f64, sessions: f64) -> f64 {
        let (constant, loading) = self.swap_line::<FMA>(sessions);
        let (mut whole, mut flat) = (constant, constant);
        for f in 0..FACTORS {
            whole = fma::<FMA>(loading[f], x[f], whole);
            flat += x[f];
        }
        self.floor + special::exp::<FMA>(fma::<FMA>(1.0 - kept, flat - whole, whole))
    }

    /// κ, the share of its slope that the variance-swap curve keeps: 1, or what makes its steepest fall the allowed one.
    ///
    /// Total variance at every strike must rise with tenor, or a calendar spread has a negative price. The curve of a fast
    /// factor that has just spiked would take variance away faster than time adds it. Flattened around its month it does
    /// not, while VIX stays: see `docs/market.md`, and `tests/reached.rs` for the states that simulations reach.
    #[inline(always)]
    pub(super) fn slope_kept<const FMA: bool>(&self, x: [f64; FACTORS]) -> f64 {
        let mut steepest = 0.0_f64;
        for fall in &self.fall {
            steepest = steepest.max(dot::<FMA>(*fall, x, 0.0));
        }
        (STEEPEST_FALL / steepest).min(1.0)
    }

    /// `ln(K − floor)` as a line in the factors: level + c, and ℓ.
    #[inline(always)]
    pub(super) fn swap_line<const FMA: bool>(&self, sessions: f64) -> (f64, [f64; FACTORS]) {
        let months = sessions * (1.0 / MONTH_SESSIONS);
        let slope = if months > 1.0 { self.slope_long } else { self.slope_short };
        let mut loading = [0.0; FACTORS];
        for f in 0..FACTORS {
            loading[f] = mean_decay::<FMA>(self.reversion[f] * (MONTH * months)) * self.spot_loading[f];
        }
        (fma::<FMA>(slope, special::ln::<FMA>(months), self.level), loading)
    }
}

/// `F = floor + exp(level + v/2 + Σ e^{−kᵢτ} xᵢ)`, `v = Σᵢⱼ sᵢsⱼρᵢⱼ (1 − e^{−(kᵢ+kⱼ)τ}) / (kᵢ + kⱼ)`: the VX future
/// of one tenor, its logarithm above the floor a line in the factors.
#[derive(Clone, Copy, Debug)]
pub(super) struct FutureLine {
    floor: f64,
    /// level + v/2
    pub(super) level: f64,
    /// e^{−kτ}
    pub(super) decay: [f64; FACTORS],
    /// v
    variance: f64,
}

impl FutureLine {
    /// The future in points, given the factors.
    #[inline(always)]
    pub(super) fn at<const FMA: bool>(&self, x: [f64; FACTORS]) -> f64 {
        self.floor + special::exp::<FMA>(dot::<FMA>(self.decay, x, self.level))
    }
}

/// Years on the session clock.
#[inline(always)]
pub(super) fn session_years(sessions: f64) -> f64 {
    sessions * (1.0 / SESSIONS_PER_YEAR)
}

/// `a·b + c`
#[inline(always)]
fn dot<const FMA: bool>(a: [f64; FACTORS], b: [f64; FACTORS], c: f64) -> f64 {
    fma::<FMA>(a[0], b[0], fma::<FMA>(a[1], b[1], fma::<FMA>(a[2], b[2], c)))
}

/// `φ = (1 − e^{−y}) / y`: the mean of e^{−s} between 0 and y; −y φ is e^{−y} − 1 without loss of digits.
#[inline(always)]
pub(super) fn mean_decay<const FMA: bool>(y: f64) -> f64 {
    /// Below it the difference loses digits, and the series is exact to 1e-17.
    const SERIES_BELOW: f64 = 1.0 / 32.0;
    /// (−1)ⁿ / (n + 1)!
    const SERIES: [f64; 8] =
        [1.0, -1.0 / 2.0, 1.0 / 6.0, -1.0 / 24.0, 1.0 / 120.0, -1.0 / 720.0, 1.0 / 5040.0, -1.0 / 40320.0];
    let series = special::polynomial::<FMA, 8>(&SERIES, y);
    let direct = (1.0 - special::exp::<FMA>(-y)) / y;
    if y.abs() < SERIES_BELOW { series } else { direct }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_decay_agrees_on_both_sides_of_the_seam() {
        assert_eq!(mean_decay::<false>(0.0), 1.0);
        for y in [1e-12, 1e-6, 0.01, 0.03, 0.0312, 0.0313, 0.04, 0.5, 3.0, 50.0, -1e-9, -0.031, -0.032, -1.5]
        {
            let exact = -f64::exp_m1(-y) / y;
            let found = mean_decay::<false>(y);
            assert!((found / exact - 1.0).abs() < 1e-14, "{y}: {found} is not {exact}");
        }
    }

    #[test]
    fn spot_loadings_are_those_of_the_fit() {
        let curve = VixCurve::new(&Curve::default());
        for (found, fitted) in curve.spot_loading.into_iter().zip([1.886, 1.134, 1.004]) {
            assert!((found - fitted).abs() < 1e-3);
        }
    }

    #[test]
    fn vix_is_the_swap_of_21_sessions_and_the_future_of_tenor_zero() {
        let curve = VixCurve::new(&Curve::default());
        for x in [[-0.03, -0.24, 0.1], [0.8, 0.3, -0.1], [-0.5, -0.6, 0.4]] {
            let vix = curve.vix::<false>(x);
            let kept = curve.slope_kept::<false>(x);
            assert!((curve.variance_swap::<false>(x, kept, MONTH_SESSIONS) / vix - 1.0).abs() < 1e-14);
            let (future, v) = curve.future::<false>(x, 0.0);
            assert_eq!(v, 0.0);
            assert!((future / vix - 1.0).abs() < 1e-14);
        }
    }

    /// Where a factor has spiked the curve falls by the steepest allowed slope, to what is lost between two measured tenors;
    /// elsewhere it is the line in the factors, to the bit.
    #[test]
    fn no_curve_falls_more_steeply_than_is_allowed() {
        let curve = VixCurve::new(&Curve { slope_short: 0.0, slope_long: 0.0, ..Curve::default() });
        for x in [[1.2, 0.0, 0.0], [2.5, 0.9, 0.3], [0.0, 1.5, 0.0], [0.9, -0.6, 0.2], [0.2, 0.3, 0.2]] {
            let kept = curve.slope_kept::<false>(x);
            let log = |kept: f64, sessions: f64| {
                (curve.variance_swap::<false>(x, kept, sessions) - curve.floor).ln()
            };
            let steepest = (0..400)
                .map(|i| 0.5 * (600.0_f64 / 0.5).powf(f64::from(i) / 400.0))
                .map(|n| (log(kept, n) - log(kept, 1.01 * n)) / 1.01_f64.ln())
                .fold(0.0, f64::max);
            assert!(steepest < 1.02 * STEEPEST_FALL, "{steepest} at {x:?}");
            assert!(kept == 1.0 || steepest > 0.98 * STEEPEST_FALL, "{steepest} at {x:?}");
            if kept == 1.0 {
                let (constant, loading) = curve.swap_line::<false>(63.0);
                let line = (0..FACTORS).fold(constant, |sum, f| fma::<false>(loading[f], x[f], sum));
                let swap = curve.variance_swap::<false>(x, kept, 63.0);
                assert_eq!(swap, curve.floor + special::exp::<false>(line));
            }
        }
        assert_eq!(curve.slope_kept::<false>([0.2, 0.3, 0.2]), 1.0);
    }

    #[test]
    fn futures_are_monotone_in_each_factor_and_less_so_far_out() {
        let curve = VixCurve::new(&Curve::default());
        for f in 0..FACTORS {
            let mut last = f64::INFINITY;
            for days in [0.0, 10.0, 30.0, 90.0, 180.0, 400.0] {
                let mut x = [0.0; FACTORS];
                let (low, _) = curve.future::<false>(x, days / DAYS_PER_YEAR);
                x[f] = 0.1;
                let (high, _) = curve.future::<false>(x, days / DAYS_PER_YEAR);
                let response = ((high - 6.0) / (low - 6.0)).ln();
                assert!(response > 0.0 && response < last);
                last = response;
            }
        }
    }

    /// The limit of far tenors is the stationary lognormal mean under the pricing measure.
    #[test]
    fn far_futures_forget_the_state() {
        let curve = VixCurve::new(&Curve::default());
        let (calm, v) = curve.future::<false>([-0.5, -0.5, -0.2], 500.0);
        let (wild, _) = curve.future::<false>([1.0, 0.5, 0.4], 500.0);
        let limit = 6.0 + (2.635 + 0.5 * v).exp();
        assert!((calm / limit - 1.0).abs() < 1e-12 && (wild / limit - 1.0).abs() < 1e-12);
    }
}
