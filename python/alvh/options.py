"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alvh.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alvh.workers import Runner

__all__ = ["Json", "Rate", "RayAddress", "RunnerName", "Settlement", "runner_of", "staleness_of"]

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

RunnerName = Annotated[
    str,
    typer.Option("--runner", help="Where it is computed: local, or ray, on a Ray cluster.", metavar="WORD"),
]
"""Of runs in parts."""

RayAddress = Annotated[
    str | None,
    typer.Option(
        help="Cluster of --runner ray, such as HOST:6379; RAY_ADDRESS unless given, else this machine.",
        metavar="ADDRESS",
    ),
]
"""Of runs in parts."""


def runner_of(name: str, address: str | None) -> Runner:
    """Return the runner that the two options name.

    Raises
    ------
    SpecError
        It names none, or an address without a cluster.
    """
    from alvh.workers import Ray

    if name == "ray":
        return Ray(address)
    if name != "local":
        raise SpecError(f"--runner {name}: local or ray")
    if address is not None:
        raise SpecError(f"--ray-address {address} changes nothing here: give --runner ray as well")
    return "local"


def staleness_of(texts: Iterable[str]) -> dict[str, int]:
    """Return the days after which signals are too old, from ``NAME=DAYS``.

    Raises
    ------
    SpecError
        One is not of that form.

    Examples
    --------
    >>> staleness_of(["put_call=5"])
    {'put_call': 5}
    """
    days = {}
    for text in texts:
        name, equals, number = text.partition("=")
        if not equals or not number.isdigit():
            raise SpecError(f"--staleness {text}: NAME=DAYS, such as put_call=5")
        days[name] = int(number)
    return days
