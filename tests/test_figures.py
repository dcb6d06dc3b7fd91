"""Every figure of a synthetic comparison, recomputed path by path in plain Python."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from alvh import figures, statistics
from alvh.errors import AlvhError
from synthetic_paths import BUCKETS, CAPITAL, PATHS, RISKINESS, SESSIONS, SHARES, synthetic_paths

KINDS = ("refused", "call", "forced", "ruin")
PATHS_FRAME = synthetic_paths()
BOOKS = [(arm, share) for arm in RISKINESS for share in SHARES]
SHARE = 0.35


def rows(arm, share=SHARE):
    """Return the paths of one book as plain dictionaries, ordered by path."""
    return PATHS_FRAME.filter(arm=arm, share=share).sort("path").to_dicts()


def hit(row, event, within=252):
    if event == "distress":
        return any(hit(row, kind, within) for kind in KINDS)
    return 1 <= row[f"{event}_tick"] <= within


def excess(row):
    return (row["nav"] - CAPITAL * row["bills"]) / CAPITAL * 252 / SESSIONS


def cell(frame, **keys):
    return frame.filter(**keys).row(0, named=True)


def interval(row):
    return row["estimate"], row["low"], row["high"]


# distress and the ladder


@pytest.mark.parametrize("within", [1, 40, 252])
def test_distress_is_the_union_of_its_kinds(within):
    marked = figures.distress(PATHS_FRAME, within).collect()
    for row in marked.sample(500, seed=1).iter_rows(named=True):
        for event in (*KINDS, "negative", "distress"):
            assert row[f"any_{event}"] == hit(row, event, within)


def test_a_tick_of_0_is_never():
    never = {f"{event}_tick": [0.0] for event in (*KINDS, "negative")}
    assert not figures.distress(pl.DataFrame(never)).collect()["any_distress"].any()


def test_the_last_session_counts_and_the_next_does_not():
    for tick, expected in ((252.0, True), (253.0, False)):
        ticks = {f"{event}_tick": [0.0] for event in (*KINDS, "negative")} | {"ruin_tick": [tick]}
        assert figures.distress(pl.DataFrame(ticks)).collect()["any_distress"].item() is expected


def test_ladder_counts_every_book():
    ladder = figures.ladder(PATHS_FRAME, 60)
    assert ladder.height == len(BOOKS) * 6
    for arm, share in BOOKS:
        for event in (*KINDS, "negative", "distress"):
            row = cell(ladder, arm=arm, share=share, figure=event)
            hits = sum(hit(path, event, 60) for path in rows(arm, share))
            assert (row["hits"], row["n"]) == (hits, PATHS)
            assert interval(row) == tuple(statistics.proportion(hits, PATHS))


def test_ladder_reads_lazy_frames_and_orders_arms_and_shares():
    ladder = figures.ladder(PATHS_FRAME.sort("path", "share", descending=True).lazy())
    assert ladder["share"].unique(maintain_order=True).to_list() == list(SHARES)
    assert_frame_equal(ladder, figures.ladder(PATHS_FRAME), check_row_order=False)


def test_ladder_of_dependent_paths_has_no_intervals():
    ladder = figures.ladder(PATHS_FRAME, independent=False)
    assert ladder.schema == figures.ladder(PATHS_FRAME).schema
    assert ladder["low"].is_null().all()
    assert ladder["high"].is_null().all()
    assert ladder.drop("low", "high").equals(figures.ladder(PATHS_FRAME).drop("low", "high"))
    assert figures.capacity(ladder)["shown"].is_null().all()


# capacity


def rungs(estimates, highs=None):
    frame = pl.DataFrame({"arm": "a", "share": SHARES, "figure": "distress", "opened": 9.0})
    return frame.with_columns(estimate=pl.Series(estimates), high=pl.Series(highs or estimates))


@pytest.mark.parametrize(
    ("estimates", "expected", "words"),
    [
        ([0.02, 0.0, 0.0, 0.0, 0.0], None, "below 10%"),
        ([0.0, 0.01, 0.02, 0.0, 0.0], 0.2, "20%"),
        ([0.0, 0.0, 0.0, 0.0, 0.01], 0.7, "at least 70%"),
    ],
)
def test_capacity_stops_at_the_first_share_beyond_the_level(estimates, expected, words):
    row = figures.capacity(rungs(estimates), [0.01]).row(0, named=True)
    assert (row["capacity"], row["capacity_words"]) == (expected, words)


def test_capacity_shown_goes_by_the_upper_bound():
    row = figures.capacity(rungs([0.0] * 5, [0.015] * 5), [0.01]).row(0, named=True)
    assert (row["capacity_words"], row["shown"], row["shown_words"]) == (
        "at least 70%",
        None,
        "not shown at 10%",
    )


@given(st.lists(st.floats(0, 0.2), min_size=5, max_size=5))
def test_capacity_is_its_definition(estimates):
    table = figures.capacity(rungs(estimates))
    assert table["level"].to_list() == [0.01, 0.05]
    for row in table.iter_rows(named=True):
        fits = [all(p <= row["level"] for p in estimates[: i + 1]) for i in range(5)]
        assert row["capacity"] == max((s for s, fit in zip(SHARES, fits, strict=True) if fit), default=None)


# summary


def naive_summary(arm):
    """Return {figure: (value, low, high)} of one arm, by loops."""
    paths = rows(arm)
    fell = [p for p in paths if p["max_drawdown"] >= 0.05]
    deep = sum(p["max_drawdown"] >= 0.5 for p in paths)
    dollars = [excess(p) * CAPITAL for p in paths]
    peak = [p["peak_requirement"] for p in paths]
    multiples = [p["peak_requirement"] / p["first_requirement"] for p in paths if p["first_requirement"] > 0]
    drawdowns = [p["max_drawdown"] for p in paths]
    scale = 252 / SESSIONS / CAPITAL

    def mean(values):
        return statistics.mean_interval(values)

    def largest(values):
        return (max(values), math.nan, math.nan)

    events = (*KINDS, "negative", "distress")
    naive = {f"p_{e}": statistics.proportion(sum(hit(p, e) for p in paths), len(paths)) for e in events}
    naive |= {
        "return_on_nav": mean([excess(p) for p in paths]),
        "return_on_margin": statistics.ratio_interval(dollars, peak),
        "margin_share": mean([x / CAPITAL for x in peak]),
        "drawdown_median": statistics.quantile_interval(drawdowns, 0.5),
        "drawdown_95": statistics.quantile_interval(drawdowns, 0.95),
        "drawdown_99": statistics.quantile_interval(drawdowns, 0.99),
        "drawdown_worst": largest(drawdowns),
        "p_drawdown_50": statistics.proportion(deep, len(paths)),
        "p_drawdown_50_given_5": statistics.proportion(deep, len(fell)),
        "peak_multiple_median": statistics.quantile_interval(multiples, 0.5),
        "peak_multiple_95": statistics.quantile_interval(multiples, 0.95),
        "peak_multiple_max": largest(multiples),
        "peak_multiple_sd": statistics.deviation_interval(multiples),
        "max_lots": largest([p["max_lots"] for p in paths]),
        "opened": mean([p["opened"] for p in paths]),
        "lost_share": statistics.ratio_interval([p["lost"] for p in paths], [p["opened"] for p in paths]),
        "closed_early": mean([p["closed_early"] for p in paths]),
        "recovered_share": statistics.ratio_interval(
            [p["recovered"] for p in paths], [p["closed_early"] - p["unresolved"] for p in paths]
        ),
        "regret_rule": mean([p["regret_rule"] * scale for p in paths]),
        "regret_forced": mean([p["regret_forced"] * scale for p in paths]),
        "trading_cost": mean([(p["fills"] + p["fees"]) * scale for p in paths]),
        "skipped": mean([p["skipped"] for p in paths]),
        "identity_error": largest([p["identity_error"] for p in paths]),
    }
    return naive


def test_summary_has_every_figure_of_every_arm():
    table = figures.summary(PATHS_FRAME, CAPITAL, SESSIONS, SHARE)
    for arm in RISKINESS:
        naive = naive_summary(arm)
        ours = {row["figure"]: row for row in table.filter(arm=arm).iter_rows(named=True)}
        assert ours.keys() == naive.keys()
        for figure, expected in naive.items():
            found = [math.nan if x is None else x for x in interval(ours[figure])]
            assert found == pytest.approx(list(expected), rel=1e-9, nan_ok=True), (arm, figure)


def test_units_are_those_of_the_registry():
    table = figures.summary(PATHS_FRAME, CAPITAL, SESSIONS, SHARE)
    units = dict(table.select("figure", "unit").iter_rows())
    assert units == {figure.name: figure.unit for figure in figures.FIGURES}


def test_returns_over_two_denominators_are_the_same_dollars():  # C5
    table = figures.summary(PATHS_FRAME, CAPITAL, SESSIONS, SHARE).filter(arm="plain")
    value = dict(table.select("figure", "estimate").iter_rows())
    assert value["return_on_margin"] * value["margin_share"] == pytest.approx(value["return_on_nav"])


def test_a_lost_account_earns_less_than_nothing():
    ruined = PATHS_FRAME.with_columns(nav=pl.lit(-0.5 * CAPITAL), bills=pl.lit(1.0))
    row = cell(figures.summary(ruined, CAPITAL, 252, SHARE), arm="plain", figure="return_on_nav")
    assert row["estimate"] == pytest.approx(-1.5)


def test_no_first_requirement_leaves_the_peak_multiple_out():
    nothing = PATHS_FRAME.with_columns(first_requirement=0.0, peak_requirement=0.0, opened=0.0)
    table = figures.summary(nothing, CAPITAL, SESSIONS, SHARE).filter(arm="plain")
    value = dict(table.select("figure", "estimate").iter_rows())
    for figure in ("peak_multiple_median", "peak_multiple_max", "peak_multiple_sd", "return_on_margin"):
        assert value[figure] is None
    assert value["lost_share"] is None


# paired differences


def naive_pairs(arm, base):
    ours, theirs = rows(base), rows(arm)
    hits = [(hit(a, "distress"), hit(b, "distress")) for a, b in zip(theirs, ours, strict=True)]
    return ours, theirs, hits.count((True, False)), hits.count((False, True))


def test_against_pairs_path_by_path():
    table = figures.against(PATHS_FRAME, CAPITAL, SESSIONS, SHARE, base="stop_2x")
    assert "stop_2x" not in table["arm"]
    for arm in table["arm"].unique():
        ours, theirs, n01, n10 = naive_pairs(arm, "stop_2x")
        row = cell(table, arm=arm, figure="p_distress")
        assert (row["n01"], row["n10"], row["p_value"]) == (n01, n10, statistics.mcnemar(n01, n10))
        assert interval(row) == tuple(statistics.paired_proportion(n01, n10, PATHS))
        for figure, of in (("return_on_nav", excess), ("max_drawdown", lambda p: p["max_drawdown"])):
            expected = statistics.paired_mean([of(p) for p in theirs], [of(p) for p in ours])
            assert interval(cell(table, arm=arm, figure=figure)) == pytest.approx(tuple(expected), rel=1e-9)


def test_against_adjusts_for_the_number_of_arms():
    tests = figures.against(PATHS_FRAME, CAPITAL, SESSIONS, SHARE).filter(figure="p_distress")
    assert tests["p_holm"].to_list() == statistics.holm(tests["p_value"].to_list())


def test_differences_are_the_differences_of_the_summary():
    table = figures.against(PATHS_FRAME, CAPITAL, SESSIONS, SHARE)
    summary = figures.summary(PATHS_FRAME, CAPITAL, SESSIONS, SHARE)
    for row in table.filter(pl.col("figure") != "max_drawdown").iter_rows(named=True):
        value = dict(summary.filter(figure=row["figure"]).select("arm", "estimate").iter_rows())
        assert row["estimate"] == pytest.approx(value[row["arm"]] - value["plain"], abs=1e-12)


def test_unequal_paths_cannot_be_paired():
    for unpaired in (
        PATHS_FRAME.filter((pl.col("arm") != "stop_2x") | (pl.col("path") > 0)),
        PATHS_FRAME.filter((pl.col("arm") != "plain") | (pl.col("path") > 0)),
    ):
        with pytest.raises(AlvhError, match="same paths"):
            figures.against(unpaired, CAPITAL, SESSIONS, SHARE)


# attribution


def test_buckets_sum_to_the_profit():
    table = figures.attribution(PATHS_FRAME, CAPITAL, SESSIONS, SHARE)
    for arm in RISKINESS:
        dollars = dict(table.filter(arm=arm).select("bucket", "dollars").iter_rows())
        assert tuple(dollars) == (*BUCKETS, "total")
        total = np.mean([p["nav"] - CAPITAL for p in rows(arm)]) * 252 / SESSIONS
        assert dollars["total"] == pytest.approx(total, rel=1e-12)
        assert sum(dollars[bucket] for bucket in BUCKETS) == pytest.approx(total, abs=1e-9 * CAPITAL)


def test_attribution_of_capital_is_the_dollars_divided():
    table = figures.attribution(PATHS_FRAME, CAPITAL, SESSIONS, SHARE)
    for row in table.iter_rows(named=True):
        expected = statistics.mean_interval([p["nav"] - CAPITAL for p in rows(row["arm"])])
        if row["bucket"] == "total":
            assert row["dollars_low"] == pytest.approx(expected.low * 252 / SESSIONS)
        for ours, dollars in (("estimate", "dollars"), ("low", "dollars_low"), ("high", "dollars_high")):
            assert row[ours] == pytest.approx(row[dollars] / CAPITAL, abs=1e-15)


# history


def history(pattern):
    """Return one arm whose starts, a week apart, have distress where `pattern` has an x."""
    n = len(pattern)
    columns = {f"{event}_tick": [0.0] * n for event in (*KINDS, "negative")}
    columns["call_tick"] = [5.0 if mark == "x" else 0.0 for mark in pattern]
    starts = [dt.date(2008, 9, 1) + dt.timedelta(days=7 * i) for i in range(n)]
    navs = [CAPITAL * (1.0 - 0.01 * i) for i in range(n)]
    return pl.DataFrame(
        {"path": range(n), "start": starts, "nav": navs, "max_drawdown": [0.01 * i for i in range(n)]}
        | columns
    ).with_columns(
        arm=pl.lit("plain"),
        share=pl.lit(0.1),
        bills=pl.lit(1.0),
        deposited_bills=pl.lit(0.0),
        opened=pl.lit(9.0),
    )


def test_history_counts_and_dates():
    counts, episodes, note = figures.history_summary(history("xx..x.xxx"), CAPITAL, 252, 0.1)
    row = counts.row(0, named=True)
    assert (row["starts"], row["call"], row["distress"], row["ruin"]) == (9, 6, 6, 0)
    assert (row["first_start"], row["last_start"]) == (dt.date(2008, 9, 1), dt.date(2008, 10, 27))
    assert (row["return_min"], row["return_median"], row["return_max"]) == pytest.approx((-0.08, -0.04, 0.0))
    assert (row["drawdown_min"], row["drawdown_max"]) == pytest.approx((0.0, 0.08))
    assert row["worst_start"] == dt.date(2008, 10, 27)
    calls = episodes.filter(event="call")
    assert calls["starts"].to_list() == [2, 1, 3]
    assert calls["first_start"].to_list() == [
        dt.date(2008, 9, 1),
        dt.date(2008, 9, 29),
        dt.date(2008, 10, 13),
    ]
    assert calls["last_start"].to_list() == [dt.date(2008, 9, 8), dt.date(2008, 9, 29), dt.date(2008, 10, 27)]
    assert "not independent" in note


@given(st.text("x.", min_size=1, max_size=40))
def test_episodes_are_the_runs(pattern):
    summary = figures.history_summary(history(pattern).sample(fraction=1.0, shuffle=True), CAPITAL, 252, 0.1)
    runs = [len(run) for run in pattern.split(".") if run]
    assert summary.episodes.filter(event="distress")["starts"].to_list() == runs
    assert summary.counts["distress"].item() == sum(runs)


def test_history_has_no_intervals():
    summary = figures.history_summary(history("x."), CAPITAL, 252, 0.1)
    columns = (*summary.counts.columns, *summary.episodes.columns)
    assert not {"low", "high", "estimate", "p_value"} & set(columns)


# refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: figures.summary(PATHS_FRAME, CAPITAL, SESSIONS, 0.3),
            r"share = 0.3: the paths have 0.1, 0.2",
        ),
        (lambda: figures.summary(PATHS_FRAME, 0.0, SESSIONS, SHARE), "capital = 0.0: dollars above 0"),
        (lambda: figures.summary(PATHS_FRAME, CAPITAL, 0, SHARE), "sessions = 0: at least 1"),
        (lambda: figures.summary(PATHS_FRAME.drop("nav"), CAPITAL, SESSIONS, SHARE), "paths lacks nav"),
        (lambda: figures.ladder(PATHS_FRAME, 0), "within = 0"),
        (
            lambda: figures.against(PATHS_FRAME, CAPITAL, SESSIONS, SHARE, base="x"),
            "base = 'x': the arms are",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused(call, message):
    with pytest.raises(AlvhError, match=message):
        call()
