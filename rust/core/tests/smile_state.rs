//! The daily state of the SPX surface and its shift, through the public interface.

use alvh_core::market::draws::Draws;
use alvh_core::market::generator::{Generator, Lanes, generator};
use alvh_core::market::inspect::{OptionTerms, smile_states, spx_quotes, vix_quotes};
use alvh_core::market::quote::Slice;
use alvh_core::market::simulate::{Request, simulate};
use alvh_core::market::smile_state::SmileState;
use alvh_core::market::spec::{GbmSpec, L3fSpec, MarketSpec};
use alvh_core::market::state::{CURVATURE, LEVEL, SKEW, SMILE, State};
use alvh_core::math::lanes::{Col, LANES};

fn l3f(change: impl FnOnce(&mut L3fSpec)) -> Box<dyn Generator> {
    let mut spec = L3fSpec::default();
    change(&mut spec);
    generator(&MarketSpec::L3f(Box::new(spec))).expect("a valid description")
}

fn with_state(smile_state: SmileState) -> Box<dyn Generator> {
    l3f(|spec| spec.smile_state = smile_state)
}

fn correlated() -> SmileState {
    SmileState {
        level_sd: 0.05,
        level_half_life: 4.0,
        skew_sd: 0.08,
        skew_half_life: 10.0,
        curvature_sd: 0.2,
        curvature_half_life: 25.0,
        correlation: [0.5, -0.3, 0.4],
    }
}

/// Mean of the products of two series.
fn mean_product(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = a.zip(b).fold((0.0, 0u32), |(sum, n), (a, b)| (sum + a * b, n + 1));
    sum / f64::from(n)
}

#[test]
fn spx_vix_and_futures_do_not_see_it() {
    let request = Request {
        paths: 300,
        sessions: 20,
        warm_up: 15,
        draws: Draws::Plain,
        seed: 4,
        first_path: 0,
        vx_days: vec![30.0, 120.0],
        threads: Some(1),
    };
    let paths = |state| simulate(&*with_state(state), &request).expect("a valid request");
    let (plain, other) = (paths(SmileState::none()), paths(correlated()));
    assert_eq!((plain.spot, plain.vix, plain.vx), (other.spot, other.vix, other.vx));
}

/// Standard deviations, half-lives and correlations are those described, at the start as much as later.
#[test]
fn the_law_is_the_described_one() {
    let spec = correlated();
    let (paths, sessions) = (20_000, 12);
    let found = smile_states(&*with_state(spec.clone()), 9, 0, paths, sessions).expect("valid");
    let columns = sessions as usize + 1;
    let at = |figure: usize, session: usize| found[figure][session..].iter().step_by(columns).copied();
    let sd = [spec.level_sd, spec.skew_sd, spec.curvature_sd];
    let half_life = [spec.level_half_life, spec.skew_half_life, spec.curvature_half_life];
    let [level_skew, level_curvature, skew_curvature] = spec.correlation;
    let correlation = [
        [1.0, level_skew, level_curvature],
        [level_skew, 1.0, skew_curvature],
        [level_curvature, skew_curvature, 1.0],
    ];
    let error = 4.0 * (2.0 / paths as f64).sqrt();
    for session in [0, 1, 12] {
        for i in 0..SMILE {
            for j in 0..SMILE {
                let moment = mean_product(at(i, session), at(j, session)) / (sd[i] * sd[j]);
                assert!((moment - correlation[i][j]).abs() < error, "{i}, {j}: {moment} at {session}");
            }
        }
    }
    for i in 0..SMILE {
        let left = mean_product(at(i, 0), at(i, 12)) / (sd[i] * sd[i]);
        assert!((left - 0.5f64.powf(12.0 / half_life[i])).abs() < error, "{i}: {left} is left");
    }
}

#[test]
fn states_do_not_depend_on_the_block() {
    let model = with_state(correlated());
    let whole = smile_states(&*model, 2, 1000, 600, 5).expect("valid");
    let late = smile_states(&*model, 2, 1100, 500, 5).expect("valid");
    for (whole, late) in whole.iter().zip(&late) {
        assert_eq!(whole[100 * 6..], *late);
    }
    assert_ne!(whole, smile_states(&*model, 3, 1000, 600, 5).expect("valid"));
}

#[test]
fn warm_up_and_opening_keep_it_near_the_closes() {
    let model = with_state(correlated());
    let lanes = Lanes { seed: 6, first_path: 0, start: [0; LANES], ..Lanes::default() };
    let (mut before, mut opening) = (State::default(), State::default());
    model.start(&lanes, &mut before);
    model.warm_up(&lanes, 5, &mut |_, state| assert_eq!(state.smile, before.smile));
    let mut after = before.clone();
    model.session(&lanes, 1, &mut after);
    model.opening(&lanes, 1, &before, &after, &mut opening);
    for f in 0..SMILE {
        for lane in 0..LANES {
            let (from, to) = (before.smile[f][lane], after.smile[f][lane]);
            assert!(from != to && opening.smile[f][lane] == from + 0.45 * (to - from));
        }
    }
}

#[test]
fn correlations_that_cannot_be_are_refused() {
    for (correlation, half_life) in [([0.9, 0.9, 0.0], 10.0), ([0.99, 0.0, 0.0], 4000.0)] {
        let state = SmileState { correlation, skew_half_life: half_life, ..correlated() };
        let spec = L3fSpec { smile_state: state, ..L3fSpec::default() };
        let refusal = generator(&MarketSpec::L3f(Box::new(spec))).expect_err("impossible").to_string();
        assert!(refusal.contains("smile_state.correlation") && refusal.contains("half-lives"), "{refusal}");
    }
    let unknown = MarketSpec::from_json(r#"{"model": "l3f", "smile_state": {"slope_sd": 1}}"#);
    assert!(unknown.expect_err("unknown").to_string().contains("slope_sd"));
    for (field, value) in [("level_sd", "-0.1"), ("skew_half_life", "0"), ("curvature_sd", "2")] {
        let text = format!(r#"{{"model": "l3f", "smile_state": {{"{field}": {value}}}}}"#);
        let spec = MarketSpec::from_json(&text).expect("JSON");
        let refusal = generator(&spec).expect_err("out of its domain").to_string();
        assert!(refusal.starts_with(&format!("smile_state.{field} = {value}: must ")), "{refusal}");
    }
}

/// θ, ρ, ζ of 63 sessions on the start state with some smile.
fn slice_with(model: &dyn Generator, smile: [f64; SMILE]) -> Slice {
    let mut state = State::default();
    model.start(&Lanes::default(), &mut state);
    state.smile = smile.map(Col::splat);
    let mut slice = Slice::default();
    model.surface().slice(&state, &Col::splat(63.0), &Col::splat(90.0), &mut slice);
    slice
}

#[test]
fn each_of_them_moves_what_it_is_named_for() {
    let model = l3f(|_| ());
    let moved = |figure: usize, by: f64| {
        let mut smile = [0.0; SMILE];
        smile[figure] = by;
        slice_with(&*model, smile)
    };
    let plain = slice_with(&*model, [0.0; SMILE]);
    let level = moved(LEVEL, 0.05);
    // The at-the-money vol follows the swap's, but for what shape loses to variance.
    let ratio = (level.theta[0] / plain.theta[0]).sqrt();
    assert!((ratio.ln() - 0.05).abs() < 0.005, "{ratio}");
    let skew = moved(SKEW, 0.1);
    assert!((plain.rho[0] - skew.rho[0] - 0.1).abs() < 0.005);
    assert_eq!(moved(SKEW, 3.0).rho[0], -0.85);
    assert_eq!(moved(SKEW, -3.0).rho[0], -0.15);
    let curvature = moved(CURVATURE, 0.2);
    assert!(((curvature.zeta[0] / plain.zeta[0]).ln() - 0.2).abs() < 0.02);
    let (zeta, r) = (moved(CURVATURE, 9.0).zeta[0], -moved(CURVATURE, 9.0).rho[0]);
    assert!((zeta * zeta * (1.0 + r) / 4.0 - 0.998).abs() < 1e-3, "the bound of butterflies");
}

fn quote(model: &dyn Generator, strike: f64, sessions: f64) -> f64 {
    let terms = OptionTerms { sessions, days: sessions * 30.0 / 21.0, strike, sign: -1.0 };
    spx_quotes(model, &[terms], [0.0; SMILE], None).expect("a valid smile")[0].vol
}

#[test]
fn a_shift_moves_every_strike_and_tenor_and_neither_vix_nor_its_options() {
    for shift in [-1.0, 1.0, 2.5] {
        let (plain, moved) = (l3f(|_| ()), l3f(|spec| spec.surface_shift = shift));
        for sessions in [1.0, 5.0, 32.0, 126.0] {
            let forward = quote(&*moved, 5000.0, sessions) - quote(&*plain, 5000.0, sessions);
            assert!((100.0 * forward - shift).abs() < 0.02 * shift.abs(), "{sessions}: {forward}");
            // Two standard deviations down: within a sixth of it, the smile being nearly straight.
            let down = 5000.0 * (-2.0 * 0.17 * (sessions / 252.0_f64).sqrt()).exp();
            let wing = quote(&*moved, down, sessions) - quote(&*plain, down, sessions);
            assert!((100.0 * wing / shift - 1.0).abs() < 1.0 / 6.0, "{sessions}: {wing}");
        }
        let terms = OptionTerms { sessions: 0.0, days: 30.0, strike: 20.0, sign: 1.0 };
        let option = |model: &dyn Generator| vix_quotes(model, &[terms], None).expect("no factors")[0];
        let (a, b) = (option(&*plain), option(&*moved));
        assert_eq!((a.forward, a.price), (b.forward, b.price));
    }
    let half = l3f(|spec| (spec.vix, spec.surface_shift) = (7.0, -5.0));
    let whole = l3f(|spec| spec.vix = 7.0);
    assert!((quote(&*half, 5000.0, 5.0) / quote(&*whole, 5000.0, 5.0) - 0.5).abs() < 0.01, "half is left");
    let refused = generator(&MarketSpec::Gbm(GbmSpec { surface_shift: 6.0, ..GbmSpec::default() }));
    let words = refused.expect_err("too far").to_string();
    assert_eq!(words, "surface_shift = 6: must lie between -5 and 5");
}

#[test]
fn a_flat_surface_shifts_and_has_no_state() {
    let model = generator(&MarketSpec::Gbm(GbmSpec { vol: 0.2, surface_shift: -1.0, ..GbmSpec::default() }));
    let model = model.expect("valid");
    assert!((quote(&*model, 4000.0, 21.0) - 0.19).abs() < 1e-12);
    let terms = OptionTerms { sessions: 21.0, days: 30.0, strike: 5000.0, sign: 1.0 };
    let refusal = spx_quotes(&*model, &[terms], [0.1, 0.0, 0.0], None).expect_err("flat").to_string();
    assert!(refusal.contains("a flat surface has no level"), "{refusal}");
}
