//! The margin calls of one book, and the state of market and indicators session by session (R12).

use super::{book::Book, package::Market, signals::Signals};
use crate::{math::lanes::Col, rules::names::Name};

/// Indicators whose state is told: momentum, what markets did, how far they fell.
pub const INDICATORS: [Name; 5] =
    [Name::Rsi14, Name::Macd, Name::MacdSignal, Name::RealisedVol21, Name::Drawdown];

/// Names of the columns, in order. `short_*` is what a ledger lacked when a call opened on this tick, 0 without one,
/// and `equity_*` what counted against its requirement then; available (what counts) and requirement are those at the end
/// of the tick. Dollars.
pub const NAMES: &[&str] = &[
    "spot",
    "vix",
    "rsi_14",
    "macd",
    "macd_signal",
    "realised_vol_21",
    "drawdown",
    "nav",
    "available_core",
    "available_sleeve",
    "requirement_core",
    "requirement_sleeve",
    "short_core",
    "short_sleeve",
    "equity_core",
    "equity_sleeve",
];

/// Columns by tick of one book.
#[derive(Debug)]
pub struct CallLog {
    book: usize,
    /// Is the market a record, which begins somewhere?
    recorded: bool,
    ticks: Vec<Vec<Col>>,
}

impl CallLog {
    /// Nothing recorded yet.
    pub fn new(book: usize, recorded: bool) -> Self {
        Self { book, recorded, ticks: vec![] }
    }

    /// A new block of paths begins.
    pub fn watch(&self, books: &mut [Book]) {
        books[self.book].opened = Some(Box::default());
    }

    /// One more tick.
    pub fn record(&mut self, books: &mut [Book], market: &Market, signals: &Signals) {
        let book = &mut books[self.book];
        let [rsi, macd, macd_signal, realised, drawdown] =
            INDICATORS.map(|name| self.settled(name, market, signals));
        let [short, equity] = std::mem::take(book.opened.get_or_insert_default().as_mut());
        let mut row = vec![Col::default(); NAMES.len()];
        for lane in 0..row[0].len() {
            let ledger = book.ledger(lane);
            let required = [ledger.requirement - ledger.sleeve_requirement, ledger.sleeve_requirement];
            let values = [
                market.spot[lane],
                market.vix[lane],
                rsi[lane],
                macd[lane],
                macd_signal[lane],
                realised[lane],
                drawdown[lane],
                ledger.nav,
                ledger.available[0],
                ledger.available[1],
                required[0],
                required[1],
                short[0][lane],
                short[1][lane],
                equity[0][lane],
                equity[1][lane],
            ];
            for (column, value) in row.iter_mut().zip(values) {
                column[lane] = value;
            }
        }
        self.ticks.push(row);
    }

    /// An indicator, missing where the record holds fewer sessions before this one than a rule over it would ask for: it
    /// would say where the record begins.
    fn settled(&self, name: Name, market: &Market, signals: &Signals) -> Col {
        let (known, wanted) = (signals.indicator(name, 0), name.entry().warm_up);
        let begun = |lane: usize| !self.recorded || market.session[lane] >= wanted;
        Col(std::array::from_fn(|lane| if begun(lane) { known[lane] } else { f64::NAN }))
    }

    /// Per name, rows of paths, columns of ticks; what was recorded is gone then.
    pub fn take(&mut self, live: usize) -> Vec<Vec<f64>> {
        super::series::by_path(&std::mem::take(&mut self.ticks), live)
    }
}
