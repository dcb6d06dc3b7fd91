//! The index that funds of short-term VIX futures track: two futures, rolled a little on every session.
//!
//! What is held from one close to the next is data (`RollSpec`); the rule it follows is `python/alvh/etp/roll.py`'s. S&P Dow
//! Jones Indices, "S&P VIX Futures Indices Methodology":
//!
//! ```text
//! change = (w F₁' + (1 − w) F₂') / (w F₁ + (1 − w) F₂) − 1
//! ```
//!
//! with contracts and weights of the close before.

use serde::Deserialize;

use super::check;
use super::generator::{Generator, Lanes};
use super::quote::Surface;
use super::state::State;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::MAX_PATHS;
use crate::schedule::Schedule;
use crate::{Error, Result};

/// What the index holds from the close of each tradable session of a schedule on.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RollSpec {
    /// Session on which the first future settles.
    pub first: Vec<u32>,
    /// Session on which the second one does.
    pub second: Vec<u32>,
    /// Share of the contracts that are the first one's.
    pub weight: Vec<f64>,
}

/// A checked [`RollSpec`].
#[derive(Clone, Debug)]
pub struct Roll {
    held: RollSpec,
}

/// Columns that a basket is priced in.
#[derive(Clone, Debug, Default)]
pub struct Basket {
    days: Col,
    price: Col,
    basis: Col,
}

impl Roll {
    /// One element per tradable session, futures that settle behind the next session, weights between 0 and 1.
    pub fn new(held: RollSpec, schedule: &Schedule) -> Result<Self> {
        let sessions = schedule.tradable() as usize;
        let lengths =
            [("first", held.first.len()), ("second", held.second.len()), ("weight", held.weight.len())];
        for (name, length) in lengths {
            if length != sessions {
                let problem = format!("{length} elements, but there are {sessions} tradable sessions");
                return Err(Error::Shape { name: format!("roll.{name}"), problem });
            }
        }
        for session in 0..sessions {
            let (first, second) = (held.first[session], held.second[session]);
            if (first as usize) < session + 2 {
                let allowed = "must settle behind the next session: until then it is held";
                return Err(Error::domain(format!("roll.first[{session}]"), first, allowed));
            }
            if second <= first || second as usize >= schedule.len() {
                let allowed =
                    format!("must settle behind the first one, and before session {}", schedule.len());
                return Err(Error::domain(format!("roll.second[{session}]"), second, allowed));
            }
            check::between(&format!("roll.weight[{session}]"), held.weight[session], 0.0, 1.0)?;
        }
        Ok(Self { held })
    }

    /// w F₁ + (1 − w) F₂ of what is held from the close of session `since[i]` on, at a state of session `at[i]`, which
    /// is session `step` of the lanes.
    #[expect(clippy::too_many_arguments, reason = "what is held since when, and what prices it")]
    pub fn basket(
        &self,
        schedule: &Schedule,
        (model, surface): (&dyn Generator, &Surface),
        (lanes, step): (&Lanes, u32),
        state: &State,
        since: &[u32; LANES],
        at: &[u32; LANES],
        basket: &mut Basket,
        out: &mut Col,
    ) {
        let Basket { days, price, basis } = basket;
        *out = Col::default();
        for (second, contract) in [&self.held.first, &self.held.second].into_iter().enumerate() {
            let expiry: [u32; LANES] = std::array::from_fn(|i| contract[since[i] as usize]);
            for i in 0..LANES {
                days[i] = f64::from(schedule.days_between(at[i], expiry[i]));
            }
            surface.vx_dated(state, days, price);
            *basis = Col::splat(1.0);
            model.vx_basis(lanes, step, &expiry, basis);
            for i in 0..LANES {
                let first = self.held.weight[since[i] as usize];
                let weight = if second == 0 { first } else { 1.0 - first };
                out[i] += weight * (price[i] * basis[i]);
            }
        }
    }
}

/// Changes of the index on sessions 1 … `sessions` of paths from `first_path` on: paths × sessions, row-major.
pub fn changes(
    model: &dyn Generator,
    schedule: &Schedule,
    roll: &Roll,
    seed: u64,
    first_path: u64,
    paths: usize,
    sessions: u32,
) -> Result<Vec<f64>> {
    if first_path.checked_add(paths as u64).is_none_or(|end| end > MAX_PATHS) {
        return Err(Error::domain("first_path", first_path, "first_path + paths must not exceed 2^48"));
    }
    if model.rows().is_some() {
        return Err(Error::Spec("a replay has recorded futures: ask the index of its settlements".into()));
    }
    let origin = schedule.origin();
    if origin + sessions >= schedule.tradable() {
        let allowed = format!("the calendar has {} after session 0", schedule.tradable() - origin - 1);
        return Err(Error::domain("sessions", sessions, allowed));
    }
    let columns = sessions as usize;
    let mut found = vec![0.0; paths * columns];
    let surface = model.surface();
    let (mut state, mut basket) = (State::default(), Basket::default());
    let (mut before, mut after) = (Col::default(), Col::default());
    for first in (0..paths).step_by(LANES) {
        let lanes =
            Lanes { seed, first_path: first_path + first as u64, start: [origin; LANES], ..Lanes::default() };
        model.start(&lanes, &mut state);
        for step in 1..=sessions {
            let [since, at] = [origin + step - 1, origin + step].map(|session| [session; LANES]);
            let priced = (model, &surface);
            roll.basket(
                schedule,
                priced,
                (&lanes, step - 1),
                &state,
                &since,
                &since,
                &mut basket,
                &mut before,
            );
            model.session(&lanes, step, &mut state);
            roll.basket(schedule, priced, (&lanes, step), &state, &since, &at, &mut basket, &mut after);
            for lane in 0..LANES.min(paths - first) {
                found[(first + lane) * columns + step as usize - 1] = after[lane] / before[lane] - 1.0;
            }
        }
    }
    Ok(found)
}
