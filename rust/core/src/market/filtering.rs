//! A recorded history read as L3F would have made it: its states, and the shocks that led from one to the next.
//!
//! States are the estimates of [`super::kalman`] under the real-world dynamics. What a session's prices add to them is
//! the innovation: with x the estimate, and P the covariance of its error before and after those prices,
//! ```text
//! gᵢ = (xᵢ − mᵢ − e^{−kᵢΔ} (xᵢ' − mᵢ)) / (sᵢ √Δ)      x' the estimate a session before
//! Var gᵢ = (Pᵢᵢ before − Pᵢᵢ after) / (sᵢ² Δ)          below 1 in the long run: what prices do not tell
//! z  = (ln(S / S') − (r − q + ERP) Δ + h/2 + κ₃ h^{3/2} / 6) / √h,   h of x'
//! ```
//! Fed back through the recursion of [`super::l3f`] they give the same closes of SPX and VIX again.

use super::DAYS_PER_YEAR;
use super::check;
use super::kalman::{self, Filter};
use super::l3f::{L3f, SHOCKS};
use super::recorded_vx::Mark;
use super::spec::{L3fSpec, ReplaySpec};
use super::state::FACTORS;
use crate::Result;

/// What the filter makes of one row of a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub x: [f64; FACTORS],
    /// By how much the row's prices lowered the variance of each factor's error; `None` in a row from which the
    /// filter starts.
    learnt: Option<[f64; FACTORS]>,
}

/// One session of a filtered history.
#[derive(Clone, Copy, Debug)]
pub struct Filtered {
    /// Factors at the close.
    pub x: [f64; FACTORS],
    /// Shocks z, g0, g1, g2 of the session; NaN in the first row, which none leads to.
    pub shocks: [f64; SHOCKS],
    /// Variances that the filter expects of g0, g1, g2; that of z is 1, given the volatility.
    pub variance: [f64; FACTORS],
}

/// The factors of each row, given its prices and those before. A row is a session later than the one before,
/// whatever days lie between. `futures` are sorted by row.
pub(super) fn estimates<'a>(
    spec: &'a ReplaySpec,
    futures: &'a [Mark],
) -> impl Iterator<Item = Estimate> + 'a {
    let unknown = Filter::new(&spec.curve, &spec.dynamics);
    let mut filter = unknown.clone();
    let mut futures = futures.iter().peekable();
    spec.vix.iter().enumerate().map(move |(row, &vix)| {
        let starts = row <= spec.filter_from;
        if starts {
            filter.clone_from(&unknown);
        } else {
            filter.step();
        }
        let before = filter.variance();
        for (sessions, column) in [(kalman::QUARTER, &spec.vix3m), (kalman::HALF_YEAR, &spec.vix6m)] {
            if let Some(&Some(index)) = column.get(row) {
                filter.observe_swap(sessions, index);
            }
        }
        while let Some(mark) = futures.next_if(|mark| mark.row == row) {
            filter.observe_future(mark.days / DAYS_PER_YEAR, mark.settle);
        }
        let x = filter.observe(vix);
        let after = filter.variance();
        let learnt = (!starts).then(|| std::array::from_fn(|f| before[f] - after[f]));
        Estimate { x, learnt }
    })
}

/// States and innovations of a history, a row a session, given VIX and, where the history has them, VIX3M, VIX6M and
/// VX settlements. `erp` is the risk premium that z is measured against, a year.
pub fn filtered(spec: &ReplaySpec, erp: f64) -> Result<Vec<Filtered>> {
    spec.check()?;
    check::finite("erp", erp)?;
    let futures = closing_prices(spec)?;
    let (curve, dynamics) = (spec.curve.clone(), spec.dynamics.clone());
    let model = L3f::new(&L3fSpec { vix: spec.vix[0], erp, curve, dynamics, ..L3fSpec::default() })?;
    let unit = model.move_variance();
    let mut before = None;
    let rows = estimates(spec, &futures).enumerate().map(|(row, Estimate { x, learnt })| {
        let after = spec.point(row, x);
        let led = before.replace(after).zip(learnt);
        let (shocks, variance) = led.map_or(([f64::NAN; SHOCKS], [f64::NAN; FACTORS]), |(before, learnt)| {
            (model.shocks_between(&before, &after), std::array::from_fn(|f| learnt[f] / unit[f]))
        });
        Filtered { x, shocks, variance }
    });
    Ok(rows.collect())
}

/// Recorded VX that are prices at a close, by row: not final settlements, which are made in the morning.
pub(super) fn closing_prices(spec: &ReplaySpec) -> Result<Vec<Mark>> {
    let Some(vx) = &spec.vx else { return Ok(Vec::new()) };
    for (i, &settle) in vx.settle.iter().enumerate() {
        check::above(&format!("vx.settle[{i}]"), settle, spec.curve.floor)?;
    }
    let mut marks: Vec<Mark> = vx.marks().filter(|mark| mark.row < mark.expiry).collect();
    marks.sort_unstable_by_key(|mark| (mark.row, mark.expiry));
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::generator::{Generator, Lanes};
    use crate::market::parameters::{Curve, Dynamics, Smile, VixSmile};
    use crate::market::recorded_vx::VxSpec;
    use crate::market::state::State;
    use crate::math::lanes::Col;

    /// The first lane of some L3F sessions as a history, and its true factors.
    fn history(sessions: u32) -> (ReplaySpec, Vec<[f64; FACTORS]>) {
        let model = L3f::new(&L3fSpec::default()).expect("defaults");
        let surface = model.surface();
        let lanes = Lanes::default();
        let (mut state, mut vix) = (State::default(), Col::default());
        let (mut spot, mut seen, mut truth) = (Vec::new(), Vec::new(), Vec::new());
        for step in 0..=sessions {
            match step {
                0 => model.start(&lanes, &mut state),
                _ => model.session(&lanes, step, &mut state),
            }
            surface.vix(&state, &mut vix);
            spot.push(state.ln_s[0].exp());
            seen.push(vix[0]);
            truth.push(state.factors(0));
        }
        let rows = spot.len();
        let spec = ReplaySpec {
            spot,
            vix: seen,
            vix3m: Vec::new(),
            vix6m: Vec::new(),
            rate: vec![0.04; rows],
            dividend_yield: vec![0.013; rows],
            filter_from: 0,
            open: Vec::new(),
            high: Vec::new(),
            low: Vec::new(),
            vx: None,
            vx_in_state: false,
            chain: None,
            curve: Curve::default(),
            dynamics: Dynamics::default(),
            smile: Smile::default(),
            vix_smile: VixSmile::default(),
            surface_shift: 0.0,
        };
        (spec, truth)
    }

    /// Settlement prices of the model itself, 30 and 180 days before every contract's end.
    fn futures(truth: &[[f64; FACTORS]]) -> VxSpec {
        let curve = super::super::curve::VixCurve::new(&Curve::default());
        let mut vx = VxSpec { session: vec![], expiry: vec![], days: vec![], settle: vec![] };
        for (row, x) in (0u32..).zip(truth) {
            for days in [30u32, 180] {
                vx.session.push(row);
                vx.expiry.push(row + days);
                vx.days.push(f64::from(days));
                vx.settle.push(curve.future::<false>(*x, f64::from(days) / DAYS_PER_YEAR).0);
            }
        }
        vx
    }

    fn mean_square(values: impl Iterator<Item = f64>) -> f64 {
        let (sum, n) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value * value, n + 1));
        sum / f64::from(n)
    }

    /// On a history that L3F made, innovations have the variances that the filter expects; smaller ones where futures
    /// have no error of their own, which it does not know.
    #[test]
    fn innovations_have_their_variance() {
        let (mut spec, truth) = history(4000);
        for with_futures in [false, true] {
            spec.vx = with_futures.then(|| futures(&truth));
            let rows = filtered(&spec, 0.05).expect("a history");
            assert!(rows[0].shocks.iter().chain(&rows[0].variance).all(|value| value.is_nan()));
            let settled = &rows[1000..];
            let z = mean_square(settled.iter().map(|row| row.shocks[0]));
            // Above 1 as far as the volatility of the day is not known.
            assert!(z > 0.9 && z < 1.3, "variance of z: {z}");
            for f in 0..FACTORS {
                assert!(settled.iter().all(|row| row.variance[f] > 0.0 && row.variance[f] < 2.0));
                let ratio = mean_square(settled.iter().map(|row| row.shocks[1 + f] / row.variance[f].sqrt()));
                assert!(
                    ratio < 1.2 && (with_futures || ratio > 0.8),
                    "g{f}: {ratio} times its variance, futures {with_futures}"
                );
            }
        }
    }

    /// Futures without an error of their own tell the factors; VIX alone does not.
    #[test]
    fn futures_find_the_true_shocks() {
        let (mut spec, truth) = history(1500);
        let miss = |spec: &ReplaySpec, f: usize| {
            let rows = filtered(spec, 0.05).expect("a history");
            mean_square(rows[500..].iter().zip(&truth[500..]).map(|(row, truth)| row.x[f] - truth[f]))
        };
        let alone: [f64; FACTORS] = std::array::from_fn(|f| miss(&spec, f));
        spec.vx = Some(futures(&truth));
        for (f, alone) in alone.into_iter().enumerate() {
            let informed = miss(&spec, f);
            assert!(informed < 0.2 * alone, "factor {f}: {informed} of {alone}");
        }
    }

    /// Through the recursion, innovations give the closes back.
    #[test]
    fn innovations_are_the_inverse_of_sessions() {
        let (spec, _) = history(300);
        let rows = filtered(&spec, 0.05).expect("a history");
        let model = L3f::new(&L3fSpec::default()).expect("defaults");
        for row in 1..rows.len() {
            let (before, after) = (spec.point(row - 1, rows[row - 1].x), spec.point(row, rows[row].x));
            let sd = model.spot_sd::<false>(before.x);
            let drift = (0.04 - 0.013 + 0.05) / 252.0;
            let skew = -0.484_277;
            let made =
                before.ln_s + drift - sd * sd / 2.0 - skew * sd.powi(3) / 6.0 + sd * rows[row].shocks[0];
            assert!((made - after.ln_s).abs() < 1e-8);
        }
    }

    #[test]
    fn mistakes_are_named() {
        let (mut spec, truth) = history(5);
        spec.vx = Some(futures(&truth));
        let message = |spec: &ReplaySpec, erp: f64| filtered(spec, erp).expect_err("a mistake").to_string();
        assert!(message(&spec, f64::NAN).contains("erp = NaN"));
        if let Some(vx) = &mut spec.vx {
            vx.settle[3] = 5.5;
        }
        assert_eq!(message(&spec, 0.05), "vx.settle[3] = 5.5: must be above 6");
    }
}
