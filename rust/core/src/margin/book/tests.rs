use proptest::prelude::*;

use super::*;

const BROAD: Rates =
    Rates { basic: 0.15, minimum: 0.10, calendars: true, sides_apart: false, cheaper_uncovered: false };
const SPOT: f64 = 100.0;

fn position(units: f64, sign: f64, strike: f64, expiry: u32, price: f64) -> Position {
    Position { sign, strike, expiry, units, price }
}

fn call(units: f64, strike: f64) -> Position {
    position(units, 1.0, strike, 0, 1.0)
}

fn put(units: f64, strike: f64) -> Position {
    position(units, -1.0, strike, 0, 1.0)
}

fn risk_under(rates: &Rates, positions: &[Position]) -> f64 {
    Desk::default().risk(&Account { positions, stock: 0.0, spot: SPOT, rates }).expect("solved")
}

fn risk(positions: &[Position]) -> f64 {
    risk_under(&BROAD, positions)
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * (1.0 + other.abs())
}

#[test]
fn named_strategies_of_one_expiry() {
    let condor = [put(1.0, 90.0), put(-1.0, 95.0), call(-1.0, 105.0), call(1.0, 110.0)];
    assert_eq!(risk(&condor), 5.0);
    let unequal = [put(1.0, 90.0), put(-1.0, 95.0), call(-1.0, 105.0), call(1.0, 107.0)];
    assert_eq!(risk(&unequal), 5.0);
    let butterfly = [call(1.0, 95.0), call(-2.0, 100.0), call(1.0, 105.0)];
    assert_eq!(risk(&butterfly), 0.0);
    assert_eq!(risk(&butterfly.map(|leg| Position { units: -leg.units, ..leg })), 5.0);
    let long_box = [call(1.0, 95.0), call(-1.0, 105.0), put(1.0, 105.0), put(-1.0, 95.0)];
    assert_eq!(risk(&long_box), 0.0);
    assert_eq!(risk(&long_box.map(|leg| Position { units: -leg.units, ..leg })), 10.0);
    assert_eq!(risk(&[put(2.0, 90.0), call(3.0, 110.0)]), 0.0);
}

#[test]
fn uncovered_shorts_and_strangles() {
    // 1 + max(15 − 5, 10% of the strike)
    assert_eq!(risk(&[put(-1.0, 95.0)]), 11.0);
    assert_eq!(risk(&[call(-1.0, 105.0)]), 11.0);
    assert_eq!(risk(&[put(-1.0, 80.0)]), 9.0);
    // The greater of 10 and 10, and both values; then two calls beside one put.
    assert_eq!(risk(&[put(-1.0, 95.0), call(-1.0, 105.0)]), 12.0);
    assert_eq!(risk(&[put(-1.0, 80.0), call(-2.0, 105.0)]), 23.0);
}

#[test]
fn a_short_is_covered_where_a_long_is_left_and_the_cheapest_stays_uncovered() {
    let account = Account {
        positions: &[call(1.0, 105.0), call(-1.0, 104.0), call(-1.0, 130.0)],
        stock: 0.0,
        spot: SPOT,
        rates: &BROAD,
    };
    let told = Desk::default().pairing(&account).expect("solved");
    // Uncovered 130: 1 + 10, and the spread 104/105; uncovered 104 instead: 1 + 11, and 105 covers 130 for nothing.
    assert_eq!(told.risk, 12.0);
    assert!(
        told.uncovered == [0.0, 0.0, 1.0] && told.spreads[0].requirement == 1.0
            || told.uncovered == [0.0, 1.0, 0.0] && told.spreads[0].requirement == 0.0
    );
}

#[test]
fn a_long_covers_shorts_that_expire_no_later() {
    let calendar =
        |long, short| [position(1.0, 1.0, 100.0, long, 3.0), position(-1.0, 1.0, 100.0, short, 2.0)];
    assert_eq!(risk(&calendar(1, 0)), 0.0);
    assert_eq!(risk(&calendar(0, 1)), 17.0);
    assert_eq!(risk_under(&Rates { calendars: false, ..BROAD }, &calendar(1, 0)), 17.0);
    // A diagonal: the worst of the intrinsic values.
    assert_eq!(risk(&[position(1.0, 1.0, 103.0, 1, 3.0), position(-1.0, 1.0, 100.0, 0, 2.0)]), 3.0);
}

#[test]
fn one_long_covers_one_of_two_expiries() {
    let book = [
        position(1.0, -1.0, 90.0, 1, 1.0),
        position(-1.0, -1.0, 95.0, 0, 1.0),
        position(-1.0, -1.0, 92.0, 1, 1.0),
    ];
    // Covering 92 leaves 95 uncovered: 2 + 11; covering 95 leaves 92: 5 + (1 + 9.2).
    assert_eq!(risk(&book), 13.0);
}

#[test]
fn stock_covers_short_calls() {
    let positions = [call(-1.0, 105.0)];
    let with = |stock| {
        Desk::default()
            .risk(&Account { positions: &positions, stock, spot: SPOT, rates: &BROAD })
            .expect("solved")
    };
    assert_eq!([with(0.0), with(0.5), with(1.0), with(-1.0)], [11.0, 5.5, 0.0, 11.0]);
}

#[test]
fn sides_apart_unless_equal() {
    let apart = Rates { sides_apart: true, ..BROAD };
    let condor = |wing| [put(1.0, 90.0), put(-1.0, 95.0), call(-1.0, 105.0), call(1.0, wing)];
    assert_eq!(risk_under(&apart, &condor(110.0)), 5.0);
    assert_eq!(risk_under(&apart, &condor(107.0)), 7.0);
}

#[test]
fn the_lesser_of_spread_and_uncovered() {
    let wide = [put(1.0, 50.0), put(-1.0, 95.0)];
    assert_eq!(risk(&wide), 45.0);
    assert_eq!(risk_under(&Rates { cheaper_uncovered: true, ..BROAD }, &wide), 11.0);
}

fn legs(most: usize) -> impl Strategy<Value = Vec<Position>> {
    let leg = (prop_oneof![-3i32..0, 1i32..4], any::<bool>(), 14u32..27, 0u32..3, 0u32..40);
    proptest::collection::vec(leg, 1..=most).prop_map(|legs| {
        let mut seen = std::collections::HashSet::new();
        legs.into_iter()
            .filter(|(_, call, strike, expiry, _)| seen.insert((*call, *strike, *expiry)))
            .map(|(units, call, strike, expiry, price)| {
                let sign = if call { 1.0 } else { -1.0 };
                position(f64::from(units), sign, 5.0 * f64::from(strike), expiry, 0.25 * f64::from(price))
            })
            .collect()
    })
}

/// Calls and puts of one expiry, each long at least as often as short.
fn defined(most: usize) -> impl Strategy<Value = Vec<Position>> {
    legs(most).prop_map(|legs| {
        let mut seen = std::collections::HashSet::new();
        let mut legs: Vec<Position> = legs
            .into_iter()
            .map(|leg| Position { expiry: 0, ..leg })
            .filter(|leg| seen.insert((leg.sign > 0.0, leg.strike.to_bits())))
            .collect();
        for (sign, strike) in [(1.0, 140.0), (-1.0, 60.0)] {
            let net: f64 = legs.iter().filter(|leg| leg.sign == sign).map(|leg| leg.units).sum();
            if net < 0.0 {
                legs.push(position(-net, sign, strike, 0, 0.5));
            }
        }
        legs
    })
}

fn worst_loss(positions: &[Position]) -> f64 {
    let loss = |settle: f64| -positions.iter().map(|p| p.units * p.payoff(settle)).sum::<f64>();
    (0..=40).map(|i| loss(5.0 * f64::from(i))).fold(0.0, f64::max)
}

/// Tries every number of uncovered contracts of each short.
fn visit(
    positions: &[Position],
    rates: &Rates,
    shorts: &[usize],
    left: &mut Vec<f64>,
    least: &mut f64,
    fewest: [f64; 2],
) {
    if let Some((&first, rest)) = shorts.split_first() {
        for units in 0..=(-positions[first].units) as u32 {
            left[first] = f64::from(units);
            visit(positions, rates, rest, left, least, fewest);
        }
        return;
    }
    let net = |sign: f64| -> f64 {
        positions.iter().zip(&*left).filter(|(p, _)| p.sign == sign).map(|(p, u)| p.units + u).sum()
    };
    let open = |sign: f64| -> f64 {
        positions.iter().zip(&*left).filter(|(p, _)| p.sign == sign).map(|(_, u)| u).sum()
    };
    if net(1.0) < 0.0 || net(-1.0) < 0.0 || !rates.cheaper_uncovered && [open(1.0), open(-1.0)] != fewest {
        return;
    }
    let covered: Vec<Position> =
        positions.iter().zip(&*left).map(|(p, u)| Position { units: p.units + u, ..*p }).collect();
    let mut needs: [Vec<f64>; 2] = [vec![], vec![]];
    let mut value = 0.0;
    for (p, &u) in positions.iter().zip(&*left) {
        value += u * p.price;
        needs[usize::from(p.sign < 0.0)].extend(std::iter::repeat_n(rates.uncovered(p, SPOT), u as usize));
    }
    for side in &mut needs {
        side.sort_by(|a, b| b.total_cmp(a));
    }
    let pairs = needs[0].len().max(needs[1].len());
    let at = |side: &Vec<f64>, i: usize| side.get(i).copied().unwrap_or(0.0);
    let strangles: f64 = (0..pairs).map(|i| at(&needs[0], i).max(at(&needs[1], i))).sum();
    *least = least.min(worst_loss(&covered) + value + strangles);
}

/// The naive twin of one expiry: every choice of whole uncovered contracts, every strangle by sorting.
fn enumerated(positions: &[Position], rates: &Rates) -> f64 {
    let shorts: Vec<usize> = (0..positions.len()).filter(|&i| positions[i].units < 0.0).collect();
    let mut left = vec![0.0; positions.len()];
    let fewest = [1.0, -1.0]
        .map(|sign| (-positions.iter().filter(|p| p.sign == sign).map(|p| p.units).sum::<f64>()).max(0.0));
    let mut least = f64::INFINITY;
    visit(positions, rates, &shorts, &mut left, &mut least, fewest);
    least
}

proptest! {
    #[test]
    fn of_defined_risk_the_worst_loss(book in defined(12)) {
        prop_assert!(close(risk(&book), worst_loss(&book)));
    }

    #[test]
    fn whole_contracts_never_need_less(book in legs(5)) {
        let book: Vec<Position> = book.into_iter().map(|leg| Position { expiry: 0, ..leg }).collect();
        for rates in [BROAD, Rates { cheaper_uncovered: true, ..BROAD }] {
            let (divisible, whole) = (risk_under(&rates, &book), enumerated(&book, &rates));
            prop_assert!(divisible <= whole + 1e-9, "{divisible} above {whole}");
        }
    }

    #[test]
    fn lots_scale_it(book in legs(9), lots in 2u32..9) {
        let scaled: Vec<Position> =
            book.iter().map(|leg| Position { units: leg.units * f64::from(lots), ..*leg }).collect();
        prop_assert!(close(risk(&scaled), f64::from(lots) * risk(&book)));
    }

    #[test]
    fn the_order_of_legs_is_irrelevant(book in legs(9), turn in 0usize..9) {
        let mut turned = book.clone();
        turned.rotate_left(turn % book.len());
        prop_assert!(close(risk(&turned), risk(&book)));
        turned.reverse();
        prop_assert!(close(risk(&turned), risk(&book)));
    }

    #[test]
    fn a_long_never_raises_it_where_risk_is_defined(book in defined(9), call: bool, strike in 14u32..27) {
        let long = position(1.0, if call { 1.0 } else { -1.0 }, 5.0 * f64::from(strike), 7, 1.0);
        let more: Vec<Position> = book.iter().copied().chain([long]).collect();
        prop_assert!(risk(&more) <= risk(&book) + 1e-9);
    }

    /// Where a short may stay uncovered beside a long, longs and merging never raise the requirement of any book.
    #[test]
    fn longs_and_merging_never_raise_the_lesser(one in legs(6), other in legs(6), strike in 14u32..27) {
        let lesser = Rates { cheaper_uncovered: true, ..BROAD };
        let both: Vec<Position> = one.iter().chain(&other).copied().collect();
        let apart = risk_under(&lesser, &one) + risk_under(&lesser, &other);
        prop_assert!(risk_under(&lesser, &both) <= apart + 1e-9 * (1.0 + apart));
        let long = position(1.0, -1.0, 5.0 * f64::from(strike), 1, 1.0);
        let more: Vec<Position> = one.iter().copied().chain([long]).collect();
        prop_assert!(risk_under(&lesser, &more) <= risk_under(&lesser, &one) + 1e-9);
    }

    #[test]
    fn merged_books_of_defined_risk_need_no_more(one in defined(6), other in defined(6)) {
        let both: Vec<Position> = one.iter().chain(&other).copied().collect();
        prop_assert!(risk(&both) <= risk(&one) + risk(&other) + 1e-9);
    }

    /// The pairing accounts for every unit and for every dollar.
    #[test]
    fn the_pairing_explains_it(book in legs(10), lesser: bool, stock in -2i32..3) {
        let rates = Rates { cheaper_uncovered: lesser, ..BROAD };
        let account = Account { positions: &book, stock: f64::from(stock), spot: SPOT, rates: &rates };
        let told = Desk::default().pairing(&account).expect("solved");
        let mut sum: f64 = told.spreads.iter().map(|group| group.requirement).sum();
        sum += told.strangles.iter().map(|(.., need)| need).sum::<f64>();
        sum += told.singles.iter().map(|(.., need)| need).sum::<f64>();
        for (i, position) in book.iter().enumerate() {
            sum += told.uncovered[i] * position.price;
            let grouped: f64 = told.spreads.iter().map(|group| group.units[i]).sum();
            let units = grouped - told.uncovered[i] - told.by_stock[i];
            prop_assert!((units - position.units).abs() < 1e-6, "{units} of {}", position.units);
        }
        prop_assert!(close(sum, told.risk));
        for group in &told.spreads {
            for sign in [1.0, -1.0] {
                let of_right = || book.iter().zip(&group.units).filter(|(p, _)| p.sign == sign);
                prop_assert!(of_right().map(|(_, units)| units).sum::<f64>() > -1e-6);
            }
            let latest = book.iter().zip(&group.units).filter(|(_, u)| **u < 0.0).map(|(p, _)| p.expiry).max();
            let earliest = book.iter().zip(&group.units).filter(|(_, u)| **u > 0.0).map(|(p, _)| p.expiry).min();
            prop_assert!(latest <= earliest || earliest.is_none());
        }
    }
}
