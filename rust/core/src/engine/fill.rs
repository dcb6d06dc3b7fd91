//! The one place where a price is touched on its way to a ledger: half-spreads, slips, fees, margin of futures.

use super::{
    instrument::Instrument,
    spec::{ContractSpec, CostSpec, HalfSpread, Settlement},
};
use crate::{
    market::strategy_index::FundSpec,
    math::special::{exp, ln},
};

/// A contract in points of its underlying.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// What it pays.
    pub instrument: Instrument,
    /// Settles to the opening.
    pub morning: bool,
    /// Dollars per point of the underlying and lot.
    pub dpp: f64,
    /// Dollars per point of the product.
    pub multiplier: f64,
    /// Exchange fee and commission per contract and trade, dollars.
    pub fee: f64,
    /// Of the fund that shares and their options are of; 1 of anything else.
    pub leverage: f64,
    fraction: f64,
    ticks: Vec<(f64, f64)>,
    strike_steps: Vec<(f64, f64)>,
    half_spread: HalfSpread,
    margin: Vec<(f64, f64)>,
    margin_stress: Vec<(f64, f64)>,
    stress: f64,
}

impl Contract {
    /// The contract row with the commission of the cost table; of shares and their options number and row of their fund.
    pub fn new(row: &ContractSpec, costs: &CostSpec, fund: Option<(u8, FundSpec)>) -> Self {
        let to_underlying =
            |&(from, step): &(f64, f64)| (from / row.index_fraction, step / row.index_fraction);
        Self {
            instrument: Instrument::new(row.underlying, row.kind, fund.map(|(number, _)| number)),
            morning: row.settlement == Settlement::Opening,
            dpp: row.multiplier * row.index_fraction,
            multiplier: row.multiplier,
            fee: row.exchange_fee + costs.commission,
            leverage: fund.map_or(1.0, |(_, fund)| fund.leverage),
            fraction: row.index_fraction,
            ticks: row.ticks.clone(),
            strike_steps: row.strike_steps.iter().map(to_underlying).collect(),
            half_spread: row.half_spread.clone(),
            margin: row.margin.clone(),
            margin_stress: row.margin_stress.clone(),
            stress: row.stress,
        }
    }

    /// Distance of listed strikes around `strike`, points of the underlying.
    pub fn grid(&self, strike: f64) -> f64 {
        rung(&self.strike_steps, strike)
    }

    /// Half of the bid–ask spread of one leg, points of the underlying, from its mid (MODELS, fills).
    pub fn half_spread(&self, costs: &CostSpec, mid: f64, vix: f64) -> f64 {
        let points = mid * self.fraction;
        let HalfSpread { floors, scale, power: exponent } = &self.half_spread;
        let least = (0.5 * rung(&self.ticks, points)).max(rung(floors, points));
        let smooth = scale * power(points, *exponent);
        let stress = power(vix.max(costs.vix_knee) / costs.vix_knee, costs.vix_power);
        costs.half_spread_factor * least.max(smooth) * stress / self.fraction
    }

    /// Margin of one future, points of the underlying: a share of its price by calendar days to settlement, more of it
    /// where VIX is high.
    pub fn margin(&self, price: f64, days: f64, vix: f64) -> f64 {
        let reached = self.margin_stress.iter().rev().find(|(from, _)| vix >= *from);
        rung(&self.margin, days) * price * reached.map_or(1.0, |(_, multiple)| *multiple)
    }

    /// What one future may lose in a day, points of the underlying (R64); nothing for options, which are paid in full.
    pub fn stress(&self, price: f64) -> f64 {
        self.stress * price
    }
}

/// The value of the last rung that starts at or below `at`; the first rung's start does not matter, and no rungs are 0.
pub(super) fn rung(rungs: &[(f64, f64)], at: f64) -> f64 {
    rungs.iter().rev().find(|(from, _)| at >= *from).or(rungs.first()).map_or(0.0, |(_, value)| *value)
}

/// `base ^ exponent` for base ≥ 0, by our own functions: the same bits on every platform.
fn power(base: f64, exponent: f64) -> f64 {
    if base <= 0.0 { 0.0 } else { exp::<false>(exponent * ln::<false>(base)) }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Kind, Underlying};
    use super::*;

    const COSTS: CostSpec = CostSpec {
        order_share: 0.35,
        single_share: 1.0,
        liquidation_share: 1.0,
        half_spread_factor: 1.0,
        vix_knee: 20.0,
        vix_power: 1.25,
        commission: 0.5,
    };

    fn spxw() -> ContractSpec {
        ContractSpec {
            product: "SPXW".into(),
            underlying: Underlying::Spx,
            kind: Kind::Option,
            multiplier: 100.0,
            index_fraction: 1.0,
            strike_steps: vec![(0.0, 5.0)],
            ticks: vec![(0.0, 0.05), (3.0, 0.1)],
            settlement: Settlement::Close,
            exchange_fee: 0.65,
            half_spread: HalfSpread { floors: vec![], scale: 0.071, power: 0.43 },
            margin: vec![],
            margin_stress: vec![],
            stress: 0.0,
            fund: None,
            on: None,
        }
    }

    #[test]
    fn half_spread_is_at_least_half_a_tick_and_widens_with_vix() {
        let spxw = Contract::new(&spxw(), &COSTS, None);
        assert_eq!(spxw.half_spread(&COSTS, 0.0, 12.0), 0.025);
        let calm = spxw.half_spread(&COSTS, 20.0, 16.0);
        assert!((calm - 0.071 * 20f64.powf(0.43)).abs() < 1e-14);
        let wild = spxw.half_spread(&COSTS, 20.0, 40.0);
        assert!((wild / calm - 2f64.powf(1.25)).abs() < 1e-14);
    }

    #[test]
    fn vix_options_are_wide_and_their_grid_depends_on_the_strike() {
        let row = ContractSpec {
            underlying: Underlying::Vix,
            strike_steps: vec![(0.0, 0.5), (15.0, 1.0), (200.0, 5.0)],
            half_spread: HalfSpread { floors: vec![(0.0, 0.025), (0.5, 0.05)], scale: 0.07, power: 1.0 },
            ..spxw()
        };
        let vix = Contract::new(&row, &COSTS, None);
        assert_eq!(vix.half_spread(&COSTS, 0.2, 12.0), 0.025);
        assert_eq!(vix.half_spread(&COSTS, 0.6, 12.0), 0.05);
        assert!((vix.half_spread(&COSTS, 2.0, 12.0) - 0.14).abs() < 1e-14);
        assert_eq!([14.9, 15.0, 250.0].map(|k| vix.grid(k)), [0.5, 1.0, 5.0]);
    }

    #[test]
    fn margin_falls_with_the_tenor() {
        let row = ContractSpec { margin: vec![(0.0, 0.55), (93.0, 0.40), (184.0, 0.35)], ..spxw() };
        let vx = Contract::new(&row, &COSTS, None);
        assert_eq!([30.0, 93.0, 400.0].map(|days| vx.margin(20.0, days, 29.9)), [11.0, 8.0, 7.0]);
        let row = ContractSpec { margin_stress: vec![(30.0, 1.5), (50.0, 2.0)], ..row };
        let vx = Contract::new(&row, &COSTS, None);
        assert_eq!([29.9, 30.0, 60.0].map(|vix| vx.margin(20.0, 30.0, vix)), [11.0, 16.5, 22.0]);
    }
}
