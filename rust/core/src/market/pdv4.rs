//! PDV4: a volatility that follows from the path of SPX, four factors of it, and a residual.
//!
//! Source: J. Guyon and J. Lekeufack, "Volatility is (mostly) path-dependent", Quantitative Finance 23 (2023); their
//! regression of VIX on past SPX returns, 2000–2018. One session, Δ = 1/252 year, with W and n as in [`super::l3f`]:
//! ```text
//! V    = β₀ + β₁ ((1 − θ₁) R₁₀ + θ₁ R₁₁) + β₂ √((1 − θ₂) R₂₀ + θ₂ R₂₁),  at most the cap
//! VIX  = 100 V e^u,  at least the lowest
//! z    = γ (W − 1) + √(W (1 − Var(W) γ²)) n                               mean 0, variance 1
//! ρ    = (r − q + ERP) Δ + (c VIX / 100) √Δ z,   S ← S (1 + ρ)             a simple return
//! R₁ⱼ  ← e^{−λ₁ⱼΔ} R₁ⱼ + λ₁ⱼ ρ,    R₂ⱼ ← e^{−λ₂ⱼΔ} R₂ⱼ + λ₂ⱼ ρ²,    u ← a u + sd ε
//! x    ← the filter's step on that VIX ([`super::followed`])
//! ```
//! Prices follow from x, whose VIX is the model's, as they do in L3F. R and u are its memory.

use serde::{Deserialize, Serialize};

use super::bars::day::{Day, MOVES};
use super::check;
use super::draws::{MAX_SHOCKS, Shocks};
use super::followed::Followed;
use super::generator::{Generator, Lanes};
use super::l3f::L3f;
use super::opening;
use super::parameters::{Curve, Dynamics, Smile, VixSmile};
use super::quote::Surface;
use super::shock::Shock;
use super::smile_state::SmileState;
use super::spec::L3fSpec;
use super::state::{FACTORS, State};
use super::warm_up;
use super::{PERCENT, SESSIONS_PER_YEAR};
use crate::math::lanes::{Col, LANES};
use crate::math::philox::Purpose;
use crate::math::simd::{self, Kernel, fma};
use crate::math::special;
use crate::{Error, Result};

/// How volatility follows from the path.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct PathVolatility {
    /// β₀: volatility without a past, a year.
    pub level: f64,
    /// β₁: what a trend of SPX adds, of the return a year.
    pub trend: f64,
    /// β₂: what the realised volatility adds, of the volatility a year.
    pub activity: f64,
    /// λ₁: how fast returns are forgotten, a year: fast and slow.
    pub trend_decay: [f64; 2],
    /// θ₁: share of the slow one.
    pub trend_slow: f64,
    /// λ₂: how fast squared returns are forgotten, a year.
    pub activity_decay: [f64; 2],
    /// θ₂: share of the slow one.
    pub activity_slow: f64,
    /// a: share of the residual of ln VIX that is left after a session.
    pub residual_keep: f64,
    /// Standard deviation of what a session adds to it.
    pub residual_sd: f64,
    /// Most that V can be, a year.
    pub cap: f64,
    /// Least that VIX can be, in points.
    pub lowest_vix: f64,
}

impl Default for PathVolatility {
    fn default() -> Self {
        Self {
            level: 0.0507,
            trend: -0.0798,
            activity: 0.8617,
            trend_decay: [50.77, 3.795],
            trend_slow: 0.799,
            activity_decay: [16.99, 1.199],
            activity_slow: 0.424,
            residual_keep: 0.95,
            residual_sd: 0.0405,
            cap: 1.5,
            lowest_vix: 9.0,
        }
    }
}

impl PathVolatility {
    /// VIX in points, given R₁₀, R₁₁, R₂₀, R₂₁ and u.
    #[inline(always)]
    fn vix<const FMA: bool>(&self, averages: [f64; AVERAGES], residual: f64) -> f64 {
        let [trend_fast, trend_slow, activity_fast, activity_slow] = averages;
        let trend = (1.0 - self.trend_slow) * trend_fast + self.trend_slow * trend_slow;
        let activity = (1.0 - self.activity_slow) * activity_fast + self.activity_slow * activity_slow;
        let free = fma::<FMA>(self.trend, trend, fma::<FMA>(self.activity, activity.sqrt(), self.level));
        let volatility = PERCENT * free.min(self.cap);
        (volatility * special::exp::<FMA>(residual)).max(self.lowest_vix)
    }

    fn check(&self) -> Result<()> {
        check::at_least("path.level", self.level, 0.0)?;
        check::between("path.trend", self.trend, -1.0, 0.0)?;
        check::above("path.activity", self.activity, 0.0)?;
        check::each("path.trend_decay", &self.trend_decay, |name, each| check::above(name, each, 0.0))?;
        check::each("path.activity_decay", &self.activity_decay, |name, each| check::above(name, each, 0.0))?;
        check::between("path.trend_slow", self.trend_slow, 0.0, 1.0)?;
        check::between("path.activity_slow", self.activity_slow, 0.0, 1.0)?;
        check::between("path.residual_keep", self.residual_keep, 0.0, 0.999_999)?;
        check::between("path.residual_sd", self.residual_sd, 0.0, 0.5)?;
        check::above("path.cap", self.cap, self.level)?;
        check::finite("path.lowest_vix", self.lowest_vix)
    }
}

/// `{"model": "pdv4", …}`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Pdv4Spec {
    /// VIX at session 0, in points.
    pub vix: f64,
    /// SPX at session 0.
    pub spot: f64,
    /// Interest rate, continuously compounded, a year.
    pub rate: f64,
    /// Dividend yield, continuously compounded, a year.
    pub dividend_yield: f64,
    /// Equity risk premium, a year.
    pub erp: f64,
    /// How volatility follows from the path.
    pub path: PathVolatility,
    /// The VIX futures, given the factors that are filtered from VIX.
    pub curve: Curve,
    /// How those factors are filtered; wild sessions, realised share, openings.
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

impl Default for Pdv4Spec {
    fn default() -> Self {
        let L3fSpec {
            vix,
            spot,
            rate,
            dividend_yield,
            erp,
            curve,
            dynamics,
            smile,
            vix_smile,
            smile_state,
            surface_shift,
        } = L3fSpec::default();
        let dynamics = Dynamics { realised_share: REALISED_SHARE, ..dynamics };
        let path = PathVolatility::default();
        Self {
            vix,
            spot,
            rate,
            dividend_yield,
            erp,
            path,
            curve,
            dynamics,
            smile,
            vix_smile,
            smile_state,
            surface_shift,
        }
    }
}

impl Pdv4Spec {
    /// The L3F that prices as this model does, and starts where it starts.
    fn pricing(&self) -> L3fSpec {
        L3fSpec {
            vix: self.vix,
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

/// c: .90 gives a mean VIX of 24, .82 one of 17 (history 19.7).
const REALISED_SHARE: f64 = 0.85;
/// Least simple return of a session: SPX stays above 0 whatever the draws.
const LEAST_RETURN: f64 = -0.9;

/// Columns of the memory: R₁₀, R₁₁, R₂₀, R₂₁, u.
const MEMORY: usize = 5;
const AVERAGES: usize = 4;
const RESIDUAL: usize = 4;

/// The model, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Pdv4 {
    /// Where it starts, and how it is priced.
    pricing: L3f,
    path: PathVolatility,
    /// Memory of a path on which volatility has been what VIX says.
    remembered: [f64; MEMORY],
    /// e^{−λΔ} and λ of the four averages.
    keep: [f64; AVERAGES],
    weight: [f64; AVERAGES],
    followed: Followed,
    drift: f64,
    /// From VIX to the standard deviation of a session's return.
    session_sd: f64,
    wild_probability: f64,
    wild_variance: f64,
    quiet_variance: f64,
    shift: f64,
    /// √(1 − Var(W) γ²)
    normal_sd: f64,
    overnight_share: f64,
}

impl Pdv4 {
    pub(super) fn new(spec: &Pdv4Spec) -> Result<Self> {
        let pricing = L3f::new(&spec.pricing())?;
        let Pdv4Spec { path, curve, dynamics, .. } = spec;
        path.check()?;
        check::above("path.lowest_vix", path.lowest_vix, curve.floor)?;
        let session: f64 = 1.0 / SESSIONS_PER_YEAR;
        let drift = spec.rate - spec.dividend_yield + spec.erp;
        let [trend_fast, trend_slow] = path.trend_decay;
        let [activity_fast, activity_slow] = path.activity_decay;
        let weight = [trend_fast, trend_slow, activity_fast, activity_slow];
        let keep = weight.map(|rate| special::exp::<false>(-rate * session));
        let trends = [0, 1].map(|j| drift * session * weight[j] / (1.0 - keep[j]));
        let trend = (1.0 - path.trend_slow) * trends[0] + path.trend_slow * trends[1];
        let quiet = path.level + path.trend * trend;
        let least = (PERCENT * quiet).max(path.lowest_vix);
        if !(spec.vix >= least && spec.vix <= PERCENT * path.cap) {
            let most = PERCENT * path.cap;
            let allowed =
                format!("must lie between {least:.2} and {most}: path volatility has no other start");
            return Err(Error::domain("vix", spec.vix, allowed));
        }
        let activity = ((spec.vix / PERCENT - quiet) / path.activity).powi(2);
        Ok(Self {
            pricing,
            path: path.clone(),
            remembered: [trends[0], trends[1], activity, activity, 0.0],
            keep,
            weight,
            followed: Followed::new(curve, dynamics),
            drift: drift * session,
            session_sd: dynamics.realised_share * session.sqrt() / PERCENT,
            wild_probability: dynamics.wild_probability,
            wild_variance: dynamics.wild_variance,
            quiet_variance: dynamics.quiet_variance(),
            shift: dynamics.wild_shift[0],
            normal_sd: (1.0 - dynamics.wild_moment(2) * dynamics.wild_shift[0].powi(2)).sqrt(),
            overnight_share: dynamics.overnight_share,
        })
    }

    /// What V gains by a return, to first order.
    fn slope(&self) -> f64 {
        let path = &self.path;
        path.trend * ((1.0 - path.trend_slow) * self.weight[0] + path.trend_slow * self.weight[1])
    }

    fn advance(&self, lanes: &Lanes, step: u32, [normals, mixture]: [Purpose; 2], state: &mut State) {
        simd::dispatch(Session { model: self, lanes, normals, mixture, step, state });
    }
}

impl Generator for Pdv4 {
    fn start(&self, lanes: &Lanes, state: &mut State) {
        self.pricing.start(lanes, state);
        for (column, value) in state.memory_of::<MEMORY>().iter_mut().zip(self.remembered) {
            *column = Col::splat(value);
        }
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

    fn day(&self, lanes: &Lanes, step: u32, before: &State, after: &State, out: &mut Day) {
        simd::dispatch(Consists { model: self, lanes, step, before, after, out });
    }

    fn special_quotation(&self, lanes: &Lanes, step: u32, out: &mut Col) {
        self.pricing.special_quotation(lanes, step, out);
    }

    fn shocks(&self) -> Option<Shocks> {
        // VIX follows the returns: the first normal moves both, the residual VIX alone.
        let mut principal = [0.0; MAX_SHOCKS];
        principal[0] = -1.0;
        Some(Shocks { count: 2, principal })
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
    model: &'a Pdv4,
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
        let path = &model.path;
        let (mut n, mut e) = (Col::default(), Col::default());
        lanes.normals::<FMA>(normals, step, 0, &mut n, &mut e);
        let mut chance = Col::default();
        lanes.uniforms(mixture, step, 0, &mut chance);

        let mut returns = Col::default();
        for i in 0..LANES {
            let wild = chance[i] < model.wild_probability;
            let variance = if wild { model.wild_variance } else { model.quiet_variance };
            let z = fma::<FMA>(variance.sqrt() * model.normal_sd, n[i], model.shift * (variance - 1.0));
            let vix = model.followed.vix::<FMA>(state.factors(i));
            let simple = fma::<FMA>(model.session_sd * vix, z, model.drift).max(LEAST_RETURN);
            returns[i] = simple;
            state.ln_s[i] += special::ln::<FMA>(1.0 + simple);
        }
        let memory: &mut [Col; MEMORY] = state.memory_of();
        for column in 0..AVERAGES {
            let (keep, weight) = (model.keep[column], model.weight[column]);
            let squared = column >= AVERAGES / 2;
            for i in 0..LANES {
                let seen = if squared { returns[i] * returns[i] } else { returns[i] };
                memory[column][i] = fma::<FMA>(keep, memory[column][i], weight * seen);
            }
        }
        for i in 0..LANES {
            memory[RESIDUAL][i] =
                fma::<FMA>(path.residual_keep, memory[RESIDUAL][i], path.residual_sd * e[i]);
        }
        let mut vix = Col::default();
        for i in 0..LANES {
            let averages = std::array::from_fn(|column| memory[column][i]);
            vix[i] = path.vix::<FMA>(averages, memory[RESIDUAL][i]);
        }
        model.followed.see::<FMA>(&vix, state);
    }
}

/// Turns the point on the line between the closes, found in `out`, into the opening of 256 paths: the bridge of
/// [`super::l3f`] with the return's noise n, and that of ln VIX to first order in it, `β₁ Σ θλ₁ · return / V + sd ε`.
struct Opening<'a> {
    model: &'a Pdv4,
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
        let (mut n, mut e) = (Col::default(), Col::default());
        lanes.normals::<FMA>(Purpose::Opening, step, 0, &mut n, &mut e);
        let (mut chance, mut interval) = (Col::default(), Col::default());
        lanes.uniforms(Purpose::Mixture, step, 0, &mut chance);
        lanes.uniforms(Purpose::Opening, step, 2, &mut interval);

        let path = &model.path;
        let share = model.overnight_share;
        let spread = (share * (1.0 - share)).sqrt();
        let quiet_sd = spread * model.quiet_variance.sqrt() * model.normal_sd * model.session_sd;
        let slope = model.slope();
        for i in 0..LANES {
            let wild = chance[i] < model.wild_probability;
            let jumped = if interval[i] < share { after } else { before };
            let above = model.followed.above_floor::<FMA>(before.factors(i));
            let vix = model.followed.vix::<FMA>(before.factors(i));
            let noise = quiet_sd * vix * n[i];
            let volatility = vix / PERCENT * special::exp::<FMA>(-before.memory[RESIDUAL][i]);
            let ln_vix = fma::<FMA>(spread * path.residual_sd, e[i], slope * noise / volatility);
            out.ln_s[i] = if wild { jumped.ln_s[i] } else { out.ln_s[i] + noise };
            for f in 0..FACTORS {
                let bridged = model.followed.off_line(f, out.x[f][i], ln_vix * vix, above);
                out.x[f][i] = if wild { jumped.x[f][i] } else { bridged };
            }
        }
    }
}

/// What a session consists of: the diffusion of [`Opening`]; and, of a wild session's return, the jump of
/// [`super::l3f`], with what it made of VIX: its VIX less the one that the averages would have had without it.
struct Consists<'a> {
    model: &'a Pdv4,
    lanes: &'a Lanes,
    step: u32,
    before: &'a State,
    after: &'a State,
    out: &'a mut Day,
}

impl Kernel for Consists<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { model, lanes, step, before, after, out } = self;
        let (mut chance, mut interval, mut n) = (Col::default(), Col::default(), Col::default());
        lanes.uniforms(Purpose::Mixture, step, 0, &mut chance);
        lanes.uniforms(Purpose::Opening, step, 2, &mut interval);
        lanes.normal::<FMA>(Purpose::Bridge, step, 0, &mut n);

        out.calm();
        let path = &model.path;
        let (wild, quiet) = (model.wild_variance, model.quiet_variance);
        let excess = (wild - quiet).max(0.0);
        let (share, spread) = (excess / wild, (quiet * excess / wild).sqrt() * model.normal_sd);
        for i in 0..LANES {
            let above = model.followed.above_floor::<FMA>(before.factors(i));
            let vix = model.followed.vix::<FMA>(before.factors(i));
            let sd = model.session_sd * vix;
            let diffusion = quiet.sqrt() * model.normal_sd * sd;
            let volatility = vix / PERCENT * special::exp::<FMA>(-before.memory[RESIDUAL][i]);
            out.root[0][0][i] = diffusion;
            for f in 0..FACTORS {
                let points = |ln_vix: f64| model.followed.off_line(f, 0.0, ln_vix * vix, above);
                out.root[1 + f][0][i] = points(model.slope() * diffusion / volatility);
                out.root[1 + f][1][i] = points(path.residual_sd);
            }
            if chance[i] >= model.wild_probability {
                continue;
            }
            let moved = after.ln_s[i] - before.ln_s[i];
            let simple = special::exp::<FMA>(moved) - 1.0;
            let noise = (simple - model.drift) / sd - model.shift * (wild - 1.0);
            let jumped = sd * (model.shift * excess + share * noise - spread * n[i]);
            let rest = (simple - jumped).max(LEAST_RETURN);
            let averages = std::array::from_fn(|column| {
                let squared = column >= AVERAGES / 2;
                let less = if squared { rest * rest - simple * simple } else { rest - simple };
                fma::<FMA>(model.weight[column], less, after.memory[column][i])
            });
            let [with, without] = [
                model.followed.above_floor::<FMA>(after.factors(i)),
                model.followed.above(path.vix::<FMA>(averages, after.memory[RESIDUAL][i])),
            ];
            let gained = special::ln::<FMA>(with) - special::ln::<FMA>(without);
            let mut sizes = [moved - special::ln::<FMA>(1.0 + rest); MOVES];
            for (f, size) in sizes[1..].iter_mut().enumerate() {
                *size = model.followed.off_line(f, 0.0, gained, 1.0);
            }
            out.jump(i, interval[i], sizes);
        }
    }
}
