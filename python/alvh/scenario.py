"""Deterministic markets: a quiet stretch, then a stress given by a few points, replayed by the engine."""

from __future__ import annotations

import hashlib
import math
import tomllib
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final, Self

from pydantic import Field, model_validator

from alvh.described import Described
from alvh.errors import SpecError, nearest_names

__all__ = ["LIMITS", "QUIET", "Point", "Scenario", "scenario", "scenarios"]

QUIET: Final = 60
"""Sessions of quiet market before the eve: tranches of 45 days are all on by then."""

REALISED_SHARE: Final = 0.82
"""Volatility of the quiet index as a share of its VIX, as in `alvh.market.Dynamics`."""

SESSIONS_PER_YEAR: Final = 252

LIMITS: Final[tuple[str, ...]] = (
    "A scenario is one made path: it says what would happen, never how often.",
    "Between its points SPX and VIX move smoothly, so that what gamma costs there is understated.",
    "The pricing state is taken from VIX alone: in February 2018 short puts were 5 to 7 vol points dearer.",
    "Fills are at closes; half-spreads widen with VIX as in every run.",
)

Point = tuple[int, float, float]
"""Sessions after the eve, SPX as a multiple of its close on the eve, VIX in points."""


class Scenario(Described):
    """A stress: one market path through given points, after a quiet stretch in which positions are opened.

    In the quiet stretch VIX is that of the eve, and SPX alternates between two closes, so that its realised
    volatility is 82% of VIX and indicators have something to read. Between points SPX and VIX move
    geometrically.

    Parameters
    ----------
    name : str
        In the rows of results.
    points : sequence of (int, float, float)
        Sessions after the eve, SPX as a multiple of its close on the eve, VIX in points; the first is
        ``(0, 1, VIX of the eve)``, and sessions ascend.
    quiet : int, default 60
        Sessions from the start to the eve.
    spot : float
        SPX on the eve, index points.
    rate, dividend_yield : float
        A year, continuously compounded, constant.
    about, source : str
        What happens, and where its numbers come from.

    Examples
    --------
    >>> gap = Scenario(name="gap", points=[(0, 1, 15), (1, 0.95, 30), (21, 0.95, 20)], quiet=5)
    >>> gap.sessions
    26
    >>> [round(x) for x in gap.spec()["spot"]][:8]
    [5039, 5000, 5039, 5000, 5039, 5000, 4750, 4750]
    """

    name: str = Field(min_length=1)
    points: tuple[Point, ...] = Field(min_length=2)
    quiet: int = Field(default=QUIET, ge=1)
    spot: float = Field(default=5000.0, gt=0)
    rate: float = 0.04
    dividend_yield: float = Field(default=0.013, ge=0)
    about: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _check_points(self) -> Self:
        session, multiple, _ = self.points[0]
        if (session, multiple) != (0, 1.0):
            raise ValueError(f"points[0] = {self.points[0]}: the eve comes first, as (0, 1, VIX of the eve)")
        for earlier, later in pairwise(self.points):
            if later[0] <= earlier[0]:
                raise ValueError(f"points: {later} follows {earlier}: sessions must ascend")
        for point in self.points:
            if min(point[1:]) <= 0:
                raise ValueError(f"points: {point}: SPX and VIX are above 0")
        return self

    @property
    def sessions(self) -> int:
        """Sessions from the start to the last point: the quiet ones and the stress."""
        return self.quiet + self.points[-1][0]

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result of this scenario has to say about itself, in sentences."""
        return LIMITS

    @property
    def digest(self) -> str:
        """SHA-256 of the path: equal markets give equal digests, whatever they are called."""
        path = self.model_dump_json(exclude={"name", "about", "source"})
        return hashlib.sha256(path.encode()).hexdigest()

    def spec(self, warm_up: int = 0) -> dict[str, Any]:
        """Return the market as JSON-able data for the core, after `warm_up` more quiet sessions.

        The filter of the pricing state starts after those, so that looking back changes no price.
        """
        stress = [self._between(session) for session in range(1, self.points[-1][0] + 1)]
        vix = self.points[0][2]
        move = math.exp(REALISED_SHARE * vix / 100 / math.sqrt(SESSIONS_PER_YEAR))
        before = [(move if back % 2 else 1.0, vix) for back in range(self.quiet + warm_up, -1, -1)]
        path = before + stress
        return {
            "model": "replay",
            "spot": [self.spot * multiple for multiple, _ in path],
            "vix": [vix for _, vix in path],
            "rate": [self.rate] * len(path),
            "dividend_yield": [self.dividend_yield] * len(path),
            "filter_from": warm_up,
        }

    def _between(self, session: int) -> tuple[float, float]:
        """Return (multiple, VIX) of a session after the eve."""
        (s0, *start), (s1, *end) = next(
            (earlier, later) for earlier, later in pairwise(self.points) if session <= later[0]
        )
        share = (session - s0) / (s1 - s0)
        multiple, vix = (b if share == 1.0 else a * (b / a) ** share for a, b in zip(start, end, strict=True))
        return multiple, vix


@cache
def _shipped() -> dict[str, Scenario]:
    text = resources.files("alvh").joinpath("data", "scenarios.toml").read_text(encoding="utf-8")
    return {name: Scenario(name=name, **row) for name, row in tomllib.loads(text).items()}


def scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that ship with alvh.

    Examples
    --------
    >>> scenarios()[:3]
    ('crash_day', 'crash_day_low_vix', 'february_2018')
    """
    return tuple(_shipped())


def scenario(name: str) -> Scenario:
    """Return a scenario that ships with alvh.

    Raises
    ------
    SpecError
        There is none of that name.

    Examples
    --------
    >>> scenario("slow_grind").about
    '8% down over 30 sessions with VIX never above 24, then flat.'
    """
    if name not in _shipped():
        raise SpecError(f"scenario {name!r}: {nearest_names(name, scenarios())}")
    return _shipped()[name]
