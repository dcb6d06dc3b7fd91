"""fast-vollib: py_vollib over arrays."""

import fast_vollib as library

from benches.pricing.peers import Peer
from benches.pricing.vollib import arrays


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    return arrays(
        "fast-vollib",
        prices=library.fast_black_scholes_merton,
        greeks=library.get_all_greeks,
        vols=library.fast_implied_volatility,
    )
