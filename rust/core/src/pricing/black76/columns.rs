//! Undiscounted prices of columns: what the market model calls.

use super::{intrinsic, near, undiscounted};
use crate::pricing::rows::{BLOCK, Column, outside};

/// [`undiscounted`] prices, row by row of the columns.
///
/// # Panics
/// If the columns differ in length.
#[inline(always)]
pub fn undiscounted_columns<const FMA: bool>(
    sign: f64,
    forward: &[f64],
    strike: &[f64],
    total_sd: &[f64],
    out: &mut [f64],
) {
    let mut stages = Stages::default();
    let blocks = out.chunks_mut(BLOCK).zip(forward.chunks(BLOCK));
    let blocks = blocks.zip(strike.chunks(BLOCK)).zip(total_sd.chunks(BLOCK));
    for (((out, forward), strike), total_sd) in blocks {
        let n = out.len();
        assert!(n <= BLOCK, "at most a block");
        let (forward, strike, total_sd) = (&forward[..n], &strike[..n], &total_sd[..n]);
        for i in 0..n {
            stages.moneyness::<FMA>(i, [forward[i], strike[i], total_sd[i], 1.0], true);
        }
        stages.prices::<FMA>(sign, [forward, strike, total_sd], out);
    }
}

/// Undiscounted prices of a block of rows where ln(F/K) and 1/sd are known: no division and no logarithm.
///
/// The caller keeps the room of the stages: many calls need not clear it each time.
///
/// # Panics
/// If the columns are shorter than `out`, or that is longer than a block.
#[inline(always)]
pub fn undiscounted_block_at<const FMA: bool>(
    stages: &mut Stages,
    sign: f64,
    [log_moneyness, per_sd]: [&[f64]; 2],
    [forward, strike, total_sd]: [&[f64]; 3],
    out: &mut [f64],
) {
    let n = out.len();
    assert!(n <= BLOCK, "at most a block");
    let (forward, strike, total_sd) = (&forward[..n], &strike[..n], &total_sd[..n]);
    let (log_moneyness, per_sd) = (&log_moneyness[..n], &per_sd[..n]);
    for i in 0..n {
        stages.standing::<FMA>(i, [forward[i], strike[i], total_sd[i]], log_moneyness[i].abs(), per_sd[i]);
    }
    stages.prices::<FMA>(sign, [forward, strike, total_sd], out);
}

/// What the stages of [`near`] hand on.
#[derive(Default)]
pub struct Stages {
    pub(super) total_sd: Column,
    pub(super) per_sd: Column,
    pub(super) x: Column,
    pub(super) a: Column,
    pub(super) level: Column,
    scale: Column,
}

impl Stages {
    /// The first stage of one row; the return is 1/other, for one more number. Without `valid` the row has no value.
    #[inline(always)]
    pub(super) fn moneyness<const FMA: bool>(
        &mut self,
        i: usize,
        [forward, strike, total_sd, other]: [f64; 4],
        valid: bool,
    ) -> f64 {
        let [x, a, per_sd, per_other] = near::moneyness::<FMA>(forward, strike, total_sd, other);
        (self.x[i], self.a[i], self.total_sd[i], self.per_sd[i]) = (x, a, total_sd, per_sd);
        let scale = near::scale(forward, strike, x, a, total_sd);
        self.scale[i] = if valid { scale } else { f64::NAN };
        per_other
    }

    /// The first stage of one row from x = |ln(F/K)| and 1/s.
    #[inline(always)]
    fn standing<const FMA: bool>(
        &mut self,
        i: usize,
        [forward, strike, total_sd]: [f64; 3],
        x: f64,
        per_sd: f64,
    ) {
        let a = near::in_sds::<FMA>(x, total_sd, per_sd);
        (self.x[i], self.a[i], self.total_sd[i]) = (x, a, total_sd);
        self.scale[i] = near::scale(forward, strike, x, a, total_sd);
    }

    /// The second stage of the first `n` rows.
    #[inline(always)]
    pub(super) fn level<const FMA: bool>(&mut self, n: usize) {
        for i in 0..n {
            self.level[i] = near::level::<FMA>(self.scale[i], self.x[i], self.a[i]);
        }
    }

    /// The third stage of one row: NaN outside the domain of [`near`].
    #[inline(always)]
    pub(super) fn time_value<const FMA: bool>(&self, i: usize) -> f64 {
        near::time_value::<FMA>(self.level[i], self.x[i], self.a[i], self.total_sd[i])
    }
    /// The other stages of a block, whose rows have had the first: prices. Rows outside go their own ways.
    #[inline(always)]
    fn prices<const FMA: bool>(
        &mut self,
        sign: f64,
        [forward, strike, total_sd]: [&[f64]; 3],
        out: &mut [f64],
    ) {
        let n = out.len();
        assert!(n <= BLOCK, "at most a block");
        let (forward, strike, total_sd) = (&forward[..n], &strike[..n], &total_sd[..n]);
        self.level::<FMA>(n);
        for i in 0..n {
            out[i] = intrinsic(sign, forward[i], strike[i]) + self.time_value::<FMA>(i);
        }
        if let Some(rows) = outside(out) {
            let mut packed = [Column::default(); 3];
            for (packed, column) in packed.iter_mut().zip([forward, strike, total_sd]) {
                rows.gather(column, packed);
            }
            let [forward, strike, total_sd] = &packed;
            // The level has served.
            let prices = &mut self.level;
            for i in 0..rows.padded() {
                prices[i] = undiscounted::<FMA>(sign, forward[i], strike[i], total_sd[i]);
            }
            rows.scatter(prices, out);
        }
    }
}
