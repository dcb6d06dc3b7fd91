//! What the requirement of a book earned over a year, for rules that size down as it worsens (R69).

use std::collections::VecDeque;

use crate::math::lanes::{Col, LANES};

/// Sessions over which it is measured.
const YEAR: usize = 252;

/// P&L and summed requirement so far, tick by tick, over the year before this one.
#[derive(Clone, Debug, Default)]
pub(super) struct Efficiency {
    past: VecDeque<[Col; 2]>,
}

impl Efficiency {
    /// One more tick: what the layers have earned so far, and what is required now; gives the return a year.
    pub fn observe(&mut self, earned: &Col, requirement: &Col) -> Col {
        let mut required = self.past.back().map_or_else(Col::default, |[_, required]| *required);
        for i in 0..LANES {
            required[i] += requirement[i];
        }
        self.past.push_back([*earned, required]);
        if self.past.len() <= YEAR {
            return Col::splat(f64::NAN);
        }
        let [earned_before, required_before] = &self.past[0];
        let year = Col(std::array::from_fn(|i| {
            let mean = (required[i] - required_before[i]) / YEAR as f64;
            if mean > 0.0 { (earned[i] - earned_before[i]) / mean } else { f64::NAN }
        }));
        self.past.pop_front();
        year
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_gains_over_the_mean_requirement() {
        let mut efficiency = Efficiency::default();
        // 10 a session on a requirement that doubles after the first tick of the year.
        for tick in 0..=YEAR {
            let requirement = Col::splat(if tick < 2 { 100.0 } else { 200.0 });
            let year = efficiency.observe(&Col::splat(10.0 * tick as f64), &requirement);
            let mean = (100.0 + 200.0 * (YEAR - 1) as f64) / YEAR as f64;
            let wanted = if tick < YEAR { f64::NAN } else { 2520.0 / mean };
            assert!(year[7].total_cmp(&wanted).is_eq(), "{tick}: {} for {wanted}", year[7]);
        }
        assert!(Efficiency::default().observe(&Col::default(), &Col::default())[0].is_nan());
    }
}
