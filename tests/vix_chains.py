"""The sample quotes of the exchange's documents as chains, and flat chains made by Black-76."""

from pathlib import Path

import numpy as np
import polars as pl

from alvh import pricing

GOLDEN = Path(__file__).parent / "golden"
QUOTES_OF = {2009: 2009, 2014: 2014, 2022: 2014}  # the method of 2022 shows the quotes of 2014 again
MINUTES_PER_DAY = 1_440


def published(example):
    """What a document prints, as text: (term, name) to the digits."""
    rows = pl.read_csv(GOLDEN / "vix_index_published.csv", schema_overrides={"value": pl.String})
    rows = rows.filter(example=example).with_columns(pl.col("term").fill_null(""))
    return {(row["term"], row["name"]): row["value"] for row in rows.iter_rows(named=True)}


def sample(example):
    """The quotes of an example, long, with a column term."""
    wide = pl.read_csv(GOLDEN / "vix_index_quotes.csv").filter(example=QUOTES_OF[example])
    sides = {"C": "call", "P": "put"}
    return pl.concat(
        wide.select("term", "strike", right=pl.lit(right), bid=f"{side}_bid", ask=f"{side}_ask")
        for right, side in sides.items()
    )


def sample_in_minutes(example):
    """The quotes of an example as a chain, and the two rates of its document."""
    told = published(example)
    minutes = {term: int(told[term, "minutes"]) for term in ("near", "next")}
    chain = sample(example).with_columns(minutes=pl.col("term").replace_strict(minutes))
    return chain.drop("term"), tuple(float(told[term, "rate"]) for term in ("near", "next"))


def flat(vol, days=(24, 37), *, forward=5_000.0, rate=0.0, step=5.0, deviations=12.0):
    """A chain of one volatility without spreads, wide enough that its ends do not count."""
    parts = []
    for term in days:
        years = term / 365
        reach = deviations * vol * years**0.5
        strikes = np.arange(np.ceil(forward * np.exp(-reach) / step), np.exp(reach) * forward / step) * step
        for right in ("C", "P"):
            mid = pricing.price(forward, strikes, years, vol, right, discount=np.exp(-rate * years))
            columns = {"strike": strikes, "bid": mid, "ask": mid}
            parts.append(
                pl.DataFrame(columns).with_columns(right=pl.lit(right), minutes=term * MINUTES_PER_DAY)
            )
    return pl.concat(parts)
