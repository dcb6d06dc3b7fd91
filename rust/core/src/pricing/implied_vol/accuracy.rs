//! Implied volatilities against 80-digit ones at the exact doubles, on every instruction set.
//!
//! `scripts/golden_accuracy.py` writes the table and says which regimes it holds.

use super::{ARGUMENTS, Status, slices, status_slice};
use crate::{
    math::simd::{Variant, available, detected, dispatch_on},
    pricing::golden::{columns, row, with_broadcast},
};

const VOLS: &str = include_str!("../../../../../tests/golden/accuracy_implied_vol.csv");

/// Errors are counted in what is attainable: half a unit of the price and half a unit of the volatility itself.
const WORST: f64 = 16.0;
const HALF_UNIT: f64 = 0.5 * f64::EPSILON;

/// The arguments, the volatility, and the part of it that half a unit of the price moves, column by column.
fn table() -> [Vec<f64>; 8] {
    columns(VOLS)
}

fn vols(on: Variant, terms: &[Vec<f64>]) -> Vec<f64> {
    let mut out = vec![0.0; terms[0].len()];
    with_broadcast(ARGUMENTS, terms, |b| {
        dispatch_on(on, slices::Vols { arguments: b, start: 0, out: &mut out });
    });
    out
}

#[test]
fn every_determined_volatility_is_as_good_as_its_price() {
    let table = table();
    let (terms, [want, attainable]) = table.split_at(6) else { panic!("eight columns") };
    for variant in available() {
        for (i, got) in vols(variant, terms).into_iter().enumerate() {
            let units = (got / want[i] - 1.0).abs() / (attainable[i] + HALF_UNIT);
            assert!(units <= WORST, "{variant:?} {:?}: {got:e} for {:e}, {units}", row(terms, i), want[i]);
        }
    }
}

#[test]
fn every_determined_volatility_has_the_status_ok() {
    let terms = &table()[..6];
    let mut codes = vec![u8::MAX; terms[0].len()];
    with_broadcast(ARGUMENTS, terms, |b| status_slice(b, &mut codes));
    for (i, code) in codes.into_iter().enumerate() {
        assert_eq!(code, Status::Ok as u8, "{:?}", row(terms, i));
    }
}

#[test]
fn avx2_and_avx512_give_the_same_bits() {
    if detected() < Variant::Avx512 {
        return;
    }
    let terms = &table()[..6];
    let (narrow, wide) = (vols(Variant::Avx2, terms), vols(Variant::Avx512, terms));
    for (i, (a, b)) in narrow.iter().zip(&wide).enumerate() {
        assert_eq!(a.to_bits(), b.to_bits(), "{:?}: {a:e} {b:e}", row(terms, i));
    }
}

/// One bad term in one row of an array: it alone is NaN, and all others are the bits of a call of their own.
#[test]
fn every_lane_and_tail_gives_the_bits_of_a_single_call() {
    let table = table();
    for variant in available() {
        let alone = |i: usize| vols(variant, &row(&table[..6], i).map(|x| vec![x]))[0].to_bits();
        for n in 1..=40 {
            // A stride through the table, so that neighbours are solved in different ways.
            let rows: Vec<usize> = (0..n).map(|i| (n * 71 + i * 97) % table[0].len()).collect();
            let good: [Vec<f64>; 6] = std::array::from_fn(|k| rows.iter().map(|&i| table[k][i]).collect());
            let want: Vec<u64> = rows.iter().map(|&i| alone(i)).collect();
            for at in 0..n {
                let mut terms = good.clone();
                terms[at % 6][at] = f64::NAN;
                for (i, got) in vols(variant, &terms).into_iter().enumerate() {
                    let same = if i == at { got.is_nan() } else { got.to_bits() == want[i] };
                    assert!(same, "{variant:?} row {i} of {n}, bad row {at}: {got}");
                }
            }
        }
    }
}
