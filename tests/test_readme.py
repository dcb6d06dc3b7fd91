"""What the README shows works, and what it quotes was measured."""

import importlib
import re

import pytest
import typer

import markdown_pages
from alvh import cli


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "page"), [("quote_readme", "README.md"), ("quote_one_day", "docs/one_day.md")]
)
def test_the_figures_quoted_are_those_of_today_s_engine(script, page):
    """After a change of engine or defaults: python scripts/SCRIPT.py, and read the prose again."""
    pytest.importorskip("arch")
    text = markdown_pages.read(page)
    assert importlib.import_module(script).refreshed(text) == text
