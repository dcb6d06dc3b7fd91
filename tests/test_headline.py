"""The first line of a report says what its frames say, and no more (R90, R91)."""

import polars as pl
import pytest

from alvh import figures
from alvh.errors import AlvhError
from alvh.figures.words import amount, percent, span
from synthetic_paths import CAPITAL, SESSIONS, rolling_paths, synthetic_paths

PATHS = synthetic_paths().sort("arm", "share", "path")


def headline(paths, share, **keywords):
    ladder = figures.ladder(paths)
    differences = figures.against(paths, CAPITAL, SESSIONS, share)
    return figures.headline(ladder, figures.capacity(ladder), differences, base_share=share, **keywords)


def test_nothing_to_avoid_where_no_arm_is_in_distress():
    ticks = [f"{kind}_tick" for kind in ("refused", "call", "forced", "ruin")]
    text = headline(PATHS.with_columns(pl.lit(0.0).alias(tick) for tick in ticks), 0.1)
    assert text.startswith("At a margin share of 10% there is nothing to avoid at this size: no arm had")
    assert "on 400 paths (each up to 0.75%)" in text
    assert "often" not in text
    assert "plain at least 70%" in text


def test_nothing_to_avoid_for_plain_where_only_others_are_in_distress():
    text = headline(PATHS, 0.2)
    assert "nothing to avoid at this size for plain: no distress within 252 sessions on 400 paths" in text
    assert "More often than plain: martingale_replace 18.0%" in text


def test_who_avoids_and_at_what_cost():
    text = headline(PATHS, 0.5)
    assert "plain is in distress within 252 sessions on 9.75% (7.21–13.1%) of 400 paths" in text
    fewer = text.split("Less often than plain: ")[1].split(". ")[0]
    assert "stop_2x 1.25%" in fewer
    assert "fewer_lots_equal_mean 1.25%" in fewer
    assert "martingale" not in fewer
    cost = text.split("Mean return on NAV a year, less that of plain: ")[1].split(". ")[0]
    assert "stop_2x -2.44% (-3.87 to -1.01%)" in cost
    assert "P(distress) of at most 1%: " in text


def test_no_difference_is_shown_by_a_few_paths():
    few = PATHS.filter(pl.col("path") < 20)
    assert "No difference shown from plain: fewer_lots_equal_mean" in headline(few, 0.5)


def test_the_horizon_is_the_one_counted():
    assert "within 126 sessions" in headline(PATHS, 0.5, within=126)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_it_recommends_nothing(share):
    text = headline(PATHS, share).lower()
    assert not any(word in text for word in ("should", "recommend", "better", "best", "choose", "safe"))


def test_history_is_counted_and_not_sampled():
    history = figures.history_summary(rolling_paths(), CAPITAL, SESSIONS, 0.5)
    text = figures.history_headline(history)
    assert "over 400 rolling starts from 2007-01-01 to 2008-07-11, in distress" in text
    plain = history.episodes.filter(arm="plain", event="distress")
    assert f"plain {plain['starts'].sum()} in {plain.height} episodes" in text
    assert "not independent" in text
    assert "P(" not in text
    with pytest.raises(AlvhError, match="base = 'x'"):
        figures.history_headline(history, "x")


def test_history_without_distress_had_nothing_to_avoid():
    history = figures.history_summary(rolling_paths(), CAPITAL, SESSIONS, 0.2)
    assert (
        "nothing to avoid at this size for plain; in distress martingale_replace"
        in figures.history_headline(history)
    )
    calm = history._replace(counts=history.counts.with_columns(distress=0))
    assert "nothing to avoid at this size: no arm was in distress" in figures.history_headline(calm)


def test_an_arm_that_never_traded_avoided_nothing():
    idle = pl.col("arm") == "plain"
    calm = PATHS.with_columns(
        pl.lit(0.0).alias(f"{kind}_tick") for kind in ("refused", "call", "forced", "ruin")
    )
    none = calm.with_columns(opened=pl.when(idle).then(0.0).otherwise("opened"))
    text = headline(none, 0.1)
    assert text.startswith(
        "plain never opened a tranche at 10%: its share of the capital does not buy one lot"
    )
    assert "nothing to avoid" not in text
    assert "plain" not in text.split("Capacity")[1]
    text = headline(none, 0.1, base="stop_2x")
    assert "nothing to avoid" in text
    assert text.count("plain") == 1
    assert headline(calm.with_columns(opened=0.0), 0.1).endswith("tells).")
    assert set(figures.capacity(figures.ladder(none)).filter(arm="plain")["capacity_words"]) == {"no trade"}


def test_an_arm_that_seldom_traded_is_named():
    text = headline(PATHS.with_columns(opened=0.04), 0.1)
    assert text.startswith("Fewer than one tranche opened a path at 10%: fewer_lots_equal_mean 0.04, ")


def test_history_names_the_arms_that_never_traded():
    for share in (0.2, 0.5):
        paths = rolling_paths().with_columns(
            opened=pl.when(pl.col("arm") == "plain").then(0.0).otherwise(9.0)
        )
        text = figures.history_headline(figures.history_summary(paths, CAPITAL, SESSIONS, share))
        assert text.startswith("plain never opened a tranche")
        assert text.count("plain") == 1


def test_capacity_says_how_much_of_it_is_shown():
    assert "martingale_replace 10% (by the interval's upper bound not shown at 10%), plain 20%" in headline(
        PATHS, 0.5
    )


def test_an_unknown_base_is_refused():
    with pytest.raises(AlvhError, match=r"base = 'x' at share 0.5"):
        headline(PATHS, 0.5, base="x")


def test_percentages_keep_about_three_figures():
    values = (0.0999, 0.09994, 0.09996, 0.99949, 0.9996, 0.000994, 0.000996, 1e-7, -1e-7)
    assert [percent(x) for x in values] == [
        *("9.99%", "9.99%", "10.0%", "99.9%", "100%"),
        *("0.099%", "0.10%", "0%", "0%"),
    ]


def test_what_does_not_exist_is_a_dash():
    assert [amount(x, "count") for x in (None, float("nan"), 19.0, 17.5)] == ["-", "-", "19", "17.5"]
    assert span(None, None, "share") == ""


def test_unbounded_intervals_say_so():
    inf = float("inf")
    assert span(-inf, 0.2, "share") == "up to 20.0%"
    assert span(0.1, inf, "share") == "from 10.0%"
    assert span(-inf, inf, "share") == "unbounded"
