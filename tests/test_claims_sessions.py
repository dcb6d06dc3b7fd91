"""Rows of the audit that are made of sessions: what is claimed, what was measured, and in which words."""

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.claims import table
from alvh.claims.claim import ABOVE_0
from alvh.claims.doubling import doubling_arms
from alvh.claims.rivals import PLACEBO, at_that_cost
from alvh.claims.sessions import LOW_VIX, UNAWARE, _beta, session_rows, timing_rows
from alvh.figures.by_session import earned
from alvh.figures.returns import sortino
from alvh.market import L3F

FEW = {"market": L3F(vix=16), "paths": 48, "shares": [0.10], "surface_band": 0, "seed": 7}


@pytest.fixture(scope="module")
def runs():
    return av.compare(doubling_arms("week"), **FEW), av.compare([av.preset("alvh_0")], **FEW)


@pytest.fixture(scope="module")
def rows(runs):
    return list(session_rows(*runs, 0.10))


def of(rows, claim):
    return [row for row in rows if row.claim is claim]


def test_every_claim_has_its_rows(rows):
    counts = {
        claim.id: len(of(rows, claim))
        for claim in (table.LOW_VOLATILITY, table.BETTER, table.DOWNSIDE, table.SPIKES, table.REGIMES)
    }
    assert counts["R5"] == counts["R71"] == counts["R74"] == 2
    assert counts["R20"] == 6
    assert counts["R92"] >= 8
    assert len({row.key for row in rows}) == len(rows)


def test_calm_sessions_are_known_before_they_begin(runs, rows):
    """R5: on margin and on NAV the same dollars (C5), of sessions that VIX showed to be calm."""
    doubled, hedged = runs
    series = doubled.series(["plain"])["plain"], hedged.series()["alvh_0"]
    days, paths = 252, range(48)
    calm = [(p, t) for p in paths for t in range(days) if series[0]["vix"][p, t] < LOW_VIX]
    assert 0 < len(calm) < 48 * days
    margin = sum(series[0]["requirement"][at] for at in calm)
    for row, one in zip(of(rows, table.LOW_VOLATILITY), series, strict=True):
        y = earned(one, 1e6)
        gain = 252 * sum(y[at] for at in calm)
        assert row.n == len({p for p, _ in calm})
        assert row.estimate.value == pytest.approx(gain * 1e6 / margin)
        assert f"{gain / len(calm):.2%} of NAV (C5)" in row.note


def test_where_spx_never_falls_no_slope_is_said():
    """A downside beta that does not exist is not one of 0."""
    ticks = np.ones((3, 4))
    rising = {"nav": 1e6 * ticks, "deposited": 0 * ticks, "bills": ticks, "hedge": 0 * ticks}
    rising |= {"spot": np.cumsum(ticks, axis=1)}
    cut, _ = _beta({"plain": rising, "alvh_0": rising}, 1e6)
    assert cut.note == "downside beta: plain -, alvh_0 -"


def test_risk_adjusted_returns_are_paired(runs, rows):
    doubled, hedged = runs
    ours, theirs = hedged.series()["alvh_0"], doubled.series()["3 doublings"]
    difference = sortino(earned(ours, 1e6)) - sortino(earned(theirs, 1e6))
    (everywhere, near) = (row for row in of(rows, table.BETTER) if "3 doublings" in row.variant)
    assert everywhere.estimate.value == pytest.approx(difference.mean())
    assert UNAWARE in near.note
    assert UNAWARE not in everywhere.note


def test_rows_say_what_the_tables_say(runs, rows):
    doubled, hedged = runs
    both = {"plain": doubled.series()["plain"], "alvh_0": hedged.series()["alvh_0"]}
    cut, price = of(rows, table.DOWNSIDE)
    told = figures.beta(both, 1e6, base="plain").filter(arm="alvh_0")
    assert cut.estimate.value == told.filter(figure="downside_beta_cut")["estimate"].item()
    assert price.claimed == "an acceptable price"
    assert price.row()["reading"] == "-"
    regime = next(row for row in of(rows, table.REGIMES) if row.variant.endswith("vix below 15"))
    masks = {("vix", "below 15"): np.asarray(both["plain"]["vix"][:, :-1] < 15)}
    table_of = figures.windows(both, 1e6, masks, base="plain")
    assert regime.estimate.value == table_of.filter(figure="drawdown_less_base")["estimate"].item()
    near = [row for row in of(rows, table.REGIMES) if "announcements" in row.variant]
    assert len(near) == 2
    assert all(UNAWARE in row.note for row in near)


def test_spikes_are_those_of_the_comparison(runs, rows):
    doubled, _ = runs
    expected = doubled.spikes().filter(arm="plain", spikes=2).row(0, named=True)
    row = next(row for row in of(rows, table.SPIKES) if row.variant.startswith("plain"))
    assert (row.n, row.estimate.value) == (expected["paths"], expected["estimate"])


def test_timing_lies_between_chance_and_hindsight():
    """C17: positions of the hedge, with what they are made of in words."""
    placebo = av.preset("random_timing").replace(name=PLACEBO)
    result = av.compare(
        [av.preset("plain"), av.preset("alvh_0"), placebo], sessions=63, **FEW | {"paths": 16}
    )
    solved = pl.DataFrame({"arm": [PLACEBO], "status": "solved", "drag": 0.0, "target": 0.0, "words": "so"})
    once, bound = timing_rows(result, solved)
    table_of = dict(result.foresight().select("figure", "estimate").iter_rows())
    assert once.estimate.value == table_of["position_attained"]
    assert bound.estimate.value == table_of["position"]
    assert once.n == 16
    assert once.note.startswith("so. A year")
    assert "bound" in once.note
    # At another cost a reading that the costs explain is none.
    reading = ABOVE_0.reading(once.estimate)
    assert once.reading == reading
    cheap = solved.with_columns(status=pl.lit("nearest"), drag=-1.0)
    dear = cheap.with_columns(drag=1.0)
    kept = {"inside": ("inside", "-"), "outside": ("-", "outside"), "straddles": ("straddles",) * 2}
    assert tuple(next(timing_rows(result, each)).reading for each in (cheap, dear)) == kept[reading]


def test_what_costs_explain_is_not_read():
    """Of a P&L a cheaper placebo lies higher; of a protection lower."""
    cheap, dear = ({"status": "nearest", "drag": drag, "target": 0.01} for drag in (0.0, 0.02))
    told = [
        [at_that_cost(reading, cost, cheaper=cheaper) for reading in ("inside", "outside", "straddles")]
        for cheaper in ("outside", "inside")
        for cost in (cheap, dear)
    ]
    no_inside, no_outside = ["-", "outside", "straddles"], ["inside", "-", "straddles"]
    assert told == [no_outside, no_inside, no_inside, no_outside]


def test_one_path_is_no_error(runs):
    one = [av.compare(arms, **FEW | {"paths": 1}) for arms in (doubling_arms("week"), [av.preset("alvh_0")])]
    found = pl.DataFrame([row.row() for row in session_rows(*one, 0.10)], infer_schema_length=None)
    assert set(found["reading"]) <= {"-", "straddles", "inside", "outside"}
