//! What a roll sells and buys: the variance of both expiries (R83), and whether it costs too much (R58).

use super::{Book, Context, about};
use crate::{
    engine::{
        instrument::{Instrument, Quotes},
        layout::PoolPlan,
        package::{Market, Pool, remaining},
        plan::Plan,
        recorded::Anchor,
        select::Selection,
        spec::RollLimits,
        trace::Event,
    },
    market::SESSIONS_PER_YEAR,
    math::lanes::{Col, LANES, Mask},
    schedule::NO_EXPIRY,
};

/// One side of a roll.
#[derive(Debug, Default)]
struct Side {
    sessions: Col,
    days: Col,
    /// At-the-money total variance of SPX until the expiry.
    variance: Col,
    /// Time value of one unit a calendar day.
    extrinsic: Col,
}

/// Variances a year that a roll trades: of SPX until the old expiry, and from there until the new one.
#[derive(Clone, Copy, Debug)]
pub struct Variances {
    pub sold: f64,
    pub forward: f64,
}

impl Variances {
    /// Nothing was rolled, or there is nothing to roll to.
    pub const NONE: Self = Self { sold: f64::NAN, forward: f64::NAN };

    /// What the reason of the opening says of them (R83).
    pub fn words(self) -> String {
        let Self { sold, forward } = self;
        if sold.is_nan() || forward.is_nan() {
            return String::new();
        }
        let harvest = sold - forward;
        format!("; forward variance {forward:.4} a year bought for {sold:.4} sold: {harvest:+.4} harvested")
    }

    fn between(old: &Side, new: &Side, lane: usize) -> Self {
        let (near, far) = (old.variance[lane], new.variance[lane]);
        let (to, until) = (old.sessions[lane], new.sessions[lane]);
        if !(to > 0.0 && until > to) {
            return Self::NONE;
        }
        let forward = (far - near) / (until - to);
        Self { sold: near / to * SESSIONS_PER_YEAR, forward: forward * SESSIONS_PER_YEAR }
    }
}

/// What the rolls of a layer trade, by their dollars a point, and the lanes in which one was not done.
#[derive(Debug, Default)]
struct Traded {
    size: Col,
    sold: Col,
    forward: Col,
    kept: Mask,
}

/// A package, as far as a roll looks at it.
struct Rolled<'a> {
    expiry: &'a [u32; LANES],
    strikes: &'a [Col],
    value: &'a Col,
    basis: &'a Col,
    anchor: Option<&'a Anchor>,
}

impl Book {
    /// Finds what the rolls of a flat layer trade, and takes back those that cost too much; each with its reason.
    pub fn weigh_rolls(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        pools: &[Pool],
        selections: &mut [Selection],
    ) {
        let mut traded = Traded::default();
        for each in ctx.book.family(layer) {
            let lanes = self.layers[each].slots.iter().fold(Mask::NONE, |lanes, slot| lanes | slot.roll);
            if lanes.any() {
                let pool = ctx.layer(each).pool;
                self.weigh(ctx, each, &pools[pool], &mut selections[pool], lanes, &mut traded);
            }
        }
        let rolling = self.rolls(ctx.book, layer);
        let state = &self.layers[layer];
        // What settled before its fill was not weighed, and is not bought unweighed.
        let settled = if ctx.layer(layer).roll_limits.is_some() { state.rolled } else { Mask::NONE };
        let given_up = (traded.kept | settled) & !rolling;
        // Without its roll an order stands for nothing, unless it adds a part as well.
        let parts = !ctx.layer(layer).tranches.is_empty();
        let further = Mask::from_fn(|i| parts && state.adding[i] != state.bought[i]);
        for each in ctx.book.family(layer) {
            let state = &mut self.layers[each];
            state.rolled = state.rolled & !given_up;
            state.open = state.open & !(given_up & !further);
        }
        let Traded { size, sold, forward, .. } = traded;
        let state = &mut self.layers[layer];
        for i in 0..LANES {
            state.traded[0][i] = sold[i] / size[i];
            state.traded[1][i] = forward[i] / size[i];
        }
    }

    /// The rolls of one package of a layer.
    fn weigh(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        pool: &Pool,
        choice: &mut Selection,
        lanes: Mask,
        sums: &mut Traded,
    ) {
        let (plan, market, layout) = (ctx.plan, ctx.market, ctx.pool(layer));
        let limits = ctx.layer(layer).roll_limits;
        let listed: [u32; LANES] = std::array::from_fn(|i| layout.expiry[market.session[i] as usize]);
        let mut known = Mask::from_fn(|i| listed[i] != NO_EXPIRY);
        if limits.is_some() || layout.chain.is_some() {
            choice.select(plan, layout, market, lanes);
            known = known & choice.chosen(lanes);
        }
        let none: [Col; 0] = [];
        let offered = Rolled {
            expiry: &std::array::from_fn(|i| if known.get(i) { listed[i] } else { market.session[i] }),
            strikes: if limits.is_some() { &choice.strikes } else { &none },
            value: &choice.value,
            basis: &choice.basis,
            anchor: choice.anchor.as_deref(),
        };
        let new = side(plan, layout, market, &offered, limits.is_some());
        for slot in 0..self.layers[layer].slots.len() {
            let rolls = self.layers[layer].slots[slot].roll & self.holds(layer, slot);
            if !rolls.any() {
                continue;
            }
            let package = &pool.packages[slot];
            let held = Rolled {
                expiry: &package.expiry,
                strikes: &package.strikes,
                value: &package.value,
                basis: &package.basis,
                anchor: package.anchor.as_deref(),
            };
            let old = side(plan, layout, market, &held, limits.is_some());
            for i in rolls.lanes() {
                let traded = Variances::between(&old, &new, i);
                let dear = limits.and_then(|limits| too_dear(limits, &old, &new, traded, known.get(i), i));
                if let Some(reason) = dear {
                    self.layers[layer].slots[slot].roll.set(i, false);
                    sums.kept.set(i, true);
                    self.sum.rolls_kept[i] += 1.0;
                    let package = Some(package);
                    self.log(ctx, i, || Event { reason, ..about(ctx, "keep", layer, slot, package) });
                    continue;
                }
                let size = self.layers[layer].slots[slot].lots[i] * layout.contract.dpp;
                sums.size[i] += size;
                sums.sold[i] += size * traded.sold;
                sums.forward[i] += size * traded.forward;
            }
        }
    }

    /// Variances of the roll that the opening of a layer completes.
    pub(super) fn rolled_variances(&self, ctx: Context<'_>, layer: usize, lane: usize) -> Variances {
        let state = &self.layers[ctx.layer(layer).of];
        if !state.rolled.get(lane) || ctx.layer(layer).covered {
            return Variances::NONE;
        }
        let [sold, forward] = state.traded.each_ref().map(|column| column[lane]);
        Variances { sold, forward }
    }
}

/// Why a roll is not done; what is not known is no price that anybody would pay.
fn too_dear(
    limits: RollLimits,
    old: &Side,
    new: &Side,
    traded: Variances,
    known: bool,
    lane: usize,
) -> Option<String> {
    if !known {
        return Some("roll: nothing to roll to".into());
    }
    let fits = |paid: f64, limit: f64, sold: f64| paid <= limit * sold;
    let (bought, sold) = (new.extrinsic[lane], old.extrinsic[lane]);
    if let Some(limit) = limits.extrinsic_per_day.filter(|limit| !fits(bought, *limit, sold)) {
        let words = format!("time value of {bought:.4} a day for {sold:.4}, more than {limit} times");
        return Some(format!("roll: {words}"));
    }
    let Variances { sold, forward } = traded;
    let limit = limits.forward_variance.filter(|limit| !fits(forward, *limit, sold))?;
    Some(format!("roll: forward variance of {forward:.4} a year for {sold:.4}, more than {limit} times"))
}

/// What is left of an expiry and of a package that ends with it.
fn side(plan: &Plan, layout: &PoolPlan, market: &Market, of: &Rolled<'_>, extrinsic: bool) -> Side {
    let mut side = Side::default();
    remaining(plan, layout, market, of.expiry, &mut side.sessions, &mut side.days);
    let instrument = layout.contract.instrument;
    let mut quotes = Quotes::default();
    let spx = Instrument::SpxOption;
    quotes.quote(spx, &plan.surface, &market.now, &side.sessions, &side.days, of.basis);
    if let Some(anchor) = of.anchor {
        anchor.apply(&mut quotes.spx);
    }
    side.variance = quotes.spx.theta;
    if !extrinsic || instrument == Instrument::VixFuture {
        return side;
    }
    let (mut forward, mut discount) = (quotes.spx.forward, quotes.spx.discount);
    if instrument.is_volatility_option() {
        quotes.quote(instrument, &plan.surface, &market.now, &side.sessions, &side.days, of.basis);
        (forward, discount) = (quotes.vix.forward, quotes.vix.discount);
        for i in 0..LANES {
            forward[i] *= of.basis[i];
        }
    }
    side.extrinsic = *of.value;
    for (leg, strike) in layout.legs.iter().zip(of.strikes) {
        for i in 0..LANES {
            let intrinsic = (leg.right.sign() * (forward[i] - strike[i])).max(0.0);
            side.extrinsic[i] -= f64::from(leg.ratio) * discount[i] * intrinsic;
        }
    }
    // Of the same shares on both sides of a roll, however many became one between them.
    let shares = if instrument.fund().is_some() { *of.basis } else { Col::splat(1.0) };
    for i in 0..LANES {
        side.extrinsic[i] /= side.days[i] * shares[i];
    }
    side
}
