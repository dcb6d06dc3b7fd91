"""The signals that the methodology names, as data: unit, usual source, release lag, family."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

__all__ = ["Period", "Signal", "registry"]

Period = Literal["day", "month", "quarter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What is known of a signal by its name; its values are the user's.

    Parameters
    ----------
    name : str
        As in rules and frames.
    family : str
        What it is evidence of: terms of one family are no independent evidence (R79, C11).
    unit : str
        Of its value.
    period : {"day", "month", "quarter"}
        What a date stands for: that day, or the month or quarter that begins on it.
    lag_days : int
        Calendar days from the end of the period to the release, in the usual case and no earlier.
    stale_days : int
        Calendar days from the release after which it counts as unknown.
    source : str
        Who usually publishes it, and what it is.
    ids : tuple of str
        Requirements that name it.
    """

    name: str
    family: str
    unit: str
    period: Period
    lag_days: int
    stale_days: int
    source: str
    ids: tuple[str, ...]


@cache
def registry() -> Mapping[str, Signal]:
    """Return the named signals, by name.

    Returns
    -------
    mapping of str to Signal
        In families. Names that are not among them may be used as well: their lag and staleness must be given.

    Examples
    --------
    >>> cpi = registry()["cpi"]
    >>> cpi.family, cpi.period, cpi.lag_days
    ('inflation', 'month', 17)
    """
    text = resources.files("alvh").joinpath("data/signals.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)
    return MappingProxyType(
        {name: Signal(name=name, **row | {"ids": tuple(row["ids"])}) for name, row in rows.items()}
    )
