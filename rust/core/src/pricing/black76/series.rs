//! The time value near the money, as a sum of two terms that do not cancel.
//!
//! With X = x/2, t = s/2 and a = x/s the time value is
//!
//! ```text
//! √(F K) φ(a) s [ G(a) sinh(X)/X − t² β(X², t²) ],    G(a) = 1 − a Y(a),
//! β(X², t²) = ∫₀¹ cosh(X (1 − y)) (1 − exp(−t² y²/2))/t² dy.
//! ```
//!
//! √(F K) φ(a) is density · exp(t²/2). G decreases like 1/a², so the second term stays well below the first.

use crate::math::special::polynomial;

/// The series holds for x and s up to this.
pub(super) const LARGEST: f64 = 1.0;

/// exp(t²/2) s [G(a) sinh(X)/X − t² β], which times the density is the time value; x ≤ 1, s ≤ 1.
#[inline(always)]
pub(super) fn bracket<const FMA: bool>(x: f64, a: f64, total_sd: f64) -> f64 {
    let (half_x, t) = (0.5 * x, 0.5 * total_sd);
    let (square_x, square_t) = (half_x * half_x, t * t);
    let sinh_quotient = polynomial::<FMA, _>(&SINH_QUOTIENT, square_x);
    let exponential = polynomial::<FMA, _>(&EXP_HALF, square_t);
    let bracket = one_minus_a_mills::<FMA>(a) * sinh_quotient - square_t * beta::<FMA>(square_x, square_t);
    exponential * total_sd * bracket
}

/// G(a) = 1 − a Y(a) for a ≥ 0: (1 + a)² G(a) is a polynomial in (a − 4)/(a + 4).
#[inline(always)]
fn one_minus_a_mills<const FMA: bool>(a: f64) -> f64 {
    let t = (a - G_CENTRE) / (a + G_CENTRE);
    let t = if a == f64::INFINITY { 1.0 } else { t };
    let scale = 1.0 / (1.0 + a);
    polynomial::<FMA, _>(&G, t) * (scale * scale)
}

/// β as a double Taylor series, 38 terms.
#[inline(always)]
fn beta<const FMA: bool>(square_x: f64, square_t: f64) -> f64 {
    let rows = [
        polynomial::<FMA, _>(&BETA_0, square_x),
        polynomial::<FMA, _>(&BETA_1, square_x),
        polynomial::<FMA, _>(&BETA_2, square_x),
        polynomial::<FMA, _>(&BETA_3, square_x),
        polynomial::<FMA, _>(&BETA_4, square_x),
        polynomial::<FMA, _>(&BETA_5, square_x),
        polynomial::<FMA, _>(&BETA_6, square_x),
        polynomial::<FMA, _>(&BETA_7, square_x),
        polynomial::<FMA, _>(&BETA_8, square_x),
    ];
    polynomial::<FMA, _>(&rows, square_t)
}

const G_CENTRE: f64 = 4.0;
/// Chebyshev fit of (1 + a)² G(a), error 4e-17.
const G: [f64; 27] = [
    1.3347617086439329491,
    -0.34686443844569471856,
    -0.17268170834610126319,
    0.3535472764761268613,
    -0.22126150638015028383,
    0.027117664484883327511,
    0.056082893339422393866,
    -0.038891092070477668935,
    0.0046776208814091520908,
    0.0058326136082735246879,
    -0.0019358225701590250311,
    -0.00088225222894293678269,
    0.00042624294436056404488,
    0.00017449464979044385179,
    -0.000080884030572793010589,
    -0.000043505807584527951947,
    0.000012501180499065315682,
    0.000011615003425816802402,
    -7.8521993988939834287e-7,
    -2.8938989793514926726e-6,
    -4.331407040970601107e-7,
    6.0093640512192624789e-7,
    2.1951051635580475565e-7,
    -8.9759827349029758685e-8,
    -5.2508391661593159217e-8,
    7.0526014600154646228e-9,
    5.6958785434949851526e-9,
];
/// sinh(X)/X in X².
const SINH_QUOTIENT: [f64; 8] = [
    1.0,
    0.16666666666666666667,
    0.0083333333333333333333,
    0.0001984126984126984127,
    2.7557319223985890653e-6,
    2.5052108385441718775e-8,
    1.6059043836821614599e-10,
    7.6471637318198164759e-13,
];
/// exp(t²/2) in t².
const EXP_HALF: [f64; 10] = [
    1.0,
    0.5,
    0.125,
    0.020833333333333333333,
    0.0026041666666666666667,
    0.00026041666666666666667,
    0.000021701388888888888889,
    1.5500992063492063492e-6,
    9.6881200396825396825e-8,
    5.3822889109347442681e-9,
];
/// β at t = 0, in X².
const BETA_0: [f64; 7] = [
    0.16666666666666666667,
    0.0083333333333333333333,
    0.0001984126984126984127,
    2.7557319223985890653e-6,
    2.5052108385441718775e-8,
    1.6059043836821614599e-10,
    7.6471637318198164759e-13,
];
/// Coefficient of t^2 of β, in X².
const BETA_1: [f64; 6] = [
    -0.025,
    -0.0005952380952380952381,
    -8.2671957671957671958e-6,
    -7.5156325156325156325e-8,
    -4.8177131510464843798e-10,
    -2.2941491195459449428e-12,
];
/// Coefficient of t^4 of β, in X².
const BETA_2: [f64; 6] = [
    0.0029761904761904761905,
    0.000041335978835978835979,
    3.7578162578162578163e-7,
    2.4088565755232421899e-9,
    1.1470745597729724714e-11,
    4.2171858815182811448e-14,
];
/// Coefficient of t^6 of β, in X².
const BETA_3: [f64; 5] = [
    -0.00028935185185185185185,
    -2.6304713804713804714e-6,
    -1.6861996028662695329e-8,
    -8.0295219184108072997e-11,
    -2.9520301170627968014e-13,
];
/// Coefficient of t^8 of β, in X².
const BETA_4: [f64; 4] = [
    0.000023674242424242424242,
    1.5175796425796425796e-7,
    7.2265697265697265697e-10,
    2.6568271053565171212e-12,
];
/// Coefficient of t^10 of β, in X².
const BETA_5: [f64; 3] = [
    -1.6693376068376068376e-6,
    -7.9492266992266992267e-9,
    -2.9225098158921688333e-11,
];
/// Coefficient of t^12 of β, in X².
const BETA_6: [f64; 3] = [
    1.0333994708994708995e-7,
    3.7992627606598194833e-10,
    1.1108955440525787963e-12,
];
/// Coefficient of t^14 of β, in X².
const BETA_7: [f64; 2] = [
    -5.698894140989729225e-9,
    -1.6663433160788681945e-11,
];
/// Coefficient of t^16 of β, in X².
const BETA_8: [f64; 2] = [
    2.8327836373340759306e-10,
    6.7447229460335141204e-13,
];
