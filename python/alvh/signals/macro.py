"""Signals of a simulated market: macro, breadth and the rest in one model. An assumption, not evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from alvh.described import Described
from alvh.errors import SpecError, nearest_names
from alvh.rules.outside import MADE_OF
from alvh.signals.hourly import HOURLY
from alvh.signals.registry import registry

__all__ = ["Breadth", "Factor", "Macro", "Made"]

SURPRISES = {"cpi_surprise": "cpi", "ppi_surprise": "ppi", "fomc_surprise": "fomc"}
"""Signals that jump at the events of the calendar, and the kind of each."""

LINE = "advance_decline_line"
BREADTH = {LINE: False, "advance_decline": True}
"""Signals of breadth: is it the change over a session?"""


class Factor(Described):
    """A z-score that reverts to 0: an AR(1) from session to session.

    Parameters
    ----------
    half_life
        Sessions after which half of a departure is left.
    correlation
        Of its innovations with the return over the session, in standard deviations by yesterday's VIX.
    """

    half_life: float = Field(gt=0)
    correlation: float = Field(default=0.0, ge=-1, le=1)


class Breadth(Described):
    """The advance-decline line: tied to the logarithm of the index since the start, and noise beside it.

    Parameters
    ----------
    per_return
        Issues per 1.00 of ln S. 100,000: a day of 1% moves the line by 1,000 of some 3,000 listed issues.
    noise
        Standard deviation of what prices do not explain, issues: two such days.
    half_life
        Sessions after which half of it is left: a divergence lasts about a quarter.
    """

    per_return: float = 100_000.0
    noise: float = Field(default=2_000.0, ge=0)
    half_life: float = Field(default=63.0, gt=0)


BY_PERIOD = {"day": 10.0, "month": 126.0, "quarter": 252.0}
"""Half-lives of factors by the period of their releases, sessions: what is measured rarely moves slowly."""

LEANING = {
    **dict.fromkeys(("quoted_spread", "quote_to_trade"), -0.5),
    **dict.fromkeys(("depth", "opening_gap", "reit_return", "etf_flow"), 0.5),
    **dict.fromkeys(("price_earnings", "price_cash_flow", "dividend_discount_deviation"), 0.3),
    "market_cap_trend": 0.3,
}
"""Correlations with returns that are not 0: liquidity leaves in falls, flows and valuations follow prices."""


class Macro(Described):
    """Signals along the paths of a simulated market: an assumption, not evidence (R77, R78, R79, R81).

    Surprises of CPI, PPI and FOMC are N(0, 1) at each event of the calendar and stay until the next; breadth
    follows the path; every other registered signal is a z-score that reverts to 0, whatever its unit is in a
    recorded market. None of the parameters is fitted: each default says where it comes from. Draws have a
    purpose of their own, by the name of the signal: paths are the same bits with and without. RSI and MACD
    on the hour (R55) are those of the path's own bars inside sessions, from session 0 on.

    Parameters
    ----------
    persistence
        Correlation of a surprise with the one before of its kind. 0.3: forecasts err the same way more often
        than not.
    breadth
        The advance-decline line; ``advance_decline`` is its change.
    factors
        Half-life and correlation by name, in place of the defaults and for signals of one's own.

    Examples
    --------
    >>> macro = Macro(factors={"put_call": {"half_life": 5, "correlation": -0.5}})
    >>> macro.of(["put_call", "cpi_surprise"]).spec()["model"]["cpi_surprise"]
    {'kind': 'surprise', 'event': 'cpi', 'persistence': 0.3}
    """

    persistence: float = Field(default=0.3, gt=-1, lt=1)
    breadth: Breadth = Breadth()
    factors: dict[str, Factor] = Field(default_factory=dict)

    def of(self, names: Iterable[str]) -> Made:
        """Return the signals of those names.

        Raises
        ------
        SpecError
            A name is neither registered nor among the factors, or is the level of another index.
        """
        wanted = sorted(names)
        hourly = {name: HOURLY[name] for name in wanted if name in HOURLY and name not in self.factors}
        return Made({name: self._one(name) for name in wanted if name not in hourly}, hourly)

    def _one(self, name: str) -> dict[str, Any]:
        if name in MADE_OF.values():
            raise SpecError(
                f"Macro has no {name}: it is the level of an index, and a path has one index. "
                "Mend: signals='absent', or a history with its closes"
            )
        if name in self.factors:
            return {"kind": "factor", **self.factors[name].model_dump()}
        if name in SURPRISES:
            return {"kind": "surprise", "event": SURPRISES[name], "persistence": self.persistence}
        if name in BREADTH:
            return {"kind": "breadth", **self.breadth.model_dump(), "daily": BREADTH[name], "line": LINE}
        if name not in registry():
            known = nearest_names(name, (*self.factors, *registry()))
            raise SpecError(
                f"Macro has no signal {name!r}: {known}. "
                f"Mend: Macro(factors={{{name!r}: Factor(half_life=10)}})"
            )
        return {
            "kind": "factor",
            "half_life": BY_PERIOD[registry()[name].period],
            "correlation": LEANING.get(name, 0.0),
        }


class Made:
    """Signals of the model that the rules of a run name."""

    def __init__(
        self, model: Mapping[str, Mapping[str, Any]], hourly: Mapping[str, str] | None = None
    ) -> None:
        self.model = {name: dict(each) for name, each in model.items()}
        self.hourly = dict(hourly or {})

    def spec(self) -> dict[str, Any]:
        """Return them as the engine reads them."""
        return {"model": self.model} | ({"hourly": self.hourly} if self.hourly else {})

    def facts(self) -> dict[str, Any]:
        """Return what a manifest records of them."""
        return {"source": "macro", "names": [*self.model, *self.hourly], **self.spec()}

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result that used them has to say."""
        told = []
        if self.model:
            names = ", ".join(self.model)
            told.append(
                f"Assumption, not evidence: {names} of the simulation are made up by a model of ours; what "
                "an arm gains by them says nothing of markets."
            )
        if self.hourly:
            names = ", ".join(self.hourly)
            told.append(
                f"Hours are drawn between simulated closes, by a profile of ours: {names}; unknown on the "
                "first sessions of each path, until there are enough."
            )
        return tuple(told)
