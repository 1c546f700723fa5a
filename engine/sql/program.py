"""The pipelines of all years as SQL: statements in order, and where every column of every row is found at the end."""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Sequence_
from dataclasses import field

from sqlglot import exp

from engine.nouns.pipeline import (
    Aggregate,
    Allocate,
    Carry,
    Check,
    Derive,
    Inspect,
    Ledger,
    Link,
    Pipeline,
    Sequence,
    Spread,
    Step,
)
from engine.sql import domain as d
from engine.sql.allocate import allocate
from engine.sql.conditions import all_of, known, no, own
from engine.sql.derive import derive
from engine.sql.expressions import evaluate
from engine.sql.forms import Value
from engine.sql.gather import aggregate, names_of, refuse, spread
from engine.sql.layout import INSURANCE, PARENT, PARENT_KIND, ROW, UNIT, Layout
from engine.sql.ledger import OfPeriod, by_period
from engine.sql.levels import Stack, Statement, columns_in, pruned, query
from engine.sql.linking import Linked, linked
from engine.sql.members import parts_of, spread_joined
from engine.sql.names import Called
from engine.sql.periods import Past, Years, carry, place, waits_for_periods
from engine.sql.rows import Facts, Rows, bound_truth
from engine.sql.scope import Names, Unsayable
from engine.sql.told import Told, told
from engine.sql.whole import Arithmetic, Dialect, Unproved
from grammar.diagnostic import Words
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """``statements`` in order, and for each year and kind the rows whose table stands at the end, with what is in doubt."""

    statements: tuple[Statement | Stack, ...]
    years: Years
    names: Names
    doubts: Mapping[tuple[int, str], exp.Expression]
    dialect: Dialect
    links: Mapping[str, Linked]
    told: Mapping[tuple[int, str], tuple[Told, ...]] = field(default_factory=dict)

    def tables(self) -> Iterator[tuple[str, exp.Expression]]:
        """The tables to make, in order, each with the query that makes it."""
        for statement in self.statements:
            made = query(statement)
            if self.dialect == "postgres":
                # PostgreSQL would put each level's expressions into the next one's, and those into the next.
                for level in made.find_all(exp.CTE):
                    level.set("materialized", True)
            yield statement.table, made


def programmed(
    pipelines: Mapping[int, Pipeline],
    layout: Layout,
    facts: Facts,
    dialect: Dialect,
    *,
    whole: bool = True,
    ranges: bool = True,
    figures: Mapping[int, Sequence_[tuple[str, str, Derive | Allocate]]] | None = None,
    tallied: bool = False,
) -> Program:
    """The statements for all years; raises Unsayable for what SQL cannot say.

    ``whole``: all columns are kept to the end, not only those that results are told of. ``ranges``: what is open is worked out
    as a range; without them it is NULL, which is sound, for what is NULL may be anything. ``figures``: in the columns' place,
    those that tell these figures of each year as results do; ``tallied``: with them what was checked of the rows.
    """
    names = Names(ranges=ranges)
    statements: list[Statement | Stack] = []
    years: dict[int, dict[str, Rows]] = {}
    doubts: dict[tuple[int, str], exp.Expression] = {}
    tables = Called(
        next(iter(pipelines.values())).scheme.labels, [*(x.sql for x in layout.relations.values()), *layout.taken]
    )
    wanted: dict[str, set[str]] = {}
    layout, links = linked(pipelines, layout, facts, Arithmetic(dialect), names, statements, tables)
    sources = {x.source.kind for x in links.values()}
    if whole and figures is None:
        for link in links.values():
            wanted.setdefault(link.source.sql, set()).update(link.names(Arithmetic(dialect)))
    told_of: dict[tuple[int, str], tuple[Told, ...]] = {}
    for year, pipeline in pipelines.items():
        years[year] = _begun(year, pipeline, layout, facts, Arithmetic(dialect), names, statements, tables)
        _Year(year, pipeline, years, layout, links).settle()
        for kind, rows in years[year].items():
            if figures is not None:
                mine = [(name, step) for table, name, step in figures[year] if table == kind]
                told_of[year, kind] = tuple(
                    _told(rows, name, step, pipeline, ending=tallied) for name, step in mine if name in rows.columns
                )
            doubt = bound_truth(rows, "doubt", rows.doubtful())
            doubts[year, kind] = doubt
            if figures is not None:
                keep = {ROW, *(name for each in told_of[year, kind] for name in each.columns)}
                if kind in links:
                    # Whose they are no table of the data says.
                    keep |= {PARENT, PARENT_KIND, UNIT, INSURANCE}
                keep |= set(_tallied(rows)) if tallied else set()
            else:
                keep = {ROW, *(read_of(rows) if whole else _figures_of(rows, pipeline))}
            if isinstance(doubt, exp.Column):
                keep.add(doubt.name)
            rows.frame.stores(keep)
            # Rows that the next year's may be linked to are read as this year left them.
            if kind in sources and rows.frame.waiting:
                rows.frame.put_down(tables.new(rows.frame.name))
            if whole or len(keep) > 1:
                asked = columns_in(rows.frame.where) if rows.frame.where is not None else ()
                wanted.setdefault(rows.frame.source, set()).update(keep, (column.name for column in asked))
    return Program(tuple(pruned(statements, wanted)), years, names, doubts, dialect, links, told_of)


def _told(rows: Rows, name: str, step: Derive | Allocate, pipeline: Pipeline, *, ending: bool) -> Told:
    blank_only = isinstance(step, Derive) and step.blank_only
    needs_data = (rows.table.name, name) in pipeline.needs_data
    try:
        return told(rows, name, step.kind, blank_only=blank_only, needs_data=needs_data, ending=ending)
    except Unproved as unproved:
        raise Unsayable(_too_large(unproved, rows.arithmetic.dialect), _named(step)) from None


def _too_large(unproved: Unproved, dialect: Dialect) -> Words:
    """What the engine does not hold."""
    if unproved.most is None:
        return Words("数的上下界证不出来", "a number whose ends are not known")
    digits = len(str(unproved.most))
    engine = _ENGINES[dialect]
    return Words(
        f"算到一半的数可能有 {digits} 位，{engine} 装不下",
        f"a number on the way may have {digits} digits, more than {engine} holds",
    )


_ENGINES: Mapping[Dialect, str] = {"duckdb": "DuckDB", "spark": "Spark", "postgres": "PostgreSQL"}


def read_of(rows: Rows) -> Iterator[str]:
    """The columns in SQL that hold what a run leaves on rows."""
    for value in rows.columns.values():
        yield from names_of(value, rows)
    for mask in rows.decided.values():
        for _, tree in mask.words:
            yield from (x.name for x in tree.find_all(exp.Column))
    trees = [*rows.opened.values(), *(x for _, x in rows.checks), *(x for _, x in rows.shared)]
    if rows.refused is not None:
        trees.append(rows.refused)
    for tree in trees:
        yield from (x.name for x in tree.find_all(exp.Column))


def _tallied(rows: Rows) -> Iterator[str]:
    """The columns in SQL of what was checked of the rows, of who is refused, and of whether a part that was shared is there."""
    trees = [*(x for _, x in rows.checks), *(x for _, x in rows.shared)]
    if rows.refused is not None:
        trees.append(rows.refused)
    for step, _ in rows.shared:
        gone = rows.columns[step.column].now.gone if step.column in rows.columns else 0
        trees += [gone] if isinstance(gone, exp.Expression) else []
        if step.table in rows.ups:
            trees.append(rows.ups[step.table][0])
    for tree in trees:
        yield from (x.name for x in tree.find_all(exp.Column))


def _figures_of(rows: Rows, pipeline: Pipeline) -> Iterator[str]:
    """The columns in SQL of what results tell: figures and what is checked of them, not their helpers."""
    scheme = pipeline.scheme
    names = {name for table, name in scheme.figures if table == rows.table.name}
    names |= {a.part for a in scheme.allocations if rows.table.name in a.receivers}
    for name in names & rows.columns.keys():
        value = rows.columns[name]
        yield from names_of(Value(value.now, value.now), rows)
    refused = [rows.refused] if rows.refused is not None and names & rows.columns.keys() else []
    for tree in (*(x for _, x in rows.checks), *refused):
        yield from (x.name for x in tree.find_all(exp.Column))


def _begun(
    year: int,
    pipeline: Pipeline,
    layout: Layout,
    facts: Facts,
    arithmetic: Arithmetic,
    names: Names,
    statements: list[Statement | Stack],
    tables: Called,
) -> dict[str, Rows]:
    """The rows of each kind that has any this year, or has columns that others ask for; parents first."""
    scheme = pipeline.scheme
    made: dict[str, Rows] = {}

    def make(kind: str) -> None:
        if kind in made:
            return
        for parent in scheme.tables[kind].parents:
            make(parent)
        made[kind] = Rows(
            f"{scheme.labels.id(kind)}_{year}", scheme, scheme.tables[kind], layout.relations[kind], year, facts,
            arithmetic, names, layout.supplied, statements, tables, made,
            varying=layout.varying,
        )  # fmt: skip

    for kind in scheme.tables:
        make(kind)
    return made


class _Year:
    """The steps of one year."""

    def __init__(
        self, year: int, pipeline: Pipeline, years: Years, layout: Layout, links: Mapping[str, Linked]
    ) -> None:
        self.pipeline = pipeline
        self.years = years
        self.year = year
        self.rows = years[year]
        self.layout = layout
        self.links = links

    def settle(self) -> None:
        for step in self.pipeline.steps:
            if isinstance(step, Ledger):
                by_period(self.rows, step.steps, self._do_named)
            elif waits_for_periods(self.rows[step.table], step):
                by_period(self.rows, (step,), self._do_named)
            else:
                self._do_named(step, self.rows, [])

    def _do_named(self, step: Step, all_rows: Mapping[str, Rows], done: list[OfPeriod]) -> None:
        try:
            self._do(step, all_rows, done)
        except Unsayable as unsayable:
            raise Unsayable(unsayable.why, unsayable.figure or _named(step)) from None
        except Unproved as unproved:
            raise Unsayable(_too_large(unproved, self.rows[step.table].arithmetic.dialect), _named(step)) from None

    def _do(self, step: Step, all_rows: Mapping[str, Rows], done: list[OfPeriod]) -> None:
        """Do a step; ``done`` are the rows of the periods of this year that a ledger has done already."""
        if all_rows is not self.rows and (step.table in self.links or any(x in self.links for x in _read_by(step))):
            raise Unsayable(Words("逐期算合并的行", "merged rows period by period"))
        match step:
            case Derive(figure=figure) if (
                figure.gate is not None and figure.gate.not_settled and step.table in self.links
            ):
                raise Unsayable(Words("合并的行上的准入", "a gate on merged rows"))
            case Derive():
                rows = all_rows[step.table]
                derive(rows, step)
                if step.column in rows.decided:
                    self._put_decided(rows, step.column)
                gate = step.figure.gate
                if gate is not None and gate.not_settled:
                    refuse(all_rows, rows, step.column)
            case Aggregate():
                aggregate(all_rows, step, self._gates(step.table))
            case Spread(above=str(above)) if above in self.links and step.table == self.links[above].source.kind:
                spread_joined(self.rows[step.table], self.rows[above], step, self.links[above])
            case Spread(above=str(above)) if above in self.links and step.table != above:
                raise Unsayable(Words("隔级看合并的行", "merged rows seen from rows further below"))
            case Spread():
                spread(all_rows, step)
            case Carry():
                rows = all_rows[step.table]
                carry(rows, step, Past(self.years, done), self.layout, self.pipeline.needs_data)
                if step.column in rows.opened:
                    rows.opened[step.column] = bound_truth(rows, "opened", rows.opened[step.column])
            case Sequence():
                rows = all_rows[step.table]
                if rows.standing is not None:
                    # Of rows that may not be there the places are the interpreter's.
                    rows.doubt(no(d.is_point(rows, rows.standing.base)))
                place(rows, step)
            case Allocate():
                allocate(all_rows, step)
            case Check():
                self._check(step)
            case Link():
                link = self.links[step.table]
                source, made = self.rows[step.source], self.rows[step.table]
                source.doubt(link.doubt)
                source.ups[step.table] = (link.part.copy(), True)
                made.standing, made.parts = link.standing, parts_of(link, self.year, self.years)
            case Inspect():
                pass

    def _put_decided(self, rows: Rows, column: str) -> None:
        hint = f"{rows.scheme.labels.id(column, rows.table.name)}_by"
        rows.decided[column] = rows.decided[column].each(lambda tree, _: rows.frame.bind(hint, own(tree)))

    def _gates(self, above: str) -> frozenset[str]:
        """The kinds that a gate below a kind, and none at it or above, may take out of totals."""
        found = set()
        for (table, _), figure in self.pipeline.scheme.figures.items():
            if figure.gate is not None and figure.gate.not_settled:
                found.add(table)
        below = {
            k for k in self.rows if any(g == k or g in self.rows[k].ups for g in found if above in self.rows[g].ups)
        }
        return frozenset(below)

    def _check(self, step: Check) -> None:
        rows = self.rows[step.table]
        left = evaluate(rows, step.left)
        if step.sort == "limit":
            wrong = no(d.plain(left.now, "yes_no").sql)
            if rows.refused is not None:
                wrong = all_of(wrong, no(rows.refused))
            rows.doubt(wrong)
            return
        assert step.right is not None
        right = evaluate(rows, step.right)
        same = d.plain(d.equal(rows, left.now, right.now), "yes_no").sql
        if known(same) is None:
            same = rows.frame.bind("balanced", same if same.parent is None else same.copy())
        rows.doubt(no(same))
        rows.checks.append((step, same))


def _read_by(step: Step) -> Iterator[str]:
    """The kinds of other rows that a step reads."""
    match step:
        case Aggregate(tables=tables):
            yield from tables
        case Spread(above=str(above)):
            yield above
        case _:
            return


def _named(step: Step) -> str:
    """The figure a step is about."""
    match step:
        case Check(text=text):
            return text
        case Inspect(uses=uses):
            return uses.name
        case Link(table=table):
            return table
        case _:
            return f"{step.table}.{step.column}"
