//! Legs and how their strikes are chosen.

use serde::Deserialize;

/// Call or put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Right {
    /// Call.
    #[serde(rename = "C")]
    Call,
    /// Put.
    #[serde(rename = "P")]
    Put,
}

impl Right {
    /// +1 for calls, −1 for puts: the sign convention of the pricing kernels.
    pub const fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }
}

/// One leg of a package.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegSpec {
    /// Call or put.
    pub right: Right,
    /// Signed contracts per lot: negative is sold.
    pub ratio: i32,
    /// How the strike is chosen.
    pub strike: StrikeSpec,
}

/// How a strike is chosen, from fill-time quotes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum StrikeSpec {
    /// |undiscounted forward delta| at the strike's own vol.
    Delta {
        /// Target, between 0 and 1.
        value: f64,
    },
    /// At the |delta|, common to all legs that are chosen so, at which the package's credit at mid comes nearest to a
    /// value (C1).
    Credit {
        /// The credit, product points.
        value: f64,
        /// The least and the most that is accepted; absent: any.
        #[serde(default)]
        within: Option<(f64, f64)>,
    },
    /// Outside a multiple of the expected move (R3).
    ExpectedMove {
        /// Multiple of S √θ.
        multiple: f64,
        /// What the move is centred on.
        drift: Drift,
        /// Equity risk premium of the CAPM drift, per year.
        erp: f64,
    },
    /// Further out of the money than an earlier leg.
    Offset {
        /// Index of the earlier leg.
        from: usize,
        /// Distance.
        width: Width,
    },
}

/// Centre of the expected move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// S exp((r + erp − q) T).
    Capm,
    /// The forward.
    Forward,
}

/// Distance between strikes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Width {
    /// Fraction of the spot at the fill.
    Fraction(f64),
    /// Product points.
    Points(f64),
}
