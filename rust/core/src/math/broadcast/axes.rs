//! How the rows of the result, counted in C order, index the values of one argument.

use super::Argument;

/// The way through the values of one argument.
#[derive(Debug)]
pub(super) enum Layout {
    /// One value for every row.
    Scalar,
    /// As many values as rows, in the order of the rows.
    Contiguous,
    /// Anything else.
    Strided(Walk),
}

/// Steps along axes.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where row 0 lies.
    origin: usize,
    /// The axes but the last, outermost first.
    outer: Vec<Axis>,
    inner: Axis,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    length: usize,
    /// The step in the values from one index to the next.
    step: isize,
}

impl Layout {
    /// The layout of an argument in a result of the given shape.
    pub fn of(argument: &Argument<'_>, shape: &[usize]) -> Self {
        let Argument { name, values, shape: own, strides, .. } = argument;
        let count: usize = own.iter().product();
        if strides.is_none() {
            assert_eq!(values.len(), count, "{name}: values and shape disagree");
            if count == 1 {
                return Self::Scalar;
            }
            if own == &shape {
                return Self::Contiguous;
            }
        }
        let c_order;
        let strides = if let Some(strides) = strides {
            *strides
        } else {
            c_order = strides_in_c_order(own);
            &c_order
        };
        assert_eq!(own.len(), strides.len(), "{name}: one stride per axis");
        if count == 0 {
            return Self::Contiguous; // there are no rows to be read
        }
        let (before, after) = extent(own, strides);
        assert_eq!(values.len(), before + after + 1, "{name}: values, shape and strides disagree");

        let mut axes = joined(own, strides, shape);
        match (axes.pop(), axes.is_empty()) {
            (None, _) => Self::Scalar,
            (Some(Axis { step: 1, .. }), true) if before == 0 => Self::Contiguous,
            (Some(inner), _) => Self::Strided(Walk { origin: before, outer: axes, inner }),
        }
    }
}

impl Walk {
    /// Calls `run(done, n, first, step)` for runs of rows along the last axis: `done` rows of `rows` come before,
    /// `n` rows belong to the run, and its values lie at `first`, `first + step`, …
    #[inline(always)]
    pub fn runs(&self, start: usize, rows: usize, mut run: impl FnMut(usize, usize, usize, isize)) {
        let Axis { length, step } = self.inner;
        let (mut outer, mut column) = (start / length, start % length);
        let mut done = 0;
        while done < rows {
            let n = (length - column).min(rows - done);
            let first = self.origin.wrapping_add_signed(self.offset(outer) + column.cast_signed() * step);
            run(done, n, first, step);
            done += n;
            outer += 1;
            column = 0;
        }
    }

    /// The offset of the values at one index of the outer axes, counted in C order.
    #[inline(always)]
    fn offset(&self, mut index: usize) -> isize {
        let Some((first, rest)) = self.outer.split_first() else { return 0 };
        let mut offset = 0;
        for axis in rest.iter().rev() {
            offset += (index % axis.length).cast_signed() * axis.step;
            index /= axis.length;
        }
        offset + index.cast_signed() * first.step
    }
}

fn strides_in_c_order(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for (stride, &length) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= length.cast_signed();
    }
    strides
}

/// How many values lie before and after that of index 0.
fn extent(shape: &[usize], strides: &[isize]) -> (usize, usize) {
    let (mut before, mut after) = (0, 0);
    for (&length, &stride) in shape.iter().zip(strides) {
        let reach = (length - 1) * stride.unsigned_abs();
        *if stride < 0 { &mut before } else { &mut after } += reach;
    }
    (before, after)
}

/// The axes of the result with the argument's steps; neighbours that one step walks through are one axis, and
/// axes of length 1 are none.
fn joined(own: &[usize], strides: &[isize], shape: &[usize]) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::with_capacity(shape.len());
    let repeated = shape.len() - own.len();
    for (k, &length) in shape.iter().enumerate() {
        let step = if k < repeated || own[k - repeated] == 1 { 0 } else { strides[k - repeated] };
        match axes.last_mut() {
            _ if length == 1 => {}
            Some(last) if last.step == step * length.cast_signed() => {
                *last = Axis { length: last.length * length, step };
            }
            _ => axes.push(Axis { length, step }),
        }
    }
    if let [Axis { step: 0, .. }] = axes[..] {
        axes.clear();
    }
    axes
}
