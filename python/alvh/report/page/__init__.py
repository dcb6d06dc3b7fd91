"""Comparisons, and snapshots of a chain, as one HTML page that needs nothing else: no network, no other file.

Charts are Vega-Lite, drawn as SVG by one copy of Vega in the page: a static picture would be lighter, but the
figures behind a mark, its interval and its counts belong within reach of the pointer. Colours are CSS
variables, so the same chart is light, dark and printed; the tables are plain HTML, and there without scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from alvh.errors import ReportError
from alvh.run_folder import replacing

if TYPE_CHECKING:
    import polars as pl

    from alvh.chain.overview import Overview
    from alvh.comparison import Comparison
    from alvh.scoring import FileScores

__all__ = ["check", "page", "write_chain_page", "write_page", "write_scores_page"]

NEEDED = ("altair", "jinja2", "vl_convert")


def page(
    comparisons: Sequence[Comparison], *, audit: pl.DataFrame | None = None, start: date | None = None
) -> str:
    """Return comparisons as one self-contained HTML page; the answer comes first (R91).

    Parameters
    ----------
    comparisons : sequence of Comparison
        In the order of the page, for example of a simulation and of a history.
    audit : DataFrame, optional
        What `alvh.audit` returns: the claims get a section of their own.
    start : date, optional
        The rolling start of a history whose days are told; the one with the lowest return of any arm unless
        given.

    Raises
    ------
    ReportError
        No comparison was given, or `alvh[report]` is not installed.
    SpecError
        No history among the comparisons has that start.
    """
    if not comparisons:
        raise ReportError("comparisons = []: a page shows at least one")
    _check_extra()
    from alvh.report.page.composition import composed

    return composed(comparisons, audit, start)


def write_page(
    path: str | Path,
    comparisons: Sequence[Comparison],
    *,
    audit: pl.DataFrame | None = None,
    start: date | None = None,
) -> None:
    """Write a page: the file exists whole or not at all; parameters as in `page`."""
    check(path)
    _write(path, page(comparisons, audit=audit, start=start))


def write_chain_page(path: str | Path, told: Overview) -> None:
    """Write the page of a snapshot of a chain; refused as in `check`."""
    check(path)
    from alvh.report.page.chain import composed

    _write(path, composed(told))


def write_scores_page(path: str | Path, found: FileScores) -> None:
    """Write the page of the best condors of many files; refused as in `check`."""
    check(path)
    from alvh.report.page.payoffs import composed

    _write(path, composed(found))


def _write(path: str | Path, text: str) -> None:
    with replacing(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check(path: str | Path) -> None:
    """Refuse what cannot become a page, before anything long is computed.

    Raises
    ------
    ReportError
        The path is a folder or in none, or `alvh[report]` is not installed.
    """
    path = Path(path)
    if path.is_dir():
        raise ReportError(f"{path}: a folder: give a file, such as {path / 'report.html'}")
    if not path.parent.is_dir():
        raise ReportError(f"{path}: there is no folder {path.parent}: make it, or give another file")
    _check_extra()


def _check_extra() -> None:
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ReportError(
            f"a page needs {', '.join(missing)}, not installed here. Mend: pip install 'alvh[report]'"
        )
