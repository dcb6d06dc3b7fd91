"""A book of positions: a frame, checked row by row and put in units of the underlying."""

import math
from collections.abc import Collection, Mapping
from datetime import date, datetime
from numbers import Real
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from alvh.contracts import contract, products
from alvh.errors import BookError, nearest_names
from alvh.margin.rules import CLASSES, product_classes

KINDS: Final = ("option", "future", "stock")
COLUMNS: Final = pl.Schema(
    {
        "product": pl.String(),
        "kind": pl.String(),
        "right": pl.String(),
        "strike": pl.Float64(),
        "expiration": pl.Date(),
        "quantity": pl.Float64(),
        "price": pl.Float64(),
        "multiplier": pl.Float64(),
    }
)
REQUIRED: Final = ("product", "quantity", "price")
Spot = float | Mapping[str, float]
Classes = str | Mapping[str, str]


def checked(
    book: pl.DataFrame, as_of: date, product_class: Classes | None, *, keep: Collection[str] = ()
) -> pl.DataFrame:
    """Return the book with what each position is to a rule book; `problem` says what is wrong with a row.

    Of the book's own columns those of a position stay, and `keep`. Added: `class`, `underlying`, `family`,
    `fraction` of the underlying that a point of the product is, `sign` of the right, `dollars`, dollars for
    one point of the underlying and signed quantity, `point`, strike and `value`, price in points of the
    underlying, `days` to expiry and `order` of the expiry.
    """
    if not isinstance(book, pl.DataFrame):
        raise BookError(f"book is a {type(book).__name__}: a Polars DataFrame", source="frame", column="book")
    missing = [name for name in REQUIRED if name not in book.columns]
    if missing:
        raise BookError(
            f"the book has no column {missing[0]!r}: {nearest_names(missing[0], book.columns)}. Mend: a row "
            f"is a position with {', '.join(COLUMNS)}",
            source="frame",
            column=missing[0],
        )
    if not book.height:
        raise BookError("the book has no rows: a row is a position", source="frame", column="book")
    if not isinstance(as_of, date) or isinstance(as_of, datetime):
        raise BookError(f"as_of = {as_of!r}: a datetime.date", column="as_of", value=as_of)
    rows = book.select(name for name in book.columns if name in COLUMNS or name in keep)
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in COLUMNS.items() if name not in book.columns
    )
    for name, dtype in COLUMNS.items():
        if rows.schema[name] != dtype:
            rows = _cast(rows, name, dtype)
    rows = rows.with_columns(
        right=pl.col("right").str.to_uppercase().str.slice(0, 1),
        kind=pl.coalesce("kind", pl.when(pl.col("right").is_not_null()).then(pl.lit("option"))),
    )
    rows = rows.join(_facts(rows, product_class), on="product", how="left", maintain_order="left")
    # VIX futures need no kind.
    rows = rows.with_columns(kind=pl.coalesce("kind", "_kind", pl.lit("option")))
    size = pl.coalesce("multiplier", "_multiplier", pl.when(kind="stock").then(1.0))
    rows = rows.with_columns(
        sign=pl.when(right="C").then(1.0).otherwise(-1.0),
        multiplier=size,
        dollars=size * pl.col("fraction") * pl.col("quantity"),
        point=pl.col("strike") / pl.col("fraction"),
        value=pl.col("price") / pl.col("fraction"),
        days=(pl.col("expiration") - pl.lit(as_of)).dt.total_days(),
    )
    # The opening comes before the close of a day.
    order = 2 * pl.col("expiration").dt.epoch("d") + (pl.col("_settlement") != "AM").cast(pl.Int32)
    return rows.with_columns(order=order.rank("dense").cast(pl.UInt32), problem=_problem(as_of))


def _cast(rows: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.DataFrame:
    """Cast a column; the first value that does not fit is named."""
    found = rows.schema[name]
    try:
        if found == pl.String and dtype == pl.Date:
            cast = rows[name].str.to_date("%Y-%m-%d", strict=False)
        elif dtype == pl.Date and not (found.is_temporal() or found == pl.Null):
            cast = pl.Series(name, [None] * rows.height, dtype)
        else:
            cast = rows[name].cast(dtype, strict=False)
    except PolarsError:
        cast = pl.Series(name, [None] * rows.height, dtype)
    bad = (cast.is_null() & rows[name].is_not_null()).arg_true()
    if len(bad):
        value = rows[name][bad[0]]
        raise BookError(
            f"row {bad[0] + 1}, {name} = {value!r}: {dtype} expected",
            source="frame",
            row=bad[0] + 1,
            column=name,
            value=value,
        )
    return rows.with_columns(cast.alias(name))


def _facts(rows: pl.DataFrame, product_class: Classes | None) -> pl.DataFrame:
    """Return a row for each product: class, underlying, fraction, multiplier, kind, settlement."""
    known = product_classes()
    named = {} if product_class is None else product_class
    if isinstance(named, str):
        named = {product: named for product in rows["product"].unique().to_list() if product not in known}
    for product, name in named.items():
        if name not in CLASSES:
            raise BookError(
                f"product_class of {product!r} = {name!r}: {nearest_names(str(name), CLASSES)}",
                column="product_class",
                value=name,
            )
    facts = []
    for product in rows["product"].unique().to_list():
        row = contract(product) if product in products() else None
        of = known.get(product)
        facts.append(
            {
                "product": product,
                "class": named.get(product, of.name if of else None),
                "underlying": of.underlying if of else row.underlying if row else product,
                "family": of.family if of else row.underlying if row else product,
                "fraction": row.index_fraction if row else 1.0,
                "_multiplier": row.multiplier if row else None,
                "_kind": row.kind if row else None,
                "_settlement": row.settlement if row else "PM",
            }
        )
    strings = dict.fromkeys(("product", "class", "underlying", "family", "_kind", "_settlement"), pl.String)
    return pl.DataFrame(facts, schema_overrides=strings | {"fraction": pl.Float64, "_multiplier": pl.Float64})


def _problem(as_of: date) -> pl.Expr:
    """Say what is wrong with a row, the first that applies; null where nothing is."""
    option, dated = pl.col("kind") == "option", pl.col("kind") != "stock"
    number = {
        name: pl.col(name).is_null() | ~pl.col(name).is_finite() for name in ("quantity", "price", "strike")
    }
    checks = [
        (pl.col("product").is_null(), pl.lit("product is missing")),
        (~pl.col("kind").is_in(KINDS), pl.format("kind = {}: one of {}", "kind", pl.lit(", ".join(KINDS)))),
        (number["quantity"] | (pl.col("quantity") == 0.0), _told("quantity", "a number of contracts, not 0")),
        (number["price"] | (pl.col("price") < 0.0), _told("price", "points, 0 or more")),
        (option & ~pl.col("right").is_in(["C", "P"]).fill_null(value=False), _told("right", "'C' or 'P'")),
        (option & (number["strike"] | (pl.col("strike") <= 0.0)), _told("strike", "points, above 0")),
        (dated & pl.col("expiration").is_null(), pl.lit("expiration is missing")),
        (dated & (pl.col("days") < 0), _told("expiration", f"not before as_of, {as_of}")),
        (
            pl.col("multiplier").is_null()
            | ~(pl.col("multiplier") > 0.0)
            | ~pl.col("multiplier").is_finite(),
            pl.format(
                "multiplier of {}: dollars for one point of one contract. Mend: give the column", "product"
            ),
        ),
        (
            ~(pl.col("dollars") * pl.col("value")).is_finite(),
            _told("quantity", "too large beside price and multiplier"),
        ),
        (
            (pl.col("kind") == "future") & (pl.col("_kind").fill_null("") != "future"),
            pl.format("product = {} is no future that alvh knows: VX, VXM", "product"),
        ),
        (
            (pl.col("kind") != "future") & pl.col("class").is_null(),
            pl.format(
                "product = {} is unknown to margin rules. Mend: product_class, for it one of {}",
                "product",
                pl.lit(", ".join(CLASSES)),
            ),
        ),
    ]
    return pl.coalesce(pl.when(condition).then(words) for condition, words in checks)


def _told(name: str, allowed: str) -> pl.Expr:
    return pl.concat_str(
        pl.lit(f"{name} = "), pl.col(name).cast(pl.String).fill_null("missing"), pl.lit(f": {allowed}")
    )


def refuse(rows: pl.DataFrame) -> None:
    """Raise for the first row with a problem."""
    bad = rows.with_row_index("row", offset=1).filter(pl.col("problem").is_not_null())
    if bad.height:
        first = bad.row(0, named=True)
        more = f" ({bad.height - 1} more rows with problems)" if bad.height > 1 else ""
        raise BookError(
            f"row {first['row']}: {first['problem']}{more}",
            source="frame",
            row=first["row"],
            column=first["problem"].split()[0],
        )


def spots(rows: pl.DataFrame, spot: Spot) -> dict[str, float]:
    """Return the price of each underlying, in points of the underlying itself."""
    wanted = rows.filter(pl.col("kind") != "future")["underlying"].unique().sort().to_list()
    given = dict(spot) if isinstance(spot, Mapping) else dict.fromkeys(wanted, spot)
    if not isinstance(spot, Mapping) and len(wanted) > 1:
        raise BookError(
            f"spot = {spot!r}, but the book has {', '.join(wanted)}. Mend: spot={{name: price}}",
            column="spot",
            value=spot,
        )
    for name, price in given.items():
        positive_number(f"spot of {name}", price, "spot")
    found = {}
    for name in wanted:
        own = rows.filter(underlying=name).select("product", "fraction").unique().sort("product").rows()
        offers = [(given[product], fraction) for product, fraction in [(name, 1.0), *own] if product in given]
        if not offers:
            raise BookError(
                f"spot of {name} is missing: {nearest_names(name, given)}", column="spot", value=None
            )
        price, fraction = offers[0]
        found[name] = float(price) / fraction
    return found


def positive_number(what: str, value: object, column: str) -> None:
    """Raise unless a value is a finite number above 0."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0.0 < float(value) < math.inf:
        raise BookError(f"{what} = {value!r}: a finite number above 0", column=column, value=value)
