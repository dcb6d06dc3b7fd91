"""Real chains: which terms are taken, how minutes are counted, what is refused, and the published index."""

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

import alvh as av
import markdown_pages
import vix_chains
from alvh.chain import enriching
from alvh.errors import AlvhError, VixError
from alvh.vix import index
from alvh.vix.quotes import COLUMNS
from alvh.vix.strip import EXCLUDED
from alvh.vix.terms import Terms

PAGE = "docs/vix.md"


def listed(as_of, *expiries, **more):
    """The sample quotes under each (root, expiration), quoted at `as_of`."""
    one = vix_chains.sample(2014).filter(term="near").drop("term")
    chain = pl.concat(one.with_columns(root=pl.lit(root), expiration=pl.lit(day)) for root, day in expiries)
    return chain.with_columns(quote_date=pl.lit(as_of.date()), quote_time=pl.lit(f"{as_of:%H:%M}"), **more)


def taken(as_of, *expiries, **options):
    index = av.vix_index(listed(as_of, *expiries), rate=0.0, **options)
    return [(term.root, term.expiration) for term in (index.near, index.next)]


def at(day, hour=16, minute=15):
    return datetime.combine(day, datetime.min.time()).replace(hour=hour, minute=minute)


def test_rates_are_those_of_chains_and_a_frame_is_collected():
    assert index.RATES == enriching.RATES
    quotes, _ = vix_chains.sample_in_minutes(2014)
    with pytest.raises(VixError, match="if this is percent, divide by 100"):
        av.vix_index(quotes, rate=(0.0, 5), terms="bracket")
    with pytest.raises(VixError, match=r"a LazyFrame\. Mend: collect\(\) first"):
        av.vix_index(quotes.lazy(), terms="bracket")


# Terms and minutes


@pytest.mark.parametrize(("days", "example"), [(25, 2014), (24, 2022)])
def test_the_worked_example_by_dates(days, example):
    """SPX settles in the morning of the third Friday, SPXW a week later at the close; quotes of 10:46."""
    third = date(2014, 10, 17)
    near, later = ("SPX", third), ("SPXW", third + timedelta(days=7))
    quotes = vix_chains.sample(example).with_columns(
        root=pl.col("term").replace_strict({"near": near[0], "next": later[0]}),
        expiration=pl.col("term").replace_strict({"near": near[1], "next": later[1]}),
        quote_date=third - timedelta(days=days),
        quote_time=pl.lit("10:46"),
    )
    chain, rates = vix_chains.sample_in_minutes(example)
    by_dates, by_minutes = av.vix_index(quotes, rate=rates), av.vix_index(chain, rate=rates, terms="bracket")
    assert by_dates.value == by_minutes.value
    told = vix_chains.published(example)
    assert [by_dates.near.minutes, by_dates.next.minutes] == [
        float(told[t, "minutes"]) for t in ("near", "next")
    ]
    assert by_dates.strip["expiration"].unique().sort().to_list() == [near[1], later[1]]


def test_terms_roll_between_tuesday_and_wednesday():
    """The document's example: on a Tuesday 24 and 31 days, on the next day 30 and 37."""
    fridays = [("SPXW", date(2014, 11, 7)), ("SPXW", date(2014, 11, 14)), ("SPX", date(2014, 11, 21))]
    assert taken(at(date(2014, 10, 14)), *fridays) == fridays[:2]
    assert taken(at(date(2014, 10, 15)), *fridays) == fridays[1:]


def test_third_fridays_are_those_of_the_morning_and_other_days_do_not_count():
    expiries = [
        *(("SPXW", date(2014, 11, day)) for day in (19, 20, 21, 24, 26)),
        ("SPX", date(2014, 11, 21)),
        ("SPXW", date(2014, 11, 28)),
    ]
    assert taken(at(date(2014, 10, 27)), *expiries) == expiries[-2:]


def test_a_holiday_s_expiry_is_the_session_before():
    good_friday = ("SPX", date(2025, 4, 17)), ("SPXW", date(2025, 4, 25))
    assert taken(at(date(2025, 3, 20)), *good_friday) == list(good_friday)


def test_the_monthly_rule_leaves_an_expiry_with_a_week_to_go():
    """The document of 2009: June and July on the second Friday in June, July and August on the Monday."""
    months = [("SPX", date(2009, 6, 19)), ("SPX", date(2009, 7, 17)), ("SPX", date(2009, 8, 21))]
    weeklies = [("SPXW", date(2009, 7, 2)), ("SPXW", date(2009, 7, 10))]
    assert taken(at(date(2009, 6, 12)), *months, *weeklies, terms="monthly") == months[:2]
    assert taken(at(date(2009, 6, 15)), *months, *weeklies, terms="monthly") == months[1:]


def test_bracket_takes_what_lies_around_thirty_days():
    days = [date(2014, 10, day) for day in (1, 8, 10, 13)]
    quoted = at(date(2014, 9, 9))
    chain = listed(quoted, *(("SPXW", day) for day in days))
    index = av.vix_index(chain, rate=0.0, terms="bracket")
    assert [index.near.expiration, index.next.expiration] == [date(2014, 10, 8), date(2014, 10, 10)]
    assert index.near.minutes == 29 * 1_440 - 15


@pytest.mark.parametrize(
    ("quote_date", "quote_time", "minutes"),
    [
        (date(2014, 11, 7), "close", 21 * 1_440 - 195),  # 16:15 to 13:00 on the day after Thanksgiving
        (date(2014, 11, 7), "13:00", 21 * 1_440),
        (date(2013, 11, 29), "close", 28 * 1_440 + 165),  # a half day's quotes are of 13:15
    ],
)
def test_half_days_close_early(quote_date, quote_time, minutes):
    near = date(2014, 11, 28) if quote_date.year == 2014 else date(2013, 12, 27)
    chain = listed(at(quote_date), ("SPXW", near), ("SPXW", quote_date + timedelta(days=42)))
    index = av.vix_index(chain.with_columns(quote_time=pl.lit(quote_time)), rate=0.0, terms="bracket")
    assert index.near.minutes == minutes


def test_as_of_and_settlement_stand_above_the_columns():
    expiries = ("SPXW", date(2014, 10, 3)), ("SPXW", date(2014, 10, 17))
    chain = listed(at(date(2014, 9, 10)), *expiries)
    moment = at(date(2014, 9, 9), 9, 30)
    morning = chain.drop("quote_date", "quote_time").with_columns(root=pl.lit("ANY"), settlement=pl.lit("AM"))
    index = av.vix_index(morning, rate=0.0, terms="bracket", as_of=moment)
    assert (index.near.minutes, index.next.minutes) == (24 * 1_440, 38 * 1_440)


# Refusals


QUOTED = at(date(2014, 9, 22))
CHAIN = listed(QUOTED, ("SPX", date(2014, 10, 17)), ("SPXW", date(2014, 10, 24)))
FIRST = pl.int_range(pl.len()) == 0


def without(side, where):
    return CHAIN.with_columns(pl.when(where).then(0.0).otherwise(pl.col(side)).alias(side))


def put_first(name, value):
    return CHAIN.with_columns(pl.when(FIRST).then(value).otherwise(pl.col(name)).alias(name))


@pytest.mark.parametrize(
    ("chain", "options", "words"),
    [
        (CHAIN.drop("bid"), {}, "no column 'bid'. Mend: rename one"),
        (
            CHAIN.rename({"strike": "Strike"}),
            {},
            "no column 'strike'. Mend: rename one; did you mean 'Strike'",
        ),
        (CHAIN.head(0), {}, "chain: no rows. Mend: give the quotes"),
        (put_first("strike", 0.0), {}, "row 1, strike = 0.0: allowed is finite, above 0"),
        (put_first("bid", -0.05), {}, "row 1, bid = -0.05: allowed is finite, at least 0"),
        (put_first("ask", float("inf")), {}, "row 1, ask = inf: allowed is finite"),
        (put_first("right", pl.lit("X")), {}, "row 1, right = 'X': allowed is C or P"),
        (put_first("right", None), {}, "row 1, right = None: allowed is C or P"),
        (CHAIN.with_columns(right=pl.lit("c")), {}, "more rows like it): allowed is C or P"),
        (
            CHAIN.with_columns(bid=pl.lit("a")),
            {},
            "column 'bid': String cannot be read as Float64. Mend: cast it",
        ),
        (put_first("expiration", date(2014, 10, 18)), {}, "row 1, expiration = datetime.date(2014, 10, 18)"),
        (pl.concat([CHAIN, CHAIN.head(1)]), {}, "near term: the C at 800 occurs more than once. Mend"),
        (CHAIN.with_columns(settlement=pl.lit("noon")), {}, "allowed is AM or PM"),
        (CHAIN.with_columns(minutes=pl.lit(-1)), {}, "minutes = -1.0"),
        (put_first("quote_date", date(2014, 9, 23)), {}, "quote_date: 2 values, 2014-09-22 to 2014-09-23"),
        (
            CHAIN.drop("quote_date"),
            {},
            "no column 'quote_date' to count minutes from. Mend: add it or minutes, or",
        ),
        (
            CHAIN.with_columns(quote_time=pl.lit("noon")),
            {},
            "quote_time = 'noon': allowed are 'close' and HH:MM",
        ),
        (CHAIN.drop("root"), {}, "no column 'root', by which that rule picks. Mend: add it, or"),
        (
            CHAIN.with_columns(root=pl.lit("SPY")),
            {"terms": "bracket"},
            "root 'SPY': AM or PM settlement is not",
        ),
        (
            CHAIN.with_columns(settlement=pl.when(FIRST).then(pl.lit("PM")).otherwise(pl.lit("AM"))),
            {},
            "SPX 2014-10-17: more than one settlement or minutes. Mend: one per expiry",
        ),
        (CHAIN, {"terms": "daily"}, "terms = 'daily': allowed are 'weekly', 'monthly', 'bracket'"),
        (
            CHAIN,
            {"rate": (0.01, 0.02, 0.03)},
            "rate = (0.01, 0.02, 0.03): allowed is one finite number, or two",
        ),
        (CHAIN, {"rate": float("nan")}, "rate = nan: allowed is one finite number"),
        (CHAIN, {"as_of": datetime.fromisoformat("2014-09-22T10:46+00:00")}, "wall time without a time zone"),
        (CHAIN.filter(root="SPX"), {}, "no next term: no Friday expiry"),
        (CHAIN.filter(root="SPXW"), {}, "from 2014-10-16 to 2014-10-22. Mend: give the whole chain, or"),
        (
            CHAIN.filter(root="SPX"),
            {"terms": "bracket"},
            "no next term: no expiry above 30 days (43,200 minutes)",
        ),
        (
            CHAIN,
            {"terms": "monthly"},
            "1 SPX expiries from 2014-09-29 on: the monthly rule takes the first two",
        ),
        (
            CHAIN.filter(right="C"),
            {},
            "near term: no strike at which both call and put have a bid and an ask",
        ),
        (without("bid", pl.col("strike") > 0), {}, "near term: no strike at which both call and put"),
        (
            without("ask", pl.col("strike") == 1_960),
            {},
            "near term: put and call at K0 = 1960 do not both have",
        ),
        (without("bid", pl.col("strike") < 1_960), {}, "near term: no put out of the money has a bid"),
        (without("bid", pl.col("strike") > 1_960), {}, "near term: no call out of the money has a bid"),
        (
            CHAIN.filter(pl.col("strike") > 1_960),
            {},
            "near term: no strike at or below the forward 1962.90. Mend",
        ),
        (
            CHAIN.filter(pl.col("strike").is_between(1_960, 1_965)),
            {},
            "of the money quote call and put: parity needs 3 to",
        ),
        (
            without("ask", (pl.col("right") == "P") & (pl.col("strike") == 1_960)),
            {"rate": 0.0},
            "K0 = 1960 do not",
        ),
    ],
)
def test_refusal_names_what_and_the_mend(chain, options, words):
    with pytest.raises(VixError) as refusal:
        av.vix_index(chain, **options)
    assert words in str(refusal.value)
    assert isinstance(refusal.value, AlvhError)


def test_quotes_of_two_moments_imply_no_discount():
    """Puts of another day: call less put no longer falls by a dollar per dollar of strike."""
    moved = CHAIN.with_columns(
        pl.when(pl.col("right") == "P").then(pl.col("bid", "ask") * 1.4).otherwise(pl.col("bid", "ask"))
    )
    with pytest.raises(
        VixError, match=r"put–call parity implies a discount of .*; allowed is .*\. Mend: give rate"
    ):
        av.vix_index(moved)


# The page


def test_columns_terms_and_reasons_are_those_of_the_page():
    assert [row[0] for row in markdown_pages.table(PAGE, "column")] == list(COLUMNS)
    assert [row[0] for row in markdown_pages.table(PAGE, "terms")] == list(get_args(Terms))
    assert [row[0] for row in markdown_pages.table(PAGE, "excluded")] == list(EXCLUDED)


# Recorded chains


def data(name):
    root = os.environ.get("ALVH_DATA")
    if root is None:
        pytest.skip("ALVH_DATA is not set")
    return pl.read_parquet(Path(root) / name)


SNAPSHOTS = {"weekly": "spx_cboe_snapshots", "monthly": "spx_ivolatility_201101"}
WHOLE = [tuple(row) for row in markdown_pages.table(PAGE, "quotes of")]


@pytest.mark.data
@pytest.mark.parametrize("row", WHOLE, ids=[row[0] for row in WHOLE])
def test_the_gap_to_the_published_index(row):
    """Every figure of the page's table; within three hundredths of what was published."""
    quoted, rule = date.fromisoformat(row[0]), row[1]
    chain = data(f"chains/{SNAPSHOTS[rule]}.parquet").filter(quote_date=quoted)
    closes = data("indices/cboe_vol_indices_daily.parquet").filter(symbol="VIX", date=quoted)
    close = closes["close"].item()
    funds = data("macro/macro_long.parquet").filter(pl.col("date") <= quoted, series="DFF").sort("date")
    index = av.vix_index(chain, terms=rule)
    at_funds = av.vix_index(chain, terms=rule, rate=funds["value"][-1] / 100).value
    bracket = f"{av.vix_index(chain, terms='bracket').value - close:+.2f}" if rule == "weekly" else "–"
    expected = (index.near.expiration, index.next.expiration, f"{close:.2f}", f"{index.value:.2f}")
    assert row[2:] == (
        *map(str, expected),
        f"{index.value - close:+.3f}",
        f"{at_funds - close:+.3f}",
        bracket,
    )
    assert abs(index.value - close) < 0.03


@pytest.mark.data
@pytest.mark.parametrize("quoted", [date(2022, 1, 7), date(2023, 2, 3), date(2024, 11, 11)])
def test_snapshots_without_two_terms_are_refused(quoted):
    chain = data("chains/spx_cboe_snapshots.parquet").filter(quote_date=quoted)
    for terms in ("weekly", "bracket"):
        with pytest.raises(VixError, match=r"no (near|next) term: .*Mend: give"):
            av.vix_index(chain, terms=terms)
