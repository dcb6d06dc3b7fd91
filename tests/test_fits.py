"""The coefficients of the kernels keep the bounds that their fits state, and a refit keeps them, too."""

import mpmath
import pytest

import markdown_pages
from fits import near_money, rust
from fits.catalogue import FITS
from fits.functions import (
    bachelier,
    bachelier_quotient,
    black,
    correction,
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


def test_the_page_says_what_the_fits_say():
    def count(numbers):
        return sum(map(count, numbers)) if isinstance(numbers, list) else 1

    stated = [tuple(row[:3]) for row in markdown_pages.table("docs/implied_vol.md", "approximation")]
    assert stated == [
        (fit.title, str(sum(count(fit.published()[name]) for name in fit.names)), f"{fit.bound:.2g}")
        for fit in FITS
    ]


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


def test_kappa_solves_its_equation():
    """The proof of docs/implied_vol.md: ς = ς₀ (1 + t² κ), and κ solves an equation without a = x/s."""
    for x, s in ((0.7, 0.5), (0.01, 0.8), (3.0, 2.0), (1.5, 0.1)):
        u, v = mpf(x) ** 2 / 4, mpf(s) ** 2 / 4
        root = mpmath.sqrt(u)
        start = s * mpmath.sinh(root) / root
        w = 4 * mpmath.tanh(root) ** 2
        price = black(mpf(x), mpf(s))
        normal = mpmath.findroot(
            lambda z, w=w, root=root, price=price: bachelier(z / mpmath.cosh(root), w) - price,
            (start * (1 - s * s / 24), start * (1 - s * s / 30)),
            tol=1e-55,
        )
        kappa = (normal / start - 1) / v
        left = mpmath.quad(
            lambda k, u=u, v=v: mpmath.exp(u * k * (1 + v * k / 2) / (1 + v * k) ** 2), [0, kappa]
        )
        right = near_money.sinh_series(u) + v * near_money.beta(u, v)
        assert -1 / v < kappa < 0
        assert abs(mpmath.sinh(root) / root * left / right + 1) < 1e-20


def test_both_models_are_odd():
    """b(−s) = −(m + b(s)) with the same m = 2 sinh(x/2)."""
    for x, s in ((0.3, 0.2), (1.0, 2.0)):
        m = 2 * mpmath.sinh(mpf(x) / 2)
        w = 4 * mpmath.tanh(mpf(x) / 2) ** 2
        for model in (lambda s, x=x: black(mpf(x), s), lambda s, w=w: bachelier(s, w)):
            assert abs(model(-mpf(s)) + model(mpf(s)) + m) < 1e-20 * m


def test_the_first_row_of_the_correction_is_elementary():
    """E(0, w) = ln(sinh(X)/X)/(4X²)."""
    for w in (0.1, 0.3, 0.57):
        half = mpmath.atanh(mpmath.sqrt(mpf(w)) / 2)
        exact = mpmath.log(mpmath.sinh(half) / half) / (4 * half**2)
        assert abs(correction(mpf("1e-6"), mpf(w)) / exact - 1) < 1e-6


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
