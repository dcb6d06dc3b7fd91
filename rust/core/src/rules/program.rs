//! A compiled rule, and one session of it for a block of paths.
//!
//! Every node of the tree owns one column, so that evaluation walks a list of steps, writes each column once and
//! neither allocates nor fails. Both sides of `and` and `or` are always evaluated: a window must see every session.
//!
//! A number column holds finite numbers and NaN, which means missing; whatever is not finite (a quotient by zero, an
//! overflow, a missing input) becomes NaN as it is written. No step rounds differently on another instruction set.

use super::latch::Latch;
use super::names::Name;
use super::window::Window;
use crate::math::{
    lanes::{Col, LANES, Mask, Tri},
    simd::{self, Kernel, Variant},
};

/// A column of numbers in [`Memory`].
pub(super) type Number = usize;
/// A column of conditions in [`Memory`].
pub(super) type Truth = usize;

/// Operators from two numbers to a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

/// Operators from two numbers to a condition.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
}

/// One column to fill; operands lie in columns filled before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Load { input: usize, out: Number },
    Arithmetic { op: Arithmetic, a: Number, b: Number, out: Number },
    Neg { a: Number, out: Number },
    Abs { a: Number, out: Number },
    Compare { op: Comparison, a: Number, b: Number, out: Truth },
    KnownNumber { a: Number, out: Truth },
    KnownTruth { a: Truth, out: Truth },
    Not { a: Truth, out: Truth },
    And { a: Truth, b: Truth, out: Truth },
    Or { a: Truth, b: Truth, out: Truth },
    ForSessions { a: Truth, window: usize, out: Truth },
    Latch { on: Truth, off: Truth, latch: usize, out: Truth },
}

/// A window's length, and whether what it looks at belongs to one position.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowPlan {
    pub sessions: u32,
    pub of_position: bool,
}

/// Whether what a latch looks at belongs to one position.
#[derive(Clone, Copy, Debug)]
pub(super) struct LatchPlan {
    pub of_position: bool,
}

/// The column that holds the answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Number(Number),
    Truth(Truth),
}

/// A compiled rule: made by [`Program::compile`] or [`Program::compile_number`].
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) inputs: Vec<Name>,
    pub(super) constants: Vec<(Number, f64)>,
    pub(super) steps: Vec<Step>,
    pub(super) windows: Vec<WindowPlan>,
    pub(super) latches: Vec<LatchPlan>,
    pub(super) numbers: usize,
    pub(super) truths: usize,
    pub(super) answer: Answer,
    pub(super) warm_up: u32,
}

/// The columns, windows and latches of one program: the engine keeps one per block, and per position slot for exit rules.
#[derive(Clone, Debug)]
pub struct Memory {
    numbers: Vec<Col>,
    truths: Vec<Tri>,
    windows: Vec<(WindowPlan, Window)>,
    latches: Vec<(LatchPlan, Latch)>,
}

impl Memory {
    /// Forgets every session: a new block of paths starts.
    pub fn reset(&mut self) {
        for (plan, window) in &mut self.windows {
            window.reset_lanes(Mask::ALL, plan.sessions);
        }
        for (_, latch) in &mut self.latches {
            latch.reset_lanes(Mask::ALL);
        }
    }

    /// Forgets what the positions of these lanes went through, because new ones take their slot.
    ///
    /// Windows and latches over the market or the book go on: `(vix > 28).for_sessions(3)` does not start anew with a position.
    pub fn reset_lanes(&mut self, lanes: Mask) {
        for (plan, window) in self.windows.iter_mut().filter(|(plan, _)| plan.of_position) {
            window.reset_lanes(lanes, plan.sessions);
        }
        for (_, latch) in self.latches.iter_mut().filter(|(plan, _)| plan.of_position) {
            latch.reset_lanes(lanes);
        }
    }
}

impl Program {
    /// The names whose columns [`Program::evaluate`] takes, in that order.
    pub fn inputs(&self) -> &[Name] {
        &self.inputs
    }

    /// Sessions of data before session 0 that the rule is given: windows then no longer depend on where the data began,
    /// and a latch over the market begins [`LATCH_MEMORY`](super::limits::LATCH_MEMORY) sessions before what it reads is there.
    pub fn warm_up(&self) -> u32 {
        self.warm_up
    }

    /// Does the rule look back over sessions of the market or the book? Then it must be evaluated in every session of
    /// the warm-up and after it, also while its slot holds no position; otherwise only while there is one.
    pub fn needs_every_session(&self) -> bool {
        self.windows.iter().any(|window| !window.of_position)
            || self.latches.iter().any(|latch| !latch.of_position)
    }

    /// Fresh columns, windows and latches.
    pub fn memory(&self) -> Memory {
        let mut numbers = vec![Col::splat(f64::NAN); self.numbers];
        for &(column, value) in &self.constants {
            numbers[column] = Col::splat(value);
        }
        let windows = self.windows.iter().map(|plan| (*plan, Window::new(plan.sessions))).collect();
        let latches = self.latches.iter().map(|plan| (*plan, Latch::default())).collect();
        Memory { numbers, truths: vec![Tri::default(); self.truths], windows, latches }
    }

    /// One session of a condition: call it once per session, in order.
    ///
    /// `inputs` are the columns of [`Program::inputs`]; a value that is not finite is missing.
    ///
    /// # Panics
    /// If the program was made by [`Program::compile_number`], or the inputs or the memory are another program's.
    pub fn evaluate(&self, inputs: &[&Col], memory: &mut Memory) -> Tri {
        self.evaluate_on(simd::variant(), inputs, memory)
    }

    /// [`Program::evaluate`] on a given instruction set (tests compare them).
    pub(super) fn evaluate_on(&self, variant: Variant, inputs: &[&Col], memory: &mut Memory) -> Tri {
        self.run(variant, inputs, memory);
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
        self.run(simd::variant(), inputs, memory);
        let Answer::Number(answer) = self.answer else {
            panic!("a program that gives a condition is no number")
        };
        *out = memory.numbers[answer];
    }

    fn run(&self, variant: Variant, inputs: &[&Col], memory: &mut Memory) {
        assert_eq!(inputs.len(), self.inputs.len(), "one column per input of the program");
        simd::dispatch_on(variant, Session { steps: &self.steps, inputs, memory });
    }
}

struct Session<'a> {
    steps: &'a [Step],
    inputs: &'a [&'a Col],
    memory: &'a mut Memory,
}

impl Kernel for Session<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Memory { numbers, truths, windows, latches } = self.memory;
        for step in self.steps {
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
                Step::ForSessions { a, window, out } => {
                    let (plan, window) = &mut windows[window];
                    truths[out] = window.push(truths[a], plan.sessions);
                }
                Step::Latch { on, off, latch, out } => {
                    truths[out] = certain(latches[latch].1.push(truths[on], truths[off]));
                }
            }
        }
    }
}

#[inline(always)]
fn finite_or_missing(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

#[inline(always)]
fn map(a: &Col, out: &mut Col, f: impl Fn(f64) -> f64) {
    for lane in 0..LANES {
        out[lane] = finite_or_missing(f(a[lane]));
    }
}

#[inline(always)]
fn zip(a: &Col, b: &Col, out: &mut Col, f: impl Fn(f64, f64) -> f64) {
    for lane in 0..LANES {
        out[lane] = finite_or_missing(f(a[lane], b[lane]));
    }
}

#[inline(always)]
fn arithmetic(op: Arithmetic, a: &Col, b: &Col, out: &mut Col) {
    match op {
        Arithmetic::Add => zip(a, b, out, |a, b| a + b),
        Arithmetic::Sub => zip(a, b, out, |a, b| a - b),
        Arithmetic::Mul => zip(a, b, out, |a, b| a * b),
        Arithmetic::Div => zip(a, b, out, |a, b| a / b),
        // Not f64::min and max, which ignore a NaN: here a missing operand makes the result missing.
        Arithmetic::Min => zip(a, b, out, |a, b| if a < b || a.is_nan() { a } else { b }),
        Arithmetic::Max => zip(a, b, out, |a, b| if a > b || a.is_nan() { a } else { b }),
    }
}

#[inline(always)]
fn compare(op: Comparison, a: &Col, b: &Col) -> Tri {
    let holds = match op {
        Comparison::Lt => Mask::from_fn(|lane| a[lane] < b[lane]),
        Comparison::Le => Mask::from_fn(|lane| a[lane] <= b[lane]),
        Comparison::Gt => Mask::from_fn(|lane| a[lane] > b[lane]),
        Comparison::Ge => Mask::from_fn(|lane| a[lane] >= b[lane]),
        Comparison::Eq => Mask::from_fn(|lane| a[lane] == b[lane]),
        Comparison::Ne => Mask::from_fn(|lane| a[lane] != b[lane]),
    };
    let known = known(a) & known(b);
    Tri { truth: holds & known, known }
}

#[inline(always)]
fn known(a: &Col) -> Mask {
    Mask::from_fn(|lane| !a[lane].is_nan())
}

/// A condition that is known in every lane.
#[inline(always)]
fn certain(truth: Mask) -> Tri {
    Tri { truth, known: Mask::ALL }
}
