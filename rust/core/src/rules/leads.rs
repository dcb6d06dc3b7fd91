//! How far before session 0 each node of a program has to be there, seen from what is above it.
//!
//! `realised_vol_21.zscore(63)` wants the indicator 62 sessions before session 0, so that the indicator begins its own
//! warm-up that much earlier; what else stands in the rule, or in another arm, moves neither.

use super::{
    cell::{CellPlan, Past},
    limits::LATCH_MEMORY,
    names::Scope,
    step::{Answer, Step, Term},
};

/// What the nodes of a program want of the past.
pub(super) struct Leads {
    numbers: Vec<u32>,
    truths: Vec<u32>,
}

impl Leads {
    /// Walks the steps from the answer down: each operand is wanted as early as its reader, and the reader's window before.
    pub fn new(steps: &[Step], terms: &[Term], cells: &[CellPlan], numbers: usize, truths: usize) -> Self {
        let mut leads = Self { numbers: vec![0; numbers], truths: vec![0; truths] };
        for step in steps.iter().rev() {
            let back = step.cell().map_or(0, |cell| cells[cell].looks_back());
            let wanted = leads.of(step.out()) + back;
            for operand in step.operands(terms) {
                let lead = leads.slot(operand);
                *lead = wanted.max(*lead);
            }
        }
        leads
    }

    /// Sessions before session 0 from which on the column is wanted.
    pub fn of(&self, column: Answer) -> u32 {
        match column {
            Answer::Number(index) => self.numbers[index],
            Answer::Truth(index) => self.truths[index],
        }
    }

    fn slot(&mut self, column: Answer) -> &mut u32 {
        match column {
            Answer::Number(index) => &mut self.numbers[index],
            Answer::Truth(index) => &mut self.truths[index],
        }
    }

    /// Says of every cell when it begins: a memory without an end over the market a year before it is wanted, what reads
    /// a book with the path. The others see all there is: a window ends by itself, and a position has its own beginning.
    pub fn begin(&self, steps: &[Step], cells: &mut [CellPlan]) {
        for step in steps {
            let Some(cell) = step.cell() else { continue };
            let plan = &mut cells[cell];
            plan.begins = match (plan.scope, plan.past) {
                (Scope::Market, Past::Latch | Past::Since) => self.of(step.out()) + LATCH_MEMORY,
                (Scope::Book, _) => 0,
                _ => u32::MAX,
            };
        }
    }
}
