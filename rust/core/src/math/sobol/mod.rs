//! Sobol points of 128 dimensions and 32 bits, Owen-scrambled.
//!
//! Point i has, in each dimension, the exclusive or of the direction numbers at the set bits of i's Gray code; the
//! first 2ᵏ points put exactly one into every elementary interval of length 2⁻ᵏ. A scramble permutes the halves of
//! every dyadic interval at random, which keeps that and makes each point uniform: means over points are unbiased,
//! and independent scrambles tell their error.
//!
//! Sources: S. Joe and F. Y. Kuo (2008) for the direction numbers; A. B. Owen, "Randomly permuted (t,m,s)-nets and
//! (t,s)-sequences" (1995); B. Burley, "Practical hash-based Owen scrambling", Journal of Computer Graphics Techniques
//! 9 (2020), with the constants of N. Vegdahl, "Building a better LK hash" (2021).

mod directions;

use directions::INITIAL;

use super::lanes::{Col, LANES};

/// How many dimensions there are.
pub const DIMENSIONS: usize = 128;
/// Bits of a coordinate.
pub const BITS: usize = 32;

/// 2⁻³²
const CELL: f64 = 1.0 / 4294967296.0;

/// Direction numbers: `DIRECTIONS[d][j]` is that of bit j of the Gray code.
const DIRECTIONS: [[u32; BITS]; DIMENSIONS] = directions();

const fn directions() -> [[u32; BITS]; DIMENSIONS] {
    let mut table = [[0; BITS]; DIMENSIONS];
    let mut j = 0;
    while j < BITS {
        table[0][j] = 1 << (BITS - 1 - j);
        j += 1;
    }
    let mut d = 1;
    while d < DIMENSIONS {
        let (polynomial, initial) = INITIAL[d - 1];
        let degree = initial.len();
        j = 0;
        while j < BITS {
            table[d][j] = if j < degree {
                initial[j] << (BITS - 1 - j)
            } else {
                // vⱼ = vⱼ₋ₛ ⊕ (vⱼ₋ₛ >> s) ⊕ ⊕ᵢ aᵢ vⱼ₋ᵢ
                let mut v = table[d][j - degree] ^ (table[d][j - degree] >> degree);
                let mut i = 1;
                while i < degree {
                    if polynomial >> (degree - i) & 1 == 1 {
                        v ^= table[d][j - i];
                    }
                    i += 1;
                }
                v
            };
            j += 1;
        }
        d += 1;
    }
    table
}

/// A coordinate of 256 points, scrambled, as uniforms in (0, 1): the centre of a cell of width 2⁻³².
///
/// Lane i holds point `index[i]` of the randomisation whose key in this dimension is `key[i]`.
#[inline(always)]
pub fn uniform_column(dimension: usize, index: &[u32; LANES], key: &[u32; LANES], out: &mut Col) {
    let directions = &DIRECTIONS[dimension];
    let mut x = [0; LANES];
    for (j, &direction) in directions.iter().enumerate() {
        for i in 0..LANES {
            let gray = index[i] ^ (index[i] >> 1);
            x[i] ^= direction & 0u32.wrapping_sub(gray >> j & 1);
        }
    }
    for i in 0..LANES {
        out[i] = (f64::from(scrambled(x[i], key[i])) + 0.5) * CELL;
    }
}

/// A nested uniform scramble: bit k, counted from the top, is flipped by a hash of the bits above it.
///
/// On the reversed bits that is any function in which a bit depends on lower ones alone, such as additions and
/// products by odd numbers.
#[inline(always)]
fn scrambled(x: u32, key: u32) -> u32 {
    let mut x = x.reverse_bits();
    x ^= x.wrapping_mul(0x3D20_ADEA);
    x = x.wrapping_add(key);
    x = x.wrapping_mul((key >> 16) | 1);
    x ^= x.wrapping_mul(0x0552_6C56);
    x ^= x.wrapping_mul(0x53A2_2864);
    x.reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first 256 points of a dimension.
    fn points(dimension: usize, key: u32) -> Col {
        let mut out = Col::default();
        uniform_column(dimension, &std::array::from_fn(|i| i as u32), &[key; LANES], &mut out);
        out
    }

    fn raw(dimension: usize, index: u32) -> u32 {
        let gray = index ^ (index >> 1);
        (0..BITS).filter(|j| gray >> j & 1 == 1).fold(0, |x, j| x ^ DIRECTIONS[dimension][j])
    }

    const GOLDEN: &str = include_str!("../../../../../tests/golden/sobol.csv");

    /// The same direction numbers in another program.
    #[test]
    fn points_are_those_of_scipy() {
        let mut rows = 0;
        for row in GOLDEN.lines().skip(1) {
            let cells: Vec<&str> = row.splitn(4, ',').collect();
            let [index, dimension, word] = [0, 1, 2].map(|i| cells[i].parse::<u32>().expect("an integer"));
            assert_eq!(raw(dimension as usize, index), word, "{row}");
            rows += 1;
        }
        assert!(rows >= 5 * DIMENSIONS);
    }

    /// Bratley and Fox (1988), and every library since: the second dimension begins ½, ¾, ¼, ⅜ …
    #[test]
    fn the_sequence_begins_as_published() {
        let eighths = |dimension, index| raw(dimension, index) >> (BITS - 3);
        assert_eq!([0, 1, 2, 3, 4].map(|i| eighths(0, i)), [0, 4, 6, 2, 3]);
        assert_eq!([0, 1, 2, 3, 4].map(|i| eighths(1, i)), [0, 4, 2, 6, 3]);
        assert_eq!([0, 1, 2, 3, 4].map(|i| eighths(2, i)), [0, 4, 2, 6, 5]);
    }

    /// Whatever the key, 256 points fall one by one into the 256 cells of every dimension.
    #[test]
    fn a_scramble_keeps_one_point_in_each_cell() {
        for dimension in 0..DIMENSIONS {
            for key in [0, 1, 0xDEAD_BEEF, u32::MAX] {
                let mut cells = [0; LANES];
                for u in points(dimension, key).iter() {
                    cells[(u * LANES as f64) as usize] += 1;
                }
                assert_eq!(cells, [1; LANES], "dimension {dimension}");
            }
        }
    }

    /// Every box of area 1/256 of the first two dimensions holds one point: they form a (0, 8, 2)-net.
    #[test]
    fn a_scramble_keeps_the_net_of_two_dimensions() {
        let (x, y) = (points(0, 77), points(1, 78));
        for split in 0..=8 {
            let (columns, rows) = (1 << split, 1 << (8 - split));
            let mut boxes = vec![0; LANES];
            for i in 0..LANES {
                boxes[(x[i] * f64::from(columns)) as usize * rows + (y[i] * rows as f64) as usize] += 1;
            }
            assert!(boxes.iter().all(|&n| n == 1), "{columns} by {rows}");
        }
    }

    /// Two numbers that share their first k bits, and differ in the next, do so after the scramble.
    #[test]
    fn a_scramble_is_nested() {
        for key in [3, 0x1234_5678, 0xFFFF_0001] {
            for k in 0..32 {
                let x = 0x9E37_79B9u32;
                let y = x ^ (0x8000_0000 >> k) ^ if k < 31 { 0x0001_2345 & (0x7FFF_FFFF >> k) } else { 0 };
                assert_eq!((scrambled(x, key) ^ scrambled(y, key)).leading_zeros(), k);
            }
        }
    }

    /// Over the keys a coordinate is uniform: mean ½ and variance 1/12, for any point.
    #[test]
    fn a_scrambled_point_is_uniform() {
        const KEYS: u32 = 1 << 14;
        let n = f64::from(KEYS);
        for x in [0, raw(1, 5), raw(100, 200)] {
            let (mut sum, mut squares) = (0.0, 0.0);
            for number in 0..KEYS {
                let key = number.wrapping_mul(0x9E37_79B9) ^ number.rotate_left(16);
                let u = f64::from(scrambled(x, key)) * CELL - 0.5;
                sum += u;
                squares += u * u;
            }
            assert!((sum / n).abs() < 5.0 / (12.0 * n).sqrt());
            assert!((squares / n - 1.0 / 12.0).abs() < 5.0 * (1.0 / (180.0 * n)).sqrt());
        }
    }
}
