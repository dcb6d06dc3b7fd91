"""Beta, spikes and windows, recomputed session by session in plain Python."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import alvh as av
from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.spikes import spikes_of
from alvh.figures.windows import FALL_EDGES, VIX_EDGES
from alvh.market import GBM, L3F

CAPITAL = 1e6


@pytest.fixture(scope="module")
def result():
    arms = [av.preset(name) for name in ("plain", "alvh_0", "martingale_replace")]
    return av.compare(arms, L3F(vix=24), paths=48, sessions=84, shares=[0.35], surface_band=0)


@pytest.fixture(scope="module")
def series(result):
    """What the engine followed, by arm."""
    return {arm: result._alone(arm, 0.35, []).series(0, result.task.paths, 0) for arm in result.arms}


def sessions_of(one, path):
    """Return (SPX above bills, P&L above bills of capital) of each session of a path without deposits."""
    assert not one["deposited"].any()
    for t in range(1, one["nav"].shape[1]):
        nav, outside, bills, spot = (one[name][path] for name in ("nav", "deposited", "bills", "spot"))
        earned = (nav[t] - outside[t] - nav[t - 1] + outside[t - 1]) / CAPITAL - (bills[t] - bills[t - 1])
        yield spot[t] / spot[t - 1] - bills[t] / bills[t - 1], earned


def value(table, **keys):
    return table.filter(**keys)["estimate"].item()


# the ground: series


def test_series_of_ledgers_are_those_of_the_trace(result, series):
    ledger = result.trace(3, "alvh_0", 0.35).ledger
    one = {name: column[3] for name, column in series["alvh_0"].items()}
    assert one["nav"] == pytest.approx(ledger["nav"].to_numpy(), abs=1e-6)
    assert one["sleeve_requirement"] == pytest.approx(ledger["sleeve_requirement"].to_numpy(), abs=1e-6)
    assert one["interest"] == pytest.approx(ledger["interest"].to_numpy(), abs=1e-6)
    assert one["hedge"] == pytest.approx(ledger["hedge"].to_numpy(), abs=1e-6)
    # What a sleeve earned is its hedges' P&L, its interest and what it was given.
    told = 0.1 * CAPITAL + one["hedge"] + one["sleeve_interest"] + one["sleeve_received"]
    assert one["sleeve_nav"] == pytest.approx(told, abs=1e-6)
    # … and the book the P&L of both sides and all interest.
    assert one["nav"] == pytest.approx(CAPITAL + one["core"] + one["hedge"] + one["interest"], abs=1e-6)


def test_transfers_are_flows_of_the_sleeve():
    out = av.transfer("nav_share > 0", source="sleeve", to="core", share=0.5)
    sleeve = av.Sleeve(per_year=0.015, transfers=[out])
    moved = av.preset("alvh_0").replace(name="moved", sleeve=sleeve)
    few = {"paths": 8, "sessions": 42, "shares": [0.10], "surface_band": 0}
    result = av.compare([moved], L3F(vix=26), **few)
    one = result._alone("moved", 0.10, []).series(0, 8, 0)
    assert (one["sleeve_received"][:, -1] < 0).any()
    told = 0.1 * CAPITAL + one["hedge"] + one["sleeve_interest"] + one["sleeve_received"]
    assert one["sleeve_nav"] == pytest.approx(told, abs=1e-6)


def test_deals_are_the_events_of_every_trace(result):
    plan = result._alone("martingale_replace", 0.35, [])
    deals = plan.deals(0, 4, 0)
    kinds = deals.pop("kinds")
    frame = pl.DataFrame(deals)
    for path in range(4):
        ours = frame.filter(lane=path)
        events = result.trace(path, "martingale_replace", 0.35).events
        told = events.filter(pl.col("event").is_in(kinds))
        assert ours["tick"].to_list() == told["tick"].to_list()
        assert [kinds[int(kind)] for kind in ours["kind"]] == told["event"].to_list()
        for name in ("lots", "cash"):
            assert ours[name].to_list() == pytest.approx(told[name].to_list())
    assert set(frame["kind"].unique()) >= {0.0, 1.0}


def test_deals_do_not_depend_on_threads(result):
    plan = result._alone("plain", 0.35, [])
    one, two = plan.deals(0, 300, 0, threads=1), plan.deals(0, 300, 0, threads=2)
    assert all(np.array_equal(one[name], two[name], equal_nan=name != "kinds") for name in one)
    assert one["lane"].max() == 299


# beta


def test_beta_is_the_slope_over_all_sessions(result, series):
    table = result.beta()
    for arm in result.arms:
        pairs = [pair for path in range(result.task.paths) for pair in sessions_of(series[arm], path)]
        x, y = np.array(pairs).T
        assert value(table, arm=arm, figure="beta") == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)
        down = x < 0
        slope = (x[down] @ y[down]) / (x[down] @ x[down])
        assert value(table, arm=arm, figure="downside_beta") == pytest.approx(slope, rel=1e-9)
        assert table.filter(arm=arm)["figure"].to_list() == list(figures.BETA)


def test_alpha_on_a_history_knows_its_dividends():
    """The yield of a history is a value a session: alpha takes the mean of what the paths met."""
    few = {"sessions": 21, "every": 30, "shares": [0.10], "surface_band": 0, "paths": 4}
    arms = [av.preset("plain")]
    yields = {paid: av.market.History.bundled(dividend_yield=paid) for paid in (0.0, 0.03)}
    results = {paid: av.compare(arms, market, **few) for paid, market in yields.items()}
    for paid, result in results.items():
        x = figures.by_session.moves(result.series()["plain"])
        y = figures.by_session.earned(result.series()["plain"], CAPITAL)
        slope = value(result.beta(), arm="plain", figure="beta")
        expected = (y.mean() - slope * x.mean()) * 252 - slope * paid
        assert value(result.beta(), arm="plain", figure="alpha") == pytest.approx(expected, abs=1e-9)


def test_the_price_of_the_cut_is_cost_over_cut(result):
    table = result.beta()
    told = dict(table.filter(arm="alvh_0").select("figure", "estimate").iter_rows())
    base = value(table, arm="plain", figure="downside_beta")
    assert told["downside_beta_cut"] == pytest.approx(base - told["downside_beta"])
    if told["price_of_cut"] is not None:
        assert told["price_of_cut"] == pytest.approx(told["hedge_cost"] / told["downside_beta_cut"])
    nothing = table.filter(arm="plain")
    assert value(nothing, figure="hedge_cost") == 0.0
    assert value(nothing, figure="price_of_cut") is None


def test_the_price_is_that_of_what_the_base_does_not_pay(series):
    """R71: against a base with a hedge the cost is the difference; an arm without a hedge has no price."""
    plain, hedge = series["plain"], series["alvh_0"]
    cost = np.linspace(0.0, 1.0, plain["nav"].shape[1]) * CAPITAL
    moved = figures.by_session.moves(plain)
    lower = np.concatenate([np.zeros((len(moved), 1)), np.cumsum(moved, axis=1)], axis=1) * CAPITAL
    dear = hedge | {"hedge": 0 * cost - 0.03 * cost + 0 * plain["nav"], "nav": plain["nav"] - 0.1 * lower}
    cheap = plain | {"hedge": 0 * plain["nav"] - 0.01 * cost}
    table = figures.beta({"cheap": cheap, "dear": dear, "plain": plain}, CAPITAL, base="cheap")
    told = dict(table.filter(arm="dear").select("figure", "estimate").iter_rows())
    assert told["downside_beta_cut"] == pytest.approx(0.1)
    assert told["price_of_cut"] == pytest.approx(0.02 * 252 / 84 / 0.1)
    lower_base = {"cheap": cheap, "bare": plain | {"nav": plain["nav"] - 0.1 * lower}}
    bare = figures.beta(lower_base, CAPITAL, base="cheap")
    assert value(bare, arm="bare", figure="downside_beta_cut") == pytest.approx(0.1)
    assert value(bare, arm="bare", figure="price_of_cut") is None
    # On a history no interval is there to wait for.
    one = {
        arm: {name: column[:1] for name, column in each.items()}
        for arm, each in {"cheap": cheap, "dear": dear}.items()
    }
    assert value(figures.beta(one, CAPITAL, base="cheap"), arm="dear", figure="price_of_cut") is None
    history = figures.beta(one, CAPITAL, base="cheap", sampled=False)
    assert value(history, arm="dear", figure="price_of_cut") == pytest.approx(0.02 * 252 / 84 / 0.1)


def test_no_price_without_a_cut(series):
    """Of an arm that cuts nothing there is no price, not an infinite one."""
    same = {"base": series["plain"], "same": series["plain"]}
    table = figures.beta(same, CAPITAL, base="base")
    assert value(table, arm="same", figure="downside_beta_cut") == 0.0
    assert value(table, arm="same", figure="price_of_cut") is None


def test_arms_on_other_paths_cannot_be_paired(series):
    other = {name: column[::-1] for name, column in series["plain"].items()}
    with pytest.raises(AlvhError, match="did not run on the same paths"):
        figures.beta({"plain": series["plain"], "other": other}, CAPITAL, base="plain")
    with pytest.raises(AlvhError, match="base = 'x': the arms are plain"):
        figures.beta({"plain": series["plain"]}, CAPITAL, base="x")


# spikes


@pytest.mark.parametrize(
    ("vix", "expected"),
    [
        ([14, 14, 14], []),
        ([10, 15, 15], []),  # half above its low, and no more than 15
        ([14, 21, 14], [(1, 2)]),
        ([14, 21, 28, 22, 21], [(1, 4)]),  # half of the rise from 14 to 28 is given back at 21
        ([14, 21, 28, 22, 30, 40], [(1, None)]),
        ([14, 24, 15, 23, 15], [(1, 2), (3, 4)]),
        ([14] + [18] * 21 + [26], []),  # the calm of 14 is more than 21 sessions ago
        ([14] + [18] * 21 + [27], [(22, None)]),
    ],
)
def test_what_a_spike_is(vix, expected):
    assert spikes_of(vix) == expected


@given(st.lists(st.floats(9, 90), min_size=1, max_size=80))
def test_spikes_follow_each_other(vix):
    found = spikes_of(vix)
    ends = [end for _, end in found]
    assert None not in ends[:-1]
    assert all(end <= start for (_, end), (start, _) in pairwise(found))
    assert all(vix[start] >= 20 for start, _ in found)


def test_survival_is_counted_up_to_the_end_of_each_spike():
    vix = np.array([[14, 24, 15, 24, 15], [14, 24, 15, 24, 15], [14, 24, 15, 15, 15], [14, 14, 14, 14, 14]])
    table = figures.spikes(vix.astype(float), {"plain": [0, 3, 2, 1]})
    assert table.select("spikes", "paths", "survived").rows() == [(1, 3, 2), (2, 2, 1)]
    with pytest.raises(AlvhError, match="forced: 3 ticks of arm 'plain' for 4 paths"):
        figures.spikes(vix.astype(float), {"plain": [0, 0, 0]})
    with pytest.raises(AlvhError, match="points above 0"):
        spikes_of([14, 0])


def test_spikes_of_a_comparison(result, series):
    table = result.spikes()
    rows = result.paths().filter(arm="martingale_replace", share=0.35).sort("path").collect()
    hit = [
        min((t for t in (row["forced_tick"], row["ruin_tick"]) if t), default=0)
        for row in rows.iter_rows(named=True)
    ]
    expected = figures.spikes(series["plain"]["vix"], {"martingale_replace": hit})
    assert table.filter(arm="martingale_replace").equals(expected)
    assert table["paths"].max() > 10


def test_a_market_without_volatility_has_no_spike():
    few = {"paths": 8, "sessions": 21, "shares": [0.10], "surface_band": 0}
    assert av.compare([av.preset("plain")], GBM(), **few).spikes().is_empty()


# windows


def test_windows_add_up_to_the_return(result):
    """Inside and outside, and the bands of each regime, are all sessions."""
    table = result.windows()
    returns = dict(result.summary().filter(figure="return_on_nav").select("arm", "estimate").iter_rows())
    for by in ("fomc", "announcements", "vix", "fall"):
        for arm in result.arms:
            part = table.filter(arm=arm, by=by, figure="return")
            total = (part["estimate"] * part["sessions"]).sum() / 252
            assert part["sessions"].sum() == pytest.approx(252)
            assert total == pytest.approx(returns[arm], rel=1e-6)


def test_deposits_are_not_earned():
    """P&L of sessions adds up to the return where cash came from outside, with the interest it would earn."""
    calls = av.MarginCalls(policy="add_cash", outside=0.5)
    arm = av.preset("martingale_replace").replace(name="fed", calls=calls)
    few = {"paths": 32, "sessions": 126, "shares": [0.70], "surface_band": 0, "margin": "house"}
    result = av.compare([arm], L3F(vix=24, rate=0.08), **few)
    one = result.series()["fed"]
    assert (one["deposited"][:, -1] > 0).any()
    y = figures.by_session.earned(one, CAPITAL)
    frame = result.paths().sort("path").collect()
    told = (frame["nav"] - CAPITAL * frame["bills"] - frame["deposited_bills"]).to_numpy() / CAPITAL
    assert y.sum(axis=1) == pytest.approx(told, abs=1e-12)


def test_windows_session_by_session(result, series):
    """The band of VIX and the fall are those of the close before; falls count what was earned there alone."""
    table = result.windows()
    spot, vix = series["plain"]["spot"], series["plain"]["vix"]
    gained, counted, falls = {}, 0, []
    for path in range(result.task.paths):
        run = peak = fall = 0.0
        for t, (_, earned) in enumerate(sessions_of(series["alvh_0"], path), start=1):
            if VIX_EDGES[1] <= vix[path, t - 1] < VIX_EDGES[2]:
                counted += 1
                run += earned
                peak = max(peak, run)
                fall = max(fall, peak - run)
            down = 1 - spot[path, t - 1] / spot[path, :t].max()
            band = sum(down >= edge for edge in FALL_EDGES)
            gained.setdefault(band, []).append(earned)
        falls.append((run, fall))
    row = {"arm": "alvh_0", "by": "vix", "when": "20 to 25"}
    total = sum(run for run, _ in falls)
    assert value(table, **row, figure="return") == pytest.approx(total / counted * 252)
    assert value(table, **row, figure="drawdown") == pytest.approx(np.mean([fall for _, fall in falls]))
    calm = value(table, arm="alvh_0", by="fall", when="below 5%", figure="return")
    assert calm == pytest.approx(np.mean(gained[0]) * 252)


def test_paired_differences_are_differences(result):
    table = result.windows(base="martingale_replace")
    for figure in ("return", "drawdown"):
        at = {"by": "announcements", "when": "inside"}
        ours, theirs = (
            value(table, arm=arm, figure=figure, **at) for arm in ("alvh_0", "martingale_replace")
        )
        less = value(table, arm="alvh_0", figure=f"{figure}_less_base", **at)
        assert less == pytest.approx(ours - theirs)
    assert table.filter(arm="martingale_replace", figure="return_less_base").is_empty()


def test_the_window_of_an_announcement():
    near = figures.around([0, 5], 6, [3, 9], window=1)
    assert near.tolist() == [
        [False, True, True, True, False, False],
        [False, False, True, True, True, False],
    ]
    with pytest.raises(AlvhError, match="window = -1"):
        figures.around([0], 6, [3], window=-1)


@pytest.mark.parametrize("window", [2.5, -1, True])
def test_a_window_is_a_number_of_sessions(result, window):
    with pytest.raises(AlvhError, match=f"window = {window}: a whole number of sessions"):
        result.windows(window=window)
    quiet = {**result.task.spec["schedule"], "events": {}}
    bare = replace(result, task=replace(result.task, spec=result.task.spec | {"schedule": quiet}))
    with pytest.raises(AlvhError, match="window ="):
        bare.announcements(window)


def test_masks_of_another_shape_are_refused(series):
    with pytest.raises(AlvhError, match=r"masks: a, b has the shape \(1, 1\)"):
        figures.windows(series, CAPITAL, {("a", "b"): np.ones((1, 1), bool)}, base="plain")
