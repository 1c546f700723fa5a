"""Bind: tables of text become typed rows of a scheme's kinds; everything wrong is told at once, with its cell."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from fractions import Fraction

from engine.load.tables import Cell, RawData, Row, Table
from engine.load.text import name_text
from engine.load.values import Wrong, header_unit, parse_month, parse_value, parse_year
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Input, Scheme
from engine.nouns.dataset import Assumption, DataRow, Dataset
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, ratio_text
from engine.nouns.periods import Period
from engine.nouns.possible import Scalar
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, FindingsError, Place, has_errors, in_order
from grammar.frozen import dataclass

COUNTY = "县"
_HEADS = {"方案": "方案", "scheme": "方案", "年度": "年度", "year": "年度", "险种": "险种", "insurance": "险种"}
_KEYS = {
    "名称": "名称", "name": "名称", "年度": "年度", "year": "年度", "险种": "险种", "insurance": "险种", "序号": "序号",
    "rank": "序号", "单位": "单位", "unit": "单位", "月份": "月份", "month": "月份", "季度": "季度", "quarter": "季度",
    "半年": "半年", "half": "半年", "编号": "编号",
}  # fmt: skip
_START, _END = "起始日期", "终止日期"
# What a row lacks because it could not be read as written was told already.
_LACKING = frozenset({"D072", "D073", "D074", "D075", "D076"})
_TOLD_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Header:
    """What a column of a table is: a key of the row, its parent, or a datum with the unit the header names."""

    sort: str
    name: str
    datum: Input | None = None
    unit: str | None = None


@dataclass(slots=True)
class _Binding:
    """What is known so far; ``wrong_heads`` are single values that were given and could not be taken."""

    scheme: Scheme
    raw: RawData
    errors: list[Finding] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)
    untold: int = 0
    rows: dict[str, list[DataRow]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    wrong_heads: set[str] = field(default_factory=set)
    faulty_rows: frozenset[object] = frozenset()

    def tell(self, code: str, place: Place | None, /, **values: object) -> None:
        """Keep a finding; of more than anybody reads only the number is kept, of errors and of the rest apart."""
        if code in _LACKING and place is not None and _spot(place) in self.faulty_rows:
            return
        finding = Finding(code, place, {name: _short(value) for name, value in values.items()})
        kept = self.errors if finding.severity == "error" else self.others
        if len(kept) < _TOLD_AT_MOST:
            kept.append(finding)
        else:
            self.untold += 1

    def findings(self) -> list[Finding]:
        """Everything told, in order."""
        rest = [Finding("D043", None, {"count": self.untold})] if self.untold else []
        return [*in_order([*self.raw.findings, *self.errors, *self.others]), *rest]


def bind(
    scheme: Scheme, raw: RawData, given: Iterable[Assumption] = (), extra: Mapping[str, Cell] | None = None
) -> Dataset:
    """The data as rows of the scheme; ``given`` are assumptions of scenarios, ``extra`` those of the command line.

    Raises FindingsError where anything is wrong; warnings and notes are kept with the data.
    """
    faulty = frozenset(_spot(f.where) for f in raw.findings if isinstance(f.where, Place) and f.severity == "error")
    b = _Binding(scheme, raw, words=_words(scheme), faulty_rows=faulty)
    year, insurance = _heads(b)
    tables: dict[str, Table] = {}
    for table in raw.tables:
        name = _table_name(b, table)
        if name in tables:
            b.tell("D040", table.place, name=table.name, file=tables[name].place.file)
        elif name is not None:
            tables[name] = table
    dated = [name for name in tables if _is_dated(scheme, name)]
    for name, table in tables.items():
        if name not in dated:
            _rows(b, name, table, year, insurance, ())
    years = _years(b)
    for name in dated:
        _rows(b, name, tables[name], year, insurance, years)
    _duplicates(b)
    _parents(b)
    _force(b, years)
    assumptions = _assumptions(b, given, extra or {})
    findings = b.findings()
    if has_errors(findings):
        raise FindingsError(findings)
    rows = {name: tuple(rows) for name, rows in b.rows.items()}
    return Dataset(rows, frozenset(tables), years, assumptions, tuple(findings), _digest(raw))


# ---- words


def _words(scheme: Scheme) -> dict[str, str]:
    """Every word the data may use for a name: the name, its id, the document's own words for it."""
    words: dict[str, str] = {}
    names = [*scheme.tables, *scheme.parameters, *(n for _, n in scheme.inputs), *(n for _, n in scheme.figures)]
    for name in names:
        words[name] = name
        for word in (*scheme.labels.called.get(name, ()), *scheme.labels.also.get(name, ())):
            words.setdefault(word, name)
    for (table, name), identifier in scheme.labels.ids.items():
        if table is None:
            words.setdefault(identifier, name)
    return words


def _table_name(b: _Binding, table: Table) -> str | None:
    name = b.words.get(table.name, table.name)
    if name in b.scheme.tables:
        return name
    if table.name in _HEADS:
        b.wrong_heads.add(_HEADS[table.name])
        b.tell("D022", table.place, name=table.name)
        return None
    known = [*b.scheme.tables, *(b.scheme.labels.id(t) for t in b.scheme.tables), "假设"]
    b.tell("D050", table.place, name=table.name, **nearest(table.name, known))
    return None


def _heads(b: _Binding) -> tuple[int | None, str | None]:
    year, insurance = None, None
    first: dict[str, Cell] = {}
    for key, cell in b.raw.heads.items():
        name = _HEADS.get(key, key)
        if name in first and name in _HEADS:
            b.tell("D018", cell.place, name=key, line=_where(first[name].place))
            continue
        first[name] = cell
        match name:
            case "方案":
                if cell.text and cell.text not in {b.scheme.id, b.scheme.title}:
                    b.tell("D051", cell.place, got=cell.text, name=b.scheme.id)
            case "年度":
                year = parse_year(cell.text)
                if cell.text and year is None:
                    b.wrong_heads.add(name)
                    b.tell("D052", cell.place, text=cell.text)
            case "险种":
                insurance = _insurance(b, cell) if cell.text else None
                if cell.text and insurance is None:
                    b.wrong_heads.add(name)
            case _ if b.words.get(key, key) in b.scheme.tables:
                # A table's name with nothing after it is a table not handed in.
                if cell.text:
                    b.tell("D024", cell.place, name=key)
            case _:
                known = [*_HEADS, *b.scheme.tables, "假设"]
                b.tell("D053", cell.place, name=key, **nearest(key, known))
    return year, insurance


def _insurance(b: _Binding, cell: Cell) -> str | None:
    known = b.scheme.insurances or ("职工", "居民")
    by_id = {b.scheme.labels.id(name): name for name in known}
    name = by_id.get(cell.text, cell.text)
    if name in known:
        return name
    b.tell("D054", cell.place, text=cell.text, known="、".join(known), **nearest(cell.text, known))
    return None


# ---- rows


def _is_dated(scheme: Scheme, table: str) -> bool:
    """Whether rows of a kind hold from a day to a day (memberships) rather than for a year."""
    return (table, _START) in scheme.inputs and scheme.tables[table].grain == "year"


def _header(b: _Binding, table: str, key: str) -> _Header | None:
    name, unit = header_unit(key)
    kind = b.scheme.tables[table]
    if kind.grain != "year" and name in {"年度", "year"} and kind.grain != "row":
        return None
    ids = {b.scheme.labels.id(n, table): n for t, n in b.scheme.inputs if t == table}
    plain = ids.get(name) or (name if (table, name) in b.scheme.inputs else None) or b.words.get(name, name)
    datum = b.scheme.inputs.get((table, plain))
    if datum is not None:
        return _Header("datum", plain, datum, unit)
    if name in _KEYS:
        return _Header(_KEYS[name], name)
    evidence = next((i for (t, _), i in b.scheme.inputs.items() if t == table and i.evidence == name), None)
    if evidence is not None or any(
        t.evidence == name for (tb, _), f in b.scheme.figures.items() if tb == table and f.gate for t in f.gate.tests
    ):
        return _Header("evidence", name)
    parents = {f"所属{p}": p for p in kind.parents} | {f"所属{b.scheme.labels.here(p)}": p for p in kind.parents}
    parents |= {b.scheme.labels.id(p): p for p in kind.parents}
    if name in parents:
        return _Header("所属", parents[name])
    return None


def _unknown(b: _Binding, table: str, key: str, cell: Cell) -> None:
    name = b.words.get(header_unit(key)[0], header_unit(key)[0])
    if (table, name) in b.scheme.figures or any(a.part == name for a in b.scheme.allocations if table in a.receivers):
        b.tell("D055", cell.place, name=key, table=table)
        return
    elsewhere = sorted({t for t, n in b.scheme.inputs if n == name})
    if elsewhere:
        b.tell("D056", cell.place, name=key, table=table, elsewhere="、".join(elsewhere))
        return
    known = [n for t, n in b.scheme.inputs if t == table]
    known += [b.scheme.labels.id(n, table) for n in known] + [w for w in b.words if b.words[w] in known] + list(_KEYS)
    b.tell("D057", cell.place, name=key, table=table, **nearest(header_unit(key)[0], known))


def _rows(b: _Binding, table: str, raw: Table, year: int | None, insurance: str | None, years: tuple[int, ...]) -> None:
    headers: dict[str, _Header | None] = {}
    told: set[str] = set()
    target = b.rows.setdefault(table, [])
    for row in raw.rows:
        keys: dict[str, Cell] = {}
        cells: dict[str, Scalar] = {}
        places: dict[str, Place] = {}
        evidence: dict[str, Cell] = {}
        parent_kind = None
        for key, cell in row.cells.items():
            if key not in headers:
                headers[key] = _header(b, table, key)
            header = headers[key]
            if header is None:
                if key not in told:
                    told.add(key)
                    _unknown(b, table, key, cell)
            elif header.datum is not None:
                if not cell.text:
                    continue
                if header.name in cells or header.name in places:
                    b.tell("D058", cell.place, name=header.name)
                    continue
                places[header.name] = cell.place
                value = _value(b, header.datum, cell, header.unit)
                if value is not None:
                    cells[header.name] = value
            elif header.sort == "evidence":
                evidence[header.name] = cell
            elif cell.text:
                keys[header.sort] = Cell(name_text(cell.text), cell.place, cell.number)
                if header.sort == "所属":
                    parent_kind = header.name
        _evidence(b, table, cells, evidence, row)
        target.extend(_row(b, table, row, keys, cells, places, parent_kind, year, insurance, years))


def _evidence(b: _Binding, table: str, cells: dict[str, Scalar], given: dict[str, Cell], row: Row) -> None:
    """An event whose 是 must carry a document number, where the scheme asks for one."""
    for name, value in cells.items():
        datum = b.scheme.inputs[(table, name)]
        if (
            datum.evidence is not None
            and value is True
            and not (datum.evidence in given and given[datum.evidence].text)
        ):
            b.tell("D059", row.place, name=name, document=datum.evidence)


def _value(b: _Binding, datum: Input, cell: Cell, unit: str | None) -> Scalar | None:
    text = cell.text
    if datum.kind.base is k.Base.CHOICE:
        text = {b.scheme.labels.id(o): o for o in datum.kind.options}.get(text, text)
    if datum.kind.base is k.Base.DATE and _may_be_october(cell):
        b.tell("D125", cell.place, text=cell.text)
        return None
    # 单位：万元 above a table speaks of amounts, not of what a head or a visit costs.
    above = cell.unit if unit is None and datum.kind.is_money and datum.kind.per is None else None
    value = parse_value(text, datum.kind, unit or above)
    if isinstance(value, Wrong):
        known = nearest(text, datum.kind.options) if datum.kind.options else {}
        b.tell(value.code, cell.place, name=datum.name, text=cell.text, kind=datum.kind.words,
               options="、".join(datum.kind.options), unit=unit or "", **known)  # fmt: skip
        return None
    if datum.kind.is_number and not isinstance(value, str | date):
        if not datum.range.holds(value):
            b.tell("D060", cell.place, name=datum.name, text=cell.text, range=range_text(datum.range, datum.kind))
            return None
        if datum.step is not None and Fraction(value) % datum.step != 0:
            b.tell("D071", cell.place, name=datum.name, text=cell.text)
            return None
    return value


def _may_be_october(cell: Cell) -> bool:
    """Whether a workbook holds a number that was typed as 2025.1 or as 2025.10: nobody can tell which."""
    return cell.number and re.fullmatch(r"[12][0-9]{3}\.1", cell.text) is not None


def range_text(limits: c.Range, kind: Kind) -> str:
    """A range as a person reads it: ``0% 至 100%``, ``≥ 0元``."""

    def end(value: Number) -> str:
        number = value * 100 if kind.base in {k.Base.RATIO, k.Base.POINTS} else value
        unit = "%" if kind.base is k.Base.RATIO else kind.unit or ""
        return ratio_text(Fraction(number, kind.scale))[0] + unit

    low, high = limits.low, limits.high
    if low is not None and high is not None:
        return f"{end(low)} 至 {end(high)}"
    if low is not None:
        return f"{'>' if limits.open_low else '≥'} {end(low)}"
    return f"{'<' if limits.open_high else '≤'} {end(high)}" if high is not None else "—"


def _row(
    b: _Binding,
    table: str,
    row: Row,
    keys: dict[str, Cell],
    cells: dict[str, Scalar],
    places: dict[str, Place],
    parent_kind: str | None,
    year: int | None,
    insurance: str | None,
    years: tuple[int, ...],
) -> list[DataRow]:
    kind = b.scheme.tables[table]
    insurances = _insurances_of(b, table, row, keys, cells, insurance)
    periods = _periods(b, kind, row, keys, cells, year, years)
    child = kind.grain != "year" or "单位" in keys
    parent = keys.get("单位") or keys.get("所属")
    if child and kind.grain != "year":
        unit = keys["编号"].text if "编号" in keys else (parent.text if parent else "")
    else:
        named = keys.get("名称") or (keys.get("单位") if "名称" not in keys else None)
        unit = named.text if named else (_county_name(b.scheme) if table == COUNTY else "")
    if not unit and kind.grain == "year":
        b.tell("D072", row.place, table=table)
        return []
    if kind.grain != "year" and parent is None:
        b.tell("D073", row.place, table=table)
        return []
    rank = None
    if "序号" in keys:
        number = parse_value(keys["序号"].text, k.NUMBER)
        rank = number if isinstance(number, int) else None
        if rank is None:
            code = "D069" if isinstance(number, Wrong) else "D070"
            b.tell(code, keys["序号"].place, name="序号", text=keys["序号"].text)
    del parent_kind
    place = row.place
    if "年度" in keys:
        places["年度"] = keys["年度"].place
    return [
        DataRow(table, unit, parent.text if parent else None, i, p, cells, places, rank, place)
        for p in periods
        for i in insurances
    ]


def _county_name(scheme: Scheme) -> str:
    return scheme.region.split()[-1] if scheme.region else COUNTY


def _insurances_of(
    b: _Binding, table: str, row: Row, keys: dict[str, Cell], cells: dict[str, Scalar], insurance: str | None
) -> list[str | None]:
    """The insurance types a row counts for: its own, the file's, the scheme's only one; all for what meets all."""
    scheme = b.scheme
    if "险种" in keys:
        found = _insurance(b, keys["险种"])
        return [found] if found is not None else []
    if insurance is not None:
        return [insurance]
    if not scheme.separate:
        return [None]
    if len(scheme.insurances) == 1:
        return [scheme.insurances[0]]
    data = [scheme.inputs[(table, name)] for name in cells]
    if (data or _is_dated(scheme, table)) and all(
        d.all_insurances for d in data if d.name not in {_START, _END, "是否牵头"}
    ):
        return list(scheme.insurances)
    if "险种" not in b.wrong_heads:
        b.tell("D074", row.place, known="、".join(scheme.insurances))
    return []


def _periods(
    b: _Binding,
    kind: c.Table,
    row: Row,
    keys: dict[str, Cell],
    cells: dict[str, Scalar],
    year: int | None,
    years: tuple[int, ...],
) -> list[Period]:
    match kind.grain:
        case "month":
            return _sub_year(b, row, keys.get("月份"), "month", kind.name)
        case "quarter":
            return _sub_year(b, row, keys.get("季度"), "quarter", kind.name)
        case "half":
            return _sub_year(b, row, keys.get("半年"), "half", kind.name)
        case _:
            pass
    if "年度" in keys:
        own = parse_year(keys["年度"].text)
        if own is None:
            b.tell("D052", keys["年度"].place, text=keys["年度"].text)
        return [Period(own, kind.grain)] if own is not None else []
    if _is_dated(b.scheme, kind.name):
        start, end = cells.get(_START), cells.get(_END)
        return [
            Period(y, kind.grain)
            for y in years
            if (not isinstance(start, date) or start <= date(y, 1, 1))
            and (not isinstance(end, date) or end >= date(y, 1, 1))
        ]
    if kind.grain == "row" and any(isinstance(v, date) for v in cells.values()) and year is None:
        day = next(v for v in cells.values() if isinstance(v, date))
        return [Period(day.year, "row")]
    if year is None:
        if "年度" not in b.wrong_heads:
            b.tell("D075", row.place)
        return []
    return [Period(year, kind.grain)]


_ORDINALS = {"1": 1, "2": 2, "3": 3, "4": 4, "一": 1, "二": 2, "三": 3, "四": 4, "上": 1, "下": 2}


def _sub_year(b: _Binding, row: Row, cell: Cell | None, grain: c.Grain, table: str) -> list[Period]:
    if cell is None:
        b.tell("D076", row.place, table=table)
        return []
    if _may_be_october(cell):
        b.tell("D125", cell.place, text=cell.text)
        return []
    if grain == "month":
        month = parse_month(cell.text)
        if month is not None:
            return [Period(month[0], "month", month[1])]
    else:
        marks, most = {"quarter": (("Q", "季度"), 4), "half": (("H", "半年"), 2)}[grain]
        for mark in marks:
            head, found, tail = cell.text.partition(mark)
            if found and not tail.strip():
                head, tail = head[:-1], head[-1:]
            year, number = parse_year(head.strip(" -年第")), _ORDINALS.get(tail.strip())
            if found and year is not None and number is not None and number <= most:
                return [Period(year, grain, number)]
        month = parse_month(cell.text)
        # 2026-4 may be the fourth month or the fourth quarter.
        if month is not None and cell.text[-2:-1].isdigit():
            return [Period(month[0], grain, (month[1] - 1) // (12 // most) + 1)]
    b.tell("D077", cell.place, text=cell.text)
    return []


# ---- the whole


def _years(b: _Binding) -> tuple[int, ...]:
    """Every year in which a unit under the county, or the county itself, has a row."""
    found = {
        row.period.year
        for name, rows in b.rows.items()
        if b.scheme.tables[name].grain == "year" and (name == COUNTY or COUNTY in b.scheme.tables[name].parents)
        for row in rows
    }
    if not (found or b.errors or has_errors(b.raw.findings)):
        b.tell("D078", None)
    return tuple(sorted(found))


def _duplicates(b: _Binding) -> None:
    for name, rows in b.rows.items():
        if b.scheme.tables[name].grain == "row":
            continue
        seen: dict[tuple[object, ...], DataRow] = {}
        for row in rows:
            owner = row.parent if b.scheme.tables[name].grain != "year" else None
            key = (row.unit, owner, row.insurance, row.period)
            if key in seen:
                code = "D080" if _is_dated(b.scheme, name) and seen[key].parent != row.parent else "D079"
                b.tell(code, row.place, unit=row.unit, period=str(row.period), insurance=row.insurance or "—",
                       other=_where(seen[key].place))  # fmt: skip
            seen.setdefault(key, row)


def _where(place: Place) -> str:
    return str(place.line if place.line is not None else place.row or "—")


def _parents(b: _Binding) -> None:
    """Every child row must belong to one unit of the data; rows of years that are not settled may stand alone."""
    for name in b.rows:
        parents = _unit_parents(b.scheme, name)
        if not parents or parents == (COUNTY,):
            continue
        units: dict[_Owner, list[DataRow]] = {}
        for row in (r for p in parents for r in b.rows.get(p, ())):
            units.setdefault((row.unit, row.insurance, row.period.year), []).append(row)
        names = {unit for unit, _, _ in units}
        if _is_dated(b.scheme, name):
            b.rows[name] = [
                r for r in b.rows[name] if r.parent not in names or (r.parent, r.insurance, r.period.year) in units
            ]
        told: set[_Owner] = set()
        for row in b.rows[name]:
            owner = row.parent or (row.unit if b.scheme.tables[name].grain == "year" else None)
            if row.parent is None and b.scheme.tables[name].grain == "year" and len(names) == 1:
                continue
            key = (owner or "", row.insurance, row.period.year)
            if key not in told:
                _judge_owner(b, name, row, key, units)
            told.add(key)


def _unit_parents(scheme: Scheme, table: str) -> tuple[str, ...]:
    """The kinds of units rows belong to; of months that stand in a quarter, those the quarter belongs to."""
    found: list[str] = []
    for parent in scheme.tables[table].parents:
        within = scheme.tables[parent].grain in {"month", "quarter", "half"}
        found.extend(_unit_parents(scheme, parent) if within else (parent,))
    return tuple(dict.fromkeys(found))


_Owner = tuple[str, str | None, int]


def _judge_owner(b: _Binding, name: str, row: DataRow, key: _Owner, units: Mapping[_Owner, list[DataRow]]) -> None:
    """Tell of a child row whose unit is not in the data, not in that year, or stands in two tables at once."""
    owner, insurance, year = key
    parents = _unit_parents(b.scheme, name)
    about = {"unit": owner or "—", "period": str(year), "insurance": insurance or "—"}
    years = {y for _, _, y in units}
    names = sorted({unit for unit, _, _ in units})
    if owner not in names:
        listed = any(owner in b.scheme.rosters.get(p, ()) for p in parents)
        # A table of which something could not be read may hold the unit.
        if not has_errors(b.raw.findings):
            code = "D082" if year not in years else "D083" if listed else "D081"
            b.tell(code, row.place, **about, **({} if listed else nearest(owner, names)))
    elif len(found := units.get(key, [])) > 1 and len({r.table for r in found}) > 1:
        b.tell("D079", found[1].place, **about, other=_where(found[0].place))
    elif not found and not _looked_back(b.scheme, name) and (year in years or b.scheme.tables[name].grain != "year"):
        b.tell("D083", row.place, **about)


def _looked_back(scheme: Scheme, table: str) -> bool:
    """Whether a rule reads rows of a kind in years before its own (前3年), in which the unit need not stand in the data."""
    values = (f.default for f in scheme.figures.values() if not isinstance(f.default, c.NoFigure))
    return any(isinstance(n, c.History) and n.table == table for value in values for n in c.walk(value))


def _force(b: _Binding, years: tuple[int, ...]) -> None:
    """A year of which no day is in force is an error; one partly in force is noted."""
    start, end = b.scheme.start, b.scheme.end
    for year in years:
        first, last = date(year, 1, 1), date(year, 12, 31)
        place = next(
            (
                r.places.get("年度", r.place)
                for rows in b.rows.values()
                for r in rows
                if r.period.year == year and COUNTY in (*b.scheme.tables[r.table].parents, r.table)
            ),
            None,
        )
        if (start is not None and last < start) or (end is not None and first > end):
            b.tell("D084", place, year=year, start=str(start or "—"), end=str(end or "—"))
        elif (start is not None and first < start) or (end is not None and last > end):
            b.tell("D085", place, year=year, start=str(start or "—"), end=str(end or "—"))


def _assumptions(b: _Binding, given: Iterable[Assumption], extra: Mapping[str, Cell]) -> dict[str, Assumption]:
    """Assumptions as the rule file declares what they stand for; the data's give way to scenarios', these to ``extra``."""
    found: dict[str, Assumption] = {}
    cells: dict[str, Cell] = {}
    for key, cell in b.raw.assumptions.items():
        name = b.words.get(key, key)
        if name in cells:
            b.tell("D018", cell.place, name=key, line=_where(cells[name].place))
        cells.setdefault(name, cell)
        _assume(b, found, key, cell, "data")
    for assumption in given:
        if assumption.name in found and found[assumption.name].value != assumption.value:
            b.tell("D090", None, name=assumption.name, source=assumption.source)
        found[assumption.name] = assumption
    for key, cell in extra.items():
        _assume(b, found, key, cell, "command")
    declared = dict.fromkeys([*b.scheme.parameters, *(name for _, name in b.scheme.inputs)])
    return {name: found[name] for name in declared if name in found}


def _assume(b: _Binding, found: dict[str, Assumption], key: str, cell: Cell, source: str) -> None:
    wrong: list[Finding] = []
    assumption = parse_assumption(b.scheme, key, cell, source, wrong)
    for finding in wrong:
        b.tell(finding.code, cell.place, **finding.values)
    if assumption is not None:
        found[assumption.name] = assumption


def parse_assumption(scheme: Scheme, key: str, cell: Cell, source: str, findings: list[Finding]) -> Assumption | None:
    """A value given for a parameter or datum; None where it is blank or wrong (told in ``findings``)."""
    name = _words(scheme).get(key, key)
    parameter = scheme.parameters.get(name)
    data = [i for (_, n), i in scheme.inputs.items() if n == name]
    if parameter is None and not data:
        known = [*scheme.parameters, *(scheme.labels.id(p) for p in scheme.parameters)]
        known += sorted({n for _, n in scheme.inputs})
        findings.append(Finding("D091", cell.place, {"name": _short(key), **nearest(key, known)}))
        return None
    if not cell.text:
        return None
    if parameter is not None and parameter.state == "not_applicable":
        findings.append(Finding("D092", cell.place, {"name": name}))
        return None
    kind, limits = (parameter.kind, parameter.range) if parameter else (data[0].kind, data[0].range)
    value = parse_value(cell.text, kind)
    about = {
        "name": name,
        "text": _short(cell.text),
        "kind": kind.words,
        "options": "、".join(kind.options),
        "unit": "",
    }
    if isinstance(value, Wrong):
        findings.append(Finding(value.code, cell.place, about))
        return None
    if kind.is_number and not isinstance(value, str | date) and not limits.holds(value):
        findings.append(Finding("D060", cell.place, {**about, "range": range_text(limits, kind)}))
        return None
    return Assumption(name, value, source)


def _digest(raw: RawData) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(raw.files):
        digest.update(name.encode())
        digest.update(b"\0")
        digest.update(hashlib.sha256(data).digest())
    return "sha256:" + digest.hexdigest()


def _short(value: object) -> object:
    """A text as a finding shows it: the beginning of what is long."""
    return f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > 2 * _SHOWN else value


_SHOWN = 60


def _spot(place: Place) -> object:
    """The row a place lies in."""
    return (place.file, place.sheet, place.row)
