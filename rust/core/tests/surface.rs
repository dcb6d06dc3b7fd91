//! The surfaces through the public interface: levels, arbitrage, limits.

use alvh_core::market::generator::{Generator, Lanes, Variates, generator};
use alvh_core::market::quote::{Slice, Surface};
use alvh_core::market::spec::{GbmSpec, L3fSpec, MarketSpec};
use alvh_core::market::state::State;
use alvh_core::market::vix_option::VixSlice;
use alvh_core::math::lanes::{Col, LANES};

const LANES_OF_SEED_3: Lanes =
    Lanes { seed: 3, first_path: 0, start: [0; LANES], variates: Variates::Plain, surface_state: true };

fn l3f(vix: f64) -> Box<dyn Generator> {
    generator(&MarketSpec::L3f(Box::new(L3fSpec { vix, ..L3fSpec::default() }))).expect("a valid VIX")
}

/// The start of a path, with the template's surface.
fn start_of(model: &dyn Generator) -> State {
    let mut state = State::default();
    model.start(&LANES_OF_SEED_3, &mut state);
    state.smile = Default::default();
    state
}

/// The slice at one tenor, calendar days on the one clock.
fn slice_at(surface: &Surface, state: &State, sessions: f64) -> Slice {
    let mut slice = Slice::default();
    let days = sessions * 30.0 / 21.0;
    surface.slice(state, &Col::splat(sessions), &Col::splat(days), &mut slice);
    slice
}

/// √w at each lane's log-moneyness to the forward.
fn sd_at(slice: &Slice, moneyness: impl Fn(usize) -> f64) -> Col {
    let mut strike = Col::default();
    for i in 0..LANES {
        strike[i] = slice.forward[i] * moneyness(i).exp();
    }
    let mut sd = Col::default();
    Surface::total_sd(slice, &strike, &mut sd);
    sd
}

/// States 60, 120 … 300 sessions into a simulation, the daily state of the surface included, and a shift of it.
fn simulated_states(surface_shift: f64) -> (Surface, Vec<State>) {
    let spec = L3fSpec { vix: 20.0, surface_shift, ..L3fSpec::default() };
    let model = generator(&MarketSpec::L3f(Box::new(spec))).expect("valid");
    let mut state = start_of(&*model);
    let mut states = Vec::new();
    for step in 1..=300 {
        model.session(&LANES_OF_SEED_3, step, &mut state);
        if step % 60 == 0 {
            states.push(state.clone());
        }
    }
    (model.surface(), states)
}

#[test]
fn vix_20_gives_the_fitted_at_the_money_vols() {
    let model = l3f(20.0);
    let state = start_of(&*model);
    for (sessions, fitted) in [(1.0, 16.5), (5.0, 16.8), (21.0, 17.1), (63.0, 17.8), (126.0, 18.2)] {
        let slice = slice_at(&model.surface(), &state, sessions);
        let vol = 100.0 * (slice.theta[0] * 252.0 / sessions).sqrt();
        assert!((vol - fitted).abs() < 0.15, "{sessions} sessions: {vol} is not {fitted}");
    }
}

#[test]
fn vix_of_the_state_is_the_one_asked_for() {
    for vix in [6.5, 12.0, 16.0, 40.0, 90.0] {
        let model = l3f(vix);
        let mut found = Col::default();
        model.surface().vix(&start_of(&*model), &mut found);
        assert!((found[17] / vix - 1.0).abs() < 1e-13);
    }
}

#[test]
fn total_variance_increases_with_tenor_at_every_strike() {
    for shift in [-1.0, 0.0, 1.0] {
        total_variance_increases(shift);
    }
}

fn total_variance_increases(shift: f64) {
    let (surface, states) = simulated_states(shift);
    let tenors =
        [0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 9.0, 15.0, 21.0, 26.0, 40.0, 63.0, 100.0, 140.0, 252.0, 400.0];
    for state in &states {
        for pair in tenors.windows(2) {
            let (near, far) = (slice_at(&surface, state, pair[0]), slice_at(&surface, state, pair[1]));
            for z in [-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0] {
                let moneyness = |i: usize| z * near.theta[i].sqrt();
                let (low, high) = (sd_at(&near, moneyness), sd_at(&far, moneyness));
                for i in 0..LANES {
                    assert!(low[i] < high[i], "{pair:?} sessions, z {z}: {} then {}", low[i], high[i]);
                }
            }
        }
    }
}

/// Durrleman's condition, g ≥ 0 for w(k): no butterfly has a negative price.
#[test]
fn densities_are_positive() {
    for shift in [-1.0, 0.0, 1.0] {
        densities_are_positive_at(shift);
    }
}

fn densities_are_positive_at(shift: f64) {
    let (surface, states) = simulated_states(shift);
    for sessions in [0.25, 1.0, 5.0, 21.0, 63.0, 252.0] {
        let slice = slice_at(&surface, &states[2], sessions);
        for tenth in -80..=50 {
            let k = |i: usize| f64::from(tenth) / 10.0 * slice.theta[i].sqrt();
            let step = |i: usize| 1e-3 * slice.theta[i].sqrt();
            let at = sd_at(&slice, k);
            let below = sd_at(&slice, |i| k(i) - step(i));
            let above = sd_at(&slice, |i| k(i) + step(i));
            for i in 0..LANES {
                let [w, w0, w1] = [at[i].powi(2), below[i].powi(2), above[i].powi(2)];
                let slope = (w1 - w0) / (2.0 * step(i));
                let bend = (w1 - 2.0 * w + w0) / step(i).powi(2);
                let tilt = (1.0 - k(i) * slope / (2.0 * w)).powi(2);
                let g = tilt - slope * slope / 4.0 * (1.0 / w + 0.25) + bend / 2.0;
                assert!(g > -1e-6, "{sessions} sessions, z {}: g = {g}", f64::from(tenth) / 10.0);
            }
        }
    }
}

#[test]
fn zero_expiry_is_intrinsic() {
    for model in [l3f(20.0), generator(&MarketSpec::Gbm(GbmSpec::default())).expect("defaults")] {
        let slice = slice_at(&model.surface(), &start_of(&*model), 0.0);
        assert_eq!(slice.theta, Col::default());
        let mut price = Col::default();
        for (sign, strike, value) in [(1.0, 4900.0, 100.0), (-1.0, 4900.0, 0.0), (-1.0, 5100.0, 100.0)] {
            Surface::option(&slice, sign, &Col::splat(strike), &mut price);
            assert!((price[0] - value).abs() < 1e-9);
        }
    }
}

#[test]
fn parity_holds_on_the_smile() {
    let model = l3f(25.0);
    let slice = slice_at(&model.surface(), &start_of(&*model), 32.0);
    let (mut call, mut put) = (Col::default(), Col::default());
    for strike in [3500.0, 4800.0, 5000.0, 5600.0] {
        Surface::option(&slice, 1.0, &Col::splat(strike), &mut call);
        Surface::option(&slice, -1.0, &Col::splat(strike), &mut put);
        let forward = slice.discount[0] * (slice.forward[0] - strike);
        assert!((call[0] - put[0] - forward).abs() < 1e-9);
    }
}

#[test]
fn vix_options_are_bounded_and_parity_holds() {
    let model = l3f(18.0);
    let state = start_of(&*model);
    let mut slice = VixSlice::default();
    model.surface().vix_slice(&state, &Col::splat(30.0), &mut slice);
    let mut future = Col::default();
    model.surface().vx(&state, 30.0, &mut future);
    assert_eq!(slice.forward, future);
    let (mut call, mut put) = (Col::default(), Col::default());
    let mut last = f64::INFINITY;
    for strike in [5.0, 9.0, 12.0, 18.0, 25.0, 40.0, 80.0] {
        Surface::vix_option(&slice, 1.0, &Col::splat(strike), &mut call);
        Surface::vix_option(&slice, -1.0, &Col::splat(strike), &mut put);
        let forward = slice.discount[0] * (slice.forward[0] - strike);
        assert!((call[0] - put[0] - forward).abs() < 1e-11);
        assert!(call[0] < last && call[0] >= forward.max(0.0) - 1e-12);
        last = call[0];
    }
    // An ordinary month: the 30-day at-the-money call costs 6–14% of the future.
    Surface::vix_option(&slice, 1.0, &future, &mut call);
    let share = call[0] / future[0];
    assert!(share > 0.06 && share < 0.14, "{share}");
}
