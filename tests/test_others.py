"""What a layer buys where it has the choice: the larger contract, the tenor that decays less (R32, R42)."""

import json
import re
from datetime import date

import numpy as np
import pytest

import alvh as av
import engine_spec
from agreement import agree
from alvh import _core
from alvh.errors import AlvhError, SpecError
from alvh.market import GBM, L3F

CORE = av.preset("plain").core
FEW = {"sessions": 84, "shares": (0.35,)}


def puts(product: str | tuple[str, ...] = ("SPX", "XSP"), share: float = 1.0, **more: object) -> av.Arm:
    layer = av.Layer(
        "puts",
        buy=av.put(days=(30, 65), product=product),
        size=av.offset("core.notional", share),
        **{"roll_below": 21} | more,
    )
    return av.Arm("puts", CORE, layers=[layer], sleeve=av.Sleeve(share=0.60))


def shifted(when: str = "vix > 0", days: tuple[int, int] = (75, 130), **more: object) -> av.Arm:
    buy = av.playbook.Buy(
        kind="call", product="VIX", days=(20, 55), every="flat", delta=0.3, shift={"when": when, "days": days}
    )
    layer = av.Layer("calls", buy=buy, size=av.offset("core.vega", 0.5), **{"roll_below": 14} | more)
    return av.Arm("shifted", CORE, layers=[layer], sleeve=av.Sleeve(share=0.30))


def plan_of(arm: av.Arm, market: object = None, **more: object) -> tuple[dict, _core.Plan]:
    plan = engine_spec.spec([arm], market or L3F(vix=26), **FEW | more)
    return plan, _core.Plan(json.dumps(plan))


def opened(compiled: _core.Plan, path: int) -> list[dict]:
    rows = compiled.trace(path, 0)["events"]
    return [row for row in rows if (row["layer"], row["event"]) == (1, "open")]


@pytest.mark.parametrize(
    "arm",
    [
        puts(),
        puts(roll_limits={"extrinsic_per_day": 1.1}),
        shifted(),
        shifted("vix > 25", tranches=[{"share": 0.5}, {"share": 0.5, "when": "days_to_cpi == 0"}]),
    ],
    ids=["contracts", "contracts with limits", "tenors", "tenors in parts"],
)
def test_the_engine_chooses_what_the_twin_chooses(arm: av.Arm) -> None:
    plan, compiled = plan_of(arm)
    found = 0
    for path in range(3):
        other = agree(plan, path, 0, compiled)
        rows = opened(compiled, path)
        assert {row["tick"] for row in rows if row["other"]} <= {tick for tick, _ in other.others}
        found += len(other.others)
    assert found


def test_the_larger_contract_is_traded_from_two_lots_on() -> None:
    """R42: one SPX lot is ten XSP lots, which are traded rather than a single one."""
    seen = set()
    for share in (0.05, 0.3, 1.0):
        _, compiled = plan_of(puts(share=share))
        for path in range(4):
            for row in opened(compiled, path):
                seen.add(row["other"])
                assert row["lots"] >= 2 if row["other"] == 1 else row["lots"] < 30  # XSP is cheaper to round
    assert seen == {0, 1}


def test_one_product_is_what_it_was() -> None:
    """What never reaches two SPX lots is traded in XSP to the last bit."""
    few = puts(share=0.02), puts("XSP", share=0.02)
    both, one = (plan_of(arm)[1].run(0, 32) for arm in few)
    assert np.sum(one["hedge_opened"]) > 0
    assert all(np.array_equal(both[name], one[name], equal_nan=True) for name in both)


def test_the_longer_tenor_is_bought_where_a_day_takes_less_from_it() -> None:
    """R32: both ratios are told, and the lower one decides."""
    _, compiled = plan_of(shifted())
    found = set()
    for path in range(4):
        for row in opened(compiled, path):
            longer, own = map(float, re.findall(r"vega (-?[\d.]+) .*tenor, (-?[\d.]+) of", row["reason"])[0])
            assert (row["other"] == 1) == (longer < own)
            found.add(row["other"])
    assert 1 in found
    _, compiled = plan_of(shifted("vix > 1000"))
    rows = [row for path in range(4) for row in opened(compiled, path)]
    assert rows
    assert not any(row["other"] or "theta per vega" in row["reason"] for row in rows)


def test_where_vix_does_not_move_there_is_nothing_to_compare() -> None:
    arm = puts("SPX", share=1.0)
    buy = av.playbook.Buy(
        kind="put",
        product="SPX",
        days=(30, 65),
        every="flat",
        delta=0.4,
        shift={"when": "vix > 0", "days": 120},
    )
    layer = arm.layers[1].model_copy(update={"buy": buy})
    _, compiled = plan_of(arm.model_copy(update={"layers": (CORE, layer)}), GBM(vol=0.2))
    rows = [row for path in range(4) for row in opened(compiled, path)]
    assert rows
    assert {row["other"] for row in rows} == {0}


def test_what_is_held_of_both_is_one_position() -> None:
    """A layer counts what it holds of either, and is flat when none is held."""
    _, compiled = plan_of(puts())
    for path in range(4):
        held: dict[int, int] = {}
        for row in compiled.trace(path, 0)["events"]:
            if row["layer"] != 1:
                continue
            if row["event"] == "open":
                assert not held
                held[row["slot"]] = row["other"]
            elif row["event"] in {"close", "settle"}:
                assert held.pop(row["slot"]) == row["other"]


def test_advice_names_the_product_and_takes_it_back() -> None:
    """Orders and positions are told in the points of what is traded; a book may hold either."""
    arm = puts()
    result = av.compare([arm], L3F(vix=26), paths=4, seed=11, surface_band=0, **FEW)
    assert result.layer_pnl()["layer"].to_list() == ["core", "puts"]
    book = av.advice.Book.from_toml(
        """
        schema = 1
        cash = 900_000
        sleeve = 500_000
        [[leg]]
        product = "SPX"
        right = "P"
        strike = 5200
        expiration = 2024-03-15
        quantity = 3
        price = 240.0
        opened = 2024-02-02
        """
    )
    today = {"date": date(2024, 2, 2), "spx": 4958.6, "vix": 13.9, "rate": 0.053, "dividend_yield": 0.014}
    told = av.advise(book, today, arm)
    assert told.positions.select("product", "strikes").rows() == [("SPX", [5200.0])]
    assert told.positions["value"][0] == pytest.approx(240, rel=0.1)


def test_arms_with_a_choice_are_written_and_read_back() -> None:
    for arm in (puts(), shifted()):
        assert av.Arm.from_toml(arm.to_toml()) == arm
    assert puts().layers[1].products == ("XSP", "SPX")
    assert puts().digest != puts("XSP").digest


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"shift": {"when": "vix > 20", "days": 20}}, "longer than 37"),
        ({"shift": {"when": "vix > 20", "days": 90}, "after": "fomc"}, "one choice at an opening"),
        ({"shift": {"when": "credit > 20", "days": 90}}, "credit"),
        (
            {"shift": {"when": "vix > 20", "days": 90}, "kind": "future", "product": "VX", "delta": None},
            "a day",
        ),
    ],
)
def test_a_shift_that_means_nothing_is_refused(change: dict, mend: str) -> None:
    terms = {"kind": "call", "product": "VIX", "days": (20, 55), "every": "flat", "delta": 0.3} | change
    with pytest.raises(SpecError, match=re.escape(mend)):
        av.Layer("calls", buy=terms, size=av.offset("core.vega", 0.5))


def test_the_engine_refuses_it_as_well() -> None:
    plan, _ = plan_of(shifted())
    layer = plan["books"][0]["layers"][1]
    for change, mend in (
        (
            {
                "roll_below": 14,
                "others": [layer["others"][0] | {"days": {"low": 10, "high": 60, "target": 30}}],
            },
            "low",
        ),
        ({"others": [layer["others"][0] | {"prefer": {"by": "lots", "least": 0.0}}]}, "least"),
        ({"others": [layer["others"][0] | {"product": "NOPE"}]}, "NOPE"),
    ):
        wrong = json.loads(json.dumps(plan))
        wrong["books"][0]["layers"][1] |= change
        with pytest.raises(AlvhError, match=mend):
            _core.Plan(json.dumps(wrong))
