"""No library: what reading the same columns and writing as many results costs, the floor of any kernel."""

import numpy as np

from benches.pricing.inputs import Columns, Floats
from benches.pricing.peers import Call, Peer, Task
from benches.pricing.reference import GREEKS


def copied(outputs: int, *, out: bool = False) -> Task:
    """Read the six columns of a price and write six or more: new ones, or always the same."""

    def task(c: Columns) -> Call:
        read = [c.sign, c.forward, c.strike, c.years, c.vol, c.discount]
        kept = [np.ones(len(c)) for _ in range(outputs)]

        def call() -> list[Floats]:
            written = kept if out else [np.empty(len(c)) for _ in range(outputs)]
            for target, source in zip(written, read, strict=False):
                np.copyto(target, source)
            for target in written[len(read) :]:
                np.copyto(target, 0.0)  # reads nothing: all six columns are read already
            return written

        return call

    return task


def peer() -> Peer:
    """As many columns as there are greeks."""
    tasks = {
        "greeks14": copied(len(GREEKS)),
        "greeks14_out": copied(len(GREEKS), out=True),
    }
    return Peer(("numpy",), "forward", tasks)
