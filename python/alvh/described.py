"""The base of descriptions: frozen values whose mistakes are errors of alvh, with the path of the key."""

from pydantic import ConfigDict

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
