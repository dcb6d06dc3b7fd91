//! Implied volatility by a direct formula: no iteration over the price.
//!
//! Only the time value matters: q = price/D − max(w (F − K), 0), which call and put share. With d = |F − K| and
//! A = (F + K)/2 a row takes the first of three ways whose domain it meets:
//!
//! 1. `direct::near`: Bachelier's model is inverted exactly by a rational function of ln((q + d)/q), the
//!    logarithm of the ratio of the in-the-money to the out-of-the-money price; its total standard deviation
//!    becomes Black's by a polynomial, because the two are related analytically. Covers s ≤ 0.8 and
//!    |ln(F/K)| ≤ 0.8, except the far wings.
//! 2. `direct::far`: the same with a table in place of the rational function, for the far wings.
//! 3. `refined`: everything else, a guess good to 1 % and two steps of fourth order.
//!
//! The result has a relative error of a few 1e-16 beyond what the rounding of the price itself causes, which is
//! 1.1e-16 · price/(vega · σ).

#[cfg(test)]
mod accuracy;
mod coefficients;
mod direct;
mod refined;
mod slices;
#[cfg(test)]
mod tests;

pub use slices::{ARGUMENTS, implied_vol_slice, status_slice};

use super::black76::TOO_LARGE;

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
    /// d = |F − K|
    gap: f64,
    /// min(F, K), the bound of q
    smaller: f64,
    /// A = (F + K)/2
    mean: f64,
}

/// A price may lie below the intrinsic value by this part of itself and still count as equal to it: the rounding
/// of the discounting and of its inverse.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

const MANTISSA_BITS: u32 = 52;
const EXPONENT_BIAS: u64 = 1023;
/// 2⁶⁰⁰. Amounts are multiplied by the power of two that takes the larger of F and K here, by 1 if it is larger.
const UNIT: f64 = f64::from_bits((EXPONENT_BIAS + 600) << MANTISSA_BITS);
/// 2⁻⁴²³. For smaller amounts that power would overflow: they are multiplied by the largest there is.
const SMALLEST: f64 = f64::from_bits((EXPONENT_BIAS - 423) << MANTISSA_BITS);

impl Quote {
    /// Scaling matters at the money for prices below 1e-290, where quotients would underflow.
    #[inline(always)]
    fn time_value(self) -> TimeValue {
        const EXPONENT: u64 = 0x7ff << MANTISSA_BITS;
        let larger = if self.forward < self.strike { self.strike } else { self.forward };
        let clamped = if larger > UNIT { UNIT } else { larger };
        let clamped = if clamped < SMALLEST { SMALLEST } else { clamped };
        // The exponent bits of UNIT/clamped for a clamped rounded down to a power of two.
        let exponent =
            UNIT.to_bits().wrapping_add(1.0f64.to_bits()).wrapping_sub(clamped.to_bits() & EXPONENT);
        let scale = f64::from_bits(exponent);
        let (forward, strike) = (self.forward * scale, self.strike * scale);
        let price = (self.price / self.discount) * scale;

        let intrinsic = self.sign * (forward - strike);
        let value = price - if intrinsic < 0.0 { 0.0 } else { intrinsic };
        let value = if value < 0.0 && value >= -ROUNDING * price { 0.0 } else { value };
        TimeValue {
            value,
            gap: (forward - strike).abs(),
            smaller: if forward < strike { forward } else { strike },
            mean: 0.5 * (forward + strike),
        }
    }

    #[inline(always)]
    fn status(self) -> Status {
        let amount = |x: f64| (f64::MIN_POSITIVE..TOO_LARGE).contains(&x);
        let TimeValue { value, smaller, .. } = self.time_value();
        let valid = amount(self.forward)
            && amount(self.strike)
            && amount(self.years)
            && amount(self.discount)
            && self.sign.abs() == 1.0
            && !self.price.is_nan();
        let status = if value < smaller { Status::Ok } else { Status::AboveMax };
        let status = if value < 0.0 { Status::BelowIntrinsic } else { status };
        if valid { status } else { Status::Invalid }
    }
}
