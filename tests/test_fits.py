"""The coefficients of the kernels keep the bounds that their fits state, and a refit keeps them, too."""

import mpmath
import pytest

from fits import near_money, rust
from fits.catalogue import FITS
from fits.functions import (
    bachelier,
    bachelier_quotient,
    black,
    log_price_ratio,
    mills,
    one_minus_a_mills,
    total_sd,
)
from fits.minimax import Bilinear, chebyshev_points, polynomial, powers, rational_of

TITLES = [fit.title for fit in FITS]
mpf = mpmath.mpf


@pytest.mark.parametrize("fit", FITS, ids=TITLES)
def test_the_coefficients_in_the_sources_keep_their_bound(fit):
    assert fit.measured() <= fit.bound


@pytest.mark.slow
@pytest.mark.parametrize("fit", [fit for fit in FITS if fit.refit], ids=lambda fit: fit.title)
def test_a_refit_keeps_the_bound(fit):
    error, constants = fit.refitted()
    assert set(constants) == set(fit.names)
    assert error <= fit.bound


@pytest.mark.parametrize("fit", FITS, ids=TITLES)
def test_a_bound_notices_a_wrong_digit(fit):
    """The last coefficient matters least, and ten times it must not pass."""
    constants = fit.published()
    last = constants[fit.names[-1]]
    spoilt = [*last[:-1], [10 * x for x in last[-1]] if isinstance(last[-1], list) else 10 * last[-1]]
    assert fit.error(constants | {fit.names[-1]: spoilt}) > fit.bound


def test_every_table_of_coefficients_has_a_fit():
    """A table of floats in these floors that no fit names has no bound."""
    named = {(fit.source, name) for fit in FITS for name in fit.names}
    for path in {source for source, _ in named}:
        tables = {name for name, value in rust.constants(path).items() if isinstance(value, list)}
        assert tables == {name for source, name in named if source == path}


def test_constants_are_read_as_the_compiler_reads_them():
    assert rust.parse("[[1.5,-2e-3],[1.0/3.0,]]") == [[1.5, -0.002], [1 / 3]]
    assert rust.declaration("A", [[1.0, 0.1]]) == "const A: [[f64; 2]; 1] = [[1.0, 0.1]];"


def test_remez_finds_known_best_approximations():
    """Best line to x² on [0, 1]: x − 1/8; best constant to 1/(1 + x) on [0, 1], relatively: 2/3."""
    points = chebyshev_points(400)
    squares = [((1 + t) / 2) ** 2 for t in points]
    worst, p = polynomial(points, squares, [mpf(1)] * len(points), 2)
    assert powers(p, mpf(0), mpf(1)) == pytest.approx([-0.125, 1], rel=1e-4)
    assert worst == pytest.approx(0.125, rel=1e-4)
    worst, p, q = rational_of(lambda x: 1 / (1 + x), Bilinear(mpf(1)), 0, 1)
    assert (p, q) == ([pytest.approx(1)], [pytest.approx(1), 1])
    assert worst < 1e-25


def test_functions_agree_with_their_definitions():
    for x in (-0.75, 0.0, 3.0, 24.9, 25.1, 40.0):
        with mpmath.workdps(500):
            naive = mpmath.erfc(mpf(x) / mpmath.sqrt(2)) / 2 / mpmath.npdf(x)
        assert abs(mills(mpf(x)) / naive - 1) < 1e-30
        assert x == 0 or abs((1 - one_minus_a_mills(mpf(x))) / x / naive - 1) < 1e-30
    for a in (0.01, 1.0, 9.0, 38.0):
        ratio = log_price_ratio(mpf(a))
        assert abs(bachelier_quotient(ratio) * a / ratio - 1) < 1e-28
    for x, s in ((0.1, 0.2), (0.0, 0.5), (3.0, 0.4)):
        with mpmath.workdps(60):
            naive = mpmath.ncdf(-x / mpf(s) + mpf(s) / 2) * mpmath.exp(-mpf(x) / 2)
            naive -= mpmath.ncdf(-x / mpf(s) - mpf(s) / 2) * mpmath.exp(mpf(x) / 2)
        assert abs(black(mpf(x), mpf(s)) / naive - 1) < 1e-28
        assert abs(total_sd(mpf(x), naive, mpf(s) * 1.2) / s - 1) < 1e-28
    # At the money Bachelier's price is τ/√(2π).
    assert abs(bachelier(mpf("0.3"), mpf(0)) - mpf("0.3") / mpmath.sqrt(2 * mpmath.pi)) < 1e-30


def test_bracket_is_the_time_value():
    """√(F K) φ(a) s [G + S (u G − v) − v² β] is Black's out-of-the-money price."""
    for x, s in (
        (mpf(1), mpf(1)),
        (mpf("0.3"), mpf("0.9")),
        (mpf("0.9"), mpf("0.05")),
        (mpf("1e-9"), mpf("0.7")),
    ):
        value = mpmath.npdf(x / s) * s * near_money.bracket(x * x / 4, s * s / 4)
        assert abs(value / black(x, s) - 1) < 1e-25
