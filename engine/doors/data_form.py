"""What ``xiance data check`` tells: what was read, how many rows of what, what is missing and what it would release."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from engine.api import Policy, bind_data, settle
from engine.load.bureau_layout import Layout, read_layout
from engine.load.bureau_rows import kind_named
from engine.load.bureau_words import kind_of, spellings, strange_columns
from engine.load.tables import RawData, Table
from engine.load.text import encoding_of
from engine.load.values import header_unit, parse_value
from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from engine.nouns.dataset import Dataset
from engine.nouns.numbers import Number, grouped, money_text
from engine.nouns.settlement import Settlement
from grammar.diagnostic import Finding, FindingsError, Language, render
from grammar.frozen import dataclass

_FIRST_CELLS, _FIGURES = 6, 8


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of an amount over rows, in fen; how many rows give it and how many leave it blank."""

    column: str
    total: Number
    filled: int
    blank: int


@dataclass(frozen=True, slots=True)
class TableRead:
    """A table as it was read: where from, in which encoding, its first row back, its totals."""

    name: str
    file: str
    sheet: str | None
    encoding: str | None
    rows: int
    first: tuple[tuple[str, str], ...]
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of a kind in a year under an insurance type."""

    kind: str
    year: int
    insurance: str | None
    rows: int
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """What a unit lacks, and the figures of it that would be known with it."""

    kind: str
    unit: str
    insurance: str | None
    period: str
    name: str
    releases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataChecked:
    """Data as they were found to be."""

    scheme: Scheme
    tables: tuple[TableRead, ...]
    groups: tuple[Group, ...] = ()
    lacks: tuple[Lack, ...] = ()
    open: tuple[tuple[str, str, int], ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def checked_data(policy: Policy, raw: RawData) -> DataChecked:
    """What is to be said of data, whether or not they can be settled."""
    scheme = policy.scheme()
    try:
        layout = read_layout(text.folder for text in policy.loaded.texts)
        tables = tuple(_table_read(scheme, layout, raw, table) for table in raw.tables)
    except FindingsError as error:
        return DataChecked(scheme, (), findings=error.findings)
    try:
        dataset = bind_data(policy, raw)
    except FindingsError as error:
        return DataChecked(scheme, tables, findings=error.findings)
    groups = tuple(_groups(scheme, dataset))
    try:
        settlement = settle(policy, dataset)
    except FindingsError as error:
        return DataChecked(scheme, tables, groups, findings=(*dataset.findings, *error.findings))
    parameters = tuple(
        (item.name, item.clause, item.waits) for item in settlement.open if item.name in scheme.parameters
    )
    return DataChecked(scheme, tables, groups, tuple(_lacks(settlement)), parameters, settlement.warnings)


def data_json(found: DataChecked, language: Language) -> dict[str, Any]:
    """The same as JSON; amounts in 元, exact."""
    return {
        "scheme": found.scheme.id,
        "tables": [
            {
                "name": t.name, "file": t.file, "sheet": t.sheet, "encoding": t.encoding, "rows": t.rows,
                "first_row": dict(t.first), "totals": _totals_json(t.totals),
            }
            for t in found.tables
        ],
        "rows": [
            {
                "kind": g.kind, "kind_id": found.scheme.labels.id(g.kind), "year": g.year, "insurance": g.insurance,
                "rows": g.rows, "totals": _totals_json(g.totals),
            }
            for g in found.groups
        ],
        "missing": [
            {
                "kind": lack.kind, "unit": lack.unit, "insurance": lack.insurance, "period": lack.period,
                "name": lack.name, "releases": list(lack.releases),
            }
            for lack in found.lacks
        ],
        "open": [{"name": name, "clause": clause, "waits": waits} for name, clause, waits in found.open],
        "findings": [finding.as_json(language) for finding in found.findings],
    }  # fmt: skip


def data_text(found: DataChecked, language: Language) -> str:
    """The same for a person."""
    zh = language == "zh"
    lines = ["读到的表" if zh else "tables read"]
    for table in found.tables:
        lines.extend(_table_lines(table, zh))
    if found.groups:
        lines += ["", "按主体、年度、险种" if zh else "rows by kind, year and insurance type"]
        for group in found.groups:
            lines.extend(_group_lines(found.scheme, group, zh))
    if found.lacks:
        lines += ["", "还缺的数据" if zh else "data missing"]
        lines.extend(_lack_lines(found.scheme, found.lacks, zh))
    if found.open:
        lines += ["", "文件没有写、可以假设的" if zh else "not in the document, may be assumed"]
        for name, clause, waits in found.open:
            if zh:
                lines.append(f"  {name}〔{clause}〕：{f'{waits} 个数等它' if waits else '现在没有数等它'}")
            else:
                lines.append(f"  {found.scheme.labels.words(name)} [{clause}]: {waits or 'no'} figures wait for it")
    lines.append("")
    for finding in found.findings:
        lines += [render(finding, language), ""]
    lines.append(_last_line(found, zh))
    return "\n".join(lines) + "\n"


def _table_read(scheme: Scheme, layout: Layout, raw: RawData, table: Table) -> TableRead:
    files = dict(raw.files)
    data = files.get(Path(table.place.file).name)
    is_text = Path(table.place.file).suffix.lower() in {".csv", ".yaml", ".yml"}
    first = [(key, cell.text) for key, cell in (table.rows[0].cells.items() if table.rows else ()) if cell.text]
    return TableRead(
        table.name,
        table.place.file,
        table.place.sheet if not is_text else None,
        encoding_of(data[:]) if data is not None and is_text else None,
        len(table.rows),
        tuple(first[:_FIRST_CELLS]),
        tuple(_table_totals(scheme, layout, table)),
    )


def _table_totals(scheme: Scheme, layout: Layout, table: Table) -> Iterator[Total]:
    """The totals of a table's columns of money, as they were handed in."""
    for key in dict.fromkeys(key for row in table.rows for key in row.cells):
        word, unit = header_unit(key)
        if not _is_money(scheme, layout, table, word):
            continue
        cells = [row.cells.get(key) for row in table.rows]
        given = [cell for cell in cells if cell is not None and cell.text]
        values = [parse_value(cell.text, k.SIGNED, unit or getattr(cell, "unit", None)) for cell in given]
        numbers = [value for value in values if isinstance(value, int)]
        if given and len(numbers) == len(given):
            yield Total(word, sum(numbers), len(given), len(cells) - len(given))


def _is_money(scheme: Scheme, layout: Layout, table: Table, word: str) -> bool:
    kind, sheet = kind_of(scheme, table), layout.sheet(table.name)
    if kind is not None and (sheet is None or not (table.rows and strange_columns(scheme, kind, table))):
        name = spellings(scheme, kind).get(word)
        return name is not None and scheme.inputs[kind, name].kind.is_money
    column = sheet.column(word) if sheet is not None else None
    return column is not None and kind_named(column.kind).is_money


def _groups(scheme: Scheme, dataset: Dataset) -> Iterator[Group]:
    for kind, rows in dataset.rows.items():
        keys = sorted({(row.period.year, row.insurance) for row in rows}, key=lambda key: (key[0], key[1] or ""))
        money = [name for table, name in scheme.inputs if table == kind and scheme.inputs[table, name].kind.is_money]
        for year, insurance in keys:
            mine = [row for row in rows if (row.period.year, row.insurance) == (year, insurance)]
            totals = []
            for name in money:
                values = [value for row in mine if isinstance(value := row.cells.get(name), int)]
                if values:
                    totals.append(Total(name, sum(values), len(values), len(mine) - len(values)))
            yield Group(kind, year, insurance, len(mine), tuple(totals))


def _lacks(settlement: Settlement) -> Iterator[Lack]:
    """What each unit's open figures wait for, but parameters, with the figures that wait."""
    found: dict[tuple[str, str, str | None, str, str], dict[str, None]] = {}
    for result in settlement.figures:
        if result.value.state == "open":
            row = result.row
            for name in sorted(result.value.missing):
                if name not in result.pipeline.scheme.parameters:
                    found.setdefault((row.table, row.unit, row.insurance, str(row.period), name), {})[result.name] = (
                        None
                    )
    for key, figures in found.items():
        yield Lack(*key, tuple(figures))


def _totals_json(totals: Sequence[Total]) -> list[dict[str, object]]:
    return [{"column": t.column, "total": money_text(t.total), "filled": t.filled, "blank": t.blank} for t in totals]


def _table_lines(table: TableRead, zh: bool) -> Iterator[str]:
    where = f"{table.file} · {table.sheet}" if table.sheet else table.file
    coded = f"（{table.encoding}）" if table.encoding and zh else f" ({table.encoding})" if table.encoding else ""
    yield (
        f"  {table.name}：{where}{coded}，{table.rows} 行"
        if zh
        else f"  {table.name}: {where}{coded}, {table.rows} rows"
    )
    if table.first:
        first = "  ".join(f"{key}={text}" for key, text in table.first)
        yield f"    第一行 {first}" if zh else f"    first row {first}"
    for total in table.totals:
        yield f"    {_total_line(total, zh, total.column)}"


def _group_lines(scheme: Scheme, group: Group, zh: bool) -> Iterator[str]:
    kind = scheme.labels.here(group.kind) if zh else scheme.labels.words(group.kind)
    head = " · ".join(filter(None, (kind, str(group.year), group.insurance)))
    yield f"  {head}：{group.rows} 行" if zh else f"  {head}: {group.rows} rows"
    for total in group.totals:
        column = total.column if zh else scheme.labels.words(total.column, group.kind)
        yield f"    {_total_line(total, zh, column)}"


def _total_line(total: Total, zh: bool, column: str) -> str:
    amount = grouped(money_text(total.total))
    if zh:
        return f"{column} 合计 {amount} 元" + (f"（{total.blank} 格空）" if total.blank else "")
    return f"{column} total {amount} yuan" + (f" ({total.blank} blank)" if total.blank else "")


def _lack_lines(scheme: Scheme, lacks: Sequence[Lack], zh: bool) -> Iterator[str]:
    units: dict[tuple[str, str | None, str], list[Lack]] = {}
    for lack in lacks:
        units.setdefault((lack.unit, lack.insurance, lack.period), []).append(lack)
    for (unit, insurance, period), mine in units.items():
        yield "  " + " · ".join(filter(None, (unit, insurance, period)))
        for lack in mine:
            shown = [name if zh else scheme.labels.words(name, lack.kind) for name in lack.releases[:_FIGURES]]
            names = ("、" if zh else ", ").join(shown)
            more = len(lack.releases) - _FIGURES
            rest = (f" 等 {len(lack.releases)} 个数" if zh else f" and {more} more") if more > 0 else ""
            yield (
                f"    缺 {lack.name}：等它的有 {names}{rest}"
                if zh
                else f"    missing: {scheme.labels.words(lack.name, lack.kind)}; needed for {names}{rest}"
            )


def _last_line(found: DataChecked, zh: bool) -> str:
    counts: Mapping[str, int] = {s: sum(f.severity == s for f in found.findings) for s in ("error", "warning", "note")}
    if zh:
        told = f"错误 {counts['error']} 处，警告 {counts['warning']} 处，说明 {counts['note']} 处"
        return f"{told}；{'改正错误后才能结算' if counts['error'] else '可以结算'}。"
    told = f"{counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes"
    return f"{told}; {'settling has to wait for the errors' if counts['error'] else 'ready to settle'}."
