//! A number of the rules that something counts times: sizes and budgets that follow a score (R33, R43, R67, R69).

use serde::Deserialize;

use crate::rules::expr::Rule;

/// How many times something counts: the number, kept between two bounds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightSpec {
    /// A number of market and book, read when an opening is decided.
    pub by: Rule,
    /// It counts at least so many times.
    pub low: f64,
    /// … and at most so many.
    pub high: f64,
    /// It counts so many times where the number is missing.
    pub unknown: f64,
}
