//! Philox4x32-10, the counter-based generator behind every random draw.
//!
//! A draw is a pure function of (seed, path, step, purpose, block): there is no state to advance, so neither
//! the number of threads nor the size of a block can change a result, and a draw can be repeated at will.
//!
//! Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

use super::lanes::{Col, LANES};
use super::special;

/// Multipliers of the two halves of the counter.
const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Increments of the two key words from round to round (golden ratio and √3 − 1).
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
/// Rounds of every draw; the generator is published with 7, too, which tests use.
const ROUNDS: usize = 10;

/// Paths are numbered with 48 bits: the counter's second word keeps 16 bits for the purpose.
pub const MAX_PATHS: u64 = 1 << 48;

/// 2⁵²: an integer below it, put into its mantissa bits, becomes a double without a conversion.
const TWO_52: f64 = 4503599627370496.0;
const TWO_52_BITS: u64 = TWO_52.to_bits();
/// 2⁻³²
const CELL_OF_A_WORD: f64 = 1.0 / 4294967296.0;
/// Bits of 1.0; a 52-bit fraction below them makes a double in [1, 2).
const ONE_BITS: u64 = 0x3FF0_0000_0000_0000;
/// 1 − 2⁻⁵³: taken from a double in [1, 2), it leaves the centre of its cell of width 2⁻⁵².
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

/// What a draw is for: each purpose has a stream of its own, so that one never shifts another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Purpose {
    /// The four normals of a daily step.
    Dynamics = 0,
    /// The quiet-or-wild day of the variance mixture.
    Mixture = 1,
    /// Intraday points between two closes.
    Bridge = 2,
    /// Blocks of history.
    Bootstrap = 3,
    /// Choice of the tilted component in importance sampling.
    Importance = 4,
    /// Resampling for intervals.
    Inference = 5,
    /// Dynamics of the sessions before session 0.
    WarmUp = 6,
    /// Mixture of the sessions before session 0.
    WarmUpMixture = 7,
    /// The opening between two closes.
    Opening = 8,
    /// The special quotation around an opening.
    SpecialQuotation = 9,
    /// Entries of placebo hedges.
    Placebo = 10,
    /// The daily state of the SPX surface.
    SmileState = 11,
    /// Scrambles of Sobol points.
    Scramble = 12,
    /// Signals of a simulated market.
    Signals = 13,
    /// The same before session 0.
    SignalsPast = 14,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 15] = [
        Self::Dynamics,
        Self::Mixture,
        Self::Bridge,
        Self::Bootstrap,
        Self::Importance,
        Self::Inference,
        Self::WarmUp,
        Self::WarmUpMixture,
        Self::Opening,
        Self::SpecialQuotation,
        Self::Placebo,
        Self::SmileState,
        Self::Scramble,
        Self::Signals,
        Self::SignalsPast,
    ];

    /// The name used by the binding.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dynamics => "dynamics",
            Self::Mixture => "mixture",
            Self::Bridge => "bridge",
            Self::Bootstrap => "bootstrap",
            Self::Importance => "importance",
            Self::Inference => "inference",
            Self::WarmUp => "warm_up",
            Self::WarmUpMixture => "warm_up_mixture",
            Self::Opening => "opening",
            Self::SpecialQuotation => "special_quotation",
            Self::Placebo => "placebo",
            Self::SmileState => "smile_state",
            Self::Scramble => "scramble",
            Self::Signals => "signals",
            Self::SignalsPast => "signals_past",
        }
    }
}

/// One block of the generator: four random words for a counter and a key.
#[inline(always)]
fn philox4x32<const ROUNDS: usize>(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        let a = u64::from(MULTIPLIER[0]) * u64::from(c0);
        let b = u64::from(MULTIPLIER[1]) * u64::from(c2);
        (c0, c1, c2, c3) = ((b >> 32) as u32 ^ c1 ^ k0, b as u32, (a >> 32) as u32 ^ c3 ^ k1, a as u32);
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [c0, c1, c2, c3]
}

/// The draws of one seed and purpose.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Seed of the run.
    pub seed: u64,
    /// What the draws are for.
    pub purpose: Purpose,
}

impl Stream {
    /// Four random words. `path` must be below [`MAX_PATHS`].
    #[inline(always)]
    pub fn words(self, path: u64, step: u32, block: u32) -> [u32; 4] {
        let high = (self.purpose as u32) << 16 | (path >> 32) as u32;
        philox4x32::<ROUNDS>([path as u32, high, step, block], [self.seed as u32, (self.seed >> 32) as u32])
    }

    /// Two uniforms in (0, 1), each from 52 random bits, centred in their cells: neither 0 nor 1 occurs, and
    /// `u` is as likely as `1 - u`.
    #[inline(always)]
    pub fn uniforms(self, path: u64, step: u32, block: u32) -> [f64; 2] {
        let [a, b, c, d] = self.words(path, step, block);
        [centred(a, b), centred(c, d)]
    }

    /// Two columns of uniforms: lane `i` draws for path `first_path + i`.
    #[inline(always)]
    pub fn uniform_columns(self, first_path: u64, step: u32, block: u32, a: &mut Col, b: &mut Col) {
        for i in 0..LANES {
            [a[i], b[i]] = self.uniforms(first_path + i as u64, step, block);
        }
    }

    /// The first of the two columns of [`uniform_columns`](Self::uniform_columns).
    #[inline(always)]
    pub fn uniform_column(self, first_path: u64, step: u32, block: u32, a: &mut Col) {
        for i in 0..LANES {
            [a[i], _] = self.uniforms(first_path + i as u64, step, block);
        }
    }

    /// Two columns of standard normals, by the inverse distribution function: monotone in the uniforms, so
    /// that low-discrepancy points and mirrored draws keep their structure.
    #[inline(always)]
    pub fn normal_columns<const FMA: bool>(
        self,
        first_path: u64,
        step: u32,
        block: u32,
        a: &mut Col,
        b: &mut Col,
    ) {
        self.uniform_columns(first_path, step, block, a, b);
        special::inv_norm_cdf_column::<FMA>(a);
        special::inv_norm_cdf_column::<FMA>(b);
    }

    /// The first of the two columns of [`normal_columns`](Self::normal_columns).
    #[inline(always)]
    pub fn normal_column<const FMA: bool>(self, first_path: u64, step: u32, block: u32, a: &mut Col) {
        self.uniform_column(first_path, step, block, a);
        special::inv_norm_cdf_column::<FMA>(a);
    }
}

/// The centre of the cell of width 2⁻⁵² that the upper 52 of 64 bits choose.
///
/// The words enter as mantissas of two doubles, whose sum is exact. Joined by shifts they would be the same number, but
/// a compiler folds the shift into Philox's last product, which then has 64 bits and takes three times as long.
#[inline(always)]
fn centred(high: u32, low: u32) -> f64 {
    let coarse = f64::from_bits(TWO_52_BITS | u64::from(high)) - TWO_52;
    let fine = f64::from_bits(ONE_BITS | u64::from(low >> 12)) - BELOW_ONE;
    coarse * CELL_OF_A_WORD + fine
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::simd::{self, Kernel};

    const KNOWN_ANSWERS: &str = include_str!("../../../../tests/golden/philox4x32.csv");

    fn words<const N: usize>(hex: &str) -> [u32; N] {
        let parsed: Vec<u32> =
            hex.split_whitespace().map(|w| u32::from_str_radix(w, 16).expect("a hex word")).collect();
        parsed.try_into().expect("the number of words")
    }

    #[test]
    fn known_answers() {
        let rows: Vec<_> = KNOWN_ANSWERS.lines().skip(1).collect();
        assert_eq!(rows.len(), 6);
        for row in rows {
            let cells: Vec<_> = row.split(',').collect();
            let (counter, key, expected) = (words(cells[1]), words(cells[2]), words(cells[3]));
            let found = match cells[0] {
                "7" => philox4x32::<7>(counter, key),
                "10" => philox4x32::<10>(counter, key),
                other => panic!("{other} rounds"),
            };
            assert_eq!(found, expected, "{row}");
        }
    }

    /// The words as one integer of 64 bits, its upper 52 as a fraction, the centre of its cell.
    #[test]
    fn uniforms_are_the_upper_52_bits() {
        let twin = |high: u32, low: u32| {
            let fraction = (u64::from(high) << 32 | u64::from(low)) >> 12;
            (fraction as f64 + 0.5) * 2f64.powi(-52)
        };
        let stream = Stream { seed: 3, purpose: Purpose::Inference };
        for path in 0..10_000 {
            let [a, b, c, d] = stream.words(path, 0, 0);
            assert_eq!(stream.uniforms(path, 0, 0), [twin(a, b), twin(c, d)]);
        }
        assert_eq!(centred(0, 1 << 12), 1.5 * 2f64.powi(-52));
    }

    #[test]
    fn uniforms_stay_inside_the_unit_interval() {
        let tiniest = centred(0, 0);
        let largest = centred(u32::MAX, u32::MAX);
        assert_eq!(tiniest, f64::EPSILON / 2.0);
        assert_eq!(1.0 - largest, tiniest);
    }

    #[test]
    fn purposes_and_coordinates_are_distinct_streams() {
        let mut seen = std::collections::HashSet::new();
        for purpose in Purpose::ALL {
            for path in [0, 1, 1 << 32] {
                for step in [0, 1] {
                    for block in [0, 1] {
                        assert!(seen.insert(Stream { seed: 7, purpose }.words(path, step, block)));
                    }
                }
            }
        }
    }

    /// Sums of powers one to four over many blocks of normals.
    struct Moments;

    impl Kernel for Moments {
        type Output = [f64; 4];
        #[inline(always)]
        fn run<const FMA: bool>(self) -> [f64; 4] {
            let stream = Stream { seed: 1, purpose: Purpose::Dynamics };
            let (mut a, mut b) = (Col::default(), Col::default());
            let mut sums = [0.0; 4];
            for step in 0..STEPS {
                stream.normal_columns::<FMA>(0, step, 0, &mut a, &mut b);
                for g in a.iter().chain(b.iter()) {
                    let mut power = 1.0;
                    for sum in &mut sums {
                        power *= g;
                        *sum += power;
                    }
                }
            }
            sums.map(|sum| sum / (2.0 * LANES as f64 * f64::from(STEPS)))
        }
    }

    const STEPS: u32 = 2000;

    #[test]
    fn moments_of_normals() {
        let expected = [0.0, 1.0, 0.0, 3.0];
        let variance = [1.0, 2.0, 15.0, 96.0];
        let n = 2.0 * LANES as f64 * f64::from(STEPS);
        for (k, moment) in simd::dispatch(Moments).into_iter().enumerate() {
            let z = (moment - expected[k]) / (variance[k] / n).sqrt();
            assert!(z.abs() < 4.0, "moment {} is {moment}: {z} standard errors off", k + 1);
        }
    }
}
