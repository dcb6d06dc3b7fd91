//! A path that is driven session by session, and a book that begins with positions.

mod common;

use std::sync::Arc;

use alvh_core::engine::{Held, Plan, Step, Steps};
use common::{SESSIONS, spec};
use serde_json::{Value, json};

fn plan(spec: &Value) -> Arc<Plan> {
    Arc::new(Plan::from_json(&spec.to_string()).unwrap())
}

fn driven(plan: &Arc<Plan>, path: u64, from: u32) -> Vec<Step> {
    let mut steps = Steps::begin(Arc::clone(plan), path, 0, from).unwrap();
    std::iter::from_fn(|| steps.step().unwrap()).collect()
}

/// Equal to the last bit, NaN to itself.
fn same(a: &impl std::fmt::Debug, b: &impl std::fmt::Debug) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

#[test]
fn a_path_driven_session_by_session_is_the_trace() {
    let plan = plan(&spec());
    for path in [0, 300] {
        let trace = plan.trace(path, 0).unwrap();
        let steps = driven(&plan, path, 0);
        assert_eq!(steps.len(), SESSIONS as usize + 1);
        assert!(steps.last().unwrap().decision.is_none());
        same(&steps.iter().map(|step| step.ledger).collect::<Vec<_>>(), &trace.ledger);
        same(&steps.iter().filter_map(|step| step.decision.clone()).collect::<Vec<_>>(), &trace.decisions);
        same(&steps.iter().flat_map(|step| step.events.clone()).collect::<Vec<_>>(), &trace.events);
        same(&driven(&plan, path, 40), &steps[40..].to_vec());
    }
}

#[test]
fn it_is_refused_where_there_is_nothing() {
    let plan = plan(&spec());
    let refused = |book, from| Steps::begin(Arc::clone(&plan), 0, book, from).unwrap_err().to_string();
    assert!(refused(1, 0).contains("book = 1"));
    assert!(refused(0, SESSIONS + 1).contains("tick = 64"));
}

/// What a path holds at its last decision, at session 0 of another.
fn begun(held: &Held, expiry: usize) -> Value {
    json!({
        "layer": 0, "lots": held.lots[0], "entry_lots": held.lots[1], "age": 0, "expiry": expiry,
        "strikes": held.strikes, "credit": held.credit, "entry_value": -held.credit,
    })
}

#[test]
fn a_book_that_begins_with_what_it_opened_is_worth_what_it_paid() {
    let base = spec();
    let days = base["schedule"]["days"].as_array().unwrap().clone();
    // A condor of the first week, as it is held at the close of its fill.
    let steps = driven(&plan(&base), 0, 0);
    let first = steps.iter().filter_map(|step| step.decision.as_ref()).find(|d| !d.layers[0].held.is_empty());
    let held = &first.unwrap().layers[0].held[0];
    let expiry = days.iter().position(|day| day.as_i64() == Some(i64::from(held.expiry_day))).unwrap();
    let mut taken = base.clone();
    let cash = 1e6 + held.credit * held.lots[0] * 100.0;
    taken["books"][0]["begins"] = json!({"cash": [cash, 0.0], "positions": [begun(held, expiry)]});
    let plan = plan(&taken);
    let steps = driven(&plan, 0, 0);
    let mine = &steps[0].decision.as_ref().unwrap().layers[0].held[0];
    assert_eq!(mine.strikes, held.strikes);
    assert!((steps[0].ledger.nav - cash - mine.value * mine.lots[0] * 100.0).abs() < 1e-6);
    assert!(steps[0].ledger.requirement > 0.0);
    // It settles, and everything that happened to it is in a bucket.
    let settled = steps.iter().flat_map(|step| &step.events).find(|event| event.kind == "settle").unwrap();
    assert_eq!(settled.strikes, held.strikes);
    let error = alvh_core::engine::SUMMARY_NAMES.iter().position(|name| *name == "identity_error").unwrap();
    assert!(plan.run(0, 300, 2).unwrap().columns[error].iter().all(|error| *error < 1e-12));
    let last = steps.last().unwrap().ledger;
    assert!((last.nav - steps[0].ledger.nav - last.buckets.iter().sum::<f64>()).abs() < 1e-6);
}

#[test]
fn positions_belong_to_one_book() {
    let mut spec = spec();
    let begins = json!({"cash": [1e6, 0.0], "positions": []});
    spec["books"][0]["begins"] = begins;
    let twin = spec["books"][0].clone();
    spec["books"].as_array_mut().unwrap().push(twin);
    let refused = Plan::from_json(&spec.to_string()).unwrap_err().to_string();
    assert!(refused.contains("2 books and 0 starts"), "{refused}");
}
