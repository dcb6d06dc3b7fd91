"""Options that several commands share."""

from typing import Annotated

import typer

__all__ = ["Json", "Rate", "Settlement"]

Json = Annotated[bool, typer.Option("--json", help="Print the tables as JSON instead of text.")]
"""Of every command that prints tables."""

Settlement = Annotated[
    str | None, typer.Option(help="AM or PM, of roots that do not say it.", metavar="WORD")
]
"""Of the quotes of a chain."""

Rate = Annotated[
    float | None,
    typer.Option(help="Annual rate of expiries whose quotes tell none (0.04 is 4%).", metavar="X"),
]
"""Of a chain."""
