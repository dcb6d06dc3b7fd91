"""Markets and playbooks that hypothesis makes: crashes, flats, gaps, spikes of VIX; random arms."""

from datetime import date

import numpy as np
import polars as pl
from hypothesis import strategies as st

import alvh as av
from alvh import schedule
from alvh.market import History

SESSIONS = 63
BEFORE = 252
"""Sessions of a market before the start: rules look back no further."""
DAYS = schedule.sessions(date(2021, 1, 4), date(2022, 12, 30))[: BEFORE + SESSIONS + 4]

MARKET_RULES = (
    "vix > 20",
    "vix < 30",
    "rsi_14 < 35 or rsi_14 > 65",
    "(vix > 24).for_sessions(2)",
    "latch(vix > 30, vix < 22)",
    "crosses_above(vix, 22)",
    "return_1 > -0.02",
    "realised_vol_21.zscore(21) > 0.5",
    "reer_z > 1.5",
    "known(reer_z) or vix > 18",
    "score(2, vix > 25, 1, rsi_14 < 40, 1, reer_z > 1) > 0.3",
)
CORE_RULES = ("core_sd_move > 0.5", "core_challenge > 0.3", "core_loss_multiple > 1", "nav_share > 0.95")
EXITS = (
    "loss >= 1 * credit",
    "profit >= 0.5 * credit",
    "days_to_expiry <= 5",
    "vix > 35",
    "sessions_held >= 9",
)
WEIGHTS = ("1 + 0.3 * vix.zscore(21)", "1 + reer_z", "30 / vix")
"""How many times a target counts; of one of them nothing is known."""
SIGNALS = {"calm": "vix < 30", "trend": "rsi_14 > 35", "book": "nav_share > 0.9"}
FLAGS = {"high": "distance_to_resistance < 0.02", "low": "vix < 25", "decayed": "core_extrinsic_share < 0.5"}
PARTS = ({"share": "1/2"}, {"share": "1/4", "when": "vix > 20"}, {"share": "1/4", "when": "rsi_14 < 45"})
HEDGE_EXITS = ("core_challenge < 0.2", "vix < 20", "days_to_expiry <= 5", "sessions_held >= 9")


def _maybe(strategy):
    return st.none() | strategy


def _seldom(value):
    """What withholds: so that enough of the arms trade on until they are ruined."""
    return st.sampled_from((None, None, None, value))


@st.composite
def closes(draw):
    """A year of closes: a walk of some vol with falls, jumps up, flat stretches and spikes of VIX."""
    seed = draw(st.integers(0, 2**32 - 1))
    steps = np.random.default_rng(seed).normal(0.0, draw(st.sampled_from((0.002, 0.01, 0.025))), len(DAYS))
    places = st.integers(BEFORE - 5, BEFORE + SESSIONS)
    for _ in range(draw(st.integers(0, 3))):
        first, length = draw(places), draw(st.integers(1, 8))
        steps[first : first + length] = draw(st.sampled_from((-0.06, -0.02, 0.0, 0.015, 0.04)))
    level = 14.0 + 250.0 * np.convolve(np.abs(steps), np.full(10, 0.1))[: len(DAYS)]
    for _ in range(draw(st.integers(0, 2))):
        first, length = draw(places), draw(st.integers(1, 5))
        level[first : first + length] += draw(st.sampled_from((8.0, 25.0, 50.0)))
    return pl.DataFrame(
        {"date": DAYS, "spx": 4_000.0 * np.exp(np.cumsum(steps)), "vix": np.clip(level, 9, 90)}
    )


@st.composite
def gapped(draw, frame):
    """The closes without some sessions, which the replay reports."""
    lost = draw(st.lists(st.integers(BEFORE, BEFORE + SESSIONS), max_size=3, unique=True))
    return frame.with_row_index().filter(~pl.col("index").is_in(lost)).drop("index")


def history(frame, arm):
    """The closes from where the arm's rules begin to look: its only path starts at session BEFORE."""
    seen = frame.slice(BEFORE - arm.warm_up)
    return History(seen, rate=0.03, dividend_yield=0.015, gaps="report", allow_jumps=True)


@st.composite
def cores(draw):
    shorts = ({"short": 0.16}, {"short": 0.4}, {"by": "expected_move", "short": 1.0})
    shorts += ({"by": "credit", "credit": 3.0},)
    wings = ({"width": 0.01}, {"width_points": 25.0}, {"width_points": 200.0}, {"wing_delta": 0.05})
    every, days = draw(st.sampled_from((("day", (3, 10)), ("week", (10, 24)), ("flat", (20, 45)))))
    size = av.margin_share(0.10)
    if weight := draw(_seldom(WEIGHTS[0])):
        size = size.weighted(weight, low=0.5, high=1.5)
    return av.Layer(
        sell={
            "structure": draw(st.sampled_from(("iron_condor", "iron_condor", "put_spread", "call_spread"))),
            "product": draw(st.sampled_from(("SPXW", "SPX", "XSP"))),
            "days": days,
            "every": every,
        },
        strikes=draw(st.sampled_from(shorts)) | draw(st.sampled_from(wings)),
        size=size,
        enter=draw(_maybe(st.sampled_from(MARKET_RULES))),
        exit=draw(_maybe(st.sampled_from(EXITS))),
    )


@st.composite
def bought(draw, kind, days, every):
    """What a layer of each kind buys."""
    match kind:
        case "call":
            buy = av.vix_call(days=days, every=every, delta=0.4)
        case "shifted":
            shift = {"when": draw(st.sampled_from(MARKET_RULES)), "days": (110, 180)}
            buy = av.playbook.Buy(kind="call", product="VIX", days=days, every=every, delta=0.4, shift=shift)
        case "call_spread":
            buy = av.vix_call(days=days, every=every, delta=0.4, spread_delta=0.15)
        case "diagonal":
            strike = draw(st.sampled_from(({"delta": 0.15}, {"width_points": 2.0})))
            strike |= {"least_kept": draw(st.sampled_from((0.0, 0.0, 0.2)))}
            share, again = draw(st.sampled_from((1.0, 0.5))), draw(st.booleans())
            short = av.playbook.short_call(days=(5, days[0] + 12), share=share, again=again, **strike)
            buy = av.vix_call(days=days, every=every, delta=0.4, short=short)
        case "future":
            buy = av.vx_future(days=days, every=every, product=draw(st.sampled_from(("VX", "VXM"))))
        case "put_spread":
            buy = av.put(days=days, every=every, delta=0.5, spread_delta=0.2)
        case _:
            buy = av.put(days=days, every=every, product=draw(st.sampled_from(("SPX", ("SPX", "XSP")))))
    return buy


@st.composite
def hedges(draw, name, ledgers):
    days, every = draw(st.sampled_from((((10, 40), "week"), ((28, 63), "flat"), ((75, 105), "flat"))))
    kinds = ("call", "shifted", "call_spread", "diagonal", "future", "put", "put_spread")
    kind = draw(st.sampled_from(kinds))
    options = (("core.vega", 0.5), ("core.notional", 0.3), ("premium_share", 0.02))
    futures = (("core.vega", 0.5), ("core.threatened_delta", 0.35))
    target = draw(st.sampled_from(futures if kind == "future" else options))
    buy = draw(bought(kind, days, every))
    caps = ["crash_gain(-0.10)"] if kind == "future" else ["0.05 * equity", "crash_gain(-0.10)"]
    caps += ["sleeve.budget", "layer.budget(0.01)"] if ledgers else []
    size = av.offset(*target)
    for cap in draw(st.lists(st.sampled_from(caps), max_size=2, unique=True)):
        size = size.capped(cap)
    if draw(st.booleans()):
        size = size.reduced_when("vix > 30", to=0.5)
    if draw(st.booleans()):
        size = size.weighted(draw(st.sampled_from(WEIGHTS)))
    if target[0] in {"core.vega", "core.notional"} and draw(st.booleans()):
        size = size.reviewed(band=draw(st.sampled_from((0.0, 0.3))))
    roll_below = draw(st.sampled_from((None, 2, days[0] - 1, days[0] - 1)))
    # Some that few rolls keep, some that most do.
    tight = draw(st.sampled_from((0.3, 1.0)))
    limits = {"forward_variance": 0.8 * tight} | ({} if kind == "future" else {"extrinsic_per_day": tight})
    parts = every == "flat" and target[0] != "premium_share" and draw(st.booleans())
    more = {
        "enter": draw(_maybe(st.sampled_from(MARKET_RULES + CORE_RULES))),
        "exit": draw(_maybe(st.sampled_from(HEDGE_EXITS))),
        "roll_below": roll_below,
        "roll_limits": limits if roll_below and every == "flat" and draw(st.booleans()) else None,
        "tranches": PARTS if parts else None,
        "monetise": draw(_maybe(st.just({1.5: 0.5, 3.0: 0.25}))) if kind != "future" else None,
        "ledger": draw(st.sampled_from(("core", "sleeve"))) if ledgers else None,
    }
    given = {key: value for key, value in more.items() if value is not None}
    return av.Layer(name, buy=buy, size=size, **given)


@st.composite
def arms(draw):
    """An arm: core, up to three hedges, ledgers, progression, calls, liquidity, governance, a press."""
    core, count = draw(cores()), draw(st.integers(0, 3))
    mode = draw(st.sampled_from((None, "separate", "commingled"))) if count else None
    moved = [av.playbook.transfer("nav_share < 0.97", source="core", to="sleeve", share=0.2)]
    ledgers = None
    if mode is not None:
        between = moved if mode == "separate" and draw(st.booleans()) else []
        ledgers = av.Sleeve(0.2, draw(st.sampled_from((0.02, 0.2))), mode=mode, transfers=between)
    policy, deadline = draw(st.sampled_from(("liquidate", "reduce", "hold"))), draw(st.integers(0, 3))
    arm = av.Arm(
        "made",
        core,
        layers=[draw(hedges(f"hedge_{index}", ledgers)) for index in range(count)],
        sleeve=ledgers,
        calls=av.MarginCalls(policy=policy, deadline=deadline),
        liquidity=draw(_seldom(av.Liquidity())),
        governance=draw(_seldom(av.Governance(signals=SIGNALS, needs=2))),
        schedule=draw(_seldom(av.playbook.Schedule(weekdays=["monday", "thursday"]))),
        press=draw(_seldom(av.playbook.CashPress(needs=2, flags=FLAGS, sell="1/4"))),
    )
    if core.size.weight is None and draw(st.booleans()):  # doubling keeps the lots of the first opening
        arm = arm.doubling(mode=draw(st.sampled_from(("replace", "add", "recoup"))), name="made")
    return arm
