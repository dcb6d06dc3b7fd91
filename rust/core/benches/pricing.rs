//! Price, greeks and implied volatility of 4,096 rows in cache, on every instruction set of this processor.
//!
//! The instruction set is chosen once per process, so this program runs itself again for each of the others.

use std::{env, hint::black_box, process::Command, time::Duration};

use alvh_core::{
    math::{
        broadcast::Broadcast,
        simd::{Variant, detected, variant},
    },
    pricing::{
        black76::{self, Greek, greeks_slices, price_slice},
        implied_vol::{self, implied_vol_slice},
    },
};
use criterion::{Criterion, Throughput};

const ROWS: usize = 4096;
const SPOT: f64 = 5000.0;
const LEAST_PRICE: f64 = 0.01;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASUREMENT: Duration = Duration::from_secs(2);
const FORCED: &str = "ALVH_SIMD";

fn main() {
    if env::var_os(FORCED).is_none() {
        let all = [Variant::Avx512, Variant::Avx2, Variant::Baseline];
        for variant in all.into_iter().filter(|variant| *variant <= detected()) {
            let program = env::current_exe().expect("a program knows itself");
            let status = Command::new(program).args(env::args().skip(1)).env(FORCED, variant.name()).status();
            assert!(status.expect("a program starts").success(), "{}: failed", variant.name());
        }
        return;
    }
    // Short: three instruction sets, and a pass takes a tenth of a millisecond.
    let criterion = Criterion::default().warm_up_time(WARM_UP).measurement_time(MEASUREMENT);
    let mut criterion = criterion.configure_from_args();
    bench(&mut criterion);
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("pricing {}", variant().name()));
    group.throughput(Throughput::Elements(ROWS as u64));
    let mut out = vec![0.0; ROWS];

    let (market, near, hard) = (Options::market(), Options::near(), Options::hard());
    let terms = market.terms();
    group.bench_function("price", |b| b.iter(|| price_slice(black_box(&terms), &mut out)));
    for (name, selected) in [("greeks", &Greek::ALL[..]), ("delta and vega", &[Greek::Delta, Greek::Vega])] {
        let mut columns = vec![vec![0.0; ROWS]; selected.len()];
        group.bench_function(name, |b| {
            b.iter(|| {
                let out = columns.iter_mut().map(Vec::as_mut_slice).collect();
                greeks_slices(black_box(&terms), selected, out);
            });
        });
    }
    for (name, options) in [("implied vol", &near), ("implied vol, hard", &hard)] {
        let quotes = options.quotes();
        group.bench_function(name, |b| b.iter(|| implied_vol_slice(black_box(&quotes), &mut out)));
    }
    group.finish();
}

/// Columns of European options; the same sets as in `benches/pricing/inputs.py`, drawn by another generator.
#[derive(Default)]
struct Options {
    sign: Vec<f64>,
    forward: Vec<f64>,
    strike: Vec<f64>,
    years: Vec<f64>,
    vol: Vec<f64>,
    discount: Vec<f64>,
    price: Vec<f64>,
    shape: [usize; 1],
}

impl Options {
    /// Calls and puts in equal parts on listed strikes and expiries.
    fn market() -> Self {
        let mut random = Random(1);
        let mut options = Self::default();
        while options.sign.len() < ROWS {
            let (years, strike) = random.listed();
            options.push(random.sign(), years, strike);
        }
        options.priced()
    }

    /// Out of the money, at [`LEAST_PRICE`] or more.
    fn near() -> Self {
        let mut random = Random(2);
        let mut options = Self::default();
        while options.sign.len() < ROWS {
            let mut one = Self::default();
            let (years, strike) = random.listed();
            let sign = if strike >= forward(years) { 1.0 } else { -1.0 };
            one.push(sign, years, strike);
            if one.priced().price[0] >= LEAST_PRICE {
                options.push(sign, years, strike);
            }
        }
        options.priced()
    }

    /// T from 1e-4, volatilities of 1% to 400%, strikes to 35 standard deviations, both rights.
    fn hard() -> Self {
        let mut random = Random(3);
        let mut options = Self::default();
        for row in 0..ROWS {
            let years = if row % 4 == 0 { 1e-4 } else { random.uniform(1e-4_f64.ln(), 2_f64.ln()).exp() };
            let vol = random.uniform(0.01_f64.ln(), 4_f64.ln()).exp();
            let widest = if random.uniform(0.0, 1.0) < 0.2 { 35.0 } else { 8.0 };
            let strike = SPOT * (random.uniform(-widest, widest) * vol * years.sqrt()).exp();
            options.add([random.sign(), SPOT, strike, years, vol, 1.0]);
        }
        options.priced()
    }

    fn push(&mut self, sign: f64, years: f64, strike: f64) {
        let k = (strike / forward(years)).ln() / years.sqrt();
        let vol = (0.16 - 0.12 * k + 0.10 * k * k).clamp(0.10, 0.80);
        self.add([sign, forward(years), strike, years, vol, (-0.045 * years).exp()]);
    }

    fn add(&mut self, row: [f64; 6]) {
        let columns = [&mut self.sign, &mut self.forward, &mut self.strike, &mut self.years, &mut self.vol];
        columns
            .into_iter()
            .chain([&mut self.discount])
            .zip(row)
            .for_each(|(column, value)| column.push(value));
        self.shape[0] += 1;
    }

    fn priced(mut self) -> Self {
        let mut price = vec![0.0; self.sign.len()];
        price_slice(&self.terms(), &mut price);
        self.price = price;
        self
    }

    fn terms(&self) -> Broadcast<'_, { black76::ARGUMENTS.len() }> {
        let columns = [&self.sign, &self.forward, &self.strike, &self.years, &self.vol, &self.discount];
        self.broadcast(black76::ARGUMENTS, columns)
    }

    fn quotes(&self) -> Broadcast<'_, { implied_vol::ARGUMENTS.len() }> {
        let columns = [&self.sign, &self.price, &self.forward, &self.strike, &self.years, &self.discount];
        self.broadcast(implied_vol::ARGUMENTS, columns)
    }

    fn broadcast<'a>(&'a self, names: [&'static str; 6], columns: [&'a Vec<f64>; 6]) -> Broadcast<'a, 6> {
        let arguments = std::array::from_fn(|i| (names[i], columns[i].as_slice(), self.shape.as_slice()));
        Broadcast::new(arguments).expect("columns of one length")
    }
}

fn forward(years: f64) -> f64 {
    SPOT * (0.032 * years).exp()
}

/// A few random numbers (`SplitMix64`), the same on every machine.
struct Random(u64);

impl Random {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (high - low) * ((bits ^ (bits >> 31)) >> 11) as f64 * 2_f64.powi(-53)
    }

    fn sign(&mut self) -> f64 {
        if self.uniform(0.0, 1.0) < 0.5 { 1.0 } else { -1.0 }
    }

    /// Years of 1 to 365 days and a strike of 3000 to 7000 in steps of 5.
    fn listed(&mut self) -> (f64, f64) {
        let years = self.uniform(1.0, 366.0).floor() / 365.0;
        (years, 3000.0 + 5.0 * self.uniform(0.0, 801.0).floor())
    }
}
