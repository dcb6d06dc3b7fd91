"""The core in one call: an iron condor."""

from pydantic import ValidationError

from alvh.errors import SpecError, mistakes
from alvh.playbook.frozen import Every
from alvh.playbook.layer import DEFAULT_WIDTH, Layer
from alvh.playbook.sell import SHORT_DELTA, Sell, Strikes
from alvh.playbook.size import Size
from alvh.rules import Condition


def IronCondor(  # noqa: N802 -- reads as the constructor that it is
    *,
    days: int | tuple[int, int] = 45,
    every: Every = "week",
    short_delta: float | None = None,
    expected_move: float | None = None,
    credit: float | tuple[float, float] | None = None,
    width: float | None = None,
    width_points: float | None = None,
    wing_delta: float | None = None,
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
        Absolute forward delta of the short strikes; 0.16 unless one of the next two is given.
    expected_move
        Instead: multiples of the expected move outside which the short strikes lie (R3).
    credit
        Instead: what the condor brings at mid, product points, or a range of it (C1).
    width, width_points, wing_delta
        Distance of the wings: fraction of the spot (0.01 unless given), product points, or absolute delta.
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
    chosen = {"delta": short_delta, "expected_move": expected_move, "credit": credit}
    given = [by for by, value in chosen.items() if value is not None] or ["delta"]
    if len(given) > 1:
        raise SpecError("IronCondor: give one of short_delta, expected_move and credit")
    by, short = given[0], expected_move if expected_move is not None else short_delta
    if width is None and width_points is None and wing_delta is None:
        width = DEFAULT_WIDTH
    wings = {"width": width, "width_points": width_points, "wing_delta": wing_delta}
    try:
        sold = {"product": product, "days": days, "every": every, "at": at}
        sell = Sell.model_validate({"structure": "iron_condor", **sold})
        shorts = {"short": SHORT_DELTA if short is None else short, "credit": credit}
        strikes = Strikes.model_validate({"by": by, **shorts, **wings})
        table = {"sell": sell, "strikes": strikes, "size": size or Size(), "enter": enter, "exit": exit}
        return Layer.of({"name": "core", **table})
    except ValidationError as error:
        raise SpecError(f"IronCondor: {mistakes(error)}") from None
