"""What descriptions know of their keys: an unknown one is a mistake that names the nearest known."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError

from alvh.errors import nearest_names

__all__ = ["KnownKeys"]


class KnownKeys(BaseModel):
    """A model that refuses keys it does not have, before it looks at any value."""

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
