//! Rules that could not be told for want of data: a layer that waits for what is missing stays closed (C24), a size or a
//! budget that follows it counts as its weight states.

use super::{block::Block, layout::RulePlan, plan::Plan, signals::Signals};
use crate::{
    Result,
    math::lanes::{Col, LANES, Mask},
    rules::names::Scope,
};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleOf {
    /// The rule that opens a layer.
    Enter(usize),
    /// What the target of a layer counts times.
    Weight(usize),
    /// What the budgets of the book count times.
    Budget,
}

/// How often a rule of a book was unknown because data were missing, over sessions and paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Index of the book.
    pub book: usize,
    /// Which of its rules.
    pub of: RuleOf,
    /// The rule as its author wrote it.
    pub rule: String,
    /// Closes at which the rule was asked of a book that trades.
    pub sessions: u64,
    /// Of these: unknown while something of the market that it reads, or one of its windows holds, was missing.
    pub unknown: u64,
    /// Openings that were due then and not ordered; a weight withholds none.
    pub withheld: u64,
    /// Per name of the market that was missing in some of these closes, how many.
    pub missing: Vec<(String, u64)>,
}

/// Columns that a rule reads of the market, and how long ago each was last missing.
#[derive(Debug)]
struct Watched {
    input: usize,
    /// Sessions, counted to one beyond what any window of the rule holds.
    since_missing: Box<[u32; LANES]>,
    missing: Mask,
}

/// What is recorded while a block runs.
#[derive(Debug)]
pub(super) struct Gates {
    live: Mask,
    /// Per enter rule, then per number: what it reads, and the lanes in which it is unknown for want of data.
    rules: Vec<(Vec<Watched>, Mask)>,
    counts: Vec<Gate>,
}

impl Gates {
    /// Nothing recorded yet.
    pub fn new(plan: &Plan) -> Self {
        let watched = |rule: &RulePlan| {
            let inputs = rule.program.inputs().iter().enumerate();
            let of_market = inputs.filter(|(_, input)| input.scope() == Scope::Market);
            of_market
                .map(|(input, _)| Watched {
                    input,
                    since_missing: Box::new([u32::MAX; LANES]),
                    missing: Mask::NONE,
                })
                .collect()
        };
        let count = |book: usize, of: RuleOf, rule: &RulePlan| Gate {
            book,
            of,
            rule: rule.text.clone(),
            sessions: 0,
            unknown: 0,
            withheld: 0,
            missing: rule.program.inputs().iter().map(|input| (input.as_str().to_owned(), 0)).collect(),
        };
        let mut counts = vec![];
        for (index, book) in plan.books.iter().enumerate() {
            for (l, layer) in book.shown() {
                let enter = layer.enter.map(|rule| count(index, RuleOf::Enter(l), &plan.enters[rule]));
                let weight = layer.weight.as_ref();
                let weight =
                    weight.map(|weight| count(index, RuleOf::Weight(l), &plan.numbers[weight.number]));
                counts.extend(enter.into_iter().chain(weight));
            }
            let weight = book.budget_weight.as_ref();
            counts.extend(weight.map(|weight| count(index, RuleOf::Budget, &plan.numbers[weight.number])));
        }
        let rules = plan.enters.iter().chain(&plan.numbers);
        Self { live: Mask::NONE, rules: rules.map(|rule| (watched(rule), Mask::NONE)).collect(), counts }
    }

    /// A block of so many paths begins.
    pub fn begin(&mut self, live: usize) {
        self.live = Mask::first(live);
        for watched in self.rules.iter_mut().flat_map(|(watched, _)| watched) {
            watched.since_missing.fill(u32::MAX);
        }
    }

    /// Where the answer of a rule is unknown in this session, in the warm-up as well: its windows begin there.
    pub fn observe(&mut self, index: usize, rule: &RulePlan, unclear: Mask, signals: &Signals) {
        let (watched, unknown) = &mut self.rules[index];
        let mut lacking = Mask::NONE;
        for Watched { input, since_missing, missing } in watched {
            let column: &Col = signals.input(rule, *input);
            let lead = rule.program.leads()[*input];
            for lane in 0..LANES {
                let since = since_missing[lane].saturating_add(1);
                since_missing[lane] = if column[lane].is_finite() { since } else { 0 };
            }
            *missing = Mask::from_fn(|lane| since_missing[lane] <= lead);
            lacking = lacking | *missing;
        }
        *unknown = unclear & lacking;
    }

    /// What a book asked of a rule: `due` are the lanes in which it decides on an opening by it.
    pub fn count(&mut self, book: usize, of: RuleOf, index: usize, trading: Mask, due: Mask) {
        let found = self.counts.iter_mut().find(|gate| (gate.book, gate.of) == (book, of));
        let gate = found.expect("every rule that is asked has its counts");
        let (watched, unknown) = &self.rules[index];
        let asked = trading & self.live;
        let unknown = asked & *unknown;
        gate.sessions += u64::from(asked.count());
        gate.unknown += u64::from(unknown.count());
        gate.withheld += u64::from((unknown & due).count());
        for Watched { input, missing, .. } in watched {
            gate.missing[*input].1 += u64::from((unknown & *missing).count());
        }
    }

    /// What was counted since the last time.
    pub fn take(&mut self) -> Vec<Gate> {
        let mut counts = self.counts.clone();
        for gate in &mut self.counts {
            (gate.sessions, gate.unknown, gate.withheld) = (0, 0, 0);
            gate.missing.iter_mut().for_each(|(_, count)| *count = 0);
        }
        for gate in &mut counts {
            gate.missing.retain(|(_, count)| *count > 0);
        }
        counts
    }
}

impl Plan {
    /// How often data were missing for the enter rules and the weights of each book, over some paths (C24).
    pub fn gates(&self, first_path: u64, paths: usize, threads: usize) -> Result<Vec<Gate>> {
        let blocks = self.blocks(first_path, paths, threads, |block: &mut Block<'_>, first, live| {
            block.follow_gates();
            block.run(first, live);
            block.take_gates()
        })?;
        let mut blocks = blocks.into_iter();
        let mut total = blocks.next().unwrap_or_default();
        for block in blocks {
            for (sum, gate) in total.iter_mut().zip(block) {
                sum.sessions += gate.sessions;
                sum.unknown += gate.unknown;
                sum.withheld += gate.withheld;
                for (name, count) in gate.missing {
                    match sum.missing.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, so_far)) => *so_far += count,
                        None => sum.missing.push((name, count)),
                    }
                }
            }
        }
        for gate in &mut total {
            gate.missing.sort();
        }
        Ok(total)
    }
}
