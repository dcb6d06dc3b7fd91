//! The volatility at which an American option has a price.

use super::American;
use crate::math::special::exp;
use crate::pricing::implied_vol::{Status, total_sd_columns};

/// σ√T up to which a volatility is sought.
const WIDEST: f64 = 12.0;
/// σ√T from which on.
const NARROWEST: f64 = 1e-6;
/// σ√T that is tried first where the European price has no volatility.
const FIRST: f64 = 0.25;
/// Steps at most; half a dozen are usual.
const STEPS: usize = 100;
/// What the last digits of a price may hide, of spot and strike together.
const ROUNDING: f64 = 1e-15;
/// Relative width of the bracket at which the search ends.
const CLOSE: f64 = 1e-12;

impl American {
    /// The volatility at which the European option has this price; NaN where there is none.
    #[inline(always)]
    fn european_vol<const FMA: bool>(self, price: f64) -> f64 {
        let Self { sign, spot, strike, years, rate, dividend, .. } = self;
        let forward = spot * exp::<FMA>((rate - dividend) * years);
        let mut sd = [f64::NAN];
        total_sd_columns::<FMA>(&[sign], &[price * exp::<FMA>(rate * years)], &[forward], &[strike], &mut sd);
        sd[0] / years.sqrt()
    }
}

/// The least volatility with which `option`, whatever its own, is worth `price`; NaN and why where there is none.
///
/// The price grows with volatility: the search keeps a bracket and ends with the last digits that the price tells.
#[inline(always)]
pub(super) fn implied<const FMA: bool>(option: American, price: f64) -> (f64, Status) {
    let worth = |vol: f64| American { vol, ..option }.price::<FMA>();
    let least = worth(0.0);
    let positive = option.spot > 0.0 && option.strike > 0.0 && option.years > 0.0;
    if !(positive && price.is_finite() && least.is_finite()) {
        return (f64::NAN, Status::Invalid);
    }
    let rounding = ROUNDING * (option.spot + option.strike);
    if price < least - rounding {
        return (f64::NAN, Status::BelowIntrinsic);
    }
    if price <= least + rounding {
        return (0.0, Status::Ok);
    }
    // What early exercise adds makes the volatility smaller than that of the European price.
    let (widest, narrowest) = (WIDEST / option.years.sqrt(), NARROWEST / option.years.sqrt());
    let european = option.european_vol::<FMA>(price);
    let mut high =
        if european > narrowest && european < widest { european } else { FIRST / option.years.sqrt() };
    let mut above = worth(high) - price;
    if above.abs() <= rounding {
        return (high, Status::Ok);
    }
    while above < 0.0 {
        if high >= widest {
            return (f64::NAN, Status::AboveMax);
        }
        high = (2.0 * high).min(widest);
        above = worth(high) - price;
    }
    let mut low = 0.8 * high;
    let mut below = worth(low) - price;
    while below >= 0.0 && low > narrowest {
        (high, above) = (low, below);
        low *= 0.5;
        below = worth(low) - price;
    }
    if below >= 0.0 {
        return (0.0, Status::Ok);
    }
    // Regula falsi on the bracket, the side that stays halved in weight (Illinois), bisected where that is slow.
    let (mut weight_low, mut weight_high) = (1.0, 1.0);
    for step in 0..STEPS {
        if high - low <= CLOSE * high || above == 0.0 {
            break;
        }
        let (a, b) = (below * weight_low, above * weight_high);
        let secant = (low * b - high * a) / (b - a);
        let inside = secant > low && secant < high;
        let middle = if step % 4 == 3 || !inside { (low * high).sqrt() } else { secant };
        let off = worth(middle) - price;
        if off.abs() <= rounding {
            return (middle, Status::Ok);
        }
        if off < 0.0 {
            (low, below, weight_low) = (middle, off, 1.0);
            weight_high *= 0.5;
        } else {
            (high, above, weight_high) = (middle, off, 1.0);
            weight_low *= 0.5;
        }
    }
    (high, Status::Ok)
}
