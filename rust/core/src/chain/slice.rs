//! The fit of one expiry: unconstrained first, behind fences where it admits arbitrage.

use super::form::{Curved, Form, Wings};
use super::least_squares::minimise;
use super::objective::{Fences, Objective, Prior};
use super::smile::Smile;
use crate::pricing::svi::{Essvi, Svi};

/// Holds what quotes do not tell of five parameters at the slice of three: a tenth of one quote for a factor e.
const PRIOR: f64 = 0.1;
/// Starts of the five parameters: m beyond that of the eSSVI slice, in deviations, and a factor of its σ.
const STARTS: [(f64, f64); 3] = [(0.0, 1.0), (0.3, 0.4), (-0.3, 2.5)];
/// Where a fit of three parameters starts: ρ, and a share of the largest ζ.
const ESSVI_START: (f64, f64) = (-0.4, 0.4);
/// Halvings of the way from a slice without arbitrage to one with it.
const HALVINGS: usize = 30;

/// Fits the three parameters of an eSSVI slice above that of the expiry before.
pub(super) fn essvi(smile: &Smile, earlier: Option<&Essvi>) -> Essvi {
    let variance = smile.deviation * smile.deviation;
    let start = [variance.ln(), ESSVI_START.0, ESSVI_START.1.ln()];
    let raw = earlier.map(Essvi::raw);
    let fences = Fences { butterfly: false, earlier: raw.as_ref() };
    let (at, _) = minimise(&Objective::<Curved, 3>::new(smile, fences, None), start);
    let at = earlier.map_or(at, |earlier| nearest::<Curved, 3>(&Curved::of(earlier), &at, fences));
    Curved::essvi(&at)
}

/// Fits the five parameters of a raw slice, with fences or without.
///
/// `anchor` breaks no fence: where the fit does, it is drawn back towards the anchor.
pub(super) fn svi(smile: &Smile, curved: &Essvi, fences: Fences<'_>, anchor: Option<&Svi>) -> Svi {
    let first = Wings::of(&curved.raw());
    let prior = Prior { at: first, weight: PRIOR };
    let objective = Objective::<Wings, 5>::new(smile, fences, Some(prior));
    let starts = STARTS.iter().map(|(shift, factor)| {
        let mut start = first;
        start[2] += shift * smile.deviation;
        start[3] += factor.ln();
        start
    });
    let (at, _) = starts
        .map(|start| minimise(&objective, start))
        .reduce(|best, found| if found.1 < best.1 { found } else { best })
        .unwrap_or((first, f64::INFINITY));
    let at = anchor.map_or(at, |anchor| nearest::<Wings, 5>(&Wings::of(anchor), &at, fences));
    Wings::slice(&at)
}

/// Does a slice break none of the fences?
pub(super) fn admissible(slice: &Svi, fences: Fences<'_>) -> bool {
    let dense = !fences.butterfly || slice.least_durrleman().1 >= 0.0;
    dense && fences.earlier.is_none_or(|earlier| slice.least_rise(earlier) >= 0.0)
}

/// The point farthest on the way from an admissible one to another that is admissible still.
fn nearest<F: Form<P>, const P: usize>(from: &[f64; P], to: &[f64; P], fences: Fences<'_>) -> [f64; P] {
    let between = |share: f64| std::array::from_fn(|i| from[i] + share * (to[i] - from[i]));
    if admissible(&F::slice(to), fences) {
        return *to;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if admissible(&F::slice(&between(middle)), fences) {
            low = middle;
        } else {
            high = middle;
        }
    }
    between(low)
}
