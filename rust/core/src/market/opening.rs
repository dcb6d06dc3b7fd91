//! The state at the opening of a session, on the straight line between the closes around it.

use super::state::State;
use crate::math::lanes::LANES;

/// The point `share` of the way from one number to another.
#[inline(always)]
pub(super) fn between(share: f64, from: f64, to: f64) -> f64 {
    from + share * (to - from)
}

/// Puts (ln S, x, smile) `share` of the way from the close before to the close of the session; r and q are the
/// session's.
pub(super) fn interpolate(share: f64, before: &State, after: &State, out: &mut State) {
    for i in 0..LANES {
        out.ln_s[i] = between(share, before.ln_s[i], after.ln_s[i]);
    }
    let outs = out.x.iter_mut().chain(&mut out.smile);
    let ends = before.x.iter().chain(&before.smile).zip(after.x.iter().chain(&after.smile));
    for (to, (from, close)) in outs.zip(ends) {
        for i in 0..LANES {
            to[i] = between(share, from[i], close[i]);
        }
    }
    out.r = after.r;
    out.q = after.q;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::state::Point;

    #[test]
    fn the_ends_of_the_line_are_the_closes() {
        let state = |level: f64| {
            let mut state = State::default();
            state.fill(&Point { ln_s: level, x: [level, -level, 2.0 * level], r: level, q: 0.01 });
            state
        };
        let (before, after) = (state(1.0), state(2.0));
        let mut out = State::default();
        interpolate(1.0, &before, &after, &mut out);
        assert_eq!(out, after);
        interpolate(0.0, &before, &after, &mut out);
        assert_eq!((out.ln_s, out.x), (before.ln_s, before.x));
        // Rates are those of the session, whose morning it is.
        assert_eq!((out.r, out.q), (after.r, after.q));
        interpolate(0.25, &before, &after, &mut out);
        assert_eq!((out.ln_s[7], out.x[1][7], out.x[2][7]), (1.25, -1.25, 2.5));
    }
}
