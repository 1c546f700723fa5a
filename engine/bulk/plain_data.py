"""Data of which the long tables of units go straight into an engine: held to all that binding tells of, without becoming rows here.

Binding each row is what tells of faults. Here it is only asked whether there is anything to tell: then all of it is bound.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

from engine.bulk.fill import histories
from engine.bulk.staged import LongTable, NotPlainError, Staged, ident, staged_rows
from engine.load.bind import Prepared, digest_of, force, prepare
from engine.load.bind_assumptions import assumptions
from engine.load.bind_in_force import held_to_their_years
from engine.load.bind_months import is_summed, left_out, sums_over
from engine.load.bind_owners import duplicates, looked_back, unit_parents
from engine.load.binding import COUNTY, Binding, is_dated
from engine.load.claim_reads import reads_of
from engine.load.doubtful import FAR_APART, none_doubtful
from engine.load.tables import BulkTable, Cell, RawData
from engine.nouns.core import Input, Scheme
from engine.nouns.dataset import Assumption, DataRow, Dataset
from engine.nouns.periods import Period, periods_of
from engine.nouns.pipeline import Pipeline
from engine.nouns.suggest import closest
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import OWN
from engine.sql.names import Called
from grammar.diagnostic import Place
from grammar.frozen import dataclass

_NAMES_AT_MOST = _FAR_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class PlainData:
    """Staged rows by kind, the names of data in the engine, and the dataset without its rows.

    ``there``: the kinds, insurance types and years that the data has rows of; ``places``: where rows of a kind stand.
    """

    staged: Mapping[str, Staged]
    names: Mapping[str, Mapping[str, str]]
    dataset: Dataset
    there: frozenset[tuple[str, str | None, int]]
    places: Callable[[str, Collection[int]], Mapping[int, Place]]


class PlainBinder:
    """Puts the tables of a run into an engine where nothing needs telling of their rows."""

    def __init__(
        self, scheme: Scheme, raw: RawData, given: Iterable[Assumption], extra: Mapping[str, Cell] | None,
        states: Sequence[Scheme],
    ) -> None:  # fmt: skip
        if raw.findings:
            raise NotPlainError("findings of reading")
        self.scheme = scheme
        self.raw = raw
        self.states = states
        self.prepared: Prepared = prepare(scheme, raw, given, extra, states)
        self.b: Binding = self.prepared.b
        self._nothing_told()
        self.inputs: dict[str, dict[str, Input]] = {kind: {} for kind in scheme.tables}
        for (kind, name), datum in scheme.inputs.items():
            self.inputs[kind][name] = datum
        self.names: dict[str, dict[str, str]] = {}
        for kind, inputs in self.inputs.items():
            called = Called(scheme.labels, OWN)
            self.names[kind] = {name: called.of(name, kind) for name in inputs}
        self.long: dict[str, LongTable] = {}
        for kind, table in self.prepared.tables.items():
            if is_dated(scheme, kind) or kind in scheme.links or any(kind == x.source for x in scheme.links.values()):
                raise NotPlainError("memberships or rows to be linked")
            if isinstance(table, BulkTable) and scheme.tables[kind].grain != "row":
                self.long[kind] = LongTable(self.b, kind, table, self.prepared.binder(kind), self.inputs[kind])
            elif isinstance(table, BulkTable) and isinstance(reads_of(tuple(states), kind), str):
                raise NotPlainError("single rows that are not added up")
        if not self.long:
            raise NotPlainError("no long table")
        self._nothing_told()

    def hand_over(self) -> dict[str, Path]:
        """Files of the long tables, for the engine to read."""
        return {kind: table.hand_over() for kind, table in self.long.items()}

    def stage(self, engine: DuckDB, paths: Mapping[str, Path], in_force: Callable[[date], Scheme]) -> PlainData:
        """All rows in the engine; raises NotPlainError where anything is to be told of them that is not told here."""
        self.engine = engine
        self.staged: dict[str, Staged] = {}
        for kind in self.prepared.tables:
            if kind in self.long:
                self.staged[kind] = self.long[kind].stage(engine, paths[kind], self.names[kind])
                continue
            rows = self.b.rows.setdefault(kind, [])
            rows.extend(self.prepared.rows(kind))
            self.staged[kind] = staged_rows(engine, kind, rows, self.inputs[kind], self.names[kind])
        duplicates(self.b)
        self._nothing_told()
        self.there = frozenset(
            (kind, insurance, year)
            for kind, s in self.staged.items()
            for insurance, year in engine.rows(f"SELECT DISTINCT insurance, year FROM {ident(s.table)}")  # noqa: S608
        )
        years = self._years()
        for state in (in_force(date(year, 1, 1)) for year in years):
            if state is not self.scheme:
                raise NotPlainError("amended since")
        for kind in self.staged:
            self._once(kind)
            self._owned(kind)
        self._rosters()
        self._near()
        force(self.b, years)
        assumed = assumptions(self.b, self.prepared.given, self.prepared.extra)
        held_to_their_years(self.b, in_force, years, assumed, {**self.raw.assumptions, **self.prepared.extra})
        self._nothing_told()
        for kind in self.staged:
            self._all_periods(kind, years)
        dataset = Dataset(
            {}, frozenset(self.prepared.tables), years, assumed, tuple(self.b.findings()), digest_of(self.raw)
        )
        return PlainData(self.staged, self.names, dataset, self.there, self._places)

    def _places(self, kind: str, numbers: Collection[int]) -> Mapping[int, Place]:
        """Where rows stand that have these numbers where they are staged."""
        if kind not in self.long:
            return {number: self.b.rows[kind][number].place for number in numbers}
        table, wanted = self.long[kind].table, sorted(set(numbers))
        rows = table.store.rows(table.columns, wanted)
        return {number: row.place for number, row in zip(wanted, rows, strict=True)}

    # ---- what would be told

    def _nothing_told(self) -> None:
        if self.b.errors or self.b.others:
            raise NotPlainError("findings")

    def _some(self, query: str) -> bool:
        return bool(list(self.engine.rows(f"SELECT 1 FROM ({query}) LIMIT 1")))  # noqa: S608 - our own names

    def _years(self) -> tuple[int, ...]:
        """Every year in which a unit under the county, or the county itself, has a row."""
        tables = self.scheme.tables
        found = {
            year
            for kind, _, year in self.there
            if tables[kind].grain == "year" and (kind == COUNTY or COUNTY in tables[kind].parents)
        }
        if not found:
            raise NotPlainError("no year")
        return tuple(sorted(found))

    def _once(self, kind: str) -> None:
        """No row is given twice; whose the rows are and when stands in a table of its own after this."""
        table, grain = ident(self.staged[kind].table), self.scheme.tables[kind].grain
        owner = "coalesce(parent, unit)" if grain == "year" else "parent"
        self.engine.keep(
            f"owners {kind}",
            f"SELECT {owner} AS unit, insurance, year, count(*) AS rows, bit_or(1 << number) AS numbers FROM {table} GROUP BY ALL",  # noqa: S608
        )
        twice = "SELECT 1 WHERE false"
        if grain == "year":
            twice = f"SELECT unit, insurance, year FROM {table} GROUP BY ALL HAVING count(*) > 1"  # noqa: S608 - our own names
        elif grain != "row":
            twice = f"SELECT 1 FROM {ident(f'owners {kind}')} WHERE rows > bit_count(numbers)"  # noqa: S608 - the same
        if self._some(twice):
            raise NotPlainError("rows given twice")

    def _owned(self, kind: str) -> None:
        """Every row belongs to one unit of the data."""
        above = unit_parents(self.scheme, kind)
        if not above or above == (COUNTY,):
            return
        units = " UNION ALL ".join(
            f"SELECT {i} AS kind, unit, insurance, year FROM {ident(self.staged[parent].table)}"  # noqa: S608
            for i, parent in enumerate(above)
            if parent in self.staged
        )
        if not units:
            raise NotPlainError("rows of no unit")
        if self._some(
            f"SELECT unit FROM ({units}) GROUP BY unit, insurance, year HAVING count(DISTINCT kind) > 1"  # noqa: S608
        ):
            raise NotPlainError("a unit in two tables")
        same = "a.unit = b.unit" + (
            ""
            if looked_back(self.scheme, kind)
            else " AND a.year = b.year AND a.insurance IS NOT DISTINCT FROM b.insurance"
        )
        if self._some(f"SELECT a.unit FROM {ident(f'owners {kind}')} a ANTI JOIN ({units}) b ON {same}"):  # noqa: S608
            raise NotPlainError("rows of a unit that is not there")

    def _rosters(self) -> None:
        """No unit all but bears a name of its roster."""
        for kind, roster in self.scheme.rosters.items():
            if kind not in self.staged or not roster:
                continue
            query = f"SELECT DISTINCT unit FROM {ident(self.staged[kind].table)}"  # noqa: S608 - our own names
            units = [str(unit) for (unit,) in self.engine.rows(query)]
            if len(units) > _NAMES_AT_MOST or any(
                unit not in roster and closest(unit, roster) is not None for unit in units
            ):
                raise NotPlainError("a unit that is nearly on its roster")

    def _near(self) -> None:
        """No two amounts of a unit lie so far from each other that one of them could be doubted."""
        for kind, staged in self.staged.items():
            if self.scheme.tables[kind].grain == "row":
                continue
            amounts = [
                f"nullif(abs({ident(column.sql)}) // {column.scale}, 0)"
                for name, column in staged.columns.items()
                if (datum := self.inputs[kind][name]).kind.is_money and datum.default is None
            ]
            if not amounts:
                continue
            least = f"least({', '.join(amounts)})" if len(amounts) > 1 else amounts[0]
            most = f"greatest({', '.join(amounts)})" if len(amounts) > 1 else amounts[0]
            owner = "coalesce(parent, unit)"
            query = (
                f"SELECT {owner}, insurance FROM {ident(staged.table)} GROUP BY ALL "  # noqa: S608 - our own names
                f"HAVING max({most}) >= {FAR_APART} * min({least})"
            )
            found = f"SELECT t.* FROM {ident(staged.table)} t SEMI JOIN ({query}) o (owner, i) ON o.owner = {owner} AND o.i IS NOT DISTINCT FROM insurance"  # noqa: S608
            ((rows,),) = self.engine.rows(f"SELECT count(*) FROM ({found})")  # noqa: S608 - our own names
            if rows > _FAR_AT_MOST or not none_doubtful(self.scheme, {kind: list(self._amounts(kind, found))}):
                raise NotPlainError("amounts far from each other")

    def _amounts(self, kind: str, query: str) -> Iterator[DataRow]:
        """The numbers of some staged rows, as they are doubted or not."""
        columns = [column for column in self.staged[kind].columns.values() if column.sort == "whole"]
        names = ", ".join(ident(column.sql) for column in columns)
        grain = self.scheme.tables[kind].grain
        asked = f"SELECT unit, parent, insurance, year, number, {names} FROM ({query})"  # noqa: S608 - our own names
        for unit, parent, insurance, year, number, *cells in self.engine.rows(asked):
            given = {c.name: Fraction(x, c.scale) for c, x in zip(columns, cells, strict=True) if x is not None}
            yield DataRow(kind, unit, parent, insurance, Period(year, grain, number), given, {}, None, Place(kind))

    def _all_periods(self, kind: str, years: Sequence[int]) -> None:
        """Note the periods that units leave out; units without any row are told of where rows are bound."""
        if not is_summed(self.scheme, kind):
            return
        owners, grain = ident(f"owners {kind}"), self.scheme.tables[kind].grain
        chosen = f"year IN ({', '.join(map(str, years))})"
        last = len(periods_of(2000, grain))
        query = f"SELECT unit, insurance, year, numbers FROM {owners} WHERE {chosen} AND bit_count(numbers) < {last}"  # noqa: S608
        given = {
            (str(unit or ""), insurance, int(year)): {
                Period(int(year), grain, n) for n in range(1, last + 1) if numbers >> n & 1
            }
            for unit, insurance, year, numbers in self.engine.rows(query)
        }
        left_out(self.b, kind, given)
        if not self._some(f"SELECT 1 FROM {owners} WHERE {chosen}"):  # noqa: S608 - our own names
            return
        for parent in self.scheme.tables[kind].parents:
            if parent == COUNTY or parent not in self.staged:
                continue
            columns = self.staged[parent].columns
            # A sum that the unit gives itself is asked of nobody.
            asked = [
                f"a.{ident(columns[figure.name].sql)} IS NULL"
                if figure.also_input and figure.name in columns
                else "true"
                for figure in sums_over(self.scheme, parent, kind)
            ]
            lacking = (
                f"SELECT a.unit FROM {ident(self.staged[parent].table)} a ANTI JOIN {owners} b ON b.unit = a.unit "  # noqa: S608
                "AND b.year = a.year AND (b.insurance IS NULL OR b.insurance = a.insurance) "
                f"WHERE a.{chosen} AND ({' OR '.join(asked) or 'false'})"
            )
            if self._some(lacking):
                raise NotPlainError("units without any row")


def looked_back_by(pipelines: Iterable[Pipeline]) -> Iterator[str]:
    """The kinds of which rules read rows of years before."""
    for pipeline in pipelines:
        yield from (step.child for step in histories(pipeline) if step.child is not None)
