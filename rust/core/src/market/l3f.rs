//! L3F: three Ornstein–Uhlenbeck factors drive ln(VIX − floor); SPX moves jointly with them.
//!
//! One session, Δ = 1/252 year, with W the session's variance (wild with a small probability, else quiet,
//! mean 1) and n four independent normals:
//! ```text
//! (z, g) = γ (W − 1) + √W · chol(C − Var(W) γγᵀ) n            so that Cov(z, g) = C
//! xᵢ     ← mᵢ + e^{−kᵢΔ} (xᵢ − mᵢ) + sᵢ √Δ gᵢ
//! h      = (c σ₀ / 100)² Δ                                     σ₀ the spot vol before the move
//! ln S   ← ln S + (r − q + ERP) Δ − h/2 − κ₃ h^{3/2} / 6 + √h z  κ₃ the skewness of z
//! ```
//! Its opening, with o the overnight share of its variance: on a quiet session (ln S, x) is a Brownian bridge
//! between the closes, `before + o (after − before) + √(o (1 − o) W) · (√h, s√Δ) chol(…) n'`, so that the two
//! parts have variances o and 1 − o and no correlation; a wild session has its whole move in one of the two,
//! overnight with probability o, since a jump is not smeared.

use super::PERCENT;
use super::SESSIONS_PER_YEAR;
use super::bars::day::{Day, MOVES};
use super::draws::Shocks;
use super::generator::{Generator, Lanes};
use super::kalman::Filter;
use super::opening;
use super::parameters::{Curve, Dynamics};
use super::quote::{Essvi, Surface};
use super::shock::Shock;
use super::smile_state::SmileProcess;
use super::spec::L3fSpec;
use super::state::{FACTORS, Point, State};
use super::warm_up;
use crate::math::cholesky::cholesky;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::Purpose;
use crate::math::simd::{self, Kernel, fma};
use crate::math::special;
use crate::{Error, Result};

/// Shocks of a session: SPX, then the factors.
pub const SHOCKS: usize = 1 + FACTORS;

/// The model, ready to run.
#[derive(Clone, Debug)]
pub(super) struct L3f {
    start: Point,
    surface: Essvi,
    smile_state: Option<SmileProcess>,
    mean: [f64; FACTORS],
    /// e^{−kΔ}
    keep: [f64; FACTORS],
    /// s√Δ
    scale: [f64; FACTORS],
    /// Lower triangle that correlates the normals.
    mix: [[f64; SHOCKS]; SHOCKS],
    shift: [f64; SHOCKS],
    wild_probability: f64,
    wild_variance: f64,
    quiet_variance: f64,
    /// c √Δ / 100: from spot vol in points to the standard deviation of a session.
    session_sd: f64,
    erp: f64,
    /// Var(z) / 2 and κ₃ / 6: the convexity of S in z.
    half_variance: f64,
    skew_drift: f64,
    overnight_share: f64,
    soq_sd: f64,
    shock: Shock,
}

impl L3f {
    pub(super) fn new(spec: &L3fSpec) -> Result<Self> {
        spec.check()?;
        let L3fSpec { curve, dynamics, .. } = spec;
        let surface = Essvi::new(curve, &spec.smile, &spec.vix_smile, spec.surface_shift);
        let session: f64 = 1.0 / SESSIONS_PER_YEAR;
        let quiet_variance = dynamics.quiet_variance();
        let shift = dynamics.wild_shift;
        let spot_shift = shift[0];
        let central = |power| dynamics.wild_moment(power);
        let skew = spot_shift.powi(3) * central(3)
            + 3.0 * spot_shift * central(2) * (1.0 - central(2) * spot_shift * spot_shift);
        Ok(Self {
            start: Point {
                ln_s: special::ln::<false>(spec.spot),
                x: Filter::new(curve, dynamics).observe(spec.vix),
                r: spec.rate,
                q: spec.dividend_yield,
            },
            surface,
            smile_state: SmileProcess::new(&spec.smile_state)?,
            mean: dynamics.mean,
            keep: dynamics.reversion.map(|k| special::exp::<false>(-k * session)),
            scale: curve.vol.map(|s| s * session.sqrt()),
            mix: residual_mix(curve, dynamics, central(2))?,
            shift,
            wild_probability: dynamics.wild_probability,
            wild_variance: dynamics.wild_variance,
            quiet_variance,
            session_sd: dynamics.realised_share * session.sqrt() / PERCENT,
            erp: spec.erp,
            half_variance: 0.5,
            skew_drift: skew / 6.0,
            overnight_share: dynamics.overnight_share,
            soq_sd: dynamics.soq_sd,
            shock: Shock::new(curve, dynamics),
        })
    }

    fn advance(&self, lanes: &Lanes, step: u32, [normals, mixture]: [Purpose; 2], state: &mut State) {
        simd::dispatch(Session { model: self, lanes, normals, mixture, step, state });
    }

    /// Standard deviation of ln S over a session that begins with these factors: √h.
    #[inline(always)]
    pub(super) fn spot_sd<const FMA: bool>(&self, x: [f64; FACTORS]) -> f64 {
        self.session_sd * self.surface.curve.spot_vol::<FMA>(x)
    }

    /// Moves the day's state of the SPX surface, of which nothing else is a part.
    pub(super) fn move_smile(&self, lanes: &Lanes, step: u32, state: &mut State) {
        if let Some(process) = self.smile_state.as_ref().filter(|_| lanes.surface_state) {
            process.session(lanes, step, state);
        }
    }

    /// The model with shocks z of another variance and third cumulant, their mean 0, and of another variance in quiet
    /// sessions.
    pub(super) fn with_moments(self, variance: f64, third: f64, quiet: f64) -> Self {
        let quiet_variance = quiet / (self.mix[0][0] * self.mix[0][0]);
        Self { half_variance: 0.5 * variance, skew_drift: third / 6.0, quiet_variance, ..self }
    }

    /// The openings of given sessions, wild where `chance` is below [`Dynamics::wild_probability`]; `None` draws it.
    pub(super) fn open(
        &self,
        lanes: &Lanes,
        step: u32,
        chance: Option<&Col>,
        [before, after]: [&State; 2],
        out: &mut State,
    ) {
        opening::interpolate(self.overnight_share, before, after, out);
        simd::dispatch(Opening { model: self, lanes, step, chance, before, after, out });
    }

    /// What given sessions consist of, wild as in [`Self::open`].
    ///
    /// A wild session is a quiet one and a jump: of its shocks `γ (W − 1) + √W chol(…) n` a quiet one would have had
    /// `γ (w − 1) + √w chol(…) n`, w the quiet variance, and the rest is the jump, of variance W − w. Given their sum,
    /// the jump is normal: `γ (W − w) + (1 − w / W) (shocks − γ (W − 1)) + √(w (W − w) / W) chol(…) n'`.
    pub(super) fn consist(
        &self,
        lanes: &Lanes,
        step: u32,
        chance: Option<&Col>,
        [before, after]: [&State; 2],
        out: &mut Day,
    ) {
        simd::dispatch(Diffusion { model: self, before, out: &mut *out });
        simd::dispatch(Jumps { model: self, lanes, step, chance, before, after, out });
    }

    /// The shocks (z, g) of the session that leads from one close to the next: the inverse of a session.
    pub(super) fn shocks_between(&self, before: &Point, after: &Point) -> [f64; SHOCKS] {
        let sd = self.spot_sd::<false>(before.x);
        let drift = (before.r - before.q + self.erp) * (1.0 / SESSIONS_PER_YEAR);
        let convexity = sd * sd * (self.skew_drift * sd + self.half_variance);
        let mut shocks = [(after.ln_s - before.ln_s - drift + convexity) / sd; SHOCKS];
        for f in 0..FACTORS {
            let kept = self.keep[f] * (before.x[f] - self.mean[f]) + self.mean[f];
            shocks[1 + f] = (after.x[f] - kept) / self.scale[f];
        }
        shocks
    }

    /// Variance of each factor's move over a session.
    pub(super) fn move_variance(&self) -> [f64; FACTORS] {
        self.scale.map(|scale| scale * scale)
    }

    /// Moves states by a session's shocks (z, g).
    #[inline(always)]
    pub(super) fn moved<const FMA: bool>(&self, shocks: &[Col; SHOCKS], state: &mut State) {
        let [spot_shock, shocks @ ..] = shocks;
        for i in 0..LANES {
            let sd = self.spot_sd::<FMA>(state.factors(i));
            let drift = (state.r[i] - state.q[i] + self.erp) * (1.0 / SESSIONS_PER_YEAR);
            let convexity = sd * sd * fma::<FMA>(self.skew_drift, sd, self.half_variance);
            state.ln_s[i] += fma::<FMA>(sd, spot_shock[i], drift - convexity);
        }
        for f in 0..FACTORS {
            let (mean, keep, scale) = (self.mean[f], self.keep[f], self.scale[f]);
            for i in 0..LANES {
                let kept = fma::<FMA>(keep, state.x[f][i] - mean, mean);
                state.x[f][i] = fma::<FMA>(scale, shocks[f][i], kept);
            }
        }
    }

    /// One row of chol(…) n, for one lane.
    #[inline(always)]
    fn mixed<const FMA: bool>(&self, row: usize, n: &[Col; SHOCKS], lane: usize) -> f64 {
        let mut sum = 0.0;
        for column in 0..=row {
            sum = fma::<FMA>(self.mix[row][column], n[column][lane], sum);
        }
        sum
    }
}

impl Generator for L3f {
    fn start(&self, lanes: &Lanes, state: &mut State) {
        state.fill(&self.start);
        if let Some(process) = self.smile_state.as_ref().filter(|_| lanes.surface_state) {
            process.start(lanes, state);
        }
    }

    fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        self.advance(lanes, step, [Purpose::Dynamics, Purpose::Mixture], state);
        self.move_smile(lanes, step, state);
    }

    fn opening(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut State) {
        self.open(lanes, step, None, [before, after], out);
    }

    fn overnight_share(&self) -> f64 {
        self.overnight_share
    }

    fn day(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut Day) {
        self.consist(lanes, step, None, [before, after], out);
    }

    fn special_quotation(&self, lanes: &Lanes, step: u32, out: &mut Col) {
        simd::dispatch(SpecialQuotation { lanes, step, sd: self.soq_sd, out });
    }

    fn shocks(&self) -> Option<Shocks> {
        Some(Shocks { count: SHOCKS, principal: principal(&self.mix) })
    }

    fn shock(&self) -> Option<Shock> {
        Some(self.shock)
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut start = State::default();
        self.start(lanes, &mut start);
        let purposes = [Purpose::WarmUp, Purpose::WarmUpMixture];
        warm_up::bridged(&start, window, |step, state| self.advance(lanes, step, purposes, state), visit);
    }

    fn surface(&self) -> Surface {
        Surface::Essvi(self.surface)
    }
}

/// One session of 256 paths.
struct Session<'a> {
    model: &'a L3f,
    lanes: &'a Lanes,
    normals: Purpose,
    mixture: Purpose,
    step: u32,
    state: &'a mut State,
}

impl Kernel for Session<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, normals, mixture, step, state } = self;
        let mut n = shock_normals::<FMA>(lanes, normals, step);
        let mut chance = Col::default();
        lanes.uniforms(mixture, step, 0, &mut chance);

        // The two variances have two roots: none is taken lane by lane.
        let (wild_sd, quiet_sd) = (model.wild_variance.sqrt(), model.quiet_variance.sqrt());
        let (wild_excess, quiet_excess) = (model.wild_variance - 1.0, model.quiet_variance - 1.0);
        let (mut sd, mut excess) = (chance, chance);
        for i in 0..LANES {
            let wild = chance[i] < model.wild_probability;
            sd[i] = if wild { wild_sd } else { quiet_sd };
            excess[i] = if wild { wild_excess } else { quiet_excess };
        }
        // In place, last row first: a row of the triangle reads only itself and those before it.
        for row in (0..SHOCKS).rev() {
            for i in 0..LANES {
                let sum = model.mixed::<FMA>(row, &n, i);
                n[row][i] = fma::<FMA>(sd[i], sum, model.shift[row] * excess[i]);
            }
        }
        model.moved::<FMA>(&n, state);
    }
}

/// Turns the point on the line between the closes, found in `out`, into the opening of 256 paths.
struct Opening<'a> {
    model: &'a L3f,
    lanes: &'a Lanes,
    step: u32,
    chance: Option<&'a Col>,
    before: &'a State,
    after: &'a State,
    out: &'a mut State,
}

impl Kernel for Opening<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, step, chance: given, before, after, out } = self;
        let n = shock_normals::<FMA>(lanes, Purpose::Opening, step);
        let (mut chance, mut interval) = (Col::default(), Col::default());
        match given {
            Some(given) => chance = *given,
            None => lanes.uniforms(Purpose::Mixture, step, 0, &mut chance),
        }
        lanes.uniforms(Purpose::Opening, step, 2, &mut interval);

        let share = model.overnight_share;
        let spread = (share * (1.0 - share) * model.quiet_variance).sqrt();
        for i in 0..LANES {
            let wild = chance[i] < model.wild_probability;
            let jumped = if interval[i] < share { after } else { before };
            let sd = spread * model.spot_sd::<FMA>(before.factors(i));
            let bridged = fma::<FMA>(sd, model.mixed::<FMA>(0, &n, i), out.ln_s[i]);
            out.ln_s[i] = if wild { jumped.ln_s[i] } else { bridged };
            for f in 0..FACTORS {
                let noise = model.mixed::<FMA>(1 + f, &n, i);
                let bridged = fma::<FMA>(spread * model.scale[f], noise, out.x[f][i]);
                out.x[f][i] = if wild { jumped.x[f][i] } else { bridged };
            }
        }
    }
}

/// The diffusion of a session that begins with these states: that of a quiet one.
struct Diffusion<'a> {
    model: &'a L3f,
    before: &'a State,
    out: &'a mut Day,
}

impl Kernel for Diffusion<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, before, out } = self;
        let quiet_sd = model.quiet_variance.sqrt();
        for i in 0..LANES {
            out.root[0][0][i] = quiet_sd * model.mix[0][0] * model.spot_sd::<FMA>(before.factors(i));
        }
        for f in 0..FACTORS {
            for (column, root) in out.root[1 + f].iter_mut().enumerate() {
                *root = Col::splat(quiet_sd * model.scale[f] * model.mix[1 + f][column]);
            }
        }
    }
}

/// The jumps of wild sessions.
struct Jumps<'a> {
    model: &'a L3f,
    lanes: &'a Lanes,
    step: u32,
    chance: Option<&'a Col>,
    before: &'a State,
    after: &'a State,
    out: &'a mut Day,
}

impl Kernel for Jumps<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, step, chance: given, before, after, out } = self;
        let n = shock_normals::<FMA>(lanes, Purpose::Bridge, step);
        let (mut chance, mut interval) = (Col::default(), Col::default());
        match given {
            Some(given) => chance = *given,
            None => lanes.uniforms(Purpose::Mixture, step, 0, &mut chance),
        }
        lanes.uniforms(Purpose::Opening, step, 2, &mut interval);

        out.calm();
        let (wild, quiet) = (model.wild_variance, model.quiet_variance);
        let excess = (wild - quiet).max(0.0);
        let (share, spread) = (excess / wild, (quiet * excess / wild).sqrt());
        for i in 0..LANES {
            if chance[i] >= model.wild_probability {
                continue;
            }
            let shocks = model.shocks_between(&before.point(i), &after.point(i));
            let scale =
                [model.spot_sd::<false>(before.factors(i)), model.scale[0], model.scale[1], model.scale[2]];
            let sizes: [f64; MOVES] = std::array::from_fn(|row| {
                let noise = shocks[row] - model.shift[row] * (wild - 1.0);
                let own = spread * model.mixed::<FMA>(row, &n, i);
                scale[row] * (model.shift[row] * excess + share * noise - own)
            });
            out.jump(i, interval[i], sizes);
        }
    }
}

struct SpecialQuotation<'a> {
    lanes: &'a Lanes,
    step: u32,
    sd: f64,
    out: &'a mut Col,
}

impl Kernel for SpecialQuotation<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { lanes, step, sd, out } = self;
        lanes.normal::<FMA>(Purpose::SpecialQuotation, step, 0, out);
        for value in out.iter_mut() {
            *value = special::exp::<FMA>(sd * *value);
        }
    }
}

/// The four independent normals of a session, from blocks 0 and 1.
#[inline(always)]
fn shock_normals<const FMA: bool>(lanes: &Lanes, purpose: Purpose, step: u32) -> [Col; SHOCKS] {
    let mut n = [Col::default(); SHOCKS];
    let [a, b, c, d] = &mut n;
    lanes.normals::<FMA>(purpose, step, 0, a, b);
    lanes.normals::<FMA>(purpose, step, 1, c, d);
    n
}

/// Unit vector of normals that moves the shocks most, towards falling SPX: the eigenvector of `MᵀM` for its largest
/// eigenvalue, by the power method.
fn principal(mix: &[[f64; SHOCKS]; SHOCKS]) -> [f64; SHOCKS] {
    const ROUNDS: usize = 200;
    let mut v = [-1.0, 0.0, 0.0, 0.0];
    for _ in 0..ROUNDS {
        let shocks = mix.map(|row| row.iter().zip(&v).map(|(m, n)| m * n).sum::<f64>());
        v = std::array::from_fn(|j| mix.iter().zip(&shocks).map(|(row, s)| row[j] * s).sum());
        let size = v.iter().map(|n| n * n).sum::<f64>().sqrt();
        v = v.map(|n| n / size);
    }
    v
}

/// Cholesky factor of the shocks' correlation, less what the common shift of wild sessions explains.
fn residual_mix(
    curve: &Curve,
    dynamics: &Dynamics,
    variance_of_variance: f64,
) -> Result<[[f64; SHOCKS]; SHOCKS]> {
    let [r01, r02, r12] = curve.correlation;
    let [s0, s1, s2] = dynamics.spot_correlation;
    let correlation = [[1.0, s0, s1, s2], [s0, 1.0, r01, r02], [s1, r01, 1.0, r12], [s2, r02, r12, 1.0]];
    let shift = dynamics.wild_shift;
    let residual: [[f64; SHOCKS]; SHOCKS] = std::array::from_fn(|i| {
        std::array::from_fn(|j| correlation[i][j] - variance_of_variance * shift[i] * shift[j])
    });
    cholesky(&residual).ok_or_else(|| {
        let value = format!("{:?}", dynamics.spot_correlation);
        let allowed = "must form a positive definite matrix with curve.correlation, also after \
                       dynamics.wild_shift has taken its share";
        Error::domain("dynamics.spot_correlation", value, allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_return_shock_has_the_fitted_skewness() {
        let model = L3f::new(&L3fSpec::default()).expect("defaults");
        assert!((6.0 * model.skew_drift + 0.484).abs() < 1e-3);
        assert!((model.quiet_variance - 0.8541667).abs() < 1e-7);
    }
}
