//! Sessions, cadences and listed expiries, turned into tables so that picking is one gather.
//!
//! The calendar itself is data: Python builds it from a real exchange calendar and passes arrays.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Error, Result};

/// No listed expiry lies in the window.
pub const NO_EXPIRY: u32 = u32::MAX;

/// Announcements that come at 8:30 in New York; others, such as the FOMC at 14:00, come while markets are open.
const BEFORE_THE_OPENING: [&str; 2] = ["cpi", "ppi"];

/// Days after Monday.
const FRIDAY: i64 = 4;

/// The dated calendar as arrays, one element per session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Days since 1970-01-01, strictly ascending.
    pub days: Vec<i32>,
    /// Position of the session in the exchange calendar, strictly ascending: differences count real sessions,
    /// also those for which the input has no row.
    pub ordinals: Vec<i32>,
    /// Sessions that close early.
    pub half_days: Vec<bool>,
    /// Session 0 of a path that starts nowhere else (the sessions before it are warm-up).
    pub origin: u32,
    /// How many leading sessions carry market data; the rest only date expiries.
    pub tradable: u32,
    /// Per product, the sessions on which a listed expiry settles, ascending.
    pub expiries: BTreeMap<String, Vec<u32>>,
    /// Per kind of event ("fomc", "cpi", "ppi"), its sessions, ascending.
    #[serde(default)]
    pub events: BTreeMap<String, Vec<u32>>,
    /// Per kind of event, calendar days to the next one from the last session before the first of `days`, from the one
    /// before that, and so on: what a simulated path looks back on where its calendar begins with it.
    #[serde(default)]
    pub events_before: BTreeMap<String, Vec<f64>>,
}

/// How often a layer decides whether to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Every session.
    Day,
    /// The first session of each ISO week.
    Week,
    /// The first session of each month.
    Month,
    /// Whenever the layer holds nothing.
    Flat,
}

/// Calendar days to expiry that a layer accepts, and what it would like best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaysWindow {
    /// Fewest calendar days.
    pub low: i32,
    /// Most calendar days.
    pub high: i32,
    /// The listed expiry nearest to this many days is chosen.
    pub target: i32,
}

/// A checked calendar.
#[derive(Debug)]
pub struct Schedule {
    spec: ScheduleSpec,
}

impl Schedule {
    /// Checks the arrays: equal lengths, ascending dates, indices inside.
    pub fn new(spec: ScheduleSpec) -> Result<Self> {
        let n = spec.days.len();
        if spec.ordinals.len() != n || spec.half_days.len() != n {
            return Err(Error::Spec("schedule: days, ordinals and half_days differ in length".into()));
        }
        let ascending = |v: &[i32]| v.windows(2).all(|w| w[0] < w[1]);
        if !ascending(&spec.days) || !ascending(&spec.ordinals) {
            return Err(Error::Spec("schedule: days and ordinals must be strictly ascending".into()));
        }
        if spec.tradable as usize > n || spec.origin >= spec.tradable {
            return Err(Error::Spec(format!(
                "schedule: origin {} < tradable {} <= sessions {n} must hold",
                spec.origin, spec.tradable
            )));
        }
        for (name, sessions) in spec.expiries.iter().chain(&spec.events) {
            if !sessions.windows(2).all(|w| w[0] < w[1]) || sessions.last().is_some_and(|&s| s as usize >= n)
            {
                return Err(Error::Spec(format!(
                    "schedule: sessions of {name} must be ascending and inside"
                )));
            }
        }
        Ok(Self { spec })
    }

    /// Number of sessions, the untradable tail included.
    pub fn len(&self) -> usize {
        self.spec.days.len()
    }

    /// A calendar without sessions (never constructed: the origin must exist).
    pub fn is_empty(&self) -> bool {
        self.spec.days.is_empty()
    }

    /// Session 0 of simulated paths.
    pub fn origin(&self) -> u32 {
        self.spec.origin
    }

    /// Leading sessions that carry market data.
    pub fn tradable(&self) -> u32 {
        self.spec.tradable
    }

    /// Days since 1970-01-01 of a session.
    #[inline]
    pub fn day(&self, session: u32) -> i32 {
        self.spec.days[session as usize]
    }

    /// Exchange sessions from `from` to `to`.
    #[inline]
    pub fn sessions_between(&self, from: u32, to: u32) -> i32 {
        self.spec.ordinals[to as usize] - self.spec.ordinals[from as usize]
    }

    /// Calendar days from `from` to `to`.
    #[inline]
    pub fn days_between(&self, from: u32, to: u32) -> i32 {
        self.day(to) - self.day(from)
    }

    /// Per session: calendar days to the next event of the kind, 0 on its day; NaN after the last one that is known.
    pub fn days_to(&self, event: &str) -> Vec<f64> {
        let sessions = self.spec.events.get(event).map_or(&[][..], Vec::as_slice);
        let next = |from: u32| sessions.get(sessions.partition_point(|&at| at < from));
        (0..self.len() as u32)
            .map(|from| next(from).map_or(f64::NAN, |&to| f64::from(self.days_between(from, to))))
            .collect()
    }

    /// Day of the week of a session: 1 on Mondays; before the calendar as in [`Schedule::ends_week`].
    pub fn weekday(&self, session: i64) -> f64 {
        let weekday = |day: i32| i64::from((day + 3).rem_euclid(7));
        let days = &self.spec.days;
        let since_monday = match usize::try_from(session) {
            Ok(at) => days.get(at).map(|&day| weekday(day)),
            Err(_) => Some((weekday(days[0]).min(FRIDAY) + session).rem_euclid(FRIDAY + 1)),
        };
        since_monday.map_or(f64::NAN, |day| day as f64 + 1.0)
    }

    /// Is this the last session of its ISO week?
    ///
    /// Before the calendar every weekday counts as a session (`session` is negative there): a simulated past may reach
    /// further back than the calendar does.
    pub fn ends_week(&self, session: i64) -> bool {
        let days = &self.spec.days;
        match usize::try_from(session) {
            Ok(at) => days.get(at + 1).is_none_or(|&next| iso_week(next) != iso_week(days[at])),
            // Days after Monday of the first session, less one per weekday before it.
            Err(_) => (i64::from((days[0] + 3).rem_euclid(7)).min(FRIDAY) + session).rem_euclid(5) == FRIDAY,
        }
    }

    /// Per session: the first and the second listed expiry of a product that settle on a later one, or [`NO_EXPIRY`].
    ///
    /// # Errors
    /// The schedule does not list the product.
    pub fn front_expiries(&self, product: &str) -> Result<Vec<[u32; 2]>> {
        let listed = self.listed(product)?;
        let at = |index: usize| listed.get(index).copied().unwrap_or(NO_EXPIRY);
        Ok((0..self.len() as u32)
            .map(|now| {
                let first = listed.partition_point(|&expiry| expiry <= now);
                [at(first), at(first + 1)]
            })
            .collect())
    }

    fn listed(&self, product: &str) -> Result<&[u32]> {
        let listed = self.spec.expiries.get(product).map(Vec::as_slice);
        listed.ok_or_else(|| {
            let known: Vec<_> = self.spec.expiries.keys().cloned().collect();
            Error::domain("product", product, format!("the schedule lists expiries of {}", known.join(", ")))
        })
    }

    /// The same before the first session, nearest first, as far as it is known.
    pub fn days_to_before(&self, event: &str) -> Vec<f64> {
        self.spec.events_before.get(event).cloned().unwrap_or_default()
    }

    /// Per session: does a layer of this cadence decide on it? `None` for [`Every::Flat`], which follows the book.
    pub fn decision_sessions(&self, every: Every) -> Option<Vec<bool>> {
        let period: fn(i32) -> i32 = match every {
            Every::Flat => return None,
            Every::Day => |day| day,
            Every::Week => iso_week,
            Every::Month => month,
        };
        let days = &self.spec.days;
        // The first session of the table may lie in the middle of its period: it decides only if it opens one.
        let first = period(days[0] - 1) != period(days[0]);
        Some(
            (0..days.len())
                .map(|i| if i == 0 { first } else { period(days[i]) != period(days[i - 1]) })
                .collect(),
        )
    }

    /// Per fill session: the listed expiry nearest to the target within the window, or [`NO_EXPIRY`].
    ///
    /// `after` names a kind of announcement, and whether the product settles in the morning: then it is the first
    /// listed expiry that settles after the next announcement, if that lies in the window (R23). `quoted` says of a
    /// fill session and a listed expiry whether it can be traded on that session.
    pub fn expiry_table(
        &self,
        product: &str,
        window: DaysWindow,
        after: Option<(&str, bool)>,
        quoted: impl Fn(u32, u32) -> bool,
    ) -> Result<Vec<u32>> {
        let listed = self.listed(product)?;
        let told = |fill: u32| match after {
            None => Some(None),
            Some((event, morning)) => self.first_settlement(listed, event, morning, fill).map(Some),
        };
        let nearest = |fill: u32| {
            let Some(only) = told(fill) else { return NO_EXPIRY };
            listed
                .iter()
                .copied()
                .filter(|&e| only.is_none_or(|only| e == only))
                .filter(|&e| e > fill && (window.low..=window.high).contains(&self.days_between(fill, e)))
                .filter(|&e| quoted(fill, e))
                .min_by_key(|&e| ((self.days_between(fill, e) - window.target).abs(), e))
                .unwrap_or(NO_EXPIRY)
        };
        Ok((0..self.len() as u32).map(nearest).collect())
    }

    /// The first listed expiry that settles after the next announcement that follows the close of a session; `None`
    /// where none is known.
    fn first_settlement(&self, listed: &[u32], event: &str, morning: bool, fill: u32) -> Option<u32> {
        let events = self.spec.events.get(event)?;
        let next = *events.get(events.partition_point(|&at| at <= fill))?;
        // On the day itself: what is said before the opening is known to any settlement, what is said at 14:00 to that
        // of the close alone.
        let same_day = !morning || BEFORE_THE_OPENING.contains(&event);
        listed.iter().copied().find(|&e| e > next || (same_day && e == next))
    }

    /// The fewest slots such that a package has always settled when its slot comes round again.
    ///
    /// Decisions are taken on flagged sessions and filled on the next; the package decided at `i` lives until
    /// `expiry[i + 1]`.
    pub fn slots_needed(&self, decides: &[bool], expiry: &[u32]) -> usize {
        let decisions: Vec<u32> = (0..self.tradable()).filter(|&i| decides[i as usize]).collect();
        let settles: Vec<u32> = decisions
            .iter()
            .map(|&i| match expiry.get(i as usize + 1) {
                Some(&e) if e != NO_EXPIRY => e,
                _ => i,
            })
            .collect();
        let mut slots = 1;
        for (j, &now) in decisions.iter().enumerate() {
            // Decision j reuses the slot of decision j - slots.
            while slots <= j && settles[..=j - slots].iter().any(|&e| e > now) {
                slots += 1;
            }
        }
        slots
    }
}

/// Weeks since the Monday before 1970-01-01 (a Thursday).
fn iso_week(day: i32) -> i32 {
    (day + 3).div_euclid(7)
}

/// Months since year 0, from days since 1970-01-01 (proleptic Gregorian; Hinnant's `civil_from_days`).
fn month(day: i32) -> i32 {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let year = yoe + era * 400 + i32::from(mp >= 10);
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    year * 12 + month - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weekdays only, from 2025-01-02 (a Thursday, day 20090).
    fn weekdays(n: usize) -> Schedule {
        let days: Vec<i32> = (20_090_i32..).filter(|d| (d + 3).rem_euclid(7) < 5).take(n).collect();
        let fridays = (0..n as u32).filter(|&i| (days[i as usize] + 3).rem_euclid(7) == 4).collect();
        Schedule::new(ScheduleSpec {
            ordinals: (0..).take(n).collect(),
            half_days: vec![false; n],
            days,
            origin: 0,
            tradable: n as u32,
            expiries: BTreeMap::from([("SPXW".into(), fridays)]),
            events: BTreeMap::new(),
            events_before: BTreeMap::new(),
        })
        .unwrap()
    }

    #[test]
    fn weeks_start_on_mondays_and_months_on_their_first_session() {
        let s = weekdays(40);
        let weekly = s.decision_sessions(Every::Week).unwrap();
        assert!(!weekly[0], "a table that opens on a Thursday does not open a week");
        assert_eq!(weekly.iter().position(|&d| d), Some(2));
        let monthly = s.decision_sessions(Every::Month).unwrap();
        let first_of_february = (0..40).find(|&i| s.day(i) >= 20_120).unwrap();
        assert_eq!(monthly.iter().position(|&d| d), Some(first_of_february as usize));
    }

    #[test]
    fn days_to_an_event_count_down_to_its_day_and_end_with_the_last_one() {
        let mut spec = weekdays(8).spec;
        spec.events = BTreeMap::from([("fomc".into(), vec![2, 5])]);
        let schedule = Schedule::new(spec).unwrap();
        let days = schedule.days_to("fomc");
        // Thursday, Friday, Monday with the event.
        assert_eq!(days[..6], [4.0, 3.0, 0.0, 2.0, 1.0, 0.0]);
        assert!(days[6..].iter().chain(&schedule.days_to("cpi")).all(|days| days.is_nan()));
    }

    #[test]
    fn expiry_is_the_nearest_to_target_and_ties_go_to_the_earlier() {
        let s = weekdays(60);
        let table =
            s.expiry_table("SPXW", DaysWindow { low: 38, high: 52, target: 45 }, None, |_, _| true).unwrap();
        for fill in 0..10u32 {
            let d = s.days_between(fill, table[fill as usize]);
            assert!((42..=48).contains(&d), "{d}");
        }
        let none = s
            .expiry_table("SPXW", DaysWindow { low: 400, high: 410, target: 405 }, None, |_, _| true)
            .unwrap();
        assert!(none.iter().all(|&e| e == NO_EXPIRY));
    }

    #[test]
    fn a_slot_is_free_again_when_its_turn_comes() {
        let s = weekdays(200);
        let weekly = s.decision_sessions(Every::Week).unwrap();
        let expiry =
            s.expiry_table("SPXW", DaysWindow { low: 38, high: 52, target: 45 }, None, |_, _| true).unwrap();
        let slots = s.slots_needed(&weekly, &expiry);
        let decisions: Vec<usize> = (0..150).filter(|&i| weekly[i]).collect();
        let free = |k: usize| decisions.windows(k + 1).all(|w| expiry[w[0] + 1] as usize <= w[k]);
        assert!(free(slots) && !free(slots - 1), "{slots}");
    }
}
