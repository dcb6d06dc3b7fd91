//! The best that each hedge tranche of one book could have been closed for, with hindsight.

use super::{
    book::{Book, closed_for},
    layout::BookPlan,
    package::Pool,
    plan::Plan,
};
use crate::{engine::package::Market, math::lanes::LANES};

/// Names of the columns, in order: an element per tranche bought, dollars a lot. `best` is the highest P&L, net of slip
/// and fees, at which any fill from the session after its opening on, its settlement, or the mark at T left it.
pub const NAMES: &[&str] = &["lane", "layer", "tick", "outlay", "expected_cost", "best"];

/// A tranche of a hedge, dollars a lot.
#[derive(Clone, Copy, Debug)]
pub struct Bought {
    /// Lane, layer and slot.
    pub place: (usize, usize, usize),
    /// The layer of the specification.
    pub of: usize,
    /// Of its opening.
    pub tick: u32,
    /// Cash needed to open it, margin and a day's stress included.
    pub outlay: f64,
    /// Expected cost until its planned end (R61).
    pub expected_cost: f64,
    /// Highest P&L so far.
    pub best: f64,
}

/// Every hedge tranche of one book.
#[derive(Debug)]
pub struct Foresight {
    book: usize,
    bought: Vec<Bought>,
    /// Per layer, slot and lane the tranche that was bought last; none in the slots of what the book began with.
    last: Vec<Vec<[usize; LANES]>>,
}

impl Foresight {
    /// Nothing bought yet.
    pub fn new(plan: &Plan, book: usize) -> Self {
        let layers = plan.books[book].layers.iter();
        let slots = layers.map(|layer| vec![[0; LANES]; plan.pools[layer.pool].slots]);
        Self { book, bought: vec![], last: slots.collect() }
    }

    /// A new block of paths begins.
    pub fn watch(&self, books: &mut [Book]) {
        books[self.book].bought = Some(vec![]);
    }

    /// What the fills of a tick bought.
    pub fn enter(&mut self, books: &mut [Book]) {
        for bought in books[self.book].bought.get_or_insert_default().drain(..) {
            let (lane, layer, slot) = bought.place;
            self.last[layer][slot][lane] = self.bought.len();
            self.bought.push(bought);
        }
    }

    /// What closing would bring at today's quotes, before anything trades; at T the mark, too.
    pub fn observe(&mut self, plan: &Plan, books: &[Book], pools: &[Pool], market: &Market) {
        let layers: &BookPlan = &plan.books[self.book];
        let book = &books[self.book];
        for (index, _) in layers.layers.iter().enumerate().filter(|(_, layer)| layer.hedges()) {
            for slot in 0..self.last[index].len() {
                for lane in book.holds(index, slot).lanes() {
                    let tranche = &mut self.bought[self.last[index][slot][lane]];
                    let now = closed_for(plan, layers, pools, market, (lane, index, slot));
                    tranche.best = tranche.best.max(now);
                }
            }
        }
    }

    /// Per name, an element per tranche of the first `live` lanes; what was recorded is gone then.
    pub fn take(&mut self, live: usize) -> Vec<Vec<f64>> {
        let mut bought = std::mem::take(&mut self.bought);
        bought.retain(|each| each.place.0 < live);
        bought.sort_by_key(|each| (each.place.0, each.tick, each.of));
        let column = |value: &dyn Fn(&Bought) -> f64| bought.iter().map(value).collect();
        vec![
            column(&|each| each.place.0 as f64),
            column(&|each| each.of as f64),
            column(&|each| f64::from(each.tick)),
            column(&|each| each.outlay),
            column(&|each| each.expected_cost),
            column(&|each| each.best),
        ]
    }
}
