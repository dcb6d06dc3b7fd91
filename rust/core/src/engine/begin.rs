//! A book that begins with positions: its packages, as if the engine had opened them.

use super::{
    block::ExitMemory,
    book::{Book, Context},
    exposure::Exposure,
    layout::PoolPlan,
    package::{Market, Pool},
    plan::Plan,
    select::Selection,
    spec::HeldSpec,
};
use crate::{
    market::state::State,
    math::lanes::{Col, LANES, Mask},
};

/// Puts what books begin with in their slots and prices it at session 0.
///
/// An exit rule's windows over a tranche begin there: of the sessions before the engine knows the market, not the position.
pub(super) fn take_over(
    plan: &Plan,
    market: &Market,
    (pools, exposures): (&mut [Pool], &mut [Vec<Exposure>]),
    books: &mut [Book],
    exits: &mut [ExitMemory],
    selections: &mut [Selection],
) {
    for (book, layers) in books.iter_mut().zip(&plan.books) {
        let Some(begins) = &layers.begins else { continue };
        for (slot, held) in &begins.held {
            let index = layers.layers[held.layer].pool;
            let layout = &plan.pools[index];
            let cover = layout.covered_by.map(|long| pools[long].packages[*slot].strikes[0]);
            if let (Some(cover), Some(column)) = (cover, &mut pools[index].packages[*slot].cover) {
                **column = cover;
            }
            place(plan, layout, market, &mut pools[index], &mut selections[index], *slot, held);
            if let Some(exposure) = exposures[index].get_mut(*slot) {
                let package = &pools[index].packages[*slot];
                for i in 0..LANES {
                    exposure.take_over(i, package.entry_spot[i] * package.entry_sd[i]);
                }
            }
            for (_, memory) in plan.exits.iter().zip(exits.iter_mut()).filter(|(exit, _)| exit.pool == index)
            {
                memory.slots[*slot].reset_lanes(Mask::ALL);
            }
            book.hold(held, *slot);
        }
        for (pool, layout) in pools.iter_mut().zip(&plan.pools).filter(|(_, layout)| layout.begun > 0) {
            pool.revalue(plan, layout, market);
        }
        book.begin(Context { plan, book: layers, market, tick: 0 }, begins, pools);
    }
}

fn place(
    plan: &Plan,
    layout: &PoolPlan,
    market: &Market,
    pool: &mut Pool,
    selection: &mut Selection,
    slot: usize,
    held: &HeldSpec,
) {
    let package = &mut pool.packages[slot];
    (package.alive, package.held) = (Mask::ALL, Mask::ALL);
    package.expiry = [held.expiry; LANES];
    package.entered = Col::splat(-f64::from(held.age));
    for (strikes, strike) in package.strikes.iter_mut().zip(&held.strikes) {
        *strikes = Col::splat(*strike);
    }
    package.credit = Col::splat(held.credit);
    package.entry_value = Col::splat(held.entry_value);
    // The first mark is the lowest and the highest so far.
    package.excursions = [[f64::INFINITY, f64::NEG_INFINITY].map(Col::splat); 2];
    package.entry_spot = Col::splat(f64::NAN);
    package.entry_sd = Col::splat(f64::NAN);
    package.entry_delta = [[Col::splat(f64::NAN); 2]; 2];
    if let Some((state, session)) = opened(plan, market, held) {
        super::block::observe(plan, &state, &mut package.entry_spot, &mut Col::default());
        selection.look_back(plan, layout, (&state, session), package);
    }
    if let Some(spot) = held.entry_spot {
        package.entry_spot = Col::splat(spot);
    }
}

/// State and session of each lane at the close at which a tranche was opened; `None` where the path does not have it.
fn opened(plan: &Plan, market: &Market, held: &HeldSpec) -> Option<(State, [u32; LANES])> {
    if held.age == 0 {
        return Some((market.now.clone(), market.session));
    }
    if plan.starts.is_empty() || market.lanes.start.iter().any(|start| *start < held.age) {
        return None;
    }
    let mut lanes = market.lanes.clone();
    lanes.start = lanes.start.map(|start| start - held.age);
    let mut state = State::default();
    plan.generator.start(&lanes, &mut state);
    Some((state, lanes.start))
}
