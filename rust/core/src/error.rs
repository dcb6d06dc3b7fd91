//! The one error type of the crate.

/// What can go wrong, in words a user can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument or parameter lies outside its domain.
    #[error("{name} = {value}: {allowed}")]
    Domain {
        /// Argument or dotted parameter path, as the user wrote it.
        name: String,
        /// The offending value, printed.
        value: String,
        /// What is allowed, and the mend.
        allowed: String,
    },
    /// Arrays that do not broadcast, or columns of different lengths.
    #[error("{name}: {problem}")]
    Shape {
        /// Argument name.
        name: String,
        /// What does not fit.
        problem: String,
    },
    /// A rule that does not compile.
    #[error("rule {rule:?}: at {at:?}: {problem}")]
    Rule {
        /// The rule as written.
        rule: String,
        /// The sub-expression at fault.
        at: String,
        /// What is wrong, and the names or operators that are known.
        problem: String,
    },
    /// A specification that does not parse or contradicts itself.
    #[error("specification: {0}")]
    Spec(String),
}

impl Error {
    /// An [`Error::Domain`] from anything printable.
    #[allow(clippy::needless_pass_by_value)] // literals and numbers are passed as they stand
    pub fn domain(name: impl Into<String>, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self::Domain { name: name.into(), value: value.to_string(), allowed: allowed.into() }
    }
}

/// Result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
