//! Hedges that are reviewed at every close: what they hold beyond their band is sold down to the wanted size (R40, R82).

use super::{Book, Context};
use crate::{
    engine::{
        package::{Package, Pool},
        size::FLOOR_SLACK,
        spec::SizeTarget,
    },
    math::lanes::{Col, LANES},
};

/// What a layer wants and holds, in the measure of its target.
struct Measured {
    wanted: f64,
    held: f64,
}

impl Book {
    /// Partial sales of the layers that are reviewed, from this tick's marks and the other orders of this close.
    pub fn order_reviews(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        if self.bought.is_some() {
            return; // followed for foresight: every tranche is held as it was bought
        }
        // A layer once, whichever of its packages it holds.
        let reviewed = |&layer: &usize| ctx.layer(layer).size.review && ctx.layer(layer).of == layer;
        for layer in (0..self.layers.len()).filter(reviewed) {
            for each in ctx.book.family(layer) {
                self.layers[each].trims.fill(Col::default());
            }
            for i in (self.trading() & !self.flat(ctx.book, layer)).lanes() {
                if let Some(measured) = self.measured(ctx, pools, layer, i) {
                    self.order_trims(ctx, pools, layer, &measured, i);
                }
            }
        }
    }

    fn order_trims(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        measured: &Measured,
        lane: usize,
    ) {
        let mut excess = measured.held - measured.wanted;
        if excess <= ctx.layer(layer).size.band * measured.wanted {
            return;
        }
        let packages = |each: usize| pools[ctx.layer(each).pool].packages.len();
        let family =
            ctx.book.family(layer).flat_map(|each| (0..packages(each)).map(move |slot| (each, slot)));
        let mut slots: Vec<(usize, usize)> =
            family.filter(|&(each, slot)| self.left(ctx, each, slot, lane) > 0.0).collect();
        // The nearest expiry first: it would have to be replaced first.
        slots.sort_by_key(|&(each, slot)| ctx.package(pools, each, slot).expiry[lane]);
        for (each, slot) in slots {
            let unit = self.unit_of(ctx, pools, (each, slot), lane);
            if unit > 0.0 {
                let most = self.left(ctx, each, slot, lane);
                let lots = (excess / unit + FLOOR_SLACK).floor().clamp(0.0, most);
                self.layers[each].trims[slot][lane] = lots;
                excess -= lots * unit;
            }
        }
    }

    /// What the layer wants and what it holds; `None` where there is nothing to measure it against.
    ///
    /// Of the core's dollars per VIX point the layer's own count here, not those of all hedges: what another layer
    /// covers is no reason to sell.
    fn measured(&self, ctx: Context<'_>, pools: &[Pool], layer: usize, lane: usize) -> Option<Measured> {
        let core = |unit: &dyn Fn(&Package) -> f64| -> f64 {
            let layers = (0..self.layers.len()).filter(|&layer| !ctx.layer(layer).hedges());
            layers.map(|layer| self.held_left(ctx, pools, layer, unit, lane)).sum()
        };
        let base = match ctx.layer(layer).size.target {
            SizeTarget::CoreVega => -core(&|package| package.sens[lane]),
            SizeTarget::CoreNotional | SizeTarget::CoreMaxLoss => core(&|package| package.risk[lane]),
            SizeTarget::CoreIndexNotional => core(&|_| 1.0),
            SizeTarget::Lots => 1.0,
            _ => unreachable!("check.rs refuses to review other targets"),
        };
        let of_package = |each: usize| -> f64 {
            let dpp = ctx.pool(each).contract.dpp;
            let left =
                (0..self.layers[each].slots.len()).map(|slot| (slot, self.left(ctx, each, slot, lane)));
            left.filter(|(_, lots)| *lots > 0.0)
                .map(|(slot, lots)| lots * dpp * (self.unit_of(ctx, pools, (each, slot), lane) / dpp))
                .sum()
        };
        let held = ctx.book.family(layer).map(of_package).sum();
        (base > 0.0).then(|| Measured { wanted: self.fraction(ctx, layer, lane) * base, held })
    }

    /// Σ left × dpp × `unit` of one layer.
    fn held_left(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        unit: &dyn Fn(&Package) -> f64,
        lane: usize,
    ) -> f64 {
        let dpp = ctx.pool(layer).contract.dpp;
        let packages = pools[ctx.layer(layer).pool].packages.iter().enumerate();
        let left = packages.map(|(slot, package)| (self.left(ctx, layer, slot, lane), package));
        left.filter(|(lots, _)| *lots > 0.0).map(|(lots, package)| lots * dpp * unit(package)).sum()
    }

    /// Lots of a slot that exits, rolls and partial sales of this close leave.
    fn left(&self, ctx: Context<'_>, layer: usize, slot: usize, lane: usize) -> f64 {
        let state = &self.layers[layer].slots[slot];
        if state.exit.get(lane) || state.roll.get(lane) {
            return 0.0;
        }
        let sold =
            if ctx.layer(layer).sells_in_part() { self.lots_to_sell(ctx, layer, slot, lane) } else { 0.0 };
        state.lots[lane] - sold.max(0.0)
    }

    /// Sells what the last review found beyond the band.
    pub(super) fn trim(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        for layer in (0..self.layers.len()).filter(|&layer| ctx.layer(layer).size.review) {
            for slot in 0..self.layers[layer].slots.len() {
                let trims = std::mem::take(&mut self.layers[layer].trims[slot]);
                for i in (0..LANES).filter(|&i| trims[i] > 0.0) {
                    let lots = trims[i].min(self.layers[layer].slots[slot].lots[i]);
                    if lots > 0.0 {
                        let package = ctx.package(pools, layer, slot);
                        self.sell(ctx, layer, slot, package, i, lots, "resize");
                        self.buy_back(ctx, pools, (layer, slot), i, (false, "beyond its band"));
                    }
                }
            }
        }
    }

    /// What one lot of a tranche is in the measure of the layer's target, of a diagonal both legs.
    fn unit_of(&self, ctx: Context<'_>, pools: &[Pool], (layer, slot): (usize, usize), lane: usize) -> f64 {
        let (dpp, package) = (ctx.pool(layer).contract.dpp, ctx.package(pools, layer, slot));
        match ctx.layer(layer).size.target {
            SizeTarget::CoreVega => {
                let own = package.sens[lane] * dpp;
                let lots = self.layers[layer].slots[slot].lots[lane];
                self.vega_sold(ctx, pools, layer, slot, lane).map_or(own, |sold| own + sold / lots)
            }
            SizeTarget::CoreNotional => (-package.credit[lane]).max(0.0) * dpp,
            SizeTarget::CoreMaxLoss => package.value[lane] * dpp,
            SizeTarget::CoreIndexNotional => dpp,
            _ => dpp / ctx.pool(ctx.layer(layer).of).contract.dpp,
        }
    }
}
