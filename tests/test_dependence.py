"""Sessions as they came against the same in any order, and the bootstrap of one history (R18)."""

import numpy as np
import pytest

import alvh as av
from alvh import figures, statistics
from alvh.claims import table
from alvh.claims.dependence import dependence_rows
from alvh.errors import AlvhError, SpecError
from alvh.figures.by_session import earned
from alvh.figures.dependence import worst_month
from alvh.figures.windows import largest_fall
from alvh.market import FHS, GBM, L3F, History

FEW = {"paths": 96, "sessions": 252, "shares": [0.10], "surface_band": 0}


def made(y: np.ndarray) -> dict[str, np.ndarray]:
    """A book of a capital of 1 that earned `y` above bills of nothing."""
    nav = 1.0 + np.concatenate([np.zeros((len(y), 1)), y.cumsum(axis=1)], axis=1)
    return {"nav": nav, "deposited": 0 * nav, "bills": 0 * nav + 1.0}


def told(y: np.ndarray, **more: int) -> dict[str, tuple[float, float, float]]:
    rows = figures.dependence({"mine": made(y)}, 1.0, **more).select("figure", "estimate", "low", "high")
    return {figure: rest for figure, *rest in rows.iter_rows()}


def test_the_worst_month_by_hand() -> None:
    y = np.zeros((2, 60))
    y[0, 10:40] = -1.0
    y[1, [5, 30]] = -1.0
    assert worst_month(y).tolist() == [-21.0, -1.0]
    assert worst_month(-np.ones((1, 5))).tolist() == [-5.0]
    assert largest_fall(y).tolist() == [30.0, 2.0]


def test_independent_sessions_have_no_order() -> None:
    """Each difference of a sample without memory lies within its interval; with memory it does not."""
    rng = np.random.default_rng(5)
    y = rng.normal(0.0, 0.01, (400, 252))
    calm = told(y)
    for figure in ("worst_month_less_iid", "drawdown_less_iid"):
        _, low, high = calm[figure]
        assert low < 0 < high
    assert abs(calm["clustering"][0]) < 0.02
    rough = told(np.repeat(y[:, ::6], 6, axis=1))
    assert rough["clustering"][1] > 0.1
    assert rough["worst_month_less_iid"][2] < 0
    assert rough["drawdown_less_iid"][1] > 0


def test_shuffling_keeps_the_sessions_of_a_path() -> None:
    """A path that loses nothing has no fall in any order; a different seed another order."""
    gains = told(np.abs(np.random.default_rng(1).normal(0, 0.01, (8, 63))))
    assert gains["drawdown_iid"][0] == gains["drawdown"][0] == 0
    y = np.random.default_rng(2).normal(0, 0.01, (8, 63))
    assert told(y, seed=1)["drawdown_iid"] != told(y, seed=2)["drawdown_iid"]
    assert told(y, seed=1)["drawdown"] == told(y, seed=2)["drawdown"]


def test_a_condor_book_is_not_independent() -> None:
    """R18: sizes of sessions go together in L3F; the rows of the audit are those of the table."""
    result = av.compare([av.preset("plain")], L3F(vix=16), **FEW)
    table_of = {row["figure"]: row for row in result.dependence().iter_rows(named=True)}
    assert table_of["clustering"]["low"] > 0
    rows = list(dependence_rows(result, 0.10))
    assert [row.claim for row in rows] == [table.DEPENDENCE] * 3
    values = [row.estimate.value for row in rows if row.estimate is not None]
    assert values == [
        table_of[figure]["estimate"] for figure in ("clustering", "worst_month_less_iid", "drawdown_less_iid")
    ]
    here = earned(result.series()["plain"], 1e6)
    assert table_of["drawdown"]["estimate"] == pytest.approx(largest_fall(here).mean())


def test_blocks_of_one_session_forget() -> None:
    """The other control: the same innovations one by one; the state of the surface still remembers."""
    blocks, alone = (FHS.of(History.bundled(), block=block) for block in (21, 1))
    assert (blocks.spec()["block"], alone.spec()["block"]) == (21, 1)
    result = av.compare([av.preset("plain")], alone, **FEW | {"paths": 16, "sessions": 63})
    assert result.dependence()["figure"].to_list() == list(figures.DEPENDENCE)


# Blocks


def test_every_value_is_drawn_as_often_as_any_other() -> None:
    rows = statistics.block_rows(50, 7, draws=4_000, seed=1)
    assert rows.shape == (4_000, 50)
    counts = np.bincount(rows.ravel(), minlength=50) / 4_000
    assert counts == pytest.approx(np.ones(50), abs=0.15)
    steps = np.diff(rows, axis=1) % 50
    assert (steps == 1).mean() > 0.85  # within blocks


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((0, 1), "n = 0"),
        ((9, 0), "block = 0"),
        ((9, 10), "block = 10: at most the 9 values"),
        ((9, True), "block = True"),
        ((9, 3, 0), "draws = 0"),
    ],
)
def test_blocks_out_of_range_are_refused(asked: tuple[int, ...], words: str) -> None:
    with pytest.raises(AlvhError, match=words):
        statistics.block_rows(*asked)


def test_a_series_that_is_none_is_refused() -> None:
    for bad in ([[1.0]], [], [np.nan, 1.0]):
        with pytest.raises(AlvhError, match="one series of finite values"):
            statistics.block_interval(bad, lambda rows: rows.mean(axis=1), block=1)


def test_intervals_cover_a_mean_with_memory() -> None:
    """An AR(1) of 0.8: blocks cover its mean nearly as often as they say, single values far too rarely."""
    rng = np.random.default_rng(3)
    hits = {25: 0, 1: 0}
    for _ in range(120):
        noise = rng.normal(size=700)
        x = np.zeros(700)
        for i in range(1, 700):
            x[i] = 0.8 * x[i - 1] + noise[i]
        for block in hits:
            found = statistics.block_interval(x[100:], lambda rows: rows.mean(axis=1), block=block, draws=199)
            hits[block] += found.low <= 0 <= found.high
    assert hits[25] > 100
    assert hits[1] < 80


def test_a_history_has_intervals_by_blocks() -> None:
    """Of starts that do not overlap, put end to end."""
    few = {"sessions": 63, "every": 21, "shares": [0.10], "surface_band": 0}
    result = av.compare([av.preset("plain"), av.preset("stop_2x")], History.bundled(), **few)
    table_of = result.bootstrap(draws=199)
    assert table_of.select("arm", "figure").rows() == [
        (arm, figure) for arm in result.arms for figure in figures.ONE_HISTORY
    ]
    y = earned(result.series()["plain"], 1e6)[::3].ravel()
    row = table_of.row(0, named=True)
    assert row["sessions"] == len(y)
    assert row["estimate"] == pytest.approx(y.mean() * 252)
    assert row["low"] < row["estimate"] < row["high"]
    deviation = table_of.row(1, named=True)
    assert deviation["estimate"] == pytest.approx(y.std() * np.sqrt(252))
    # Volatility clusters: one session at a time says too much.
    assert deviation["high"] - deviation["low"] > deviation["high_iid"] - deviation["low_iid"]
    with pytest.raises(AlvhError, match="block = 9999"):
        result.bootstrap(block=9999)
    assert result.dependence()["low"].null_count() == 14


def test_a_simulation_has_paths_for_that() -> None:
    result = av.compare([av.preset("plain")], GBM(), **FEW | {"paths": 4, "sessions": 21})
    with pytest.raises(SpecError, match=r"bootstrap: .* summary\(\) has intervals"):
        result.bootstrap()
