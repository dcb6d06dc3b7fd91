"""The options that every library is given: one draw, told both from the spot and from the forward."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

SEED = 1
SPOT, RATE, DIVIDEND = 5000.0, 0.045, 0.013
LEAST_PRICE = 0.01  # below it nobody quotes
SMALL = 200
COLUMNS = ("call", "strike", "years", "vol", "price")
RATES = ("rate", "dividend")


@dataclass(frozen=True)
class Columns:
    """Options on one underlying at `SPOT`, a row each; one continuous rate and dividend yield for all."""

    call: NDArray[np.bool_]
    strike: Floats
    years: Floats
    vol: Floats
    price: Floats
    rate: float = RATE
    dividend: float = DIVIDEND

    @cached_property
    def forward(self) -> Floats:
        """Forward of the row's expiry."""
        return SPOT * np.exp((self.rate - self.dividend) * self.years)

    @cached_property
    def discount(self) -> Floats:
        """Discount factor to the row's expiry."""
        return np.exp(-self.rate * self.years)

    @cached_property
    def sign(self) -> NDArray[np.int8]:
        """+1 for a call, -1 for a put."""
        return np.where(self.call, 1, -1).astype(np.int8)

    @cached_property
    def flag(self) -> NDArray[np.str_]:
        """Calls and puts as "C" and "P"."""
        return np.where(self.call, "C", "P")

    @cached_property
    def lower_flag(self) -> NDArray[np.str_]:
        """Calls and puts as "c" and "p"."""
        return np.where(self.call, "c", "p")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.strike)

    def head(self, rows: int) -> Self:
        """Return the first rows."""
        return self.take(np.arange(rows))

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return these rows."""
        return replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})

    def priced(self, price: Floats) -> Self:
        """Return the same options at these prices."""
        return replace(self, price=price)


def black(columns: Columns) -> Floats:
    """Discounted prices by the textbook formula: good enough to draw options by."""
    sd = columns.vol * np.sqrt(columns.years)
    d1 = np.log(columns.forward / columns.strike) / sd + 0.5 * sd
    sign = columns.sign
    value = sign * (columns.forward * ndtr(sign * d1) - columns.strike * ndtr(sign * (d1 - sd)))
    return columns.discount * value


def smile(strike: Floats, years: Floats) -> Floats:
    """Return volatilities such as SPX options have: a skew and a curvature in ln(K/F)/√T."""
    forward = SPOT * np.exp((RATE - DIVIDEND) * years)
    k = np.log(strike / forward) / np.sqrt(years)
    return np.clip(0.16 - 0.12 * k + 0.10 * k * k, 0.10, 0.80)


def market(rows: int, rng: np.random.Generator) -> Columns:
    """Draw calls and puts in equal parts on the strikes and expiries that are listed."""
    years = rng.integers(1, 366, rows) / 365.0
    strike = 3000.0 + 5.0 * rng.integers(0, 801, rows)
    drawn = Columns(rng.random(rows) < 0.5, strike, years, smile(strike, years), np.empty(rows))
    return drawn.priced(black(drawn))


def out_of_the_money(rows: int, rng: np.random.Generator) -> Columns:
    """Out-of-the-money options at `LEAST_PRICE` or more: what implied volatilities are asked for."""
    kept: list[Columns] = []
    while sum(map(len, kept)) < rows:
        drawn = market(rows, rng)
        drawn = replace(drawn, call=drawn.strike >= drawn.forward)
        drawn = drawn.priced(black(drawn))
        kept.append(drawn.take(np.flatnonzero(drawn.price >= LEAST_PRICE)))
    joined = {name: np.concatenate([getattr(part, name) for part in kept]) for name in COLUMNS}
    return Columns(**joined).head(rows)


def hard(rows: int, rng: np.random.Generator) -> Columns:
    """Far corners: T from 1e-4, volatilities of 1% to 400%, strikes to 35 standard deviations, both rights.

    Rate and dividend are zero, so that spot and forward are the same double and no library is judged by how
    it rounds the forward. Prices are those of the textbook formula, useless out here: see `reference`.
    """
    years = np.exp(rng.uniform(np.log(1e-4), np.log(2.0), rows))
    years[::4] = 1e-4
    vol = np.exp(rng.uniform(np.log(0.01), np.log(4.0), rows))
    deviations = rng.uniform(-8, 8, rows)
    far = rng.random(rows) < 0.2
    deviations[far] = rng.uniform(-35, 35, int(far.sum()))
    strike = SPOT * np.exp(deviations * vol * np.sqrt(years))
    drawn = Columns(rng.random(rows) < 0.5, strike, years, vol, np.empty(rows), rate=0.0, dividend=0.0)
    return drawn.priced(black(drawn))


def impossible(rows: int, rng: np.random.Generator) -> Columns:
    """Prices that no volatility gives: half a millionth below intrinsic, half as much above the bound."""
    drawn = market(rows, rng)
    drawn = replace(drawn, call=drawn.strike < drawn.forward)
    bound = drawn.discount * np.where(drawn.call, drawn.forward, drawn.strike)
    intrinsic = drawn.discount * np.abs(drawn.forward - drawn.strike)
    above = np.arange(rows) % 2 == 0
    return drawn.priced(np.where(above, bound * (1 + 1e-6), intrinsic * (1 - 1e-6)))


def small() -> Columns:
    """One expiry of `SMALL` calls, each argument a column."""
    strike = np.linspace(4500.0, 5500.0, SMALL)
    years, vol = np.full(SMALL, 30 / 365), np.full(SMALL, 0.18)
    drawn = Columns(np.ones(SMALL, dtype=bool), strike, years, vol, np.empty(SMALL))
    return drawn.priced(black(drawn))


def draw(rows: int, checked: int) -> dict[str, Columns]:
    """Every set by name: `rows` of the market's, of which the first `checked` are, and all of the others."""
    rng = np.random.default_rng(SEED)
    wide = {"market": market(rows, rng), "otm": out_of_the_money(rows, rng)}
    return {
        **wide,
        **{f"{name} checked": columns.head(checked) for name, columns in wide.items()},
        "hard": hard(2 * checked, rng),
        "impossible": impossible(checked, rng),
        "small": small(),
    }


def save(inputs: Mapping[str, Columns], folder: Path) -> None:
    """Write the sets for the processes of the libraries."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in inputs.items():
        np.savez(folder / f"{name}.npz", **{each: getattr(columns, each) for each in (*COLUMNS, *RATES)})


def load(folder: Path) -> dict[str, Columns]:
    """Read what `save` wrote."""
    inputs = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            columns = {name: stored[name] for name in COLUMNS}
            inputs[path.stem] = Columns(**columns, **{name: float(stored[name]) for name in RATES})
    return inputs
