"""Today's decision for a book, and every decision of a history: `alvh.advise` and `decision_log`.

Educational: nothing here is a recommendation (R90). What is decided, scored, estimated: ``docs/advise.md``.
"""

from alvh.advice.advising import advise
from alvh.advice.book import Book
from alvh.advice.decision import Decision
from alvh.advice.log import DecisionLog, decision_log
from alvh.advice.scoring import ACTIONS, TERMS, Term

__all__ = ["ACTIONS", "TERMS", "Book", "Decision", "DecisionLog", "Term", "advise", "decision_log"]
