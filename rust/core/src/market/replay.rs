//! Recorded sessions, read back.

use std::sync::Arc;

use super::DAYS_PER_YEAR;
use super::bars::day::Day;
use super::fhs::{CALM, JUMP, JUMPED};
use super::filtering::{closing_prices, estimates};
use super::generator::{Generator, Lanes};
use super::l3f::L3f;
use super::opening;
use super::quote::{Essvi, Surface};
use super::recorded_chain::RecordedChain;
use super::recorded_vx::{Mark, VxBasis};
use super::shock::Shock;
use super::spec::{L3fSpec, ReplaySpec};
use super::state::{FACTORS, Point, State};
use crate::Result;
use crate::math::lanes::{Col, LANES};
use crate::math::special;

/// A session before the record began: nothing is known of it.
const BEFORE: Point = Point { ln_s: f64::NAN, x: [f64::NAN; FACTORS], r: f64::NAN, q: f64::NAN };

/// Lane `i` at session `step` is row `start[i] + step`.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    rows: Vec<Point>,
    /// ln SPX at the opening, by row, where it is recorded; empty where it never is.
    open: Vec<Option<f64>>,
    /// Highest and lowest ln SPX of the day likewise.
    high: Vec<Option<f64>>,
    low: Vec<Option<f64>>,
    /// How the states diffuse between closes.
    model: L3f,
    vx: Option<VxBasis>,
    chain: Option<Arc<RecordedChain>>,
    surface: Essvi,
    overnight_share: f64,
    shock: Shock,
}

impl Replay {
    pub(super) fn new(spec: &ReplaySpec) -> Result<Self> {
        spec.check()?;
        let seen = if spec.vx_in_state { closing_prices(spec)? } else { Vec::new() };
        let rows: Vec<Point> =
            estimates(spec, &seen).zip(0..).map(|(estimate, row)| spec.point(row, estimate.x)).collect();
        let surface = Essvi::new(&spec.curve, &spec.smile, &spec.vix_smile, spec.surface_shift);
        let overnight_share = spec.dynamics.overnight_share;
        // What the model says where a price is recorded: the future at the close, VIX at the opening on which it
        // settles.
        let modelled = |mark: &Mark| {
            let x = rows[mark.row].x;
            if mark.row < mark.expiry {
                return surface.curve.future::<false>(x, mark.days / DAYS_PER_YEAR).0;
            }
            let before = rows[mark.row - 1].x;
            let opening = std::array::from_fn(|f| opening::between(overnight_share, before[f], x[f]));
            surface.curve.vix::<false>(opening)
        };
        let vx = spec.vx.as_ref().and_then(|vx| VxBasis::new(vx, modelled));
        let (curve, dynamics) = (spec.curve.clone(), spec.dynamics.clone());
        let model = L3f::new(&L3fSpec { vix: spec.vix[0], curve, dynamics, ..L3fSpec::default() })?;
        let logarithms = |column: &[Option<f64>]| -> Vec<Option<f64>> {
            column.iter().map(|value| value.map(special::ln::<false>)).collect()
        };
        Ok(Self {
            rows,
            open: logarithms(&spec.open),
            high: logarithms(&spec.high),
            low: logarithms(&spec.low),
            model,
            vx,
            chain: spec.chain.as_ref().map(|chain| Arc::new(RecordedChain::new(chain))),
            surface,
            overnight_share,
            shock: Shock::new(&spec.curve, &spec.dynamics),
        })
    }

    /// The row of each lane, `offset` sessions from its start.
    ///
    /// # Panics
    /// If a row does not exist: see [`Generator::rows`].
    fn rows_at(&self, lanes: &Lanes, offset: i64) -> [usize; LANES] {
        lanes.start.map(|start| {
            let row = i64::from(start) + offset;
            let known = usize::try_from(row).ok().filter(|&row| row < self.rows.len());
            known.unwrap_or_else(|| panic!("row {row} of {} replayed rows", self.rows.len()))
        })
    }

    /// Puts every lane on its row.
    fn gather(&self, lanes: &Lanes, offset: i64, state: &mut State) {
        for (lane, row) in self.rows_at(lanes, offset).into_iter().enumerate() {
            state.set(lane, &self.rows[row]);
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

    fn opening(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut State) {
        opening::interpolate(self.overnight_share, before, after, out);
        for (lane, row) in self.rows_at(lanes, i64::from(step)).into_iter().enumerate() {
            if let Some(&Some(recorded)) = self.open.get(row) {
                out.ln_s[lane] = recorded;
            }
        }
    }

    fn overnight_share(&self) -> f64 {
        self.overnight_share
    }

    /// The diffusion of L3F; a jump where the day's z is far out and its opening is not known.
    fn day(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut Day) {
        let recorded = |column: &[Option<f64>], row: usize| column.get(row).copied().flatten();
        let mut chance = Col::splat(CALM);
        for (lane, row) in self.rows_at(lanes, i64::from(step)).into_iter().enumerate() {
            let range = [&self.high, &self.low].map(|column| recorded(column, row));
            let known = recorded(&self.open, row);
            let [high, low] = known.map_or([None; 2], |_| range).map(|value| value.unwrap_or(f64::NAN));
            (out.open[lane], out.high[lane], out.low[lane]) = (known.unwrap_or(f64::NAN), high, low);
            let [z, ..] = self.model.shocks_between(&before.point(lane), &after.point(lane));
            chance[lane] = if known.is_none() && z.abs() > JUMP { JUMPED } else { CALM };
        }
        self.model.consist(lanes, step, Some(&chance), [before, after], out);
    }

    fn vx_basis(&self, lanes: &Lanes, step: u32, expiry: &[u32; LANES], out: &mut Col) -> bool {
        let Some(vx) = &self.vx else { return false };
        for (lane, row) in self.rows_at(lanes, i64::from(step)).into_iter().enumerate() {
            out[lane] = vx.at(row, expiry[lane] as usize);
        }
        true
    }

    fn recorded_chain(&self, product: &str) -> Option<Arc<RecordedChain>> {
        self.chain.clone().filter(|chain| chain.product == product)
    }

    fn shock(&self) -> Option<Shock> {
        Some(self.shock)
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut state = State::default();
        for step in 0..window {
            let offset = i64::from(step) - i64::from(window);
            for (lane, start) in lanes.start.into_iter().enumerate() {
                let row = usize::try_from(i64::from(start) + offset);
                state.set(lane, row.map_or(&BEFORE, |row| &self.rows[row]));
            }
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
