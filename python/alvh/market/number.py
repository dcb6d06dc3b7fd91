"""Numbers of a market: a text or a truth value in their place is a mistake, and not converted."""

from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BeforeValidator

__all__ = ["Number"]


def _number(given: Any) -> Any:
    """Return what is given unless it is text or a truth value, which pydantic would take for a number."""
    if isinstance(given, str | bytes | bool | np.bool_):
        words = "must be a number, without quotes: 16, not '16'"
        raise ValueError(words)  # noqa: TRY004 -- pydantic passes a TypeError on as it is
    return given


Number: TypeAlias = Annotated[float, BeforeValidator(_number)]
"""A finite number."""
