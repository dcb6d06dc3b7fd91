"""Tables as JSON that any reader takes: NaN and infinity, which JSON does not have, become null."""

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

__all__ = ["plain", "to_json"]


def to_json(body: Mapping[str, Any]) -> str:
    """Return frames as lists of rows, dates as YYYY-MM-DD, and everything else as it is.

    Examples
    --------
    >>> print(to_json({"table": pl.DataFrame({"a": [1.5, float("nan")]})}))
    {
     "table": [
      {
       "a": 1.5
      },
      {
       "a": null
      }
     ]
    }
    """
    return json.dumps(plain(body), indent=1, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: see `to_json`."""
    match value:
        case pl.DataFrame():
            return [plain(row) for row in value.iter_rows(named=True)]
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
