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

/// Calls `work(start, chunks)` for contiguous chunks of the outputs, all of the same length, and returns when
/// every row is written. `start` is the row at which the chunks begin.
///
/// Rows do not know their neighbours, so results are the same for any number of threads. Threads live for one
/// call only: a global pool would not survive a fork of the interpreter.
pub fn in_chunks<T: Send>(outputs: Vec<&mut [T]>, work: impl Fn(usize, Vec<&mut [T]>) + Sync) {
    let rows = outputs.first().map_or(0, |output| output.len());
    let threads = if rows < 2 * ROWS_PER_THREAD { 1 } else { processors().min(rows / ROWS_PER_THREAD) };
    if threads == 1 {
        return work(0, outputs);
    }
    let rest = Mutex::new(Rest { start: 0, outputs });
    let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).take();
    let turns = || {
        while let Some((start, chunks)) = next() {
            work(start, chunks);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(turns);
        }
        turns();
    });
}

/// The rows that no thread has taken yet.
struct Rest<'a, T> {
    start: usize,
    outputs: Vec<&'a mut [T]>,
}

impl<'a, T> Rest<'a, T> {
    fn take(&mut self) -> Option<(usize, Vec<&'a mut [T]>)> {
        let n = CHUNK.min(self.outputs.first()?.len());
        if n == 0 {
            return None;
        }
        let start = self.start;
        self.start += n;
        let chunks = self.outputs.iter_mut().map(|output| {
            let (head, tail) = std::mem::take(output).split_at_mut(n);
            *output = tail;
            head
        });
        Some((start, chunks.collect()))
    }
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
            in_chunks(vec![&mut a, &mut b], |start, mut chunks| {
                for (k, chunk) in chunks.iter_mut().enumerate() {
                    chunk.iter_mut().enumerate().for_each(|(i, row)| *row += (start + i) * (k + 1));
                }
            });
            assert!(a.iter().enumerate().all(|(i, &row)| row == i));
            assert!(b.iter().enumerate().all(|(i, &row)| row == 2 * i));
        }
    }
}
