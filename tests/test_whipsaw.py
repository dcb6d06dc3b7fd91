"""Whipsaws and the vices of a promoter, counted by hand and against the events of traces (R37, R85)."""

import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.claims import table, whipsaws
from alvh.claims.profiles import profile_arms, profile_rows, profile_signals
from alvh.errors import AlvhError
from alvh.figures.whipsaw import flips
from alvh.market import L3F

CAPITAL = 1e6


def tranche(**told: object) -> dict[str, object]:
    ordinary = {"path": 0, "layer": 0, "slot": 0, "opened": 10, "ended": 15, "lots": 1.0, "pnl": -100.0}
    return ordinary | {"rolled": False, "how": "rule"} | told


def whipsawed(*rows: dict[str, object], **more: object) -> dict[str, float]:
    frame = pl.DataFrame(rows)
    told = figures.whipsaw(frame, ["curve"], paths=2, sessions=252, capital=CAPITAL, **more)  # type: ignore[arg-type]
    return dict(told.select("figure", "estimate").iter_rows())


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({}, True),
        ({"ended": 20}, True),
        ({"ended": 21}, False),  # later than two weeks
        ({"pnl": 0.0}, False),  # not at a loss
        ({"how": "settle"}, False),
        ({"how": "force"}, False),
        ({"how": "roll"}, False),
        ({"rolled": True}, False),  # the signal is older than its opening
        ({"ended": None, "how": None}, False),
    ],
)
def test_what_a_whipsaw_is(told: dict[str, object], counts: bool) -> None:
    frame = pl.DataFrame([tranche(), tranche(**told)])
    assert flips(frame).height == 1 + counts


def test_figures_by_hand() -> None:
    """Two paths: one flip of two openings on the first, and a reopening; nothing on the second."""
    told = whipsawed(
        tranche(),
        tranche(opened=24, ended=100, pnl=50.0),  # nine sessions after the flip
        tranche(path=1, opened=24, ended=100, pnl=50.0),
        tranche(path=1, opened=247, ended=250, pnl=-300.0),  # too late for the share
    )
    assert told == pytest.approx(
        {"opened": 2.0, "flipped": 1.0, "flipped_share": 1 / 3, "reversed": 0.5, "flip_cost": -2e-4}
    )
    assert whipsawed(tranche(), tranche(opened=24, ended=100, pnl=50.0), within=5)["reversed"] == 0.0


def test_a_whipsaw_takes_a_session() -> None:
    with pytest.raises(AlvhError, match="within = 0: sessions of a whipsaw"):
        whipsawed(tranche(), within=0)


@pytest.fixture(scope="module")
def stopped() -> av.Comparison:
    few = {"paths": 8, "sessions": 126, "shares": [0.35], "surface_band": 0}
    return av.compare([av.preset("stop_1x"), av.preset("alvh_0")], L3F(vix=26), **few)


def test_endings_are_those_of_the_trace(stopped: av.Comparison) -> None:
    """Who closed a tranche is what its events say."""
    for arm in stopped.arms:
        tranches, paths = stopped.tranches(arm)
        assert paths == 8
        names = [layer["name"] for layer in stopped._layers(arm)]
        for path in range(paths):
            events = stopped.trace(path, arm).events
            rolls = events.filter(pl.col("reason").str.starts_with("roll;"), event="open").height
            assert tranches.filter(path=path, rolled=True).height == rolls
            closed = events.filter(event="close")
            ruled = closed.filter(~pl.col("reason").is_in(["roll", "margin call", "ruin"]))
            told = tranches.filter(path=path, how="rule").sort("ended", "layer", "slot")
            ours = ruled.with_columns(
                layer=pl.col("layer").replace_strict(dict(zip(names, range(9), strict=False)))
            )
            ours = ours.sort("tick", "layer", "slot")
            assert told["ended"].to_list() == ours["tick"].to_list()
    stops, _ = stopped.tranches("stop_1x")
    assert stops.filter(how="rule").height > 3


def test_a_comparison_tells_its_whipsaws(stopped: av.Comparison) -> None:
    told = stopped.whipsaw("stop_1x")
    tranches, paths = stopped.tranches("stop_1x")
    row = dict(told.select("figure", "estimate").iter_rows())
    assert row["flipped"] == pytest.approx(flips(tranches).height / paths * 2)
    assert row["flip_cost"] == pytest.approx(flips(tranches)["pnl"].sum() / paths * 2 / CAPITAL)
    assert set(stopped.whipsaw()["arm"]) == {"alvh_0"}


LAYERS = [
    {"role": "core"},
    {"role": "hedge", "size": {"target": "threatened_delta", "value": 0.35, "multiplier": 3.0}},
    {"role": "hedge", "size": {"target": "core_vega", "value": 0.6, "multiplier": 1.0}},
    {"role": "hedge", "size": {"target": "premium_share", "value": 5.0}},
]


def vices(*rows: dict[str, object]) -> dict[str, list[float]]:
    told = figures.vices(pl.DataFrame(rows), LAYERS, 2)
    return {name: counts.tolist() for name, counts in told.items()}


def test_over_levered_is_what_asks_for_more_than_its_band() -> None:
    """R24: three times 35% of the threatened delta; 60% of the vega is within R22; a premium has no band."""
    told = vices(tranche(layer=1), tranche(layer=2), tranche(layer=3), tranche(layer=1, path=1, rolled=True))
    assert told["over_levered"] == [1.0, 1.0]


def test_chasing_is_more_soon_after_a_loss() -> None:
    lost = tranche(layer=2, lots=2.0)
    for lots, opened, chased in ((3.0, 20, 1.0), (2.9, 20, 0.0), (3.0, 21, 0.0), (3.0, 14, 0.0)):
        later = tranche(layer=2, lots=lots, opened=opened, ended=60, pnl=10.0)
        assert vices(lost, later)["chased"] == [chased, 0.0]
    assert vices(lost | {"pnl": 1.0}, tranche(layer=2, lots=9.0, opened=16))["chased"] == [0.0, 0.0]
    assert vices(lost | {"layer": 0}, tranche(layer=0, lots=9.0, opened=16))["chased"] == [0.0, 0.0]


def test_early_stops_are_those_of_the_core() -> None:
    assert vices(tranche(), tranche(path=1), tranche(layer=1), tranche(ended=40))["early_stops"] == [1.0, 1.0]


# Rows of the audit

FEW = {"paths": 48, "sessions": 126, "shares": [0.10], "surface_band": 0, "seed": 7}


def test_the_audit_measures_the_curve() -> None:
    """R37: the share of openings that flip, with hysteresis and without, and the two paired."""
    result = av.compare(whipsaws.curve_arms(), L3F(vix=20), **FEW)
    latched, at_once, less = whipsaws.whipsaw_rows(result)
    assert {row.claim for row in (latched, at_once, less)} == {table.CURVE}
    flipped = {arm: flips(result.tranches(arm)[0].filter(layer=1)).height for arm in result.arms}
    assert less.estimate is not None
    assert less.estimate.value == pytest.approx(
        (flipped[whipsaws.LATCHED] - flipped[whipsaws.AT_ONCE]) * 2 / FEW["paths"]  # type: ignore[operator]
    )
    assert at_once.estimate is not None
    told = result.whipsaw(whipsaws.AT_ONCE).filter(layer="curve", figure="flipped_share")
    assert at_once.estimate.value == told["estimate"].item() > 0


def test_the_audit_measures_whether_discipline_pays() -> None:
    """R85: steward less promoter, and the score beside."""
    result = av.compare(profile_arms(), L3F(vix=22), signals=profile_signals(), **FEW)
    rows = {row.variant.split(": ")[1]: row for row in profile_rows(result)}
    assert list(rows) == ["P(distress)", "mean return", "mean drawdown"]
    against = result.against().filter(figure="return_on_nav")["estimate"].item()
    assert rows["mean return"].estimate is not None
    assert rows["mean return"].estimate.value == against
    steward, promoter = (
        result.discipline().filter(figure="discipline").sort("arm", descending=True)["estimate"]
    )
    assert f"discipline {steward:.2f} against {promoter:.2f}" in rows["mean return"].note
    assert steward > promoter
