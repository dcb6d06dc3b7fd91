//! What a program reads: a registered name, or a signal from outside that the run was given.

use std::sync::Arc;

use super::{
    names::{NAMES, Name, Scope, in_scope},
    nearest::nearest,
};

/// A column that a program reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A registered name.
    Name(Name),
    /// A signal from outside (R76 to R82), of the market's scope.
    Given {
        /// Its place among those that were given.
        index: usize,
        /// As written in rules.
        name: Arc<str>,
    },
}

impl Input {
    /// The column of that name, if a rule in the scope may use it; otherwise what to say.
    pub fn resolve(text: &str, scope: Scope, given: &[Arc<str>]) -> Result<Self, String> {
        if let Some(index) = given.iter().position(|name| **name == *text) {
            return Ok(Self::Given { index, name: given[index].clone() });
        }
        Name::resolve(text, scope).map(Self::Name).map_err(|problem| {
            if given.is_empty() || NAMES.iter().any(|entry| entry.text == text) {
                return problem;
            }
            let known: Vec<&str> = in_scope(scope).map(Name::as_str).collect();
            let hint = nearest(text, given.iter().map(|name| &**name).chain(known.iter().copied()));
            let hint = hint.map(|word| format!(" (did you mean {word}?)")).unwrap_or_default();
            format!(
                "unknown name{hint}; the signals given are {}; a rule of the {} knows {}",
                given.join(", "),
                scope.as_str(),
                known.join(", ")
            )
        })
    }

    /// As written in rules.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name(name) => name.as_str(),
            Self::Given { name, .. } => name,
        }
    }

    /// The narrowest scope that sees it.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Name(name) => name.entry().scope,
            Self::Given { .. } => Scope::Market,
        }
    }

    /// Sessions of data that it wants before the first one.
    pub fn warm_up(&self) -> u32 {
        match self {
            Self::Name(name) => name.entry().warm_up,
            Self::Given { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_signal_is_known_everywhere_and_slips_are_told_from_both_lists() {
        let given: Vec<Arc<str>> = vec!["cpi_surprise".into(), "put_call".into()];
        for scope in Scope::ALL {
            let found = Input::resolve("put_call", scope, &given).unwrap();
            assert_eq!((found.as_str(), found.scope(), found.warm_up()), ("put_call", Scope::Market, 0));
        }
        let slip = Input::resolve("cpi_suprise", Scope::Book, &given).unwrap_err();
        assert!(slip.contains("did you mean cpi_surprise?"), "{slip}");
        assert!(slip.contains("given are cpi_surprise, put_call; a rule of the book knows spot"), "{slip}");
        let slip = Input::resolve("vixx", Scope::Book, &given).unwrap_err();
        assert!(slip.contains("did you mean vix?"), "{slip}");
        let outside = Input::resolve("profit", Scope::Book, &given).unwrap_err();
        assert!(outside.contains("does not see this name of the position"), "{outside}");
    }
}
