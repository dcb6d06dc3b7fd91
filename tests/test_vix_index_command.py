"""`alvh vix`: what it prints, and what it refuses in one line."""

import json
from datetime import date

import polars as pl
import pytest

import alvh as av
import chain_samples
import vix_chains
from alvh.report.plain_json import plain
from run_samples import command, refused


def recorded(day=date(2014, 9, 22)):
    """The sample quotes of 2014 as a file would hold them."""
    terms = {"near": ("SPX", date(2014, 10, 17)), "next": ("SPXW", date(2014, 10, 24))}
    return vix_chains.sample(2014).select(
        pl.lit(day).alias("quote_date"),
        pl.lit("10:46").alias("quote_time"),
        pl.col("term").replace_strict({term: root for term, (root, _) in terms.items()}).alias("root"),
        pl.col("term").replace_strict({term: end for term, (_, end) in terms.items()}).alias("expiration"),
        *("strike", "right", "bid", "ask"),
        pl.lit("any").alias("vendor"),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chains")
    recorded().write_csv(folder / "chain.csv")
    recorded().write_parquet(folder / "chain.parquet")
    pl.concat([recorded(), recorded(date(2014, 9, 23))]).write_parquet(folder / "two.parquet")
    recorded().drop("bid").write_csv(folder / "no_bid.csv")
    recorded().with_columns(bid=pl.lit("n/a")).write_csv(folder / "words.csv")
    recorded().drop("quote_date", "quote_time").write_csv(folder / "undated.csv")
    (folder / "cut.parquet").write_bytes((folder / "chain.parquet").read_bytes()[:900])
    (folder / "empty.csv").write_bytes(b"")
    return folder


def test_value_terms_and_strip(files):
    ran = command("vix", files / "chain.csv", "--rate=0.0003")
    assert (ran.returncode, ran.stderr) == (0, "")
    told = ran.stdout.splitlines()
    assert told[0] == "Volatility index 13.69"
    assert max(map(len, told)) <= 80
    for words in ("SPX 2014-10-17", "24.95", "0.030%", "1962.90", "1960", "beyond", "Educational"):
        assert words in ran.stdout
    rows = [line.split() for line in told]
    assert [row[:5] for row in rows if row[:1] in (["near"], ["next"])][2:] == [
        ["near", "put", "116", "1370", "1955"],
        ["near", "both", "1", "1960", "1960"],
        ["near", "call", "29", "1965", "2125"],
        ["next", "put", "96", "1275", "1955"],
        ["next", "both", "1", "1960", "1960"],
        ["next", "call", "25", "1965", "2200"],
    ]


@pytest.mark.parametrize("name", ["chain.csv", "chain.parquet"])
def test_json_is_the_library_s(files, name):
    told = json.loads(command("vix", files / name, "--json").stdout, parse_constant=pytest.fail)
    index = av.vix_index(recorded())
    assert told["value"] == index.value
    assert told["near"]["forward"] == index.near.forward
    assert told["next"]["expiration"] == "2014-10-24"
    assert told["strip"] == plain(index.strip)


def test_repeated_and_expired_rows_are_left_out_and_told(files, tmp_path):
    gone = recorded().head(2).with_columns(expiration=date(2014, 9, 19))
    wider = recorded().head(5).with_columns(pl.col("ask") * 2)
    pl.concat([recorded(), gone, wider]).write_csv(tmp_path / "chain.csv")
    ran = command("vix", tmp_path / "chain.csv")
    assert (ran.returncode, ran.stdout) == (0, command("vix", files / "chain.csv").stdout)
    assert ran.stderr == "chain.csv: rows left out: 5 duplicate, 2 expired\n"


def test_a_settlement_that_is_not_told_follows_from_the_root():
    untold = recorded().with_columns(settlement=pl.lit(None, pl.String))
    assert av.vix_index(untold).value == av.vix_index(recorded()).value


def test_one_snapshot_of_several(files):
    told = command("vix", files / "two.parquet", "--date=2014-09-22", "--time=10:46", "--terms=bracket")
    assert told.stdout.splitlines()[0] == command("vix", files / "chain.csv").stdout.splitlines()[0]


def test_a_vendor_s_own_file(tmp_path):
    """A quote table as downloaded, header lines and all, is read like any chain."""
    path = tmp_path / "quotedata.csv"
    path.write_text(chain_samples.cboe())
    assert "no near term" in refused("vix", path)  # it was read: three strikes are no strip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.csv"], "'absent.csv' cannot be read: No such file or directory"),
        (
            ["two.parquet"],
            "two.parquet: several of quote_date, give --date. It holds: 2014-09-22, 2014-09-23",
        ),
        (["two.parquet", "--date=2014-09-24"], "--date 2014-09-24: not in the file. It holds: 2014-09-22"),
        (["chain.csv", "--time=16:00"], "--time 16:00: not in the file. It holds: 10:46"),
        (["undated.csv", "--date=2014-09-22"], "it lacks 'quote_date'"),
        (["no_bid.csv"], "no_bid.csv, line 1: no header of layout 'common', it lacks 'bid'"),
        (
            ["words.csv"],
            "words.csv, line 2: bid: 'n/a' is not a number such as 1234.5, 0 or more (627 more rows",
        ),
        (["cut.parquet"], "cut.parquet is not a whole Parquet file"),
        (["empty.csv"], "empty.csv is empty"),
        (["chain.csv", "--terms=daily"], "terms = 'daily': allowed are 'weekly', 'monthly', 'bracket'"),
        (["chain.csv", "--rate=5"], "rate = 5.0: allowed is -0.05 to 0.5 a year, decimal"),
        (["chain.csv", "--rate=nan"], "rate = nan: allowed is one finite number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refusal_is_one_line(files, arguments, words, monkeypatch):
    monkeypatch.chdir(files)
    assert words in refused("vix", *arguments)
