//! How many times a target or a budget counts: a number of the rules between two bounds (R33, R43, R67, R69).

use crate::math::lanes::Col;

/// A compiled weight.
#[derive(Debug)]
pub(super) struct Weight {
    /// Index among the numbers of the plan.
    pub number: usize,
    pub low: f64,
    pub high: f64,
    pub unknown: f64,
}

impl Weight {
    /// How many times it counts, by what the number is; a missing one is NaN.
    pub fn of(&self, number: f64) -> f64 {
        if number.is_nan() { self.unknown } else { number.clamp(self.low, self.high) }
    }

    /// Multiplies a column with it.
    pub fn weigh(&self, number: &Col, factor: &mut Col) {
        for (factor, number) in factor.iter_mut().zip(number.iter()) {
            *factor *= self.of(*number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_and_what_is_missing_counts_as_stated() {
        let weight = Weight { number: 0, low: 0.5, high: 2.0, unknown: 1.0 };
        assert_eq!([-3.0, 0.7, 9.0, f64::NAN].map(|number| weight.of(number)), [0.5, 0.7, 2.0, 1.0]);
    }
}
