"""The rows of a bureau's sheets under the sheet's own words, and what is told of the sheets on the way."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from fractions import Fraction

from engine.load.bureau_layout import Column, Layout, Sheet, first_input, target
from engine.load.tables import Cell, Table
from engine.load.text import name_text
from engine.load.values import Wrong, header_unit, parse_value, parse_year
from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from engine.nouns.numbers import Number
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, Place
from grammar.frozen import dataclass

_KINDS = {
    "text": k.TEXT, "money": k.MONEY, "signed": k.SIGNED, "ratio": k.RATIO, "number": k.NUMBER, "date": k.DATE,
    "yes_no": k.YES_NO, "score": k.Kind(k.Base.SCORE),
}  # fmt: skip


@dataclass(slots=True)
class Told:
    """What is told: errors stop the work, notes travel with the data."""

    errors: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    def tell(self, code: str, place: Place | None, /, **values: object) -> None:
        """Keep a finding."""
        finding = Finding(code, place, values)
        (self.errors if finding.severity == "error" else self.notes).append(finding)


@dataclass(frozen=True, slots=True)
class Taken:
    """A cell of a sheet with the unit its header names."""

    cell: Cell
    unit: str | None


@dataclass(frozen=True, slots=True)
class BureauRow:
    """A row of a sheet: cells that are not blank by their column's name; ``direct`` are inputs named as they are."""

    cells: Mapping[str, Taken]
    direct: Mapping[str, Taken]
    place: Place

    def text(self, column: str) -> str:
        """The text of a column; empty where it is blank."""
        return self.cells[column].cell.text if column in self.cells else ""

    def at(self, column: str) -> Place:
        """The place of a column's cell, else of the row."""
        return self.cells[column].cell.place if column in self.cells else self.place


def read_sheet(
    table: Table, sheet: Sheet, layout: Layout, scheme: Scheme, kinds: Iterable[str], told: Told
) -> list[BureauRow]:
    """The rows of a sheet; ``kinds`` are those whose inputs may stand as columns of their own."""
    inputs = {name: kind for kind in kinds for (owner, name) in scheme.inputs if owner == kind}
    ids = {scheme.labels.id(name, kind): name for name, kind in inputs.items()}
    columns: dict[str, tuple[Column | None, str | None, str | None]] = {}
    unknown: set[str] = set()
    idle: set[str] = set()
    rows = []
    for row in table.rows:
        cells: dict[str, Taken] = {}
        direct: dict[str, Taken] = {}
        for key, cell in row.cells.items():
            if key not in columns:
                word, unit = header_unit(name_text(key))
                name = word if word in inputs else ids.get(word)
                columns[key] = (sheet.column(word), unit, name)
            column, unit, name = columns[key]
            if column is None and name is None:
                if key not in unknown:
                    unknown.add(key)
                    known = [word for each in sheet.columns for word in each.words] + list(inputs)
                    told.tell("D151", cell.place, sheet=table.name, name=key, **nearest(header_unit(key)[0], known))
            elif not cell.text:
                continue
            elif column is None:
                assert name is not None
                direct[name] = Taken(cell, unit or _unit_above(cell, scheme.inputs[inputs[name], name].kind))
            elif column.name in cells:
                told.tell("D058", cell.place, name=column.name)
            else:
                cells[column.name] = Taken(cell, unit or _unit_above(cell, kind_named(column.kind)))
                if not _useful(column, sheet, layout, scheme):
                    idle.add(column.name)
        rows.append(BureauRow(cells, direct, row.place))
    present = {column.name for column, _, _ in columns.values() if column is not None}
    for column in sheet.columns:
        if column.needed and column.name not in present and table.rows:
            told.tell("D150", table.place, sheet=table.name, name=column.name)
    if idle:
        names = [column.name for column in sheet.columns if column.name in idle]
        told.tell("D152", table.place, sheet=table.name, names="、".join(names))
    for row_ in rows:
        _check_sums(row_, sheet, told)
    return rows


def value_of(taken: Taken, kind: k.Kind, name: str, told: Told) -> object | None:
    """A cell's value as a kind, money in fen; None where it is wrong, which is told."""
    value = parse_value(taken.cell.text, kind, taken.unit)
    if isinstance(value, Wrong):
        about = {"name": name, "text": taken.cell.text, "kind": kind.words, "unit": taken.unit or ""}
        told.tell(value.code, taken.cell.place, options="、".join(kind.options), **about)
        return None
    return value


def number_of(taken: Taken, kind: k.Kind, name: str, told: Told) -> Number | None:
    """A cell's number, money in fen; None where it is wrong, which is told."""
    value = value_of(taken, kind, name, told)
    return value if isinstance(value, int | Fraction) and not isinstance(value, bool) else None


def year_of(row: BureauRow, told: Told, heads_year: int | None = None) -> int | None:
    """The year of a row, else of the whole data; told where there is none."""
    if "年度" not in row.cells:
        if heads_year is None:
            told.tell("D075", row.place)
        return heads_year
    year = parse_year(row.text("年度"))
    if year is None:
        told.tell("D052", row.at("年度"), text=row.text("年度"))
    return year


def day_of(row: BureauRow, column: str, told: Told) -> date | None:
    """The day in a column; None where it is blank or wrong, which is told."""
    if column not in row.cells:
        return None
    cell = row.cells[column].cell
    day = None if is_unclear(cell) else parse_value(cell.text, k.DATE)
    if not isinstance(day, date):
        told.tell("D063", cell.place, name=column, text=cell.text)
        return None
    return day


def is_unclear(cell: Cell) -> bool:
    """Whether a workbook holds a number that was typed as 2025.1 or as 2025.10: nobody can tell which."""
    return getattr(cell, "number", False) is True and re.fullmatch(r"[12][0-9]{3}\.1", cell.text) is not None


def _unit_above(cell: Cell, kind: k.Kind) -> str | None:
    """The unit of money that a line above the table names, where the way of reading knows of such lines."""
    unit = getattr(cell, "unit", None)
    return unit if isinstance(unit, str) and kind.is_money else None


def _useful(column: Column, sheet: Sheet, layout: Layout, scheme: Scheme) -> bool:
    """Whether anything is made of a column under this scheme."""
    summed = {name for item in sheet.sums for name in (item.total, *item.plus, *item.minus)}
    if (column.role is not None and not column.to) or column.name in summed:
        return True
    if sheet.sort == "shares" and any(
        column.name in {share.part, share.whole}
        and any(first_input(scheme, kind, share.to) for kind in layout.kinds.values())
        for share in layout.shares
    ):
        return True
    insurances = (None, *layout.insurance_codes.values())
    return any(target(scheme, kind, column, i) for kind in layout.kinds.values() for i in insurances)


def _check_sums(row: BureauRow, sheet: Sheet, told: Told) -> None:
    """Columns of a row that should add up; only where each of them is given, for blank is not zero."""
    for item in sheet.sums:
        names = (item.total, *item.plus, *item.minus)
        if item.total not in row.cells or not all(n in row.cells for n in (*item.plus, *item.minus[:1])):
            continue
        values = {n: parse_value(row.text(n), k.SIGNED, row.cells[n].unit) for n in names if n in row.cells}
        if not all(isinstance(v, int) for v in values.values()):
            continue
        due = sum(_int(values.get(n, 0)) for n in item.plus) - sum(_int(values.get(n, 0)) for n in item.minus)
        if due != values[item.total]:
            written = "、".join((*item.plus, *(n for n in item.minus if n in row.cells)))
            told.tell("D166", row.at(item.total), name=item.total, parts=written, text=row.text(item.total),
                      due=f"{'-' if due < 0 else ''}{abs(due) // 100}.{abs(due) % 100:02d}")  # fmt: skip


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def kind_named(name: str) -> k.Kind:
    """The kind of value of a column."""
    return _KINDS[name]
