//! What a night and a close do to a book without trading: P&L, interest, NAV, calls, ruin.

use super::{Book, Context, TOLERANCE};
use crate::{
    engine::{package::Pool, summary::first},
    math::lanes::{Col, LANES, Mask},
};

impl Book {
    /// Market P&L of what was carried over the night, and interest on the cash that was.
    pub fn carry(&mut self, ctx: Context<'_>, pools: &[Pool], interest: &Col) {
        let sum = &mut self.sum;
        for i in 0..LANES {
            let earned = self.cash[i] * interest[i];
            self.cash[i] += earned;
            sum.interest[i] += earned;
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let dpp = ctx.pool(index).contract.dpp;
            let packages = &pools[ctx.layer(index).pool].packages;
            for (lots, package) in layer.lots.iter().zip(packages) {
                if !package.held.any() {
                    continue;
                }
                let [time, spot, level, smile] = &package.steps;
                for i in 0..LANES {
                    let dollars = lots[i] * dpp;
                    sum.time[i] += dollars * time[i];
                    sum.spot[i] += dollars * spot[i];
                    sum.level[i] += dollars * level[i];
                    sum.smile[i] += dollars * smile[i];
                }
            }
        }
    }

    /// NAV and requirement after the fills; then calls, ruin and the record of the tick.
    pub fn mark(&mut self, ctx: Context<'_>, pools: &[Pool], bills: &Col) {
        self.nav = self.cash;
        self.requirement = Col::default();
        for (index, layer) in self.layers.iter().enumerate() {
            let dpp = ctx.pool(index).contract.dpp;
            let packages = &pools[ctx.layer(index).pool].packages;
            for (lots, package) in layer.lots.iter().zip(packages) {
                if !package.held.any() {
                    continue;
                }
                for i in 0..LANES {
                    let dollars = lots[i] * dpp;
                    self.nav[i] += dollars * package.value[i];
                    self.requirement[i] += dollars * package.risk[i];
                }
            }
        }
        self.calls(ctx);
        self.ruin(ctx);
        let capital = ctx.plan.capital;
        let sum = &mut self.sum;
        for i in 0..LANES {
            let nav = self.nav[i];
            self.peak[i] = self.peak[i].max(nav);
            sum.nav[i] = nav;
            sum.bills[i] = bills[i];
            sum.max_drawdown[i] = sum.max_drawdown[i].max(1.0 - nav / self.peak[i]);
            sum.peak_requirement[i] = sum.peak_requirement[i].max(self.requirement[i]);
            let error = (nav - capital - sum.buckets(i)).abs() / capital;
            sum.identity_error[i] = sum.identity_error[i].max(error);
            if nav < 0.0 {
                first(&mut sum.negative_tick, i, ctx.tick);
            }
        }
    }

    /// A call stands when NAV < deposit, which is cash < Σ risk: NAV already carries the mark.
    fn calls(&mut self, ctx: Context<'_>) {
        let short = Mask::from_fn(|i| self.cash[i] + TOLERANCE < self.requirement[i]) & !self.ruined;
        for i in (short & !self.call).lanes() {
            self.sum.calls[i] += 1.0;
            first(&mut self.sum.call_tick, i, ctx.tick);
            self.log(ctx, "call", "cash below requirement".into(), i, None, 0.0, f64::NAN, f64::NAN);
        }
        self.call = short;
    }

    fn ruin(&mut self, ctx: Context<'_>) {
        let dead = Mask::from_fn(|i| self.nav[i] <= ctx.plan.ruin_nav) & !self.ruined;
        for i in dead.lanes() {
            first(&mut self.sum.ruin_tick, i, ctx.tick);
            self.log(ctx, "ruin", "NAV at the ruin share".into(), i, None, 0.0, f64::NAN, f64::NAN);
        }
        self.ruined = self.ruined | dead;
        self.closing = dead;
        self.call = self.call & !dead;
    }
}
