//! Rules compiled and evaluated, and every way in which they do not compile.

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    math::{
        lanes::{Col, LANES, Mask, Tri},
        simd::{Variant, detected},
    },
    rules::{
        family::Families,
        limits::{LATCH_MEMORY, MAX_DEPTH, MAX_NODES, MAX_TEXT},
        names::Name,
        program::Memory,
    },
};

fn rule(tree: &Json) -> Rule {
    Rule {
        text: "as written".to_owned(),
        tree: serde_json::from_value(tree.clone()).unwrap(),
        families: Families::new(),
    }
}

fn vix_above(level: f64) -> Json {
    json!({"op": "gt", "args": [{"name": "vix"}, {"const": level}]})
}

fn refusal(tree: &Json, scope: Scope) -> String {
    Program::compile(&rule(tree), scope).unwrap_err().to_string()
}

#[test]
fn comparison_with_a_missing_number_is_unknown() {
    let program = Program::compile(&rule(&vix_above(28.0)), Scope::Market).unwrap();
    assert_eq!(program.inputs(), [Input::Name(Name::Vix)]);
    let mut memory = program.memory();
    let mut vix = Col::splat(30.0);
    (vix[1], vix[2], vix[3]) = (20.0, f64::NAN, f64::INFINITY);
    let answer = program.evaluate(&[&vix], &mut memory);
    assert_eq!(answer.known, Mask::from_fn(|lane| lane != 2 && lane != 3));
    assert_eq!(answer.is_false(), Mask::from_fn(|lane| lane == 1));
}

#[test]
fn number_program_and_division_by_zero() {
    let tree = json!({"op": "max", "args": [{"op": "div", "args": [{"const": 1.0}, {"name": "vix"}]}, {"const": 0.5}]});
    let program = Program::compile_number(&rule(&tree), Scope::Market, &[]).unwrap();
    let mut vix = Col::splat(4.0);
    (vix[0], vix[1]) = (0.0, 1.0);
    let mut out = Col::default();
    program.evaluate_number(&[&vix], &mut program.memory(), &mut out);
    assert!(out[0].is_nan());
    assert_eq!(out[1..], std::array::from_fn::<_, { LANES - 1 }, _>(|i| if i == 0 { 1.0 } else { 0.5 }));
}

#[test]
fn equal_subtrees_share_one_column_and_one_window() {
    let window = json!({"op": "for_sessions", "args": [vix_above(28.0)], "n": 3});
    let tree = json!({"op": "or", "args": [window, {"op": "and", "args": [window, vix_above(28.0)]}]});
    let program = Program::compile(&rule(&tree), Scope::Market).unwrap();
    assert_eq!(program.cells.len(), 1);
    assert_eq!((program.numbers, program.truths), (2, 4));
    assert_eq!(program.warm_up(), 2);
}

#[test]
fn windows_of_the_market_survive_a_new_position_and_windows_of_a_position_do_not() {
    let market = json!({"op": "for_sessions", "args": [vix_above(28.0)], "n": 2});
    let loss = json!({"op": "gt", "args": [{"name": "loss"}, {"const": 1.0}]});
    let position = json!({"op": "for_sessions", "args": [loss], "n": 2});
    for (tree, expected, warm_up) in [(market, Mask::ALL, 1), (position, !Mask::first(1), 0)] {
        let program = Program::compile(&rule(&tree), Scope::Position).unwrap();
        assert_eq!((program.warm_up(), program.needs_every_session()), (warm_up, warm_up > 0));
        let mut memory = program.memory();
        let column = Col::splat(30.0);
        assert_eq!(program.evaluate(&[&column], &mut memory), Tri::default());
        memory.reset_lanes(Mask::first(1));
        assert_eq!(program.evaluate(&[&column], &mut memory).is_true(), expected);
        memory.reset();
        assert_eq!(program.evaluate(&[&column], &mut memory), Tri::default());
    }
}

#[test]
fn latches_of_the_market_survive_a_new_position_and_latches_of_a_position_do_not() {
    let below = |level: f64| json!({"op": "lt", "args": [{"name": "vix"}, {"const": level}]});
    let latch = |on: Json| json!({"op": "latch", "args": [on, below(25.0)]});
    let loss = json!({"op": "gt", "args": [{"name": "loss"}, {"const": 28.0}]});
    for (tree, expected, warm_up) in
        [(latch(vix_above(28.0)), Mask::ALL, LATCH_MEMORY), (latch(loss), !Mask::first(1), 0)]
    {
        let program = Program::compile(&rule(&tree), Scope::Position).unwrap();
        assert_eq!((program.warm_up(), program.needs_every_session()), (warm_up, warm_up > 0));
        let mut memory = program.memory();
        let session = |value, memory: &mut Memory| {
            let column = Col::splat(value);
            let answer = program.evaluate(&vec![&column; program.inputs().len()], memory);
            assert_eq!(answer.known, Mask::ALL);
            answer.truth
        };
        assert_eq!(session(27.0, &mut memory), Mask::NONE);
        assert_eq!(session(30.0, &mut memory), Mask::ALL);
        memory.reset_lanes(Mask::first(1));
        assert_eq!(session(27.0, &mut memory), expected);
        memory.reset();
        assert_eq!(session(27.0, &mut memory), Mask::NONE);
    }
}

#[test]
fn equal_latches_share_their_memory_and_nested_ones_add_theirs() {
    let below = json!({"op": "lt", "args": [{"name": "vix"}, {"const": 25.0}]});
    let inner = json!({"op": "latch", "args": [vix_above(28.0), below]});
    let outer = json!({"op": "latch", "args": [{"op": "and", "args": [inner, inner]}, below]});
    let program = Program::compile(&rule(&outer), Scope::Market).unwrap();
    assert_eq!(program.cells.len(), 2);
    assert_eq!(program.warm_up(), 2 * LATCH_MEMORY);
}

#[test]
fn names_are_checked_against_the_scope() {
    let message = refusal(&json!({"op": "gt", "args": [{"name": "profit"}, {"const": 1.0}]}), Scope::Market);
    assert!(
        message.starts_with("rule \"as written\": at \"profit\": a rule of the market does not see"),
        "{message}"
    );
    let message = refusal(&json!({"op": "gt", "args": [{"name": "vixx"}, {"const": 1.0}]}), Scope::Market);
    assert!(message.contains("did you mean vix?"), "{message}");
}

#[test]
fn kinds_operands_and_windows_are_checked() {
    let vix = json!({"name": "vix"});
    let window = |n: Json| json!({"op": "for_sessions", "args": [vix_above(1.0)], "n": n});
    for (tree, expected) in [
        (vix.clone(), "must be a condition"),
        (
            json!({"op": "and", "args": [vix_above(1.0), vix]}),
            "`and` takes a condition, and this is a number",
        ),
        (json!({"op": "lt", "args": [vix_above(1.0), vix]}), "`<` takes a number, and this is a condition"),
        (json!({"op": "lt", "args": [vix]}), "`<` takes 2 operands, not 1"),
        (json!({"op": "latch", "args": [vix_above(1.0)]}), "`latch` takes 2 operands, not 1"),
        (
            json!({"op": "latch", "args": [vix_above(1.0), vix]}),
            "`latch` takes a condition, and this is a number",
        ),
        (json!({"op": "and", "args": []}), "`and` takes 2 or more operands, not 0"),
        (json!({"op": "not", "args": [vix_above(1.0)], "n": 3}), "`not` has no window"),
        (window(json!(null)), "from 1 to 2520"),
        (window(json!(0)), "from 1 to 2520"),
        (
            json!({"op": "gt", "args": [{"op": "zscore", "args": [vix], "n": 1}, vix]}),
            "`zscore` takes a whole number of sessions from 2 to 2520",
        ),
        (json!({"op": "votes", "args": [vix_above(1.0), vix_above(2.0)], "n": 3}), "must hold from 1 to 2"),
        (json!({"op": "votes", "args": vec![vix_above(1.0); 33], "n": 3}), "takes 2 to 32 operands, not 33"),
        (
            json!({"op": "gt", "args": [{"op": "score", "args": [{"const": 1}, vix, {"const": -1}, vix]}, vix]}),
            "at \"-1\": a weight of `score` is a constant above 0",
        ),
        (
            json!({"op": "gt", "args": [{"op": "score", "args": vec![json!({"const": 1}); 5]}, vix]}),
            "`score` takes pairs of weight and term, not 5 operands",
        ),
        (window(json!(2521)), "from 1 to 2520"),
    ] {
        let message = refusal(&tree, Scope::Market);
        assert!(message.contains(expected), "{message}");
    }
    assert!(Program::compile_number(&rule(&vix_above(1.0)), Scope::Market, &[]).is_err());
    let infinite = Rule { text: String::new(), tree: Expr::Const(f64::INFINITY), families: Families::new() };
    assert!(Program::compile_number(&infinite, Scope::Market, &[]).is_err());
}

#[test]
fn large_trees_are_refused() {
    let mut deep = vix_above(1.0);
    for _ in 0..MAX_DEPTH {
        deep = json!({"op": "not", "args": [deep]});
    }
    let wide = json!({"op": "or", "args": vec![vix_above(1.0); MAX_NODES]});
    for tree in [deep, wide] {
        assert!(refusal(&tree, Scope::Market).contains("split the rule"));
    }
    let long = Rule { text: "x".repeat(MAX_TEXT + 1), ..rule(&vix_above(1.0)) };
    assert!(Program::compile(&long, Scope::Market).unwrap_err().to_string().len() < 300);
}

#[test]
fn windows_of_numbers_are_bounded_together() {
    let window = |n: u32| json!({"op": "percentile", "args": [{"name": "vix"}], "n": n});
    let sum = |most: u32| json!({"op": "add", "args": (0..5).map(|i| window(most - i)).collect::<Vec<_>>()});
    let sum = |most| {
        let terms: Vec<Json> = sum(most)["args"].as_array().unwrap().clone();
        terms.into_iter().reduce(|a, b| json!({"op": "add", "args": [a, b]})).unwrap()
    };
    let above = |most| json!({"op": "gt", "args": [sum(most), {"const": 50.0}]});
    assert!(Program::compile(&rule(&above(2000)), Scope::Market).is_ok());
    assert!(refusal(&above(2520), Scope::Market).contains("may span 10080 sessions together"));
}

#[test]
fn what_looks_back_asks_for_its_sessions() {
    let vix = json!({"name": "vix"});
    for (tree, warm_up) in [
        (json!({"op": "crosses_above", "args": [vix, {"const": 30}]}), 1),
        (json!({"op": "rising", "args": [vix], "n": 3}), 3),
        (json!({"op": "gt", "args": [{"op": "zscore", "args": [vix], "n": 21}, vix]}), 20),
        (json!({"op": "gt", "args": [{"op": "percentile", "args": [vix], "n": 252}, vix]}), 251),
        (json!({"op": "gt", "args": [{"op": "since", "args": [vix_above(30.0)]}, vix]}), LATCH_MEMORY),
    ] {
        let program = Program::compile(&rule(&tree), Scope::Position).unwrap();
        assert_eq!((program.warm_up(), program.needs_every_session()), (warm_up, true));
    }
    let of_position = json!({"op": "rising", "args": [{"name": "loss"}], "n": 2});
    let program = Program::compile(&rule(&of_position), Scope::Position).unwrap();
    assert_eq!((program.warm_up(), program.needs_every_session()), (0, false));
    let mut memory = program.memory();
    let mut session = |value, taken| {
        memory.reset_lanes(taken);
        program.evaluate(&[&Col::splat(value)], &mut memory)
    };
    for (value, known) in [(1.0, false), (2.0, false), (3.0, true)] {
        assert_eq!(session(value, Mask::NONE).known.any(), known);
    }
    assert_eq!(session(4.0, Mask::first(1)).is_true(), !Mask::first(1));
}

#[test]
fn equal_windows_of_numbers_are_kept_and_counted_once() {
    let window = json!({"op": "percentile", "args": [{"name": "vix"}], "n": MAX_WINDOW});
    let above = |level| json!({"op": "gt", "args": [window, {"const": level}]});
    let tree = json!({"op": "or", "args": (0..6).map(above).collect::<Vec<_>>()});
    let program = Program::compile(&rule(&tree), Scope::Market).unwrap();
    assert_eq!(program.cells.len(), 1);
}

#[test]
fn what_a_window_reads_is_wanted_before_it() {
    let (rsi, vix) = (json!({"name": "rsi_14"}), json!({"name": "vix"}));
    let zscore = |of: &Json, n: u32| json!({"op": "zscore", "args": [of], "n": n});
    let above = |number: Json| json!({"op": "gt", "args": [number, {"const": 0.0}]});
    let three = |p: Json| json!({"op": "for_sessions", "args": [p], "n": 3});
    let nav =
        json!({"op": "gt", "args": [{"op": "mul", "args": [{"name": "nav_share"}, rsi]}, {"const": 0.0}]});
    for (tree, leads, warm_up) in [
        (above(rsi.clone()), vec![0], 100),
        (above(zscore(&rsi, 63)), vec![62], 162),
        (three(above(zscore(&rsi, 63))), vec![64], 164),
        // Each name by what is above it, and not by its neighbours.
        (
            json!({"op": "and", "args": [above(zscore(&rsi, 63)), above(zscore(&vix, 1000))]}),
            vec![62, 999],
            999,
        ),
        // A book has no past: neither the window nor what it reads is wanted before session 0.
        (three(nav), vec![0, 0], 100),
    ] {
        let program = Program::compile(&rule(&tree), Scope::Book).unwrap();
        assert_eq!((program.leads(), program.warm_up()), (&leads[..], warm_up), "{tree}");
    }
}

#[test]
fn a_latch_and_since_remember_a_year_whatever_else_the_rule_asks_for() {
    let vix = json!({"name": "vix"});
    let below = json!({"op": "lt", "args": [vix, {"const": 25.0}]});
    let latch = json!({"op": "latch", "args": [vix_above(30.0), below]});
    let since = json!({"op": "known", "args": [{"op": "since", "args": [vix_above(30.0)]}]});
    let long = json!({"op": "known", "args": [{"op": "zscore", "args": [vix], "n": 1000}]});
    let always = json!({"op": "or", "args": [long, {"op": "not", "args": [long]}]});
    for remembered in [latch, since] {
        let beside = json!({"op": "and", "args": [remembered, always]});
        for (spike, expected) in [(LATCH_MEMORY + 1, Mask::NONE), (LATCH_MEMORY, Mask::ALL)] {
            for tree in [&remembered, &beside] {
                let program = Program::compile(&rule(tree), Scope::Market).unwrap();
                let mut memory = program.memory();
                for _ in 0..2 {
                    memory.reset();
                    for before in (1..=program.warm_up().max(spike)).rev() {
                        let vix = Col::splat(if before == spike { 31.0 } else { 27.0 });
                        program.evaluate_before(before, &[&vix], &mut memory);
                    }
                    let answer = program.evaluate(&[&Col::splat(27.0)], &mut memory);
                    assert_eq!(answer.truth, expected, "{tree}");
                }
            }
        }
    }
}

#[test]
fn what_reads_a_book_begins_with_the_path() {
    let either = json!({"op": "or", "args": [
        vix_above(28.0), {"op": "lt", "args": [{"name": "nav_share"}, {"const": 0.9}]},
    ]});
    let three = json!({"op": "for_sessions", "args": [either], "n": 2});
    let program = Program::compile(&rule(&three), Scope::Book).unwrap();
    assert_eq!(program.warm_up(), 0);
    let (vix, missing) = (Col::splat(30.0), Col::splat(f64::NAN));
    let mut memory = program.memory();
    for before in (1..10).rev() {
        program.evaluate_before(before, &[&vix, &missing], &mut memory);
    }
    assert_eq!(program.evaluate(&[&vix, &missing], &mut memory), Tri::default());
    assert_eq!(program.evaluate(&[&vix, &missing], &mut memory).truth, Mask::ALL);
}

#[test]
fn names_of_one_rule_are_bounded() {
    let given: Vec<Arc<str>> = (0..=MAX_INPUTS).map(|i| format!("g{i}").into()).collect();
    let known = |name: &Arc<str>| json!({"op": "known", "args": [{"name": **name}]});
    let tree =
        |count: usize| json!({"op": "and", "args": given[..count].iter().map(known).collect::<Vec<_>>()});
    let compile = |count| Program::compile_given(&rule(&tree(count)), Scope::Market, &given);
    assert_eq!(compile(MAX_INPUTS).unwrap().inputs().len(), MAX_INPUTS);
    assert!(compile(MAX_INPUTS + 1).unwrap_err().to_string().contains("may speak of 128 names"));
}

/// Values that tie, divide by zero and are missing, differently in every lane and session.
fn scattered(session: usize, input: usize) -> Col {
    const VALUES: [f64; 7] = [0.0, 1.0, 27.0, 28.0, 29.0, 1e300, f64::NAN];
    Col(std::array::from_fn(|lane| VALUES[(lane * 5 + session * 3 + input + lane * session) % VALUES.len()]))
}

#[test]
fn every_lane_is_its_own_series_on_every_instruction_set() {
    const SESSIONS: usize = 12;
    let ratio = json!({"op": "div", "args": [{"name": "spot"}, {"op": "sub", "args": [{"name": "vix"}, {"const": 28.0}]}]});
    let tree = json!({"op": "or", "args": [
        {"op": "for_sessions", "args": [{"op": "ge", "args": [{"name": "vix"}, {"const": 27.0}]}], "n": 2},
        {"op": "lt", "args": [{"op": "min", "args": [ratio, {"name": "spot"}]}, {"op": "abs", "args": [{"name": "vix"}]}]},
        {"op": "lt", "args": [
            {"op": "score", "args": [
                {"const": 0.3}, {"op": "zscore", "args": [{"name": "vix"}], "n": 3},
                {"const": 0.7}, {"op": "percentile", "args": [{"name": "spot"}], "n": 4},
                {"const": 0.1}, {"op": "crosses_below", "args": [{"name": "vix"}, {"name": "spot"}]},
            ]},
            {"op": "since", "args": [{"op": "falling", "args": [{"name": "vix"}], "n": 1}]},
        ]},
    ]});
    let program = Program::compile(&rule(&tree), Scope::Market).unwrap();
    let run = |variant, lane: Option<usize>| {
        let mut memory = program.memory();
        let answers = (0..SESSIONS).map(|session| {
            let columns: Vec<Col> = (0..program.inputs().len())
                .map(|input| scattered(session, input))
                .map(|column| lane.map_or(column, |lane| Col::splat(column[lane])))
                .collect();
            program.evaluate_on(variant, &columns.iter().collect::<Vec<_>>(), &mut memory)
        });
        answers.collect::<Vec<Tri>>()
    };
    let all = run(Variant::Baseline, None);
    assert!(
        all.iter().any(|answer| answer.is_true().any() && answer.is_false().any() && (!answer.known).any())
    );
    for variant in [Variant::Avx2, Variant::Avx512].into_iter().filter(|variant| *variant <= detected()) {
        assert_eq!(run(variant, None), all);
    }
    for lane in [0, 1, 63, 64, 100, 255] {
        for (alone, answer) in run(Variant::Baseline, Some(lane)).into_iter().zip(&all) {
            let same = Tri { truth: Mask::ALL, known: Mask::ALL };
            let expected = match (answer.truth.get(lane), answer.known.get(lane)) {
                (true, _) => same,
                (false, true) => !same,
                (false, false) => Tri::default(),
            };
            assert_eq!(alone, expected, "lane {lane}");
        }
    }
}
