//! What happens to a book inside a session: tranches closed on their mark, and the close that explains them (R13).

use super::{Book, Closing, Context};
use crate::{
    engine::package::{Closed, Package},
    math::lanes::Mask,
};

impl Book {
    /// Adds exit orders of one slot to those that wait for a bar at which they can be filled.
    pub fn add_exit(&mut self, layer: usize, slot: usize, lanes: Mask) {
        let exit = &mut self.layers[layer].slots[slot].exit;
        *exit = *exit | lanes;
    }

    /// Closes what was ordered, where it can be filled at this instant; the lanes in which something was.
    pub fn close_inside(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        can_fill: Mask,
    ) -> Mask {
        let state = &mut self.layers[layer].slots[slot];
        let orders = state.exit & can_fill;
        state.exit = state.exit & !orders;
        let filled = Mask::from_fn(|i| orders.get(i) && state.lots[i] > 0.0);
        for i in filled.lanes() {
            let state = &mut self.layers[layer].slots[slot];
            state.left[i] = state.lots[i];
            self.close(ctx, layer, slot, package, i, Closing::Rule);
        }
        filled
    }

    /// What the market did, from the close before to their fills, to tranches closed inside the session.
    pub fn carry_closed(&mut self, ctx: Context<'_>, layer: usize, slot: usize, closed: &Closed) {
        let dpp = ctx.pool(layer).contract.dpp;
        let Self { layers, sum, .. } = self;
        let of_layer = &mut layers[layer];
        for i in closed.lanes.lanes() {
            let dollars = std::mem::take(&mut of_layer.slots[slot].left[i]) * dpp;
            let [time, spot, level, smile] = closed.steps.each_ref().map(|step| dollars * step[i]);
            sum.time[i] += time;
            sum.spot[i] += spot;
            sum.level[i] += level;
            sum.smile[i] += smile;
            of_layer.pnl[i] += time + spot + level + smile;
        }
    }
}
