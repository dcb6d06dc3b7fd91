"""Plans for the twin's own tests: an iron condor on a calendar of weekdays, each of which lists an expiry."""

from datetime import date

SPOT, WING = 5000.0, 50.0
MONDAY = (date(2025, 1, 6) - date(1970, 1, 1)).days
NEXT_SESSION, NEXT_WEEK = {"low": 1, "high": 3, "target": 1}, {"low": 5, "high": 9, "target": 7}
CONTRACT = {
    "product": "SPXW",
    "underlying": "SPX",
    "kind": "option",
    "multiplier": 100.0,
    "index_fraction": 1.0,
    "strike_steps": [(0.0, 5.0)],
    "ticks": [(0.0, 0.05), (3.0, 0.10)],
    "settlement": "PM",
    "exchange_fee": 0.5,
    "half_spread": {"floors": [], "scale": 0.071, "power": 0.43},
    "margin": [],
}
MORNING = CONTRACT | {
    "product": "SPX",
    "settlement": "AM",
    "half_spread": {"floors": [], "scale": 0.073, "power": 0.47},
}
VIX = CONTRACT | {
    "product": "VIX",
    "underlying": "VIX",
    "settlement": "AM",
    "strike_steps": [(0.0, 0.5), (15.0, 1.0), (200.0, 5.0)],
    "half_spread": {"floors": [(0.0, 0.025), (0.5, 0.05)], "scale": 0.07, "power": 1.0},
}
VX = VIX | {
    "product": "VX",
    "kind": "future",
    "multiplier": 1000.0,
    "ticks": [(0.0, 0.05)],
    "strike_steps": [],
    "half_spread": {"floors": [(0.0, 0.025)], "scale": 0.0, "power": 1.0},
    "margin": [(0, 0.55), (93, 0.40), (184, 0.35)],
    "stress": 0.20,
}
VXM = VX | {"product": "VXM", "multiplier": 100.0, "ticks": [(0.0, 0.01)]}
SHARES = VX | {
    "product": "VXX shares",
    "kind": "share",
    "multiplier": 100.0,
    "ticks": [(0.0, 0.01)],
    "settlement": "PM",
    "exchange_fee": 0.0,
    "half_spread": {"floors": [], "scale": 0.0005, "power": 1.0},
    "margin": [],
    "stress": 0.0,
    "fund": {"leverage": 1.0, "fee": 0.0089, "price": 20.0},
}
SPLIT = {"below": 29.0, "ratio": 4.0}  # soon reached from 30
LEVERED = {"leverage": 1.5, "fee": 0.0095, "price": 30.0, "reverse_split": SPLIT}
TWICE = SHARES | {"product": "UVXY shares", "fund": LEVERED}
ON_SHARES = CONTRACT | {
    "product": "VXX",
    "underlying": "VIX",
    "strike_steps": [(0.0, 0.5), (58.0, 1.0)],
    "ticks": [(0.0, 0.01), (3.0, 0.05)],
    "half_spread": {"floors": [(0.0, 0.01)], "scale": 0.023, "power": 0.63},
    "on": "VXX shares",
}
ON_TWICE = ON_SHARES | {"product": "UVXY", "on": "UVXY shares"}
ROWS = (CONTRACT, MORNING, VIX, VX, VXM, SHARES, TWICE, ON_SHARES, ON_TWICE)
CONTRACTS = {row["product"]: row for row in ROWS}
COSTS = {
    "order_share": 0.35,
    "single_share": 1.0,
    "liquidation_share": 1.0,
    "half_spread_factor": 1.0,
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
        "expiries": {product: list(range(len(days))) for product in CONTRACTS},
    }
