"""The pages say what the code says: their programs run, their tables are compared with what they describe."""

import doctest
import json
import pkgutil
import re
from importlib import import_module
from typing import get_args

import pytest
from pydantic import BaseModel

import alvh
import markdown_pages
from alvh import _core, bisection, chain, episode, equal_cost, figures, playbook, rules, signals
from alvh.errors import AlvhError
from alvh.figures import FIGURES, MARGIN_CALLS, PRICES, PROTECTION
from alvh.history import CHAIN_LIMITS, LIMITS, RECONSTRUCTED, vx
from alvh.history.columns import COLUMNS
from alvh.market import GBM, L3F, scenario, scenarios
from alvh.playbook import Liquidity, MarginCalls
from alvh.pricing import Status
from alvh.scenario import LIMITS as LIMITS_OF_A_SCENARIO

DOCS = markdown_pages.ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
MODEL_PAGES = sorted((DOCS / "models").glob("*.md"))
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(alvh.__path__, "alvh.")
    if not module.name.rpartition(".")[2].startswith("_")
)


@pytest.mark.parametrize("page", PAGES)
def test_programs_of_a_page_run(page):
    markdown_pages.run_python(f"docs/{page}")


@pytest.mark.parametrize("module", ["alvh", *MODULES])
def test_examples_in_docstrings(module):
    found = doctest.testmod(import_module(module))
    assert found.failed == 0


def test_every_page_is_in_the_contents():
    contents = markdown_pages.read("docs/index.md").split("```{toctree}\n")[1].split("```")[0]
    listed = [f"{name}.md" for name in contents.splitlines() if name and not name.startswith(":")]
    assert sorted([*listed, "index.md"]) == PAGES


def test_the_map_names_files_that_exist():
    """ARCHITECTURE.md writes paths from the root, rust/core/src or python/alvh; NAME is a placeholder."""
    bases = [markdown_pages.ROOT / base for base in (".", "rust/core/src", "python/alvh")]
    text = markdown_pages.read("ARCHITECTURE.md")
    paths = set(re.findall(r"(?<![\w/.])[\w/]+/[\w/]+\.(?:rs|py|toml|md|csv)", text))
    assert len(paths) > 30
    for path in paths:
        assert "NAME" in path or any((base / path).is_file() for base in bases), path


def test_figures():
    documented = [tuple(row) for row in markdown_pages.table("docs/figures.md", "figure | unit")]
    assert documented == [(figure.name, figure.unit, figure.meaning) for figure in FIGURES]


def test_figures_of_hedges():
    documented = [tuple(row) for row in markdown_pages.table("docs/figures.md", "hedge figure")]
    assert documented == [(name, *described) for name, described in PROTECTION.items()]


def test_figures_of_calls():
    documented = [tuple(row) for row in markdown_pages.table("docs/figures.md", "call figure")]
    assert documented == [(name, *described) for name, described in MARGIN_CALLS.items()]


def test_names_of_rules():
    documented = [tuple(row) for row in markdown_pages.table("docs/rules.md", "name")]
    assert documented == [(name.name, name.scope, name.unit, name.doc) for name in rules.names()]


def test_twenty_rules_compile():
    examples = markdown_pages.table("docs/rules.md", "rule | for")
    assert len(examples) == 20
    for text, place, _ in examples:
        assert rules.parse(text).check({"enter": "book", "exit": "position"}[place])


def test_limits_of_rules():
    page = markdown_pages.read("docs/rules.md")
    sizes = (rules.text.MAX_TEXT, rules.tree.MAX_NODES, rules.tree.MAX_DEPTH, rules.tree.MAX_WINDOW)
    assert (
        "at most {:,} characters, {:,} nodes, {} deep; a window at most {:,} sessions".format(*sizes) in page
    )


def test_parameters_of_markets():
    pages = ("docs/market.md", "docs/models/l3f.md", "docs/models/gbm.md")
    rows = [row for page in pages for row in markdown_pages.table(page, "parameter")]
    documented = [(path, default) for path, default, _ in rows]
    model = {f"gbm.{path}": default for path, default in _parameters(GBM().spec())}
    assert dict(documented) == dict(_parameters(L3F().spec())) | model


def _parameters(spec, above=""):
    for name, value in spec.items():
        if isinstance(value, dict):
            yield from _parameters(value, f"{above}{name}.")
        elif name != "model":
            yield f"{above}{name}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def test_columns_of_a_history():
    _, *documented = markdown_pages.table("docs/history.md", "column")
    assert documented == [
        [name, column.allowed, "yes" if column.required else "no"] for name, column in COLUMNS.items()
    ]


def test_columns_of_recorded_futures():
    documented = dict(markdown_pages.table("docs/history.md", "vx column"))
    assert tuple(documented) == vx.NAMES
    assert documented["settle"].startswith(vx.SETTLE.allowed)
    assert (
        f"a quarter to {'four' if vx.MOST_TIMES_VIX == 4 else '?'} times the day's VIX"
        in documented["settle"]
    )


def test_limits_of_a_history():
    lines = markdown_pages.read("docs/history.md").splitlines()
    assert [line for line in lines if line.startswith("- ") and line[2:] in LIMITS] == [
        f"- {limit}" for limit in LIMITS
    ]
    assert f"> {RECONSTRUCTED}" in lines
    vix_alone, *_, with_both = markdown_pages.table("docs/history.md", "contract")
    ends = [row[contract] for row in (vix_alone, with_both) for contract in (1, 7)]
    assert re.findall(r"\d\.\d", RECONSTRUCTED) == ends


def test_limits_of_recorded_quotes():
    lines = markdown_pages.read("docs/chain_history.md").split("## Limits")[1].splitlines()
    assert [line[2:] for line in lines if line.startswith("- ")] == [
        limit for limit in CHAIN_LIMITS if limit not in LIMITS
    ]


def test_recorded_prices():
    assert dict(markdown_pages.table("docs/figures.md", "prices | legs counted")) == PRICES


def test_episodes():
    documented = markdown_pages.table("docs/history.md", "episode")
    shipped = [(name, *episode.known(name)) for name in episode.episodes()]
    assert [tuple(row) for row in documented] == [tuple(map(str, row)) for row in shipped]
    assert f"start at least {episode.MATURE} sessions before" in markdown_pages.read("docs/history.md")


def test_scenarios():
    documented = [tuple(row) for row in markdown_pages.table("docs/stress.md", "scenario")]
    shipped = [scenario(name) for name in scenarios()]
    assert documented == [(f"{each.name}", each.about) for each in shipped]


def test_limits_of_a_scenario():
    lines = markdown_pages.read("docs/stress.md").splitlines()
    assert [line[2:] for line in lines if line[2:] in LIMITS_OF_A_SCENARIO] == list(LIMITS_OF_A_SCENARIO)


def test_keys_of_a_playbook():
    documented = [(key, default) for key, default, _ in markdown_pages.table("docs/playbooks.md", "key")]
    assert sorted(documented) == sorted(_keys(playbook.Layer))


def test_keys_of_ledgers():
    documented = [
        (key, default) for key, default, _ in markdown_pages.table("docs/playbooks.md", "in `[ledgers]`")
    ]
    assert documented == list(_keys(playbook.Ledgers))


@pytest.mark.parametrize(("name", "model"), [("calls", MarginCalls), ("liquidity", Liquidity)])
def test_keys_of_calls_and_liquidity(name, model):
    rows = markdown_pages.table("docs/playbooks.md", f"in `[{name}]`")
    fields = model.model_fields
    defaults = model().model_dump(mode="json")
    assert [(key, default) for key, default, _ in rows] == [
        (key, json.dumps(defaults[key])) for key in fields
    ]


def test_keys_of_governance_and_schedule():
    rows = markdown_pages.table("docs/playbooks.md", "in `[governance]`")
    described = dict(_keys(playbook.Governance)) | {"signals": "three of ours"}
    assert {key: default for key, default, _ in rows} == described
    signals = ", ".join(f"{name} = {json.dumps(rule)}" for name, rule in playbook.DEFAULT_SIGNALS.items())
    assert f"signals   = {{ {signals} }}" in markdown_pages.read("docs/playbooks.md")
    rows = markdown_pages.table("docs/playbooks.md", "in `[schedule]`")
    described = dict(_keys(playbook.Schedule)) | {"not_within": "{}"}
    assert {key: default for key, default, _ in rows} == described


def test_keys_of_the_cash_press():
    rows = markdown_pages.table("docs/playbooks.md", "in `[press]`")
    described = dict(_keys(playbook.CashPress)) | {"flags": "the four of R84", "sell": '"1/3"'}
    assert [(key, default) for key, default, _ in rows] == list(described.items())


def test_keys_of_equal_cost():
    documented = [
        (key, default) for key, default, _ in markdown_pages.table("docs/playbooks.md", "in `equal_cost`")
    ]
    fields = playbook.EqualCost.model_fields
    assert documented == [
        (name, "required" if field.is_required() else json.dumps(field.default))
        for name, field in fields.items()
    ]


def test_words_of_equal_cost():
    documented = [status for status, _ in markdown_pages.table("docs/playbooks.md", "status")]
    assert documented == list(get_args(bisection.Status))
    page = " ".join(markdown_pages.read("docs/playbooks.md").split())
    assert f"*Pilot*: {equal_cost.PILOT_PATHS:,} simulated paths" in page
    assert f"then up to {bisection.HALVINGS} halvings" in page
    assert f"within {bisection.TOLERANCE:.0%} of the matched arm's" in page


PARTS = {
    playbook.Layer: {
        "sell": playbook.Sell,
        "strikes": playbook.Strikes,
        "buy": playbook.Buy,
        "size": playbook.Size,
        "monetise": playbook.Rung,
        "progression": playbook.Progression,
        "roll_limits": playbook.RollLimits,
        "tranches": playbook.Tranche,
    },
    playbook.Buy: {"shift": playbook.Shift, "short": playbook.Short},
    playbook.Size: {
        "reduced": playbook.Reduced,
        "reductions": playbook.Reduced,
        "weight": playbook.Weight,
    },
    playbook.SleeveTable: {"budget_weight": playbook.Weight},
    playbook.Ledgers: {"sleeve": playbook.SleeveTable, "transfers": playbook.Transfer},
}
"""Keys of a playbook that are tables themselves."""


def _keys(model: type[BaseModel]):
    parts = PARTS.get(model, {})
    for name, field in model.model_fields.items():
        if name in parts:
            yield from ((f"{name}.{key}", default) for key, default in _keys(parts[name]))
        elif field.is_required():
            yield field.alias or name, "required"
        else:
            yield name, "none" if field.default is None else json.dumps(field.default)


def test_presets():
    documented = [tuple(row) for row in markdown_pages.table("docs/playbooks.md", "preset")]
    arms = [playbook.preset(name) for name in playbook.presets()]
    assert documented == [(arm.name, arm.about) for arm in arms]
    assert [arm.name for arm in arms] == list(playbook.presets())
    assert all(playbook.Arm.from_toml(arm.to_toml()) == arm for arm in arms)


def test_the_playbook_shown_is_one():
    blocks = markdown_pages.read("docs/playbooks.md").split("```toml\n")[1:]
    shown = [playbook.Arm.from_toml(block.split("```")[0]).name for block in blocks]
    assert shown == ["half_profit", "with_calls", "with_diagonals", "fewer_lots_for_a_stop"]


def test_status_of_an_implied_volatility():
    documented = [(row[0], row[1]) for row in markdown_pages.table("docs/pricing.md", "status")]
    assert documented == [(str(int(status)), status.name) for status in Status]


def test_kinds_of_arbitrage():
    documented = [tuple(row) for row in markdown_pages.table("docs/arbitrage.md", "kind")]
    assert documented == list(chain.ARBITRAGE.items())


def test_every_market_has_a_page():
    with pytest.raises(AlvhError) as refusal:
        _core.market_spec('{"model": ""}')
    known = set(re.findall(r"`(\w+)`", str(refusal.value).split("expected one of")[1]))
    assert {page.stem for page in MODEL_PAGES} == known - {"replay"} | {"history"}


@pytest.mark.parametrize("page", MODEL_PAGES, ids=lambda page: page.stem)
def test_what_a_page_of_a_market_has(page):
    """Formulas, evidence, a picture drawn when the pages are built, limits, and a row that leads there."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Formulas", "Evidence", "Pictures", "Limits"]
    assert f"(pictures/{page.stem}.svg)" in text
    assert f"(models/{page.stem}.md)" in markdown_pages.read("docs/market.md")
    assert f'"{page.stem}": ' in markdown_pages.read("scripts/model_pictures.py")


def test_named_signals():
    named = signals.registry().values()
    assert [tuple(row) for row in markdown_pages.table("docs/signals.md", "name")] == [
        (
            each.name,
            each.family,
            each.unit,
            each.period,
            str(each.lag_days),
            str(each.stale_days),
            each.source,
        )
        for each in named
    ]


def test_figures_of_condors_of_a_day_and_of_stops():
    for page, heading, figures_told in (
        ("one_day", "figure of a condor", figures.ONE_DAY),
        ("one_day", "figure of stops", figures.STOPS),
        ("figures", "figure of openings", figures.ENTRIES),
        ("figures", "figure of discipline", figures.DISCIPLINE),
        ("figures", "whipsaw figure", figures.WHIPSAW),
        ("figures", "pin figure", figures.PINS),
        ("figures", "dependence figure", figures.DEPENDENCE),
        ("figures", "history figure", figures.ONE_HISTORY),
        ("figures", "figure of rolls", figures.ROLLS),
        ("figures", "figure of rounding", figures.ROUNDING),
    ):
        documented = [tuple(row) for row in markdown_pages.table(f"docs/{page}.md", heading)]
        assert documented == [(name, unit, meaning) for name, (unit, meaning) in figures_told.items()]


_BY_SESSION = (
    ("beta figure", figures.BETA),
    ("return figure", figures.RETURNS),
    ("foresight figure", figures.FORESIGHT),
)


def test_figures_by_session():
    for heading, told in _BY_SESSION:
        documented = [tuple(row) for row in markdown_pages.table("docs/figures.md", heading)]
        assert documented == [(name, *described) for name, described in told.items()]


def test_terms_of_the_greek_view():
    documented = dict(markdown_pages.table("docs/figures.md", "greek term"))
    assert documented == figures.GREEK_TERMS
