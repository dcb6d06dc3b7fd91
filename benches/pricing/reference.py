"""What is true of an option: price and greeks in 60 digits from the very doubles that a library is given."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

from benches.pricing.inputs import SPOT, Columns, Floats

DIGITS = 60
ENTRIES = ("forward", "spot")
"""What a library starts from: forward and discount factor, or spot, rate and dividend yield."""

GREEKS = (
    *("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga"),
    *("charm", "speed", "zomma", "color", "veta", "ultima"),
)
"""Of the forward; of the spot there are the first six."""

FIVE = ("delta", "gamma", "vega", "theta", "rho")


@dataclass(frozen=True)
class Reference:
    """Price and greeks by name, a column each, rounded to double once."""

    greeks: dict[str, Floats]

    @property
    def price(self) -> Floats:
        """The discounted price."""
        return self.greeks["price"]


def references(columns: Columns, cache: Path) -> dict[str, Reference]:
    """For each entry the truth about the options, computed once per set of inputs and kept in `cache`."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for part in (columns.call, columns.strike, columns.years, columns.vol, columns.forward, columns.discount):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(repr((columns.rate, columns.dividend)).encode())
    path = cache / f"reference-{digest.hexdigest()[:16]}.npz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(path, forward=_table(columns, _from_forward), spot=_table(columns, _from_spot))
    with np.load(path) as stored:
        return {
            entry: Reference(dict(zip(GREEKS, stored[entry], strict=False)))  # of the spot only the first
            for entry in ENTRIES
        }


def _table(columns: Columns, truth: Callable[[Columns, int], list[mpf]]) -> Floats:
    with mp.workdps(DIGITS):
        rows = [[float(value) for value in truth(columns, row)] for row in range(len(columns))]
    return np.array(rows).T


def _from_forward(columns: Columns, row: int) -> list[mpf]:
    """Black-76 with the forward held fixed in every derivative and r = -ln(D)/T; all of `GREEKS`."""
    F, K, T, v, D = (
        mpf(float(column[row]))
        for column in (columns.forward, columns.strike, columns.years, columns.vol, columns.discount)
    )
    w = int(columns.sign[row])
    r = -mp.log(D) / T
    s = v * mp.sqrt(T)
    d1 = mp.log(F / K) / s + s / 2
    d2 = d1 - s
    density = mp.npdf(d1)
    price = D * w * (F * _normal(w * d1) - K * _normal(w * d2))
    delta = D * w * _normal(w * d1)
    gamma = D * density / (F * s)
    vega = D * F * density * mp.sqrt(T)
    return [
        price,
        delta,
        gamma,
        vega,
        r * price - vega * v / (2 * T),
        -T * price,
        -D * density * d2 / v,
        vega * d1 * d2 / v,
        r * delta + D * density * d2 / (2 * T),
        -gamma / F * (1 + d1 / s),
        gamma * (d1 * d2 - 1) / v,
        gamma * (r - (d1 * d2 - 1) / (2 * T)),
        vega * (r - (1 + d1 * d2) / (2 * T)),
        -vega / v**2 * (d1 * d2 * (1 - d1 * d2) + d1**2 + d2**2),
    ]


def _from_spot(columns: Columns, row: int) -> list[mpf]:
    """Black-Scholes-Merton: price and `FIVE` with respect to spot, rate and calendar time per year."""
    K, T, v = (mpf(float(column[row])) for column in (columns.strike, columns.years, columns.vol))
    S, r, q = mpf(SPOT), mpf(columns.rate), mpf(columns.dividend)
    w = int(columns.sign[row])
    s = v * mp.sqrt(T)
    d1 = (mp.log(S / K) + (r - q) * T) / s + s / 2
    d2 = d1 - s
    asset, cash = S * mp.exp(-q * T), K * mp.exp(-r * T)
    first, second = w * _normal(w * d1), w * _normal(w * d2)
    vega = asset * mp.npdf(d1) * mp.sqrt(T)
    return [
        asset * first - cash * second,
        asset / S * first,
        asset / S * mp.npdf(d1) / (S * s),
        vega,
        q * asset * first - r * cash * second - vega * v / (2 * T),
        T * cash * second,
    ]


def _normal(x: mpf) -> mpf:
    """Return the normal distribution function without cancellation in the lower tail."""
    return mp.erfc(-x / mp.sqrt(2)) / 2
