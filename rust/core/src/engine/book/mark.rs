//! What a night and a close do to a book without trading: P&L, interest, NAV, calls, ruin.

use super::{Book, Context, LEDGERS, SLEEVE};
use crate::{
    engine::{instrument::Instrument, layout::MAX_LAYERS, package::Pool, summary::first, trace::Event},
    math::lanes::{Col, LANES, Mask},
};

/// R66: the core is pressed beyond this share of the way to a break-even.
const PRESSED: f64 = 0.6;

impl Book {
    /// A night's interest on the cash that was.
    pub fn earn(&mut self, ctx: Context<'_>, interest: &Col) {
        let sum = &mut self.sum;
        for ledger in ctx.ledgers() {
            for i in 0..LANES {
                let earned = self.cash[ledger][i] * interest[i];
                self.cash[ledger][i] += earned;
                sum.interest[i] += earned;
                if ledger == SLEEVE {
                    self.sleeve_interest[i] += earned;
                }
            }
        }
        for i in (0..LANES).filter(|_| ctx.book.calls.outside > 0.0) {
            sum.deposited_bills[i] += sum.deposited_bills[i] * interest[i];
        }
    }

    /// Market P&L of what was carried over the night, and a future's variation.
    pub fn carry(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let sum = &mut self.sum;
        if let Some(tally) = self.tally.as_mut() {
            tally.flow = Col::default();
        }
        let mut variation = Col::default();
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let pool = ctx.pool(index);
            let dpp = pool.contract.dpp;
            let future = pool.contract.instrument == Instrument::VixFuture;
            let packages = &pools[ctx.layer(index).pool].packages;
            for (slot, package) in layer.slots.iter().zip(packages) {
                if !package.held.any() {
                    continue;
                }
                let [time, spot, level, smile] = &package.steps;
                for i in 0..LANES {
                    let dollars = slot.lots[i] * dpp;
                    sum.time[i] += dollars * time[i];
                    sum.spot[i] += dollars * spot[i];
                    sum.level[i] += dollars * level[i];
                    sum.smile[i] += dollars * smile[i];
                    let gain = dollars * (time[i] + spot[i] + level[i] + smile[i]);
                    layer.pnl[i] += gain;
                    if future {
                        self.cash[ctx.layer(index).ledger][i] += gain;
                        variation[i] += gain;
                    }
                }
            }
        }
        if let Some(tally) = self.tally.as_mut() {
            tally.begin(ctx, &self.layers);
            tally.flow = variation;
        }
    }

    /// NAV and requirement after the fills; then calls, ruin and the record of the tick.
    pub fn mark(&mut self, ctx: Context<'_>, pools: &[Pool], bills: &Col) {
        self.nav = self.cash[0];
        for i in (0..LANES).filter(|_| ctx.book.sleeve_share.is_some()) {
            self.nav[i] += self.cash[SLEEVE][i];
        }
        let mut strategy = [Col::default(); LEDGERS];
        let mut premium = Col::default();
        for (index, layer) in self.layers.iter().enumerate() {
            let dpp = ctx.pool(index).contract.dpp;
            let premiums = ctx.layer(index).hedges() && ctx.pool(index).pays_premium();
            let requirement = &mut strategy[ctx.layer(index).ledger];
            let packages = &pools[ctx.layer(index).pool].packages;
            for (slot, package) in layer.slots.iter().zip(packages) {
                if !package.held.any() {
                    continue;
                }
                if package.anchor.is_some() {
                    for i in (0..LANES).filter(|&i| slot.lots[i] > 0.0) {
                        let [recorded, modelled] = package.provenance(i);
                        self.sum.marks_recorded[i] += recorded;
                        self.sum.marks_modelled[i] += modelled;
                    }
                }
                for i in 0..LANES {
                    let dollars = slot.lots[i] * dpp;
                    self.nav[i] += dollars * package.worth[i];
                    requirement[i] += dollars * (package.risk[i] + package.margin[i]);
                    if premiums {
                        premium[i] += dollars * (-package.credit[i]).max(0.0);
                    }
                }
            }
        }
        self.mark_margin(ctx, pools, &strategy);
        self.find_calls(ctx);
        self.count_bar_calls(ctx, pools);
        self.ruin(ctx);
        let capital = ctx.plan.capital;
        let sum = &mut self.sum;
        for i in 0..LANES {
            let nav = self.nav[i];
            // What came from outside is no profit, and hides no loss.
            let own = nav - sum.deposited[i];
            self.peak[i] = self.peak[i].max(own);
            sum.nav[i] = nav;
            sum.bills[i] = bills[i];
            sum.max_drawdown[i] = sum.max_drawdown[i].max(1.0 - own / self.peak[i]);
            let tied_up = self.requirement.iter().map(|column| column[i]).sum::<f64>() + premium[i];
            sum.peak_requirement[i] = sum.peak_requirement[i].max(tied_up);
            let error = (own - capital - self.begun[i] - sum.buckets(i)).abs() / capital;
            sum.identity_error[i] = sum.identity_error[i].max(error);
            if own < 0.0 {
                first(&mut sum.negative_tick, i, ctx.tick);
            }
        }
        self.count_liquidity(ctx, pools);
        self.tally_up(ctx, pools);
    }

    fn tally_up(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let Some(mut tally) = self.tally.take() else { return };
        let mut pressed = Mask::NONE;
        for index in (0..self.layers.len()).filter(|&layer| !ctx.layer(layer).hedges()) {
            let packages = &pools[ctx.layer(index).pool].packages;
            for (slot, package) in self.layers[index].slots.iter().zip(packages) {
                let held = |i: usize| slot.lots[i] > 0.0 && package.challenge[i] > PRESSED;
                if package.held.any() {
                    pressed = pressed | Mask::from_fn(held);
                }
            }
        }
        tally.end(ctx, &self.layers, |i| pressed.get(i), &mut self.sum);
        let now = f64::from(ctx.tick);
        for (index, layer) in self.layers.iter_mut().enumerate().filter(|(l, _)| !ctx.layer(*l).hedges()) {
            for (slot, package) in layer.slots.iter_mut().zip(&pools[ctx.layer(index).pool].packages) {
                for i in 0..LANES {
                    if package.entered[i] == now {
                        slot.hedge_before[i] = tally.hedge[i];
                    }
                }
            }
        }
        self.tally = Some(tally);
        self.count_exposure(ctx, pools);
    }

    fn ruin(&mut self, ctx: Context<'_>) {
        let stranded = std::mem::take(&mut self.calls.stranded);
        // What came from outside hides no loss.
        let dead = Mask::from_fn(|i| self.nav[i] - self.sum.deposited[i] <= ctx.plan.ruin_nav);
        let dead = (dead | stranded) & !self.ruined;
        for i in dead.lanes() {
            first(&mut self.sum.ruin_tick, i, ctx.tick);
            self.log(ctx, i, || Event {
                kind: "ruin",
                reason: if stranded.get(i) {
                    "a call stands on an empty ledger"
                } else {
                    "NAV at the ruin share"
                }
                .into(),
                ..Event::default()
            });
        }
        self.ruined = self.ruined | dead;
        self.closing = dead;
        self.drop_calls(dead);
    }

    /// The figures that are known only at T.
    pub fn finish(&mut self, ctx: Context<'_>, pools: &[Pool]) {
        let mut layers: [Col; MAX_LAYERS] = std::array::from_fn(|_| Col::default());
        for (index, layer) in self.layers.iter().enumerate() {
            let pnl = &mut layers[ctx.layer(index).of];
            for i in 0..LANES {
                pnl[i] += layer.pnl[i];
            }
        }
        for (index, _) in ctx.book.shown() {
            let pnl = &layers[index];
            let hedges = ctx.layer(index).hedges();
            let side = if hedges { &mut self.sum.hedge_pnl } else { &mut self.sum.core_pnl };
            for i in 0..LANES {
                side[i] += pnl[i];
            }
        }
        self.sum.set_layers(&layers);
        self.note_held(ctx, pools);
        self.observe(ctx, pools);
        let capital = ctx.plan.capital;
        self.sum.sleeve_nav = Col::splat(f64::NAN);
        if ctx.book.sleeve_share.is_some() {
            for i in 0..LANES {
                let nav = self.view.sleeve_nav_share[i] * capital;
                self.sum.sleeve_nav[i] = nav - self.calls.deposited[SLEEVE][i];
            }
        }
        if ctx.plan.worst_bar.is_none() {
            self.sum.bar_calls = Col::splat(f64::NAN);
            self.sum.bar_call_tick = Col::splat(f64::NAN);
        }
        match &self.tally {
            Some(tally) => tally.finish(&mut self.sum),
            None => self.sum.without_hedge(),
        }
    }
}
