"""Strategy indices: their books at a roll, what they settle to, and how they agree with recorded levels."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

import markdown_pages
from alvh import Costs, schedule
from alvh.errors import AlvhError, HistoryError, SpecError
from alvh.history import History
from alvh.market import GBM, L3F, filter, replicate  # noqa: A004 -- read as alvh.market.filter
from alvh.replication import AIMS, Agreement, agreement, misses, recorded_levels
from alvh.replication.recorded import Recorded
from alvh.replication.rules import RULES
from recorded_market import carried, needs_data, strategy_index
from run_samples import command

FREE = Costs(half_spread_factor=0.0)


def history(spx=None, vix=16.0, *, last=date(2024, 12, 31), **columns):
    days = schedule.sessions(date(2024, 1, 2), last)
    path = 5000 * np.exp(0.01 * np.sin(np.arange(len(days)))) if spx is None else spx
    return History(
        pl.DataFrame({"date": days, "spx": path, **columns}, strict=False).with_columns(vix=pl.lit(vix)),
        rate=0.05,
        dividend_yield=0.01,
    )


def opened(name, market, session=13, expiry=date(2024, 2, 16), value=1000.0):
    return RULES[name].open(market, session, expiry, value)


@pytest.mark.parametrize("name", RULES)
def test_a_roll_costs_the_spread_and_nothing_else(name):
    free = Recorded(history(), L3F(), FREE)
    assert opened(name, free).worth(free, 13) == pytest.approx(1000.0, rel=1e-12)
    paid = Recorded(history(), L3F(), Costs())
    assert 995.0 < opened(name, paid).worth(paid, 13) < 1000.0


def test_put_and_bxm_are_the_same_book_by_parity():
    """A put with the strike in bills is the index less a call of that strike."""
    spot = np.full(len(schedule.sessions(date(2024, 1, 2), date(2024, 12, 31))), 5000.0)
    market = Recorded(history(spot), L3F(), FREE)
    put, bxm = (opened(name, market) for name in ("put", "bxm"))
    assert put.legs.strike == bxm.legs.strike == 5000.0
    assert -put.legs.number[0] == pytest.approx(bxm.units, rel=1.5e-3)  # the dividends of a month
    ours = [book.settled(market, 33) for book in (put, bxm)]
    assert ours[0] == pytest.approx(ours[1], rel=1.5e-3)


def test_a_flat_month_of_puts_earns_premium_and_interest():
    days = schedule.sessions(date(2024, 1, 2), date(2024, 12, 31))
    market = Recorded(history(np.full(len(days), 5000.0)), L3F(), FREE)
    session, expiry = days.index(date(2024, 1, 19)), date(2024, 2, 16)
    quote = L3F(vix=16.0, spot=5000.0, rate=0.05, dividend_yield=0.01).quotes(5000.0, 20 - 0.55, "P", days=28)
    sold = 1000.0 / (5000.0 * float(quote.discount) - float(quote.price))
    grown = (1000.0 + sold * float(quote.price)) * np.exp(0.05 * 28 / 365)
    book = opened("put", market, session, expiry)
    assert book.settled(market, days.index(expiry)) == pytest.approx(grown, rel=1e-12)
    assert grown == pytest.approx(sold * 5000.0, rel=1e-12), "fully collateralised"


@pytest.mark.parametrize("fall", [0.5, 0.8, 1.3, 2.0])
def test_a_condor_loses_a_tenth_at_most(fall):
    """Bills are ten times the largest loss."""
    days = schedule.sessions(date(2024, 1, 2), date(2024, 12, 31))
    spot = np.where(np.array(days) >= date(2024, 2, 16), 5000.0 * fall, 5000.0)
    market = Recorded(
        History(
            pl.DataFrame({"date": days, "spx": spot, "open": spot, "vix": 16.0}),
            rate=0.0,
            dividend_yield=0.0,
            allow_jumps=True,
        ),
        L3F(),
        Costs(),
    )
    session, settles = days.index(date(2024, 1, 19)), days.index(date(2024, 2, 16))
    book = opened("cndr", market, session, days[settles])
    long_put, short_put = sorted(book.legs.strike[:2])
    short_call, long_call = sorted(book.legs.strike[2:])
    assert long_put < short_put < 5000.0 < short_call < long_call
    lost = 1000.0 - book.settled(market, settles)
    widest = (
        short_put - long_put >= long_call - short_call
        if fall < 1
        else long_call - short_call >= short_put - long_put
    )
    assert lost <= 100.0 + 1e-9
    if widest:
        assert lost == pytest.approx(100.0, rel=1e-12)


def test_short_strikes_have_the_deltas_of_the_rule():
    market = Recorded(history(), L3F(), Costs())
    book = opened("cndr", market)
    quotes = market.quotes(13, book.legs.expiry, book.legs.strike, book.legs.sign)
    sd = quotes.implied_vol * (market.tenor(13, book.legs.expiry) / 252) ** 0.5
    d1 = np.log(quotes.forward / book.legs.strike) / sd + sd / 2
    delta = stats.norm.cdf(book.legs.sign * d1)
    np.testing.assert_allclose(delta, [0.20, 0.05, 0.20, 0.05], atol=0.005)


@pytest.mark.parametrize(("vix", "weight"), [(11.0, 0.0), (22.0, 0.01), (40.0, 0.005), (75.0, 0.0)])
def test_vxth_buys_calls_while_vix_is_neither_low_nor_very_high(vix, weight):
    market = Recorded(history(vix=vix), L3F(), FREE)
    book = opened("vxth", market)
    bought = 0.0 if book.legs is None else book.legs.worth(market, 13)
    assert bought == pytest.approx(1000.0 * weight, rel=1e-9)
    assert book.units == pytest.approx((1 - weight) * 1000.0 / market.spot[13])


def test_openings_that_repeat_the_close_before_are_none():
    days = schedule.sessions(date(2024, 1, 2), date(2024, 12, 31))
    spot = np.where(np.arange(len(days)) % 2, 5100.0, 5000.0)
    opens = spot.copy()
    opens[5], opens[7] = spot[4], 5050.0
    market = Recorded(history(spot, open=opens), L3F(), Costs())
    assert market.opening(5, "SPX") == pytest.approx(5000.0 * 1.02**0.45)
    assert market.opening(7, "SPX") == 5050.0


def test_vix3m_tells_the_state_of_its_days():
    """The curve of a day with a VIX3M is the filter's; of a day without, what VIX says."""
    days = len(schedule.sessions(date(2024, 1, 2), date(2024, 12, 31)))
    longer = pl.Series([22.0 if row % 2 else None for row in range(days)])
    told = history(vix3m=longer)
    plain, richer = (Recorded(each, L3F(), Costs()) for each in (history(), told))
    expiry = date(2024, 6, 21)
    states = filter(told).select("x0", "x1", "x2").rows()
    for session in (40, 41):
        after = (expiry - plain.dates[session]).days
        known = session % 2 == 1
        expected = L3F(vix=16.0).futures(after, factors=states[session] if known else None)
        assert richer.future(session, expiry) == pytest.approx(float(expected), rel=1e-12)
        assert (richer.future(session, expiry) > plain.future(session, expiry) + 0.5) == known
        put, same = (each.quotes(session, expiry, 4800.0, "P") for each in (richer, plain))
        assert (put.price > 1.01 * same.price) == known
        option = [each.quotes(session, expiry, 20.0, "C", product="VIX") for each in (richer, plain)]
        assert (option[0].forward > option[1].forward) == known
    with pytest.raises(AlvhError, match=r"factors .* flat surface has no factors"):
        GBM().futures(30, factors=(0.0, 0.0, 0.0))


def test_levels_end_with_whole_months():
    found = replicate("bxm", history(last=date(2024, 6, 28)))
    assert found["date"].to_list()[-2:] == [date(2024, 5, 31), date(2024, 6, 28)]
    assert replicate("bxm", history(last=date(2024, 6, 27)))["date"][-1] == date(2024, 5, 31)


def test_what_cannot_be_replicated_is_refused():
    with pytest.raises(SpecError, match="did you mean 'cndr'"):
        replicate("cndx", history())
    with pytest.raises(SpecError, match=r"model = 'gbm': closes tell no state of its days.*Mend: an L3F"):
        replicate("put", history(), model=GBM())  # type: ignore[arg-type]
    with pytest.raises(HistoryError, match="two are needed"):
        replicate("put", history(last=date(2024, 2, 1)))
    with pytest.raises(HistoryError, match="common months"):
        agreement(replicate("put", history()), replicate("bxm", history()))


def test_agreement_of_a_leveraged_index():
    """Twice the moves: correlation 1, beta 2; the gap is that of the compounded returns."""
    months = pl.date_range(date(2020, 1, 31), date(2023, 1, 31), "1mo", eager=True)
    change = np.tile([0.01, -0.005, 0.02], 12)
    theirs, ours = (np.concatenate([[1.0], np.cumprod(1 + k * change)]) for k in (1, 2))
    found = agreement(
        pl.DataFrame({"date": months, "level": ours}), pl.DataFrame({"date": months, "level": theirs})
    )
    assert (found.months, round(found.correlation, 9), round(found.beta, 9)) == (36, 1.0, 2.0)
    assert found.gap == pytest.approx(ours[-1] ** (1 / 3) - theirs[-1] ** (1 / 3))


def test_a_gap_makes_no_return():
    """Half a percent a month more than recorded: the same with and without the months of a year."""
    months = pl.date_range(date(2015, 1, 31), date(2020, 1, 31), "1mo", eager=True)
    change = np.tile([0.02, -0.03, 0.01, 0.015], 15)
    theirs, ours = (np.concatenate([[1.0], np.cumprod(1 + change + more)]) for more in (0.0, 0.005))
    levels = pl.DataFrame({"date": months, "level": ours, "theirs": theirs})
    gap = levels.filter(pl.col("date").dt.year() != 2017)
    for held, returns in ((levels, 60), (gap, 47)):
        found = agreement(held, recorded_of(held))
        assert (found.months, round(found.correlation, 9), round(found.beta, 9)) == (returns, 1.0, 1.0)
        assert found.tracking == pytest.approx(0.0, abs=1e-12)
        assert found.gap == pytest.approx(0.063, abs=0.002)
    every_other = levels.gather_every(2)
    with pytest.raises(HistoryError, match="0 common months of levels, each with the month before: 24"):
        agreement(every_other, recorded_of(every_other))


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf"), 0.0, -1.0])
def test_a_month_without_a_level_is_no_agreement(wrong):
    months = pl.date_range(date(2020, 1, 31), date(2023, 1, 31), "1mo", eager=True)
    levels = pl.DataFrame({"date": months, "level": [100.0 + i % 5 for i in range(37)]})
    broken = levels.with_columns(levels["level"].set(levels["date"] == date(2021, 9, 30), wrong))
    for pair in ((levels, broken), (broken, levels)):
        with pytest.raises(HistoryError, match=r"level = .* on 2021-09-30, the last of its month: a number"):
            agreement(*pair)


def test_levels_may_descend_but_a_file_of_them_may_not():
    months = pl.date_range(date(2020, 1, 31), date(2023, 1, 31), "1mo", eager=True)
    levels = pl.DataFrame({"date": months, "level": [100.0 + i % 5 for i in range(37)]})
    assert agreement(levels, levels[::-1]) == agreement(levels, levels)
    with pytest.raises(HistoryError, match=r"row 2, column 'date': .* comes before the row above it"):
        recorded_levels(levels[::-1].rename({"level": "put"}), ["put"])
    empty = levels.with_columns(put=levels["level"].set(levels["date"] == date(2021, 9, 30), float("nan")))
    assert recorded_levels(empty, ["put"])["put"].height == 36


def recorded_of(levels):
    return levels.select("date", level="theirs")


def test_the_command_compares(tmp_path):
    days = schedule.sessions(date(2021, 1, 4), date(2024, 12, 31))
    wave = 4000 * np.exp(0.05 * np.sin(np.arange(len(days)) / 30))
    closes = pl.DataFrame({"date": days, "spx": wave, "vix": 18.0, "rate": 0.03, "dividend_yield": 0.015})
    closes.write_csv(tmp_path / "closes.csv")
    levels = replicate("put", History(closes))
    levels.select("date", PUT="level").write_csv(tmp_path / "levels.csv")
    arguments = (
        f"--history={tmp_path / 'closes.csv'}",
        f"--benchmark={tmp_path / 'levels.csv'}",
        "--index=put",
    )
    ran = command("market", "replicate", *arguments, "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)["put"]
    assert told["agreement"]["correlation"] == pytest.approx(1.0)
    assert told["misses"] == []
    (tmp_path / "levels.csv").write_text("day,x\n", encoding="utf-8")
    ran = command("market", "replicate", *arguments)
    assert ran.returncode == 2
    assert "date and one of put are needed" in ran.stderr


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"put": [100.0, "abc", 102.0]}, "row 2 (line 3), column 'put': 'abc' is no number"),
        ({"PUT": [100.0, -1.0, 102.0]}, "row 2 (line 3), column 'PUT': '-1.0' is out of range"),
        ({"put": [100.0, 101.0, 102.0], "date": ["2024-01-31", "month", "2024-03-28"]}, "'month' is no date"),
        ({"put": [100.0] * 3, "date": ["2024-01-31", "2024-01-31", "2024-03-28"]}, "stands twice"),
        ({"put": [100.0] * 3, "PUT": [100.0] * 3}, "both mean 'put'"),
        ({"other": [1.0] * 3}, "has the columns date, other: date and one of put, bxm are needed"),
    ],
)
def test_wrong_levels_are_refused_by_place(tmp_path, column, words):
    """None is left out in silence, and a month without a level stays empty."""
    path = tmp_path / "levels.csv"
    days = ["2024-01-31", "2024-02-29", "2024-03-28"]
    pl.DataFrame({"date": days} | column, strict=False).write_csv(path)
    with pytest.raises(HistoryError) as caught:
        recorded_levels(path, ["put", "bxm"])
    assert words in str(caught.value)
    pl.DataFrame({"date": days, "Put": [100.0, None, 102.0]}).write_csv(path)
    assert recorded_levels(path, ["put", "bxm"])["put"]["level"].to_list() == [100.0, 102.0]
    with pytest.raises(HistoryError, match="cannot be read"):
        recorded_levels(tmp_path, ["put"])


@needs_data
@pytest.mark.data
def test_recorded_indices():
    """The table of docs/replication.md; a miss is one that is explained."""
    recorded = History(carried(date(1990, 1, 2), date(2015, 12, 31)), gaps="report")
    documented = {row[0]: row[1:] for row in markdown_pages.table("docs/replication.md", "index | months")}
    assert set(documented) == set(AIMS)
    for name in AIMS:
        found: Agreement = agreement(replicate(name, recorded), strategy_index(name))
        months, correlation, beta, gap, tracking, missed = documented[name]
        assert int(months) == found.months
        shown = [float(cell.rstrip("%")) for cell in (correlation, beta, gap, tracking)]
        actual = [found.correlation, found.beta, 100 * found.gap, 100 * found.tracking]
        np.testing.assert_allclose(shown, actual, atol=6e-3)
        told = misses(name, found)
        assert not any("no reason is known" in each for each in told)
        assert missed == (", ".join(each.split()[0] for each in told) or "none")
