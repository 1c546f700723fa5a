"""Many scenarios of one dataset in one plan: its rows filled once and crossed with a table of scenarios, the rules run once over all.

Runs that assume the same names are alike and settled together: what they assume stands in columns, one row a scenario.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass as mutable
from dataclasses import field, replace
from datetime import date
from decimal import Decimal

from sqlglot import exp

from engine.bulk.fill import Filled, column_of, fill, stored
from engine.bulk.hand_over import Root, bound_together, of_roots, root_of
from engine.bulk.run import PipelineOf, facts_of, load
from engine.bulk.wide import decimal, waiting
from engine.interpret.interpret import interpret
from engine.interpret.report import figures_of, results_of
from engine.nouns.dataset import Assumption, Dataset
from engine.nouns.kinds import Base, Kind
from engine.nouns.periods import Period
from engine.nouns.pipeline import Pipeline
from engine.nouns.printed import plain
from engine.nouns.settlement import FigureResult
from engine.nouns.world import Row
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import (
    INSURANCE,
    PARENT,
    PARENT_KIND,
    ROW,
    SCENARIO,
    UNIT,
    Column,
    Layout,
    Relation,
)
from engine.sql.levels import Frame, quoted
from engine.sql.linking import APART
from engine.sql.program import Program, programmed
from engine.sql.scope import Unsayable
from engine.sql.storage import columns_of, type_of
from engine.sql.told import FEN_PLACES, PLACES, Told
from grammar.diagnostic import Finding, FindingsError, Words
from grammar.frozen import dataclass

# So many rows of all kinds are worked on at once; the scenarios of more are taken in turns.
_ROWS_AT_ONCE = 1_000_000
_STATES = ("stated", "assumed", "open")
# Rows that only the interpreter makes stand after those of the data.
_AFTER = 1 << 40


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a kind of rows as a table has it: its name, its type in the engine, how many decimals are told."""

    name: str
    sort: str
    places: int | None
    is_money: bool


@mutable(slots=True)
class Many:
    """What came of the runs: a table for each kind with the figures it has, runs that were refused, units handed back.

    A table has ``run``, ``year``, ``place``, ``unit``, ``insurance``, ``period``, and for each figure by its number its
    value, state and what it waits for (``v0``, ``s0``, ``w0`` …).
    """

    tables: dict[str, str] = field(default_factory=dict)
    figures: dict[str, list[Figure]] = field(default_factory=dict)
    refused: dict[int, list[Finding]] = field(default_factory=dict)
    handed_back: int = 0
    by_rows: int = 0
    of: int = 0
    why: Words | None = None


def settle_many(
    engine: DuckDB,
    name: str,
    pipeline_of: PipelineOf,
    dataset: Dataset,
    runs: Sequence[Mapping[str, Assumption]],
    *,
    in_engine: bool = True,
) -> Many:
    """Settle a dataset once for each run's assumptions; ``name`` begins the names of the tables that are left.

    ``in_engine`` False: the interpreter settles every run by itself.
    """
    return _Settler(engine, name, pipeline_of, dataset, runs).settle(in_engine=in_engine)


class _Settler:
    def __init__(
        self,
        engine: DuckDB,
        name: str,
        pipeline_of: PipelineOf,
        dataset: Dataset,
        runs: Sequence[Mapping[str, Assumption]],
    ) -> None:
        self.engine = engine
        self.name = name
        self.pipeline_of = pipeline_of
        self.dataset = dataset
        self.runs = runs
        self.pipelines: dict[int, Pipeline] = {y: pipeline_of(date(y, 1, 1)) for y in dataset.years}
        self.told = {year: figures_of(pipeline) for year, pipeline in self.pipelines.items()}
        self.many = Many()
        self.roots: list[frozenset[Root]] = []
        self.places: dict[int, int] = {}

    def settle(self, *, in_engine: bool) -> Many:
        self._tables()
        if not in_engine or not self.pipelines:
            self._interpret_all(range(len(self.runs)))
            return self.many
        try:
            filled = fill(self.pipeline_of, self.dataset)
        except Unsayable as unsayable:
            self._say(unsayable)
            self._interpret_all(range(len(self.runs)))
            return self.many
        load(self.engine, filled)
        self._label(filled)
        for alike in self._alike():
            try:
                self._together(filled, alike)
            except Unsayable as unsayable:
                self._say(unsayable)
                self._forget(alike)
                self._interpret_all(alike)
        for relation in filled.layout.relations.values():
            self._drop(relation.sql, f"labels {relation.kind}")
        if self.many.refused:
            for table in self.many.tables.values():
                self._delete(table, self.many.refused)
        return self.many

    # ---- runs that are alike

    def _alike(self) -> Iterator[list[int]]:
        """The runs that assume the same names, each with all that are like it."""
        found: dict[frozenset[str], list[int]] = {}
        for number, run in enumerate(self.runs):
            found.setdefault(frozenset(run), []).append(number)
        yield from found.values()

    def _together(self, filled: Filled, alike: list[int]) -> None:
        """Settle runs that assume the same names: values that differ stand in columns, others in the rules themselves."""
        first = self.runs[alike[0]]
        varying: dict[str, Column] = {}
        cells: dict[str, list[object]] = {}
        taken = {c.sql for r in filled.layout.relations.values() for c in r.columns.values()}
        for name in first:
            given = [self.runs[number][name].value for number in alike]
            if all(value == given[0] for value in given):
                continue
            sql = next(x for i in range(len(taken) + 1) if (x := f"scenario_{len(varying)}_{i}") not in taken)
            column = column_of(name, sql, self._kind_of(name), list(given))
            varying[name] = column
            cells[name] = list(stored(list(given), column))
        crossed = {kind: replace(r, sql=f"{r.sql} of scenarios") for kind, r in self._crossed(filled)}
        bases = tuple(x.sql for x in filled.layout.relations.values())
        relations = {**filled.layout.relations, **crossed}
        layout = Layout(relations, filled.layout.supplied, filled.layout.years, varying, bases)
        dataset = replace(self.dataset, assumptions=first)
        program = programmed(self.pipelines, layout, facts_of(dataset), self.engine.dialect, figures=self.told)
        queries = [(table, self.engine.said(quoted(query))) for table, query in program.tables()]
        rows = sum(relation.rows for relation in crossed.values()) or 1
        size = max(1, _ROWS_AT_ONCE // rows)
        for start in range(0, len(alike), size):
            some = alike[start : start + size]
            self._scenarios(varying, {n: c[start : start + size] for n, c in cells.items()}, some)
            for kind, relation in crossed.items():
                self._cross(filled.layout, kind, relation, varying)
            for table, query in queries:
                self.engine.keep(table, query)
            self._take(filled, program, some)
            for table in ("scenarios", *(r.sql for r in crossed.values()), *(table for table, _ in queries)):
                self._drop(table)

    def _crossed(self, filled: Filled) -> Iterator[tuple[str, Relation]]:
        """The relations of rows that are settled; those of earlier years are the same in every scenario."""
        for kind, relation in filled.layout.relations.items():
            if ROW in filled.cells[kind]:
                yield kind, relation

    def _kind_of(self, name: str) -> Kind:
        for pipeline in reversed(self.pipelines.values()):
            parameter = pipeline.scheme.parameters.get(name)
            if parameter is not None:
                return parameter.kind
            for (_, datum), declared in pipeline.scheme.inputs.items():
                if datum == name:
                    return declared.kind
        raise Unsayable(Words("修订前后没有这个名称", "a name that no state of the rules has"), name)

    def _scenarios(self, varying: Mapping[str, Column], cells: Mapping[str, list[object]], some: list[int]) -> None:
        big = exp.DataType.build("BIGINT")
        columns = [(SCENARIO, big), ("run", big.copy())]
        columns += [(column.sql, type_of(column, self.engine.dialect)) for column in varying.values()]
        self.engine.create("scenarios", columns)
        values = [cells[name] for name in varying]
        lines = [(place, run, *(each[place] for each in values)) for place, run in enumerate(some)]
        self.engine.fill("scenarios", lines)

    def _cross(self, layout: Layout, kind: str, relation: Relation, varying: Mapping[str, Column]) -> None:
        """Every row once for each scenario: rows are numbered scenario by scenario, and so are those they belong to."""
        base = layout.relations[kind]
        names = [name for name, _ in columns_of(base, self.engine.dialect) if name not in {ROW, PARENT}]
        above = "".join(
            f" WHEN {place} THEN {layout.relations[parent].rows}" for place, parent in enumerate(base.parents)
        )
        up = f"CASE r.{PARENT_KIND}{above} END" if above else "0"
        kept = ", ".join(f"r.{_name(name)}" for name in names)
        more = "".join(f", s.{_name(column.sql)}" for column in varying.values())
        query = (
            f"SELECT s.{SCENARIO} * {base.rows} + r.{_name(ROW)} AS {_name(ROW)}, "  # noqa: S608 - our own names
            f"s.{SCENARIO} * ({up}) + r.{_name(PARENT)} AS {_name(PARENT)}, {kept}, s.{SCENARIO}{more} "
            f"FROM {_name(base.sql)} r CROSS JOIN scenarios s"
        )
        self.engine.keep(relation.sql, query)

    # ---- results

    def _tables(self) -> None:
        """An empty table for each kind that tells figures."""
        kinds: dict[str, dict[str, set[str]]] = {}
        money: dict[tuple[str, str], bool] = {}
        for year, figures in self.told.items():
            # In the order in which a settlement tells them.
            for table in self.pipelines[year].scheme.tables:
                for of, name, step in figures:
                    if of == table:
                        kinds.setdefault(of, {}).setdefault(name, set()).add(_sort(step.kind))
                        money[of, name] = step.kind.is_money
        for number, (kind, names) in enumerate(kinds.items()):
            table = self.many.tables[kind] = f"{self.name} {number}"
            self.many.figures[kind] = [
                Figure(name, sort if not sorts else "VARCHAR", _places(sort) if not sorts else None, money[kind, name])
                for name, of in names.items()
                for sort, *sorts in [sorted(of)]
            ]
            columns = ["run BIGINT", "year INT", "place BIGINT", "unit VARCHAR", "insurance VARCHAR", "period VARCHAR"]
            for i, figure in enumerate(self.many.figures[kind]):
                columns += [f"v{i} {figure.sort}", f"s{i} SMALLINT", f"w{i} VARCHAR"]
            self.engine.run(f"CREATE TABLE {_name(table)} ({', '.join(columns)})")

    def _label(self, filled: Filled) -> None:
        """Whose each row is, for people, and with which others it is handed back."""
        groups = bound_together(filled.tables, self.pipelines)
        numbers: dict[frozenset[Root], int] = {}
        for group in groups.values():
            numbers.setdefault(group, len(numbers))
        self.roots = list(numbers)
        self.many.of = len(groups) * len(self.runs)
        links = {kind for pipeline in self.pipelines.values() for kind in pipeline.scheme.links}
        for kind in (self.many.tables.keys() | {kind for kind, _ in self._crossed(filled)}) - links:
            rows = [row for year in self.dataset.years for row in filled.tables[year].get(kind, ())]
            self.places |= {id(row): place for place, row in enumerate(rows)}
            columns = [
                ("row", "BIGINT"),
                ("root", "BIGINT"),
                ("unit", "VARCHAR"),
                ("insurance", "VARCHAR"),
                ("period", "VARCHAR"),
            ]
            self.engine.create(f"labels {kind}", [(name, exp.DataType.build(sort)) for name, sort in columns])
            lines = [
                (place, numbers[groups[root_of(row)]], row.unit, row.insurance, str(row.period))
                for place, row in enumerate(rows)
            ]
            self.engine.fill(f"labels {kind}", lines)
        self.filled = filled

    def _take(self, filled: Filled, program: Program, some: list[int]) -> None:
        """Rows that are not in doubt go into the results; the others to the interpreter, each with its root."""
        self.engine.run(f"CREATE TABLE doubtful ({SCENARIO} BIGINT, root BIGINT)")
        for (year, kind), doubt in program.doubts.items():
            theirs = self._theirs(filled, program, kind)
            if not theirs.count or (isinstance(doubt, exp.Boolean) and not doubt.this):
                continue
            source = _rows_of(program.years[year][kind].frame)
            # A statement that nothing is read of is not made.
            where = doubt.sql(dialect=self.engine.dialect, identify=True)
            self.engine.run(
                f"INSERT INTO doubtful SELECT DISTINCT {theirs.scenario}, l.root FROM {source} f "  # noqa: S608
                f"JOIN {_name(theirs.labels)} l ON l.row = {theirs.label} WHERE {where}"
            )
        for (year, kind), told in program.told.items():
            theirs = self._theirs(filled, program, kind)
            if told and theirs.count and filled.layout.relations[theirs.kind].years.get(year):
                self._insert(program, year, kind, told, theirs)
        again: dict[int, set[int]] = {}
        for scenario, root in self.engine.rows(f"SELECT DISTINCT {SCENARIO}, root FROM doubtful"):  # noqa: S608
            again.setdefault(some[scenario], set()).add(root)
        self._drop("doubtful")
        for run in sorted(again):
            self._interpret(run, frozenset().union(*(self.roots[root] for root in again[run])))

    def _theirs(self, filled: Filled, program: Program, kind: str) -> "_Theirs":
        """How the rows of a kind are told: those of the data by their numbers, those made of others by what they are made of."""
        link = program.links.get(kind)
        source = kind if link is None else link.source.kind
        count = filled.layout.relations[source].rows
        row = f"f.{ROW}"
        if link is None:
            return _Theirs(kind, count, f"{row} // {count}", f"{row} % {count}", "l.unit", "l.insurance", "l.row")
        above = filled.layout.relations
        place = "".join(
            f" WHEN {number} THEN f.{PARENT} % {above[parent].rows or 1}"
            for number, parent in enumerate(link.table.parents)
        )
        # The first of the rows that one is made of is in its number.
        first = f"({row} // {APART})"
        return _Theirs(
            source, count, f"{first} // {count}", f"{first} % {count}", f"f.{UNIT}", f"f.{INSURANCE}",
            f"CASE f.{PARENT_KIND}{place} END",
        )  # fmt: skip

    def _insert(self, program: Program, year: int, kind: str, told: tuple[Told, ...], theirs: "_Theirs") -> None:
        source = _rows_of(program.years[year][kind].frame)
        by_name = {figure.name: (i, figure) for i, figure in enumerate(self.many.figures[kind])}
        columns = ["run", "year", "place", "unit", "insurance", "period"]
        period = "l.period" if theirs.kind == kind else _text(str(Period(year, "row")))
        values = ["s.run", str(year), theirs.place, theirs.unit, theirs.insurance, period]
        for each in told:
            i, figure = by_name[each.name]
            columns += [f"v{i}", f"s{i}", f"w{i}"]
            waits = waiting(self.engine, source, each, program.names)
            values += [_cell(each, figure), f"f.{_name(each.state)}", waits]
        there = " OR ".join(f"f.{_name(each.state)} IS NOT NULL" for each in told)
        self.engine.run(
            f"INSERT INTO {_name(self.many.tables[kind])} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608
            f"FROM {source} f JOIN {_name(theirs.labels)} l ON l.row = {theirs.label} "
            f"JOIN scenarios s ON s.{SCENARIO} = {theirs.scenario} "
            f"ANTI JOIN doubtful d ON d.{SCENARIO} = {theirs.scenario} AND d.root = l.root WHERE {there}"
        )

    # ---- the interpreter

    def _say(self, unsayable: Unsayable) -> None:
        where = f"{unsayable.figure}：" if unsayable.figure else ""
        self.many.why = Words(where + unsayable.why.zh, where.replace("：", ": ") + unsayable.why.en)

    def _interpret_all(self, some: Collection[int]) -> None:
        self.many.by_rows += len(some)
        for run in some:
            self._interpret(run, None)

    def _interpret(self, run: int, roots: Collection[Root] | None) -> None:
        """Settle some roots of a run, or all of it, and put what comes of it among the results."""
        dataset = replace(self.dataset, assumptions=self.runs[run])
        if roots is not None:
            self.many.handed_back += len(roots)
            dataset = of_roots(self.pipeline_of, dataset, self.filled.tables, roots)
        try:
            made = interpret(self.pipeline_of, dataset)
        except FindingsError as error:
            self.many.refused[run] = [finding for finding in error.findings if finding.severity == "error"]
            return
        lines: dict[str, list[list[object]]] = {}
        for year in made.years:
            places: dict[int, int] = {}
            for kind, rows in year.tables.items():
                mine: Sequence[Row] = ()
                if roots is not None and kind not in year.pipeline.scheme.links:
                    mine = [row for row in self.filled.tables[year.year].get(kind, ()) if root_of(row) in roots]
                numbers = [self.places[id(row)] for row in mine] or range(_AFTER, _AFTER + len(rows))
                if kind in year.pipeline.scheme.links:
                    # Merged rows stand in the order of their names, and then of their units.
                    numbers = [places[id(row.parent)] for row in rows]
                places |= {id(row): number for row, number in zip(rows, numbers, strict=True)}
            for kind, results in _by_row(results_of(year)):
                lines.setdefault(kind, []).append(self._line(run, kind, results, places[id(results[0].row)]))
        for kind, some in lines.items():
            self.engine.fill(self.many.tables[kind], some)

    def _line(self, run: int, kind: str, results: list[FigureResult], place: int) -> list[object]:
        row = results[0].row
        line: list[object] = [run, row.period.year, place, row.unit, row.insurance, str(row.period)]
        found = {result.name: result for result in results}
        for figure in self.many.figures[kind]:
            result = found.get(figure.name)
            if result is None:
                line += [None, None, None]
                continue
            value = result.value
            waits = "、".join(sorted(value.missing)) or None if value.state == "open" else None
            line += [_typed(result, figure), _STATES.index(value.state), waits]
        return line

    # ---- small things

    def _forget(self, runs: list[int]) -> None:
        for table in self.many.tables.values():
            self._delete(table, runs)

    def _delete(self, table: str, runs: Iterable[int]) -> None:
        self.engine.run(f"DELETE FROM {_name(table)} WHERE run IN ({', '.join(map(str, runs))})")  # noqa: S608

    def _drop(self, *tables: str) -> None:
        for table in tables:
            self.engine.run(f"DROP TABLE IF EXISTS {_name(table)}")


@dataclass(frozen=True, slots=True)
class _Theirs:
    """How the rows of a kind are told, as SQL: the scenario of each, the row of ``kind`` that says whose it is, its name, its place."""

    kind: str
    count: int
    scenario: str
    label: str
    unit: str
    insurance: str
    place: str

    @property
    def labels(self) -> str:
        """The table of whose the rows of the data are."""
        return f"labels {self.kind}"


def _by_row(results: Iterable[FigureResult]) -> Iterator[tuple[str, list[FigureResult]]]:
    """The figures of each row together."""
    of_row: list[FigureResult] = []
    for result in results:
        if of_row and of_row[0].row is not result.row:
            yield of_row[0].row.table, of_row
            of_row = []
        of_row.append(result)
    if of_row:
        yield of_row[0].row.table, of_row


def _typed(result: FigureResult, figure: Figure) -> object:
    value = plain(result.value.now, result.kind) if result.value.state != "open" else None
    if value is None or figure.sort == "BOOLEAN":
        return value
    if figure.sort == "DATE":
        return date.fromisoformat(str(value))
    if figure.places is None:
        return str(value).lower() if isinstance(value, bool) else value
    return Decimal(str(value))


def _sort(kind: Kind) -> str:
    """The type of a figure in a table of results."""
    return f"DECIMAL(38,{FEN_PLACES})" if kind.is_money else _SORTS.get(kind.base, f"DECIMAL(38,{PLACES})")


_SORTS = {Base.YES_NO: "BOOLEAN", Base.DATE: "DATE", Base.TEXT: "VARCHAR", Base.CHOICE: "VARCHAR"}


def _places(sort: str) -> int | None:
    return {f"DECIMAL(38,{FEN_PLACES})": FEN_PLACES, f"DECIMAL(38,{PLACES})": PLACES}.get(sort)


def _cell(told: Told, figure: Figure) -> str:
    """A told value as the table of its kind has it."""
    number = decimal(told)
    if told.places is None:
        return f"CAST({number} AS {figure.sort})"
    if figure.places is not None:
        return number
    # As text no figure ends in zeros that say nothing, save the two decimals of amounts.
    text = f"CAST({number} AS VARCHAR)"
    return text if told.places == FEN_PLACES else f"rtrim(rtrim({text}, '0'), '.')"


def _rows_of(frame: Frame) -> str:
    """The rows of a frame as a query reads them: those of its table that are its own."""
    source = _name(frame.source)
    if frame.where is None:
        return source
    return f"(SELECT * FROM {source} WHERE {frame.where.sql(dialect='duckdb', identify=True)})"  # noqa: S608 - our own names


def _name(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
