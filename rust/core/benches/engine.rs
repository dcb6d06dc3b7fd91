//! The path engine: time per block of 256 paths through 63 sessions, one book and ten.

#[path = "../tests/common/mod.rs"]
mod common;

use alvh_core::engine::Plan;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;

const PATHS: usize = 256;

fn engine(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(PATHS as u64 * u64::from(common::SESSIONS)));
    group.sample_size(10);
    for books in [1, 10] {
        let mut spec = common::spec();
        spec["books"] = json!(vec![spec["books"][0].clone(); books]);
        let plan = Plan::from_json(&spec.to_string()).expect("a valid specification");
        group.bench_function(format!("path-sessions, {books} books"), |b| b.iter(|| plan.run(0, PATHS, 1)));
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
