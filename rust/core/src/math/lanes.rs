//! The column types of the engine: 256 lanes side by side, one lane per path.

use std::ops::{BitAnd, BitOr, Deref, DerefMut, Not};

/// Lanes in a block: a column of doubles is 2 KiB, so a few dozen stay in the first-level cache.
pub const LANES: usize = 256;

const WORDS: usize = LANES / 64;

/// One value per lane.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub struct Col(pub [f64; LANES]);

impl Col {
    /// The same value in every lane.
    pub const fn splat(value: f64) -> Self {
        Self([value; LANES])
    }
}

impl Default for Col {
    fn default() -> Self {
        Self::splat(0.0)
    }
}

impl Deref for Col {
    type Target = [f64; LANES];
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Col {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// For each byte the places of its bits, the lowest first, one to a byte.
const PLACES: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte] |= bit << (8 * count);
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// One bit per lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask([u64; WORDS]);

impl Mask {
    /// No lane.
    pub const NONE: Self = Self([0; WORDS]);
    /// Every lane.
    pub const ALL: Self = Self([u64::MAX; WORDS]);

    /// The lanes for which `test` holds.
    #[inline]
    pub fn from_fn(mut test: impl FnMut(usize) -> bool) -> Self {
        let mut words = [0; WORDS];
        for (w, word) in words.iter_mut().enumerate() {
            for bit in 0..64 {
                *word |= u64::from(test(w * 64 + bit)) << bit;
            }
        }
        Self(words)
    }

    /// Writes the numbers of the lanes in the mask side by side, and counts them; what follows them is arbitrary.
    ///
    /// Eight lanes at a time by table: no branch depends on the mask, which is random where this is used.
    #[inline(always)]
    pub fn places(&self, places: &mut [u8; LANES + 8]) -> usize {
        let mut count = 0;
        for eight in 0..LANES / 8 {
            let byte = (self.0[eight / 8] >> (eight % 8 * 8)) as u8;
            let at = PLACES[usize::from(byte)].wrapping_add(eight as u64 * 8 * 0x0101_0101_0101_0101);
            places[count..count + 8].copy_from_slice(&at.to_le_bytes());
            count += byte.count_ones() as usize;
        }
        count
    }

    /// The first `n` lanes.
    pub fn first(n: usize) -> Self {
        Self::from_fn(|lane| lane < n)
    }

    /// Is the lane in the mask?
    #[inline]
    pub const fn get(&self, lane: usize) -> bool {
        self.0[lane / 64] >> (lane % 64) & 1 == 1
    }

    /// Puts the lane in the mask, or takes it out.
    #[inline]
    pub const fn set(&mut self, lane: usize, on: bool) {
        let bit = 1 << (lane % 64);
        if on {
            self.0[lane / 64] |= bit;
        } else {
            self.0[lane / 64] &= !bit;
        }
    }

    /// Is any lane in the mask?
    #[inline]
    pub fn any(&self) -> bool {
        self.0 != [0; WORDS]
    }

    /// How many lanes are in the mask.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }

    /// The lanes of the mask, ascending.
    #[inline]
    pub fn lanes(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(w, mut word)| {
            std::iter::from_fn(move || {
                if word == 0 {
                    return None;
                }
                let bit = word.trailing_zeros() as usize;
                word &= word - 1;
                Some(w * 64 + bit)
            })
        })
    }
}

impl BitAnd for Mask {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] & other.0[w]))
    }
}

impl BitOr for Mask {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] | other.0[w]))
    }
}

impl Not for Mask {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.map(|w| !w))
    }
}

/// Kleene's three-valued truth, per lane: `truth` is meaningful only where `known`.
///
/// The two masks keep the invariant `truth & !known == NONE`, so that equal values have equal bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tri {
    /// True, and known to be.
    pub truth: Mask,
    /// Known: not missing.
    pub known: Mask,
}

impl Tri {
    /// A gate opens only on true: unknown counts as not true.
    pub fn is_true(self) -> Mask {
        self.truth
    }

    /// Known to be false.
    pub fn is_false(self) -> Mask {
        self.known & !self.truth
    }

    /// A lane as a number: 1 true, 0 false, NaN unknown.
    pub fn number(self, lane: usize) -> f64 {
        match (self.known.get(lane), self.truth.get(lane)) {
            (false, _) => f64::NAN,
            (true, false) => 0.0,
            (true, true) => 1.0,
        }
    }
}

impl BitAnd for Tri {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        let truth = self.truth & other.truth;
        Self { truth, known: truth | self.is_false() | other.is_false() }
    }
}

impl BitOr for Tri {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        let truth = self.truth | other.truth;
        Self { truth, known: truth | (self.is_false() & other.is_false()) }
    }
}

impl Not for Tri {
    type Output = Self;
    fn not(self) -> Self {
        Self { truth: self.is_false(), known: self.known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tri(value: Option<bool>) -> Tri {
        Tri {
            truth: if value == Some(true) { Mask::ALL } else { Mask::NONE },
            known: if value.is_some() { Mask::ALL } else { Mask::NONE },
        }
    }

    #[test]
    fn places_are_the_lanes() {
        let by_thirds = Mask::from_fn(|lane| lane % 3 == 1 || lane / 8 == 5);
        for mask in [Mask::NONE, Mask::ALL, Mask::first(3), by_thirds, !by_thirds] {
            let mut places = [0; LANES + 8];
            let count = mask.places(&mut places);
            let found: Vec<_> = places[..count].iter().map(|&place| usize::from(place)).collect();
            assert_eq!(found, mask.lanes().collect::<Vec<_>>());
        }
    }

    #[test]
    fn kleene_tables() {
        let (t, f, u) = (Some(true), Some(false), None);
        for (a, b, and, or) in
            [(t, t, t, t), (t, f, f, t), (t, u, u, t), (f, f, f, f), (f, u, f, u), (u, u, u, u)]
        {
            assert_eq!(tri(a) & tri(b), tri(and));
            assert_eq!(tri(b) & tri(a), tri(and));
            assert_eq!(tri(a) | tri(b), tri(or));
            assert_eq!(tri(b) | tri(a), tri(or));
        }
        assert_eq!(!tri(t), tri(f));
        assert_eq!(!tri(u), tri(u));
    }

    #[test]
    fn mask_lanes_are_ascending_and_complete() {
        let odd = Mask::from_fn(|lane| lane % 2 == 1);
        assert_eq!(odd.count(), 128);
        assert!(odd.lanes().eq((0..LANES).filter(|lane| lane % 2 == 1)));
        assert!(!(odd & !odd).any());
    }
}
