use proptest::prelude::*;

use super::*;
use crate::pricing::svi::Essvi;

/// Legs whose additive figures are made of a few whole numbers each, so that ties are many.
#[derive(Debug)]
struct Side {
    strike: Vec<f64>,
    sell: Vec<bool>,
    buy: Vec<bool>,
    sold: Vec<Vec<f64>>,
    bought: Vec<Vec<f64>>,
    least: [Vec<f64>; 2],
}

/// Without portfolio margin.
const NONE: [Vec<f64>; 2] = [Vec::new(), Vec::new()];

impl Side {
    /// With terms of portfolio margin the first figures are the losses, and every contract has a minimum.
    fn legs(&self, portfolio: bool) -> Legs<'_> {
        let terms = [(&self.sold, &self.least[0]), (&self.bought, &self.least[1])].map(|(losses, least)| {
            std::array::from_fn(|k| if k < TERMS - 1 { &losses[k][..] } else { &least[..] })
        });
        Legs {
            strike: &self.strike,
            sell: &self.sell,
            buy: &self.buy,
            sold: std::array::from_fn(|k| &self.sold[k][..]),
            bought: std::array::from_fn(|k| &self.bought[k][..]),
            terms: portfolio.then_some(terms),
        }
    }
}

fn side(first: f64) -> impl Strategy<Value = Side> {
    let leg = (any::<bool>(), any::<bool>(), prop::collection::vec((-8i8..40, -8i8..40), ADDITIVE));
    (prop::collection::vec(leg, 1..14), prop::collection::vec(1u8..4, 14)).prop_map(move |(legs, steps)| {
        let strike = steps.iter().scan(first, |at, &step| {
            *at += 5.0 * f64::from(step);
            Some(*at)
        });
        let column = |pick: &dyn Fn(&(i8, i8)) -> i8| -> Vec<Vec<f64>> {
            let of = |k: usize| legs.iter().map(|leg| 0.25 * f64::from(pick(&leg.2[k]))).collect();
            (0..ADDITIVE).map(of).collect()
        };
        Side {
            strike: strike.take(legs.len()).collect(),
            sell: legs.iter().map(|leg| leg.0).collect(),
            buy: legs.iter().map(|leg| leg.1).collect(),
            sold: column(&|pair| pair.0),
            bought: column(&|pair| pair.1),
            least: [4.0, -1.0].map(|least| vec![least; legs.len()]),
        }
    })
}

fn expiry() -> impl Strategy<Value = Expiry> {
    // Puts may lie above calls: such pairs are no condor.
    (side(4000.0), side(4080.0), 0u8..3, 0u8..3).prop_map(|(puts, calls, rules, known)| {
        let widths = Widths::Range(5.0, 25.0);
        let spreads = |side: &Side, sign| Spreads::of(&side.legs(rules == 2), sign, &widths).unwrap();
        let svi = Essvi { theta: 0.0004, rho: -0.5, zeta: 0.8 }.raw();
        let sample: Vec<f64> = (0..500).map(|i| 3900.0 + f64::from(i)).collect();
        let laws = [Some(Law::Slice { forward: 4085.0, svi }), Some(Law::Sample(sample.into()))];
        let laws = laws.map(|law| law.filter(|_| known > 0));
        let sides = if rules == 1 { Sides::Apart } else { Sides::Wider };
        Expiry::new(spreads(&puts, -1.0), spreads(&calls, 1.0), laws, Hedge { cost: 0.5, drag: 0.25 }, sides)
    })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let column = || (0..Column::NAMED.len()).prop_map(|i| Column::NAMED[i].1);
    let limit = (column(), -20i8..20, 0u8..60).prop_map(|(column, low, width)| Limit {
        column,
        low: f64::from(low),
        high: f64::from(low) + f64::from(width),
    });
    (column(), any::<bool>(), 0usize..12, prop::collection::vec(limit, 0..3), any::<bool>()).prop_map(
        |(rank, descending, top, limits, equal)| Wanted {
            rank,
            descending,
            top,
            limits,
            wings: if equal { Wings::Equal } else { Wings::Any },
        },
    )
}

/// One condor at a time.
fn naive(expiries: &[Expiry], wanted: &Wanted) -> Vec<Ranked> {
    let mut all = Vec::new();
    for (i, expiry) in expiries.iter().enumerate() {
        for put in 0..expiry.puts.len() {
            for call in 0..expiry.calls.len() {
                let pairs = column::Pairs { expiry, puts: &expiry.puts, calls: &expiry.calls, put, call };
                let figure = |column| {
                    let mut value = [0.0];
                    pairs.fill(column, &mut value);
                    value[0]
                };
                let equal = expiry.puts.width[put] == expiry.calls.width[call];
                let fits = expiry.puts.short[put] < expiry.calls.short[call]
                    && (wanted.wings == Wings::Any || equal)
                    && wanted.limits.iter().all(|l| (l.low..=l.high).contains(&figure(l.column)));
                let value = figure(wanted.rank) * if wanted.descending { 1.0 } else { -1.0 };
                if fits && !value.is_nan() {
                    let (puts, calls) = (expiry.puts.legs[put], expiry.calls.legs[call]);
                    all.push(Ranked { value, condor: Condor { expiry: i as u32, puts, calls } });
                }
            }
        }
    }
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Both ways find the best of a list of all, in its order, ties and bits included.
    #[test]
    fn search_and_exhaustive_find_the_same(expiries in prop::collection::vec(expiry(), 1..4), wanted in wanted()) {
        let mut all = naive(&expiries, &wanted);
        let accepted = all.len() as u64;
        all.truncate(wanted.top);
        let every = exhaustive(&expiries, &wanted, Some(1)).unwrap();
        prop_assert_eq!(&every.best, &all);
        prop_assert_eq!(every.accepted.iter().sum::<u64>(), accepted);
        for (expiry, visited) in expiries.iter().zip(&every.visited) {
            prop_assert_eq!(*visited, expiry.candidates(wanted.wings));
        }
        let found = search(&expiries, &wanted);
        prop_assert_eq!(&found.best, &all);
        prop_assert!(found.visited.iter().zip(&every.visited).all(|(some, all)| some <= all));
    }

    #[test]
    fn threads_change_nothing(expiries in prop::collection::vec(expiry(), 1..4), wanted in wanted()) {
        let one = exhaustive(&expiries, &wanted, Some(1)).unwrap();
        prop_assert_eq!(exhaustive(&expiries, &wanted, Some(3)).unwrap().best, one.best);
    }
}

/// A chain of 120 strikes a side on a fitted slice.
fn large() -> Expiry {
    let svi = Essvi { theta: 0.004, rho: -0.6, zeta: 0.9 }.raw();
    let side = |sign: f64| {
        let strike: Vec<f64> = (0..120).map(|i| 4400.0 + 10.0 * f64::from(i)).collect();
        let price = |k: &f64| 60.0 * (-((k - 5000.0) / (400.0 + 100.0 * sign)).abs() * 3.0).exp();
        let mid: Vec<f64> = strike.iter().map(price).collect();
        let mut sold = vec![mid.clone(); ADDITIVE];
        sold[Additive::ExpectedPnlModel as usize] =
            mid.iter().zip(&strike).map(|(m, k)| 0.1 * m * (k / 97.0).sin()).collect();
        let bought = sold.clone();
        let otm = strike.iter().map(|&k| sign * (k - 5000.0) > 0.0).collect();
        Side { buy: vec![true; strike.len()], sell: otm, strike, sold, bought, least: NONE }
    };
    let widths = Widths::Range(10.0, 100.0);
    let spreads = |sign: f64| Spreads::of(&side(sign).legs(false), sign, &widths).unwrap();
    let laws = [Some(Law::Slice { forward: 5000.0, svi }), None];
    Expiry::new(spreads(-1.0), spreads(1.0), laws, Hedge { cost: 1.0, drag: 1.0 }, Sides::Wider)
}

#[test]
fn a_search_visits_a_small_part() {
    let expiries = [large()];
    for name in ["credit", "expected_pnl_model", "return_on_margin", "expected_return_model", "p_profit"] {
        let rank = Column::named(name).unwrap();
        let wanted = Wanted { rank, descending: true, top: 20, limits: Vec::new(), wings: Wings::Any };
        let (found, every) = (search(&expiries, &wanted), exhaustive(&expiries, &wanted, Some(1)).unwrap());
        assert_eq!(found.best, every.best, "{name}");
        assert!(
            found.visited[0] * 10 < every.visited[0],
            "{name}: {} of {}",
            found.visited[0],
            every.visited[0]
        );
    }
}

#[test]
fn tables_are_as_near_as_promised() {
    let expiry = large();
    let (law, table) = (expiry.laws[0].as_ref().unwrap(), expiry.tables[0].as_ref().unwrap());
    for i in 0..=10_000 {
        let x = 4400.0 + 0.12 * f64::from(i);
        assert!((law.below(x) - table.at(x)).abs() < 1e-6, "{x}");
    }
}

#[test]
fn a_sample_is_told_to_the_last_path() {
    let sorted: Vec<f64> =
        (0..3000).map(|i| 5000.0 + 300.0 * (f64::from(i) / 1500.0 - 1.0).powi(3)).collect();
    let law = Law::Sample(sorted.clone().into());
    for (low, high) in [(4400.0, 5600.0), (4990.0, 5010.0), (5000.0, 5000.0), (6000.0, 7000.0)] {
        let table = law::Table::of(&law, low, high);
        let ends = [f64::NEG_INFINITY, f64::INFINITY];
        let near = sorted.iter().flat_map(|&s| [s.next_down(), s, s.next_up()]);
        let grid = (0..4096).map(|i| low + f64::from(i) * (high - low) / 4095.0);
        for x in near.chain(grid).chain(ends) {
            assert_eq!(table.at(x).to_bits(), law.below(x).to_bits(), "{x} of {low} to {high}");
        }
    }
}

/// One condor of shorts 50 points away that brings so much.
fn one(credit: f64, wings: [f64; 2]) -> Expiry {
    let svi = Essvi { theta: 0.004, rho: -0.6, zeta: 0.9 }.raw();
    let side = |sign: f64, width: f64, credit: f64| {
        let short = 5000.0 + 50.0 * sign;
        let [first, last] = if sign > 0.0 { [short, short + width] } else { [short - width, short] };
        let (sold, bought) = (vec![vec![credit; 2]; ADDITIVE], vec![vec![0.0; 2]; ADDITIVE]);
        let legs = Side {
            strike: vec![first, last],
            sell: vec![true; 2],
            buy: vec![true; 2],
            sold,
            bought,
            least: NONE,
        };
        Spreads::of(&legs.legs(false), sign, &Widths::Range(1.0, 100.0)).unwrap()
    };
    let sample: Vec<f64> = (0..2001).map(|i| 4500.0 + 0.5 * f64::from(i)).collect();
    let laws = [Some(Law::Slice { forward: 5000.0, svi }), Some(Law::Sample(sample.into()))];
    let hedge = Hedge { cost: 1.0, drag: 1.0 };
    let [put, call] = wings;
    Expiry::new(side(-1.0, put, credit / 2.0), side(1.0, call, credit / 2.0), laws, hedge, Sides::Wider)
}

/// What the seller has at a settlement.
fn payoff(settled: f64, credit: f64, wings: [f64; 2]) -> f64 {
    credit - (4950.0 - settled).clamp(0.0, wings[0]) - (settled - 5050.0).clamp(0.0, wings[1])
}

#[test]
fn a_wing_no_wider_than_the_credit_cannot_lose() {
    for (credit, wings) in
        [(8.0, [5.0, 50.0]), (8.0, [50.0, 5.0]), (8.0, [5.0, 5.0]), (8.0, [8.0, 20.0]), (8.0, [50.0; 2])]
    {
        let expiry = one(credit, wings);
        let condor = Condor { expiry: 0, puts: expiry.puts.legs[0], calls: expiry.calls.legs[0] };
        let told = figures(&expiry, &condor);
        let figure = |name: &str| told[Column::NAMED.iter().position(|(known, _)| *known == name).unwrap()];
        assert_eq!(figure("credit"), credit);
        assert_eq!(figure("break_even_low").is_nan(), credit >= wings[0]);
        assert_eq!(figure("break_even_high").is_nan(), credit >= wings[1]);
        let Some(Law::Sample(sample)) = &expiry.laws[1] else { unreachable!() };
        let kept = sample.iter().filter(|&&s| payoff(s, credit, wings) >= 0.0).count();
        let one_path = 1.0 / sample.len() as f64; // at a break-even itself
        assert!((figure("p_profit_model") - kept as f64 / sample.len() as f64).abs() <= one_path * 1.01);
        let law = expiry.laws[0].as_ref().unwrap();
        let steps = (0..40_000).map(|i| 3000.0 + 0.1 * f64::from(i));
        let kept = |s: f64, share: f64| if payoff(s, credit, wings) >= 0.0 { share } else { 0.0 };
        let within = steps.map(|s| kept(s + 0.05, law.below(s + 0.1) - law.below(s))).sum::<f64>();
        let all = within + kept(3000.0, law.below(3000.0)) + kept(7000.0, 1.0 - law.below(7000.0));
        assert!((figure("p_profit") - all).abs() < 1e-4, "{credit} {wings:?}");
        for (column, value) in Column::NAMED.iter().zip(&told) {
            let wanted =
                |limits| Wanted { rank: column.1, descending: true, top: 1, limits, wings: Wings::Any };
            let found = search(std::slice::from_ref(&expiry), &wanted(Vec::new())).best;
            assert_eq!(found.len(), usize::from(!value.is_nan()), "{}", column.0);
        }
    }
}

#[test]
fn widths_of_decimal_strikes_are_equal() {
    let side = |first: f64, sign: f64| {
        let strike: Vec<f64> = (0..40).map(|i| first + f64::from(i) / 10.0).collect();
        let zeros = vec![vec![1.0; strike.len()]; ADDITIVE];
        let may = vec![true; strike.len()];
        let side =
            Side { sell: may.clone(), buy: may, strike, sold: zeros.clone(), bought: zeros, least: NONE };
        Spreads::of(&side.legs(false), sign, &Widths::Listed(vec![0.3])).unwrap()
    };
    let hedge = Hedge { cost: 1.0, drag: 1.0 };
    let expiry = Expiry::new(side(490.1, -1.0), side(510.1, 1.0), [None, None], hedge, Sides::Apart);
    assert_eq!(expiry.candidates(Wings::Equal), expiry.candidates(Wings::Any));
    assert_eq!(expiry.candidates(Wings::Any), 37 * 37);
}

#[test]
fn workers_put_together_what_one_finds() {
    let expiries = [large(), large()];
    let rank = Column::named("expected_pnl_model").unwrap();
    for top in [0, 1, 700] {
        let wanted = Wanted { rank, descending: true, top, limits: Vec::new(), wings: Wings::Any };
        let one = exhaustive(&expiries, &wanted, Some(1)).unwrap();
        for threads in [Some(2), Some(5), None] {
            let many = exhaustive(&expiries, &wanted, threads).unwrap();
            assert_eq!(
                (many.best, many.visited, many.accepted),
                (one.best.clone(), one.visited.clone(), one.accepted.clone())
            );
        }
    }
}

#[test]
fn a_law_is_the_slope_of_its_put_prices() {
    let Some(Law::Slice { forward, svi }) = &large().laws[0] else { unreachable!() };
    let law = Law::Slice { forward: *forward, svi: *svi };
    // ∫ F(x) dx from far below to K is the undiscounted put price
    let (strike, steps) = (4800.0, 40_000);
    let h = (strike - 2000.0) / f64::from(steps);
    let sum: f64 = (0..steps).map(|i| law.below(2000.0 + (f64::from(i) + 0.5) * h)).sum::<f64>() * h;
    let w = svi.total_variance((strike / forward).ln());
    let mut put = [0.0];
    let d1 = (forward / strike).ln() / w.sqrt() + 0.5 * w.sqrt();
    let cdf = crate::math::special::norm_cdf::<false>;
    put[0] = strike * cdf(-(d1 - w.sqrt())) - forward * cdf(-d1);
    assert!((sum - put[0]).abs() < 1e-4 * put[0], "{sum} {}", put[0]);
}

#[test]
fn strikes_must_ascend() {
    let side = Side {
        strike: vec![5000.0, 5000.0],
        sell: vec![true; 2],
        buy: vec![true; 2],
        sold: vec![vec![0.0; 2]; ADDITIVE],
        bought: vec![vec![0.0; 2]; ADDITIVE],
        least: NONE,
    };
    let error = Spreads::of(&side.legs(false), 1.0, &Widths::Range(0.0, 100.0)).unwrap_err();
    assert!(error.to_string().contains("strikes ascend"));
}
