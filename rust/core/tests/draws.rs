//! Arranged draws: mirrored pairs, Sobol points, importance. The law of the paths stays, the error shrinks.

use alvh_core::market::draws::Draws;
use alvh_core::market::generator::{Generator, generator};
use alvh_core::market::simulate::{Request, Simulation, simulate};
use alvh_core::market::spec::{GbmSpec, MarketSpec};

const VOL: f64 = 0.16;
const SPOT: f64 = 5000.0;
/// r − q + ERP of the default parameters, a year.
const GROWTH: f64 = 0.04 - 0.013 + 0.05;

const SOBOL: Draws = Draws::Sobol { points: 1024 };
const IMPORTANCE: Draws = Draws::Importance { shift: 2.5, defensive: 0.5 };
const ALL: [Draws; 4] = [Draws::Plain, Draws::Antithetic, SOBOL, IMPORTANCE];

fn model(json: &str) -> Box<dyn Generator> {
    generator(&MarketSpec::from_json(json).expect("a valid market")).expect("a valid market")
}

fn gbm() -> Box<dyn Generator> {
    generator(&MarketSpec::Gbm(GbmSpec::default())).expect("defaults")
}

fn l3f() -> Box<dyn Generator> {
    model(r#"{"model": "l3f"}"#)
}

fn request(draws: Draws, paths: usize, sessions: u32) -> Request {
    Request {
        paths,
        sessions,
        warm_up: 0,
        seed: 5,
        draws,
        first_path: 0,
        vx_days: Vec::new(),
        threads: Some(1),
    }
}

fn run(model: &dyn Generator, request: &Request) -> Simulation {
    simulate(model, request).expect("a valid request")
}

/// ln S of a path, less its mean.
fn centred(found: &Simulation, path: usize, session: usize) -> f64 {
    let years = session as f64 / 252.0;
    (found.spot[path * found.columns + session] / SPOT).ln() - (GROWTH - 0.5 * VOL * VOL) * years
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sd(values: &[f64]) -> f64 {
    let centre = mean(values);
    (values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

#[test]
fn threads_and_chunks_do_not_change_a_bit() {
    for model in [l3f(), gbm()] {
        for draws in ALL {
            let whole = run(&*model, &request(draws, 1500, 40));
            let threaded = run(&*model, &Request { threads: Some(2), ..request(draws, 1500, 40) });
            let tail = run(&*model, &Request { first_path: 701, ..request(draws, 799, 40) });
            assert_eq!((&whole.spot, &whole.weight), (&threaded.spot, &threaded.weight), "{draws:?}");
            assert_eq!(whole.spot[701 * whole.columns..], tail.spot, "{draws:?}");
            assert_eq!(whole.vix[701 * whole.columns..], tail.vix, "{draws:?}");
            let weights = whole.weight.as_ref().map(|weight| weight[701..].to_vec());
            assert_eq!(weights, tail.weight, "{draws:?}");
        }
    }
}

/// The even paths are plain; the others have the negated normals, and the wild sessions of their partners.
#[test]
fn antithetic_paths_mirror_their_partners() {
    let (plain, paired) =
        (run(&*gbm(), &request(Draws::Plain, 600, 10)), run(&*gbm(), &request(Draws::Antithetic, 600, 10)));
    for path in (0..600).step_by(2) {
        assert_eq!(plain.spot[path * 11..(path + 1) * 11], paired.spot[path * 11..(path + 1) * 11]);
        for session in 1..=10 {
            let both = centred(&paired, path, session) + centred(&paired, path + 1, session);
            assert!(both.abs() < 1e-13, "{path} {session}: {both}");
        }
    }
    // L3F on its first session: ln(VIX − floor) moves by mirrored amounts around what the session's W gives both.
    let fixed = r#"{"model": "l3f", "dynamics": {"wild_probability": 1e-9}}"#;
    let found = run(&*model(fixed), &request(Draws::Antithetic, 512, 1));
    let ln_above = |path: usize| (found.vix[2 * path + 1] - 6.0).ln();
    let sums: Vec<_> = (0..512).step_by(2).map(|path| ln_above(path) + ln_above(path + 1)).collect();
    assert!(sums.iter().all(|sum| (sum - sums[0]).abs() < 1e-12));
}

/// Independent increments of the model's variance at every session, within and across stretches.
#[test]
fn sobol_paths_have_the_law_of_the_model() {
    const PATHS: usize = 16_384;
    for sessions in [5, 63, 300] {
        let found = run(&*gbm(), &request(Draws::Sobol { points: 4096 }, PATHS, sessions));
        let last = sessions as usize;
        let unit = VOL / 252f64.sqrt();
        let increment = |path: usize, session: usize| {
            (centred(&found, path, session) - centred(&found, path, session - 1)) / unit
        };
        // Moments of single sessions and products of neighbours: errors are at most those of plain paths.
        let allowed = 4.5 / (PATHS as f64).sqrt();
        for session in [1, 2, 3, last / 2, last - 1, last] {
            let moment = |f: &dyn Fn(f64) -> f64| {
                (0..PATHS).map(|path| f(increment(path, session))).sum::<f64>() / PATHS as f64
            };
            assert!(moment(&|n| n).abs() < allowed);
            assert!((moment(&|n| n * n) - 1.0).abs() < allowed * 2f64.sqrt());
            assert!((moment(&|n| n.powi(4)) - 3.0).abs() < allowed * 96f64.sqrt());
            let other = if session == 1 { 2 } else { session - 1 };
            let product = (0..PATHS).map(|p| increment(p, session) * increment(p, other)).sum::<f64>();
            assert!((product / PATHS as f64).abs() < allowed);
        }
    }
}

/// The mean of S at the end: sixteen randomisations differ by a fraction of what plain paths do. In L3F wild sessions,
/// which are plain, and the change of volatility leave more.
#[test]
fn sobol_points_shrink_the_error() {
    const POINTS: usize = 1024;
    for (model, least) in [(gbm(), 20.0), (l3f(), 1.4)] {
        let spread = |draws| {
            let found = run(&*model, &request(draws, 16 * POINTS, 63));
            let ends: Vec<_> = found.spot.chunks(64).map(|row| row[63]).collect();
            let means: Vec<_> = ends.chunks(POINTS).map(mean).collect();
            (mean(&means), sd(&means))
        };
        let ((plain_mean, plain), (sobol_mean, sobol)) = (spread(Draws::Plain), spread(SOBOL));
        assert!(plain / sobol > least, "{} times", plain / sobol);
        let expected = SPOT * (GROWTH * 0.25).exp();
        assert!((sobol_mean - expected).abs() < 5.0 * sobol / 4.0, "{sobol_mean} is not {expected}");
        assert!((plain_mean - expected).abs() < 5.0 * plain / 4.0);
    }
}

/// Weights have mean 1 and a bound; a probability in the tail is the closed form, with a smaller error.
#[test]
fn importance_weighs_the_tail() {
    const PATHS: usize = 20_000;
    let found = run(&*gbm(), &request(IMPORTANCE, PATHS, 63));
    let weight = found.weight.as_ref().expect("weights");
    assert!(weight.iter().all(|&w| w > 0.0 && w <= 2.0));
    assert!((mean(weight) - 1.0).abs() < 4.0 * sd(weight) / (PATHS as f64).sqrt());
    // P(ln S three standard deviations below its mean) = Φ(−3)
    let exact: f64 = 0.0013498980316300946;
    let deviations = |path| centred(&found, path, 63) / (VOL * 0.5);
    let hits: Vec<_> =
        (0..PATHS).map(|path| if deviations(path) < -3.0 { weight[path] } else { 0.0 }).collect();
    let (error, plain_error) = (sd(&hits), (exact * (1.0 - exact)).sqrt());
    assert!((mean(&hits) - exact).abs() < 4.0 * error / (PATHS as f64).sqrt());
    assert!((plain_error / error).powi(2) > 20.0, "{}", (plain_error / error).powi(2));
}

/// The tilt of L3F makes SPX fall and VIX rise.
#[test]
fn importance_points_to_the_crash() {
    let (plain, tilted) = (
        run(&*l3f(), &request(Draws::Plain, 2000, 63)),
        run(&*l3f(), &request(Draws::Importance { shift: 3.0, defensive: 0.01 }, 2000, 63)),
    );
    let ends = |values: &[f64]| mean(&values.chunks(64).map(|row| row[63]).collect::<Vec<_>>());
    assert!(ends(&tilted.spot) < 0.9 * ends(&plain.spot));
    assert!(ends(&tilted.vix) > 1.4 * ends(&plain.vix));
    assert!(plain.weight.is_none());
}

/// A path of arranged draws is pinned to its horizon, and draws of other purposes are those of plain paths.
#[test]
fn warm_ups_and_horizons() {
    for draws in [SOBOL, IMPORTANCE] {
        let warmed = run(&*l3f(), &Request { warm_up: 30, ..request(draws, 300, 5) });
        let plain = run(&*l3f(), &Request { warm_up: 30, ..request(Draws::Plain, 300, 5) });
        let cold = run(&*l3f(), &request(draws, 300, 5));
        for path in 0..300 {
            let row = |found: &Simulation| found.spot[path * 36..(path + 1) * 36].to_vec();
            assert_eq!(row(&warmed)[..=30], row(&plain)[..=30]);
            assert_eq!(row(&warmed)[30..], cold.spot[path * 6..(path + 1) * 6]);
        }
    }
    let still = run(&*l3f(), &request(SOBOL, 10, 0));
    assert!(still.spot.iter().all(|s| (s / SPOT - 1.0).abs() < 1e-12));
}

#[test]
fn mistakes_are_named() {
    for (draws, words) in [
        (Draws::Sobol { points: 1000 }, "draws.points = 1000: must be a power of two"),
        (Draws::Importance { shift: 20.0, defensive: 0.5 }, "draws.shift = 20"),
        (Draws::Importance { shift: 2.0, defensive: 0.0 }, "draws.defensive = 0"),
    ] {
        let error = simulate(&*gbm(), &request(draws, 10, 5)).expect_err("out of domain").to_string();
        assert!(error.contains(words), "{error}");
    }
    let replay = model(
        r#"{"model": "replay", "spot": [100, 101, 102], "vix": [20, 20, 20], "rate": [0, 0, 0],
            "dividend_yield": [0, 0, 0]}"#,
    );
    let error = simulate(&*replay, &request(SOBOL, 1, 2)).expect_err("nothing to draw").to_string();
    assert!(error.contains("draws = sobol") && error.contains("use plain"), "{error}");
    assert!(Draws::from_json(r#"{"draws": "sobol", "point": 8}"#).is_err());
    assert!(Draws::from_json(r#"{"draws": "halton"}"#).expect_err("unknown").to_string().contains("halton"));
    assert_eq!(Draws::from_json(r#"{"draws": "antithetic"}"#).expect("valid"), Draws::Antithetic);
}
