"""Data of which the long tables of units go straight into an engine: held to all that binding tells of, without becoming rows here.

Binding each row is what tells of errors. Here it is only asked whether there are any: then all of it is bound. Warnings and notes
are told from the few rows they are about.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from engine.bulk.fill import histories
from engine.bulk.staged import LongTable, NotPlainError, Staged, ident, literal, staged_rows
from engine.load.bind import Prepared, digest_of, force, head_of, prepare
from engine.load.bind_assumptions import assumptions
from engine.load.bind_in_force import held_to_their_years
from engine.load.bind_months import is_summed, left_out, sums_over, without_any
from engine.load.bind_owners import duplicates, looked_back, nearly_listed, unit_parents
from engine.load.binding import COUNTY, Binding, is_dated
from engine.load.claim_reads import reads_of
from engine.load.doubtful import FAR_APART, Column, Usual, doubtful_among, is_held_against
from engine.load.tables import BulkTable, Cell, RawData
from engine.nouns.core import Input, Scheme
from engine.nouns.dataset import Assumption, DataRow, Dataset
from engine.nouns.periods import Period, periods_of
from engine.nouns.pipeline import Pipeline
from engine.nouns.suggest import closest
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import OWN
from engine.sql.names import Called
from grammar.diagnostic import Place, has_errors
from grammar.frozen import dataclass

# So many names are looked at one by one, and so many rows.
_NAMES_AT_MOST = _ROWS_AT_MOST = 100_000


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
        if has_errors(raw.findings):
            raise NotPlainError("errors of reading")
        self.scheme = scheme
        self.raw = raw
        self.states = states
        self.prepared: Prepared = prepare(scheme, raw, given, extra, states)
        self.b: Binding = self.prepared.b
        self._nothing_wrong()
        self.inputs: dict[str, dict[str, Input]] = {kind: {} for kind in scheme.tables}
        for (kind, name), datum in scheme.inputs.items():
            self.inputs[kind][name] = datum
        self.names: dict[str, dict[str, str]] = {}
        for kind, inputs in self.inputs.items():
            called = Called(scheme.labels, OWN)
            self.names[kind] = {name: called.of(name, kind) for name in inputs}
        self.long: dict[str, LongTable] = {}
        for kind, table in self.prepared.tables.items():
            if kind in scheme.links or any(kind == x.source for x in scheme.links.values()):
                raise NotPlainError("rows to be linked")
            if is_dated(scheme, kind):
                if isinstance(table, BulkTable) and table.store.count > _ROWS_AT_MOST:
                    raise NotPlainError("many memberships")
            elif isinstance(table, BulkTable) and scheme.tables[kind].grain != "row":
                self.long[kind] = LongTable(self.b, kind, table, self.prepared.binder(kind), self.inputs[kind])
            elif isinstance(table, BulkTable) and isinstance(reads_of(tuple(states), kind), str):
                raise NotPlainError("single rows that are not added up")
        if not self.long:
            raise NotPlainError("no long table")
        self._nothing_wrong()

    def hand_over(self) -> dict[str, Path]:
        """Files of the long tables, for the engine to read."""
        return {kind: table.hand_over() for kind, table in self.long.items()}

    def stage(self, engine: DuckDB, paths: Mapping[str, Path], in_force: Callable[[date], Scheme]) -> PlainData:
        """All rows in the engine; raises NotPlainError where anything is to be told of them that is not told here."""
        self.engine = engine
        self.staged: dict[str, Staged] = {}
        dated = [kind for kind in self.prepared.tables if is_dated(self.scheme, kind)]
        for kind in self.prepared.tables:
            if kind in self.long:
                self.staged[kind] = self.long[kind].stage(engine, paths[kind], self.names[kind])
            elif kind not in dated:
                self._bound(kind)
        there = self._there()
        years = self._years(there)
        for kind in dated:
            self._bound(kind, years)
        duplicates(self.b)
        self._nothing_wrong()
        there = self._there() if dated else there
        for state in (in_force(date(year, 1, 1)) for year in years):
            if state is not self.scheme:
                raise NotPlainError("amended since")
        for kind in self.staged:
            self._once(kind)
            self._owned(kind)
        self._rosters()
        force(self.b, years, self._first_of)
        assumed = assumptions(self.b, self.prepared.given, self.prepared.extra)
        held_to_their_years(self.b, in_force, years, assumed, {**self.raw.assumptions, **self.prepared.extra})
        self._nothing_wrong()
        self._near()
        for kind in self.staged:
            self._all_periods(kind, years)
        dataset = Dataset(
            {}, frozenset(self.prepared.tables), years, assumed, tuple(self.b.findings()), digest_of(self.raw)
        )
        return PlainData(self.staged, self.names, dataset, there, self._places)

    def _bound(self, kind: str, years: tuple[int, ...] = ()) -> None:
        """Rows bound one by one; memberships stand for those of the years in which their unit stands in the data."""
        rows = self.b.rows.setdefault(kind, [])
        rows.extend(self.prepared.rows(kind, years))
        if is_dated(self.scheme, kind):
            units = {
                (unit, insurance, year)
                for parent in unit_parents(self.scheme, kind)
                if parent in self.staged
                for unit, insurance, year in self.engine.rows(
                    f"SELECT DISTINCT unit, insurance, year FROM {ident(self.staged[parent].table)}"  # noqa: S608
                )
            }
            names = {unit for unit, _, _ in units}
            rows[:] = [
                r
                for r in rows
                if "年度" in r.places or r.parent not in names or (r.parent, r.insurance, r.period.year) in units
            ]
        self.staged[kind] = staged_rows(self.engine, kind, rows, self.inputs[kind], self.names[kind])

    def _there(self) -> frozenset[tuple[str, str | None, int]]:
        """The kinds, insurance types and years of which there are rows."""
        return frozenset(
            (kind, insurance, int(year))
            for kind, s in self.staged.items()
            for insurance, year in self.engine.rows(f"SELECT DISTINCT insurance, year FROM {ident(s.table)}")  # noqa: S608
        )

    def _places(self, kind: str, numbers: Collection[int]) -> Mapping[int, Place]:
        """Where rows stand that have these numbers where they are staged."""
        if kind not in self.long:
            return {number: self.b.rows[kind][number].place for number in numbers}
        table, wanted = self.long[kind].table, sorted(set(numbers))
        rows = table.store.rows(table.columns, wanted)
        return {number: row.place for number, row in zip(wanted, rows, strict=True)}

    def _rows(self, kind: str, query: str) -> list[DataRow]:
        """The rows of which a query gives the numbers, in the order of the data."""
        numbers = sorted(int(n) for (n,) in self.engine.rows(query))
        if kind not in self.long:
            return [self.b.rows[kind][number] for number in numbers]
        if len(numbers) > _ROWS_AT_MOST:
            raise NotPlainError("many rows to be told of")
        long = self.long[kind]
        return [row for each in long.table.store.rows(long.table.columns, numbers) for row in long.binder.bind(each)]

    def _first_of(self, year: int) -> DataRow | None:
        """The first row of a year that belongs to the county, or is its own."""
        for kind, staged in self.staged.items():
            if kind == COUNTY or COUNTY in self.scheme.tables[kind].parents:
                found = self._rows(
                    kind, f"SELECT n FROM {ident(staged.table)} WHERE year = {year} ORDER BY n LIMIT 1"  # noqa: S608
                )  # fmt: skip
                if found:
                    return found[0]
        return None

    # ---- what would be told

    def _nothing_wrong(self) -> None:
        if self.b.errors:
            raise NotPlainError("errors")

    def _some(self, query: str) -> bool:
        return bool(list(self.engine.rows(f"SELECT 1 FROM ({query}) LIMIT 1")))  # noqa: S608 - our own names

    def _years(self, there: Iterable[tuple[str, str | None, int]]) -> tuple[int, ...]:
        """Every year in which a unit under the county, or the county itself, has a row."""
        tables = self.scheme.tables
        found = {
            year
            for kind, _, year in there
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
        lost = f"SELECT a.* FROM {ident(f'owners {kind}')} a ANTI JOIN ({units}) b ON {same}"  # noqa: S608 - our own names
        if self._some(lost):
            self._of_other_years(kind, units, lost)

    def _of_other_years(self, kind: str, units: str, lost: str) -> None:
        """Rows of units that stand in the data, but not in that year: the first of each is told of, and none is used."""
        years = {int(year) for (year,) in self.engine.rows(f"SELECT DISTINCT year FROM ({units})")}  # noqa: S608
        grain = self.scheme.tables[kind].grain
        if looked_back(self.scheme, kind) or self._some(
            f"SELECT 1 FROM ({lost}) l ANTI JOIN ({units}) u ON u.unit = l.unit"  # noqa: S608 - our own names
        ):
            raise NotPlainError("rows of a unit that is not there")
        owner = "coalesce(s.parent, s.unit)" if grain == "year" else "s.parent"
        query = (
            f"SELECT min(n) FROM {ident(self.staged[kind].table)} s SEMI JOIN ({lost}) l ON l.unit = {owner} "  # noqa: S608
            f"AND l.year = s.year AND l.insurance IS NOT DISTINCT FROM s.insurance GROUP BY {owner}, s.insurance, s.year"
        )
        for row in self._rows(kind, query):
            if row.period.year in years or grain != "year":
                about = {
                    "unit": row.parent or row.unit,
                    "period": str(row.period.year),
                    "insurance": row.insurance or "—",
                }
                self.b.tell("D083", row.place, **about)

    def _rosters(self) -> None:
        """Tell of units that are not on the roster of their kind and all but bear a name of it."""
        for kind, roster in self.scheme.rosters.items():
            if kind not in self.staged or not roster:
                continue
            table = ident(self.staged[kind].table)
            listed = f"unit IN ({', '.join(map(literal, roster))})"
            units = [str(x) for (x,) in self.engine.rows(f"SELECT DISTINCT unit FROM {table} WHERE NOT {listed}")]  # noqa: S608
            if len(units) > _NAMES_AT_MOST:
                raise NotPlainError("many units off a roster")
            near = [unit for unit in units if closest(unit, roster) is not None]
            if not near:
                continue
            asked = f"SELECT unit, insurance, year FROM {table} WHERE {listed}"  # noqa: S608 - quoted names
            given = {(str(unit), i, Period(int(year))) for unit, i, year in self.engine.rows(asked)}
            query = f"SELECT n FROM {table} WHERE unit IN ({', '.join(map(literal, near))})"  # noqa: S608 - quoted names
            nearly_listed(self.b, roster, self._rows(kind, query), given)

    def _near(self) -> None:
        """Tell of amounts that lie so far from others of their unit that they may be of another measure."""
        found: dict[str, list[DataRow]] = {}
        for kind in self.staged:
            sizes = dict(self._sizes(kind))
            if not sizes:
                continue
            each = ", ".join(sizes.values())
            least, most = (f"least({each})", f"greatest({each})") if len(sizes) > 1 else (each, each)
            table, owner = ident(self.staged[kind].table), "coalesce(parent, unit)"
            far = (
                f"SELECT {owner}, insurance FROM {table} GROUP BY ALL "  # noqa: S608 - our own names
                f"HAVING max({most}) >= {FAR_APART} * greatest(1, min({least}))"
            )
            query = f"SELECT n FROM {table} SEMI JOIN ({far}) o (owner, i) ON o.owner = {owner} AND o.i IS NOT DISTINCT FROM insurance"  # noqa: S608
            if rows := self._rows(kind, query):
                found[kind] = rows
        if found:
            headers = {kind: head_of(table).columns for kind, table in self.prepared.tables.items()}
            self.b.others.extend(doubtful_among(self.scheme, found, self._usual, headers))

    def _sizes(self, kind: str) -> Iterator[tuple[str, str]]:
        """The columns of a kind that are held against one another, each with its size in whole yuan; what is 0 has none."""
        if self.scheme.tables[kind].grain == "row":
            return
        for name, column in self.staged[kind].columns.items():
            if is_held_against(self.inputs[kind][name]):
                cell = ident(column.sql)
                yield name, f"CASE WHEN {cell} <> 0 THEN abs({cell}) // {column.scale} END"

    def _usual(self) -> Usual:
        """How many amounts each column gives, and which stands in the middle."""
        columns: dict[Column, str] = {
            (kind, name): f"SELECT {size} AS size FROM {ident(self.staged[kind].table)} WHERE ({size}) IS NOT NULL"  # noqa: S608
            for kind in self.staged
            for name, size in self._sizes(kind)
        }
        queries: list[tuple[Column | None, str]] = [*columns.items(), (None, " UNION ALL ".join(columns.values()))]
        given: dict[Column | None, int] = {}
        middle: dict[Column | None, int] = {}
        for column, query in queries:
            ((given[column],),) = self.engine.rows(f"SELECT count(*) FROM ({query})")  # noqa: S608 - our own names
            if given[column]:
                half = f"SELECT size FROM ({query}) ORDER BY size LIMIT 1 OFFSET {given[column] // 2}"  # noqa: S608
                ((size,),) = self.engine.rows(half)
                middle[column] = int(size)
        return Usual({column: given[column] for column in columns}, middle)

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
        source = (
            f"SELECT coalesce(parent, '') AS unit, insurance, year FROM {ident(self.staged[kind].table)} WHERE {chosen}"  # noqa: S608
        )
        if not self._some(source):
            return
        without: list[tuple[str, str | None, int]] = []
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
                f"SELECT DISTINCT a.unit, a.insurance, a.year FROM {ident(self.staged[parent].table)} a ANTI JOIN ({source}) b "  # noqa: S608
                "ON b.unit = a.unit AND b.year = a.year AND (b.insurance IS NULL OR b.insurance = a.insurance) "
                f"WHERE a.{chosen} AND ({' OR '.join(asked) or 'false'})"
            )
            without += [(str(unit), insurance, int(year)) for unit, insurance, year in self.engine.rows(lacking)]
        without_any(self.b, kind, without)


def looked_back_by(pipelines: Iterable[Pipeline]) -> Iterator[str]:
    """The kinds of which rules read rows of years before."""
    for pipeline in pipelines:
        yield from (step.child for step in histories(pipeline) if step.child is not None)
