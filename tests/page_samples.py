"""Small comparisons for the tests of the page, and the page as tests read it."""

import json
import math
from datetime import date
from functools import cache
from html.parser import HTMLParser
from typing import Any

import polars as pl

import alvh as av
from alvh import schedule
from alvh.market import L3F, History

SHARES = (0.10, 0.70)


@cache
def simulated() -> av.Comparison:
    arms = [av.preset(name) for name in ("plain", "martingale_add", "stop_2x", "alvh_0")]
    return av.compare(arms, L3F(vix=24), paths=96, sessions=63, shares=SHARES, seed=5)


@cache
def replayed() -> av.Comparison:
    days = schedule.sessions(date(2024, 1, 2), date(2024, 8, 30))
    n = range(len(days))
    closes = pl.DataFrame(
        {
            "date": days,
            "spx": [5000 * (1 + 0.0004 * i + 0.03 * math.sin(i / 9)) for i in n],
            "vix": [16 - 5 * math.cos(i / 9) for i in n],
        }
    )
    arms = [av.preset(name) for name in ("plain", "martingale_add", "stop_2x")]
    market = History(closes, rate=0.05, dividend_yield=0.015)
    return av.compare(arms, market, sessions=63, every=10, shares=SHARES)


class Read(HTMLParser):
    """Tables by caption, sections by id, and the specification of each chart by figure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.specs: dict[str, list[dict[str, Any]]] = {}
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self._rows: list[list[str]] = []
        self._caption = self._figure = ""
        self._into = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.add(tag)
        self.ids += [given["id"]] if given.get("id") else []
        self.addresses += [value for name, value in attributes if name in {"src", "href"} and value]
        match tag:
            case "figure":
                self._figure = given["id"] or ""
            case "table":
                self._rows, self._caption = [], ""
            case "tr":
                self._rows.append([])
            case "td" | "th":
                self._rows[-1].append("")
                self._into = "cell"
            case "small":
                self._rows[-1][-1] += "\n"
            case "caption":
                self._into = "caption"
            case "script" if given.get("type") == "application/json":
                self._into = "spec"

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.tables.setdefault(self._caption, self._rows)
        if tag in {"td", "th", "caption", "script"}:
            self._into = ""

    def handle_data(self, text: str) -> None:
        match self._into:
            case "cell":
                self._rows[-1][-1] += text
            case "caption":
                self._caption += text
            case "spec":
                self.specs.setdefault(self._figure, []).append(json.loads(text))


def data_sets(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Every data set of a chart."""
    places = [spec, *spec.get("layer", ())]
    inline = [place["data"]["values"] for place in places if "values" in place.get("data", {})]
    return [*spec.get("datasets", {}).values(), *inline]


def drawn(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the largest data set of a chart."""
    return max(data_sets(spec), key=len)
