//! Signals computed from the market's own past: one file each, and one line in [`indicator`].

mod distance_to_resistance;
mod drawdown;
mod macd;
mod macd_signal;
mod market_beta;
mod realised_vol;
mod r#return;
mod rsi;
mod vix_percentile;
mod volatility_band;
mod weekly;

use crate::math::lanes::{Col, Mask};

/// What indicators see of a session.
#[derive(Clone, Copy, Debug)]
pub struct Closes<'a> {
    /// The spot, index points.
    pub spot: &'a Col,
    /// The VIX, vol points.
    pub vix: &'a Col,
    /// A broader index than the spot, where the run was given one; NaN is missing.
    pub broad: Option<&'a Col>,
    /// Lanes in which this is the last session of its week.
    pub week_ends: Mask,
}

impl<'a> Closes<'a> {
    /// A session in the middle of its week.
    pub const fn daily(spot: &'a Col, vix: &'a Col) -> Self {
        Self { spot, vix, broad: None, week_ends: Mask::NONE }
    }
}

/// A signal of every lane, fed session by session.
pub trait Indicator: std::fmt::Debug + Send {
    /// Leading sessions in which the signal is missing: the first value comes with session `warm_up`, counted from 0; of
    /// what counts in weeks, where the data begin with a full one.
    fn warm_up(&self) -> u32;

    /// Forgets every session: a new block of paths starts.
    fn reset(&mut self);

    /// Takes in one session and writes the signal; NaN is missing.
    fn step(&mut self, now: &Closes<'_>, out: &mut Col);
}

/// The indicator of that name, fresh; `None` for names that are not indicators.
pub fn indicator(name: &str) -> Option<Box<dyn Indicator>> {
    match name {
        "distance_to_resistance" => Some(Box::new(distance_to_resistance::DistanceToResistance::new())),
        "drawdown" => Some(Box::new(drawdown::Drawdown::new())),
        "macd" => Some(Box::new(macd::Macd::new())),
        "macd_signal" => Some(Box::new(macd_signal::MacdSignal::new())),
        "macd_signal_weekly" => Some(Box::new(weekly::Weekly::new(macd_signal::MacdSignal::new))),
        "macd_weekly" => Some(Box::new(weekly::Weekly::new(macd::Macd::new))),
        "market_beta" => Some(Box::new(market_beta::MarketBeta::<60>::new())),
        "realised_vol_21" => Some(Box::new(realised_vol::RealisedVol::<21>::new())),
        "return_1" => Some(Box::new(r#return::Return::new())),
        "rsi_14" => Some(Box::new(rsi::Rsi::<14>::new())),
        "rsi_14_weekly" => Some(Box::new(weekly::Weekly::new(rsi::Rsi::<14>::new))),
        "vix_percentile_252" => Some(Box::new(vix_percentile::VixPercentile::new(252))),
        "volatility_band" => Some(Box::new(volatility_band::VolatilityBand)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;
    use crate::rules::names::{Entry, NAMES, Scope};

    /// `rsi_14` lives in `rsi.rs`, whatever is made of weeks in `weekly.rs`.
    fn file_of(name: &str) -> String {
        if name.ends_with("_weekly") {
            return "weekly".to_owned();
        }
        name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_').to_owned()
    }

    fn registered() -> impl Iterator<Item = &'static Entry> {
        NAMES.iter().filter(|row| row.name.is_indicator())
    }

    #[test]
    fn every_file_is_registered_and_every_name_has_a_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/indicator");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|stem| stem != "mod")
            .collect();
        assert_eq!(files, registered().map(|row| file_of(row.text)).collect());
    }

    #[test]
    fn names_ask_for_enough_warm_up() {
        for row in registered() {
            assert_eq!(row.scope, Scope::Market);
            assert!(row.warm_up >= indicator(row.text).unwrap().warm_up(), "{}", row.text);
        }
    }

    #[test]
    fn missing_until_warm_and_again_after_a_reset() {
        for name in registered().map(|row| row.text) {
            let mut signal = indicator(name).unwrap();
            for _ in 0..2 {
                let mut out = Col::default();
                for session in 0..=signal.warm_up() {
                    let (spot, vix) = (Col::splat(100.0 + f64::from(session % 7)), Col::splat(20.0));
                    let week_ends = if session % 5 == 4 { Mask::ALL } else { Mask::NONE };
                    let broad = Some(&spot);
                    signal.step(&Closes { spot: &spot, vix: &vix, broad, week_ends }, &mut out);
                    assert_eq!(out[0].is_nan(), session < signal.warm_up(), "{name} {session}");
                }
                signal.reset();
            }
        }
    }
}
