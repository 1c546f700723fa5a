"""Staged rows laid out in an engine as the interpreter would have them: full sets of months, parents, places, numbers."""

from collections.abc import Collection, Mapping, Sequence

from engine.bulk.staged import COUNT as COUNTED
from engine.bulk.staged import PARENT as OWNER
from engine.bulk.staged import RANK, N, NotPlainError, Staged, ident, literal
from engine.load.binding import COUNTY, county_name
from engine.nouns.core import Input, Scheme, Table
from engine.nouns.periods import Period, periods_within
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import INSURANCE, PLACE, ROW, UNIT, YEAR, Column, Layout, Relation
from engine.sql.names import Called, earlier
from engine.sql.storage import columns_of

_NO_RANK = 10**9
_LISTED, _ABOVE = "listed", "above_place"
_SUB_YEAR = frozenset({"month", "quarter", "half"})


class LayOut:
    """Lays the kinds of a scheme out one after another, parents first."""

    def __init__(
        self, engine: DuckDB, scheme: Scheme, staged: Mapping[str, Staged], names: Mapping[str, Mapping[str, str]],
        years: Sequence[int],
    ) -> None:  # fmt: skip
        self.engine = engine
        self.scheme = scheme
        self.staged = staged
        self.names = names
        self.years = tuple(years)
        self.tables = Called(scheme.labels)
        self.relations: dict[str, Relation] = {}
        self.depths: dict[str, int] = {}

    def layout(self, supplied: frozenset[str], looked_back: Collection[str]) -> Layout:
        """Every relation, filled; raises NotPlainError for rows of a shape that is not laid out here.

        ``looked_back`` are the kinds of which rules read rows of years before.
        """
        sql = {kind: self.tables.of(kind) for kind in self.scheme.tables}
        for kind in self.scheme.tables:
            self._depth(kind)
        for depth in range(max(self.depths.values(), default=0) + 1):
            kinds = [kind for kind in self.scheme.tables if self.depths[kind] == depth]
            for kind in kinds:
                self._lay(kind)
            self._places(kinds, depth)
            for kind in kinds:
                self.relations[kind] = self._relation(kind, sql[kind])
        for kind in looked_back:
            self.relations[earlier(kind)] = self._earlier(kind)
        return Layout(self.relations, supplied, self.years)

    def _earlier(self, kind: str) -> Relation:
        """The rows of all years as history reads them: by the unit they belong to."""
        sql = self.tables.new(f"{self.scheme.labels.id(kind)}_years")
        source = f"SELECT {YEAR}, unit, insurance{self._data(kind, 's')} FROM {self._owned(kind)} s"  # noqa: S608
        self.engine.run(f"CREATE VIEW {ident(f'earlier {kind}')} AS {source}")
        view = ident(f"earlier {kind}")
        columns = {name: self._column(kind, name, view) for name in self.names[kind]}
        counted = self.engine.rows(f"SELECT {YEAR}, count(*) FROM {view} GROUP BY ALL ORDER BY ALL")  # noqa: S608
        years = {int(year): int(count) for year, count in counted}
        ((most,),) = self.engine.rows(
            f"SELECT coalesce(max(rows), 0) FROM (SELECT count(*) AS rows FROM {view} GROUP BY {YEAR}, unit, insurance)"  # noqa: S608
        )
        most = dict.fromkeys(self.scheme.tables[kind].parents, int(most))
        relation = Relation(earlier(kind), sql, (), columns, years, self._insurances(view), most, unique=True)
        names = (YEAR, UNIT, INSURANCE, *(column.sql for column in columns.values()))
        self.engine.keep(sql, f"SELECT {_typed(relation, names)} FROM {view}")  # noqa: S608 - our own names
        self.engine.run(f"DROP VIEW {view}")
        return relation

    def _owned(self, kind: str) -> str:
        """The staged rows of a kind, each under the unit it belongs to."""
        staged = self.staged.get(kind)
        if staged is None:
            return "(SELECT 0 AS year, NULL::VARCHAR AS unit, NULL::VARCHAR AS insurance WHERE false)"
        return f"(SELECT * REPLACE (coalesce(parent, unit) AS unit) FROM {ident(staged.table)})"  # noqa: S608

    def _depth(self, kind: str) -> int:
        """How far a kind stands below those without parents; its parents stand side by side."""
        if kind not in self.depths:
            above = {self._depth(parent) for parent in self.scheme.tables[kind].parents}
            if len(above) > 1:
                raise NotPlainError("parents at several depths")
            self.depths[kind] = above.pop() + 1 if above else 0
        return self.depths[kind]

    # ---- rows

    def _lay(self, kind: str) -> None:
        table = self.scheme.tables[kind]
        if kind == COUNTY:
            query = self._counties()
        elif table.grain in _SUB_YEAR:
            query = self._periods(table)
        else:
            query = self._units(table)
        self.engine.keep(f"laid {kind}", query)

    def _data(self, kind: str, alias: str) -> str:
        """The data of a staged row, NULL where there is none of it."""
        staged = self.staged.get(kind)
        parts = []
        for name, sql in self.names[kind].items():
            column = staged.columns.get(name) if staged else None
            value = f"{alias}.{ident(sql)}" if column is not None else f"CAST(NULL AS {self._sort(kind, name)})"
            parts.append(f", {value} AS {ident(sql)}")
        return "".join(parts)

    def _sort(self, kind: str, name: str) -> str:
        sort = Column(name, "", self.scheme.inputs[kind, name].kind).sort
        return {"whole": "BIGINT", "yes_no": "BOOLEAN", "date": "DATE"}.get(sort, "VARCHAR")

    def _rank(self, insurance: str) -> str:
        """The place of an insurance type: as the scheme names them, any other behind, none before."""
        whens = "".join(f" WHEN {literal(x)} THEN {i}" for i, x in enumerate(self.scheme.insurances))
        other = len(self.scheme.insurances)
        return f"CASE WHEN {insurance} IS NULL THEN -1 " + (f"ELSE CASE {insurance}{whens} ELSE {other} END END" if whens else f"ELSE {other} END")  # fmt: skip

    def _listed(self, kind: str, unit: str) -> str:
        roster = self.scheme.rosters.get(kind, ())
        whens = "".join(f" WHEN {literal(name)} THEN {i}" for i, name in enumerate(roster))
        return f"CASE {unit}{whens} ELSE {_NO_RANK} END" if whens else str(_NO_RANK)

    def _in_years(self, column: str) -> str:
        return f"{column} IN ({', '.join(map(str, self.years)) or 'NULL'})"

    def _counties(self) -> str:
        """The county has a row for every insurance type of the year's data, given or not."""
        below = [s for name, s in self.staged.items() if name == COUNTY or COUNTY in self.scheme.tables[name].parents]
        found = " UNION ".join(
            f"SELECT DISTINCT year, insurance FROM {ident(s.table)} WHERE {self._in_years('year')}"  # noqa: S608 - our own names
            for s in below
        )
        found = found or "SELECT 0 AS year, NULL::VARCHAR AS insurance WHERE false"
        name = literal(county_name(self.scheme))
        own = self.staged.get(COUNTY)
        if own is None:
            names = f"SELECT DISTINCT year, {name} AS unit, 0 AS n FROM found"  # noqa: S608 - our own names
            source = "SELECT NULL::BIGINT AS n, NULL::BIGINT AS rank, NULL::INT AS year, NULL::VARCHAR AS unit, NULL::VARCHAR AS insurance WHERE false"
        else:
            names = (
                f"SELECT year, unit, min(n) AS n FROM {ident(own.table)} GROUP BY year, unit UNION ALL "  # noqa: S608
                f"SELECT DISTINCT year, {name}, 0 FROM found WHERE year NOT IN (SELECT year FROM {ident(own.table)})"
            )
            source = f"FROM {ident(own.table)}"
        return (
            f"WITH found AS ({found}), names AS ({names}), own AS ({source}), rows AS ("  # noqa: S608 - our own names
            f"SELECT f.year, 1 AS number, s.unit, f.insurance, NULL::BIGINT AS parent, NULL::SMALLINT AS parent_kind, "
            f"o.n IS NOT NULL AS from_data, 1 AS count, -1 AS {_ABOVE}, {self._listed(COUNTY, 's.unit')} AS {_LISTED}, "
            f"coalesce(o.rank, {_NO_RANK}) AS rank, o.n, s.n AS stands{self._data(COUNTY, 'o')} FROM found f JOIN names s USING (year) "
            "LEFT JOIN own o ON o.year = f.year AND o.unit = s.unit AND o.insurance IS NOT DISTINCT FROM f.insurance) "
            f"SELECT {self._numbered('stands')}, * EXCLUDE (stands) FROM rows"
        )

    def _numbered(self, last: str) -> str:
        order = f"year, {self._rank('insurance')}, {_LISTED}, rank, unit, {_ABOVE}, number, {last}"
        return f"row_number() OVER (ORDER BY {order}) - 1 AS {ROW}"

    def _parents(self, table: Table) -> str:
        return " UNION ALL ".join(
            f"SELECT {i} AS parent_kind, {ROW} AS parent, year, unit, insurance, {PLACE} AS {_ABOVE}, {_LISTED}, rank "  # noqa: S608
            f"FROM {ident(f'placed {parent}')}"
            for i, parent in enumerate(table.parents)
        )

    def _units(self, table: Table) -> str:
        """Each row of the data with the row it belongs to: the one it names, else the only one there is."""
        staged = self.staged.get(table.name)
        # Where no row is there to be laid out, neither is a parent.
        source = (
            ident(staged.table)
            if staged
            else "(SELECT NULL::BIGINT AS n, NULL::VARCHAR AS unit, NULL::VARCHAR AS parent, NULL::VARCHAR AS insurance, 0 AS year, 1 AS number, NULL::BIGINT AS rank, 1 AS count WHERE false)"
        )
        same = "p.year = s.year AND p.insurance IS NOT DISTINCT FROM s.insurance"
        if not table.parents:
            parents, joins = "SELECT 1", ""
            found = ["NULL::BIGINT", "NULL::SMALLINT", "-1"]
        else:
            parents = self._parents(table)
            asked = f"parent, parent_kind, {_ABOVE}"
            if table.parents == (COUNTY,):
                first = f"SELECT year, insurance, min({{'parent': parent, 'parent_kind': parent_kind, 'above': {_ABOVE}}}) AS p FROM parents GROUP BY year, insurance"  # noqa: S608
                joins = f"JOIN ({first}) p ON {same}"
                found = ["p.p.parent", "p.p.parent_kind", "p.p.above"]
            else:
                only = f"SELECT year, insurance, any_value(parent) AS parent, any_value(parent_kind) AS parent_kind, any_value({_ABOVE}) AS {_ABOVE} FROM parents GROUP BY year, insurance HAVING count(*) = 1"  # noqa: S608
                joins = (
                    f"LEFT JOIN (SELECT year, unit, insurance, {asked} FROM parents) p ON {same} AND p.unit = coalesce(s.parent, s.unit) "  # noqa: S608
                    f"LEFT JOIN ({only}) q ON s.parent IS NULL AND q.year = s.year AND q.insurance IS NOT DISTINCT FROM s.insurance"
                )
                found = [f"coalesce(p.{x}, q.{x})" for x in ("parent", "parent_kind", _ABOVE)]
        up, kind, above = found
        there = f"{self._in_years('s.year')}" + (f" AND {up} IS NOT NULL" if table.parents else "")
        return (
            f"WITH parents AS ({parents}), rows AS ("  # noqa: S608 - our own names
            f"SELECT s.year, s.number, s.unit, s.insurance, {up} AS parent, {kind} AS parent_kind, true AS from_data, "
            f"s.{COUNTED} AS count, {above} AS {_ABOVE}, {self._listed(table.name, 's.unit')} AS {_LISTED}, "
            f"coalesce(s.{RANK}, {_NO_RANK}) AS rank, s.{N}{self._data(table.name, 's')} FROM {source} s {joins} "
            f"WHERE {there}) SELECT {self._numbered(N)}, * FROM rows"
        )

    def _periods(self, table: Table) -> str:
        """A full set of periods under every unit, given or not."""
        if any(self.scheme.tables[parent].grain != "year" for parent in table.parents):
            raise NotPlainError("periods within periods")
        count = len(periods_within(Period(2000), table.grain))
        staged = self.staged.get(table.name)
        source = (
            ident(staged.table)
            if staged
            else "(SELECT NULL::BIGINT AS n, NULL::VARCHAR AS parent, NULL::VARCHAR AS insurance, 0 AS year, 1 AS number WHERE false)"
        )
        first = f"row_number() OVER (ORDER BY year, {self._rank('insurance')}, {_ABOVE}) - 1"
        return (
            f"WITH parents AS ({self._parents(table)}), firsts AS (SELECT *, ({first}) * {count} AS first FROM parents), "  # noqa: S608
            f"all_rows AS (SELECT f.*, number FROM firsts f, range(1, {count + 1}) AS numbers (number)) "
            f"SELECT first + f.number - 1 AS {ROW}, f.year, f.number, f.unit, f.insurance, f.parent, f.parent_kind, "
            f"s.{N} IS NOT NULL AS from_data, 1 AS count, f.{_ABOVE}, f.{_LISTED}, f.rank, s.{N}{self._data(table.name, 's')} "
            f"FROM all_rows f LEFT JOIN {source} s ON s.{OWNER} = f.unit AND s.insurance IS NOT DISTINCT FROM f.insurance "
            "AND s.year = f.year AND s.number = f.number"
        )

    # ---- places

    def _places(self, kinds: Sequence[str], depth: int) -> None:
        """The place of rows among all of their year that stand as deep, for kinds that others ask it of."""
        asked = {r for a in self.scheme.allocations for r in a.receivers}
        asked |= {parent for table in self.scheme.tables.values() for parent in table.parents}
        for allocation in self.scheme.allocations:
            if len({self.depths[r] for r in allocation.receivers}) > 1:
                raise NotPlainError("receivers at several depths")
        some = [kind for kind in kinds if kind in asked]
        order = f"{_LISTED}, rank, unit, {_ABOVE}, number"
        if some:
            parts = " UNION ALL ".join(
                f"SELECT {i} AS kind, {ROW}, year, {order} FROM {ident(f'laid {kind}')}"  # noqa: S608 - our own names
                for i, kind in enumerate(some)
            )
            self.engine.keep(
                f"places {depth}",
                f"SELECT kind, {ROW}, dense_rank() OVER (PARTITION BY year ORDER BY {order}) - 1 AS {PLACE} FROM ({parts})",  # noqa: S608
            )
        for kind in kinds:
            laid = ident(f"laid {kind}")
            query = f"SELECT *, 0 AS {PLACE} FROM {laid}"  # noqa: S608 - our own names
            if kind in some:
                query = (
                    f"SELECT l.*, p.{PLACE} FROM {laid} l JOIN {ident(f'places {depth}')} p "  # noqa: S608
                    f"ON p.kind = {some.index(kind)} AND p.{ROW} = l.{ROW}"
                )
            self.engine.run(f"CREATE VIEW {ident(f'placed {kind}')} AS {query}")

    # ---- relations

    def _relation(self, kind: str, sql: str) -> Relation:
        """The relation of a kind, and what is known of its columns."""
        table = self.scheme.tables[kind]
        placed = ident(f"placed {kind}")
        columns = {name: self._column(kind, name, placed) for name in self.names[kind]}
        years = dict.fromkeys(self.years, 0)
        counted = self.engine.rows(f"SELECT year, count(*) FROM {placed} GROUP BY year")  # noqa: S608 - our own names
        years.update({int(year): int(count) for year, count in counted})
        relation = Relation(
            kind, sql, table.parents, columns, years, self._insurances(placed), self._most(kind), self._is_unique(table)
        )
        self.engine.keep(sql, f"SELECT {_typed(relation)} FROM {placed}")  # noqa: S608 - our own names
        # What stands below asks of the laid rows only whose they are.
        kept = f"{ROW}, year, number, unit, insurance, parent, parent_kind, {_LISTED}, rank, {N}, {PLACE}"
        self.engine.run(f"CREATE OR REPLACE TABLE {ident(f'kept {kind}')} AS SELECT {kept} FROM {placed}")  # noqa: S608
        self.engine.run(f"DROP VIEW {placed}")
        self.engine.run(f"DROP TABLE {ident(f'laid {kind}')}")
        self.engine.run(f"CREATE VIEW {placed} AS FROM {ident(f'kept {kind}')}")
        return relation

    def _insurances(self, source: str) -> tuple[str | None, ...]:
        """The insurance types of rows, as the scheme orders them."""
        found = {x for (x,) in self.engine.rows(f"SELECT DISTINCT insurance FROM {source}")}  # noqa: S608 - our own names
        insurances = tuple(x for x in (None, *self.scheme.insurances) if x in found)
        if len(insurances) < len(found):
            raise NotPlainError("an insurance type of no scheme")
        return insurances or (None,)

    def _column(self, kind: str, name: str, placed: str) -> Column:
        """What is known of a column before the run."""
        sql = self.names[kind][name]
        datum: Input = self.scheme.inputs[kind, name]
        staged = self.staged.get(kind)
        known = staged.columns.get(name) if staged else None
        column = Column(name, sql, datum.kind, known.scale if known else 1)
        ends = f"min({ident(sql)}), max({ident(sql)})" if column.sort == "whole" else "0, 0"
        query = f"SELECT count(*), count({ident(sql)}), {ends} FROM {placed}"  # noqa: S608 - our own names
        ((rows, given, low, high),) = self.engine.rows(query)
        blanks, some = given < rows, given > 0
        if column.sort != "whole":
            return Column(name, sql, datum.kind, blanks=blanks, given=some)
        return Column(name, sql, datum.kind, column.scale, int(low or 0), int(high or 0), blanks, some)

    def _most(self, kind: str) -> Mapping[str, int]:
        """How many rows one row of each kind above has at most."""
        found: dict[str, int] = {}
        waiting: dict[str, list[str]] = {}

        def above(name: str, rows: str, source: str) -> None:
            for i, parent in enumerate(self.scheme.tables[name].parents):
                counted = (
                    f"SELECT parent AS {ROW}, {rows} AS rows FROM {source} WHERE parent_kind = {i} GROUP BY parent"  # noqa: S608
                )
                waiting.setdefault(parent, []).append(counted)

        above(kind, "count(*)", ident(f"placed {kind}"))
        while waiting:
            # What stands deepest has been counted by every way to it.
            deepest = max(waiting, key=lambda name: self.depths[name])
            together = (
                f"SELECT {ROW}, sum(rows) AS rows FROM ({' UNION ALL '.join(waiting.pop(deepest))}) GROUP BY {ROW}"  # noqa: S608
            )
            ((most,),) = self.engine.rows(f"SELECT max(rows) FROM ({together})")  # noqa: S608 - our own names
            if most is not None:
                found[deepest] = int(most)
                above(deepest, "sum(rows)", f"({together}) JOIN {ident(f'placed {deepest}')} USING ({ROW})")
        return found

    def _is_unique(self, table: Table) -> bool:
        """Whether name, insurance type and period tell each row from every other of the kind."""
        source = f"SELECT unit, insurance, year, number FROM {ident(f'placed {table.name}')}"  # noqa: S608 - our own names
        if table.grain in _SUB_YEAR:
            # Every unit has each period once: only the units' names can be the same.
            source = " UNION ALL ".join(
                f"SELECT unit, insurance, year, number FROM {ident(f'placed {parent}')}"  # noqa: S608 - the same
                for parent in table.parents
            )
        query = f"SELECT 1 FROM ({source}) GROUP BY unit, insurance, year, number HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        return not list(self.engine.rows(query))


def _typed(relation: Relation, names: tuple[str, ...] | None = None) -> str:
    """The columns of a relation as its table has them."""
    return ", ".join(
        f"CAST({ident(name)} AS {sort.sql(dialect='duckdb')}) AS {ident(name)}"
        for name, sort in columns_of(relation, "duckdb", names)
    )
