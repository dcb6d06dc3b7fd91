//! One path of one book, day by day: the ledger, the market and every event with its reason.

/// What happened to a tranche or a book.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub tick: u32,
    /// Minutes since the opening, inside the session; `None` at its close.
    pub minute: Option<u32>,
    /// "open", "skip", "withhold", "refuse", "block", "settle", "close", "reduce", "monetise", "transfer", "call", "deposit", "ruin".
    pub kind: &'static str,
    /// Why: the rule's text, or the reason in one word.
    pub reason: String,
    /// Layer of the book, by index; events of the whole book have none.
    pub layer: Option<usize>,
    /// Slot of the layer.
    pub slot: Option<usize>,
    /// Lots.
    pub lots: f64,
    /// Cash per unit, points of the underlying (received is positive).
    pub price: f64,
    /// Dollars received, net of fees; moved, by a transfer.
    pub cash: f64,
    /// Realised P&L net of fees, dollars; NaN unless something closed.
    pub pnl: f64,
    /// Strikes of the legs, SPX points.
    pub strikes: Vec<f64>,
    /// Days since 1970-01-01 of the expiry; 0 for events of the whole book.
    pub expiry_day: i32,
}

impl Default for Event {
    fn default() -> Self {
        Self {
            tick: 0,
            minute: None,
            kind: "",
            reason: String::new(),
            layer: None,
            slot: None,
            lots: 0.0,
            price: f64::NAN,
            cash: 0.0,
            pnl: f64::NAN,
            strikes: vec![],
            expiry_day: 0,
        }
    }
}

/// One tick of the ledger and the market.
#[derive(Clone, Copy, Debug, Default)]
pub struct LedgerRow {
    /// ln S, x0, x1, x2, r, q.
    pub state: [f64; 9],
    /// Days since 1970-01-01.
    pub day: i32,
    /// SPX.
    pub spot: f64,
    /// VIX.
    pub vix: f64,
    /// Cash of the core ledger, dollars.
    pub cash: f64,
    /// Cash of the sleeve, dollars; 0 without one.
    pub sleeve: f64,
    /// P&L of the hedge layers so far, dollars.
    pub hedge: f64,
    /// NAV, dollars.
    pub nav: f64,
    /// What all ledgers must hold, each by the margin rule, dollars.
    pub requirement: f64,
    /// Of it, the sleeve's; 0 without one.
    pub sleeve_requirement: f64,
    /// Does a call stand?
    pub call: bool,
    /// Cumulative buckets: time, spot, level, smile, settlement, fills, fees, interest.
    pub buckets: [f64; 8],
}

/// Everything about one path of one book.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Ticks 0 to T.
    pub ledger: Vec<LedgerRow>,
    /// In the order in which they happened.
    pub events: Vec<Event>,
}
