"""Money-weighted returns, hurdle and ratios against plain formulas (R67 to R69, R72, R73)."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import alvh as av
from alvh.errors import AlvhError
from alvh.figures.money_weighted import xirr, xirrs
from alvh.figures.returns import RETURNS, perpetual_cost, returns, sortino
from alvh.market import L3F

CAPITAL = 1e6


# R68


@given(st.floats(-0.9, 3.0), st.lists(st.floats(1, 1e3), min_size=1, max_size=6))
def test_one_rate_is_found_again(rate, paid):
    """Cash put in once and paid back later has one rate."""
    years = np.arange(len(paid) + 1) * 0.7
    cost = sum(cash / (1 + rate) ** t for cash, t in zip(paid, years[1:], strict=True))
    found = xirr(years, [-cost, *paid])
    assert found.status == "solved"
    assert found.rate == pytest.approx(rate, rel=1e-9, abs=1e-9)


@given(st.lists(st.lists(st.integers(-9, 9), min_size=4, max_size=4), min_size=1, max_size=6))
def test_many_accounts_are_those_one_by_one(accounts):
    """Accounts with other numbers of flows beside them, in their order."""
    years = np.arange(4) * np.linspace(0.5, 1.5, len(accounts))[:, None]
    together = xirrs(years, accounts)
    for at, flows, found in zip(years, accounts, together, strict=True):
        alone = xirr(at, flows)
        assert found.status == alone.status
        assert found.rate == pytest.approx(alone.rate, rel=1e-12, nan_ok=True)


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=5))
def test_the_number_of_rates_is_that_of_the_polynomial(flows):
    """A rate a year solves a polynomial in 1 / (1 + r)."""
    assume(any(flow > 0 for flow in flows) and any(flow < 0 for flow in flows))
    roots = np.roots(flows[::-1])
    real = sorted({round(float(1 / z.real), 6) for z in roots if abs(z.imag) < 1e-9 and z.real > 1e-9})
    # Roots that are double, beside each other or at an end of the range are another matter.
    assume(all(abs(z.imag) < 1e-12 or abs(z.imag) > 1e-4 for z in roots))
    assume(all(abs(math.log(b / a)) > 0.1 for a, b in pairwise(real)))
    assume(len(real) == sum(abs(z.imag) < 1e-9 and z.real > 1e-9 for z in roots))
    assume(all(2e-4 < growth < 500 for growth in real))
    found = xirr(range(len(flows)), flows)
    without = "lost" if sum(flows) < 0 else "none"  # without a root the sign at a rate of 0 is that at all
    assert found.status == {0: without, 1: "solved"}.get(len(real), "several")
    if len(real) == 1:
        assert 1 + found.rate == pytest.approx(real[0], rel=1e-5)


@pytest.mark.parametrize(
    ("years", "flows", "status"),
    [
        ([0, 1], [-100, 0], "lost"),
        ([0, 1], [-100, -1], "lost"),  # owed more than was put in
        ([0, 30 / 365], [-1e6, 4.5e5], "lost"),  # -99.994% a year
        ([0, 0.5, 1], [-100, -50, 0], "lost"),  # a deposit, and nothing came back
        ([0, 1], [100, 1], "none"),
        ([0], [0], "none"),
        ([0, 1, 2], [-100, 230, -132], "several"),
        ([0, 1, 2], [-100, 100, -100], "lost"),
        ([0, 1], [-1, 5000], "none"),
    ],
)
def test_what_has_no_rate_is_said(years, flows, status):
    found = xirr(years, flows)
    assert found.status == status
    assert found.rate == -1.0 if status == "lost" else math.isnan(found.rate)


def test_the_worst_paths_stay_in_the_median():
    """R68: what ends below 0, or lost too fast for a rate, is the lower half of the median, not left out."""
    navs = [[100.0, 90.0, -5.0], [100.0, 80.0, -20.0], [100.0, 100.0, 110.0]]
    series = {
        name: np.vstack([column] * 3) for name, column in one_path(navs[0], [0.0, 0.0, 0.0]).items()
    } | {"nav": np.array(navs)}
    asked = {"sleeve": None, "hedged": False, "rate": 0.04, "beta": 0.5, "erp": 0.06}
    row = returns(series, np.array([[0.0, 1.0, 365.0]] * 3), 100.0, **asked).filter(figure="irr")
    assert (row["estimate"].item(), row["status"].item()) == (-1.0, "solved 1, lost 2")
    # Dollars taken out before leave several rates, or a wrong one, and yet it is owed.
    owed = one_path([100.0, 30.0, -5.0], [0.0, 0.0, 0.0]) | {"deposited": np.array([[0.0, -300.0, -300.0]])}
    assert made(owed)["irr"]["estimate"] == -1.0


def test_flows_need_times():
    with pytest.raises(AlvhError, match="years, flows: shapes"):
        xirr([0], [1, 2])
    with pytest.raises(AlvhError, match="a finite time"):
        xirr([0, math.nan], [1, 2])


# a book with two ledgers


@pytest.fixture(scope="module")
def result():
    arms = [av.preset("plain"), av.preset("alvh_0")]
    return av.compare(arms, L3F(vix=24), paths=32, sessions=63, shares=[0.10], surface_band=0)


@pytest.fixture(scope="module")
def table(result):
    return result.returns()


def told(table, arm, ledger, figure):
    return table.filter(arm=arm, ledger=ledger, figure=figure).row(0, named=True)


def test_rows_of_every_ledger(table):
    assert table.filter(arm="plain")["ledger"].unique().to_list() == ["book"]
    assert set(table.filter(arm="alvh_0")["ledger"]) == {"book", "core", "sleeve"}
    assert set(table["figure"]) == set(RETURNS)
    assert table.filter(arm="plain", figure="perpetual_cost").is_empty()


def test_without_flows_it_is_the_growth(result, table):
    series = result._alone("alvh_0", 0.10, []).series(0, 32, 0)
    days = result._days
    years = (days[63] - days[0]).days / 365
    for ledger, start, nav in (
        ("book", CAPITAL, series["nav"][:, -1]),
        ("sleeve", 0.1 * CAPITAL, series["sleeve_nav"][:, -1]),
    ):
        growth = np.sort((nav / start) ** (1 / years) - 1)
        row = told(table, "alvh_0", ledger, "irr")
        assert row["estimate"] == pytest.approx(growth[15])
        assert row["status"] == "solved 32"


def test_interest_by_ledger_adds_up(result, table):
    """R75: the two ledgers earn what the book does, and that is its bucket."""
    parts = [told(table, "alvh_0", ledger, "interest")["estimate"] for ledger in ("core", "sleeve")]
    whole = told(table, "alvh_0", "book", "interest")["estimate"]
    bucket = result.attribution().filter(arm="alvh_0", bucket="interest")["estimate"].item()
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(whole)
    assert whole == pytest.approx(bucket)


def one_path(nav, requirement, hedge=0.0):
    """A path of two sessions, of one ledger."""
    none = np.zeros((1, 3))
    series = {"nav": [nav], "requirement": [requirement], "hedge": [[0.0, 0.0, hedge]]}
    series |= {"deposited": none, "interest": none, "bills": none + 1.0}
    return {name: np.asarray(column, dtype=float) for name, column in series.items()}


def made(series, **more):
    asked = {"sleeve": None, "hedged": False, "rate": 0.04, "beta": 0.5, "erp": 0.06} | more
    table = returns(series, np.array([[0.0, 1.0, 365.0]]), 100.0, **asked)
    return {row["figure"]: row for row in table.iter_rows(named=True)}


def test_the_hurdle_blends_equity_bills_and_debit():
    """R67: 100 of NAV, 25 of them tied up; then 130 required of 100."""
    rows = made(one_path([100.0, 100.0, 100.0], [25.0, 25.0, 25.0]))
    assert rows["hurdle"]["estimate"] == pytest.approx(0.25 * (0.04 + 0.5 * 0.06) + 0.75 * 0.04)
    rows = made(one_path([100.0, 100.0, 100.0], [130.0, 130.0, 130.0]), debit_spread=0.02)
    assert rows["hurdle"]["estimate"] == pytest.approx((100 * 0.07 + 30 * 0.06) / 130)


def test_the_cost_for_good_is_guarded():
    """R72: C / (r − g), and nothing where r does not exceed g."""
    path = one_path([100.0, 100.0, 100.0], [0.0, 0.0, 0.0], hedge=-1.0)
    assert made(path, hedged=True)["perpetual_cost"]["estimate"] == pytest.approx(126 * 0.01 / 0.04)
    row = made(path, hedged=True, growth=0.04)["perpetual_cost"]
    assert (row["estimate"], row["status"]) == (None, "r <= g")
    assert perpetual_cost(1.0, 0.02, 0.03) is None


def test_no_flow_no_efficiency():
    """R69: committed capital per dollar of flow has no meaning where nothing flows."""
    row = made(one_path([100.0, 95.0, 90.0], [10.0, 10.0, 10.0]))["committed_per_flow"]
    assert (row["estimate"], row["status"]) == (None, "no P&L above bills is shown")
    two = {
        name: np.vstack([column, column * (1.0 if name != "nav" else 1.0001)])
        for name, column in one_path([100.0, 110.0, 120.0], [10.0, 10.0, 10.0]).items()
    }
    table = returns(
        two, np.array([[0.0, 1.0, 2.0]] * 2), 100.0, sleeve=None, hedged=False, rate=0.0, beta=0.0, erp=0.0
    )
    found = table.filter(figure="committed_per_flow")["estimate"].item()
    assert found == pytest.approx(10.0 / (20.006 * 126), rel=1e-6)
    history = {"days": np.array([[0.0, 1.0, 365.0]]), "capital": 100.0}
    asked = {"sleeve": None, "hedged": False, "rate": 0.0, "beta": 0.0, "erp": 0.0, "sampled": False}
    one = one_path([100.0, 110.0, 120.0], [10.0, 10.0, 10.0])  # no interval of one path, nor of starts
    table = returns(one, **history, **asked)
    assert table.filter(figure="committed_per_flow")["estimate"].item() == pytest.approx(10.0 / (20 * 126))


def test_interest_at_bills_is_no_flow():
    """R69: what lies in bills earns what bills do, and that is no net cash flow."""
    bills = np.array([[1.0, 1.0002, 1.0004]] * 2)
    nothing = np.zeros((2, 3))
    series = dict.fromkeys(("deposited", "interest", "hedge"), nothing) | {"bills": bills}
    series |= {"nav": 100.0 * bills, "requirement": nothing + 10.0}
    asked = {"sleeve": None, "hedged": False, "rate": 0.05, "beta": 0.0, "erp": 0.0}
    days = np.array([[0.0, 1.0, 2.0]] * 2)
    assert (
        returns(series, days, 100.0, **asked).filter(figure="committed_per_flow")["estimate"].item() is None
    )
    more = series | {"nav": 100.0 * bills + np.array([0.0, 1.0, 2.0]), "requirement": nothing}
    row = returns(more, days, 100.0, **asked).filter(figure="committed_per_flow").row(0, named=True)
    assert (row["estimate"], row["status"]) == (None, "nothing is required")


def test_no_hurdle_without_a_beta():
    """R67: a slope that does not exist is not a slope of 0."""
    rows = made(one_path([100.0, 100.0, 100.0], [25.0, 25.0, 25.0], hedge=-1.0), beta=None, hedged=True)
    assert (rows["hurdle"]["estimate"], rows["hurdle"]["status"]) == (None, "no beta: SPX did not move")
    assert (rows["perpetual_cost"]["estimate"], rows["perpetual_cost"]["status"]) == (None, "no hurdle")


def test_the_hurdle_of_bills_alone_is_their_return():
    """R67 and R68 compound alike: an account that never trades earns its hurdle, and has no Sortino ratio."""
    idle = av.IronCondor(days=45, every="week", enter="vix > 1000")
    few = {"paths": 4, "sessions": 252, "shares": [0.10], "surface_band": 0}
    table = av.compare([av.Arm("idle", idle)], L3F(vix=16, rate=0.05), **few).returns()
    figures = {row["figure"]: row for row in table.iter_rows(named=True)}
    assert figures["irr"]["estimate"] == pytest.approx(figures["hurdle"]["estimate"], abs=1e-9)
    assert (figures["sortino"]["estimate"], figures["sortino"]["status"]) == (None, "no session below bills")


def test_sortino_counts_what_falls():
    """R73: gains do not count as risk, and inflation lowers it."""
    excess = [[0.01, -0.02, 0.03]]
    expected = math.sqrt(252) * (0.02 / 3) / math.sqrt(0.0004 / 3)
    assert sortino(excess)[0] == pytest.approx(expected)
    path = one_path([100.0, 101.0, 99.0], [0.0, 0.0, 0.0])
    assert made(path, inflation=0.03)["sortino"]["estimate"] < made(path)["sortino"]["estimate"]


def test_a_share_that_is_none_is_refused():
    with pytest.raises(AlvhError, match=r"sleeve = 1\.5: a share"):
        made(one_path([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]), sleeve=1.5)
