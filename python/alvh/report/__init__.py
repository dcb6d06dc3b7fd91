"""Reports of a comparison. `import alvh` does not load this package."""

__all__ = ["ABSENT", "DISCLAIMER", "QUESTION"]

QUESTION = "Does it really avoid the margin blow-ups?"  # R91


# R90
DISCLAIMER = (
    "Educational software. It measures what a rule set did on simulated or recorded paths under the stated "
    "assumptions; it recommends no trade, no position size and no product. Models are wrong in ways that "
    "their intervals do not show, and options can lose more than the premium received."
)

ABSENT = (
    "Taxes, position limits, early assignment and market impact are not modelled.",
    "Positions are decided on and marked at daily closes: what happens within a session is not seen.",
    "Margin is asked at closes, by the rule that was chosen: what a broker asks differs, and changes.",
    "An interval measures the error of a sample of paths. That of the market model is larger and in none.",
)
"""What no figure contains, whichever market was run."""
