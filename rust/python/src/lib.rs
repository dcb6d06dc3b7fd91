//! `alvh._core`: arrays in and out, errors, and one door that detaches the interpreter.

mod american;
mod arguments;
mod chain;
mod columns;
mod door;
mod engine;
mod margin;
mod market;
mod outputs;
mod pages;
mod pricing;
mod rules;
mod score;
mod steps;

use pyo3::prelude::*;

/// The compiled core of alvh.
#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::american::{greeks_american, implied_vol_american, price_american};
    #[pymodule_export]
    use crate::chain::fit_surface;
    #[pymodule_export]
    use crate::door::{AlvhError, RuleError, SpecError};
    #[pymodule_export]
    use crate::engine::Plan;
    #[pymodule_export]
    use crate::margin::{margin_pairing, margin_risk};
    #[pymodule_export]
    use crate::market::{
        draws, market_bars, market_filter, market_openings, market_paths, market_profile, market_quotes,
        market_shocked, market_smile_states, market_spec, market_start, market_strategy_index,
        market_vx_basis,
    };
    #[pymodule_export]
    use crate::pricing::{greeks, implied_vol, price};
    #[pymodule_export]
    use crate::rules::{check_rule, evaluate_number, evaluate_rule, indicator, rule_names, rule_warm_up};

    #[pymodule_export]
    use crate::score::{Condors, score_columns};
    #[pymodule_export]
    use crate::steps::Steps;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A variant that cannot be had is an error here, not a panic in the first kernel.
        alvh_core::math::simd::requested().map_err(crate::door::to_python)?;
        module.add("__version__", alvh_core::VERSION)
    }

    /// The instruction set in use: "baseline", "avx2" or "avx512".
    #[pyfunction]
    fn simd_variant() -> &'static str {
        alvh_core::math::simd::variant().name()
    }

    /// The instruction sets of this processor, the best last: what `ALVH_SIMD` may name.
    #[pyfunction]
    fn simd_variants() -> Vec<&'static str> {
        alvh_core::math::simd::available().map(alvh_core::math::simd::Variant::name).collect()
    }
}
