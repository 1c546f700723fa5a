"""Rows linked into others (合并自), as SQL: windows say who follows whom, running counts which rows are one; mirrors interpret/link.py."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from engine.nouns import core as c
from engine.nouns.core import Scheme
from engine.nouns.periods import periods_of
from engine.nouns.pipeline import Link, Pipeline
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import values as v
from engine.sql.carried import changed, trees
from engine.sql.conditions import all_of, any_of, case, certainly, coalesced, is_null, known, no, truth
from engine.sql.conditions import own as own_
from engine.sql.expressions import evaluate
from engine.sql.forms import Number, Plain, Possible, Rational, Value
from engine.sql.layout import (
    COUNT,
    FROM_DATA,
    INSURANCE,
    NUMBER,
    OWN,
    PARENT,
    PARENT_KIND,
    PLACE,
    ROW,
    SCENARIO,
    UNIT,
    YEAR,
    Layout,
    Relation,
    of_scenario,
)
from engine.sql.levels import Frame, Stack, Statement, own
from engine.sql.names import Called
from engine.sql.pairs import Open, Pairs
from engine.sql.rows import BIGINT, Facts, Rows, given
from engine.sql.scope import Names, Unsayable
from engine.sql.whole import Arithmetic, Dialect, Whole
from engine.sql.windows import BEFORE, SO_FAR, Windows, bound_in
from grammar.diagnostic import Words
from grammar.frozen import dataclass

_VARCHAR = exp.DataType.build("VARCHAR")
# No two dates lie further apart.
_MOST_DAYS = 3_652_058
# A row that is made goes by the first row of its key, times this, and its number among those of the key.
APART = 2**31


@dataclass(frozen=True, slots=True)
class Linked:
    """A kind whose rows were linked, before the first year: where they lie now, and what they were made into.

    ``source`` has, beside what the data gives, in columns: the key (``first``: its first row), the date that orders its rows,
    which row of ``table`` each is part of (``part``), what is in doubt. The values say of each row how it meets the one before.
    Where some may or may not join, ``pairs`` has a row for each row of ``table`` that a row is, or may be, part of.
    """

    step: Link
    source: Relation
    table: Relation
    first: exp.Column
    end: exp.Expression
    part: exp.Column
    doubt: exp.Expression
    joins: Value
    gap: Value
    bound: Value
    apart: tuple[Value, ...]
    standing: Value | None
    pairs: "Pairs | None"

    def met(self) -> tuple[Value, ...]:
        """How a row meets the one before it: whether it joins, the gap, the bound, what keeps the two apart."""
        return (self.joins, self.gap, self.bound, *self.apart)

    def names(self, arithmetic: Arithmetic) -> set[str]:
        """The columns of ``source`` that say how its rows are linked."""
        found = [x for value in self.met() for x in trees(value, arithmetic)]
        found += [self.first, self.end, self.part, self.doubt]
        return {ROW, *(x.name for tree in found for x in tree.find_all(exp.Column))}


def linked(
    pipelines: Mapping[int, Pipeline],
    layout: Layout,
    facts: Facts,
    arithmetic: Arithmetic,
    names: Names,
    program: list[Statement | Stack],
    tables: Called,
) -> tuple[Layout, dict[str, Linked]]:
    """The layout with the rows of every link, and what is known of each, by the kind it makes; no link leaves it as it is."""
    steps: dict[str, dict[int, tuple[Pipeline, Link]]] = {}
    for year, pipeline in pipelines.items():
        for step in pipeline.steps:
            if isinstance(step, Link):
                steps.setdefault(step.table, {})[year] = (pipeline, step)
    made: dict[str, Linked] = {}
    relations = dict(layout.relations)
    for kind, found in steps.items():
        if len(found) < len(pipelines) or len({_what(step) for _, step in found.values()}) > 1:
            raise Unsayable(Words("修订前后合并的列不一样", "other columns to merge by before an amendment"), kind)
        linking = _Linking(found, layout, facts, arithmetic, names, program, tables)
        made[kind] = linking.linked()
        relations[kind] = made[kind].table
        relations[made[kind].source.kind] = made[kind].source
    if not made:
        return layout, {}
    supplied = layout.supplied | {kind for kind, x in made.items() if x.source.kind in layout.supplied}
    return replace(layout, relations=relations, supplied=supplied), made


def _what(step: Link) -> tuple[object, ...]:
    return (step.source, step.keys, step.start, step.end)


class _Linking:
    """The rows of all years of one kind while they are linked."""

    def __init__(
        self,
        steps: Mapping[int, tuple[Pipeline, Link]],
        layout: Layout,
        facts: Facts,
        arithmetic: Arithmetic,
        names: Names,
        program: list[Statement | Stack],
        tables: Called,
    ) -> None:
        self.steps = steps
        self.layout = layout
        self.facts = facts
        self.arithmetic = arithmetic
        self.names = names
        self.program = program
        self.tables = tables
        (_, self.step), *_ = steps.values()
        self.relation = layout.relations[self.step.source]
        self.scheme = next(iter(steps.values()))[0].scheme
        if not self.relation.parents:
            raise Unsayable(Words("合并的行不属于任何单位", "rows to merge that belong to no unit"), self.step.table)
        if self.relation.rows >= APART:
            raise Unsayable(Words("要合并的行太多", "too many rows to merge"), self.step.table)
        stored = [ROW, PARENT, PARENT_KIND, YEAR, NUMBER, UNIT, INSURANCE, FROM_DATA, COUNT, PLACE]
        stored += [column.sql for column in self.relation.columns.values()]
        self.of_scenario = of_scenario(layout.varying)
        stored += self.of_scenario
        self.frame = Frame(
            f"{self.scheme.labels.id(self.step.source)}_linked", self.relation.sql, None, stored, program, tables
        )
        self.lagged: dict[str, str] = {}
        self.doubts: list[exp.Expression] = []
        self.windows = Windows(self.frame, [], [])

    def linked(self) -> Linked:
        """The rows linked, and what they are linked into."""
        frame = self.frame
        scopes = {year: self._scope(year) for year in self._told_apart()}
        rows = scopes[next(iter(scopes))]
        by = [*self._owner(), *(self._key(rows, name) for name in self.step.keys)]
        end = self._date(rows, self.step.end)
        if end.blank:
            self.doubts.append(is_null(end.sql))
        self.windows = Windows(frame, by, [end.sql, exp.column(ROW)])
        before = frame.bind("row_before", self.windows.before(exp.column(ROW)))
        if len(self.steps) > 1:
            # What ends with a row is of that row's year, unless it holds one of a later year: that is for the interpreter.
            year_before = frame.bind("year_before", self.windows.before(exp.column(YEAR)))
            self.doubts.append(exp.GT(this=year_before, expression=exp.column(YEAR)))
        first = frame.bind("first", self.windows.over(exp.FirstValue(this=exp.column(ROW))))
        start = self._date(rows, self.step.start)
        gaps = self._gap(rows, start, end)
        met = {year: self._met(scope, gaps) for year, scope in scopes.items()}
        is_first = is_null(before)
        joins, gap, bound, *apart = (
            self._bound(rows, hint, self._by_year([values[place] for values in met.values()], list(met), rows))
            for place, hint in enumerate(_hints(met))
        )
        joins = self._bound(rows, "joins", v.choose(rows, [(is_first, v.exactly(rows, value=False))], joins))
        for scope in scopes.values():
            of_year = truth(value=True) if len(scopes) == 1 else _equals(exp.column(YEAR), scope.year)
            self.doubts += [all_of(of_year, x) for x in scope.doubts]
        return self._grouped(rows, end, first, joins, gap, bound, tuple(apart))

    # ---- whose the rows are, and their order

    def _owner(self) -> Iterator[exp.Expression]:
        """What tells units from one another over the years."""
        relation = self.relation
        above = [self.layout.relations[kind] for kind in relation.parents]
        if len(above) > 1:
            yield exp.column(PARENT_KIND)
        if len(self.steps) == 1 and all(x.unique for x in above):
            yield exp.column(PARENT)
            return
        cases = []
        for number, parent in enumerate(above):
            on: exp.Expression = exp.EQ(this=exp.column(ROW, table="owner"), expression=own(PARENT))
            if len(above) > 1:
                on = exp.And(this=on, expression=_equals(own(PARENT_KIND), number))
            join = self.frame.join("owner", parent.sql, on)
            cases.append(exp.column(UNIT, table=join.alias))
        yield self.frame.bind("owner", coalesced(*cases) if len(cases) > 1 else cases[0])
        if self.of_scenario:
            yield exp.column(SCENARIO)
        if len(relation.insurances) > 1:
            yield exp.column(INSURANCE)

    def _key(self, rows: Rows, name: str) -> exp.Expression:
        """A key as the data gives it; a row that does not is anybody's."""
        what = rows.columns[name].base.what
        if isinstance(what, Number):
            assert what.low is not None
            tree, blank = what.low.above.sql, self.relation.columns[name].blanks
        else:
            tree, blank = what.sql, what.blank
        if blank:
            self.doubts.append(is_null(tree))
        return tree

    def _date(self, rows: Rows, name: str) -> Plain:
        what = rows.columns[name].base.what
        assert isinstance(what, Plain)
        return what

    # ---- how a row meets the one before it

    def _told_apart(self) -> list[int]:
        """The first of the years that say the same of a row and the one before it, for each that says something else."""
        found: dict[int, tuple[object, ...]] = {}
        for year, (pipeline, step) in self.steps.items():
            says = self._says(year, pipeline.scheme, step)
            if says not in found.values():
                found[year] = says
        return list(found)

    def _says(self, year: int, scheme: Scheme, step: Link) -> tuple[object, ...]:
        nodes = [node for core in (step.bound, *step.unless) for node in c.walk(core)]
        (period,) = periods_of(year, "row")
        parameters = []
        for node in nodes:
            if isinstance(node, c.ReadParameter):
                for insurance in self.relation.insurances:
                    x = self.facts.parameter(scheme.parameters[node.name], insurance, period)
                    parameters.append((x.now, x.base, x.missing, x.assumed, x.defaults))
        of_year = year if any(isinstance(node, c.Read) and node.column == "年度" for node in nodes) else None
        inputs = [(name, datum) for (table, name), datum in scheme.inputs.items() if table == step.source]
        return (step.bound, step.within, step.unless, dict(step.before), parameters, of_year, inputs)

    def _scope(self, year: int) -> Rows:
        """The rows as the rules of a year see them."""
        scheme, step = self.steps[year][0].scheme, self.steps[year][1]
        return Rows(
            self.frame.name, scheme, scheme.tables[step.source], self.relation, year, self.facts, self.arithmetic,
            self.names, self.layout.supplied, self.program, self.tables, {}, self.frame, self.layout.varying,
        )  # fmt: skip

    def _gap(self, rows: Rows, start: Plain, end: Plain) -> Value:
        """The days since the latest date of the rows before; where one is blank at most so many."""
        latest = self.frame.bind("latest", self.windows.over(exp.Max(this=start.sql.copy()), BEFORE))
        days = self.frame.bind("days", _days(end.sql, latest, self.arithmetic.dialect))
        one = self.arithmetic.constant(1)
        whole = Whole(days, -_MOST_DAYS, _MOST_DAYS)
        if not start.blank:
            return v.stated(d.point(Rational(whole, one)))
        lacks = exp.Case(ifs=[exp.If(this=is_null(start.sql), true=exp.Literal.number(1))])
        some = self.frame.bind("blanks_before", self.windows.over(exp.Count(this=lacks), BEFORE))
        blank = exp.GT(this=some, expression=exp.Literal.number(0))
        low = self.frame.bind("days_at_least", case([(no(blank), days)], exp.cast(exp.Null(), BIGINT.copy())))
        at_least = Rational(Whole(low, -_MOST_DAYS, _MOST_DAYS), one, blank=True)
        at_most = Rational(whole, one, blank=True) if rows.names.ranges else at_least
        what = Possible(Number(at_least, at_most))
        return Value(what, what, m.when(blank, m.fixed(rows.names.mask([self.step.start]))))

    def _met(self, rows: Rows, gap: Value) -> list[Value]:
        """Whether a row joins the one before it, the gap, the bound and what keeps them apart."""
        step = self.steps[rows.year][1]
        for name, source in step.before.items():
            rows.columns[name] = self._before(rows, source)
        bound = evaluate(rows, step.bound)
        apart = [evaluate(rows, node) for node in step.unless]

        def joins(gap: Possible, bound: Possible, *apart: Possible) -> Possible:
            near = d.inverted(d.over(rows, gap, bound)) if step.within else d.over(rows, bound, gap)
            for held in apart:
                near = d.both(near, d.inverted(held))
            return near

        return [v.lift(rows, joins, gap, bound, *apart), gap, bound, *apart]

    def _before(self, rows: Rows, name: str) -> Value:
        """A column of the row before."""
        column = self.relation.columns[name]
        datum = rows.scheme.inputs[self.step.source, name]
        column = replace(column, sql=self._last(column.sql))
        return v.datum(rows, given(rows.arithmetic, column), datum, rows.assumed(name))

    def _last(self, name: str) -> str:
        if name not in self.lagged:
            self.lagged[name] = self.frame.bind(f"last_{name}", self.windows.before(exp.column(name))).name
        return self.lagged[name]

    def _by_year(self, values: list[Value], years: list[int], rows: Rows) -> Value:
        """What the rules of each row's own year say."""
        if len(values) == 1:
            return values[0]
        first = list(years)
        # A year that says the same as an earlier one goes by that.
        same = {year: self._like(year, first) for year in self.steps}
        column = exp.column(YEAR)
        cases = []
        for place, year in enumerate(first[:-1]):
            those = [y for y, like in same.items() if like == year]
            cases.append((any_of(*(_equals(column, y) for y in those)), values[place]))
        return v.choose(rows, cases, values[-1])

    def _like(self, year: int, years: list[int]) -> int:
        says = self._says(year, self.steps[year][0].scheme, self.steps[year][1])
        return next(y for y in years if self._says(y, self.steps[y][0].scheme, self.steps[y][1]) == says)

    def _bound(self, rows: Rows, hint: str, value: Value) -> Value:
        return bound_in(self.frame, rows.arithmetic, hint, value)

    # ---- which rows are one

    def _grouped(
        self,
        rows: Rows,
        end: Plain,
        first: exp.Column,
        joins: Value,
        gap: Value,
        bound: Value,
        apart: tuple[Value, ...],
    ) -> Linked:
        frame = self.frame
        base, now = d.plain(joins.base, "yes_no"), d.plain(joins.now, "yes_no")
        joined = certainly(base.sql, blank=base.blank)
        number = self.windows.count("parts", no(joined))
        part = frame.bind("part", _part_of(first, number))
        ends = frame.bind(
            "ends",
            no(coalesced(self.windows.after(base.sql), truth(value=False)))
            if known(base.sql) is None
            else truth(value=True),
        )
        open_ = Open(self.windows, self.arithmetic, joins, base, now) if base.blank else None
        counts = {} if open_ is None else open_.counted(number)
        if open_ is not None:
            self.doubts.append(open_.too_many)
        standing = None if open_ is None else self._standing(rows, joins)
        name = frame.bind("merged_name", self._name(rows, end, ends))
        doubt: exp.Expression = certainly(any_of(*self.doubts))
        if known(doubt) is None:
            doubt = frame.bind("link_doubt", own_(doubt))
        frame.put_down()
        stored = tuple(frame.stored)
        relation = self.relation
        most = max((relation.most_children or {}).get(kind, relation.rows) for kind in relation.parents)
        source = replace(
            relation, sql=frame.source, most_children={**(relation.most_children or {}), self.step.table: most * len(self.steps)},
            made=tuple(x for x in stored if x not in {*_stored_of(relation), *self.of_scenario}),
        )  # fmt: skip
        table = self.tables.new(self.scheme.labels.id(self.step.table))
        given_ = {x: exp.column(x) for x in (PARENT, PARENT_KIND, YEAR, NUMBER, INSURANCE, PLACE)}
        columns: dict[str, exp.Expression] = {
            ROW: part.copy(), **given_, UNIT: name.copy(), FROM_DATA: truth(value=True),
            COUNT: exp.cast(exp.Literal.number(1), BIGINT.copy()),
        }  # fmt: skip
        kept = list(counts.values())
        if standing is not None:
            kept += [x.name for tree in trees(standing, self.arithmetic) for x in tree.find_all(exp.Column)]
        columns |= {x: exp.column(x) for x in (first.name, *kept, *self.of_scenario)}
        self.program.append(Stack(table, [(frame.source, ends, columns)]))
        made = Relation(
            self.step.table, table, relation.parents, {}, relation.years, relation.insurances, relation.most_children,
            unique=False, made=tuple(x for x in columns if x not in {*OWN, *self.of_scenario}),
        )  # fmt: skip
        pairs = None if open_ is None else open_.pairs(source, stored, table, first.name, counts)
        return Linked(
            self.step, source, made, first, end.sql, part, doubt, joins, gap, bound, apart, standing, pairs
        )  # fmt: skip

    def _standing(self, rows: Rows, joins: Value) -> Value:
        """Whether a row that ends one is certain to: it is where it is known that the next row does not join it."""

        def lead(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
            return self.frame.bind(f"next_{part}" if part else "next_joins", self.windows.after(tree))

        following = changed(joins, rows.arithmetic, lead)
        sql = d.plain(following.base, "yes_no").sql
        last = self.frame.bind("next_row", self.windows.after(exp.column(ROW)))
        alone = any_of(is_null(last), certainly(no(sql)))
        stands = v.lift(rows, d.inverted, following)
        return self._bound(rows, "stands", v.choose(rows, [(alone, v.exactly(rows, value=True))], stands))

    def _name(self, rows: Rows, end: Plain, ends: exp.Expression) -> exp.Expression:
        """The name of a row that ends with a row: its keys and its day, and which of that day it is."""
        parts: list[exp.Expression] = []
        for key in self.step.keys:
            if parts:
                parts.append(exp.Literal.string("、"))
            parts.append(self._text(rows, key))
        parts += [exp.Literal.string("·"), exp.cast(end.sql.copy(), _VARCHAR.copy())]
        one = exp.Case(ifs=[exp.If(this=own_(ends).copy(), true=exp.Literal.number(1))])
        so_far = Windows(self.frame, [*self.windows.by, end.sql], [exp.column(ROW)]).over(exp.Count(this=one), SO_FAR)
        which = self.frame.bind("which_of_day", so_far)
        text = _joined(parts)
        more = _joined([text.copy(), exp.Literal.string("·"), exp.cast(which.copy(), _VARCHAR.copy())])
        return case([(exp.GT(this=which.copy(), expression=exp.Literal.number(1)), more)], text)

    def _text(self, rows: Rows, key: str) -> exp.Expression:
        what = rows.columns[key].base.what
        if isinstance(what, Plain):
            if what.sort == "yes_no":
                yes, no_ = exp.Literal.string("是"), exp.Literal.string("否")
                return exp.Case(ifs=[exp.If(this=what.sql.copy(), true=yes)], default=no_)
            return what.sql.copy() if what.sort == "text" else exp.cast(what.sql.copy(), _VARCHAR.copy())
        assert what.low is not None
        above, below = what.low.above, what.low.below.static
        assert below is not None
        if below != 1:
            parts = exp.Mod(this=exp.Paren(this=above.sql.copy()), expression=exp.Literal.number(below))
            # A name with a fraction in it is for the interpreter to write.
            self.doubts.append(exp.NEQ(this=parts, expression=exp.Literal.number(0)))
            above = self.arithmetic.floor(above, self.arithmetic.constant(below))
        return exp.cast(above.sql.copy(), _VARCHAR.copy())


# ---- trees


def _hints(met: Mapping[int, list[Value]]) -> list[str]:
    """What the values are called that say how a row meets the one before it."""
    most = max(len(values) for values in met.values())
    if any(len(values) < most for values in met.values()):
        raise Unsayable(Words("修订前后除非的条数不一样", "more conditions after an amendment than before it"))
    return ["meets", "gap", "bound", *(f"apart_{number}" for number in range(1, most - 2))]


def _days(later: exp.Expression, earlier: exp.Expression, dialect: Dialect) -> exp.Expression:
    """The days from one date to another."""
    if dialect == "spark":
        return exp.cast(exp.Anonymous(this="DATEDIFF", expressions=[later.copy(), earlier.copy()]), BIGINT.copy())
    # A date less a date is a whole number of days here, not an interval.
    return exp.cast(exp.Paren(this=exp.Sub(this=later.copy(), expression=earlier.copy())), BIGINT.copy())


def _part_of(first: exp.Expression, number: exp.Expression) -> exp.Expression:
    """The number of a row that is made: its key's first row and its place among those of the key."""
    apart = exp.cast(exp.Literal.number(APART), BIGINT.copy())
    return exp.Add(this=exp.Mul(this=first.copy(), expression=apart), expression=number.copy())


def _joined(parts: Sequence[exp.Expression]) -> exp.Expression:
    """Texts one after another."""
    result = parts[0]
    for part in parts[1:]:
        result = exp.DPipe(this=result, expression=part)
    return result


def _equals(column: exp.Expression, number: int) -> exp.Expression:
    return exp.EQ(this=column.copy(), expression=exp.Literal.number(number))


def _stored_of(relation: Relation) -> set[str]:
    return {*OWN, *(column.sql for column in relation.columns.values())}
