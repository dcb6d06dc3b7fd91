//! The band of the VIX.

use super::{Closes, Indicator};
use crate::math::lanes::{Col, LANES};

/// Where a band begins; the last one above its level, so that 35 itself still belongs to 28 to 35 (R40).
const FROM: [f64; 4] = [15.0, 20.0, 25.0, 28.0];
const ABOVE: f64 = 35.0;

/// How many of the levels the VIX has reached: 0 below 15, 5 above 35; missing where the VIX is.
#[derive(Debug)]
pub(super) struct VolatilityBand;

impl Indicator for VolatilityBand {
    fn warm_up(&self) -> u32 {
        0
    }

    fn reset(&mut self) {}

    fn step(&mut self, now: &Closes<'_>, out: &mut Col) {
        for lane in 0..LANES {
            let level = now.vix[lane];
            let reached = FROM.iter().filter(|from| level >= **from).count() + usize::from(level > ABOVE);
            out[lane] = if level.is_finite() { reached as f64 } else { f64::NAN };
        }
    }
}
