//! Indicators over the hours of simulated sessions (R55): the bars between two closes, 60 minutes each.
//!
//! Hours end 60, 120 … minutes after the opening and at the close, which ends a shorter one. They are a view of the same
//! path as any other bars, so that neither closes nor bars move by a bit. Before session 0 there are closes alone: the first
//! value comes with as many hours as the indicator needs.

use super::{block::observe, given::Source, plan::Plan};
use crate::{
    Result,
    market::{
        bars::{
            Grid, Ranges, Session,
            profile::{HALF_DAY, MINUTES, Profile},
        },
        generator::{Generator, Lanes},
        state::State,
    },
    math::lanes::{Col, LANES},
    rules::indicator::{Closes, Indicator, indicator},
    schedule::Schedule,
};

/// Minutes of an hour of the exchange.
const HOUR: usize = 60;

/// Where hours end, on sessions of either length.
#[derive(Debug)]
pub(super) struct HourGrid {
    whole: Grid,
    half: Option<Grid>,
    /// Nothing is recorded in a simulated market.
    ranges: Ranges,
}

impl HourGrid {
    /// Of a calendar, which has half days or none.
    pub fn new(schedule: &Schedule) -> Result<Self> {
        let of = |length: u32| {
            let ends: Vec<u32> = (0..length).step_by(HOUR).skip(1).collect();
            Grid::of(length, 1, &ends, Profile::default())
        };
        Ok(Self {
            whole: of(MINUTES)?,
            half: schedule.any_half_day().then(|| of(HALF_DAY)).transpose()?,
            ranges: Ranges::default(),
        })
    }
}

/// The hours of 256 paths, and what is made of them.
#[derive(Debug)]
pub(super) struct Hours<'p> {
    whole: Box<Session<'p>>,
    half: Option<Box<Session<'p>>>,
    spot: Col,
    vix: Col,
    made: Vec<OverHours>,
}

/// A signal: where it stands among those given.
#[derive(Debug)]
struct OverHours {
    index: usize,
    indicator: Box<dyn Indicator>,
    out: Col,
}

impl<'p> Hours<'p> {
    /// `None` where no rule reads any.
    pub fn new(plan: &'p Plan) -> Option<Self> {
        let grid = plan.hours.as_ref()?;
        let model: &dyn Generator = &*plan.generator;
        let session = |of: &'p Grid| Box::new(Session::new(model, of, &grid.ranges, LANES));
        let made = plan.given_read.iter().filter_map(|&index| match plan.given.source(index) {
            Source::Hourly(of) => {
                let indicator = indicator(of.as_str())?;
                Some(OverHours { index, indicator, out: Col::splat(f64::NAN) })
            }
            Source::Recorded(_) | Source::Modelled(_) => None,
        });
        Some(Self {
            whole: session(&grid.whole),
            half: grid.half.as_ref().map(session),
            spot: Col::default(),
            vix: Col::default(),
            made: made.collect(),
        })
    }

    /// A new block of paths begins.
    pub fn reset(&mut self) {
        for OverHours { indicator, out, .. } in &mut self.made {
            indicator.reset();
            *out = Col::splat(f64::NAN);
        }
    }

    /// The hours of session `step` between two closes; every lane of a simulated market is on the same one.
    pub fn run(&mut self, plan: &Plan, lanes: &Lanes, step: u32, session: u32, ends: [&State; 2]) {
        let Self { whole, half, spot, vix, made } = self;
        let of_the_day = match half {
            Some(half) if plan.schedule.half_day(session) => half,
            _ => whole,
        };
        let mut opening = true;
        of_the_day.run(lanes, step, ends, &mut |state, _| {
            if std::mem::take(&mut opening) {
                return;
            }
            observe(plan, state, spot, vix);
            for OverHours { indicator, out, .. } in made.iter_mut() {
                indicator.step(&Closes::daily(spot, vix), out);
            }
        });
    }

    /// What they are after the last hour, with their places among the signals given.
    pub fn told(&self) -> impl Iterator<Item = (usize, &Col)> {
        self.made.iter().map(|each| (each.index, &each.out))
    }
}
