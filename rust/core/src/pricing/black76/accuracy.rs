//! Prices and greeks against 80-digit values at the exact doubles, on every instruction set.
//!
//! `scripts/golden_accuracy.py` writes the tables and says which regimes they hold.

use super::{ARGUMENTS, Greek, slices};
use crate::{
    math::simd::{Variant, available, detected, dispatch_on},
    pricing::golden::{columns, row, with_broadcast},
};

const PRICES: &str = include_str!("../../../../../tests/golden/accuracy_price.csv");
const SENSITIVITIES: &str = include_str!("../../../../../tests/golden/accuracy_greeks.csv");

/// The largest relative error of prices on forwards near 5000 that are worth a cent.
const LISTED: f64 = 1e-14;
const CENT: f64 = 0.01;
const INDEX: std::ops::RangeInclusive<f64> = 4000.0..=6000.0;
/// The largest relative error elsewhere, down to prices of 1e-290.
const ANYWHERE: f64 = 1e-12;
const SMALLEST: f64 = 1e-290;

type Terms = [f64; ARGUMENTS.len()];

fn prices(on: Variant, terms: &[Vec<f64>]) -> Vec<f64> {
    let mut out = vec![0.0; terms[0].len()];
    with_broadcast(ARGUMENTS, terms, |b| {
        dispatch_on(on, slices::Prices { arguments: b, start: 0, out: &mut out });
    });
    out
}

fn greeks(on: Variant, terms: &[Vec<f64>]) -> [Vec<f64>; Greek::ALL.len()] {
    let mut out = std::array::from_fn(|_| vec![0.0; terms[0].len()]);
    let columns = out.iter_mut().map(|column| &mut column[..]).collect();
    with_broadcast(ARGUMENTS, terms, |b| {
        dispatch_on(on, slices::Greeks { arguments: b, start: 0, selected: &Greek::ALL, out: columns });
    });
    out
}

/// Standard deviations from the forward to the strike, h = ln(F/K)/s, and s.
fn moneyness([_, forward, strike, years, vol, _]: Terms) -> (f64, f64) {
    let s = vol * years.sqrt();
    ((forward.ln() - strike.ln()) / s, s)
}

#[test]
fn prices_have_14_digits_and_the_far_wings_12() {
    let table = columns::<7>(PRICES);
    let (terms, want) = table.split_at(ARGUMENTS.len());
    for variant in available() {
        for (i, (got, want)) in prices(variant, terms).into_iter().zip(&want[0]).enumerate() {
            let error = (got / want - 1.0).abs();
            let listed = *want >= CENT && INDEX.contains(&terms[1][i]);
            let bound = if listed { LISTED } else { ANYWHERE };
            assert!(error <= bound, "{variant:?} {:?}: {got:e} for {want:e}, {error:e}", row(terms, i));
        }
    }
}

#[test]
fn greeks_have_12_digits_of_the_largest_on_their_strip() {
    let table = columns::<20>(SENSITIVITIES);
    let (terms, want) = table.split_at(ARGUMENTS.len());
    // Rows of one right, forward, time and volatility.
    let strip = |i: usize| [0, 1, 3, 4, 5].map(|k| terms[k][i].to_bits());
    for variant in available() {
        for (name, (got, want)) in
            Greek::ALL.map(Greek::name).into_iter().zip(greeks(variant, terms).iter().zip(want))
        {
            for i in 0..got.len() {
                let largest = (0..got.len()).filter(|&j| strip(j) == strip(i)).map(|j| want[j].abs());
                let error = (got[i] - want[i]).abs() / largest.fold(0.0, f64::max);
                let row = row(terms, i);
                assert!(error <= ANYWHERE, "{variant:?} {name} {row:?}: {} {} {error:e}", got[i], want[i]);
            }
        }
    }
}

#[test]
fn greeks_have_12_digits_in_both_tails() {
    let table = columns::<20>(SENSITIVITIES);
    let (terms, want) = table.split_at(ARGUMENTS.len());
    for variant in available() {
        for (name, (got, want)) in
            Greek::ALL.map(Greek::name).into_iter().zip(greeks(variant, terms).iter().zip(want))
        {
            let one_sign = ["price", "delta", "gamma", "vega", "rho"].contains(&name);
            for i in 0..got.len() {
                let (h, s) = moneyness(row(terms, i));
                // Beyond their zeros, which lie within 3 deviations or 3/2 s².
                if one_sign || h.abs() >= f64::max(3.5, 2.9 * s) {
                    let error = (got[i] - want[i]).abs() / want[i].abs().max(SMALLEST);
                    let row = row(terms, i);
                    assert!(
                        error <= ANYWHERE,
                        "{variant:?} {name} {row:?}: {} {} {error:e}",
                        got[i],
                        want[i]
                    );
                }
            }
        }
    }
}

#[test]
fn avx2_and_avx512_give_the_same_bits() {
    if detected() < Variant::Avx512 {
        return;
    }
    for terms in [&columns::<7>(PRICES)[..6], &columns::<20>(SENSITIVITIES)[..6]] {
        let (narrow, wide) = (greeks(Variant::Avx2, terms), greeks(Variant::Avx512, terms));
        for (name, (narrow, wide)) in Greek::ALL.map(Greek::name).into_iter().zip(narrow.iter().zip(&wide)) {
            for (i, (a, b)) in narrow.iter().zip(wide).enumerate() {
                assert_eq!(a.to_bits(), b.to_bits(), "{name} {:?}", row(terms, i));
            }
        }
        let (narrow, wide) = (prices(Variant::Avx2, terms), prices(Variant::Avx512, terms));
        assert!(narrow.iter().zip(&wide).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

/// One bad term in one row of an array: every other row has the bits of a call of its own.
#[test]
fn every_lane_and_tail_gives_the_bits_of_a_single_call() {
    let table = columns::<7>(PRICES);
    let bits = |columns: &[Vec<f64>], i: usize| columns.iter().map(|c| c[i].to_bits()).collect::<Vec<_>>();
    for variant in available() {
        for n in 1..=40 {
            // A stride through the table, so that neighbours lie in different regimes.
            let rows: Vec<usize> = (0..n).map(|i| (n * 71 + i * 97) % table[0].len()).collect();
            let good: [Vec<f64>; 6] = std::array::from_fn(|k| rows.iter().map(|&i| table[k][i]).collect());
            let alone = |i: usize| greeks(variant, &row(&good, i).map(|x| vec![x]));
            let want: Vec<_> = (0..n).map(|i| bits(&alone(i), 0)).collect();
            for at in 0..n {
                let mut terms = good.clone();
                terms[at % 6][at] = f64::NAN;
                let (price, values) = (prices(variant, &terms), greeks(variant, &terms));
                assert!(price[at].is_nan() && values[0][at].is_nan() && values[1][at].is_nan());
                for i in (0..n).filter(|&i| i != at) {
                    assert_eq!(bits(&values, i), want[i], "{variant:?} row {i} of {n}, bad row {at}");
                    assert_eq!(price[i].to_bits(), want[i][0], "the price alone and among the greeks");
                }
            }
        }
    }
}
