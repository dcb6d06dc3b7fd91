"""`fit_surface`: which quotes of a snapshot tell its surface, the fit in the core, and how well it holds."""

from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import polars as pl

from alvh import _core, expr
from alvh.chain.enriching import OF_EXPIRY, enrich, require_frame
from alvh.chain.expiries import TWO_SIDED, indexed
from alvh.chain.parity import RATE
from alvh.chain.schema import EXPIRY, SNAPSHOT
from alvh.chain.surface import SLICE, Surface
from alvh.chain.term import RAW, total_variance
from alvh.errors import ChainError

Form: TypeAlias = Literal["svi", "essvi"]

NEAR: Final = 0.25  # deviations: so near the money both the put and the call count
OWN_UNDERLYING: Final = ("VIX", "VIXW")
LIQUID: Final = (0.10, 0.50)  # delta of the forward, absolute
REPAIRS: Final = pl.Enum(["none", "butterfly", "calendar"])
ENRICHED: Final = (*OF_EXPIRY, "mid", "vol", "vol_status", "spread_vol")
ADDED: Final = ("k", "used", "model_vol", "model_price", "inside")


def fit_surface(
    quotes: pl.DataFrame, *, form: Form = "svi", rate: float = RATE, settlement: str | None = None
) -> Surface:
    """Fit an arbitrage-free volatility surface to the quotes of one snapshot.

    Each expiry gets a slice of total variance over log-moneyness, fitted to the mids of its out-of-the-money
    quotes with weights by spread, without butterfly arbitrage and nowhere below the slice of the expiry
    before it of the same root (VIX options of two expiries have two underlyings: there nothing binds them).

    Parameters
    ----------
    quotes : DataFrame
        One snapshot, from `read` or `enrich`, or `Surface.quotes`. Rows without a `quote_date` belong to none
        and have no slice.
    form : {"svi", "essvi"}
        Five parameters a slice (raw SVI), or the three of the engine's surface.
    rate, settlement
        As in `forwards`, for quotes that are not enriched.

    Returns
    -------
    Surface
        Parameters, errors and checks by expiry, fitted values by quote.

    Raises
    ------
    ChainError
        The frame is no chain, holds several snapshots, or an option is out of range.

    Examples
    --------
    >>> from alvh import chain
    >>> surface = chain.fit_surface(chain.synthetic(longest=30), form="essvi")
    >>> surface.expiries["status"].unique().to_list()
    ['ok']
    >>> bool(surface.expiries["durrleman"].min() > 0)
    True
    """
    if form not in get_args(Form):
        known = " or ".join(map(repr, get_args(Form)))
        raise ChainError(f"form = {form!r}: {known}", column="form", value=form)
    require_frame(quotes)
    quotes = quotes.drop(ADDED, strict=False)
    rows = (
        quotes if set(ENRICHED) <= set(quotes.columns) else enrich(quotes, rate=rate, settlement=settlement)
    )
    _check_snapshot(rows)
    table = rows.select(*EXPIRY, *OF_EXPIRY).unique(EXPIRY, maintain_order=True).sort("years", "root")
    rows = rows.with_columns(expiry=indexed(rows, table), k=(pl.col("strike") / pl.col("forward")).log())
    rows = rows.with_columns(used=_usable())
    table = _fitted(rows, table, form)
    rows = _compared(rows, table)
    return Surface(form=form, expiries=_measured(rows, table), quotes=rows.drop("expiry"))


def _check_snapshot(rows: pl.DataFrame) -> None:
    snapshots = rows.select(SNAPSHOT).filter(pl.col("quote_date").is_not_null()).unique(maintain_order=True)
    if snapshots.height > 1:
        named = ", ".join(f"{day} {time}" for day, time in snapshots.head(5).iter_rows())
        more = f" and {snapshots.height - 5} more" if snapshots.height > 5 else ""
        raise ChainError(
            f"a surface is that of one snapshot, the frame holds {snapshots.height}: {named}{more}. "
            "Mend: quotes.filter(quote_date=…, quote_time=…)",
            source="frame",
            column="quote_date",
        )
    if not rows.height:
        raise ChainError("the frame has no rows. Mend: give the quotes of one snapshot", source="frame")


def _usable() -> pl.Expr:
    """Return which quotes are fitted: two-sided, nothing wrong, out of the money or near it."""
    off = pl.col("k") / (pl.col("vol") * pl.col("years").sqrt())
    side = pl.when(pl.col("right") == "C").then(off).otherwise(-off)
    told = (pl.col("vol_status") == "ok") & pl.col("spread_vol").is_finite() & (pl.col("years") > 0.0)
    sound = TWO_SIDED & (pl.col("status") == "ok") & told & (pl.col("vol") > 0.0)
    return (sound & (side >= -NEAR)).fill_null(value=False)


def _fitted(rows: pl.DataFrame, table: pl.DataFrame, form: Form) -> pl.DataFrame:
    """Return the table of expiries with parameters, checks and status."""
    used = rows.filter("used").sort("expiry", "k", "right")
    count = np.bincount(used["expiry"].to_numpy(), minlength=table.height)
    open_ = table["years"].fill_null(0.0).to_numpy() > 0.0
    # VIX options have the future of their own expiry below them: no calendar binds two of these.
    own = pl.when(pl.col("root").is_in(OWN_UNDERLYING)).then(pl.col("expiration").cast(pl.String))
    family = pl.concat_str(pl.col("root").fill_null(""), pl.lit(" "), own.fill_null(""))
    kind = table.select(family.rank("dense")).to_series().to_list()
    columns, repair = _core.fit_surface(
        form,
        kind,
        np.where(open_, table["years"].fill_null(1.0).to_numpy(), 1.0),
        np.cumsum(count).tolist(),
        used["k"].to_numpy(),
        used["vol"].to_numpy(),
        used["spread_vol"].to_numpy() / 200.0,
    )
    names = (*RAW, "theta", "zeta", "durrleman", "calendar")
    found = pl.DataFrame(dict(zip(names, columns, strict=True))).fill_nan(None)
    status = (
        pl.when(~(pl.col("years") > 0.0).fill_null(value=False))
        .then(pl.lit("no_time"))
        .when(pl.col("forward").is_null())
        .then(pl.lit("no_forward"))
        .when(pl.col("a").is_null())
        .then(pl.lit("too_few"))
        .otherwise(pl.lit("ok"))
    )
    return pl.concat([table, found], how="horizontal").with_columns(
        pl.Series("repaired", list(repair)).replace_strict(
            dict(enumerate(REPAIRS.categories)), return_dtype=REPAIRS
        ),
        status=status.cast(SLICE),
    )


def _compared(rows: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Return the quotes with what the surface says of them."""
    slices = table.select(RAW).with_row_index("expiry")
    joined = rows.join(slices, on="expiry", how="left", maintain_order="left")
    terms = ("forward", "strike", "years")
    joined = joined.with_columns(model_vol=(total_variance("k") / pl.col("years")).sqrt())
    price = expr.price(*terms, "model_vol", "right", discount="discount")
    return joined.with_columns(model_price=price).select(
        *rows.columns,
        "model_vol",
        "model_price",
        inside=pl.when(TWO_SIDED).then(pl.col("model_price").is_between("bid", "ask")),
    )


def _measured(rows: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Return the table of expiries with the errors of their slices."""
    off = 100.0 * (pl.col("model_vol") - pl.col("vol"))
    delta = expr.greeks("forward", "strike", "years", "vol", "right", which=["delta"]).struct.field("delta")
    used = rows.filter("used").with_columns(_off=off, _delta=delta.abs())
    liquid = pl.col("_delta").is_between(*LIQUID)
    found = used.group_by("expiry").agg(
        quotes=pl.len(),
        error_rms=(pl.col("_off") ** 2).mean().sqrt(),
        error_median=pl.col("_off").abs().median(),
        inside=pl.col("inside").mean(),
        liquid=liquid.sum(),
        liquid_rms=(pl.col("_off") ** 2).filter(liquid).mean().sqrt(),
        liquid_median=pl.col("_off").abs().filter(liquid).median(),
        liquid_inside=pl.col("inside").filter(liquid).mean(),
    )
    return (
        table.with_row_index("expiry")
        .join(found, on="expiry", how="left", maintain_order="left")
        .with_columns(pl.col("quotes", "liquid").fill_null(0))
        .drop("expiry")
    )
