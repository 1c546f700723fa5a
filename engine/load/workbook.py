"""A workbook (.xlsx) as data: one sheet a table, 案 and 假设 for what stands once; another process does the reading."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.load.grid import MERGED_AT_MOST, Grid, GridCell, table_of
from engine.load.headings import column_name, looks_like_number
from engine.load.tables import Cell, RawData, Table
from engine.load.text import name_text
from engine.load.workbook_zip import bound_archive
from grammar.diagnostic import Finding, FindingsError, Place, Words

WORKBOOK_BYTES_AT_MOST = 128 << 20
_READER = Path(__file__).with_name("workbook_reader.py")
_MEMORY, _MEMORY_AT_MOST = 1 << 30, 6 << 30
_SECONDS = 3
_BYTES_A_SECOND = 4 << 20

HEADS = ("案", "case")
ASSUMPTIONS = ("假设", "assumptions")
_NOTES = re.compile(
    r"(?:填[表写报])?说明|封面|目录|备注|附注|填表须知|须知|readme|notes?|cover|contents", re.IGNORECASE | re.ASCII
)
_UNNAMED = re.compile(r"(?:Sheet|工作表|表)\s*[0-9]*", re.IGNORECASE | re.ASCII)
# 1.医共体, 2、月度, 表3 明细, 附表4：…
_NUMBERED = re.compile(r"(?:附?表\s*)?[0-9]{1,2}\s*[.、．:：_\-\s]\s*(?=\S)|附?表\s*[0-9]{1,2}\s*(?=\D)", re.ASCII)


def read_workbook(data: bytes, shown: str, stem: str | None = None) -> RawData:
    """The data of a workbook; ``stem`` names a single sheet that was left without a name of its own.

    Raises FindingsError where the file cannot be read at all; what is wrong with cells stands in its findings.
    """
    told = _told(data, shown)
    findings: list[Finding] = []
    if told["date1904"]:
        findings.append(Finding("D126", Place(shown)))
    sheets = [sheet for sheet in told["sheets"] if _is_data(sheet, shown, findings)]
    heads: dict[str, Cell] = {}
    assumptions: dict[str, Cell] = {}
    tables: list[Table] = []
    for sheet in sheets:
        name = sheet_name(sheet["name"])
        if stem is not None and len(sheets) == 1 and _UNNAMED.fullmatch(name):
            name = stem
        grid = _grid(sheet, shown, findings)
        if name in (*HEADS, *ASSUMPTIONS):
            pairs(grid, heads if name in HEADS else assumptions, findings)
        elif table := table_of(grid, name, findings):
            tables.append(table)
    if not (tables or heads or assumptions or any(f.severity == "error" for f in findings)):
        findings.append(Finding("D108", Place(shown)))
        raise FindingsError(findings)
    return RawData(heads, assumptions, tuple(tables), (), tuple(_first_of(findings)))


def _first_of(findings: list[Finding]) -> list[Finding]:
    """Not more findings than anybody reads, errors first; of the rest their number."""
    if len(findings) <= _TOLD_AT_MOST:
        return findings
    kept = sorted(findings, key=lambda finding: finding.severity != "error")[:_TOLD_AT_MOST]
    return [*kept, Finding("D043", None, {"count": len(findings) - _TOLD_AT_MOST})]


_TOLD_AT_MOST = 1000


def sheets_of(data: bytes, shown: str, findings: list[Finding]) -> list[Grid]:
    """The sheets of a workbook that hold data, for readers that lay them out in their own way."""
    return [_grid(sheet, shown, findings) for sheet in _told(data, shown)["sheets"] if _is_data(sheet, shown, findings)]


def _told(data: bytes, shown: str) -> Any:
    """What the reading process tells, or the finding that stands for its end."""
    unpacked = bound_archive(data, shown)
    memory = min(_MEMORY_AT_MOST, _MEMORY + 8 * unpacked)
    seconds = _SECONDS + unpacked // _BYTES_A_SECOND
    # -P: the folder of the script, or the one the user stands in, lends the child no modules.
    command = [sys.executable, "-P", str(_READER), str(memory), str(seconds)]
    try:
        run = subprocess.run(command, input=data, capture_output=True, timeout=20 + 3 * seconds, check=True)  # noqa: S603
        told: Any = json.loads(run.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        raise FindingsError([Finding("D107", Place(shown))]) from None
    if refused := told.get("refused"):
        place = Place(shown, None, refused.get("column"), refused.get("sheet"), refused.get("row"))
        raise FindingsError([Finding(refused["code"], place, _ABOUT)])
    return told


_ABOUT = {
    "what": Words("文件不完整，或者已经损坏", "it is cut short or damaged"),
    "size": Words("太多工作表", "too many sheets"),
    "packed": "—",
}


def _is_data(sheet: Any, shown: str, findings: list[Finding]) -> bool:
    """Whether a sheet is read: not where it is empty, hidden, or there for readers only."""
    place = Place(shown, sheet=sheet["name"])
    if not (sheet["rows"] or sheet["faults"]):
        return False
    if not sheet["visible"]:
        if not sheet["very_hidden"]:
            findings.append(Finding("D109", place, {"name": sheet["name"]}))
        return False
    if _NOTES.fullmatch(sheet_name(sheet["name"])):
        findings.append(Finding("D120", place, {"name": sheet["name"]}))
        return False
    return True


def sheet_name(written: str) -> str:
    """A sheet's name without the blanks and the number before it: ``2、月度``."""
    name = name_text(written)
    return _NUMBERED.sub("", name, count=1) if _NUMBERED.match(name) else name


def _grid(sheet: Any, shown: str, findings: list[Finding]) -> Grid:
    """The cells of a sheet, with what is wrong with some of them."""
    top, left = sheet["start"]
    lines: list[list[Any]] = sheet["rows"]
    faults: dict[tuple[int, int], GridCell] = {}
    for row, column, sort, text in sheet["faults"]:
        faults[row, column] = GridCell(text or "=", code=_FAULTS[sort])
        if not lines or not (top <= row < top + len(lines) and left <= column < left + len(lines[0])):
            # An error or an empty formula outside the cells with values; nothing is left of it but its fault.
            place = Place(shown, None, column, sheet["name"], row)
            findings.append(Finding(_FAULTS[sort], place, {"text": text, "name": sheet["name"]}))
    if hidden := [row for row in sheet["hidden"] if top <= row < top + len(lines)]:
        place = Place(shown, None, None, sheet["name"], hidden[0])
        findings.append(Finding("D123", place, {"count": len(hidden)}))
    width = len(lines[0]) if lines else 0
    merged: list[tuple[int, ...]] = [
        (a, b, min(c, top + len(lines)), min(d, left + width)) for a, b, c, d in sheet["merged"]
    ]
    if sum(max(0, c - a + 1) * max(0, d - b + 1) for a, b, c, d in merged) > MERGED_AT_MOST:
        row, column, _, _ = max(merged, key=lambda area: (area[2] - area[0]) * (area[3] - area[1]))
        findings.append(Finding("D106", Place(shown, None, column, sheet["name"], row)))
        merged = []
    return Grid(shown, sheet["name"], top, left, lines, merged, faults)


_FAULTS = {"error": "D110", "formula": "D111"}


def pairs(grid: Grid, into: dict[str, Cell], findings: list[Finding]) -> None:
    """A sheet of two columns, a name and its value; or of a row of names over a row of values."""
    rows = [cells for cells in grid.filled_rows() if cells]
    if len(rows) == _TWO and len(rows[0]) > 1 and all(column_name(cell.text) in _HEAD_NAMES for _, _, cell in rows[0]):
        below = {column: (row, column, cell) for row, column, cell in rows[1]}
        rows = [[key, below[key[1]]] if key[1] in below else [key] for key in rows[0]]
    elif (
        rows
        and [column_name(cell.text).lower() in names for (_, _, cell), names in zip(rows[0], _TITLES, strict=False)]
        == [True] * 2
    ):
        rows = rows[1:]
    for cells in rows:
        row, column, cell = cells[0]
        name = column_name(cell.text)
        place = grid.place(row, column, name)
        if name in into:
            findings.append(Finding("D127", place, {"name": name, "other": into[name].place.row}))
        elif cell.number or cell.code or looks_like_number(name):
            findings.append(Finding("D124", place, {"name": grid.sheet}))
        elif len(cells) == 1:
            into[name] = Cell("", place)
        else:
            row, column, value = cells[1]
            into[name] = grid.value(row, column, value, name, findings)


_TWO = 2
_HEAD_NAMES = frozenset({"方案", "年度", "险种", "scheme", "year", "insurance"})
_TITLES = (
    {"项目", "名称", "参数", "假设", "item", "name", "parameter"},
    {"取值", "值", "数值", "内容", "value"},
)
