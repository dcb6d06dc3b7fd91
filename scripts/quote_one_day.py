"""Run what docs/one_day.md measures and write the figures into it; takes some five minutes.

    python scripts/quote_one_day.py

`tests/test_readme.py` (slow) holds that this changes nothing.
"""

from pathlib import Path

from alvh.comparison import Comparison, compare
from alvh.figures.words import amount, span
from alvh.market import L3F
from alvh.playbook import preset
from quoting import between, tabulated

PAGE = Path(__file__).parent.parent / "docs" / "one_day.md"
SEED, SHARE, BARS = 7, 0.10, 13
ONE_DAY = ("conservative_1dte", "conservative_1dte_stop_1x", "conservative_1dte_stop_2x")
MONTHS = ("plain", "stop_1x", "stop_2x")
PATHS, BAND, LONGER_PATHS = 1_024, 512, 2_048


def refreshed(text: str) -> str:
    """Return the page with the figures of today's engine."""
    market = L3F(vix=16)
    near = compare(
        [preset(name) for name in ONE_DAY], market, paths=PATHS, seed=SEED, shares=[SHARE], surface_band=BAND
    )
    text = tabulated(text, "one_day", _one_day(near))
    text = tabulated(text, "stops_of_a_day", [*_stops(near, "at bars")])
    text = between(text, "it pays ", " dollars to trade", f"{_paid(near):.2f}")
    months = [preset(name) for name in MONTHS]
    asked = {"paths": LONGER_PATHS, "seed": SEED, "shares": [SHARE], "surface_band": 0}
    bars, closes = compare(months, market, bars=BARS, **asked), compare(months, market, **asked)
    rows = _stops(bars, "at bars") + _stops(closes, "at closes")[1:]
    return tabulated(text, "stops_of_months", rows)


def _one_day(result: Comparison) -> list[list[str]]:
    rows = [
        ["arm", "vol of a day", "result", "fees", "slips", "break-even cost", "return on NAV a year"],
    ]
    table = result.one_day()
    for arm in ONE_DAY:
        for end in (0.9, 1.0, 1.1):
            of = {
                row["figure"]: row["estimate"]
                for row in table.filter(arm=arm, short_end=end).iter_rows(named=True)
            }
            dollars = [f"{of[name]:.2f}" for name in ("result", "fees", "slips", "break_even_cost")]
            rows.append([f"`{arm}`", f"{end:.1f}", *_minus(*dollars), *_minus(f"{of['return_on_nav']:.0%}")])
    return rows


def _stops(result: Comparison, clock: str) -> list[list[str]]:
    """A row per arm with a stop: what it did, and what it earned less than the first arm, with intervals."""
    rows = [
        [
            "arm",
            "asked",
            "closed",
            "of them better held",
            "of them whipsawed",
            "less than held, of NAV a year",
            "ruined",
        ]
    ]
    stops, against, summary = result.stops(), result.against(), result.summary()
    for arm in result.arms[1:]:
        shares = {
            row["figure"]: f"{row['estimate']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
            for row in stops.filter(arm=arm, unit="share").iter_rows(named=True)
        }
        less = against.filter(arm=arm, figure="return_on_nav").row(0, named=True)
        ruined = summary.filter(arm=arm, figure="p_ruin").row(0, named=True)
        rows.append(
            [
                f"`{arm}`",
                clock,
                *(shares[name] for name in ("stopped_share", "recovered_share", "whipsawed_share")),
                f"{amount(less['estimate'], less['unit'])} ({span(less['low'], less['high'], less['unit'])})",
                amount(ruined["estimate"], ruined["unit"]),
            ]
        )
    return rows


def _paid(result: Comparison) -> float:
    """Fees and slips of a condor that is held, where the surface is as calibrated."""
    held = result.one_day().filter(arm=ONE_DAY[0], short_end=1.0)
    return float(sum(held.filter(figure=name)["estimate"][0] for name in ("fees", "slips")))


def _minus(*texts: str) -> list[str]:
    return [text.replace("-", "−") for text in texts]


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
