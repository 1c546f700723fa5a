"""Worked cases in a workbook: data sheets with a column 案例, and a sheet 预期 with what a person worked out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from engine.load.cases import CASES, Case, Expected, ExpectedRow, State, read_cases
from engine.load.tables import Cell, RawData, Row, Table
from engine.nouns.numbers import parse_number
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass

CASES_BOOK = "cases.xlsx"
CASE, EXPECTED = "案例", "预期"
EVERY = "全部"
_ASSUMPTIONS = ("假设", "assumptions")
_ABOUT = ("案例", "依据", "算法", "年度", "险种", "方案", "发现", "备注")
_LONG = ("案例", "单位", "险种", "期间", "项目", "数值", "状态", "还缺", "达标", "备注")
_ALSO = {"机构": "单位", "名称": "单位", "期": "期间", "年度": "期间", "月份": "期间", "值": "数值", "说明": "备注"}
_NO_FIGURE = frozenset({"案例", "单位", "险种", "期间", "备注"})
_STATES: Mapping[str, State] = {"明确": "明确", "假设": "假设", "未定": "未定"}
_LIST = re.compile(r"[、，,；;\s]+")


def worked_cases(folder: Path, name: str) -> tuple[Case, ...]:
    """The cases beside a policy, in cases.yaml, in cases.xlsx or in both; raises FindingsError where a file is wrong."""
    cases: list[Case] = []
    findings: list[Finding] = []
    for file, read in ((CASES, read_cases), (CASES_BOOK, read_cases_book)):
        if (folder / file).is_file():
            try:
                cases.extend(read(folder / file, f"{name}/{file}"))
            except FindingsError as error:
                findings.extend(error.findings)
    first: dict[str, Case] = {}
    for case in cases:
        other = first.setdefault(case.name, case)
        if other.place.file != case.place.file:
            findings.append(Finding("D145", case.place, {"name": case.name, "file": other.place.file}))
    if findings:
        raise FindingsError(findings)
    return tuple(cases)


def read_cases_book(path: Path, shown: str) -> tuple[Case, ...]:
    """The cases of a workbook; raises FindingsError with everything that is wrong in it."""
    from engine.load.grid import table_of
    from engine.load.workbook import HEADS, pairs, sheet_name, sheets_of

    findings: list[Finding] = []
    book = _Book(shown)
    for grid in sheets_of(path.read_bytes(), shown, findings):
        name = sheet_name(grid.sheet)
        if name in HEADS:
            pairs(grid, book.heads, findings)
        elif table := table_of(grid, name, findings, has_totals=False):
            book.tables[name] = table
    cases = book.cases(findings)
    wrong = [finding for finding in findings if finding.severity == "error"]
    if wrong:
        raise FindingsError(wrong)
    return cases


class _Book:
    """The sheets of a workbook of cases, taken apart by case."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.heads: dict[str, Cell] = {}
        self.tables: dict[str, Table] = {}

    def cases(self, findings: list[Finding]) -> tuple[Case, ...]:
        """Every case, in the order of the sheet 案例, else of their expectations."""
        about, expected = self.tables.get(CASE), self.tables.get(EXPECTED)
        if expected is None and about is None:
            findings.append(
                Finding("D143", Place(self.file), {"sheet": EXPECTED, "columns": "案例、单位、期间、项目、数值"})
            )
            return ()
        told = _Expectations(expected, findings)
        abouts = _abouts(about, findings) if about else {}
        order = list(abouts or told.rows)
        codes = {name: _codes(row) for name, row in abouts.items()}
        parts = {n: t for n, t in self.tables.items() if n not in {CASE, EXPECTED, *_ASSUMPTIONS}}
        by_case = {name: _by_case(table, order, findings) for name, table in parts.items()}
        assumed = [_by_case(self.tables[n], order, findings, shared=True) for n in _ASSUMPTIONS if n in self.tables]
        for name, lines in told.rows.items():
            if name not in order:
                findings.append(Finding("D141", lines[0].place, {"name": name, **nearest(name, order)}))
        found: list[Case] = []
        for name in order:
            row = abouts.get(name)
            rows = told.expected(name, self._year(row), findings)
            place = row.place if row else told.rows[name][0].place
            tables = tuple(Table(n, tuple(mine[name]), parts[n].place) for n, mine in by_case.items() if mine.get(name))
            if not tables:
                findings.append(Finding("D142", place, {"name": name}))
            elif not (rows or codes.get(name)):
                findings.append(Finding("D146", place, {"name": name}))
            heads = {**self.heads, **_heads(row)}
            assumptions = _assumptions([line for each in assumed for line in each.get(name, ())], findings)
            raw = RawData(heads, assumptions, tables)
            clause, working = _text(row, "依据"), _text(row, "算法")
            found.append(Case(name, clause, working, raw, rows, tuple(codes.get(name, ())), place))
        return tuple(found)

    def _year(self, row: Row | None) -> str:
        return _text(row, "年度") or (self.heads["年度"].text if "年度" in self.heads else "")


def _text(row: Row | None, column: str) -> str:
    cell = row.cells.get(column) if row is not None else None
    return cell.text if cell is not None else ""


def _codes(row: Row) -> list[str]:
    return [code for code in _LIST.split(_text(row, "发现")) if code]


def _heads(row: Row | None) -> dict[str, Cell]:
    if row is None:
        return {}
    return {name: row.cells[name] for name in ("方案", "年度", "险种") if _text(row, name)}


def _columns_known(table: Table, known: Iterable[str], findings: list[Finding]) -> None:
    for name, cell in table.rows[0].cells.items():
        if name not in known:
            values = {"name": name, "sheet": table.name, **nearest(name, known)}
            findings.append(
                Finding(
                    "D144", Place(cell.place.file, None, cell.place.column, cell.place.sheet, table.place.row), values
                )
            )


def _abouts(table: Table, findings: list[Finding]) -> dict[str, Row]:
    """The rows of the sheet 案例 by the case each speaks of."""
    _columns_known(table, _ABOUT, findings)
    found: dict[str, Row] = {}
    for row in table.rows:
        name = _text(row, CASE)
        if not name:
            findings.append(Finding("D140", row.place, {"sheet": table.name}))
        elif name in found:
            findings.append(Finding("D127", row.place, {"name": name, "other": found[name].place.row}))
        else:
            found[name] = row
    return found


def _by_case(
    table: Table, order: Sequence[str], findings: list[Finding], *, shared: bool = False
) -> dict[str, list[Row]]:
    """The rows of each case without the column that names it; 全部 stands for every case."""
    found: dict[str, list[Row]] = {}
    if CASE not in table.rows[0].cells and not shared:
        findings.append(Finding("D143", table.place, {"sheet": table.name, "columns": CASE}))
        return {}
    for row in table.rows:
        name = _text(row, CASE) if CASE in row.cells else EVERY
        bare = Row({key: cell for key, cell in row.cells.items() if key != CASE}, row.place)
        if name == EVERY or (shared and not name):
            for each in order:
                found.setdefault(each, []).append(bare)
        elif not name:
            findings.append(Finding("D140", row.place, {"sheet": table.name}))
        elif name not in order:
            findings.append(Finding("D141", row.cells[CASE].place, {"name": name, **nearest(name, order)}))
        else:
            found.setdefault(name, []).append(bare)
    return found


def _assumptions(rows: Sequence[Row], findings: list[Finding]) -> dict[str, Cell]:
    """Names and values; what a case says of itself goes before what is said of all."""
    found: dict[str, Cell] = {}
    for row in rows:
        cells = list(row.cells.values())
        if len(cells) < len(("名称", "取值")) or not cells[0].text:
            findings.append(Finding("D124", row.place, {"name": "假设"}))
        else:
            found[cells[0].text] = cells[1]
    return found


@dataclass(frozen=True, slots=True)
class _Key:
    """What tells one expected row from another."""

    unit: str
    insurance: str | None
    period: str


class _Expectations:
    """The sheet 预期, a row a figure, or a row a unit with the figures as columns."""

    def __init__(self, table: Table | None, findings: list[Finding]) -> None:
        self.rows: dict[str, list[Row]] = {}
        if table is None:
            self.long = True
            return
        rows = [Row({_ALSO.get(key, key): cell for key, cell in row.cells.items()}, row.place) for row in table.rows]
        columns = rows[0].cells
        self.long = "项目" in columns
        lacking = [name for name in ("案例", "单位") if name not in columns]
        if self.long:
            lacking += [] if "数值" in columns or "状态" in columns else ["数值"]
            _columns_known(Table(table.name, tuple(rows[:1]), table.place), _LONG, findings)
        if lacking:
            findings.append(Finding("D143", table.place, {"sheet": table.name, "columns": "、".join(lacking)}))
            return
        for row in rows:
            name = _text(row, CASE)
            if not name:
                findings.append(Finding("D140", row.place, {"sheet": table.name}))
            else:
                self.rows.setdefault(name, []).append(row)

    def expected(self, case: str, year: str, findings: list[Finding]) -> tuple[ExpectedRow, ...]:
        """The expected figures of a case, those of one unit and period together."""
        found: dict[_Key, tuple[Place, list[Expected]]] = {}
        for row in self.rows.get(case, ()):
            unit, period = _text(row, "单位"), _text(row, "期间") or year
            period = period.removesuffix("年度").removesuffix("年")
            if not unit or not period:
                findings.append(Finding("D147", row.place, {"column": "单位" if not unit else "期间"}))
                continue
            key = _Key(unit, _text(row, "险种") or None, period)
            found.setdefault(key, (row.place, []))[1].extend(_figures(row, findings, long=self.long))
        return tuple(
            ExpectedRow(key.unit, key.insurance, key.period, tuple(figures), place)
            for key, (place, figures) in found.items()
            if figures
        )


def _figures(row: Row, findings: list[Finding], *, long: bool) -> list[Expected]:
    if not long:
        wanted = [(name, cell) for name, cell in row.cells.items() if name not in _NO_FIGURE and cell.text]
        return [Expected(name, _value(cell), None, (), None, cell.place) for name, cell in wanted]
    name, state, met = _text(row, "项目"), _text(row, "状态"), _text(row, "达标")
    value = _value(row.cells["数值"]) if "数值" in row.cells else None
    missing = tuple(x for x in _LIST.split(_text(row, "还缺")) if x)
    if not name or state not in {"", *_STATES} or met not in {"", "是", "否"} or not (value or state or missing or met):
        findings.append(Finding("D148", row.place, {"name": name or "—"}))
        return []
    return [Expected(name, value, _STATES.get(state), missing, {"是": True, "否": False}.get(met), row.place)]


def _value(cell: Cell) -> str | None:
    """The value with the unit above the table, where it is a bare number."""
    if cell.unit not in {None, "元"} and parse_number(cell.text) is not None:
        return f"{cell.text}{cell.unit}"
    return cell.text or None
