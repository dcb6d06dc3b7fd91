use super::*;
use proptest::prelude::*;

/// An array in memory: axes of the result that it has (the last ones), each whole, of length 1, or repeated by a
/// stride of 0, in any memory order and direction.
#[derive(Debug)]
struct Array {
    shape: Vec<usize>,
    strides: Vec<isize>,
    values: Vec<f64>,
}

fn array(shape: &[usize], drop: usize, kinds: &[u8], order: &[usize], backwards: &[bool]) -> Array {
    let whole = &shape[drop.min(shape.len())..];
    let own: Vec<usize> = whole.iter().zip(kinds).map(|(&n, &kind)| if kind == 0 { 1 } else { n }).collect();
    let mut strides = vec![0; own.len()];
    let mut step = 1;
    for &axis in order.iter().filter(|&&axis| axis < own.len()) {
        if kinds[axis] < 3 {
            strides[axis] = if backwards[axis] { -step } else { step };
            step *= own[axis].cast_signed();
        }
    }
    Array { values: (0..step).map(|i| i as f64).collect(), shape: own, strides }
}

impl Array {
    /// The value at one row of the result, by the definition.
    fn at(&self, shape: &[usize], mut row: usize) -> f64 {
        let backwards = self.shape.iter().zip(&self.strides).filter(|(_, stride)| **stride < 0);
        let mut at: isize = backwards.map(|(&n, &stride)| (1 - n.cast_signed()) * stride).sum();
        for (axis, &length) in shape.iter().enumerate().rev() {
            let index = row % length;
            row /= length;
            if let Some(own) = (axis + self.shape.len()).checked_sub(shape.len())
                && self.shape[own] != 1
            {
                at += index.cast_signed() * self.strides[own];
            }
        }
        self.values[at.cast_unsigned()]
    }

    fn argument(&self) -> Argument<'_> {
        Argument {
            name: "a",
            values: Values::F64(&self.values),
            meaning: Meaning::Number,
            shape: &self.shape,
            strides: Some(&self.strides),
        }
    }
}

proptest! {
    #[test]
    fn reads_what_the_definition_says(
        shape in prop::collection::vec(1usize..5, 0..5),
        drop in 0usize..5,
        kinds in prop::collection::vec(0u8..4, 5),
        order in Just(vec![0, 1, 2, 3, 4]).prop_shuffle(),
        backwards in prop::collection::vec(any::<bool>(), 5),
        start in 0usize..20,
        block in 1usize..=16,
    ) {
        let one = array(&shape, drop, &kinds, &order, &backwards);
        let whole = array(&shape, 0, &[1; 5], &[4, 3, 2, 1, 0], &[false; 5]);
        let in_c_order = Argument { strides: None, ..whole.argument() };
        let both = Broadcast::of([one.argument(), whole.argument(), in_c_order]).unwrap();
        prop_assert_eq!(both.shape(), &shape[..]);
        let mut reader = both.reader::<16>();
        let mut start = start.min(both.rows() - 1);
        while start < both.rows() {
            let n = block.min(both.rows() - start);
            let columns = reader.rows(start, n);
            for (column, array) in columns.into_iter().zip([&one, &whole, &whole]) {
                prop_assert_eq!(column.len(), n.next_multiple_of(8));
                for (i, &value) in column.iter().enumerate() {
                    prop_assert_eq!(value, array.at(&shape, start + i.min(n - 1)));
                }
            }
            start += n;
        }
    }
}

#[test]
fn whole_steps_of_float64_are_not_copied() {
    let (values, scalar) = ([1.0; 24], [2.0]);
    let broadcast = Broadcast::new([("a", &values, &[24]), ("b", &scalar, &[])]).unwrap();
    let mut reader = broadcast.reader::<16>();
    assert_eq!(reader.rows(0, 16)[0].as_ptr(), values.as_ptr());
    assert_eq!(reader.rows(16, 8)[0].as_ptr(), values[16..].as_ptr());
    let [a, b] = reader.rows(16, 7);
    assert_ne!(a.as_ptr(), values[16..].as_ptr());
    assert_eq!((a.as_ptr().align_offset(64), b.as_ptr().align_offset(64)), (0, 0));
}

fn read(values: Values<'_>, meaning: Meaning) -> Vec<f64> {
    let shape = [values.len()];
    let argument = Argument { name: "a", values, meaning, shape: &shape, strides: None };
    let broadcast = Broadcast::of([argument]).unwrap();
    broadcast.reader::<8>().rows(0, values.len())[0][..values.len()].to_vec()
}

#[test]
fn every_element_type_is_converted() {
    use Meaning::Number;
    assert_eq!(read(Values::F64(&[-0.1, f64::MAX]), Number), [-0.1, f64::MAX]);
    assert_eq!(read(Values::F32(&[-0.1, f32::MAX]), Number), [f64::from(-0.1f32), f64::from(f32::MAX)]);
    assert_eq!(read(Values::I8(&[-128, 127]), Number), [-128.0, 127.0]);
    assert_eq!(read(Values::I16(&[i16::MIN, 7]), Number), [-32768.0, 7.0]);
    assert_eq!(read(Values::I32(&[i32::MIN, 7]), Number), [-2147483648.0, 7.0]);
    assert_eq!(
        read(Values::I64(&[i64::MIN, (1 << 53) + 1]), Number),
        [-9223372036854775808.0, 9007199254740992.0]
    );
    assert_eq!(read(Values::U8(&[255, 0]), Number), [255.0, 0.0]);
    assert_eq!(read(Values::U16(&[u16::MAX, 0]), Number), [65535.0, 0.0]);
    assert_eq!(read(Values::U32(&[u32::MAX, 0]), Number), [4294967295.0, 0.0]);
    assert_eq!(read(Values::U64(&[u64::MAX, 0]), Number), [18446744073709551615.0, 0.0]);
}

#[test]
fn rights_are_signs_or_missing() {
    let nan = |x: &f64| x.is_nan();
    let letters = read(Values::U32(&[67, 80, 0, 99, 1, 0x1F600]), Meaning::Letter);
    assert_eq!(letters[..2], [1.0, -1.0]);
    assert!(letters[2..].iter().all(nan));
    assert_eq!(read(Values::U8(b"PC"), Meaning::Letter), [-1.0, 1.0]);
    let signs = read(Values::F64(&[1.0, -1.0, 0.0, 1.5, f64::INFINITY, f64::NAN]), Meaning::Sign);
    assert_eq!(signs[..2], [1.0, -1.0]);
    assert!(signs[2..].iter().all(nan));
    assert_eq!(read(Values::I8(&[-1, 1]), Meaning::Sign), [-1.0, 1.0]);
}

#[test]
fn a_shape_that_does_not_fit_is_named() {
    let error = Broadcast::new([("forward", &[1.0; 3], &[3]), ("strike", &[1.0; 4], &[4])]).unwrap_err();
    let expected = "strike: shape [4] does not broadcast with [3], the shape of the arguments before it";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn too_many_rows_are_refused() {
    let huge = |shape| Argument {
        name: "a",
        values: Values::F64(&[1.0]),
        meaning: Meaning::Number,
        shape,
        strides: Some(&[0, 0]),
    };
    let error = Broadcast::of([huge(&[1 << 32, 1]), huge(&[1, 1 << 32])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a, a: shape [4294967296, 4294967296] has more rows than memory has addresses"
    );
}

#[test]
fn an_empty_axis_has_no_rows() {
    let empty = Broadcast::new([("a", &[], &[0]), ("b", &[1.0], &[])]).unwrap();
    assert_eq!((empty.rows(), empty.shape()), (0, &[0][..]));
    assert_eq!(empty.reader::<8>().rows(0, 0), [&[0.0; 0]; 2]);
}

#[test]
#[should_panic(expected = "a: values, shape and strides disagree")]
fn strides_beyond_the_values_are_refused() {
    let argument = Argument {
        name: "a",
        values: Values::F64(&[1.0, 2.0]),
        meaning: Meaning::Number,
        shape: &[2],
        strides: Some(&[2]),
    };
    let _ = Broadcast::of([argument]);
}
