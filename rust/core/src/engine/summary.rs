//! What is kept of a path: one number per lane and figure.

use super::layout::MAX_LAYERS;
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
    /// Largest Σ of risk, margin of futures and premium paid for what is held, dollars (R15).
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
    /// Of those closed by rule, how many would have expired with a profit (R14).
    whipsawed,
    /// Σ over tranches closed by rule of the time value bought back, dollars (R7).
    given_up,
    /// Σ over tranches of the lowest P&L on the mark, dollars (R14).
    adverse,
    /// Σ of the highest.
    favourable,
    /// Σ over tranches of their lots.
    lots,
    /// Σ over tranches closed by rule of (held − closed), dollars.
    regret_rule,
    /// The same for forced and ruin closings.
    regret_forced,
    /// Early closings whose expiry lies beyond the horizon or that were overwritten.
    unresolved,
    /// Margin calls that a bar within a session would have opened; missing where none is asked for.
    bar_calls,
    /// First tick of one.
    bar_call_tick,
    /// Core tranches closed by force or after ruin, in part or whole.
    closed_forced,
    /// Of them, unresolved.
    unresolved_forced,
    /// Calls that ended without a forced closing and without cash from outside.
    cured,
    /// Calls of a ledger that had had one before.
    repeat_calls,
    /// Calls that opened soon after one of the other ledger (R63).
    cascades,
    /// Brought in from outside to meet calls, dollars: it raises C and is no profit.
    deposited,
    /// The same with interest at the bill rate until T.
    deposited_bills,
    /// Lowest liquidity ratio of a ledger at a close; missing without a rule for it (R64).
    liquidity_low,
    /// Sessions with a ledger below the ratio of its warning.
    sessions_warned,
    /// … below the ratio that blocks openings.
    sessions_blocked,
    /// Openings warned of, blocked ones among them.
    warned,
    /// Openings blocked.
    blocked,
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
    /// Every bucket but interest, of the core layers.
    core_pnl,
    /// The same of the hedge layers.
    hedge_pnl,
    /// Of it, fills and fees.
    hedge_trading,
    /// Expected cost committed by hedge purchases (R61).
    expected_cost,
    /// Paid for bought options.
    premium_paid,
    /// Coverage of the core's dollars per VIX point: wanted, mean over sizing decisions (R22).
    coverage_wanted,
    /// What the limits allowed, mean over the same decisions.
    coverage_affordable,
    /// Held, mean over sessions.
    coverage_achieved,
    /// Share of the sessions with at least 40%.
    coverage_met,
    /// Sizing decisions that met their target.
    bound_target,
    /// … that the budget limited.
    bound_budget,
    /// … that free funds limited.
    bound_funds,
    /// … that a cap limited.
    bound_cap,
    /// … that came to less than one lot.
    bound_rounding,
    /// NAV of the sleeve at T, dollars.
    sleeve_nav,
    /// Margin calls of the sleeve.
    sleeve_calls,
    /// Forced closings of one side soon after the other's (R63).
    contagion,
    /// Moved between the ledgers, dollars.
    transferred,
    /// Correlation of the daily P&L of core and hedge (R39).
    hedge_correlation,
    /// Cash raised by the hedge while the core was pressed (R66).
    stress_cash,
    /// P&L of the core on the same sessions.
    stress_core_pnl,
    /// Core tranches that lost all they could.
    max_losses,
    /// Of those, with a hedge that lost over their life.
    max_losses_hedge_lost,
    /// Entries of bought SPX puts.
    r44_checked,
    /// Of those, with positive vega and negative delta (R44).
    r44_held,
    /// Openings of put spreads refused because they lack one of them (C18).
    r44_refused,
    /// Hedge tranches opened.
    hedge_opened,
    /// Hedge tranches rolled.
    rolled,
    /// Partial sales.
    monetised,
    /// Leg prices marked at recorded quotes: legs × sessions held.
    marks_recorded,
    /// … on the slice, although the product's quotes are recorded.
    marks_modelled,
    /// Leg prices traded at recorded quotes.
    fills_recorded,
    /// … on the slice likewise.
    fills_modelled,
    /// Every bucket but interest, of the first layer.
    layer_pnl_0,
    /// Of the second.
    layer_pnl_1,
    /// Of the third.
    layer_pnl_2,
    /// Of the fourth.
    layer_pnl_3,
    /// Of the fifth.
    layer_pnl_4,
    /// Of the sixth.
    layer_pnl_5,
    /// Of the seventh.
    layer_pnl_6,
    /// Of the eighth.
    layer_pnl_7,
    /// Of the ninth.
    layer_pnl_8,
    /// Of the tenth.
    layer_pnl_9,
    /// Core tranches opened with more lots than their base: after losses (R85).
    increased,
    /// Sessions with a hedge of more than 60% of the core's dollars per VIX point (R85).
    over_covered,
    /// Rolls not done because they cost too much (R58).
    rolls_kept,
    /// Partial sales by the cash press (R84).
    pressed,
}

impl Summary {
    /// P&L by layer.
    pub(super) fn set_layers(&mut self, pnl: &[Col; MAX_LAYERS]) {
        [
            self.layer_pnl_0,
            self.layer_pnl_1,
            self.layer_pnl_2,
            self.layer_pnl_3,
            self.layer_pnl_4,
            self.layer_pnl_5,
            self.layer_pnl_6,
            self.layer_pnl_7,
            self.layer_pnl_8,
            self.layer_pnl_9,
        ] = *pnl;
    }

    /// What a book without a hedge has no value for.
    pub(super) fn without_hedge(&mut self) {
        for column in [
            &mut self.coverage_wanted,
            &mut self.coverage_affordable,
            &mut self.coverage_achieved,
            &mut self.coverage_met,
            &mut self.hedge_correlation,
            &mut self.stress_cash,
            &mut self.stress_core_pnl,
        ] {
            *column = Col::splat(f64::NAN);
        }
    }

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
