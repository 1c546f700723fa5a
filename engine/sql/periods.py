"""Columns of earlier periods, and places among siblings, as SQL: mirrors interpret/look_back.py and the places of interpret/gather.py."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Sequence_
from functools import reduce

from sqlglot import exp

from engine.nouns import core as c
from engine.nouns.pipeline import Carry, Sequence, Step
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import settled
from engine.sql.conditions import all_of, any_of, certainly, is_given, is_null, known, no, truth
from engine.sql.expressions import evaluate
from engine.sql.forms import ALWAYS, ANYTHING, NEVER, PERHAPS, Number, Possible, Rational, Value
from engine.sql.gather import names_of
from engine.sql.history import history
from engine.sql.layout import FROM_DATA, INSURANCE, NUMBER, PARENT, PARENT_KIND, ROW, SCENARIO, UNIT, YEAR, Layout
from engine.sql.levels import Bound, Join, own
from engine.sql.marks import Mask
from engine.sql.rows import Beside, Rows, bound_truth, given
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole
from grammar.diagnostic import Words
from grammar.frozen import dataclass

_PREVIOUS = {"year": "上年", "half": "上半年", "quarter": "上季", "month": "上月", "row": "上年"}
_PER_YEAR = {"year": 1, "half": 2, "quarter": 4, "month": 12}
Years = Mapping[int, Mapping[str, Rows]]
_Window = list[tuple[Value, exp.Expression] | None]


@dataclass(frozen=True, slots=True)
class Past:
    """What was settled before: the years, and of the year at hand the periods, where it is worked out one by one."""

    years: Years
    done: Sequence_[Mapping[str, Rows]] = ()


def waits_for_periods(rows: Rows, step: Step) -> bool:
    """Whether a step is said period by period: what is gathered of the periods so far is no sum that windows give."""
    if not isinstance(step, Carry) or step.count is not None or step.child is not None:
        return False
    if step.function in {"value", "exists"} or rows.period is not None:
        return False
    return not (step.kind.is_number and step.function == "sum" and rows.relation.unique)


def carry(rows: Rows, step: Carry, past: Past, layout: Layout, needs_data: frozenset[tuple[str, str]]) -> None:
    """Add a column of earlier periods."""
    own_rows = step.child is None
    if own_rows and rows.table.grain not in _PER_YEAR:
        raise Unsayable(Words("逐笔的行读以前的行", "single rows that read earlier ones"))
    earlier_rows = _Earlier(rows, step, past, made_up=(step.table, step.source) in needs_data)
    match step.function:
        case "exists":
            rows.put(step.column, _exists(rows, earlier_rows))
        case "value":
            rows.put(step.column, _before(rows, step, earlier_rows))
        case _ if not own_rows:
            rows.put(step.column, history(rows, step, layout))
        case _ if step.count is None and rows.period is None:
            rows.put(step.column, _this_year(rows, step))
        case _:
            rows.put(step.column, _window(rows, step, earlier_rows))


# ---- the same unit in an earlier period


class _Earlier:
    """The rows of the same units in earlier periods, of this year or of those before."""

    def __init__(self, rows: Rows, step: Carry, past: Past, *, made_up: bool) -> None:
        self.rows = rows
        self.step = step
        self.past = past
        # Rows of a year are there because the data gives them, save those that stand above all.
        self.made_up = made_up and (rows.table.grain != "year" or not rows.table.parents)
        self.per = _PER_YEAR.get(rows.table.grain, 1)

    def closed(self, count: int) -> tuple[Value, exp.Expression] | None:
        """A column some periods earlier, and whether there is such a row or datum; None where no row has one."""
        found = self.told(count)
        return None if found is None else found[:2]

    def told(self, count: int) -> tuple[Value, exp.Expression, exp.Expression] | None:
        """The same, and whether there is a row whose datum was left blank."""
        back = count * self.per // _PER_YEAR[self.step.grain]
        rows = self.rows
        ways: list[tuple[exp.Expression, Value, exp.Expression, exp.Expression]] = []
        for holds, year, number in self._where(back):
            before = self._rows_of(year, number)
            if before is None or self.step.source not in before.columns:
                continue
            ways.append((holds, *self._beside(before, year, number, back)))
        if not ways:
            return None
        *others, (_, value, last, blank) = ways
        there = last if not others else any_of(*(all_of(holds, is_there) for holds, _, is_there, _ in ways))
        blank = blank if not others else any_of(*(all_of(holds, is_blank) for holds, _, _, is_blank in ways))
        value = v.choose(rows, [(holds, x) for holds, x, _, _ in others], value)
        if others:
            value = settled(rows, value, "earlier")
        return value, bound_truth(rows, "there", there), blank

    def so_far(self, number: int) -> tuple[Value, exp.Expression] | None:
        """A column of a period of the year, as it stands."""
        rows = self.rows
        if number == rows.period:
            return rows.column(self.step.source), truth(value=True)
        before = self.past.done[number - 1][rows.table.name]
        if self.step.source not in before.columns:
            return None
        join, alias = self._join(before, None, None)
        return self._value(before, join, alias)

    def _where(self, back: int) -> Iterator[tuple[exp.Expression, int, int | None]]:
        """For which rows what is sought lies in which year, and in which period where that is one alone."""
        year, period = self.rows.year, self.rows.period
        if self.per == 1:
            yield truth(value=True), year - back, None
        elif period is not None:
            index = year * self.per + period - 1 - back
            yield truth(value=True), index // self.per, index % self.per + 1
        else:
            found: dict[int, list[int]] = {}
            for number in range(1, self.per + 1):
                found.setdefault((year * self.per + number - 1 - back) // self.per, []).append(number)
            for earlier_year, numbers in found.items():
                low = exp.GTE(this=exp.column(NUMBER), expression=exp.Literal.number(numbers[0]))
                high = exp.LTE(this=exp.column(NUMBER), expression=exp.Literal.number(numbers[-1]))
                holds: exp.Expression = low if numbers[-1] == self.per else high
                yield (truth(value=True) if len(numbers) == self.per else holds), earlier_year, None

    def _rows_of(self, year: int, number: int | None) -> Rows | None:
        name = self.rows.table.name
        if year == self.rows.year and number is not None:
            return self.past.done[number - 1][name]
        return self.past.years.get(year, {}).get(name)

    def _beside(
        self, before: Rows, year: int, number: int | None, back: int
    ) -> tuple[Value, exp.Expression, exp.Expression]:
        rows, step = self.rows, self.step
        shift = back + (year - rows.year) * self.per if self.per > 1 and number is None else None
        figure = rows.scheme.figures.get((step.table, step.source))
        refused = before.refused if figure is not None and figure.kind.is_money else None
        if isinstance(refused, exp.Column):
            # Where it is the same table this puts down what is there so far: nothing may be joined to it yet.
            before.frame.stores([refused.name])
        join, alias = self._join(before, number if before.period is None else None, shift)
        found, there = self._value(before, join, alias)
        blank: exp.Expression = truth(value=False)
        if refused is not None:
            if isinstance(refused, exp.Column):
                refused = Beside(rows, join).tree(refused, f"{alias}_refused")
            there = all_of(there, no(exp.Coalesce(this=refused.copy(), expressions=[truth(value=False)])))
        elif figure is None:
            waits = rows.names.mask([step.source])
            if found.missing.may:
                only = exp.Coalesce(this=m.are(found.missing, waits), expressions=[truth(value=False)])
                there, blank = all_of(there, no(only)), all_of(there, only)
        if self.made_up:
            begun = self._begun(back)
            there, blank = all_of(there, begun), all_of(blank, begun)
        return found, bound_truth(rows, f"{alias}_there", there), blank

    def _value(self, before: Rows, join: Join, alias: str) -> tuple[Value, exp.Expression]:
        rows, step = self.rows, self.step
        value = before.columns[step.source]
        beside = Beside(rows, join)
        there = is_given(beside.tree(exp.column(ROW), f"{alias}_row"))
        # Where there is no row all of its columns are NULL: what the result then is, `there` decides.
        hint = f"earlier_{rows.scheme.labels.id(step.source, step.table)}"
        return _not_null(beside.value(value, hint)), there

    def _join(self, before: Rows, number: int | None, shift: int | None) -> tuple[Join, str]:
        """The earlier row beside each row; ``number`` is its period, ``shift`` how many periods back it lies."""
        rows, step = self.rows, self.step
        before.frame.stores(names_of(before.columns[step.source], before))
        alias = f"{rows.scheme.labels.id(step.table)}_{before.year}"
        if before.period is not None:
            alias = f"{alias}_{before.period}"
        where = before.frame.where
        if number is not None:
            alias = f"{alias}_{number}"
            this = exp.EQ(this=exp.column(NUMBER), expression=exp.Literal.number(number))
            where = this if where is None else exp.And(this=where.copy(), expression=this)
        mine: dict[str, exp.Expression] = {UNIT: own(UNIT), INSURANCE: own(INSURANCE)}
        if rows.varying is not None:
            mine[SCENARIO] = own(SCENARIO)
        if shift is not None:
            mine[NUMBER] = own(NUMBER) if not shift else exp.Sub(this=own(NUMBER), expression=exp.Literal.number(shift))
        if rows.relation.unique:
            tests: list[exp.Expression] = [
                (exp.NullSafeEQ if key == INSURANCE else exp.EQ)(this=exp.column(key, table=alias), expression=tree)
                for key, tree in mine.items()
            ]
            on = reduce(lambda a, b: exp.And(this=a, expression=b), tests)
            return rows.frame.join(alias, before.frame.source, on, where), alias
        # Of units of one name, the last that the data lists is the one that stands for the name.
        gathered = rows.frame.gather_by(f"{alias}_last", before.frame.source, mine, where)
        if not gathered.columns:
            gathered.columns.append(Bound("last", exp.Max(this=exp.column(ROW))))
        last = rows.frame.bind(f"{alias}_last", exp.column("last", table=gathered.alias))
        rows.frame.stores([last.name])
        on_row = exp.EQ(this=exp.column(ROW, table=alias), expression=own(last.name))
        return rows.frame.join(alias, before.frame.source, on_row, where), alias

    def _begun(self, back: int) -> exp.Expression:
        """Whether by then a row of the unit was given: what it has begins with the first that is."""
        rows, relation = self.rows, self.rows.relation
        join = rows.frame.gather_by(
            f"{rows.scheme.labels.id(self.step.table)}_begun",
            relation.sql,
            {UNIT: own(UNIT), INSURANCE: own(INSURANCE)},
            exp.column(FROM_DATA),
        )
        periods = exp.Add(
            this=exp.Mul(this=exp.column(YEAR), expression=exp.Literal.number(self.per)),
            expression=exp.column(NUMBER),
        )
        if not join.columns:
            join.columns.append(Bound("first", exp.Min(this=periods if self.per > 1 else exp.column(YEAR))))
        first = rows.frame.bind("begun", exp.column("first", table=join.alias))
        if self.per == 1:
            return certainly(exp.LTE(this=first, expression=exp.Literal.number(rows.year - back)))
        limit = exp.Literal.number(rows.year * self.per - back)
        return certainly(exp.LTE(this=exp.Sub(this=first, expression=exp.column(NUMBER)), expression=exp.paren(limit)))


def _not_null(value: Value) -> Value:
    """The value with masks and absence that are never NULL."""

    def filled(mask: Mask) -> Mask:
        return mask.each(lambda tree, _: exp.Coalesce(this=tree.copy(), expressions=[exp.Literal.number(0)]))

    def possible(x: Possible) -> Possible:
        gone = x.gone
        if not isinstance(gone, int):
            gone = exp.Coalesce(this=gone.copy(), expressions=[exp.Literal.number(0)])
        return Possible(x.what, gone, filled(x.reads), x.perhaps)

    now = possible(value.now)
    base = now if value.base is value.now else possible(value.base)
    return Value(now, base, filled(value.missing), filled(value.assumed), filled(value.defaults))


def _exists(rows: Rows, earlier_rows: _Earlier) -> Value:
    found = earlier_rows.closed(1)
    no_ = v.exactly(rows, value=False)
    if found is None:
        return no_
    value, there = found

    def present(x: Possible) -> Possible:
        gone = exp.Case(
            ifs=[
                exp.If(this=d.is_gone(x, ALWAYS).copy(), true=truth(value=False)),
                exp.If(this=d.is_gone(x, PERHAPS).copy(), true=exp.cast(exp.Null(), "BOOLEAN")),
            ],
            default=truth(value=True),
        )
        if not rows.names.ranges and d.may_be_null(x):
            # What is NULL may be absent.
            return d.choose(rows, [(d.is_point(rows, x), d.exact(rows, value=True))], d.unknown("yes_no"))
        if x.gone == NEVER:
            return d.exact(rows, value=True)
        return d.answer(gone, blank=True)

    now = present(value.now)
    base = now if value.base is value.now else present(value.base)
    return v.choose(rows, [(there, v.marked(rows, now, base, [value]))], no_)


def _before(rows: Rows, step: Carry, earlier_rows: _Earlier) -> Value:
    """The closed value; where there is none, or the figure was absent, the opening value; a blank datum stays open."""
    name = f"{_PREVIOUS[step.grain]}{step.source}"
    start = (
        evaluate(rows, step.opening)
        if step.opening is not None
        else Value(ANYTHING, ANYTHING, m.fixed(rows.names.mask([name])))
    )
    found = earlier_rows.told(1)
    if found is None:
        rows.opened[step.column] = truth(value=True)
        return start
    start = settled(rows, start, "opening")
    value, there, blank = found
    blank = bound_truth(rows, "blank", all_of(blank, _waits(rows, step)))
    sides = (value.now,) if value.base is value.now else (value.now, value.base)
    gap = any_of(*(d.has_gap(x) for x in sides))
    rows.opened[step.column] = any_of(all_of(no(there), no(blank)), gap)
    waiting = [(blank, Value(value.now, value.base, m.fixed(rows.names.mask([name]))))] if known(blank) is None else []
    if isinstance(step.opening, c.Read):
        _same_opening(rows, step.opening.column, value, all_of(there, no(gap)))
    if known(gap) is False:
        return v.choose(rows, [*waiting, (there, value)], start)
    filled = [
        d.choose(
            rows,
            [
                (d.is_gone(x, ALWAYS), y),
                (
                    d.is_gone(x, PERHAPS),
                    d.hull(rows, [(truth(value=True), Possible(x.what)), (truth(value=True), y)])
                    if rows.names.ranges
                    else ANYTHING,
                ),
            ],
            x,
        )
        for x, y in ((value.now, start.now), (value.base, start.base))
    ]
    alike = value.base is value.now and start.base is start.now
    now, base = filled[0], filled[0] if alike else filled[1]
    made = v.marked(rows, now, base, (value, start))
    return v.choose(rows, [*waiting, (no(there), start), (no(gap), value)], made)


def _waits(rows: Rows, step: Carry) -> exp.Expression:
    """Whether a blank datum of the period before stays open: only what the data gives in its place may stand for it."""
    if step.opening is None:
        return truth(value=False)
    name = step.opening.column if isinstance(step.opening, c.Read) else None
    datum = rows.scheme.inputs.get((step.table, name)) if name is not None else None
    if name is None or datum is None:
        return truth(value=True)
    return no(rows.given(name)) if datum.default is not None else truth(value=False)


def _same_opening(rows: Rows, name: str, closed: Value, there: exp.Expression) -> None:
    """An opening datum that is not what was closed is for the interpreter to tell."""
    is_there = rows.given(name)
    if known(is_there) is False:
        return
    column = rows.relation.columns[name]
    same = d.plain(d.equal(rows, given(rows.arithmetic, column), closed.now), "yes_no").sql
    rows.doubt(all_of(there, is_there, no(same)))


def _window(rows: Rows, step: Carry, earlier_rows: _Earlier) -> Value:
    found: _Window
    if step.count is None:
        assert rows.period is not None
        found = [earlier_rows.so_far(n) for n in range(1, rows.period + 1)]
        label = rows.names.mask([step.source])
    else:
        found = [earlier_rows.closed(n) for n in range(step.count, 0, -1)]
        label = rows.names.mask([f"前{step.count}期{step.source}"])
    anything = Value(ANYTHING, ANYTHING, m.fixed(label))
    there = [x for x in found if x is not None]
    missing = m.either([m.fixed(label), *(m.when(is_there, x.missing) for x, is_there in there)])
    if len(there) < len(found):
        return Value(ANYTHING, ANYTHING, missing)
    every = all_of(*(is_there for _, is_there in there))
    values = [settled(rows, v.readable(rows, x), "earlier") for x, _ in there]
    anything = Value(ANYTHING, ANYTHING, missing)
    return v.choose(rows, [(every, _of(rows, step, values))], anything)


def _of(rows: Rows, step: Carry, values: list[Value]) -> Value:
    """An aggregate of values of the row itself."""

    def folded(operation: Callable[..., Possible]) -> Value:
        def one(*items: Possible) -> Possible:
            return reduce(lambda a, b: operation(rows, a, b), items)

        return v.lift(rows, one, *values)

    match step.function:
        case "sum":
            return folded(d.add)
        case "mean":
            total = folded(d.add)
            count = d.exact(rows, len(values))
            return v.lift(rows, lambda x: d.divide(rows, x, count), total)
        case "largest":
            return folded(d.greatest)
        case "smallest":
            return folded(d.least)
        case "every":
            return v.lift(rows, lambda *items: reduce(d.both, items), *values)
        case "some":
            return v.lift(rows, lambda *items: reduce(d.one_of, items), *values)
        case "count":
            return v.marked(rows, d.exact(rows, len(values)), d.exact(rows, len(values)), values)
        case _:
            raise Unsayable(Words(f"{step.source} 前几期的汇总", f"an aggregate of earlier {step.source}"))


# ---- within the year


def _this_year(rows: Rows, step: Carry) -> Value:
    """The sum of the year's periods up to the row's own."""
    value = settled(rows, v.readable(rows, rows.column(step.source)), "month")
    n = rows.arithmetic
    by = [UNIT, INSURANCE, *([SCENARIO] if rows.varying is not None else [])]

    def running(tree: exp.Expression, function: type[exp.Expression]) -> exp.Expression:
        return exp.Window(
            this=function(this=tree.copy()),
            partition_by=[exp.column(x) for x in by],
            order=exp.Order(expressions=[exp.Ordered(this=exp.column(NUMBER), nulls_first=True)]),
            spec=exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"),
        )

    def end(x: Rational | None) -> Rational | None:
        if x is None:
            return None
        if x.below.static is None:
            raise Unsayable(Words("各期分母不同", "periods with divisors of their own"))
        low, high = min(0, (x.above.low or 0) * 12), max(0, (x.above.high or 0) * 12)
        kind = n.type_of(low, high)
        summed: exp.Expression = exp.cast(running(n.stored(x.above), exp.Sum), kind)
        total = rows.frame.bind("so_far", summed)
        made = Rational(Whole(total, low, high), x.below)
        if not x.blank:
            return made
        lacks = exp.Case(
            ifs=[exp.If(this=is_null(x.above.sql).copy(), true=exp.Literal.number(1))], default=exp.Literal.number(0)
        )
        endless = rows.frame.bind("endless", running(lacks, exp.Sum))
        return r.choose(rows, [(exp.GT(this=endless, expression=exp.Literal.number(0)), None)], made)

    def side(x: Possible) -> Possible:
        number = d.number(rows, x)
        low = end(number.low)
        return Possible(Number(low, low if number.is_one else end(number.high)))

    def mask(x: Mask) -> Mask:
        return x.whole(lambda tree, _: rows.frame.bind("marks", running(tree, exp.BitwiseOrAgg)))

    now = side(value.now)
    base = now if value.base is value.now else side(value.base)
    return v.tidied(rows, now, base, mask(value.missing), mask(value.assumed), mask(value.defaults))


def place(rows: Rows, step: Sequence) -> None:
    """Add the place among the rows of the kind under one parent, in the same period and insurance type."""
    value = settled(rows, v.readable(rows, rows.column(step.source)), "ranked")
    number = d.number(rows, value.now).low
    if number is None and not rows.names.ranges:
        rows.put(step.column, v.stated(ANYTHING))
        return
    if number is None or number.below.static is None:
        raise Unsayable(Words(f"{step.source} 的排名", f"the rank of {step.source}"))
    if rows.names.ranges:
        for side in (value.now,) if value.base is value.now else (value.now, value.base):
            rows.doubt(no(d.is_point(rows, side)))
    beside = [PARENT, PARENT_KIND, NUMBER, INSURANCE, *([SCENARIO] if rows.varying is not None else [])]
    rank = exp.Window(
        this=exp.Anonymous(this="RANK"),
        partition_by=[exp.column(x) for x in beside],
        order=exp.Order(
            expressions=[exp.Ordered(this=number.above.sql.copy(), desc=step.highest_first, nulls_first=True)]
        ),
    )
    tree = rows.frame.bind("place_of", exp.cast(rank, "BIGINT"))
    # The marks of all siblings go with the place.

    def of_all(tree: exp.Expression, _at: int) -> exp.Expression:
        by = [exp.column(x) for x in beside]
        return rows.frame.bind("marks", exp.Window(this=exp.BitwiseOrAgg(this=tree), partition_by=by))

    masks = [mask.whole(of_all) for mask in (value.missing, value.assumed, value.defaults)]
    among = r.whole(rows, Whole(tree, 1, max(1, rows.relation.rows)))
    found = d.point(among)
    if number.blank and not rows.names.ranges:
        # One whose number is open may stand before any other.
        given_ = exp.Window(this=exp.Count(this=number.above.sql.copy()), partition_by=[exp.column(x) for x in beside])
        of = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[exp.column(x) for x in beside])
        all_given = rows.frame.bind("all_given", exp.EQ(this=given_, expression=of))
        told = r.choose(rows, [(all_given, among)], None)
        found = Possible(Number(told, told))
    rows.put(step.column, v.tidied(rows, found, found, *masks))
