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
