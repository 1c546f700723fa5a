"""Allocation in order as SQL: each up to its limit, what is left on the row that shares out; mirrors interpret/allocate.py."""

from sqlglot import exp

from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import ranges
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import settled
from engine.sql.conditions import case, coalesced, is_null, no
from engine.sql.forms import ALWAYS, Number, Possible, Rational, Value
from engine.sql.levels import Bound
from engine.sql.marks import Mask
from engine.sql.pool import Laid, Pool, hull_of
from engine.sql.rows import BIGINT, bound_truth
from engine.sql.scope import Scope, Unsayable
from engine.sql.whole import Whole, ends, ordered
from grammar.diagnostic import Words


def positive(s: Scope, value: Value) -> Value:
    """The value, and nothing where it is less; with the marks it has."""
    zero = d.exact(s, 0)
    now = d.greatest(s, value.now, zero)
    base = now if value.base is value.now else d.greatest(s, value.base, zero)
    return Value(now, base, value.missing, value.assumed, value.defaults)


class InOrder(Pool):
    """Rows of all kinds that are filled up one after another."""

    def columns_of(self, which: int) -> list[Laid]:
        """For one side both ends of the whole and of the limits."""
        found: list[Laid] = []
        for items in self._items(which):
            if any(item is not None and item.below.static != 1 for item in items):
                raise Unsayable(Words("要分的数不到分", "a whole that is not in fen"))
            nothing = exp.cast(exp.Null(), BIGINT.copy())
            trees = [nothing.copy() if x is None else self.arithmetic.stored(x.above) for x in items]
            found.append((trees, *hull_of([x.above for x in items if x is not None])))
        return found

    def parts_of(self, side: list[Laid], trees: list[exp.Expression]) -> Possible:
        """For one side the part of each row: as much of what those before it leave as its limit takes."""
        items = self._items(len(self.parts))
        made = [self._end(x, laid, tree) for x, laid, tree in zip(items, side, trees, strict=True)]
        one = [all(x is y for x, y in zip(items[i], items[i + 1], strict=True)) for i in (0, 2)]
        whole = Number(made[0], made[0] if one[0] else made[1])
        limit = Number(made[2], made[2] if one[1] else made[3])
        self.limits.append(limit)
        taken_low = self._before(limit.low)
        taken = Number(taken_low, taken_low if limit.is_one else self._before(limit.high))
        up, down = (_left(self, Possible(x), Possible(taken)) for x in (whole, ranges.negate(self, whole)))
        return d.subtract(self, d.least(self, up, Possible(limit)), d.least(self, down, Possible(limit)))

    def together(self, mask: Mask) -> Mask:
        """The marks of the whole and of the limits up to a row's own."""

        def so_far(tree: exp.Expression, _at: int) -> exp.Expression:
            window = exp.Window(this=exp.BitwiseOrAgg(this=tree), partition_by=[x.copy() for x in self.by])
            return self.frame.bind("marks", ordered(window, self._order(), itself=True))

        return mask.whole(so_far)

    def _items(self, which: int) -> list[list[Rational | None]]:
        found: list[list[Rational | None]] = []
        for values in ([x.whole for x in self.receivers], [x.weight for x in self.receivers]):
            sides = [x.now if which == 0 else x.base for x in values]
            numbers = [d.number(x.rows, side) for x, side in zip(self.receivers, sides, strict=True)]
            found += [[x.low for x in numbers], [x.high for x in numbers]]
        return found

    def _end(self, items: list[Rational | None], laid: Laid, tree: exp.Expression) -> Rational | None:
        _, low, high = laid
        if low is None or high is None:
            return None
        blank = any(x is None or x.blank for x in items)
        return r.settled(self, Rational(Whole(tree, low, high), self.arithmetic.constant(1), blank), "end")

    def _before(self, end: Rational | None) -> Rational | None:
        """The sum over the rows before; no number where one of them has none, nothing before the first."""
        if end is None:
            # Nothing says what is left after the first.
            first = exp.Window(this=exp.RowNumber(), partition_by=[x.copy() for x in self.by], order=self._order())
            place = self.frame.bind("rank", first)
            is_first = exp.EQ(this=place, expression=exp.Literal.number(1))
            return r.choose(self, [(is_first, r.constant(self, 0))], None)
        n = self.arithmetic
        mine = Whole(coalesced(end.above.sql, exp.Literal.number(0)), *ends(end.above)) if end.blank else end.above
        summed = n.total(mine, self.most(), over=self.by, before=self._order())
        zero = n.stored(n.constant(0))
        total = Whole(coalesced(exp.cast(summed.sql, n.type_of(*ends(summed))), zero), *ends(summed))
        made = r.whole(self, self.put_in_column("taken", total))
        if not end.blank:
            return made
        lacks = exp.Sum(this=case([(is_null(end.above.sql), exp.Literal.number(1))], exp.Literal.number(0)))
        window = exp.Window(this=lacks, partition_by=[x.copy() for x in self.by])
        column = self.frame.bind(
            "endless", coalesced(ordered(window, self._order(), itself=False), exp.Literal.number(0))
        )
        return r.choose(self, [(exp.GT(this=column, expression=exp.Literal.number(0)), None)], made)

    def _order(self) -> exp.Order:
        return exp.Order(expressions=[exp.Ordered(this=x.copy(), nulls_first=False) for x in self.order])

    # ---- what is left over

    def leave(self, whole: Value) -> None:
        """Add what nobody takes to the rows that share out, and count each as a whole that is shared."""
        assert self.step.left is not None
        parent = self.parent
        plain = settled(parent, v.readable(parent, whole), "whole")
        sides = [plain.now] if plain.base is plain.now and len(self.parts) < _BOTH else [plain.now, plain.base]
        made: list[Possible] = []
        for which, side in enumerate(sides):
            limit = self.limits[min(which, len(self.limits) - 1)] if self.limits else None
            taken = Possible(self._taken(limit) if limit is not None else ranges.exactly(r.constant(parent, 0)))
            up, down = (_left(parent, x, taken) for x in (side, d.negate(parent, side)))
            made.append(d.subtract(parent, up, down))
        masks = [
            m.either((mine, self._of_all(i))) for i, mine in enumerate((plain.missing, plain.assumed, plain.defaults))
        ]
        value = v.tidied(parent, made[0], made[-1], *masks)
        gaps = (whole.now,) if whole.base is whole.now else (whole.now, whole.base)
        reads = m.either(m.when(d.has_gap(x), x.reads) for x in gaps)
        gone = d.is_gone(whole.now, ALWAYS)
        clauses = "、".join(self.step.allocation.clauses)
        parent.put(
            self.step.left,
            v.choose(parent, [(gone, v.stated(d.absent(reads)))], value),
            f"{self.step.left} {clauses}".strip(),
        )
        parent.shared.append((self.step, bound_truth(parent, "shared", no(gone))))

    def _taken(self, limit: Number) -> Number:
        low = self._sum(limit.low)
        return Number(low, low if limit.is_one else self._sum(limit.high))

    def _sum(self, end: Rational | None) -> Rational | None:
        """The sum over all rows under each row that shares out."""
        n = self.arithmetic
        zero = n.stored(n.constant(0))
        if end is None:
            rows = self._over("rows", exp.Count(this=exp.Star()))
            some = exp.GT(this=coalesced(rows, exp.Literal.number(0)), expression=exp.Literal.number(0))
            return r.choose(self.parent, [(some, None)], r.constant(self.parent, 0))
        total = n.total(end.above, self.most())
        summed = self._over("taken", exp.cast(total.sql, n.type_of(*ends(total))))
        made = r.whole(self.parent, Whole(coalesced(summed, zero), *ends(total)))
        if not end.blank:
            return made
        one, none = exp.Literal.number(1), exp.Literal.number(0)
        lacking = self._over("endless", exp.Sum(this=case([(is_null(end.above.sql), one)], none)))
        return r.choose(self.parent, [(exp.GT(this=coalesced(lacking, none), expression=none.copy()), None)], made)

    def _of_all(self, i: int) -> Mask:
        """The marks of all limits."""
        if not self.receivers:
            return m.NO_MARKS

        def of_all(tree: exp.Expression, _at: int) -> exp.Expression:
            found = self._over("marks", exp.BitwiseOrAgg(this=tree))
            return coalesced(found, exp.Literal.number(0))

        return self.masks[i].whole(of_all)

    def _over(self, hint: str, aggregate: exp.Expression) -> exp.Expression:
        """An aggregate over the rows that share, beside each row they share of; NULL where there are none."""
        (by,) = self.by
        assert isinstance(by, exp.Column)
        self.frame.stores([by.name, *(x.name for x in aggregate.find_all(exp.Column))])
        alias = f"of_{self.step.column}"
        join = self.parent.frame.gather(alias, self.frame.source, by.copy(), self.frame.where)
        name = f"{hint}_{len(join.columns) + 1}"
        join.columns.append(Bound(name, aggregate))
        return self.parent.frame.bind(hint, exp.column(name, table=join.alias))


_BOTH = 2


def _left(s: Scope, whole: Possible, taken: Possible) -> Possible:
    """What is left of a whole, no less than nothing, where what is taken of it is."""
    zero = d.exact(s, 0)
    return d.greatest(s, d.subtract(s, d.greatest(s, whole, zero), taken), zero)
