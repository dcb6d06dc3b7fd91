//! The best few of many, in an order that does not depend on how they came.

use std::{cmp::Ordering, collections::BinaryHeap};

/// A condor by its legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condor {
    /// Which expiry.
    pub expiry: u32,
    /// Short and long put.
    pub puts: [u32; 2],
    /// Short and long call.
    pub calls: [u32; 2],
}

/// A condor and its rank, larger is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// What it is ranked by, negated where small is good; never NaN.
    pub value: f64,
    /// Which it is.
    pub condor: Condor,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    /// The better is less: a heap then has the worst on top.
    fn cmp(&self, other: &Self) -> Ordering {
        other.value.total_cmp(&self.value).then(self.condor.cmp(&other.condor))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// At most so many.
#[derive(Clone, Debug)]
pub struct Best {
    top: usize,
    heap: BinaryHeap<Ranked>,
}

impl Best {
    /// None yet.
    pub fn of(top: usize) -> Self {
        Self { top, heap: BinaryHeap::with_capacity(top + 1) }
    }

    /// What is below this is not kept; what equals it may be.
    pub fn threshold(&self) -> f64 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() == self.top => worst.value,
            _ if self.top == 0 => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        }
    }

    /// Keeps it if it is among the best.
    pub fn offer(&mut self, ranked: Ranked) {
        if self.top == 0 {
            return;
        }
        if self.heap.len() < self.top {
            self.heap.push(ranked);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && ranked < *worst
        {
            *worst = ranked;
        }
    }

    /// The best first.
    pub fn sorted(self) -> Vec<Ranked> {
        self.heap.into_sorted_vec()
    }
}
