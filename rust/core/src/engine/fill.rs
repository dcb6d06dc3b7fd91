//! The one place where a price is touched on its way to a ledger: half-spreads, slips and fees.

use super::spec::{ContractSpec, CostSpec};
use crate::math::special::{exp, ln};

/// A contract in SPX points.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Dollars per SPX point and lot.
    pub dpp: f64,
    /// Strike grid, SPX points.
    pub grid: f64,
    /// Exchange fee and commission per contract and trade, dollars.
    pub fee: f64,
    fraction: f64,
    ticks: Vec<(f64, f64)>,
}

impl Contract {
    /// The contract row with the commission of the cost table.
    pub fn new(row: &ContractSpec, costs: &CostSpec) -> Self {
        Self {
            dpp: row.multiplier * row.index_fraction,
            grid: row.strike_step / row.index_fraction,
            fee: row.exchange_fee + costs.commission,
            fraction: row.index_fraction,
            ticks: row.ticks.clone(),
        }
    }

    /// Half of the bid–ask spread of one leg, SPX points, from its mid (MODELS, fills).
    pub fn half_spread(&self, costs: &CostSpec, mid: f64, vix: f64) -> f64 {
        let points = mid * self.fraction;
        let tick = self.ticks.iter().rev().find(|(from, _)| points >= *from).map_or(0.0, |(_, tick)| *tick);
        let smooth = costs.half_spread_scale * power(points, costs.half_spread_power);
        let stress = power(vix.max(costs.vix_knee) / costs.vix_knee, costs.vix_power);
        (0.5 * tick).max(smooth) * stress / self.fraction
    }
}

/// `base ^ exponent` for base ≥ 0, by our own functions: the same bits on every platform.
fn power(base: f64, exponent: f64) -> f64 {
    if base <= 0.0 { 0.0 } else { exp::<false>(exponent * ln::<false>(base)) }
}

#[cfg(test)]
mod tests {
    use super::super::spec::Settlement;
    use super::*;

    const COSTS: CostSpec = CostSpec {
        order_share: 0.35,
        liquidation_share: 1.0,
        half_spread_scale: 0.071,
        half_spread_power: 0.43,
        vix_knee: 20.0,
        vix_power: 1.25,
        commission: 0.5,
    };

    fn spxw() -> ContractSpec {
        ContractSpec {
            product: "SPXW".into(),
            multiplier: 100.0,
            index_fraction: 1.0,
            strike_step: 5.0,
            ticks: vec![(0.0, 0.05), (3.0, 0.1)],
            settlement: Settlement::Close,
            exchange_fee: 0.65,
        }
    }

    #[test]
    fn half_spread_is_at_least_half_a_tick_and_widens_with_vix() {
        let spxw = Contract::new(&spxw(), &COSTS);
        assert_eq!(spxw.half_spread(&COSTS, 0.0, 12.0), 0.025);
        let calm = spxw.half_spread(&COSTS, 20.0, 16.0);
        assert!((calm - 0.071 * 20f64.powf(0.43)).abs() < 1e-14);
        let wild = spxw.half_spread(&COSTS, 20.0, 40.0);
        assert!((wild / calm - 2f64.powf(1.25)).abs() < 1e-14);
    }
}
