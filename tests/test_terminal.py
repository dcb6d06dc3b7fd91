"""The terminal report: complete, honest in its wording, and inside its width."""

import subprocess
import sys
from datetime import date
from io import StringIO

import polars as pl
import pytest
from rich.cells import cell_len
from rich.console import Console

import alvh as av
from alvh import figures
from alvh.compared.told import Trace
from alvh.figures.words import percent
from alvh.report import DISCLAIMER, terminal
from alvh.report.console import _what_was_run, print_trace
from synthetic_paths import CAPITAL, RISKINESS, SESSIONS, rolling_paths, synthetic_paths

SHARE = 0.5
PATHS = synthetic_paths().sort("arm", "share", "path")
LADDER = figures.ladder(PATHS)
CAPACITY = figures.capacity(LADDER)
SUMMARY = figures.summary(PATHS, CAPITAL, SESSIONS, SHARE)
AGAINST = figures.against(PATHS, CAPITAL, SESSIONS, SHARE)
ATTRIBUTION = figures.attribution(PATHS, CAPITAL, SESSIONS, SHARE)
HISTORY = figures.history_summary(rolling_paths(), CAPITAL, SESSIONS, SHARE)
RIVAL = {
    "to": "stop_2x",
    "vary": "lots",
    "value": 0.4375,
    "status": "nearest",
    "drag": 0.0123,
    "target": 0.02,
}
RIVALS = figures.equal_cost(
    {"fewer_lots_equal_mean": {**RIVAL, "evaluations": 10, "digest": "", "words": ""}}, AGAINST
)
PILOT = "2,048 paths of 252 sessions, L3F(vix=16, spot=5000), seed 12547360233679333265"
HEADLINE = figures.headline(LADDER, CAPACITY, AGAINST, base_share=SHARE)

RENDERABLES = {
    "headline": terminal.headline_panel(HEADLINE),
    "ladder": terminal.ladder_table(LADDER),
    "capacity": terminal.capacity_table(CAPACITY),
    "summary": terminal.summary_table(SUMMARY),
    "figures": terminal.figures_table(),
    "against": terminal.against_table(AGAINST),
    "attribution": terminal.attribution_table(ATTRIBUTION),
    "equal_cost": terminal.equal_cost_table(RIVALS, "plain", PILOT),
    "history": terminal.history_tables(HISTORY),
    "limits": terminal.limits_list(["The skew is a template.", "No intraday spikes. " * 12]),
    "disclaimer": terminal.disclaimer(),
}


def shown(renderable, width=100):
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("name", RENDERABLES)
def test_inside_the_width_and_nothing_cut(name, width):
    text = shown(RENDERABLES[name], width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text


def test_one_path_of_one_session_is_told_as_one():
    few = av.compare([av.preset("plain")], av.market.GBM(), paths=1, sessions=1, shares=[0.1], surface_band=0)
    assert _what_was_run(few).startswith("GBM: 1 path of 1 session, capital")


def test_every_table_names_every_arm():
    for name in ("ladder", "capacity", "summary", "attribution", "history"):
        squeezed = shown(RENDERABLES[name], 200)
        for arm in RISKINESS:
            assert all(part in squeezed for part in arm.split("_")), (name, arm)


def test_ladder_flags_the_kind_met_most_often():
    def rung(opened=9.0, **hits):
        counts = {"refused": 0, "call": 0, "forced": 0, "ruin": 0} | hits
        counts["distress"] = max(counts.values())
        frame = pl.DataFrame({"figure": list(counts), "hits": list(counts.values())})
        estimates = {"arm": pl.lit("a"), "share": pl.lit(0.1), "low": pl.lit(0.0), "high": pl.lit(0.5)}
        estimates["opened"] = pl.lit(opened)
        frame = frame.with_columns(estimate=pl.col("hits") / 100, **estimates)
        return shown(terminal.ladder_table(frame)).split("─\n")[1].splitlines()[0]

    assert rung().split() == ["a", "0%"]
    assert rung(opened=0.0).split() == ["a", "no", "trade"]
    assert rung(call=3).split() == ["a", "3.00%", "c"]
    assert rung(refused=4, call=3).split() == ["a", "4.00%", "o"]
    assert rung(call=3, forced=3, ruin=3).split() == ["a", "3.00%", "r"]


def test_ladder_without_intervals_claims_no_probabilities():
    text = shown(terminal.ladder_table(figures.ladder(PATHS, independent=False)))
    assert "Share of the rolling starts" in text
    assert "–" not in text


def test_summary_shows_estimates_and_intervals():
    text = shown(RENDERABLES["summary"], 200)
    assert all(figure.name in text for figure in figures.FIGURES)
    row = SUMMARY.filter(arm="plain", figure="p_distress").row(0, named=True)
    assert (row["estimate"], text.count("7.21–13.1%")) == (0.0975, 2)  # distress and refused agree here


def test_narrow_consoles_get_more_tables():
    titles = [shown(RENDERABLES["summary"], width).count("Figures at") for width in (80, 120)]
    assert titles == [2, 1]


def test_history_shows_the_warning_and_no_interval():
    text = shown(RENDERABLES["history"], 120)
    assert "not independent" in text
    assert "–" not in text
    assert "longest of" in text


def test_equal_cost_shows_both_costs_on_both_paths_and_whose_they_are():
    text = shown(RENDERABLES["equal_cost"], 120)
    cells = [line.split() for line in text.split("─\n")[1].splitlines()[:2]]
    here = {
        arm: 0.0 - row
        for arm, row in AGAINST.filter(figure="return_on_nav").select("arm", "estimate").iter_rows()
    }
    assert cells == [
        ["fewer_lots_equal_mean", "lots", "1.23%", percent(here["fewer_lots_equal_mean"]), "not", "equal"],
        ["stop_2x", "0.4375", "2.00%", percent(here["stop_2x"]), "nearest"],
    ]
    assert PILOT in " ".join(text.split())


def test_markup_in_a_name_is_text():
    odd = {"arm": pl.lit("[red]x[/red]")}
    for table in (
        terminal.capacity_table(CAPACITY.filter(arm="plain").with_columns(**odd)),
        terminal.summary_table(SUMMARY.filter(arm="plain").with_columns(**odd)),
        terminal.against_table(AGAINST.filter(arm="stop_2x").with_columns(**odd)),
    ):
        assert "[red]x[/red]" in shown(table)


def events(*layers):
    one = {"date": date(2025, 1, 7), "event": "open", "reason": "schedule", "lots": 10.0, "price": 1.5}
    one |= {"pnl": None, "expiry": date(2025, 2, 21), "strikes": [4755.0]}
    return pl.DataFrame([one | {"layer": layer} for layer in layers])


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (["core", "core"], ["schedule", "schedule"]),
        (["core", "calls"], ["core: schedule", "calls: schedule"]),
    ],
)
def test_a_trace_says_which_layer_did_it_where_there_are_several(layers, told):
    ledger = pl.DataFrame({"date": [date(2025, 1, 7)], "nav": [1e6], "cash": [1e6], "requirement": [0.0]})
    console = Console(file=StringIO(), width=120, color_system=None)
    print_trace(console, Trace(ledger=ledger, events=events(*layers)))
    rows = [line for line in console.file.getvalue().splitlines() if line.startswith("2025-01-07  ")]
    assert [next(part for part in row.split("  ") if "schedule" in part).strip() for row in rows] == told


def test_disclaimer_recommends_nothing():
    assert "recommends no trade" in DISCLAIMER
    assert DISCLAIMER in " ".join(shown(RENDERABLES["disclaimer"], 400).split())


def test_importing_alvh_imports_no_report():
    code = "import sys, alvh; sys.exit(any(name.startswith(('alvh.report', 'rich')) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
