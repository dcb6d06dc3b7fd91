//! What a contract pays, and what it is worth on the quotes of one expiry.

use super::{
    layout::PoolPlan,
    spec::{Kind, Underlying},
};
use crate::{
    margin::{Basis, Class},
    market::{
        quote::{Slice, Surface, implied_sd},
        state::State,
        vix_option::VixSlice,
    },
    math::lanes::{Col, LANES},
};

/// What a contract pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// European options on SPX.
    SpxOption,
    /// European options on VIX, priced off the future that settles with them.
    VixOption,
    /// A VX future: worth nothing after its daily variation is paid.
    VixFuture,
    /// A share of a fund of VIX futures, by its number: bought in full, without an expiry.
    Share(u8),
    /// American options on a share of a fund, by its number, priced off the share's own price.
    ShareOption(u8),
}

impl Instrument {
    /// What a contract row describes, `fund` the number of the fund that shares and their options are of; a future on SPX does
    /// not exist here, nor do shares of no fund (check.rs refuses them).
    pub const fn new(underlying: Underlying, kind: Kind, fund: Option<u8>) -> Self {
        match (underlying, kind, fund) {
            (_, Kind::Share, Some(fund)) => Self::Share(fund),
            (_, Kind::Option, Some(fund)) => Self::ShareOption(fund),
            (Underlying::Spx, ..) => Self::SpxOption,
            (Underlying::Vix, Kind::Future, _) => Self::VixFuture,
            (Underlying::Vix, ..) => Self::VixOption,
        }
    }

    /// Is it priced off the future of its own expiry, which may be recorded?
    pub const fn has_basis(self) -> bool {
        matches!(self, Self::VixOption | Self::VixFuture)
    }

    /// Is one of it bought, without legs?
    pub const fn is_outright(self) -> bool {
        matches!(self, Self::VixFuture | Self::Share(_))
    }

    /// Is it a share of a fund?
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Share(_))
    }

    /// Is it an option on volatility, which is priced by a displaced formula?
    pub const fn is_volatility_option(self) -> bool {
        matches!(self, Self::VixOption | Self::ShareOption(_))
    }

    /// The number of the fund whose shares it is, or is on.
    pub const fn fund(self) -> Option<usize> {
        match self {
            Self::Share(fund) | Self::ShareOption(fund) => Some(fund as usize),
            _ => None,
        }
    }

    /// What moves it, to a margin rule.
    pub const fn class(self) -> Class {
        match self {
            Self::SpxOption => Class::Index,
            Self::VixOption | Self::VixFuture | Self::Share(_) | Self::ShareOption(_) => Class::Volatility,
        }
    }
}

/// The quotes of one expiry per lane.
#[derive(Clone, Debug)]
pub struct Quotes {
    /// SPX options.
    pub spx: Slice,
    /// VIX options and the future, or options on a share, as the model has them.
    pub vix: VixSlice,
    /// Recorded over modelled price of the future; of a fund, shares of session 0 that one is.
    pub basis: Col,
    /// What such a share is worth.
    pub share: Col,
    scaled: VixSlice,
    price: Col,
}

impl Default for Quotes {
    fn default() -> Self {
        Self {
            spx: Slice::default(),
            vix: VixSlice::default(),
            basis: Col::splat(1.0),
            share: Col::default(),
            scaled: VixSlice::default(),
            price: Col::default(),
        }
    }
}

impl Quotes {
    /// Quotes the expiry in `sessions` exchange sessions, `days` calendar days.
    pub fn quote(
        &mut self,
        instrument: Instrument,
        surface: &Surface,
        state: &State,
        sessions: &Col,
        days: &Col,
        basis: &Col,
    ) {
        match instrument {
            Instrument::SpxOption => surface.slice(state, sessions, days, &mut self.spx),
            Instrument::VixOption => surface.vix_slice(state, days, &mut self.vix),
            Instrument::VixFuture => surface.vx_dated(state, days, &mut self.vix.forward),
            Instrument::Share(fund) => {
                if let Some(funds) = &state.funds {
                    funds.share(surface, state, usize::from(fund), &mut self.share);
                }
            }
            Instrument::ShareOption(fund) => {
                if let Some(funds) = &state.funds {
                    let quoted = (&mut self.share, &mut self.vix);
                    funds.options((surface, state), usize::from(fund), days, quoted);
                }
            }
        }
        self.basis = *basis;
        if instrument.fund().is_some() {
            for i in 0..LANES {
                self.share[i] *= basis[i];
            }
        }
    }

    /// V of one unit: Σ ratio × price; keeps the legs' prices when asked.
    pub fn value(&mut self, plan: &PoolPlan, strikes: &[Col], out: &mut Col, mut legs: Option<&mut [Col]>) {
        if plan.contract.instrument.is_outright() {
            let share = plan.contract.instrument.is_share();
            for i in 0..LANES {
                out[i] = if share { self.share[i] } else { self.vix.forward[i] * self.basis[i] };
            }
            if let Some(legs) = legs.as_deref_mut() {
                legs[0] = *out;
            }
            return;
        }
        if plan.contract.instrument.is_volatility_option() {
            self.scale();
        }
        let Self { spx, scaled, share, price, .. } = self;
        *out = Col::default();
        for (index, (leg, strike)) in plan.legs.iter().zip(strikes).enumerate() {
            match plan.contract.instrument {
                Instrument::SpxOption => Surface::option(spx, leg.right.sign(), strike, price),
                Instrument::ShareOption(_) => {
                    Surface::share_option(scaled, share, leg.right.sign(), strike, price);
                }
                _ => Surface::vix_option(scaled, leg.right.sign(), strike, price),
            }
            let ratio = f64::from(leg.ratio);
            for i in 0..LANES {
                out[i] += ratio * price[i];
            }
            if let Some(legs) = legs.as_deref_mut() {
                legs[index] = *price;
            }
        }
    }

    /// What a margin rule reprices the legs of a package off: each at the volatility that its price implies.
    ///
    /// On the slice that is the slice's own. A recorded price implies another, and one below its intrinsic value none:
    /// 0. VIX options are priced by a displaced formula: what Black's makes of their price.
    pub fn basis(
        &mut self,
        plan: &PoolPlan,
        strikes: &[Col],
        prices: &[Col],
        half_spreads: &[Col],
        out: &mut Basis,
    ) {
        let Self { spx, price, .. } = self;
        if plan.contract.instrument == Instrument::SpxOption {
            (out.forward, out.discount) = (spx.forward, spx.discount);
            for (index, strike) in strikes.iter().enumerate() {
                Surface::total_sd(spx, strike, &mut out.sds[index]);
                let Some(recorded) = half_spreads.get(index) else { continue };
                for i in 0..LANES {
                    price[i] = prices[index][i] / spx.discount[i];
                }
                let sign = &Col::splat(plan.legs[index].right.sign());
                let mut sds = Col::default();
                implied_sd(sign, price, &spx.forward, strike, &mut sds);
                for i in (0..LANES).filter(|&i| !recorded[i].is_nan()) {
                    out.sds[index][i] = sds[i];
                }
            }
            return;
        }
        if plan.contract.instrument.is_share() {
            // It moves by its leverage with the futures that it holds.
            for i in 0..LANES {
                out.forward[i] = plan.contract.leverage * self.share[i];
            }
            return;
        }
        self.scale();
        (out.forward, out.discount) = (self.scaled.forward, self.scaled.discount);
        for (strike, sds) in strikes.iter().zip(&mut out.sds) {
            Surface::vix_implied_sd(&self.scaled, strike, sds);
        }
    }

    /// The VIX options of the recorded future, the options on such a share.
    fn scale(&mut self) {
        let Self { vix, basis, scaled, .. } = self;
        scaled.clone_from(vix);
        for i in 0..LANES {
            scaled.forward[i] *= basis[i];
            scaled.floor[i] *= basis[i];
        }
    }

    /// From the time step to the spot step: today's SPX. VIX products do not see it.
    pub fn move_spot(&mut self, instrument: Instrument, now: &Self) {
        if instrument == Instrument::SpxOption {
            self.spx.forward = now.spx.forward;
        }
    }

    /// From the spot step to the level step: today's θ, or today's future.
    pub fn move_level(&mut self, instrument: Instrument, now: &Self) {
        if instrument == Instrument::SpxOption {
            self.spx.theta = now.spx.theta;
            return;
        }
        self.share = now.share;
        self.vix.forward = now.vix.forward;
        self.basis = now.basis;
        for i in 0..LANES {
            // A future that fell below yesterday's floor would have no price.
            self.vix.floor[i] = self.vix.floor[i].min(now.vix.floor[i]);
        }
    }
}
