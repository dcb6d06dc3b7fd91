//! Signals from outside.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What rules may name besides the registered names (R76 to R82): missing is unknown, never false.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalsSpec {
    /// Per name what was known at each close of a replayed market, null where nothing was.
    pub columns: BTreeMap<String, Vec<Option<f64>>>,
    /// Names that are unknown throughout, by choice.
    pub absent: Vec<String>,
}
