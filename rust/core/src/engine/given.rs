//! Signals from outside, aligned before they come here: a value per session of a replayed market (R76 to R82).
//!
//! Nothing here knows when a value was released: a column says what was known at each close, NaN where nothing was.

use std::sync::Arc;

use super::{modelled::Modelled, spec::SignalsSpec};
use crate::{
    Error, Result,
    math::lanes::{Col, LANES},
    rules::names::{NAMES, Name},
    schedule::Schedule,
};

/// The signal on which `market_beta` is a slope: the level of an index broader than the spot (C7).
pub(super) const BROAD_INDEX: &str = "broad_index";

/// The columns that rules may name besides the registered ones.
#[derive(Debug, Default)]
pub(super) struct Given {
    names: Vec<Arc<str>>,
    sources: Vec<Source>,
}

/// Where the values of a signal come from.
#[derive(Debug)]
pub(super) enum Source {
    /// One per session of a replayed record; none: unknown throughout.
    Recorded(Vec<f64>),
    /// Made up along a simulated path.
    Modelled(Modelled),
    /// An indicator over the hours of a simulated path.
    Hourly(Name),
}

/// Indicators that may be over hours.
const OVER_HOURS: [Name; 3] = [Name::Rsi14, Name::Macd, Name::MacdSignal];

impl Given {
    /// Checks the columns: as many values as sessions, none under a registered name, none twice.
    ///
    /// `sessions` is the length of the replayed record; `None`: a simulated market, which has no dates to give values at.
    pub fn new(spec: SignalsSpec, sessions: Option<usize>, schedule: &Schedule) -> Result<Self> {
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
            let values = values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
            given.add(name, Source::Recorded(values))?;
        }
        for name in spec.absent {
            given.add(name, Source::Recorded(vec![]))?;
        }
        for (name, model) in spec.model {
            if sessions.is_some() {
                let allowed = "none: a replayed market has what was recorded, signals.columns";
                return Err(Error::domain("signals.model", name, allowed));
            }
            if name == BROAD_INDEX {
                let allowed = "none: the model makes z-scores, and this is the level of an index";
                return Err(Error::domain("signals.model", name, allowed));
            }
            let modelled = Modelled::new(&name, model, schedule)?;
            given.add(name, Source::Modelled(modelled))?;
        }
        for (name, of) in spec.hourly {
            let path = format!("signals.hourly.{name}");
            if sessions.is_some() {
                let allowed = "none: a replayed market has no hours but those of the bars that a user gives";
                return Err(Error::domain(path, of, allowed));
            }
            let Some(of) = OVER_HOURS.into_iter().find(|name| name.as_str() == of) else {
                let known = OVER_HOURS.map(Name::as_str).join(", ");
                return Err(Error::domain(path, of, format!("one of {known}")));
            };
            given.add(name, Source::Hourly(of))?;
        }
        Ok(given)
    }

    /// What was recorded of a signal at each lane's session; missing where it was not.
    pub fn recorded(&self, index: usize, session: impl Fn(usize) -> Option<u32>, out: &mut Col) {
        match &self.sources[index] {
            Source::Recorded(values) => gather(values, session, out),
            Source::Modelled(_) | Source::Hourly(_) => {
                unreachable!("levels of another index are not modelled")
            }
        }
    }

    fn add(&mut self, name: String, source: Source) -> Result<()> {
        if NAMES.iter().any(|entry| entry.text == name) {
            let allowed = "a name that the engine does not have itself: rename the column";
            return Err(Error::domain("signals", name, allowed));
        }
        if self.names.iter().any(|known| **known == *name) {
            return Err(Error::domain("signals", name, "each name once"));
        }
        self.names.push(name.into());
        self.sources.push(source);
        Ok(())
    }

    /// Their names, in the order by which programs speak of them.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Where the values of one of them come from.
    pub fn source(&self, index: usize) -> &Source {
        &self.sources[index]
    }
}

/// What was recorded of each lane's session; missing outside the record.
pub(super) fn gather(values: &[f64], session: impl Fn(usize) -> Option<u32>, out: &mut Col) {
    for lane in 0..LANES {
        let value = session(lane).and_then(|session| values.get(session as usize));
        out[lane] = value.copied().unwrap_or(f64::NAN);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::schedule::ScheduleSpec;

    fn spec(name: &str, values: &[Option<f64>], absent: &[&str]) -> SignalsSpec {
        SignalsSpec {
            columns: BTreeMap::from([(name.to_owned(), values.to_vec())]),
            absent: absent.iter().map(|&name| name.to_owned()).collect(),
            model: BTreeMap::new(),
            hourly: BTreeMap::new(),
        }
    }

    fn calendar() -> Schedule {
        let days = vec![0, 1, 2];
        Schedule::new(ScheduleSpec {
            ordinals: days.clone(),
            half_days: vec![false; 3],
            days,
            origin: 0,
            tradable: 3,
            expiries: BTreeMap::new(),
            events: BTreeMap::new(),
            events_before: BTreeMap::new(),
        })
        .unwrap()
    }

    #[test]
    fn a_lane_sees_its_own_session_and_null_is_missing() {
        let spec = spec("cpi", &[Some(1.0), None, Some(3.0)], &["ppi"]);
        let given = Given::new(spec, Some(3), &calendar()).unwrap();
        let [Source::Recorded(cpi), Source::Recorded(ppi)] = &given.sources[..] else {
            panic!("two that were recorded")
        };
        let mut out = Col::default();
        gather(cpi, |lane| Some((lane % 3) as u32), &mut out);
        assert_eq!((out[0], out[2]), (1.0, 3.0));
        assert!(out[1].is_nan());
        gather(ppi, |_| Some(0), &mut out);
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
            let message =
                Given::new(spec(name, &[None], &[absent]), sessions, &calendar()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
