"""Tranches, their overlap, turnover and openings after rises and falls, recomputed from traces (R82, C15)."""

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.deals import MOVE_SESSIONS
from alvh.market import L3F

PATHS, SESSIONS, SHARE = 12, 126, 0.35


@pytest.fixture(scope="module")
def result():
    arms = [av.preset("alvh_0"), av.preset("stop_1x")]
    return av.compare(arms, L3F(vix=26), paths=PATHS, sessions=SESSIONS, shares=[SHARE], surface_band=0)


@pytest.fixture(scope="module")
def traces(result):
    return [result.trace(path, "alvh_0", SHARE) for path in range(PATHS)]


@pytest.fixture(scope="module")
def tranches(result):
    return figures.tranches_of(result._alone("alvh_0", SHARE, []).deals(0, PATHS, 0))


def test_tranches_earn_what_their_layers_did(result, tranches):
    """What is realised of the tranches that ended is the P&L of a layer that holds nothing at T."""
    names = [layer["name"] for layer in result._layers("alvh_0")]
    paths = result.paths().filter(arm="alvh_0").sort("path").collect()
    checked = 0
    for index in range(len(names)):
        for path in range(PATHS):
            mine = tranches.filter(path=path, layer=index)
            if mine.height and not mine["ended"].null_count():
                checked += 1
                assert mine["pnl"].sum() == pytest.approx(paths[f"layer_pnl_{index}"][path], abs=1e-6)
    assert checked > 5
    assert tranches.filter(pl.col("layer") == 0)["ended"].null_count() > 0


def test_openings_are_those_of_the_traces(result, traces):
    table = result.openings()
    counted = {}
    for trace in traces:
        spot = trace.ledger["index"].to_list()
        for event in trace.events.filter(event="open").iter_rows(named=True):
            at = event["tick"] - 1
            move = spot[at] - spot[max(0, at - MOVE_SESSIONS)]
            after = "rise" if move > 0 else "fall" if move < 0 else "neither"
            key = event["layer"], after
            counted[key] = counted.get(key, 0) + 1
    told = {(layer, after): n for layer, after, n in table.select("layer", "after", "openings").iter_rows()}
    assert told == {key: n for key, n in counted.items() if key[0] != "core"}
    assert {after for _, after in told} >= {"rise", "fall"}


def test_an_opening_looks_back_from_its_decision():
    """Filled on tick 2: what SPX did on that session was not known."""
    one = {"path": 0, "layer": 1, "slot": 0, "opened": 2, "ended": None, "lots": 1.0, "pnl": 0.0}
    frame = pl.DataFrame([one], schema=figures.tranches_of(NONE).schema)
    vix = np.full((1, 4), 14.0)
    fell = figures.openings(frame, {1: "calls"}, np.array([[100.0, 99.0, 120.0, 120.0]]), vix)
    assert fell.select("after", "openings", "ended", "pnl").rows() == [("fall", 1, 0, None)]
    first = frame.with_columns(opened=pl.lit(1, pl.Int64))
    none = figures.openings(first, {1: "calls"}, np.array([[100.0, 99.0, 98.0, 97.0]]), vix)
    assert none["after"].to_list() == ["neither"]


NONE = {"kinds": ["open", "close"]} | {
    name: [] for name in ("lane", "tick", "kind", "layer", "slot", "lots", "pnl", "by")
}


def test_turnover_and_overlap_session_by_session(result, traces):
    table = result.turnover("alvh_0")
    for layer in ("core", "base_calls"):
        deals = lots = cash = 0.0
        held = np.zeros((PATHS, SESSIONS + 1))
        for path, trace in enumerate(traces):
            since, left = {}, {}
            for event in trace.events.filter(layer=layer).iter_rows(named=True):
                kind, slot = event["event"], event["slot"]
                if kind in {"open", "close", "reduce", "monetise"}:
                    deals, lots, cash = deals + 1, lots + event["lots"], cash + abs(event["cash"])
                if kind == "open":
                    since[slot], left[slot] = event["tick"], event["lots"]
                elif kind in {"close", "reduce", "monetise", "settle"}:
                    left[slot] -= event["lots"]
                    if left[slot] <= 0:
                        held[path, since.pop(slot) : event["tick"]] += 1
            for start in since.values():
                held[path, start:] += 1
        row = dict(table.filter(layer=layer).select("figure", "estimate").iter_rows())
        years = PATHS * SESSIONS / 252
        assert row["deals"] == pytest.approx(deals / years)
        assert row["lots"] == pytest.approx(lots / years)
        assert row["cash"] == pytest.approx(cash / years / 1e6)
        assert row["held"] == pytest.approx(held[:, 1:].mean())
        assert row["overlap"] == pytest.approx((held[:, 1:] >= 2).mean())
        assert row["most_held"] == held.max()


def test_an_arm_with_exits_turns_over_more(result):
    plain, stopped = (
        result.turnover(arm).filter(layer="core", figure="deals")["estimate"].item()
        for arm in ("alvh_0", "stop_1x")
    )
    assert stopped > plain


def test_what_was_never_opened_cannot_close():
    with pytest.raises(AlvhError, match="closes slot 0 of layer 0, never opened"):
        figures.tranches_of(
            {"kinds": NONE["kinds"]} | {name: [int(name == "kind")] for name in NONE if name != "kinds"}
        )
