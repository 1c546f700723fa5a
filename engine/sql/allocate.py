"""Exact allocation as SQL: parts in whole fen that add up to the whole; mirrors interpret/allocate.py."""

from collections.abc import Mapping
from math import lcm

from sqlglot import exp

from engine.nouns.core import Read
from engine.nouns.pipeline import Allocate
from engine.sql import domain as d
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import settled
from engine.sql.conditions import all_of, any_of, case, certainly, is_given, is_null, known, never_null, no, truth
from engine.sql.derive import rounded
from engine.sql.expressions import evaluate
from engine.sql.forms import Number, Possible, Rational, Value
from engine.sql.gather import joined_above, names_of
from engine.sql.in_order import InOrder, positive
from engine.sql.layout import UNIT
from engine.sql.pool import Laid, Pool, Receiver, hull_of, passed_by
from engine.sql.rows import BIGINT, Beside, Rows
from engine.sql.scope import Unsayable
from engine.sql.whole import Unproved, Whole, ends
from grammar.diagnostic import Words
from grammar.frozen import dataclass

_UP, _KIND = "up", "kind"
_MARKS = ("missing", "assumed", "defaults")


@dataclass(frozen=True, slots=True)
class _Side:
    """What is shared and by what weight, with assumptions or without; a weight that is not known is NULL."""

    low: Whole | None
    high: Whole | None
    weight: Whole


def allocate(rows: Mapping[str, Rows], step: Allocate) -> None:
    """Add the parts of a whole, one on each row that receives."""
    parent = rows[step.table]
    whole = parent.column(step.whole.column) if isinstance(step.whole, Read) else evaluate(parent, step.whole)
    parent.put(f"{step.column}·总额", rounded(parent, whole, 1, "half_up"))
    whole = parent.columns.pop(f"{step.column}·总额")
    parent.frame.stores(names_of(whole, parent))
    receivers = [
        _receiver(rows[t], parent, whole, step)
        for t in step.receivers
        if t in rows and parent.table.name in rows[t].ups
    ]
    for table in step.receivers:
        if table in rows and parent.table.name not in rows[table].ups:
            rows[table].put(step.column, passed_by(rows[table], step))
    pool = InOrder(parent, step, receivers) if step.method == "in_order" else _ByWeight(parent, step, receivers)
    if receivers:
        pool.share()
    for receiver in receivers:
        receiver.rows.put(
            step.column, pool.part(receiver), f"{step.column} {'、'.join(step.allocation.clauses)}".strip()
        )
    if isinstance(pool, InOrder):
        pool.leave(whole)


def _receiver(mine: Rows, parent: Rows, whole: Value, step: Allocate) -> Receiver:
    up = mine.ups[parent.table.name][0]
    there = Beside(mine, joined_above(mine, parent, up)).value(whole, "shared")
    under = among = is_given(up) if not mine.ups[parent.table.name][1] else truth(value=True)
    if step.method == "equally":
        weight = v.exactly(mine, 1)
        if mine.refused is not None and known(mine.refused) is not False:
            among = all_of(among, no(mine.refused))
    elif step.method == "in_order":
        limit = rounded(mine, evaluate(mine, step.each[mine.table.name]), 1, "half_up")
        weight = settled(mine, positive(mine, limit), "limit")
    else:
        weight = settled(mine, evaluate(mine, step.weight[mine.table.name]), "weight")
        low, zero = d.number(mine, weight.now).low, r.constant(mine, 0)
        if low is not None and not low.is_never_negative:
            mine.doubt(all_of(among, d.is_point(mine, weight.now), r.over(mine, zero, low)))
        if not weight.is_known:
            now = d.clip(mine, weight.now, zero, None)
            base = now if weight.base is weight.now else d.clip(mine, weight.base, zero, None)
            weight = v.tidied(mine, now, base, weight.missing, weight.assumed, weight.defaults)
    return Receiver(mine, there, weight, up, under, among)


class _ByWeight(Pool):
    """The rows of all kinds that share a whole by weight, together."""

    # ---- the columns that all receivers have alike

    def columns_of(self, which: int) -> list[Laid]:
        """For one side the ends of the whole and the weight, each as one tree for each receiver, with proved ends."""
        n = self.arithmetic
        lows: list[Rational | None] = []
        highs: list[Rational | None] = []
        weights: list[Rational] = []
        for x in self.receivers:
            whole = d.number(x.rows, x.whole.now if which == 0 else x.whole.base)
            weight = d.number(x.rows, x.weight.now if which == 0 else x.weight.base)
            lows.append(whole.low)
            highs.append(whole.high)
            fixed = d.is_point(x.rows, x.weight.now if which == 0 else x.weight.base)
            if weight.low is None or known(fixed) is False:
                weight = Number(
                    Rational(Whole(exp.cast(exp.Null(), BIGINT.copy()), 0, 0), n.constant(1), blank=True), None
                )
                fixed = truth(value=True)
            assert weight.low is not None
            counted = weight.low if known(fixed) else r.where(x.rows, fixed, weight.low)
            assert counted is not None
            weights.append(counted)
        sizes: list[Whole] | None = None
        if all(x.below.static is not None for x in weights):
            scaled = self._common(weights)
        else:
            # Mostly shares of one total: of one size on all rows that share, which the rows are held to below.
            scaled, sizes = [x.above for x in weights], [x.below for x in weights]
        found = []
        for items in (lows, highs):
            trees: list[exp.Expression] = []
            for item in items:
                if item is not None and item.below.static != 1:
                    raise Unsayable(Words("要分的数不到分", "a whole that is not in fen"))
                trees.append(exp.cast(exp.Null(), BIGINT.copy()) if item is None else n.stored(item.above))
            there = [item.above for item in items if item is not None]
            found.append((trees, *hull_of(there)))
        found.append(([n.stored(x) for x in scaled], *hull_of(scaled)))
        if sizes is not None:
            found.append(([n.stored(x) for x in sizes], *hull_of(sizes)))
        return found

    def _common(self, weights: list[Rational]) -> list[Whole]:
        n = self.arithmetic
        size = lcm(*(x.below.static or 1 for x in weights))
        return [n.multiply(x.above, n.constant(size // (x.below.static or 1))) for x in weights]

    def parts_of(self, side: list[Laid], trees: list[exp.Expression]) -> Possible:
        """For one side the part of each row: of what is shared by its weight."""
        return self._shares(self._as_side(side, *trees))

    def _as_side(
        self,
        side: list[Laid],
        low: exp.Expression,
        high: exp.Expression,
        weight: exp.Expression,
        size: exp.Expression | None = None,
    ) -> _Side:
        (_, a, b), (_, c, e), (_, f, g), *more = side
        if size is not None:
            ((_, smallest, largest),) = more
            assert smallest is not None
            assert largest is not None
            self._one_size(Whole(size, smallest, largest))
        return _Side(
            None if a is None or b is None else Whole(low, a, b),
            None if c is None or e is None else Whole(high, c, e),
            self._from_nothing(Whole(weight, f or 0, g or 0)),
        )

    def _from_nothing(self, weight: Whole) -> Whole:
        """A weight; one below nothing is in doubt, and must not make a share that does not fit."""
        n = self.arithmetic
        if ends(weight)[0] >= 0:
            return weight
        zero = n.constant(0)
        none = n.choose([(n.over(zero, weight), zero)], weight)
        return Whole(none.sql, 0, max(0, ends(weight)[1]))

    def _one_size(self, size: Whole) -> None:
        """Weights over other sizes than one are for the interpreter."""
        n = self.arithmetic
        mine = Whole(case([(self.among, size.sql)]), size.low, size.high) if known(self.among) is None else size
        least = self.put_in_column("least_size", n.smallest(mine, over=self.by))
        most = self.put_in_column("most_size", n.largest(mine, over=self.by))
        self.doubt(no(n.equal(least, most)))

    # ---- sharing

    def _shares(self, side: _Side) -> Possible:
        n = self.arithmetic
        zero = n.constant(0)
        nothing = exp.cast(exp.Null(), BIGINT.copy())
        weight = self.put_in_column("weight", side.weight)
        mine = (
            Whole(case([(self.among, weight.sql)], n.stored(zero)), 0, weight.high)
            if known(self.among) is None
            else weight
        )
        mine, total = self._weights(mine)
        lacks = truth(value=False) if never_null(mine.sql, self.frame.given) else self._some(is_null(mine.sql))
        if side.low is None or side.high is None:
            whole_fixed: exp.Expression = truth(value=False)
        else:
            whole_fixed = certainly(n.equal(side.low, side.high))
            if self.known_whole or not self.names.ranges:
                # A whole that is NULL makes each part NULL by itself.
                whole_fixed = truth(value=True)
        fixed = all_of(no(lacks), whole_fixed)
        empty = truth(value=False) if ends(total)[0] > 0 else all_of(no(lacks), n.equal(total, zero))
        none = (
            all_of(empty, whole_fixed, certainly(n.equal(side.low, zero)))
            if side.low is not None
            else truth(value=False)
        )
        if self.weighted is None:
            self.weighted = (
                no(empty) if self.alone and known(empty) is False else self.frame.bind("weighted", no(empty))
            )
            # Of the side with assumptions, which is the first.
            none = self.nothing = none if known(none) is not None else self.frame.bind("nothing", certainly(none))
        self.doubt(all_of(self.among, empty, no(none)))
        none = any_of(self.nothing, none)
        if self.step.spare not in {"largest_remainder", "first_listed"}:
            is_it = exp.EQ(this=exp.column(UNIT), expression=exp.Literal.string(self.step.spare))
            self.doubt(no(self._some(is_it)))
        divisor = total
        if ends(total)[0] <= 0:
            some = exp.Nullif(this=n.stored(total), expression=exp.Literal.number(0))
            divisor = Whole(some, 1, max(1, ends(total)[1]))
        exact = self._exact(side, mine, divisor, fixed) if side.low is not None and side.high is not None else None
        loose = self.names.ranges and known(fixed) is not True
        low = self._edge(side.low, mine, divisor, floor=True) if loose else None
        high = self._edge(side.high, mine, divisor, floor=False) if loose else None
        loose_low = loose_high = None
        if loose and side.low is not None:
            loose_low = _unless_null(side.low, n.least(side.low, zero))
        if loose and side.high is not None:
            loose_high = _unless_null(side.high, n.greatest(side.high, zero))

        def end(edge: Whole | None, loose: Whole | None) -> Rational | None:
            items: list[tuple[exp.Expression, Rational | None]] = [(none, r.constant(self, 0))]
            if exact is not None:
                items.append((fixed, Rational(exact, n.constant(1), blank=known(fixed) is None)))
            unweighted = all_of(no(lacks), n.equal(mine, zero))
            items.append((unweighted, r.constant(self, 0)))
            items.append((lacks, None if loose is None else Rational(loose, n.constant(1), blank=True)))
            return r.choose(self, items, None if edge is None else Rational(edge, n.constant(1), blank=True))

        del nothing
        found_low, found_high = end(low, loose_low), end(high, loose_high)
        if known(fixed) or not self.names.ranges:
            return Possible(Number(found_low, found_low))
        return Possible(Number(found_low, found_high))

    def _is_equal(self, weight: Whole) -> bool:
        """Whether all rows receive, and all by one weight that is known before the run."""
        return weight.static == 1 and known(self.among) is True

    def _weights(self, mine: Whole) -> tuple[Whole, Whole]:
        """The weight of each row and of all together, which both fit."""
        n = self.arithmetic
        most = self.most()
        if self._is_equal(mine):
            count = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[x.copy() for x in self.by])
            return mine, self.put_in_column("weights", Whole(count, 1, max(1, most)))
        try:
            total = n.total(mine, most, over=self.by)
        except Unproved:
            mine = r.clamped(self, self.put_in_column("weight", mine))
            total = n.total(mine, most, over=self.by)
        return mine, self.put_in_column("weights", Whole(exp.cast(total.sql, n.type_of(*ends(total))), *ends(total)))

    def _exact(self, side: _Side, weight: Whole, total: Whole, fixed: exp.Expression) -> Whole:
        n = self.arithmetic
        assert side.low is not None
        amount = self.put_in_column("amount", Whole(side.low.sql, *ends(side.low)))
        size = self.put_in_column("size", n.absolute(amount))
        above = self.put_in_column("share_above", r.times(self, size, weight))
        # No weight is above all of them together, and so no share above the whole.
        most = ends(size)[1]
        part = self.put_in_column("share", n.within(n.floor(above, total, (0, most)), 0, most))
        # What is cut off each share, in parts of the weights together: so small that it fits wherever these do.
        cut = n.subtract(above, r.times(self, part, total))
        rest = self.put_in_column("cut_off", Whole(cut.sql, 0, ends(total)[1]))
        if self._is_equal(weight):
            # As many parts of one size as there are weights.
            unshared = n.subtract(size, r.times(self, part, total))
            left = self.put_in_column("spare", Whole(unshared.sql, 0, ends(total)[1]))
        else:
            given = n.total(part, self.most(), over=self.by)
            left = self.put_in_column(
                "spare", n.subtract(size, Whole(exp.cast(given.sql, n.type_of(*ends(given))), *ends(given)))
            )
        del fixed
        one = n.constant(1)
        zero = n.constant(0)
        spare = self.step.spare
        if spare == "largest_remainder":
            rank = self._rank([exp.Ordered(this=rest.sql.copy(), desc=True, nulls_first=False)], self.among)
            extra = n.choose([(n.from_(left, rank), one)], zero)
        elif spare == "first_listed":
            rank = self._rank([], all_of(self.among, n.over(weight, zero)))
            extra = n.choose([(all_of(n.over(weight, zero), n.from_(left, rank)), one)], zero)
        else:
            is_it = exp.EQ(this=exp.column(UNIT), expression=exp.Literal.string(spare))
            first = self._rank([], all_of(self.among, is_it))
            extra = n.choose([(all_of(is_it, n.equal(first, one)), left)], zero)
        signed = n.add(part, extra)
        negative = n.over(zero, amount)
        return n.choose([(negative, n.negate(signed))], signed) if ends(amount)[0] < 0 else signed

    def _edge(self, end: Whole | None, weight: Whole, total: Whole, *, floor: bool) -> Whole | None:
        if end is None:
            return None
        n = self.arithmetic
        above = r.times(self, end, weight)
        low, high = min(0, ends(end)[0]), max(0, ends(end)[1])
        if floor:
            return n.floor(above, total, (low, high))
        return n.negate(n.floor(n.negate(above), total, (-high, -low)))

    def _rank(self, first: list[exp.Expression], among: exp.Expression) -> Whole:
        last = (
            [exp.Ordered(this=case([(among, exp.Literal.number(0))], exp.Literal.number(1)), nulls_first=False)]
            if known(among) is None
            else []
        )
        order = [*last, *first, *(exp.Ordered(this=x.copy(), nulls_first=False) for x in self.order)]
        window = exp.Window(
            this=exp.RowNumber(), partition_by=[x.copy() for x in self.by], order=exp.Order(expressions=order)
        )
        return self.put_in_column("rank", Whole(window, 1, max(2, self.most())))

    def _some(self, condition: exp.Expression) -> exp.Expression:
        """Whether some of those that share hold a condition."""
        condition = all_of(self.among, condition)
        if known(condition) is False:
            return condition
        count = exp.Window(
            this=exp.Sum(this=case([(condition, exp.Literal.number(1))], exp.Literal.number(0))),
            partition_by=[x.copy() for x in self.by],
        )
        column = self.frame.bind("some", count)
        return exp.GT(this=column, expression=exp.Literal.number(0))


def _unless_null(end: Whole, made: Whole) -> Whole:
    """What is made of an end, NULL where there is no end: the lesser of NULL and another is the other."""
    if made.sql == end.sql:
        return made
    return Whole(case([(is_given(end.sql), made.sql)]), made.low, made.high)
