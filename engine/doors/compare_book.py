"""A comparison as a workbook: the matrix, the results, the differences step by step, and the curves with a chart of their own."""

import io
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any

from engine.api import SideBySide
from engine.compare.curve import HIGH, LOW
from engine.doors.compare_form import (
    FIGURE_IDS,
    SHOWN,
    STATES,
    conservation_lines,
    figure_words,
    frame_rows,
    mapped_lines,
    open_words,
    outside_lines,
    results_by_unit,
    topic_names,
    topic_words,
    total_rows,
    unlike_bases,
)
from engine.doors.curve_form import TITLE, labels_of, told_in_words, unit_words
from engine.doors.xlsx_form import BOOK_OPTIONS, MADE
from engine.doors.xlsx_sheet import Sheet
from engine.nouns.numbers import decimal_text, money_text
from engine.nouns.possible import is_point
from grammar.diagnostic import Language, Words

_SHEETS = {
    "matrix": Words("规则对照", "Rules"),
    "open": Words("未规定项目", "Not stated"),
    "frame": Words("对照框架", "Frame"),
    "results": Words("结果", "Results"),
    "differences": Words("差在哪里", "Differences"),
    "curves": Words("曲线", "Curves"),
    "points": Words("曲线数据", "Curve data"),
}
_DASHES = ("solid", "dash", "round_dot", "dash_dot", "square_dot", "long_dash", "long_dash_dot", "long_dash_dot_dot")
_MARKS = ("circle", "square", "triangle", "diamond", "x", "plus", "star", "short_dash")


def comparison_book(told: SideBySide, language: Language) -> bytes:
    """The workbook; the same comparison gives the same bytes."""
    target = io.BytesIO()
    workbook: Any = import_module("xlsxwriter").Workbook(target, BOOK_OPTIONS)
    workbook.set_properties({"title": Words("方案比较", "Schemes side by side").say(language), "created": MADE})

    def sheet(name: str) -> Sheet:
        return Sheet(workbook, _SHEETS[name].say(language), language)

    _matrix(sheet("matrix"), told)
    _open(sheet("open"), told)
    if told.frame is not None:
        _frame(sheet("frame"), told)
    if told.settlements or told.refused:
        _results(sheet("results"), told)
    if told.attributions:
        _differences(sheet("differences"), told)
    if told.curves:
        first = sheet("curves")
        ends = _points(sheet("points"), told)
        _curves(first, told, workbook, ends)
    workbook.close()
    return target.getvalue()


def _matrix(sheet: Sheet, told: SideBySide) -> None:
    """A row for each topic and scheme, so that it can be filtered."""
    say = sheet.say
    heads = [
        (say("项目", "topic"), 20), (say("方案", "scheme"), 14), (say("状态", "state"), 12), (say("规定", "rule"), 60),
        (say("说明", "in our words"), 60), (say("依据", "clauses"), 26), (say("各方案相同", "all alike"), 12), (say("文件", "document"), 30),
    ]  # fmt: skip
    sheet.heading(heads)
    schemes = {scheme.id: scheme for scheme in (policy.scheme() for policy in told.policies)}
    row = 0
    for topic, cells in told.matrix:
        same = len({(cell.state, cell.value) for cell in cells}) == 1
        for cell in cells:
            row += 1
            draft = "征求意见" in schemes[cell.scheme].document
            texts = (
                topic.words.say(sheet.language), cell.scheme, STATES[cell.state].say(sheet.language), cell.value, cell.text,
                "、".join(cell.citations), say("是", "yes") if same else say("否", "no"),
                say(schemes[cell.scheme].document, "a draft for comment" if draft else schemes[cell.scheme].document),
            )  # fmt: skip
            for column, text in enumerate(texts):
                sheet.text(row, column, text, "wrap")
    sheet.filter(row, len(heads))


def _open(sheet: Sheet, told: SideBySide) -> None:
    sheet.heading([(sheet.say("方案", "scheme"), 14), (sheet.say("没有规定或援引他处", "not stated or referred"), 40)])
    row = 0
    for policy in told.policies:
        for item in open_words(told, policy.scheme(), sheet.language):
            row += 1
            sheet.text(row, 0, policy.scheme().id)
            sheet.text(row, 1, item)
    for name, base in unlike_bases(told).items():
        row += 1
        sheet.text(row, 0, name)
        sheet.text(
            row, 1, sheet.say(f"预算口径不同，不能直接比高低：{base}", f"unlike bases, not to be ranked: {base}")
        )


def _frame(sheet: Sheet, told: SideBySide) -> None:
    """A row for each topic of each scheme that the frame or the scheme speaks of."""
    say = sheet.say
    heads = [
        (say("方案", "scheme"), 14), (say("关系", "relation"), 12), (say("项目", "topic"), 20),
        (say(f"框架 {told.frame}", f"frame {told.frame}"), 50), (say("方案自己", "the scheme's own"), 50),
    ]  # fmt: skip
    sheet.heading(heads)
    rows = frame_rows(told, sheet.language)
    for row, each in enumerate(rows, start=1):
        for column, text in enumerate(each.values()):
            sheet.text(row, column, text, "wrap")
    sheet.filter(len(rows), len(heads))


def _results(sheet: Sheet, told: SideBySide) -> None:
    """A row for each unit and figure, a column for each scheme."""
    say = sheet.say
    schemes = list(told.settlements)
    heads = [
        (say("单位", "unit"), 28),
        (say("险种", "insurance"), 10),
        (say("年度", "year"), 8),
        (say("数", "figure"), 22),
    ]
    heads += [(name, 20) for name in schemes]
    sheet.heading(heads)
    row = 0
    for who, results in results_by_unit(told).items():
        for identifier in SHOWN:
            known = next((r for (_, i), r in results.items() if i == identifier), None)
            if known is None:
                continue
            row += 1
            for column, text in enumerate((*who, figure_words(known, sheet.language))):
                sheet.text(row, column, text or "")
            for column, scheme in enumerate(schemes, 4):
                result = results.get((scheme, identifier))
                now = result.value.now if result is not None else None
                if result is None:
                    sheet.text(row, column, "—", "right")
                elif isinstance(now, int) and not isinstance(now, bool) and is_point(now):
                    assumed = result.value.state == "assumed"
                    style = f"cell_assumed_{sheet.language}" if assumed else "cell_money"
                    sheet.number(row, column, Decimal(money_text(now)), style)
                else:
                    sheet.text(row, column, say("未定", "open"), "right")
    sheet.filter(row, len(heads))
    for period, name, said in total_rows(told, sheet.language):
        row += 1
        for column, text in enumerate((say("合计", "in all"), "", period, name, *said)):
            sheet.text(row, column, text, "right" if column >= len(heads) - len(schemes) else "")
    for line in (
        *conservation_lines(told, sheet.language),
        *mapped_lines(told, sheet.language),
        *outside_lines(told, sheet.language),
    ):
        row += 1
        sheet.text(row, 0, line)


def _differences(sheet: Sheet, told: SideBySide) -> None:
    """A row for each step, the total last."""
    say = sheet.say
    heads = [
        (say("单位", "unit"), 28), (say("险种", "insurance"), 10), (say("年度", "year"), 8), (say("数", "figure"), 20), (say("从", "from"), 12),
        (say("到", "to"), 12), (say("项目", "topic"), 20), (say("差额", "difference"), 18), (say("依据", "clauses"), 30),
    ]  # fmt: skip
    sheet.heading(heads)
    names = topic_names(told, sheet.language)
    row = 0
    for a in told.attributions:
        figure = a.figure if sheet.language == "zh" else FIGURE_IDS[a.figure]
        steps = [(topic_words(p, names), p.delta, "、".join(p.citations)) for p in a.parts]
        for topic, fen, cited in [*steps, (say("总差", "total"), a.total, "")] if steps else []:
            row += 1
            who = (a.row.unit, a.row.insurance or "", str(a.row.period), figure, a.source, a.target, topic)
            for column, text in enumerate(who):
                sheet.text(row, column, text)
            sheet.number(row, len(who), Decimal(money_text(fen)), "money")
            sheet.text(row, len(who) + 1, cited)
    sheet.filter(row, len(heads))


def _points(sheet: Sheet, told: SideBySide) -> list[tuple[str, int, int]]:
    """The ends of every straight part, a scheme below the other; where each scheme's rows begin and end."""
    say = sheet.say
    sheet.heading([
        (say("方案", "scheme"), 14), (say("清算总额÷预算", "cleared ÷ budget"), 18), (say("机构得失÷预算", "gain ÷ budget"), 18),
        (say("少花1元多得", "per yuan saved"), 16),
    ])  # fmt: skip
    ends, row = [], 0
    for curve in told.curves:
        start = row + 1
        before = None
        for segment in curve.segments:
            if segment.slope is None:
                continue
            if before is not None and (before.end, before.last) != (segment.start, segment.first):
                row += 1  # a blank row leaves a gap in the chart
            before = segment
            for x, y in ((segment.start, segment.first), (segment.end, segment.last)):
                row += 1
                sheet.text(row, 0, curve.scheme)
                for column, value in enumerate((x, y, -segment.slope), 1):
                    sheet.number(row, column, _decimal(value), "plain")
        if row >= start:
            ends.append((curve.scheme, start, row))
    return ends


def _curves(sheet: Sheet, told: SideBySide, workbook: Any, ends: Sequence[tuple[str, int, int]]) -> None:
    """The chart, and below it every line in words."""
    sheet.sheet.set_column(0, 0, 110)
    sheet.text(0, 0, TITLE.say(sheet.language))
    row = 1
    if ends:
        sheet.sheet.insert_chart(1, 0, _chart(sheet, workbook, ends), {"object_position": 2})
        row = 24
    for curve in told.curves:
        labels = labels_of(told)[curve.scheme]
        head = f"{curve.scheme}　{unit_words(curve, labels, sheet.language)}"
        for text in (head, *(f"　{line}" for line in told_in_words(curve, labels, sheet.language)), ""):
            sheet.text(row, 0, text)
            row += 1
    sheet.page(0)


def _chart(sheet: Sheet, workbook: Any, ends: Sequence[tuple[str, int, int]]) -> Any:
    """A native chart: lines told apart by dashes and marks, not by colour."""
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    name = _SHEETS["points"].say(sheet.language)
    for place, (_, start, end) in enumerate(ends):
        chart.add_series({
            "name": [name, start, 0],
            "categories": [name, start, 1, end, 1],
            "values": [name, start, 2, end, 2],
            "line": {"color": "black", "width": 1.75, "dash_type": _DASHES[place % len(_DASHES)]},
            "marker": {"type": _MARKS[place % len(_MARKS)], "size": 6, "border": {"color": "black"}, "fill": {"color": "white"}},
        })  # fmt: skip
    across, up = (
        sheet.say("清算总额 ÷ 调整后预算", "cleared ÷ adjusted budget"),
        sheet.say("机构得失 ÷ 调整后预算", "gain ÷ adjusted budget"),
    )
    chart.set_x_axis({
        "name": across, "min": float(LOW), "max": float(HIGH), "major_unit": 0.1, "num_format": "0%", "label_position": "low",
    })  # fmt: skip
    chart.set_y_axis(
        {"name": up, "num_format": "0%", "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}}
    )
    chart.set_legend({"position": "right"})
    chart.set_size({"width": 760, "height": 440})
    return chart


def _decimal(value: Fraction) -> Decimal:
    return Decimal(decimal_text(value, 12))
