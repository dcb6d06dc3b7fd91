//! The best condors without scoring all of them: branch and bound over two trees of spreads.
//!
//! A node is a group of spreads that resemble each other, with least and most of what their figures are made of. Over
//! all pairs of a group of put spreads and a group of call spreads a figure has an upper bound. Pairs of groups are
//! taken up in the order of these bounds, split, and scored where they are small; when the best bound left is worse than the
//! worst condor kept, none that was not looked at can be better. Ties are looked at.

use std::{cmp::Ordering, collections::BinaryHeap};

use super::{
    Expiry, Found, Wanted, Wings,
    best::Best,
    bounds::Bounds,
    column::ADDITIVE,
    exhaustive::Scan,
    spreads::{Spreads, TERMS, extent},
};
use crate::math::simd::{Kernel, dispatch};

/// Spreads that are not split further.
const LEAF: usize = 32;

/// Finds the best condors of all expiries; what [`exhaustive`](super::exhaustive()) finds.
pub fn search(expiries: &[Expiry], wanted: &Wanted) -> Found {
    let dimensions = Dimensions::of(wanted);
    let trees: Vec<[Tree; 2]> = expiries
        .iter()
        .map(|expiry| [&expiry.puts, &expiry.calls].map(|side| Tree::of(side, &dimensions)))
        .collect();
    // they take turns with the one list of the best
    let scan = |(i, expiry)| Scan::new(expiry, i, wanted, Best::of(0));
    let mut scans: Vec<Scan<'_>> = expiries.iter().enumerate().map(scan).collect();
    let mut best = Best::of(wanted.top);
    let mut queue = BinaryHeap::new();
    let push = |queue: &mut BinaryHeap<Group>, expiry: usize, nodes: [usize; 2], least: f64| {
        let [puts, calls] = [0, 1].map(|side| &trees[expiry][side].nodes[nodes[side]]);
        let bound = bound(&expiries[expiry], wanted, &puts.bounds, &calls.bounds);
        if bound.is_some_and(|bound| bound >= least) {
            queue.push(Group { bound: bound.unwrap_or(f64::NEG_INFINITY), expiry, nodes });
        }
    };
    for (expiry, [puts, calls]) in trees.iter().enumerate() {
        if !puts.nodes.is_empty() && !calls.nodes.is_empty() {
            push(&mut queue, expiry, [0, 0], f64::NEG_INFINITY);
        }
    }
    while let Some(Group { bound, expiry, nodes }) = queue.pop() {
        if bound < best.threshold() {
            break;
        }
        let sides = &trees[expiry];
        let [puts, calls] = [0, 1].map(|side| &sides[side].nodes[nodes[side]]);
        let scan = &mut scans[expiry];
        match (puts.children, calls.children) {
            (None, None) => {
                std::mem::swap(&mut scan.best, &mut best);
                dispatch(Leaf { scan, sides, ranges: [puts.range, calls.range] });
                std::mem::swap(&mut scan.best, &mut best);
            }
            (Some(children), other) if other.is_none() || puts.len() >= calls.len() => {
                for child in children {
                    push(&mut queue, expiry, [child, nodes[1]], best.threshold());
                }
            }
            (_, Some(children)) => {
                for child in children {
                    push(&mut queue, expiry, [nodes[0], child], best.threshold());
                }
            }
            (Some(_), None) => unreachable!("the second arm takes every group of puts that splits alone"),
        }
    }
    Found {
        best: best.sorted(),
        visited: scans.iter().map(|scan| scan.visited).collect(),
        accepted: scans.iter().map(|scan| scan.accepted).collect(),
    }
}

/// No pair of the groups ranks above this; `None`: none satisfies the limits.
fn bound(expiry: &Expiry, wanted: &Wanted, puts: &Bounds, calls: &Bounds) -> Option<f64> {
    let apart =
        wanted.wings == Wings::Equal && (puts.width.0 > calls.width.1 || calls.width.0 > puts.width.1);
    let crossed = puts.short.0 >= calls.short.1;
    if apart || crossed || wanted.limits.iter().any(|limit| limit.shuts_out(expiry, puts, calls)) {
        return None;
    }
    let (low, high) = wanted.rank.range(expiry, puts, calls);
    Some(if wanted.descending { high } else { -low })
}

/// Two groups of spreads that wait.
struct Group {
    bound: f64,
    expiry: usize,
    nodes: [usize; 2],
}

impl Ord for Group {
    fn cmp(&self, other: &Self) -> Ordering {
        let earlier = (other.expiry, other.nodes).cmp(&(self.expiry, self.nodes));
        self.bound.total_cmp(&other.bound).then(earlier)
    }
}

impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Group {}

struct Leaf<'a, 'b> {
    scan: &'b mut Scan<'a>,
    sides: &'b [Tree; 2],
    ranges: [(usize, usize); 2],
}

impl Kernel for Leaf<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let [(first, last), (call, end)] = self.ranges;
        for put in first..last {
            self.scan.block(&self.sides[0].spreads, put, &self.sides[1].spreads, call, end - call);
        }
    }
}

/// What spreads are told apart by.
struct Dimensions {
    added: [bool; ADDITIVE],
    width: bool,
    short: bool,
}

impl Dimensions {
    fn of(wanted: &Wanted) -> Self {
        let mut found = Self { added: [false; ADDITIVE], width: wanted.wings == Wings::Equal, short: false };
        for column in wanted.limits.iter().map(|limit| limit.column).chain([wanted.rank]) {
            column.sums().iter().for_each(|&sum| found.added[sum as usize] = true);
            let (width, short) = column.places();
            found.width |= width;
            found.short |= short;
        }
        found
    }

    fn columns<'a>(&self, spreads: &'a Spreads) -> Vec<&'a [f64]> {
        let added = spreads.added.iter().zip(self.added).filter(|(_, used)| *used).map(|(c, _)| &c[..]);
        let places = [(&spreads.width, self.width), (&spreads.short, self.short)];
        let places = places.into_iter().filter(|(_, used)| *used).map(|(c, _)| &c[..]);
        // of portfolio margin the two ends and the minimum
        let terms = spreads.terms.iter().filter(|_| self.width);
        let terms = terms.flat_map(|terms| [0, TERMS - 2, TERMS - 1].map(|k| &terms[k][..]));
        added.chain(places).chain(terms).collect()
    }
}

/// A binary tree over spreads, which it puts in the order of its leaves.
struct Tree {
    spreads: Spreads,
    nodes: Vec<Node>,
}

struct Node {
    range: (usize, usize),
    children: Option<[usize; 2]>,
    bounds: Bounds,
}

impl Node {
    fn len(&self) -> usize {
        self.range.1 - self.range.0
    }
}

impl Tree {
    fn of(spreads: &Spreads, dimensions: &Dimensions) -> Self {
        let columns = dimensions.columns(spreads);
        let scale: Vec<f64> = columns.iter().map(|column| spread_of(extent(column))).collect();
        let mut order: Vec<u32> = (0..spreads.len() as u32).collect();
        let mut nodes = Vec::new();
        if !order.is_empty() {
            split(&columns, &scale, &mut order, 0, &mut nodes);
        }
        let spreads = spreads.ordered(&order);
        for node in &mut nodes {
            let cut = |column: &Vec<f64>| extent(&column[node.range.0..node.range.1]);
            node.bounds = Bounds {
                short: cut(&spreads.short),
                width: cut(&spreads.width),
                added: std::array::from_fn(|k| cut(&spreads.added[k])),
                terms: spreads.terms.as_ref().map(|terms| std::array::from_fn(|k| cut(&terms[k]))),
            };
        }
        Self { spreads, nodes }
    }
}

/// Halves the group by the column in which it is widest, and so on; returns the number of its node.
fn split(columns: &[&[f64]], scale: &[f64], order: &mut [u32], start: usize, nodes: &mut Vec<Node>) -> usize {
    let number = nodes.len();
    let bounds = Bounds { short: (0.0, 0.0), width: (0.0, 0.0), added: [(0.0, 0.0); ADDITIVE], terms: None };
    nodes.push(Node { range: (start, start + order.len()), children: None, bounds });
    if order.len() <= LEAF {
        return number;
    }
    let wide = |k: usize| {
        let values = order.iter().map(|&i| columns[k][i as usize]);
        spread_of(values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x))))
            / scale[k]
    };
    let widest = (0..columns.len()).map(|k| (wide(k), k)).filter(|(w, _)| w.is_finite());
    let by = widest.fold(None, |best: Option<(f64, usize)>, each| match best {
        Some(best) if best.0 >= each.0 => Some(best),
        _ => Some(each),
    });
    if let Some((_, k)) = by {
        order.sort_by(|&i, &j| columns[k][i as usize].total_cmp(&columns[k][j as usize]).then(i.cmp(&j)));
    }
    let half = order.len() / 2;
    let (first, second) = order.split_at_mut(half);
    let children =
        [split(columns, scale, first, start, nodes), split(columns, scale, second, start + half, nodes)];
    nodes[number].children = Some(children);
    number
}

fn spread_of((low, high): (f64, f64)) -> f64 {
    high - low
}
