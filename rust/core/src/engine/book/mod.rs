//! A book: cash, lots and chains. This module is the only code that changes a position.

mod mark;
mod trade;

use super::{
    layout::{BookPlan, LayerPlan, PoolPlan},
    package::{Market, Package, Pool},
    plan::Plan,
    summary::Summary,
    trace::Event,
};
use crate::math::lanes::{Col, Mask};

/// Money comparisons (refusal, call, liquidation) ignore differences below this, dollars.
const TOLERANCE: f64 = 1e-6;

/// What a chain remembers between its tranches (R10).
#[derive(Clone, Debug, Default)]
struct Chain {
    losses: Col,
    deficit: Col,
}

/// A tranche closed before expiry, followed to see what holding would have brought (R14, R17).
#[derive(Clone, Debug, Default)]
struct Early {
    lots: Col,
    cash: Col,
    by_rule: Mask,
}

/// Lots and pending orders of one layer.
#[derive(Clone, Debug)]
struct Layer {
    lots: Vec<Col>,
    exit: Vec<Mask>,
    open: Mask,
    chains: Vec<Chain>,
    base: Col,
    early: Vec<Early>,
}

impl Layer {
    fn new(pool: &PoolPlan) -> Self {
        Self {
            lots: vec![Col::default(); pool.slots],
            exit: vec![Mask::NONE; pool.slots],
            open: Mask::NONE,
            chains: vec![Chain::default(); pool.tranches],
            base: Col::splat(f64::NAN),
            early: vec![Early::default(); pool.slots],
        }
    }
}

/// Why a tranche is closed before its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Rule,
    Call,
    Ruin,
}

/// What a fill needs to know besides the book.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The compiled comparison.
    pub plan: &'a Plan,
    /// The book's part of it.
    pub book: &'a BookPlan,
    /// The market of this tick.
    pub market: &'a Market,
    /// This tick.
    pub tick: u32,
}

impl<'a> Context<'a> {
    fn pool(&self, layer: usize) -> &'a PoolPlan {
        &self.plan.pools[self.book.layers[layer].pool]
    }

    fn layer(&self, layer: usize) -> &'a LayerPlan {
        &self.book.layers[layer]
    }
}

/// The ledger of one lane, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// Cash.
    pub cash: f64,
    /// Cash and marks.
    pub nav: f64,
    /// Σ risk.
    pub requirement: f64,
    /// Does a call stand?
    pub call: bool,
}

/// One arm at one share, for every lane of the block.
#[derive(Debug)]
pub struct Book {
    cash: Col,
    nav: Col,
    requirement: Col,
    peak: Col,
    layers: Vec<Layer>,
    call: Mask,
    ruined: Mask,
    /// Ruined at the previous tick: to be closed at this one.
    closing: Mask,
    /// Figures of the path so far.
    pub sum: Summary,
    /// Events of lane 0, when the book is watched.
    pub events: Option<Vec<Event>>,
}

impl Book {
    /// A book with its capital in bills.
    pub fn new(plan: &Plan, book: &BookPlan) -> Self {
        let capital = Col::splat(plan.capital);
        Self {
            cash: capital,
            nav: capital,
            requirement: Col::default(),
            peak: capital,
            layers: book.layers.iter().map(|layer| Layer::new(&plan.pools[layer.pool])).collect(),
            call: Mask::NONE,
            ruined: Mask::NONE,
            closing: Mask::NONE,
            sum: Summary::default(),
            events: None,
        }
    }

    /// The ledger of one lane.
    pub fn ledger(&self, lane: usize) -> Ledger {
        Ledger {
            cash: self.cash[lane],
            nav: self.nav[lane],
            requirement: self.requirement[lane],
            call: self.call.get(lane),
        }
    }

    /// Lanes of a layer that want to open at the next fill.
    pub fn wants(&self, layer: usize) -> Mask {
        self.layers[layer].open
    }

    /// Lanes that are still in business.
    pub fn trading(&self) -> Mask {
        !self.ruined
    }

    /// Lanes in which a layer holds lots of a slot.
    pub fn holds(&self, layer: usize, slot: usize) -> Mask {
        let lots = &self.layers[layer].lots[slot];
        Mask::from_fn(|i| lots[i] > 0.0)
    }

    /// Lanes in which a layer follows an early closing of a slot.
    pub fn follows(&self, layer: usize, slot: usize) -> Mask {
        let lots = &self.layers[layer].early[slot].lots;
        Mask::from_fn(|i| lots[i] > 0.0)
    }

    /// Lanes in which a layer holds nothing at all.
    pub fn flat(&self, layer: usize) -> Mask {
        let lots = &self.layers[layer].lots;
        Mask::from_fn(|i| lots.iter().all(|slot| slot[i] == 0.0))
    }

    /// Orders decided at this tick: to be filled at the next.
    pub fn order_open(&mut self, layer: usize, lanes: Mask) {
        self.layers[layer].open = lanes;
    }

    /// Exit orders of one slot.
    pub fn order_exit(&mut self, layer: usize, slot: usize, lanes: Mask) {
        self.layers[layer].exit[slot] = lanes;
    }

    /// Σ risk held, dollars.
    fn risk_held(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> f64 {
        self.held(ctx, pools, |package| package.risk[lane], lane)
    }

    /// Σ V held, dollars.
    fn value_held(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> f64 {
        self.held(ctx, pools, |package| package.value[lane], lane)
    }

    fn held(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        unit: impl Fn(&Package) -> f64 + Copy,
        lane: usize,
    ) -> f64 {
        (0..self.layers.len()).map(|layer| self.layer_held(ctx, pools, layer, unit, lane)).sum()
    }

    /// Σ lots × dpp × `unit` of one layer, dollars.
    fn layer_held(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        unit: impl Fn(&Package) -> f64,
        lane: usize,
    ) -> f64 {
        let dpp = ctx.pool(layer).contract.dpp;
        let packages = &pools[ctx.layer(layer).pool].packages;
        let held = self.layers[layer].lots.iter().zip(packages).filter(|(lots, _)| lots[lane] > 0.0);
        held.map(|(lots, package)| lots[lane] * dpp * unit(package)).sum()
    }

    #[allow(clippy::too_many_arguments, reason = "an event has this many parts")]
    fn log(
        &mut self,
        ctx: Context<'_>,
        kind: &'static str,
        reason: String,
        lane: usize,
        at: Option<(usize, usize, Option<&Package>)>,
        lots: f64,
        price: f64,
        pnl: f64,
    ) {
        let Some(events) = self.events.as_mut().filter(|_| lane == 0) else { return };
        let package = at.and_then(|(.., package)| package);
        events.push(Event {
            tick: ctx.tick,
            kind,
            reason,
            layer: at.map(|(layer, ..)| layer),
            slot: at.map(|(_, slot, _)| slot),
            lots,
            price,
            pnl,
            strikes: package.map_or_else(Vec::new, |package| package.strikes.iter().map(|k| k[0]).collect()),
            expiry_day: package.map_or(0, |package| ctx.plan.schedule.day(package.expiry[0])),
        });
    }
}
