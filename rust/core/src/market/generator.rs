//! The interface of a market model, and the one registry of them.

use super::gbm::Gbm;
use super::l3f::L3f;
use super::quote::Surface;
use super::replay::Replay;
use super::spec::MarketSpec;
use super::state::State;
use crate::Result;
use crate::math::lanes::LANES;

/// Which paths a block holds.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Seed of the run.
    pub seed: u64,
    /// Lane `i` is path `first_path + i`.
    pub first_path: u64,
    /// Per lane, the row of session 0 in the replayed arrays; simulated models ignore it.
    pub start: [u32; LANES],
}

/// A model of the market: where a path starts and how it moves.
///
/// Results depend on (seed, path, step) only, never on the block a path happens to be in.
pub trait Generator: Send + Sync + std::fmt::Debug {
    /// The state at session 0.
    fn start(&self, lanes: &Lanes, state: &mut State);

    /// Moves the state from session `step - 1` to session `step`; `step` = 1, 2, ….
    fn session(&self, lanes: &Lanes, step: u32, state: &mut State);

    /// Visits the sessions −window … −1 in order, as 0 … window − 1; never session 0.
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
        MarketSpec::Gbm(spec) => Box::new(Gbm::new(spec)?),
        MarketSpec::Replay(spec) => Box::new(Replay::new(spec)?),
    })
}
