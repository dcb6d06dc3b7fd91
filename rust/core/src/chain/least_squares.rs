//! Levenberg–Marquardt inside a box: small dense problems, deterministic, with no allocation.
//!
//! The damping multiplies the diagonal of `JᵀJ`, so that units of parameters do not matter. A parameter at an end
//! of its range whose gradient points outwards stands still for that step.

const MOST_STEPS: usize = 60;
const FIRST_DAMPING: f64 = 1e-3;
const LEAST_DAMPING: f64 = 1e-12;
const MOST_DAMPING: f64 = 1e9;
const RELAX: f64 = 0.2;
const TIGHTEN: f64 = 4.0;
/// Keeps the diagonal of a parameter with no say positive.
const TINY: f64 = 1e-30;

/// An objective at one point: half its gradient, and the Gauss–Newton matrix `JᵀJ`.
pub(super) struct Normal<const P: usize> {
    pub objective: f64,
    pub gradient: [f64; P],
    pub matrix: [[f64; P]; P],
}

/// What is minimised.
pub(super) trait Problem<const P: usize> {
    /// Objective, gradient and matrix.
    fn normal(&self, at: &[f64; P]) -> Normal<P>;
    /// The objective alone.
    fn objective(&self, at: &[f64; P]) -> f64;
    /// Least and largest value of each parameter.
    fn bounds(&self) -> &[[f64; 2]; P];
}

/// The point that a start descends to, and the objective there. A step that lowers the objective by less than the
/// part `enough` of it ends the search.
pub(super) fn minimise<const P: usize>(
    problem: &impl Problem<P>,
    start: [f64; P],
    enough: f64,
) -> ([f64; P], f64) {
    let bounds = problem.bounds();
    let mut at = clamped(start, bounds);
    let mut normal = problem.normal(&at);
    let mut damping = FIRST_DAMPING;
    for _ in 0..MOST_STEPS {
        let Some(next) = step(&normal, &at, bounds, damping) else { break };
        let objective = problem.objective(&next);
        if objective < normal.objective {
            let gained = normal.objective - objective;
            let end = gained < enough * normal.objective;
            at = next;
            damping = (damping * RELAX).max(LEAST_DAMPING);
            if end {
                return (at, objective);
            }
            normal = problem.normal(&at);
        } else {
            damping *= TIGHTEN;
            if damping > MOST_DAMPING {
                break;
            }
        }
    }
    (at, normal.objective)
}

fn clamped<const P: usize>(mut at: [f64; P], bounds: &[[f64; 2]; P]) -> [f64; P] {
    for (x, [low, high]) in at.iter_mut().zip(bounds) {
        *x = x.clamp(*low, *high);
    }
    at
}

/// The damped Gauss–Newton step, cut to the box; None where it leads nowhere.
fn step<const P: usize>(
    normal: &Normal<P>,
    at: &[f64; P],
    bounds: &[[f64; 2]; P],
    damping: f64,
) -> Option<[f64; P]> {
    let mut matrix = normal.matrix;
    let mut right = normal.gradient.map(|x| -x);
    for i in 0..P {
        let [low, high] = bounds[i];
        let outwards = (at[i] <= low && right[i] < 0.0) || (at[i] >= high && right[i] > 0.0);
        if outwards {
            right[i] = 0.0;
            for j in 0..P {
                (matrix[i][j], matrix[j][i]) = (0.0, 0.0);
            }
            matrix[i][i] = 1.0;
        } else {
            matrix[i][i] += damping * matrix[i][i] + TINY;
        }
    }
    let move_by = solve(matrix, right)?;
    let next = clamped(std::array::from_fn(|i| at[i] + move_by[i]), bounds);
    (next != *at).then_some(next)
}

/// Solves a symmetric positive definite system by Cholesky's factors; None where it is not definite.
fn solve<const P: usize>(mut matrix: [[f64; P]; P], mut right: [f64; P]) -> Option<[f64; P]> {
    for j in 0..P {
        for k in 0..j {
            matrix[j][j] -= matrix[j][k] * matrix[j][k];
        }
        if matrix[j][j].is_nan() || matrix[j][j] <= 0.0 {
            return None;
        }
        matrix[j][j] = matrix[j][j].sqrt();
        for i in j + 1..P {
            for k in 0..j {
                matrix[i][j] -= matrix[i][k] * matrix[j][k];
            }
            matrix[i][j] /= matrix[j][j];
        }
    }
    for i in 0..P {
        for k in 0..i {
            right[i] -= matrix[i][k] * right[k];
        }
        right[i] /= matrix[i][i];
    }
    for i in (0..P).rev() {
        for k in i + 1..P {
            right[i] -= matrix[k][i] * right[k];
        }
        right[i] /= matrix[i][i];
    }
    right.iter().all(|x| x.is_finite()).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley as least squares: residuals 10 (y − x²) and 1 − x.
    struct Valley([[f64; 2]; 2]);

    impl Problem<2> for Valley {
        fn normal(&self, &[x, y]: &[f64; 2]) -> Normal<2> {
            let (r, s) = (10.0 * (y - x * x), 1.0 - x);
            let (rx, ry) = (-20.0 * x, 10.0);
            Normal {
                objective: r * r + s * s,
                gradient: [rx * r - s, ry * r],
                matrix: [[rx * rx + 1.0, rx * ry], [rx * ry, ry * ry]],
            }
        }
        fn objective(&self, at: &[f64; 2]) -> f64 {
            self.normal(at).objective
        }
        fn bounds(&self) -> &[[f64; 2]; 2] {
            &self.0
        }
    }

    #[test]
    fn the_valley_is_followed_to_its_end() {
        let (at, objective) = minimise(&Valley([[-5.0, 5.0]; 2]), [-1.2, 1.0], 1e-12);
        assert!(objective < 1e-12, "{at:?}");
    }

    #[test]
    fn a_bound_stops_one_parameter_and_not_the_other() {
        let (at, _) = minimise(&Valley([[-5.0, 0.5], [-5.0, 5.0]]), [-1.2, 1.0], 1e-12);
        assert_eq!(at[0], 0.5);
        assert!((at[1] - 0.25).abs() < 1e-6, "{at:?}");
    }

    #[test]
    fn a_singular_system_has_no_solution() {
        assert!(solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 2.0]).is_none());
        let [x, y] = solve([[4.0, 2.0], [2.0, 3.0]], [2.0, 3.0]).unwrap();
        assert!(x.abs() < 1e-15 && (y - 1.0).abs() < 1e-15);
    }
}
