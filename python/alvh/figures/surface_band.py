"""What each arm earns where the market's surface lies a vol point lower or higher, on the same paths."""

from collections.abc import Mapping

import polars as pl

from alvh.errors import AlvhError
from alvh.figures.columns import EARNED, Frame, arms, at_share, check_horizon, excess, nullable
from alvh.statistics import mean_interval, paired_mean

__all__ = ["surface_band"]

_NUMBERS = ("shift", "estimate", "low", "high", "difference", "difference_low", "difference_high")
_SCHEMA = {"arm": pl.String, **dict.fromkeys(_NUMBERS, pl.Float64), "unit": pl.String, "paths": pl.Int64}
_UNIT = "a year"


def surface_band(paths: Mapping[float, Frame], capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return the mean return on NAV per arm and shift of the surface, and what the shift adds to it.

    Every shift runs on the same paths: a difference has a much narrower interval than the two means apart.

    Parameters
    ----------
    paths : mapping of float to DataFrame or LazyFrame
        By shift, in vol points: a row per *independent* path, arm and share. Shift 0 is among them, and every
        shift has its paths.
    capital : float
        C of every arm, dollars.
    sessions : int
        Horizon of the paths.
    share : float
        Margin share of the ladder.

    Returns
    -------
    DataFrame
        `arm`, `shift` (vol points, ascending), `estimate`, `low`, `high` (95%): P&L above bills a year, of
        capital, as `return_on_nav` of the summary; `difference`, `difference_low`, `difference_high`: that
        less the same at shift 0, paired; null at shift 0. `unit`, and `paths`, their number. Of no paths, no
        rows.
    """
    check_horizon(capital, sessions)
    if not paths:
        return pl.DataFrame(schema=_SCHEMA)
    returns = {shift: _returns(frame, capital, sessions, share) for shift, frame in sorted(paths.items())}
    if 0.0 not in returns:
        raise AlvhError(f"paths has the shifts {', '.join(map(str, returns))}: differences need 0")
    plain = returns[0.0]
    rows: list[tuple[object, ...]] = []
    for arm in arms(plain):
        ours = plain.filter(arm=arm).drop("arm")
        for shift, table in returns.items():
            pairs = ours.join(table.filter(arm=arm), on=["path", "start"], suffix="_moved", validate="1:1")
            if not pairs.height == ours.height == table.filter(arm=arm).height:
                raise AlvhError(f"arm {arm!r}: shift {shift} does not have the paths of shift 0")
            moved, still = pairs["earned_moved"].to_numpy(), pairs["earned"].to_numpy()
            paired = nullable(paired_mean(moved, still)) if shift else (None, None, None)
            rows.append((arm, shift, *nullable(mean_interval(moved)), *paired, _UNIT, pairs.height))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _returns(paths: Frame, capital: float, sessions: int, share: float) -> pl.DataFrame:
    """Return `path`, `start`, `arm` and the return on NAV a year as `earned`."""
    rows = at_share(paths, share, EARNED)
    earned = (excess(capital, sessions) / capital).alias("earned")
    return rows.select("path", "start", "arm", earned).collect()
