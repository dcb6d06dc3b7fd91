//! What a book has ordered, in words that a person can follow: read, never changed.

use super::{Book, Context};
use crate::{
    engine::{
        package::Pool,
        signals::challenge,
        trace::{Decision, Held, LayerDecision},
    },
    math::lanes::Tri,
    rules::program::Memory,
};

impl Book {
    /// The orders of lane 0, after every rule has spoken.
    pub fn decided(&self, ctx: Context<'_>, pools: &[Pool], enters: &[(Memory, Tri)]) -> Decision {
        let exposure = self.exposure(ctx, pools, 0);
        let measured = ctx.book.hedged && ctx.market.shocks;
        Decision {
            tick: ctx.tick,
            available: self.available.each_ref().map(|column| column[0]),
            requirement: self.requirement.each_ref().map(|column| column[0]),
            vega: [exposure.core, exposure.hedge].map(|vega| if measured { vega } else { f64::NAN }),
            transfers: self.transfers.iter().map(|lanes| lanes.get(0)).collect(),
            layers: (ctx.book.shown())
                .map(|(layer, _)| self.layer_decided(ctx, pools, enters, layer))
                .collect(),
        }
    }

    fn layer_decided(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        enters: &[(Memory, Tri)],
        layer: usize,
    ) -> LayerDecision {
        let plan = ctx.layer(layer);
        let decides = &ctx.pool(layer).decides;
        let withheld = [false, true].map(|rolls| {
            let may = plan.permitted(rolls, enters, &ctx.market.session).get(0);
            if may { String::new() } else { plan.objections(rolls, enters, 0) }
        });
        let said = |rule: usize| {
            let said = enters[rule].1;
            let known = if said.truth.get(0) { 1.0 } else { 0.0 };
            if said.known.get(0) { known } else { f64::NAN }
        };
        let slots = |layer: usize| (0..self.layers[layer].slots.len()).map(move |slot| (layer, slot));
        let (parts, further) = if plan.tranches.is_empty() { (vec![], None) } else { self.parts_told(layer) };
        LayerDecision {
            due: decides
                .as_ref()
                .map_or(self.flat(ctx.book, layer).get(0), |decides| decides[ctx.market.session[0] as usize]),
            enter: plan.enter.map(said),
            press: plan.press.as_ref().map(|press| said(press.when)),
            withheld,
            open: ctx.book.family(layer).any(|each| self.layers[each].open.get(0)),
            factor: self.layers[layer].factor[0],
            parts,
            further,
            held: (ctx.book.packages(layer).flat_map(slots))
                .filter(|&(layer, slot)| self.holds(layer, slot).get(0))
                .map(|(layer, slot)| self.held_decided(ctx, pools, layer, slot))
                .collect(),
        }
    }

    fn held_decided(&self, ctx: Context<'_>, pools: &[Pool], layer: usize, slot: usize) -> Held {
        let (state, package) = (&self.layers[layer].slots[slot], ctx.package(pools, layer, slot));
        let (exit, roll) = (state.exit.get(0), state.roll.get(0));
        let sells = !exit && !roll && ctx.layer(layer).sells_in_part();
        Held {
            slot: ctx.place(layer, slot),
            other: ctx.other(layer),
            lots: [state.lots[0], state.entry_lots[0]],
            entered: package.entered[0],
            expiry_day: ctx.plan.schedule.day(package.expiry[0]),
            days: ctx.plan.schedule.days_between(ctx.market.session[0], package.expiry[0]),
            strikes: package.strikes.iter().map(|strike| strike[0]).collect(),
            leg_prices: package.leg_prices.iter().map(|price| price[0]).collect(),
            credit: package.credit[0],
            value: package.value[0],
            // What is sold against a hedge has no break-even of SPX.
            challenge: if ctx.layer(layer).covered {
                f64::NAN
            } else {
                challenge(ctx.pool(layer), package, 0, ctx.market.spot[0])
            },
            exit,
            roll,
            sell: if sells { self.lots_to_sell(ctx, layer, slot, 0).max(0.0) } else { 0.0 },
            resize: self.layers[layer].trims.get(slot).map_or(0.0, |trims| trims[0]),
            write: ctx.layer(layer).short.is_some_and(|short| self.writes(short.layer, slot).get(0)),
        }
    }
}
