//! How large a rule may be: enough for any that a person reads, little enough that no text exhausts the machine.

use super::expr::{Expr, Rule};
use crate::{Error, Result};

/// Deepest nesting of a tree; the binding's JSON reader stops not far above it.
pub const MAX_DEPTH: usize = 50;
/// Most nodes of a tree.
pub const MAX_NODES: usize = 1000;
/// Longest text of a rule, characters.
pub const MAX_TEXT: usize = 4000;
/// Longest window, sessions: ten years.
pub const MAX_WINDOW: u32 = 2520;
/// Most names of one rule: as many columns are looked up in every session.
pub const MAX_INPUTS: usize = 128;
/// Most conditions that vote: k of n takes k (n - k) steps.
pub const MAX_VOTERS: usize = 32;
/// Most sessions that the zscores and percentiles of one rule keep together: 4 KiB each for a block of paths.
pub const MAX_KEPT: u32 = 4 * MAX_WINDOW;
/// Sessions before session 0 in which a latch over the market begins: a year. Its memory has no end, so it is given one
/// that depends on nothing else that runs.
pub const LATCH_MEMORY: u32 = 252;

/// Refuses rules beyond the limits.
pub(super) fn check_size(rule: &Rule) -> Result<()> {
    let too_large =
        |what: String| Err(Error::Rule { rule: shorten(&rule.text), at: shorten(&rule.text), problem: what });
    let length = rule.text.chars().count();
    if length > MAX_TEXT {
        return too_large(format!("{length} characters, where {MAX_TEXT} are allowed"));
    }
    let (mut nodes, mut level, mut depth) = (0, vec![&rule.tree], 0);
    while !level.is_empty() {
        nodes += level.len();
        depth += 1;
        if depth > MAX_DEPTH || nodes > MAX_NODES {
            return too_large(format!(
                "a tree may have {MAX_NODES} nodes, nested {MAX_DEPTH} deep: split the rule"
            ));
        }
        level = level.into_iter().flat_map(operands).collect();
    }
    Ok(())
}

fn operands(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::Const(_) | Expr::Name(_) => &[],
        Expr::Apply { args, .. } => args,
    }
}

fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut short: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}
