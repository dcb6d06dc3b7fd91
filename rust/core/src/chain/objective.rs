//! What a fit minimises: misses of total deviation in units of the quotes' own precision, and fences.
//!
//! A miss r of a quote costs ln(1 + r²) (Cauchy): a square where it is small. Where it is large it hardly pulls, be it
//! a wild quote or a far wing that no such slice meets.

use super::form::{Form, RAW};
use super::hyperbola::Hyperbola;
use super::least_squares::{Normal, Problem};
use super::smile::Smile;
use crate::pricing::svi::{Svi, durrleman};

/// g is held above this much, so that what the fence leaves of a violation is none.
const SPARE_DENSITY: f64 = 2e-3;
/// A g that is too low by this much counts as much as a quote missed by its precision.
const DENSITY_UNIT: f64 = 1e-3;
/// The least g that is admitted: what rounding may take from a slice that is scaled down is less.
const LEAST_DENSITY: f64 = 1e-7;
/// Total variance is held below that of the next expiry by this share, for the same reason.
const SPARE_RISE: f64 = 1e-3;
const RISE_UNIT: f64 = 1e-3;
/// Places of the fences: dense at the money, 27 deviations at the ends.
const FENCE: usize = 48;
const FENCE_END: f64 = 4.0;
/// Fences that were broken become so many times as stiff.
const STIFFEN: f64 = 4.0;

/// What a slice must not break.
#[derive(Clone, Copy, Default)]
pub(super) struct Fences<'a> {
    /// No butterfly arbitrage: g ≥ 0.
    pub butterfly: bool,
    /// No calendar arbitrage against the slice of the next expiry.
    pub later: Option<&'a Svi>,
}

impl Fences<'_> {
    /// Does a slice break none of them?
    pub(super) fn admit(&self, slice: &Svi) -> bool {
        self.broken(slice) == [None; 2]
    }

    /// Where a slice breaks the fence of the density most, and that of the next expiry.
    fn broken(&self, slice: &Svi) -> [Option<f64>; 2] {
        let lowest = |(k, value): (f64, f64), least: f64| (value.is_nan() || value < least).then_some(k);
        [
            self.butterfly.then(|| slice.least_durrleman()).and_then(|found| lowest(found, LEAST_DENSITY)),
            self.later.map(|later| later.least_rise(slice)).and_then(|found| lowest(found, 0.0)),
        ]
    }
}

/// Where a fit is held when quotes do not tell: a point, and how much a unit off it costs.
pub(super) struct Prior<const P: usize> {
    pub at: [f64; P],
    pub weight: f64,
}

pub(super) struct Objective<'a, F, const P: usize> {
    smile: &'a Smile,
    fences: Fences<'a>,
    prior: Option<Prior<P>>,
    bounds: [[f64; 2]; P],
    /// How many times as stiff as at first the fences are, and where they stand.
    stiffness: f64,
    places: Vec<f64>,
    form: std::marker::PhantomData<F>,
}

impl<'a, F: Form<P>, const P: usize> Objective<'a, F, P> {
    pub(super) fn new(smile: &'a Smile, fences: Fences<'a>, prior: Option<Prior<P>>) -> Self {
        let end = |i: usize| FENCE_END * (2.0 * i as f64 / FENCE as f64 - 1.0);
        Self {
            smile,
            fences,
            prior,
            bounds: F::bounds(smile.deviation),
            stiffness: 1.0,
            places: (0..=FENCE).map(|i| smile.deviation * end(i).sinh()).collect(),
            form: std::marker::PhantomData,
        }
    }

    /// Is the slice at a point admissible? If not the fences become stiffer, and stand where it breaks them, too.
    pub(super) fn tighten(&mut self, at: &[f64; P]) -> bool {
        let slice = F::slice(at);
        let broken = self.fences.broken(&slice);
        self.stiffness *= STIFFEN;
        self.places.extend(broken.iter().flatten().filter(|k| k.is_finite()));
        broken == [None; 2]
    }

    /// Adds the costs of a slice to `sum`.
    fn add(&self, slice: &Svi, sum: &mut impl Sum) {
        let hyperbola = Hyperbola::of(slice);
        for quote in &self.smile.quotes {
            let point = hyperbola.at(quote.k);
            let deviation = point.value().sqrt();
            let miss = (deviation - quote.deviation) * quote.precision;
            sum.robust(quote.weight, miss, || {
                let factor = 0.5 * quote.precision / deviation;
                point.value_gradient().map(|x| x * factor)
            });
        }
        let stiffness = self.stiffness;
        if self.fences.butterfly {
            let unit = DENSITY_UNIT / stiffness;
            for &k in &self.places {
                let point = hyperbola.at(k);
                let curve = point.curve();
                let lacking = (SPARE_DENSITY - durrleman(k, curve)) / unit;
                sum.fence(lacking, || point.durrleman_gradient(k, curve).map(|x| -x / unit));
            }
        }
        if let Some(later) = self.fences.later {
            for &k in &self.places {
                let point = hyperbola.at(k);
                let above = later.total_variance(k);
                let unit = RISE_UNIT / stiffness * above;
                let lacking = (point.value() - above * (1.0 - SPARE_RISE)) / unit;
                sum.fence(lacking, || point.value_gradient().map(|x| x / unit));
            }
            let wings = slice.wings().into_iter().zip(later.wings()).zip([-1.0, 1.0]);
            for ((slope, above), side) in wings {
                let unit = RISE_UNIT / stiffness * above;
                let lacking = (slope - above * (1.0 - SPARE_RISE)) / unit;
                sum.fence(lacking, || [0.0, 1.0 / unit, side / unit, 0.0, 0.0]);
            }
        }
    }

    fn held(&self, at: &[f64; P]) -> f64 {
        self.prior.as_ref().map_or(0.0, |prior| {
            let off = at.iter().zip(&prior.at).map(|(x, y)| (x - y) * (x - y));
            prior.weight * off.sum::<f64>()
        })
    }
}

impl<F: Form<P>, const P: usize> Problem<P> for Objective<'_, F, P> {
    fn normal(&self, at: &[f64; P]) -> Normal<P> {
        let mut sum = Full::default();
        self.add(&F::slice(at), &mut sum);
        let mut normal = sum.into(&F::jacobian(at));
        normal.objective += self.held(at);
        if let Some(prior) = &self.prior {
            for i in 0..P {
                normal.gradient[i] += prior.weight * (at[i] - prior.at[i]);
                normal.matrix[i][i] += prior.weight;
            }
        }
        normal
    }

    fn objective(&self, at: &[f64; P]) -> f64 {
        let mut sum = Value(0.0);
        self.add(&F::slice(at), &mut sum);
        sum.0 + self.held(at)
    }

    fn bounds(&self) -> &[[f64; 2]; P] {
        &self.bounds
    }
}

/// A sum of costs, with or without derivatives in a, b, c, m, σ.
trait Sum {
    /// A weighted miss, and its gradient.
    fn robust(&mut self, weight: f64, miss: f64, gradient: impl FnOnce() -> [f64; RAW]);
    /// The square of what a fence lacks, if it lacks anything.
    fn fence(&mut self, lacking: f64, gradient: impl FnOnce() -> [f64; RAW]);
}

struct Value(f64);

impl Sum for Value {
    #[inline(always)]
    fn robust(&mut self, weight: f64, miss: f64, _: impl FnOnce() -> [f64; RAW]) {
        self.0 += weight * (1.0 + miss * miss).ln();
    }

    #[inline(always)]
    fn fence(&mut self, lacking: f64, _: impl FnOnce() -> [f64; RAW]) {
        if lacking > 0.0 {
            self.0 += lacking * lacking;
        }
    }
}

#[derive(Default)]
struct Full {
    objective: f64,
    gradient: [f64; RAW],
    /// The lower half.
    matrix: [[f64; RAW]; RAW],
}

impl Full {
    #[inline(always)]
    fn add(&mut self, weight: f64, residual: f64, gradient: [f64; RAW]) {
        for i in 0..RAW {
            let weighted = weight * gradient[i];
            self.gradient[i] += weighted * residual;
            for j in 0..=i {
                self.matrix[i][j] += weighted * gradient[j];
            }
        }
    }

    /// The same in the parameters of a form.
    fn into<const P: usize>(mut self, jacobian: &[[f64; P]; RAW]) -> Normal<P> {
        for i in 0..RAW {
            for j in 0..i {
                self.matrix[j][i] = self.matrix[i][j];
            }
        }
        let column = |p: usize| std::array::from_fn::<f64, RAW, _>(|i| jacobian[i][p]);
        let dot = |x: &[f64; RAW], y: &[f64; RAW]| (0..RAW).map(|i| x[i] * y[i]).sum::<f64>();
        let times: [[f64; RAW]; P] =
            std::array::from_fn(|p| std::array::from_fn(|i| dot(&self.matrix[i], &column(p))));
        Normal {
            objective: self.objective,
            gradient: std::array::from_fn(|p| dot(&self.gradient, &column(p))),
            matrix: std::array::from_fn(|p| std::array::from_fn(|q| dot(&times[p], &column(q)))),
        }
    }
}

impl Sum for Full {
    #[inline(always)]
    fn robust(&mut self, weight: f64, miss: f64, gradient: impl FnOnce() -> [f64; RAW]) {
        let square = 1.0 + miss * miss;
        self.objective += weight * square.ln();
        self.add(weight / square, miss, gradient());
    }

    #[inline(always)]
    fn fence(&mut self, lacking: f64, gradient: impl FnOnce() -> [f64; RAW]) {
        if lacking > 0.0 {
            self.objective += lacking * lacking;
            self.add(1.0, lacking, gradient());
        }
    }
}
