"""What whole lots leave out: by hand, from traces, and why small books trade small contracts (R42)."""

import json
import math
import sys
from datetime import date

import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.cli import main
from alvh.contracts import contract
from alvh.errors import AlvhError, SpecError
from alvh.market import L3F

LAYERS = [
    {"name": "core", "product": "SPXW"},
    {"name": "puts", "product": "XSP", "others": [{"product": "SPX"}]},
]
PATHS = 4


def told(deals, paths=1, sessions=252):
    table = figures.rounding(deals, LAYERS, paths=paths, sessions=sessions)
    return {(row["layer"], row["figure"]): row["estimate"] for row in table.iter_rows(named=True)}


def test_lots_of_another_contract_count_by_their_dollars():
    """Three SPX of 3.5 and four XSP of 4.5: in XSP 34 of 39.5."""
    deals = {"lane": [0, 0, 0], "layer": [1, 1, 1], "other": [1, 0, 0]}
    deals |= {"lots": [3.0, 4.0, 9.0], "unrounded": [3.5, 4.5, math.nan]}
    found = told(deals)
    assert {layer for layer, _ in found} == {"puts"}
    assert found["puts", "sized"] == 2
    assert found["puts", "lots"] == 17
    assert found["puts", "residual"] == pytest.approx(5.5 / 39.5)
    assert found["puts", "too_small"] == 0


def test_half_a_year_is_not_a_year():
    one = {"lane": [0], "layer": [0], "other": [0], "lots": [0.0], "unrounded": [0.25]}
    assert told(one, sessions=126)["core", "sized"] == 2
    assert told(one)["core", "too_small"] == told(one)["core", "residual"] == 1
    with pytest.raises(AlvhError):
        told(one, sessions=0)


@pytest.fixture(scope="module")
def result():
    arms = [av.preset("alvh_0"), av.preset("martingale_recoup")]
    return av.compare(arms, L3F(vix=28), paths=PATHS, sessions=126, shares=[0.35], surface_band=0)


@pytest.mark.parametrize("arm", ["alvh_0", "martingale_recoup"])
def test_every_figure_is_that_of_the_traces(result, arm):
    events = pl.concat(result.trace(path, arm).events for path in range(PATHS))
    sized = events.filter(pl.col("unrounded").is_not_nan())
    assert set(sized["event"]) <= {"open", "skip"}
    assert set(sized.filter(event="skip")["reason"]) <= {"no lots", "less than one lot", *_BOUND}
    if arm == "alvh_0":  # what recoups is rounded up
        assert (sized["unrounded"] + 1e-6 >= sized["lots"]).all()
    assert ((sized["unrounded"] - sized["lots"]).abs() < 1 + 1e-6).all()
    table = result.rounding(arm)
    assert table["layer"].unique().sort().to_list() == sized["layer"].unique().sort().to_list()
    for layer, figure, estimate in table.select("layer", "figure", "estimate").iter_rows():
        mine = sized.filter(layer=layer)
        # Second Engine: of SPX and XSP, counted in XSP, its own.
        size = mine["product"].replace_strict(
            {each: contract(each).dollars_per_point for each in mine["product"].unique()}
        )
        size = size / contract("XSP").dollars_per_point if layer == "second_engine" else size * 0 + 1
        lots, unrounded = (mine["lots"] * size).sum(), (mine["unrounded"] * size).sum()
        expected = {
            "sized": mine.height * 252 / 126 / PATHS,
            "too_small": (mine["lots"] == 0).mean(),
            "lots": lots / mine.height,
            "unrounded": unrounded / mine.height,
            "residual": 1 - lots / unrounded,
        }[figure]
        assert estimate == pytest.approx(expected), (layer, figure)


_BOUND = ("limited by the budget", "limited by free funds", "limited by its cap")


def test_small_books_trade_small_contracts():
    """XSP and VXM keep a book of 100,000 dollars meaningful."""

    def hedged(product):
        buy = av.vx_future(product=product, days=(28, 63))
        return [av.Layer("futures", buy=buy, size=av.offset("core.vega", 0.5))]

    plain = av.preset("plain")
    small = plain.replace(name="small", sell={"product": "XSP"}, layers=hedged("VXM"))
    large = small.replace(name="large", layers=hedged("VX"))
    few = {"paths": 32, "sessions": 63, "shares": [0.20], "surface_band": 0, "capital": 100_000}
    result = av.compare([plain, small, large], L3F(vix=18), **few)
    left = {
        (arm, row["layer"]): row["estimate"]
        for arm in result.arms
        for row in result.rounding(arm).filter(figure="residual").iter_rows(named=True)
    }
    assert left["plain", "core"] > 0.9
    assert left["small", "core"] < 0.15
    assert left["large", "futures"] > 0.9
    assert left["small", "futures"] < left["large", "futures"] - 0.2
    ladder = dict(result.ladder().filter(figure="distress").select("arm", "opened").iter_rows())
    assert ladder["plain"] < 0.1 * ladder["small"]


@pytest.mark.parametrize("name", av.presets())
def test_any_arm_trades_small_contracts(name):
    """All but what is written in points of the large one, which is refused with the key."""
    arm = av.preset(name)
    if arm.core.strikes.width_points is not None:
        with pytest.raises(SpecError, match=r"layer 'core': strikes.width_points: points of SPXW"):
            arm.in_small_contracts()
        return
    small = arm.in_small_contracts()
    assert small.name == f"{name}_small"
    assert {layer.product for layer in small.layers} <= {"XSP", "VIX", "VXM"}
    # Nothing else is another: rules, sizes, ledgers and what governs them.
    for layer, other in zip(arm.layers, small.layers, strict=True):
        differs = {key for key in type(layer).model_fields if getattr(layer, key) != getattr(other, key)}
        assert differs <= {"sell", "buy"}
    assert small.replace(name="x", sell=arm.core.sell, layers=arm.layers[1:]).digest == arm.digest
    assert av.Arm.from_toml(small.to_toml()) == small
    assert small.in_small_contracts(name=small.name) == small


def test_small_contracts_on_the_command_line(capsys, monkeypatch):
    few = ("--paths", "16", "--sessions", "42", "--shares", "0.10", "--surface-band", "0", "--json")
    asked = ("compare", "--arm", "plain", "--arm", "always_on", "--capital", "100000", *few)
    opened = {}
    for small in ((), ("--small",)):
        monkeypatch.setattr(sys, "argv", ["alvh", *asked, *small])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        ladder = json.loads(capsys.readouterr().out)["ladder"]
        opened[small] = {row["arm"]: row["opened"] for row in ladder}
    assert opened[()] == {"plain": 0.0, "always_on": 0.0}
    assert min(opened["--small",].values()) > 1


def test_advice_tells_lots_before_and_after_rounding():
    days = av.schedule.sessions(date(2023, 1, 3), date(2023, 2, 28))
    frame = pl.DataFrame({"date": days, "spx": [4000.0] * len(days), "vix": [18.0] * len(days)})
    record = av.market.History(frame, rate=0.04, dividend_yield=0.015)
    log = av.advice.decision_log(av.preset("plain"), record)
    opened = log.orders.filter(action="open")
    assert opened.height
    assert (opened["unrounded"] > opened["lots"]).all()
    assert (opened["unrounded"] < opened["lots"] + 1).all()
    first = next(each for each in log.decisions if each.orders.height)
    assert f"; {first.orders['unrounded'][0]:.2f} lots before rounding)" in first.text()
    closed = log.orders.filter(pl.col("action") != "open")
    assert closed["unrounded"].null_count() == closed.height
