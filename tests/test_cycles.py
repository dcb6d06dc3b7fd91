"""Sortino ratios through the cycles of the index (R73)."""

import numpy as np
import pytest

import alvh as av
from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.by_session import earned
from alvh.figures.returns import sortino
from alvh.market import L3F

CAPITAL = 1e6


@pytest.mark.parametrize(
    ("closes", "told"),
    [
        ([100, 80.1, 100], []),  # not a fifth
        ([100, 80, 100], [(0, "peak"), (1, "trough")]),
        ([100, 80, 99.9], [(0, "peak")]),  # not a quarter
        ([100, 120, 96, 90, 112.5, 200, 160], [(1, "peak"), (3, "trough"), (5, "peak")]),
        ([100, 70, 80, 60, 74, 75], [(0, "peak"), (3, "trough")]),  # a rally of less is none
    ],
)
def test_what_a_turn_is(closes: list[float], told: list[tuple[int, str]]) -> None:
    assert figures.turns(closes) == told


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(AlvhError, match="closes: of one path"):
        figures.turns([[100.0]])
    with pytest.raises(AlvhError, match="closes: of one path"):
        figures.turns([100.0, 0.0])
    with pytest.raises(AlvhError, match=r"fall = 1\.0"):
        figures.turns([100.0], 1.0)


@pytest.fixture(scope="module")
def result() -> av.Comparison:
    few = {"paths": 48, "sessions": 504, "shares": [0.35], "surface_band": 0}
    return av.compare([av.preset("plain"), av.preset("alvh_0")], L3F(vix=26), **few)


def test_parts_add_up_to_the_whole(result: av.Comparison) -> None:
    """By their sessions: rises and falls, and cycle by cycle; so does the index, to 100."""
    table = result.cycles(fall=0.10)
    assert table["part"].to_list()[:3] == ["whole", "rise", "fall"]
    assert table.filter(part="cycle 2")["paths"].min() > 0
    for arm in result.arms:
        mine = table.filter(arm=arm)
        whole = mine.filter(part="whole").row(0, named=True)
        for parts in (mine.filter(part="rise").vstack(mine.filter(part="fall")), mine[3:]):
            assert parts["share"].sum() == pytest.approx(1)
            assert (parts["share"] * parts["estimate"]).sum() == pytest.approx(whole["estimate"])
            if whole["index"] is not None:
                assert (parts["share"] * parts["index"]).sum() == pytest.approx(100)
        shown = whole["low"] > 0 or whole["high"] < 0
        assert (whole["index"] == 100) == shown
        assert mine["index"].null_count() == (0 if shown else mine.height)


def test_the_whole_is_the_sortino_ratio(result: av.Comparison) -> None:
    """Of all sessions of all paths, end to end; inflation is taken off each."""
    y = earned(result.series()["plain"], CAPITAL)
    for inflation in (0.0, 0.03):
        row = result.cycles(inflation=inflation).filter(arm="plain", part="whole")
        expected = sortino(y.reshape(1, -1) - inflation / 252)[0]
        assert row["estimate"].item() == pytest.approx(expected)


def test_falls_are_the_sessions_from_peak_to_trough(result: av.Comparison) -> None:
    spot = result.series()["plain"]["spot"]
    y = earned(result.series()["plain"], CAPITAL)
    inside = np.zeros(y.shape, dtype=bool)
    for path in range(len(spot)):
        since = None
        for tick, kind in [*figures.turns(spot[path]), (504, "end")]:
            if since is not None:
                inside[path, since:tick] = True
            since = tick if kind == "peak" else None
    row = result.cycles().filter(arm="plain", part="fall").row(0, named=True)
    assert row["share"] == pytest.approx(inside.mean())
    deviation = np.sqrt((np.minimum(y, 0) ** 2).mean())
    assert row["estimate"] == pytest.approx(y[inside].mean() / deviation * np.sqrt(252))
    assert row["paths"] == inside.any(axis=1).sum()


def test_who_lost_nothing_has_no_ratio() -> None:
    nav = 100.0 + np.arange(9.0)[None, :]
    series = {"nav": nav, "deposited": 0 * nav, "bills": 0 * nav + 1.0, "spot": nav}
    table = figures.cycles({"lucky": series}, 100.0)
    assert table["part"].to_list() == ["whole", "rise", "cycle 1"]
    assert table.select("estimate", "index").null_count().row(0) == (3, 3)
