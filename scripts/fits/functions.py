"""The functions that the kernels approximate, to the working precision of mpmath."""

from mpmath import mp, mpf

DIGITS = 34
# From here on so many terms of the asymptotic series of Mills' ratio have more digits than we ask for.
ASYMPTOTIC = 25
TERMS = 25
# Newton's iterations end at this relative step, after which their error is its square.
LAST_STEP = mpf(10) ** (-DIGITS // 2 - 1)

mp.dps = DIGITS


def digits(a: mpf) -> int:
    """Φ(−a) = 10^(−a²/4.6): so many digits are lost where it stands beside a number near one."""
    return DIGITS + 20 + int(a * a / 4.6)


def mills(x: mpf) -> mpf:
    """Y(x) = (1 − Φ(x))/φ(x)."""
    if x > ASYMPTOTIC:
        return sum((-1) ** j * mp.fac2(2 * j - 1) / x ** (2 * j + 1) for j in range(TERMS))
    with mp.workdps(digits(x)):
        return mp.sqrt(mp.pi / 2) * mp.erfc(x / mp.sqrt(2)) * mp.exp(x * x / 2)


def one_minus_a_mills(a: mpf) -> mpf:
    """G(a) = 1 − a Y(a)."""
    if a > ASYMPTOTIC:
        return sum((-1) ** (j + 1) * mp.fac2(2 * j - 1) / a ** (2 * j) for j in range(1, TERMS))
    with mp.workdps(digits(a)):
        return 1 - a * mills(a)


def density(a: mpf) -> mpf:
    """φ(a)."""
    return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)


def log_price_ratio(a: mpf) -> mpf:
    """Bachelier's l(a) = ln(p_itm/p_otm) = ln(1 + a/c(a)) with c(a) = φ(a) − a Φ(−a) = φ(a) G(a)."""
    return mp.log1p(a / (density(a) * one_minus_a_mills(a)))


def bachelier_quotient(ratio: mpf) -> mpf:
    """W(l) = l/a(l), where a(l) is the inverse of :func:`log_price_ratio`; √(2π) at 0."""
    if ratio == 0:
        return mp.sqrt(2 * mp.pi)
    a = ratio / mp.sqrt(2 * mp.pi + ratio / 2)
    for _ in range(60):
        gap = one_minus_a_mills(a)
        # c' = −Φ(−a), so l'(a) = φ/(c (c + a))
        step = (log_price_ratio(a) - ratio) * gap * (density(a) * gap + a)
        a = max(a - step, a / 2)
        if abs(step) < LAST_STEP * a:
            return ratio / a
    raise ArithmeticError(f"no a for l = {ratio}")


def black(x: mpf, s: mpf) -> mpf:
    """The out-of-the-money price over √(F K), x = |ln(F/K)|."""
    a, t = x / s, s / 2
    return density(a) * mp.exp(-t * t / 2) * (mills(a - t) - mills(a + t))


def total_sd(x: mpf, price: mpf, guess: mpf) -> mpf:
    """Black's s for a price over √(F K), by Newton's iteration on the logarithm of the price."""
    s = guess
    for _ in range(60):
        value = black(x, s)
        vega = density(x / s) * mp.exp(-s * s / 8)
        step = mp.log(value / price) * value / vega
        s = max(s - step, s / 2)
        if abs(step) < LAST_STEP * s:
            return s
    raise ArithmeticError(f"no s for x = {x}, price = {price}")


def moneyness(w: mpf) -> mpf:
    """x = |ln(F/K)| for w = (|F − K|/A)² = 4 tanh²(x/2)."""
    return 2 * mp.atanh(mp.sqrt(w) / 2)


def bachelier(tau: mpf, w: mpf) -> mpf:
    """The out-of-the-money price over √(F K) for a normal forward with standard deviation τ A."""
    a = mp.sqrt(w) / tau
    return tau * density(a) * one_minus_a_mills(a) * mp.cosh(moneyness(w) / 2)


def normal_to_lognormal(w: mpf) -> mpf:
    """r(w) = artanh(√w/2)/(√w/2)."""
    half = mp.sqrt(w) / 2
    return mp.atanh(half) / half if half else mpf(1)


def correction(square: mpf, w: mpf) -> mpf:
    """E(s₀², w) of s = s₀ (1 + s₀² E), where s and τ = s₀/r(w) give the same price."""
    first = mp.sqrt(square)
    tau = first / normal_to_lognormal(w)
    return (total_sd(moneyness(w), bachelier(tau, w), first * (1 + square / 24)) / first - 1) / square
