//! Special functions as branch-free bodies for SIMD loops: exponential, logarithm and the normal law.
//!
//! Every function is `#[inline(always)]`, generic over `const FMA: bool`, and made of arithmetic and selects
//! only, so that a loop over lanes inside a [`Kernel`](crate::math::simd::Kernel) vectorises. Errors are
//! stated against 60-digit references (`tests/golden/special.csv`) for all instruction sets.

mod exponential;
mod inverse_normal;
mod logarithm;
mod normal;
mod polynomial;
mod product;

pub use exponential::{exp, exp_normal};
pub use inverse_normal::{inv_norm_cdf, inv_norm_cdf_column};
pub use logarithm::{ln, ln_normal, ln_ratio, ln_ratio_over};
pub use normal::{mills, mills_difference, norm_cdf, norm_pdf};
pub use polynomial::polynomial;
pub use product::product_error;

#[cfg(test)]
mod tests;
