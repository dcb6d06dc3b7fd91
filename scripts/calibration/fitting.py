"""Templates fitted to smiles, and tried on episodes that they have not seen."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from calibration.quotes import ATM, Smiles
from calibration.template import Days, Floats, Template

BUCKETS = {"7–14": (7, 14), "15–30": (15, 30), "31–60": (31, 60), "61–95": (61, 95)}
LEAST_JUDGED = 0.07  # of delta: judged from 10
SIDES = ("put", "call")
WEIGHT_TENORS = np.array([0, 2.5, 6.5, 14.5, 30.5, 60.5, 95.5, 1e9])  # calendar days: one share of a day each
SHORT_SHARE, WING_SHARE = 0.3, 0.3  # what tenors below a week, and 5 deltas, weigh
SPY_SHARE = 0.35  # puts alone, forwards without calls
GAP_DAYS = 45  # left out around a judged episode
LOSS_SCALE = 1.0  # vol points, from which an error counts linearly
SHAPE = ("skew_level", "skew_slope", "curvature_level", "curvature_tenor", "curvature_variance")
CORE = (*SHAPE, "short_dip", "short_dip_sessions", "index_scale")
BOUNDS = {
    "skew_level": (0.2, 0.9),
    "skew_slope": (-0.1, 0.3),
    "curvature_level": (-2, 1),
    "curvature_tenor": (-0.5, 0.8),
    "curvature_variance": (-0.6, 0.3),
    "short_dip": (0.0, 0.3),
    "short_dip_sessions": (1.0, 15.0),
    "index_scale": (0.9, 1.2),
    "low_vix_lag": (-0.5, 1.0),
}


def days(smiles: Smiles) -> Days:
    """Return what the template is told: nothing but tenor, VIX and VIX3M."""
    return Days.of(*(smiles.column(name).astype(float) for name in ("sessions", "vix", "vix3m")))


def weights(smiles: Smiles) -> Floats:
    """Return root weights: an episode of n days counts √n, tenors within a day and deltas alike."""
    table, known = smiles.expiries, np.isfinite(smiles.vol)
    tenor = np.digitize(smiles.column("days"), WEIGHT_TENORS)
    point = np.where(np.abs(smiles.deltas) < LEAST_JUDGED, WING_SHARE, 1.0) * known
    point = point / point.sum(axis=1, keepdims=True)
    day = table["quote_date"].to_physical().to_numpy()
    share = np.where(smiles.column("days") < 6.5, SHORT_SHARE, 1.0)
    _, cell, count = np.unique(np.column_stack([day, tenor]), axis=0, return_inverse=True, return_counts=True)
    share = share / count[cell.ravel()]
    episode = smiles.column("episode").astype(str)
    dates = {name: len(np.unique(day[episode == name])) for name in np.unique(episode)}
    share = share / np.sqrt([dates[name] for name in episode])  # an episode of n days counts as √n
    share = share * np.where(smiles.column("root") == "SPY", SPY_SHARE, 1.0)
    return np.sqrt(share[:, None] * point)


def errors(template: Template, told: Days, smiles: Smiles, **state: Floats | float) -> Floats:
    """Return model less market, vol points; NaN where the market is not known."""
    return 100 * (template.vols(told, smiles.k, **state) - smiles.vol)


def fit(smiles: Smiles, names: tuple[str, ...], start: Template, told: Days | None = None) -> Template:
    """Return the template whose `names` fit best, robustly, the others as they start."""
    told = told or days(smiles)
    root, known = weights(smiles), np.isfinite(smiles.vol)

    def misses(values: Floats) -> Floats:
        return (np.where(known, errors(start.changed(names, values), told, smiles), 0.0) * root).ravel()

    low, high = zip(*(BOUNDS.get(name, (-0.6, 0.6)) for name in names), strict=True)
    found = least_squares(
        _scaled(misses, root), start.values(names), bounds=(low, high), loss="soft_l1", x_scale=0.1
    )
    return start.changed(names, found.x)


def _scaled(misses: Callable[[Floats], Floats], root: Floats) -> Callable[[Floats], Floats]:
    """Residuals whose knee lies at `LOSS_SCALE` for a point of mean weight."""
    typical = LOSS_SCALE * np.sqrt(np.mean(root[root > 0] ** 2))
    return lambda values: misses(values) / typical


def apart(smiles: Smiles, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows quoted more than `GAP_DAYS` from every held day: what an honest fit may see."""
    day = smiles.expiries["quote_date"].to_physical().to_numpy().astype(float)
    return np.abs(np.subtract.outer(day, np.unique(day[held]))).min(axis=1) > GAP_DAYS


def left_out(
    smiles: Smiles, names: tuple[str, ...], start: Template, judged: NDArray[np.bool_]
) -> dict[str, Template]:
    """Return for each judged episode the template fitted to all days that are not near it."""
    told, episode = days(smiles), smiles.column("episode").astype(str)
    found = {}
    for name in np.unique(episode[judged]):
        seen = apart(smiles, (episode == name) & judged)
        found[name] = fit(smiles.where(seen), names, start, told.where(seen))
    return found


def out_of_sample(templates: dict[str, Template], smiles: Smiles) -> Floats:
    """Return the errors of each episode under its own template of `left_out`."""
    told, episode = days(smiles), smiles.column("episode").astype(str)
    found = np.full(smiles.vol.shape, np.nan)
    for name, template in templates.items():
        held = episode == name
        found[held] = errors(template, told.where(held), smiles.where(held))
    return found


def scores(
    errors: Floats, smiles: Smiles, unit: str = "quote_date"
) -> dict[tuple[str, str], tuple[int, float, float]]:
    """Return by tenor and side, 10 to 50 deltas, the days and their median signed and absolute error.

    A day's errors are the medians over its points. With `unit` = "episode", medians over the medians of
    episodes: days that follow each other are no news.
    """
    day, tenor = smiles.column("quote_date"), smiles.column("days")
    group = smiles.column(unit).astype(str)
    table = {}
    for bucket, (low, high) in BUCKETS.items():
        rows = (tenor >= low) & (tenor <= high)
        for side in SIDES:
            found: dict[str, list[tuple[float, float]]] = {}
            for each in np.unique(day[rows]):
                here = rows & (day == each)
                points = errors[np.ix_(here, columns(side))]
                points = points[np.isfinite(points)]
                if len(points):
                    medians = (np.median(points), np.median(np.abs(points)))
                    found.setdefault(group[here][0], []).append(medians)
            medians = [np.median(each, axis=0) for each in found.values()] or [np.full(2, np.nan)]
            table[bucket, side] = (len(found), *map(float, np.median(medians, axis=0)))
    return table


def columns(side: str) -> NDArray[np.bool_]:
    """Return which deltas are judged: 10 to 50 of one side, at the money included."""
    deltas = Smiles.deltas
    one_side = (deltas < 0) if side == "put" else (deltas > 0)
    return (one_side | (deltas == ATM)) & (np.abs(deltas) > LEAST_JUDGED)


def by_episode(errors: Floats, smiles: Smiles) -> dict[str, tuple[float, float]]:
    """Return the median signed and absolute error of each episode, 10 to 50 deltas, a week to 95 days."""
    rows = (smiles.column("days") >= 7) & (smiles.column("days") <= 95)
    wanted, episode = np.abs(smiles.deltas) > LEAST_JUDGED, smiles.column("episode").astype(str)
    found = {}
    for name in np.unique(episode):
        each = errors[np.ix_(rows & (episode == name), wanted)]
        found[name] = (float(np.nanmedian(each)), float(np.nanmedian(np.abs(each))))
    return found
