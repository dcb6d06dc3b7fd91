"""Reports of a comparison. `import alvh` does not load this package."""

__all__ = ["DISCLAIMER"]

# R90
DISCLAIMER = (
    "Educational software. It measures what a rule set did on simulated or recorded paths under the stated "
    "assumptions; it recommends no trade, no position size and no product. Models are wrong in ways that "
    "their intervals do not show, and options can lose more than the premium received."
)
