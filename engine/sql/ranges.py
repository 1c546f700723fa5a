"""Numbers that may be known only as ranges, on every row, as SQL: the part of nouns/possible.py that is about numbers.

NULL is no end. Where both ends are one object the number is exact or, where it is NULL, may be anything: one column does.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor

from sqlglot import exp

from engine.nouns.core import Mode
from engine.nouns.numbers import Number as Exact
from engine.sql import rational as r
from engine.sql.conditions import all_of, any_of, case, certainly, known, no, same, truth
from engine.sql.forms import ANY_NUMBER, End, Number, Rational
from engine.sql.scope import LIGHT, Scope
from engine.sql.whole import ends


def exactly(number: Rational) -> Number:
    """One number on every row."""
    return Number(number, number)


def settled(s: Scope, a: Number, most: int = LIGHT) -> Number:
    """The same with ends that may be written out more than once."""
    low = None if a.low is None else r.settled(s, a.low, "low", most)
    if a.is_one:
        return a if low is a.low else Number(low, low)
    high = None if a.high is None else r.settled(s, a.high, "high", most)
    return a if low is a.low and high is a.high else Number(low, high)


def is_point(s: Scope, a: Number) -> exp.Expression:
    """Whether it is exact: TRUE or FALSE."""
    if a.low is None or a.high is None:
        return truth(False)
    if a.is_one:
        return r.is_there(a.low)
    return certainly(r.equal(s, a.low, a.high), a.low.blank or a.high.blank)


def is_exactly(s: Scope, a: Number, value: Exact) -> exp.Expression:
    """Whether it is exactly this number: TRUE or FALSE."""
    if a.low is None or a.high is None:
        return truth(False)
    it = r.constant(s, value)
    at_low = certainly(r.equal(s, a.low, it), a.low.blank)
    return at_low if a.is_one else all_of(at_low, certainly(r.equal(s, a.high, it), a.high.blank))


def differ(s: Scope, a: Number, b: Number) -> exp.Expression:
    """Whether two have other ends: TRUE or FALSE."""
    low = _ends_differ(s, a.low, b.low)
    return low if a.is_one and b.is_one else any_of(low, _ends_differ(s, a.high, b.high))


# ---- arithmetic


def add(s: Scope, a: Number, b: Number) -> Number:
    """Sum."""
    return _ends(a, b, lambda x, y: r.add(s, x, y))


def subtract(s: Scope, a: Number, b: Number) -> Number:
    """Difference."""
    return _ends(a, Number(b.high, b.low), lambda x, y: r.subtract(s, x, y))


def negate(s: Scope, a: Number) -> Number:
    """The number with its sign turned."""
    return _each(Number(a.high, a.low), lambda x: r.negate(s, x))


def rounded(s: Scope, a: Number, mode: Mode, step: Exact) -> Number:
    """Both ends rounded."""
    return _each(a, lambda x: r.rounded(s, x, mode, step))


def least(s: Scope, a: Number, b: Number) -> Number:
    """The lesser of two: it has no lower end where either has none, no upper end where neither has one."""
    if not s.names.ranges:
        return _extreme(s, a, b, r.least)
    low = _of_both(s, a.low, b.low, r.least)
    if _are_sure(a, b):
        return Number(low, low)
    return Number(low, _of_some(s, a.high, b.high, r.least))


def greatest(s: Scope, a: Number, b: Number) -> Number:
    """The greater of two."""
    if not s.names.ranges:
        return _extreme(s, a, b, r.greatest)
    high = _of_both(s, a.high, b.high, r.greatest)
    if _are_sure(a, b):
        return Number(high, high)
    return Number(_of_some(s, a.low, b.low, r.greatest), high)


def product(s: Scope, a: Number, b: Number) -> Number:
    """Product; nothing times anything is nothing, even times something without an end."""
    if _are_sure(a, b):
        assert a.low is not None
        assert b.low is not None
        return exactly(r.multiply(s, a.low, b.low))
    if not s.names.ranges:
        return _times(s, a, b)
    for one, other in ((a, b), (b, a)):
        if one.is_sure and one.low is not None and (one.low.is_never_negative or one.low.is_never_positive):
            return _scaled(s, one.low, other)
    if _is_never_negative(a) and _is_never_negative(b):
        assert a.low is not None
        assert b.low is not None
        return Number(r.multiply(s, a.low, b.low), _grown(s, a.high, b.high))
    return _corners(s, a, b)


def quotient(s: Scope, a: Number, b: Number) -> Number:
    """Quotient; NULL where the divisor is exactly zero, which is the caller's to see to.

    A divisor that may be zero gives anything, save of nothing, which gives nothing.
    """
    if b.is_sure and b.low is not None:
        over = r.inverse(s, b.low)
        if _are_sure(a):
            assert a.low is not None
            return exactly(r.multiply(s, a.low, over))
        return product(s, a, exactly(over))
    if not s.names.ranges:
        return ANY_NUMBER if b.low is None else _times(s, a, exactly(r.inverse(s, b.low)))
    a, b = settled(s, a), settled(s, b)
    zero = r.constant(s, 0)
    nothing = is_exactly(s, a, 0)
    below = truth(True) if b.low is None else any_of(r.blank(b.low), r.from_(s, zero, b.low))
    above = truth(True) if b.high is None else any_of(r.blank(b.high), r.from_(s, b.high, zero))
    straddles = all_of(below, above)
    if known(straddles):
        return choose(s, [(nothing, exactly(zero))], ANY_NUMBER)
    inverse = Number(_inverted(s, b.high), _inverted(s, b.low))
    return choose(s, [(all_of(straddles, nothing), exactly(zero)), (straddles, ANY_NUMBER)], product(s, a, inverse))


def clip(s: Scope, a: Number, low: End, high: End) -> Number:
    """A range cut to what it is known to lie in; an exact number stays, for the caller to judge."""
    if a.is_sure or not s.names.ranges:
        return a
    a = settled(s, a)
    new_low = a.low if low is None else low if a.low is None else _of_some(s, a.low, low, r.greatest)
    new_high = a.high if high is None else high if a.high is None else _of_some(s, a.high, high, r.least)
    # An empty range is its upper end.
    if new_low is not None and new_high is not None:
        new_low, new_high = r.settled(s, new_low, "low"), r.settled(s, new_high, "high")
        crossed = r.over(s, new_low, new_high)
        new_low = r.choose(s, [(crossed, new_high)], new_low)
    fixed = is_point(s, a)
    return Number(r.choose(s, [(fixed, a.low)], new_low), r.choose(s, [(fixed, a.high)], new_high))


# ---- order: TRUE, FALSE, NULL where it is not known


def over(s: Scope, a: Number, b: Number) -> exp.Expression:
    """Whether the left is certainly, certainly not, or perhaps greater."""
    if not (a.is_one and b.is_one):
        a, b = settled(s, a), settled(s, b)
    yes = truth(False) if a.low is None or b.high is None else r.over(s, a.low, b.high)
    if a.is_one and b.is_one:
        return exp.cast(exp.Null(), "BOOLEAN") if a.low is None or b.high is None else yes
    some = truth(False) if a.high is None or b.low is None else r.from_(s, b.low, a.high)
    return case([(yes, truth(True)), (some, truth(False))], exp.cast(exp.Null(), "BOOLEAN"))


def equal(s: Scope, a: Number, b: Number) -> exp.Expression:
    """Whether the two are certainly, certainly not, or perhaps the same."""
    if a.is_one and b.is_one:
        return exp.cast(exp.Null(), "BOOLEAN") if a.low is None or b.low is None else r.equal(s, a.low, b.low)
    a, b = settled(s, a), settled(s, b)
    apart = any_of(
        truth(False) if a.low is None or b.high is None else r.over(s, a.low, b.high),
        truth(False) if a.high is None or b.low is None else r.over(s, b.low, a.high),
    )
    alike = truth(False)
    if a.low is not None and b.low is not None:
        alike = all_of(is_point(s, a), is_point(s, b), r.equal(s, a.low, b.low))
    # Two exact numbers that are not alike are apart.
    return case([(alike, truth(True)), (apart, truth(False))], exp.cast(exp.Null(), "BOOLEAN"))


# ---- choice


def choose(s: Scope, cases: Sequence[tuple[exp.Expression, Number]], otherwise: Number) -> Number:
    """The number that goes with the first condition that holds."""
    kept: list[tuple[exp.Expression, Number]] = []
    for condition, number in cases:
        if known(condition) is False:
            continue
        if known(condition):
            otherwise = number
            break
        kept.append((condition, number))
    if not kept:
        return otherwise
    low = r.choose(s, [(c, x.low) for c, x in kept], otherwise.low)
    if otherwise.is_one and all(x.is_one for _, x in kept):
        return Number(low, low)
    return Number(low, r.choose(s, [(c, x.high) for c, x in kept], otherwise.high))


def hull(s: Scope, items: Sequence[tuple[exp.Expression, Number]]) -> Number:
    """The narrowest number that covers those whose condition holds; with none, anything."""
    items = [(c, settled(s, x)) for c, x in items if known(c) is not False]
    if len(items) == 1 and known(items[0][0]):
        return items[0][1]
    return Number(
        _outermost(s, [(c, x.low) for c, x in items], r.least),
        _outermost(s, [(c, x.high) for c, x in items], r.greatest),
    )


def _outermost(s: Scope, items: Sequence[tuple[exp.Expression, End]], pick: Callable[..., Rational]) -> End:
    lacking = any_of(*(all_of(c, r.blank(x)) for c, x in items))
    there = [r.where(s, c, x) for c, x in items if x is not None]
    kept = [x for x in there if x is not None]
    if not kept or known(lacking):
        return None
    return r.choose(s, [(lacking, None)], pick(s, *kept))


# ---- where ranges are not told: exact or NULL


def _extreme(s: Scope, a: Number, b: Number, pick: Callable[..., Rational]) -> Number:
    """The pick of two, NULL where either is."""
    if a.low is None or b.low is None:
        return ANY_NUMBER
    if _are_sure(a, b):
        return exactly(pick(s, a.low, b.low))
    x, y = r.settled(s, a.low), r.settled(s, b.low)
    # One that is never NULL comes first: the other stands where nothing is known of it.
    if x.blank and not y.blank:
        x, y = y, x
    first, other = (r.over(s, y, x), r.from_(s, x, y)) if pick is r.least else (r.over(s, x, y), r.from_(s, y, x))
    chosen = r.choose(s, [(first, x)], y) if not x.blank else r.choose(s, [(first, x), (other, y)], None)
    if chosen is None or not chosen.is_fixed:
        return Number(chosen, chosen)
    # It lies where the pick of any two of theirs does.
    (low_x, high_x), (low_y, high_y) = (_fractions(z) for z in (x, y))
    low, high = (
        (min(low_x, low_y), min(high_x, high_y)) if pick is r.least else (max(low_x, low_y), max(high_x, high_y))
    )
    scale = chosen.below.static or 1
    made = Rational(
        s.arithmetic.within(chosen.above, floor(low * scale), ceil(high * scale)), chosen.below, chosen.blank
    )
    return Number(made, made)


def _fractions(a: Rational) -> tuple[Fraction, Fraction]:
    low, high = ends(a.above)
    return Fraction(low, a.below.static or 1), Fraction(high, a.below.static or 1)


def _times(s: Scope, a: Number, b: Number) -> Number:
    """A product: nothing times what is NULL is nothing all the same."""
    zero = r.constant(s, 0)
    factors = [x.low for x in (a, b)]
    nothing: list[exp.Expression] = []
    for factor, against in zip(factors, factors[::-1], strict=True):
        if factor is not None and (against is None or against.blank):
            nothing.append(certainly(r.equal(s, factor, zero), factor.blank))
    left, right = factors
    times = None if left is None or right is None else r.multiply(s, left, right)
    made = r.choose(s, [(any_of(*nothing), zero)], times)
    return Number(made, made)


# ---- helpers


def _are_sure(*numbers: Number) -> bool:
    return all(x.is_sure for x in numbers)


def _is_never_negative(a: Number) -> bool:
    return a.low is not None and not a.low.blank and a.low.is_never_negative


def _ends(a: Number, b: Number, operation: Callable[[Rational, Rational], Rational]) -> Number:
    low = None if a.low is None or b.low is None else operation(a.low, b.low)
    if a.is_one and b.is_one:
        return Number(low, low)
    return Number(low, None if a.high is None or b.high is None else operation(a.high, b.high))


def _each(a: Number, operation: Callable[[Rational], Rational]) -> Number:
    low = None if a.low is None else operation(a.low)
    if a.is_one:
        return Number(low, low)
    return Number(low, None if a.high is None else operation(a.high))


def _of_both(s: Scope, a: End, b: End, pick: Callable[..., Rational]) -> End:
    """The pick of two ends; none where either is none."""
    if a is None or b is None:
        return None
    if a.blank or b.blank:
        a, b = r.settled(s, a), r.settled(s, b)
    lacking = any_of(r.blank(a), r.blank(b))
    return r.choose(s, [(lacking, None)], pick(s, a, b))


def _of_some(s: Scope, a: End, b: End, pick: Callable[..., Rational]) -> End:
    """The pick of those two ends that there are."""
    if a is None or b is None:
        return a if b is None else b
    return pick(s, a, b)


def _ends_differ(s: Scope, a: End, b: End) -> exp.Expression:
    if a is None or b is None:
        return truth(False) if a is b else r.is_there(b if a is None else a)
    if a is b:
        return truth(False)
    if not a.blank and not b.blank:
        return no(r.equal(s, a, b))
    (x, y), _ = r.common(s, a, b)
    return no(same(x.sql, y.sql))


def _scaled(s: Scope, factor: Rational, a: Number) -> Number:
    """A range times a number of one sign."""
    if not factor.is_never_negative:
        return negate(s, _scaled(s, r.negate(s, factor), a))
    if factor.is_positive:
        return _each(a, lambda x: r.multiply(s, factor, x))
    factor = r.settled(s, factor)
    zero = r.constant(s, 0)
    if factor.static == 0:
        return exactly(zero)
    nothing = r.equal(s, factor, zero)

    def scaled(end: End) -> End:
        if end is None:
            return r.where(s, nothing, zero)
        times = r.multiply(s, factor, end)
        return r.choose(s, [(nothing, zero)], times) if end.blank else times

    low = scaled(a.low)
    return Number(low, low) if a.is_one else Number(low, scaled(a.high))


def _grown(s: Scope, a: End, b: End) -> End:
    """The upper end of a product of two that are not negative."""
    zero = r.constant(s, 0)
    a, b = (None if x is None else r.settled(s, x) for x in (a, b))
    nothing = any_of(*(r.equal(s, x, zero) for x in (a, b) if x is not None))
    if a is None or b is None:
        return r.where(s, nothing, zero)
    times = r.multiply(s, a, b)
    return r.choose(s, [(nothing, zero)], times) if times.blank else times


def _corners(s: Scope, a: Number, b: Number) -> Number:
    """Any product: the outermost of its four corners, of which some may be without an end."""
    zero = r.constant(s, 0)
    a, b = settled(s, a), settled(s, b)
    finite: list[End] = []
    down: list[exp.Expression] = []
    up: list[exp.Expression] = []
    for x, x_side in ((a.low, -1), (a.high, 1)):
        for y, y_side in ((b.low, -1), (b.high, 1)):
            nothing = any_of(*(certainly(r.equal(s, e, zero), e.blank) for e in (x, y) if e is not None))
            times = None if x is None or y is None else r.multiply(s, x, y)
            finite.append(r.choose(s, [(nothing, zero)], times))
            endless = all_of(any_of(r.blank(x), r.blank(y)), no(nothing))
            x_up, y_up = _is_up(s, x, x_side), _is_up(s, y, y_side)
            alike = any_of(all_of(x_up, y_up), all_of(no(x_up), no(y_up)))
            up.append(all_of(endless, alike))
            down.append(all_of(endless, no(alike)))
    kept = [r.settled(s, x, "corner") for x in finite if x is not None]
    if not kept:
        return ANY_NUMBER
    return Number(
        r.choose(s, [(any_of(*down), None)], r.least(s, *kept)),
        r.choose(s, [(any_of(*up), None)], r.greatest(s, *kept)),
    )


def _is_up(s: Scope, end: End, side: int) -> exp.Expression:
    """Whether an end lies above zero, or is without an end on that side: TRUE or FALSE."""
    if end is None:
        return truth(side > 0)
    above = r.over(s, end, r.constant(s, 0))
    return case([(r.blank(end), truth(side > 0))], above) if end.blank else above


def _inverted(s: Scope, end: End) -> End:
    """One over an end of a divisor that is never zero; one over no end is nothing."""
    zero = r.constant(s, 0)
    if end is None:
        return zero
    end = r.settled(s, end)
    over = r.inverse(s, end)
    return r.choose(s, [(r.blank(end), zero)], over) if end.blank else over
