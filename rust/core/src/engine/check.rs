//! What a specification must satisfy before anything is built from it.

use std::collections::BTreeMap;

use super::{
    fill::Contract,
    instrument::Instrument,
    plan::{positive, within},
    spec::{
        BeginsSpec, BookSpec, CallPolicy, CallsSpec, Cap, ContractSpec, HeldSpec, Kind, LayerSpec,
        LedgerMode, LedgersSpec, LegSpec, LiquiditySpec, PreferSpec, ProgressionSpec, Right, Role,
        RollLimits, Settlement, ShortSpec, SizeBase, SizeBasis, SizeSpec, SizeTarget, StrikeSpec, Underlying,
        WeightSpec, Width,
    },
};
use crate::{
    Error, Result,
    margin::{self, Leg},
    market::{bars::profile::MINUTES, recorded_chain::RecordedChain},
    schedule::{Every, Schedule},
};

/// Minute of the day at which sessions open, 9:30.
const OPENING: u32 = 570;

/// The legs as the margin rules see them.
///
/// What is `covered` by the calls of another layer may be sold by itself.
pub(super) fn check_legs(
    path: &str,
    contract: &Contract,
    legs: &[LegSpec],
    covered: bool,
) -> Result<Vec<Leg>> {
    if contract.instrument.is_outright() {
        if legs.is_empty() {
            return Ok(vec![]);
        }
        return Err(Error::Spec(format!(
            "{path}.legs: a future has none, nor have shares: one contract is bought"
        )));
    }
    if legs.is_empty() {
        return Err(Error::Spec(format!("{path}.legs: at least one is needed")));
    }
    for (index, leg) in legs.iter().enumerate() {
        let at = format!("{path}.legs[{index}]");
        if leg.ratio == 0 {
            return Err(Error::domain(format!("{at}.ratio"), 0, "not zero: negative is sold"));
        }
        let vix = contract.instrument.is_volatility_option();
        match leg.strike {
            StrikeSpec::ExpectedMove { .. } | StrikeSpec::Offset { width: Width::Fraction(_), .. } if vix => {
                let allowed = "delta, or an offset in points: the others are measured in SPX";
                return Err(Error::domain(format!("{at}.strike"), "not for options on volatility", allowed));
            }
            StrikeSpec::Delta { value } if !(value > 0.0 && value < 1.0) => {
                return Err(Error::domain(format!("{at}.strike.value"), value, "a |delta| between 0 and 1"));
            }
            StrikeSpec::ExpectedMove { multiple, .. } if !(multiple >= 0.0 && multiple.is_finite()) => {
                return Err(Error::domain(format!("{at}.strike.multiple"), multiple, "0 or more"));
            }
            StrikeSpec::Credit { value, within } => {
                check_credit(&at, contract, leg, value, within)?;
                if let Some(first) =
                    legs[..index].iter().find(|leg| matches!(leg.strike, StrikeSpec::Credit { .. }))
                    && first.strike != leg.strike
                {
                    return Err(Error::domain(
                        format!("{at}.strike"),
                        value,
                        "the credit of the legs before it",
                    ));
                }
            }
            StrikeSpec::Offset { from, .. } if from >= index && !covered => {
                return Err(Error::domain(format!("{at}.strike.from"), from, "an earlier leg"));
            }
            StrikeSpec::Offset { width: Width::Fraction(w) | Width::Points(w), .. }
                if w.is_nan() || w <= 0.0 =>
            {
                return Err(Error::domain(format!("{at}.strike.width"), w, "positive"));
            }
            _ => {}
        }
    }
    let legs: Vec<Leg> =
        legs.iter().map(|leg| Leg { sign: leg.right.sign(), ratio: f64::from(leg.ratio) }).collect();
    if !covered && !margin::defined_risk(&legs) {
        return Err(Error::domain(
            format!("{path}.legs"),
            "net short",
            "defined risk: every short call or put needs a long one of the same right (C13)",
        ));
    }
    Ok(legs)
}

/// Credits are sought with what is sold on the index.
fn check_credit(
    at: &str,
    contract: &Contract,
    leg: &LegSpec,
    value: f64,
    within: Option<(f64, f64)>,
) -> Result<()> {
    if contract.instrument != Instrument::SpxOption || leg.ratio > 0 {
        return Err(Error::domain(format!("{at}.strike"), "by credit", "a sold option on the index"));
    }
    positive(&format!("{at}.strike.value"), value)?;
    match within {
        Some((least, most)) if !(least >= 0.0 && least <= value && value <= most && most.is_finite()) => {
            let allowed = "[least, most] with 0 <= least <= value <= most";
            Err(Error::domain(format!("{at}.strike.within"), format!("{within:?}"), allowed))
        }
        _ => Ok(()),
    }
}

/// Entries inside a session are those of index options that are sold, where there are bars.
pub(super) fn check_entry(path: &str, spec: &LayerSpec, contract: &Contract, bars: bool) -> Result<()> {
    let Some(minute) = spec.at else { return Ok(()) };
    let at = format!("{path}.at");
    if minute == 0 || minute >= MINUTES {
        return Err(Error::domain(at, minute, "a minute after the opening and before the close: 1 to 389"));
    }
    if spec.role == Role::Hedge || contract.instrument != Instrument::SpxOption {
        return Err(Error::domain(
            at,
            minute,
            "a core layer of options on the index: others open at the close",
        ));
    }
    if !bars {
        return Err(Error::domain(at, minute, "a plan with bars, or no time of entry: the close"));
    }
    Ok(())
}

/// Are there recorded quotes at a time of entry?
pub(super) fn check_quoted_at(path: &str, minute: u32, chain: &RecordedChain) -> Result<()> {
    let minutes = chain.minutes();
    if minutes.contains(&minute) {
        return Ok(());
    }
    let clock = |minute: &u32| format!("{:02}:{:02}", (OPENING + minute) / 60, (OPENING + minute) % 60);
    let known = match minutes.len() {
        0 => "closes, and none at a time inside the session".into(),
        _ => format!("closes and {}", minutes.iter().map(clock).collect::<Vec<_>>().join(", ")),
    };
    Err(Error::Spec(format!(
        "{path}.at = {}: quotes of {} are recorded at {known}: open at one of these, or no chain",
        clock(&minute),
        chain.product
    )))
}

/// Times that a target or a budget can count.
const MOST_TIMES: f64 = 100.0;

/// Bounds that ascend, and what counts where data are missing.
pub(super) fn check_weight(at: &str, weight: &WeightSpec) -> Result<()> {
    within(&format!("{at}.high"), weight.high, 0.0, MOST_TIMES)?;
    within(&format!("{at}.low"), weight.low, 0.0, weight.high)?;
    within(&format!("{at}.unknown"), weight.unknown, 0.0, MOST_TIMES)
}

/// What follows a number, or counts a part of the gains, is sized at each opening.
fn check_following(path: &str, size: &SizeSpec) -> Result<()> {
    within(&format!("{path}.size.reinvest"), size.reinvest, 0.0, 1.0)?;
    if size.weight.is_some() && size.base == SizeBase::Start {
        let allowed =
            "none with base = start, whose lots are those of the first opening: base = entry follows it";
        return Err(Error::domain(format!("{path}.size.weight"), "a weight", allowed));
    }
    if size.reinvest < 1.0 && (size.target != SizeTarget::MarginShare || size.base == SizeBase::Start) {
        let allowed = "1, or target = margin_share with base = entry: other lots do not follow NAV";
        return Err(Error::domain(format!("{path}.size.reinvest"), size.reinvest, allowed));
    }
    Ok(())
}

/// Shares are held: by a hedge, until a rule says so. A cadence opens one position after the other, and each has a slot of its
/// own: what hindsight chooses from.
pub(super) fn check_share(
    path: &str,
    spec: &LayerSpec,
    contract: &Contract,
    schedule: &Schedule,
) -> Result<()> {
    if matches!(contract.instrument, Instrument::ShareOption(_)) {
        let sells_puts = spec.legs.iter().any(|leg| leg.right == Right::Put && leg.ratio < 0);
        if spec.role != Role::Hedge || sells_puts {
            let allowed = "a hedge that sells no put: options on shares are American, and a sold put would be assigned before \
                           its end";
            return Err(Error::domain(path, format!("{:?}", spec.role), allowed));
        }
    }
    if !contract.instrument.is_share() {
        return Ok(());
    }
    if spec.role != Role::Hedge {
        return Err(Error::domain(format!("{path}.role"), "core", "hedge: shares of funds are bought"));
    }
    if spec.roll_below.is_some() || spec.after.is_some() || !spec.others.is_empty() {
        let allowed = "none of them: shares have no expiry, and one fund is no other's smaller contract";
        return Err(Error::domain(path, "roll_below, after or others", allowed));
    }
    if schedule.len() <= schedule.tradable() as usize {
        return Err(Error::Spec("schedule: shares of funds need sessions behind the last one".into()));
    }
    Ok(())
}

/// Everything about a layer that does not depend on its product.
pub(super) fn check_layer(path: &str, spec: &LayerSpec, ledgers: Option<&LedgersSpec>) -> Result<()> {
    let size = &spec.size;
    within(&format!("{path}.size.value"), size.value, 0.0, 1e9)?;
    within(&format!("{path}.size.multiplier"), size.multiplier, 0.0, 1e6)?;
    within(&format!("{path}.size.buffer"), size.buffer, 0.0, 1.0)?;
    check_following(path, size)?;
    check_progression(path, spec.progression.as_ref())?;
    let target = format!("{path}.size.target");
    if size.target == SizeTarget::MarginShare && spec.legs.iter().all(|leg| leg.ratio > 0) {
        let allowed = "a layer that sells something: bought options tie up premium, not margin";
        return Err(Error::domain(target, "margin_share", allowed));
    }
    let hedge = spec.role == Role::Hedge;
    if size.target.hedges() && !hedge {
        return Err(Error::domain(target, format!("{:?}", size.target), "a layer with role = hedge"));
    }
    if hedge && size.target == SizeTarget::MarginShare {
        return Err(Error::domain(
            target,
            "margin_share",
            "a core layer: a hedge is sized by what it hedges",
        ));
    }
    let only_core = spec.progression.is_some()
        || size.base == SizeBase::Start
        || size.buffer > 0.0
        || size.basis != SizeBasis::default();
    if hedge && only_core {
        let allowed = "none of them: they size what is sold";
        return Err(Error::domain(path, "progression, base, buffer or basis in a hedge", allowed));
    }
    let only_hedge = spec.roll_below.is_some()
        || !spec.monetise.is_empty()
        || spec.press.is_some()
        || !spec.tranches.is_empty()
        || !spec.others.is_empty()
        || spec.roll_limits.is_some()
        || spec.short.is_some()
        || !size.caps.is_empty()
        || size.reduced.is_some()
        || !size.reductions.is_empty()
        || size.band > 0.0
        || size.review;
    if !hedge && only_hedge {
        let allowed = "a layer with role = hedge";
        return Err(Error::domain(
            path,
            "roll_below, roll_limits, monetise, press, tranches, others, short, caps, reduced, band or review in a core layer",
            allowed,
        ));
    }
    if let Some(days) = spec.roll_below
        && !(1..spec.days.low).contains(&days)
    {
        let allowed = format!("1 to {}, below the nearest expiry that it opens", spec.days.low - 1);
        return Err(Error::domain(format!("{path}.roll_below"), days, allowed));
    }
    let mut sold = 0.0;
    for (index, rung) in spec.monetise.iter().enumerate() {
        let at = format!("{path}.monetise[{index}]");
        positive(&format!("{at}.at"), rung.at)?;
        within(&format!("{at}.sell"), rung.sell, 0.0, 1.0)?;
        sold += rung.sell;
        if index > 0 && rung.at <= spec.monetise[index - 1].at {
            return Err(Error::domain(format!("{at}.at"), rung.at, "above the rung before it"));
        }
    }
    if let Some(press) = &spec.press {
        positive(&format!("{path}.press.at"), press.at)?;
        within(&format!("{path}.press.sell"), press.sell, 0.0, 1.0)?;
        sold += press.sell;
    }
    within(&format!("{path}.monetise and press: shares in all"), sold, 0.0, 1.0 + 1e-9)?;
    check_tranches(path, spec)?;
    check_others(path, spec)?;
    check_roll(path, spec)?;
    for (index, cap) in size.caps.iter().enumerate() {
        let at = format!("{path}.size.caps[{index}]");
        match *cap {
            Cap::Budget if ledgers.and_then(|l| l.budget_per_year).is_none() => {
                return Err(Error::domain(at, "budget", "a book with ledgers.budget_per_year"));
            }
            Cap::Budget => {}
            Cap::LayerBudget { per_year } => positive(&format!("{at}.per_year"), per_year)?,
            Cap::Premium { share } => positive(&format!("{at}.share"), share)?,
            Cap::CrashGain { ln_move } => within(&format!("{at}.ln_move"), ln_move, -1.0, -1e-6)?,
        }
    }
    if let Some(reduced) = &size.reduced {
        within(&format!("{path}.size.reduced.to"), reduced.to, 0.0, 1.0)?;
    }
    for (index, reduced) in size.reductions.iter().enumerate() {
        within(&format!("{path}.size.reductions[{index}].to"), reduced.to, 0.0, 1.0)?;
    }
    within(&format!("{path}.size.band"), size.band, 0.0, 0.99)?;
    if size.band > 0.0 && size.target == SizeTarget::PremiumShare {
        let allowed = "0 with premium_share: each opening is its own, nothing held is counted";
        return Err(Error::domain(format!("{path}.size.band"), size.band, allowed));
    }
    if size.review && !size.target.reviewed() {
        let allowed = "false with this target: threatened_delta is measured by what is on offer at an opening, and with \
                       premium_share each opening is its own";
        return Err(Error::domain(format!("{path}.size.review"), format!("{:?}", size.target), allowed));
    }
    if size.target == SizeTarget::CoreMaxLoss && !spec.legs.is_empty() {
        let allowed = "a future: options have core_notional, their premium over the same loss";
        return Err(Error::domain(format!("{path}.size.target"), "core_max_loss", allowed));
    }
    Ok(())
}

/// Most tranches of a layer: each is a bit.
const MOST_TRANCHES: usize = 16;

/// Parts of one target, the first by the rule of the layer and the others by their own.
fn check_tranches(path: &str, spec: &LayerSpec) -> Result<()> {
    if spec.tranches.is_empty() {
        return Ok(());
    }
    let at = format!("{path}.tranches");
    if spec.every != Every::Flat {
        return Err(Error::domain(
            at,
            format!("{:?}", spec.every),
            "a flat layer: a cadence opens by itself",
        ));
    }
    if spec.tranches.len() > MOST_TRANCHES {
        return Err(Error::domain(at, spec.tranches.len(), format!("at most {MOST_TRANCHES}")));
    }
    if spec.size.target == SizeTarget::PremiumShare {
        let allowed = "a target that counts what the layer holds";
        return Err(Error::domain(at, "premium_share", allowed));
    }
    let mut shares = 0.0;
    for (index, tranche) in spec.tranches.iter().enumerate() {
        positive(&format!("{at}[{index}].share"), tranche.share)?;
        shares += tranche.share;
        if tranche.when.is_some() != (index > 0) {
            let allowed = "a rule for each tranche but the first, which opens by enter";
            return Err(Error::domain(format!("{at}[{index}].when"), tranche.when.is_some(), allowed));
        }
    }
    within(&format!("{at}: shares in all"), shares, 0.0, 1.0 + 1e-9)
}

/// Other packages: contracts that are preferred from some lots on, or options of another tenor.
fn check_others(path: &str, spec: &LayerSpec) -> Result<()> {
    for (index, other) in spec.others.iter().enumerate() {
        let at = format!("{path}.others[{index}]");
        match other.prefer {
            PreferSpec::Lots { least } => within(&format!("{at}.prefer.least"), least, 1.0, 1e9)?,
            PreferSpec::ThetaPerVega { .. } if spec.legs.is_empty() => {
                let allowed = "options: a future has no time value";
                return Err(Error::domain(format!("{at}.prefer"), "theta_per_vega", allowed));
            }
            PreferSpec::ThetaPerVega { .. } => {}
        }
        if let Some(below) = spec.roll_below
            && other.days.low <= below
        {
            let allowed = format!("above roll_below = {below}");
            return Err(Error::domain(format!("{at}.days.low"), other.days.low, allowed));
        }
    }
    Ok(())
}

/// The short leg of a diagonal: a nearer expiry, at most a lot for a lot, against one VIX call (the rule that longs
/// cover shorts of a nearer expiry is that of options on one index).
pub(super) fn check_short(
    path: &str,
    spec: &LayerSpec,
    short: &ShortSpec,
    contract: &Contract,
) -> Result<()> {
    let one_call = matches!(spec.legs[..], [LegSpec { right: Right::Call, ratio: 1, .. }]);
    if contract.instrument != Instrument::VixOption || !one_call {
        return Err(Error::domain(path, &spec.product, "of a layer that buys one VIX call"));
    }
    if !spec.others.is_empty() || spec.at.is_some() {
        let allowed = "none of them: a short leg is covered by the package of its own layer";
        return Err(Error::domain(path, "others or at beside it", allowed));
    }
    if short.days.target >= spec.days.target {
        let allowed = format!("nearer than {} days, those of the call that covers it", spec.days.target);
        return Err(Error::domain(format!("{path}.days"), short.days.target, allowed));
    }
    if !matches!(
        short.strike,
        StrikeSpec::Delta { .. } | StrikeSpec::Offset { from: 0, width: Width::Points(_) }
    ) {
        let allowed = "by delta, or an offset in points from the strike of the call that covers it";
        return Err(Error::domain(format!("{path}.strike"), format!("{:?}", short.strike), allowed));
    }
    positive(&format!("{path}.share"), short.share)?;
    within(&format!("{path}.share"), short.share, 0.0, 1.0)?;
    within(&format!("{path}.least_kept"), short.least_kept, 0.0, 1.0)
}

/// Limits of a roll that replaces what it sells.
fn check_roll(path: &str, spec: &LayerSpec) -> Result<()> {
    let Some(RollLimits { extrinsic_per_day, forward_variance }) = spec.roll_limits else { return Ok(()) };
    let at = format!("{path}.roll_limits");
    if spec.roll_below.is_none() || spec.every != Every::Flat {
        let allowed = "a flat layer with roll_below: elsewhere nothing is bought in place of what is sold";
        return Err(Error::domain(at, format!("{:?}", spec.every), allowed));
    }
    if extrinsic_per_day.is_none() && forward_variance.is_none() {
        let allowed = "extrinsic_per_day, forward_variance or both";
        return Err(Error::domain(at, "no limit", allowed));
    }
    if extrinsic_per_day.is_some() && spec.legs.is_empty() {
        let allowed = "forward_variance: a future has no time value";
        return Err(Error::domain(format!("{at}.extrinsic_per_day"), "of a future", allowed));
    }
    for (name, limit) in [("extrinsic_per_day", extrinsic_per_day), ("forward_variance", forward_variance)] {
        if let Some(limit) = limit {
            positive(&format!("{at}.{name}"), limit)?;
        }
    }
    Ok(())
}

/// A sleeve between nothing and everything, and transfers between two different ledgers.
pub(super) fn check_ledgers(arm: &str, ledgers: Option<&LedgersSpec>) -> Result<()> {
    let Some(ledgers) = ledgers else { return Ok(()) };
    within(&format!("{arm}.ledgers.sleeve_share"), ledgers.sleeve_share, 0.0, 1.0)?;
    if let Some(budget) = ledgers.budget_per_year {
        within(&format!("{arm}.ledgers.budget_per_year"), budget, 0.0, 1.0)?;
    }
    for (index, transfer) in ledgers.transfers.iter().enumerate() {
        let at = format!("{arm}.ledgers.transfers[{index}]");
        within(&format!("{at}.share"), transfer.share, 0.0, 1.0)?;
        if transfer.from == transfer.to || ledgers.mode != LedgerMode::Separate {
            let allowed = "from one ledger to the other of a separate book";
            return Err(Error::domain(at, format!("{:?} to {:?}", transfer.from, transfer.to), allowed));
        }
    }
    Ok(())
}

/// Cash from outside exactly where it is added, and spreads that ascend from a VIX of 0.
pub(super) fn check_calls(arm: &str, calls: &CallsSpec) -> Result<()> {
    let at = |field: &str| format!("{arm}.calls.{field}");
    within(&at("outside"), calls.outside, 0.0, 1e3)?;
    if (calls.policy == CallPolicy::AddCash) != (calls.outside > 0.0) {
        let allowed = "a share of the capital above 0 with policy = add_cash, and 0 with any other";
        return Err(Error::domain(at("outside"), calls.outside, allowed));
    }
    let rungs = &calls.half_spreads;
    let ascending = rungs.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let sound = rungs.iter().all(|(_, factor)| (0.0..=100.0).contains(factor));
    if !ascending || !sound || rungs.first().is_some_and(|(from, _)| *from != 0.0) {
        let allowed = "[VIX, factor] pairs, ascending from a VIX of 0, factors between 0 and 100";
        return Err(Error::domain(at("half_spreads"), format!("{rungs:?}"), allowed));
    }
    Ok(())
}

/// A fall, a share, and a warning that comes no later than the block.
pub(super) fn check_liquidity(arm: &str, rule: Option<&LiquiditySpec>) -> Result<()> {
    let Some(rule) = rule else { return Ok(()) };
    let at = |field: &str| format!("{arm}.liquidity.{field}");
    within(&at("haircut"), rule.haircut, 0.0, 1.0)?;
    within(&at("ln_move"), rule.ln_move, -1.0, 1.0)?;
    within(&at("block"), rule.block, 0.0, 1e3)?;
    within(&at("warn"), rule.warn, rule.block, 1e3)
}

/// Rungs that ascend, from 0 where something must hold everywhere.
pub(super) fn check_contract(
    product: &str,
    row: &ContractSpec,
    contracts: &BTreeMap<String, ContractSpec>,
) -> Result<()> {
    let at = |field: &str| format!("contracts.{product}.{field}");
    positive(&at("index_fraction"), row.index_fraction)?;
    positive(&at("multiplier"), row.multiplier)?;
    within(&at("exchange_fee"), row.exchange_fee, 0.0, 1e3)?;
    within(&at("half_spread.scale"), row.half_spread.scale, 0.0, 10.0)?;
    within(&at("half_spread.power"), row.half_spread.power, 0.0, 2.0)?;
    let (future, share) = (row.kind == Kind::Future, row.kind == Kind::Share);
    if row.kind != Kind::Option && row.underlying == Underlying::Spx {
        let allowed = "option on SPX; options, futures and shares of funds on VIX";
        return Err(Error::domain(at("kind"), format!("{:?}", row.kind), allowed));
    }
    if share != row.fund.is_some() {
        return Err(Error::Spec(format!("{}: what shares are of, and of nothing else", at("fund"))));
    }
    if let Some(fund) = row.fund {
        fund.check(&at("fund"))?;
    }
    if let Some(on) = &row.on {
        let fund = contracts.get(on).and_then(|row| row.fund);
        if row.kind != Kind::Option || row.underlying != Underlying::Vix {
            return Err(Error::domain(at("on"), on, "of options on shares of a fund of VIX futures alone"));
        }
        if fund.is_none_or(|fund| fund.leverage <= 0.0) {
            let allowed = "a product of the contract table that is shares of a fund with a leverage above 0";
            return Err(Error::domain(at("on"), on, allowed));
        }
        if row.settlement != Settlement::Close || row.index_fraction != 1.0 {
            let allowed = "PM, with index_fraction = 1: shares are delivered at their close";
            return Err(Error::domain(at("settlement"), format!("{:?}", row.settlement), allowed));
        }
    }
    within(&at("stress"), row.stress, 0.0, if future { 1.0 } else { 0.0 })?;
    let rungs = [
        ("ticks", &row.ticks, true),
        ("strike_steps", &row.strike_steps, row.kind == Kind::Option),
        ("half_spread.floors", &row.half_spread.floors, false),
        ("margin", &row.margin, future),
        ("margin_stress", &row.margin_stress, false),
    ];
    for (field, rungs, needed) in rungs {
        let ascending = rungs.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let least = if field == "half_spread.floors" { 0.0 } else { f64::MIN_POSITIVE };
        let sound = rungs.iter().all(|(from, value)| *from >= 0.0 && *value >= least && value.is_finite());
        if !ascending || !sound || (needed && rungs.first().is_none_or(|(from, _)| *from != 0.0)) {
            let allowed = "[from, value] pairs, ascending from 0, values above 0 (floors: 0 or more)";
            return Err(Error::domain(at(field), format!("{rungs:?}"), allowed));
        }
    }
    Ok(())
}

fn check_progression(path: &str, rule: Option<&ProgressionSpec>) -> Result<()> {
    let Some(rule) = rule else { return Ok(()) };
    within(&format!("{path}.progression.max_doublings"), f64::from(rule.max_doublings), 0.0, 40.0)?;
    if rule.max_lots == Some(0) {
        return Err(Error::domain(format!("{path}.progression.max_lots"), 0, "at least 1"));
    }
    if let Some(share) = rule.max_margin_share {
        positive(&format!("{path}.progression.max_margin_share"), share)?;
    }
    Ok(())
}

/// What a book begins with: layers that it has, legs that they have, ledgers that it has.
pub(super) fn check_begins(spec: &BookSpec, begins: &BeginsSpec) -> Result<()> {
    let at = format!("{}.begins", spec.arm);
    for (ledger, cash) in begins.cash.into_iter().enumerate() {
        let separate = spec.ledgers.as_ref().is_some_and(|ledgers| ledgers.mode == LedgerMode::Separate);
        if !cash.is_finite() || (ledger == 1 && !separate && cash != 0.0) {
            return Err(Error::domain(
                format!("{at}.cash"),
                cash,
                "dollars; 0 in the sleeve of an arm with one ledger",
            ));
        }
    }
    if !(begins.committed >= 0.0 && begins.committed.is_finite()) {
        return Err(Error::domain(format!("{at}.committed"), begins.committed, "dollars, 0 or more"));
    }
    for (index, held) in begins.positions.iter().enumerate() {
        let at = format!("{at}.positions[{index}]");
        let Some(legs) = spec.layers.get(held.layer).map(|layer| &layer.legs) else {
            return Err(Error::domain(
                format!("{at}.layer"),
                held.layer,
                format!("0 to {}", spec.layers.len() - 1),
            ));
        };
        let others = spec.layers[held.layer].others.len();
        let packages = others + usize::from(spec.layers[held.layer].short.is_some());
        if held.other > packages {
            return Err(Error::domain(format!("{at}.other"), held.other, format!("0 to {packages}")));
        }
        check_covered(&at, &begins.positions, index, held.other > others)?;
        if held.strikes.len() != legs.len() || held.strikes.iter().any(|k| !(*k > 0.0 && k.is_finite())) {
            let allowed = format!("{} above 0, one per leg", legs.len());
            return Err(Error::domain(format!("{at}.strikes"), format!("{:?}", held.strikes), allowed));
        }
        for (name, lots, least) in [("lots", held.lots, 1.0), ("entry_lots", held.entry_lots, held.lots)] {
            if !(lots >= least && lots.fract() == 0.0 && lots.is_finite()) {
                return Err(Error::domain(
                    format!("{at}.{name}"),
                    lots,
                    format!("whole lots, at least {least}"),
                ));
            }
        }
        if !(held.credit.is_finite() && held.entry_value.is_finite()) {
            return Err(Error::domain(
                format!("{at}.credit"),
                held.credit,
                "a finite number, as entry_value",
            ));
        }
        let parts = spec.layers[held.layer].tranches.len();
        if let Some(part) = held.parts.iter().find(|part| !(1..=parts).contains(*part)) {
            let allowed = match parts {
                0 => "none: the layer is not bought in parts".into(),
                _ => format!("parts of the layer, 1 to {parts}"),
            };
            return Err(Error::domain(format!("{at}.parts"), part, allowed));
        }
        if held.entry_spot.is_some_and(|spot| !(spot > 0.0 && spot.is_finite())) {
            return Err(Error::domain(format!("{at}.entry_spot"), held.entry_spot.unwrap_or(0.0), "above 0"));
        }
    }
    Ok(())
}

/// What is sold against a position is covered by it, lot for lot, by itself alone and as long as it lives.
fn check_covered(at: &str, positions: &[HeldSpec], index: usize, sold: bool) -> Result<()> {
    let held = &positions[index];
    let at = format!("{at}.covered_by");
    let Some(by) = held.covered_by else {
        let allowed = "the position that covers what is sold";
        return if sold { Err(Error::domain(at, "absent", allowed)) } else { Ok(()) };
    };
    let same = positions.iter().filter(|other| other.covered_by == Some(by)).count();
    let covers = positions.get(by).is_some_and(|long| {
        long.layer == held.layer && long.other == 0 && long.lots >= held.lots && long.expiry >= held.expiry
    });
    if !sold || !covers || same > 1 {
        let allowed = "of a short leg alone, and each another position of its layer with as many lots, that expires no earlier";
        return Err(Error::domain(at, by, allowed));
    }
    Ok(())
}

/// Positions belong to one book and one session 0, and outlive it.
pub(super) fn check_begun(books: &[BookSpec], schedule: &Schedule, starts: &[u32]) -> Result<()> {
    let Some((book, begins)) = books.iter().find_map(|book| Some((book, book.begins.as_ref()?))) else {
        return Ok(());
    };
    if books.len() > 1 || starts.len() > 1 {
        let problem =
            format!("{}.begins: positions are those of one book at one start, and there are", book.arm);
        return Err(Error::Spec(format!("{problem} {} books and {} starts", books.len(), starts.len())));
    }
    let start = starts.first().copied().unwrap_or(schedule.origin());
    let last = u32::try_from(schedule.len()).unwrap_or(u32::MAX) - 1;
    let threatened = book.layers.iter().any(|layer| layer.size.target == SizeTarget::ThreatenedDelta);
    for (index, held) in begins.positions.iter().enumerate() {
        let at = format!("{}.begins.positions[{index}]", book.arm);
        if held.expiry <= start || held.expiry > last {
            let allowed = format!("a session after the start, {} to {last}", start + 1);
            return Err(Error::domain(format!("{at}.expiry"), held.expiry, allowed));
        }
        let unseen = held.age > 0 && (starts.is_empty() || held.age > start);
        if unseen && threatened && book.layers[held.layer].role == Role::Core {
            let allowed =
                "sessions within the record: a hedge of this arm is sized by deltas at the opening (R24)";
            return Err(Error::domain(format!("{at}.age"), held.age, allowed));
        }
    }
    Ok(())
}
