"""The tables of sessions, deals and openings on the page and in JSON: those of the comparison."""

import json

import polars as pl
import pytest

from alvh.figures.words import amount, span
from alvh.report import page
from page_samples import Read, replayed, simulated
from run_samples import command

NAMES = (
    *("discipline", "entries", "beta", "returns", "spikes", "windows", "cycles", "dependence", "whipsaw"),
    "pin_risk",
)


@pytest.fixture(scope="module")
def read():
    return Read(page.page([simulated()]))


@pytest.fixture(scope="module")
def tables():
    return simulated().session_tables()


def written(row, unit):
    return f"{amount(row['estimate'], unit)}\n{span(row['low'], row['high'], unit)}".rstrip()


def test_every_table_is_of_every_arm(tables):
    assert tuple(tables) == (*NAMES, "dry_powder")
    arms = simulated().arms
    for name, table in tables.items():
        assert set(table["arm"]) == (set(arms) if name in NAMES else {"alvh_0"}), name


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("discipline", "Discipline: what a promoter does and a steward does not"),
        ("beta", "Beta, downside beta and the price of cutting it"),
        ("dependence", "Sessions as they came, and the same in any order"),
    ],
)
def test_figures_of_arms_beside_each_other(read, tables, name, title):
    header, *rows = read.tables[title]
    wanted = {
        (row["arm"], row["figure"]): written(row, row["unit"]) for row in tables[name].iter_rows(named=True)
    }
    found = {
        (arm.rstrip("*"), row[0].split("\n")[0]): cell
        for row in rows
        for arm, cell in zip(header[1:], row[1:], strict=True)
    }
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "title", "unit"),
    [
        ("windows", "Around announcements, and in regimes", "a year"),
        ("spikes", "Volatility spikes in a row, survived without force", "probability"),
        ("cycles", "Sortino ratios through the cycles of SPX", "ratio"),
        ("returns", "Returns of the ledgers", None),
        ("whipsaw", "Whipsaws: opened by a signal, closed again at a loss", None),
        ("pin_risk", "Pin risk: SPX settling within 10 points of a short strike", None),
        ("dry_powder", "Dry powder: what hedges could still spend", None),
    ],
)
def test_tables_row_by_row(read, tables, name, title, unit):
    if tables[name].is_empty():
        assert title not in read.tables
        return
    header, *rows = read.tables[title]
    at = header.index("estimate")
    wanted = [(row["arm"], written(row, unit or row["unit"])) for row in tables[name].iter_rows(named=True)]
    assert [(row[0].rstrip("*"), row[at]) for row in rows] == wanted


def test_openings_show_their_mean_and_quantiles(read, tables):
    header, *rows = read.tables["Openings of the core"]
    assert header[:4] == ["arm", "layer", "figure", "mean"]
    first = tables["entries"].row(0, named=True)
    assert rows[0][3] == written({**first, "estimate": first["mean"]}, first["unit"])
    assert rows[0][header.index("openings")] == amount(first["openings"], "count")
    assert rows[0][2].startswith("credit_mid\ncredit of an opening at mid")


def test_a_history_has_intervals_by_blocks_alone():
    tables = replayed().session_tables()
    assert set(tables) == {*NAMES, "bootstrap"}
    shown = Read(page.page([replayed()])).tables
    rows = shown["Figures of the history, with intervals by blocks of sessions"][1:]
    assert [row[2] for row in rows] == [
        written(row, row["unit"]) for row in tables["bootstrap"].iter_rows(named=True)
    ]
    for name, table in tables.items():
        bounded = name in {"bootstrap", "entries"}
        assert bounded or table["low"].is_null().all(), name


def test_the_command_has_them_as_json():
    quick = ("compare", "--arm=plain", "--paths=16", "--sessions=42", "--shares=0.1", "--json")
    ran = command(*quick)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    assert set(NAMES) <= set(told)
    assert {row["figure"] for row in told["whipsaw"]} == {
        *("opened", "flipped", "flipped_share", "reversed", "flip_cost")
    }
    assert pl.DataFrame(told["discipline"])["arm"].to_list() == ["plain"] * 9
