"""Openings of the core: each against the trace, and what they show of the ways to choose strikes."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

import alvh as av
import engine_spec
from alvh import _core
from alvh.errors import SpecError
from alvh.market import L3F


def compared(*arms: av.Arm, market: object = None, **more: object) -> av.Comparison:
    few = {"paths": 300, "sessions": 63, "shares": [0.10], "surface_band": 0}
    return av.compare(arms, market or L3F(vix=18), **few | more)  # type: ignore[arg-type]


def told(result: av.Comparison, arm: str, column: str = "mean") -> dict[str, float]:
    return dict(result.entries(arm).select("figure", column).iter_rows())


def test_every_opening_is_that_of_the_trace() -> None:
    """Numbered by path across blocks of 256."""
    spec = engine_spec.spec([av.preset("plain"), av.preset("martingale")], L3F(vix=30), sessions=42)
    plan = _core.Plan(json.dumps(spec))
    rows = plan.entries(0, 300, 1)
    assert np.isfinite(np.array(list(rows.values()))).all()
    for path in (0, 255, 256, 299):
        mine = rows["path"] == path
        opened = [row for row in plan.trace(path, 1)["events"] if row["event"] == "open"]
        assert rows["tick"][mine].tolist() == [row["tick"] for row in opened]
        assert rows["lots"][mine].tolist() == [row["lots"] for row in opened]
        assert rows["credit"][mine].tolist() == [row["price"] for row in opened]
        widths = [row["strikes"][0] - row["strikes"][1] for row in opened]
        assert rows["width"][mine] == pytest.approx(widths)


def test_telling_openings_changes_no_figure() -> None:
    spec = engine_spec.spec([av.preset("alvh_0")], L3F(vix=26), sessions=42)
    plan = _core.Plan(json.dumps(spec))
    before = plan.run(0, 64)
    plan.entries(0, 64, 0)
    assert all((before[name] == column).all() for name, column in plan.run(0, 64).items() if name == "nav")


def test_the_other_number_is_shown_beside_the_one_that_binds() -> None:
    """R2, C1: 15 to 20 delta pay well above 0.40 to 0.60, which lies farther out."""
    result = compared(av.preset("conservative_1dte"), av.preset("conservative_1dte_by_credit"), paths=64)
    delta, credit = (told(result, arm) for arm in result.arms)
    assert delta["put_delta"] == pytest.approx(0.175, abs=0.03)
    assert delta["credit_mid"] > 0.7
    assert 0.40 <= credit["credit_mid"] <= 0.60
    assert credit["put_delta"] < 0.12
    assert credit["call_delta"] < 0.12
    assert credit["width"] == delta["width"] == 5.0
    low, high = (told(result, "conservative_1dte_by_credit", each)["credit_mid"] for each in ("low", "high"))
    assert 0.40 <= low < high <= 0.60


def test_strikes_over_expected_moves() -> None:
    """R3, C19: 16 delta lies inside the expected move on the side of the calls."""
    result = compared(av.preset("plain"), av.preset("condor_45"))
    plain, outside = told(result, "plain"), told(result, "condor_45")
    assert plain["call_moves"] < 1 < outside["call_moves"]
    assert told(result, "condor_45", "low")["call_moves"] >= 1
    assert plain["put_delta"] == pytest.approx(0.16, abs=0.01)
    assert plain["return_on_risk"] == pytest.approx(
        plain["credit"] / (plain["width"] - plain["credit"]), rel=0.1
    )


def test_layers_are_told_apart_and_a_spread_has_one_side() -> None:
    puts = av.preset("plain").core.model_copy(
        update={"name": "puts", "sell": av.playbook.Sell(structure="put_spread")}
    )
    result = compared(av.Arm("two", av.preset("plain").core, layers=[puts]), paths=16)
    table = result.entries()
    assert table["layer"].unique(maintain_order=True).to_list() == ["core", "puts"]
    assert "call_delta" not in table.filter(layer="puts")["figure"].to_list()
    assert table.columns == ["arm", "layer", "figure", "unit", "openings", "mean", "low", "median", "high"]


def test_a_history_and_an_arm_that_is_not_there() -> None:
    days = av.schedule.sessions(date(2016, 1, 4), date(2016, 12, 31))
    closes = pl.DataFrame({"date": days}).with_columns(spx=2000.0, vix=15.0)
    result = compared(
        av.preset("plain"), market=av.market.History(closes, rate=0.01, dividend_yield=0.02), paths=None
    )
    assert told(result, "plain")["put_delta"] == pytest.approx(0.16, abs=0.01)
    with pytest.raises(SpecError, match="entries: arm = 'nobody'"):
        result.entries("nobody")
