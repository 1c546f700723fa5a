"""What a value can be: one exact value, a range, unknown, or absent; and arithmetic over these.

Numbers are ``int`` or ``Fraction``, money in fen. A range is never narrower than the truth.
"""

from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction

from engine.nouns.numbers import Number, product, quotient
from grammar.frozen import dataclass

Scalar = int | Fraction | bool | str | date


@dataclass(frozen=True, slots=True)
class Between:
    """A number that lies between two ends, both included; None is no end."""

    low: Number | None
    high: Number | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A yes/no, text, choice or date that is not known."""


@dataclass(frozen=True, slots=True)
class Absent:
    """No such figure on this row; ``reads`` names what the deciding condition read."""

    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Maybe:
    """Absent or ``inner``, depending on something open."""

    inner: "Possible"
    reads: frozenset[str] = frozenset()


Possible = Scalar | Between | Unknown | Absent | Maybe

ANYTHING = Between(None, None)
UNKNOWN = Unknown()

# The types of a known number. Every operation takes known numbers first and straight: nearly all values are such.
EXACT = frozenset({int, Fraction})
_NUMBER_LIKE = frozenset({int, Fraction, bool, Between})
_NOT_POINTS = frozenset({Between, Unknown, Absent, Maybe})


def is_point(value: Possible) -> bool:
    """Whether it is one exact value (an absent figure is not)."""
    return type(value) not in _NOT_POINTS


def number(value: Possible) -> Number | Between:
    """The value as a number or range; what is not a number any more (absent, unknown) may be anything."""
    return value if type(value) in _NUMBER_LIKE else ANYTHING  # type: ignore[return-value]


def between(low: Number | None, high: Number | None) -> Number | Between:
    """A range, or the one number it holds."""
    return low if low is not None and low == high else Between(low, high)


def ends(value: Number | Between) -> tuple[Number | None, Number | None]:
    """The low and high end."""
    return (value.low, value.high) if type(value) is Between else (value, value)  # type: ignore[return-value]


def hull(values: Iterable[Possible]) -> Possible:
    """The narrowest thing that covers all the values."""
    items = list(values)
    solid = [v for v in items if not isinstance(v, Absent)]
    gone = [v for v in items if isinstance(v, Absent)]
    if gone and not solid:
        return Absent(frozenset[str]().union(*(v.reads for v in gone)))
    if gone or any(isinstance(v, Maybe) for v in solid):
        reads = frozenset[str]().union(*(v.reads for v in items if isinstance(v, Absent | Maybe)))
        return Maybe(hull(v.inner if isinstance(v, Maybe) else v for v in solid), reads)
    first = solid[0]
    if all(type(v) is type(first) or _both_numbers(v, first) for v in solid) and all(v == first for v in solid):
        return first
    if any(isinstance(v, Unknown | bool | str | date) for v in solid):
        return UNKNOWN
    pairs = [ends(number(v)) for v in solid]
    lows, highs = [p[0] for p in pairs], [p[1] for p in pairs]
    return between(
        None if None in lows else min(x for x in lows if x is not None),
        None if None in highs else max(x for x in highs if x is not None),
    )


def clip(value: Possible, low: Number | None, high: Number | None) -> Possible:
    """A range cut to what it is known to lie in; a point is left for the caller to judge."""
    if isinstance(value, Maybe):
        return Maybe(clip(value.inner, low, high), value.reads)
    if not isinstance(value, Between):
        return value
    new_low = low if value.low is None or (low is not None and value.low < low) else value.low
    new_high = high if value.high is None or (high is not None and value.high > high) else value.high
    if new_low is not None and new_high is not None and new_low > new_high:
        return new_high
    return between(new_low, new_high)


def add(left: Possible, right: Possible) -> Possible:
    """Sum."""
    if type(left) in EXACT and type(right) in EXACT:
        return left + right  # type: ignore[operator]
    (a, b), (c, d) = ends(number(left)), ends(number(right))
    return between(_plus(a, c), _plus(b, d))


def subtract(left: Possible, right: Possible) -> Possible:
    """Difference."""
    if type(left) in EXACT and type(right) in EXACT:
        return left - right  # type: ignore[operator, return-value]
    return add(left, negate(right))


def negate(value: Possible) -> Possible:
    """The number with its sign turned."""
    if type(value) in EXACT:
        return -value  # type: ignore[operator]
    low, high = ends(number(value))
    return between(None if high is None else -high, None if low is None else -low)


def multiply(left: Possible, right: Possible) -> Possible:
    """Product; nothing times anything is nothing, even times something without an end."""
    if type(left) in EXACT and type(right) in EXACT:
        return product(left, right)  # type: ignore[arg-type]
    (a, b), (c, d) = ends(number(left)), ends(number(right))
    corners = [_times(x, y) for x in ((a, -1), (b, 1)) for y in ((c, -1), (d, 1))]
    low, high = min(corners, key=_order), max(corners, key=_order)
    return between(*(None if sign else n for sign, n in (low, high)))


def divide(left: Possible, right: Possible) -> Possible | None:
    """Quotient; None where the divisor is exactly zero. A divisor that may be zero gives anything."""
    if type(left) in EXACT and type(right) in EXACT:
        return quotient(left, right) if right != 0 else None  # type: ignore[arg-type]
    low, high = ends(number(right))
    if low == 0 and high == 0:
        return None
    if (low is None or low <= 0) and (high is None or high >= 0):
        return 0 if number(left) == 0 else ANYTHING
    inverse = between(
        Fraction(0) if high is None else Fraction(1) / Fraction(high),
        Fraction(0) if low is None else Fraction(1) / Fraction(low),
    )
    return multiply(left, inverse)


def least(left: Possible, right: Possible) -> Possible:
    """The lesser of two."""
    if type(left) in EXACT and type(right) in EXACT:
        return left if left <= right else right  # type: ignore[operator] # noqa: FURB136 - `min` takes twice as long
    (a, b), (c, d) = ends(number(left)), ends(number(right))
    low = None if a is None or c is None else min(a, c)
    high = d if b is None else b if d is None else min(b, d)
    return between(low, high)


def greatest(left: Possible, right: Possible) -> Possible:
    """The greater of two."""
    if type(left) in EXACT and type(right) in EXACT:
        return left if left >= right else right  # type: ignore[operator] # noqa: FURB136 - the same
    return negate(least(negate(left), negate(right)))


def rounded(value: Possible, by: Callable[[Number], Number]) -> Possible:
    """Both ends rounded by a monotone rounding."""
    if type(value) in EXACT:
        return by(value)  # type: ignore[arg-type]
    low, high = ends(number(value))
    return between(None if low is None else by(low), None if high is None else by(high))


def over(left: Possible, right: Possible) -> bool | Unknown:
    """Whether the left is certainly, certainly not, or perhaps greater."""
    if type(left) in EXACT and type(right) in EXACT:
        return left > right  # type: ignore[operator]
    (a, b), (c, d) = ends(number(left)), ends(number(right))
    if a is not None and d is not None and a > d:
        return True
    if b is not None and c is not None and b <= c:
        return False
    return UNKNOWN


def from_(left: Possible, right: Possible) -> bool | Unknown:
    """Whether the left is at least the right."""
    return inverted(over(right, left))


def inverted(value: Possible) -> bool | Unknown:
    """The opposite of a yes/no."""
    return (not value) if isinstance(value, bool) else UNKNOWN


def both(left: Possible, right: Possible) -> bool | Unknown:
    """Whether both hold; one known no decides."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else UNKNOWN


def either(left: Possible, right: Possible) -> bool | Unknown:
    """Whether one holds; one known yes decides."""
    if left is True or right is True:
        return True
    return False if left is False and right is False else UNKNOWN


def equal(left: Possible, right: Possible) -> bool | Unknown:
    """Whether two values are the same."""
    if is_point(left) and is_point(right):
        return left == right
    ranges = isinstance(left, Between) or isinstance(right, Between)
    if ranges and (over(left, right) is True or over(right, left) is True):
        return False
    return UNKNOWN


def _both_numbers(left: Possible, right: Possible) -> bool:
    return type(left) in EXACT and type(right) in EXACT


# A corner of a product: (sign of infinity or 0, number).
_Corner = tuple[int, Number]


def _times(left: tuple[Number | None, int], right: tuple[Number | None, int]) -> _Corner:
    (a, a_side), (b, b_side) = left, right
    if a == 0 or b == 0:
        return (0, 0)
    if a is not None and b is not None:
        return (0, a * b)
    sign_a = a_side if a is None else (1 if a > 0 else -1)
    sign_b = b_side if b is None else (1 if b > 0 else -1)
    return (sign_a * sign_b, 0)


def _order(corner: _Corner) -> tuple[int, Number]:
    return corner


def _plus(left: Number | None, right: Number | None) -> Number | None:
    return None if left is None or right is None else left + right
