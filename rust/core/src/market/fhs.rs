//! FHS: filtered historical simulation. The recursion of L3F, fed with the innovations of a recorded history.
//!
//! The shocks (z, g) of a session are a row of the history's, found by [`super::filtering`]; rows are drawn by the
//! stationary bootstrap (Politis and Romano 1994): the row after the one before, or, with probability 1 / block, any
//! row. What VIX alone does not tell of the factors stays out of their innovations and of their states: VIX and SPX move
//! as they did, and the curve is the one that a filter would see. z is centred, so that SPX earns the premium asked
//! for; its variance and skewness are the history's.

use serde::{Deserialize, Serialize};

use super::bars::day::Day;
use super::check;
use super::generator::{Generator, Lanes};
use super::l3f::{L3f, SHOCKS};
use super::parameters::{Curve, Dynamics, Smile, VixSmile};
use super::quote::Surface;
use super::shock::Shock;
use super::smile_state::SmileState;
use super::spec::L3fSpec;
use super::state::State;
use super::warm_up;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::{Purpose, Stream};
use crate::math::simd::{self, Kernel};
use crate::{Error, Result};

/// `{"model": "fhs", …}`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FhsSpec {
    /// VIX at session 0, in points.
    pub vix: f64,
    /// SPX at session 0.
    pub spot: f64,
    /// Interest rate, continuously compounded, a year.
    pub rate: f64,
    /// Dividend yield, continuously compounded, a year.
    pub dividend_yield: f64,
    /// Equity risk premium, a year.
    pub erp: f64,
    /// Mean length of a block of consecutive sessions.
    pub block: f64,
    /// Innovations z, g0, g1, g2, a row a session.
    pub innovations: Vec<[f64; SHOCKS]>,
    /// The VIX and its futures, as they were for the filter.
    pub curve: Curve,
    /// How the factors revert, as they did for the filter.
    pub dynamics: Dynamics,
    /// The SPX volatility surface.
    pub smile: Smile,
    /// The VIX option surface.
    pub vix_smile: VixSmile,
    /// How the SPX surface departs from its template from day to day.
    pub smile_state: SmileState,
    /// Vol points by which the SPX surface lies above what the state says.
    pub surface_shift: f64,
}

impl FhsSpec {
    /// Every parameter and innovation inside its domain? (Those of L3F are checked by it.)
    fn check(&self) -> Result<()> {
        check::at_least("block", self.block, 1.0)?;
        if self.innovations.len() < LEAST_ROWS {
            let problem = format!("{} rows: at least {LEAST_ROWS} sessions", self.innovations.len());
            return Err(Error::Shape { name: "innovations".into(), problem });
        }
        for (row, shocks) in self.innovations.iter().enumerate() {
            check::each(&format!("innovations[{row}]"), shocks, |name, shock| {
                check::between(name, shock, -MOST, MOST)
            })?;
        }
        Ok(())
    }
}

/// Fewer sessions are no sample.
const LEAST_ROWS: usize = 20;
/// Largest innovation, in standard deviations: February 2018 had 8.
const MOST: f64 = 50.0;
/// Standard deviations of z beyond which a session's move is a jump that its opening does not smear.
pub(super) const JUMP: f64 = 3.0;
/// Below and above the probability of a wild session, whatever it is.
pub(super) const JUMPED: f64 = -1.0;
pub(super) const CALM: f64 = 2.0;
/// Column of the memory: the row of the session.
const ROW: usize = 0;

/// The model, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Fhs {
    model: L3f,
    rows: Vec<[f64; SHOCKS]>,
    /// Probability that a session begins a block.
    restart: f64,
    /// z beyond which a session jumps.
    jump: f64,
}

impl Fhs {
    pub(super) fn new(spec: &FhsSpec) -> Result<Self> {
        let model = L3f::new(&L3fSpec {
            vix: spec.vix,
            spot: spec.spot,
            rate: spec.rate,
            dividend_yield: spec.dividend_yield,
            erp: spec.erp,
            curve: spec.curve.clone(),
            dynamics: spec.dynamics.clone(),
            smile: spec.smile.clone(),
            vix_smile: spec.vix_smile.clone(),
            smile_state: spec.smile_state.clone(),
            surface_shift: spec.surface_shift,
        })?;
        spec.check()?;
        let mut rows = spec.innovations.clone();
        let n = rows.len() as f64;
        let mean = rows.iter().map(|row| row[0]).sum::<f64>() / n;
        for row in &mut rows {
            row[0] -= mean;
        }
        let moment = |power| rows.iter().map(|row| row[0].powi(power)).sum::<f64>() / n;
        let (variance, third) = (moment(2), moment(3));
        let jump = JUMP * variance.sqrt();
        let calm: Vec<f64> = rows.iter().map(|row| row[0]).filter(|z| z.abs() <= jump).collect();
        let quiet = calm.iter().map(|z| z * z).sum::<f64>() / calm.len() as f64;
        let model = model.with_moments(variance, third, quiet);
        Ok(Self { model, rows, restart: 1.0 / spec.block, jump })
    }

    /// Any row, evenly.
    #[inline(always)]
    fn any(&self, uniform: f64) -> f64 {
        (uniform * self.rows.len() as f64).floor()
    }

    /// Below every probability where the session that led to a state jumped, above where not.
    fn chance(&self, after: &State) -> Col {
        let mut chance = Col::default();
        for i in 0..LANES {
            let [z, ..] = self.rows[after.memory[ROW][i] as usize];
            chance[i] = if z.abs() > self.jump { JUMPED } else { CALM };
        }
        chance
    }

    fn advance(&self, lanes: &Lanes, step: u32, purpose: Purpose, state: &mut State) {
        let draws = Stream { seed: lanes.seed, purpose };
        simd::dispatch(Session { model: self, draws, first_path: lanes.first_path, step, state });
    }
}

impl Generator for Fhs {
    fn start(&self, lanes: &Lanes, state: &mut State) {
        self.model.start(lanes, state);
        let draws = Stream { seed: lanes.seed, purpose: Purpose::Bootstrap };
        let (mut unused, mut uniform) = (Col::default(), Col::default());
        draws.uniform_columns(lanes.first_path, 0, 0, &mut unused, &mut uniform);
        let [row] = state.memory_of();
        for i in 0..LANES {
            row[i] = self.any(uniform[i]);
        }
    }

    fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        self.advance(lanes, step, Purpose::Bootstrap, state);
        self.model.move_smile(lanes, step, state);
    }

    fn opening(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut State) {
        self.model.open(lanes, step, Some(&self.chance(after)), [before, after], out);
    }

    fn overnight_share(&self) -> f64 {
        self.model.overnight_share()
    }

    fn day(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut Day) {
        self.model.consist(lanes, step, Some(&self.chance(after)), [before, after], out);
    }

    fn special_quotation(&self, lanes: &Lanes, step: u32, out: &mut Col) {
        self.model.special_quotation(lanes, step, out);
    }

    fn shock(&self) -> Option<Shock> {
        self.model.shock()
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut start = State::default();
        self.start(lanes, &mut start);
        let advance = |step, state: &mut State| self.advance(lanes, step, Purpose::WarmUp, state);
        warm_up::bridged(&start, window, advance, visit);
    }

    fn surface(&self) -> Surface {
        self.model.surface()
    }
}

/// One session of 256 paths.
struct Session<'a> {
    model: &'a Fhs,
    draws: Stream,
    first_path: u64,
    step: u32,
    state: &'a mut State,
}

impl Kernel for Session<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, draws, first_path, step, state } = self;
        let (mut restart, mut uniform) = (Col::default(), Col::default());
        draws.uniform_columns(first_path, step, 0, &mut restart, &mut uniform);
        let last = (model.rows.len() - 1) as f64;
        let [row] = state.memory_of();
        for i in 0..LANES {
            // The first row follows the last one.
            let next = if row[i] < last { row[i] + 1.0 } else { 0.0 };
            row[i] = if restart[i] < model.restart { model.any(uniform[i]) } else { next };
        }
        let mut shocks = [Col::default(); SHOCKS];
        for i in 0..LANES {
            let found = model.rows[row[i] as usize];
            for (column, shock) in shocks.iter_mut().zip(found) {
                column[i] = shock;
            }
        }
        model.model.moved::<FMA>(&shocks, state);
    }
}
