//! Arbitrage in the states that long simulations reach. On each of 512 paths of 33 years: *extreme* states, those with the highest
//! and the lowest VIX, the steepest and the most inverted curve, the most and the least of each figure of the surface's own; and
//! *sampled* ones, a session in 63.

use std::sync::LazyLock;

use alvh_core::market::generator::{Lanes, generator};
use alvh_core::market::parameters::Curve;
use alvh_core::market::quote::{Slice, Surface};
use alvh_core::market::spec::{L3fSpec, MarketSpec};
use alvh_core::market::state::{FACTORS, SMILE, State};
use alvh_core::market::vix_option::VixSlice;
use alvh_core::math::lanes::{Col, LANES};

const SESSIONS: u32 = 33 * 252;
const BLOCKS: u64 = 2;
const H: f64 = 1e-3; // of a factor, for differences
const DAYS_PER_SESSION: f64 = 30.0 / 21.0;
const TENORS: [f64; 14] = [0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 9.0, 15.0, 21.0, 32.0, 63.0, 100.0, 140.0, 252.0]; // sessions

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
                        copy_lane(kept, &state, i);
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

fn copy_lane(to: &mut State, from: &State, i: usize) {
    to.ln_s[i] = from.ln_s[i];
    for k in 0..FACTORS {
        to.x[k][i] = from.x[k][i];
    }
    for k in 0..SMILE {
        to.smile[k][i] = from.smile[k][i];
    }
    to.r[i] = from.r[i];
    to.q[i] = from.q[i];
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
    let Reached { surface, extreme, .. } = &*REACHED;
    for state in extreme {
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

/// Total variance at a strike rises with tenor, so that no SPX calendar spread has a negative price: in every state with a VIX
/// below 50, and in all but one of 20,000 sampled ones. Above, a fast factor that has just spiked takes variance away from
/// later tenors faster than time adds it.
#[test]
fn calendar_spreads_of_spx_are_not_negative() {
    let Reached { surface, extreme, sampled } = &*REACHED;
    let mut negative = 0;
    for state in sampled {
        negative += negative_calendars(surface, state).len();
    }
    assert!(negative * 20_000 <= sampled.len() * LANES, "{negative} of {}", sampled.len() * LANES);
    for vix in extreme.iter().chain(sampled).flat_map(|state| negative_calendars(surface, state)) {
        assert!(vix > 50.0, "a calendar spread is negative at VIX {vix}");
    }
}

/// VIX of the lanes in which a calendar spread is negative.
fn negative_calendars(surface: &Surface, state: &State) -> Vec<f64> {
    let mut vix = Col::default();
    surface.vix(state, &mut vix);
    let slices: Vec<Slice> = TENORS.iter().map(|&sessions| slice_at(surface, state, sessions)).collect();
    let mut negative = [false; LANES];
    for pair in slices.windows(2) {
        for z in [-6.0, -3.0, -1.0, 0.0, 1.0, 2.0, 3.0] {
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
    let Reached { surface, extreme, .. } = &*REACHED;
    let strikes: Vec<f64> = (1..=320).map(|half| f64::from(half) / 2.0).collect();
    for state in extreme {
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
