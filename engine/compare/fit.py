"""One data set for several schemes: what a scheme has no word for is left out where another of them has one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.load.bind_headers import header_of
from engine.load.binding import Binding, words_of
from engine.load.tables import BulkTable, RawData, Row, Table
from engine.nouns.core import Scheme
from grammar.frozen import dataclass

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Outside:
    """A row that a scheme does not settle: its kind, its unit, its insurance type."""

    table: str
    unit: str
    insurance: str | None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A kind of rows in the data that a scheme, which settles none of it, takes for another of its own; how many rows."""

    kind: str
    taken_for: str
    rows: int


def mapped(raw: RawData, scheme: Scheme, kinds: Mapping[str, str]) -> tuple[RawData, tuple[Mapped, ...]]:
    """The data with kinds of rows the scheme does not settle taken for those that are declared; one it settles stays."""
    words, settled = words_of(scheme), {table for table, _ in scheme.figures}
    # A kind that only the shared vocabulary names is none the scheme settles.
    of = {kind: words.get(other, other) for kind, other in kinds.items() if words.get(kind, kind) not in settled}
    of = {kind: other for kind, other in of.items() if other in settled}
    told = []
    for kind, other in of.items():
        count = sum(len(table.rows) for table in raw.tables if table.name == kind)
        if count or any(long.name == kind for long in raw.bulk):
            told.append(Mapped(kind, other, count))
    tables: dict[str, Table] = {}
    for table in raw.tables:
        name = of.get(table.name, table.name)
        same = tables.get(name) if table.name in of or name in of.values() else None
        rows, columns = (same.rows, same.columns) if same is not None else ((), {})
        # What is taken for a kind the data also has stands behind its own rows.
        key = name if same is not None or name not in tables else f"{name} {len(tables)}"
        tables[key] = replace(table, name=name, rows=(*rows, *table.rows), columns={**columns, **table.columns})
    bulk = tuple(replace(long, name=of.get(long.name, long.name)) for long in raw.bulk)
    return replace(raw, tables=tuple(tables.values()), bulk=bulk), tuple(told)


def fitted(raw: RawData, scheme: Scheme, others: Sequence[Scheme]) -> tuple[RawData, tuple[Outside, ...]]:
    """The data as far as a scheme knows its words, and the rows that lie outside it; what nobody knows stays to be told."""
    mine = _Words(scheme, raw)
    theirs = [_Words(other, raw) for other in others]
    outside: list[Outside] = []
    tables: list[Table] = []
    for table in raw.tables:
        name = mine.table(table.name)
        if name is None and any(other.table(table.name) for other in theirs):
            outside += [_outside(table.name, row, raw) for row in table.rows]
            continue
        rows: list[Row] = []
        for row in table.rows:
            if name is not None and not mine.covers(_insurance(row, raw)):
                outside.append(_outside(name, row, raw))
                continue
            rows.append(row if name is None else replace(row, cells=_kept(row.cells, name, mine, theirs)))
        columns = table.columns if name is None else _kept(table.columns, name, mine, theirs)
        tables.append(replace(table, rows=tuple(rows), columns=columns))
    bulk: list[BulkTable] = []
    for long in raw.bulk:
        if (name := mine.table(long.name)) is not None:
            bulk.append(replace(long, headers=_kept(long.headers, name, mine, theirs)))
        elif any(other.table(long.name) for other in theirs):
            outside.append(Outside(long.name, "", None))
        else:
            bulk.append(long)
    heads = {key: cell for key, cell in raw.heads.items() if key not in {"方案", "scheme"}}
    if (cell := heads.get("险种") or heads.get("insurance")) is not None and not mine.covers(cell.text):
        heads = {key: cell for key, cell in heads.items() if key not in {"险种", "insurance"}}
    known = {key for key in raw.assumptions if key in mine.names or not any(key in other.names for other in theirs)}
    assumptions = {key: cell for key, cell in raw.assumptions.items() if key in known}
    return replace(raw, heads=heads, assumptions=assumptions, tables=tuple(tables), bulk=tuple(bulk)), tuple(outside)


def _kept(columns: "Mapping[str, _T]", table: str, mine: "_Words", theirs: "Sequence[_Words]") -> "dict[str, _T]":
    return {
        key: each
        for key, each in columns.items()
        if mine.column(table, key) or not any(other.column_anywhere(key) for other in theirs)
    }


def _insurance(row: Row, raw: RawData) -> str | None:
    cell = row.cells.get("险种") or row.cells.get("insurance") or raw.heads.get("险种") or raw.heads.get("insurance")
    return cell.text or None if cell is not None else None


def _outside(table: str, row: Row, raw: RawData) -> Outside:
    named = next((row.cells[key] for key in ("名称", "name", "单位", "unit") if key in row.cells), None)
    return Outside(table, named.text if named is not None else "", _insurance(row, raw))


class _Words:
    """The words one scheme knows: of tables, of columns, of what may be assumed."""

    def __init__(self, scheme: Scheme, raw: RawData) -> None:
        self.scheme = scheme
        self.names = words_of(scheme)
        self._binding = Binding(scheme, raw, words=self.names)
        self._insurances = {*scheme.insurances, *(scheme.labels.id(name) for name in scheme.insurances)}

    def table(self, word: str) -> str | None:
        """The kind of rows a word stands for."""
        name = self.names.get(word, word)
        return name if name in self.scheme.tables else None

    def column(self, table: str, key: str) -> bool:
        """Whether a table has a column of this name."""
        return header_of(self._binding, table, key) is not None

    def column_anywhere(self, key: str) -> bool:
        """Whether any table has one."""
        return any(self.column(table, key) for table in self.scheme.tables)

    def covers(self, insurance: str | None) -> bool:
        """Whether an insurance type is one of the scheme's; a scheme that names none takes rows as they come."""
        return insurance is None or not self._insurances or insurance in self._insurances
