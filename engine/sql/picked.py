"""Mean, largest and smallest of gathered rows, as SQL: mirrors interpret/aggregate.py."""

from collections.abc import Callable

from sqlglot import exp

from engine.nouns.pipeline import Aggregate
from engine.sql import domain as d
from engine.sql import ranges
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.conditions import all_of, any_of, certainly, is_null, no, truth
from engine.sql.forms import Number, Plain, Possible, Rational, Value
from engine.sql.gathered import Gathered, column_of, lacking, marked, may, on_both_sides
from engine.sql.rows import Rows, bound_truth
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole
from grammar.diagnostic import Words


def picked(mine: Rows, step: Aggregate, gathered: list[Gathered]) -> Value:
    """Mean, largest or smallest: of rows that certainly count the ends, those that may count only widen."""
    lacks = lacking(mine, step.tables, step.kind)
    if not gathered:
        return lacks

    def side(which: int) -> Possible:
        sure = [_Picked(mine, g, g.holds[which], g.value.now if which == 0 else g.value.base) for g in gathered]
        return (
            _mean(mine, sure) if step.function == "mean" else _extreme(mine, sure, largest=step.function == "largest")
        )

    now = side(0)
    found = marked(mine, now, side(1) if on_both_sides(gathered) else now, gathered)
    if all(g.never_empty for g in gathered):
        return found
    return v.choose(mine, [(any_of(*(g.some(g.kept) for g in gathered)), found)], lacks)


class _Picked:
    """The rows of one kind of which a mean, the largest or the smallest is told, with assumptions or without."""

    def __init__(self, mine: Rows, g: Gathered, holds: Plain, value: Possible) -> None:
        self.g = g
        self.mine = mine
        number = d.number(g.child, value)
        self.number = ranges.settled(g.child, number)
        if any(end is not None and end.below.static is None for end in (number.low, number.high)):
            raise Unsayable(Words("各行分母不同", "rows with divisors of their own"))
        self.sure = all_of(g.among, certainly(holds.sql, blank=holds.blank))
        self.kept = all_of(g.among, may(holds.sql)) if holds.blank else self.sure
        self.is_sure = number.is_sure and not holds.blank
        self.perhaps = holds.blank

    def pick(self, end: Rational | None, among: exp.Expression, function: type[exp.Expression]) -> Rational | None:
        """The largest or smallest of an end over some rows; NULL where there are none."""
        if end is None:
            return None
        tree = self.g.pick(function, among, self.g.child.arithmetic.stored(end.above), function.__name__.lower())
        return Rational(Whole(tree, end.above.low, end.above.high), end.below, blank=True)

    def endless(self, end: Rational | None, among: exp.Expression) -> exp.Expression:
        """Whether some of the rows have no such end."""
        if end is None:
            return self.g.some(among)
        return self.g.some(all_of(among, is_null(end.above.sql))) if end.blank else truth(value=False)

    def count(self, among: exp.Expression) -> Whole:
        """How many rows."""
        return Whole(column_of(self.mine, "n", self.g.count(among).sql), 0, 2**40)


def _extreme(mine: Rows, picked: list[_Picked], *, largest: bool) -> Possible:
    """The largest or smallest; where no row counts for certain it may be anything."""
    function = exp.Max if largest else exp.Min
    pick = r.greatest if largest else r.least
    if all(x.is_sure for x in picked):
        found = [y for x in picked if (y := x.pick(x.number.low, x.sure, function)) is not None]
        return _sure(mine, picked, pick(mine, *found))

    def end(of: Callable[[_Picked], Rational | None], among: Callable[[_Picked], exp.Expression]) -> Rational | None:
        found = [y for x in picked if (y := x.pick(of(x), among(x), function)) is not None]
        return r.settled(mine, pick(mine, *found)) if found else None

    def low(x: _Picked) -> Rational | None:
        return x.number.low

    def high(x: _Picked) -> Rational | None:
        return x.number.high

    def sure(x: _Picked) -> exp.Expression:
        return x.sure

    def kept(x: _Picked) -> exp.Expression:
        return x.kept

    some = truth(value=True)
    if not all(x.g.never_empty for x in picked):
        some = bound_truth(mine, "some_sure", any_of(*(x.g.some(x.sure) for x in picked)))
    if not mine.names.ranges:
        told = r.choose(mine, [(any_of(no(some), _open(picked)), None)], end(low, sure))
        return Possible(Number(told, told))
    near, far = (low, high) if largest else (high, low)
    inner = r.choose(mine, [(no(some), None)], end(near, sure))
    endless = any_of(*(x.endless(far(x), x.kept) for x in picked))
    outer = r.choose(mine, [(any_of(no(some), endless), None)], end(far, kept))
    return Possible(Number(inner, outer) if largest else Number(outer, inner))


def _sure(mine: Rows, picked: list[_Picked], one: Rational) -> Possible:
    """What rows come to that certainly count; where there is no row at all this is not asked for."""
    if all(x.g.holds[0] is x.g.holds[1] for x in picked):
        return d.point(Rational(one.above, one.below))
    # There may be rows that count only without an assumption, or only with it: on the other side there is none.
    told = r.choose(mine, [(no(any_of(*(x.g.some(x.sure) for x in picked))), None)], one)
    return Possible(Number(told, told))


def _perhaps(picked: list[_Picked]) -> exp.Expression:
    """Whether of some row it is open whether it counts."""
    return any_of(*(x.g.some(all_of(x.kept, no(x.sure))) for x in picked if x.perhaps))


def _open(picked: list[_Picked]) -> exp.Expression:
    """Whether some row leaves it open what is picked: by its number, or by whether it counts."""
    return any_of(_perhaps(picked), *(x.endless(x.number.low, x.kept) for x in picked))


def _mean(mine: Rows, picked: list[_Picked]) -> Possible:
    """The mean of the rows that count; where some only may, anything between the least and the most of any."""
    n = mine.arithmetic
    counts = [x.count(x.sure) for x in picked]
    count = counts[0]
    for more in counts[1:]:
        count = n.add(count, more)
    divided = Whole(exp.Nullif(this=count.sql.copy(), expression=exp.Literal.number(0)), 1, 2**40)

    def mean(ends: list[Rational | None]) -> Rational | None:
        total = r.constant(mine, 0)
        for x, end in zip(picked, ends, strict=True):
            if end is None:
                return None
            total = r.add(mine, total, x.g.total(x.sure, end, "total"))
        return r.multiply(mine, total, Rational(n.constant(1), divided))

    lows = mean([x.number.low for x in picked])
    if all(x.is_sure for x in picked):
        assert lows is not None
        return _sure(mine, picked, lows)
    some = truth(value=True)
    if not all(x.g.never_empty for x in picked):
        some = bound_truth(mine, "some_sure", n.over(count, n.constant(0)))
    if not mine.names.ranges:
        found = r.choose(mine, [(any_of(no(some), _open(picked)), None)], lows)
        return Possible(Number(found, found))
    perhaps = bound_truth(mine, "perhaps", _perhaps(picked))

    def end(
        of: Callable[[_Picked], Rational | None], function: type[exp.Expression], one: Rational | None
    ) -> Rational | None:
        pick = r.least if function is exp.Min else r.greatest
        found = [y for x in picked if (y := x.pick(of(x), x.kept, function)) is not None]
        outer = pick(mine, *found) if found else None
        endless = any_of(*(x.endless(of(x), x.kept) for x in picked))
        return r.choose(mine, [(any_of(no(some), endless), None), (perhaps, outer)], one)

    highs = mean([x.number.high for x in picked])
    low = end(lambda x: x.number.low, exp.Min, lows)
    return Possible(Number(low, end(lambda x: x.number.high, exp.Max, highs)))
