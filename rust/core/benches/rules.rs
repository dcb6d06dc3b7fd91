//! Rules: time per node and path-step in the block loop, time of a window and of an indicator per path-step, time to compile;
//! what exit rules cost in the engine, windows over the market and greeks of positions.
//!
//! Bars: 1 ns per node and path-step, windows of zscore and percentile apart; 1,000 rules in 50 ms.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{hint::black_box, time::Instant};

use alvh_core::{
    engine::Plan,
    math::lanes::{Col, LANES, Mask},
    rules::{
        Program, Rule, Scope,
        indicator::{Closes, indicator},
        names::NAMES,
    },
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value as Json, json};

fn rule(tree: &Json) -> Rule {
    serde_json::from_value(json!({"text": "", "tree": tree})).expect("a tree")
}

fn name(text: &str) -> Json {
    json!({"name": text})
}

/// Eight nodes that no other index shares but the names: `(vix + i > 20 * rate).for_sessions(3)`.
fn atom(i: usize) -> Json {
    let left = json!({"op": "add", "args": [name("vix"), {"const": i}]});
    let right = json!({"op": "mul", "args": [{"const": 20 + i}, name("rate")]});
    json!({"op": "for_sessions", "n": 3, "args": [{"op": "gt", "args": [left, right]}]})
}

/// Atoms joined by `and` and `or`, eight nodes each with their joint.
fn tree(nodes: usize) -> Json {
    (1..nodes / 8).fold(
        atom(0),
        |tree, i| json!({"op": if i % 2 == 0 { "and" } else { "or" }, "args": [tree, atom(i)]}),
    )
}

/// Every operator without a window of numbers, once or more.
fn mixed() -> (Json, usize) {
    let vix_above = |level: f64| json!({"op": "gt", "args": [name("vix"), {"const": level}]});
    let voters = json!({"op": "votes", "n": 2, "args": [
        {"op": "rising", "n": 2, "args": [name("vix")]},
        {"op": "crosses_above", "args": [name("vix"), {"const": 15.0}]},
        {"op": "latch", "args": [vix_above(18.0), {"op": "not", "args": [vix_above(12.0)]}]},
    ]});
    let score = json!({"op": "score", "args": [
        {"const": 2.0}, vix_above(15.0),
        {"const": 1.0}, {"op": "clip", "args": [name("rate"), {"const": 0.0}, {"const": 1.0}]},
    ]});
    let since = json!({"op": "since", "args": [vix_above(16.0)]});
    let weighed = json!({"op": "gt", "args": [score, {"const": 0.5}]});
    let late = json!({"op": "lt", "args": [since, {"const": 5.0}]});
    (json!({"op": "and", "args": [voters, weighed, late]}), 36)
}

fn column(seed: usize) -> Col {
    Col(std::array::from_fn(|lane| 10.0 + ((lane * 7919 + seed * 104729) % 1009) as f64 / 100.0))
}

fn session(program: &Program) -> impl FnMut() {
    let sessions: Vec<Vec<Col>> =
        (0..16).map(|t| (0..program.inputs().len()).map(|input| column(t * 31 + input)).collect()).collect();
    let (program, mut memory, mut t) = (program.clone(), program.memory(), 0);
    move || {
        t = (t + 1) % sessions.len();
        let mut inputs = [&sessions[t][0]; 8];
        for (slot, input) in inputs.iter_mut().zip(&sessions[t]) {
            *slot = input;
        }
        black_box(program.evaluate(&inputs[..program.inputs().len()], &mut memory));
    }
}

fn block_loop(c: &mut Criterion) {
    let mut group = c.benchmark_group("node and path-step");
    let sizes = [8, 16, 32, 64].map(|nodes| (format!("{nodes} nodes"), tree(nodes), nodes));
    let (every, nodes) = mixed();
    for (label, tree, nodes) in sizes.into_iter().chain([("every operator".to_owned(), every, nodes)]) {
        let program = Program::compile(&rule(&tree), Scope::Market).expect("compiles");
        group.throughput(Throughput::Elements((LANES * nodes) as u64));
        let mut step = session(&program);
        group.bench_function(label, |b| b.iter(&mut step));
    }
    group.finish();

    let mut group = c.benchmark_group("window and path-step");
    group.throughput(Throughput::Elements(LANES as u64));
    for op in ["zscore", "percentile"] {
        for n in [21, 252] {
            let window = json!({"op": op, "n": n, "args": [name("vix")]});
            let tree = json!({"op": "gt", "args": [window, {"const": 1.0}]});
            let program = Program::compile(&rule(&tree), Scope::Market).expect("compiles");
            let mut step = session(&program);
            group.bench_function(format!("{op}({n})"), |b| b.iter(&mut step));
        }
    }
    group.finish();
}

/// Every indicator, so that a new one has a cost without a word here.
fn indicators(c: &mut Criterion) {
    let mut group = c.benchmark_group("indicator and path-step");
    group.throughput(Throughput::Elements(LANES as u64));
    let vix = column(7);
    for row in NAMES.iter().filter(|row| row.name.is_indicator()) {
        let mut signal = indicator(row.text).expect("registered");
        let spots: Vec<Col> = (0..16).map(column).collect();
        let (mut t, mut out) = (0, Col::default());
        group.bench_function(row.text, |b| {
            b.iter(|| {
                t += 1;
                let week_ends = if t % 5 == 4 { Mask::ALL } else { Mask::NONE };
                let (spot, broad) = (&spots[t % spots.len()], &spots[t % 3]);
                signal.step(&Closes { spot, vix: &vix, broad: Some(broad), week_ends }, &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

fn compile(c: &mut Criterion) {
    let rules: Vec<Rule> = (0..1000).map(|i| rule(&tree(16 + 8 * (i % 5)))).collect();
    c.bench_function("compile 1,000 rules", |b| {
        b.iter(|| {
            for rule in &rules {
                black_box(Program::compile(rule, Scope::Market).expect("compiles"));
            }
        });
    });
}

/// The same in the words of the bar: nanoseconds per node and path-step, per window and path-step, the best of many rounds.
fn in_words(_: &mut Criterion) {
    const SESSIONS: usize = 2_000;
    const ROUNDS: usize = 15;
    let nanoseconds = |tree: &Json| {
        let program = Program::compile(&rule(tree), Scope::Market).expect("compiles");
        let mut step = session(&program);
        let round = |_| {
            let begun = Instant::now();
            (0..SESSIONS).for_each(|_| step());
            begun.elapsed().as_secs_f64() * 1e9 / (SESSIONS * LANES) as f64
        };
        (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
    };
    for nodes in [8, 16, 32, 64] {
        println!("{nodes} nodes: {:.2} ns per node and path-step", nanoseconds(&tree(nodes)) / nodes as f64);
    }
    let (every, nodes) = mixed();
    println!("every operator: {:.2} ns per node and path-step", nanoseconds(&every) / nodes as f64);
    for (op, n) in
        [("for_sessions", 3), ("zscore", 21), ("zscore", 252), ("percentile", 21), ("percentile", 252)]
    {
        let compared = json!({"op": "gt", "args": [name("vix"), {"const": 15.0}]});
        let tree = match op {
            "for_sessions" => json!({"op": op, "n": n, "args": [compared]}),
            _ => json!({"op": "gt", "args": [{"op": op, "n": n, "args": [name("vix")]}, {"const": 1.0}]}),
        };
        println!("{op}({n}): {:.2} ns per rule and path-step", nanoseconds(&tree));
    }
}

/// One layer in the engine by its exit rule: what it costs a path-step, and a slot of it.
fn exits(_: &mut Criterion) {
    const PATHS: usize = 1_024;
    const ROUNDS: usize = 7;
    let over = |of: &str, level: f64| json!({"op": "gt", "args": [name(of), {"const": level}]});
    let window = json!({"op": "percentile", "n": 252, "args": [name("vix")]});
    let both = |a: Json| json!({"op": "and", "args": [a, over("profit", 1e6)]});
    let rules = [
        ("no exit rule", None),
        ("profit", Some(over("profit", 1e6))),
        (
            "vix.percentile(252) and profit",
            Some(both(json!({"op": "gt", "args": [window, {"const": 50.0}]}))),
        ),
        ("extrinsic_share", Some(over("extrinsic_share", 1e6))),
        ("gamma_percentile", Some(over("gamma_percentile", 1e6))),
    ];
    for every in ["week", "day"] {
        let mut plain = 0.0;
        for (label, tree) in &rules {
            let mut spec = common::spec();
            let layer = &mut spec["books"][0]["layers"][0];
            layer["every"] = json!(every);
            if let Some(tree) = tree {
                layer["exit"] = json!({"text": "", "tree": tree});
            }
            let plan = Plan::from_json(&spec.to_string()).expect("a valid specification");
            let slots = plan.tranches(0).expect("book 0")[0];
            let round = |_| {
                let begun = Instant::now();
                black_box(plan.run(0, PATHS, 1).expect("runs"));
                begun.elapsed().as_secs_f64() * 1e6 / (PATHS as f64 * f64::from(common::SESSIONS))
            };
            let best = (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min);
            if tree.is_none() {
                plain = best;
            }
            let (more, share) = (best - plain, best / plain);
            let slot = more / slots as f64;
            println!(
                "{every}, {slots} slots, {label}: {best:.2} µs per path-step, {share:.2} of none, {slot:.3} µs more per slot"
            );
        }
    }
}

criterion_group!(benches, block_loop, indicators, compile, in_words, exits);
criterion_main!(benches);
