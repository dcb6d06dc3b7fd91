"""`market.ChainHistory`: a naive ledger agrees, what is missing is counted, and refusals say the mend."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import alvh as av
from alvh import chain, margin, schedule
from alvh.contracts import contract
from alvh.errors import AlvhError, HistoryError
from alvh.market import L3F, ChainHistory
from alvh.playbook import Size

RATE, DIVIDEND = 0.04, 0.013
CAPITAL = 1_000_000.0
DAYS = schedule.sessions(date(2024, 3, 1), date(2024, 4, 5))
LEGS = (("P", -1), ("P", 1), ("C", -1), ("C", 1))
SIGN = {"P": -1, "C": 1}
DELTA, WIDTH, LOTS = 0.16, 0.01, 3.0
ROW = contract("SPXW")


def closes() -> pl.DataFrame:
    n = np.arange(len(DAYS))
    spot = 5100 * np.exp(np.cumsum(0.006 * np.sin(1.7 * n) + 0.001))
    return pl.DataFrame({"date": DAYS, "spx": spot, "vix": 17 + 4 * np.sin(0.9 * n)})


@pytest.fixture(scope="module")
def quotes() -> pl.DataFrame:
    """A chain a day, of the model's smile at that day's SPX and VIX: Fridays of SPXW to 36 days."""
    days = [
        chain.synthetic(day, market=L3F(spot=spot, vix=vix, rate=RATE), longest=36)
        for day, spot, vix in closes().iter_rows()
    ]
    fridays = schedule.listed_expiries("SPXW", DAYS[0], date(2024, 5, 31))
    near = pl.col("strike").is_between(4300, 5900)
    return pl.concat(days).filter(near, pl.col("expiration").is_in(fridays), root="SPXW")


def replay(quotes: pl.DataFrame, **options) -> ChainHistory:
    return ChainHistory(quotes, closes=closes(), rate=RATE, dividend_yield=DIVIDEND, **options)


def arm(**core) -> av.Arm:
    size = Size(target="lots", value=LOTS)
    return av.Arm("plain", av.IronCondor(days=(14, 35), width=WIDTH, size=size, **core))


def run(market: ChainHistory, plain: av.Arm, sessions: int = len(DAYS) - 1) -> av.Comparison:
    return av.compare([plain], market, sessions=sessions, shares=[0.10])


def test_recorded_quotes_are_no_template_to_shift(quotes):
    assert run(replay(quotes), arm()).surface_band().is_empty()


class Ledger:
    """One condor a week, written a second time: quotes and a fitted surface a day, fills by hand."""

    def __init__(self, quotes: pl.DataFrame, window: dict, exit_below: int = 0) -> None:
        two_sided = quotes.filter(status="ok").select(
            "quote_date", "expiration", "right", "strike", "bid", "ask"
        )
        self.quotes = {row[:4]: row[4:] for row in two_sided.iter_rows()}
        self.surfaces = {
            day: chain.fit_surface(quotes.filter(pl.col("expiration") > day, quote_date=day), rate=RATE)
            for day in DAYS
        }
        self.slices = {
            (day, row["expiration"]): row
            for day, surface in self.surfaces.items()
            for row in surface.expiries.filter(status="ok").iter_rows(named=True)
        }
        self.window, self.exit_below = window, exit_below
        self.cash, self.held, self.navs, self.opened = CAPITAL, [], [], []
        self.counts = dict.fromkeys(
            ("marks_recorded", "marks_modelled", "fills_recorded", "fills_modelled"), 0
        )

    def run(self) -> "Ledger":
        spots, vixes = (closes()[name].to_list() for name in ("spx", "vix"))
        pending, leaving = False, []
        for tick, day in enumerate(DAYS):
            if tick:
                nights = (day - DAYS[tick - 1]).days
                self.cash += self.cash * math.expm1(RATE * nights / 365)
                self.settle(day, spots[tick])
                for tranche in leaving:
                    if tranche in self.held:
                        self.close(day, tranche, vixes[tick])
                if pending:
                    self.open(day, spots[tick])
            self.mark(day)
            pending = schedule.previous_session(day).isocalendar()[1] != day.isocalendar()[1]
            leaving = [t for t in self.held if (t[0] - day).days < self.exit_below]
        return self

    def terms(self, day: date, expiry: date, strike: float) -> tuple[float, float]:
        """d1 and d2 on the fitted surface."""
        row = self.slices[day, expiry]
        sd = self.surfaces[day].vol(strike, expiry) * math.sqrt(row["years"])
        d1 = math.log(row["forward"] / strike) / sd + sd / 2
        return d1, d1 - sd

    def quote(self, day: date, expiry: date, right: str, strike: float, vix: float = math.nan):
        """Mid and half-spread, and whether they are recorded."""
        if (day, expiry, right, strike) in self.quotes:
            bid, ask = self.quotes[day, expiry, right, strike]
            return (bid + ask) / 2, (ask - bid) / 2, True
        row, (d1, d2), sign = self.slices[day, expiry], self.terms(day, expiry, strike), SIGN[right]
        price = row["discount"] * sign * (row["forward"] * norm.cdf(sign * d1) - strike * norm.cdf(sign * d2))
        half = max(ROW.tick(price) / 2, ROW.half_spread.scale * price**ROW.half_spread.power)
        return price, half * (max(vix, 20) / 20) ** 1.25, False

    def legs(self, day: date, tranche: tuple, kind: str, vix: float = math.nan):
        expiry, strikes = tranche
        found = [self.quote(day, expiry, right, k, vix) for (right, _), k in zip(LEGS, strikes, strict=True)]
        for _, _, recorded in found:
            self.counts[f"{kind}_{'recorded' if recorded else 'modelled'}"] += 1
        value = sum(ratio * mid for (_, ratio), (mid, _, _) in zip(LEGS, found, strict=True))
        return value, 0.35 * sum(half for _, half, _ in found)

    def listed(self, day: date, expiry: date, right: str) -> list[float]:
        return [k for d, e, r, k in self.quotes if (d, e, r) == (day, expiry, right)]

    def short(self, day: date, expiry: date, right: str) -> float:
        """The two-sided strike whose forward delta is nearest to the one that is wanted."""
        off = {
            k: abs(norm.cdf(SIGN[right] * self.terms(day, expiry, k)[0]) - DELTA)
            for k in self.listed(day, expiry, right)
        }
        return min(off, key=lambda k: (off[k], -k))

    def open(self, day: date, spot: float) -> None:
        window = self.window
        listed = sorted(e for d, e in self.slices if d == day)
        listed = [e for e in listed if window["low"] <= (e - day).days <= window["high"]]
        if not listed:
            return
        expiry = min(listed, key=lambda e: (abs((e - day).days - window["target"]), e))
        strikes = []
        for right, sign in (("P", -1), ("C", 1)):
            body = self.short(day, expiry, right)
            beyond = [k for k in self.listed(day, expiry, right) if sign * (k - body) > 0]
            aim = body + sign * WIDTH * spot
            wing = min(beyond, key=lambda k, aim=aim: (abs(k - aim), -k))
            strikes += [body, wing]
        tranche = (expiry, tuple(strikes))
        value, slip = self.legs(day, tranche, "fills")
        self.trade(-value - slip)
        self.opened.append((day, -value - slip, list(strikes)))
        self.held.append(tranche)

    def close(self, day: date, tranche: tuple, vix: float) -> None:
        value, slip = self.legs(day, tranche, "fills", vix)
        self.trade(value - slip)
        self.held.remove(tranche)

    def trade(self, points: float) -> None:
        self.cash += LOTS * (100 * points - 4 * (ROW.exchange_fee + 0.5))

    def settle(self, day: date, spot: float) -> None:
        for tranche in [t for t in self.held if t[0] == day]:
            for (right, ratio), strike in zip(LEGS, tranche[1], strict=True):
                self.cash += LOTS * 100 * ratio * max(SIGN[right] * (spot - strike), 0.0)
            self.held.remove(tranche)

    def mark(self, day: date) -> None:
        self.navs.append(self.cash + LOTS * 100 * sum(self.legs(day, t, "marks")[0] for t in self.held))


def agree(market: ChainHistory, quotes: pl.DataFrame, plain: av.Arm, exit_below: int = 0) -> Ledger:
    result = run(market, plain)
    window = result.task.spec["books"][0]["layers"][0]["days"]
    twin = Ledger(quotes, window, exit_below).run()
    ledger, events = result.trace(0)
    opened = events.filter(event="open")
    assert opened["date"].to_list() == [day for day, _, _ in twin.opened]
    assert opened["strikes"].to_list() == [strikes for _, _, strikes in twin.opened]
    assert opened["price"].to_list() == pytest.approx([price for _, price, _ in twin.opened], abs=1e-9)
    assert ledger["nav"].to_numpy() == pytest.approx(np.array(twin.navs), abs=1e-9 * CAPITAL)
    row = result.paths().collect().row(0, named=True)
    assert {name: row[name] for name in twin.counts} == twin.counts
    assert row["identity_error"] < 1e-12
    return twin


def test_a_naive_ledger_agrees(quotes):
    """Fills, marks and P&L of condors held to their expiry."""
    twin = agree(replay(quotes), quotes, arm())
    assert len(twin.opened) == 5
    assert twin.counts["fills_recorded"] == 20
    assert twin.counts["fills_modelled"] == 0


def test_a_naive_ledger_agrees_on_closing_early(quotes):
    twin = agree(replay(quotes), quotes, arm(exit="days_to_expiry < 10"), exit_below=10)
    assert sum(twin.counts[f"fills_{kind}"] for kind in ("recorded", "modelled")) > 20


class Marked(Ledger):
    """What was held at each close, as `margin.portfolio` reads it."""

    def run(self) -> "Marked":
        self.books: dict[date, pl.DataFrame] = {}
        self.modelled: dict[date, bool] = {}
        return super().run()

    def mark(self, day: date) -> None:
        super().mark(day)
        rows = []
        for expiry, strikes in self.held:
            terms = self.slices[day, expiry]
            rows += [
                {
                    "product": "SPXW",
                    "right": right,
                    "strike": strike,
                    "expiration": expiry,
                    "quantity": LOTS * ratio,
                    "price": self.quote(day, expiry, right, strike)[0],
                    "forward": terms["forward"],
                    "discount": terms["discount"],
                }
                for (right, ratio), strike in zip(LEGS, strikes, strict=True)
            ]
        self.books[day] = pl.DataFrame(rows)
        held = [(e, r, k) for e, ks in self.held for (r, _), k in zip(LEGS, ks, strict=True)]
        self.modelled[day] = not all(self.quote(day, *leg)[2] for leg in held)


def test_portfolio_margin_takes_the_volatility_of_recorded_prices(quotes):
    result = av.compare(
        [arm()], replay(quotes), sessions=len(DAYS) - 1, shares=[0.10], margin="portfolio", surface_band=0
    )
    window = result.task.spec["books"][0]["layers"][0]["days"]
    twin = Marked(quotes, window).run()
    books = twin.books
    asked = [
        margin.portfolio(books[day], spot=spot, as_of=day).initial if books[day].height else 0.0
        for day, spot, _ in closes().iter_rows()
    ]
    for day, found, wanted in zip(DAYS, result.trace(0).ledger["requirement"], asked, strict=True):
        # Of what is not quoted the fit says the volatility: a price of nearly nothing implies a rough one.
        assert found == pytest.approx(wanted, rel=1e-5 if twin.modelled[day] else 1e-9), day
    assert sum(each > 0 for each in asked) > 15
    assert not all(twin.modelled.values())


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.0, 0.5))
def test_any_quotes_may_lack(quotes, seed, share):
    """What is not quoted has the price of the fitted surface and the contract's half-spread."""
    kept = np.random.default_rng(seed).random(quotes.height) >= share
    thinned = quotes.filter(pl.Series(kept))
    agree(replay(thinned), thinned, arm(exit="days_to_expiry < 10"), exit_below=10)


def test_a_day_without_a_snapshot_is_refused_or_told(quotes):
    lost = DAYS[12]
    fewer = quotes.filter(pl.col("quote_date") != lost)
    with pytest.raises(HistoryError, match=rf"no snapshot on {lost}.*gaps='report'"):
        replay(fewer)
    market = replay(fewer, gaps="report")
    assert any(f"No snapshot on {lost}" in limit for limit in market.limits)
    gap, whole = run(market, arm()).trace(0).ledger, run(replay(quotes), arm()).trace(0).ledger
    off = (gap["nav"] - whole["nav"]).abs()
    assert off[:12].max() == 0.0
    assert 0.0 < off[12] < 2_000
    prices = run(market, arm()).prices()
    assert prices.filter(prices="marks")["modelled"][0] > 0


def test_morning_settlement_is_to_the_opening(quotes):
    """SPX options trade until the close before and settle to the opening, 0.45 of the way to the close."""
    days = [
        chain.synthetic(day, market=L3F(spot=spot, vix=vix), longest=50)
        for day, spot, vix in closes().iter_rows()
    ]
    market = replay(days, root="SPX")
    result = run(
        market, arm(product="SPX").replace(name="near", sell=av.IronCondor(days=(7, 20), product="SPX").sell)
    )
    expiry = schedule.monthly_expiration(2024, 3)
    at = DAYS.index(expiry)
    spots = closes()["spx"]
    opening = spots[at - 1] * (spots[at] / spots[at - 1]) ** 0.45
    settled = result.trace(0).events.filter(event="settle", date=expiry)
    assert settled.height > 0
    for strikes, price in settled.select("strikes", "price").iter_rows():
        payoff = sum(
            ratio * max(SIGN[right] * (opening - k), 0.0)
            for (right, ratio), k in zip(LEGS, strikes, strict=True)
        )
        assert price == pytest.approx(payoff, abs=1e-6)


# Bars inside sessions


def ranged() -> pl.DataFrame:
    """The same closes, each session opening at the close before, within a range."""
    frame = closes().with_columns(open=pl.col("spx").shift(1).fill_null(pl.col("spx")))
    return frame.with_columns(
        high=pl.max_horizontal("open", "spx") + 5, low=pl.min_horizontal("open", "spx") - 5
    )


def still() -> pl.DataFrame:
    """Closes that do not move."""
    flat = {"spx": 5100.0, "vix": 17.0, "open": 5100.0, "high": 5105.0, "low": 5095.0}
    return closes().select("date").with_columns(**{name: pl.lit(value) for name, value in flat.items()})


@pytest.fixture(scope="module")
def dear() -> pl.DataFrame:
    """Quotes of still days, at vols a fifth above those of their VIX."""
    market = L3F(spot=5100, vix=1.2 * 17, rate=RATE)
    days = [chain.synthetic(day, market=market, longest=36) for day in DAYS]
    return pl.concat(days).filter(pl.col("strike").is_between(4300, 5900), root="SPXW")


def test_a_book_of_closes_has_the_same_bits_with_bars(quotes):
    market = ChainHistory(quotes, closes=ranged(), rate=RATE, dividend_yield=DIVIDEND)
    few = {"sessions": len(DAYS) - 1, "shares": [0.10], "surface_band": 0}
    closed, barred = (av.compare([arm()], market, bars=bars, **few) for bars in (None, 13))
    assert barred.paths().collect().equals(closed.paths().collect())
    assert any("Quotes are recorded at closes: inside a session" in limit for limit in barred.limits)
    assert not any("inside a session" in limit for limit in closed.limits)


def test_inside_a_session_the_model_moves_the_quotes_of_the_close_before(dear):
    """Ordered at a close, filled at an opening without a move: what the quotes said, less half a day."""
    market = ChainHistory(dear, closes=still(), rate=RATE, dividend_yield=DIVIDEND)
    few = {"sessions": len(DAYS) - 1, "shares": [0.10], "surface_band": 0}
    result = av.compare([arm(exit="loss > -1000")], market, bars=13, **few)
    row = result.paths().collect().row(0, named=True)
    assert row["identity_error"] < 1e-12
    events = result.trace(0).events
    opened, closed = events.filter(event="open"), events.filter(event="close")
    assert opened.height == closed.height == 5
    assert closed["minute"].to_list() == [0] * 5
    assert closed["tick"].to_list() == [tick + 1 for tick in opened["tick"]]
    assert (row["fills_recorded"], row["fills_modelled"]) == (20, 20)
    mids = {
        key: (bid + ask) / 2
        for *key, bid, ask in dear.select(
            "quote_date", "expiration", "right", "strike", "bid", "ask"
        ).iter_rows()
        for key in [tuple(key)]
    }
    kept = []
    for then, now in zip(opened.iter_rows(named=True), closed.iter_rows(named=True), strict=True):
        legs = [
            (ratio, mids[then["date"], then["expiry"], right, strike])
            for (right, ratio), strike in zip(LEGS, then["strikes"], strict=True)
        ]
        mark = -sum(ratio * mid for ratio, mid in legs)
        slip = 0.35 * sum(
            max(ROW.tick(mid) / 2, ROW.half_spread.scale * mid**ROW.half_spread.power) for _, mid in legs
        )
        kept.append((-now["price"] - slip) / mark)
    # At the own VIX of the history it would be worth far less.
    assert np.mean(kept) == pytest.approx(0.97, abs=0.04)
    assert all(0.88 < each < 1.06 for each in kept)


def test_no_quotes_are_recorded_at_a_time_inside_the_session(quotes, early):
    arms = [av.preset("conservative_1dte")]
    few = {"sessions": 5, "shares": [0.10], "surface_band": 0}
    with pytest.raises(AlvhError, match="SPXW are recorded at closes, and none at a time inside the session"):
        av.compare(arms, replay(quotes), **few)
    both = pl.concat([quotes, early])
    arms = [arm(at="10:30")]
    with pytest.raises(AlvhError, match=r"core.at = 10:30: quotes of SPXW are recorded at closes and 15:45:"):
        av.compare(arms, replay(both, times=["15:45"]), **few)
    for times, words in (
        (["15:45"], "no quotes of SPXW at 15:45 beside those of the close. Other times in it: none"),
        (["16:00"], "times: '16:00': a time of day in New York, 09:31 to 15:59"),
        ("15:45", "times = '15:45': a list of times of day"),
    ):
        with pytest.raises(HistoryError, match=words):
            replay(quotes, times=times)


EARLY = 0.996
"""SPX a quarter of an hour before the close, of the close."""


@pytest.fixture(scope="module")
def early() -> pl.DataFrame:
    """A second snapshot of each day, at 15:45: SPX lower, quotes twice as wide."""
    days = [
        chain.synthetic(day, market=L3F(spot=EARLY * spot, vix=1.1 * vix, rate=RATE), longest=36)
        for day, spot, vix in closes().iter_rows()
    ]
    fridays = schedule.listed_expiries("SPXW", DAYS[0], date(2024, 5, 31))
    near = pl.col("strike").is_between(4300, 5900)
    half = (pl.col("ask") - pl.col("bid")) / 2
    return (
        pl.concat(days)
        .filter(near, pl.col("expiration").is_in(fridays), root="SPXW")
        .with_columns(quote_time=pl.lit("15:45"), bid=pl.max_horizontal(0.0, pl.col("bid") - half))
        .with_columns(ask=pl.col("ask") + half)
    )


class Early(Ledger):
    """Opened at the quotes of 15:45, marked and settled at those of the close."""

    def __init__(self, quotes: pl.DataFrame, early: pl.DataFrame, window: dict) -> None:
        super().__init__(quotes, window)
        self.before = Ledger(early, window)

    def open(self, day: date, spot: float) -> None:
        self.before.cash, self.before.held, self.before.opened = 0.0, [], []
        self.before.open(day, EARLY * spot)
        self.cash += self.before.cash
        self.held += self.before.held
        self.opened += self.before.opened


def test_a_time_of_entry_has_the_quotes_of_its_time(quotes, early):
    """A naive ledger agrees: strikes, fills, and marks at the closes after."""
    market = replay(pl.concat([quotes, early]), times=["15:45"])
    assert (
        market.spec()["chain"]["slices"][: len(replay(quotes).spec()["chain"]["slices"])]
        == (replay(quotes).spec()["chain"]["slices"])
    )
    timed = arm(at="15:45")
    result = av.compare([timed], market, sessions=len(DAYS) - 1, shares=[0.10], surface_band=0)
    twin = Early(quotes, early, result.task.spec["books"][0]["layers"][0]["days"]).run()
    ledger, events = result.trace(0)
    opened = events.filter(event="open")
    assert opened["minute"].to_list() == [375] * 5
    assert opened["date"].to_list() == [day for day, _, _ in twin.opened]
    assert opened["strikes"].to_list() == [strikes for _, _, strikes in twin.opened]
    assert opened["price"].to_list() == pytest.approx([price for _, price, _ in twin.opened], abs=1e-9)
    assert ledger["nav"].to_numpy() == pytest.approx(np.array(twin.navs), abs=1e-9 * CAPITAL)
    row = result.paths().collect().row(0, named=True)
    assert row["identity_error"] < 1e-12
    assert (row["fills_recorded"], row["fills_modelled"]) == (20, 0)
    assert any("and at times of entry" in limit for limit in result.limits)
    closing = run(market, arm()).trace(0).events.filter(event="open")
    assert closing["price"].to_list() != opened["price"].to_list()
    # What closes is the same bits, whatever else is recorded.
    plain = run(replay(quotes), arm()).paths().collect()
    assert run(market, arm()).paths().collect().equals(plain)


def test_a_recorded_time_does_not_wait_for_the_close(quotes, early):
    """A drawn path may have the high or the low of its session then."""
    both = pl.concat([quotes, early])
    market = ChainHistory(both, closes=ranged(), rate=RATE, dividend_yield=DIVIDEND, times=["15:45"])
    few = {"sessions": len(DAYS) - 1, "shares": [0.10], "surface_band": 0, "bars": 13}
    stopped = arm(at="15:45", exit="loss > 0.5 * credit").replace(name="stopped")
    result = av.compare([arm(at="15:45"), stopped], market, **few)
    for name in ("plain", "stopped"):
        events = result.trace(0, arm=name).events
        assert events.filter(event="open")["minute"].to_list() == [375] * 5
    rows = result.paths().collect()
    assert rows["identity_error"].max() < 1e-12
    assert rows.filter(arm="stopped")["fills_modelled"].item() > 0


def test_a_day_without_quotes_at_the_time_opens_nothing(quotes, early):
    fill = DAYS[2]  # the Tuesday after the first Monday
    market = replay(pl.concat([quotes, early.filter(pl.col("quote_date") != fill)]), times=["15:45"])
    assert any(f"No quotes at 15:45 on {fill}" in limit for limit in market.limits)
    events = (
        av.compare([arm(at="15:45")], market, sessions=len(DAYS) - 1, shares=[0.10], surface_band=0)
        .trace(0)
        .events
    )
    assert events.filter(date=fill).select("event", "reason").rows() == [("skip", "no expiry")]
    assert events.filter(event="open").height == 4


def test_nothing_opens_where_nothing_is_quoted(quotes):
    fill = DAYS[2]  # the Tuesday after the first Monday
    market = replay(quotes.filter(pl.col("quote_date") != fill), gaps="report")
    events = run(market, arm()).trace(0).events
    assert events.filter(date=fill).select("event", "reason").rows() == [("skip", "no expiry")]


def test_runs_lie_between_the_snapshots(quotes):
    later = quotes.filter(pl.col("quote_date") >= DAYS[5])
    market = replay(later)
    assert market.starts(len(DAYS) - 6) == (5,)
    assert market.starts(len(DAYS) - 7, warm_up=6) == (6,)
    with pytest.raises(HistoryError, match="quotes 20 sessions"):
        market.starts(len(DAYS) - 5)
    with pytest.raises(HistoryError, match="at least 1"):
        market.starts(0)


def test_expiries_are_those_quoted(quotes):
    market = replay(quotes)
    clock = market.clock(tail_sessions=60, listings={"SPXW": "weekly", "VIX": "monthly"}, events=None)
    assert clock.expiries["SPXW"] == market.quotes.expirations
    assert set(clock.expiries["VIX"]) == set(schedule.listed_expiries("VIX", clock.dates[0], clock.dates[-1]))


def test_without_closes_the_quotes_tell_them(quotes):
    days = [chain.synthetic(day, market=L3F(vix=18), longest=60) for day in DAYS[:4]]
    market = ChainHistory(days, rate=RATE, dividend_yield=DIVIDEND)
    assert market.data.frame["spx"].to_numpy() == pytest.approx(5000.0)
    assert market.data.frame["vix"].to_numpy() == pytest.approx(18.0, abs=0.5)
    with pytest.raises(HistoryError, match=r"determine no VIX.*give closes"):
        ChainHistory(quotes.filter(expiration=DAYS[-1]), rate=RATE, dividend_yield=DIVIDEND)


@pytest.fixture(scope="module")
def whole() -> pl.DataFrame:
    """A day of SPX and SPXW, far enough for a VIX."""
    return chain.synthetic(DAYS[0], market=L3F(vix=18), longest=60)


def told_by(*frames: pl.DataFrame) -> ChainHistory:
    return ChainHistory(list(frames), rate=RATE, dividend_yield=DIVIDEND)


def test_only_options_of_the_index_tell_closes(whole):
    """Chains of other roots stand first: neither their underlying nor their quotes are SPX's."""
    tenth = pl.col("strike", "bid", "ask", "underlying_price") / 10
    xsp = whole.filter(root="SPXW").with_columns(tenth, root=pl.lit("XSP"))
    alone, mixed = told_by(whole), told_by(xsp, whole)
    assert mixed.data.frame.equals(alone.data.frame)
    with pytest.raises(HistoryError, match=rf"of {DAYS[0]} there are no quotes of SPX, SPXW, SPXPM.*closes="):
        told_by(xsp)


def test_prices_of_the_index_agree_with_one_another_and_with_parity(whole):
    price = pl.col("underlying_price")
    some = pl.col("strike") > 5000
    with pytest.raises(HistoryError, match=r"from 5000 to 5100\. Allowed: within 1%.*closes="):
        told_by(whole.with_columns(price + pl.when(some).then(100.0).otherwise(0.0)))
    with pytest.raises(HistoryError, match=r"name 5150 as .* Allowed: within 2%.*closes="):
        told_by(whole.with_columns(price + 150.0))
    with pytest.raises(HistoryError, match="name no price of the index"):
        told_by(whole.with_columns(underlying_price=pl.lit(None, pl.Float64)))


@pytest.mark.parametrize("status", ["duplicate", "unparsable", "expired"])
def test_rows_that_are_no_quotes_tell_no_closes(whole, status):
    wrong = whole.with_columns(pl.col("bid", "ask", "underlying_price") * 3)
    wrong = wrong.with_columns(status=pl.lit(status, chain.SCHEMA["status"]), strike=pl.col("strike") + 1.0)
    assert told_by(wrong, whole).data.frame.equals(told_by(whole).data.frame)


def test_rows_without_a_day_are_counted(quotes):
    dayless = quotes.head(3).with_columns(quote_date=pl.lit(None, pl.Date))
    others = dayless.with_columns(root=pl.lit("XSP"))
    market = replay(pl.concat([quotes, dayless, others]))
    assert market.quotes.unused["without a day"] == 3
    assert any("3 without a day" in limit for limit in market.limits)
    assert market.data_hash == replay(quotes).data_hash


def test_a_missing_settlement_is_that_of_the_root(quotes):
    untold = quotes.with_columns(settlement=pl.lit(None, chain.SCHEMA["settlement"]))
    assert replay(untold).data_hash == replay(quotes).data_hash


def test_what_cannot_be_replayed_is_refused(quotes, tmp_path):
    with pytest.raises(HistoryError, match=r"root = 'XSP' cannot be replayed.*SPXW, SPX"):
        replay(quotes, root="XSP")
    with pytest.raises(HistoryError, match="holds no quotes of root SPX"):
        replay(quotes, root="SPX")
    with pytest.raises(HistoryError, match=rf"no closes on {DAYS[0]}"):
        ChainHistory(quotes, closes=closes()[1:], rate=RATE, dividend_yield=DIVIDEND)
    with pytest.raises(HistoryError, match="holds no file of quotes"):
        replay(tmp_path)
    with pytest.raises(HistoryError, match="an empty list"):
        replay([])
    with pytest.raises(HistoryError, match="two-sided quotes enough"):
        replay(quotes.filter(right="C"))
    read = av.history.read_history(closes(), rate=RATE, dividend_yield=DIVIDEND)
    with pytest.raises(HistoryError, match="already read"):
        ChainHistory(quotes, closes=read, rate=RATE)
    assert ChainHistory(quotes, closes=read).data_hash == replay(quotes).data_hash


def test_files_and_folders_are_read_like_frames(quotes, tmp_path):
    for day in DAYS[:3]:
        quotes.filter(quote_date=day).write_parquet(tmp_path / f"{day}.parquet")
    (tmp_path / "notes.txt").write_text("not a chain")
    market = ChainHistory(tmp_path, closes=closes(), rate=RATE, dividend_yield=DIVIDEND)
    frame = replay(quotes.filter(pl.col("quote_date").is_in(DAYS[:3])))
    assert market.data_hash == frame.data_hash
    assert market.spec() == frame.spec()
    assert market.data_hash != replay(quotes).data_hash


def test_the_last_snapshot_of_a_day_is_replayed(quotes):
    early = quotes.with_columns(quote_time=pl.lit("10:30"), bid=pl.col("bid") * 0.5)
    assert replay(pl.concat([early, quotes])).data_hash == replay(quotes).data_hash
