//! Wilder's relative strength index.

use super::{Closes, Indicator, weekly::PerLane};
use crate::math::lanes::{Col, LANES};

/// `100 · G / (G + L)`, where G and L are Wilder's averages of the gains and losses of the last sessions.
///
/// The averages start as the plain means of the first N changes and go on as `((N−1)·average + new) / N`
/// (J. W. Wilder, New Concepts in Technical Trading Systems, 1978). Without any move, 0/0, the signal is missing. A
/// missing spot makes the lane start anew.
#[derive(Debug)]
pub(super) struct Rsi<const N: u32> {
    previous: Col,
    gain: Col,
    loss: Col,
    /// Changes taken into the averages so far, up to N.
    changes: [u32; LANES],
}

impl<const N: u32> Rsi<N> {
    pub fn new() -> Self {
        Self {
            previous: Col::splat(f64::NAN),
            gain: Col::default(),
            loss: Col::default(),
            changes: [0; LANES],
        }
    }

    /// Takes a change into the lane's averages; while they fill, the weight is that of a plain mean.
    fn smooth(&mut self, lane: usize, change: f64) {
        self.changes[lane] = (self.changes[lane] + 1).min(N);
        let n = f64::from(self.changes[lane]);
        self.gain[lane] = ((n - 1.0) * self.gain[lane] + change.max(0.0)) / n;
        self.loss[lane] = ((n - 1.0) * self.loss[lane] + (-change).max(0.0)) / n;
    }
}

impl<const N: u32> Indicator for Rsi<N> {
    fn warm_up(&self) -> u32 {
        N
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

impl<const N: u32> PerLane for Rsi<N> {
    #[inline]
    fn push(&mut self, lane: usize, spot: f64) -> f64 {
        let change = spot - self.previous[lane];
        self.previous[lane] = spot;
        if change.is_finite() {
            self.smooth(lane, change);
        } else {
            (self.changes[lane], self.gain[lane], self.loss[lane]) = (0, 0.0, 0.0);
        }
        let warm = self.changes[lane] == N;
        let index = 100.0 * self.gain[lane] / (self.gain[lane] + self.loss[lane]);
        if warm { index } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published to two decimals.
    const TOLERANCE: f64 = 0.005 + 1e-9;

    #[test]
    fn published_example() {
        let table =
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/rsi14_stockcharts.csv"));
        let mut rsi = Rsi::<14>::new();
        let mut out = Col::default();
        let mut compared = 0;
        for row in table.lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            let spot = Col::splat(cells[1].parse().unwrap());
            rsi.step(&Closes::daily(&spot, &Col::default()), &mut out);
            match cells[2].parse::<f64>() {
                Ok(published) => {
                    assert!((out[0] - published).abs() < TOLERANCE, "{row}: {}", out[0]);
                    compared += 1;
                }
                Err(_) => assert!(out[0].is_nan(), "{row}"),
            }
        }
        assert_eq!(compared, 19);
    }
}
