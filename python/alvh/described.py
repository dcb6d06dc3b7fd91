"""The base of descriptions: frozen values whose mistakes are errors of alvh, with the path of the key."""

from typing import Any

from pydantic import ConfigDict, ValidationError

from alvh.errors import SpecError, mistakes
from alvh.keys import KnownKeys

__all__ = ["Described"]


class Described(KnownKeys):
    """What every description has in common: it cannot change, and knows no other fields.

    Examples
    --------
    >>> class Slope(Described):
    ...     per_day: int = 0
    >>> Slope(day=1)
    Traceback (most recent call last):
    alvh.SpecError: Slope: day: unknown key: did you mean 'per_day'? Known: 'per_day'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError(f"{type(self).__name__}: {mistakes(error)}") from None
