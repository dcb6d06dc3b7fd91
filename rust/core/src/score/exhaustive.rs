//! Every condor, column by column: one put spread beside a block of call spreads at a time.

use rayon::prelude::*;

use super::{
    Expiry, Found, Wanted,
    best::{Best, Condor, Ranked},
    column::{Column, Pairs},
    law::{BLOCK, Law},
    spreads::Spreads,
};
use crate::math::simd::{Kernel, dispatch};
use crate::{Result, threads};

/// Put spreads a task.
const TASK: usize = 64;

/// Scores every condor and keeps the best; the same for any number of threads.
pub fn exhaustive(expiries: &[Expiry], wanted: &Wanted, threads: Option<usize>) -> Result<Found> {
    let tasks: Vec<(usize, usize)> = expiries
        .iter()
        .enumerate()
        .flat_map(|(i, expiry)| (0..expiry.puts.len()).step_by(TASK).map(move |put| (i, put)))
        .collect();
    let one = |mut so_far: Tally, &(i, start): &(usize, usize)| {
        let expiry = &expiries[i];
        let mut scan = Scan::new(expiry, i, wanted, so_far.best);
        let end = expiry.puts.len().min(start + TASK);
        dispatch(Task { scan: &mut scan, puts: (start, end) });
        so_far.visited[i] += scan.visited;
        so_far.accepted[i] += scan.accepted;
        Tally { best: scan.best, ..so_far }
    };
    let none = || Tally {
        best: Best::of(wanted.top),
        visited: vec![0; expiries.len()],
        accepted: vec![0; expiries.len()],
    };
    let found = if threads == Some(1) {
        tasks.iter().fold(none(), one)
    } else {
        let pool = threads::pool(threads)?;
        let each = tasks.len().div_ceil(pool.current_num_threads()).max(1);
        pool.install(|| {
            tasks.par_iter().with_min_len(each.div_ceil(4)).fold(none, one).reduce(none, Tally::and)
        })
    };
    Ok(Found { best: found.best.sorted(), visited: found.visited, accepted: found.accepted })
}

/// What one worker found: the memory is that of the best by worker, not by task.
struct Tally {
    best: Best,
    visited: Vec<u64>,
    accepted: Vec<u64>,
}

impl Tally {
    fn and(mut self, other: Self) -> Self {
        other.best.sorted().into_iter().for_each(|each| self.best.offer(each));
        let add = |to: &mut [u64], more: &[u64]| to.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        add(&mut self.visited, &other.visited);
        add(&mut self.accepted, &other.accepted);
        self
    }
}

/// Scores pairs of one expiry.
pub(super) struct Scan<'a> {
    expiry: &'a Expiry,
    number: usize,
    wanted: &'a Wanted,
    pub best: Best,
    pub visited: u64,
    pub accepted: u64,
    rank: Vec<f64>,
    limited: Vec<f64>,
}

impl<'a> Scan<'a> {
    pub fn new(expiry: &'a Expiry, number: usize, wanted: &'a Wanted, best: Best) -> Self {
        Self {
            expiry,
            number,
            wanted,
            best,
            visited: 0,
            accepted: 0,
            rank: vec![0.0; BLOCK],
            limited: vec![0.0; BLOCK],
        }
    }

    /// One put spread beside `n` ≤ [`BLOCK`] call spreads.
    #[inline(always)]
    pub fn block(&mut self, puts: &Spreads, put: usize, calls: &Spreads, call: usize, n: usize) {
        let pairs = Pairs { expiry: self.expiry, puts, calls, put, call };
        let (rank, limited) = (&mut self.rank[..n], &mut self.limited[..n]);
        pairs.fill(self.wanted.rank, rank);
        self.visited += pairs.fit(self.wanted.wings, rank);
        for limit in &self.wanted.limits {
            pairs.fill(limit.column, limited);
            for i in 0..n {
                let inside = (limit.low <= limited[i]) & (limited[i] <= limit.high);
                rank[i] = if inside { rank[i] } else { f64::NAN };
            }
        }
        let sign = if self.wanted.descending { 1.0 } else { -1.0 };
        let threshold = self.best.threshold();
        let (mut accepted, mut good) = (0, 0);
        for i in 0..n {
            rank[i] *= sign;
            accepted += u64::from(!rank[i].is_nan());
            good += u64::from(rank[i] >= threshold);
        }
        self.accepted += accepted;
        if good > 0 {
            self.keep(puts.legs[put], &calls.legs[call..][..n]);
        }
    }

    #[inline(never)]
    fn keep(&mut self, put: [u32; 2], calls: &[[u32; 2]]) {
        for (i, &call) in calls.iter().enumerate() {
            if self.rank[i] >= self.best.threshold() {
                let condor = Condor { expiry: self.number as u32, puts: put, calls: call };
                self.best.offer(Ranked { value: self.rank[i], condor });
            }
        }
    }
}

struct Task<'a, 'b> {
    scan: &'b mut Scan<'a>,
    puts: (usize, usize),
}

impl Kernel for Task<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let expiry = self.scan.expiry;
        for put in self.puts.0..self.puts.1 {
            for call in (0..expiry.calls.len()).step_by(BLOCK) {
                let n = BLOCK.min(expiry.calls.len() - call);
                self.scan.block(&expiry.puts, put, &expiry.calls, call, n);
            }
        }
    }
}

/// Columns of the put spreads `puts.0 .. puts.1` beside every call spread, put by put: what a ranking of the user's own is
/// made of.
pub fn columns(expiry: &Expiry, wanted: &[Column], puts: (usize, usize), out: &mut [Vec<f64>]) {
    dispatch(Fill { expiry, wanted, puts, out });
}

/// Every figure of one condor, in the order of [`Column::NAMED`]; probabilities of profit from the laws themselves, not
/// from their tables.
///
/// # Panics
/// If the expiry has no such spreads.
pub fn figures(expiry: &Expiry, condor: &Condor) -> [f64; Column::NAMED.len()] {
    let place = |side: &Spreads, legs: [u32; 2]| {
        side.legs
            .iter()
            .position(|each| *each == legs)
            .expect("a condor is made of the spreads of its expiry")
    };
    let (put, call) = (place(&expiry.puts, condor.puts), place(&expiry.calls, condor.calls));
    let pairs = Pairs { expiry, puts: &expiry.puts, calls: &expiry.calls, put, call };
    let figure = |column: Column| {
        let mut value = [0.0];
        pairs.fill(column, &mut value);
        value[0]
    };
    let profit = |law: Option<&Law>| {
        let (low, high) = (figure(Column::BreakEvenLow), figure(Column::BreakEvenHigh));
        law.map_or(f64::NAN, |law| {
            let below = if low.is_nan() { 0.0 } else { law.below(low) };
            let within = if high.is_nan() { 1.0 } else { law.below(high) };
            (within - below).max(0.0)
        })
    };
    Column::NAMED.map(|(_, column)| match column {
        Column::Profit => profit(expiry.laws[0].as_ref()),
        Column::ProfitModel => profit(expiry.laws[1].as_ref()),
        _ => figure(column),
    })
}

struct Fill<'a, 'b> {
    expiry: &'a Expiry,
    wanted: &'a [Column],
    puts: (usize, usize),
    out: &'b mut [Vec<f64>],
}

impl Kernel for Fill<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { expiry, wanted, puts, out } = self;
        let n = expiry.calls.len();
        for column in out.iter_mut() {
            column.clear();
            column.reserve((puts.1 - puts.0) * n);
        }
        let mut block = [0.0; BLOCK];
        for put in puts.0..puts.1 {
            for call in (0..n).step_by(BLOCK) {
                let block = &mut block[..BLOCK.min(n - call)];
                let pairs = Pairs { expiry, puts: &expiry.puts, calls: &expiry.calls, put, call };
                for (column, out) in wanted.iter().zip(out.iter_mut()) {
                    pairs.fill(*column, block);
                    out.extend_from_slice(block);
                }
            }
        }
    }
}
