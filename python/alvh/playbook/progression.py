"""What a losing tranche does to the next one of its chain (R10)."""

from typing import Literal

from pydantic import Field

from alvh.playbook.frozen import Frozen


class Progression(Frozen):
    """What a losing tranche does to the next one of its chain (R10).

    ``replace``: 1, 2, 4, 8 … times the base; ``add``: 1, 3, 7, 15 …; ``recoup``: the base and what would earn
    the open deficit back, at most as much as ``replace`` allows. A win resets the chain. Caps in doublings,
    lots, and the book's requirement as a share of NAV.
    """

    mode: Literal["replace", "add", "recoup"] = "replace"
    max_doublings: int = Field(default=3, ge=0, le=40)
    max_lots: int | None = Field(default=None, ge=1)
    max_margin_share: float | None = Field(default=None, gt=0)
