//! Paths through the public interface: the same bits for any split, warm-up, replay, closed forms.

use alvh_core::market::generator::{Generator, Lanes, generator};
use alvh_core::market::parameters::{Curve, Dynamics, Smile, VixSmile};
use alvh_core::market::simulate::{Request, Simulation, simulate};
use alvh_core::market::spec::{GbmSpec, L3fSpec, MarketSpec, ReplaySpec};
use alvh_core::market::state::State;
use alvh_core::math::lanes::LANES;

fn l3f() -> Box<dyn Generator> {
    generator(&MarketSpec::L3f(L3fSpec::default())).expect("defaults")
}

fn request(paths: usize, sessions: u32) -> Request {
    Request { paths, sessions, warm_up: 0, seed: 11, first_path: 0, vx_days: Vec::new(), threads: Some(1) }
}

fn run(model: &dyn Generator, request: &Request) -> Simulation {
    simulate(model, request).expect("a valid request")
}

#[test]
fn threads_and_chunks_do_not_change_a_bit() {
    let model = l3f();
    let request = Request { warm_up: 5, vx_days: vec![30.0, 90.0], ..request(700, 8) };
    let whole = run(&*model, &request);
    for threads in [Some(2), Some(3), None] {
        let other = run(&*model, &Request { threads, ..request.clone() });
        assert_eq!((&whole.spot, &whole.vix, &whole.vx), (&other.spot, &other.vix, &other.vx));
    }
    // The same paths in two chunks that split blocks elsewhere.
    let head = run(&*model, &Request { paths: 300, ..request.clone() });
    let tail = run(&*model, &Request { paths: 400, first_path: 300, ..request.clone() });
    assert_eq!(whole.spot, [head.spot, tail.spot].concat());
    assert_eq!(whole.vx[1], [head.vx[1].clone(), tail.vx[1].clone()].concat());
}

#[test]
fn paths_above_32_bits_are_paths_of_their_own() {
    let model = l3f();
    let low = run(&*model, &request(4, 3));
    let high = run(&*model, &Request { first_path: 1 << 32, ..request(4, 3) });
    assert_ne!(low.spot, high.spot);
    let across = run(&*model, &Request { first_path: (1 << 32) - 2, ..request(6, 3) });
    assert_eq!(across.spot[2 * 4..], high.spot);
}

#[test]
fn warm_up_is_pinned_to_the_start_and_leaves_the_future_alone() {
    let model = l3f();
    let plain = run(&*model, &request(10, 5));
    let warmed = run(&*model, &Request { warm_up: 60, ..request(10, 5) });
    assert_eq!(warmed.columns, 66);
    for path in 0..10 {
        let row = &warmed.spot[path * 66..(path + 1) * 66];
        assert_eq!(row[60..], plain.spot[path * 6..(path + 1) * 6]);
        // A bridge from the start to the start; its last increment is as rough as the others.
        assert_eq!(row[0], row[60]);
        let moves: Vec<f64> = row[..61].windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
        let sd = (moves.iter().map(|m| m * m).sum::<f64>() / 60.0).sqrt();
        assert!(sd > 0.003 && sd < 0.03, "daily sd {sd}");
        assert!(moves[59].abs() < 6.0 * sd && moves[59] != 0.0);
    }
}

#[test]
fn warm_up_does_not_depend_on_the_block() {
    let model = l3f();
    let visit = |first_path| {
        let lanes = Lanes { seed: 5, first_path, start: [0; LANES] };
        let mut seen = Vec::new();
        model.warm_up(&lanes, 7, &mut |step, state: &State| seen.push((step, state.clone())));
        seen
    };
    let (low, high) = (visit(0), visit(100));
    assert_eq!(low.len(), 7);
    for ((step, a), (_, b)) in low.iter().zip(&high) {
        assert_eq!(a.ln_s[100..], b.ln_s[..LANES - 100], "session {step}");
        assert_eq!(a.x[2][100..], b.x[2][..LANES - 100]);
    }
}

#[test]
fn replay_reads_its_rows_back() {
    let rows = 40;
    let column = |scale: f64| (0..rows).map(|row| scale * (1.0 + f64::from(row) / 100.0)).collect::<Vec<_>>();
    let spec = ReplaySpec {
        spot: column(4000.0),
        vix: column(15.0),
        rate: column(0.03),
        dividend_yield: column(0.01),
        curve: Curve::default(),
        dynamics: Dynamics::default(),
        smile: Smile::default(),
        vix_smile: VixSmile::default(),
    };
    let model = generator(&MarketSpec::Replay(spec.clone())).expect("valid rows");
    assert_eq!(model.rows(), Some(40));
    let found = run(&*model, &Request { warm_up: 4, ..request(3, 6) });
    for path in 0..3 {
        for column in 0..11 {
            let cell = path * 11 + column;
            assert!((found.spot[cell] / spec.spot[path + column] - 1.0).abs() < 1e-13);
            assert!((found.vix[cell] / spec.vix[path + column] - 1.0).abs() < 1e-13);
        }
    }
    let beyond = simulate(&*model, &Request { warm_up: 4, ..request(3, 36) }).expect_err("too few rows");
    assert_eq!(beyond.to_string(), "sessions = 36: replaying needs 43 rows with the warm-up; there are 40");
}

/// The discounted forward of a market without a risk premium is the spot less dividends, and a call on a GBM
/// costs what Black says.
#[test]
fn gbm_agrees_with_its_closed_forms() {
    let (spot, rate, dividend_yield, vol) = (5000.0, 0.04, 0.013, 0.2);
    let spec = GbmSpec { vol, spot, rate, dividend_yield, erp: 0.0 };
    let model = generator(&MarketSpec::Gbm(spec)).expect("valid");
    let (paths, sessions) = (40_000, 63);
    let found = run(&*model, &request(paths, sessions));
    let years = f64::from(sessions) / 252.0;
    let forward = spot * ((rate - dividend_yield) * years).exp();
    let strike = 5100.0;
    let last = |path: usize| found.spot[(path + 1) * found.columns - 1];
    let payoffs: [Vec<f64>; 2] =
        [(0..paths).map(last).collect(), (0..paths).map(|path| (last(path) - strike).max(0.0)).collect()];
    let black = alvh_core::pricing::black76::undiscounted::<false>(1.0, forward, strike, vol * years.sqrt());
    for (payoff, expected) in payoffs.iter().zip([forward, black]) {
        let n = paths as f64;
        let mean = payoff.iter().sum::<f64>() / n;
        let variance = payoff.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let z = (mean - expected) / (variance / n).sqrt();
        assert!(z.abs() < 4.0, "{mean} is not {expected}: {z} standard errors off");
    }
}

#[test]
fn impossible_requests_are_named() {
    let model = l3f();
    for (request, words) in [
        (request(0, 5), "paths = 0"),
        (Request { first_path: 1 << 48, ..request(1, 5) }, "first_path"),
        (Request { vx_days: vec![30.0, -1.0], ..request(1, 5) }, "vx_days = -1"),
        (Request { threads: Some(0), ..request(1, 5) }, "threads = 0"),
    ] {
        let message = simulate(&*model, &request).expect_err("impossible").to_string();
        assert!(message.contains(words), "{message}");
    }
}
