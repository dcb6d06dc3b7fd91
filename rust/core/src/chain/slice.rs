//! The fit of one expiry, free or behind fences.

use super::form::{Curved, Form, Wings};
use super::least_squares::{Problem, minimise};
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
/// Logarithm of what a slice in the parameters of another form is scaled by: rounding shall not lift it.
const JUST_BELOW: f64 = -1e-9;
/// How a slice is scaled down until it lies below that of the next expiry.
const STEP_DOWN: f64 = 0.8;
const MOST_STEPS_DOWN: i32 = 200;

/// Fits the three parameters of an eSSVI slice.
pub(super) fn essvi(smile: &Smile) -> Essvi {
    let starts = CURVED_STARTS.map(|(rho, share)| [2.0 * smile.deviation.ln(), rho, share.ln()]);
    let objective = Objective::<Curved, 3>::new(smile, Fences::default(), None);
    Curved::essvi(&best(&objective, &starts))
}

/// The same below the slice of the next expiry; from the free fit.
pub(super) fn admissible_essvi(smile: &Smile, free: &Essvi, next: &Next) -> Essvi {
    let fences = Fences { butterfly: false, later: Some(&next.svi) };
    let free = Curved::of(free);
    let scaled = |[theta, rho, curved]: [f64; 3], by: f64| [theta + by, rho, curved + 0.5 * by];
    // Scaled down far enough a slice lies below any other.
    let own = (1..MOST_STEPS_DOWN)
        .map(|steps| scaled(free, f64::from(steps) * STEP_DOWN.ln()))
        .find(|at| fences.admit(&Curved::slice(at)));
    let others = next.essvi.map(|later| scaled(Curved::of(&later), next.shrink(smile)));
    let anchors: Vec<[f64; 3]> = own.into_iter().chain(others).collect();
    Curved::essvi(&fenced(Objective::<Curved, 3>::new(smile, fences, None), free, &anchors, fences))
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

/// The same without butterfly arbitrage, and below the slice of the next expiry; from the free fits.
pub(super) fn admissible_svi(smile: &Smile, curved: &Essvi, free: &Svi, next: Option<&Next>) -> Svi {
    let fences = Fences { butterfly: true, later: next.map(|next| &next.svi) };
    let scaled = |slice: &Svi, by: f64| {
        let [left, right, m, sigma, least] = Wings::of(slice);
        [left + by, right + by, m, sigma, least + by]
    };
    let below = next.map_or(*curved, |next| admissible_essvi(smile, curved, next));
    let mut anchors = vec![scaled(&below.raw(), JUST_BELOW)];
    anchors.extend(next.map(|next| scaled(&next.svi, next.shrink(smile))));
    let objective = Objective::<Wings, 5>::new(smile, fences, Some(prior(Wings::of(&curved.raw()))));
    Wings::slice(&fenced(objective, Wings::of(free), &anchors, fences))
}

/// The slice of the next expiry.
pub(super) struct Next {
    pub svi: Svi,
    /// Of an eSSVI slice its own parameters.
    pub essvi: Option<Essvi>,
}

impl Next {
    /// Logarithm of the share of it that suits the quotes of this expiry. Scaled down a slice without butterfly
    /// arbitrage has none: g is concave in the scale, and a square where that is 0.
    fn shrink(&self, smile: &Smile) -> f64 {
        (2.0 * smile.deviation.ln() - self.svi.total_variance(0.0).ln()).min(JUST_BELOW)
    }
}

fn prior(at: [f64; 5]) -> Prior<5> {
    Prior { at, weight: PRIOR }
}

/// Where the best of all starts leads.
fn best<F: Form<P>, const P: usize>(objective: &Objective<'_, F, P>, starts: &[[f64; P]]) -> [f64; P] {
    let found = starts.iter().map(|start| minimise(objective, *start, COARSE));
    let best = found.reduce(|best, found| if found.1 < best.1 { found } else { best });
    best.map_or(starts[0], |(at, _)| minimise(objective, at, FINE).0)
}

/// The best admissible point: fences become stiffer until nothing breaks them. If something still does, the
/// point farthest on the way to it from the best of the anchors, which break none.
fn fenced<F: Form<P>, const P: usize>(
    mut objective: Objective<'_, F, P>,
    free: [f64; P],
    anchors: &[[f64; P]],
    fences: Fences<'_>,
) -> [f64; P] {
    let mut starts = vec![free];
    starts.extend(anchors);
    let cost = |at: &[f64; P]| objective.objective(at);
    let anchor = anchors.iter().copied().min_by(|x, y| cost(x).total_cmp(&cost(y))).unwrap_or(free);
    let mut at = best(&objective, &starts);
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
