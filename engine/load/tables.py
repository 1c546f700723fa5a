"""The nouns of data as it was handed in: cells, rows and tables of text with their places; nothing is judged yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from mmap import mmap
from pathlib import Path
from typing import Any, Protocol

from grammar.diagnostic import Finding, Place
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as written, without the blanks around it; an empty text is a missing value.

    ``number`` says that a workbook holds it as a number and not as text: 2025.10 has become 2025.1 there. ``unit`` is
    the unit of money that a line above the table names (单位：万元); what the header or the value says goes before it.
    """

    text: str
    place: Place
    number: bool = False
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells by the column's name as written; a missing cell may be absent or empty."""

    cells: Mapping[str, Cell]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one name, in the order written; a table without rows is not the same as no table.

    ``columns`` are the cells that name the columns, where there is a row of them.
    """

    name: str
    rows: tuple[Row, ...]
    place: Place
    columns: Mapping[str, Place] = field(default_factory=dict)


class Held(Protocol):
    """The rows of a long table, wherever they are kept: they are asked with queries, and single ones given as cells.

    ``decimals`` says of each column how many its exact numbers have, None where it holds text.
    """

    file: str
    count: int
    decimals: tuple[int | None, ...]

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer; what may be asked stands in `store`."""

    def tell(self, query: str, values: Sequence[object] = ()) -> None:
        """Run what answers nothing."""

    def hand_over(self, query: str) -> Path:
        """What a query answers, in a Parquet file that another engine may read while the rows are held."""

    def leave_only(self, columns: Sequence[int], named: Callable[[str], bool]) -> None:
        """Leave the rows that one of some columns names, and those that name nobody."""

    def rows(self, columns: Sequence[str], numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """Rows as cells with their places: all of them, or those of some numbers, in the order of the file."""

    def row(self, columns: Sequence[str], number: int, line: int | None, values: Sequence[str | None]) -> Row:
        """One row of values as cells."""


@dataclass(frozen=True, slots=True)
class BulkTable:
    """A table of more rows than are worth holding as cells: its columns by name, its rows in a store that is asked.

    ``columns`` may be renamed as those of a `Table` may; the store knows them by their order alone.
    """

    name: str
    columns: tuple[str, ...]
    store: Held
    place: Place
    headers: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawData:
    """All that was handed in: single values, assumptions, tables, and the bytes they were read from.

    ``bulk`` are tables too long to be held as rows (a county's claims).

    ``findings`` are faults that could be passed over: what is wrong with the rest is still to be told along with them.
    """

    heads: Mapping[str, Cell]
    assumptions: Mapping[str, Cell]
    tables: tuple[Table, ...]
    files: tuple[tuple[str, bytes | mmap], ...] = ()
    findings: tuple[Finding, ...] = ()
    bulk: tuple[BulkTable, ...] = ()
