//! How the random numbers of simulated paths are drawn: plainly, in mirrored pairs, from Sobol points, or tilted.
//!
//! Whatever the choice, a path is a function of (seed, number of the path, number of sessions).

use serde::{Deserialize, Serialize};

use super::check;
use crate::{Error, Result};

/// Normals of a session at most.
pub const MAX_SHOCKS: usize = 4;
/// Most points of a Sobol sequence: 2³⁰ of the 2³² cells of a coordinate.
const MAX_POINTS: u32 = 1 << 30;

/// How random numbers are drawn.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(tag = "draws", rename_all = "snake_case", deny_unknown_fields)]
pub enum Draws {
    /// Independent paths.
    #[default]
    Plain,
    /// Path 2j + 1 has the normals of path 2j, negated, and its uniforms: both have the same wild sessions.
    Antithetic,
    /// The paths ⌊p / points⌋ = 0, 1, … are independent randomisations of a Sobol sequence, path p its point p mod `points`.
    ///
    /// Scrambled points of up to 128 dimensions drive Brownian bridges through as many sessions as that allows;
    /// what lies between, and every uniform, is plain.
    Sobol {
        /// Points of a randomisation, a power of two.
        points: u32,
    },
    /// A defensive mixture: with probability `defensive` a path is plain, else the first principal factor of its
    /// normals is shifted; its likelihood ratio is its weight.
    Importance {
        /// By how many standard deviations the factor is shifted, towards falling SPX.
        shift: f64,
        /// Share of paths that are not shifted: no weight exceeds its reciprocal.
        defensive: f64,
    },
}

impl Draws {
    /// Reads a description; unknown fields are errors.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::Spec(format!("draws: {error}")))
    }

    /// The name in descriptions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Antithetic => "antithetic",
            Self::Sobol { .. } => "sobol",
            Self::Importance { .. } => "importance",
        }
    }

    /// Parameters inside their domains, and a model whose draws can be arranged?
    pub fn check(self, shocks: Option<Shocks>) -> Result<()> {
        match self {
            Self::Plain => return Ok(()),
            Self::Antithetic => {}
            Self::Sobol { points } => {
                if !points.is_power_of_two() || points > MAX_POINTS {
                    return Err(Error::domain(
                        "draws.points",
                        points,
                        "must be a power of two, at most 2^30",
                    ));
                }
            }
            Self::Importance { shift, defensive } => {
                check::between("draws.shift", shift, -10.0, 10.0)?;
                check::between("draws.defensive", defensive, 0.01, 1.0)?;
            }
        }
        if shocks.is_none() {
            let allowed = "this market draws no normals that could be arranged; use plain";
            return Err(Error::domain("draws", self.name(), allowed));
        }
        Ok(())
    }
}

/// The normals of a session that a model draws for its dynamics, and their first principal factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shocks {
    /// How many, at most [`MAX_SHOCKS`].
    pub count: usize,
    /// Unit vector along which the normals move SPX and VIX most, towards falling SPX.
    pub principal: [f64; MAX_SHOCKS],
}
