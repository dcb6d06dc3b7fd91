//! What a model says, element by element: quotes of its start state for a user who looks at the surface; openings,
//! VX bases and shocks for whoever computes a path a second time.

use super::check;
use super::curve::session_years;
use super::generator::{Generator, Lanes};
use super::quote::{Slice, Surface};
use super::state::{FACTORS, Point, SMILE, State};
use super::vix_option::VixSlice;
use crate::math::lanes::{Col, LANES};
use crate::math::philox::MAX_PATHS;
use crate::{Error, Result};

/// One option: calls have sign +1, puts −1.
#[derive(Clone, Copy, Debug)]
pub struct OptionTerms {
    /// Trading sessions to expiry; VIX options ignore them.
    pub sessions: f64,
    /// Calendar days to expiry.
    pub days: f64,
    /// Strike in index points.
    pub strike: f64,
    /// +1 for a call, −1 for a put.
    pub sign: f64,
}

/// What an option is worth.
#[derive(Clone, Copy, Debug, Default)]
pub struct OptionQuote {
    /// Forward of the expiry: SPX forward, or VX future.
    pub forward: f64,
    /// Discount factor.
    pub discount: f64,
    /// Volatility of the SPX forward, a year of 252 sessions; NaN for VIX options and at expiry.
    pub vol: f64,
    /// Discounted price in index points.
    pub price: f64,
}

/// SPX options on the start state of a model with `smile`, the level, skew and curvature of its surface that day, and with
/// `factors` in place of its own. A sign other than ±1, a negative tenor or a strike that is not positive gives NaN.
pub fn spx_quotes(
    model: &dyn Generator,
    options: &[OptionTerms],
    smile: [f64; SMILE],
    factors: Option<[f64; FACTORS]>,
) -> Result<Vec<OptionQuote>> {
    let (surface, mut state) = start_at(model, factors)?;
    if matches!(surface, Surface::Flat { .. }) && smile != [0.0; SMILE] {
        let allowed = "a flat surface has no level, skew and curvature of its own: leave them 0";
        return Err(Error::domain("level, skew, curvature", format!("{smile:?}"), allowed));
    }
    for (name, value) in ["level", "skew", "curvature"].into_iter().zip(smile) {
        check::finite(name, value)?;
    }
    state.smile = smile.map(Col::splat);
    let mut slice = Slice::default();
    let mut sd = Col::default();
    Ok(by_block(options, |terms, block| {
        surface.slice(&state, &terms.sessions, &terms.days, &mut slice);
        Surface::total_sd(&slice, &terms.strike, &mut sd);
        let price = signed_price(terms, |sign, out| Surface::option(&slice, sign, &terms.strike, out));
        for (i, quote) in block.iter_mut().enumerate() {
            let vol = sd[i] / session_years(terms.sessions[i]).sqrt();
            *quote =
                OptionQuote { forward: slice.forward[i], discount: slice.discount[i], vol, price: price[i] };
        }
    }))
}

/// VIX options on the start state of a model; factors and bad terms as in [`spx_quotes`].
pub fn vix_quotes(
    model: &dyn Generator,
    options: &[OptionTerms],
    factors: Option<[f64; FACTORS]>,
) -> Result<Vec<OptionQuote>> {
    let (surface, state) = start_at(model, factors)?;
    let mut slice = VixSlice::default();
    Ok(by_block(options, |terms, block| {
        surface.vix_slice(&state, &terms.days, &mut slice);
        let price = signed_price(terms, |sign, out| Surface::vix_option(&slice, sign, &terms.strike, out));
        for (i, quote) in block.iter_mut().enumerate() {
            let vol = f64::NAN;
            *quote =
                OptionQuote { forward: slice.forward[i], discount: slice.discount[i], vol, price: price[i] };
        }
    }))
}

/// The start state, its factors replaced if others are given.
fn start_at(model: &dyn Generator, factors: Option<[f64; FACTORS]>) -> Result<(Surface, State)> {
    let (surface, mut state) = start(model);
    if let Some(x) = factors {
        if matches!(surface, Surface::Flat { .. }) {
            let allowed = "a flat surface has no factors: leave them out";
            return Err(Error::domain("factors", format!("{x:?}"), allowed));
        }
        if !x.iter().all(|each| each.is_finite()) {
            return Err(Error::domain("factors", format!("{x:?}"), "must be finite"));
        }
        state.x = x.map(Col::splat);
    }
    Ok((surface, state))
}

/// The state of the SPX surface, level, skew and curvature, at sessions 0 … `sessions`: row-major arrays of paths ×
/// (sessions + 1). A replay's is 0 throughout.
pub fn smile_states(
    model: &dyn Generator,
    seed: u64,
    first_path: u64,
    paths: usize,
    sessions: u32,
) -> Result<[Vec<f64>; SMILE]> {
    check_paths(first_path, paths)?;
    check_rows(model, 0, sessions)?;
    let columns = sessions as usize + 1;
    check::room(paths, columns, SMILE)?;
    let mut found: [Vec<f64>; SMILE] = std::array::from_fn(|_| vec![0.0; paths * columns]);
    let mut state = State::default();
    for first in (0..paths).step_by(LANES) {
        let lanes =
            Lanes { seed, first_path: first_path + first as u64, start: [0; LANES], ..Lanes::default() };
        for step in 0..=sessions {
            match step {
                0 => model.start(&lanes, &mut state),
                _ => model.session(&lanes, step, &mut state),
            }
            for (array, column) in found.iter_mut().zip(&state.smile) {
                for lane in 0..LANES.min(paths - first) {
                    array[(first + lane) * columns + step as usize] = column[lane];
                }
            }
        }
    }
    Ok(found)
}

/// Openings of sessions 1 … `sessions`, row-major arrays of paths × sessions.
#[derive(Clone, Debug)]
pub struct Openings {
    /// Logarithm of the SPX level.
    pub ln_s: Vec<f64>,
    /// Factors of the curve.
    pub x: [Vec<f64>; FACTORS],
    /// Settlement value of VIX products over VIX of that state.
    pub special_quotation: Vec<f64>,
}

/// The openings of `paths` paths from `first_path` on, session 0 in row `start` of a replay.
pub fn openings(
    model: &dyn Generator,
    seed: u64,
    first_path: u64,
    paths: usize,
    sessions: u32,
    start: u32,
) -> Result<Openings> {
    check_paths(first_path, paths)?;
    check_rows(model, start, sessions)?;
    let columns = sessions as usize;
    let array = || vec![0.0; paths * columns];
    let mut found =
        Openings { ln_s: array(), x: std::array::from_fn(|_| array()), special_quotation: array() };
    let (mut before, mut after, mut opening) = (State::default(), State::default(), State::default());
    let mut quotation = Col::default();
    for first in (0..paths).step_by(LANES) {
        let lanes =
            Lanes { seed, first_path: first_path + first as u64, start: [start; LANES], ..Lanes::default() };
        model.start(&lanes, &mut before);
        for step in 1..=sessions {
            after.clone_from(&before);
            model.session(&lanes, step, &mut after);
            model.opening(&lanes, step, &before, &after, &mut opening);
            model.special_quotation(&lanes, step, &mut quotation);
            for lane in 0..LANES.min(paths - first) {
                let cell = (first + lane) * columns + step as usize - 1;
                found.ln_s[cell] = opening.ln_s[lane];
                for (array, factor) in found.x.iter_mut().zip(&opening.x) {
                    array[cell] = factor[lane];
                }
                found.special_quotation[cell] = quotation[lane];
            }
            std::mem::swap(&mut before, &mut after);
        }
    }
    Ok(found)
}

/// Recorded over modelled price of VX futures, one element per row of a replay and session of expiry; `None`
/// where the model has no recorded VX.
pub fn vx_bases(model: &dyn Generator, row: &[u32], expiry: &[u32]) -> Result<Option<Vec<f64>>> {
    if row.len() != expiry.len() {
        let problem = format!("{} elements, but row has {}", expiry.len(), row.len());
        return Err(Error::Shape { name: "expiry".into(), problem });
    }
    let rows = model.rows().unwrap_or(usize::MAX);
    if let Some(beyond) = row.iter().find(|&&row| row as usize >= rows) {
        return Err(Error::domain("row", beyond, format!("there are {rows} rows")));
    }
    let mut found = Vec::with_capacity(row.len());
    let mut basis = Col::default();
    for (rows, expiries) in row.chunks(LANES).zip(expiry.chunks(LANES)) {
        // Lanes without an element repeat the first one.
        let lane = |values: &[u32]| std::array::from_fn(|i| values[if i < values.len() { i } else { 0 }]);
        let lanes = Lanes { seed: 0, first_path: 0, start: lane(rows), ..Lanes::default() };
        if !model.vx_basis(&lanes, 0, &lane(expiries), &mut basis) {
            return Ok(None);
        }
        found.extend_from_slice(&basis[..rows.len()]);
    }
    Ok(Some(found))
}

/// The factors x0, x1, x2 of the start.
pub fn start_factors(model: &dyn Generator) -> [f64; FACTORS] {
    start(model).1.factors(0)
}

/// A standard move of a state.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// VIX by so many points.
    Vix(f64),
    /// ln S by so much.
    Spot(f64),
}

/// States (ln S, x0, x1, x2) after a standard move; `None` where the model has none.
pub fn shocked(
    model: &dyn Generator,
    by: Move,
    states: &[[f64; 1 + FACTORS]],
) -> Option<Vec<[f64; 1 + FACTORS]>> {
    let shock = model.shock()?;
    let (mut state, mut out) = (State::default(), State::default());
    let mut found = Vec::with_capacity(states.len());
    for block in states.chunks(LANES) {
        for (lane, &[ln_s, x @ ..]) in block.iter().enumerate() {
            state.set(lane, &Point { ln_s, x, r: 0.0, q: 0.0 });
        }
        match by {
            Move::Vix(points) => shock.vix_point(&state, points, &mut out),
            Move::Spot(ln_move) => shock.spot_move(&state, ln_move, &mut out),
        }
        found.extend((0..block.len()).map(|lane| {
            let [x0, x1, x2] = out.factors(lane);
            [out.ln_s[lane], x0, x1, x2]
        }));
    }
    Some(found)
}

fn check_paths(first_path: u64, paths: usize) -> Result<()> {
    if first_path.checked_add(paths as u64).is_none_or(|end| end > MAX_PATHS) {
        return Err(Error::domain("first_path", first_path, "first_path + paths must not exceed 2^48"));
    }
    Ok(())
}

/// Does a replay have so many sessions from a row on?
fn check_rows(model: &dyn Generator, start: u32, sessions: u32) -> Result<()> {
    let Some(rows) = model.rows().filter(|&rows| start as usize + sessions as usize >= rows) else {
        return Ok(());
    };
    let allowed =
        format!("from row {start} on there are {} sessions", rows.saturating_sub(start as usize + 1));
    Err(Error::domain("sessions", sessions, allowed))
}

/// Terms as columns.
#[derive(Default)]
struct Terms {
    sessions: Col,
    days: Col,
    strike: Col,
    sign: Col,
}

fn start(model: &dyn Generator) -> (Surface, State) {
    let mut state = State::default();
    model.start(&Lanes { seed: 0, first_path: 0, start: [0; LANES], ..Lanes::default() }, &mut state);
    (model.surface(), state)
}

fn by_block(options: &[OptionTerms], mut quote: impl FnMut(&Terms, &mut [OptionQuote])) -> Vec<OptionQuote> {
    let mut quotes = vec![OptionQuote::default(); options.len()];
    for (block, out) in options.chunks(LANES).zip(quotes.chunks_mut(LANES)) {
        let mut terms = Terms::default();
        for (i, option) in block.iter().enumerate() {
            let valid = option.sign.abs() == 1.0
                && option.sessions >= 0.0
                && option.days >= 0.0
                && option.strike > 0.0;
            // A tenor below 0 has no forward either: the formulas would go on into the past.
            let ahead = |tenor: f64| if tenor >= 0.0 { tenor } else { f64::NAN };
            terms.sessions[i] = ahead(option.sessions);
            terms.days[i] = ahead(option.days);
            terms.strike[i] = if valid { option.strike } else { f64::NAN };
            terms.sign[i] = option.sign;
        }
        quote(&terms, out);
    }
    quotes
}

/// Kernels price one sign a call: both, then each lane takes its own.
fn signed_price(terms: &Terms, mut price: impl FnMut(f64, &mut Col)) -> Col {
    let (mut calls, mut puts) = (Col::default(), Col::default());
    price(1.0, &mut calls);
    price(-1.0, &mut puts);
    for i in 0..LANES {
        calls[i] = if terms.sign[i] > 0.0 { calls[i] } else { puts[i] };
    }
    calls
}
