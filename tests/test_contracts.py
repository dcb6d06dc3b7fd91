"""Contract rows: the figures of the specifications, the lookup, the rows against their own rules."""

import json
import pickle

import pytest

from alvh.contracts import contract, products
from alvh.errors import AlvhError, ContractError
from alvh.schedule.expiries import CADENCES


def test_spxw_is_the_index_contract():
    spxw = contract("SPXW")
    assert (spxw.multiplier, spxw.strike_step, spxw.settlement, spxw.exchange_fee) == (100.0, 5.0, "PM", 0.65)
    assert spxw.dollars_per_point == 100.0


def test_xsp_is_a_tenth_of_it():
    xsp = contract("XSP")
    assert xsp.dollars_per_point == pytest.approx(contract("SPXW").dollars_per_point / 10)
    assert xsp.strike_grid == pytest.approx(10.0)  # index points between strikes one XSP point apart


@pytest.mark.parametrize(
    ("product", "price", "tick"),
    [
        ("SPXW", 0.0, 0.05),
        ("SPXW", 2.95, 0.05),
        ("SPXW", 3.0, 0.10),
        ("SPXW", 400.0, 0.10),
        ("XSP", 0.0, 0.01),
        ("XSP", 9.0, 0.01),
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
    starts = [start for start, _ in row.ticks]
    assert starts[0] == 0.0
    assert starts == sorted(set(starts))
    assert all(step > 0 for _, step in row.ticks)
    assert row.multiplier > 0
    assert 0 < row.index_fraction <= 1
    assert row.strike_step > 0
    assert row.settlement in {"PM", "AM"}
    assert 0 <= row.exchange_fee < 5
    assert json.loads(json.dumps(row.spec()))["product"] == product
    assert pickle.loads(pickle.dumps(row)) == row  # noqa: S301 - made in this line


@pytest.mark.parametrize(("name", "nearest"), [("spxw", "SPXW"), ("XPS", "XSP"), ("SPWX", "SPXW")])
def test_unknown_product_names_the_nearest(name, nearest):
    with pytest.raises(ContractError, match=f"did you mean '{nearest}'"):
        contract(name)


def test_unknown_product_lists_the_known():
    with pytest.raises(AlvhError, match="'SPXW', 'XSP'"):
        contract("DAX_40")


@pytest.mark.parametrize("product", products())
def test_every_product_lists_weekly_expiries(product):
    assert "weekly" in CADENCES[product]
