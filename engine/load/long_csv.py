"""A long table as comma-separated text: the same table that `csv_text` reads, kept in a store and asked with queries."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from engine.load.csv_text import Record, columns_of, header_places, records_of, row_of
from engine.load.headings import clean
from engine.load.store import Room, Store, opened, quoted, stripped
from engine.load.tables import BulkTable, Row
from engine.load.text import plain_pieces, read_text
from grammar.diagnostic import Finding, FindingsError, Place

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from duckdb import DuckDBPyConnection

# What the first line is looked for in.
_HEAD = 1 << 16
_WRITTEN = 10_000


class CsvStore(Store):
    """The rows of a CSV file; where single rows are asked for they are read from it again, each cell with its place."""

    def __init__(
        self, file: str, folder: "TemporaryDirectory[str]", connection: "DuckDBPyConnection", called: str = "held_1"
    ) -> None:
        super().__init__(file, folder, connection, called)
        self.data: bytes | mmap = b""

    def rows(self, columns: Sequence[str], numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """Rows as cells with their places, as a short table has them."""
        wanted = None if numbers is None else frozenset(numbers)
        records = records_of(read_text(self.data[:], self.file), self.file, [])
        next(records)
        for record in records:
            if (wanted is None or record.number in wanted) and len(record.values) == len(columns):
                yield Row(record.cells(list(columns), None), record.place())


def read_long_csv(
    data: bytes | mmap, file: str, name: str, room: Room | None = None
) -> tuple[BulkTable, list[Finding]]:
    """The table of a long CSV file, with the findings of rows left out; raises where no row can be trusted.

    In a room it is kept beside other tables.
    """
    import duckdb

    pieces = plain_pieces(data, file)
    head = next(pieces)
    header = next(records_of(head[:_HEAD], file, []), None)
    if header is not None and header.line == 1 and header.source.count("\n") == 1 and len(header.source) < _HEAD // 2:
        findings: list[Finding] = []
        columns = columns_of(header, [clean(value) for value in header.values], findings)
        if not findings:
            try:
                store = _plainly(data, file, columns, room)
            except duckdb.Error:
                store = None
            if store is not None:
                return _table(store, header, columns, name, file), []
    return _record_by_record(data, file, name, room)


def _kept(file: str, pieces: Iterable[bytes], room: Room | None) -> tuple[CsvStore, Path]:
    if room is None:
        return opened(CsvStore, file, "csv", pieces)
    return room.store(CsvStore, file), room.kept(pieces, "csv", file)


def _plainly(data: bytes | mmap, file: str, columns: list[str], room: Room | None) -> CsvStore | None:
    """The rows as duckdb reads them; None where its rows are not the lines of the text one to one."""
    lines = [0]
    store, path = _kept(file, _counted(data, file, lines), room)
    names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(columns)))
    _hold(store, f"read_csv({quoted(str(path))}, columns = {{{names}}}, skip = 1, {_AS_WRITTEN})", columns, None)
    path.unlink()
    # Empty lines, values with line ends inside: what is told of a row must name its own line.
    if store.ask("SELECT count(*) FROM held") != [(lines[0] - 1,)]:
        return None
    return _finished(store, data, columns)


_AS_WRITTEN = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', strict_mode = true, "
    "null_padding = false, nullstr = '', new_line = '\\n', encoding = 'utf-8'"
)


def _counted(data: bytes | mmap, file: str, lines: list[int]) -> Iterator[bytes]:
    """The text in UTF-8 without empty lines at its end, and how many lines it has."""
    ends = ""
    for piece in plain_pieces(data, file):
        body = piece.rstrip("\n")
        if body:
            lines[0] += ends.count("\n") + body.count("\n")
            yield (ends + body).encode()
            ends = ""
        ends += piece[len(body) :]
    lines[0] += 1
    yield b"\n"


def _hold(store: CsvStore, source: str, columns: list[str], numbered: str | None) -> None:
    """Keep the rows of a source, trimmed; ``numbered`` names columns that say which row and line each is."""
    values = ", ".join(f"{stripped(f'c{i}')} AS c{i}" for i in range(len(columns)))
    place = numbered or "row_number() OVER () + 1 AS n, row_number() OVER () + 1 AS line"
    store.hold("TABLE", f"SELECT {place}, {values} FROM {source}")  # noqa: S608 - our own names


def _finished(store: CsvStore, data: bytes | mmap, columns: list[str]) -> CsvStore:
    """Without the rows that hold nothing, as short tables leave them out."""
    empty = " AND ".join(f"c{i} IS NULL" for i in range(len(columns)))
    store.tell(f"DELETE FROM {store.called} WHERE {empty}")  # noqa: S608 - our own names
    store.count = int(store.ask("SELECT count(*) FROM held")[0][0])
    store.decimals = (None,) * len(columns)
    store.data = data
    store.held = True
    return store


def _table(store: CsvStore, header: Record, columns: list[str], name: str, file: str) -> BulkTable:
    return BulkTable(name, tuple(columns), store, Place(file, header.line, 1), header_places(header, columns))


def _record_by_record(data: bytes | mmap, file: str, name: str, room: Room | None) -> tuple[BulkTable, list[Finding]]:
    """The same for a text whose records are not its lines, or that has faults: read by Python's reader, then kept."""
    findings: list[Finding] = []
    records = records_of(read_text(data[:], file), file, findings)
    header = next(records, None)
    if header is None:
        raise FindingsError(findings or [Finding("D034", Place(file))])
    columns = columns_of(header, [clean(value) for value in header.values], findings)
    sound = not findings
    store, path = _kept(file, _rewritten(records, columns, findings), room)
    if not sound:
        raise FindingsError(findings)
    # Nothing is left to be tried: what duckdb cannot hold is told.
    store.held = True
    names = ", ".join(["'n': 'BIGINT'", "'line': 'BIGINT'", *(f"'c{i}': 'VARCHAR'" for i in range(len(columns)))])
    source = f"read_csv({quoted(str(path))}, columns = {{{names}}}, parallel = false, {_AS_WRITTEN})"
    _hold(store, source, columns, "n, line")
    path.unlink()
    return _table(_finished(store, data, columns), header, columns, name, file), findings


def _rewritten(records: Iterator[Record], columns: list[str], findings: list[Finding]) -> Iterator[bytes]:
    """Every record on one line, led by its row and line; line ends inside values become blanks."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for count, record in enumerate(records, 1):
        if len(record.values) == len(columns):
            values = (value.strip().replace("\n", " ") for value in record.values)
            writer.writerow([record.number, record.line, *values])
        else:
            row_of(record, columns, None, findings)
        if count % _WRITTEN == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()
