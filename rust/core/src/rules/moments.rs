//! The memory of `zscore`: mean and spread of the last n sessions, lane by lane.

use super::run::Run;
use crate::math::lanes::{Col, LANES, Mask};

/// A sliding window as two stacks, each with the moments of what it holds: O(1) per session, amortised, and nothing is
/// ever subtracted, so that no error accumulates and what left the window, missing or huge, leaves no trace.
///
/// Sessions go round in cycles of n. Slot p holds the value of this cycle's session p; the slots behind it hold the moments
/// of the last cycle from there to its end. A window is thus the values 0..=p, whose moments `head` and `head_squares`
/// grow by one session at a time, and one suffix of the last cycle.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    run: Run,
    /// Slot of the next session.
    next: usize,
    /// Values up to `next`; means of suffixes from there on.
    values: Box<[Col]>,
    /// Sums of squared deviations of suffixes, from `next` on.
    squares: Box<[Col]>,
    head: Box<Col>,
    head_squares: Box<Col>,
}

impl Moments {
    /// A window that has seen nothing.
    pub fn new(sessions: u32) -> Self {
        let columns = || vec![Col::default(); sessions as usize].into_boxed_slice();
        Self {
            run: Run::default(),
            next: 0,
            values: columns(),
            squares: columns(),
            head: Box::default(),
            head_squares: Box::default(),
        }
    }

    /// Forgets every session. What the slots hold is out of the window before it is full again.
    pub fn reset(&mut self) {
        self.run = Run::default();
        self.next = 0;
    }

    /// Forgets what the lanes have seen.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        self.run.reset_lanes(lanes);
    }

    /// Takes in this session's value; writes its distance from the mean of the last n in sample standard deviations.
    #[inline(always)]
    pub fn push(&mut self, value: &Col, out: &mut Col) {
        let (slot, sessions) = (self.next, self.values.len());
        self.run.push(value);
        self.values[slot] = *value;
        if slot == 0 {
            (*self.head, *self.head_squares) = (*value, Col::default());
        } else {
            include(value, slot + 1, &mut self.head, &mut self.head_squares);
        }

        let total = sessions as f64;
        let (behind, ahead) = ((sessions - slot - 1) as f64, (slot + 1) as f64);
        // In the last slot the window is this cycle alone: any suffix will do, with weight zero.
        let suffix = (slot + 1).min(sessions - 1);
        let (mean, squares) = (&self.values[suffix], &self.squares[suffix]);
        let alone = behind == 0.0;
        for lane in 0..LANES {
            let delta = if alone { 0.0 } else { mean[lane] - self.head[lane] };
            let older = if alone { 0.0 } else { squares[lane] };
            let mean = self.head[lane] + delta * (behind / total);
            let squares = self.head_squares[lane] + older + delta * delta * (ahead * behind / total);
            let score = (value[lane] - mean) / (squares / (total - 1.0)).sqrt();
            let there = self.run.at_least(lane, sessions as u32) && score.is_finite();
            out[lane] = if there { score } else { f64::NAN };
        }

        self.next = (slot + 1) % sessions;
        if self.next == 0 {
            self.turn();
        }
    }

    /// A cycle is complete: its values become the moments of its suffixes.
    #[inline(always)]
    fn turn(&mut self) {
        let last = self.values.len() - 1;
        self.squares[last] = Col::default();
        for slot in (0..last).rev() {
            let (mut mean, mut squares) = (self.values[slot + 1], self.squares[slot + 1]);
            include(&self.values[slot], last - slot + 1, &mut mean, &mut squares);
            (self.values[slot], self.squares[slot]) = (mean, squares);
        }
    }
}

/// Welford's step: the moments of `count` values, from those of all but one and that one.
#[inline(always)]
fn include(value: &Col, count: usize, mean: &mut Col, squares: &mut Col) {
    let count = count as f64;
    for lane in 0..LANES {
        let delta = value[lane] - mean[lane];
        mean[lane] += delta / count;
        squares[lane] += delta * (value[lane] - mean[lane]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(t: usize) -> f64 {
        ((t * t * 7 + t * 3) % 31) as f64 / 4.0 + 5000.0
    }

    fn naive(window: &[f64]) -> f64 {
        let n = window.len() as f64;
        let mean = window.iter().sum::<f64>() / n;
        let squares: f64 = window.iter().map(|x| (x - mean).powi(2)).sum();
        (window[window.len() - 1] - mean) / (squares / (n - 1.0)).sqrt()
    }

    #[test]
    fn equals_two_passes_over_the_window() {
        for n in [2, 3, 7, 20] {
            let mut moments = Moments::new(n);
            let mut out = Col::default();
            let values: Vec<f64> = (0..90).map(session).collect();
            for t in 0..values.len() {
                moments.push(&Col::splat(values[t]), &mut out);
                if t + 1 < n as usize {
                    assert!(out[0].is_nan());
                } else {
                    let expected = naive(&values[t + 1 - n as usize..=t]);
                    let both_missing = out[0].is_nan() && expected.is_nan();
                    let near = (out[0] - expected).abs() < 1e-10;
                    assert!(near || both_missing, "{n} {t}: {} {expected}", out[0]);
                }
            }
        }
    }

    #[test]
    fn what_left_the_window_leaves_no_trace() {
        let mut moments = Moments::new(4);
        let mut out = Col::default();
        let values = [1.0, 1e200, f64::NAN, 3.0, 5.0, 4.0, 7.0, 7.0, 7.0, 7.0, 7.0];
        let mut known = vec![];
        for (t, value) in values.into_iter().enumerate() {
            moments.push(&Col::splat(value), &mut out);
            if !out[0].is_nan() {
                assert!((out[0] - naive(&values[t - 3..=t])).abs() < 1e-12);
                known.push(t);
            }
        }
        assert_eq!(known, [6, 7, 8], "missing with a hole in the window, and where nothing moved");
    }

    #[test]
    fn lanes_start_anew_alone_and_a_reset_repeats_every_bit() {
        let mut moments = Moments::new(3);
        let mut out = Col::default();
        let mut run = |moments: &mut Moments| {
            (0..8)
                .map(|t| {
                    moments.push(&Col::splat(session(t)), &mut out);
                    out[0].to_bits()
                })
                .collect::<Vec<_>>()
        };
        let first = run(&mut moments);
        moments.reset();
        assert_eq!(run(&mut moments), first);
        moments.reset_lanes(Mask::first(1));
        for t in 8..11 {
            moments.push(&Col::splat(session(t)), &mut out);
            assert!(!out[1].is_nan());
            assert_eq!(out[0].is_nan(), t < 10);
        }
    }
}
