"""TOML of markets: every parameter of every model, off its default, is written and read back."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import market
from alvh.errors import SpecError
from alvh.market import MODELS

SHRINK = (0.9, 0.999)  # by which each number is moved towards 0: within its domain, and no default
TEXTS = {"model", "history"}


@pytest.fixture(scope="module")
def closes(tmp_path_factory):
    """A file of closes, from which FHS takes its innovations."""
    dates = pl.date_range(pl.date(2023, 1, 3), pl.date(2023, 6, 30), eager=True)
    rng = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("toml") / "closes.csv"
    pl.DataFrame({"date": dates}).with_columns(
        spx=pl.Series(4000 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(dates))))),
        vix=pl.Series(18 + 3 * rng.random(len(dates))),
    ).write_csv(path)
    return market.Closes(path=str(path), rate=0.03, dividend_yield=0.015, gaps="report")


def moved(default, draw):
    """Every number of a description, off its default; a group number by number."""
    if isinstance(default, dict):
        return {name: moved(each, draw) for name, each in default.items() if name not in TEXTS}
    if isinstance(default, list | tuple):
        return [moved(each, draw) for each in default]
    share = draw(st.floats(*SHRINK))
    return share * default if default else -(1 - share)  # surface_shift alone is 0


def leaves(described, path=()):
    """Each number with its place."""
    if isinstance(described, dict):
        for name, each in described.items():
            if name not in TEXTS | {"innovations"}:
                yield from leaves(each, (*path, name))
    elif isinstance(described, list | tuple):
        for place, each in enumerate(described):
            yield from leaves(each, (*path, place))
    else:
        yield path, described


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_parameter_is_read_back(closes, name, data):
    kind = MODELS[name]
    default = market.FHS.of(closes) if name == "fhs" else kind()
    plain = {key: each for key, each in default.spec().items() if key != "innovations"}
    parameters = moved(plain, data.draw)
    model = market.FHS.of(closes, **parameters) if name == "fhs" else kind(**parameters)
    defaults, given_ = (dict(leaves(each.spec())) for each in (default, model))
    assert defaults.keys() == given_.keys()
    assert len(given_) >= 6
    assert not [
        path for path, value in given_.items() if value == defaults[path]
    ]  # none is left at its default
    again = market.from_toml(model.to_toml())
    assert type(again) is type(model)
    assert again == model
    assert dict(leaves(again.spec())) == given_  # to the last bit


@pytest.mark.parametrize("name", MODELS)
def test_what_is_left_out_of_a_file_is_the_default(closes, name):
    default = market.FHS.of(closes) if name == "fhs" else MODELS[name]()
    for path, value in leaves(default.spec()):
        if len(path) != 1:
            continue
        lines = default.to_toml().splitlines()
        del lines[next(k for k, line in enumerate(lines) if line.startswith(f"{path[0]} ="))]
        assert market.from_toml("\n".join(lines)) == default, (path, value)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("value", ['"0.5"', "true", "nan", "[]", "1979-05-27"])
def test_what_is_no_number_is_told_with_its_line(closes, name, value):
    """Of every key of every table: the file, the line and the key."""
    default = market.FHS.of(closes) if name == "fhs" else MODELS[name]()
    lines = default.to_toml().splitlines()
    end = lines.index("[history]") if "[history]" in lines else len(lines)
    keys = [k for k, line in enumerate(lines[2:end], start=2) if " = " in line]
    assert len(keys) >= 6
    for k in keys:
        key = lines[k].partition(" =")[0]
        text = "\n".join([*lines[:k], f"{key} = {value}", *lines[k + 1 :]])
        with pytest.raises(SpecError) as caught:
            market.from_toml(text, "mine.toml")
        assert f"mine.toml, line {k + 1}: " in str(caught.value), (key, str(caught.value))
        assert any(f"{key}{after}" in str(caught.value) for after in (" = ", "[", "."))
