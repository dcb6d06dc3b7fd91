"""Specifications of hedged books for tests of the engine: layers by hand, on a calendar of weekdays."""

from datetime import date

from alvh.market import L3F
from twin_plan import CONTRACTS, COSTS, condor, leg

CAPITAL = 1_000_000.0
MONDAY = (date(2025, 1, 6) - date(1970, 1, 1)).days
MARGIN = 150  # sessions beyond the last tick on which expiries are listed
WEEK, FORTNIGHT = {"low": 4, "high": 10, "target": 7}, {"low": 10, "high": 18, "target": 14}
MONTH, QUARTER = {"low": 22, "high": 38, "target": 30}, {"low": 75, "high": 105, "target": 90}


def schedule(sessions, holidays=()):
    """Weekdays: SPXW expires daily, SPX on Fridays, VIX products on Wednesdays."""
    count = sessions + MARGIN
    weekdays = [MONDAY + 7 * (i // 5) + i % 5 for i in range(count + len(holidays))]
    days = [day for i, day in enumerate(weekdays) if i not in holidays][:count]
    on = [[i for i, day in enumerate(days) if (day - MONDAY) % 7 == weekday] for weekday in range(5)]
    return {
        "days": days,
        "ordinals": list(range(count)),
        "half_days": [False] * count,
        "origin": 0,
        "tradable": sessions + 1,
        "expiries": {
            "SPXW": list(range(count)),
            **dict.fromkeys(("SPX", "VXX", "UVXY"), on[4]),
            **dict.fromkeys(("VIX", "VX", "VXM"), on[2]),
        },
    }


def core(value=0.3, days=WEEK, *, every="flat", target="margin_share", width=50.0, **more):
    """A condor with a width of so many points."""
    layer = condor(0, days, every=every, size={"target": target, "value": value})
    for each in layer["legs"]:
        if each["strike"]["by"] == "offset":
            each["strike"]["width"] = {"points": width}
    return layer | {"size": layer["size"] | more.pop("size", {})} | more


def hedge(product, legs, days, *, every="flat", target="core_vega", value=0.5, **more):
    """A hedge layer; `size` in `more` adds to its size."""
    size = {"target": target, "value": value} | more.pop("size", {})
    return {
        "name": f"{product} {target}",
        "role": "hedge",
        "ledger": "sleeve",
        "product": product,
        "legs": legs,
        "days": days,
        "every": every,
        "size": size,
    } | more


def vix_call(days=MONTH, *, delta=0.30, **more):
    return hedge("VIX", [leg("C", 1, by="delta", value=delta)], days, **more)


def vix_future(days=QUARTER, *, product="VX", **more):
    return hedge(product, [], days, **({"target": "threatened_delta", "value": 0.35} | more))


def spx_put(days=MONTH, *, product="SPX", delta=0.75, **more):
    legs = [leg("P", 1, by="delta", value=delta)]
    return hedge(product, legs, days, **({"target": "core_notional", "value": 0.3} | more))


def separate(share=0.10, *, per_year=None, transfers=()):
    return {
        "mode": "separate",
        "sleeve_share": share,
        "budget_per_year": per_year,
        "transfers": list(transfers),
    }


def commingled(share=0.10, *, per_year=None):
    return separate(share, per_year=per_year) | {"mode": "commingled"}


def spec(*books, sessions=40, seed=7, market=None, costs=None, holidays=(), **more):
    """A plan of books, each a list of layers or (layers, ledgers)."""
    pairs = [book if isinstance(book, tuple) else (book, None) for book in books]
    return {
        "schema": 1,
        "capital": CAPITAL,
        "sessions": sessions,
        "seed": seed,
        "market": (market or L3F(vix=35, erp=0.0)).spec(),
        "schedule": schedule(sessions, holidays),
        "starts": [],
        "costs": COSTS | (costs or {}),
        "contracts": CONTRACTS,
        "ruin_share": 0.2,
        "margin": "strategy",
        "books": [
            {"arm": f"book {i}", "share": 0.1, "layers": layers, "ledgers": ledgers}
            for i, (layers, ledgers) in enumerate(pairs)
        ],
    } | more
