"""A bureau's own sheets become the kind tables of a scheme; every cell keeps its place, and nothing is lost unsaid."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from engine.load.bureau_facts import take_events, take_roster, take_scores, take_shares
from engine.load.bureau_layout import Layout, Sheet, read_layout
from engine.load.bureau_parameters import take_parameters
from engine.load.bureau_roster import Roster, read_roster
from engine.load.bureau_rows import BureauRow, Told, read_sheet
from engine.load.bureau_sheets import Mention, last_day, take_history, take_issues, take_months
from engine.load.bureau_words import is_strange, kind_of, strange_columns
from engine.load.bureau_work import INSURANCES, Draft, Work, key_cell, own_year
from engine.load.tables import Cell, RawData, Row, Table
from engine.load.text import name_text
from engine.load.values import parse_month, parse_year
from engine.nouns import core as c
from engine.nouns.core import Scheme
from engine.nouns.suggest import closest, nearest
from grammar.diagnostic import Finding
from grammar.frozen import dataclass

_DIRECT = {"county": ("county",), "months": ("month",), "shares": ("county", "alliance")}


@dataclass(frozen=True, slots=True)
class Translation:
    """The data with the bureau's sheets turned into kind tables, and what is to be said of that."""

    raw: RawData
    notes: tuple[Finding, ...]


def translate(scheme: Scheme, raw: RawData, folders: Iterable[Path]) -> Translation:
    """The data as kind tables only; faults are kept in its findings. Data without a bureau's sheet come back as they are.

    ``folders`` are those of the policy and of what it stands on, each of which may hold a workbook.toml of its own.
    """
    if not any(is_strange(scheme, table) for table in raw.tables):
        return Translation(raw, ())
    layout, told = read_layout(folders), Told()
    sheets: dict[str, tuple[Sheet, list[BureauRow], Table]] = {}
    rest: list[Table] = []
    for table in raw.tables:
        sheet = _sheet_of(scheme, layout, table)
        if sheet is None:
            if not _misspelt(scheme, layout, table, told):
                rest.append(table)
        elif sheet.sort in sheets:
            other = sheets[sheet.sort][2]
            told.tell("D040", table.place, name=table.name, file=other.place.file)
        else:
            kinds = [layout.kinds[role] for role in _DIRECT.get(sheet.sort, ())]
            sheets[sheet.sort] = sheet, read_sheet(table, sheet, layout, scheme, kinds, told), table
    if not sheets and not told.errors:
        return Translation(raw, ())
    roster = read_roster(sheets["roster"][1], layout, scheme, told) if "roster" in sheets else Roster(layout)
    work = Work(scheme, layout, raw, told, roster, sheets)
    _heads(work)
    own = [_own_rows(work, table) for table in rest]
    work.years = _years(work)
    return _taken(work, rest, own)


def _taken(work: Work, rest: list[Table], own: list[list[Draft | Row]]) -> Translation:
    """Every sheet taken in turn, and the tables that come of it."""
    take_issues(work)
    mentions = [*take_months(work), *_history(work)]
    if work.roster.given:
        for mention in mentions:
            if mention.year in work.years and mention.unit.kind in work.unit_kinds:
                work.draft(mention.unit.kind, mention.unit.name, mention.year, mention.insurance, mention.place)
        take_roster(work)
        _idle_units(work)
    take_scores(work)
    take_events(work)
    take_shares(work)
    assumptions = take_parameters(work, work.raw.assumptions)
    _tell_outside(work)
    tables = _tables(work, rest, own)
    # What says how the sheets are taken is part of what came in: a receipt must tell when it changed.
    raw = replace(
        work.raw,
        assumptions=assumptions,
        tables=tables,
        files=(*work.raw.files, *work.layout.files),
        findings=(*work.raw.findings, *work.told.errors),
    )
    return Translation(raw, tuple(work.told.notes))


def _history(work: Work) -> list[Mention]:
    """The history of fund use, where a rule looks back at it."""
    kind = work.kind("history")
    values = (f.default for f in work.scheme.figures.values() if not isinstance(f.default, c.NoFigure))
    if any(isinstance(node, c.History) and node.table == kind for value in values for node in c.walk(value)):
        return take_history(work)
    if "history" in work.sheets:
        table = work.sheets["history"][2]
        work.told.tell("D196", table.place, sheet=table.name)
    return []


def _sheet_of(scheme: Scheme, layout: Layout, table: Table) -> Sheet | None:
    """The bureau's sheet a table is; of a name that is a kind's as well, the columns tell."""
    sheet, kind = layout.sheet(table.name), kind_of(scheme, table)
    if sheet is None or kind is None:
        return sheet
    strange = strange_columns(scheme, kind, table) if table.rows else []
    return sheet if any(sheet.column(word) for word in strange) else None


def _misspelt(scheme: Scheme, layout: Layout, table: Table, told: Told) -> bool:
    """Tell of a table whose name is nearest to a bureau's sheet."""
    if kind_of(scheme, table) is not None:
        return False
    sheets = [sheet.name for sheet in layout.sheets]
    if closest(table.name, [*sheets, *scheme.tables]) not in sheets:
        return False
    told.tell("D050", table.place, name=table.name, **nearest(table.name, sheets))
    return True


def _heads(work: Work) -> None:
    for key, cell in work.raw.heads.items():
        if key in {"年度", "year"}:
            work.head_year = parse_year(cell.text)
        if key in {"险种", "insurance"}:
            work.head_insurance = _insurance(work.scheme, cell.text)
    units = {work.layout.kinds[role] for role in ("county", "alliance", "standalone", "pool")}
    rows = [row for table in work.raw.tables if kind_of(work.scheme, table) in units for row in table.rows]
    work.combined = not (work.scheme.separate or work.head_insurance or any(key_cell(row, "险种") for row in rows))


def _insurance(scheme: Scheme, text: str) -> str | None:
    by_id = {scheme.labels.id(name): name for name in INSURANCES}
    return by_id.get(text, text) or None


def _own_rows(work: Work, table: Table) -> list[Draft | Row]:
    """The rows of a kind table: of units as drafts that may be added to, others with names put right."""
    kind = kind_of(work.scheme, table)
    units = {work.layout.kinds[role] for role in ("county", "alliance", "standalone", "pool")}
    if kind not in units:
        seen: dict[tuple[str, str], str] = {}
        return [_of_unit(work, kind, row, seen) for row in table.rows] if work.roster.given else list(table.rows)
    found: list[Draft | Row] = []
    only = work.scheme.insurances[0] if len(work.scheme.insurances) == 1 and work.scheme.separate else None
    for number, row in enumerate(_renamed(work, row) for row in table.rows):
        name, cell = key_cell(row, "名称"), key_cell(row, "险种")
        insurance = _insurance(work.scheme, cell.text) if cell is not None else work.head_insurance or only
        unit = name.text if name is not None and kind != work.kind("county") else ""
        draft = Draft(kind, unit, own_year(row, work.head_year), insurance, dict(row.cells), row.place)
        if work.roster.given and name is not None:
            _judge_unit(work, draft, name)
        key = (kind, unit, draft.year, insurance)
        # Two rows for one unit are told when the kind tables are bound; here each keeps its own.
        work.drafts[key if key not in work.drafts else (*key[:3], f"{insurance}\0{number}")] = draft
        found.append(draft)
    return found


def _renamed(work: Work, row: Row, keys: tuple[str, ...] = ("名称", "name", "单位", "unit")) -> Row:
    """A row with earlier names and codes of institutions replaced by the name they are settled under."""
    if not work.roster.given:
        return row
    changed: dict[str, Cell] = {}
    for key in keys:
        cell = row.cells.get(key)
        if cell is not None and (name := work.roster.canonical(cell.text)) != cell.text:
            changed[key] = Cell(name, cell.place)
    return Row({**row.cells, **changed}, row.place) if changed else row


def _judge_unit(work: Work, draft: Draft, name: Cell) -> None:
    """A row of a unit must be of one: an alliance or an institution outside, as the roster has it that year."""
    roster, kinds = work.roster, {work.kind("alliance"), work.kind("standalone")}
    if draft.kind not in kinds or roster.units.get(draft.unit) == draft.kind:
        return
    code = next((code for code, present in roster.names.items() if present == draft.unit), None)
    if code is None:
        known = [unit for unit, kind in roster.units.items() if kind in kinds] + list(roster.codes)
        work.told.tell("D170", name.place, name=draft.unit, **nearest(draft.unit, known))
    elif draft.year is not None and (spell := roster.spell(code, *_days_of(draft.year))) is not None:
        unit = roster.unit(spell)
        if unit.kind != draft.kind:
            work.told.tell("D197", name.place, name=draft.unit, kind=draft.kind, unit=unit.name, other=unit.kind)


def _of_unit(work: Work, kind: str | None, row: Row, seen: dict[tuple[str, str], str]) -> Row:
    """A child row with the unit in place of the member institution it names, as of its month or its year."""
    key = next((key for key in ("单位", "unit") if key in row.cells), None)
    month, year = key_cell(row, "月份"), own_year(row, work.head_year)
    if key is None or kind in {None, work.kind("member"), work.kind("history")}:
        return _renamed(work, row)
    cell = row.cells[key]
    when = month.text if month is not None else str(year)
    if (cell.text, when) not in seen:
        seen[cell.text, when] = _unit_name(work, cell, parse_month(when) if month is not None else None, year)
    name = seen[cell.text, when]
    return row if name == cell.text else Row({**row.cells, key: Cell(name, cell.place)}, row.place)


def _unit_name(work: Work, cell: Cell, month: tuple[int, int] | None, year: int | None) -> str:
    """The unit that an institution belongs to in a month or all through a year; told where it changes within the year."""
    roster, text = work.roster, name_text(cell.text)
    codes = [text] if text in roster.spells else roster.codes.get(text, [])
    if text in roster.units or len(codes) != 1 or (month is None and year is None):
        return cell.text
    if month is not None:
        day = date(*month, 1)
        spell = roster.spell(codes[0], day, last_day(day))
        return roster.unit(spell).name if spell is not None else cell.text
    assert year is not None
    first, last = _days_of(year)
    here = [s for s in roster.spells[codes[0]] if (s.start or first) <= last and (s.end or last) >= first]
    units = list(dict.fromkeys(roster.unit(spell).name for spell in here))
    if len(units) > 1:
        work.told.tell("D198", cell.place, name=cell.text, year=year, units="、".join(units))
    return units[0] if units else cell.text


def _days_of(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


def _years(work: Work) -> tuple[int, ...]:
    """The years that are settled: of the whole data, of rows of units, of issued budgets; else those of the other sheets."""
    years = {draft.year for draft in work.drafts.values()} | {work.head_year}
    years |= {parse_year(row.text("年度")) for row in work.rows("county")}
    if years == {None}:
        months = [parse_month(row.text("结算年月")) for row in work.rows("months")]
        years |= {month[0] for month in months if month is not None}
    if years == {None}:
        years |= {parse_year(row.text("年度")) for sort in ("scores", "events") for row in work.rows(sort)}
    return tuple(sorted(year for year in years if year is not None))


def _idle_units(work: Work) -> None:
    """Units of the roster of which the data say nothing in a year: they are not settled, and that is told."""
    told: dict[str, None] = {}
    for year in work.years:
        idle: dict[str, None] = {}
        for code in work.roster.spells:
            spell = work.roster.spell(code, *_days_of(year))
            unit = work.roster.unit(spell) if spell is not None else None
            useful = unit is not None and unit.kind in work.unit_kinds and unit.kind != work.kind("pool")
            if unit is not None and useful and not work.drafts_of(unit, year, None):
                idle[unit.name] = None
        if idle:
            told[f"{year} {'、'.join(idle)}"] = None
    if told:
        work.told.tell("D162", work.sheets["roster"][2].place, names="；".join(told))


def _tell_outside(work: Work) -> None:
    for (sort, what), (count, place) in work.outside.items():
        sheet = work.sheets[sort][2].name
        code = "D163" if what in INSURANCES else "D199" if what.isdigit() else "D187"
        work.told.tell(code, place, sheet=sheet, what=what, count=count)


def _tables(work: Work, rest: list[Table], own: list[list[Draft | Row]]) -> tuple[Table, ...]:
    """The kind tables handed in with what was added, then those that came of the sheets alone."""
    tables: dict[str, Table] = {}
    taken: set[int] = set()
    for table, handed_in in zip(rest, own, strict=True):
        kind = kind_of(work.scheme, table) or table.name
        taken |= {id(row) for row in handed_in}
        key = kind if kind not in tables else f"{kind}\0{table.place.file}"
        tables[key] = Table(table.name, tuple(map(_as_row, handed_in)), table.place)
    added: dict[str, list[Row]] = {kind: list(rows) for kind, rows in work.tables.items()}
    for draft in work.drafts.values():
        if id(draft) not in taken:
            added.setdefault(draft.kind, []).append(_as_row(draft))
    first = next(iter(work.sheets.values()))[2].place if work.sheets else None
    for kind, rows in added.items():
        if kind in tables:
            tables[kind] = Table(tables[kind].name, (*tables[kind].rows, *rows), tables[kind].place)
        elif first is not None:
            tables[kind] = Table(kind, tuple(rows), rows[0].place if rows else first)
    return tuple(tables.values())


def _as_row(row: Draft | Row) -> Row:
    return Row(row.cells, row.place) if isinstance(row, Draft) else row
