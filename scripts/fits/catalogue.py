"""All fits, in the order of the floors."""

from fits import (
    bachelier,
    exponential,
    guess,
    inverse_normal,
    logarithm,
    lognormal,
    mills,
    near_money,
)

FITS = (
    *exponential.FITS,
    *logarithm.FITS,
    *mills.FITS,
    *inverse_normal.FITS,
    *near_money.FITS,
    *bachelier.FITS,
    *lognormal.FITS,
    *guess.FITS,
)
