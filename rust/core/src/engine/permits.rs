//! Governance in the engine: openings and rolls that wait for permits, and how often they were withheld (R87, R88).

use super::{
    layout::{BookPlan, LayerPlan},
    plan::Plan,
};
use crate::{
    math::lanes::{LANES, Mask, Tri},
    rules::program::Memory,
};

/// What governance did with the openings, or the rolls, of a layer, over sessions and paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Governed {
    /// Index of the book.
    pub book: usize,
    /// Index of the layer in it.
    pub layer: usize,
    /// Rolls rather than openings.
    pub rolls: bool,
    /// Actions that the layer would have ordered.
    pub wanted: u64,
    /// Of these: not permitted.
    pub withheld: u64,
    /// Of these: permitted or withheld by a person, against the permits.
    pub overridden: u64,
    /// Per permit that was not true where one was withheld: how often, and how often because it was unknown.
    pub by: Vec<(String, u64, u64)>,
}

/// A condition that an opening and a roll of a layer need besides its own rule.
#[derive(Debug)]
pub(super) struct Permit {
    pub name: String,
    /// Index among the rules that open.
    pub rule: usize,
    /// Needed by rolls alone.
    pub rolls_only: bool,
}

/// What is recorded while a block runs.
#[derive(Debug)]
pub(super) struct Permits {
    live: Mask,
    counts: Vec<Governed>,
}

impl LayerPlan {
    /// Does anybody ask before it opens, or before it rolls?
    fn asks(&self, rolls: bool) -> bool {
        self.needed(rolls).next().is_some() || !self.overrides.is_empty()
    }

    /// Does anybody ask before it acts?
    pub fn governed(&self) -> bool {
        self.asks(true)
    }

    /// What a roll needs, or an opening.
    fn needed(&self, rolls: bool) -> impl Iterator<Item = &Permit> {
        self.permits.iter().filter(move |permit| rolls || !permit.rolls_only)
    }

    /// Lanes in which its permits are all true.
    fn by_rule(&self, rolls: bool, enters: &[(Memory, Tri)]) -> Mask {
        self.needed(rolls).fold(Mask::ALL, |lanes, permit| lanes & enters[permit.rule].1.is_true())
    }

    /// Lanes in which it may roll, or open: by its permits, or by what a person decided for the session.
    pub fn permitted(&self, rolls: bool, enters: &[(Memory, Tri)], session: &[u32; LANES]) -> Mask {
        self.overrides.iter().fold(self.by_rule(rolls, enters), |lanes, decided| {
            let here = Mask::from_fn(|i| session[i] == decided.session);
            if decided.allow { lanes | here } else { lanes & !here }
        })
    }

    /// The permits of a roll, or of an opening, that are not true in a lane, by name.
    pub fn objections(&self, rolls: bool, enters: &[(Memory, Tri)], lane: usize) -> String {
        let against = self.needed(rolls).filter(|permit| !enters[permit.rule].1.is_true().get(lane));
        let names: Vec<&str> = against.map(|permit| permit.name.as_str()).collect();
        if names.is_empty() { "override".into() } else { names.join(", ") }
    }
}

impl Permits {
    /// Nothing recorded yet.
    pub fn new(plan: &Plan) -> Self {
        let mut counts = vec![];
        for (book, BookPlan { layers, .. }) in plan.books.iter().enumerate() {
            for (index, layer) in layers.iter().enumerate().filter(|(_, layer)| layer.governed()) {
                for rolls in [false, true] {
                    if layer.asks(rolls) && (!rolls || layer.roll_below.is_some()) {
                        let by = layer.needed(rolls).map(|permit| (permit.name.clone(), 0, 0)).collect();
                        let (wanted, withheld, overridden) = (0, 0, 0);
                        counts.push(Governed { book, layer: index, rolls, wanted, withheld, overridden, by });
                    }
                }
            }
        }
        Self { live: Mask::NONE, counts }
    }

    /// A block of so many paths begins.
    pub fn begin(&mut self, live: usize) {
        self.live = Mask::first(live);
    }

    /// The lanes in which a layer would act, and those in which it may.
    pub fn count(
        &mut self,
        (book, layer, rolls): (usize, usize, bool),
        plan: &LayerPlan,
        (wanted, permitted): (Mask, Mask),
        enters: &[(Memory, Tri)],
    ) {
        let found =
            self.counts.iter_mut().find(|row| (row.book, row.layer, row.rolls) == (book, layer, rolls));
        let Some(row) = found else { return };
        let wanted = wanted & self.live;
        let by_rule = plan.by_rule(rolls, enters);
        let count = |lanes: Mask| u64::from((wanted & lanes).count());
        row.wanted += count(Mask::ALL);
        row.withheld += count(!permitted);
        row.overridden += count((permitted & !by_rule) | (by_rule & !permitted));
        for (permit, (_, against, unclear)) in plan.needed(rolls).zip(&mut row.by) {
            let said = enters[permit.rule].1;
            *against += count(!permitted & !said.is_true());
            *unclear += count(!permitted & !said.known);
        }
    }

    /// What was counted since the last time.
    pub fn take(&mut self) -> Vec<Governed> {
        let counts = self.counts.clone();
        for row in &mut self.counts {
            (row.wanted, row.withheld, row.overridden) = (0, 0, 0);
            row.by.iter_mut().for_each(|(_, against, unclear)| (*against, *unclear) = (0, 0));
        }
        counts
    }
}

impl Plan {
    /// What governance did with the openings and rolls of each layer that is governed, over some paths (R87, R88).
    pub fn governed(&self, first_path: u64, paths: usize, threads: usize) -> crate::Result<Vec<Governed>> {
        let blocks = self.blocks(first_path, paths, threads, |block, first, live| {
            block.follow_permits();
            block.run(first, live);
            block.take_permits()
        })?;
        let mut blocks = blocks.into_iter();
        let mut total = blocks.next().unwrap_or_default();
        for (at, row) in blocks.flat_map(|block| block.into_iter().enumerate()) {
            let sum = &mut total[at];
            sum.wanted += row.wanted;
            sum.withheld += row.withheld;
            sum.overridden += row.overridden;
            for (mine, (_, against, unclear)) in sum.by.iter_mut().zip(row.by) {
                mine.1 += against;
                mine.2 += unclear;
            }
        }
        Ok(total)
    }
}
