//! Blocks of rows, and the few rows of a block that the quick formulas leave to the general ones.

use std::ops::{Deref, DerefMut};

/// Rows per block: the columns of all stages stay in the first-level cache.
pub(crate) const BLOCK: usize = 256;

/// The next whole number of vectors: loops over single rows cost as much as over full vectors.
pub(crate) const fn padded(rows: usize) -> usize {
    rows.next_multiple_of(8)
}

/// One value per row of a block. Aligned, because a vector that straddles two cache lines costs twice.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Column([f64; BLOCK]);

impl Default for Column {
    #[inline(always)]
    fn default() -> Self {
        Self([0.0; BLOCK])
    }
}

impl Deref for Column {
    type Target = [f64; BLOCK];
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Column {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

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

    /// How many rows to work on: the count of them, padded.
    #[inline(always)]
    pub(crate) fn padded(&self) -> usize {
        padded(self.count)
    }

    /// Packs the rows of a column side by side, padded by zeros.
    #[inline(always)]
    pub(crate) fn gather(&self, column: &[f64], packed: &mut Column) {
        for (to, &row) in packed.iter_mut().zip(self.get()) {
            *to = column[usize::from(row)];
        }
        packed[self.count..self.padded()].fill(0.0);
    }

    /// Puts packed values where they belong.
    #[inline(always)]
    pub(crate) fn scatter(&self, packed: &Column, column: &mut [f64]) {
        for (&value, &row) in packed.iter().zip(self.get()) {
            column[usize::from(row)] = value;
        }
    }
}
