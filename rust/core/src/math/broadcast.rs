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

    /// Copies the `n` rows from `start` on to the head of the columns.
    pub fn read<const B: usize>(&self, start: usize, n: usize, columns: &mut [[f64; B]; N]) {
        for (operand, column) in self.operands.iter().zip(columns) {
            operand.read(&self.shape, start, &mut column[..n]);
        }
    }
}

impl Operand<'_> {
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
        ) {
            let mut own: Vec<usize> = shape.iter().zip(&keep).map(|(&n, &k)| if k { n } else { 1 }).collect();
            own.drain(..drop.min(own.len()));
            let values: Vec<f64> = (0..own.iter().product::<usize>()).map(|i| i as f64).collect();
            let whole: Vec<f64> = (0..shape.iter().product::<usize>()).map(|i| i as f64).collect();
            let both = Broadcast::new([("a", &values, &own), ("b", &whole, &shape)]).unwrap();
            prop_assert_eq!(both.shape(), &shape[..]);
            let start = start.min(both.rows());
            let n = both.rows() - start;
            let mut columns = [[0.0; 256]; 2];
            both.read(start, n, &mut columns);
            for i in 0..n {
                prop_assert_eq!(columns[0][i], naive(&values, &own, &shape, start + i));
                prop_assert_eq!(columns[1][i], whole[start + i]);
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
