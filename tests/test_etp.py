"""Funds of short-term VIX futures: the roll by hand, the index of records, funds that were traded, paths."""

from bisect import bisect_right
from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
import recorded_market
from alvh import etp
from alvh.market import GBM, L3F, PDV4, History
from alvh.schedule import listed_expiries, sessions
from recorded_market import needs_data


def test_weights_by_hand() -> None:
    """2011-09-21 to 2011-10-19, which is not included: 20 sessions."""
    held = etp.roll(sessions(date(2011, 9, 19), date(2011, 10, 18)))
    october, november, december = date(2011, 10, 19), date(2011, 11, 16), date(2011, 12, 21)
    weights = dict(zip(held["date"], held["weight"], strict=True))
    assert weights[date(2011, 9, 19)] == 1 / 24  # of the roll period from 2011-08-17 on, with Labor Day
    assert weights[date(2011, 9, 20)] == 1.0
    assert weights[date(2011, 9, 21)] == 19 / 20
    assert weights[date(2011, 10, 4)] == 10 / 20
    assert weights[date(2011, 10, 17)] == 1 / 20
    assert weights[date(2011, 10, 18)] == 1.0
    inside = held.filter(pl.col("date").is_between(date(2011, 9, 20), date(2011, 10, 17)))
    assert inside.select("first", "second").unique().rows() == [(october, november)]
    assert held.select("first", "second").row(-1) == (november, december)


def test_the_average_maturity_is_about_a_month() -> None:
    held = etp.roll(sessions(date(1990, 6, 1), date(2034, 12, 1)))
    days = [(pl.col(name) - pl.col("date")).dt.total_days() for name in ("first", "second")]
    # On the next session, when the weights are in force, it is a session less: 30.4 days.
    maturity = held.select(pl.col("weight") * days[0] + (1 - pl.col("weight")) * days[1]).to_series()
    assert 25 <= maturity.min() < maturity.max() <= 38
    assert maturity.mean() == pytest.approx(30.4 + 365.25 / 252, abs=0.2)
    assert held["weight"].is_between(0.0, 1.0).all()
    assert (held["date"] < held["first"]).all()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([], "days is empty"),
        ([date(2025, 1, 1)], "no session on 2025-01-01"),
        ([date(2035, 12, 3)], "outside the exchange calendar"),
    ],
)
def test_days_that_have_no_roll(days: list[date], words: str) -> None:
    with pytest.raises(av.AlvhError, match=words):
        etp.roll(days)


def made(first: date, last: date) -> pl.DataFrame:
    """Settlements of every contract, a number of its own each."""
    contracts = [day for day in listed_expiries("VX", first, date(2025, 12, 31)) if day > first][:6]
    rows = [
        (day, contract, 15.0 + 0.7 * place + 3.0 * np.sin(0.3 * when + place))
        for when, day in enumerate(sessions(first, last))
        for place, contract in enumerate(contracts)
        if day <= contract
    ]
    return pl.DataFrame(rows, ["date", "expiry", "settle"], orient="row")


def test_the_index_is_what_its_contracts_made() -> None:
    first, last = date(2025, 1, 6), date(2025, 3, 31)
    quoted = made(first, last)
    prices = {(day, contract): price for day, contract, price in quoted.iter_rows()}
    found = etp.strategy_index(quoted, first, last)
    level = 100.0
    for (day, *held), (after, *_) in zip(found.rows(), found.rows()[1:], strict=False):
        one, two, weight = held[:3]
        before = weight * prices[day, one] + (1 - weight) * prices[day, two]
        level *= (weight * prices[after, one] + (1 - weight) * prices[after, two]) / before
        assert found.filter(pl.col("date") == after)["index"].item() == pytest.approx(level, rel=1e-13)
    assert found["change"].null_count() == 1


def test_a_price_that_lacks_is_refused_with_day_and_contract() -> None:
    first, last = date(2025, 1, 6), date(2025, 2, 28)
    quoted = made(first, last)
    gone = (pl.col("date") == date(2025, 2, 3)) & (pl.col("expiry") == date(2025, 2, 19))
    with pytest.raises(av.AlvhError, match=r"no settlement on 2025-02-03 .* settles on 2025-02-19"):
        etp.strategy_index(quoted.filter(~gone), first, last)
    # From the close before a settlement on nothing of the contract that settles is held.
    unused = (pl.col("date") == date(2025, 2, 19)) & (pl.col("expiry") == date(2025, 2, 19))
    assert len(etp.strategy_index(quoted.filter(~unused), first, last))
    with pytest.raises(av.AlvhError, match="stands twice for one contract"):
        etp.strategy_index(pl.concat([quoted, quoted[:1]]), first, last)
    with pytest.raises(av.AlvhError, match=r"columns=\{'settle': …\}"):
        etp.strategy_index(quoted.drop("settle"), first, last)


def test_a_fund_is_reset_every_day_and_ends_at_nothing() -> None:
    change, days, rate = [0.10, -0.10, 0.05], [1.0, 3.0, 1.0], 0.04
    for leverage in (1.0, 2.0, -0.5):
        price, fee = 20.0, 0.0095
        values = etp.Fund(leverage=leverage, fee=fee).values(change, days=days, rate=rate, start=price)
        for move, nights, found in zip(change, days, values[1:], strict=True):
            price *= 1 + leverage * move + np.exp(rate * nights / 365) - 1
            price *= 1 - fee * nights / 365
            assert found == pytest.approx(price, rel=1e-14)
    ended = etp.Fund(leverage=-1).values([0.1, 0.96, 1.2, -0.5], days=1)
    assert ended[2] > 0
    assert not ended[3:].any()
    missing = etp.Fund().values([0.1, np.nan, 0.1], days=1)
    assert np.isnan(missing).tolist() == [False, False, True, True]


@pytest.mark.parametrize("wrong", [{"leverage": 4}, {"fee": -0.01}, {"leverage": float("nan")}])
def test_funds_that_do_not_exist(wrong: dict[str, float]) -> None:
    with pytest.raises(av.AlvhError, match=next(iter(wrong))):
        etp.Fund(**wrong)


def test_values_name_what_is_wrong() -> None:
    with pytest.raises(av.AlvhError, match=r"start = 0\.0"):
        etp.Fund().values([0.1], days=1, start=0.0)
    with pytest.raises(av.AlvhError, match="do not broadcast"):
        etp.Fund().values([0.1, 0.2], days=[1, 2, 3])


@pytest.mark.parametrize("market", [L3F(vix=24), PDV4()], ids=["l3f", "pdv4"])
def test_paths_are_those_of_the_market_and_its_curve(market: L3F | PDV4) -> None:
    """The same futures by another way: of every tenor that is wanted, on the same paths."""
    number, paths = 30, 5
    shares = etp.simulate(market, paths, number, seed=3, first_path=2, price=40.0)
    held = etp.roll(shares.dates)
    contracts = {*held["first"], *held["second"]}
    tenors = sorted({(c - day).days for c in contracts for day in shares.dates if c > day})
    curves = market.simulate(paths, number, seed=3, first_path=2, vx_days=tenors)

    def future(contract: date, when: int) -> np.ndarray:
        days = (contract - shares.dates[when]).days
        return curves[f"vx{1 + tenors.index(days)}"][:, when]

    for when, (_, first, second, weight) in enumerate(held.rows()[:-1]):
        before, after = (
            weight * future(first, at) + (1 - weight) * future(second, at) for at in (when, when + 1)
        )
        np.testing.assert_allclose(shares.change[:, when], after / before - 1, rtol=0, atol=1e-13)
    nights = np.diff(np.array(shares.dates, np.datetime64)).astype(float)
    by_hand = etp.Fund().values(shares.change, days=nights, rate=market.rate, start=40.0)
    np.testing.assert_array_equal(shares.value, by_hand)


def test_paths_depend_on_their_number_alone() -> None:
    many = etp.simulate(L3F(), 300, 10, seed=9)
    few = etp.simulate(L3F(), 3, 10, seed=9, first_path=280)
    np.testing.assert_array_equal(many.value[280:283], few.value)


def test_a_flat_curve_rolls_for_nothing_and_contango_costs() -> None:
    """GBM's VIX never moves: bills are left. A calm L3F costs a long holder about half in a year."""
    still = etp.simulate(GBM(vol=0.2, rate=0.03), 1, 252, fund=etp.Fund(fee=0.0))
    years = (still.dates[-1] - still.dates[0]).days / 365
    assert not still.change.any()
    assert still.value[0, -1] == pytest.approx(100 * np.exp(0.03 * years), rel=1e-12)
    calm = etp.simulate(L3F(vix=16), 2_000, 252, seed=1).value[:, -1]
    assert 0.35 < np.median(calm) / 100 < 0.65


def test_a_replay_goes_by_its_settlements() -> None:
    with pytest.raises(av.AlvhError, match=r"a model that is drawn.* strategy_index"):
        etp.simulate(History.bundled(), 1, 5)  # type: ignore[arg-type]


def test_arguments_of_paths() -> None:
    with pytest.raises(av.AlvhError, match="sessions is 0"):
        etp.simulate(L3F(), 1, 0)
    with pytest.raises(av.AlvhError, match="paths is 0"):
        etp.simulate(L3F(), 0, 1)
    with pytest.raises(av.AlvhError, match="first_path"):
        etp.simulate(L3F(), 2, 1, first_path=2**48)
    for paths, length in ((2**40, 20), (2**28 + 1, 1), (2**20, 257)):
        with pytest.raises(av.AlvhError, match=rf"paths = {paths}, .*at most 268435456 .*with first_path"):
            etp.simulate(L3F(), paths, length)


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "2", None, 2**64, np.array([1])])
@pytest.mark.parametrize("name", ["paths", "sessions", "seed", "first_path"])
def test_whole_numbers_of_paths(name: str, wrong: object) -> None:
    with pytest.raises(av.errors.SpecError, match=rf"{name} = .*: must be a whole number from 0 to"):
        etp.simulate(L3F(), **{"paths": 2, "sessions": 2, name: wrong})


def test_whole_numbers_of_numpy() -> None:
    plain = etp.simulate(L3F(), 2, 3, seed=5, first_path=1)
    given = etp.simulate(L3F(), np.int64(2), np.int32(3), seed=np.array(5), first_path=np.uint8(1))
    np.testing.assert_array_equal(given.value, plain.value)


def by_rank(first: date, last: date) -> pl.DataFrame:
    """Settlements of the first three contracts, by rank; on a settlement day the next one is the first."""
    ranked = pl.read_parquet(recorded_market.folder() / "vx" / "vx_continuous_daily.parquet")
    contracts = listed_expiries("VX", first, date(last.year + 1, 6, 30))
    rows = [
        (row["date"], contracts[bisect_right(contracts, row["date"]) + rank], row[f"vx{rank + 1}"])
        for row in ranked.filter(pl.col("date").is_between(first, last)).iter_rows(named=True)
        for rank in range(3)
    ]
    return pl.DataFrame(rows, ["date", "expiry", "settle"], orient="row")


SPANS = [(date(2011, 10, 4), date(2015, 3, 31)), (date(2015, 1, 2), date(2018, 1, 31))]


@needs_data
@pytest.mark.data
@pytest.mark.parametrize("span", SPANS)
def test_svxy_is_what_the_futures_made(span: tuple[date, date]) -> None:
    """Minus once, until 2018-02-27. It closes at 16:00, futures at 16:15: days differ, years hardly."""
    first, last = span
    record = recorded_market.vx(date(2011, 9, 1)) if first.year == 2011 else by_rank(first, last)
    index = etp.strategy_index(record, first, last)
    nights = index["date"].diff().dt.total_days()[1:].to_numpy()
    fund = etp.Fund(leverage=-1, fee=0.0095).values(index["change"][1:], days=nights, rate=0.001)
    closes = pl.read_parquet(recorded_market.folder() / "indices" / "svxy_daily.parquet")
    both = index.select("date", model=pl.Series(fund)).join(closes, on="date").sort("date")
    assert len(both) == len(index)

    def together(every: int) -> tuple[float, float]:
        logs = np.log(both.select("model", "SVXY").to_numpy()[::every])
        model, traded = np.diff(logs, axis=0).T
        return float(np.corrcoef(model, traded)[0, 1]), float(np.std(model - traded))

    daily, weekly, monthly = (together(every) for every in (1, 5, 21))
    for (correlation, error), least, most in zip(
        (daily, weekly, monthly), (0.93, 0.98, 0.99), (0.016, 0.017, 0.020), strict=True
    ):
        assert correlation > least
        assert error < most
    ratio = (both["SVXY"] / both["model"]).to_numpy()
    assert abs(ratio[-1] / ratio[0] - 1) < 0.05


@needs_data
@pytest.mark.data
def test_vxx_of_december_2016() -> None:
    first, last = date(2016, 12, 1), date(2016, 12, 15)
    index = etp.strategy_index(by_rank(first, last), first, last)
    chain = pl.read_parquet(recorded_market.folder() / "chains" / "vxx_201612_first_half.parquet")
    traded = chain.group_by(date="quote_date").agg(price=pl.col("underlying_price").first())
    both = index.join(traded, on="date").sort("date")
    assert len(both) == 10
    ratio = (both["price"] / both["index"]).to_numpy()
    assert abs(ratio / ratio.mean() - 1).max() < 0.02
    assert abs(ratio[-1] / ratio[0] - 1) < 0.015
