//! Signals computed from the market's own past: one file each, and one line in [`indicator`].

mod drawdown;
mod macd;
mod macd_signal;
mod realised_vol;
mod r#return;
mod rsi;
mod vix_percentile;
mod volatility_band;

use crate::math::lanes::Col;

/// A signal of every lane, fed session by session.
pub trait Indicator: std::fmt::Debug + Send {
    /// Leading sessions in which the signal is missing: the first value comes with session `warm_up`, counted from 0.
    fn warm_up(&self) -> u32;

    /// Forgets every session: a new block of paths starts.
    fn reset(&mut self);

    /// Takes in one session's closes (`spot` in index points, `vix` in vol points) and writes the signal; NaN is missing.
    fn step(&mut self, spot: &Col, vix: &Col, out: &mut Col);
}

/// The indicator of that name, fresh; `None` for names that are not indicators.
pub fn indicator(name: &str) -> Option<Box<dyn Indicator>> {
    match name {
        "drawdown" => Some(Box::new(drawdown::Drawdown::new())),
        "macd" => Some(Box::new(macd::Macd::new())),
        "macd_signal" => Some(Box::new(macd_signal::MacdSignal::new())),
        "realised_vol_21" => Some(Box::new(realised_vol::RealisedVol::<21>::new())),
        "return_1" => Some(Box::new(r#return::Return::new())),
        "rsi_14" => Some(Box::new(rsi::Rsi::<14>::new())),
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

    /// `rsi_14` lives in `rsi.rs`.
    fn file_of(name: &str) -> String {
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
                    let spot = Col::splat(100.0 + f64::from(session % 3));
                    signal.step(&spot, &Col::splat(20.0), &mut out);
                    assert_eq!(out[0].is_nan(), session < signal.warm_up(), "{name} {session}");
                }
                signal.reset();
            }
        }
    }
}
