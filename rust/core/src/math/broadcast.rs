//! Broadcasting as in `NumPy`, read a block of rows at a time: nothing is expanded in memory.

use crate::{Error, Result};

/// `N` arguments broadcast against each other.
#[derive(Debug)]
pub struct Broadcast<'a, const N: usize> {
    shape: Vec<usize>,
    operands: [Operand<'a>; N],
}

/// One argument: its values in C order and how the result's rows index them.
#[derive(Debug)]
struct Operand<'a> {
    values: &'a [f64],
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    /// One value for every row.
    Scalar,
    /// As many values as rows, in the order of the rows.
    Contiguous,
    /// The step in `values` per axis of the result, 0 along axes that are repeated. The last step is 0 or 1,
    /// because the values are in C order.
    Strided(Vec<usize>),
}

impl<'a, const N: usize> Broadcast<'a, N> {
    /// The arguments as (name, values in C order, shape).
    ///
    /// Errors: [`Error::Shape`] with the name of the first argument that does not fit those before it.
    ///
    /// # Panics
    /// If an argument has another number of values than its shape says.
    pub fn new(arguments: [(&str, &'a [f64], &[usize]); N]) -> Result<Self> {
        let mut shape = Vec::new();
        for (name, values, own) in &arguments {
            assert_eq!(values.len(), own.iter().product::<usize>(), "{name}: values and shape disagree");
            merge(&mut shape, name, own)?;
        }
        let operands = arguments.map(|(_, values, own)| Operand { values, layout: layout(own, &shape) });
        Ok(Self { shape, operands })
    }

    /// The shape of the result.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of rows of the result.
    pub fn rows(&self) -> usize {
        self.shape.iter().product()
    }

    /// A reader of blocks of at most `B` rows, for one thread.
    pub fn reader<const B: usize>(&self) -> Reader<'_, N, B> {
        const { assert!(B.is_multiple_of(STEP), "blocks are whole steps") }
        let width = B.min(self.rows().next_multiple_of(STEP));
        Reader { arguments: self, width, slots: [None; N], buffer: Vec::new() }
    }
}

/// Blocks have whole steps of rows: a vector of the widest instruction set.
const STEP: usize = 8;

/// Reads the arguments block by block, in place where they are laid out as the rows are.
///
/// What is not goes through one buffer, in which an argument gets its slot when it is first needed: a call with
/// few rows touches little memory, and a scalar is written once.
#[derive(Debug)]
pub struct Reader<'a, const N: usize, const B: usize> {
    arguments: &'a Broadcast<'a, N>,
    /// The length of a slot: no more than there are rows.
    width: usize,
    slots: [Option<usize>; N],
    buffer: Vec<f64>,
}

impl<const N: usize, const B: usize> Reader<'_, N, B> {
    /// The rows `start..start + n`, one slice per argument, `n` at most `B`. The slices are as long as `n` rounded
    /// up to a multiple of 8: what is more repeats the last row.
    #[inline]
    pub fn rows(&mut self, start: usize, n: usize) -> [&[f64]; N] {
        let length = n.next_multiple_of(STEP);
        for (k, operand) in self.arguments.operands.iter().enumerate() {
            if operand.in_place(start, n).is_none() {
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
        let slot = match self.slots[k] {
            Some(_) if matches!(operand.layout, Layout::Scalar) => return,
            Some(slot) => slot,
            None => {
                let slot = self.reserve(if n == 0 { f64::NAN } else { operand.values[0] });
                self.slots[k] = Some(slot);
                slot
            }
        };
        if n > 0 {
            let (rows, padding) = self.buffer[slot..slot + n.next_multiple_of(STEP)].split_at_mut(n);
            operand.read(&self.arguments.shape, start, rows);
            padding.fill(rows[n - 1]);
        }
    }

    /// A new slot, filled with `value`. Slots begin on a cache line.
    fn reserve(&mut self, value: f64) -> usize {
        if self.buffer.is_empty() {
            self.buffer.reserve_exact(N * self.width + STEP);
            let misaligned = self.buffer.as_ptr().align_offset(STEP * size_of::<f64>()).min(STEP);
            self.buffer.resize(misaligned, value);
        }
        let slot = self.buffer.len();
        self.buffer.resize(slot + self.width, value);
        slot
    }
}

impl Operand<'_> {
    /// The rows themselves, if they are whole steps and lie side by side.
    #[inline]
    fn in_place(&self, start: usize, n: usize) -> Option<&[f64]> {
        match self.layout {
            Layout::Contiguous if n.is_multiple_of(STEP) => Some(&self.values[start..start + n]),
            _ => None,
        }
    }

    fn read(&self, shape: &[usize], start: usize, out: &mut [f64]) {
        match &self.layout {
            Layout::Scalar => out.fill(self.values[0]),
            Layout::Contiguous => out.copy_from_slice(&self.values[start..start + out.len()]),
            Layout::Strided(strides) => self.read_strided(shape, strides, start, out),
        }
    }

    /// Row by row of the last axis, each either one repeated value or a run of values.
    fn read_strided(&self, shape: &[usize], strides: &[usize], start: usize, out: &mut [f64]) {
        let (Some((&length, outer_shape)), Some((&step, outer_strides))) =
            (shape.split_last(), strides.split_last())
        else {
            return out.fill(self.values[0]);
        };
        let mut done = 0;
        while done < out.len() {
            let (mut outer, column) = ((start + done) / length, (start + done) % length);
            let mut at = column * step;
            for (axis, stride) in outer_shape.iter().zip(outer_strides).rev() {
                at += outer % axis * stride;
                outer /= axis;
            }
            let run = (length - column).min(out.len() - done);
            let to = &mut out[done..done + run];
            if step == 0 {
                to.fill(self.values[at]);
            } else {
                to.copy_from_slice(&self.values[at..at + run]);
            }
            done += run;
        }
    }
}

/// Widens `shape` by one argument's shape: axes are matched from the last, and 1 matches anything.
fn merge(shape: &mut Vec<usize>, name: &str, own: &[usize]) -> Result<()> {
    let before = shape.clone();
    while shape.len() < own.len() {
        shape.insert(0, 1);
    }
    let skip = shape.len() - own.len();
    for (axis, &length) in shape[skip..].iter_mut().zip(own) {
        if *axis == 1 {
            *axis = length;
        } else if length != 1 && length != *axis {
            return Err(Error::Shape {
                name: name.to_owned(),
                problem: format!(
                    "shape {own:?} does not broadcast with {before:?}, the shape of the arguments before it"
                ),
            });
        }
    }
    Ok(())
}

fn layout(own: &[usize], shape: &[usize]) -> Layout {
    let count: usize = own.iter().product();
    if count == 1 {
        return Layout::Scalar;
    }
    if count == shape.iter().product::<usize>() {
        return Layout::Contiguous;
    }
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for (stride, &length) in strides.iter_mut().rev().zip(own.iter().rev()) {
        *stride = if length == 1 { 0 } else { step };
        step *= length;
    }
    Layout::Strided(strides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The value at one row, by the definition.
    fn naive(values: &[f64], own: &[usize], shape: &[usize], mut row: usize) -> f64 {
        let (mut at, mut step) = (0, 1);
        for (axis, &length) in shape.iter().enumerate().rev() {
            let index = row % length;
            row /= length;
            if let Some(own_axis) = (axis + own.len()).checked_sub(shape.len()) {
                at += if own[own_axis] == 1 { 0 } else { index * step };
                step *= own[own_axis];
            }
        }
        values[at]
    }

    proptest! {
        #[test]
        fn reads_what_the_definition_says(
            shape in prop::collection::vec(1usize..5, 0..4),
            keep in prop::collection::vec(any::<bool>(), 4),
            drop in 0usize..4,
            start in 0usize..20,
            block in 1usize..=16,
        ) {
            let mut own: Vec<usize> = shape.iter().zip(&keep).map(|(&n, &k)| if k { n } else { 1 }).collect();
            own.drain(..drop.min(own.len()));
            let values: Vec<f64> = (0..own.iter().product::<usize>()).map(|i| i as f64).collect();
            let whole: Vec<f64> = (0..shape.iter().product::<usize>()).map(|i| i as f64).collect();
            let both = Broadcast::new([("a", &values, &own), ("b", &whole, &shape)]).unwrap();
            prop_assert_eq!(both.shape(), &shape[..]);
            let mut reader = both.reader::<16>();
            let mut start = start.min(both.rows() - 1);
            while start < both.rows() {
                let n = block.min(both.rows() - start);
                let [a, b] = reader.rows(start, n);
                prop_assert_eq!((a.len(), b.len()), (n.next_multiple_of(8), n.next_multiple_of(8)));
                for i in 0..a.len() {
                    let row = start + i.min(n - 1);
                    prop_assert_eq!(a[i], naive(&values, &own, &shape, row));
                    prop_assert_eq!(b[i], whole[row]);
                }
                start += n;
            }
        }
    }

    #[test]
    fn a_shape_that_does_not_fit_is_named() {
        let error = Broadcast::new([("forward", &[1.0; 3], &[3]), ("strike", &[1.0; 4], &[4])]).unwrap_err();
        let expected = "strike: shape [4] does not broadcast with [3], the shape of the arguments before it";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_empty_axis_has_no_rows() {
        let empty = Broadcast::new([("a", &[], &[0]), ("b", &[1.0], &[])]).unwrap();
        assert_eq!((empty.rows(), empty.shape()), (0, &[0][..]));
    }
}
