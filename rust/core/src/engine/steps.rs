//! One path of one book, driven one session at a time.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{Builder, JoinHandle},
};

use super::{
    block::Block,
    plan::{Plan, STACK},
    trace::Step,
};
use crate::{Error, Result};

/// A block that waits between its sessions.
///
/// It lives on a thread of its own: it borrows its plan, and its kernels need a stack that the caller's may not have. What it
/// does between two calls is what [`Plan::trace`] does between two ticks, bit for bit.
#[derive(Debug)]
pub struct Steps {
    /// Dropped first: the thread then ends.
    ask: Option<Sender<()>>,
    told: Receiver<Step>,
    thread: Option<JoinHandle<()>>,
    left: u32,
}

impl Steps {
    /// Stands before tick `from` of a path; the sessions up to it are gone through first.
    pub fn begin(plan: Arc<Plan>, path: u64, book: usize, from: u32) -> Result<Self> {
        plan.check_book(book)?;
        plan.check_path(path)?;
        if from > plan.sessions {
            return Err(Error::domain("tick", from, format!("0 to {}", plan.sessions)));
        }
        let left = plan.sessions - from + 1;
        let (ask, asked) = channel();
        let (tell, told) = channel();
        let work = move || {
            let mut block = Box::new(Block::new(&plan));
            block.watch(book);
            for tick in 0..=plan.sessions {
                if tick >= from && asked.recv().is_err() {
                    return;
                }
                if tick == 0 {
                    block.begin(path, 1);
                } else {
                    block.step(tick);
                }
                let Some(step) = block.take_step() else { return };
                if tick >= from && tell.send(step).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().stack_size(STACK).spawn(work);
        let thread = thread.map_err(|error| Error::Spec(format!("threads: {error}")))?;
        Ok(Self { ask: Some(ask), told, thread: Some(thread), left })
    }

    /// The next session: its close, what happened in it, and what was decided; `None` after T.
    pub fn step(&mut self) -> Result<Option<Step>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let ended = || {
            Error::Spec(
                "steps: the thread of the engine has ended: it failed, and says why above, or a fork has lost it: begin again"
                    .into(),
            )
        };
        let ask = self.ask.as_ref().ok_or_else(ended)?;
        ask.send(()).map_err(|_| ended())?;
        self.told.recv().map(Some).map_err(|_| ended())
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread itself.
            drop(thread.join());
        }
    }
}
