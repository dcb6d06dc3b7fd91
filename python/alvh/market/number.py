"""Numbers of a market: a text or a truth value in their place is a mistake, and not converted."""

from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BeforeValidator

__all__ = ["Number"]


def _number(given: Any) -> Any:
    """Return what is given unless it is text or a truth value, which pydantic would take for a number."""
    # Not a TypeError, which pydantic passes on as it is.
    if isinstance(given, str | bytes):
        words = "must be a number, without quotes: 16, not '16'"
        raise ValueError(words)  # noqa: TRY004
    if isinstance(given, bool | np.bool_):
        words = "must be a number, and a truth value is none: 1 or 1.0, not True"
        raise ValueError(words)  # noqa: TRY004
    return given


Number: TypeAlias = Annotated[float, BeforeValidator(_number)]
"""A finite number."""
