"""R81: one score of how strained trading is."""

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from alvh import signals
from alvh.errors import SignalError

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(120)]


def series(name, values, at=17):
    return pl.DataFrame(
        {
            "signal": [name] * len(values),
            "date": DAYS[: len(values)],
            "released_at": [datetime.combine(day, time(at)) for day in DAYS[: len(values)]],
            "value": values,
        }
    )


@pytest.fixture
def quotes():
    rng = np.random.default_rng(5)
    return pl.concat(
        [
            series("quoted_spread", rng.lognormal(size=120), 16),
            series("depth", rng.lognormal(size=120), 17),
            series("opening_gap", rng.normal(size=120), 9),
        ]
    )


def naive(values, sign, day, window):
    known = np.array(values[max(0, day + 1 - window) : day + 1])
    return sign * (known[-1] - known.mean()) / known.std(ddof=1)


def test_the_mean_of_the_z_scores_known_by_then(quotes):
    told = signals.microstructure_stress(quotes, window=40, least=20)
    day = 75
    by_name = {name: quotes.filter(signal=name)["value"].to_list() for name in quotes["signal"].unique()}
    gap = naive(np.abs(by_name["opening_gap"]), 1, day, 40)
    spread = naive(by_name["quoted_spread"], 1, day, 40)
    depth = naive(by_name["depth"], -1, day, 40)
    of_day = told.filter(date=DAYS[day])
    assert of_day["released_at"].dt.hour().to_list() == [9, 16, 17]
    assert of_day["value"].to_list() == pytest.approx([gap, (gap + spread) / 2, (gap + spread + depth) / 3])
    assert told.filter(date=DAYS[18])["value"].null_count() == 3


def test_an_absent_series_is_neutral(quotes):
    alone = signals.microstructure_stress(quotes.filter(signal="depth"), window=40, least=20)
    z = signals.zscore(quotes.filter(signal="depth"), window=40, least=20)
    assert alone["value"].to_list() == (-z["value"]).to_list()


def test_what_is_withdrawn_is_not_known_any_more(quotes):
    spreads = quotes.filter(signal="quoted_spread")
    withdrawn = spreads.tail(1).with_columns(
        pl.col("released_at") + timedelta(days=1), value=pl.lit(None, pl.Float64)
    )
    told = signals.microstructure_stress(pl.concat([spreads, withdrawn]), window=40, least=20)
    assert told.filter(date=DAYS[-1])["value"].is_null().to_list() == [False, True]


def test_what_comes_later_changes_nothing(quotes):
    whole = signals.microstructure_stress(quotes, window=40, least=20)
    cut = quotes.filter(pl.col("date") < DAYS[90])
    assert_frame_equal(
        signals.microstructure_stress(cut, window=40, least=20), whole.filter(pl.col("date") < DAYS[90])
    )


def test_a_frame_without_its_series_is_refused():
    with pytest.raises(SignalError, match=r"none of its series.*depth"):
        signals.microstructure_stress(series("dept", [1.0, 2.0]))
