//! Sessions with instants inside: they refine a path and never change it, and what trades there keeps the identity.

mod common;

use alvh_core::engine::{Event, Plan, SUMMARY_NAMES};
use common::spec;
use serde_json::{Value, json};

const PATHS: usize = 256;
const ENTRY: u32 = 375;
const SESSIONS: u32 = 21;

fn rows(spec: &Value, threads: usize) -> Vec<Vec<f64>> {
    Plan::from_json(&spec.to_string()).expect("a plan").run(0, PATHS, threads).expect("figures").columns
}

fn column<'a>(rows: &'a [Vec<f64>], name: &str) -> &'a [f64] {
    &rows[SUMMARY_NAMES.iter().position(|known| *known == name).expect("a figure")]
}

fn assert_same(one: &[Vec<f64>], other: &[Vec<f64>]) {
    for (name, (one, other)) in SUMMARY_NAMES.iter().zip(one.iter().zip(other)) {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(one), bits(other), "{name}");
    }
}

/// `loss >= multiple * credit`, the stop of R13; or `mark >= debit` (C2).
fn stop(multiple: Option<f64>, debit: f64) -> Value {
    let named = |name: &str| json!({"name": name});
    match multiple {
        Some(multiple) => {
            let level = json!({"op": "mul", "args": [{"const": multiple}, named("credit")]});
            json!({"text": "a multiple", "tree": {"op": "ge", "args": [named("loss"), level]}})
        }
        None => json!({"text": "a debit", "tree": {"op": "ge", "args": [named("mark"), {"const": debit}]}}),
    }
}

/// A condor sold at 15:45 every session that settles at the next close, 5 points wide.
fn one_day(bars: u32, exit: &Value) -> Value {
    let mut spec = spec();
    let sessions = spec["schedule"]["days"].as_array().expect("days").len();
    spec["schedule"]["expiries"]["SPXW"] = json!((0..sessions).collect::<Vec<_>>());
    spec["bars"] = json!(bars);
    spec["sessions"] = json!(SESSIONS);
    let layer = &mut spec["books"][0]["layers"][0];
    layer["every"] = json!("day");
    layer["days"] = json!({"low": 1, "high": 5, "target": 1});
    layer["at"] = json!(ENTRY);
    layer["exit"] = exit.clone();
    layer["size"]["value"] = json!(0.05);
    for wing in [1, 3] {
        layer["legs"][wing]["strike"]["width"] = json!({"points": 5.0});
    }
    spec
}

/// One spec with the books of several, which differ in nothing else.
fn beside(specs: &[Value]) -> Value {
    let mut all = specs[0].clone();
    all["books"] = json!(specs.iter().map(|spec| spec["books"][0].clone()).collect::<Vec<_>>());
    all
}

#[test]
fn a_book_that_trades_at_closes_has_the_same_bits_with_bars() {
    let plain = spec();
    let mut with_bars = spec();
    with_bars["bars"] = json!(13);
    assert_same(&rows(&plain, 1), &rows(&with_bars, 2));
    // Beside a book whose stop is asked at every bar of the same packages, too.
    let mut stopped = with_bars.clone();
    stopped["books"][0]["layers"][0]["exit"] = stop(Some(1.0), 0.0);
    let both = rows(&beside(&[with_bars, stopped]), 2);
    let first: Vec<Vec<f64>> = both.iter().map(|c| c.iter().copied().step_by(2).collect()).collect();
    assert_same(&rows(&plain, 1), &first);
    assert!(column(&both, "closed_early").iter().skip(1).step_by(2).any(|&count| count > 0.0));
}

#[test]
fn what_trades_inside_keeps_the_identity_and_depends_on_nothing_beside() {
    let arms = [Value::Null, stop(Some(1.0), 0.0), stop(Some(2.0), 0.0), stop(None, 2.5)];
    let specs: Vec<Value> = arms.iter().map(|exit| one_day(13, exit)).collect();
    let all = rows(&beside(&specs), 2);
    for (index, spec) in specs.iter().enumerate() {
        let alone = rows(spec, 1);
        let mine: Vec<Vec<f64>> =
            all.iter().map(|c| c.iter().copied().skip(index).step_by(specs.len()).collect()).collect();
        assert_same(&alone, &mine);
        assert!(column(&alone, "identity_error").iter().all(|error| *error < 1e-12));
        let closed: f64 = column(&alone, "closed_early").iter().sum();
        assert_eq!(closed > 0.0, index > 0);
        assert!(column(&alone, "opened").iter().all(|&count| count >= 19.0));
        // Excursions: the worst is no gain, and the best no loss but for what the opening cost.
        assert!(
            column(&alone, "adverse")
                .iter()
                .zip(column(&alone, "favourable"))
                .all(|(a, f)| a <= f && *a <= 0.0)
        );
        // Time value bought back; below 0 where SPX is beyond a wing.
        assert_eq!(column(&alone, "given_up").iter().any(|&value| value != 0.0), index > 0);
    }
}

#[test]
fn condors_are_opened_at_their_minute_and_settled_at_the_next_close() {
    let plan = Plan::from_json(&one_day(13, &stop(Some(1.0), 0.0)).to_string()).expect("a plan");
    let (mut stopped, mut settled) = (0, 0);
    for path in 0..20 {
        let events = plan.trace(path, 0).expect("a trace").events;
        let opened = |event: &&Event| event.kind == "open";
        assert!(events.iter().filter(opened).all(|event| event.minute == Some(ENTRY)));
        for event in events.iter().filter(|event| event.pnl.is_finite()) {
            let entry = events.iter().filter(opened).rfind(|e| e.slot == event.slot && e.tick <= event.tick);
            let entry = entry.expect("what ends was opened");
            assert_eq!(entry.expiry_day, event.expiry_day);
            if event.kind == "settle" {
                settled += 1;
                assert_eq!((event.tick, event.minute), (entry.tick + 1, None));
            } else {
                stopped += 1;
                let at = (event.tick, event.minute.unwrap_or(390));
                assert!(at > (entry.tick, ENTRY) && at < (entry.tick + 1, 390), "{at:?}");
            }
        }
    }
    assert!(stopped > 10 && settled > 10, "{stopped} {settled}");
}

#[test]
fn mistakes_of_bars_are_named() {
    let refused = |spec: Value| Plan::from_json(&spec.to_string()).expect_err("refused").to_string();
    assert!(refused(one_day(12, &Value::Null)).contains("bars = 12"));
    let mut closes = one_day(13, &Value::Null);
    closes["bars"] = Value::Null;
    assert!(refused(closes).contains("a plan with bars"));
    let mut late = one_day(13, &Value::Null);
    late["books"][0]["layers"][0]["at"] = json!(390);
    assert!(refused(late).contains("at = 390"));
}
