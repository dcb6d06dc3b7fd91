//! Bars as arrays: what a user plots, and what the tests read.

use rayon::prelude::*;

use super::day::Day;
use super::grid::{Grid, edge};
use super::profile::{HALF_DAY, Profile};
use super::range::{LEAST_BARS, Ranges};
use super::session::Session;
use crate::market::check;
use crate::market::draws::Draws;
use crate::market::generator::{Generator, Lanes};
use crate::market::quote::Surface;
use crate::market::simulate::Exp;
use crate::market::state::State;
use crate::math::lanes::{Col, LANES, Mask};
use crate::math::philox::MAX_PATHS;
use crate::math::simd;
use crate::{Error, Result, threads};

/// Which bars to produce.
#[derive(Clone, Debug)]
pub struct Request {
    /// Number of paths.
    pub paths: usize,
    /// Sessions after session 0.
    pub sessions: u32,
    /// Bars of a session, of equal length to the minute: 1 to 390.
    pub bars: u32,
    /// How variance is spread over the day.
    pub profile: Profile,
    /// Seed of the draws.
    pub seed: u64,
    /// How the daily draws are made.
    pub draws: Draws,
    /// Number of the first path.
    pub first_path: u64,
    /// Row of session 0 in a replay, the same for every path.
    pub start: u32,
    /// Threads to use; `None` for one per core. Results do not depend on it.
    pub threads: Option<usize>,
    /// Per session, whether it is a half day; empty where none is.
    pub half_days: Vec<bool>,
}

/// Row-major arrays, `paths` × `sessions` × (`bars` + 1): the opening, then the ends of the bars.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Minutes since the opening, one per column.
    pub minutes: Vec<u32>,
    /// The same on half days; a minute stands as often as there are more bars than minutes.
    pub half_minutes: Vec<u32>,
    /// SPX.
    pub spot: Vec<f64>,
    /// VIX in points.
    pub vix: Vec<f64>,
    /// Of a replay, where a bar is the recorded high or low of its day: a price that nobody could count on.
    pub extreme: Option<Vec<bool>>,
    /// Per session, whether its bars reproduce a recorded opening, high and low.
    pub recorded: Vec<bool>,
    /// Likelihood ratio of each path, for importance draws.
    pub weight: Option<Vec<f64>>,
}

/// Runs the model and draws what lies between its closes.
pub fn bars(model: &dyn Generator, request: &Request) -> Result<Bars> {
    let grid = Grid::new(request.bars, request.profile)?;
    request.check(model)?;
    let recorded = request.recorded(model)?;
    let half = Grid::of(HALF_DAY, request.bars, &[], request.profile)?;
    let half_minutes: Vec<u32> = (0..=request.bars).map(|bar| edge(bar, request.bars, HALF_DAY)).collect();
    let of = |grid, some: bool| if some { Ranges::new(grid) } else { Ranges::default() };
    let ranged = recorded.contains(&true);
    let (ranges, half_ranges) = (of(&grid, ranged), of(&half, ranged && request.half_days.contains(&true)));
    let columns = request.sessions as usize * grid.edges.len();
    check::room(request.paths, columns, 3)?;
    let cells = request.paths * columns;
    let replayed = model.rows().is_some();
    let (mut spot, mut vix) = (vec![0.0; cells], vec![0.0; cells]);
    let mut extreme = vec![false; if replayed { cells } else { 0 }];
    let mut weight = vec![1.0; request.paths];
    let block = LANES * columns;
    let mut flags = extreme.chunks_mut(block);
    let mut blocks: Vec<Block<'_>> = spot
        .chunks_mut(block)
        .zip(vix.chunks_mut(block))
        .zip(weight.chunks_mut(LANES))
        .map(|((spot, vix), weight)| {
            let extreme = flags.next().unwrap_or_default();
            Block { columns, spot, vix, extreme, weight }
        })
        .collect();
    let run = |(number, block): (usize, &mut Block<'_>)| {
        let live = block.weight.len();
        let whole = Session::new(model, &grid, &ranges, live);
        let half = Session::new(model, &half, &half_ranges, live);
        block.run(model, request, (whole, half, &half_minutes), (number * LANES) as u64);
    };
    if blocks.len() == 1 || request.threads == Some(1) {
        blocks.iter_mut().enumerate().for_each(run);
    } else {
        threads::pool(request.threads)?.install(|| blocks.par_iter_mut().enumerate().for_each(run));
    }
    let weight = matches!(request.draws, Draws::Importance { .. }).then_some(weight);
    let extreme = replayed.then_some(extreme);
    Ok(Bars { minutes: grid.edges, half_minutes, spot, vix, extreme, recorded, weight })
}

impl Request {
    fn check(&self, model: &dyn Generator) -> Result<()> {
        for (name, value) in [("paths", self.paths), ("sessions", self.sessions as usize)] {
            if value == 0 {
                return Err(Error::domain(name, value, "must be at least 1"));
            }
        }
        if !self.half_days.is_empty() && self.half_days.len() != self.sessions as usize {
            let problem = format!("{} flags, but there are {} sessions", self.half_days.len(), self.sessions);
            return Err(Error::Shape { name: "half_days".into(), problem });
        }
        if self.first_path.checked_add(self.paths as u64).is_none_or(|end| end > MAX_PATHS) {
            let allowed = "first_path + paths must not exceed 2^48";
            return Err(Error::domain("first_path", self.first_path, allowed));
        }
        if self.threads == Some(0) {
            return Err(Error::domain("threads", 0, "must be at least 1"));
        }
        self.draws.check(model.shocks())?;
        match model.rows() {
            Some(rows) if self.start as usize + self.sessions as usize >= rows => {
                let left = rows.saturating_sub(self.start as usize + 1);
                let allowed = format!("from row {} on there are {left} sessions", self.start);
                Err(Error::domain("sessions", self.sessions, allowed))
            }
            None if self.start != 0 => {
                Err(Error::domain("start", self.start, "a simulated market has no rows: leave it 0"))
            }
            _ => Ok(()),
        }
    }

    /// Sessions with a recorded opening, high and low.
    fn recorded(&self, model: &dyn Generator) -> Result<Vec<bool>> {
        if model.rows().is_none() {
            return Ok(vec![false; self.sessions as usize]);
        }
        let lanes = self.lanes(model, 0);
        let (mut before, mut after, mut day) = (State::default(), State::default(), Day::default());
        model.start(&lanes, &mut before);
        let mut found = Vec::with_capacity(self.sessions as usize);
        for step in 1..=self.sessions {
            model.session(&lanes, step, &mut after);
            model.day(&lanes, step, &before, &after, &mut day);
            found.push(day.ranged(0));
            std::mem::swap(&mut before, &mut after);
        }
        if found.contains(&true) && (self.bars as usize) < LEAST_BARS {
            let allowed = format!("a day with a recorded high and low needs at least {LEAST_BARS}");
            return Err(Error::domain("bars", self.bars, allowed));
        }
        Ok(found)
    }

    fn lanes(&self, model: &dyn Generator, offset: u64) -> Lanes {
        let first_path = self.first_path + offset;
        let lanes = Lanes { seed: self.seed, first_path, start: [self.start; LANES], ..Lanes::default() };
        lanes.drawn(self.draws, self.sessions, model.shocks())
    }
}

/// The rows of 256 paths.
struct Block<'a> {
    columns: usize,
    spot: &'a mut [f64],
    vix: &'a mut [f64],
    /// Empty where nothing is recorded.
    extreme: &'a mut [bool],
    weight: &'a mut [f64],
}

impl Block<'_> {
    fn run(
        &mut self,
        model: &dyn Generator,
        request: &Request,
        (mut whole, mut half, half_minutes): (Session<'_>, Session<'_>, &[u32]),
        offset: u64,
    ) {
        let lanes = request.lanes(model, offset);
        if let Some(weight) = lanes.weight() {
            let paths = self.weight.len();
            self.weight.copy_from_slice(&weight[..paths]);
        }
        let (surface, mut column) = (model.surface(), 0);
        let (mut before, mut after) = (State::default(), State::default());
        model.start(&lanes, &mut before);
        for step in 1..=request.sessions {
            after.clone_from(&before);
            model.session(&lanes, step, &mut after);
            let ends = [&before, &after];
            if request.half_days.get(step as usize - 1) == Some(&true) {
                // Where bars end in the same minute, they have the same price.
                let mut same = half_minutes.chunk_by(|a, b| a == b);
                half.run(&lanes, step, ends, &mut |state, extreme| {
                    for _ in same.next().unwrap_or_default() {
                        self.write(&surface, column, state, extreme);
                        column += 1;
                    }
                });
            } else {
                whole.run(&lanes, step, ends, &mut |state, extreme| {
                    self.write(&surface, column, state, extreme);
                    column += 1;
                });
            }
            std::mem::swap(&mut before, &mut after);
        }
    }

    fn write(&mut self, surface: &Surface, column: usize, state: &State, extreme: Mask) {
        let (mut spot, mut vix) = (Col::default(), Col::default());
        simd::dispatch(Exp { from: &state.ln_s, to: &mut spot });
        surface.vix(state, &mut vix);
        for lane in 0..self.weight.len() {
            let cell = lane * self.columns + column;
            (self.spot[cell], self.vix[cell]) = (spot[lane], vix[lane]);
            if let Some(flag) = self.extreme.get_mut(cell) {
                *flag = extreme.get(lane);
            }
        }
    }
}
