"""A fitted surface: total variance over log-moneyness by expiry, and between expiries."""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from alvh import pricing
from alvh.errors import ChainError

Floats: TypeAlias = NDArray[np.float64]

RAW: Final = ("a", "b", "rho", "m", "sigma")
PARAMETERS: Final = {"svi": RAW, "essvi": ("theta", "rho", "zeta")}
"""Columns of `Surface.expiries` that hold the parameters of each form."""

SLICES: Final = {
    "ok": "fitted",
    "no_time": "expired, or its settlement is not known",
    "no_forward": "no pair of quotes tells its forward",
    "too_few": "fewer strikes with a usable quote than determine a slice",
}
"""What became of each expiry; see `Surface.expiries`."""

SLICE: Final = pl.Enum(list(SLICES))


def total_variance(k: str) -> pl.Expr:
    """Return w of a column of log-moneyness from the columns a, b, rho, m and sigma."""
    a, b, rho, m, sigma = (pl.col(name) for name in RAW)
    x = pl.col(k) - m
    return a + b * (rho * x + (x**2 + sigma**2).sqrt())


class _Term(NamedTuple):
    """The slices of one root, by time."""

    years: Floats
    forward: Floats
    discount: Floats
    raw: Floats

    def variance(self, index: NDArray[np.intp], k: Floats) -> Floats:
        a, b, rho, m, sigma = self.raw[:, index]
        x = k - m
        w: Floats = a + b * (rho * x + np.sqrt(x**2 + sigma**2))
        return w

    def between(self, k: Floats, years: Floats) -> Floats:
        """Return w, a straight line in time between two slices at the same log-moneyness."""
        later = np.clip(np.searchsorted(self.years, years), 0, len(self.years) - 1)
        earlier = np.maximum(later - 1, 0)
        above, below = self.variance(later, k), self.variance(earlier, k)
        start, end = self.years[earlier], self.years[later]
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = below + (above - below) * ((years - start) / (end - start))
        first = above * (years / self.years[0])
        beyond = np.maximum(years - self.years[-1], 0.0) / self.years[-1]
        last = above + beyond * self.variance(later, np.zeros_like(k))
        w: Floats = np.where(years <= self.years[0], first, np.where(beyond > 0.0, last, inside))
        return w

    def at(self, years: Floats) -> tuple[Floats, Floats]:
        """Return forward and discount: their logarithms are straight lines in time."""
        forward = np.exp(np.interp(years, self.years, np.log(self.forward)))
        rate = -np.log(self.discount) / self.years
        return forward, np.exp(-years * np.interp(years, self.years, rate))


@dataclass(frozen=True, eq=False)
class Surface:
    """A volatility surface fitted to one snapshot by `fit_surface`.

    Every expiry has a slice of total variance w over log-moneyness k = ln(strike / forward). Between two
    expiries of a root w is a straight line in time at the same k, so that it falls nowhere. Before the first
    it is that of the first times years / its years; after the last it grows at every k by what the last
    gains at the money. `years` are those of the one clock.

    Parameters
    ----------
    form : str
        Of the slices: ``"svi"`` or ``"essvi"``.
    expiries : DataFrame
        One row for each expiry of the snapshot: its keys, `years`, `days`, `forward`, `discount`, `fit`; `status`, a key
        of `SLICES`; the parameters of the form; `quotes` used; `error_rms` and `error_median` (absolute), volatility points;
        `inside`, the share of fitted prices within bid and ask; the same of the `liquid` quotes, 10 to 50
        delta; `durrleman`, the least g over all k; `calendar`, the least rise of w since the expiry before
        over all k; `repaired`, what had to be removed.
    quotes : DataFrame
        The quotes with `k`; `used`, whether they are fitted; `model_vol`, decimal, `model_price`, points,
        and whether that lies `inside` bid and ask.

    Examples
    --------
    >>> from alvh import chain
    >>> surface = chain.fit_surface(chain.synthetic(longest=30))
    >>> round(surface.vol(4800.0, date(2024, 3, 15), root="SPX"), 3)
    0.181
    """

    form: str
    expiries: pl.DataFrame
    quotes: pl.DataFrame

    def vol(
        self,
        strike: ArrayLike,
        expiration: date | None = None,
        *,
        years: ArrayLike | None = None,
        root: str | None = None,
    ) -> float | Floats:
        """Return the implied volatility at strikes.

        Parameters
        ----------
        strike : array_like
            Points, above 0.
        expiration : datetime.date, optional
            An expiry of the snapshot.
        years : array_like, optional
            In place of an expiration: years ≥ 0 on the one clock.
        root : str, optional
            Needed where several roots have slices there.

        Returns
        -------
        float or ndarray
            Decimal, a root year of the clock; at 0 years NaN.

        Raises
        ------
        ChainError
            No such slice, or more than one.
        """
        strike, years, forward, _, w = self._at(strike, expiration, years, root)
        with np.errstate(invalid="ignore", divide="ignore"):
            return _plain(np.sqrt(w / years))

    def price(
        self,
        strike: ArrayLike,
        right: ArrayLike,
        expiration: date | None = None,
        *,
        years: ArrayLike | None = None,
        root: str | None = None,
    ) -> float | Floats:
        """Return discounted prices at strikes.

        Parameters
        ----------
        strike, expiration, years, root
            As in `vol`. Between expiries the logarithm of the forward and the rate are straight lines in
            time; outside they are those of the nearest expiry.
        right : array_like
            "C" or "P".

        Returns
        -------
        float or ndarray
            Points.

        Raises
        ------
        ChainError
            No such slice, or more than one.
        """
        strike, years, forward, discount, w = self._at(strike, expiration, years, root)
        # the total variance as that of one year
        found = pricing.price(forward, strike, 1.0, np.sqrt(w), right, discount=discount)
        return _plain(np.asarray(found))

    def total_variance(self, k: ArrayLike, years: ArrayLike, *, root: str | None = None) -> float | Floats:
        """Return w, the squared volatility times years, at log-moneyness.

        Parameters
        ----------
        k : array_like
            ln(strike / forward).
        years : array_like
            Years ≥ 0 on the one clock.
        root : str, optional
            Needed where several roots have slices.

        Returns
        -------
        float or ndarray
            Total variance.

        Raises
        ------
        ChainError
            Negative years, no slices, or those of several roots.
        """
        term = self._term(root)
        moneyness, time = np.broadcast_arrays(np.asarray(k, float), _time(years))
        return _plain(term.between(moneyness, time))

    def density(self, strike: ArrayLike, expiration: date, *, root: str | None = None) -> float | Floats:
        """Return the risk-neutral density of the settlement at strikes.

        It is g φ(d₂) / (K √w), with Durrleman's g of the slice: nowhere negative.

        Parameters
        ----------
        strike : array_like
            Points, above 0.
        expiration : datetime.date
            An expiry of the snapshot.
        root : str, optional
            Needed where several roots have it.

        Returns
        -------
        float or ndarray
            A point.

        Raises
        ------
        ChainError
            No such slice, or more than one.
        """
        row = self._row(expiration, root)
        strikes = _strikes(strike)
        k = np.log(strikes / row["forward"])
        x = k - row["m"]
        q = np.sqrt(x**2 + row["sigma"] ** 2)
        w = row["a"] + row["b"] * (row["rho"] * x + q)
        slope = row["b"] * (row["rho"] + x / q)
        curvature = row["b"] * row["sigma"] ** 2 / q**3
        g = (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * curvature
        d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
        return _plain(g * np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi * w) / strikes)

    def _at(
        self, strike: ArrayLike, expiration: date | None, years: ArrayLike | None, root: str | None
    ) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Return strikes, years, forwards, discounts and w in one shape."""
        strikes = _strikes(strike)
        if (expiration is None) == (years is None):
            raise ChainError(
                f"expiration = {expiration}, years = {years}: give one of the two", column="expiration"
            )
        if years is not None:
            term = self._term(root)
            strikes, time = np.broadcast_arrays(strikes, _time(years))
            forward, discount = term.at(time)
            return strikes, time, forward, discount, term.between(np.log(strikes / forward), time)
        row = self._row(expiration, root)
        time, forward, discount = (np.full_like(strikes, row[n]) for n in ("years", "forward", "discount"))
        x = np.log(strikes / forward) - row["m"]
        w = row["a"] + row["b"] * (row["rho"] * x + np.sqrt(x**2 + row["sigma"] ** 2))
        return strikes, time, forward, discount, w

    def _term(self, root: str | None) -> "_Term":
        """Return the slices of a root by time; one for each moment."""
        found = self.expiries.filter(status="ok").unique(["root", "years"], maintain_order=True)
        found = found.sort("years") if root is None else found.filter(root=root).sort("years")
        roots = found["root"].unique(maintain_order=True).to_list()
        if len(roots) != 1:
            raise _ambiguous("slices", root, self.expiries.filter(status="ok")["root"].unique().to_list())
        years, forward, discount = (found[name].to_numpy() for name in ("years", "forward", "discount"))
        return _Term(years, forward, discount, found.select(RAW).to_numpy().T)

    def _row(self, expiration: date, root: str | None) -> dict[str, float]:
        """Return the slice of an expiration."""
        listed = self.expiries.filter(pl.col("expiration") == expiration)
        found = listed.filter(status="ok") if root is None else listed.filter(status="ok", root=root)
        if found.height == 1:
            return found.row(0, named=True)
        if found.height:
            raise _ambiguous(f"slices of {expiration}", root, found["root"].to_list())
        if listed.height:
            status = listed["status"].cast(pl.String).to_list()
            raise ChainError(
                f"expiration = {expiration}: no slice of {root or 'any root'}; its status is "
                f"{', '.join(status)}. Mend: take another expiry, or years=",
                column="expiration",
                value=expiration,
            )
        days = self.expiries.filter(status="ok")["expiration"].unique().sort()
        span = f"{len(days)} from {days.min()} to {days.max()}" if len(days) else "none"
        raise ChainError(
            f"expiration = {expiration}: the surface has {span}. Mend: take one of them, or years=",
            column="expiration",
            value=expiration,
        )


def _ambiguous(what: str, root: str | None, roots: list[str | None]) -> ChainError:
    known = ", ".join(sorted({repr(each) for each in roots})) or "none"
    return ChainError(f"root = {root!r}: the surface has {what} of {known}. Mend: name one", column="root")


def _strikes(strike: ArrayLike) -> Floats:
    strikes = np.asarray(strike, float)
    if not (strikes > 0.0).all():
        raise ChainError(f"strike = {strike!r}: points, above 0", column="strike")
    return strikes


def _time(years: ArrayLike) -> Floats:
    time = np.asarray(years, float)
    if not (time >= 0.0).all():
        raise ChainError(f"years = {years!r}: 0 or more, on the one clock", column="years")
    return time


def _plain(values: Floats) -> float | Floats:
    return values if values.ndim else float(values)
