//! Implied volatility by a direct formula: no iteration over the price.
//!
//! Only the time value matters: q = price − D max(w (F − K), 0), which call and put share. With d = D |F − K| and
//! A = D (F + K)/2 a row takes the first of three ways whose domain it meets:
//!
//! 1. `slices::Near`: Bachelier's model is inverted exactly by a rational function of ln((q + d)/q), the
//!    logarithm of the ratio of the in-the-money to the out-of-the-money price; its total standard deviation
//!    becomes Black's by a polynomial, because the two are related analytically. Covers s ≤ 0.8 and
//!    |ln(F/K)| ≤ 0.8, except the far wings.
//! 2. `direct::far`: the same with a table in place of the rational function, for the far wings.
//! 3. `refined`: everything else, a guess good to 1 % and two steps of fourth order.
//!
//! The result has a relative error of some 1e-15 beyond what the rounding of the price itself causes, which is
//! 1.1e-16 · price/(vega · σ).

#[cfg(test)]
mod accuracy;
mod coefficients;
mod direct;
mod others;
mod packed;
mod refined;
mod slices;
#[cfg(test)]
mod tests;

pub use slices::{ARGUMENTS, implied_vol_slice, status_slice, total_sd_columns};

use super::black76::{TOO_LARGE, intrinsic, is_right};
use crate::math::special::product_error;

/// Why a row has a volatility or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// There is one volatility that gives the price.
    Ok = 0,
    /// The price is below the intrinsic value.
    BelowIntrinsic = 1,
    /// The price is not below its bound for infinite volatility: D F for a call, D K for a put.
    AboveMax = 2,
    /// NaN, a forward, strike, time or discount that is not positive and finite, or a right that is none.
    Invalid = 3,
}

impl Status {
    /// All, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::BelowIntrinsic, Self::AboveMax, Self::Invalid];

    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::BelowIntrinsic => "below_intrinsic",
            Self::AboveMax => "above_max",
            Self::Invalid => "invalid",
        }
    }
}

/// A price seen from an option.
#[derive(Clone, Copy, Debug)]
struct Quote {
    /// +1 call, −1 put
    sign: f64,
    /// Discounted price.
    price: f64,
    forward: f64,
    strike: f64,
    years: f64,
    discount: f64,
}

/// What the volatility depends on, in units in which no product under- or overflows.
#[derive(Clone, Copy, Debug)]
struct TimeValue {
    /// q, the price of the out-of-the-money option
    value: f64,
    /// d = D |F − K|
    gap: f64,
    /// D min(F, K), the bound of q
    smaller: f64,
    /// What q is below that bound.
    room: f64,
    /// A = D (F + K)/2
    mean: f64,
}

/// A price may lie below the intrinsic value by this part of itself and still count as equal to it: the price and
/// the discounting that went into it are rounded.
const BELOW: f64 = 4.0 * f64::EPSILON;
/// It counts as equal, too, if it lies above by this part: the last place of a price carries no volatility.
const ABOVE: f64 = 0.5 * f64::EPSILON;

const MANTISSA_BITS: u32 = 52;
const EXPONENT_BIAS: u64 = 1023;
const EXPONENT: u64 = 0x7ff << MANTISSA_BITS;
/// 2⁶⁰⁰. Amounts are multiplied by the power of two that takes the larger of F and K here, by 1 if it is larger.
const UNIT: f64 = f64::from_bits((EXPONENT_BIAS + 600) << MANTISSA_BITS);
/// 2⁻⁴²³. For smaller amounts that power would overflow: they are multiplied by the largest there is.
const SMALLEST_UNIT: f64 = f64::from_bits((EXPONENT_BIAS - 423) << MANTISSA_BITS);

/// p − D i, as good as rounded once: what a price is above D times the intrinsic value i loses no digits.
#[inline(always)]
fn above_intrinsic<const FMA: bool>(price: f64, discount: f64, intrinsic: f64) -> f64 {
    let product = discount * intrinsic;
    (price - product) - product_error::<FMA>(discount, intrinsic, product)
}

/// The power of two that takes x to [to, 2 to), for a power of two `to` and a normal x.
#[inline(always)]
fn scale(x: f64, to: f64) -> f64 {
    f64::from_bits(to.to_bits().wrapping_add(1.0f64.to_bits()).wrapping_sub(x.to_bits() & EXPONENT))
}

impl Quote {
    /// In units of the discount factor and of the larger of F and K, up to powers of two: products neither over-
    /// nor underflow, at the money also for prices below 1e-290.
    #[inline(always)]
    fn time_value<const FMA: bool>(self) -> TimeValue {
        let larger = if self.forward < self.strike { self.strike } else { self.forward };
        let clamped = if larger > UNIT { UNIT } else { larger };
        let clamped = if clamped < SMALLEST_UNIT { SMALLEST_UNIT } else { clamped };
        let per_amount = scale(clamped, UNIT);
        let per_discount = scale(self.discount, 1.0);
        let (forward, strike) = (self.forward * per_amount, self.strike * per_amount);
        let discount = self.discount * per_discount;
        let price = (self.price * per_discount) * per_amount;

        let intrinsic = intrinsic(self.sign, forward, strike);
        let bound = if self.sign > 0.0 { forward } else { strike };
        let value = above_intrinsic::<FMA>(price, discount, intrinsic);
        let equal = value >= -BELOW * price && value <= ABOVE * price && price < f64::INFINITY;
        TimeValue {
            value: if equal { 0.0 } else { value },
            gap: discount * (forward - strike).abs(),
            smaller: discount * if forward < strike { forward } else { strike },
            room: -above_intrinsic::<FMA>(price, discount, bound),
            mean: (0.5 * discount) * (forward + strike),
        }
    }

    /// Are all terms in their domains?
    #[inline(always)]
    fn is_valid(self) -> bool {
        is_amount(self.forward)
            & is_amount(self.strike)
            & is_amount(self.years)
            & is_amount(self.discount)
            & is_right(self.sign)
            & !self.price.is_nan()
    }

    /// Is there one volatility that gives the price?
    #[inline(always)]
    fn has_vol(self, row: TimeValue) -> bool {
        self.is_valid() & (row.value >= 0.0) & (row.value < row.smaller) & (row.room > 0.0)
    }

    #[inline(always)]
    fn status(self, row: TimeValue) -> Status {
        let status = if row.value < 0.0 { Status::BelowIntrinsic } else { Status::AboveMax };
        let status = if self.has_vol(row) { Status::Ok } else { status };
        if self.is_valid() { status } else { Status::Invalid }
    }
}

#[inline(always)]
fn is_amount(x: f64) -> bool {
    (f64::MIN_POSITIVE..TOO_LARGE).contains(&x)
}
