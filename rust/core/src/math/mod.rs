//! Columns of lanes, SIMD dispatch, special functions and counter-based random numbers.

pub mod broadcast;
pub mod cholesky;
pub mod chunks;
pub mod lanes;
pub mod least;
pub mod philox;
pub mod simd;
pub mod sobol;
pub mod special;
