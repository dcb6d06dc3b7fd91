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
    },
    pricing::black76,
};

/// Contracts of 100 dollars a point have the minimum of the grid.
const STANDARD_MULTIPLIER: f64 = 100.0;

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
        let Moved { class, legs, strikes, prices, basis, dpp, multiplier } = package;
        out.minimum = Col::default();
        let (mut forward, mut price, mut wildness) = (Col::default(), Col::default(), Col::default());
        let mut worth = Col::default();
        for i in 0..LANES {
            wildness[i] = grid.wildness(vix[i]);
        }
        for (leg, now) in legs.iter().zip(prices) {
            for i in 0..LANES {
                worth[i] += leg.ratio * now[i];
            }
        }
        let mut stages = black76::Stages::default();
        for k in 0..MOVES {
            let (calm, wild) = grid.ends(class, k);
            let mut moved = Col::default();
            for i in 0..LANES {
                forward[i] = basis.forward[i] * (1.0 + (calm + wildness[i] * (wild - calm)));
            }
            // A future is lost as it moves.
            if legs.is_empty() {
                for i in 0..LANES {
                    out.moves[i][k] = basis.forward[i] - forward[i];
                }
                continue;
            }
            for ((leg, strike), sd) in legs.iter().zip(strikes).zip(&basis.sds) {
                black76::undiscounted_columns_in::<FMA>(
                    &mut stages,
                    leg.sign,
                    &*forward,
                    &**strike,
                    &**sd,
                    &mut *price,
                );
                for i in 0..LANES {
                    moved[i] += leg.ratio * price[i];
                }
            }
            for i in 0..LANES {
                out.moves[i][k] = worth[i] - basis.discount[i] * moved[i];
            }
        }
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
