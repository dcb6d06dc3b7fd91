"""Calendar arbitrage of the template in the states that VIX and VIX3M reach; butterflies it excludes."""

import numpy as np

from calibration.template import Days, Template, total_variance

TENORS = np.array(
    [
        0.1,
        0.25,
        0.5,
        0.75,
        1,
        1.45,
        2,
        3,
        4,
        5,
        7,
        9,
        12,
        15,
        18,
        21,
        26,
        32,
        40,
        50,
        63,
        80,
        100,
        126,
        190,
        252,
    ]
)
VIX = (9.0, 9.5, 10, 11, 12, 13, 13.9, 14.1, 15, 18, 22, 28, 35, 45, 60, 82, 100)
RATIOS = (0.72, 0.8, 0.88, 0.94, 1.0, 1.06, 1.12, 1.18, 1.25, 1.32)  # VIX3M / VIX
PLAUSIBLE = 0.22  # of ln VIX3M around its regression on ln VIX: .614 + .825 ln VIX
DEVIATIONS = (-7.0, 4.0)
TOLERANCE = 1e-4  # of total variance


def states() -> list[tuple[float, float]]:
    """Return the (VIX, VIX3M) that lie where history does."""
    every = ((v, v * r) for v in VIX for r in RATIOS)
    return [(v, q) for v, q in every if abs(np.log(q) - 0.614 - 0.825 * np.log(v)) <= PLAUSIBLE]


def violations(template: Template) -> list[tuple[float, float, float]]:
    """Return the states with calendar arbitrage: VIX, VIX3M and the worst fall of variance, relative."""
    found = []
    for vix, vix3m in states():
        n = len(TENORS)
        day = Days.of(TENORS, np.full(n, vix), np.full(n, vix3m))
        theta, rho, zeta = template.slices(day)
        worst = 0.0
        for i in range(n - 1):
            k = np.linspace(*DEVIATIONS, 221) * np.sqrt(theta[i])
            now, later = (total_variance(k, theta[j], rho[j], zeta[j]) for j in (i, i + 1))
            worst = min(worst, float(((later - now) / now).min()))
        if worst < -TOLERANCE:
            found.append((vix, vix3m, worst))
    return found


def butterfly_free(template: Template) -> bool:
    """Return whether ζ² (1 + |ρ|) ≤ 4 and ζ (1 + |ρ|) < 4 in every state."""
    for vix, vix3m in states():
        n = len(TENORS)
        _, rho, zeta = template.slices(Days.of(TENORS, np.full(n, vix), np.full(n, vix3m)))
        if (zeta**2 * (1 - rho) > 4).any() or (zeta * (1 - rho) >= 4).any():
            return False
    return True
