"""A table as comma-separated text, each cell with its line and column."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from mmap import mmap

from engine.load.headings import ROWS_LOOKED_AT, Heading, clean, heading
from engine.load.tables import Cell, Row, Table
from engine.load.text import plain_pieces
from engine.load.totals import without_totals
from grammar.diagnostic import Finding, FindingsError, Place, Words
from grammar.frozen import dataclass


def read_csv(text: str, file: str, name: str) -> Table:
    """The table of a CSV text; its first line with any content names the columns."""
    table, findings = read_rows(text, file, name)
    if findings:
        raise FindingsError(findings)
    return table


def read_rows(text: str, file: str, name: str) -> tuple[Table, list[Finding]]:
    """The same, with the findings of rows that are left out beside the rest; raises where no row can be trusted."""
    findings: list[Finding] = []
    records = records_of(text, file, findings)
    first = list(islice(records, ROWS_LOOKED_AT))
    if not first:
        raise FindingsError(findings or [Finding("D034", Place(file))])
    lone = first[0]
    if other := next((sign for sign in ";；\t" if len(lone.values) == 1 and sign in lone.values[0]), None):
        shown = Words("制表符", "a tab") if other == "\t" else Words(f"`{other}`", f"`{other}`")
        raise FindingsError([Finding("D097", lone.place(), {"sign": shown})])
    above: list[Finding] = []
    head, header, data = _header(first, above)
    columns = columns_of(header, head.names[: len(header.values)], findings)
    sound = not findings
    rows = [row for record in chain(data, records) if (row := row_of(record, columns, head.unit, findings))]
    if not sound:
        raise FindingsError([*above, *findings])
    left, misses = without_totals(rows)
    return Table(name, left, Place(file, header.line, 1), header_places(header, columns)), [*above, *findings, *misses]


def header_places(header: "Record", columns: list[str]) -> dict[str, Place]:
    """Where each column is named."""
    return {
        name: Place(header.file, line, column, row=header.number, key=name)
        for name, (line, column) in zip(columns, header.starts(), strict=True)
    }


def is_plain(data: bytes | mmap, file: str) -> bool:
    """Whether a text is a header and rows of data, nothing above them and no total among them."""
    if any(data.find(word.encode(encoding)) >= 0 for word in _TOTAL_WORDS for encoding in ("utf-8", "gb18030")):
        return False
    first = list(islice(records_of(next(plain_pieces(data, file)), file, []), ROWS_LOOKED_AT))
    return bool(first) and _header(first, [])[0].data == 1 and _header(first, [])[0].unit is None


# What a total row may be called, letters of either size left to the row by row road.
_TOTAL_WORDS = ("合计", "小计", "总计", "共计", "total", "Total", "TOTAL")


def _header(first: list["Record"], findings: list[Finding]) -> tuple[Heading, "Record", list["Record"]]:
    """The heading, its last record, and the records after it; a title is a line with a gap for every column."""
    width = max(len(record.values) for record in first)
    texts = [[clean(value) for value in record.values] + [""] * (width - len(record.values)) for record in first]
    head = heading(texts, {}) or Heading(tuple(texts[0]), 0, 0, 1, None, None, 0)
    below = first[head.row]
    if any(len(record.values) != len(below.values) for record in first[: head.data]):
        head = heading(texts[:1], {}) or head
    if head.unclear is not None:
        record = first[head.unit_row]
        findings.append(Finding("D119", Place(record.file, record.line, 1, row=record.number), {"text": head.unclear}))
    return head, first[head.last], first[head.data :]


@dataclass(frozen=True, slots=True)
class Record:
    """One record: ``number`` counts as a spreadsheet does, ``line`` is where its ``source`` begins."""

    file: str
    number: int
    line: int
    source: str
    values: list[str]

    def place(self) -> Place:
        """The place of the whole record."""
        return Place(self.file, self.line, 1, row=self.number)

    def cells(self, keys: list[str], unit: str | None) -> dict[str, Cell]:
        """The values under their columns' names; ``unit`` is what a line above the table names."""
        return {
            key: Cell(value.strip(), Place(self.file, line, column, None, self.number, key), unit=unit)
            for key, value, (line, column) in zip(keys, self.values, self.starts(), strict=True)
        }

    def starts(self) -> Iterator[tuple[int, int]]:
        """The line and column where each value begins."""
        if '"' not in self.source:
            column = 1
            for value in self.values:
                yield self.line, column
                column += len(value) + 1
            return
        offset = 0
        for _ in self.values:
            line_start = self.source.rfind("\n", 0, offset) + 1
            yield self.line + self.source.count("\n", 0, offset), offset - line_start + 1
            written = _VALUE.match(self.source, offset)
            offset = written.end() + 1 if written else offset


_VALUE = re.compile(r'"(?:[^"]|"")*"|[^,]*')


def records_of(text: str, file: str, findings: list[Finding]) -> Iterator[Record]:
    """The records that hold anything; where quoting breaks, the rest of the text cannot be told apart."""
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, strict=True)
    number = read = 0
    while True:
        number += 1
        try:
            values = next(reader, None)
        except csv.Error:
            column = lines[read].find('"') + 1
            findings.append(Finding("D033", Place(file, read + 1, column or None, row=number)))
            return
        if values is None:
            return
        if any(value.strip() for value in values):
            yield Record(file, number, read + 1, "".join(lines[read : reader.line_num]), values)
        read = reader.line_num


def columns_of(header: Record, found: Sequence[str], findings: list[Finding]) -> list[str]:
    """The columns' names as found; what is wrong with them is told."""
    names = list(found)
    for index, (name, (line, column)) in enumerate(zip(names, header.starts(), strict=True)):
        place = Place(header.file, line, column, row=header.number, key=name or None)
        if not name:
            findings.append(Finding("D032", place, {"column": index + 1}))
        elif (first := names.index(name)) < index:
            findings.append(Finding("D031", place, {"name": name, "first": first + 1, "second": index + 1}))
    return names


def row_of(record: Record, columns: list[str], unit: str | None, findings: list[Finding]) -> Row | None:
    """A record as a row; None where it has not a value for each column, which is told."""
    if len(record.values) != len(columns):
        values = {"found": len(record.values), "expected": len(columns)}
        findings.append(Finding("D030", record.place(), values))
        return None
    return Row(record.cells(columns, unit), record.place())
