//! Laws of the settlement: how probable it is below a point.

use crate::math::special::{norm_cdf, norm_pdf};
use crate::pricing::svi::Svi;

/// Cells of a table: 64 KiB, which stay in the second-level cache.
const CELLS: usize = 1 << 12;

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
    /// Where a cell starts, and by how much it rises.
    cells: Box<[[f64; 2]; CELLS]>,
}

impl Table {
    pub(super) fn of(law: &Law, low: f64, high: f64) -> Self {
        let width = (high - low).max(f64::MIN_POSITIVE) / CELLS as f64;
        let mut cells = Box::new([[0.0; 2]; CELLS]);
        let mut start = law.below(low);
        for (i, cell) in cells.iter_mut().enumerate() {
            let end = law.below(low + (i + 1) as f64 * width).max(start);
            *cell = [start, end - start];
            start = end;
        }
        Self { low, cells_per_point: 1.0 / width, cells }
    }

    /// Probability that the settlement is at most x; beyond the grid, what it is at its end.
    #[inline(always)]
    pub(super) fn below(&self, x: f64) -> f64 {
        let place = (x - self.low) * self.cells_per_point;
        let place = if place > 0.0 { place } else { 0.0 };
        let place = if place < CELLS as f64 { place } else { CELLS as f64 };
        let cell = place as i32;
        let cell = if cell < CELLS as i32 - 1 { cell } else { CELLS as i32 - 1 };
        let [start, rise] = self.cells[cell as usize % CELLS];
        start + rise * (place - f64::from(cell))
    }
}
