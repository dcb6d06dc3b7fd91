"""Everything measured once: what the page's tables and the tests are made of."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from calibration import arbitrage, condors, daily, fitting, quotes, short_end, spreads, vix_smile
from calibration.quotes import Smiles
from calibration.template import Floats, Template

FORMER = replace(Template.default(), low_vix_lag=0.0)
"""The template before this calibration."""
FORMER_VIX = vix_smile.Form(
    floor=9.0, floor_share=0.75, level=0.26765, slope=-0.063, curvature=0.255, front=0.422, front_decay=19.8
)
ADDED = ("low_vix_lag",)
TERMS = {
    "none": (),
    "low VIX": ("low_vix_lag",),
    "ln VIX in the level": ("scale_vix",),
    "VIX3M/VIX in the level": ("scale_term",),
    "tenor in the level": ("scale_tenor",),
    "VIX3M/VIX in the skew": ("skew_term",),
    "tenor in the skew": ("skew_tenor", "skew_level", "skew_slope"),
    "VIX3M/VIX in the curvature": ("curvature_term",),
    "squared tenor in the curvature": ("curvature_bend", "curvature_level", "curvature_tenor"),
    "every parameter": fitting.CORE,
    "every parameter and low VIX": (*fitting.CORE, "low_vix_lag"),
}
VIX_DAYS = (13, 80)  # of the VIX expiries that are judged


@dataclass
class Evidence:
    """The recorded data of a folder, and what is measured on it, lazily."""

    data: Path

    @cached_property
    def quotes(self) -> pl.DataFrame:
        return quotes.spx(self.data)

    @cached_property
    def spx(self) -> Smiles:
        return quotes.smiles(self.quotes)

    @cached_property
    def spy(self) -> Smiles:
        return quotes.smiles(quotes.spy_puts(self.data))

    @cached_property
    def both(self) -> Smiles:
        return self.spx.with_(self.spy)

    @cached_property
    def judged(self) -> np.ndarray:
        """Which rows of `both` are SPX: what fits are judged by."""
        return np.arange(len(self.both.vol)) < len(self.spx.vol)

    @cached_property
    def left_out(self) -> dict[str, dict[str, Template]]:
        """For each choice of terms, the template of each SPX episode that has not seen it."""
        return {
            name: fitting.left_out(self.both, terms, FORMER, self.judged)
            if terms
            else dict.fromkeys(np.unique(self.spx.column("episode").astype(str)), FORMER)
            for name, terms in TERMS.items()
        }

    def errors(self, name: str) -> Floats:
        """Return the SPX errors out of sample of a choice of terms."""
        return fitting.out_of_sample(self.left_out[name], self.spx)

    @cached_property
    def spy_errors(self) -> dict[str, Floats]:
        """Return SPY's errors: before, and under the added term fitted away from each year."""
        fitted = fitting.left_out(self.both, ADDED, FORMER, ~self.judged)
        return {
            "before": fitting.errors(FORMER, fitting.days(self.spy), self.spy),
            "now": fitting.out_of_sample(fitted, self.spy),
        }

    @cached_property
    def refitted(self) -> Template:
        """The added term on all days: the default."""
        return fitting.fit(self.both, ADDED, FORMER)

    @cached_property
    def refitted_whole(self) -> Template:
        """Every parameter on all days: not taken."""
        return fitting.fit(self.both, TERMS["every parameter and low VIX"], FORMER)

    @cached_property
    def condors(self) -> list[dict]:
        return condors.traded(self.quotes)

    def condor_ratios(self, name: str) -> Floats:
        """Return model over market credits, each day's template from the days apart from it."""
        episode = np.array([c["episode"] for c in self.condors])
        found = np.full(len(episode), np.nan)
        for each in np.unique(episode):
            here = np.flatnonzero(episode == each)
            found[here] = condors.ratios(self.left_out[name][each], [self.condors[i] for i in here])
        return found

    @cached_property
    def states(self) -> dict[str, pl.DataFrame]:
        """Return the daily states of both sources, around the present template."""
        return {
            "SPX": daily.states(self.refitted, self.spx),
            "SPY puts": daily.states(self.refitted, self.spy),
        }

    @cached_property
    def short(self) -> short_end.ShortEnd:
        return short_end.measured(self.spx, self.refitted)

    @cached_property
    def vix_chain(self) -> list[vix_smile.VixExpiry]:
        return vix_smile.expiries(self.data)

    @cached_property
    def vix_form(self) -> vix_smile.Form:
        """The form of VIX options on the chain's shape and VVIX's level: the default."""
        start = replace(FORMER_VIX, floor=6.0, floor_share=0.82)
        return vix_smile.fit_level(quotes.indices(self.data), vix_smile.fit_shape(self.vix_chain, start)[0])[
            0
        ]

    @cached_property
    def vvix(self) -> pl.DataFrame:
        return vix_smile.fit_level(quotes.indices(self.data), self.vix_form)[1]

    @cached_property
    def vix_misses(self) -> pl.DataFrame:
        """Return by expiry the median misses in half-spreads, each form at the day's own level."""
        chain, form = self.vix_chain, self.vix_form
        before, now = (vix_smile.own_level(each, chain) for each in (FORMER_VIX, form))
        rows = []
        for expiry in chain:
            others, level = vix_smile.fit_shape([e for e in chain if e is not expiry], form)
            missed = {
                "before": FORMER_VIX.misses(expiry, before),
                "now": form.misses(expiry, now),
                "left_out": others.misses(expiry, level),
                "by_rule": form.misses(expiry, form.ln_nu(VIX_OF_CHAIN)),
            }
            rows.append(
                {"days": round(expiry.days), "quotes": len(expiry.strike), "future": expiry.forward}
                | {name: float(np.median(np.abs(each))) for name, each in missed.items()}
            )
        return pl.DataFrame(rows)

    @cached_property
    def spreads(self) -> pl.DataFrame:
        """Return by root and form the errors of the half-spread model, left out by episode."""
        table = spreads.quoted(self.quotes).filter(pl.col("mid") > spreads.LEAST_MID)
        rows = []
        for root in ("SPXW", "SPX"):
            part = table.filter(root=root)
            episode, half = part["episode"].to_numpy(), part["half"].to_numpy()
            row = np.log(spreads.model(part, *spreads.row(root)) / half)
            tried = {
                "contract row": (spreads.row(root), row),
                "refitted": (spreads.fit(part), spreads.out_of_sample(part)),
                "refitted with days": (
                    spreads.fit(part, with_days=True),
                    spreads.out_of_sample(part, with_days=True),
                ),
            }
            for name, (parameters, error) in tried.items():
                signed, absolute = spreads.median_errors(error, episode)
                rows.append(
                    {"root": root, "form": name, "parameters": parameters, "quotes": part.height}
                    | {"signed": signed, "absolute": absolute}
                )
        return pl.DataFrame(rows)

    @cached_property
    def calendar(self) -> dict[str, list]:
        return {"before": arbitrage.violations(FORMER), "now": arbitrage.violations(self.refitted)}


VIX_OF_CHAIN = 14.20  # close of 2016-06-01
