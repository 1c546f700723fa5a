"""Data of child rows of earlier years, settled or not, as SQL: mirrors the histories of interpret/interpret.py."""

from sqlglot import exp

from engine.nouns.pipeline import Carry
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.conditions import all_of, any_of, is_null, known, truth
from engine.sql.forms import ANYTHING, Rational, Value
from engine.sql.layout import INSURANCE, UNIT, YEAR, Layout
from engine.sql.levels import Bound, own
from engine.sql.names import earlier
from engine.sql.rows import Rows
from engine.sql.scope import Unsayable
from engine.sql.whole import Whole
from grammar.diagnostic import Words


def history(rows: Rows, step: Carry, layout: Layout) -> Value:
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
    join = rows.frame.gather_by(
        f"{rows.scheme.labels.id(child)}_{year}", table, {UNIT: own(UNIT), INSURANCE: own(INSURANCE)}, where
    )
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
