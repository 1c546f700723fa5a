"""Exact amounts that know what they can still be and what they rest on; the arithmetic of the reference calculators."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

# Past any sum a county can hold, yet finite, so that nothing times it is still nothing.
_FAR = Fraction(10**30)


@dataclass(frozen=True, slots=True)
class Amount:
    """The lowest and the highest value a number can still take, the assumptions in it and what it still waits for."""

    low: Fraction
    high: Fraction
    assumptions: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()

    @property
    def value(self) -> Fraction | None:
        """The number, or none while more than one is possible."""
        return self.low if self.low == self.high else None

    @property
    def state(self) -> str:
        """stated, assumed or open."""
        if self.value is None:
            return "open"
        return "assumed" if self.assumptions else "stated"


def known(value: int | Fraction | str) -> Amount:
    """A number that the data or the document states."""
    return Amount(Fraction(value), Fraction(value))


ZERO = known(0)


def assumed(value: Fraction, name: str) -> Amount:
    """A number that stands on an assumption."""
    return Amount(value, value, frozenset({name}))


def unknown(*names: str) -> Amount:
    """An amount that nobody can tell before the named things are given."""
    return Amount(Fraction(0), _FAR, missing=frozenset(names))


def signed_unknown(*names: str) -> Amount:
    """An amount of either sign (a refund is negative) that nobody can tell before the named things are given."""
    return Amount(-_FAR, _FAR, missing=frozenset(names))


def unknown_rate(name: str) -> Amount:
    """A ratio that nobody has given yet."""
    return Amount(Fraction(0), Fraction(1), missing=frozenset({name}))


def total(*terms: Amount) -> Amount:
    """The sum."""
    zero = Fraction(0)
    return _joined(sum((term.low for term in terms), zero), sum((term.high for term in terms), zero), *terms)


def minus(term: Amount) -> Amount:
    """The term with its sign turned."""
    return _joined(-term.high, -term.low, term)


def product(left: Amount, right: Amount) -> Amount:
    """The product; a known zero decides, whatever stands beside it."""
    zeros = [factor for factor in (left, right) if factor.value == 0]
    if zeros:
        return min(zeros, key=lambda zero: len(zero.assumptions))
    corners = [mine * other for mine in (left.low, left.high) for other in (right.low, right.high)]
    return _joined(min(corners), max(corners), left, right)


def least(left: Amount, right: Amount) -> Amount:
    """The lesser of two amounts."""
    return _joined(min(left.low, right.low), min(left.high, right.high), left, right)


def positive(amount: Amount) -> Amount:
    """The amount where it is above zero, else zero."""
    zero = Fraction(0)
    return _joined(max(amount.low, zero), max(amount.high, zero), amount)


def to_the_fen(amount: Amount) -> Amount:
    """The amount rounded to 0.01, ties away from zero."""
    return _joined(_half_up(amount.low), _half_up(amount.high), amount)


def _half_up(value: Fraction) -> Fraction:
    size = Fraction(floor(abs(value) * 100 + Fraction(1, 2)), 100)
    return size if value >= 0 else -size


def _joined(low: Fraction, high: Fraction, *sources: Amount) -> Amount:
    assumptions = frozenset[str]().union(*(source.assumptions for source in sources))
    missing = frozenset[str]().union(*(source.missing for source in sources))
    return Amount(low, high, assumptions, missing if low != high else frozenset())
