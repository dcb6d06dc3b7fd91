//! Broadcasting as in `NumPy`, read a block of rows at a time: nothing is expanded or converted as a whole.

mod axes;
mod reader;
#[cfg(test)]
mod tests;
mod values;

pub use reader::Reader;
pub use values::{Meaning, Values, View, addresses};

use crate::{Error, Result};
use axes::Layout;

/// An array as it lies in memory, to be broadcast.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// The elements, in the order of memory.
    pub values: Values<'a>,
    /// What the elements stand for.
    pub meaning: Meaning,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// The step in `values` along each axis, 0 where one element is repeated, negative where the axis runs
    /// backwards; `None` for C order.
    pub strides: Option<&'a [isize]>,
}

/// `N` arguments broadcast against each other.
#[derive(Debug)]
pub struct Broadcast<'a, const N: usize> {
    shape: Vec<usize>,
    rows: usize,
    operands: [Operand<'a>; N],
}

/// One argument and how the rows of the result index it.
#[derive(Debug)]
struct Operand<'a> {
    values: Values<'a>,
    meaning: Meaning,
    layout: Layout,
}

impl<'a, const N: usize> Broadcast<'a, N> {
    /// Arguments of numbers as (name, values in C order, shape).
    ///
    /// Errors and panics: as [`Broadcast::of`].
    pub fn new(arguments: [(&'a str, &'a [f64], &'a [usize]); N]) -> Result<Self> {
        Self::of(arguments.map(|(name, values, shape)| Argument {
            name,
            values: Values::F64(values),
            meaning: Meaning::Number,
            shape,
            strides: None,
        }))
    }

    /// Arguments of any element type and memory order.
    ///
    /// Errors: [`Error::Shape`] with the name of the first argument that does not fit those before it, or with all
    /// names if the result would have too many rows.
    ///
    /// # Panics
    /// If the shape or the strides of an argument do not cover its values exactly.
    pub fn of(arguments: [Argument<'a>; N]) -> Result<Self> {
        let mut shape = Vec::new();
        for argument in &arguments {
            merge(&mut shape, argument)?;
        }
        let rows = shape.iter().try_fold(1usize, |rows, &length| rows.checked_mul(length));
        let addressable = |&rows: &usize| rows <= isize::MAX.cast_unsigned() / size_of::<f64>();
        let Some(rows) = rows.filter(addressable) else {
            return Err(Error::Shape {
                name: arguments.map(|argument| argument.name).join(", "),
                problem: format!("shape {shape:?} has more rows than memory has addresses"),
            });
        };
        let operands = arguments.map(|argument| Operand {
            values: argument.values,
            meaning: argument.meaning,
            layout: Layout::of(&argument, &shape),
        });
        Ok(Self { shape, rows, operands })
    }

    /// The shape of the result.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of rows of the result.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A reader of blocks of at most `B` rows, for one thread.
    pub fn reader<const B: usize>(&self) -> Reader<'_, N, B> {
        Reader::new(self)
    }
}

/// Widens `shape` by one argument's shape: axes are matched from the last, and 1 matches anything.
fn merge(shape: &mut Vec<usize>, argument: &Argument<'_>) -> Result<()> {
    let own = argument.shape;
    // Empty slices first: comparing them as memory reads at no address, which is slow.
    if own.is_empty() || own == shape.as_slice() {
        return Ok(());
    }
    let fits = own.iter().rev().zip(shape.iter().rev()).all(|(&a, &b)| a == b || a == 1 || b == 1);
    if !fits {
        return Err(Error::Shape {
            name: argument.name.to_owned(),
            problem: format!(
                "shape {own:?} does not broadcast with {shape:?}, the shape of the arguments before it"
            ),
        });
    }
    let missing = own.len().saturating_sub(shape.len());
    shape.splice(..0, own[..missing].iter().copied());
    for (axis, &length) in shape.iter_mut().rev().zip(own.iter().rev()) {
        if *axis == 1 {
            *axis = length;
        }
    }
    Ok(())
}
