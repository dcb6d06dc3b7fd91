//! Quotes of a model's start state, element by element: for a user who looks at the surface.

use super::curve::session_years;
use super::generator::{Generator, Lanes};
use super::quote::{Slice, Surface};
use super::state::State;
use super::vix_option::VixSlice;
use crate::math::lanes::{Col, LANES};

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

/// SPX options on the start state of a model. A sign other than ±1, a negative tenor or a strike that is not
/// positive gives NaN.
pub fn spx_quotes(model: &dyn Generator, options: &[OptionTerms]) -> Vec<OptionQuote> {
    let (surface, state) = start(model);
    let mut slice = Slice::default();
    let mut sd = Col::default();
    by_block(options, |terms, block| {
        surface.slice(&state, &terms.sessions, &terms.days, &mut slice);
        Surface::total_sd(&slice, &terms.strike, &mut sd);
        let price = signed_price(terms, |sign, out| Surface::option(&slice, sign, &terms.strike, out));
        for (i, quote) in block.iter_mut().enumerate() {
            let vol = sd[i] / session_years(terms.sessions[i]).sqrt();
            *quote =
                OptionQuote { forward: slice.forward[i], discount: slice.discount[i], vol, price: price[i] };
        }
    })
}

/// VIX options on the start state of a model; bad terms as in [`spx_quotes`].
pub fn vix_quotes(model: &dyn Generator, options: &[OptionTerms]) -> Vec<OptionQuote> {
    let (surface, state) = start(model);
    let mut slice = VixSlice::default();
    by_block(options, |terms, block| {
        surface.vix_slice(&state, &terms.days, &mut slice);
        let price = signed_price(terms, |sign, out| Surface::vix_option(&slice, sign, &terms.strike, out));
        for (i, quote) in block.iter_mut().enumerate() {
            let vol = f64::NAN;
            *quote =
                OptionQuote { forward: slice.forward[i], discount: slice.discount[i], vol, price: price[i] };
        }
    })
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
    model.start(&Lanes { seed: 0, first_path: 0, start: [0; LANES] }, &mut state);
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
            terms.sessions[i] = option.sessions;
            terms.days[i] = option.days;
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
