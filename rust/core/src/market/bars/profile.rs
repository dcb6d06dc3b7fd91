//! How the variance of a session's day, from the opening to the close, is spread over its minutes.

use crate::market::check;
use crate::math::special;
use crate::{Error, Result};

/// Minutes from the opening to the close of a regular session.
pub const MINUTES: u32 = 390;

/// The same of a half day, which closes at 13:00.
pub const HALF_DAY: u32 = 210;

/// A U: variance a minute is proportional to `1 + open e^{−t / decay} + close e^{−(390 − t) / decay}`, t in minutes
/// since the opening.
///
/// That volatility is highest at the opening, lowest around midday, and rises again into the close is documented by
/// Andersen and Bollerslev, Journal of Empirical Finance 4 (1997), for S&P 500 futures: absolute returns of five
/// minutes nearly twice those of midday at the opening, and half as much again at the close. The defaults are such a
/// shape, with three and two times the variance of midday; they are ours, and no fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// How much more variance a minute has at the opening than at midday, as a multiple of the latter.
    pub open: f64,
    /// The same at the close.
    pub close: f64,
    /// Minutes over which either fades by a factor e.
    pub decay: f64,
}

impl Default for Profile {
    fn default() -> Self {
        Self { open: 2.0, close: 1.0, decay: 45.0 }
    }
}

impl Profile {
    /// Every parameter inside its domain?
    pub fn check(self) -> Result<()> {
        check::between("profile.open", self.open, 0.0, STEEPEST)?;
        check::between("profile.close", self.close, 0.0, STEEPEST)?;
        if self.decay >= 1.0 && self.decay <= f64::from(MINUTES) {
            return Ok(());
        }
        Err(Error::domain("profile.decay", self.decay, "must lie between 1 and 390 minutes"))
    }

    /// Share of a whole day's variance that lies before a minute: 0 at the opening, 1 at the close.
    pub fn before(self, minute: u32) -> f64 {
        self.before_of(minute, MINUTES)
    }

    /// The same of a day of so many minutes: its close comes earlier, and with it what the close adds.
    pub fn before_of(self, minute: u32, minutes: u32) -> f64 {
        match minute {
            0 => 0.0,
            _ if minute >= minutes => 1.0,
            _ => self.sum(f64::from(minute), minutes) / self.sum(f64::from(minutes), minutes),
        }
    }

    /// The integral of the variance a minute from the opening on, in a day of so many minutes.
    fn sum(self, t: f64, minutes: u32) -> f64 {
        let faded = |minutes: f64| special::exp::<false>(-minutes / self.decay);
        let whole = f64::from(minutes);
        let opening = self.open * (1.0 - faded(t));
        let closing = self.close * (faded(whole - t) - faded(whole));
        t + self.decay * (opening + closing)
    }
}

/// Largest multiple of midday's variance that is added.
const STEEPEST: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_any_bars_sum_to_one_and_those_of_minutes_to_those_of_half_hours() {
        let profile = Profile::default();
        let share = |from: u32, to: u32| profile.before(to) - profile.before(from);
        for length in [1, 2, 5, 30, 130, 390] {
            let sum: f64 = (0..MINUTES / length).map(|bar| share(bar * length, (bar + 1) * length)).sum();
            assert!((sum - 1.0).abs() < 1e-14);
        }
        for bar in 0..13 {
            let minutes: f64 = (30 * bar..30 * bar + 30).map(|minute| share(minute, minute + 1)).sum();
            assert!((minutes - share(30 * bar, 30 * bar + 30)).abs() < 1e-14);
        }
    }

    #[test]
    fn the_default_is_a_u_with_its_bottom_after_midday() {
        let profile = Profile::default();
        let halves: Vec<f64> =
            (0..13).map(|bar| profile.before(30 * bar + 30) - profile.before(30 * bar)).collect();
        let least = halves.iter().copied().fold(1.0, f64::min);
        assert_eq!(halves.iter().position(|&share| share == least), Some(7));
        assert!(halves[0] > halves[12] && halves[12] > halves[7]);
        let flat = Profile { open: 0.0, close: 0.0, ..profile };
        assert!((flat.before(39) - 0.1).abs() < 1e-15);
    }

    /// The rate is what is documented: a finite difference of the shares.
    #[test]
    fn the_rate_is_the_one_documented() {
        let profile = Profile { open: 3.0, close: 0.5, decay: 20.0 };
        let rate = |t: f64| 1.0 + 3.0 * (-t / 20.0).exp() + 0.5 * (-(390.0 - t) / 20.0).exp();
        let slope = |t: f64| (profile.sum(t + 1e-4, MINUTES) - profile.sum(t - 1e-4, MINUTES)) / 2e-4;
        for t in [1.0, 30.0, 200.0, 389.0] {
            assert!((slope(t) / rate(t) - 1.0).abs() < 1e-7);
        }
    }

    #[test]
    fn mistakes_are_named() {
        let named = |profile: Profile| profile.check().expect_err("wrong").to_string();
        let right = Profile::default();
        assert!(right.check().is_ok());
        assert!(named(Profile { open: -1.0, ..right }).starts_with("profile.open = -1"));
        assert!(named(Profile { close: f64::NAN, ..right }).starts_with("profile.close = NaN"));
        assert_eq!(
            named(Profile { decay: 0.5, ..right }),
            "profile.decay = 0.5: must lie between 1 and 390 minutes"
        );
    }
}
