"""Rules by the plainest possible reading: one session at a time, None is missing or unknown."""

import math
from fractions import Fraction
from itertools import pairwise

from alvh.rules.tree import Constant, Name, Op, Operation


def interpret(node, rows):
    """Values of the node over all sessions."""
    match node:
        case Constant(value):
            return [value] * len(rows)
        case Name(name):
            return [finite(row[name]) for row in rows]
        case Operation(op, args, n):
            series = [interpret(arg, rows) for arg in args]
            if op in WINDOWS:
                (values,) = series
                seen = [None] * (n - 1) + (changes(op, values) if op in STEPS else values)
                return [WINDOWS[op](seen[i : i + n]) for i in range(len(values))]
            if op in SERIES:
                return SERIES[op](*series)
            if op is Op.SCORE:
                families = [read(term) for term in args[1::2]]
                return [score(families, *session) for session in zip(*series, strict=True)]
            return [APPLY[op](n, *session) for session in zip(*series, strict=True)]


def finite(x):
    return x if x is not None and math.isfinite(x) else None


def strict(f):
    def apply(_, *values):
        if None in values:
            return None
        try:
            result = f(*values)
        except (ZeroDivisionError, OverflowError):
            return None
        return result if isinstance(result, bool) else finite(result)

    return apply


def kleene_not(value):
    return None if value is None else not value


def kleene_and(values):
    return False if False in values else None if None in values else True


def kleene_or(values):
    return True if True in values else None if None in values else False


# Over a window -------------------------------------------------------------------------------------------


def zscore(window):
    if None in window or len(set(window)) == 1:
        return None
    exact = [Fraction(x) for x in window]
    mean = sum(exact) / len(exact)
    variance = sum((x - mean) ** 2 for x in exact) / (len(exact) - 1)
    return float(exact[-1] - mean) / math.sqrt(variance)


def percentile(window):
    if None in window:
        return None
    *before, now = window
    return 100 * sum(x < now for x in before) / len(before)


STEPS = {Op.RISING: Op.GT, Op.FALLING: Op.LT}
WINDOWS = {
    Op.FOR_SESSIONS: kleene_and,
    Op.RISING: kleene_and,
    Op.FALLING: kleene_and,
    Op.ZSCORE: zscore,
    Op.PERCENTILE: percentile,
}


def changes(op, values):
    return [APPLY[STEPS[op]](None, now, before) for before, now in pairwise([None, *values])]


# Over the whole past -------------------------------------------------------------------------------------


def latch(on, off):
    answers, state = [], False
    for switched_on, switched_off in zip(on, off, strict=True):
        state = switched_on is True or (state and switched_off is not True)
        answers.append(state)
    return answers


def since(values):
    answers, count = [], None
    for value in values:
        certain = count is not None and value is False
        count = 0.0 if value is True else count + 1 if certain else None
        answers.append(count)
    return answers


def crosses(op):
    def apply(a, b):
        now = [APPLY[op](None, x, y) for x, y in zip(a, b, strict=True)]
        return [kleene_and([y, kleene_not(x)]) for x, y in pairwise([None, *now])]

    return apply


SERIES = {
    Op.LATCH: latch,
    Op.SINCE: since,
    Op.CROSSES_ABOVE: crosses(Op.GT),
    Op.CROSSES_BELOW: crosses(Op.LT),
}


# Over one session ----------------------------------------------------------------------------------------


def votes(k, *ballot):
    possible = len(ballot) - ballot.count(False)
    return True if ballot.count(True) >= k else False if possible < k else None


FAMILIES = {
    "spot": "price",
    "rsi_14": "price",
    "vix": "volatility",
    "rate": "rates",
    "price_earnings": "valuation",
}


def read(node):
    """Families of the names in a tree; whether data are there is evidence of nothing."""
    match node:
        case Name(name):
            return {FAMILIES[name]}
        case Operation(op, args) if op is not Op.KNOWN:
            return set().union(*map(read, args))
    return set()


def score(families, *pairs):
    terms = zip(pairs[::2], pairs[1::2], families, strict=True)
    known = [(w, float(x), of) for w, x, of in terms if x is not None]
    if len(known) < 2 or len(set().union(*(of for *_, of in known))) < 2:
        return None
    valuation = sum(w for w, _, of in known if "valuation" in of)
    if valuation > sum(w for w, _, of in known if of and "valuation" not in of):
        return None
    return finite(sum(w * x for w, x, _ in known) / sum(w for w, *_ in known))


APPLY = {
    Op.ADD: strict(lambda a, b: a + b),
    Op.SUB: strict(lambda a, b: a - b),
    Op.MUL: strict(lambda a, b: a * b),
    Op.DIV: strict(lambda a, b: a / b),
    Op.NEG: strict(lambda a: -a),
    Op.ABS: strict(abs),
    Op.MIN: strict(min),
    Op.MAX: strict(max),
    Op.CLIP: strict(lambda a, low, high: min(max(a, low), high)),
    Op.LT: strict(lambda a, b: a < b),
    Op.LE: strict(lambda a, b: a <= b),
    Op.GT: strict(lambda a, b: a > b),
    Op.GE: strict(lambda a, b: a >= b),
    Op.EQ: strict(lambda a, b: a == b),
    Op.NE: strict(lambda a, b: a != b),
    Op.AND: lambda _, *values: kleene_and(values),
    Op.OR: lambda _, *values: kleene_or(values),
    Op.NOT: strict(lambda a: not a),
    Op.KNOWN: lambda _, a: a is not None,
    Op.VOTES: votes,
}
