"""The core in one call: an iron condor."""

from typing import Literal

from pydantic import ValidationError

from alvh.errors import SpecError, mistakes
from alvh.playbook.frozen import Every
from alvh.playbook.layer import DEFAULT_WIDTH, Layer
from alvh.playbook.sell import Sell, Strikes
from alvh.playbook.size import Size
from alvh.rules import Condition


def IronCondor(  # noqa: N802 -- reads as the constructor that it is
    *,
    days: int | tuple[int, int] = 45,
    every: Every = "week",
    short_delta: float | None = None,
    expected_move: float | None = None,
    width: float | None = None,
    width_points: float | None = None,
    size: Size | None = None,
    product: str = "SPXW",
    at: str | None = None,
    enter: str | Condition | None = None,
    exit: str | Condition | None = None,  # noqa: A002 -- the rule's name everywhere else
) -> Layer:
    """Build the core layer: sell an out-of-the-money put spread and call spread of one expiry (R1).

    Parameters
    ----------
    days
        Calendar days to expiry: a target (±7 accepted) or ``(low, high)``.
    every
        Cadence of the decisions: ``"day"``, ``"week"``, ``"month"`` or ``"flat"``.
    short_delta
        Absolute forward delta of the short strikes; 0.16 unless ``expected_move`` is given.
    expected_move
        Instead: multiples of the expected move outside which the short strikes lie (R3).
    width, width_points
        Distance of the wings: fraction of the spot (0.01 unless given) or product points.
    size
        Lots, see :func:`margin_share`.
    product
        Key of :mod:`alvh.contracts`.
    at
        Time of entry in New York, such as ``"15:45"`` (R2), for a comparison with bars; the close without it.
    enter, exit
        Rules, as text or as objects of :mod:`alvh.rules`.

    Examples
    --------
    >>> IronCondor(days=45, short_delta=0.16, width=0.01).sell.window
    {'low': 38, 'high': 52, 'target': 45}
    """
    if short_delta is not None and expected_move is not None:
        raise SpecError("IronCondor: give short_delta or expected_move, not both")
    by: Literal["delta", "expected_move"] = "delta" if expected_move is None else "expected_move"
    short = expected_move if expected_move is not None else (0.16 if short_delta is None else short_delta)
    if width is None and width_points is None:
        width = DEFAULT_WIDTH
    try:
        sell = Sell(structure="iron_condor", product=product, days=days, every=every, at=at)
        strikes = Strikes(by=by, short=short, width=width, width_points=width_points)
        table = {"sell": sell, "strikes": strikes, "size": size or Size(), "enter": enter, "exit": exit}
        return Layer.of({"name": "core", **table})
    except ValidationError as error:
        raise SpecError(f"IronCondor: {mistakes(error)}") from None
