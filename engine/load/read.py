"""The data a user names, read from wherever it lies: one YAML file, a workbook, or a folder with a CSV file per table."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

from engine.load.store import Room
from engine.load.tables import BulkTable, RawData, Table
from engine.load.text import name_text, read_text
from engine.load.yaml_data import read_shapes
from grammar.diagnostic import Finding, FindingsError, Place


class NoSuchFileError(Exception):
    """There is nothing at the path the user gave; ``path`` is as given."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


# A longer CSV file is asked with queries, not held cell by cell.
CSV_BYTES_HELD = 2 << 20


def read_data(path: Path, display: str | None = None, room: Room | None = None, *, looked_at: bool = False) -> RawData:
    """The data at a path; ``display`` is what findings call it. Long tables of a folder are read in a room, if one is given.

    ``looked_at``: single cells of long Parquet tables are not held up to the light again, for the same bytes once were.
    """
    shown = display or str(path)
    # `Path.exists` raises on names too long for the file system; this one answers.
    if not os.path.exists(path):  # noqa: PTH110
        raise NoSuchFileError(shown)
    if path.is_dir():
        return _read_folder(path, shown, room or room_for(path), looked_at=looked_at)
    suffix = path.suffix.lower()
    if suffix in _YAML:
        return _read_yaml_file(path, shown)
    if suffix == _WORKBOOK:
        return _read_workbook_file(path, shown, None)
    raise FindingsError([Finding(_REFUSALS.get(suffix, "D038"), Place(shown), {"suffix": suffix or path.name})])


def room_for(path: Path, memory: str | None = None, threads: int | None = None) -> Room | None:
    """A room for the long tables of a folder; None where there is none in it."""
    found = list(_long_files(path)) if path.is_dir() else []
    return Room(found, memory, threads) if found else None


def _long_files(path: Path) -> Iterator[Path]:
    for file in _data_files(path, str(path)):
        suffix = file.suffix.lower()
        if suffix == ".parquet" or (suffix == ".csv" and file.stat().st_size > CSV_BYTES_HELD):
            yield file
    for folder in _folders_of_parts(path):
        yield from _parts_in(folder)


_YAML = (".yaml", ".yml")
_HEADS = ("案", "case")
_WORKBOOK = ".xlsx"
_OTHER_WORKBOOKS = (".xls", ".xlsm", ".xlsb", ".xltx", ".et", ".ett", ".ods", ".numbers")
_REFUSALS = {".csv": "D036", ".parquet": "D036", **dict.fromkeys(_OTHER_WORKBOOKS, "D102")}
# In a folder these hold data that would be missing without a word; other files (a note, a scan) may lie beside it.
_OTHER_DATA = (".tsv", ".json", ".jsonl", ".ndjson")
# A longer case is a table by nature, and CSV says the same in fewer bytes.
_YAML_BYTES_AT_MOST = 16 << 20
_CSV_BYTES_AT_MOST = _PARQUET_BYTES_AT_MOST = 512 << 20


def _read_yaml_file(path: Path, shown: str) -> RawData:
    data = _read_bytes(path, shown, _YAML_BYTES_AT_MOST)
    return replace(read_shapes(read_text(data, shown), shown), files=((path.name, data),))


def _read_workbook_file(path: Path, shown: str, stem: str | None) -> RawData:
    from engine.load.workbook import WORKBOOK_BYTES_AT_MOST, read_workbook

    data = _read_bytes(path, shown, WORKBOOK_BYTES_AT_MOST)
    return replace(read_workbook(data, shown, stem), files=((path.name, data),))


def _read_folder(folder: Path, shown: str, room: Room | None, *, looked_at: bool) -> RawData:
    parts: list[RawData] = []
    findings: list[Finding] = []
    heads_file: Path | None = None
    for path in _data_files(folder, shown):
        name = f"{shown}/{path.name}"
        try:
            part = _read_part(path, name, room, looked_at=looked_at)
        except FindingsError as error:
            findings.extend(error.findings)
            continue
        if part.heads or part.assumptions:
            if heads_file:
                findings.append(Finding("D042", Place(name), {"file": heads_file.name}))
            heads_file = path
        parts.append(part)
    for inside in _folders_of_parts(folder):
        try:
            parts.append(_read_parts(inside, f"{shown}/{inside.name}", room, looked_at=looked_at))
        except FindingsError as error:
            findings.extend(error.findings)
    tables = [table for part in parts for table in part.tables]
    bulk = tuple(table for part in parts for table in part.bulk)
    findings.extend(_told_twice([*tables, *bulk]))
    passed_over = tuple(finding for part in parts for finding in part.findings)
    if not (findings or passed_over or tables or bulk):
        findings.append(Finding("D039", Place(shown)))
    if findings:
        raise FindingsError([*findings, *passed_over])
    heads = {name: cell for part in parts for name, cell in part.heads.items()}
    assumptions = {name: cell for part in parts for name, cell in part.assumptions.items()}
    files = tuple(file for part in parts for file in part.files)
    return RawData(heads, assumptions, tuple(tables), files, passed_over, bulk)


def _data_files(folder: Path, shown: str) -> Iterator[Path]:
    """The files that hold data, by name, so that the order of a folder's entries never shows in a result."""
    known = (*_YAML, _WORKBOOK, *_REFUSALS, *_OTHER_DATA)
    try:
        paths = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        raise FindingsError([Finding("D004", Place(shown))]) from None
    for path in paths:
        hidden = path.name.startswith((".", "~$"))
        if not hidden and path.is_file() and path.suffix.lower() in known:
            yield path


# A folder with one of these in it holds what a run wrote, not what one is made from.
RESULTS = "回执.json"


def _folders_of_parts(folder: Path) -> list[Path]:
    """The folders inside that hold a table in parts, by name."""
    try:
        inside = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.name)
        return [
            each
            for each in inside
            if not (each.name.startswith(".") or (each / RESULTS).exists()) and any(True for _ in _parts_in(each))
        ]
    except OSError:
        # What cannot be looked into is told where the folder itself is read.
        return []


def _parts_in(folder: Path) -> Iterator[Path]:
    return (path for path in _data_files(folder, str(folder)) if path.suffix.lower() in {".csv", ".parquet"})


def _read_parts(folder: Path, shown: str, room: Room | None, *, looked_at: bool) -> RawData:
    """The table whose parts are the files of a folder."""
    from engine.load.parts import one_table

    assert room is not None
    found: list[RawData] = []
    findings: list[Finding] = []
    for path in _parts_in(folder):
        try:
            found.append(_read_part(path, f"{shown}/{path.name}", room, looked_at=looked_at))
        except FindingsError as error:
            findings.extend(error.findings)
    if findings:
        raise FindingsError([*findings, *(finding for part in found for finding in part.findings)])
    name = name_text(folder.name.removesuffix(".parquet").removesuffix(".csv"))
    tables: list[Table | BulkTable] = []
    for part in found:
        tables += [*part.tables, *part.bulk]
    table = one_table(name, tables, Place(shown), room)
    files = tuple((f"{folder.name}/{name}", data) for part in found for name, data in part.files)
    told = tuple(finding for part in found for finding in part.findings)
    if isinstance(table, BulkTable):
        return RawData({}, {}, (), files, told, (table,))
    return RawData({}, {}, (table,), files, told)


def _read_part(path: Path, shown: str, room: Room | None, *, looked_at: bool) -> RawData:
    suffix, stem = path.suffix.lower(), name_text(path.stem)
    if suffix == ".csv":
        from engine.load.csv_text import is_plain, read_rows

        if (mapped := _mapped(path, shown, CSV_BYTES_HELD, room)) and is_plain(mapped, shown):
            from engine.load.long_csv import read_long_csv

            return _whole(path, mapped, *read_long_csv(mapped, shown, stem, room))
        data = _read_bytes(path, shown, _CSV_BYTES_AT_MOST)
        if len(data) > CSV_BYTES_HELD and is_plain(data, shown):
            from engine.load.long_csv import read_long_csv

            return _whole(path, data, *read_long_csv(data, shown, stem))
        table, findings = read_rows(read_text(data, shown), shown, stem)
        return RawData({}, {}, (table,), ((path.name, data),), tuple(findings))
    if suffix == ".parquet":
        from engine.load.parquet import parquet_in, read_parquet

        if (mapped := _mapped(path, shown, 0, room)) and room is not None:
            return _whole(path, mapped, parquet_in(room, path, shown, stem, looked_at=looked_at), [])
        data = _read_bytes(path, shown, _PARQUET_BYTES_AT_MOST)
        return _whole(path, data, read_parquet(data, shown, stem, looked_at=looked_at), [])
    if suffix == _WORKBOOK:
        return _read_workbook_file(path, shown, stem)
    if suffix in _YAML and stem in _HEADS:
        return _read_yaml_file(path, shown)
    code = "D041" if suffix in _YAML else _REFUSALS.get(suffix, "D038")
    raise FindingsError([Finding(code, Place(shown), {"suffix": suffix})])


def _whole(path: Path, data: bytes | mmap, table: Table | BulkTable, findings: list[Finding]) -> RawData:
    """One file's table as data by itself."""
    files = ((path.name, data),)
    if isinstance(table, BulkTable):
        return RawData({}, {}, (), files, tuple(findings), (table,))
    return RawData({}, {}, (table,), files, tuple(findings))


def _mapped(path: Path, shown: str, limit: int, room: Room | None) -> mmap | None:
    """The bytes of a long file where it lies, for a room; None without a room, or for a short one."""
    if room is None:
        return None
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return mmap(file.fileno(), 0, access=ACCESS_READ) if size > limit else None
    except OSError:
        raise FindingsError([Finding("D004", Place(shown))]) from None


def _read_bytes(path: Path, shown: str, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError:
        raise FindingsError([Finding("D004", Place(shown))]) from None
    if len(data) > limit:
        raise FindingsError([Finding("D003", Place(shown), {"limit": f"{limit >> 20} MiB"})])
    return data


def _told_twice(tables: Sequence[Table | BulkTable]) -> Iterator[Finding]:
    first: dict[str, Table | BulkTable] = {}
    for table in tables:
        if table.name in first:
            yield Finding("D040", table.place, {"name": table.name, "file": first[table.name].place.file})
        first.setdefault(table.name, table)
