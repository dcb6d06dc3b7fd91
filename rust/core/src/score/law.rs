//! Laws of the settlement: how probable it is below a point.

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
    Sample(Vec<f64>),
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

/// A law on a grid, a straight line in each cell: exact at its points, between them off by at most h² max|f′|/8 for
/// cells of width h and density f; it never falls.
#[derive(Clone, Debug)]
pub(super) struct Table {
    low: f64,
    cells_per_point: f64,
    values: Box<[f64; POINTS]>,
}

impl Table {
    pub(super) fn of(law: &Law, low: f64, high: f64) -> Self {
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
    pub(super) fn below(&self, points: &mut [f64]) {
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

    /// The same of one point.
    pub(super) fn at(&self, x: f64) -> f64 {
        let mut point = [x];
        self.below(&mut point);
        point[0]
    }
}
