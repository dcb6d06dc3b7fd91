//! The jump-wings parameters of a slice, which a trader reads off a smile: Gatheral and Jacquier, section 3.3.

use super::Svi;

/// A slice as a smile of volatility, at a time to expiry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpWings {
    /// Variance at the money, w(0) over years.
    pub v: f64,
    /// Skew at the money: d√w/dk.
    pub psi: f64,
    /// Slope of the put wing, b (1 − ρ)/√w(0).
    pub p: f64,
    /// Slope of the call wing, b (1 + ρ)/√w(0).
    pub c: f64,
    /// Least variance, over years.
    pub v_least: f64,
}

impl Svi {
    /// Jump-wings parameters, with `years` > 0 to expiry.
    pub fn jump_wings(&self, years: f64) -> JumpWings {
        let at_the_money = self.total_variance(0.0);
        let root = at_the_money.sqrt();
        let [left, right] = self.wings();
        JumpWings {
            v: at_the_money / years,
            psi: 0.5 * self.curve(0.0).slope / root,
            p: left / root,
            c: right / root,
            v_least: self.minimum() / years,
        }
    }
}

impl JumpWings {
    /// Raw parameters; None where the five numbers are those of no hyperbola, or of more than one.
    ///
    /// With ρ = sin A and m/√(m² + σ²) = sin B, w(0) − min w = b √(m² + σ²) (1 − cos(A − B)). Where A = B the
    /// vertex stands at the money: how round it is cannot be told from v and its least value.
    pub fn raw(&self, years: f64) -> Option<Svi> {
        let Self { v, psi, p, c, v_least } = *self;
        let at_the_money = v * years;
        let root = at_the_money.sqrt();
        let b = 0.5 * root * (p + c);
        let rho = (c - p) / (c + p);
        let beta = rho - 2.0 * psi * root / b;
        let half = (0.5 * (rho.asin() - beta.asin())).sin();
        let reach = (v - v_least) * years / (2.0 * b * half * half);
        let sigma = reach * (1.0 - beta * beta).sqrt();
        let a = v_least * years - b * sigma * (1.0 - rho * rho).sqrt();
        let found = Svi { a, b, rho, m: beta * reach, sigma };
        let exists = [a, found.m].iter().all(|x| x.is_finite())
            && (b.is_finite() && b > 0.0)
            && rho.abs() < 1.0
            && (sigma.is_finite() && sigma > 0.0)
            && v_least >= 0.0;
        exists.then_some(found)
    }

    /// The slice of the SSVI family with the same level, skew and put wing (section 5.1): c′ = p + 2ψ and
    /// ṽ′ = v 4pc′/(p + c′)². Without butterfly arbitrage if √(v T) max(p, c′) < 2 and (p + c′) max(p, c′) ≤ 2.
    #[must_use]
    pub fn repaired(&self) -> Self {
        let c = self.p + 2.0 * self.psi;
        let sum = self.p + c;
        Self { c, v_least: self.v * 4.0 * self.p * c / (sum * sum), ..*self }
    }
}
