"""The bureau's own sheets in a data template: only those that a scheme has a use for, with what becomes of each column."""

from engine.doors.template_form import ColumnForm, SheetForm, columns_read
from engine.load.bureau_layout import Column, Layout, Sheet, first_input, target
from engine.load.bureau_rows import kind_named
from engine.nouns import kinds as k
from engine.nouns.core import Scheme
from engine.nouns.printed import spoken
from grammar.diagnostic import Language

_STATES = {"stated": "明确规定", "referred": "援引", "open": "未规定", "not_applicable": "不适用"}
_IDENTIFYING = {"year", "month", "insurance", "code", "name", "object", "event", "parameter", "state"}
_NOTES = {
    "code": ("机构编码，按文字填，不要丢了前面的 0", "the institution's code, as text, with its leading zeros"),
    "name": ("机构名称；改过名的写两行，各填起止日期", "its name; where it was renamed, two rows with their dates"),
    "type": ("诊所、药店归到资金池", "clinics and pharmacies go to the pools"),
    "alliance": ("不属于医共体的空着", "blank where it belongs to none"),
    "start": ("一直是的空着", "blank where it has always been so"),
    "end": ("现在还是的空着", "blank where it still is"),
    "category": ("DIP、非DIP 等；合计行只用来核对", "DIP or others; a total row is only checked"),
    "object": ("机构编码，或机构、医共体的名称", "a code, or the name of an institution or alliance"),
    "indicator": ("各项指标各一行，或只填一行总分", "a row for each indicator, or one row with the total"),
    "weight": ("各项合计 100%；只有一行总分的空着", "100% in all; blank beside a single total"),
    "points": ("百分制", "out of 100"),
    "amount": ("记金额的类型才填", "for the types that are amounts"),
    "evidence": ("认定文件的文号", "the number of the document"),
    "month": ("写作 2026-03", "such as 2026-03"),
    "parameter": ("参数的名称", "the parameter's name"),
    "value": ("测算用的值；文件没有写又不测算的空着", "a trial value; blank where there is none"),
    "state": ("测算用的值写“假设”", "假设 (assumed) for a trial value"),
}


def bureau_sheets(scheme: Scheme, layout: Layout, language: Language) -> list[SheetForm]:
    """The bureau's sheets of use under a scheme."""
    return [_sheet(scheme, layout, sheet, language) for sheet in layout.sheets if _is_useful(scheme, layout, sheet)]


def replaced_kinds(scheme: Scheme, layout: Layout) -> frozenset[str]:
    """The kinds of rows whose data a bureau's sheets bring."""
    sorts = {sheet.sort for sheet in layout.sheets if _is_useful(scheme, layout, sheet)}
    roles = {"months": "month", "history": "history", "roster": "member"}
    return frozenset(layout.kinds[role] for sort, role in roles.items() if sort in sorts)


def _is_useful(scheme: Scheme, layout: Layout, sheet: Sheet) -> bool:
    read = {table for table, _ in columns_read(scheme)}
    kinds = layout.kinds.values()
    match sheet.sort:
        case "roster" | "parameters":
            return True
        case "months" | "history":
            return layout.kinds["month" if sheet.sort == "months" else "history"] in read
        case "county":
            return any(_target(scheme, layout, column) for column in sheet.columns)
        case "events":
            return any(first_input(scheme, kind, event.to) for event in layout.events for kind in kinds)
        case "shares":
            return any(first_input(scheme, kind, share.to) for share in layout.shares for kind in kinds)
        case _:
            return any(first_input(scheme, kind, column.to) for column in sheet.columns for kind in kinds)


def _sheet(scheme: Scheme, layout: Layout, sheet: Sheet, language: Language) -> SheetForm:
    zh = language == "zh"
    columns = tuple(_column(scheme, layout, column, language) for column in sheet.columns)
    about = f"经办机构的{sheet.name}表" if zh else f"the bureau's sheet of {sheet.en}"
    rows: tuple[tuple[str, ...], ...] = ()
    if sheet.sort == "parameters":
        rows = tuple(
            (p.name if zh else scheme.labels.id(p.name), spoken(p.entries[0].value, p.kind).replace(" ", "").replace(",", "")
             if p.state == "stated" else "", _STATES[p.state], "、".join(p.clauses))
            for p in scheme.parameters.values()
        )  # fmt: skip
    return SheetForm(sheet.name if zh else sheet.id, about, columns, rows)


def _column(scheme: Scheme, layout: Layout, column: Column, language: Language) -> ColumnForm:
    zh = language == "zh"
    kind = kind_named(column.kind) if column.role != "year" else k.NUMBER
    header = column.name if zh else column.id
    if kind.is_money or column.role == "amount":
        header = f"{header}(元)"
    found = _target(scheme, layout, column)
    note = _NOTES[column.role][0 if zh else 1] if column.role in _NOTES else ""
    shares = [s for s in layout.shares if column.name in {s.part, s.whole} and any(
        first_input(scheme, kind_, s.to) for kind_ in layout.kinds.values())]  # fmt: skip
    if found:
        use = f"归到“{found}”" if zh else f"becomes `{scheme.labels.id(found)}`"
        note = "；".join(filter(None, (note, use)))
    elif shares:
        names = "、".join(name for share in shares for name in share.to)
        note = f"用来算“{names}”" if zh else f"for `{names}`"
    elif column.role is None:
        note = "本方案用不到" if zh else "no use under this scheme"
    return ColumnForm(header, column.needed, note or header, kind, _choices(scheme, layout, column, zh), True)


def _choices(scheme: Scheme, layout: Layout, column: Column, zh: bool) -> tuple[str, ...]:
    kinds = layout.kinds.values()
    match column.role:
        case "insurance":
            return scheme.insurances or ("职工", "居民")
        case "lead":
            return ("是", "否") if zh else ("yes", "no")
        case "event":
            return tuple(e.name for e in layout.events if any(first_input(scheme, kind, e.to) for kind in kinds))
        case "state":
            return ("假设", *_STATES.values())
        case _:
            return ()


def _target(scheme: Scheme, layout: Layout, column: Column) -> str | None:
    """The input a column becomes under the scheme, whichever kind of rows and insurance type it is for."""
    if column.role in _IDENTIFYING or not (column.to or column.to_of):
        return None
    insurances = (None, "职工", "居民")
    found = (target(scheme, kind, column, i) for kind in layout.kinds.values() for i in insurances)
    return next((name for name in found if name is not None), None)
