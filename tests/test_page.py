"""The HTML page: whole, self-contained, and every number of it one of the comparison's."""

import dataclasses
import re

import altair as alt
import polars as pl
import pytest
import vl_convert

import alvh as av
from alvh import figures
from alvh.errors import AlvhError, ReportError, SpecError
from alvh.figures.fans import QUANTILES
from alvh.figures.words import amount, percent, share_of_nav, span
from alvh.report import ABSENT, DISCLAIMER, QUESTION, page
from alvh.report.page import timeline
from page_samples import SHARES, Read, data_sets, drawn, replayed, simulated
from run_samples import command, refused


@pytest.fixture(scope="module")
def text():
    return page.page([simulated(), replayed()])


@pytest.fixture(scope="module")
def read(text):
    return Read(text)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    """The tables of the simulation as a run writes them."""
    folder = tmp_path_factory.mktemp("tables")
    simulated().to_parquet(folder)
    return {path.stem: pl.read_parquet(path) for path in folder.iterdir()}


def written(row, unit=None):
    unit = unit or row["unit"]
    return f"{amount(row['estimate'], unit)}\n{span(row['low'], row['high'], unit)}".rstrip()


# Whole and self-contained


def test_it_needs_nothing_else(text, read):
    assert all(address.startswith("#") for address in read.addresses)
    assert not {"link", "img", "iframe", "object", "base"} & read.tags
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(", text[: text.index("</style>")])
    assert len(text) < 3_000_000


def test_links_lead_to_what_is_there_and_ids_are_unique(read):
    assert len(read.ids) == len(set(read.ids))
    assert {address[1:] for address in read.addresses} <= set(read.ids)


def test_the_answer_comes_first_and_the_disclaimer_last(text):
    """R90, R91."""
    body = text[text.index("<body>") :]
    assert body.index(f"<h1>{QUESTION}</h1>") < body.index("<figure")
    told = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", body.replace("&#39;", "'")))
    for result in (simulated(), replayed()):
        for sentence in re.split(r"(?<=\.) ", result.headline()):
            assert sentence in told
    assert body.index("<footer>") < body.index(DISCLAIMER)


def test_limits_and_what_is_absent_stand_on_the_page(text):
    for sentence in (*ABSENT, *simulated().limits, *replayed().limits):
        assert sentence.replace("'", "&#39;").replace("&", "&amp;").replace("&amp;#39;", "&#39;") in text
    assert any("closed for lack of data" in limit for limit in simulated().limits)


def test_the_manifest_is_told(read):
    manifest = simulated().manifest
    said = {row[0]: row[1] for row in read.tables["Manifest: Simulation: L3F"][1:]}
    assert said["plan"] == manifest["plan"]
    assert said["seed"] == "5"
    assert {row[0]: row[1] for row in read.tables["Digests"][1:]} == manifest["digests"]


def test_equal_comparisons_give_equal_pages(text):
    assert page.page([simulated(), replayed()]) == text


def test_every_chart_compiles_and_has_a_description(text, read):
    specs = [spec for each in read.specs.values() for spec in each]
    assert len(re.findall('class="chart" role="img" aria-label="[^"]', text)) == len(specs) > 20
    for spec in specs:
        assert vl_convert.vegalite_to_vega(spec)["marks"]
        alt.LayerChart.from_dict(spec)  # raises where it is no Vega-Lite: the page leaves that to this test


def test_what_a_run_names_cannot_become_markup(monkeypatch):
    result = simulated()
    hostile = "</script><script>alert(1)</script><b title='\"&"
    facts = {**result.task.facts, "limits": [hostile], "market": hostile}
    other = dataclasses.replace(result, task=dataclasses.replace(result.task, facts=facts))
    monkeypatch.setattr(av.Comparison, "label", lambda self, arm: f"{hostile}{arm}")
    text = page.page([other])
    assert hostile not in text
    assert "<script>alert" not in text.lower()
    assert drawn(Read(text).specs["simulation-1-ladder"][0])[0]["arm"].startswith(hostile)


# Numbers


def test_ladder_is_the_parquet_file(read, parquet):
    rungs = parquet["ladder"].filter(figure="distress")
    shown = {
        (row["arm"].rstrip("*"), row["share"]): row for row in drawn(read.specs["simulation-1-ladder"][0])
    }
    assert len(shown) == rungs.filter(pl.col("opened") > 0).height > 0
    cells = {
        row[0].rstrip("*"): row[1:]
        for row in read.tables["The same in figures, with the kind of distress met most often"]
    }
    for row in rungs.filter(pl.col("opened") > 0).iter_rows(named=True):
        assert {name: shown[row["arm"], row["share"]][name] for name in row if name != "arm"} == {
            name: value for name, value in row.items() if name != "arm"
        }
        cell = cells[row["arm"]][SHARES.index(row["share"])]
        assert cell.split(" · ")[0] == written(row, "probability")
    assert cells["arm"] == [share_of_nav(share) for share in SHARES]


def test_summary_is_the_parquet_file(read, parquet):
    header, *rows = read.tables["Every figure at a margin share of 10%"]
    wanted = {(row["arm"], row["figure"]): written(row) for row in parquet["summary"].iter_rows(named=True)}
    found = {
        (arm.rstrip("*"), row[0].split("\n")[0]): cell
        for row in rows
        for arm, cell in zip(header[1:], row[1:], strict=True)
    }
    assert found == wanted


def test_differences_premium_and_capacity_are_the_parquet_files(read, parquet):
    against = parquet["against"].filter(figure="return_on_nav")
    assert [row["estimate"] for row in drawn(read.specs["simulation-1-cost"][0])] == against[
        "estimate"
    ].to_list()
    rows = read.tables["Each arm less plain"][1:]
    assert [row[5] for row in rows] == [written(row) for row in against.iter_rows(named=True)]
    tests = parquet["against"].filter(figure="p_distress")
    assert [row[2:4] for row in rows] == [[f"{a:,}", f"{b:,}"] for a, b in tests.select("n01", "n10").rows()]
    words = parquet["capacity"].filter(arm="martingale_add").select("capacity_words", "shown_words").rows()
    table = read.tables["Capacity: the largest margin share with P(distress) within a level"]
    assert ["martingale_add", *(word for pair in words for word in pair)] in table
    premium = parquet["premium"].filter(figure="return_on_nav", arm="plain")
    table = read.tables["Return on NAV a year above bills, by equity risk premium"]
    assert table[1] == ["plain", *(written(row) for row in premium.iter_rows(named=True))]


def test_attribution_is_the_parquet_file_and_stacks_to_the_total(read, parquet):
    rows = drawn(read.specs["simulation-1-attribution"][0])
    assert [row["estimate"] for row in rows] == parquet["attribution"]["estimate"].to_list()
    for arm in {row["arm"] for row in rows}:
        *parts, total = [row["estimate"] for row in rows if row["arm"] == arm]
        assert sum(parts) == pytest.approx(total, abs=1e-12)


def test_peaks_are_the_parquet_file_and_agree_with_the_summary(read, parquet):
    peaks, summary = parquet["peaks"], parquet["summary"]
    rows = drawn(read.specs["simulation-1-peaks"][0])
    assert [[row[name] for name in QUANTILES] for row in rows] == [
        list(row) for row in peaks.select(*QUANTILES).rows()
    ]
    for figure, column in (
        ("peak_multiple_median", "q50"),
        ("peak_multiple_95", "q95"),
        ("peak_multiple_max", "largest"),
    ):
        assert summary.filter(figure=figure)["estimate"].to_list() == peaks[column].to_list()


def test_fans_are_those_of_the_comparison(read):
    fans = simulated().fans()
    for measure in ("nav", "usage", "hedge", "committed"):
        wanted = fans.filter(measure=measure)
        shown = [row for spec in read.specs[f"simulation-1-{measure}"] for row in drawn(spec)]
        assert [[row["session"], row["q05"], row["q95"]] for row in shown] == [
            list(row) for row in wanted.select("session", "q05", "q95").rows()
        ]
    assert fans.filter(measure="hedge")["arm"].unique().to_list() == ["alvh_0"]


def test_hedges_are_shown_where_there_are_any(read):
    """R22, R61: verdicts, cost, coverage, limits, layers, and nothing of them for arms without a hedge."""
    protection = simulated().protection()
    assert protection["arm"].unique().to_list() == ["alvh_0"]
    limits = protection.filter(pl.col("figure").str.starts_with("bound_"))
    assert limits["estimate"].sum() == pytest.approx(1)
    rows = drawn(read.specs["simulation-1-limits"][0])
    assert [row["estimate"] for row in rows] == limits["estimate"].to_list()
    assert [{"arm": "alvh_0", "mark": 0.015}] in data_sets(read.specs["simulation-1-hedge-cost"][0])
    words = tuple(read.tables["The hedges in words, at a margin share of 10%"][1])
    assert words == figures.protection_words(protection).row(0)
    layers = read.tables["Mean P&L a year by layer, without interest"][1:]
    assert [row[1] for row in layers] == simulated().layer_pnl()["layer"].to_list()
    assert not [name for name in read.specs if name.startswith("history") and "hedge" in name]


def test_a_history_has_counts_and_no_interval(read):
    ladder = drawn(read.specs["history-2-ladder"][0])
    assert {row["low"] for row in ladder} == {None}
    counts = replayed().history().counts
    table = {row[0]: row[1:] for row in read.tables["Rolling starts of one history"]}
    assert table["return min"] == [percent(value) for value in counts["return_min"]]
    assert "history-2-cost" not in read.specs


def test_close_only_stops_carry_a_star_everywhere(read):
    """R13."""
    names = {
        row["arm"] for specs in read.specs.values() for spec in specs for row in drawn(spec) if "arm" in row
    }
    assert "stop_2x*" in names
    assert "stop_2x" not in names


# One start, day by day


def test_the_worst_start_is_told_unless_another_is_given(read):
    result = replayed()
    told = timeline.chosen(result)
    counts = result.history().counts.sort("return_min")
    assert (told.arm, told.start) == counts.select("arm", "worst_start").row(0)
    nav = drawn(read.specs["history-2-timeline"][1])
    ledger = result.trace(told.path, told.arm).ledger
    ours = [row["share"] for row in nav if row["arm"] == result.label(told.arm)]
    assert ours == (ledger["nav"] / result.capital).to_list()
    other = result.paths().collect()["start"][-1]
    assert timeline.chosen(result, other).start == other
    assert f"One start, day by day: {other} to" in page.page([result], start=other)


def test_a_start_that_is_none_is_refused():
    with pytest.raises(SpecError, match="start = 2024-06-01: the rolling starts run from 2024-01-"):
        page.page([replayed()], start=timeline.date(2024, 6, 1))
    with pytest.raises(SpecError, match="no comparison of this page is of a history"):
        page.page([simulated()], start=timeline.date(2024, 6, 3))


def test_tranches_are_openings_with_their_ends():
    told = simulated().trace(3, "alvh_0", 0.10)
    last = told.ledger["date"][-1]
    held = timeline.tranches(told.events, last)
    opened = told.events.filter(event="open")
    assert held.height == opened.height > 0
    assert sorted(held["opened"]) == sorted(opened["date"])
    assert (held["ended"] >= held["opened"]).all()
    ended = told.events.filter(pl.col("event").is_in(["settle", "close"]))
    assert held["pnl"].drop_nulls().sum() == pytest.approx(ended["pnl"].sum())
    assert (held.filter(pl.col("pnl").is_null())["ended"] == last).all()


# Claims


def test_claims_have_a_section(tmp_path):
    row = {
        "id": "R15", "claim": "Doubling peaks.", "variant": "uncapped", "claimed": "4 to 6", "measured": 4.5,
        "low": 4.25, "high": 4.75, "unit": "median multiple", "n": 96, "market": "L3F", "reading": "inside",
        "readings": [{"market": "L3F", "measured": 4.5, "reading": "inside"}],
        "verdict": "undecided", "why": "one model",
    }  # fmt: skip
    missing = {
        **dict.fromkeys(row),
        "id": "R5",
        "claim": "It earns.",
        "verdict": "not yet computable",
        "why": "needs x",
    }
    text = page.page([simulated()], audit=pl.DataFrame([row, missing]))
    assert Read(text).tables["R15: Doubling peaks."][1] == [
        "uncapped",
        "4 to 6\nmedian multiple",
        "4.50\n4.25–4.75",
        "96",
        "inside in all",
        "undecided",
    ]
    assert "R5: It earns. (needs x)" in text


# Writing


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("earlier")
    monkeypatch.setattr(page, "page", lambda *_, **__: "\ud800")  # cannot be encoded
    with pytest.raises(UnicodeEncodeError):
        simulated().to_html(path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("report.html", "earlier")]
    monkeypatch.undo()
    simulated().to_html(path)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert len(list(tmp_path.iterdir())) == 1


def test_places_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ReportError, match=r"a folder: give a file, such as .*report\.html"):
        simulated().to_html(tmp_path)
    with pytest.raises(ReportError, match=r"there is no folder .*absent"):
        simulated().to_html(tmp_path / "absent" / "report.html")
    with pytest.raises(ReportError, match="a page shows at least one"):
        page.page([])
    assert issubclass(ReportError, AlvhError)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "NEEDED", ("altair", "no_such_package"))
    with pytest.raises(ReportError, match=r"needs no_such_package.*pip install 'alvh\[report\]'"):
        simulated().to_html(tmp_path / "report.html")


def test_the_command_writes_it_or_refuses_before_it_computes(tmp_path):
    quick = ("compare", "--arm=plain", "--paths=32", "--sessions=21", "--shares=0.1")
    path = tmp_path / "report.html"
    ran = command(*quick, f"--report={path}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == f"Report: {path}"
    assert "The same in figures, with the kind of distress met most often" in Read(path.read_text()).tables
    words = refused(*quick, "--paths=100000000", f"--report={tmp_path}/absent/report.html")
    assert "there is no folder" in words
    assert "a folder" in refused("demo", "--paths=100000000", f"--report={tmp_path}")


@pytest.fixture(scope="module")
def called():
    """A book too large for its cash beside the same without forced closings, with a bar in each session."""
    plain = av.preset("plain")
    few = {"paths": 32, "sessions": 42, "shares": [0.70], "surface_band": 0, "margin": "portfolio"}
    bar = av.WorstBar()
    return av.compare([plain, plain.held()], av.market.L3F(vix=30), worst_bar=bar, **few)


def test_margin_calls_are_those_of_the_comparison(called, read):
    """R12, R17, R65: calls, what they led to, their cost, at the bar and by state; sizes by both rules."""
    shown, size = Read(page.page([called])).tables, "at a margin share of 70%"
    calls = called.margin_calls()
    assert calls.filter(figure="calls")["estimate"].min() > 0
    table = {
        row[0].split("\n")[0]: row[1:]
        for row in shown[f"Margin calls, what they led to, and liquidity, {size}"]
    }
    for name in ("calls", "closed_forced"):
        assert table[name] == [written(row) for row in calls.filter(figure=name).iter_rows(named=True)]
    forced = shown[f"Closing by force against holding on the same paths, {size}"][1:]
    assert [row[1] for row in forced] == [written(row) for row in called.forced_cost().iter_rows(named=True)]
    bars = shown["P(call at the worst bar of a session), by margin share"][1:]
    wanted = [written(row, "probability") for row in called.bar_calls().iter_rows(named=True)]
    assert [row[1] for row in bars] == wanted
    rates = shown[f"Margin calls by the state of the session, {size}"][1:]
    states = called.call_rates("plain").filter(pl.col("calls") > 0)
    assert [row[4] for row in rates if row[0] == "plain"] == [f"{count:,}" for count in states["calls"]]
    sizes = shown["Two sizes: by the worst drawdown, and by P(distress)"][1:]
    assert [row[3] for row in sizes] == called.sizing()["words"].to_list()
    assert not [title for title in read.tables if "worst bar" in title]
