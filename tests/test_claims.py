"""The audit: the same rows each time, measured ones first, and what is missing for the rest."""

import json

import polars as pl
import pytest

from alvh import claims
from alvh.errors import SpecError
from run_samples import command, refused

PATHS = 300
TABLE = claims.audit(paths=PATHS)
MEASURED = TABLE.filter(pl.col("verdict") != "not yet computable")
MISSING = TABLE.filter(pl.col("verdict") == "not yet computable")


def test_measured_claims_come_first():
    assert TABLE["id"][0] == "R15"
    assert TABLE.head(MEASURED.height).equals(MEASURED)
    assert set(MEASURED["id"]) == {"R15", "R16", "R17"}
    assert set(MEASURED["verdict"]) == {"undecided"}  # one voting market model of four
    assert set(MEASURED["reading"]) <= {"inside", "outside", "straddles", "-"}


def test_measured_rows_hold_an_estimate_inside_its_interval():
    rows = MEASURED.drop_nulls("measured")
    assert rows.height >= 18
    assert (rows["low"].fill_null(float("-inf")) <= rows["measured"]).all()
    assert (rows["measured"] <= rows["high"].fill_null(float("inf"))).all()
    assert (
        MEASURED.select("variant", "claimed", "unit", "n", "market", "why").null_count().sum_horizontal()[0]
        == 0
    )


def test_every_other_claim_says_what_it_needs():
    assert MISSING.height == sum(bool(claim.needs) for claim in claims.CLAIMS) > 15
    assert MISSING["why"].str.starts_with("needs ").all()
    assert MISSING["measured"].is_null().all()
    assert {claim.text for claim in claims.CLAIMS} == set(TABLE["claim"])


def test_r16_is_measured_against_plain():
    rows = MEASURED.filter(pl.col("id") == "R16")
    assert rows["why"].str.starts_with("plain: ").all()
    assert rows["unit"].unique().to_list() == ["probability"]
    assert rows["measured"].is_between(0, 1).all()


def test_uncapped_doubling_peaks_no_lower():
    peaks = MEASURED.filter(pl.col("id") == "R15")["measured"].to_list()
    assert peaks[:3] == sorted(peaks[:3])


def test_deterministic_whatever_the_threads():
    assert claims.audit(paths=PATHS, threads=1).equals(TABLE)
    assert not claims.audit(paths=PATHS, seed=8).equals(TABLE)


@pytest.mark.parametrize("paths", [1, 2, 3])
def test_few_paths_are_no_error(paths):
    assert claims.audit(paths=paths).schema == TABLE.schema


def test_no_path_is_refused():
    with pytest.raises(SpecError, match="paths = 0"):
        claims.audit(paths=0)


def test_command_prints_json_and_writes_parquet(tmp_path):
    out = tmp_path / "audit.parquet"
    ran = command("audit", "--paths", PATHS, "--json", "--out", out)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert pl.read_parquet(out).equals(TABLE)
    told = json.loads(ran.stdout, parse_constant=pytest.fail)
    assert [row["id"] for row in told["audit"]] == TABLE["id"].to_list()
    assert told["audit"][0]["measured"] == TABLE["measured"][0]


def test_command_prints_every_claim_inside_eighty_columns():
    ran = command("audit", "--paths", PATHS)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    told = " ".join(ran.stdout.split())
    assert claims.PEAK.text in told
    assert "Not yet computable" in told
    assert "Educational software" in told
    assert "…" not in told


def test_out_is_checked_before_an_hour_of_work(tmp_path):
    for out in (tmp_path, tmp_path / "absent" / "audit.parquet"):
        assert "a file in a folder that exists" in refused("audit", "--out", out)
