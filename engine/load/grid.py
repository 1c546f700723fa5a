"""The cells of a sheet to a table: its heading found, merged cells filled, notes and total rows put aside."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from engine.load.headings import ROWS_LOOKED_AT, Heading, clean, column_name, heading, looks_like_number
from engine.load.tables import Cell, Row, Table
from engine.load.text import refused_character
from engine.load.totals import without_totals
from engine.load.workbook_numbers import number_text
from grammar.diagnostic import Finding, Place
from grammar.frozen import dataclass

_FOOTNOTE = re.compile(
    r"(?:[（(【\[]?(?:备?注|说明|注意|填表说明|数据来源|资料来源|来源)[0-9０-９]*[）)】\]]?\s*[：:]"
    r"|(?:单位)?(?:填表|制表|填报|审核|复核|编制|经办|负责|联系|主管)(?:单位|部门|机构)?(?:人|领导)?(?:（[^）]*）)?\s*[：:]).*"
    r"|※.*",
    re.DOTALL,
)
# What a merged cell may say for each row it stands beside: which row it is, never how much.
_SAYS_WHICH = re.compile(
    r"案例|序号|年度|年份|险种|月份|季度|半年|名称|单位|机构|所属.*|.*日期|year|insurance|month|quarter|half|rank|name|unit",
    re.ASCII,
)
_MERGED_NOTE = 3
_NUMBERS = frozenset({"序号", "编号", "行次", "No", "no.", "rank"})
MERGED_AT_MOST = 500_000


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a sheet: its text, whether it is a number there, the code of what is wrong with it.

    ``is_rounded`` says that digits were left off which Excel does not show.
    """

    text: str
    number: bool = False
    code: str | None = None
    is_rounded: bool = False


_BLANK, _YES, _NO = GridCell(""), GridCell("是"), GridCell("否")
_KNOWN_AT_MOST = 100_000


class Grid:
    """A sheet's cells from the row and column its first value stands in; both count from 1, as do merged areas.

    ``lines`` hold what the reading process told: text, a number, yes/no, nothing, or a sort and a text.
    """

    def __init__(
        self,
        file: str,
        sheet: str,
        top: int,
        left: int,
        lines: list[list[Any]],
        merged: list[tuple[int, ...]],
        faults: Mapping[tuple[int, int], GridCell],
    ) -> None:
        self.file = file
        self.sheet = sheet
        self.top = top
        self.left = left
        self.lines = lines
        self.merged = merged
        self.faults = faults
        self._known: dict[str, GridCell] = {}

    def place(self, row: int, column: int | None = None, key: str | None = None) -> Place:
        """The place of a cell, or of a row."""
        return Place(self.file, None, column, self.sheet, row, key)

    def cell(self, index: int, at: int) -> GridCell:
        """A cell by its row and column from 0."""
        if self.faults and (fault := self.faults.get((self.top + index, self.left + at))):
            return fault
        return self._cell(self.lines[index][at])

    def _cell(self, value: Any) -> GridCell:
        match value:
            case None:
                return _BLANK
            case str():
                # A table says the same words over and over.
                known = self._known.get(value)
                if known is None:
                    text = clean(value)
                    known = GridCell(text, code="D002" if refused_character(text) else None)
                    if len(self._known) < _KNOWN_AT_MOST:
                        self._known[value] = known
                return known
            case bool():
                return _YES if value else _NO
            case int() | float():
                text, code, is_rounded = number_text(float(value))
                return GridCell(text, number=True, code=code, is_rounded=is_rounded)
            case ["wrong", text]:
                return GridCell(text, code="D114")
            case [_, text]:
                return GridCell(text)
            case _:
                return GridCell(str(value), code="D114")

    def texts(self, index: int) -> list[str]:
        """The texts of a row."""
        return [self.cell(index, at).text for at in range(len(self.lines[index]))]

    def filled_rows(self) -> Iterator[list[tuple[int, int, GridCell]]]:
        """The cells that hold anything, row by row, each with its row and column."""
        for index in range(len(self.lines)):
            cells = ((at, self.cell(index, at)) for at in range(len(self.lines[index])))
            yield [(self.top + index, self.left + at, cell) for at, cell in cells if cell.text]

    def value(
        self, row: int, column: int, cell: GridCell, key: str, findings: list[Finding], unit: str | None = None
    ) -> Cell:
        """A cell as a value under a name; blank where it cannot be taken, which is told."""
        place = Place(self.file, None, column, self.sheet, row, key)
        if cell.code is not None:
            values = {"text": cell.text, "name": key, "code_point": refused_character(cell.text) or ""}
            findings.append(Finding(cell.code, place, values))
            return Cell("", place)
        return Cell(cell.text, place, cell.number, unit)

    @cached_property
    def spans(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        """Cells within a merged one, by row and column from 0, and the cell it begins in."""
        found: dict[tuple[int, int], tuple[int, int]] = {}
        bottom = self.top + len(self.lines) - 1
        right = self.left + max(map(len, self.lines), default=0) - 1
        for up, first, down, last in self.merged:
            if up < self.top or first < self.left:
                continue
            for row in range(up, min(down, bottom) + 1):
                for column in range(first, min(last, right) + 1):
                    found[row - self.top, column - self.left] = (up - self.top, first - self.left)
        return found


def table_of(grid: Grid, name: str, findings: list[Finding], *, has_totals: bool = True) -> Table | None:
    """The table of a sheet; None where it is a form nobody has filled in, or where its columns cannot be told apart."""
    head = heading([grid.texts(index) for index in range(min(ROWS_LOOKED_AT, len(grid.lines)))], grid.spans)
    if head is None:
        return None
    if head.unclear is not None:
        findings.append(Finding("D119", grid.place(grid.top + head.unit_row), {"text": head.unclear}))
    if not _columns_told_apart(grid, head, findings):
        return None
    rows = tuple(_rows(grid, head, findings))
    if has_totals:
        rows, others = without_totals(rows)
        findings.extend(others)
    place = grid.place(grid.top + head.row)
    if not rows:
        findings.append(Finding("D122", place, {"name": name}))
        return None
    names = {key: grid.place(grid.top + head.last, grid.left + at, key) for at, key in enumerate(head.names) if key}
    return Table(name, rows, place, names)


def _columns_told_apart(grid: Grid, head: Heading, findings: list[Finding]) -> bool:
    sound = True
    for at, name in enumerate(head.names):
        row, column = grid.top + head.last, grid.left + at
        if not name and any(grid.cell(index, at).text for index in range(head.data, len(grid.lines))):
            findings.append(Finding("D032", grid.place(row, column), {"column": column}))
            sound = False
        elif name and (first := head.names.index(name)) < at:
            values = {"name": name, "first": grid.left + first, "second": column}
            findings.append(Finding("D031", grid.place(row, column, name), values))
            sound = False
    return sound


def _rows(grid: Grid, head: Heading, findings: list[Finding]) -> Iterator[Row]:
    columns = [(at, name) for at, name in enumerate(head.names) if name]
    spans = grid.spans
    merged = {row for row, _ in spans}
    numbered = {at for at, name in columns if name in _NUMBERS}
    rounded: list[tuple[int, int, str]] = []
    for index in range(head.data, len(grid.lines)):
        if index not in merged and not any(grid.lines[index]):
            continue
        line = [grid.cell(index, at) for at in range(len(grid.lines[index]))]
        filled = sum(1 for cell in line if cell.text)
        # Forms are handed out with their rows numbered before anybody has filled them in.
        if not filled or (filled <= len(numbered) and all(not c.text or at in numbered for at, c in enumerate(line))):
            continue
        number = grid.top + index
        if (filled == 1 or (filled <= _SIGNERS_AT_MOST and _may_be_signed(line))) and _is_footnote(grid, index, line):
            findings.append(Finding("D121", grid.place(number)))
            continue
        if line[columns[0][0]].text[:1] == columns[0][1][:1] and _is_heading_again(line, head):
            continue
        cells: dict[str, Cell] = {}
        for at, name in columns:
            cell = line[at]
            if index in merged and (origin := spans.get((index, at))) is not None:
                cell = _filled(grid, head, (index, at), origin, findings) or (cell if origin[0] < head.data else _BLANK)
            if cell.is_rounded:
                rounded.append((number, grid.left + at, cell.text))
            cells[name] = grid.value(number, grid.left + at, cell, name, findings, head.unit)
        yield Row(cells, grid.place(number))
    if rounded:
        row, column, text = rounded[0]
        findings.append(Finding("D115", grid.place(row, column), {"count": len(rounded), "text": text}))


# A line under a table may say who filled it in, who looked it over, and when.
_SIGNERS_AT_MOST = 6


def _may_be_signed(line: list[GridCell]) -> bool:
    return any("：" in cell.text or ":" in cell.text for cell in line)


def _is_footnote(grid: Grid, index: int, line: list[GridCell]) -> bool:
    """Whether a row under the table is no row of it: a remark, or who signed."""
    texts = [(at, cell.text) for at, cell in enumerate(line) if cell.text]
    if texts and all(_FOOTNOTE.fullmatch(text) for _, text in texts):
        return True
    if len(texts) != 1 or len(line) < _MERGED_NOTE:
        return False
    at = texts[0][0]
    wide = sum(1 for column in range(len(line)) if grid.spans.get((index, column)) == (index, at))
    return wide >= _MERGED_NOTE and wide * 2 > len(line)


def _is_heading_again(line: list[GridCell], head: Heading) -> bool:
    """Whether a row repeats the heading, as printed pages do."""
    pairs = ((name, cell.text) for name, cell in zip(head.names, line, strict=False) if name)
    return len(line) > 1 and all(name == text or name == column_name(text) for name, text in pairs)


def _filled(
    grid: Grid, head: Heading, here: tuple[int, int], origin: tuple[int, int], findings: list[Finding]
) -> GridCell | None:
    """What a cell within a merged one says: the same, where that names its row; an amount cannot be told apart."""
    (row, column), (up, left) = here, origin
    source = grid.cell(up, left)
    name = head.names[left]
    if up < head.data or left != column or not source.text:
        return None
    amount = (source.number or looks_like_number(source.text)) and not _SAYS_WHICH.fullmatch(name)
    area = [cell for cell, begin in grid.spans.items() if begin == origin]
    within = {r for r, c in area if c == left}
    if amount and here == origin and (len(within) > 1 or len({c for _, c in area}) > 1):
        place = grid.place(grid.top + row, grid.left + column, name)
        findings.append(Finding("D116", place, {"name": name, "text": source.text}))
    return None if amount else source
