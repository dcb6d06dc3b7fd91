"""One-session options: at-the-money volatility over VIX, and what VIX9D adds."""

from dataclasses import dataclass

import numpy as np

from calibration.fitting import days
from calibration.quotes import ATM, Smiles
from calibration.template import Floats, Template

SESSIONS = (0.4, 1.8)


@dataclass(frozen=True)
class ShortEnd:
    """Of the expiries in about a session: ln(ATM vol / VIX), and errors of ways to tell it."""

    expiries: int
    ratio: float  # median ATM vol over VIX
    template: tuple[float, float]  # median and sd of ln(template / market)
    rule: tuple[float, float, float]  # a, b and sd of ln(ATM / VIX) = ln a + b ln(VIX9D / VIX), in sample
    left_out: tuple[float, float]  # sd of the rule's and of the constant's errors on episodes left out


def measured(smiles: Smiles, template: Template) -> ShortEnd:
    """Return the short end of the smiles."""
    n, atm = smiles.column("sessions"), smiles.vol[:, np.flatnonzero(smiles.deltas == ATM)[0]]
    nine = smiles.column("vix9d").astype(float)
    here = (n >= SESSIONS[0]) & (n <= SESSIONS[1]) & np.isfinite(atm) & np.isfinite(nine)
    part, vix = smiles.where(here), smiles.column("vix")[here]
    model = template.vols(days(part), np.zeros((len(part.vol), 1)))[:, 0]
    y, slope = np.log(100 * atm[here] / vix), np.log(nine[here] / vix)
    design = np.column_stack([np.ones(len(y)), slope])
    a, b = np.linalg.lstsq(design, y, rcond=None)[0]
    by_rule, by_constant = _left_out(design, y, part.column("episode"))
    wrong = np.log(model / atm[here])
    return ShortEnd(
        expiries=len(y),
        ratio=float(np.exp(np.median(y))),
        template=(float(np.median(wrong)), float(np.std(wrong))),
        rule=(float(np.exp(a)), float(b), float(np.std(y - a - b * slope))),
        left_out=(float(np.std(by_rule)), float(np.std(by_constant))),
    )


def _left_out(design: Floats, y: Floats, episode: np.ndarray) -> tuple[Floats, Floats]:
    by_rule, by_constant = np.empty(len(y)), np.empty(len(y))
    for name in np.unique(episode):
        held = episode == name
        line = np.linalg.lstsq(design[~held], y[~held], rcond=None)[0]
        by_rule[held] = y[held] - design[held] @ line
        by_constant[held] = y[held] - np.median(y[~held])
    return by_rule, by_constant
