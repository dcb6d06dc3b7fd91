//! The time value near the money, as a sum of terms that do not cancel.
//!
//! With X = x/2, t = s/2, a = x/s and Mills' ratio Y the time value is
//!
//! ```text
//! √(F K) φ(a) s [ G(a) sinh(X)/X − t² ∫₀¹ cosh(X (1 − y)) (1 − exp(−t² y²/2))/t² dy ],    G(a) = 1 − a Y(a).
//! ```
//!
//! In u = X² and v = t² both sinh(X)/X = 1 + u S(u) and the integral S(u) + v β(u, v) are entire functions with the
//! same S, which leaves
//!
//! ```text
//! bracket = G + S(u) (u G − v) − v² β(u, v).
//! ```
//!
//! G decreases like 1/a², and v ≤ u/a²: the subtracted terms stay well below the first. `docs/implied_vol.md` derives
//! it; `scripts/fits` holds the fits.

use crate::math::{simd::fma, special::polynomial};

/// The series holds for x and s up to this.
pub(super) const LARGEST_NEAR: f64 = 1.0;
/// G holds for a up to this.
pub(super) const LARGEST_A: f64 = 40.0;

/// The bracket above; its relative error is below 6e-16. x, s ≤ [`LARGEST_NEAR`], a = x/s ≤ [`LARGEST_A`].
#[inline(always)]
pub(super) fn bracket<const FMA: bool>(x: f64, a: f64, total_sd: f64) -> f64 {
    let g = polynomial::<FMA, _>(&G_P, a) / polynomial::<FMA, _>(&G_Q, a);
    let (u, v) = (0.25 * (x * x), 0.25 * (total_sd * total_sd));
    let rows = [
        polynomial::<FMA, _>(&BETA_1, u),
        polynomial::<FMA, _>(&BETA_2, u),
        polynomial::<FMA, _>(&BETA_3, u),
        polynomial::<FMA, _>(&BETA_4, u),
        polynomial::<FMA, _>(&BETA_5, u),
        BETA_6[0],
    ];
    let beta = polynomial::<FMA, _>(&rows, v);
    let first = fma::<FMA>(polynomial::<FMA, _>(&S, u), fma::<FMA>(u, g, -v), g);
    fma::<FMA>(-(v * v), beta, first)
}

/// The bracket for x up to [`wide::LARGEST_X`], by the Taylor series: as accurate, with more terms.
#[inline(always)]
pub(super) fn wide_bracket<const FMA: bool>(x: f64, a: f64, total_sd: f64) -> f64 {
    let g = polynomial::<FMA, _>(&G_P, a) / polynomial::<FMA, _>(&G_Q, a);
    let (u, v) = (0.25 * (x * x), 0.25 * (total_sd * total_sd));
    let mut rows = [0.0; wide::ROWS];
    for (row, coefficients) in rows.iter_mut().zip(&wide::TAYLOR) {
        *row = polynomial::<FMA, _>(coefficients, u);
    }
    let [s, ..] = rows;
    let integral = polynomial::<FMA, _>(&rows, v);
    fma::<FMA>(-v, integral, fma::<FMA>(u * s, g, g))
}

/// exp(−t²/2) for s = 2t up to [`LARGEST_NEAR`].
#[inline(always)]
pub(super) fn decay<const FMA: bool>(total_sd: f64) -> f64 {
    let v = 0.25 * (total_sd * total_sd);
    fma::<FMA>(v, polynomial::<FMA, _>(&DECAY, v), 1.0)
}

/// G(a) ≈ P(a)/Q(a) on 0 ≤ a ≤ 40, error 8e-17, 1.6e-16 as rounded.
const G_P: [f64; 10] = [
    948910.9888118345,
    1223657.2819900974,
    801738.1601217806,
    340658.3540106832,
    102135.95541289455,
    22272.86647408289,
    3527.9387417425396,
    392.5402660976621,
    28.067295187058452,
    0.9999999999919789,
];
/// See [`G_P`].
const G_Q: [f64; 12] = [
    948910.9888118345,
    2412940.839322015,
    2877000.0377376396,
    2128144.113715258,
    1088151.7918685125,
    405164.01899448235,
    112551.35432553015,
    23444.48772418275,
    3612.1406163667916,
    395.5402662774992,
    28.067295185273355,
    1.0,
];

/// (sinh(X)/X − 1)/X² in u ≤ ¼.
const S: [f64; 6] = [
    0.16666666666666666,
    0.00833333333333336,
    0.00019841269841147004,
    2.7557319433627737e-06,
    2.505194670002968e-08,
    1.6116498842093854e-10,
];

/// (exp(−v/2) − 1)/v in v ≤ ¼, error 5e-17 of exp(−v/2).
const DECAY: [f64; 7] = [
    -0.4999999999999844,
    0.12499999999842133,
    -0.02083333327916616,
    0.0026041657838551772,
    -0.00026040895598337537,
    2.1664267819487316e-05,
    -1.4569126882261271e-06,
];
/// Coefficient of v^0 of β, in u.
const BETA_1: [f64; 5] = [
    -0.02499999999991992,
    -0.0005952380961068623,
    -8.267193516700171e-06,
    -7.515551523617089e-08,
    -4.795580453899531e-10,
];

/// Coefficient of v^1 of β, in u.
const BETA_2: [f64; 4] =
    [0.002976190473732478, 4.1335997264126886e-05, 3.7573240754850517e-07, 2.3859049311861464e-09];

/// Coefficient of v^2 of β, in u.
const BETA_3: [f64; 3] = [-0.00028935181643379755, -2.630590332721897e-06, -1.6523540126615916e-08];

/// Coefficient of v^3 of β, in u.
const BETA_4: [f64; 2] = [2.3673926507763683e-05, 1.519848387934541e-07];

/// Coefficient of v^4 of β, in u.
const BETA_5: [f64; 2] = [-1.6676334571227552e-06, -7.811469842517823e-09];

/// Coefficient of v^5 of β, in u.
const BETA_6: [f64; 1] = [9.845042169063341e-08];

/// The integral of the bracket as a double Taylor series.
pub(super) mod wide {
    /// Holds for x up to this, s up to [`super::LARGEST_NEAR`].
    pub(in super::super) const LARGEST_X: f64 = 3.0;
    pub(super) const ROWS: usize = 9;
    const COLUMNS: usize = 11;

    /// `TAYLOR[k − 1][m]` belongs to v^(k−1) u^m: (−1)^(k+1) (2k)!/(2ᵏ k! (2k + 2m + 1)!), from
    /// ∫₀¹ y^(2k) (1 − y)^(2m) dy = (2k)! (2m)!/(2k + 2m + 1)!. The first row is S.
    pub(super) const TAYLOR: [[f64; COLUMNS]; ROWS] = {
        let mut table = [[0.0; COLUMNS]; ROWS];
        let mut k = 1;
        while k <= ROWS {
            // (2k)!/(2ᵏ k!) = 1 · 3 · … · (2k − 1)
            let mut odd = 1.0;
            let mut j = 1;
            while j <= k {
                odd *= (2 * j - 1) as f64;
                j += 1;
            }
            let mut m = 0;
            while m < COLUMNS {
                let mut factorial = 1.0;
                let mut i = 2;
                while i <= 2 * k + 2 * m + 1 {
                    factorial *= i as f64;
                    i += 1;
                }
                table[k - 1][m] = if k % 2 == 1 { odd / factorial } else { -odd / factorial };
                m += 1;
            }
            k += 1;
        }
        table
    };
}
