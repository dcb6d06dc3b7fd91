//! Paths through the public interface: the same bits for any split, warm-up, replay, closed forms.

use alvh_core::market::bates::BatesSpec;
use alvh_core::market::draws::Draws;
use alvh_core::market::fhs::FhsSpec;
use alvh_core::market::generator::{Generator, Lanes, generator};
use alvh_core::market::inspect::{Openings, openings, vx_bases};
use alvh_core::market::parameters::{Curve, Dynamics, Smile, VixSmile};
use alvh_core::market::recorded_vx::VxSpec;
use alvh_core::market::simulate::{Request, Simulation, simulate};
use alvh_core::market::spec::{GbmSpec, L3fSpec, MarketSpec, ReplaySpec};
use alvh_core::market::state::State;
use alvh_core::math::lanes::{Col, LANES};

fn l3f() -> Box<dyn Generator> {
    generator(&MarketSpec::L3f(Box::default())).expect("defaults")
}

fn gbm(vol: f64) -> Box<dyn Generator> {
    generator(&MarketSpec::Gbm(GbmSpec { vol, ..GbmSpec::default() })).expect("valid")
}

/// Every other model that is drawn.
fn others() -> [Box<dyn Generator>; 3] {
    let rows: Vec<_> =
        (0..60).map(|row| [f64::from(row % 7) / 3.0 - 1.0, 0.4, f64::from(row % 5) / 4.0, -0.2]).collect();
    let curve = L3fSpec::default();
    let fhs = FhsSpec {
        vix: 18.0,
        spot: curve.spot,
        rate: curve.rate,
        dividend_yield: curve.dividend_yield,
        erp: curve.erp,
        block: 5.0,
        innovations: rows,
        curve: curve.curve,
        dynamics: curve.dynamics,
        smile: curve.smile,
        vix_smile: curve.vix_smile,
        smile_state: curve.smile_state,
        surface_shift: 0.0,
    };
    let specs = [
        MarketSpec::Pdv4(Box::default()),
        MarketSpec::Fhs(Box::new(fhs)),
        MarketSpec::Bates(Box::new(BatesSpec { jump_rate: 10.0, ..BatesSpec::default() })),
    ];
    specs.map(|spec| generator(&spec).expect("valid"))
}

fn replay(rows: u32, change: impl FnOnce(&mut ReplaySpec)) -> (ReplaySpec, Box<dyn Generator>) {
    let column = |scale: f64| (0..rows).map(|row| scale * (1.0 + f64::from(row) / 100.0)).collect::<Vec<_>>();
    let mut spec = ReplaySpec {
        spot: column(4000.0),
        vix: column(15.0),
        rate: column(0.03),
        dividend_yield: column(0.01),
        vix3m: Vec::new(),
        vix6m: Vec::new(),
        filter_from: 0,
        open: Vec::new(),
        high: Vec::new(),
        low: Vec::new(),
        vx: None,
        vx_in_state: false,
        chain: None,
        curve: Curve::default(),
        dynamics: Dynamics::default(),
        smile: Smile::default(),
        vix_smile: VixSmile::default(),
        surface_shift: 0.0,
    };
    change(&mut spec);
    let model = generator(&MarketSpec::Replay(Box::new(spec.clone()))).expect("valid rows");
    (spec, model)
}

fn request(paths: usize, sessions: u32) -> Request {
    Request {
        paths,
        sessions,
        warm_up: 0,
        seed: 11,
        draws: Draws::Plain,
        first_path: 0,
        vx_days: Vec::new(),
        threads: Some(1),
    }
}

fn run(model: &dyn Generator, request: &Request) -> Simulation {
    simulate(model, request).expect("a valid request")
}

#[test]
fn threads_and_chunks_do_not_change_a_bit() {
    for model in others().into_iter().chain([l3f()]) {
        threads_and_chunks(&*model);
    }
}

fn threads_and_chunks(model: &dyn Generator) {
    let request = Request { warm_up: 5, vx_days: vec![30.0, 90.0], ..request(700, 8) };
    let whole = run(model, &request);
    for threads in [Some(2), Some(3), None] {
        let other = run(model, &Request { threads, ..request.clone() });
        assert_eq!((&whole.spot, &whole.vix, &whole.vx), (&other.spot, &other.vix, &other.vx));
    }
    // The same paths in two chunks that split blocks elsewhere.
    let head = run(model, &Request { paths: 300, ..request.clone() });
    let tail = run(model, &Request { paths: 400, first_path: 300, ..request.clone() });
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
    for model in others().into_iter().chain([l3f()]) {
        let visit = |first_path| {
            let lanes = Lanes { seed: 5, first_path, start: [0; LANES], ..Lanes::default() };
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
}

/// A state that is copied goes on as the one it was copied from: its memory is a part of it.
#[test]
fn a_copied_state_goes_on() {
    for model in others() {
        let lanes = Lanes { seed: 3, first_path: 0, start: [0; LANES], ..Lanes::default() };
        let mut state = State::default();
        model.start(&lanes, &mut state);
        let mut copy = State::default();
        for step in 1..=20 {
            copy.clone_from(&state);
            model.session(&lanes, step, &mut state);
            model.session(&lanes, step, &mut copy);
            assert_eq!(state, copy);
            assert!(!state.memory.is_empty());
        }
    }
}

#[test]
fn replay_reads_its_rows_back() {
    let (spec, model) = replay(40, |_| ());
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

/// Every array of some openings.
fn arrays(found: &Openings) -> [&[f64]; 5] {
    let [x0, x1, x2] = &found.x;
    [&found.ln_s, x0, x1, x2, &found.special_quotation]
}

#[test]
fn openings_do_not_depend_on_the_block() {
    for model in others().into_iter().chain([l3f(), gbm(0.2)]) {
        let whole = openings(&*model, 3, 1000, 600, 5, 0).expect("valid");
        let late = openings(&*model, 3, 1100, 500, 5, 0).expect("valid");
        for (whole, late) in arrays(&whole).into_iter().zip(arrays(&late)) {
            assert_eq!(whole[100 * 5..], *late);
        }
        let other = openings(&*model, 4, 1000, 600, 5, 0).expect("valid");
        assert_ne!(whole.ln_s, other.ln_s);
    }
}

/// Night and day have the variances .45 and .55 of the session's, and do not know of each other.
#[test]
fn gbm_opens_with_its_share_of_the_variance() {
    let (paths, vol) = (40_000, 0.3);
    let model = gbm(vol);
    let found = openings(&*model, 7, 0, paths, 1, 0).expect("valid");
    let closes = run(&*model, &Request { seed: 7, ..request(paths, 1) });
    let drift = (0.04 - 0.013 + 0.05 - vol * vol / 2.0) / 252.0;
    let sd = vol / 252f64.sqrt();
    let mut sums = [0.0; 3];
    for path in 0..paths {
        let start = closes.spot[2 * path].ln();
        let night = (found.ln_s[path] - start - 0.45 * drift) / sd;
        let day = (closes.spot[2 * path + 1].ln() - found.ln_s[path] - 0.55 * drift) / sd;
        for (sum, value) in sums.iter_mut().zip([night * night, day * day, night * day]) {
            *sum += value / paths as f64;
        }
    }
    for (found, expected) in sums.into_iter().zip([0.45, 0.55, 0.0]) {
        assert!((found - expected).abs() < 4.0 / (paths as f64).sqrt(), "{sums:?}");
    }
    assert!(found.special_quotation.iter().all(|&ratio| ratio == 1.0));
}

#[test]
fn replay_opens_where_it_is_recorded_and_else_on_the_line() {
    let (spec, model) = replay(4, |spec| spec.open = vec![None, Some(4111.0), None, Some(4222.0)]);
    let found = openings(&*model, 0, 0, 2, 3, 0).expect("valid");
    let line = |row: usize| spec.spot[row - 1].ln() + 0.45 * (spec.spot[row] / spec.spot[row - 1]).ln();
    for path in found.ln_s.chunks(3) {
        for (found, expected) in path.iter().zip([4111f64.ln(), line(2), 4222f64.ln()]) {
            assert!((found - expected).abs() < 1e-14);
        }
    }
    // One session later in the record is the same opening; there is none after the last row.
    let later = openings(&*model, 0, 0, 1, 2, 1).expect("valid");
    assert_eq!(later.ln_s, found.ln_s[1..3]);
    let beyond = openings(&*model, 0, 0, 1, 3, 1).expect_err("too few rows");
    assert_eq!(beyond.to_string(), "sessions = 3: from row 1 on there are 2 sessions");
}

#[test]
fn recorded_futures_are_reproduced_to_their_final_settlement() {
    let marks = [(1u32, 3u32, 4.0, 17.0), (2, 3, 1.0, 18.0), (3, 3, 0.0, 18.5), (2, 9, 40.0, 19.0)];
    let (_, model) = replay(6, |spec| {
        spec.vx = Some(VxSpec {
            session: marks.map(|mark| mark.0).into(),
            expiry: marks.map(|mark| mark.1).into(),
            days: marks.map(|mark| mark.2).into(),
            settle: marks.map(|mark| mark.3).into(),
        });
    });
    let surface = model.surface();
    let lanes = |row: u32| Lanes { seed: 0, first_path: 0, start: [row; LANES], ..Lanes::default() };
    let close = |row| {
        let mut state = State::default();
        model.start(&lanes(row), &mut state);
        state
    };
    let (mut opening, mut price, mut basis) = (State::default(), Col::default(), Col::default());
    for (row, expiry, days, settle) in marks {
        if row == expiry {
            model.opening(&lanes(row - 1), 1, &close(row - 1), &close(row), &mut opening);
            surface.vix(&opening, &mut price);
        } else {
            surface.vx(&close(row), days, &mut price);
        }
        assert!(model.vx_basis(&lanes(row), 0, &[expiry; LANES], &mut basis));
        assert!((price[77] * basis[77] / settle - 1.0).abs() < 1e-14);
    }
    // Carried, and never quoted.
    let found = vx_bases(&*model, &[0, 2, 4, 5], &[9, 9, 9, 5]).expect("valid").expect("recorded");
    assert_eq!((found[0], found[2], found[3]), (1.0, found[1], 1.0));
    assert!(found[1] != 1.0);
    assert!(vx_bases(&*model, &[6], &[9]).is_err());
}

#[test]
fn a_market_without_recorded_futures_has_no_basis() {
    for model in [l3f(), gbm(0.2), replay(6, |_| ()).1] {
        let mut untouched = Col::splat(7.0);
        let lanes = Lanes { seed: 0, first_path: 0, start: [1; LANES], ..Lanes::default() };
        assert!(!model.vx_basis(&lanes, 1, &[3; LANES], &mut untouched));
        assert_eq!(untouched, Col::splat(7.0));
    }
}

#[test]
fn standard_shocks_exist_where_vix_moves() {
    assert!(l3f().shock().is_some() && replay(6, |_| ()).1.shock().is_some());
    assert!(others().iter().all(|model| model.shock().is_some()));
    assert!(gbm(0.2).shock().is_none());
}

/// The discounted forward of a market without a risk premium is the spot less dividends, and a call on a GBM
/// costs what Black says.
#[test]
fn gbm_agrees_with_its_closed_forms() {
    let (spot, rate, dividend_yield, vol) = (5000.0, 0.04, 0.013, 0.2);
    let spec = GbmSpec { vol, spot, rate, dividend_yield, erp: 0.0, ..GbmSpec::default() };
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
