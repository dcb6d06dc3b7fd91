//! What a book holds before its first decision.

use super::{Book, CORE, Context, SLEEVE};
use crate::{
    engine::{layout::BeginPlan, package::Pool, spec::HeldSpec},
    math::lanes::{Col, LANES},
};

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
        // So many tranches of a layer are held: those that come first (R28).
        for (layer, _) in ctx.book.shown() {
            let held = self.slots_of(ctx.book, layer).filter(|slot| slot.lots[0] > 0.0).count();
            self.layers[layer].bought = [(1_u32 << held.min(16)) - 1; LANES];
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
