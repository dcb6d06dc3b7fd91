//! The tree of a rule, one to one with its JSON.
//!
//! ```json
//! {"text": "vix > 28", "tree": {"op": "gt", "args": [{"name": "vix"}, {"const": 28.0}]}}
//! ```

use serde::{Deserialize, Serialize};

use super::{family::Families, limits::MAX_VOTERS};

/// A rule as it travels: the source, kept verbatim for people, and the tree, which alone decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The source as its author wrote it.
    pub text: String,
    /// What it means.
    pub tree: Expr,
    /// Families of the names in scores that are not the engine's own.
    #[serde(default, skip_serializing_if = "Families::is_empty")]
    pub families: Families,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Node", into = "Node")]
pub enum Expr {
    /// A number: `{"const": 0.5}`.
    Const(f64),
    /// A named column: `{"name": "vix"}`.
    Name(String),
    /// An operator and its operands: `{"op": "lt", "args": [...]}`.
    Apply {
        /// The operator.
        op: Op,
        /// Its operands, left to right.
        args: Vec<Expr>,
        /// The whole number of operators that have one, mostly the length of a window in sessions: `"n": 3`.
        n: Option<u32>,
    },
}

/// The operators, by their names in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; missing where the divisor is zero.
    Div,
    /// Change of sign.
    Neg,
    /// Absolute value.
    Abs,
    /// The smallest; missing where any operand is.
    Min,
    /// The largest; missing where any operand is.
    Max,
    /// Less than.
    Lt,
    /// At most.
    Le,
    /// Greater than.
    Gt,
    /// At least.
    Ge,
    /// Equal.
    Eq,
    /// Different.
    Ne,
    /// Kleene's conjunction.
    And,
    /// Kleene's disjunction.
    Or,
    /// Kleene's negation.
    Not,
    /// Is the operand, number or condition, known? Always true or false itself.
    Known,
    /// The conjunction of the operand's values in the last n sessions.
    ForSessions,
    /// True from the session in which the first operand is true until one in which the second is.
    Latch,
    /// The first operand, no less than the second and no more than the third.
    Clip,
    /// Above now, and not above in the session before.
    CrossesAbove,
    /// Below now, and not below in the session before.
    CrossesBelow,
    /// Higher than the session before, in each of the last n sessions.
    Rising,
    /// Lower than the session before, in each of the last n sessions.
    Falling,
    /// Sessions since the operand was last true: 0 in that session; missing once it is not certain.
    Since,
    /// Standard deviations from the mean of the last n sessions.
    Zscore,
    /// Share of the n - 1 sessions before that were strictly lower: 0 to 100.
    Percentile,
    /// Are at least n of the operands true? False once the unknown ones could not make it so.
    Votes,
    /// Weighted mean of the terms that are known; operands are weight, term, weight, term.
    Score,
}

/// What the whole number `n` of an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The operator has none.
    Absent,
    /// Sessions, at least that many.
    Sessions(u32),
    /// Operands, at least one.
    Operands,
}

/// What an operand or a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A condition: true, false or unknown.
    Condition,
}

impl Kind {
    /// The word used in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Condition => "a condition",
        }
    }
}

impl Op {
    /// What the operands must be; `None`: either.
    pub const fn takes(self) -> Option<Kind> {
        match self {
            Self::And
            | Self::Or
            | Self::Not
            | Self::ForSessions
            | Self::Latch
            | Self::Since
            | Self::Votes => Some(Kind::Condition),
            Self::Known | Self::Score => None,
            _ => Some(Kind::Number),
        }
    }

    /// The fewest and the most operands.
    pub const fn arity(self) -> (usize, usize) {
        match self {
            Self::Neg
            | Self::Abs
            | Self::Not
            | Self::Known
            | Self::ForSessions
            | Self::Rising
            | Self::Falling
            | Self::Since
            | Self::Zscore
            | Self::Percentile => (1, 1),
            Self::And | Self::Or | Self::Min | Self::Max => (2, usize::MAX),
            Self::Votes => (2, MAX_VOTERS),
            Self::Clip => (3, 3),
            Self::Score => (4, usize::MAX),
            _ => (2, 2),
        }
    }

    /// What its whole number is.
    pub const fn count(self) -> Count {
        match self {
            Self::ForSessions | Self::Rising | Self::Falling => Count::Sessions(1),
            // One session has neither a spread nor a rank.
            Self::Zscore | Self::Percentile => Count::Sessions(2),
            Self::Votes => Count::Operands,
            _ => Count::Absent,
        }
    }
}

/// The JSON of a node: exactly one of `const`, `name` and `op`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    #[serde(rename = "const", default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<Op>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    args: Option<Vec<Expr>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
}

impl TryFrom<Node> for Expr {
    type Error = &'static str;

    fn try_from(node: Node) -> Result<Self, Self::Error> {
        match node {
            Node { value: Some(value), name: None, op: None, args: None, n: None } => Ok(Self::Const(value)),
            Node { value: None, name: Some(name), op: None, args: None, n: None } => Ok(Self::Name(name)),
            Node { value: None, name: None, op: Some(op), args: Some(args), n } => {
                Ok(Self::Apply { op, args, n })
            }
            _ => Err(r#"a node of a rule is {"const": x}, {"name": s} or {"op": s, "args": [...]}"#),
        }
    }
}

impl From<Expr> for Node {
    fn from(expr: Expr) -> Self {
        match expr {
            Expr::Const(value) => Self { value: Some(value), ..Self::default() },
            Expr::Name(name) => Self { name: Some(name), ..Self::default() },
            Expr::Apply { op, args, n } => Self { op: Some(op), args: Some(args), n, ..Self::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_round_trip() {
        let json = r#"{"text":"(vix > 28.5).for_sessions(3)","tree":{"op":"for_sessions","args":[{"op":"gt","args":[{"name":"vix"},{"const":28.5}]}],"n":3}}"#;
        let rule: Rule = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), json);
    }

    #[test]
    fn malformed_json_is_refused() {
        for json in [
            "{}",
            r#"{"const": 1, "name": "vix"}"#,
            r#"{"op": "gt"}"#,
            r#"{"op": "xor", "args": []}"#,
            r#"{"name": "vix", "unit": "points"}"#,
            r#"{"const": 1e999}"#,
        ] {
            assert!(serde_json::from_str::<Expr>(json).is_err(), "{json}");
        }
    }
}
