"""Sizes by the worst drawdown and by the probability of distress (R65)."""

import polars as pl
import pytest

import alvh as av
from alvh import figures
from alvh.errors import AlvhError
from synthetic_paths import synthetic_paths


def test_both_sizes_by_hand():
    falls = {0.1: [0.05, 0.10], 0.2: [0.10, 0.24], 0.35: [0.2, 0.4], 0.5: [0.1, 0.1]}
    rows = [("arm", share, fall) for share, told in falls.items() for fall in told]
    paths = pl.DataFrame(rows, schema=["arm", "share", "max_drawdown"], orient="row")
    chances = {0.1: 0.0, 0.2: 0.03, 0.35: 0.005, 0.5: 0.4}
    ladder = pl.DataFrame(
        {"arm": "arm", "share": list(chances), "estimate": list(chances.values())}
    ).with_columns(figure=pl.lit("distress"), opened=pl.lit(9.0), n=pl.lit(2))
    table = figures.sizing(paths, ladder)
    told = {row["by"]: (row["size"], row["words"]) for row in table.iter_rows(named=True)}
    # A larger share that happens to do better does not count.
    assert told == {"worst drawdown": (0.2, "20%"), "P(distress)": (0.1, "10%")}
    assert figures.sizing(paths, ladder, drawdown=0.04)["words"][0] == "below 10%"
    assert figures.sizing(paths, ladder.with_columns(opened=pl.lit(0.0)))["words"][0] == "no trade"
    with pytest.raises(AlvhError, match="drawdown = 25: a share"):
        figures.sizing(paths, ladder, drawdown=25)


def test_the_worst_of_more_paths_is_worse():
    frame = synthetic_paths()
    few = frame.filter(pl.col("path") < 40)

    def sizes(paths):
        table = figures.sizing(paths, figures.ladder(paths)).filter(by="worst drawdown")
        return table.sort("arm")["size"].fill_null(0.0).to_list()

    assert all(more <= less for more, less in zip(sizes(frame), sizes(few), strict=True))


def test_one_ledger_and_two_are_sized_by_one_table():
    hedged = av.preset("alvh_0")
    result = av.compare(
        [hedged, hedged.commingled()], av.market.L3F(vix=30), paths=64, sessions=21, shares=[0.2, 0.5]
    )
    table = result.sizing(drawdown=0.1)
    assert table["by"].to_list() == ["worst drawdown", "P(distress)"] * 2
    assert set(table["n"]) == {64}
