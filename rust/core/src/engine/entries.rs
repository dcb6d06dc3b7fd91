//! The openings of the core of one book: what was paid for how much risk, and where the shorts lay (C1, C19).

use super::{layout::PoolPlan, package::Package, select::Selection, spec::Right};

/// Names of the columns, in order. Credits and width in points of the underlying; deltas of the shorts without their sign;
/// moves are distances of the shorts from the forward in expected moves, forward √θ. What a package has no leg for is
/// missing.
pub const NAMES: &[&str] = &[
    "path",
    "tick",
    "layer",
    "lots",
    "credit_mid",
    "credit",
    "put_delta",
    "call_delta",
    "put_moves",
    "call_moves",
    "width",
];

/// One row per opening.
pub type Rows = Vec<[f64; NAMES.len()]>;

/// The row of an opening.
pub fn row(
    [lane, tick, layer]: [usize; 3],
    lots: f64,
    pool: &PoolPlan,
    package: &Package,
    choice: &Selection,
) -> [f64; NAMES.len()] {
    let forward = choice.forward[lane];
    let short = |right: Right| {
        let sold =
            || pool.legs.iter().zip(&package.strikes).filter(|(leg, _)| leg.right == right && leg.ratio < 0);
        let contracts: i32 = sold().map(|(leg, _)| -leg.ratio).sum();
        let strike = sold().next().map_or(f64::NAN, |(_, strike)| strike[lane]);
        let delta = choice.entry_delta[1][right as usize][lane].abs() / f64::from(contracts);
        (delta, right.sign() * (strike - forward) / (forward * choice.entry_sd[lane]))
    };
    let (put, call) = (short(Right::Put), short(Right::Call));
    let [lane_at, tick, layer_at] = [lane, tick, layer].map(|index| index as f64);
    let (mid, credit, width) = (-package.value[lane], package.credit[lane], package.risk[lane]);
    [lane_at, tick, layer_at, lots, mid, credit, put.0, call.0, put.1, call.1, width]
}

/// Per name, an element per opening in the first `live` lanes: by path, then as they happened.
pub fn columns(mut rows: Rows, live: usize) -> Vec<Vec<f64>> {
    rows.retain(|row| row[0] < live as f64);
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    (0..NAMES.len()).map(|name| rows.iter().map(|row| row[name]).collect()).collect()
}
