"""The models that draw their paths, by name, and how they are read from TOML."""

from typing import Final, TypeAlias

from alvh import market_file
from alvh.errors import SpecError, nearest_names
from alvh.market.bates import Bates
from alvh.market.fhs import FHS, Closes
from alvh.market.gbm import GBM
from alvh.market.l3f import L3F
from alvh.market.pdv4 import PDV4
from alvh.places import at

__all__ = ["MODELS", "Simulated", "from_toml"]

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


def from_toml(text: str, source: str = "market") -> Simulated:
    """Read a market from TOML: ``schema = 1``, ``model = "l3f"`` and its parameters.

    What is left out is the default.

    A file of innovations is read and filtered again, and refused if its content has changed.

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
    """
    name, parameters = market_file.parse(text, source)
    if name not in MODELS:
        raise SpecError(f"{at(text, ['model'], source)}: model = {name!r}: {nearest_names(name, MODELS)}")
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
