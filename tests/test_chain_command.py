"""`alvh chain`: what it prints, draws and refuses; the overview behind it."""

import json
import shutil
from datetime import date

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import sync_playwright

from alvh import chain
from alvh.chain.overview import overview
from alvh.errors import ChainError
from alvh.report.page import write_chain_page
from alvh.report.plain_json import plain
from page_samples import Read, data_sets
from run_samples import command, refused

CHROMIUM = shutil.which("chromium")
SOURCE = ("status", "problem", "line", "vendor_iv")


def quoted():
    return chain.synthetic(date(2024, 3, 1), longest=21)


def broken():
    """The session after, with one call 20 points too dear."""
    quotes = chain.synthetic(date(2024, 3, 4), longest=21)
    one = (pl.col("strike") == 5000.0) & (pl.col("right") == "C") & (pl.col("root") == "SPX")
    return quotes.with_columns(pl.col("bid", "ask") + pl.when(one).then(20.0).otherwise(0.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chains")
    quoted().drop(SOURCE).write_csv(folder / "chain.csv")
    pl.concat([quoted(), broken()]).drop(SOURCE).write_parquet(folder / "two.parquet")
    quoted().with_columns(root=pl.lit("QQQ"), settlement=None).drop(SOURCE).write_csv(folder / "qqq.csv")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "days").mkdir()
    for quotes in (quoted(), broken()):
        chain.read(quotes.drop(SOURCE)).write_parquet(folder / "days" / f"{quotes['quote_date'][0]}.parquet")
    return folder


@pytest.fixture(scope="module")
def told(files):
    return overview(files / "two.parquet")


# The overview


def test_the_last_snapshot_is_told_unless_another_is_named(files, told):
    assert (told.day, told.time, told.snapshots) == (date(2024, 3, 4), "close", 2)
    first = overview(files / "two.parquet", day=date(2024, 3, 1))
    assert first.day == date(2024, 3, 1)
    assert first.arbitrage.is_empty()
    assert overview(files / "two.parquet", time="close").day == told.day


def test_a_folder_is_told_as_its_rows_are(files, told):
    of_folder = overview(files / "days")
    assert (of_folder.day, of_folder.snapshots) == (told.day, 2)
    assert of_folder.quality.equals(told.quality)


def test_a_row_without_a_day_is_counted(files, tmp_path):
    lines = (files / "chain.csv").read_text().splitlines()
    lines[5] = lines[5].replace("2024-03-01", "01/03/24", 1)
    (tmp_path / "chain.csv").write_text("\n".join(lines))
    told = overview(tmp_path / "chain.csv")
    assert told.quality.filter(status="unparsable")["rows"][0] == 1
    assert told.quality["rows"].sum() == len(lines) - 1
    assert told.surface.quotes.height == len(lines) - 2


def test_damaged_pages_are_refused_by_name(files, tmp_path):
    """Footers are whole, so that `scan` opens them."""
    for path in (files / "days").iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content)
    half = len(content) // 2
    (tmp_path / path.name).write_bytes(content[:4] + bytes(half) + content[4 + half :])
    with pytest.raises(ChainError, match=rf"{path.name} is damaged.*Mend") as caught:
        overview(tmp_path)
    assert caught.value.source == path.name


def test_levels_and_skew_are_those_of_the_fitted_surface(told):
    """The vol at the forward, and where the deltas of the slice's own vols are a quarter."""
    row = told.expiries.filter(root="SPX").row(0, named=True)
    surface, day, forward = told.surface, row["expiration"], row["forward"]
    assert row["atm_vol"] == pytest.approx(surface.vol(forward, day, root="SPX"), rel=1e-12)
    strikes = np.linspace(0.9, 1.1, 20_001) * forward
    vols = surface.vol(strikes, day, root="SPX")
    deviation = vols * np.sqrt(row["years"])
    d1 = (np.log(forward / strikes) + deviation**2 / 2) / deviation
    quarters = [vols[np.argmin(np.abs(d1 - quarter))] for quarter in (0.67449, -0.67449)]
    assert row["skew"] == pytest.approx(100 * (quarters[0] - quarters[1]), abs=2e-3)


def test_a_snapshot_that_is_not_there(files):
    with pytest.raises(
        ChainError, match=r"no snapshot of 2024-03-05\. Allowed: 2024-03-01 close, 2024-03-04"
    ):
        overview(files / "two.parquet", day=date(2024, 3, 5))


# The command


def test_quality_expiries_and_arbitrage(files, told):
    ran = command("chain", files / "two.parquet")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0] == "SPXW, SPX options, 2024-03-04 close"
    assert lines[1] == f"{told.surface.quotes.height:,} quotes, one of 2 snapshots of the source"
    assert max(map(len, lines)) <= 80
    for row in told.quality.filter(pl.col("rows") > 0).iter_rows(named=True):
        assert any(line.split()[:2] == [row["status"], f"{row['rows']:,}"] for line in lines)
    spx = told.expiries.filter(root="SPX").row(0, named=True)
    cells = next(line for line in lines if line.startswith("SPX ")).split()
    assert cells[:5] == ["SPX", str(spx["expiration"]), "11", f"{spx['forward']:.2f}", "parity"]
    assert cells[5:7] == [f"{100 * spx['atm_vol']:.2f}", f"{spx['skew']:+.2f}"]
    best = told.arbitrage.row(0, named=True)
    assert f"{told.arbitrage.height} bounds are broken" in ran.stdout
    assert f"${best['dollars']:,.0f} a unit" in ran.stdout
    assert "Educational" in ran.stdout


def test_json_is_the_overview(files, told):
    said = json.loads(command("chain", files / "two.parquet", "--json").stdout, parse_constant=pytest.fail)
    assert (said["quote_date"], said["quote_time"]) == ("2024-03-04", "close")
    for name in ("quality", "expiries", "arbitrage"):
        assert said[name] == plain(getattr(told, name))


def test_an_unknown_root_needs_settlement_and_fees(files):
    ran = command("chain", files / "qqq.csv")
    assert "no time" in ran.stdout
    assert "nobody says the fees of QQQ" in ran.stdout
    ran = command("chain", files / "qqq.csv", "--settlement=PM", "--fees=0.65", "--rate=0.05")
    assert "parity" in ran.stdout
    assert "no time" not in ran.stdout
    assert "Arbitrage: " in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.csv"], "absent.csv"),
        (["empty.csv"], "empty.csv is empty"),
        (["chain.csv", "--layout=cbo"], "did you mean 'cboe'"),
        (["chain.csv", "--date=2024-03-04"], "no snapshot of 2024-03-04. Allowed: 2024-03-01 close"),
        (["chain.csv", "--settlement=noon"], "settlement = 'noon': 'AM' or 'PM'"),
        (["chain.csv", "--rate=4"], "if this is percent"),
        (["chain.csv", "--fees=-1"], "fees: -1.0"),
        (["chain.csv", "--report=no/where.html"], "there is no folder no"),
        (["days", "--date=2023-01-03"], "no snapshot of 2023-01-03"),
    ],
    ids=" ".join,
)
def test_refusal_is_one_line(files, arguments, words, monkeypatch):
    monkeypatch.chdir(files)
    assert words in refused("chain", *arguments)


# The page


@pytest.fixture(scope="module")
def page(told, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "chain.html"
    write_chain_page(path, told)
    return path


def test_the_page_says_what_the_overview_says(page, told):
    read = Read(page.read_text())
    assert [row[0] for row in read.tables["Quotes by status"][1:]] == told.quality.filter(pl.col("rows") > 0)[
        "status"
    ].to_list()
    assert len(read.tables["Expiries"]) - 1 == told.expiries.height
    ranked = read.tables["Ranked"]
    assert ranked[1][7] == f"{told.arbitrage['dollars'][0]:,.2f}"
    assert not read.addresses or all(address.startswith("#") for address in read.addresses)
    assert {name for name in read.specs if name} == {"smiles-spx", "smiles-spxw"}


def test_a_smile_draws_the_quotes_and_the_fit(page, told):
    spec = Read(page.read_text()).specs["smiles-spx"][0]
    bars, curve = sorted(data_sets(spec), key=lambda rows: "fitted" in rows[0])
    day = told.expiries.filter(root="SPX")["expiration"][0]
    quotes = told.surface.quotes.filter(root="SPX", expiration=day)
    for bar in bars:
        assert bar["bid_vol"] <= bar["vol"] + 0.01
        assert bar["vol"] <= bar["ask_vol"] + 0.01
        quote = quotes.filter(strike=bar["strike"], right=bar["right"]).row(0, named=True)
        assert bar["vol"] == pytest.approx(100 * quote["vol"], abs=0.006)
        assert bar["model"] == pytest.approx(100 * quote["model_vol"], abs=0.006)
        assert bar["quote"] == f"{quote['bid']} / {quote['ask']}"
    for point in curve[::10]:
        vol = told.surface.vol(point["strike"], day, root="SPX")
        assert point["fitted"] == pytest.approx(100 * vol)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_draws_it_alone(page, width):
    said, asked = [], []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": width, "height": 900})
        shown.set_default_timeout(60_000)
        shown.on("console", lambda message: said.append(message.text))
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(page.as_uri())
        shown.wait_for_function("document.documentElement.dataset.charts === 'drawn'")
        drawn = shown.locator(".chart svg").count()
        wide = shown.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert said == []
    assert asked == [page.as_uri()]
    assert drawn == shown_panels(page)
    assert wide <= width


def shown_panels(page):
    return sum(len(specs) for specs in Read(page.read_text()).specs.values())
