//! Recorded VX futures: by how much they differed from the model's.

use serde::{Deserialize, Serialize};

use super::check;
use crate::{Error, Result};

/// Recorded settlement prices, one element per session and contract, in any order.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct VxSpec {
    /// Row of the session.
    pub session: Vec<u32>,
    /// Session of the schedule on which the contract settles: a row, or one of the sessions after the last.
    pub expiry: Vec<u32>,
    /// Calendar days from the session to that one.
    pub days: Vec<f64>,
    /// Settlement price in points; on the session of expiry, the final settlement.
    pub settle: Vec<f64>,
}

/// One recorded price.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub row: usize,
    pub expiry: usize,
    pub days: f64,
    pub settle: f64,
}

impl VxSpec {
    /// Every mark inside its domain, once, and as many elements in each column?
    pub(super) fn check(&self, rows: usize) -> Result<()> {
        let marks = self.session.len();
        for (name, length) in
            [("vx.expiry", self.expiry.len()), ("vx.days", self.days.len()), ("vx.settle", self.settle.len())]
        {
            if length != marks {
                let problem = format!("{length} elements, but vx.session has {marks}");
                return Err(Error::Shape { name: name.into(), problem });
            }
        }
        let mut seen = std::collections::HashSet::with_capacity(marks);
        for (i, mark) in self.marks().enumerate() {
            let named = |name: &str| format!("vx.{name}[{i}]");
            if mark.row >= rows {
                return Err(Error::domain(named("session"), mark.row, format!("there are {rows} rows")));
            }
            if mark.expiry < mark.row {
                let allowed = format!("must not settle before its session, row {}", mark.row);
                return Err(Error::domain(named("expiry"), mark.expiry, allowed));
            }
            if mark.expiry == 0 {
                let allowed = "a final settlement in row 0 has no session before it: leave it out";
                return Err(Error::domain(named("expiry"), 0, allowed));
            }
            check::at_least(&named("days"), mark.days, 0.0)?;
            if (mark.days == 0.0) != (mark.expiry == mark.row) {
                let allowed = "must be 0 on the session of settlement, and only there";
                return Err(Error::domain(named("days"), mark.days, allowed));
            }
            check::above(&named("settle"), mark.settle, 0.0)?;
            if !seen.insert((mark.row, mark.expiry)) {
                let allowed = format!("row {} has a price of this contract already", mark.row);
                return Err(Error::domain(named("expiry"), mark.expiry, allowed));
            }
        }
        Ok(())
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> {
        (0..self.session.len()).map(|i| Mark {
            row: self.session[i] as usize,
            expiry: self.expiry[i] as usize,
            days: self.days[i],
            settle: self.settle[i],
        })
    }
}

/// Ratios of recorded to modelled prices, carried over the sessions on which a contract has no price.
#[derive(Clone, Debug)]
pub(super) struct VxBasis {
    /// By session of expiry; most settle nothing.
    contracts: Vec<Contract>,
}

#[derive(Clone, Debug, Default)]
struct Contract {
    first_row: usize,
    /// One per row from the first recorded price to the last.
    ratios: Vec<f64>,
}

impl VxBasis {
    /// `modelled` prices a mark. `None` without marks.
    pub(super) fn new(spec: &VxSpec, modelled: impl Fn(&Mark) -> f64) -> Option<Self> {
        let mut marks: Vec<Mark> = spec.marks().collect();
        marks.sort_unstable_by_key(|mark| (mark.expiry, mark.row));
        let mut contracts = vec![Contract::default(); marks.last()?.expiry + 1];
        for mark in &marks {
            let contract = &mut contracts[mark.expiry];
            if contract.ratios.is_empty() {
                contract.first_row = mark.row;
            }
            let carried = contract.ratios.last().copied().unwrap_or(1.0);
            contract.ratios.resize(mark.row - contract.first_row, carried);
            contract.ratios.push(mark.settle / modelled(mark));
        }
        Some(Self { contracts })
    }

    /// The ratio in force: 1 before the first recorded price, so that a contract is then the model's; the last
    /// known one where a price lacks, so that no jump comes from the lack.
    pub(super) fn at(&self, row: usize, expiry: usize) -> f64 {
        let Some(contract) = self.contracts.get(expiry) else { return 1.0 };
        let Some(age) = row.checked_sub(contract.first_row) else { return 1.0 };
        contract.ratios.get(age).or(contract.ratios.last()).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(marks: &[(u32, u32, f64, f64)]) -> VxSpec {
        VxSpec {
            session: marks.iter().map(|mark| mark.0).collect(),
            expiry: marks.iter().map(|mark| mark.1).collect(),
            days: marks.iter().map(|mark| mark.2).collect(),
            settle: marks.iter().map(|mark| mark.3).collect(),
        }
    }

    #[test]
    fn a_ratio_is_recorded_or_carried_or_one() {
        let spec = spec(&[(5, 9, 6.0, 24.0), (2, 9, 10.0, 22.0), (3, 9, 9.0, 23.0), (4, 40, 50.0, 15.0)]);
        let basis = VxBasis::new(&spec, |_| 20.0).expect("marks");
        let found = |expiry: usize| (0..12).map(|row| basis.at(row, expiry)).collect::<Vec<_>>();
        assert_eq!(found(9), [1.0, 1.0, 1.1, 1.15, 1.15, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2]);
        assert_eq!(found(40), [1.0, 1.0, 1.0, 1.0, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75]);
        // Contracts that were never quoted, inside and beyond the table.
        assert_eq!((basis.at(7, 10), basis.at(7, 99)), (1.0, 1.0));
    }

    #[test]
    fn without_marks_there_is_no_basis() {
        assert!(VxBasis::new(&spec(&[]), |_| 20.0).is_none());
    }

    #[test]
    fn mistakes_are_named() {
        let mut short = spec(&[(1, 5, 6.0, 20.0)]);
        short.settle.clear();
        for (spec, words) in [
            (short, "vx.settle: 0 elements, but vx.session has 1"),
            (spec(&[(10, 12, 2.0, 20.0)]), "vx.session[0] = 10: there are 10 rows"),
            (spec(&[(4, 3, 2.0, 20.0)]), "vx.expiry[0] = 3: must not settle before its session, row 4"),
            (spec(&[(0, 0, 0.0, 20.0)]), "vx.expiry[0] = 0: a final settlement in row 0"),
            (spec(&[(4, 6, -1.0, 20.0)]), "vx.days[0] = -1"),
            (spec(&[(4, 6, 0.0, 20.0)]), "vx.days[0] = 0: must be 0 on the session of settlement, and only"),
            (spec(&[(4, 4, 1.0, 20.0)]), "vx.days[0] = 1"),
            (spec(&[(4, 6, 2.0, 0.0)]), "vx.settle[0] = 0: must be above 0"),
            (spec(&[(4, 6, 2.0, f64::NAN)]), "vx.settle[0] = NaN"),
            (spec(&[(4, 6, 2.0, 20.0), (4, 6, 2.0, 20.0)]), "vx.expiry[1] = 6: row 4 has a price"),
        ] {
            let text = spec.check(10).expect_err(words).to_string();
            assert!(text.contains(words), "{text:?} is not {words:?}");
        }
    }
}
