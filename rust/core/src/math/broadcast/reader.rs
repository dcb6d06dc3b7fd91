//! Blocks of rows: in place where an argument lies in memory as the rows do, else through a buffer.

use super::{
    Broadcast, Operand,
    axes::Layout,
    values::{Block, Meaning, Values},
};
use crate::math::simd::{Kernel, dispatch};

/// Blocks have whole steps of rows: a vector of the widest instruction set.
const STEP: usize = 8;

/// Reads the arguments block by block.
///
/// What cannot be read in place goes through one buffer, in which an argument gets its slot when it first needs
/// one: a call with few rows touches little memory, and a scalar is written once.
#[derive(Debug)]
pub struct Reader<'a, const N: usize, const B: usize> {
    arguments: &'a Broadcast<'a, N>,
    /// The length of a slot: no more than there are rows.
    width: usize,
    slots: [Option<usize>; N],
    buffer: Vec<f64>,
}

impl<'a, const N: usize, const B: usize> Reader<'a, N, B> {
    pub(super) fn new(arguments: &'a Broadcast<'a, N>) -> Self {
        const { assert!(B.is_multiple_of(STEP), "blocks are whole steps") }
        let width = B.min(arguments.rows().next_multiple_of(STEP));
        Self { arguments, width, slots: [None; N], buffer: Vec::new() }
    }

    /// The rows `start..start + n`, one slice per argument, `n` at most `B`. The slices are as long as `n` rounded
    /// up to a multiple of 8: what is more repeats the last row.
    #[inline]
    pub fn rows(&mut self, start: usize, n: usize) -> [&[f64]; N] {
        let length = n.next_multiple_of(STEP);
        for (k, operand) in self.arguments.operands.iter().enumerate() {
            let written = self.slots[k].is_some() && matches!(operand.layout, Layout::Scalar);
            if !written && operand.in_place(start, n).is_none() {
                self.copy(k, start, n);
            }
        }
        std::array::from_fn(|k| match (self.arguments.operands[k].in_place(start, n), self.slots[k]) {
            (Some(rows), _) => rows,
            (None, Some(slot)) => &self.buffer[slot..slot + length],
            (None, None) => unreachable!("copied above"),
        })
    }

    /// Brings the rows of argument `k` into its slot.
    fn copy(&mut self, k: usize, start: usize, n: usize) {
        let operand = &self.arguments.operands[k];
        let fill = if matches!(operand.layout, Layout::Scalar) { operand.first() } else { 0.0 };
        let slot = self.slots[k].unwrap_or_else(|| self.reserve(fill));
        self.slots[k] = Some(slot);
        let Some(last) = n.checked_sub(1) else { return };
        if !matches!(operand.layout, Layout::Scalar) {
            let (rows, padding) = self.buffer[slot..slot + n.next_multiple_of(STEP)].split_at_mut(n);
            dispatch(Block { operand, start, out: rows });
            padding.fill(rows[last]);
        }
    }

    /// A new slot. Slots begin on a cache line, because the buffer never moves.
    fn reserve(&mut self, fill: f64) -> usize {
        if self.buffer.is_empty() {
            self.buffer.reserve_exact(N * self.width + STEP);
            let misaligned = self.buffer.as_ptr().align_offset(STEP * size_of::<f64>()).min(STEP);
            self.buffer.resize(misaligned, 0.0);
        }
        let slot = self.buffer.len();
        self.buffer.resize(slot + self.width, fill);
        slot
    }
}

impl Operand<'_> {
    /// The value of row 0, of which there must be one.
    fn first(&self) -> f64 {
        let mut value = [f64::NAN];
        // One value is not worth a dispatch; conversions have the same bits on every instruction set.
        Block { operand: self, start: 0, out: &mut value }.run::<false>();
        value[0]
    }

    /// The rows themselves, if they are float64 numbers side by side and whole steps.
    #[inline]
    fn in_place(&self, start: usize, n: usize) -> Option<&[f64]> {
        match (&self.layout, self.values, self.meaning) {
            (Layout::Contiguous, Values::F64(values), Meaning::Number) if n.is_multiple_of(STEP) => {
                Some(&values[start..start + n])
            }
            _ => None,
        }
    }
}
