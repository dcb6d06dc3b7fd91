//! American options against binomial trees, their own limits and published values.

use super::{American, Greek, implied::implied};
use crate::pricing::black76;
use crate::pricing::implied_vol::Status;

const PUT: American =
    American { sign: -1.0, spot: 100.0, strike: 100.0, years: 1.0, vol: 0.25, rate: 0.05, dividend: 0.0 };

/// Leisen and Reimer's tree (1996): the naive twin.
fn tree(option: American, steps: usize) -> f64 {
    let American { sign, spot, strike, years, vol, rate, dividend } = option;
    let n = steps as f64;
    let sd = vol * years.sqrt();
    let d1 = ((spot / strike).ln() + (rate - dividend) * years) / sd + 0.5 * sd;
    let invert = |d: f64| {
        let ratio = d / (n + 1.0 / 3.0 + 0.1 / (n + 1.0));
        0.5 + d.signum() * 0.5 * (1.0 - (-ratio * ratio * (n + 1.0 / 6.0)).exp()).sqrt()
    };
    let (p, tilted) = (invert(d1 - sd), invert(d1));
    let growth = ((rate - dividend) * years / n).exp();
    let (up, discount) = (growth * tilted / p, (-rate * years / n).exp());
    let down = (growth - p * up) / (1.0 - p);
    let power = |base: f64, times: usize| base.powf(times as f64);
    let at = |level: usize, ups: usize| spot * power(up, ups) * power(down, level - ups);
    let exercised = |level: usize, ups: usize| sign * (at(level, ups) - strike);
    let mut values: Vec<f64> = (0..=steps).map(|ups| exercised(steps, ups).max(0.0)).collect();
    for level in (0..steps).rev() {
        for ups in 0..=level {
            let held = discount * (p * values[ups + 1] + (1.0 - p) * values[ups]);
            values[ups] = held.max(exercised(level, ups));
        }
    }
    values[0]
}

fn cases() -> impl Iterator<Item = American> {
    let rates = [(0.05, 0.0), (0.05, 0.05), (0.03, 0.08), (0.08, 0.03), (0.001, 0.0), (0.04, -0.02)];
    [-1.0, 1.0].into_iter().flat_map(move |sign| {
        rates.into_iter().flat_map(move |(rate, dividend)| {
            [0.1, 0.3, 0.9].into_iter().flat_map(move |vol| {
                [0.02, 0.25, 2.0].into_iter().flat_map(move |years| {
                    [80.0, 97.0, 125.0].into_iter().map(move |strike| American {
                        sign,
                        strike,
                        years,
                        vol,
                        rate,
                        dividend,
                        ..PUT
                    })
                })
            })
        })
    })
}

#[test]
fn a_tree_says_the_same() {
    for option in cases() {
        let (found, coarse, fine) = (option.price::<false>(), tree(option, 101), tree(option, 301));
        // The tree's own error, by how far it still moves.
        let slack = 2.0 * (fine - coarse).abs() + 2e-5;
        assert!((found - fine).abs() < slack, "{option:?}: {found} is not {fine} within {slack}");
    }
}

/// The 27 puts of Geske and Johnson (1984), Huang, Subrahmanyam and Yu (1996) and Ju (1998), S = 40 and r = 4.88%:
/// binomial trees of 10,000 steps.
#[test]
fn published_puts() {
    #[rustfmt::skip]
    let values = [
        0.0062, 0.2004, 0.4328, 0.8522, 1.5798, 1.9904, 5.0000, 5.0883, 5.2670,
        0.0774, 0.6975, 1.2198, 1.3099, 2.4825, 3.1696, 5.0597, 5.7056, 6.2436,
        0.2466, 1.3460, 2.1549, 1.7681, 3.3874, 4.3526, 5.2868, 6.5099, 7.3830,
    ];
    let mut values = values.into_iter();
    for vol in [0.2, 0.3, 0.4] {
        for strike in [35.0, 40.0, 45.0] {
            for years in [0.0833, 0.3333, 0.5833] {
                let found = American { spot: 40.0, strike, years, vol, rate: 0.0488, ..PUT }.price::<false>();
                let value = values.next().unwrap();
                assert!((found - value).abs() < 1.5e-4, "{vol} {strike} {years}: {found} is not {value}");
            }
        }
    }
}

/// Andersen, Lake and Offengenden (2016), table 2: what early exercise adds, converged.
#[test]
fn published_premiums() {
    for (rate, premium) in [(0.05, 0.106_952_703), (0.075, 0.367_111)] {
        let option = American { rate, dividend: 0.05, ..PUT };
        let european = option.put().unwrap().european::<false>().price;
        let found = option.price::<false>() - european;
        assert!((found - premium).abs() < 1e-5, "{found} is not {premium}");
    }
}

/// Rates at which the usual system of equations does not settle.
#[test]
fn high_rates() {
    for (rate, vol, value) in [(2.0, 0.25, 0.5997), (10.0, 0.25, 0.11594)] {
        let found = American { rate, vol, dividend: 0.1, ..PUT }.price::<false>();
        assert!((found - value).abs() < 1e-4, "{rate}: {found} is not {value}");
    }
}

#[test]
fn calls_without_dividends_are_never_exercised() {
    for (strike, vol, rate) in [(60.0, 0.2, 0.05), (100.0, 0.8, 0.0), (150.0, 0.4, 0.1)] {
        let option = American { sign: 1.0, strike, vol, rate, ..PUT };
        let (forward, discount) = (100.0 * rate.exp(), (-rate).exp());
        let european = discount * black76::undiscounted::<false>(1.0, forward, strike, vol);
        assert!((option.price::<false>() / european - 1.0).abs() < 1e-14);
    }
}

#[test]
fn puts_without_interest_are_never_exercised() {
    let option = American { rate: 0.0, dividend: 0.02, ..PUT };
    let european = black76::undiscounted::<false>(-1.0, 100.0 * (-0.02_f64).exp(), 100.0, 0.25);
    assert!((option.price::<false>() / european - 1.0).abs() < 1e-14);
}

/// A perpetual put (Merton 1973) is the limit of long ones.
#[test]
fn massive_years() {
    let option = American { years: 500.0, ..PUT };
    let power = -2.0 * option.rate / (option.vol * option.vol);
    let boundary = option.strike * power / (power - 1.0);
    let perpetual = (option.strike - boundary) * (option.spot / boundary).powf(power);
    assert!((option.price::<false>() / perpetual - 1.0).abs() < 1e-3);
}

#[test]
fn zero_vol_and_zero_years() {
    let put = |spot: f64, vol: f64, years: f64| American { spot, years, vol, ..PUT }.price::<false>();
    assert_eq!(put(90.0, 0.0, 1.0), 10.0);
    assert_eq!(put(90.0, 0.3, 0.0), 10.0);
    assert_eq!(put(110.0, 0.3, 0.0), 0.0);
    // A call on a growing asset waits, one on a falling asset does not.
    let call = |rate, dividend| {
        American { sign: 1.0, spot: 110.0, vol: 0.0, rate, dividend, ..PUT }.price::<false>()
    };
    assert!((call(0.05, 0.0) - (110.0 - 100.0 * (-0.05_f64).exp())).abs() < 1e-12);
    assert_eq!(call(0.0, 0.05), 10.0);
    // In between a put waits until the asset yields no more than the interest on the strike.
    let (rate, dividend) = (0.10, 0.20);
    let when = (dividend * 90.0 / (rate * 100.0_f64)).ln() / (dividend - rate);
    let best = 100.0 * (-rate * when).exp() - 90.0 * (-dividend * when).exp();
    let waits = American { spot: 90.0, years: 10.0, rate, dividend, ..PUT };
    let still = American { vol: 0.0, ..waits };
    assert!((still.price::<false>() - best).abs() < 1e-12);
    for vol in [2e-8, 1e-6, 1e-4, 1e-2] {
        let found = American { vol, ..waits }.price::<false>();
        assert!(found > best - 1e-3 && found < best + 40.0 * vol + 1e-3, "{vol}: {found} after {best}");
    }
}

#[test]
fn deep_wings_and_no_underlying() {
    let put = |spot: f64, strike: f64| American { spot, strike, ..PUT }.price::<false>();
    assert_eq!(put(0.0, 100.0), 100.0);
    assert_eq!(put(100.0, 0.0), 0.0);
    assert_eq!(put(1.0, 100.0), 99.0);
    assert!(put(1e4, 100.0) >= 0.0 && put(1e4, 100.0) < 1e-60);
    assert!((put(1e-200, 1e-199) / 9e-200 - 1.0).abs() < 1e-12);
}

#[test]
fn massive_vol_stays_inside_its_bounds() {
    for vol in [3.0, 10.0, 100.0] {
        let (put, call) = (American { vol, ..PUT }, American { vol, sign: 1.0, dividend: 0.05, ..PUT });
        let (put, call) = (put.price::<false>(), call.price::<false>());
        assert!(put > 70.0 && put <= 100.0, "{vol}: {put}");
        assert!(call > 70.0 && call <= 100.0 + 1e-9, "{vol}: {call}");
    }
}

#[test]
fn two_boundaries_and_bad_terms_have_no_price() {
    let bad = [
        American { rate: -0.01, dividend: -0.02, ..PUT },
        American { sign: 1.0, rate: -0.02, dividend: -0.01, ..PUT },
        American { spot: -1.0, ..PUT },
        American { strike: f64::NAN, ..PUT },
        American { sign: 0.5, ..PUT },
        American { vol: -0.1, ..PUT },
        American { years: f64::INFINITY, ..PUT },
        American { rate: f64::NAN, ..PUT },
    ];
    for option in bad {
        assert!(option.price::<false>().is_nan(), "{option:?}");
        assert!(option.greeks::<false>().iter().all(|greek| greek.is_nan()));
    }
}

#[test]
fn greeks_are_the_slopes_of_prices() {
    for option in cases() {
        let greeks = option.greeks::<false>();
        let price = |change: fn(&mut American, f64), by: f64| {
            let mut moved = option;
            change(&mut moved, by);
            moved.price::<false>()
        };
        let spot = |by| price(|option, by| option.spot += by, by);
        let years = |by| price(|option, by| option.years += by, by);
        let step = 0.02 * option.vol * option.years.sqrt() * option.spot;
        let delta = (spot(step) - spot(-step)) / (2.0 * step);
        let gamma = (spot(step) - 2.0 * spot(0.0) + spot(-step)) / (step * step);
        let short = 1e-3 * option.years;
        let theta = -(years(short) - years(-short)) / (2.0 * short);
        let exercised = greeks[Greek::Gamma as usize] == 0.0;
        for (greek, slope, scale) in [
            (Greek::Delta, delta, 1.0),
            (Greek::Gamma, gamma, 1.0 / step),
            (Greek::Theta, theta, option.vol * 100.0 / option.years.sqrt()),
        ] {
            let found = greeks[greek as usize];
            // Next to the boundary a difference straddles it.
            let slack = if exercised { 0.05 } else { 0.01 };
            assert!((found - slope).abs() < slack * scale, "{option:?} {greek:?}: {found} is not {slope}");
        }
        assert!(greeks[Greek::Vega as usize] >= -1e-7, "{option:?}");
    }
}

#[test]
fn a_price_gives_its_volatility_back() {
    for option in cases() {
        let price = option.price::<false>();
        let greeks = option.greeks::<false>();
        let (vol, status) = implied::<false>(option, price);
        assert_eq!(status, Status::Ok, "{option:?}");
        let again = American { vol, ..option }.price::<false>();
        assert!((again - price).abs() < 1e-9, "{option:?}: {vol} gives {again}, not {price}");
        if greeks[Greek::Vega as usize] > 1e-2 {
            assert!((vol / option.vol - 1.0).abs() < 1e-7, "{option:?}: {vol}");
        }
    }
}

#[test]
fn prices_without_a_volatility() {
    let itm = American { spot: 80.0, ..PUT };
    assert_eq!(implied::<false>(itm, 19.99).1, Status::BelowIntrinsic);
    assert_eq!(implied::<false>(itm, 20.0), (0.0, Status::Ok));
    assert_eq!(implied::<false>(itm, 100.0).1, Status::AboveMax);
    assert_eq!(implied::<false>(itm, f64::NAN).1, Status::Invalid);
    assert_eq!(implied::<false>(American { years: 0.0, ..itm }, 25.0).1, Status::Invalid);
    assert_eq!(implied::<false>(American { spot: 0.0, ..itm }, 100.0).1, Status::Invalid);
}
