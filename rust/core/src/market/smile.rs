//! The SPX smile: eSSVI slices whose θ prices the variance swap of the curve.
//!
//! Total variance at log-moneyness k is `w = θ/2 [1 + ρζz + √((ζz + ρ)² + 1 − ρ²)]` with z = k/√θ
//! (Gatheral and Jacquier 2014; Hendriks and Martini 2019). ρ and ζ depend on tenor and on θ itself, and θ is
//! such that the slice's own variance swap, `θ R(ρ, ζ, √θ)`, is the one of the curve: a fixed point.

use super::curve::MONTH_SESSIONS;
use super::parameters::Smile;
use crate::math::simd::fma;
use crate::math::special;

/// Total variance of 30 days at 17.3 vol, at which the shape parameters are quoted.
const REFERENCE_VARIANCE: f64 = 0.0025;
/// Tenors below this many sessions have the shape of this one.
const SHORTEST_SHAPE: f64 = 0.25;
/// Share of the largest ζ for which a slice admits no butterfly arbitrage, ζ² (1 + |ρ|) ≤ 4.
const BUTTERFLY_MARGIN: f64 = 0.999;
/// First guess of R: it lies between 1.04 and 2.2 for VIX 8–150 and up to 400 sessions.
pub(super) const TYPICAL_R: f64 = 1.3;
/// Newton steps from there. Measured over that range: relative error 5e-4, 2e-8, below 1e-15 after two, three
/// and four; below 1e-9 after four where the day moves skew and curvature by .4.
pub(super) const NEWTON_STEPS: usize = 4;

/// One slice: at-the-money total variance, skew and scaled curvature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Essvi {
    pub theta: f64,
    pub rho: f64,
    pub zeta: f64,
}

/// A slice to be found: θ R = target, and the parts of |ρ| and of ln ζ that do not depend on θ.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    pub target: f64,
    pub skew: f64,
    pub curvature: f64,
}

/// |ρ| and ζ at some θ, and their derivatives in ln θ.
#[derive(Clone, Copy)]
struct Shape {
    r: f64,
    z: f64,
    r_slope: f64,
    z_slope: f64,
}

/// A [`Smile`] as the kernels read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SmileRule {
    skew_level: f64,
    skew_slope: f64,
    skew_bounds: [f64; 2],
    curvature_level: f64,
    curvature_tenor: f64,
    curvature_variance: f64,
    short_dip: f64,
    dip_rate: f64,
    inverse_scale: f64,
    inverse_low_vix: f64,
    low_vix_lag: f64,
}

impl SmileRule {
    pub(super) fn new(smile: &Smile) -> Self {
        Self {
            skew_level: smile.skew_level,
            skew_slope: smile.skew_slope,
            skew_bounds: smile.skew_bounds,
            curvature_level: smile.curvature_level,
            curvature_tenor: smile.curvature_tenor,
            curvature_variance: smile.curvature_variance,
            short_dip: smile.short_dip,
            dip_rate: 1.0 / smile.short_dip_sessions,
            inverse_scale: 1.0 / smile.index_scale,
            inverse_low_vix: 1.0 / smile.low_vix,
            low_vix_lag: smile.low_vix_lag,
        }
    }

    /// Share of the curve's vol at which a slice of so many sessions trades: below 1 at the short end.
    #[inline(always)]
    pub(super) fn tenor_share<const FMA: bool>(&self, sessions: f64) -> f64 {
        1.0 - self.short_dip * special::exp::<FMA>((1.0 - sessions) * self.dip_rate)
    }

    /// Share of the curve's vol at which slices of every tenor trade: 1 but for a low VIX (points).
    #[inline(always)]
    pub(super) fn level_share<const FMA: bool>(&self, vix: f64) -> f64 {
        fma::<FMA>(-self.low_vix_lag, fma::<FMA>(-vix, self.inverse_low_vix, 1.0).max(0.0), 1.0)
    }

    /// What the fixed point of one slice starts from: its variance swap has the vol `swap` (decimal) over
    /// `sessions` > 0, that is `years`.
    #[inline(always)]
    pub(super) fn aim<const FMA: bool>(&self, swap: f64, sessions: f64, years: f64) -> Aim {
        let vol = swap * self.inverse_scale;
        let tenor = sessions.max(SHORTEST_SHAPE) * (1.0 / MONTH_SESSIONS);
        let curvature = fma::<FMA>(self.curvature_tenor, special::ln::<FMA>(tenor), self.curvature_level);
        Aim { target: vol * vol * years, skew: self.skew_level, curvature }
    }

    /// One Newton step: θ R(θ) = target is nearly linear in θ.
    #[inline(always)]
    pub(super) fn improve<const FMA: bool>(&self, aim: Aim, theta: f64) -> f64 {
        let shape = self.shape::<FMA>(theta, aim);
        let (ratio, slope) = swap_ratio::<FMA>(shape, theta.sqrt());
        theta - fma::<FMA>(theta, ratio, -aim.target) / (ratio + slope)
    }

    /// The slice of a θ that solves it.
    #[inline(always)]
    pub(super) fn slice<const FMA: bool>(&self, aim: Aim, theta: f64) -> Essvi {
        let Shape { r, z, .. } = self.shape::<FMA>(theta, aim);
        Essvi { theta, rho: -r, zeta: z }
    }

    #[inline(always)]
    fn shape<const FMA: bool>(&self, theta: f64, aim: Aim) -> Shape {
        let t = special::ln::<FMA>(theta * (1.0 / REFERENCE_VARIANCE));
        let [low, high] = self.skew_bounds;
        let free = fma::<FMA>(self.skew_slope, t, aim.skew);
        let r = free.max(low).min(high);
        let r_slope = if r == free { self.skew_slope } else { 0.0 };
        let free = special::exp::<FMA>(fma::<FMA>(self.curvature_variance, t, aim.curvature));
        let bound = (2.0 * BUTTERFLY_MARGIN) / (1.0 + r).sqrt();
        let z = free.min(bound);
        let z_slope =
            if z == free { self.curvature_variance * z } else { -0.5 * bound / (1.0 + r) * r_slope };
        Shape { r, z, r_slope, z_slope }
    }
}

/// R, the variance swap of a slice over its θ, and dR / d ln θ, with u = √θ.
///
/// A polynomial in (r, ζ, u) fitted to the integral of the slice, within 0.3% for u up to 0.32:
/// `R = 1 + ζ²(a + bζ²) + r ζ u (c + dζ + eu) + r² ζ² (f + gζ + hζ²)`.
#[inline(always)]
fn swap_ratio<const FMA: bool>(shape: Shape, u: f64) -> (f64, f64) {
    const A: f64 = 0.2480;
    const B: f64 = -0.0007;
    const C: f64 = -0.1495;
    const D: f64 = 1.1043;
    const E: f64 = 0.7298;
    const F: f64 = 0.4091;
    const G: f64 = -0.3224;
    const H: f64 = 0.1592;
    let Shape { r, z, r_slope, z_slope } = shape;
    let zz = z * z;
    let skewed = u * fma::<FMA>(D, z, fma::<FMA>(E, u, C));
    let squared = z * fma::<FMA>(z, fma::<FMA>(H, z, G), F);
    let ratio = fma::<FMA>(zz, fma::<FMA>(B, zz, A), fma::<FMA>(r * z, fma::<FMA>(r, squared, skewed), 1.0));
    let in_r = z * fma::<FMA>(2.0 * r, squared, skewed);
    let in_z = z * fma::<FMA>(4.0 * B, zz, 2.0 * A)
        + r * fma::<FMA>(D * z, u, skewed)
        + r * r * z * fma::<FMA>(z, fma::<FMA>(4.0 * H, z, 3.0 * G), 2.0 * F);
    let half_in_ln_u = 0.5 * r * z * u * fma::<FMA>(D, z, fma::<FMA>(2.0 * E, u, C));
    (ratio, fma::<FMA>(in_r, r_slope, fma::<FMA>(in_z, z_slope, half_in_ln_u)))
}

/// √w at log-moneyness k: total standard deviation; 0 where θ is 0.
#[inline(always)]
pub(super) fn total_sd<const FMA: bool>(slice: Essvi, k: f64) -> f64 {
    let Essvi { theta, rho, zeta } = slice;
    // θ = 0 divides by one instead: the product below is 0 all the same.
    let root = if theta > 0.0 { theta.sqrt() } else { 1.0 };
    let a = zeta * k / root;
    let b = a + rho;
    let inside = fma::<FMA>(b, b, fma::<FMA>(-rho, rho, 1.0));
    (0.5 * theta * (fma::<FMA>(rho, a, 1.0) + inside.sqrt())).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::PERCENT;
    use crate::market::curve::{VixCurve, session_years};
    use crate::market::kalman::Filter;
    use crate::market::parameters::{Curve, Dynamics};

    /// The naive twin: the fixed point by plain iteration.
    fn iterated(rule: &SmileRule, swap: f64, sessions: f64, [skew, curvature]: [f64; 2]) -> f64 {
        let target = (swap * rule.inverse_scale).powi(2) * session_years(sessions);
        let tenor = (sessions.max(SHORTEST_SHAPE) / MONTH_SESSIONS).ln();
        let aim = Aim {
            target,
            skew: rule.skew_level + skew,
            curvature: rule.curvature_level + rule.curvature_tenor * tenor + curvature,
        };
        (0..60).fold(target, |theta, _| {
            target / swap_ratio::<false>(rule.shape::<false>(theta, aim), theta.sqrt()).0
        })
    }

    /// The polynomial as it was fitted.
    fn published_ratio(r: f64, z: f64, u: f64) -> f64 {
        1.0 + 0.2480 * z.powi(2) + 0.4091 * z.powi(2) * r.powi(2) - 0.1495 * r * z * u - 0.0007 * z.powi(4)
            + 0.1592 * z.powi(4) * r.powi(2)
            + 1.1043 * z.powi(2) * r * u
            + 0.7298 * r * z * u.powi(2)
            - 0.3224 * z.powi(3) * r.powi(2)
    }

    #[test]
    fn newton_equals_sixty_plain_iterations() {
        let rule = SmileRule::new(&Smile::default());
        let filter = Filter::new(&Curve::default(), &Dynamics::default());
        let curve = VixCurve::new(&Curve::default());
        let (mut worst, mut worst_moved): (f64, f64) = (0.0, 0.0);
        for i in 0..=120 {
            let sessions = 0.25 * (400.0_f64 / 0.25).powf(f64::from(i) / 120.0);
            for vix in 8..=150 {
                let x = filter.clone().observe(f64::from(vix));
                let kept = curve.slope_kept::<false>(x);
                let swap = curve.variance_swap::<false>(x, kept, sessions) / PERCENT;
                let template = rule.aim::<false>(swap, sessions, session_years(sessions));
                // The template, and four standard deviations of its daily state.
                for shift @ [skew, curvature] in
                    [[0.0, 0.0], [0.4, 0.4], [-0.4, -0.4], [0.4, -0.4], [-0.4, 0.4]]
                {
                    let aim = Aim {
                        skew: template.skew + skew,
                        curvature: template.curvature + curvature,
                        ..template
                    };
                    let first = aim.target / TYPICAL_R;
                    let found = (0..NEWTON_STEPS).fold(first, |theta, _| rule.improve::<false>(aim, theta));
                    let error = (found / iterated(&rule, swap, sessions, shift) - 1.0).abs();
                    let worst = if shift == [0.0; 2] { &mut worst } else { &mut worst_moved };
                    *worst = worst.max(error);
                }
            }
        }
        assert!(worst < 1e-14 && worst_moved < 1e-9, "relative errors {worst:e}, {worst_moved:e}");
    }

    #[test]
    fn swap_ratio_and_its_slope_are_those_of_the_fit() {
        let rule = SmileRule::new(&Smile::default());
        for theta in [1e-5, 1e-4, 0.0025, 0.02, 0.3] {
            let at = |theta: f64| {
                let shape = rule.shape::<false>(theta, Aim { target: 0.0, skew: 0.5, curvature: -0.2 });
                (swap_ratio::<false>(shape, theta.sqrt()), published_ratio(shape.r, shape.z, theta.sqrt()))
            };
            let ((ratio, slope), published) = at(theta);
            assert!((ratio / published - 1.0).abs() < 1e-14);
            let step: f64 = 1e-5;
            let difference = (at(theta * step.exp()).1 - at(theta * (-step).exp()).1) / (2.0 * step);
            assert!((slope - difference).abs() < 1e-8, "{slope} is not {difference} at {theta}");
        }
    }

    #[test]
    fn zero_variance_has_zero_deviation_at_every_strike() {
        for k in [-0.5, 0.0, 0.5] {
            assert_eq!(total_sd::<false>(Essvi { theta: 0.0, rho: -0.5, zeta: 1.0 }, k), 0.0);
        }
    }
}
