"""The worst path of a book and the shortest list of events that led there (issue of attribution, R75)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import alvh as av
from alvh.comparison import EVENTS
from alvh.errors import SpecError
from alvh.figures.columns import BUCKETS
from alvh.worst import ENDS, Fall, explained, worst

FIRST = date(2025, 1, 2)
NOTHING = pl.DataFrame(schema=EVENTS)


def ledger(earned: list[float]) -> pl.DataFrame:
    """A ledger that earned so much in all by each tick, by spot alone."""
    n = len(earned)
    flat = {name: [0.0] * n for name in BUCKETS}
    market = {"index": [5000.0] * n, "vix": [16.0] * n, "hedge": [0.0] * n}
    days = [FIRST + timedelta(tick) for tick in range(n)]
    return pl.DataFrame({"tick": range(n), "date": days, **market, **flat, "spot": earned})


@pytest.fixture(scope="module")
def result() -> av.Comparison:
    """Doubling and a hedge at a size that hurts."""
    arms = [av.preset(name) for name in ("plain", "martingale_replace", "alvh_0")]
    market = av.market.L3F(vix=20)
    return av.compare(arms, market, paths=256, sessions=126, shares=[0.35], seed=3, surface_band=0)


@given(
    changes=st.lists(st.integers(-50, 50), min_size=1, max_size=9),
    least=st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_no_shorter_list_of_sessions_makes_up_as_much(changes: list[int], least: float) -> None:
    earned = np.cumsum([0, *changes]).astype(float)
    told = explained(
        ledger(earned.tolist()),
        NOTHING,
        Fall(0, "ruin", len(changes)),
        arm="a",
        share=0.1,
        hedges=frozenset(),
        least=least,
    )
    high = int(np.argmax(earned))
    assert told.fall == earned[high] - earned[-1]
    after = changes[high:]
    enough = [
        n for n in range(len(after) + 1) for each in combinations(after, n) if -sum(each) >= least * told.fall
    ]
    assert told.events.height == min(enough)
    if told.fall:
        assert told.explains is not None
        assert told.explains >= least
        assert told.explains * told.fall == pytest.approx(-told.events["dollars"].sum())
    else:
        assert told.explains is None


def test_the_path_is_the_gravest_and_then_the_poorest(result: av.Comparison) -> None:
    for arm in result.arms:
        told = result.explain_worst(arm)
        rows = result.paths().filter(arm=arm).collect()
        reached = [end for end in ENDS if (rows[f"{end}_tick"] > 0).any()]
        if reached:
            same = rows.filter(pl.col(f"{reached[0]}_tick") > 0)
            assert told.end == reached[0]
            assert told.path == same.sort("nav")["path"][0]
        else:
            assert told.end == "drawdown"
            assert told.path == rows.sort("max_drawdown", descending=True)["path"][0]


def test_the_fall_is_what_the_ledger_lost(result: av.Comparison) -> None:
    told = result.explain_worst("martingale_replace")
    trace = result.trace(told.path, "martingale_replace").ledger
    earned = sum(trace[name] for name in BUCKETS)
    at = dict(zip(trace["date"], earned, strict=True))
    assert told.fall == pytest.approx(at[told.high] - at[told.last])
    assert told.fall == pytest.approx(
        trace.filter(date=told.high)["nav"][0] - trace.filter(date=told.last)["nav"][0], rel=1e-9
    )
    sessions = told.events.filter(kind="market")
    assert told.explains == pytest.approx(-sessions["dollars"].sum() / told.fall)
    assert sessions["date"].is_between(told.high, told.last).all()


def test_a_doubling_that_grew_and_a_hedge_that_did_not_act_are_told(result: av.Comparison) -> None:
    doubled = result.explain_worst("martingale_replace").events
    assert "size" in set(doubled["kind"])
    hedged = result.explain_worst("alvh_0").events.filter(kind="hedge")
    assert hedged.height == hedged["what"].n_unique()
    assert all(": not opened, " in words for words in hedged["what"])


def test_words_begin_with_the_end_and_tell_every_event(result: av.Comparison) -> None:
    told = result.explain_worst("plain", explains=0.5)
    lines = told.text().splitlines()
    assert lines[0].startswith("plain at 35% of NAV, path ")
    assert len(lines) == 1 + told.events.height


@pytest.mark.parametrize(
    ("changes", "words"), [({"arm": "nobody"}, "known arms"), ({"explains": 0.0}, "above 0")]
)
def test_impossible_questions_are_refused(
    result: av.Comparison, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        result.explain_worst(**changes)  # type: ignore[arg-type]


def test_worst_needs_no_order_of_rows(result: av.Comparison) -> None:
    rows = result.paths().filter(arm="plain").collect()
    assert worst(rows) == worst(rows.reverse())
