//! Which paths a block holds, and their random numbers.

use super::arranged::Arranged;
use super::draws::{Draws, Shocks};
use crate::math::lanes::{Col, LANES};
use crate::math::philox::{Purpose, Stream};
use crate::math::special;

/// Which paths a block holds.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Seed of the run.
    pub seed: u64,
    /// Lane `i` is path `first_path + i`.
    pub first_path: u64,
    /// Per lane, the row of session 0 in the replayed arrays; simulated models ignore it.
    pub start: [u32; LANES],
    /// How normals are drawn.
    pub variates: Variates,
    /// Is the day's state of the SPX surface drawn? Without, it stays the template's; SPX, VIX and VX do not read it.
    pub surface_state: bool,
}

/// How the normals of a block are drawn.
#[derive(Clone, Debug, Default)]
pub enum Variates {
    /// Each lane on its own.
    #[default]
    Plain,
    /// Odd paths mirror the even ones before them.
    Antithetic,
    /// Plain, and moved by what was arranged for the block's paths and sessions.
    Arranged(Box<Arranged>),
}

impl Default for Lanes {
    fn default() -> Self {
        Self { seed: 0, first_path: 0, start: [0; LANES], variates: Variates::Plain, surface_state: true }
    }
}

impl Lanes {
    /// The same lanes with draws that passed [`Draws::check`], for paths of so many sessions.
    #[must_use]
    pub fn drawn(mut self, draws: Draws, sessions: u32, shocks: Option<Shocks>) -> Self {
        self.variates = match (draws, shocks) {
            (Draws::Antithetic, _) => Variates::Antithetic,
            (Draws::Sobol { points }, Some(shocks)) if sessions > 0 => Variates::Arranged(Box::new(
                Arranged::sobol(self.seed, self.first_path, points, sessions, shocks),
            )),
            (Draws::Importance { shift, defensive }, Some(shocks)) if sessions > 0 => {
                Variates::Arranged(Box::new(Arranged::importance(
                    self.seed,
                    self.first_path,
                    shift,
                    defensive,
                    sessions,
                    shocks,
                )))
            }
            _ => Variates::Plain,
        };
        self
    }

    /// Likelihood ratios of the paths where they are not 1.
    pub fn weight(&self) -> Option<&Col> {
        match &self.variates {
            Variates::Arranged(arranged) => arranged.weight.as_ref(),
            Variates::Plain | Variates::Antithetic => None,
        }
    }

    /// A column of uniforms in (0, 1): the first of the block of draws.
    #[inline(always)]
    pub(super) fn uniforms(&self, purpose: Purpose, step: u32, block: u32, a: &mut Col) {
        let stream = self.stream(purpose);
        match self.variates {
            Variates::Antithetic => {
                for i in 0..LANES {
                    [a[i], _] = stream.uniforms(self.even_path(i), step, block);
                }
            }
            _ => stream.uniform_column(self.first_path, step, block, a),
        }
    }

    /// A column of standard normals: the first of the block of draws.
    #[inline(always)]
    pub(super) fn normal<const FMA: bool>(&self, purpose: Purpose, step: u32, block: u32, a: &mut Col) {
        match &self.variates {
            Variates::Plain => self.stream(purpose).normal_column::<FMA>(self.first_path, step, block, a),
            Variates::Antithetic => {
                self.uniforms(purpose, step, block, a);
                self.mirrored::<FMA>(a);
            }
            Variates::Arranged(arranged) => {
                self.stream(purpose).normal_column::<FMA>(self.first_path, step, block, a);
                if purpose == Purpose::Dynamics {
                    arranged.add(step, 2 * block as usize, a);
                }
            }
        }
    }

    /// Two columns of standard normals: all of the block of draws.
    #[inline(always)]
    pub(super) fn normals<const FMA: bool>(
        &self,
        purpose: Purpose,
        step: u32,
        block: u32,
        a: &mut Col,
        b: &mut Col,
    ) {
        let stream = self.stream(purpose);
        match &self.variates {
            Variates::Plain => stream.normal_columns::<FMA>(self.first_path, step, block, a, b),
            Variates::Antithetic => {
                for i in 0..LANES {
                    [a[i], b[i]] = stream.uniforms(self.even_path(i), step, block);
                }
                self.mirrored::<FMA>(a);
                self.mirrored::<FMA>(b);
            }
            Variates::Arranged(arranged) => {
                stream.normal_columns::<FMA>(self.first_path, step, block, a, b);
                if purpose == Purpose::Dynamics {
                    arranged.add(step, 2 * block as usize, a);
                    arranged.add(step, 2 * block as usize + 1, b);
                }
            }
        }
    }

    #[inline(always)]
    fn stream(&self, purpose: Purpose) -> Stream {
        Stream { seed: self.seed, purpose }
    }

    /// The path of a pair that is drawn.
    #[inline(always)]
    fn even_path(&self, lane: usize) -> u64 {
        (self.first_path + lane as u64) & !1
    }

    /// Uniforms in place become normals, those of odd paths negated.
    #[inline(always)]
    fn mirrored<const FMA: bool>(&self, a: &mut Col) {
        special::inv_norm_cdf_column::<FMA>(a);
        for i in 0..LANES {
            let odd = (self.first_path + i as u64) & 1 == 1;
            a[i] = if odd { -a[i] } else { a[i] };
        }
    }
}
