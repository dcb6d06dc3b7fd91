//! What a book holds before its first decision.

use super::{Book, CORE, Context, SLEEVE};
use crate::{
    engine::{layout::BeginPlan, package::Pool, spec::HeldSpec},
    math::lanes::{Col, LANES},
};

/// Parts of a layer that a book begins with, a bit each: those that its positions name, then for each that names none
/// the first that is missing (R28). What is sold against them is no part.
fn parts_held(ctx: Context<'_>, layer: usize, begins: &BeginPlan) -> u32 {
    let bought = |held: &&HeldSpec| ctx.layer(held.layer).of == layer && !ctx.layer(held.layer).covered;
    let held = || begins.held.iter().map(|(_, held)| held).filter(bought);
    let all = 1_u32.checked_shl(ctx.layer(layer).tranches.len() as u32).map_or(u32::MAX, |above| above - 1);
    let named = held().flat_map(|held| &held.parts).fold(0_u32, |parts, part| parts | 1 << (part - 1));
    held().filter(|held| held.parts.is_empty()).fold(named, |parts, _| parts | parts.wrapping_add(1)) & all
}

impl Book {
    /// Puts lots in a slot without a trade: they were paid for before.
    pub fn hold(&mut self, held: &HeldSpec, slot: usize) {
        let layer = &mut self.layers[held.layer];
        let state = &mut layer.slots[slot];
        state.lots = Col::splat(held.lots);
        state.entry_lots = Col::splat(held.entry_lots);
        state.sold = Col::splat(held.entry_lots - held.lots);
    }

    /// Ledgers at session 0, when everything that is held has its price.
    pub fn begin(&mut self, ctx: Context<'_>, begins: &BeginPlan, pools: &[Pool]) {
        for ledger in [CORE, SLEEVE] {
            self.cash[ledger] = Col::splat(begins.cash[ledger]);
        }
        for (layer, _) in ctx.book.shown() {
            self.layers[layer].bought = [parts_held(ctx, layer, begins); LANES];
        }
        for i in 0..LANES {
            let nav = self.nav_now(ctx, pools, i);
            self.begun[i] = nav - ctx.plan.capital;
            self.peak[i] = nav.max(ctx.plan.capital);
            if let Some(tally) = &mut self.tally {
                tally.commit(0, i, None, begins.committed);
            }
        }
    }
}
