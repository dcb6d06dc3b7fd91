//! Lots of a hedge: its target, the limits that may bind, and which of them did (R22, R24, R42, R43, R61).

use super::{Book, Context, diagonal::short_vega, window::Window};
use crate::{
    engine::{
        foresight::Bought,
        package::{Package, Pool},
        select::Selection,
        size::FLOOR_SLACK,
        spec::{Cap, SizeTarget},
    },
    math::lanes::LANES,
};

/// R24: a credit spread is threatened beyond this share of the way to its break-even …
const THREATENED_CHALLENGE: f64 = 0.3;
/// … or with a loss above this multiple of its credit.
const THREATENED_LOSS: f64 = 1.0;
/// The move of SPX to which a future's response is measured: 1% down.
const FALL: f64 = 0.01;

/// Dollars per VIX point above which there is something to cover.
const EXPOSED: f64 = 1e-6;

/// Lots below which nothing is wanted, or nothing allowed.
pub(super) const NOTHING: f64 = 1e-9;

/// What limited a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Target,
    Budget,
    Funds,
    Cap,
    Rounding,
}

impl Limit {
    const fn words(self) -> &'static str {
        match self {
            Self::Target => "target met",
            Self::Budget => "limited by the budget",
            Self::Funds => "limited by free funds",
            Self::Cap => "limited by its cap",
            Self::Rounding => "less than one lot",
        }
    }
}

/// The unit on offer, dollars per lot.
struct Offer<'a> {
    package: &'a Package,
    dpp: f64,
    /// Premium paid; 0 for a future.
    premium: f64,
    /// Cash needed to open, margin and a day's stress included (R64).
    outlay: f64,
    /// Equity that opening takes, a day's stress included.
    cost: f64,
    /// Expected cost until the planned end (R61).
    expected_cost: f64,
    crash_gain: f64,
    fall_gain: f64,
    /// Dollars per VIX point of what is sold against it.
    short_vega: f64,
    /// Share of its own that what is sold against it leaves at least.
    least_kept: f64,
}

impl Offer<'_> {
    /// Change of value for one VIX point, of both legs of a diagonal.
    fn sens(&self, lane: usize) -> f64 {
        self.package.sens[lane] * self.dpp + self.short_vega
    }

    /// Does what is sold against it take too many of its dollars per VIX point? The fewer are left, the more lots would
    /// be wanted.
    fn outweighed(&self, lane: usize) -> bool {
        let (bare, left) = (self.package.sens[lane] * self.dpp, self.sens(lane));
        self.short_vega < 0.0 && (left <= 0.0 || left < self.least_kept * bare)
    }

    /// How much it leaves, in words.
    fn outweighed_words(&self, lane: usize) -> String {
        let (bare, left) = (self.package.sens[lane] * self.dpp, self.sens(lane));
        if left <= 0.0 {
            return "what is sold against it outweighs it".into();
        }
        let (kept, least) = (100.0 * left / bare, 100.0 * self.least_kept);
        format!("what is sold against it leaves {kept:.1}% of its dollars a VIX point, less than {least}%")
    }
}

/// Dollars per VIX point: what the core loses, and what the hedges gain.
#[derive(Clone, Copy)]
pub(super) struct Exposure {
    pub core: f64,
    pub hedge: f64,
}

impl Book {
    /// Buys as many lots as target and limits allow; says which of them bound.
    #[allow(clippy::too_many_arguments, reason = "a fill has this many parts")]
    pub(super) fn open_hedge(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        slot: usize,
        package: &Package,
        choice: &Selection,
        lane: usize,
    ) {
        let short_vega = short_vega(ctx, pools, layer, slot, lane);
        let least_kept = ctx.layer(layer).short.map_or(0.0, |short| short.least_kept);
        let offer = Offer { short_vega, least_kept, ..offer(ctx, layer, package, choice, lane) };
        if let Some(bought) = self.bought.as_mut() {
            // A book that is followed for foresight buys one lot of everything on offer.
            bought.push(Bought {
                place: (lane, layer, slot),
                of: ctx.layer(layer).of,
                tick: ctx.tick,
                outlay: offer.outlay,
                expected_cost: offer.expected_cost,
                best: f64::NEG_INFINITY,
            });
            self.enter(ctx, layer, slot, package, lane, [1.0, f64::NAN], "foresight".into());
            return;
        }
        let exposure = self.exposure(ctx, pools, lane);
        let target = self.target(ctx, pools, layer, &offer, exposure, lane);
        let (allowed, limit) = self.allowed(ctx, pools, layer, &offer, target, lane);
        self.count_coverage(ctx, layer, &offer, exposure, allowed, lane);
        if target < NOTHING {
            let lacking = ctx.layer(layer).size.target == SizeTarget::CoreVega
                && self.fraction(ctx, layer, lane) * exposure.core > exposure.hedge.max(0.0);
            let outweighed = lacking && offer.outweighed(lane);
            let why = if outweighed { offer.outweighed_words(lane) } else { "covered".into() };
            self.skip(ctx, layer, slot, Some(package), lane, why);
            return;
        }
        let band = ctx.layer(layer).size.band;
        let held = match ctx.layer(layer).size.target {
            SizeTarget::Lots => self.bought_lots(ctx, layer, lane),
            _ => self.own_lots(ctx, pools, layer, lane),
        };
        if band > 0.0 && target < band * (held + target) {
            self.skip(ctx, layer, slot, Some(package), lane, "within its band".into());
            return;
        }
        if let Some(reason) = wrong_signs(ctx, layer, package, choice, lane) {
            self.sum.r44_refused[lane] += 1.0;
            self.skip(ctx, layer, slot, Some(package), lane, reason);
            return;
        }
        let lots = (allowed + FLOOR_SLACK).floor();
        let profit = package.credit[lane] * offer.dpp - ctx.pool(layer).fees;
        // What is blocked is not bought: no limit of the layer's own has decided it.
        if lots >= 1.0 && self.blocks(ctx, pools, layer, slot, package, lane, (lots, profit)) {
            return;
        }
        let limit = if lots < 1.0 && allowed >= NOTHING { Limit::Rounding } else { limit };
        let count = match limit {
            Limit::Target => &mut self.sum.bound_target,
            Limit::Budget => &mut self.sum.bound_budget,
            Limit::Funds => &mut self.sum.bound_funds,
            Limit::Cap => &mut self.sum.bound_cap,
            Limit::Rounding => &mut self.sum.bound_rounding,
        };
        count[lane] += 1.0;
        if lots < 1.0 {
            self.skip_lots(ctx, layer, slot, Some(package), lane, allowed, limit.words().into());
            return;
        }
        self.sum.hedge_opened[lane] += 1.0;
        self.sum.premium_paid[lane] += lots * offer.premium;
        self.sum.expected_cost[lane] += lots * offer.expected_cost;
        if ctx.pool(layer).buys_puts {
            let held = package.sens[lane] > 0.0 && choice.rise_gain[lane] < 0.0;
            self.sum.r44_checked[lane] += 1.0;
            self.sum.r44_held[lane] += f64::from(held);
        }
        if let Some(tally) = self.tally.as_mut() {
            tally.commit(ctx.tick, lane, Some(ctx.layer(layer).of), lots * offer.expected_cost);
        }
        let rule = self.opens_by(ctx, layer, lane);
        let traded = self.rolled_variances(ctx, layer, lane).words();
        let weighed = self.weighed_words(layer, lane);
        let times = self.times_words(layer, lane);
        let reason = format!("{rule}; {}{times}{traded}{weighed}", limit.words());
        self.enter(ctx, layer, slot, package, lane, [lots, allowed], reason);
        self.write(ctx, pools, layer, slot, lane);
    }

    /// Dollars per VIX point of the core (what it loses) and of all hedges (what they gain).
    pub(super) fn exposure(&self, ctx: Context<'_>, pools: &[Pool], lane: usize) -> Exposure {
        let mut exposure = Exposure { core: 0.0, hedge: 0.0 };
        for layer in 0..self.layers.len() {
            let dollars = self.held(ctx, pools, layer, |package| package.sens[lane], lane);
            if ctx.layer(layer).hedges() {
                exposure.hedge += dollars;
            } else {
                exposure.core -= dollars;
            }
        }
        exposure
    }

    /// Σ over the core layers, dollars.
    fn core(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        lane: usize,
        unit: impl Fn(&Package) -> f64 + Copy,
    ) -> f64 {
        let core = (0..self.layers.len()).filter(|&layer| !ctx.layer(layer).hedges());
        core.map(|layer| self.held(ctx, pools, layer, unit, lane)).sum()
    }

    /// What the futures of a ledger may lose in a day, dollars (R64).
    pub(super) fn stress(&self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) -> f64 {
        let layers = (0..self.layers.len()).filter(|&layer| ctx.layer(layer).ledger == ledger);
        let loss = |layer: usize| {
            let contract = &ctx.pool(layer).contract;
            self.held(ctx, pools, layer, |package| contract.stress(package.value[lane]), lane)
        };
        layers.map(loss).sum()
    }

    /// Lots of what is on offer that come to what the layer holds: by dollars a point, and by shares of today where some
    /// became one since.
    fn own_lots(&self, ctx: Context<'_>, pools: &[Pool], layer: usize, lane: usize) -> f64 {
        let dollars = |each: usize| {
            let fund = ctx.pool(each).contract.instrument.fund().zip(ctx.market.now.funds.as_deref());
            let of_today = |package: &Package| {
                fund.map_or(1.0, |(fund, funds)| package.basis[lane] / funds.merged(fund)[lane])
            };
            self.held(ctx, pools, each, of_today, lane)
        };
        ctx.book.family(layer).map(dollars).sum::<f64>() / ctx.pool(layer).contract.dpp
    }

    /// Lots that the layer holds as they were bought, those of other packages by their dollars a point.
    fn bought_lots(&self, ctx: Context<'_>, layer: usize, lane: usize) -> f64 {
        let own = ctx.pool(layer).contract.dpp;
        let lots = |each: usize| -> f64 {
            let lots = self.layers[each].slots.iter().map(|slot| slot.lots[lane]).sum::<f64>();
            if each == layer { lots } else { lots * ctx.pool(each).contract.dpp / own }
        };
        ctx.book.family(layer).map(lots).sum()
    }

    /// Premium paid for what the layer holds, dollars.
    fn own_premium(&self, ctx: Context<'_>, pools: &[Pool], layer: usize, lane: usize) -> f64 {
        if !ctx.pool(layer).pays_premium() {
            return 0.0;
        }
        let paid = |each| self.held(ctx, pools, each, |package| (-package.credit[lane]).max(0.0), lane);
        ctx.book.family(layer).map(paid).sum()
    }

    /// `size.value` with its multiplier and weight, smaller where its rules said so (C3, R33, R40), of the parts that are
    /// held then (R28).
    pub(super) fn fraction(&self, ctx: Context<'_>, layer: usize, lane: usize) -> f64 {
        let plan = ctx.layer(layer);
        let state = &self.layers[layer];
        plan.size.value * plan.size.multiplier * state.factor[lane] * plan.share_of(state.adding[lane])
    }

    /// Lots of a package on offer that its layer would buy, before they are made whole.
    pub(super) fn would_buy(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        package: &Package,
        choice: &Selection,
        lane: usize,
    ) -> f64 {
        let offer = offer(ctx, layer, package, choice, lane);
        let exposure = self.exposure(ctx, pools, lane);
        let target = self.target(ctx, pools, layer, &offer, exposure, lane);
        self.allowed(ctx, pools, layer, &offer, target, lane).0
    }

    /// Lots that the layer wants to buy now, before any limit.
    fn target(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        offer: &Offer<'_>,
        exposure: Exposure,
        lane: usize,
    ) -> f64 {
        let fraction = self.fraction(ctx, layer, lane);
        let spot = ctx.market.spot[lane];
        let size = &ctx.layer(layer).size;
        let per = |dollars: f64, unit: f64| if unit > 0.0 { dollars / unit } else { 0.0 };
        let lots = match size.target {
            SizeTarget::CoreVega if exposure.core > 0.0 && !offer.outweighed(lane) => {
                per(fraction * exposure.core - exposure.hedge, offer.sens(lane))
            }
            SizeTarget::CoreVega => 0.0,
            SizeTarget::ThreatenedDelta => {
                let threatened = self.core(ctx, pools, lane, |package| {
                    let challenged = package.challenge[lane] > THREATENED_CHALLENGE;
                    let losing = package.loss_multiple(lane) > THREATENED_LOSS;
                    if challenged || losing {
                        package.threatened_delta(lane, spot, size.gross_short_leg)
                    } else {
                        0.0
                    }
                });
                per(fraction * threatened * FALL * spot, offer.fall_gain)
                    - self.own_lots(ctx, pools, layer, lane)
            }
            SizeTarget::CoreNotional => {
                let notional = self.core(ctx, pools, lane, |package| package.risk[lane]);
                per(fraction * notional - self.own_premium(ctx, pools, layer, lane), offer.premium)
            }
            SizeTarget::CoreIndexNotional => {
                let per_point = self.core(ctx, pools, lane, |_| 1.0);
                fraction * per_point / offer.dpp - self.own_lots(ctx, pools, layer, lane)
            }
            SizeTarget::CoreMaxLoss => {
                let most = self.core(ctx, pools, lane, |package| package.risk[lane]);
                let lots = per(fraction * most, offer.package.value[lane] * offer.dpp);
                lots - self.own_lots(ctx, pools, layer, lane)
            }
            SizeTarget::PremiumShare => per(fraction * self.nav_now(ctx, pools, lane), offer.premium),
            // Lots of the layer's own product, whichever contract is on offer.
            SizeTarget::Lots => {
                let own = ctx.pool(ctx.layer(layer).of).contract.dpp;
                fraction * own / offer.dpp - self.bought_lots(ctx, layer, lane)
            }
            SizeTarget::MarginShare => unreachable!("layout refuses it for a hedge"),
        };
        lots.max(0.0)
    }

    /// The target cut by the layer's caps and the free funds of its ledger, and the limit that bound.
    fn allowed(
        &self,
        ctx: Context<'_>,
        pools: &[Pool],
        layer: usize,
        offer: &Offer<'_>,
        target: f64,
        lane: usize,
    ) -> (f64, Limit) {
        let plan = ctx.layer(layer);
        let lots =
            |dollars: f64, unit: f64| if unit > 0.0 { (dollars / unit).max(0.0) } else { f64::INFINITY };
        let (mut allowed, mut limit) = (target, Limit::Target);
        let mut cut = |most: f64, by: Limit| {
            if most < allowed {
                (allowed, limit) = (most, by);
            }
        };
        for cap in &plan.size.caps {
            let tally = self.tally.as_ref();
            let spent_in = |window: &Option<Window>| window.as_ref().map_or(0.0, |window| window.spent[lane]);
            let (yearly, spent) = match *cap {
                Cap::Budget => (
                    ctx.book.budget_per_year.unwrap_or(f64::INFINITY),
                    tally.map_or(0.0, |tally| spent_in(&tally.window)),
                ),
                // Whichever package of the layer it was spent on.
                Cap::LayerBudget { per_year } => {
                    (per_year, tally.map_or(0.0, |tally| spent_in(&tally.windows[plan.of])))
                }
                _ => continue,
            };
            let budget = yearly * self.budget_factor[lane] * self.nav_now(ctx, pools, lane);
            cut(lots(budget - spent, offer.expected_cost), Limit::Budget);
        }
        let room = self.room(ctx, pools, layer, offer.package, offer.outlay, offer.cost, lane);
        cut(room, Limit::Funds);
        for cap in &plan.size.caps {
            match *cap {
                Cap::Budget | Cap::LayerBudget { .. } => {}
                Cap::Premium { share } => {
                    let room =
                        share * self.nav_now(ctx, pools, lane) - self.own_premium(ctx, pools, layer, lane);
                    cut(lots(room, offer.premium), Limit::Cap);
                }
                Cap::CrashGain { .. } => {
                    let left = self.core(ctx, pools, lane, |p| p.risk[lane] + p.value[lane]);
                    let most = lots(left, offer.crash_gain) - self.own_lots(ctx, pools, layer, lane);
                    cut(most.max(0.0), Limit::Cap);
                }
            }
        }
        (allowed, limit)
    }

    /// Wanted and affordable coverage of this decision (R61, R22).
    fn count_coverage(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        offer: &Offer<'_>,
        exposure: Exposure,
        allowed: f64,
        lane: usize,
    ) {
        let vega = ctx.layer(layer).size.target == SizeTarget::CoreVega;
        let fraction = self.fraction(ctx, layer, lane);
        let Some(tally) = self.tally.as_mut().filter(|_| vega && exposure.core > 0.0) else { return };
        tally.decided[lane] += exposure.core;
        tally.wanted[lane] += fraction * exposure.core;
        tally.affordable[lane] += exposure.hedge + allowed * offer.sens(lane);
    }

    /// Coverage held after the fills of a tick.
    pub(super) fn count_exposure(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        if self.tally.is_none() {
            return;
        }
        for i in 0..LANES {
            let exposure = self.exposure(ctx, pools, i);
            if let Some(tally) = self.tally.as_mut().filter(|_| exposure.core > EXPOSED) {
                tally.cover(i, exposure);
            }
        }
    }
}

/// Why a spread of index puts may not be bought: it must gain from volatility and lose as SPX rises (R44, C18). An
/// outright put always does, but for what its entry counts.
fn wrong_signs(
    ctx: Context<'_>,
    layer: usize,
    package: &Package,
    choice: &Selection,
    lane: usize,
) -> Option<String> {
    let (vega, rise) = (package.sens[lane], choice.rise_gain[lane]);
    let pool = ctx.pool(layer);
    if !pool.buys_puts || pool.legs.len() == 1 || (vega > 0.0 && rise < 0.0) {
        return None;
    }
    if !ctx.market.shocks {
        return Some("R44: VIX does not move in this market".into());
    }
    Some(format!("R44: {vega:+.3} a VIX point, {rise:+.3} as SPX rises 1%"))
}

fn offer<'a>(
    ctx: Context<'_>,
    layer: usize,
    package: &'a Package,
    choice: &Selection,
    lane: usize,
) -> Offer<'a> {
    let pool = ctx.pool(layer);
    let dpp = pool.contract.dpp;
    let (credit, worth) = (package.credit[lane], package.worth[lane]);
    // A hedge that is held to its settlement pays slip and fees once.
    let trades = if ctx.layer(layer).roll_below.is_some() { 2.0 } else { 1.0 };
    let decay = (package.value[lane] - choice.end_value[lane]).max(0.0);
    let slip = -(credit + worth);
    let stress = pool.contract.stress(package.value[lane]);
    Offer {
        package,
        dpp,
        premium: if pool.pays_premium() { (-credit).max(0.0) * dpp } else { 0.0 },
        outlay: (pool.fees - credit * dpp).max(0.0) + (package.margin[lane] + stress) * dpp,
        cost: (slip + stress) * dpp + pool.fees,
        expected_cost: (decay + trades * slip) * dpp + trades * pool.fees,
        crash_gain: choice.crash_gain[lane] * dpp,
        fall_gain: choice.fall_gain[lane] * dpp,
        short_vega: 0.0,
        least_kept: 0.0,
    }
}
