//! One step of a program: which column it fills, and from which others.

use super::family::Evidence;

/// A column of numbers in [`Memory`](super::program::Memory).
pub(super) type Number = usize;
/// A column of conditions in [`Memory`](super::program::Memory).
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

/// A term of a score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub weight: f64,
    pub column: Answer,
    /// What it is evidence of.
    pub of: Evidence,
}

/// A column of either bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Number(Number),
    Truth(Truth),
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
    Score { first: usize, terms: usize, out: Number },
    ForSessions { a: Truth, cell: usize, out: Truth },
    Latch { on: Truth, off: Truth, cell: usize, out: Truth },
    BeforeTruth { a: Truth, cell: usize, out: Truth },
    BeforeNumber { a: Number, cell: usize, out: Number },
    Since { a: Truth, cell: usize, out: Number },
    Zscore { a: Number, cell: usize, out: Number },
    Percentile { a: Number, cell: usize, out: Number },
}

impl Step {
    /// The column that it fills.
    pub fn out(self) -> Answer {
        match self {
            Self::Load { out, .. }
            | Self::Arithmetic { out, .. }
            | Self::Neg { out, .. }
            | Self::Abs { out, .. }
            | Self::Score { out, .. }
            | Self::BeforeNumber { out, .. }
            | Self::Since { out, .. }
            | Self::Zscore { out, .. }
            | Self::Percentile { out, .. } => Answer::Number(out),
            Self::Compare { out, .. }
            | Self::KnownNumber { out, .. }
            | Self::KnownTruth { out, .. }
            | Self::Not { out, .. }
            | Self::And { out, .. }
            | Self::Or { out, .. }
            | Self::ForSessions { out, .. }
            | Self::Latch { out, .. }
            | Self::BeforeTruth { out, .. } => Answer::Truth(out),
        }
    }

    /// The columns that it reads; `terms` are those of every score of the program.
    pub fn operands(self, terms: &[Term]) -> Vec<Answer> {
        use Answer::{Number, Truth};
        match self {
            Self::Load { .. } => vec![],
            Self::Arithmetic { a, b, .. } | Self::Compare { a, b, .. } => vec![Number(a), Number(b)],
            Self::Neg { a, .. }
            | Self::Abs { a, .. }
            | Self::KnownNumber { a, .. }
            | Self::BeforeNumber { a, .. }
            | Self::Zscore { a, .. }
            | Self::Percentile { a, .. } => vec![Number(a)],
            Self::KnownTruth { a, .. }
            | Self::Not { a, .. }
            | Self::ForSessions { a, .. }
            | Self::BeforeTruth { a, .. }
            | Self::Since { a, .. } => vec![Truth(a)],
            Self::And { a, b, .. } | Self::Or { a, b, .. } => vec![Truth(a), Truth(b)],
            Self::Latch { on, off, .. } => vec![Truth(on), Truth(off)],
            Self::Score { first, terms: count, .. } => {
                terms[first..first + count].iter().map(|term| term.column).collect()
            }
        }
    }

    /// The cell of a step that looks back.
    pub fn cell(self) -> Option<usize> {
        match self {
            Self::ForSessions { cell, .. }
            | Self::Latch { cell, .. }
            | Self::BeforeTruth { cell, .. }
            | Self::BeforeNumber { cell, .. }
            | Self::Since { cell, .. }
            | Self::Zscore { cell, .. }
            | Self::Percentile { cell, .. } => Some(cell),
            _ => None,
        }
    }
}
