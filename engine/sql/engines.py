"""The engines that settle many rows: what each of them is asked for, and which there are."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlglot import exp

from engine.sql.whole import Dialect

Statement = exp.Expression | str
Columns = Sequence[tuple[str, exp.DataType]]


Reason = Literal["not installed", "not reached", "wraps"]


class UnusableError(Exception):
    """An engine is not there for a run: something is not installed, it cannot be reached, or it lets whole numbers wrap."""

    def __init__(self, engine: str, reason: Reason, detail: str = "") -> None:
        self.engine, self.reason, self.detail = engine, reason, detail
        super().__init__(f"{engine}: {reason} {detail}".rstrip())


class Engine(Protocol):
    """A connection to an engine; what is made in it is gone when it is closed."""

    dialect: Dialect

    def create(self, table: str, columns: Columns) -> None:
        """An empty table."""

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table; whole numbers are ints, dates are dates, None is NULL."""

    def read(self, table: str, files: Sequence[Path]) -> None:
        """A table of what Parquet files hold."""

    def keep(self, table: str, query: Statement) -> None:
        """A table of what a query answers, worked out now and once."""

    def run(self, statement: Statement) -> None:
        """Run what answers nothing."""

    def rows(self, query: Statement) -> Iterator[tuple[Any, ...]]:
        """What a query answers; whole numbers of every width are ints."""

    def interrupt(self) -> None:
        """Stop what runs at this moment; called from another thread."""

    def close(self) -> None:
        """Give back what the engine holds."""


def text_of(statement: Statement, dialect: Dialect, *, spent: bool = False) -> str:
    """A statement as the engine reads it; one that is ``spent`` is not needed as it was, and is not copied."""
    # Spark takes no Chinese name without quotes, and PostgreSQL writes what has none in small letters.
    return statement if isinstance(statement, str) else statement.sql(dialect=dialect, identify=True, copy=not spent)


def table_of(name: str) -> exp.Table:
    """A table by its name, whatever characters it has."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def creation(table: str, columns: Columns, *, temporary: bool = False) -> exp.Create:
    """What makes an empty table."""
    definitions = [exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=kind) for name, kind in columns]
    properties = exp.Properties(expressions=[exp.TemporaryProperty()]) if temporary else None
    schema = exp.Schema(this=table_of(table), expressions=definitions)
    return exp.Create(this=schema, kind="TABLE", properties=properties)


def kept(table: str, query: Statement, dialect: Dialect, *, temporary: bool = False) -> str:
    """What makes a table of a query, which is spent with it."""
    word = "TEMPORARY TABLE" if temporary else "TABLE"
    return f"CREATE {word} {table_of(table).sql(dialect=dialect)} AS {text_of(query, dialect, spent=True)}"
