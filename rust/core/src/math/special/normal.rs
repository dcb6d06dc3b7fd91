//! The normal density, distribution function and Mills ratio.

use super::{exp, polynomial, product_error};
use crate::math::simd::fma;

/// 1/√(2π)
const FRAC_1_SQRT_TAU: f64 = 0.39894228040143267794;
/// Beyond 40 standard deviations the density is zero in double precision (the smallest double is φ(38.6)).
const NO_DENSITY: f64 = 40.0;

/// φ(x) = exp(−x²/2)/√(2π); relative error below 4e-16 where the result is normal.
#[inline(always)]
pub fn norm_pdf<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let a = if a > NO_DENSITY { NO_DENSITY } else { a };
    // The rounding error of x² would be multiplied by x²/2: carry it along.
    let square = a * a;
    let e = exp::<FMA>(-0.5 * square);
    FRAC_1_SQRT_TAU * fma::<FMA>(-0.5 * product_error::<FMA>(a, a, square), e, e)
}

/// Φ(x), the normal distribution function; relative error below 1e-15 in both tails.
#[inline(always)]
pub fn norm_cdf<const FMA: bool>(x: f64) -> f64 {
    let tail = norm_pdf::<FMA>(x) * mills::<FMA>(x.abs());
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Y(x) ≈ P(x)/Q(x) for x ≥ 0, all coefficients positive: best rational fit, error 1.4e-16 as rounded.
/// The first coefficient is the double next to the nearest one: with it Φ(0) is ½ exactly.
const MILLS_P: [f64; 11] = [
    1504837.0623439418,
    2581835.200545189,
    2188402.8971812325,
    1187585.1626670933,
    453246.8335298883,
    126649.90800590285,
    26224.868707264086,
    3981.7361292676237,
    426.34346452483055,
    29.328622510690103,
    1.0,
];
const MILLS_Q: [f64; 12] = [
    1200686.2585681702,
    3018015.4731320785,
    3553777.7054692362,
    2593388.8357783062,
    1306564.9112939832,
    478629.01441628253,
    130572.98691132749,
    26649.212171454208,
    4011.064751781517,
    427.34346452481464,
    29.328622510690135,
    1.0,
];

/// Larger arguments count as this: the powers of x must not overflow.
const FAR: f64 = 1e20;

/// Mills' ratio Y(x) = (1 − Φ(x))/φ(x) for x ≥ 0; relative error below 8e-16; 1e-20 from x = 1e20 on.
///
/// Outside the domain the value is meaningless (but it does not trap, so that unused lanes may hold anything).
#[inline(always)]
pub fn mills<const FMA: bool>(x: f64) -> f64 {
    let x = if x > FAR { FAR } else { x };
    polynomial::<FMA, _>(&MILLS_P, x) / polynomial::<FMA, _>(&MILLS_Q, x)
}

/// The wide fit starts here, a little left of zero.
const WIDE_START: f64 = -0.75;
/// Y(v − ¾) ≈ P(v)/Q(v) for v ≥ 0, all coefficients positive: best rational fit, error 1.2e-16 as rounded.
const MILLS_WIDE_P: [f64; 12] = [
    4492012.914044822,
    7744027.747330624,
    6912382.301731403,
    4094313.426339224,
    1760765.096394906,
    572393.9446769537,
    142956.48566306022,
    27414.81331277323,
    3966.2785197776884,
    414.8208431739937,
    28.543042141614094,
    1.0,
];
const MILLS_WIDE_Q: [f64; 13] = [
    1749109.2273551174,
    5008289.120595346,
    6776018.907022951,
    5740473.542082351,
    3400084.590345316,
    1487725.0855019917,
    494856.96281207114,
    126627.66106472528,
    24874.895047975107,
    3684.4559295366,
    394.41356156779307,
    27.793042141614077,
    1.0,
];

/// Y(x) − w Y(y), w = ±1, and its reciprocal for one division; Y is Mills' ratio, x and y ≥ −¾.
///
/// Each ratio has a relative error below 1e-15; arguments beyond 999 count as 999¼.
#[inline(always)]
pub fn mills_difference<const FMA: bool>(x: f64, w: f64, y: f64) -> (f64, f64) {
    let [(p, q), (r, s)] = [x, y].map(wide_mills::<FMA>);
    let (numerator, denominator) = (p * s - w * (r * q), q * s);
    let both = 1.0 / (numerator * denominator);
    (numerator * (numerator * both), denominator * (denominator * both))
}

/// Numerator and denominator of Y(x).
#[inline(always)]
fn wide_mills<const FMA: bool>(x: f64) -> (f64, f64) {
    const LARGEST: f64 = 1000.0;
    let v = x - WIDE_START;
    let v = if v > LARGEST { LARGEST } else { v };
    (polynomial::<FMA, _>(&MILLS_WIDE_P, v), polynomial::<FMA, _>(&MILLS_WIDE_Q, v))
}
