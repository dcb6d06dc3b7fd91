"""What `compare` returns: tables that agree with each other and with the paths they are made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import alvh as av
from alvh.comparison import CLOSE_ONLY, PREMIA
from alvh.errors import SpecError
from alvh.market import L3F
from alvh.specification import specification, task_of


@pytest.fixture(scope="module")
def result() -> av.Comparison:
    plain = av.preset("plain")
    arms = [plain, plain.doubling(), plain.stop(loss_multiple=1), plain.fewer_lots()]
    return av.compare(arms, L3F(vix=20), paths=600, sessions=126, shares=[0.10, 0.70], seed=2)


def test_one_row_per_path_arm_and_share_in_order(result: av.Comparison) -> None:
    paths = result.paths().collect()
    assert paths.height == 600 * 4 * 2
    assert paths["path"].is_sorted()
    assert paths["arm"].head(4).to_list() == result.arms
    assert paths["start"].n_unique() == 1
    assert paths.null_count().sum_horizontal().item() == 0


def test_distress_is_at_least_each_of_its_kinds(result: av.Comparison) -> None:
    wide = result.ladder().pivot("figure", index=["arm", "share"], values="hits")
    for kind in ("refused", "call", "forced", "ruin"):
        assert (wide["distress"] >= wide[kind]).all()
    assert (wide["distress"] <= wide["refused"] + wide["call"] + wide["forced"] + wide["ruin"]).all()


def test_larger_books_are_not_safer(result: av.Comparison) -> None:
    wide = result.ladder().filter(pl.col("figure") == "distress").pivot("share", index="arm", values="hits")
    assert (wide["0.7"] >= wide["0.1"]).all()


def test_attribution_sums_to_the_mean_gain(result: av.Comparison) -> None:
    table = result.attribution()
    nav = result.paths().filter(pl.col("share") == 0.10).collect()
    for arm in result.arms:
        mine = table.filter(pl.col("arm") == arm)
        total = mine.filter(pl.col("bucket") == "total")["estimate"].item()
        parts = mine.filter(pl.col("bucket") != "total")["estimate"].sum()
        gain = (nav.filter(pl.col("arm") == arm)["nav"].mean() / 1e6 - 1) * 252 / 126
        assert total == pytest.approx(parts, abs=1e-12)
        assert total == pytest.approx(gain, abs=1e-9)


def test_every_simulated_report_shows_other_risk_premia(result: av.Comparison) -> None:
    table = result.premium()
    assert table["erp"].unique().sort().to_list() == list(PREMIA)
    usual = table.filter(pl.col("erp") == 0.05).drop("erp")
    same = result.summary().filter(pl.col("figure").is_in(["p_distress", "return_on_nav"]))
    assert usual.equals(same)


def test_close_only_stops_are_starred_and_said_to_be(result: av.Comparison) -> None:
    """R13: in a daily run stops are labelled and not ranked."""
    words = result.headline()
    assert CLOSE_ONLY in words
    assert "stop_1x*" in words
    assert "plain*" not in words
    unlabelled = av.compare([av.preset("plain")], L3F(), paths=64, sessions=21, shares=[0.1])
    assert CLOSE_ONLY not in unlabelled.headline()


def test_parquet_holds_what_the_tables_say(result: av.Comparison, tmp_path: Path) -> None:
    result.to_parquet(tmp_path / "new" / "folder")
    written = {path.stem: pl.read_parquet(path) for path in (tmp_path / "new" / "folder").iterdir()}
    assert written.pop("paths").equals(result.paths().collect())
    tables = result.tables()
    assert written.keys() == tables.keys()
    assert all(written[name].equals(tables[name]) for name in tables)


def test_what_a_simulation_cannot_say_is_refused(result: av.Comparison) -> None:
    with pytest.raises(SpecError, match="simulated"):
        result.history()
    with pytest.raises(SpecError, match="this comparison ran"):
        result.summary(share=0.33)


def test_only_exits_that_watch_the_mark_are_close_only() -> None:
    plain = av.preset("plain")
    early = plain.replace(name="early", exit="days_to_expiry <= 21")
    arms = [plain, early, plain.stop()]
    asked = task_of(arms, L3F(), sessions=21, capital=1e6, seed=0, shares=[0.1])
    assert asked.facts["close_only"] == ["stop_2x"]


def specified(*arms: av.Arm, shares: Sequence[float] = (0.1, 0.2)) -> dict[str, Any]:
    return specification(arms, L3F(), sessions=21, capital=1e6, seed=0, shares=shares)


def test_ladders_that_mean_nothing_are_refused() -> None:
    plain = av.preset("plain")
    with pytest.raises(SpecError, match=r"0\.10 is 10%"):
        specified(plain, shares=[10, 20])
    with pytest.raises(SpecError, match="two arms are called plain: change name in one of them"):
        specified(plain, plain)
    fixed = plain.replace(name="fixed", size=av.Size(target="lots", value=2))
    with pytest.raises(SpecError, match=r"'fixed' is sized in lots.*give one share"):
        specified(plain, fixed)
    assert specified(plain, fixed, shares=[0.1])


PLAIN, CALM = av.preset("plain"), L3F(vix=16)


@pytest.mark.parametrize(
    ("arms", "market", "options", "words"),
    [
        (
            ["plain"],
            CALM,
            {},
            r"arms: 'plain' is a str: an Arm or a Playbook\. Mend: preset\('plain'\), or Arm\.read",
        ),
        ([PLAIN, None], CALM, {}, r"arms: None is a NoneType: an Arm or a Playbook\. Mend: preset"),
        ("plain", CALM, {}, r"arms: a list of arms, or a Playbook, not str\. Mend: \[preset\('plain'\)"),
        (PLAIN, CALM, {}, r"arms: a list of arms, or a Playbook, not Arm\. Mend: \[arm\]"),
        ([PLAIN], "l3f", {}, r"market is a str: a model of alvh\.market, such as market\.L3F\(vix=16\)"),
        ([PLAIN], CALM, {"shares": 0.1}, r"shares = 0\.1: a list of margin shares of NAV, such as \[0\.10\]"),
        ([PLAIN], CALM, {"paths": "4"}, r"paths = '4': must be a whole number"),
        ([PLAIN], CALM, {"paths": 4.0}, r"paths = 4\.0: must be a whole number"),
        ([PLAIN], CALM, {"seed": None}, r"seed = None: must be a whole number"),
        ([PLAIN], CALM, {"sessions": True}, r"sessions = True: must be a whole number"),
        (
            [PLAIN],
            CALM,
            {"paths": np.array([4])},
            r"paths = array\(\[4\]\): must be a whole number",
        ),
        ([PLAIN], CALM, {"threads": 1.5}, r"threads = 1\.5: must be a whole number from 0 to 1024"),
        ([PLAIN], CALM, {"threads": True}, r"threads = True: must be a whole number"),
        ([PLAIN], CALM, {"every": "1"}, r"every = '1': must be a whole number"),
        ([PLAIN], CALM, {"chunk": 2.0}, r"chunk = 2\.0: must be a whole number"),
        ([PLAIN], CALM, {"surface_band": None}, r"surface_band = None: must be a whole number"),
    ],
)
def test_what_a_notebook_gets_wrong_is_named(arms, market, options, words):
    with pytest.raises(SpecError, match=words):
        av.compare(arms, market, **{"paths": 4, "sessions": 5, "shares": [0.1], "surface_band": 0, **options})


@pytest.mark.parametrize(
    "shares",
    [
        ["x"],
        np.array([[0.1]]),
        np.array(["a"]),
        {"a": 1},
        {0.1: 1},
        b"1",
        [True],
        ["0.1"],
        [None],
        [[0.1]],
        0.1,
    ],
)
def test_shares_are_plain_numbers(shares):
    with pytest.raises(SpecError, match=r"shares = .*: a list of margin shares of NAV, such as \[0\.10\]"):
        av.compare([PLAIN], CALM, paths=4, sessions=5, shares=shares, surface_band=0)


def test_numbers_of_numpy_are_numbers():
    """What a notebook computes its question with does not change the question."""
    asked = {
        "paths": 4,
        "sessions": 5,
        "seed": 1,
        "chunk": 2,
        "threads": 1,
        "surface_band": 0,
        "shares": [0.125],
    }
    given = {
        "paths": np.int64(4),
        "sessions": np.int32(5),
        "seed": np.array(1),
        "chunk": np.uint8(2),
        "threads": np.int8(1),
        "surface_band": np.int64(0),
        "shares": np.array([0.125], np.float32),
    }
    ours, theirs = (av.compare([PLAIN], CALM, **each) for each in (given, asked))
    assert ours.task.text == theirs.task.text
    assert ours.summary().equals(theirs.summary())


def test_shares_may_be_an_array():
    few = {"paths": 4, "sessions": 5, "surface_band": 0}
    listed, array = (
        av.compare([PLAIN], CALM, shares=shares, **few) for shares in ([0.1, 0.2], np.array([0.1, 0.2]))
    )
    assert listed.manifest["plan"] == array.manifest["plan"]


def test_expiries_are_daily_where_a_layer_needs_them() -> None:
    weekly, daily = (
        len(specified(av.Arm("a", av.IronCondor(days=days)))["schedule"]["expiries"]["SPXW"])
        for days in (45, (1, 3))
    )
    assert daily > 4 * weekly
