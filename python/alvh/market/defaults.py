"""Every parameter's default, read from the core: their one place."""

import json
from typing import Any, Final

from alvh import _core

__all__ = ["BATES", "GBM", "L3F", "PDV4"]


def _defaults(model: str) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(_core.market_spec(json.dumps({"model": model})))
    return spec


L3F: Final = _defaults("l3f")
PDV4: Final = _defaults("pdv4")
BATES: Final = _defaults("bates")
GBM: Final = _defaults("gbm")
