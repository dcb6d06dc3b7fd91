//! Recorded sessions, read back.

use super::factors_of_vix::FactorsOfVix;
use super::generator::{Generator, Lanes};
use super::opening;
use super::quote::{Essvi, Surface};
use super::shock::Shock;
use super::spec::ReplaySpec;
use super::state::{Point, State};
use crate::Result;
use crate::math::special;

/// Lane `i` at session `step` is row `start[i] + step`.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    rows: Vec<Point>,
    surface: Essvi,
    overnight_share: f64,
    shock: Shock,
}

impl Replay {
    pub(super) fn new(spec: &ReplaySpec) -> Result<Self> {
        spec.check()?;
        let factors = FactorsOfVix::new(&spec.curve, &spec.dynamics)?;
        let rows = (0..spec.spot.len())
            .map(|row| Point {
                ln_s: special::ln::<false>(spec.spot[row]),
                x: factors.at(spec.vix[row]),
                r: spec.rate[row],
                q: spec.dividend_yield[row],
            })
            .collect();
        Ok(Self {
            rows,
            surface: Essvi::new(&spec.curve, &spec.smile, &spec.vix_smile),
            overnight_share: spec.dynamics.overnight_share,
            shock: Shock::new(&spec.curve, &spec.dynamics)?,
        })
    }

    /// Puts every lane on its row, `offset` sessions from its start.
    ///
    /// # Panics
    /// If a row does not exist: see [`Generator::rows`].
    fn gather(&self, lanes: &Lanes, offset: i64, state: &mut State) {
        for (lane, &start) in lanes.start.iter().enumerate() {
            let row = i64::from(start) + offset;
            let point = usize::try_from(row).ok().and_then(|row| self.rows.get(row));
            state
                .set(lane, point.unwrap_or_else(|| panic!("row {row} of {} replayed rows", self.rows.len())));
        }
    }
}

impl Generator for Replay {
    fn start(&self, lanes: &Lanes, state: &mut State) {
        self.gather(lanes, 0, state);
    }

    fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        self.gather(lanes, i64::from(step), state);
    }

    fn opening(&self, _: &Lanes, _: u32, before: &State, after: &State, out: &mut State) {
        opening::interpolate(self.overnight_share, before, after, out);
    }

    fn shock(&self) -> Option<Shock> {
        Some(self.shock)
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut state = State::default();
        for step in 0..window {
            self.gather(lanes, i64::from(step) - i64::from(window), &mut state);
            visit(step, &state);
        }
    }

    fn surface(&self) -> Surface {
        Surface::Essvi(self.surface)
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows.len())
    }
}
