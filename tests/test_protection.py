"""Figures of hedges on made-up frames, recomputed by hand, and their table (R22, R39, R44, R61, R63, R66)."""

from io import StringIO

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import alvh as av
from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.protection import _READ
from alvh.report.hedges import hedge_tables

N = 200
CAPITAL, SESSIONS, SHARE = 1e6, 126, 0.1
A_YEAR = 252 / SESSIONS / CAPITAL


def recorded(seed=3, **given):
    """Paths of an arm with a hedge: seeded numbers, unless given."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.random(N) for name in _READ}
    columns |= {f"bound_{limit}": rng.integers(0, 9, N).astype(float) for limit in figures.LIMITS_OF_SIZE}
    columns |= {f"layer_pnl_{index}": 1e3 * rng.standard_normal(N) for index in range(3)}
    columns["hedge_pnl"] = -2e4 * rng.random(N)
    columns["stress_core_pnl"] = -9e4 * rng.random(N)
    columns["r44_checked"] = np.full(N, 4.0)
    columns["r44_held"] = rng.integers(0, 5, N).astype(float)
    columns |= {name: np.full(N, value) for name, value in given.items()}
    return pl.DataFrame(columns).with_columns(
        path=pl.int_range(N), start=0, arm=pl.lit("hedged"), share=pl.lit(SHARE)
    )


def bare():
    """An arm without a hedge, as the engine records it."""
    zeros = dict.fromkeys((*_READ, *(f"layer_pnl_{index}" for index in range(3))), 0.0)
    return recorded(**zeros).with_columns(arm=pl.lit("bare"))


def protection(frame, **budgets):
    return figures.protection(frame, CAPITAL, SESSIONS, SHARE, budgets)


def estimates(table):
    return dict(table.select("figure", "estimate").iter_rows())


def test_every_figure_by_hand():
    frame = recorded()
    of = {name: frame[name].to_numpy() for name in frame.columns if frame[name].dtype == pl.Float64}
    told = estimates(protection(frame, hedged=0.015))
    decisions = sum(of[f"bound_{limit}"] for limit in figures.LIMITS_OF_SIZE)
    expected = {
        "realised_cost": -of["hedge_pnl"].mean() * A_YEAR,
        "budget": 0.015,
        "stress_share": of["stress_cash"].sum() / -of["stress_core_pnl"].sum(),
        "r44_share": of["r44_held"].sum() / (4 * N),
    }
    for name, (unit, _) in figures.PROTECTION.items():
        if name.startswith("bound_"):
            expected[name] = of[name].sum() / decisions.sum()
        elif name not in expected:
            expected[name] = of[name].mean() * (A_YEAR if unit == "a year" else 1.0)
    assert told == pytest.approx(expected, rel=1e-12)
    assert sum(told[f"bound_{limit}"] for limit in figures.LIMITS_OF_SIZE) == pytest.approx(1.0)


def test_intervals_hold_their_estimates():
    table = protection(recorded(), hedged=0.015).filter(pl.col("figure") != "budget")
    assert table.filter(~pl.col("estimate").is_between("low", "high")).is_empty()
    assert table["low"].null_count() == 0


def test_only_arms_that_hedge_and_only_what_exists():
    frame = pl.concat([bare(), recorded(sleeve_nav=np.nan, r44_checked=0.0, stress_core_pnl=5.0)])
    table = protection(frame)
    assert table["arm"].unique().to_list() == ["hedged"]
    lacking = {"budget", "sleeve_nav", "r44_share", "stress_share"}
    assert set(table.filter(pl.col("estimate").is_null())["figure"]) == lacking
    assert protection(bare()).is_empty()


def test_a_path_without_a_coverage_is_left_out_of_its_mean():
    frame = recorded().with_columns(
        coverage_achieved=pl.when(pl.col("path") < N // 2).then(np.nan).otherwise(0.3)
    )
    assert estimates(protection(frame))["coverage_achieved"] == pytest.approx(0.3)


@pytest.mark.parametrize(("achieved", "words"), [(0.3999, "R22 not met"), (0.40, "R22 met"), (np.nan, None)])
def test_coverage_below_forty_percent_is_marked(achieved, words):
    """R22: a lower coverage is marked in every table."""
    told = figures.protection_words(protection(recorded(coverage_achieved=achieved)))
    assert told["coverage"].to_list() == [words]


@pytest.mark.parametrize(
    ("budget", "words"),
    [({}, "no budget"), ({"hedged": 0.03}, "within budget"), ({"hedged": 0.01}, "above budget")],
)
def test_expected_cost_against_the_budget(budget, words):
    """R61: 1% of capital in half a year is 2% a year."""
    table = figures.protection(recorded(expected_cost=1e4), CAPITAL, SESSIONS, SHARE, budget)
    assert figures.protection_words(table)["cost"].to_list() == [words]


def test_the_limit_that_bound_most_often():
    frame = recorded(bound_target=1.0, bound_budget=2.0, bound_funds=2.0, bound_cap=0.0, bound_rounding=1.0)
    assert figures.protection_words(protection(frame))["limit"].to_list() == ["budget"]


def test_layers_by_name_and_their_intervals():
    frame = pl.concat([bare(), recorded()])
    table = figures.layer_pnl(frame, CAPITAL, SESSIONS, SHARE, {"hedged": ["core", "calls"]})
    assert table["layer"].to_list() == ["core", "calls"]
    mean = recorded()["layer_pnl_1"].mean()
    assert table["dollars"][1] == pytest.approx(2 * mean)
    assert table["estimate"][1] == pytest.approx(2 * mean / CAPITAL)
    with pytest.raises(AlvhError, match="paths lacks the arm 'other'"):
        figures.layer_pnl(frame, CAPITAL, SESSIONS, SHARE, {"other": ["core"]})


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_says_the_verdict_first_and_fits(width):
    console = Console(file=StringIO(), width=width, color_system=None)
    frame = pl.concat([recorded().with_columns(arm=pl.lit(f"an_arm_with_a_long_name_{i}")) for i in range(4)])
    names = {arm: ["core", "calls", "futures"] for arm in frame["arm"].unique(maintain_order=True)}
    layers = figures.layer_pnl(frame, CAPITAL, SESSIONS, SHARE, names)
    for table in hedge_tables(protection(frame.with_columns(coverage_achieved=0.2)), layers):
        console.print(table)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert text.count("R22 not met") == 4
    assert text.index("R22 not met") < text.index("realised_cost")
    assert "…" not in text
    assert all(name in text for name in figures.PROTECTION)
    assert not list(hedge_tables(protection(bare()), layers))


def test_a_comparison_has_them_and_a_history_without_intervals():
    arms = [av.preset("plain"), av.preset("alvh_0")]
    result = av.compare(arms, av.market.L3F(vix=16), paths=64, sessions=63, shares=[0.10])
    tables = result.tables()
    layers = tables["layer_pnl"]
    assert layers["arm"].unique().to_list() == ["alvh_0"]
    assert layers["layer"].to_list() == [layer.name for layer in arms[1].layers]
    paths = result.paths().filter(arm="alvh_0").collect()
    total = (paths["core_pnl"] + paths["hedge_pnl"]).mean() * 252 / 63
    assert layers["dollars"].sum() == pytest.approx(total, rel=1e-9)
    assert estimates(tables["protection"])["budget"] == 0.015
    assert tables["protection_words"].height == 1
    plain = av.compare(arms[:1], av.market.L3F(vix=16), paths=64, sessions=63, shares=[0.10])
    assert "protection" not in plain.tables()

    made = av.compare(arms, av.market.scenario("february_2018"), sessions=102, shares=[0.10])
    for table in (made.protection(), made.layer_pnl(), made.attribution()):
        bounds = [name for name in table.columns if name.endswith(("low", "high"))]
        assert all(table[name].null_count() == table.height for name in bounds)
