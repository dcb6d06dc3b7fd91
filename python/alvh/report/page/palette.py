"""Colours by name: charts hold CSS variables, so that one page is light, dark and printed.

The colours of arms and of buckets are told apart under the common kinds of colour blindness (after Okabe and
Ito, 2008, darkened for a light ground and lightened for a dark one); where arms share a chart their marks
differ in shape too.
"""

from collections.abc import Sequence

from alvh.report.page.model import Key

__all__ = ["ArmStyle"]

COLOURS = 12
"""Arms beyond have the same colours again, with other shapes."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left")


class ArmStyle:
    """The colour and shape of each arm, the same in every figure of a page.

    Parameters
    ----------
    arms : sequence of str
        Names as reports show them, in order; the first is the base and has the colour of the text.

    Examples
    --------
    >>> ArmStyle(["plain", "stop_1x*"]).colour("stop_1x*")
    'var(--arm-1)'
    """

    def __init__(self, arms: Sequence[str]) -> None:
        self._order = {arm: index for index, arm in enumerate(dict.fromkeys(arms))}

    def colour(self, arm: str) -> str:
        """Return the CSS colour of an arm."""
        return f"var(--arm-{self._order[arm] % COLOURS})"

    def shape(self, arm: str) -> str:
        """Return the mark of an arm."""
        return SHAPES[self._order[arm] % len(SHAPES)]

    def legend(self, arms: Sequence[str]) -> tuple[Key, ...]:
        """Return the legend of some arms."""
        return tuple(Key(arm, self.colour(arm)) for arm in arms)
