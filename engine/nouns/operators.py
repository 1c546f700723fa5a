"""The one table of operators: checker, interpreter, SQL and explanations all read it."""

from collections.abc import Callable, Mapping
from datetime import date

from engine.nouns import possible as p
from engine.nouns.possible import Possible
from grammar.diagnostic import Words
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: how it is said between two things, and what it does to what values can be.

    ``apply`` takes and gives ``Possible``; it gives None only for a division by exactly zero.
    """

    name: str
    words: Words
    apply: Callable[..., Possible | None]


def _slice(subject: Possible, low: Possible, high: Possible) -> Possible:
    """The part of an amount that lies between two bounds."""
    return p.greatest(p.subtract(p.least(subject, high), low), 0)


def _slice_above(subject: Possible, low: Possible) -> Possible:
    return p.greatest(p.subtract(subject, low), 0)


def _is(left: Possible, right: Possible) -> Possible:
    return p.equal(left, right)


def _in(left: Possible, *options: Possible) -> Possible:
    found: Possible = False
    for option in options:
        found = p.either(found, p.equal(left, option))
    return found


def _day(year: Possible, offset: Possible, month: Possible, day: Possible) -> Possible:
    """A day of the row's year, the one before or the one after; 29 February falls on the 28th where there is none."""
    if not (isinstance(year, int) and isinstance(offset, int) and isinstance(month, int) and isinstance(day, int)):
        return p.UNKNOWN
    try:
        return date(year + offset, month, day)
    except ValueError:
        return date(year + offset, month, day - 1)


def _later(left: Possible, right: Possible) -> Possible:
    if isinstance(left, date) and isinstance(right, date):
        return left > right
    return (
        p.UNKNOWN if isinstance(left, date | p.Unknown) or isinstance(right, date | p.Unknown) else p.over(left, right)
    )


OPERATORS: Mapping[str, Operator] = {
    op.name: op
    for op in (
        Operator("add", Words("加", "plus"), p.add),
        Operator("subtract", Words("减", "less"), p.subtract),
        Operator("multiply", Words("乘以", "times"), p.multiply),
        Operator("part", Words("的", "at"), p.multiply),
        Operator("divide", Words("除以", "divided by"), p.divide),
        Operator("negate", Words("的相反数", "with its sign turned"), p.negate),
        Operator("most", Words("最高", "at most"), p.least),
        Operator("least", Words("最低", "at least"), p.greatest),
        Operator("over", Words("超过", "over"), _later),
        Operator("up_to", Words("不超过", "up to"), lambda a, b: p.inverted(_later(a, b))),
        Operator("from", Words("达到", "from"), lambda a, b: p.inverted(_later(b, a))),
        Operator("below", Words("不满", "below"), lambda a, b: _later(b, a)),
        Operator("equal", Words("等于", "equals"), p.equal),
        Operator("is", Words("是", "is"), _is),
        Operator("is_not", Words("不是", "is not"), lambda a, b: p.inverted(p.equal(a, b))),
        Operator("in", Words("属于", "in"), _in),
        Operator("not_in", Words("不属于", "not in"), lambda *a: p.inverted(_in(*a))),
        Operator("and", Words("且", "and"), p.both),
        Operator("or", Words("或", "or"), p.either),
        Operator("not", Words("非", "not"), p.inverted),
        Operator("slice", Words("落在其间的部分", "the part between"), _slice),
        Operator("slice_above", Words("超过的部分", "the part above"), _slice_above),
        Operator("day", Words("日", "day"), _day),
    )
}
