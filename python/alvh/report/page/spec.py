"""From an Altair chart to the JSON of a page: one look for all charts, and numbers that JSON has."""

from collections.abc import Iterable, Mapping
from typing import Any

import altair as alt
import polars as pl

from alvh.report.plain_json import plain

__all__ = ["CONFIG", "data", "panel_spec"]

_FONT = "system-ui, sans-serif"

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "gridColor": "var(--grid)",
        "domainColor": "var(--rule)",
        "tickColor": "var(--rule)",
        "labelFontSize": 11.5,
        "titleFontSize": 11.5,
        "titleFontWeight": "normal",
        "labelPadding": 5,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False},
    "header": {"labelColor": "var(--ink)", "title": None},
    "text": {"fill": "var(--ink)", "fontSize": 11.5},
}
"""Handed to every chart when it is drawn."""


def data(rows: pl.DataFrame | Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Return rows as inline data; what JSON cannot write is null."""
    return alt.InlineData(values=plain(rows if isinstance(rows, pl.DataFrame) else list(rows)))


def panel_spec(*layers: alt.Chart, height: float) -> dict[str, Any]:
    """Return the Vega-Lite of layers on common axes, as wide as their container.

    Parameters
    ----------
    *layers : altair.Chart
        From the back to the front, without size and configuration.
    height : float
        Of the plot, pixels.
    """
    autosize = alt.AutoSizeParams(type="fit-x")
    # Altair would hold every row of data to its schema, layer by layer: half the time of a page. A test does.
    with alt.utils.schemapi.debug_mode(arg=False):
        chart = alt.layer(*layers).properties(width="container", height=height, autosize=autosize)
        spec: dict[str, Any] = chart.to_dict(validate=False)
    return {key: value for key, value in spec.items() if key not in {"config", "$schema"}}
