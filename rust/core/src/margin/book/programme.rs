//! The linear programme of a pairing: what is unknown, what it costs, what must hold.

use super::{Account, Position, simplex::Programme};

/// Unknowns of one position, side by side: units left uncovered, units covered by stock, units in each of its groups
/// but the last. What these leave is in the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unknowns {
    pub start: usize,
    pub uncovered: bool,
    pub by_stock: bool,
    /// Groups it may be in: `first ..= last`.
    pub first: usize,
    pub last: usize,
}

impl Unknowns {
    pub(super) fn count(&self) -> usize {
        usize::from(self.uncovered) + usize::from(self.by_stock) + self.last - self.first
    }

    fn end(&self) -> usize {
        self.start + self.count()
    }

    fn stock(&self) -> usize {
        self.start + usize::from(self.uncovered)
    }

    fn group(&self, group: usize) -> usize {
        self.stock() + usize::from(self.by_stock) + group - self.first
    }

    fn may_be_in(&self, group: usize) -> bool {
        (self.first..=self.last).contains(&group)
    }
}

/// Memory for the programme and its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub unknowns: Vec<Unknowns>,
    /// Levels of what an uncovered short ties up, ascending.
    levels: Vec<f64>,
    needs: Vec<f64>,
    kinks: Vec<f64>,
    costs: Vec<f64>,
    programme: Programme,
}

/// Sides of a group that are charged by themselves.
fn sides(account: &Account<'_>) -> &'static [Option<f64>] {
    if account.rates.sides_apart { &[Some(1.0), Some(-1.0)] } else { &[None] }
}

impl Model {
    /// Builds and solves: the least cost, and one number for each unknown of each position.
    pub(super) fn solve(
        &mut self,
        account: &Account<'_>,
        groups: usize,
        most_uncovered: [f64; 2],
    ) -> Option<(f64, &[f64])> {
        let Self { unknowns, levels, needs, kinks, costs, programme } = self;
        let positions = account.positions;
        needs.clear();
        needs.extend(positions.iter().map(|position| account.rates.uncovered(position, account.spot)));
        levels.clear();
        // Without an uncovered short on either side there is nothing to pair.
        let on_side =
            |sign| unknowns.iter().zip(positions).any(|(u, position)| u.uncovered && position.sign == sign);
        let pairs = on_side(1.0) && on_side(-1.0);
        if pairs {
            levels.extend(
                unknowns.iter().zip(needs.iter()).filter(|(u, _)| u.uncovered).map(|(_, need)| *need),
            );
            levels.sort_by(f64::total_cmp);
            levels.dedup();
        }

        let own = unknowns.last().map_or(0, Unknowns::end);
        let (strangles, worst) = (own, own + levels.len());
        costs.clear();
        costs.resize(own, 0.0);
        for ((unknown, position), need) in unknowns.iter().zip(positions).zip(needs.iter()) {
            if unknown.uncovered {
                costs[unknown.start] = if pairs { position.price } else { position.price + need };
            }
        }
        // A strangle ties up the greater of two: level by level, as many units as the side that has more of them.
        costs.extend(levels.iter().scan(0.0, |below, &level| Some(level - std::mem::replace(below, level))));
        costs.extend(std::iter::repeat_n(1.0, groups * sides(account).len()));
        programme.begin(costs.iter().copied());

        for (k, &level) in levels.iter().enumerate() {
            for sign in [1.0, -1.0] {
                let row = programme.at_least(0.0);
                row[strangles + k] = 1.0;
                for ((unknown, position), &need) in unknowns.iter().zip(positions).zip(needs.iter()) {
                    if unknown.uncovered && position.sign == sign && need >= level {
                        row[unknown.start] = -1.0;
                    }
                }
            }
        }
        for (unknown, position) in unknowns.iter().zip(positions).filter(|(u, _)| u.count() > 0) {
            programme.at_least(-position.units.abs())[unknown.start..unknown.end()].fill(-1.0);
        }
        for (sign, most) in [1.0, -1.0].into_iter().zip(most_uncovered) {
            let short = || unknowns.iter().zip(positions).filter(|(_, position)| position.sign == sign);
            if most.is_finite() && short().any(|(unknown, _)| unknown.uncovered) {
                let row = programme.at_least(-most);
                for (unknown, _) in short().filter(|(unknown, _)| unknown.uncovered) {
                    row[unknown.start] = -1.0;
                }
            }
            if short().any(|(unknown, _)| unknown.by_stock) {
                let row = programme.at_least(-account.stock.abs());
                for (unknown, _) in short().filter(|(unknown, _)| unknown.by_stock) {
                    row[unknown.stock()] = -1.0;
                }
            }
        }
        for group in 0..groups {
            let members = || unknowns.iter().zip(positions).filter(|(unknown, _)| unknown.may_be_in(group));
            for sign in [1.0, -1.0] {
                if members().any(|(_, position)| position.sign == sign && position.units < 0.0) {
                    let covered = |position: &Position| f64::from(position.sign == sign);
                    amount_at_least(programme, members, group, covered);
                }
            }
            kinks.clear();
            kinks.push(0.0);
            kinks.extend(members().map(|(_, position)| position.strike));
            kinks.sort_by(f64::total_cmp);
            kinks.dedup();
            for (index, side) in sides(account).iter().enumerate() {
                for &settle in &*kinks {
                    let payoff = |position: &Position| match side {
                        Some(sign) if position.sign != *sign => 0.0,
                        _ => position.payoff(settle),
                    };
                    amount_at_least(programme, members, group, payoff)
                        [worst + group * sides(account).len() + index] = 1.0;
                }
            }
        }
        programme.solve().map(|(cost, answer)| (cost, &answer[..own]))
    }
}

/// Σ weight × signed units in a group ≥ 0.
fn amount_at_least<'m, 'a, I>(
    programme: &'m mut Programme,
    members: impl Fn() -> I,
    group: usize,
    weight: impl Fn(&Position) -> f64,
) -> &'m mut [f64]
where
    I: Iterator<Item = (&'a Unknowns, &'a Position)>,
{
    let in_last = members().filter(|(unknown, _)| unknown.last == group);
    let fixed: f64 = in_last.map(|(_, position)| weight(position) * position.units).sum();
    let row = programme.at_least(-fixed);
    for (unknown, position) in members() {
        let weight = weight(position) * position.units.signum();
        if unknown.last == group {
            row[unknown.start..unknown.end()].fill(-weight);
        } else {
            row[unknown.group(group)] = weight;
        }
    }
    row
}

/// Units of a position that the answer leaves uncovered, covers by stock and puts in a group.
pub(super) struct Placed<'a> {
    unknown: &'a Unknowns,
    answer: &'a [f64],
    units: f64,
}

impl<'a> Placed<'a> {
    pub(super) fn new(unknown: &'a Unknowns, answer: &'a [f64], units: f64) -> Self {
        Self { unknown, answer, units: units.abs() }
    }

    pub(super) fn uncovered(&self) -> f64 {
        if self.unknown.uncovered { self.answer[self.unknown.start] } else { 0.0 }
    }

    pub(super) fn by_stock(&self) -> f64 {
        if self.unknown.by_stock { self.answer[self.unknown.stock()] } else { 0.0 }
    }

    pub(super) fn in_group(&self, group: usize) -> f64 {
        if !self.unknown.may_be_in(group) {
            return 0.0;
        }
        if group == self.unknown.last {
            let elsewhere: f64 = self.answer[self.unknown.start..self.unknown.end()].iter().sum();
            return (self.units - elsewhere).max(0.0);
        }
        self.answer[self.unknown.group(group)]
    }
}
