//! Row-wise work on several threads: contiguous chunks, each written by one thread.

use std::{
    num::NonZero,
    sync::{Mutex, OnceLock, PoisonError},
    thread,
};

/// Fewer rows than this are not worth a thread: some 0.1 ms of pricing against 0.02 ms to start one.
const ROWS_PER_THREAD: usize = 1 << 14;

/// Rows per turn of a thread: many turns, so that a thread on a busy processor does not keep the others waiting.
const CHUNK: usize = 1 << 13;

/// Outputs of one length that are cut at the same rows: a slice, or several.
pub trait Rows: Sized + Send {
    /// How many rows there are.
    fn rows(&self) -> usize;
    /// Cuts off the first `n` rows.
    #[must_use]
    fn take_rows(&mut self, n: usize) -> Self;
}

impl<T: Send> Rows for &mut [T] {
    fn rows(&self) -> usize {
        self.len()
    }

    fn take_rows(&mut self, n: usize) -> Self {
        let (head, tail) = std::mem::take(self).split_at_mut(n);
        *self = tail;
        head
    }
}

impl<R: Rows> Rows for Vec<R> {
    fn rows(&self) -> usize {
        self.first().map_or(0, R::rows)
    }

    fn take_rows(&mut self, n: usize) -> Self {
        self.iter_mut().map(|output| output.take_rows(n)).collect()
    }
}

/// Calls `work(start, chunk)` for contiguous chunks of the outputs and returns when every row is written. `start`
/// is the row at which the chunk begins: a multiple of 8192.
///
/// Rows do not know their neighbours, so results are the same for any number of threads. Threads live for one
/// call only: a global pool would not survive a fork of the interpreter.
pub fn in_chunks<R: Rows>(outputs: R, work: impl Fn(usize, R) + Sync) {
    in_pieces((ROWS_PER_THREAD, CHUNK), outputs, work);
}

/// The same for rows that cost more or less: fewer than `per_thread` are not worth a thread, which takes `chunk` a turn.
pub fn in_pieces<R: Rows>((per_thread, chunk): (usize, usize), outputs: R, work: impl Fn(usize, R) + Sync) {
    let rows = outputs.rows();
    let threads = if rows < 2 * per_thread { 1 } else { processors().min(rows / per_thread) };
    if threads == 1 {
        return work(0, outputs);
    }
    let rest = Mutex::new((0, outputs));
    let next = || {
        let (start, outputs) = &mut *rest.lock().unwrap_or_else(PoisonError::into_inner);
        let n = chunk.min(outputs.rows());
        let chunk = (*start, outputs.take_rows(n));
        *start += n;
        (n > 0).then_some(chunk)
    };
    let turns = || {
        while let Some((start, chunk)) = next() {
            work(start, chunk);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(turns);
        }
        turns();
    });
}

/// The processors this process may use. Asked once: the answer is read from files.
fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_written_once_and_knows_its_number() {
        for rows in [0, 1, ROWS_PER_THREAD, 5 * ROWS_PER_THREAD + 7] {
            let (mut a, mut b) = (vec![0; rows], vec![0; rows]);
            in_chunks(vec![&mut a[..], &mut b[..]], |start, mut chunks| {
                for (k, chunk) in chunks.iter_mut().enumerate() {
                    chunk.iter_mut().enumerate().for_each(|(i, row)| *row += (start + i) * (k + 1));
                }
            });
            assert!(a.iter().enumerate().all(|(i, &row)| row == i));
            assert!(b.iter().enumerate().all(|(i, &row)| row == 2 * i));
        }
    }
}
