"""The audit: the same rows each time, measured ones first, and what is missing for the rest."""

import json
from io import StringIO

import polars as pl
import pytest
from rich.console import Console

from alvh import claims, equal_cost
from alvh.claims import rivals, run
from alvh.claims.claim import Measured, Range
from alvh.claims.voting import VOTERS, voted
from alvh.errors import SpecError
from alvh.report.console import print_audit
from alvh.statistics import Estimate
from run_samples import command, refused

PATHS = 128


@pytest.fixture(scope="module")
def table():
    return claims.audit(paths=PATHS)


@pytest.fixture(scope="module")
def measured(table):
    return table.filter(pl.col("verdict") != "not yet computable")


@pytest.fixture(scope="module")
def missing(table):
    return table.filter(pl.col("verdict") == "not yet computable")


def test_measured_claims_come_first(table, measured):
    assert table["id"][0] == "R15"
    assert table.head(measured.height).equals(measured)
    hedged = {"R22", "R39", "R44", "R61", "R62", "R63", "R66", "R19", "C17"}
    by_session = {"R5", "R71", "R74", "R92", "R18", "R37", "R85", "R6", "R12", "R83", "C22"}
    assert set(measured["id"]) == {"R14", "R15", "R16", "R17", "R20"} | hedged | by_session
    assert set(measured["verdict"]) <= {"supported", "not supported", "undecided"}
    assert set(measured["reading"]) <= {"inside", "outside", "straddles", "-"}


def test_measured_rows_hold_an_estimate_inside_its_interval(measured):
    rows = measured.drop_nulls("measured")
    assert rows.height >= 18
    assert (rows["low"].fill_null(float("-inf")) <= rows["measured"]).all()
    assert (rows["measured"] <= rows["high"].fill_null(float("inf"))).all()
    assert (
        measured.select("variant", "claimed", "unit", "n", "market", "why").null_count().sum_horizontal()[0]
        == 0
    )


def test_a_verdict_is_what_every_voting_market_says(measured):
    """C17: supported where all read inside, not supported where all read outside, else undecided."""
    strongest = {"inside": "supported", "outside": "not supported"}
    for row in measured.iter_rows(named=True):
        assert [each["market"] for each in row["readings"]] == list(VOTERS)
        said = [each["reading"] for each in row["readings"]]
        assert row["verdict"] == (strongest.get(said[0], "undecided") if len(set(said)) == 1 else "undecided")
        assert (row["reading"], row["measured"]) == (said[0], row["readings"][0]["measured"])


def test_the_markets_are_apart(measured):
    """A vol point moves what condors earn: were its votes copies, nothing would differ."""
    returns = measured.row(by_predicate=pl.col("variant") == "alvh_0: realised", named=True)
    assert len({each["measured"] for each in returns["readings"]}) == len(VOTERS)


def test_rivals_are_solved_and_vote_in_every_market(measured):
    """R19: each market has a pilot of its own, so what a rival is and avoids differs from one to the next."""
    rows = measured.filter(pl.col("id") == "R19")
    assert set(rows["variant"].str.split(" less ").list.first()) == set(rivals.RIVALS)
    for row in rows.filter(pl.col("variant").str.ends_with("mean return")).iter_rows(named=True):
        found = {each["market"]: each["measured"] for each in row["readings"]}
        assert list(found) == list(VOTERS)
        assert None not in found.values()
        assert len(set(found.values())) == len(VOTERS)
        for market, value in found.items():
            # Of equal cost in each of them: nobody pays a tenth of capital more than the hedge.
            assert abs(value) < 0.1, (row["variant"], market)
    protection = rows.filter(~pl.col("variant").str.ends_with("mean return"))
    assert any("-" not in {each["reading"] for each in row} for row in protection["readings"])


def test_a_row_that_a_market_lacks_is_undecided():
    """A variant that one market could not measure has no vote there, and no verdict."""
    claim = claims.Claim("R15", "Doubling peaks.")
    row = Measured(claim, "uncapped", Range(4, 6, "4 to 6"), "x", 9, "note", Estimate(5.0, 4.5, 5.5))
    (both,) = voted({"a": [row], "b": [row]})
    (alone,) = voted({"a": [row], "b": []})
    assert (both["verdict"], alone["verdict"]) == ("supported", "undecided")
    assert alone["why"] == "note; inside in a, not read in b"


def test_a_row_that_the_first_market_lacks_is_shown():
    """What only another market could measure is no figure of the first, but it is there."""
    claim = claims.Claim("R15", "Doubling peaks.")
    row, other = (
        Measured(claim, variant, Range(4, 6, "4 to 6"), "x", 9, "note", Estimate(5.0, 4.5, 5.5))
        for variant in ("uncapped", "capped")
    )
    first, lacking = voted({"a": [row], "b": [other, row]})
    assert (first["variant"], lacking["variant"]) == ("uncapped", "capped")
    assert (lacking["measured"], lacking["n"], lacking["verdict"]) == (None, 0, "undecided")
    assert [each["reading"] for each in lacking["readings"]] == ["-", "inside"]
    assert lacking["why"] == "nothing to measure in a; not read in a, inside in b"


def test_every_claim_is_measured(measured, missing):
    assert missing.is_empty()
    assert {claim.text for claim in claims.CLAIMS} == set(measured["claim"])


def test_r16_is_measured_against_plain(measured):
    rows = measured.filter(pl.col("id") == "R16")
    assert rows["why"].str.starts_with("plain: ").all()
    assert rows["unit"].unique().to_list() == ["probability"]
    assert rows["measured"].is_between(0, 1).all()


def test_uncapped_doubling_peaks_no_lower(measured):
    peaks = measured.filter(pl.col("claim") == claims.PEAK.text)["measured"].to_list()
    assert peaks[:3] == sorted(peaks[:3])


@pytest.fixture
def quick_pilot(monkeypatch):
    """Rivals are solved roughly: these tests are about something else."""
    monkeypatch.setattr(equal_cost, "PILOT_PATHS", 16)


@pytest.mark.usefixtures("quick_pilot")
def test_one_path_is_no_error_and_every_comparison_has_it(table, monkeypatch):
    asked, finished = [], []

    def compared(arms, **options):
        asked.append(options | {"arms": [arm.name for arm in arms]})
        return compare(arms, **options)

    compare = run.compare
    monkeypatch.setattr(run, "compare", compared)
    assert claims.audit(paths=1, seed=11, threads=1, advance=finished.append).schema == table.schema
    assert sum(finished) == claims.audited_paths(1)
    assert len(asked) == 8 * len(VOTERS)
    assert {(each["paths"], each["seed"], each["threads"]) for each in asked} == {(1, 11, 1)}
    # Doubling at either cadence, hedges, stops, rivals, the curve, the two profiles, calls.
    shares = [(0.10, 0.35), (0.10, 0.35), (0.10,), (0.10,), (0.70,), (0.10,), (0.10,), (0.50,)]
    assert [each["shares"] for each in asked] == shares * len(VOTERS)
    assert [each["market"] for each in asked[::8]] == list(VOTERS.values())


def test_no_path_is_refused():
    with pytest.raises(SpecError, match="paths = 0"):
        claims.audit(paths=0)


def test_command_gives_the_same_bits_on_one_thread_as_json_and_parquet(table, tmp_path):
    out = tmp_path / "audit.parquet"
    ran = command("audit", "--paths", PATHS, "--threads", 1, "--json", "--out", out)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert pl.read_parquet(out).equals(table)
    told = json.loads(ran.stdout, parse_constant=pytest.fail)
    assert [row["id"] for row in told["audit"]] == table["id"].to_list()
    assert told["audit"][0]["measured"] == table["measured"][0]


def test_report_has_every_claim_and_its_notes_inside_eighty_columns(table):
    console = Console(file=StringIO(), width=80, color_system=None)
    lacking = claims.Claim("R5", "It earns.", "a market")
    nothing = {"id": "R5", "claim": lacking.text, "verdict": "not yet computable", "why": "needs a market"}
    shown = pl.concat([table, pl.DataFrame([nothing], schema=table.schema)])
    print_audit(console, shown, (*claims.CLAIMS, lacking))
    printed = console.file.getvalue()
    assert max(map(len, printed.splitlines())) <= 80
    told = " ".join(printed.split())
    assert all(claim.text in told for claim in claims.CLAIMS if not claim.needs)
    assert "R22 not met: median over paths of all hedge layers, wanted 50%" in told
    assert "In distress: wider_wings" in told
    assert "Not yet computable" in told
    assert "Educational software" in told
    assert "…" not in told


def test_full_coverage_costs_more_than_what_the_budget_allows(measured):
    """R22 and R61 pull apart: what is covered inside the budget is less, and so is what it costs."""
    row = dict(measured.filter(pl.col("id").is_in(["R22", "R61"])).select("variant", "measured").iter_rows())
    assert row["always_on in 1.5% a year: affordable"] < 0.40 <= row["always_on: achieved"]
    assert row["always_on in 1.5% a year: expected"] < 0.02 < row["always_on: expected"]


def test_puts_that_are_bought_have_positive_vega_and_negative_delta(measured):
    row = measured.row(by_predicate=pl.col("id") == "R44", named=True)
    assert row["n"] > 0
    assert row["measured"] == 1.0


def test_out_is_checked_before_an_hour_of_work(tmp_path):
    for out in (tmp_path, tmp_path / "absent" / "audit.parquet"):
        assert "a file in a folder that exists" in refused("audit", "--out", out)
