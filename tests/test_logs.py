"""Logs of several books kept in one run, and what tables are made of them."""

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.compared import base, beside
from alvh.compared.beside import PREMIA
from alvh.compared.logs import LOGS
from alvh.errors import AlvhError, SpecError
from alvh.market import L3F, History

SHARE = 0.35
ARMS = ("plain", "alvh_0", "martingale_replace", "stop_2x")
EVERY = (*LOGS, "calls")


def compared(market, **few):
    arms = [av.preset(name) for name in ARMS]
    return av.compare(arms, market, shares=[SHARE], surface_band=0, sessions=84, **few)


@pytest.fixture(scope="module")
def simulated():
    return compared(L3F(vix=24), paths=300)


@pytest.fixture(scope="module")
def replayed():
    return compared(History.bundled(), every=11, paths=64)


@pytest.mark.parametrize("name", ["simulated", "replayed"])
def test_what_is_kept_of_a_book_does_not_depend_on_its_company(name, request):
    """One run of all books, each with every log, against a run of each book and log alone: the same bits."""
    result = request.getfixturevalue(name)
    paths, starts = result._spread(base.SESSION_PATHS)
    together = result._together(ARMS, SHARE, starts).logs(0, len(paths), range(len(ARMS)), EVERY)
    for arm, told in zip(ARMS, together, strict=True):
        alone = result._alone(arm, SHARE, starts)
        assert list(told) == list(EVERY)
        for log in EVERY:
            one = getattr(alone, log)(0, len(paths), 0)
            assert list(told[log]) == list(one)
            for column in one.keys() - {"kinds"}:
                assert np.array_equal(told[log][column], one[column], equal_nan=True), (arm, log, column)
    assert all(len(together[0][log]["path"]) for log in ("entries", "pins"))


def test_paths_count_on_from_block_to_block(simulated):
    """256 paths are a block: what happened on the others is numbered behind them."""
    plan = simulated._together(ARMS, SHARE, [])
    (told,) = plan.logs(0, 300, [1], ["deals", "series"], threads=2)
    assert told["deals"]["lane"].max() == 299
    assert (np.diff(told["deals"]["lane"]) >= 0).all()
    (later,) = plan.logs(256, 44, [1], ["series"])
    assert np.array_equal(told["series"]["nav"][256:], later["series"]["nav"])


def test_a_log_or_book_that_does_not_exist_is_named(simulated):
    plan = simulated._alone("plain", SHARE, [])
    with pytest.raises(AlvhError, match=r"logs = trades: .*series, calls, deals, entries, pins"):
        plan.logs(0, 1, [0], ["trades"])
    with pytest.raises(AlvhError, match="book"):
        plan.logs(0, 1, [1], ["series"])
    with pytest.raises(SpecError, match="tranches: arm = 'none'"):
        simulated.tranches("none")
    with pytest.raises(SpecError, match="call_rates: arm = "):
        simulated.call_rates([])


def test_tables_of_sessions_run_the_paths_once(monkeypatch):
    """All arms together, and never again; a table of one arm alone says the same."""
    runs = []
    together = base.Compared._together

    def counted(self, arms, *rest, **what):
        runs.append(list(arms))
        return together(self, arms, *rest, **what)

    monkeypatch.setattr(base.Compared, "_together", counted)
    result = compared(L3F(vix=24), paths=32)
    tables = result.session_tables()
    result.fans()
    assert runs == [list(ARMS)]
    fresh = compared(L3F(vix=24), paths=32)
    for arm in ("alvh_0", "stop_2x"):
        for name in ("entries", "whipsaw", "pin_risk"):
            assert getattr(fresh, name)(arm).equals(tables[name].filter(arm=arm))
        assert fresh.tranches(arm)[0].equals(result.tranches(arm)[0])


def test_rates_of_several_arms_are_those_of_each(simulated):
    several = simulated.call_rates(ARMS)
    for arm in ARMS:
        assert simulated.call_rates(arm).equals(several.filter(arm=arm))
    assert several["calls"].sum() > 0


def test_the_premium_that_ran_is_not_run_again(monkeypatch):
    """Its rows are those of the summary, and only the other premia run."""
    ran = []
    once = beside.run
    monkeypatch.setattr(beside, "run", lambda task, **more: ran.append(task) or once(task, **more))
    result = compared(L3F(vix=18), paths=32)
    told = result.premium()
    assert [task.spec["market"]["erp"] for task in ran] == [erp for erp in PREMIA if erp != L3F().erp]
    expected = result.summary().filter(pl.col("figure").is_in(["p_distress", "return_on_nav"]))
    assert told.filter(erp=L3F().erp).drop("erp").equals(expected)


def one_by_one(deals):
    """Tranches as they were opened, followed deal by deal."""
    kinds, held, found = deals["kinds"], {}, []
    names = ("lane", "layer", "slot", "tick", "kind", "lots", "pnl", "by")
    for *place, tick, kind, lots, pnl, by in zip(*(deals[name].tolist() for name in names), strict=True):
        name, whose = kinds[int(kind)], ("rule", "roll", "force")[int(by)]
        if name == "open":
            held[tuple(place)] = tranche = [*place, tick, None, lots, 0.0, whose == "roll", None, lots]
            found.append(tranche)
        elif name in {"settle", "close", "reduce", "monetise", "resize"}:
            tranche = held[tuple(place)]
            tranche[6] += pnl
            tranche[9] -= lots
            if tranche[9] <= 0:
                tranche[4] = tick
                tranche[8] = whose if name in {"close", "reduce"} else name
                del held[tuple(place)]
    return [tuple(tranche[:-1]) for tranche in found]


@pytest.mark.parametrize("arm", ARMS)
def test_tranches_are_what_is_followed_deal_by_deal(simulated, arm):
    deals = simulated._alone(arm, SHARE, []).deals(0, 64, 0)
    told = figures.tranches_of(deals)
    assert told.rows() == one_by_one(deals)
    assert {"settle", None} <= set(told["how"].to_list())


def test_what_is_closed_twice_is_refused():
    names = ("lane", "tick", "kind", "layer", "slot", "lots", "pnl", "by")
    rows = [(0, 1, 0, 0, 0, 2.0, np.nan, 0), (0, 2, 1, 0, 0, 2.0, 5.0, 0), (0, 3, 1, 0, 0, 1.0, 5.0, 0)]
    deals = dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))
    with pytest.raises(AlvhError, match="path 0 closes slot 0 of layer 0, never opened"):
        figures.tranches_of({"kinds": ["open", "close"]} | deals)
