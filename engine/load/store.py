"""The rows of a long table, kept by duckdb within bounds and asked with queries; every value is exact text.

A store has a view ``held``: ``n`` is the row as findings name it, ``line`` the line of a text file, ``c0`` … the columns as
text without the blanks around it (NULL where empty), and ``v0`` … the same as numbers where the file itself has exact ones.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from engine.load.tables import Cell, Row
from grammar.diagnostic import Finding, FindingsError, Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY, THREADS = "1GB", 2
_FETCHED = 10_000
# What `str.strip` takes away: the blanks of every script, as the cells of short tables lose them.
_BLANKS = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288))
)


class Store:
    """One file's rows; ``decimals`` says of each column how many its exact numbers have, None where it holds text.

    ``called`` is what other tables call it that lie beside it in a room; it is ``held`` to itself.
    """

    def __init__(
        self, file: str, folder: "TemporaryDirectory[str]", connection: "DuckDBPyConnection", called: str = "held_1"
    ) -> None:
        self.file = file
        self.called = self._all = called
        self.count = 0
        self.held = False
        self.decimals: tuple[int | None, ...] = ()
        # The folder is taken away with the store.
        self._folder = folder
        self._connection = connection

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        with self._told():
            return self._connection.execute(query, list(values)).fetchall()

    def tell(self, query: str, values: Sequence[object] = ()) -> None:
        """Run what answers nothing."""
        with self._told():
            self._connection.execute(query, list(values))

    def hold(self, sort: str, query: str) -> None:
        """Keep what a query answers as the rows, in a table or as a view."""
        self.tell(f"CREATE {sort} {self.called} AS {query}")
        self.tell(f"CREATE TEMP VIEW held AS FROM {self.called}")

    def hand_over(self, query: str) -> Path:
        """What a query answers, in a Parquet file of the store's own that another engine may read."""
        path = next(path for i in count() if not (path := Path(self._folder.name, f"handed{i}.parquet")).exists())
        self.tell(f"COPY ({query}) TO {quoted(str(path))} (FORMAT parquet)")
        return path

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What duckdb cannot do with rows that are held is a finding: a file may be damaged further in, or too large."""
        import duckdb

        try:
            yield
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except RuntimeError as error:
            # This is how duckdb hands on an interruption that came while it worked.
            if str(error) == "Query interrupted":
                raise KeyboardInterrupt from error
            raise
        except duckdb.Error as error:
            if not self.held:
                raise
            code = "D201" if isinstance(error, duckdb.OutOfMemoryException) else "D200"
            raise FindingsError([Finding(code, Place(self.file))]) from None

    def leave_only(self, columns: Sequence[int], named: Callable[[str], bool]) -> None:
        """Leave the rows that one of some columns names, and those that name nobody; others are not read from here on."""
        names = {}
        for i in columns:
            texts = (text for (text,) in self.ask(f"SELECT DISTINCT c{i} FROM {self._all} WHERE c{i} IS NOT NULL"))  # noqa: S608
            names[i] = ", ".join(quoted(text) for text in texts if named(text)) or "NULL"
        told = [f"c{i} IN ({texts})" for i, texts in names.items()]
        nobody = " AND ".join(f"c{i} IS NULL" for i in columns) or "true"
        where = " OR ".join([*told, f"({nobody})"])
        self.called = f"{self._all}_left"
        self.tell(f"CREATE OR REPLACE VIEW {self.called} AS SELECT * FROM {self._all} WHERE {where}")  # noqa: S608 - quoted texts
        self.tell(f"CREATE OR REPLACE TEMP VIEW held AS FROM {self.called}")
        self.count = int(self.ask("SELECT count(*) FROM held")[0][0])

    def rows(self, columns: Sequence[str], numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """Rows as cells with their places: all of them, or those of some numbers, in the order of the file."""
        names = "".join(f", c{i}" for i in range(len(columns)))
        chosen = None if numbers is None else sorted(set(numbers))
        where = "" if chosen is None else f" WHERE n IN ({', '.join(map(str, chosen)) or 'NULL'})"
        # A cursor is a connection of its own: it knows the table, not what this one alone calls it.
        query = f"SELECT n, line{names} FROM {self.called}{where} ORDER BY n"  # noqa: S608 - our own names
        with self._told():
            answer = self._connection.cursor().execute(query)
            while batch := answer.fetchmany(_FETCHED):
                for number, line, *values in batch:
                    yield self.row(columns, number, line, values)

    def row(self, columns: Sequence[str], number: int, line: int | None, values: Sequence[str | None]) -> Row:
        """One row of values as cells."""
        file, own = self.found(number)
        cells = {
            name: Cell(value or "", Place(file, line, None, None, own, name))
            for name, value in zip(columns, values, strict=True)
        }
        return Row(cells, Place(file, line, 1 if line is not None else None, None, own))

    def found(self, number: int) -> tuple[str, int]:
        """The file of a row, and its number there."""
        return self.file, number


class Room:
    """A duckdb within bounds that reads some files where they lie, and nothing else; what it cannot hold it puts on disk.

    ``connection`` is for what is worked out from all tables together; each store has one of its own beside it.
    """

    def __init__(self, files: Iterable[Path], memory: str | None = None, threads: int | None = None) -> None:
        import duckdb

        self.folder = TemporaryDirectory(prefix="xiance-")
        self.connection = duckdb.connect(config={"memory_limit": memory or MEMORY, "threads": threads or THREADS})
        self.stores = 0
        paths = ", ".join(quoted(str(path)) for path in files)
        for setting in (
            f"SET allowed_paths = [{paths}]",
            f"SET allowed_directories = [{quoted(self.folder.name + '/')}]",
            *_shut(self.folder.name),
        ):
            self.connection.execute(setting)

    def store(self, store: "type[_Store]", file: str) -> "_Store":
        """A store in the room."""
        self.stores += 1
        return store(file, self.folder, self.connection.cursor(), f"held_{self.stores}")

    def kept(self, pieces: Iterable[bytes], sort: str, file: str) -> Path:
        """The path of a file of the room's own with these bytes."""
        path = Path(self.folder.name, f"data{self.stores}.{sort}")
        _copied(path, pieces, file)
        return path


_Store = TypeVar("_Store", bound=Store)


def opened(store: type[_Store], file: str, sort: str, pieces: Iterable[bytes]) -> tuple[_Store, Path]:
    """A store for the bytes of a file, and the path at which duckdb may read them: nothing else is open to it."""
    import duckdb

    folder = _folder(file)
    path = Path(folder.name, f"data.{sort}")
    _copied(path, pieces, file)
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS})
    for setting in (
        f"SET allowed_paths = [{quoted(str(path))}]",
        f"SET allowed_directories = [{quoted(folder.name + '/')}]",
        *_shut(folder.name),
    ):
        connection.execute(setting)
    return store(file, folder, connection), path


def _folder(file: str) -> "TemporaryDirectory[str]":
    try:
        return TemporaryDirectory(prefix="xiance-")
    except OSError:
        raise FindingsError([Finding("D201", Place(file))]) from None


def _copied(path: Path, pieces: Iterable[bytes], file: str) -> None:
    try:
        with path.open("wb") as copy:
            copy.writelines(pieces)
    except OSError:
        # No room for a copy: the file is too large for this machine.
        raise FindingsError([Finding("D201", Place(file))]) from None


def _shut(folder: str) -> tuple[str, ...]:
    """Settings after which duckdb knows its files and no way to others."""
    return (
        f"SET temp_directory = {quoted(str(Path(folder, 'spilled')))}",
        "SET enable_progress_bar = false",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    )


def blank_around(text: str) -> str:
    """Whether a text in a query has a blank before or after it."""
    blank = "[" + "".join(rf"\x{{{ord(char):X}}}" for char in _BLANKS) + "]"
    return f"regexp_matches({text}, {quoted(f'^{blank}|{blank}$')})"


def stripped(text: str) -> str:
    """A text in a query without the blanks around it, NULL where nothing is left."""
    # Taking a set of characters away is slow: it is done only where there is one to take.
    return f"NULLIF(CASE WHEN {blank_around(text)} THEN trim({text}, {quoted(_BLANKS)}) ELSE {text} END, '')"


def quoted(text: str) -> str:
    """A text inside a query."""
    return "'" + text.replace("'", "''") + "'"
