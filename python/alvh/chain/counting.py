"""How many quotes of a chain have which status."""

from collections.abc import Sequence

import polars as pl

from alvh.chain.enriching import require_frame
from alvh.chain.schema import STATUS, STATUSES
from alvh.errors import ChainError, nearest_names


def quality(quotes: pl.DataFrame, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """Count the quotes of a chain by status.

    Parameters
    ----------
    quotes : DataFrame
        From `read`.
    by : sequence of str
        Columns to count apart, such as ``["quote_date", "root"]``.

    Returns
    -------
    DataFrame
        `by`, `status`, `rows`, `share` of the rows of its group, and `meaning`; without `by` every status
        has a row, with it those that occur.

    Raises
    ------
    ChainError
        A column that the frame has not.

    Examples
    --------
    >>> from alvh import chain
    >>> chain.quality(chain.synthetic()).filter(pl.col("rows") > 0)["status"].to_list()
    ['ok', 'zero_bid']
    """
    require_frame(quotes)
    keys = [by] if isinstance(by, str) else list(by)
    for name in ("status", *keys):
        if name not in quotes.columns:
            raise ChainError(
                f"the frame has no column {name!r}: {nearest_names(name, quotes.columns)}. "
                "Mend: chain.read gives every column of the schema",
                column=name,
            )
    counted = quotes.group_by(*keys, pl.col("status").cast(STATUS)).len("rows")
    if not keys:
        every = pl.DataFrame({"status": list(STATUSES)}, schema={"status": STATUS})
        counted = every.join(counted, on="status", how="left").with_columns(pl.col("rows").fill_null(0))
    total = pl.col("rows").sum()
    share = pl.col("rows") / (total.over(keys) if keys else total)
    return counted.sort(*keys, "status").with_columns(
        share=share.fill_nan(0.0),
        meaning=pl.col("status").cast(pl.String).replace_strict(STATUSES, return_dtype=pl.String),
    )
