"""Money-weighted returns: the one rate at which what was put in is worth what came back (R68)."""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.errors import AlvhError

__all__ = ["IrrStatus", "MoneyWeighted", "xirr", "xirrs"]

LOWEST, HIGHEST = math.log(1e-4), math.log(1e3)
"""Rates that are sought: from -99.99% to 99,900% a year, as ln(1 + r)."""

GRID: Final = 400
"""Steps of that range: two roots closer than 4% apart in 1 + r are taken for none."""

HALVINGS: Final = 60

AT_ONCE: Final = 1 << 20
"""Present values of single flows that are held at once, which bounds the memory of many accounts."""

IrrStatus = Literal["solved", "several", "none", "lost"]

Column = NDArray[np.float64]


class MoneyWeighted(NamedTuple):
    """A money-weighted return, a year, and whether there is one.

    `status`: "solved"; "several" roots between -99.99% and 99,900%, the rate is NaN; "lost" where what came
    back is worth less than what was put in at every rate of that range, the rate is -1; "none" otherwise, the
    rate is NaN.
    """

    rate: float
    status: IrrStatus


def xirr(years: ArrayLike, flows: ArrayLike) -> MoneyWeighted:
    """Return the rate r with Σ flow (1 + r)^−t = 0 (R68), if there is exactly one.

    Parameters
    ----------
    years : array_like, shape (n,)
        Time of each flow, years of 365 days.
    flows : array_like, shape (n,)
        Dollars to the owner: what is put in is negative.

    Returns
    -------
    MoneyWeighted
        Several roots are not chosen among: the status says so.

    Raises
    ------
    AlvhError
        Other shapes, or a time or a flow that is not finite.

    Examples
    --------
    >>> round(xirr([0, 1], [-100.0, 110.0]).rate, 12)
    0.1
    >>> xirr([0, 1, 2], [-100.0, 230.0, -132.0]).status, xirr([0, 1], [-100.0, -5.0]).status
    ('several', 'lost')
    """
    at, cash = np.asarray(years, dtype=np.float64), np.asarray(flows, dtype=np.float64)
    if at.shape != cash.shape or at.ndim != 1:
        raise AlvhError(f"years, flows: shapes {at.shape} and {cash.shape}: give a finite time for each flow")
    return xirrs(at[None], cash[None])[0]


def xirrs(years: ArrayLike, flows: ArrayLike) -> list[MoneyWeighted]:
    """Return what `xirr` does of many accounts, all of them at once.

    Parameters
    ----------
    years : array_like, shape (accounts, n)
        Time of each flow, years of 365 days.
    flows : array_like, shape (accounts, n)
        Dollars to the owner: what is put in is negative.

    Returns
    -------
    list of MoneyWeighted
        One an account, in their order.

    Raises
    ------
    AlvhError
        Other shapes, or a time or a flow that is not finite.

    Examples
    --------
    >>> [round(each.rate, 12) for each in xirrs([[0, 1], [0, 2]], [[-100.0, 110.0], [-100.0, 121.0]])]
    [0.1, 0.1]
    """
    at, cash = np.asarray(years, dtype=np.float64), np.asarray(flows, dtype=np.float64)
    shaped = at.shape == cash.shape and at.ndim == 2
    if not shaped or not (np.isfinite(at).all() and np.isfinite(cash).all()):
        raise AlvhError(f"years, flows: shapes {at.shape} and {cash.shape}: give a finite time for each flow")
    counts = np.count_nonzero(cash, axis=1)
    rates = np.full(len(cash), math.nan)
    statuses: list[IrrStatus] = ["none"] * len(cash)
    # Accounts with as many flows as each other have nothing but flows in their rows.
    for count in np.unique(counts[counts > 0]).tolist():
        alike = np.flatnonzero(counts == count)
        step = max(AT_ONCE // ((GRID + 1) * count), 1)
        for rows in np.split(alike, range(step, len(alike), step)):
            moved = cash[rows] != 0.0
            found, said = _solved(at[rows][moved].reshape(-1, count), cash[rows][moved].reshape(-1, count))
            rates[rows] = found
            for row, status in zip(rows.tolist(), said.tolist(), strict=True):
                statuses[row] = _STATUSES[status]
    return [MoneyWeighted(rate, status) for rate, status in zip(rates.tolist(), statuses, strict=True)]


_STATUSES: Final = get_args(IrrStatus)
_SOLVED, _SEVERAL, _NONE, _LOST = range(4)


def _solved(at: Column, cash: Column) -> tuple[Column, NDArray[np.int64]]:
    """Return rates and places among the statuses of accounts whose every flow moves something."""
    grid = np.linspace(LOWEST, HIGHEST, GRID + 1)
    values = _present(np.broadcast_to(grid, (len(at), GRID + 1)), at, cash)
    changes = (values[:, :-1] > 0.0) != (values[:, 1:] > 0.0)
    crossings = changes.sum(axis=1)
    status = np.select([crossings == 1, crossings > 1], [_SOLVED, _SEVERAL], _NONE)
    # No rate makes up for what was put in, owed beyond it or not: the limit of ever lower returns.
    status[values.max(axis=1) < 0.0] = _LOST
    status[cash.min(axis=1) > 0.0] = _NONE
    rates = np.where(status == _LOST, -1.0, math.nan)
    one = np.flatnonzero(status == _SOLVED)
    at, cash, first = at[one], cash[one], changes[one].argmax(axis=1)
    low, high = grid[first], grid[first + 1]
    sign = values[one, first] > 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        same = (_present(middle[:, None], at, cash)[:, 0] > 0.0) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    rates[one] = np.expm1(0.5 * (low + high))
    return rates, status


def _present(log_rates: Column, at: Column, cash: Column) -> Column:
    """Return what flows are worth at rates: shape (accounts, rates)."""
    value: Column = np.einsum("rgn,rn->rg", np.exp(-log_rates[:, :, None] * at[:, None, :]), cash)
    return value
