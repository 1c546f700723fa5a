"""Workbooks for tests: sheets of plain values, and data in YAML laid out as an Excel person would."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from engine.load.read import read_data
from engine.load.tables import RawData

# It carries no types; named so, the checker does not ask for them.
WRITER: Any = import_module("xlsxwriter")
Value = str | float | bool | None
Sheets = Mapping[str, Sequence[Sequence[Value]]]


def book(sheets: Sheets) -> bytes:
    """A workbook with the sheets' values, numbers as numbers and text as text."""
    target = io.BytesIO()
    with WRITER.Workbook(target, {"in_memory": True, "strings_to_numbers": False}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    match value:
                        case None:
                            pass
                        case bool():
                            sheet.write_boolean(number, column, value)
                        case str():
                            sheet.write_string(number, column, value)
                        case _:
                            sheet.write_number(number, column, value)
    return target.getvalue()


def book_of(raw: RawData) -> bytes:
    """The same data as a workbook: amounts as numbers, the heads on a sheet 案, the assumptions on a sheet 假设."""
    sheets: dict[str, list[list[Value]]] = {}
    if raw.heads:
        sheets["案"] = [["项目", "取值"], *([name, _value(cell.text)] for name, cell in raw.heads.items())]
    if raw.assumptions:
        sheets["假设"] = [["名称", "取值"], *([name, _value(cell.text)] for name, cell in raw.assumptions.items())]
    for table in raw.tables:
        columns = list(dict.fromkeys(name for row in table.rows for name in row.cells))
        rows = [[_value(row.cells[c].text) if c in row.cells else None for c in columns] for row in table.rows]
        sheets[table.name] = [list(columns), *rows]
    return book(sheets)


def yaml_as_book(path: Path) -> bytes:
    """A case in YAML as a workbook."""
    return book_of(read_data(path))


def _value(text: str) -> Value:
    if re.fullmatch(r"-?[0-9]{1,13}(\.[0-9]+)?", text):
        return float(text)
    return {"": None, "是": True, "否": False, "true": True, "false": False}.get(text, text)


def cells(data: RawData) -> Iterable[tuple[str, str, str]]:
    """Every value of every table: table, column, text."""
    for table in data.tables:
        for row in table.rows:
            for name, cell in row.cells.items():
                yield table.name, name, cell.text
