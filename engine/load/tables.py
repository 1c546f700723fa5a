"""The nouns of data as it was handed in: cells, rows and tables of text with their places; nothing is judged yet."""

from collections.abc import Mapping

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
    """Rows under one name, in the order written; a table without rows is not the same as no table."""

    name: str
    rows: tuple[Row, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class RawData:
    """All that was handed in: single values, assumptions, tables, and the bytes they were read from.

    ``findings`` are faults that could be passed over: what is wrong with the rest is still to be told along with them.
    """

    heads: Mapping[str, Cell]
    assumptions: Mapping[str, Cell]
    tables: tuple[Table, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    findings: tuple[Finding, ...] = ()
