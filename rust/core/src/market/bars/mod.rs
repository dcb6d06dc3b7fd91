//! Paths inside sessions: bars of ln S and of the factors between two closes of any generator.
//!
//! The closes are what they are without them, bit for bit; bars only draw what lies between, with draws of purposes of
//! their own. With o the overnight share of a session's variance, U the share of the day's variance before a minute
//! ([`profile::Profile`]) and D, J what the session's move consists of ([`day::Day`]: a diffusion, and a jump or none),
//! ```text
//! opening   before + o (after − before − J) + √(o (1 − o)) D n                    + J where it falls overnight
//! minute    opening + U (after − opening − J) + √(1 − o) D B(U)                   + J from its minute on
//! ```
//! where B is a Brownian bridge in each of the four normals that move (ln S, x) together, from 0 at the opening to 0 at the
//! close. A jump falls overnight with probability o, else in a minute drawn by the profile; it is never smeared. The
//! opening of a session without a jump is the generator's own, to which options settle; that of a wild session
//! differs from it by the diffusion, which [`Generator::opening`](super::generator::Generator::opening) leaves with the jump.
//!
//! A recorded day with opening, high and low takes the bridge of ln S given those: [`range`].

pub mod arrays;
pub mod day;
mod grid;
pub mod profile;
mod range;
mod session;

pub(crate) use grid::Grid;
pub(crate) use range::{LEAST_BARS, Ranges};
pub(crate) use session::Session;
