//! The core of one book at its last close before an expiry, and where that settled: what pinning is told from (R79).

use super::{
    book::Book,
    instrument::Instrument,
    package::{Market, Pool},
    plan::Plan,
    spec::Right,
};

/// Names of the columns, in order: an element per tranche of SPX options that is held at the close before its expiry.
/// Strikes and mid prices of its shorts, missing where it has none; SPX, rate and dividend yield then, calendar days to
/// the expiry, and the level at which it settled, missing where the path ended before. `morning` is 1 where that is the
/// opening; `dpp` are dollars a point and lot.
pub const NAMES: &[&str] = &[
    "path",
    "tick",
    "layer",
    "lots",
    "put_strike",
    "call_strike",
    "put_price",
    "call_price",
    "spot",
    "rate",
    "dividend_yield",
    "days",
    "morning",
    "dpp",
    "settled",
];

const SETTLED: usize = NAMES.len() - 1;
const MORNING: usize = SETTLED - 2;

/// What is followed of one book.
#[derive(Debug)]
pub struct Pins {
    book: usize,
    rows: Vec<[f64; NAMES.len()]>,
    /// Rows of the last close.
    open: std::ops::Range<usize>,
}

impl Pins {
    /// Nothing seen yet.
    pub fn new(book: usize) -> Self {
        Self { book, rows: vec![], open: 0..0 }
    }

    /// A new block of paths begins.
    pub fn begin(&mut self) {
        self.open = self.rows.len()..self.rows.len();
    }

    /// Where the tranches of the last close settled, and those that expire in the next session.
    pub fn observe(&mut self, plan: &Plan, books: &[Book], pools: &[Pool], market: &Market) {
        for row in &mut self.rows[self.open.clone()] {
            let lane = row[0] as usize;
            row[SETTLED] = if row[MORNING] > 0.0 { market.settled[0][lane] } else { market.spot[lane] };
        }
        let first = self.rows.len();
        let layers = &plan.books[self.book].layers;
        for (index, layer) in layers.iter().enumerate().filter(|(_, layer)| !layer.hedges()) {
            let pool = &plan.pools[layer.pool];
            if pool.contract.instrument != Instrument::SpxOption {
                continue;
            }
            for (slot, package) in pools[layer.pool].packages.iter().enumerate() {
                for lane in books[self.book].holds(index, slot).lanes() {
                    let session = market.session[lane];
                    if package.expiry[lane] != session + 1 {
                        continue;
                    }
                    let short = |right: Right| {
                        let sold = pool.legs.iter().position(|leg| leg.right == right && leg.ratio < 0);
                        sold.map_or([f64::NAN; 2], |leg| {
                            [package.strikes[leg][lane], package.leg_prices[leg][lane]]
                        })
                    };
                    let ([put, put_price], [call, call_price]) = (short(Right::Put), short(Right::Call));
                    self.rows.push([
                        lane as f64,
                        f64::from(market.tick),
                        index as f64,
                        books[self.book].lots(index, slot)[lane],
                        put,
                        call,
                        put_price,
                        call_price,
                        market.spot[lane],
                        market.now.r[lane],
                        market.now.q[lane],
                        f64::from(plan.schedule.days_between(session, session + 1)),
                        f64::from(u8::from(pool.contract.morning)),
                        pool.contract.dpp,
                        f64::NAN,
                    ]);
                }
            }
        }
        self.open = first..self.rows.len();
    }

    /// Per name, an element per tranche of the first `live` lanes: by path, then as they came.
    pub fn take(&mut self, live: usize) -> Vec<Vec<f64>> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| row[0] < live as f64);
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        (0..NAMES.len()).map(|name| rows.iter().map(|row| row[name]).collect()).collect()
    }
}
