"""Call prices under Bates's model, by the integral of its characteristic function (Lewis 2001)."""

import numpy as np


def characteristic(u, years, p):
    """E[exp(iu ln(S_T / F))], in the form without the branch cut (Albrecher et al. 2007)."""
    kappa, theta, sigma, rho = p["reversion"], p["mean_variance"], p["vol_of_variance"], p["correlation"]
    b = kappa - 1j * rho * sigma * u
    d = np.sqrt(b * b + sigma**2 * (u * u + 1j * u))
    g = (b - d) / (b + d)
    decay = np.exp(-d * years)
    level = kappa * theta / sigma**2 * ((b - d) * years - 2 * np.log((1 - g * decay) / (1 - g)))
    slope = (b - d) / sigma**2 * (1 - decay) / (1 - g * decay)
    exponent = level + slope * p["variance"]
    if p.get("jump_rate"):
        mean, sd = p["jump_mean"], p["jump_sd"]
        k = np.expm1(mean + sd**2 / 2)
        exponent += p["jump_rate"] * years * (np.exp(1j * u * mean - sd**2 * u * u / 2) - 1 - 1j * u * k)
    return np.exp(exponent)


def call_prices(strikes, years, **p):
    """Discounted calls: F - sqrt(FK)/pi * integral of Re[exp(iu ln(F/K)) f(u - i/2)] / (u^2 + 1/4)."""
    strikes = np.asarray(strikes, float)
    forward = p["spot"] * np.exp((p["rate"] - p["dividend_yield"]) * years)
    # Gauss-Legendre on panels out to where the integrand is nothing.
    node, weight = np.polynomial.legendre.leggauss(32)
    edges = np.linspace(0.0, 400.0, 201) ** 1.0
    half = np.diff(edges)[:, None] / 2
    u = (edges[:-1, None] + half + half * node).ravel()
    w = (half * weight).ravel()
    f = characteristic(u - 0.5j, years, p) / (u * u + 0.25) * w
    phase = np.exp(1j * u[:, None] * np.log(forward / strikes))
    integral = (phase * f[:, None]).real.sum(axis=0)
    return np.exp(-p["rate"] * years) * (forward - np.sqrt(forward * strikes) / np.pi * integral)
