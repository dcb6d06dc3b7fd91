//! The least value of a function of one variable: a scan, then golden sections in its valleys.

/// Halvings by the golden ratio: a valley is then known to 10⁻⁷ of the distance between two places.
const SECTIONS: usize = 34;
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// Where the function is least, and its value there; `places` ascend. NaN counts as less than any number.
pub fn least(places: &[f64], f: impl Fn(f64) -> f64) -> (f64, f64) {
    let values: Vec<f64> = places.iter().map(|&x| f(x)).collect();
    let mut found = (f64::NAN, f64::INFINITY);
    for (i, &value) in values.iter().enumerate() {
        let (below, above) = (i.saturating_sub(1), (i + 1).min(values.len() - 1));
        if value > values[below] || value > values[above] {
            continue;
        }
        for candidate in [(places[i], value), section(places[below], places[above], &f)] {
            if candidate.1.is_nan() {
                return candidate;
            }
            if candidate.1 < found.1 {
                found = candidate;
            }
        }
    }
    found
}

fn section(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let mut inner = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    let mut values = inner.map(&f);
    for _ in 0..SECTIONS {
        if values[0] < values[1] {
            high = inner[1];
            inner = [high - GOLDEN * (high - low), inner[0]];
            values = [f(inner[0]), values[0]];
        } else {
            low = inner[0];
            inner = [inner[1], low + GOLDEN * (high - low)];
            values = [values[1], f(inner[1])];
        }
    }
    if values[0] < values[1] { (inner[0], values[0]) } else { (inner[1], values[1]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deeper_of_two_valleys_is_found_between_the_places() {
        let f = |x: f64| (x * x - 1.0).powi(2) + 0.1 * x;
        let places: Vec<f64> = (0..=20).map(|i| 0.31 * (f64::from(i) - 10.0)).collect();
        let (at, value) = least(&places, f);
        assert!((4.0 * at * (at * at - 1.0) + 0.1).abs() < 1e-5, "{at}");
        assert!(at < 0.0 && value < f(-1.0));
    }

    #[test]
    fn an_end_and_nan_are_found() {
        assert_eq!(least(&[0.0, 1.0, 2.0], |x| x).0, 0.0);
        assert!(least(&[0.0, 1.0, 2.0], |x| if x == 1.0 { f64::NAN } else { x }).1.is_nan());
    }
}
