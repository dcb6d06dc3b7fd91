"""What books of options tie up: strategy-based and portfolio margin, with the reason."""

from alvh.margin.requirement import Requirement
from alvh.margin.rules import RuleBook, rule_book, rule_books
from alvh.margin.strategy import strategy_based, strategy_based_many

__all__ = [
    "Requirement",
    "RuleBook",
    "rule_book",
    "rule_books",
    "strategy_based",
    "strategy_based_many",
]
