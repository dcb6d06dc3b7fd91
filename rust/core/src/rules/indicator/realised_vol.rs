//! Realised volatility over the last N sessions.

use super::{Closes, Indicator};
use crate::math::{
    lanes::{Col, LANES},
    simd::{self, Kernel},
    special::ln,
};

/// Sessions in a year, for annualising.
const SESSIONS_PER_YEAR: f64 = 252.0;

/// `√(252/N · Σ r²)` over the last N log returns, per year as a decimal.
///
/// The mean is taken as zero, as variance swaps do: over a month the sample mean is mostly noise. The sum is formed anew
/// in every session from the oldest return to the newest, so that the value depends on the window alone and not on where
/// the data began. A missing spot makes the signal missing until the two returns that touch it have left the window.
#[derive(Debug)]
pub(super) struct RealisedVol<const N: usize> {
    previous: Col,
    /// Squared log returns in a ring; `oldest` is overwritten next. NaN before the first ones.
    squares: Box<[Col; N]>,
    oldest: usize,
}

impl<const N: usize> RealisedVol<N> {
    pub fn new() -> Self {
        Self { previous: Col::splat(f64::NAN), squares: Box::new([Col::splat(f64::NAN); N]), oldest: 0 }
    }
}

impl<const N: usize> Indicator for RealisedVol<N> {
    fn warm_up(&self) -> u32 {
        N as u32
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        let spot = now.spot;
        simd::dispatch(SquaredReturn { spot, previous: &self.previous, out: &mut self.squares[self.oldest] });
        self.previous = *spot;
        self.oldest = (self.oldest + 1) % N;

        *out = Col::default();
        let (newer, older) = self.squares.split_at(self.oldest);
        for square in older.iter().chain(newer) {
            for lane in 0..LANES {
                out[lane] += square[lane];
            }
        }
        for lane in 0..LANES {
            out[lane] = (out[lane] * (SESSIONS_PER_YEAR / N as f64)).sqrt();
        }
    }
}

/// The squared log return of every lane; missing where it is not finite.
struct SquaredReturn<'a> {
    spot: &'a Col,
    previous: &'a Col,
    out: &'a mut Col,
}

impl Kernel for SquaredReturn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for lane in 0..LANES {
            let square = ln::<FMA>(self.spot[lane] / self.previous[lane]).powi(2);
            self.out[lane] = if square.is_finite() { square } else { f64::NAN };
        }
    }
}
