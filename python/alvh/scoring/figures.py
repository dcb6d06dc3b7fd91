"""The figures of a condor: unit and meaning of each, as `docs/scoring.md` has them."""

from typing import Final

FIGURES: Final = {
    "credit_mid": ("points", "credit at mid prices"),
    "credit": ("points", "credit of a package that pays the share `fill` of the half-spreads (C1)"),
    "credit_natural": ("points", "credit where every leg crosses its spread: bids sold, asks bought"),
    "max_loss": ("points", "wider wing less `credit`"),
    "requirement": (
        "points",
        "what `rules` asks for: the wider wing, both where unequal ones stand apart, or the worst move",
    ),
    "break_even_low": (
        "points",
        "short put less `credit`; none where `credit` covers the put wing",
    ),
    "break_even_high": (
        "points",
        "short call and `credit`; none where `credit` covers the call wing",
    ),
    "p_profit": ("share", "probability to settle beyond neither break-even, under the chain's own density"),
    "p_profit_model": ("share", "the same under the model"),
    "p_touch": ("share", "a short strike is touched before expiry: both reflections added, at most 1"),
    "expected_pnl": ("points", "`credit` less the fitted price of the condor, today's value"),
    "expected_pnl_model": ("points", "`credit` less the discounted mean payoff on the model's paths"),
    "delta": ("1", "by the forward, seller's side"),
    "gamma": ("per point", "by the forward, seller's side: negative"),
    "vega": ("points per 1.00", "seller's side: negative"),
    "theta": ("points a year", "of 252 sessions, seller's side: positive"),
    "vix_loss": ("points", "lost when VIX rises by a point, the model's curve moving with it (R22)"),
    "hedge_cost": (
        "points",
        "premium of the VIX calls that make up for the share `hedge_share` of `vix_loss`",
    ),
    "hedged_pnl": ("points", "`expected_pnl_model` less premium, plus discounted mean payoff of those calls"),
    "return_on_margin": ("share", "`credit` / `requirement`, to expiry"),
    "expected_return": ("share", "`expected_pnl` / `requirement`"),
    "expected_return_model": ("share", "`expected_pnl_model` / `requirement`"),
    "hedged_return": ("share", "`hedged_pnl` / `requirement`"),
}
"""Figures that a ranking by name and a limit can take: unit, meaning; in the order of the core."""

TOLERANCE: Final = 1e-9
"""Both ends of a limit count: prices are decimal, binary numbers are not."""

ADDED: Final = {
    "expected_move": ("points", "forward × at-the-money volatility × √years, of the fitted slice"),
    "put_moves": ("1", "(forward − short put) / `expected_move` (C19)"),
    "call_moves": ("1", "(short call − forward) / `expected_move`"),
    "hedge_calls": ("contracts", "best rows only: VIX calls that `hedge_cost` buys for one condor"),
    "p_touch_model": (
        "share",
        "best rows only: paths of the model with a close or settlement at or beyond a short strike",
    ),
}
"""Figures that the core does not know; what is not of `MOVES` only the best condors get."""

MOVES: Final = ("expected_move", "put_moves", "call_moves")
"""Those of them that an expression can use."""

OF_A_MODEL: Final = frozenset(
    {
        "p_profit_model",
        "expected_pnl_model",
        "expected_return_model",
        "vix_loss",
        "hedge_cost",
        "hedged_pnl",
        "hedged_return",
    }
)
"""Figures that are missing without a model."""

OF_VIX: Final = frozenset({"vix_loss", "hedge_cost", "hedged_pnl", "hedged_return"})
"""Figures that are missing where nothing in the model moves VIX."""
