"""`alvh score FILES`: many chains, killed and resumed, beside what `score` says of each."""

import fcntl
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from datetime import date
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rich.console import Console
from typer.testing import CliRunner

import alvh as av
import markdown_pages
from alvh import chain, cli, margin, schedule
from alvh.command_score import conditions
from alvh.errors import AlvhError, RunError, ScoreError
from alvh.report import progress
from alvh.report.page import write_scores_page
from alvh.scoring import ScoreJob, score_files
from alvh.scoring.sources import chain_files
from alvh.scoring.streaming import FILE_BECAME
from alvh.workers import Processes
from page_samples import Read, data_sets
from run_samples import command, surroundings
from worker_samples import die

PATIENCE = 60.0
DAYS = 9
JOB = ScoreJob(width=25.0, top=20, rank_by="expected_return")
OPTIONS = ("--width=25", "--top=20", "--rank-by=expected_return")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Closes of successive sessions; the last two days again under other names."""
    path = tmp_path_factory.mktemp("chains")
    day = date(2024, 3, 1)
    for _ in range(DAYS):
        quotes = chain.synthetic(day, longest=3).drop("line", "status", "problem")
        quotes.write_parquet(path / f"{day}.parquet")
        day = schedule.next_session(day)
    quotes.write_csv(path / "again.csv")
    return path


@pytest.fixture(scope="module")
def expected(folder):
    return score_files(folder, JOB)


def stamps(out):
    parts = sorted(Path(f"{out}.parts").glob("part-*.parquet"))
    return {each.name: (each.stat().st_ino, each.stat().st_mtime_ns) for each in parts}


# What is found


@pytest.mark.parametrize(
    "job",
    [
        JOB,
        ScoreJob(width=25.0, top=7, rank_by="max_loss", descending=False, where={"credit": (None, 5.0)}),
        ScoreJob(width=25.0, top=7, rank_by=pl.col("theta") / -pl.col("vega")),
    ],
    ids=["figure", "ascending", "expression"],
)
def test_the_best_of_all_files_are_the_best_of_each(folder, job):
    """Ties go to the earlier name: again.csv is one of the days."""
    files = sorted(folder.iterdir())[-3:]
    found = score_files([*reversed(files), files[0]], job)
    each = [job.score(path).frame.with_columns(file=pl.lit(path.as_posix())) for path in files]
    rank = pl.col(job.rank_by) if isinstance(job.rank_by, str) else job.rank_by
    every = pl.concat(each).sort(rank, descending=job.descending, maintain_order=True).head(job.top)
    assert_frame_equal(
        found.frame.drop("rank"), every.drop("rank"), check_column_order=False, check_exact=True
    )
    assert found.frame["rank"].to_list() == list(range(1, job.top + 1))
    assert found.files["file"].to_list() == [each.as_posix() for each in files]
    assert set(found.files["became"]) == {"scored"}


def test_memory_and_folder_say_the_same(folder, expected, tmp_path):
    out = tmp_path / "best.parquet"
    seen = []

    def track(total, finished):
        seen.append((total, finished))
        return seen.append

    found = score_files(folder, JOB, out=out, track=track)
    assert_frame_equal(found.frame, expected.frame, check_exact=True)
    assert_frame_equal(pl.read_parquet(out), expected.frame, check_exact=True)
    assert_frame_equal(found.files, expected.files)
    assert seen[0] == (DAYS + 1, 0)
    assert seen[1:] == expected.files["candidates"].to_list()
    score_files(folder, JOB, out=out, resume=True, track=track)
    assert seen[-1] == (DAYS + 1, DAYS + 1)


def test_files_are_named_once_and_results_are_no_chains(folder, tmp_path):
    for name in ("a.parquet", "b.csv.gz", "notes.txt", ".hidden.csv", "deep/c.PQ"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    out = tmp_path / "best.parquet"
    Path(f"{out}.parts").mkdir()
    (Path(f"{out}.parts") / "part-0.parquet").touch()
    out.touch()
    found = chain_files([tmp_path, tmp_path / "a.parquet", f"{tmp_path}/*.gz"], out)
    assert [str(each.relative_to(tmp_path)) for each in found] == ["a.parquet", "b.csv.gz", "deep/c.PQ"]
    for nothing, words in (([], "no chain"), (tmp_path / "*.xls", "matches none")):
        with pytest.raises(ScoreError, match=words):
            chain_files(nothing)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoreError, match=r"empty holds none that ends in \.parquet"):
        chain_files(tmp_path / "empty")


# Resuming


def test_killed_at_random_moments_and_resumed(folder, expected, tmp_path):
    chance = random.Random(20260102)  # noqa: S311 -- moments, not secrets
    out = tmp_path / "best.parquet"
    arguments = ["score", str(folder), *OPTIONS, f"--out={out}", "--resume"]
    held = [sys.executable, str(Path(__file__).with_name("held_command.py"))]
    done = {}
    for workers in (1, 2):
        process = subprocess.Popen(
            [*held, str(len(done) + 3), *arguments, f"--workers={workers}"],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=surroundings(),
        )
        goal, end = len(done) + chance.randint(1, 2), time.monotonic() + PATIENCE
        while len(stamps(out)) < goal and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        after = stamps(out)
        assert done.items() <= after.items()
        assert len(after) > len(done)
        done = after
    assert not out.exists()
    ran = command(*arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    after = stamps(out)
    assert done.items() <= after.items()
    assert len(after) == DAYS + 1
    assert sorted(each.name for each in Path(f"{out}.parts").iterdir() if each.name not in after) == [
        ".lock",
        "manifest.json",
    ]
    assert_frame_equal(pl.read_parquet(out), expected.frame, check_exact=True)


@pytest.mark.slow
def test_hundreds_of_files_killed_and_resumed_in_bounded_memory(folder, tmp_path):
    """Memory does not grow with the files; what was killed goes on, and no file is scored twice."""
    names = sorted(folder.glob("*.parquet"))
    for number in range(300):
        os.link(names[number % len(names)], tmp_path / f"{number:03}.parquet")
    out = tmp_path / "best.parquet"
    program = (
        "import resource, sys\n"
        "from alvh.scoring import ScoreJob, score_files\n"
        "score_files(sys.argv[1:-1], ScoreJob(width=25.0, top=20), out=sys.argv[-1], resume=True)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    run = [sys.executable, "-c", program]
    few = subprocess.run(
        [*run, *names, str(tmp_path / "few.parquet")], capture_output=True, check=True, env=surroundings()
    )
    files = [str(each) for each in sorted(tmp_path.glob("[0-9]*.parquet"))]
    process = subprocess.Popen([*run, *files, str(out)], env=surroundings())
    while len(stamps(out)) < 100:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = stamps(out)
    assert len(done) < 300
    many = subprocess.run([*run, *files, str(out)], capture_output=True, check=True, env=surroundings())
    after = stamps(out)
    assert done.items() <= after.items()
    assert len(after) == 300
    assert int(many.stdout) < int(few.stdout) + 40  # MiB


def test_what_changed_is_scored_again_and_what_is_new_too(folder, tmp_path):
    names = sorted(folder.glob("*.parquet"))[:3]
    files = [tmp_path / each.name for each in names]
    for path, source in zip(files[:2], names, strict=False):
        path.write_bytes(source.read_bytes())
    out = tmp_path / "out" / "best.parquet"
    out.parent.mkdir()
    score_files(files[:2], JOB, out=out)
    before = stamps(out)
    files[0].write_bytes(names[2].read_bytes())
    files[2].write_bytes(names[0].read_bytes())
    found = score_files(files, JOB, out=out, resume=True)
    kept = before.items() & stamps(out).items()
    assert (len(kept), len(stamps(out))) == (1, 3)
    assert_frame_equal(found.frame, score_files(files, JOB).frame, check_exact=True)
    fewer = score_files(files[0], JOB, out=out, resume=True)  # parts of other files stay, and do not count
    assert set(fewer.frame["file"]) == {files[0].as_posix()}
    assert len(stamps(out)) == 3


def test_other_options_are_refused_with_the_mend(folder, tmp_path):
    out, one = tmp_path / "best.parquet", min(folder.glob("*.parquet"))
    score_files(one, JOB, out=out)
    changed = {
        "top": ScoreJob(width=25.0, top=21, rank_by="expected_return"),
        "width": ScoreJob(width=(25.0, 25.1), top=20, rank_by="expected_return"),
        "rank_by": ScoreJob(width=25.0, top=20, rank_by=pl.col("theta") / 2),
        "model": ScoreJob(width=25.0, top=20, rank_by="expected_return", model=av.market.L3F(vix=20)),
    }
    for name, job in changed.items():
        with pytest.raises(RunError, match=rf"was begun with {name} = .* now it is .*give the same options"):
            score_files(one, job, out=out, resume=True)
    threads = ScoreJob(width=25.0, top=20, rank_by="expected_return", threads=1)
    kept = stamps(out)
    score_files(one, threads, out=out, resume=True)
    assert stamps(out) == kept
    with pytest.raises(RunError, match="holds a run already: resume it, overwrite it"):
        score_files(one, JOB, out=out)
    score_files(one, changed["top"], out=out, overwrite=True)
    assert pl.read_parquet(out).height == 21


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 4.0}, r"rate = 4.0: -0.05 to 0.5 a year, decimal. Mend: if this is percent, divide by 100"),
        ({"rate": None}, r"rate = None"),
        ({"settlement": "noon"}, r"settlement = 'noon': 'AM' or 'PM'"),
    ],
)
def test_options_are_refused_before_any_file_is_read(options, words):
    with pytest.raises(ScoreError, match=words):
        ScoreJob(**options)


def test_places_that_are_not_ours_are_left_alone(folder, tmp_path):
    one = min(folder.glob("*.parquet"))
    taken = tmp_path / "taken.parquet"
    taken.write_text("mine")
    with pytest.raises(RunError, match=r"taken\.parquet: exists"):
        score_files(one, JOB, out=taken, resume=True)
    assert taken.read_text() == "mine"
    (tmp_path / "b.parquet.parts").mkdir()
    (tmp_path / "b.parquet.parts" / "thesis.tex").touch()
    with pytest.raises(RunError, match=r"thesis\.tex"):
        score_files(one, JOB, out=tmp_path / "b.parquet", overwrite=True)
    with pytest.raises(RunError, match="a file in a folder that exists"):
        score_files(one, JOB, out=tmp_path / "no" / "b.parquet")
    with pytest.raises(ScoreError, match=r"best\.csv': a Parquet file\. Mend: a name that ends in \.parquet"):
        score_files(one, JOB, out=tmp_path / "best.csv")
    out = tmp_path / "c.parquet"
    score_files(one, JOB, out=out)
    with (tmp_path / "c.parquet.parts" / ".lock").open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is writing to it"):
            score_files(one, JOB, out=out, resume=True)
    part = next((tmp_path / "c.parquet.parts").glob("part-*"))
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(RunError, match=r"not a whole part.*Mend: remove that file"):
        score_files(one, JOB, out=out, resume=True)


# The command


def test_a_file_that_cannot_be_read_is_named_and_stops_nothing(folder, tmp_path):
    good = min(folder.glob("*.parquet"))
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:1000])
    (tmp_path / "late.csv").write_text("hello,world\n1,2\n")
    out = tmp_path / "best.parquet"
    ran = command("score", tmp_path, good, tmp_path / "absent.csv", *OPTIONS, f"--out={out}", "--json")
    assert ran.returncode == 1
    lines = ran.stderr.splitlines()
    named = ("absent.csv", "cut.parquet", "late.csv")
    assert [line.split(": ")[:2] for line in lines] == [["alvh", str(tmp_path / name)] for name in named]
    assert lines[0].endswith("absent.csv: cannot be read: No such file or directory")
    assert all(line.count(name) == 1 for line, name in zip(lines, named, strict=True)), lines
    said = json.loads(ran.stdout, parse_constant=pytest.fail)
    became = {Path(row["file"]).name: row["became"] for row in said["files"]}
    assert became == {good.name: "scored", **dict.fromkeys(named, "unreadable")}
    assert len(said["best"]) == pl.read_parquet(out).height == 20
    assert len(stamps(out)) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_root_that_margin_does_not_know_is_a_file_that_cannot_be_scored(folder, tmp_path, workers):
    good = min(folder.glob("*.parquet"))
    pl.read_parquet(good).with_columns(root=pl.lit("ABC")).write_parquet(tmp_path / "abc.parquet")
    job = ScoreJob(width=25.0, top=5, rules="portfolio")
    found = score_files([good, tmp_path / "abc.parquet"], job, workers=workers)
    assert sorted(found.files["became"]) == ["scored", "unreadable"]
    assert found.unreadable["reason"][0].startswith("root = 'ABC': its moves under portfolio margin")


def test_processes_that_end_are_told_with_both_causes():
    """Killed, or never begun: a script without a guard looks the same from here."""
    with pytest.raises(RunError, match=r"want of memory.*or it could not begin: .*__main__"):
        list(Processes(1).completed(die, [1]))


def test_options_that_suit_no_file_are_refused_before_the_first():
    only_vix = margin.Grid(ranges={"volatility": (-0.2, 0.4)}, groups={})
    for rules in (only_vix, margin.House(calm=only_vix, wild=only_vix)):
        with pytest.raises(ScoreError, match=r"rules\.ranges of volatility: broad_index is missing"):
            ScoreJob(rules=rules)
    assert ScoreJob(rules=only_vix, root="VIX").root == "VIX"
    with pytest.raises(ScoreError, match="root = 'ABC': its moves"):
        ScoreJob(rules="portfolio", root="ABC")
    with pytest.raises(ScoreError, match="'hedge_cost': nothing moves VIX in GBM"):
        ScoreJob(model=av.market.GBM(), rank_by="hedge_cost")


def test_a_terminal_sees_files_condors_and_time(monkeypatch):
    terminal = StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda **_: Console(file=terminal, force_terminal=True, width=80)
    )
    with progress.file_progress() as track:
        advance = track(DAYS, 2)
        for condors in (1_500_000, 2_000_000):
            advance(condors)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert re.search(rf" 4/{DAYS} files 3,500,000 condors, [\d,.]+M/s \d:\d\d:\d\d ", plain)
    with progress.file_progress(quiet=True) as track:
        assert track is None


def test_conditions_are_bounds_where_they_can_be():
    assert conditions([]) is None
    assert conditions(["p_profit >= 0.7", "credit<=5", "p_profit >= .6"]) == {
        "p_profit": (0.7, None),
        "credit": (None, 5.0),
    }
    for text in ("put_width >= 10", "credit > 5", "theta / -vega >= 0.1"):
        assert isinstance(conditions(["p_profit >= 0.7", text]), pl.Expr)
    with pytest.raises(ScoreError, match="--where 'credit >'"):
        conditions(["credit >"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dte=30"], "--dte 30: LOW:HIGH, such as 30:50"),
        (["--width=wide"], "--width wide: LOW:HIGH, or a list"),
        (["--rank-by=creditt"], "did you mean 'credit'"),
        (["--where=credit"], "Allowed: a condition of each row"),
        (["--where=credit > avg(credit)"], "looks at other rows"),
        (["--resume"], "give out as well"),
        (["--report=no/where.html"], "there is no folder no"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_refused(folder, arguments, words):
    ran = CliRunner().invoke(cli.app, ["score", str(folder / "again.csv"), *arguments])
    assert isinstance(ran.exception, AlvhError)
    assert words in str(ran.exception)


def test_every_fate_of_a_file_is_documented():
    documented = markdown_pages.table("docs/scoring.md", "file became")
    assert {row[0]: row[1] for row in documented} == FILE_BECAME


# The page


def test_the_page_draws_what_the_condors_pay(expected, tmp_path):
    write_scores_page(tmp_path / "best.html", expected)
    read = Read((tmp_path / "best.html").read_text())
    assert not read.addresses or all(address.startswith("#") for address in read.addresses)
    ranked = read.tables["Ranked"][1:]
    assert [row[0] for row in ranked] == [str(n) for n in range(1, 21)]
    assert [row[-1] for row in ranked] == expected.frame["file"].to_list()
    specs = read.specs["payoffs"]
    assert len(specs) == 12
    for spec, row in zip(specs, expected.frame.iter_rows(named=True), strict=False):
        corners = {
            point["price"]: point["pnl"] for rows in data_sets(spec) for point in rows if len(point) == 2
        }
        assert corners[row["put_short"]] == corners[row["call_short"]] == round(row["credit"], 2)
        assert corners[row["put_long"]] == round(row["credit"] - row["put_width"], 2)
