"""The filter of histories: its frame, a naive twin, and VX futures reconstructed from indices."""

import json
import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import markdown_pages
from alvh import _core, market
from alvh.errors import HistoryError
from alvh.schedule import sessions
from alvh.schedule.expiries import vix_expiration
from test_market import L3FTwin

DELTA = 1 / 252
DAYS = sessions(date(2023, 1, 3), date(2023, 12, 29))
RATES = {"rate": 0.03, "dividend_yield": 0.015}


def closes(longer=True):
    """A year with a shock in it; longer indices come and go."""
    rng = np.random.default_rng(4)
    n = len(DAYS)
    vix = 15 + 25 * np.exp(-np.abs(np.arange(n) - 150) / 12) + rng.random(n)
    frame = pl.DataFrame(
        {
            "date": DAYS,
            "spx": 4000 * np.exp(np.cumsum(0.01 * rng.standard_normal(n))),
            "vix": vix,
        }
    )
    if not longer:
        return frame
    known = pl.int_range(pl.len()) % 7 != 3
    return frame.with_columns(
        vix3m=pl.when(known).then(0.614 + 0.825 * pl.col("vix").log()).exp(),
        vix6m=pl.when(known).then(0.9 + 0.72 * pl.col("vix").log()).exp(),
    )


def futures(frame):
    rows = [
        (day, expiry, 0.7 * vix + 6.5)
        for day, vix in frame.select("date", "vix").iter_rows()
        for expiry in (vix_expiration(2023, month) for month in range(1, 13))
        if day < expiry and (expiry - day).days < 200
    ]
    return pl.DataFrame(rows, schema={"date": pl.Date, "expiry": pl.Date, "settle": pl.Float64}, orient="row")


def naive(frame, vx, erp=0.05):
    """The filter as a textbook writes it: all prices of a session at once, one matrix inversion a day."""
    twin = L3FTwin(market.L3F().spec())
    curve = twin.spec["curve"]
    keep = np.exp(-twin.kp * DELTA)
    x, p = twin.m, twin.covariance / np.add.outer(twin.kp, twin.kp)
    month = 30 / 365
    rows, last = [], (np.nan, x)
    for i, row in enumerate(frame.iter_rows(named=True)):
        if i:
            x, p = twin.m + keep * (x - twin.m), np.outer(keep, keep) * p + twin.covariance * DELTA
        predicted, before = x, p
        seen = [(np.ones(3), twin.level, row["vix"], 0.0)]
        for name, months in (("vix3m", 3), ("vix6m", 6)):
            if row.get(name) is not None:
                loading = twin.phi(months * month) / twin.phi(month)
                seen.append((loading, twin.level + curve["slope_long"] * np.log(months), row[name], 0.03))
        for _, expiry, settle in (
            vx.filter(pl.col("date") == row["date"]).iter_rows() if vx is not None else ()
        ):
            years = (expiry - row["date"]).days / 365
            k = np.add.outer(twin.kq, twin.kq)
            v = (twin.covariance * (1 - np.exp(-k * years)) / k).sum()
            seen.append((np.exp(-twin.kq * years), twin.level + v / 2, settle, 0.015))
        h = np.array([loading for loading, *_ in seen])
        surprise = np.array([np.log(k - twin.floor) - level - loading @ x for loading, level, k, _ in seen])
        noise = np.diag([(sd * k / (k - twin.floor)) ** 2 for *_, k, sd in seen])
        gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + noise)
        x, p = x + gain @ surprise, p - gain @ h @ p
        unit = twin.s**2 * DELTA
        z = np.nan
        if i:
            spot, state = last
            sd = twin.spot_sd(state)
            drift = (RATES["rate"] - RATES["dividend_yield"] + erp) * DELTA
            z = (np.log(row["spx"] / spot) - drift + sd**2 / 2 - SKEW * sd**3 / 6) / sd
        last = row["spx"], x
        rows.append([*x, z, *(x - predicted) / np.sqrt(unit), *np.diag(before - p) / unit])
    return np.array(rows)


SKEW = 0.484277  # of z, with its sign turned


@pytest.mark.parametrize("with_vx", [False, True])
@pytest.mark.parametrize("longer", [False, True])
def test_the_filter_equals_a_textbook(longer, with_vx):
    frame = closes(longer)
    vx = futures(frame) if with_vx else None
    found = market.filter(frame, **RATES, vx=vx)
    expected = naive(frame, vx)
    names = ["x0", "x1", "x2", "z", "g0", "g1", "g2", "g0_variance", "g1_variance", "g2_variance"]
    np.testing.assert_allclose(found.select(names[:3]).to_numpy(), expected[:, :3], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.select(names[3:])[1:].to_numpy(), expected[1:, 3:], rtol=0, atol=1e-6)
    assert found["date"].to_list() == DAYS
    assert found.row(0)[4:] == (None,) * 10
    for g in ("g0", "g1", "g2"):
        scaled = found[g] / found[f"{g}_variance"].sqrt()
        assert found[f"{g}_standardised"].to_list() == scaled.to_list()


def test_a_session_knows_nothing_of_later_ones():
    frame = closes()
    whole, head = (market.filter(each, **RATES) for each in (frame, frame[:100]))
    assert whole[:100].equals(head)


def test_parameters_and_premium_take_part():
    frame = closes()
    plain = market.filter(frame, **RATES)
    other = market.filter(
        frame, **RATES, curve=market.Curve(floor=7.0), dynamics=market.Dynamics(mean=(0, 0, 0))
    )
    assert (plain["x2"] - other["x2"]).abs().min() > 0
    richer = market.filter(frame, **RATES, erp=0.30)
    assert ((plain["z"] - richer["z"])[1:] > 0).all()
    assert plain["g0"].equals(richer["g0"])


def test_a_history_is_filtered_as_it_was_read():
    frame = closes()
    history = market.History(frame, **RATES, vx=futures(frame))
    assert market.filter(history).equals(market.filter(frame, **RATES, vx=futures(frame)))
    with pytest.raises(HistoryError, match="rate: a History is already read"):
        market.filter(history, rate=0.05)
    with pytest.raises(HistoryError, match="rate, dividend_yield: a History is already read"):
        market.filter(history, rate=0.0, dividend_yield=0.0)


def test_a_replay_takes_futures_into_its_state():
    """Its bases are then near 1, and its states those of the filter."""
    frame = closes(longer=False)
    vx = futures(frame)
    plain = market.History(frame, **RATES, vx=vx)
    known = market.History(frame, **RATES, vx=vx, vx_in_state=True)
    assert "vx_in_state" not in plain.spec()
    assert len(known.limits) == len(plain.limits) + 1
    marks = known.vx.frame.filter(pl.col("session") < pl.col("expiry"))
    rows = marks["session"].to_list(), marks["expiry"].to_list()
    bases = [_core.market_vx_basis(json.dumps(each.spec()), *rows) for each in (plain, known)]
    far, near = (np.sqrt((np.log(basis) ** 2).mean()) for basis in bases)
    assert near < 0.3 * far
    x = market.filter(known).select("x0", "x1", "x2").to_numpy()
    model = L3FTwin(market.L3F().spec())
    days = marks["days"].to_numpy() / 365
    settle = [model.future(x[row], tau) for row, tau in zip(marks["session"], days, strict=True)]
    np.testing.assert_allclose(marks["settle"].to_numpy() / settle, bases[1], rtol=1e-12)
    with pytest.raises(HistoryError, match="give vx as well"):
        market.History(frame, **RATES, vx_in_state=True)


@pytest.mark.data
def test_vx_futures_are_reconstructed():
    """MODELS: root mean square errors by rank, each within 15%; docs/models.md has the table."""
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    contracts = pl.read_parquet(Path(root) / "vx" / "vx_contracts_daily.parquet")
    by_rule = {
        month: vix_expiration(*map(int, month.split("-"))) for month in contracts["contract_month"].unique()
    }
    vx = contracts.select(
        "settle", date="trade_date", expiry=pl.col("contract_month").replace_strict(by_rule)
    )
    indices = Path(root) / "indices"
    volatility = (
        pl.read_parquet(indices / "cboe_vol_indices_daily.parquet")
        .with_columns(pl.col("symbol").str.to_lowercase())
        .pivot(on="symbol", index="date", values="close")
        .select("date", "vix", "vix3m", "vix6m")
    )
    whole = (
        pl.read_parquet(indices / "spx_daily.parquet")
        .select("date", spx="close")
        .join(volatility, on="date")
        .sort("date")
    )
    marks = (
        vx.drop_nulls()
        .filter(pl.col("date") < pl.col("expiry"))
        .with_columns(rank=pl.col("expiry").rank("ordinal").over("date"))
        .filter(pl.col("rank") <= 7)
        .filter(pl.len().over("date") == 7)
    )
    twin = L3FTwin(market.L3F().spec())

    def errors(columns, start, first, futures=None):
        frame = whole.filter(pl.col("date").is_between(start, date(2015, 4, 1)))
        states = market.filter(
            frame.select("date", "spx", "vix", *columns), **RATES, gaps="report", vx=futures
        )
        seen = marks.filter(pl.col("date").is_between(first, date(2014, 9, 30))).join(states, on="date")
        years = (seen["expiry"] - seen["date"]).dt.total_days().to_numpy() / 365
        x = seen.select("x0", "x1", "x2").to_numpy()
        k = np.add.outer(twin.kq, twin.kq)[None]
        v = (twin.covariance * (1 - np.exp(-k * years[:, None, None])) / k).sum(axis=(1, 2))
        model = twin.floor + np.exp(twin.level + v / 2 + (x * np.exp(-np.outer(years, twin.kq))).sum(axis=1))
        squares = seen.with_columns(square=(pl.Series(model) - pl.col("settle")) ** 2)
        return squares.group_by("rank").agg(pl.col("square").mean().sqrt()).sort("rank")["square"].to_list()

    late, both = date(2009, 9, 18), ("vix3m", "vix6m")
    table = markdown_pages.table("docs/models.md", "filter")
    measured = [
        errors((), date(2000, 1, 3), date(2006, 10, 1)),
        errors(("vix3m",), late, date(2009, 10, 1)),
        errors(both, late, date(2009, 10, 1)),
        errors(both, late, date(2009, 10, 1), vx),
    ]
    for row, found in zip(table, measured, strict=True):
        for cell, value in zip(row[1:], found, strict=True):
            quoted, *target = cell.replace("(", "").replace(")", "").split()
            assert float(quoted) == pytest.approx(value, abs=0.0051)
            assert all(value < 1.15 * float(each) for each in target)
