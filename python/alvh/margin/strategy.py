"""Strategy-based margin of whole books."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import _core
from alvh.contracts import contract
from alvh.errors import BookError, nearest_names
from alvh.margin.book import COLUMNS, Classes, Spot, checked, positive_number, refuse, spots
from alvh.margin.requirement import Requirement
from alvh.margin.rules import RuleBook, rule_book

ACCOUNT: Final = ("_book", "underlying")
KEY: Final = "_by"
RESULT: Final = ("initial", "maintenance", "premium", "risk", "stock", "futures", "credit", "problem")
PAIRING: Final = pl.Schema(
    {
        "group": pl.Int64(),
        "treatment": pl.String(),
        "product": pl.String(),
        "right": pl.String(),
        "strike": pl.Float64(),
        "expiration": pl.Date(),
        "quantity": pl.Float64(),
        "requirement": pl.Float64(),
        "settle": pl.Float64(),
        "payoff": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class _Arrays:
    """What the core reads: options account by account, and one header for each."""

    sign: NDArray[np.float64]
    strike: NDArray[np.float64]
    expiry: NDArray[np.uint32]
    units: NDArray[np.float64]
    price: NDArray[np.float64]
    starts: NDArray[np.uintp]
    stock: NDArray[np.float64]
    spot: NDArray[np.float64]
    basic: NDArray[np.float64]
    minimum: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Accounts:
    """The accounts that share the choices of a rule book."""

    calendars: bool
    sides_apart: bool
    cheaper_uncovered: bool
    headers: pl.DataFrame
    options: pl.DataFrame
    arrays: _Arrays


def strategy_based(
    book: pl.DataFrame,
    *,
    spot: Spot,
    as_of: date,
    product_class: Classes | None = None,
    rules: str | RuleBook = "exchange",
    leverage: Mapping[str, float] | None = None,
    credit_offsets_margin: bool = False,
) -> Requirement:
    """Return what a book ties up under strategy-based rules, and the pairing that explains it (C13, R15).

    Longs are paired with shorts so that the whole book needs least: groups in which every short is covered
    by a long of its right that expires no earlier tie up the worst payoff of the group; what cannot be
    covered is uncovered, a put beside a call as a strangle. Options of SPX, SPXW and XSP are one underlying.

    Parameters
    ----------
    book : DataFrame
        A row is a position: `product`; `kind` ``"option"``, ``"future"`` or ``"stock"``, by default what the
        product is; `right`, `strike`, `expiration` of options; `quantity`, contracts or shares, negative if
        short; `price`, points per unit; `multiplier`, dollars a point, where the product is unknown.
    spot : float or mapping of str to float
        Price of the underlying, points; by product or underlying where there are several. For VIX, spot VIX,
        which the margin of VIX futures follows as well.
    as_of : date
        Day of valuation.
    product_class : str or mapping of str to str, optional
        ``"broad_index"``, ``"narrow_index"``, ``"equity"`` or ``"volatility"``, of products that alvh does
        not know.
    rules : str or RuleBook, default "exchange"
        Name of a rule book, see `rule_books`, or one of your own.
    leverage : mapping of str to float, optional
        Factor of leveraged funds by product: multiplies both rates of an uncovered short.
    credit_offsets_margin : bool, default False
        Whether what the shorts are worth is taken off, as where the premium received may pay for them.

    Returns
    -------
    Requirement
        In US dollars.

    Raises
    ------
    BookError
        The first row that cannot be used, with its column; or an argument.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> from alvh import margin
    >>> condor = pl.DataFrame(
    ...     {
    ...         "product": "SPXW",
    ...         "right": ["P", "P", "C", "C"],
    ...         "strike": [4600.0, 4650.0, 5250.0, 5275.0],
    ...         "expiration": date(2025, 3, 21),
    ...         "quantity": [1, -1, -1, 1],
    ...         "price": [8.0, 10.0, 9.0, 6.5],
    ...     }
    ... )
    >>> told = margin.strategy_based(condor, spot=5000.0, as_of=date(2025, 2, 10))
    >>> told.risk, told.premium, told.initial - told.credit
    (5000.0, 1450.0, 4550.0)
    """
    chosen = rule_book(rules) if isinstance(rules, str) else rules
    rows = checked(book, as_of, product_class)
    refuse(rows)
    rows = rows.with_columns(_book=pl.lit(0))
    parts = [
        (accounts, _core.margin_pairing(accounts.arrays, accounts))
        for accounts in _accounts(rows, spot, chosen, leverage)
    ]
    risk = sum(each["risk"] for _, told in parts for each in told)
    sums = _sums(rows, chosen, _vix(rows, spot)).row(0, named=True)
    credit = sums["credit"] if credit_offsets_margin else 0.0
    paid = sums["premium"] + risk - credit
    return Requirement(
        initial=paid + sums["stock"] + sums["futures"],
        maintenance=paid + sums["stock_kept"] + sums["futures_kept"],
        premium=sums["premium"],
        risk=float(risk),
        stock=sums["stock"],
        futures=sums["futures"],
        credit=sums["credit"],
        pairing=_pairing(rows, parts),
    )


def strategy_based_many(
    books: pl.DataFrame,
    *,
    by: str,
    spot: Spot,
    as_of: date,
    product_class: Classes | None = None,
    rules: str | RuleBook = "exchange",
    leverage: Mapping[str, float] | None = None,
    credit_offsets_margin: bool = False,
) -> pl.DataFrame:
    """Return what each of many books ties up under strategy-based rules.

    Parameters
    ----------
    books : DataFrame
        As `strategy_based`, the positions of all books; those of one book need not stand together.
    by : str
        Column that tells the books apart.
    spot, as_of, product_class, rules, leverage, credit_offsets_margin
        As in `strategy_based`, for all books.

    Returns
    -------
    DataFrame
        One row for each book, in order of appearance: `by`, `initial`, `maintenance`, `premium`, `risk`,
        `stock`, `futures`, `credit`, US dollars; `problem`, of the first row that cannot be used: the book is
        then NaN.

    Raises
    ------
    BookError
        An argument, or a column that is missing.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> from alvh import margin
    >>> spreads = pl.DataFrame(
    ...     {
    ...         "account": ["a", "a", "b"],
    ...         "product": "SPX",
    ...         "right": "P",
    ...         "strike": [4600.0, 4650.0, 4650.0],
    ...         "expiration": date(2025, 3, 21),
    ...         "quantity": [1, -1, -1],
    ...         "price": [8.0, 10.0, 10.0],
    ...     }
    ... )
    >>> told = margin.strategy_based_many(spreads, by="account", spot=5000.0, as_of=date(2025, 2, 10))
    >>> told.select("account", "risk").rows()
    [('a', 5000.0), ('b', 47500.0)]
    """
    if not isinstance(books, pl.DataFrame):
        raise BookError(f"books is a {type(books).__name__}: a Polars DataFrame", column="books")
    if by not in books.columns:
        raise BookError(
            f"by = {by!r}: no such column. Known: {', '.join(books.columns)}", column="by", value=by
        )
    if by in RESULT or by in COLUMNS:
        raise BookError(f"by = {by!r} is a column of its own. Mend: rename it", column="by", value=by)
    chosen = rule_book(rules) if isinstance(rules, str) else rules
    keyed = books.with_columns(pl.col(by).alias(KEY))
    rows = checked(keyed, as_of, product_class, keep=[KEY])
    rows = rows.with_columns(_book=pl.col(KEY).rank("dense").fill_null(0))
    names = rows.group_by("_book", maintain_order=True).agg(
        pl.col(KEY).first(), pl.col("problem").drop_nulls().first()
    )
    bad = names.filter(pl.col("problem").is_not_null())["_book"]
    good = rows.filter(~pl.col("_book").is_in(bad.implode()))
    risks = [
        accounts.headers.select("_book", risk=pl.Series(_core.margin_risk(accounts.arrays, accounts)))
        for accounts in _accounts(good, spot, chosen, leverage)
    ]
    risk = (
        pl.concat(risks).group_by("_book").agg(pl.col("risk").sum())
        if risks
        else pl.DataFrame(schema={"_book": rows.schema["_book"], "risk": pl.Float64})
    )
    sums = _sums(good, chosen, _vix(good, spot))
    told = names.join(sums, on="_book", how="left", maintain_order="left")
    told = told.join(risk, on="_book", how="left", maintain_order="left")
    whole = pl.col("problem").is_null()
    risk_of = pl.when(whole).then(pl.col("risk").fill_null(0.0))
    paid = pl.col("premium") + risk_of - (pl.col("credit") if credit_offsets_margin else 0.0)
    dollars = {
        "initial": paid + pl.col("stock") + pl.col("futures"),
        "maintenance": paid + pl.col("stock_kept") + pl.col("futures_kept"),
        "premium": pl.col("premium"),
        "risk": risk_of,
        "stock": pl.col("stock"),
        "futures": pl.col("futures"),
        "credit": pl.col("credit"),
    }
    filled = {name: value.fill_null(float("nan")) for name, value in dollars.items()}
    return told.select(pl.col(KEY).alias(by), **filled, problem="problem")


def _accounts(
    rows: pl.DataFrame, spot: Spot, rules: RuleBook, leverage: Mapping[str, float] | None
) -> Iterator[_Accounts]:
    """Yield the accounts, those with and those without calendars apart."""
    prices = spots(rows, spot)
    factors = dict(leverage or {})
    held = rows["product"].unique().sort().to_list()
    for product, times in factors.items():
        positive_number(f"leverage of {product}", times, "leverage")
        if product not in held:
            raise BookError(
                f"leverage of {product!r}: {nearest_names(str(product), held)}",
                column="leverage",
                value=product,
            )
    stock = rows.filter(kind="stock").group_by(ACCOUNT).agg(stock=pl.col("dollars").sum())
    options = rows.with_row_index("_row").filter(kind="option").sort(ACCOUNT, maintain_order=True)
    heads = options.group_by(ACCOUNT, maintain_order=True).agg(
        pl.len(), pl.col("class").first(), pl.col("product").first()
    )
    heads = heads.join(stock, on=ACCOUNT, how="left", maintain_order="left")
    factor = pl.col("product").replace_strict(factors or {"": 1.0}, default=1.0, return_dtype=pl.Float64)
    rate = {
        name: pl.col("class").replace_strict(
            {each: pair[index] for each, pair in rules.rates.items()}, return_dtype=pl.Float64
        )
        * factor
        for index, name in enumerate(("basic", "minimum"))
    }
    heads = heads.with_columns(
        **rate,
        stock=pl.col("stock").fill_null(0.0),
        spot=pl.col("underlying").replace_strict(prices, return_dtype=pl.Float64) if prices else pl.lit(1.0),
        calendars=pl.col("class").is_in(sorted(rules.calendars)),
    )
    options = options.join(heads.select(*ACCOUNT, "calendars"), on=ACCOUNT, maintain_order="left")
    for calendars in (True, False):
        mine, legs = heads.filter(calendars=calendars), options.filter(calendars=calendars)
        if not mine.height:
            continue
        starts = np.concatenate([[0], np.cumsum(mine["len"].to_numpy())]).astype(np.uintp)
        arrays = _Arrays(
            sign=legs["sign"].to_numpy(),
            strike=legs["point"].to_numpy(),
            expiry=legs["order"].to_numpy(),
            units=legs["dollars"].to_numpy(),
            price=legs["value"].to_numpy(),
            starts=starts,
            stock=mine["stock"].to_numpy(),
            spot=mine["spot"].to_numpy(),
            basic=mine["basic"].to_numpy(),
            minimum=mine["minimum"].to_numpy(),
        )
        yield _Accounts(calendars, rules.sides_apart, rules.cheaper_uncovered, mine, legs, arrays)


def _vix(rows: pl.DataFrame, spot: Spot) -> float | None:
    """Return VIX where it is given: margin of VIX futures follows it."""
    if isinstance(spot, Mapping):
        return float(spot["VIX"]) if "VIX" in spot else None
    return float(spot) if set(rows["underlying"]) == {"VIX"} else None


def _sums(rows: pl.DataFrame, rules: RuleBook, vix: float | None) -> pl.DataFrame:
    """Return what each book has in longs, in the value of its shorts, in stock and in futures."""
    worth = pl.col("price") * pl.col("multiplier") * pl.col("quantity")
    long, option = pl.col("quantity") > 0.0, pl.col("kind") == "option"
    lent = pl.when(pl.col("days") > rules.long_loan_days).then(rules.long_loan).otherwise(0.0)
    # A share of stock has the multiplier 1, and its own price.
    shares = {
        name: worth.abs() * pl.when(long).then(rules.stock["long"][i]).otherwise(rules.stock["short"][i])
        for i, name in enumerate(("stock", "stock_kept"))
    }
    futures = rows.filter(kind="future")
    margins = [
        contract(product).initial_margin(price, max(days, 0), vix=vix) * abs(quantity)
        for product, price, days, quantity in futures.select("product", "price", "days", "quantity").rows()
    ]
    kept = futures.select("_book", futures=pl.Series(margins, dtype=pl.Float64)).group_by("_book").sum()
    sums = rows.group_by("_book").agg(
        premium=(worth * (1.0 - lent)).filter(option & long).sum(),
        credit=(-worth).filter(option & ~long).sum(),
        **{name: value.filter(pl.col("kind") == "stock").sum() for name, value in shares.items()},
    )
    sums = sums.join(kept, on="_book", how="left").with_columns(pl.col("futures").fill_null(0.0))
    return sums.with_columns(futures_kept=pl.col("futures") / rules.futures_initial)


def _pairing(rows: pl.DataFrame, parts: list[tuple[_Accounts, list[dict[str, Any]]]]) -> pl.DataFrame:
    """Return the pairing as a table: groups of the core, then what needs none."""
    legs: list[dict[str, Any]] = []
    number = 0
    for accounts, told in parts:
        options = accounts.options.to_dicts()
        for index, each in enumerate(told):
            mine = options[accounts.arrays.starts[index] : accounts.arrays.starts[index + 1]]
            for group in _groups(mine, each):
                number += 1
                legs.extend({"group": number} | leg for leg in group.legs(mine))
    for row in rows.filter(pl.col("kind") != "option").to_dicts():
        number += 1
        alone = _Group(row["kind"], [(0, row["dollars"])])
        legs.extend({"group": number} | leg for leg in alone.legs([row]))
    return pl.DataFrame(legs, schema=PAIRING)


@dataclass(frozen=True, slots=True)
class _Group:
    """Units by position that are treated together."""

    treatment: str
    units: list[tuple[int, float]]
    requirement: float | None = None
    settle: float | None = None

    def legs(self, positions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield a row of the pairing for each leg."""
        for i, units in self.units:
            row = positions[i]
            payoff = None
            if self.settle is not None:
                # Plus zero: a short that pays nothing shows no minus.
                payoff = units * max(row["sign"] * (self.settle - row["point"]), 0.0) + 0.0
            yield {
                "treatment": self.treatment,
                **{name: row[name] for name in ("product", "right", "strike", "expiration")},
                "quantity": units / row["dollars"] * row["quantity"],
                "requirement": self.requirement,
                "settle": self.settle,
                "payoff": payoff,
            }


def _groups(positions: list[dict[str, Any]], told: dict[str, Any]) -> Iterator[_Group]:
    """Yield the groups of an account as the core tells them."""
    for units, requirement, worst in told["spreads"]:
        held = [(i, amount) for i, amount in enumerate(units) if amount]
        short = any(amount < 0.0 for _, amount in held)
        settle = worst if requirement > 0.0 else None
        yield _Group("spread" if short else "long", held, requirement, settle)
    for i, amount in enumerate(told["by_stock"]):
        if amount > 0.0:
            yield _Group("covered by stock", [(i, -amount)], 0.0)
    for put, call, units, need in told["strangles"]:
        value = units * (positions[put]["value"] + positions[call]["value"])
        yield _Group("strangle", [(put, -units), (call, -units)], need + value)
    for i, units, need in told["singles"]:
        yield _Group("uncovered", [(i, -units)], need + units * positions[i]["value"])
