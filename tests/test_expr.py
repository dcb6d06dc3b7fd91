"""`alvh.expr` gives the bits of `alvh.pricing` on every engine of Polars, and null for null."""

import io
import itertools
import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

import alvh
from alvh import expr, pricing
from alvh.errors import AlvhError
from alvh.pricing import Greeks

ENGINES = ("in-memory", "streaming")
TERMS = ("forward", "strike", "years", "vol", "right", "discount")
WORDS = {"strings": pl.String, "categories": pl.Categorical, "enum": pl.Enum(["P", "C", "X", ""])}


def chain(rows: int, seed: int = 0) -> pl.DataFrame:
    """Options of both rights with their prices; no nulls."""
    draw = np.random.default_rng(seed)
    forward = draw.uniform(4000.0, 6000.0, rows)
    frame = pl.DataFrame(
        {
            "forward": forward,
            "strike": forward * np.exp(draw.normal(0.0, 0.1, rows)),
            "years": draw.uniform(0.01, 2.0, rows),
            "vol": draw.uniform(0.05, 0.6, rows),
            "right": draw.choice(["C", "P"], rows),
            "discount": draw.uniform(0.9, 1.0, rows),
            "group": draw.integers(0, 3, rows),
        },
        schema_overrides={"right": pl.String},
    )
    return frame.with_columns(price=pricing.price(**arrays(frame, *TERMS)))


def arrays(frame, *names):
    """The columns for the functions over arrays; nulls are NaN there."""
    return {name: frame[name].to_list() if name == "right" else frame[name].to_numpy() for name in names}


EXPRESSIONS = {
    "price": expr.price("forward", "strike", "years", "vol", "right", discount="discount"),
    "greeks": expr.greeks("forward", "strike", "years", "vol", "right", discount="discount"),
    "implied_vol": expr.implied_vol("price", "forward", "strike", "years", "right", discount="discount"),
    "status": expr.implied_vol(
        "price", "forward", "strike", "years", "right", discount="discount", status=True
    ).alias("status"),
}


def twin(frame: pl.DataFrame) -> pl.DataFrame:
    """What `EXPRESSIONS` must give, by the functions over arrays; null where one of the terms is."""
    quote = ("price", "forward", "strike", "years", "right", "discount")
    vol, status = pricing.implied_vol(**arrays(frame, *quote), status=True)
    answers = {
        "price": (TERMS, pl.Series(pricing.price(**arrays(frame, *TERMS)))),
        "greeks": (TERMS, pl.DataFrame(pricing.greeks(**arrays(frame, *TERMS))._asdict()).to_struct()),
        "implied_vol": (quote, pl.Series(vol)),
        "status": (quote, pl.DataFrame({"vol": vol, "status": status}).to_struct()),
    }
    columns = []
    for name, (terms, values) in answers.items():
        null = np.logical_or.reduce([frame[term].is_null().to_numpy() for term in terms])
        held = zip(values.to_list(), null, strict=True)
        columns.append(pl.Series(name, [None if no else value for value, no in held], dtype=values.dtype))
    return pl.DataFrame(columns)


def same(got, want):
    assert_frame_equal(got, want, check_exact=True)  # NaN equals NaN and only NaN; null equals null


def test_every_engine_gives_the_bits_of_numpy():
    frame = chain(5_000)
    want = twin(frame)
    assert np.isfinite(want["price"].to_numpy()).all()
    same(frame.select(**EXPRESSIONS), want)
    same(frame.with_columns(**EXPRESSIONS).select(want.columns), want)
    for engine in ENGINES:
        same(frame.lazy().select(**EXPRESSIONS).collect(engine=engine), want)


NUMBER = st.none() | st.sampled_from([math.nan, math.inf, 0.0, -1.0]) | st.floats(0.01, 200.0)
RIGHT = st.sampled_from(["C", "P", "C", "P", "X", "", None])
ROW = st.tuples(*[RIGHT if term == "right" else NUMBER for term in (*TERMS, "price")])


@settings(deadline=None)
@given(st.lists(ROW, max_size=30), st.lists(st.integers(0, 30), max_size=3), st.sampled_from(sorted(WORDS)))
def test_nulls_nans_and_chunks(rows, cuts, words):
    """However the columns are cut: null where a term is null, else what the functions over arrays give."""
    schema = {term: WORDS[words] if term == "right" else pl.Float64 for term in (*TERMS, "price")}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    want = twin(frame.with_columns(pl.col("right").cast(pl.String)))
    edges = [0, *sorted(cuts), len(rows)]
    chunked = pl.concat([frame[a:b] for a, b in itertools.pairwise(edges)], rechunk=False)
    for engine in ENGINES:
        same(chunked.lazy().select(**EXPRESSIONS).collect(engine=engine), want)


def test_many_batches_of_the_streaming_engine():
    """Longer than a morsel, with nulls, filtered before and after."""
    frame = chain(300_000).with_columns(pl.when(pl.int_range(pl.len()) % 7 > 0).then("vol").alias("vol"))
    cheap = frame.lazy().filter(pl.col("years") > 0.5).with_columns(value=EXPRESSIONS["price"])
    kept = cheap.filter(pl.col("value") < 50.0).select("value")
    got = kept.collect(engine="streaming")
    same(got, kept.collect(engine="in-memory"))
    same(got, twin(frame.filter(pl.col("years") > 0.5)).select(value="price").filter(pl.col("value") < 50.0))


def test_numbers_names_and_expressions_mix():
    frame = chain(50)
    want = pricing.price(frame["forward"] * 2, frame["strike"], 0.25, 0.2, "P", discount=0.99)
    for number in (float, np.float64, Decimal, str):
        years, vol = (pl.lit(0.25), pl.lit(0.2)) if number is str else (number("0.25"), number("0.2"))
        got = frame.select(expr.price(pl.col("forward") * 2, "strike", years, vol, "P", discount=0.99))
        assert_series_equal(got["price"], pl.Series("price", want), check_exact=True)
    same(
        frame.select(expr.price(5000, pl.col("strike").mean(), 0.25, 0.2, -1)),
        pl.DataFrame({"price": [pricing.price(5000, frame["strike"].mean(), 0.25, 0.2, -1)]}),
    )
    assert (
        frame.with_columns(mid=expr.price(5000, pl.col("strike").max(), 0.25, 0.2, "C"))["mid"].n_unique()
        == 1
    )


def test_numbers_alone():
    want = pricing.price(5000.0, 4800.0, 0.25, 0.2, "P")
    every = expr.price(5000.0, 4800.0, 0.25, 0.2, "P")
    assert pl.select(every).item() == want
    for engine in ENGINES:
        assert chain(3).lazy().with_columns(every).collect(engine=engine)["price"].to_list() == [want] * 3


def test_numbers_fill_no_column(monkeypatch):
    seen = {}

    def spy(**arguments):
        seen.update(arguments)
        return np.zeros(3)

    monkeypatch.setattr(expr._core, "price", spy)
    chain(3).select(expr.price("forward", pl.lit(4800.0), 0.25, 0.2, "P"))
    assert {name: np.shape(value) for name, value in seen.items()} == {
        "forward": (3,),
        "strike": (1,),
        **dict.fromkeys(("years", "vol", "right", "discount"), ()),
    }
    assert seen["forward"].flags.owndata is False


def test_c_and_p_are_rights_and_other_strings_are_columns():
    frame = pl.DataFrame({"C": [-1.0], "P": [1.0], "K": [95.0], "side": ["P"]})
    call, put = (pricing.price(100.0, 95.0, 0.5, 0.2, right) for right in "CP")
    for right, want in [("C", call), ("P", put), ("side", put), (pl.col("C"), put), (pl.col("P"), call)]:
        assert frame.select(expr.price(100.0, "K", 0.5, 0.2, right)).item() == want
    assert frame.select(expr.price(100.0, 95.0, 0.5, "P", "P")).item() == pricing.price(
        100.0, 95.0, 0.5, 1.0, "P"
    )


@pytest.mark.parametrize("dtype", [*WORDS.values(), pl.Int8, pl.Int64, pl.Float32, pl.Float64], ids=str)
def test_columns_of_rights(dtype):
    rights = ["C", "P", None] if dtype in WORDS.values() else [1, -1, None]
    frame = pl.DataFrame({"right": pl.Series(rights, dtype=dtype)})
    want = [pricing.price(100.0, 95.0, 0.5, 0.2, right) for right in "CP"]
    assert frame.select(expr.price(100.0, 95.0, 0.5, 0.2, "right"))["price"].to_list() == [*want, None]


def test_what_is_no_right_is_nan():
    words = pl.DataFrame({"right": ["C", "c", "Put", "", None]})
    numbers = pl.DataFrame({"right": [1.0, 0.0, 2.0, math.nan, None]})
    without_calls = words.select(pl.col("right").cast(pl.Enum(["P", "c"]), strict=False))
    for frame in (words, numbers):
        got = frame.select(expr.price(100.0, 95.0, 0.5, 0.2, "right"))["price"]
        assert got.is_nan().to_list() == [False, True, True, True, None]
    got = without_calls.select(expr.price(100.0, 95.0, 0.5, 0.2, "right"))["price"]
    assert got.is_nan().to_list() == [None, True, None, None, None]


@pytest.mark.parametrize("dtype", [pl.Int16, pl.UInt64, pl.Float32, pl.Decimal(10, 2)], ids=str)
def test_columns_of_numbers_are_cast(dtype):
    strikes = pl.Series("strike", [90, 95, None], dtype=pl.Int64).cast(dtype)
    want = pricing.price(100.0, [90.0, 95.0], 0.5, 0.2, "P").tolist()
    assert pl.select(expr.price(100.0, pl.lit(strikes), 0.5, 0.2, "P"))["price"].to_list() == [*want, None]


def test_a_null_struct_is_null_as_a_whole():
    frame = pl.DataFrame({"strike": [95.0, None, math.nan]})
    got = frame.select(expr.greeks(100.0, "strike", 0.5, 0.2, "P", which=("vega", "delta")))["greeks"]
    assert got.is_null().to_list() == [False, True, False]
    assert got.struct.fields == ["delta", "vega"]
    delta, vega = got.struct.unnest()
    assert [delta.is_null().to_list(), vega.is_nan().to_list()] == [[False, True, False], [False, None, True]]
    nothing = frame.select(expr.greeks(100.0, pl.lit(None), 0.5, 0.2, "P"))
    assert nothing["greeks"].to_list() == [None]


def test_the_schema_is_known_before_collecting():
    frame = chain(4).lazy()
    want = {
        "price": pl.Float64(),
        "greeks": pl.Struct(dict.fromkeys(Greeks._fields, pl.Float64)),
        "implied_vol": pl.Float64(),
        "status": pl.Struct({"vol": pl.Float64, "status": pl.UInt8}),
    }
    assert dict(frame.select(**EXPRESSIONS).collect_schema()) == want
    assert frame.select(*list(EXPRESSIONS.values())[:3]).collect_schema().names() == list(want)[:3]
    for height in (0, 1):
        for engine in ENGINES:
            got = frame.head(height).select(**EXPRESSIONS).collect(engine=engine)
            assert (dict(got.schema), got.height) == (want, height)


def test_over_groups():
    """The price of a row does not depend on its neighbours; of means there is one a group."""
    frame = chain(60)
    for engine in ENGINES:
        lazy = frame.lazy()
        over = lazy.select(EXPRESSIONS["price"].over("group")).collect(engine=engine)
        same(over, frame.select("price"))
        rank = lazy.select(EXPRESSIONS["price"].rank().over("group")).collect(engine=engine)
        same(rank, frame.select(pl.col("price").rank().over("group")))
        at_mean = expr.price(pl.col("forward").mean(), pl.col("strike").mean(), 0.25, 0.2, "C")
        grouped = lazy.group_by("group").agg(
            at_mean.alias("one"), EXPRESSIONS["price"].sum().alias("sum"), EXPRESSIONS["price"].alias("all")
        )
        for row in grouped.collect(engine=engine).iter_rows(named=True):
            own = frame.filter(pl.col("group") == row["group"])
            assert row["all"] == own["price"].to_list()
            assert row["sum"] == pytest.approx(own["price"].sum(), rel=1e-14)
            means = own["forward"].mean(), own["strike"].mean()
            one = row["one"][0] if isinstance(row["one"], list) else row["one"]
            assert one == pytest.approx(pricing.price(*means, 0.25, 0.2, "C"), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strike": [95.0]}, "strike = [95.0]: allowed: an expression, the name of a column, a number"),
        ({"vol": None}, "vol = None: allowed: an expression, the name of a column, a number"),
        ({"years": True}, "years = True: allowed"),
        ({"right": 0}, 'right = 0: allowed: an expression, the name of a column, "C" or "P", +1 or -1'),
        ({"discount": ["x" * 100]}, "discount = ['xxx"),
        ({"which": "detla"}, "which = 'detla': allowed: a name or several of: price delta gamma"),
        ({"which": ()}, "which = (): allowed: one name or more, of price delta"),
    ],
)
def test_refusals_before_there_is_a_frame(change, message):
    contract = {"forward": 100.0, "strike": 95.0, "years": 0.5, "vol": 0.2, "right": "P"}
    with pytest.raises(AlvhError) as refusal:
        expr.greeks(**contract | change)
    assert str(refusal.value).startswith(message)
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("argument", "column", "message"),
    [
        ("strike", ["95"], "strike = column 'k' of String: allowed: a column of numbers; cast it first"),
        ("strike", [True], "strike = column 'k' of Boolean: allowed: a column of numbers"),
        ("right", [True], "right = column 'k' of Boolean: allowed: a column of rights or numbers"),
    ],
)
def test_refusals_of_columns(engine, argument, column, message):
    contract = {"forward": 100.0, "strike": 95.0, "years": 0.5, "vol": 0.2, "right": "P"}
    lazy = pl.LazyFrame({"k": column}).select(expr.price(**contract | {argument: "k"}))
    with pytest.raises(AlvhError) as refusal:
        lazy.collect(engine=engine)
    assert str(refusal.value).startswith(message)


def test_an_unknown_column_is_an_error_of_polars():
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="no_such"):
        chain(3).select(expr.price("no_such", "strike", 0.5, 0.2, "P"))


def test_a_plan_goes_to_another_process():
    lazy = chain(5).lazy().select(EXPRESSIONS["greeks"])
    same(pl.LazyFrame.deserialize(io.BytesIO(lazy.serialize())).collect(), lazy.collect())


def test_the_module_is_loaded_on_first_use():
    assert alvh.expr is expr
