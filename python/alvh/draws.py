"""How the random numbers of simulated paths are drawn, and what that makes of an error.

Plain paths are independent. The other ways make the same law of paths, in an order or with weights that
shrink the error of a mean: `Antithetic` pairs, scrambled `Sobol` points, and `Importance` for what is rare.
"""

import json
import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from alvh.described import Described
from alvh.errors import SpecError

__all__ = ["Antithetic", "Draws", "Importance", "Sobol", "effective_sample_size", "standard_error"]

_LEAST_RANDOMISATIONS = 16


class Antithetic(Described):
    """Mirrored pairs: path 2j + 1 has the normals of path 2j, negated, and shares its uniforms.

    Both paths of a pair have the same wild sessions. The mean of a pair is one independent observation: the
    error is ``standard_error(figure, points=2)``.

    Examples
    --------
    >>> from alvh.market import GBM
    >>> spot = GBM(vol=0.2).simulate(2, 1, draws=Antithetic())["spot"]
    >>> bool(spot[0, 1] != spot[1, 1])
    True
    """


class Sobol(Described):
    """Owen-scrambled Sobol points with Brownian bridges: for means and premia.

    Paths 0 … points − 1 are one randomisation, the next `points` paths another: run 16 or more and take
    `standard_error`. Up to 128 scrambled coordinates of 32 bits lead bridges through as many sessions as that
    allows, the end of the path first; what lies between, and every uniform, is plain. A path depends on the
    number of sessions.

    Parameters
    ----------
    points : int, default 1024
        Points of a randomisation, a power of two.

    Examples
    --------
    >>> from alvh.market import GBM
    >>> ends = GBM().simulate(16 * 256, 21, seed=1, draws=Sobol(points=256))["spot"][:, -1]
    >>> standard_error(ends, 256) < float(ends.std()) / 64 / 10  # a tenth of that of plain paths
    True
    """

    points: int = Field(default=1024, ge=1)


class Importance(Described):
    """A defensive mixture that visits crashes more often and weighs them less: for probabilities below 1%.

    A path is plain with probability `defensive`; else the first principal factor of its normals, which moves
    SPX down and VIX up over all sessions, is shifted. The likelihood ratio of a path is its ``"weight"``: a
    mean or a probability is the mean of weight times figure. A path depends on the number of sessions.

    Parameters
    ----------
    shift : float, default 2
        Standard deviations by which the factor is shifted towards falling SPX; −10 to 10.
    defensive : float, default 0.2
        Share of paths that are not shifted, 0.01 to 1: no weight exceeds its reciprocal.

    Examples
    --------
    >>> from alvh.market import GBM
    >>> found = GBM(vol=0.16).simulate(4096, 63, seed=1, draws=Importance(shift=3))
    >>> hit = np.log(found["spot"][:, -1] / 5000) < 0.016 - 3 * 0.08  # three standard deviations
    >>> round(float((found["weight"] * hit).mean()), 4)  # Φ(−3) = 0.00135
    0.0013
    """

    shift: float = Field(default=2.0, ge=-10.0, le=10.0)
    defensive: float = Field(default=0.2, ge=0.01, le=1.0)


_BY_NAME: dict[str, type[Antithetic | Sobol | Importance]] = {
    "antithetic": Antithetic,
    "sobol": Sobol,
    "importance": Importance,
}

Draws = Literal["plain", "antithetic", "sobol", "importance"] | Antithetic | Sobol | Importance


def draws_spec(draws: Draws) -> str:
    """Return the description for the core, as JSON: a name stands for its defaults.

    Raises
    ------
    SpecError
        If there is no such way to draw.

    Examples
    --------
    >>> draws_spec("sobol")
    '{"draws": "sobol", "points": 1024}'
    """
    if draws == "plain":
        return '{"draws": "plain"}'
    for name, kind in _BY_NAME.items():
        if draws == name or isinstance(draws, kind):
            described = kind() if isinstance(draws, str) else draws
            return json.dumps({"draws": name, **described.model_dump(mode="json")})
    raise SpecError(f"draws = {draws!r}: plain, {', '.join(_BY_NAME)}, or a description of alvh.draws")


def effective_sample_size(weight: ArrayLike) -> float:
    """Return how many equally weighted paths tell as much as these: (Σw)² / Σw².

    Parameters
    ----------
    weight : array_like
        Likelihood ratios, of all paths or of those where an event happens.

    Returns
    -------
    float
        Between 1 and the number of paths; 0 where every weight is 0.

    Raises
    ------
    SpecError
        If a weight is negative or not a number.

    Examples
    --------
    >>> effective_sample_size([1, 1, 1, 1]), effective_sample_size([2, 1, 1])
    (4.0, 2.6666666666666665)
    """
    w = np.asarray(weight, np.float64).ravel()
    wrong = w[~(w >= 0.0)]
    if wrong.size:
        raise SpecError(f"weight has {wrong[0]}: likelihood ratios are numbers of at least 0")
    squares = float(w @ w)
    return float(w.sum()) ** 2 / squares if squares else 0.0


def standard_error(figure: ArrayLike, points: int) -> float:
    """Return the standard error of the mean of a figure whose paths are independent by groups alone.

    Parameters
    ----------
    figure : array_like
        One value a path, in path order.
    points : int
        Paths of a group: `Sobol.points`, or 2 for antithetic pairs.

    Returns
    -------
    float
        Standard deviation of the groups' means over the root of their number.

    Raises
    ------
    SpecError
        If the last group is not whole, or there are fewer than 16: the error of an error would be large.

    Examples
    --------
    >>> standard_error(np.arange(32) % 2, 2)
    0.0
    """
    values = np.asarray(figure, np.float64).ravel()
    if points < 1 or values.size % points:
        raise SpecError(f"figure has {values.size} paths: run a multiple of points = {points}")
    groups = values.size // points
    if groups < _LEAST_RANDOMISATIONS:
        raise SpecError(f"figure has {groups} groups of {points} paths: run {_LEAST_RANDOMISATIONS} or more")
    return float(values.reshape(groups, points).mean(axis=1).std(ddof=1)) / math.sqrt(groups)
