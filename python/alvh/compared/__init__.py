"""What a comparison says, by theme: each module adds its figures to what `Compared` knows.

`alvh.comparison.Comparison` is all of them. Figures themselves are pure functions of `alvh.figures`; here
stands which book, which paths and which share they are made of.
"""

from alvh.compared.base import Compared
from alvh.compared.beside import BesideFigures
from alvh.compared.calls import CallFigures
from alvh.compared.deals import DealFigures
from alvh.compared.hedges import HedgeFigures
from alvh.compared.hindsight import HindsightFigures
from alvh.compared.outcomes import OutcomeFigures
from alvh.compared.sessions import SessionFigures
from alvh.compared.told import TracedPaths

__all__ = [
    "BesideFigures",
    "CallFigures",
    "Compared",
    "DealFigures",
    "HedgeFigures",
    "HindsightFigures",
    "OutcomeFigures",
    "SessionFigures",
    "TracedPaths",
]
