//! Black's formula for a European option on a forward.
//!
//! F forward, K strike (both ≥ 0), s = σ√T total standard deviation (≥ 0), w = +1 call, −1 put:
//!
//! ```text
//! undiscounted price = w (F Φ(w d₁) − K Φ(w d₂)),   d₁ = ln(F/K)/s + s/2,   d₂ = d₁ − s
//! ```
//!
//! F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976).
//!
//! The difference above loses all its digits for small s or far strikes. Here the price is the intrinsic value
//! plus the time value, and the time value — the same for call and put — is computed without cancellation
//! (`near` for what is close to the money, `general` for the rest). Its relative error is below
//! 4e-15 + 4e-16 (ln(F/K)/s)², where it is above 1e-307 of min(F, K): rounding s alone moves the price by
//! 1.1e-16 (ln(F/K)/s)².

#[cfg(test)]
mod accuracy;
mod columns;
mod general;
mod greeks;
mod near;
mod series;
mod slices;
#[cfg(test)]
mod tests;

pub use columns::{Stages, undiscounted_block_at, undiscounted_columns};
pub use general::{delta_forward, undiscounted};
pub use greeks::{Contract, Greek, contract_greeks};
pub use slices::{ARGUMENTS, greeks_slices, price_slice};

/// 2¹⁰⁰⁰: amounts from here on count as infinite, so that sums of two of them do not overflow.
pub(super) const TOO_LARGE: f64 = 1.0715086071862673e301;

/// False for NaN, too.
#[inline(always)]
fn in_domain(forward: f64, strike: f64, total_sd: f64) -> bool {
    (0.0..TOO_LARGE).contains(&forward) && (0.0..TOO_LARGE).contains(&strike) && total_sd >= 0.0
}

/// Is this the sign of a call or a put?
#[inline(always)]
pub(super) fn is_right(sign: f64) -> bool {
    sign.abs() == 1.0
}

/// max(w (F − K), 0), NaN where w or F − K is.
#[inline(always)]
pub(super) fn intrinsic(sign: f64, forward: f64, strike: f64) -> f64 {
    let value = sign * (forward - strike);
    if value < 0.0 { 0.0 } else { value }
}
