"""The exchange's delayed quote table: three lines in the language of the browser, calls left, puts right."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final

import polars as pl

from alvh import schedule
from alvh.chain.layouts.layout import Layout, Side
from alvh.chain.schema import CLOSE
from alvh.errors import ChainError

NEW_YORK: Final = "America/New_York"
QUOTES_END: Final = time(16, 15)
LONGEST_SHOWN: Final = 80

# First letters of the months, accents removed: English, Spanish, French, German, Italian, Portuguese.
MONTHS: Final = (
    ("jan", "ene", "gen"),
    ("feb", "fev"),
    ("mar",),
    ("apr", "abr", "avr"),
    ("may", "mai", "mag"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "ago", "aou"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dic", "dez"),
)
ZONES: Final = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "GMT": 0, "UTC": 0, "CET": 1, "CEST": 2,
}  # fmt: skip

YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})\D(?P<month>\d{1,2})\D(?P<day>\d{1,2})(?!\d)")
DAY_FIRST: Final = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})\.?\s+(?:de\s+)?(?P<name>[^\W\d_]{3,})\.?,?\s+(?:de\s+)?(?P<year>\d{4})"
)
MONTH_FIRST: Final = re.compile(r"(?P<name>[^\W\d_]{3,})\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})")
HOUR: Final = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::\d{2})?\s*(?:([ap])\.?\s*m\b)?", re.IGNORECASE)
ZONE: Final = re.compile(r"\b(" + "|".join(ZONES) + r")\b(?:\s*([+\-−]\d{1,2})(?::(\d{2}))?)?")
LAST: Final = re.compile(r"\bLast:\s*([0-9.]+)")


def preamble(name: str, lines: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the underlying's price and the moment of the quotes from the lines above the header.

    The table is often saved after the close: on a day without a session it holds the close of the one
    before.

    Raises
    ------
    ChainError
        The date is in no known form.
    """
    found: dict[str, Any] = {}
    text = "\n".join(lines)
    if "underlying_price" not in given and (last := LAST.search(text)):
        found["underlying_price"] = _number(last.group(1))
    if "quote_date" not in given:
        number, line = next(((i, line) for i, line in enumerate(lines, 1) if "Date:" in line), (1, ""))
        moment = _moment(line.partition("Date:")[2])
        if moment is None:
            shown = line.strip(' ",')[:LONGEST_SHOWN]
            raise ChainError(
                f"{name}, line {number}: {shown!r} tells no date and time. Allowed: a line such as "
                "'Date: February 7, 2023 at 5:34 PM EST', month in English, Spanish, French, German, "
                "Italian or Portuguese, with its zone. "
                'Mend: give constants={"quote_date": date(…), "quote_time": "close"}',
                source=name,
                line=number,
                column="quote_date",
                value=line,
            )
        found["quote_date"], found["quote_time"] = _snapshot(moment)
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """Return the moment in New York that a date line names, without its zone."""
    hour, zone = HOUR.search(text), ZONE.search(text)
    day = _day(text)
    if day is None or hour is None or zone is None:
        return None
    hours, minutes = int(hour.group(1)), int(hour.group(2))
    if hour.group(3):
        hours = hours % 12 + (12 if hour.group(3) in "pP" else 0)
    sign = (zone.group(2) or "+0").replace("−", "-")
    offset = ZONES[zone.group(1)] + int(sign) + int(zone.group(3) or 0) / 60 * (-1 if sign[0] == "-" else 1)
    try:
        there = datetime.combine(day, time(hours, minutes), timezone(timedelta(hours=offset)))
    except ValueError:
        return None
    here = pl.Series([there.astimezone(UTC)]).dt.convert_time_zone(NEW_YORK)
    moment: datetime = here.dt.replace_time_zone(None).item()
    return moment


def _day(text: str) -> date | None:
    found = YEAR_FIRST.search(text) or DAY_FIRST.search(text) or MONTH_FIRST.search(text)
    if found is None:
        return None
    parts = found.groupdict()
    month = int(parts["month"]) if "month" in parts else _month(parts["name"])
    try:
        return date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        return None


def _month(name: str) -> int:
    """Return the number of a month in any of the known languages, 0 if it is none."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return next((i for i, starts in enumerate(MONTHS, 1) if plain.startswith(starts)), 0)


def _snapshot(moment: datetime) -> tuple[date, str]:
    """Return session and time of the quotes that stood in the table at a moment in New York."""
    day = moment.date()
    first, last = schedule.span()
    if not first < day <= last or (schedule.is_session(day) and moment.time() >= QUOTES_END):
        return day, CLOSE
    if not schedule.is_session(day):
        return schedule.previous_session(day), CLOSE
    return day, f"{moment:%H:%M}"


def _side(right: str, symbol: str, suffix: str) -> Side:
    names = {
        "root": symbol,
        "last": f"last sale{suffix}",
        "bid": f"bid{suffix}",
        "ask": f"ask{suffix}",
        "volume": f"volume{suffix}",
        "vendor_iv": f"iv{suffix}",
        "vendor_delta": f"delta{suffix}",
        "open_interest": f"open interest{suffix}",
    }
    return Side(names, {"right": right})


LAYOUT: Final = Layout(
    name="cboe",
    about="Cboe delayed quote table, CSV: calls left, puts right, date line in the browser's language",
    columns={"expiration": "expiration date", "strike": "strike"},
    sides=(_side("C", "calls", ""), _side("P", "puts", "#2")),
    days=("%a %b %d %Y", "%m/%d/%Y", "%Y-%m-%d"),
    preamble=preamble,
)
