//! The engine through its only constructor: what a specification must say, and bits that depend on nothing else.

mod common;

use alvh_core::engine::{Plan, SUMMARY_NAMES};
use common::{SESSIONS, spec};
use serde_json::{Value, json};

fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut spec = spec();
    change(&mut spec);
    Plan::from_json(&spec.to_string()).expect_err("the specification is wrong").to_string()
}

#[test]
fn rows_do_not_depend_on_threads_or_cuts() {
    let plan = Plan::from_json(&spec().to_string()).unwrap();
    let whole = plan.run(0, 600, 1).unwrap();
    let twice = plan.run(0, 600, 2).unwrap();
    let (left, right) = (plan.run(0, 257, 2).unwrap(), plan.run(257, 343, 1).unwrap());
    assert_eq!(whole.columns.len(), SUMMARY_NAMES.len());
    for (figure, column) in whole.columns.iter().enumerate() {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(column), bits(&twice.columns[figure]), "{}", SUMMARY_NAMES[figure]);
        let joined = [left.columns[figure].as_slice(), &right.columns[figure]].concat();
        assert_eq!(bits(column), bits(&joined), "{}", SUMMARY_NAMES[figure]);
    }
}

#[test]
fn the_trace_ends_where_the_row_does_and_the_identity_holds() {
    let plan = Plan::from_json(&spec().to_string()).unwrap();
    let rows = plan.run(0, 300, 2).unwrap();
    let figure = |name: &str| SUMMARY_NAMES.iter().position(|known| *known == name).unwrap();
    for path in [0_u64, 255, 256, 299] {
        let trace = plan.trace(path, 0).unwrap();
        assert_eq!(trace.ledger.len(), SESSIONS as usize + 1);
        let last = trace.ledger.last().unwrap();
        assert_eq!(last.nav.to_bits(), rows.columns[figure("nav")][path as usize].to_bits());
        assert!((last.nav - 1e6 - last.buckets.iter().sum::<f64>()).abs() < 1e-6);
    }
    assert!(rows.columns[figure("identity_error")].iter().all(|error| *error < 1e-12));
}

#[test]
fn mistakes_are_named() {
    assert!(refusal(|s| s["schema"] = json!(9)).contains("schema = 9"));
    assert!(refusal(|s| s["books"] = json!([])).contains("books"));
    assert!(refusal(|s| s["surprise"] = json!(1)).contains("surprise"));
    assert!(refusal(|s| s["sessions"] = json!(500)).contains("tradable"));
    assert!(refusal(|s| s["starts"] = json!([1])).contains("simulated market has none"));
    assert!(refusal(|s| s["books"][0]["layers"][0]["product"] = json!("SPX")).contains("one of SPXW"));
    assert!(
        refusal(|s| s["contracts"]["SPXW"]["strike_steps"] = json!([[5.0, 5.0]])).contains("strike_steps")
    );
    assert!(refusal(|s| s["books"][0]["layers"][0]["legs"][1]["ratio"] = json!(-1)).contains("C13"));
    assert!(
        refusal(|s| s["books"][0]["layers"][0]["legs"][0]["strike"]["value"] = json!(1.5)).contains("delta")
    );
    assert!(
        refusal(|s| s["books"][0]["layers"][0]["legs"][1]["strike"]["from"] = json!(3))
            .contains("earlier leg")
    );
    let rule = json!({"text": "vixx > 3", "tree": {"op": "gt", "args": [{"name": "vixx"}, {"const": 3.0}]}});
    assert!(refusal(|s| s["books"][0]["layers"][0]["enter"] = rule).contains("did you mean vix"));
}
