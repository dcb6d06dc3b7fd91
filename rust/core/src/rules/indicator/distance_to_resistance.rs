//! Distance to resistance: how far the spot lies below its recent high.

use super::{Closes, Indicator};
use crate::math::{
    lanes::{Col, LANES},
    simd::{self, Kernel},
};

/// Sessions among which the high is looked for, this one included (R84).
const SESSIONS: usize = 60;

/// `1 − S / max S` over the closes of the last 60 sessions: 0 at their high; missing while one of them is.
#[derive(Debug)]
pub(super) struct DistanceToResistance {
    /// Closes in a ring; `oldest` is overwritten next. NaN before the first ones.
    closes: Box<[Col]>,
    oldest: usize,
}

impl DistanceToResistance {
    pub fn new() -> Self {
        Self { closes: vec![Col::splat(f64::NAN); SESSIONS].into_boxed_slice(), oldest: 0 }
    }
}

impl Indicator for DistanceToResistance {
    fn warm_up(&self) -> u32 {
        SESSIONS as u32 - 1
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        self.closes[self.oldest] = *now.spot;
        self.oldest = (self.oldest + 1) % SESSIONS;
        simd::dispatch(BelowHigh { closes: &self.closes, spot: now.spot, out });
    }
}

struct BelowHigh<'a> {
    closes: &'a [Col],
    spot: &'a Col,
    out: &'a mut Col,
}

impl Kernel for BelowHigh<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut high = Col::splat(f64::NEG_INFINITY);
        // 0, or missing as soon as one close is.
        let mut gap = Col::default();
        for close in self.closes {
            for lane in 0..LANES {
                high[lane] = if close[lane] > high[lane] { close[lane] } else { high[lane] };
                gap[lane] += 0.0 * close[lane];
            }
        }
        for lane in 0..LANES {
            self.out[lane] = 1.0 - self.spot[lane] / high[lane] + gap[lane];
        }
    }
}
