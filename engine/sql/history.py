"""Data of child rows of earlier years, settled or not, as SQL: mirrors the histories of interpret/interpret.py."""

from collections.abc import Mapping
from functools import reduce

from sqlglot import exp

from engine.nouns.pipeline import Carry
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.conditions import all_of, any_of, certainly, coalesced, is_null, known, truth
from engine.sql.forms import ANYTHING, Possible, Rational, Value
from engine.sql.layout import INSURANCE, UNIT, YEAR, Layout, Relation
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
    # To the county every row of its insurance type belongs, however far below.
    of_all = rows.table.name == _COUNTY
    if step.grain != "year" or not (of_all or rows.table.name in rows.scheme.tables[step.child].parents):
        raise Unsayable(Words("隔级单位的以前年度", "earlier rows of units further below"))
    if step.function not in _FUNCTIONS or not step.kind.is_number:
        raise Unsayable(Words("以前年度下级行的是否、个数等", f"{step.function} of earlier child rows"))
    relation = layout.relations[earlier(step.child)]
    if not of_all and not relation.unique:
        raise Unsayable(Words("有的行没有写单位", "rows that name no unit"))
    label = m.fixed(rows.names.mask([step.child]))
    years = range(rows.year - step.count, rows.year)
    found = _EarlierRows(rows, step, relation, of_all=of_all)
    if rows.names.ranges:
        every = all_of(*(_has_rows(rows, step.child, year) for year in years))
    else:
        every = all_of(*(found.has_rows(year) for year in years))
    names = rows.names.mask([step.source]) if _waits(rows, step) and found.column.blanks else 0
    if known(every) is False and not names:
        return Value(ANYTHING, ANYTHING, label)
    each = [found.year(year) for year in years]
    # Blank data of earlier years is rare: what it may be the interpreter works out.
    blank = any_of(*found.blank) if found.column.blanks else truth(value=False)
    # Where one year has no rows at all, what is blank in the others is waited for as well.
    lacking = m.either((label, m.when(blank, m.fixed(names))))
    if known(every) is False:
        return Value(ANYTHING, ANYTHING, lacking)
    match step.function:
        case "largest":
            total = reduce(lambda x, y: d.greatest(rows, x, y), each)
        case "smallest":
            total = reduce(lambda x, y: d.least(rows, x, y), each)
        case _:
            total = reduce(lambda x, y: d.add(rows, x, y), each)
    if rows.names.ranges:
        rows.doubt(all_of(every, blank))
    else:
        total = d.choose(rows, [(blank, ANYTHING)], total)
    if step.function == "mean":
        count = reduce(rows.arithmetic.add, found.counts)
        total = d.divide(rows, total, d.point(r.whole(rows, Whole(count.sql, max(1, len(years)), count.high))))
    return v.choose(rows, [(every, v.stated(total))], Value(ANYTHING, ANYTHING, lacking))


def _waits(rows: Rows, step: Carry) -> bool:
    """Whether a blank datum is waited for: nothing stands for it."""
    assert step.child is not None
    datum = rows.scheme.inputs[step.child, step.source]
    return step.source not in rows.facts.assumptions and not datum.event and datum.default is None


_COUNTY = "县"
_FUNCTIONS: Mapping[str, type[exp.Expression]] = {
    "sum": exp.Sum,
    "mean": exp.Sum,
    "largest": exp.Max,
    "smallest": exp.Min,
}


class _EarlierRows:
    """What the rows of earlier years come to beside each row: year by year, with how many there are."""

    def __init__(self, rows: Rows, step: Carry, relation: Relation, *, of_all: bool) -> None:
        assert step.child is not None
        self.rows = rows
        self.step = step
        self.child = step.child
        self.relation = relation
        self.column = relation.columns[step.source]
        self.keys: dict[str, exp.Expression] = {INSURANCE: own(INSURANCE)}
        self.most = relation.rows
        if not of_all:
            self.keys = {UNIT: own(UNIT), **self.keys}
            self.most = (relation.most_children or {}).get(rows.table.name, relation.rows)
        self.most = max(1, self.most)
        self.blank: list[exp.Expression] = []
        self.counts: list[Whole] = []

    def year(self, year: int) -> Possible:
        """A year's rows; a unit that has none where others have one has one of nothing."""
        column, n = self.column, self.rows.arithmetic
        function = _FUNCTIONS[self.step.function]
        count = self._beside(year, "n", exp.Count(this=exp.Star()), self.keys)
        filled = self._beside(year, f"{column.sql}_n", exp.Count(this=exp.column(column.sql)), self.keys)
        hint = "most" if function is exp.Max else "least" if function is exp.Min else "sum"
        made = self._beside(year, f"{column.sql}_{hint}", function(this=exp.column(column.sql)), self.keys)
        size = self.most if function is exp.Sum else 1
        low, high = min(0, (column.low or 0) * size), max(0, (column.high or 0) * size)
        zero = exp.Literal.number(0)
        whole = Whole(coalesced(exp.cast(made, n.type_of(low, high)), zero), low, high)
        there = Whole(coalesced(count, zero), 0, self.most)
        self.counts.append(n.greatest(there, n.constant(1)))
        self.blank.append(n.over(there, Whole(coalesced(filled, zero), 0, self.most)))
        return d.point(Rational(whole, n.constant(column.scale)))

    def has_rows(self, year: int) -> exp.Expression:
        """Whether there are any such rows for the insurance type, by whatever data there will be."""
        count = self._beside(year, "n", exp.Count(this=exp.Star()), {INSURANCE: own(INSURANCE)})
        return certainly(exp.GT(this=count, expression=exp.Literal.number(0)))

    def _beside(self, year: int, name: str, tree: exp.Expression, keys: Mapping[str, exp.Expression]) -> exp.Expression:
        where = exp.EQ(this=exp.column(YEAR), expression=exp.Literal.number(year))
        hint = f"{self.rows.scheme.labels.id(self.child)}_{year}"
        join = self.rows.frame.gather_by(hint, self.relation.sql, keys, where)
        if all(bound.name != name for bound in join.columns):
            join.columns.append(Bound(name, tree))
        return self.rows.frame.bind(f"{join.alias}_{name}", exp.column(name, table=join.alias))


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
