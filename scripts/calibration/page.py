"""The tables of docs/calibration.md, and their places in it."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from calibration import arbitrage, condors, daily, fitting
from calibration.evidence import FORMER, FORMER_VIX, TERMS, Evidence
from calibration.template import Template

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"
BLOCK = "<!-- calibration: {name}: written by make calibration -->\n"
END = "<!-- end -->"
VIX_LEVELS = (9, 13, 17, 25, 35, 90)


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(e: Evidence) -> dict[str, str]:
    """Return every table by its name."""
    return {
        "data": _data(e),
        "parameters": _parameters(e),
        "smile": _smile(e),
        "spy": _spy(e),
        "terms": _terms(e),
        "condors": _condors(e),
        "state": _state(e),
        "correlation": _correlation(e),
        "short": _short(e),
        "vix": _vix(e),
        "vvix": _vvix(e),
        "spreads": _spreads(e),
        "calendar": _calendar(e),
    }


def written(text: str, found: dict[str, str]) -> str:
    """Return the page with its tables replaced."""
    for name, lines in found.items():
        start = BLOCK.format(name=name)
        pattern = re.compile(re.escape(start) + r".*?" + re.escape(END), re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"{PAGE.name} has no block {start.strip()!r}")
        text = pattern.sub(lambda _, start=start, lines=lines: f"{start}{lines}{END}", text)
    return text


def pair(signed: float, absolute: float) -> str:
    return f"{signed:+.2f} / {absolute:.2f}"


def _data(e: Evidence) -> str:
    rows = []
    for smiles in (e.spx, e.spy):
        seen = smiles.expiries.with_columns(pl.Series("points", np.isfinite(smiles.vol).sum(axis=1)))
        source = pl.col("source").replace({"spy_otm_puts_monthly": "SPY puts"})
        by = seen.group_by(
            source.alias("of"), pl.when(source == "SPY puts").then(None).otherwise("episode").alias("m")
        )
        for row in (
            by.agg(
                dates=pl.col("quote_date").n_unique(),
                low=pl.col("vix").min(),
                high=pl.col("vix").max(),
                least=pl.col("days").min(),
                most=pl.col("days").max(),
                expiries=pl.len(),
                points=pl.col("points").sum(),
            )
            .sort("m")
            .iter_rows(named=True)
        ):
            vix = f"{row['low']:.1f}–{row['high']:.1f}" if row["high"] > row["low"] else f"{row['low']:.1f}"
            days = f"{row['least']}–{row['most']}"
            counts = [str(row[name]) for name in ("expiries", "points")]
            rows.append([row["m"] or "SPY puts, 2010–17", str(row["dates"]), vix, days, *counts])
    return table(["episode", "dates", "VIX", "days to expiry", "expiries", "points"], rows)


def _parameters(e: Evidence) -> str:
    rows = []
    for name in TERMS["every parameter and low VIX"]:
        values = [getattr(each, name) for each in (FORMER, Template.default(), e.refitted, e.refitted_whole)]
        rows.append([f"`smile.{name}`", *(f"{value:.4g}" for value in values)])
    for name in (
        "floor",
        "floor_front",
        "floor_decay",
        "floor_share",
        "level",
        "slope",
        "curvature",
        "front",
        "front_decay",
    ):
        form = f"{getattr(e.vix_form, name):.4g}"
        was = f"{getattr(FORMER_VIX, name):.4g}" if name not in ("floor_front", "floor_decay") else "0"
        now = f"{getattr(type(e.vix_form).default(), name):.4g}"
        rows.append([f"`vix_smile.{name}`", was, now, form, "–"])
    return table(["parameter", "before", "default now", "estimate", "every parameter refitted"], rows)


def _smile(e: Evidence) -> str:
    days = [
        fitting.scores(e.errors(name), e.spx) for name in ("none", "low VIX", "every parameter and low VIX")
    ]
    episodes = fitting.scores(e.errors("low VIX"), e.spx, "episode")
    rows = []
    for key, (count, *_) in days[0].items():
        cells = [pair(*each[key][1:]) for each in days]
        rows.append([key[0], key[1], str(count), *cells, str(episodes[key][0]), pair(*episodes[key][1:])])
    return table(
        ["days", "side", "dates", "before", "now", "every parameter refitted", "episodes", "now, by episode"],
        rows,
    )


def _spy(e: Evidence) -> str:
    scores = {name: fitting.scores(error, e.spy) for name, error in e.spy_errors.items()}
    rows = [
        [
            bucket,
            str(scores["now"][bucket, "put"][0]),
            *(pair(*each[bucket, "put"][1:]) for each in scores.values()),
        ]
        for bucket in ("15–30", "31–60")
    ]
    return table(["days", "dates", "before", "now"], rows)


def _terms(e: Evidence) -> str:
    rows = []
    for name in TERMS:
        error = e.errors(name)
        cells = fitting.scores(error, e.spx).values()
        within = sum(abs(signed) <= 0.5 and absolute <= 1.0 for _, signed, absolute in cells)
        episodes = np.array(list(fitting.by_episode(error, e.spx).values()))
        ratios = e.condor_ratios(name)
        rows.append(
            [
                name,
                str(len(TERMS[name])),
                f"{np.abs(episodes[:, 0]).mean():.2f}",
                f"{episodes[:, 1].mean():.2f}",
                f"{within} of {len(cells)}",
                f"{condors.by_day(ratios, e.condors)[0]:.3f}",
            ]
        )
    header = ["terms fitted", "parameters", "mean bias", "mean absolute", "cells within", "condors"]
    return table(header, rows)


def _condors(e: Evidence) -> str:
    now, before = e.condor_ratios("low VIX"), e.condor_ratios("none")
    rows = []
    for delta in condors.DELTAS:
        for width in condors.WIDTHS:
            here = [i for i, c in enumerate(e.condors) if (c["delta"], c["width"]) == (delta, width)]
            rows.append(
                [
                    *(f"{100 * delta:.0f}", f"{width:.0f}", str(len(here))),
                    *(f"{np.median(each):.3f}" for each in (before[here], now[here], np.abs(now[here] - 1))),
                ]
            )
    (median_before, _), (median, absolute) = (condors.by_day(each, e.condors) for each in (before, now))
    days = len({c["quote_date"] for c in e.condors})
    rows.append(["all", "all", f"{days} dates", f"{median_before:.3f}", f"{median:.3f}", f"{absolute:.3f}"])
    return table(["delta", "width", "condors", "model / market before", "now", "median absolute"], rows)


def _state(e: Evidence) -> str:
    rows = []
    for source, states in e.states.items():
        for name in daily.STATES:
            if source != "SPX" and name == "curvature":
                continue
            told = daily.summary(states, name)
            rows.append(
                [
                    source,
                    name,
                    str(states.height),
                    f"{told.mean:+.3f}",
                    f"{told.sd:.3f}",
                    f"{told.within:.3f}",
                    f"{told.change:.3f}",
                    *(f"{r:.2f} ({n})" if n >= daily.LEAST_PAIRS else "–" for r, n in told.kept),
                ]
            )
    header = ["source", "state", "dates", "mean", "sd", "sd within an episode", "sd of daily change"]
    return table([*header, "kept after 1–4 sessions", "after 10–24"], rows)


def _correlation(e: Evidence) -> str:
    names = [*daily.STATES, "ln VIX"]
    found = daily.correlations(e.states["SPX"])
    rows = [[name, *(f"{x:+.2f}" for x in row)] for name, row in zip(names, found, strict=True)]
    return table(["", *names], rows)


def _short(e: Evidence) -> str:
    s = e.short
    return table(
        ["figure", "value"],
        [
            ["expiries of about one session", str(s.expiries)],
            ["at-the-money volatility over VIX, median", f"{s.ratio:.3f}"],
            ["ln(template / market), median and sd", f"{s.template[0]:+.3f}, {s.template[1]:.3f}"],
            ["rule a · (VIX9D/VIX)^b: a, b, sd in sample", ", ".join(f"{x:.3f}" for x in s.rule)],
            ["sd on episodes left out: rule, constant", ", ".join(f"{x:.3f}" for x in s.left_out)],
        ],
    )


def _vix(e: Evidence) -> str:
    rows = [
        [str(row["days"]), str(row["quotes"]), f"{row['future']:.2f}"]
        + [f"{row[name]:.2f}" for name in ("before", "now", "left_out", "by_rule")]
        for row in e.vix_misses.iter_rows(named=True)
    ]
    return table(
        ["days", "quotes", "future", "before", "now", "expiry left out", "now, level by VIX alone"], rows
    )


def _vvix(e: Evidence) -> str:
    rows = []
    for low, high in pairwise(VIX_LEVELS):
        part = e.vvix.filter((pl.col("vix") >= low) & (pl.col("vix") < high))
        off = part["ln_nu"] - part["rule"]
        rows.append(
            [
                f"{low}–{high}",
                str(part.height),
                f"{part['vvix'].median():.0f}",
                f"{part['ln_nu'].median():.2f}",
                f"{part['rule'].median():.2f}",
                f"{off.std():.2f}",
            ]
        )
    return table(["VIX", "days", "VVIX, median", "ln ν, median", "rule", "sd around it"], rows)


def _spreads(e: Evidence) -> str:
    rows = [
        [
            *(row["root"], row["form"], ", ".join(f"{x:.3f}" for x in row["parameters"])),
            *(str(row["quotes"]), pair(row["signed"], row["absolute"])),
        ]
        for row in e.spreads.iter_rows(named=True)
    ]
    return table(["root", "form", "scale, power, (days)", "quotes", "ln(model / quoted)"], rows)


def _calendar(e: Evidence) -> str:
    rows = [
        [
            name,
            str(len(arbitrage.states())),
            str(len(found)),
            ", ".join(f"VIX {v:g}" for v, *_ in found) or "none",
        ]
        for name, found in e.calendar.items()
    ]
    return table(["template", "states", "with calendar arbitrage", "where"], rows)
