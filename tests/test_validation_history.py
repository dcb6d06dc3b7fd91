"""The figures of history in facts.toml, computed again from recorded closes and futures."""

from datetime import date

import numpy as np
import pytest

from alvh.validation import facts_of, history_panel, targets
from recorded_market import history, needs_data

pytestmark = [needs_data, pytest.mark.data]


def test_targets_are_the_data_s():
    panel = history_panel(history(date(1990, 1, 2), date(2023, 12, 29), futures_from=date(2006, 10, 1)))
    found = facts_of(panel)
    assert list(found) == list(targets())
    for name, target in targets().items():
        # Three digits are written, of slopes three decimals.
        np.testing.assert_allclose(found[name], target.history, rtol=6e-3, atol=6e-4, err_msg=name)
