"""The rows of a long table, kept by duckdb within bounds and asked with queries; every value is exact text.

A store has a view ``held``: ``n`` is the row as findings name it, ``line`` the line of a text file, ``c0`` … the columns as
text without the blanks around it (NULL where empty), and ``v0`` … the same as numbers where the file itself has exact ones.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from engine.load.tables import Cell, Row
from grammar.diagnostic import Finding, FindingsError, Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
_FETCHED = 10_000
# What `str.strip` takes away: the blanks of every script, as the cells of short tables lose them.
_BLANKS = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288))
)


class Store:
    """One file's rows; ``decimals`` says of each column how many its exact numbers have, None where it holds text."""

    def __init__(self, file: str, folder: "TemporaryDirectory[str]", connection: "DuckDBPyConnection") -> None:
        self.file = file
        self.count = 0
        self.held = False
        self.decimals: tuple[int | None, ...] = ()
        # The folder is taken away with the store.
        self._folder = folder
        self._connection = connection
        self._narrowed = False

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        with self._told():
            return self._connection.execute(query, list(values)).fetchall()

    def tell(self, query: str, values: Sequence[object] = ()) -> None:
        """Run what answers nothing."""
        with self._told():
            self._connection.execute(query, list(values))

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
        if not self._narrowed:
            sort = self.ask("SELECT table_type FROM information_schema.tables WHERE table_name = 'held'")[0][0]
            self.tell(f"ALTER {'VIEW' if sort == 'VIEW' else 'TABLE'} held RENAME TO all_rows")
            self._narrowed = True
        names = {}
        for i in columns:
            texts = (text for (text,) in self.ask(f"SELECT DISTINCT c{i} FROM all_rows WHERE c{i} IS NOT NULL"))  # noqa: S608
            names[i] = ", ".join(quoted(text) for text in texts if named(text)) or "NULL"
        told = [f"c{i} IN ({texts})" for i, texts in names.items()]
        nobody = " AND ".join(f"c{i} IS NULL" for i in columns) or "true"
        where = " OR ".join([*told, f"({nobody})"])
        self.tell(f"CREATE OR REPLACE VIEW held AS SELECT * FROM all_rows WHERE {where}")  # noqa: S608 - quoted texts
        self.count = int(self.ask("SELECT count(*) FROM held")[0][0])

    def rows(self, columns: Sequence[str], numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """Rows as cells with their places: all of them, or those of some numbers, in the order of the file."""
        names = "".join(f", c{i}" for i in range(len(columns)))
        chosen = None if numbers is None else sorted(set(numbers))
        where = "" if chosen is None else f" WHERE n IN ({', '.join(map(str, chosen)) or 'NULL'})"
        query = f"SELECT n, line{names} FROM held{where} ORDER BY n"  # noqa: S608 - our own names
        with self._told():
            answer = self._connection.cursor().execute(query)
            while batch := answer.fetchmany(_FETCHED):
                for number, line, *values in batch:
                    yield self.row(columns, number, line, values)

    def row(self, columns: Sequence[str], number: int, line: int | None, values: Sequence[str | None]) -> Row:
        """One row of values as cells."""
        cells = {
            name: Cell(value or "", Place(self.file, line, None, None, number, name))
            for name, value in zip(columns, values, strict=True)
        }
        return Row(cells, self.place(number, line))

    def place(self, number: int, line: int | None) -> Place:
        """The place of a row."""
        return Place(self.file, line, 1 if line is not None else None, None, number)


_Store = TypeVar("_Store", bound=Store)


def opened(store: type[_Store], file: str, sort: str, pieces: Iterable[bytes]) -> tuple[_Store, Path]:
    """A store for the bytes of a file, and the path at which duckdb may read them: nothing else is open to it."""
    import duckdb

    try:
        folder = TemporaryDirectory(prefix="xiance-")
        path = Path(folder.name, f"data.{sort}")
        with path.open("wb") as copy:
            copy.writelines(pieces)
    except OSError:
        # No room for a copy: the file is too large for this machine.
        raise FindingsError([Finding("D201", Place(file))]) from None
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": 2})
    for setting in (
        f"SET allowed_paths = [{quoted(str(path))}]",
        f"SET temp_directory = {quoted(str(Path(folder.name, 'spilled')))}",
        "SET enable_progress_bar = false",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        connection.execute(setting)
    return store(file, folder, connection), path


def stripped(text: str) -> str:
    """A text in a query without the blanks around it, NULL where nothing is left."""
    # Taking a set of characters away is slow: it is done only where there is one to take.
    blank = "[" + "".join(rf"\x{{{ord(char):X}}}" for char in _BLANKS) + "]"
    around = quoted(f"^{blank}|{blank}$")
    return (
        f"NULLIF(CASE WHEN regexp_matches({text}, {around}) THEN trim({text}, {quoted(_BLANKS)}) ELSE {text} END, '')"
    )


def quoted(text: str) -> str:
    """A text inside a query."""
    return "'" + text.replace("'", "''") + "'"
