//! Sessions before session 0 of a simulated path.

use super::state::State;
use crate::math::lanes::LANES;

/// Simulates `window` sessions forward from the start state and pins their end to it.
///
/// With y the simulated path (y(0) = start), the visited states are `y(j) − (j / window) (y(window) − y(0))`
/// in (ln S, x): the increments keep their roughness, and the session after the last visited one is the
/// start state itself. Two passes draw the same numbers twice rather than store the path.
///
/// `advance(step, state)` moves the state to `step` = 1 … window with draws of the warm-up's own purpose.
pub(super) fn bridged(
    start: &State,
    window: u32,
    mut advance: impl FnMut(u32, &mut State),
    visit: &mut dyn FnMut(u32, &State),
) {
    let mut end = start.clone();
    for step in 1..=window {
        advance(step, &mut end);
    }
    let mut path = start.clone();
    let mut pinned = start.clone();
    for step in 0..window {
        if step > 0 {
            advance(step, &mut path);
        }
        let share = f64::from(step) / f64::from(window);
        for i in 0..LANES {
            pinned.ln_s[i] = path.ln_s[i] - share * (end.ln_s[i] - start.ln_s[i]);
            for f in 0..pinned.x.len() {
                pinned.x[f][i] = path.x[f][i] - share * (end.x[f][i] - start.x[f][i]);
            }
        }
        visit(step, &pinned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A deterministic walk: with constant increments the bridge removes the whole of them.
    #[test]
    fn a_constant_drift_is_taken_out() {
        let start = State::default();
        let mut steps = Vec::new();
        bridged(
            &start,
            4,
            |_, state| {
                for i in 0..LANES {
                    state.ln_s[i] += 0.5;
                    state.x[1][i] -= 0.25;
                }
            },
            &mut |step, state| {
                steps.push(step);
                assert_eq!(state, &start);
            },
        );
        assert_eq!(steps, [0, 1, 2, 3]);
    }
}
