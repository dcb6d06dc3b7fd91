//! Column kernels in cache: time per lane of what a session of the engine calls.

use std::hint::black_box;

use alvh_core::{
    market::{
        generator::{Lanes, generator},
        quote::{Slice, Surface},
        spec::MarketSpec,
        state::State,
    },
    math::lanes::{Col, LANES},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Innovations of a quiet year, and everything else as in L3F.
fn fhs() -> String {
    let l3f = MarketSpec::L3f(Box::default()).to_json().expect("JSON");
    let rows: Vec<_> = (0..252).map(|row| [f64::from(row % 7 - 3) / 3.0; 4]).collect();
    let innovations = serde_json::to_string(&rows).expect("JSON");
    l3f.replacen(r#""l3f""#, &format!(r#""fhs", "block": 10.0, "innovations": {innovations}"#), 1)
}

fn kernels(c: &mut Criterion) {
    let spec = MarketSpec::from_json(r#"{"model": "l3f"}"#).expect("defaults");
    let market = generator(&spec).expect("defaults");
    let surface = market.surface();
    let lanes = Lanes { seed: 7, first_path: 0, start: [0; LANES] };
    let (mut state, mut slice, mut out) = (State::default(), Slice::default(), Col::default());
    market.start(&lanes, &mut state);
    let (sessions, days, strike) = (Col::splat(31.0), Col::splat(45.0), Col::splat(4750.0));

    let mut group = c.benchmark_group("lane");
    group.throughput(Throughput::Elements(LANES as u64));
    group.bench_function("L3F session with draws", |b| {
        b.iter(|| market.session(&lanes, 1, black_box(&mut state)));
    });
    for (name, spec) in [
        ("PDV4", r#"{"model": "pdv4"}"#),
        ("FHS", &fhs()),
        ("Bates", r#"{"model": "bates"}"#),
        ("GBM", r#"{"model": "gbm"}"#),
    ] {
        let other = MarketSpec::from_json(spec).and_then(|spec| generator(&spec)).expect("valid");
        let mut state = State::default();
        other.start(&lanes, &mut state);
        let mut step = 0;
        group.bench_function(format!("{name} session with draws"), |b| {
            b.iter(|| {
                step += 1;
                other.session(&lanes, step, black_box(&mut state));
            });
        });
    }
    group.bench_function("eSSVI slice", |b| {
        b.iter(|| surface.slice(black_box(&state), &sessions, &days, &mut slice));
    });
    group.bench_function("SPX option off a slice", |b| {
        b.iter(|| Surface::option(black_box(&slice), -1.0, &strike, &mut out));
    });
    group.bench_function("VIX", |b| b.iter(|| surface.vix(black_box(&state), &mut out)));
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
