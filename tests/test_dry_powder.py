"""Dry powder: what hedges could still spend, recomputed close by close in plain Python (R35)."""

import json
from itertools import chain
from statistics import mean
from typing import Any

import numpy as np
import pytest

import alvh as av
from agreement import agree
from alvh import _core, figures
from alvh.errors import AlvhError
from alvh.figures.spikes import spikes_of
from alvh.market import L3F
from hedge_plan import CAPITAL, FORTNIGHT, core, separate, spec, vix_call
from test_following_sizes import weight

BY_VIX = {"op": "mul", "args": [{"const": 0.03}, {"name": "vix"}]}
CORE = core(0.3, FORTNIGHT)
FEW: dict[str, Any] = {"paths": 24, "sessions": 63, "shares": [0.10], "surface_band": 0, "seed": 11}


def test_series_are_those_of_the_twin() -> None:
    """What is available, in both ledgers and of the budget, while 40 sessions of purchases spend it."""
    call = vix_call(every="week", value=2.0, size={"caps": [{"kind": "budget"}]})
    ledgers = separate(0.2, per_year=0.02) | {"budget_weight": weight(BY_VIX)}
    plan = spec(([CORE, call], ledgers))
    compiled = _core.Plan(json.dumps(plan))
    series, twin = compiled.series(0, 2, 0), agree(plan, 1, 0, compiled)
    for name in ("available", "sleeve_available", "budget_left"):
        np.testing.assert_allclose(
            series[name][1], twin.columns[name], rtol=0, atol=1e-9 * CAPITAL, err_msg=name
        )
    assert (np.diff(series["budget_left"][1]) < 0).any()


def test_without_a_budget_none_is_left() -> None:
    plan = spec(([CORE, vix_call()], separate(0.2)))
    assert np.isnan(_core.Plan(json.dumps(plan)).series(0, 2, 0)["budget_left"]).all()


def test_of_two_arms_close_by_close() -> None:
    arms = [av.preset(name) for name in ("plain", "alvh_0", "always_on")]
    result = av.compare(arms, L3F(vix=24), **FEW)
    table = result.dry_powder()
    assert set(table["arm"]) == {"alvh_0", "always_on"}
    assert set(table.filter(arm="always_on")["figure"]) == {"funds"}, "it has no budget"
    for arm in ("alvh_0", "always_on"):
        of = result.series()[arm]
        free = of["sleeve_available"] - of["sleeve_requirement"]
        assert set(table.filter(arm=arm, figure="funds")["ledger"]) == {"sleeve"}
        found = {(row["figure"], row["when"]): row for row in table.filter(arm=arm).iter_rows(named=True)}
        for figure, left in (("funds", free), ("budget", np.maximum(of["budget_left"], 0))):
            if (figure, "start") not in found:
                continue
            picked: dict[str, list[list[float]]] = {
                name: [] for name in ("all", "lowest", "fall", "spike begins")
            }
            for path in range(FEW["paths"]):
                closes = left[path].tolist()
                picked["all"].append(closes[1:])
                picked["lowest"].append([min(closes[1:])])
                high = np.maximum.accumulate(of["spot"][path])
                picked["fall"].append(
                    [x for x, s, h in zip(closes, of["spot"][path], high, strict=True) if s <= 0.95 * h]
                )
                picked["spike begins"].append([closes[begins] for begins, _ in spikes_of(of["vix"][path])])
            for when, by_path in picked.items():
                row = found[figure, when]
                assert row["estimate"] == pytest.approx(mean(chain.from_iterable(by_path)) / 1e6, rel=1e-12)
                assert row["paths"] == sum(map(bool, by_path))
                assert row["low"] <= row["estimate"] <= row["high"]
            assert found[figure, "start"]["estimate"] == pytest.approx(left[:, 0].mean() / 1e6, rel=1e-12)


def test_one_ledger_has_the_funds_of_the_book() -> None:
    arm = av.preset("alvh_0").commingled()
    table = av.compare([arm], L3F(vix=24), **FEW).dry_powder().filter(figure="funds", when="start")
    assert table.select("ledger", "estimate").rows() == [("book", 1.0)]


def test_nothing_hedged_is_nothing_to_tell() -> None:
    result = av.compare([av.preset("plain")], L3F(), **FEW)
    assert result.dry_powder().is_empty()
    assert "dry_powder" not in result.session_tables()


def test_a_close_that_is_missing_is_no_budget_that_is_not_there() -> None:
    """It shows as an estimate that is not known, and takes no row away."""
    one = {name: np.ones((2, 3)) for name in ("available", "requirement", "budget_left", "spot", "vix")}
    whole = figures.dry_powder({"a": one}, 100.0, {"a": ["book"]})
    left = one["budget_left"].copy()
    left[1, 2] = np.nan
    table = figures.dry_powder({"a": one | {"budget_left": left}}, 100.0, {"a": ["book"]})
    assert table.select("figure", "when").equals(whole.select("figure", "when"))
    budget = dict(table.filter(figure="budget").select("when", "estimate").iter_rows())
    assert budget == {"start": 0.01, "all": None, "lowest": None}


def test_ledgers_are_named() -> None:
    one = {name: np.ones((1, 3)) for name in ("available", "requirement", "budget_left", "spot", "vix")}
    for ledgers in ([], ["purse"]):
        with pytest.raises(AlvhError, match=r"ledgers of 'a'.*book, core, sleeve"):
            figures.dry_powder({"a": one}, 100.0, {"a": ledgers})
