//! The rows that the direct formula leaves, packed side by side: the formulas for all cases.

use super::{
    Quote, direct,
    packed::Packed,
    refined::Search,
    slices::{ARGUMENTS, Terms},
};
use crate::pricing::rows::{BLOCK, Column, Rows, padded};

/// A total standard deviation that is still to be found.
const PENDING: f64 = f64::INFINITY;

/// The room to solve them in, made when a first row needs it.
#[derive(Default)]
pub(super) struct Others {
    terms: [Column; ARGUMENTS.len()],
    time_values: Packed,
    pending: Packed,
    search: Search,
    total_sd: Column,
}

impl Others {
    /// Puts the volatilities of some rows of a block into `out`.
    #[inline(always)]
    pub(super) fn solve<const FMA: bool>(&mut self, terms: &Terms<'_>, rows: &Rows, out: &mut [f64]) {
        let n = rows.padded();
        assert!(n <= BLOCK, "at most a block");
        for (packed, column) in self.terms.iter_mut().zip(terms) {
            rows.gather(column, packed);
        }
        let Self {
            terms: [sign, price, forward, strike, years, discount],
            time_values,
            pending,
            search,
            total_sd,
        } = self;
        for i in 0..n {
            let (sign, price, forward, strike) = (sign[i], price[i], forward[i], strike[i]);
            let quote = Quote { sign, price, forward, strike, years: years[i], discount: discount[i] };
            let row = quote.time_value::<FMA>();
            time_values.set(i, row);
            let found = if row.value == 0.0 { 0.0 } else { PENDING };
            total_sd[i] = if quote.has_vol(row) { found } else { f64::NAN };
        }
        for i in 0..n {
            let (s, inside) = direct::far::<FMA>(time_values.get(i));
            total_sd[i] = if inside & (total_sd[i] == PENDING) { s } else { total_sd[i] };
        }

        let mut origin = [0; BLOCK];
        let mut count = 0;
        for i in 0..rows.get().len() {
            origin[count] = i;
            count += usize::from(total_sd[i] == PENDING);
        }
        if count > 0 {
            for (i, &row) in origin[..count].iter().enumerate() {
                pending.set(i, time_values.get(row));
            }
            let solved = search.solve::<FMA>(pending, padded(count));
            for (&row, &s) in origin[..count].iter().zip(&**solved) {
                total_sd[row] = s;
            }
        }
        for i in 0..n {
            total_sd[i] /= years[i].sqrt();
        }
        rows.scatter(total_sd, out);
    }
}
