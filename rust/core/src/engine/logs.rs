//! What is kept of books besides their figures: any number of logs of any number of books, in one run of the paths.

use super::{
    book::Book,
    call_log::{self, CallLog},
    deals, entries,
    package::{Market, Pool},
    pins::{self, Pins},
    plan::Plan,
    series::{self, Series},
    signals::Signals,
};
use crate::{
    Result,
    math::lanes::{Col, LANES},
};

/// Something that is kept of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// What it is worth at every tick.
    Series,
    /// Its margin calls, and the state in which they opened (R12).
    Calls,
    /// What it did.
    Deals,
    /// Openings of its core (C1, C19).
    Entries,
    /// Its core at the last close before each expiry (R79).
    Pins,
}

/// Per name of a log, its values.
pub type Columns = Vec<Vec<f64>>;

impl Log {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Series, Self::Calls, Self::Deals, Self::Entries, Self::Pins];

    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Series => "series",
            Self::Calls => "calls",
            Self::Deals => "deals",
            Self::Entries => "entries",
            Self::Pins => "pins",
        }
    }

    /// Names of its columns.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Series => series::NAMES,
            Self::Calls => call_log::NAMES,
            Self::Deals => deals::NAMES,
            Self::Entries => entries::NAMES,
            Self::Pins => pins::NAMES,
        }
    }

    /// Has it a value for each tick of each path? Else a row for each thing that happened, of which the first column
    /// is the path.
    pub fn every_tick(self) -> bool {
        matches!(self, Self::Series | Self::Calls)
    }
}

impl Plan {
    /// Logs of books: per book, per log, and per name of the log its values, in path order. Paths are numbered from
    /// `first_path` on.
    pub fn logs(
        &self,
        first_path: u64,
        paths: usize,
        (books, logs): (&[usize], &[Log]),
        threads: usize,
    ) -> Result<Vec<Vec<Columns>>> {
        for &book in books {
            self.check_book(book)?;
        }
        let blocks = self.blocks(first_path, paths, threads, |block, first, live| {
            block.follow(books, logs);
            block.run(first, live);
            block.take_logs(live)
        })?;
        let ticks = self.sessions as usize + 1;
        let empty = |log: &Log| {
            let values = if log.every_tick() { paths * ticks } else { 0 };
            log.names().iter().map(|_| Vec::with_capacity(values)).collect::<Columns>()
        };
        let mut joined: Vec<Vec<Columns>> = books.iter().map(|_| logs.iter().map(empty).collect()).collect();
        // Block by block, each gone when it is copied: never is everything there twice.
        for (number, block) in blocks.into_iter().enumerate() {
            for (logs_of, taken) in joined.iter_mut().zip(block.chunks_exact(logs.len().max(1))) {
                for ((log, to), from) in logs.iter().zip(logs_of).zip(taken) {
                    append(*log, to, from, (number * LANES) as f64);
                }
            }
        }
        Ok(joined)
    }
}

/// Columns of a block behind those of the blocks before it; lanes count on.
fn append(log: Log, to: &mut Columns, from: &Columns, before: f64) {
    for (index, (to, from)) in to.iter_mut().zip(from).enumerate() {
        if index == 0 && !log.every_tick() {
            to.extend(from.iter().map(|lane| lane + before));
        } else {
            to.extend_from_slice(from);
        }
    }
}

/// What 256 lanes keep.
#[derive(Debug, Default)]
pub struct Logs {
    kept: Vec<(usize, Kept)>,
}

#[derive(Debug)]
enum Kept {
    Series(Series),
    Calls(CallLog),
    Deals,
    Entries,
    Pins(Pins),
}

impl Logs {
    /// Nothing recorded yet; `replayed`: the market is a record, which begins somewhere.
    pub fn new(books: &[usize], logs: &[Log], replayed: bool) -> Self {
        let kept = |book: usize, log: Log| match log {
            Log::Series => Kept::Series(Series::new(book)),
            Log::Calls => Kept::Calls(CallLog::new(book, replayed)),
            Log::Deals => Kept::Deals,
            Log::Entries => Kept::Entries,
            Log::Pins => Kept::Pins(Pins::new(book)),
        };
        let all = books.iter().flat_map(|&book| logs.iter().map(move |&log| (book, kept(book, log))));
        Self { kept: all.collect() }
    }

    /// Paths begin: books keep what they are asked for from here on.
    pub fn begin(&mut self, books: &mut [Book]) {
        for (book, kept) in &mut self.kept {
            match kept {
                Kept::Deals => books[*book].deals = Some(vec![]),
                Kept::Entries => books[*book].entries = Some(vec![]),
                Kept::Pins(pins) => pins.begin(),
                Kept::Series(_) | Kept::Calls(_) => {}
            }
        }
    }

    /// A tick has ended.
    pub fn record(
        &mut self,
        plan: &Plan,
        books: &mut [Book],
        pools: &[Pool],
        (market, bills): (&Market, &Col),
        signals: &Signals,
    ) {
        for (_, kept) in &mut self.kept {
            match kept {
                Kept::Series(series) => series.record(plan, books, pools, market, bills),
                Kept::Calls(calls) => {
                    if market.tick == 0 {
                        calls.watch(books);
                    }
                    calls.record(books, market, signals);
                }
                Kept::Pins(pins) if market.tick > 0 => pins.observe(plan, books, pools, market),
                Kept::Pins(_) | Kept::Deals | Kept::Entries => {}
            }
        }
    }

    /// What was kept, in the first `live` lanes: book by book, log by log.
    pub fn take(&mut self, books: &mut [Book], live: usize) -> Vec<Columns> {
        let taken = |(book, kept): &mut (usize, Kept)| match kept {
            Kept::Series(series) => series.take(live),
            Kept::Calls(calls) => calls.take(live),
            Kept::Deals => deals::columns(books[*book].deals.take().unwrap_or_default(), live),
            Kept::Entries => entries::columns(books[*book].entries.take().unwrap_or_default(), live),
            Kept::Pins(pins) => pins.take(live),
        };
        self.kept.iter_mut().map(taken).collect()
    }
}
