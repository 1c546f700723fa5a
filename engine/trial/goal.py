"""The exact values of a parameter between which a goal is reached: bisection over fractions, and the simplest one left.

Figures are straight in a rate between turns and are rounded to the fen, so where a goal begins to be reached is a fraction
whose denominator is not large. Bisection leaves a narrow stretch; the simplest fraction in it is tried, and it is the end
when the goal is reached on one side of it, however near, and not on the other.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor

from engine.nouns.numbers import Number, exact
from grammar.frozen import dataclass

Reach = Callable[[Number], bool]

# Two ends whose denominators have at most twenty digits are further apart than this.
NEAR = Fraction(1, 10**40)
_NARROWEST = Fraction(1, 10**38)
_HALVINGS = 6
_WRITABLE = 10**6


@dataclass(frozen=True, slots=True)
class End:
    """Where a goal begins or ends to be reached.

    ``reached`` is whether it is reached at the value itself; ``beside`` is the nearest value on the other side that was
    tried, None at an end of the range; ``exact`` is False where no fraction was found and the value is near it only;
    ``writable`` is the nearest value of few decimals at which it is reached.
    """

    value: Number
    reached: bool
    beside: Number | None
    exact: bool
    writable: Number | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values from one end to another at which a goal is reached."""

    low: End
    high: End


def stretches(values: Sequence[Number], reach: Reach, *, whole: bool) -> list[Stretch]:
    """The stretches of a rising row of values in which a goal is reached, each end exact; none where no value reaches it."""
    known = [reach(value) for value in values]
    found: list[Stretch] = []
    start = 0
    while start < len(values):
        if not known[start]:
            start += 1
            continue
        last = start
        while last + 1 < len(values) and known[last + 1]:
            last += 1
        low = _end(values[start - 1], values[start], reach, whole=whole) if start else _of_range(values[0])
        high = (
            _end(values[last + 1], values[last], reach, whole=whole)
            if last + 1 < len(values)
            else _of_range(values[-1])
        )
        found.append(Stretch(low, high))
        start = last + 1
    return found


def _of_range(value: Number) -> End:
    return End(value, reached=True, beside=None, exact=True, writable=value)


def _end(outside: Number, inside: Number, reach: Reach, *, whole: bool) -> End:
    """The end between a value that does not reach the goal and one that does."""
    if whole:
        no, yes = int(outside), int(inside)
        while abs(yes - no) > 1:
            middle = (yes + no) // 2
            no, yes = (no, middle) if reach(middle) else (middle, yes)
        return End(yes, reached=True, beside=no, exact=True, writable=yes)
    out, into = Fraction(outside), Fraction(inside)
    found = _at(into, out, into, reach) or _at(out, out, into, reach)
    while found is None:
        for _ in range(_HALVINGS):
            half = (out + into) / 2
            out, into = (out, half) if reach(exact(half)) else (half, into)
        if abs(into - out) < _NARROWEST:
            # Of a product of the parameter with itself the end may be no fraction at all.
            return End(exact(into), True, exact(out), False, _writable(into, out, reach))
        # Halving may have come upon the end itself; it is then no longer between the two.
        found = _at(into, out, into, reach) or _at(out, out, into, reach)
        if found is not None:
            break
        simplest = simplest_between(min(out, into), max(out, into))
        found = _at(simplest, out, into, reach)
        if found is None:
            out, into = (out, simplest) if reach(exact(simplest)) else (simplest, into)
    return found


def _at(value: Fraction, out: Fraction, into: Fraction, reach: Reach) -> End | None:
    """The end, if it is at a value: reached there and not just outside, or just inside and not there."""
    toward = NEAR if into > out else -NEAR
    if reach(exact(value)):
        outside = exact(value - toward)
        if value == out or reach(outside):
            return None
        return End(exact(value), True, outside, True, _writable(value, out, reach))
    if value != into and reach(exact(value + toward)):
        return End(exact(value), False, exact(value + toward), True, _writable(value, out, reach))
    return None


def _writable(value: Fraction, out: Fraction, reach: Reach) -> Number | None:
    """The nearest value of six decimals on the inner side, where the goal is reached there."""
    scaled = value * _WRITABLE
    near = exact(Fraction(floor(scaled) if out > value else -floor(-scaled), _WRITABLE))
    if reach(near):
        return near
    # At an end that does not belong to the stretch, the next one.
    near = exact(near + Fraction(-1 if out > value else 1, _WRITABLE))
    return near if reach(near) else None


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of the smallest denominator strictly between two."""
    whole = floor(low)
    if whole + 1 < high:
        return Fraction(whole + 1)
    if low == whole:
        return whole + Fraction(1, floor(1 / (high - whole)) + 1)
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))
