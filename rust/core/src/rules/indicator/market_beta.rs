//! The beta of the spot against a broader index (C7).

use super::{Closes, Indicator};
use crate::math::{
    lanes::{Col, LANES},
    simd::{self, Kernel},
    special::ln,
};

/// Returns of a daily index that differ by less than this differ by rounding: ratios near 1 are good to 2e-16.
const STILL: f64 = 1e-14;

/// `Cov(s, b) / Var(b)` over the last N log returns of the spot, s, and of the broader index, b.
///
/// Both means are taken out, in two passes from the oldest return to the newest, so that the value depends on the window alone
/// and not on where the data began. A missing close of either index makes the signal missing until the two returns that
/// touch it have left the window; so does a broader index that stands still, against which nothing has a slope.
#[derive(Debug)]
pub(super) struct MarketBeta<const N: usize> {
    previous: [Col; 2],
    /// Log returns of spot and broader index in a ring, missing where either is; `oldest` is overwritten next.
    returns: Box<[[Col; 2]; N]>,
    oldest: usize,
}

impl<const N: usize> MarketBeta<N> {
    pub fn new() -> Self {
        let missing = [const { Col::splat(f64::NAN) }; 2];
        Self { previous: missing, returns: Box::new([missing; N]), oldest: 0 }
    }
}

impl<const N: usize> Indicator for MarketBeta<N> {
    fn warm_up(&self) -> u32 {
        N as u32
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        let closes = [*now.spot, now.broad.copied().unwrap_or(Col::splat(f64::NAN))];
        let newest = &mut self.returns[self.oldest];
        simd::dispatch(Returns { closes: &closes, previous: &self.previous, out: newest });
        self.previous = closes;
        self.oldest = (self.oldest + 1) % N;
        let (newer, older) = self.returns.split_at(self.oldest);
        simd::dispatch(Slope { windows: [older, newer], out });
    }
}

/// The log returns of both indices; missing in both where either is not finite.
struct Returns<'a> {
    closes: &'a [Col; 2],
    previous: &'a [Col; 2],
    out: &'a mut [Col; 2],
}

impl Kernel for Returns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for lane in 0..LANES {
            let of = |index: usize| ln::<FMA>(self.closes[index][lane] / self.previous[index][lane]);
            let (spot, broad) = (of(0), of(1));
            let known = (spot + broad).is_finite();
            self.out[0][lane] = if known { spot } else { f64::NAN };
            self.out[1][lane] = if known { broad } else { f64::NAN };
        }
    }
}

/// The slope of the first on the second over all windows together.
struct Slope<'a> {
    windows: [&'a [[Col; 2]]; 2],
    out: &'a mut Col,
}

impl Kernel for Slope<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let sessions = || self.windows.into_iter().flatten();
        let count = sessions().count() as f64;
        let mut means = [Col::default(); 2];
        for session in sessions() {
            for (mean, each) in means.iter_mut().zip(session) {
                for lane in 0..LANES {
                    mean[lane] += each[lane] / count;
                }
            }
        }
        let (mut shared, mut own) = (Col::default(), Col::default());
        for [spot, broad] in sessions() {
            for lane in 0..LANES {
                let apart = broad[lane] - means[1][lane];
                shared[lane] += (spot[lane] - means[0][lane]) * apart;
                own[lane] += apart * apart;
            }
        }
        for lane in 0..LANES {
            let moves = own[lane] > count * STILL * STILL;
            self.out[lane] = if moves { shared[lane] / own[lane] } else { f64::NAN };
        }
    }
}
