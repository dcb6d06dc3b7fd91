"""What the README shows works, and what it quotes was measured."""

import re

import polars as pl
import pytest
import typer

import markdown_pages
from alvh import cli
from alvh.comparison import Comparison, compare
from alvh.figures.words import amount, span
from alvh.market import L3F, History
from alvh.playbook import preset


def test_the_example_runs(capsys):
    markdown_pages.run_python("README.md")
    assert "At a margin share of 10%" in capsys.readouterr().out


def test_every_command_is_in_the_table():
    commands = typer.main.get_command(cli.app).commands
    assert [row[0] for row in markdown_pages.table("README.md", "command")] == [
        f"alvh {name}" for name in commands
    ]


def test_every_make_target_is_in_the_table():
    targets = re.search(r"^\.PHONY: (.*)$", markdown_pages.read("Makefile"), re.MULTILINE)
    documented = [row[0] for row in markdown_pages.table("README.md", "make target")]
    assert documented == [f"make {name}" for name in targets[1].split()]


def test_links_lead_to_files():
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", markdown_pages.read(page)):
            assert (markdown_pages.ROOT / target).exists(), f"{page}: {target}"


# The figures that the README quotes: a change of the engine or of a default must change them too.


@pytest.fixture(scope="module")
def demo() -> Comparison:
    arms = [preset(name) for name in cli.DEMO_ARMS]
    return compare(arms, L3F(vix=16), paths=cli.DEMO_PATHS, seed=cli.DEMO_SEED)


@pytest.mark.slow
def test_the_simulated_headline_is_the_one_quoted(demo):
    assert demo.headline() == markdown_pages.quotation("README.md", "simulated")


@pytest.mark.slow
def test_the_ladder_is_the_one_quoted(demo):
    for arm, *cells in markdown_pages.table("README.md", "arm"):
        rungs = demo.ladder().filter(pl.col("share").is_in([0.10, 0.35, 0.70]), arm=arm, figure="distress")
        assert cells == [_with_span(row, "probability") for row in rungs.iter_rows(named=True)]


@pytest.mark.slow
def test_the_returns_are_those_quoted(demo):
    plain = {row["figure"]: row for row in demo.summary().filter(arm="plain").iter_rows(named=True)}
    text = " ".join(markdown_pages.read("README.md").split())
    assert f"plain earns {_with_span(plain['return_on_nav'], 'a year')}" in text
    assert f"which is {_with_span(plain['return_on_margin'], 'a year')} on its margin" in text


@pytest.mark.slow
def test_the_history_is_the_one_quoted():
    pytest.importorskip("arch")
    arms = [preset(name) for name in cli.DEMO_ARMS]
    replayed = compare(arms, History.bundled(), seed=cli.DEMO_SEED)
    assert replayed.headline() == markdown_pages.quotation("README.md", "history")
    lowest = {
        row["arm"]: amount(row["return_min"], "a year")
        for row in replayed.history().counts.iter_rows(named=True)
    }
    words = f"{lowest['martingale_recoup']} with martingale_recoup against {lowest['plain']} with plain"
    assert words in " ".join(markdown_pages.read("README.md").split())


def _with_span(row, unit):
    return f"{amount(row['estimate'], unit)} ({span(row['low'], row['high'], unit)})"
