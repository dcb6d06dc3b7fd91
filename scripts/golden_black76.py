"""Writes tests/golden/black76_{price,greeks}.csv from mpmath: the formula and its numerical derivatives."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from mpmath import diff, mp, mpf

SEED = 7
DIGITS = 25
PRICE_DIGITS = 120
SOURCE = "mpmath at the exact doubles"
GOLDEN = Path(__file__).parent.parent / "tests" / "golden"
Row = tuple[float, ...]


def undiscounted(sign: float, forward: mpf, strike: mpf, total_sd: mpf) -> mpf:
    """Black's formula as it is written."""
    d1 = mp.log(forward / strike) / total_sd + total_sd / 2
    return sign * (forward * mp.ncdf(sign * d1) - strike * mp.ncdf(sign * (d1 - total_sd)))


def price_rows(draw: random.Random) -> Iterator[Row]:
    """All regimes of the time value: sign, forward, strike, total_sd."""
    uniform = draw.uniform
    for _ in range(80):  # liquid options
        yield draw.choice((1.0, -1.0)), 100.0, 100 * 2 ** uniform(-0.5, 0.5), uniform(0.01, 0.6)
    for _ in range(60):  # near the money, any size of s
        sd = 10 ** uniform(-12, 0)
        yield draw.choice((1.0, -1.0)), 5000.0, 5000 * float(mp.exp(uniform(-6, 6) * sd)), sd
    for _ in range(60):  # either side of the joints x = 1 and s = 1
        yield draw.choice((1.0, -1.0)), 1.0, float(mp.exp(uniform(0.9, 1.1))), 10 ** uniform(-1, 0.3)
        yield draw.choice((1.0, -1.0)), 1.0, float(mp.exp(uniform(-1, 1))), uniform(0.9, 1.1)
    for _ in range(60):  # far strikes
        x = uniform(1, 200)
        yield draw.choice((1.0, -1.0)), 1e-3, float(1e-3 * mp.exp(x)), x / uniform(0.2, 30)
    for sd in (1e-300, 1e-15, 1e-8, 0.5, 3.0, 20.0, 60.0):  # at the money
        yield 1.0, 18.0, 18.0, sd


def greek_rows(draw: random.Random) -> Iterator[Row]:
    """Contracts of the desk and some at the edges: sign, forward, strike, years, vol, discount."""
    uniform = draw.uniform
    for _ in range(60):
        sign = draw.choice((1.0, -1.0))
        vol, years = uniform(0.08, 1.5), 10 ** uniform(-2.6, 0.5)
        strike = 100 * float(mp.exp(uniform(-4, 4) * vol * mp.sqrt(years)))
        yield sign, 100.0, strike, years, vol, float(mp.exp(-uniform(-0.01, 0.06) * years))
    yield 1.0, 5000.0, 5000.0, 1 / 365, 0.12, 1.0
    yield -1.0, 18.5, 40.0, 0.1, 1.2, 0.995
    yield 1.0, 1.0, 1.0, 4.0, 2.0, 0.9


def greeks(row: Row) -> list[mpf]:
    """The fourteen outputs by their definition as derivatives of the discounted price."""
    sign, *terms = row
    forward, strike, years, vol, discount = map(mpf, terms)
    rate = -mp.log(discount) / years

    def value(f: mpf, t: mpf, v: mpf, r: mpf = rate) -> mpf:
        return mp.exp(-r * t) * undiscounted(sign, f, strike, v * mp.sqrt(t))

    def at(orders: tuple[int, int, int]) -> mpf:
        return diff(value, (forward, years, vol), orders)

    by_rate: Callable[[mpf], mpf] = lambda r: value(forward, years, vol, r)  # noqa: E731 (one line, one use)
    return [
        value(forward, years, vol),
        at((1, 0, 0)),
        at((2, 0, 0)),
        at((0, 0, 1)),
        -at((0, 1, 0)),
        diff(by_rate, rate),
        at((1, 0, 1)),
        at((0, 0, 2)),
        -at((1, 1, 0)),
        at((3, 0, 0)),
        at((2, 0, 1)),
        -at((2, 1, 0)),
        -at((0, 1, 1)),
        at((0, 0, 3)),
    ]


def write(name: str, header: str, rows: Iterator[Row], results: Callable[[Row], list[mpf]]) -> None:
    """One line per row: its exact inputs, the results, the source."""
    lines = [f"{header},source"]
    for row in rows:
        cells = [repr(float(x)) for x in row] + [mp.nstr(y, DIGITS) for y in results(row)] + [SOURCE]
        lines.append(",".join(cells))
    (GOLDEN / name).write_text("\n".join(lines) + "\n")


def price(row: Row) -> list[mpf]:
    """The price with enough digits for the difference of the far wings."""
    sign, *terms = row
    with mp.workdps(PRICE_DIGITS):
        forward, strike, total_sd = map(mpf, terms)
        extra = int((mp.log(forward / strike) / total_sd) ** 2 / 2 - mp.log10(total_sd))
        with mp.workdps(PRICE_DIGITS + max(extra, 0)):
            return [undiscounted(sign, forward, strike, total_sd)]


def main() -> None:
    mp.dps = 60
    draw = random.Random(SEED)  # noqa: S311 (test data)
    write("black76_price.csv", "sign,forward,strike,total_sd,price", price_rows(draw), price)
    names = "price,delta,gamma,vega,theta,rho,vanna,volga,charm,speed,zomma,color,veta,ultima"
    write("black76_greeks.csv", f"sign,forward,strike,years,vol,discount,{names}", greek_rows(draw), greeks)


if __name__ == "__main__":
    main()
