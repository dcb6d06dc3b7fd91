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

use super::DAYS_PER_YEAR;
use super::check;
use super::generator::{Generator, Lanes};
use super::quote::Surface;
use super::share_option::Underlying;
use super::state::State;
use super::vix_option::VixSlice;
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
}

/// A fund on the index: a multiple of its daily change, less a fee.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FundSpec {
    /// Multiple of the index's daily change, reset at every close.
    pub leverage: f64,
    /// Share of its value that it costs a year.
    pub fee: f64,
    /// What a share is worth at session 0, dollars.
    pub price: f64,
    /// When so many shares become one; absent: never.
    #[serde(default)]
    pub reverse_split: Option<ReverseSplit>,
}

/// Shares that have become cheap are put together: so many for one, after a close at which one is worth less than `below`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ReverseSplit {
    /// Dollars a share, at a close.
    pub below: f64,
    /// Shares that become one.
    pub ratio: f64,
}

impl FundSpec {
    /// A leverage that funds have, a fee, a price, and splits of several shares into one.
    pub fn check(&self, at: &str) -> Result<()> {
        check::between(&format!("{at}.leverage"), self.leverage, -3.0, 3.0)?;
        if self.leverage == 0.0 {
            return Err(Error::domain(format!("{at}.leverage"), 0, "not 0: such a fund holds no futures"));
        }
        check::between(&format!("{at}.fee"), self.fee, 0.0, 0.1)?;
        if let Some(split) = self.reverse_split {
            check::above(&format!("{at}.reverse_split.below"), split.below, 0.0)?;
            check::above(&format!("{at}.reverse_split.ratio"), split.ratio, 1.0)?;
        }
        check::above(&format!("{at}.price"), self.price, 0.0)
    }
}

/// Shares of funds at a close, as functions of the factors there: `P max(1 + L (B(x)/B − 1), 0)`, B = w F₁ + (1 − w) F₂.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Funds {
    /// Calendar days to the settlements of the two futures held.
    days: [Col; 2],
    /// Their recorded over modelled prices.
    basis: [Col; 2],
    /// Share of the contracts that are the first one's.
    weight: Col,
    /// B
    basket: Col,
    /// Per fund a share of it.
    shares: Vec<Share>,
}

/// A share of a fund.
#[derive(Clone, Debug, PartialEq)]
struct Share {
    /// P, dollars: of a share of session 0.
    price: Col,
    /// Shares of session 0 that one share is by now.
    merged: Col,
    /// L
    leverage: f64,
    /// Share of its value that the fund costs a year.
    fee: f64,
}

impl Funds {
    /// Shares at session 0.
    pub fn new(funds: &[FundSpec]) -> Self {
        let share = |fund: &FundSpec| Share {
            price: Col::splat(fund.price),
            merged: Col::splat(1.0),
            leverage: fund.leverage,
            fee: fund.fee,
        };
        Self { shares: funds.iter().map(share).collect(), ..Self::default() }
    }

    /// A copy that allocates nothing where there are as many funds.
    pub(super) fn take(&mut self, from: &Self) {
        let Self { days, basis, weight, basket, shares } = self;
        (*days, *basis, *weight, *basket) = (from.days, from.basis, from.weight, from.basket);
        shares.clone_from(&from.shares);
    }

    /// What a share of session 0 is worth with the factors of `state`, dollars.
    pub fn share(&self, surface: &Surface, state: &State, fund: usize, out: &mut Col) {
        let Share { price, leverage, .. } = &self.shares[fund];
        let mut basket = Col::default();
        self.price_basket(surface, state, [0.0; 2], &mut basket);
        for i in 0..LANES {
            out[i] = price[i] * (1.0 + leverage * (basket[i] / self.basket[i] - 1.0)).max(0.0);
        }
    }

    /// What a share of session 0 was worth at the close that this belongs to, dollars.
    pub fn close(&self, fund: usize, lane: usize) -> f64 {
        self.shares[fund].price[lane]
    }

    /// Shares of session 0 that one share is by now, after splits in reverse.
    pub fn merged(&self, fund: usize) -> &Col {
        &self.shares[fund].merged
    }

    /// The same shares at a price that is so many times as high.
    pub fn times(&mut self, fund: usize, factor: &Col) {
        for (price, factor) in self.shares[fund].price.iter_mut().zip(factor.iter()) {
            *price *= factor;
        }
    }

    /// What a share of session 0 is worth with the factors of `state`, and the options on it that expire in `days` calendar
    /// days.
    pub fn options(
        &self,
        (surface, state): (&Surface, &State),
        fund: usize,
        days: &Col,
        (share, slice): (&mut Col, &mut VixSlice),
    ) {
        self.share(surface, state, fund, share);
        let mut held = Col::default();
        for i in 0..LANES {
            held[i] = self.weight[i] * self.days[0][i] + (1.0 - self.weight[i]) * self.days[1][i];
        }
        let Share { leverage, fee, .. } = self.shares[fund];
        surface.share_slice(state, Underlying { price: share, held: &held, leverage, fee }, days, slice);
    }

    /// The same in a day, with the factors as they are: what a share earns by the roll, as a factor.
    pub fn rolled(&self, surface: &Surface, state: &State, fund: usize, out: &mut Col) {
        let leverage = self.shares[fund].leverage;
        self.price_basket(surface, state, [1.0; 2], out);
        for i in 0..LANES {
            out[i] = (1.0 + leverage * (out[i] / self.basket[i] - 1.0)).max(0.0);
        }
    }

    /// w F₁ + (1 − w) F₂ with so many days less.
    fn price_basket(&self, surface: &Surface, state: &State, less: [f64; 2], out: &mut Col) {
        let (mut days, mut price) = (Col::default(), Col::default());
        *out = Col::default();
        for contract in 0..2 {
            for i in 0..LANES {
                days[i] = (self.days[contract][i] - less[contract]).max(0.0);
            }
            surface.vx_dated(state, &days, &mut price);
            for i in 0..LANES {
                let weight = if contract == 0 { self.weight[i] } else { 1.0 - self.weight[i] };
                out[i] += weight * (price[i] * self.basis[contract][i]);
            }
        }
    }

    /// Holds what the roll says from session `since[i]` on, as seen on session `at[i]`, at a basis.
    fn hold(&mut self, roll: &Roll, schedule: &Schedule, since: &[u32; LANES], at: &[u32; LANES]) {
        for (days, contract) in self.days.iter_mut().zip([&roll.held.first, &roll.held.second]) {
            for i in 0..LANES {
                days[i] = f64::from(schedule.days_between(at[i], contract[since[i] as usize]));
            }
        }
        for i in 0..LANES {
            self.weight[i] = roll.held.weight[since[i] as usize];
        }
    }

    /// Recorded over modelled prices of what the roll says from session `since[i]` on, on session `step` of the lanes.
    fn observe(
        &mut self,
        roll: &Roll,
        model: &dyn Generator,
        (lanes, step): (&Lanes, u32),
        since: &[u32; LANES],
    ) {
        for (basis, contract) in self.basis.iter_mut().zip([&roll.held.first, &roll.held.second]) {
            *basis = Col::splat(1.0);
            let expiry: [u32; LANES] = std::array::from_fn(|i| contract[since[i] as usize]);
            model.vx_basis(lanes, step, &expiry, basis);
        }
    }
}

impl Roll {
    /// Gives the state of session 0 its funds.
    pub fn begin(
        &self,
        funds: &[FundSpec],
        schedule: &Schedule,
        (model, surface): (&dyn Generator, &Surface),
        lanes: &Lanes,
        now: &mut State,
    ) {
        let mut begun = Box::new(Funds::new(funds));
        begun.hold(self, schedule, &lanes.start, &lanes.start);
        begun.observe(self, model, (lanes, 0), &lanes.start);
        let mut basket = Col::default();
        begun.price_basket(surface, now, [0.0; 2], &mut basket);
        begun.basket = basket;
        now.funds = Some(begun);
    }

    /// Moves shares over a night to session `at[i]`, `step` of the lanes, of which `aged` has the factors of the close before
    /// and `now` today's: those of `aged` by the clock, those of `now` by both. `growth[i]` is what cash earns over the
    /// night, as a factor less one, `nights[i]` its calendar days.
    #[expect(clippy::too_many_arguments, reason = "a night: what is held, what prices it, what it earns")]
    pub fn night(
        &self,
        funds: &[FundSpec],
        schedule: &Schedule,
        (model, surface): (&dyn Generator, &Surface),
        (lanes, step): (&Lanes, u32),
        at: &[u32; LANES],
        (growth, nights): (&Col, &Col),
        [aged, now]: [&mut State; 2],
    ) {
        let Some(mut held) = aged.funds.take() else { return };
        let Some(mut next) = now.funds.take() else { return };
        let since: [u32; LANES] = std::array::from_fn(|i| at[i] - 1);
        let before = held.basket;
        // By the clock: what was held, at its basis of the close before.
        held.hold(self, schedule, &since, at);
        let mut basket = Col::default();
        held.price_basket(surface, aged, [0.0; 2], &mut basket);
        held.basket = basket;
        // By both: the same contracts at today's basis and factors.
        next.hold(self, schedule, &since, at);
        next.observe(self, model, (lanes, step), &since);
        next.price_basket(surface, now, [0.0; 2], &mut basket);
        let (worth, baskets) = ([&mut held.shares, &mut next.shares], [held.basket, basket]);
        for (shares, basket) in worth.into_iter().zip(&baskets) {
            for (Share { price, merged, leverage, .. }, fund) in shares.iter_mut().zip(funds) {
                // By the close before, from this session on: the same in both states.
                if let Some(ReverseSplit { below, ratio }) = fund.reverse_split {
                    for i in 0..LANES {
                        // What is worth nothing is not split.
                        let cheap = price[i] > 0.0 && price[i] * merged[i] < below;
                        merged[i] *= if cheap { ratio } else { 1.0 };
                    }
                }
                for i in 0..LANES {
                    let change = basket[i] / before[i] - 1.0;
                    let grown = (1.0 + *leverage * change + growth[i]).max(0.0);
                    price[i] *= grown * (1.0 - fund.fee * nights[i] / DAYS_PER_YEAR);
                }
            }
        }
        // From this close on the index holds what the roll says.
        next.hold(self, schedule, at, at);
        next.observe(self, model, (lanes, step), at);
        next.price_basket(surface, now, [0.0; 2], &mut basket);
        next.basket = basket;
        (aged.funds, now.funds) = (Some(held), Some(next));
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
    let priced = (model, &model.surface());
    let whole = [FundSpec { leverage: 1.0, fee: 0.0, price: 1.0, reverse_split: None }];
    let (still, mut aged, mut now) = (Col::default(), State::default(), State::default());
    for first in (0..paths).step_by(LANES) {
        let first_path = first_path + first as u64;
        let lanes = Lanes { seed, first_path, start: [origin; LANES], ..Lanes::default() };
        model.start(&lanes, &mut now);
        roll.begin(&whole, schedule, priced, &lanes, &mut now);
        for step in 1..=sessions {
            aged.clone_from(&now);
            model.session(&lanes, step, &mut now);
            let before = now.funds.as_ref().map_or(Col::default(), |funds| funds.shares[0].price);
            let at = [origin + step; LANES];
            roll.night(
                &whole,
                schedule,
                priced,
                (&lanes, step),
                &at,
                (&still, &still),
                [&mut aged, &mut now],
            );
            let after = now.funds.as_ref().map_or(Col::default(), |funds| funds.shares[0].price);
            for lane in 0..LANES.min(paths - first) {
                found[(first + lane) * columns + step as usize - 1] = after[lane] / before[lane] - 1.0;
            }
        }
    }
    Ok(found)
}
