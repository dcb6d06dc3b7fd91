//! Lots of a tranche: target → caps → progression.

use super::spec::{ProgressionMode, ProgressionSpec, SizeBase, SizeSpec, SizeTarget};

/// Lots are floored after this much is added, so that an exact multiple is not lost to rounding.
pub const FLOOR_SLACK: f64 = 1e-9;

/// How lots are counted: whole, as they trade, or as if a contract were divisible, to tell what rounding leaves out (R42).
#[derive(Clone, Copy, Debug)]
pub enum Contracts {
    Whole,
    Divisible,
}

impl Contracts {
    fn down(self, lots: f64) -> f64 {
        match self {
            Self::Whole => (lots + FLOOR_SLACK).floor(),
            Self::Divisible => lots,
        }
    }

    fn up(self, lots: f64) -> f64 {
        match self {
            Self::Whole => (lots - FLOOR_SLACK).ceil(),
            Self::Divisible => lots,
        }
    }
}

/// What the ledger holds when an opening is sized, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// NAV before the opening.
    pub nav: f64,
    /// What of it a margin share is of: without the gains that are not reinvested (R70).
    pub invested: f64,
    /// What counts against the requirement of the ledger before the opening.
    pub available: f64,
    /// Requirement of the ledger before the opening.
    pub requirement: f64,
    /// That of this layer by itself.
    pub layer: f64,
    /// That of one lot of the new package by itself.
    pub unit: f64,
    /// Most that one lot of the new package can earn, net of fees.
    pub profit: f64,
    /// What it adds to what counts against the requirement.
    pub brings: f64,
    /// Tranches that share the target.
    pub tranches: f64,
}

/// The chain a tranche belongs to (R10: one chain per tranche).
#[derive(Clone, Copy, Debug)]
pub struct Streak {
    /// Consecutive losing tranches.
    pub losses: f64,
    /// Realised loss not yet earned back, dollars.
    pub deficit: f64,
}

/// Base lots before any progression, never below 0; the target counts `weight` times.
pub fn base_lots(size: &SizeSpec, weight: f64, room: Room, contracts: Contracts) -> f64 {
    let value = size.value * weight;
    match size.target {
        SizeTarget::Lots => contracts.down(value * size.multiplier).max(0.0),
        SizeTarget::MarginShare => {
            let layer = value * room.invested;
            let tranche = layer / room.tranches;
            let target = match size.base {
                SizeBase::Entry => tranche.min(layer - room.layer),
                SizeBase::Start => tranche,
            };
            contracts.down(target * size.multiplier / room.unit).max(0.0)
        }
        _ => unreachable!("check.rs refuses the targets of a hedge for a core layer"),
    }
}

/// Lots after the progression and its caps (R10).
pub fn progressed_lots(
    base: f64,
    rule: &ProgressionSpec,
    streak: Streak,
    room: Room,
    contracts: Contracts,
) -> f64 {
    let most_doublings = f64::from(rule.max_doublings);
    let doublings = streak.losses.min(most_doublings);
    let wanted = match rule.mode {
        ProgressionMode::Replace => base * doublings.exp2(),
        ProgressionMode::Add => base * ((doublings + 1.0).exp2() - 1.0),
        ProgressionMode::Recoup if base > 0.0 && room.profit > 0.0 => {
            let extra = contracts.up(streak.deficit / room.profit).max(0.0);
            (base + extra).min(base * most_doublings.exp2())
        }
        ProgressionMode::Recoup => base,
    };
    let by_margin = rule.max_margin_share.map_or(f64::INFINITY, |share| {
        contracts.down((share * room.nav - room.requirement) / room.unit).max(0.0)
    });
    wanted.min(rule.max_lots.map_or(f64::INFINITY, f64::from)).min(by_margin)
}

/// Lots that leave the buffer free (R19).
pub fn buffered_lots(lots: f64, buffer: f64, room: Room, contracts: Contracts) -> f64 {
    if buffer == 0.0 {
        return lots;
    }
    let free = room.available - room.requirement - buffer * room.nav;
    lots.min(contracts.down(free / (room.unit - room.brings)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::engine::spec::SizeBasis;

    const ROOM: Room = Room {
        nav: 1e6,
        invested: 1e6,
        available: 1e6,
        requirement: 0.0,
        layer: 0.0,
        unit: 5_000.0,
        profit: 1_000.0,
        brings: 1_000.0,
        tranches: 1.0,
    };

    fn sized(target: SizeTarget, value: f64) -> SizeSpec {
        SizeSpec {
            target,
            value,
            multiplier: 1.0,
            base: SizeBase::Entry,
            buffer: 0.0,
            caps: vec![],
            reduced: None,
            gross_short_leg: false,
            reductions: vec![],
            band: 0.0,
            review: false,
            basis: SizeBasis::default(),
            weight: None,
            reinvest: 1.0,
        }
    }

    fn sequence(mode: ProgressionMode, max_doublings: u32) -> Vec<f64> {
        let rule = ProgressionSpec { mode, max_doublings, max_lots: None, max_margin_share: None };
        (0..5)
            .map(|k| {
                let streak = Streak { losses: f64::from(k), deficit: 4_000.0 * f64::from(k) };
                progressed_lots(2.0, &rule, streak, ROOM, Contracts::Whole)
            })
            .collect()
    }

    #[test]
    fn twenty_condors_on_a_million_at_ten_percent() {
        let size = sized(SizeTarget::MarginShare, 0.10);
        assert_eq!(base_lots(&size, 1.0, ROOM, Contracts::Whole), 20.0);
        assert_eq!(base_lots(&size, 1.0, Room { layer: 80_000.0, ..ROOM }, Contracts::Whole), 4.0);
        assert_eq!(base_lots(&size, 1.0, Room { layer: 180_000.0, ..ROOM }, Contracts::Whole), 0.0);
        assert_eq!(base_lots(&size, 1.0, Room { tranches: 7.0, ..ROOM }, Contracts::Whole), 2.0);
    }

    #[test]
    fn a_weighted_target_is_shared_and_filled_like_any_other() {
        let size = sized(SizeTarget::MarginShare, 0.10);
        assert_eq!(base_lots(&size, 0.5, ROOM, Contracts::Whole), 10.0);
        assert_eq!(base_lots(&size, 2.0, Room { layer: 180_000.0, ..ROOM }, Contracts::Whole), 4.0);
        assert_eq!(base_lots(&size, 0.5, Room { layer: 80_000.0, ..ROOM }, Contracts::Whole), 0.0);
        assert_eq!(base_lots(&sized(SizeTarget::Lots, 7.0), 1.5, ROOM, Contracts::Whole), 10.0);
    }

    #[test]
    fn what_is_not_reinvested_sizes_nothing() {
        let size = sized(SizeTarget::MarginShare, 0.10);
        assert_eq!(base_lots(&size, 1.0, Room { nav: 2e6, invested: 1.5e6, ..ROOM }, Contracts::Whole), 30.0);
    }

    #[test]
    fn progressions_of_r10() {
        assert_eq!(sequence(ProgressionMode::Replace, 3), [2.0, 4.0, 8.0, 16.0, 16.0]);
        assert_eq!(sequence(ProgressionMode::Add, 9), [2.0, 6.0, 14.0, 30.0, 62.0]);
        assert_eq!(sequence(ProgressionMode::Recoup, 3), [2.0, 6.0, 10.0, 14.0, 16.0]);
    }

    #[test]
    fn caps_bind() {
        let rule = ProgressionSpec {
            mode: ProgressionMode::Replace,
            max_doublings: 9,
            max_lots: Some(20),
            max_margin_share: Some(0.05),
        };
        let streak = Streak { losses: 6.0, deficit: 0.0 };
        assert_eq!(progressed_lots(1.0, &rule, streak, ROOM, Contracts::Whole), 10.0);
        assert_eq!(progressed_lots(1.0, &rule, streak, Room { nav: 1e8, ..ROOM }, Contracts::Whole), 20.0);
    }

    #[test]
    fn divisible_contracts_leave_nothing_out() {
        let size = sized(SizeTarget::MarginShare, 0.10);
        let room = Room { tranches: 7.0, ..ROOM };
        let [whole, divisible] =
            [Contracts::Whole, Contracts::Divisible].map(|contracts| base_lots(&size, 1.0, room, contracts));
        assert_eq!((whole, divisible), (2.0, 20.0 / 7.0));
        let rule = ProgressionSpec {
            mode: ProgressionMode::Recoup,
            max_doublings: 3,
            max_lots: None,
            max_margin_share: None,
        };
        let streak = Streak { losses: 1.0, deficit: 1_500.0 };
        assert_eq!(progressed_lots(2.0, &rule, streak, ROOM, Contracts::Whole), 4.0);
        assert_eq!(progressed_lots(2.5, &rule, streak, ROOM, Contracts::Divisible), 4.0);
        assert_eq!(buffered_lots(20.0, 0.9375, ROOM, Contracts::Divisible), 15.625);
    }

    #[test]
    fn a_buffer_keeps_funds_free() {
        assert_eq!(buffered_lots(20.0, 0.0, ROOM, Contracts::Whole), 20.0);
        // 1,000,000 less 940,000 leave 60,000: 15 lots of 5,000 less the 1,000 that each brings in.
        assert_eq!(buffered_lots(20.0, 0.94, ROOM, Contracts::Whole), 15.0);
        assert_eq!(buffered_lots(20.0, 0.94, Room { requirement: 70_000.0, ..ROOM }, Contracts::Whole), 0.0);
    }
}
