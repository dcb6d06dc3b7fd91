//! The exercise boundary of a put as a polynomial.
//!
//! B(τ) with τ years left falls from X = K min(1, r/q) as τ grows. (ln(B/X))² is smooth in √τ: a Chebyshev polynomial stands
//! for it. At each of its points B solves B = K e^{−(r−q)τ} N/D with
//!
//! ```text
//! N = φ(d₋)/(σ√τ) + r ∫₀^τ e^{ru} φ(δ₋)/(σ√(τ−u)) du
//! D = φ(d₊)/(σ√τ) + Φ(d₊) + q ∫₀^τ e^{qu} (Φ(δ₊) + φ(δ₊)/(σ√(τ−u))) du
//! ```
//!
//! d± at B(τ)/K over τ, δ± at B(τ)/B(u) over τ − u: the system A of Andersen, Lake and Offengenden, which a dozen rounds solve
//! from a guess (G. Barone-Adesi and R. Whaley, 1987). Where rates are so high beside the variance that it does not settle, their system B
//! does, in more rounds: Φ(d₋) in place of φ(d₋)/(σ√τ) in N, and of D the terms without densities.

use super::Put;
use super::nodes::{COARSE, COSINES, DEGREE};
use crate::math::special::{exp, ln, norm_cdf, norm_pdf};

/// Points of an integral.
const POINTS: usize = COARSE.len();
/// Rounds of system A at most; a dozen are usual.
const ROUNDS: usize = 40;
/// Rounds of system B at most; some sixty are usual.
const MOST_ROUNDS: usize = 200;
/// A round that moves ln B nowhere by more than this is the last: the price moves by its square.
const SETTLED: f64 = 1e-8;

/// What a numerator is made of at d₋ over a deviation.
#[inline(always)]
fn low_term<const FMA: bool, const B: bool>(low: f64, sd: f64) -> f64 {
    if B { norm_cdf::<FMA>(low) } else { norm_pdf::<FMA>(low) / sd }
}

/// What a denominator is made of at d₊ over a deviation.
#[inline(always)]
fn high_term<const FMA: bool, const B: bool>(high: f64, sd: f64) -> f64 {
    norm_cdf::<FMA>(high) + if B { 0.0 } else { norm_pdf::<FMA>(high) / sd }
}

/// −ln(B/X) by Chebyshev points of √τ, the first at T, the last at 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boundary {
    /// X
    pub top: f64,
    depths: [f64; DEGREE + 1],
    coefficients: [f64; DEGREE + 1],
}

impl Boundary {
    /// The boundary of a put that has one.
    #[inline(always)]
    pub fn solve<const FMA: bool>(put: Put) -> Self {
        let Put { strike, years, rate, dividend, .. } = put;
        let top = if dividend > rate { strike * (rate / dividend) } else { strike };
        let guess = Guess::new(put, top);
        let root = |i: usize| 0.5 * years.sqrt() * (1.0 + COSINES[i]);
        let mut found = Self { top, depths: [0.0; DEGREE + 1], coefficients: [0.0; DEGREE + 1] };
        for i in 0..DEGREE {
            found.depths[i] = guess.depth::<FMA>(root(i));
        }
        let guessed = found;
        if !found.settle::<FMA, false>(put) {
            found = guessed;
            found.settle::<FMA, true>(put);
        }
        found
    }

    /// Rounds of system A, or of B, until nothing moves: did it come to that?
    #[inline(always)]
    fn settle<const FMA: bool, const B: bool>(&mut self, put: Put) -> bool {
        let Put { strike, years, vol, rate, dividend, .. } = put;
        let root = |i: usize| 0.5 * years.sqrt() * (1.0 + COSINES[i]);
        let to_strike = ln::<FMA>(self.top / strike);
        let drift = rate - dividend;
        let mut sound = true;
        for _ in 0..if B { MOST_ROUNDS } else { ROUNDS } {
            self.interpolate();
            let mut moved = 0.0_f64;
            let mut next = self.depths;
            for (i, next) in next.iter_mut().enumerate().take(DEGREE) {
                let (root, depth) = (root(i), self.depths[i]);
                let left = root * root;
                let sd = vol * root;
                let middle = (to_strike - depth + drift * left) / sd;
                let mut numerator = low_term::<FMA, B>(middle - 0.5 * sd, sd);
                let mut denominator = high_term::<FMA, B>(middle + 0.5 * sd, sd);
                // Stage by stage over all points, so that each loop is vectors.
                let (mut at, mut lags, mut sds) = ([0.0; POINTS], [0.0; POINTS], [0.0; POINTS]);
                for (k, (position, _)) in COARSE.iter().enumerate() {
                    at[k] = (1.0 + COSINES[i]) * (1.0 - position * position).sqrt() - 1.0;
                    lags[k] = left * position * position;
                    sds[k] = sd * position;
                }
                let mut middles = self.depths_at(&at);
                for (k, middle) in middles.iter_mut().enumerate() {
                    *middle = (*middle - depth + drift * lags[k]) / sds[k];
                }
                let mut parts = [0.0; POINTS];
                for (k, (position, weight)) in COARSE.iter().enumerate() {
                    let low = low_term::<FMA, B>(middles[k] - 0.5 * sds[k], sds[k]);
                    parts[k] = weight * position * exp::<FMA>(rate * (left - lags[k])) * low;
                }
                numerator += 2.0 * left * rate * parts.iter().sum::<f64>();
                if dividend != 0.0 {
                    for (k, (position, weight)) in COARSE.iter().enumerate() {
                        let high = high_term::<FMA, B>(middles[k] + 0.5 * sds[k], sds[k]);
                        parts[k] = weight * position * exp::<FMA>(dividend * (left - lags[k])) * high;
                    }
                    denominator += 2.0 * left * dividend * parts.iter().sum::<f64>();
                }
                let solved = drift * left - ln::<FMA>(numerator / denominator) + to_strike;
                // Where both vanish the boundary is out of reach: it stays where it is.
                sound &= solved.is_finite();
                let solved = if solved.is_finite() { solved.max(0.0) } else { depth };
                moved = moved.max((solved - depth).abs());
                *next = solved;
            }
            self.depths = next;
            if moved < SETTLED {
                self.interpolate();
                return sound;
            }
        }
        self.interpolate();
        false
    }

    /// B with all of T left.
    #[inline(always)]
    pub fn now<const FMA: bool>(&self) -> f64 {
        self.top * exp::<FMA>(-self.depths[0])
    }

    /// −ln(B/X) at points of [−1, 1], −1 at τ = 0 and 1 at T (Clenshaw's recurrence).
    #[inline(always)]
    pub fn depths_at<const N: usize>(&self, at: &[f64; N]) -> [f64; N] {
        let (mut one, mut two) = ([0.0; N], [0.0; N]);
        for coefficient in self.coefficients[1..].iter().rev() {
            for k in 0..N {
                (one[k], two[k]) = (2.0 * at[k] * one[k] - two[k] + coefficient, one[k]);
            }
        }
        for k in 0..N {
            let square = at[k] * one[k] - two[k] + self.coefficients[0];
            // The polynomial may dip below its zero at τ = 0.
            one[k] = if square > 0.0 { square.sqrt() } else { 0.0 };
        }
        one
    }

    /// Chebyshev coefficients of the squares.
    fn interpolate(&mut self) {
        for (j, coefficient) in self.coefficients.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (k, depth) in self.depths.iter().enumerate() {
                let share = if k == 0 || k == DEGREE { 0.5 } else { 1.0 };
                sum += share * depth * depth * COSINES[(j * k) % (2 * DEGREE)];
            }
            let share = if j == 0 || j == DEGREE { 0.5 } else { 1.0 };
            *coefficient = share * 2.0 / DEGREE as f64 * sum;
        }
    }
}

/// B∞ + (X − B∞) e^{h}, h = ((r−q)τ − 2σ√τ) K/(K − B∞), B∞ the boundary of a put without end.
struct Guess {
    put: Put,
    top: f64,
    perpetual: f64,
}

impl Guess {
    fn new(put: Put, top: f64) -> Self {
        let Put { strike, vol, rate, dividend, .. } = put;
        let (m, n) = (2.0 * rate / (vol * vol), 2.0 * (rate - dividend) / (vol * vol) - 1.0);
        let power = -0.5 * (n + (n * n + 4.0 * m).sqrt());
        Self { put, top, perpetual: strike / (1.0 - 1.0 / power) }
    }

    #[inline(always)]
    fn depth<const FMA: bool>(&self, root: f64) -> f64 {
        let Put { strike, vol, rate, dividend, .. } = self.put;
        let fall = ((rate - dividend) * root - 2.0 * vol) * root * strike / (strike - self.perpetual);
        let share = exp::<FMA>(if fall < 0.0 { fall } else { 0.0 });
        let guess = self.perpetual + (self.top - self.perpetual) * share;
        let depth = -ln::<FMA>(guess / self.top);
        // Any guess will do.
        if depth.is_finite() && depth > 0.0 { depth } else { 0.5 * self.put.vol * root }
    }
}
