"""`alvh margin` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BOOK = """product,right,strike,expiration,quantity,price
SPXW,P,4600,2025-03-21,1,8
SPXW,P,4650,2025-03-21,-1,10
SPXW,C,5250,2025-03-21,-1,9
SPXW,C,5275,2025-03-21,1,6.5
"""
ASK = ("--spot", "SPX=5000", "--as-of", "2025-02-10")


def run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    book = folder / "book.csv"
    book.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "alvh", "margin", str(book), *ASK, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_tables_and_json(tmp_path) -> None:
    shown = run(tmp_path, BOOK)
    assert shown.returncode == 0, shown.stderr
    for words in (
        "Strategy-based requirement 6,450.00",
        "4,550.00",
        "Breaks even at 4,645.50, 5,254.50",
        "4600",
    ):
        assert words in shown.stdout
    told = json.loads(run(tmp_path, BOOK, "--json").stdout)
    assert told["strategy_based"]["risk"] == 5000.0
    assert told["strategy_based"]["buying_power_effect"] == 4550.0
    assert sum(leg["payoff"] for leg in told["strategy_based"]["pairing"]) == -5000.0
    assert told["break_evens"] == [4645.5, 5254.5]
    assert len(told["portfolio"]["scenarios"]) == 10
    assert told["left_out"] == []
    assert "not read" not in shown.stdout


def test_columns_that_are_not_read_are_named(tmp_path) -> None:
    first, *rest = BOOK.splitlines()
    text = "\n".join([f"{first},forwrd,[note]", *(f"{row},5000,x" for row in rest)])
    assert "Columns that were not read: forwrd, [note]." in run(tmp_path, text).stdout
    assert json.loads(run(tmp_path, text, "--json").stdout)["left_out"] == ["forwrd", "[note]"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-1,10", "-1,ten", "line 3, price = 'ten': a plain number"),
        ("4650", "-4650", "line 3: strike = -4650.0: points, above 0"),
        ("2025-03-21,1,8", "21.03.2025,1,8", "line 2, expiration = '21.03.2025': a date, YYYY-MM-DD"),
        ("1,6.5", "1,9999", "line 5: price = 9999.0 implies no volatility"),
        ("quantity", "lots", "no column 'quantity'"),
        (",", ";", "no column 'product'"),
        (",", ";", "Mend: separate columns by commas"),
        (
            "4650,",
            "4,650,",
            "more fields than defined in 'Schema'. Mend: give CSV with a header, columns separ",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path, old, new, message) -> None:
    shown = run(tmp_path, BOOK.replace(old, new))
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "book.csv" in shown.stderr
    assert message in shown.stderr


def test_bad_options_are_named(tmp_path) -> None:
    shown = run(tmp_path, BOOK, "--future", "soon=17")
    assert (shown.returncode, shown.stderr.strip()) == (2, "alvh: --future soon: a date, YYYY-MM-DD")
    assert run(tmp_path, BOOK, "--spot", "VIX").stderr.strip() == "alvh: --spot VIX: NAME=VALUE"
