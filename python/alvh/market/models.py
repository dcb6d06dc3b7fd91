"""The models that draw their paths, by name, and how they are read from TOML."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from alvh import market_file
from alvh.errors import SpecError, nearest_names
from alvh.history.files import REPLAYS, Closes
from alvh.history.replay import History
from alvh.market.bates import Bates
from alvh.market.fhs import FHS
from alvh.market.gbm import GBM
from alvh.market.l3f import L3F
from alvh.market.pdv4 import PDV4
from alvh.places import at

__all__ = ["MODELS", "Simulated", "from_toml", "simulated_from_toml"]

Simulated: TypeAlias = L3F | PDV4 | FHS | Bates | GBM
"""A market that is drawn, not replayed."""

MODELS: Final[dict[str, type[Simulated]]] = {
    "l3f": L3F,
    "pdv4": PDV4,
    "fhs": FHS,
    "bates": Bates,
    "gbm": GBM,
}
"""Simulated markets by the name in their TOML."""


def from_toml(text: str, source: str = "market") -> Simulated | History:
    """Read a market from TOML: ``schema = 1``, ``model = "l3f"`` and its parameters.

    What is left out is the default. ``model = "history"`` and ``"chain_history"`` are replays.

    Files of closes, futures and quotes are read again, and refused if their content has changed.

    Parameters
    ----------
    text : str
        The document.
    source : str
        Its name in errors.

    Raises
    ------
    SpecError
        Names the document, the line, the key, its value and what is allowed.

    Examples
    --------
    >>> from alvh.market import PathVolatility
    >>> market = from_toml(PDV4(vix=20, path=PathVolatility(cap=1.2)).to_toml())
    >>> market.vix, market.path.cap
    (20.0, 1.2)
    >>> from_toml(History.bundled().to_toml())
    History('arch.data sp500 and vix', 2014-01-03 to 2018-12-31, 1257 sessions)
    """
    name, parameters = market_file.parse(text, source)
    if name in REPLAYS:
        with market_file.told(text, source):
            replay = REPLAYS[name](**parameters)
        return replay.read()
    return _simulated(name, parameters, text, source, (*MODELS, *REPLAYS))


def simulated_from_toml(text: str, source: str = "market") -> Simulated:
    """Read a market that is drawn from TOML; a replay is refused.

    Examples
    --------
    >>> simulated_from_toml(GBM(vol=0.2).to_toml()).spec()["vol"]
    0.2
    """
    name, parameters = market_file.parse(text, source)
    if name in REPLAYS:
        raise SpecError(
            f"{at(text, ['model'], source)}: model = {name!r} is a replay. Allowed here: {', '.join(MODELS)}"
        )
    return _simulated(name, parameters, text, source, MODELS)


def _simulated(
    name: str, parameters: dict[str, Any], text: str, source: str, known: Iterable[str]
) -> Simulated:
    if name not in MODELS:
        raise SpecError(f"{at(text, ['model'], source)}: model = {name!r}: {nearest_names(name, known)}")
    if name != "fhs":
        with market_file.told(text, source):
            return MODELS[name](**parameters)
    closes = parameters.pop("history", None)
    if not isinstance(closes, dict):
        raise SpecError(f"{source}: history: name the file of the innovations in a table [history], as path")
    with market_file.told(text, source, "history"):
        innovations = Closes(**closes)
    with market_file.told(text, source):
        return FHS.of(innovations, **parameters)
