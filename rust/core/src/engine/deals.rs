//! What one book did on every path: openings, closings, transfers, deposits, refusals, and what came to less than a lot.

use super::trace::Event;

/// Names of what is kept; of the column `kind` the index here. A skip is kept where lots had been found (R42).
pub const KINDS: &[&str] = &[
    "open",
    "settle",
    "close",
    "reduce",
    "monetise",
    "transfer",
    "deposit",
    "refuse",
    "ruin",
    "resize",
    "skip",
    "write",
    "buy_back",
    "settle_short",
];

/// Names of the columns, in order; `layer` and `slot` are −1 and `pnl` is missing where there is none. `by` says who
/// closed: 0 a rule, or the calendar; 1 a roll; 2 force, which is a margin call or ruin. `other` says which of the layer's
/// packages, `unrounded` how many lots of it an opening or skip had before they were made whole.
pub const NAMES: &[&str] = &[
    "lane",
    "tick",
    "kind",
    "layer",
    "slot",
    "lots",
    "price",
    "cash",
    "pnl",
    "by",
    "variance_sold",
    "variance_forward",
    "other",
    "unrounded",
];

/// One of them: its lane, and its columns from `tick` on.
pub type Deal = (usize, [f64; NAMES.len() - 1]);

/// What is kept of an event, if anything.
pub fn deal(lane: usize, tick: u32, event: &Event) -> Option<Deal> {
    let kind = KINDS.iter().position(|&kind| kind == event.kind)?;
    if event.kind == "skip" && event.unrounded.is_nan() {
        return None;
    }
    let index = |at: Option<usize>| at.map_or(-1.0, |at| at as f64);
    let (layer, slot) = (index(event.layer), index(event.slot));
    let by = match event.reason.as_str() {
        // Of an opening what bound it follows.
        reason if reason == "roll" || reason.starts_with("roll;") => 1.0,
        "margin call" | "ruin" => 2.0,
        _ => 0.0,
    };
    let [sold, forward] = event.variances;
    let Event { lots, price, cash, pnl, unrounded, .. } = *event;
    let (tick, kind, other) = (f64::from(tick), kind as f64, event.other as f64);
    let told = [tick, kind, layer, slot, lots, price, cash, pnl, by, sold, forward, other, unrounded];
    Some((lane, told))
}

/// Per name, an element per deal of the first `live` lanes: by path, then as they happened.
pub fn columns(mut deals: Vec<Deal>, live: usize) -> Vec<Vec<f64>> {
    deals.retain(|(lane, _)| *lane < live);
    deals.sort_by_key(|(lane, _)| *lane);
    let lanes = deals.iter().map(|(lane, _)| *lane as f64).collect();
    let told = (0..NAMES.len() - 1).map(|name| deals.iter().map(|(_, told)| told[name]).collect());
    std::iter::once(lanes).chain(told).collect()
}
