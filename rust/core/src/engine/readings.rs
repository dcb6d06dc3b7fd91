//! One rule of one path, close by close: what it read and what it said.

use super::{layout::RulePlan, package::Package, signals::Signals};
use crate::rules::input::Input;

/// A rule of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerRule {
    /// The one that opens it.
    Opens,
    /// The one that closes its tranches.
    Closes,
    /// What an opening or a roll needs besides, by its place among the layer's permits (R87, R88).
    Permit(usize),
    /// The number that its target counts times (R33).
    Weight,
}

/// A rule of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// By its index among the rules that open.
    Enter(usize),
    /// By its index among the rules that close.
    Exit(usize),
    /// By its index among the numbers.
    Number(usize),
}

/// What a rule read and said in lane 0, a row per evaluation.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// What it reads, each with the sessions of windows over it.
    pub(super) inputs: Vec<(Input, u32)>,
    /// Sessions after session 0; negative before it.
    pub tick: Vec<i64>,
    /// Slot of the position; 0 where there is none.
    pub slot: Vec<usize>,
    /// Tick at which the position of the slot was filled; NaN where it holds none.
    pub entered: Vec<f64>,
    /// Of a condition 1 true, 0 false, NaN unknown; of a number it, NaN missing.
    pub answer: Vec<f64>,
    /// Per input, what it was; NaN is missing.
    pub values: Vec<Vec<f64>>,
}

impl Readings {
    /// Nothing read yet.
    pub(super) fn new(rule: &RulePlan) -> Self {
        let program = &rule.program;
        let inputs: Vec<_> = program.inputs().iter().cloned().zip(program.leads().iter().copied()).collect();
        Self { values: vec![vec![]; inputs.len()], inputs, ..Self::default() }
    }

    /// The names that it reads, as rules write them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|(input, _)| input.as_str())
    }

    /// What the same rule read of another package of its layer, whose slots lie behind so many others. Before session 0
    /// there are no positions: that is told once.
    pub(super) fn append(&mut self, other: &Self, places: usize) {
        for row in (0..other.tick.len()).filter(|&row| other.tick[row] >= 0) {
            self.tick.push(other.tick[row]);
            self.slot.push(other.slot[row] + places);
            self.entered.push(other.entered[row]);
            self.answer.push(other.answer[row]);
            for (values, more) in self.values.iter_mut().zip(&other.values) {
                values.push(more[row]);
            }
        }
    }

    /// One more evaluation, of the columns that were observed last.
    pub(super) fn record(&mut self, tick: i64, at: Option<(usize, &Package)>, signals: &Signals, said: f64) {
        let held = at.filter(|(_, package)| package.held.get(0));
        self.tick.push(tick);
        self.slot.push(at.map_or(0, |(slot, _)| slot));
        self.entered.push(held.map_or(f64::NAN, |(_, package)| package.entered[0]));
        self.answer.push(said);
        for ((input, lead), values) in self.inputs.iter().zip(&mut self.values) {
            values.push(signals.column_of(input, *lead)[0]);
        }
    }
}
