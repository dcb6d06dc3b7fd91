//! The interface of a market model, and the one registry of them.

use std::sync::Arc;

use super::bars::day::Day;
use super::bates::Bates;
use super::draws::Shocks;
use super::fhs::Fhs;
use super::gbm::Gbm;
use super::l3f::L3f;
pub use super::lanes::{Lanes, Variates};
use super::pdv4::Pdv4;
use super::quote::Surface;
use super::recorded_chain::RecordedChain;
use super::replay::Replay;
use super::shock::Shock;
use super::spec::MarketSpec;
use super::state::State;
use crate::Result;
use crate::math::lanes::{Col, LANES};

/// A model of the market: where a path starts and how it moves.
///
/// Results depend on (seed, path, step) only, never on the block a path happens to be in.
pub trait Generator: Send + Sync + std::fmt::Debug {
    /// The state at session 0.
    fn start(&self, lanes: &Lanes, state: &mut State);

    /// Moves the state from session `step - 1` to session `step`; `step` = 1, 2, ….
    fn session(&self, lanes: &Lanes, step: u32, state: &mut State);

    /// The state at the opening of session `step`, given the closes of `step - 1` and `step`.
    ///
    /// Whatever reads openings, the closes stay as they are: the draws are of a purpose of their own.
    fn opening(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut State);

    /// Share of a session's variance before its opening.
    fn overnight_share(&self) -> f64;

    /// What the move from the close of `step - 1` to that of `step` consists of, for the bars inside the session.
    ///
    /// A [`Day`] that was filled before is filled anew; lanes are independent of each other.
    fn day(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut Day);

    /// What the morning's auction of VIX options makes of VIX at the opening of session `step`: settlement
    /// value of VIX products over VIX of that state.
    fn special_quotation(&self, lanes: &Lanes, step: u32, out: &mut Col) {
        let _ = (lanes, step);
        *out = Col::splat(1.0);
    }

    /// Recorded over modelled price, at session `step`, of the VX future that settles on session `expiry[i]` of
    /// the schedule; on that session itself, recorded final settlement over VIX at the opening.
    ///
    /// False, and `out` untouched, where the model has no recorded VX at all.
    fn vx_basis(&self, lanes: &Lanes, step: u32, expiry: &[u32; LANES], out: &mut Col) -> bool {
        let _ = (lanes, step, expiry, out);
        false
    }

    /// Recorded quotes of a product's options, by session of the schedule; `None` where its prices are the model's.
    fn recorded_chain(&self, product: &str) -> Option<Arc<RecordedChain>> {
        let _ = product;
        None
    }

    /// The normals of a session that antithetic, Sobol or importance draws may arrange; `None` where there are none, or
    /// the model does not draw them through [`Lanes`].
    fn shocks(&self) -> Option<Shocks> {
        None
    }

    /// Standard moves of the states; `None` where VIX does not move.
    fn shock(&self) -> Option<Shock>;

    /// Visits the sessions −window … −1 in order, as 0 … window − 1; never session 0. Those before a record began are NaN.
    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State));

    /// How the states are priced.
    fn surface(&self) -> Surface;

    /// How many sessions the model holds; `None` where there is no end to them. A caller that runs from
    /// `start` to `start + sessions` with a warm-up makes sure that all of those rows exist.
    fn rows(&self) -> Option<usize> {
        None
    }
}

/// The generator that a specification describes. A new model is one file and one line here.
pub fn generator(spec: &MarketSpec) -> Result<Box<dyn Generator>> {
    Ok(match spec {
        MarketSpec::L3f(spec) => Box::new(L3f::new(spec)?),
        MarketSpec::Pdv4(spec) => Box::new(Pdv4::new(spec)?),
        MarketSpec::Fhs(spec) => Box::new(Fhs::new(spec)?),
        MarketSpec::Bates(spec) => Box::new(Bates::new(spec)?),
        MarketSpec::Gbm(spec) => Box::new(Gbm::new(spec)?),
        MarketSpec::Replay(spec) => Box::new(Replay::new(spec)?),
    })
}
