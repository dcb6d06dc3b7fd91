//! The bars of a day whose opening, high, low and close are recorded.
//!
//! Given those four, ln S is a Brownian bridge whose highest and lowest points are known. It falls into three parts that
//! know nothing of each other, from the opening to the first of the two extremes, on to the other, and to the close; each
//! is Brownian motion that does not leave the range. With p the density of such motion from one level to another, and
//! its slope at the edge where it begins or ends at an extreme, all of them sums of images,
//! ```text
//! density of a high at s and a low at t > s:   p(s; open, high) p(t − s; high, low) p(1 − t; low, close)
//! ```
//! and the other order likewise (Williams, Proceedings of the London Mathematical Society 28, 1974, on splitting a path at
//! an extreme). Times are drawn by it, among the bars; the order of high and low comes with them. What lies between is
//! drawn bar by bar from p's to and from its neighbours, by the inverse of its distribution function.
//!
//! The variance of the day is the one that its range tells, `(ln high/low)² / (4 ln 2)` (Parkinson, Journal of
//! Business 53, 1980): in units of the range it is the same every day.

use super::grid::Grid;
use super::profile::MINUTES;
use super::session::blocks;
use crate::math::philox::{Purpose, Stream};
use crate::math::special;

/// 4 ln 2: the mean square of the range of Brownian motion of variance 1.
const SQUARE_OF_RANGE: f64 = 2.772588722239781;
/// Nearest that a bar comes to an extreme that is not its own, in units of the range: far below a tick.
const NEAREST: f64 = 1e-9;
/// Cells in which a distribution function is tabulated, and standard deviations on either side.
const CELLS: usize = 64;
const REACH: f64 = 6.0;
/// Exponent beyond which an image adds nothing.
const NOTHING: f64 = 80.0;
/// Fewest bars with a place for a high and a low between the opening and the close.
pub(crate) const LEAST_BARS: usize = 3;

/// What recorded days have in common on a grid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges {
    /// Density of going from one extreme to the other, by bar of either, row after row.
    crossing: Vec<f64>,
    /// Where the time for which a bar stands ends, and that of the next one begins; all of the day belongs to inner bars.
    cells: Vec<f64>,
}

impl Ranges {
    pub fn new(grid: &Grid) -> Self {
        let (clock, bars) = (&grid.clock, grid.bars());
        let mut crossing = vec![0.0; (bars + 1) * (bars + 1)];
        for from in 0..=bars {
            for to in from + 1..=bars {
                let density = from_edge_to_edge(variance(clock[to] - clock[from]));
                crossing[from * (bars + 1) + to] = density;
                crossing[to * (bars + 1) + from] = density;
            }
        }
        let halfway = |bar: usize| match bar {
            0 => 0.0,
            _ if bar + 1 >= bars => 1.0,
            _ => 0.5 * (clock[bar] + clock[bar + 1]),
        };
        Self { crossing, cells: (0..bars).map(halfway).collect() }
    }

    /// Puts ln S at the inner bars of a day, and returns the bars of its high and its low.
    ///
    /// The grid has at least [`LEAST_BARS`]; opening and close lie inside the range, low below high.
    pub fn draw(
        &self,
        grid: &Grid,
        draws: Draws,
        [open, close]: [f64; 2],
        [low, high]: [f64; 2],
        mut put: impl FnMut(usize, f64),
    ) -> [usize; 2] {
        let bars = grid.bars();
        let [start, end] = [open, close].map(|level| Place::new(level, low, high));
        let [at_high, at_low] = self.extremes(&grid.clock, [start, end], draws.of(MINUTES));
        let mut pins = vec![(0, start)];
        let mut edges = [(at_high, Place::High), (at_low, Place::Low)];
        edges.sort_unstable_by_key(|&(bar, _)| bar);
        pins.extend(edges.into_iter().filter(|&(bar, _)| bar != 0 && bar != bars));
        pins.push((bars, end));
        for pair in pins.windows(2) {
            let [(from, mut last), (to, next)] = [pair[0], pair[1]];
            for bar in from + 1..to {
                let left = variance(grid.clock[bar] - grid.clock[bar - 1]);
                let right = variance(grid.clock[to] - grid.clock[bar]);
                let y = between([last, next], [left, right], draws.of(grid.edges[bar]));
                put(bar, low + y * (high - low));
                last = Place::Inside(y);
            }
            match next {
                Place::High => put(to, high),
                Place::Low => put(to, low),
                Place::Inside(_) => {}
            }
        }
        [at_high, at_low]
    }

    /// Bars of the high and of the low, drawn by their joint density.
    fn extremes(&self, clock: &[f64], [start, end]: [Place; 2], uniform: f64) -> [usize; 2] {
        let bars = clock.len() - 1;
        let [highs, lows] = [Place::High, Place::Low].map(|edge| match (start == edge, end == edge) {
            (true, _) => 0..1,
            (_, true) => bars..bars + 1,
            _ => 1..bars,
        });
        // Chances of first meeting an edge in the time of a bar: from the opening on, and back from the close.
        let meeting = |from: Place, edge: Place, cells: &dyn Fn(usize) -> [f64; 2]| -> Vec<f64> {
            let within = |bar: usize| from.meeting(edge, cells(bar).map(variance));
            (0..=bars).map(|bar| if bar == 0 || bar == bars { 1.0 } else { within(bar) }).collect()
        };
        let on = |bar: usize| [self.cells[bar - 1], self.cells[bar]];
        let back = |bar: usize| [1.0 - self.cells[bar], 1.0 - self.cells[bar - 1]];
        let [[to_high, from_high], [to_low, from_low]] =
            [Place::High, Place::Low].map(|edge| [meeting(start, edge, &on), meeting(end, edge, &back)]);
        let density = |high: usize, low: usize| {
            let crossed = self.crossing[high * (bars + 1) + low];
            if high < low {
                to_high[high] * crossed * from_low[low]
            } else {
                to_low[low] * crossed * from_high[high]
            }
        };
        let pairs = || highs.clone().flat_map(|high| lows.clone().map(move |low| [high, low]));
        let total: f64 = pairs().map(|[high, low]| density(high, low)).sum();
        let mut left = uniform * total;
        let mut found = [highs.start, lows.start];
        for [high, low] in pairs() {
            let density = density(high, low);
            if density > 0.0 {
                found = [high, low];
                left -= density;
            }
            if left < 0.0 {
                break;
            }
        }
        found
    }
}

/// The uniforms of one path's day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    pub seed: u64,
    pub path: u64,
    pub step: u32,
}

impl Draws {
    /// That of a minute, the one that its first normal would come from.
    fn of(self, minute: u32) -> f64 {
        let stream = Stream { seed: self.seed, purpose: Purpose::Bridge };
        stream.uniforms(self.path, self.step, blocks(minute)[0])[0]
    }
}

/// A level of the day: at an edge of its range, or inside, from 0 at the low to 1 at the high.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Low,
    High,
    Inside(f64),
}

impl Place {
    fn new(level: f64, low: f64, high: f64) -> Self {
        if level <= low {
            Self::Low
        } else if level >= high {
            Self::High
        } else {
            Self::Inside(((level - low) / (high - low)).clamp(NEAREST, 1.0 - NEAREST))
        }
    }

    const fn value(self) -> f64 {
        match self {
            Self::Low => 0.0,
            Self::High => 1.0,
            Self::Inside(y) => y,
        }
    }

    /// Density of moving between here and a level inside.
    fn to_inside(self, y: f64, variance: f64) -> f64 {
        match self {
            Self::Low => from_edge(y, variance),
            Self::High => from_edge(1.0 - y, variance),
            Self::Inside(x) => inside(x, y, variance),
        }
    }

    /// The slope at an edge, summed over the variances at which it is met; from the other edge by the middle of them.
    fn meeting(self, edge: Self, variances: [f64; 2]) -> f64 {
        match (self, edge) {
            (Self::Inside(x), Self::Low) => met(x, variances),
            (Self::Inside(x), Self::High) => met(1.0 - x, variances),
            (Self::High, Self::Low) | (Self::Low, Self::High) => {
                let [from, to] = variances;
                (to - from) * from_edge_to_edge(0.5 * (from + to))
            }
            _ => 0.0, // at it already
        }
    }
}

/// A level between two others, given the variances to either.
fn between([last, next]: [Place; 2], [left, right]: [f64; 2], uniform: f64) -> f64 {
    let mean = last.value() + (next.value() - last.value()) * left / (left + right);
    let sd = (left * right / (left + right)).sqrt();
    let (from, to) = ((mean - REACH * sd).max(0.0), (mean + REACH * sd).min(1.0));
    let step = (to - from) / CELLS as f64;
    let mut density = [0.0; CELLS + 1];
    for (cell, density) in density.iter_mut().enumerate() {
        let y = from + cell as f64 * step;
        // At an edge it is 0, whatever rounding leaves of it.
        let off = last.to_inside(y, left) * next.to_inside(y, right);
        *density = if y > 0.0 && y < 1.0 { off.max(0.0) } else { 0.0 };
    }
    let mass = |cell: usize| 0.5 * (density[cell] + density[cell + 1]);
    let mut target = uniform * (0..CELLS).map(mass).sum::<f64>();
    let mut cell = 0;
    while cell + 1 < CELLS && target > mass(cell) {
        target -= mass(cell);
        cell += 1;
    }
    // Inside a cell the density is a line.
    let (low, high) = (density[cell], density[cell + 1]);
    let root = (low * low + 2.0 * (high - low) * target).max(0.0).sqrt();
    let share = if low + root > 0.0 { (2.0 * target / (low + root)).min(1.0) } else { 0.5 };
    (from + (cell as f64 + share) * step).clamp(NEAREST, 1.0 - NEAREST)
}

/// Variance of a share of the day, in squares of the range.
fn variance(share: f64) -> f64 {
    share / SQUARE_OF_RANGE
}

/// Density of Brownian motion from x to y that stays between 0 and 1.
fn inside(x: f64, y: f64, variance: f64) -> f64 {
    images(variance, |shift| bell(y - x + shift, variance) - bell(y + x + shift, variance))
}

/// Slope of it at an edge, y away.
fn from_edge(y: f64, variance: f64) -> f64 {
    images(variance, |shift| 2.0 / variance * (y + shift) * bell(y + shift, variance))
}

/// The integral of [`from_edge`] over variances.
fn met(y: f64, [from, to]: [f64; 2]) -> f64 {
    let by = |variance: f64| {
        let beyond = |away: f64| special::norm_cdf::<false>(-away.abs() / variance.sqrt()).copysign(away);
        if variance > 0.0 { images(to, |shift| 4.0 * beyond(y + shift)) } else { 0.0 }
    };
    (by(to) - by(from)).max(0.0)
}

/// Slope of that at the other edge.
fn from_edge_to_edge(variance: f64) -> f64 {
    images(variance, |shift| {
        let away = 1.0 + shift;
        2.0 / variance * (away * away / variance - 1.0) * bell(away, variance)
    })
}

/// The sum over images, which lie 2 apart.
fn images(variance: f64, at: impl Fn(f64) -> f64) -> f64 {
    let reach = (1.0 + 0.5 * (NOTHING * variance).sqrt()).ceil() as i32;
    (-reach..=reach).map(|image| at(2.0 * f64::from(image))).sum()
}

/// Normal density.
fn bell(x: f64, variance: f64) -> f64 {
    special::exp::<false>(-0.5 * x * x / variance) / (std::f64::consts::TAU * variance).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::bars::profile::Profile;

    /// Simpson's rule on (0, 1).
    fn integral(f: impl Fn(f64) -> f64) -> f64 {
        let n = 2000;
        let weight = |i: i32| if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
        (0..=n).map(|i| weight(i) * f(f64::from(i) / f64::from(n))).sum::<f64>() / (3.0 * f64::from(n))
    }

    /// Any two legs of a way make the whole: Chapman and Kolmogorov, at the edges, too.
    #[test]
    fn densities_compose() {
        for (s, t) in [(0.02, 0.05), (0.1, 0.2), (0.3, 0.06)] {
            for (x, z) in [(0.5, 0.6), (0.1, 0.9), (0.02, 0.05)] {
                let found = integral(|y| inside(x, y, s) * inside(y, z, t));
                assert!((found / inside(x, z, s + t) - 1.0).abs() < 1e-9);
            }
            let found = integral(|y| from_edge(y, s) * inside(y, 0.3, t));
            assert!((found / from_edge(0.3, s + t) - 1.0).abs() < 1e-9);
            let found = integral(|y| from_edge(y, s) * from_edge(1.0 - y, t));
            assert!((found / from_edge_to_edge(s + t) - 1.0).abs() < 1e-9);
        }
    }

    /// The slopes are slopes.
    #[test]
    fn edges_are_limits() {
        for (y, s) in [(0.3, 0.02), (0.7, 0.3)] {
            let slope = |f: &dyn Fn(f64) -> f64| f(1e-6) / 1e-6;
            assert!((slope(&|x| inside(x, y, s)) / from_edge(y, s) - 1.0).abs() < 1e-5);
            assert!((slope(&|x| from_edge(1.0 - x, s)) / from_edge_to_edge(s) - 1.0).abs() < 1e-4);
            let summed = integral(|share| if share > 0.0 { from_edge(y, s * share) } else { 0.0 }) * s;
            assert!((met(y, [0.0, s]) / summed - 1.0).abs() < 1e-6);
            assert!((met(y, [0.0, 0.5 * s]) + met(y, [0.5 * s, s]) - met(y, [0.0, s])).abs() < 1e-14);
        }
    }

    fn grid(bars: u32) -> (Grid, Ranges) {
        let grid = Grid::new(bars, Profile { open: 0.0, close: 0.0, decay: 30.0 }).expect("a division");
        let ranges = Ranges::new(&grid);
        (grid, ranges)
    }

    /// ln S of one day at its bars, its open and its close among them, and the bars of the extremes.
    fn day(made: &(Grid, Ranges), path: u64, ends: [f64; 2], range: [f64; 2]) -> (Vec<f64>, [usize; 2]) {
        let mut levels = vec![f64::NAN; made.0.bars() + 1];
        levels[0] = ends[0];
        *levels.last_mut().expect("bars") = ends[1];
        let draws = Draws { seed: 4, path, step: 1 };
        let at = made.1.draw(&made.0, draws, ends, range, |bar, level| levels[bar] = level);
        (levels, at)
    }

    #[test]
    fn high_and_low_are_touched_once_and_never_passed() {
        for bars in [3, 5, 13, 78] {
            let made = grid(bars);
            for (ends, [low, high]) in [
                ([8.001, 8.004], [7.99, 8.01]),
                ([8.0, 8.0], [8.0, 8.01]),
                ([8.01, 8.0], [8.0, 8.01]),
                ([8.01, 8.003], [8.0, 8.01]),
                ([8.003, 8.0], [8.0, 8.01]),
                ([8.004, 8.01], [8.0, 8.01]),
                ([8.01, 8.01], [8.0, 8.01]),
                ([8.0 + 1e-15, 8.005], [8.0, 8.3]),
            ] {
                for path in 0..20 {
                    let (levels, [at_high, at_low]) = day(&made, path, ends, [low, high]);
                    assert_eq!((levels[at_high], levels[at_low]), (high, low));
                    for (bar, &level) in levels.iter().enumerate().skip(1).take(bars as usize - 1) {
                        let within = level > low && level < high;
                        assert!(
                            within || bar == at_high || bar == at_low,
                            "{bars} bars, {ends:?}: {levels:?}"
                        );
                    }
                }
            }
        }
    }

    /// A day that begins and ends at its high has its low anywhere between, most often halfway.
    #[test]
    fn a_day_from_edge_to_edge_meets_the_other_one_all_over_it() {
        let made = grid(13);
        for (ends, which) in [([8.01, 8.01], 1), ([8.0, 8.0], 0)] {
            let mut found = [0; 14];
            for path in 0..2000 {
                found[day(&made, path, ends, [8.0, 8.01]).1[which]] += 1;
            }
            assert_eq!((found[0], found[13]), (0, 0));
            let early: usize = found[1..=3].iter().sum();
            let middle: usize = found[5..=8].iter().sum();
            assert!(found[1..12].iter().filter(|&&n| n > 20).count() >= 8, "{found:?}");
            assert!(middle > early, "{found:?}");
        }
    }

    /// The same density by another series: sines, its integral over both times on a fine lattice.
    fn high_first([open, close]: [f64; 2]) -> f64 {
        let lattice = 400;
        let series = |share: f64, from: &dyn Fn(f64) -> f64, to: &dyn Fn(f64) -> f64| -> f64 {
            let rate = 0.5 * std::f64::consts::PI.powi(2) / SQUARE_OF_RANGE * share;
            (1..200).map(f64::from).map(|n| (-rate * n * n).exp() * from(n) * to(n)).sum()
        };
        let sine = |x: f64| move |n: f64| (n * std::f64::consts::PI * x).sin();
        let low = |n: f64| n;
        let high = |n: f64| if n % 2.0 == 1.0 { n } else { -n };
        let share = |i: usize| (i as f64 + 0.5) / lattice as f64;
        let tables = |from: &dyn Fn(f64) -> f64, to: &dyn Fn(f64) -> f64| -> Vec<f64> {
            (0..lattice).map(|i| series(share(i), from, to)).collect()
        };
        let crossing: Vec<f64> =
            (1..=lattice).map(|i| series(i as f64 / lattice as f64, &low, &high)).collect();
        let order = |first: &dyn Fn(f64) -> f64, second: &dyn Fn(f64) -> f64| {
            let (to, from) = (tables(&sine(open), first), tables(second, &sine(close)));
            let mut sum = 0.0;
            for i in 0..lattice {
                for j in i + 1..lattice {
                    sum += to[i] * crossing[j - i - 1] * from[lattice - 1 - j];
                }
            }
            sum
        };
        let (first, second) = (order(&high, &low), order(&low, &high));
        first / (first + second)
    }

    #[test]
    fn the_order_of_high_and_low_has_its_likelihood() {
        for (bars, paths, tolerance) in [(13, 4000, 0.03), (78, 2000, 0.005)] {
            let made = grid(bars);
            for ends in [[0.5, 0.5], [0.8, 0.5], [0.6, 0.1], [0.9, 0.8]] {
                let expected = high_first(ends);
                let places = ends.map(Place::Inside);
                let first = (0..paths)
                    .filter(|&path| {
                        let draws = Draws { seed: 4, path, step: 1 };
                        let [high, low] = made.1.extremes(&made.0.clock, places, draws.of(MINUTES));
                        high < low
                    })
                    .count();
                let found = first as f64 / paths as f64;
                let error = (expected * (1.0 - expected) / paths as f64).sqrt();
                assert!(
                    (found - expected).abs() < 4.0 * error + tolerance,
                    "{bars} bars from {ends:?}: {found}, not {expected}"
                );
            }
        }
        assert!((high_first([0.5, 0.5]) - 0.5).abs() < 1e-12);
    }
}
