//! R64: (cash and bills + haircut liquid longs) / (requirement + one-day stress) of a ledger, and what it blocks.

use super::{Book, Context, about};
use crate::{
    engine::{
        instrument::Instrument,
        package::{Package, Pool},
        spec::LiquiditySpec,
        trace::Event,
    },
    math::lanes::LANES,
};

/// Both sides of the ratio of a ledger, dollars; cash earns the bill rate and is all there is of bills.
#[derive(Clone, Copy, Debug)]
struct Liquidity {
    liquid: f64,
    needed: f64,
}

impl Liquidity {
    /// Missing where nothing is needed.
    fn ratio(self) -> f64 {
        if self.needed > 0.0 { self.liquid / self.needed } else { f64::NAN }
    }
}

impl Book {
    /// Is an opening of so many lots, each for `profit` dollars of cash, blocked? Counts what is, and what is warned of.
    #[allow(clippy::too_many_arguments, reason = "an order has this many parts")]
    pub(super) fn blocks(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        (lots, profit): (f64, f64),
    ) -> bool {
        let Some(rule) = ctx.book.liquidity else { return false };
        let ledger = ctx.layer(layer).ledger;
        let held = self.liquidity(ctx, pools, rule, ledger, lane);
        let unit = unit(ctx, layer, package, rule, lane);
        let dollars = lots * ctx.pool(layer).contract.dpp;
        let required = self.required_with(ctx, pools, layer, package, lots, lane)
            - self.required(ctx, pools, ledger, lane);
        let after = Liquidity {
            liquid: held.liquid + lots * profit + dollars * unit.liquid,
            needed: held.needed + required + dollars * unit.needed,
        };
        let ratio = after.ratio();
        self.sum.warned[lane] += f64::from(ratio < rule.warn);
        let blocked = ratio < rule.block;
        if blocked {
            self.sum.blocked[lane] += 1.0;
            self.log(ctx, lane, || Event {
                reason: format!("liquidity ratio {ratio:.3} below {}", rule.block),
                lots,
                price: package.credit[lane],
                ..about(ctx, "block", layer, slot, Some(package))
            });
        }
        blocked
    }

    /// The lowest ratio so far, and the ticks on which some ledger is below its thresholds.
    pub(super) fn count_liquidity(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let Some(rule) = ctx.book.liquidity else { return };
        for i in 0..LANES {
            let ratios = ctx.ledgers().map(|ledger| self.liquidity(ctx, pools, rule, ledger, i).ratio());
            // min ignores what is missing on either side.
            let lowest = ratios.fold(f64::NAN, f64::min);
            self.sum.liquidity_low[i] = self.sum.liquidity_low[i].min(lowest);
            self.sum.sessions_warned[i] += f64::from(lowest < rule.warn);
            self.sum.sessions_blocked[i] += f64::from(lowest < rule.block);
        }
    }

    fn liquidity(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        rule: LiquiditySpec,
        ledger: usize,
        lane: usize,
    ) -> Liquidity {
        let mut sides =
            Liquidity { liquid: self.cash[ledger][lane], needed: self.required(ctx, pools, ledger, lane) };
        for layer in (0..self.layers.len()).filter(|&layer| ctx.layer(layer).ledger == ledger) {
            let part = |side: fn(Liquidity) -> f64| {
                self.held(ctx, pools, layer, |package| side(unit(ctx, layer, package, rule, lane)), lane)
            };
            sides.liquid += part(|unit| unit.liquid);
            sides.needed += part(|unit| unit.needed);
        }
        sides
    }
}

/// What one unit adds to both sides besides its cash and its requirement, points of the underlying.
fn unit(ctx: Context<'_>, layer: usize, package: &Package, rule: LiquiditySpec, lane: usize) -> Liquidity {
    let contract = &ctx.pool(layer).contract;
    let value = package.value[lane];
    let loss = match contract.instrument {
        Instrument::VixFuture => contract.stress(value),
        _ if value < 0.0 => (-package.stress[lane]).max(0.0),
        _ => 0.0,
    };
    Liquidity { liquid: (1.0 - rule.haircut) * package.worth[lane].max(0.0), needed: loss }
}
