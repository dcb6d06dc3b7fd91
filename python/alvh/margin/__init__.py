"""What books of options tie up: strategy-based and portfolio margin, with the reason."""

from alvh.margin.files import read_book
from alvh.margin.grid import Grid, House, grid, grids, house
from alvh.margin.payoff import break_evens
from alvh.margin.portfolio import PortfolioRequirement, portfolio
from alvh.margin.requirement import Requirement
from alvh.margin.rules import RuleBook, rule_book, rule_books
from alvh.margin.strategy import strategy_based, strategy_based_many

__all__ = [
    "Grid",
    "House",
    "PortfolioRequirement",
    "Requirement",
    "RuleBook",
    "break_evens",
    "grid",
    "grids",
    "house",
    "portfolio",
    "read_book",
    "rule_book",
    "rule_books",
    "strategy_based",
    "strategy_based_many",
]
