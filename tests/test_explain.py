"""Why a rule says what it says: values of nodes, flips that flip, and the command."""

import json
import time
from datetime import date
from functools import reduce
from itertools import product
from operator import or_

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import alvh as av
from alvh import playbook
from alvh import rules as r
from alvh.cli import app
from alvh.rules import checking
from run_samples import command

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
        "vix.rising(1) and vix.falling(1) or rsi_14 > 50",
        "vix >= 30 and vix != 30",
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


def turns(text, data):
    flips = r.explain(text, data).flips
    return [
        (dict(zip(row["atoms"], row["become"], strict=True)), row["change"] and round(row["change"], 3))
        for row in flips.iter_rows(named=True)
    ]


@pytest.mark.parametrize(
    ("text", "vix", "found"),
    [
        ("vix.rising(2)", [30.0, 20.0, 25.0], []),
        ("vix.rising(2)", [18.0, 20.0, 20.0], [({"vix.rising(2)": True}, 0.0)]),
        ("vix.rising(2)", [20.0, 25.0], [({"vix.rising(2)": True}, None)]),
        ("vix.rising(2)", [25.0, 24.0, None], []),
        ("crosses_above(vix, 22)", [30.0, 31.0, 25.0], []),
        ("crosses_above(vix, 22)", [30.0, 21.0, 25.0], [({"crosses_above(vix, 22)": False}, 0.665)]),
        ("crosses_above(vix, 22)", [21.0], [({"crosses_above(vix, 22)": True}, None)]),
        ("vix > 28 and vix < 20", [24.0], []),
        ("vix > 30 and vix > 40", [20.0], [({"vix > 30": True, "vix > 40": True}, 0.5)]),
        ("vix > 30 or vix > 40", [20.0], [({"vix > 30": True}, 0.333)]),
        ("vix > 20 and 40 > vix", [50.0], [({"40 > vix": True}, 0.2)]),
        ("vix >= 30 and vix != 30", [20.0], [({"vix >= 30": True}, 0.333)]),
        ("vix > 28 and vix < 30", [None], [({"vix > 28": True, "vix < 30": True}, None)]),
        (
            "vix < session and session > vix + 1",
            [50.0],
            [({"vix < session": True, "session > vix + 1": True}, 1.802)],
        ),
        ("1 > 2", [20.0], []),
    ],
)
def test_flips_are_moves_that_can_happen(text, vix, found):
    """R33: an explanation states no change that the earlier sessions or the same number forbid."""
    data = pl.DataFrame({"vix": vix, "session": [5.0] * len(vix)})
    assert turns(text, data) == found


@pytest.mark.parametrize(
    "text",
    [
        "vix > 24 and not vix >= 26 or vix == 30",
        "vix.rising(2) or crosses_below(vix, 21)",
        "latch(vix > 27, vix < 23) and vix != 28",
        "(vix > 22).for_sessions(2) and not (vix != 24).for_sessions(3)",
        "votes(2, vix > 22, vix < 25, vix.falling(2))",
    ],
)
def test_flips_are_those_that_trying_every_place_finds(text):
    """A naive twin: the last VIX put at, just above and just below every bound."""
    for before in product([21.0, 24.0, 28.0], repeat=2):
        bounds = {21, 22, 23, 24, 25, 26, 27, 28, 30}
        tried = {
            last: answer(text, pl.DataFrame({"vix": [*before, last]})) is True
            for last in (bound + step for bound in bounds for step in (-0.25, 0.0, 0.25))
        }
        for now in (20.0, 24.0, 31.0):
            told = r.explain(text, pl.DataFrame({"vix": [*before, now]}))
            assert (told.flips.height > 0) is (set(tried.values()) != {told.outcome is True})


def test_a_smaller_pair_is_told_beside_a_single_change():
    told = r.explain(
        "vix > 100 or vix > 21 and rsi_14 < 49",
        pl.DataFrame({"vix": [10.0, 20.0, 20.0], "rsi_14": [50.0, 40.0, 50.0]}),
    )
    assert told.flips["atoms"].to_list() == [["vix > 21", "rsi_14 < 49"], ["vix > 100", "vix > 21"]]
    assert not told.cut


def test_it_is_said_that_pairs_were_cut():
    data = dict.fromkeys("abcdefghijklmnopqr", 20.0)
    told = r.explain(f"votes(3, {', '.join(f'{name} > 21' for name in data)})", data)
    assert told.flips.height == 0
    assert told.cut
    assert "pairs of the 16 smallest changes only were tried" in str(told)
    one = r.explain(" and ".join(f"(vix > {i}).for_sessions(2)" for i in range(40)), {"vix": 20.0})
    assert not one.cut, "one number does not move to two places"


def test_long_rules_are_explained_in_time():
    text = " or ".join(f"v>{i}" for i in range(300))
    assert len(text) < 4000
    data = pl.DataFrame({"v": [-1.0 - i % 7 for i in range(500)]})
    start = time.process_time()
    assert r.explain(text, data).flips["atoms"].to_list() == [["v > 0"]]
    assert time.process_time() - start < 20
    many = reduce(or_, (r.known(r.signal(f"v{i}")) for i in range(401)))
    with pytest.raises(r.RuleError, match="401 comparisons, and at most 400"):
        r.explain(many, {f"v{i}": 1.0 for i in range(401)})


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
    missing = r.explain("score(2, vix > 26, 1, rsi_14)", FRAME, at=2)
    assert missing.outcome is None
    assert missing.nodes["contribution"].is_null().all()
    assert "contributes" not in str(missing)


def test_what_is_known_or_missing_is_said_in_words():
    assert str(r.explain("known(vix)", {"vix": 3.0})).endswith("false if vix were missing")
    assert str(r.explain("known(vix)", {"vix": None})).endswith("true if vix were known")


def test_days_out_of_order_or_twice_are_refused(tmp_path):
    for rows in ([1, 0, 2], [0, 1, 1]):
        with pytest.raises(r.RuleError, match="ascending"):
            r.explain("vix > 28", FRAME[rows])
        file = tmp_path / "signals.csv"
        FRAME[rows].write_csv(file)
        with pytest.raises(av.AlvhError, match=r"above it|stands twice"):
            checking.read_signals(file, ["vix"])


def test_a_rule_names_a_signal_as_often_as_it_likes(tmp_path):
    file = tmp_path / "signals.csv"
    FRAME.write_csv(file)
    ran = command("rules", "explain", "vix > 20 and vix < 90", f"--data={file}", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["outcome"] is r.explain("vix > 20 and vix < 90", FRAME, at=-1).outcome
    ran = command("rules", "explain", "vxi > 20", f"--data={file}")
    assert ran.returncode == 2
    said = "signals.csv has no column 'vxi', which the rule uses: did you mean 'vix'?"
    assert ran.stderr.startswith(f"alvh: {said}")


def test_a_row_is_any_whole_number():
    assert r.explain("vix > 26", FRAME, at=np.int64(2)).outcome is True
    with pytest.raises(TypeError):
        r.explain("vix > 26", FRAME, at=2.0)


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


def test_the_scope_of_a_line_is_that_of_its_names_or_what_it_says(tmp_path):
    """A book reads breakeven_challenge as an alias; a line that says nothing means the position's own."""
    file = tmp_path / "rules.txt"
    file.write_text(
        "breakeven_challenge > 0.6\nenter: breakeven_challenge > 0.6\nexit: vix > 28\n"
        "core_challenge > 0.6\nenter: profit > 1\n"
    )
    table = checking.check(checking.rules_of(file))
    assert table["scope"].to_list() == ["position", "book", "position", "book", "book"]
    assert table["names"].to_list()[:2] == [["breakeven_challenge"], ["core_challenge"]]
    assert table["problem"].is_not_null().to_list() == [False] * 4 + [True]


def test_check_of_a_playbook_against_a_history(tmp_path):
    arm = tmp_path / "arm.toml"
    plain = playbook.preset("plain")
    arm.write_text(
        plain.replace(
            name="mine", enter="not within(2, cpi) and vix.rising(3) and cpi_surprise < 1"
        ).to_toml()
    )
    history = tmp_path / "history.csv"
    days = ["2018-02-01", "2018-02-02", "2018-02-05", "2018-02-06", "2018-02-07"]
    history.write_text("date,spx,vix\n" + "".join(f"{day},2700,{15 + i}\n" for i, day in enumerate(days)))
    told = run("check", arm, "--history", history, "--rate", 0.01, "--dividend-yield", 0.02, "--json")
    assert told.exit_code == 0, told.output
    (row,) = json.loads(told.stdout)["rules"]
    assert (row["where"], row["missing"]) == ("core.enter", ["days_to_cpi", "cpi_surprise"])
    assert row["outside"] == ["cpi_surprise"]
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


def test_the_rules_of_transfers_are_checked():
    """R60: money that moves by a rule moves by one that was checked."""
    moved = av.transfer("(vix > 35).for_sessions(9)", source="core", to="sleeve", share=0.5)
    arm = playbook.preset("plain").replace(name="mine", sleeve=av.Sleeve(share=0.1, transfers=[moved]))
    found = tuple(checking.rules_of_arm(arm))
    assert found[-1] == checking.Found("ledgers.transfers 1.when", moved.when, "book")
    assert checking.check(found)["warm_up"].to_list()[-1] == 8
