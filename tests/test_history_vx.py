"""Recorded VX futures in a replay: read, refused, placed on the clock, counted, and priced back."""

import json
import os
import runpy
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alvh import _core, schedule
from alvh.errors import HistoryError
from alvh.history import RECONSTRUCTED, History, read_history
from alvh.schedule.expiries import vix_expiration
from history_samples import DAYS, RATES, frame

MARCH, APRIL, MAY = (vix_expiration(2024, month) for month in (3, 4, 5))
ROW = {day: index for index, day in enumerate(DAYS)}


def futures(*rows):
    return pl.DataFrame(rows, schema={"date": pl.Date, "expiry": pl.Date, "settle": pl.Float64}, orient="row")


GOOD = futures(
    (DAYS[4], APRIL, 15.5),
    (DAYS[2], MARCH, 14.5),
    (DAYS[6], MARCH, 14.75),
    (MARCH, MARCH, 13.9),
    (DAYS[4], MAY, 16.25),
)


def market(vx=GOOD, closes=None, **options):
    return History(frame() if closes is None else closes, **RATES, vx=vx, **options)


def refusal(vx, **options):
    with pytest.raises(HistoryError) as caught:
        market(vx, **options)
    return caught.value


def basis(found, rows, expiries):
    clock = {day: index for index, day in enumerate(found.schedule.dates)}
    spec = json.dumps(found.spec())
    return _core.market_vx_basis(spec, [clock[day] for day in rows], [clock[day] for day in expiries])


# Good records


def test_marks_are_placed_on_the_clock():
    spec = market().spec()["vx"]
    index = {day: i for i, day in enumerate(market().schedule.dates)}
    assert list(zip(spec["session"], spec["expiry"], spec["days"], spec["settle"], strict=True)) == [
        (2, index[MARCH], (MARCH - DAYS[2]).days, 14.5),
        (6, index[MARCH], (MARCH - DAYS[6]).days, 14.75),
        (index[MARCH], index[MARCH], 0.0, 13.9),
        (4, index[APRIL], (APRIL - DAYS[4]).days, 15.5),
        (4, index[MAY], (MAY - DAYS[4]).days, 16.25),
    ]
    assert index[MAY] >= len(DAYS)  # settles in the tail


def test_frame_csv_and_parquet_read_alike(tmp_path):
    GOOD.write_csv(tmp_path / "vx.csv")
    GOOD.select("settle", "expiry", "date").write_parquet(tmp_path / "vx.parquet")
    renamed = GOOD.rename({"date": "Trade Date", "expiry": "EXPIRY"})
    specs = [
        market(tmp_path / "vx.csv").spec(),
        market(tmp_path / "vx.parquet").spec(),
        market(renamed, vx_columns={"date": "Trade Date"}).spec(),
        History(read_history(frame(), **RATES), vx=GOOD).spec(),
    ]
    assert all(spec == market().spec() for spec in specs)


def test_recorded_prices_come_back_and_the_last_basis_goes_on():
    found = market()
    plain = History(frame(), **RATES)
    assert _core.market_vx_basis(json.dumps(plain.spec()), [2], [13]) is None
    before, first, gap, second, after = basis(
        found, [DAYS[1], DAYS[2], DAYS[4], DAYS[6], DAYS[8]], [MARCH] * 5
    )
    assert before == 1.0  # not quoted yet: the model's
    assert first != second
    assert (gap, after) == (first, second)
    assert basis(found, [DAYS[40]], [MAY]) == basis(found, [DAYS[4]], [MAY])


def test_the_final_settlement_is_measured_against_the_opening():
    """VIX at .45 of the way between the closes in ln(VIX - floor), since x is on the line."""
    found = market()
    row = ROW[MARCH]
    above = np.log(np.array(found.spec()["vix"][row - 1 : row + 1]) - 6.0)
    opening = 6.0 + np.exp(above[0] + 0.45 * (above[1] - above[0]))
    assert basis(found, [MARCH], [MARCH])[0] == pytest.approx(13.9 / opening, rel=1e-12)


# What was used, and what is said


def test_marks_of_the_nearest_seven_are_counted():
    """By hand: every contract at every session from the first, since fewer than seven settled before it."""
    found = market()
    clock = found.schedule
    settlements = [
        i
        for i, day in enumerate(clock.dates)
        if day in schedule.listed_expiries("VIX", clock.dates[0], clock.dates[-1])
    ]
    spans = {expiry: min(expiry + 1, len(DAYS)) for expiry in settlements}
    index = {day: i for i, day in enumerate(clock.dates)}
    reconstructed = (
        2
        + 4
        + 4
        + sum(spans[expiry] for expiry in settlements if clock.dates[expiry] not in {MARCH, APRIL, MAY})
    )
    assert found.vx.marks.recorded == 5
    assert found.vx.marks.reconstructed == reconstructed
    assert sum(found.vx.marks) == sum(spans.values())
    assert found.vx.marks.carried == sum(spans[index[d]] for d in (MARCH, APRIL, MAY)) - 10 - 5


def test_only_the_nearest_seven_count():
    """Two years of clock: no session has more than seven contracts, most have exactly seven."""
    days = schedule.sessions(date(2022, 1, 3), date(2023, 12, 29))
    found = market(futures((days[0], vix_expiration(2022, 1), 17.0)), closes=frame(days), tail_sessions=200)
    assert 0.97 * 7 < sum(found.vx.marks) / len(days) <= 7 + 24 / len(days)


def test_rows_that_are_not_used_are_said_by_reason():
    odd = pl.concat(
        [
            GOOD,
            futures(
                (DAYS[7], APRIL, None),
                (DAYS[8], APRIL, None),
                (date(2024, 2, 29), APRIL, 15.0),  # before the history
                (date(2024, 3, 29), APRIL, 15.0),  # Good Friday
                (DAYS[7], date(2024, 3, 27), 14.0),  # a weekly contract
                (DAYS[7], date(2025, 6, 18), 19.0),  # beyond the clock
            ),
        ]
    )
    found = market(odd)
    assert found.spec() == market().spec()
    assert sorted(found.vx.unused.values()) == [2, 2, 2]
    text = " ".join(found.limits)
    assert "2 rows of frame not used: no settlement price." in text
    assert "on no session of the history (2024-03-01 to 2024-04-30)." in text
    assert "settles on no monthly VIX expiry of the clock." in text


def test_a_settlement_on_the_first_session_is_not_used():
    days = schedule.sessions(MARCH, date(2024, 4, 30))
    found = market(GOOD.vstack(futures((days[1], APRIL, 15.0))), closes=frame(days))
    assert any("first session, whose opening is not known" in limit for limit in found.limits)
    assert found.spec()["vx"]["session"] == [1]


def test_reconstruction_is_said_until_nothing_is_reconstructed():
    assert RECONSTRUCTED in History(frame(), **RATES).limits
    assert RECONSTRUCTED in market().limits
    clock = History(frame(), **RATES).schedule
    expiries = schedule.listed_expiries("VIX", clock.dates[0], clock.dates[-1])
    whole = market(futures(*((DAYS[0], day, 15.0) for day in expiries)))
    assert whole.vx.marks.reconstructed == 0
    assert RECONSTRUCTED not in whole.limits
    assert any("frame" in limit and f"{len(expiries)} are recorded" in limit for limit in whole.limits)


def test_openings_reach_the_core_and_are_counted():
    openings = frame()["spx"].shift(1) + pl.Series([0.0, 0.0] + [1.5] * (len(DAYS) - 2))
    found = History(frame().with_columns(open=openings), **RATES)
    assert found.spec()["open"] == [None, *openings[1:]]
    assert f"1 of {len(DAYS)} openings are not recorded" in " ".join(found.limits)
    assert f"1 of {len(DAYS)} recorded openings repeat the close before" in " ".join(found.limits)
    ln_s, *_ = _core.market_openings(json.dumps(found.spec()), 0, 1, 5, seed=0, start=3)
    np.testing.assert_allclose(np.exp(ln_s[0]), openings[4:9], rtol=1e-14)
    assert "Openings are not recorded" in " ".join(History(frame(), **RATES).limits)


# Refusals


@pytest.mark.parametrize(
    ("vx", "words", "place"),
    [
        (GOOD.with_columns(settle=pl.col("settle") / 100), "0.155 is out of range", (1, "settle")),
        (GOOD.with_columns(settle=pl.col("settle") * 10), "is far from the day's VIX", (1, "settle")),
        (
            futures((DAYS[3], MARCH, 14.0), (DAYS[3], MARCH, 14.0)),
            "stands twice for one contract",
            (2, "date"),
        ),
        (futures((DAYS[20], MARCH, 14.0)), "comes after its contract's settlement", (1, "date")),
        (GOOD.cast(pl.String).with_columns(expiry=pl.lit("Mar 24")), "is no date", (1, "expiry")),
        (GOOD.cast(pl.String).with_columns(settle=pl.lit("14,5")), "is no number", (1, "settle")),
    ],
)
def test_wrong_values_are_named(vx, words, place):
    error = refusal(vx)
    assert words in str(error)
    assert (error.row, error.column) == place
    assert "Allowed: " in str(error)
    assert "Mend: " in str(error)


def test_wrong_files_are_named(tmp_path):
    assert "has no column 'expiry'" in str(refusal(GOOD.drop("expiry")))
    assert "vx_columns={'expiry': …}" in str(refusal(GOOD.rename({"expiry": "last"})))
    assert "vx_columns={…} maps 'spx'" in str(refusal(GOOD, vx_columns={"spx": "settle"}))
    assert "no price that this history can use: it has no rows" in str(refusal(GOOD.clear()))
    assert "no price that this history can use: on no session" in str(
        refusal(futures((date(2023, 1, 4), MARCH, 20.0)))
    )
    assert "cannot be read" in str(refusal(tmp_path / "absent.csv"))
    with pytest.raises(HistoryError, match="vx_columns names the columns of vx"):
        History(frame(), **RATES, vx_columns={"date": "day"})


# Real data, where the developer has it


@pytest.mark.data
def test_reconstruction_of_ten_years():
    """The figures that docs/history.md and every history without recorded futures quote."""
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    contracts = pl.read_parquet(Path(root) / "vx" / "vx_contracts_daily.parquet")
    # The file ends before the last contracts do: their expiry is by rule.
    by_rule = {
        month: vix_expiration(*map(int, month.split("-"))) for month in contracts["contract_month"].unique()
    }
    vx = contracts.select(
        "settle", date="trade_date", expiry=pl.col("contract_month").replace_strict(by_rule)
    )
    ended = contracts.filter("expired_in_file").select("contract_month", "last_trade_date").unique()
    assert all(by_rule[month] == day for month, day in ended.iter_rows())
    indices = Path(root) / "indices"
    index = pl.read_parquet(indices / "spx_daily.parquet").select("date", "open", spx="close")
    volatility = pl.read_parquet(indices / "cboe_vol_indices_daily.parquet").filter(pl.col("symbol") == "VIX")
    closes = (
        index.join(volatility.select("date", vix="close"), on="date")
        .filter(pl.col("date").is_between(date(2006, 1, 3), date(2015, 12, 31)))
        .sort("date")
    )
    found = History(closes, **RATES, vx=vx)
    assert found.vx.unused == {"no settlement price": 316}
    assert found.vx.marks.recorded > 13_000
    assert found.vx.marks.carried < 1_200
    script = Path(__file__).parent.parent / "scripts" / "vx_reconstruction.py"
    table = runpy.run_path(str(script))["errors"](found)
    assert [round(rmse, 1) for rmse in table["rmse"]] == [1.0, 1.6, 1.8, 1.8, 1.8, 1.9, 2.0]
    # Final settlements of March 2015 and of the crash: recorded, not VIX at the opening.
    final = vx.filter(pl.col("date") == pl.col("expiry"))
    ratios = basis(found, final["date"].to_list(), final["expiry"].to_list())
    assert len(ratios) == 87
    assert np.abs(np.log(ratios)).max() < 0.2
    assert 0.01 < np.log(ratios).std() < 0.06
