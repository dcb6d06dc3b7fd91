"""Which layer of an arm earned what."""

from collections.abc import Mapping, Sequence

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import SESSIONS_PER_YEAR, Frame, at_share, check_horizon, earnings_by, nullable
from alvh.statistics import mean_interval

__all__ = ["layer_pnl"]

_SCHEMA = earnings_by("layer")


def layer_pnl(
    paths: Frame, capital: float, sessions: int, share: float, layers: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Return the mean P&L a year per layer, without interest, at one margin share.

    Parameters
    ----------
    paths : DataFrame or LazyFrame
        A row per *independent* path, arm and share with `layer_pnl_0` … as far as the arms have layers.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.
    layers : mapping of str to sequence of str
        Arm to the names of its layers, in its order. Other arms are left out.

    Returns
    -------
    DataFrame
        `arm`, `layer`; `dollars`, `dollars_low`, `dollars_high` a year; `estimate`, `low`, `high`, the same
        of capital. The layers of an arm sum to its core and hedge P&L.

    Examples
    --------
    >>> columns = {"layer_pnl_0": [3e3, 5e3], "layer_pnl_1": [-1e3, -1e3]}
    >>> paths = pl.DataFrame(columns | {"path": [0, 1], "start": 0, "arm": "alvh_0", "share": 0.1})
    >>> table = layer_pnl(paths, 1e6, 252, 0.1, {"alvh_0": ["core", "futures"]})
    >>> table.select("layer", "dollars", "estimate").rows()
    [('core', 4000.0, 0.004), ('futures', -1000.0, -0.001)]
    """
    check_horizon(capital, sessions)
    columns = [f"layer_pnl_{index}" for index in range(max(map(len, layers.values()), default=0))]
    table = at_share(paths, share, columns).select("arm", *columns).collect()
    rows: list[tuple[str | float | None, ...]] = []
    for arm, names in layers.items():
        sample = table.filter(arm=arm)
        if sample.is_empty():
            raise AlvhError(f"paths lacks the arm {arm!r}: it has {', '.join(table['arm'].unique().sort())}")
        for name, column in zip(names, columns, strict=False):
            dollars = nullable(mean_interval(sample[column].to_numpy() * (SESSIONS_PER_YEAR / sessions)))
            rows.append((arm, name, *dollars, *(None if x is None else x / capital for x in dollars)))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
