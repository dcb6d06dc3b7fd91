"""Time iron condors of one expiry beside other libraries; print least processor times as Markdown.

Everybody scores the 893,025 condors of 100 puts and 100 calls with wings up to 50 points: credit, largest
loss, both break-evens, probability of profit, expected P&L. The others keep every figure of every condor, or
are asked for one condor at a time. alvh is timed both ways: computing figures put spread by put spread, and
keeping the best fifty, spreads and tables included. The others assume one lognormal law; alvh would take a
smile at the same cost.
"""

import argparse
import datetime as dt
import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace

os.environ["RAYON_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"

import numpy as np

from alvh import _core, pricing
from benches.pages import put

ROUNDS = 7
SPOT, RATE, DIVIDEND, YEARS, VOL = 5000.0, 0.045, 0.013, 30 / 365, 0.16
WIDEST, STEP, STRIKES, TOP = 50.0, 5.0, 100, 50
SIX = (
    "alvh, credit, largest loss, break-evens, probability of profit and expected P&L of each condor, "
    "spreads and tables included"
)
BEST = "the best fifty by expected P&L"
SINGLE = 20  # condors of a library that takes one at a time
FIGURES = ("credit", "max_loss", "break_even_low", "break_even_high", "p_profit", "expected_pnl")
ADDITIVE = ("credit", "expected_pnl", "delta", "gamma", "vega", "theta")
"""What a condor has of its two spreads by addition."""
ALL = tuple(name for name in _core.score_columns() if "model" not in name and "hedge" not in name)

FORWARD = SPOT * math.exp((RATE - DIVIDEND) * YEARS)
DISCOUNT = math.exp(-RATE * YEARS)
ROOT = VOL * math.sqrt(YEARS)
MEAN = math.log(FORWARD) - 0.5 * ROOT * ROOT
PUTS = SPOT - STEP * np.arange(STRIKES, 0, -1)
CALLS = SPOT + STEP * np.arange(1, STRIKES + 1)

Work = Callable[[], object]


def smile(strike: np.ndarray) -> np.ndarray:
    """Volatility of a strike."""
    k = np.log(strike / FORWARD) / math.sqrt(YEARS)
    return np.clip(0.16 - 0.12 * k + 0.10 * k * k, 0.10, 0.80)


def mids(strike: np.ndarray, right: str, vol: object) -> np.ndarray:
    """Discounted prices."""
    return np.asarray(pricing.price(FORWARD, strike, YEARS, vol, right, discount=DISCOUNT))


QUOTED = {"P": mids(PUTS, "P", smile(PUTS)), "C": mids(CALLS, "C", smile(CALLS))}
MEANT = {"P": mids(PUTS, "P", VOL), "C": mids(CALLS, "C", VOL)}  # under the law of the others


def spreads() -> tuple[np.ndarray, np.ndarray]:
    """Long and short leg of each put spread; of the call spreads the short and the long one."""
    nearer, farther = np.triu_indices(STRIKES, 1)
    within = PUTS[farther] - PUTS[nearer] <= WIDEST
    return nearer[within], farther[within]


def numpy_outer() -> object:
    """Spreads first, then tables over put spread and call spread."""
    from scipy.special import ndtr

    i, j = spreads()
    put, call = QUOTED["P"][j] - QUOTED["P"][i], QUOTED["C"][i] - QUOTED["C"][j]
    wide = PUTS[j] - PUTS[i]
    meant_put, meant_call = MEANT["P"][j] - MEANT["P"][i], MEANT["C"][i] - MEANT["C"][j]
    credit = put[:, None] + call[None, :]
    loss = np.maximum(wide[:, None], wide[None, :]) - credit
    low, high = PUTS[j][:, None] - credit, CALLS[i][None, :] + credit
    profit = ndtr((np.log(high) - MEAN) / ROOT) - ndtr((np.log(low) - MEAN) / ROOT)
    return credit, loss, low, high, profit, credit - meant_put[:, None] - meant_call[None, :]


def numpy_each() -> object:
    """Flat arrays with a row for each condor."""
    from scipy.special import ndtr

    i, j = spreads()
    p, c = np.repeat(np.arange(len(i)), len(i)), np.tile(np.arange(len(i)), len(i))
    long_put, short_put, short_call, long_call = i[p], j[p], i[c], j[c]

    def sold(table: dict[str, np.ndarray]) -> np.ndarray:
        puts = table["P"][short_put] - table["P"][long_put]
        return np.asarray(puts + table["C"][short_call] - table["C"][long_call])

    credit = sold(QUOTED)
    loss = np.maximum(PUTS[short_put] - PUTS[long_put], CALLS[long_call] - CALLS[short_call]) - credit
    low, high = PUTS[short_put] - credit, CALLS[short_call] + credit
    profit = ndtr((np.log(high) - MEAN) / ROOT) - ndtr((np.log(low) - MEAN) / ROOT)
    return credit, loss, low, high, profit, credit - sold(MEANT)


def numba_fused() -> Work:
    """One loop that does all for a condor."""
    import numba

    nearer, farther = spreads()
    quoted_put, quoted_call, meant_put, meant_call = QUOTED["P"], QUOTED["C"], MEANT["P"], MEANT["C"]

    @numba.njit(fastmath=True)  # type: ignore[untyped-decorator]
    def fused() -> np.ndarray:
        n = len(nearer)
        out = np.empty((6, n, n))
        for x in range(n):
            i, j = nearer[x], farther[x]
            put, wide = quoted_put[j] - quoted_put[i], PUTS[j] - PUTS[i]
            meant, short = meant_put[j] - meant_put[i], PUTS[j]
            for y in range(n):
                a, b = nearer[y], farther[y]
                credit = put + quoted_call[a] - quoted_call[b]
                low, high = short - credit, CALLS[a] + credit
                out[0, x, y] = credit
                out[1, x, y] = max(wide, CALLS[b] - CALLS[a]) - credit
                out[2, x, y] = low
                out[3, x, y] = high
                out[4, x, y] = 0.5 * (
                    math.erfc(-(math.log(high) - MEAN) / ROOT * 0.7071067811865476)
                    - math.erfc(-(math.log(low) - MEAN) / ROOT * 0.7071067811865476)
                )
                out[5, x, y] = credit - meant - meant_call[a] + meant_call[b]
        return out

    return fused  # type: ignore[no-any-return]


def optionlab() -> Work:
    """One condor a call."""
    from optionlab import run_strategy

    legs = [("put", 4700.0, 20.0, "buy"), ("put", 4750.0, 26.0, "sell")]
    legs += [("call", 5250.0, 22.0, "sell"), ("call", 5300.0, 15.0, "buy")]
    names = ("type", "strike", "premium", "action")
    given = {
        "stock_price": SPOT,
        "volatility": VOL,
        "interest_rate": RATE,
        "dividend_yield": DIVIDEND,
        "min_stock": 4000.0,
        "max_stock": 6000.0,
        "start_date": dt.date(2026, 1, 2),
        "target_date": dt.date(2026, 2, 2),
        "strategy": [dict(zip(names, leg, strict=True), n=1) for leg in legs],
    }
    return lambda: [run_strategy(given) for _ in range(SINGLE)]


def condors() -> _core.Condors:
    """Return the same quotes for the core, without a spread; what the others lack is made of the credit."""
    slice_at_vol = (ROOT * ROOT, 0.0, 0.0, 0.0, 1.0)  # flat

    def side(strike: np.ndarray, right: str) -> SimpleNamespace:
        rows = np.array([QUOTED[right]] * len_additive())
        rows[3] -= MEANT[right]
        every = np.ones(len(strike), dtype=bool)
        return SimpleNamespace(strike=strike, sell=every, buy=every, sold=rows, bought=rows, terms=None)

    expiry = SimpleNamespace(
        puts=side(PUTS, "P"),
        calls=side(CALLS, "C"),
        forward=FORWARD,
        raw=slice_at_vol,
        sample=None,
        hedge_cost=math.nan,
        hedge_drag=math.nan,
    )
    return _core.Condors([expiry], None, (STEP, WIDEST), sides_apart=False)


def len_additive() -> int:
    """How many figures the core adds up over legs."""
    return 11


def looked_at(names: tuple[str, ...]) -> Work:
    """Every figure of every condor against a limit that all satisfy; the best fifty by the last."""
    limits = [(name, -math.inf, math.inf) for name in names[:-1]]
    return lambda: condors().best(names[-1], True, TOP, limits, False, False, 1)


def best(rank: str, *, searched: bool) -> Work:
    """Spreads, tables and the best fifty, from quotes."""
    return lambda: condors().best(rank, True, TOP, [], False, searched, 1)


def figures_of(work: Work) -> list[np.ndarray]:
    """Six figures of every condor, put spread by put spread."""
    return [np.ravel(each) for each in work()]  # type: ignore[call-overload]


def ours() -> object:
    """Return the six figures by alvh, in the order of the others' spreads."""
    core = condors()
    puts, calls = core.spreads(0)
    nearer, farther = spreads()
    put = np.lexsort((puts[:, 0], puts[:, 1]))  # by long put, then by short put
    call = np.lexsort((calls[:, 1], calls[:, 0]))
    np.testing.assert_array_equal(puts[put], np.column_stack([farther, nearer]))
    np.testing.assert_array_equal(calls[call], np.column_stack([nearer, farther]))
    n = len(nearer)
    columns = core.columns(0, list(FIGURES), 0, n)
    return [column.reshape(n, n)[np.ix_(put, call)] for column in columns]


def check_all_say_the_same() -> None:
    """Refuse to time what computes something else; alvh has no break-even where a wing cannot lose."""
    wanted = figures_of(numpy_each)
    credit = wanted[0]
    i, j = spreads()
    put, call = np.repeat(PUTS[j] - PUTS[i], len(i)), np.tile(PUTS[j] - PUTS[i], len(i))
    both = (credit < put) & (credit < call)
    entrants: list[tuple[Work, np.ndarray]] = [(numpy_outer, np.ones(len(both), dtype=bool)), (ours, both)]
    with suppress(ImportError):
        entrants.append((numba_fused(), np.ones(len(both), dtype=bool)))
    for work, rows in entrants:
        for found, other in zip(figures_of(work), wanted, strict=True):
            np.testing.assert_allclose(found[rows], other[rows], rtol=1e-6, atol=2e-6)


def least_seconds(work: Work) -> float:
    """Least of some runs after one to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def with_version(name: str) -> str:
    """Return a library and its version."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


def measured() -> Iterator[str]:
    """Yield the lines of the table."""
    total = len(spreads()[0]) ** 2
    entrants: list[tuple[str, Callable[[], Work], int]] = [
        (SIX, lambda: looked_at(FIGURES), total),
        ("alvh, six that add up: credit, expected P&L and greeks", lambda: looked_at(ADDITIVE), total),
        (f"the first six and {len(ALL) - len(FIGURES)} more", lambda: looked_at(ALL), total),
        (f"alvh, exhaustive, {BEST}", lambda: best("expected_pnl", searched=False), total),
        (f"alvh, search, {BEST}", lambda: best("expected_pnl", searched=True), total),
        (f"{with_version('numpy')}, outer product of spreads", lambda: numpy_outer, total),
        (f"{with_version('numba')}, one fused loop", numba_fused, total),
        (f"{with_version('numpy')}, a row for each condor", lambda: numpy_each, total),
        (f"{with_version('optionlab')}, one condor a call", optionlab, SINGLE),
    ]
    yield "| what | ns per condor |"
    yield "|---|---|"
    for name, made, n in entrants:
        try:
            seconds = least_seconds(made())
        except ImportError as error:
            yield f"| {name} | not installed: {error} |"
            continue
        yield f"| {name} | {seconds / n * 1e9:,.1f} |"


def main() -> None:
    """Check that all say the same, time everything, and print the table."""
    parser = argparse.ArgumentParser(description="Time iron condors beside other libraries.")
    parser.add_argument("--write", action="store_true", help="into benches/results and docs/scoring.md, too")
    write = parser.parse_args().write
    check_all_say_the_same()
    print(f"{platform.machine()}, SIMD {_core.simd_variant()}, one thread\n")
    lines = []
    for line in measured():
        print(line, flush=True)
        lines.append(line)
    if write:
        put("score", "\n".join(lines) + "\n", "docs/scoring.md")


if __name__ == "__main__":
    main()
