//! Implied volatility of many quotes: broadcast arguments in, columns out.

use super::{ABOVE, Quote, above_intrinsic, direct, others::Others};
use crate::math::{
    broadcast::Broadcast,
    chunks::in_chunks,
    simd::{Kernel, dispatch},
};
use crate::pricing::black76::{intrinsic, is_right};
use crate::pricing::rows::{BLOCK, Column, outside};

/// The arguments of the slice functions, in order.
pub const ARGUMENTS: [&str; 6] = ["right", "price", "forward", "strike", "years", "discount"];

/// A block of rows of the arguments.
pub(super) type Terms<'a> = [&'a [f64]; ARGUMENTS.len()];
type Arguments<'a> = Broadcast<'a, { ARGUMENTS.len() }>;

/// Volatilities, one per row of the arguments; NaN where there is none.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn implied_vol_slice(arguments: &Arguments<'_>, out: &mut [f64]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_chunks(out, |start, out| dispatch(Vols { arguments, start, out }));
}

/// The [`Status`] codes, one per row of the arguments.
///
/// # Panics
/// If `out` has another length than the arguments have rows.
pub fn status_slice(arguments: &Arguments<'_>, out: &mut [u8]) {
    assert_eq!(arguments.rows(), out.len(), "one output per row");
    in_chunks(out, |start, out| dispatch(Statuses { arguments, start, out }));
}

/// Total standard deviations of undiscounted prices, row by row of the columns; NaN where there is none.
///
/// # Panics
/// If the columns differ in length.
#[inline(always)]
pub fn total_sd_columns<const FMA: bool>(
    sign: &[f64],
    price: &[f64],
    forward: &[f64],
    strike: &[f64],
    out: &mut [f64],
) {
    let one = [1.0; BLOCK];
    let mut rows = Rows::default();
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let n = out.len();
        let [sign, price, forward, strike] =
            [sign, price, forward, strike].map(|each| &each[block * BLOCK..][..n]);
        rows.solve::<FMA>(&[sign, price, forward, strike, &one[..n], &one[..n]], out);
    }
}

struct Statuses<'a> {
    arguments: &'a Arguments<'a>,
    start: usize,
    out: &'a mut [u8],
}

impl Kernel for Statuses<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut reader = self.arguments.reader::<BLOCK>();
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let n = out.len();
            let [sign, price, forward, strike, years, discount] = reader.rows(self.start + block * BLOCK, n);
            let (sign, price, forward) = (&sign[..n], &price[..n], &forward[..n]);
            let (strike, years, discount) = (&strike[..n], &years[..n], &discount[..n]);
            for i in 0..n {
                let (sign, price, forward, strike) = (sign[i], price[i], forward[i], strike[i]);
                let quote = Quote { sign, price, forward, strike, years: years[i], discount: discount[i] };
                out[i] = quote.status(quote.time_value::<FMA>()) as u8;
            }
        }
    }
}

pub(super) struct Vols<'a> {
    pub(super) arguments: &'a Arguments<'a>,
    pub(super) start: usize,
    pub(super) out: &'a mut [f64],
}

impl Kernel for Vols<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut reader = self.arguments.reader::<BLOCK>();
        let mut rows = Rows::default();
        let mut vols = Column::default();
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let terms = reader.rows(self.start + block * BLOCK, out.len());
            let vols = &mut vols[..terms[0].len()];
            rows.solve::<FMA>(&terms, vols);
            out.copy_from_slice(&vols[..out.len()]);
        }
    }
}

/// A block of rows by whichever way each needs.
#[derive(Default)]
struct Rows {
    near: Near,
    /// Made when a row first needs it.
    others: Option<Box<Others>>,
}

impl Rows {
    #[inline(always)]
    fn solve<const FMA: bool>(&mut self, terms: &Terms<'_>, out: &mut [f64]) {
        self.near.solve::<FMA>(terms, out);
        if let Some(rows) = outside(out) {
            self.others.get_or_insert_with(Box::<Others>::default).solve::<FMA>(terms, &rows, out);
        }
    }
}

/// Years within 2^±200 and amounts within 2^±250 go by the direct formula: no product under- or overflows.
const SHORTEST: f64 = f64::from_bits((1023 - 200) << 52);
const LONGEST: f64 = f64::from_bits((1023 + 200) << 52);
const SMALLEST_AMOUNT: f64 = f64::from_bits((1023 - 250) << 52);
const LARGEST_AMOUNT: f64 = f64::from_bits((1023 + 250) << 52);

/// The direct formula in stages over a block of rows, as in `black76::near`.
struct Near {
    gap: Column,
    mean: Column,
    l: Column,
    tau: Column,
    relative_gap: Column,
    per_root: Column,
}

impl Default for Near {
    #[inline(always)]
    fn default() -> Self {
        let column = Column::default();
        Self { gap: column, mean: column, l: column, tau: column, relative_gap: column, per_root: column }
    }
}

impl Near {
    /// Volatilities; NaN in rows outside the domain of the direct formula, which others solve.
    #[inline(always)]
    fn solve<const FMA: bool>(&mut self, terms: &Terms<'_>, out: &mut [f64]) {
        let n = out.len();
        assert!(n <= BLOCK, "at most a block");
        let [sign, price, forward, strike, years, discount] = *terms;
        // One length for all: a loop whose bounds must be checked ends in single rows.
        let (sign, price, forward) = (&sign[..n], &price[..n], &forward[..n]);
        let (strike, years, discount) = (&strike[..n], &years[..n], &discount[..n]);
        let Self { gap, mean, l, tau, relative_gap, per_root } = self;
        for i in 0..n {
            let intrinsic = intrinsic(sign[i], forward[i], strike[i]);
            let value = above_intrinsic::<FMA>(price[i], discount[i], intrinsic);
            let difference = discount[i] * (forward[i] - strike[i]).abs();
            (gap[i], l[i]) = direct::log_price_ratio::<FMA>(value, difference);
            mean[i] = (0.5 * discount[i]) * (forward[i] + strike[i]);

            let least = ABOVE * price[i];
            let least = if least < direct::TINY { direct::TINY } else { least };
            let smaller = if forward[i] < strike[i] { forward[i] } else { strike[i] };
            let normal = (smaller >= SMALLEST_AMOUNT)
                & (mean[i] <= LARGEST_AMOUNT)
                & (discount[i] >= SMALLEST_AMOUNT)
                & is_right(sign[i]);
            l[i] = if (value > least) & normal { l[i] } else { f64::NAN };
        }
        for i in 0..n {
            let [t, d, per_years] = direct::bachelier::<FMA>(gap[i], mean[i], l[i], years[i]);
            (tau[i], relative_gap[i], per_root[i]) = (t, d, per_years.sqrt());
        }
        for i in 0..n {
            let (s, inside) = direct::black::<FMA>(tau[i], relative_gap[i]);
            let dated = (years[i] >= SHORTEST) & (years[i] <= LONGEST);
            out[i] = if inside & (l[i] <= direct::NEAR) & dated { s * per_root[i] } else { f64::NAN };
        }
    }
}
