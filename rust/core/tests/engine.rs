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
    let calls = |calls: Value| refusal(|s| s["books"][0]["calls"] = calls);
    assert!(calls(json!({"policy": "add_cash"})).contains("calls.outside = 0"));
    assert!(calls(json!({"outside": 0.1})).contains("0 with any other"));
    assert!(calls(json!({"half_spreads": [[30.0, 2.0]]})).contains("ascending from a VIX of 0"));
    assert!(calls(json!({"deadlines": 2})).contains("deadlines"));
    let liquidity = |rule: Value| refusal(|s| s["books"][0]["liquidity"] = rule);
    assert!(liquidity(json!({"warn": 0.5})).contains("liquidity.warn = 0.5"));
    assert!(liquidity(json!({"haircut": 1.5})).contains("between 0 and 1"));
    let rule = json!({"text": "vixx > 3", "tree": {"op": "gt", "args": [{"name": "vixx"}, {"const": 3.0}]}});
    assert!(refusal(|s| s["books"][0]["layers"][0]["enter"] = rule).contains("did you mean vix"));
}

/// Cash from outside raises C and is no profit, whatever a call leads to.
#[test]
fn the_identity_holds_under_every_policy() {
    let policies = [
        json!({}),
        json!({"deadline": 0, "order": "largest_relief"}),
        json!({"policy": "reduce", "deadline": 3, "half_spreads": [[0.0, 1.0], [20.0, 3.0]]}),
        json!({"policy": "add_cash", "outside": 0.05}),
        json!({"policy": "add_cash", "outside": 0.001, "deadline": 0, "ruin_on_debt": true}),
        json!({"policy": "hold"}),
    ];
    let mut spec = spec();
    // Margin to the last dollar, fees far beyond any real ones: only so does a defined-risk book meet calls.
    spec["costs"]["commission"] = json!(20.0);
    spec["market"] = json!({"model": "l3f", "rate": -0.5});
    let mut book = spec["books"][0].clone();
    book["layers"][0]["size"]["value"] = json!(1.2);
    book["layers"][0]["days"] = json!({"low": 17, "high": 25, "target": 21});
    let books = policies.iter().map(|calls| {
        let mut book = book.clone();
        book["calls"] = calls.clone();
        book
    });
    spec["books"] = books.collect();
    let rows = Plan::from_json(&spec.to_string()).unwrap().run(0, 256, 2).unwrap();
    let figure = |name: &str| &rows.columns[SUMMARY_NAMES.iter().position(|known| *known == name).unwrap()];
    let total = |name: &str, book: usize| figure(name).iter().skip(book).step_by(policies.len()).sum::<f64>();
    assert!(figure("identity_error").iter().all(|error| *error < 1e-12));
    for (book, calls) in policies.iter().enumerate() {
        assert!(total("calls", book) > 0.0, "{calls}");
        if calls["policy"] != "add_cash" {
            assert_eq!(total("deposited", book), 0.0, "{calls}");
        }
    }
    let [as_ever, at_once, .., hold] = std::array::from_fn::<_, 6, _>(|book| total("forced", book));
    assert!(as_ever > 0.0 && at_once > 0.0 && hold == 0.0);
    assert!(total("deposited", 4) > 0.0, "a house that gives no time takes cash at once");
    assert_eq!(total("cured", 1), 0.0, "a house that gives no time leaves nothing to the market");
}
