"""The twin against hand-made cases: paths so simple that the ledger can be written down."""

from math import ceil, exp, log, sqrt

import numpy as np
import pytest
from scipy.stats import norm

import twin
from twin_book import BUCKETS
from twin_plan import CONTRACTS, COSTS, NEXT_SESSION, NEXT_WEEK, SPOT, WING, condor, rule, schedule

VOL, DPP = 0.20, 100.0
FEES = 4 * (0.5 + 0.7)  # dollars per condor and trade


def play(spots, *layers, capital=1_000_000.0, rate=0.0, market=None, x=None):
    """Run one book on a path of spots; flat vol unless a market is given."""
    ticks = len(spots)
    spec = {
        "capital": capital,
        "sessions": ticks - 1,
        "market": market or {"model": "gbm", "vol": VOL},
        "schedule": schedule(ticks - 1),
        "costs": COSTS,
        "contracts": CONTRACTS,
        "ruin_share": 0.2,
        "margin": "strategy",
        "books": [{"arm": "plain", "share": 0.1, "layers": list(layers)}],
    }
    factors = np.zeros((3, ticks)) if x is None else x
    state = {"ln_s": np.log(spots), "r": np.full(ticks, rate), "q": np.zeros(ticks)}
    return twin.run(spec, 0, state | dict(zip(("x0", "x1", "x2"), factors, strict=True)), 0)


def black(sign, forward, strike, sd):
    d1 = log(forward / strike) / sd + sd / 2
    return sign * (forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - sd)))


def half_spread(mid):
    return max((0.05 if mid < 3 else 0.10) / 2, 0.071 * mid**0.43)


def by_hand(strikes, forward, sessions):
    """Mid cost to close a condor, undiscounted, and its summed half-spreads; strikes by sign, shorts only."""
    sd = VOL * sqrt(sessions / 252)
    mids = [black(sign, forward, strikes[sign] + sign * out, sd) for sign in (-1, 1) for out in (0, WING)]
    return mids[0] - mids[1] + mids[2] - mids[3], sum(map(half_spread, mids))


def short_strikes(forward, sessions, delta=0.16):
    sd = VOL * sqrt(sessions / 252)
    return {s: 5 * round(forward * exp(s * sd * norm.ppf(1 - delta) + sd**2 / 2) / 5) for s in (-1, 1)}


def credit_of(spot, sessions):
    """Net credit per unit of the condor above at zero rates."""
    cost, spreads = by_hand(short_strikes(spot, sessions), spot, sessions)
    return cost - COSTS["order_share"] * spreads


def test_a_condor_that_expires_worthless_earns_its_credit_and_interest():
    lots = 3
    done = play([SPOT] * 7, condor(lots, NEXT_WEEK))
    assert done.nav[-1] == pytest.approx(1e6 + lots * (credit_of(SPOT, 5) * DPP - FEES), rel=1e-14)
    assert done.requirement.tolist() == [0] + [lots * WING * DPP] * 5 + [0]
    assert (done.summary["opened"], done.summary["lost"]) == (1, 0)
    assert done.summary["spot"] == done.summary["level"] == done.summary["smile"] == 0
    assert done.summary["identity_error"] < 1e-14


def test_idle_cash_and_credits_earn_the_rate_of_the_tick_before():
    rate, lots = 0.05, 3
    done = play([SPOT] * 7, condor(lots, NEXT_WEEK), rate=rate)
    after_fill = done.cash[1]
    assert after_fill > 1e6 * exp(rate / 365)
    assert done.nav[-1] == pytest.approx(after_fill * exp(rate * 7 / 365), rel=1e-13)  # Tuesday to Tuesday
    assert done.summary["bills"] == pytest.approx(exp(rate * 8 / 365), rel=1e-14)
    assert done.summary["identity_error"] < 1e-14


def test_a_crash_costs_the_wing_less_the_credit():
    lots = 3
    done = play([SPOT] * 4 + [4000.0] * 3, condor(lots, NEXT_WEEK))
    assert done.nav[-1] == pytest.approx(1e6 + lots * ((credit_of(SPOT, 5) - WING) * DPP - FEES), rel=1e-13)
    assert done.summary["lost"] == 1
    assert done.summary["calls"] == done.summary["ruin_tick"] == 0
    assert done.summary["max_drawdown"] == pytest.approx(1 - done.nav.min() / done.nav[:4].max(), rel=1e-9)


@pytest.mark.parametrize(
    ("mode", "lots"), [("replace", [1, 2, 4, 1]), ("add", [1, 3, 7, 1]), ("recoup", [1, 4, 4, 4])]
)
def test_two_losses_grow_the_chain_as_the_progression_says(mode, lots):
    spots = [SPOT, SPOT, 4500, 4500, 4000, 4000, 4000, 4000, 4000]  # lost, lost, won
    layer = condor(1, NEXT_SESSION, progression={"mode": mode, "max_doublings": 2})
    done = play(spots, layer)
    assert (done.requirement[1::2] / (WING * DPP)).tolist() == lots
    assert (done.summary["opened"], done.summary["lost"], done.summary["max_lots"]) == (4, 2, max(lots))
    assert done.summary["first_requirement"] == WING * DPP


def test_recoup_takes_the_lots_that_earn_the_deficit_back():
    layer = condor(10, NEXT_SESSION, progression={"mode": "recoup", "max_doublings": 9})
    done = play([SPOT, SPOT, 4500, 4500, 4500], layer)
    deficit = 10 * ((WING - credit_of(SPOT, 1)) * DPP + FEES)
    assert done.summary["max_lots"] == 10 + ceil(deficit / (credit_of(4500, 1) * DPP - FEES))


def test_sizes_are_shares_of_nav_and_stay_below_them():
    share = {"target": "margin_share", "value": 0.10}
    done = play([SPOT] * 7, condor(0, NEXT_WEEK, size=share))
    assert done.requirement[1] == 100_000
    weekly = condor(0, {"low": 12, "high": 16, "target": 14}, size=share, every="week")
    done = play([SPOT] * 31, weekly)  # Mondays' decisions, Tuesdays' fills, Tuesdays' expiries a fortnight on
    assert done.requirement[1] == done.summary["first_requirement"] / 3 == 30_000  # 3 slots, whole lots
    assert done.requirement.max() == 60_000  # only two are ever open after a settlement


def test_an_order_above_free_funds_is_refused():
    done = play([SPOT] * 4, condor(3, NEXT_WEEK), capital=10_000.0)
    assert done.summary["refused"] == 3
    assert done.summary["refused_tick"] == 1
    assert done.nav.tolist() == [10_000.0] * 4


def crash_of_two_layers(slack):
    """Stop a condor above its wing beside another one, with so much more cash than risk before it."""
    once = rule("lt", "session", 1.0)
    far = {"low": 12, "high": 16, "target": 14}
    stopped = condor(4, NEXT_WEEK, enter=once, exit=rule("ge", "loss", 20.0))
    other = condor(8, far, enter=once, delta=0.05)
    spots = [SPOT] * 4 + [4600.0] * 4
    received = play(spots, stopped, other).cash[1] - 1e6
    return play(spots, stopped, other, capital=12 * WING * DPP - received + slack)


def closing(strikes, spot, sessions, lots, share):
    """Cash that a closing brings, dollars."""
    cost, spreads = by_hand(strikes, spot, sessions)
    return -lots * ((cost + share * spreads) * DPP + FEES)


def test_a_call_that_still_stands_liquidates_at_full_half_spreads():
    done = crash_of_two_layers(slack=100.0)
    assert done.call.tolist() == [tick == 5 for tick in range(8)]
    s = done.summary
    assert (s["calls"], s["call_tick"], s["forced"], s["forced_tick"], s["ruin_tick"]) == (1, 5, 1, 6, 0)
    stopped = closing(short_strikes(SPOT, 5), 4600, 1, 4, 0.35)
    assert done.cash[5] - done.cash[4] == pytest.approx(stopped, rel=1e-12)
    forced = closing(short_strikes(SPOT, 10, 0.05), 4600, 5, 8, 1.0)
    assert done.cash[6] - done.cash[5] == pytest.approx(forced, rel=1e-12)
    # Held to its expiry the stopped condor would have cost the wing only; the other one expires too late.
    regret = -stopped - 4 * (WING * DPP + FEES)
    assert s["regret_rule"] == pytest.approx(regret, rel=1e-9)
    assert (s["closed_early"], s["recovered"], s["unresolved"]) == (2, 1, 1)


def test_no_call_while_the_slack_covers_the_slip():
    s = crash_of_two_layers(slack=1_000.0).summary
    assert s["calls"] == s["forced"] == 0


def test_a_ruined_book_is_closed_on_the_next_tick_and_stays_in_cash():
    spots = [SPOT, SPOT] + [4000.0] * 7
    received = play(spots[:2], condor(9, NEXT_WEEK)).cash[1] - 1e6
    capital = 9 * WING * DPP - received + 3_000
    done = play(spots, condor(9, NEXT_WEEK), capital=capital)
    s = done.summary
    assert (s["ruin_tick"], s["opened"], s["closed_early"], s["forced"], s["calls"]) == (2, 1, 1, 0, 0)
    closed = closing(short_strikes(SPOT, 5), 4000, 3, 9, 1.0)
    assert done.cash[3:].tolist() == pytest.approx([48_000 + closed] * 6, rel=1e-12)
    assert s["regret_forced"] == pytest.approx(-closed - 9 * (WING * DPP + FEES), rel=1e-9)
    assert s["regret_rule"] == s["recovered"] == s["unresolved"] == 0


def test_a_stop_that_whipsaws_is_regretted():
    stop = condor(1, NEXT_WEEK, exit=rule("ge", "breakeven_challenge", 0.6))
    spots = [SPOT, SPOT, SPOT, 4880.0, 4880.0, SPOT, SPOT]
    s = play(spots, stop).summary
    lost = closing(short_strikes(SPOT, 5), 4880, 2, 1, 0.35)
    assert s["regret_rule"] == pytest.approx(-lost - FEES, rel=1e-12)
    assert (s["recovered"], s["lost"], s["opened"]) == (1, 1, 2)


def test_buckets_explain_every_change_of_nav():
    rng = np.random.default_rng(7)
    ticks = 80
    spots = SPOT * np.exp(np.cumsum(0.012 * rng.standard_normal(ticks)))
    x = np.cumsum(0.05 * rng.standard_normal((3, ticks)), axis=1)
    size = {"target": "margin_share", "value": 0.5}
    window = {"low": 12, "high": 30, "target": 21}
    exit_rule = rule("ge", "loss", 12.0)
    layer = condor(0, window, size=size, every="week", exit=exit_rule)
    done = play(spots, layer, rate=0.04, market={"model": "l3f"}, x=x)
    assert done.summary["opened"] > 10
    assert done.summary["closed_early"] > 0
    assert done.summary["identity_error"] < 1e-13
    assert all(done.summary[name] for name in BUCKETS if name != "settlement")
    assert done.summary["settlement"] == pytest.approx(0, abs=1e-8)
