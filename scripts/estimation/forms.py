"""Other forms of L3F's wild sessions, tried: `PYTHONPATH=scripts python -m estimation.forms [HISTORY]`.

Whether the misses that no parameters remove go away where wild sessions come in clusters, or a few are wilder
still. A NumPy twin of L3F's recursion; docs/validation.md quotes the table. Nothing is fitted. With HISTORY,
a file of `date`, `spx`, `vix`, each form is held to the years before and after 2018, too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alvh.market import L3F
from alvh.validation import Panel, closes, facts_of, history_panel, targets
from estimation.moments import MATCHED

Floats = NDArray[np.float64]

MODEL: Final = L3F(vix=18)
CURVE, DYNAMICS = MODEL.curve, MODEL.dynamics
PATHS, SEED = 96, 11
YEAR: Final = 252
SHOWN: Final = (
    "return_kurtosis",
    "return_q01",
    "ln_vix_move_q999",
    "ln_vix_move_max",
    "vix_jumps",
    "absolute_return_acf_1",
    "absolute_return_acf_20",
    "squared_return_acf_1",
    "squared_return_acf_20",
    "ln_vix_acf_63",
    "ln_vix_acf_252",
    "vix_q99",
    "vix_max",
)


class Form(NamedTuple):
    """A law of the variance W of sessions: mean 1, whatever the form."""

    name: str
    again: float | None = None
    """Probability that a wild session follows a wild one; None: whatever came before."""
    wildest: float = 0.0
    """Share of sessions that are wilder than wild."""
    most: float = 1.0
    """Their W."""

    def variances(self, rng: np.random.Generator, sessions: int) -> Floats:
        """Return W of each session and path."""
        p, wild = DYNAMICS.wild_probability, DYNAMICS.wild_variance
        draws = rng.random((sessions, PATHS))
        is_wild = draws < p
        if self.again is not None:
            first = p * (1 - self.again) / (1 - p)
            for session in range(1, sessions):
                is_wild[session] = draws[session] < np.where(is_wild[session - 1], self.again, first)
        is_wildest = rng.random((sessions, PATHS)) < self.wildest
        rest = (1 - p) * (1 - self.wildest)
        quiet = (1 - self.wildest * self.most - p * (1 - self.wildest) * wild) / rest
        return np.where(is_wildest, self.most, np.where(is_wild, wild, quiet))


FORMS: Final = (
    Form("as it is"),
    Form("wild again .3", again=0.3),
    Form("wild again .6", again=0.6),
    Form("one in 500 of 20", wildest=0.002, most=20.0),
    Form("both (.3)", again=0.3, wildest=0.002, most=20.0),
)


def simulate(form: Form, sessions: int) -> Panel:
    """Return closes of a form after a year that is left out."""
    rng = np.random.default_rng(SEED)
    w = form.variances(rng, sessions + YEAR)
    normals = rng.standard_normal((sessions + YEAR, PATHS, 4))
    a, b, c = CURVE.correlation
    upper = np.array([[1, *DYNAMICS.spot_correlation], [0, 1, a, b], [0, 0, 1, c], [0, 0, 0, 1]])
    correlation = upper + np.triu(upper, 1).T
    shift = np.array(DYNAMICS.wild_shift)
    root = np.linalg.cholesky(correlation - w.var() * np.outer(shift, shift))
    shocks = shift * (w - 1)[..., None] + np.sqrt(w)[..., None] * (normals @ root.T)
    keep, mean = np.exp(-np.array(DYNAMICS.reversion) / YEAR), np.array(DYNAMICS.mean)
    month = np.array(CURVE.reversion) * 30 / 365
    to_spot = month / -np.expm1(-month)  # ℓ(0)
    third = float((shocks[..., 0] ** 3).mean())
    drift = (MODEL.rate - MODEL.dividend_yield + MODEL.erp) / YEAR
    x, ln_s = np.tile(mean, (PATHS, 1)), np.zeros(PATHS)
    spots, vixes = [], []
    for each in shocks:
        spot_vol = CURVE.floor + np.exp(CURVE.level + x @ to_spot)
        h = (DYNAMICS.realised_share * spot_vol / 100) ** 2 / YEAR
        ln_s = ln_s + drift - h / 2 - third * h**1.5 / 6 + np.sqrt(h) * each[:, 0]
        x = mean + keep * (x - mean) + np.array(CURVE.vol) / np.sqrt(YEAR) * each[:, 1:]
        spots.append(np.exp(ln_s))
        vixes.append(CURVE.floor + np.exp(CURVE.level + x.sum(axis=1)))
    spot, vix = np.array(spots[YEAR:]).T, np.array(vixes[YEAR:]).T
    return Panel(spot, vix)


def figures(panel: Panel) -> tuple[Floats, Floats]:
    """Return each fact of a panel, pooled or median, and the deviation of single paths."""
    singles = np.array([[fact.statistic(panel.path(number)) for fact in MATCHED] for number in range(PATHS)])
    values = [
        fact.statistic(panel) if fact.pooled else np.median(singles[:, i]) for i, fact in enumerate(MATCHED)
    ]
    low, high = np.quantile(singles, [0.05, 0.95], axis=0)
    return np.array(values), (high - low) / 3.29


def table(name: str, recorded: Mapping[str, float], sessions: int) -> None:
    """Print what each form makes of the facts that are missed, and how far it lies from all."""
    of_history = np.array([recorded[fact.name] for fact in MATCHED])
    found = [figures(simulate(form, sessions)) for form in FORMS]
    spread = found[0][1]
    print(
        f"{name}, {sessions} sessions\n{'':24}"
        + "".join(f"{form.name:>18}" for form in FORMS)
        + f"{'history':>12}"
    )
    for i, fact in enumerate(MATCHED):
        if fact.name in SHOWN:
            row = "".join(f"{values[i]:18.3g}" for values, _ in found)
            print(f"{fact.name:24}{row}{of_history[i]:12.3g}")
    far = [(((values - of_history) / spread) ** 2).sum() for values, _ in found]
    print(f"{'squared deviations':24}" + "".join(f"{each:18.1f}" for each in far))


def main() -> None:
    """Print the tables."""
    table("1990–2023", {name: each.history for name, each in targets().items()}, 8561)
    for path in sys.argv[1:2]:
        frame = closes(Path(path)).data.frame
        for name, first, last in (("1990–2017", 1990, 2017), ("2018 on", 2018, 9999)):
            part = frame.filter(pl.col("date").dt.year().is_between(first, last)).select("date", "spx", "vix")
            table(name, facts_of(history_panel(closes(part))), len(part))


if __name__ == "__main__":
    main()
