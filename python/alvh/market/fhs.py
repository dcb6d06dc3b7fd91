"""Filtered historical simulation: the innovations of a history, drawn in blocks."""

from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError

from alvh.described import Described
from alvh.errors import SpecError, mistakes
from alvh.filtering import INNOVATIONS, filter  # noqa: A004 -- read as alvh.market.filter
from alvh.history import History, HistoryData
from alvh.history.files import Closes
from alvh.history.replay import AT_CLOSES, OF_THE_TEMPLATE
from alvh.market.defaults import L3F as _L3F
from alvh.market.drawn import Drawn
from alvh.market.groups import Curve, Dynamics, Smile, SmileState, VixSmile
from alvh.market.number import Number

__all__ = ["FHS"]

# What is said beside every result of a bootstrap.
OF_INNOVATIONS: Final = (
    "Innovations are those of one history, one path and not a sample: no shock occurs that it did not have.",
    "They are filtered from closes up to each session: VIX, and VIX3M, VIX6M and VIX futures if given.",
    *OF_THE_TEMPLATE,
    *AT_CLOSES,
)
OF_NO_FILE: Final = (
    "No file is known of the innovations, nor its hash: which history they are of cannot be checked."
)


class _Filtered(Described):
    """The parameters that the filter reads, as themselves or as tables."""

    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()


FILTERED: Final = tuple(_Filtered.model_fields)


class FHS(Drawn):
    """Filtered historical simulation: L3F driven by blocks of a history's innovations (see `FHS.of`).

    Parameters
    ----------
    vix, spot : float
        The start, in points. VIX must lie above ``curve.floor``.
    rate, dividend_yield : float
        A year, continuously compounded.
    erp : float
        Equity risk premium of the simulation, a year: innovations of SPX are centred.
    block : float
        Mean length of a block of consecutive sessions, at least 1.
    innovations : tuple of tuples of 4 floats
        z, g0, g1, g2 of each session, as `filter` finds them.
    curve : Curve
        The VIX and its futures; that of the filter.
    dynamics : Dynamics
        How the factors revert, as for the filter, and openings. Wild sessions are the history's own: those
        with z beyond 3 standard deviations.
    smile, vix_smile, smile_state, surface_shift
        As in `L3F`.
    history : Closes, optional
        Where the innovations come from.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> shocks = rng.standard_normal((250, 1)) * [1.0, -0.6, -0.6, -0.5]
    >>> market = FHS(vix=16, innovations=shocks.tolist())
    >>> market.simulate(100, 21, seed=7)["spot"].shape
    (100, 22)
    """

    model: Literal["fhs"] = "fhs"
    vix: Number = _L3F["vix"]
    spot: Number = _L3F["spot"]
    rate: Number = _L3F["rate"]
    dividend_yield: Number = _L3F["dividend_yield"]
    erp: Number = _L3F["erp"]
    block: Number = 10.0
    innovations: tuple[tuple[Number, Number, Number, Number], ...] = Field(repr=False)
    curve: Curve = Curve()
    dynamics: Dynamics = Dynamics()
    smile: Smile = Smile()
    vix_smile: VixSmile = VixSmile()
    smile_state: SmileState = SmileState()
    surface_shift: Number = _L3F["surface_shift"]
    history: Closes | None = None

    @property
    def source(self) -> str:
        """Where the innovations come from, in words."""
        return "FHS" if self.history is None else f"FHS of {self.history.path}"

    @property
    def data_hash(self) -> str | None:
        """SHA-256 of the history; None where it came from no file."""
        return None if self.history is None else self.history.sha256

    @property
    def limits(self) -> tuple[str, ...]:
        """What every result of this market has to say about itself, in sentences."""
        return (*OF_INNOVATIONS, OF_NO_FILE) if self.data_hash is None else OF_INNOVATIONS

    @classmethod
    def of(cls, history: Closes | History | HistoryData, /, **parameters: Any) -> Self:
        """Filter a history and bootstrap its innovations.

        Parameters
        ----------
        history : Closes, History or HistoryData
            SPX and VIX; `Closes` names a file, and the market can then be written as TOML. VIX3M, VIX6M and
            VX settlements of a `History` take part in the filter.
        **parameters
            Of the market, such as ``vix=20`` or ``block=21``.

        Raises
        ------
        SpecError
            A parameter is out of its domain, or is what the history says.

        Examples
        --------
        >>> FHS.of(History.bundled(), vix=14).simulate(10, 5)["vix"].shape
        (10, 6)
        """
        if said := [name for name in ("history", "innovations") if name in parameters]:
            raise SpecError(
                f"{said[0]}: innovations are those of the history that is given. Mend: leave it out"
            )
        try:
            groups = _Filtered.model_validate(
                {name: parameters[name] for name in FILTERED if name in parameters}
            )
        except ValidationError as error:
            raise SpecError(f"{cls.__name__}: {mistakes(error)}") from None
        data: History | HistoryData = history.read() if isinstance(history, Closes) else history
        shocks = (
            filter(data, curve=groups.curve, dynamics=groups.dynamics).select(INNOVATIONS).drop_nulls().rows()
        )
        if isinstance(history, Closes):
            source = history.model_copy(update={"sha256": data.data_hash})
            return cls(innovations=shocks, history=source, **parameters)
        return cls(innovations=shocks, **parameters)

    def _json(self) -> str:
        return self.model_dump_json(exclude={"history"})

    def _parameters(self) -> dict[str, Any]:
        if self.history is None:
            raise SpecError(
                "history: TOML names the file of the innovations, and these came from none. "
                "Mend: FHS.of(Closes(path=…))"
            )
        return self.model_dump(mode="json", exclude={"innovations"})

    def spec(self) -> dict[str, Any]:
        """Return the description as plain data, ready for the core.

        Examples
        --------
        >>> FHS(innovations=[(0.1, 0, 0, 0)] * 20, block=5).spec()["block"]
        5.0
        """
        return self.model_dump(mode="json", exclude={"history"})
