"""A table in a Parquet file: every value as the exact text of what the file holds, each cell with its row and column."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from engine.load.store import Room, Store, blank_around, opened, quoted, stripped
from engine.load.tables import BulkTable, Table
from engine.load.text import REFUSED_PATTERN, name_text
from grammar.diagnostic import Finding, FindingsError, Place

ROWS_HELD = 20_000
_ROWS_AT_MOST = 100_000_000
_TOLD = 20
_SUMMED = 28
_DIGITS = {"DOUBLE": 15, "FLOAT": 6}
_WHOLE = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")} | {
    "INTEGER",
    "UINTEGER",
}
_TIMES = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}


def read_parquet(data: bytes, file: str, name: str, *, looked_at: bool = False) -> Table | BulkTable:
    """The table of a Parquet file; one of many rows stays in a store. Raises FindingsError with all that is wrong.

    ``looked_at``: the same bytes were read before, and their cells are not looked at one by one again.
    """
    with _told(file):
        store, path = opened(Store, file, "parquet", [data])
        return _read(store, path, name, looked_at=looked_at)


def parquet_in(room: Room, path: Path, file: str, name: str, *, looked_at: bool = False) -> Table | BulkTable:
    """The same of a file that is read where it lies, by the duckdb of a room."""
    with _told(file):
        return _read(room.store(Store, file), path, name, looked_at=looked_at)


@contextmanager
def _told(file: str) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise FindingsError([Finding("D201", Place(file))]) from None
    except (duckdb.Error, UnicodeDecodeError):
        # Damaged, encrypted, or not Parquet at all: duckdb's words for it are not for the reader.
        raise FindingsError([Finding("D200", Place(file))]) from None


def _read(store: Store, path: Path, name: str, *, looked_at: bool) -> Table | BulkTable:
    file, source = store.file, quoted(str(path))
    columns, findings = _columns(store, source, file)
    if findings:
        raise FindingsError(findings)
    shown = [_shown(f'"{given}"', kind) for given, kind in columns]
    texts = _texts(store, source, columns)
    values = ", ".join(f"{texts.get(i, text)} AS c{i}" for i, text in enumerate(shown))
    numbers = [_exact(kind) for _, kind in columns]
    kept = "".join(f', "{columns[i][0]}" AS v{i}' for i, decimals in enumerate(numbers) if decimals is not None)
    kept += "".join(f', "{columns[i][0]}" AS f{i}' for i, (_, kind) in enumerate(columns) if kind in _DIGITS)
    # Quoted names come from the file; duckdb gives them back as it knows them, without a quotation mark in them.
    store.hold(
        "VIEW",
        f"SELECT file_row_number + 1 AS n, NULL::BIGINT AS line, {values}{kept} "  # noqa: S608 - our own names
        f"FROM read_parquet({source}, file_row_number = true)",
    )
    store.count = int(store.ask("SELECT count(*) FROM held")[0][0])
    store.decimals = tuple(numbers)
    if store.count > _ROWS_AT_MOST:
        raise FindingsError([Finding("D201", Place(file))])
    names = tuple(name_text(given) for given, _ in columns)
    findings = [] if looked_at else list(_faults(store, names, [kind for _, kind in columns]))
    if findings:
        raise FindingsError(findings)
    headers = {column: Place(file, key=column) for column in names}
    if store.count <= ROWS_HELD:
        return Table(name, tuple(row for row in store.rows(names) if _holds(row.cells)), Place(file), headers)
    store.held = True
    return BulkTable(name, names, store, Place(file), headers)


def _texts(store: Store, source: str, columns: list[tuple[str, str]]) -> dict[int, str]:
    """The columns of text as they are read: without the blanks around them, where any has some."""
    texts = {i: f'"{name}"' for i, (name, kind) in enumerate(columns) if kind == "VARCHAR"}
    if not texts:
        return {}
    # One passage now spares every later one looking for what is seldom there.
    asked = ", ".join(f"bool_or({blank_around(text)})" for text in texts.values())
    (found,) = store.ask(f"SELECT {asked} FROM read_parquet({source})")  # noqa: S608 - our own path
    return {
        i: stripped(text) if has_some else f"NULLIF({text}, '')"
        for (i, text), has_some in zip(texts.items(), found, strict=True)
    }


def _holds(cells: object) -> bool:
    assert isinstance(cells, dict)
    return any(cell.text for cell in cells.values())


def _columns(store: Store, source: str, file: str) -> tuple[list[tuple[str, str]], list[Finding]]:
    """The columns as duckdb knows them, with their types; and what is wrong with their names or types."""
    told = store.ask(f"DESCRIBE SELECT * FROM read_parquet({source})")  # noqa: S608 - our own path
    columns = [(str(row[0]), str(row[1])) for row in told]
    findings: list[Finding] = []
    written = [name_text(name) for name in _written(store, source)]
    for index, name in enumerate(written):
        place = Place(file, key=name or None)
        if not name:
            findings.append(Finding("D032", place, {"column": index + 1}))
        elif (first := written.index(name)) < index:
            findings.append(Finding("D031", place, {"name": name, "first": first + 1, "second": index + 1}))
    for name, kind in columns:
        if '"' in name or REFUSED_PATTERN.search(name):
            findings.append(Finding("D032", Place(file), {"column": columns.index((name, kind)) + 1}))
        elif _shown("", kind) == "":
            findings.append(Finding("D202", Place(file, key=name_text(name)), {"name": name_text(name)}))
    return columns, findings


def _written(store: Store, source: str) -> Iterator[str]:
    """The names of the columns as the file has them, without those inside columns."""
    nodes = iter(store.ask(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({source})"))  # noqa: S608 - the same

    def skip(count: int) -> None:
        for _ in range(count):
            skip(int(next(nodes)[1]))

    _, top = next(nodes)
    for _ in range(int(top)):
        name, inside = next(nodes)
        yield str(name)
        skip(int(inside))


def _shown(column: str, kind: str) -> str:
    """The text of a column in a query: what the file holds, digit by digit; empty where the type is not one for a table."""
    plain = kind.partition("(")[0]
    text = f"CAST({column} AS VARCHAR)"
    if plain in {"VARCHAR", "BOOLEAN", "DATE", "UUID", "ENUM", '"NULL"'} or plain in _WHOLE:
        return text
    if plain == "DECIMAL":
        scale = int(kind.rstrip(")").rpartition(",")[2])
        # A longer scale than two writes zeros that say nothing.
        return text if scale <= 2 else f"rtrim(rtrim({text}, '0'), '.')"  # noqa: PLR2004 - fen
    if plain in _DIGITS:
        return f"regexp_replace({text}, '[.]0$', '')"
    if plain in _TIMES:
        # Midnight is how a day is often kept; a time of day is shown, and is no day.
        return f"CASE WHEN {column} = date_trunc('day', {column}) THEN CAST(CAST({column} AS DATE) AS VARCHAR) ELSE {text} END"
    return ""


def _exact(kind: str) -> int | None:
    plain = kind.partition("(")[0]
    if plain in _WHOLE:
        return None if "HUGE" in plain else 0
    if plain != "DECIMAL":
        return None
    digits, decimals = map(int, kind.partition("(")[2].rstrip(")").split(","))
    # Longer ones could run over when they are added up.
    return decimals if digits <= _SUMMED else None


def _faults(store: Store, names: tuple[str, ...], kinds: list[str]) -> Iterator[Finding]:
    """Numbers that are none or that lost digits, and characters nobody can see, with row and column."""
    looked_for = {(index, code): where for index, kind in enumerate(kinds) for code, where in _doubts(index, kind)}
    if not looked_for:
        return
    # There is seldom anything: one passage over the file says so of all columns.
    counts = ", ".join(f"count(*) FILTER (WHERE {where})" for where in looked_for.values())
    (found,) = store.ask(f"SELECT {counts} FROM held")  # noqa: S608 - our own names
    for (index, code), number in zip(looked_for, found, strict=True):
        if not number:
            continue
        if code != "D002":
            digits = {"digits": _DIGITS[kinds[index]]} if code == "D204" else {}
            yield from _tell(store, names, index, code, looked_for[index, code], **digits)
            continue
        for row, text in _found(store, index, looked_for[index, code]):
            match = REFUSED_PATTERN.search(text)
            code_point = f"U+{ord(match[0]):04X}" if match else "—"
            yield Finding("D002", Place(store.file, row=row, key=names[index]), {"code_point": code_point})


def _doubts(index: int, kind: str) -> Iterator[tuple[str, str]]:
    """What may be wrong with a value of a column, by the code of the finding."""
    if kind in _DIGITS:
        text = f"c{index}"
        bare = f"ltrim(replace(replace(regexp_replace({text}, 'e.*$', ''), '-', ''), '.', ''), '0')"
        # Most amounts are plainly short; only the others are worth counting.
        lost = f"(abs(f{index}) >= 1e{_DIGITS[kind]} OR length({bare}) > {_DIGITS[kind]})"
        lost = f"CASE WHEN length({text}) <= {_DIGITS[kind]} AND NOT contains({text}, 'e') THEN false ELSE {lost} END"
        none = f"(isnan(f{index}) OR isinf(f{index}))"
        yield "D203", none
        yield "D204", f"NOT {none} AND {lost}"
    elif kind == "VARCHAR" or kind.startswith("ENUM"):
        yield "D002", f"regexp_matches(c{index}, {quoted(_UNSEEN)})"


def _tell(
    store: Store, names: tuple[str, ...], index: int, code: str, condition: str, **values: object
) -> Iterator[Finding]:
    for number, text in _found(store, index, condition):
        about = {"name": names[index], "text": text, **values}
        yield Finding(code, Place(store.file, row=number, key=names[index]), about)


def _found(store: Store, index: int, condition: str) -> list[tuple[int, str]]:
    query = f"SELECT n, c{index} FROM held WHERE {condition} ORDER BY n LIMIT {_TOLD}"  # noqa: S608 - our own names
    return [(int(number), str(text)) for number, text in store.ask(query)]


def _escaped(pattern: str) -> str:
    """A character class of Python's as duckdb's expressions write it: code points in braces, no halves of pairs."""
    inside = pattern[1:-1]
    written = []
    for is_plain, run in groupby(inside, lambda char: char == "-"):
        for char in run:
            written.append(char if is_plain else rf"\x{{{ord(char):X}}}")
    return "[" + "".join(written) + "]"


_UNSEEN = _escaped(REFUSED_PATTERN.pattern.replace("\ud800-\udfff", ""))
