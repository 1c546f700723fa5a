"""PostgreSQL, over a connection that the person names: tables of the session alone, and nothing left behind."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from engine.sql.engines import Columns, Statement, UnusableError, creation, kept, table_of, text_of
from engine.sql.whole import Dialect

_FETCHED = 10_000
# Compiling long statements takes longer than they save; dates are of no place.
_SETTINGS = ("jit = off", "timezone = 'UTC'", "client_min_messages = warning")


class PostgreSQL:
    """A session on a server; ``dsn`` says where, as libpq reads it."""

    dialect: Dialect = "postgres"

    def __init__(self, dsn: str) -> None:
        try:
            import psycopg
            from psycopg.types.numeric import NumericLoader
        except ImportError as error:
            raise UnusableError("PostgreSQL", "not installed", "pip install 'xiance[postgres]'") from error

        class _Whole(NumericLoader):
            """A wide whole number as an int; whatever had a point would be an error, and stays one."""

            def load(self, data: Any) -> int:  # type: ignore[override]
                return int(bytes(data))

        self._sql = psycopg.sql
        self._names = count()
        try:
            self._connection = psycopg.connect(dsn, autocommit=True)
        except psycopg.OperationalError as error:
            raise UnusableError("PostgreSQL", "not reached", str(error).strip().splitlines()[-1]) from error
        self._connection.adapters.register_loader("numeric", _Whole)
        for setting in _SETTINGS:
            self.run(f"SET {setting}")

    def create(self, table: str, columns: Columns) -> None:
        """An empty table."""
        self.run(creation(table, columns, temporary=True))

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table."""
        into = self._sql.SQL("COPY {} FROM STDIN").format(self._sql.Identifier(table))
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)
        # Nothing else counts the rows of a session's own tables before a query over them is planned.
        self.run(f"ANALYZE {table_of(table).sql(dialect=self.dialect)}")

    def read(self, table: str, files: Sequence[Path]) -> None:
        """A table of what Parquet files hold."""
        from engine.sql.duckdb_engine import DuckDB

        reader = DuckDB(threads=1, open_to=files)
        try:
            reader.read(table, files)
            self.create(table, reader.columns(table))
            self.fill(table, reader.rows(f"FROM {table_of(table).sql(dialect=reader.dialect)}"))
        finally:
            reader.close()

    def keep(self, table: str, query: Statement) -> None:
        """A table of what a query answers."""
        self.run(kept(table, query, self.dialect, temporary=True))
        self.run(f"ANALYZE {table_of(table).sql(dialect=self.dialect)}")

    def run(self, statement: Statement) -> None:
        """Run what answers nothing."""
        self._connection.execute(self._text(statement))

    def rows(self, query: Statement) -> Iterator[tuple[Any, ...]]:
        """What a query answers."""
        # A cursor of its own, held by the server: others may ask before this answer is read to its end.
        with self._connection.cursor(f"answer{next(self._names)}", withhold=True) as cursor:
            cursor.execute(self._text(query))
            while batch := cursor.fetchmany(_FETCHED):
                yield from batch

    def interrupt(self) -> None:
        """Stop what runs at this moment."""
        self._connection.cancel()

    def close(self) -> None:
        """Give back the session and its tables."""
        self._connection.close()

    def _text(self, statement: Statement) -> bytes:
        # Bytes are sent as they are: `%` is a sign of arithmetic here.
        return text_of(statement, self.dialect).encode()
