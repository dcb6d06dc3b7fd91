//! Moving average convergence and divergence: the line.

use super::{Closes, Indicator, weekly::PerLane};
use crate::math::lanes::{Col, LANES};

/// Exponential mean of the spot over 12 sessions less that over 26 (G. Appel, The Moving Average Convergence-Divergence
/// Trading Method, 1985). A missing spot makes the lane start anew.
#[derive(Debug)]
pub(super) struct Macd {
    fast: Mean,
    slow: Mean,
}

impl Macd {
    pub fn new() -> Self {
        Self { fast: Mean::new(12), slow: Mean::new(26) }
    }
}

impl Indicator for Macd {
    fn warm_up(&self) -> u32 {
        self.slow.sessions - 1
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        for lane in 0..LANES {
            out[lane] = self.push(lane, now.spot[lane]);
        }
    }
}

impl PerLane for Macd {
    #[inline]
    fn push(&mut self, lane: usize, spot: f64) -> f64 {
        self.fast.push(lane, spot) - self.slow.push(lane, spot)
    }
}

/// An exponential mean of every lane: the plain mean of the first n values, then `mean + 2 / (n + 1) (value - mean)`.
#[derive(Debug)]
pub(super) struct Mean {
    pub sessions: u32,
    value: Col,
    seen: [u32; LANES],
}

impl Mean {
    pub fn new(sessions: u32) -> Self {
        Self { sessions, value: Col::default(), seen: [0; LANES] }
    }

    /// Takes in a value of the lane; NaN until n have come in a row.
    #[inline]
    pub fn push(&mut self, lane: usize, value: f64) -> f64 {
        if !value.is_finite() {
            (self.seen[lane], self.value[lane]) = (0, 0.0);
            return f64::NAN;
        }
        let n = f64::from(self.sessions);
        let filling = self.seen[lane] < self.sessions;
        self.seen[lane] = (self.seen[lane] + 1).min(self.sessions);
        let weight = if filling { 1.0 / f64::from(self.seen[lane]) } else { 2.0 / (n + 1.0) };
        self.value[lane] += weight * (value - self.value[lane]);
        if self.seen[lane] == self.sessions { self.value[lane] } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: an exponential mean over n sessions of a ramp lags (n - 1) / 2 sessions behind, as the plain mean that starts
    /// it does, so that on a rise of one point a session the line is (26 - 12) / 2 from its first value on.
    #[test]
    fn on_a_ramp_the_line_is_seven() {
        let (mut macd, mut out) = (Macd::new(), Col::default());
        for session in 0..80_u32 {
            let spot = Col::splat(5000.0 + f64::from(session));
            macd.step(&Closes::daily(&spot, &Col::default()), &mut out);
            assert_eq!(out[0].is_nan(), session < 25);
            assert!(session < 25 || (out[0] - 7.0).abs() < 1e-9, "{session}: {}", out[0]);
        }
    }
}
