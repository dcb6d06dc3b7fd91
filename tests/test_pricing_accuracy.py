"""Pricing against 80-digit values at the exact doubles, on every instruction set of this machine.

`scripts/golden_accuracy.py` writes the tables: listed options, and a hard set with wings of 37 deviations,
1e-4 to 30 years, volatilities of 1% to 400%, amounts of 1e-200 to 1e200, prices down to 1e-290 (subnormal
ones for implied volatilities), and both sides of the joints at which formulas change.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alvh import _core
from alvh.pricing import Greeks, Status
from pricing_tables import table

VARIANTS = ("baseline", "avx2", "avx512")
AVAILABLE = VARIANTS[: VARIANTS.index(_core.simd_variant()) + 1]
HALF_UNIT = 2.0**-53
TABLES = Path(__file__).with_name("pricing_tables.py")


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """The results of each variant, from a process that is forced to it."""
    folder = tmp_path_factory.mktemp("variants")
    for variant in AVAILABLE:
        command = [sys.executable, str(TABLES), str(folder / f"{variant}.npz")]
        subprocess.run(command, check=True, env=os.environ | {"ALVH_SIMD": variant})
    return {variant: np.load(folder / f"{variant}.npz") for variant in AVAILABLE}


@pytest.fixture(scope="session", params=AVAILABLE)
def found(request, runs):
    return runs[request.param]


def worst(errors, bounds, rows):
    """Asserts errors <= bounds, naming the worst row; a NaN is the worst of all."""
    excess = np.nan_to_num(errors / bounds, nan=np.inf)
    i = int(np.argmax(excess))
    named = {key: column[i].item() for key, column in rows.items()}
    assert excess[i] <= 1, f"{(excess > 1).sum()} of {len(excess)} rows, {errors[i]:.2e}: {named}"


def deviations(rows):
    """|ln(F/K)|/s and s."""
    total_sd = rows["vol"] * np.sqrt(rows["years"])
    return np.abs(np.log(rows["forward"]) - np.log(rows["strike"])) / total_sd, total_sd


def test_prices_have_14_digits_above_a_cent_and_12_down_to_1e_290(found):
    rows = table("price")
    error = np.abs(found["price"] / rows["price"] - 1)
    listed = (rows["price"] >= 0.01) & (np.abs(rows["forward"] - 5000) <= 1000)
    worst(error, np.where(listed, 1e-14, 1e-12), rows)


@pytest.mark.parametrize("name", Greeks._fields)
def test_greeks_have_12_digits_of_the_largest_on_their_strip(found, name):
    rows = table("greeks")
    keys = np.stack([rows[key] for key in ("sign", "forward", "years", "vol")])
    _, strip = np.unique(keys, axis=1, return_inverse=True)
    largest = np.zeros(strip.max() + 1)
    np.maximum.at(largest, strip.ravel(), np.abs(rows[name]))
    worst(np.abs(found[f"greeks.{name}"] - rows[name]) / largest[strip.ravel()], 1e-12, rows)


@pytest.mark.parametrize("name", Greeks._fields)
def test_greeks_have_12_digits_in_both_tails(found, name):
    rows = table("greeks")
    a, total_sd = deviations(rows)
    # Beyond their zeros, which lie within 3 deviations or 3/2 s²; these have none.
    checked = (a >= np.maximum(3.5, 2.9 * total_sd)) | (name in {"price", "delta", "gamma", "vega", "rho"})
    error = np.abs(found[f"greeks.{name}"] - rows[name]) / np.maximum(np.abs(rows[name]), 1e-290)
    worst(np.where(checked, error, 0.0), 1e-12, rows)


def test_every_determined_volatility_is_as_good_as_its_price(found):
    rows = table("implied_vol")
    assert (found["status"] == Status.OK).all()
    # What half a unit of the price and half a unit of the volatility itself leave.
    attainable = rows["attainable"] + HALF_UNIT
    worst(np.abs(found["vol"] / rows["vol"] - 1), 16 * attainable, rows)


@pytest.mark.skipif("avx512" not in AVAILABLE, reason="this machine lacks AVX-512, or a variant is forced")
def test_avx2_and_avx512_give_the_same_bits(runs):
    narrow, wide = runs["avx2"], runs["avx512"]
    for name in narrow.files:
        np.testing.assert_array_equal(narrow[name].view(np.uint8), wide[name].view(np.uint8), err_msg=name)
