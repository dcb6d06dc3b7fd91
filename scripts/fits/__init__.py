"""How each approximation of the kernels was obtained, and what it is worth: `make fits`.

One module per approximation says what is approximated, refits it, and measures the coefficients in
rust/core/src against mpmath. docs/implied_vol.md derives the functions.
"""
