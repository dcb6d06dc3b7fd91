//! Published values, the jump wings both ways, and arbitrage found.

use proptest::prelude::*;

use super::*;

const REFERENCE: &str = include_str!("../../../../../tests/golden/svi_reference.csv");

/// Axel Vogt's slice, published as an example of butterfly arbitrage.
const VOGT: Svi = Svi { a: -0.0410, b: 0.1331, rho: 0.3060, m: 0.3586, sigma: 0.4153 };

fn close(x: f64, y: f64, tolerance: f64) -> bool {
    (x - y).abs() <= tolerance * y.abs().max(1e-300)
}

#[test]
fn total_variance_and_g_are_those_of_the_table() {
    let mut rows = 0;
    for line in REFERENCE.lines().skip(1) {
        let cells: Vec<&str> = line.splitn(11, ',').collect();
        let number = |i: usize| cells[i].parse::<f64>().ok();
        let [a, b, rho, m, sigma] = [1, 2, 3, 4, 5].map(|i| number(i).unwrap());
        let slice = Svi { a, b, rho, m, sigma };
        let (k, w) = (number(7).unwrap(), number(8).unwrap());
        assert!(close(slice.total_variance(k), w, 1e-14), "{line}");
        if let (Some(vol), Some(years)) = (number(9).filter(|_| number(6).is_some()), number(6)) {
            assert!(close((w / years).sqrt(), vol, 1e-14), "{line}");
        }
        if let Some(g) = number(10) {
            assert!((slice.durrleman(k) - g).abs() < 1e-13, "{line}");
        }
        rows += 1;
    }
    assert!(rows > 20);
}

#[test]
fn the_arbitrage_of_vogt_is_found_and_repaired() {
    let (k, g) = VOGT.least_durrleman();
    assert!(close(k, 0.879_262_541_622_067_9, 1e-6) && close(g, -0.032_863_573_453_623_01, 1e-9));
    let wings = VOGT.jump_wings(1.0);
    let published = [0.017_426_25, -0.175_211_1, 0.699_738_1, 1.316_798, 0.011_624_9];
    let found = [wings.v, wings.psi, wings.p, wings.c, wings.v_least];
    assert!(found.iter().zip(published).all(|(x, y)| close(*x, y, 1e-6)), "{found:?}");
    let repaired = wings.repaired();
    assert!(close(repaired.c, 0.349_315_822_498_558_4, 1e-12));
    assert!(close(repaired.v_least, 0.015_481_824_840_731_19, 1e-12));
    let slice = repaired.raw(1.0).unwrap();
    assert!(slice.least_durrleman().1 > 0.0);
    assert!(close(slice.total_variance(0.0), VOGT.total_variance(0.0), 1e-13));
}

#[test]
fn steep_wings_are_arbitrage_at_infinity() {
    let steep = Svi { a: 0.5, b: 1.2, rho: 0.9, m: 0.0, sigma: 1.0 };
    let (k, g) = steep.least_durrleman();
    assert!(g < 0.0 && k > 0.0);
}

#[test]
fn a_vertex_at_the_money_has_no_single_slice() {
    let wings = Essvi { theta: 0.04, rho: 0.0, zeta: 0.5 }.raw().jump_wings(1.0);
    assert_eq!(wings.raw(1.0), None);
}

#[test]
fn a_flatter_wing_never_rises() {
    let earlier = Essvi { theta: 0.01, rho: -0.5, zeta: 0.8 }.raw();
    let later = Svi { a: earlier.a + 0.01, ..earlier };
    assert!(close(later.least_rise(&earlier).1, 0.01, 1e-9));
    assert_eq!(earlier.least_rise(&earlier).1, 0.0);
    let flatter = Svi { a: 0.05, b: 0.99 * earlier.b, ..earlier };
    assert_eq!(flatter.least_rise(&earlier), (f64::NEG_INFINITY, f64::NEG_INFINITY));
}

fn slices() -> impl Strategy<Value = Svi> {
    (0.001..0.5, -0.95..0.95, -0.5..0.5, 0.01..0.8, 1e-4..0.5).prop_map(|(b, rho, m, sigma, least)| {
        let rho: f64 = rho;
        Svi { a: least - b * sigma * (1.0 - rho * rho).sqrt(), b, rho, m, sigma }
    })
}

proptest! {
    #[test]
    fn jump_wings_lead_back(slice in slices(), years in 0.003..3.0) {
        // where the vertex stands at the money the way back does not exist
        let vertex = slice.m - slice.rho * slice.sigma / (1.0 - slice.rho * slice.rho).sqrt();
        prop_assume!(vertex.abs() > 0.05 * slice.sigma);
        let again = slice.jump_wings(years).raw(years).unwrap();
        for k in [-1.0, -0.2, 0.0, 0.1, 0.7] {
            prop_assert!(close(again.total_variance(k), slice.total_variance(k), 1e-8));
        }
    }

    #[test]
    fn derivatives_are_differences(slice in slices(), k in -1.0..1.0) {
        let step = 1e-4;
        let [down, here, up] = [k - step, k, k + step].map(|k| slice.total_variance(k));
        let curve = slice.curve(k);
        prop_assert!((curve.slope - (up - down) / (2.0 * step)).abs() < 1e-4);
        prop_assert!((curve.curvature - (up - 2.0 * here + down) / (step * step)).abs() < 1e-2 * (1.0 + curve.curvature));
    }

    #[test]
    fn g_is_nowhere_below_the_least(slice in slices(), k in -5.0..5.0) {
        prop_assert!(slice.durrleman(k) >= slice.least_durrleman().1 - 1e-9);
    }

    #[test]
    fn essvi_is_raw_and_free_of_butterflies(theta in 1e-5..1.0, rho in -0.99..0.99, share in 0.001..1.0, z in -30.0..30.0) {
        let (theta, rho, share, z): (f64, f64, f64, f64) = (theta, rho, share, z);
        let slice = Essvi { theta, rho, zeta: share * Essvi::most_zeta(theta, rho) };
        let y = slice.zeta * z;
        let w = 0.5 * theta * (1.0 + rho * y + ((y + rho) * (y + rho) + 1.0 - rho * rho).sqrt());
        prop_assert!(close(slice.raw().total_variance(z * theta.sqrt()), w, 1e-11));
        prop_assert!(slice.raw().least_durrleman().1 >= -1e-10);
    }
}

proptest! {
    /// What the anchor of the calendar pass and the extrapolation before the first expiry rest on.
    #[test]
    fn scaled_down_a_slice_keeps_its_density(theta in 1e-4..1.0, rho in -0.99..0.99, share in 0.01..1.0, scale in 0.01..1.0) {
        let (theta, rho, share, scale): (f64, f64, f64, f64) = (theta, rho, share, scale);
        let slice = Essvi { theta, rho, zeta: share * Essvi::most_zeta(theta, rho) }.raw();
        let smaller = Svi { a: scale * slice.a, b: scale * slice.b, ..slice };
        prop_assert!(smaller.least_durrleman().1 >= -1e-10);
    }
}
