"""What aggregates come to: over rows that certainly count and rows that may, with and without assumptions."""

from collections.abc import Callable
from fractions import Fraction

from engine.nouns import possible as p
from engine.nouns.core import Function
from engine.nouns.numbers import exact
from engine.nouns.possible import Possible
from engine.nouns.value import Value, marked


def over_rows(
    kept: list[tuple[Value, Value]],
    combine: Callable[[list[Possible], list[Possible]], Possible],
    parts: list[Value],
) -> Value:
    """An aggregate with and without assumptions; a row whose filter is open counts both ways."""

    def one(pick: Callable[[Value], Possible]) -> Possible:
        sure = [pick(v) for h, v in kept if pick(h) is True]
        perhaps = [pick(v) for h, v in kept if pick(h) is not True and pick(h) is not False]
        return combine(sure, perhaps)

    return marked(one(lambda v: v.now), one(lambda v: v.base), parts)


def of_numbers(function: Function, sure: list[Possible], perhaps: list[Possible]) -> Possible:
    """Sum, mean, largest or smallest of the rows that count, and of those that may."""
    match function:
        case "sum":
            total: Possible = 0
            for value in sure:
                total = p.add(total, value)
            for value in perhaps:
                total = p.add(total, p.hull((0, value)))
            return total
        case "mean":
            if not sure:
                return p.ANYTHING
            if perhaps:
                return p.hull((*sure, *perhaps))
            total = 0
            for value in sure:
                total = p.add(total, value)
            low, high = p.ends(p.number(total))
            return p.between(*(None if x is None else exact(Fraction(x) / len(sure)) for x in (low, high)))
        case "largest" | "smallest":
            pick = p.greatest if function == "largest" else p.least
            if not sure:
                return p.ANYTHING
            total = sure[0]
            for value in sure[1:]:
                total = pick(total, value)
            for value in perhaps:
                total = p.hull((total, pick(total, value)))
            return total
        case _:
            raise AssertionError(function)


def of_answers(
    combine: Callable[[Possible, Possible], Possible], start: bool, sure: list[Possible], perhaps: list[Possible]
) -> Possible:
    """全部 or 任一 of the rows that count, and of those that may."""
    result: Possible = start
    for value in sure:
        result = combine(result, value)
    for value in perhaps:
        result = p.hull((result, combine(result, value)))
    return result
