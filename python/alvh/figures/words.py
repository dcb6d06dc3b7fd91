"""How numbers are written, in every table and sentence alike."""

import math

__all__ = ["UNITS", "amount", "number_of", "percent", "share_of_nav", "span"]

UNITS = ("probability", "share", "a year", "multiple", "count", "dollars", "error", "correlation")
_PERCENTAGES = ("probability", "share", "a year")


def percent(x: float) -> str:
    """Write a decimal as a percentage with about three figures: 2 decimals below 10%, 3 below 0.1%.

    Examples
    --------
    >>> [percent(x) for x in (0.0, 0.00015, 0.0412, 0.12345, 1.0, -0.0123)]
    ['0%', '0.015%', '4.12%', '12.3%', '100%', '-1.23%']
    """
    return f"{_hundredfold(x)}%"


def share_of_nav(x: float) -> str:
    """Write a margin share without decimals it does not have.

    Examples
    --------
    >>> share_of_nav(0.35), share_of_nav(0.125)
    ('35%', '12.5%')
    """
    return f"{100 * x:.6g}%"


def amount(x: float | None, unit: str) -> str:
    """Write a figure in its unit; what does not exist is a dash.

    Examples
    --------
    >>> amount(0.0412, "a year"), amount(1.5, "multiple"), amount(-1234.5, "dollars"), amount(None, "share")
    ('4.12%', '1.50x', '-1,234', '-')
    """
    if x is None or math.isnan(x):
        return "-"
    return _number(x, unit) + _suffix(unit)


def number_of(count: int, thing: str) -> str:
    """Write how many there are of what takes an s.

    Examples
    --------
    >>> number_of(1, "path"), number_of(20_000, "path")
    ('1 path', '20,000 paths')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def span(low: float | None, high: float | None, unit: str) -> str:
    """Write an interval; none is an empty text.

    Examples
    --------
    >>> span(0.03, 0.05, "probability"), span(-0.01, 0.02, "a year"), span(0.3, math.inf, "share")
    ('3.00–5.00%', '-1.00 to 2.00%', 'from 30.0%')
    """
    if low is None or high is None:
        return ""
    if math.isinf(low):
        return "unbounded" if math.isinf(high) else f"up to {amount(high, unit)}"
    if math.isinf(high):
        return f"from {amount(low, unit)}"
    between = "–" if low >= 0.0 else " to "
    return f"{_number(low, unit)}{between}{_number(high, unit)}{_suffix(unit)}"


def _number(x: float, unit: str) -> str:
    if unit in _PERCENTAGES:
        return _hundredfold(x)
    if unit == "dollars":
        return f"{x:,.0f}"
    if unit == "count":
        return f"{x:,.2f}".rstrip("0").rstrip(".")
    return f"{x:.0e}" if unit == "error" else f"{x:.2f}"


def _suffix(unit: str) -> str:
    if unit in _PERCENTAGES:
        return "%"
    return "x" if unit == "multiple" else ""


def _hundredfold(x: float) -> str:
    y = 100.0 * x
    decimals = next((d for bound, d in ((0.0995, 3), (9.995, 2), (99.95, 1)) if abs(y) < bound), 0)
    return f"{y:.{decimals}f}" if abs(y) >= 0.0005 else "0"
