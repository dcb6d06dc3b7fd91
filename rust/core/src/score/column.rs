//! The figures of a condor: sums over its two spreads, and formulas of such sums.

use super::{
    Expiry, Sides, Wings,
    law::{BLOCK, Table},
    spreads::{Spreads, TERMS},
};

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
    /// Short put less credit; NaN where the credit is no less than the put wing, which then cannot lose.
    BreakEvenLow,
    /// Short call and credit; NaN where the credit is no less than the call wing.
    BreakEvenHigh,
    /// Probability that the settlement is beyond neither break-even, under the chain's own density.
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
                | C::BreakEvenLow
                | C::BreakEvenHigh
                | C::Profit
                | C::ProfitModel
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
    /// The figure of each of at most [`BLOCK`] pairs; NaN where the expiry does not tell it.
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
                let (short, width) = (self.puts.short[self.put], self.puts.width[self.put]);
                self.sum(A::Credit, out, |credit| if credit < width { short - credit } else { f64::NAN });
            }
            C::BreakEvenHigh => {
                self.calls(
                    out,
                    |short, width, credit| if credit < width { short + credit } else { f64::NAN },
                );
            }
            C::Profit => self.profit(self.expiry.tables[0].as_ref(), out),
            C::ProfitModel => self.profit(self.expiry.tables[1].as_ref(), out),
            C::MaxLoss => self.widths(A::Credit, out, |put, call, credit| larger(put, call) - credit),
            C::Requirement => match (self.terms(), self.expiry.sides) {
                (Some(terms), _) => Self::largest(terms, self.put, self.call, out),
                (None, Sides::Wider) => self.widths(A::Credit, out, |put, call, _| larger(put, call)),
                (None, Sides::Apart) => self.widths(A::Credit, out, |put, call, _| apart(put, call)),
            },
            C::ReturnOnMargin => self.over_requirement(A::Credit, out),
            C::ExpectedReturn => self.over_requirement(A::ExpectedPnl, out),
            C::ExpectedReturnModel => self.over_requirement(A::ExpectedPnlModel, out),
            C::HedgedPnl => self.hedged(out, |_, _| 1.0),
            C::HedgedReturn => match (self.terms(), self.expiry.sides) {
                (Some(terms), _) => {
                    self.hedged(out, |_, _| 1.0);
                    self.over_largest(terms, out);
                }
                (None, Sides::Wider) => self.hedged(out, larger),
                (None, Sides::Apart) => self.hedged(out, apart),
            },
        }
    }

    /// Makes NaN of the pairs whose short put is not below their short call, or whose wings do not go together; returns
    /// how many are left.
    #[inline(always)]
    pub fn fit(&self, wings: Wings, out: &mut [f64]) -> u64 {
        let n = out.len();
        let (short, width) = (self.puts.short[self.put], self.puts.width[self.put]);
        let (shorts, widths) = (&self.calls.short[self.call..][..n], &self.calls.width[self.call..][..n]);
        let any = wings == Wings::Any;
        let mut left = 0;
        for i in 0..n {
            let fits = (short < shorts[i]) & (any | (width == widths[i]));
            left += u64::from(fits);
            out[i] = if fits { out[i] } else { f64::NAN };
        }
        left
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
    fn calls(&self, out: &mut [f64], then: impl Fn(f64, f64, f64) -> f64) {
        let n = out.len();
        let put = self.puts.added[A::Credit as usize][self.put];
        let (shorts, widths) = (&self.calls.short[self.call..][..n], &self.calls.width[self.call..][..n]);
        let calls = &self.calls.added[A::Credit as usize][self.call..][..n];
        for i in 0..n {
            out[i] = then(shorts[i], widths[i], put + calls[i]);
        }
    }

    #[inline(always)]
    fn profit(&self, table: Option<&Table>, out: &mut [f64]) {
        let Some(table) = table else { return out.fill(f64::NAN) };
        let (short, width) = (self.puts.short[self.put], self.puts.width[self.put]);
        let n = out.len();
        let (mut lows, mut credits) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (lows, credits) = (&mut lows[..n], &mut credits[..n]);
        self.sum(A::Credit, credits, |credit| credit);
        self.sum(A::Credit, lows, |credit| short - credit);
        self.calls(out, |short, _, credit| short + credit);
        table.below(out);
        table.below(lows);
        let widths = &self.calls.width[self.call..][..n];
        for i in 0..n {
            // a wing no wider than the credit cannot lose
            let low = if credits[i] >= width { 0.0 } else { lows[i] };
            let high = if credits[i] >= widths[i] { 1.0 } else { out[i] };
            out[i] = positive(high - low);
        }
    }

    #[inline(always)]
    fn over_requirement(&self, of: Additive, out: &mut [f64]) {
        match (self.terms(), self.expiry.sides) {
            (Some(terms), _) => {
                self.sum(of, out, |x| x);
                self.over_largest(terms, out);
            }
            (None, Sides::Wider) => self.widths(of, out, |put, call, sum| sum / larger(put, call)),
            (None, Sides::Apart) => self.widths(of, out, |put, call, sum| sum / apart(put, call)),
        }
    }

    /// What portfolio margin is the largest of, by side.
    #[inline(always)]
    fn terms(&self) -> Option<[&[Vec<f64>; TERMS]; 2]> {
        Some([self.puts.terms.as_ref()?, self.calls.terms.as_ref()?])
    }

    #[inline(always)]
    fn largest([puts, calls]: [&[Vec<f64>; TERMS]; 2], put: usize, call: usize, out: &mut [f64]) {
        let n = out.len();
        out.fill(f64::NEG_INFINITY);
        for (puts, calls) in puts.iter().zip(calls) {
            let (put, calls) = (puts[put], &calls[call..][..n]);
            for i in 0..n {
                out[i] = larger(out[i], put + calls[i]);
            }
        }
    }

    #[inline(always)]
    fn over_largest(&self, terms: [&[Vec<f64>; TERMS]; 2], out: &mut [f64]) {
        let n = out.len();
        let mut asked = [0.0; BLOCK];
        let asked = &mut asked[..n];
        Self::largest(terms, self.put, self.call, asked);
        for i in 0..n {
            out[i] /= asked[i];
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
