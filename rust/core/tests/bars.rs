//! Bars inside sessions, through the public interface: closes untouched, one path at every size of bar, variance where
//! it belongs, jumps in one place, recorded days reproduced.

use alvh_core::market::bars::arrays::{Bars, Request, bars};
use alvh_core::market::bars::profile::Profile;
use alvh_core::market::bates::BatesSpec;
use alvh_core::market::draws::Draws;
use alvh_core::market::fhs::FhsSpec;
use alvh_core::market::generator::{Generator, generator};
use alvh_core::market::inspect::openings;
use alvh_core::market::parameters::{Curve, Dynamics, Smile, VixSmile};
use alvh_core::market::pdv4::Pdv4Spec;
use alvh_core::market::simulate::{self, simulate};
use alvh_core::market::spec::{GbmSpec, L3fSpec, MarketSpec, ReplaySpec};

fn model(spec: &MarketSpec) -> Box<dyn Generator> {
    generator(spec).expect("valid")
}

fn l3f(dynamics: Dynamics) -> Box<dyn Generator> {
    model(&MarketSpec::L3f(Box::new(L3fSpec { dynamics, ..L3fSpec::default() })))
}

/// Sessions of which many are wild, and very.
fn wild() -> Dynamics {
    Dynamics { wild_probability: 0.05, wild_variance: 15.0, wild_shift: [0.0; 4], ..Dynamics::default() }
}

/// As [`wild`], none of them.
fn calm() -> Dynamics {
    Dynamics { wild_probability: 0.0, wild_variance: 1.0, wild_shift: [0.0; 4], ..Dynamics::default() }
}

fn gbm(vol: f64) -> Box<dyn Generator> {
    model(&MarketSpec::Gbm(GbmSpec { vol, ..GbmSpec::default() }))
}

fn simulated() -> [Box<dyn Generator>; 5] {
    let like = L3fSpec::default();
    let fhs = FhsSpec {
        vix: 18.0,
        spot: like.spot,
        rate: like.rate,
        dividend_yield: like.dividend_yield,
        erp: like.erp,
        block: 5.0,
        // A row in fifty is a fall that jumps.
        innovations: (0..50)
            .map(|row| {
                if row == 7 {
                    [-6.0, 4.0, 3.0, 2.0]
                } else {
                    [f64::from(row % 5) / 2.0 - 1.0, 0.1, 0.2, -0.1]
                }
            })
            .collect(),
        curve: like.curve,
        dynamics: like.dynamics,
        smile: like.smile,
        vix_smile: like.vix_smile,
        smile_state: like.smile_state,
        surface_shift: 0.0,
    };
    [
        l3f(Dynamics::default()),
        model(&MarketSpec::Pdv4(Box::default())),
        model(&MarketSpec::Fhs(Box::new(fhs))),
        model(&MarketSpec::Bates(Box::new(BatesSpec { jump_rate: 10.0, ..BatesSpec::default() }))),
        gbm(0.2),
    ]
}

/// Rows of a made-up history; every day but the third has opening, high and low.
fn recorded() -> ReplaySpec {
    let spot = vec![4000.0, 4020.0, 3980.0, 3700.0, 3750.0, 3750.0, 3801.0];
    let open = vec![None, Some(4005.0), Some(4025.0), None, Some(3690.0), Some(3760.0), Some(3745.0)];
    let high = vec![None, Some(4030.0), Some(4025.0), None, Some(3755.5), Some(3780.0), Some(3801.0)];
    let low = vec![None, Some(3990.0), Some(3960.0), None, Some(3640.0), Some(3742.0), Some(3740.0)];
    let rows = spot.len();
    ReplaySpec {
        spot,
        vix: vec![16.0, 15.5, 17.0, 29.0, 27.0, 26.5, 25.0],
        rate: vec![0.03; rows],
        dividend_yield: vec![0.015; rows],
        vix3m: Vec::new(),
        vix6m: Vec::new(),
        filter_from: 0,
        open,
        high,
        low,
        vx: None,
        vx_in_state: false,
        chain: None,
        curve: Curve::default(),
        dynamics: Dynamics::default(),
        smile: Smile::default(),
        vix_smile: VixSmile::default(),
        surface_shift: 0.0,
    }
}

fn request(paths: usize, sessions: u32, bars: u32) -> Request {
    Request {
        paths,
        sessions,
        bars,
        profile: Profile::default(),
        seed: 11,
        draws: Draws::Plain,
        first_path: 0,
        start: 0,
        threads: None,
        half_days: vec![],
    }
}

fn run(model: &dyn Generator, request: &Request) -> Bars {
    bars(model, request).expect("a valid request")
}

/// Columns of a row: path, session, bar.
fn cell(request: &Request, path: usize, session: usize, bar: usize) -> usize {
    let columns = request.bars as usize + 1;
    (path * request.sessions as usize + session) * columns + bar
}

fn closes(model: &dyn Generator, like: &Request) -> simulate::Simulation {
    let request = simulate::Request {
        paths: like.paths,
        sessions: like.sessions,
        warm_up: 0,
        seed: like.seed,
        draws: like.draws,
        first_path: like.first_path,
        vx_days: Vec::new(),
        threads: None,
    };
    simulate(model, &request).expect("a valid request")
}

/// Z-score of a mean of `values` against `expected`.
fn z_score(values: &[f64], expected: f64) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean - expected) / (variance / n).sqrt()
}

#[test]
fn closes_are_those_of_the_sessions_whatever_the_bars() {
    for model in simulated() {
        for draws in [Draws::Plain, Draws::Antithetic] {
            for bars in [1, 3, 13, 26] {
                let request = Request { draws, ..request(300, 6, bars) };
                if draws.check(model.shocks()).is_err() {
                    continue;
                }
                let (found, expected) = (run(&*model, &request), closes(&*model, &request));
                for path in 0..request.paths {
                    for session in 0..request.sessions as usize {
                        let close = cell(&request, path, session, bars as usize);
                        let column = path * expected.columns + session + 1;
                        assert_eq!(found.spot[close], expected.spot[column]);
                        assert_eq!(found.vix[close], expected.vix[column]);
                    }
                }
            }
        }
    }
}

/// 390 minutes are drawn once: every other number of bars shows some of them.
#[test]
fn every_size_of_bar_is_a_view_of_one_path() {
    for model in simulated() {
        let minutes = request(40, 2, 390);
        let whole = run(&*model, &minutes);
        for bars in [2, 4, 5, 13, 26, 39, 78, 100] {
            let request = request(40, 2, bars);
            let found = run(&*model, &request);
            for path in 0..request.paths {
                for session in 0..2 {
                    for bar in 0..=bars as usize {
                        let (at, minute) = (cell(&request, path, session, bar), found.minutes[bar] as usize);
                        let same = cell(&minutes, path, session, minute);
                        assert_eq!(found.spot[at], whole.spot[same], "{bars} bars, bar {bar}");
                        assert_eq!(found.vix[at], whole.vix[same]);
                    }
                }
            }
        }
    }
}

#[test]
fn bars_do_not_depend_on_threads_nor_on_the_block() {
    let mut models: Vec<_> = simulated().into_iter().collect();
    models.push(model(&MarketSpec::Replay(Box::new(recorded()))));
    for model in models {
        let all = request(700, 5, 13);
        let whole = run(&*model, &Request { threads: Some(1), ..all.clone() });
        let split = run(&*model, &Request { threads: Some(3), ..all.clone() });
        let late = run(&*model, &Request { first_path: 100, paths: 600, ..all.clone() });
        let from = cell(&all, 100, 0, 0);
        assert_eq!(whole.spot, split.spot);
        assert_eq!(whole.vix, split.vix);
        assert_eq!(whole.extreme, split.extreme);
        assert_eq!(whole.spot[from..], late.spot);
        assert_eq!(whole.vix[from..], late.vix);
        let other = run(&*model, &Request { seed: 12, ..all.clone() });
        assert_ne!(whole.spot, other.spot);
    }
}

/// A session's bars are a function of (seed, path, session) and its closes: runs of other lengths change none of them.
#[test]
fn a_session_does_not_know_how_many_follow() {
    let model = l3f(Dynamics::default());
    let (short, long) = (request(60, 2, 13), request(60, 9, 13));
    let (first, whole) = (run(&*model, &short), run(&*model, &long));
    for path in 0..60 {
        let (a, b) = (cell(&short, path, 0, 0), cell(&long, path, 0, 0));
        assert_eq!(first.spot[a..a + 28], whole.spot[b..b + 28]);
    }
}

/// Where nothing jumps the first bar opens at the opening to which options settle, bit for bit.
#[test]
fn calm_sessions_open_where_options_settle() {
    for model in [l3f(calm()), gbm(0.2)] {
        let request = request(400, 3, 13);
        let found = run(&*model, &request);
        let expected = openings(&*model, request.seed, 0, request.paths, 3, 0).expect("valid");
        for path in 0..request.paths {
            for session in 0..3 {
                let open = found.spot[cell(&request, path, session, 0)].ln();
                assert!((open - expected.ln_s[path * 3 + session]).abs() < 1e-14);
            }
        }
    }
}

/// Shares of the variance of a GBM's session by interval: o overnight, the rest by the profile; no two intervals know
/// of each other.
#[test]
fn gbm_has_its_variance_where_the_profile_says() {
    let (vol, paths) = (0.3, 20_000);
    let model = gbm(vol);
    let request = request(paths, 1, 13);
    let found = run(&*model, &request);
    let (variance, drift) = (vol * vol / 252.0, (0.04 - 0.013 + 0.05 - vol * vol / 2.0) / 252.0);
    let edges: Vec<f64> =
        found.minutes.iter().map(|&minute| 0.45 + 0.55 * request.profile.before(minute)).collect();
    let level = |path: usize, bar: usize| found.spot[cell(&request, path, 0, bar)].ln();
    let moves: Vec<Vec<f64>> = (0..paths)
        .map(|path| {
            (0..=13)
                .map(|bar| {
                    let before = if bar == 0 { 0.0 } else { edges[bar - 1] };
                    let from = if bar == 0 { 5000f64.ln() } else { level(path, bar - 1) };
                    let share = edges[bar] - before;
                    (level(path, bar) - from - drift * share) / (variance * share).sqrt()
                })
                .collect()
        })
        .collect();
    for bar in 0..14 {
        let squares: Vec<f64> = moves.iter().map(|row| row[bar] * row[bar]).collect();
        assert!(z_score(&squares, 1.0).abs() < 4.0, "bar {bar}");
        for other in 0..bar {
            let products: Vec<f64> = moves.iter().map(|row| row[bar] * row[other]).collect();
            assert!(z_score(&products, 0.0).abs() < 4.5, "bars {bar} and {other}");
        }
    }
}

/// Whatever jumps, the night has its share of a session's variance, of ln S and of VIX, and of their covariance.
#[test]
fn the_night_has_its_share_of_the_variance() {
    for dynamics in [Dynamics::default(), wild(), Dynamics { overnight_share: 0.37, ..Dynamics::default() }] {
        let share = dynamics.overnight_share;
        let model = l3f(dynamics);
        let request = request(60_000, 1, 1);
        let found = run(&*model, &request);
        let mut parts: [Vec<f64>; 3] = Default::default();
        let (spot, vix) = (5000f64.ln(), 10f64.ln());
        let rows = found.spot.chunks(2).zip(found.vix.chunks(2));
        let rows: Vec<[f64; 4]> = rows
            .map(|(s, v)| {
                [s[0].ln() - spot, s[1].ln() - spot, (v[0] - 6.0).ln() - vix, (v[1] - 6.0).ln() - vix]
            })
            .collect();
        let mean: [f64; 4] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column]).sum::<f64>() / request.paths as f64
        });
        for row in &rows {
            let [night, whole, vix_night, vix_whole]: [f64; 4] = std::array::from_fn(|c| row[c] - mean[c]);
            let (day, vix_day) = (whole - night, vix_whole - vix_night);
            parts[0].push((1.0 - share) * night * night - share * day * day);
            parts[1].push((1.0 - share) * vix_night * vix_night - share * vix_day * vix_day);
            parts[2].push((1.0 - share) * night * vix_night - share * day * vix_day);
        }
        for (name, part) in ["ln S", "ln VIX", "both"].into_iter().zip(&parts) {
            let z = z_score(part, 0.0);
            assert!(z.abs() < 4.0, "{name} at {share}: {z}");
        }
    }
}

/// A jump is in one interval: of a session that is far out, one interval is, and the others are as calm as ever.
#[test]
fn a_jump_is_in_one_interval_and_never_smeared() {
    let request = request(4_000, 5, 13);
    let (model, quiet) = (l3f(wild()), l3f(calm()));
    let found = run(&*model, &request);
    let calm = run(&*quiet, &request);
    let squares = |row: &[f64]| row.windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).sum::<f64>();
    let scale = calm.spot.chunks(70).map(squares).sum::<f64>() / (request.paths * 69) as f64;
    let (mut far, mut nights, mut rest) = (0, 0, Vec::new());
    for path in 0..request.paths {
        for session in 1..5 {
            let from = cell(&request, path, session, 0);
            // The close before, the opening, and the bars.
            let moves: Vec<f64> =
                found.spot[from - 1..from + 14].windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
            let whole: f64 = moves.iter().sum();
            if whole * whole < 150.0 * scale {
                continue;
            }
            far += 1;
            let largest = (0..14).max_by(|&a, &b| moves[a].abs().total_cmp(&moves[b].abs())).expect("bars");
            nights += usize::from(largest == 0);
            rest.push((whole - moves[largest]).powi(2) / (whole * whole));
        }
    }
    assert!(far > 200, "{far}");
    // A smeared move would leave more than half of itself outside its largest interval.
    rest.sort_by(f64::total_cmp);
    assert!(rest[far * 9 / 10] < 0.15, "{}", rest[far * 9 / 10]);
    let z = (nights as f64 - 0.45 * far as f64) / (far as f64 * 0.45 * 0.55).sqrt();
    assert!(z.abs() < 4.0, "{nights} of {far} overnight");
}

/// What is left of a wild session without its jump is a quiet session: of its bars without the largest move, the sum of
/// squares is that of quiet ones, bar by bar. Jumps that are large enough to be told apart show it.
#[test]
fn a_wild_session_is_a_quiet_one_and_a_jump() {
    let huge = Dynamics {
        wild_probability: 0.0004,
        wild_variance: 2_000.0,
        wild_shift: [0.0; 4],
        ..Dynamics::default()
    };
    let quiet = huge.clone();
    let quiet_share = (1.0 - 0.0004 * 2_000.0) / (1.0 - 0.0004);
    let model = l3f(quiet);
    let request = request(60_000, 1, 13);
    let found = run(&*model, &request);
    let spot_vol = {
        let calm = l3f(calm());
        let rows = run(&*calm, &request);
        rows.spot.chunks(14).map(|row| (row[13] / 5000.0).ln().powi(2)).sum::<f64>() / 60_000.0
    };
    let mut normal = Vec::new();
    for row in found.spot.chunks(14) {
        let moves: Vec<f64> = std::iter::once(&5000.0)
            .chain(row)
            .collect::<Vec<_>>()
            .windows(2)
            .map(|p| (p[1] / p[0]).ln())
            .collect();
        let largest = (0..14).max_by(|&a, &b| moves[a].abs().total_cmp(&moves[b].abs())).expect("bars");
        if moves[largest].abs() < 10.0 * spot_vol.sqrt() {
            continue;
        }
        for (bar, each) in moves.iter().enumerate().filter(|&(bar, _)| bar != largest) {
            let edge = |bar: usize| 0.45 + 0.55 * request.profile.before(found.minutes[bar]);
            let share = if bar == 0 { 0.45 } else { edge(bar) - edge(bar - 1) };
            normal.push(each * each / (spot_vol * quiet_share * share));
        }
    }
    assert!(normal.len() > 13 * 10, "{}", normal.len());
    assert!(z_score(&normal, 1.0).abs() < 4.0, "{}", normal.iter().sum::<f64>() / normal.len() as f64);
}

/// Of a GBM without drift, bars see a barrier as Brownian motion sees one a little further away (Broadie, Glasserman
/// and Kou 1997): 0.5826 standard deviations of a bar.
#[test]
fn gbm_hits_barriers_as_often_as_reflection_says() {
    const SHIFT: f64 = 0.582_597_157_939_010_6;
    let (vol, paths, bars) = (0.25f64, 40_000, 78);
    let erp = vol * vol / 2.0 - (0.04 - 0.013);
    let spec = GbmSpec { vol, erp, ..GbmSpec::default() };
    let model = model(&MarketSpec::Gbm(spec));
    // Evenly spread, so that every bar has the same variance.
    let profile = Profile { open: 0.0, close: 0.0, ..Profile::default() };
    let request = Request { profile, ..request(paths, 1, bars) };
    let found = run(&*model, &request);
    let day_sd = vol * (0.55f64 / 252.0).sqrt();
    for multiple in [0.5, 1.0, 1.5, 2.0] {
        let barrier = multiple * day_sd;
        let hits: Vec<f64> = found
            .spot
            .chunks(bars as usize + 1)
            .map(|row| f64::from(row.iter().any(|&s| (s / row[0]).ln() <= -barrier)))
            .collect();
        let away = multiple + SHIFT / f64::from(bars).sqrt();
        let expected = 2.0 * alvh_core::math::special::norm_cdf::<false>(-away);
        // The correction leaves terms of the order of a bar.
        let (n, hit) = (paths as f64, hits.iter().sum::<f64>() / paths as f64);
        let error = (expected * (1.0 - expected) / n).sqrt();
        assert!((hit - expected).abs() < 4.0 * error + 0.002, "{multiple}: {hit}, not {expected}");
        let continuous = 2.0 * alvh_core::math::special::norm_cdf::<false>(-multiple);
        assert!(hit < continuous - 4.0 * error);
    }
}

#[test]
fn recorded_days_are_reproduced_and_others_bridged() {
    let spec = recorded();
    let model = model(&MarketSpec::Replay(Box::new(spec.clone())));
    for bars in [3, 13, 17, 78] {
        let request = request(50, 6, bars);
        let found = run(&*model, &request);
        assert_eq!(found.recorded, [true, true, false, true, true, true]);
        for path in 0..50 {
            for session in 0..6 {
                let from = cell(&request, path, session, 0);
                let row = &found.spot[from..=from + bars as usize];
                let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-14;
                assert!(near(row[bars as usize], spec.spot[session + 1]));
                assert!((found.vix[from + bars as usize] / spec.vix[session + 1] - 1.0).abs() < 1e-13);
                let extreme = &found.extreme.as_ref().expect("a replay")[from..=from + bars as usize];
                let [Some(open), Some(high), Some(low)] =
                    [&spec.open, &spec.high, &spec.low].map(|column| column[session + 1])
                else {
                    assert!(extreme.iter().all(|&flag| !flag));
                    continue;
                };
                assert!(near(row[0], open));
                let touching = |level: f64| row.iter().filter(|&&s| near(s, level)).count();
                assert_eq!((touching(high), touching(low)), (1, 1), "session {session}: {row:?}");
                for (&s, &flag) in row.iter().zip(extreme) {
                    assert!((s < high && s > low) || near(s, high) || near(s, low));
                    assert_eq!(flag, near(s, high) || near(s, low));
                }
            }
        }
    }
}

/// Where ln S falls inside a recorded day, VIX rises: the factors follow ln S as they do from close to close.
#[test]
fn vix_answers_to_recorded_moves_inside_the_day() {
    let model = model(&MarketSpec::Replay(Box::new(recorded())));
    let request = request(400, 6, 13);
    let found = run(&*model, &request);
    // The fourth session falls to 3640 between 3690 and 3750.
    let mut at_low = Vec::new();
    for path in 0..400 {
        let from = cell(&request, path, 3, 0);
        let low = (from..from + 14).min_by(|&a, &b| found.spot[a].total_cmp(&found.spot[b])).expect("bars");
        at_low.push(found.vix[low]);
    }
    assert!(z_score(&at_low, 28.0) > 10.0);
}

#[test]
fn impossible_requests_are_named() {
    let (free, replayed) = (gbm(0.2), model(&MarketSpec::Replay(Box::new(recorded()))));
    let like = request(5, 2, 13);
    for (model, request, words) in [
        (&free, Request { bars: 391, ..like.clone() }, "bars = 391: must lie between 1 and 390"),
        (&free, Request { paths: 0, ..like.clone() }, "paths = 0: must be at least 1"),
        (&free, Request { sessions: 0, ..like.clone() }, "sessions = 0: must be at least 1"),
        (&free, Request { threads: Some(0), ..like.clone() }, "threads = 0"),
        (&free, Request { first_path: 1 << 48, ..like.clone() }, "first_path"),
        (&free, Request { start: 3, ..like.clone() }, "start = 3: a simulated market has no rows"),
        (&replayed, Request { start: 5, ..like.clone() }, "sessions = 2: from row 5 on there are 1 sessions"),
        (
            &replayed,
            Request { bars: 2, ..like.clone() },
            "bars = 2: a day with a recorded high and low needs at least 3",
        ),
        (&replayed, Request { draws: Draws::Antithetic, ..like.clone() }, "draws = antithetic"),
    ] {
        let message = bars(&**model, &request).expect_err("impossible").to_string();
        assert!(message.contains(words), "{message}");
    }
    for (change, words) in [
        (
            Box::new(|spec: &mut ReplaySpec| spec.high[4] = Some(3745.0)) as Box<dyn Fn(&mut ReplaySpec)>,
            "high[4] = 3745",
        ),
        (Box::new(|spec: &mut ReplaySpec| spec.low[5] = Some(3755.0)), "low[5] = 3755"),
        (Box::new(|spec: &mut ReplaySpec| spec.high.truncate(2)), "high: 2 rows, but spot has 7"),
    ] {
        let mut spec = recorded();
        change(&mut spec);
        let message = generator(&MarketSpec::Replay(Box::new(spec))).expect_err("wrong").to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn path_dependent_volatility_has_its_share_overnight() {
    let spec = Pdv4Spec {
        dynamics: Dynamics { wild_shift: [0.0; 4], ..Dynamics::default() },
        ..Pdv4Spec::default()
    };
    let model = model(&MarketSpec::Pdv4(Box::new(spec)));
    let request = request(60_000, 1, 1);
    let found = run(&*model, &request);
    let mean = |column: usize| {
        found.spot.chunks(2).map(|row| (row[column] / 5000.0).ln()).sum::<f64>() / request.paths as f64
    };
    let (night_mean, whole_mean) = (mean(0), mean(1));
    let parts: Vec<f64> = found
        .spot
        .chunks(2)
        .map(|row| {
            let night = (row[0] / 5000.0).ln() - night_mean;
            let day = (row[1] / 5000.0).ln() - whole_mean - night;
            0.55 * night * night - 0.45 * day * day
        })
        .collect();
    assert!(z_score(&parts, 0.0).abs() < 4.0);
}
