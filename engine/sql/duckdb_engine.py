"""DuckDB in this process: nothing outside is open to it but the files it is given."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any, Generic, TypeVar

from sqlglot import exp

from engine.sql.engines import Columns, Statement, creation, kept, table_of, text_of
from engine.sql.whole import Dialect

_FETCHED = 10_000
# Seconds between two attempts to stop what has been ended.
_AGAIN = 0.05
_T = TypeVar("_T")


class _Work(Generic[_T]):
    """One thing asked of duckdb in a thread of its own: the waiting one hears of signals, which duckdb at work may not."""

    def __init__(self, work: Callable[[], _T]) -> None:
        self._work = work
        self._made: list[_T] = []
        self._failed: list[BaseException] = []
        self._begun = self._left = False
        self._done = Event()

    def answer(self, interrupt: Callable[[], None]) -> _T:
        """What it comes to; where waiting is broken off, it has ended before this ends."""
        try:
            Thread(target=self._do, daemon=True).start()
            self._done.wait()
        finally:
            # Not Thread.join: one that is broken off takes a thread at work for one that has ended.
            self._left = True
            while self._begun and not self._done.wait(_AGAIN):
                # What began a moment ago may not hear of it yet.
                interrupt()
        if self._failed:
            raise self._failed[0]
        return self._made[0]

    def _do(self) -> None:
        self._begun = True
        try:
            if not self._left:
                self._made.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._failed.append(error)
        finally:
            self._done.set()


class DuckDB:
    """An engine that holds its tables in memory up to a limit, and in a folder of its own past it.

    ``open_to`` are the files it may read or write, and the folders whose files it may; nothing else is open to it.
    """

    dialect: Dialect = "duckdb"

    def __init__(
        self,
        *,
        memory: str | None = None,
        threads: int | None = None,
        folder: Path | None = None,
        open_to: Sequence[Path] = (),
        progress: bool = False,
    ) -> None:
        import duckdb

        self._folder = TemporaryDirectory(prefix="xiance-", dir=folder)
        config: dict[str, str | bool | int | float | list[str]] = {}
        if memory is not None:
            config["memory_limit"] = memory
        if threads is not None:
            config["threads"] = threads
        self._connection = duckdb.connect(config=config)
        self._asked: list[duckdb.DuckDBPyConnection] = []
        folders = [f"{path.absolute()}/" for path in open_to if path.is_dir()]
        files = [str(path.absolute()) for path in open_to if not path.is_dir()]
        for setting in (
            f"allowed_directories = {_texts(folders)}",
            f"allowed_paths = {_texts(files)}",
            f"temp_directory = {_text(str(Path(self._folder.name, 'spilled')))}",
            f"enable_progress_bar = {progress}",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def create(self, table: str, columns: Columns) -> None:
        """An empty table."""
        self.run(creation(table, columns))

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table."""
        with self._connection.appender(table_of(table).sql(dialect=self.dialect)) as appender:
            appender.append_rows(rows)

    def read(self, table: str, files: Sequence[Path]) -> None:
        """A table of what Parquet files hold."""
        self.run(
            f"CREATE VIEW {table_of(table).sql(dialect=self.dialect)} AS FROM read_parquet({_texts([str(path) for path in files])})"
        )

    def columns(self, table: str) -> Columns:
        """The columns of a table."""
        described = self._connection.execute(f"DESCRIBE {table_of(table).sql(dialect=self.dialect)}").fetchall()
        return [(name, exp.DataType.build(kind, dialect=self.dialect)) for name, kind, *_ in described]

    def said(self, statement: Statement) -> str:
        """A statement as this engine reads it, for one that is run more than once."""
        return text_of(statement, self.dialect)

    def keep(self, table: str, query: Statement) -> None:
        """A table of what a query answers."""
        self.run(kept(table, query, self.dialect))

    def run(self, statement: Statement) -> None:
        """Run what answers nothing."""
        text = text_of(statement, self.dialect)
        self._aside(lambda: self._connection.execute(text))

    def rows(self, query: Statement) -> Iterator[tuple[Any, ...]]:
        """What a query answers."""
        # A cursor of its own: others may ask before this answer is read to its end.
        cursor = self._connection.cursor()
        self._asked.append(cursor)
        try:
            text = text_of(query, self.dialect)
            answer = self._aside(lambda: cursor.execute(text))
            while batch := self._aside(lambda: answer.fetchmany(_FETCHED)):
                yield from batch
        finally:
            self._asked.remove(cursor)
            cursor.close()

    def interrupt(self) -> None:
        """Stop what runs at this moment."""
        # A cursor is a connection of its own, and is not stopped by stopping the one it came from.
        for connection in (self._connection, *self._asked):
            connection.interrupt()

    def _aside(self, work: Callable[[], _T]) -> _T:
        return _Work(work).answer(self.interrupt)

    def close(self) -> None:
        """Give back memory and folder."""
        self._connection.close()
        self._folder.cleanup()


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _texts(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
