//! Elements of any numeric type, and letters, become float64 on the way into a block.

use std::ops::Range;

use super::{Operand, axes::Layout};
use crate::math::simd::Kernel;

/// What the elements of an argument stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Numbers as they are.
    Number,
    /// +1 for a call, −1 for a put; anything else becomes NaN.
    Sign,
    /// Code points: C for a call, P for a put, read as +1 and −1; anything else becomes NaN.
    Letter,
}

/// A string as Arrow's string views have it: in the low half of the first word its length in bytes, then up to
/// twelve bytes and zeros, or a prefix and where the rest lies.
pub type View = [u64; 2];

/// An element type that is read in place.
trait Element: Copy {
    fn number(self) -> f64;
}

impl Element for View {
    /// The code of a string of one byte, 0 for any other string.
    #[inline(always)]
    fn number(self) -> f64 {
        let [head, _] = self;
        if head as u32 == 1 { f64::from((head >> 32) as u32) } else { 0.0 }
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Element for $number {
            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "not for every type of the list")]
            fn number(self) -> f64 {
                self as f64
            }
        })*
    };
}

numbers!(f64 f32 i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! elements {
    ($($variant:ident($element:ty), $doc:literal;)*) => {
        /// Elements in memory.
        #[derive(Clone, Copy, Debug)]
        pub enum Values<'a> {
            $(#[doc = $doc] $variant(&'a [$element]),)*
        }

        impl Values<'_> {
            /// The number of elements.
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(values) => values.len(),)* }
            }

            /// The addresses that the elements take.
            pub fn addresses(&self) -> Range<usize> {
                match self { $(Self::$variant(values) => addresses(values),)* }
            }
        }

        impl Kernel for Block<'_> {
            type Output = ();
            #[inline(always)]
            fn run<const FMA: bool>(self) {
                match self.operand.values {
                    $(Values::$variant(values) => copy(values, &self.operand.layout, self.start, self.out),)*
                }
                interpret(self.operand.meaning, self.out);
            }
        }

        $(
            impl<'a> From<&'a [$element]> for Values<'a> {
                fn from(values: &'a [$element]) -> Self {
                    Self::$variant(values)
                }
            }
        )*
    };
}

elements! {
    F64(f64), "Read as they are.";
    F32(f32), "Exact.";
    I8(i8), "Exact.";
    I16(i16), "Exact.";
    I32(i32), "Exact.";
    I64(i64), "Rounded to 53 bits.";
    U8(u8), "Exact.";
    U16(u16), "Exact.";
    U32(u32), "Exact.";
    U64(u64), "Rounded to 53 bits.";
    View(View), "Strings of one byte as its code.";
}

/// The addresses that the elements of a slice take.
pub fn addresses<T>(values: &[T]) -> Range<usize> {
    let Range { start, end } = values.as_ptr_range();
    start.addr()..end.addr()
}

impl Values<'_> {
    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rows from `start` on, as many as fit `out`.
pub(super) struct Block<'a> {
    pub operand: &'a Operand<'a>,
    pub start: usize,
    pub out: &'a mut [f64],
}

#[inline(always)]
fn copy<T: Element>(values: &[T], layout: &Layout, start: usize, out: &mut [f64]) {
    match layout {
        Layout::Scalar => out.fill(values[0].number()),
        Layout::Contiguous => widen(&values[start..start + out.len()], out),
        Layout::Strided(walk) => walk.runs(start, out.len(), |done, n, first, step| {
            let out = &mut out[done..done + n];
            match step {
                0 => out.fill(values[first].number()),
                1 => widen(&values[first..first + n], out),
                _ => {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = values[first.wrapping_add_signed(i.cast_signed() * step)].number();
                    }
                }
            }
        }),
    }
}

#[inline(always)]
fn widen<T: Element>(values: &[T], out: &mut [f64]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = value.number();
    }
}

#[inline(always)]
fn interpret(meaning: Meaning, out: &mut [f64]) {
    const CALL: f64 = b'C' as f64;
    const PUT: f64 = b'P' as f64;
    match meaning {
        Meaning::Number => {}
        Meaning::Sign => {
            for x in out {
                *x = if x.abs() == 1.0 { *x } else { f64::NAN };
            }
        }
        Meaning::Letter => {
            for x in out {
                let put = if *x == PUT { -1.0 } else { f64::NAN };
                *x = if *x == CALL { 1.0 } else { put };
            }
        }
    }
}
