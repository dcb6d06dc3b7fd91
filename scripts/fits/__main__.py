"""`PYTHONPATH=scripts python -m fits`: refits the approximations; with `--check` measures the sources."""

import sys

from fits.catalogue import FITS
from fits.fit import main

sys.exit(main(FITS))
