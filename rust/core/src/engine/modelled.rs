//! Signals of a simulated market, made up along its paths: an assumption, not evidence (R76 to R79).
//!
//! Every signal has draws of its own, by its name, and a purpose of their own: neither the market nor another signal
//! moves with it. Before session 0 it runs over the length of the longest simulated past, by noise alone, so that what
//! a rule looks back on changes nothing after the start.

use super::{plan::WARM_UP_DRAWN, spec::ModelledSpec};
use crate::{
    Error, Result,
    math::{
        lanes::{Col, LANES},
        philox::{Purpose, Stream},
        simd::{Kernel, dispatch},
        special::ln,
    },
    schedule::Schedule,
};

/// Sessions in a year, for the standard deviation of a day by the VIX.
const SESSIONS_PER_YEAR: f64 = 252.0;

/// How one signal moves, checked.
#[derive(Debug)]
pub(super) struct Modelled {
    spec: ModelledSpec,
    /// Share of a departure that is left after a session, or after a release.
    decay: f64,
    /// Which draws of the purpose are its own.
    block: u32,
    /// Sessions with a release.
    releases: Vec<bool>,
}

impl Modelled {
    /// Checks the parameters.
    pub fn new(name: &str, spec: ModelledSpec, schedule: &Schedule) -> Result<Self> {
        let check = |key: &str, value: f64, good: bool, allowed: &str| {
            if good {
                Ok(())
            } else {
                Err(Error::domain(format!("signals.model.{name}.{key}"), value, allowed))
            }
        };
        let (decay, own, releases) = match &spec {
            ModelledSpec::Factor { half_life, correlation } => {
                check("half_life", *half_life, *half_life > 0.0, "above 0 sessions")?;
                check("correlation", *correlation, correlation.abs() <= 1.0, "from -1 to 1")?;
                (0.5f64.powf(1.0 / half_life), name, vec![])
            }
            ModelledSpec::Surprise { event, persistence } => {
                check("persistence", *persistence, persistence.abs() < 1.0, "between -1 and 1")?;
                let days = schedule.days_to(event);
                (*persistence, name, days.into_iter().map(|days| days == 0.0).collect())
            }
            ModelledSpec::Breadth { per_return, noise, half_life, line, .. } => {
                check("per_return", *per_return, per_return.is_finite(), "a finite number")?;
                check("noise", *noise, *noise >= 0.0, "0 or more")?;
                check("half_life", *half_life, *half_life > 0.0, "above 0 sessions")?;
                (0.5f64.powf(1.0 / half_life), line.as_str(), vec![])
            }
        };
        let block = block_of(own);
        Ok(Self { spec, decay, block, releases })
    }
}

/// FNV-1a of the name: draws belong to a name, whatever other signals there are.
fn block_of(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A signal along 256 paths.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// The AR(1), in standard deviations.
    state: Col,
    /// The session after which it stands, counted from the start of the longest past; `None`: a block begins.
    at: Option<u32>,
    /// Closes of the session before.
    before: Option<(Col, Col)>,
    line: Col,
    /// What rules see.
    pub out: Col,
}

impl Path {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        let (state, line, out) = (Col::default(), Col::splat(f64::NAN), Col::splat(f64::NAN));
        Self { state, at: None, before: None, line, out }
    }

    /// Moves to the close of a session: `tick` from session 0 on, negative before; `session` is its place in the calendar,
    /// if it has one; `start` is ln S at session 0.
    #[expect(clippy::too_many_arguments, reason = "one close of a path")]
    pub fn advance(
        &mut self,
        model: &Modelled,
        seed: u64,
        first_path: u64,
        tick: i64,
        session: impl Fn(usize) -> Option<u32>,
        start: f64,
        spot: &Col,
        vix: &Col,
    ) {
        let to = (i64::from(WARM_UP_DRAWN) + tick) as u32;
        let (stay, shock) = (model.decay, (1.0 - model.decay * model.decay).sqrt());
        let past = Stream { seed, purpose: Purpose::SignalsPast };
        let stream = Stream { seed, purpose: Purpose::Signals };
        if self.at.is_none() {
            normals(past, first_path, 0, model.block, &mut self.state);
            self.at = Some(0);
        }
        let mut noise = Col::default();
        let surprise = matches!(model.spec, ModelledSpec::Surprise { .. });
        let mut at = self.at.unwrap_or(0);
        while at < to {
            at += 1;
            let live = at > WARM_UP_DRAWN;
            if surprise {
                let releases = |lane| session(lane).is_some_and(|s: u32| model.releases[s as usize]);
                if live && (0..LANES).any(releases) {
                    normals(stream, first_path, at - WARM_UP_DRAWN, model.block, &mut noise);
                    for lane in (0..LANES).filter(|&lane| releases(lane)) {
                        self.state[lane] = stay * self.state[lane] + shock * noise[lane];
                    }
                }
                continue;
            }
            let (stream, step) = if live { (stream, at - WARM_UP_DRAWN) } else { (past, at) };
            normals(stream, first_path, step, model.block, &mut noise);
            if let (true, ModelledSpec::Factor { correlation, .. }, Some((close, level))) =
                (live, &model.spec, &self.before)
            {
                let mut standard = Col::default();
                dispatch(Standardised { close, level, spot, out: &mut standard });
                let own = (1.0 - correlation * correlation).sqrt();
                for lane in 0..LANES {
                    noise[lane] = correlation * standard[lane] + own * noise[lane];
                }
            }
            for lane in 0..LANES {
                self.state[lane] = stay * self.state[lane] + shock * noise[lane];
            }
        }
        self.at = Some(at);
        self.before = Some((*spot, *vix));
        self.tell(model, tick, start, spot);
    }

    fn tell(&mut self, model: &Modelled, tick: i64, start: f64, spot: &Col) {
        let ModelledSpec::Breadth { per_return, noise, daily, .. } = model.spec else {
            self.out = self.state;
            return;
        };
        let last = self.line;
        dispatch(Logarithm { spot, start, out: &mut self.line });
        for lane in 0..LANES {
            self.line[lane] = per_return * self.line[lane] + noise * self.state[lane];
            // Changes begin with the path: whether there is a session before it depends on what rules look back on.
            let change = if tick > 0 { self.line[lane] - last[lane] } else { f64::NAN };
            self.out[lane] = if daily { change } else { self.line[lane] };
        }
    }
}

fn normals(stream: Stream, first_path: u64, step: u32, block: u32, out: &mut Col) {
    dispatch(Normals { stream, first_path, step, block, out });
}

struct Normals<'a> {
    stream: Stream,
    first_path: u64,
    step: u32,
    block: u32,
    out: &'a mut Col,
}

impl Kernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.stream.normal_column::<FMA>(self.first_path, self.step, self.block, self.out);
    }
}

/// The return over a session in standard deviations by the VIX before it.
struct Standardised<'a> {
    close: &'a Col,
    level: &'a Col,
    spot: &'a Col,
    out: &'a mut Col,
}

impl Kernel for Standardised<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for lane in 0..LANES {
            let deviation = self.level[lane] / 100.0 / SESSIONS_PER_YEAR.sqrt();
            self.out[lane] = ln::<FMA>(self.spot[lane] / self.close[lane]) / deviation;
        }
    }
}

struct Logarithm<'a> {
    spot: &'a Col,
    start: f64,
    out: &'a mut Col,
}

impl Kernel for Logarithm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for lane in 0..LANES {
            self.out[lane] = ln::<FMA>(self.spot[lane]) - self.start;
        }
    }
}
