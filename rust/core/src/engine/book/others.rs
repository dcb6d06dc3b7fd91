//! Which package a layer buys where it may buy several: the larger contract (R42), the tenor that decays less (R32).

use super::{Book, Context};
use crate::{
    engine::{layout::Prefer, package::Pool, select::Selection, size::FLOOR_SLACK},
    math::lanes::{Col, Mask},
};

impl Book {
    /// Leaves each order of a layer to one of its packages, by the quotes of its fill: to the first other one that is
    /// preferred, else to its own.
    pub fn settle_on(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        selections: &[Selection],
        chosen: &[Mask],
    ) {
        let own = ctx.layer(layer).pool;
        for other in &ctx.layer(layer).others {
            let (index, pool) = (other.layer, ctx.layer(other.layer).pool);
            let orders = std::mem::replace(&mut self.layers[index].open, Mask::NONE);
            let mut preferred = Mask::NONE;
            for i in (orders & self.layers[layer].open & chosen[pool]).lanes() {
                let better = match other.prefer {
                    // With hindsight a lot is a lot: of which contract says nothing.
                    Prefer::Lots { .. } if self.bought.is_some() => false,
                    Prefer::Lots { least } => {
                        let package = &pools[pool].packages[pools[pool].due_slot[i]];
                        let lots = self.would_buy(ctx, pools, index, package, &selections[pool], i);
                        (lots + FLOOR_SLACK).floor() >= least
                    }
                    Prefer::ThetaPerVega { .. } => {
                        let ratios = [own, pool].map(|pool| theta_per_vega(&selections[pool], i));
                        let known = chosen[own].get(i) && ratios.iter().all(|ratio| ratio.is_finite());
                        let told = if known { ratios } else { [f64::NAN; 2] };
                        for each in [layer, index] {
                            let state = &mut self.layers[each];
                            (state.weighed[0][i], state.weighed[1][i]) = (told[0], told[1]);
                        }
                        known && ratios[1] < ratios[0]
                    }
                };
                preferred.set(i, better);
            }
            self.layers[index].open = preferred;
            self.layers[layer].open = self.layers[layer].open & !preferred;
        }
    }

    /// What the reason of an opening says of a comparison of tenors.
    pub(super) fn weighed_words(&self, layer: usize, lane: usize) -> String {
        let [own, other]: [f64; 2] = self.layers[layer].weighed.each_ref().map(|column: &Col| column[lane]);
        if own.is_nan() {
            return String::new();
        }
        format!("; theta per vega {other:.4} a day of the longer tenor, {own:.4} of its own")
    }
}

/// What a calendar day takes from a unit, over what a VIX point gives it; missing where it gives nothing.
fn theta_per_vega(choice: &Selection, lane: usize) -> f64 {
    let vega = choice.sens[lane];
    if vega > 0.0 { -choice.day_change[lane] / vega } else { f64::NAN }
}
