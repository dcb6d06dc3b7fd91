//! Signals from outside, aligned before they come here: a value per session of a replayed market (R76 to R82).
//!
//! Nothing here knows when a value was released: a column says what was known at each close, NaN where nothing was.

use std::sync::Arc;

use super::spec::SignalsSpec;
use crate::{
    Error, Result,
    math::lanes::{Col, LANES},
    rules::names::NAMES,
};

/// The columns that rules may name besides the registered ones.
#[derive(Debug, Default)]
pub(super) struct Given {
    names: Vec<Arc<str>>,
    /// By session of a replayed record; empty: unknown throughout.
    by_session: Vec<Vec<f64>>,
}

impl Given {
    /// Checks the columns: as many values as sessions, none under a registered name, none twice.
    ///
    /// `sessions` is the length of the replayed record; `None`: a simulated market, which has no dates to give values at.
    pub fn new(spec: SignalsSpec, sessions: Option<usize>) -> Result<Self> {
        let mut given = Self::default();
        for (name, values) in spec.columns {
            let Some(sessions) = sessions else {
                let allowed = "none: a simulated market has no dates at which they would be known";
                return Err(Error::domain("signals.columns", name, allowed));
            };
            if values.len() != sessions {
                let problem = format!("{} values, but the market has {sessions} sessions", values.len());
                return Err(Error::Shape { name: format!("signals.columns.{name}"), problem });
            }
            given.add(name, values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())?;
        }
        for name in spec.absent {
            given.add(name, vec![])?;
        }
        Ok(given)
    }

    fn add(&mut self, name: String, by_session: Vec<f64>) -> Result<()> {
        if NAMES.iter().any(|entry| entry.text == name) {
            let allowed = "a name that the engine does not have itself: rename the column";
            return Err(Error::domain("signals", name, allowed));
        }
        if self.names.iter().any(|known| **known == *name) {
            return Err(Error::domain("signals", name, "each name once"));
        }
        self.names.push(name.into());
        self.by_session.push(by_session);
        Ok(())
    }

    /// Their names, in the order by which programs speak of them.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// What was known at the close of each lane's session.
    pub fn gather(&self, index: usize, session: impl Fn(usize) -> u32, out: &mut Col) {
        let values = &self.by_session[index];
        if values.is_empty() {
            *out = Col::splat(f64::NAN);
            return;
        }
        for lane in 0..LANES {
            out[lane] = values[session(lane) as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn spec(name: &str, values: &[Option<f64>], absent: &[&str]) -> SignalsSpec {
        SignalsSpec {
            columns: BTreeMap::from([(name.to_owned(), values.to_vec())]),
            absent: absent.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn a_lane_sees_its_own_session_and_null_is_missing() {
        let given = Given::new(spec("cpi", &[Some(1.0), None, Some(3.0)], &["ppi"]), Some(3)).unwrap();
        let mut out = Col::default();
        given.gather(0, |lane| (lane % 3) as u32, &mut out);
        assert_eq!((out[0], out[2]), (1.0, 3.0));
        assert!(out[1].is_nan());
        given.gather(1, |_| 0, &mut out);
        assert!(out.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (name, absent, sessions, expected) in [
            ("cpi", "ppi", None, "no dates"),
            ("vix", "ppi", Some(1), "rename the column"),
            ("cpi", "cpi", Some(1), "each name once"),
            ("cpi", "ppi", Some(2), "signals.columns.cpi"),
        ] {
            let message = Given::new(spec(name, &[None], &[absent]), sessions).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
