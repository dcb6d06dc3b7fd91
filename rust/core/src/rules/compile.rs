//! Tree → [`Program`]: names become slots, types are checked, equal subtrees are merged, windows and latches get their memory.
//!
//! Every error that a rule can have is found here and names the sub-expression at fault.

use std::collections::HashMap;

use super::{
    expr::{Expr, Kind, Op, Rule},
    limits::{LATCH_MEMORY, MAX_WINDOW, check_size},
    names::{Name, Scope},
    program::{Answer, Arithmetic, Comparison, LatchPlan, Number, Step, Truth, WindowPlan},
};
use crate::{Error, Result};

pub use super::program::Program;

impl Program {
    /// Compiles a condition for the scope.
    ///
    /// # Errors
    /// [`Error::Rule`]: a name that the scope does not see, a number where a condition is wanted or the reverse, a
    /// wrong number of operands, a window out of bounds, a constant that is not finite, a tree that is too large, or a
    /// rule that is a number.
    pub fn compile(rule: &Rule, scope: Scope) -> Result<Self> {
        let program = compile(rule, scope)?;
        match program.answer {
            Answer::Truth(_) => Ok(program),
            Answer::Number(_) => Err(fault(
                rule,
                &rule.tree,
                "a rule must be a condition, and this is a number: compare it with something".to_owned(),
            )),
        }
    }

    /// Compiles a number for the scope, such as a cap on a size.
    ///
    /// # Errors
    /// As [`Program::compile`], with the kinds exchanged.
    pub fn compile_number(rule: &Rule, scope: Scope) -> Result<Self> {
        let program = compile(rule, scope)?;
        match program.answer {
            Answer::Number(_) => Ok(program),
            Answer::Truth(_) => {
                Err(fault(rule, &rule.tree, "a number is wanted here, and this is a condition".to_owned()))
            }
        }
    }
}

fn compile(rule: &Rule, scope: Scope) -> Result<Program> {
    check_size(rule)?;
    let mut compiler = Compiler::new(rule, scope);
    let value = compiler.node(&rule.tree)?;
    Ok(Program {
        inputs: compiler.inputs,
        constants: compiler.constants,
        steps: compiler.steps,
        windows: compiler.windows,
        latches: compiler.latches,
        numbers: compiler.numbers,
        truths: compiler.truths,
        answer: value.column,
        warm_up: value.warm_up,
    })
}

fn fault(rule: &Rule, at: &Expr, problem: String) -> Error {
    Error::Rule { rule: rule.text.clone(), at: at.to_string(), problem }
}

/// What is known of a compiled node.
#[derive(Clone, Copy)]
struct Value {
    column: Answer,
    /// The narrowest scope that sees everything in the node.
    scope: Scope,
    /// Sessions of the past that it needs.
    warm_up: u32,
}

impl Value {
    const fn kind(&self) -> Kind {
        match self.column {
            Answer::Number(_) => Kind::Number,
            Answer::Truth(_) => Kind::Condition,
        }
    }
}

/// Equal keys are equal columns, computed once. Columns are told apart by bank and index.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Const(u64),
    Name(Name),
    Apply(Op, Option<u32>, Vec<(bool, usize)>),
}

struct Compiler<'a> {
    rule: &'a Rule,
    scope: Scope,
    inputs: Vec<Name>,
    constants: Vec<(Number, f64)>,
    steps: Vec<Step>,
    windows: Vec<WindowPlan>,
    latches: Vec<LatchPlan>,
    numbers: usize,
    truths: usize,
    merged: HashMap<Key, Value>,
}

impl<'a> Compiler<'a> {
    fn new(rule: &'a Rule, scope: Scope) -> Self {
        Self {
            rule,
            scope,
            inputs: vec![],
            constants: vec![],
            steps: vec![],
            windows: vec![],
            latches: vec![],
            numbers: 0,
            truths: 0,
            merged: HashMap::new(),
        }
    }

    fn node(&mut self, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Const(value) => self.constant(expr, *value),
            Expr::Name(text) => self.name(expr, text),
            Expr::Apply { op, args, n } => self.apply(expr, *op, args, *n),
        }
    }

    fn constant(&mut self, expr: &Expr, value: f64) -> Result<Value> {
        if !value.is_finite() {
            return Err(fault(self.rule, expr, "a constant must be a finite number".to_owned()));
        }
        Ok(self.once(Key::Const(value.to_bits()), |compiler| {
            let out = compiler.number();
            compiler.constants.push((out, value));
            Value { column: Answer::Number(out), scope: Scope::Market, warm_up: 0 }
        }))
    }

    fn name(&mut self, expr: &Expr, text: &str) -> Result<Value> {
        let name = Name::resolve(text, self.scope).map_err(|problem| fault(self.rule, expr, problem))?;
        Ok(self.once(Key::Name(name), |compiler| {
            let (input, out) = (compiler.inputs.len(), compiler.number());
            compiler.inputs.push(name);
            compiler.steps.push(Step::Load { input, out });
            Value { column: Answer::Number(out), scope: name.entry().scope, warm_up: name.entry().warm_up }
        }))
    }

    fn apply(&mut self, expr: &Expr, op: Op, args: &[Expr], n: Option<u32>) -> Result<Value> {
        self.check_shape(expr, op, args, n)?;
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.node(arg)?;
            if let Some(wanted) = op.takes().filter(|kind| *kind != value.kind()) {
                let problem =
                    format!("`{}` takes {}, and this is {}", op.symbol(), wanted.word(), value.kind().word());
                return Err(fault(self.rule, arg, problem));
            }
            values.push(value);
        }
        // Operators of any number of operands are folded from the left.
        let first = values[0];
        let rest = values.get(1..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(self.unary(op, n, first));
        }
        Ok(rest.iter().fold(first, |a, b| self.binary(op, a, *b)))
    }

    fn check_shape(&self, expr: &Expr, op: Op, args: &[Expr], n: Option<u32>) -> Result<()> {
        let (fewest, most) = op.arity();
        if args.len() < fewest || args.len() > most {
            let wanted = if fewest == most { fewest.to_string() } else { format!("{fewest} or more") };
            let problem = format!("`{}` takes {wanted} operands, not {}", op.symbol(), args.len());
            return Err(fault(self.rule, expr, problem));
        }
        match (op.has_window(), n) {
            (false, None) => Ok(()),
            (true, Some(n)) if (1..=MAX_WINDOW).contains(&n) => Ok(()),
            (true, _) => {
                let problem =
                    format!("`{}` takes a whole number of sessions from 1 to {MAX_WINDOW}", op.symbol());
                Err(fault(self.rule, expr, problem))
            }
            (false, Some(_)) => Err(fault(self.rule, expr, format!("`{}` has no window n", op.symbol()))),
        }
    }

    fn unary(&mut self, op: Op, n: Option<u32>, a: Value) -> Value {
        self.once(Key::Apply(op, n, vec![identity(a.column)]), |compiler| {
            let mut warm_up = a.warm_up;
            let column = match (op, a.column) {
                (Op::Neg, Answer::Number(a)) => compiler.number_step(|out| Step::Neg { a, out }),
                (Op::Abs, Answer::Number(a)) => compiler.number_step(|out| Step::Abs { a, out }),
                (Op::Known, Answer::Number(a)) => compiler.truth_step(|out| Step::KnownNumber { a, out }),
                (Op::Known, Answer::Truth(a)) => compiler.truth_step(|out| Step::KnownTruth { a, out }),
                (Op::Not, Answer::Truth(a)) => compiler.truth_step(|out| Step::Not { a, out }),
                (Op::ForSessions, Answer::Truth(truth)) => {
                    let sessions = n.expect("checked by check_shape");
                    let of_position = a.scope == Scope::Position;
                    // A window over a position begins with it; one over the market wants its sessions beforehand.
                    warm_up += if of_position { 0 } else { sessions - 1 };
                    let window = compiler.windows.len();
                    compiler.windows.push(WindowPlan { sessions, of_position });
                    compiler.truth_step(|out| Step::ForSessions { a: truth, window, out })
                }
                _ => unreachable!("operands are checked before"),
            };
            Value { column, warm_up, ..a }
        })
    }

    fn binary(&mut self, op: Op, a: Value, b: Value) -> Value {
        self.once(Key::Apply(op, None, vec![identity(a.column), identity(b.column)]), |compiler| {
            let scope = a.scope.max(b.scope);
            let mut warm_up = a.warm_up.max(b.warm_up);
            let column = match (a.column, b.column) {
                (Answer::Number(a), Answer::Number(b)) => compiler.of_numbers(op, a, b),
                (Answer::Truth(a), Answer::Truth(b)) if op == Op::And => {
                    compiler.truth_step(|out| Step::And { a, b, out })
                }
                (Answer::Truth(on), Answer::Truth(off)) if op == Op::Latch => {
                    let of_position = scope == Scope::Position;
                    warm_up += if of_position { 0 } else { LATCH_MEMORY };
                    let latch = compiler.latches.len();
                    compiler.latches.push(LatchPlan { of_position });
                    compiler.truth_step(|out| Step::Latch { on, off, latch, out })
                }
                (Answer::Truth(a), Answer::Truth(b)) => compiler.truth_step(|out| Step::Or { a, b, out }),
                _ => unreachable!("operands are checked before"),
            };
            Value { column, scope, warm_up }
        })
    }

    fn of_numbers(&mut self, op: Op, a: Number, b: Number) -> Answer {
        let arithmetic = |op| move |out| Step::Arithmetic { op, a, b, out };
        let compare = |op| move |out| Step::Compare { op, a, b, out };
        match op {
            Op::Add => self.number_step(arithmetic(Arithmetic::Add)),
            Op::Sub => self.number_step(arithmetic(Arithmetic::Sub)),
            Op::Mul => self.number_step(arithmetic(Arithmetic::Mul)),
            Op::Div => self.number_step(arithmetic(Arithmetic::Div)),
            Op::Min => self.number_step(arithmetic(Arithmetic::Min)),
            Op::Max => self.number_step(arithmetic(Arithmetic::Max)),
            Op::Lt => self.truth_step(compare(Comparison::Lt)),
            Op::Le => self.truth_step(compare(Comparison::Le)),
            Op::Gt => self.truth_step(compare(Comparison::Gt)),
            Op::Ge => self.truth_step(compare(Comparison::Ge)),
            Op::Eq => self.truth_step(compare(Comparison::Eq)),
            Op::Ne => self.truth_step(compare(Comparison::Ne)),
            _ => unreachable!("operands are checked before"),
        }
    }

    /// The value of the key: the one made before, or made now.
    fn once(&mut self, key: Key, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if let Some(value) = self.merged.get(&key) {
            return *value;
        }
        let value = make(self);
        self.merged.insert(key, value);
        value
    }

    fn number(&mut self) -> Number {
        self.numbers += 1;
        self.numbers - 1
    }

    fn number_step(&mut self, step: impl FnOnce(Number) -> Step) -> Answer {
        let out = self.number();
        self.steps.push(step(out));
        Answer::Number(out)
    }

    fn truth_step(&mut self, step: impl FnOnce(Truth) -> Step) -> Answer {
        let out = self.truths;
        self.truths += 1;
        self.steps.push(step(out));
        Answer::Truth(out)
    }
}

fn identity(column: Answer) -> (bool, usize) {
    match column {
        Answer::Number(index) => (false, index),
        Answer::Truth(index) => (true, index),
    }
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
