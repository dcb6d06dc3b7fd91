//! The worst bar of a session: what packages would be worth, and ask, at a moment that no close shows.

use serde::Deserialize;

use super::{
    instrument::{Instrument, Quotes},
    layout::PoolPlan,
    package::{Market, Package, remaining},
    plan::{Plan, within},
};
use crate::{
    Result,
    margin::{Basis, Loss},
    market::{shock::Shock, state::State},
    math::{
        lanes::{Col, LANES},
        special::ln,
    },
};

/// How far a bar within a session lies from its close.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarSpec {
    /// Change of SPX, a share.
    pub spot: f64,
    /// VIX over that of the close.
    pub vix: f64,
}

impl BarSpec {
    /// Refuses what no bar can be.
    pub fn check(&self) -> Result<()> {
        within("worst_bar.spot", self.spot, -0.99, 1.0)?;
        within("worst_bar.vix", self.vix, 1.0, 10.0)
    }

    /// The market at the bar: SPX and VIX move, rates stay; where VIX does not move, SPX alone.
    pub fn state(&self, shock: Option<&Shock>, close: &State, out: &mut State) {
        match shock {
            Some(shock) => shock.vix_factor(close, self.vix, out),
            None => out.clone_from(close),
        }
        let fall = ln::<false>(1.0 + self.spot);
        out.ln_s.iter_mut().for_each(|ln_s| *ln_s += fall);
    }
}

/// The market of a bar.
#[derive(Debug, Default)]
pub struct Bar {
    /// Its state.
    pub state: State,
    /// Its VIX.
    pub vix: Col,
    quotes: Quotes,
    sessions: Col,
    days: Col,
}

/// A package at the bar, per unit.
#[derive(Clone, Debug)]
pub struct AtBar {
    /// V: value of one unit to its holder.
    pub value: Col,
    /// Margin of a future.
    pub margin: Col,
    /// What portfolio margin makes of it.
    pub loss: Option<Loss>,
    basis: Basis,
    prices: Vec<Col>,
}

impl AtBar {
    /// A package that is worth nothing.
    pub fn new(legs: usize, moved: bool) -> Self {
        Self {
            value: Col::default(),
            margin: Col::default(),
            loss: moved.then(Loss::default),
            basis: Basis::new(legs),
            prices: vec![Col::default(); legs.max(1)],
        }
    }
}

impl Bar {
    /// Prices a package, and asks what it requires.
    pub fn price(&mut self, plan: &Plan, pool: &PoolPlan, market: &Market, package: &mut Package) {
        let Self { state, vix, quotes, sessions, days } = self;
        let Some(mut at) = package.at_bar.take() else { return };
        let instrument = pool.contract.instrument;
        remaining(plan, pool, market, &package.expiry, sessions, days);
        quotes.quote(instrument, &plan.surface, state, sessions, days, &package.basis);
        if let Some(anchor) = &package.anchor {
            anchor.apply(&mut quotes.spx);
        }
        quotes.value(pool, &package.strikes, &mut at.value, Some(&mut at.prices));
        for i in 0..LANES {
            at.value[i] += package.residual[i];
        }
        if instrument == Instrument::VixFuture {
            for i in 0..LANES {
                at.margin[i] = pool.contract.margin(at.value[i], days[i], vix[i]);
            }
        }
        if let (Some(grid), Some(loss)) = (plan.margin.grid(), &mut at.loss) {
            quotes.basis(pool, &package.strikes, &at.prices, &[], &mut at.basis);
            grid.losses(pool.moved(&package.strikes, &at.prices, &at.basis), vix, loss);
        }
        package.at_bar = Some(at);
    }
}
