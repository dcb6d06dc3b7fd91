"""`alvh.score`: beside a brute-force twin, on real and adversarial chains (C1, C19, R22)."""

import os
import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import alvh as av
import markdown_pages
from alvh import _core, chain, margin, market
from alvh.errors import ChainError, ScoreError
from alvh.margin.rules import rule_book
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
    assert rule_book("ibkr").sides_apart
    found = av.score(quotes, **LIMITS, rules="ibkr", rank_by="credit", top=20)
    assert (found.frame["put_width"] != found.frame["call_width"]).any()
    agree(found, twin(quotes, sides_apart=True), "credit")


def test_requirement_is_that_of_the_margin_module(quotes):
    unequal = pl.col("put_width") != pl.col("call_width")
    for rules in ("exchange", "ibkr", "tastytrade"):
        found = av.score(quotes, **LIMITS, rules=rules, top=3, rank_by="credit", where=unequal)
        assert found.frame.height == 3
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


@pytest.mark.parametrize(
    "rules", ["portfolio", "house", margin.grid("house_wild")], ids=["portfolio", "house", "own"]
)
def test_portfolio_requirement_is_that_of_the_margin_module(quotes, rules):
    """Return over the worst move of the four legs together, search and all of them alike."""
    vix = av.vix_index(quotes).value
    grid = {"portfolio": margin.grid("exchange"), "house": margin.house().at(vix)}.get(str(rules), rules)
    best = [av.score(quotes, **LIMITS, rules=rules, top=15, method=each) for each in ("search", "exhaustive")]
    assert best[0].frame.equals(best[1].frame)
    assert best[0].visited < best[1].visited
    mid = quotes.with_columns(price=(pl.col("bid") + pl.col("ask")) / 2.0)
    discounts = chain.fit_surface(quotes).expiries
    for row in best[0].frame.head(4).iter_rows(named=True):
        keys = {"root": row["root"], "expiration": row["expiration"]}
        legs = {"put_long": ("P", 1), "put_short": ("P", -1), "call_short": ("C", -1), "call_long": ("C", 1)}
        price = [
            mid.filter(strike=row[leg], right=right, settlement=row["settlement"], **keys)["price"].item()
            for leg, (right, _) in legs.items()
        ]
        book = pl.DataFrame(
            {
                "product": row["root"],
                "right": [right for right, _ in legs.values()],
                "strike": [row[leg] for leg in legs],
                "expiration": row["expiration"],
                "quantity": [quantity for _, quantity in legs.values()],
                "price": price,
                "forward": row["forward"],
                "discount": discounts.filter(settlement=row["settlement"], **keys)["discount"].item(),
            }
        )
        told = margin.portfolio(book, spot=row["forward"], as_of=row["quote_date"], rules=grid)
        assert told.initial == pytest.approx(row["requirement"] * row["multiplier"], rel=1e-9)
        assert row["return_on_margin"] == pytest.approx(row["credit"] / row["requirement"])


def test_moves_of_a_root_that_margin_does_not_know(quotes):
    other = quotes.with_columns(root=pl.lit("ABC"))
    with pytest.raises(ScoreError, match=r"root = 'ABC': its moves under portfolio margin are not known"):
        av.score(other, **LIMITS, rules="portfolio", settlement="PM")


def test_any_column_of_a_condor_ranks_by_its_name(quotes):
    named, meant = (
        av.score(quotes, **LIMITS, rank_by=each, top=9) for each in ("put_moves", pl.col("put_moves"))
    )
    assert named.frame.equals(meant.frame)


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


def test_the_calls_gain_half_of_what_a_vix_point_takes(quotes):
    """Number of calls times what one gains a VIX point: half of the loss, priced anew (R22)."""
    model = market.L3F(vix=16)
    row = av.score(quotes, **LIMITS, model=model, paths=200, fill=0.0, top=1, rank_by="credit").frame.row(
        0, named=True
    )
    spec = model._json()
    _, *before = _core.market_shocked(spec, "vix", 0.0, [[0.0, *_core.market_start(spec)]])[0]
    _, *after = _core.market_shocked(spec, "vix", 1.0, [[0.0, *_core.market_start(spec)]])[0]
    days, sessions = row["days"], row["years"] * 252
    strikes = np.arange(10.0, 60.0, 0.5)  # which one is told by its price, which falls
    call = strikes[
        np.argmin(np.abs(model.vix_quotes(strikes, days).price - row["hedge_cost"] / row["hedge_calls"]))
    ]
    worth = [float(model.vix_quotes(call, days, factors=tuple(state)).price) for state in (before, after)]
    scale = row["forward"] / float(model.quotes(1.0, sessions, days=days).forward)
    discount = chain.fit_surface(quotes).expiries.filter(root=row["root"], expiration=row["expiration"])[
        "discount"
    ][0]
    lost = 0.0
    for leg, sign, right in (
        ("put_short", 1, "P"),
        ("put_long", -1, "P"),
        ("call_short", 1, "C"),
        ("call_long", -1, "C"),
    ):
        old, new = (
            model.quotes(row[leg] / scale, sessions, right, days=days, factors=tuple(state))
            for state in (before, after)
        )
        lost += sign * scale * discount * float(new.price / new.discount - old.price / old.discount)
    assert row["vix_loss"] == pytest.approx(lost, rel=1e-9)
    assert row["hedge_calls"] * (worth[1] - worth[0]) == pytest.approx(0.5 * lost, rel=1e-9)


def test_a_touch_is_seen_until_the_settlement(quotes):
    """Closes after the settlement do not count: a quote before the close has a part of a session left."""
    model = market.L3F(vix=16)
    near = quotes.filter(pl.col("expiration") == quotes["expiration"].min(), pl.col("settlement") == "PM")
    options = {"short_delta": (0.0, 0.5), "width": (5.0, 100.0), "model": model, "paths": 2000, "top": 10_000}
    for at in ("close", "15:45"):
        row = av.score(near.with_columns(quote_time=pl.lit(at)), **options, rank_by="credit").frame.row(
            0, named=True
        )
        sessions = row["years"] * 252
        assert (sessions == round(sessions)) == (at == "close")
        whole = int(np.ceil(sessions - 1e-9))
        spot = model.simulate(2000, whole)["spot"]
        forward = float(model.quotes(1.0, whole).forward / model.quotes(1.0, 0, days=0).forward)
        share = sessions / whole
        gained = np.log(spot[:, -1] / spot[:, 0]) - np.log(forward)
        settled = row["forward"] * np.exp(gained.mean() * share + (gained - gained.mean()) * np.sqrt(share))
        closes = row["forward"] * spot[:, : int(sessions + 1e-9) + 1] / spot[:, :1] / forward**share
        seen = np.column_stack([closes, settled])
        touched = ((seen <= row["put_short"]) | (seen >= row["call_short"])).any(axis=1).mean()
        assert row["p_touch_model"] == pytest.approx(touched, abs=1e-9)


def test_a_wing_that_the_credit_covers_has_no_break_even():
    """Seen from the sign of the payoff, under both densities."""
    full = chain.synthetic(longest=50)
    row = (
        av.score(
            full,
            dte=(40, 50),
            model=market.L3F(vix=16),
            paths=2000,
            where=(pl.col("put_width") == 5.0) & (pl.col("call_width") == 100.0) & (pl.col("credit") > 5.5),
            rank_by="credit",
            top=1,
        ).frame
    ).row(0, named=True)
    assert row["credit"] > row["put_width"]
    assert row["break_even_low"] is None
    assert row["break_even_high"] == pytest.approx(row["call_short"] + row["credit"])
    named = {"dte": (40, 50), "where": {"credit": (row["credit"], row["credit"])}, "rank_by": "p_profit"}
    again = av.score(full, **named).frame.filter(put_short=row["put_short"], call_short=row["call_short"])
    assert again["p_profit"].item() == row["p_profit"]


def test_both_ends_of_limits_count(quotes):
    """A limit told to the cent finds what is that to the cent."""
    best = av.score(quotes, **LIMITS, top=200, rank_by="credit").frame
    sides = [round(credit, 2) for credit in best["credit"]]
    off = [
        i for i, credit in enumerate(best["credit"]) if credit != sides[i] and abs(credit - sides[i]) < 1e-9
    ]
    above, below = (
        next(sides[i] for i in off if (best["credit"][i] < sides[i]) == less) for less in (True, False)
    )
    for value, bound in ((above, (above, None)), (below, (None, below))):
        for options in ({"method": "search"}, {"method": "exhaustive"}, {"rank_by": pl.col("credit")}):
            asked = {"rank_by": "credit", "descending": value == below, "top": 1, **options}
            found = av.score(quotes, **LIMITS, credit=bound, **asked).frame["credit"][0]
            assert found == pytest.approx(value, abs=1e-9)


def test_a_spread_of_exactly_the_limit_is_allowed(quotes):
    exact = quotes.with_columns(ask=(pl.col("bid") + 0.1 + 0.2))
    assert (exact["ask"] - exact["bid"] > 0.3).any()
    assert dict(av.score(exact, **LIMITS, spread=0.3).refused.iter_rows())["wide_spread"] == 0


def test_an_expression_ranks_without_conditions(quotes):
    options = {**LIMITS, "width": 50.0, "top": 5}
    found = av.score(quotes, **options, rank_by=pl.col("credit") / pl.col("requirement"))
    assert found.frame.equals(av.score(quotes, **options, rank_by="return_on_margin").frame)


def test_expected_moves_rank_and_limit(quotes):
    """In moves of the slice from the forward (C19)."""
    nearest = pl.min_horizontal("put_moves", "call_moves")
    options = {**LIMITS, "width": 50.0, "rank_by": nearest, "where": pl.col("expected_move") > 150.0}
    found = av.score(quotes, **options, top=20).frame
    ranks = found.select(nearest)["put_moves"]
    assert found.height == 20
    assert ranks.is_sorted(descending=True)
    assert (found["expected_move"] > 150.0).all()


def test_p_profit_model_is_ranked_and_limited_exactly(quotes):
    options = {**LIMITS, "model": market.L3F(vix=16), "paths": 300, "rank_by": "p_profit_model", "top": 400}
    frame = av.score(quotes, **options).frame
    assert frame["p_profit_model"].is_sorted(descending=True)
    value = frame["p_profit_model"][-1]
    exact = av.score(quotes, **options, where={"p_profit_model": (value, value)}).frame
    assert exact.height > 0
    assert exact["p_profit_model"].to_list() == pytest.approx([value] * exact.height, abs=1e-9)


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
        ({"top": 2.5}, "top = 2.5: a whole number from 1 to"),
        ({"top": True}, "top = True: a whole number"),
        ({"threads": -1}, "threads = -1: a whole number from 1 to"),
        ({"seed": -1}, "seed = -1: a whole number from 0 to"),
        ({"paths": 500.5}, "paths = 500.5: a whole number"),
        ({"rank_by": "root"}, "String. Allowed: a number of each row"),
        ({"where": {"put_moves": (1.0, None)}}, r"Mend: an expression of pl.col\('put_moves'\)"),
        ({"rules": replace(margin.grid("exchange"), minimum=0.0)}, "rules.minimum = 0.0: above 0"),
        ({"rules": 3}, "rules = 3: a name, a margin.Grid or a margin.House"),
        ({"rank_by": pl.col("hedge_calls")}, "expression = 'hedge_calls'"),
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
def test_the_best_of_a_real_chain_run_beside_hedged_ones():
    quotes = chain.read(Path(DATA) / "chains" / "spx_cboe_snapshots.parquet")
    found = av.score(quotes.filter(quote_date=date(2022, 2, 4)), **LIMITS, root="SPXW", top=2)
    condors = [found.to_arm(i) for i in range(2)]
    calls = av.Layer("calls", buy=av.vix_call(), size=av.offset("core.vega", 0.5).capped("sleeve.budget"))
    sleeve = av.Sleeve(share=0.10, per_year=0.015)
    hedged = [each.replace(name=f"{each.name}_hedged", layers=[calls], sleeve=sleeve) for each in condors]
    run = av.compare([*condors, *hedged], market.L3F(vix=23), paths=64, sessions=63, surface_band=0, seed=1)
    opened = run.paths().group_by("arm").agg(pl.col("opened").sum()).collect()
    assert opened.height == 4
    assert opened["opened"].min() > 0


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
        ("where", pl.lit(value=True), "looks at other rows"),
        ("rank_by", pl.col("credit").mean().over("expiration"), "looks at other rows"),
        ("rank_by", pl.col("credit").max().over("put_short", "put_long"), "looks at other rows"),
        ("where", pl.col("credit").rank().over("root") < 3, "looks at other rows"),
        ("where", pl.col("credit") + 1.0, "Allowed: a condition of each row"),
        ("rank_by", pl.col("root"), "Allowed: a number of each row"),
        ("where", pl.col("credit") > pl.lit("x"), "Allowed: a condition of columns"),
    ],
)
def test_an_expression_that_is_none_of_each_row_is_refused(name, expression, words):
    with pytest.raises(ScoreError, match=words):
        ScoreJob(**{name: expression})
