"""Plans for the twin's own tests: an iron condor on a calendar of weekdays, each of which lists an expiry."""

from datetime import date

SPOT, WING = 5000.0, 50.0
MONDAY = (date(2025, 1, 6) - date(1970, 1, 1)).days
NEXT_SESSION, NEXT_WEEK = {"low": 1, "high": 3, "target": 1}, {"low": 5, "high": 9, "target": 7}
CONTRACT = {
    "product": "SPXW",
    "multiplier": 100.0,
    "index_fraction": 1.0,
    "strike_step": 5.0,
    "ticks": [(0.0, 0.05), (3.0, 0.10)],
    "settlement": "PM",
    "exchange_fee": 0.5,
}
COSTS = {
    "order_share": 0.35,
    "liquidation_share": 1.0,
    "half_spread_scale": 0.071,
    "half_spread_power": 0.43,
    "vix_knee": 20.0,
    "vix_power": 1.25,
    "commission": 0.7,
}


def leg(right, ratio, **strike):
    return {"right": right, "ratio": ratio, "strike": strike}


def condor(lots, days, *, delta=0.16, **more):
    legs = [
        leg("P", -1, by="delta", value=delta),
        leg("P", 1, by="offset", **{"from": 0}, width={"points": WING}),
        leg("C", -1, by="delta", value=delta),
        leg("C", 1, by="offset", **{"from": 2}, width={"points": WING}),
    ]
    size = {"target": "lots", "value": lots}
    return {
        "name": "core",
        "product": "SPXW",
        "legs": legs,
        "days": days,
        "every": "flat",
        "size": size,
    } | more


def rule(op, *args):
    nodes = [{"name": arg} if isinstance(arg, str) else {"const": arg} for arg in args]
    return {"text": "", "tree": {"op": op, "args": nodes}}


def schedule(sessions):
    days = [MONDAY + 7 * (i // 5) + i % 5 for i in range(sessions + 60)]
    return {
        "days": days,
        "ordinals": list(range(len(days))),
        "half_days": [False] * len(days),
        "origin": 0,
        "tradable": sessions + 1,
        "expiries": {"SPXW": list(range(len(days)))},
    }
