"""`alvh.score`: beside a brute-force twin, on real and adversarial chains (C1, C19, R22)."""

import os
import pickle
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import alvh as av
import markdown_pages
from alvh import _core, chain, market
from alvh.errors import ChainError, ScoreError
from alvh.scoring import COLUMNS, ScoreJob
from alvh.scoring.figures import ADDED, FIGURES
from alvh.scoring.legs import BECAME
from alvh.scoring.scores import PLACES
from scoring_twin import condors

DATA = os.environ.get("ALVH_DATA")
LIMITS = {"dte": (20, 50), "short_delta": (0.08, 0.25), "width": (10.0, 50.0)}
EXPIRY = ("quote_date", "quote_time", "root", "expiration", "settlement")
TWINNED = (
    *("credit_mid", "credit", "credit_natural", "max_loss", "requirement", "break_even_low"),
    *("break_even_high", "p_profit", "p_touch", "expected_pnl", "delta", "gamma", "vega", "theta"),
    *("return_on_margin", "expected_return"),
)


@pytest.fixture(scope="module")
def quotes():
    return chain.synthetic(longest=50)


def twin(quotes, *, limits=LIMITS, **options):
    """Every condor of every expiry within the limits."""
    keys = chain.fit_surface(quotes).expiries.filter(pl.col("days").is_between(*limits["dte"]), status="ok")
    found = [
        condors(quotes, row, delta=limits["short_delta"], width=limits["width"], **options).with_columns(
            **{name: pl.lit(value) for name, value in row.items()}
        )
        for row in keys.select(EXPIRY).iter_rows(named=True)
    ]
    return pl.concat(found)


def agree(found, every, rank, descending=True):
    """The same number of condors, the same best ranks, and of each condor the same figures."""
    strikes = ["root", "expiration", "put_long", "put_short", "call_short", "call_long"]
    assert found.candidates == every.height
    best = every.sort(rank, descending=descending).head(found.frame.height)
    np.testing.assert_allclose(found.frame[rank], best[rank], rtol=1e-9, atol=1e-6)
    joined = found.frame.join(every, on=strikes, suffix="_twin", maintain_order="left")
    assert joined.height == found.frame.height
    for name in TWINNED:
        np.testing.assert_allclose(joined[name], joined[name + "_twin"], rtol=2e-6, atol=2e-7, err_msg=name)


@pytest.fixture(scope="module")
def every(quotes):
    return twin(quotes)


@pytest.mark.parametrize("rank", ["return_on_margin", "p_profit", "expected_pnl", "theta", "max_loss"])
@pytest.mark.parametrize("method", ["search", "exhaustive"])
def test_the_best_are_those_of_brute_force(quotes, every, rank, method):
    found = av.score(quotes, **LIMITS, rank_by=rank, descending=rank != "max_loss", top=40, method=method)
    agree(found, every, rank, rank != "max_loss")
    if method == "exhaustive":
        assert found.visited == found.candidates


def test_search_and_exhaustive_give_the_same_frame(quotes):
    options = {
        **LIMITS,
        "where": {"p_profit": (0.6, 0.75), "credit": (2.0, None)},
        "rank_by": "expected_return",
    }
    frames = [av.score(quotes, **options, method=method).frame for method in ("search", "exhaustive")]
    assert frames[0].equals(frames[1])
    assert frames[0]["p_profit"].is_between(0.6 - 1e-6, 0.75 + 1e-6).all()


def test_an_expression_ranks_and_limits_like_a_name(quotes):
    options = {**LIMITS, "width": [25.0, 50.0], "wings": "equal", "top": 25}
    named = av.score(quotes, **options, rank_by="return_on_margin", where={"p_profit": (0.7, None)})
    expression = av.score(
        quotes,
        **options,
        rank_by=pl.col("credit") / pl.col("requirement"),
        where=(pl.col("p_profit") >= 0.7) & (pl.col("put_delta") < 0),
    )
    assert named.frame.equals(expression.frame)
    assert expression.visited == expression.candidates == named.candidates
    assert (named.frame["put_width"] == named.frame["call_width"]).all()


def test_unequal_wings_under_a_rule_book_that_counts_sides_apart(quotes, every):
    del every
    found = av.score(quotes, **LIMITS, rules="tastytrade", rank_by="return_on_margin", top=20)
    agree(found, twin(quotes, sides_apart=found.job.sides_apart), "return_on_margin")


def test_requirement_is_that_of_the_margin_module(quotes):
    for rules in ("exchange", "ibkr", "tastytrade"):
        found = av.score(quotes, **LIMITS, rules=rules, top=3, rank_by="credit")
        for row in found.frame.iter_rows(named=True):
            book = pl.DataFrame(
                {
                    "product": row["root"],
                    "right": ["P", "P", "C", "C"],
                    "strike": [row[leg] for leg in ("put_long", "put_short", "call_short", "call_long")],
                    "expiration": row["expiration"],
                    "quantity": [1, -1, -1, 1],
                    "price": [1.0, 2.0, 2.0, 1.0],
                }
            )
            told = av.margin.strategy_based(book, spot=row["forward"], as_of=row["quote_date"], rules=rules)
            assert told.risk == pytest.approx(row["requirement"] * row["multiplier"])


def test_credits_are_ordered_and_fills_lie_between(quotes):
    by_fill = {fill: av.score(quotes, **LIMITS, fill=fill, top=5).frame for fill in (0.0, 0.5, 1.0)}
    assert (by_fill[0.0]["credit"] - by_fill[0.0]["credit_mid"]).abs().max() < 1e-9
    assert (by_fill[1.0]["credit"] - by_fill[1.0]["credit_natural"]).abs().max() < 1e-9
    half = by_fill[0.5]
    assert (half["credit_natural"] < half["credit"]).all()
    assert (half["credit"] < half["credit_mid"]).all()


def test_a_model_says_what_its_paths_pay(quotes):
    """Expected P&L, probabilities and touches are means over the very paths (R22 for the hedge)."""
    model = market.L3F(vix=16)
    found = av.score(quotes, **LIMITS, model=model, paths=2000, seed=3, rank_by="expected_pnl_model", top=5)
    row = found.frame.filter(pl.col("settlement") == "PM").row(0, named=True)
    sessions = round(row["years"] * 252)
    paths = model.simulate(2000, sessions, seed=3)
    forward = float(model.quotes(1.0, sessions).forward)
    settled = row["forward"] * paths["spot"][:, -1] / forward
    loss = np.minimum(np.maximum(row["put_short"] - settled, 0), row["put_width"])
    loss += np.minimum(np.maximum(settled - row["call_short"], 0), row["call_width"])
    inside = (settled > row["break_even_low"]) & (settled <= row["break_even_high"])
    assert row["p_profit_model"] == pytest.approx(inside.mean(), abs=1e-9)
    surface = chain.fit_surface(quotes).expiries.filter(root=row["root"], expiration=row["expiration"])
    discount = surface["discount"][0]
    assert row["expected_pnl_model"] == pytest.approx(row["credit"] - discount * loss.mean(), abs=1e-9)
    whole = row["forward"] * paths["spot"] / forward
    touched = ((whole <= row["put_short"]) | (whole >= row["call_short"])).any(axis=1).mean()
    assert row["p_touch_model"] == pytest.approx(touched, abs=2e-3)
    assert row["vix_loss"] > 0
    assert row["hedged_pnl"] < row["expected_pnl_model"]
    assert row["hedged_return"] == pytest.approx(row["hedged_pnl"] / row["requirement"])


def test_the_hedge_makes_up_for_its_share_of_a_vix_point(quotes):
    """Twice the share costs twice; half of the loss per VIX point is what the calls gain (R22)."""
    options = {**LIMITS, "model": market.L3F(vix=16), "paths": 1000, "top": 3, "rank_by": "credit"}
    half, whole = (av.score(quotes, **options, hedge_share=share).frame for share in (0.5, 1.0))
    np.testing.assert_allclose(2 * half["hedge_cost"], whole["hedge_cost"], rtol=1e-12)


def test_about_five_calls_for_a_condor(quotes):
    """Some 93 VIX calls for 20 condors of 45 days, 16 delta, 50 wide, at VIX 16, as the engine buys (R22)."""
    options = {"dte": (40, 50), "short_delta": (0.15, 0.17), "width": 50.0, "model": market.L3F(vix=16)}
    found = av.score(quotes, **options, paths=100, rank_by="credit", top=10).frame
    assert found["hedge_calls"].is_between(3.5, 6.0).all()


def test_l3f_is_taken_at_the_vix_of_the_chain():
    full = chain.synthetic(longest=60)
    found = av.score(full, **LIMITS, model="l3f", paths=500, rank_by="hedged_return", top=2)
    own = market.L3F(vix=av.vix_index(full).value)
    again = av.score(full, **LIMITS, model=own, paths=500, rank_by="hedged_return", top=2)
    assert found.frame.equals(again.frame)


def test_a_row_becomes_an_arm(quotes):
    found = av.score(quotes, **LIMITS, top=2)
    arm, row = found.to_arm(1, name="mine", every="month"), found.frame.row(1, named=True)
    assert arm.name == "mine"
    assert arm.core.sell.every == "month"
    assert arm.core.strikes.width_points == max(row["put_width"], row["call_width"])
    assert min(-row["put_delta"], row["call_delta"]) <= arm.core.strikes.short
    with pytest.raises(ScoreError, match="2 rows"):
        found.to_arm(2)


def test_threads_and_jobs_that_travel(quotes):
    job = ScoreJob(**LIMITS, rank_by="theta", method="exhaustive", threads=1)
    again = pickle.loads(pickle.dumps(job))  # noqa: S301 -- our own
    assert job.score(quotes).frame.equals(again.score(quotes).frame)
    two = av.score(quotes, **LIMITS, rank_by="theta", method="exhaustive", threads=2)
    assert two.frame.equals(job.score(quotes).frame)


def became(found):
    return dict(found.expiries.group_by("became").len().iter_rows())


def test_nothing_is_dropped_silently(quotes):
    found = av.score(quotes, **LIMITS, spread=1.0, open_interest=0)
    surface = chain.fit_surface(quotes)
    assert found.expiries.height == surface.expiries.height
    refused = dict(found.refused.iter_rows())
    assert refused["zero_bid"] == (quotes["status"] == "zero_bid").sum()
    assert refused["wide_spread"] > 0
    assert set(became(found)) <= set(BECAME)


def test_adversarial_chains_have_a_status(quotes):
    one = quotes.filter(strike=5000.0)
    assert av.score(one, **LIMITS).frame.height == 0
    zero = quotes.with_columns(bid=0.0, status=pl.lit("zero_bid", quotes.schema["status"]))
    found = av.score(zero, **LIMITS)
    assert found.frame.height == 0
    assert dict(found.refused.iter_rows())["zero_bid"] == quotes.height
    assert "no_forward" in became(found)
    crossed = quotes.with_columns(
        bid=pl.col("ask"), ask=pl.col("bid"), status=pl.lit("crossed", quotes.schema["status"])
    )
    assert av.score(crossed, **LIMITS).frame.height == 0
    missing = quotes.filter(~((pl.col("right") == "C") & (pl.col("strike") > 5010)))
    found = av.score(missing, **LIMITS)
    assert found.frame.height == 0
    assert "no_calls" in became(found)


def test_a_chain_of_five_thousand_strikes():
    """A strike a point: the search finds the best of billions of condors, and says how many there were."""
    from alvh import pricing

    strikes = np.arange(2500.0, 7500.0)
    parts = []
    for right in "CP":
        k = np.log(strikes / 5000.0)
        vol = np.clip(0.16 - 0.12 * k / 0.35 + 0.1 * k**2, 0.08, 0.8)
        price = pricing.price(5000.0, strikes, 30 / 252, vol, right)
        parts.append(
            pl.DataFrame({"strike": strikes, "bid": price - 0.02, "ask": price + 0.02}).with_columns(
                right=pl.lit(right),
                root=pl.lit("SPXW"),
                expiration=date(2024, 4, 12),
                quote_date=date(2024, 3, 1),
            )
        )
    found = av.score(
        chain.read(pl.concat(parts)), dte=(30, 50), width=(5.0, 200.0), rank_by="return_on_margin"
    )
    assert found.frame.height == 50
    assert found.candidates > 10**9
    assert found.visited < found.candidates / 1000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dte": (50, 20)}, r"dte = \(50, 20\)"),
        ({"width": 0.0}, "width = 0.0"),
        ({"short_delta": (0.1, 1.5)}, "short_delta"),
        ({"fill": 1.5}, "fill = 1.5: a number from 0 to 1"),
        ({"rank_by": "returns"}, "did you mean 'expected_return'|Known"),
        ({"rank_by": "hedged_pnl"}, "Mend: give model="),
        ({"where": {"p_profit": (0.9, 0.1)}}, r"where\['p_profit'\]"),
        ({"where": pl.col("pop") > 0.5}, "expression = 'pop'"),
        ({"model": market.GBM(), "rank_by": "hedged_pnl"}, "nothing moves VIX in GBM"),
        ({"rules": "exchang"}, "did you mean 'exchange'"),
        ({"method": "fast"}, "'search' or 'exhaustive'"),
        ({"deltas": 1}, "no option of score"),
        ({"top": 0}, "top = 0"),
        ({"model": "l3"}, "model = 'l3'"),
    ],
)
def test_options_that_cannot_be_used(quotes, options, words):
    with pytest.raises(ScoreError, match=words):
        av.score(quotes, **options)


def test_what_is_no_chain():
    with pytest.raises(ChainError, match="no column"):
        av.score(pl.DataFrame({"strike": [1.0]}))
    with pytest.raises(ChainError, match=r"collect\(\)"):
        av.score(pl.DataFrame({"strike": [1.0]}).lazy())


def test_every_figure_is_in_the_frame_and_on_the_page(quotes):
    assert list(FIGURES) == _core.score_columns() == list(COLUMNS)
    columns = av.score(quotes, **LIMITS, top=1).frame.columns
    assert columns == ["rank", *PLACES, *FIGURES, *ADDED]
    documented = [tuple(row) for row in markdown_pages.table("docs/scoring.md", "figure | unit")]
    told = {**FIGURES, **ADDED}.items()
    assert documented == [(name, unit, meaning.strip("`")) for name, (unit, meaning) in told]
    became = [tuple(row) for row in markdown_pages.table("docs/scoring.md", "became")]
    assert became == list(BECAME.items())


def test_an_arm_of_a_row_runs_beside_a_hedged_one(quotes):
    """From a recorded chain to a comparison in two steps."""
    condor = av.score(quotes, **LIMITS, root="SPXW", top=1).to_arm(0, name="condor")
    calls = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.5).capped("sleeve.budget"))
    hedged = condor.replace(name="hedged", layers=[calls], sleeve=av.Sleeve(share=0.10, per_year=0.015))
    found = av.compare([condor, hedged], market.L3F(vix=16), paths=64, sessions=63, capital=1e6, seed=1)
    assert found.paths().collect()["opened"].sum() > 0


@pytest.mark.skipif(DATA is None, reason="ALVH_DATA is not set")
@pytest.mark.parametrize("rank", ["return_on_margin", "p_profit", "expected_return"])
def test_real_snapshots_beside_brute_force(rank):
    limits = {"dte": (25, 35), "short_delta": (0.10, 0.20), "width": (20.0, 50.0)}
    quotes = chain.read(Path(DATA) / "chains" / "spx_cboe_snapshots.parquet")
    one = quotes.filter(quote_date=date(2022, 2, 4))
    found = av.score(one, **limits, rank_by=rank, top=30)
    agree(found, twin(one, limits=limits), rank)


def test_a_missing_figure_satisfies_no_expression():
    """Four strikes are too few to fit: there is no density, hence no probability of profit."""
    expiry = chain.synthetic(longest=3).filter(pl.col("strike").is_in([4950.0, 4975.0, 5025.0, 5050.0]))
    options = {"width": 25.0, "short_delta": (0.0, 1.0), "rank_by": "credit"}
    assert av.score(expiry, **options).frame["p_profit"].to_list() == [None]
    for condition in (pl.col("p_profit") > 0.1, {"p_profit": (0.1, None)}):
        assert av.score(expiry, where=condition, **options).frame.is_empty()


@pytest.mark.parametrize(
    ("name", "expression", "words"),
    [
        ("where", pl.col("credit") > pl.col("credit").mean(), "looks at other rows"),
        ("where", pl.len() > 1, "looks at other rows"),
        ("rank_by", pl.col("credit").rank(), "looks at other rows"),
        ("where", pl.col("credit") + 1.0, "Allowed: a condition of each row"),
        ("rank_by", pl.col("root"), "Allowed: a number of each row"),
        ("where", pl.col("credit") > pl.lit("x"), "Allowed: a condition of columns"),
    ],
)
def test_an_expression_that_is_none_of_each_row_is_refused(name, expression, words):
    with pytest.raises(ScoreError, match=words):
        ScoreJob(**{name: expression})
