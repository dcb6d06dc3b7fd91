//! Requirement and pairing of one underlying.

use super::{
    Account, Position,
    programme::{Model, Placed, Unknowns},
};
use crate::{Error, Result};

/// Units below this share of a position are rounding.
const ROUNDING: f64 = 1e-9;
/// The pairing costs what the programme says, within this share.
const ACCURACY: f64 = 1e-6;

/// A group of longs and shorts that is charged by its worst payoff.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadGroup {
    /// Signed units of each position of the account.
    pub units: Vec<f64>,
    /// The worst payoff, as a loss ≥ 0.
    pub requirement: f64,
    /// The settlement at which it comes, the nearest where several do.
    pub worst: f64,
}

/// Why a book ties up what it does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairing {
    /// The requirement beside what longs cost.
    pub risk: f64,
    /// Spread groups.
    pub spreads: Vec<SpreadGroup>,
    /// Units left uncovered, by position: ≥ 0.
    pub uncovered: Vec<f64>,
    /// Units covered by stock, by position: ≥ 0.
    pub by_stock: Vec<f64>,
    /// Uncovered puts beside uncovered calls: put, call, units, what they tie up beside their value.
    pub strangles: Vec<(usize, usize, f64, f64)>,
    /// Uncovered without a partner: position, units, what they tie up beside their value.
    pub singles: Vec<(usize, f64, f64)>,
}

/// Works out requirements, one account after the other, in the same memory.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    model: Model,
    scaled: Vec<Position>,
    answer: Vec<f64>,
    expiries: Vec<u32>,
    kinks: Vec<f64>,
    /// Uncovered shorts of each right: position, units left, need per unit.
    open: [Vec<(usize, f64, f64)>; 2],
}

impl Desk {
    /// The risk part alone.
    pub fn risk(&mut self, account: &Account<'_>) -> Result<f64> {
        self.work_out(account, None)
    }

    /// The risk part and the pairing that explains it.
    pub fn pairing(&mut self, account: &Account<'_>) -> Result<Pairing> {
        let mut pairing = Pairing {
            uncovered: vec![0.0; account.positions.len()],
            by_stock: vec![0.0; account.positions.len()],
            ..Pairing::default()
        };
        pairing.risk = self.work_out(account, Some(&mut pairing))?;
        Ok(pairing)
    }

    fn work_out(&mut self, account: &Account<'_>, mut told: Option<&mut Pairing>) -> Result<f64> {
        let positions = account.positions;
        self.expiries.clear();
        self.expiries.extend(positions.iter().map(|position| position.expiry));
        self.expiries.sort_unstable();
        self.expiries.dedup();
        let most = [1.0, -1.0].map(|sign| most_uncovered(account, &self.expiries, sign));
        // Without anything to choose every position is in the one group of its expiry.
        let chooses = account.rates.cheaper_uncovered
            && positions.iter().any(|position| position.units < 0.0)
            || most != [0.0, 0.0]
            || account.stock != 0.0
            || account.rates.calendars && self.expiries.len() > 1;
        if !chooses {
            let mut risk = 0.0;
            for group in 0..self.expiries.len() {
                let expiry = self.expiries[group];
                let units = |i: usize| if positions[i].expiry == expiry { positions[i].units } else { 0.0 };
                risk += spread(account, &mut self.kinks, units, told.as_deref_mut());
            }
            return Ok(risk);
        }
        let groups = self.expiries.len();
        self.lay_out(account, most);
        let most = if account.rates.cheaper_uncovered { [f64::INFINITY; 2] } else { most };
        let Self { model, scaled, answer, kinks, open, .. } = self;
        // The programme wants numbers of the order of one.
        let unit =
            positions.iter().fold(account.stock.abs(), |most, position| most.max(position.units.abs()));
        scaled.clear();
        scaled.extend(positions.iter().map(|position| Position {
            strike: position.strike / account.spot,
            units: position.units / unit,
            price: position.price / account.spot,
            ..*position
        }));
        let small = Account { positions: scaled, stock: account.stock / unit, spot: 1.0, ..*account };
        let unsolved = || {
            let allowed = "rounding hides its least requirement. Mend: split the book, or its largest lots";
            Error::domain("positions", positions.len(), allowed)
        };
        let (cost, found) =
            model.solve(&small, groups, most.map(|units| units / unit)).ok_or_else(unsolved)?;
        let least = cost * unit * account.spot;
        answer.clear();
        answer.extend(found.iter().map(|units| whole(units * unit)));
        let placed = |i: usize| Placed::new(&model.unknowns[i], answer, positions[i].units);
        let mut risk = 0.0;
        for group in 0..groups {
            let units = |i: usize| positions[i].units.signum() * placed(i).in_group(group);
            risk += spread(account, kinks, units, told.as_deref_mut());
        }
        open.iter_mut().for_each(Vec::clear);
        for (i, position) in positions.iter().enumerate() {
            let uncovered = placed(i).uncovered();
            if uncovered > ROUNDING * position.units.abs() {
                risk += uncovered * position.price;
                let need = account.rates.uncovered(position, account.spot);
                open[usize::from(position.sign < 0.0)].push((i, uncovered, need));
            }
            if let Some(told) = told.as_deref_mut() {
                told.uncovered[i] = uncovered;
                told.by_stock[i] = placed(i).by_stock();
            }
        }
        risk += strangles(open, told);
        // The pairing is worth what the programme says, but for the condors that it charges as two spreads.
        let off = risk - least;
        let scale = ACCURACY * (least + unit * account.spot);
        if off > scale || (off < -scale && !account.rates.sides_apart) {
            return Err(unsolved());
        }
        Ok(risk)
    }

    /// Which unknowns each position has.
    fn lay_out(&mut self, account: &Account<'_>, most: [f64; 2]) {
        let Self { model, expiries, .. } = self;
        let last = expiries.len() - 1;
        model.unknowns.clear();
        let mut start = 0;
        for position in account.positions {
            let own = expiries.partition_point(|expiry| *expiry < position.expiry);
            let short = position.units < 0.0;
            // A group is as late as its latest short may be and its earliest long is.
            let (first, last) = match (account.rates.calendars, short) {
                (false, _) => (own, own),
                (true, true) => (own, last),
                (true, false) => (0, own),
            };
            let may_stay = account.rates.cheaper_uncovered || most[usize::from(position.sign < 0.0)] > 0.0;
            let unknown = Unknowns {
                start,
                uncovered: short && may_stay,
                by_stock: short && position.sign * account.stock > 0.0,
                first,
                last,
            };
            start += unknown.count();
            model.unknowns.push(unknown);
        }
    }
}

/// Whole units where they are so but for rounding.
fn whole(units: f64) -> f64 {
    let nearest = units.round();
    if (units - nearest).abs() <= ROUNDING * nearest.max(1.0) { nearest } else { units }
}

/// Short units of a right that neither longs nor stock can cover, whatever the pairing.
fn most_uncovered(account: &Account<'_>, expiries: &[u32], sign: f64) -> f64 {
    let (mut spare, mut open) = (0.0_f64, 0.0);
    for &expiry in expiries.iter().rev() {
        if !account.rates.calendars {
            spare = 0.0;
        }
        for position in account.positions.iter().filter(|p| p.expiry == expiry && p.sign == sign) {
            spare += position.units;
        }
        // Longs of this expiry are counted before its shorts: they cover them.
        open += (-spare).max(0.0);
        spare = spare.max(0.0);
    }
    let stock = (sign * account.stock).max(0.0);
    if open - stock > ROUNDING * open { open - stock } else { 0.0 }
}

/// What a spread group ties up.
fn spread(
    account: &Account<'_>,
    kinks: &mut Vec<f64>,
    units: impl Fn(usize) -> f64,
    mut told: Option<&mut Pairing>,
) -> f64 {
    let positions = account.positions;
    let negligible = |i: usize| units(i).abs() <= ROUNDING * positions[i].units.abs();
    kinks.clear();
    kinks.push(0.0);
    kinks.extend((0..positions.len()).filter(|&i| !negligible(i)).map(|i| positions[i].strike));
    let worst = |counts: &dyn Fn(&Position) -> bool| {
        kinks.iter().fold([0.0_f64, f64::NAN], |[most, at], &settle| {
            let members = positions.iter().enumerate().filter(|(_, position)| counts(position));
            let loss: f64 = members.map(|(i, position)| -units(i) * position.payoff(settle)).sum();
            let nearer = loss == most && (settle - account.spot).abs() < (at - account.spot).abs();
            if loss > most || nearer { [loss, settle] } else { [most, at] }
        })
    };
    let mut tell = |counts: &dyn Fn(&Position) -> bool, requirement: f64, worst: f64| {
        let Some(told) = told.as_deref_mut() else { return };
        let amount = |i: usize| if negligible(i) || !counts(&positions[i]) { 0.0 } else { units(i) };
        let amounts: Vec<f64> = (0..positions.len()).map(amount).collect();
        if amounts.iter().any(|amount| *amount != 0.0) {
            told.spreads.push(SpreadGroup { units: amounts, requirement, worst });
        }
    };
    let (calls, puts) = (|p: &Position| p.sign > 0.0, |p: &Position| p.sign < 0.0);
    if account.rates.sides_apart {
        let ([above, high], [below, low]) = (worst(&calls), worst(&puts));
        // The named condor has equal sides and is charged one of them; any other is two spreads.
        if (above - below).abs() > ROUNDING * above {
            tell(&calls, above, high);
            tell(&puts, below, low);
            return above + below;
        }
        tell(&|_| true, below, low);
        return below;
    }
    let [requirement, at] = worst(&|_| true);
    tell(&|_| true, requirement, at);
    requirement
}

/// What uncovered shorts tie up beside their value: the dearest put beside the dearest call, and so on.
fn strangles(open: &mut [Vec<(usize, f64, f64)>; 2], mut told: Option<&mut Pairing>) -> f64 {
    for side in open.iter_mut() {
        side.sort_by(|(i, _, one), (j, _, other)| other.total_cmp(one).then(i.cmp(j)));
    }
    let [calls, puts] = open;
    let (mut c, mut p, mut risk) = (0, 0, 0.0);
    loop {
        match (calls.get_mut(c), puts.get_mut(p)) {
            (Some(call), Some(put)) => {
                let units = call.1.min(put.1);
                let need = units * call.2.max(put.2);
                risk += need;
                if let Some(told) = told.as_deref_mut() {
                    told.strangles.push((put.0, call.0, units, need));
                }
                let (call_used, put_used) = (units == call.1, units == put.1);
                call.1 -= units;
                put.1 -= units;
                c += usize::from(call_used);
                p += usize::from(put_used);
            }
            (Some(one), None) | (None, Some(one)) => {
                let need = one.1 * one.2;
                risk += need;
                if let Some(told) = told.as_deref_mut() {
                    told.singles.push((one.0, one.1, need));
                }
                c += 1;
                p += 1;
            }
            (None, None) => return risk,
        }
    }
}
