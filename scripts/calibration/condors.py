"""Credits of condors 45 days out: the template's over the market's, both at the market's forward."""

import numpy as np
import polars as pl
from scipy.special import ndtr

from calibration.quotes import SESSIONS_A_YEAR
from calibration.template import Days, Floats, Template

DELTAS = (0.10, 0.16, 0.20)
WIDTHS = (25.0, 50.0)
DAYS = (38, 53)
NEAREST = 0.03  # how far the short strike's delta may be off


def black(forward: float, strike: Floats, sd: Floats, sign: Floats) -> Floats:
    d1 = np.log(forward / strike) / sd + sd / 2
    return sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - sd)))


def traded(quotes: pl.DataFrame) -> list[dict]:
    """Return the condors of each day: strikes, mid credit and what the template needs to price them."""
    found = []
    usable = quotes.filter(
        (pl.col("status") == "ok") & pl.col("days").is_between(*DAYS) & pl.col("vol").is_finite()
    )
    keys = ["quote_date", "root", "expiration"]
    for key, each in usable.group_by(keys, maintain_order=True):
        first = each.row(0, named=True)
        mids = {(r, k): m for r, k, m in each.select("right", "strike", "mid").iter_rows()}
        for delta in DELTAS:
            for width in WIDTHS:
                legs = _legs(each, mids, delta, width)
                if legs is None:
                    continue
                rights, strikes = ["P", "P", "C", "C"], np.array(legs)
                credit = sum(s * mids[r, k] for s, r, k in zip((1, -1, 1, -1), rights, legs, strict=True))
                found.append(
                    dict(zip(keys, key, strict=True))
                    | {
                        name: first[name]
                        for name in ("episode", "days", "forward", "discount", "vix", "vix3m")
                    }
                    | {"sessions": first["years"] * SESSIONS_A_YEAR, "delta": delta, "width": width}
                    | {"strikes": strikes, "credit": credit}
                )
    return _one_expiry_a_day(found)


def ratios(template: Template, condors: list[dict]) -> Floats:
    """Return the template's credit over the market's, of each condor."""
    columns = (np.array([c[name] for c in condors], dtype=float) for name in ("sessions", "vix", "vix3m"))
    told = Days.of(*columns)
    strikes, forward = np.array([c["strikes"] for c in condors]), np.array([c["forward"] for c in condors])
    sd = template.vols(told, np.log(strikes / forward[:, None])) * np.sqrt(
        told.sessions[:, None] / SESSIONS_A_YEAR
    )
    sign = np.array([-1.0, -1.0, 1.0, 1.0])
    values = black(forward[:, None], strikes, sd, sign) @ np.array([1.0, -1.0, 1.0, -1.0])
    return values * np.array([c["discount"] for c in condors]) / np.array([c["credit"] for c in condors])


def _legs(each: pl.DataFrame, mids: dict, delta: float, width: float) -> list[float] | None:
    """Return the strikes, puts first and shorts first, nearest in delta among those with quoted wings."""
    legs: list[float] = []
    for right, away in (("P", -1), ("C", 1)):
        side = each.filter(right=right)
        sd = side["vol"].to_numpy() * np.sqrt(side["years"].to_numpy())
        k, forward = side["strike"].to_numpy(), side["forward"].to_numpy()
        off = np.abs(ndtr(away * (np.log(forward / k) / sd + sd / 2)) - delta)
        near = [i for i in np.argsort(off) if off[i] <= NEAREST and (right, k[i] + away * width) in mids]
        if not near:
            return None
        legs += [k[near[0]], k[near[0]] + away * width]
    return legs


def _one_expiry_a_day(found: list[dict]) -> list[dict]:
    """Keep the expiry nearest to 45 days, SPXW before SPX."""
    best: dict = {}
    for c in found:
        rank = (abs(c["days"] - 45), c["root"] != "SPXW", c["expiration"])
        best[c["quote_date"]] = min(best.get(c["quote_date"], rank), rank)
    return [
        c
        for c in found
        if best[c["quote_date"]] == (abs(c["days"] - 45), c["root"] != "SPXW", c["expiration"])
    ]


def by_day(ratios: Floats, condors: list[dict]) -> tuple[float, float]:
    """Return medians over days of the day's median ratio, and of its median distance from 1."""
    day = np.array([str(c["quote_date"]) for c in condors])
    days = [ratios[day == each] for each in np.unique(day)]
    return float(np.median([np.median(r) for r in days])), float(
        np.median([np.median(np.abs(r - 1)) for r in days])
    )
