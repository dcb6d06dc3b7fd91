"""R33: what each term gave to the scores of an arm's rules, close by close of a path."""

import polars as pl
import pytest

import alvh as av
from alvh.errors import SpecError

ENTER = "score(2, vix < 25, 1, rsi_14 > 30, 1, reer_z > 1.5) > 0.5"
FEW = {"paths": 8, "sessions": 42, "shares": [0.10], "surface_band": 0}


@pytest.fixture(scope="module")
def result():
    core = av.IronCondor(days=30, every="week", enter=ENTER)
    plain = av.Arm("scored", core)
    return av.compare([plain], av.market.L3F(vix=25), signals="absent", **FEW)


def test_contributions_add_up_to_the_total(result):
    log = result.scores(3)
    assert log.height == 42 * 3
    sums = log.group_by("tick", maintain_order=True).agg(
        pl.col("contribution").sum(), pl.col("total").first(), pl.col("date").n_unique()
    )
    assert sums["contribution"].to_list() == pytest.approx(sums["total"].to_list())
    assert sums["date"].to_list() == [1] * 42
    assert 0.0 < sums["total"].n_unique() > 1


def test_what_is_missing_gives_nothing_and_leaves_its_weight(result):
    """C24."""
    log = result.scores(3)
    absent = log.filter(term="reer_z > 1.5")
    assert absent["value"].null_count() == absent["contribution"].null_count() == absent.height
    known = log.filter(pl.col("contribution") > 0.0)
    assert set(known.filter(term="vix < 25")["contribution"]) <= {2 / 3}
    assert set(known.filter(term="rsi_14 > 30")["contribution"]) <= {1 / 3}


def test_the_log_is_what_the_explanation_says(result):
    log = result.scores(3).filter(tick=20)
    nodes = result.explain(3, at=20)[0].explanation.nodes.filter(pl.col("contribution").is_not_null())
    told = dict(nodes.select("text", "contribution").iter_rows())
    assert told == dict(log.drop_nulls("contribution").select("term", "contribution").iter_rows())


def test_rules_without_a_score_log_nothing_and_other_paths_are_refused(result):
    plain = av.compare([av.preset("plain")], av.market.GBM(vol=0.2), **FEW)
    assert plain.scores(0).is_empty()
    assert plain.scores(0).columns == result.scores(0).columns
    with pytest.raises(SpecError, match="scores: path = 8"):
        result.scores(8)
