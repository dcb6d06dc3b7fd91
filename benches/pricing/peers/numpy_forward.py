"""NumPy with SciPy's normal distribution, handed the same forward and discount columns as alvh."""

import numpy as np

from benches.pricing.inputs import Columns, Floats, black
from benches.pricing.peers import Peer
from benches.pricing.peers.numpy_spot import INVERSE_ROOT_2PI, ndtr


def greeks(c: Columns) -> list[Floats]:
    """Delta, gamma, vega, theta, rho with respect to the forward and the discount rate."""
    root = np.sqrt(c.years)
    sd = c.vol * root
    d1 = np.log(c.forward / c.strike) / sd + 0.5 * sd
    first, second = ndtr(c.sign * d1), ndtr(c.sign * (d1 - sd))
    density = c.discount * INVERSE_ROOT_2PI * np.exp(-0.5 * d1 * d1)
    price = c.sign * c.discount * (c.forward * first - c.strike * second)
    vega = c.forward * density * root
    theta = -np.log(c.discount) / c.years * price - vega * c.vol / (2 * c.years)
    return [c.sign * c.discount * first, density / (c.forward * sd), vega, theta, -c.years * price]


def peer() -> Peer:
    """Price and greeks."""
    tasks = {"price": lambda c: lambda: black(c), "greeks5": lambda c: lambda: greeks(c)}
    return Peer(("numpy", "scipy"), "forward", tasks)
