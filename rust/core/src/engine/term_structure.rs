//! What rules read of the VIX term structure: listed futures of the schedule, and the variance curve (R37).

use crate::{
    Error, Result,
    market::{DAYS_PER_YEAR, SESSIONS_PER_MONTH, generator::Generator, generator::Lanes, state::State},
    math::lanes::{Col, LANES},
    rules::names::Name,
    schedule::{NO_EXPIRY, Schedule},
};

/// The product whose listed futures count.
const PRODUCT: &str = "VX";
/// Tenor of the far end of `vix_term`, in trading sessions: 93 days on the clock that has 21 to 30 of them.
const QUARTER: f64 = 93.0 / 30.0 * SESSIONS_PER_MONTH;

/// The names that are read from listed futures.
const OF_FUTURES: [Name; 2] = [Name::VxM1M2, Name::RollYield];

/// The columns of a term structure that some rule reads.
#[derive(Debug)]
pub(super) struct TermStructure {
    futures: Option<Futures>,
    vix_term: Option<Col>,
}

/// The first two listed futures.
#[derive(Debug)]
struct Futures {
    /// Their expiries, by session.
    expiries: Vec<[u32; 2]>,
    ratio: Col,
    roll_yield: Col,
}

/// Where a session lies.
pub(super) struct When<'a> {
    pub lanes: &'a Lanes,
    /// Sessions after the start of each lane, negative before it.
    pub step: i64,
    /// Where a lane then stands in the schedule; `None` before that begins.
    pub session: &'a dyn Fn(usize) -> Option<u32>,
}

impl TermStructure {
    /// Does the schedule list what these names read?
    pub fn check(used: &[Name], schedule: &Schedule) -> Result<()> {
        let Some(name) = OF_FUTURES.iter().find(|name| used.contains(name)) else { return Ok(()) };
        schedule.front_expiries(PRODUCT).map(drop).map_err(|_| {
            Error::Spec(format!("{}: the schedule lists no expiries of {PRODUCT}; list them", name.as_str()))
        })
    }

    /// Columns for the names that rules use; the schedule passed [`Self::check`].
    pub fn new(used: &[Name], schedule: &Schedule) -> Self {
        const MISSING: Col = Col::splat(f64::NAN);
        let futures = OF_FUTURES.iter().any(|name| used.contains(name)).then(|| Futures {
            expiries: schedule.front_expiries(PRODUCT).expect("the plan checks what is listed"),
            ratio: MISSING,
            roll_yield: MISSING,
        });
        Self { futures, vix_term: used.contains(&Name::VixTerm).then_some(MISSING) }
    }

    /// The session at which rules are about to be evaluated.
    pub fn observe(
        &mut self,
        generator: &dyn Generator,
        schedule: &Schedule,
        state: &State,
        vix: &Col,
        when: &When<'_>,
    ) {
        let surface = generator.surface();
        if let Some(ratio) = &mut self.vix_term {
            surface.variance_swap(state, QUARTER, ratio);
            for lane in 0..LANES {
                ratio[lane] /= vix[lane];
            }
        }
        let Some(Futures { expiries, ratio, roll_yield }) = &mut self.futures else { return };
        // A replay counts from the start of its lanes: before it, from an earlier one.
        let earlier = u32::try_from(-when.step).ok().filter(|before| *before > 0).map(|before| Lanes {
            start: when.lanes.start.map(|start| start.saturating_sub(before)),
            ..when.lanes.clone()
        });
        let (lanes, step) = earlier.as_ref().map_or((when.lanes, when.step as u32), |lanes| (lanes, 0));
        let mut prices = [Col::default(); 2];
        let mut first = Col::default();
        for (index, price) in prices.iter_mut().enumerate() {
            let (mut days, mut basis) = (Col::splat(f64::NAN), Col::splat(1.0));
            let mut settles = [0; LANES];
            for lane in 0..LANES {
                let Some(now) = (when.session)(lane) else { continue };
                settles[lane] = now;
                let expiry = expiries[now as usize][index];
                if expiry != NO_EXPIRY {
                    settles[lane] = expiry;
                    days[lane] = f64::from(schedule.days_between(now, expiry));
                }
            }
            surface.vx_dated(state, &days, price);
            generator.vx_basis(lanes, step, &settles, &mut basis);
            for lane in 0..LANES {
                // A surface that is flat has a future for every tenor, even none.
                price[lane] *= if days[lane].is_nan() { f64::NAN } else { basis[lane] };
            }
            if index == 0 {
                first = days;
            }
        }
        let [near, far] = &prices;
        for lane in 0..LANES {
            ratio[lane] = far[lane] / near[lane];
            roll_yield[lane] = (vix[lane] / near[lane] - 1.0) * DAYS_PER_YEAR / first[lane];
        }
    }

    /// The column of a name that the plan lists.
    pub fn column(&self, name: Name) -> Option<&Col> {
        match name {
            Name::VxM1M2 => self.futures.as_ref().map(|futures| &futures.ratio),
            Name::RollYield => self.futures.as_ref().map(|futures| &futures.roll_yield),
            Name::VixTerm => self.vix_term.as_ref(),
            _ => None,
        }
    }
}
