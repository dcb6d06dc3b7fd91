//! Normals of a block that are moved so that sums of them are as arranged: on Sobol points, or tilted.
//!
//! The sessions are cut into stretches. With z the plain normals of a stretch of L sessions and S a normal of variance
//! L, `z + (S − Σ z) / L` are again independent normals, whose sum is S: the part of z that is not its mean stays, the
//! mean is arranged. A tilt adds a constant instead. In both cases a stretch has one column to add, worked out when the
//! block begins, and the draws of a session remain a function of (seed, path, session).

use super::draws::{MAX_SHOCKS, Shocks};
use crate::math::lanes::{Col, LANES};
use crate::math::philox::{Purpose, Stream};
use crate::math::simd::{self, Kernel, fma};
use crate::math::sobol;
use crate::math::special;

/// What is added to the plain normals of a block.
#[derive(Clone, Debug)]
pub struct Arranged {
    /// Last sessions of the stretches, ascending.
    ends: Vec<u32>,
    count: usize,
    /// Per stretch and normal.
    added: Vec<Col>,
    /// Likelihood ratios; `None` where they are 1.
    pub(super) weight: Option<Col>,
}

impl Arranged {
    /// Adds to the plain normals `shock` of session `step`; nothing beyond the last session, or to normals that are
    /// not the dynamics'.
    #[inline(always)]
    pub(super) fn add(&self, step: u32, shock: usize, normals: &mut Col) {
        let stretch = self.ends.partition_point(|&end| end < step);
        if stretch < self.ends.len() && shock < self.count {
            let added = &self.added[stretch * self.count + shock];
            for i in 0..LANES {
                normals[i] += added[i];
            }
        }
    }

    /// Brownian bridges through the ends of the stretches, on the points of scrambled Sobol sequences.
    pub(super) fn sobol(seed: u64, first_path: u64, points: u32, sessions: u32, shocks: Shocks) -> Self {
        let count = shocks.count;
        let stretches = sessions.min((sobol::DIMENSIONS / count) as u32);
        let ends: Vec<u32> = (1..=u64::from(stretches))
            .map(|k| (k * u64::from(sessions) / u64::from(stretches)) as u32)
            .collect();
        let mut added = simd::dispatch(Sums { seed, first_path, ends: &ends, count });
        let bridge = bridge(&ends);
        for shock in 0..count {
            let mut w = vec![Col::default(); ends.len() + 1];
            for (order, node) in bridge.iter().enumerate() {
                let dimension = order * count + shock;
                let (before, rest) = w.split_at_mut(node.at);
                let (at, after) = rest.split_at_mut(1);
                // The end of the whole has nothing after it: its weight is 0.
                let (left, right) = (&before[node.left], after.get(node.right.wrapping_sub(node.at + 1)));
                let zero = Col::default();
                let right = right.unwrap_or(&zero);
                simd::dispatch(Drawn {
                    seed,
                    first_path,
                    points,
                    dimension,
                    node,
                    left,
                    right,
                    at: &mut at[0],
                });
            }
            let mut begin = 0;
            for (k, &end) in ends.iter().enumerate() {
                let length = 1.0 / f64::from(end - begin);
                let column = &mut added[k * count + shock];
                for i in 0..LANES {
                    column[i] = (w[k + 1][i] - w[k][i] - column[i]) * length;
                }
                begin = end;
            }
        }
        Self { ends, count, added, weight: None }
    }

    /// A shift of the first principal factor's mean over all sessions, in the lanes that the mixture shifts.
    pub(super) fn importance(
        seed: u64,
        first_path: u64,
        shift: f64,
        defensive: f64,
        sessions: u32,
        shocks: Shocks,
    ) -> Self {
        let count = shocks.count;
        let ends = vec![sessions];
        let mut added = simd::dispatch(Sums { seed, first_path, ends: &ends, count });
        let per_session = 1.0 / f64::from(sessions).sqrt();
        let mut tilted = Col::default();
        Stream { seed, purpose: Purpose::Importance }.uniform_column(first_path, 0, 0, &mut tilted);
        for i in 0..LANES {
            tilted[i] = if tilted[i] < defensive { 0.0 } else { shift };
        }
        // The factor of the whole path, a standard normal before the shift.
        let mut factor = tilted;
        for (column, direction) in added.iter_mut().zip(shocks.principal) {
            for i in 0..LANES {
                factor[i] += direction * per_session * column[i];
                column[i] = tilted[i] * direction * per_session;
            }
        }
        let mut weight = factor;
        simd::dispatch(LikelihoodRatio { shift, defensive, weight: &mut weight });
        Self { ends, count, added, weight: Some(weight) }
    }
}

/// Sums of the plain normals of each stretch and shock.
struct Sums<'a> {
    seed: u64,
    first_path: u64,
    ends: &'a [u32],
    count: usize,
}

impl Kernel for Sums<'_> {
    type Output = Vec<Col>;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> Vec<Col> {
        let Self { seed, first_path, ends, count } = self;
        let stream = Stream { seed, purpose: Purpose::Dynamics };
        let mut sums = vec![Col::default(); ends.len() * count];
        let mut n = [Col::default(); MAX_SHOCKS];
        let mut begin = 1;
        for (stretch, &end) in sums.chunks_exact_mut(count).zip(ends) {
            for step in begin..=end {
                for (block, pair) in n.chunks_exact_mut(2).enumerate().take(count.div_ceil(2)) {
                    let [a, b] = pair else { unreachable!("chunks of two") };
                    stream.normal_columns::<FMA>(first_path, step, block as u32, a, b);
                }
                for (sum, normals) in stretch.iter_mut().zip(&n) {
                    for i in 0..LANES {
                        sum[i] += normals[i];
                    }
                }
            }
            begin = end + 1;
        }
        sums
    }
}

/// A point of a Brownian bridge: `w[at] = left_weight w[left] + right_weight w[right] + sd n`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BridgeNode {
    at: usize,
    left: usize,
    right: usize,
    left_weight: f64,
    right_weight: f64,
    sd: f64,
}

/// The points of a bridge through 0 and the given times, the most important first: the end, then halves of halves.
/// Point 0 is time 0, point k `ends[k − 1]`.
fn bridge(ends: &[u32]) -> Vec<BridgeNode> {
    let time = |k: usize| if k == 0 { 0.0 } else { f64::from(ends[k - 1]) };
    let last = ends.len();
    let mut nodes = vec![BridgeNode {
        at: last,
        left: 0,
        right: usize::MAX,
        left_weight: 0.0,
        right_weight: 0.0,
        sd: time(last).sqrt(),
    }];
    let mut intervals = std::collections::VecDeque::from([(0, last)]);
    while let Some((left, right)) = intervals.pop_front() {
        if right - left < 2 {
            continue;
        }
        let at = usize::midpoint(left, right);
        let (before, after, whole) =
            (time(at) - time(left), time(right) - time(at), time(right) - time(left));
        nodes.push(BridgeNode {
            at,
            left,
            right,
            left_weight: after / whole,
            right_weight: before / whole,
            sd: (before * after / whole).sqrt(),
        });
        intervals.extend([(left, at), (at, right)]);
    }
    nodes
}

/// One point of the bridges of a block, from one dimension of its Sobol points.
struct Drawn<'a> {
    seed: u64,
    first_path: u64,
    points: u32,
    dimension: usize,
    node: &'a BridgeNode,
    left: &'a Col,
    right: &'a Col,
    at: &'a mut Col,
}

impl Kernel for Drawn<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { seed, first_path, points, dimension, node, left, right, at } = self;
        let mut index = [0; LANES];
        let mut key = [0; LANES];
        let mut last = None;
        for i in 0..LANES {
            let path = first_path + i as u64;
            let randomisation = path / u64::from(points);
            index[i] = (path % u64::from(points)) as u32;
            key[i] = match last {
                Some((same, key)) if same == randomisation => key,
                _ => Stream { seed, purpose: Purpose::Scramble }.words(randomisation, 0, dimension as u32)[0],
            };
            last = Some((randomisation, key[i]));
        }
        sobol::uniform_column(dimension, &index, &key, at);
        special::inv_norm_cdf_column::<FMA>(at);
        for i in 0..LANES {
            let mean = fma::<FMA>(node.left_weight, left[i], node.right_weight * right[i]);
            at[i] = fma::<FMA>(node.sd, at[i], mean);
        }
    }
}

/// `1 / (α + (1 − α) exp(μ y − μ²/2))` of a factor y shifted by μ with probability 1 − α: plain over mixture density.
struct LikelihoodRatio<'a> {
    shift: f64,
    defensive: f64,
    weight: &'a mut Col,
}

impl Kernel for LikelihoodRatio<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { shift, defensive, weight } = self;
        for i in 0..LANES {
            let tilt = special::exp::<FMA>(shift * (weight[i] - 0.5 * shift));
            weight[i] = 1.0 / (defensive + (1.0 - defensive) * tilt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unit variances a session, and covariances min(s, t), follow from the weights alone.
    #[test]
    fn a_bridge_has_the_covariances_of_brownian_motion() {
        for ends in [vec![1], vec![1, 2], vec![3, 7, 8, 20, 21], (1..=32).map(|k| k * 63 / 32).collect()] {
            let n: usize = ends.len();
            // w[k] as a combination of the independent normals
            let mut w = vec![vec![0.0; n]; n + 1];
            for (order, node) in bridge(&ends).iter().enumerate() {
                for j in 0..n {
                    let right = if node.right > n { 0.0 } else { w[node.right][j] };
                    w[node.at][j] = node.left_weight * w[node.left][j] + node.right_weight * right;
                }
                w[node.at][order] = node.sd;
            }
            for s in 1..=n {
                for t in s..=n {
                    let covariance: f64 = w[s].iter().zip(&w[t]).map(|(a, b)| a * b).sum();
                    assert!((covariance - f64::from(ends[s - 1])).abs() < 1e-12, "{ends:?} {s} {t}");
                }
            }
        }
    }
}
