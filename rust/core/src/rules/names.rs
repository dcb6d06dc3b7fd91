//! Where a name is registered: what a rule may speak of, in which scope, in what unit, from which source.
//!
//! A new name is one variant of [`Name`] and one row of [`NAMES`]; the engine's `match` over the names that it fills
//! then does not compile until the name is filled too.

use super::nearest::nearest;

/// Where a rule is evaluated, and so which names it sees. Each scope sees those before it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One value per path: the market.
    Market,
    /// One value per path and book.
    Book,
    /// One value per path and open position.
    Position,
}

impl Scope {
    /// Every scope, narrowest first.
    pub const ALL: [Self; 3] = [Self::Market, Self::Book, Self::Position];

    /// The word used in messages and by the binding.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Book => "book",
            Self::Position => "position",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// May a rule compiled in this scope use names of the other one?
    pub fn sees(self, other: Self) -> bool {
        other <= self
    }
}

/// A registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// `spot`.
    Spot,
    /// `vix`.
    Vix,
    /// `rate`.
    Rate,
    /// `dividend_yield`.
    DividendYield,
    /// `session`.
    Session,
    /// `vix_forward`.
    VixForward,
    /// `chance`.
    Chance,
    /// `rsi_14`.
    Rsi14,
    /// `realised_vol_21`.
    RealisedVol21,
    /// `drawdown`.
    Drawdown,
    /// `return_1`.
    Return1,
    /// `macd`.
    Macd,
    /// `macd_signal`.
    MacdSignal,
    /// `vix_percentile_252`.
    VixPercentile252,
    /// `volatility_band`.
    VolatilityBand,
    /// `vix_contango`.
    VixContango,
    /// `vx_m1_m2`.
    VxM1M2,
    /// `roll_yield`.
    RollYield,
    /// `vix_term`.
    VixTerm,
    /// `distance_to_resistance`.
    DistanceToResistance,
    /// `rsi_14_weekly`.
    Rsi14Weekly,
    /// `macd_weekly`.
    MacdWeekly,
    /// `macd_signal_weekly`.
    MacdSignalWeekly,
    /// `market_beta`.
    MarketBeta,
    /// `days_to_fomc`.
    DaysToFomc,
    /// `days_to_cpi`.
    DaysToCpi,
    /// `days_to_ppi`.
    DaysToPpi,
    /// `weekday`.
    Weekday,
    /// `nav`.
    Nav,
    /// `nav_share`.
    NavShare,
    /// `margin_share`.
    MarginShare,
    /// `sleeve_nav_share`.
    SleeveNavShare,
    /// `core_challenge`.
    CoreChallenge,
    /// `core_loss_multiple`.
    CoreLossMultiple,
    /// `core_sd_move`.
    CoreSdMove,
    /// `core_delta`.
    CoreDelta,
    /// `core_gamma`.
    CoreGamma,
    /// `core_vega`.
    CoreVega,
    /// `core_theta`.
    CoreTheta,
    /// `core_gamma_percentile`.
    CoreGammaPercentile,
    /// `core_theta_acceleration`.
    CoreThetaAcceleration,
    /// `core_extrinsic_share`.
    CoreExtrinsicShare,
    /// `return_on_margin`.
    ReturnOnMargin,
    /// `credit`.
    Credit,
    /// `mark`.
    Mark,
    /// `profit`.
    Profit,
    /// `loss`.
    Loss,
    /// `days_to_expiry`.
    DaysToExpiry,
    /// `sessions_to_expiry`.
    SessionsToExpiry,
    /// `sessions_held`.
    SessionsHeld,
    /// `entry_spot`.
    EntrySpot,
    /// `breakeven_challenge`.
    BreakevenChallenge,
    /// `sd_move`.
    SdMove,
    /// `gamma_percentile`.
    GammaPercentile,
    /// `theta_acceleration`.
    ThetaAcceleration,
    /// `extrinsic_share`.
    ExtrinsicShare,
    /// `extrinsic_per_day`.
    ExtrinsicPerDay,
}

/// A row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The variant.
    pub name: Name,
    /// As written in rules.
    pub text: &'static str,
    /// Unit of the column.
    pub unit: &'static str,
    /// Who sees it.
    pub scope: Scope,
    /// Requirement, or where the definition comes from.
    pub source: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Sessions of data wanted before session 0; 0 for names that are not computed from the past.
    pub warm_up: u32,
}

/// Sessions after which Wilder's average has forgotten how it was started: (13/14)^86 < 0.2%.
const RSI_SETTLED: u32 = 100;
/// Sessions after which the slower average of the MACD has forgotten how it was started: 26, and (25/27)^84 < 0.2%.
const MACD_SETTLED: u32 = 110;
/// 35 of the MACD's own sessions later its average has settled, too: 9, and (8/10)^28 < 0.2%.
const MACD_SIGNAL_SETTLED: u32 = MACD_SETTLED + 35;
/// Sessions in a trading year, less this one.
const YEAR_BEFORE: u32 = 251;
/// Log returns in the window of `realised_vol_21`.
const MONTH: u32 = 21;
/// Sessions before this one among which `distance_to_resistance` looks for the high: 60 with this one.
const QUARTER_BEFORE: u32 = 59;
/// Returns in the window of `market_beta`.
const QUARTER: u32 = 60;
/// Most sessions of a week.
const WEEK: u32 = 5;

/// The registry, in the order of [`Name`].
#[rustfmt::skip]
pub static NAMES: [Entry; 57] = {
    const fn row(
        name: Name, text: &'static str, unit: &'static str, scope: Scope, warm_up: u32, source: &'static str, doc: &'static str,
    ) -> Entry {
        Entry { name, text, unit, scope, source, doc, warm_up }
    }
    use Scope::{Book, Market, Position};
    [
        row(Name::Spot, "spot", "index points", Market, 0, "market", "The underlying index at the close."),
        row(Name::Vix, "vix", "vol points", Market, 0, "market", "The VIX at the close: 16 means 16% a year."),
        row(Name::Rate, "rate", "per year", Market, 0, "market", "The bill rate, continuously compounded, as a decimal."),
        row(Name::DividendYield, "dividend_yield", "per year", Market, 0, "market", "The index's dividend yield, continuously compounded, as a decimal."),
        row(Name::Session, "session", "sessions", Market, 0, "schedule", "Sessions since the start: 0 at the start."),
        row(Name::VixForward, "vix_forward", "vol points", Market, 0, "market", "The VX future of constant 30 days."),
        row(Name::Chance, "chance", "0 to 1", Market, 0, "R19", "A uniform draw of its own per path and session, for placebos; missing before the start."),
        row(Name::Rsi14, "rsi_14", "0 to 100", Market, RSI_SETTLED, "R76", "Wilder's relative strength index of the spot over 14 sessions."),
        row(Name::RealisedVol21, "realised_vol_21", "per year", Market, MONTH, "variance swaps", "Realised volatility of the spot over 21 sessions, as a decimal: 0.16, where the VIX says 16."),
        row(Name::Drawdown, "drawdown", "fraction", Market, 0, "R16", "Fall of the spot from its running maximum, 0 or more: 0.05 is 5% below."),
        row(Name::Return1, "return_1", "fraction", Market, 1, "R27", "Change of the spot from the session before: -0.02 is a fall of 2%."),
        row(Name::Macd, "macd", "index points", Market, MACD_SETTLED, "R76", "Exponential mean of the spot over 12 sessions less that over 26."),
        row(Name::MacdSignal, "macd_signal", "index points", Market, MACD_SIGNAL_SETTLED, "R76", "Exponential mean of macd over 9 sessions."),
        row(Name::VixPercentile252, "vix_percentile_252", "0 to 100", Market, YEAR_BEFORE, "R76", "Share of the 251 sessions before in which the VIX was lower."),
        row(Name::VolatilityBand, "volatility_band", "0 to 5", Market, 0, "R40", "Band of the VIX: 0 below 15, 1 from 15, 2 from 20, 3 from 25, 4 from 28, 5 above 35."),
        row(Name::VixContango, "vix_contango", "fraction", Market, 0, "R37", "vix_forward / vix - 1: above 0 a long future rolls down to the VIX, below 0 up."),
        row(Name::VxM1M2, "vx_m1_m2", "ratio", Market, 0, "R37", "The second listed VX future over the first, of those that settle on a later session: above 1 in contango."),
        row(Name::RollYield, "roll_yield", "per year", Market, 0, "R37", "What a long first listed VX future would earn a year if the VIX stayed: (vix / future - 1) * 365 / days; below 0 in contango."),
        row(Name::VixTerm, "vix_term", "ratio", Market, 0, "R37", "Implied volatility of 93 days over the VIX, both of the model's variance curve: above 1 where it rises."),
        row(Name::DistanceToResistance, "distance_to_resistance", "fraction", Market, QUARTER_BEFORE, "R84", "How far the spot lies below its highest close of 60 sessions, this one included: 0 at the high."),
        row(Name::Rsi14Weekly, "rsi_14_weekly", "0 to 100", Market, WEEK * RSI_SETTLED, "R55", "rsi_14 over the last closes of 14 weeks, as it stood at the last one."),
        row(Name::MacdWeekly, "macd_weekly", "index points", Market, WEEK * MACD_SETTLED, "R55", "macd over the last closes of weeks, as it stood at the last one."),
        row(Name::MacdSignalWeekly, "macd_signal_weekly", "index points", Market, WEEK * MACD_SIGNAL_SETTLED, "R55", "macd_signal over the last closes of weeks, as it stood at the last one."),
        row(Name::MarketBeta, "market_beta", "multiple", Market, QUARTER, "C7", "Slope of the spot's daily log returns on those of the signal broad_index over 60 sessions; missing where it was not given."),
        row(Name::DaysToFomc, "days_to_fomc", "calendar days", Market, 0, "R56", "Calendar days to the next FOMC decision, 0 on its day; missing where the calendar has none."),
        row(Name::DaysToCpi, "days_to_cpi", "calendar days", Market, 0, "R28", "Calendar days to the next release of the CPI, 0 on its day; missing where the calendar has none."),
        row(Name::DaysToPpi, "days_to_ppi", "calendar days", Market, 0, "R28", "Calendar days to the next release of the PPI, 0 on its day; missing where the calendar has none."),
        row(Name::Weekday, "weekday", "1 to 5", Market, 0, "schedule", "Day of the week: 1 on Mondays, 5 on Fridays."),
        row(Name::Nav, "nav", "US dollars", Book, 0, "ledger", "Net asset value of the book: cash and marks."),
        row(Name::NavShare, "nav_share", "fraction", Book, 0, "ledger", "Net asset value over the capital at the start."),
        row(Name::MarginShare, "margin_share", "fraction", Book, 0, "R4", "Margin requirement over net asset value."),
        row(Name::SleeveNavShare, "sleeve_nav_share", "fraction", Book, 0, "R60", "Net asset value of the hedge sleeve over the capital at the start; missing without a sleeve."),
        row(Name::CoreChallenge, "core_challenge", "fraction", Book, 0, "R49", "The largest breakeven_challenge of the core tranches that the book holds; missing while it holds none."),
        row(Name::CoreLossMultiple, "core_loss_multiple", "multiple", Book, 0, "R24", "The largest loss of a core tranche as a multiple of its credit."),
        row(Name::CoreSdMove, "core_sd_move", "standard deviations", Book, 0, "R27", "The largest move of the spot since the entry of a core tranche, in standard deviations to its expiry as seen then."),
        row(Name::CoreDelta, "core_delta", "US dollars", Book, 0, "R24", "What the core gains where the spot rises by one point, forwards with it and volatilities unchanged; 0 while it holds none."),
        row(Name::CoreGamma, "core_gamma", "US dollars", Book, 0, "R54", "What core_delta gains where the spot rises by one point; below 0 for what is sold."),
        row(Name::CoreVega, "core_vega", "US dollars", Book, 0, "R22", "What the core gains where the VIX rises by one point and its factors follow; below 0 for what is sold; missing where the VIX never moves."),
        row(Name::CoreTheta, "core_theta", "US dollars", Book, 0, "R84", "What the core gains in a session in which nothing but time passes."),
        row(Name::CoreGammaPercentile, "core_gamma_percentile", "0 to 100", Book, 0, "R54", "The largest gamma_percentile of the core tranches that the book holds; missing while it holds none."),
        row(Name::CoreThetaAcceleration, "core_theta_acceleration", "multiple", Book, 0, "R84", "The largest theta_acceleration of a core tranche."),
        row(Name::CoreExtrinsicShare, "core_extrinsic_share", "fraction", Book, 0, "R84", "The smallest extrinsic_share of a core tranche."),
        row(Name::ReturnOnMargin, "return_on_margin", "per year", Book, 0, "R69", "What all layers earned in the last 252 sessions, interest not counted, over their mean margin requirement: one over capital per cash flow; missing before and where nothing was required."),
        row(Name::Credit, "credit", "index points", Position, 0, "ledger", "Received per unit at the entry, net of fill slippage; negative where a debit was paid."),
        row(Name::Mark, "mark", "index points", Position, 0, "ledger", "Cost per unit to close at mid prices; negative where closing would bring in money."),
        row(Name::Profit, "profit", "index points", Position, 0, "ledger", "credit - mark."),
        row(Name::Loss, "loss", "index points", Position, 0, "ledger", "mark - credit."),
        row(Name::DaysToExpiry, "days_to_expiry", "calendar days", Position, 0, "schedule", "Calendar days to the expiry."),
        row(Name::SessionsToExpiry, "sessions_to_expiry", "sessions", Position, 0, "schedule", "Sessions to the expiry: 0 on the last one."),
        row(Name::SessionsHeld, "sessions_held", "sessions", Position, 0, "schedule", "Sessions since the position was filled."),
        row(Name::EntrySpot, "entry_spot", "index points", Position, 0, "R49", "The spot at the fill, S0."),
        row(Name::BreakevenChallenge, "breakeven_challenge", "fraction", Position, 0, "R49", "|S - S0| / |BE - S0| toward the threatened side: 1 at the break-even."),
        row(Name::SdMove, "sd_move", "standard deviations", Position, 0, "R27", "Move of the spot since the fill, in standard deviations to the expiry as seen then; missing for VIX products."),
        row(Name::GammaPercentile, "gamma_percentile", "0 to 100", Position, 0, "R54", "Share of its sessions before this one in which the position's |gamma| was lower; missing at the fill and for VIX products."),
        row(Name::ThetaAcceleration, "theta_acceleration", "multiple", Position, 0, "R84", "The position's time decay over that at the fill; below 0 once what earned time value pays it; missing for VIX products."),
        row(Name::ExtrinsicShare, "extrinsic_share", "fraction", Position, 0, "R84", "Time value left, mark less payoff at the spot, over credit; missing for VIX products."),
        row(Name::ExtrinsicPerDay, "extrinsic_per_day", "index points", Position, 0, "R84", "Time value left per calendar day to the expiry: what a seller still earns a day; missing for VIX products."),
    ]
};

impl Name {
    /// The row of the registry.
    pub fn entry(self) -> &'static Entry {
        &NAMES[self as usize]
    }

    /// As written in rules.
    pub fn as_str(self) -> &'static str {
        self.entry().text
    }

    /// Is the column computed by an [`super::indicator::Indicator`]?
    pub fn is_indicator(self) -> bool {
        super::indicator::indicator(self.as_str()).is_some()
    }

    /// The kind of event that the name counts the days to, as the calendar calls it.
    pub fn event(self) -> Option<&'static str> {
        self.as_str().strip_prefix("days_to_").filter(|event| *event != "expiry")
    }

    /// The name, if a rule in the scope may use it; otherwise what to say.
    ///
    /// Where there is no position, `breakeven_challenge` is that of the core: an entry can ask for it by the same name.
    pub fn resolve(text: &str, scope: Scope) -> Result<Self, String> {
        if scope == Scope::Book && text == Self::BreakevenChallenge.as_str() {
            return Ok(Self::CoreChallenge);
        }
        match NAMES.iter().find(|entry| entry.text == text) {
            Some(entry) if scope.sees(entry.scope) => Ok(entry.name),
            Some(entry) => Err(format!(
                "a rule of the {} does not see this name of the {}; it knows {}",
                scope.as_str(),
                entry.scope.as_str(),
                known(scope)
            )),
            None => {
                let hint = nearest(text, in_scope(scope).map(Self::as_str));
                let hint = hint
                    .map(|word| {
                        format!(" (did you mean {word}? A signal of your own is written own({text}))")
                    })
                    .unwrap_or_default();
                Err(format!("unknown name{hint}; a rule of the {} knows {}", scope.as_str(), known(scope)))
            }
        }
    }
}

/// The names that a rule compiled in the scope may use.
pub fn in_scope(scope: Scope) -> impl Iterator<Item = Name> {
    NAMES.iter().filter(move |entry| scope.sees(entry.scope)).map(|entry| entry.name)
}

fn known(scope: Scope) -> String {
    in_scope(scope).map(Name::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_is_in_the_order_of_the_enum() {
        for (index, entry) in NAMES.iter().enumerate() {
            assert_eq!(entry.name as usize, index, "{}", entry.text);
            assert_eq!(Name::resolve(entry.text, Scope::Position), Ok(entry.name));
        }
    }

    #[test]
    fn messages_name_the_scope_and_the_nearest_name() {
        let outside = Name::resolve("profit", Scope::Market).unwrap_err();
        assert!(outside.contains("a rule of the market does not see this name of the position"), "{outside}");
        let slip = Name::resolve("days_to_expiri", Scope::Position).unwrap_err();
        assert!(slip.contains("did you mean days_to_expiry?") && slip.contains("margin_share"), "{slip}");
    }
}
