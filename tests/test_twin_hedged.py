"""The twin's hedges against hand-made cases: paths so simple that every dollar can be written down."""

from math import exp, floor, log, sqrt

import numpy as np
import pytest
from scipy.stats import norm

import twin
from hedge_plan import CAPITAL, core, schedule, separate, spx_put, vix_future
from twin_plan import CONTRACTS, COSTS, SPOT, rule
from twin_vix import VixCurve

WEDNESDAY = {"low": 4, "high": 10, "target": 8}  # filled on Tuesday 7 January: the 15th, tick 7
FRIDAY = {"low": 8, "high": 12, "target": 10}  # the 17th, tick 9: eight sessions less a day's session
QUIET = 6.0 + exp(2.635)  # VIX with all factors 0: 19.94
VOL = 0.20
FEE = 0.5 + 0.7  # dollars per option
ONCE = rule("lt", "session", 1.0)


def play(ticks, *layers, ledgers=None, spots=None, x0=None, rate=0.0, contracts=CONTRACTS, **opening):
    """Run one book with spots and the first factor as given, else quiet; constant vol where x0 is absent."""
    plan = {
        "capital": CAPITAL,
        "sessions": ticks - 1,
        "market": {"model": "gbm", "vol": VOL} if x0 is None else {"model": "l3f"},
        "schedule": schedule(ticks - 1),
        "costs": COSTS,
        "contracts": contracts,
        "ruin_share": 0.2,
        "books": [{"arm": "hedged", "share": 0.1, "layers": list(layers), "ledgers": ledgers}],
    }
    zero = np.zeros(ticks)
    state = {"ln_s": np.log(np.full(ticks, SPOT) if spots is None else spots), "r": zero + rate, "q": zero}
    state |= {"x0": zero if x0 is None else np.array(x0), "x1": zero, "x2": zero}
    return twin.run(plan, 0, state | {name: np.array(column) for name, column in opening.items()}, 0)


def future(days, x0=0.0):
    return VixCurve({"model": "l3f"}).future((x0, 0.0, 0.0), days)[0]


def put(spot, strike, sessions):
    sd = VOL * sqrt(sessions / 252)
    d1 = log(spot / strike) / sd + sd / 2
    return strike * norm.cdf(sd - d1) - spot * norm.cdf(-d1)


def put_strike(sessions, delta=0.75):
    sd = VOL * sqrt(sessions / 252)
    return 5 * round(SPOT * exp(norm.ppf(delta) * sd + sd**2 / 2) / 5)


def half_spread(mid):
    return 0.073 * mid**0.47  # morning-settled SPX at VIX 20, above the tick


def test_a_future_pays_its_gains_daily_and_settles_to_the_special_quotation():
    lots = 2
    layer = vix_future(WEDNESDAY, target="lots", value=lots, enter=ONCE)
    done = play(9, layer, x0=np.zeros(9), special=[1.0] * 7 + [1.1, 1.0])
    fees = lots * (CONTRACTS["VX"]["exchange_fee"] + COSTS["commission"])
    paid = lots * (1.1 * QUIET - future(8) - 0.025) * 1000 - fees
    assert done.nav[-1] == pytest.approx(CAPITAL + paid, rel=1e-14)
    assert done.requirement[1] == pytest.approx(lots * 0.55 * future(8) * 1000, rel=1e-14)
    assert done.summary["settlement"] == pytest.approx(lots * 0.1 * QUIET * 1000, rel=1e-12)
    assert done.cash.tolist() == done.nav.tolist()  # a future is worth nothing between its payments
    assert done.summary["premium_paid"] == 0


def test_morning_puts_are_paid_what_the_opening_says():
    strike, lots, spots = put_strike(7.45), 3, np.full(11, SPOT)
    layer = spx_put(FRIDAY, target="lots", value=lots, enter=ONCE)
    openings = np.log(np.where(np.arange(11) == 9, 4700.0, SPOT))
    done = play(11, layer, spots=spots, open_ln_s=openings)
    mid = put(SPOT, strike, 7.45)
    cost = (mid + half_spread(mid)) * 100
    assert done.nav[-1] == pytest.approx(CAPITAL + lots * ((strike - 4700) * 100 - cost - FEE), rel=1e-14)
    assert done.summary["premium_paid"] == pytest.approx(lots * cost, rel=1e-12)
    assert done.summary["peak_requirement"] == pytest.approx(lots * cost, rel=1e-12)
    assert done.summary["spot"] == pytest.approx(lots * (strike - 4700 - (strike - SPOT)) * 100, rel=1e-9)


def test_the_budget_counts_what_waiting_is_expected_to_cost():
    """Held to its expiry a put loses its time value, one slip and one fee (R61)."""
    strike = put_strike(7.45)
    mid = put(SPOT, strike, 7.45)
    expected = (mid - (strike - SPOT)) * 100 + half_spread(mid) * 100 + FEE
    layer = spx_put(FRIDAY, target="lots", value=99, enter=ONCE, size={"caps": [{"kind": "budget"}]})
    done = play(4, layer, ledgers=separate(0.5, per_year=0.005))
    lots = floor(5_000 / expected)
    assert 0 < lots < 99
    assert done.summary["expected_cost"] == pytest.approx(lots * expected, rel=1e-12)
    assert (done.summary["bound_budget"], done.summary["hedge_opened"]) == (1, 1)


def test_a_roll_closes_and_reopens_in_one_fill():
    layer = spx_put(FRIDAY, target="lots", value=1, roll_below=5)
    done = play(9, layer)
    assert (done.summary["hedge_opened"], done.summary["rolled"]) == (2, 1)  # on Monday 4 days were left
    old, new = (
        put(SPOT, put_strike(7.45), n) for n in (2.45, 7.45)
    )  # from the 14th to the 17th, and the 24th
    between = (old - half_spread(old) - new - half_spread(new)) * 100 - 2 * FEE
    assert done.cash[6] - done.cash[5] == pytest.approx(between, rel=1e-9)


def test_an_exit_is_no_roll():
    layer = spx_put(FRIDAY, target="lots", value=1, roll_below=5, exit=rule("lt", "days_to_expiry", 5.0))
    done = play(7, layer)
    assert (done.summary["hedge_opened"], done.summary["rolled"]) == (1, 0)


def test_rungs_sell_shares_of_what_was_bought():
    """Of 7 puts floor(.34 x 7) = 2 at 1.5 times their cost, floor(.67 x 7) = 4 in all at 3 times (R36)."""
    spots = np.array([SPOT, SPOT, SPOT, 4800, 4800, 4600, 4600])
    rungs = [{"at": 1.5, "sell": 0.34}, {"at": 3.0, "sell": 0.33}]
    layer = spx_put(FRIDAY, target="lots", value=7, monetise=rungs, enter=ONCE)
    done = play(7, layer, spots=spots)
    strike = put_strike(7.45)
    first, second = put(4800, strike, 4.45), put(4600, strike, 2.45)
    sold = [2 * ((mid - half_spread(mid)) * 100 - FEE) for mid in (first, second)]
    assert np.diff(done.cash)[[3, 5]] == pytest.approx(sold, rel=1e-9)
    assert done.summary["monetised"] == 2


def test_transfers_move_a_share_of_free_funds_on_the_next_session():
    when = {"when": rule("lt", "session", 2.0), "from": "sleeve", "to": "core", "share": 0.25}
    done = play(5, core(1, target="lots"), ledgers=separate(0.2, transfers=[when]), x0=np.zeros(5))
    assert done.columns["cash_sleeve"] == pytest.approx([200_000, 150_000, 112_500, 112_500, 112_500])
    assert done.summary["transferred"] == pytest.approx(87_500)
    assert done.summary["sleeve_nav"] == pytest.approx(112_500)


def test_a_call_on_the_sleeve_leaves_the_core_alone():
    x0 = np.array([0, 0, 0, -0.5, -0.5, -0.5])
    layers = core(20, target="lots", enter=ONCE), vix_future(WEDNESDAY, target="lots", value=99, enter=ONCE)
    # Without the funds for a bad day (R64) that would keep it from a call.
    unstressed = {name: row | {"stress": 0.0} for name, row in CONTRACTS.items()}
    done = play(6, *layers, ledgers=separate(0.085), x0=x0, contracts=unstressed)
    fees = CONTRACTS["VX"]["exchange_fee"] + COSTS["commission"]
    lots = floor(85_000 / (0.025 * 1000 + fees + 0.55 * future(8) * 1000))
    assert done.requirement[1] - done.requirement[0] == pytest.approx(100_000 + lots * 550 * future(8))
    after = 85_000 - lots * (25 + fees) + lots * (future(6, -0.5) - future(8)) * 1000
    assert after < lots * 550 * future(6, -0.5)
    assert done.columns["cash_sleeve"][3] == pytest.approx(after, rel=1e-12)
    s = done.summary
    assert (s["bound_funds"], s["sleeve_calls"], s["calls"], s["forced"]) == (1, 1, 1, 1)
    assert (s["call_tick"], s["forced_tick"], s["contagion"], s["closed_early"]) == (3, 4, 0, 0)
    assert done.requirement[4] == 100_000


def test_lots_on_vega_offset_the_share_that_was_wanted():
    """R22: to within a lot of a small future, and no more of it once it is held."""
    layers = (
        core(60, WEDNESDAY, target="lots"),
        vix_future(product="VXM", target="core_vega", value=0.5, every="day"),
    )
    s = play(3, *layers, x0=np.zeros(3)).summary
    assert s["coverage_wanted"] == pytest.approx(0.5)
    assert s["coverage_affordable"] == pytest.approx(0.5, abs=0.02)
    assert 0.45 < s["coverage_achieved"] <= 0.52
    assert (s["coverage_met"], s["bound_target"]) == (1, 1)
