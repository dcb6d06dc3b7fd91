//! Threads of a call.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{Error, Result};

/// A pool of one call's own, one thread per core unless given: the global pool does not survive a fork.
pub(crate) fn pool(threads: Option<usize>) -> Result<ThreadPool> {
    built(threads, ThreadPoolBuilder::new())
}

/// The same with a stack of so many bytes for each thread.
pub(crate) fn pool_with_stack(threads: Option<usize>, bytes: usize) -> Result<ThreadPool> {
    built(threads, ThreadPoolBuilder::new().stack_size(bytes))
}

fn built(threads: Option<usize>, builder: ThreadPoolBuilder) -> Result<ThreadPool> {
    builder
        .num_threads(threads.unwrap_or(0))
        .build()
        .map_err(|error| Error::Spec(format!("threads: {error}")))
}
