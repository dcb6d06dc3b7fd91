//! What is kept of a path: one number per lane and figure.

use crate::math::lanes::Col;

macro_rules! summary {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Figures of one book, one column per name of [`NAMES`].
        #[derive(Clone, Debug, Default)]
        pub struct Summary { $($(#[$doc])* pub $name: Col),* }

        /// Names of the figures, in column order.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        impl Summary {
            /// The figures in the order of [`NAMES`].
            pub fn columns(&self) -> [&Col; NAMES.len()] { [$(&self.$name),*] }
        }
    };
}

summary! {
    /// Net asset value at T, dollars.
    nav,
    /// Growth of 1 in bills.
    bills,
    /// Largest fall from the running peak, as a share of the peak.
    max_drawdown,
    /// Largest Σ risk, dollars.
    peak_requirement,
    /// Σ risk of the full base book, priced at the first opening, dollars.
    first_requirement,
    /// Refused openings.
    refused,
    /// Margin calls that opened.
    calls,
    /// Tranches closed by force.
    forced,
    /// First tick of a refusal, 0 = never.
    refused_tick,
    /// First tick of a call.
    call_tick,
    /// First tick of a forced closing.
    forced_tick,
    /// Tick of ruin.
    ruin_tick,
    /// First tick with NAV < 0.
    negative_tick,
    /// Tranches opened.
    opened,
    /// Tranches that lost.
    lost,
    /// Most lots of one tranche.
    max_lots,
    /// Openings skipped: no expiry, no strikes, no credit, no lots.
    skipped,
    /// Tranches closed before expiry.
    closed_early,
    /// Of those closed by rule, how many would have done better held.
    recovered,
    /// Σ over tranches closed by rule of (held − closed), dollars.
    regret_rule,
    /// The same for forced and ruin closings.
    regret_forced,
    /// Early closings whose expiry lies beyond the horizon or that were overwritten.
    unresolved,
    /// Bucket: passage of time.
    time,
    /// Bucket: SPX.
    spot,
    /// Bucket: level of implied vol.
    level,
    /// Bucket: shape of the smile.
    smile,
    /// Bucket: settlement against the last mark.
    settlement,
    /// Bucket: slips.
    fills,
    /// Bucket: fees.
    fees,
    /// Bucket: interest on cash.
    interest,
    /// Largest |NAV − C − Σ buckets| / C.
    identity_error,
}

impl Summary {
    /// Σ of the buckets in one lane.
    #[inline]
    pub fn buckets(&self, lane: usize) -> f64 {
        self.time[lane]
            + self.spot[lane]
            + self.level[lane]
            + self.smile[lane]
            + self.settlement[lane]
            + self.fills[lane]
            + self.fees[lane]
            + self.interest[lane]
    }
}

/// Keeps the first tick at which something happened.
#[inline]
pub fn first(tick_column: &mut Col, lane: usize, tick: u32) {
    if tick_column[lane] == 0.0 {
        tick_column[lane] = f64::from(tick);
    }
}
