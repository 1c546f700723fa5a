"""What settling warns of, asked of rows that stand in an engine; what cannot be told from there is refused."""

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from engine.bulk.fill import flat
from engine.bulk.plain_data import PlainData
from engine.bulk.staged import N, NotPlainError, ident, literal
from engine.interpret.derive import refusal
from engine.nouns import core as c
from engine.nouns.periods import Period
from engine.nouns.pipeline import Allocate, Carry, Derive, Inspect, Pipeline
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import ROW, Layout
from engine.sql.levels import quoted
from engine.sql.names import earlier
from engine.sql.program import Program
from engine.sql.rows import Rows
from engine.sql.told import Told
from grammar.diagnostic import Finding, in_order

# A frame may keep the unit under its own name; nothing of a frame has a space in its name.
_WHOSE = '"whose it is"'


class Warned:
    """Goes through the steps that may warn of something.

    None or several rows where there should be one (唯一) are in doubt, and have been told of before.
    """

    def __init__(self, engine: DuckDB, scheme: c.Scheme, layout: Layout, program: Program, data: PlainData) -> None:
        self.engine = engine
        self.tables = scheme.tables
        self.layout = layout
        self.program = program
        self.data = data

    def told(self, pipelines: Mapping[int, Pipeline]) -> tuple[Finding, ...]:
        """The warnings in their order; raises NotPlainError where there may be others."""
        found: list[Finding] = []
        for year, pipeline in pipelines.items():
            for step in flat(pipeline):
                match step:
                    case Derive(figure=figure) if figure.gate is not None:
                        found += self._refused(year, pipeline, step, figure.gate)
                    case Carry(child=str(child)) if (child, step.source) in pipeline.scheme.inputs:
                        found += self._without_history(year, step, child)
                    case Carry(child=str(child)):
                        self._none_of([child])
                    case Allocate():
                        self._shared_out(year, pipeline, step)
                    case Inspect(uses=uses):
                        self._none_of(uses.spending)
                    case _:
                        pass
        return tuple(in_order(found))

    def _some(self, query: str) -> bool:
        return bool(list(self.engine.rows(f"SELECT 1 FROM ({query}) LIMIT 1")))  # noqa: S608 - our own names

    def _none_of(self, kinds: Iterable[str]) -> None:
        if any(kind in kinds for kind, _, _ in self.data.there):
            raise NotPlainError("rows that may be warned of")

    def _of(self, year: int, kind: str, name: str) -> Told | None:
        return next((each for each in self.program.told[year, kind] if each.name == name), None)

    # ---- years before

    def _without_history(self, year: int, step: Carry, child: str) -> Iterator[Finding]:
        """Units that have no row in a year in which others of their insurance type have one."""
        if step.table not in self.tables[child].parents or step.count is None:
            # Every row is the county's; others are not settled here.
            return
        before = ident(self.layout.relations[earlier(child)].sql)
        same = "b.insurance IS NOT DISTINCT FROM l.insurance"
        query = (
            f"SELECT l.{N}, l.unit, l.insurance, y.year FROM {ident(f'kept {step.table}')} l "  # noqa: S608 - our own names
            f"JOIN range({year - step.count}, {year}) AS y (year) ON l.year = {year} "
            f"SEMI JOIN {before} b ON b.year = y.year AND {same} "
            f"ANTI JOIN {before} b ON b.year = y.year AND {same} AND b.unit = l.unit"
        )
        lines = list(self.engine.rows(query))
        places = self.data.places(step.table, [line[0] for line in lines if line[0] is not None])
        for number, unit, insurance, lacking in lines:
            about = {"unit": unit, "period": str(lacking), "insurance": insurance or "—", "name": child}
            yield Finding("R151", places.get(number), about)

    # ---- gates

    def _refused(self, year: int, pipeline: Pipeline, step: Derive, gate: c.GateNote) -> Iterator[Finding]:
        """Each test that a row fails, row by row."""
        told = self._of(year, step.table, step.column)
        rows = self.program.years[year][step.table]
        if told is None:
            raise NotPlainError("a gate that is not told")
        no = f"f.{ident(told.value)} = false"
        source = f"{ident(rows.frame.source)} f"
        if not self._some(f"SELECT 1 FROM {source} WHERE {no}"):  # noqa: S608 - our own names
            return
        tests = ", ".join(self._fails(rows, test) for test in gate.tests)
        query = (
            f"SELECT l.{N}, l.unit, l.insurance, l.number, {tests} FROM {source} "  # noqa: S608 - our own names
            f"JOIN {ident(f'kept {step.table}')} l USING ({ROW}) JOIN {ident(rows.relation.sql)} r USING ({ROW}) "
            f"WHERE {no} ORDER BY f.{ROW}"
        )
        lines = list(self.engine.rows(query))
        places = self.data.places(step.table, [line[0] for line in lines if line[0] is not None])
        grain = pipeline.scheme.tables[step.table].grain
        for number, unit, insurance, period, *fails in lines:
            about = {"unit": unit, "period": str(Period(year, grain, period)), "insurance": insurance or "—"}
            for test, is_failed in zip(gate.tests, fails, strict=True):
                if is_failed:
                    yield refusal(pipeline.scheme, step.table, gate, test, places.get(number), about)

    def _fails(self, rows: Rows, test: c.Test) -> str:
        """Whether a row's own answer to a test is no."""
        read = test.condition
        name = read.column if isinstance(read, c.Read) else ""
        datum = rows.scheme.inputs.get((rows.table.name, name))
        taken = name in self.data.dataset.assumptions
        if (
            datum is None
            or datum.default is not None
            or datum.event
            or taken
            or (rows.table.name, name) in rows.scheme.figures
        ):
            raise NotPlainError("a test that is no answer of the data")
        return f"coalesce(r.{ident(rows.relation.columns[name].sql)} = false, false)"

    # ---- allocations

    def _shared_out(self, year: int, pipeline: Pipeline, step: Allocate) -> None:
        """Every whole has somebody to share it, and nobody of a roster is looked for."""
        if step.method == "in_order":
            return
        found = self.program.years[year]
        below = " UNION ALL ".join(self._sharing(step, found)) or "SELECT -1 AS up, '' AS unit"
        for kind in step.receivers if step.method == "equally" else ():
            roster = pipeline.scheme.rosters.get(kind, ())
            named = f"unit IN ({', '.join(map(literal, roster)) or 'NULL'})"
            listed = f"count(DISTINCT unit) FILTER ({named})"
            off = f"HAVING {listed} > 0 AND ({listed} < {len(roster)} OR count(*) FILTER (NOT {named}) > 0)"
            if roster and self._some(f"SELECT up FROM ({below}) GROUP BY up {off}"):  # noqa: S608 - our own names
                raise NotPlainError("others than a roster names among those who share")
        told = self._of(year, step.table, step.whole.column) if isinstance(step.whole, c.Read) else None
        there = "true" if told is None else f"{ident(told.state)} IS NOT NULL"
        source = ident(found[step.table].frame.source)
        # Who stands under a unit of another kind has none of this kind above: nothing is not in what holds that.
        if self._some(
            f"SELECT 1 FROM {source} WHERE {there} AND {ROW} NOT IN (SELECT up FROM ({below}) WHERE up IS NOT NULL)"  # noqa: S608
        ):
            raise NotPlainError("a whole that nobody shares")

    def _sharing(self, step: Allocate, found: Mapping[str, Rows]) -> Iterator[str]:
        """Queries for the rows that share, with the row each stands under."""
        for kind in step.receivers:
            rows = found.get(kind)
            if rows is None or step.table not in rows.ups:
                continue
            up = rows.ups[step.table][0]
            kept = {name for name, _ in self.engine.columns(rows.frame.source)}
            if not {column.name for column in up.find_all(exp.Column)} <= kept:
                continue
            out = (
                f"WHERE NOT ({text_of(rows.refused)})" if step.method == "equally" and rows.refused is not None else ""
            )
            yield (
                f"SELECT {text_of(up)} AS up, {_WHOSE} AS unit FROM {ident(rows.frame.source)} "  # noqa: S608 - our own names
                f"JOIN (SELECT {ROW}, unit AS {_WHOSE} FROM {ident(f'kept {kind}')}) USING ({ROW}) {out}"
            )


def text_of(tree: exp.Expression) -> str:
    """A tree as duckdb reads it."""
    return quoted(tree.copy()).sql(dialect="duckdb", identify=True)
