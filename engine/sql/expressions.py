"""The value of an expression on every row of a kind, as SQL: mirrors interpret/evaluate.py."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from sqlglot import exp

from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.numbers import Number
from engine.nouns.possible import Scalar
from engine.nouns.value import ZERO_BASE, ZERO_DIVISOR
from engine.sql import choices, ranges
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.conditions import BOOLEAN, any_of, certainly, known, no, perhaps, truth
from engine.sql.forms import ANY_NUMBER, ANYTHING, Plain, Possible, Value
from engine.sql.scope import Scope, Unsayable, Within, once
from grammar.diagnostic import Words


def evaluate(s: Scope, node: Core) -> Value:
    """What an expression comes to on every row of a scope."""
    match node:
        case c.Constant(value=value):
            return v.exactly(s, value)
        case c.Read(column=column):
            return v.readable(s, s.column(column))
        case c.ReadParameter(name=name):
            return s.parameter(name)
        case c.Given(column=column):
            return v.stated(d.answer(s.given(column), blank=False))
        case c.LeftOut(read=read, neutral=neutral):
            return _left_out(s, evaluate(s, read), neutral)
        case c.Apply(operator="divide", args=(left, right)):
            return _divide(s, evaluate(s, left), evaluate(s, right), c.label_of(right))
        case c.Apply(operator="slice" | "slice_above"):
            return _slice(s, node)
        case c.Apply(operator=operator, args=args):
            return _apply(s, operator, [evaluate(s, arg) for arg in args])
        case c.Round(value=inner, mode=mode, step=step):
            return v.lift(s, lambda x: d.rounded(s, x, mode, step), evaluate(s, inner))
        case c.Choose():
            return _choose(s, node)
        case _:
            raise Unsayable(Words("读别的行的算式", "an expression that reads other rows"))


def branch(s: Scope, node: "Core | NoFigure", conditions: list[Core]) -> Value:
    """What a branch gives: an expression, or no figure, which names what its conditions read."""
    if isinstance(node, NoFigure):
        if not s.names.ranges:
            return v.stated(ANYTHING)
        names = {name for condition in conditions for name in reads_of(condition)}
        return v.stated(d.absent(m.fixed(s.names.mask(names))))
    return evaluate(s, node)


def assuming(s: Scope, condition: Core, holds: exp.Expression) -> Scope:
    """The scope of rows for which a condition holds: a column that is open lies within what the condition says."""
    narrowed: dict[str, Value] = {}
    for column, low, high in _bounds(condition):
        value = narrowed.get(column) or s.column(column)
        if not value.is_known:
            ends = [None if end is None else r.constant(s, end) for end in (low, high)]
            now = d.clip(s, value.now, *ends)
            base = now if value.base is value.now else d.clip(s, value.base, *ends)
            narrowed[column] = Value(now, base, value.missing, value.assumed, value.defaults)
    return Within(s, holds, narrowed)


def reads_of(node: Core) -> frozenset[str]:
    """The names a condition reads, for those who wait for what it decides."""
    names = set()
    for inner in c.walk(node):
        match inner:
            case c.Read(column=name) | c.Given(column=name) | c.ReadParameter(name=name):
                names.add(name)
            case _:
                pass
    return frozenset(names)


def _bounds(condition: Core) -> Iterator[tuple[str, Number | None, Number | None]]:
    match condition:
        case c.Apply(operator="and", args=args):
            for arg in args:
                yield from _bounds(arg)
        case c.Apply(
            operator="over" | "from", args=(c.Read(column=column), c.Constant(value=int() | Fraction() as end))
        ):
            yield column, end, None
        case c.Apply(
            operator="below" | "up_to", args=(c.Read(column=column), c.Constant(value=int() | Fraction() as end))
        ):
            yield column, None, end
        case _:
            return


def _left_out(s: Scope, value: Value, neutral: Scalar) -> Value:
    """While the datum is missing its effect is left out; an assumption counts, against everything it could be."""
    is_open = v.is_open(s, value)
    return value if known(is_open) is False else v.choose(s, [(is_open, v.exactly(s, neutral))], value)


def _divide(s: Scope, left: Value, right: Value, label: str) -> Value:
    """A quotient; a divisor of exactly zero makes it open, naming the divisor."""
    divisors = (right.now,) if right.now is right.base else (right.now, right.base)
    none = any_of(*(d.is_exactly(s, divisor, 0) for divisor in divisors))
    if known(none) is False:
        return v.lift(s, lambda a, b: d.divide(s, a, b), left, right)
    none = once(s, "none", none, BOOLEAN)
    lacking = m.either((left.missing, right.missing, m.fixed(s.names.mask([label + ZERO_DIVISOR]))))
    nothing = Value(ANYTHING, ANYTHING, lacking, m.either((left.assumed, right.assumed)))
    return v.choose(s, [(none, nothing)], v.lift(s, lambda a, b: d.divide(s, a, b), left, right))


def _slice(s: Scope, node: c.Apply) -> Value:
    """The part of an amount in a band; a base of zero says nothing about bounds that are shares of it."""
    subject, *bounds = (evaluate(s, arg) for arg in node.args)
    subject = _settled(s, subject)
    plain = _apply(s, node.operator, [subject, *bounds])
    bases = [arg.args[0] for arg in node.args[1:] if isinstance(arg, c.Apply) and arg.written == "为基数"]
    none = d.is_exactly(s, evaluate(s, bases[0]).now, 0) if bases else truth(value=False)
    if known(none) is False:
        return plain
    part = d.cut_down(s, subject.now)
    lacking = Value(ANYTHING, ANYTHING, m.fixed(s.names.mask([c.label_of(bases[0]) + ZERO_BASE])))
    return v.choose(s, [(once(s, "none", none, BOOLEAN), v.marked(s, part, part, (lacking, subject)))], plain)


def _settled(s: Scope, value: Value) -> Value:
    """The same in columns where it is long: each band of a table reads its subject."""
    now = _settled_possible(s, value.now)
    base = now if value.base is value.now else _settled_possible(s, value.base)
    return Value(now, base, value.missing, value.assumed, value.defaults)


def _settled_possible(s: Scope, value: Possible) -> Possible:
    if isinstance(value.what, Plain) or value.what is ANY_NUMBER:
        return value
    return Possible(ranges.settled(s, value.what), value.gone, value.reads, value.perhaps)


def _apply(s: Scope, operator: str, parts: list[Value]) -> Value:
    if operator in _PLAIN:
        operation = _PLAIN[operator]
        return v.lift(s, operation, *parts)
    if operator not in _OPERATORS:
        raise Unsayable(Words(operator, f"the operator {operator}"))
    by = _OPERATORS[operator]
    return v.lift(s, lambda *args: by(s, *args), *parts)


def _sliced(s: Scope, subject: Possible, low: Possible, high: Possible) -> Possible:
    return _above(s, d.least(s, subject, high), low)


def _above(s: Scope, subject: Possible, low: Possible) -> Possible:
    return d.greatest(s, d.subtract(s, subject, low), d.exact(s, 0))


def _from(s: Scope, left: Possible, right: Possible) -> Possible:
    return _not_over(s, right, left)


def _not_over(s: Scope, left: Possible, right: Possible) -> Possible:
    return d.inverted(d.over(s, left, right))


# What each operator of `nouns.operators` does to what values can be.
_OPERATORS: Mapping[str, Callable[..., Possible]] = {
    "add": d.add,
    "subtract": d.subtract,
    "multiply": d.multiply,
    "part": d.multiply,
    "negate": d.negate,
    "most": d.least,
    "least": d.greatest,
    "over": d.over,
    "up_to": _not_over,
    "from": _from,
    "below": lambda s, a, b: d.over(s, b, a),
    "equal": d.equal,
    "is": d.equal,
    "is_not": lambda s, a, b: d.inverted(d.equal(s, a, b)),
    "in": lambda s, a, *options: d.among(s, a, options),
    "not_in": lambda s, a, *options: d.inverted(d.among(s, a, options)),
    "slice": _sliced,
    "slice_above": _above,
    "day": lambda s, *args: d.exact(s, d.day(*args)),
}
_PLAIN: Mapping[str, Callable[..., Possible]] = {"and": d.both, "or": d.one_of, "not": d.inverted}


def _choose(s: Scope, node: c.Choose) -> Value:
    """A choice inside an expression; what each branch comes to is worked out where its condition may hold."""
    conditions = [evaluate(s, b.condition) for b in node.branches]

    def value(index: int) -> Value | None:
        if index < 0:
            if node.otherwise is None:
                return None
            return branch(beside(s, conditions), node.otherwise, [b.condition for b in node.branches])
        one = node.branches[index]
        return branch(assuming(s, one.condition, may_hold(s, conditions[index])), one.value, [one.condition])

    return choices.decide(s, node.sort, conditions, value, [b.above for b in node.branches]).value


def may_hold(s: Scope, condition: Value) -> exp.Expression:
    """Whether a condition may hold, with assumptions or without: TRUE or FALSE."""
    sides = (condition.now,) if condition.base is condition.now else (condition.now, condition.base)
    answers = [d.plain(side, "yes_no") for side in sides]
    return once(s, "may", any_of(*(perhaps(x.sql, blank=x.blank) for x in answers)), BOOLEAN)


def beside(s: Scope, conditions: Sequence[Value]) -> Scope:
    """The scope of rows on which no condition holds for certain: with assumptions, or without."""
    if not conditions:
        return s
    sides = [[c.now for c in conditions]]
    if any(c.base is not c.now for c in conditions):
        sides.append([c.base for c in conditions])
    answers = [[d.plain(x, "yes_no") for x in side] for side in sides]
    some_hold = (any_of(*(certainly(x.sql, blank=x.blank) for x in side)) for side in answers)
    return Within(s, once(s, "beside", any_of(*(no(x) for x in some_hold)), BOOLEAN), {})
