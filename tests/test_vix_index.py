"""The index against the exchange's worked examples, a naive twin, and what must hold for any chain."""

import math

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import assume, given, settings
from polars.testing import assert_frame_equal

import alvh as av
import vix_chains
from alvh.errors import VixError

EXAMPLES = (2009, 2014, 2022)
TERMS = ("near", "next")


def index_of(example):
    chain, rates = vix_chains.sample_in_minutes(example)
    return av.vix_index(chain, rate=rates, terms="bracket")


# The worked examples


def shown(example, term):
    """What the documents print of a term; that of 2009 divides by T rounded to the seven digits it prints."""
    years = round(term.years, 7) if example == 2009 else term.years
    return {
        "minutes": term.minutes,
        "rate": term.rate,
        "years": term.years,
        "forward": term.forward,
        "k0": term.k0,
        "strip_sum": term.strip_sum,
        "scaled_sum": 2 * term.strip_sum / term.years,
        "forward_term": (term.forward / term.k0 - 1) ** 2 / term.years,
        "variance": term.variance * term.years / years,
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_published_digits(example):
    index = index_of(example)
    computed = {("near", name): value for name, value in shown(example, index.near).items()}
    computed |= {("next", name): value for name, value in shown(example, index.next).items()}
    computed |= {("", "value"): index.value, ("", "volatility"): index.value / 100}
    told = vix_chains.published(example)
    assert len(told) >= 13
    for key, text in told.items():
        digits = len(text.partition(".")[2])
        assert f"{computed[key]:.{digits}f}" == text, key


@pytest.mark.parametrize("example", [2009, 2022])
def test_every_row_of_the_strip(example):
    expected = pl.read_csv(vix_chains.GOLDEN / "vix_index_strip.csv").filter(example=example)
    strip = index_of(example).strip.filter(pl.col("excluded").is_null())
    keys = ["term", "strike", "option"]
    assert strip.select(keys).rows() == expected.select(keys).rows()
    for name in ("mid", "delta_k", "contribution"):
        assert strip[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-12), name


def test_what_does_not_count_and_why():
    """The traps of the sample quotes: lone zero bids are skipped, and after two in a row nothing counts."""
    strip = index_of(2022).strip.filter(term="near")
    why = {(row["strike"], row["option"]): row["excluded"] for row in strip.iter_rows(named=True)}
    for strike in (1350, 1355):
        assert why[strike, "put"] == "beyond_two_zero_bids"
    assert why[2225, "call"] == "beyond_two_zero_bids"
    for lone in ((1405, "put"), (1415, "put"), (2120, "call")):
        assert why[lone] == "no_bid"
    widths = dict(strip.select("strike", "delta_k").rows())
    assert [widths[strike] for strike in (1370, 1400, 1410, 2100, 2125)] == [5, 7.5, 10, 15, 25]


def test_sides_tell_the_strip_in_brief():
    index = index_of(2022)
    sides = index.sides()
    assert sides.select("term", "option").rows() == [(t, o) for t in TERMS for o in ("put", "both", "call")]
    assert sides.group_by("term").agg(pl.col("strikes").sum()).sort("term")["strikes"].to_list() == [146, 122]
    assert sides.group_by("term").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1, 1])
    near = sides.row(0, named=True)
    assert (near["lowest"], near["highest"], near["beyond_two_zero_bids"]) == (1370, 1955, 4)
    assert sides["strikes"].sum() + sides.select(
        "no_bid", "no_ask", "beyond_two_zero_bids"
    ).to_numpy().sum() == (index.strip.height)


# The naive twin


def naive(chain, rates):  # noqa: C901 -- one document, one function
    """The document, sentence by sentence; None where it cannot be calculated."""
    total = []
    for minutes, rate in zip(sorted(chain["minutes"].unique()), rates, strict=True):
        rows = chain.filter(minutes=minutes).iter_rows(named=True)
        quotes = {(row["strike"], row["right"]): (row["bid"] or 0, row["ask"] or 0) for row in rows}
        years = minutes / 525_600
        mid = {key: (bid + ask) / 2 for key, (bid, ask) in quotes.items() if bid > 0 and ask > 0}
        strikes = sorted({strike for strike, _ in quotes})
        pairs = [strike for strike in strikes if (strike, "C") in mid and (strike, "P") in mid]
        if not pairs:
            return None
        at = min(pairs, key=lambda strike: abs(mid[strike, "C"] - mid[strike, "P"]))
        forward = at + math.exp(rate * years) * (mid[at, "C"] - mid[at, "P"])
        below = [strike for strike in strikes if strike <= forward]
        if not below or below[-1] not in pairs:
            return None
        k0 = below[-1]
        used = {k0: (mid[k0, "C"] + mid[k0, "P"]) / 2}
        for right, wing in (
            ("P", [strike for strike in reversed(strikes) if strike < k0]),
            ("C", [strike for strike in strikes if strike > k0]),
        ):
            zeros, found = 0, 0
            for strike in wing:
                if (strike, right) not in quotes:
                    continue
                if (strike, right) in mid:
                    used[strike] = mid[strike, right]
                    zeros, found = 0, found + 1
                elif (zeros := zeros + 1) == 2:
                    break
            if not found:
                return None
        ks = sorted(used)
        strip = 0
        for i, k in enumerate(ks):
            low, high = max(i - 1, 0), min(i + 1, len(ks) - 1)
            strip += (ks[high] - ks[low]) / (high - low) / k**2 * math.exp(rate * years) * used[k]
        total.append((minutes, 2 * strip - (forward / k0 - 1) ** 2))
    (n1, v1), (n2, v2) = total
    thirty = (v1 * (n2 - 43_200) + v2 * (43_200 - n1)) / (n2 - n1)
    return None if thirty < 0 else 100 * math.sqrt(thirty * 525_600 / 43_200)


some = st.integers(1, 160).map(lambda ticks: ticks / 20)
perhaps = st.one_of(st.just(0.0), some, some)


@st.composite
def chains(draw):
    """Few strikes, wild quotes: zero bids, no asks, options that are not listed; mostly sound near K0."""
    rows = []
    for minutes in (draw(st.integers(30_000, 43_200)), draw(st.integers(43_201, 60_000))):
        at_money = {199, 200, 201} if draw(st.integers(0, 9)) else set()
        for strike in sorted(at_money | draw(st.sets(st.integers(180, 220), min_size=3, max_size=14))):
            for right, sign in (("C", 1), ("P", -1)):
                if strike not in at_money and not draw(st.integers(0, 9)):
                    continue
                inside = max(0.0, sign * 5.0 * (200 - strike))
                bid = inside + draw(some if strike in at_money else perhaps)
                ask = None if strike not in at_money and not draw(st.integers(0, 9)) else bid + draw(perhaps)
                rows.append(
                    {"minutes": minutes, "strike": 5.0 * strike, "right": right, "bid": bid, "ask": ask}
                )
    assume(len({row["minutes"] for row in rows}) == 2)
    return pl.DataFrame(rows, schema_overrides={"ask": pl.Float64})


@settings(max_examples=150, deadline=None)
@given(chain=chains(), rates=st.tuples(st.floats(-0.02, 0.08), st.floats(-0.02, 0.08)))
def test_the_twin_agrees(chain, rates):
    expected = naive(chain, rates)
    if expected is None:
        with pytest.raises(VixError, match="Mend"):
            av.vix_index(chain, rate=rates, terms="bracket")
    else:
        assert av.vix_index(chain, rate=rates, terms="bracket").value == pytest.approx(
            expected, rel=1e-9, abs=1e-6
        )


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_twin_agrees_on_the_examples(example):
    assert naive(*vix_chains.sample_in_minutes(example)) == pytest.approx(index_of(example).value, rel=1e-13)


# Properties


@pytest.mark.parametrize("vol", [0.05, 0.2, 0.8])
@pytest.mark.parametrize("rate", [None, 0.04])
def test_a_flat_volatility_is_the_index(vol, rate):
    index = av.vix_index(vix_chains.flat(vol, rate=0.04, step=25 * vol), rate=rate, terms="bracket")
    assert index.value == pytest.approx(100 * vol, rel=2e-4)
    assert (index.near.rate, index.next.rate) == pytest.approx((0.04, 0.04), abs=1e-6)
    assert index.near.forward == pytest.approx(5_000, abs=1e-6)


def test_the_order_of_rows_does_not_matter():
    chain, rates = vix_chains.sample_in_minutes(2014)
    order = pl.int_range(chain.height, eager=True).shuffle(seed=5)
    expected = av.vix_index(chain, rate=rates, terms="bracket")
    shuffled = av.vix_index(chain[order], rate=rates, terms="bracket")
    assert shuffled == expected
    assert_frame_equal(shuffled.strip, expected.strip)


def test_points_twice_as_large_change_nothing():
    chain, rates = vix_chains.sample_in_minutes(2014)
    doubled = chain.with_columns(pl.col("strike", "bid", "ask") * 2)
    assert av.vix_index(doubled, rate=rates, terms="bracket").value == pytest.approx(
        index_of(2014).value, rel=1e-14
    )


def test_other_expiries_and_columns_change_nothing():
    chain, rates = vix_chains.sample_in_minutes(2014)
    far = chain.with_columns(minutes=pl.col("minutes") * 3)
    soon = chain.with_columns(minutes=pl.col("minutes") // 3)
    whole = pl.concat([far, chain, soon]).with_columns(vendor=pl.lit("any"))
    assert av.vix_index(whole, rate=rates, terms="bracket") == index_of(2014)


def test_parity_stands_in_for_rates_nobody_has():
    """On the sample quotes, whose rates are known: within a hundredth of a point."""
    for example in EXAMPLES:
        chain, _ = vix_chains.sample_in_minutes(example)
        assert av.vix_index(chain, terms="bracket").value == pytest.approx(index_of(example).value, abs=0.01)


def test_a_zero_ask_excludes_like_a_zero_bid():
    """Amendment of 2025-02-10."""
    chain, rates = vix_chains.sample_in_minutes(2014)
    at = (pl.col("strike") == 1_800) & (pl.col("right") == "P")
    without = {}
    for side in ("bid", "ask"):
        altered = chain.with_columns(pl.when(at).then(0.0).otherwise(pl.col(side)).alias(side))
        without[side] = av.vix_index(altered, rate=rates, terms="bracket")
    assert without["bid"].value == without["ask"].value
    assert without["ask"].strip.filter(pl.col("excluded") == "no_ask")["strike"].to_list() == [1_800, 1_800]


def test_a_crossed_quote_counts_with_its_mid():
    chain, rates = vix_chains.sample_in_minutes(2014)
    crossed = chain.with_columns(
        pl.when(pl.col("strike") == 1_800).then(pl.col(other)).otherwise(pl.col(side)).alias(side)
        for side, other in (("bid", "ask"), ("ask", "bid"))
    )
    assert av.vix_index(crossed, rate=rates, terms="bracket").value == index_of(2014).value


@pytest.mark.parametrize("none", [None, math.nan])
def test_no_bid_is_null_or_nan_as_well(none):
    chain, rates = vix_chains.sample_in_minutes(2014)
    altered = chain.with_columns(pl.when(pl.col("bid") == 0).then(none).otherwise(pl.col("bid")).alias("bid"))
    assert av.vix_index(altered, rate=rates, terms="bracket") == index_of(2014)
