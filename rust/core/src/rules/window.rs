//! The memory of `for_sessions`: the conjunction of a condition's last n sessions, lane by lane.

use crate::math::lanes::{LANES, Mask, Tri};

/// Two counters per lane say all that the last n values can say to a conjunction.
///
/// Sessions before the first are unknown: until n sessions have passed the answer is false or unknown, never true.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Sessions in a row, up to now, in which the condition was true; counted to n.
    true_run: [u32; LANES],
    /// Sessions since the condition was last false: 0 is now, n is not within the window.
    since_false: [u32; LANES],
    sessions: u32,
}

impl Window {
    /// A window that has seen nothing.
    pub fn new(sessions: u32) -> Self {
        Self { true_run: [0; LANES], since_false: [sessions; LANES], sessions }
    }

    /// Forgets what the lanes have seen.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        for lane in lanes.lanes() {
            self.true_run[lane] = 0;
            self.since_false[lane] = self.sessions;
        }
    }

    /// Takes in this session's value; returns the conjunction of the last n.
    #[inline(always)]
    pub fn push(&mut self, value: Tri) -> Tri {
        let sessions = self.sessions;
        let is_false = value.is_false();
        for lane in 0..LANES {
            let run = (self.true_run[lane] + 1).min(sessions);
            self.true_run[lane] = if value.truth.get(lane) { run } else { 0 };
            let since = (self.since_false[lane] + 1).min(sessions);
            self.since_false[lane] = if is_false.get(lane) { 0 } else { since };
        }
        let truth = Mask::from_fn(|lane| self.true_run[lane] >= sessions);
        let seen_false = Mask::from_fn(|lane| self.since_false[lane] < sessions);
        Tri { truth, known: truth | seen_false }
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
    fn conjunction_of_the_last_three() {
        let (t, f, u) = (Some(true), Some(false), None);
        let mut window = Window::new(3);
        for (value, expected) in [
            (t, u),
            (t, u),
            (t, t),
            (t, t),
            (u, u),
            (t, u),
            (t, u),
            (t, t),
            (f, f),
            (u, f),
            (t, f),
            (t, u),
            (t, t),
        ] {
            assert_eq!(window.push(everywhere(value)), everywhere(expected));
        }
    }

    #[test]
    fn lanes_start_anew_alone() {
        let mut window = Window::new(2);
        window.push(everywhere(Some(true)));
        window.reset_lanes(Mask::first(1));
        let answer = window.push(everywhere(Some(true)));
        assert_eq!(answer.truth, !Mask::first(1));
        assert_eq!(answer.known, !Mask::first(1));
    }
}
