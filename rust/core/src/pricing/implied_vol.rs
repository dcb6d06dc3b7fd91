//! Implied volatility.
