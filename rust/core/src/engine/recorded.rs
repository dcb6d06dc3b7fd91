//! Recorded quotes over the model's: slices, strikes, leg prices and half-spreads.

use super::spec::LegSpec;
use crate::{
    market::{
        quote::Slice,
        recorded_chain::{RecordedChain, SliceSpec},
    },
    math::lanes::{Col, LANES, Mask},
};

/// Recorded slices over the model's, per lane: ratios of forward, discount and θ, and the recorded ρ and ζ.
///
/// What the model says of another state or another day moves a recorded slice by as much: two moves of one
/// slice differ by the move alone, never by how well the model met the quotes.
#[derive(Clone, Debug)]
pub struct Anchor {
    known: Mask,
    forward: Col,
    discount: Col,
    theta: Col,
    rho: Col,
    zeta: Col,
}

impl Anchor {
    /// Nothing recorded: slices stay the model's.
    pub fn new() -> Self {
        Self {
            known: Mask::NONE,
            forward: Col::default(),
            discount: Col::default(),
            theta: Col::default(),
            rho: Col::default(),
            zeta: Col::default(),
        }
    }

    /// Takes up what is recorded of this session, at a minute of it or at its close, given the model's slices of the same state.
    ///
    /// Where nothing is, the last known ratios go on, so that no jump comes from the lack; at the settlement they
    /// end, because an option is then worth what it pays.
    pub fn observe(
        &mut self,
        chain: &RecordedChain,
        session: &[u32; LANES],
        expiry: &[u32; LANES],
        minute: &[Option<u32>; LANES],
        model: &Slice,
    ) {
        for i in 0..LANES {
            if expiry[i] <= session[i] {
                self.known.set(i, false);
            } else if let Some(slice) = chain.slice(session[i], expiry[i], minute[i]) {
                self.known.set(i, true);
                self.forward[i] = slice.forward / model.forward[i];
                self.discount[i] = slice.discount / model.discount[i];
                self.theta[i] = slice.theta / model.theta[i];
                self.rho[i] = slice.rho;
                self.zeta[i] = slice.zeta;
            }
        }
    }

    /// Moves the model's slices to where the recorded ones are.
    pub fn apply(&self, slice: &mut Slice) {
        for i in self.known.lanes() {
            slice.forward[i] *= self.forward[i];
            slice.discount[i] *= self.discount[i];
            slice.theta[i] *= self.theta[i];
            slice.rho[i] = self.rho[i];
            slice.zeta[i] = self.zeta[i];
        }
    }

    /// Takes one lane from another anchor.
    pub fn copy_lane(&mut self, lane: usize, other: &Self) {
        self.known.set(lane, other.known.get(lane));
        self.forward[lane] = other.forward[lane];
        self.discount[lane] = other.discount[lane];
        self.theta[lane] = other.theta[lane];
        self.rho[lane] = other.rho[lane];
        self.zeta[lane] = other.zeta[lane];
    }
}

/// Every lane at its close.
pub const AT_THE_CLOSE: [Option<u32>; LANES] = [None; LANES];

/// The slice of each lane as it is quoted this session, at a minute of it or at its close; `None` where it is not.
pub fn quoted<'c>(
    chain: &'c RecordedChain,
    session: &[u32; LANES],
    expiry: &[u32; LANES],
    minute: &[Option<u32>; LANES],
) -> [Option<&'c SliceSpec>; LANES] {
    std::array::from_fn(|i| chain.slice(session[i], expiry[i], minute[i]))
}

/// The legs of a package, to be priced at recorded quotes.
#[derive(Debug)]
pub struct QuotedLegs<'a> {
    /// What they are.
    pub legs: &'a [LegSpec],
    /// Their strikes.
    pub strikes: &'a [Col],
    /// Their prices on the slices.
    pub prices: &'a mut [Col],
    /// Recorded half-spreads, missing where there is no two-sided quote.
    pub half_spreads: &'a mut [Col],
}

impl QuotedLegs<'_> {
    /// Puts recorded prices over those on the slices, and V of one unit over its value there.
    ///
    /// `residual` is V less its value on the slices: it goes on in lanes without quotes of this session, so that no jump
    /// comes from the lack.
    pub fn overlay(self, slices: &[Option<&SliceSpec>; LANES], value: &mut Col, residual: &mut Col) {
        let fitted = *value;
        let mut recorded = Col::default();
        for (index, leg) in self.legs.iter().enumerate() {
            let (strikes, prices) = (&self.strikes[index], &mut self.prices[index]);
            for i in 0..LANES {
                let quote = slices[i].and_then(|slice| slice.side(leg.right.sign()).quote(strikes[i]));
                self.half_spreads[index][i] = quote.map_or(f64::NAN, |quote| quote.half_spread);
                prices[i] = quote.map_or(prices[i], |quote| quote.mid);
                recorded[i] += f64::from(leg.ratio) * prices[i];
            }
        }
        for i in 0..LANES {
            if slices[i].is_some() {
                value[i] = recorded[i];
                residual[i] = recorded[i] - fitted[i];
            } else {
                value[i] += residual[i];
            }
        }
    }
}
