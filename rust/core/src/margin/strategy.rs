//! Strategy-based requirement of one package of European cash-settled options with one expiry.
//!
//! The exchange's rule for spreads is the worst payoff at expiry: for an iron condor the wider wing, because
//! the index cannot end beyond both. Books are the sum over their packages, which is never less than the
//! minimal pairing of the whole book.

use super::Leg;
use crate::math::{
    lanes::{Col, LANES},
    simd::{Kernel, dispatch},
};

/// Worst payoff at expiry of one unit, points of the underlying; `strikes` are one column per leg.
pub fn worst_payoff(legs: &[Leg], strikes: &[Col], out: &mut Col) {
    dispatch(WorstPayoff { legs, strikes, out });
}

struct WorstPayoff<'a> {
    legs: &'a [Leg],
    strikes: &'a [Col],
    out: &'a mut Col,
}

impl Kernel for WorstPayoff<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { legs, strikes, out } = self;
        *out = Col::splat(0.0);
        // The payoff is piecewise linear and bounded (`defined_risk`), so its minimum is at a kink: a strike or 0.
        let zero = Col::splat(0.0);
        for settle in std::iter::once(&zero).chain(strikes) {
            let mut payoff = Col::splat(0.0);
            for (leg, strike) in legs.iter().zip(strikes) {
                for i in 0..LANES {
                    payoff[i] += leg.ratio * (leg.sign * (settle[i] - strike[i])).max(0.0);
                }
            }
            for i in 0..LANES {
                out[i] = out[i].max(-payoff[i]);
            }
        }
    }
}

/// Is the worst loss bounded by strikes, with every short covered by a long of the same right?
///
/// Net short calls lose without bound and net short puts down to zero: naked shorts, which need a rule of
/// their own and are refused until then (C13).
pub fn defined_risk(legs: &[Leg]) -> bool {
    let net = |sign: f64| legs.iter().filter(|leg| leg.sign == sign).map(|leg| leg.ratio).sum::<f64>();
    net(1.0) >= 0.0 && net(-1.0) >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONDOR: [Leg; 4] = [
        Leg { sign: -1.0, ratio: 1.0 },
        Leg { sign: -1.0, ratio: -1.0 },
        Leg { sign: 1.0, ratio: -1.0 },
        Leg { sign: 1.0, ratio: 1.0 },
    ];

    fn risk(legs: &[Leg], strikes: &[f64]) -> f64 {
        let columns: Vec<Col> = strikes.iter().map(|&k| Col::splat(k)).collect();
        let mut out = Col::default();
        worst_payoff(legs, &columns, &mut out);
        out[0]
    }

    #[test]
    fn a_condor_ties_up_its_wider_wing() {
        assert_eq!(risk(&CONDOR, &[4700.0, 4750.0, 5250.0, 5300.0]), 50.0);
        assert_eq!(risk(&CONDOR, &[4700.0, 4750.0, 5250.0, 5350.0]), 100.0);
    }

    #[test]
    fn longs_tie_up_nothing_beyond_their_premium() {
        assert_eq!(risk(&[Leg { sign: -1.0, ratio: 1.0 }], &[4500.0]), 0.0);
        assert!(defined_risk(&[Leg { sign: -1.0, ratio: 1.0 }]));
    }

    #[test]
    fn naked_shorts_are_not_defined_risk() {
        assert!(!defined_risk(&[Leg { sign: -1.0, ratio: -1.0 }]));
        assert!(!defined_risk(&[Leg { sign: 1.0, ratio: -1.0 }, Leg { sign: -1.0, ratio: 1.0 }]));
        assert!(defined_risk(&CONDOR));
    }

    proptest! {
        #[test]
        fn never_below_the_worst_payoff_of_a_fine_grid(
            ks in proptest::array::uniform4(1000u32..2000), settle in 0u32..4000,
        ) {
            let strikes = ks.map(f64::from);
            let payoff: f64 = CONDOR
                .iter()
                .zip(strikes)
                .map(|(leg, k)| leg.ratio * (leg.sign * (f64::from(settle) - k)).max(0.0))
                .sum();
            prop_assert!(risk(&CONDOR, &strikes) >= -payoff);
        }

        #[test]
        fn scales_with_the_legs(ks in proptest::array::uniform4(1000u32..2000), lots in 1u32..9) {
            let strikes = ks.map(f64::from);
            let scaled = CONDOR.map(|leg| Leg { ratio: leg.ratio * f64::from(lots), ..leg });
            prop_assert_eq!(risk(&scaled, &strikes), f64::from(lots) * risk(&CONDOR, &strikes));
        }
    }
}
