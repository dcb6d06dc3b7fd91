"""Black-76 over Polars expressions: the functions of `alvh.pricing` for columns of a frame.

An argument is an expression, the name of a column, or a number; numbers stay numbers and fill no column. The
right is "C", "P", +1 or -1 for every row, or an expression or column of strings, categories or numbers. The
two strings "C" and "P" are rights; every other string names a column, a column named C is ``pl.col("C")``.

The expressions are elementwise: eager, lazy and streaming frames give the bits of `alvh.pricing`. A null in
any argument gives null; NaN, or a term outside its domain, gives NaN in that row. Units: `alvh.pricing`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial, reduce
from numbers import Real
from operator import and_
from typing import Any, TypeAlias

import polars as pl
from numpy.typing import NDArray

from alvh import _core
from alvh.errors import AlvhError
from alvh.pricing import Greeks
from alvh.series import numbers, rights

__all__ = ["greeks", "implied_vol", "price"]

Operand: TypeAlias = pl.Expr | str | float
"""An expression, the name of a column, or a number."""

_RIGHTS = {"C": 1, "P": -1}

_LONGEST_VALUE = 60


def price(
    forward: Operand,
    strike: Operand,
    years: Operand,
    vol: Operand,
    right: Operand,
    *,
    discount: Operand = 1.0,
) -> pl.Expr:
    """Discounted Black-76 price of European options on a forward.

    Parameters
    ----------
    forward : Expr, str or float
        Forward price for the expiry of the option, ≥ 0.
    strike : Expr, str or float
        Strike, ≥ 0, in the unit of the forward.
    years : Expr, str or float
        Time to expiry in years, ≥ 0.
    vol : Expr, str or float
        Volatility, decimal, per square root of a year, ≥ 0.
    right : Expr, str or float
        "C" or "P", +1 or -1; or an expression or column of either.
    discount : Expr, str or float, default 1.0
        Discount factor to expiry, > 0.

    Returns
    -------
    Expr
        Float64, named "price", in the unit of the forward.

    Raises
    ------
    AlvhError
        If an argument is no expression, column name, number or right; on collecting, if a column holds no
        numbers or rights.

    See Also
    --------
    alvh.pricing.price : The same for arrays.

    Examples
    --------
    >>> import polars as pl
    >>> from alvh import expr
    >>> chain = pl.DataFrame({"strike": [4800.0, 5200.0, None], "right": ["P", "C", "C"]})
    >>> chain.select(expr.price(5000.0, "strike", 30 / 365, 0.16, "right").round(4))["price"].to_list()
    [22.9843, 25.4861, None]
    """
    terms = {"forward": forward, "strike": strike, "years": years, "vol": vol}
    return _mapped("price", _core.price, terms | {"right": right, "discount": discount}, pl.Float64())


def greeks(
    forward: Operand,
    strike: Operand,
    years: Operand,
    vol: Operand,
    right: Operand,
    *,
    discount: Operand = 1.0,
    which: str | Sequence[str] | None = None,
) -> pl.Expr:
    """Price and thirteen greeks in one pass, as one struct.

    Parameters
    ----------
    forward : Expr, str or float
        Forward price for the expiry of the option, ≥ 0.
    strike : Expr, str or float
        Strike, ≥ 0, in the unit of the forward.
    years : Expr, str or float
        Time to expiry in years, ≥ 0.
    vol : Expr, str or float
        Volatility, decimal, per square root of a year, ≥ 0.
    right : Expr, str or float
        "C" or "P", +1 or -1; or an expression or column of either.
    discount : Expr, str or float, default 1.0
        Discount factor to expiry, > 0.
    which : str or sequence of str, optional
        The fields to compute. Default: all of `alvh.pricing.Greeks`.

    Returns
    -------
    Expr
        Struct of Float64, named "greeks", with the fields of `alvh.pricing.Greeks` that `which` names, in
        their order there; units and signs as there. `DataFrame.unnest` makes columns of them.

    Raises
    ------
    AlvhError
        If a name in `which` is unknown or there is none; otherwise as `price`.

    See Also
    --------
    alvh.pricing.greeks : The same for arrays.

    Examples
    --------
    >>> import polars as pl
    >>> from alvh import expr
    >>> chain = pl.DataFrame({"strike": [4800.0, 5200.0], "right": ["P", "C"]})
    >>> chain.select(
    ...     expr.greeks(5000.0, "strike", 30 / 365, 0.16, "right", which=["delta", "vega"])
    ... ).unnest("greeks").columns
    ['delta', 'vega']
    """
    one = _core.greeks(1.0, 1.0, 1.0, 1.0, 1, which=which)  # refuses unknown names and shows what is filled
    fields = {name: pl.Float64 for name, value in zip(Greeks._fields, one, strict=True) if value is not None}
    if not fields:
        raise AlvhError(f"which = {which!r}: allowed: one name or more, of {' '.join(Greeks._fields)}")
    terms = {"forward": forward, "strike": strike, "years": years, "vol": vol}
    function = partial(_core.greeks, which=tuple(fields))
    return _mapped("greeks", function, terms | {"right": right, "discount": discount}, pl.Struct(fields))


def implied_vol(
    price: Operand,
    forward: Operand,
    strike: Operand,
    years: Operand,
    right: Operand,
    *,
    discount: Operand = 1.0,
    status: bool = False,
) -> pl.Expr:
    """Black-76 implied volatility of discounted option prices.

    Parameters
    ----------
    price : Expr, str or float
        Discounted price, in the unit of the forward.
    forward : Expr, str or float
        Forward price for the expiry of the option, > 0.
    strike : Expr, str or float
        Strike, > 0, in the unit of the forward.
    years : Expr, str or float
        Time to expiry in years, > 0.
    right : Expr, str or float
        "C" or "P", +1 or -1; or an expression or column of either.
    discount : Expr, str or float, default 1.0
        Discount factor to expiry, > 0.
    status : bool, default False
        Whether to say why a row has a volatility or none.

    Returns
    -------
    Expr
        Float64, named "implied_vol": decimal, per square root of a year, NaN where no volatility gives the
        price. With `status` a struct of ``vol`` and ``status``, UInt8 numbers of `alvh.pricing.Status`.

    Raises
    ------
    AlvhError
        As `price`.

    See Also
    --------
    alvh.pricing.implied_vol : The same for arrays.

    Examples
    --------
    >>> import polars as pl
    >>> from alvh import expr
    >>> quotes = pl.DataFrame({"mid": [22.9843, 0.0, None], "strike": [4800.0, 5200.0, 5200.0]})
    >>> vol = expr.implied_vol("mid", 5000.0, "strike", 30 / 365, "P", status=True)
    >>> quotes.select(vol.struct.field("vol").round(4), vol.struct.field("status")).rows()
    [(0.16, 0), (nan, 1), (None, None)]
    """
    terms = {"price": price, "forward": forward, "strike": strike, "years": years}
    fields = pl.Struct({"vol": pl.Float64, "status": pl.UInt8}) if status else pl.Float64()
    function = partial(_core.implied_vol, status=status)
    return _mapped("implied_vol", function, terms | {"right": right, "discount": discount}, fields)


def _mapped(
    name: str, function: Callable[..., Any], arguments: dict[str, Operand], dtype: pl.DataType
) -> pl.Expr:
    """Map the columns among the arguments through `function`; the scalars go with it as they are."""
    operands = {argument: _operand(argument, value) for argument, value in arguments.items()}
    columns = {argument: value for argument, value in operands.items() if isinstance(value, pl.Expr)}
    scalars = {argument: value for argument, value in operands.items() if argument not in columns}
    if not columns:  # Polars wants an input
        first = next(iter(arguments))
        columns[first] = pl.lit(scalars.pop(first))
    evaluate = partial(_evaluate, partial(function, **scalars), tuple(columns), dtype)
    mapped = pl.map_batches(list(columns.values()), evaluate, return_dtype=dtype, is_elementwise=True)
    return mapped.alias(name)


def _operand(argument: str, value: Operand) -> pl.Expr | float:
    if isinstance(value, pl.Expr):
        return value
    right = argument == "right"
    if isinstance(value, str):
        return _RIGHTS[value] if right and value in _RIGHTS else pl.col(value)
    number = isinstance(value, Real | Decimal) and not isinstance(value, bool)
    if number and not (right and abs(value) != 1):
        with suppress(OverflowError):  # an integer beyond the doubles
            return float(value)
    words = '"C" or "P", +1 or -1' if right else "a number"
    raise AlvhError(f"{argument} = {_shown(value)}: allowed: an expression, the name of a column, {words}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _evaluate(
    function: Callable[..., Any], arguments: tuple[str, ...], dtype: pl.DataType, batch: Sequence[pl.Series]
) -> pl.Series:
    """Values of one batch of rows; columns of one row are scalars, which the core broadcasts."""
    columns = dict(zip(arguments, batch, strict=True))
    result = function(**{argument: _array(argument, column) for argument, column in columns.items()})
    if isinstance(dtype, pl.Struct):
        filled = (array for array in result if array is not None)
        names = (field.name for field in dtype.fields)
        values = pl.DataFrame(dict(zip(names, filled, strict=True))).to_struct()
    else:
        values = pl.Series(result)
    known = [column.is_not_null() for column in batch if column.null_count()]
    return values.zip_with(reduce(and_, known), pl.Series([None], dtype=dtype)) if known else values


def _array(argument: str, column: pl.Series) -> NDArray[Any]:
    """One argument for the core."""
    array = (rights if argument == "right" else numbers)(column)
    if array is None:
        allowed = "rights or numbers" if argument == "right" else "numbers"
        given = f"{argument} = column {column.name!r} of {column.dtype}"
        raise AlvhError(f"{given}: allowed: a column of {allowed}; cast it first")
    return array
