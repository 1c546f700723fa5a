"""Columns of earlier periods, and places among siblings, as SQL: mirrors interpret/steps.py."""

from collections.abc import Callable, Mapping
from functools import reduce

from sqlglot import exp

from engine.nouns import core as c
from engine.nouns.pipeline import Carry, Sequence
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import settled
from engine.sql.conditions import all_of, any_of, is_given, is_null, known, no, truth
from engine.sql.expressions import evaluate
from engine.sql.forms import ALWAYS, ANYTHING, NEVER, PERHAPS, Number, Possible, Rational, Value
from engine.sql.gather import names_of
from engine.sql.layout import INSURANCE, NUMBER, PARENT, PARENT_KIND, ROW, UNIT, YEAR, Layout
from engine.sql.levels import Bound, own
from engine.sql.marks import Mask
from engine.sql.names import earlier
from engine.sql.rows import Beside, Rows, given
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole
from grammar.diagnostic import Words

_PREVIOUS = {"year": "上年", "half": "上半年", "quarter": "上季", "month": "上月", "row": "上年"}
Years = Mapping[int, Mapping[str, Rows]]


def carry(rows: Rows, step: Carry, years: Years, layout: Layout, needs_data: frozenset[tuple[str, str]]) -> None:
    """Add a column of earlier periods."""
    if step.function in {"value", "exists"} or (step.child is None and step.count is not None):
        # Rows of a year are there because the data gives them, save those that stand above all.
        made_up = (step.table, step.source) in needs_data and not rows.table.parents
        if made_up or rows.table.grain != "year" or step.grain != "year":
            raise Unsayable(Words("年内各期读前一期", "a period that reads one before it within a year"))
        if rows.table.parents and not _stands_once(rows, layout):
            raise Unsayable(Words("不同上级下有同名单位", "units of one name under several parents"))
    match step.function:
        case "exists":
            rows.put(step.column, _exists(rows, step, years))
        case "value":
            rows.put(step.column, _before(rows, step, years))
        case _ if step.child is not None:
            rows.put(step.column, _history(rows, step, layout))
        case _ if step.count is None:
            rows.put(step.column, _this_year(rows, step))
        case _:
            rows.put(step.column, _window(rows, step, years))


def _stands_once(rows: Rows, layout: Layout) -> bool:
    return layout.relations[rows.table.name].unique


# ---- the same unit in an earlier year


def _earlier(rows: Rows, step: Carry, years: Years, count: int) -> tuple[Value, exp.Expression] | None:
    """A column of the same unit some years earlier, and whether there is such a row or datum."""
    before = years.get(rows.year - count, {}).get(step.table)
    if before is None or step.source not in before.columns:
        return None
    value = before.columns[step.source]
    before.frame.stores(names_of(value, before))
    alias = f"{rows.scheme.labels.id(step.table)}_{rows.year - count}"
    same = exp.And(
        this=exp.EQ(this=exp.column(UNIT, table=alias), expression=own(UNIT)),
        expression=exp.NullSafeEQ(this=exp.column(INSURANCE, table=alias), expression=own(INSURANCE)),
    )
    join = rows.frame.join(alias, before.frame.source, same, before.frame.where)
    beside = Beside(rows, join)
    there = is_given(beside.tree(exp.column(ROW), f"{alias}_row"))
    # Where there is no row all of its columns are NULL: what the result then is, `there` decides.
    hint = f"earlier_{rows.scheme.labels.id(step.source, step.table)}"
    found = _not_null(beside.value(value, hint))
    figure = rows.scheme.figures.get((step.table, step.source))
    if figure is not None and figure.kind.is_money and before.refused is not None:
        refused = before.refused
        if isinstance(refused, exp.Column):
            before.frame.stores([refused.name])
            refused = beside.tree(refused, f"{alias}_refused")
        there = all_of(there, no(exp.Coalesce(this=refused.copy(), expressions=[truth(value=False)])))
    elif figure is None:
        waits = rows.names.mask([step.source])
        if found.missing.may:
            only = m.are(found.missing, waits)
            there = all_of(there, no(exp.Coalesce(this=only, expressions=[truth(value=False)])))
    return found, rows.frame.bind(f"{alias}_there", there.copy()) if not isinstance(there, exp.Column) else there


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


def _exists(rows: Rows, step: Carry, years: Years) -> Value:
    found = _earlier(rows, step, years, 1)
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
        if x.gone == NEVER:
            return d.exact(rows, value=True)
        return d.answer(gone, blank=True)

    now = present(value.now)
    base = now if value.base is value.now else present(value.base)
    return v.choose(rows, [(there, v.marked(rows, now, base, [value]))], no_)


def _before(rows: Rows, step: Carry, years: Years) -> Value:
    """The closed value; where there is none, or the figure was absent, the opening value."""
    name = f"{_PREVIOUS[step.grain]}{step.source}"
    start = (
        evaluate(rows, step.opening)
        if step.opening is not None
        else Value(ANYTHING, ANYTHING, m.fixed(rows.names.mask([name])))
    )
    found = _earlier(rows, step, years, 1)
    if found is None:
        rows.opened[step.column] = truth(value=True)
        return start
    start = settled(rows, start, "opening")
    value, there = found
    sides = (value.now,) if value.base is value.now else (value.now, value.base)
    gap = any_of(*(d.has_gap(x) for x in sides))
    rows.opened[step.column] = any_of(no(there), gap)
    if isinstance(step.opening, c.Read):
        _same_opening(rows, step.opening.column, value, all_of(there, no(gap)))
    if known(gap) is False:
        return v.choose(rows, [(there, value)], start)
    filled = [
        d.choose(
            rows,
            [
                (d.is_gone(x, ALWAYS), y),
                (
                    d.is_gone(x, PERHAPS),
                    d.hull(rows, [(truth(value=True), Possible(x.what)), (truth(value=True), y)]),
                ),
            ],
            x,
        )
        for x, y in ((value.now, start.now), (value.base, start.base))
    ]
    alike = value.base is value.now and start.base is start.now
    now, base = filled[0], filled[0] if alike else filled[1]
    made = v.marked(rows, now, base, (value, start))
    return v.choose(rows, [(no(there), start), (no(gap), value)], made)


def _same_opening(rows: Rows, name: str, closed: Value, there: exp.Expression) -> None:
    """An opening datum that is not what was closed is for the interpreter to tell."""
    is_there = rows.given(name)
    if known(is_there) is False:
        return
    column = rows.relation.columns[name]
    same = d.plain(d.equal(rows, given(rows.arithmetic, column), closed.now), "yes_no").sql
    rows.doubt(all_of(there, is_there, no(same)))


def _window(rows: Rows, step: Carry, years: Years) -> Value:
    assert step.count is not None
    found = [_earlier(rows, step, years, n) for n in range(step.count, 0, -1)]
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


# ---- child rows of earlier years


def _history(rows: Rows, step: Carry, layout: Layout) -> Value:
    """A datum of child rows of the years before, settled or not."""
    assert step.child is not None
    assert step.count is not None
    if (step.child, step.source) in rows.scheme.figures or (step.child, step.source) not in rows.scheme.inputs:
        raise Unsayable(Words("以前年度下级行的数", "figures of earlier child rows"))
    if rows.table.name not in rows.scheme.tables[step.child].parents or step.grain != "year":
        raise Unsayable(Words("隔级单位的以前年度", "earlier rows of units further below"))
    if step.function not in {"sum", "mean"} or not step.kind.is_number:
        raise Unsayable(Words("以前年度下级行的最大、最小等", f"{step.function} of earlier child rows"))
    relation = layout.relations[earlier(step.child)]
    column = relation.columns[step.source]
    datum = rows.scheme.inputs[step.child, step.source]
    some = range(rows.year - step.count, rows.year)
    label = m.fixed(rows.names.mask([step.child]))
    total, count = d.exact(rows, 0), rows.arithmetic.constant(0)
    ready: list[exp.Expression] = []
    blank: list[exp.Expression] = []
    for year in some:
        ready.append(_has_rows(rows, step.child, year))
        if known(ready[-1]) is False:
            continue
        sums = _year_of(rows, relation.sql, column.sql, year, step.child)
        n, filled, summed = sums
        size = max(1, (relation.most_children or {}).get(rows.table.name, relation.rows))
        low, high = min(0, (column.low or 0) * size), max(0, (column.high or 0) * size)
        whole = Whole(
            exp.Coalesce(
                this=exp.cast(summed, rows.arithmetic.type_of(low, high)), expressions=[exp.Literal.number(0)]
            ),
            low,
            high,
        )
        total = d.add(rows, total, d.point(Rational(whole, rows.arithmetic.constant(column.scale))))
        there = Whole(exp.Coalesce(this=n, expressions=[exp.Literal.number(0)]), 0, size)
        one = rows.arithmetic.constant(1)
        # A unit that has no row where others have one counts as one of nothing.
        count = rows.arithmetic.add(count, rows.arithmetic.greatest(there, one))
        blank.append(
            rows.arithmetic.over(there, Whole(exp.Coalesce(this=filled, expressions=[exp.Literal.number(0)]), 0, size))
        )
    every = all_of(*ready)
    # Blank data of earlier years is rare: what it may be the interpreter works out.
    del datum
    rows.doubt(all_of(any_of(*blank)))
    if step.function == "mean" and known(every) is not False:
        total = d.divide(rows, total, d.point(r.whole(rows, Whole(count.sql, max(1, len(some)), count.high))))
    return v.choose(rows, [(every, v.stated(total))], Value(ANYTHING, ANYTHING, label))


def _has_rows(rows: Rows, child: str, year: int) -> exp.Expression:
    """Whether the data has such rows for the insurance type at all."""
    there = [i for i in rows.relation.insurances if rows.facts.has_rows(child, i, year)]
    if len(there) == len(rows.relation.insurances):
        return truth(value=True)
    if not there:
        return truth(value=False)
    column = exp.column(INSURANCE)
    tests = [
        is_null(column) if i is None else exp.EQ(this=column.copy(), expression=exp.Literal.string(i)) for i in there
    ]
    return exp.Coalesce(this=exp.Paren(this=any_of(*tests)), expressions=[truth(value=False)])


def _year_of(
    rows: Rows, table: str, column: str, year: int, child: str
) -> tuple[exp.Expression, exp.Expression, exp.Expression]:
    """How many rows of a year a unit has, how many of them give a column, and their sum."""
    where = exp.EQ(this=exp.column(YEAR), expression=exp.Literal.number(year))
    join = rows.frame.gather_by(f"{rows.scheme.labels.id(child)}_{year}", table, (UNIT, INSURANCE), where)
    trees: dict[str, exp.Expression] = {
        "n": exp.Count(this=exp.Star()),
        f"{column}_n": exp.Count(this=exp.column(column)),
        f"{column}_sum": exp.Sum(this=exp.column(column)),
    }
    found = []
    for name, tree in trees.items():
        if all(bound.name != name for bound in join.columns):
            join.columns.append(Bound(name, tree))
        found.append(rows.frame.bind(f"{join.alias}_{name}", exp.column(name, table=join.alias)))
    return found[0], found[1], found[2]


# ---- within the year


def _this_year(rows: Rows, step: Carry) -> Value:
    """The sum of the year's periods up to the row's own."""
    if not step.kind.is_number or step.function != "sum":
        raise Unsayable(Words("年内各期的最大、最小等", f"{step.function} over the periods of a year"))
    value = settled(rows, v.readable(rows, rows.column(step.source)), "month")
    n = rows.arithmetic

    def running(tree: exp.Expression, function: type[exp.Expression]) -> exp.Expression:
        return exp.Window(
            this=function(this=tree.copy()),
            partition_by=[exp.column(PARENT), exp.column(PARENT_KIND)],
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
    if number is None or number.below.static is None:
        raise Unsayable(Words(f"{step.source} 的排名", f"the rank of {step.source}"))
    for side in (value.now,) if value.base is value.now else (value.now, value.base):
        rows.doubt(no(d.is_point(rows, side)))
    rank = exp.Window(
        this=exp.Anonymous(this="RANK"),
        partition_by=[exp.column(PARENT), exp.column(PARENT_KIND), exp.column(NUMBER), exp.column(INSURANCE)],
        order=exp.Order(
            expressions=[exp.Ordered(this=number.above.sql.copy(), desc=step.highest_first, nulls_first=True)]
        ),
    )
    tree = rows.frame.bind("place_of", exp.cast(rank, "BIGINT"))
    # The marks of all siblings go with the place.

    def of_all(tree: exp.Expression, _at: int) -> exp.Expression:
        by = [exp.column(x) for x in (PARENT, PARENT_KIND, NUMBER, INSURANCE)]
        return rows.frame.bind("marks", exp.Window(this=exp.BitwiseOrAgg(this=tree), partition_by=by))

    masks = [mask.whole(of_all) for mask in (value.missing, value.assumed, value.defaults)]
    found = d.point(r.whole(rows, Whole(tree, 1, max(1, rows.relation.rows))))
    rows.put(step.column, v.tidied(rows, found, found, *masks))
