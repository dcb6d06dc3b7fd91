"""Contract rows: the figures of the specifications, the lookup, the rows against their own rules."""

import csv
import json
import math
import pickle
from pathlib import Path

import pytest

from alvh.contracts import contract, products
from alvh.errors import AlvhError, ContractError
from alvh.schedule.expiries import CADENCES

GOLDEN = Path(__file__).parent / "golden"
FUTURES = [product for product in products() if contract(product).kind == "future"]


def test_spxw_is_the_index_contract():
    spxw = contract("SPXW")
    assert (spxw.multiplier, spxw.settlement, spxw.exchange_fee) == (100.0, "PM", 0.65)
    assert (spxw.dollars_per_point, spxw.strike_step(5000.0)) == (100.0, 5.0)


def test_xsp_is_a_tenth_of_it():
    xsp = contract("XSP")
    assert xsp.dollars_per_point == pytest.approx(contract("SPXW").dollars_per_point / 10)
    assert xsp.strike_step(500.0) == 1.0


def test_spx_is_spxw_settled_in_the_morning():
    spx, spxw = contract("SPX"), contract("SPXW")
    assert (spx.settlement, spx.ticks, spx.strike_steps) == ("AM", spxw.ticks, spxw.strike_steps)


def test_a_mini_future_is_a_tenth():
    vx, vxm = contract("VX"), contract("VXM")
    assert (vx.multiplier, vxm.multiplier) == (1000.0, 100.0)
    assert vx.initial_margin(18.0, 60) == pytest.approx(10 * vxm.initial_margin(18.0, 60))


@pytest.mark.parametrize(
    ("strike", "step"), [(10.0, 0.5), (14.5, 0.5), (15.0, 1.0), (199.0, 1.0), (200.0, 5.0), (230.0, 5.0)]
)
def test_vix_strikes_are_listed_in_steps_that_grow(strike, step):
    assert contract("VIX").strike_step(strike) == step


@pytest.mark.parametrize(
    ("days", "share"), [(0, 0.55), (92, 0.55), (93, 0.40), (183, 0.40), (184, 0.35), (270, 0.35)]
)
def test_margin_falls_with_the_term(days, share):
    assert contract("VX").initial_margin(20.0, days) == pytest.approx(share * 20_000)


def test_margin_rises_where_vix_is_high():
    vx = contract("VX")
    calm = vx.initial_margin(20.0, 45)
    assert [vx.initial_margin(20.0, 45, vix=vix) / calm for vix in (29.9, 30.0, 80.0)] == [1.0, 1.25, 1.25]
    with pytest.raises(ContractError, match="vix beside VX"):
        vx.initial_margin(20.0, 45, vix=float("nan"))


def reference_margins():
    """Initial margins that the exchange or a broker published, beside where the front month stood."""
    with (GOLDEN / "vx_margin_levels.csv").open(encoding="utf-8") as lines:
        return [
            pytest.param(row, id=f"{row['date']} {row['product']} {row['term']}")
            for row in csv.DictReader(lines)
        ]


@pytest.mark.parametrize("row", reference_margins())
def test_margin_beside_published_levels(row):
    """A share of the price is a rule of thumb: how far off it was stands in the row's comment."""
    price, days, vix = (float(row[name]) for name in ("price", "days", "vix"))
    asked = contract(row["product"]).initial_margin(price, days, vix=vix)
    assert asked / float(row["initial_usd"]) == pytest.approx(float(row["ratio"]), abs=0.005)


@pytest.mark.parametrize("product", [*FUTURES, "VXX shares"])
def test_futures_and_shares_have_no_strikes(product):
    with pytest.raises(ContractError, match="no strikes"):
        contract(product).strike_step(20.0)


@pytest.mark.parametrize(
    ("product", "price", "words"),
    [
        ("VXX shares", 20.0, "a share: bought"),
        ("VIX", 20.0, "asks no margin"),
        ("VX", -1.0, "0 or more"),
        ("VX", float("nan"), "0 or more"),
    ],
)
def test_margin_without_sense_is_refused(product, price, words):
    with pytest.raises(ContractError, match=words):
        contract(product).initial_margin(price, 30)


@pytest.mark.parametrize(
    ("product", "price", "tick"),
    [
        ("SPXW", 0.0, 0.05),
        ("SPXW", 2.95, 0.05),
        ("SPXW", 3.0, 0.10),
        ("SPXW", 400.0, 0.10),
        ("XSP", 0.0, 0.01),
        ("XSP", 9.0, 0.01),
        ("VIX", 2.95, 0.05),
        ("VIX", 3.0, 0.10),
        ("VX", 18.0, 0.05),
        ("VXM", 18.0, 0.01),
    ],
)
def test_tick_by_price(product, price, tick):
    assert contract(product).tick(price) == tick


@pytest.mark.parametrize("price", [-0.05, float("nan")])
def test_tick_refuses_what_is_no_price(price):
    with pytest.raises(ContractError, match="0 or more"):
        contract("SPXW").tick(price)


@pytest.mark.parametrize("product", products())
def test_every_row_is_sound(product):
    row = contract(product)
    tables = (row.ticks, row.half_spread.floors, row.strike_steps, row.margin)
    for table in tables:
        starts = [start for start, _ in table]
        assert starts[:1] in ([], [0])
        assert starts == sorted(set(starts))
        assert all(0 < value < math.inf for _, value in table)
    assert row.ticks
    assert row.multiplier > 0
    assert 0 < row.index_fraction <= 1
    assert row.underlying in {"SPX", "VIX"}
    assert (row.kind == "option") == bool(row.strike_steps)
    assert (row.kind == "future") == bool(row.margin)
    assert (row.kind == "share") == (row.fund is not None)
    assert row.settlement in {"PM", "AM"}
    assert 0 <= row.exchange_fee < 5
    assert json.loads(json.dumps(row.spec()))["product"] == product
    assert pickle.loads(pickle.dumps(row)) == row  # noqa: S301 - made in this line


@pytest.mark.parametrize(("name", "nearest"), [("spxw", "SPXW"), ("XPS", "XSP"), ("SPXWW", "SPXW")])
def test_unknown_product_names_the_nearest(name, nearest):
    with pytest.raises(ContractError, match=f"did you mean '{nearest}'"):
        contract(name)


def test_unknown_product_lists_the_known():
    with pytest.raises(AlvhError, match="'SPXW', 'SPX', 'XSP', 'VIX', 'VX', 'VXM', 'VXX shares'"):
        contract("DAX_40")


@pytest.mark.parametrize("product", [each for each in products() if contract(each).kind != "share"])
def test_every_product_lists_expiries(product):
    settles_at_the_close = contract(product).settlement == "PM"
    assert CADENCES[product][0] == ("weekly" if settles_at_the_close else "monthly")
