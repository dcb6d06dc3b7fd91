//! Whole-book requirements: four-leg condors, and random books of 20 legs.

use std::hint::black_box;

use alvh_core::{
    margin::{
        Basis, Class, Grid, Leg, Loss, MOVES, Moved, Ranges,
        book::{Account, Desk, Position, Rates},
        worst_payoff,
    },
    market::{
        quote::{Slice, Surface},
        vix_option::VixSlice,
    },
    math::{
        lanes::{Col, LANES},
        simd::{Kernel, dispatch},
    },
    pricing::black76::undiscounted_columns,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const RATES: Rates =
    Rates { basic: 0.15, minimum: 0.10, calendars: true, sides_apart: false, cheaper_uncovered: false };
const SPOT: f64 = 5000.0;

/// Numbers that look random: a linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn condor(random: &mut Random) -> Vec<Position> {
    let strikes = [4700, 4750, 5250, 5300].map(|strike| (strike + 5 * random.below(10)) as f64);
    let legs = [(1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)].into_iter().zip(strikes);
    legs.map(|((units, sign), strike)| Position { sign, strike, expiry: 0, units: 100.0 * units, price: 5.0 })
        .collect()
}

fn book(random: &mut Random, expiries: u64) -> Vec<Position> {
    let leg = |random: &mut Random| Position {
        sign: if random.below(2) == 0 { 1.0 } else { -1.0 },
        strike: (4500 + 5 * random.below(200)) as f64,
        expiry: random.below(expiries) as u32,
        units: 100.0 * (random.below(10) as f64 - 4.5).round(),
        price: 1.0 + random.below(60) as f64,
    };
    (0..20).map(|_| leg(random)).collect()
}

fn requirement(c: &mut Criterion) {
    let mut group = c.benchmark_group("margin");
    let mut random = Random(7);
    let condors: Vec<_> = (0..1000).map(|_| condor(&mut random)).collect();
    let one: Vec<_> = (0..1000).map(|_| book(&mut random, 1)).collect();
    let three: Vec<_> = (0..1000).map(|_| book(&mut random, 3)).collect();
    for (name, books) in [("condor", condors), ("20 legs", one), ("20 legs of 3 expiries", three)] {
        group.throughput(Throughput::Elements(books.len() as u64));
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                Desk::default,
                |desk| {
                    for positions in &books {
                        let account = Account { positions, stock: 0.0, spot: SPOT, rates: &RATES };
                        let _ = black_box(desk.risk(&account));
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
}

/// A condor as the engine has it, 256 lanes at a time, and two option prices beside it.
fn slot(c: &mut Criterion) {
    let mut group = c.benchmark_group("slot");
    group.throughput(Throughput::Elements(LANES as u64));
    let legs = [(-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (1.0, 1.0)].map(|(sign, ratio)| Leg { sign, ratio });
    let strikes = [4700.0, 4750.0, 5250.0, 5300.0].map(Col::splat);
    let mut out = Col::default();
    group.bench_function("condor", |b| {
        b.iter(|| worst_payoff(&legs, black_box(&strikes), &mut out));
    });
    let slice = Slice {
        forward: Col::splat(SPOT),
        discount: Col::splat(0.99),
        theta: Col::splat(0.0025),
        rho: Col::splat(-0.5),
        zeta: Col::splat(0.8),
    };
    group.bench_function("two prices", |b| {
        b.iter(|| {
            for strike in &strikes[..2] {
                Surface::option(black_box(&slice), -1.0, strike, &mut out);
            }
        });
    });
}

/// Portfolio margin as the engine takes it: each leg's volatility, off the surface or, for VIX options, out of the price of
/// their displaced formula, then the ten moves; beside it the prices that this needs: those of the moves, at
/// volatilities that are known, and for VIX options the one now, which their volatility is implied from.
fn moves(c: &mut Criterion) {
    let legs = [(-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (1.0, 1.0)].map(|(sign, ratio)| Leg { sign, ratio });
    let strikes = [4600.0, 4650.0, 5250.0, 5300.0].map(|strike| lane(strike, 5.0));
    let slice = Slice {
        forward: lane(SPOT, 1.0),
        discount: Col::splat(0.99),
        theta: lane(0.0025, 1e-5),
        rho: Col::splat(-0.5),
        zeta: Col::splat(0.8),
    };
    let basis = Basis { forward: slice.forward, discount: slice.discount, ..Basis::new(legs.len()) };
    let vol = |strike: &Col, sd: &mut Col| Surface::total_sd(&slice, strike, sd);
    let case = Case { name: "condor", class: Class::Index, legs: &legs, strikes: &strikes, basis };
    beside(c, case, vol, |_, _| {});

    let slice = VixSlice {
        forward: lane(14.0, 0.2),
        discount: Col::splat(0.99),
        floor: lane(10.0, 0.15),
        total_sd: lane(0.5, 0.01),
    };
    let basis = Basis { forward: slice.forward, discount: slice.discount, ..Basis::new(1) };
    let vol = |strike: &Col, sd: &mut Col| Surface::vix_implied_sd(&slice, strike, sd);
    let now = |strike: &Col, price: &mut Col| Surface::vix_option(&slice, 1.0, strike, price);
    let (legs, strikes) = (&[Leg { sign: 1.0, ratio: 1.0 }], &[lane(18.0, 0.25)]);
    let case = Case { name: "vix call", class: Class::Volatility, legs, strikes, basis };
    beside(c, case, vol, now);
}

/// A package to be moved.
struct Case<'a> {
    name: &'a str,
    class: Class,
    legs: &'a [Leg],
    strikes: &'a [Col],
    basis: Basis,
}

/// The step, and its prices alone.
fn beside(
    c: &mut Criterion,
    case: Case<'_>,
    total_sd: impl Fn(&Col, &mut Col),
    now: impl Fn(&Col, &mut Col),
) {
    let Case { name, class, legs, strikes, mut basis } = case;
    let mut group = c.benchmark_group("moves");
    group.throughput(Throughput::Elements(LANES as u64));
    let ranges = Ranges { index: (-0.08, 0.06), volatility: (-0.3, 0.3) };
    let grid = Grid { calm: ranges, wild: ranges, vix: (20.0, 30.0), minimum: 37.5, offset: 0.9 };
    let (vix, mut loss, mut out) = (lane(12.0, 0.5), Loss::default(), Col::default());
    let prices = vec![Col::splat(10.0); legs.len()];
    group.bench_function(name, |b| {
        b.iter(|| {
            for (strike, sd) in black_box(strikes).iter().zip(&mut basis.sds) {
                total_sd(strike, sd);
            }
            let package = Moved {
                class,
                legs,
                strikes,
                prices: &prices,
                basis: &basis,
                dpp: 100.0,
                multiplier: 100.0,
                leverage: 1.0,
            };
            grid.losses(package, &vix, &mut loss);
        });
    });
    let forwards: Vec<Col> = (0..MOVES)
        .map(|k| Col(std::array::from_fn(|i| basis.forward[i] * (1.0 + grid.ends(class, k).0))))
        .collect();
    group.bench_function(format!("{name}, prices alone"), |b| {
        b.iter(|| {
            for strike in black_box(strikes) {
                now(strike, &mut out);
            }
            for forward in &forwards {
                for ((leg, strike), sd) in legs.iter().zip(black_box(strikes)).zip(&basis.sds) {
                    dispatch(Price { sign: leg.sign, forward, strike, sd, out: &mut out });
                }
            }
        });
    });
}

/// No two lanes alike: a branch must not be foretold.
fn lane(at: f64, step: f64) -> Col {
    Col(std::array::from_fn(|i| at + step * (i % 37) as f64))
}

struct Price<'a> {
    sign: f64,
    forward: &'a Col,
    strike: &'a Col,
    sd: &'a Col,
    out: &'a mut Col,
}

impl Kernel for Price<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        undiscounted_columns::<FMA>(self.sign, &**self.forward, &**self.strike, &**self.sd, &mut **self.out);
    }
}

criterion_group!(benches, requirement, slot, moves);
criterion_main!(benches);
