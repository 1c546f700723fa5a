"""A settlement as a workbook: the year-end table, a sheet for each kind, what is open or assumed, what was checked."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

from engine.doors.xlsx_sheet import Sheet
from engine.doors.xlsx_table import write_year_end
from engine.nouns.kinds import Kind
from engine.nouns.printed import ends_text, plain, spoken
from engine.nouns.settlement import FigureResult, Settlement
from grammar.diagnostic import Finding, Language, Words, place_words

# No text becomes a formula, a link or a number; and a workbook says nothing of the hour it was made in.
BOOK_OPTIONS = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": False,
}
MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - the format has no time zones
_STATES = {
    "stated": Words("明确", "stated"),
    "assumed": Words("假设", "assumed"),
    "open": Words("未定", "open"),
}
_SEVERITIES = {"error": Words("错误", "error"), "warning": Words("警告", "warning"), "note": Words("说明", "note")}
_SOURCES = {
    "data": Words("数据文件给出", "given in the data"),
    "command": Words("命令行给出", "given on the command line"),
    "rules": Words("规则文件记载的假设", "recorded in the rule file"),
}


def settlement_book(settlement: Settlement, language: Language) -> bytes:
    """The workbook of a settlement; the same settlement gives the same bytes."""
    target = io.BytesIO()
    workbook: Any = import_module("xlsxwriter").Workbook(target, BOOK_OPTIONS)
    workbook.set_properties({"title": settlement.scheme.title, "created": MADE})
    workbook.set_calc_mode("auto")
    names = _Names()
    title = Words("年终清算表", "Year-end settlement").say(language)
    write_year_end(Sheet(workbook, names.free(title), language), settlement)
    kinds: dict[str, list[FigureResult]] = {}
    for result in settlement.figures:
        kinds.setdefault(result.row.table, []).append(result)
    for kind, results in kinds.items():
        labels = settlement.scheme.labels
        name = labels.here(kind) if language == "zh" else labels.words(kind)
        _kind_sheet(Sheet(workbook, names.free(name), language), settlement, results)
    _open_sheet(
        Sheet(workbook, names.free(Words("未规定事项与假设值", "Open and assumed").say(language)), language), settlement
    )
    _checks_sheet(
        Sheet(workbook, names.free(Words("检查与提示", "Checks and notes").say(language)), language), settlement
    )
    if settlement.differences:
        name = Words("另一种理解", "Other readings").say(language)
        _readings_sheet(Sheet(workbook, names.free(name), language), settlement)
    workbook.close()
    return target.getvalue()


class _Names:
    """Names of sheets that Excel takes: short, without certain signs, none twice."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def free(self, name: str) -> str:
        """The name, cut and numbered where it must be."""
        plain_name = re.sub(r"[\[\]:*?/\\']", "_", name)[:28] or "_"
        number, found = 1, plain_name
        while found.lower() in self.taken:
            number += 1
            found = f"{plain_name}{number}"
        self.taken.add(found.lower())
        return found


def _kind_sheet(sheet: Sheet, settlement: Settlement, results: Sequence[FigureResult]) -> None:
    """Every figure of a kind, a row each."""
    say = sheet.say
    heads = [
        (say("单位", "unit"), 26), (say("险种", "insurance"), 10), (say("期间", "period"), 10), (say("项目", "figure"), 24),
        (say("代号", "id"), 22), (say("数值", "value"), 18), (say("计量单位", "in"), 9), (say("状态", "state"), 8),
        (say("至少", "at least"), 18), (say("至多", "at most"), 18), (say("依据", "clauses"), 22), (say("还缺", "missing"), 28),
        (say("用到的假设", "assumptions"), 28), (say("用到的缺省值", "defaults"), 24),
    ]  # fmt: skip
    sheet.heading(heads)
    for row, result in enumerate(results, 1):
        value, state = result.value, result.value.state
        sheet.text(row, 0, result.row.unit)
        sheet.text(row, 1, _name(settlement, result.row.insurance or "", sheet.language))
        sheet.text(row, 2, str(result.row.period))
        sheet.text(row, 3, _figure(result, sheet.language))
        sheet.text(row, 4, result.id)
        if state == "open":
            sheet.text(row, 5, _STATES["open"].say(sheet.language), "right")
            for column, end in enumerate(ends_text(value.now, result.kind) or [], 8):
                if end is not None:
                    _number(sheet, row, column, end, result.kind)
        else:
            told = plain(value.now, result.kind)
            if isinstance(told, bool):
                sheet.text(row, 5, say("是", "yes") if told else say("否", "no"), "right")
            elif isinstance(told, str):
                _number(sheet, row, 5, told, result.kind)
        sheet.text(row, 6, _unit(result.kind, sheet.language))
        sheet.text(row, 7, _STATES[state].say(sheet.language))
        sheet.text(row, 10, _listed(result.citations, sheet.language))
        if state == "open":
            sheet.text(row, 11, _listed(_names(settlement, value.missing, sheet.language), sheet.language))
        if state == "assumed":
            sheet.text(row, 12, _listed(_names(settlement, value.assumed, sheet.language), sheet.language))
        sheet.text(row, 13, _listed(_names(settlement, value.defaults, sheet.language), sheet.language))
    sheet.filter(len(results), len(heads))


def _number(sheet: Sheet, row: int, column: int, text: str, kind: Kind) -> None:
    """A decimal as a number where Excel keeps all its digits, else as text."""
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        sheet.number(row, column, Decimal(text), "money" if kind.is_money else "plain")
    else:
        sheet.text(row, column, text, "right")


def _unit(kind: Kind, language: Language) -> str:
    unit = kind.unit or ""
    return (
        unit
        if language == "zh"
        else {"元": "yuan", "人": "heads", "人次": "visits", "床日": "bed days"}.get(unit, unit)
    )


def _figure(result: FigureResult, language: Language) -> str:
    labels = result.pipeline.scheme.labels
    return labels.here(result.name) if language == "zh" else labels.words(result.name, result.row.table)


def _name(settlement: Settlement, name: str, language: Language) -> str:
    labels = settlement.scheme.labels
    return labels.here(name) if language == "zh" else labels.words(name)


def _names(settlement: Settlement, names: Iterable[str], language: Language) -> list[str]:
    return [_name(settlement, name, language) for name in sorted(names)]


def _listed(names: Iterable[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(names)


def _open_sheet(sheet: Sheet, settlement: Settlement) -> None:
    """What the text or the data leaves open, and what was assumed."""
    say = sheet.say
    sheet.heading([
        (say("类别", "sort"), 22), (say("名称", "name"), 34), (say("依据", "clause"), 16), (say("取值", "value"), 18),
        (say("说明", "remark"), 50), (say("多少个数等它", "figures that wait"), 18),
    ])  # fmt: skip
    lines: list[tuple[str, str, str, str, str, int | None]] = []
    for item in settlement.open:
        parameter = settlement.scheme.parameters.get(item.name)
        if item.sort == "data":
            sort, remark = say("数据没有给出", "not in the data"), ""
        elif parameter is not None and parameter.referred:
            sort, remark = (
                say("文件援引他处", "referred elsewhere"),
                say(f"见《{parameter.referred}》", parameter.referred),
            )
        else:
            sort, remark = say("文件未规定", "not regulated"), ""
        if item.waits == 0:
            remark = remark or say("效果暂不计", "its effect is left out")
        lines.append(
            (sort, _name(settlement, item.name, sheet.language), item.clause, say("未定", "open"), remark, item.waits)
        )
    for assumption in settlement.assumptions.values():
        source = _SOURCES.get(assumption.source, Words(assumption.source, assumption.source)).say(sheet.language)
        value = spoken(assumption.value, _kind(settlement, assumption.name))
        sort = say("假设值（不是文件规定）", "assumed (not the document's)")
        lines.append(
            (sort, _name(settlement, assumption.name, sheet.language), "", _english(value, sheet), source, None)
        )
    for row, line in enumerate(lines, 1):
        for column, text in enumerate(line[:5]):
            sheet.text(row, column, str(text), "wrap" if column == 4 else "")  # noqa: PLR2004 - the remark
        if line[5] is not None:
            sheet.number(row, 5, Decimal(line[5]), "plain")
    if not lines:
        sheet.text(1, 0, say("（无）", "(none)"))


def _english(text: str, sheet: Sheet) -> str:
    if sheet.language == "zh":
        return text
    return (
        text.replace(" 元", " yuan").replace("是", "yes").replace("否", "no").replace(" 个百分点", " percentage points")
    )


def _kind(settlement: Settlement, name: str) -> Kind:
    parameter = settlement.scheme.parameters.get(name)
    if parameter is not None:
        return parameter.kind
    return next(i.kind for (_, n), i in settlement.scheme.inputs.items() if n == name)


def _checks_sheet(sheet: Sheet, settlement: Settlement) -> None:
    """How many identities hold, every warning and note with its place, and the digests of the run."""
    say, tally = sheet.say, settlement.tally
    sheet.heading([
        (say("类别", "sort"), 12), (say("编号", "code"), 10), (say("内容", "what"), 70), (say("怎样改", "how to mend"), 60),
        (say("在哪里", "where"), 40),
    ])  # fmt: skip
    lines: list[tuple[str, str, str, str, str]] = [
        (
            say("校核", "identities"),
            "",
            say(
                f"校核 {tally.identities} 项，全部成立；{tally.waiting} 项因有未定的数暂不能核",
                f"{tally.identities} identities checked, all hold; {tally.waiting} wait for open figures",
            ),
            "",
            "",
        )
    ]
    lines += [_finding(finding, sheet.language) for finding in settlement.warnings]
    parts = {
        "rules": Words("规则", "rules"), "data": Words("数据", "data"), "engine": Words("引擎", "engine"),
        "figures": Words("数字", "figures"), "assumptions": Words("假设", "assumptions"),
    }  # fmt: skip
    for part, digest in settlement.receipt.items():
        lines.append(
            (say("回执", "receipt"), "", f"{parts.get(part, Words(part, part)).say(sheet.language)} {digest}", "", "")
        )
    for row, line in enumerate(lines, 1):
        for column, text in enumerate(line):
            sheet.text(row, column, text, "wrap")


def _finding(finding: Finding, language: Language) -> tuple[str, str, str, str, str]:
    severity = _SEVERITIES[finding.severity].say(language)
    return (
        severity,
        finding.code,
        finding.message(language),
        finding.hint(language),
        place_words(finding.where, language),
    )


def _readings_sheet(sheet: Sheet, settlement: Settlement) -> None:
    """The figures that another reading of the text would change."""
    say = sheet.say
    sheet.heading([
        (say("另一种理解", "reading"), 28), (say("单位", "unit"), 26), (say("险种", "insurance"), 10),
        (say("期间", "period"), 10), (say("项目", "figure"), 24), (say("数值", "value"), 20), (say("改为", "would be"), 20),
    ])  # fmt: skip
    for row, difference in enumerate(settlement.differences, 1):
        result, other = difference.result, difference.other
        sheet.text(row, 0, _name(settlement, difference.reading, sheet.language))
        sheet.text(row, 1, result.row.unit)
        sheet.text(row, 2, _name(settlement, result.row.insurance or "", sheet.language))
        sheet.text(row, 3, str(result.row.period))
        sheet.text(row, 4, _figure(result, sheet.language))
        for column, one in ((5, result), (6, other)):
            told = plain(one.value.now, one.kind) if one is not None and one.value.state != "open" else None
            if isinstance(told, str) and one is not None:
                _number(sheet, row, column, told, one.kind)
            elif isinstance(told, bool):
                sheet.text(row, column, say("是", "yes") if told else say("否", "no"), "right")
            else:
                sheet.text(row, column, "—" if one is None else say("未定", "open"), "right")
