//! The inverse of the normal distribution function.

use std::hint::black_box;

use super::{ln, ln_normal, polynomial};
use crate::math::lanes::{Col, LANES, Mask};

/// Φ⁻¹(p) for p in [0, 1]: −∞ at 0, ∞ at 1, NaN outside; relative error below 1e-15 down to the smallest double.
///
/// M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37
/// (1988), routine PPND16: three rational functions of degree 7, one in (p − ½)² for |p − ½| ≤ 0.425 and two in
/// √(−ln min(p, 1 − p)). All three are evaluated and one quotient is selected.
///
/// Increasing for arguments more than 1e-14 apart (relative to the smaller of p and 1 − p); closer ones can be
/// out of order by the rounding of the result, some 1e-16 of it.
#[inline(always)]
pub fn inv_norm_cdf<const FMA: bool>(p: f64) -> f64 {
    let q = p - 0.5;
    let centre = CENTRAL_HALF_WIDTH * CENTRAL_HALF_WIDTH - q * q;
    let smaller = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln::<FMA>(smaller)).sqrt();
    let (middle, far) = (r - TAIL_CENTRE, r - FAR_CENTRE);

    let central = q.abs() <= CENTRAL_HALF_WIDTH;
    let deep = r > FAR_CENTRE;
    let above = if deep { polynomial::<FMA, _>(&FAR_P, far) } else { polynomial::<FMA, _>(&TAIL_P, middle) };
    let below = if deep { polynomial::<FMA, _>(&FAR_Q, far) } else { polynomial::<FMA, _>(&TAIL_Q, middle) };
    let above = if central { q * polynomial::<FMA, _>(&CENTRAL_P, centre) } else { above };
    let below = if central { polynomial::<FMA, _>(&CENTRAL_Q, centre) } else { below };
    let size = above / below;
    let size = if smaller == 0.0 { f64::INFINITY } else { size };
    if !central && q < 0.0 { -size } else { size }
}

/// [`inv_norm_cdf`] of a column of uniforms in [2⁻⁵³, 1 − 2⁻⁵³], in place: the same bits in half the time.
///
/// The central quotient needs no logarithm and no root, and 85 lanes of 100 need nothing else: the others are packed
/// side by side, computed apart and put back. They are moved one at a time (`black_box`): the gathers and scatters that
/// a compiler makes of the loops take longer than a dozen loads on the processors measured.
#[inline(always)]
pub fn inv_norm_cdf_column<const FMA: bool>(p: &mut Col) {
    let outer = Mask::from_fn(|i| (p[i] - 0.5).abs() > CENTRAL_HALF_WIDTH);
    let mut place = [0; LANES + 8];
    let count = outer.places(&mut place);
    let mut packed = Col::splat(0.5);
    for (packed, &lane) in packed[..count].iter_mut().zip(&place) {
        *packed = p[usize::from(black_box(lane))];
    }
    let mut deep = false;
    for group in packed[..count.next_multiple_of(GROUP)].chunks_exact_mut(GROUP) {
        for p in group {
            let q = *p - 0.5;
            let smaller = if q < 0.0 { *p } else { 1.0 - *p };
            let r = (-ln_normal::<FMA>(smaller)).sqrt();
            deep |= r > FAR_CENTRE;
            let middle = r - TAIL_CENTRE;
            let size = polynomial::<FMA, _>(&TAIL_P, middle) / polynomial::<FMA, _>(&TAIL_Q, middle);
            *p = if q < 0.0 { -size } else { size };
        }
    }
    // Once in 10¹¹ draws: a third quotient.
    if deep {
        for (quantile, &lane) in packed[..count].iter_mut().zip(&place) {
            *quantile = inv_norm_cdf::<FMA>(p[usize::from(lane)]);
        }
    }
    for i in 0..LANES {
        let q = p[i] - 0.5;
        let centre = CENTRAL_HALF_WIDTH * CENTRAL_HALF_WIDTH - q * q;
        p[i] = q * polynomial::<FMA, _>(&CENTRAL_P, centre) / polynomial::<FMA, _>(&CENTRAL_Q, centre);
    }
    for (&lane, &quantile) in place[..count].iter().zip(packed.iter()) {
        p[usize::from(black_box(lane))] = quantile;
    }
}

/// Packed lanes are computed so many at a time, whatever the instruction set.
const GROUP: usize = 8;

const CENTRAL_HALF_WIDTH: f64 = 0.425;
const TAIL_CENTRE: f64 = 1.6;
const FAR_CENTRE: f64 = 5.0;

const CENTRAL_P: [f64; 8] = [
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
];
const CENTRAL_Q: [f64; 8] = [
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
];
const TAIL_P: [f64; 8] = [
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
];
const TAIL_Q: [f64; 8] = [
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
];
const FAR_P: [f64; 8] = [
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
];
const FAR_Q: [f64; 8] = [
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
];
