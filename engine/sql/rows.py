"""The rows of one kind in one year, as the evaluator sees them: their columns, parameters, and what is in doubt."""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from sqlglot import exp

from engine.nouns import value as n
from engine.nouns.core import Parameter, Scheme, Table
from engine.nouns.dataset import Assumption
from engine.nouns.kinds import Base, Kind
from engine.nouns.periods import Period, periods_of
from engine.nouns.pipeline import GIVEN, Allocate, Check
from engine.nouns.possible import Absent, Between, Maybe, Unknown
from engine.nouns.possible import Possible as Known
from engine.sql import domain as d
from engine.sql import marks as m
from engine.sql import rational as r
from engine.sql import values as v
from engine.sql.carried import changed
from engine.sql.conditions import BOOLEAN, any_of, certainly, is_given, is_null, known, never_null, truth
from engine.sql.forms import ANYTHING, Plain, Possible, Rational, Sort, Value
from engine.sql.layout import (
    FROM_DATA,
    INSURANCE,
    NUMBER,
    PARENT,
    PARENT_KIND,
    ROW,
    UNIT,
    YEAR,
    Column,
    Relation,
    of_scenario,
)
from engine.sql.levels import Frame, Join, Stack, Statement, own
from engine.sql.names import Called
from engine.sql.scope import Names, Unsayable
from engine.sql.whole import Arithmetic, Whole
from grammar.diagnostic import Words
from grammar.frozen import dataclass

BIGINT = exp.DataType.build("BIGINT")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known before a run: ``parameter`` at an insurance type and period, and the assumptions in force.

    ``has_rows``: whether the data has rows of a kind for an insurance type in a year. ``open``: the relation whose one row gives
    the parameters that the rule file leaves open.
    """

    parameter: Callable[[Parameter, str | None, Period], n.Value]
    assumptions: Mapping[str, Assumption]
    has_rows: Callable[[str, str | None, int], bool]
    open: Relation | None = None


class Rows:
    """A scope over the rows of a kind; ``refused`` says which a gate took out, None while none can be."""

    def __init__(
        self,
        name: str,
        scheme: Scheme,
        table: Table,
        relation: Relation,
        year: int,
        facts: Facts,
        arithmetic: Arithmetic,
        names: Names,
        supplied: frozenset[str],
        program: list[Statement | Stack],
        tables: Called,
        above: Mapping[str, "Rows"],
        frame: Frame | None = None,
        varying: Mapping[str, Column] | None = None,
    ) -> None:
        self.scheme = scheme
        self.table = table
        self.relation = relation
        self.year = year
        self.facts = facts
        self.arithmetic = arithmetic
        self.names = names
        self.supplied = supplied
        self.varying = varying
        where = None if relation.one_year else exp.EQ(this=exp.column(YEAR), expression=exp.Literal.number(year))
        stored = [ROW, PARENT, PARENT_KIND, YEAR, NUMBER, UNIT, INSURANCE, FROM_DATA, "count", "place"]
        stored += [column.sql for column in relation.columns.values()]
        stored += relation.made
        stored += of_scenario(varying)
        given = [ROW, YEAR, FROM_DATA, "count", "place"]
        given += [column.sql for column in relation.columns.values() if column.given and not column.blanks]
        self.frame = frame if frame is not None else Frame(name, relation.sql, where, stored, program, tables, given)
        self.columns: dict[str, Value] = {}
        self.decided: dict[str, m.Mask] = {}
        self.opened: dict[str, exp.Expression] = {}
        self.checks: list[tuple[Check, exp.Expression]] = []
        self.shared: list[tuple[Allocate, exp.Expression]] = []
        self.doubts: list[exp.Expression] = []
        self.refused: exp.Expression | None = None
        self.ups: dict[str, tuple[exp.Expression, bool]] = {}
        # Of rows made of others: whether each is one by itself (None: all are), and the rows they are made of.
        self.standing: Value | None = None
        self.parts: tuple[Rows, ...] = ()
        self.period: int | None = None
        self._parameters: dict[str, Value] = {}
        self._own_columns()
        self._ancestors(above)

    # ---- what the evaluator asks

    def column(self, name: str) -> Value:
        """A column of the row as it stands."""
        if name not in self.columns:
            raise Unsayable(Words(f"{self.table.name}.{name}", f"{self.table.name}.{name}"))
        return self.columns[name]

    def parameter(self, name: str) -> Value:
        """A parameter at the row's date and insurance type."""
        if name not in self._parameters:
            self._parameters[name] = self._parameter(self.scheme.parameters[name])
        return self._parameters[name]

    def given(self, name: str) -> exp.Expression:
        """Whether the data gives a column of the row."""
        column = self.relation.columns.get(name)
        if column is None or not column.given:
            return truth(value=False)
        return is_given(exp.column(column.sql)) if column.blanks else truth(value=True)

    def bind(self, hint: str, sql: exp.Expression, kind: exp.DataType) -> exp.Expression:
        """A column of its own for a tree that is used more than once."""
        del kind
        return self.frame.bind(hint, sql)

    def doubt(self, condition: exp.Expression) -> None:
        """Rows for which a condition holds are settled again by the interpreter."""
        if known(condition) is False:
            return
        if condition not in self.doubts:
            self.doubts.append(condition)

    # ---- what steps ask

    def put(self, name: str, value: Value, about: str | None = None) -> None:
        """A column of the row, in columns of its own in SQL."""
        wanted = self.scheme.labels.id(name, self.table.name)

        def change(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
            called = f"{wanted}_{part}" if part else wanted
            if isinstance(tree, exp.Column) and tree.name in self.frame.level:
                if about is None:
                    return tree
                if self.frame.is_new(tree.name, called):
                    self.frame.about(tree.name, about)
                    return tree
            bound = self.frame.bind(called, _unparented(tree))
            if about is not None:
                self.frame.about(bound.name, about)
            return bound

        self.columns[name] = changed(value, self.arithmetic, change)

    def beside(self, other: "Rows", alias: str, on: exp.Expression) -> "Beside":
        """The rows of another table that go with these, one or none to each."""
        return Beside(self, self.frame.join(alias, other.frame.source, on, None))

    def up(self, kind: str) -> tuple[exp.Expression, bool] | None:
        """The number of the row above of a kind, and whether every row has one; None where none has."""
        return self.ups.get(kind)

    def doubtful(self) -> exp.Expression:
        """Whether anything about a row is in doubt."""
        parts: list[Any] = []
        for doubt in self.doubts:
            parts += doubt.flatten() if isinstance(doubt, exp.Or) else [doubt]
        some = any_of(*parts)
        return some if never_null(some, self.frame.given) else certainly(some)

    # ---- what those ask who gather the rows

    @property
    def own(self) -> "Rows":
        """The rows on which expressions are worked out."""
        return self

    def here(self, value: Value, hint: str) -> Value:
        """A value of the rows on which expressions are worked out."""
        del hint
        return value

    def here_too(self, tree: exp.Expression) -> exp.Expression:
        """A column of the rows on which expressions are worked out."""
        return tree

    def of_period(self, number: int) -> "Rows":
        """The rows of one period of the year alone, with the columns there are."""
        mine = copy(self)
        mine.period = number
        where: exp.Expression = exp.EQ(this=exp.column(NUMBER), expression=exp.Literal.number(number))
        frame = self.frame
        if frame.where is not None:
            where = exp.And(this=frame.where.copy(), expression=where)
        mine.frame = Frame(
            f"{frame.name}_{number}", frame.source, where, frame.stored, frame.program, frame.tables_of, frame.given
        )
        mine.columns = {**self.columns, "期次": v.exactly(self, number)}
        mine.decided, mine.opened, mine.ups = {}, {}, dict(self.ups)
        mine.checks, mine.shared, mine.doubts = [], [], []
        mine._parameters = {}  # noqa: SLF001 - another of its own
        return mine

    # ---- how it begins

    def _own_columns(self) -> None:
        n_ = self.arithmetic
        self.columns["年度"] = v.exactly(self, self.year)
        self.columns["名称"] = v.stated(Possible(Plain(exp.column(UNIT), "text", blank=False)))
        most = max(12, self.relation.rows)
        self.columns["期次"] = v.stated(d.point(r.whole(self, n_.column(NUMBER, 0, most))))
        if self.table.grain == "year":
            self.columns["期次"] = v.exactly(self, 1)
        self.columns["险种"] = self._insurance()
        for (table, name), datum in self.scheme.inputs.items():
            if table != self.table.name:
                continue
            column = self.relation.columns[name]
            value = v.datum(self, given(self.arithmetic, column), datum, self.assumed(name))
            self.put(name, value)
            if (table, name) in self.scheme.figures:
                self.columns[GIVEN + name] = self.columns[name]

    def assumed(self, name: str) -> Possible | None:
        """What is assumed of a name: one value, or what the row's scenario says."""
        assumption = self.facts.assumptions.get(name)
        if assumption is None:
            return None
        column = (self.varying or {}).get(name)
        return d.exact(self, assumption.value) if column is None else given(self.arithmetic, column)

    def _insurance(self) -> Value:
        some = [x for x in self.relation.insurances if x is not None]
        lacks = len(some) < len(self.relation.insurances)
        if not some:
            return Value(d.unknown("text"), d.unknown("text"), missing=m.fixed(self.names.mask(["险种"])))
        if len(some) == 1 and not lacks:
            return v.exactly(self, some[0])
        column = exp.column(INSURANCE)
        what = Possible(Plain(column, "text", blank=lacks))
        missing = m.when(is_null(column), m.fixed(self.names.mask(["险种"]))) if lacks else m.NO_MARKS
        return Value(what, what, missing=missing)

    def _ancestors(self, above: Mapping[str, "Rows"]) -> None:
        """For each kind above, the number of the row above: the parent's own, and through it those further up."""
        several = len(self.relation.parents) > 1
        found: dict[str, list[tuple[exp.Expression, exp.Expression, bool]]] = {}
        for place, parent in enumerate(self.relation.parents):
            if parent not in above:
                continue
            mine: exp.Expression = truth(value=True)
            if several:
                mine = exp.EQ(this=exp.column(PARENT_KIND), expression=exp.Literal.number(place))
            found.setdefault(parent, []).append((mine, exp.column(PARENT), True))
            further = above[parent].ups
            if not further:
                continue
            above[parent].frame.stores(x.name for x, _ in further.values() if isinstance(x, exp.Column))
            on: exp.Expression = exp.EQ(this=exp.column(ROW, table="above"), expression=own(PARENT))
            if several:
                on = exp.And(this=on, expression=exp.EQ(this=own(PARENT_KIND), expression=exp.Literal.number(place)))
            join = self.frame.join("above", above[parent].frame.source, on, above[parent].frame.where)
            for kind, (number, every) in further.items():
                assert isinstance(number, exp.Column)
                bound = self.frame.bind(f"{_id(self.scheme, kind)}_row", exp.column(number.name, table=join.alias))
                found.setdefault(kind, []).append((mine, bound, every))
        for kind, ways in found.items():
            tree: exp.Expression
            every = len({str(mine) for mine, _, e in ways if e}) == len(self.relation.parents)
            if len(ways) == 1:
                mine, column, _ = ways[0]
                tree = column if known(mine) else exp.Case(ifs=[exp.If(this=mine.copy(), true=column.copy())])
            else:
                cases = [exp.If(this=mine.copy(), true=column.copy()) for mine, column, _ in ways]
                tree = exp.Case(ifs=cases)
            if not isinstance(tree, exp.Column):
                tree = self.frame.bind(f"{_id(self.scheme, kind)}_row", tree)
            self.ups[kind] = (tree, every)

    def _parameter(self, declared: Parameter) -> Value:
        """A parameter: one value, or by insurance type and period where these differ."""
        if declared.name in (self.varying or {}):
            return self._of_scenario(declared)
        every = self.relation.insurances
        periods = periods_of(self.year, self.table.grain)
        if self.period is not None:
            periods = (periods[self.period - 1],)
        found = {i: [self.facts.parameter(declared, i, period) for period in periods] for i in every}
        made = {i: self._by_period(declared, values) for i, values in found.items()}
        first = found[every[0]]
        if all(_alike(x, y) for values in found.values() for x, y in zip(values, first, strict=True)):
            return made[every[0]]
        column = exp.column(INSURANCE)
        *others, last = every
        cases = [
            (
                is_null(column) if i is None else exp.EQ(this=column.copy(), expression=exp.Literal.string(i)),
                made[i],
            )
            for i in others
        ]
        if None in every:
            cases = [(certainly(condition), value) for condition, value in cases]
        return v.choose(self, cases, made[last])

    def _of_scenario(self, declared: Parameter) -> Value:
        """A parameter that each scenario assumes a value of, which goes before what the rule file says."""
        one = self.facts.parameter(declared, None, next(iter(periods_of(self.year, self.table.grain))))
        assumed = lifted(self, one, declared.kind)
        now = self.assumed(declared.name)
        assert now is not None
        return Value(now, assumed.base, assumed.missing, assumed.assumed, assumed.defaults)

    def _by_period(self, declared: Parameter, values: list[n.Value]) -> Value:
        if all(_alike(x, values[0]) for x in values):
            return self._in_period(declared, values[0])
        made = [self._in_period(declared, x) for x in values]
        number = exp.column(NUMBER)
        cases = [(exp.EQ(this=number.copy(), expression=exp.Literal.number(i)), x) for i, x in enumerate(made[:-1], 1)]
        return v.choose(self, cases, made[-1])

    def _in_period(self, declared: Parameter, value: n.Value) -> Value:
        given_by = self.facts.open.columns.get(declared.name) if self.facts.open is not None else None
        if self.facts.open is None or given_by is None or not isinstance(value.now, Between | Unknown):
            return lifted(self, value, declared.kind)
        join = self.frame.join(self.facts.open.sql, self.facts.open.sql, truth(value=True))
        bound = self.frame.bind(given_by.sql, exp.column(given_by.sql, table=join.alias))
        return v.stated(given(self.arithmetic, replace(given_by, sql=bound.name)))


class Beside:
    """Another table's row beside each row: its values in columns of these rows."""

    def __init__(self, rows: Rows, join: Join) -> None:
        self.rows = rows
        self.join = join

    def value(self, value: Value, hint: str) -> Value:
        """A value of the other rows; where there is none, all of its columns are NULL."""

        def change(tree: exp.Expression, part: str, _kind: exp.DataType) -> exp.Expression:
            assert isinstance(tree, exp.Column)
            wanted = f"{hint}_{part}" if part else hint
            return self.rows.frame.bind(wanted, exp.column(tree.name, table=self.join.alias))

        return changed(value, self.rows.arithmetic, change)

    def tree(self, column: exp.Expression, hint: str) -> exp.Expression:
        """A column of the other rows."""
        assert isinstance(column, exp.Column)
        return self.rows.frame.bind(hint, exp.column(column.name, table=self.join.alias))


def given(arithmetic: Arithmetic, column: Column) -> Possible:
    """What the data gives for a column, NULL where nothing."""
    sql = exp.column(column.sql)
    if column.sort != "whole":
        sort: Sort = column.sort  # type: ignore[assignment]
        return Possible(Plain(sql, sort, blank=column.blanks)) if column.given else d.unknown(sort)
    if not column.given:
        return ANYTHING
    whole = Whole(sql, column.low, column.high)
    return d.point(Rational(whole, arithmetic.constant(column.scale), column.blanks))


def lifted(s: Rows, value: n.Value, kind: Kind) -> Value:
    """A value that is known before the run."""
    now = _possible(s, value.now, kind)
    base = now if value.base is value.now or not s.names.ranges else _possible(s, value.base, kind)
    masks = [m.fixed(s.names.mask(x)) for x in (value.missing, value.assumed, value.defaults)]
    return Value(now, base, *masks)


def _possible(s: Rows, value: Known, kind: Kind) -> Possible:
    match value:
        case Between(low=low, high=high):
            return d.between(s, low, high)
        case Unknown():
            return d.unknown(sort_of(kind))
        case Absent() | Maybe():
            raise AssertionError(value)
        case _:
            return d.exact(s, value)


def sort_of(kind: Kind) -> Sort:
    """How a value that is no number is held."""
    match kind.base:
        case Base.YES_NO:
            return "yes_no"
        case Base.DATE:
            return "date"
        case _:
            return "text"


def _alike(left: n.Value, right: n.Value) -> bool:
    return (left.now, left.base, left.missing, left.assumed, left.defaults) == (
        right.now, right.base, right.missing, right.assumed, right.defaults,
    )  # fmt: skip


def _unparented(tree: exp.Expression) -> exp.Expression:
    return tree if tree.parent is None else tree.copy()


def _id(scheme: Scheme, kind: str) -> str:
    return scheme.labels.id(kind)


def bound_truth(s: Rows, hint: str, condition: exp.Expression) -> exp.Expression:
    """A condition in a column, as others read it."""
    if known(condition) is not None or isinstance(condition, exp.Column):
        return condition
    return s.bind(hint, _unparented(condition), BOOLEAN)


def below(rows: Mapping[str, Rows], kind: str) -> Iterator[Rows]:
    """The kinds below one, nearest first."""
    found = [kind]
    for name in found:
        for other in rows.values():
            if name in other.relation.parents and other.table.name not in found:
                found.append(other.table.name)
                yield other
