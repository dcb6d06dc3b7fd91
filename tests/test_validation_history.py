"""The figures of history in facts.toml, computed again from recorded closes and futures."""

from datetime import date

import numpy as np
import pytest

import markdown_pages
from alvh.market import L3F
from alvh.validation import facts_of, history_panel, targets, validate
from recorded_market import history, needs_data

pytestmark = [needs_data, pytest.mark.data]


def test_targets_are_the_data_s():
    panel = history_panel(history(date(1990, 1, 2), date(2023, 12, 29), futures_from=date(2006, 10, 1)))
    found = facts_of(panel)
    assert list(found) == list(targets())
    for name, target in targets().items():
        # Three digits are written, of slopes three decimals.
        np.testing.assert_allclose(found[name], target.history, rtol=6e-3, atol=6e-4, err_msg=name)


PARTS = {"1990–2017": (1990, 2017, 28), "2018–2024": (2018, 2024, 7)}


def parts_on_the_page():
    """By fact: for each part, history's figure, whether it is called outside, and 5% and 95% of paths."""
    rows = {}
    for name, *cells in markdown_pages.table("docs/validation.md", "fact | 1990–2017"):
        pairs = zip(cells[::2], cells[1::2], strict=True)
        rows[name] = [
            (float(figure.split()[0]), "outside" in figure, *map(float, paths.split(" to ")))
            for figure, paths in pairs
        ]
    return rows


def test_the_two_parts_of_history_are_the_data_s():
    rows = parts_on_the_page()
    for number, (first, last, _) in enumerate(PARTS.values()):
        found = facts_of(history_panel(history(date(first, 1, 1), date(last, 12, 31))))
        assert list(found) == list(rows)
        for name, cells in rows.items():
            figure, outside, low, high = cells[number]
            np.testing.assert_allclose(figure, found[name], rtol=6e-3, err_msg=name)
            assert outside == (not low <= figure <= high), name


@pytest.mark.slow
def test_the_paths_beside_the_two_parts_are_today_s():
    rows = parts_on_the_page()
    for number, (*_, years) in enumerate(PARTS.values()):
        table = validate(L3F(), years=years).table()
        for name, low, high in table.select("fact", "low", "high").iter_rows():
            if name in rows:
                np.testing.assert_allclose(
                    rows[name][number][2:], (low, high), rtol=6e-3, atol=1e-9, err_msg=name
                )
