//! Arbitrage in the states that long simulations reach. On each of 512 paths of 33 years: *extreme* states, those with the highest
//! and the lowest VIX, the steepest and the most inverted curve, the most and the least of each figure of the surface's own; and
//! *sampled* ones, a session in 63. Of the other markets also the days of a *jump*, VIX up by more than 30%.

use std::sync::LazyLock;

use alvh_core::market::fhs::FhsSpec;
use alvh_core::market::generator::{Lanes, generator};
use alvh_core::market::parameters::Curve;
use alvh_core::market::quote::{Slice, Surface};
use alvh_core::market::spec::{L3fSpec, MarketSpec};
use alvh_core::market::state::{FACTORS, SMILE, State};
use alvh_core::market::vix_option::VixSlice;
use alvh_core::math::lanes::{Col, LANES};
use alvh_core::math::philox::{Purpose, Stream};

const SESSIONS: u32 = 33 * 252;
const BLOCKS: u64 = 2;
const JUMP: f64 = 1.3; // VIX over that of the session before
const H: f64 = 1e-3; // of a factor, for differences
const DAYS_PER_SESSION: f64 = 30.0 / 21.0;
const TENORS: [f64; 14] = [0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 9.0, 15.0, 21.0, 32.0, 63.0, 100.0, 140.0, 252.0]; // sessions
const DEVIATIONS: [f64; 15] =
    [-10.0, -6.0, -4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]; // ln(strike / forward) over √θ

struct Reached {
    surface: Surface,
    extreme: Vec<State>,
    sampled: Vec<State>,
}

static REACHED: LazyLock<Reached> = LazyLock::new(|| {
    let model = generator(&MarketSpec::L3f(Box::default())).expect("the defaults");
    let surface = model.surface();
    let (mut extremes, mut sampled) = (Vec::new(), Vec::new());
    for block in 0..BLOCKS {
        let lanes =
            Lanes { seed: 33, first_path: block * LANES as u64, start: [0; LANES], ..Lanes::default() };
        let mut state = State::default();
        model.start(&lanes, &mut state);
        let mut extreme: Vec<(Col, State)> = Vec::new();
        for step in 1..=SESSIONS {
            model.session(&lanes, step, &mut state);
            let scores = scores(&surface, &state);
            extreme.resize(scores.len(), (Col::splat(f64::NEG_INFINITY), State::default()));
            for ((most, kept), score) in extreme.iter_mut().zip(scores) {
                for i in 0..LANES {
                    if score[i] > most[i] {
                        most[i] = score[i];
                        copy_lane(kept, i, &state, i);
                    }
                }
            }
            if step % 63 == 0 {
                sampled.push(state.clone());
            }
        }
        extremes.extend(extreme.into_iter().map(|(_, state)| state));
    }
    Reached { surface, extreme: extremes, sampled }
});

/// What is to be as large as it gets.
fn scores(surface: &Surface, state: &State) -> Vec<Col> {
    let (mut vix, mut future) = (Col::default(), Col::default());
    surface.vix(state, &mut vix);
    surface.vx(state, 90.0, &mut future);
    let mut inverted = Col::default();
    for i in 0..LANES {
        inverted[i] = vix[i] / future[i];
    }
    let figures = [vix, inverted].into_iter().chain(state.smile.iter().copied());
    figures.flat_map(|figure| [negated(&figure), figure]).collect()
}

fn negated(column: &Col) -> Col {
    let mut out = Col::default();
    for i in 0..LANES {
        out[i] = -column[i];
    }
    out
}

fn copy_lane(to: &mut State, j: usize, from: &State, i: usize) {
    to.ln_s[j] = from.ln_s[i];
    for k in 0..FACTORS {
        to.x[k][j] = from.x[k][i];
    }
    for k in 0..SMILE {
        to.smile[k][j] = from.smile[k][i];
    }
    to.r[j] = from.r[i];
    to.q[j] = from.q[i];
}

fn slice_at(surface: &Surface, state: &State, sessions: f64) -> Slice {
    let mut slice = Slice::default();
    surface.slice(state, &Col::splat(sessions), &Col::splat(sessions * DAYS_PER_SESSION), &mut slice);
    slice
}

/// Total variance where ln(strike / forward) is k in each lane.
fn variance_at(slice: &Slice, k: impl Fn(usize) -> f64) -> Col {
    let (mut strike, mut sd) = (Col::default(), Col::default());
    for i in 0..LANES {
        strike[i] = slice.forward[i] * k(i).exp();
    }
    Surface::total_sd(slice, &strike, &mut sd);
    for i in 0..LANES {
        sd[i] *= sd[i];
    }
    sd
}

#[test]
fn the_states_are_extreme() {
    let Reached { surface, extreme, .. } = &*REACHED;
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for state in extreme {
        let mut vix = Col::default();
        surface.vix(state, &mut vix);
        low = vix.iter().fold(low, |least, &vix| least.min(vix));
        high = vix.iter().fold(high, |most, &vix| most.max(vix));
    }
    assert!(extreme.len() == 20 && low < 8.5 && high > 110.0, "VIX {low} to {high}");
}

/// Durrleman's condition, g ≥ 0 for w(k): no butterfly of SPX options has a negative price.
#[test]
fn densities_of_spx_are_positive() {
    for (surface, state) in of_all_markets() {
        for sessions in [0.25, 1.0, 5.0, 21.0, 63.0, 252.0] {
            let slice = slice_at(surface, state, sessions);
            for half in -16..=10 {
                let z = f64::from(half) / 2.0;
                let k = |i: usize| z * slice.theta[i].sqrt();
                let step = |i: usize| 1e-3 * slice.theta[i].sqrt();
                let w = variance_at(&slice, k);
                let below = variance_at(&slice, |i| k(i) - step(i));
                let above = variance_at(&slice, |i| k(i) + step(i));
                for i in 0..LANES {
                    let slope = (above[i] - below[i]) / (2.0 * step(i));
                    let bend = (above[i] - 2.0 * w[i] + below[i]) / step(i).powi(2);
                    let tilt = (1.0 - k(i) * slope / (2.0 * w[i])).powi(2);
                    let g = tilt - slope * slope / 4.0 * (1.0 / w[i] + 0.25) + bend / 2.0;
                    assert!(g > -1e-6, "{sessions} sessions, {z} deviations: g = {g}");
                }
            }
        }
    }
}

/// Total variance at a strike rises with tenor, so that no SPX calendar spread has a negative price. A fast factor that has just
/// spiked would take variance away from later tenors faster than time adds it, were the curve not kept from falling so.
#[test]
fn calendar_spreads_of_spx_are_not_negative() {
    let Reached { surface, extreme, sampled } = &*REACHED;
    for state in extreme.iter().chain(sampled) {
        let found = negative_calendars(surface, state);
        assert!(found.is_empty(), "a calendar spread is negative at VIX {found:?}");
    }
}

/// The same in states that no path reached: every mix of factors in a wide box, VIX up to 300, with each figure of the day's
/// surface up to four standard deviations out; with the surface a vol point off, as comparisons run it, up to three.
#[test]
fn calendar_spreads_are_not_negative_anywhere_in_a_box() {
    const BLOCKS: u64 = 40;
    const HIGHEST_VIX: f64 = 300.0;
    let between = |low: f64, high: f64, share: f64| low + (high - low) * share;
    for (shift, sds) in [(0.0, 4.0), (-1.0, 3.0), (1.0, 3.0)] {
        let spec = L3fSpec { surface_shift: shift, ..L3fSpec::default() };
        let surface = generator(&MarketSpec::L3f(Box::new(spec))).expect("within its domain").surface();
        let mut lifted = 0;
        for block in 0..BLOCKS {
            let mut state = State { ln_s: Col::splat(5000.0_f64.ln()), ..State::default() };
            for i in 0..LANES {
                let draw = |number| {
                    Stream { seed: 8, purpose: Purpose::Bootstrap }.uniforms(block, i as u32, number)
                };
                let ([a, b], [c, d], [e, f]) = (draw(0), draw(1), draw(2));
                let x = [between(-1.0, 3.0, a), between(-1.2, 2.0, b), between(-1.0, 1.2, c)];
                let of_day = |sd: f64, share: f64| between(-sds * sd, sds * sd, share);
                let smile = [of_day(0.05, d), of_day(0.1, e), of_day(0.1, f)];
                for k in 0..FACTORS {
                    state.x[k][i] = x[k];
                    state.smile[k][i] = smile[k];
                }
            }
            let (mut month, mut vix) = (Col::default(), Col::default());
            surface.variance_swap(&state, 3.0, &mut month);
            surface.vix(&state, &mut vix);
            lifted += (0..LANES).filter(|&i| month[i] > 1.3 * vix[i]).count();
            let found = negative_calendars(&surface, &state);
            assert!(found.iter().all(|&vix| vix > HIGHEST_VIX), "shift {shift}: VIX {found:?}");
        }
        assert!(lifted > 1_000, "{lifted}");
    }
}

/// Sampled states of the other markets, and of their days of a jump, which goes mostly to the fast factor. Of FHS also where
/// innovations are steeper than any record's.
static OTHERS: LazyLock<Vec<Other>> = LazyLock::new(|| {
    [
        ("pdv4", MarketSpec::Pdv4(Box::default())),
        ("fhs", MarketSpec::Fhs(Box::new(bootstrapped()))),
        ("bates", MarketSpec::Bates(Box::default())),
    ]
    .map(|(name, spec)| {
        let model = generator(&spec).expect("within its domain");
        let surface = model.surface();
        let lanes = Lanes { seed: 33, first_path: 0, start: [0; LANES], ..Lanes::default() };
        let (mut state, mut before, mut vix) = (State::default(), Col::default(), Col::default());
        model.start(&lanes, &mut state);
        surface.vix(&state, &mut before);
        let (mut sampled, mut jumped) = (Vec::new(), Vec::new());
        let (mut kept, mut filled) = (state.clone(), 0);
        for step in 1..=SESSIONS {
            model.session(&lanes, step, &mut state);
            surface.vix(&state, &mut vix);
            for i in 0..LANES {
                if vix[i] > JUMP * before[i] {
                    copy_lane(&mut kept, filled, &state, i);
                    filled += 1;
                    if filled == LANES {
                        jumped.push(kept.clone());
                        filled = 0;
                    }
                }
            }
            before = vix;
            if step % 63 == 0 {
                sampled.push(state.clone());
            }
        }
        Other { name, surface, sampled, jumped }
    })
    .into()
});

struct Other {
    name: &'static str,
    surface: Surface,
    sampled: Vec<State>,
    jumped: Vec<State>,
}

/// States of every market in which butterflies are looked at: of L3F the extreme ones and one sampled in 32, of the others
/// as many, and days of a jump.
fn of_all_markets() -> Vec<(&'static Surface, &'static State)> {
    const EVERY: usize = 32;
    let Reached { surface, extreme, sampled } = &*REACHED;
    let mut found: Vec<_> =
        extreme.iter().chain(sampled.iter().step_by(EVERY)).map(|state| (surface, state)).collect();
    for Other { surface, sampled, jumped, .. } in &*OTHERS {
        let states = sampled.iter().step_by(EVERY).chain(jumped.iter().step_by(EVERY));
        found.extend(states.map(|state| (surface, state)));
    }
    found
}

/// Calendar spreads in the other markets.
#[test]
fn calendar_spreads_in_other_markets() {
    for (Other { name, surface, sampled, jumped }, highest) in OTHERS.iter().zip([80.0, 150.0, 40.0]) {
        assert!(!jumped.is_empty() || *name == "bates", "{name}: no day of a jump");
        let (mut reached, mut vix) = (0.0_f64, Col::default());
        for state in sampled.iter().chain(jumped) {
            surface.vix(state, &mut vix);
            reached = vix.iter().fold(reached, |most, &vix| most.max(vix));
            let found = negative_calendars(surface, state);
            assert!(found.is_empty(), "{name}: a calendar spread is negative at VIX {found:?}");
        }
        assert!(reached > highest, "{name}: VIX {reached}");
    }
}

/// FHS with rows like those that the filter finds by VIX alone: one fat-tailed number a day that moves VIX (t with five degrees
/// of freedom), spread over the factors as the gain of the filter does, and SPX against it.
fn bootstrapped() -> FhsSpec {
    const ROWS: u64 = 8_000;
    const DEGREES: usize = 5;
    const PER_FACTOR: [f64; FACTORS] = [0.66, 0.80, 0.98];
    let L3fSpec {
        vix,
        spot,
        rate,
        dividend_yield,
        erp,
        curve,
        dynamics,
        smile,
        vix_smile,
        smile_state,
        surface_shift,
    } = L3fSpec::default();
    let normal = |row: u64, number: usize| {
        let [a, b] = Stream { seed: 5, purpose: Purpose::Bootstrap }.uniforms(row, 0, number as u32);
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    };
    let innovations = (0..ROWS)
        .map(|row| {
            let square: f64 = (2..2 + DEGREES).map(|number| normal(row, number).powi(2)).sum();
            let unit = (DEGREES as f64 - 2.0).sqrt() / square.sqrt(); // of variance 1
            let shock = normal(row, 0) * unit;
            let [g0, g1, g2] = PER_FACTOR.map(|per| per * shock);
            [-0.72 * shock + 0.69 * normal(row, 1), g0, g1, g2]
        })
        .collect();
    FhsSpec {
        vix,
        spot,
        rate,
        dividend_yield,
        erp,
        block: 10.0,
        innovations,
        curve,
        dynamics,
        smile,
        vix_smile,
        smile_state,
        surface_shift,
    }
}

/// VIX of the lanes in which a calendar spread is negative.
fn negative_calendars(surface: &Surface, state: &State) -> Vec<f64> {
    let mut vix = Col::default();
    surface.vix(state, &mut vix);
    let slices: Vec<Slice> = TENORS.iter().map(|&sessions| slice_at(surface, state, sessions)).collect();
    let mut negative = [false; LANES];
    for pair in slices.windows(2) {
        for z in DEVIATIONS {
            let k = |i: usize| z * pair[0].theta[i].sqrt();
            let (low, high) = (variance_at(&pair[0], k), variance_at(&pair[1], k));
            for i in 0..LANES {
                negative[i] |= high[i] < low[i];
            }
        }
    }
    (0..LANES).filter(|&i| negative[i]).map(|i| vix[i]).collect()
}

/// Call prices fall with the strike, by no more than the discount, ever more slowly, and are worth what can be had at once.
#[test]
fn vix_smiles_are_free_of_arbitrage() {
    let strikes: Vec<f64> = (1..=320).map(|half| f64::from(half) / 2.0).collect();
    for (surface, state) in of_all_markets() {
        for days in [2.0, 9.0, 30.0, 60.0, 120.0, 270.0] {
            let mut slice = VixSlice::default();
            surface.vix_slice(state, &Col::splat(days), &mut slice);
            let mut last: Option<Col> = None; // slope at the strike before
            let mut before = Col::default();
            for (n, &strike) in strikes.iter().enumerate() {
                let mut price = Col::default();
                Surface::vix_option(&slice, 1.0, &Col::splat(strike), &mut price);
                let mut slope = Col::default();
                for i in 0..LANES {
                    let intrinsic = slice.discount[i] * (slice.forward[i] - strike).max(0.0);
                    assert!(
                        price[i] >= intrinsic - 1e-11,
                        "{days} days, {strike}: {} < {intrinsic}",
                        price[i]
                    );
                    if n > 0 {
                        slope[i] = (price[i] - before[i]) / (strike - strikes[n - 1]);
                        let bound = -slice.discount[i] - 1e-11;
                        assert!(
                            (bound..=1e-11).contains(&slope[i]),
                            "{days} days, {strike}: slope {}",
                            slope[i]
                        );
                    }
                    if let Some(earlier) = &last {
                        assert!(
                            slope[i] >= earlier[i] - 1e-10,
                            "{days} days, {strike}: a butterfly is negative"
                        );
                    }
                }
                if n > 0 {
                    last = Some(slope);
                }
                before = price;
            }
        }
    }
}

/// VIX futures are martingales of the pricing measure: ∂F/∂τ = −Σ kᵢ xᵢ ∂F/∂xᵢ + ½ Σᵢⱼ sᵢ sⱼ ρᵢⱼ ∂²F/∂xᵢ∂xⱼ at every state
/// and tenor, by differences of the prices alone; and F(0) = VIX.
#[test]
fn futures_solve_the_equation_of_a_martingale() {
    let Reached { surface, extreme, .. } = &*REACHED;
    let Curve { reversion: k, vol: s, correlation: [r01, r02, r12], .. } = L3fSpec::default().curve;
    let rho = [[1.0, r01, r02], [r01, 1.0, r12], [r02, r12, 1.0]];
    for state in extreme {
        let future = |days: f64, moved: [f64; FACTORS]| {
            let mut at = state.clone();
            for (column, by) in at.x.iter_mut().zip(moved) {
                for i in 0..LANES {
                    column[i] += by;
                }
            }
            let mut out = Col::default();
            surface.vx(&at, days, &mut out);
            out
        };
        let (mut vix, spot) = (Col::default(), future(0.0, [0.0; FACTORS]));
        surface.vix(state, &mut vix);
        for days in [1.0, 10.0, 30.0, 90.0, 250.0] {
            let at = future(days, [0.0; FACTORS]);
            let (sooner, later) = (future(days - 0.1, [0.0; FACTORS]), future(days + 0.1, [0.0; FACTORS]));
            let moved = |i: usize, a: f64, j: usize, b: f64| {
                let mut by = [0.0; FACTORS];
                by[i] += a * H;
                by[j] += b * H;
                future(days, by)
            };
            let mut drift = [0.0; LANES];
            for i in 0..FACTORS {
                let (up, down) = (moved(i, 1.0, i, 0.0), moved(i, -1.0, i, 0.0));
                for lane in 0..LANES {
                    drift[lane] -= k[i] * state.x[i][lane] * (up[lane] - down[lane]) / (2.0 * H);
                }
                for j in 0..FACTORS {
                    let corners = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
                    for (a, b) in corners {
                        let value = moved(i, a, j, b);
                        for lane in 0..LANES {
                            drift[lane] +=
                                0.5 * s[i] * s[j] * rho[i][j] * a * b * value[lane] / (4.0 * H * H);
                        }
                    }
                }
            }
            for lane in 0..LANES {
                assert!((spot[lane] / vix[lane] - 1.0).abs() < 1e-12);
                let passed = (later[lane] - sooner[lane]) / (0.2 / 365.0);
                let scale = at[lane] * (1.0 + passed.abs() / at[lane]);
                let off = (drift[lane] - passed).abs() / scale;
                assert!(off < 1e-3, "{days} days: {} against {passed} a year", drift[lane]);
            }
        }
    }
}
