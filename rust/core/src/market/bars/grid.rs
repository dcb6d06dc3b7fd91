//! Which minutes a bridge is drawn at, and from which others.
//!
//! Every minute of the day has its own draws and its own two neighbours: half hours are drawn one after the other, a
//! quarter between two half hours, then the fives, then the minutes. A grid of bars is any division of the 390
//! minutes with what it needs of that tree; so all grids are views of one path, and a finer one only adds to it.

use super::profile::{MINUTES, Profile};
use crate::{Error, Result};

/// Bars of a day: the minutes between which they lie, and how the bridge gets there.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    /// Minutes since the opening at which bars begin and end: 0 first, the close last.
    pub edges: Vec<u32>,
    /// Share of the day's variance before each edge.
    pub clock: Vec<f64>,
    /// What is drawn, each node after those it stands between.
    pub nodes: Vec<Node>,
    /// The place of each edge but the opening and the close, in `nodes`.
    pub places: Vec<usize>,
}

/// A minute of the bridge, given two others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub minute: u32,
    /// Where its neighbours stand in the list; `None` for the opening and the close, where the bridge is 0.
    pub left: Option<usize>,
    pub right: Option<usize>,
    /// How far it lies from its left neighbour to its right one, in variance.
    pub weight: f64,
    /// Its standard deviation given both, where the whole day's variance is 1.
    pub sd: f64,
}

impl Grid {
    /// `bars` bars of equal length; to the minute, where they do not divide the day.
    pub fn new(bars: u32, profile: Profile) -> Result<Self> {
        Self::with(bars, &[], profile)
    }

    /// `bars` bars of equal length, cut once more at each of the `minutes`: the others stay what they are, bit for bit.
    pub fn with(bars: u32, minutes: &[u32], profile: Profile) -> Result<Self> {
        Self::of(MINUTES, bars, minutes, profile)
    }

    /// The same of a session of so many minutes, whole half hours: where there are more bars than minutes, as many as these.
    pub fn of(length: u32, bars: u32, minutes: &[u32], profile: Profile) -> Result<Self> {
        profile.check()?;
        if !(1..=MINUTES).contains(&bars) {
            return Err(Error::domain("bars", bars, "must lie between 1 and 390, the minutes of a day"));
        }
        let mut edges: Vec<u32> = (0..=bars).map(|bar| edge(bar, bars, length)).collect();
        edges.extend(minutes.iter().filter(|&&minute| minute < length));
        edges.sort_unstable();
        edges.dedup();
        let clock = edges.iter().map(|&minute| profile.before_of(minute, length)).collect();
        let mut nodes = Nodes { profile, length, place: vec![None; MINUTES as usize + 1], list: Vec::new() };
        let inner = &edges[1..edges.len() - 1];
        let places = inner.iter().filter_map(|&minute| nodes.place(minute)).collect();
        Ok(Self { nodes: nodes.list, places, edges, clock })
    }

    /// How many bars.
    pub fn bars(&self) -> usize {
        self.edges.len() - 1
    }
}

/// The minute next to the end of a bar, the later one of two.
pub(super) const fn edge(bar: u32, bars: u32, length: u32) -> u32 {
    (2 * bar * length + bars) / (2 * bars)
}

/// The two minutes that a minute is drawn between.
fn neighbours(minute: u32, length: u32) -> [u32; 2] {
    match minute {
        _ if minute.is_multiple_of(30) => [minute - 30, length],
        _ if minute.is_multiple_of(15) => [minute - 15, minute + 15],
        _ if minute.is_multiple_of(5) => [minute - 5, minute.next_multiple_of(15)],
        _ => [minute - 1, minute.next_multiple_of(5)],
    }
}

struct Nodes {
    profile: Profile,
    length: u32,
    place: Vec<Option<usize>>,
    list: Vec<Node>,
}

impl Nodes {
    /// Where a minute stands in the list, put there with all it needs unless it is.
    fn place(&mut self, minute: u32) -> Option<usize> {
        if minute == 0 || minute == self.length {
            return None;
        }
        if self.place[minute as usize].is_none() {
            let ends = neighbours(minute, self.length);
            let [left, right] = ends.map(|end| self.place(end));
            let [from, at, to] =
                [ends[0], minute, ends[1]].map(|end| self.profile.before_of(end, self.length));
            let weight = (at - from) / (to - from);
            let sd = ((at - from) * (to - at) / (to - from)).sqrt();
            self.place[minute as usize] = Some(self.list.len());
            self.list.push(Node { minute, left, right, weight, sd });
        }
        self.place[minute as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_of_any_number_are_of_equal_length_to_the_minute() {
        for bars in 1..=MINUTES {
            let grid = Grid::new(bars, Profile::default()).expect("a grid");
            assert_eq!((grid.bars(), grid.places.len()), (bars as usize, bars as usize - 1));
            assert_eq!((grid.clock[0], grid.clock[bars as usize]), (0.0, 1.0));
            let lengths = grid.edges.windows(2).map(|ends| ends[1] - ends[0]);
            let (least, most) = (lengths.clone().min().expect("a bar"), lengths.max().expect("a bar"));
            assert!(least >= 1 && most - least == u32::from(!MINUTES.is_multiple_of(bars)), "{bars} bars");
        }
        assert_eq!(Grid::new(4, Profile::default()).expect("a grid").edges, [0, 98, 195, 293, 390]);
        for bars in [0, 391] {
            let message = Grid::new(bars, Profile::default()).expect_err("no bars").to_string();
            assert!(message.starts_with(&format!("bars = {bars}: must lie between 1 and 390")), "{message}");
        }
    }

    /// Node by node, the covariances are those of a Brownian bridge: min(s, t) − st.
    #[test]
    fn the_tree_is_a_brownian_bridge() {
        let profile = Profile::default();
        for bars in [13, 39, 78, 100, 390] {
            let nodes = Grid::new(bars, profile).expect("a division").nodes;
            let times: Vec<f64> = nodes.iter().map(|node| profile.before(node.minute)).collect();
            let mut covariance: Vec<Vec<f64>> = Vec::new();
            for (i, node) in nodes.iter().enumerate() {
                let between = |j: usize| {
                    let end = |place: Option<usize>| place.map_or(0.0, |p| covariance[p.max(j)][p.min(j)]);
                    end(node.left) + node.weight * (end(node.right) - end(node.left))
                };
                let mut row: Vec<f64> = (0..i).map(between).collect();
                let own = |place: Option<usize>| place.map_or(0.0, |p| row[p]);
                row.push(
                    own(node.left) + node.weight * (own(node.right) - own(node.left)) + node.sd * node.sd,
                );
                for (j, found) in row.iter().enumerate() {
                    let (s, t) = (times[i].min(times[j]), times[i].max(times[j]));
                    assert!((found - s * (1.0 - t)).abs() < 1e-14, "{} and {}", node.minute, nodes[j].minute);
                }
                covariance.push(row);
            }
        }
    }

    #[test]
    fn a_cut_adds_a_minute_and_leaves_the_others_as_they_are() {
        let [plain, cut] =
            [&[][..], &[375, 30]].map(|m| Grid::with(13, m, Profile::default()).expect("a grid"));
        assert_eq!((plain.bars(), cut.bars()), (13, 14));
        let at = cut.edges.iter().position(|&minute| minute == 375).expect("the cut");
        assert_eq!((at, cut.edges[at - 1], cut.edges[at + 1]), (13, 360, 390));
        for (edge, minute) in plain.edges.iter().enumerate() {
            let other = cut.edges.iter().position(|found| found == minute).expect("every edge");
            assert_eq!(plain.clock[edge].to_bits(), cut.clock[other].to_bits());
        }
    }

    #[test]
    fn half_hours_need_nothing_but_themselves() {
        let count = |bars| Grid::new(bars, Profile::default()).expect("a division").nodes.len();
        assert_eq!([1, 13, 26, 78, 390].map(count), [0, 12, 25, 77, 389]);
    }
}
