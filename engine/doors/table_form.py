"""A settlement as a bureau knows it: the year-end table, what is not regulated or assumed, a line for every figure."""

from collections.abc import Callable, Iterable, Sequence

from rich.box import SQUARE
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from engine.doors.year_end import insurances_of, is_shown, shown_value, units_of
from engine.explain.reason import reason
from engine.interpret.trace import tracer
from engine.nouns import kinds as k
from engine.nouns.kinds import Kind
from engine.nouns.numbers import grouped, money_text
from engine.nouns.possible import is_point
from engine.nouns.printed import spoken
from engine.nouns.settlement import FigureResult, Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row
from grammar.diagnostic import Language, Words, render, width
from grammar.frozen import dataclass

MARK = "※"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the year-end table: its letter, its heading, and the name it shows."""

    letter: str
    heading: Words
    name: str


_SECTIONS: tuple[tuple[Words, tuple[Column, ...]], ...] = (
    (
        Words("一、预算与清算", "1. Budget and clearing"),
        (
            Column("A", Words("年度总额预算", "budget"), "年度总额预算"),
            Column("B", Words("调整额", "adjustment"), "预算调整额"),
            Column("C", Words("调整后预算", "adjusted budget"), "调整后预算"),
            Column("D", Words("年度清算总额", "cleared"), "年度清算总额"),
            Column("E", Words("结余(+)/超支(-)", "surplus(+)/overspend(-)"), "结余或超支"),
        ),
    ),
    (
        Words("二、结余留用与超支分担", "2. Surplus kept and overspend shared"),
        (
            Column("G", Words("留用上限", "cap"), "留用上限"),
            Column("H", Words("考核系数", "score factor"), "考核系数"),
            Column("I", Words("结余留用", "kept"), "结余留用"),
            Column("I2", Words("结余留转", "carried"), "结余留转"),
            Column("J", Words("经办机构留用", "agency"), "经办机构留用"),
            Column("I'", Words("基金分担", "fund share"), "基金分担"),
            Column("J'", Words("机构承担", "provider share"), "机构承担"),
            Column("K", Words("应得合计", "entitlement"), "应得合计"),
        ),
    ),
    (
        Words("三、资金清算", "3. Cash"),
        (
            Column("L", Words("已拨付", "paid"), "已拨付"),
            Column("N", Words("保证金扣留", "deposit"), "保证金扣留"),
            Column("O", Words("保证金返还", "returned"), "保证金返还"),
            Column("P", Words("违规扣款", "violations"), "违规扣款"),
            Column("S", Words("资金池结余份额", "pool surplus"), "资金池结余份额"),
            Column("T", Words("资金池超支份额", "pool overspend"), "资金池超支份额"),
            Column("Q", Words("应补拨(+)/应收回(-)", "due(+)/to return(-)"), "最终应补拨"),
        ),
    ),
)


def print_settlement(settlement: Settlement, language: Language, console: Console) -> None:
    """Print the whole settlement: tables, the box of what is open or assumed, the reason of every figure."""
    say: Callable[[str, str], str] = (lambda zh, _: zh) if language == "zh" else (lambda _, en: en)
    scheme = settlement.scheme
    status = f"（{scheme.document}）" if scheme.document else ""
    console.print(Text(f"{scheme.title}{status}", style="bold"))
    console.print(
        Text(say("年终清算表　单位：元", "Year-end settlement, yuan") + f"　{'、'.join(map(str, settlement.years))}")
    )
    for finding in settlement.warnings:
        if finding.severity == "warning":
            console.print(Text(render(finding, language), style="yellow"))
    for year in settlement.years:
        for insurance in insurances_of(settlement, year):
            rows = units_of(settlement, year, insurance)
            if rows:
                console.print()
                head = " · ".join(
                    str(x)
                    for x in (f"{year} {say('年度', '')}".strip(), _insurance(settlement, insurance, language))
                    if x
                )
                console.print(Text(head, style="bold"))
                for title, columns in _SECTIONS:
                    console.print(*_section(settlement, title, columns, rows, language, console.width), sep="\n")
    console.print()
    console.print(_box(settlement, language))
    _differences(settlement, language, console)
    console.print()
    console.print(Text(say("各数怎么来的", "Where each figure comes from"), style="bold"))
    _reasons(settlement, language, console)
    tally = settlement.tally
    console.print()
    console.print(
        say(
            f"校核 {tally.identities} 项，全部成立；{tally.waiting} 项因有未定的数暂不能核。",
            f"{tally.identities} identities checked, all hold; {tally.waiting} wait for open figures.",
        )
    )


def _insurance(settlement: Settlement, insurance: str | None, language: Language) -> str:
    if insurance is None:
        return ""
    return insurance if language == "zh" else settlement.scheme.labels.words(insurance)


def _section(
    settlement: Settlement, title: Words, columns: Sequence[Column], rows: list[Row], language: Language, wide: int
) -> list[RenderableType]:
    """A part of the table; where the terminal is too narrow for it, its columns are told in two or more tables."""
    told = [c for c in columns if any(is_shown(settlement, row, c.name) for row in rows)]
    mine = [row for row in rows if any(is_shown(settlement, row, c.name) for c in told)]
    if not told or not mine:
        return []
    texts = {c.name: [_amount(settlement, row, c.name, language) for row in mine] for c in told}
    sums = {c.name: _sum(mine, c.name) for c in told}
    lead = max(width(_unit(row)) for row in mine) + 9
    parts: list[list[Column]] = [[]]
    used = lead
    for column in told:
        size = max(width(t) for t in (*texts[column.name], sums[column.name], column.heading.say(language))) + 3
        if parts[-1] and used + size > wide:
            parts.append([])
            used = lead
        parts[-1].append(column)
        used += size
    return [_part(title, part, mine, texts, sums, language, first=i == 0) for i, part in enumerate(parts)]


def _part(
    title: Words,
    columns: list[Column],
    rows: list[Row],
    texts: dict[str, list[str]],
    sums: dict[str, str],
    language: Language,
    *,
    first: bool,
) -> Table:
    table = Table(
        box=SQUARE, title=title.say(language) if first else None, title_justify="left", title_style="", pad_edge=False
    )
    table.add_column("序号" if language == "zh" else "no.", justify="right", no_wrap=True)
    table.add_column("机构" if language == "zh" else "unit", no_wrap=True)
    for column in columns:
        table.add_column(column.heading.say(language), justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        cells = [Text(texts[c.name][number]) for c in columns]
        table.add_row(str(number + 1), Text(_unit(row)), *cells)
    table.add_section()
    table.add_row("", "合计" if language == "zh" else "total", *[Text(sums[c.name]) for c in columns])
    return table


def _unit(row: Row) -> str:
    return row.unit


def _amount(settlement: Settlement, row: Row, name: str, language: Language) -> str:
    value = shown_value(row, name)
    if value is None or value.is_absent:
        return "—" if not row.refused else ("不结算" if language == "zh" else "not settled")
    if not is_point(value.now):
        datum = settlement.scheme.inputs.get((row.table, name))
        if datum is not None and datum.left_out:
            return "—"
        return "未定" if language == "zh" else "open"
    text = _number(value, name)
    return text + (MARK if value.state == "assumed" else "")


def _number(value: Value, name: str) -> str:
    now = value.now
    if name == "考核系数":
        return spoken(now, k.RATIO)
    return grouped(money_text(now)) if isinstance(now, int) else spoken(now, k.MONEY)


def _sum(rows: Iterable[Row], name: str) -> str:
    """The sum of a column over the units that are settled, only where every cell of it is known."""
    if name in {"考核系数", "留用上限"}:
        return ""
    total, assumed = 0, False
    for row in rows:
        value = shown_value(row, name)
        if row.refused or value is None or value.is_absent:
            continue
        if not isinstance(value.now, int):
            return "—"
        total += value.now
        assumed = assumed or value.state == "assumed"
    return grouped(money_text(total)) + (MARK if assumed else "")


def _box(settlement: Settlement, language: Language) -> Panel:
    """What the text does not regulate, what the data lacks, what was assumed: always there, also when empty."""
    zh = language == "zh"
    lines: list[RenderableType] = []
    words = settlement.scheme.labels
    name: Callable[[str], str] = words.here if zh else words.words
    open_ones = [item for item in settlement.open if item.sort != "data"]
    lines.append(Text("文件未规定或援引他处：" if zh else "Not regulated, or referred elsewhere:"))
    for item in open_ones:
        waits = f"{item.waits} 个数等它" if zh else f"{item.waits} figures wait"
        parameter = settlement.scheme.parameters.get(item.name)
        left = ("效果暂不计" if zh else "its effect is left out") if parameter is None or parameter.left_out else waits
        where = f"，见《{parameter.referred}》" if parameter and parameter.referred and zh else ""
        clause = (f"〔{item.clause}〕" if zh else f" [{item.clause}]") if item.clause else ""
        lines.append(
            Text(f"  · {name(item.name)}{clause}{where}：{left}" if zh else f"  - {name(item.name)}{clause}: {left}")
        )
    if not open_ones:
        lines.append(Text("  （无）" if zh else "  (none)"))
    lines.append(Text("假设值（不是文件规定）：" if zh else "Assumed (not the document's):"))
    for assumption in settlement.assumptions.values():
        kind = _kind(settlement, assumption.name)
        source = _SOURCES.get(assumption.source, Words(assumption.source, assumption.source)).say(language)
        value = spoken(assumption.value, kind)
        lines.append(
            Text(
                f"  {MARK} {name(assumption.name)} = {value}（{source}）"
                if zh
                else f"  {MARK} {name(assumption.name)} = {value} ({source})"
            )
        )
    if not settlement.assumptions:
        lines.append(Text("  （无）" if zh else "  (none)"))
    lacking = [item for item in settlement.open if item.waits > 0]
    lines.append(
        Text(
            "还缺哪几项（补上后可以定下的数，多的在前）："
            if zh
            else "What is still missing (figures each would release, most first):"
        )
    )
    for item in lacking:
        lines.append(
            Text(f"  {name(item.name)}：{item.waits} 个数" if zh else f"  {name(item.name)}: {item.waits} figures")
        )
    if not lacking:
        lines.append(Text("  （无）" if zh else "  (none)"))
    title = "未规定事项与假设值" if zh else "Not regulated and assumed"
    return Panel(Group(*lines), title=title, title_align="left", box=SQUARE)


def _kind(settlement: Settlement, name: str) -> Kind:
    parameter = settlement.scheme.parameters.get(name)
    if parameter is not None:
        return parameter.kind
    return next(i.kind for (_, n), i in settlement.scheme.inputs.items() if n == name)


_SOURCES = {
    "data": Words("数据文件给出", "given in the data"),
    "command": Words("命令行给出", "given on the command line"),
    "rules": Words("规则文件记载的假设", "recorded in the rule file"),
}


def _differences(settlement: Settlement, language: Language, console: Console) -> None:
    if not settlement.differences:
        return
    zh = language == "zh"
    console.print()
    console.print(Text("另一种理解下会变的数" if zh else "Figures that another reading would change", style="bold"))
    reading = None
    for difference in settlement.differences:
        if difference.reading != reading:
            reading = difference.reading
            console.print(Text(f"  {reading if zh else settlement.scheme.labels.words(reading)}"))
        result, other = difference.result, difference.other
        one = _spoken(result, language)
        two = _spoken(other, language) if other is not None else "—"
        console.print(Text(f"    {_who(settlement, result, language)} {_figure(result, language)}：{one} → {two}"))


def _spoken(result: FigureResult, language: Language) -> str:
    if result.value.state != "open":
        text = spoken(result.value.now, result.kind)
        return text if language == "zh" else _english(text)
    return "未定" if language == "zh" else "open"


def _english(text: str) -> str:
    return (
        text.replace(" 元", " yuan").replace("是", "yes").replace("否", "no").replace(" 个百分点", " percentage points")
    )


def _who(settlement: Settlement, result: FigureResult, language: Language) -> str:
    row = result.row
    insurance = _insurance(settlement, row.insurance, language)
    period = "" if row.period.grain == "year" else f" {row.period}"
    return f"{row.unit}{'·' + insurance if insurance else ''}·{row.period.year}{period}"


def _figure(result: FigureResult, language: Language) -> str:
    labels = result.pipeline.scheme.labels
    return labels.here(result.name) if language == "zh" else labels.words(result.name, result.row.table)


def _reasons(settlement: Settlement, language: Language, console: Console) -> None:
    trace = tracer(settlement)
    zh = language == "zh"
    here: int | None = None
    for result in settlement.figures:
        row = result.row
        owner = row if row.period.grain == "year" or row.parent is None else row.parent
        if id(owner) != here:
            here = id(owner)
            heading = " · ".join(
                x for x in (owner.unit, _insurance(settlement, row.insurance, language), str(row.period.year)) if x
            )
            console.print(Text(f"\n{heading}", style="bold"))
        state = {"stated": "", "assumed": MARK, "open": ""}[result.value.state]
        # A single row goes by its own name, where it has one.
        named = row.period.grain == "row" and row.unit != owner.unit
        period = "" if row is owner else f"{row.unit if named else row.period} "
        cited = "、".join(result.citations) if zh else ", ".join(result.citations)
        clause = (f"〔{cited}〕" if zh else f" [{cited}]") if cited else ""
        value = _spoken(result, language)
        line = reason(result, language, trace).strip("；; ")
        line = f"{'：' if zh else ': '}{line}" if line else ""
        console.print(Text(f"  {period}{_figure(result, language)}{state} {value}{line}{clause}"))
