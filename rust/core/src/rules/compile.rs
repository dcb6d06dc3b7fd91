//! Tree → [`Program`]: names become slots, types are checked, equal subtrees are merged, what looks back gets its cell.
//!
//! Every error that a rule can have is found here and names the sub-expression at fault.

use std::{collections::HashMap, sync::Arc};

use super::{
    cell::{CellPlan, Past},
    expr::{Count, Expr, Kind, Op, Rule},
    family::of_terms,
    input::Input,
    leads::Leads,
    limits::{MAX_INPUTS, MAX_KEPT, MAX_WINDOW, check_size},
    names::Scope,
    parted::Parted,
    step::{Answer, Number, Step, Term},
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
        Self::compile_given(rule, scope, &[])
    }

    /// [`Program::compile`] where signals from outside are given, by their names.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile_given(rule: &Rule, scope: Scope, given: &[Arc<str>]) -> Result<Self> {
        let program = compile(rule, scope, given)?;
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
    pub fn compile_number(rule: &Rule, scope: Scope, given: &[Arc<str>]) -> Result<Self> {
        let program = compile(rule, scope, given)?;
        match program.answer {
            Answer::Number(_) => Ok(program),
            Answer::Truth(_) => {
                Err(fault(rule, &rule.tree, "a number is wanted here, and this is a condition".to_owned()))
            }
        }
    }
}

fn compile(rule: &Rule, scope: Scope, given: &[Arc<str>]) -> Result<Program> {
    check_size(rule)?;
    let mut compiler = Compiler::new(rule, scope, given);
    let value = compiler.node(&rule.tree)?;
    let Compiler { inputs, constants, steps, terms, mut cells, numbers, truths, .. } = compiler;
    let leads = Leads::new(&steps, &terms, &cells, numbers, truths);
    leads.begin(&steps, &mut cells);
    let loads = steps.iter().filter(|step| matches!(step, Step::Load { .. }));
    let wanted = loads.map(|load| leads.of(load.out())).collect();
    let Parted { steps, shared, handed_on } =
        Parted::new(steps, &terms, &inputs, value.column, numbers, truths);
    Ok(Program {
        leads: wanted,
        inputs,
        constants,
        steps,
        shared,
        handed_on,
        terms,
        cells,
        numbers,
        truths,
        answer: value.column,
        warm_up: value.warm_up,
    })
}

fn fault(rule: &Rule, at: &Expr, problem: String) -> Error {
    Error::Rule { rule: rule.text.clone(), at: at.to_string(), problem }
}

/// What is known of a compiled node.
#[derive(Clone, Copy)]
pub(super) struct Value {
    pub column: Answer,
    /// The narrowest scope that sees everything in the node.
    pub scope: Scope,
    /// Sessions of the past that it needs.
    pub warm_up: u32,
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
pub(super) enum Key {
    Const(u64),
    Name(Input),
    Apply(Op, Option<u32>, Vec<Column>),
    Before(Column),
}

/// Is it a condition, and the index in its bank.
pub(super) type Column = (bool, usize);

pub(super) struct Compiler<'a> {
    rule: &'a Rule,
    scope: Scope,
    given: &'a [Arc<str>],
    inputs: Vec<Input>,
    constants: Vec<(Number, f64)>,
    steps: Vec<Step>,
    pub terms: Vec<Term>,
    cells: Vec<CellPlan>,
    numbers: usize,
    truths: usize,
    merged: HashMap<Key, Value>,
}

impl<'a> Compiler<'a> {
    fn new(rule: &'a Rule, scope: Scope, given: &'a [Arc<str>]) -> Self {
        Self {
            rule,
            scope,
            given,
            inputs: vec![],
            constants: vec![],
            steps: vec![],
            terms: vec![],
            cells: vec![],
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
        let read = Input::resolve(text, self.scope, self.given)
            .map_err(|problem| fault(self.rule, expr, problem))?;
        if self.inputs.len() == MAX_INPUTS && !self.inputs.contains(&read) {
            return Err(fault(self.rule, expr, format!("a rule may speak of {MAX_INPUTS} names")));
        }
        Ok(self.once(Key::Name(read.clone()), |compiler| {
            let (input, scope, warm_up) = (compiler.inputs.len(), read.scope(), read.warm_up());
            compiler.inputs.push(read);
            let column = compiler.number_step(|out| Step::Load { input, out });
            Value { column, scope, warm_up }
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
        let value = if op == Op::Score {
            let evidence = of_terms(args, &self.rule.families);
            self.score(&values, &evidence.map_err(|problem| fault(self.rule, expr, problem))?)
        } else {
            self.operator(op, n, &values)
        };
        self.check_kept(expr)?;
        Ok(value)
    }

    fn check_shape(&self, expr: &Expr, op: Op, args: &[Expr], n: Option<u32>) -> Result<()> {
        let refuse = |problem: String| Err(fault(self.rule, expr, problem));
        let (fewest, most) = op.arity();
        if args.len() < fewest || args.len() > most {
            let wanted = match most {
                _ if fewest == most => fewest.to_string(),
                usize::MAX => format!("{fewest} or more"),
                most => format!("{fewest} to {most}"),
            };
            return refuse(format!("`{}` takes {wanted} operands, not {}", op.symbol(), args.len()));
        }
        match (op.count(), n) {
            (Count::Absent, None) => {}
            (Count::Absent, Some(_)) => return refuse(format!("`{}` has no window n", op.symbol())),
            (Count::Sessions(least), Some(n)) if (least..=MAX_WINDOW).contains(&n) => {}
            (Count::Sessions(least), _) => {
                let wanted = format!("a whole number of sessions from {least} to {MAX_WINDOW}");
                return refuse(format!("`{}` takes {wanted}", op.symbol()));
            }
            (Count::Operands, Some(n)) if (1..=args.len()).contains(&(n as usize)) => {}
            (Count::Operands, _) => {
                let wanted = format!("a whole number of conditions that must hold from 1 to {}", args.len());
                return refuse(format!("`{}` takes {wanted}", op.symbol()));
            }
        }
        if op == Op::Score {
            let positive = |weight: &Expr| matches!(weight, Expr::Const(w) if *w > 0.0);
            if !args.len().is_multiple_of(2) {
                return refuse(format!(
                    "`score` takes pairs of weight and term, not {} operands",
                    args.len()
                ));
            }
            if let Some(weight) = args.iter().step_by(2).find(|weight| !positive(weight)) {
                let problem = "a weight of `score` is a constant above 0: score(2, vix > 28, 1, rsi_14 < 30)";
                return Err(fault(self.rule, weight, problem.to_owned()));
            }
        }
        Ok(())
    }

    /// What windows keep of every session is bounded for the rule as a whole; equal ones are kept once.
    fn check_kept(&self, expr: &Expr) -> Result<()> {
        let kept: u32 = self.cells.iter().map(|cell| cell.past.kept()).sum();
        if kept <= MAX_KEPT {
            return Ok(());
        }
        let problem =
            format!("the windows of zscore and percentile in a rule may span {MAX_KEPT} sessions together");
        Err(fault(self.rule, expr, problem))
    }

    /// The value of the key: the one made before, or made now.
    pub fn once(&mut self, key: Key, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if let Some(value) = self.merged.get(&key) {
            return *value;
        }
        let value = make(self);
        self.merged.insert(key, value);
        value
    }

    /// A cell for what an operator over values of the scope remembers, and the sessions that it wants beforehand.
    pub fn cell(&mut self, past: Past, scope: Scope) -> (usize, u32) {
        let plan = CellPlan { past, scope, begins: u32::MAX };
        self.cells.push(plan);
        (self.cells.len() - 1, plan.looks_back())
    }

    /// The value of a constant's column.
    pub fn constant_of(&self, column: Answer) -> f64 {
        let found = self.constants.iter().find(|(out, _)| matches!(column, Answer::Number(a) if a == *out));
        found.expect("weights are checked to be constants").1
    }

    fn number(&mut self) -> Number {
        self.numbers += 1;
        self.numbers - 1
    }

    pub fn number_step(&mut self, step: impl FnOnce(Number) -> Step) -> Answer {
        let out = self.number();
        self.steps.push(step(out));
        Answer::Number(out)
    }

    pub fn truth_step(&mut self, step: impl FnOnce(usize) -> Step) -> Answer {
        let out = self.truths;
        self.truths += 1;
        self.steps.push(step(out));
        Answer::Truth(out)
    }
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
