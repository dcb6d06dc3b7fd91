"""Writes tests/golden/accuracy_{price,greeks,implied_vol}.csv: Black-76 at the exact doubles, from mpmath.

The deviation is the exact vol * sqrt(years), not its double. A price is kept down to 1e-290, an implied
volatility down to the smallest subnormal price.
"""

import csv
import math
import random
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from mpmath import mp, mpf

from golden_black76 import greeks, undiscounted

SEED = 11
DIGITS = 20
WORKING_DIGITS = 80
SOURCE = f"mpmath {WORKING_DIGITS} digits"
GOLDEN = Path(__file__).parent.parent / "tests" / "golden"
SMALLEST_PRICE = 1e-290
LARGEST_AMOUNT = 1e300  # amounts from 2^1000 on count as infinite
CONTRACT = "sign,forward,strike,years,vol,discount"
NAMES = "price,delta,gamma,vega,theta,rho,vanna,volga,charm,speed,zomma,color,veta,ultima"

Contract = tuple[float, float, float, float, float, float]
"""Sign, forward, strike, years, vol, discount."""


def time_value(forward: float, strike: float, total_sd: mpf) -> mpf:
    """The undiscounted price of the out-of-the-money option, with digits added until two results agree."""
    digits = WORKING_DIGITS
    while True:
        values = []
        for more in (0, 40):
            with mp.workdps(digits + more):
                sign = 1 if strike >= forward else -1
                values.append(undiscounted(sign, mpf(forward), mpf(strike), total_sd))
        if abs(values[0] - values[1]) <= abs(values[1]) * mpf(10) ** -(2 * DIGITS):
            return values[1]
        digits *= 2


def intrinsic(sign: float, forward: float, strike: float) -> mpf:
    return max(sign * (mpf(forward) - mpf(strike)), mpf(0))


def exact_price(contract: Contract) -> mpf:
    sign, forward, strike, years, vol, discount = contract
    value = time_value(forward, strike, mpf(vol) * mp.sqrt(mpf(years)))
    return mpf(discount) * (intrinsic(sign, forward, strike) + value)


def right(draw: random.Random, forward: float, strike: float, otm: float) -> float:
    """Out of the money in the given share of the draws."""
    outside = 1.0 if strike >= forward else -1.0
    return outside if draw.random() < otm else -outside


def realistic(draw: random.Random, count: int) -> Iterator[Contract]:
    """Listed strikes of an index at 5000 within a year, on a smile."""
    for _ in range(count):
        years, strike = draw.randint(1, 365) / 365, 3000.0 + 5 * draw.randint(0, 800)
        forward, discount = 5000 * math.exp(0.032 * years), math.exp(-0.045 * years)
        k = math.log(strike / forward) / math.sqrt(years)
        vol = min(max(0.16 - 0.12 * k + 0.10 * k * k, 0.10), 0.80)
        yield right(draw, forward, strike, 0.5), forward, strike, years, vol, discount


def shaped(draw: random.Random, x: float, total_sd: float, forward: float = 5000.0) -> Contract:
    """A contract with ln(K/F) and s close to those given, in doubles."""
    years = draw.choice((1.0, 0.25, 10 ** draw.uniform(-4, math.log10(30))))
    strike = float(forward * mp.exp(x))
    discount = draw.choice((1.0, draw.uniform(0.3, 1.05)))
    sign = right(draw, forward, strike, 0.7)
    return sign, forward, strike, years, total_sd / math.sqrt(years), discount


def wings(draw: random.Random) -> Iterator[Contract]:
    """37 deviations, 1e-4 to 30 years, volatilities of 1% to 400%; then the smallest prices."""
    uniform = draw.uniform
    for _ in range(700):
        years = draw.choice((1e-4, 30.0, 10 ** uniform(-4, math.log10(30))))
        vol = 10 ** uniform(-2, math.log10(4))
        strike = float(5000 * mp.exp(uniform(-37, 37) * draw.random() * vol * mp.sqrt(years)))
        discount = math.exp(-uniform(-0.01, 0.06) * years)
        yield right(draw, 5000.0, strike, 0.7), 5000.0, strike, years, vol, discount
    for _ in range(80):
        x, z = draw.choice((-1, 1)) * 10 ** uniform(-3, 2), uniform(33, 37)
        yield shaped(draw, x, math.sqrt(z * z + 2 * abs(x)) - z)


def joints(draw: random.Random) -> Iterator[Contract]:
    """Each side of values of s, x = |ln(F/K)| and d = x/s - s/2 at which formulas may change."""
    uniform = draw.uniform
    for _ in range(40):
        for joint in (0.5, 0.8, 1.0, 2.0):
            near = joint * (1 + draw.choice((-1, 1)) * 10 ** uniform(-16, -1))
            way = draw.choice((-1, 1))
            yield shaped(draw, way * near, 10 ** uniform(-1.4, 1))
            yield shaped(draw, way * joint * uniform(0, 1.5), near)
            yield shaped(draw, way * near * near / 2, near * (1 + 10 ** uniform(-16, -1)))
            yield shaped(draw, way * near, near)
    for _ in range(200):  # small s and x, down to neighbouring doubles
        sd = 10 ** uniform(-15, -1)
        yield shaped(draw, sd * uniform(-37, 37), sd)
        yield shaped(draw, draw.choice((-1, 0, 1)) * draw.randint(0, 4) * math.ulp(1.0), sd)


def bounds(draw: random.Random) -> Iterator[Contract]:
    """Amounts of any size, any s at the money, and prices near their bound."""
    uniform = draw.uniform
    for _ in range(200):
        forward, x = 10 ** uniform(-200, 200), draw.choice((-1, 1)) * 10 ** uniform(-3, math.log10(460))
        z = uniform(-30, 30) * draw.random()
        yield shaped(draw, x, math.sqrt(z * z + 2 * abs(x)) - z, forward)
    for sd in (1e-280, 1e-100, 1e-16, 1e-9, 1e-4, 0.5, 0.999, 1.001, 3.0, 8.0, 20.0, 60.0):
        yield shaped(draw, 0.0, sd)
    for _ in range(150):
        sd = 10 ** uniform(0.3, 1.6)
        yield shaped(draw, sd * sd * uniform(-0.6, 0.6), sd)


def extremes() -> Iterator[Contract]:
    """The contracts of the table of normalised extremes, both ways round, as calls and puts."""
    with (GOLDEN / "iv_normalised_black_extremes.csv").open() as table:
        for row in csv.DictReader(table):
            ratio, sd = math.exp(float(row["x_ln_F_over_K"])), float(row["s_total_vol"])
            for sign in (1.0, -1.0):
                yield sign, ratio, 1.0, 1.0, sd, 1.0
                yield sign, 1.0, ratio, 1.0, sd, 1.0


def hard(draw: random.Random) -> Iterator[Contract]:
    return chain(wings(draw), joints(draw), bounds(draw), extremes())


def in_range(contract: Contract) -> bool:
    _, forward, strike, _, vol, _ = contract
    return vol > 0 and all(1 / LARGEST_AMOUNT < amount < LARGEST_AMOUNT for amount in (forward, strike))


def price_rows() -> Iterator[list[str]]:
    draw = random.Random(SEED)  # noqa: S311 (test data)
    for group, contracts in (("realistic", realistic(draw, 500)), ("hard", hard(draw))):
        for contract in filter(in_range, contracts):
            price = exact_price(contract)
            if price >= SMALLEST_PRICE:
                yield [group, *map(repr, contract), mp.nstr(price, DIGITS)]


def greek_rows() -> Iterator[list[str]]:
    return chain(strips(), single())


def single() -> Iterator[list[str]]:
    """Hard contracts of which no greek is close to a zero: each is a strip of its own."""
    draw = random.Random(SEED)  # noqa: S311 (test data)
    chosen = [*joints(draw), *wings(draw)]
    for contract in draw.sample(chosen, 400):
        sign, *terms = contract
        values = dict(both_rights(tuple(terms)))[sign]
        forward, strike, years, vol, discount = terms
        moved = dict(both_rights((forward, strike, years, vol * (1 + 1e-6), discount)))[sign]
        far = all(abs(a - b) < abs(a) / 100 for a, b in zip(values, moved, strict=True))
        if far and all(SMALLEST_PRICE < abs(value) < LARGEST_AMOUNT for value in values):
            yield [*map(repr, contract), *(mp.nstr(value, DIGITS) for value in values)]


def strips() -> Iterator[list[str]]:
    """Strips of strikes, both rights, to 35 deviations on either side."""
    draw = random.Random(SEED)  # noqa: S311 (test data)
    steps = (0.0, 0.25, 0.7, 1.0, 1.5, 2.5, 4.0, 6.0, 9.0, 14.0, 22.0, 30.0, 35.0)
    for years in (1e-4, 1 / 365, 30 / 365, 1.0, 5.0, 30.0):
        for vol in (0.01, 0.12, 0.35, 1.0, 4.0):
            forward, rate = draw.choice((5000.0, 18.5, 1.0)), draw.choice((0.045, 0.0, -0.01))
            discount = math.exp(-rate * years)
            for z in sorted({way * step for step in steps for way in (-1, 1)}):
                strike = float(forward * mp.exp(z * vol * math.sqrt(years)))
                if in_range((1.0, forward, strike, years, vol, discount)):
                    terms = (forward, strike, years, vol, discount)
                    for sign, values in both_rights(terms):
                        yield [*map(repr, (sign, *terms)), *(mp.nstr(value, DIGITS) for value in values)]


def both_rights(terms: tuple[float, ...]) -> Iterator[tuple[float, list[mpf]]]:
    """The derivatives of the out-of-the-money option, and by parity those of the other."""
    forward, strike, years, _, discount = map(mpf, terms)
    sign = 1.0 if strike >= forward else -1.0
    with mp.workdps(WORKING_DIGITS + 20):
        outside = greeks((sign, *terms))
        rate = -mp.log(discount) / years
        gap = -sign * discount * (forward - strike)
        parity = dict.fromkeys(NAMES.split(","), mpf(0))
        parity |= {"price": gap, "delta": -sign * discount, "theta": rate * gap, "rho": -years * gap}
        parity["charm"] = -rate * sign * discount
        yield sign, outside
        yield -sign, [a + b for a, b in zip(outside, parity.values(), strict=True)]


def implied_vol_rows() -> Iterator[list[str]]:
    """Prices that are doubles, their exact volatility, and by what part half a unit of the price moves it."""
    draw = random.Random(SEED)  # noqa: S311 (test data)
    for group, contracts in (("realistic", realistic(draw, 400)), ("hard", inverse_hard(draw))):
        for contract in filter(in_range, contracts):
            sign, forward, strike, years, _, discount = contract
            price = float(exact_price(contract))
            solved = solve(price, contract) if price > 0 else None
            if solved is not None:
                vol, attainable = solved
                terms = map(repr, (sign, price, forward, strike, years, discount))
                yield [group, *terms, mp.nstr(vol, DIGITS), mp.nstr(attainable, 4)]


def inverse_hard(draw: random.Random) -> Iterator[Contract]:
    """The hard prices, and smaller ones: at the money and in the wings, down to subnormal prices."""
    yield from hard(draw)
    for _ in range(150):
        forward = 10 ** draw.uniform(-3, 4)
        yield shaped(draw, 0.0, 10 ** draw.uniform(-322, -285) / forward, forward)
        x, z = draw.choice((-1, 1)) * 10 ** draw.uniform(-3, 2), draw.uniform(36, 38.4)
        yield shaped(draw, x, math.sqrt(z * z + 2 * abs(x)) - z, draw.choice((1.0, 100.0)))


def solve(price: float, contract: Contract) -> tuple[mpf, mpf] | None:
    """Newton on the logarithm of the tail; None unless the price determines the volatility to 1e-3.

    A time value closer to its bounds than 64 half units of the price carries no volatility either.
    """
    sign, forward, strike, years, start, discount = contract
    half_unit = mpf(math.ulp(price)) / 2
    target = mpf(price) / mpf(discount) - intrinsic(sign, forward, strike)
    bound, f, root = mpf(min(forward, strike)), mpf(forward), mp.sqrt(mpf(years))
    if not 64 * half_unit < target * discount < bound * discount - 64 * half_unit:
        return None
    s, upper = mpf(start) * root, target > bound / 2
    for _ in range(60):
        value = time_value(forward, strike, s)
        density = f * mp.npdf(mp.log(f / mpf(strike)) / s + s / 2)
        attainable = half_unit / (mpf(discount) * density * s)
        if attainable > 1e-3:
            return None
        tail, wanted = (bound - value, bound - target) if upper else (value, target)
        move = mp.log(wanted / tail) * tail / density * (-1 if upper else 1)
        s += move
        if abs(move) < s * mpf(10) ** -(DIGITS + 10):
            return s / root, attainable
    raise ArithmeticError(f"no volatility for {contract}")


TABLES = {
    "price": (f"group,{CONTRACT},price", price_rows),
    "implied_vol": ("group,sign,price,forward,strike,years,discount,vol,attainable", implied_vol_rows),
    "greeks": (f"{CONTRACT},{NAMES}", greek_rows),
}


def main() -> None:
    """Writes the tables named in the arguments, else all: a minute, and ten for the greeks."""
    mp.dps = WORKING_DIGITS
    for name in sys.argv[1:] or TABLES:
        header, rows = TABLES[name]
        lines = [f"{header},source", *(",".join([*row, SOURCE]) for row in rows())]
        (GOLDEN / f"accuracy_{name}.csv").write_text("\n".join(lines) + "\n")
        print(f"{name}: {len(lines) - 1} rows")


if __name__ == "__main__":
    main()
