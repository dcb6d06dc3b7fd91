//! The bars of one session, 256 paths at a time.

use super::day::{Day, Interval, MOVES, NEVER};
use super::grid::Grid;
use super::range::{Draws, Ranges};
use crate::market::generator::{Generator, Lanes};
use crate::market::opening;
use crate::market::state::State;
use crate::math::lanes::{Col, LANES, Mask};
use crate::math::philox::Purpose;
use crate::math::simd::{self, Kernel, fma};

/// Draws bars; keeps its columns between sessions.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    model: &'a dyn Generator,
    grid: &'a Grid,
    ranges: &'a Ranges,
    day: Day,
    /// The bridge at every node of the grid, per normal.
    bridge: Vec<[Col; MOVES]>,
    /// ln S at every bar of lanes whose range is recorded; other lanes are not read.
    levels: Vec<Col>,
    /// Lanes with a path: recorded ranges, which take longest, are drawn for them alone.
    used: usize,
    /// Bars of their high and of their low.
    touched: [[u32; LANES]; 2],
    /// Is the close of this day a recorded high or low, as its opening may be as well?
    closes_at: [bool; LANES],
    open: State,
    bar: State,
}

impl<'a> Session<'a> {
    pub fn new(model: &'a dyn Generator, grid: &'a Grid, ranges: &'a Ranges, used: usize) -> Self {
        Self {
            model,
            grid,
            ranges,
            day: Day::default(),
            bridge: vec![Default::default(); grid.nodes.len()],
            levels: vec![Col::default(); grid.bars() + 1],
            used,
            touched: [[u32::MAX; LANES]; 2],
            closes_at: [false; LANES],
            open: State::default(),
            bar: State::default(),
        }
    }

    /// How many lanes have a path, from now on.
    pub fn live(&mut self, used: usize) {
        self.used = used;
    }

    /// Visits the opening of session `step` and the ends of its bars, the last being the close as it was given; with the lanes
    /// whose recorded high or low each is.
    pub fn run(
        &mut self,
        lanes: &Lanes,
        step: u32,
        [before, after]: [&State; 2],
        visit: &mut dyn FnMut(&State, Mask),
    ) {
        let share = self.model.overnight_share();
        self.model.day(lanes, step, before, after, &mut self.day);
        self.opens(lanes, step, share, [before, after]);
        simd::dispatch(Bridge { grid: self.grid, lanes, step, out: &mut self.bridge });
        let close = self.target(share, after);
        self.within(lanes, step, after);

        visit(&self.open, self.extreme(0));
        let last = self.grid.bars();
        for bar in 1..last {
            simd::dispatch(Bar {
                day: &self.day,
                share,
                clock: self.grid.clock[bar],
                bridge: &self.bridge[self.grid.places[bar - 1]],
                level: &self.levels[bar],
                open: &self.open,
                close: &close,
                out: &mut self.bar,
            });
            visit(&self.bar, self.extreme(bar));
        }
        visit(after, self.extreme(last));
    }

    /// Lanes of which this bar is a recorded high or low.
    fn extreme(&self, bar: usize) -> Mask {
        let [high, low] = &self.touched;
        let closes = bar == self.grid.bars();
        Mask::from_fn(|lane| {
            high[lane] == bar as u32 || low[lane] == bar as u32 || closes && self.closes_at[lane]
        })
    }

    /// The opening: the generator's own where nothing but a diffusion happens and nothing is recorded.
    fn opens(&mut self, lanes: &Lanes, step: u32, share: f64, [before, after]: [&State; 2]) {
        opening::interpolate(share, before, after, &mut self.open);
        simd::dispatch(Opening { day: &self.day, lanes, step, share, out: &mut self.open });
        if self.model.rows().is_some() {
            return;
        }
        self.model.opening(lanes, step, before, after, &mut self.bar);
        // It is a pricing state: no memory to copy.
        self.bar.memory.clear();
        for lane in 0..LANES {
            if self.day.at[lane] == NEVER {
                self.open.copy_lane(lane, &self.bar);
            }
        }
    }

    /// The close as the bridge sees it: without a jump that is to come.
    fn target(&self, share: f64, after: &State) -> State {
        let State { ln_s, x, smile, r, q, .. } = after;
        let mut close =
            State { ln_s: *ln_s, x: *x, smile: *smile, r: *r, q: *q, memory: Vec::new(), funds: None };
        for (column, jump) in std::iter::once(&mut close.ln_s).chain(&mut close.x).zip(&self.day.jump) {
            for lane in 0..LANES {
                if self.day.jump_in(lane, share) == Interval::Day {
                    column[lane] -= jump[lane];
                }
            }
        }
        close
    }

    /// Paths of ln S through what is recorded of the day.
    fn within(&mut self, lanes: &Lanes, step: u32, after: &State) {
        self.touched = [[u32::MAX; LANES]; 2];
        self.closes_at = [false; LANES];
        for lane in (0..self.used).filter(|&lane| self.day.ranged(lane)) {
            let [high, low] = [self.day.high[lane], self.day.low[lane]];
            let ends = [self.open.ln_s[lane], after.ln_s[lane]];
            let draws = Draws { seed: lanes.seed, path: lanes.first_path + lane as u64, step };
            let [at_high, at_low] = self.ranges.draw(self.grid, draws, ends, [low, high], |bar, level| {
                self.levels[bar][lane] = level;
            });
            (self.touched[0][lane], self.touched[1][lane]) = (at_high as u32, at_low as u32);
            self.closes_at[lane] = ends[1] <= low || ends[1] >= high;
        }
    }
}

/// Adds to the line between the closes, found in `out`, what makes it the opening.
struct Opening<'a> {
    day: &'a Day,
    lanes: &'a Lanes,
    step: u32,
    share: f64,
    out: &'a mut State,
}

impl Kernel for Opening<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { day, lanes, step, share, out } = self;
        let n = normals::<FMA>(lanes, Purpose::Opening, step, [0, 1]);
        let spread = (share * (1.0 - share)).sqrt();
        for i in 0..LANES {
            let kept = match day.jump_in(i, share) {
                Interval::Night => 1.0 - share,
                Interval::Day | Interval::None => -share,
            };
            let line = fma::<FMA>(kept, day.jump[0][i], out.ln_s[i]);
            let recorded = day.open[i];
            let drawn = spread * day.root[0][0][i] * n[0][i];
            let off = if recorded.is_nan() { drawn } else { recorded - line };
            out.ln_s[i] = if recorded.is_nan() { line + off } else { recorded };
            for (row, x) in out.x.iter_mut().enumerate() {
                let line = fma::<FMA>(kept, day.jump[1 + row][i], x[i]);
                x[i] = line + beside::<FMA>(day, 1 + row, i, off, spread, &n);
            }
        }
    }
}

/// By how much a factor lies off its line where ln S is `off` its own: its regression on ln S, and its own normals.
#[inline(always)]
fn beside<const FMA: bool>(
    day: &Day,
    row: usize,
    lane: usize,
    off: f64,
    spread: f64,
    n: &[Col; MOVES],
) -> f64 {
    let sd = day.root[0][0][lane];
    let response = if sd > 0.0 { day.root[row][0][lane] / sd * off } else { 0.0 };
    let mut own = 0.0;
    for column in 1..MOVES {
        own = fma::<FMA>(day.root[row][column][lane], n[column][lane], own);
    }
    fma::<FMA>(spread, own, response)
}

/// The Brownian bridge at every node of a grid, in each normal.
struct Bridge<'a> {
    grid: &'a Grid,
    lanes: &'a Lanes,
    step: u32,
    out: &'a mut [[Col; MOVES]],
}

impl Kernel for Bridge<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { grid, lanes, step, out } = self;
        let zero = [Col::default(); MOVES];
        for (place, node) in grid.nodes.iter().enumerate() {
            let n = normals::<FMA>(lanes, Purpose::Bridge, step, blocks(node.minute));
            let (drawn, rest) = out.split_at_mut(place);
            let end = |place: Option<usize>| place.map_or(&zero, |place| &drawn[place]);
            let (left, right) = (end(node.left), end(node.right));
            for (column, to) in rest[0].iter_mut().enumerate() {
                for i in 0..LANES {
                    let (from, until) = (left[column][i], right[column][i]);
                    let mean = fma::<FMA>(node.weight, until - from, from);
                    to[i] = fma::<FMA>(node.sd, n[column][i], mean);
                }
            }
        }
    }
}

/// The state at the end of a bar.
struct Bar<'a> {
    day: &'a Day,
    share: f64,
    clock: f64,
    bridge: &'a [Col; MOVES],
    level: &'a Col,
    open: &'a State,
    close: &'a State,
    out: &'a mut State,
}

impl Kernel for Bar<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { day, share, clock, bridge, level, open, close, out } = self;
        opening::interpolate(clock, open, close, out);
        let spread = (1.0 - share).sqrt();
        for i in 0..LANES {
            let ranged = day.ranged(i);
            let off = if ranged { level[i] - out.ln_s[i] } else { spread * day.root[0][0][i] * bridge[0][i] };
            // Of the session's clock, from the opening on.
            let now = fma::<FMA>(1.0 - share, clock, share);
            let happened = if day.at[i] >= share && day.at[i] <= now { 1.0 } else { 0.0 };
            out.ln_s[i] = if ranged { level[i] } else { out.ln_s[i] + off + happened * day.jump[0][i] };
            for (row, x) in out.x.iter_mut().enumerate() {
                x[i] += beside::<FMA>(day, 1 + row, i, off, spread, bridge);
                x[i] = fma::<FMA>(happened, day.jump[1 + row][i], x[i]);
            }
        }
    }
}

/// Blocks of draws of a minute of the day; those of minute 0 belong to the jump, those of minute 390 to a recorded range.
pub(super) const fn blocks(minute: u32) -> [u32; 2] {
    [2 * minute, 2 * minute + 1]
}

#[inline(always)]
fn normals<const FMA: bool>(lanes: &Lanes, purpose: Purpose, step: u32, blocks: [u32; 2]) -> [Col; MOVES] {
    let mut n = [Col::default(); MOVES];
    let [a, b, c, d] = &mut n;
    lanes.normals::<FMA>(purpose, step, blocks[0], a, b);
    lanes.normals::<FMA>(purpose, step, blocks[1], c, d);
    n
}
