"""The model of signals in simulated markets: an assumption with draws of its own (R77, R78, R79, R81)."""

import json

import numpy as np
import pytest

import alvh as av
from alvh import _core, market, signals
from alvh.errors import SpecError
from alvh.specification import specification

PAST = 2772  # sessions over which a simulated past runs
SEED, SESSIONS = 3, 60
OWN = signals.Macro(factors={"put_call": {"half_life": 5, "correlation": -0.6}})


def arm(enter, name="waits"):
    one = av.Size(target="lots", value=1)
    return av.Arm(name, av.IronCondor(days=30, every="day", enter=enter, size=one))


def spec_of(arms, macro=OWN, sessions=SESSIONS):
    asked = {"sessions": sessions, "capital": 1e8, "seed": SEED, "shares": (0.1,)}
    return specification(arms, market.L3F(), signals=macro, **asked)


def block_of(name):
    """FNV-1a, 32 bits."""
    found = 0x811C9DC5
    for byte in name.encode():
        found = (found ^ byte) * 0x01000193 % 2**32
    return found


def normal(path, step, name, purpose="signals"):
    return _core.draws(SEED, path, 1, step, purpose, block_of(name))[1][0, 0]


def opened(plan, path=0):
    return [each["tick"] for each in plan.trace(path, 0)["events"] if each["event"] == "open"]


def ticks_above(values, level):
    """Decided at a close, filled at the next one."""
    return [tick + 1 for tick in np.flatnonzero(values[:-1] > level)]


# Naive twins


def test_a_surprise_jumps_at_the_events_of_the_calendar():
    spec = spec_of([arm("cpi_surprise > 0")], sessions=126)
    plan = _core.Plan(json.dumps(spec))
    origin, events = spec["schedule"]["origin"], set(spec["schedule"]["events"]["cpi"])
    for path in range(3):
        values = [normal(path, 0, "cpi_surprise", "signals_past")]
        for tick in range(1, 127):
            new = origin + tick in events
            kept = (
                0.3 * values[-1] + np.sqrt(1 - 0.09) * normal(path, tick, "cpi_surprise")
                if new
                else values[-1]
            )
            values.append(kept)
        assert len(set(values)) > 3
        assert opened(plan, path) == ticks_above(np.array(values), 0)


def test_a_factor_reverts_and_leans_on_returns():
    plan = _core.Plan(json.dumps(spec_of([arm("put_call > 0.2")])))
    ledger = plan.trace(0, 0)["ledger"]
    spot, vix = ledger["index"], ledger["vix"]
    stay = 0.5 ** (1 / 5)
    shock = np.sqrt(1 - stay**2)
    value = normal(0, 0, "put_call", "signals_past")
    for step in range(1, PAST + 1):
        value = stay * value + shock * normal(0, step, "put_call", "signals_past")
    values = [value]
    for tick in range(1, SESSIONS + 1):
        z = np.log(spot[tick] / spot[tick - 1]) / (vix[tick - 1] / 100 / np.sqrt(252))
        values.append(stay * values[-1] + shock * (-0.6 * z + 0.8 * normal(0, tick, "put_call")))
    assert opened(plan) == ticks_above(np.array(values), 0.2)


def test_breadth_follows_the_path():
    rule = "advance_decline_line > 0 and (advance_decline > 0 or session < 1)"
    quiet = signals.Macro(breadth={"noise": 0})
    plan = _core.Plan(json.dumps(spec_of([arm(rule)], quiet)))
    line = np.log(plan.trace(0, 0)["ledger"]["index"] / 5000.0)
    up = np.diff(line, prepend=0) > 0
    up[0] = True
    assert opened(plan) == [tick + 1 for tick in np.flatnonzero((line > 1e-12) & up)[:] if tick < SESSIONS]


# What it must not change


def test_the_market_and_other_arms_keep_their_bits():
    plain, waits = av.preset("plain"), arm("put_call > 0")
    looks_back = arm("put_call.zscore(300) > 0 and dollar_index.rising(1)", name="looks_back")
    asked = {"paths": 32, "sessions": 21, "shares": [0.1], "surface_band": 0}
    alone = av.compare([plain], market.L3F(), **asked).manifest["digests"]
    one = av.compare([plain, waits], market.L3F(), signals=OWN, **asked).manifest["digests"]
    two = av.compare([plain, waits, looks_back], market.L3F(), signals=OWN, **asked).manifest["digests"]
    assert alone.items() <= one.items() <= two.items()


def test_what_looks_back_is_warm_at_session_0():
    wanted = arm("known(put_call.zscore(63)) and (advance_decline_line > -1e9).for_sessions(63)")
    assert opened(_core.Plan(json.dumps(spec_of([wanted]))))[0] == 1


# What it says of itself


def test_every_report_says_that_it_is_an_assumption():
    few = {"paths": 8, "sessions": 10, "shares": [0.1], "surface_band": 0}
    result = av.compare([arm("cpi_surprise > 0")], market.L3F(), signals=signals.Macro(), **few)
    (sentence,) = [limit for limit in result.limits if "cpi_surprise" in limit]
    assert sentence.startswith("Assumption, not evidence: cpi_surprise")
    assert result.manifest["facts"]["signals"]["source"] == "macro"
    assert result.closed()["unknown"].to_list() == [0]


def test_what_the_model_does_not_have_is_refused():
    with pytest.raises(SpecError, match=r"Macro has no signal 'put_call'.*Mend: Macro\(factors="):
        spec_of([arm("put_call > 0")], signals.Macro())
    with pytest.raises(SpecError, match="Macro: persistence"):
        signals.Macro(persistence=1.0)
    with pytest.raises(SpecError, match="half_life"):
        signals.Macro(factors={"put_call": {"half_life": 0}})


# What a simulated calendar knew before its first session


def test_announcements_before_session_0_are_known_to_windows():
    """2025-01-02: the CPI came on 2024-12-11, the PPI on the 12th, 14 and 13 sessions before."""
    for kind, sessions in (("cpi", 14), ("ppi", 13)):
        for more, expected in ((0, True), (1, False)):
            rule = f"(days_to_{kind} > 0).for_sessions({sessions + more})"
            plan = _core.Plan(json.dumps(spec_of([arm(rule)], None, sessions=2)))
            assert (opened(plan)[:1] == [1]) == expected
    plain = spec_of([arm("days_to_cpi > 0")], None, sessions=2)
    assert "events_before" not in plain["schedule"]
