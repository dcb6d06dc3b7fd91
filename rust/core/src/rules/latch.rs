//! The memory of `latch`: hysteresis, lane by lane.

use crate::math::lanes::{Mask, Tri};

/// On from a session in which its first condition is true until one in which its second is; off at the start.
///
/// Unknown changes nothing, and where both are true the first wins: a hedge that is wanted is not dropped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latch {
    on: Mask,
}

impl Latch {
    /// Turns the lanes off.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        self.on = self.on & !lanes;
    }

    /// Takes in this session's values; returns where the latch is on now.
    #[inline(always)]
    pub fn push(&mut self, on: Tri, off: Tri) -> Mask {
        self.on = on.is_true() | (self.on & !off.is_true());
        self.on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everywhere(value: Option<bool>) -> Tri {
        let mask = |on| if on { Mask::ALL } else { Mask::NONE };
        Tri { truth: mask(value == Some(true)), known: mask(value.is_some()) }
    }

    #[test]
    fn on_stays_on_until_off_and_unknown_changes_nothing() {
        let (t, f, u) = (Some(true), Some(false), None);
        let mut latch = Latch::default();
        for (on, off, expected) in [
            (f, f, false),
            (u, t, false),
            (t, f, true),
            (f, f, true),
            (f, u, true),
            (u, f, true),
            (t, t, true),
            (f, t, false),
            (f, f, false),
            (t, t, true),
            (u, t, false),
        ] {
            let answer = latch.push(everywhere(on), everywhere(off));
            assert_eq!(answer, if expected { Mask::ALL } else { Mask::NONE });
        }
    }

    #[test]
    fn lanes_start_anew_alone() {
        let mut latch = Latch::default();
        latch.push(everywhere(Some(true)), everywhere(None));
        latch.reset_lanes(Mask::first(1));
        assert_eq!(latch.push(everywhere(None), everywhere(None)), !Mask::first(1));
    }
}
