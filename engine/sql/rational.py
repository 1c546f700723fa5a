"""Exact numbers as SQL: one whole number over another, the lower mostly known before the run (mirrors nouns/numbers.py).

A product past what the engine holds is worked out only where its factors are within 62 bits; other rows are in doubt.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import gcd, lcm

from sqlglot import exp

from engine.nouns.numbers import Mode, Number
from engine.sql.conditions import all_of, any_of, case, coalesced, is_given, is_null, known, truth
from engine.sql.forms import Rational
from engine.sql.scope import LIGHT, Scope, once
from engine.sql.whole import Unproved, Whole, ends


def constant(s: Scope, number: Number) -> Rational:
    """A number known before the run."""
    return Rational(s.arithmetic.constant(number.numerator), s.arithmetic.constant(number.denominator))


def whole(s: Scope, number: Whole, scale: int = 1, *, blank: bool = False) -> Rational:
    """A whole number over a scale."""
    return Rational(number, s.arithmetic.constant(scale), blank)


def blank(number: Rational | None) -> exp.Expression:
    """Whether a row has no such number."""
    if number is None:
        return truth(True)
    return is_null(number.above.sql) if number.blank else truth(False)


def settled(s: Scope, number: Rational, hint: str = "n", most: int = LIGHT) -> Rational:
    """The same, in columns where it is long, for those who write it more than once."""
    above, below = _bound(s, number.above, hint, most), _bound(s, number.below, f"{hint}_below", most)
    return number if above is number.above and below is number.below else Rational(above, below, number.blank)


# ---- arithmetic


def negate(s: Scope, a: Rational) -> Rational:
    """The number with its sign turned."""
    return Rational(s.arithmetic.negate(a.above), a.below, a.blank)


def add(s: Scope, a: Rational, b: Rational) -> Rational:
    """The sum of two."""
    (x, y), below = common(s, a, b)
    return Rational(_guarded(s, s.arithmetic.add, x, y), below, a.blank or b.blank)


def subtract(s: Scope, a: Rational, b: Rational) -> Rational:
    """The first less the second."""
    (x, y), below = common(s, a, b)
    return Rational(_guarded(s, s.arithmetic.subtract, x, y), below, a.blank or b.blank)


def multiply(s: Scope, a: Rational, b: Rational) -> Rational:
    """The product of two."""
    a, b = _cancelled(s, a, b)
    b, a = _cancelled(s, b, a)
    return Rational(times(s, a.above, b.above), times(s, a.below, b.below), a.blank or b.blank)


def inverse(s: Scope, a: Rational) -> Rational:
    """One over the number; NULL where that is zero, which the caller sees to."""
    n = s.arithmetic
    low, high = ends(a.above)
    if low > 0:
        return Rational(a.below, a.above, a.blank)
    if high < 0:
        return Rational(n.negate(a.below), n.negate(a.above), a.blank)
    if low == high == 0:
        return constant(s, 0)
    a = settled(s, a, "divisor")
    zero = n.constant(0)
    above = n.choose([(n.over(a.above, zero), a.below), (n.over(zero, a.above), n.negate(a.below))], None)
    size = n.absolute(a.above)
    nothing = exp.Nullif(this=n.stored(size), expression=exp.Literal.number(0))
    return Rational(above, Whole(nothing, 1, max(1, ends(size)[1])), a.blank)


def rounded(s: Scope, a: Rational, mode: Mode, step: Number) -> Rational:
    """The multiple of a step that the mode chooses."""
    n = s.arithmetic
    above, below = a.above, a.below
    if below.static is not None and (Fraction(1, below.static) / step).denominator == 1:
        return a
    above, below = times(s, above, n.constant(step.denominator)), times(s, below, n.constant(step.numerator))
    if mode != "down" and ends(above)[0] < 0 < ends(above)[1]:
        above = _bound(s, above, "rounded")
    try:
        chosen = n.quotient(above, below, mode)
    except Unproved:
        chosen = n.quotient(clamped(s, above), clamped(s, below), mode)
    return Rational(times(s, chosen, n.constant(step.numerator)), n.constant(step.denominator), a.blank)


# ---- order


def over(s: Scope, a: Rational, b: Rational) -> exp.Expression:
    """Whether the first is greater; NULL where either is."""
    x, y = _sides(s, a, b)
    if not (a.blank or b.blank):
        (x_low, x_high), (y_low, y_high) = ends(x), ends(y)
        if x_low > y_high or x_high <= y_low:
            return truth(x_low > y_high)
    return s.arithmetic.over(x, y)


def from_(s: Scope, a: Rational, b: Rational) -> exp.Expression:
    """Whether the first is at least the second; NULL where either is."""
    x, y = _sides(s, a, b)
    if not (a.blank or b.blank):
        (x_low, x_high), (y_low, y_high) = ends(x), ends(y)
        if x_low >= y_high or x_high < y_low:
            return truth(x_low >= y_high)
    return s.arithmetic.from_(x, y)


def equal(s: Scope, a: Rational, b: Rational) -> exp.Expression:
    """Whether the two are the same number; NULL where either is."""
    x, y = _sides(s, a, b)
    return s.arithmetic.equal(x, y)


def least(s: Scope, *numbers: Rational) -> Rational:
    """The least of some: a number that is NULL takes no part, and where all are it is NULL."""
    return _extreme(s, numbers, s.arithmetic.least, lambda a, b: from_(s, b, a))


def greatest(s: Scope, *numbers: Rational) -> Rational:
    """The greatest of some: a number that is NULL takes no part, and where all are it is NULL."""
    return _extreme(s, numbers, s.arithmetic.greatest, lambda a, b: from_(s, a, b))


# ---- choice


def choose(
    s: Scope, cases: Sequence[tuple[exp.Expression, Rational | None]], otherwise: Rational | None
) -> Rational | None:
    """The number that goes with the first condition that holds; None is no number, which is NULL."""
    kept: list[tuple[exp.Expression, Rational | None]] = []
    for condition, number in cases:
        if known(condition) is False:
            continue
        if known(condition):
            otherwise = number
            break
        kept.append((condition, number))
    numbers = [number for _, number in kept if number is not None] + ([otherwise] if otherwise is not None else [])
    if not numbers:
        return None
    if not kept:
        return otherwise
    if all(x.is_fixed for x in numbers):
        aboves, below = common(s, *numbers)
        scaled = dict(zip(map(id, numbers), aboves, strict=True))
        above = _case(
            s,
            [(c, None if x is None else scaled[id(x)]) for c, x in kept],
            None if otherwise is None else scaled[id(otherwise)],
        )
        return Rational(above, below, _lacks(kept, otherwise))
    above = _case(
        s, [(c, None if x is None else x.above) for c, x in kept], None if otherwise is None else otherwise.above
    )
    below = _case(
        s, [(c, None if x is None else x.below) for c, x in kept], None if otherwise is None else otherwise.below
    )
    return Rational(above, below, _lacks(kept, otherwise))


def where(s: Scope, condition: exp.Expression, number: Rational) -> Rational | None:
    """The number where a condition holds, elsewhere none."""
    return choose(s, [(condition, number)], None)


def filled(s: Scope, number: Rational, otherwise: Rational) -> Rational:
    """The number, and where a row has none another."""
    if not number.blank:
        return number
    if not (number.is_fixed and otherwise.is_fixed):
        chosen = choose(s, [(is_there(number), number)], otherwise)
        assert chosen is not None
        return chosen
    (x, y), below = common(s, number, otherwise)
    low, high = min(ends(x)[0], ends(y)[0]), max(ends(x)[1], ends(y)[1])
    return Rational(Whole(coalesced(x.sql, y.sql), low, high), below, otherwise.blank)


def common(s: Scope, *numbers: Rational) -> tuple[list[Whole], Whole]:
    """The numbers as so many parts of one size."""
    n = s.arithmetic
    if all(x.is_fixed for x in numbers):
        size = lcm(*(x.below.static or 1 for x in numbers))
        return [times(s, x.above, n.constant(size // (x.below.static or 1))) for x in numbers], n.constant(size)
    numbers = tuple(settled(s, x) for x in numbers)
    below = numbers[0].below
    for number in numbers[1:]:
        below = times(s, below, number.below)
    aboves = []
    for i, number in enumerate(numbers):
        above = number.above
        for j, other in enumerate(numbers):
            if i != j:
                above = times(s, above, other.below)
        aboves.append(above)
    return aboves, below


def times(s: Scope, a: Whole, b: Whole) -> Whole:
    """The product of two whole numbers, of those within 62 bits where no engine holds it for certain."""
    return _guarded(s, s.arithmetic.multiply, a, b)


def _guarded(s: Scope, operation: Callable[[Whole, Whole], Whole], a: Whole, b: Whole) -> Whole:
    try:
        made = operation(a, b)
        ends(made)
    except Unproved:
        return operation(clamped(s, a), clamped(s, b))
    return made


_MOST = 2**62


def clamped(s: Scope, a: Whole) -> Whole:
    """The number where it is within 62 bits; elsewhere the row is in doubt."""
    low, high = ends(a)
    if low >= -_MOST and high <= _MOST:
        return a
    n = s.arithmetic
    a = _bound(s, a, "wide")
    outside = any_of(n.over(a, n.constant(_MOST)), n.over(n.constant(-_MOST), a))
    s.doubt(outside)
    inside = all_of(n.from_(n.constant(_MOST), a), n.from_(a, n.constant(-_MOST)))
    return n.within(Whole(case([(inside, a.sql)]), low, high), max(low, -_MOST), min(high, _MOST))


def _bound(s: Scope, a: Whole, hint: str, most: int = LIGHT) -> Whole:
    sql = once(s, hint, a.sql, s.arithmetic.type_of(*ends(a)), most)
    return a if sql is a.sql else Whole(sql, a.low, a.high)


def _cancelled(s: Scope, a: Rational, b: Rational) -> tuple[Rational, Rational]:
    """Both without the factors written out above in one and below in the other."""
    above, below = a.above.static, b.below.static
    if not above or below is None or (shared := gcd(above, below)) == 1:
        return a, b
    n = s.arithmetic
    return (
        Rational(n.constant(above // shared), a.below, a.blank),
        Rational(b.above, n.constant(below // shared), b.blank),
    )


def _sides(s: Scope, a: Rational, b: Rational) -> tuple[Whole, Whole]:
    (x, y), _ = common(s, a, b)
    return x, y


def _extreme(
    s: Scope,
    numbers: Sequence[Rational],
    both: Callable[[Whole, Whole], Whole],
    first: Callable[[Rational, Rational], exp.Expression],
) -> Rational:
    result = numbers[0]
    for number in numbers[1:]:
        if result.is_fixed and number.is_fixed and not (result.blank or number.blank):
            (x, y), below = common(s, result, number)
            result = Rational(both(x, y), below)
            continue
        result, number = settled(s, result), settled(s, number)  # noqa: PLW2901 - the same number, in columns
        lacking = result.blank and number.blank
        takes = any_of(first(result, number), blank(number))
        chosen = choose(s, [(takes, result)], number)
        assert chosen is not None
        result = Rational(chosen.above, chosen.below, lacking)
    return result


def _case(s: Scope, cases: Sequence[tuple[exp.Expression, Whole | None]], otherwise: Whole | None) -> Whole:
    """A choice of whole numbers or NULL, between the ends of all."""
    wholes = [x for _, x in cases if x is not None] + ([otherwise] if otherwise is not None else [])
    if all(x is not None for _, x in cases):
        return s.arithmetic.choose([(c, x) for c, x in cases if x is not None], otherwise)
    low, high = min(ends(x)[0] for x in wholes), max(ends(x)[1] for x in wholes)
    n = s.arithmetic
    branches = [(c, exp.Null() if x is None else n.stored(x)) for c, x in cases]
    return Whole(case(branches, None if otherwise is None else n.stored(otherwise)), low, high)


def _lacks(cases: Sequence[tuple[exp.Expression, Rational | None]], otherwise: Rational | None) -> bool:
    return any(x is None or x.blank for x in (*(x for _, x in cases), otherwise))


def is_there(number: Rational | None) -> exp.Expression:
    """Whether a row has such a number."""
    if number is None:
        return truth(False)
    return is_given(number.above.sql) if number.blank else truth(True)
