//! What each operator compiles to. Most are made of few steps: `crosses_above` is a comparison and its last value, `votes`
//! a lattice of `and` and `or`, so that three-valued logic has one definition.

use super::{
    cell::Past,
    compile::{Column, Compiler, Key, Value},
    expr::Op,
    family::Evidence,
    step::{Answer, Arithmetic, Comparison, Number, Step, Term},
};

/// What the checks of the compiler rule out.
const CHECKED: &str = "operands are checked before";

impl Compiler<'_> {
    /// The operator applied to operands of the right kind and number.
    pub(super) fn operator(&mut self, op: Op, n: Option<u32>, values: &[Value]) -> Value {
        match (op, values) {
            (Op::Clip, [a, low, high]) => {
                let raised = self.binary(Op::Max, *a, *low);
                self.binary(Op::Min, raised, *high)
            }
            (Op::CrossesAbove, [a, b]) => self.crossing(Op::Gt, *a, *b),
            (Op::CrossesBelow, [a, b]) => self.crossing(Op::Lt, *a, *b),
            (Op::Rising, [a]) => self.trend(Op::Gt, n, *a),
            (Op::Falling, [a]) => self.trend(Op::Lt, n, *a),
            (Op::Votes, voters) => self.votes(n.expect(CHECKED) as usize, voters),
            (_, [a]) => self.unary(op, n, *a),
            // Operators of any number of operands are folded from the left.
            (_, [first, rest @ ..]) => rest.iter().fold(*first, |a, b| self.binary(op, a, *b)),
            _ => unreachable!("{CHECKED}"),
        }
    }

    fn unary(&mut self, op: Op, n: Option<u32>, a: Value) -> Value {
        self.once(Key::Apply(op, n, vec![identity(a.column)]), |compiler| {
            let sessions = n.unwrap_or(1);
            let past = match op {
                Op::ForSessions => Some(Past::Window(sessions)),
                Op::Since => Some(Past::Since),
                Op::Zscore => Some(Past::Moments(sessions)),
                Op::Percentile => Some(Past::Rank(sessions)),
                _ => None,
            };
            if let Some(past) = past {
                let (cell, before) = compiler.cell(past, a.scope);
                let column = compiler.looking_back(op, a.column, cell);
                return Value { column, warm_up: a.warm_up + before, ..a };
            }
            let column = match (op, a.column) {
                (Op::Neg, Answer::Number(a)) => compiler.number_step(|out| Step::Neg { a, out }),
                (Op::Abs, Answer::Number(a)) => compiler.number_step(|out| Step::Abs { a, out }),
                (Op::Known, Answer::Number(a)) => compiler.truth_step(|out| Step::KnownNumber { a, out }),
                (Op::Known, Answer::Truth(a)) => compiler.truth_step(|out| Step::KnownTruth { a, out }),
                (Op::Not, Answer::Truth(a)) => compiler.truth_step(|out| Step::Not { a, out }),
                _ => unreachable!("{CHECKED}"),
            };
            Value { column, ..a }
        })
    }

    fn looking_back(&mut self, op: Op, a: Answer, cell: usize) -> Answer {
        match (op, a) {
            (Op::ForSessions, Answer::Truth(a)) => self.truth_step(|out| Step::ForSessions { a, cell, out }),
            (Op::Since, Answer::Truth(a)) => self.number_step(|out| Step::Since { a, cell, out }),
            (Op::Zscore, Answer::Number(a)) => self.number_step(|out| Step::Zscore { a, cell, out }),
            (Op::Percentile, Answer::Number(a)) => self.number_step(|out| Step::Percentile { a, cell, out }),
            _ => unreachable!("{CHECKED}"),
        }
    }

    fn binary(&mut self, op: Op, a: Value, b: Value) -> Value {
        self.once(Key::Apply(op, None, vec![identity(a.column), identity(b.column)]), |compiler| {
            let scope = a.scope.max(b.scope);
            let mut before = a.warm_up.max(b.warm_up);
            let column = match (a.column, b.column) {
                (Answer::Number(a), Answer::Number(b)) => compiler.of_numbers(op, a, b),
                (Answer::Truth(a), Answer::Truth(b)) if op == Op::And => {
                    compiler.truth_step(|out| Step::And { a, b, out })
                }
                (Answer::Truth(on), Answer::Truth(off)) if op == Op::Latch => {
                    let (cell, memory) = compiler.cell(Past::Latch, scope);
                    before += memory;
                    compiler.truth_step(|out| Step::Latch { on, off, cell, out })
                }
                (Answer::Truth(a), Answer::Truth(b)) => compiler.truth_step(|out| Step::Or { a, b, out }),
                _ => unreachable!("{CHECKED}"),
            };
            Value { column, scope, warm_up: before }
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
            _ => unreachable!("{CHECKED}"),
        }
    }

    /// The value in the session before; missing or unknown in the first.
    fn before(&mut self, a: Value) -> Value {
        self.once(Key::Before(identity(a.column)), |compiler| {
            let past = if matches!(a.column, Answer::Number(_)) { Past::Number } else { Past::Truth };
            let (cell, session) = compiler.cell(past, a.scope);
            let column = match a.column {
                Answer::Number(a) => compiler.number_step(|out| Step::BeforeNumber { a, cell, out }),
                Answer::Truth(a) => compiler.truth_step(|out| Step::BeforeTruth { a, cell, out }),
            };
            Value { column, warm_up: a.warm_up + session, ..a }
        })
    }

    /// The comparison holds, and did not in the session before.
    fn crossing(&mut self, comparison: Op, a: Value, b: Value) -> Value {
        let now = self.binary(comparison, a, b);
        let before = self.before(now);
        let was_not = self.unary(Op::Not, None, before);
        self.binary(Op::And, now, was_not)
    }

    /// The comparison with the session before holds in each of the last n sessions.
    fn trend(&mut self, comparison: Op, n: Option<u32>, a: Value) -> Value {
        let before = self.before(a);
        let step = self.binary(comparison, a, before);
        self.unary(Op::ForSessions, n, step)
    }

    /// At least k of the voters: j of the first i are j of the first i - 1, or j - 1 of those and voter i.
    ///
    /// The formula has no negation, so Kleene's logic is exact: unknown only if the unknown voters decide.
    fn votes(&mut self, k: usize, voters: &[Value]) -> Value {
        let mut at_least: Vec<Option<Value>> = vec![None; k + 1];
        for (index, voter) in voters.iter().enumerate() {
            let remaining = voters.len() - index - 1;
            // From the top, so that `at_least[j - 1]` is still that of the voters before; what can no longer matter is left.
            for j in (k.saturating_sub(remaining).max(1)..=k.min(index + 1)).rev() {
                let with = match at_least[j - 1] {
                    Some(fewer) => self.binary(Op::And, fewer, *voter),
                    None => *voter,
                };
                at_least[j] = Some(match at_least[j] {
                    Some(without) => self.binary(Op::Or, without, with),
                    None => with,
                });
            }
        }
        at_least[k].expect(CHECKED)
    }

    /// The weighted mean of pairs of weight and term; `evidence` is that of each term.
    pub(super) fn score(&mut self, pairs: &[Value], evidence: &[Evidence]) -> Value {
        let key = Key::Apply(Op::Score, None, pairs.iter().map(|value| identity(value.column)).collect());
        self.once(key, |compiler| {
            let first = compiler.terms.len();
            for (pair, &of) in pairs.chunks_exact(2).zip(evidence) {
                let weight = compiler.constant_of(pair[0].column);
                compiler.terms.push(Term { weight, column: pair[1].column, of });
            }
            let terms = pairs.len() / 2;
            let column = compiler.number_step(|out| Step::Score { first, terms, out });
            let scope = pairs.iter().map(|value| value.scope).max().expect(CHECKED);
            let warm_up = pairs.iter().map(|value| value.warm_up).max().expect(CHECKED);
            Value { column, scope, warm_up }
        })
    }
}

fn identity(column: Answer) -> Column {
    match column {
        Answer::Number(index) => (false, index),
        Answer::Truth(index) => (true, index),
    }
}
