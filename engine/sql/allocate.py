"""Exact allocation as SQL: parts in whole fen that add up to the whole; mirrors interpret/allocate.py."""

from collections.abc import Mapping
from math import lcm

from sqlglot import exp

from engine.nouns.core import Read
from engine.nouns.pipeline import Allocate
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import changed, settled
from engine.sql.conditions import all_of, any_of, case, certainly, is_given, is_null, known, no, truth
from engine.sql.derive import rounded
from engine.sql.expressions import evaluate
from engine.sql.forms import ALWAYS, Number, Possible, Rational, Value
from engine.sql.gather import joined_above, names_of
from engine.sql.layout import PLACE, ROW, UNIT
from engine.sql.levels import Frame, Stack, own
from engine.sql.marks import Mask
from engine.sql.rows import BIGINT, Beside, Rows
from engine.sql.scope import Names, Unsayable
from engine.sql.whole import Arithmetic, Unproved, Whole, ends
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


@dataclass(slots=True)
class _Receiver:
    rows: Rows
    whole: Value
    weight: Value
    up: exp.Expression
    among: exp.Expression


def allocate(rows: Mapping[str, Rows], step: Allocate) -> None:
    """Add the parts of a whole, one on each row that receives."""
    if step.method == "in_order":
        raise Unsayable(Words("依次分配", "shares up to a limit each"))
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
    if not receivers:
        return
    pool = _Pool(parent, step, receivers)
    pool.share()
    for receiver in receivers:
        receiver.rows.put(
            step.column, pool.part(receiver), f"{step.column} {'、'.join(step.allocation.clauses)}".strip()
        )


def _receiver(mine: Rows, parent: Rows, whole: Value, step: Allocate) -> _Receiver:
    up = mine.ups[parent.table.name][0]
    there = Beside(mine, joined_above(mine, parent, up)).value(whole, "shared")
    among = is_given(up) if not mine.ups[parent.table.name][1] else truth(value=True)
    if step.method == "equally":
        weight = v.exactly(mine, 1)
        if mine.refused is not None and known(mine.refused) is not False:
            among = all_of(among, no(mine.refused))
    else:
        weight = settled(mine, evaluate(mine, step.weight[mine.table.name]), "weight")
        low, zero = d.number(mine, weight.now).low, r.constant(mine, 0)
        if low is not None and not low.is_never_negative:
            mine.doubt(all_of(among, d.is_point(mine, weight.now), r.over(mine, zero, low)))
        if not weight.is_known:
            now = d.clip(mine, weight.now, zero, None)
            base = now if weight.base is weight.now else d.clip(mine, weight.base, zero, None)
            weight = v.tidied(mine, now, base, weight.missing, weight.assumed, weight.defaults)
    return _Receiver(mine, there, weight, up, among)


class _Pool:
    """The rows of all kinds that share a whole, together."""

    def __init__(self, parent: Rows, step: Allocate, receivers: list[_Receiver]) -> None:
        self.parent = parent
        self.step = step
        self.receivers = receivers
        self.one_side = all(x.whole.now is x.whole.base and x.weight.now is x.weight.base for x in receivers)
        self.alone = len(receivers) == 1
        self.frame: Frame
        self.by: list[exp.Expression]
        self.parts: list[Possible] = []
        self.masks: list[Mask] = []
        self.weighted: exp.Expression | None = None

    # ---- what a scope is asked

    @property
    def arithmetic(self) -> Arithmetic:
        """Whole numbers in the engine's dialect."""
        return self.parent.arithmetic

    @property
    def names(self) -> Names:
        """The names of marks."""
        return self.parent.names

    def column(self, name: str) -> Value:
        """Columns by name are each kind's own."""
        raise Unsayable(Words(name, name))

    def parameter(self, name: str) -> Value:
        """Parameters are each kind's own."""
        raise Unsayable(Words(name, name))

    def given(self, name: str) -> exp.Expression:
        """What is given is each kind's own."""
        raise Unsayable(Words(name, name))

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column of its own."""
        del kind
        return self.frame.bind(hint, sql)

    def doubt(self, condition: exp.Expression) -> None:
        """Rows that are settled again."""
        if known(condition) is not False:
            self.doubts.append(condition)

    # ---- the columns that all receivers have alike

    def share(self) -> None:
        """Work the parts out."""
        sides = [self._columns(which) for which in ((0,) if self.one_side else (0, 1))]
        masks = [self._mask(i) for i in range(3)]
        self.doubts: list[exp.Expression] = []
        if self.alone:
            only = self.receivers[0]
            self.frame = only.rows.frame
            self.by = [only.up]
            order: list[exp.Expression] = [exp.column(PLACE), exp.column(ROW)]
            among = only.among
            laid = [[x[0][0] for x in side] for side in sides]
            laid_masks = [each[0] for each in masks]
        else:
            laid, laid_masks, among = self._stacked(sides, masks)
            order = [exp.column(PLACE), exp.column(_KIND), exp.column(ROW)]
            self.by = [exp.column(_UP)]
        self.order = order
        self.among = among
        for side, trees in zip(sides, laid, strict=True):
            self.parts.append(self._shares(self._as_side(side, *trees)))
        self.masks = [self._together(mask) for mask in laid_masks]
        if self.alone:
            self.receivers[0].rows.doubts += self.doubts
        else:
            self._give_back()

    def _columns(self, which: int) -> list[tuple[list[exp.Expression], int | None, int | None]]:
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
            found.append((trees, *_hull(there)))
        found.append(([n.stored(x) for x in scaled], *_hull(scaled)))
        if sizes is not None:
            found.append(([n.stored(x) for x in sizes], *_hull(sizes)))
        return found

    def _common(self, weights: list[Rational]) -> list[Whole]:
        n = self.arithmetic
        size = lcm(*(x.below.static or 1 for x in weights))
        return [n.multiply(x.above, n.constant(size // (x.below.static or 1))) for x in weights]

    def _mask(self, i: int) -> list[Mask]:
        """For one kind of marks those of each receiver."""
        found = []
        for x in self.receivers:
            whole = (x.whole.missing, x.whole.assumed, x.whole.defaults)[i]
            if i == 0:
                whole = v.readable(x.rows, x.whole).missing
            found.append(m.either((whole, (x.weight.missing, x.weight.assumed, x.weight.defaults)[i])))
        return found

    def _stacked(
        self,
        sides: list[list[tuple[list[exp.Expression], int | None, int | None]]],
        masks: list[list[Mask]],
    ) -> tuple[list[list[exp.Expression]], list[Mask], exp.Expression]:
        """The rows of all kinds in one table."""
        name = self.parent.frame.tables_of.new(f"{self.parent.frame.name}_shared")
        parts: list[tuple[str, exp.Expression | None, dict[str, exp.Expression]]] = []
        columns = [_UP, _KIND, ROW, PLACE, UNIT, "among"]
        names = [
            [f"{end}_{which}" for end in ("low", "high", "weight", "size")[: len(side)]]
            for which, side in enumerate(sides)
        ]
        of_all = [Mask(0, (), m.either(each).may) for each in masks]
        mask_names = [[f"{name}_{at}" for at in mask.places] for name, mask in zip(_MARKS, of_all, strict=True)]
        for place, x in enumerate(self.receivers):
            trees: dict[str, exp.Expression] = {
                _UP: x.up,
                _KIND: exp.cast(exp.Literal.number(place), "SMALLINT"),
                ROW: exp.column(ROW),
                PLACE: exp.column(PLACE),
                UNIT: exp.column(UNIT),
                "among": x.among,
            }
            for side, mine in zip(sides, names, strict=True):
                for (laid, low, high), column in zip(side, mine, strict=True):
                    kind = self.arithmetic.type_of(low or 0, high or 0)
                    trees[column] = exp.cast(laid[place].copy(), kind)
            for each, marks in zip(masks, mask_names, strict=True):
                for at, column in enumerate(marks):
                    trees[column] = exp.cast(each[place].word(at), BIGINT.copy())
            x.rows.frame.stores(c.name for t in trees.values() for c in t.find_all(exp.Column))
            parts.append((x.rows.frame.source, x.rows.frame.where, {k: t.copy() for k, t in trees.items()}))
        self.parent.frame.program.append(Stack(name, parts))
        columns += [c for mine in (*names, *mask_names) for c in mine]
        self.frame = Frame(f"{name}_parts", name, None, columns, self.parent.frame.program, self.parent.frame.tables_of)
        return (
            [[exp.column(c) for c in mine] for mine in names],
            [_laid(mask, mine) for mask, mine in zip(of_all, mask_names, strict=True)],
            exp.column("among"),
        )

    def _as_side(
        self,
        side: list[tuple[list[exp.Expression], int | None, int | None]],
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
            Whole(weight, max(0, f or 0), max(0, g or 0)),
        )

    def _one_size(self, size: Whole) -> None:
        """Weights over other sizes than one are for the interpreter."""
        n = self.arithmetic
        mine = Whole(case([(self.among, size.sql)]), size.low, size.high) if known(self.among) is None else size
        least = self._column("least_size", n.smallest(mine, over=self.by))
        most = self._column("most_size", n.largest(mine, over=self.by))
        self.doubt(no(n.equal(least, most)))

    # ---- sharing

    def _shares(self, side: _Side) -> Possible:
        n = self.arithmetic
        zero = n.constant(0)
        nothing = exp.cast(exp.Null(), BIGINT.copy())
        weight = self._column("weight", side.weight)
        mine = (
            Whole(case([(self.among, weight.sql)], n.stored(zero)), 0, weight.high)
            if known(self.among) is None
            else weight
        )
        most = self._most()
        try:
            total = n.total(mine, most, over=self.by)
        except Unproved:
            mine = r.clamped(self, self._column("weight", mine))
            total = n.total(mine, most, over=self.by)
        total = self._column("weights", Whole(exp.cast(total.sql, n.type_of(*ends(total))), *ends(total)))
        lacks = self._some(is_null(mine.sql))
        if side.low is None or side.high is None:
            whole_fixed: exp.Expression = truth(value=False)
        else:
            whole_fixed = certainly(n.equal(side.low, side.high))
        fixed = all_of(no(lacks), whole_fixed)
        empty = all_of(no(lacks), n.equal(total, zero))
        none = (
            all_of(empty, whole_fixed, certainly(n.equal(side.low, zero)))
            if side.low is not None
            else truth(value=False)
        )
        self.doubt(all_of(self.among, empty, no(none)))
        if self.weighted is None:
            self.weighted = self.frame.bind("weighted", no(empty))
        divisor = Whole(exp.Nullif(this=n.stored(total), expression=exp.Literal.number(0)), 1, max(1, ends(total)[1]))
        exact = self._exact(side, mine, divisor, fixed) if side.low is not None and side.high is not None else None
        low = self._edge(side.low, mine, divisor, floor=True)
        high = self._edge(side.high, mine, divisor, floor=False)
        loose_low = None if side.low is None else _unless_null(side.low, n.least(side.low, zero))
        loose_high = None if side.high is None else _unless_null(side.high, n.greatest(side.high, zero))

        def end(edge: Whole | None, loose: Whole | None) -> Rational | None:
            items: list[tuple[exp.Expression, Rational | None]] = [(none, r.constant(self, 0))]
            if exact is not None:
                items.append((fixed, Rational(exact, n.constant(1), blank=True)))
            unweighted = all_of(no(lacks), n.equal(mine, zero))
            items.append((unweighted, r.constant(self, 0)))
            items.append((lacks, None if loose is None else Rational(loose, n.constant(1), blank=True)))
            return r.choose(self, items, None if edge is None else Rational(edge, n.constant(1), blank=True))

        del nothing
        found_low, found_high = end(low, loose_low), end(high, loose_high)
        if known(fixed):
            return Possible(Number(found_low, found_low))
        return Possible(Number(found_low, found_high))

    def _exact(self, side: _Side, weight: Whole, total: Whole, fixed: exp.Expression) -> Whole:
        n = self.arithmetic
        assert side.low is not None
        amount = self._column("amount", Whole(side.low.sql, *ends(side.low)))
        size = self._column("size", n.absolute(amount))
        above = self._column("share_above", r.times(self, size, weight))
        # No weight is above all of them together, and so no share above the whole.
        part = self._column("share", n.within(n.floor(above, total), 0, ends(size)[1]))
        # What is cut off each share, in parts of the weights together: so small that it fits wherever these do.
        cut = n.subtract(above, r.times(self, part, total))
        rest = self._column("cut_off", Whole(cut.sql, 0, ends(total)[1]))
        given = n.total(part, self._most(), over=self.by)
        left = self._column(
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
            self.doubt(no(self._some(is_it)))
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
        return n.floor(above, total) if floor else n.negate(n.floor(n.negate(above), total))

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
        return self._column("rank", Whole(window, 1, max(2, self._most())))

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

    def _together(self, mask: Mask) -> Mask:
        def of_all(tree: exp.Expression, _at: int) -> exp.Expression:
            inner = tree if known(self.among) else case([(self.among, tree)], exp.Literal.number(0))
            window = exp.Window(this=exp.BitwiseOrAgg(this=inner), partition_by=[x.copy() for x in self.by])
            return self.frame.bind("marks", window)

        return mask.whole(of_all)

    def _column(self, hint: str, whole: Whole) -> Whole:
        if whole.static is not None or isinstance(whole.sql, exp.Column):
            return whole
        return Whole(
            self.frame.bind(hint, whole.sql if whole.sql.parent is None else whole.sql.copy()), whole.low, whole.high
        )

    def _most(self) -> int:
        found = 0
        for x in self.receivers:
            found += (x.rows.relation.most_children or {}).get(self.parent.table.name, x.rows.relation.rows)
        return max(1, found)

    # ---- back to the rows of each kind

    def _give_back(self) -> None:
        """Parts, marks and doubts in columns that each kind reads again."""
        now, *base = self.parts
        value = Value(now, base[0] if base else now, *self.masks)

        def change(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
            return self.frame.bind(f"part_{part}".strip("_"), tree if tree.parent is None else tree.copy())

        value = changed(value, self.arithmetic, change)
        doubt = any_of(*(certainly(x) for x in self.doubts))
        self.doubt_column = None if known(doubt) is False else self.frame.bind("in_doubt", doubt)
        self.frame.put_down()
        self.value = value

    def part(self, receiver: _Receiver) -> Value:
        """The part of each row of a kind; absent where the whole is, or a gate took the row out."""
        mine = receiver.rows
        if self.alone:
            now, *base = self.parts
            found = Value(now, base[0] if base else now, *self.masks)
            assert self.weighted is not None
            mine.shared.append((self.step, self.weighted))
        else:
            place = self.receivers.index(receiver)
            on = exp.And(
                this=exp.EQ(this=exp.column(ROW, table="part"), expression=own(ROW)),
                expression=exp.EQ(this=exp.column(_KIND, table="part"), expression=exp.Literal.number(place)),
            )
            beside = Beside(mine, mine.frame.join("part", self.frame.source, on))
            found = beside.value(self.value, "part")
            assert self.weighted is not None
            mine.shared.append((self.step, beside.tree(self.weighted, "weighted")))
            if self.doubt_column is not None:
                mine.doubt(beside.tree(self.doubt_column, "part_in_doubt"))
        value = v.tidied(mine, found.now, found.base, found.missing, found.assumed, found.defaults)
        sides = (
            (receiver.whole.now,)
            if receiver.whole.base is receiver.whole.now
            else (receiver.whole.now, receiver.whole.base)
        )
        reads = m.either(m.when(d.has_gap(x), x.reads) for x in sides)
        gone = d.is_gone(receiver.whole.now, ALWAYS)
        cases = [(gone, v.stated(d.absent(reads)))]
        if self.step.method == "equally" and mine.refused is not None:
            cases.insert(0, (mine.refused, v.stated(d.absent(m.NO_MARKS))))
        return v.choose(mine, cases, value)


def _laid(mask: Mask, columns: list[str]) -> Mask:
    """Marks as they lie in columns."""
    return mask.whole(lambda _, at: exp.column(columns[at]))


def _unless_null(end: Whole, made: Whole) -> Whole:
    """What is made of an end, NULL where there is no end: the lesser of NULL and another is the other."""
    if made.sql == end.sql:
        return made
    return Whole(case([(is_given(end.sql), made.sql)]), made.low, made.high)


def _hull(items: list[Whole]) -> tuple[int | None, int | None]:
    if not items:
        return None, None
    both = [ends(x) for x in items]
    return min(low for low, _ in both), max(high for _, high in both)
