//! What an action that adds risk needs besides the rule of its layer (R87, R88).

use serde::Deserialize;

use crate::rules::expr::Rule;

/// A condition on market and book that must be true for an opening and for a roll.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermitSpec {
    /// What reports call it.
    pub name: String,
    /// The condition: unknown permits nothing.
    pub when: Rule,
    /// Needed by rolls alone, not by openings.
    #[serde(default)]
    pub rolls_only: bool,
}

/// What a person decided for one session of the calendar, whatever the permits say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideSpec {
    /// Index of the session at whose close it stands in for the permits.
    pub session: u32,
    /// Permitted, or withheld.
    pub allow: bool,
}
