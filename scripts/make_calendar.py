"""Write the exchange calendar that ships with the package: python/alvh/data/sessions.json.

Developer's tool; needs `pandas_market_calendars`, which the package itself does not.

Which calendar holds for SPX options? Two are known there, `CBOE_Index_Options` and `NYSE`, and they
disagree twice:

- `CBOE_Index_Options` lists 2001-09-11 to 2001-09-14. No session was held: a session is a day that both
  calendars list.
- `CBOE_Index_Options` knows the short Fridays after Thanksgiving and the short days before Independence
  Day, but not the short Christmas Eves, on which index options close at 13:15 as well: the half days are
  those of `NYSE`. Days that ended early by accident but after 14:00 (1994-02-11, 1997-10-27, 2005-06-01)
  count as whole.

Dates after the exchange's latest notice follow its rules; a later extraordinary closing needs a new run of
this script.
"""

import json
from datetime import date, time
from pathlib import Path

import pandas as pd
import pandas_market_calendars as markets

FIRST, LAST = date(1990, 1, 1), date(2035, 12, 31)
LATEST_HALF_DAY_CLOSE = time(14, 0)  # the cash market; 13:00 from 1993 on, 14:00 before
EXCHANGE_TIME = "America/New_York"
TARGET = Path(__file__).parents[1] / "python" / "alvh" / "data" / "sessions.json"


def schedule(name: str) -> pd.DataFrame:
    return markets.get_calendar(name).schedule(FIRST.isoformat(), LAST.isoformat())


def main() -> None:
    cash, options = schedule("NYSE"), schedule("CBOE_Index_Options")
    sessions = set(cash.index.date) & set(options.index.date)
    closes = cash["market_close"].dt.tz_convert(EXCHANGE_TIME)
    half_days = {close.date() for close in closes if close.time() <= LATEST_HALF_DAY_CLOSE} & sessions
    weekdays = {day.date() for day in pd.bdate_range(FIRST, LAST)}
    stray = sessions - weekdays
    if stray:
        raise SystemExit(f"sessions on a weekend cannot be stored: {sorted(stray)}")
    table = {
        "market": "S&P 500 index options",
        "made_by": f"scripts/make_calendar.py, pandas_market_calendars {markets.__version__}",
        "first": FIRST.isoformat(),
        "last": LAST.isoformat(),
        "closed_weekdays": [day.isoformat() for day in sorted(weekdays - sessions)],
        "half_days": [day.isoformat() for day in sorted(half_days)],
    }
    TARGET.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(sessions)} sessions, {len(half_days)} half days")


if __name__ == "__main__":
    main()
