//! What all positions share of a rule, apart from what depends on each of them.
//!
//! `vix.percentile(252) > 80 and profit > 0` in an exit rule looks at the market once per path and close, and at the
//! position once per slot: neither its time nor its memory grows with the slots.

use super::{
    input::Input,
    names::Scope,
    step::{Answer, Step, Term},
};

/// The steps of a program, those that read the market and the book alone first.
pub(super) struct Parted {
    pub steps: Vec<Step>,
    /// How many are shared.
    pub shared: usize,
    /// Columns of shared steps that the others read, or that are the answer.
    pub handed_on: Vec<Answer>,
}

impl Parted {
    /// Parts the steps; in each part they keep their order, so that operands still come first.
    pub fn new(
        steps: Vec<Step>,
        terms: &[Term],
        inputs: &[Input],
        answer: Answer,
        numbers: usize,
        truths: usize,
    ) -> Self {
        let mut of_position = (vec![false; numbers], vec![false; truths]);
        for step in &steps {
            let operands = step.operands(terms);
            let own = match *step {
                Step::Load { input, .. } => inputs[input].scope() == Scope::Position,
                _ => operands.into_iter().any(|column| marked(&of_position, column)),
            };
            match step.out() {
                Answer::Number(index) => of_position.0[index] = own,
                Answer::Truth(index) => of_position.1[index] = own,
            }
        }
        let (shared, own): (Vec<Step>, Vec<Step>) =
            steps.into_iter().partition(|step| !marked(&of_position, step.out()));
        let filled: Vec<Answer> = shared.iter().map(|step| step.out()).collect();
        let mut handed_on = vec![];
        for column in own.iter().flat_map(|step| step.operands(terms)).chain([answer]) {
            if filled.contains(&column) && !handed_on.contains(&column) {
                handed_on.push(column);
            }
        }
        let count = shared.len();
        Self { steps: shared.into_iter().chain(own).collect(), shared: count, handed_on }
    }
}

fn marked((numbers, truths): &(Vec<bool>, Vec<bool>), column: Answer) -> bool {
    match column {
        Answer::Number(index) => numbers[index],
        Answer::Truth(index) => truths[index],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use crate::{
        math::lanes::{Col, LANES, Mask},
        rules::{Input, Name, Program, Rule, Scope},
    };

    fn program(tree: &Json) -> Program {
        let rule: Rule = serde_json::from_value(json!({"text": "", "tree": tree})).unwrap();
        Program::compile(&rule, Scope::Position).unwrap()
    }

    /// Numbers of market, book and position, and what looks back on them.
    fn number() -> impl Strategy<Value = Json> {
        let names = prop::sample::select(vec!["vix", "rate", "nav_share", "profit", "loss"]);
        let leaf = prop_oneof![
            names.prop_map(|name| json!({"name": name})),
            (-2.0..2.0_f64).prop_map(|value| json!({"const": value})),
        ];
        leaf.prop_recursive(3, 12, 2, |inner| {
            let op = prop::sample::select(vec!["add", "sub", "mul", "max"]);
            let window = prop::sample::select(vec!["zscore", "percentile"]);
            prop_oneof![
                (op, inner.clone(), inner.clone()).prop_map(|(op, a, b)| json!({"op": op, "args": [a, b]})),
                (window, 2..5_u32, inner).prop_map(|(op, n, a)| json!({"op": op, "n": n, "args": [a]})),
            ]
        })
    }

    fn condition() -> impl Strategy<Value = Json> {
        let compared = (number(), number()).prop_map(|(a, b)| json!({"op": "gt", "args": [a, b]}));
        compared.prop_recursive(3, 16, 2, |inner| {
            let op = prop::sample::select(vec!["and", "or", "latch"]);
            prop_oneof![
                (op, inner.clone(), inner.clone()).prop_map(|(op, a, b)| json!({"op": op, "args": [a, b]})),
                (1..4_u32, inner).prop_map(|(n, a)| json!({"op": "for_sessions", "n": n, "args": [a]})),
            ]
        })
    }

    /// Some value of a name in a session, of a slot if it is a position's; every seventh is missing.
    fn column(input: &Input, session: usize, slot: usize) -> Col {
        let slot = if input.scope() == Scope::Position { slot + 1 } else { 0 };
        let seed = 31 * session + 977 * slot + input.as_str().len() * 7;
        Col(std::array::from_fn(|lane| {
            let draw = (lane * 7919 + seed * 104_729) % 1009;
            if draw.is_multiple_of(7) { f64::NAN } else { draw as f64 / 300.0 - 1.5 }
        }))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Every slot on top of what all share says what a whole program of its own says, lanes that start anew included.
        #[test]
        fn parts_say_what_the_whole_says(tree in condition()) {
            let program = program(&tree);
            let mut whole = [program.memory(), program.memory()];
            let mut shared = program.shared_memory();
            let mut own = [program.own_memory(), program.own_memory()];
            for session in 0..8 {
                for slot in 0..2 {
                    let columns: Vec<Col> =
                        program.inputs().iter().map(|input| column(input, session, slot)).collect();
                    let inputs: Vec<&Col> = columns.iter().collect();
                    if session == 5 && slot == 1 {
                        let anew = Mask::from_fn(|lane| lane < LANES / 2);
                        whole[slot].reset_lanes(anew);
                        own[slot].reset_lanes(anew);
                    }
                    if slot == 0 {
                        program.evaluate_shared(0, &inputs, &mut shared);
                    }
                    let said = program.evaluate_own(0, &inputs, &shared, &mut own[slot]);
                    prop_assert_eq!(said, program.evaluate(&inputs, &mut whole[slot]));
                }
            }
        }
    }

    #[test]
    fn what_looks_at_the_market_alone_is_remembered_once() {
        let tree = json!({"op": "and", "args": [
            {"op": "gt", "args": [{"op": "percentile", "n": 252, "args": [{"name": "vix"}]}, {"const": 80.0}]},
            {"op": "for_sessions", "n": 2, "args": [{"op": "gt", "args": [{"name": "profit"}, {"const": 0.0}]}]},
        ]});
        let program = program(&tree);
        assert!(program.needs_every_session());
        assert!(!program.needs_every_position());
        let named: Vec<_> = program.inputs().iter().map(Input::as_str).collect();
        assert_eq!(named, ["vix", "profit"]);
        assert_eq!(program.inputs()[1], Input::Name(Name::Profit));
        assert_eq!(program.handed_on.len(), 1);
        assert!(program.own_memory().kept() < program.shared_memory().kept());
        assert_eq!(program.own_memory().kept(), 0);
    }
}
