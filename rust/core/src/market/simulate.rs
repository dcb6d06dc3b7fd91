//! Paths as arrays: what a user plots, and what the tests read.

use rayon::prelude::*;

use super::check;
use super::draws::Draws;
use super::generator::{Generator, Lanes};
use super::quote::Surface;
use super::state::State;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::MAX_PATHS;
use crate::math::simd::{self, Kernel};
use crate::math::special;
use crate::{Error, Result, threads};

/// Which paths to produce.
#[derive(Clone, Debug)]
pub struct Request {
    /// Number of paths.
    pub paths: usize,
    /// Sessions after session 0.
    pub sessions: u32,
    /// Sessions before session 0.
    pub warm_up: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// How they are drawn.
    pub draws: Draws,
    /// Number of the first path. A replayed path p has its session 0 in row `warm_up + p`.
    pub first_path: u64,
    /// Calendar days to settlement of each constant-maturity VX future wanted.
    pub vx_days: Vec<f64>,
    /// Threads to use; `None` for one per core. Results do not depend on it.
    pub threads: Option<usize>,
}

/// Row-major arrays, `paths` × `columns`; session 0 is column `warm_up`.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Sessions of each path: `warm_up + 1 + sessions`.
    pub columns: usize,
    /// SPX.
    pub spot: Vec<f64>,
    /// VIX in points.
    pub vix: Vec<f64>,
    /// VX in points, one array per entry of `vx_days`.
    pub vx: Vec<Vec<f64>>,
    /// Likelihood ratio of each path, for importance draws: means are means of weight times figure.
    pub weight: Option<Vec<f64>>,
}

/// Runs the model.
pub fn simulate(model: &dyn Generator, request: &Request) -> Result<Simulation> {
    let columns = request.check(model)?;
    let array = || vec![0.0; request.paths * columns];
    let (mut spot, mut vix) = (array(), array());
    let mut vx: Vec<_> = request.vx_days.iter().map(|_| array()).collect();
    let mut weight = vec![1.0; request.paths];

    // Each block of lanes gets its own rows of every array.
    let mut blocks: Vec<Vec<&mut [f64]>> = Vec::new();
    for figure in [&mut spot, &mut vix].into_iter().chain(&mut vx) {
        for (block, rows) in figure.chunks_mut(LANES * columns).enumerate() {
            if block == blocks.len() {
                blocks.push(Vec::new());
            }
            blocks[block].push(rows);
        }
    }
    let mut blocks: Vec<_> = blocks.into_iter().zip(weight.chunks_mut(LANES)).collect();
    let run = |(block, (rows, weight)): (usize, &mut (Vec<&mut [f64]>, &mut [f64]))| {
        let tiles = vec![[Col::default(); TILE]; rows.len()];
        Writer { columns, vx_days: &request.vx_days, surface: model.surface(), rows, weight, tiles }.run(
            model,
            request,
            (block * LANES) as u64,
        );
    };
    if blocks.len() == 1 || request.threads == Some(1) {
        blocks.iter_mut().enumerate().for_each(run);
    } else {
        threads::pool(request.threads)?.install(|| blocks.par_iter_mut().enumerate().for_each(run));
    }
    let weight = matches!(request.draws, Draws::Importance { .. }).then_some(weight);
    Ok(Simulation { columns, spot, vix, vx, weight })
}

impl Request {
    /// The number of columns, if the request makes sense for the model.
    fn check(&self, model: &dyn Generator) -> Result<usize> {
        if self.paths == 0 {
            return Err(Error::domain("paths", self.paths, "must be at least 1"));
        }
        let end = self.first_path.checked_add(self.paths as u64).filter(|&end| end <= MAX_PATHS);
        let end = end.ok_or_else(|| {
            Error::domain("first_path", self.first_path, "first_path + paths must not exceed 2^48")
        })?;
        if let Some(days) = self.vx_days.iter().find(|days| !(days.is_finite() && **days >= 0.0)) {
            return Err(Error::domain("vx_days", days, "must be calendar days, at least 0"));
        }
        if self.threads == Some(0) {
            return Err(Error::domain("threads", 0, "must be at least 1"));
        }
        self.draws.check(model.shocks())?;
        let columns = self.warm_up as usize + 1 + self.sessions as usize;
        check::room(self.paths, columns, 2 + self.vx_days.len())?;
        if let Some(rows) = model.rows() {
            let wanted = end - 1 + columns as u64;
            if wanted > rows as u64 {
                let allowed = format!("replaying needs {wanted} rows with the warm-up; there are {rows}");
                return Err(Error::domain("sessions", self.sessions, allowed));
            }
        }
        Ok(columns)
    }
}

/// Sessions that are written to a row at a time: a line of cache, which would else be fetched for each of them.
const TILE: usize = 8;

/// The rows of one block, one slice per figure.
struct Writer<'a, 'b> {
    columns: usize,
    vx_days: &'a [f64],
    surface: Surface,
    rows: &'a mut [&'b mut [f64]],
    weight: &'a mut [f64],
    /// Per figure, the last sessions, not yet written.
    tiles: Vec<[Col; TILE]>,
}

impl Writer<'_, '_> {
    fn run(&mut self, model: &dyn Generator, request: &Request, offset: u64) {
        let first_path = request.first_path + offset;
        let paths = self.rows[0].len() / self.columns;
        // Lanes without a path of this request repeat the last one: replayed rows exist for it.
        let row = u64::from(request.warm_up) + first_path;
        let start = std::array::from_fn(|lane| (row + lane.min(paths - 1) as u64) as u32);
        // No array holds a price of an SPX option.
        let lanes = Lanes { seed: request.seed, first_path, start, surface_state: false, ..Lanes::default() };
        let lanes = lanes.drawn(request.draws, request.sessions, model.shocks());
        if let Some(weight) = lanes.weight() {
            self.weight.copy_from_slice(&weight[..paths]);
        }
        let mut column = 0;
        model.warm_up(&lanes, request.warm_up, &mut |_, state| {
            self.write(column, state);
            column += 1;
        });
        let mut state = State::default();
        model.start(&lanes, &mut state);
        self.write(column, &state);
        for step in 1..=request.sessions {
            model.session(&lanes, step, &mut state);
            self.write(column + step as usize, &state);
        }
    }

    fn write(&mut self, column: usize, state: &State) {
        let mut values = Col::default();
        simd::dispatch(Exp { from: &state.ln_s, to: &mut values });
        self.store(0, column, &values);
        self.surface.vix(state, &mut values);
        self.store(1, column, &values);
        for (future, &days) in self.vx_days.iter().enumerate() {
            self.surface.vx(state, days, &mut values);
            self.store(2 + future, column, &values);
        }
    }

    fn store(&mut self, figure: usize, column: usize, values: &Col) {
        let tile = &mut self.tiles[figure];
        let place = column % TILE;
        tile[place] = *values;
        if place + 1 < TILE && column + 1 < self.columns {
            return;
        }
        for (lane, row) in self.rows[figure].chunks_exact_mut(self.columns).enumerate() {
            for (cell, sessions) in row[column - place..=column].iter_mut().zip(&*tile) {
                *cell = sessions[lane];
            }
        }
    }
}

/// A column of exponentials: levels, given their logarithms.
pub(super) struct Exp<'a> {
    pub from: &'a Col,
    pub to: &'a mut Col,
}

impl Kernel for Exp<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (to, from) in self.to.iter_mut().zip(self.from.iter()) {
            *to = special::exp::<FMA>(*from);
        }
    }
}
