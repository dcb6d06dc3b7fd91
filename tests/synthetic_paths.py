"""A `paths` frame made up from seeded numbers: plausible, its identities hold, and no engine is involved."""

import datetime as dt

import numpy as np
import polars as pl

CAPITAL = 1_000_000.0
SESSIONS = 126
PATHS = 400
SHARES = (0.10, 0.20, 0.35, 0.50, 0.70)
BUCKETS = ("time", "spot", "level", "smile", "settlement", "fills", "fees", "interest")
RISKINESS = {"plain": 1.0, "martingale_replace": 3.0, "stop_2x": 0.7, "fewer_lots_equal_mean": 0.6}


def synthetic_paths(seed: int = 1, paths: int = PATHS) -> pl.DataFrame:
    """Return every arm at every share on common draws: worse markets reach distress sooner."""
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(paths)  # common to all books, as in a comparison
    return pl.concat(
        [_book(rng, market, arm, share) for arm in RISKINESS for share in SHARES], how="vertical"
    ).sample(fraction=1.0, shuffle=True, seed=seed)  # no order of rows may matter


def _book(rng: np.random.Generator, market: np.ndarray, arm: str, share: float) -> pl.DataFrame:
    n, risk = market.size, RISKINESS[arm] * share
    stress = risk * (0.6 - market) + 0.05 * rng.standard_normal(n)
    columns: dict[str, np.ndarray] = {}
    for gravity, event in enumerate(("refused", "call", "forced", "ruin", "negative")):
        hit = stress > 0.9 + 0.25 * gravity
        columns[f"{event}_tick"] = np.where(hit, rng.integers(1, SESSIONS + 1, n), 0).astype(float)
    for event, tick in (("refused", "refused_tick"), ("calls", "call_tick"), ("forced", "forced_tick")):
        columns[event] = np.where(columns[tick] > 0, rng.integers(1, 4, n), 0).astype(float)
    sizes = {"time": 9e4, "spot": 8e4, "level": 3e4, "smile": 9e3, "settlement": 0.0}
    for bucket, size in sizes.items():
        columns[bucket] = risk * size * (rng.standard_normal(n) + (bucket == "time"))
    columns["fills"], columns["fees"] = -risk * 3e3 * rng.random(n), -risk * 1e3 * rng.random(n)
    columns["interest"] = 2e4 + 1e3 * rng.random(n)
    columns["nav"] = CAPITAL + sum(columns[bucket] for bucket in BUCKETS)
    columns["bills"] = np.full(n, 1.02) + 0.001 * rng.random(n)
    columns["deposited"] = columns["deposited_bills"] = np.zeros(n)
    columns["max_drawdown"] = np.clip(0.3 * stress + 0.05 * rng.random(n), 0.0, 1.2)
    columns["first_requirement"] = np.where(rng.random(n) < 0.02, 0.0, share * CAPITAL)
    columns["peak_requirement"] = columns["first_requirement"] * (1.0 + risk * rng.random(n))
    columns["opened"] = rng.integers(10, 26, n).astype(float)
    columns["lost"] = np.floor(columns["opened"] * 0.5 * rng.random(n))
    columns["max_lots"] = rng.integers(1, 20, n).astype(float)
    columns["skipped"] = rng.integers(0, 3, n).astype(float)
    columns["closed_early"] = rng.integers(0, 5, n).astype(float) * (arm == "stop_2x")
    columns["unresolved"] = np.minimum(columns["closed_early"], rng.integers(0, 2, n))
    columns["recovered"] = np.floor((columns["closed_early"] - columns["unresolved"]) * rng.random(n))
    columns["regret_rule"] = columns["recovered"] * 1e3
    columns["regret_forced"] = columns["forced"] * -2e3
    columns["identity_error"] = 1e-13 * rng.random(n)
    return pl.DataFrame(columns).with_columns(
        pl.Series("path", np.arange(n), dtype=pl.Int64),
        pl.lit(dt.date(2025, 1, 2)).alias("start"),
        pl.lit(arm).alias("arm"),
        pl.lit(share).alias("share"),
    )


def rolling_paths(seed: int = 2) -> pl.DataFrame:
    """Return the same as a history: every path starts on a weekday of its own."""
    days = [dt.date(2007, 1, 1) + dt.timedelta(days=i) for i in range(2 * PATHS)]
    weekdays = [day for day in days if day.weekday() < 5][:PATHS]
    return synthetic_paths(seed).with_columns(
        start=pl.col("path").replace_strict(dict(enumerate(weekdays)), return_dtype=pl.Date)
    )
