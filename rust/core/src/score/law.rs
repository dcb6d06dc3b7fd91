//! Laws of the settlement: how probable it is below a point.

use std::sync::Arc;

use crate::math::special::{norm_cdf, norm_pdf};
use crate::pricing::svi::Svi;

/// Points of a table: 32 KiB. A power of two, so that an index needs no check.
const POINTS: usize = 1 << 12;
const CELLS: usize = POINTS - 1;
const LAST: i32 = (1 << 12) - 2; // the last cell

/// How many probabilities are asked for at once, at most.
pub(super) const BLOCK: usize = 512;

/// The distribution of the settlement of one expiry.
#[derive(Clone, Debug)]
pub enum Law {
    /// That of a fitted slice.
    Slice {
        /// Points.
        forward: f64,
        /// Total variance over log-moneyness.
        svi: Svi,
    },
    /// Simulated settlements, ascending.
    Sample(Arc<[f64]>),
}

impl Law {
    /// Probability that the settlement is at most x.
    ///
    /// Of a slice the slope of the undiscounted put price, Φ(−d₂) + φ(d₂) w′ / 2√w.
    pub fn below(&self, x: f64) -> f64 {
        match self {
            Self::Slice { forward, svi } => {
                if x <= 0.0 {
                    return 0.0;
                }
                let k = (x / forward).ln();
                let curve = svi.curve(k);
                let root = curve.value.sqrt();
                let d2 = -k / root - 0.5 * root;
                norm_cdf::<false>(-d2) + norm_pdf::<false>(d2) * curve.slope / (2.0 * root)
            }
            Self::Sample(sorted) => sorted.partition_point(|&s| s <= x) as f64 / sorted.len() as f64,
        }
    }
}

/// A law, so that many points are looked up fast; it never falls.
#[derive(Clone, Debug)]
pub(super) enum Table {
    /// Of a slice.
    Smooth(Smooth),
    /// Of a sample.
    Steps(Steps),
}

impl Table {
    pub(super) fn of(law: &Law, low: f64, high: f64) -> Self {
        match law {
            Law::Slice { .. } => Self::Smooth(Smooth::of(law, low, high)),
            Law::Sample(sorted) => Self::Steps(Steps::of(Arc::clone(sorted), low, high)),
        }
    }

    /// Replaces points by the probabilities that the settlement is at most there; [`BLOCK`] of them at most.
    #[inline(always)]
    pub(super) fn below(&self, points: &mut [f64]) {
        match self {
            Self::Smooth(smooth) => smooth.below(points),
            Self::Steps(steps) => steps.below(points),
        }
    }

    /// The same of one point.
    pub(super) fn at(&self, x: f64) -> f64 {
        let mut point = [x];
        self.below(&mut point);
        point[0]
    }
}

/// A sample and where in it each cell of a grid begins: what is told is exact.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    sorted: Arc<[f64]>,
    low: f64,
    cells_per_point: f64,
    /// How many lie at or below the beginning of each cell.
    starts: Box<[u32]>,
}

impl Steps {
    fn of(sorted: Arc<[f64]>, low: f64, high: f64) -> Self {
        let width = (high - low).max(f64::MIN_POSITIVE) / CELLS as f64;
        let start = |i: usize| sorted.partition_point(|&s| s <= low + i as f64 * width) as u32;
        let starts = (0..POINTS).map(start).collect();
        Self { sorted, low, cells_per_point: 1.0 / width, starts }
    }

    #[inline(never)]
    fn below(&self, points: &mut [f64]) {
        let n = self.sorted.len();
        for x in points {
            let cell = ((*x - self.low) * self.cells_per_point) as usize; // 0 where below or NaN
            // a cell more on either side: the number of the cell is rounded
            let first = if cell < 2 { 0 } else { self.starts[(cell - 1).min(CELLS)] as usize };
            let last = self.starts.get(cell.saturating_add(2)).map_or(n, |&last| last as usize);
            *x = (first + self.sorted[first..last].partition_point(|s| s <= x)) as f64 / n as f64;
        }
    }
}

/// A law on a grid, a straight line in each cell: exact at its points, between them off by at most h² max|f′|/8 for
/// cells of width h and density f.
#[derive(Clone, Debug)]
pub(super) struct Smooth {
    low: f64,
    cells_per_point: f64,
    values: Box<[f64; POINTS]>,
}

impl Smooth {
    fn of(law: &Law, low: f64, high: f64) -> Self {
        let width = (high - low).max(f64::MIN_POSITIVE) / CELLS as f64;
        let mut least = 0.0_f64;
        let rising = (0..POINTS).map(|i| {
            least = law.below(low + i as f64 * width).max(least);
            least
        });
        let values = rising.collect::<Box<[f64]>>().try_into().expect("there are so many points");
        Self { low, cells_per_point: 1.0 / width, values }
    }

    /// Replaces points by the probabilities that the settlement is at most there; beyond the grid, what it is at its end.
    ///
    /// In passes, so that each loop vectorises: the middle one becomes gathers where the processor has them.
    #[inline(always)]
    fn below(&self, points: &mut [f64]) {
        let n = points.len();
        let mut cells = [0_u32; BLOCK];
        let (mut starts, mut ends) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (cells, starts, ends) = (&mut cells[..n], &mut starts[..n], &mut ends[..n]);
        for i in 0..n {
            let place = (points[i] - self.low) * self.cells_per_point;
            let place = if place > 0.0 { place } else { 0.0 };
            let place = if place < CELLS as f64 { place } else { CELLS as f64 };
            let cell = place as i32;
            let cell = if cell < LAST { cell } else { LAST };
            cells[i] = cell.cast_unsigned();
            points[i] = place - f64::from(cell);
        }
        let values = &*self.values;
        for i in 0..n {
            starts[i] = values[cells[i] as usize % POINTS];
            ends[i] = values[(cells[i] + 1) as usize % POINTS];
        }
        for i in 0..n {
            points[i] = starts[i] + (ends[i] - starts[i]) * points[i];
        }
    }
}
