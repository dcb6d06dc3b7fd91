//! Strikes and expiry from fill-time quotes, snapped to the listed grid.

use super::{
    layout::PoolPlan,
    package::{Market, value},
    spec::{Drift, LegSpec, Right, StrikeSpec, Width},
};
use crate::{
    market::{
        DAYS_PER_YEAR,
        quote::{Slice, Surface},
    },
    math::{
        lanes::{Col, LANES, Mask},
        simd::{Kernel, dispatch},
        special::{exp, inv_norm_cdf},
    },
    schedule::{NO_EXPIRY, Schedule},
};

/// A package chosen per lane, and why not where none was.
#[derive(Debug)]
pub struct Selection {
    /// Session of expiry.
    pub expiry: [u32; LANES],
    /// No listed expiry in the window.
    pub no_expiry: Mask,
    /// Strikes that are not positive or that cross.
    pub no_strikes: Mask,
    /// Strikes per leg.
    pub strikes: Vec<Col>,
    /// Mid prices per leg.
    pub leg_prices: Vec<Col>,
    /// V of one unit.
    pub value: Col,
    slice: Slice,
    sessions: Col,
    days: Col,
    price: Col,
}

impl Selection {
    /// Scratch for a layer with this many legs.
    pub fn new(legs: usize) -> Self {
        Self {
            expiry: [0; LANES],
            no_expiry: Mask::NONE,
            no_strikes: Mask::NONE,
            strikes: vec![Col::splat(1.0); legs],
            leg_prices: vec![Col::default(); legs],
            value: Col::default(),
            slice: Slice::default(),
            sessions: Col::default(),
            days: Col::default(),
            price: Col::default(),
        }
    }

    /// Chooses for the lanes of `due`; the others hold harmless numbers.
    pub fn select(
        &mut self,
        plan: &PoolPlan,
        schedule: &Schedule,
        surface: &Surface,
        market: &Market,
        due: Mask,
    ) {
        self.no_expiry = Mask::NONE;
        for i in 0..LANES {
            let now = market.session[i];
            let listed = plan.expiry[now as usize];
            let found = due.get(i) && listed != NO_EXPIRY;
            self.no_expiry.set(i, due.get(i) && !found);
            self.expiry[i] = if found { listed } else { now };
            self.sessions[i] = if found { f64::from(schedule.sessions_between(now, listed)) } else { 1.0 };
            self.days[i] = if found { f64::from(schedule.days_between(now, listed)) } else { 1.0 };
        }
        surface.slice(&market.now, &self.sessions, &self.days, &mut self.slice);
        for index in 0..plan.legs.len() {
            let (earlier, rest) = self.strikes.split_at_mut(index);
            strike(plan, &plan.legs[index], market, &self.slice, &self.days, earlier, &mut rest[0]);
        }
        let out = Mask::from_fn(|i| crossed(&plan.legs, &self.strikes, i));
        self.no_strikes = due & !self.no_expiry & out;
        value(plan, &self.strikes, &self.slice, &mut self.price, &mut self.value, Some(&mut self.leg_prices));
    }
}

/// Does the package of this lane have a strike that is not positive, or a put above a call?
fn crossed(legs: &[LegSpec], strikes: &[Col], lane: usize) -> bool {
    let (mut put, mut call) = (0.0_f64, f64::INFINITY);
    for (leg, strike) in legs.iter().zip(strikes) {
        let k = strike[lane];
        if !(k > 0.0 && k.is_finite()) {
            return true;
        }
        match leg.right {
            Right::Put => put = put.max(k),
            Right::Call => call = call.min(k),
        }
    }
    put > call
}

fn strike(
    plan: &PoolPlan,
    leg: &LegSpec,
    market: &Market,
    slice: &Slice,
    days: &Col,
    earlier: &[Col],
    out: &mut Col,
) {
    let grid = plan.contract.grid;
    match leg.strike {
        StrikeSpec::Delta { value } => {
            // N(d1) = value for calls, N(-d1) = value for puts.
            let d1 = leg.right.sign() * inv_norm_cdf::<false>(value);
            dispatch(StrikeAtD1 { slice, d1, out });
            for i in 0..LANES {
                out[i] = (out[i] / grid + 0.5).floor() * grid;
            }
        }
        StrikeSpec::ExpectedMove { multiple, drift, erp } => {
            for i in 0..LANES {
                let spot = market.spot[i];
                let centre = match drift {
                    Drift::Forward => slice.forward[i],
                    Drift::Capm => {
                        let rate = market.now.r[i] + erp - market.now.q[i];
                        spot * exp::<false>(rate * days[i] / DAYS_PER_YEAR)
                    }
                };
                let edge = centre + leg.right.sign() * multiple * spot * slice.theta[i].sqrt();
                let steps = match leg.right {
                    Right::Put => (edge / grid).floor(),
                    Right::Call => (edge / grid).ceil(),
                };
                out[i] = steps * grid;
            }
        }
        StrikeSpec::Offset { from, width } => {
            for i in 0..LANES {
                let distance = match width {
                    Width::Fraction(fraction) => fraction * market.spot[i],
                    Width::Points(points) => points * plan.points_to_spx,
                };
                let steps = (distance / grid + 0.5).floor().max(1.0);
                out[i] = earlier[from][i] + leg.right.sign() * steps * grid;
            }
        }
    }
}

/// The strike at which d1 takes a given value on the lane's own smile.
struct StrikeAtD1<'a> {
    slice: &'a Slice,
    d1: f64,
    out: &'a mut Col,
}

/// Bracket of the bisection in units of √θ: |delta| below 1e-8 lies outside it at any skew.
const BRACKET: f64 = 40.0;
/// Halvings: 80 / 2^64 of √θ is below the last bit of the strike.
const HALVINGS: usize = 64;

impl Kernel for StrikeAtD1<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { slice, d1, out } = self;
        let (mut low, mut high) = (Col::splat(-BRACKET), Col::splat(BRACKET));
        for _ in 0..HALVINGS {
            for i in 0..LANES {
                let (rho, zeta) = (slice.rho[i], slice.zeta[i]);
                // u = k/√θ: on the eSSVI slice total variance is θ times a function of u alone.
                let u = 0.5 * (low[i] + high[i]);
                let z = zeta * u;
                let shape = 0.5 * (1.0 + rho * z + ((z + rho) * (z + rho) + (1.0 - rho * rho)).sqrt());
                let ratio = shape.sqrt();
                // d1 = −k/√w + √w/2 falls in k.
                let too_low = 0.5 * slice.theta[i].sqrt() * ratio - u / ratio > d1;
                low[i] = if too_low { u } else { low[i] };
                high[i] = if too_low { high[i] } else { u };
            }
        }
        for i in 0..LANES {
            let u = 0.5 * (low[i] + high[i]);
            out[i] = slice.forward[i] * exp::<FMA>(u * slice.theta[i].sqrt());
        }
    }
}
