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
    /// In a simulated market: signals made up along its paths. An assumption, not evidence.
    pub model: BTreeMap<String, ModelledSpec>,
    /// In a simulated market: per name the indicator that it is over the hours of its sessions (R55).
    pub hourly: BTreeMap<String, String>,
}

/// How one signal of a simulated market moves; half-lives in sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ModelledSpec {
    /// A z-score that reverts to 0: an AR(1) whose innovations are correlated with the path's standardised returns.
    Factor {
        /// Sessions after which half of a departure is left.
        half_life: f64,
        /// Of the innovation with the return over the session, in its standard deviations by yesterday's VIX.
        correlation: f64,
    },
    /// A z-score that jumps at each event of the calendar and stays until the next: an AR(1) across releases.
    Surprise {
        /// Kind of event.
        event: String,
        /// Correlation of a surprise with the one before.
        persistence: f64,
    },
    /// A line tied to the logarithm of the path since its start, and an AR(1) beside it.
    Breadth {
        /// Units per 1.00 of ln S.
        per_return: f64,
        /// Standard deviation of what prices do not explain, units.
        noise: f64,
        /// Sessions after which half of it is left.
        half_life: f64,
        /// The change over one session rather than the line.
        daily: bool,
        /// The line whose noise it has: equal names share their draws.
        line: String,
    },
}
