//! Bates: Heston's stochastic variance and lognormal jumps, an oracle whose options have closed forms.
//!
//! Sources: D. Bates, Review of Financial Studies 9 (1996); S. Heston, Review of Financial Studies 6 (1993). The step is
//! L. Andersen's quadratic-exponential scheme, Journal of Computational Finance 11 (2008), with γ₁ = γ₂ = ½. One session,
//! Δ = 1/252 year:
//! ```text
//! dv   = κ (θ − v) dt + σ √v dB                   v' by matching m = E[v'], s² = Var(v'): ψ = s² / m²
//!        ψ ≤ 1.5: v' = a (b + n)²,  b² = 2/ψ − 1 + √(2/ψ (2/ψ − 1)),  a = m / (1 + b²)
//!        else:    v' = 0 with probability p = (ψ − 1)/(ψ + 1), else exponential with mean m / (1 − p)
//! ln S ← ln S + (r − q + ERP − λ k) Δ − ρκθΔ/σ + K₁ v + K₂ v' + √(½ (1 − ρ²) Δ (v + v')) n' + Σ J
//!        K₁, K₂ = ½ Δ (κρ/σ − ½) ∓ ρ/σ,   J ~ N(μ, δ²), λ of them a year,   k = e^{μ + δ²/2} − 1
//! VIX² = 100² (θ + (v − θ) (1 − e^{−κτ})/(κτ) + 2 λ (k − μ)),  τ = 21/252
//! ```
//! The engine prices off the factors that are filtered from this VIX ([`super::followed`]), as it does for every model; the
//! closed forms are those of the paths.

use serde::{Deserialize, Serialize};

use super::bars::day::Day;
use super::check;
use super::curve::mean_decay;
use super::followed::Followed;
use super::generator::{Generator, Lanes};
use super::l3f::L3f;
use super::opening;
use super::parameters::{Curve, Dynamics, Smile, VixSmile};
use super::quote::Surface;
use super::shock::Shock;
use super::smile_state::SmileState;
use super::spec::{DIVIDEND_YIELD, ERP, L3fSpec, RATE, SPOT};
use super::state::{FACTORS, State};
use super::warm_up;
use super::{PERCENT, SESSIONS_PER_MONTH, SESSIONS_PER_YEAR};
use crate::math::lanes::{Col, LANES};
use crate::math::philox::{Purpose, Stream};
use crate::math::simd::{self, Kernel, fma};
use crate::math::special;
use crate::{Error, Result};

/// `{"model": "bates", …}`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct BatesSpec {
    /// SPX at session 0.
    pub spot: f64,
    /// Interest rate, continuously compounded, a year.
    pub rate: f64,
    /// Dividend yield, continuously compounded, a year.
    pub dividend_yield: f64,
    /// Equity risk premium, a year; 0 makes the paths those of the pricing measure.
    pub erp: f64,
    /// v at session 0: variance of the diffusion, a year.
    pub variance: f64,
    /// θ: its mean, a year.
    pub mean_variance: f64,
    /// κ: speed of mean reversion, a year.
    pub reversion: f64,
    /// σ: volatility of variance.
    pub vol_of_variance: f64,
    /// ρ: correlation of variance with SPX.
    pub correlation: f64,
    /// λ: jumps a year.
    pub jump_rate: f64,
    /// μ: mean of the logarithm of a jump.
    pub jump_mean: f64,
    /// δ: its standard deviation.
    pub jump_sd: f64,
    /// The VIX futures, given the factors that are filtered from VIX.
    pub curve: Curve,
    /// How those factors are filtered; openings.
    pub dynamics: Dynamics,
    /// The SPX volatility surface.
    pub smile: Smile,
    /// The VIX option surface.
    pub vix_smile: VixSmile,
    /// How the SPX surface departs from its template from day to day.
    pub smile_state: SmileState,
    /// Vol points by which the SPX surface lies above what the state says.
    pub surface_shift: f64,
}

impl Default for BatesSpec {
    fn default() -> Self {
        Self {
            spot: SPOT,
            rate: RATE,
            dividend_yield: DIVIDEND_YIELD,
            erp: ERP,
            variance: 0.0225,
            mean_variance: 0.03,
            reversion: 4.0,
            vol_of_variance: 0.5,
            correlation: -0.7,
            jump_rate: 0.5,
            jump_mean: -0.06,
            jump_sd: 0.06,
            curve: Curve::default(),
            dynamics: Dynamics::default(),
            smile: Smile::default(),
            vix_smile: VixSmile::default(),
            smile_state: SmileState::default(),
            surface_shift: 0.0,
        }
    }
}

impl BatesSpec {
    fn check(&self) -> Result<()> {
        check::between("variance", self.variance, 0.0, 4.0)?;
        check::above("mean_variance", self.mean_variance, 0.0)?;
        check::between("reversion", self.reversion, 0.01, 100.0)?;
        check::between("vol_of_variance", self.vol_of_variance, 0.001, 10.0)?;
        check::between("correlation", self.correlation, -0.999, 0.999)?;
        check::between("jump_rate", self.jump_rate, 0.0, MOST_JUMPS)?;
        check::between("jump_mean", self.jump_mean, -1.0, 1.0)?;
        check::between("jump_sd", self.jump_sd, 0.0, 1.0)?;
        let [constant, _] = self.vix_squared();
        let least = PERCENT * constant.sqrt();
        if least > self.curve.floor {
            return Ok(());
        }
        let allowed = format!(
            "VIX reaches {least:.2} where variance is 0: it must stay above curve.floor = {}; raise mean_variance, \
             reversion or the jumps, or lower curve.floor",
            self.curve.floor
        );
        Err(Error::domain("mean_variance", self.mean_variance, allowed))
    }

    /// E[e^J] − 1
    fn jump_return(&self) -> f64 {
        let exponent = self.jump_mean + 0.5 * self.jump_sd * self.jump_sd;
        exponent * mean_decay::<false>(-exponent)
    }

    /// (VIX / 100)² as a line in v.
    fn vix_squared(&self) -> [f64; 2] {
        let y = self.reversion * SESSIONS_PER_MONTH / SESSIONS_PER_YEAR;
        let slope = mean_decay::<false>(y);
        let jumps = 2.0 * self.jump_rate * (self.jump_return() - self.jump_mean);
        [self.mean_variance * (1.0 - slope) + jumps, slope]
    }

    fn pricing(&self) -> L3fSpec {
        let [constant, slope] = self.vix_squared();
        L3fSpec {
            vix: PERCENT * (slope * self.variance + constant).sqrt(),
            spot: self.spot,
            rate: self.rate,
            dividend_yield: self.dividend_yield,
            erp: self.erp,
            curve: self.curve.clone(),
            dynamics: self.dynamics.clone(),
            smile: self.smile.clone(),
            vix_smile: self.vix_smile.clone(),
            smile_state: self.smile_state.clone(),
            surface_shift: self.surface_shift,
        }
    }
}

/// Jumps a year, at most: more than [`COUNTED`] in one session then happen to one session in a billion.
const MOST_JUMPS: f64 = 50.0;
/// Jumps of one session that are told apart.
const COUNTED: usize = 8;
/// ψ up to which the quadratic form matches.
const QUADRATIC: f64 = 1.5;
/// Column of the memory: v.
const VARIANCE: usize = 0;

/// The model, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Bates {
    /// Where it starts, and how it is priced.
    pricing: L3f,
    followed: Followed,
    start: f64,
    mean: f64,
    /// e^{−κΔ}
    keep: f64,
    /// Var(v') as a line in v.
    spread: [f64; 2],
    /// K₁, K₂
    loading: [f64; 2],
    /// ½ (1 − ρ²) Δ
    own: f64,
    /// All that ln S gains whatever is drawn.
    drift: f64,
    correlation: f64,
    vol_of_variance: f64,
    /// P(N ≤ 0), P(N ≤ 1), …
    counts: [f64; COUNTED],
    jump_mean: f64,
    jump_sd: f64,
    vix_squared: [f64; 2],
    overnight_share: f64,
}

impl Bates {
    pub(super) fn new(spec: &BatesSpec) -> Result<Self> {
        spec.check()?;
        let pricing = L3f::new(&spec.pricing())?;
        let session = 1.0 / SESSIONS_PER_YEAR;
        let BatesSpec { reversion, mean_variance, vol_of_variance, correlation, jump_rate, .. } = *spec;
        let keep = special::exp::<false>(-reversion * session);
        let square = vol_of_variance * vol_of_variance * (1.0 - keep) / reversion;
        let common = 0.5 * session * (reversion * correlation / vol_of_variance - 0.5);
        let tilt = correlation / vol_of_variance;
        let growth = spec.rate - spec.dividend_yield + spec.erp - jump_rate * spec.jump_return();
        let expected = jump_rate * session;
        let mut term = special::exp::<false>(-expected);
        let mut below = 0.0;
        let counts = std::array::from_fn(|k| {
            below += term;
            term *= expected / (k as f64 + 1.0);
            below
        });
        Ok(Self {
            pricing,
            followed: Followed::new(&spec.curve, &spec.dynamics),
            start: spec.variance,
            mean: mean_variance,
            keep,
            spread: [0.5 * mean_variance * (1.0 - keep) * square, keep * square],
            loading: [common - tilt, common + tilt],
            own: 0.5 * (1.0 - correlation * correlation) * session,
            drift: (growth - tilt * reversion * mean_variance) * session,
            correlation,
            vol_of_variance,
            counts,
            jump_mean: spec.jump_mean,
            jump_sd: spec.jump_sd,
            vix_squared: spec.vix_squared(),
            overnight_share: spec.dynamics.overnight_share,
        })
    }

    fn advance(&self, lanes: &Lanes, step: u32, [moves, jumps]: [Purpose; 2], state: &mut State) {
        let stream = |purpose| Stream { seed: lanes.seed, purpose };
        let (moves, jumps) = (stream(moves), stream(jumps));
        simd::dispatch(Session { model: self, moves, jumps, first_path: lanes.first_path, step, state });
    }

    /// How many jumps a uniform number is.
    #[inline(always)]
    fn jumps(&self, uniform: f64) -> f64 {
        let mut count = 0.0;
        for below in self.counts {
            count += if uniform > below { 1.0 } else { 0.0 };
        }
        count
    }

    /// v a session later, by its matched law: `n` and `u` are one draw.
    #[inline(always)]
    fn variance_after<const FMA: bool>(&self, v: f64, n: f64, u: f64) -> f64 {
        let m = fma::<FMA>(self.keep, v - self.mean, self.mean);
        let psi = fma::<FMA>(self.spread[1], v, self.spread[0]) / (m * m);
        let twice = 2.0 / psi;
        let less = (twice - 1.0).max(0.0);
        let square = less + (twice * less).sqrt();
        let root = square.sqrt() + n;
        let quadratic = m / (1.0 + square) * root * root;
        let p = (psi - 1.0) / (psi + 1.0);
        let above = ((1.0 - p) / (1.0 - u)).max(1.0);
        let exponential = special::ln::<FMA>(above) * m / (1.0 - p);
        if psi <= QUADRATIC { quadratic } else { exponential }
    }
}

impl Generator for Bates {
    fn start(&self, lanes: &Lanes, state: &mut State) {
        self.pricing.start(lanes, state);
        let [variance] = state.memory_of();
        *variance = Col::splat(self.start);
    }

    fn session(&self, lanes: &Lanes, step: u32, state: &mut State) {
        self.advance(lanes, step, [Purpose::Dynamics, Purpose::Mixture], state);
        self.pricing.move_smile(lanes, step, state);
    }

    fn opening(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut State) {
        opening::interpolate(self.overnight_share, before, after, out);
        simd::dispatch(Opening { model: self, lanes, step, before, after, out });
    }

    fn overnight_share(&self) -> f64 {
        self.overnight_share
    }

    fn day(&self, lanes: &Lanes, step: u32, before: &State, _: &State, out: &mut Day) {
        simd::dispatch(Consists { model: self, lanes, step, before, out });
    }

    fn special_quotation(&self, lanes: &Lanes, step: u32, out: &mut Col) {
        self.pricing.special_quotation(lanes, step, out);
    }

    fn shock(&self) -> Option<Shock> {
        self.pricing.shock()
    }

    fn warm_up(&self, lanes: &Lanes, window: u32, visit: &mut dyn FnMut(u32, &State)) {
        let mut start = State::default();
        self.start(lanes, &mut start);
        let purposes = [Purpose::WarmUp, Purpose::WarmUpMixture];
        warm_up::bridged(&start, window, |step, state| self.advance(lanes, step, purposes, state), visit);
    }

    fn surface(&self) -> Surface {
        self.pricing.surface()
    }
}

/// One session of 256 paths.
struct Session<'a> {
    model: &'a Bates,
    moves: Stream,
    jumps: Stream,
    first_path: u64,
    step: u32,
    state: &'a mut State,
}

impl Kernel for Session<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, moves, jumps, first_path, step, state } = self;
        let (mut u, mut n) = (Col::default(), Col::default());
        moves.uniform_columns(first_path, step, 0, &mut u, &mut n);
        let (mut chance, mut size) = (Col::default(), Col::default());
        jumps.uniform_columns(first_path, step, 0, &mut chance, &mut size);
        let mut moved = Col::default();
        {
            let [variance]: &mut [Col; 1] = state.memory_of();
            for i in 0..LANES {
                let v = variance[i];
                let after = model.variance_after::<FMA>(v, special::inv_norm_cdf::<FMA>(u[i]), u[i]);
                let own = (model.own * (v + after)).sqrt();
                let carried =
                    fma::<FMA>(model.loading[0], v, fma::<FMA>(model.loading[1], after, model.drift));
                moved[i] = fma::<FMA>(own, special::inv_norm_cdf::<FMA>(n[i]), carried);
                variance[i] = after;
            }
        }
        let mut vix = Col::default();
        for i in 0..LANES {
            let count = model.jumps(chance[i]);
            let jump = count.sqrt() * model.jump_sd * special::inv_norm_cdf::<FMA>(size[i]);
            state.ln_s[i] += moved[i] + fma::<FMA>(count, model.jump_mean, jump);
            let [constant, slope] = model.vix_squared;
            vix[i] = PERCENT * fma::<FMA>(slope, state.memory[VARIANCE][i], constant).sqrt();
        }
        model.followed.see::<FMA>(&vix, state);
    }
}

/// Turns the point on the line between the closes, found in `out`, into the opening of 256 paths: a bridge of ln S and,
/// to first order, of VIX in v, with the volatilities of the close before; a session with jumps has its whole move in one
/// of the two parts.
struct Opening<'a> {
    model: &'a Bates,
    lanes: &'a Lanes,
    step: u32,
    before: &'a State,
    after: &'a State,
    out: &'a mut State,
}

impl Kernel for Opening<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, step, before, after, out } = self;
        let Lanes { seed, first_path, .. } = *lanes;
        let stream = |purpose| Stream { seed, purpose };
        let (mut n, mut e) = (Col::default(), Col::default());
        stream(Purpose::Opening).normal_columns::<FMA>(first_path, step, 0, &mut n, &mut e);
        let (mut chance, mut interval, mut unused) = (Col::default(), Col::default(), Col::default());
        stream(Purpose::Mixture).uniform_columns(first_path, step, 0, &mut chance, &mut unused);
        stream(Purpose::Opening).uniform_columns(first_path, step, 2, &mut interval, &mut unused);

        let share = model.overnight_share;
        let spread = (share * (1.0 - share) / SESSIONS_PER_YEAR).sqrt();
        let rest = (1.0 - model.correlation * model.correlation).sqrt();
        for i in 0..LANES {
            let jumps = chance[i] > model.counts[0];
            let jumped = if interval[i] < share { after } else { before };
            let sd = spread * before.memory[VARIANCE][i].sqrt();
            let above = model.followed.above_floor::<FMA>(before.factors(i));
            let vix = model.followed.vix::<FMA>(before.factors(i));
            let variance = model.vol_of_variance * sd * fma::<FMA>(model.correlation, n[i], rest * e[i]);
            let points = 0.5 * PERCENT * PERCENT * model.vix_squared[1] * variance / vix;
            out.ln_s[i] = if jumps { jumped.ln_s[i] } else { fma::<FMA>(sd, n[i], out.ln_s[i]) };
            for f in 0..FACTORS {
                let bridged = model.followed.off_line(f, out.x[f][i], points, above);
                out.x[f][i] = if jumps { jumped.x[f][i] } else { bridged };
            }
        }
    }
}

/// What a session consists of: the diffusion of [`Opening`], and the session's own jumps, all at one time.
struct Consists<'a> {
    model: &'a Bates,
    lanes: &'a Lanes,
    step: u32,
    before: &'a State,
    out: &'a mut Day,
}

impl Kernel for Consists<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, step, before, out } = self;
        let stream = |purpose| Stream { seed: lanes.seed, purpose };
        let (mut chance, mut size) = (Col::default(), Col::default());
        stream(Purpose::Mixture).uniform_columns(lanes.first_path, step, 0, &mut chance, &mut size);
        let mut interval = Col::default();
        stream(Purpose::Opening).uniform_column(lanes.first_path, step, 2, &mut interval);

        out.calm();
        let rest = (1.0 - model.correlation * model.correlation).sqrt();
        for i in 0..LANES {
            let sd = (before.memory[VARIANCE][i] / SESSIONS_PER_YEAR).sqrt();
            let above = model.followed.above_floor::<FMA>(before.factors(i));
            let vix = model.followed.vix::<FMA>(before.factors(i));
            let points = 0.5 * PERCENT * PERCENT * model.vix_squared[1] * model.vol_of_variance * sd / vix;
            out.root[0][0][i] = sd;
            for f in 0..FACTORS {
                out.root[1 + f][0][i] = model.followed.off_line(f, 0.0, points * model.correlation, above);
                out.root[1 + f][1][i] = model.followed.off_line(f, 0.0, points * rest, above);
            }
            let count = model.jumps(chance[i]);
            if count > 0.0 {
                let jump = count.sqrt() * model.jump_sd * special::inv_norm_cdf::<FMA>(size[i]);
                out.jump(i, interval[i], [fma::<FMA>(count, model.jump_mean, jump), 0.0, 0.0, 0.0]);
            }
        }
    }
}
