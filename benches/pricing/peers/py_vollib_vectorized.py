"""py-vollib-vectorized: py_vollib over arrays."""

import py_vollib_vectorized as library

from benches.pricing.peers import Peer
from benches.pricing.vollib import arrays


def peer() -> Peer:
    """Price, greeks and implied volatility."""
    return arrays(
        "py-vollib-vectorized",
        prices=library.vectorized_black_scholes_merton,
        greeks=library.get_all_greeks,
        vols=library.vectorized_implied_volatility,
    )
