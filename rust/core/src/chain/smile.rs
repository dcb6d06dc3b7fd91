//! The quotes of one expiry as a fit reads them.

/// Nearest quotes that tell the deviation at the money.
const NEAREST: usize = 5;
/// Precision of a mid whatever its spread, as a share of the deviation at the money: a form of five numbers
/// misses good quotes by about this much.
const FLOOR: f64 = 0.002;
/// Weight of a quote by the distance to its neighbours, over the median distance: strikes are listed densely at
/// the money, and far from it one quote may stand for many.
const SPACING: [f64; 2] = [0.25, 3.0];
/// Weight by vega squared, as if prices were fitted, but at least this much of that at the money: the far wings
/// hold hundreds of quotes of a tick or two.
const LEAST_VEGA: f64 = 0.05;

/// A quote: log-moneyness, total deviation √w, how precisely it is known (one over it), and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    pub k: f64,
    pub deviation: f64,
    pub precision: f64,
    pub weight: f64,
}

/// All quotes of an expiry.
pub(super) struct Smile {
    pub quotes: Vec<Quote>,
    /// Total deviation near the money.
    pub deviation: f64,
    /// Different strikes.
    pub strikes: usize,
}

impl Smile {
    /// From log-moneyness, volatility and half-spread in volatility (decimal, `years` > 0).
    pub(super) fn new(years: f64, k: &[f64], vol: &[f64], half_spread: &[f64]) -> Self {
        let root = years.sqrt();
        let mut order: Vec<usize> = (0..k.len()).collect();
        order.sort_by(|&i, &j| k[i].abs().total_cmp(&k[j].abs()).then(i.cmp(&j)));
        let mut nearest: Vec<f64> = order.iter().take(NEAREST).map(|&i| vol[i] * root).collect();
        nearest.sort_by(f64::total_cmp);
        let deviation = nearest.get(nearest.len() / 2).copied().unwrap_or(f64::NAN);
        order.sort_by(|&i, &j| k[i].total_cmp(&k[j]).then(i.cmp(&j)));
        let mut quotes: Vec<Quote> = order
            .iter()
            .map(|&i| Quote {
                k: k[i],
                deviation: vol[i] * root,
                precision: 1.0 / (half_spread[i] * root + FLOOR * deviation),
                weight: (-(k[i] / (vol[i] * root)).powi(2)).exp().max(LEAST_VEGA),
            })
            .collect();
        let places: Vec<f64> = quotes.iter().map(|quote| quote.k).collect();
        let strikes = places.len() - places.windows(2).filter(|pair| pair[0] == pair[1]).count();
        if strikes > 2 {
            space(&mut quotes, &places);
        }
        Self { quotes, deviation, strikes }
    }
}

/// Weighs by half the distance between a quote's neighbours.
fn space(quotes: &mut [Quote], places: &[f64]) {
    let last = places.len() - 1;
    let distance: Vec<f64> =
        (0..=last).map(|i| 0.5 * (places[(i + 1).min(last)] - places[i.saturating_sub(1)])).collect();
    let mut sorted: Vec<f64> = distance.iter().copied().filter(|&x| x > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    for (quote, distance) in quotes.iter_mut().zip(distance) {
        quote.weight *= (distance / median).clamp(SPACING[0], SPACING[1]);
    }
}
