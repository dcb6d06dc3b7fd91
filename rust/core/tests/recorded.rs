//! Recorded option quotes: a condor is selected, filled and marked at them, and what is missing is counted.

mod common;

use alvh_core::engine::{Plan, SUMMARY_NAMES, Trace};
use serde_json::{Value, json};

/// Rows of the replayed market; the one quoted expiry settles on the last.
const ROWS: usize = 30;
const EXPIRY: usize = ROWS - 1;
/// Tick of the first fill: the decision falls on the first Monday, 2025-01-06.
const FILLED: usize = 3;
/// Quoted strikes: puts below 4980, calls above 5020, by 20 points.
const STEP: usize = 20;

/// A bid that falls with the distance to 5000 and with time, on an odd grid that no model would give.
fn bid(row: usize, strike: f64) -> f64 {
    let tenor = (EXPIRY - row) as f64 / EXPIRY as f64;
    60.0 * tenor * (-((strike - 5000.0) / 150.0).powi(2)).exp() + 0.05
}

/// Forward deltas: half at 5000, 0.16 nearest to 4740 and 5260.
fn delta(strike: f64) -> f64 {
    (5000.0 - strike).signum() * -0.5 * (-((strike - 5000.0).abs() / 230.0)).exp()
}

fn quotes(row: usize, strikes: impl Iterator<Item = usize>) -> Value {
    let strikes: Vec<f64> = strikes.map(|strike| strike as f64).collect();
    let mids: Vec<f64> = strikes.iter().map(|&strike| bid(row, strike) + 0.2).collect();
    let deltas: Vec<f64> = strikes.iter().map(|&strike| delta(strike)).collect();
    json!({"strike": strikes, "mid": mids, "half_spread": vec![0.2; strikes.len()], "delta": deltas})
}

fn spec() -> Value {
    let mut spec = common::spec();
    let slices: Vec<Value> = (0..EXPIRY)
        .map(|row| {
            json!({
                "session": row, "expiry": EXPIRY, "forward": 5003.0, "discount": 0.998,
                "theta": 0.02_f64.powi(2) * (EXPIRY - row) as f64 / 21.0 * 4.0, "rho": -0.6, "zeta": 0.9,
                "puts": quotes(row, (4400..4990).step_by(STEP)), "calls": quotes(row, (5020..5600).step_by(STEP)),
            })
        })
        .collect();
    spec["sessions"] = json!(ROWS - 1);
    spec["starts"] = json!([0]);
    spec["schedule"]["tradable"] = json!(ROWS);
    spec["schedule"]["expiries"] = json!({"SPXW": [EXPIRY, EXPIRY + 5]});
    spec["market"] = json!({
        "model": "replay", "spot": vec![5000.0; ROWS], "vix": vec![18.0; ROWS], "rate": vec![0.04; ROWS],
        "dividend_yield": vec![0.01; ROWS], "chain": {"product": "SPXW", "slices": slices},
    });
    let layer = &mut spec["books"][0]["layers"][0];
    layer["days"] = json!({"low": 30, "high": 60, "target": 45});
    spec
}

/// Takes out what `lost` says of a slice, by row.
fn without(lost: impl Fn(usize) -> bool) -> Value {
    let mut spec = spec();
    let slices = spec["market"]["chain"]["slices"].as_array_mut().expect("slices");
    slices.retain(|slice| !lost(slice["session"].as_u64().expect("a row") as usize));
    spec
}

fn run(spec: &Value) -> (Trace, impl Fn(&str) -> f64 + use<>) {
    let plan = Plan::from_json(&spec.to_string()).expect("a plan");
    let rows = plan.run(0, 1, 1).expect("one path");
    let figure = move |name: &str| {
        rows.columns[SUMMARY_NAMES.iter().position(|known| *known == name).expect("a figure")][0]
    };
    (plan.trace(0, 0).expect("a trace"), figure)
}

/// Σ ratio × (mid ∓ share × half-spread) of the condor, by hand.
fn by_hand(row: usize, strikes: &[f64], share: f64) -> f64 {
    let mids: f64 =
        [-1.0, 1.0, -1.0, 1.0].iter().zip(strikes).map(|(ratio, k)| ratio * (bid(row, *k) + 0.2)).sum();
    -mids - share * 4.0 * 0.2
}

#[test]
fn a_condor_is_sold_and_marked_at_recorded_quotes() {
    let (trace, figure) = run(&spec());
    let open = trace.events.iter().find(|event| event.kind == "open").expect("an opening");
    assert_eq!((open.tick as usize, trace.events.iter().filter(|e| e.kind == "open").count()), (FILLED, 1));
    // The quoted deltas nearest to 0.16, and quoted strikes nearest to 1% of 5000 beyond them: of two the higher.
    assert_eq!(open.strikes, [4740.0, 4700.0, 5260.0, 5320.0]);
    assert!((open.price - by_hand(FILLED, &open.strikes, 0.35)).abs() < 1e-9);
    let (lots, fees) = (open.lots, open.lots * 4.0 * 1.15);
    for row in FILLED..EXPIRY {
        let mark = by_hand(row, &open.strikes, 0.0);
        let at = &trace.ledger[row];
        assert!((at.nav - at.cash + lots * 100.0 * mark).abs() < 1e-6, "row {row}");
    }
    let last = trace.ledger.last().expect("a last row");
    let [time, spot, level, smile, settlement, fills, paid, _] = last.buckets;
    assert!((time + spot + level + smile + settlement + fills - lots * 100.0 * open.price).abs() < 1e-6);
    assert!((paid + fees).abs() < 1e-9 && figure("identity_error") < 1e-12);
    assert_eq!((figure("marks_recorded"), figure("marks_modelled")), (4.0 * (EXPIRY - FILLED) as f64, 0.0));
    assert_eq!((figure("fills_recorded"), figure("fills_modelled")), (4.0, 0.0));
}

#[test]
fn the_quality_of_the_fit_is_in_no_bucket() {
    // Nothing moves but the recorded θ on one day: its effect is in the level, its return to the day after.
    let mut moved = spec();
    let slice = &mut moved["market"]["chain"]["slices"][10];
    slice["theta"] = json!(2.0 * slice["theta"].as_f64().expect("a number"));
    let (calm, stirred) = (run(&spec()).0, run(&moved).0);
    let bucket = |trace: &Trace, row: usize, bucket: usize| {
        trace.ledger[row].buckets[bucket] - trace.ledger[row - 1].buckets[bucket]
    };
    let change = |row, which| bucket(&stirred, row, which) - bucket(&calm, row, which);
    assert!(change(10, 2) < -100.0 && (change(10, 2) + change(10, 3)).abs() < 1e-6);
    assert!(change(10, 0).abs() < 1e-9);
    assert_eq!(stirred.ledger[10].nav.to_bits(), calm.ledger[10].nav.to_bits(), "marks are the quotes");
}

#[test]
fn what_is_not_quoted_is_priced_on_the_slice_and_counted() {
    // Without a snapshot the last slice goes on, moved by the model, and so does what the quotes differed from it.
    let (lost, figure) = run(&without(|row| row == 12));
    assert_eq!(
        (figure("marks_recorded"), figure("marks_modelled")),
        (4.0 * (EXPIRY - FILLED - 1) as f64, 4.0)
    );
    assert!(figure("identity_error") < 1e-12);
    let (whole, _) = run(&spec());
    assert_eq!(lost.ledger[11].nav.to_bits(), whole.ledger[11].nav.to_bits());
    assert!(lost.ledger[12].nav != whole.ledger[12].nav);
    assert!((lost.ledger[12].nav - whole.ledger[12].nav).abs() < 500.0);
    assert!((lost.ledger[13].nav - whole.ledger[13].nav).abs() < 1e-6);
    // A leg without a two-sided quote is worth what the fitted surface says; the others keep their quotes.
    let open = whole.events.iter().find(|event| event.kind == "open").expect("an opening");
    let mut spec = spec();
    let puts = &mut spec["market"]["chain"]["slices"][12]["puts"];
    let strikes = puts["strike"].as_array().expect("strikes");
    let short = strikes.iter().position(|k| k.as_f64() == Some(open.strikes[0])).expect("the short put");
    puts["half_spread"][short] = Value::Null;
    puts["mid"][short] = json!(puts["mid"][short].as_f64().expect("a price") + 1.0);
    let (fitted, figure) = run(&spec);
    assert_eq!(figure("marks_modelled"), 1.0);
    let change = fitted.ledger[12].nav - whole.ledger[12].nav;
    assert!((change + open.lots * 100.0).abs() < 1e-6);
}

#[test]
fn an_expiry_trades_only_on_sessions_that_quote_it() {
    let (trace, _) = run(&without(|row| row == FILLED));
    let skipped = trace.events.iter().find(|event| event.kind == "skip").expect("a skip");
    assert_eq!((skipped.tick as usize, skipped.reason.as_str()), (FILLED, "no expiry"));
    // Five sessions later the other expiry would be in the window: it is listed and never quoted.
    assert!(trace.events.iter().all(|event| event.kind != "open"));
}

#[test]
fn mistakes_are_named() {
    let mut spec = spec();
    spec["market"]["chain"]["slices"][3]["puts"]["half_spread"][2] = json!(-0.01);
    let text = Plan::from_json(&spec.to_string()).expect_err("a crossed quote").to_string();
    assert!(text.contains("chain.slices[3].puts.half_spread[2] = -0.01"), "{text}");
}
