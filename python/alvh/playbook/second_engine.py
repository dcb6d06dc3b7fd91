"""The Second Engine: long in-the-money puts in a crisis (R41 to R46)."""

from typing import Any

from alvh.playbook.buy import put
from alvh.playbook.layer import Layer
from alvh.playbook.size import offset
from alvh.rules import Condition

LEAST_VIX = 25
"""Below it the Second Engine is never entered (R46)."""


def SecondEngine(  # noqa: N802 -- reads as the constructor that it is
    *,
    enter: str | Condition,
    exit: str | Condition,  # noqa: A002 -- the rule's name everywhere else
    share: float = 0.30,
    equity: float = 0.15,
    days: int | tuple[int, int] = (60, 120),
    delta: float | tuple[float, float] = (0.65, 0.85),
    spread_delta: float | None = None,
    roll_below: int | None = 30,
    reduced_above: float | None = 35.0,
    product: str | tuple[str, ...] = ("SPX", "XSP"),
    name: str = "second_engine",
    **more: Any,
) -> Layer:
    """Build the layer that buys index puts in the money, outright (R41, C18).

    Parameters
    ----------
    enter
        When it is bought (R45 to R49); VIX below 25 never counts, whatever the rule says (R46).
    exit
        When it is sold, such as after three closes of VIX below 25 (C3); and instead of being rolled at a
        VIX below 25, because a roll is an entry too.
    share
        Premium as a share of the core's maximum loss (R42).
    equity
        Premium of what is held, at most this share of NAV (R43).
    days, delta
        Calendar days to expiry and absolute delta, or ranges of them (R41).
    spread_delta
        Absolute delta of a put to sell against it: a spread is bought only where it gains from volatility and
        loses as the index rises, which one of these deltas does not (R44, C18); None: outright.
    roll_below
        Calendar days to expiry below which it is rolled (R58); None holds it to expiry.
    reduced_above
        VIX above which half the share is bought (C3); None: never.
    product
        Key of :mod:`alvh.contracts`, or several: the larger where two lots of it result, else the smaller
        (R42).
    name
        Of the layer.
    **more
        Further fields of :class:`Layer`, such as ``monetise``.

    Examples
    --------
    >>> engine = SecondEngine(enter="(vix > 28).for_sessions(3)", exit="(vix < 25).for_sessions(3)")
    >>> engine.product, engine.size.caps, str(engine.enter)
    ('XSP', ('0.15 * equity',), 'vix >= 25 and ((vix > 28).for_sessions(3))')
    """
    size = offset("core.notional", share).capped(f"{equity!r} * equity")
    if reduced_above is not None:
        size = size.reduced_when(f"vix > {reduced_above:g}")
    buy = put(days=days, delta=delta, product=product, spread_delta=spread_delta)
    enter = f"vix >= {LEAST_VIX} and ({enter})"
    if roll_below is not None:
        exit = f"({exit}) or (vix < {LEAST_VIX} and days_to_expiry < {roll_below})"  # noqa: A001 -- as above
    return Layer(name, buy=buy, size=size, enter=enter, exit=exit, roll_below=roll_below, **more)
