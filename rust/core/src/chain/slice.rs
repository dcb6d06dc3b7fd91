//! The fit of one expiry, free or behind fences.

use super::form::{Curved, Form, Wings};
use super::least_squares::minimise;
use super::objective::{Fences, Objective, Prior};
use super::smile::Smile;
use crate::pricing::svi::{Essvi, Svi};

/// Holds what quotes do not tell of five parameters at the slice of three: a tenth of one quote for a factor e.
const PRIOR: f64 = 0.1;
/// Starts of the five parameters: m beyond that of the eSSVI slice, in deviations, and a factor of its σ.
const STARTS: [(f64, f64); 3] = [(0.0, 1.0), (0.3, 0.4), (-0.3, 2.5)];
/// Where a fit of three parameters starts: ρ, that of an index or of a volatility, and a share of the largest ζ.
const CURVED_STARTS: [(f64, f64); 2] = [(-0.4, 0.4), (0.4, 0.4)];
/// What a step must gain: in the descents from all starts, then in that from the best point they found.
const COARSE: f64 = 1e-2;
const FINE: f64 = 1e-5;
/// Fits behind ever stiffer fences.
const ROUNDS: usize = 6;
/// Halvings of the way from a slice without arbitrage to one with it.
const HALVINGS: usize = 30;
/// A slice that is to lie below another is at most so much of it: rounding does not lift it again.
const JUST_BELOW: f64 = 1.0 - 1e-9;

/// Fits the three parameters of an eSSVI slice, below that of the next expiry.
pub(super) fn essvi(smile: &Smile, later: Option<&Essvi>) -> Essvi {
    let starts = CURVED_STARTS.map(|(rho, share)| [2.0 * smile.deviation.ln(), rho, share.ln()]);
    let Some(later) = later else {
        let objective = Objective::<Curved, 3>::new(smile, Fences::default(), None);
        return Curved::essvi(&best(&objective, &starts));
    };
    let raw = later.raw();
    let fences = Fences { butterfly: false, later: Some(&raw) };
    let down = shrink(smile, later.theta).ln();
    let [theta, rho, curved] = Curved::of(later);
    let anchor = [theta + down, rho, curved + 0.5 * down];
    let objective = Objective::<Curved, 3>::new(smile, fences, None);
    Curved::essvi(&fenced(objective, &[starts[0], starts[1], anchor], &anchor, fences))
}

/// Fits the five parameters of a raw slice without fences, from the eSSVI slice of the same quotes.
pub(super) fn svi(smile: &Smile, curved: &Essvi) -> Svi {
    let first = Wings::of(&curved.raw());
    let objective = Objective::<Wings, 5>::new(smile, Fences::default(), Some(prior(first)));
    let starts = STARTS.map(|(shift, factor)| {
        let [left, right, m, sigma, least] = first;
        [left, right, m + shift * smile.deviation, sigma + factor.ln(), least]
    });
    Wings::slice(&best(&objective, &starts))
}

/// The same without butterfly arbitrage, and below the slice of the next expiry; from the free fit.
pub(super) fn admissible_svi(smile: &Smile, curved: &Essvi, free: &Svi, later: Option<&Svi>) -> Svi {
    let first = Wings::of(&curved.raw());
    let fences = Fences { butterfly: true, later };
    let anchor = later.map_or(first, |later| {
        let down = shrink(smile, later.total_variance(0.0)).ln();
        let [left, right, m, sigma, least] = Wings::of(later);
        [left + down, right + down, m, sigma, least + down]
    });
    let objective = Objective::<Wings, 5>::new(smile, fences, Some(prior(first)));
    let starts = [Wings::of(free), anchor];
    Wings::slice(&fenced(objective, &starts, &anchor, fences))
}

fn prior(at: [f64; 5]) -> Prior<5> {
    Prior { at, weight: PRIOR }
}

/// The share of the next expiry's slice that suits the quotes. A slice without butterfly arbitrage has none
/// when it is scaled down: g is concave in the scale, and a square where that is 0.
fn shrink(smile: &Smile, later: f64) -> f64 {
    (smile.deviation * smile.deviation / later).min(JUST_BELOW)
}

/// Where the best of all starts leads.
fn best<F: Form<P>, const P: usize>(objective: &Objective<'_, F, P>, starts: &[[f64; P]]) -> [f64; P] {
    let found = starts.iter().map(|start| minimise(objective, *start, COARSE));
    let best = found.reduce(|best, found| if found.1 < best.1 { found } else { best });
    best.map_or(starts[0], |(at, _)| minimise(objective, at, FINE).0)
}

/// The best admissible point: fences become stiffer until nothing breaks them. If something still does, the
/// point farthest on the way to it from the anchor, which breaks none.
fn fenced<F: Form<P>, const P: usize>(
    mut objective: Objective<'_, F, P>,
    starts: &[[f64; P]],
    anchor: &[f64; P],
    fences: Fences<'_>,
) -> [f64; P] {
    let mut at = best(&objective, starts);
    for _ in 0..ROUNDS {
        if objective.tighten(&at) {
            return at;
        }
        (at, _) = minimise(&objective, at, FINE);
    }
    let between = |share: f64| std::array::from_fn(|i| anchor[i] + share * (at[i] - anchor[i]));
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if fences.admit(&F::slice(&between(middle))) {
            low = middle;
        } else {
            high = middle;
        }
    }
    between(low)
}
