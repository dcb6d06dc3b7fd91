"""The harness of `make bench` on a few options, without the libraries it times, and what it left behind."""

import json
import os
import re

import numpy as np
import pytest

import markdown_pages
from alvh import pricing
from benches import pages
from benches.pages import RESULTS, quoted
from benches.pricing import accuracy, schedule, table
from benches.pricing.__main__ import PAGE, RAW, draw
from benches.pricing.entrants import ALL, AVX2, NUMPY, SUBJECT, Entrant
from benches.pricing.inputs import LEAST_PRICE, SPOT, hard, load, market, out_of_the_money, save
from benches.pricing.reference import GREEKS, references
from benches.pricing.results import SLICE_ROWS, Results, slices
from benches.pricing.targets import Target, targets
from benches.pricing.worker import timed

ROOT = markdown_pages.ROOT
FEW = 40


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benches.pricing.__main__.WORK", folder)
        patch.setattr("benches.pricing.__main__.HARD_ROWS", 2 * FEW)
        drawn = draw(2 * FEW, FEW)
    save(drawn, folder / "inputs")
    return drawn, folder


def test_draws_are_seeded_and_kept(inputs):
    drawn, folder = inputs
    for name, columns in load(folder / "inputs").items():
        assert np.array_equal(columns.price, drawn[name].price)
        assert np.array_equal(columns.forward, drawn[name].forward)


def test_options_are_what_the_page_says():
    rng = np.random.default_rng(7)
    asked = out_of_the_money(500, rng)
    assert asked.price.min() >= LEAST_PRICE
    assert np.all(asked.call == (asked.strike >= asked.forward))
    far = hard(2000, rng)
    assert np.all(far.forward == SPOT)
    assert np.all(far.discount == 1)
    deviations = np.abs(np.log(far.strike / SPOT)) / (far.vol * np.sqrt(far.years))
    assert 30 < deviations.max() <= 35 * (1 + 1e-12)
    assert np.isclose(far.years.min(), 1e-4, rtol=1e-12)


def test_impossible_prices_are(inputs):
    drawn, _ = inputs
    c = drawn["impossible"]
    terms = (c.price, c.forward, c.strike, c.years, c.sign)
    _, status = pricing.implied_vol(*terms, discount=c.discount, status=True)
    assert set(status) == {pricing.Status.BELOW_INTRINSIC, pricing.Status.ABOVE_MAX}


def test_references_agree_with_the_library_and_with_each_other(tmp_path):
    c = market(FEW, np.random.default_rng(3))
    truth = references(c, tmp_path)
    forward, spot = truth["forward"].greeks, truth["spot"].greeks
    ours = pricing.greeks(c.forward, c.strike, c.years, c.vol, c.sign, discount=c.discount)
    assert tuple(ours._fields) == GREEKS
    assert accuracy.of_the_largest(ours._asdict(), forward).worst < 1e-12

    def close(a, b):
        assert np.abs(a - b).max() <= 1e-12 * np.abs(b).max()

    growth = c.forward / SPOT
    close(spot["price"], forward["price"])
    close(spot["delta"], growth * forward["delta"])
    close(spot["gamma"], growth**2 * forward["gamma"])
    close(spot["vega"], forward["vega"])
    close(spot["rho"], forward["rho"] + c.years * c.forward * forward["delta"])
    diffusion = 0.5 * c.vol**2 * SPOT**2 * spot["gamma"]
    carry = (c.rate - c.dividend) * SPOT * spot["delta"]
    close(spot["theta"], c.rate * spot["price"] - carry - diffusion)


def test_references_are_computed_once(tmp_path):
    c = market(2, np.random.default_rng(3))
    first = references(c, tmp_path)
    (kept,) = tmp_path.glob("reference-*.npz")
    stamp = kept.stat().st_mtime_ns
    again = references(c, tmp_path)
    assert kept.stat().st_mtime_ns == stamp
    assert np.array_equal(first["spot"].price, again["spot"].price)


def test_relative_errors_count_what_is_no_number():
    truth = np.array([1.0, 2.0, 1e-9])
    assert accuracy.relative(truth * 1.5, truth, above=0.01).worst == 0.5
    assert accuracy.relative(np.array([np.nan, 2.0, 0.0]), truth, above=0.01) == accuracy.Error(None, 1)


def test_errors_of_the_largest():
    found = {"delta": np.array([1.0, -0.5]), "gamma": np.array([0.0, 3.0])}
    truth = {"delta": np.array([1.0, -1.0]), "gamma": np.array([0.0, 4.0])}
    assert accuracy.of_the_largest(found, truth).worst == 0.5


def test_implied_vols_are_judged_by_what_the_price_determines():
    vol = np.full(5, 0.2)
    price, vega = np.array([1.0, 1.0, 1.0, 1.0, 1e-300]), np.full(5, 10.0)
    vega[3] = 1e-16  # the price says nothing of the volatility
    unit = accuracy.HALF_UNIT * (0.1 + 0.2)  # price/vega and the volatility itself
    judged = accuracy.implied_vol(
        np.array([0.2 + 8 * unit, 0.2 * (1 + 1e-8), np.nan, 9.0, 9.0]), vol, price, vega
    )
    assert (judged.solvable, judged.wrong, judged.missing) == (3, 1, 1)
    assert judged.units == pytest.approx(8.0, abs=0.5)  # 0.2 holds them to 2⁻⁵⁵
    assert judged.unsolved == pytest.approx(2 / 3)


def test_timings_count_calls(monkeypatch):
    """By a clock that only calls move: a timing is 2,000 calls of a microsecond, 0.01 seconds are five."""
    calls = []
    monkeypatch.setattr("benches.pricing.worker.time.perf_counter", lambda: len(calls) * 1e-6)
    times = timed(lambda: calls.append(0), 0.0099)
    assert times == pytest.approx([1e-6] * 5)
    assert 10_000 <= len(calls) <= 10_010
    calls.clear()
    assert timed(lambda: calls.extend([0] * 500_000), 0.4) == pytest.approx([0.5])  # at least one
    calls.clear()
    assert len(timed(lambda: calls.extend([0] * 2_500), 0.4)) == 9


def test_a_run_in_small(inputs, tmp_path, monkeypatch):
    drawn, folder = inputs
    monkeypatch.setattr(schedule, "SECONDS", 0.0)
    absent = Entrant("absent", "absent")
    told = []
    found = schedule.run([SUBJECT, NUMPY, absent], folder / "inputs", 1, tell=told.append)
    assert "absent" in found[absent.name].problem
    assert set(found[NUMPY.name].times) >= {"price, market", "implied_vol, otm", "price, small"}
    words = ("processor", "simd", "system", "python", "numpy", "alvh", "date")
    machine = dict.fromkeys(words, "here") | {"simd": "avx2", "cores": 1, "rows": FEW, "rounds": 1}
    Results.of(found, drawn, machine).write(tmp_path / "raw.json")
    results = Results.read(tmp_path / "raw.json")
    assert results.error(SUBJECT, "implied_vol, hard", "unsolved") == 0
    assert results.error(NUMPY, "implied_vol, impossible", "answered") == 1
    monkeypatch.setattr(table, "PEERS", (NUMPY, absent))
    page = table.page(results)
    assert "| absent | not installed: ModuleNotFoundError" in page
    assert re.search(r"\| NumPy \+ SciPy \| [\d.,]+ \([\d.,]+\) · [\d.]+× \|", page)
    assert "| price, AVX-512 | ≤ 6.5 ns | – | – | not measured |" in page
    assert "| impossible prices answered by a number | ≤ 0 | 0 | – | met |" in page
    text = f"above\n{table.BEGIN}\nold\n{table.END}\nbelow\n"
    assert table.placed(text, table.shown(results)) == f"above\n{table.shown(results)}below\n"
    with pytest.raises(ValueError, match="put the two lines where the tables belong"):
        table.placed("no markers", "")


def test_verdicts_are_computed():
    assert Target("", 6.5, 6.5).verdict == "met"
    assert Target("", 6.5, 6.6).verdict == "**missed**"
    assert Target("", 8.0, 7.9, least=True).verdict == "**missed**"
    assert Target("", 8.0, 8.0, least=True).verdict == "met"
    assert Target("", 1.0, None).verdict == "not measured"
    assert Target("", 1.0, float("inf")).verdict == "**missed**"


def test_an_instruction_set_that_is_not_checked_meets_nothing():
    raw = json.loads(RAW.read_text(encoding="utf-8"))
    about = "price, hard set: relative error"
    (before,) = (each for each in targets(Results(raw)) if each.what == about)
    assert before.verdict == "met"
    raw["entrants"][AVX2.name]["errors"] = {}
    (after,) = (each for each in targets(Results(raw)) if each.what == about)
    assert after.verdict == "**missed**"
    raw["entrants"][AVX2.name]["times"] = {}  # a processor without it
    (without,) = (each for each in targets(Results(raw)) if each.what == about)
    assert without.verdict == "met"


def test_slices_older_than_the_code_are_not_shown(tmp_path):
    for variant, age in (("avx2", 0), ("baseline", 1)):
        sample = tmp_path / f"pricing {variant}" / "price" / "new" / "sample.json"
        sample.parent.mkdir(parents=True)
        sample.write_text(json.dumps({"iters": [1, 2, 4], "times": [3e3, 4e3, 4e3]}), encoding="utf-8")
        if age:
            os.utime(sample, (0, 0))
    found = slices(tmp_path)
    assert set(found) == {"avx2"}
    assert found["avx2"]["price"] == {"median": pytest.approx(2e-6), "least": pytest.approx(1e-6)}
    results = Results({"machine": {}, "entrants": {}, "slices": found})
    assert results.slice_ns("avx2", "price") == pytest.approx(2e3 / SLICE_ROWS)


def test_the_tables_are_those_of_the_last_results():
    results = Results.read(RAW)
    assert PAGE.read_text(encoding="utf-8") == table.page(results)
    assert table.shown(results) in markdown_pages.read("README.md")
    assert set(results.raw["entrants"]) == {each.name for each in ALL}
    assert all(each.verdict in {"met", "**missed**", "not measured"} for each in targets(results))


def test_every_adapter_is_asked():
    adapters = {path.stem for path in (ROOT / "benches/pricing/peers").glob("*.py")} - {"__init__"}
    assert adapters == {each.module for each in ALL}


def test_peers_are_pinned_by_name_and_version_only():
    lines = markdown_pages.read("benches/peers.txt").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert len({pin.split("==")[0].lower() for pin in pins}) == len(pins)


@pytest.mark.parametrize(("name", "page"), [("score", "docs/scoring.md"), ("scaling", "docs/scaling.md")])
def test_pages_quote_the_tables_that_were_measured(name, page):
    """`make bench` and `benches/scaling.py --write` write both."""
    measured = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
    assert quoted(name, markdown_pages.read(page)).strip() == measured.strip()
    with pytest.raises(ValueError, match=f"no <!-- bench: {name} -->"):
        quoted(name, "no markers")


def test_a_table_replaces_what_stood_between_its_markers_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    page = "a\n\nb\n\n<!-- bench: x -->\n\n<!-- end of bench: x -->\n\nc\n"
    (tmp_path / "page.md").write_text(page)
    for measured in ("first\n", "second\n"):
        pages.put("x", measured, "page.md")
        assert (tmp_path / "x.md").read_text() == measured
        assert (tmp_path / "page.md").read_text() == page.replace("-->\n\n<!--", f"-->\n\n{measured}\n<!--")
