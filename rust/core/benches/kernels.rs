//! Column kernels in cache: time per lane of what a session of the engine calls.

use std::hint::black_box;

use alvh_core::{
    market::{
        generator::{Generator, Lanes, generator},
        quote::{Slice, Surface},
        spec::MarketSpec,
        state::State,
    },
    math::{
        lanes::{Col, LANES},
        philox::{Purpose, Stream},
        simd::{self, Kernel},
    },
};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};

const STREAM: Stream = Stream { seed: 7, purpose: Purpose::Dynamics };
/// Calendar days to the settlement of the VX futures listed at a time.
const VX_DAYS: [f64; 9] = [15.0, 45.0, 75.0, 105.0, 135.0, 165.0, 195.0, 225.0, 255.0];

/// Two columns of uniforms.
struct Uniforms<'a>(u32, &'a mut [Col; 2]);

impl Kernel for Uniforms<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let [a, b] = self.1;
        STREAM.uniform_columns(0, self.0, 0, a, b);
    }
}

/// Two columns of normals.
struct Normals<'a>(u32, &'a mut [Col; 2]);

impl Kernel for Normals<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let [a, b] = self.1;
        STREAM.normal_columns::<FMA>(0, self.0, 0, a, b);
    }
}

/// Draws on the best instruction set of this processor.
fn draws(c: &mut Criterion) {
    let mut group = c.benchmark_group(format!("draw {}", simd::variant().name()));
    group.throughput(Throughput::Elements(2 * LANES as u64));
    let mut columns = [Col::default(); 2];
    let mut step = 0;
    group.bench_function("uniform of 52 bits", |b| {
        b.iter(|| {
            step += 1;
            simd::dispatch(Uniforms(black_box(step), &mut columns));
        });
    });
    group.bench_function("normal of 52 bits", |b| {
        b.iter(|| {
            step += 1;
            simd::dispatch(Normals(black_box(step), &mut columns));
        });
    });
    group.finish();
}

/// The sessions of a market model in place, one after the other.
fn sessions(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, model: &str) {
    let market = market(model);
    let lanes = Lanes { seed: 7, first_path: 0, start: [0; LANES], ..Lanes::default() };
    let mut state = State::default();
    market.start(&lanes, &mut state);
    let mut step = 0;
    group.bench_function(name, |b| {
        b.iter(|| {
            step = step % 252 + 1;
            if step == 1 {
                market.start(&lanes, &mut state);
            }
            market.session(&lanes, black_box(step), &mut state);
        });
    });
}

fn market(json: &str) -> Box<dyn Generator> {
    generator(&MarketSpec::from_json(json).expect("a valid market")).expect("a valid market")
}

/// Innovations of a quiet year, and everything else as in L3F.
fn fhs() -> String {
    let l3f = MarketSpec::L3f(Box::default()).to_json().expect("JSON");
    let rows: Vec<_> = (0..252).map(|row| [f64::from(row % 7 - 3) / 3.0; 4]).collect();
    let innovations = serde_json::to_string(&rows).expect("JSON");
    l3f.replacen(r#""l3f""#, &format!(r#""fhs", "block": 10.0, "innovations": {innovations}"#), 1)
}

fn kernels(c: &mut Criterion) {
    let market = market(r#"{"model": "l3f"}"#);
    let surface = market.surface();
    let lanes = Lanes { seed: 7, first_path: 0, start: [0; LANES], ..Lanes::default() };
    let (mut state, mut slice, mut out) = (State::default(), Slice::default(), Col::default());
    market.start(&lanes, &mut state);
    let (sessions_left, days, strike) = (Col::splat(31.0), Col::splat(45.0), Col::splat(4750.0));

    let mut group = c.benchmark_group(format!("lane {}", simd::variant().name()));
    group.throughput(Throughput::Elements(LANES as u64));
    let template = r#"{"model": "l3f", "smile_state": {"level_sd": 0, "skew_sd": 0, "curvature_sd": 0}}"#;
    sessions(&mut group, "L3F session with draws", template);
    sessions(&mut group, "L3F session with draws and surface state", r#"{"model": "l3f"}"#);
    sessions(&mut group, "GBM session with draws", r#"{"model": "gbm"}"#);
    group.bench_function("nine VX futures", |b| {
        b.iter(|| {
            for days in VX_DAYS {
                surface.vx(black_box(&state), days, &mut out);
            }
        });
    });
    for (name, spec) in
        [("PDV4", r#"{"model": "pdv4"}"#), ("FHS", &fhs()), ("Bates", r#"{"model": "bates"}"#)]
    {
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
        b.iter(|| surface.slice(black_box(&state), &sessions_left, &days, &mut slice));
    });
    group.bench_function("SPX option off a slice", |b| {
        b.iter(|| Surface::option(black_box(&slice), -1.0, &strike, &mut out));
    });
    group.bench_function("VIX", |b| b.iter(|| surface.vix(black_box(&state), &mut out)));
    group.finish();
}

criterion_group!(benches, draws, kernels);
criterion_main!(benches);
