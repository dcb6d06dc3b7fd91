//! Condors of one expiry on one thread: 945 put spreads beside 945 call spreads, as in the measurement of the peers.

use std::hint::black_box;

use alvh_core::pricing::svi::Essvi;
use alvh_core::score::{
    ADDITIVE, Column, Expiry, Hedge, Law, Legs, Limit, Sides, Spreads, Wanted, Widths, Wings, exhaustive,
    search,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const STRIKES: usize = 100;
const STEP: f64 = 5.0;
const WIDEST: f64 = 50.0;
const FORWARD: f64 = 5000.0;
const TOP: usize = 50;

fn side(sign: f64) -> Spreads {
    let first = if sign > 0.0 { FORWARD + STEP } else { FORWARD - STEP * STRIKES as f64 };
    let strike: Vec<f64> = (0..STRIKES).map(|i| first + STEP * i as f64).collect();
    let mid: Vec<f64> = strike.iter().map(|k| 90.0 * (-((k - FORWARD).abs() / 150.0)).exp()).collect();
    let figure = |k: usize| mid.iter().map(|m| m * (1.0 + 0.1 * k as f64)).collect::<Vec<f64>>();
    let sold: Vec<Vec<f64>> = (0..ADDITIVE).map(figure).collect();
    let may = vec![true; STRIKES];
    let every = std::array::from_fn(|k| &sold[k][..]);
    let legs = Legs { strike: &strike, sell: &may, buy: &may, sold: every, bought: every, terms: None };
    Spreads::of(&legs, sign, &Widths::Range(STEP, WIDEST)).expect("strikes ascend")
}

fn bench(criterion: &mut Criterion) {
    let svi = Essvi { theta: 0.0021, rho: -0.5, zeta: 0.8 }.raw();
    let laws = || [Some(Law::Slice { forward: FORWARD, svi }), Some(Law::Slice { forward: FORWARD, svi })];
    let hedge = Hedge { cost: 0.5, drag: 0.2 };
    let expiries = [Expiry::new(side(-1.0), side(1.0), laws(), hedge, Sides::Wider)];
    let condors = expiries[0].candidates(Wings::Any);
    let mut group = criterion.benchmark_group("condors");
    group.throughput(Throughput::Elements(condors));
    let of_the_peers =
        ["credit", "max_loss", "break_even_low", "break_even_high", "p_profit", "expected_pnl"];
    let named = |names: &[&str]| names.iter().filter_map(|name| Column::named(name)).collect::<Vec<_>>();
    let every = Column::NAMED.map(|(_, column)| column);
    for (label, columns) in
        [("6 figures, as the peers", named(&of_the_peers)), ("23 figures", every.to_vec())]
    {
        // limits that all satisfy: each figure of each condor is computed and looked at
        let limit = |&column: &Column| Limit { column, low: f64::NEG_INFINITY, high: f64::INFINITY };
        let (rank, limits) = (columns[0], columns[1..].iter().map(limit).collect());
        let wanted = Wanted { rank, descending: true, top: TOP, limits, wings: Wings::Any };
        group.bench_function(label, |b| b.iter(|| exhaustive(black_box(&expiries), &wanted, Some(1))));
    }
    for name in ["expected_pnl", "return_on_margin", "p_profit"] {
        let rank = Column::named(name).expect("it is a column");
        let wanted = Wanted { rank, descending: true, top: TOP, limits: Vec::new(), wings: Wings::Any };
        group.bench_function(format!("exhaustive, best by {name}"), |b| {
            b.iter(|| exhaustive(black_box(&expiries), &wanted, Some(1)));
        });
        group.bench_function(format!("search, best by {name}"), |b| {
            b.iter(|| search(black_box(&expiries), &wanted));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
