//! Margin calls: when one stands, when it is due, and what is done about it (R12, R17, R63).

use super::{Book, Closing, Context, LEDGERS, SLEEVE, TOLERANCE, about, close::price_closing};
use crate::{
    engine::{
        fill::rung,
        package::{Package, Pool},
        spec::{CallOrder, CallPolicy},
        summary::first,
        trace::Event,
    },
    margin::MarginRule,
    math::lanes::{Col, Mask},
};

/// The calls of a book.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// One stands on the ledger.
    pub standing: [Mask; LEDGERS],
    /// Tick on which the last one opened, 0 = never.
    opened: [Col; LEDGERS],
    /// Something was done about the one that stands.
    acted: [Mask; LEDGERS],
    /// Cash from outside so far, dollars.
    pub deposited: [Col; LEDGERS],
    /// A ledger is empty and still short (only where that is ruin).
    pub stranded: Mask,
}

impl Book {
    /// Acts on the calls that stand from earlier ticks and are due, core ledger first.
    pub(super) fn meet_calls(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let standing = self.calls.standing.iter().fold(Mask::NONE, |lanes, ledger| lanes | *ledger);
        for i in (standing & !self.ruined).lanes() {
            let mut forced = [false; 2];
            for ledger in ctx.ledgers() {
                let age = f64::from(ctx.tick) - self.calls.opened[ledger][i];
                if self.calls.standing[ledger].get(i) && age >= f64::from(ctx.book.calls.deadline) {
                    self.meet(ctx, pools, ledger, i, &mut forced);
                }
            }
            self.count_contagion(ctx, i, forced);
        }
    }

    /// A house that gives no time: calls of this tick are found after its fills, and met before its marks.
    pub fn meet_at_once(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        if ctx.book.calls.deadline > 0 {
            return;
        }
        for i in (!self.ruined).lanes() {
            let mut forced = [false; 2];
            for ledger in ctx.ledgers() {
                let short = self.shortfall(ctx, pools, ledger, i);
                if short > TOLERANCE {
                    let available = self.available(ctx, pools, ledger, i);
                    self.stand(ctx, ledger, i, [short, available]);
                    self.meet(ctx, pools, ledger, i, &mut forced);
                }
            }
            self.count_contagion(ctx, i, forced);
        }
    }

    /// Which calls stand at the marks of the tick.
    pub(super) fn find_calls(&mut self, ctx: Context<'_>) {
        for ledger in ctx.ledgers() {
            let short = self.short(ledger);
            for i in (self.calls.standing[ledger] & !short & !self.calls.acted[ledger]).lanes() {
                self.sum.cured[i] += 1.0;
            }
            for i in short.lanes() {
                let (required, available) = (self.requirement[ledger][i], self.available[ledger][i]);
                self.stand(ctx, ledger, i, [required - available, available]);
            }
            self.calls.standing[ledger] = short;
        }
    }

    /// A ruined lane has no call any more.
    pub(super) fn drop_calls(&mut self, lanes: Mask) {
        for standing in &mut self.calls.standing {
            *standing = *standing & !lanes;
        }
    }

    /// Opens a call unless one stands, for so many dollars that are missing beside those that count.
    fn stand(&mut self, ctx: Context<'_>, ledger: usize, lane: usize, [short, available]: [f64; 2]) {
        if self.calls.standing[ledger].get(lane) {
            return;
        }
        let (tick, within) = (f64::from(ctx.tick), f64::from(ctx.book.calls.contagion));
        let other = self.calls.opened[LEDGERS - 1 - ledger][lane];
        self.sum.calls[lane] += 1.0;
        self.sum.sleeve_calls[lane] += f64::from(ledger == SLEEVE);
        self.sum.repeat_calls[lane] += f64::from(self.calls.opened[ledger][lane] > 0.0);
        self.sum.cascades[lane] += f64::from(other > 0.0 && tick - other <= within);
        first(&mut self.sum.call_tick, lane, ctx.tick);
        self.calls.standing[ledger].set(lane, true);
        self.calls.acted[ledger].set(lane, false);
        self.calls.opened[ledger][lane] = tick;
        if let Some(opened) = self.opened.as_mut() {
            opened[0][ledger][lane] = short;
            opened[1][ledger][lane] = available;
        }
        let whose = if ledger == SLEEVE { "sleeve: " } else { "" };
        self.log(ctx, lane, || Event {
            kind: "call",
            reason: format!("{whose}{} below requirement", ctx.plan.margin.counted()),
            ..Event::default()
        });
    }

    /// Cash that a ledger lacks, dollars; below 0 it is free.
    fn shortfall(&self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) -> f64 {
        -self.free_funds(ctx, pools, ledger, lane)
    }

    /// Does what the policy says until the call is met or nothing is left.
    fn meet(&mut self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize, forced: &mut [bool; 2]) {
        let policy = ctx.book.calls.policy;
        if policy == CallPolicy::Hold {
            return;
        }
        if policy == CallPolicy::AddCash {
            self.deposit(ctx, pools, ledger, lane);
        }
        loop {
            let short = self.shortfall(ctx, pools, ledger, lane);
            if short <= TOLERANCE {
                return;
            }
            let Some((layer, slot)) = self.next_tranche(ctx, pools, ledger, lane) else { break };
            let held = self.layers[layer].slots[slot].lots[lane];
            let lots = if policy == CallPolicy::Reduce {
                self.fewest_lots(ctx, pools, (layer, slot), lane, short - TOLERANCE)
            } else {
                held
            };
            self.close_lots(ctx, layer, slot, ctx.package(pools, layer, slot), lane, lots, Closing::Call);
            self.buy_back(ctx, pools, (layer, slot), lane, (true, "margin call"));
            self.sum.forced[lane] += 1.0;
            first(&mut self.sum.forced_tick, lane, ctx.tick);
            self.calls.acted[ledger].set(lane, true);
            forced[usize::from(ctx.layer(layer).hedges())] = true;
        }
        self.calls.stranded.set(lane, ctx.book.calls.ruin_on_debt);
    }

    /// Cash from outside, as much as is missing and still there: no profit, and no NAV that hides a loss.
    fn deposit(&mut self, ctx: Context<'_>, pools: &[Pool], ledger: usize, lane: usize) {
        let left = ctx.book.calls.outside * ctx.plan.capital - self.sum.deposited[lane];
        let amount = self.shortfall(ctx, pools, ledger, lane).min(left);
        if amount <= TOLERANCE {
            return;
        }
        self.cash[ledger][lane] += amount;
        self.calls.deposited[ledger][lane] += amount;
        self.sum.deposited[lane] += amount;
        self.sum.deposited_bills[lane] += amount;
        self.calls.acted[ledger].set(lane, true);
        self.log(ctx, lane, || Event {
            kind: "deposit",
            reason: if ledger == SLEEVE { "margin call of the sleeve" } else { "margin call" }.into(),
            cash: amount,
            ..Event::default()
        });
    }

    /// What closing so many lots adds to the free funds of their ledger, dollars: tried out, and taken back.
    fn relief(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        (layer, slot): (usize, usize),
        lane: usize,
        lots: f64,
    ) -> f64 {
        let ledger = ctx.layer(layer).ledger;
        let before = self.free_funds(ctx, pools, ledger, lane);
        let package = ctx.package(pools, layer, slot);
        let fill = price_closing(ctx, layer, package, lane, lots, forced_share(ctx, lane));
        let (held, cash) = (self.layers[layer].slots[slot].lots[lane], self.cash[ledger][lane]);
        let uncovered = self.uncovered(ctx, layer, slot, lane, held - lots);
        self.layers[layer].slots[slot].lots[lane] = held - lots;
        self.cash[ledger][lane] = cash + lots * ctx.pool(layer).contract.dpp * fill.received - fill.fees;
        if let Some(short) = ctx.layer(layer).short.filter(|_| uncovered > 0.0) {
            // Its short leg goes with it.
            let package = ctx.package(pools, short.layer, slot);
            let fill = price_closing(ctx, short.layer, package, lane, uncovered, forced_share(ctx, lane));
            self.layers[short.layer].slots[slot].lots[lane] -= uncovered;
            let dollars = uncovered * ctx.pool(short.layer).contract.dpp;
            self.cash[ledger][lane] += dollars * fill.received - fill.fees;
        }
        let after = self.free_funds(ctx, pools, ledger, lane);
        if let Some(short) = ctx.layer(layer).short {
            self.layers[short.layer].slots[slot].lots[lane] += uncovered;
        }
        self.layers[layer].slots[slot].lots[lane] = held;
        self.cash[ledger][lane] = cash;
        after - before
    }

    /// The fewest whole lots of a tranche whose closing frees so many dollars; all where none do.
    fn fewest_lots(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        tranche: (usize, usize),
        lane: usize,
        dollars: f64,
    ) -> f64 {
        let held = self.layers[tranche.0].slots[tranche.1].lots[lane];
        if ctx.layer(tranche.0).short.is_some() {
            // Short legs go whole, so that what some lots free is neither a multiple of one lot's nor concave.
            let mut lots = 1.0;
            while lots < held && self.relief(ctx, pools, tranche, lane, lots) < dollars {
                lots += 1.0;
            }
            return lots;
        }
        if ctx.plan.margin == MarginRule::Strategy {
            let one = self.relief(ctx, pools, tranche, lane, 1.0);
            return if one > 0.0 { (dollars / one).ceil().clamp(1.0, held) } else { held };
        }
        fewest(held, dollars, |lots| self.relief(ctx, pools, tranche, lane, lots))
    }

    /// The tranche of a ledger that is closed next by force; ties: earlier layer, then lower slot.
    pub(super) fn next_tranche(
        &mut self,
        ctx: Context<'_>,
        pools: &[Pool],
        ledger: usize,
        lane: usize,
    ) -> Option<(usize, usize)> {
        let mut first: Option<((usize, usize), f64)> = None;
        // What is sold against calls goes with them.
        let own = |&layer: &usize| ctx.layer(layer).ledger == ledger && !ctx.layer(layer).covered;
        for layer in (0..self.layers.len()).filter(own) {
            for slot in 0..self.layers[layer].slots.len() {
                let lots = self.layers[layer].slots[slot].lots[lane];
                if lots == 0.0 {
                    continue;
                }
                let rank = match ctx.book.calls.order {
                    CallOrder::NearestExpiry => f64::from(ctx.package(pools, layer, slot).expiry[lane]),
                    CallOrder::LargestRelief => -self.relief(ctx, pools, (layer, slot), lane, lots),
                };
                if first.is_none_or(|(_, least)| rank < least) {
                    first = Some(((layer, slot), rank));
                }
            }
        }
        first.map(|(tranche, _)| tranche)
    }

    /// R63: does a forced closing on one side follow one on the other?
    fn count_contagion(&mut self, ctx: Context<'_>, lane: usize, forced: [bool; 2]) {
        let Some(tally) = self.tally.as_mut() else { return };
        let (now, within) = (f64::from(ctx.tick), f64::from(ctx.book.calls.contagion));
        for (side, _) in forced.iter().enumerate().filter(|(_, forced)| **forced) {
            let other = tally.last_forced[1 - side][lane];
            self.sum.contagion[lane] += f64::from(other > 0.0 && now - other <= within);
            tally.last_forced[side][lane] = now;
        }
    }

    /// Closes some lots of a tranche, all legs together, with what remains as it was.
    #[allow(clippy::too_many_arguments, reason = "a fill has this many parts")]
    fn close_lots(
        &mut self,
        ctx: Context<'_>,
        layer: usize,
        slot: usize,
        package: &Package,
        lane: usize,
        lots: f64,
        why: Closing,
    ) {
        if lots == self.layers[layer].slots[slot].lots[lane] {
            self.close(ctx, layer, slot, package, lane, why);
            return;
        }
        let (received, fees) = self.unwind(ctx, layer, package, lane, lots, forced_share(ctx, lane));
        self.follow_closing(ctx, layer, slot, lane, (lots, received), why);
        let pool = ctx.pool(layer);
        let (dollars, unit) = (lots * pool.contract.dpp, package.earned(pool, lane, received));
        let pnl = dollars * unit - lots * pool.fees - fees;
        let state = &mut self.layers[layer].slots[slot];
        state.lots[lane] -= lots;
        state.realised[lane] += pnl;
        self.log(ctx, lane, || Event {
            reason: "margin call".into(),
            lots,
            price: received,
            pnl,
            cash: dollars * received - fees,
            ..about(ctx, "reduce", layer, slot, Some(package))
        });
    }
}

/// The fewest whole lots of those held whose closing frees so many dollars; all where none do.
///
/// The worst move changes with the lots: relief is no multiple of one lot's. It is concave in them (the requirement is
/// the largest of terms linear in the lots) and falls where what is closed has hedged the rest: it rises to a peak,
/// and only up to there is more freed by more lots.
fn fewest(held: f64, dollars: f64, mut relief: impl FnMut(f64) -> f64) -> f64 {
    let peak = least(0.0, held, |lots| relief(lots + 1.0) <= relief(lots));
    if relief(peak) < dollars {
        return held;
    }
    least(0.0, peak, |lots| relief(lots) >= dollars)
}

/// The least whole number in [low, high] with a property that once reached is kept; `high` where none below has it.
fn least(mut low: f64, mut high: f64, mut has: impl FnMut(f64) -> bool) -> f64 {
    while low < high {
        let middle = (0.5 * (low + high)).floor();
        (low, high) = if has(middle) { (low, middle) } else { (middle + 1.0, high) };
    }
    high
}

/// Share of the summed half-spreads that a forced closing pays, wider where VIX is high.
pub(super) fn forced_share(ctx: Context<'_>, lane: usize) -> f64 {
    let rungs = &ctx.book.calls.half_spreads;
    let factor = if rungs.is_empty() { 1.0 } else { rung(rungs, ctx.market.vix[lane]) };
    ctx.plan.costs.liquidation_share * factor
}

#[cfg(test)]
mod tests {
    use super::fewest;
    use proptest::prelude::*;

    /// Cash per lot less what the worst of some moves asks of the lots that are left: whole dollars.
    fn relief(moves: &[(i32, i32)], cash: i32, held: f64, lots: f64) -> f64 {
        let asked = |left: f64| {
            moves
                .iter()
                .fold(0.0, |worst: f64, &(rest, lot)| worst.max(f64::from(rest) + left * f64::from(lot)))
        };
        asked(held) - asked(held - lots) + f64::from(cash) * lots
    }

    #[test]
    fn a_hedge_frees_most_in_part() {
        // 64 puts beside a core that gains in the rise: a lot loses 100 of premium there and 110 less in the fall.
        let moves = [(9_000, -110), (-2_000, 100)];
        let freed = |lots| relief(&moves, 0, 64.0, lots);
        assert_eq!([7.0, 12.0, 64.0].map(freed), [700.0, 1_120.0, -4_600.0]);
        assert_eq!(fewest(64.0, 700.0, freed), 7.0);
    }

    proptest! {
        #[test]
        fn as_few_as_counting_up_from_one(
            moves in prop::collection::vec((-9_000i32..9_000, -300i32..300), 1..10),
            cash in -100i32..100,
            held in 1u8..80,
            dollars in 1u16..9_000,
        ) {
            let (held, dollars) = (f64::from(held), f64::from(dollars));
            let freed = |lots| relief(&moves, cash, held, lots);
            let counted = (1..=held as u32).map(f64::from).find(|&lots| freed(lots) >= dollars);
            prop_assert_eq!(fewest(held, dollars, freed), counted.unwrap_or(held));
        }
    }
}
