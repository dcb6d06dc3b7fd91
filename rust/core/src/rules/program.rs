//! A compiled rule, and one session of it for a block of paths.
//!
//! Every node of the tree owns one column, so that evaluation walks a list of steps, writes each column once and
//! neither allocates nor fails. Both sides of `and` and `or` are always evaluated: a window must see every session.
//!
//! A number column holds finite numbers and NaN, which means missing; whatever is not finite (a quotient by zero, an
//! overflow, a missing input) becomes NaN as it is written. No step rounds differently on another instruction set.

use std::ops::Range;

use super::{
    cell::{Cell, CellPlan},
    input::Input,
    kernels::{arithmetic, certain, compare, known, map, score, since},
    names::Scope,
    step::{Answer, Number, Step, Term},
};
use crate::math::{
    lanes::{Col, Mask, Tri},
    simd::{self, Kernel, Variant},
};

/// A compiled rule: made by [`Program::compile`] or [`Program::compile_number`].
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) inputs: Vec<Input>,
    /// Per input: sessions before session 0 from which on the windows over it want it.
    pub(super) leads: Vec<u32>,
    pub(super) constants: Vec<(Number, f64)>,
    /// Those that read the market and the book alone stand first: they are the same for every position.
    pub(super) steps: Vec<Step>,
    /// How many these are.
    pub(super) shared: usize,
    /// Columns that they fill and the others read.
    pub(super) handed_on: Vec<Answer>,
    /// Every term of every score.
    pub(super) terms: Vec<Term>,
    pub(super) cells: Vec<CellPlan>,
    pub(super) numbers: usize,
    pub(super) truths: usize,
    pub(super) answer: Answer,
    pub(super) warm_up: u32,
}

/// The columns and cells of one program: the engine keeps one per block, and for exit rules one more per slot.
#[derive(Clone, Debug)]
pub struct Memory {
    numbers: Vec<Col>,
    truths: Vec<Tri>,
    cells: Vec<(CellPlan, Cell)>,
    /// Columns of cells that begin later than the warm-up: missing until then.
    late: Vec<Answer>,
}

impl Memory {
    /// Sessions of values that its cells keep.
    #[cfg(test)]
    pub(super) fn kept(&self) -> u32 {
        let keeps = |cell: &Cell| matches!(cell, Cell::Moments(_) | Cell::Rank(_));
        self.cells.iter().filter(|(_, cell)| keeps(cell)).map(|(plan, _)| plan.past.kept()).sum()
    }

    /// Forgets every session: a new block of paths starts.
    pub fn reset(&mut self) {
        for (_, cell) in &mut self.cells {
            cell.reset();
        }
        for column in &self.late {
            match *column {
                Answer::Number(index) => self.numbers[index] = Col::splat(f64::NAN),
                Answer::Truth(index) => self.truths[index] = Tri::default(),
            }
        }
    }

    /// Forgets what the positions of these lanes went through, because new ones take their slot.
    ///
    /// What looks back over the market or the book goes on: `(vix > 28).for_sessions(3)` does not start anew with a position.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        for (_, cell) in self.cells.iter_mut().filter(|(plan, _)| plan.scope == Scope::Position) {
            cell.reset_lanes(lanes);
        }
    }
}

impl Program {
    /// The names whose columns [`Program::evaluate`] takes, in that order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Per input: sessions before session 0 from which on the windows over it want it, its own warm-up not counted.
    pub fn leads(&self) -> &[u32] {
        &self.leads
    }

    /// Sessions of data before session 0 that the rule is given: windows then no longer depend on where the data began,
    /// and what a latch over the market reads is there when it begins, [`LATCH_MEMORY`](super::limits::LATCH_MEMORY)
    /// sessions before it is wanted.
    pub fn warm_up(&self) -> u32 {
        self.warm_up
    }

    /// Does the rule look back over sessions of the market or the book? Then it must be evaluated in every session of
    /// the warm-up and after it, also while its slot holds no position; otherwise only while there is one.
    pub fn needs_every_session(&self) -> bool {
        self.cells.iter().any(|cell| cell.needs_every_session())
    }

    /// The same of the steps that depend on the position: those of a slot that holds none need not run.
    pub fn needs_every_position(&self) -> bool {
        self.steps[self.shared..]
            .iter()
            .filter_map(|step| step.cell())
            .any(|cell| self.cells[cell].needs_every_session())
    }

    /// Does what it says depend on earlier sessions, through windows, latches or crossings?
    pub fn remembers(&self) -> bool {
        !self.cells.is_empty()
    }

    /// Fresh columns and cells.
    pub fn memory(&self) -> Memory {
        self.memory_of(&self.steps)
    }

    /// Those of what all positions share.
    pub fn shared_memory(&self) -> Memory {
        self.memory_of(&self.steps[..self.shared])
    }

    /// Those of one position, beside the shared ones.
    pub fn own_memory(&self) -> Memory {
        self.memory_of(&self.steps[self.shared..])
    }

    fn memory_of(&self, steps: &[Step]) -> Memory {
        let mut numbers = vec![Col::splat(f64::NAN); self.numbers];
        for &(column, value) in &self.constants {
            numbers[column] = Col::splat(value);
        }
        // What other steps remember takes no room here.
        let used = |cell| steps.iter().any(|step| step.cell() == Some(cell));
        let cell = |(index, plan): (usize, &CellPlan)| {
            (*plan, if used(index) { plan.cell() } else { Cell::Truth(Tri::default()) })
        };
        let cells = self.cells.iter().enumerate().map(cell).collect();
        let begins = |step: &&Step| step.cell().is_some_and(|cell| self.cells[cell].begins < u32::MAX);
        let late = steps.iter().filter(begins).map(|step| step.out()).collect();
        Memory { numbers, truths: vec![Tri::default(); self.truths], cells, late }
    }

    /// One session of a condition: call it once per session, in order.
    ///
    /// `inputs` are the columns of [`Program::inputs`]; a value that is not finite is missing.
    ///
    /// # Panics
    /// If the program was made by [`Program::compile_number`], or the inputs or the memory are another program's.
    pub fn evaluate(&self, inputs: &[&Col], memory: &mut Memory) -> Tri {
        self.evaluate_before(0, inputs, memory)
    }

    /// [`Program::evaluate`] in a session of the warm-up, so many before session 0: what begins later stays unknown.
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    pub fn evaluate_before(&self, before: u32, inputs: &[&Col], memory: &mut Memory) -> Tri {
        self.run(simd::variant(), before, inputs, memory);
        self.condition(memory)
    }

    /// [`Program::evaluate`] on a given instruction set (tests compare them).
    #[cfg(test)]
    pub(super) fn evaluate_on(&self, variant: Variant, inputs: &[&Col], memory: &mut Memory) -> Tri {
        self.run(variant, 0, inputs, memory);
        self.condition(memory)
    }

    /// One session of what all positions share, so many before session 0: once, and then each position on top of it.
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    pub fn evaluate_shared(&self, before: u32, inputs: &[&Col], shared: &mut Memory) {
        self.run_steps(simd::variant(), 0..self.shared, before, inputs, shared);
    }

    /// The condition of one position, after what all of them share.
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    pub fn evaluate_own(&self, before: u32, inputs: &[&Col], shared: &Memory, own: &mut Memory) -> Tri {
        for column in &self.handed_on {
            match *column {
                Answer::Number(index) => own.numbers[index] = shared.numbers[index],
                Answer::Truth(index) => own.truths[index] = shared.truths[index],
            }
        }
        self.run_steps(simd::variant(), self.shared..self.steps.len(), before, inputs, own);
        self.condition(own)
    }

    fn condition(&self, memory: &Memory) -> Tri {
        let Answer::Truth(answer) = self.answer else {
            panic!("a program that gives a number is no condition")
        };
        memory.truths[answer]
    }

    /// One session of a number: missing values are NaN in `out`.
    ///
    /// # Panics
    /// If the program was made by [`Program::compile`], or the inputs or the memory are another program's.
    pub fn evaluate_number(&self, inputs: &[&Col], memory: &mut Memory, out: &mut Col) {
        self.evaluate_number_before(0, inputs, memory, out);
    }

    /// [`Program::evaluate_number`] in a session of the warm-up, so many before session 0: what begins later stays missing.
    ///
    /// # Panics
    /// As [`Program::evaluate_number`].
    pub fn evaluate_number_before(&self, before: u32, inputs: &[&Col], memory: &mut Memory, out: &mut Col) {
        self.run(simd::variant(), before, inputs, memory);
        let Answer::Number(answer) = self.answer else {
            panic!("a program that gives a condition is no number")
        };
        *out = memory.numbers[answer];
    }

    fn run(&self, variant: Variant, before: u32, inputs: &[&Col], memory: &mut Memory) {
        self.run_steps(variant, 0..self.steps.len(), before, inputs, memory);
    }

    fn run_steps(
        &self,
        variant: Variant,
        steps: Range<usize>,
        before: u32,
        inputs: &[&Col],
        memory: &mut Memory,
    ) {
        assert_eq!(inputs.len(), self.inputs.len(), "one column per input of the program");
        simd::dispatch_on(
            variant,
            Session { steps: &self.steps[steps], terms: &self.terms, before, inputs, memory },
        );
    }
}

struct Session<'a> {
    steps: &'a [Step],
    terms: &'a [Term],
    before: u32,
    inputs: &'a [&'a Col],
    memory: &'a mut Memory,
}

impl Kernel for Session<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Memory { numbers, truths, cells, .. } = self.memory;
        for step in self.steps {
            if self.before > 0 && step.cell().is_some_and(|cell| self.before > cells[cell].0.begins) {
                continue;
            }
            match *step {
                Step::Load { input, out } => map(self.inputs[input], &mut numbers[out], |x| x),
                Step::Arithmetic { op, a, b, out } => {
                    let (filled, rest) = numbers.split_at_mut(out);
                    arithmetic(op, &filled[a], &filled[b], &mut rest[0]);
                }
                Step::Neg { a, out } => {
                    let (filled, rest) = numbers.split_at_mut(out);
                    map(&filled[a], &mut rest[0], |x| -x);
                }
                Step::Abs { a, out } => {
                    let (filled, rest) = numbers.split_at_mut(out);
                    map(&filled[a], &mut rest[0], f64::abs);
                }
                Step::Compare { op, a, b, out } => truths[out] = compare(op, &numbers[a], &numbers[b]),
                Step::KnownNumber { a, out } => truths[out] = certain(known(&numbers[a])),
                Step::KnownTruth { a, out } => truths[out] = certain(truths[a].known),
                Step::Not { a, out } => truths[out] = !truths[a],
                Step::And { a, b, out } => truths[out] = truths[a] & truths[b],
                Step::Or { a, b, out } => truths[out] = truths[a] | truths[b],
                Step::Score { first, terms, out } => {
                    let terms = &self.terms[first..first + terms];
                    let (filled, rest) = numbers.split_at_mut(out);
                    score(terms, filled, truths, &mut rest[0]);
                }
                Step::ForSessions { a, cell, out } => {
                    let Cell::Window(window) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    truths[out] = window.push(truths[a]);
                }
                Step::Latch { on, off, cell, out } => {
                    let Cell::Latch(latch) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    truths[out] = certain(latch.push(truths[on], truths[off]));
                }
                Step::BeforeTruth { a, cell, out } => {
                    let Cell::Truth(before) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    truths[out] = std::mem::replace(before, truths[a]);
                }
                Step::BeforeNumber { a, cell, out } => {
                    let Cell::Number(before) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    numbers[out] = **before;
                    **before = numbers[a];
                }
                Step::Since { a, cell, out } => {
                    let Cell::Since(count) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    since(truths[a], count);
                    numbers[out] = **count;
                }
                Step::Zscore { a, cell, out } => {
                    let Cell::Moments(moments) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    let (filled, rest) = numbers.split_at_mut(out);
                    moments.push(&filled[a], &mut rest[0]);
                }
                Step::Percentile { a, cell, out } => {
                    let Cell::Rank(rank) = &mut cells[cell].1 else { unreachable!("{MATCHED}") };
                    let (filled, rest) = numbers.split_at_mut(out);
                    rank.push(&filled[a], &mut rest[0]);
                }
            }
        }
    }
}

const MATCHED: &str = "the compiler plans a step and its cell together";
