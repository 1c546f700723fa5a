"""A program of its own that prints the sheets of a workbook as JSON; started by `workbook`, which bounds its time.

The sheets' XML is looked through first: the reading library allots a rectangle around all cells, so that one value in a
far corner would end the process, and it does not tell errors and formulas that were never worked out from blanks.
"""

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from posixpath import join, normpath
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile

RECTANGLE_AT_MOST = 20_000_000
# A table is filled for the greater part; a few cells far apart take time and room for all that lies between.
SPARSE_AT_MOST = 1_000_000
_SPARSE = 50
CELLS_AT_MOST = 8_000_000
SHEETS_AT_MOST = 256
_KEPT_AT_MOST = 10_000
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_PROLOG = 4096


class RefusedError(Exception):
    """Why a workbook is not read: a finding's code, the sheet and the cell."""

    def __init__(self, code: str, sheet: str | None = None, row: int | None = None, column: int | None = None) -> None:
        self.told = {"code": code, "sheet": sheet, "row": row, "column": column}
        super().__init__(code)


def main(memory: int, seconds: int) -> int:
    """Print what the workbook on standard input holds, or why it is not read."""
    _bound(memory, seconds)
    data = sys.stdin.buffer.read()
    try:
        told = _workbook(data)
    except RefusedError as error:
        told = {"refused": error.told}
    except MemoryError:
        told = {"refused": {"code": "D107"}}
    except BaseException:  # noqa: BLE001 - the library's panics are no Exception
        told = {"refused": {"code": "D100"}}
    sys.stdout.write(json.dumps(told))
    return 0


def _bound(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # a system without such bounds; the time is bounded from outside
        return
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):  # a narrower one is set already
            continue


def _workbook(data: bytes) -> dict[str, Any]:
    with ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        for name in names:
            if name.endswith((".xml", ".rels")):
                with archive.open(name) as part:
                    if _DOCTYPE.search(part.read(_PROLOG).replace(b"\0", b"")):
                        raise RefusedError("D105")
        book = _Book(archive)
        scans = {name: _Scan(name, fresh=book.fresh) for name in book.parts}
        for name, scan in scans.items():
            if book.parts[name] in names:
                with archive.open(book.parts[name]) as part:
                    scan.read(part)
    return {"date1904": book.date1904, "sheets": _sheets(data, scans)}


def _walk(part: Any, start: Callable[[str, dict[str, str]], None]) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ParseFile(part)


def _refuse_doctype(*_: object) -> None:
    raise RefusedError("D105")


class _Book:
    """The list of sheets with the parts of the archive they lie in, and what the workbook says of dates and formulas."""

    def __init__(self, archive: ZipFile) -> None:
        self.date1904 = self.fresh = False
        self.parts: dict[str, str] = {}
        self._targets: dict[str, str] = {}
        with archive.open("xl/_rels/workbook.xml.rels") as part:
            _walk(part, self._relation)
        with archive.open("xl/workbook.xml") as part:
            _walk(part, self._element)
        if len(self.parts) > SHEETS_AT_MOST:
            raise RefusedError("D103")

    def _relation(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            self._targets[attributes.get("Id", "")] = path

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "workbookPr":
                self.date1904 = attributes.get("date1904") in {"1", "true"}
            case "calcPr":
                # Whoever asks for everything to be worked out on opening has not worked it out.
                self.fresh = attributes.get("fullCalcOnLoad") in {"1", "true"}
            case "sheet":
                relation = next((v for k, v in attributes.items() if _local(k) == "id"), "")
                self.parts[attributes.get("name", "")] = self._targets.get(relation, "")
            case _:
                pass


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Scan:
    """What the XML of a sheet says that the library does not: how far cells reach, errors, formulas without a value."""

    def __init__(self, sheet: str, *, fresh: bool) -> None:
        self.sheet = sheet
        self.fresh = fresh
        self.faults: list[tuple[int, int, str, str]] = []
        self.hidden: list[int] = []
        self.row = self.column = self.count = 0
        self.top = self.left = 1 << 30
        self.bottom = self.right = 0
        self.filled = False
        self.type = ""
        self.formula = False
        self.text: list[str] = []

    def read(self, part: Any) -> None:
        """Go through the part, and refuse a sheet whose cells would take too large a rectangle."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self.parser = parser
        parser.ParseFile(part)
        self._close()
        del self.parser
        area = (self.bottom - self.top + 1) * (self.right - self.left + 1)
        if self.count and area > SPARSE_AT_MOST and area > _SPARSE * self.count:
            raise RefusedError("D106", self.sheet, self.bottom, self.right)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = _local(name)
        if name == "c":
            self._close()
            reference = attributes.get("r")
            if reference is None:
                self.column += 1
            else:
                self._refer(reference)
            self.type = attributes.get("t", "n")
            if self.type == "e":
                self.parser.CharacterDataHandler = self.text.append
        elif name in {"v", "is"}:
            if not self.filled:
                self._fill()
        elif name == "f":
            self.formula = True
            self.text.clear()
            self.parser.CharacterDataHandler = None
        elif name == "row":
            self._close()
            self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
            self.column = 0
            if attributes.get("hidden") in {"1", "true"} and len(self.hidden) < _KEPT_AT_MOST:
                self.hidden.append(self.row)
        if self.formula and name == "v":
            self.text.clear()
            self.parser.CharacterDataHandler = self.text.append

    def _refer(self, reference: str) -> None:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise RefusedError("D100", self.sheet)
        column = 0
        for letter in match[1]:
            column = column * 26 + ord(letter) - 64
        self.row, self.column = int(match[2]), column

    def _fill(self) -> None:
        self.filled = True
        self.count += 1
        row, column = self.row, self.column
        if self.top <= row <= self.bottom and self.left <= column <= self.right and self.count <= CELLS_AT_MOST:
            return
        self.top, self.bottom = min(self.top, row), max(self.bottom, row)
        self.left, self.right = min(self.left, column), max(self.right, column)
        area = (self.bottom - self.top + 1) * (self.right - self.left + 1)
        if area > RECTANGLE_AT_MOST or self.count > CELLS_AT_MOST or self.bottom > 1 << 20 or self.right > 1 << 14:
            raise RefusedError("D106", self.sheet, row, column)

    def _close(self) -> None:
        """The end of a cell, told by the beginning of the next."""
        if self.formula or self.type == "e":
            text = "".join(self.text).strip()
            sort = ""
            if self.type == "e":
                sort = "error"
            elif not text and (self.fresh or self.type != "str"):
                sort = "formula"
            elif self.fresh and text in {"0", "0.0"} and self.type == "n":
                # Programs that write formulas without working them out write a nought for every value.
                sort = "formula"
            if sort and len(self.faults) < _KEPT_AT_MOST:
                self.faults.append((self.row, self.column, sort, text[:40]))
            self.text.clear()
            self.parser.CharacterDataHandler = None
            self.formula = False
        self.type, self.filled = "", False


def _sheets(data: bytes, scans: dict[str, _Scan]) -> list[dict[str, Any]]:
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise RefusedError("D101") from None
    sheets = []
    for about in book.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        scan = scans.get(about.name)
        told: dict[str, Any] = {"name": about.name, "visible": about.visible == SheetVisibleEnum.Visible}
        told["very_hidden"] = about.visible == SheetVisibleEnum.VeryHidden
        if scan is None or (not scan.count and not scan.faults):
            sheets.append({**told, "rows": [], "start": [1, 1], "merged": [], "faults": [], "hidden": []})
            continue
        sheet = book.get_sheet_by_name(about.name)
        start = sheet.start or (0, 0)
        rows = [[_value(value) for value in row] for row in sheet.to_python(skip_empty_area=True)]
        merged = [[a + 1, b + 1, c + 1, d + 1] for (a, b), (c, d) in sheet.merged_cell_ranges or ()]
        told |= {"rows": rows, "start": [start[0] + 1, start[1] + 1], "merged": merged}
        sheets.append({**told, "faults": scan.faults, "hidden": scan.hidden})
    return sheets


def _value(value: object) -> object:
    """A cell as JSON holds it: text, number, yes/no; a date and what is no date as a list of its sort and text."""
    match value:
        case "" | None:
            return None
        case datetime() if value.time() == time():
            return ["date", value.date().isoformat()]
        case datetime():
            return ["time", value.isoformat(sep=" ")]
        case date():
            return ["date", value.isoformat()]
        case time() | timedelta():
            return ["time", str(value)]
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - not a number
            return ["wrong", str(value)]
        case _:
            return value


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
