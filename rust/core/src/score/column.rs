//! The figures of a condor: sums over its two spreads, and formulas of such sums.

use super::{Expiry, Limit, Sides, Wings, law::Table, spreads::Spreads};

/// How many figures add up over the legs.
pub const ADDITIVE: usize = 11;

/// Figures that add up over the legs. Points of the underlying, from the seller's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Additive {
    /// Credit at mid prices.
    CreditMid,
    /// Credit of a package that pays a share of the half-spreads.
    Credit,
    /// Credit where every leg crosses its spread.
    CreditNatural,
    /// Expected P&L under the chain's own density, discounted.
    ExpectedPnl,
    /// Expected P&L under a market model, discounted.
    ExpectedPnlModel,
    /// Σ delta.
    Delta,
    /// Σ gamma.
    Gamma,
    /// Σ vega.
    Vega,
    /// Σ theta.
    Theta,
    /// What is lost when VIX rises by a point.
    VixLoss,
    /// Σ over the short strikes of the probability that they are touched.
    Touch,
}

/// A figure of a condor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A sum over the legs.
    Sum(Additive),
    /// Wider wing less credit.
    MaxLoss,
    /// What margin asks for before the credit.
    Requirement,
    /// Short put less credit.
    BreakEvenLow,
    /// Short call and credit.
    BreakEvenHigh,
    /// Probability that the settlement is between the break-evens, under the chain's own density.
    Profit,
    /// The same under a market model.
    ProfitModel,
    /// Probability that a short strike is touched: the sum of the two, at most 1.
    TouchEither,
    /// Premium of the VIX calls.
    HedgeCost,
    /// Expected P&L under a market model less what the VIX calls are expected to cost.
    HedgedPnl,
    /// Credit over requirement.
    ReturnOnMargin,
    /// Expected P&L under the chain's own density over requirement.
    ExpectedReturn,
    /// Expected P&L under a market model over requirement.
    ExpectedReturnModel,
    /// Hedged P&L over requirement.
    HedgedReturn,
}

use Additive as A;
use Column as C;

impl Column {
    /// All that users see, with their names.
    pub const NAMED: [(&'static str, Self); 23] = [
        ("credit_mid", C::Sum(A::CreditMid)),
        ("credit", C::Sum(A::Credit)),
        ("credit_natural", C::Sum(A::CreditNatural)),
        ("max_loss", C::MaxLoss),
        ("requirement", C::Requirement),
        ("break_even_low", C::BreakEvenLow),
        ("break_even_high", C::BreakEvenHigh),
        ("p_profit", C::Profit),
        ("p_profit_model", C::ProfitModel),
        ("p_touch", C::TouchEither),
        ("expected_pnl", C::Sum(A::ExpectedPnl)),
        ("expected_pnl_model", C::Sum(A::ExpectedPnlModel)),
        ("delta", C::Sum(A::Delta)),
        ("gamma", C::Sum(A::Gamma)),
        ("vega", C::Sum(A::Vega)),
        ("theta", C::Sum(A::Theta)),
        ("vix_loss", C::Sum(A::VixLoss)),
        ("hedge_cost", C::HedgeCost),
        ("hedged_pnl", C::HedgedPnl),
        ("return_on_margin", C::ReturnOnMargin),
        ("expected_return", C::ExpectedReturn),
        ("expected_return_model", C::ExpectedReturnModel),
        ("hedged_return", C::HedgedReturn),
    ];

    /// The column of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
    }

    /// The sums that it is made of.
    pub(super) fn sums(self) -> &'static [Additive] {
        match self {
            C::Sum(A::CreditMid) => &[A::CreditMid],
            C::Sum(A::CreditNatural) => &[A::CreditNatural],
            C::Sum(A::ExpectedPnl) | C::ExpectedReturn => &[A::ExpectedPnl],
            C::Sum(A::ExpectedPnlModel) | C::ExpectedReturnModel => &[A::ExpectedPnlModel],
            C::Sum(A::Delta) => &[A::Delta],
            C::Sum(A::Gamma) => &[A::Gamma],
            C::Sum(A::Vega) => &[A::Vega],
            C::Sum(A::Theta) => &[A::Theta],
            C::Sum(A::VixLoss) | C::HedgeCost => &[A::VixLoss],
            C::Sum(A::Touch) | C::TouchEither => &[A::Touch],
            C::HedgedPnl | C::HedgedReturn => &[A::ExpectedPnlModel, A::VixLoss],
            C::Requirement => &[],
            _ => &[A::Credit],
        }
    }

    /// Whether it depends on the widths, and whether on the short strikes.
    pub(super) fn places(self) -> (bool, bool) {
        let strikes = matches!(self, C::BreakEvenLow | C::BreakEvenHigh | C::Profit | C::ProfitModel);
        let widths = matches!(
            self,
            C::MaxLoss
                | C::Requirement
                | C::ReturnOnMargin
                | C::ExpectedReturn
                | C::ExpectedReturnModel
                | C::HedgedReturn
        );
        (widths, strikes)
    }
}

/// One put spread beside consecutive call spreads.
#[derive(Clone, Copy)]
pub(super) struct Pairs<'a> {
    pub expiry: &'a Expiry,
    pub puts: &'a Spreads,
    pub calls: &'a Spreads,
    /// Which put spread.
    pub put: usize,
    /// The first call spread.
    pub call: usize,
}

impl Pairs<'_> {
    /// The figure of each pair; NaN where the expiry does not tell it.
    #[inline(always)]
    pub fn fill(&self, column: Column, out: &mut [f64]) {
        match column {
            C::Sum(of) => self.sum(of, out, |x| x),
            C::TouchEither => self.sum(A::Touch, out, |x| if x > 1.0 { 1.0 } else { x }),
            C::HedgeCost => {
                let cost = self.expiry.hedge.cost;
                self.sum(A::VixLoss, out, |x| cost * positive(x));
            }
            C::BreakEvenLow => {
                let short = self.puts.short[self.put];
                self.sum(A::Credit, out, |credit| short - credit);
            }
            C::BreakEvenHigh => self.strikes(out, |_, short, credit| short + credit),
            C::Profit => self.profit(self.expiry.tables[0].as_ref(), out),
            C::ProfitModel => self.profit(self.expiry.tables[1].as_ref(), out),
            C::MaxLoss => self.widths(A::Credit, out, |put, call, credit| larger(put, call) - credit),
            C::Requirement => match self.expiry.sides {
                Sides::Wider => self.widths(A::Credit, out, |put, call, _| larger(put, call)),
                Sides::Apart => self.widths(A::Credit, out, |put, call, _| apart(put, call)),
            },
            C::ReturnOnMargin => self.over_requirement(A::Credit, out),
            C::ExpectedReturn => self.over_requirement(A::ExpectedPnl, out),
            C::ExpectedReturnModel => self.over_requirement(A::ExpectedPnlModel, out),
            C::HedgedPnl => self.hedged(out, |_, _| 1.0),
            C::HedgedReturn => match self.expiry.sides {
                Sides::Wider => self.hedged(out, larger),
                Sides::Apart => self.hedged(out, apart),
            },
        }
    }

    /// Marks the pairs whose short put is not below their short call, or whose wings do not go together.
    #[inline(always)]
    pub fn fit(&self, wings: Wings, out: &mut [bool]) {
        let n = out.len();
        let (short, width) = (self.puts.short[self.put], self.puts.width[self.put]);
        let (shorts, widths) = (&self.calls.short[self.call..][..n], &self.calls.width[self.call..][..n]);
        for i in 0..n {
            out[i] = (short < shorts[i]) & ((wings == Wings::Any) | (width == widths[i]));
        }
    }

    #[inline(always)]
    fn sum(&self, of: Additive, out: &mut [f64], then: impl Fn(f64) -> f64) {
        let n = out.len();
        let put = self.puts.added[of as usize][self.put];
        let calls = &self.calls.added[of as usize][self.call..][..n];
        for i in 0..n {
            out[i] = then(put + calls[i]);
        }
    }

    #[inline(always)]
    fn widths(&self, of: Additive, out: &mut [f64], then: impl Fn(f64, f64, f64) -> f64) {
        let n = out.len();
        let (width, put) = (self.puts.width[self.put], self.puts.added[of as usize][self.put]);
        let widths = &self.calls.width[self.call..][..n];
        let calls = &self.calls.added[of as usize][self.call..][..n];
        for i in 0..n {
            out[i] = then(width, widths[i], put + calls[i]);
        }
    }

    #[inline(always)]
    fn strikes(&self, out: &mut [f64], then: impl Fn(f64, f64, f64) -> f64) {
        let n = out.len();
        let (short, put) = (self.puts.short[self.put], self.puts.added[A::Credit as usize][self.put]);
        let shorts = &self.calls.short[self.call..][..n];
        let calls = &self.calls.added[A::Credit as usize][self.call..][..n];
        for i in 0..n {
            out[i] = then(short, shorts[i], put + calls[i]);
        }
    }

    #[inline(always)]
    fn profit(&self, table: Option<&Table>, out: &mut [f64]) {
        let Some(table) = table else { return out.fill(f64::NAN) };
        self.strikes(out, |put, call, credit| {
            positive(table.below(call + credit) - table.below(put - credit))
        });
    }

    #[inline(always)]
    fn over_requirement(&self, of: Additive, out: &mut [f64]) {
        match self.expiry.sides {
            Sides::Wider => self.widths(of, out, |put, call, sum| sum / larger(put, call)),
            Sides::Apart => self.widths(of, out, |put, call, sum| sum / apart(put, call)),
        }
    }

    #[inline(always)]
    fn hedged(&self, out: &mut [f64], over: impl Fn(f64, f64) -> f64) {
        let n = out.len();
        let column = |of: Additive| {
            (self.puts.added[of as usize][self.put], &self.calls.added[of as usize][self.call..][..n])
        };
        let ((pnl, pnls), (loss, losses)) = (column(A::ExpectedPnlModel), column(A::VixLoss));
        let (width, widths) = (self.puts.width[self.put], &self.calls.width[self.call..][..n]);
        let drag = self.expiry.hedge.drag;
        for i in 0..n {
            out[i] = (pnl + pnls[i] - drag * positive(loss + losses[i])) / over(width, widths[i]);
        }
    }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Both widths, but once where they are equal.
#[inline(always)]
fn apart(put: f64, call: f64) -> f64 {
    if put == call { put } else { put + call }
}

/// 0 where negative; NaN stays.
#[inline(always)]
fn positive(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// Least and most of what makes up the figures, over some spreads.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub short: (f64, f64),
    pub width: (f64, f64),
    pub added: [(f64, f64); ADDITIVE],
}

/// Bounds are widened by this share: what is computed in another order must not fall outside.
const SLACK: f64 = 1e-12;

impl Column {
    /// Least and most of the figure over all pairs of two groups of spreads.
    pub(super) fn range(self, expiry: &Expiry, puts: &Bounds, calls: &Bounds) -> (f64, f64) {
        let (low, high) = self.exact_range(expiry, puts, calls);
        let slack = SLACK * (1.0 + low.abs().max(high.abs()));
        (low - slack, high + slack)
    }

    fn exact_range(self, expiry: &Expiry, puts: &Bounds, calls: &Bounds) -> (f64, f64) {
        let sum = |of: Additive| plus(puts.added[of as usize], calls.added[of as usize]);
        let wider = || (puts.width.0.max(calls.width.0), puts.width.1.max(calls.width.1));
        let requirement = || match expiry.sides {
            Sides::Wider => wider(),
            Sides::Apart => {
                let (both, one) = (plus(puts.width, calls.width), wider());
                let may_equal = puts.width.0 <= calls.width.1 && calls.width.0 <= puts.width.1;
                (if may_equal { one.0 } else { both.0 }, both.1)
            }
        };
        let low_end = || minus(puts.short, sum(A::Credit));
        let high_end = || plus(calls.short, sum(A::Credit));
        let cover = |factor: f64| {
            let (low, high) = sum(A::VixLoss);
            let ends = [factor * low.max(0.0), factor * high.max(0.0)];
            (ends[0].min(ends[1]), ends[0].max(ends[1]))
        };
        let profit = |table: Option<&Table>| match table {
            None => (f64::NEG_INFINITY, f64::INFINITY),
            Some(table) => {
                let (low, high) = (low_end(), high_end());
                let likely = |low: f64, high: f64| (table.below(high) - table.below(low)).max(0.0);
                (likely(low.1, high.0), likely(low.0, high.1))
            }
        };
        let hedged = || minus(sum(A::ExpectedPnlModel), cover(expiry.hedge.drag));
        match self {
            C::Sum(of) => sum(of),
            C::MaxLoss => minus(wider(), sum(A::Credit)),
            C::Requirement => requirement(),
            C::BreakEvenLow => low_end(),
            C::BreakEvenHigh => high_end(),
            C::Profit => profit(expiry.tables[0].as_ref()),
            C::ProfitModel => profit(expiry.tables[1].as_ref()),
            C::TouchEither => {
                let (low, high) = sum(A::Touch);
                (low.min(1.0), high.min(1.0))
            }
            C::HedgeCost => cover(expiry.hedge.cost),
            C::HedgedPnl => hedged(),
            C::ReturnOnMargin => over(sum(A::Credit), requirement()),
            C::ExpectedReturn => over(sum(A::ExpectedPnl), requirement()),
            C::ExpectedReturnModel => over(sum(A::ExpectedPnlModel), requirement()),
            C::HedgedReturn => over(hedged(), requirement()),
        }
    }
}

impl Limit {
    /// Whether no pair of two groups can satisfy it.
    pub(super) fn shuts_out(&self, expiry: &Expiry, puts: &Bounds, calls: &Bounds) -> bool {
        let (low, high) = self.column.range(expiry, puts, calls);
        high < self.low || low > self.high
    }
}

fn plus(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 + b.0, a.1 + b.1)
}

fn minus(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 - b.1, a.1 - b.0)
}

/// The quotient by what is above 0.
fn over(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 / if a.0 < 0.0 { b.0 } else { b.1 }, a.1 / if a.1 < 0.0 { b.1 } else { b.0 })
}
