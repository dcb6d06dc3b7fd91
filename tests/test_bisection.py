"""The search behind equal cost: on functions whose answer is known, and on any function it may meet (R19)."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alvh.bisection import HALVINGS, TOLERANCE, Solution, bisection, solve

numbers = st.floats(-1e3, 1e3)
brackets = st.tuples(numbers, numbers).map(sorted).filter(lambda ends: ends[1] - ends[0] > 1e-6)


def equal(cost: float, target: float) -> bool:
    return abs(cost - target) <= TOLERANCE * abs(target)


@pytest.mark.parametrize(
    ("cost", "target", "value"),
    [
        (lambda x: x, 0.3, 0.3),
        (lambda x: 1 - x, 0.3, 0.7),
        (lambda x: x**3, 0.125, 0.5),
        (lambda x: math.exp(-4 * x), 0.2, math.log(5) / 4),
        (lambda x: -2 * x, -0.7, 0.35),
    ],
)
def test_a_continuous_monotone_cost_is_met(cost, target, value):
    found = solve(cost, target, 0.0, 1.0)
    assert found.status == "solved"
    assert equal(found.cost, target)
    assert found.cost == cost(found.value)
    assert found.value == pytest.approx(value, rel=0.06)


@pytest.mark.parametrize(("lots", "status"), [(2, "nearest"), (3, "nearest"), (100, "solved")])
def test_whole_lots_are_met_where_a_step_lies_near_enough(lots, status):
    """Cost of selling fewer of so many lots: floored, a staircase of that many steps."""
    found = solve(lambda share: 1 - math.floor(lots * share) / lots, 0.42, 0.0, 1.0)
    assert found.status == status
    step = min((1 - n / lots for n in range(lots + 1)), key=lambda each: abs(each - 0.42))
    assert found.cost == pytest.approx(step, abs=TOLERANCE * 0.42)


def test_a_step_is_narrowed_down_to_where_it_is():
    found = solve(lambda x: float(x >= 1 / 3), 0.6, 0.0, 1.0)
    assert found.status == "nearest"
    assert found.cost == 1.0
    assert found.evaluations == 2 + HALVINGS


def test_a_jump_is_narrowed_down_to_its_place():
    """Costs of 1/3 and 4/3 meet at the jump: nothing is nearer to 0.9 than what lies beside it."""
    found = solve(lambda x: x if x < 1 / 3 else x + 1, 0.9, 0.0, 1.0)
    assert (found.status, found.evaluations) == ("nearest", 2 + HALVINGS)
    assert found.value == pytest.approx(1 / 3, abs=2.0**-HALVINGS)


@pytest.mark.parametrize(("target", "value"), [(-1.0, 0.0), (2.5, 1.0), (0.02, 0.0), (0.98, 1.0)])
def test_beyond_both_ends_the_nearer_one_is_taken(target, value):
    found = solve(lambda x: 0.1 + 0.8 * x, target, 0.0, 1.0)
    assert found == Solution(value, 0.1 + 0.8 * value, "unattainable", 2)


def test_an_end_that_is_near_enough_solves_it():
    assert solve(lambda x: x, 1.04, 0.0, 1.0) == Solution(1.0, 1.0, "solved", 2)
    assert solve(lambda x: x, 0.0, 0.0, 1.0) == Solution(0.0, 0.0, "solved", 2)


def test_a_flat_cost_is_solved_at_once_or_never():
    assert solve(lambda _: 0.4, 0.41, 0.0, 1.0) == Solution(0.0, 0.4, "solved", 2)
    assert solve(lambda _: 0.4, 0.5, 0.0, 1.0) == Solution(0.0, 0.4, "unattainable", 2)


def test_a_hump_between_ends_of_one_side_is_not_searched():
    """The bracket is the caller's word: a crossing that both ends hide is called unattainable."""
    assert solve(lambda x: 4 * x * (1 - x), 0.5, 0.0, 1.0).status == "unattainable"


@given(brackets, numbers, st.lists(numbers, min_size=2, max_size=20), st.booleans())
def test_any_staircase_ends_in_words_that_are_true(ends, target, levels, rising):
    """Of any function: the cost belongs to the value, the value to the bracket, the status to the facts."""
    low, high = ends
    levels = sorted(levels) if rising else levels
    seen = {}

    def cost(x):
        assert low <= x <= high
        assert x not in seen, "a value is tried once"
        seen[x] = levels[min(int((x - low) / (high - low) * len(levels)), len(levels) - 1)]
        return seen[x]

    found = solve(cost, target, low, high)
    assert found.cost == seen[found.value]
    assert found.evaluations == len(seen) <= 2 + HALVINGS
    assert all(abs(found.cost - target) <= abs(each - target) for each in seen.values())
    assert (found.status == "solved") == equal(found.cost, target)
    one_side = (seen[low] > target) == (seen[high] > target)
    if found.status == "unattainable":
        assert one_side
        assert found.value in ends
    if found.status == "nearest":
        assert not one_side
        assert found.evaluations == 2 + HALVINGS


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_any_smooth_monotone_cost_within_the_bracket_is_solved(where, bend, rising):
    def cost(x):
        bent = bend * x * x + (1 - bend) * x
        return bent if rising else 1 - bent

    target = cost(where)
    assume(target > 0.16)  # the slope is at most 2: below, the tolerance is finer than the bracket becomes
    assert solve(cost, target, 0.0, 1.0).status == "solved"


@given(brackets, numbers)
def test_the_same_question_has_the_same_answer(ends, target):
    def cost(x):
        return math.sin(x) * x

    assert solve(cost, target, *ends) == solve(cost, target, *ends)


def test_searches_share_their_runs():
    """Two searches in step ask for both ends first, then for one value at a time."""
    searches = [bisection(0.3, 0.0, 1.0), bisection(0.6, 0.0, 2.0)]
    assert [next(search) for search in searches] == [(0.0, 1.0), (0.0, 2.0)]
    assert [search.send(ends) for search, ends in zip(searches, [(0.0, 1.0), (0.0, 2.0)], strict=True)] == [
        (0.5,),
        (1.0,),
    ]
