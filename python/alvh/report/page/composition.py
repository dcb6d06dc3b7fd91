"""The whole page of comparisons: answers, sections, limits, manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from alvh.errors import SpecError
from alvh.report import ABSENT, QUESTION
from alvh.report.page import tables
from alvh.report.page.model import Block, Cell, Section, Sentences, Table
from alvh.report.page.palette import ArmStyle
from alvh.report.page.sections import comparison_section, title_of
from alvh.report.page.template import Answer, rendered

if TYPE_CHECKING:
    from alvh.comparison import Comparison

__all__ = ["composed"]

_SENTENCE = re.compile(r"(?<=[.)]) (?=[A-Z*†])")
_IN_MANIFEST = (
    "alvh",
    "plan",
    "seed",
    "paths",
    "sessions",
    "capital",
    "simd",
    "started",
    "finished",
    "command",
)


def composed(comparisons: Sequence[Comparison], audit: pl.DataFrame | None, start: date | None) -> str:
    """Return the page; parameters as in `alvh.report.page.page`."""
    if start is not None and not any(result.replayed for result in comparisons):
        raise SpecError(f"start = {start}: no comparison of this page is of a history")
    names = [
        f"{'history' if result.replayed else 'simulation'}-{i + 1}" for i, result in enumerate(comparisons)
    ]
    pairs = list(zip(names, comparisons, strict=True))
    style = ArmStyle([result.label(arm) for result in comparisons for arm in result.arms])
    sections = [comparison_section(result, name, style, start) for name, result in pairs]
    if audit is not None:
        sections.append(_claims(audit))
    sections.append(_limits(comparisons))
    sections.append(_manifests(comparisons))
    answers = [Answer(name, title_of(result), _SENTENCE.split(result.headline())) for name, result in pairs]
    return rendered(QUESTION, answers, sections)


def _limits(comparisons: Sequence[Comparison]) -> Section:
    lists = [Sentences("", ABSENT)]
    lists += [Sentences(title_of(result), result.limits) for result in comparisons if result.limits]
    return Section("limits", "What these figures cannot say", "", tuple(lists))


def _manifests(comparisons: Sequence[Comparison]) -> Section:
    note = "Equal plan, seed and SIMD variant give equal bits; the digests are of the figures of each book."
    blocks = tuple(block for result in comparisons for block in _manifest(result))
    return Section("manifest", "What was run", note, blocks)


def _manifest(result: Comparison) -> Iterator[Block]:
    manifest = result.manifest
    said = {name: manifest[name] for name in _IN_MANIFEST if manifest.get(name) is not None}
    if (data := manifest["facts"]["history"]) is not None:
        said["data"] = data
    rows = tuple((Cell(name), Cell(_written(value))) for name, value in said.items())
    yield Table(f"Manifest: {title_of(result)}", ("", ""), rows, words=frozenset({0, 1}))
    digests = tuple((Cell(book), Cell(digest)) for book, digest in manifest["digests"].items())
    yield Table("Digests", ("book", "digest"), digests, words=frozenset({0, 1}))


def _written(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _claims(audit: pl.DataFrame) -> Section:
    measured = audit.filter(pl.col("verdict") != "not yet computable")
    missing = audit.filter(verdict="not yet computable")
    blocks: list[Block] = [
        tables.claims_table(rows.iter_rows(named=True), f"{rows['id'][0]}: {rows['claim'][0]}")
        for rows in measured.partition_by("id", "claim", maintain_order=True)
    ]
    if not missing.is_empty():
        items = (f"{row['id']}: {row['claim']} ({row['why']})" for row in missing.iter_rows(named=True))
        blocks.append(Sentences("Not yet computable", tuple(items)))
    note = (
        "Reading: where the 95% interval lies against the claim, by voting market. "
        "A claim is a hypothesis, never a default."
    )
    return Section("claims", "Claims of the methodology, measured", note, tuple(blocks))
