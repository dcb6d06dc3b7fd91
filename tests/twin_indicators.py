"""Every indicator of the rules a second time, in NumPy: a function of spot, VIX, weeks, a broader index."""

from collections.abc import Callable
from typing import Any

import numpy as np

Series = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
SESSIONS_PER_YEAR = 252


def rsi(spot: Series, n: int = 14) -> Series:
    """Wilder's index: averages that start as plain means."""
    out = np.full(len(spot), np.nan)
    change = np.diff(spot)
    if len(change) < n:
        return out
    gain, loss = change[:n].clip(0).mean(), -change[:n].clip(None, 0).mean()
    for i in range(n, len(spot)):
        if i > n:
            gain = (gain * (n - 1) + max(change[i - 1], 0)) / n
            loss = (loss * (n - 1) + max(-change[i - 1], 0)) / n
        out[i] = 100 * gain / (gain + loss) if gain + loss else np.nan
    return out


def realised_vol(spot: Series, n: int = 21) -> Series:
    """Root of the mean squared log return, a year."""
    squares = np.diff(np.log(spot)) ** 2
    means = [squares[i - n : i].mean() if i >= n else np.nan for i in range(len(spot))]
    return np.sqrt(SESSIONS_PER_YEAR * np.array(means))


def drawdown(spot: Series) -> Series:
    """Fall from the highest close so far."""
    return 1 - spot / np.maximum.accumulate(spot)


def change(spot: Series) -> Series:
    """Change from the session before."""
    return np.concatenate([[np.nan], spot[1:] / spot[:-1] - 1])


def mean(values: Series, n: int) -> Series:
    """Exponential mean: the plain mean of the first n values, then weights that fall by a constant factor."""
    out = np.full(len(values), np.nan)
    alpha = 2 / (n + 1)
    for i in range(n - 1, len(values)):
        later = values[n : i + 1][::-1]
        fading = (1 - alpha) ** np.arange(len(later))
        out[i] = alpha * (fading * later).sum() + (1 - alpha) ** len(later) * values[:n].mean()
    return out


def macd(spot: Series) -> Series:
    """Mean over 12 less mean over 26."""
    return mean(spot, 12) - mean(spot, 26)


def macd_signal(spot: Series) -> Series:
    """Mean of the line over 9."""
    return np.concatenate([np.full(min(25, len(spot)), np.nan), mean(macd(spot)[25:], 9)])


def percentile(vix: Series, n: int = 252) -> Series:
    """Share of the n - 1 sessions before that were lower."""
    ranks = [100 * (vix[i - n + 1 : i] < vix[i]).mean() if i >= n - 1 else np.nan for i in range(len(vix))]
    return np.array(ranks)


def band(vix: Series) -> Series:
    """Levels reached; the last one begins above 35."""
    return np.digitize(vix, [15, 20, 25, 28]) + (vix > 35) * 1.0


def resistance(spot: Series, n: int = 60) -> Series:
    """Fall from the highest of the last n closes."""
    highs = [spot[i - n + 1 : i + 1].max() if i >= n - 1 else np.nan for i in range(len(spot))]
    return 1 - spot / np.array(highs)


def weekly(daily: Callable[[Series], Series], spot: Series, week_ends: Flags) -> Series:
    """The same over the last closes of weeks: each stands until the next."""
    ends = np.flatnonzero(week_ends)
    closed = daily(spot[ends])
    over = np.searchsorted(ends, np.arange(len(spot)), side="right")
    return np.concatenate([[np.nan], closed])[over]


def beta(spot: Series, broad: Series, n: int = 60) -> Series:
    """Least-squares slope of the last n log returns on those of the broader index."""
    out = np.full(len(spot), np.nan)
    of_spot, of_broad = np.diff(np.log(spot)), np.diff(np.log(broad))
    for i in range(n, len(spot)):
        x, y = of_broad[i - n : i], of_spot[i - n : i]
        if np.isfinite(x + y).all() and np.ptp(x) > 1e-13:
            out[i] = np.polynomial.Polynomial.fit(x, y, 1).convert().coef[1]
    return out


INDICATORS: dict[str, Callable[[Series, Series, Flags, Series], Series]] = {
    "rsi_14": lambda spot, _vix, _ends, _broad: rsi(spot),
    "realised_vol_21": lambda spot, _vix, _ends, _broad: realised_vol(spot),
    "drawdown": lambda spot, _vix, _ends, _broad: drawdown(spot),
    "return_1": lambda spot, _vix, _ends, _broad: change(spot),
    "macd": lambda spot, _vix, _ends, _broad: macd(spot),
    "macd_signal": lambda spot, _vix, _ends, _broad: macd_signal(spot),
    "vix_percentile_252": lambda _spot, vix, _ends, _broad: percentile(vix),
    "volatility_band": lambda _spot, vix, _ends, _broad: band(vix),
    "distance_to_resistance": lambda spot, _vix, _ends, _broad: resistance(spot),
    "rsi_14_weekly": lambda spot, _vix, ends, _broad: weekly(rsi, spot, ends),
    "macd_weekly": lambda spot, _vix, ends, _broad: weekly(macd, spot, ends),
    "macd_signal_weekly": lambda spot, _vix, ends, _broad: weekly(macd_signal, spot, ends),
    "market_beta": lambda spot, _vix, _ends, broad: beta(spot, broad),
}
