"""Which of the rules that differ between two playbooks changed which outcomes."""

from __future__ import annotations

import contextlib
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import alvh as av
from alvh.cli import app
from alvh.difference import Difference, _changed, changes, diff
from alvh.errors import SpecError

FEW = {"paths": 128, "sessions": 63, "seed": 3, "share": 0.35}
MARKET = av.market.L3F(vix=20)
YEARLY = 252 / 63


@pytest.fixture(scope="module")
def told() -> Difference:
    """A stop and a hedge, added to the plain arm; and a rule that never acts."""
    before, after = av.preset("plain"), av.preset("alvh_0")
    stopped = after.replace(name="stopped", exit="loss >= 2 * credit")
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
    assert row["pnl"] == pytest.approx(YEARLY * (together["nav"] - before).mean(), rel=1e-9)


def test_a_change_alone_moves_what_that_rule_moves(told: Difference) -> None:
    alone = av.compare(
        [av.preset("plain"), av.preset("plain").replace(name="stopped", exit="loss >= 2 * credit")],
        MARKET,
        paths=128,
        sessions=63,
        seed=3,
        shares=[0.35],
        surface_band=0,
    )
    wanted = (
        alone.paths().filter(arm="stopped").collect()["nav"]
        - alone.paths().filter(arm="plain").collect()["nav"]
    )
    row = told.table().row(by_predicate=pl.col("change") == "layer.core.exit", named=True)
    assert row["pnl"] == pytest.approx(YEARLY * wanted.mean(), rel=1e-9)
    assert row["paths"] == (wanted != 0).sum()
    assert row["pnl_low"] < row["pnl"] < row["pnl_high"]


def test_what_cannot_stand_alone_is_taken_from_the_second(told: Difference) -> None:
    without = told.table().filter(pl.col("measured") == "beside the others")
    assert (
        "layer.base_calls" in without["change"].to_list()
    )  # its cap reads the ledgers, which are another change
    after = av.preset("alvh_0").replace(name="less", exit="loss >= 2 * credit")
    less = after.replace(name="less", layers=[each for each in after.layers[1:] if each.name != "base_calls"])
    apart = av.compare([less], MARKET, paths=128, sessions=63, seed=3, shares=[0.35], surface_band=0)
    gap = told.comparison.paths().filter(arm="B").collect()["nav"] - apart.paths().collect()["nav"]
    row = without.row(by_predicate=pl.col("change") == "layer.base_calls", named=True)
    assert row["pnl"] == pytest.approx(YEARLY * gap.mean(), rel=1e-9)
    assert {each["side"] for each in told.first_parting("layer.base_calls").to_dicts()} <= {"before", "after"}


def test_tables_at_their_defaults_and_the_order_of_layers_are_changes() -> None:
    before, governed = av.preset("alvh_0"), av.preset("alvh_0_governed")
    assert {change.path[0] for change in changes(before, governed)} == {"governance"}
    core, first, second, *rest = before.layers
    turned = before.replace(name="turned", layers=[second, first, *rest])
    (order,) = changes(before, turned)
    assert (order.key, order.after[:3]) == ("order", [core.name, second.name, first.name])
    liquid = before.replace(name="liquid", liquidity=av.Liquidity())
    assert "liquidity" in {change.path[0] for change in changes(before, liquid)}


@pytest.mark.parametrize("other", ["alvh_0_governed", "stop_2x", "martingale_add", "spx_put_overlay"])
def test_all_changes_one_after_the_other_make_the_second_playbook(other: str) -> None:
    """One by one, in an order that the checks allow, the changes lead from one document to the other."""
    arm, after = av.preset("alvh_0"), av.preset(other)
    left = list(changes(arm, after))
    while left:
        possible = []
        for change in left:
            with contextlib.suppress(SpecError):
                possible.append((change, _changed(arm, change, "on the way")))
                break
        assert possible, [change.key for change in left]
        change, arm = possible[0]
        left.remove(change)
    assert changes(arm, after) == ()


def test_no_such_change_is_refused(told: Difference) -> None:
    with pytest.raises(SpecError, match="the changes are"):
        told.first_parting("layer.nobody")


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


def test_arms_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """By A and B, and in the command by their files."""
    arms = [av.preset(name).replace(name="mine") for name in ("plain", "stop_2x")]
    told = diff(*arms, MARKET, paths=1, sessions=21)
    assert told.names == ("mine (A)", "mine (B)")
    assert told.text().startswith("mine (A) to mine (B), at 10% of NAV, 1 path:")
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file, arm in zip(files, arms, strict=True):
        file.write_text(arm.to_toml(), encoding="utf-8")
    done = CliRunner().invoke(app, ["diff", *map(str, files), "--paths", "1", "--sessions", "21"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"mine ({files[0]}) to mine ({files[1]}), at 10% of NAV, 1 path:")


def test_the_command_tells_the_same(tmp_path: Path) -> None:
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file, name in zip(files, ("plain", "stop_2x"), strict=True):
        file.write_text(av.preset(name).to_toml(), encoding="utf-8")
    done = CliRunner().invoke(app, ["diff", *map(str, files), "--paths", "32", "--sessions", "21"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("plain to stop_2x, at 10% of NAV, 32 paths:")
    assert "layer.core.exit: " in done.output
