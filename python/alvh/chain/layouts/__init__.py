"""The known layouts, and which of them a header belongs to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alvh.chain.layouts import cboe, datashop
from alvh.chain.layouts.layout import ISO, Layout, Side
from alvh.chain.layouts.vendors import (
    COMMON,
    COMMON_IV,
    HISTORICALOPTIONDATA,
    IVOLATILITY,
    LEAN,
    OPTIONSDX,
)
from alvh.chain.schema import COLUMNS, DERIVED
from alvh.errors import ChainError, nearest_names

__all__ = ["AUTO", "LAYOUTS", "Layout", "Side", "candidates", "mapped"]

AUTO: Final = "auto"
LAYOUTS: Final = {
    each.name: each
    for each in (cboe.LAYOUT, datashop.LAYOUT, IVOLATILITY, HISTORICALOPTIONDATA, OPTIONSDX, LEAN, COMMON)
}
"""Layouts by name, in the order in which ``auto`` tries them."""


def candidates(layout: str) -> list[Layout]:
    """Return the layouts to try; raise `ChainError` for a name that is none."""
    if layout == AUTO:
        return [*LAYOUTS.values()]
    if layout not in LAYOUTS:
        raise ChainError(
            f"layout = {layout!r} is not known: {nearest_names(str(layout), [AUTO, *LAYOUTS])}. "
            "Mend: give columns={…} for any other file",
            column="layout",
            value=layout,
        )
    return [LAYOUTS[layout]]


def mapped(columns: Mapping[str, str], given: Mapping[str, Any], date_format: str | None) -> Layout:
    """Return the layout that a user describes: schema column to the source's own column."""
    known = [name for name in COLUMNS if name not in DERIVED]
    for name in (*columns, *given):
        if name not in known:
            raise ChainError(
                f"{name!r} is no column of the chain schema: {nearest_names(str(name), known)}",
                column=str(name),
            )
    for name, column in columns.items():
        if not isinstance(column, str):
            raise ChainError(
                f"columns: {name!r} is {column!r}. Allowed: the name of a column. Mend: one value for all "
                f"rows goes into constants={{{name!r}: …}}",
                column=name,
                value=column,
            )
    return Layout(
        name="columns",
        about="a mapping given by the user",
        columns={name: fold(column) for name, column in columns.items()},
        days=(date_format or ISO,),
    )


def fold(name: str) -> str:
    """Return a name of a header as layouts write it: no case, outer blanks, brackets or byte-order mark."""
    return name.strip("\ufeff \t[]").casefold()


def specialised(layout: Layout, header: Sequence[str]) -> Layout:
    """Return the variant of a layout that a header has: the vendor's figures as `iv` and `delta`."""
    return COMMON_IV if layout is COMMON and "vendor_iv" not in header and "iv" in header else layout
