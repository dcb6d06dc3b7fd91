//! Recorded option quotes: a slice and the strikes of each expiry on each session, at its close and at times inside it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{bars::profile::MINUTES, check};
use crate::{Error, Result};

/// Recorded quotes of one product.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ChainSpec {
    /// Product whose options were quoted.
    pub product: String,
    /// One element per session, time and expiry, in any order.
    pub slices: Vec<SliceSpec>,
}

/// One expiry on one session.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SliceSpec {
    /// Row of the session.
    pub session: u32,
    /// Session of the schedule on which the options settle.
    pub expiry: u32,
    /// Minutes since the opening at which it was quoted; absent: at the close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minute: Option<u32>,
    /// Price of the index then, of a time inside the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<f64>,
    /// Forward of the index, points.
    pub forward: f64,
    /// Discount factor.
    pub discount: f64,
    /// At-the-money total variance θ of the slice fitted to the quotes.
    pub theta: f64,
    /// Its skew ρ.
    pub rho: f64,
    /// Its scaled curvature ζ.
    pub zeta: f64,
    /// Puts.
    pub puts: QuotesSpec,
    /// Calls.
    pub calls: QuotesSpec,
}

/// The strikes of one side, one element per strike.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct QuotesSpec {
    /// Strikes, ascending, points of the underlying.
    pub strike: Vec<f64>,
    /// Between bid and ask, points; where there is no two-sided quote, the price of the surface fitted to the others.
    pub mid: Vec<f64>,
    /// Half of ask less bid, points; none where there is no two-sided quote.
    pub half_spread: Vec<Option<f64>>,
    /// Forward delta on the fitted surface: positive for calls, negative for puts.
    pub delta: Vec<f64>,
}

impl ChainSpec {
    /// Every number inside its domain, every expiry of a session once?
    pub(super) fn check(&self, rows: usize) -> Result<()> {
        let mut seen = HashSet::with_capacity(self.slices.len());
        for (i, slice) in self.slices.iter().enumerate() {
            let named = |name: &str| format!("chain.slices[{i}].{name}");
            if slice.session as usize >= rows {
                return Err(Error::domain(named("session"), slice.session, format!("there are {rows} rows")));
            }
            if slice.expiry <= slice.session {
                let allowed = format!("must settle after its session, row {}", slice.session);
                return Err(Error::domain(named("expiry"), slice.expiry, allowed));
            }
            if slice.minute.is_some_and(|minute| minute == 0 || minute >= MINUTES) {
                let allowed = "a minute after the opening and before the close: 1 to 389";
                return Err(Error::domain(named("minute"), slice.minute.unwrap_or(0), allowed));
            }
            match (slice.minute, slice.spot) {
                (Some(_), Some(spot)) => check::above(&named("spot"), spot, 0.0)?,
                (None, None) => {}
                (minute, _) => {
                    let allowed = "the price of the index at a minute inside the session; none at the close";
                    let given = if minute.is_some() { "none" } else { "given" };
                    return Err(Error::domain(named("spot"), given, allowed));
                }
            }
            if !seen.insert((slice.session, slice.expiry, slice.minute)) {
                let allowed = format!("row {} has quotes of this expiry already", slice.session);
                return Err(Error::domain(named("expiry"), slice.expiry, allowed));
            }
            for (name, value) in
                [("forward", slice.forward), ("discount", slice.discount), ("theta", slice.theta)]
            {
                check::above(&named(name), value, 0.0)?;
            }
            if slice.rho.is_nan() || slice.rho.abs() >= 1.0 {
                return Err(Error::domain(named("rho"), slice.rho, "must lie between -1 and 1"));
            }
            check::at_least(&named("zeta"), slice.zeta, 0.0)?;
            slice.puts.check(&named("puts"))?;
            slice.calls.check(&named("calls"))?;
        }
        Ok(())
    }
}

impl QuotesSpec {
    fn check(&self, path: &str) -> Result<()> {
        let strikes = self.strike.len();
        for (name, length) in
            [("mid", self.mid.len()), ("half_spread", self.half_spread.len()), ("delta", self.delta.len())]
        {
            if length != strikes {
                let problem = format!("{length} elements, but {path}.strike has {strikes}");
                return Err(Error::Shape { name: format!("{path}.{name}"), problem });
            }
        }
        let mut below = 0.0;
        for i in 0..strikes {
            let named = |name: &str| format!("{path}.{name}[{i}]");
            check::above(&named("strike"), self.strike[i], below)?;
            below = self.strike[i];
            check::at_least(&named("mid"), self.mid[i], 0.0)?;
            if let Some(half_spread) = self.half_spread[i] {
                check::between(&named("half_spread"), half_spread, 0.0, self.mid[i])?;
            }
            check::between(&named("delta"), self.delta[i], -1.0, 1.0)?;
        }
        Ok(())
    }
}

/// The price of one contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// Points.
    pub mid: f64,
    /// Half of ask less bid, points; missing where the price is that of the fitted surface.
    pub half_spread: f64,
}

/// Recorded quotes, ready to be looked up.
#[derive(Clone, Debug)]
pub struct RecordedChain {
    /// Product whose options were quoted.
    pub product: String,
    slices: HashMap<(u32, u32, Option<u32>), SliceSpec>,
    /// Price of the index at each time inside a session.
    spots: BTreeMap<(u32, u32), f64>,
}

impl RecordedChain {
    pub(super) fn new(spec: &ChainSpec) -> Self {
        let key = |slice: &SliceSpec| (slice.session, slice.expiry, slice.minute);
        let spot = |slice: &SliceSpec| Some(((slice.minute?, slice.session), slice.spot?));
        Self {
            product: spec.product.clone(),
            slices: spec.slices.iter().map(|slice| (key(slice), slice.clone())).collect(),
            spots: spec.slices.iter().filter_map(spot).collect(),
        }
    }

    /// The expiry as it was quoted on a session, at a minute or at the close; `None` where it was not.
    pub fn slice(&self, session: u32, expiry: u32, minute: Option<u32>) -> Option<&SliceSpec> {
        self.slices.get(&(session, expiry, minute))
    }

    /// Price of the index at a minute of a session, where it was quoted then.
    pub fn spot(&self, session: u32, minute: u32) -> Option<f64> {
        self.spots.get(&(minute, session)).copied()
    }

    /// Minutes inside sessions at which there are quotes, ascending.
    pub fn minutes(&self) -> Vec<u32> {
        let mut minutes: Vec<u32> = self.spots.keys().map(|(minute, _)| *minute).collect();
        minutes.dedup();
        minutes
    }
}

impl SliceSpec {
    /// The quotes of the puts (`sign` −1) or the calls (+1).
    pub fn side(&self, sign: f64) -> &QuotesSpec {
        if sign > 0.0 { &self.calls } else { &self.puts }
    }
}

impl QuotesSpec {
    /// The price at a strike; `None` where there is none.
    pub fn quote(&self, strike: f64) -> Option<Quote> {
        let i = self.strike.binary_search_by(|known| known.total_cmp(&strike)).ok()?;
        Some(Quote { mid: self.mid[i], half_spread: self.half_spread[i].unwrap_or(f64::NAN) })
    }

    /// The two-sided strike nearest to `strike` among those that are `allowed`; of two the higher.
    pub fn nearest(&self, strike: f64, allowed: impl Fn(f64) -> bool) -> Option<f64> {
        self.best(|i| if allowed(self.strike[i]) { (self.strike[i] - strike).abs() } else { f64::INFINITY })
    }

    /// The two-sided strike whose delta is nearest to `delta` in absolute value; of two the higher strike.
    pub fn nearest_delta(&self, delta: f64) -> Option<f64> {
        self.best(|i| (self.delta[i].abs() - delta).abs())
    }

    /// The two-sided strike with the least finite `distance`.
    fn best(&self, distance: impl Fn(usize) -> f64) -> Option<f64> {
        let quoted = (0..self.strike.len()).filter(|&i| self.half_spread[i].is_some());
        let distances = quoted.map(|i| (i, distance(i))).filter(|(_, distance)| distance.is_finite());
        // `min_by` keeps the first of equals, and strikes ascend.
        distances.rev().min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, _)| self.strike[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice() -> SliceSpec {
        let quotes = QuotesSpec {
            strike: vec![90.0, 92.0, 95.0, 105.0],
            mid: vec![1.25, 1.5, 2.0, 6.25],
            half_spread: vec![Some(0.25), None, Some(0.0), Some(0.25)],
            delta: vec![-0.1, -0.15, -0.2, -0.7],
        };
        SliceSpec {
            session: 2,
            expiry: 9,
            minute: None,
            spot: None,
            forward: 100.0,
            discount: 0.99,
            theta: 0.01,
            rho: -0.5,
            zeta: 1.0,
            puts: quotes,
            calls: QuotesSpec::default(),
        }
    }

    #[test]
    fn a_quote_is_found_on_its_session_expiry_side_and_strike() {
        let chain = RecordedChain::new(&ChainSpec { product: "SPXW".into(), slices: vec![slice()] });
        let found = chain.slice(2, 9, None).expect("quoted");
        assert_eq!(found.side(-1.0).quote(90.0), Some(Quote { mid: 1.25, half_spread: 0.25 }));
        assert_eq!(found.side(-1.0).quote(95.0), Some(Quote { mid: 2.0, half_spread: 0.0 }));
        let fitted = found.side(-1.0).quote(92.0).expect("a price");
        assert!(fitted.mid == 1.5 && fitted.half_spread.is_nan());
        assert_eq!((found.side(-1.0).quote(92.5), found.side(1.0).quote(90.0)), (None, None));
        assert!(chain.slice(3, 9, None).is_none() && chain.slice(2, 8, None).is_none());
    }

    #[test]
    fn a_time_inside_a_session_has_quotes_and_a_spot_of_its_own() {
        let early = SliceSpec { minute: Some(375), spot: Some(101.0), forward: 102.0, ..slice() };
        let chain = RecordedChain::new(&ChainSpec { product: "SPXW".into(), slices: vec![slice(), early] });
        let forward = |minute| chain.slice(2, 9, minute).map(|slice| slice.forward);
        assert_eq!([None, Some(375), Some(374)].map(forward), [Some(100.0), Some(102.0), None]);
        assert_eq!([(2, 375), (3, 375), (2, 60)].map(|(s, m)| chain.spot(s, m)), [Some(101.0), None, None]);
        assert_eq!(chain.minutes(), [375]);
    }

    #[test]
    fn the_nearest_strike_is_two_sided_and_allowed() {
        let puts = slice().puts;
        assert_eq!(puts.nearest(92.0, |_| true), Some(90.0), "92 has no two-sided quote");
        assert_eq!(puts.nearest(92.4, |_| true), Some(90.0));
        assert_eq!(puts.nearest(92.5, |_| true), Some(95.0), "of two the higher");
        assert_eq!(puts.nearest(104.0, |strike| strike < 105.0), Some(95.0));
        assert_eq!(puts.nearest(50.0, |strike| strike < 90.0), None);
        assert_eq!(puts.nearest(f64::NAN, |_| true), None);
        assert_eq!([0.01, 0.149, 0.3].map(|delta| puts.nearest_delta(delta)), [90.0, 90.0, 95.0].map(Some));
    }

    #[test]
    fn mistakes_are_named() {
        let changed = |change: fn(&mut SliceSpec)| {
            let mut slice = slice();
            change(&mut slice);
            slice
        };
        for (slices, words) in [
            (vec![changed(|s| s.session = 5)], "chain.slices[0].session = 5: there are 5 rows"),
            (
                vec![changed(|s| s.expiry = 2)],
                "chain.slices[0].expiry = 2: must settle after its session, row 2",
            ),
            (vec![slice(), slice()], "chain.slices[1].expiry = 9: row 2 has quotes of this expiry already"),
            (vec![changed(|s| s.minute = Some(390))], "chain.slices[0].minute = 390: a minute after"),
            (vec![changed(|s| s.minute = Some(60))], "chain.slices[0].spot = none: the price of the index"),
            (vec![changed(|s| s.spot = Some(60.0))], "chain.slices[0].spot = given: the price of the index"),
            (vec![changed(|s| s.theta = 0.0)], "chain.slices[0].theta = 0"),
            (vec![changed(|s| s.rho = -1.0)], "chain.slices[0].rho = -1"),
            (vec![changed(|s| s.forward = f64::NAN)], "chain.slices[0].forward = NaN"),
            (vec![changed(|s| s.puts.mid = vec![])], "chain.slices[0].puts.mid: 0 elements"),
            (vec![changed(|s| s.puts.mid[1] = -1.0)], "chain.slices[0].puts.mid[1] = -1"),
            (
                vec![changed(|s| s.puts.half_spread[0] = Some(1.3))],
                "chain.slices[0].puts.half_spread[0] = 1.3",
            ),
            (vec![changed(|s| s.puts.delta[2] = -1.1)], "chain.slices[0].puts.delta[2] = -1.1"),
            (vec![changed(|s| s.puts.strike[1] = 90.0)], "chain.slices[0].puts.strike[1] = 90"),
        ] {
            let spec = ChainSpec { product: "SPXW".into(), slices };
            let text = spec.check(5).expect_err(words).to_string();
            assert!(text.contains(words), "{text:?} is not {words:?}");
        }
    }
}
