"""A settlement as CSV: one long table, or one table per kind of rows with the figures as columns."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from engine.doors.json_form import figure_json
from engine.nouns.settlement import FigureResult, Settlement

_LONG = (
    "kind", "kind_id", "unit", "insurance", "period", "figure", "id", "value", "value_unit", "state", "citations",
    "missing", "assumptions", "defaults",
)  # fmt: skip


def long_csv(settlement: Settlement) -> str:
    """One line a figure."""
    lines = []
    for result in settlement.figures:
        form = figure_json(result)
        lines.append([cell(form[name]) for name in _LONG])
    return csv_text([list(_LONG), *lines])


def tables_csv(settlement: Settlement) -> dict[str, str]:
    """File name → text: a table per kind, one line a unit and period, a value and a state column per figure."""
    kinds: dict[str, list[FigureResult]] = {}
    for result in settlement.figures:
        kinds.setdefault(result.row.table, []).append(result)
    return {f"{table}.csv": _wide(results) for table, results in kinds.items()}


def is_table(path: Path) -> bool:
    """Whether a file is a table as written here, so that a later run may take it away."""
    start = f"\ufeff{','.join(_WIDE)}".encode()
    try:
        with path.open("rb") as file:
            return (
                path.suffix == ".csv"
                and "·状态".encode() in (line := file.readline(1 << 16))
                and line.startswith(start)
            )
    except OSError:
        return False


_WIDE = ("名称", "险种", "期")


def _wide(results: list[FigureResult]) -> str:
    names = list(dict.fromkeys(result.name for result in results))
    rows: dict[int, dict[str, FigureResult]] = {}
    for result in results:
        rows.setdefault(id(result.row), {})[result.name] = result
    head = [*_WIDE, *(column for name in names for column in (name, f"{name}·状态"))]
    lines = []
    for figures in rows.values():
        row = next(iter(figures.values())).row
        line = [row.unit, row.insurance or "", str(row.period)]
        for name in names:
            form = figure_json(figures[name]) if name in figures else None
            line += [cell(form["value"]), form["state"]] if form else ["", ""]
        lines.append(line)
    return csv_text([head, *lines])


def cell(value: object) -> str:
    """A value as a cell."""
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def csv_text(lines: Iterable[list[str]]) -> str:
    """CSV text; a cell that a spreadsheet would take for a formula stays text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in lines:
        writer.writerow([safe(text) for text in line])
    return out.getvalue()


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _STARTS_OF_FORMULAS and not _NUMBER.fullmatch(text) else text


# Spreadsheets in Chinese take the full-width signs as well.
_STARTS_OF_FORMULAS = frozenset("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
