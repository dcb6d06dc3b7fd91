//! Where the names of rules get their columns: market, indicators, book, position.

use super::{
    book::View,
    exposure,
    layout::{PoolPlan, RulePlan},
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
        names::{NAMES, Name},
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
    /// Does some indicator count in weeks?
    weekly: bool,
    events: Vec<DaysTo>,
    chance: Option<Col>,
    indicators: Vec<(Name, Box<dyn Indicator>, Col)>,
    book: View,
    position: PositionColumns,
    exposure: exposure::Columns,
    /// Is there any in these columns?
    exposed: bool,
}

/// Calendar days to the next event of a kind.
#[derive(Debug)]
struct DaysTo {
    name: Name,
    by_session: Vec<f64>,
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
    /// Columns for the names that the compiled rules use.
    pub fn new(used: &[Name], schedule: &Schedule) -> Self {
        let days_to = |&name: &Name| {
            let by_session = schedule.days_to(name.event()?);
            Some(DaysTo { name, by_session, out: MISSING })
        };
        let make = |&name: &Name| indicator(name.as_str()).map(|i| (name, i, Col::splat(f64::NAN)));
        Self {
            spot: Col::default(),
            vix: Col::default(),
            rate: Col::default(),
            dividend_yield: Col::default(),
            session: Col::default(),
            vix_forward: used.contains(&Name::VixForward).then(Col::default),
            vix_contango: used.contains(&Name::VixContango).then(Col::default),
            term_structure: TermStructure::new(used, schedule),
            weekly: used.iter().any(|name| name.as_str().ends_with("_weekly")),
            events: used.iter().filter_map(days_to).collect(),
            chance: used.contains(&Name::Chance).then_some(MISSING),
            indicators: used.iter().filter_map(make).collect(),
            book: View::MISSING,
            position: PositionColumns::missing(),
            exposure: exposure::Columns::MISSING,
            exposed: false,
        }
    }

    /// A new block of paths begins: nothing of the last one may be seen, and before session 0 there are neither
    /// books nor positions.
    pub fn reset(&mut self) {
        for (_, indicator, out) in &mut self.indicators {
            indicator.reset();
            *out = Col::splat(f64::NAN);
        }
        self.book = View::MISSING;
        self.position = PositionColumns::missing();
        self.exposure = exposure::Columns::MISSING;
    }

    /// One more session of the market, `before` sessions ahead of the start; 0 from then on.
    ///
    /// `session` is where a lane stands in the schedule, negative before it.
    ///
    /// Each indicator begins its own warm-up before the start, however long the warm-up of the path is: what one
    /// arm needs does not change what another one sees.
    pub fn step(
        &mut self,
        schedule: &Schedule,
        spot: &Col,
        vix: &Col,
        before: u32,
        session: impl Fn(usize) -> i64,
    ) {
        let ends = |lane| schedule.ends_week(session(lane));
        let week_ends = if self.weekly { Mask::from_fn(ends) } else { Mask::NONE };
        let now = Closes { spot, vix, week_ends };
        for (name, indicator, out) in &mut self.indicators {
            if before <= name.entry().warm_up {
                indicator.step(&now, out);
            }
        }
    }

    /// The market of the tick at which rules are about to be evaluated.
    pub fn observe_market(&mut self, plan: &Plan, market: &Market) {
        self.observe_state(plan, &market.spot, &market.vix, &market.now, f64::from(market.tick));
        self.observe_events(|lane| Some(market.session[lane]));
        let session = |lane: usize| Some(market.session[lane]);
        let when = When { lanes: &market.lanes, step: i64::from(market.tick), session: &session };
        self.term_structure.observe(&*plan.generator, &plan.schedule, &market.now, &market.vix, &when);
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
        self.observe_events(session);
        let when = When { lanes, step: -i64::from(before), session: &session };
        self.term_structure.observe(&*plan.generator, &plan.schedule, state, vix, &when);
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

    fn observe_events(&mut self, session: impl Fn(usize) -> Option<u32>) {
        for DaysTo { by_session, out, .. } in &mut self.events {
            for lane in 0..LANES {
                out[lane] = session(lane).map_or(f64::NAN, |session| by_session[session as usize]);
            }
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
            let (credit, mark) = (package.credit[i], -package.value[i]);
            columns.mark[i] = mark;
            columns.profit[i] = credit - mark;
            columns.loss[i] = mark - credit;
            columns.days_to_expiry[i] = f64::from(schedule.days_between(market.session[i], to));
            columns.sessions_to_expiry[i] = f64::from(schedule.sessions_between(market.session[i], to));
            columns.sessions_held[i] = self.session[i] - package.entered[i];
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
        let mut inputs = [&self.spot; NAMES.len()];
        let used = rule.program.inputs();
        for (slot, name) in inputs.iter_mut().zip(used) {
            *slot = self.column(*name);
        }
        rule.program.evaluate(&inputs[..used.len()], memory)
    }

    /// An indicator that was asked for when the signals were made.
    pub fn indicator(&self, name: Name) -> &Col {
        let found = self.indicators.iter().find(|(known, ..)| *known == name);
        &found.expect("the plan lists every indicator that is read").2
    }

    /// What rules see of a name.
    pub fn column(&self, name: Name) -> &Col {
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
            | Name::MacdSignalWeekly => self.indicator(name),
            Name::VxM1M2 | Name::RollYield | Name::VixTerm => {
                self.term_structure.column(name).expect("the plan lists every name that a rule uses")
            }
            Name::VixForward => {
                self.vix_forward.as_ref().expect("the plan lists every name that a rule uses")
            }
            Name::VixContango => {
                self.vix_contango.as_ref().expect("the plan lists every name that a rule uses")
            }
            Name::DaysToFomc | Name::DaysToCpi | Name::DaysToPpi => {
                let found = self.events.iter().find(|event| event.name == name);
                &found.expect("the plan lists every name that a rule uses").out
            }
            Name::Chance => self.chance.as_ref().expect("the plan lists every name that a rule uses"),
            Name::SleeveNavShare => &self.book.sleeve_nav_share,
            Name::CoreChallenge => &self.book.core_challenge,
            Name::CoreLossMultiple => &self.book.core_loss_multiple,
            Name::CoreSdMove => &self.book.core_sd_move,
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
