"""Strategy-based margin of random books against an exact oracle, and the frames around it."""

import math
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import margin
from alvh.errors import BookError
from margin_oracle import least

TODAY = date(2025, 1, 2)
SPOT = 5000.0
EXPIRIES = [TODAY + timedelta(days) for days in (15, 43, 71, 99, 127, 155)]
EXCHANGE = margin.rule_book("exchange")


def frame(legs: list[tuple[int, str, float, int, float]]) -> pl.DataFrame:
    """Legs as (quantity, right, strike, expiry number, price)."""
    quantity, right, strike, expiry, price = map(list, zip(*legs, strict=True))
    return pl.DataFrame(
        {
            "product": "SPXW",
            "right": right,
            "strike": strike,
            "expiration": [EXPIRIES[i] for i in expiry],
            "quantity": quantity,
            "price": price,
        }
    )


def ask(legs, **options):
    return margin.strategy_based(frame(legs), spot=SPOT, as_of=TODAY, **options)


leg = st.tuples(
    st.sampled_from([-3, -2, -1, 1, 2, 3]),
    st.sampled_from("CP"),
    st.integers(880, 1120).map(lambda k: 5.0 * k),
    st.integers(0, 2),
    st.integers(1, 400).map(lambda p: 0.25 * p),
)
books = st.lists(leg, min_size=1, max_size=8)
one_expiry = books.map(lambda legs: [(q, r, k, 0, p) for q, r, k, _, p in legs])


@settings(deadline=None, max_examples=150)
@given(books, st.booleans())
def test_whole_book_is_the_exact_least(legs, cheaper) -> None:
    rules = replace(EXCHANGE, cheaper_uncovered=cheaper)
    assert ask(legs, rules=rules).risk == pytest.approx(100.0 * least(legs, SPOT, rules), rel=1e-7, abs=1e-4)


@pytest.mark.slow
@settings(deadline=None, max_examples=5_000)
@given(st.lists(leg, min_size=1, max_size=8), st.booleans())
def test_whole_book_is_the_exact_least_of_many(legs, cheaper) -> None:
    rules = replace(EXCHANGE, cheaper_uncovered=cheaper)
    assert ask(legs, rules=rules).risk == pytest.approx(100.0 * least(legs, SPOT, rules), rel=1e-7, abs=1e-4)


@pytest.mark.parametrize(
    ("legs", "expiries", "cheaper", "count"),
    [(24, 3, True, 12), (40, 6, False, 12), (80, 4, True, 4), (150, 5, False, 2)],
)
def test_large_books_are_the_exact_least_in_any_order(legs, expiries, cheaper, count) -> None:
    """Rounding once hid the answer beyond some twenty legs: many pairings cost the same."""
    rules = replace(EXCHANGE, cheaper_uncovered=cheaper)
    rng = np.random.default_rng(legs)
    for _ in range(count):
        book = [
            (
                int(rng.choice([-3, -2, -1, 1, 2, 3])),
                str(rng.choice(["C", "P"])),
                5.0 * int(rng.integers(800, 1200)),
                int(rng.integers(0, expiries)),
                round(float(rng.uniform(0.05, 200.0)), 2),
            )
            for _ in range(legs)
        ]
        exact = 100.0 * least(book, SPOT, rules)
        assert ask(book, rules=rules).risk == pytest.approx(exact, rel=1e-7)
        assert ask(book[::-1], rules=rules).risk == pytest.approx(exact, rel=1e-7)


def test_extreme_strikes_are_solved() -> None:
    book = [
        (-3, "C", 2.7, 0, 147.5),
        (1, "C", 86049.5, 3, 42.79),
        (-7, "C", 99.8, 2, 29.77),
        (-3, "C", 4.0, 0, 117.21),
        (-2, "P", 95197.7, 2, 182.63),
        (6, "C", 837.7, 0, 198.97),
        (7, "C", 2245.5, 1, 93.75),
        (-7, "C", 62.1, 2, 156.57),
    ]
    assert ask(book).risk == pytest.approx(100.0 * least(book, SPOT, EXCHANGE), rel=1e-7)


def worst_loss(quantity, sign, strike) -> np.ndarray:
    """The worst intrinsic loss of books in rows: at 0 and at every strike."""
    kinks = np.concatenate([np.zeros((len(strike), 1)), strike], axis=1)
    payoff = np.maximum(sign[:, None, :] * (kinks[:, :, None] - strike[:, None, :]), 0.0)
    return np.maximum(-(quantity[:, None, :] * payoff).sum(axis=2).min(axis=1), 0.0)


def random_books(seed: int, count: int, legs: int = 6):
    """Books of one expiry in which every right is long at least as often as short."""
    rng = np.random.default_rng(seed)
    quantity = rng.choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], (count, legs))
    sign = np.sort(rng.choice([-1.0, 1.0], (count, legs)), axis=1)
    strike = 5.0 * rng.integers(800, 1200, (count, legs))
    for value, far in ((1.0, 6500.0), (-1.0, 3500.0)):
        net = (quantity * (sign == value)).sum(axis=1)
        quantity = np.column_stack([quantity, np.maximum(-net, 0.0) + 1.0])
        sign = np.column_stack([sign, np.full(count, value)])
        strike = np.column_stack([strike, np.full(count, far)])
    return quantity, sign, strike


def as_frame(quantity, sign, strike) -> pl.DataFrame:
    count, legs = quantity.shape
    return pl.DataFrame(
        {
            "book": np.repeat(np.arange(count), legs),
            "right": np.where(sign.ravel() > 0.0, "C", "P"),
            "strike": strike.ravel(),
            "quantity": quantity.ravel(),
        }
    ).with_columns(product=pl.lit("SPXW"), price=pl.lit(1.0), expiration=pl.lit(EXPIRIES[0]))


def many(books: pl.DataFrame) -> np.ndarray:
    told = margin.strategy_based_many(books, by="book", spot=SPOT, as_of=TODAY)
    assert told["problem"].null_count() == told.height
    return told["risk"].to_numpy()


@pytest.mark.parametrize("count", [5_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_defined_risk_ties_up_its_worst_loss(count) -> None:
    done = 0
    while done < count:
        size = min(count - done, 100_000)
        quantity, sign, strike = random_books(done, size)
        risk = many(as_frame(quantity, sign, strike))
        np.testing.assert_allclose(risk, 100.0 * worst_loss(quantity, sign, strike), rtol=1e-12)
        order = np.random.default_rng(done).permutation(quantity.shape[1])
        turned = many(as_frame(quantity[:, order], sign[:, order], strike[:, order]))
        np.testing.assert_allclose(turned, risk, rtol=1e-12)
        np.testing.assert_allclose(many(as_frame(3.0 * quantity, sign, strike)), 3.0 * risk, rtol=1e-12)
        # Two books together; and with another long.
        half = size // 2
        joined = [np.concatenate([a[:half], a[half : 2 * half]], axis=1) for a in (quantity, sign, strike)]
        assert (many(as_frame(*joined)) <= risk[:half] + risk[half : 2 * half] + 1e-6).all()
        long = np.random.default_rng(done + 1).integers(800, 1200, (size, 1)) * 5.0
        more = (
            np.column_stack([quantity, np.ones(size)]),
            np.column_stack([sign, -np.ones(size)]),
            np.column_stack([strike, long]),
        )
        assert (many(as_frame(*more)) <= risk + 1e-6).all()
        done += size


@settings(deadline=None, max_examples=60)
@given(st.lists(books, min_size=1, max_size=6))
def test_many_books_are_each_alone(several) -> None:
    parts = [frame(legs).with_columns(account=pl.lit(f"a{i}")) for i, legs in enumerate(several)]
    mixed = pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=1)
    told = margin.strategy_based_many(mixed, by="account", spot=SPOT, as_of=TODAY)
    for row in told.to_dicts():
        alone = ask(several[int(row["account"][1:])])
        for name in ("initial", "maintenance", "premium", "risk", "credit"):
            assert row[name] == pytest.approx(getattr(alone, name), rel=1e-9, abs=1e-6), name


@settings(deadline=None, max_examples=60)
@given(books)
def test_the_pairing_adds_up(legs) -> None:
    told = ask(legs)
    groups = told.pairing.unique("group")
    assert groups["requirement"].sum() == pytest.approx(told.risk, abs=1e-5)
    held = told.pairing.group_by("right", "strike", "expiration").agg(pl.col("quantity").sum())
    wanted = frame(legs).group_by("right", "strike", "expiration").agg(pl.col("quantity").sum().cast(float))
    both = wanted.join(held, on=["right", "strike", "expiration"], how="left", suffix="_told")
    np.testing.assert_allclose(both["quantity_told"].fill_null(0.0), both["quantity"], atol=1e-6)
    spreads = told.pairing.filter(pl.col("payoff").is_not_null())
    for _, group in spreads.group_by("group"):
        assert -group["payoff"].sum() == pytest.approx(group["requirement"][0], abs=1e-5)


def test_products_of_one_underlying_cover_each_other() -> None:
    """Ten XSP calls cover an SPX call of the same strike times ten."""
    book = pl.DataFrame(
        {
            "product": ["SPX", "XSP"],
            "right": "C",
            "strike": [5200.0, 520.0],
            "expiration": [EXPIRIES[0], EXPIRIES[0]],
            "quantity": [-1, 10],
            "price": [30.0, 3.0],
        }
    )
    told = margin.strategy_based(book, spot={"SPX": SPOT}, as_of=TODAY)
    assert (told.risk, told.premium) == (0.0, 3000.0)
    assert margin.strategy_based(book, spot={"XSP": 500.0}, as_of=TODAY).risk == 0.0


def test_an_opening_does_not_cover_the_close_of_its_day() -> None:
    """SPX settles in the morning: it is no cover for SPXW of the same day, but the other way round."""

    def risk(long: str, short: str) -> float:
        book = pl.DataFrame(
            {
                "product": [long, short],
                "right": "P",
                "strike": 4800.0,
                "expiration": EXPIRIES[0],
                "quantity": [1, -1],
                "price": 20.0,
            }
        )
        return margin.strategy_based(book, spot=SPOT, as_of=TODAY).risk

    assert risk("SPXW", "SPX") == 0.0
    assert risk("SPX", "SPXW") == 100.0 * (20.0 + 750.0 - 200.0)


def test_vix_futures_by_their_term() -> None:
    """R15: a(tenor) F 1000; maintenance as the exchange's ratio."""
    book = pl.DataFrame(
        {
            "product": ["VX", "VX"],
            "expiration": [TODAY + timedelta(40), TODAY + timedelta(120)],
            "quantity": [2, -1],
            "price": [20.0, 21.0],
        }
    )
    told = margin.strategy_based(book, spot=16.0, as_of=TODAY)
    assert told.futures == told.initial == pytest.approx(2 * 11_000.0 + 8_400.0)
    assert told.maintenance == pytest.approx(told.initial / 1.10)


BAD = [
    ({"quantity": [0, -1]}, r"row 1: quantity = 0\.0: a number of contracts, not 0"),
    ({"strike": [4600.0, -1.0]}, r"row 2: strike = -1\.0: points, above 0"),
    ({"price": [8.0, float("nan")]}, r"row 2: price = NaN: points, 0 or more"),
    ({"right": ["P", "X"]}, r"row 2: right = X: 'C' or 'P'"),
    ({"expiration": [EXPIRIES[0], date(2024, 1, 5)]}, r"row 2: expiration = 2024-01-05: not before as_of"),
    ({"expiration": [EXPIRIES[0], None]}, "row 2: expiration is missing"),
    ({"product": ["SPXW", "ABC"]}, "row 2: multiplier of ABC"),
    ({"product": ["SPXW", "ABC"], "multiplier": [100.0, 100.0]}, "row 2: product = ABC is unknown"),
    ({"kind": ["option", "future"]}, "row 2: product = SPXW is no future"),
    ({"quantity": [1.0, 1e308]}, "row 2: quantity = .*: too large"),
    ({"multiplier": [100.0, float("nan")]}, "row 2: multiplier of SPXW"),
    ({"expiration": [20250321, 20250321]}, "row 1, expiration = 20250321"),
    ({"expiration": ["2025-03-21", "21.03.2025"]}, "row 2, expiration = '21.03.2025'"),
    ({"kind": ["option", "swap"]}, "row 2: kind = swap: one of option, future, stock"),
    ({"quantity": ["1", "many"]}, "row 2, quantity = 'many'"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_a_bad_row_is_named(change, message) -> None:
    legs = frame([(1, "P", 4600.0, 0, 8.0), (-1, "P", 4650.0, 0, 10.0)])
    book = legs.with_columns(**{name: pl.Series(values) for name, values in change.items()})
    with pytest.raises(BookError, match=message):
        margin.strategy_based(book, spot=SPOT, as_of=TODAY)


def test_a_bad_row_makes_its_book_nan_and_no_other() -> None:
    legs = frame([(1, "P", 4600.0, 0, 8.0), (-1, "P", 4650.0, 0, 10.0), (-1, "C", 5400.0, 0, -2.0)])
    told = margin.strategy_based_many(
        legs.with_columns(account=pl.Series(["a", "a", "b"])), by="account", spot=SPOT, as_of=TODAY
    )
    assert told["risk"].to_list()[0] == 5000.0
    assert math.isnan(told["initial"].to_list()[1])
    assert told["problem"].to_list() == [None, "price = -2.0: points, 0 or more"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spot": {"VIX": 16.0}}, "spot of SPX is missing"),
        ({"spot": -1.0}, "spot of SPX = -1.0: a finite number above 0"),
        ({"rules": "exchnge"}, "did you mean 'exchange'"),
        ({"leverage": {"SPXW": 0.0}}, "leverage of SPXW"),
        ({"leverage": {"SPWX": 2.0}}, "did you mean 'SPXW'"),
        ({"as_of": "2025-01-02"}, "as_of = '2025-01-02': a datetime.date"),
        ({"spot": True}, "spot of SPX = True"),
        ({"product_class": {"ABC": "broad"}}, "product_class of 'ABC' = 'broad'"),
    ],
)
def test_a_bad_argument_is_named(options, message) -> None:
    arguments = {"spot": SPOT, "as_of": TODAY} | options
    with pytest.raises(BookError, match=message):
        margin.strategy_based(frame([(1, "P", 4600.0, 0, 8.0)]), **arguments)


@settings(deadline=None, max_examples=100)
@given(one_expiry)
def test_break_evens_are_where_profit_changes_sign(legs) -> None:
    def profit(settle: float) -> float:
        pays = sum(q * max(settle - k if right == "C" else k - settle, 0.0) for q, right, k, _, _ in legs)
        return pays - sum(q * p for q, _, _, _, p in legs)

    found = margin.break_evens(frame(legs), as_of=TODAY)
    assert found == sorted(found)
    for settle in found:
        assert abs(profit(settle)) < 1e-6
    grid = np.linspace(0.0, 20_000.0, 4_001)
    signs = np.sign([profit(settle) for settle in grid])
    for (left, before), (right, after) in pairwise(zip(grid, signs, strict=True)):
        if before * after < 0:
            assert any(left <= settle <= right for settle in found)


def test_other_columns_of_a_book_are_its_own() -> None:
    legs = frame([(-1, "P", 4800.0, 0, 20.0)])
    mine = legs.with_columns(
        **{
            name: pl.lit("x")
            for name in ("class", "underlying", "fraction", "sign", "_row", "stock", "_book")
        }
    )
    assert margin.strategy_based(mine, spot=SPOT, as_of=TODAY).risk == ask([(-1, "P", 4800.0, 0, 20.0)]).risk
    told = margin.strategy_based_many(mine, by="sign", spot=SPOT, as_of=TODAY)
    assert told.select("sign", "risk").rows() == [("x", 57_000.0)]
    with pytest.raises(BookError, match="by = 'risk' is a column of its own"):
        margin.strategy_based_many(mine.with_columns(risk=pl.lit(1)), by="risk", spot=SPOT, as_of=TODAY)


def test_text_dates_numpy_prices_and_no_rows() -> None:
    legs = frame([(-1, "P", 4800.0, 0, 20.0)]).with_columns(pl.col("expiration").cast(pl.String))
    assert margin.strategy_based(legs, spot=np.float32(SPOT), as_of=TODAY).risk == 57_000.0
    for ask_for in (margin.strategy_based, margin.portfolio):
        with pytest.raises(BookError, match="the book has no rows"):
            ask_for(legs.clear(), spot=SPOT, as_of=TODAY)


def test_the_sides_of_an_unequal_condor_are_told_apart() -> None:
    """IBKR: two spreads, each worth its own worst."""
    legs = [(1, "P", 4600.0, 0, 8.0), (-1, "P", 4650.0, 0, 10.0), (-1, "C", 5250.0, 0, 9.0)]
    told = ask([*legs, (1, "C", 5275.0, 0, 7.0)], rules="ibkr")
    sums = told.pairing.group_by("group").agg(pl.col("payoff").sum(), pl.col("requirement").first())
    assert told.risk == 7500.0
    assert sorted(sums.select("payoff", "requirement").rows()) == [(-5000.0, 5000.0), (-2500.0, 2500.0)]
