//! Where the names of rules get their columns: market, indicators, book, position.

use super::{
    book::View,
    exposure,
    given::{BROAD_INDEX, Given, Source, gather},
    layout::{PoolPlan, RulePlan},
    modelled::Path,
    package::{Market, Package},
    plan::Plan,
    spec::Right,
    term_structure::{TermStructure, When},
};
use crate::{
    market::{generator::Lanes, state::State},
    math::{
        lanes::{Col, LANES, Mask, Tri},
        philox::{Purpose, Stream},
    },
    rules::{
        indicator::{Closes, Indicator, indicator},
        input::Input,
        limits::MAX_INPUTS,
        names::Name,
        program::Memory,
    },
    schedule::Schedule,
};

/// Tenor of `vix_forward`, calendar days.
const FORWARD_DAYS: f64 = 30.0;

/// The columns that rules read.
#[derive(Debug)]
pub struct Signals {
    spot: Col,
    vix: Col,
    rate: Col,
    dividend_yield: Col,
    session: Col,
    vix_forward: Option<Col>,
    vix_contango: Option<Col>,
    term_structure: TermStructure,
    /// The broader index at this close, and its place among what is given; `None` where no rule asks, or none is given.
    broad: Option<(usize, Col)>,
    /// Does some indicator count in weeks?
    weekly: bool,
    events: Vec<DaysTo>,
    weekday: Option<Col>,
    chance: Option<Col>,
    indicators: Vec<Running>,
    /// Signals from outside that some rule reads; the others stay empty.
    given: Vec<Option<Box<Path>>>,
    book: View,
    position: PositionColumns,
    exposure: exposure::Columns,
    /// Is there any in these columns?
    exposed: bool,
}

/// An indicator that begins its own warm-up `lead` sessions earlier than session 0 asks for, because a window wants it.
#[derive(Debug)]
struct Running {
    name: Name,
    lead: u32,
    indicator: Box<dyn Indicator>,
    out: Col,
}

/// Calendar days to the next event of a kind.
#[derive(Debug)]
struct DaysTo {
    name: Name,
    by_session: Vec<f64>,
    /// The same before the first session of the calendar, nearest first.
    before: Vec<f64>,
    out: Col,
}

#[derive(Debug)]
struct PositionColumns {
    credit: Col,
    mark: Col,
    profit: Col,
    loss: Col,
    days_to_expiry: Col,
    sessions_to_expiry: Col,
    sessions_held: Col,
    entry_spot: Col,
    challenge: Col,
}

/// Why a column is there.
const LISTED: &str = "the plan lists every column that a rule reads";

const MISSING: Col = Col::splat(f64::NAN);

impl PositionColumns {
    const fn missing() -> Self {
        Self {
            credit: MISSING,
            mark: MISSING,
            profit: MISSING,
            loss: MISSING,
            days_to_expiry: MISSING,
            sessions_to_expiry: MISSING,
            sessions_held: MISSING,
            entry_spot: MISSING,
            challenge: MISSING,
        }
    }
}

impl Signals {
    /// Columns for the names that the compiled rules use, each with the sessions before session 0 at which it is wanted.
    pub fn new(used: &[(Name, u32)], given: &Given, given_read: &[usize], schedule: &Schedule) -> Self {
        let days_to = |&(name, _): &(Name, u32)| {
            let event = name.event()?;
            let (by_session, before) = (schedule.days_to(event), schedule.days_to_before(event));
            Some(DaysTo { name, by_session, before, out: MISSING })
        };
        let make = |&(name, lead): &(Name, u32)| {
            Some(Running { name, lead, indicator: indicator(name.as_str())?, out: MISSING })
        };
        let names: Vec<Name> = used.iter().map(|(name, _)| *name).collect();
        let reads = |wanted: Name| names.contains(&wanted);
        let broad = || given.names().iter().position(|name| **name == *BROAD_INDEX);
        let column = |index| given_read.contains(&index).then(|| Box::new(Path::new()));
        Self {
            spot: Col::default(),
            vix: Col::default(),
            rate: Col::default(),
            dividend_yield: Col::default(),
            session: Col::default(),
            vix_forward: reads(Name::VixForward).then(Col::default),
            vix_contango: reads(Name::VixContango).then(Col::default),
            term_structure: TermStructure::new(&names, schedule),
            broad: broad().filter(|_| reads(Name::MarketBeta)).map(|index| (index, MISSING)),
            weekly: names.iter().any(|name| name.as_str().ends_with("_weekly")),
            events: used.iter().filter_map(days_to).collect(),
            weekday: reads(Name::Weekday).then_some(MISSING),
            chance: reads(Name::Chance).then_some(MISSING),
            indicators: used.iter().filter_map(make).collect(),
            given: (0..given.names().len()).map(column).collect(),
            book: View::MISSING,
            position: PositionColumns::missing(),
            exposure: exposure::Columns::MISSING,
            exposed: false,
        }
    }

    /// A new block of paths begins: nothing of the last one may be seen, and before session 0 there are neither
    /// books nor positions.
    pub fn reset(&mut self) {
        for Running { indicator, out, .. } in &mut self.indicators {
            indicator.reset();
            *out = MISSING;
        }
        for path in self.given.iter_mut().flatten() {
            **path = Path::new();
        }
        self.book = View::MISSING;
        self.position = PositionColumns::missing();
        self.exposure = exposure::Columns::MISSING;
    }

    /// One more session of the market, `before` sessions ahead of the start; 0 from then on.
    ///
    /// `session` is where a lane stands in the schedule, negative before it.
    ///
    /// Each indicator begins its own warm-up before the start, or before the first session of a window over it, however
    /// long the warm-up of the path is: what one arm needs does not change what another one sees.
    pub fn step(&mut self, plan: &Plan, spot: &Col, vix: &Col, before: u32, session: impl Fn(usize) -> i64) {
        let ends = |lane| plan.schedule.ends_week(session(lane));
        let week_ends = if self.weekly { Mask::from_fn(ends) } else { Mask::NONE };
        if let Some((index, closes)) = &mut self.broad {
            plan.given.recorded(*index, |lane| u32::try_from(session(lane)).ok(), closes);
        }
        let broad = self.broad.as_ref().map(|(_, closes)| closes);
        let now = Closes { spot, vix, broad, week_ends };
        for Running { name, lead, indicator, out } in &mut self.indicators {
            if before <= name.entry().warm_up + *lead {
                indicator.step(&now, out);
            }
        }
    }

    /// The market of the tick at which rules are about to be evaluated.
    pub fn observe_market(&mut self, plan: &Plan, market: &Market) {
        self.observe_state(plan, &market.spot, &market.vix, &market.now, f64::from(market.tick));
        self.observe_events(&plan.schedule, |lane| i64::from(market.session[lane]));
        let session = |lane: usize| Some(market.session[lane]);
        let when = When { lanes: &market.lanes, step: i64::from(market.tick), session: &session };
        self.term_structure.observe(&*plan.generator, &plan.schedule, &market.now, &market.vix, &when);
        self.observe_given(plan, &market.lanes, i64::from(market.tick), session);
        if let Some(chance) = &mut self.chance {
            let stream = Stream { seed: plan.seed, purpose: Purpose::Placebo };
            for i in 0..LANES {
                // In a replay a date has one value, whichever start sees it.
                let (path, step) = if plan.starts.is_empty() {
                    (market.lanes.first_path + i as u64, market.tick)
                } else {
                    (0, market.session[i])
                };
                [chance[i], _] = stream.uniforms(path, step, 0);
            }
        }
    }

    /// A session before the start: `session` is negative, and nothing is left to chance.
    pub fn observe_warm_up(
        &mut self,
        plan: &Plan,
        lanes: &Lanes,
        spot: &Col,
        vix: &Col,
        state: &State,
        before: u32,
    ) {
        self.observe_state(plan, spot, vix, state, -f64::from(before));
        // A simulated past may reach further back than the calendar.
        let session = |lane: usize| lanes.start[lane].checked_sub(before);
        self.observe_events(&plan.schedule, |lane| i64::from(lanes.start[lane]) - i64::from(before));
        let when = When { lanes, step: -i64::from(before), session: &session };
        self.term_structure.observe(&*plan.generator, &plan.schedule, state, vix, &when);
        self.observe_given(plan, lanes, -i64::from(before), session);
        if let Some(chance) = &mut self.chance {
            *chance = MISSING;
        }
    }

    fn observe_state(&mut self, plan: &Plan, spot: &Col, vix: &Col, state: &State, session: f64) {
        self.spot = *spot;
        self.vix = *vix;
        self.rate = state.r;
        self.dividend_yield = state.q;
        self.session = Col::splat(session);
        if let Some(forward) = &mut self.vix_forward {
            plan.surface.vx(state, FORWARD_DAYS, forward);
        }
        if let Some(contango) = &mut self.vix_contango {
            plan.surface.vx(state, FORWARD_DAYS, contango);
            for lane in 0..LANES {
                contango[lane] = contango[lane] / vix[lane] - 1.0;
            }
        }
    }

    /// `session` is its place in the calendar, negative before its first one.
    fn observe_events(&mut self, schedule: &Schedule, session: impl Fn(usize) -> i64) {
        if let Some(weekday) = &mut self.weekday {
            *weekday = Col(std::array::from_fn(|lane| schedule.weekday(session(lane))));
        }
        for DaysTo { by_session, before, out, .. } in &mut self.events {
            for lane in 0..LANES {
                let session = session(lane);
                let days = match usize::try_from(session) {
                    Ok(session) => by_session.get(session),
                    Err(_) => before.get(session.unsigned_abs() as usize - 1),
                };
                out[lane] = days.copied().unwrap_or(f64::NAN);
            }
        }
    }

    fn observe_given(
        &mut self,
        plan: &Plan,
        lanes: &Lanes,
        tick: i64,
        session: impl Fn(usize) -> Option<u32>,
    ) {
        for (index, path) in self.given.iter_mut().enumerate() {
            let Some(path) = path else { continue };
            match plan.given.source(index) {
                Source::Recorded(values) => gather(values, &session, &mut path.out),
                Source::Modelled(model) => {
                    let (first, start) = (lanes.first_path, plan.ln_start);
                    path.advance(model, plan.seed, first, tick, &session, start, &self.spot, &self.vix);
                }
                // Told when the session closed.
                Source::Hourly(_) => {}
            }
        }
    }

    /// What is made of the hours of a session, at its close.
    pub fn see_hours<'c>(&mut self, told: impl Iterator<Item = (usize, &'c Col)>) {
        for (index, column) in told {
            self.given[index].as_mut().expect(LISTED).out = *column;
        }
    }

    /// The book whose rule is about to be evaluated.
    pub fn observe_book(&mut self, view: &View) {
        self.book.clone_from(view);
    }

    /// The package whose rule is about to be evaluated.
    pub fn observe_package(
        &mut self,
        schedule: &Schedule,
        plan: &PoolPlan,
        package: &Package,
        market: &Market,
    ) {
        let columns = &mut self.position;
        columns.credit = package.credit;
        columns.entry_spot = package.entry_spot;
        for i in 0..LANES {
            let to = package.expiry[i].max(market.session[i]);
            let (credit, mark) = (package.credit[i], -package.mark(plan, i));
            columns.mark[i] = mark;
            columns.profit[i] = credit - mark;
            columns.loss[i] = mark - credit;
            columns.days_to_expiry[i] = f64::from(schedule.days_between(market.session[i], to));
            columns.sessions_to_expiry[i] = f64::from(schedule.sessions_between(market.session[i], to));
            // Inside a session the count is that of the close before.
            columns.sessions_held[i] = (self.session[i] - package.entered[i]).max(0.0);
            columns.challenge[i] = challenge(plan, package, i, market.spot[i]);
        }
    }

    /// Its exposure; nothing where no rule of its pool asks, or it has none.
    pub fn observe_exposure(&mut self, columns: Option<&exposure::Columns>) {
        match columns {
            Some(columns) => self.exposure.clone_from(columns),
            None if self.exposed => self.exposure = exposure::Columns::MISSING,
            None => {}
        }
        self.exposed = columns.is_some();
    }

    /// The rule's value, from the columns observed last.
    pub fn evaluate(&self, rule: &RulePlan, memory: &mut Memory) -> Tri {
        self.evaluate_before(0, rule, memory)
    }

    /// The same, so many sessions before session 0.
    pub fn evaluate_before(&self, before: u32, rule: &RulePlan, memory: &mut Memory) -> Tri {
        self.with_inputs(rule, |inputs| rule.program.evaluate_before(before, inputs, memory))
    }

    /// The value of a number, so many sessions before session 0, from the columns observed last.
    pub fn number_before(&self, before: u32, rule: &RulePlan, memory: &mut Memory, out: &mut Col) {
        self.with_inputs(rule, |inputs| rule.program.evaluate_number_before(before, inputs, memory, out));
    }

    /// What all positions share of a rule, from the columns of market and book.
    pub fn evaluate_shared(&self, before: u32, rule: &RulePlan, shared: &mut Memory) {
        self.with_inputs(rule, |inputs| rule.program.evaluate_shared(before, inputs, shared));
    }

    /// The rule's value for the position observed last.
    pub fn evaluate_own(&self, before: u32, rule: &RulePlan, shared: &Memory, own: &mut Memory) -> Tri {
        self.with_inputs(rule, |inputs| rule.program.evaluate_own(before, inputs, shared, own))
    }

    fn with_inputs<T>(&self, rule: &RulePlan, evaluate: impl FnOnce(&[&Col]) -> T) -> T {
        let mut inputs = [&self.spot; MAX_INPUTS];
        let used = rule.program.inputs().len();
        for (index, slot) in inputs[..used].iter_mut().enumerate() {
            *slot = self.input(rule, index);
        }
        evaluate(&inputs[..used])
    }

    /// The column of an input of a rule.
    pub fn input(&self, rule: &RulePlan, index: usize) -> &Col {
        self.column_of(&rule.program.inputs()[index], rule.program.leads()[index])
    }

    /// The same, by what it is and how many sessions of windows stand over it.
    pub fn column_of(&self, input: &Input, lead: u32) -> &Col {
        match input {
            Input::Name(name) => self.column(*name, lead),
            Input::Given { index, .. } => &self.given[*index].as_ref().expect(LISTED).out,
        }
    }

    /// An indicator that was asked for when the signals were made, with so many sessions of windows over it.
    pub fn indicator(&self, name: Name, lead: u32) -> &Col {
        let found = self.indicators.iter().find(|running| running.name == name && running.lead == lead);
        &found.expect(LISTED).out
    }

    /// What rules see of a name.
    fn column(&self, name: Name, lead: u32) -> &Col {
        match name {
            Name::Spot => &self.spot,
            Name::Vix => &self.vix,
            Name::Rate => &self.rate,
            Name::DividendYield => &self.dividend_yield,
            Name::Session => &self.session,
            Name::Rsi14
            | Name::RealisedVol21
            | Name::Drawdown
            | Name::Return1
            | Name::Macd
            | Name::MacdSignal
            | Name::VixPercentile252
            | Name::VolatilityBand
            | Name::DistanceToResistance
            | Name::Rsi14Weekly
            | Name::MacdWeekly
            | Name::MacdSignalWeekly
            | Name::MarketBeta => self.indicator(name, lead),
            Name::VxM1M2 | Name::RollYield | Name::VixTerm => self.term_structure.column(name).expect(LISTED),
            Name::VixForward => self.vix_forward.as_ref().expect(LISTED),
            Name::VixContango => self.vix_contango.as_ref().expect(LISTED),
            Name::DaysToFomc | Name::DaysToCpi | Name::DaysToPpi => {
                let found = self.events.iter().find(|event| event.name == name);
                &found.expect(LISTED).out
            }
            Name::Weekday => self.weekday.as_ref().expect(LISTED),
            Name::Chance => self.chance.as_ref().expect(LISTED),
            Name::SleeveNavShare => &self.book.sleeve_nav_share,
            Name::CoreChallenge => &self.book.core_challenge,
            Name::CoreLossMultiple => &self.book.core_loss_multiple,
            Name::CoreSdMove => &self.book.core_sd_move,
            Name::CoreDelta => &self.book.core_delta,
            Name::CoreGamma => &self.book.core_gamma,
            Name::CoreVega => &self.book.core_vega,
            Name::CoreTheta => &self.book.core_theta,
            Name::CoreGammaPercentile => &self.book.core_gamma_percentile,
            Name::CoreThetaAcceleration => &self.book.core_theta_acceleration,
            Name::CoreExtrinsicShare => &self.book.core_extrinsic_share,
            Name::ReturnOnMargin => &self.book.return_on_margin,
            Name::Nav => &self.book.nav,
            Name::NavShare => &self.book.nav_share,
            Name::MarginShare => &self.book.margin_share,
            Name::Credit => &self.position.credit,
            Name::Mark => &self.position.mark,
            Name::Profit => &self.position.profit,
            Name::Loss => &self.position.loss,
            Name::DaysToExpiry => &self.position.days_to_expiry,
            Name::SessionsToExpiry => &self.position.sessions_to_expiry,
            Name::SessionsHeld => &self.position.sessions_held,
            Name::EntrySpot => &self.position.entry_spot,
            Name::BreakevenChallenge => &self.position.challenge,
            Name::SdMove => &self.exposure.sd_move,
            Name::GammaPercentile => &self.exposure.gamma_percentile,
            Name::ThetaAcceleration => &self.exposure.theta_acceleration,
            Name::ExtrinsicShare => &self.exposure.extrinsic_share,
            Name::ExtrinsicPerDay => &self.exposure.extrinsic_per_day,
        }
    }
}

/// R49: |S − S0| / |BE − S0| with the break-even on the side to which SPX moved; missing where a package has no
/// short leg on that side.
pub fn challenge(plan: &PoolPlan, package: &Package, lane: usize, spot: f64) -> f64 {
    let entry = package.entry_spot[lane];
    // What was paid for has no such break-even.
    if package.credit[lane] <= 0.0 {
        return f64::NAN;
    }
    if spot == entry {
        return 0.0;
    }
    let side = if spot < entry { Right::Put } else { Right::Call };
    let short = plan
        .legs
        .iter()
        .zip(&package.strikes)
        .filter(|(leg, _)| leg.right == side && leg.ratio < 0)
        .map(|(_, strike)| strike[lane])
        .next();
    short.map_or(f64::NAN, |strike| {
        let break_even = strike + side.sign() * package.credit[lane];
        (spot - entry).abs() / (break_even - entry).abs()
    })
}
