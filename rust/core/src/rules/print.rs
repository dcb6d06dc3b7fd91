//! A tree as text, for messages: the same text that the Python package parses.

use std::fmt::{Display, Formatter, Result};

use super::expr::{Expr, Op};

/// How tightly each construct binds, weakest first, as in Python.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
    Atom,
}

impl Binding {
    fn tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Comparison,
            Self::Comparison => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign | Self::Atom => Self::Atom,
        }
    }

    fn of(expr: &Expr) -> Self {
        match expr {
            Expr::Const(value) if value.is_sign_negative() => Self::Sign,
            Expr::Const(_) | Expr::Name(_) => Self::Atom,
            Expr::Apply { op, .. } => match op {
                Op::Or => Self::Or,
                Op::And => Self::And,
                Op::Not => Self::Not,
                Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne => Self::Comparison,
                Op::Add | Op::Sub => Self::Sum,
                Op::Mul | Op::Div => Self::Product,
                Op::Neg => Self::Sign,
                _ => Self::Atom,
            },
        }
    }
}

impl Op {
    /// The word or sign between, before or around the operands.
    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub | Self::Neg => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Abs => "abs",
            Self::Min => "min",
            Self::Max => "max",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::And => "and",
            Self::Or => "or",
            Self::Not => "not",
            Self::Known => "known",
            Self::ForSessions => "for_sessions",
            Self::Latch => "latch",
            Self::Clip => "clip",
            Self::CrossesAbove => "crosses_above",
            Self::CrossesBelow => "crosses_below",
            Self::Rising => "rising",
            Self::Falling => "falling",
            Self::Since => "since",
            Self::Zscore => "zscore",
            Self::Percentile => "percentile",
            Self::Votes => "votes",
            Self::Score => "score",
        }
    }
}

/// Writes the operand, in parentheses where it binds less tightly than its place asks for.
fn operand(f: &mut Formatter<'_>, expr: &Expr, at_least: Binding) -> Result {
    if Binding::of(expr) < at_least { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (op, args, n) = match self {
            Self::Const(value) => return write!(f, "{value}"),
            Self::Name(name) => return f.write_str(name),
            Self::Apply { op, args, n } => (*op, args, n),
        };
        let own = Binding::of(self);
        match (op, args.as_slice()) {
            (Op::ForSessions | Op::Rising | Op::Falling | Op::Zscore | Op::Percentile, [arg]) => {
                // The point after a number would be read as its decimal point.
                let bare = matches!(arg, Self::Name(_))
                    || matches!(arg, Self::Apply { .. } if Binding::of(arg) == Binding::Atom);
                let text = if bare { arg.to_string() } else { format!("({arg})") };
                write!(f, "{text}.{}({})", op.symbol(), n.unwrap_or_default())
            }
            (Op::Neg, [arg]) => {
                f.write_str("-")?;
                operand(f, arg, own)
            }
            (Op::Not, [arg]) => {
                f.write_str("not ")?;
                operand(f, arg, own)
            }
            (_, args) if own == Binding::Atom => {
                let votes = n.map(|n| n.to_string());
                let words: Vec<String> = votes.into_iter().chain(args.iter().map(Self::to_string)).collect();
                write!(f, "{}({})", op.symbol(), words.join(", "))
            }
            (_, args) => {
                for (index, arg) in args.iter().enumerate() {
                    if index > 0 {
                        write!(f, " {} ", op.symbol())?;
                    }
                    // Arithmetic associates to the left; comparisons do not associate, and chains of them read as `and`.
                    let left = index == 0 && matches!(own, Binding::Sum | Binding::Product);
                    operand(f, arg, if left { own } else { own.tighter() })?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_only_where_needed() {
        let name = |s: &str| Expr::Name(s.to_owned());
        let apply = |op, args| Expr::Apply { op, args, n: None };
        let gt = apply(Op::Gt, vec![name("vix"), Expr::Const(28.0)]);
        let window = Expr::Apply { op: Op::ForSessions, args: vec![gt.clone()], n: Some(3) };
        let either = apply(Op::Or, vec![window, apply(Op::Not, vec![gt.clone()])]);
        let difference = apply(Op::Sub, vec![name("a"), apply(Op::Sub, vec![name("b"), Expr::Const(-0.5)])]);
        let latched = apply(Op::Latch, vec![gt, apply(Op::Known, vec![difference])]);
        let both = apply(Op::And, vec![either, latched]);
        assert_eq!(
            both.to_string(),
            "((vix > 28).for_sessions(3) or not vix > 28) and latch(vix > 28, known(a - (b - -0.5)))"
        );
        let method = |op, arg| Expr::Apply { op, args: vec![arg], n: Some(20) };
        let weighed = vec![
            Expr::Const(2.0),
            method(Op::Zscore, name("a")),
            Expr::Const(1.0),
            method(Op::Rising, Expr::Const(5.0)),
        ];
        assert_eq!(apply(Op::Score, weighed).to_string(), "score(2, a.zscore(20), 1, (5).rising(20))");
        let votes = Expr::Apply { op: Op::Votes, args: vec![name("a"), name("b")], n: Some(1) };
        assert_eq!(votes.to_string(), "votes(1, a, b)");
    }
}
