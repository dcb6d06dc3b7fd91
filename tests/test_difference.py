"""Which of the rules that differ between two playbooks changed which outcomes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import alvh as av
from alvh.cli import app
from alvh.difference import Difference, changes, diff
from alvh.errors import SpecError

FEW = {"paths": 128, "sessions": 63, "seed": 3, "share": 0.35}
MARKET = av.market.L3F(vix=20)


def edited(name: str, **core: object) -> av.Arm:
    """`plain` with its core changed."""
    plain = av.preset("plain")
    return plain.replace(name=name, layers=(plain.core.model_copy(update=core), *plain.layers[1:]))


@pytest.fixture(scope="module")
def told() -> Difference:
    """A stop and a hedge, added to the plain arm; and a rule that never acts."""
    before, after = av.preset("plain"), av.preset("alvh_0")
    stopped = after.replace(
        name="stopped", layers=(after.core.model_copy(update={"exit": av.Rule("loss >= 2 * credit")}), *after.layers[1:])
    )
    return diff(before, stopped, MARKET, **FEW)


def test_every_key_that_differs_is_a_change_and_no_other(told: Difference) -> None:
    keys = [change.key for change in told.changes]
    assert "layer.core.exit" in keys
    assert [key for key in keys if key.startswith("layer.") and key.count(".") == 1] == [
        f"layer.{layer.name}" for layer in av.preset("alvh_0").layers[1:]
    ]
    assert not {"name", "about", "schema"} & set(keys)
    assert changes(av.preset("plain"), av.preset("plain").replace(name="other", about="words")) == ()


def test_all_changes_together_are_the_second_playbook(told: Difference) -> None:
    together = told.comparison.paths().filter(arm="B").collect()
    apart = av.compare(
        [av.preset("plain")], MARKET, paths=128, sessions=63, seed=3, shares=[0.35], surface_band=0
    ).paths()
    assert told.comparison.paths().filter(arm="A").collect()["nav"].equals(apart.collect()["nav"])
    row = told.table().row(-1, named=True)
    before = apart.collect()["nav"]
    assert row["change"] == "all"
    assert row["paths"] == (together["nav"] != before).sum()
    assert row["pnl"] == pytest.approx((together["nav"] - before).mean(), rel=1e-6)


def test_a_change_alone_moves_what_that_rule_moves(told: Difference) -> None:
    alone = av.compare(
        [av.preset("plain"), edited("stopped", exit=av.Rule("loss >= 2 * credit"))],
        MARKET,
        paths=128,
        sessions=63,
        seed=3,
        shares=[0.35],
        surface_band=0,
    )
    wanted = alone.paths().filter(arm="stopped").collect()["nav"] - alone.paths().filter(arm="plain").collect()["nav"]
    row = told.table().row(by_predicate=pl.col("change") == "layer.core.exit", named=True)
    assert row["pnl"] == pytest.approx(wanted.mean(), rel=1e-6)
    assert row["paths"] == (wanted != 0).sum()
    assert row["pnl_low"] < row["pnl"] < row["pnl_high"]


def test_what_cannot_stand_alone_says_why(told: Difference) -> None:
    refused = told.table().filter(pl.col("why_not").is_not_null())
    assert not refused.is_empty()  # layers on the sleeve need the ledgers that another change brings
    assert refused["paths"].null_count() == refused.height
    with pytest.raises(SpecError, match="not possible alone"):
        told.first_parting(refused["change"][0])


def test_the_first_parting_is_what_one_side_alone_did(told: Difference) -> None:
    parted = told.first_parting("layer.core.exit")
    assert parted["tick"].n_unique() == 1
    assert ("after", "close") in set(parted.select("side", "event").iter_rows())


def test_playbooks_that_decide_alike_and_solved_costs_are_refused() -> None:
    plain = av.preset("plain")
    with pytest.raises(SpecError, match="decide alike"):
        diff(plain, plain.replace(name="other"), MARKET, **FEW)
    with pytest.raises(SpecError, match="equal_cost"):
        diff(plain, av.preset("fewer_lots_equal_mean"), MARKET, **FEW)


def test_the_command_tells_the_same(tmp_path: Path) -> None:
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file, name in zip(files, ("plain", "stop_2x"), strict=True):
        file.write_text(av.preset(name).to_toml(), encoding="utf-8")
    done = CliRunner().invoke(app, ["diff", *map(str, files), "--paths", "32", "--sessions", "21"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("plain to stop_2x, at 10% of NAV, 32 paths:")
    assert "layer.core.exit: " in done.output
