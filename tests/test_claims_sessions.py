"""Rows of the audit that are made of sessions: what is claimed, what was measured, and in which words."""

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.claims import table
from alvh.claims.doubling import doubling_arms
from alvh.claims.rivals import PLACEBO
from alvh.claims.sessions import LOW_SHARE, LOW_VIX, UNAWARE, session_rows, timing_rows
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


def test_calm_paths_are_those_below_the_level(runs, rows):
    """R5: on margin and on NAV the same dollars (C5), on the paths that stay calm alone."""
    doubled, hedged = runs
    series = doubled.series(["plain"])["plain"], hedged.series()["alvh_0"]
    calm = [path for path in range(48) if (series[0]["vix"][path] >= LOW_VIX).mean() <= LOW_SHARE]
    assert 0 < len(calm) < 48
    margin = series[0]["requirement"][calm].mean()
    for row, one in zip(of(rows, table.LOW_VOLATILITY), series, strict=True):
        gain = earned(one, 1e6)[calm].sum(axis=1).mean()
        assert row.n == len(calm)
        assert row.estimate.value == pytest.approx(gain * 1e6 / margin)
        assert f"{gain:.2%} of NAV (C5)" in row.note


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
    once, bound = timing_rows(result)
    table_of = dict(result.foresight().select("figure", "estimate").iter_rows())
    assert once.estimate.value == table_of["position_attained"]
    assert bound.estimate.value == table_of["position"]
    assert once.n == 16
    assert "bound" in once.note


def test_one_path_is_no_error(runs):
    one = [av.compare(arms, **FEW | {"paths": 1}) for arms in (doubling_arms("week"), [av.preset("alvh_0")])]
    found = pl.DataFrame([row.row() for row in session_rows(*one, 0.10)], infer_schema_length=None)
    assert set(found["reading"]) <= {"-", "straddles", "inside", "outside"}
