//! Packages repriced in every move of a grid, each option at the volatility that it has now.

use super::{
    Leg,
    grid::{Class, Grid, MOVES},
    losses::Losses,
};
use crate::{
    math::{
        lanes::{Col, LANES},
        simd::{Kernel, dispatch},
        special,
    },
    pricing::black76,
};

/// Contracts of 100 dollars a point have the minimum of the grid.
const STANDARD_MULTIPLIER: f64 = 100.0;

/// What is left of a price at least: formulas take its logarithm.
const LEAST_FACTOR: f64 = 1e-9;

/// Lanes that are moved together: few enough for their ten moves to stay close by.
const PART: usize = LANES / 4;
/// Lanes whose losses are turned from columns of a move into rows of a lane at once: a register's.
const TURN: usize = 8;

/// What a package is priced off, per lane.
#[derive(Clone, Debug)]
pub struct Basis {
    /// Price of the forward, or of the future.
    pub forward: Col,
    /// Discount factor.
    pub discount: Col,
    /// Total standard deviation of each leg, as Black's formula has it.
    pub sds: Vec<Col>,
}

impl Basis {
    /// Harmless numbers: a package that is worth nothing.
    pub fn new(legs: usize) -> Self {
        Self { forward: Col::splat(1.0), discount: Col::default(), sds: vec![Col::default(); legs] }
    }

    /// Takes one lane from another.
    pub fn copy_lane(&mut self, lane: usize, other: &Self) {
        self.forward[lane] = other.forward[lane];
        self.discount[lane] = other.discount[lane];
        for (sds, others) in self.sds.iter_mut().zip(&other.sds) {
            sds[lane] = others[lane];
        }
    }
}

/// A package to be moved; no legs: one future, bought.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// What moves it.
    pub class: Class,
    /// Right and signed contracts of each leg.
    pub legs: &'a [Leg],
    /// Strikes of each leg, points of the underlying.
    pub strikes: &'a [Col],
    /// Prices of each leg now, points of the underlying.
    pub prices: &'a [Col],
    /// What they are priced off.
    pub basis: &'a Basis,
    /// Dollars per point of the underlying.
    pub dpp: f64,
    /// Dollars per point of the product.
    pub multiplier: f64,
    /// So many times a move of its class it moves; of no legs 1: they tell it by the forward.
    pub leverage: f64,
}

/// What the moves do to one unit, per lane, points of the underlying.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Lost in each move. A lane's moves lie side by side, as books read them.
    pub moves: Box<[Losses]>,
    /// Minimum of its contracts.
    pub minimum: Col,
}

impl Default for Loss {
    fn default() -> Self {
        Self { moves: vec![[0.0; MOVES]; LANES].into_boxed_slice(), minimum: Col::default() }
    }
}

impl Grid {
    /// Reprices a package in every move, at today's VIX.
    pub fn losses(&self, package: Moved<'_>, vix: &Col, out: &mut Loss) {
        dispatch(Reprice { grid: self, package, vix, out });
    }
}

struct Reprice<'a> {
    grid: &'a Grid,
    package: Moved<'a>,
    vix: &'a Col,
    out: &'a mut Loss,
}

impl Kernel for Reprice<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { grid, package, vix, out } = self;
        let Moved { class, legs, strikes, prices, basis, dpp, multiplier, leverage } = package;
        let (mut wildness, mut worth) = (Col::default(), Col::default());
        for i in 0..LANES {
            wildness[i] = grid.wildness(vix[i]);
        }
        for (leg, now) in legs.iter().zip(prices) {
            for i in 0..LANES {
                worth[i] += leg.ratio * now[i];
            }
        }
        let (mut stages, mut moves, ones) = (black76::Stages::default(), Moves::default(), [1.0; PART]);
        let [mut log_moneyness, mut per_sd, mut at, mut forward, mut price] = [[0.0; PART]; 5];
        for (part, turned) in out.moves.chunks_exact_mut(PART).enumerate() {
            let lanes = part * PART..(part + 1) * PART;
            let (basis_forward, discount) = (&basis.forward[lanes.clone()], &basis.discount[lanes.clone()]);
            let worth = &worth[lanes.clone()];
            moves.of::<FMA>(grid, class, leverage, &wildness[lanes.clone()]);
            let mut moved = [[0.0; PART]; MOVES];
            for ((leg, strike), sd) in legs.iter().zip(strikes).zip(&basis.sds) {
                let (strike, sd) = (&strike[lanes.clone()], &sd[lanes.clone()]);
                for i in 0..PART {
                    log_moneyness[i] = special::ln::<FMA>(basis_forward[i] / strike[i]);
                    per_sd[i] = 1.0 / sd[i];
                }
                for (k, moved) in moved.iter_mut().enumerate() {
                    for i in 0..PART {
                        forward[i] = basis_forward[i] * moves.factor[k][i];
                        at[i] = log_moneyness[i] + moves.log[k][i];
                    }
                    let (known, columns) = ([&at[..], &per_sd], [&forward[..], strike, sd]);
                    black76::undiscounted_block_at::<FMA>(&mut stages, leg.sign, known, columns, &mut price);
                    for i in 0..PART {
                        moved[i] += leg.ratio * price[i];
                    }
                }
            }
            // A future is lost as it moves.
            if legs.is_empty() {
                for (moved, factor) in moved.iter_mut().zip(&moves.factor) {
                    for i in 0..PART {
                        moved[i] = basis_forward[i] * factor[i];
                    }
                }
            }
            let (now, discount) =
                if legs.is_empty() { (basis_forward, &ones[..]) } else { (worth, discount) };
            turn(&moved, now, discount, turned);
        }
        out.minimum = Col::default();
        let least = grid.minimum * (multiplier / STANDARD_MULTIPLIER) / dpp;
        for (leg, now) in legs.iter().zip(prices) {
            for i in 0..LANES {
                // A long cannot lose more than it is worth.
                let each = if leg.ratio > 0.0 { least.min(now[i]) } else { least };
                out.minimum[i] += leg.ratio.abs() * each;
            }
        }
    }
}

/// The moves of a class in some lanes.
struct Moves {
    /// What the forward is multiplied by.
    factor: [[f64; PART]; MOVES],
    /// Its logarithm.
    log: [[f64; PART]; MOVES],
}

impl Default for Moves {
    #[inline(always)]
    fn default() -> Self {
        Self { factor: [[0.0; PART]; MOVES], log: [[0.0; PART]; MOVES] }
    }
}

impl Moves {
    #[inline(always)]
    fn of<const FMA: bool>(&mut self, grid: &Grid, class: Class, leverage: f64, wildness: &[f64]) {
        // What is leveraged may lose all, and no more.
        let factor = |by: f64| (1.0 + leverage * by).max(LEAST_FACTOR);
        for k in 0..MOVES {
            let (calm, wild) = grid.ends(class, k);
            // Most rules know one range: the same move in every lane.
            if calm == wild {
                (self.factor[k], self.log[k]) =
                    ([factor(calm); PART], [special::ln::<FMA>(factor(calm)); PART]);
                continue;
            }
            for i in 0..PART {
                self.factor[k][i] = factor(calm + wildness[i] * (wild - calm));
                self.log[k][i] = special::ln::<FMA>(self.factor[k][i]);
            }
        }
    }
}

/// What is lost, from columns of a move to rows of a lane. By arrays of a register's lanes: slices of unknown length
/// would be turned number by number.
#[inline(always)]
fn turn(moved: &[[f64; PART]; MOVES], now: &[f64], discount: &[f64], rows: &mut [Losses]) {
    let (rows, _) = rows.as_chunks_mut::<TURN>();
    let (now, _) = now.as_chunks::<TURN>();
    let (discount, _) = discount.as_chunks::<TURN>();
    for (at, ((rows, now), discount)) in rows.iter_mut().zip(now).zip(discount).enumerate() {
        let mut lost = [[0.0; TURN]; MOVES];
        for (lost, moved) in lost.iter_mut().zip(moved) {
            let moved = &moved.as_chunks::<TURN>().0[at];
            for j in 0..TURN {
                lost[j] = now[j] - discount[j] * moved[j];
            }
        }
        for j in 0..TURN {
            for k in 0..MOVES {
                rows[j][k] = lost[k][j];
            }
        }
    }
}
