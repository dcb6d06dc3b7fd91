"""Why a rule says what it says: values of nodes, flips that flip, and the command."""

import json
from datetime import date

import polars as pl
import pytest
from typer.testing import CliRunner

from alvh import playbook
from alvh import rules as r
from alvh.cli import app
from alvh.rules import checking

FRAME = pl.DataFrame(
    {
        "date": [date(2025, 3, day) for day in (3, 4, 5, 6, 7)],
        "vix": [20.0, 24.0, 27.0, 26.0, 27.5],
        "rsi_14": [55.0, 40.0, None, 31.0, 25.0],
        "drawdown": [0.0, 0.02, 0.06, 0.05, 0.07],
    }
)


def answer(text, frame):
    return frame.select(r.parse(text).to_polars().alias("answer"))["answer"][-1]


def test_the_value_of_every_node():
    told = r.explain("vix > 28 or (rsi_14 < 30 and drawdown > 0.05)", FRAME, at=date(2025, 3, 5))
    assert told.outcome is None
    assert told.nodes.select("text", "truth", "number").rows() == [
        ("vix > 28 or rsi_14 < 30 and drawdown > 0.05", None, None),
        ("vix > 28", False, None),
        ("vix", None, 27.0),
        ("28", None, 28.0),
        ("rsi_14 < 30 and drawdown > 0.05", None, None),
        ("rsi_14 < 30", None, None),
        ("rsi_14", None, None),
        ("30", None, 30.0),
        ("drawdown > 0.05", True, None),
        ("drawdown", None, 0.06),
        ("0.05", None, 0.05),
    ]
    assert told.nodes["parent"].to_list() == [None, 0, 1, 1, 0, 4, 5, 5, 4, 8, 8]


@pytest.mark.parametrize(
    "text",
    [
        "vix > 28 and rsi_14 < 20",
        "votes(2, vix > 28, rsi_14 < 30, drawdown > 0.1)",
        "not vix > 27 and (drawdown > 0.01).for_sessions(3)",
        "latch(vix > 30, vix < 25) or crosses_above(vix, 27.4)",
        "vix.rising(2) and rsi_14 < 50",
        "score(2, vix > 28, 1, rsi_14 < 30) > 0.5",
        "known(rsi_14) and vix < 10",
    ],
)
def test_a_flip_turns_the_gate_and_nothing_smaller_does(text):
    told = r.explain(text, FRAME)
    assert told.outcome == answer(text, FRAME)
    assert told.flips.height > 0
    gates = {told.outcome is True, *(outcome is True for outcome in told.flips["outcome"])}
    assert gates == {True, False}
    assert (told.outcome is True) not in {outcome is True for outcome in told.flips["outcome"]}
    changes = told.flips["change"].drop_nulls().to_list()
    assert changes == sorted(changes)
    assert set(told.flips["atoms"].list.len().to_list()) in ({1}, {2})


def test_the_change_is_measured_in_the_spread_of_the_distance():
    told = r.explain("vix > 28", FRAME)
    assert told.flips["change"][0] == pytest.approx(0.5 / FRAME["vix"].std())
    assert r.explain("vix > 28", {"vix": 21.0}).flips["change"][0] == pytest.approx(0.25)
    assert r.explain("vix > 28", {"vix": None}).flips["change"].to_list() == [None]


def test_later_sessions_are_not_looked_at():
    cut = r.explain("vix.zscore(3) > 0 and vix > 25", FRAME.head(3))
    assert cut.nodes.equals(r.explain("vix.zscore(3) > 0 and vix > 25", FRAME, at=2).nodes)
    assert cut.flips.equals(r.explain("vix.zscore(3) > 0 and vix > 25", FRAME, at=2).flips)


def test_contributions_sum_to_the_score():
    """R33: each contribution is told; C24: what is missing drops out with its weight."""
    told = r.explain("score(2, vix > 26, 1, drawdown, 3, rsi_14 / 100)", FRAME, at=2)
    shares = told.nodes.filter(pl.col("parent") == 0)["contribution"].drop_nulls()
    assert shares.to_list() == pytest.approx([2 / 3, 0.02])
    assert shares.sum() == pytest.approx(told.outcome)
    assert r.explain("score(2, vix > 26, 1, rsi_14)", FRAME, at=2).outcome is None


@pytest.mark.parametrize(
    ("at", "message"),
    [(5, "rows 0 to 4"), (-6, "rows 0 to 4"), (date(2025, 3, 8), "2025-03-03 to 2025-03-07")],
)
def test_sessions_that_are_not_there(at, message):
    with pytest.raises(r.RuleError, match=message):
        r.explain("vix > 28", FRAME, at=at)


def test_columns_that_are_not_there():
    with pytest.raises(r.RuleError, match="uses rsi_14, and the data have no such column; they have vix"):
        r.explain("rsi_14 > 28", {"vix": 20.0})
    with pytest.raises(r.RuleError, match="no column date"):
        r.explain("vix > 28", {"vix": 20.0}, at=date(2025, 3, 3))


# The command -----------------------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(app, ["rules", *map(str, words)])


def test_check_lists_what_rules_need_and_what_is_wrong(tmp_path):
    file = tmp_path / "rules.txt"
    file.write_text(
        "# entries\n\n(vix > 28).for_sessions(3)\nprofit > credit  # exit\nvixx > 3\nvix\nvix >\n"
    )
    told = run("check", file, "--json")
    assert told.exit_code == 2
    rows = json.loads(told.stdout)["rules"]
    assert [(row["where"], row["scope"], row["warm_up"]) for row in rows[:2]] == [
        ("line 3", "market", 2),
        ("line 4", "position", 0),
    ]
    assert rows[1]["names"] == ["profit", "credit"]
    assert "did you mean vix?" in rows[2]["problem"]
    assert "must be a condition" in rows[3]["problem"]
    assert "not understood" in rows[4]["problem"]
    assert "5 rules, 3 with a mistake" in run("check", file).stdout


def test_check_of_a_playbook_against_a_history(tmp_path):
    arm = tmp_path / "arm.toml"
    plain = playbook.preset("plain")
    arm.write_text(plain.replace(name="mine", enter="not within(2, cpi) and vix.rising(3)").to_toml())
    history = tmp_path / "history.csv"
    days = ["2018-02-01", "2018-02-02", "2018-02-05", "2018-02-06", "2018-02-07"]
    history.write_text("date,spx,vix\n" + "".join(f"{day},2700,{15 + i}\n" for i, day in enumerate(days)))
    told = run("check", arm, "--history", history, "--rate", 0.01, "--dividend-yield", 0.02, "--json")
    assert told.exit_code == 0, told.output
    (row,) = json.loads(told.stdout)["rules"]
    assert (row["where"], row["missing"]) == ("core.enter", ["days_to_cpi"])
    assert row["first_session"] == "2018-02-06"


def test_explain_reads_a_file(tmp_path):
    file = tmp_path / "signals.csv"
    FRAME.write_csv(file)
    told = run("explain", "vix > 28 or rsi_14 < 30", "--data", file, "--date", "2025-03-06", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["outcome"] is False
    words = run("explain", "vix > 28 or rsi_14 < 30", "--data", file).stdout
    assert words.startswith("true  vix > 28 or rsi_14 < 30")
    assert "false if rsi_14 < 30 were false: a change of" in words


def test_presets_pass_their_check():
    for name in playbook.presets():
        found = tuple(checking.rules_of_arm(playbook.preset(name)))
        assert checking.check(found)["problem"].is_null().all()
