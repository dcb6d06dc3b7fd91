//! A slice and its density at a place, with their gradients in a, b, c = b ρ, m and σ.

use super::form::RAW;
use crate::pricing::svi::{Curve, Svi};

/// w = a + c x + b q with x = k − m and q = √(x² + σ²).
pub(super) struct Hyperbola {
    a: f64,
    b: f64,
    c: f64,
    m: f64,
    sigma: f64,
}

/// A hyperbola at one place.
pub(super) struct Point<'a> {
    of: &'a Hyperbola,
    x: f64,
    q: f64,
}

impl Hyperbola {
    pub(super) fn of(slice: &Svi) -> Self {
        Self { a: slice.a, b: slice.b, c: slice.b * slice.rho, m: slice.m, sigma: slice.sigma }
    }

    #[inline(always)]
    pub(super) fn at(&self, k: f64) -> Point<'_> {
        let x = k - self.m;
        Point { of: self, x, q: (x * x + self.sigma * self.sigma).sqrt() }
    }
}

impl Point<'_> {
    #[inline(always)]
    pub(super) fn value(&self) -> f64 {
        self.of.a + self.of.c * self.x + self.of.b * self.q
    }

    pub(super) fn curve(&self) -> Curve {
        let Hyperbola { b, c, sigma, .. } = *self.of;
        Curve {
            value: self.value(),
            slope: c + b * self.x / self.q,
            curvature: b * sigma * sigma / (self.q * self.q * self.q),
        }
    }

    #[inline(always)]
    pub(super) fn value_gradient(&self) -> [f64; RAW] {
        let Hyperbola { b, c, sigma, .. } = *self.of;
        let per = 1.0 / self.q;
        [1.0, self.q, self.x, -(c + b * self.x * per), b * sigma * per]
    }

    pub(super) fn durrleman_gradient(&self, k: f64, curve: Curve) -> [f64; RAW] {
        let Hyperbola { b, sigma, .. } = *self.of;
        let (x, q) = (self.x, self.q);
        let variance = sigma * sigma;
        let cube = q * q * q;
        let value = self.value_gradient();
        let slope = [0.0, x / q, 1.0, -b * variance / cube, -b * x * sigma / cube];
        let curvature = [
            0.0,
            variance / cube,
            0.0,
            3.0 * b * variance * x / (cube * q * q),
            b * sigma * (2.0 - 3.0 * variance / (q * q)) / cube,
        ];
        let Curve { value: w, slope: w1, .. } = curve;
        let lean = 1.0 - 0.5 * k * w1 / w;
        let by_value = (lean * k * w1 + 0.25 * w1 * w1) / (w * w);
        let by_slope = -lean * k / w - 0.5 * w1 * (1.0 / w + 0.25);
        std::array::from_fn(|i| by_value * value[i] + by_slope * slope[i] + 0.5 * curvature[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::svi::durrleman;

    const STEP: f64 = 1e-6;

    #[test]
    fn gradients_are_differences() {
        let [a, b, c, m, sigma] = [0.002, 0.12, -0.07, 0.04, 0.09];
        let at = |[a, b, c, m, sigma]: [f64; RAW]| Hyperbola { a, b, c, m, sigma };
        for k in [-0.4, 0.0, 0.1] {
            let here = at([a, b, c, m, sigma]);
            let point = here.at(k);
            let value = point.value_gradient();
            let density = point.durrleman_gradient(k, point.curve());
            for i in 0..RAW {
                let moved = |by: f64| {
                    let mut raw = [a, b, c, m, sigma];
                    raw[i] += by;
                    let there = at(raw);
                    (there.at(k).value(), durrleman(k, there.at(k).curve()))
                };
                let (up, down) = (moved(STEP), moved(-STEP));
                assert!(((up.0 - down.0) / (2.0 * STEP) - value[i]).abs() < 1e-8, "w by {i} at {k}");
                let difference = (up.1 - down.1) / (2.0 * STEP);
                assert!((difference - density[i]).abs() < 1e-4 * (1.0 + difference.abs()), "g by {i} at {k}");
            }
        }
    }
}
