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

/// Those of the book that stands `index`th among `count`.
fn of_book(rows: &[Vec<f64>], index: usize, count: usize) -> Vec<Vec<f64>> {
    rows.iter().map(|column| column.iter().copied().skip(index).step_by(count).collect()).collect()
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
    assert_same(&rows(&plain, 1), &of_book(&both, 0, 2));
    assert!(column(&both, "closed_early").iter().skip(1).step_by(2).any(|&count| count > 0.0));
}

#[test]
fn what_trades_inside_keeps_the_identity_and_depends_on_nothing_beside() {
    let arms = [Value::Null, stop(Some(1.0), 0.0), stop(Some(2.0), 0.0), stop(None, 2.5)];
    let specs: Vec<Value> = arms.iter().map(|exit| one_day(13, exit)).collect();
    let all = rows(&beside(&specs), 2);
    for (index, spec) in specs.iter().enumerate() {
        let alone = rows(spec, 1);
        assert_same(&alone, &of_book(&all, index, specs.len()));
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
fn a_path_does_not_depend_on_the_paths_of_its_block() {
    let mut spec = one_day(13, &stop(Some(1.0), 0.0));
    let layer = &mut spec["books"][0]["layers"][0];
    layer["every"] = json!("flat");
    layer["days"] = json!({"low": 2, "high": 7, "target": 3});
    let plan = Plan::from_json(&spec.to_string()).expect("a plan");
    let block = plan.run(0, PATHS, 1).expect("figures").columns;
    // Whoever holds a slot beside openings in the same slot keeps the mark of the instant.
    for path in [0, 1, 100, 255] {
        let alone = plan.run(path as u64, 1, 1).expect("figures").columns;
        let mine: Vec<Vec<f64>> = block.iter().map(|column| vec![column[path]]).collect();
        assert_same(&alone, &mine);
    }
    let later = plan.run(128, 128, 1).expect("figures").columns;
    let half: Vec<Vec<f64>> = block.iter().map(|column| column[128..].to_vec()).collect();
    assert_same(&later, &half);
}

#[test]
fn what_settled_this_morning_is_not_traded() {
    let mut spec = spec();
    spec["bars"] = json!(13);
    spec["contracts"]["SPX"] = spec["contracts"]["SPXW"].take();
    spec["contracts"]["SPX"]["product"] = json!("SPX");
    spec["contracts"]["SPX"]["settlement"] = json!("AM");
    spec["contracts"].as_object_mut().expect("contracts").remove("SPXW");
    spec["schedule"]["expiries"] = json!({"SPX": spec["schedule"]["expiries"]["SPXW"]});
    let layer = &mut spec["books"][0]["layers"][0];
    layer["product"] = json!("SPX");
    layer["days"] = json!({"low": 3, "high": 10, "target": 7});
    layer["exit"] = stop(Some(0.3), 0.0);
    let plan = Plan::from_json(&spec.to_string()).expect("a plan");
    let (mut closed, mut settled) = (0, 0);
    for path in 0..12 {
        for event in plan.trace(path, 0).expect("a trace").events {
            let day = spec["schedule"]["days"][event.tick as usize].as_i64().expect("a day");
            if event.kind == "close" {
                closed += 1;
                assert!(i64::from(event.expiry_day) > day, "{event:?}");
            }
            settled += usize::from(event.kind == "settle");
        }
    }
    assert!(closed > 9 && settled > 3, "{closed} {settled}");
}

#[test]
fn lots_sized_inside_do_not_depend_on_stops_beside() {
    let mut sized = one_day(13, &Value::Null);
    let day = sized["books"][0]["layers"][0].take();
    let mut month = spec()["books"][0]["layers"][0].clone();
    month["size"]["value"] = json!(0.20);
    let mut stopped = sized.clone();
    sized["books"][0]["layers"] = json!([month.clone(), day]);
    sized["books"][0]["layers"][1]["name"] = json!("day");
    month["exit"] = stop(Some(1.0), 0.0);
    stopped["books"][0]["layers"] = json!([month]);
    let both = rows(&beside(&[sized.clone(), stopped]), 1);
    assert_same(&rows(&sized, 1), &of_book(&both, 0, 2));
}

#[test]
fn mistakes_of_bars_are_named() {
    let refused = |spec: Value| Plan::from_json(&spec.to_string()).expect_err("refused").to_string();
    assert!(refused(one_day(391, &Value::Null)).contains("bars = 391"));
    let mut closes = one_day(13, &Value::Null);
    closes["bars"] = Value::Null;
    assert!(refused(closes).contains("a plan with bars"));
    let mut late = one_day(13, &Value::Null);
    late["books"][0]["layers"][0]["at"] = json!(390);
    assert!(refused(late).contains("at = 390"));
}
