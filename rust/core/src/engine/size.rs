//! Lots of a tranche: target → caps → progression.

use super::spec::{ProgressionMode, ProgressionSpec, SizeBase, SizeSpec, SizeTarget};

/// Lots are floored after this much is added, so that an exact multiple is not lost to rounding.
const FLOOR_SLACK: f64 = 1e-9;

/// What the ledger holds when an opening is sized, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// NAV before the opening.
    pub nav: f64,
    /// Σ risk held by the book before the opening.
    pub requirement: f64,
    /// Of it, what this layer holds.
    pub layer: f64,
    /// Risk of one lot of the new package.
    pub unit: f64,
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
    /// Most that one lot of the new package can earn, dollars net of fees.
    pub profit: f64,
}

/// Base lots before any progression, never below 0.
pub fn base_lots(size: &SizeSpec, room: Room) -> f64 {
    match size.target {
        SizeTarget::Lots => (size.value * size.multiplier + FLOOR_SLACK).floor().max(0.0),
        SizeTarget::MarginShare => {
            let layer = size.value * room.nav;
            let tranche = layer / room.tranches;
            let target = match size.base {
                SizeBase::Entry => tranche.min(layer - room.layer),
                SizeBase::Start => tranche,
            };
            (target * size.multiplier / room.unit + FLOOR_SLACK).floor().max(0.0)
        }
    }
}

/// Lots after the progression and its caps (R10).
pub fn progressed_lots(base: f64, rule: &ProgressionSpec, streak: Streak, room: Room) -> f64 {
    let most_doublings = f64::from(rule.max_doublings);
    let doublings = streak.losses.min(most_doublings);
    let wanted = match rule.mode {
        ProgressionMode::Replace => base * doublings.exp2(),
        ProgressionMode::Add => base * ((doublings + 1.0).exp2() - 1.0),
        ProgressionMode::Recoup if base > 0.0 && streak.profit > 0.0 => {
            let extra = (streak.deficit / streak.profit - FLOOR_SLACK).ceil().max(0.0);
            (base + extra).min(base * most_doublings.exp2())
        }
        ProgressionMode::Recoup => base,
    };
    let by_margin = rule.max_margin_share.map_or(f64::INFINITY, |share| {
        ((share * room.nav - room.requirement) / room.unit + FLOOR_SLACK).floor().max(0.0)
    });
    wanted.min(rule.max_lots.map_or(f64::INFINITY, f64::from)).min(by_margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { nav: 1e6, requirement: 0.0, layer: 0.0, unit: 5_000.0, tranches: 1.0 };

    fn sequence(mode: ProgressionMode, max_doublings: u32) -> Vec<f64> {
        let rule = ProgressionSpec { mode, max_doublings, max_lots: None, max_margin_share: None };
        (0..5)
            .map(|k| {
                let streak =
                    Streak { losses: f64::from(k), deficit: 4_000.0 * f64::from(k), profit: 1_000.0 };
                progressed_lots(2.0, &rule, streak, ROOM)
            })
            .collect()
    }

    #[test]
    fn twenty_condors_on_a_million_at_ten_percent() {
        let size =
            SizeSpec { target: SizeTarget::MarginShare, value: 0.10, multiplier: 1.0, base: SizeBase::Entry };
        assert_eq!(base_lots(&size, ROOM), 20.0);
        assert_eq!(base_lots(&size, Room { layer: 80_000.0, ..ROOM }), 4.0);
        assert_eq!(base_lots(&size, Room { layer: 180_000.0, ..ROOM }), 0.0);
        assert_eq!(base_lots(&size, Room { tranches: 7.0, ..ROOM }), 2.0);
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
        let streak = Streak { losses: 6.0, deficit: 0.0, profit: 1.0 };
        assert_eq!(progressed_lots(1.0, &rule, streak, ROOM), 10.0);
        assert_eq!(progressed_lots(1.0, &rule, streak, Room { nav: 1e8, ..ROOM }), 20.0);
    }
}
