//! What a book loses in each move of portfolio margin, and what it must hold for that.

use super::grid::{CLASSES, Class, MOVES};

/// What one unit of a package loses in each move; a gain is negative.
pub type Losses = [f64; MOVES];

/// Something held, or to be held: dollars.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// What moves it.
    pub class: Class,
    /// Lost in each move.
    pub losses: Losses,
    /// Minimum of its contracts.
    pub minimum: f64,
}

impl Holding {
    /// So many times as much.
    #[must_use]
    pub fn times(mut self, factor: f64) -> Self {
        self.losses.iter_mut().for_each(|loss| *loss *= factor);
        self.minimum *= factor;
        self
    }
}

/// Σ of what is held together, by class, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Exposure {
    losses: [Losses; CLASSES],
    minimum: [f64; CLASSES],
    /// Share of a gain that offsets losses of the other class; `None`: nothing does.
    offset: Option<f64>,
}

impl Exposure {
    /// Nothing held yet.
    pub fn new(offset: Option<f64>) -> Self {
        Self { losses: [[0.0; MOVES]; CLASSES], minimum: [0.0; CLASSES], offset }
    }

    /// Holds so many dollars a point of a unit more.
    #[inline(always)]
    pub fn add(&mut self, class: Class, dollars: f64, losses: &Losses, minimum: f64) {
        let own = &mut self.losses[class as usize];
        for k in 0..MOVES {
            own[k] += dollars * losses[k];
        }
        self.minimum[class as usize] += dollars * minimum;
    }

    /// Holds something more.
    #[must_use]
    pub fn with(mut self, holding: Holding) -> Self {
        self.add(holding.class, 1.0, &holding.losses, holding.minimum);
        self
    }

    /// The worst loss of each class, at least its minimum; with an offset the worst of both together, the index
    /// falling as far in its range as VIX rises in its own.
    pub fn requirement(&self) -> f64 {
        let [index, volatility] = &self.losses;
        let Some(offset) = self.offset else {
            return (0..CLASSES)
                .map(|class| {
                    self.losses[class].iter().fold(self.minimum[class], |worst, &loss| worst.max(loss))
                })
                .map(|worst| worst.max(0.0))
                .sum();
        };
        let least = self.minimum.iter().sum::<f64>().max(0.0);
        let pairs = index.iter().zip(volatility.iter().rev());
        pairs.fold(least, |worst, (&a, &b)| worst.max(counted(a, offset) + counted(b, offset)))
    }

    /// The most units that `funds` bear, where each costs `cost` and adds to what must be held; real, and 0 where they
    /// do not bear what is held already.
    ///
    /// The requirement is the largest of terms that are linear in the units: each allows so many, and one that more
    /// units relieve any number.
    pub fn room(&self, unit: &Holding, cost: f64, funds: f64) -> f64 {
        if funds < self.requirement() {
            return 0.0;
        }
        let class = unit.class as usize;
        let mut most = f64::INFINITY;
        let mut limit = |held: f64, added: f64| {
            if cost + added > 0.0 {
                most = most.min(((funds - held) / (cost + added)).max(0.0));
            }
        };
        let Some(offset) = self.offset else {
            let mut others = *self;
            (others.losses[class], others.minimum[class]) = ([0.0; MOVES], 0.0);
            let others = others.requirement();
            limit(others, 0.0);
            limit(others + self.minimum[class], unit.minimum);
            for k in 0..MOVES {
                limit(others + self.losses[class][k], unit.losses[k]);
            }
            return most;
        };
        limit(0.0, 0.0);
        limit(self.minimum.iter().sum(), unit.minimum);
        for k in 0..MOVES {
            let other = counted(self.losses[1 - class][MOVES - 1 - k], offset);
            for share in [1.0, offset] {
                limit(other + share * self.losses[class][k], share * unit.losses[k]);
            }
        }
        most
    }
}

/// A loss in full, a gain at its share.
fn counted(loss: f64, offset: f64) -> f64 {
    loss.max(offset * loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holding(class: bool, losses: [i32; MOVES], minimum: u8) -> Holding {
        let class = if class { Class::Index } else { Class::Volatility };
        Holding { class, losses: losses.map(f64::from), minimum: f64::from(minimum) }
    }

    fn one() -> impl Strategy<Value = Holding> {
        (any::<bool>(), prop::array::uniform10(-900i32..900), any::<u8>())
            .prop_map(|(c, l, m)| holding(c, l, m))
    }

    fn offsets() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![Just(None), (0u8..=10).prop_map(|tenths| Some(f64::from(tenths) / 10.0))]
    }

    fn exposed(held: &[Holding], offset: Option<f64>) -> Exposure {
        held.iter().fold(Exposure::new(offset), |sum, &each| sum.with(each))
    }

    #[test]
    fn classes_stand_apart_unless_they_offset() {
        let mut falls = [0; MOVES];
        falls[0] = 1000;
        let mut rises = [0; MOVES];
        rises[MOVES - 1] = -600;
        let held = [holding(true, falls, 10), holding(false, rises, 20)];
        assert_eq!(exposed(&held, None).requirement(), 1020.0);
        assert_eq!(exposed(&held, Some(0.9)).requirement(), 1000.0 - 540.0);
        assert_eq!(exposed(&[], None).requirement(), 0.0);
    }

    proptest! {
        #[test]
        fn merging_never_asks_more_and_lots_scale(
            a in prop::collection::vec(one(), 0..5), b in prop::collection::vec(one(), 0..5), offset in offsets(),
        ) {
            let both: Vec<_> = a.iter().chain(&b).copied().collect();
            let [all, a, b] = [&both, &a, &b].map(|held| exposed(held, offset).requirement());
            prop_assert!(all <= a + b + 1e-9);
            let doubled: Vec<_> = both.iter().map(|each| each.times(2.0)).collect();
            prop_assert_eq!(exposed(&doubled, offset).requirement(), 2.0 * all);
        }

        #[test]
        fn an_offset_never_asks_more(held in prop::collection::vec(one(), 0..6), tenths in 0u8..=10) {
            let joint = exposed(&held, Some(f64::from(tenths) / 10.0)).requirement();
            prop_assert!(joint <= exposed(&held, None).requirement() + 1e-9);
        }

        /// So many units can be borne, and a tenth more cannot.
        #[test]
        fn room_is_the_largest_number_that_can_be_borne(
            held in prop::collection::vec(one(), 0..5), unit in one(), cost in 1u8..100, spare in 0u16..5000,
            offset in offsets(),
        ) {
            let book = exposed(&held, offset);
            let (cost, funds) = (f64::from(cost), book.requirement() + f64::from(spare));
            let left = |n: f64| funds - n * cost - book.with(unit.times(n)).requirement();
            let most = book.room(&unit, cost, funds);
            prop_assert!(most.is_finite() && most >= 0.0);
            prop_assert!(left(most) >= -1e-6, "{most} units leave {}", left(most));
            prop_assert!(left(1.1 * most + 1e-3) < 0.0);
        }
    }
}
