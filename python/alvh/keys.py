"""What descriptions know of their keys: an unknown one is a mistake that names the nearest known."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from alvh.errors import SpecError, mistakes, nearest_names

__all__ = ["KnownKeys"]


class KnownKeys(BaseModel):
    """A model that refuses keys it does not have, before it looks at any value.

    Raises
    ------
    SpecError
        It is made of a value that is not allowed, or of a key that it does not have: the key, what was given
        and what is allowed. What is read as a part of another model is named by its path there.

    Examples
    --------
    >>> class Slope(KnownKeys):
    ...     per_day: int = 0
    >>> Slope(day=1)
    Traceback (most recent call last):
    alvh.SpecError: Slope: day: unknown key: did you mean 'per_day'? Known: 'per_day'
    """

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError(f"{type(self).__name__}: {mistakes(error)}") from None

    # To pydantic this is no constructor of our own: parts are read in place, with the path of their keys.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in given:
                if key not in known:
                    hint = nearest_names(str(key), known)
                    raise PydanticCustomError("unknown_key", "unknown key", {"key": str(key), "hint": hint})
        return given
