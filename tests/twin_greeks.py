"""The greek view a second time: plain differences of the twin's own prices, tranche by tranche."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from twin import Run
from twin_layer import Layer, Tranche
from twin_surface import State

STEP = 0.01  # of what moves in a session

Point = tuple[State, float, float]  # a state, sessions and days left


class Greeks(Run):
    """A run that expands what it carries before it revalues it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.terms: list[dict[str, float]] = [{}]

    def revalue(self) -> list[float]:
        row: dict[str, float] = {}
        held = self.book.held()
        for layer, tranche in held:
            for term, points in self.expand(layer, tranche).items():
                name = f"{'hedge' if layer.terms.hedge else 'core'}_{term}"
                row[name] = row.get(name, 0.0) + points * tranche.lots * layer.terms.dpp
        before = [tranche.value for _, tranche in held]
        moves = super().revalue()
        assert len(before) == len(moves)
        for (layer, _), dollars in zip(held, moves, strict=True):
            name = f"{'hedge' if layer.terms.hedge else 'core'}_revalued"
            row[name] = row.get(name, 0.0) + dollars
        self.terms.append(row)
        return moves

    def expand(self, layer: Layer, tranche: Tranche) -> dict[str, float]:  # noqa: C901  (a function a term)
        """Each term from values a hundredth of the move up and down."""
        market, product, tick = self.book.market, layer.terms.product, self.book.tick
        before, now = market.closes[tick - 1], market.closes[tick]
        expiry = tranche.expiry
        n0, n1 = (market.sessions(product, at, expiry) for at in (tick - 1, tick))
        d0, d1 = (market.days(at, expiry) for at in (tick - 1, tick))
        if product.morning and d1 == 0:
            now, n1 = market.mornings[tick], 0.0
        basis = market.basis(tick - 1, expiry)

        def value(point: Point) -> float:
            state, n, days = point
            return layer.terms.value(tranche.strikes, market.quotes(product, state, n, days, basis))

        def first(move: Callable[[float], Point]) -> float:
            return (value(move(STEP)) - value(move(-STEP))) / (2 * STEP)

        def second(move: Callable[[float], Point]) -> float:
            return (value(move(STEP)) - 2 * value(move(0.0)) + value(move(-STEP))) / (2 * STEP**2)

        def spot(h: float) -> Point:
            return replace(before, spot=before.spot + h * (now.spot - before.spot)), n0, d0

        def clock(h: float) -> Point:
            return before, n0 + h * (n1 - n0), d0 + h * (d1 - d0)

        def along(name: str, k: int) -> Callable[[float], Point]:
            def move(h: float) -> Point:
                moved = list(getattr(before, name))
                moved[k] += h * (getattr(now, name)[k] - moved[k])
                return replace(before, **{name: tuple(moved)}), n0, d0

            return move

        def vol(h: float) -> Point:
            x, surface = (
                tuple(a + h * (b - a) for a, b in zip(getattr(before, of), getattr(now, of), strict=True))
                for of in ("x", "surface")
            )
            return replace(before, x=x, surface=surface), n0, d0

        def both(h: float) -> Point:
            return replace(vol(h)[0], spot=spot(h)[0].spot), n0, d0

        gamma, volga = second(spot), second(vol)
        return {
            "delta": first(spot),
            "gamma": gamma,
            "theta": first(clock),
            "vega_fast": first(along("x", 0)),
            "vega_medium": first(along("x", 1)),
            "vega_slow": first(along("x", 2)),
            "surface_level": first(along("surface", 0)),
            "surface_skew": first(along("surface", 1)),
            "surface_curvature": first(along("surface", 2)),
            "volga": volga,
            "vanna": second(both) - gamma - volga,
        }

    def columns(self) -> dict[str, np.ndarray]:
        """Per name a value per tick."""
        names = {name for row in self.terms for name in row}
        return {name: np.array([row.get(name, 0.0) for row in self.terms]) for name in names}
