"""What a value can be on every row of a kind, as SQL, and arithmetic over these: mirrors nouns/possible.py.

A range is two numbers whose NULL is no end; where both are one object, the number is exact or, where NULL, may be anything.
A yes/no, text or date that is not known is NULL. An operation that needs the same tree twice expects it in a column.
"""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from functools import reduce
from typing import Literal

from sqlglot import exp

from engine.nouns.core import Mode
from engine.nouns.numbers import Number as Exact
from engine.nouns.possible import Scalar
from engine.sql import rational as r
from engine.sql.conditions import (
    BOOLEAN, all_of, any_of, case, certainly, coalesced, is_given, is_null, known, no, own, truth,
)  # fmt: skip
from engine.sql.marks import NO_MARKS, Mask, chosen, either, when
from engine.sql.rational import Rational
from engine.sql.scope import Scope, once
from grammar.frozen import dataclass

Sort = Literal["yes_no", "text", "date"]
# Whether a figure is absent: never, always, perhaps; as numbers in SQL, the same as here.
NEVER, ALWAYS, PERHAPS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two ends; None, and NULL on a row, is no end."""

    low: Rational | None
    high: Rational | None


@dataclass(frozen=True, slots=True)
class Plain:
    """A yes/no, text or date; NULL where it is not known, if ``blank``. ``value``: what it is, known before the run."""

    sql: exp.Expression
    sort: Sort
    blank: bool
    value: bool | str | date | None = None


@dataclass(frozen=True, slots=True)
class Possible:
    """A number, yes/no, text or date, or ``gone``; ``reads`` names what decided, on rows where it is or may be absent."""

    what: Number | Plain
    gone: exp.Expression | int = NEVER
    reads: Mask = NO_MARKS


ANY_NUMBER = Number(None, None)
ANYTHING = Possible(ANY_NUMBER)


# ---- making


def exact(s: Scope, value: Scalar) -> Possible:
    """A value known before the run."""
    if isinstance(value, bool):
        return Possible(Plain(truth(value), "yes_no", blank=False, value=value))
    if isinstance(value, str):
        return Possible(Plain(exp.Literal.string(value), "text", blank=False, value=value))
    if isinstance(value, date):
        day = exp.cast(exp.Literal.string(value.isoformat()), exp.DataType.build("DATE"))
        return Possible(Plain(day, "date", blank=False, value=value))
    return point(r.constant(s, value))


def point(number: Rational) -> Possible:
    """One number on every row (or, where it is NULL, any)."""
    return Possible(Number(number, number))


def answer(sql: exp.Expression, *, blank: bool) -> Possible:
    """A yes/no; NULL is not known."""
    return Possible(_answer(sql, blank=blank))


def absent(reads: Mask) -> Possible:
    """No such figure on any row."""
    return Possible(ANY_NUMBER, ALWAYS, reads)


def between(s: Scope, low: Exact | None, high: Exact | None) -> Possible:
    """The same range on every row."""
    ends = tuple(None if x is None else r.constant(s, x) for x in (low, high))
    return Possible(Number(*ends))


def unknown(sort: Sort) -> Possible:
    """A yes/no, text or date that is known on no row."""
    return Possible(Plain(exp.cast(exp.Null(), _TYPES[sort].copy()), sort, blank=True))


# ---- asking


def is_sure(value: Possible) -> bool:
    """Whether it is one exact value on every row."""
    if value.gone != NEVER:
        return False
    what = value.what
    if isinstance(what, Plain):
        return not what.blank
    return what.low is what.high and what.low is not None and not what.low.blank


def is_point(s: Scope, value: Possible) -> exp.Expression:
    """Whether it is one exact value: TRUE or FALSE, never NULL."""
    return all_of(gone_is(value, NEVER), _solid_point(s, value.what))


def gone_is(value: Possible, how: int) -> exp.Expression:
    """Whether it is absent in this way."""
    if isinstance(value.gone, int):
        return truth(value.gone == how)
    return exp.EQ(this=own(value.gone), expression=exp.Literal.number(how))


def may_be_gone(value: Possible) -> exp.Expression:
    """Whether it is or may be absent."""
    return no(gone_is(value, NEVER))


def number(s: Scope, value: Possible) -> Number:
    """The number or range; what is not a number any more may be anything."""
    what = value.what
    if isinstance(what, Plain) or value.gone == ALWAYS:
        return ANY_NUMBER
    if value.gone == NEVER:
        return what
    return _choose_numbers(s, [(gone_is(value, NEVER), what)], ANY_NUMBER)


def plain(value: Possible, sort: Sort) -> Plain:
    """The yes/no, text or date; what is none any more is not known."""
    what = value.what
    if isinstance(what, Number) or value.gone == ALWAYS:
        return _unknown(sort)
    if value.gone == NEVER:
        return what
    return Plain(case([(gone_is(value, NEVER), what.sql)]), sort, blank=True)


def differs(s: Scope, left: Possible, right: Possible) -> exp.Expression:
    """Whether two are not the same thing, ends and all: TRUE or FALSE."""
    here = all_of(no(gone_is(left, ALWAYS)), no(gone_is(right, ALWAYS)))
    gone = truth(False)
    if left.gone != right.gone:
        gone = exp.NEQ(this=own(_gone(left)), expression=own(_gone(right)))
    reads = truth(False)
    if left.reads != right.reads:
        reads = all_of(
            may_be_gone(left), may_be_gone(right), exp.NEQ(this=left.reads.tree, expression=right.reads.tree)
        )
    return any_of(gone, reads, all_of(here, _solids_differ(s, left.what, right.what)))


# ---- numbers


def add(s: Scope, left: Possible, right: Possible) -> Possible:
    """Sum."""
    a, b = number(s, left), number(s, right)
    return _ends(a, b, lambda x, y: r.add(s, x, y))


def subtract(s: Scope, left: Possible, right: Possible) -> Possible:
    """Difference."""
    a, b = number(s, left), _turned(number(s, right))
    return _ends(a, b, lambda x, y: r.subtract(s, x, y))


def negate(s: Scope, value: Possible) -> Possible:
    """The number with its sign turned."""
    return _each(_turned(number(s, value)), lambda x: r.negate(s, x))


def multiply(s: Scope, left: Possible, right: Possible) -> Possible:
    """Product; nothing times anything is nothing, even times something without an end."""
    return Possible(products.product(s, number(s, left), number(s, right)))


def divide(s: Scope, left: Possible, right: Possible) -> Possible:
    """Quotient; a divisor that may be zero gives anything. The caller doubts rows where it is exactly zero."""
    return Possible(products.quotient(s, number(s, left), number(s, right)))


def least(s: Scope, left: Possible, right: Possible) -> Possible:
    """The lesser of two: no lower than both, no higher than either."""
    a, b = number(s, left), number(s, right)
    return Possible(_pair(a, b, lambda x, y: _both(s, x, y, r.least), lambda x, y: _some(s, x, y, r.least)))


def greatest(s: Scope, left: Possible, right: Possible) -> Possible:
    """The greater of two."""
    a, b = number(s, left), number(s, right)
    return Possible(_pair(a, b, lambda x, y: _some(s, x, y, r.greatest), lambda x, y: _both(s, x, y, r.greatest)))


def rounded(s: Scope, value: Possible, mode: Mode, step: Exact) -> Possible:
    """Both ends rounded."""
    return _each(number(s, value), lambda x: r.rounded(s, x, mode, step))


