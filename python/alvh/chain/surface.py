"""A fitted surface: total variance over log-moneyness by expiry, and between expiries."""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from alvh import pricing
from alvh.chain.term import RAW, Floats, Term
from alvh.errors import ChainError

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


@dataclass(frozen=True, eq=False)
class Surface:
    """A volatility surface fitted to one snapshot by `fit_surface`.

    Every expiry has a slice of total variance w over log-moneyness k = ln(strike / forward). Between two
    expiries of a root w is a straight line in time at the same k, so that it falls nowhere. Before the first
    it is that of the first times years / its years; after the last it grows at every k by what the last
    gains at the money. `years` are those of the one clock.

    Expiries of VIX and VIXW have underlyings of their own, and nothing binds them: there `years` between two
    is interpolation alone, not free of calendar arbitrage, on a forward that no future has.

    Parameters
    ----------
    form : str
        Of the slices: ``"svi"`` or ``"essvi"``.
    expiries : DataFrame
        One row for each expiry of the snapshot: its keys, `years`, `days`, `forward`, `discount`, `fit`;
        `status`, a key of `SLICES`; raw parameters, and those of eSSVI slices, see `PARAMETERS`; `quotes`
        used; `error_rms` and `error_median` (absolute), volatility points; `inside`, the share of fitted
        prices within bid and ask; the same of the `liquid` quotes, 10 to 50 delta; `durrleman`, the least
        g over all k; `calendar`, the least rise of w since the expiry before over all k; `repaired`, what
        had to be removed.
    quotes : DataFrame
        The quotes with `k`; `used`, whether they are fitted; `model_vol`, decimal, `model_price`, points,
        and whether that lies `inside` bid and ask.

    Examples
    --------
    >>> from alvh import chain
    >>> surface = chain.fit_surface(chain.synthetic(longest=30))
    >>> round(surface.vol(4800.0, date(2024, 3, 15), root="SPX"), 3)
    0.18
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
        at = self._at(strike, expiration, years, root)
        with np.errstate(invalid="ignore"):
            return _plain(np.sqrt(at.variance / at.years))

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
        at = self._at(strike, expiration, years, root)
        # w as the variance of one year: at 0 years the price is the intrinsic value
        found = pricing.price(at.forward, at.strike, 1.0, np.sqrt(at.variance), right, discount=at.discount)
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
        moneyness, time = np.broadcast_arrays(np.asarray(k, float), _time(years))
        return _plain(self._term(root).variance(moneyness, time))

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
        return _plain(self._expiry(expiration, root).density(_strikes(strike)))

    def _at(
        self, strike: ArrayLike, expiration: date | None, years: ArrayLike | None, root: str | None
    ) -> "_Points":
        if expiration is not None and years is None:
            term = self._expiry(expiration, root)
            years = term.years[0]
        elif expiration is None and years is not None:
            term = self._term(root)
        else:
            raise ChainError(
                f"expiration = {expiration}, years = {years!r}: give one of the two", column="expiration"
            )
        strikes, time = np.broadcast_arrays(_strikes(strike), _time(years))
        forward, discount = term.terms(time)
        return _Points(strikes, time, forward, discount, term.variance(np.log(strikes / forward), time))

    def _term(self, root: str | None) -> Term:
        """Return the slices of a root; of those of one moment the first."""
        every = self.expiries.filter(status="ok")
        found = every if root is None else every.filter(root=root)
        if found["root"].n_unique() != 1:
            raise _ambiguous("slices", root, every["root"].to_list())
        return Term.of(found.unique("years", keep="first", maintain_order=True).sort("years"))

    def _expiry(self, expiration: date, root: str | None) -> Term:
        """Return the one slice of an expiration."""
        listed = self.expiries.filter(pl.col("expiration") == expiration)
        every = listed.filter(status="ok")
        found = every if root is None else every.filter(root=root)
        if found.height == 1:
            return Term.of(found)
        if every.height:
            raise _ambiguous(f"slices of {expiration}", root, every["root"].to_list())
        if listed.height:
            status = ", ".join(listed["status"].cast(pl.String).unique().sort().to_list())
            raise ChainError(
                f"expiration = {expiration} has no slice: {status}. Mend: take another expiry, or years=",
                column="expiration",
                value=expiration,
            )
        days = sorted(set(self.expiries.filter(status="ok")["expiration"].to_list()))
        span = f"{len(days)} from {days[0]} to {days[-1]}" if days else "none"
        raise ChainError(
            f"expiration = {expiration}: the surface has {span}. Mend: take one of them, or years=",
            column="expiration",
            value=expiration,
        )


class _Points(NamedTuple):
    """Everything in one shape."""

    strike: Floats
    years: Floats
    forward: Floats
    discount: Floats
    variance: Floats


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
