"""The SQL made of a scheme's rules, on tables that are already in the database: what it takes, and what it answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from shapes import W1_FIGURES, W2_FIGURES
from sqlglot import exp

from engine.api import open_policy
from engine.bulk.run import facts_of
from engine.nouns.dataset import Dataset
from engine.sql.engines import Columns, Statement, creation, text_of
from engine.sql.forms import Number
from engine.sql.layout import Column, Layout, Relation
from engine.sql.levels import quoted
from engine.sql.names import Called
from engine.sql.program import Program, programmed
from engine.sql.storage import columns_of
from engine.sql.whole import Dialect

SCHEMES = Path(__file__).parent / "schemes"
YEAR = 2026
# The columns every relation has, for rows that are given, a year each, of one insurance type or none.
_OWN = """
    SELECT {row} AS row, {parent}::BIGINT AS parent, 0::SMALLINT AS parent_kind, 2026 AS year, 1 AS number,
           {unit} AS unit, NULL::VARCHAR AS insurance, true AS from_data, 1::BIGINT AS count, {row} AS place{data}
    FROM {table}
"""
_COUNTY = _OWN.format(row="0::BIGINT", parent="NULL", unit="'县'", data="", table="range(1)")


class Connection:
    """A database that others use as well, as the engine sees it."""

    dialect: Dialect = "duckdb"

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self.database = database

    def create(self, table: str, columns: Columns) -> None:
        """An empty table."""
        self.run(creation(table, columns))

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table."""
        with self.database.appender(table) as appender:
            appender.append_rows(rows)

    def read(self, table: str, files: Sequence[Path]) -> None:
        """A table of what Parquet files hold."""
        self.database.execute(f'CREATE VIEW "{table}" AS FROM read_parquet({[str(file) for file in files]})')

    def keep(self, table: str, query: Statement) -> None:
        """A table of what a query answers, in the place of one of before."""
        self.database.execute(f'CREATE OR REPLACE TEMP TABLE "{table}" AS {text_of(query, self.dialect)}')

    def run(self, statement: Statement) -> None:
        """Run what answers nothing."""
        self.database.execute(text_of(statement, self.dialect))

    def rows(self, query: Statement) -> Iterator[tuple[Any, ...]]:
        """What a query answers."""
        return iter(self.database.execute(text_of(query, self.dialect)).fetchall())

    def interrupt(self) -> None:
        """Stop what runs."""
        self.database.interrupt()

    def close(self) -> None:
        """It is not ours to close."""


class Generated:
    """The program of a scheme over relations made in the database; ``kind`` is the one whose ``figures`` are told."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        scheme: Path,
        relations: Mapping[str, str],
        kind: str,
        figures: Sequence[str],
    ) -> None:
        self.connection = Connection(database)
        self.kind = kind
        self.figures = figures
        policy = open_policy(scheme)
        self.pipeline = policy.pipeline(date(YEAR, 1, 1))
        self.layout = self._laid_out(relations)
        self.program = self.programmed()
        # As a person's SQL, it is written once; what writing takes is told apart.
        self.texts = [
            (table, quoted(query).sql(dialect="duckdb", identify=True)) for table, query in self.program.tables()
        ]

    @classmethod
    def of_w1(cls, database: duckdb.DuckDBPyConnection) -> "Generated":
        """W1 over the table ``rows``."""
        data = ", budget, cleared, factor, special, refusal, change"
        rows = _OWN.format(row="row", parent="0", unit="'机构' || lpad(row::VARCHAR, 8, '0')", data=data, table="rows")
        return cls(database, SCHEMES / "w1", {"县": _COUNTY, "机构": rows}, "机构", W1_FIGURES)

    @classmethod
    def of_w2(cls, database: duckdb.DuckDBPyConnection) -> "Generated":
        """W2 over the tables ``claims`` and ``hospitals``."""
        areas = _OWN.format(
            row="area", parent="0", unit="'统筹区' || area", data="", table="(SELECT DISTINCT area FROM hospitals)"
        )
        hospitals = _OWN.format(
            row="hospital", parent="area", unit="'医院' || lpad(hospital::VARCHAR, 7, '0')", table="hospitals",
            data=", budget, factor, special, refusal, change",
        )  # fmt: skip
        claims = _OWN.format(
            row="claim",
            parent="hospital",
            unit="'J' || claim",
            table="claims",
            data=", category, payer, paid AS fund_paid",
        )
        relations = {"县": _COUNTY, "统筹区": areas, "医院": hospitals, "明细": claims}
        return cls(database, SCHEMES / "w2", relations, "医院", W2_FIGURES)

    @classmethod
    def of_shares(cls, database: duckdb.DuckDBPyConnection) -> "Generated":
        """A whole split by largest remainder, over the tables ``areas`` and ``units``."""
        areas = _OWN.format(row="row", parent="0", unit="'统筹区' || row", data=", pool", table="areas")
        units = _OWN.format(row="row", parent="area", unit="'医院' || row", data=", weight", table="units")
        relations = {"县": _COUNTY, "统筹区": areas, "医院": units}
        return cls(database, SCHEMES / "remainder", relations, "医院", ("资金池份额",))

    @classmethod
    def of_many(cls, database: duckdb.DuckDBPyConnection, scheme: Path, wide: int, count: int) -> "Generated":
        """A scheme of `folders.rules_of_many` over rows made here."""
        data = "".join(f", (1000 + hash(range, {n}) % 1000000)::BIGINT AS figure_0_{n}" for n in range(wide))
        rows = _OWN.format(row="range", parent="0", unit="'机构' || range", data=data, table=f"range({count})")
        return cls(database, scheme, {"县": _COUNTY, "机构": rows}, "机构", ())

    def programmed(self) -> Program:
        """The statements, made anew."""
        facts = facts_of(Dataset({}, frozenset(), (YEAR,), {}, (), ""))
        return programmed({YEAR: self.pipeline}, self.layout, facts, "duckdb", whole=False)

    def run(self) -> None:
        """Settle."""
        for table, text in self.texts:
            self.connection.keep(table, text)

    def answers(self) -> list[Sequence[int] | None]:
        """The figures, row by row; None where the row is in doubt, for the interpreter settles it again."""
        self.run()
        rows = self.program.years[YEAR][self.kind]
        columns = []
        for figure in self.figures:
            what = rows.columns[figure].now.what
            assert isinstance(what, Number)
            assert what.low is not None
            assert what.low.below.static == 1
            columns.append(what.low.above.sql)
        doubt = self.program.doubts[YEAR, self.kind]
        query = exp.select(*columns, exp.alias_(doubt, "doubt")).from_(exp.to_table(rows.frame.source))
        found = self.connection.rows(quoted(query.order_by(exp.column("row"))))
        return [None if doubtful else figures for *figures, doubtful in found]

    def text(self) -> str:
        """All statements."""
        return ";\n".join(quoted(query).sql(dialect="duckdb", pretty=True) for _, query in self.program.tables())

    def _laid_out(self, relations: Mapping[str, str]) -> Layout:
        labels = self.pipeline.scheme.labels
        names = Called(labels)
        made = {}
        for kind, select in relations.items():
            sql = names.of(kind)
            self.connection.run(f'CREATE OR REPLACE TABLE "{sql}" AS {select}')
            made[kind] = self._relation(kind, sql)
        for kind, table in self.pipeline.scheme.tables.items():
            if kind not in made:
                made[kind] = Relation(kind, names.of(kind), table.parents, {}, {YEAR: 0})
                self.connection.run(f'DROP TABLE IF EXISTS "{made[kind].sql}"')
                self.connection.create(made[kind].sql, columns_of(made[kind], "duckdb"))
        return Layout(made, frozenset(relations), (YEAR,))

    def _relation(self, kind: str, sql: str) -> Relation:
        """A relation with what is observed of its columns."""
        scheme = self.pipeline.scheme
        columns = {}
        for (table, name), datum in scheme.inputs.items():
            if table != kind:
                continue
            called = scheme.labels.id(name, kind)
            low, high = None, None
            if datum.kind.is_number:
                low, high = next(self.connection.rows(f'SELECT min({called}), max({called}) FROM "{sql}"'))
            scale = 10_000 if called == "factor" else 1
            columns[name] = Column(name, called, datum.kind, scale, low, high, blanks=False)
        (rows,) = next(self.connection.rows(f'SELECT count(*) FROM "{sql}"'))
        parents = scheme.tables[kind].parents
        most = {parent: self._most(sql) for parent in parents}
        return Relation(
            kind, sql, parents, columns, {YEAR: rows}, (None,), most, unique=True, one_year=True, all_from_data=True
        )

    def _most(self, sql: str) -> int:
        (most,) = next(self.connection.rows(f'SELECT max(n) FROM (SELECT count(*) AS n FROM "{sql}" GROUP BY parent)'))
        return int(most)
