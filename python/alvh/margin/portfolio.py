"""Portfolio margin: the worst of ten moves of each underlying, options repriced at their own volatility."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from numbers import Real
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh import pricing
from alvh.errors import BookError
from alvh.margin.book import Classes, Spot, checked, refuse, spots
from alvh.margin.grid import Grid, grid

DAYS_PER_YEAR: Final = 365.0
STANDARD_MULTIPLIER: Final = 100.0
GIVEN: Final = ("forward", "discount")
MOST_A_YEAR: Final = 1.0  # beyond it a rate is in percent


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioRequirement:
    """The portfolio margin of a book, US dollars.

    Attributes
    ----------
    initial, maintenance : float
        The same: the worst loss of every product group, but at least the minimum for each contract.
    worst : DataFrame
        One row for each product group: `group`; `move` of its worst scenario, a share; `loss`, dollars;
        `minimum` of its contracts.
    scenarios : DataFrame
        One row for each family and scenario: `group`, `family`, `scenario` from -5 to 5 without 0, `move`, a
        share, `pnl`, dollars.
    positions : DataFrame
        The book with the `forward`, `discount` and `vol` that it was repriced with, and `pnl` in the worst
        scenario of its group.
    """

    initial: float
    maintenance: float
    worst: pl.DataFrame
    scenarios: pl.DataFrame
    positions: pl.DataFrame


def portfolio(
    book: pl.DataFrame,
    *,
    spot: Spot,
    as_of: date,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    futures: Mapping[date, float] | None = None,
    product_class: Classes | None = None,
    rules: str | Grid = "exchange",
) -> PortfolioRequirement:
    """Return the portfolio margin of a book: the worst loss over ten equidistant moves (FINRA 4210(g)).

    Each option is repriced at the total volatility that its price implies; its forward moves as its
    underlying does. VIX options and futures move with the future of their own expiry, by a range of their
    own. Gains of one underlying offset losses of others of its product group at the rule's share.

    Parameters
    ----------
    book : DataFrame
        As in `strategy_based`; with columns `forward` and `discount` these are taken as they are.
    spot : float or mapping of str to float
        Price of each underlying, points.
    as_of : date
        Day of valuation.
    rate, dividend_yield : float
        A year, decimal, continuously compounded: forward = spot exp((rate - dividend_yield) days / 365).
    futures : mapping of date to float, optional
        VIX futures by expiry, points: the forwards of VIX options.
    product_class
        As in `strategy_based`.
    rules : str or Grid, default "exchange"
        Name of a grid, see `grids`, or one of your own.

    Returns
    -------
    PortfolioRequirement

    Raises
    ------
    BookError
        A row or argument that cannot be used: among them a price outside the no-arbitrage bounds, which
        implies no volatility.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> from alvh import margin
    >>> put = pl.DataFrame(
    ...     {
    ...         "product": "SPX",
    ...         "right": "P",
    ...         "strike": 4800.0,
    ...         "expiration": date(2025, 3, 21),
    ...         "quantity": -1,
    ...         "price": 30.0,
    ...     }
    ... )
    >>> told = margin.portfolio(put, spot=5000.0, as_of=date(2025, 2, 21), rate=0.045)
    >>> told.worst["move"][0], round(told.initial)
    (-0.08, 18752)
    """
    chosen = grid(rules) if isinstance(rules, str) else rules
    rate, dividend_yield = _a_year("rate", rate), _a_year("dividend_yield", dividend_yield)
    rows = checked(book, as_of, product_class, keep=GIVEN)
    refuse(rows)
    rows = _priced(rows, spots(rows, spot), rate, dividend_yield, futures or {})
    group = pl.col("class").replace_strict(chosen.groups, default=None, return_dtype=pl.String)
    rows = rows.with_columns(group=pl.coalesce(group, "family"))
    points = {name: chosen.moves(name) for name in rows["class"].unique().to_list()}
    pnl = _pnl(rows, points)
    scenarios = _scenarios(rows, pnl, points, chosen.numbers())
    worst = _worst(rows, scenarios, chosen)
    at = rows.join(worst.select("group", "_at"), on="group", maintain_order="left")["_at"].to_numpy()
    total = float(worst.select(pl.max_horizontal("loss", "minimum")).sum().item())
    # As the book has them: prices of XSP in its own points.
    told = rows.select(pl.col("forward") * pl.col("fraction"), "discount", "vol")
    positions = book.with_columns(*told, pnl=pl.Series(pnl[np.arange(len(at)), at]))
    return PortfolioRequirement(total, total, worst.drop("_at"), scenarios, positions)


def _a_year(name: str, given: Any) -> float:
    """Return a rate as a plain number."""
    number = isinstance(given, Real) and not isinstance(given, bool)
    if number and abs(given) <= MOST_A_YEAR:
        return float(given)
    mend = "if this is percent, divide by 100" if number else "a number, such as 0.04"
    raise BookError(
        f"{name} = {given!r}: -1 to 1 a year, decimal, continuously compounded. Mend: {mend}",
        column=name,
        value=given,
    )


def _priced(
    rows: pl.DataFrame,
    prices: dict[str, float],
    rate: float,
    dividend_yield: float,
    futures: Mapping[date, float],
) -> pl.DataFrame:
    """Add `spot`, `years`, `forward`, `discount` and the `vol` that the price implies."""
    years = pl.col("days") / DAYS_PER_YEAR
    spot = pl.col("underlying").replace_strict(prices, default=None, return_dtype=pl.Float64)
    known = dict(futures) or {date.min: 0.0}
    future = pl.col("expiration").replace_strict(known, default=None, return_dtype=pl.Float64)
    carried = pl.col("spot") * ((rate - dividend_yield) * years).exp()
    own = [pl.col("forward") / pl.col("fraction")] if "forward" in rows.columns else []
    given = [pl.col("discount")] if "discount" in rows.columns else []
    volatility = pl.col("class") == "volatility"
    rows = rows.with_columns(
        spot=spot,
        years=years,
        **{"class": pl.when(kind="future").then(pl.lit("volatility")).otherwise("class")},
    )
    rows = rows.with_columns(
        forward=pl.when(kind="option").then(
            pl.coalesce(*own, pl.when(volatility).then(future).otherwise(carried))
        ),
        discount=pl.when(kind="option").then(pl.coalesce(*given, (-rate * years).exp())),
    )
    options = rows.with_row_index("_row").filter(kind="option")
    lost = options.filter(pl.col("forward").is_null())
    if lost.height:
        row = lost.row(0, named=True)
        raise BookError(
            f"row {row['_row'] + 1}: no VIX future for the expiry {row['expiration']}. Mend: futures="
            "{date: price}, or a column forward",
            source="frame",
            row=row["_row"] + 1,
            column="forward",
        )
    # On the last day nothing is left but the intrinsic value: a volatility of 0.
    alive = np.maximum(options["years"].to_numpy(), 1e-9)
    vol, status = pricing.implied_vol(
        options["value"].to_numpy(),
        options["forward"].to_numpy(),
        options["point"].to_numpy(),
        alive,
        options["sign"].to_numpy(),
        discount=options["discount"].to_numpy(),
        status=True,
    )
    bad = np.flatnonzero(np.asarray(status) != int(pricing.Status.OK))
    if len(bad):
        row = options.row(int(bad[0]), named=True)
        reason = pricing.Status(int(status[bad[0]])).name.lower()
        raise BookError(
            f"row {row['_row'] + 1}: price = {row['price']} implies no volatility ({reason}) at a forward of "
            f"{row['forward']:.2f}. Mend: a price within the bounds, or the forward it was quoted on",
            source="frame",
            row=row["_row"] + 1,
            column="price",
            value=row["price"],
        )
    told = options.select("_row", vol=pl.Series(vol), years=pl.Series(alive))
    rows = rows.drop("years").with_row_index("_row").join(told, on="_row", how="left", maintain_order="left")
    return rows.drop("_row")


def _pnl(rows: pl.DataFrame, points: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return dollars by position and scenario."""
    moves = np.stack([points[name] for name in rows["class"].to_list()])
    column = {name: rows[name].to_numpy()[:, None] for name in ("dollars", "value", "sign", "point", "spot")}
    terms = {name: rows[name].to_numpy()[:, None] for name in ("forward", "years", "vol", "discount")}
    is_option = (rows["kind"] == "option").to_numpy()
    # Stock and futures are worth what they cost, move by move.
    out = column["dollars"] * np.where(
        (rows["kind"] == "stock").to_numpy()[:, None], column["spot"], column["value"]
    )
    out = out * moves
    if is_option.any():
        o = is_option
        prices = pricing.price(
            terms["forward"][o] * (1.0 + moves[o]),
            column["point"][o],
            terms["years"][o],
            terms["vol"][o],
            column["sign"][o],
            discount=terms["discount"][o],
        )
        out[o] = column["dollars"][o] * (prices - column["value"][o])
    return out


def _scenarios(
    rows: pl.DataFrame,
    pnl: NDArray[np.float64],
    points: Mapping[str, NDArray[np.float64]],
    numbers: list[int],
) -> pl.DataFrame:
    parts = []
    keys = rows.select("group", "family", "class").with_row_index("_row")
    for (group, family, kind), mine in keys.group_by("group", "family", "class", maintain_order=True):
        moves = points[str(kind)]
        parts.append(
            pl.DataFrame(
                {
                    "group": [group] * len(moves),
                    "family": [family] * len(moves),
                    "scenario": numbers,
                    "move": moves,
                    "pnl": pnl[mine["_row"].to_numpy()].sum(axis=0),
                }
            )
        )
    return pl.concat(parts)


def _worst(rows: pl.DataFrame, scenarios: pl.DataFrame, chosen: Grid) -> pl.DataFrame:
    """Return the worst scenario of each product group, gains offset at the rule's share."""
    several = pl.col("family").n_unique().over("group") > 1
    counted = pl.when(several & (pl.col("pnl") > 0.0)).then(pl.col("pnl") * chosen.offset).otherwise("pnl")
    nets = (
        scenarios.with_columns(net=counted)
        .group_by("group", "scenario", maintain_order=True)
        .agg(pl.col("net").sum(), pl.col("move").first())
    )
    worst = nets.group_by("group", maintain_order=True).agg(
        move=pl.col("move").get(pl.col("net").arg_min()),
        loss=(-pl.col("net").min()).clip(lower_bound=0.0),
        _at=pl.col("net").arg_min(),
    )
    each = pl.col("quantity").abs() * chosen.minimum * pl.col("multiplier") / STANDARD_MULTIPLIER
    # A long cannot lose more than it is worth.
    worth = pl.when(pl.col("quantity") > 0.0).then(
        pl.col("quantity") * pl.col("price") * pl.col("multiplier")
    )
    least = (
        rows.filter(kind="option")
        .select("group", minimum=pl.min_horizontal(each, worth))
        .group_by("group")
        .sum()
    )
    worst = worst.join(least, on="group", how="left", maintain_order="left")
    return worst.with_columns(pl.col("minimum").fill_null(0.0))
