//! One path of one book, day by day: the ledger, the market and every event with its reason.

/// What happened to a tranche or a book.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub tick: u32,
    /// Minutes since the opening, inside the session; `None` at its close.
    pub minute: Option<u32>,
    /// "open", "skip", "withhold", "keep", "refuse", "block", "settle", "close", "reduce", "monetise", "resize", "transfer", "call", "deposit", "ruin".
    /// Of the short leg of a diagonal "write", `buy_back` and `settle_short`.
    pub kind: &'static str,
    /// Why: the rule's text, or the reason in one word.
    pub reason: String,
    /// Layer of the book, by index; events of the whole book have none.
    pub layer: Option<usize>,
    /// Slot of the layer.
    pub slot: Option<usize>,
    /// Which of the layer's packages: 0 its own, then its others, then what is sold against it.
    pub other: usize,
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
    /// Mid prices of the legs likewise; of a future its price.
    pub leg_prices: Vec<f64>,
    /// Days since 1970-01-01 of the expiry; 0 for events of the whole book.
    pub expiry_day: i32,
    /// Variances a year of SPX that an opening in place of what is rolled trades: until the old expiry, and from there
    /// until the new one (R83); NaN of any other event.
    pub variances: [f64; 2],
    /// Lots within all limits before they were made whole (R42): of an opening, and of a skip for want of a lot; else NaN.
    pub unrounded: f64,
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
            other: 0,
            lots: 0.0,
            price: f64::NAN,
            cash: 0.0,
            pnl: f64::NAN,
            strikes: vec![],
            leg_prices: vec![],
            expiry_day: 0,
            variances: [f64::NAN; 2],
            unrounded: f64::NAN,
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
    /// Ticks 0 to T − 1.
    pub decisions: Vec<Decision>,
}

/// One session of one path of one book.
#[derive(Clone, Debug)]
pub struct Step {
    /// The market and the ledger at its close.
    pub ledger: LedgerRow,
    /// What happened in it.
    pub events: Vec<Event>,
    /// What is to be filled in the next one; `None` at T.
    pub decision: Option<Decision>,
}

/// What a book decided at a close, after all its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// When.
    pub tick: u32,
    /// What counts against the requirement of the core ledger, and of the sleeve, dollars.
    pub available: [f64; 2],
    /// The requirement of each, dollars.
    pub requirement: [f64; 2],
    /// Dollars per VIX point that the core loses, and that the hedges gain; NaN where nothing hedges.
    pub vega: [f64; 2],
    /// Per transfer of the arm: is it ordered?
    pub transfers: Vec<bool>,
    /// Per layer.
    pub layers: Vec<LayerDecision>,
}

/// What one layer decided.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerDecision {
    /// Does the calendar ask for an opening, or does the layer hold nothing?
    pub due: bool,
    /// What its enter rule said: 1 true, 0 false, NaN unknown; `None` without a rule.
    pub enter: Option<f64>,
    /// What the rule of its cash press said, likewise.
    pub press: Option<f64>,
    /// Permits, by name, that an opening lacks, and that a roll lacks; empty where it may.
    pub withheld: [String; 2],
    /// An opening is ordered.
    pub open: bool,
    /// What its target is multiplied with, 1 unless a rule makes it smaller (C3, R40).
    pub factor: f64,
    /// Parts of its target that it has bought since it was flat, counted from 1; none of a layer that is not bought in parts
    /// (R28).
    pub parts: Vec<usize>,
    /// The further part whose rule is true at this close, permitted or not.
    pub further: Option<usize>,
    /// What it holds.
    pub held: Vec<Held>,
}

/// A tranche, and what was ordered for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Slot of the layer.
    pub slot: usize,
    /// Which of the layer's packages: 0 its own, then its others, then what is sold against it.
    pub other: usize,
    /// Lots, and lots at the opening.
    pub lots: [f64; 2],
    /// Tick of the opening; negative before session 0.
    pub entered: f64,
    /// Days since 1970-01-01 of the expiry.
    pub expiry_day: i32,
    /// Calendar days to it.
    pub days: i32,
    /// Strikes of the legs, SPX points.
    pub strikes: Vec<f64>,
    /// Mid prices of the legs likewise.
    pub leg_prices: Vec<f64>,
    /// Cash received per unit at the opening.
    pub credit: f64,
    /// V: what one unit is worth; the price of a future.
    pub value: f64,
    /// Break-even challenge (R49).
    pub challenge: f64,
    /// Closing, roll, lots to be sold in part.
    pub exit: bool,
    /// It is rolled.
    pub roll: bool,
    /// Lots of a partial sale (R36).
    pub sell: f64,
    /// Lots that are sold because they are beyond the band (R82).
    pub resize: f64,
    /// A call is to be sold against it.
    pub write: bool,
}
