"""The sheets of a data template: what a scheme takes, kind by kind, with its words, units, clauses and ranges."""

from collections.abc import Iterator
from dataclasses import field

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Input, Scheme
from engine.nouns.numbers import Number
from engine.nouns.printed import spoken
from grammar.diagnostic import Language
from grammar.frozen import dataclass

COUNTY = "县"
_KEY_IDS = {
    "名称": "name", "年度": "year", "险种": "insurance", "单位": "unit", "月份": "month", "季度": "quarter", "半年": "half",
}  # fmt: skip
_GRAINS = {"month": "月份", "quarter": "季度", "half": "半年"}
_OWN = ("起始日期", "终止日期")


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """A column of a template: its header, whether it is due, its note, and what its cells may hold."""

    header: str
    due: bool
    note: str
    kind: k.Kind = k.TEXT
    choices: tuple[str, ...] = ()
    free: bool = False
    low: Number | None = None
    high: Number | None = None


@dataclass(frozen=True, slots=True)
class SheetForm:
    """A sheet of a template: its columns, what stands in it from the start, a sentence on what it is."""

    name: str
    about: str
    columns: tuple[ColumnForm, ...]
    rows: tuple[tuple[str, ...], ...] = field(default=())


def kind_sheets(scheme: Scheme, language: Language, without: frozenset[str] = frozenset()) -> list[SheetForm]:
    """A sheet for every kind of rows the scheme takes data of, units first."""
    return [
        _kind_sheet(scheme, kind, language)
        for kind in sorted(kinds_taken(scheme), key=lambda kind: (not _is_unit(scheme, kind), kind != COUNTY))
        if kind not in without
    ]


def kinds_taken(scheme: Scheme) -> list[str]:
    """The kinds of rows a scheme takes data of: units it works out figures for, and child rows its rules read."""
    worked, read = {table for table, _ in scheme.figures}, {table for table, _ in columns_read(scheme)}
    given = {table for table, _ in scheme.inputs}
    return [
        kind
        for kind in scheme.tables
        if kind in given and (kind in read or (kind in worked and _is_unit(scheme, kind)))
    ]


def columns_read(scheme: Scheme) -> set[tuple[str, str]]:
    """The columns of kinds of rows that rules read, by kind."""
    found = {(table, "资金用途") for use in scheme.uses for table in use.spending}
    found |= {(table, "用款金额") for use in scheme.uses for table in use.spending}
    found |= {(k.source, name) for k in scheme.links.values() for name in (*k.keys, k.start, k.end)}
    for table, node in _nodes(scheme):
        match node:
            case c.Read(column=column) | c.Given(column=column) | c.AsGiven(column=column) | c.Before(column=column):
                found.add((table, column))
            case c.Gather(tables=tables, column=column, where=where):
                found |= {(below, column) for below in tables}
                if where is not None:
                    columns = {n.column for n in c.walk(where) if isinstance(n, c.Read)}
                    found |= {(below, column) for below in tables for column in columns}
            case c.History(table=below, column=column):
                found.add((below or table, column))
            case _:
                pass
    return found


def assumed(scheme: Scheme) -> list[c.Parameter]:
    """The parameters for which the document gives no value of its own."""
    return [p for p in scheme.parameters.values() if p.state in {"open", "referred"}]


def parameter_note(parameter: c.Parameter, language: Language) -> str:
    """What a parameter is: its state, clause, range and what stands for it where it is left blank."""
    zh = language == "zh"
    referred = parameter.referred or ""
    state = {"open": ("文件没有写", "not in the document"), "referred": (f"见 {referred}", f"see {referred}")}.get(
        parameter.state, ("文件有规定", "stated")
    )[0 if zh else 1]
    parts = [parameter.kind.words.say(language), state, *_limits(parameter.kind, parameter.range, zh)]
    if parameter.clauses:
        parts.append(("依据 " if zh else "per ") + "、".join(parameter.clauses))
    if parameter.assumed is not None:
        value = spoken(parameter.assumed, parameter.kind)
        parts.append(f"不填按 {value}，作为假设" if zh else f"left blank it is assumed to be {value}")
    elif parameter.left_out:
        parts.append("不填则暂不计" if zh else "left blank it is left out")
    else:
        parts.append("不填则用到它的数未定" if zh else "left blank, what rests on it stays open")
    return ("；" if zh else "; ").join(parts)


def _nodes(scheme: Scheme) -> Iterator[tuple[str, c.Core]]:
    """Every expression of the scheme with the kind of rows it stands on."""
    for (table, _), figure in scheme.figures.items():
        values = [figure.default, *(v for b in figure.exceptions for v in (b.condition, b.value))]
        tests = figure.gate.tests if figure.gate is not None else ()
        for value in (*values, *(test.condition for test in tests)):
            if not isinstance(value, c.NoFigure):
                yield from ((table, node) for node in c.walk(value))
    for allocation in scheme.allocations:
        yield from ((allocation.table, node) for node in c.walk(allocation.whole))
        for receivers in (allocation.weight, allocation.each):
            yield from ((table, node) for table, value in receivers.items() for node in c.walk(value))
    for limit in scheme.limits:
        yield from ((limit.table, node) for node in c.walk(limit.condition))
    for link in scheme.links.values():
        yield from ((link.source, node) for root in (link.bound, *link.unless) for node in c.walk(root))


def _is_unit(scheme: Scheme, kind: str) -> bool:
    return kind == COUNTY or scheme.tables[kind].parents == (COUNTY,)


def _kind_sheet(scheme: Scheme, kind: str, language: Language) -> SheetForm:
    zh, labels = language == "zh", scheme.labels
    read = columns_read(scheme)
    data = [d for (table, name), d in scheme.inputs.items() if table == kind and (d.clauses or (kind, name) in read)]
    if scheme.tables[kind].grain != "row" and not _is_unit(scheme, kind):
        data = [d for (table, _), d in scheme.inputs.items() if table == kind]
    columns = [
        *_keys(scheme, kind, data, zh),
        *(_column(scheme, d, language) for d in data),
        *_evidence(scheme, kind, zh),
    ]
    words = labels.here(kind) if zh else labels.words(kind)
    about = _about(scheme, kind, words, zh)
    return SheetForm(labels.here(kind) if zh else labels.id(kind), about, tuple(columns))


def _about(scheme: Scheme, kind: str, words: str, zh: bool) -> str:
    each = "，每个险种一行" if scheme.separate and len(scheme.insurances) > 1 else ""
    each_en = " and insurance type" if each else ""
    if kind == COUNTY:
        return (
            f"全县的数，每年{each.removeprefix('，') or '一行'}" if zh else f"the county, a row for each year{each_en}"
        )
    if _is_unit(scheme, kind):
        return (
            f"{words}：每家每年{each.removeprefix('，') or '一行'}" if zh else f"{words}: a row for each year{each_en}"
        )
    grain = scheme.tables[kind].grain
    if grain == "row":
        return f"{words}：一笔一行" if zh else f"{words}: a row for each"
    if grain != "year":
        return (
            f"{words}：每家每{_GRAINS[grain].removesuffix('份')}{each or '一行'}"
            if zh
            else f"{words}: a row for each {grain}{each_en}"
        )
    return f"{words}：每家一行" if zh else f"{words}: a row for each"


def _keys(scheme: Scheme, kind: str, data: list[Input], zh: bool) -> Iterator[ColumnForm]:
    """The columns that say whose a row is and when."""
    table = scheme.tables[kind]
    dated = any(d.name in _OWN for d in data)
    units = tuple(dict.fromkeys(name for p in table.parents for name in scheme.rosters.get(p, ())))
    if kind != COUNTY and (_is_unit(scheme, kind) or dated):
        note = "单位的名称，各表写法要一样" if zh else "the unit's name, the same in every sheet"
        yield _key("名称", zh, due=True, note=note, choices=scheme.rosters.get(kind, ()))
    if kind != COUNTY and not _is_unit(scheme, kind):
        if dated:
            parent = table.parents[0]
            header = f"所属{scheme.labels.here(parent)}" if zh else scheme.labels.id(parent)
            yield ColumnForm(header, True, "属于哪一家" if zh else "whose it is", choices=units, free=True)
        else:
            yield _key("单位", zh, due=True, note="哪一家的" if zh else "whose the row is", choices=units)
    if table.grain in _GRAINS:
        note = (
            "写作 2026-01" if table.grain == "month" else "写作 2026Q1" if table.grain == "quarter" else "写作 2026H1"
        )
        yield _key(_GRAINS[table.grain], zh, due=True, note=note if zh else note.replace("写作", "such as"))
    elif not dated:
        blank = "“案”里填了年度的可以不填" if zh else "may be left out where the sheet case gives it"
        yield _key("年度", zh, due=table.grain == "year" and not _is_unit(scheme, kind), note=blank, kind=k.NUMBER)
    if (
        scheme.separate
        and len(scheme.insurances) > 1
        and not (dated and all(d.all_insurances or d.name in (*_OWN, "是否牵头") for d in data))
    ):
        names = scheme.insurances if zh else tuple(scheme.labels.id(name) for name in scheme.insurances)
        yield ColumnForm(
            "险种" if zh else "insurance", True, "哪一个险种" if zh else "the insurance type", choices=names
        )


def _key(
    name: str, zh: bool, *, due: bool, note: str, kind: k.Kind = k.TEXT, choices: tuple[str, ...] = ()
) -> ColumnForm:
    return ColumnForm(name if zh else _KEY_IDS[name], due, note, kind, choices, free=True)


def _column(scheme: Scheme, datum: Input, language: Language) -> ColumnForm:
    zh, labels = language == "zh", scheme.labels
    name = labels.here(datum.name) if zh else labels.id(datum.name, datum.table)
    unit = datum.kind.unit if datum.kind.per is None and datum.kind.base is not k.Base.POINTS else None
    need, due = _need(scheme, datum, zh)
    parts = [
        datum.kind.words.say(language) if datum.kind.base is not k.Base.CHOICE else ("选一项" if zh else "a choice")
    ]
    if datum.clauses:
        parts.append(("依据 " if zh else "per ") + "、".join(datum.clauses))
    parts += _limits(datum.kind, datum.range, zh)
    parts.append(need)
    if datum.evidence is not None:
        parts.append(f"填“是”的要写“{datum.evidence}”" if zh else f"where it is yes, `{datum.evidence}` is due")
    if not zh:
        parts.insert(0, labels.words(datum.name, datum.table))
    choices = datum.kind.options if zh else tuple(labels.id(option) for option in datum.kind.options)
    if datum.kind.base is k.Base.YES_NO:
        choices = ("是", "否") if zh else ("yes", "no")
    header = f"{name}({unit})" if unit else name
    return ColumnForm(
        header, due, ("；" if zh else "; ").join(parts), datum.kind, choices, False, datum.range.low, datum.range.high
    )


def _need(scheme: Scheme, datum: Input, zh: bool) -> tuple[str, bool]:
    """What comes of leaving a datum blank, and whether it is due."""
    figure = scheme.figures.get((datum.table, datum.name))
    if datum.name in _OWN:
        return ("一直是的不填" if zh else "left blank where it has always been so"), False
    if not datum.clauses and (datum.table, datum.name) not in columns_read(scheme):
        return ("规则没有用到，可以不填" if zh else "no rule reads it, so it may be left blank"), False
    if datum.event:
        return ("没有发生的不填，按“否”" if zh else "left blank where it did not happen"), False
    if datum.default is not None:
        value = spoken(datum.default, datum.kind)
        return (f"不填按 {value}" if zh else f"left blank it is {value}"), False
    if datum.left_out:
        return ("不填则暂不计" if zh else "left blank it is left out"), False
    if figure is not None and figure.when_blank:
        return ("不填则由规则算出" if zh else "left blank it is worked out by the rules"), False
    if any(isinstance(n, c.Given) and (t, n.column) == (datum.table, datum.name) for t, n in _nodes(scheme)):
        return ("没有就不填" if zh else "left blank where there is none"), False
    return ("应填；不填则用到它的数未定" if zh else "due; left blank, what rests on it stays open"), True


def _limits(kind: k.Kind, limits: c.Range, zh: bool) -> list[str]:
    """The range of a value in words."""
    low, high = (None if end is None else spoken(end, kind) for end in (limits.low, limits.high))
    if not kind.is_number or (low is None and high is None):
        return []
    if low is not None and high is not None:
        return [f"范围 {low} 至 {high}" if zh else f"range {low} to {high}"]
    words = (
        f"{'>' if limits.open_low else '≥'} {low}" if low is not None else f"{'<' if limits.open_high else '≤'} {high}"
    )
    return [f"范围 {words}" if zh else f"range {words}"]


def _evidence(scheme: Scheme, kind: str, zh: bool) -> list[ColumnForm]:
    """Columns for documents that events and gates ask for."""
    names = [d.evidence for (table, _), d in scheme.inputs.items() if table == kind and d.evidence is not None]
    for (table, _), figure in scheme.figures.items():
        if table == kind and figure.gate is not None:
            names += [test.evidence for test in figure.gate.tests if test.evidence is not None]
    note = "写文号" if zh else "the document's number"
    return [ColumnForm(name, False, note) for name in dict.fromkeys(names)]
