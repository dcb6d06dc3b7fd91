"""The command, end to end: what it prints, writes and refuses."""

import inspect
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from datetime import date

import polars as pl
import pytest
import typer

import alvh as av
from alvh import cli, playbook, runner, schedule
from alvh.playbook import Arm
from alvh.playbook.shipped import ALIASES
from alvh.report.plain_json import to_json
from run_samples import ARMS, OPTIONS, PATHS, SHARES, command, files, manifest, refused, surroundings, task

QUICK = ("--paths=32", "--sessions=42", "--shares=0.35", "--arm=plain")
RATES = ("--rate=0.05", "--dividend-yield=0.015")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run through the command, and what it printed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    ran = command("compare", *OPTIONS, "--chunk=64", f"--out={folder}")
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder, ran.stdout


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A small made-up history without rates."""
    days = schedule.sessions(date(2024, 1, 2), date(2024, 5, 31))
    n = range(len(days))
    closes = {"date": days, "spx": [5000 + 3.0 * i for i in n], "vix": [14 + 0.1 * (i % 7) for i in n]}
    path = tmp_path_factory.mktemp("history") / "closes.csv"
    pl.DataFrame(closes).write_csv(path)
    return path


# Help


COMMANDS = {each.callback.__name__: each.callback for each in cli.app.registered_commands}


def options(function):
    """Each parameter of a command that the user can write, with its description."""
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        if parameter.annotation is not typer.Context:
            yield name, parameter.annotation.__metadata__[0]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_eighty_columns_and_is_whole(name):
    ran = command(*filter(None, [name]), "--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Usage: alvh")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "..." not in ran.stdout.replace("COMMAND [ARGS]...", "").replace("{files}...", "").replace(
        "files...", ""
    )
    assert "…" not in ran.stdout
    told = " ".join(ran.stdout.split())
    for option, described in options(COMMANDS.get(name, cli.alvh)):
        assert described.help, f"{name} {option}"
        assert described.help.split(". ")[0] in told


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (
            [],
            [
                "Say whether a hedge keeps an SPX iron-condor book from blowing up, and what it costs.",
                "Start with `alvh demo`, then `alvh compare --help`.",
                "nothing here is a recommendation",
            ],
        ),
        (
            ["compare", "--help"],
            [
                "Compare defences of one condor book on the same paths.",
                "`alvh presets plain > my.toml` is a start",
                "that `alvh[history]` brings",
                "Results do not depend on it.",
                "[default: 252",
            ],
        ),
        (["trace", "--help"], ["Folder of a finished run.", "and why"]),
        (["verify", "--help"], ["computed again"]),
    ],
)
def test_help_speaks_to_a_newcomer(arguments, sentences):
    ran = command(*arguments)
    assert ran.returncode == 0
    told = " ".join(ran.stdout.split())
    for sentence in sentences:
        assert sentence in told


# Refusals: one line, exit code 2, no traceback


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "No such command 'nope' (see `alvh --help`)"),
        (["compare", "--foo"], "No such option: --foo"),
        (["compare", "--paths=many"], "Invalid value for '--paths'"),
        (["compare", "--paths=0"], "Invalid value for '--paths'"),
        (["trace", "run"], "Missing argument 'path' (see `alvh trace --help`)"),
        (["compare", "--arm=plian"], "preset 'plian': did you mean 'plain'?"),
        (["compare", "--arm=plain", "--arm=plain"], "two arms are called plain: change name in one of them"),
        (["compare", "--playbook=absent.toml"], "absent.toml: cannot be read: No such file or directory"),
        (["compare", "--model=heston"], "--model heston: l3f, pdv4, fhs, bates, gbm or a TOML file"),
        (["compare", "--vix=1"], "L3F: vix = 1: must be above 6"),
        (["compare", "--vix=nan"], "L3F: vix = nan"),
        (["compare", "--model=gbm", "--vix=-5"], "GBM: vol = -0.05"),
        (["compare", "--spot=-1"], "L3F: spot = -1"),
        (["compare", "--rate=4"], "L3F: rate = 4: must lie between -1 and 1, a decimal a year: 0.04 is 4%"),
        (["compare", "--erp=5"], "L3F: erp = 5: must lie between -1 and 1, a decimal a year: 0.04 is 4%"),
        (["compare", "--capital=inf"], "capital = inf: every number must be finite"),
        (["compare", "--shares=a"], "--shares 'a': numbers separated by commas"),
        (["compare", "--shares=0.3,0.1"], "--shares 0.3,0.1: ascending, each once"),
        (["compare", "--shares=-0.1"], "shares = [-0.1]: margin shares of NAV above 0"),
        (["compare", "--seed=-1"], "seed = -1: must be a whole number from 0 to 18446744073709551615"),
        (["compare", "--threads=100000"], "threads = 100000: must be a whole number from 0 to 1024"),
        (["compare", "--sessions=100000"], "beyond the calendar's end"),
        (["compare", "--resume"], "give --out as well"),
        (["compare", "--overwrite"], "give --out as well"),
        (["compare", "--every=5"], "--every changes nothing here: it is about --history"),
        (["compare", "--gaps=report"], "--gaps changes nothing here: it is about --history"),
        (["compare", "--bundled", "--vix=20"], "--vix changes nothing here: a history is replayed"),
        (["compare", "--bundled", "--history=a.csv"], "give --history or --bundled, not both"),
        (["compare", "--history=absent.csv"], "'absent.csv' cannot be read: No such file or directory"),
        (["compare", "--out=/dev/null"], "/dev/null: cannot be the folder of a run: File exists"),
        (["presets", "plian"], "preset 'plian': did you mean 'plain'?"),
        (["trace", "absent", "0"], "absent: no manifest.json: not the folder of a run"),
        (["verify", "absent"], "absent: no manifest.json: not the folder of a run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refusal_is_one_line(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused(*arguments)
    assert not files(tmp_path)


def test_refusal_names_playbook_and_key(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(av.preset("plain").to_toml().replace("0.16", "1.6"))
    words = refused("compare", f"--playbook={path}")
    assert words.startswith(f"{path}, line 8: layer 1 (core): strikes = ")
    assert "an absolute delta lies between 0 and 1" in words


# Presets and playbooks


def test_presets_are_listed_with_what_they_do():
    lines = command("presets").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [*av.presets(), *ALIASES]
    for line, name in zip(lines, [*av.presets(), *ALIASES], strict=True):
        assert line.endswith(f" {ALIASES[name]}." if name in ALIASES else av.preset(name).about)
    assert command("presets", "martingale").stdout == command("presets", "martingale_replace").stdout


def test_the_schema_is_printed_for_editors():
    assert json.loads(command("presets", "--schema").stdout) == playbook.schema()


def test_presets_survive_a_closed_pipe():
    line = f"{sys.executable} -m alvh presets | head -n 1"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=surroundings(), check=True)
    assert (ran.stdout.split()[0], ran.stderr) == (av.presets()[0], "")


def test_printed_presets_run_as_playbooks_with_the_same_digest(tmp_path):
    """Every preset is printed, read back as a file, and run: the same arms, the same bits."""
    printed = []
    names = ["plain", *(name for name in av.presets() if name != "plain")]
    sought = {name: av.preset(name).equal_cost for name in names}
    names = [name for name in names if sought[name] is None or sought[name].to in names]
    for name in names:
        path = tmp_path / f"{name}.toml"
        path.write_text(command("presets", name).stdout)
        assert Arm.read(path).digest == av.preset(name).digest
        printed.append(f"--playbook={path}")
    quick = [each for each in QUICK if not each.startswith("--arm")] + ["--signals=absent"]
    named = [f"--arm={name}" for name in names]
    tables = [json.loads(command("compare", *quick, *arms, "--json").stdout) for arms in (printed, named)]
    assert tables[0]["manifest"]["digests"] == tables[1]["manifest"]["digests"]
    assert tables[0]["summary"] == tables[1]["summary"]


# What a comparison prints and writes


def test_answer_comes_first_and_the_disclaimer_last(finished):
    _, told = finished
    assert "Does it really avoid the margin blow-ups?" in told.splitlines()[0]
    assert "Educational software" in told
    assert told.splitlines()[-1] == f"Results: parts, tables, arms and manifest.json in {finished[0]}"
    assert max(map(len, told.splitlines()[:-1])) <= 80
    assert "\x1b" not in told


def test_out_holds_everything(finished):
    folder, _ = finished
    tables = (
        *("against", "attribution", "capacity", "ladder", "margin_calls", "peaks", "premium", "sizing"),
        *("summary", "surface_band"),
    )
    sides = [f"surface/{side}" for side in ("lower", "higher")]
    assert files(folder) == {
        ".lock",
        "manifest.json",
        "plan.json",
        *(f"parts/part-{index:05d}.parquet" for index in range(5)),
        *(f"tables/{name}.parquet" for name in tables),
        *(f"{side}/{name}" for side in sides for name in (".lock", "manifest.json", "plan.json")),
        *(f"{side}/parts/part-{index:05d}.parquet" for side in sides for index in range(5)),
        *(f"arms/{name}.toml" for name in ARMS),
    }
    found = manifest(folder)
    assert found["alvh"] == av.__version__
    assert found["plan"] == task().digest
    assert (found["seed"], found["paths"], found["chunk"]) == (3, PATHS, 64)
    assert found["facts"]["history"] is None
    assert found["simd"]
    assert found["digests"] == runner.run(task()).manifest["digests"]
    for name in ARMS:
        assert Arm.read(folder / f"arms/{name}.toml") == av.preset(name)
    summary = pl.read_parquet(folder / "tables/summary.parquet")
    assert summary["arm"].unique(maintain_order=True).to_list() == list(ARMS)
    assert found["files"] == sorted(name for name in files(folder) if name.startswith(("tables", "arms")))


def test_verify_says_what_it_did(finished):
    folder, _ = finished
    ran = command("verify", folder)
    assert ran.returncode == 0
    said = r".*/run: digests match; computed again with equal bits: chunk \d, \d\n"
    assert re.fullmatch(said, ran.stdout)


def test_verify_refuses_an_altered_run(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "run")
    part = folder / "parts/part-00002.parquet"
    pl.read_parquet(part).with_columns(pl.col("nav") * 1.01).write_parquet(part)
    assert refused("verify", folder).startswith(f"{part}: not the figures that were computed")


@pytest.mark.parametrize("arguments", [[], ["--arm=plain", "--share=0.7"]])
def test_trace_tells_a_path(finished, arguments):
    ran = command("trace", finished[0], 0, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    for word in ("Events", "open", "NAV", "requirement", "Educational"):
        assert word in ran.stdout


def test_trace_as_json_is_the_library_s(finished):
    told = json.loads(
        command("trace", finished[0], 7, "--arm=plain", "--json").stdout, parse_constant=pytest.fail
    )
    trace = av.Comparison.load(finished[0]).trace(7, "plain")
    assert [row["nav"] for row in told["ledger"]] == trace.ledger["nav"].to_list()
    assert [row["event"] for row in told["events"]] == trace.events["event"].to_list()
    assert told["ledger"][0]["date"] == "2025-01-02"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([str(PATHS)], f"path = {PATHS}: this comparison has the paths 0 to {PATHS - 1}"),
        (["0", "--arm=nope"], "known arms are plain, martingale_add"),
        (["0", "--share=0.3"], "share = 0.3: this comparison ran 0.1, 0.7"),
    ],
)
def test_trace_of_what_was_not_run_is_refused(finished, arguments, words):
    assert words in refused("trace", finished[0], *arguments)


def test_json_is_json(finished):
    ran = command("compare", *OPTIONS, "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout, parse_constant=pytest.fail)
    assert set(told) == {
        *("headline", "limits", "manifest", "ladder", "summary", "against", "attribution", "capacity"),
        *("peaks", "premium", "surface_band", "margin_calls", "sizing"),
        *("discipline", "entries", "beta", "returns", "spikes", "windows", "cycles", "dependence"),
        *("whipsaw", "pin_risk"),
    }
    assert told["manifest"]["digests"] == manifest(finished[0])["digests"]
    assert told["headline"] in " ".join(finished[1].replace("│", " ").split())
    assert {row["share"] for row in told["ladder"]} == set(SHARES)


def test_json_has_null_for_what_it_cannot_say():
    odd = {"table": pl.DataFrame({"a": [1.0, float("nan"), float("inf")], "b": [[float("nan")], [], None]})}
    told = json.loads(to_json({**odd, "more": (float("-inf"), date(2024, 1, 2))}), parse_constant=pytest.fail)
    assert [row["a"] for row in told["table"]] == [1.0, None, None]
    assert [row["b"] for row in told["table"]] == [[None], [], None]
    assert told["more"] == [None, "2024-01-02"]


# Resume and overwrite through the command


def test_folder_in_use_needs_a_word(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "run")
    again = ("compare", *OPTIONS, f"--out={folder}")
    assert "--resume, --overwrite or another folder" in refused(*again)
    assert "was begun with 64 paths a part" in refused(*again, "--resume")
    assert "another plan" in refused(*again, "--chunk=64", "--seed=4", "--resume")
    assert "one of them" in refused(*again, "--resume", "--overwrite")
    (folder / "tables/mine.parquet").write_text("mine")
    assert command(*again, "--overwrite").returncode == 0
    assert (folder / "tables/mine.parquet").read_text() == "mine"
    assert manifest(folder)["chunks"] == 1


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    for option in ("--overwrite", "--resume"):
        words = refused("compare", *QUICK, f"--out={tmp_path}", option)
        assert words.endswith("not the folder of a run, and not empty (thesis.tex): give another folder")
    assert files(tmp_path) == {"thesis.tex"}


# History


def test_history_is_replayed_and_its_limits_are_printed(history, tmp_path):
    folder = tmp_path / "run"
    file = shutil.copy(history, tmp_path / "closes.csv")
    ran = command(
        *("compare", f"--history={file}", *RATES, "--arm=plain", "--arm=stop_2x", "--sessions=21"),
        *("--every=5", "--shares=0.1", f"--out={folder}"),
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    told = " ".join(ran.stdout.split())
    assert "History is one path and not a sample" in told
    assert "Constant over the whole history: rate 5.00% and dividend yield 1.50%." in told
    assert "closes.csv: 17 paths of 21 sessions" in told
    found = manifest(folder)
    assert found["facts"]["source"] == "closes.csv"
    assert re.fullmatch(r"[0-9a-f]{64}", found["facts"]["history"])
    assert {"tables/history.parquet", "tables/episodes.parquet"} <= files(folder)
    # The plan holds the data: the run stays verifiable without the file.
    file.unlink()
    assert command("verify", folder).returncode == 0
    assert command("trace", folder, 3).returncode == 0


def test_history_without_rates_is_refused_with_the_way(history):
    words = refused("compare", f"--history={history}", "--sessions=21")
    assert "rate" in words
    assert "closes.csv" in words
    for name in ("rate", "dividend_yield"):
        assert name in words.replace("-", "_")


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        (5, "2024-01-05,-5000,14", ("row 4 (line 5)", "'spx'")),
        (5, "2024-01-05,5000,x", ("row 4 (line 5)", "'vix'")),
        (5, "2024-01-33,5000,14", ("row 4 (line 5)", "'date'")),
    ],
)
def test_bad_row_is_named(history, tmp_path, line, text, words):
    lines = history.read_text().splitlines()
    lines[line - 1] = text
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(lines))
    told = refused("compare", f"--history={bad}", *RATES, "--sessions=21")
    assert told.startswith("bad.csv, ")
    for word in words:
        assert word in told


def test_history_of_a_wrong_policy_or_length_is_refused(history):
    assert "gaps='fill'" in refused("compare", f"--history={history}", *RATES, "--gaps=fill")
    assert "a longer history or a shorter run" in refused("compare", f"--history={history}", *RATES)


# Progress


def on_terminal(*arguments: str) -> tuple[int, str]:
    """Run with stderr on a terminal; return the exit code and what the terminal received."""
    ours, theirs = pty.openpty()
    environment = surroundings(TERM="xterm-256color")
    process = subprocess.Popen(
        [sys.executable, "-m", "alvh", *arguments], stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    )
    os.close(theirs)
    received = b""
    try:
        while chunk := os.read(ours, 65536):
            received += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    return process.wait(60), received.decode()


ERASE_LINE, SHOW_CURSOR = "\x1b[2K", "\x1b[?25h"


def test_bar_appears_on_a_terminal_and_is_gone_at_the_end():
    code, received = on_terminal("compare", *OPTIONS, "--chunk=64")
    assert code == 0
    assert f"{3 * PATHS} paths" in received  # the band a vol point off beside the paths
    assert "100%" in received
    assert SHOW_CURSOR in received
    assert received.rstrip("\r\n").endswith(ERASE_LINE)


def test_quiet_and_json_show_no_bar():
    for option in ("--quiet", "--json"):
        assert on_terminal("compare", *QUICK, option) == (0, "")


def test_demo_needs_no_file(tmp_path):
    pytest.importorskip("arch")
    ran = command("demo", f"--out={tmp_path}/run", "--paths=64")
    assert (ran.returncode, ran.stderr) == (0, "")
    for name in ("history", "simulated"):
        assert manifest(tmp_path / "run" / name)["status"] == "complete"


def test_a_core_that_refuses_to_load_is_one_line():
    ran = command("--version", ALVH_SIMD="sse9")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith('alvh: ALVH_SIMD = "sse9": ')
    assert ran.stderr.count("\n") == 1
