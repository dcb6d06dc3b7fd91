//! What rules read of how a position answers to the market: its move, its greeks, its time value.
//!
//! Greeks are those of Black's formula with each strike's own volatility; they are computed for the slots of a pool
//! alone whose exit rules ask for them. What has no SPX options has none.

use super::{
    instrument::Instrument,
    layout::PoolPlan,
    package::{Market, Package, remaining},
    plan::Plan,
};
use crate::{
    market::{
        DAYS_PER_YEAR, SESSIONS_PER_YEAR,
        quote::{Slice, Surface},
    },
    math::lanes::{Col, LANES, Mask},
    rules::{input::Input, names::Name},
};

/// Which of them some rule of a pool reads.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "questions that are asked apart")]
pub(super) struct Asked {
    sd_move: bool,
    greeks: bool,
    extrinsic: bool,
    /// What rules of books read: the greeks of one unit.
    unit: bool,
}

impl Asked {
    /// What the names ask of packages of this instrument.
    pub fn new(inputs: &[Input], instrument: Instrument) -> Self {
        let read = |name: &Name| inputs.contains(&Input::Name(*name));
        let asks = |of: &[Name]| instrument == Instrument::SpxOption && of.iter().any(read);
        Self {
            sd_move: asks(&[Name::SdMove]),
            greeks: asks(&[Name::GammaPercentile, Name::ThetaAcceleration]),
            extrinsic: asks(&[Name::ExtrinsicShare, Name::ExtrinsicPerDay]),
            unit: false,
        }
    }

    /// What names of a book ask of the packages of its core, of this instrument.
    pub fn of_book(inputs: &[Input], instrument: Instrument) -> Self {
        let read = |name: &Name| inputs.contains(&Input::Name(*name));
        let asks = |of: &[Name]| instrument == Instrument::SpxOption && of.iter().any(read);
        Self {
            sd_move: false,
            greeks: asks(&[Name::CoreGammaPercentile, Name::CoreThetaAcceleration]),
            extrinsic: asks(&[Name::CoreExtrinsicShare]),
            unit: asks(&[Name::CoreDelta, Name::CoreGamma, Name::CoreTheta]),
        }
    }

    /// Both.
    pub fn or(self, other: Self) -> Self {
        Self {
            sd_move: self.sd_move | other.sd_move,
            greeks: self.greeks | other.greeks,
            extrinsic: self.extrinsic | other.extrinsic,
            unit: self.unit | other.unit,
        }
    }

    /// Anything at all?
    pub fn any(self) -> bool {
        self.sd_move | self.greeks | self.extrinsic | self.unit
    }
}

/// The package of one slot, session by session since its fill.
#[derive(Debug)]
pub(super) struct Exposure {
    /// Standard deviation of ln S to the expiry, at the fill.
    entry_sd: Col,
    /// Time decay a year, at the fill.
    entry_theta: Col,
    /// |Γ| at each tick of the longest life of a package: the one of tick t at t mod its length.
    gammas: Box<[Col]>,
    /// See the registry of names.
    pub columns: Columns,
    /// Of one unit; nothing unless a book asks.
    pub unit: Unit,
}

/// Greeks of one unit to its holder, by the spot, in points of the underlying.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub delta: Col,
    pub gamma: Col,
    /// A session.
    pub theta: Col,
}

/// The columns of the names.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub sd_move: Col,
    pub gamma_percentile: Col,
    pub theta_acceleration: Col,
    pub extrinsic_share: Col,
    pub extrinsic_per_day: Col,
}

impl Columns {
    /// Nobody asked, or there is no position.
    pub const MISSING: Self = {
        const NAN: Col = Col::splat(f64::NAN);
        Self {
            sd_move: NAN,
            gamma_percentile: NAN,
            theta_acceleration: NAN,
            extrinsic_share: NAN,
            extrinsic_per_day: NAN,
        }
    };
}

/// Columns that a block shares among its slots.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    sessions: Col,
    days: Col,
    slice: Slice,
    delta: Col,
    gamma: Col,
    theta: Col,
    sd: Col,
    density: Col,
}

impl Exposure {
    /// A slot that has held nothing yet.
    pub fn new(pool: &PoolPlan) -> Self {
        let lives = pool.expiry.iter().enumerate().map(|(fill, expiry)| expiry.saturating_sub(fill as u32));
        let longest = lives.filter(|&life| life < pool.expiry.len() as u32).max().unwrap_or(0);
        let sessions = if pool.asked.greeks { longest as usize + 1 } else { 0 };
        Self {
            entry_sd: Col::splat(f64::NAN),
            entry_theta: Col::splat(f64::NAN),
            gammas: vec![Col::splat(f64::NAN); sessions].into_boxed_slice(),
            columns: Columns::MISSING,
            unit: Unit::default(),
        }
    }

    /// A lane begins with a package of which it is known how far SPX was thought to move, nothing else.
    pub fn take_over(&mut self, lane: usize, entry_sd: f64) {
        self.entry_sd[lane] = entry_sd;
        self.entry_theta[lane] = f64::NAN;
    }

    /// The tick at which exit rules are about to be evaluated.
    pub fn observe(
        &mut self,
        plan: &Plan,
        pool: &PoolPlan,
        package: &Package,
        market: &Market,
        scratch: &mut Scratch,
    ) {
        let tick = f64::from(market.tick);
        let filled = Mask::from_fn(|i| package.entered[i] == tick);
        let Scratch { sessions, days, slice, .. } = scratch;
        remaining(plan, pool, market, &package.expiry, sessions, days);
        if pool.asked.greeks || pool.asked.unit || (pool.asked.sd_move && filled.any()) {
            plan.surface.slice(&market.now, sessions, days, slice);
            if let Some(anchor) = &package.anchor {
                anchor.apply(slice);
            }
        }
        if pool.asked.sd_move {
            for i in filled.lanes() {
                self.entry_sd[i] = package.entry_spot[i] * slice.theta[i].sqrt();
            }
            for i in 0..LANES {
                let moved = (market.spot[i] - package.entry_spot[i]).abs();
                self.columns.sd_move[i] = moved / self.entry_sd[i];
            }
        }
        if pool.asked.extrinsic {
            self.time_value(pool, package, market, &scratch.days);
        }
        if pool.asked.greeks || pool.asked.unit {
            scratch.greeks(pool, package, market);
        }
        if pool.asked.unit {
            scratch.delta(pool, package, market, &mut self.unit.delta);
            self.unit.gamma = scratch.gamma;
            for i in 0..LANES {
                self.unit.theta[i] = scratch.theta[i] * (1.0 / SESSIONS_PER_YEAR);
            }
        }
        if pool.asked.greeks {
            for i in filled.lanes() {
                self.entry_theta[i] = scratch.theta[i];
            }
            for i in 0..LANES {
                self.columns.theta_acceleration[i] = scratch.theta[i] / self.entry_theta[i];
            }
            scratch.gamma.iter_mut().for_each(|gamma| *gamma = gamma.abs());
            self.rank(package, market.tick, &scratch.gamma);
        }
    }

    /// What closing costs beyond the payoff at today's spot.
    fn time_value(&mut self, pool: &PoolPlan, package: &Package, market: &Market, days: &Col) {
        let mut intrinsic = Col::default();
        for (leg, strike) in pool.legs.iter().zip(&package.strikes) {
            for i in 0..LANES {
                let payoff = (leg.right.sign() * (market.spot[i] - strike[i])).max(0.0);
                intrinsic[i] += f64::from(leg.ratio) * payoff;
            }
        }
        for i in 0..LANES {
            let extrinsic = intrinsic[i] - package.value[i];
            self.columns.extrinsic_share[i] = extrinsic / package.credit[i];
            self.columns.extrinsic_per_day[i] = extrinsic / days[i];
        }
    }

    /// The share of the sessions since the fill in which |Γ| was lower than now.
    fn rank(&mut self, package: &Package, tick: u32, gamma: &Col) {
        let kept = self.gammas.len() as u32;
        let held: Col = Col(std::array::from_fn(|i| f64::from(tick) - package.entered[i]));
        let longest = held.iter().fold(0.0_f64, |longest, &held| longest.max(held)) as u32;
        let mut lower = Col::default();
        for age in 1..=longest.min(kept - 1).min(tick) {
            let before = &self.gammas[((tick - age) % kept) as usize];
            for i in 0..LANES {
                let counts = f64::from(age) <= held[i] && before[i] < gamma[i];
                lower[i] += if counts { 1.0 } else { 0.0 };
            }
        }
        for i in 0..LANES {
            // Of sessions before the path begins nothing is known.
            let known = package.entered[i] >= 0.0;
            self.columns.gamma_percentile[i] = if known { 100.0 * lower[i] / held[i] } else { f64::NAN };
        }
        self.gammas[(tick % kept) as usize] = *gamma;
    }
}

impl Scratch {
    /// Γ by the spot and time decay a year of one unit.
    ///
    /// With the forward unchanged a value changes by r V − D F φ s / 2T a year: the rate earns on all legs at once.
    fn greeks(&mut self, pool: &PoolPlan, package: &Package, market: &Market) {
        let Self { sessions, days, slice, gamma, theta, sd, density, .. } = self;
        let mut decay = Col::default();
        *gamma = Col::default();
        for (leg, strike) in pool.legs.iter().zip(&package.strikes) {
            Surface::density(slice, strike, sd, density);
            let ratio = f64::from(leg.ratio);
            for i in 0..LANES {
                gamma[i] += ratio * density[i] / sd[i];
                decay[i] += ratio * density[i] * sd[i];
            }
        }
        for i in 0..LANES {
            let (spot, years) = (market.spot[i], sessions[i] * (1.0 / SESSIONS_PER_YEAR));
            gamma[i] /= spot * spot;
            let on_slice = package.value[i] - package.residual[i];
            let interest = market.now.r[i] * (days[i] * (1.0 / DAYS_PER_YEAR)) * on_slice;
            theta[i] = (interest - 0.5 * decay[i]) / years;
        }
    }
    /// Change of one unit's value where the spot rises by one point, the forward with it, at unchanged volatilities.
    fn delta(&mut self, pool: &PoolPlan, package: &Package, market: &Market, out: &mut Col) {
        let Self { slice, delta, .. } = self;
        *out = Col::default();
        for (leg, strike) in pool.legs.iter().zip(&package.strikes) {
            Surface::delta(slice, leg.right.sign(), strike, delta);
            for i in 0..LANES {
                out[i] += f64::from(leg.ratio) * delta[i];
            }
        }
        for i in 0..LANES {
            out[i] *= slice.discount[i] * slice.forward[i] / market.spot[i];
        }
    }
}
