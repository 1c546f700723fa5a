"""The exact values of a parameter between which a goal is reached: bisection over fractions, and the simplest one left.

Figures are straight in a rate between turns and are rounded to the fen, so where a goal begins to be reached is a fraction
whose denominator is not large. Bisection leaves a narrow stretch; the simplest fraction in it is tried, and it is the end
when the goal is reached on one side of it, however near, and not on the other.

Between two values tried lies whatever a run with the parameter open between them cannot rule out: what is in doubt is
halved, until nothing is or the runs allowed are spent.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush
from math import floor

from engine.nouns.numbers import Number, exact
from grammar.frozen import dataclass

Reach = Callable[[Number], bool]
# Whether a goal is reached at every value between two, at none, or (None) nobody knows.
Surely = Callable[[Number, Number], bool | None]

# Two ends whose denominators have at most twenty digits are further apart than this.
NEAR = Fraction(1, 10**40)
_NARROWEST = Fraction(1, 10**38)
_HALVINGS = 6
_WRITABLE = 10**6
_RUNS = 1_000


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


@dataclass(frozen=True, slots=True)
class Found:
    """Where in a range a goal is reached; ``doubtful`` are the pairs of values between which it may be otherwise."""

    stretches: tuple[Stretch, ...]
    doubtful: tuple[tuple[Number, Number], ...]


def stretches(values: Sequence[Number], reach: Reach, surely: Surely, *, whole: bool) -> Found:
    """The stretches of a rising row of values in which a goal is reached, each end exact; none where no value reaches it."""
    return _Search(values, reach, surely, whole=whole).found()


class _Search:
    """Values tried, the ends between those that differ, and the pairs of alike ones between which nothing is known yet."""

    def __init__(self, values: Sequence[Number], reach: Reach, surely: Surely, *, whole: bool) -> None:
        self.reach, self.surely, self.whole = reach, surely, whole
        self.values = list(values)
        self.known = {value: reach(value) for value in values}
        self.ends: dict[tuple[Number, Number], End] = {}
        self.doubtful: list[tuple[Number, Number]] = []
        self.runs = 0
        self.waiting: list[tuple[Fraction, Number, Number]] = []

    def found(self) -> Found:
        self.waiting = [_wide(low, high) for low, high in zip(self.values, self.values[1:], strict=False)]
        heapify(self.waiting)
        while self.waiting:
            _, low, high = heappop(self.waiting)
            if self.known[low] != self.known[high]:
                self._between_unlike(low, high)
            elif not self.whole or high - low > 1:
                self._between_alike(low, high)
        return Found(tuple(self._stretches()), tuple(_joined(sorted(self.doubtful))))

    def _between_unlike(self, low: Number, high: Number) -> None:
        out, into = (high, low) if self.known[low] else (low, high)
        end = _end(out, into, self.reach, whole=self.whole)
        assert end.beside is not None
        # The end itself and what lies just beyond it on the other side; what was tried is never left aside.
        near = (end.value, end.beside) if end.value < end.beside else (end.beside, end.value)
        self.ends[near] = end
        for value, reached in ((end.value, end.reached), (end.beside, not end.reached)):
            self._try(value, reached=reached)
        for one, other in ((low, near[0]), (near[1], high)):
            if one != other:
                heappush(self.waiting, _wide(one, other))

    def _between_alike(self, low: Number, high: Number) -> None:
        if self.runs >= _RUNS:
            self.doubtful.append((low, high))
            return
        self.runs += 1
        if self.surely(low, high) is self.known[low]:
            return
        if not self.whole and high - low < _NARROWEST:
            self.doubtful.append((low, high))
            return
        middle = (int(low) + int(high)) // 2 if self.whole else _halfway(Fraction(low), Fraction(high))
        self._try(middle, reached=self.reach(middle))
        heappush(self.waiting, _wide(low, middle))
        heappush(self.waiting, _wide(middle, high))

    def _try(self, value: Number, *, reached: bool) -> None:
        if value not in self.known:
            self.known[value] = reached
            insort(self.values, value)

    def _stretches(self) -> list[Stretch]:
        found: list[Stretch] = []
        start: End | None = None
        for before, value in zip([None, *self.values], self.values, strict=False):
            if self.known[value] and start is None:
                start = _of_range(value) if before is None else self.ends[before, value]
            elif not self.known[value] and start is not None:
                assert before is not None
                found.append(Stretch(start, self.ends[before, value]))
                start = None
        return [*found, Stretch(start, _of_range(self.values[-1]))] if start is not None else found


def _wide(low: Number, high: Number) -> tuple[Fraction, Number, Number]:
    return (Fraction(low) - high, low, high)


def _halfway(low: Fraction, high: Fraction) -> Number:
    """A value between two that has few digits: what is halved often would have ever more of them."""
    third = (high - low) / 3
    return exact(simplest_between(low + third, high - third))


def _joined(pairs: Sequence[tuple[Number, Number]]) -> list[tuple[Number, Number]]:
    joined: list[tuple[Number, Number]] = []
    for low, high in pairs:
        if joined and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


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
