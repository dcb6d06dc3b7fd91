//! Blocks of rows, and the few rows of a block that the quick formulas leave to the general ones.

/// Rows per block: the columns of all stages stay in the first-level cache.
pub(crate) const BLOCK: usize = 128;

/// One value per row of a block.
pub(crate) type Column = [f64; BLOCK];

/// The rows whose value is NaN, or none: then nothing but the question costs time.
#[inline(always)]
pub(crate) fn outside(values: &[f64]) -> Option<Rows> {
    let mut any = false;
    for value in values {
        any |= value.is_nan();
    }
    any.then(|| Rows::outside(values))
}

/// Some rows of a block.
pub(crate) struct Rows {
    index: [u8; BLOCK],
    count: usize,
}

impl Rows {
    fn outside(values: &[f64]) -> Self {
        let mut rows = Self { index: [0; BLOCK], count: 0 };
        for (row, value) in values.iter().enumerate() {
            rows.index[rows.count] = row as u8;
            rows.count += usize::from(value.is_nan());
        }
        rows
    }

    /// The rows, ascending.
    #[inline(always)]
    pub(crate) fn get(&self) -> &[u8] {
        &self.index[..self.count]
    }

    /// Packs the rows of a column side by side.
    #[inline(always)]
    pub(crate) fn gather(&self, column: &[f64]) -> Column {
        let mut packed = [0.0; BLOCK];
        for (to, &row) in packed.iter_mut().zip(self.get()) {
            *to = column[usize::from(row)];
        }
        packed
    }
}
