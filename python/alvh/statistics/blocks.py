"""Bootstrap of one series whose values depend on each other, in blocks of consecutive values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.errors import AlvhError
from alvh.statistics.estimate import LEVEL, Estimate, check_level

__all__ = ["block_interval", "block_rows"]

DRAWS = 999


def block_rows(n: int, block: int, draws: int = DRAWS, seed: int = 0) -> NDArray[np.int64]:
    """Return the indices of a circular block bootstrap, shape (draws, n).

    Blocks of `block` consecutive values begin anywhere with equal chance, run on from the end to the
    beginning, and stand end to end until there are n (Politis and Romano 1992): every value is drawn as often
    as any other. Blocks of one value are the i.i.d. bootstrap.

    Parameters
    ----------
    n : int
        Length of the series, at least 1.
    block : int
        Length of a block, from 1 to n.
    draws : int
        Series drawn.
    seed : int
        Seed.

    Raises
    ------
    AlvhError
        A length or number out of its range.

    Examples
    --------
    >>> rows = block_rows(6, 3, draws=2)
    >>> rows.shape, ((np.diff(rows.reshape(2, 2, 3)) % 6) == 1).all()
    ((2, 6), np.True_)
    """
    for name, value, most in (("n", n, None), ("block", block, n), ("draws", draws, None)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise AlvhError(f"{name} = {value!r}: a whole number from 1")
        if most is not None and value > most:
            raise AlvhError(f"{name} = {value}: at most the {most} values of the series")
    starts = np.random.default_rng(seed).integers(n, size=(draws, math.ceil(n / block)))
    rows = (starts[:, :, None] + np.arange(block)) % n
    return rows.reshape(draws, -1)[:, :n]


def block_interval(
    x: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    block: int,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = LEVEL,
) -> Estimate:
    """Return a statistic of one dependent series with the percentile interval of its block bootstrap.

    Parameters
    ----------
    x : array_like, shape (n,)
        Consecutive values.
    statistic : callable
        From rows of series, shape (m, n), to m values.
    block, draws, seed
        As in `block_rows`. A block is to be longer than the dependence, and much shorter than the series.
    level : float
        Two-sided confidence, asymptotic.

    Returns
    -------
    Estimate
        The value is that of the series itself.

    Examples
    --------
    >>> walk = np.sin(np.arange(500) / 20.0)
    >>> slow, quick = (block_interval(walk, lambda rows: rows.mean(axis=1), block=b) for b in (60, 1))
    >>> slow.high - slow.low > 3 * (quick.high - quick.low)
    True
    """
    check_level(level)
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise AlvhError(f"x: shape {values.shape}: one series of finite values")
    drawn = statistic(values[block_rows(len(values), block, draws, seed)])
    low, high = np.quantile(drawn, [0.5 * (1.0 - level), 0.5 * (1.0 + level)]).tolist()
    return Estimate(float(statistic(values[None, :])[0]), low, high)
