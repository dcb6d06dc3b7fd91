//! Layers that are bought in parts: which part the next opening adds (R28).

use super::{Book, Context, Layer};
use crate::{
    math::lanes::{LANES, Mask, Tri},
    rules::program::Memory,
};

/// Parts of a layer, a bit each, by lane.
pub(super) type Parts = [u32; LANES];

/// Of no part of any layer.
pub(super) const NO_PARTS: Parts = [0; LANES];

impl Book {
    /// Lanes in which a layer that holds something wants a further part: the first whose rule is true and that it has not
    /// bought since it was flat.
    ///
    /// None is added to what is being closed by rule. What is ordered in the other lanes is the first part, or, in place
    /// of what is rolled, those that there were.
    pub fn further_tranche(&mut self, ctx: Context<'_>, layer: usize, enters: &[(Memory, Tri)]) -> Mask {
        let plan = ctx.layer(layer);
        let mut further = Mask::NONE;
        if plan.tranches.is_empty() {
            return further;
        }
        let (flat, trading) = (self.flat(ctx.book, layer), self.trading());
        let slots = self.slots_of(ctx.book, layer);
        let leaving = slots.fold(Mask::NONE, |lanes, slot| lanes | slot.exit);
        let state = &mut self.layers[layer];
        for i in flat.lanes() {
            state.bought[i] = 0;
        }
        state.adding = state.bought.map(|bought| bought.max(1));
        state.asked = NO_PARTS;
        for (index, tranche) in plan.tranches.iter().enumerate() {
            let Some(rule) = tranche.when else { continue };
            for i in (enters[rule].1.is_true() & trading & !flat & !leaving & !further).lanes() {
                if state.bought[i] >> index & 1 == 0 {
                    state.asked[i] = 1 << index;
                    state.adding[i] |= state.asked[i];
                    further.set(i, true);
                }
            }
        }
        further
    }

    /// Takes back the part that may not be added in these lanes.
    pub fn withhold_parts(&mut self, layer: usize, lanes: Mask) {
        let state = &mut self.layers[layer];
        for i in lanes.lanes() {
            state.adding[i] = state.bought[i].max(1);
        }
    }

    /// Of lane 0, the parts that a layer has bought since it was flat, and the one that is asked for now; counted from 1.
    pub(super) fn parts_told(&self, layer: usize) -> (Vec<usize>, Option<usize>) {
        let numbers = |parts: u32| (1..=u32::BITS as usize).filter(move |part| parts >> (part - 1) & 1 == 1);
        let Layer { bought, asked, .. } = &self.layers[layer];
        (numbers(bought[0]).collect(), numbers(asked[0]).next())
    }

    /// Drops the orders of further parts where what they were to be added to is gone: it settled, or was closed by force.
    pub fn drop_lone_parts(&mut self, ctx: Context<'_>, layer: usize) {
        if ctx.layer(layer).tranches.is_empty() {
            return;
        }
        let flat = self.flat(ctx.book, layer);
        let state = &self.layers[layer];
        let further = Mask::from_fn(|i| state.bought[i] != 0 && state.adding[i] != state.bought[i]);
        let lone = flat & further & !state.rolled;
        for each in ctx.book.family(layer) {
            let state = &mut self.layers[each];
            state.open = state.open & !lone;
        }
    }

    /// The rule by which the pending opening is made, in words.
    pub(super) fn opens_by<'a>(&self, ctx: Context<'a>, layer: usize, lane: usize) -> &'a str {
        let of = ctx.layer(layer).of;
        let (plan, state) = (ctx.layer(of), &self.layers[of]);
        if state.rolled.get(lane) {
            return "roll";
        }
        let added = state.adding[lane] & !state.bought[lane];
        let part = plan.tranches.get(added.trailing_zeros() as usize);
        let rule = part.and_then(|tranche| tranche.when).or(plan.enter);
        rule.map_or("schedule", |rule| &ctx.plan.enters[rule].text)
    }
}
