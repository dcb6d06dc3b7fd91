//! The two forms of a slice as vectors of free parameters.

use crate::pricing::svi::{Essvi, Svi};

/// Parameters of the hyperbola in which w and its derivatives are simplest: a, b, c = b ρ, m, σ.
pub(super) const RAW: usize = 5;

/// Wings stay so far below the slope 2 of Lee's bound.
const STEEPEST: f64 = 1.999;
/// A share of the largest ζ.
const MOST_CURVED: f64 = 0.9999;
const LEAST_CURVED: f64 = 1e-3;
const MOST_SKEWED: f64 = 0.999;
/// Total variance of eSSVI slices, up to which the first of the two conditions on ζ is the stricter one.
const MOST_VARIANCE: f64 = 2.0;

/// A parametrisation of slices by P free numbers.
pub(super) trait Form<const P: usize>: Sync {
    /// The slice at a point.
    fn slice(at: &[f64; P]) -> Svi;
    /// How a, b, c, m and σ change with each parameter.
    fn jacobian(at: &[f64; P]) -> [[f64; P]; RAW];
    /// The ranges of the parameters, for smiles with such a total deviation at the money.
    fn bounds(deviation: f64) -> [[f64; 2]; P];
}

/// ln of both wings' slopes, m, ln σ, ln of the least variance: every point in the box is a slice with w > 0.
pub(super) struct Wings;

impl Wings {
    pub(super) fn of(slice: &Svi) -> [f64; 5] {
        let [left, right] = slice.wings();
        [left.ln(), right.ln(), slice.m, slice.sigma.ln(), slice.minimum().ln()]
    }
}

impl Form<5> for Wings {
    fn slice(&[left, right, m, sigma, least]: &[f64; 5]) -> Svi {
        let (left, right, sigma) = (left.exp(), right.exp(), sigma.exp());
        let b = 0.5 * (left + right);
        let a = least.exp() - sigma * (left * right).sqrt();
        Svi { a, b, rho: (right - left) / (right + left), m, sigma }
    }

    fn jacobian(&[left, right, _, sigma, least]: &[f64; 5]) -> [[f64; 5]; RAW] {
        let (left, right, sigma) = (left.exp(), right.exp(), sigma.exp());
        let depth = sigma * (left * right).sqrt();
        [
            [-0.5 * depth, -0.5 * depth, 0.0, -depth, least.exp()],
            [0.5 * left, 0.5 * right, 0.0, 0.0, 0.0],
            [-0.5 * left, 0.5 * right, 0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, sigma, 0.0],
        ]
    }

    fn bounds(deviation: f64) -> [[f64; 2]; 5] {
        let slope = [(1e-4 * deviation).ln(), STEEPEST.ln()];
        let variance = deviation * deviation;
        [
            slope,
            slope,
            [-10.0 * deviation, 10.0 * deviation],
            [(0.02 * deviation).ln(), (20.0 * deviation).ln()],
            [(1e-4 * variance).ln(), (4.0 * variance).ln()],
        ]
    }
}

/// ln θ, ρ, and ln of ζ over the largest ζ without butterfly arbitrage: the box holds none.
pub(super) struct Curved;

impl Curved {
    pub(super) fn of(slice: &Essvi) -> [f64; 3] {
        let most = Essvi::most_zeta(slice.theta, slice.rho);
        [slice.theta.ln(), slice.rho, (slice.zeta / most).ln()]
    }

    pub(super) fn essvi(&[theta, rho, curved]: &[f64; 3]) -> Essvi {
        let theta = theta.exp();
        Essvi { theta, rho, zeta: Essvi::most_zeta(theta, rho) * curved.exp() }
    }
}

impl Form<3> for Curved {
    fn slice(at: &[f64; 3]) -> Svi {
        Self::essvi(at).raw()
    }

    fn jacobian(at: &[f64; 3]) -> [[f64; 3]; RAW] {
        let slice = Self::essvi(at);
        let Essvi { theta, rho, zeta } = slice;
        let Svi { a, b, m, sigma, .. } = slice.raw();
        let c = b * rho;
        let scale = theta.sqrt() / zeta;
        // the largest ζ is 2/√(1 + |ρ|)
        let bend = -0.5 * rho.signum() / (1.0 + rho.abs());
        [
            [a, -theta * rho, 0.0],
            [0.5 * b, b * bend, b],
            [0.5 * c, b + c * bend, c],
            [0.5 * m, -scale - m * bend, -m],
            [0.5 * sigma, -rho / (1.0 - rho * rho).sqrt() * scale - sigma * bend, -sigma],
        ]
    }

    fn bounds(deviation: f64) -> [[f64; 2]; 3] {
        let theta = deviation * deviation;
        let most = (4.0 * theta).min(MOST_VARIANCE);
        [
            [(0.25 * theta).min(most).ln(), most.ln()],
            [-MOST_SKEWED, MOST_SKEWED],
            [LEAST_CURVED.ln(), MOST_CURVED.ln()],
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: f64 = 1e-6;

    fn raw(slice: Svi) -> [f64; RAW] {
        [slice.a, slice.b, slice.b * slice.rho, slice.m, slice.sigma]
    }

    fn differences<F: Form<P>, const P: usize>(at: [f64; P]) {
        let jacobian = F::jacobian(&at);
        for j in 0..P {
            let moved = |by: f64| {
                let mut at = at;
                at[j] += by;
                raw(F::slice(&at))
            };
            let (up, down) = (moved(STEP), moved(-STEP));
            for i in 0..RAW {
                let difference = (up[i] - down[i]) / (2.0 * STEP);
                assert!((difference - jacobian[i][j]).abs() < 1e-9, "{i} by {j}: {difference}");
            }
        }
    }

    #[test]
    fn jacobians_are_the_differences() {
        let slice = Svi { a: 0.01, b: 0.12, rho: -0.6, m: 0.04, sigma: 0.09 };
        differences::<Wings, 5>(Wings::of(&slice));
        for rho in [-0.7, 0.4] {
            differences::<Curved, 3>(Curved::of(&Essvi { theta: 0.01, rho, zeta: 0.9 }));
        }
    }

    #[test]
    fn a_slice_comes_back_from_its_parameters() {
        let slice = Svi { a: 0.01, b: 0.12, rho: -0.6, m: 0.04, sigma: 0.09 };
        let again = raw(Wings::slice(&Wings::of(&slice)));
        assert!(raw(slice).iter().zip(again).all(|(x, y)| (x - y).abs() < 1e-15));
        let slice = Essvi { theta: 0.01, rho: -0.5, zeta: 0.9 };
        let again = Curved::essvi(&Curved::of(&slice));
        assert!((again.zeta - 0.9).abs() < 1e-15 && (again.theta - 0.01).abs() < 1e-16);
    }
}
