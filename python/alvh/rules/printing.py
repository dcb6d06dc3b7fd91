"""A tree as text that `alvh.rules.parse` reads back to the same tree."""

from alvh.rules.tree import WINDOWS, Constant, Name, Node, Op, Operation

# How tightly each construct binds, as in Python.
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)

_BINDING = {
    Op.OR: _OR,
    Op.AND: _AND,
    Op.NOT: _NOT,
    **dict.fromkeys((Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE), _COMPARISON),
    Op.ADD: _SUM,
    Op.SUB: _SUM,
    Op.MUL: _PRODUCT,
    Op.DIV: _PRODUCT,
    Op.NEG: _SIGN,
}

SYMBOLS = {
    Op.ADD: "+",
    Op.SUB: "-",
    Op.MUL: "*",
    Op.DIV: "/",
    Op.LT: "<",
    Op.LE: "<=",
    Op.GT: ">",
    Op.GE: ">=",
    Op.EQ: "==",
    Op.NE: "!=",
    Op.AND: "and",
    Op.OR: "or",
}
"""The signs and words between two operands."""

_LARGEST_PLAIN_INTEGER = 1e15
"""Whole numbers up to here are written without a decimal point."""


def to_text(node: Node) -> str:  # noqa: PLR0911 - one return per construct
    """Write the tree as a rule, with parentheses only where they are needed."""
    match node:
        case Constant(value):
            plain = value.is_integer() and abs(value) <= _LARGEST_PLAIN_INTEGER
            return str(int(value)) if plain else repr(value)
        case Name(text, declared):
            return f"own({text})" if declared else text
        case Operation(op, (arg,), n) if op in WINDOWS:
            # The point after a number would be read as its decimal point.
            operand = f"({to_text(arg)})" if isinstance(arg, Constant) else _operand(arg, _ATOM)
            return f"{operand}.{op.value}({n})"
        case Operation(Op.NEG, (arg,)):
            return f"-{_operand(arg, _SIGN)}"
        case Operation(Op.NOT, (arg,)):
            return f"not {_operand(arg, _NOT)}"
        case Operation(op, args) if op in SYMBOLS:
            # Arithmetic associates to the left; a comparison in a comparison would read as a chain.
            own = _BINDING[op]
            first = own if own in {_SUM, _PRODUCT} else own + 1
            terms = [_operand(args[0], first), *(_operand(arg, own + 1) for arg in args[1:])]
            return f" {SYMBOLS[op]} ".join(terms)
        case Operation(op, args, n):
            count = [] if n is None else [str(n)]
            return f"{op.value}({', '.join([*count, *map(to_text, args)])})"


def _operand(node: Node, at_least: int) -> str:
    text = to_text(node)
    return text if _binding(node) >= at_least else f"({text})"


def _binding(node: Node) -> int:
    match node:
        case Constant(value):
            return _SIGN if to_text(Constant(value)).startswith("-") else _ATOM
        case Operation(op):
            return _BINDING.get(op, _ATOM)
        case _:
            return _ATOM
